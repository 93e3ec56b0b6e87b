"""Published attacks and what the model makes of them, in words and as data."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from model.model import oauth
from openworld.show import asked as in_question
from openworld.show import command, entry
from openworld.show import outcome as in_words
from properties.literature import Reproduction, kinds

_WIDTH = 22


def row(found: Reproduction) -> str:
    """One of many in a line: what it is, what was found, and where it was published."""
    about = found.publication
    answers: str = found.how
    if found.vulnerable and found.fixed:
        words = in_words(found.vulnerable).partition(":")[0], in_words(found.fixed).partition(":")[0]
        answers = f"{about.question.property.code if about.question else ''} {words[0]}, {words[1]}; {found.how}"
    said = f"  NOT AS PUBLISHED: {found.wrong}" if found.wrong else ""
    return f"{about.id:<{_WIDTH}} {answers:<51} {about.source}{said}"


def lines(found: Reproduction) -> Iterator[str]:
    """One by itself: the published steps, ours beside them, and the commands that show both."""
    about, asked = found.publication, found.publication.question
    yield from entry("attack", f"{about.attack} ({about.id})")
    yield from entry("source", about.source)
    yield from entry("published", about.published)
    if asked is None or found.vulnerable is None or found.fixed is None:
        yield from entry("not here", about.note)
        return
    yield from in_question(asked.property, oauth())
    yield from entry("there", f"{in_words(found.vulnerable)}, {found.how}: {asked.vulnerable}")
    yield from entry("mended", f"{in_words(found.fixed)}: {asked.fixed}")
    published = iter(asked.kinds)
    expected = next(published, None)
    for number, kind in enumerate(kinds(found.trace), 1):
        as_published = kind == expected
        yield f"{'steps' if number == 1 else '':<11} {number:>2}. {kind}{'  (published)' if as_published else ''}"
        expected = next(published, None) if as_published else expected
    if about.note:
        yield from entry("note", about.note)
    yield from entry("charts", command("trace", asked.property.code, asked.vulnerable))
    yield from entry("", command("trace", asked.property.code, asked.vulnerable, "--under", asked.fixed))
    yield from entry("so", found.wrong or "as published")


def summary(found: Iterable[Reproduction]) -> str:
    """How many were found how."""
    counted = Counter(each.how for each in found)
    total = counted.total()
    many = ", ".join(f"{number} {how} ({number / total:.0%})" for how, number in counted.most_common())
    return f"{total} published attacks: {many}"


def table(found: Sequence[Reproduction]) -> Iterator[str]:
    """Many as a table in Markdown, each with the command that shows it, and how many they are."""
    yield f"{summary(found)}."
    yield ""
    yield "| published | attack | in the model | mended | how |"
    yield "|---|---|---|---|---|"
    for each in found:
        about, asked = each.publication, each.publication.question
        if asked is None or each.vulnerable is None or each.fixed is None:
            yield f"| {about.source} | {about.attack} | – | – | {each.how}: {about.note} |"
            continue
        where = f'`openworld verdict {asked.property.code} "{asked.vulnerable}"`'
        there, mended = (in_words(verdict).partition(":")[0] for verdict in (each.vulnerable, each.fixed))
        how = f"{each.how}; {about.note}" if about.note else each.how
        yield f"| {about.source} | {about.attack}: {where} | {there} | {mended}: `{asked.fixed}` | {how} |"


def data(found: Reproduction) -> dict[str, Any]:
    """One as data."""
    about, asked = found.publication, found.publication.question
    return {
        "id": about.id,
        "attack": about.attack,
        "source": about.source,
        "published": about.published,
        "note": about.note,
        "how": found.how,
        "as_published": not found.wrong,
        "wrong": found.wrong,
        "property": asked and asked.property.name,
        "vulnerable": asked and asked.vulnerable,
        "fixed": asked and asked.fixed,
        "published_kinds": list(asked.kinds) if asked else [],
        "verdict": found.vulnerable and found.vulnerable.result,
        "mended": found.fixed and found.fixed.result,
        "kinds": list(kinds(found.trace)),
    }
