"""Designs and configurations: reading, checking and printing them.

A *design* gives every switch a value; ``party:switch=value`` gives one party another. A *configuration* is a design and
the attacker's capabilities, written ``key=value;key=value``; ``cap`` lists capabilities, or attackers of RFC 9700
section 3 by name or number, joined by ``+``, ``design`` names a stored configuration or a deployed client
(:mod:`model.clients`) and ``draft`` texts (:mod:`model.drafts`, joined by ``+``), which later pairs override, ``by``
the roles that alone do what those ask, ``world`` names a world or a world file, and what is not listed stays
at the baseline. Without ``cap`` nobody is dishonest; who is where somebody asks says :mod:`properties.attackers`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from model.client_rows import UnknownClientError, client_rows, stored_name
from model.drafts import TEXTS, Obligation
from model.errors import hint, meant
from model.model import Model, oauth
from model.named_designs import FORMERLY
from model.switches import BCP_ATTACKERS, EVERYBODY, ROLES, ConfigurationError, attacker_named, check_switch
from model.switching import Switches
from model.world import World


class Design(Switches[str], Mapping[str, str]):
    """A value for every switch; ``design.iss_check`` and ``design["iss_check"]`` are the same.

    Attributes:
        parties: what single parties do differently: ``(party, switch)`` to value. Whether a world has such a party, and
            in a role that has the switch, is for :func:`check_parties` to say.
        model: whose switches these are; without one, those of the model that ships.
    """

    __slots__ = ("_values", "model", "parties")

    def __init__(
        self,
        values: Mapping[str, str] | None = None,
        parties: Mapping[tuple[str, str], str] | None = None,
        model: Model = oauth(),
    ) -> None:
        self.model, switches = model, model.switches
        merged = {name: switch.baseline for name, switch in switches.items()}
        for name, value in (values or {}).items():
            merged[name] = check_switch(name, value, switches)
        self._values = MappingProxyType(merged)
        own = {(party, name): check_switch(name, value, switches) for (party, name), value in (parties or {}).items()}
        self.parties: Mapping[tuple[str, str], str] = MappingProxyType(own)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    if not TYPE_CHECKING:  # to a type checker there are just the switches

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
            alike = self.model is other.model and self.parties == other.parties
            return alike and dict(self._values) == dict(other._values)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((tuple(self._values.values()), frozenset(self.parties.items())))

    def __reduce__(self) -> tuple[object, ...]:
        return Design, (dict(self._values), dict(self.parties), self.model)

    def but(self, **changes: str) -> Design:
        """The same design with some switches changed."""
        return Design({**self._values, **changes}, self.parties, self.model)

    def changes(self) -> dict[str, str]:
        """The switches that are not at their baseline."""
        return {name: value for name, value in self.items() if value != self.model.switches[name].baseline}

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

    @property
    def model(self) -> Model:
        """The model that it is of."""
        return self.design.model

    def __str__(self) -> str:
        caps = "+".join(name for name in self.model.capabilities if name in self.capabilities) or "none"
        where = [f"world={self.world}"] if self.world else []
        said = {**self.design.changes(), **self.design.own()}
        return ";".join([f"cap={caps}", *where, *(f"{k}={v}" for k, v in said.items())])


def check_parties(design: Design, world: World) -> None:
    """Make sure that a world has every party that a design sets a switch for, in a role that has the switch.

    Raises:
        ConfigurationError: naming the party or the switch and what is allowed.
        ValueError: the two are of different models.
    """
    if design.model is not world.model:
        raise ValueError(f"world {world.name!r} is of another model than the design: see World.within")
    switches = design.model.switches
    for party, name in design.parties:
        if party not in world.by_name:
            raise ConfigurationError(f"world {world.name!r} has no party {party!r}{hint(party, world.by_name)}")
        role = world.by_name[party].role
        if role not in switches[name].roles:
            roles = " or ".join(switches[name].roles) or "nobody alone, but of everybody"
            article = "an" if role[0] in "aeiou" else "a"
            said = f"{party!r} is {article} {role}, and switch {name!r} is of {roles}"
            raise ConfigurationError(f"{party}:{name}: {said}")


def parse_capabilities(text: str, model: Model = oauth()) -> frozenset[str]:
    """Capabilities from ``mal_as+lure``, ``none``, or with attackers of RFC 9700, as in ``A1+code_leak``.

    Raises:
        ConfigurationError: naming the unknown, doubled or contradictory capability.
    """
    names, known = text.split("+"), model.capabilities
    if names == ["none"]:
        return frozenset()
    for name in names:
        if not attacker_named(name, known):
            allowed = [*known, *BCP_ATTACKERS, *(each.number for each in BCP_ATTACKERS.values()), "none"]
            raise ConfigurationError(f"unknown capability {name!r} in cap={text!r}{hint(name, allowed)}")
        if names.count(name) > 1:
            raise ConfigurationError(f"capability {name!r} given twice in cap={text!r}")
    return frozenset[str]().union(*(attacker_named(name, known) for name in names))


def parse(text: str, model: Model = oauth()) -> Configuration:
    """Read a configuration string of a model, the one that ships if none is given.

    The order is free, and switches that are not listed are at the baseline.

    Raises:
        ConfigurationError: an unknown key or value, a key given twice, or a pair without ``=``.
    """
    values = expanded(text, model)
    capabilities = parse_capabilities(values.pop("cap", "none"), model)
    world = values.pop("world", "")
    shared = {key: value for key, value in values.items() if ":" not in key}
    own = {(key.partition(":")[0], key.partition(":")[2]): value for key, value in values.items() if ":" in key}
    return Configuration(Design(shared, own, model), capabilities, world)


def expanded(text: str, model: Model = oauth()) -> dict[str, str]:
    """What a configuration says, the design and the drafts that it names written out.

    Raises:
        ConfigurationError: a pair without ``=``, a key given twice, or an unknown design, draft or role.
    """
    pairs = dict(_pairs(text, model))
    by = _roles(pairs)
    stored = _stored(pairs.pop("design"), model) if "design" in pairs else {}
    stored |= {each.switch: each.value for each in _obligations(pairs.pop("draft", ""))}
    return {name: value for name, value in stored.items() if _adopts(model.switches[name].owner, by)} | pairs


def obligations(text: str, model: Model = oauth()) -> tuple[Obligation, ...]:
    """What the drafts that a configuration names, itself or by its design, ask of the roles that adopt them in it.

    Raises:
        ConfigurationError: as of :func:`expanded`.
    """
    pairs = dict(_pairs(text))
    by, name = _roles(pairs), FORMERLY.get(pairs.get("design", ""), pairs.get("design", ""))
    found = obligations(model.designs[name], model) if name in model.designs else ()
    found += _obligations(pairs.get("draft", ""))
    return tuple(each for each in found if _adopts(each.role, by))


def adopters(text: str) -> frozenset[str] | None:
    """Return the roles that alone adopt what a configuration names; None: all do (raises ConfigurationError)."""
    return _roles(dict(_pairs(text)))


def _adopts(owner: str, by: Collection[str] | None) -> bool:
    """Whether these adopt what this role decides: what everybody does together, a protocol, is always adopted."""
    return by is None or owner in by or owner == EVERYBODY


def _obligations(names: str) -> tuple[Obligation, ...]:
    """What drafts ask, joined by ``+`` (raises ConfigurationError)."""
    found: list[Obligation] = []
    for name in names.split("+") if names else ():
        if name not in TEXTS:
            raise ConfigurationError(f"unknown draft {name!r}{hint(name, TEXTS)}")
        found += TEXTS[name].obligations
    return tuple(found)


def _roles(pairs: dict[str, str]) -> frozenset[str] | None:
    """Take out of a configuration the roles that it says adopt alone (raises ConfigurationError)."""
    if "by" not in pairs:
        return None
    named = pairs.pop("by")
    for name in named.split("+"):
        if name not in ROLES:
            raise ConfigurationError(f"unknown role {name!r} in by={named!r}{hint(name, ROLES)}")
    if not pairs.keys() & {"design", "draft"}:
        raise ConfigurationError(f"by={named} has no place where neither a design nor a draft is named")
    return frozenset(named.split("+"))


def named_switches(text: str, model: Model = oauth()) -> frozenset[str]:
    """The switches for everybody that a configuration fixes, itself or by the design that it starts from.

    What drafts ask of a deployment is not fixed: whether it does so is what is asked about a design.
    """
    said = dict(_pairs(text))
    left = {each.switch for each in obligations(text, model) if model.switches[each.switch].kind == "environment"}
    return frozenset(
        name for name in expanded(text, model) if name in model.switches and name not in left - said.keys()
    )


def own_switches(text: str, model: Model = oauth()) -> list[str]:
    """The switches that a configuration names itself, for everybody or for a party, as they stand."""
    names = (name.rpartition(":")[2] for name, _ in _pairs(text))
    return [name for name in names if name in model.switches]


def _stored(name: str, model: Model) -> dict[str, str]:
    """The configuration stored under a name, or the design of a deployed client."""
    name = FORMERLY.get(name, name)
    if name in model.designs:
        return expanded(model.designs[name], model)
    try:
        decided = client_rows()[stored_name(name)].decided
    except UnknownClientError:
        near = meant(name, [*model.designs, *client_rows()])
        known = f"{', '.join(model.designs)}, or a client that `openworld clients` lists"
        raise ConfigurationError(f"unknown design {name!r}{near}; allowed: {known}") from None
    return {name: value for name, value in decided.items() if value != model.switches[name].baseline}


def parse_switches(text: str, model: Model = oauth()) -> dict[str, str]:
    """The switches that a configuration string names, those at their baseline and those of single parties included.

    Besides switches it may name a world, and nothing else.

    Raises:
        ConfigurationError: as :func:`parse` does.
    """
    pairs = {name: value for name, value in _pairs(text) if name != "world"}
    for name, value in pairs.items():
        check_switch(name.rpartition(":")[2], value, model.switches)
    return pairs


def _pairs(text: str, model: Model = oauth()) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not value:
            close = meant(part.strip(), [*model.capabilities, *BCP_ATTACKERS, *model.designs])
            raise ConfigurationError(f"expected key=value, found {part.strip()!r}{close}")
        if key in seen:
            raise ConfigurationError(f"key {key!r} given twice: {seen[key]}, {value}")
        seen[key] = value
        yield key, value
