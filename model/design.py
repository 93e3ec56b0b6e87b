"""Designs and configurations: reading, checking and printing them.

A *design* gives every switch a value; ``party:switch=value`` gives one party another. A *configuration* is a design and
the attacker's capabilities, written ``key=value;key=value``; ``cap`` lists capabilities joined by ``+``, ``design``
names a stored configuration or a deployed client (:mod:`model.clients`) that later pairs override, ``world`` names a
world or a world file, and what is not listed stays at the baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from model.client_rows import UnknownClientError, client_rows, stored_name
from model.errors import InputError, hint, meant
from model.switches import CAPABILITIES, REPLACED, SWITCHES
from model.world import World


class ConfigurationError(InputError):
    """A configuration string that cannot be read; the message names the culprit and what is allowed."""


class Design(Mapping[str, str]):
    """A value for every switch; ``design.iss_check`` and ``design["iss_check"]`` are the same.

    Attributes:
        parties: what single parties do differently: ``(party, switch)`` to value. Whether a world has such a party, and
            in a role that has the switch, is for :func:`check_parties` to say.
    """

    __slots__ = ("_values", "parties")

    def __init__(
        self, values: Mapping[str, str] | None = None, parties: Mapping[tuple[str, str], str] | None = None
    ) -> None:
        merged = {name: switch.baseline for name, switch in SWITCHES.items()}
        for name, value in (values or {}).items():
            merged[name] = check_switch(name, value)
        self._values = MappingProxyType(merged)
        own = {(party, name): check_switch(name, value) for (party, name), value in (parties or {}).items()}
        self.parties: Mapping[tuple[str, str], str] = MappingProxyType(own)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __getattr__(self, name: str) -> str:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Design):
            return dict(self._values) == dict(other._values) and self.parties == other.parties
        return NotImplemented

    def __hash__(self) -> int:
        return hash((tuple(self._values.values()), frozenset(self.parties.items())))

    def __reduce__(self) -> tuple[object, ...]:
        return Design, (dict(self._values), dict(self.parties))

    def but(self, **changes: str) -> Design:
        """The same design with some switches changed."""
        return Design({**self._values, **changes}, self.parties)

    def changes(self) -> dict[str, str]:
        """The switches that are not at their baseline."""
        return {name: value for name, value in self.items() if value != SWITCHES[name].baseline}

    def of(self, name: str) -> str:
        """The value of a switch, or of one party's (``party:switch``)."""
        party, _, switch = name.rpartition(":")
        return self.parties[party, switch] if party else self._values[switch]

    def own(self) -> dict[str, str]:
        """What single parties do differently, as configurations write it."""
        return {f"{party}:{name}": value for (party, name), value in self.parties.items()}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A design, what the attacker can do, and the world to ask in where that is not left to the question."""

    design: Design
    capabilities: frozenset[str]
    world: str = ""

    def __str__(self) -> str:
        caps = "+".join(name for name in CAPABILITIES if name in self.capabilities) or "none"
        where = [f"world={self.world}"] if self.world else []
        said = {**self.design.changes(), **self.design.own()}
        return ";".join([f"cap={caps}", *where, *(f"{k}={v}" for k, v in said.items())])


def check_switch(name: str, value: str) -> str:
    """The value, if the switch exists and has it.

    Raises:
        ConfigurationError: naming the switch or value and what is allowed.
    """
    if name in REPLACED:
        raise ConfigurationError(f"there is no switch {name!r} any more: it is {REPLACED[name]!r} now")
    if name not in SWITCHES:
        raise ConfigurationError(f"unknown switch {name!r}{hint(name, SWITCHES)}")
    if value not in SWITCHES[name].values:
        raise ConfigurationError(f"switch {name!r} has no value {value!r}{hint(value, SWITCHES[name].values)}")
    return value


def check_parties(design: Design, world: World) -> None:
    """Make sure that a world has every party that a design sets a switch for, in a role that has the switch.

    Raises:
        ConfigurationError: naming the party or the switch and what is allowed.
    """
    for party, name in design.parties:
        if party not in world.by_name:
            raise ConfigurationError(f"world {world.name!r} has no party {party!r}{hint(party, world.by_name)}")
        role = world.by_name[party].role
        if role not in SWITCHES[name].roles:
            roles = " or ".join(SWITCHES[name].roles) or "nobody alone, but of everybody"
            article = "an" if role[0] in "aeiou" else "a"
            said = f"{party!r} is {article} {role}, and switch {name!r} is of {roles}"
            raise ConfigurationError(f"{party}:{name}: {said}")


def parse_capabilities(text: str) -> frozenset[str]:
    """Capabilities from ``mal_as+lure`` or ``none``.

    Raises:
        ConfigurationError: naming the unknown, doubled or contradictory capability.
    """
    names = text.split("+")
    if names == ["none"]:
        return frozenset()
    for name in names:
        if name not in CAPABILITIES:
            allowed = [*CAPABILITIES, "none"]
            raise ConfigurationError(f"unknown capability {name!r} in cap={text!r}{hint(name, allowed)}")
        if names.count(name) > 1:
            raise ConfigurationError(f"capability {name!r} given twice in cap={text!r}")
    return frozenset(names)


def parse(text: str, designs: Mapping[str, str] | None = None) -> Configuration:
    """Read a configuration string (order free, unlisted switches at the baseline).

    Raises:
        ConfigurationError: an unknown key or value, a key given twice, or a pair without ``=``.
    """
    values = expanded(text, NAMED_DESIGNS if designs is None else designs)
    capabilities = parse_capabilities(values.pop("cap", "none"))
    world = values.pop("world", "")
    shared = {key: value for key, value in values.items() if ":" not in key}
    own = {(key.partition(":")[0], key.partition(":")[2]): value for key, value in values.items() if ":" in key}
    return Configuration(Design(shared, own), capabilities, world)


def expanded(text: str, designs: Mapping[str, str]) -> dict[str, str]:
    """What a configuration says, the design that it names written out.

    Raises:
        ConfigurationError: a pair without ``=``, a key given twice, or an unknown design.
    """
    pairs = dict(_pairs(text))
    stored = _stored(pairs.pop("design"), designs) if "design" in pairs else {}
    return {**stored, **pairs}


def named_switches(text: str) -> frozenset[str]:
    """The switches for everybody that a configuration names, itself or by the design that it starts from."""
    return frozenset(name for name in expanded(text, NAMED_DESIGNS) if name in SWITCHES)


def own_switches(text: str) -> list[str]:
    """The switches that a configuration names itself, for everybody or for a party, as they stand."""
    names = (name.rpartition(":")[2] for name, _ in _pairs(text))
    return [name for name in names if name in SWITCHES]


def _stored(name: str, designs: Mapping[str, str]) -> dict[str, str]:
    """The configuration stored under a name, or the design of a deployed client."""
    name = FORMERLY.get(name, name)
    if name in designs:
        return dict(_pairs(designs[name]))
    try:
        decided = client_rows()[stored_name(name)].decided
    except UnknownClientError:
        near = meant(name, [*designs, *client_rows()])
        known = f"{', '.join(designs)}, or a client that `openworld clients` lists"
        raise ConfigurationError(f"unknown design {name!r}{near}; allowed: {known}") from None
    return {name: value for name, value in decided.items() if value != SWITCHES[name].baseline}


def parse_switches(text: str) -> dict[str, str]:
    """The switches that a configuration string names, those at their baseline and those of single parties included.

    Besides switches it may name a world, and nothing else.

    Raises:
        ConfigurationError: as :func:`parse` does.
    """
    pairs = {name: value for name, value in _pairs(text) if name != "world"}
    for name, value in pairs.items():
        check_switch(name.rpartition(":")[2], value)
    return pairs


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for part in text.split(";"):
        if not part.strip():
            continue
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not value:
            raise ConfigurationError(f"expected key=value, found {part.strip()!r}")
        if key in seen:
            raise ConfigurationError(f"key {key!r} given twice")
        seen.add(key)
        yield key, value


#: Named designs: what each stands for is in DESIGN_NOTES.
NAMED_DESIGNS: dict[str, str] = {
    "rfc6749": "prm=off;reg=static;pkce=off;pkce_as=lax;iss_check=off;h_iss=no;resource_indicator=off;"
    "as_resource=ignore;audience_check=off;client_auth=secret;rt_resource_bound=no",
    "oauth21": "prm=off;reg=static;pkce=s256;iss_check=if_present;client_auth=secret;"
    "resource_indicator=off;as_resource=ignore",
    "dcr": "prm=off;reg=dcr;iss_check=if_present;resource_indicator=off;as_resource=ignore",
    "prm_cimd": "prm=exact;reg=cimd",
    "prm_cimd_prefix": "prm=prefix;reg=cimd",
    "prm_cimd_echo": "prm=exact;reg=cimd;echo=req",
    "gaps_closed": "prm=prefix;reg=cimd;echo=req",
    "gaps_closed_dpop": "prm=prefix;reg=cimd;echo=req;dpop=token;r_requires_dpop=yes",
    "mcp": "prm=exact;prm_unchallenged=path+root;reg=cimd;iss_check=advertised;pkce_policy=always;pkce_listed=required;"
    "rt_pin=on;cred_pin=on;scope_request=advertised;step_up=on;consent_ui=redirect_host",
    "fapi2": "prm=off;reg=static;client_auth=pkjwt;assertion_aud=issuer;par=required;iss_check=require;state=off;"
    "dpop=token+code;r_requires_dpop=yes;as_trust=allowlist",
    "spiffe": "prm=exact;reg=cimd;client_auth=attest;as_trust=allowlist;iss_check=require;instance=workload",
    "sufficient": "prm=exact;rs_as_bind=on;md_issuer_check=on;iss_check=require;callback_bind=on;assertion_aud=issuer;"
    "dpop=token+code;rs_htu=on;rs_trust=allowlist",
    "aauth": "protocol=aauth;instance=derived;exchange=own;rs_trust=any;subject_ns=iss+sub;consent_ui=client_id_host",
    "federated": "prm=exact;reg=federation;as_trust=federation;rs_trust=federation;"
    "signed_metadata=anchored_req;client_auth=pkjwt;e_enrolled=yes;iss_check=require",
}

#: Names that designs once had, which files and links may still have.
FORMERLY = {"baseline": "sufficient"}

DESIGN_NOTES: dict[str, tuple[str, str]] = {
    "rfc6749": ("closed world, static registration, no PKCE, bearer tokens", "RFC 6749"),
    "oauth21": ("closed world after OAuth 2.1", "draft-ietf-oauth-v2-1-16, in progress 2026-05"),
    "dcr": ("AS metadata and open dynamic registration, no resource metadata", "RFC 8414; RFC 7591"),
    "prm_cimd": ("exact resource metadata and client ID metadata documents: the published state",
                 "RFC 9728; draft-ietf-oauth-client-id-metadata-document-03"),
    "prm_cimd_prefix": ("the same with prefix matching", "draft-mcguinness-oauth-rfc9728bis-01"),
    "prm_cimd_echo": ("prm_cimd with the resource echo as the draft words it",
                      "draft-mcguinness-oauth-resource-token-resp-03"),
    "gaps_closed": ("prefix matching and echo together", "rfc9728bis-01; resource-token-resp-03"),
    "gaps_closed_dpop": ("the same, and every token sender-constrained", "RFC 9449"),
    "mcp": ("MCP authorization as written: refuses AS without S256, asks for the scopes it is told of, and has users "
            "shown where they are sent back to", "MCP authorization 2026-07-28"),
    "fapi2": ("FAPI 2.0 Security Profile (closed world)", "FAPI 2.0 Security Profile, final of 2025-02"),
    "spiffe": ("clients authenticate as attested workloads", "draft-ietf-oauth-spiffe-client-auth-02"),
    "sufficient": ("the smallest set of mechanisms that leaves a malicious AS, RS and tenant no way in, whatever the "
                   "environment; derived by properties/designs.py", "findings.md"),
    "aauth": ("signed requests, resource tokens and person servers: the clean-slate comparison",
              "draft-hardt-oauth-aauth-protocol, repository of 2026-08-20"),
    "federated": ("OpenID Federation as the trust anchor on both sides", "OpenID Federation 1.0, 2026-02"),
}  # fmt: skip

#: Environments in which a design may have to be usable and to hold, each a few switches: the kindest, those that differ
#: from it in one way, that of products (most AS ignore `resource`, send no iss, echo nothing), and that of strangers,
#: in which a client knows nobody and nobody knows it.
DEPLOYMENTS: dict[str, dict[str, str]] = {
    "plain": {},
    "multi_path_api": {"api": "multi_path"},
    "as_without_iss": {"h_iss": "no"},
    "as_ignores_resource": {"as_resource": "ignore"},
    "as_without_echo": {"as_echo": "no"},
    "as_generalises": {"as_resource": "generalise"},
    "rs_requires_dpop": {"r_requires_dpop": "yes"},
    "rs_refuses_default": {"default_audience": "refuse"},
    "host_audiences": {"audience_check": "prefix"},
    "host_wide_api": {"host_app": "yes", "host_registered": "yes"},
    "products": {"h_iss": "no", "as_resource": "ignore", "as_echo": "no"},
    "strangers": {
        "listed": "no",
        "anchored": "no",
        "attested": "no",
        "preregistered": "no",
        "trust_domain": "no",
        "certified": "no",
        "configured": "no",
    },
}
