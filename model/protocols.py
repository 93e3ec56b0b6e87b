"""The protocols that worlds run: which modules say what can change and what can happen.

Worlds of one protocol share every rule and action; another protocol brings its own actions and is judged by the
same properties, which say for each protocol when they are violated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, reduce
from importlib import import_module

from model.action import SCHEMAS, Action, ActionSchema
from model.model import Model, oauth
from model.rule import CONDUCT, RULES, SERVING, Rule
from model.send import KNOWLEDGE
from model.state import Variable, Variables
from model.world import AUTHORIZATION_SERVER, CLIENT, RESOURCE_SERVER, World


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol.

    Attributes:
        meaning: in plain words.
        state: the module whose ``variables`` says what can change.
        modules: the modules whose actions it is made of, honest ones first.
        called: for each role, what charts call an honest party of it and any other, and by which letters.
    """

    meaning: str
    state: str
    modules: tuple[str, ...]
    called: Mapping[str, tuple[str, str, str, str]]


_OAUTH = {
    CLIENT: ("client", "C", "client", "B"),
    AUTHORIZATION_SERVER: ("honest AS", "H", "AS", "A"),
    RESOURCE_SERVER: ("honest RS", "R", "RS", "E"),
}
PROTOCOLS: dict[str, Protocol] = {
    "oauth": Protocol(
        "the authorization code flow with discovery at run time",
        "model.state",
        (
            "model.flow",
            "model.vouching",
            "model.token_flow",
            "model.device_flow",
            "model.delegation_flow",
            "model.on_behalf",
            "model.attacker_answers",
            "model.attacker_sends",
            "model.attacker_grants",
            "model.attacker_at_resources",
            "model.proxy",
        ),
        _OAUTH,
    ),
    "aauth": Protocol(
        "AAuth: signed requests, person tokens and resource tokens instead of a code flow",
        "model.aauth.state",
        ("model.aauth.flow", "model.aauth.attacker"),
        {
            CLIENT: ("agent", "A", "agent", "B"),
            AUTHORIZATION_SERVER: ("person server", "P", "access server", "S"),
            RESOURCE_SERVER: ("resource", "R", "resource", "E"),
        },
    ),
}


@cache
def rules(model: Model = oauth()) -> Mapping[str, Rule]:
    """Every rule of every protocol, by name."""
    for protocol in PROTOCOLS:
        schemas(protocol)  # which brings the rules that they cite
    return {**RULES, **model.further(Rule)}


@cache
def by_preference(model: Model) -> tuple[str, ...]:
    """Every rule's name in a fixed order, those to be named rather than others first: by actor, then as written."""
    return tuple(sorted(rules(model), key=lambda name: name.partition(".")[0]))


def every_rule(model: Model = oauth()) -> dict[str, Rule]:
    """The same, and those of conversations and of resource servers that are driven, which no world reads."""
    import_module("model.conduct")
    import_module("model.serving")
    return {**rules(model), **CONDUCT, **SERVING}


@cache
def variables(world: World) -> tuple[Variable, ...]:
    """The state variables of a world, in a fixed order; what several protocols say of the attacker is there once."""
    found: dict[str, Variable] = {}
    for protocol in world.protocols:
        state, part, made = import_module(PROTOCOLS[protocol].state), world.under(protocol), Variables()
        for add in world.model.states.values():
            add(made, part)
        found = {**{one.name: one for one in (*state.variables(part), *made.variables)}, **found}
    return tuple(found.values())


@cache
def schemas(protocol: str, model: Model = oauth()) -> tuple[ActionSchema, ...]:
    """What can happen in a protocol: what honest parties do, in its order, then what the attacker does.

    What a draft adds comes last; a step that it changes stands where the step stood.
    """
    return tuple(
        reduce(lambda found, change: change(found), model.changes, schema) for schema in plain(protocol, model)
    )


def plain(protocol: str, model: Model) -> tuple[ActionSchema, ...]:
    """The same, before what drafts make of every step."""
    modules = PROTOCOLS[protocol].modules
    for module in modules:
        import_module(module)  # which registers its actions
    every = {**SCHEMAS, **model.further(ActionSchema)}.values()
    return tuple(schema for module in modules for schema in every if schema.module == module)


@cache
def steps(actor: str, protocol: str = "oauth") -> tuple[str, ...]:
    """What an honest party of a kind does, in the order of the protocol: names without the actor."""
    return tuple(s.name.partition(".")[2] for s in schemas(protocol) if s.name.partition(".")[0] == actor)


@cache
def actions(world: World) -> tuple[Action, ...]:
    """All actions of a world, in a fixed order."""
    knowable = frozenset(one.name for one in variables(world) if one.name.startswith(KNOWLEDGE))
    return tuple(
        Action(
            schema,
            fixed,
            {name: every for name, every in schema.choices(part).items() if every},
            part.protocol,
            knowable,
        )
        for part in map(world.under, world.protocols)
        for schema in schemas(part.protocol, world.model)
        for fixed in schema.each(part)
    )
