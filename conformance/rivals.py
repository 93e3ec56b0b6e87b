"""Pairs of scenarios at once: where designs that explain all that was seen of a client would part.

A design that was fitted is one of several: its rivals, with one switch another, explain as much. What tells them apart
is looked for among scenarios that change what two of the catalogue change, and as few of them as will do are chosen by
the solver (a minimal hitting set, Moreno-Centeno and Karp 2013, by PySAT). Where the client then does something else
the scenario is shrunk, field by field, to what it takes, and the switch that is missing is proposed: another value of
one that there is, or where in the flow there should be one, and of which fields it has to know.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pysat.examples.hitman import Hitman

from conformance.explained import explain, observed
from conformance.judge import Judgement
from conformance.play import Play
from conformance.software import Release
from deployed.behaviour import Comparison, Observed, everything
from deployed.fitting import FITTED, Note, Noted, lost, rivals
from model import scenario
from model.conversation import STAGES, Conversation, converse
from model.design import Design
from model.scenario import AND, ORIGINS
from model.switches import SWITCHES
from model.turns import visible

#: For so many pairs in which a rival parts from the design no further ones are looked for.
ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Rival:
    """A design that explains all that was seen as well, and the pairs in which it would part from the one at hand."""

    design: Design
    switch: str
    value: str
    parts_in: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.switch}={self.value}"


def apart(design: Design, observed: Mapping[str, Observed], note: Note = lambda done, of: None) -> tuple[Rival, ...]:
    """The rivals of a design that two scenarios at once would tell from it."""
    open_ = {rival: list[str]() for rival in rivals(design, observed)}
    changed = {rival: next(name for name in SWITCHES if design[name] != rival[name]) for rival in open_}
    every = [f"{one}{AND}{other}" for one, other in combinations(scenario.names(), 2) if scenario.mergeable(one, other)]
    for place, name in enumerate(every):
        note(place, len(every))
        played = scenario.load(name)
        noted = Noted(design)
        said = _shown(converse(noted, played))
        for rival, pairs in open_.items():
            if len(pairs) < ENOUGH and changed[rival] in noted.read and _shown(converse(rival, played)) != said:
                pairs.append(name)
    return tuple(
        Rival(rival, changed[rival], rival[changed[rival]], tuple(pairs)) for rival, pairs in open_.items() if pairs
    )


def chosen(found: Sequence[Rival]) -> list[Play]:
    """As few pairs as tell every one of these rivals from the design."""
    with Hitman(bootstrap_with=[list(rival.parts_in) for rival in found], htype="rc2") as hitman:
        names = sorted(hitman.get() or ()) if found else []
    return [Play(name, "pair", scenario.load(name).about) for name in names]


def _shown(conversation: Conversation) -> tuple[Any, ...]:
    """What of a conversation is seen in a measurement."""
    first = conversation.urls[0] if conversation.urls else ""
    sent = visible(conversation.sent)
    return conversation.stage, sent, first.count("resource="), first.count("?"), conversation.fetched


# --- where the client does something else ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Surprise:
    """A pair in which a client does something else than its design says.

    Attributes:
        comparison: what it did, beside what the design says.
        fields: what has to be changed in the honest world for that, at the least.
        explained_by: designs with one switch another that say what it does, each with what they do not explain that
            the design at hand does.
        place: the last rule that the design asked, and the step at which it did.
    """

    name: str
    comparison: Comparison
    fields: Mapping[tuple[str, ...], Any]
    explained_by: Mapping[str, tuple[str, ...]]
    place: str

    def lines(self) -> Iterator[str]:
        """The surprise in words, with the switch that is missing or has another value."""
        one, fields = self.comparison, ", ".join(".".join(path) for path in self.fields)
        yield f"{self.name}: ends {one.observed.stage}, the design says {one.predicted.stage}"
        yield "    it takes: " + ", ".join(f"{'.'.join(path)}={value}" for path, value in self.fields.items())
        free = [switch for switch, broken in self.explained_by.items() if not broken]
        if free:
            yield f"    explained by {' or '.join(free)}, which explains all else as well"
        for switch, broken in self.explained_by.items():
            if broken:
                yield f"    explained by {switch}, but not with {', '.join(broken)}: it depends on {fields}"
        if not self.explained_by:
            yield f"    no switch explains it: one is missing {self.place}, about {fields}"

    def to_json(self) -> dict[str, Any]:
        """The surprise as data."""
        return {
            "scenario": self.name,
            "ends": self.comparison.observed.stage,
            "predicted": self.comparison.predicted.stage,
            "fields": {".".join(path): value for path, value in self.fields.items()},
            "explained_by": {switch: list(broken) for switch, broken in self.explained_by.items()},
            "place": self.place,
        }


#: What a client does in plays, as far as that could be measured.
Seeing = Callable[[Sequence[Play]], Sequence[Observed | None]]


def surprise(design: Design, observed: Mapping[str, Observed], play: Play, see: Seeing) -> Surprise | None:
    """What a play comes to in which the client does something else than its design says; nothing if it does not."""
    (seen,) = see([play])
    played = play.scenario(ORIGINS)
    found = None if seen is None else Comparison(play.name, seen, converse(design, played))
    if seen is None or found is None or found.whole:
        return None
    fields = _shrunk(design, play, see)
    (seen,) = see([_of(play, fields)])
    assert seen is not None
    played = scenario.assemble(play.name, {"about": play.about, **scenario.from_leaves(fields)})
    found = Comparison(play.name, seen, converse(design, played))
    explained_by = {
        f"{name}={value}": lost(design, observed, name, value)
        for name, switch in SWITCHES.items()
        if switch.kind in FITTED
        for value in switch.values
        if value != design[name] and Comparison(play.name, seen, converse(design.but(**{name: value}), played)).whole
    }
    last = found.predicted.decisions[-1]
    return Surprise(play.name, found, fields, explained_by, f"at {last.step}, after {last.rule.name}")


def _shrunk(design: Design, play: Play, see: Seeing) -> Mapping[tuple[str, ...], Any]:
    """As few of the fields that a play changes as leave the client to do something else than its design says."""
    fields = scenario.leaves(scenario.stated(play.name))
    while True:
        smaller = [{path: value for path, value in fields.items() if path != without} for without in fields]
        plays = [_of(play, fields) for fields in smaller]
        still = (
            fields
            for fields, one, seen in zip(smaller, plays, see(plays), strict=True)
            if seen and not Comparison(one.name, seen, converse(design, one.scenario(ORIGINS))).whole
        )
        less = next(still, None)
        if less is None:
            return fields
        fields = less


def _of(play: Play, fields: Mapping[tuple[str, ...], Any]) -> Play:
    """The play with these fields only."""
    stated = scenario.from_leaves(fields)
    digest = hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()[:8]
    return Play(f"part_{digest}", "pair", f"part of {play.name}", stated)


# --- all of it ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paired:
    """What pairs of scenarios told of a client.

    Attributes:
        rivals: the designs that explained as much, and were to be told apart.
        plays: the pairs that were chosen for that.
        told: for each rival whether it is refuted, or what the client does, or not measured.
        surprises: the pairs in which the client does something else than its design says.
    """

    rivals: tuple[Rival, ...]
    plays: tuple[Play, ...]
    judgements: tuple[Judgement, ...]
    told: Mapping[str, str]
    surprises: tuple[Surprise, ...]

    def lines(self) -> Iterator[str]:
        """The pairs in words."""
        total, played = len(self.rivals), len(self.plays)
        yield f"{total} designs explained as much, and part where two scenarios are one: {played} played"
        yield from (f"  {rival}: {told}" for rival, told in self.told.items())
        for one in self.surprises:
            yield from one.lines()

    def to_json(self) -> dict[str, Any]:
        """The pairs as data."""
        return {
            "rivals": {str(rival): list(rival.parts_in) for rival in self.rivals},
            "told": dict(self.told),
            "played": [play.name for play in self.plays],
            "surprises": [one.to_json() for one in self.surprises],
        }


def meet(
    release: Release,
    plays: Sequence[Play],
    judgements: Sequence[Judgement],
    run: Callable[[Sequence[Play]], Sequence[Judgement]],
    note: Note = lambda done, of: None,
) -> Paired:
    """Play to a client what tells its design from the rivals of that, after plays that did not."""
    explained = explain(release, plays, judgements)
    design = explained.design
    known = {
        **everything().get(str(release), {}),
        **{
            name: one.observed
            for name, one in explained.comparisons.items()
            if explained.sources[name] in ("catalogue", "mutation")
        },
    }
    found = apart(design, known, note)
    pairs = chosen(found)
    judged = run(pairs)
    seen = {one.scenario: observed(one) for one in judged if one.outcome in STAGES}

    def see(asked: Sequence[Play]) -> list[Observed | None]:
        fresh = [play for play in asked if play.name not in seen]
        seen.update({one.scenario: observed(one) for one in run(fresh) if one.outcome in STAGES})
        return [seen.get(play.name) for play in asked]

    told = {str(rival): verdict(design, rival, seen) for rival in found}
    surprises = filter(None, [surprise(design, known, play, see) for play in pairs])
    return Paired(found, tuple(pairs), tuple(judged), told, tuple(surprises))


def verdict(design: Design, rival: Rival, seen: Mapping[str, Observed]) -> str:
    """What those pairs say of a rival in which it parts from the design."""
    for name in rival.parts_in:
        if name in seen:
            own, other = (
                Comparison(name, seen[name], converse(each, scenario.load(name))).whole
                for each in (design, rival.design)
            )
            if own != other:
                return f"{'refuted' if own else 'what it does'}, by {name}"
    return "not told: nothing was measured, or neither is what it does"
