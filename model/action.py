"""Actions: the steps a run is made of.

An action is written as one function that, given a world, a design, the attacker's capabilities, a view of the
state and its parameters, returns a :class:`Move`: when it can be tried at all, which rules must agree, and
what it changes. Parameters in ``each`` make separate actions (one for each session, say); parameters in
``choices`` are picked when the action happens and may stay undecided in a reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from model.logic import Condition, Value, all_of, any_of, choose, same
from model.messages import Sent
from model.rule import Named
from model.state import View
from model.world import Party, World

Domains = Mapping[str, tuple[Any, ...]]


class Move(NamedTuple):
    """One action in one state.

    ``when`` is what makes the step possible (its place in the flow, knowledge, capability); ``rules`` are
    the conditions that an honest party checks, in order, any of which may refuse it by name; ``sends`` are the messages
    that go over the wire in it.
    """

    when: Condition
    rules: tuple[Named, ...]
    sets: Mapping[str, Value | Condition]
    sends: tuple[Sent, ...] = ()


class _ImpossibleError(Exception):
    """An action plainly cannot happen."""


def possible(*conditions: Condition) -> Condition:
    """Whether an action can happen, for which all of this must hold; where it plainly cannot, it ends here."""
    here = all_of(*conditions)
    if here is False:
        raise _ImpossibleError
    return here


class Policy:
    """The switches as one party has them: its own where it has some, else everybody's."""

    __slots__ = ("_own", "_shared")

    def __init__(self, shared: Any, own: Mapping[str, Value]) -> None:
        self._shared, self._own = shared, own

    def __getattr__(self, name: str) -> Any:
        return self._own[name] if name in self._own else getattr(self._shared, name)


class Context(NamedTuple):
    """What an action may read besides its parameters.

    ``design`` holds the switches that are about everybody; those of a party are read through :meth:`of`.
    """

    world: World
    design: Any
    capabilities: Mapping[str, Condition]
    state: View

    def under(self, protocol: str) -> Context:
        """The same, with what there is of one protocol in its world."""
        world = self.world.under(protocol)
        return self if world is self.world else self._replace(world=world)

    def own(self, party: str) -> Mapping[str, Value]:
        """The switches that a party has for itself: as the configuration sets them for it, or the world."""
        said = {name: value for (whose, name), value in self.design.parties.items() if whose == party}
        return {**self.world.by_name[party].settings, **said}

    def of(self, party: str) -> Any:
        """The switches of a party: its own, or everybody's."""
        own = self.own(party)
        return Policy(self.design, own) if own else self.design

    def among(self, parties: Iterable[Party], named: Callable[[Party], Condition]) -> Any:
        """The switches of whichever of these parties is named."""
        own: dict[str, Value] = {}
        for party in parties:
            for name, value in self.own(party.name).items():
                own[name] = choose(named(party), value, own.get(name, getattr(self.design, name)))
        return Policy(self.design, own) if own else self.design

    def client(self, session: str) -> Any:
        """The switches of the client at which a session is."""
        return self.of(self.world.session[session].client)

    def has(self, capabilities: Iterable[str]) -> Condition:
        """Whether the attacker has one of these capabilities."""
        return any_of(*(self.capabilities[name] for name in capabilities))

    def exists(self, party: Party) -> Condition:
        """Whether the party takes part, and in this protocol."""
        return all_of(party.speaks_protocol(self.world.protocol), self.is_there(party))

    def is_there(self, party: Party) -> Condition:
        """Whether somebody answers at the party's URL, in whatever protocol."""
        here = all_of(*(same(getattr(self.design, name), value) for name, value in party.exists_if))
        return here if party.honest else all_of(here, self.has((*party.run_by, *party.present_with)))

    def at(self, url: Value, relation: Callable[[Party], Condition]) -> Condition:
        """Whether what is at a URL is a party of which the relation holds."""
        return any_of(*(all_of(same(url, party.url), relation(party)) for party in self.world.parties))

    def runs(self, party: Party) -> Condition:
        """Whether the attacker runs the party."""
        return self.has(party.run_by)

    def attackers(self, url: Value) -> Condition:
        """Whether the attacker runs the party at a URL."""
        return self.at(url, self.runs)


@dataclass(frozen=True, slots=True)
class ActionSchema:
    """An action before its ``each`` parameters are fixed."""

    name: str
    module: str
    step: str
    honest: bool
    meaning: str
    each: Callable[[World], list[dict[str, str]]]
    choices: Callable[[World], Domains]
    move: Callable[..., Move]


@dataclass(frozen=True, slots=True)
class Action:
    """An action of a world: a schema of a protocol with its ``each`` parameters fixed."""

    schema: ActionSchema
    fixed: Mapping[str, str]
    choices: Domains
    protocol: str

    @property
    def name(self) -> str:
        """``client.send_authorization_request[victim]``."""
        return self.schema.name + (f"[{','.join(self.fixed.values())}]" if self.fixed else "")

    def __call__(self, context: Context, **chosen: Any) -> Move:
        try:
            return self.schema.move(context.under(self.protocol), **self.fixed, **chosen)
        except _ImpossibleError:
            return Move(False, (), {})


SCHEMAS: dict[str, ActionSchema] = {}


def combined(**among: Iterable[str]) -> list[dict[str, str]]:
    """One action for each combination of these; the last changes fastest."""
    return [dict(zip(among, chosen, strict=True)) for chosen in product(*among.values())]


def action(
    step: str,
    each: Callable[[World], list[dict[str, str]]] = lambda _: [{}],
    choices: Callable[[World], Domains] = lambda _: {},
) -> Callable[[Callable[..., Move]], Callable[..., Move]]:
    """Register a function as an action: ``client__send_token`` is a client's, one without actor the attacker's."""

    def decorate(function: Callable[..., Move]) -> Callable[..., Move]:
        schema = described(function, step, each, choices)
        SCHEMAS[schema.name] = schema
        return function

    return decorate


def described(
    function: Callable[..., Move],
    step: str,
    each: Callable[[World], list[dict[str, str]]],
    choices: Callable[[World], Domains],
) -> ActionSchema:
    """A function as an action."""
    name = function.__name__.replace("__", ".")
    honest = "." in name
    meaning = (function.__doc__ or "").strip().partition("\n")[0]
    called = name if honest else f"attacker.{name}"
    return ActionSchema(called, function.__module__, step, honest, meaning, each, choices, function)
