"""Real software beside the model: what was seen of a client, and the design that explains it.

The design of a release that the model knows is the stored one, so that its agreement is a prediction; any other
release gets the design that explains most of what was just seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.client import NONE
from model.clients import clients
from model.conversation import STAGES, Request, converse
from model.design import Design
from model.scenario import ORIGINS
from simulations.behaviour import Comparison, Observed

if TYPE_CHECKING:
    from conformance.attacks import Ask
    from conformance.judge import Judgement
    from conformance.play import Play
    from conformance.software import Release
    from model.design import Configuration
    from model.trace import Trace


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the model makes of a client.

    Attributes:
        source: ``stored`` (a prediction) or ``fitted`` to the very run that it explains.
        decided_by: for each switch of the design that is off its baseline, the scenarios that decided it.
        comparisons: what was seen in each scenario that the model can be asked about, beside what it says.
        sources: where each of them comes from.
    """

    design: Design
    source: str
    decided_by: Mapping[str, tuple[str, ...]]
    comparisons: Mapping[str, Comparison]
    sources: Mapping[str, str]

    def shares(self) -> dict[str, tuple[int, int, int]]:
        """By source: how many scenarios there are, how many end as the model says, and how many entirely go so."""
        counted: dict[str, tuple[int, int, int]] = {}
        for name, one in self.comparisons.items():
            total, ends, messages = counted.get(self.sources[name], (0, 0, 0))
            predicted = one.verdict == "predicted"
            counted[self.sources[name]] = (total + 1, ends + one.end_predicted, messages + predicted)
        return counted

    def remark(self, name: str) -> str:
        """What the model says of a scenario, where that is not all that was seen; else the rule that refused."""
        one = self.comparisons[name]
        if one.verdict == "other_end":
            refused = f", by {one.predicted.refused_by.name}" if one.predicted.refused_by else ""
            return f"model: {STAGES[one.predicted.stage]} ({one.predicted.stage}{refused})"
        if one.verdict == "other_messages":
            return "model: ends so, but sends something else"
        return f"rule: {one.predicted.refused_by.name}" if one.predicted.refused_by else ""

    def to_json(self) -> dict[str, Any]:
        """The explanation as data."""
        shares = {
            source: {"scenarios": total, "ends_predicted": ends, "messages_predicted": messages, "share": ends / total}
            for source, (total, ends, messages) in self.shares().items()
        }
        return {
            "source": self.source,
            "design": self.design.changes(),
            "decided_by": {name: list(scenarios) for name, scenarios in self.decided_by.items()},
            "predicted": shares,
            "mispredicted": [name for name, one in self.comparisons.items() if one.verdict != "predicted"],
        }


def explain(release: Release, plays: Sequence[Play], judgements: Sequence[Judgement]) -> Explanation:
    """The design of a client, and how well it predicts what was seen.

    The model is asked about every play that is told by messages alone: not about how messages travel, and not about
    what the attacker does in the browser.
    """
    seen = {one.scenario: observed(one) for one in judgements if one.outcome in STAGES}
    asked = {play.name: play for play in plays if play.name in seen and not play.twist and not play.bounce}
    known = clients().get(f"{release.software.known_as}=={release.version}")
    if known is not None:
        design, source, decided_by = known.design, "stored", known.decided_by
    else:
        from simulations.fitting import fit

        catalogued = {name: seen[name] for name, play in asked.items() if play.source == "catalogue"}
        found = fit(catalogued, [design_of(release)])
        design, source, decided_by = found.design, "fitted", found.evidence
    compared = {
        name: Comparison(name, seen[name], converse(design, play.scenario(_origins())))
        for name, play in asked.items()
    }
    return Explanation(design, source, decided_by, compared, {name: play.source for name, play in asked.items()})


def _origins() -> dict[str, str]:
    """The origins that the model uses, and more of their kind for the parties that only attack traces have."""
    from conformance.attacks import PARTIES

    return {**ORIGINS, **{name: f"http://127.0.0.1:{8100 + number}" for number, name in enumerate(PARTIES)}}


def asker() -> Ask:
    """Finds runs with the solver, and remembers them in the cache."""
    from openworld.cache import Cache, default_folder
    from openworld.jobs import Question
    from properties.security import find
    from properties.verdict import Checker

    cache, checker = Cache(default_folder()), Checker()

    def ask(name: str, configuration: Configuration) -> Trace | None:
        question = Question(name, str(configuration))
        known = cache.get(question)
        if known is None:
            # That there is none is found out at a fraction of the price of saying why.
            shows = "attack" if find(name).kind == "security" else "safe"
            if checker.result(name, configuration) != shows:
                return None
            known = checker.verdict(name, configuration)
            cache.put(question, known.to_json())
        return known.trace

    return ask


def design_of(release: Release) -> Design:
    """The stored design of a client, or that of its latest relative, or the baseline."""
    known = clients()
    exact = known.get(f"{release.software.known_as}=={release.version}")
    relatives = [one for name, one in known.items() if name.partition("==")[0] == release.software.known_as]
    return exact.design if exact else relatives[-1].design if relatives else Design()


def observed(judgement: Judgement) -> Observed:
    """A judgement in the terms in which measurements are compared with the model."""
    from conformance.judge import BROKEN_QUERY, TRIAL

    def requests(kind: str) -> tuple[Request, ...]:
        return tuple(
            Request(one.to, _placed(one.resources[-1]) if one.resources else NONE, "DPoP proof" in one.what)
            for one in judgement.sent
            if one.request == kind and TRIAL not in one.what
        )

    registrations = tuple(dict.fromkeys(one.to for one in judgement.sent if one.request == "register"))
    schemes = [one.what[0] for one in judgement.sent if one.request == "call"]
    first = next((one for one in judgement.sent if one.request == "authorize"), None)
    query = None if first is None else (len(first.resources), BROKEN_QUERY not in first.what)
    stage: Any = judgement.outcome
    return Observed(
        stage, registrations, requests("authorize"), requests("token"), schemes[-1] if schemes else "", query
    )


def _placed(text: str) -> str:
    """A URL at the origins that the model uses."""
    for name, origin in _origins().items():
        text = text.replace(f"{{{name}}}", origin)
    port = ORIGINS["rs"].rpartition(":")[2]
    return text.replace("https://", "http://").replace("{rs_port}", port) if "{rs_port}" in text else text
