"""Actions: the steps a run is made of.

An action is written as one function that, given a world, a design, the attacker's capabilities, a view of the
state and its parameters, returns a :class:`Move`: when it can be tried at all, which rules must agree, and
what it changes. Parameters in ``each`` make separate actions (one for each session, say); parameters in
``choices`` are picked when the action happens and may stay undecided in a reading.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import wraps
from itertools import product
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeAlias, TypeVar, cast

from model.logic import Condition, Decided, Value, all_of, any_of, choose, holds, no, same, truth
from model.messages import Sent
from model.model import Model
from model.rule import Named
from model.send import heard
from model.state import View
from model.switching import Choices, Switches
from model.world import NONE, Party, World, on_same_origin

Domains = Mapping[str, tuple[Decided, ...]]
#: What a step is given for a parameter.
Given: TypeAlias = "Value | Condition"
#: What a step writes, by the names of state variables.
Written: TypeAlias = "dict[str, Value | Condition]"


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


_NEVER = Move(False, (), {})


class _ImpossibleError(Exception):
    """An action plainly cannot happen."""


#: What choices begin with of what a field says that a draft adds: a step that sends no such field looks at none.
ADDS = "adds_"


class _Unchosen:
    """A choice before it is made, at which nobody can look."""

    def __eq__(self, _: object) -> bool:
        raise LookupError

    def __hash__(self) -> int:
        raise LookupError

    def __bool__(self) -> bool:
        raise LookupError


def possible(*conditions: Condition) -> Condition:
    """Whether an action can happen, for which all of this must hold; where it plainly cannot, it ends here."""
    here = all_of(*conditions)
    if here is False:
        raise _ImpossibleError
    return here


class Shared(Switches[Value]):
    """The switches that are about everybody, or about somebody who is no party; those of a role are its parties'."""

    __slots__ = ("_all",)

    def __init__(self, design: Choices) -> None:
        self._all = design

    def __getattr__(self, name: str) -> Any:
        if (switch := self._all.model.switches.get(name)) is not None and switch.roles:
            raise SwitchOwnerError(f"switch {name!r} is of {' or '.join(switch.roles)}, and is read of nobody alone")
        return getattr(self._all, name)


class Policy(Switches[Value]):
    """The switches as parties of some roles have them: their own where they have some, else everybody's.

    It is an error to read one that another role has: the reader has to say whose it is.
    """

    def __init__(self, shared: Choices, own: Mapping[str, Value], roles: Collection[str]) -> None:
        self._shared, self._own, self._roles = shared, own, roles

    def __getattr__(self, name: str) -> Any:
        found = self._own[name] if name in self._own else self._of_all(name)
        setattr(self, name, found)  # which is read the next time
        return found

    def _of_all(self, name: str) -> Value:
        if (switch := self._shared.model.switches.get(name)) is not None:
            for role in self._roles:
                if role not in switch.of and switch.roles:
                    raise SwitchOwnerError(f"switch {name!r} is of {' or '.join(switch.roles)}, and is read of {role}")
        found: Value = getattr(self._shared, name)
        return found


class SwitchOwnerError(TypeError):
    """A switch is read of somebody who does not have it."""


class Context(NamedTuple):
    """What an action may read besides its parameters.

    ``switches`` holds all of them, and is read by nobody: those that are about everybody stand in ``design``, those of
    a party are got by :meth:`of`, :meth:`client` and :meth:`among`. ``session`` is the one in which a step is taken;
    empty where it is taken in none. ``before``: what is read was so before the run.
    """

    world: World
    switches: Any
    capabilities: Mapping[str, Condition]
    state: View
    session: str = ""
    before: bool = False

    @property
    def design(self) -> Choices:
        """The switches that are about everybody."""
        return Shared(self.switches)

    @property
    def model(self) -> Model:
        """The model that is read."""
        return self.world.model

    def under(self, protocol: str) -> Context:
        """The same, with what there is of one protocol in its world."""
        world = self.world.under(protocol)
        return self if world is self.world else self._replace(world=world)

    def within(self, session: str) -> Context:
        """The same, in a session."""
        return self._replace(session=session)

    def own(self, party: str) -> Mapping[str, Value]:
        """The switches that a party has for itself: as the configuration sets them for it, or the world."""
        settings = self.world.settings[party]
        if not self.switches.parties:
            return settings
        return {**settings, **{name: value for (whose, name), value in self.switches.parties.items() if whose == party}}

    def of(self, party: str) -> Choices:
        """The switches of a party: its own, or everybody's."""
        return _policy(self, party)

    def among(self, parties: Iterable[Party], named: Callable[[Party], Condition]) -> Choices:
        """The switches of whichever of these parties is named; where none is, of the first."""
        said = [(party, self.own(party.name)) for party in parties]
        own: dict[str, Value] = {}
        for name in dict.fromkeys(name for _, theirs in said for name in theirs):
            each = [(party, theirs.get(name, getattr(self.switches, name))) for party, theirs in said]
            own[name] = each[0][1]
            for party, value in each[1:]:
                own[name] = choose(named(party), value, own[name])
        return Policy(self.switches, own, {party.role for party, _ in said})

    def client(self, session: str) -> Choices:
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
        here = all_of(*(same(getattr(self.of(party.name), name), value) for name, value in party.exists_if))
        return here if party.honest else all_of(here, any_of(self.runs(party), self.has(party.present_with)))

    def at(self, url: Value, relation: Callable[[Party], Condition], role: str = "") -> Condition:
        """Whether what is at a URL is a party (of this role) of which the relation holds."""
        parties = self.world.of(role) if role else self.world.parties
        return any_of(*(all_of(same(url, party.url), relation(party)) for party in parties))

    def runs(self, party: Party) -> Condition:
        """Whether the attacker runs the party.

        In a session of its own, an attacker that is dishonest at all runs the servers on its hosts. It operates AS and
        resource servers of its own (RFC 9700 3, A1); capabilities say who else comes to them. An AS of the attacker's
        is also what answers at the origin of its resource servers, where clients look there.
        """
        own = self.session in self.world.own_sessions and party.name in self.world.own_servers
        clients = [self.world.session[self.session]] if self.session else self.world.sessions
        return _run(self, party.name, own, *dict.fromkeys(session.client for session in clients))

    def answers_at_origin(self, url: Value) -> Condition:
        """Whether who has a URL answers at the well-known locations of its origin as well: alone there, or let to."""
        return any_of(no(self.shares_origin(url)), same(self.design.wk_owner, "tenant"))

    def shares_origin(self, url: Value) -> Condition:
        """Whether what is at a URL is a tenant of an origin that an honest resource is on as well."""
        return holds(lambda at: at != NONE and on_same_origin(self.world, at), url)

    def looks_at_resources(self, *clients: str) -> Condition:
        """Whether one of these clients takes the origin of a resource for an AS, or for where its endpoints are."""
        designs = [self.of(client) for client in clients]
        return any_of(
            *(same(design.legacy_as, "resource_origin") for design in designs),
            *(same(design.endpoint_defaults, "resource_origin") for design in designs),
        )

    def attackers(self, url: Value) -> Condition:
        """Whether the attacker runs the party at a URL."""
        return self.at(url, self.runs)


P = ParamSpec("P")
Read = TypeVar("Read")


def once(function: Callable[Concatenate[Context, P], Read]) -> Callable[Concatenate[Context, P], Read]:
    """A reading that is the same in all sessions: it is made once where a view keeps what has been read of it."""

    @wraps(function)
    def read(c: Context, /, *args: P.args, **values: P.kwargs) -> Read:
        known = c.state.known
        if known is None:
            return function(c.within("") if c.session else c, *args, **values)
        key = (function, c.world.protocol, c.before, *args, *values.items())
        if key not in known:
            known[key] = function(c.within("") if c.session else c, *args, **values)
        found: Read = known[key]
        return found

    return read


@once
def _run(c: Context, name: str, own: bool, *clients: str) -> Condition:
    """Whether the attacker runs the party of this name, in a session of one of these clients.

    ``own``: in a session of the attacker's own.
    """
    world, party = c.world, c.world.by_name[name]
    run = c.has(c.capabilities if own else world.hands.get(name, party.run_by))
    if party not in world.strangers or world.protocol != "oauth":
        return run
    origins = (all_of(c.has(each.run_by), c.answers_at_origin(each.url)) for each in world.attackers_resources)
    return any_of(run, all_of(any_of(*origins), c.looks_at_resources(*clients)))


@once
def _policy(c: Context, party: str) -> Policy:
    """The switches of a party: its own, or everybody's."""
    return Policy(c.switches, c.own(party), (c.world.by_name[party].role,))


class Free(NamedTuple):
    """What the attacker can write in a field, and when nobody reads that."""

    values: Callable[[World], tuple[Decided, ...]]
    when: Callable[[Context], Condition] = lambda _: True


@dataclass(frozen=True, slots=True)
class ActionSchema:
    """An action before its ``each`` parameters are fixed.

    ``free``: fields, as ``Message.field``, that nobody reads here, so that the attacker can write anything. They are
    choices only where drafts ask about messages (:func:`model.extension.rule`).
    """

    name: str
    module: str
    step: str
    honest: bool
    meaning: str
    each: Callable[[World], list[dict[str, str]]]
    choices: Callable[[World], Domains]
    move: Callable[..., Move]
    free: Mapping[str, Free] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """An action of a world: a schema of a protocol with its ``each`` parameters fixed.

    ``knowable``: the state variables by which the attacker's knowledge grows with what it hears in it. ``name``: such
    as ``client.send_authorization_request[victim]``.
    """

    schema: ActionSchema
    fixed: Mapping[str, str]
    choices: Domains
    protocol: str
    knowable: frozenset[str]
    name: str = field(init=False)

    def __post_init__(self) -> None:
        named = self.schema.name + (f"[{','.join(self.fixed.values())}]" if self.fixed else "")
        object.__setattr__(self, "name", named)

    @property
    def session(self) -> str:
        """The session in which it is a step; empty for others."""
        return self.fixed.get("who", "")

    def __call__(self, context: Context, **chosen: Given) -> Move:
        c = context.under(self.protocol).within(self.session)
        try:
            move = self.schema.move(c, **self.fixed, **chosen)
        except _ImpossibleError:
            return _NEVER
        learned = heard(c, move.sends, self.knowable)
        also = {name: any_of(truth(move.sets.get(name, False)), when) for name, when in learned.items()}
        return move._replace(sets={**move.sets, **also})

    def ways(self, context: Context) -> Iterator[tuple[dict[str, Decided], Move]]:
        """Return each way to choose with its move; none where the action plainly cannot happen, whatever is chosen."""
        return self._completed(context, {})

    def _completed(self, context: Context, chosen: dict[str, Decided]) -> Iterator[tuple[dict[str, Decided], Move]]:
        """Return the ways that begin with some choices."""
        left = [name for name in self.choices if name not in chosen]
        if not left:
            yield chosen, self(context, **chosen)
            return
        # Where a choice is looked at, each has to be tried; whatever else is wrong shows again there.
        with suppress(Exception):
            if self(context, **chosen, **dict.fromkeys(left, cast(str, _Unchosen()))) is _NEVER:
                return
        values = self._told_apart(context, chosen, left) if left[0].startswith(ADDS) else self.choices[left[0]]
        for value in values:
            yield from self._completed(context, {**chosen, left[0]: value})

    def _told_apart(self, context: Context, chosen: dict[str, Decided], left: list[str]) -> tuple[Decided, ...]:
        """What the first choice that is left may be: of values at which nobody looks, the first."""
        others = {name: self.choices[name][0] for name in left[1:]}
        with suppress(Exception):
            self(context, **chosen, **others, **{left[0]: cast(str, _Unchosen())})
            return self.choices[left[0]][:1]
        return self.choices[left[0]]


SCHEMAS: dict[str, ActionSchema] = {}


def combined(**among: Iterable[str]) -> list[dict[str, str]]:
    """One action for each combination of these; the last changes fastest."""
    return [dict(zip(among, chosen, strict=True)) for chosen in product(*among.values())]


def action(
    step: str,
    each: Callable[[World], list[dict[str, str]]] = lambda _: [{}],
    choices: Callable[[World], Domains] = lambda _: {},
    free: Mapping[str, Free] | None = None,
) -> Callable[[Callable[..., Move]], Callable[..., Move]]:
    """Register a function as an action: ``client__send_token`` is a client's, one without actor the attacker's."""

    def decorate(function: Callable[..., Move]) -> Callable[..., Move]:
        schema = replace(described(function, step, each, choices), free=free or {})
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
