"""The switch that is missing where no design explains a client: of which message, about what, and what was seen.

A play contradicts a design by the requests that one of the two makes and the other does not. They are put to every
value of every switch that the conversation reads, one at a time. What none of them makes is beyond the vocabulary, and
a switch is proposed. Where one makes them, the play contradicts others, which that value no longer explains: what is
missing is what the switch depends on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from deployed.behaviour import Comparison, Observed
from deployed.fitting import FITTED, Noted, lost
from model import scenario
from model.conversation import STAGES, converse
from model.design import Design
from model.scenario import Scenario
from model.switches import SWITCHES

#: What requests are called, by how they begin; of documents, by where they are.
MESSAGES = {
    "oauth-protected-resource": "resource metadata", "fetch": "AS metadata", "register": "registration",
    "authorize": "authorization request", "token": "token request", "call": "call",
}  # fmt: skip

#: How many things a line names before it counts them.
SHOWN = 4


class Nearest(NamedTuple):
    """The value of a switch that comes nearest to what was seen.

    Attributes:
        left: the requests that still differ with it.
        breaks: what was seen elsewhere that it no longer explains.
    """

    switch: str
    left: tuple[str, ...]
    breaks: tuple[str, ...]


def _shown(several: Sequence[str], what: str) -> str:
    return ", ".join(several) if len(several) <= SHOWN else f"{len(several)} {what}"


@dataclass(frozen=True, slots=True)
class MissingSwitch:
    """A switch that is missing.

    Attributes:
        scenarios: the plays that ask for it, that with the fewest requests first.
        requests: the requests of that play that only the design (``-``) or only the client (``+``) makes.
        message: which message the switch is about.
        field: what of it the switch says.
        seen: for each of the plays the values that were seen, beside those that the design says.
        where: what all these plays change in the honest world.
        nearest: the switch that is nearest, if one makes any of these requests.
    """

    scenarios: tuple[str, ...]
    requests: tuple[str, ...]
    message: str
    field: str
    seen: Mapping[str, tuple[str, str]]
    where: tuple[str, ...]
    nearest: Nearest | None

    def lines(self) -> Iterator[str]:
        """The proposal in words."""
        plays = " ".join(map(scenario.short, self.scenarios))
        yield f"{plays}: a switch is missing for the {self.message}, {self.field}"
        yield f"  {self.scenarios[0]} has the fewest requests that differ:" if self.requests else "  no request differs"
        yield from (f"    {one}" for one in self.requests)
        for name, (seen, said) in self.seen.items():
            yield f"  {scenario.short(name)}: seen {seen}; the design has {said}"
        yield f"  it depends on {', '.join(self.where) or 'no field that all of them change'}"
        yield f"  nearest: {self._nearest()}"

    def _nearest(self) -> str:
        near = self.nearest
        if near is None:
            return "none; no value of any switch makes these requests"
        left = f"leaves {_shown(near.left, 'requests')}" if near.left else "makes all of them"
        breaks = _shown([*map(scenario.short, near.breaks)], "plays that it explains") if near.breaks else ""
        return f"{near.switch}, which {left}" + (f", and gives up {breaks}" if breaks else "")

    def to_json(self) -> dict[str, object]:
        """The proposal as data."""
        return {
            "scenarios": list(self.scenarios),
            "requests": list(self.requests),
            "message": self.message,
            "field": self.field,
            "seen": {name: {"client": seen, "design": said} for name, (seen, said) in self.seen.items()},
            "where": list(self.where),
            "nearest": self.nearest and self.nearest._asdict(),
        }


def proposals(
    design: Design, comparisons: Mapping[str, Comparison], played: Mapping[str, Scenario]
) -> tuple[MissingSwitch, ...]:
    """The switches that are missing for the plays that a design does not explain, the fewest requests first.

    ``played`` has the scenario of each. Plays in which the same messages differ ask for one switch.
    """
    known = frozenset((*scenario.names(), *scenario.mutation_names()))
    others = {name: one.observed for name, one in comparisons.items() if one.whole and name in known}
    unlike = (one for one in comparisons.values() if not one.whole)
    found = []
    for _, group in groupby(sorted(unlike, key=lambda one: (_kinds(one), len(one.difference))), key=_kinds):
        same = tuple(group)
        message, field = _about(same[0])
        changed = [{*scenario.leaves(scenario.stated(one.scenario))} for one in same if one.scenario in known]
        found.append(
            MissingSwitch(
                tuple(one.scenario for one in same),
                same[0].difference,
                message,
                field,
                {one.scenario: _values(one) for one in same},
                tuple(sorted(".".join(path) for path in _common(changed) - {("about",)})),
                _nearest(design, same[0], played[same[0].scenario], others),
            )
        )
    return tuple(sorted(found, key=lambda one: (len(one.requests), one.scenarios)))


def _common(changed: Sequence[set[tuple[str, ...]]]) -> set[tuple[str, ...]]:
    return set.intersection(*changed) if changed else set()


def _kinds(one: Comparison) -> tuple[tuple[str, str], ...]:
    """The messages of the requests that differ, each with who makes it: the design (``-``) or the client (``+``)."""
    kinds = {(name, line[0]) for line in one.difference for begins, name in MESSAGES.items() if begins in line}
    return tuple(sorted(kinds))


def _about(one: Comparison) -> tuple[str, str]:
    """Which message a switch would be about that explains a play, and what of it: one that differs in what it says, or
    else one that is made or left out."""
    kinds = _kinds(one)
    if not kinds:
        return ("documents", "their order") if one.end_predicted else ("last answer", "whether it is a refusal")
    messages = [message for message, _ in kinds]
    both = [message for message in messages if messages.count(message) > 1]
    message, sign = kinds[messages.index(both[0])] if both else kinds[0]
    if both:
        return message, "where it is looked for" if message.endswith("metadata") else "whom it goes to, and for what"
    return message, f"when {'one more is made' if sign == '+' else 'none is made'}"


def _values(one: Comparison) -> tuple[str, str]:
    """What the client was seen to do where it differs, and what the design says."""
    seen, said = (
        ", ".join(line[2:] for line in one.difference if line.startswith(sign)) or "nothing" for sign in ("+", "-")
    )
    if one.difference:
        return seen, said
    ends = STAGES[one.observed.stage], STAGES[one.predicted.stage]
    return ("another order", "its order") if one.end_predicted else ends


def _nearest(design: Design, one: Comparison, played: Scenario, others: Mapping[str, Observed]) -> Nearest | None:
    """The value of a switch that makes most of the requests that differ, and few others."""
    noted = Noted(design)
    converse(noted, played)
    wanted = set(one.difference)

    def left(switch: str, value: str) -> tuple[str, ...]:
        changed = replace(one, predicted=converse(design.but(**{switch: value}), played))
        other = ("another order",) if changed.end_predicted else ("another end",)
        return changed.difference + (() if changed.whole or (changed.difference and changed.end_predicted) else other)

    tried = {
        (name, value): left(name, value)
        for name, switch in SWITCHES.items()
        if switch.kind in FITTED and name in noted.read
        for value in switch.values
        if value != design[name]
    }
    better = {key: rest for key, rest in tried.items() if not rest or wanted - set(rest)}
    near = min(((len(wanted & set(rest)), len(rest)) for rest in better.values()), default=None)
    alike = [key for key, rest in better.items() if (len(wanted & set(rest)), len(rest)) == near]
    broken = {key: lost(design, others, *key) for key in alike}
    return min(
        (Nearest(f"{name}={value}", better[name, value], broken[name, value]) for name, value in alike),
        key=lambda one: (len(one.breaks), one.switch),
        default=None,
    )
