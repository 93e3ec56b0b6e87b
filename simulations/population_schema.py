"""What the file of a population may say: its vocabulary, its JSON Schema, and one line for every way to be wrong.

What holds of every statement stands in ``data/population.schema.json``, which editors read too. The words in it are
those of the vocabulary below and of the switches of the model, so that neither can drift from what the loader reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from model.documents import Schema, complaint
from model.errors import InputError, hint
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from model.switches import CLIENT_CLASSES
from simulations import encounters
from simulations.visits import PLACES

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


class PopulationError(InputError):
    """A population that cannot be used; one line naming the culprit and what is allowed."""


class Quantity(NamedTuple):
    """A number that every population states.

    Attributes:
        meaning: what it says.
        seen: where it is seen, one of :data:`SEEN`.
        least, most: between what it lies.
        whole: whether it is whole.
    """

    meaning: str
    seen: str
    least: float
    most: float | None = None
    whole: bool = False


class Trait(NamedTuple):
    """What a resource server can be like, the plain value first, and where that is seen (:data:`SEEN`)."""

    values: tuple[str, ...]
    meaning: str
    seen: str


class Sighting(NamedTuple):
    """How a scan sees something: what it does, and of what it then has so many."""

    request: str
    of: str


#: Where what a population states is seen.
SEEN: dict[str, Sighting] = {
    "registry": Sighting("read the remote endpoints of a registry's entries", "endpoints"),
    "challenge": Sighting("POST to the URL without a token", "endpoints that answer"),
    "resource metadata": Sighting("GET the resource metadata that the challenge names", "resource metadata documents"),
    "server metadata": Sighting("GET the metadata of each AS that a document lists", "authorization servers"),
    "push": Sighting("push an authorization request of a test client", "authorization servers that take one"),
    "approval": Sighting("have testers log in and approve, from the redirect to the code", "approvals"),
    "token": Sighting("register a test client, log in with a test account, redeem the code", "token responses"),
    "call": Sighting("make a call with the token of a test account", "resource servers"),
    "client": Sighting("connect the client to servers of one's own and log its requests", "client products"),
    "document": Sighting(
        "serve a client metadata document and log who fetches it, and when again", "authorization servers"
    ),
    "log": Sighting("read what a client, gateway or AS logs of its users, with their consent", "agents"),
    "again": Sighting("scan again after a year", "servers in both scans"),
    "decoy": Sighting("give each server a token of a test account and log who uses it, and when", "servers"),
    "names": Sighting("look up the domains that are an edit away from an issuer's, and what they serve", "issuers"),
}

#: The numbers of a population. What stands before the dot is a table of its own in the file.
NUMBERS: dict[str, Quantity] = {
    "agents": Quantity("agents that share out the attempts", "log", 1, None, True),
    "resources": Quantity("resources that one agent goes back to", "log", 1, None, True),
    "arrivals_per_second": Quantity("attempts that start in a second, all agents together", "log", 0.001),
    "metadata_lifetime": Quantity("seconds for which a client uses resource metadata again", "client", 0),
    "token_lifetime": Quantity("seconds for which an access token is good", "token", 0),
    "latency.challenge": Quantity("median seconds of a request without a token and the challenge", "challenge", 0),
    "latency.metadata": Quantity("median seconds of fetching resource metadata", "resource metadata", 0),
    "latency.server_metadata": Quantity("median seconds of fetching AS metadata", "server metadata", 0),
    "latency.push": Quantity("median seconds of pushing an authorization request", "push", 0),
    "latency.consent": Quantity("median seconds until the user has logged in and approved", "approval", 0),
    "latency.token": Quantity("median seconds of a token request", "token", 0),
    "latency.request": Quantity("median seconds of a request with a token", "call", 0),
    "latency.attacker": Quantity("median seconds until the attacker uses a token it got", "decoy", 0),
    "latency.spread": Quantity("spread of all latencies: sigma of the logarithm", "challenge", 0),
    "lifetime.refresh_token": Quantity("seconds for which a refresh token is good", "token", 0),
    "lifetime.client_metadata": Quantity(
        "seconds for which an AS uses a client metadata document again", "document", 0
    ),
    "count.users": Quantity("users", "log", 1, 1_000_000, True),
    "count.clients": Quantity("client products, each with a metadata URL of its own", "document", 1, 100_000, True),
    "count.authorization_servers": Quantity("authorization servers", "resource metadata", 1, 100_000, True),
    "count.resource_servers": Quantity("resource servers", "registry", 1, 1_000_000, True),
    "mean.agents_per_user": Quantity("agents that one user runs", "log", 1, 100),
    "mean.sub_agents_per_agent": Quantity("sub-agents to which one agent hands a resource server", "log", 0, 100),
    "mean.connections_per_agent": Quantity("resource servers that one agent uses", "log", 1, 1000),
    "mean.paths_per_policy": Quantity(
        "URLs that one metadata document of a multi-path API covers", "resource metadata", 1, 1000
    ),
    "mean.tenants_per_origin": Quantity("resource servers on a shared origin", "registry", 1, 10_000),
    "mean.servers_per_resource": Quantity(
        "authorization servers that one resource server designates", "resource metadata", 1, 100
    ),
    "popularity.clients": Quantity("Zipf exponent of how many agents run a client; 0: all alike", "log", 0, 5),
    "popularity.authorization_servers": Quantity(
        "Zipf exponent of how many resource servers use an AS", "resource metadata", 0, 5
    ),
    "popularity.resource_servers": Quantity("Zipf exponent of how many agents use a resource server", "log", 0, 5),
    "churn.servers_changed": Quantity("share of resource servers that were with another AS a year ago", "again", 0, 1),
    "churn.domains_lapsed": Quantity("share of domains that lapse in a year", "again", 0, 1),
    "churn.followed": Quantity("share of vendors that do in a quarter what is asked of them or pays", "again", 0, 1),
    "attackers.resource_servers": Quantity(
        "share of resource servers, tenants aside, that are malicious", "decoy", 0, 1
    ),
    "attackers.tenants": Quantity("share of tenants of shared origins that are malicious", "decoy", 0, 1),
    "attackers.authorization_servers": Quantity("share of authorization servers that are malicious", "decoy", 0, 1),
    "attackers.look_alikes": Quantity("share of issuers with a malicious look-alike", "names", 0, 1),
    "attackers.lure": Quantity("how many times as often as an honest server a malicious one is called", "log", 0),
    "attackers.token_thieves": Quantity("share of tokens that are stolen in a year", "decoy", 0, 1),
}
GROUPS = tuple(dict.fromkeys(name.partition(".")[0] for name in NUMBERS if "." in name))
LATENCIES = tuple(
    name.removeprefix("latency.") for name in NUMBERS if name.startswith("latency.") and name != "latency.spread"
)

#: What resource servers are like beside the switches of the model: each with its values, the plain one first.
TRAITS: dict[str, Trait] = {
    "access": Trait(("oauth", "static_key", "none"), "what a resource server asks for", "challenge"),
    "tenancy": Trait(("own_origin", "shared_origin"), "whether a resource server has its origin to itself", "registry"),
    "identifier": Trait(
        ("path", "origin"),
        "what `resource` of an API of many paths names: their path, or the origin",
        "resource metadata",
    ),
    "slash": Trait(
        ("same", "added", "removed"),
        "whether `resource` and the URL differ in a trailing slash, and how",
        "resource metadata",
    ),
    "port": Trait(
        ("same", "explicit"),
        "whether `resource` spells out the default port that the URL leaves out",
        "resource metadata",
    ),
}


def drawn(model: Model = oauth()) -> tuple[str, ...]:
    """The switches that a population may draw."""
    return tuple(name for name in model.switches if not _decided(name, model))


def _decided(name: str, model: Model) -> str:
    """What is said of a switch that is no matter of chance: time decides it, or the attacker."""
    if name == "warm":
        return f"{name!r} cannot be drawn: whether a client holds a token is what its cache says at that time"
    if name in model.switches and model.switches[name].kind == "restriction":
        said = "the attacker chooses, and a question may restrict it: it is part of no design"
        return f"{name!r} cannot be drawn: {said}"
    return ""


#: Factors that decide several switches at once: what each is about, and what it comes to.
JOINT: dict[str, tuple[str, dict[str, dict[str, str]]]] = {
    "acquaintance": (
        "whether a client and those that it meets were introduced: by lists, anchors, registrations, certificates",
        {"known": {}, "stranger": DEPLOYMENTS["strangers"]},
    ),
    "client_class": (
        "the class of a client, with the registration and authentication that it can have",
        CLIENT_CLASSES,
    ),
}


# --- the schema --------------------------------------------------------------------------------------------

#: How the definitions begin that say once which values a switch has.
_VALUE = "value."


def schema(experiment: bool = False, model: Model = oauth()) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a population's file, read as TOML; of what an ``experiment`` says of it."""
    published = files("simulations").joinpath("data", "population.schema.json").read_text(encoding="utf-8")
    made: dict[str, Any] = json.loads(published)
    known = made["properties"]
    numbers = {key: _number(quantity) for key, quantity in NUMBERS.items() if "." not in key}
    for group in GROUPS:
        of_group = {key.partition(".")[2]: _number(NUMBERS[key]) for key in NUMBERS if key.startswith(f"{group}.")}
        numbers[group] = _closed(of_group, "number")
    values = {name: {"$ref": f"#/$defs/{_VALUE}{name}"} for name in drawn(model)}
    switches = {name: _shares(those, model.switches[name].meaning) for name, those in values.items()}
    places = _shares(_one_of(PLACES, "place"), "where agents are sent") if experiment else {"not": {}}
    joint = {name: _shares(_one_of(kinds), meaning) for name, (meaning, kinds) in JOINT.items()}
    known["numbers"]["properties"] = numbers
    known["factors"]["properties"] = {"place": places, **joint, **switches}
    known["traits"]["properties"] = {
        name: _shares(_one_of(trait.values), trait.meaning) for name, trait in TRAITS.items()
    }
    known["adoption"]["properties"] = {
        name: {"$ref": "#/$defs/adoption", "properties": {"value": those, "instead": those}}
        for name, those in values.items()
    }
    made["$defs"] = {name: said for name, said in made["$defs"].items() if not name.startswith(_VALUE)}
    made["$defs"]["switch"]["enum"] = list(values)
    made["$defs"] |= {_VALUE + name: _one_of(model.switches[name].values) for name in values}
    return made


def _closed(properties: dict[str, Any], title: str) -> dict[str, Any]:
    """A table with no other keys than these; ``title``: what each of them is."""
    return {"title": title, "type": "object", "properties": properties, "additionalProperties": False}


def _number(quantity: Quantity) -> dict[str, Any]:
    bounds: dict[str, float] = {"minimum": quantity.least}
    if quantity.most is not None:
        bounds["maximum"] = quantity.most
    if quantity.whole:
        bounds["multipleOf"] = 1
    return {"$ref": "#/$defs/number", "description": quantity.meaning, "properties": {"value": bounds}}


def _one_of(values: Iterable[str], title: str = "value") -> dict[str, Any]:
    return {"title": title, "enum": list(values)}


def _shares(names: dict[str, Any], meaning: str) -> dict[str, Any]:
    of_each = {"^(shares|counts)$": {"propertyNames": names}}
    return {"$ref": "#/$defs/shares", "description": meaning, "patternProperties": of_each}


# --- checking ----------------------------------------------------------------------------------------------


def check(where: str, content: Mapping[str, Any], model: Model, experiment: bool = False) -> None:
    """Check the content of a population's file against the schema, or what an ``experiment`` says of a population.

    Raises:
        PopulationError: the first thing that is wrong, in one line; a misspelt key before what it makes missing.
    """
    for error in _schema_of(experiment, model).errors(content):
        raise PopulationError(f"{where}: {_place(error)}{_complaint(error, model)}")


@cache
def _schema_of(experiment: bool, model: Model) -> Schema:
    return Schema(partial(schema, experiment, model))


def _place(error: ValidationError) -> str:
    path = [str(part) for part in error.absolute_path]
    if not path:
        return ""
    kind, rest = path[0], path[1:]
    names = {
        "numbers": "number",
        "factors": "factor",
        "traits": "trait",
        "adoption": "adoption of",
        "together": "together",
    }
    if kind not in names or not rest or (kind == "numbers" and rest[0] in GROUPS and len(rest) == 1):
        return f"{'.'.join(path)}: "
    stated = 2 if kind == "numbers" and rest[0] in GROUPS else 1
    name, inner = ".".join(rest[:stated]), ".".join(rest[stated:])
    return f"{names[kind]} {name!r}: " + (f"{inner}: " if inner else "")


def _complaint(error: ValidationError, model: Model) -> str:
    """What is wrong, where there is more to say than the schema does."""
    path = list(error.absolute_path)
    found: Any = error.instance
    rule: Any = error.validator_value
    schema: Any = error.schema
    match error.validator:
        case "required" if rule == ["source", "confidence"]:
            return "needs source and confidence, or swept = true"
        case "additionalProperties":
            unknown = next(name for name in found if name not in schema["properties"])
            if path[:1] == ["factors"] and unknown == "shares":
                factor = str(path[1])
                return (
                    _decided(factor, model)
                    or f"unknown switch {factor!r}{hint(factor, drawn(model))}; others have a table"
                )
            return _decided(unknown, model) or complaint(error)
        case "enum":
            return _decided(str(found), model) or complaint(error)
        case "const":
            return f"must be {str(rule).lower()} or left out, found {found!r}"
        case "not":  # the one thing that nobody may state
            *numbers, last = encounters.NUMBERS
            return f"follows from {', '.join(numbers)} and {last}, which a population states; leave it out"
        case None:  # a property that the schema rules out beside `swept`
            return "has a source or is swept, not both"
    return complaint(error)


def flat(numbers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The numbers of a file under their full names."""
    for key, value in numbers.items():
        if key in GROUPS:
            yield from ((f"{key}.{inner}", item) for inner, item in value.items())
        else:
            yield key, value


def missing(stated: Iterable[str]) -> str | None:
    """The first number that is not stated."""
    known = set(stated)
    return next((name for name in NUMBERS if name not in known), None)
