"""Sequence charts of a run in characters: what a reader sees of a trace.

:func:`text` draws for terminals, :func:`ascii_art` for Internet-Drafts (and the tool ``aasvg``), :func:`mermaid` for
issue trackers. :class:`Chart` says what any drawing shows, whatever it is drawn with.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from model.cast import Participant, participants
from model.design import Configuration
from model.refusal import Refusal, stopped
from model.rule import Rule
from model.trace import Trace
from model.wire import Arrow, Value, arrows, scenes

WIDTH = 69

Origin = Literal["honest", "attacker", "leaked"]


# --- what is drawn -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chart:
    """What every drawing of a run shows.

    Attributes:
        configuration: design and attacker.
        cast: the lifelines, from left to right.
        sent: the messages, in order; those of the step that shows something are decisive.
        ending: what the last step shows.
        steps: how many the run has, also where fewer are shown.
        refusal: who refuses the last step and why, if somebody does.
        passed: by number of the step, the checks that honest parties made and that passed.
    """

    configuration: Configuration
    cast: tuple[Participant, ...]
    sent: tuple[Arrow, ...]
    ending: str
    steps: int
    refusal: Refusal | None = None
    passed: dict[int, tuple[Rule, ...]] | None = None

    def checks(self, place: int) -> tuple[Rule, ...]:
        """The checks to show after the message at a place: those of its step, if it is the last one of the step."""
        number = self.sent[place].step
        last = place + 1 == len(self.sent) or self.sent[place + 1].step != number
        return (self.passed or {}).get(number, ()) if last else ()

    def refused_after(self, place: int) -> Refusal | None:
        """The refusal, after the last message."""
        return self.refusal if place + 1 == len(self.sent) else None


def chart(trace: Trace, ending: str | None = None, checks: bool = False, under: Configuration | None = None) -> Chart:
    """What there is to draw of a run.

    Args:
        trace: the run.
        ending: what the last step shows; by default the name of the property.
        checks: show the checks that honest parties made on the way.
        under: another configuration, under which the run is drawn up to the step that is refused there.
    """
    refusal = None if under is None else stopped(trace, under)
    if refusal is None:
        drawn = trace if under is None else replace(trace, configuration=under)
        sent = arrows(drawn)
        closing = ending or f"here the run shows {trace.shows}"
    else:
        drawn = refusal.trace
        sent = [*(replace(message, decisive=False) for message in arrows(drawn)), *refusal.sent]
        closing = f"the run stops here, at step {refusal.number} of {len(trace.steps)}"
    passed = {number: tuple(scene.rules()) for number, scene in enumerate(scenes(drawn), 1)} if checks else None
    cast = participants(drawn, (key for message in sent for key in (message.sender, message.receiver)))
    return Chart(drawn.configuration, cast, tuple(sent), closing, len(trace.steps), refusal, passed)


def origin(message: Arrow, value: Value) -> Origin:
    """Whose value it is: a secret that the message gives away, one of the attacker's making, or neither."""
    if value.name in message.leaks:
        return "leaked"
    return "attacker" if not message.honest or value.theirs else "honest"


def setting(configuration: Configuration) -> tuple[list[str], list[str]]:
    """Attacker and design in words: the capabilities, and what differs from the baseline."""
    able, switches = configuration.model.capabilities, configuration.model.switches
    caps = [f"{name} ({meaning})" for name, meaning in able.items() if name in configuration.capabilities]
    changed = [f"{name}={value} ({switches[name].meaning})" for name, value in configuration.design.changes().items()]
    return caps or ["none"], changed or ["every switch at the baseline"]


# --- in characters -----------------------------------------------------------------------------------------

_MARGIN: dict[Origin, str] = {"honest": "  ", "attacker": "##", "leaked": "!!"}


def text(shown: Chart, width: int = WIDTH) -> str:
    """A chart in plain characters, at most ``width`` columns wide."""
    return _drawn(shown, width, _Drawing)


def ascii_art(shown: Chart) -> str:
    """The chart for an Internet-Draft: ASCII of at most 69 columns that ``aasvg`` reads as it is meant.

    Lines cross in ``+``, arrows are long enough to be seen as such, and no two slashes of neighbouring lines stand so
    that a diagonal would be read into them.
    """
    return _drawn(shown, WIDTH, _Artwork)


def _drawn(shown: Chart, width: int, style: type[_Drawing]) -> str:
    if not shown.sent:
        return f"{shown.refusal.words if shown.refusal else 'no messages'}\n"
    drawing = style([participant.key for participant in shown.cast], width)
    lines = [*_setting(shown.configuration, width), "", *_legend(shown, width), "", drawing.header(shown.cast)]
    number = 0
    for place, message in enumerate(shown.sent):
        margin = ">>" if message.decisive else "  "
        if message.step != number:
            number = message.step
            lines.append(drawing.row())
            first = f"{number}. "
        else:
            first = " " * len(f"{number}. ")
        for index, (mark, line) in enumerate(_described(message, drawing.room - len(first))):
            indent = first if index == 0 else " " * len(first)
            rail = drawing.arrow(message) if index == 0 else drawing.rail()
            lines.append(f"{margin if index == 0 else mark}{rail}  {indent}{line}".rstrip())
        lines += drawing.notes(f"ok: {rule.requirement} ({rule.source})" for rule in shown.checks(place))
        if refusal := shown.refused_after(place):
            lines.append(drawing.row())
            lines += drawing.notes([refusal.words], "XX")
    lines.append(drawing.row())
    lines += textwrap.wrap(f">> {shown.ending}", width, subsequent_indent="   ")
    return "\n".join(drawing.finished(lines)) + "\n"


def _setting(configuration: Configuration, width: int) -> list[str]:
    lines: list[str] = []
    for title, entries in zip(("Attacker", "Design"), setting(configuration), strict=True):
        for place, entry in enumerate(entries):
            lead = f"{title + ':':<10}" if place == 0 else " " * 10
            lines += textwrap.wrap(lead + entry, width, subsequent_indent=" " * 12, break_on_hyphens=False)
    return lines


def _legend(shown: Chart, width: int) -> list[str]:
    lines, named = [], max(14, *(len(one.name) for one in shown.cast))
    for one in shown.cast:
        lines += _fold(f"  {one.letter}  {one.name:<{named}} {one.url}".rstrip(), width, named + 6)
    origins = {origin(message, value) for message in shown.sent for value in message.values}
    keys = [
        ("==>", "the attacker's doing", any(not message.honest for message in shown.sent)),
        ("##", "a value of the attacker's choosing", "attacker" in origins),
        ("!!", "a secret that reaches the attacker", "leaked" in origins),
        (">>", "the step that is refused" if shown.refusal else "the step that shows it", True),
        ("XX", "who refuses, why, and the section that says so", shown.refusal is not None),
    ]
    return [*lines, "", *(f"  {sign:<3} {meaning}" for sign, meaning, used in keys if used)]


def _described(message: Arrow, room: int) -> list[tuple[str, str]]:
    """A message in lines with what stands in the margin of each."""
    made = [("  ", line) for line in _fold(message.label, room, 2)]
    if message.session:
        made += [("  ", line) for line in _fold(f"  [{message.session}]", room, 3)]
    for value in message.values:
        indent = "    " if value.inside else "  "
        folded = _fold(f"{indent}{value.name}={value.text}", room, len(indent) + 2)
        made += [(_MARGIN[origin(message, value)] if at == 0 else "  ", line) for at, line in enumerate(folded)]
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

    pitch, crossing, alone, fill = 3, {"-": "-", "=": "="}, "(o)", 0

    def __init__(self, keys: list[str], width: int) -> None:
        self.columns = {key: self.pitch * place + 1 for place, key in enumerate(keys)}
        self.span = max(self.columns.values()) + 2
        self.room = width - self.span - 4 - self.fill

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

    def arrow(self, message: Arrow) -> str:
        line, stroke = list(self.rail()), "-" if message.honest else "="
        start, end = self.columns[message.sender], self.columns[message.receiver]
        if start == end:
            line[start - 1 : start + 2] = self.alone
            return "".join(line)
        left, right = min(start, end), max(start, end)
        for column in range(left + 1, right):
            line[column] = self.crossing[stroke] if line[column] == "|" else stroke
        if end > start:
            line[right - 1] = ">"
        else:
            line[left + 1] = "<"
        return "".join(line)

    def notes(self, entries: Iterable[str], margin: str = "  ") -> Iterator[str]:
        for entry in entries:
            for place, line in enumerate(textwrap.wrap(entry, self.room - 3, subsequent_indent="    ")):
                yield f"{margin if place == 0 else '  '}{self.rail()}     {line}"

    def finished(self, lines: list[str]) -> list[str]:
        """The lines of the whole drawing, ready to be shown."""
        return lines


class _Artwork(_Drawing):
    """The same as ``aasvg`` wants it; ``fill`` columns are kept free so that words can move a little."""

    pitch, crossing, alone, fill = 4, {"-": "+", "=": "+"}, " o ", 3

    def finished(self, lines: list[str]) -> list[str]:
        made = [lines[0]]
        for line in lines[1:]:
            # Behind the lifelines; in the list of participants, before the URL.
            drawn = line[2:4] in (" |", " o")
            start = self.span + 2 if drawn else line.rfind("  ") + 2
            moved = [line[:start] + " " * more + line[start:] for more in range(WIDTH - len(line) + 1)]
            moved += [] if drawn else [line[:start].replace(" ", "", less) + line[start:] for less in range(1, 4)]
            placed = next((each.rstrip() for each in moved if not _touching(made[-1], each)), None)
            # Where no place will do a row of lifelines keeps the two apart.
            made += [placed] if placed is not None else [self.row(), line]
        return made


#: What aasvg takes for the other end of a diagonal, above and below a slash, and what for a point or an arrowhead
#: unless it stands between letters; and what for the ends of an upright line, above and below a parenthesis.
_ABOVE, _BELOW, _POINTS = "/+.,^_", "/+'`_", "ovV*"
_TOPS, _FEET = "+,^", "+`"


def _touching(above: str, below: str) -> bool:
    """Whether signs of one line and the next would be read as a line that nobody drew."""
    return (
        any(_ends(above, at + 1, _ABOVE) for at, sign in enumerate(below) if sign == "/")
        or any(_ends(below, at - 1, _BELOW) for at, sign in enumerate(above) if sign == "/")
        or any(
            (top in _TOPS and foot in "()") or (top in "()" and foot in _FEET)
            for top, foot in zip(above, below, strict=False)
        )
    )


def _ends(line: str, at: int, signs: str) -> bool:
    if not 0 <= at < len(line):
        return False
    between = line[max(at - 1, 0) : at] + line[at + 1 : at + 2]
    return line[at] in signs or (line[at] in _POINTS and not (len(between) == 2 and between.isalpha()))


# --- for Mermaid -------------------------------------------------------------------------------------------

_WORDS: dict[Origin, str] = {"honest": "", "attacker": "(attacker) ", "leaked": "LEAKS: "}


def mermaid(shown: Chart) -> str:
    """The chart for Mermaid; dotted arrows are the attacker's doing, the step that matters stands in a frame."""
    if not shown.sent:
        return "sequenceDiagram\n"
    letters = {one.key: one.letter for one in shown.cast}
    edges = ",".join(dict.fromkeys([shown.cast[0].letter, shown.cast[-1].letter]))
    lines = ["sequenceDiagram"]
    for one in shown.cast:
        kind = "actor" if one.browser else "participant"
        described = "<br/>".join(_escaped(part) for part in (one.name, one.url) if part)
        lines.append(f"    {kind} {one.letter} as {described}")
    framed = False
    for place, message in enumerate(shown.sent):
        if message.decisive and not framed:
            framed = True
            lines.append("    rect rgba(128, 128, 128, 0.2)")
        values = [f"{_WORDS[origin(message, value)]}{value.name}={value.text}" for value in message.values]
        session = [f"[{message.session}]"] if message.session else []
        words = "<br/>".join(map(_escaped, [f"{message.step}. {message.label}", *session, *values]))
        sender, receiver = letters[message.sender], letters[message.receiver]
        lines.append(f"    {sender}{'->>' if message.honest else '-->>'}{receiver}: {words}")
        if message.note:
            lines.append(f"    Note over {receiver}: {_escaped(message.note)}")
        passed = [_escaped(f"ok: {rule.requirement} ({rule.source})") for rule in shown.checks(place)]
        lines += [f"    Note over {edges}: {'<br/>'.join(passed)}"] if passed else []
        if refusal := shown.refused_after(place):
            lines.append(f"    Note over {edges}: {_escaped(refusal.words)}")
    lines.append(f"    Note over {edges}: {_escaped(shown.ending)}")
    lines += ["    end"] if framed else []
    return "\n".join(lines) + "\n"


def _escaped(words: str) -> str:
    """Characters that Mermaid reads as its own, as entities."""
    return "".join({"#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;"}.get(sign, sign) for sign in words)
