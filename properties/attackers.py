"""Attackers by name: who stands against the named designs in a study, and what `cap=` may be called elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from model.model import Model, oauth

#: Names that attackers once had.
FORMERLY = {
    "malicious_as": "mal_as", "malicious_rs": "mal_rs", "malicious_rs_and_as": "mal_rs_and_as",
    "path_tenant": "mal_tenant", "malicious_client": "mal_client", "malicious_connector": "mal_connector",
}  # fmt: skip
#: Attackers by name, which is that of the capability where one is all: capabilities as in ``cap=``, and who that is.
_NAMED_ATTACKERS = {
    "none": ("none", "nobody is dishonest; what goes wrong goes wrong by itself"),
    "mal_as": ("mal_as", "runs an AS, named by a resource server that does nothing else and by no other"),
    "mal_rs": ("mal_rs", "runs a resource server that the agent visits"),
    "mal_rs_and_as": ("mal_as+mal_rs", "runs an AS and the resource server that names it"),
    "mal_tenant": ("mal_tenant", "is a tenant of a shared origin"),
    "mal_client": ("mal_client", "has a client of its own at the honest AS"),
    "mal_connector": ("mal_toolkit+naive_rp", "contributes a connector, and answers at others' callbacks"),
    "code_leak": ("code_leak", "reads authorization responses"),
    "request_leak": ("req_leak+state_leak", "reads authorization requests and the state of flows"),
    "phisher": ("lure+web", "has the user visit its pages and open authorization URLs of its making"),
    "token_thief": ("token_leak+proof_leak", "gets hold of access tokens and of whole requests"),
    "tampering": (
        "mal_as+hdr_inject+delivery_tamper+net_first_leg+net_rs_leg+old_as_compromised+open_redirect_at_r",
        "runs an AS and alters what resources say on the way",
    ),
    "client_host": (
        "hosting_upload+domain_takeover+open_redirect_client_domain+key_leak+local_app",
        "gets at the client's host, domain, keys or device",
    ),
}


class Attacker(NamedTuple):
    """A named set of capabilities."""

    capabilities: str
    meaning: str


@cache
def every_attacker(model: Model = oauth()) -> Mapping[str, Attacker]:
    """The named attackers whose capabilities exist, and one for each capability that none of them has."""
    known = {
        name: Attacker(caps, meaning)
        for name, (caps, meaning) in _NAMED_ATTACKERS.items()
        if caps == "none" or set(caps.split("+")) <= model.capabilities.keys()
    }
    used = {cap for attacker in known.values() for cap in attacker.capabilities.split("+")}
    return known | {cap: Attacker(cap, meaning) for cap, meaning in model.capabilities.items() if cap not in used}


def called(model: Model = oauth()) -> tuple[str, ...]:
    """All that an attacker may be called: by a name of its own, or by what it is able to do."""
    return tuple(dict.fromkeys([*every_attacker(model), *model.capabilities]))
