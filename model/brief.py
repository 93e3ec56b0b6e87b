"""A run on one screen: who sends what stands on the arrows, and below them by number what a reader should notice.

What is left out is in the long form (:func:`model.chart.text`): the values that nobody chose to do harm with. What does
not fit on its arrow is said below.
"""

import re
import textwrap
from collections.abc import Iterator

from model.cast import Participant
from model.chart import WIDTH, Chart, origin
from model.design import Configuration
from model.wire import Arrow
from model.words import worded

#: Columns between two lifelines at most.
_PITCH = 16


def brief(shown: Chart, width: int = WIDTH) -> str:
    """A chart of some forty lines for a mail."""
    title = textwrap.wrap(f"{shown.ending.rstrip('.')}, in {shown.steps} step{'s'[: shown.steps > 1]}", width)
    lines = [*title, "=" * max(map(len, title)), *setting(shown.configuration, width), ""]
    if shown.sent:
        grid = _Grid(shown.cast, width)
        drawn = [grid.row(message, *words) for message, words in zip(shown.sent, labels(shown.sent), strict=True)]
        lines += [*grid.heads(), grid.rail(), *(row for row, _ in drawn), grid.rail(), ""]
        lines += _prose(shown, {place for place, (_, whole) in enumerate(drawn) if not whole}, width)
    else:
        lines.append(shown.refusal.words if shown.refusal else "no messages")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def setting(configuration: Configuration, width: int) -> Iterator[str]:
    """Attacker and design, each in words with its code."""
    caps = [
        f"{meaning} ({name})"
        for name, meaning in configuration.model.capabilities.items()
        if name in configuration.capabilities
    ]
    pairs = [f"{name}={value}" for name, value in configuration.design.changes().items()]
    changed = [f"{worded('value', pair, configuration.model)} ({pair})" for pair in pairs]
    for title, entries in (("Attacker", caps or ["none"]), ("Design", changed or ["every switch at the baseline"])):
        lead = f"{title + ':':<9} "
        yield from textwrap.wrap(lead + "; ".join(entries), width, subsequent_indent=" " * 10, break_on_hyphens=False)


def labels(sent: tuple[Arrow, ...]) -> Iterator[tuple[str, str]]:
    """What each message is, with the number of its step where it is the first of it."""
    number = 0
    for place, message in enumerate(sent):
        yield str(message.step) if message.step != number else "", _short(message, sent[place + 1 : place + 2])
        number = message.step


def _short(message: Arrow, following: tuple[Arrow, ...]) -> str:
    """Its label without the host, which the arrow shows; what is fetched is called as the answer calls it."""
    answers = [each.label for each in following if each.step == message.step and each.label.startswith("200 ")]
    if message.label.startswith("GET ") and answers:
        return f"GET {answers[0].removeprefix('200 ')}"
    return re.sub(r"https?://[^/\s]+(?=/)", "", message.label)


class _Grid:
    """Lifelines as far apart as the width allows, with names above and words on the arrows between them."""

    def __init__(self, cast: tuple[Participant, ...], width: int) -> None:
        self.names = _names(cast)
        self.pitch = min(_PITCH, width // len(cast))
        self.columns = {one.key: self.pitch // 2 + self.pitch * place for place, one in enumerate(cast)}

    def heads(self) -> list[str]:
        """The names, as low as they go."""
        named = [textwrap.wrap(name, self.pitch - 1) for name in self.names.values()]
        tall = max(map(len, named))
        raised = [[""] * (tall - len(lines)) + lines for lines in named]
        return ["".join(f"{line:^{self.pitch}}" for line in level) for level in zip(*raised, strict=True)]

    def rail(self) -> str:
        """The lifelines alone."""
        return "".join(f"{'|':>{self.pitch // 2 + 1}}".ljust(self.pitch) for _ in self.columns)

    def row(self, message: Arrow, number: str, label: str) -> tuple[str, bool]:
        """A message on its arrow, and whether its label found room there; else its first word has, or its number."""
        start, end = self.columns[message.sender], self.columns[message.receiver]
        span = abs(end - start) - 1 if start != end else self.pitch - 1
        tried = [f"{number} {words}".strip() for words in (label, label.split()[0].rstrip(","), "")]
        said = next((words for words in tried if len(words) + 4 <= span), "")
        stroke = " " if start == end else "-" if message.honest else "="
        body = f"{stroke} {said} " if said else ""
        if start == end:
            drawn = f"o{body}".ljust(span + 1)
        else:
            drawn = "|" + (body.ljust(span - 1, stroke) + ">" if start < end else f"<{body}".ljust(span, stroke))
        left, rail = min(start, end), self.rail()
        return rail[:left] + drawn + rail[left + len(drawn) :], said == tried[0]


def _names(cast: tuple[Participant, ...]) -> dict[str, str]:
    """What each is called; those of whom there are several, by the names that the world gives them."""
    called = [one.name for one in cast]
    return {one.key: one.name if called.count(one.name) == 1 else one.key.replace("_", " ") for one in cast}


# --- what is said below the arrows ----------------------------------------------------------------------------


def _prose(shown: Chart, unsaid: set[int], width: int) -> Iterator[str]:
    """By number of the step, what stands out in it; whose session it is where that is another than before."""
    names = {
        key: name if name.startswith("some ") or "'s b" in name else f"the {name}"
        for key, name in _names(shown.cast).items()
    }
    named, steps = list(labels(shown.sent)), dict[int, list[str]]()
    session = ""
    for place, message in enumerate(shown.sent):
        said = steps.setdefault(message.step, [])
        if message.session != session:
            session = message.session
            said.append(f"({session})")
        said += [named[place][1]] if place in unsaid else []
        said += noted(message, names)
        said += [f"checked: {rule.requirement} ({rule.source})" for rule in shown.checks(place)]
        if refusal := shown.refused_after(place):
            said.append(refusal.words)
    for number, said in steps.items():
        if said:
            lead = f"{number:>2}. "
            yield from textwrap.wrap(lead + "; ".join(said), width, subsequent_indent="    ", break_on_hyphens=False)


def noted(message: Arrow, names: dict[str, str]) -> Iterator[str]:
    """What is the attacker's in a message, what the attacker learns by it, and what is odd about it."""
    for whose, verb in (("attacker", "says"), ("leaked", "gives away")):
        values = [f"{value.name}={value.text}" for value in message.values if origin(message, value) == whose]
        if values:
            yield f"{names[message.sender]} {verb} {', '.join(values)}"
    if message.note:
        yield message.note
