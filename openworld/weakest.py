"""The weakest assumptions about others, asked and shown."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from model.design import Configuration, named_switches, own_switches, parse
from model.model import Model, oauth
from model.words import worded
from openworld.show import asked
from openworld.width import wrapped
from properties.assume import Assumptions, Values, Weakest
from properties.attackers import configured
from properties.checker import Checker
from properties.monotone import Names
from properties.reads import check_read
from properties.security import Property, find
from properties.verdict import Verdict

Kind = Literal["always", "if", "never", "not_in_this_world"]
#: What a design comes to, whatever others do or not: of a security property, and of what honest parties can do.
SAID: dict[Kind, tuple[str, str]] = {
    "always": ("holds whatever others do", "reached whatever others do"),
    "if": ("holds if", "reached if"),
    "never": ("holds in no environment in which honest parties can finish", "reached in no environment"),
    "not_in_this_world": ("nothing in this world could violate it, or nobody can use the design: that is no merit", ""),
}


@dataclass(frozen=True, slots=True)
class Holding:
    """Under which assumptions one property holds.

    Attributes:
        kind: one of :data:`SAID`.
        sets: of a security property the assumptions each of which is enough, none of them more than is needed; of
            what honest parties can do, what all has to be so, each a choice. Empty but where ``kind`` is ``if``.
        otherwise: what of the environment lets an attack through, or keeps honest parties from getting there.
        kind_environment: the verdict where everybody does what the configuration says, or else the baseline.
    """

    prop: Property
    configuration: Configuration
    kind: Kind
    sets: tuple[Values, ...]
    otherwise: tuple[Values, ...]
    questions: int
    open: tuple[str, ...]
    kind_environment: Verdict


class ToldAssumptions(Assumptions):
    """Assumptions that are reported as they are found."""

    told: Callable[[str], None] = staticmethod(lambda _: None)

    def _marco(self) -> Iterator[tuple[Names, bool]]:
        for found, holds in super()._marco():
            said = written(self._left(found) if holds else self._said(frozenset(self._facts) - found))
            self.told(f"{'no run' if holds else 'a run'} where {said}")
            yield found, holds


def ask(
    names: str,
    text: str,
    capabilities: frozenset[str],
    timeout: float | None = None,
    model: Model = oauth(),
    told: Callable[[str], None] = lambda _: None,
) -> list[Holding]:
    """The weakest assumptions under which each of some properties holds, under a design and against an attacker.

    Where neither the text nor ``capabilities`` name one, security is asked about against A1 of RFC 9700. ``told`` is
    called with each environment in which there is a run, and with each in which there is none, as they are found.

    Raises:
        InputError: a property, a switch, a party or a world that does not exist.
        NoAnswerError: nobody knows whether there is an attack.
    """
    properties = [find(name.strip(), model) for name in names.split(",")]
    asked = [parse(text, model) if capabilities else configured(prop, text, model) for prop in properties]
    asked = [replace(each, capabilities=each.capabilities | capabilities) for each in asked]
    for prop, configuration in zip(properties, asked, strict=True):
        check_read(prop, configuration, own_switches(text, model))
    named, checker = named_switches(text, model), Checker(timeout=timeout)
    return [_holding(prop, each, named, checker, told) for prop, each in zip(properties, asked, strict=True)]


def _holding(
    prop: Property, configuration: Configuration, named: frozenset[str], checker: Checker, told: Callable[[str], None]
) -> Holding:
    """The weakest assumptions under which one property holds; ``named``: the switches that are no assumption."""
    about = configuration if prop.kind == "security" else replace(configuration, capabilities=frozenset())
    asked = ToldAssumptions([prop], about, named, timeout=checker.timeout)
    asked.told = lambda line: told(f"{prop.name}: {line}")
    found = asked.weakest()
    kind, sets, otherwise = read(prop, found, configuration.model)
    return Holding(
        prop,
        configuration,
        kind,
        sets,
        otherwise,
        found.questions,
        tuple(asked.free),
        checker.verdict(prop, configuration),
    )


def read(prop: Property, found: Weakest, model: Model) -> tuple[Kind, tuple[Values, ...], tuple[Values, ...]]:
    """What the weakest assumptions come to: of what honest parties can do, a run to it is what is wanted."""
    if prop.kind == "utility":
        if not found.attacks:
            return "never", (), ()
        needed = tuple(_or_else(each, model) for each in found.never)
        return ("if" if needed else "always"), needed, found.never
    if found.not_in_this_world or not found.usable:
        return "not_in_this_world", (), ()
    sets = found.enough
    return ("never" if not sets else "always" if {} in sets else "if"), sets, found.attacks


def _or_else(never: Values, model: Model) -> Values:
    """What has to be so, one or the other, for an environment not to be among those in which nobody gets there."""
    return {name: tuple(v for v in model.switches[name].values if v not in left) for name, left in never.items()}


def as_data(found: Holding) -> dict[str, Any]:
    """The answer as data."""
    return {
        "property": found.prop.name,
        "configuration": str(found.configuration),
        "holds": found.kind,
        "if_one_of": [] if found.prop.kind == "utility" else [_plain(each) for each in found.sets],
        "if_all_of": [_plain(each) for each in found.sets] if found.prop.kind == "utility" else [],
        "not_where": [_plain(each) for each in found.otherwise],
        "kind_environment": {"verdict": found.kind_environment.result, "steps": found.kind_environment.steps},
        "open": list(found.open),
        "questions": found.questions,
    }


def _plain(values: Values) -> dict[str, list[str]]:
    return {name: list(left) for name, left in values.items()}


def written(values: Values, either: bool = False) -> str:
    """Assumptions as text: ``h_iss=yes; as_resource=honor or reject_unknown``; or what is a choice, with commas."""
    words = [f"{name}={' or '.join(left)}" for name, left in values.items()]
    return (", or " if either else "; ").join(words) or "(whatever others do)"


def spoken(assumptions: str, model: Model = oauth()) -> str:
    """Assumptions that are :func:`written`, each value by its words.

    >>> spoken("h_iss=yes; api=single_path or multi_path")
    'AS sends iss; resource metadata for each path or one resource metadata for the whole API'
    """

    def said(one: re.Match[str]) -> str:
        return " or ".join(worded("value", f"{one[1]}={value}", model) for value in one[2].split(" or "))

    return re.sub(r"(\w+)=([^\s,;]+(?: or [^\s,;]+)*)", said, assumptions)


def _both(values: Values, model: Model, either: bool = False) -> Iterator[str]:
    """Assumptions as text, and what they say."""
    text = written(values, either)
    yield f"            {text}"
    if values:
        yield from wrapped(spoken(text, model), 14, 14)


def lines(found: Holding) -> Iterator[str]:
    """The answer in words."""
    utility, model = found.prop.kind == "utility", found.configuration.model
    yield from asked(found.prop, model)
    yield f"config      {found.configuration}"
    yield f"others      {len(found.open)} switches of the environment are left open, {found.questions} questions asked"
    several = (" all of" if utility else " one of") if len(found.sets) > 1 else ""
    yield f"verdict     {SAID[found.kind][utility]}{several if found.kind == 'if' else ''}"
    if found.kind == "if":
        yield from (line for each in found.sets for line in _both(each, model, utility))
    kinder = found.kind_environment
    steps = f" in {kinder.steps} steps" if kinder.steps else ""
    yield f"as it is    {kinder.result}{steps}, where others do what the configuration says or else the baseline"
    if found.kind == "always" and kinder.result == "not_in_this_world":
        yield "            (nothing could violate it there; elsewhere something could)"
    if found.kind in ("if", "never") and found.otherwise and not utility:
        yield "an attack where"
        yield from (line for each in found.otherwise for line in _both(each, model))
