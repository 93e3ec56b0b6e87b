"""Evidence that somebody else made, looked at."""

from __future__ import annotations

from pathlib import Path

import click

from openworld.certificates import read
from openworld.commands.common import DONE, VIOLATED, as_json, print_json, print_lines, timeout_option
from openworld.show import certificate_lines
from properties.certificate import findings, trusted


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@timeout_option
@as_json
def certificate(file: Path, timeout: float | None, as_json: bool) -> int:
    """Check the evidence in FILE, which `openworld verdict --certificate` has written.

    For what does not happen there are clauses and proofs, which drat-trim checks; it shares nothing with the solver
    that found the verdict. For what does happen there is a run, which is replayed. The question is laid down anew, so
    that the clauses are known to be those of the question. Exit code 1 says that something is not as it is claimed.

    \b
    openworld verdict CD "cap=mal_as;iss_check=require" --certificate safe.zip
    openworld certificate safe.zip
    """
    made, statement = read(file)
    found = list(findings(made, statement, timeout))
    if as_json:
        print_json({
            "file": str(file), "property": made.property.name, "configuration": str(made.configuration),
            "world": made.world.name, "verdict": made.result, "holds": all(each.holds for each in found),
            "findings": [{"says": each.says, "holds": each.holds, "how": each.how} for each in found],
            "trusted": list(trusted(made)),
        })  # fmt: skip
    else:
        print_lines(certificate_lines(made, found, trusted(made)))
    return DONE if all(each.holds for each in found) else VIOLATED
