"""An experiment described by the ODD protocol, in Markdown: all of it from code and data.

Grimm et al.: The ODD protocol for describing agent-based and other simulation models: a second update to improve
clarity, replication, and structural realism. JASSS 23(2) 7 (2020). The seven elements are headings, in their order.
"""

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from inspect import getdoc

from model.protocols import actions, rules
from model.world import World
from openworld.width import marked
from simulations import readers
from simulations.arms import AS_DEPLOYED
from simulations.experiment import Adoption, Experiment, Mix, Number, Range, Year
from simulations.experiments import evaluable
from simulations.harms import every_harm, hurt, strategy
from simulations.horizon import horizon
from simulations.knobs import numbers_read, traits_read
from simulations.population import Population, Stated
from simulations.population_schema import NUMBERS
from simulations.reader import READERS, Option
from simulations.reads import read_by
from simulations.scope import laid_down
from simulations.threats import threats
from simulations.together import groups
from simulations.visits import KINDS, ONE_VISIT, PLACES, of_flow, within


def lines(asked: Experiment, met: Population) -> Iterator[str]:
    """The description of an experiment with a population."""
    yield f"# {asked.name}"
    for number, (title, element) in enumerate(_ELEMENTS.items(), 1):
        yield from ("", f"## {number}. {title}", "")
        yield from element(asked, met)
    yield from ("", "## Threats to validity", "")
    yield from (
        f"* {threat.kind[0].upper()}{threat.kind[1:]}: {marked(threat.here)}." for threat in threats(asked, met)
    )


def _purpose(asked: Experiment, met: Population) -> Iterator[str]:
    yield marked(asked.question)
    yield ""
    what, test = READERS[asked.reader].pattern
    yield f"Patterns that the model is held against: {what} (`{test}`). About the population: {marked(met.about)}"


def _entities(asked: Experiment, met: Population) -> Iterator[str]:
    yield from _table(
        ("what is drawn", "what it can be", "what it says"),
        (
            (row.name, ", ".join(row.value) if isinstance(row.value, dict) else "so, or not", row.meaning)
            for row in _used(asked, met)
            if row.kind != "numbers"
        ),
    )
    yield ""
    yield from _table(
        ("number", "what it says"),
        (
            *((name, NUMBERS[name].meaning) for name in numbers_read(asked.reader, asked.first_met(met))),
            *((name, option.meaning) for name, option in READERS[asked.reader].options.items()),
        ),
    )
    places = [kind.name for kind in asked.first_met(met).places.categories]
    if READERS[asked.reader].sent:
        yield ""
        yield from _table(
            ("where an agent is sent", "what the party there can do", "capabilities"),
            ((name, PLACES[name].meaning, ", ".join(sorted(PLACES[name].capabilities)) or "none") for name in places),
        )
    yield from ("", f"Scales: {_scale(asked, met)}.")


def _scale(asked: Experiment, met: Population) -> str:
    found = horizon(asked.unit(met, asked.values[-1], "", 0))
    if found is None:
        return "attempts have nothing to do with each other, and there is no space"
    return f"continuous time in seconds, no space; {found.words(asked.attempts // max(_REPLICATIONS, asked.worlds))}"


#: As many as `openworld simulate` does where nobody says.
_REPLICATIONS = 5


def _worlds(asked: Experiment, met: Population) -> list[World]:
    """The worlds of the visits that are made, by where agents are sent and which protocols arms speak."""
    places = [kind.name for kind in asked.unit(met, asked.values[-1], "", 0).population.places.categories]
    protocols = {dict(chosen).get("protocol", ONE_VISIT.protocol) for chosen in asked.treatments.values()}
    found = (PLACES[name].under(protocol) for name in places for protocol in sorted(protocols, reverse=True))
    return list(dict.fromkeys(within(world, asked.model) for world in found if world is not None))


def _process(asked: Experiment, met: Population) -> Iterator[str]:
    for module in READERS[asked.reader].modules or (asked.reader,):
        yield from (_plain(getdoc(import_module(f"simulations.{module}")) or ""), "")
    if READERS[asked.reader].visits:
        happens = (action for world in _worlds(asked, met) for action in actions(world))
        steps = dict.fromkeys(action.schema.name for action in happens if of_flow(action))
        yield f"Steps of a visit, in the order of the protocol: {', '.join(f'`{step}`' for step in steps)}."


def _concepts(asked: Experiment, met: Population) -> Iterator[str]:
    kept = READERS[asked.reader].interdependent
    harms = every_harm(asked.model)
    hurt_by_them = ", ".join(sorted({hurt(harm, asked.model) for harm in harms}))
    attackers = strategy(asked.attacker).meaning if READERS[asked.reader].visits else "none choose between harms"
    told = {
        "Basic principles": "every decision is a rule of the protocol model, named and with its section; none is made "
        "for the simulation",
        "Emergence": "how attempts end; nothing of that is put in",
        "Adaptation": _adaptation(asked),
        "Objectives": f"attackers: {attackers}; honest parties finish the flow",
        "Learning and prediction": "none",
        "Sensing": "a party reads what its messages and caches hold, as the rules do",
        "Interaction": "by messages of the protocol" + (", and by what is kept between attempts" if kept else ""),
        "Stochasticity": _plain(getdoc(import_module("simulations.draws")) or "").partition(". ")[2],
        "Collectives": "none",
        "Observation": f"one ending for each attempt ({'; '.join(f'{kind}: {what}' for kind, what in KINDS.items())}), "
        f"beside it harms ({', '.join(harms)}), which hurt a {hurt_by_them}; "
        f"headline: {', '.join(measure.words for measure in asked.about)}",
    }
    yield from (f"* {name}: {what.rstrip('.')}." for name, what in told.items())


def _adaptation(asked: Experiment) -> str:
    if READERS[asked.reader].visits and strategy(asked.attacker).moves:
        return "attackers stand where defences leave most open; nobody else changes what they do"
    if asked.reader == "vendors":
        return "vendors take a measure up where it pays and drop it where not; attackers and users change nothing"
    return "nobody changes what they do because of what happens"


def _initialization(asked: Experiment, met: Population) -> Iterator[str]:
    swept = {
        Mix: "the mix of a factor",
        Adoption: "the share of clients, and of servers, that do what the arm sets",
        Year: "the year, and what is adopted by then",
        Number: "a number",
    }.get(type(asked.sweep), "nothing")
    yield f"Along the sweep {asked.parameter} is {', '.join(f'{value:g}' for value in asked.values)} ({swept})."
    if evaluable(asked, met):
        yield "Every arm meets all situations, each as often as it is met; nothing is drawn, and what is told is exact."
    else:
        drawn = f"{asked.attempts:,} attempts at each point in {max(_REPLICATIONS, asked.worlds)} replications"
        yield f"Every arm meets the same draws, {drawn}."
    yield ""
    yield from _table(
        ("arm", "what it sets"),
        (
            (name, ";".join(f"{switch}={value}" for switch, value in chosen) or AS_DEPLOYED)
            for name, chosen in asked.treatments.items()
        ),
    )
    for what, values in (("numbers", asked.numbers), ("options", asked.options)):
        if values:
            yield from ("", f"The experiment's own {what}: {', '.join(f'{n} {v:g}' for n, v in values.items())}.")


def _input(asked: Experiment, met: Population) -> Iterator[str]:
    yield f"Population `{met.name}`; what the experiment sweeps or sets itself is in it as at the first point."
    yield ""
    yield from _table(
        ("what", "value", "where it comes from"),
        (
            (row.meaning if row.kind == "together" else row.name, row.text, row.provenance.words)
            for row in _used(asked, met)
        ),
    )
    if options := READERS[asked.reader].options:
        yield ""
        yield from _table(
            ("option", "value", "tried between"),
            (
                (name, f"{asked.options.get(name, option.default):g}", _between(asked.tried.get(name, option)))
                for name, option in options.items()
            ),
        )
    if asked.tried:
        yield from ("", "When one asks what decides it, the experiment says itself between what these are tried:", "")
        yield from _table(
            ("number or option", "tried between", "why"),
            ((name, _between(tried), tried.why) for name, tried in asked.tried.items()),
        )


def _between(tried: Range | Option) -> str:
    return f"{tried.low:g} and {tried.high:g}" if tried.low < tried.high else "held"


def _submodels(asked: Experiment, met: Population) -> Iterator[str]:
    worlds, switches, known = _worlds(asked, met), asked.model.switches, rules(asked.model)
    read = frozenset().union(*(read_by(readers.READERS[asked.reader], world.protocol, asked.model) for world in worlds))
    yield f"Switches that decide, of {len(switches)}: {', '.join(f'`{name}`' for name in switches if name in read)}."
    if READERS[asked.reader].visits:
        enforced = dict.fromkeys(name for world in worlds for name in laid_down(world)[0].enforced)
        yield ""
        yield from _table(
            ("rule", "requirement", "source"),
            ((name, known[name].requirement, known[name].source) for name in enforced if name in known),
        )


_ELEMENTS = {
    "Purpose and patterns": _purpose, "Entities, state variables, and scales": _entities,
    "Process overview and scheduling": _process, "Design concepts": _concepts, "Initialization": _initialization,
    "Input data": _input, "Submodels": _submodels,
}  # fmt: skip


def _used(asked: Experiment, met: Population) -> list[Stated]:
    """What a population states that the experiment depends on."""
    at = asked.first_met(met)
    read = {*numbers_read(asked.reader, at), *traits_read(asked.reader, at)}
    drawn = {factor.name for factor in (*at.factors, at.places)}
    together = {row.name for group in groups(at) for row in group.rows}
    return [
        row
        for row in at.stated()
        if (
            row.name in together
            if row.kind == "together"
            else row.name in read or (row.kind == "factors" and row.name in drawn)
        )
    ]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    yield from (f"| {' | '.join(marked(cell) for cell in row)} |" for row in rows)


def _plain(text: str) -> str:
    """A docstring without the marks of its references."""
    return " ".join(re.sub(":(mod|func|data):", "", text).split())
