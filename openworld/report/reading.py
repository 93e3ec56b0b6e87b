"""What the folder of a study holds, finished or not; whatever is missing or unreadable is said and not fatal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from model import documents
from model.errors import InputError
from model.model import Model, oauth
from model.trace import Trace, from_json
from model.world_file import worlds
from openworld import study_tables
from openworld.folders import EARLIER
from openworld.sources import WRITTEN
from openworld.study_tables import ReadTable, Shape, SourceError

#: So many of so many, by what they are of; and what is finished of a stage, each with its rows.
_COUNTS = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
}
_UNITS = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}
#: What is relied on of how a study ran; the rest is shown as it is.
ABOUT = documents.Schema(
    lambda: {
        "type": "object",
        "properties": {
            "run": {"type": "string"},
            "finished": {"type": "boolean"},
            "seed": {"type": "integer"},
            "full": {"type": "boolean"},
            "shares": _COUNTS,
            "lacks": _COUNTS,
            "done": {"type": "object", "additionalProperties": _UNITS},
            "seconds": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
        },
    }
)
#: Where charts are: nothing in a table leads out of the folder.
_CHART = re.compile(r"(attacks|runs)/[\w.+-]+\.txt")


class ReportError(InputError):
    """A folder that there is nothing to report on; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class FoundExperiment:
    """An experiment as found: its rates, and where there are, what there is for each flow and where arms break even."""

    name: str
    rates: pd.DataFrame
    quantities: pd.DataFrame | None
    break_even: pd.DataFrame | None = None


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
        verdicts: the rows of the table of verdicts.
        traces: by the chart named in a row, the run that shows it.
        clients: the rows of the table of verdicts on deployed clients.
        environments: the rows of the table of what designs need of others.
        experiments, pictures: by name.
        mishaps: by kind, how far one reaches, as rows of statistics.
        run: which run the tables are of; ``None`` where nothing says so, as in folders of earlier releases.
        others: files that a study does not write.
        problems: what is missing or unreadable, one line each.
    """

    folder: Path
    model: Model = oauth()
    about: dict[str, Any] = field(default_factory=dict)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    traces: dict[str, Trace] = field(default_factory=dict)
    clients: list[dict[str, Any]] = field(default_factory=list)
    environments: list[dict[str, Any]] = field(default_factory=list)
    experiments: dict[str, FoundExperiment] = field(default_factory=dict)
    mishaps: dict[str, pd.DataFrame] = field(default_factory=dict)
    pictures: dict[str, FoundPicture] = field(default_factory=dict)
    run: str | None = None
    others: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read(folder: Path, model: Model = oauth()) -> Study:
    """Read a folder.

    Raises:
        ReportError: not a folder, or neither verdicts nor experiments in it.
    """
    if not folder.is_dir():
        raise ReportError(f"{folder}: no such folder; `openworld study -o {folder}` makes one")
    study = Study(folder, model)
    _about(study)
    _verdicts(study)
    _clients(study)
    _experiments(study)
    _mishaps(study)
    if not (study.verdicts or study.clients or study.experiments or study.mishaps):
        why = f" ({study.problems[-1]})" if study.problems else ""
        looked = "neither verdicts.json nor clients.csv nor a table in simulations/"
        raise ReportError(f"{folder}: nothing to report on: {looked}{why}")
    _pictures(study)
    _others(study)
    return study


def _about(study: Study) -> None:
    try:
        about = documents.from_json((study.folder / "run.json").read_bytes())
        ABOUT.check(about)
        study.about, study.run = about, about.get("run")
    except FileNotFoundError:
        study.problems.append("run.json is missing: how the study ran is not known")
    except (OSError, documents.DocumentError) as error:
        study.problems.append(f"run.json cannot be read: {error}")


def _table(study: Study, path: Path, shape: Shape) -> ReadTable | None:
    """What can be read of a table of the run that the folder is about; the rest is said."""
    try:
        table = study_tables.read(path, shape)
        runs = set(table.columns.get("run", [None]))
        if not study.about and study.run is None and len(runs) == 1:
            (study.run,) = runs  # nothing says how the study ran, so the first table does
        if runs != {study.run}:
            raise SourceError(f"{path}: of another run than run.json, or of several; left out")
    except SourceError as error:
        study.problems.append(str(error))
        return None
    study.problems += table.problems
    return table


def _verdicts(study: Study) -> None:
    table = _table(study, study.folder / "verdicts.json", study_tables.VERDICTS)
    study.verdicts = table.rows if table else []
    for chart in dict.fromkeys(row["chart"] for row in study.verdicts if row["chart"]):
        if _CHART.fullmatch(chart) is None:
            study.problems.append(f"verdicts.json: no chart of a study: {chart!r}")
        elif trace := _trace(study, (study.folder / chart).with_suffix(".json")):
            study.traces[chart] = trace


def _trace(study: Study, path: Path) -> Trace | None:
    """A run in one of the worlds that ship, which are all that studies ask in: no trace leads to another file."""
    try:
        return from_json(path.read_bytes(), worlds(study.model), study.model)
    except (OSError, InputError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        study.problems.append(f"{path.relative_to(study.folder)}: {said}")
        return None


def _clients(study: Study) -> None:
    """Verdicts on deployed clients; a folder without them is one of an older study, or was cut short before."""
    for name, shape in (("clients", study_tables.CLIENTS), ("environments", study_tables.ENVIRONMENTS)):
        path = study.folder / f"{name}.csv"
        if path.exists() and (table := _table(study, path, shape)):
            setattr(study, name, table.rows)


def _mishaps(study: Study) -> None:
    for path in sorted((study.folder / "simulations").glob("blast-radius-*.csv")):
        if not path.stem.endswith(("-targets", "-rules")) and (table := _table(study, path, study_tables.REACH)):
            study.mishaps[path.stem.removeprefix("blast-radius-")] = table.frame


def _experiments(study: Study) -> None:
    for path in sorted((study.folder / "simulations").glob("*_rates.csv")):
        name = path.name.removesuffix("_rates.csv")
        if rates := _table(study, path, study_tables.RATES):
            found = _table(study, path.with_name(f"{name}_quantities.csv"), study_tables.QUANTITIES)
            own = path.with_name(f"{name}_break_even.csv")
            even = _table(study, own, study_tables.BREAK_EVEN) if own.exists() else None
            study.experiments[name] = FoundExperiment(
                name,
                rates.frame,
                study_tables.measured(found.frame) if found else None,
                study_tables.traded(even.frame) if even else None,
            )


def _pictures(study: Study) -> None:
    for path in sorted((study.folder / "figures").glob("*.svg")):
        words = path.with_suffix(".txt")
        try:
            said = words.read_text(encoding="utf-8") if words.exists() else path.stem
            title, _, caption = said.partition("\n\n")
            study.pictures[path.stem] = FoundPicture(path.stem, title, caption.strip(), path.read_bytes())
        except (OSError, UnicodeDecodeError) as error:
            study.problems.append(f"{path.relative_to(study.folder)}: {error}")


def _others(study: Study) -> None:
    """Files that no study writes are named, so that nobody looks for them on the page."""
    own = {*WRITTEN, EARLIER}
    for path in sorted(study.folder.rglob("*")):
        relative = path.relative_to(study.folder)
        if path.is_file() and relative.parts[0] not in own and not path.name.startswith("."):
            study.others.append(str(relative))
