"""Open questions and their answers, in words and as data."""

from collections.abc import Iterable, Iterator
from typing import Any

from openworld.show import command, entry, outcome
from properties.questions import Asked, OpenQuestion
from properties.verdict import Verdict


def row(about: OpenQuestion) -> Iterator[str]:
    """One of many: what is asked, how far it is answered, and the answer."""
    yield from entry(about.id, f"{about.text}  [{about.state}]")
    yield from entry("", about.answer)


def lines(about: OpenQuestion, found: Iterable[tuple[Asked, Verdict]]) -> Iterator[str]:
    """One by itself: with the verdicts that it rests on, asked now."""
    yield from entry("question", f"{about.text} ({about.id}, {about.part})")
    yield from entry("state", about.state)
    yield from entry("answer", about.answer)
    for each, verdict in found:
        other = "" if verdict.result == each.expected else f"  NOT AS ON FILE, which is {each.expected}"
        said = command("verdict", each.property.code, each.configuration)
        yield from entry("shown by", f"{said}: {outcome(verdict).partition(':')[0]}{other}")
    if about.command:
        yield from entry("and by", f"openworld {about.command}")
    if about.rests:
        yield from entry("rests on", about.rests)


def table(all_of_them: Iterable[OpenQuestion]) -> Iterator[str]:
    """All of them as a table in Markdown."""
    yield "| question | state | answer | shown by |"
    yield "|---|---|---|---|"
    for about in all_of_them:
        shown = [f'`openworld verdict {e.property.code} "{e.configuration}"` {words(e)}' for e in about.asked]
        shown += [f"`openworld {about.command}`"] * bool(about.command) + [about.rests] * bool(about.rests)
        yield f"| {about.id}. {about.text} | {about.state} | {about.answer} | {'; '.join(shown)} |"


def words(asked: Asked) -> str:
    """An expected answer in words."""
    return asked.expected.replace("_", " ")


def data(about: OpenQuestion) -> dict[str, Any]:
    """One as data."""
    return {
        "id": about.id,
        "part": about.part,
        "question": about.text,
        "state": about.state,
        "answer": about.answer,
        "asked": [
            {"property": each.property.name, "configuration": each.configuration, "expected": each.expected}
            for each in about.asked
        ],
        "command": about.command,
        "rests": about.rests,
    }
