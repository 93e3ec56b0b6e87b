"""A table of a study as one object: what it asks, what its columns say, its figures, and its place on the page."""

import csv
import io
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from model.documents import from_json
from model.model import Model, oauth
from model.trace import Trace
from openworld import study_tables
from openworld.colours import SIGNS
from openworld.exhibit import Exhibit, Source
from openworld.files import as_json, write
from openworld.plan import Selection, StudyPlan
from openworld.progress import Progress, tell
from openworld.study_tables import ReadTable, Shape, SourceError
from properties.results import length, today

Rows = list[dict[str, Any]]


class Lot(NamedTuple):
    """What a study finished in one go: a unit, its rows, and what is in the files beside them."""

    unit: str
    rows: Rows
    files: Mapping[str, str] = {}


Made = Generator[Lot]


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """A figure as found."""

    name: str
    title: str
    caption: str
    svg: bytes


@dataclass(slots=True)
class Study:
    """Everything found in a folder.

    Attributes:
        folder: where.
        model: the model that was asked.
        about: how it ran (``run.json``); empty if that is missing.
        found: by table, its rows or what else its reader makes of its files.
        traces: by the chart named in a row, the run that shows it.
        pictures: by name.
        run: which run the tables are of; ``None`` where nothing says so, as in folders of earlier releases.
        others: files that a study does not write.
        problems: what is missing or unreadable, one line each.
    """

    folder: Path
    model: Model = oauth()
    about: dict[str, Any] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)
    traces: dict[str, Trace] = field(default_factory=dict)
    pictures: dict[str, FoundPicture] = field(default_factory=dict)
    run: str | None = None
    others: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def named(self, *names: str) -> list[FoundPicture]:
        """Return the figures of these names that there are."""
        return [self.pictures[name] for name in names if name in self.pictures]

    def table(self, path: Path, shape: Shape) -> ReadTable | None:
        """Return what can be read of a table of the run that the folder is about; the rest becomes a problem."""
        try:
            table = study_tables.read(path, shape)
            runs = set(table.columns.get("run", [None]))
            if not self.about and self.run is None and len(runs) == 1:
                (self.run,) = runs  # nothing says how the study ran, so the first table does
            if runs != {self.run}:
                raise SourceError(f"{path}: of another run than run.json, or of several; left out")
        except SourceError as error:
            self.problems.append(str(error))
            return None
        self.problems += table.problems
        return table


def _nothing(_: Any) -> tuple[()]:
    return ()


class Section(NamedTuple):
    """A part of the page of a study.

    Attributes:
        place: parts stand in the order of these numbers.
        anchor, short, title: its address, and what it is called in the navigation and above it.
        template: its name; by default one that shows the figures ``pictures``.
    """

    place: int
    anchor: str
    short: str
    title: str
    template: str = "figures"


@dataclass(frozen=True, slots=True)
class StudyTable:
    """A table of a study.

    Attributes:
        name: what it is called, as the stage that makes it and as a file.
        units: the names of the parts that it is made in.
        made: makes the rows of some of these units, given the rows of the tables that were made before.
        cost: seconds of one core for a unit, on the machine where this was measured last.
        choices: the kinds of things that it is about, of which a study takes some.
        shape: its columns, if it is one table of rows.
        file: where it is, by default as CSV; what is in JSON is written as CSV as well.
        beside: what else it writes into the folder.
        needed: a folder without it lacks something; others may be of an older study, or of one cut short.
        reads: reads it from a folder; by default its rows.
        figures: its figures.
        parts: its places on the page.
        shown: what the templates of these places show.
        opens, says: sentences for the summary of the page, and for its findings.
        again: the commands that make it again.
        about: what run.json says of its rows.
    """

    name: str
    units: Callable[[StudyPlan], list[str]]
    made: Callable[[StudyPlan, Mapping[str, Rows], list[str]], Made]
    cost: Callable[[StudyPlan], float]
    choices: tuple[Selection, ...] = ()
    shape: Shape | None = None
    file: str = ""
    beside: tuple[str, ...] = ()
    needed: bool = False
    reads: Callable[[Study], Any] | None = None
    figures: Callable[[StudyPlan], Iterable[Exhibit]] = _nothing
    parts: tuple[Section, ...] = ()
    shown: Callable[[Study], Mapping[str, Any]] = lambda _: {}
    opens: Callable[[Study], Iterable[str]] = _nothing
    says: Callable[[Study], Iterable[str]] = _nothing
    again: Callable[[Study], Iterable[str]] = _nothing
    about: Callable[[Rows], dict[str, str]] = lambda _: {}

    def __post_init__(self) -> None:
        object.__setattr__(self, "file", self.file or f"{self.name}.csv")

    @property
    def written(self) -> tuple[str, ...]:
        """All that it puts into the folder."""
        return (*dict.fromkeys((self.file, f"{self.name}.csv")), *self.beside) if self.shape else self.beside

    def price(self, plan: StudyPlan) -> float:
        """Seconds of one core for all its units."""
        return len(self.units(plan)) * self.cost(plan)

    def rows(self, study: Study) -> Rows:
        """The rows that were found."""
        found: Rows = study.found.get(self.name, [])
        return found

    def read(self, study: Study) -> None:
        """Find it in the folder of a study."""
        if self.reads:
            study.found[self.name] = self.reads(study)
        elif self.shape and (self.needed or (study.folder / self.file).exists()):
            table = study.table(study.folder / self.file, self.shape)
            study.found[self.name] = table.rows if table else []

    def save(self, folder: Path, rows: Rows) -> None:
        """Write it."""
        if not rows:
            return
        if self.file.endswith(".json"):
            write(folder / self.file, as_json(rows))
        stream = io.StringIO()
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: " ".join(cell) if isinstance(cell, list) else cell for name, cell in row.items()} for row in rows
        )
        write(folder / f"{self.name}.csv", stream.getvalue())

    def saved(self, folder: Path) -> Rows:
        """The rows as they were written.

        Raises:
            OSError, InputError, csv.Error: they cannot be read.
        """
        if self.file.endswith(".json"):
            known: Rows = from_json((folder / self.file).read_bytes())
            return known
        return list(csv.DictReader(io.StringIO((folder / self.file).read_text(encoding="utf-8"))))

    def frame(self, source: Source) -> pd.DataFrame:
        """All its rows: those in the folder of a study (raises SourceError), or asked for now, while a bar grows."""
        if source.folder and self.shape:
            return source.stored(self.file, self.shape)
        return source.once(self.name, partial(self._asked, source.workers, source.kept))

    def _asked(self, workers: int, kept: Path | None) -> pd.DataFrame:
        """What is finished is kept, for figures to be drawn of it if this is cut short (``figures --from``)."""
        plan, rows = StudyPlan(Path(), full=True, workers=workers), Rows()
        units = self.units(plan)
        with Progress(self.name, len(units)) as progress, closing(self.made(plan, {}, units)) as made:
            try:
                for lot in made:
                    rows += lot.rows
                    if kept:
                        self.save(kept, rows)
                    progress.advance(lot.unit)
            except BaseException:
                if kept and rows:
                    tell(f"{kept / self.file}: {len(rows)} rows are finished; --from {kept} draws them\n")
                raise
        return pd.DataFrame(rows)


#: The results whose words are not their names.
_WORDS = {"not_in_this_world": "not in this world", "reached": "run exists", "not_reached": "no such run"}


def look(row: Mapping[str, Any]) -> str:
    """The answer of a row, which names how its cell looks; tables that older studies wrote are read as well."""
    return today(str(row["verdict"]), str(row["kind"]))


def signed(result: str, steps: float | None) -> tuple[str, str]:
    """A result as a sign and in words, of an attack with its length."""
    sign, word = SIGNS.get(result, "?"), _WORDS.get(result, result)
    if result == "attack" and steps:
        return f"{sign} {steps:.0f}", f"{word} in {length(float(steps))}"
    return sign, word


def cell(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a cell, with what it asks."""
    seen = look(row)
    sign, word = signed(seen, row["steps"])
    return {"look": seen, "sign": sign, "word": word, "property": row["property"], "asked": row["configuration"]}
