"""How far one mishap reaches, as the study and its figures ask it: the main kinds, in a population in small."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from model.model import Model, oauth
from model.words import of_rule
from openworld.colours import FAINT, INK, PAPER
from openworld.exhibit import Caption, Drawing, Exhibit, Source
from openworld.figures import labels
from openworld.plan import Selection, StudyPlan
from openworld.plotstyle import SERIES, ruled, style, titled
from openworld.progress import Progress
from openworld.study_tables import BOUND, COUNT, NAME, NUMBER, RUN, SEED, TEXT, Shape, maybe
from openworld.tables.table import Lot, Made, Rows, Section, Study, StudyTable
from simulations.blast_radius import KINDS as KNOWN
from simulations.blast_radius import BlastRadius, run
from simulations.population import DEFAULT, load
from simulations.processes import in_order
from simulations.results import LISTED

#: What goes wrong. Those that take longest come first, so that workers finish together.
KINDS = ("domain", "resource_server", "authorization_server", "token", "refresh_token")
#: The twentieth part of that population has some hundred resource servers that want tokens.
SCALE = 0.05
SAMPLES, REPLICATIONS = 10, 5
#: In a study that is not full.
QUICK: dict[str, Any] = {"scale": 0.01, "samples": 4, "replications": 3}
#: As figures are listed: what is stolen before whom it is stolen from.
_ORDER = ("token", "refresh_token", "resource_server", "authorization_server", "domain")


def reached(kinds: Iterable[str] = KINDS, workers: int = 1, **how: Any) -> Generator[BlastRadius]:
    """The blast radius of each kind under each protection, in order, as they come in; ``how``: see :func:`count`."""
    return in_order(partial(count, **how), list(kinds), workers)


def count(
    kind: str,
    seed: int = 1,
    scale: float = SCALE,
    samples: int = SAMPLES,
    replications: int = REPLICATIONS,
    model: Model = oauth(),
) -> BlastRadius:
    """That of one kind, with the command that counts it again."""
    command = (
        f"openworld blast-radius {kind} --population {DEFAULT} --scale {scale:g} --samples {samples} "
        f"--replications {replications} --seed {seed}"
    )
    met = load(DEFAULT, model).scaled(scale)
    return run(kind, met, seed=seed, samples=samples, replications=replications, command=command)


# --- tables ------------------------------------------------------------------------------------------------

_TAKEN = Selection("mishaps", lambda _: KINDS, (), "kinds of mishaps")
_REACH = Shape(("design", "measure", "statistic"), {
    "kind": NAME, "population": NAME, "design": NAME, "alike": maybe(TEXT), "measure": NAME,
    "statistic": NAME, "value": NUMBER, "low": BOUND, "high": BOUND, "replications": COUNT, "targets": COUNT,
    "command": TEXT, "seed": SEED, **RUN,
})  # fmt: skip
_RULES = Shape(("design", "rule"), {"design": NAME, "rule": NAME, **RUN}, empty=True)


def _made(plan: StudyPlan, _: Mapping[str, Rows], kinds: list[str]) -> Made:
    how = {} if plan.full else QUICK
    for each in reached(kinds, plan.workers, seed=plan.seed, model=plan.model, **how):
        each.save(plan.folder / "simulations", run=plan.run)
        yield Lot(each.kind, [])


def _read(study: Study) -> dict[str, pd.DataFrame]:
    """By kind, how far one reaches, as rows of statistics."""
    found = {}
    for path in sorted((study.folder / "simulations").glob("blast-radius-*.csv")):
        if not path.stem.endswith(("-targets", "-rules")) and (table := study.table(path, _REACH)):
            found[path.stem.removeprefix("blast-radius-")] = table.frame
    return found


# --- figures -----------------------------------------------------------------------------------------------


def _figures(plan: StudyPlan) -> Iterator[Exhibit]:
    """One for each kind of mishap."""
    for kind in _ORDER:
        if kind in plan.taken(_TAKEN):
            yield Exhibit(f"blast_radius-{kind}", "blast radius", _title(kind), partial(_drawn, kind))


def _title(kind: str) -> str:
    return f"How far it reaches where {KNOWN[kind].meaning}"


def _tables(kind: str, source: Source) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How far one mishap reaches under each protection, and the rules that stopped it."""
    if source.folder:
        reach = source.stored(f"simulations/blast-radius-{kind}.csv", _REACH)
        return reach, source.stored(f"simulations/blast-radius-{kind}-rules.csv", _RULES)

    def of_kinds() -> dict[str, BlastRadius]:
        found = {}
        with Progress("blast radius", len(KINDS)) as progress:
            for each in reached(workers=source.workers, seed=source.seed, replications=source.replications):
                found[each.kind] = each
                progress.advance(each.kind)
        return found

    made = source.once(TABLE.name, of_kinds)[kind]
    return made.summary, made.rules


def _drawn(kind: str, source: Source) -> Drawing:
    summary, rules = _tables(kind, source)
    first = summary.iloc[0]
    designs = list(dict.fromkeys(summary["design"]))
    alike = (names for names in dict.fromkeys(summary["alike"]) if names and names not in designs)
    same = [" and ".join(names.split(LISTED)) for names in alike]
    topologies = int(first["replications"])
    caption = Caption(
        str(first["population"]),
        f"{', '.join(designs)}; what a design does not speak of is as the population has it"
        + "".join(f"; as much comes into reach at every target under {names}" for names in same),
        f"{int(first['targets'])} targets in {topologies} topologies, the same under every design",
        str(first["seed"]),
        "95 % t intervals over topologies, of the mean and of the worst target of each",
    )
    return Drawing(blast_radius(summary, rules, _title(kind)), _title(kind), caption, summary)


#: Between rules of which each stopped most.
OR = " or "
#: Letters in a line of what a row is called.
_WIDE = 34
#: What is counted, and how each panel is called.
_PANELS = {"resource_servers": "resource servers in reach", "users": "users in reach"}
#: Statistics over the targets of a topology: words, colour, marker, fill, and how far from the middle of the row.
_MARKS: dict[str, tuple[str, str, str, str, float]] = {
    "mean": ("the mean target", SERIES[2][0], "o", SERIES[2][0], -0.16),
    "max": ("the worst target of a topology", INK, "s", PAPER, 0.16),
}


def blast_radius(summary: pd.DataFrame, rules: pd.DataFrame, title: str = "") -> Figure:
    """What one mishap puts into an attacker's reach, by what protects.

    Args:
        summary: rows of statistics by ``design``, ``measure`` and ``statistic``, with ``value``, ``low`` and ``high``.
        rules: by ``design`` the ``rule`` that stopped a step, the one that did most first.
        title: what goes wrong.
    """
    summary, rules = _together(summary, rules)
    designs = list(dict.fromkeys(summary["design"]))
    with style():
        figure = Figure(figsize=(12.4, 1.7 + 0.42 * len(designs)), layout="constrained")
        panels = figure.subplots(1, len(_PANELS), sharey=True)
        for axes, (measure, words) in zip(panels, _PANELS.items(), strict=True):
            _panel(axes, summary[summary["measure"] == measure], designs)
            axes.set_title(words, loc="left", fontsize=10)
        panels[0].set_yticks(range(len(designs)), [labels.arm(design, _WIDE) for design in designs])
        panels[0].set_ylim(len(designs) - 0.5, -0.5)
        _stopped(panels[-1], rules, designs)
        handles = [
            Line2D([], [], color=color, marker=marker, markerfacecolor=fill, label=words, markersize=7)
            for words, color, marker, fill, _ in _MARKS.values()
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), fontsize=9)
        titled(figure, title)
    return figure


def _together(summary: pd.DataFrame, rules: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Designs that leave as much in reach at every target as one, with what stops most under each of them."""
    named = dict(zip(summary["design"], summary["alike"].where(summary["alike"] != "", summary["design"]), strict=True))
    drawn = summary.assign(design=summary["design"].map(named))
    first = rules.drop_duplicates("design")
    first = first.assign(design=first["design"].map(named)).drop_duplicates(["design", "rule"])
    rule = first.groupby("design", sort=False)["rule"].agg(OR.join).reset_index()
    return drawn.drop_duplicates(["design", "measure", "statistic"]), rule


def _panel(axes: Axes, table: pd.DataFrame, designs: list[str]) -> None:
    for place in range(0, len(designs), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="#f3f3f3", zorder=0)
    for statistic, (_, color, marker, fill, aside) in _MARKS.items():
        shown = table[table["statistic"] == statistic].set_index("design").reindex(designs)
        rows = [place + aside for place in range(len(designs))]
        axes.hlines(rows, shown["low"], shown["high"], color=color, linewidth=1.6, zorder=2)
        axes.plot(
            shown["value"],
            rows,
            color=color,
            marker=marker,
            markerfacecolor=fill,
            linestyle="none",
            markersize=6.5,
            markeredgewidth=1.3,
            zorder=3,
            clip_on=False,
        )
    # Room for marks at nought, so that they do not stand on the names.
    axes.set_xlim(left=-0.03 * max(1.0, axes.get_xlim()[1]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    axes.tick_params(axis="y", length=0)
    ruled(axes, "x")


def _stopped(axes: Axes, rules: pd.DataFrame, designs: list[str]) -> None:
    """Beside the last panel: the rule that stopped most steps under each design."""
    first = rules.set_index("design")["rule"]
    for place, design in enumerate(designs):
        names = str(first.get(design, "nothing")).split(OR)
        said = labels.lines(OR.join(map(of_rule, names)), 56)
        axes.annotate(
            said,
            (1, place),
            (14, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=8,
            annotation_clip=False,
            linespacing=1.0,
            color=INK if design in first.index else "#777777",
        )
    axes.annotate(
        "stopped most often by",
        (1, 1),
        (14, 6),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=10,
        annotation_clip=False,
    )
    axes.spines["right"].set(visible=True, color=FAINT)


# --- the page ----------------------------------------------------------------------------------------------

#: The statistics of a mishap that the page shows.
_MEASURES = (("resource_servers", "mean"), ("resource_servers", "max"), ("users", "mean"), ("users", "max"))


def _shown(study: Study) -> dict[str, Any]:
    """Every kind with its numbers, by design."""
    mishaps: dict[str, pd.DataFrame] = study.found.get(TABLE.name, {})
    found = []
    for kind in (*filter(mishaps.__contains__, KNOWN), *(kind for kind in mishaps if kind not in KNOWN)):
        table = mishaps[kind]
        cells = {(row["design"], row["measure"], row["statistic"]): row for row in table.to_dict("records")}
        found.append(
            {
                "kind": kind,
                "meaning": KNOWN[kind].meaning if kind in KNOWN else kind.replace("_", " "),
                "lines": [
                    (design, [_words(cells.get((design, *each))) for each in _MEASURES])
                    for design in dict.fromkeys(str(name) for name in table["design"])
                ],
                "population": table["population"].iloc[0],
                "command": table["command"].iloc[0],
                "pictures": study.named(f"blast_radius-{kind}"),
            }
        )
    return {"mishaps": found}


def _words(row: dict[Any, Any] | None) -> str:
    if row is None:
        return "–"
    bounds = f" ({row['low']:.1f} to {row['high']:.1f})" if row["low"] == row["low"] else ""  # NaN is not itself
    return f"{row['value']:.1f}{bounds}"


TABLE = StudyTable(
    "blast_radius",
    units=lambda plan: plan.taken(_TAKEN),
    made=_made,
    cost=lambda _: 20.0,
    choices=(_TAKEN,),
    beside=("simulations",),
    reads=_read,
    figures=_figures,
    parts=(Section(70, "mishaps", "Mishaps", "How far one mishap reaches", "blast_radius"),),
    shown=_shown,
    again=lambda study: (str(table["command"].iloc[0]) for table in study.found.get("blast_radius", {}).values()),
)
