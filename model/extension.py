"""What a draft adds to a model: switches, rules, steps, fields of messages, state, designs, variants of rules.

The functions of this module are called while :meth:`model.model.Model.extended` runs a draft. Each makes another model,
with one thing more, of the one that the draft has made so far.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, fields, make_dataclass, replace
from functools import cache, wraps
from inspect import getsource, signature
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias, TypeVar, cast

from model import messages
from model.action import ADDS, ActionSchema, Context, Domains, Given, Move, described
from model.design import expanded, parse_switches
from model.documents import shortly
from model.errors import InputError, hint
from model.fields import HONEST, MADE, AddedField, can_write, cases, chosen, hashed_in, makers, names, written
from model.flow import authorization_request
from model.guards import GUARDS, Guard
from model.inputs import reading
from model.logic import Condition, Pick, Value, all_of, any_of, choose, implies, mapped, no, same, truth
from model.messages import Message, Sent, public, term
from model.model import DraftError, Model, blamed, built, grow
from model.protocols import PROTOCOLS, every_rule, plain
from model.receipts import Receipt, kinds, receipts
from model.rule import DECIDES, Named, Rule, made
from model.spelling import misspelt
from model.state import Variables, View
from model.switches import EVERYBODY, ROLES, Extent, Kind, Switch
from model.world import ATTACKER, CHANNELS, CLIENT, NONE, World
from model.world_file import WORLDS

_Request: TypeAlias = messages.AuthorizationRequest | messages.PushedRequest
F = TypeVar("F", bound=Callable[..., object])

# --- making additions ------------------------------------------------------------------------------------------


def add(what: str, table: str, name: str, value: object) -> None:
    """Add something new to a table of the model.

    Raises:
        DraftError: there is something of the name already.
    """
    put(table, {new(what, name, getattr(built(), table)): value})


def put(table: str, entries: Mapping[str, object] | Mapping[tuple[str, str], object]) -> None:
    """Put entries into a table of the model, some perhaps in the place of others."""
    grow(built().but(**{table: {**getattr(built(), table), **entries}}))


#: A name that configurations, commands and files take without quotes.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")


def new(what: str, name: str, among: Collection[str]) -> str:
    """Return a name of which there is nothing yet.

    Raises:
        DraftError: there is something of the name already, or it is none.
    """
    if not _NAME.fullmatch(name):
        raise DraftError(f"the name of a {what} has up to 80 letters, digits, '_', '-' and '.', found {shortly(name)}")
    if name in among:
        raise DraftError(f"there is a {what} {name!r} already")
    return name


def _read(function: Callable[..., object]) -> None:
    """Make sure that a function that no file holds names switches and values that there are.

    Raises:
        DraftError: naming what there is not, and what is allowed.
    """
    if callable(built().drafts[-1]):
        for line, said in misspelt(dedent(getsource(function)), built().switches):
            raise DraftError(f"{function.__name__}, line {line}: {said}")


#: What a function of a draft may be for, and whether what it gives is that.
_GIVEN: dict[str, Callable[[object], bool]] = {
    "condition": lambda found: isinstance(found, bool) or (hasattr(found, "__invert__") and not isinstance(found, int)),
    "move": lambda found: isinstance(found, Move),
    "value": lambda found: isinstance(found, str | Pick),
}


#: The model that a draft had made so far when it added the function that is asked.
_STOOD: ContextVar[Model | None] = ContextVar("_STOOD", default=None)


def giving(kind: str, function: F) -> F:
    """A function of a draft; one line says what goes wrong in it, or that it gives something else.

    Raises:
        DraftError: when it is called.
    """
    file, stood = Path(function.__code__.co_filename), built()

    @wraps(function)
    def held(*args: object, **named: object) -> object:
        before = _STOOD.set(stood)
        try:
            with reading() as read:
                found = function(*args, **named)
        except InputError:
            raise
        except BaseException as error:
            raise blamed(file, error) from error
        finally:
            _STOOD.reset(before)
        complaint = ""
        if not _GIVEN[kind](found):
            complaint = f"gives {found!r}, which is no {kind}"
        for what, name in read.things:
            complaint = f"reads {what} {name} when it is asked: a draft reads at the top of its file"
        if complaint:
            raise DraftError(f"{file.name}:{function.__code__.co_firstlineno}: {function.__name__} {complaint}")
        return found

    return cast(F, held)


def known(what: str, name: str, among: Collection[str]) -> str:
    """A name, if there is something of it.

    Raises:
        DraftError: there is not; naming what there is.
    """
    if name not in among:
        raise DraftError(f"unknown {what} {name!r}{hint(name, among)}")
    return name


# --- what can be added -----------------------------------------------------------------------------------------


def switch(
    name: str, values: str, meaning: str, source: str, *, of: str = "", kind: Kind = "mechanism", words: str = ""
) -> None:
    """Add a switch.

    Args:
        name: as configurations write it; rules read it as ``design.<name>``.
        values: with spaces between them, the baseline first.
        meaning, source: in plain words, and the section that has it.
        of: the role whose parties can have it for themselves (``client``, ``authorization_server`` ...); without one it
            is about everybody.
        kind: ``mechanism``, or ``environment`` for what others do and designs do not decide.
        words: what figures call each value, with semicolons between them; without, they show the values.
    """
    phrases = [phrase.strip() for phrase in words.split(";")] if words else []
    for value in values.split():
        new(f"value of switch {name!r}", value.replace("+", "_"), ())
    if len(set(values.split())) < 2:
        raise DraftError(f"switch {name!r} needs two values or more, with spaces between them")
    if phrases and len(phrases) != len(values.split()):
        raise DraftError(f"switch {name!r} has {len(values.split())} values and words for {len(phrases)}")
    if not (meaning and source):
        raise DraftError(f"switch {name!r} has no meaning or no source")
    owner = known("role", of, ROLES) if of else EVERYBODY
    add("switch", "switches", name, Switch(name, tuple(values.split()), kind, meaning, source, (owner,)))
    put("words", {("value", f"{name}={value}"): said for value, said in zip(values.split(), phrases, strict=False)})


def capability(
    name: str,
    meaning: str,
    *,
    reads: Iterable[str] = (),
    runs: Iterable[str] = (),
    controls: Iterable[str] = (),
    channel: str = "",
) -> None:
    """Add something that the attacker may be able to do; what it reaches needs no step of its own.

    Args:
        name: as configurations write it after ``cap=``; steps can ask for it as well.
        meaning: in plain words.
        reads: kinds of messages that it reads wherever they go (``TokenResponse``).
        runs: parties that the attacker runs by it, of those that worlds have as dishonest (``evil_as``).
        controls: clients whose domain it has, with all that is served there.
        channel: what it writes or reads of the first honest resource server of a world (``challenge``, ``requests``).
    """
    parties = {party.name: party for world in WORLDS.values() for party in world.parties}
    reach = Extent(
        tuple(known("message", kind, _kinds(Message)) for kind in reads),
        tuple(known("dishonest party", party, [p for p in parties if not parties[p].honest]) for party in runs),
        tuple(known("client", party, [p for p in parties if parties[p].role == CLIENT]) for party in controls),
        known("channel", channel, CHANNELS) if channel else "",
    )
    add("capability", "capabilities", name, meaning)
    put("reaches", {name: reach})


def design(name: str, text: str, meaning: str, source: str) -> None:
    """Add a named design, as a configuration string without an attacker; it may start from another."""
    said = ";".join(f"{key}={value}" for key, value in expanded(text, built()).items())
    parse_switches(said, built())
    add("design", "designs", name, said)
    put("notes", {name: (meaning, source)})


def rule(
    *, source: str, at: str | tuple[str, ...] = (), guard: str = "", message: str = "", actor: str = ""
) -> Callable[[Callable[..., Condition]], Callable[..., Named]]:
    """Add a rule that an honest party asks; the function says when it is met, its first line what it requires.

    Args:
        source: the section that requires it.
        at: the steps in which it is asked. The function takes the context and those of their parameters that it names.
        guard: or a guard of :mod:`model.guards`, which conversations and played parties ask as well. The function takes
            those of the values that rules of this guard take.
        message: or a message, wherever the actor receives it. The function takes the context, what the message says and
            what the actor holds when it arrives (:mod:`model.receipts`), as mappings.
        actor: who asks it; without one, whose step or guard it is.
    """

    def decorate(function: Callable[..., Condition]) -> Callable[..., Named]:
        steps, name = (at,) if isinstance(at, str) and at else tuple(at), function.__name__
        if [bool(steps), bool(guard), bool(message)].count(True) != 1:
            raise DraftError(
                f"rule {name!r} is asked nowhere: say at which step (at=), in which guard (guard=) or of which message "
                "(message=)"
            )
        asks = known("role", actor, ROLES) if message else actor or _actor(name, steps, guard)
        found, read = made(asks, giving("condition", function), (), source)
        if not found.requirement:
            raise DraftError(f"rule {name!r} has no docstring: its first line says what it requires")
        _read(function)
        grow(built().adding(Rule, {new("rule", found.name, every_rule(built())): found}))
        for step in steps:
            _ask_at(step, read)
        if guard:
            _ask_in(guard, read)
        if message:
            ask_of_messages(
                lambda it: [read(it.context, it.says, it.held)] if it.role == actor else [],
                known("message", message, _kinds(Message)),
            )
        return read

    return decorate


def _actor(name: str, steps: tuple[str, ...], guard: str) -> str:
    """Whose step or guard it is."""
    if guard:
        return _guard(guard).actor
    actors = {step.partition(".")[0] for step in steps} - {"attacker"}
    if len(actors) != 1:
        raise DraftError(f"who asks rule {name!r}? say it (actor=): client, authorization_server, resource_server ...")
    return actors.pop()


def _ask_at(step: str, read: Callable[..., Named]) -> None:
    """A step asks one rule more, after those that it asks."""
    schema = _schema(step)
    names = _named(read, [*signature(schema.move).parameters][1:], f"step {step!r}")

    def also(c: Context, chosen: Mapping[str, Given], move: Move) -> Move:
        return move._replace(rules=(*move.rules, read(c, **{name: chosen[name] for name in names})))

    _put_step(_changed(schema, also))


def ask_of_messages(
    asks: Callable[[Receipt], Iterable[Named]], kind: str = Message.__name__, rules: Mapping[str, Rule] | None = None
) -> None:
    """Ask more of messages of a kind, wherever honest parties receive them; the attacker writes in them what it likes.

    ``rules``: new ones that are asked, by name.
    """
    grow(built().adding(Rule, rules or {}))
    _change_steps(MessageRules(kind, asks))


@dataclass(frozen=True, slots=True)
class MessageRules:
    """What else is asked of messages of a ``kind``, by every honest party that receives one."""

    kind: str
    asks: Callable[[Receipt], Iterable[Named]]

    def __call__(self, schema: ActionSchema) -> ActionSchema:
        """Return a step that asks it."""
        return _asking(schema, self.asks, self.kind)


def _asking(schema: ActionSchema, asks: Callable[[Receipt], Iterable[Named]], kind: str) -> ActionSchema:
    """A step that asks more of messages of a kind, and in which the attacker chooses what it is free to write there."""
    before = schema.move
    free = {name: each for name, each in schema.free.items() if kind in (name.partition(".")[0], Message.__name__)}
    says = {f"says_{name.partition('.')[2]}": name for name in free}

    @wraps(before)
    def move(c: Context, **chosen: Given) -> Move:
        said = {name: (cast(Value, chosen.pop(key)), free[name].when(c)) for key, name in says.items()}
        made = before(c, **chosen)
        sends = tuple(sent._replace(message=_saying(sent.message, said)) for sent in made.sends)
        found = receipts(c, chosen, [sent for sent in sends if kind in kinds(sent.message)])
        asked = [rule._replace(holds=implies(it.when, rule.holds)) for it in found for rule in asks(it)]
        return made._replace(sends=sends, rules=(*made.rules, *asked))

    def choices(world: World) -> Domains:
        return {**schema.choices(world), **{key: free[name].values(world) for key, name in says.items()}}

    left = {name: each for name, each in schema.free.items() if name not in free}
    return replace(schema, move=move, choices=choices, free=left)


def _saying(message: Message, said: Mapping[str, tuple[Value, Condition]]) -> Message:
    """A message with what else its sender writes there."""
    for name, (value, when) in said.items():
        kind, _, field = name.partition(".")
        if kind in kinds(message):
            message = replace(message, **{field: choose(when, value, getattr(message, field))})
    return message


def _changed(schema: ActionSchema, then: Callable[[Context, Mapping[str, Given], Move], Move]) -> ActionSchema:
    """A step of which something else is made."""
    before = schema.move

    @wraps(before)
    def move(c: Context, **chosen: Given) -> Move:
        return then(c, chosen, before(c, **chosen))

    return replace(schema, move=move)


def _named(read: Callable[..., Named], allowed: Collection[str], where: str) -> list[str]:
    """The parameters of a rule after the context, all of which there are where it is asked."""
    names = list(signature(read).parameters)[1:]
    for name in names:
        if name not in allowed:
            raise DraftError(f"{where} has no {name!r} for rule {read.__name__!r}{hint(name, allowed)}")
    return names


def _ask_in(guard: str, read: Callable[..., Named]) -> None:
    """A guard asks one rule more, last."""
    allowed = _guard(guard).values
    for name in signature(read).parameters:
        known(f"value of guard {guard}", name, allowed)
    put("guards", {guard: (*built().guards.get(guard, ()), read)})


def _guard(name: str) -> Guard:
    return GUARDS[known("guard", name, GUARDS)]


def _steps() -> dict[str, ActionSchema]:
    """Every step of every protocol, before what is made of all of them."""
    return {schema.name: schema for protocol in PROTOCOLS for schema in plain(protocol, built())}


def _schema(step: str) -> ActionSchema:
    every = _steps()
    return every[known("step", step, every)]


def _put_step(schema: ActionSchema) -> None:
    grow(built().adding(ActionSchema, {schema.name: schema}))


def _change_steps(change: Callable[[ActionSchema], ActionSchema]) -> None:
    grow(built().but(changes=(*built().changes, change)))


def variant(rule: str) -> Callable[[F], F]:
    """Put a function in the place of what decides a rule; it takes what that takes, and :func:`original` gives it."""
    before = original(rule)

    def decorate(function: F) -> F:
        wanted = list(signature(before).parameters)
        if list(signature(function).parameters) != wanted:
            raise DraftError(f"a variant of {rule} takes ({', '.join(wanted)})")
        _read(function)
        put("variants", {rule: giving("condition", function)})
        return function

    return decorate


def original(rule: str) -> Callable[..., Condition]:
    """What decides a rule so far; in a function of a draft, what decided it before that was added."""
    model = _STOOD.get() or built()
    known("rule", rule, every_rule(model))
    return model.variants.get(rule) or DECIDES[rule]


def step(
    number: str,
    each: Callable[[World], list[dict[str, str]]] = lambda _: [{}],
    choices: Callable[[World], Domains] = lambda _: {},
    protocol: str = "oauth",
) -> Callable[[Callable[..., Move]], Callable[..., Move]]:
    """Add a step to a protocol, as :func:`model.action.action` has it: ``client__do_something`` is a client's, a name
    without an actor the attacker's; ``number`` is the step of the flow beside which it stands (``S18``)."""

    def decorate(function: Callable[..., Move]) -> Callable[..., Move]:
        schema = described(giving("move", function), number, each, choices)
        last = PROTOCOLS[known("protocol", protocol, PROTOCOLS)].modules[-1]
        _read(function)
        new("step", schema.name, _steps())
        _put_step(replace(schema, module=last))
        return function

    return decorate


def state(function: Callable[[Variables, World], None]) -> Callable[[Variables, World], None]:
    """Add to what can change: the function is given :class:`model.state.Variables` and a world of one protocol."""
    add("state of the name", "states", function.__name__, function)
    return function


def field(
    message: str, name: str, values: Callable[[World], Iterable[str]] = names
) -> Callable[[Callable[[Context, Sent], Value]], None]:
    """Add a field to a message; the function says what an honest sender writes there, of each message that is sent.

    Where the attacker writes the message it writes there what that would be, or any other value that it can make.

    A field of authorization requests is one of pushed requests as well, and the AS keeps what a request said with the
    code: ``held["request.<name>"]``. What a request said that was pushed it does not say again by reference.

    Args:
        message: the kind of message; ``name``: as the wire has it.
        values: what may stand there in a world, without which it is a name of an issuer, a resource or a client. With
            signatures and MACs (:func:`model.fields.signed`) it has to list all, so that what is seen is remembered.
    """
    record: type[Message] = getattr(messages, known("message", message, _messages()))
    if name in {field.name for field in fields(record)}:
        raise DraftError(f"{message} has a field {name!r} already")
    kind, listed = f"{message}_{name}", values is not names
    request = record is messages.AuthorizationRequest
    records = (record, messages.PushedRequest) if request else record

    def decorate(function: Callable[[Context, Sent], Value]) -> None:
        honest = giving("value", function)

        @cache
        def domain(world: World) -> tuple[str, ...]:
            return tuple(dict.fromkeys((NONE, *values(world))))

        def added(made: Variables, world: World) -> None:
            there = {variable.name for variable in made.variables}
            for value in dict.fromkeys(part for each in filter(makers, domain(world)) for part in hashed_in(each)):
                if (fact := f"knows.{MADE}.{value}") not in there:
                    made.fact(fact, f"the attacker has seen {value}")
            for grant in world.grants if request else ():
                made.value(f"{grant.name}.{name}", domain(world), f"{name} of the request")

        def said(c: Context, sent: Sent, honest_step: bool) -> Value:
            value, allowed = honest(c, sent), domain(c.world)
            strange = [one for one in cases(value) if (one not in allowed if listed else makers(one))]
            if strange and honest_step:
                raise DraftError(f"{function.__name__}: {strange[0]!r} is not among values= of {message}.{name}")
            value = mapped(lambda one: NONE if one in strange else one, value) if strange else value
            return choose(same(cast(_Request, sent.message).redirect_uri, NONE), NONE, value) if request else value

        def sending(schema: ActionSchema) -> ActionSchema:
            before, choice = schema.move, f"{ADDS}{kind}"

            @wraps(before)
            def move(c: Context, **given: Given) -> Move:
                own = cast(Value, given.pop(choice, HONEST))
                made = before(c, **given)
                able, sent_then, also = [made.when], [], dict(made.sets)
                secret = any(map(makers, domain(c.world)))
                leaks = [cast(Condition, when) for fact, when in also.items() if fact.startswith("knows.state.")]
                for sent in made.sends:
                    if isinstance(sent.message, records) and name not in sent.message.__dataclass_fields__:
                        theirs, told = written(c, schema, sent), said(_issued(c, made), sent, schema.honest)
                        # An honest client hands the attacker's browser what that is to pass on.
                        handed = schema.honest and same(sent.sender, ATTACKER)
                        value = choose(theirs, chosen(own, told), told)
                        makes = any_of(can_write(c, value), all_of(handed, same(own, HONEST)))
                        able.append(implies(all_of(theirs, sent.when), makes))
                        narrower: type = type(sent.message)
                        said_so_far = {each.name: getattr(sent.message, each.name) for each in fields(sent.message)}
                        wider = _wider(narrower, name, MADE if secret else "")
                        # What leaks the state of a message leaks what stands beside it.
                        seen = any_of(handed, *(leaks if "state" in said_so_far else ()))
                        for one, here in cases(told).items() if seen is not False else ():
                            if makers(one):
                                fact = f"knows.{MADE}.{one}"
                                also[fact] = any_of(truth(also.get(fact, False)), all_of(here, sent.when, seen))
                        sent = sent._replace(message=wider(**said_so_far, **{name: value}))
                    sent_then.append(sent)
                for grant in c.world.grants if request else ():
                    if made.sets.get(f"{grant.name}.code") in ("issued", "pushed"):
                        also[f"{grant.name}.{name}"] = kept(c, grant.name, made, sent_then)
                return made._replace(when=all_of(*able), sets=also, sends=tuple(sent_then))

            # Whether a step sends such a message only its move says: a choice that no message takes up changes nothing.
            return replace(
                schema, move=move, choices=lambda world: {**schema.choices(world), choice: (HONEST, *domain(world))}
            )

        def kept(c: Context, grant: str, made: Move, sends: Iterable[Sent]) -> Value:
            """What the request said that a grant answers: one in this step, or that of a session or a pushed one."""
            value: Value = NONE if made.sets[f"{grant}.code"] == "pushed" else c.state[f"{grant}.{name}"]
            of = cast(Value, made.sets.get(f"{grant}.of", NONE))
            for session in c.world.sessions:
                inside = c.within(session.name)
                sent = authorization_request(inside, c.state.session(session.name), NONE, False)
                theirs = said(inside, Sent(session.client, grant, sent), False)
                value = choose(same(of, session.name), theirs, value)
            for each in sends:
                if isinstance(each.message, records):
                    by_value = no(same(cast(_Request, each.message).redirect_uri, NONE))
                    value = choose(all_of(each.when, by_value), getattr(each.message, name), value)
            return value

        add("field", "states", kind, added)
        _change_steps(AddedField(message, name, honest, listed, sending))

    return decorate


def _issued(c: Context, move: Move) -> Context:
    """The context in which an AS answers: it knows what it has just recorded of a grant."""
    grants = tuple(f"{each.name}." for each in c.world.grants if move.sets.get(f"{each.name}.code") == "issued")
    if not grants:
        return c
    now = {name: value for name, value in move.sets.items() if name.startswith(grants)}
    return c._replace(state=View(lambda name: now[name] if name in now else c.state[name]))


@cache
def _wider(message: type[Message], name: str, kind: str) -> Callable[..., Message]:
    """A message with one field more, which holds terms of a kind or what anybody may read."""
    holds = term(kind) if kind else public()
    return make_dataclass(message.__name__, [(name, Value, holds)], bases=(message,), frozen=True, slots=True)


def _kinds(message: type[Message]) -> list[str]:
    """The names of every kind of message."""
    return [name for kind in message.__subclasses__() for name in (kind.__name__, *_kinds(kind))]


def _messages() -> list[str]:
    return [name for name, value in vars(messages).items() if isinstance(value, type) and issubclass(value, Message)]
