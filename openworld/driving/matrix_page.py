"""A matrix as static pages: a table with a cell for each release and scenario, and a page for each release.

A cell leads to what there is to see of it: the recording with the exchanges in which something is lost, the chart of
the attack, and the smallest fixes with the sections that ask for them.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from conformance.fixes import fixes
from conformance.install import LOCK
from conformance.judge import OUTCOMES, Judgement
from conformance.matrix import Matrix
from conformance.packages import host_of
from conformance.play import Play
from deployed.checks import LOOKS, look
from deployed.disclosure import HIDDEN
from model.chart import chart
from model.conversation import STAGES
from model.documents import DocumentError, from_json
from model.scenario import names
from openworld.driving.columns import Affected, Column, affected
from openworld.report.page import template
from openworld.sequence import svg
from openworld.show import ending
from properties.security import PROPERTIES

#: Where the charts of attacks are: one and the same for all who fall for it.
_CHARTS = "charts"


@dataclass(frozen=True, slots=True)
class ScenarioCell:
    """What a release did in a scenario, as a cell shows it."""

    look: str
    sign: str
    words: str
    link: str
    changed: str


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """A scenario with what every release did in it; ``stands_out``: somebody falls, changed or was not measured."""

    scenario: str
    about: str
    cells: Sequence[ScenarioCell | None]

    @property
    def stands_out(self) -> bool:
        """Whether there is anything to look at first."""
        return any(cell is not None and (cell.look in ("attack", "unknown") or cell.changed) for cell in self.cells)


class Making(NamedTuple):
    """How a matrix came about.

    Attributes:
        command: runs it again.
        protection: what kept the clients in.
    """

    command: str
    protection: str


def pages(columns: Sequence[Column], wanted: Matrix, output: Path, how: Making, written: int = 0) -> dict[str, str]:
    """The pages of what is finished, but for releases that are written, and the charts that they show, by name."""
    made = {"index.html": _index(columns, wanted, how)}
    for column in columns[written:]:
        for play, judgement in _seen(column):
            if judgement.attacks and play.trace is not None:
                made[f"{_CHARTS}/{play.name}.svg"] = svg(chart(play.trace, ending(PROPERTIES[play.trace.shows])))
        made[f"{column.slug}/index.html"] = _release(column, output)
    return made


def public_files(columns: Sequence[Column], wanted: Matrix, output: Path, how: Making) -> dict[str, str]:
    """The pages of what is public of finished columns, with the recordings that they lead to, by name."""
    made = pages(columns, wanted, output, how)
    for column in columns:
        recorded = [f"{column.slug}/{one.scenario}.har" for one in column.judgements]
        for name in (*recorded, f"{column.slug}/{LOCK}"):
            if (output / name).is_file():
                made[name] = (output / name).read_text(encoding="utf-8")
    return made


def _index(columns: Sequence[Column], wanted: Matrix, how: Making) -> str:
    rows = list(_rows(columns))
    ranges: dict[str, list[Affected]] = {}
    for one in affected({one.name: one.judgements for one in columns}):
        ranges.setdefault(one.client, []).append(one)
    return template("matrix.html.jinja").render(
        columns=columns,
        clients=[(client, list(each)) for client, each in groupby(columns, lambda one: one.name.partition("==")[0])],
        first=[row for row in rows if row.stands_out],
        rest=[row for row in rows if not row.stands_out],
        outcomes=OUTCOMES,
        ranges=ranges,
        planned=len(wanted.entries),
        how=how,
        version=version("openworld"),
        expected=any(one.entry.expected is not None for one in columns),
    )


def _seen(column: Column) -> Iterator[tuple[Play, Judgement]]:
    """Every play of a release with what came of it."""
    if column.driven is not None:
        judged = {one.scenario: one for one in column.judgements}
        yield from ((play, judged[play.name]) for play in column.driven.plays)


def _rows(columns: Sequence[Column]) -> Iterator[ScenarioRow]:
    cells = [{play.name: _cell(column, one) for play, one in _seen(column)} for column in columns]
    plays = {play.name: play for column in columns for play, _ in _seen(column)}
    plays |= {name: play for column in columns for name, play in column.withheld.items()}
    hidden = ScenarioCell("unknown", "-", HIDDEN, "#withheld", "")
    for name, play in plays.items():
        row = [hidden if name in one.withheld else of.get(name) for one, of in zip(columns, cells, strict=True)]
        yield ScenarioRow(name, about(play), row)


def about(play: Play) -> str:
    """What a play is about, in a few words: of an attack trace what is lost in it, and to whom."""
    if play.trace is None:
        return play.about
    who = " + ".join(sorted(play.trace.configuration.capabilities))
    return f"{who}: {', '.join(dict.fromkeys(one.violates for one in play.attacks))}"


def _cell(column: Column, seen: Judgement) -> ScenarioCell:
    change = column.changes.get(seen.scenario, "")
    wrong = f"falls: loses {', '.join(seen.attacks)}" if seen.attacks else _missed(column, seen)
    shown = "attack" if wrong else "unknown" if not seen.measured else "none" if seen.outcome == "n" else "safe"
    words = f"{wrong}{'; ' * bool(wrong)}{OUTCOMES[seen.outcome]}"
    sign = f"\N{BALLOT X}{seen.outcome}" if wrong else seen.outcome
    return ScenarioCell(shown, sign, words, f"{column.slug}/index.html#{quote(seen.scenario)}", change)


def _missed(column: Column, seen: Judgement) -> str:
    """That a release goes on where it must refuse, in words, if it does."""
    if seen.outcome not in STAGES or seen.scenario not in names() or column.driven is None:
        return ""
    found = look(seen.scenario, seen.outcome, False, host_of(column.driven.installed.release))
    return LOOKS[found] if found == "missed" else ""


def _release(column: Column, output: Path) -> str:
    return template("matrix_release.html.jinja").render(
        column=column,
        outcomes=OUTCOMES,
        charts=f"../{_CHARTS}",
        falls=[_fall(column, play, one, output) for play, one in _seen(column) if one.attacks],
        rest=[
            (play, one, about(play), column.changes.get(play.name, ""), _missed(column, one))
            for play, one in _seen(column)
            if not one.attacks
        ],
    )


def _fall(column: Column, play: Play, seen: Judgement, output: Path) -> dict[str, Any]:
    """What a release falls for: the exchanges, the chart, the fixes."""
    assert column.driven is not None
    cures = column.driven.cures.get(play.name, [])
    return {
        "play": play,
        "seen": seen,
        "about": about(play),
        "change": column.changes.get(play.name, ""),
        "because": column.entry.expected.because.get(play.name, "") if column.entry.expected else "",
        "exchanges": _exchanges(output / column.slug / f"{play.name}.har"),
        "fixes": fixes(column.driven.explained.design, play, cures),
    }


def _exchanges(path: Path) -> list[dict[str, Any]]:
    """The exchanges of a recording, as a page shows them."""
    with suppress(OSError, DocumentError):
        return [
            {
                "number": number,
                "by": entry["_by"],
                "to": entry["_party"],
                "lost": entry.get("_lost", ()),
                "method": entry["request"]["method"],
                "url": entry["request"]["url"],
                "answer": entry["_message"] or str(entry["response"]["status"] or "cut"),
            }
            for number, entry in enumerate(from_json(path.read_bytes())["log"]["entries"], 1)
        ]
    return []
