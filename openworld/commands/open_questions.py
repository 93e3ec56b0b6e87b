"""Open questions about the drafts."""

from __future__ import annotations

from collections import Counter

import click

from openworld import questions as show
from openworld.commands import completion
from openworld.commands.common import DONE, VIOLATED, as_json, print_json, print_lines
from properties.questions import answered, question
from properties.questions import questions as on_file


@click.command()
@click.argument(
    "name", metavar="[ID]", required=False, shell_complete=completion.among("properties.questions:questions")
)
@click.option("--markdown", is_flag=True, help="Print a table in Markdown, as the findings have it.")
@as_json
def questions(name: str | None, markdown: bool, as_json: bool) -> int:
    """Say what the model answers to open questions about the drafts.

    Without ID all of them: settled, answered in part, or not expressible, with the answer in a sentence. With ID one of
    them, with the verdicts that it rests on, which are asked. Exit code 1 where one is not as it is on file.

    \b
    openworld questions
    openworld questions Q24
    """
    asked = list(on_file().values()) if name is None else [question(name)]
    if as_json:
        print_json([show.data(each) for each in asked])
    elif markdown:
        print_lines(show.table(asked))
    elif name is None:
        for each in asked:
            print_lines(show.row(each))
        counted = Counter(each.state for each in asked)
        print_lines(["", ", ".join(f"{number} {state}" for state, number in counted.most_common())])
    else:
        found = answered(asked[0])
        print_lines(show.lines(asked[0], found))
        return VIOLATED if any(verdict.result != each.expected for each, verdict in found) else DONE
    return DONE
