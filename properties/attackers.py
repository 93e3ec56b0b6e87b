"""Attackers by name: those of a study, and the one that a question about security is about where it names none."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from model.design import Configuration, expanded, parse
from model.model import Model, oauth
from model.switches import BCP_ATTACKERS, DEFAULT_ATTACKER
from properties.security import Property

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
    return tuple(dict.fromkeys([*every_attacker(model), *model.capabilities, *BCP_ATTACKERS]))


def configured(prop: Property, text: str, model: Model = oauth()) -> Configuration:
    """A configuration as somebody asks about it: of a security property that names no attacker, against A1.

    RFC 9700 section 3 counts on that attacker always; with ``cap=none`` nobody is dishonest.
    """
    made = parse(text, model)
    if prop.kind == "utility" or "cap" in expanded(text, model):
        return made
    return replace(made, capabilities=BCP_ATTACKERS[DEFAULT_ATTACKER].capabilities)


def of_bcp(capabilities: frozenset[str]) -> str:
    """Which attackers of RFC 9700 have together just these capabilities, in words; empty if none have."""
    those = {name: each for name, each in BCP_ATTACKERS.items() if each.capabilities <= capabilities}
    most = {
        name: each
        for name, each in those.items()
        if not any(each.capabilities < other.capabilities for other in those.values())
    }
    if not most or frozenset[str]().union(*(each.capabilities for each in most.values())) != capabilities:
        return ""
    asked = "; the one in question where none is named" if [*most] == [DEFAULT_ATTACKER] else ""
    said = " and ".join(f"{name} ({each.number}), who {each.meaning}" for name, each in most.items())
    return f"of RFC 9700 3: {said}{asked}"
