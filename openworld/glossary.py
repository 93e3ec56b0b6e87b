"""What the words of the suite mean: one entry for each name that a question, a figure or a report may have."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from inspect import signature
from typing import NamedTuple

from model import guards, messages
from model.drafts import DRAFTS
from model.errors import InputError, hint
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from model.protocols import PROTOCOLS, every_rule, schemas
from model.switches import BCP_ATTACKERS, Switch
from model.words import worded
from openworld.show import command
from properties.attackers import FORMERLY, every_attacker
from properties.named_attacks import attacks
from properties.results import MEANINGS
from properties.security import every_property

_WORD = re.compile(r"[^\W_]+")


class Entry(NamedTuple):
    """A name, and what is to be known of it.

    Attributes:
        kind: what it is a name of.
        name: as questions have it.
        words: as figures have it, where they have it in words.
        meaning: in a sentence.
        source: where it comes from, where it comes from a text.
        values: what it may be, each with its words.
        code: a shorter name, if it has one.
    """

    kind: str
    name: str
    words: str
    meaning: str
    source: str = ""
    values: tuple[tuple[str, str], ...] = ()
    code: str = ""

    def lines(self) -> Iterator[str]:
        """As a person reads it."""
        kind = f"{self.code}, {self.kind}" if self.code else self.kind
        yield f"{self.name}  ({kind})" + (f": {self.words}" if self.words not in ("", self.name) else "")
        yield f"    {self.meaning}" + (f"  [{self.source}]" if self.source else "")
        yield from (f"      {name:<20} {said}".rstrip() for name, said in self.values)


class UnknownWordError(InputError):
    """A word that no entry has; one line with those near it."""


def entries(model: Model = oauth()) -> Iterator[Entry]:
    """Every entry, kind by kind."""
    attackers, capabilities = every_attacker(model), model.capabilities
    for prop in every_property(model).values():
        said = worded("property", prop.name, model)
        meaning = f"Violated if: {prop.meaning}" if prop.kind == "security" else prop.meaning
        yield Entry(f"{prop.kind} property", prop.name, said, meaning, code=prop.code)
    yield from (Entry("answer", result, "", meaning) for result, meaning in MEANINGS.items())
    for name, attacker in attackers.items():
        if name not in capabilities:
            yield Entry("attacker", name, worded("attacker", name), f"{attacker.meaning}: cap={attacker.capabilities}")
    for name, one in BCP_ATTACKERS.items():
        powers = "+".join(each for each in capabilities if each in one.capabilities)
        said = f"{one.meaning}: cap={name}, or cap={powers}"
        yield Entry("attacker", name, worded("attacker", name), said, "RFC 9700 3", code=one.number)
    for name, meaning in capabilities.items():
        words = worded("attacker", name) if name in attackers else ""
        yield Entry("capability", name, words, f"cap={name}: {meaning}")
    for name, (meaning, source) in model.notes.items():
        yield Entry("design", name, worded("design", name), meaning, source)
    for name, values in DEPLOYMENTS.items():
        said = ";".join(f"{key}={value}" for key, value in values.items()) or "everything at its baseline"
        yield Entry("environment of a study", name, worded("deployment", name), said)
    yield Entry(
        "of a switch",
        "baseline",
        "",
        "the value that a switch has where nothing is said: its first, with a * in `openworld list designs --switches`",
    )
    yield from (_switch(switch, model) for switch in model.switches.values())
    for rule in every_rule(model).values():
        yield Entry("rule", rule.name, "", rule.requirement, rule.source)
    yield from (Entry("draft or RFC", f"draft={name}", "", one.meaning, one.source) for name, one in DRAFTS.items())
    for attack in attacks().values():
        asked = [command("verdict", prop.name, str(configuration)) for prop, configuration in attack.seen[:1]]
        yield Entry("attack", attack.id, attack.name, ": ".join([attack.part, *asked]))
    yield from hooks(model)


def hooks(model: Model = oauth()) -> Iterator[Entry]:
    """What a draft of one's own may hook into: messages with their fields, steps and guards with their values."""
    for name, message in vars(messages).items():
        if isinstance(message, type) and issubclass(message, messages.Message) and message is not messages.Message:
            meaning = (message.__doc__ or "").partition("\n")[0]
            told = ((each.name, each.metadata.get("term", "")) for each in fields(message))
            yield Entry("message", name, message.label, meaning, message.source, tuple(told))
    every = {schema.name: schema for protocol in PROTOCOLS for schema in schemas(protocol, model)}
    for schema in every.values():
        yield Entry("step", schema.name, "", f"{schema.step}: {schema.meaning}", "", _typed(schema.move))
    for name, guard in guards.GUARDS.items():
        asked = getattr(guards, name)
        yield Entry("guard", name, "", f"{guard.actor}. {asked.__doc__.partition(chr(10))[0]}", "", _typed(asked))


def _typed(function: object) -> tuple[tuple[str, str], ...]:
    """What a rule there may take beside the context or the design, with the types of values."""
    parameters = list(signature(function).parameters.values())[1:]  # type: ignore[arg-type]
    return tuple((each.name, str(each.annotation)) for each in parameters)


def _switch(switch: Switch, model: Model) -> Entry:
    values = tuple((value, worded("value", f"{switch.name}={value}", model)) for value in switch.values)
    return Entry(f"switch, {switch.kind}", switch.name, "", switch.meaning, switch.source, values)


def names(model: Model = oauth()) -> list[str]:
    """The names of all entries, each once."""
    return list(dict.fromkeys(entry.name for entry in entries(model)))


def find(word: str, model: Model = oauth()) -> list[Entry]:
    """The entries that are called so; without any, those that say it, and of these the nearest alone.

    A value is found by its name or as ``switch=value``; hyphens, underscores and blanks are alike.

    Raises:
        UnknownWordError: there are none.
    """
    known, wanted = list(entries(model)), _folded([FORMERLY.get(word, word).partition("=")[0]])
    whole = _folded([word])
    ways: list[Callable[[Entry], bool]] = [
        lambda one: whole == _folded([one.name]),
        lambda one: wanted in (_folded([one.name]), _folded([one.code])),
        lambda one: one.kind.startswith("switch") and _has(one, wanted),
        lambda one: wanted in _folded([one.name, one.words]),
        lambda one: _has(one, wanted),
        lambda one: wanted in _folded(one[1:5]),
        lambda one: set(wanted.split()) <= set(_folded(one[1:5]).split()),
        lambda one: wanted.replace(" ", "") in _folded(one[1:5]).replace(" ", ""),
    ]
    for way in ways:
        if found := [one for one in known if way(one)]:
            return found
    raise UnknownWordError(f"nothing is called {word!r}{hint(word, [one.name for one in known])}")


def _has(one: Entry, value: str) -> bool:
    return any(value == _folded([each]) for each, _ in one.values)


def _folded(parts: Iterable[str]) -> str:
    """The words of some texts, with a blank before and behind each."""
    return f" {' '.join(_WORD.findall(' / '.join(parts).casefold()))} "
