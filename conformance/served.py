"""A real resource server beside the model: the design that explains which requests it was seen to serve.

The search is that for clients in small (:mod:`deployed.fitting`): one switch at a time, and two where one leads no
further, as long as more requests are answered as the rules say of such a design.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from conformance.judge import Judgement
from conformance.packages import host_of
from conformance.presented import Around, reading
from conformance.resource_profile import ResourceProfile, Seen
from conformance.software import Release
from deployed.fitting import Noted
from deployed.servers import RESOURCE_SERVER, resource_servers
from model.conversation import STAGES, converse
from model.design import Design
from model.rule import Rule
from model.switches import SWITCHES

#: The switches that are looked for: those that tell resource servers apart, and whose keys they take.
FITTED = (*RESOURCE_SERVER, "rs_keys", "r_requires_dpop")
#: What is so by the way it is set up: it is told where keys are, and of no others for another issuer.
SET_UP = Design({"key_lookup": "union"})
#: A resource server that does all that the model has a rule for; a nonce is asked for by those that give any.
STRICT = SET_UP.but(dpop_replay="jti")


@dataclass(frozen=True, slots=True)
class Served:
    """A resource server, explained.

    Attributes:
        design: the design that explains most.
        decided_by: for each switch that is off its baseline, the requests that are explained worse without that.
        open: switches that the requests look at and leave open, with the other values that explain as much.
        refused_by: of each request the rule by which such a design refuses it, if it does.
        strictly: of each request that is served the rule by which a strict resource server refuses it.
        known_as: its product in the table of resource servers.
        host: the switches that are not its choice, but that of the program around it.
    """

    profile: ResourceProfile
    design: Design
    decided_by: Mapping[str, tuple[str, ...]]
    open: Mapping[str, tuple[str, ...]]
    refused_by: Mapping[str, Rule | None]
    strictly: Mapping[str, Rule]
    known_as: str
    host: tuple[str, ...]

    @property
    def changes(self) -> dict[str, str]:
        """The switches of the design that are off their baseline, but for those that the set-up decides."""
        return {name: value for name, value in self.design.changes().items() if value != SET_UP[name]}

    @property
    def explained(self) -> tuple[str, ...]:
        """The requests that were answered as the rules say of this design."""
        return tuple(
            one.probe.name
            for one in _told(self.profile.seen)
            if (self.refused_by[one.probe.name] is None) == (one.judgement.outcome == "A")
        )

    @property
    def unexplained(self) -> tuple[str, ...]:
        """Those that were not."""
        told = (one.probe.name for one in _told(self.profile.seen))
        return tuple(name for name in told if name not in self.explained)

    @property
    def settings(self) -> dict[str, str]:
        """The switches of a row of the table of resource servers, where the requests decide them."""
        return {name: "" if name in self.open else self.design[name] for name in RESOURCE_SERVER}

    @property
    def rows(self) -> list[str]:
        """The rows of that table, of the same product, that say what was seen."""
        found = (one for one in resource_servers().values() if one.product == self.known_as)
        return [one.name for one in found if all(self.settings[name] == value for name, value in one.settings.items())]

    @property
    def meeting(self) -> str:
        """How far a client that checks everything gets with what the resource server says of itself."""
        walked = converse(Design(), self.profile.told)
        refused = f" by {walked.refused_by.name} [{walked.refused_by.source}]" if walked.refused_by else ""
        return f"{STAGES[walked.stage]}{refused}"

    def judgements(self) -> list[Judgement]:
        """How the requests were answered, each that is served with the rule by which a strict one refuses it."""
        return [
            replace(
                one.judgement,
                scenario=f"{self.profile.variant}.{one.probe.name}",
                attacks=tuple(rule.name for name, rule in self.strictly.items() if name == one.probe.name),
            )
            for one in self.profile.seen
        ]

    def to_json(self) -> dict[str, Any]:
        """All of it as data."""
        by = {name: rule.name if rule else "" for name, rule in self.refused_by.items()}
        return {
            "rs_name": self.profile.server,
            "variant": self.profile.variant,
            "design": self.changes,
            "decided_by": {name: list(found) for name, found in self.decided_by.items()},
            "open": {name: list(values) for name, values in self.open.items()},
            "settings": self.settings,
            "rows": self.rows,
            "unexplained": list(self.unexplained),
            "explained": list(self.explained),
            "host": list(self.host),
            "form": dict(self.profile.form),
            "strict_client": self.meeting,
            "requests": [
                {
                    **judged.to_json(),
                    "about": seen.probe.about,
                    "source_section": seen.probe.source,
                    "model": by.get(seen.probe.name, "not asked"),
                    "request": seen.probe.name,
                    "strictly": self.strictly[seen.probe.name].source if seen.probe.name in self.strictly else "",
                }
                for seen, judged in zip(self.profile.seen, self.judgements(), strict=True)
            ],
        }


def explain(profile: ResourceProfile, release: Release) -> Served:
    """The design that explains which requests a resource server serves."""
    told = _told(profile.seen)
    search = _Search(told, profile.around)
    values = search.climb(dict(SET_UP))
    refused_by = {one.probe.name: search.refuses(one, values) for one in told}
    strict = STRICT.but(dpop_replay="nonce") if profile.around.nonces else STRICT
    off = {name for name in search.read if values[name] != SET_UP[name]}
    strictly = {
        one.probe.name: rule
        for one in told
        if one.judgement.outcome == "A" and (rule := search.refuses(one, dict(strict)))
    }
    return Served(
        profile,
        Design(values),
        {name: search.worse_without(name, values) for name in SWITCHES if name in off},
        dict(search.left_open(values)),
        refused_by,
        strictly,
        release.software.known_as,
        host_of(release),
    )


def _told(seen: Iterable[Seen]) -> list[Seen]:
    """The probes of which something was seen."""
    return [one for one in seen if one.shown is not None and one.judgement.outcome in ("A", "x")]


class _Search:
    def __init__(self, seen: Sequence[Seen], around: Around) -> None:
        self.seen, self.around = seen, around
        self.read: set[str] = set()

    def refuses(self, one: Seen, values: Mapping[str, str]) -> Rule | None:
        """The first rule by which such a design refuses a probe."""
        assert one.shown is not None
        noted = Noted(values)
        conditions = reading(noted, one.shown, self.around, one.used)  # type: ignore[arg-type]
        self.read |= noted.read
        return next((condition.rule for condition in conditions if not condition.holds), None)

    def explains(self, one: Seen, values: Mapping[str, str]) -> bool:
        return (self.refuses(one, values) is None) == (one.judgement.outcome == "A")

    def score(self, values: Mapping[str, str]) -> tuple[int, int]:
        """How many answers a design explains, and how few switches it changes."""
        changed = sum(value != SET_UP[name] for name, value in values.items())
        return sum(self.explains(one, values) for one in self.seen), -changed

    def climb(self, values: dict[str, str]) -> dict[str, str]:
        """The best design in reach."""
        while True:
            best = self.score(values)
            if best[0] == len(self.seen):
                return values
            for together in (1, 2):
                found = max(self._near(values, together), key=self.score, default=values)
                if self.score(found) > best:
                    values = found
                    break
            else:
                return values

    @property
    def _looked_at(self) -> list[str]:
        return [name for name in FITTED if name in self.read]

    def _near(self, values: dict[str, str], together: int) -> Iterator[dict[str, str]]:
        single = [(name, value) for name in self._looked_at for value in SWITCHES[name].values if value != values[name]]
        return (values | dict(changes) for changes in combinations(single, together))

    def worse_without(self, name: str, values: Mapping[str, str]) -> tuple[str, ...]:
        back = {**values, name: SET_UP[name]}
        return tuple(one.probe.name for one in self.seen if self.explains(one, values) and not self.explains(one, back))

    def left_open(self, values: dict[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        explained = self.score(values)[0]
        for name in self._looked_at:
            others = tuple(
                value
                for value in SWITCHES[name].values
                if value != values[name] and self.score(values | {name: value})[0] == explained
            )
            if others:
                yield name, others
