"""Published attacks beside those that the model finds."""

from __future__ import annotations

import click

from openworld import literature as show
from openworld.commands import completion
from openworld.commands.common import DONE, VIOLATED, as_json, print_json, print_lines
from openworld.progress import Progress
from properties.literature import outcome, publication, publications


@click.command()
@click.argument(
    "name", metavar="[ID]", required=False, shell_complete=completion.among("properties.literature:publications")
)
@click.option("--markdown", is_flag=True, help="Print a table in Markdown, as the findings have it.")
@as_json
def literature(name: str | None, markdown: bool, as_json: bool) -> int:
    """Ask the model for attacks that others have published, and for their fixes.

    Without ID all of them: where each was published, the verdict where it is there and where it is mended, and whether
    the attack that is found is composed of several steps, is one move, or cannot be said here. With ID one of them: the
    published steps, ours beside them, and the commands that draw both. Exit code 1 where something is not as published.

    \b
    openworld literature
    openworld literature FKS16-mixup-web
    """
    asked = list(publications().values()) if name is None else [publication(name)]
    with Progress("literature", len(asked)) as progress:
        found = []
        for each in asked:
            found.append(outcome(each))
            progress.advance()
    if as_json:
        print_json([show.data(each) for each in found])
    elif markdown:
        print_lines(show.table(found))
    elif name is not None:
        print_lines(show.lines(found[0]))
    else:
        print_lines(map(show.row, found))
        print_lines(["", show.summary(found)])
    return VIOLATED if any(each.wrong for each in found) else DONE
