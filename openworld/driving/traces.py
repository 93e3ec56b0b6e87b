"""Attack traces that were looked for, kept in a folder: the solver is not asked again for what it has found."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from conformance import attacks
from conformance.attacks import Found, asked, search
from model.design import Design
from model.documents import DocumentError, from_json
from model.model import Model, oauth
from model.trace import TraceError
from model.trace import from_json as trace_of
from openworld.cache import SOURCES, Asker, fingerprint
from openworld.files import as_json, write
from openworld.progress import Progress

#: The file in the output folder.
FILE = "attack-traces.json"


def attack_traces(designs: Sequence[Design], properties: Sequence[str], folder: Path | None) -> list[Found]:
    """The traces that the solver finds for clients of these designs, each once."""
    model = designs[0].model if designs else oauth()
    stamp = {"designs": [one.changes() for one in designs], "properties": list(properties), "by": _sources(model)}
    known = None if folder is None else _kept(folder / FILE, stamp, model)
    if known is not None:
        return known
    found: dict[object, Found] = {}
    with Progress("asking the solver for attacks", sum(asked(one, properties) for one in designs)) as progress:
        for design in designs:
            found |= {one.key: one for one in search(design, Asker(), progress.advance, properties)}
    if folder is not None:
        write(folder / FILE, as_json({**stamp, "found": [one.to_json() for one in found.values()]}))
    return list(found.values())


def _sources(model: Model) -> list[str]:
    """All that decides what is found: the model, the questions, and what a draft adds."""
    questions = hashlib.sha256(Path(attacks.__file__).read_bytes()).hexdigest()
    return [fingerprint(SOURCES), questions, *map(str, model.marks)]


def _kept(path: Path, stamp: dict[str, Any], model: Model) -> list[Found] | None:
    """What was found when the same was asked; a damaged file is as good as none."""
    with suppress(OSError, DocumentError, TraceError, LookupError, TypeError, AttributeError):
        data = from_json(path.read_bytes())
        if {name: data[name] for name in stamp} == stamp:
            return [Found(trace_of(one["trace"], model=model), dict(one["deployment"])) for one in data["found"]]
    return None
