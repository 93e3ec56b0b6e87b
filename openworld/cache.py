"""Answers that are known already: a folder with one file for each question.

A file is found by what its answer depends on: every source file of the model and the properties (the worlds that ship
among them), drafts of one's own with all that they read, the versions of the solvers and Python, world, configuration,
property and time limit. Nothing is ever looked up under an older rule. A world from a file counts by what it says,
wherever the file is. An entry that is damaged or was written by somebody else (:mod:`model.store`) is as good as none,
and several processes may share a folder.
"""

import platform
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

import model
import properties
from model.design import Configuration, parse
from model.store import code, keep, kept, named
from model.trace import Trace, from_json
from openworld.jobs import Question
from properties.bounds import Bound
from properties.checker import Checker
from properties.results import happens, read_result
from properties.security import Property, find
from properties.shortest import ReplayError, confirm
from properties.verdict import Verdict

#: What reading a damaged entry can raise.
_DAMAGE = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError, ReplayError)

#: Where rules live, and what makes verdicts of them.
SOURCES = tuple(Path(package.__file__ or "").parent for package in (model, properties))


def versions() -> str:
    """The packages that answer and their versions."""
    return ", ".join(f"{package} {_version(package)}" for package in ("z3-solver", "python-sat"))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def fingerprint(sources: tuple[Path, ...] = SOURCES) -> str:
    """A digest of everything but the question that a verdict depends on."""
    return named(versions(), platform.python_version(), code(sources))


def default_folder() -> Path:
    """Where answers are kept unless something else is said: in the user's cache folder."""
    return user_cache_path("openworld", appauthor=False) / "verdicts"


def identity(prop: Property, configuration: Configuration) -> str:
    """A digest of what is asked: property, design, attacker, drafts, and all that the world says, whatever its name."""
    world = replace(prop.world_of(configuration), file="")
    return named(prop.name, str(replace(configuration, world="")), repr(world), *configuration.model.marks)


class Cache:
    """Verdicts in a folder, which is made when the first is kept.

    What cannot be read or written is not an error: the question is asked again.
    """

    def __init__(self, folder: Path, sources: tuple[Path, ...] = SOURCES) -> None:
        self.folder = folder
        self._sources = sources

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self._sources)

    def path(self, question: Question) -> Path:
        """The file of a question; its name covers everything that the answer depends on."""
        digest = named(self._fingerprint, identity(*question.read()), question.timeout, question.widely)
        return self.folder / digest[:2] / f"{digest[2:]}.json"

    def get(self, question: Question) -> Verdict | None:
        """The verdict, if it is known; its trace has been replayed on the machine."""
        with suppress(*_DAMAGE):
            path = self.path(question)
            data = kept(path, path.name)
            if data is not None:
                return verdict(question, data)
        return None

    def put(self, question: Question, data: dict[str, Any]) -> None:
        """Keep a verdict, given as data. What more time would answer better is not kept."""
        if data["verdict"] != "unknown" and data["blocked_by_minimal"]:
            path = self.path(question)
            with suppress(OSError):
                keep(path, path.name, data)


def verdict(question: Question, data: dict[str, Any]) -> Verdict:
    """A verdict from its data, as the answer to a question: a world may have been called otherwise when it was found.

    Raises:
        InputError, ReplayError, LookupError: the data does not describe a verdict, or its trace does not show it.
    """
    configuration, model = parse(question.configuration, question.model), question.model
    prop = find(data["property"], model)
    world = prop.world_of(configuration)
    if data["world"] != world.name:
        raise LookupError(data["world"])
    trace = None
    if data["trace"] is not None:
        judged = replace(parse(data["trace"]["configuration"], model), world=configuration.world)
        here = {"world": world.name, "configuration": str(judged)}
        trace = from_json({**data["trace"], **here}, {world.name: world}, model)
        confirm(trace, prop)
    return Verdict(
        property=prop,
        configuration=configuration,
        world=world,
        result=read_result(data["verdict"], prop.kind),
        reach=data["reach"],
        trace=trace,
        blocked_by=tuple(data["blocked_by"]),
        seconds=data["seconds"],
        bound=None if data["bound"] is None else Bound(**data["bound"]),
        blocked_by_minimal=data["blocked_by_minimal"],
        reason=data["reason"],
        elsewhere=tuple(data.get("elsewhere", {}).items()),
    )


class Asker:
    """Finds runs with the solver, and remembers them in the cache."""

    def __init__(self) -> None:
        self._cache, self._checker = Cache(default_folder()), Checker()

    def __call__(self, name: str, configuration: Configuration) -> Trace | None:
        """The shortest run that shows what a property is about; that there is none costs a fraction of saying why."""
        question = Question(name, str(configuration), model=configuration.model)
        known = self._cache.get(question)
        if known is None:
            if not self.can(name, configuration):
                return None
            known = self._checker.verdict(name, configuration)
            self._cache.put(question, known.to_json())
        return known.trace

    def can(self, name: str, configuration: Configuration) -> bool:
        """Whether there is such a run."""
        return happens(self._checker.result(name, configuration), unknown=False)
