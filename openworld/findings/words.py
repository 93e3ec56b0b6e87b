"""The pages of the findings in Markdown, and as data."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from model import chart
from model.design import own_switches, parse
from model.named_designs import DESIGN_NOTES
from model.protocols import rules
from model.refusal import stopped
from model.switches import CAPABILITIES, SWITCHES
from model.words import worded
from model.world_file import WORLDS
from openworld.findings.pages import Decided, Failing, First, Page, Varied, given, text
from openworld.show import ending, outcome
from openworld.width import wrapped
from properties.questions import Asked
from properties.results import RESULTS, length
from properties.verdict import Verdict

#: A verdict on each row of a page.
Answers = Sequence[tuple[Varied, Verdict]]

#: Where the first page finds the others.
FOLDER = "openworld/data/findings"
_INTRODUCTION = """\
Each claim leads to a page: who says so, the verdicts with their commands, how sure they are, and what they do not show.
AS are authorization servers.

An *attack* is a shortest run that violates a guarantee, replayed on the executable machine. *Safe* means that no run of
this world does, because rules stop it. *Not in this world* means that nothing there could, which shows nothing.
*Reached* and *not reached* are about what honest parties want to do."""

_CLIENT = "a deployed client, as it was measured (`openworld clients`)"
_SWITCHES = "In brackets: the value of a switch where neither a command nor its design says one."
#: Where an answer names its world.
_WORLD = re.compile(r"(?: for|;) (world \S+ \([^)]*\))")
_CHECKED = """\
Every run above was replayed on the executable machine. That none exists can be checked without trusting the solver:"""


def title(name: str) -> str:
    """The title of a page as it is stored."""
    return text(name).partition("\n")[0].removeprefix("# ")


def first_page(about: First) -> Iterator[str]:
    """The first page: nothing is asked for it."""
    yield from ("# Findings", "", _INTRODUCTION, "")
    for number, page in enumerate(about.results, 1):
        yield f"{number}. **{page.sentence}** [{counted(page)}]({FOLDER}/{page.name}.md)"
        yield from _fixes(page)
    yield from ("", "## Live questions of the working groups", "")
    for page in about.questions:
        yield f"* [{page.title}]({FOLDER}/{page.name}.md) {page.sentence}"
        yield from _fixes(page)
    yield from ("", "## Everything else that was found", "")
    for name in about.others:
        yield f"* [{title(name)}]({FOLDER}/{name}.md)"
    yield from ("", f"## The drafts that are cited, on {about.date}", "")
    yield from ("| draft | read | state |", "|---|---|---|")
    for draft in about.drafts:
        yield f"| {draft.name} | {draft.read} | {draft.state} |"


def _fixes(page: Page) -> Iterator[str]:
    """What stops it, what does not, and the first thing that the page does not show."""
    yield from (f"   * {head}: {named}." for head, named in page.fixes())
    yield f"   * Not shown: {page.left_out[0]}"


def counted(page: Page) -> str:
    """How many verdicts of each kind a page rests on, in words."""
    found = Counter(row.asked.expected for row in page.rows)
    named = ((found[kind], kind.replace("_", " ")) for kind in RESULTS if found[kind])
    return ", ".join(f"{number} {kind}{'s' * (kind == 'attack' and number > 1)}" for number, kind in named)


def page_lines(page: Page, found: Answers) -> Iterator[str]:
    """A page, with what was answered."""
    who, what = ("Who asks", "Answer") if page.title.endswith("?") else ("Who says so", "Verdict")
    yield from (f"# {page.title}", "", f"**{who}.** {page.source}", "", f"**{what}.** {page.answer}", "")
    yield from (line for head, named in page.fixes() for line in (f"**{head}:** {named}.", ""))
    yield from _verdicts(found)
    if page.decided is not None:
        yield from _decided(page.decided)
    if page.matrix is not None:
        yield from _matrix(page.matrix)
    yield from _vocabulary(page)
    yield from _run(page, dict(found))
    yield from _deciding(found)
    yield from _sure(found)
    yield from ("", "## What it does not show", "", *(f"* {each}" for each in page.left_out))
    yield from ("", "## Since when", "", page.since)


def _command(asked: Asked, verb: str = "verdict") -> str:
    return f'openworld {verb} {asked.property.code} "{asked.configuration}"'


def _answer(row: Varied, verdict: Verdict) -> str:
    steps = f" in {length(verdict.steps)}" if verdict.result == "reached" else ""
    other = "" if verdict.result == row.asked.expected else f" NOT AS CLAIMED, which is {row.asked.expected}"
    return outcome(verdict).partition(":")[0] + steps + other


def _verdicts(found: Answers) -> Iterator[str]:
    yield from ("## Verdicts", "", "| what is varied | command | verdict |", "|---|---|---|")
    for number, (row, verdict) in enumerate(found, 1):
        yield f"| {number}. {row.varied} | `{_command(row.asked)}` | {_answer(row, verdict)} |"


def _decided(decided: Decided) -> Iterator[str]:
    values, names = SWITCHES[decided.switch].values, list(given(decided.cases[0]))
    heads = ["case", *(f"`{name}`" for name in names), *(f"`{value}`" for value in values)]
    yield from ("", f"## {decided.about}", "")
    yield f"What `{decided.rule}` says under each value of `{decided.switch}`. {decided.legend}"
    yield from ("", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|")
    answers = decided.answers()
    for place, case in enumerate(decided.cases):
        shown = [f"`{value}`" for value in given(case).values()]
        said = ["taken" if answers[value][place] else "refused" for value in values]
        yield f"| {' | '.join([case['case'], *shown, *said])} |"


def _matrix(matrix: Failing) -> Iterator[str]:
    yield from ("", f"## {matrix.about}", "")
    yield from (f"* {part}: `{switches}`" for part, switches in matrix.parts.items() if switches)
    yield from ("", f"| {' | '.join(['what the adversary does', 'question', *matrix.parts])} |")
    yield "|---" * (len(matrix.parts) + 2) + "|"
    for move, asked in matrix.answers().items():
        results = [each.expected.replace("_", " ") for each in asked.values()]
        yield f"| {' | '.join([move, f'`{matrix.moves[move]}`', *results])} |"
    yield from ("", "Not in the model:", "", *(f"* {what}: {why}" for what, why in matrix.outside.items()))


def _vocabulary(page: Page) -> Iterator[str]:
    """Whatever the commands of a page name, in words, once."""
    asked = [row.asked for row in page.rows]
    texts = [each.configuration for each in asked]
    read = [parse(each) for each in texts]
    yield from ("", "## What the words of the commands mean", "", _SWITCHES, "")
    for prop in dict.fromkeys(each.property for each in asked):
        violated = f"{worded('property', prop.name)}. Violated if: " if prop.kind == "security" else ""
        yield f"* `{prop.code}`, {prop.name}: {violated}{prop.meaning}"
    for name in (name for name in CAPABILITIES if any(name in each.capabilities for each in read)):
        yield f"* `cap={name}`: {CAPABILITIES[name]}"
    pairs = dict.fromkeys(pair.partition("=") for each in texts for pair in each.split(";"))
    for name in (value for key, _, value in pairs if key == "design"):
        changed = ";".join(f"{key}={value}" for key, value in parse(f"design={name}").design.changes().items())
        said = f"{DESIGN_NOTES[name][0]}: `{changed}`" if name in DESIGN_NOTES else _CLIENT
        yield f"* `design={name}`: {said}"
    for name in dict.fromkeys(each.world for each in read if each.world):
        yield f"* `world={name}`: {WORLDS[name].concern}"
    for name in dict.fromkeys(name for each in texts for name in own_switches(each)):
        switch = SWITCHES[name]
        yield f"* `{name}` (`{switch.baseline}`): {switch.meaning} ({switch.source})"


def _run(page: Page, found: dict[Varied, Verdict]) -> Iterator[str]:
    verdict, under = found[page.drawn], page.under.asked.configuration
    yield from ("", "## The run that decides", "", f"{page.drawn.varied}: `{_command(page.drawn.asked, 'trace')}`", "")
    if verdict.trace is None:
        yield "There is none any more."
        return
    yield from ("```text", chart.text(chart.chart(verdict.trace, ending(verdict.property))).rstrip("\n"), "```", "")
    refusal = stopped(verdict.trace, parse(under))
    where = "goes through there as well" if refusal is None else f"stops at step {refusal.number}: {refusal.words}"
    yield f'{page.under.varied} (`{_command(page.drawn.asked, "trace")} --under "{under}"`): the same run {where}'


def _deciding(found: Answers) -> Iterator[str]:
    yield from ("", "## What decides", "")
    blocked = [(number, verdict) for number, (_, verdict) in enumerate(found, 1) if verdict.blocked_by]
    if not blocked:
        yield "No rule stands in the way of any of these."
        return
    yield "The rules of a line alone stop every such run, and all of them are needed for that:"
    yield ""
    grouped: dict[tuple[str, ...], list[int]] = {}
    for number, verdict in blocked:
        grouped.setdefault(verdict.blocked_by, []).append(number)
    for names, numbers in grouped.items():
        yield f"* {_rows(numbers)}: {', '.join(f'`{name}`' for name in names)}"
    yield ""
    for name in sorted({name for names in grouped for name in names}):
        rule = rules()[name]
        yield f"* `{name}`: {rule.requirement} ({rule.source})"


def _rows(numbers: Iterable[int]) -> str:
    listed = list(map(str, numbers))
    return f"row {listed[0]}" if len(listed) == 1 else f"rows {', '.join(listed)}"


def _sure(found: Answers) -> Iterator[str]:
    yield from ("", "## How sure", "")
    reaches: dict[str, dict[str, list[int]]] = {}
    for number, (_, verdict) in enumerate(found, 1):
        said = f"{verdict.reach}. {verdict.reason}" if verdict.reason else verdict.reach
        where = _WORLD.search(said)
        assert where is not None, said
        reaches.setdefault(where[1], {}).setdefault(said.replace(where[0], ""), []).append(number)
    for world, rows in reaches.items():
        yield f"* {world}"
        yield from (f"  * {_rows(numbers)}: {said}" for said, numbers in rows.items())
    proved = [row for row, verdict in found if verdict.result in ("safe", "not_reached")]
    if proved:
        evidence = f"{_command(proved[0].asked)} --certificate evidence.zip"
        yield from ("", _CHECKED, "", "```", evidence, "openworld check evidence.zip", "```")


def row_lines(page: Page) -> Iterator[str]:
    """A page among others: its name and sentence, what stops it and what does not."""
    yield from wrapped(f"{page.name}: {page.sentence} ({counted(page)})")
    yield from (line for head, named in page.fixes() for line in wrapped(f"{head}: {named}", 4, 8))


def data(page: Page, found: Answers) -> dict[str, Any]:
    """A page as data."""
    return {
        "name": page.name,
        "title": page.title,
        "sentence": page.sentence,
        "fixes": dict(page.fixes()),
        "source": page.source,
        "answer": page.answer,
        "left_out": list(page.left_out),
        "since": page.since,
        "rows": [
            {"varied": row.varied, "expected": row.asked.expected, "verdict": verdict.to_json()}
            for row, verdict in found
        ],
    }
