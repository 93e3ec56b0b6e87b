"""What deployed clients did, scenario by scenario, and what the model says that they do.

The measurements are in ``data/client_behaviour.csv``: for each client (an implementation in a version) and scenario
where it ended and what it sent on the way. The prediction is :func:`model.conversation.converse` for the design that
:mod:`model.clients` has of that client. What some of them did when one field of an honest answer was another is in
``data/client_mutations.csv``.
"""

import csv
import datetime
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal
from urllib.parse import parse_qsl

from model import scenario
from model.clients import DeployedClient
from model.conversation import Conversation, Stage, converse
from model.part import PROOF, Part
from model.scenario import ORIGINS
from model.switches import SWITCHES
from model.turns import Turn, misdelivered, visible

#: How the words of the file begin for each stage; a harness that ran out of time says how far the client came.
_STAGES: dict[str, Stage] = {
    "ACCEPT": "A", "REJ-discovery": "d", "REJ-authz-resp": "a", "REJ-token": "t", "FAIL-at-RS": "x",
    "HARNESS-TIMEOUT": "a",
}  # fmt: skip
#: When the stored clients were measured (data/README.md has how).
MEASURED = datetime.date(2026, 11, 24)
#: Scenarios of which only the discovery was tried.
DISCOVERY_ONLY = "AT"


@dataclass(frozen=True, slots=True)
class Observed:
    """What a client was seen to do: where it ended and what it sent where.

    ``query`` is, where it was looked at, how many `resource` values the authorization request carried and whether its
    query was well formed. ``discovery_only`` says that no more was tried, so that what follows is unknown. ``source``
    is where in its code the behaviour comes from. ``fetched`` is where it looked for documents, each place once, where
    that was recorded.
    """

    stage: Stage
    sent: tuple[Turn, ...] = ()
    query: tuple[int, bool] | None = None
    discovery_only: bool = False
    source: str = ""
    fetched: tuple[str, ...] | None = None

    @property
    def misdelivered(self) -> bool:
        """Whether a code was sent to another party than the one that issued it."""
        return misdelivered(self.sent)


#: Clients that are another one with a different setting. Of these only what the setting may change was measured.
SETTINGS = {
    "ts-client-v2-nodisc": "ts-client-v2",
    "ts-client-v2-dpop": "ts-client-v2",
    "oauth4webapi-dpop": "oauth4webapi",
}

Verdict = Literal["predicted", "other_messages", "other_end"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measurement beside the prediction."""

    scenario: str
    observed: Observed
    predicted: Conversation

    @property
    def verdict(self) -> Verdict:
        """Whether all was predicted, or the end alone, or not even that."""
        if not self.end_predicted:
            return "other_end"
        return "predicted" if all(sent_as(self.predicted, self.observed)) else "other_messages"

    @property
    def fetches_predicted(self) -> bool:
        """Whether the client looked for documents where the model says, as far as that was recorded."""
        return fetched_as(self.predicted, self.observed)

    @property
    def whole(self) -> bool:
        """Whether the client ended where the model says, and made every request that it says and no other."""
        return self.verdict == "predicted" and self.fetches_predicted

    @property
    def difference(self) -> tuple[str, ...]:
        """The requests that only the model makes (``-``), and those that only the client made (``+``)."""
        looked = self.observed.fetched is not None
        expected = _requests(self.predicted if looked else replace(self.predicted, fetched=()))
        made = _requests(self.observed)
        return (*(f"- {one}" for one in expected - made), *(f"+ {one}" for one in made - expected))

    @property
    def end_predicted(self) -> bool:
        """Whether the client ended where the model says."""
        return ends_as(self.predicted, self.observed)


def ends_as(predicted: Conversation, observed: Observed) -> bool:
    """Whether the client ended where the model says, as far as that was tried."""
    if observed.discovery_only:
        return (predicted.stage == "d") == (observed.stage == "d")
    return predicted.stage == observed.stage


def fetched_as(predicted: Conversation, observed: Observed) -> bool:
    """Whether the client looked for documents where the model says, as far as that was recorded."""
    return observed.fetched in (None, predicted.fetched)


def _requests(one: Conversation | Observed) -> Counter[str]:
    """Every request by how often it was made: where documents were looked for, and what a measurement sees else."""
    registered, authorized, redeemed, scheme = visible(one.sent)
    called = [f"call with {scheme}"] if scheme else []
    turns = [f"register@{to}" for to in registered] + [str(turn) for turn in (*authorized, *redeemed)] + called
    return Counter(placed(text) for text in (*(f"fetch {url}" for url in one.fetched or ()), *turns))


def placed(text: str) -> str:
    """Return a text with the names of the parties in place of their origins."""
    for name, origin in ORIGINS.items():
        text = text.replace(origin, f"{{{name}}}")
    return text


def sent_as(predicted: Conversation, observed: Observed) -> tuple[bool, ...]:
    """Whether the client sent what the model says to whom it says: registrations, authorization and token requests,
    how the token was presented, and the query of the authorization request."""
    if observed.discovery_only:
        return ()
    *requests, scheme = visible(predicted.sent)
    *others, presented = visible(observed.sent)
    return (
        *(one == other for one, other in zip(requests, others, strict=True)),
        not presented or scheme == presented,
        observed.query is None or (bool(predicted.urls) and _query(predicted.urls[0]) == observed.query),
    )


def _query(url: str) -> tuple[int, bool]:
    query = url.partition("?")[2]
    well_formed = "?" not in query and "response_type" in dict(parse_qsl(query))
    return len(re.findall(r"(?:^|[?&])resource=", query)), well_formed


@cache
def measured() -> Mapping[str, Mapping[str, Observed]]:
    """What was seen of each client, as ``implementation==version``, in each scenario that was tried on it."""
    return _file("client_behaviour.csv", scenario.names())


@cache
def mutated() -> Mapping[str, Mapping[str, Observed]]:
    """The same for single-field mutations, which were tried on few clients."""
    return _file("client_mutations.csv", scenario.mutation_names())


def everything() -> Mapping[str, Mapping[str, Observed]]:
    """All that was seen of each client."""
    return {name: {**seen, **mutated().get(name, {})} for name, seen in measured().items()}


def _file(name: str, scenarios: Iterable[str]) -> Mapping[str, Mapping[str, Observed]]:
    known = set(scenarios)
    found: dict[str, dict[str, Observed]] = {}
    lines = files("deployed").joinpath("data", name).read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(lines):
        observed = read_row(**row) if row["scenario"] in known else None
        if observed is not None:
            found.setdefault(f"{row['implementation']}=={row['version']}", {})[row["scenario"]] = observed
    return found


def read_row(scenario: str, outcome: str, where_in_code: str, **_: str) -> Observed | None:
    """A row of such a file, or nothing where the scenario was not tried in full."""
    stage = next((stage for words, stage in _STAGES.items() if outcome.startswith(words)), None)
    if stage is None:
        return None
    parts = [part.strip() for part in outcome.split(";")]

    def after(start: str) -> str:
        return next((part.removeprefix(start) for part in parts if part.startswith(start)), "")

    sent = [Turn("register", party) for party in filter(None, after("DCR@").split(","))]
    sent += [_request("authorize", item) for item in _items(after("authz@"))]
    sent += [_request("token", item) for item in _items(after("token@"))]
    if scheme := after("scheme="):
        sent.append(Turn("call", "rs", "", (), (Part("scheme", scheme),)))
    fetched = next((part for part in parts if part.startswith("get=")), None)
    query = re.search(r"resource params in query=(\d+) response_type intact=(\w+)", outcome)
    return Observed(
        stage,
        tuple(sent),
        (int(query[1]), query[2] == "True") if query else None,
        scenario.startswith(DISCOVERY_ONLY),
        where_in_code,
        None if fetched is None else tuple(map(_placed, filter(None, fetched.removeprefix("get=").split(",")))),
    )


def _items(text: str) -> list[str]:
    return re.split(r",(?=(?:rs|as1|as2|evil) resource=)", text) if text else []


def _request(request: str, text: str) -> Turn:
    words = re.fullmatch(r"(\w+) resource=(\S+)(.*)", text)
    if words is None:
        raise ValueError(f"not a request: {text!r}")
    resources = () if words[2] == "None" else (_placed(words[2]),)
    return Turn(request, words[1], "", resources, (PROOF,) if "DPoP-proof" in words[3] else ())


def _placed(url: str) -> str:
    """A URL of the file at the origins that the model uses."""
    for name, origin in ORIGINS.items():
        url = url.replace(f"{{{name}}}", origin)
    return re.sub(r"127\.0\.0\.1:\d+", ORIGINS["rs"].partition("://")[2], url) if "@" in url else url


def compare(design: Mapping[str, str], observed: Mapping[str, Observed]) -> tuple[Comparison, ...]:
    """Each measurement beside what the model says of a client of this design."""
    return tuple(Comparison(name, seen, converse(design, scenario.load(name))) for name, seen in observed.items())


def unseen(known: DeployedClient, observed: Mapping[str, Observed]) -> tuple[Comparison, ...]:
    """The same as if each scenario had not been seen: switches that it alone decided are at their baseline."""
    found = []
    for name, seen in observed.items():
        alone = (scenario.short(name),)
        undecided = {switch: SWITCHES[switch].baseline for switch, ids in known.decided_by.items() if ids == alone}
        found.append(Comparison(name, seen, converse(known.design.but(**undecided), scenario.load(name))))
    return tuple(found)
