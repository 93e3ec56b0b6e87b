"""Deployed clients as the study and its figures show them: what is proved of each, and what each was seen to do."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from deployed.behaviour import measured
from model import scenario
from model.clients import clients, find
from model.design import parse
from model.model import Model, oauth
from openworld.jobs import answers_once
from properties.reads import alike_in_worlds
from properties.security import find as find_property

#: Where a conversation ended, in a word or two.
ENDS = {
    "A": "accepted",
    "d": "refused at discovery",
    "a": "refused at the response",
    "t": "refused at the token",
    "x": "failed at the resource",
}


class Situation(NamedTuple):
    """A question that every client is asked: in words, the property, and who is there beside the client."""

    words: str
    property: str
    configuration: str


#: An AS "borrows" the honest authorization endpoint by naming it in its metadata; else it sends the browser on there.
SITUATIONS = (
    Situation("malicious AS borrows the endpoint; iss is sent", "code_delivery", "cap=mal_as;splice=yes;h_iss=yes"),
    Situation("malicious AS borrows the endpoint; no iss", "code_delivery", "cap=mal_as;splice=yes;h_iss=no"),
    Situation("malicious AS sends the browser on; iss is sent", "code_delivery", "cap=mal_as;splice=no;h_iss=yes"),
    Situation("malicious AS sends the browser on; no iss", "code_delivery", "cap=mal_as;splice=no;h_iss=no"),
    Situation("malicious AS; iss is sent", "authorization", "cap=mal_as;h_iss=yes"),
    Situation("malicious AS; no iss", "authorization", "cap=mal_as;h_iss=no"),
    Situation("malicious RS with an AS of its own", "authorization", "cap=mal_rs+mal_as"),
    Situation("access token stolen", "authorization", "cap=token_leak"),
    Situation("malicious RS; AS honours resource", "token_confinement", "cap=mal_rs"),
    Situation("malicious RS; AS ignores resource", "token_confinement", "cap=mal_rs;as_resource=ignore"),
    Situation("malicious tenant; host-level audiences", "token_confinement", "cap=mal_tenant;audience_check=prefix"),
    Situation("malicious tenant", "discovery_integrity", "cap=mal_tenant"),
    Situation("attacker's page opens the callback", "session_integrity", "cap=web"),
    Situation("honest API, one document for many paths", "first_contact", "api=multi_path"),
    Situation("honest AS, no iss", "first_contact", "h_iss=no"),
)


def latest() -> tuple[str, ...]:
    """The last version of every client of which there is a design, as ``implementation==version``."""
    return tuple(dict.fromkeys(find(name.partition("==")[0]).name for name in clients()))


class ClientCase(NamedTuple):
    """A client in a situation."""

    client: str
    situation: Situation
    model: Model = oauth()

    @property
    def configuration(self) -> str:
        """As the command line takes it."""
        return f"design={self.client};{self.situation.configuration}"

    @property
    def key(self) -> tuple[str, str]:
        """What the verdict depends on: worlds do not tell apart all that implementations do."""
        asked, switches = parse(self.configuration, self.model), self.model.switches
        usual = {name: switches[name].baseline for name in alike_in_worlds()}
        return self.situation.property, str(replace(asked, design=asked.design.but(**usual)))


def cases(of: Iterable[str] | None = None, model: Model = oauth()) -> list[ClientCase]:
    """Every client (by default every one that is known, in its last version) in every situation."""
    clients_ = latest() if of is None else of
    return [ClientCase(client, situation, model) for client in clients_ for situation in SITUATIONS]


def judged(
    asked: list[ClientCase], workers: int, timeout: float | None = None, model: Model = oauth()
) -> Generator[dict[str, Any]]:
    """A row of the table for each case, in order, as they come in; questions that come to the same are asked once."""
    with closing(answers_once(asked, workers, timeout, model=model)) as replies:
        for case, reply in replies:
            yield _row(case, reply.data)


def _row(case: ClientCase, data: dict[str, Any]) -> dict[str, Any]:
    prop = find_property(case.situation.property, case.model)
    return {
        "client": case.client,
        "code": prop.code,
        "property": prop.name,
        "kind": prop.kind,
        "situation": case.situation.words,
        "configuration": case.configuration,
        "verdict": data["verdict"],
        "reason": data["reason"],
        "not_read": " ".join(data["not_read"]),
        "reach": data["reach"],
        "steps": data["steps"],
        "blocked_by": " ".join(data["blocked_by"]),
    }


def ended() -> pd.DataFrame:
    """Where the last version of every client was seen to end in each scenario: a row for each that was tried.

    ``misdelivered``: a code went to another party than the one that issued it.
    """
    rows = [
        (name.partition("_")[0], scenario.load(name).about, client, seen.stage, ENDS[seen.stage], seen.misdelivered)
        for name in scenario.names()
        for client in latest()
        if (seen := measured().get(client, {}).get(name)) is not None
    ]
    return pd.DataFrame(rows, columns=["scenario", "about", "client", "stage", "end", "misdelivered"])
