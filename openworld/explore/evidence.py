"""Evidence as tables: what was consulted, what the attacker gained, what turns a verdict."""

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from model.client import resource_matches_request
from model.design import Configuration
from model.errors import InputError
from model.machine import Machine
from model.model import Model, oauth
from model.protocols import rules as known_rules
from model.state import Variable
from model.trace import Trace
from model.value_words import Words
from model.wire import scenes
from model.words import of_configuration, worded
from openworld import diff, diff_page
from openworld.explore.asking import ask, read, result
from openworld.explore.views import Picture, Short, Table
from properties.checker import kept
from properties.explain import turns
from properties.results import length, read_result
from properties.security import Property, find
from simulations.processes import cores


class ClaimError(InputError):
    """A claim that the model does not bear out; the message says what it answers instead."""


#: What the attacker can know and its own words do not say, by kind of term.
SECRETS = {
    "challenge": "the code challenge", "state": "the state", "request_uri": "the request_uri", "proof": "the proof",
    "assertion": "the client assertion", "grant": "the assertion used as a grant", "secret": "the client secret",
    "password": "the login form", "signature": "the signature",
}  # fmt: skip


def rules(*names: str, model: Model = oauth()) -> Table:
    """What the specifications say: the requirement of each rule in the words of the model, and its source.

    Raises:
        KeyError: a rule that does not exist.
    """
    asked = (known_rules(model)[name] for name in names)
    return table(("requirement", "source", "rule"), ((rule.requirement, rule.source, rule.name) for rule in asked))


def switches(*names: str, model: Model = oauth()) -> Table:
    """What can be chosen: meaning, values in words with the default first, and source (raises KeyError)."""
    rows = []
    for name in names:
        switch = model.switches[name]
        values = (f"{worded('value', f'{name}={value}', model)} `{value}`" for value in switch.values)
        rows.append((switch.meaning, "\n".join(values), name, switch.source))
    return table(("what can be chosen", "values, default first", "switch", "source"), rows)


def consulted(trace: Trace | None) -> Table:
    """Every rule that an honest party asked on the way, step by step; each of them passed."""
    rows = [
        (number, scene.action.schema.name, rule.requirement, rule.source)
        for number, scene in enumerate(scenes(_run(trace)), 1)
        for rule in scene.rules()
    ]
    return table(("step", "action", "requirement", "source"), rows)


def gained(trace: Trace | None) -> Table:
    """What the attacker has after each step that it did not have before, read from the states of the machine."""
    run = _run(trace)
    machine = Machine(run.configuration, run.world)
    states = machine.replay(run.steps)
    known = [(place, variable) for place, variable in enumerate(machine.variables) if variable.fact]
    rows = []
    for number, (before, after, scene) in enumerate(zip(states, states[1:], scenes(run), strict=False), 1):
        new = [_words(variable, scene.words) for place, variable in known if before[place] != after[place]]
        rows.append((number, scene.action.schema.meaning, "; ".join(new)))
    return table(("step", "what happens", "the attacker gains"), rows)


def compared(
    configurations: Mapping[str, str], properties: Iterable[str], note: str = "configuration", model: Model = oauth()
) -> Table:
    """Verdicts side by side: one row for each configuration, one column for each property."""
    asked = [find(name, model) for name in properties]
    rows = ((label, *(cell(prop, text, model) for prop in asked)) for label, text in configurations.items())
    return table((note, *(head(prop, model=model) for prop in asked)), rows)


def flipped(
    first: str,
    second: str,
    against: Iterable[str] = (),
    environments: Iterable[str] = ("plain",),
    model: Model = oauth(),
) -> Picture:
    """What flips from one configuration to another, as `openworld diff` draws it.

    Raises:
        ClaimError: nothing does.
    """
    attackers, where = diff.attackers_of(against, model), diff.environments_of(environments, model)
    asked = diff.cells(first, second, attackers, where, model)
    found = [each for each in diff.flips(asked, cores(), model=model) if isinstance(each, diff.Flip)]
    if not found:
        raise ClaimError(f"nothing flips from {first} to {second}")
    drawn = diff_page.picture(found, first, second, model)
    return Picture(drawn[drawn.index("<svg") :], "\n".join(diff.lines(found, asked)), "flips.svg")


def crossed(rows: Mapping[str, str], situations: Mapping[str, str], note: str = "design") -> Table:
    """Verdicts of designs in situations: one row for each design, one column for each property with its attacker."""
    asked = [(find(name), text) for name, text in situations.items()]
    cells = ((words, *(cell(prop, f"{situation};{text}") for prop, situation in asked)) for words, text in rows.items())
    return table((note, *(head(prop, situation) for prop, situation in asked)), cells)


def turning(prop: str, configuration: str, model: Model = oauth()) -> Table:
    """Every single switch whose other value turns the verdict, and whether first contact succeeds then."""
    known = model.switches
    found = turns(find(prop, model), read(configuration, model), kept())
    rows = (
        (
            *(worded("value", f"{turn.switch}={value}", model) for value in (turn.before, turn.after)),
            "yes" if turn.usable else "no",
            known[turn.switch].kind,
            known[turn.switch].source,
            f"{turn.switch}={turn.after}",
        )
        for turn in found
    )
    return table(("is", "would be", "first contact still succeeds", "kind", "source", "set by"), rows)


def matching(pairs: Iterable[tuple[str, str]], readings: Mapping[str, str]) -> Table:
    """Whether the client uses a document with this ``resource`` at this URL: one column for each reading of the rule.

    Parameters:
        pairs: the ``resource`` that a document names, and the URL that the agent was sent to.
        readings: configurations by the words that head their column.
    """
    designs = {words: read(text).design for words, text in readings.items()}
    rows = (
        (
            resource,
            url,
            *(
                "✓ used" if resource_matches_request(design, resource, url).holds else "✗ refused"
                for design in designs.values()
            ),
        )
        for resource, url in pairs
    )
    return table(("the document names", "the agent asked for", *designs), rows)


def claimed(claims: Iterable[tuple[str, str, str, str]], model: Model = oauth()) -> Table:
    """Claims with the question that decides each: in words, the property, the configuration, the result claimed.

    Raises:
        ClaimError: a claim that the model does not bear out, so that no notebook says what is not so.
        UnknownResultError: a word that is no answer about the property.
    """
    rows = []
    for words, name, text, expected in claims:
        prop, found = find(name, model), result(name, text, model)
        if found != read_result(expected, prop.kind):
            raise ClaimError(f"{words!r}: {prop.name} under {text} is {found}, not {expected}")
        where = of_configuration(str(read(text, model)), model)
        rows.append((words, worded("property", prop.name, model), where, cell(prop, text, model)))
    return table(("claim", "property", "where", "verdict"), rows)


#: How a value that was computed may be claimed to stand to another.
RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "≤": operator.le,
    ">": operator.gt,
    "≥": operator.ge,
}


def counted(claims: Iterable[tuple[str, Any, str, Any]], form: str = "{}") -> Table:
    """Claims about what was counted: in words, the value, how it stands to another, and that.

    Parameters:
        form: how values are written, as ``{:.1%}``; words stay as they are.

    Raises:
        ClaimError: a claim that the values do not bear out.
    """
    rows = []
    for words, found, relation, other in claims:
        said = [each if isinstance(each, str) else form.format(each) for each in (found, other)]
        equal = isinstance(found, float) and relation == "=" and math.isclose(found, other, abs_tol=1e-9)
        if not (equal or RELATIONS[relation](found, other)):
            raise ClaimError(f"{words!r}: {said[0]} is not {relation} {said[1]}")
        rows.append((words, said[0], f"{relation} {said[1]}"))
    return table(("claim", "computed", "has to be"), rows)


def short(*claims: Table, beside: Picture | None = None) -> Short:
    """The answer in a few lines, from claims that were borne out (see :func:`claimed` and :func:`counted`)."""
    rows = (row for each in claims for row in each.frame.to_dict("records"))
    unsaid = ("claim", "has to be")
    return Short(
        tuple((row["claim"], {str(name): said for name, said in row.items() if name not in unsaid}) for row in rows),
        beside,
    )


def head(prop: Property, situation: str = "", model: Model = oauth()) -> str:
    """What stands above the results about a property, in words with its name; and in what situation."""
    said = f"{worded('property', prop.name, model)} ({prop.name})"
    return f"{said} where {of_configuration(situation, model)}" if situation else said


def _run(trace: Trace | None) -> Trace:
    if trace is None:
        raise ValueError("no run to look at: this verdict has no trace")
    return trace


def cell(prop: Property | str, configuration: Configuration | str, model: Model = oauth()) -> str:
    """The result of a question in a word or two; a run is looked at for its length alone."""
    found = result(prop, configuration, model)
    if found == "attack":
        return f"✗ attack, {length(ask(prop, configuration, model).steps)}"
    return {
        "safe": "✓ safe",
        "not_in_this_world": "– not in this world",
        "reached": "✓ possible",
        "not_reached": "✗ impossible",
        "unknown": "? unknown",
    }[found]


def _words(variable: Variable, words: Words) -> str:
    """A fact about the attacker, with the term that it is about."""
    family, _, of = variable.name.partition(".")
    if family == "knows":
        kind, _, name = of.partition(".")
        said = words.term(kind, name)
        return f"knows {SECRETS[kind]} {said}" if kind in SECRETS else f"knows the {said.strip('<>')}"
    about = f" ({words.term('token', of)})" if words.user_of(of) else ""
    return f"{variable.meaning}{about}"


def table(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]] | Iterator[tuple[Any, ...]]) -> Table:
    return Table(pd.DataFrame(list(rows), columns=list(columns)))
