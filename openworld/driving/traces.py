"""Attack traces that were looked for, kept in a folder: the solver is not asked again for what it has found."""

from collections.abc import Sequence
from pathlib import Path

from conformance import attacks
from conformance.attacks import Found, asked, search
from model.design import Design
from model.model import oauth
from model.store import keep, kept, named
from model.trace import from_json as trace_of
from openworld.cache import SOURCES, Asker, fingerprint
from openworld.progress import Progress

#: The file in the output folder.
FILE = "attack-traces.json"


def attack_traces(designs: Sequence[Design], properties: Sequence[str], folder: Path | None) -> list[Found]:
    """The traces that the solver finds for clients of these designs, each once."""
    model = designs[0].model if designs else oauth()
    asked_for = [[one.changes() for one in designs], list(properties)]
    key = named(*asked_for, fingerprint((*SOURCES, Path(attacks.__file__).parent)), *model.marks)
    known = None if folder is None else kept(folder / FILE, key)
    if known is not None:
        return [Found(trace_of(one["trace"], model=model), dict(one["deployment"])) for one in known]
    found: dict[object, Found] = {}
    with Progress("asking the solver for attacks", sum(asked(one, properties) for one in designs)) as progress:
        for design in designs:
            found |= {one.key: one for one in search(design, Asker(), progress.advance, properties)}
    if folder is not None:
        keep(folder / FILE, key, [one.to_json() for one in found.values()])
    return list(found.values())
