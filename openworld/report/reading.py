"""What the folder of a study holds, finished or not; whatever is missing or unreadable is said and not fatal."""

from pathlib import Path

from model import documents
from model.errors import InputError
from model.model import Model, oauth
from openworld.folders import EARLIER
from openworld.tables import CERTIFIED, TABLES, WRITTEN
from openworld.tables.table import FoundPicture, Study

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


class ReportError(InputError):
    """A folder that there is nothing to report on; the message says what was looked for."""


def read(folder: Path, model: Model = oauth()) -> Study:
    """Read a folder.

    Raises:
        ReportError: not a folder, or neither verdicts nor experiments in it.
    """
    if not folder.is_dir():
        raise ReportError(f"{folder}: no such folder; `openworld study -o {folder}` makes one")
    study = Study(folder, model)
    _about(study)
    for table in (*TABLES, *CERTIFIED):
        table.read(study)
    if not any(study.found.values()):
        why = f" ({study.problems[-1]})" if study.problems else ""
        looked = f"neither {' nor '.join(table.file for table in TABLES if table.shape)} nor a table in simulations/"
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
