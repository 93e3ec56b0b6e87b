"""What the model says of a release before it is measured, and the record of both: a folder for each release.

The prediction is that of the nearest other release that is stored, through its design. It is written before the release
runs, and it depends on nothing but the model and the stored designs. A change in those has every play run again.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from conformance.install import LOCK
from conformance.lock import Lock
from conformance.results import csv_text
from deployed.behaviour import Observed, read_row
from deployed.explanation import neighbours
from model.conversation import converse
from model.design import Design
from model.documents import DocumentError, Schema, from_json
from model.errors import InputError
from model.scenario import load, names
from openworld.files import as_json, write

FILE, SEEN = "prediction.json", "behaviour.csv"
#: The columns of a table of scores.
COLUMNS = ("release", "installed", "predicted_by", "digest", "played", "right", "missed")

_TEXTS = {"type": "array", "items": {"type": "string"}}
_FIELDS: dict[str, Any] = {
    "release": {"type": "string"}, "by": {"type": "string"}, "asked": _TEXTS, "host": _TEXTS,
    "ends": {"type": "object", "additionalProperties": {"type": "string"}},
}  # fmt: skip
_SCHEMA = Schema(lambda: {"type": "object", "properties": _FIELDS, "required": list(_FIELDS)})


@dataclass(frozen=True, slots=True)
class ReleasePrediction:
    """Where a release will end in each scenario of the catalogue.

    Attributes:
        by: the stored release whose design says so; ``""``: none of this client is stored, and the baseline says so.
        asked: the words by which `openworld conform` drives the release.
        host: the switches that its host decides.
    """

    release: str
    by: str
    asked: tuple[str, ...]
    host: tuple[str, ...]
    ends: Mapping[str, str]

    @property
    def digest(self) -> str:
        """A short name for exactly this prediction."""
        return hashlib.sha256(json.dumps([self.release, self.by, dict(self.ends)]).encode()).hexdigest()[:16]

    def __str__(self) -> str:
        return f"{self.release}: predicted by {self.by or 'the baseline'}, digest {self.digest}"

    def keep(self, folder: Path) -> None:
        """Write it; what was measured under another one is then no longer told."""
        said = as_json({name: getattr(self, name) for name in _FIELDS} | {"digest": self.digest})
        path = folder / FILE
        if not path.is_file() or path.read_text(encoding="utf-8") != said:
            (folder / SEEN).unlink(missing_ok=True)
            write(path, said)


def predict(release: str, asked: Sequence[str], host: Sequence[str]) -> ReleasePrediction:
    """Return the prediction of a release by the nearest other one that is stored."""
    near = neighbours(release)[:1]
    design = near[0].design if near else Design()
    ends = {name: converse(design, load(name)).stage for name in names()}
    return ReleasePrediction(release, near[0].name if near else "", tuple(asked), tuple(host), ends)


class Miss(NamedTuple):
    """A scenario that ended elsewhere than predicted."""

    scenario: str
    predicted: str
    ended: str


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """A release that was measured, beside its prediction.

    ``date``: when it was installed; ``folder`` has both, and the recordings.
    """

    prediction: ReleasePrediction
    seen: Mapping[str, Observed]
    date: str
    folder: Path

    @property
    def missed(self) -> tuple[Miss, ...]:
        """The scenarios that ended elsewhere."""
        ends = self.prediction.ends
        return tuple(Miss(name, ends[name], one.stage) for name, one in self.seen.items() if ends[name] != one.stage)

    @property
    def score(self) -> str:
        """The score, in words."""
        said = f"{len(self.seen) - len(self.missed)} of {len(self.seen)} ends as predicted"
        missed = ", ".join(f"{one.scenario} ({one.predicted}, ended {one.ended})" for one in self.missed)
        return f"{self.prediction}: {said}{'; not ' * bool(missed)}{missed}"

    def to_json(self) -> dict[str, Any]:
        """Return the score as data."""
        said = {"release": self.prediction.release, "by": self.prediction.by, "digest": self.prediction.digest}
        return {**said, "played": len(self.seen), "missed": [one._asdict() for one in self.missed]}


def records(folder: Path) -> Iterator[ReleaseRecord]:
    """Yield what was measured in a folder, release by release.

    Raises:
        InputError: a file of a record is damaged.
    """
    for path in sorted(folder.glob(f"*/{FILE}")):
        if (path.parent / SEEN).is_file():
            try:
                said = from_json(path.read_bytes())
                _SCHEMA.check(said)
            except DocumentError as error:
                raise InputError(f"{path}: not a prediction: {error}") from None
            prediction = ReleasePrediction(
                said["release"], said["by"], tuple(said["asked"]), tuple(said["host"]), said["ends"]
            )
            rows = csv.DictReader((path.parent / SEEN).read_text(encoding="utf-8").splitlines())
            found = {row["scenario"]: read_row(**row) for row in rows if row["scenario"] in prediction.ends}
            seen = {name: one for name, one in found.items() if one is not None}
            yield ReleaseRecord(prediction, seen, Lock.load(path.parent / LOCK).date, path.parent)


def scores(kept: Sequence[ReleaseRecord], hidden: frozenset[tuple[str, str]] = frozenset()) -> str:
    """Return the table of scores; a scenario that is not public is counted, and not named."""
    rows = []
    for one in kept:
        told = [miss.scenario for miss in one.missed if (one.prediction.release, miss.scenario) not in hidden]
        more = len(one.missed) - len(told)
        missed = " ".join([*told, *[f"and {more} not public"] * bool(more)])
        by, right = one.prediction.by or "baseline", len(one.seen) - len(one.missed)
        counts = (str(len(one.seen)), str(right), missed)
        rows.append((one.prediction.release, one.date, by, one.prediction.digest, *counts))
    return csv_text(COLUMNS, rows)
