"""Additions to the model that are not in this repository: made where the model has such things itself, and taken back.

A draft of one's own adds switches, rules, steps, fields of messages, state and designs, or puts a variant in the place
of a rule. They go into the very tables that machine, solver, simulation and charts read, so that all of them see them
and agree. Additions are made within :func:`extend`; at its end they are gone, and what is remembered of the model is
forgotten at both ends.
"""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, make_dataclass, replace
from functools import cache, wraps
from importlib.util import module_from_spec, spec_from_file_location
from inspect import getsource, signature
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any, TypeVar, cast
from uuid import uuid4

from model import guards, messages, protocols
from model.action import SCHEMAS, ActionSchema, Context, Domains, Move, described
from model.design import DESIGN_NOTES, NAMED_DESIGNS, expanded, parse_switches
from model.errors import InputError, hint
from model.logic import Condition, Pick, Value
from model.messages import Message, Sent, public
from model.protocols import FURTHER, PROTOCOLS
from model.rule import DECIDES, RULES, made
from model.spelling import misspelt
from model.state import Variables
from model.switches import CAPABILITIES, EVERYBODY, ROLES, SWITCHES, Kind, Switch
from model.words import ADDED
from model.world import World

F = TypeVar("F", bound=Callable[..., Any])
K = TypeVar("K")

#: The packages of which something may be remembered that an addition changes.
_OURS = ("model", "properties", "deployed", "simulations", "conformance", "openworld")


class DraftError(InputError):
    """An addition that cannot be made; one line that names it and what is allowed."""


class _Open:
    """Additions while they are made: what takes each of them back, and what tells them from others.

    Attributes:
        running: they come from the files; whatever comes after those is ``loose``.
    """

    def __init__(self, files: tuple[Path, ...]) -> None:
        self.files = files
        self.back = ExitStack()
        self.marks = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
        self.running, self.loose = True, False

    def note(self) -> None:
        """Something is added."""
        if not self.running and not self.loose:
            self.loose = True
            self.marks.append(uuid4().hex)


_open: list[_Open] = []


# --- making additions ------------------------------------------------------------------------------------------


@contextmanager
def extend(*files: str | Path) -> Iterator[None]:
    """The model with what these files add, and with what is added before this ends; afterwards as it was before.

    Raises:
        DraftError: what a file adds, or how, is wrong.
        OSError: a file cannot be read.
    """
    here = _Open(tuple(Path(file).resolve() for file in files))
    with here.back:
        here.back.callback(_forget)
        _open.append(here)
        here.back.callback(_open.remove, here)
        for file in here.files:
            _run(file)
        here.running = False
        yield


def begin(*files: str | Path) -> Callable[[], None]:
    """The same for the cells of a notebook: until what is given back is called."""
    stack = ExitStack()
    stack.enter_context(extend(*files))
    return stack.close


def loaded() -> tuple[Path, ...] | None:
    """The files whose additions are in force, for other processes to make; ``None`` if some came from no file."""
    return None if any(each.loose for each in _open) else tuple(file for each in _open for file in each.files)


def marks() -> tuple[str, ...]:
    """What tells these additions from any others: the digests of their files, or something new."""
    return tuple(mark for each in _open for mark in each.marks)


def _run(file: Path) -> None:
    name = f"draft_{file.stem}"
    spec = spec_from_file_location(name, file)
    if file.suffix != ".py" or spec is None or spec.loader is None:
        raise DraftError(f"{file.name}: a draft is a Python file, named *.py")
    module = module_from_spec(spec)
    put(sys.modules, {name: module})
    try:
        spec.loader.exec_module(module)
    except InputError as error:
        raise DraftError(f"{_where(file, error)}: {error}") from error
    except SyntaxError as error:
        raise DraftError(f"{file.name}:{error.lineno}: {error.msg}") from error
    except Exception as error:
        raise DraftError(f"{_where(file, error)}: {type(error).__name__}: {error}") from error
    for line, said in misspelt(file.read_text(encoding="utf-8")):
        raise DraftError(f"{file.name}:{line}: {said}")


def _read(function: Callable[..., Any]) -> None:
    """Make sure that a function that no file holds names switches and values that there are.

    Raises:
        DraftError: naming what there is not, and what is allowed.
    """
    if not _open[-1].running:
        for line, said in misspelt(dedent(getsource(function))):
            raise DraftError(f"{function.__name__}, line {line}: {said}")


def _where(file: Path, error: BaseException) -> str:
    """The line of a file that led to an error."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file.name}:{lines[-1]}" if lines else file.name


#: What a function of a draft may be for, and whether what it gives is that.
_GIVEN: dict[str, Callable[[Any], bool]] = {
    "condition": lambda found: isinstance(found, bool) or (hasattr(found, "__invert__") and not isinstance(found, int)),
    "move": lambda found: isinstance(found, Move),
    "value": lambda found: isinstance(found, str | Pick),
}


def giving(kind: str, function: F) -> F:
    """A function of a draft, of which in one line is told what goes wrong in it, or that it gives something else.

    Raises:
        DraftError: when it is called.
    """
    file = Path(function.__code__.co_filename)

    @wraps(function)
    def held(*args: Any, **named: Any) -> Any:
        try:
            found = function(*args, **named)
        except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise DraftError(f"{_where(file, error)}: {type(error).__name__}: {error}") from error
        if not _GIVEN[kind](found):
            line = function.__code__.co_firstlineno
            raise DraftError(f"{file.name}:{line}: {function.__name__} gives {found!r}, which is no {kind}")
        return found

    return cast(F, held)


def _forget() -> None:
    """Forget what functions remember of the model as it was; at the very end nobody will ask any more."""
    for name, module in [] if sys.is_finalizing() else list(sys.modules.items()):
        if name.partition(".")[0] in _OURS and isinstance(module, ModuleType):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear") and not isinstance(value, type):
                    value.cache_clear()


def put(table: MutableMapping[K, Any], entries: Mapping[K, Any]) -> None:
    """Put entries into a table until the additions are taken back, some perhaps in the place of others.

    Raises:
        DraftError: no additions are being made.
    """
    if not _open:
        raise DraftError("additions are made in a file that is given to --with, or within extend()")
    before = {name: table[name] for name in entries if name in table}

    def undo() -> None:
        table.update(before)
        for name in entries.keys() - before.keys():
            del table[name]

    table.update(entries)
    _open[-1].back.callback(undo)
    _open[-1].note()
    _forget()


def add(what: str, table: MutableMapping[str, Any], name: str, value: Any) -> None:
    """Put something new into a table.

    Raises:
        DraftError: there is something of the name already.
    """
    if name in table:
        raise DraftError(f"there is a {what} {name!r} already")
    put(table, {name: value})


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
    if len(set(values.split())) < 2:
        raise DraftError(f"switch {name!r} needs two values or more, with spaces between them")
    if phrases and len(phrases) != len(values.split()):
        raise DraftError(f"switch {name!r} has {len(values.split())} values and words for {len(phrases)}")
    if not (meaning and source):
        raise DraftError(f"switch {name!r} has no meaning or no source")
    owner = known("role", of, ROLES) if of else EVERYBODY
    add("switch", SWITCHES, name, Switch(name, tuple(values.split()), kind, meaning, source, (owner,)))
    put(ADDED, {("value", f"{name}={value}"): said for value, said in zip(values.split(), phrases, strict=False)})


def capability(name: str, meaning: str) -> None:
    """Add something that the attacker may be able to do, for steps to ask for."""
    add("capability", CAPABILITIES, name, meaning)


def design(name: str, text: str, meaning: str, source: str) -> None:
    """Add a named design, as a configuration string without an attacker; it may start from another."""
    parse_switches(said := ";".join(f"{key}={value}" for key, value in expanded(text, NAMED_DESIGNS).items()))
    add("design", NAMED_DESIGNS, name, said)
    put(DESIGN_NOTES, {name: (meaning, source)})


def rule(
    *, source: str, at: str | tuple[str, ...] = (), guard: str = "", actor: str = ""
) -> Callable[[Callable[..., Condition]], Callable[..., Any]]:
    """Add a rule that an honest party asks; the function says when it is met, its first line what it requires.

    Args:
        source: the section that requires it.
        at: the steps in which it is asked. The function takes the context and those of their parameters that it names.
        guard: or a guard of :mod:`model.guards`, which conversations and played parties ask as well. The function takes
            those of the values that rules of this guard take.
        actor: who asks it; without one, whose step or guard it is.
    """

    def decorate(function: Callable[..., Condition]) -> Callable[..., Any]:
        steps, name = (at,) if isinstance(at, str) and at else tuple(at), function.__name__
        if bool(steps) == bool(guard):
            raise DraftError(f"rule {name!r} is asked nowhere: say at which step (at=), or in which guard (guard=)")
        found, read = made(actor or _actor(name, steps, guard), function, (), source)
        if not found.requirement:
            raise DraftError(f"rule {name!r} has no docstring: its first line says what it requires")
        _read(function)
        add("rule", RULES, found.name, found)
        put(DECIDES, {found.name: giving("condition", function)})
        for step in steps:
            _ask_at(step, read)
        if guard:
            _ask_in(guard, read)
        return read

    return decorate


def _actor(name: str, steps: tuple[str, ...], guard: str) -> str:
    """Whose step or guard it is."""
    if guard:
        return _guard(guard)[0].__module__.rpartition(".")[2]
    actors = {step.partition(".")[0] for step in steps} - {"attacker"}
    if len(actors) != 1:
        raise DraftError(f"who asks rule {name!r}? say it (actor=): client, authorization_server, resource_server ...")
    return actors.pop()


def _ask_at(step: str, read: Callable[..., Any]) -> None:
    """A step asks one rule more, after those that it asks."""
    schema = _schema(step)
    names = _named(read, [*signature(schema.move).parameters][1:], f"step {step!r}")

    def also(c: Context, chosen: dict[str, Any], move: Move) -> Move:
        return move._replace(rules=(*move.rules, read(c, **{name: chosen[name] for name in names})))

    put(SCHEMAS, {step: _changed(schema, also)})


def _changed(schema: ActionSchema, then: Callable[[Context, dict[str, Any], Move], Move]) -> ActionSchema:
    """A step of which something else is made."""
    before = schema.move

    @wraps(before)
    def move(c: Context, **chosen: Any) -> Move:
        return then(c, chosen, before(c, **chosen))

    return replace(schema, move=move)


def _named(read: Callable[..., Any], allowed: Collection[str], where: str) -> list[str]:
    """The parameters of a rule after the context, all of which there are where it is asked."""
    names = list(signature(read).parameters)[1:]
    for name in names:
        if name not in allowed:
            raise DraftError(f"{where} has no {name!r} for rule {read.__name__!r}{hint(name, allowed)}")
    return names


def _ask_in(guard: str, read: Callable[..., Any]) -> None:
    """A guard asks one rule more, last."""
    asked = _guard(guard)
    allowed = {name for rule in asked for name in signature(rule).parameters}
    for name in signature(read).parameters:
        known(f"value of guard {guard}", name, sorted(allowed))
    put(vars(guards), {guard: (*asked, read)})


def _guard(name: str) -> guards.Guard:
    found: guards.Guard = vars(guards)[known("guard", name, [name for name in vars(guards) if name.isupper()])]
    return found


def _schema(step: str) -> ActionSchema:
    protocols.rules()  # which brings all steps
    return SCHEMAS[known("step", step, SCHEMAS)]


def variant(rule: str) -> Callable[[F], F]:
    """Put a function in the place of what decides a rule; it takes what that takes, and :func:`original` gives it."""
    protocols.every_rule()
    known("rule", rule, DECIDES)

    def decorate(function: F) -> F:
        wanted = list(signature(DECIDES[rule]).parameters)
        if list(signature(function).parameters) != wanted:
            raise DraftError(f"a variant of {rule} takes ({', '.join(wanted)})")
        _read(function)
        put(DECIDES, {rule: giving("condition", function)})
        return function

    return decorate


def original(rule: str) -> Callable[..., Condition]:
    """What decides a rule so far."""
    protocols.every_rule()
    return DECIDES[known("rule", rule, DECIDES)]


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
        run = PROTOCOLS[known("protocol", protocol, PROTOCOLS)]
        _read(function)
        add("step", SCHEMAS, schema.name, schema)
        if schema.module not in run.modules:
            put(PROTOCOLS, {protocol: replace(run, modules=(*run.modules, schema.module))})
        return function

    return decorate


def state(function: Callable[[Variables, World], None]) -> Callable[[Variables, World], None]:
    """Add to what can change: the function is given :class:`model.state.Variables` and a world of one protocol."""
    add("state of the name", FURTHER, function.__name__, function)
    return function


def field(message: str, name: str) -> Callable[[Callable[[Context, Sent], Value]], None]:
    """Add a public field to a message; the function says what stands in it, of each that is sent."""
    record: type[Message] = getattr(messages, known("message", message, _messages()))
    if name in {field.name for field in fields(record)}:
        raise DraftError(f"{message} has a field {name!r} already")

    def decorate(function: Callable[[Context, Sent], Value]) -> None:
        function = giving("value", function)

        def widened(c: Context, sent: Sent) -> Sent:
            if not isinstance(sent.message, record):
                return sent
            values = {each.name: getattr(sent.message, each.name) for each in fields(sent.message)}
            kind: Any = type(sent.message)
            return sent._replace(message=_wider(kind, name)(**values, **{name: function(c, sent)}))

        def sending(c: Context, _: dict[str, Any], move: Move) -> Move:
            return move._replace(sends=tuple(widened(c, sent) for sent in move.sends))

        protocols.rules()  # which brings all steps
        put(SCHEMAS, {name: _changed(schema, sending) for name, schema in SCHEMAS.items()})

    return decorate


@cache
def _wider(message: Any, name: str) -> Callable[..., Message]:
    """A message with one public field more."""
    return make_dataclass(message.__name__, [(name, Value, public())], bases=(message,), frozen=True, slots=True)


def _messages() -> list[str]:
    return [name for name, value in vars(messages).items() if isinstance(value, type) and issubclass(value, Message)]
