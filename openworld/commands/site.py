"""The site that answers questions in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from openworld.commands.common import call, workers_option


@click.command()
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR",
    help="Where to put it; a folder of its own.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Answers to few common questions beforehand, as `openworld study --quick`.")
@click.option(
    "--runtime", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
    help="Take Pyodide and the solver from DIR, where they have been downloaded to.  [default: pip and npm fetch them "
    "once]",
)  # fmt: skip
@click.option("--docs", metavar="URL", default="", help="Link to the pages that `make docs` writes, which are there.")
@workers_option
def site(**given: Any) -> int:
    """Write a site that answers any question in the reader's browser, by the model itself.

    It is plain files, for any file server; nothing is fetched from elsewhere. The address holds the question, so that
    a link is all that a mail needs. Answers to common questions are on it beforehand (some minutes); for others the
    browser runs the same Python as this command.

    \b
    openworld site -o site && python3 -m http.server -d site
    openworld site -o site --with mine.py
    """
    return call("openworld.work.site.site", **given)
