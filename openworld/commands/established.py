"""What was found: attacks that others published, open questions of the drafts, and the findings, all asked anew."""

from collections import Counter
from pathlib import Path

import click

from openworld import literature as in_literature
from openworld import questions as in_questions
from openworld.commands import completion
from openworld.commands.common import DONE, VIOLATED, as_json, complain, format_option, output_option, print_lines, tell
from openworld.files import write
from openworld.findings import pages, words
from openworld.progress import Progress
from properties.literature import outcome, publication, publications
from properties.questions import answered, question
from properties.questions import questions as on_file


@click.command()
@click.argument(
    "name", metavar="[ID]", required=False, shell_complete=completion.among("properties.literature:publications")
)
@format_option("text", "markdown", "json", help="Text, a table as the findings have it, or data.")
def literature(name: str | None, form: str) -> int:
    """Ask the model for attacks that others have published, and for their fixes.

    Without ID all of them: where each was published, and the verdicts without and with its fix. The last column says
    whether the attack takes several steps or one, or cannot be expressed here. With ID one of them: the
    published steps, ours beside them, and the commands that draw both. Exit code 1 where something is not as published.

    \b
    openworld list literature
    openworld list literature FKS16-mixup-web
    """
    asked = list(publications().values()) if name is None else [publication(name)]
    with Progress("literature", len(asked)) as progress:
        found = []
        for each in asked:
            found.append(outcome(each))
            progress.advance()
    rows = [*map(in_literature.row, found), "", in_literature.summary(found)]
    lines = rows if name is None else in_literature.lines(found[0])
    told = in_literature.table(found) if form == "markdown" else lines
    tell(form == "json", [in_literature.data(each) for each in found], told)
    return VIOLATED if any(each.wrong for each in found) else DONE


@click.command()
@click.argument(
    "name", metavar="[ID]", required=False, shell_complete=completion.among("properties.questions:questions")
)
@format_option("text", "markdown", "json", help="Text, a table as the findings have it, or data.")
def questions(name: str | None, form: str) -> int:
    """Say what the model answers to open questions about the drafts.

    Without ID all of them: settled, answered in part, or not expressible, with the answer in a sentence. With ID one of
    them, with the verdicts that it rests on, which are asked. Exit code 1 where one is not as it is on file.

    \b
    openworld list questions
    openworld list questions Q24
    """
    asked = list(on_file().values()) if name is None else [question(name)]
    if name is not None and form == "text":
        found = answered(asked[0])
        print_lines(in_questions.lines(asked[0], found))
        return VIOLATED if any(verdict.result != each.expected for each, verdict in found) else DONE
    counted = Counter(each.state for each in asked).most_common()
    rows = [line for each in asked for line in in_questions.row(each)]
    lines = [*rows, "", ", ".join(f"{number} {state}" for state, number in counted)]
    told = in_questions.table(asked) if form == "markdown" else lines
    return tell(form == "json", [in_questions.data(each) for each in asked], told)


@click.command()
@click.argument(
    "name", metavar="[NAME]", required=False, shell_complete=completion.among("openworld.findings.pages:pages")
)
@output_option("Write the pages into this tree: findings.md, and the others where it looks for them.", folder=True)
@as_json
def findings(name: str | None, output: Path | None, as_json: bool) -> int:
    """Say what was found, and ask whether it is still so.

    Without NAME the sentences of the first page. With NAME one page: claim, verdicts, the run and the rule that decide,
    how sure that is, and what is not shown. All that it rests on is asked. Exit code 1: a verdict is not as claimed.

    \b
    openworld list findings
    openworld list findings prefix-tenants
    openworld list findings -o .
    """
    asked = list(pages.pages().values()) if name is None else [pages.page(name)]
    if name is None and output is None:
        data = [{"name": each.name, "sentence": each.sentence, "fixes": dict(each.fixes())} for each in asked]
        return tell(as_json, data, (line for each in asked for line in words.row_lines(each)))
    wrong = []
    with Progress("findings", len(asked)) as progress:
        for each in asked:
            found = pages.answered(each)
            wrong += [f"{each.name}: {row.varied}" for row, verdict in found if verdict.result != row.asked.expected]
            made = [*words.page_lines(each, found)]
            if output is not None:
                write(output / words.FOLDER / f"{each.name}.md", "\n".join(made) + "\n")
            else:
                tell(as_json, words.data(each, found), made)
            progress.advance()
    if output is not None:
        write(output / "findings.md", "\n".join(words.first_page(pages.first())) + "\n")
    return complain(f"not as claimed: {'; '.join(wrong)}", VIOLATED) if wrong else DONE
