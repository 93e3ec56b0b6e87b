"""Every figure of the suite by name: what it shows, from which table, with which caption."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from model.design import parse_capabilities, parse_switches
from model.errors import InputError
from openworld.lattice import Asked
from openworld.sources import Source
from properties.designs import DEPLOYMENTS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class FigureError(InputError):
    """A figure that does not exist; the message says which do."""


class Caption(NamedTuple):
    """What a reader must know to read a figure."""

    population: str
    design: str
    n: str
    seed: str
    interval: str

    def __str__(self) -> str:
        return (
            f"Population: {self.population}. Design: {self.design}. n: {self.n}. Seed: {self.seed}. "
            f"Interval: {self.interval}."
        )


class Drawing(NamedTuple):
    """A figure, what its caption says, and the data that are in it."""

    figure: Figure
    title: str
    caption: Caption
    data: pd.DataFrame
    captioned: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """A figure that can be drawn."""

    name: str
    kind: str
    shows: str
    draw: Callable[[Source], Drawing]


#: Questions to the lattice that are drawn. An open world has neither allowlists nor attested metadata.
_OPEN = ("as_allowlist", "signed_metadata", "cross_listing")
_LATTICES = {
    "counterfeit_rs": ("What confines a token when a resource server is malicious?", "token_confinement", "mal_rs"),
    "mixup": ("What keeps the code from a malicious authorization server?", "code_delivery", "mal_as"),
    "theft": (
        "What keeps a malicious AS, a malicious RS and a malicious tenant from the user's data?",
        "authorization,token_confinement", "mal_as+mal_rs+mal_tenant",
    ),
}  # fmt: skip
#: Runs that are drawn: property, configuration, and another configuration that stops them.
_RUNS = {
    "first_contact": ("Nobody is dishonest: the worked example", "first_contact", "cap=none", None),
    "mixup": ("The mix-up", "code_delivery", "cap=mal_as;iss_check=off", None),
    "mixup_refused": ("The mix-up, stopped", "code_delivery", "cap=mal_as;iss_check=off", "cap=mal_as"),
    "path_tenant": (
        "One tenant plays the others", "token_confinement", "cap=mal_tenant;prm=prefix;audience_check=prefix", None,
    ),
    "path_tenant_refused": (
        "One tenant does not play the others", "token_confinement", "cap=mal_tenant;prm=prefix;audience_check=prefix",
        "cap=mal_tenant;audience_check=prefix",
    ),
}  # fmt: skip

_EXHAUSTIVE = "none, all runs are covered"
_BOUNDED = "all runs of a bounded world: one honest and one malicious AS, the user's session and the attacker's"


def catalogue(attackers: Iterable[str] | None = None, experiments: Iterable[str] | None = None) -> dict[str, Entry]:
    """All figures by name; by default for every attacker of the study and every experiment."""
    entries = [
        *_of_verdicts(attackers),
        *_of_experiments(experiments),
        *_of_lattices(),
        Entry("trust-first_contact", "trust graph", "who points to, trusts or hosts whom in the world", _trust),
        *(
            Entry(f"sequence-{name}", "sequence chart", words, partial(_sequence, name))
            for name, (words, *_) in _RUNS.items()
        ),
    ]
    return {entry.name: entry for entry in entries}


def of_study(attackers: Iterable[str], experiments: Iterable[str]) -> list[Entry]:
    """The figures that are drawn from the tables of a study."""
    attackers = list(attackers)
    return [*(_of_verdicts(attackers) if attackers else ()), *_of_experiments(experiments)]


def find(names: Iterable[str]) -> list[Entry]:
    """Figures by name, all of them if none is named.

    Raises:
        FigureError: naming the culprit and what is allowed.
    """
    known = catalogue()
    wanted = list(names) or list(known)
    for name in wanted:
        if name not in known:
            raise FigureError(f"unknown figure {name!r}; allowed: {', '.join(known)}")
    return [known[name] for name in wanted]


def write(entry: Entry, source: Source, folder: Path) -> list[Path]:
    """Draw a figure and write it as SVG, PDF and PNG, with its data as CSV and its caption as text beside it."""
    from openworld import files
    from openworld.plotstyle import captioned, save

    drawn = entry.draw(source)
    caption = str(drawn.caption)
    figure = captioned(drawn.figure, caption) if drawn.captioned else drawn.figure
    written = save(figure, folder / entry.name, drawn.title, caption)
    data, words = folder / f"{entry.name}.csv", folder / f"{entry.name}.txt"
    files.write(data, drawn.data.to_csv(index=False, lineterminator="\n"))
    files.write(words, f"{drawn.title}\n\n{caption}\n")
    return [*written, data, words]


# --- verdicts ----------------------------------------------------------------------------------------------


def _of_verdicts(attackers: Iterable[str] | None) -> Iterator[Entry]:
    from openworld.study import ATTACKERS

    yield Entry("attackers", "verdict matrix", "security properties violated, by attacker and design", _attackers)
    for name in ATTACKERS if attackers is None else attackers:
        yield Entry(f"verdicts-{name}", "verdict matrix", f"verdicts against {name}", partial(_matrix, name))


def _attackers(source: Source) -> Drawing:
    from openworld import figures

    table = source.verdicts()
    security = table[table["kind"] == "security"]
    counted = security.assign(attack=security["verdict"] == "attack", unknown=security["verdict"] == "unknown")
    data = counted.groupby(["attacker", "design"], sort=False, as_index=False)[["attack", "unknown"]].sum()
    return Drawing(
        figures.attacker_overview(table), "Security properties violated, by attacker and design",
        _about_verdicts(table, "every named design against every named attacker"), data,
    )  # fmt: skip


def _matrix(attacker: str, source: Source) -> Drawing:
    from openworld import figures
    from openworld.sources import SourceError

    table = source.verdicts()
    shown = table[table["attacker"] == attacker]
    if shown.empty:
        raise SourceError(f"no verdicts against attacker {attacker!r} in the table")
    kept = ["design", "attacker", "capabilities", "property", "kind", "verdict", "steps"]
    return Drawing(
        figures.verdict_matrix(table, attacker), f"Verdicts against {attacker}",
        _about_verdicts(shown, f"named designs against cap={shown['capabilities'].iloc[0]}"), shown[kept],
    )  # fmt: skip


def _about_verdicts(table: pd.DataFrame, design: str) -> Caption:
    return Caption(_BOUNDED, design, f"{len(table)} verdicts", _EXHAUSTIVE, "none, a verdict is not an estimate")


# --- experiments -------------------------------------------------------------------------------------------


def _of_experiments(experiments: Iterable[str] | None) -> Iterator[Entry]:
    from simulations.catalogue import EXPERIMENTS

    for name in EXPERIMENTS if experiments is None else experiments:
        question = EXPERIMENTS[name].question if name in EXPERIMENTS else name
        yield Entry(f"{name}-rates", "adoption curves", question, partial(_rates, name, question))
        yield Entry(f"{name}-differences", "paired differences", question, partial(_differences, name, question))
        yield Entry(f"{name}-funnel", "funnel of failure causes", question, partial(_funnel, name, question))


def _rates(name: str, question: str, source: Source) -> Drawing:
    from openworld import figures

    table, _ = source.experiment(name)
    caption = _about_experiment(table, "95 % Wilson intervals of the rates, as bands")
    return Drawing(figures.rates(table, question), question, caption, table)


def _differences(name: str, question: str, source: Source) -> Drawing:
    from openworld import figures

    _, table = source.experiment(name)
    caption = _about_experiment(table, "95 % Bonett-Price intervals of paired differences, as bands")
    return Drawing(figures.differences(table, question), question, caption, table)


def _funnel(name: str, question: str, source: Source) -> Drawing:
    from openworld import figures

    table, _ = source.experiment(name)
    values = sorted(set(table["value"]))
    middle = values[len(values) // 2]
    title = f"Where attempts end, at {table['parameter'].iloc[0]} = {middle:g}"
    data = table[(table["value"] == middle) & (table["kind"] != "harm")]
    caption = _about_experiment(data, "95 % Wilson intervals of the shares are in the data file")
    return Drawing(figures.funnel(table, middle, title), title, caption, data)


def _about_experiment(table: pd.DataFrame, interval: str) -> Caption:
    first = table.iloc[0]
    arms = [str(arm) for arm in dict.fromkeys([*table.get("against", []), *table["arm"]])]
    values = sorted(set(table["value"]))
    sweep = f"{first['parameter']} from {values[0]:g} to {values[-1]:g}" if len(values) > 1 else str(first["parameter"])
    return Caption(
        f"{first['population']}, {sweep}", f"paired arms {', '.join(arms)}",
        f"{first['attempts']:,} attempts in every arm at every point", str(first["seed"]), interval,
    )  # fmt: skip


# --- lattices ----------------------------------------------------------------------------------------------


def _of_lattices() -> Iterator[Entry]:
    for name, (question, *_) in _LATTICES.items():
        yield Entry(f"lattice-{name}", "lattice", question, partial(_lattice, name, _hasse))
        yield Entry(f"sets-{name}", "set plot", question, partial(_lattice, name, _sets))
        yield Entry(f"frontier-{name}", "frontier", question, partial(_lattice, name, _frontier))


def _lattice(name: str, draw: Callable[[pd.DataFrame, str], tuple[Figure, pd.DataFrame]], source: Source) -> Drawing:
    question, prop, attacker = _LATTICES[name]
    asked = Asked(tuple(prop.split(",")), parse_capabilities(attacker), parse_switches(""), False, _OPEN, True)
    table = source.sufficient(name, asked)
    figure, data = draw(table, question)
    caption = Caption(
        _BOUNDED, f"all designs of the lattice without {', '.join(_OPEN)}; {prop} against cap={attacker}",
        f"{len(table)} minimal sets, enumerated exactly; usable in so many of {len(DEPLOYMENTS)} deployments",
        _EXHAUSTIVE, "none, sets are proved and not estimated",
    )  # fmt: skip
    return Drawing(figure, question, caption, data)


def _hasse(table: pd.DataFrame, title: str) -> tuple[Figure, pd.DataFrame]:
    from openworld.figures.lattices import hasse, lattice_nodes

    return hasse(table, title), lattice_nodes(table)


def _sets(table: pd.DataFrame, title: str) -> tuple[Figure, pd.DataFrame]:
    from openworld.figures.lattices import sets

    return sets(table, title), table


def _frontier(table: pd.DataFrame, title: str) -> tuple[Figure, pd.DataFrame]:
    from openworld.figures.lattices import front, frontier

    return frontier(table, len(DEPLOYMENTS), title), front(table)


# --- worlds and runs ---------------------------------------------------------------------------------------


def _trust(_: Source) -> Drawing:
    import pandas as pd

    from model.world import FIRST_CONTACT, run_by_attacker
    from openworld import figures

    graph = FIRST_CONTACT.trust_graph()
    # An origin is the attacker's if everything on it is.
    below = {name: [to for _, to, given in graph.out_edges(name, data=True) if given["relation"] == "hosts"]
             for name in graph}  # fmt: skip
    nodes = pd.DataFrame([
        {"name": name, "role": given["role"],
         "honest": given.get("honest", not below[name] or not all(map(run_by_attacker, below[name])))}
        for name, given in graph.nodes(data=True)
    ])  # fmt: skip
    edges = pd.DataFrame(
        [(start, given["relation"], end) for start, end, given in graph.edges(data=True)],
        columns=["source", "relation", "target"],
    )
    title = "Who points to, trusts or hosts whom at first contact"
    caption = Caption(
        "the world first_contact", "none, the graph is what every design meets",
        f"{len(nodes)} parties, {len(edges)} relations", _EXHAUSTIVE, "none",
    )  # fmt: skip
    return Drawing(figures.trust_graph(nodes, edges, title), title, caption, edges)


def _sequence(name: str, source: Source) -> Drawing:
    import pandas as pd

    from model.chart import chart, origin
    from model.design import parse
    from openworld.sequence import sequence
    from openworld.show import ending
    from properties.security import find as find_property

    words, prop, configuration, under = _RUNS[name]
    trace = source.trace(prop, configuration)
    shown = chart(trace, ending(find_property(prop)), under=parse(under) if under else None)
    data = pd.DataFrame(
        [
            {"step": sent.step, "sender": sent.sender, "receiver": sent.receiver, "message": sent.label,
             "value": value.name, "text": value.text, "origin": origin(sent, value), "decisive": sent.decisive}
            for sent in shown.sent
            for value in sent.values
        ]
    )  # fmt: skip
    refused = f", continued under {under} until it is refused" if under else ""
    steps = len(trace.steps)
    caption = Caption(
        f"world {trace.world.name}", f"{configuration}{refused}", f"one run of {steps} steps, the shortest",
        _EXHAUSTIVE, "none",
    )  # fmt: skip
    return Drawing(sequence(shown), words, caption, data, captioned=False)
