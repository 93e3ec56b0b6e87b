"""What a run of a client comes to: lines of text, data, and JUnit's XML."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from conformance.expected import Expected
from conformance.judge import OUTCOMES, Judgement
from conformance.junit import Case, document
from deployed.missing import Overlooked, overlooked
from model.part import BROKEN_QUERY, PROOF, TRIAL
from model.scenario import Scenario, short

#: The sources of scenarios that have a name.
TOLD = ("catalogue", "mutation", "pair", "file")
#: Scenarios by name.
Own = Mapping[str, Scenario] | None


def lines(
    judgements: Sequence[Judgement], remarks: dict[str, str], host: Sequence[str] = (), own: Own = None
) -> Iterator[str]:
    """One line for each scenario, then a summary; ``host``: the switches that the client's host decides."""
    width = max((len(one.scenario) for one in judgements), default=0)
    for one in judgements:
        sent = "; ".join(map(str, one.sent))
        yield f"{one.scenario:<{width}}  {one.outcome}  {_remark(one)}".rstrip()
        if sent:
            yield f"{'':<{width}}     {sent}"
        if remarks.get(one.scenario):
            yield f"{'':<{width}}     {remarks[one.scenario]}"
    yield ""
    yield from summary(judgements, host, own)


def _remark(one: Judgement) -> str:
    ended = f"[{one.why}] " if not one.measured else "" if one.ended == "finished" else f"[{one.ended}] "
    falls = f"falls for {', '.join(one.attacks)}" if one.attacks else ""
    error = " ".join(one.error.split())
    ended += "[its call was no JSON-RPC] " if one.facts.get("not_json_rpc") else ""
    return ended + (falls or (error[:160] + "..." if len(error) > 160 else error))


def summary(judgements: Sequence[Judgement], host: Sequence[str] = (), own: Own = None) -> Iterator[str]:
    """How often each outcome came, what MUST have been refused and was not, and what the client falls for."""
    counts = Counter(one.outcome for one in judgements)
    for letter, meaning in OUTCOMES.items():
        if counts[letter]:
            yield f"{counts[letter]:4} {letter}  {meaning}"
    for found in not_refused(judgements, host, own):
        whose = " (the host's choice)" if found.host else ""
        where = " ".join(map(short, found.scenarios))
        yield f"not refused by {found.rule.name}{whose}, {', '.join(found.levels)}: {where}"
    for attack, names in falls_for(judgements).items():
        yield f"falls for {attack}: {', '.join(names)}"
    traces = [one for one in judgements if one.source == "attack" and one.measured]
    if traces:
        falls = sum(bool(one.attacks) for one in traces)
        others = [one for one in traces if set(one.expected) != set(one.attacks)]
        agreeing = len(traces) - len(others)
        yield f"{len(traces)} attack traces: falls for {falls}; in {agreeing} loses the properties that the model says"
        for one in others:
            yield f"  {one.scenario}: loses {_listed(one.attacks)}; the model says {_listed(one.expected)}"


def _listed(properties: Sequence[str]) -> str:
    return ", ".join(sorted(properties)) or "nothing"


def not_refused(judgements: Sequence[Judgement], host: Sequence[str] = (), own: Own = None) -> list[Overlooked]:
    """What a client MUST refuse in scenarios, and this one did not; ``own``: those that are none of the catalogue."""
    return overlooked({one.scenario: one.outcome for one in judgements if one.source in TOLD}, host, own)


def falls_for(judgements: Sequence[Judgement]) -> dict[str, list[str]]:
    """The properties that were violated, each with the scenarios in which they were."""
    found: dict[str, list[str]] = {}
    for one in judgements:
        for attack in one.attacks:
            found.setdefault(attack, []).append(one.scenario)
    return found


def data(
    client: str, judgements: Sequence[Judgement], host: Sequence[str] = (), own: Own = None, **more: Any
) -> dict[str, Any]:
    """The run as data."""
    return {
        "client": client,
        "outcomes": dict(Counter(one.outcome for one in judgements)),
        "not_measured": {one.scenario: one.why for one in judgements if not one.measured},
        "not_refused": [
            {"rule": one.rule.name, "levels": one.levels, "scenarios": one.scenarios, "host": one.host}
            for one in not_refused(judgements, host, own)
        ],
        "falls_for": falls_for(judgements),
        "host": list(host),
        **more,
        "scenarios": [one.to_json() for one in judgements],
    }


#: How the tables of what was measured (``deployed/data/client_behaviour.csv``) begin to tell each outcome.
_WORDS = {"A": "ACCEPT", "d": "REJ-discovery", "a": "REJ-authz-resp", "t": "REJ-token", "x": "FAIL-at-RS"}


def table(known_as: str, version: str, judgements: Sequence[Judgement]) -> str:
    """The run as rows of the table of what was measured, for scenarios that were tried; others are read as nothing."""
    told = (
        "; ".join(_told(one)) if one.outcome in _WORDS else f"NOT-MEASURED: {one.why}" if not one.measured else ""
        for one in judgements
    )
    rows = ((known_as, version, one.scenario, said, "") for one, said in zip(judgements, told, strict=True) if said)
    return csv_text(("implementation", "version", "scenario", "outcome", "where_in_code"), rows)


def losses(known_as: str, version: str, judgements: Sequence[Judgement]) -> str:
    """The attack traces of a run as rows of a table: what is lost in each, and what the model says."""
    rows = (
        (known_as, version, one.scenario, *(" ".join(sorted(properties)) for properties in (one.attacks, one.expected)))
        for one in judgements
        if one.source == "attack" and one.measured
    )
    return csv_text(("implementation", "version", "trace", "lost", "expected"), rows)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows((columns, *rows))
    return text.getvalue()


def _told(one: Judgement) -> Iterator[str]:
    """An outcome in the words of the table: where it ended, what was sent where, and the error."""
    yield _WORDS[one.outcome]
    own = [sent for sent in one.sent if TRIAL not in sent.what]
    for kind, request in (("authz", "authorize"), ("token", "token")):
        sent = [
            f"{made.to} resource={made.resources[-1] if made.resources else None}"
            + "".join(f" grant={part.of}" for part in made.what if part.kind == "grant")
            + (" DPoP-proof" if PROOF in made.what else "")
            for made in own
            if made.request == request
        ]
        if sent:
            yield f"{kind}@{','.join(sent)}"
    schemes = [made.scheme for made in own if made.request == "call"]
    if schemes:
        yield f"scheme={schemes[-1]}"
    registered = dict.fromkeys(made.to for made in own if made.request == "register")
    if registered:
        yield f"DCR@{','.join(registered)}"
    first = next((made for made in own if made.request == "authorize"), None)
    if first is not None:
        yield f"resource params in query={len(first.resources)} response_type intact={BROKEN_QUERY not in first.what}"
    if one.fetched is not None:
        yield f"get={','.join(one.fetched)}"
    if one.error:
        yield f"err: {' '.join(one.error.split()).replace(';', ',')[:120]}"


def junit(runs: Mapping[str, tuple[Sequence[Judgement], Expected | None]]) -> str:
    """Runs as JUnit XML, by client, with what is expected of it."""
    return document("openworld conform", ((client, _cases(client, *run)) for client, run in runs.items()))


def _cases(client: str, judgements: Sequence[Judgement], expected: Expected | None) -> list[Case]:
    """A scenario fails where the client falls for an attack; one not measured is an error.

    Where something is expected of the client, a scenario fails that went otherwise, and no other.
    """
    changes = None if expected is None else expected.changes(judgements)
    found = []
    for one in judgements:
        falls = f"falls for {', '.join(one.attacks)}" if one.attacks else ""
        complaint = falls if changes is None else changes.get(one.scenario, "")
        text = "\n".join([*map(str, one.sent), one.error])
        if one.outcome == "n":
            result, message = "skipped", one.error
        elif complaint:
            result, message = "failure", complaint
        elif not one.measured:
            result, message = "error", f"not measured: {one.why}"
        else:
            why = "" if expected is None else expected.because.get(one.scenario, "")
            told = f"{falls}, accepted because: {why}\n" if why else ""
            result, message, text = "", "", f"{one.outcome}: {OUTCOMES[one.outcome]}\n{told}{text}"
        about = {"classname": client, "name": one.scenario}
        found.append(Case(about, result, {"message": message} if result else {}, text))
    return found
