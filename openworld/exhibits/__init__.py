"""Every figure of the suite by name: what it shows, from which table, with which caption."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from model.errors import InputError, hint
from openworld import files
from openworld.exhibit import Exhibit, Source
from openworld.exhibits import lattices, worlds
from openworld.plan import StudyPlan
from openworld.plotstyle import captioned, save
from openworld.tables import TABLES
from simulations.processes import in_order


class FigureError(InputError):
    """A figure that does not exist; the message says which do."""


def catalogue() -> dict[str, Exhibit]:
    """All figures by name: those of a full study, and those that are drawn of no table."""
    entries = (*of_study(StudyPlan(Path(), full=True)), *lattices.entries(), *worlds.entries())
    return {entry.name: entry for entry in entries}


def of_study(plan: StudyPlan) -> list[Exhibit]:
    """The figures that are drawn from the tables of a study."""
    return [entry for table in TABLES for entry in table.figures(plan)]


def find(names: Iterable[str]) -> list[Exhibit]:
    """Figures by name, all of them if none is named.

    Raises:
        FigureError: naming the culprit and what is allowed.
    """
    known = catalogue()
    wanted = list(names) or list(known)
    for name in wanted:
        if name not in known:
            raise FigureError(f"unknown figure {name!r}{hint(name, known)}")
    return [known[name] for name in wanted]


def write(entry: Exhibit, source: Source, folder: Path, slide: bool = False) -> list[Path]:
    """Draw a figure and write it as SVG, PDF and PNG, with its data as CSV and its caption as text beside it.

    ``slide``: 16:9, and the caption beside it only.
    """
    drawn = entry.draw(source)
    caption = str(drawn.caption)
    figure = drawn.figure if slide else captioned(drawn.figure, drawn.caption.brief)
    written = save(figure, folder / entry.name, drawn.title, caption, slide)
    data, words = folder / f"{entry.name}.csv", folder / f"{entry.name}.txt"
    files.write(data, drawn.data.to_csv(index=False, lineterminator="\n"))
    files.write(words, f"{drawn.title}\n\n{caption}\n")
    return [*written, data, words]


def write_all(
    entries: Sequence[Exhibit], source: Source, folder: Path, workers: int = 1, slide: bool = False
) -> Generator[tuple[Exhibit, list[Path]]]:
    """Draw figures, in order; by several workers where the tables are there and need not be worked out first."""
    draw = partial(write, source=source, folder=folder, slide=slide)
    if workers == 1 or source.folder is None or len(entries) < 2:
        yield from zip(entries, map(draw, entries), strict=True)
        return
    with closing(in_order(draw, entries, workers)) as drawn:
        yield from zip(entries, drawn, strict=True)
