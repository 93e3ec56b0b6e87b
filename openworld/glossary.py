"""What the words of the suite mean: one entry for each name that a question, a figure or a report may have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from model.errors import InputError, hint
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from model.protocols import every_rule
from model.switches import BCP_ATTACKERS, Switch
from model.words import worded
from properties.attackers import FORMERLY, every_attacker
from properties.results import MEANINGS
from properties.security import every_property


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
        yield from (f"      {name:<20} {said}" for name, said in self.values)


class UnknownWordError(InputError):
    """A word that no entry has; one line with those near it."""


def entries(model: Model = oauth()) -> Iterator[Entry]:
    """Every entry, kind by kind."""
    attackers, capabilities = every_attacker(model), model.capabilities
    for prop in every_property(model).values():
        said = worded("property", prop.name, model)
        yield Entry(f"{prop.kind} property", prop.name, said, prop.meaning, code=prop.code)
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


def _switch(switch: Switch, model: Model) -> Entry:
    values = tuple((value, worded("value", f"{switch.name}={value}", model)) for value in switch.values)
    return Entry(f"switch, {switch.kind}", switch.name, "", switch.meaning, switch.source, values)


def names(model: Model = oauth()) -> list[str]:
    """The names of all entries, each once."""
    return list(dict.fromkeys(entry.name for entry in entries(model)))


def find(word: str, model: Model = oauth()) -> list[Entry]:
    """The entries of that name, or of a value (``switch=value``); without any, those that have the word somewhere.

    Raises:
        UnknownWordError: there are none.
    """
    known, wanted = list(entries(model)), FORMERLY.get(word, word).partition("=")[0].casefold()
    named = [one for one in known if wanted in (one.name.casefold(), one.code.casefold())]
    named = named or [one for one in known if wanted in dict(one.values)]
    found = named or [one for one in known if wanted in " ".join(one[1:5]).casefold()]
    if not found:
        raise UnknownWordError(f"nothing is called {word!r}{hint(word, [one.name for one in known])}")
    return found
