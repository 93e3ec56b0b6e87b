"""Which switches a reader reads: one that an arm names and nothing reads would be believed to have acted.

What decides a visit is read off the template of its world: what some step that may happen at a place, or some harm,
depends on. What a reader asks itself is found in its source: in the functions that it names, those that they name,
and so on.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from inspect import getsource, unwrap
from sys import modules
from types import FunctionType
from typing import Any

from model.design import own_switches, parse
from model.model import Model, oauth
from model.protocols import actions
from model.switches import SWITCHES, ConfigurationError
from model.world import World
from simulations.harms import every_harm
from simulations.population import Population, PopulationError
from simulations.scope import laid_down, possible
from simulations.vectorised import counted
from simulations.visits import ONE_VISIT, PLACES, of_flow, within

#: Where the functions are that are gone into, and what they call a design.
_OURS = ("model", "simulations")
_DESIGNS = ("design", "policy")
#: What gives the design of a party where it is called.
_GIVE_DESIGNS = ("of", "client")


def check_read(reader: str, counts: Callable[..., Any], text: str, model: Model = oauth()) -> None:
    """Make sure that a reader reads the switches that an arm names itself, and of a design that it names the protocol.

    Of what else such a design sets at least something has to be read; :func:`unread` names the rest.

    Parameters:
        reader: what it is called.
        counts: the function or class that does its work.

    Raises:
        ConfigurationError: naming a switch or a design that it does not read, and what it reads.
    """
    design = parse(text, model).design
    read = read_by(counts, design.protocol, model)
    named = own_switches(text, model)
    if design.protocol not in ONE_VISIT.protocols:
        named.append("protocol")
    for name in named:
        if name not in read:
            said = f"switch {name!r} of arm {text!r} is not read by {reader}"
            raise ConfigurationError(f"{said}, which reads {_words(read, model)}")
    changed = design.changes()
    if changed and read.isdisjoint(changed):
        raise ConfigurationError(
            f"nothing that arm {text!r} sets is read by {reader}, which reads {_words(read, model)}"
        )


def check_drawn(reader: str, counts: Callable[..., Any], met: Population) -> None:
    """Make sure that a reader reads what a population draws of what only some readers do: protocols and sub-agents.

    Raises:
        PopulationError: naming the switch.
    """
    model, protocol = met.model, ONE_VISIT.protocol
    apart = read_by(counted, protocol, model) - read_by_visits(within(ONE_VISIT, model))
    apart -= read_by(counts, protocol, model)
    for name, value in (
        (name, value)
        for factor in met.factors
        for kind in factor.categories
        if kind.share
        for name, value in kind.settings
    ):
        if name in apart and value != model.switches[name].baseline:
            raise PopulationError(f"{met.name}: draws {name}={value}, and switch {name!r} is not read by {reader}")


def unread(counts: Callable[..., Any], text: str, model: Model = oauth()) -> tuple[str, ...]:
    """The switches that an arm sets by the design that it names, and that a reader does not read."""
    design, own = parse(text, model).design, own_switches(text, model)
    read = read_by(counts, design.protocol, model)
    return tuple(name for name in design.changes() if name not in own and name not in read)


def _words(read: frozenset[str], model: Model) -> str:
    """The switches that are read, or how many are not where these are fewer."""
    could = {name for name, switch in model.switches.items() if switch.kind in ("mechanism", "environment")}
    few, left = sorted(could & read), could - read
    return ", ".join(few) if len(few) < len(left) else f"all that verdicts may depend on but {len(left)} switches"


@cache
def read_by(counts: Callable[..., Any], protocol: str = ONE_VISIT.protocol, model: Model = oauth()) -> frozenset[str]:
    """The switches that a function or class looks up in a design, or that decide the visits that it has judged.

    What is remembered from one visit to the next is no part of AAuth here, nor of sub-agents: only who counts first
    contacts reads what is about them. Nor is what a class says that it never meets (``unmet``).
    """
    pending, seen, found = [_place(counts)], set[tuple[str, str]](), set[str]()
    while pending:
        place = pending.pop()
        if place not in seen:
            seen.add(place)
            switches, named = _asked(*place)
            pending += named
            found |= switches
    if _place(counted) in seen:
        worlds = {world for place in PLACES.values() if (world := place.under(protocol))}
        visits = frozenset({"protocol"}).union(*(read_by_visits(within(world, model)) for world in worlds))
        return visits | found if ONE_VISIT in worlds else visits
    found -= {"protocol", *getattr(counts, "unmet", ())}
    return frozenset(found | read_by_visits(within(ONE_VISIT, model)) if _place(actions) in seen else found)


# --- in the source ---------------------------------------------------------------------------------------------


def _place(thing: Any) -> tuple[str, str]:
    """The module of a function or class, and the name that its definition has there."""
    return unwrap(thing).__module__, unwrap(thing).__qualname__.partition(".")[0]


@cache
def _definitions(module: str) -> dict[str, ast.AST]:
    parsed = ast.parse(getsource(modules[module])).body
    return {node.name: node for node in parsed if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@cache
def _asked(module: str, name: str) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    """The switches that a function or class looks up itself, and the functions and classes that it names."""
    switches, named = set[str](), []
    definition = _definitions(module)[name]
    own = {node.arg for node in ast.walk(definition) if isinstance(node, ast.arg)}
    there = {called: thing for called, thing in vars(modules[module]).items() if called not in own}
    for node in _code(definition):
        match node:
            case ast.Attribute(value=of, attr=attribute) if attribute in SWITCHES and _is_design(of):
                switches.add(attribute)
            case ast.Attribute(value=ast.Name(id=of), attr=attribute):
                named.append(getattr(there.get(of), attribute, None))
            case ast.Name(id=of):
                named.append(there.get(of))
    return frozenset(switches), tuple(_places(named))


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """What is run of a definition: all of it but what types are."""
    yield node
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns"):
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, ast.AST):
                    yield from _code(inner)


def _is_design(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _DESIGNS
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in _GIVE_DESIGNS
    return False


def _places(things: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Where functions and classes of ours are defined."""
    for thing in things:
        if callable(thing) and isinstance(unwrap(thing), FunctionType | type):
            module, name = _place(thing)
            if module.partition(".")[0] in _OURS and name in _definitions(module):
                yield module, name


# --- in the template of a visit --------------------------------------------------------------------------------


@cache
def read_by_visits(world: World) -> frozenset[str]:
    """The switches on which it depends what a visit to some place of a world comes to."""
    template, _ = laid_down(world)
    here = {name: place.under(world.protocol) for name, place in PLACES.items()}
    attackers = [PLACES[name].capabilities for name, there in here.items() if there and there.name == world.name]
    happens = frozenset().union(*(possible(world, capabilities) for capabilities in attackers))
    steps = (step for step in template.firings if step.action.name in happens or of_flow(step.action))
    decides = [
        *(template.events[name] for name in every_harm(world.model)),
        *(value for step in steps for value in step.decides),
    ]
    nobody = world.model.capabilities.keys() - frozenset().union(*attackers)
    never = _never(template.circuit.gates, {template.capabilities[name].code for name in nobody})
    seen = template.circuit.under(decides, never)
    return frozenset(name for (name, _), literal in template.switches.items() if literal.code in seen)


def _never(gates: list[tuple[int, ...] | None], never: set[int]) -> set[int]:
    """What is never true of the gates of a circuit, where these inputs are not."""
    for number, operands in enumerate(gates):
        if operands and not never.isdisjoint(operands):
            never.add(number)
        elif operands and all(-code in never for code in operands):
            never.add(-number)
    return never
