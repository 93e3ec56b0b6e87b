"""What was found, page by page, asked anew."""

from __future__ import annotations

from pathlib import Path

import click

from openworld.commands import completion
from openworld.commands.common import DONE, VIOLATED, as_json, complain, print_json, print_lines
from openworld.files import write
from openworld.findings import pages, words
from openworld.progress import Progress


@click.command()
@click.argument(
    "name", metavar="[NAME]", required=False, shell_complete=completion.among("openworld.findings.pages:pages")
)
@click.option(
    "--markdown", "root", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Write the pages into the tree at DIR: findings.md there, and the others where it looks for them.",
)  # fmt: skip
@as_json
def findings(name: str | None, root: Path | None, as_json: bool) -> int:
    """Say what was found, and ask whether it is still so.

    Without NAME the sentences of the first page. With NAME one page: claim, verdicts, the run that decides, what
    decides, how sure that is, and what is not shown; all that it rests on is asked. Exit code 1 where a verdict is not
    as claimed.

    \b
    openworld findings
    openworld findings prefix-tenants
    openworld findings --markdown .
    """
    asked = list(pages.pages().values()) if name is None else [pages.page(name)]
    if name is None and root is None:
        if as_json:
            print_json([{"name": each.name, "sentence": each.sentence} for each in asked])
        else:
            for each in asked:
                print_lines(words.row_lines(each))
        return DONE
    wrong = []
    with Progress("findings", len(asked)) as progress:
        for each in asked:
            found = pages.answered(each)
            wrong += [f"{each.name}: {row.varied}" for row, verdict in found if verdict.result != row.asked.expected]
            made = [*words.page_lines(each, found)]
            if root is not None:
                write(root / words.FOLDER / f"{each.name}.md", "\n".join(made) + "\n")
            elif as_json:
                print_json(words.data(each, found))
            else:
                print_lines(made)
            progress.advance()
    if root is not None:
        write(root / "findings.md", "\n".join(words.first_page(pages.first())) + "\n")
    return complain(f"not as claimed: {'; '.join(wrong)}", VIOLATED) if wrong else DONE
