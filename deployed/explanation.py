"""The design that explains what was seen of a client, and how well it predicts that.

The design of a release that the model knows is the stored one, so that its agreement is a prediction; any other
release gets the design that explains most of what was just seen, with what its nearest stored relative predicts beside
it. Where nothing was seen that a design can be fitted to, it is the relative's. A release mostly has two such
neighbours, the last before it and the first after; one of its own major version is nearer. Where they end a scenario
differently the change is somewhere between them, and what is predicted says so.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deployed.behaviour import Comparison, Observed, compare, measured
from deployed.fitting import Fit, Note, fit
from deployed.proposal import MissingSwitch, proposals
from model.client_names import canonical
from model.client_rows import stored_name
from model.clients import DeployedClient, clients
from model.conversation import STAGES, converse
from model.design import Design
from model.scenario import Scenario

#: Predictions of a scenario, half a minute's worth, after which the design that explains the most so far is taken.
PREDICTIONS = 200_000


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the model makes of a client.

    Attributes:
        source: ``stored`` (a prediction), ``fitted`` to the very run that it explains, or a ``relative``'s (a guess).
        decided_by: for each switch of the design that is off its baseline, the scenarios that decided it.
        comparisons: what was seen in each scenario that the model can be asked about, beside what it says.
        sources: where each of them comes from.
        neighbours: the releases next to this one that are stored, where this one is not, the nearest first.
        by_neighbours: where each of them says that those scenarios end.
        whole: whether the search for a design came to its end in the time there is for it.
        played: what was tried, by name.
    """

    design: Design
    source: str
    decided_by: Mapping[str, tuple[str, ...]]
    comparisons: Mapping[str, Comparison]
    sources: Mapping[str, str]
    neighbours: tuple[str, ...] = ()
    by_neighbours: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    whole: bool = True
    played: Mapping[str, Scenario] = field(default_factory=dict)

    @property
    def relative(self) -> str:
        """The nearest release that is stored, where this one is not; ``""`` if there is none."""
        return self.neighbours[0] if self.neighbours else ""

    @property
    def by_relative(self) -> tuple[str, ...]:
        """Scenarios whose end the relative's design predicts."""
        seen = {name: one.observed.stage for name, one in self.comparisons.items()}
        return tuple(name for name, ends in self.by_neighbours.items() if ends[0] == seen[name])

    @property
    def disputed(self) -> tuple[str, ...]:
        """Scenarios of which the neighbours say different ends."""
        return tuple(name for name, ends in self.by_neighbours.items() if len(set(ends)) > 1)

    @property
    def unexplained(self) -> tuple[str, ...]:
        """The scenarios in which the client makes other requests than the design, those that differ least first."""
        other = [name for name, one in self.comparisons.items() if not one.whole]
        return tuple(sorted(other, key=lambda name: len(self.comparisons[name].difference)))

    def proposals(self) -> tuple[MissingSwitch, ...]:
        """The switches that are missing for what the design does not explain."""
        return proposals(self.design, self.comparisons, self.played)

    def shares(self) -> dict[str, tuple[int, int, int, int]]:
        """By source: how many scenarios there are, how many end as the model says, in how many of them every message
        is predicted, and in how many every request, documents that are looked for included."""
        counted: dict[str, tuple[int, int, int, int]] = {}
        for name, one in self.comparisons.items():
            total, ends, messages, requests = counted.get(self.sources[name], (0, 0, 0, 0))
            messages, requests = messages + (one.verdict == "predicted"), requests + one.whole
            counted[self.sources[name]] = (total + 1, ends + one.end_predicted, messages, requests)
        return counted

    def remark(self, name: str) -> str:
        """What the model says of a scenario, where that is not all that was seen; else the rule that refused."""
        return "; ".join(filter(None, (self._remark(name), self._disputed(name))))

    def _disputed(self, name: str) -> str:
        if name not in self.disputed:
            return ""
        said = zip(self.neighbours, self.by_neighbours[name], strict=True)
        return f"neighbours disagree: {', '.join(f'{neighbour} {end}' for neighbour, end in said)}"

    def _remark(self, name: str) -> str:
        one = self.comparisons[name]
        if one.verdict == "other_end":
            refused = f", by {one.predicted.refused_by.name}" if one.predicted.refused_by else ""
            return f"model: {STAGES[one.predicted.stage]} ({one.predicted.stage}{refused})"
        if one.verdict == "other_messages" or not one.fetches_predicted:
            what = "sends something else" if one.verdict == "other_messages" else "looks for other documents"
            return f"model: ends so, but {what}: {'; '.join(one.difference) or 'in another order'}"
        return f"rule: {one.predicted.refused_by.name}" if one.predicted.refused_by else ""

    def to_json(self) -> dict[str, Any]:
        """The explanation as data."""
        shares = {
            source: {
                "scenarios": total,
                "ends_predicted": ends,
                "messages_predicted": messages,
                "requests_predicted": requests,
                "share": ends / total,
            }
            for source, (total, ends, messages, requests) in self.shares().items()
        }
        return {
            "source": self.source,
            "whole": self.whole,
            "design": self.design.changes(),
            "decided_by": {name: list(scenarios) for name, scenarios in self.decided_by.items()},
            "predicted": shares,
            "proposed": [one.to_json() for one in self.proposals()],
            "unexplained": {name: list(self.comparisons[name].difference) for name in self.unexplained},
            "mispredicted": [name for name, one in self.comparisons.items() if one.verdict != "predicted"],
            "relative": {"client": self.relative, "ends_predicted": len(self.by_relative)} if self.relative else None,
            "neighbours": list(self.neighbours),
            "disputed": list(self.disputed),
        }


class Tried(NamedTuple):
    """What was tried on a client, where it comes from, and what the client did."""

    scenario: Scenario
    source: str
    observed: Observed


def explain(
    name: str, tried: Mapping[str, Tried], note: Note = lambda explained, of: None, fitted: Fit | None = None
) -> Explanation:
    """The design of a client, as ``implementation==version``, and how well it predicts what was seen of it.

    ``note`` hears how far a fit is; ``fitted``: what came of it before.
    """
    stored, beside = clients().get(name), neighbours(name)
    catalogued = {each: one.observed for each, one in tried.items() if one.source in ("catalogue", "pair")}
    if stored is not None:
        design, source, decided_by, whole = stored.design, "stored", stored.decided_by, True
    elif catalogued:
        starts = [design_of(name), *(one.design for one in clients().values())]
        found = fitted or fit(catalogued, starts, None, PREDICTIONS, note)
        design, source, decided_by, whole = found.design, "fitted", found.evidence, found.whole
    else:
        design, source, whole = design_of(name), "relative", True
        decided_by = beside[0].decided_by if beside else {}

    def beside_model(design: Design) -> dict[str, Comparison]:
        said = {each: converse(design, one.scenario) for each, one in tried.items()}
        return {each: Comparison(each, tried[each].observed, conversation) for each, conversation in said.items()}

    sources = {each: one.source for each, one in tried.items()}
    if stored is not None:
        beside = ()
    ends = [beside_model(one.design) for one in beside]
    said = {each: tuple(by[each].predicted.stage for by in ends) for each in tried} if beside else {}
    names = tuple(one.name for one in beside)
    played = {each: one.scenario for each, one in tried.items()}
    return Explanation(design, source, decided_by, beside_model(design), sources, names, said, whole, played)


def design_of(name: str) -> Design:
    """The stored design of a client, or that of its nearest relative, or the baseline."""
    return next((one.design for one in (clients().get(name), *neighbours(name)) if one is not None), Design())


def stands_for(name: str) -> str:
    """The stored client that answers for one: itself, or the nearest release of it (raises UnknownClientError)."""
    wanted = canonical(name)
    near = neighbours(wanted) if "==" in wanted and wanted not in clients() else ()
    return near[0].name if near else stored_name(name)


def neighbours(name: str) -> tuple[DeployedClient, ...]:
    """The stored releases of the same client next to this one, before and after; those of its major version first."""
    implementation, own = name.partition("==")[0], age(name)
    others = [one for one in clients().values() if one.name.partition("==")[0] == implementation and one.name != name]
    before = [one for one in others if age(one.name) <= own][-1:]
    after = [one for one in others if age(one.name) > own][:1]
    return tuple(sorted((*before, *after), key=lambda one: age(one.name)[:1] != own[:1]))


class LeftOut(NamedTuple):
    """A stored release as if it were not: what its two neighbours say of it, beside what was measured.

    Attributes:
        ends: how many scenarios there are.
        agreed: of how many of them the two say the same end.
        right: of how many of those it is the end that was measured.
    """

    name: str
    neighbours: tuple[str, ...]
    ends: int
    agreed: int
    right: int


def left_out() -> Iterator[LeftOut]:
    """Every stored release that stands between two others, left out in turn."""
    for name, observed in measured().items():
        beside = neighbours(name)
        if len(beside) == 2:
            first, second = (compare(one.design, observed) for one in beside)
            agreed = [a for a, b in zip(first, second, strict=True) if a.predicted.stage == b.predicted.stage]
            right = sum(one.end_predicted for one in agreed)
            yield LeftOut(name, tuple(one.name for one in beside), len(first), len(agreed), right)


def age(name: str) -> list[int]:
    """The numbers of a version, by which releases come one after the other."""
    return [int(number) for number in re.findall(r"\d+", name.partition("==")[2])]
