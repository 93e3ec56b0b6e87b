"""Sequence charts of a run: what a reader sees of a trace.

:func:`text` draws in plain characters that fit an Internet-Draft, :func:`mermaid` for issue trackers and web pages.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from model.design import Configuration
from model.messages import NOBODY, USER, Message, Participant, messages, participants, scenes
from model.switches import CAPABILITIES, SWITCHES
from model.trace import Trace

WIDTH = 69


# --- drawing -----------------------------------------------------------------------------------------------

_PITCH = 3


def text(trace: Trace, ending: str | None = None, checks: bool = False) -> str:
    """A chart in plain characters, at most 69 columns wide.

    Args:
        trace: the run.
        ending: what the last step shows; by default the name of the property.
        checks: list the checks that honest parties made on the way.
    """
    sent = messages(trace)
    if not sent:
        return "no messages\n"
    cast = participants(sent)
    drawing = _Drawing([participant.key for participant in cast])
    lines = [*_setting(trace.configuration), "", *_legend(cast, sent), "", drawing.header(cast)]
    number = 0
    staged = list(scenes(trace)) if checks else []
    for place, message in enumerate(sent):
        margin = ">>" if message.decisive else "  "
        if message.step != number:
            number = message.step
            lines.append(drawing.row())
            first = f"{number}. "
        else:
            first = " " * len(f"{number}. ")
        body = _described(message, drawing.room - len(first))
        for index, (mark, line) in enumerate(body):
            indent = first if index == 0 else " " * len(first)
            rail = drawing.arrow(message) if index == 0 else drawing.rail()
            lines.append(f"{margin if index == 0 else mark}{rail}  {indent}{line}".rstrip())
        if checks and (place + 1 == len(sent) or sent[place + 1].step != number):
            lines += drawing.notes(f"ok: {rule.requirement} ({rule.source})" for rule in staged[number - 1].rules())
    lines.append(drawing.row())
    lines += textwrap.wrap(f">> {ending or f'here the run shows {trace.shows}'}", WIDTH, subsequent_indent="   ")
    return "\n".join(lines) + "\n"


def _setting(configuration: Configuration) -> list[str]:
    """Attacker and design in words."""
    caps = [f"{name} ({meaning})" for name, meaning in CAPABILITIES.items() if name in configuration.capabilities]
    changed = [f"{name}={value} ({SWITCHES[name].meaning})" for name, value in configuration.design.changes().items()]
    lines: list[str] = []
    for title, entries in (("Attacker", caps or ["none"]), ("Design", changed or ["every switch at the baseline"])):
        for place, entry in enumerate(entries):
            lead = f"{title + ':':<10}" if place == 0 else " " * 10
            lines += textwrap.wrap(lead + entry, WIDTH, subsequent_indent=" " * 12, break_on_hyphens=False)
    return lines


def _legend(cast: tuple[Participant, ...], sent: list[Message]) -> list[str]:
    lines = []
    for one in cast:
        lines += _fold(f"  {one.letter}  {one.name:<14} {one.url}".rstrip(), WIDTH, 20)
    keys = [
        ("==>", "the attacker's doing", any(not message.honest for message in sent)),
        ("!!", "a secret that reaches the attacker", any(message.leaks for message in sent)),
        (">>", "the step that shows it", True),
    ]
    return [*lines, "", *(f"  {sign:<3} {meaning}" for sign, meaning, used in keys if used)]


def _described(message: Message, room: int) -> list[tuple[str, str]]:
    """A message in lines with what stands in the margin of each."""
    made = [("  ", line) for line in _fold(message.label, room, 2)]
    if message.session:
        made.append(("  ", f"  [{message.session}]"))
    for value in message.values:
        mark = "!!" if value.name in message.leaks else "  "
        indent = "    " if value.inside else "  "
        folded = _fold(f"{indent}{value.name}={value.text}", room, len(indent) + 2)
        made += [(mark if place == 0 else "  ", line) for place, line in enumerate(folded)]
    if message.note:
        made += [("  ", line) for line in _fold(f"  ({message.note})", room, 3)]
    return made


def _fold(line: str, room: int, indent: int) -> list[str]:
    """A line broken at spaces, else after ``=``, else inside a URL, else anywhere."""
    made = []
    while len(line) > room:
        cut = _break(line, room, indent)
        made.append(line[:cut].rstrip())
        line = " " * indent + line[cut:].lstrip()
    return [*made, line]


def _break(line: str, room: int, indent: int) -> int:
    start = len(line) - len(line.lstrip()) + 1
    equals = line.find("=", start, room) + 1
    if equals and len(line) - equals + indent <= room:
        return equals
    space = line.rfind(" ", start, room + 1)
    word = line[space + 1 :].partition(" ")[0]
    if space > start and len(word) + indent <= room:
        return space
    slash = next((at for at in range(room, start, -1) if line[at - 1] == "/" and "/" not in line[at - 2] + line[at]), 0)
    if slash or equals > start:
        return slash or equals
    return max(space, *(line.rfind(sign, start, room) + 1 for sign in ",.-_ ")) or room


class _Drawing:
    """Lifelines on the left, words on the right."""

    def __init__(self, keys: list[str]) -> None:
        self.columns = {key: _PITCH * place + 1 for place, key in enumerate(keys)}
        self.span = max(self.columns.values()) + 2
        self.room = WIDTH - self.span - 4

    def header(self, cast: tuple[Participant, ...]) -> str:
        line = [" "] * self.span
        for one in cast:
            line[self.columns[one.key]] = one.letter
        return "  " + "".join(line).rstrip()

    def rail(self) -> str:
        line = [" "] * self.span
        for column in self.columns.values():
            line[column] = "|"
        return "".join(line)

    def row(self) -> str:
        return "  " + self.rail().rstrip()

    def arrow(self, message: Message) -> str:
        line, stroke = list(self.rail()), "-" if message.honest else "="
        start, end = self.columns[message.sender], self.columns[message.receiver]
        if start == end:
            line[start - 1 : start + 2] = ["(", "o", ")"]
            return "".join(line)
        left, right = min(start, end), max(start, end)
        line[left + 1 : right] = [stroke] * (right - left - 1)
        if end > start:
            line[right - 1] = ">"
        else:
            line[left + 1] = "<"
        return "".join(line)

    def notes(self, entries: Iterable[str]) -> Iterator[str]:
        for entry in entries:
            for line in textwrap.wrap(entry, self.room - 3, subsequent_indent="    "):
                yield f"  {self.rail()}     {line}"


def mermaid(trace: Trace, ending: str | None = None) -> str:
    """The chart for Mermaid; dotted arrows are the attacker's doing."""
    sent = messages(trace)
    if not sent:
        return "sequenceDiagram\n"
    cast = participants(sent)
    letters = {one.key: one.letter for one in cast}
    lines = ["sequenceDiagram"]
    for one in cast:
        kind = "actor" if one.key in (USER, NOBODY) else "participant"
        shown = "<br/>".join(_escaped(part) for part in (one.name, one.url) if part)
        lines.append(f"    {kind} {one.letter} as {shown}")
    for message in sent:
        leaks = dict.fromkeys(message.leaks, "LEAKS: ")
        values = [f"{leaks.get(value.name, '')}{value.name}={value.text}" for value in message.values]
        session = [f"[{message.session}]"] if message.session else []
        words = "<br/>".join(map(_escaped, [f"{message.step}. {message.label}", *session, *values]))
        sender, receiver = letters[message.sender], letters[message.receiver]
        lines.append(f"    {sender}{'->>' if message.honest else '-->>'}{receiver}: {words}")
        if message.note:
            lines.append(f"    Note over {receiver}: {_escaped(message.note)}")
    edges = letters[cast[0].key] + (f",{letters[cast[-1].key]}" if len(cast) > 1 else "")
    lines.append(f"    Note over {edges}: {_escaped(ending or f'here the run shows {trace.shows}')}")
    return "\n".join(lines) + "\n"


def _escaped(words: str) -> str:
    """Characters that Mermaid reads as its own, as entities."""
    return "".join({"#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;"}.get(sign, sign) for sign in words)
