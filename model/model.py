"""The model as a value: :func:`oauth` is the one that ships, :meth:`Model.extended` makes others of it.

Designs and worlds carry the model that they are of, so that their reader knows what there is. A model never
changes, so two of them answer side by side. :mod:`model.extension` says what a draft may add and how it is written.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pickle import PicklingError
from typing import Any, TypeVar
from uuid import uuid4

from model.documents import printable, texts_in, unprintable
from model.errors import InputError
from model.inputs import Read, TooLongError, fresh_modules, reading
from model.logic import Condition
from model.named_designs import DESIGN_NOTES, NAMED_DESIGNS
from model.rule import Named
from model.spelling import misspelt
from model.switches import CAPABILITIES, REACHES, SWITCHES, Extent, Switch

T = TypeVar("T")
#: What adds to a model: a Python file, or a function that is called.
Draft = Path | Callable[[], object]


class DraftError(InputError):
    """An addition that cannot be made; one line that names it and what is allowed."""


class UnsharedError(PicklingError):
    """A model that no other process can make again, because functions have extended it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """What can be said, asked and done; a model equals itself alone.

    Attributes:
        switches, capabilities, designs: by name; ``notes`` say what each named design means, and by which source.
        reaches: what capabilities bring into the attacker's hands in every world, by their names.
        words: what figures call what drafts add, by kind and name.
        variants: what decides a rule in the place of the function that has its name.
        guards: rules that are asked after those of a guard of :mod:`model.guards`, by its name.
        states: what else can change, by who says so: functions of :class:`model.state.Variables` and a world.
        changes: what is made of every step, in this order: functions of :class:`model.action.ActionSchema`.
        drafts: what was added to the model that ships, and ``marks`` that tell all that they read from anything else.
    """

    switches: Mapping[str, Switch]
    capabilities: Mapping[str, str]
    reaches: Mapping[str, Extent]
    designs: Mapping[str, str]
    notes: Mapping[str, tuple[str, str]]
    words: Mapping[tuple[str, str], str] = field(default_factory=dict)
    variants: Mapping[str, Callable[..., Condition]] = field(default_factory=dict)
    guards: Mapping[str, tuple[Callable[..., Named], ...]] = field(default_factory=dict)
    states: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    changes: tuple[Callable[..., Any], ...] = ()
    drafts: tuple[Draft, ...] = ()
    marks: tuple[str, ...] = ()
    _further: Mapping[type, Mapping[str, Any]] = field(default_factory=dict)
    _known: dict[tuple[Path, str], Model] = field(default_factory=dict, init=False)
    _read: dict[Path, Read] = field(default_factory=dict, init=False)

    def further(self, kind: type[T]) -> Mapping[str, T]:
        """Return what drafts add of a kind that is declared above this module, by name: rules, steps, properties ..."""
        return self._further.get(kind, {})

    def readers(self, message: object) -> tuple[str, ...]:
        """Return the capabilities that read a message wherever it goes."""
        kinds = {kind.__name__ for kind in type(message).__mro__}
        return tuple(name for name, reach in self.reaches.items() if kinds & {*reach.reads})

    def but(self, **changes: Any) -> Model:
        """Return the same model with other tables."""
        return replace(self, **changes)

    def adding(self, kind: type[T], entries: Mapping[str, T]) -> Model:
        """Return the same model with more of a kind, some perhaps in the place of others."""
        return replace(self, _further={**self._further, kind: {**self.further(kind), **entries}})

    def extended(self, *drafts: str | Path | Callable[[], object]) -> Model:
        """Return the model with what drafts add: Python files, or functions whose calls of ``openworld.draft`` do.

        A file makes the same model again while it and all that it reads say the same.

        Raises:
            DraftError: what a draft adds, or how, is wrong.
            OSError: a file cannot be read.
        """
        made = self
        for each in drafts:
            made = made._with_function(each) if callable(each) else made._with_file(Path(each).resolve())
        return made

    def _with_function(self, draft: Callable[[], object]) -> Model:
        return _run(self.but(drafts=(*self.drafts, draft), marks=(*self.marks, uuid4().hex)), draft)

    def _with_file(self, draft: Path) -> Model:
        known = self._known.get((draft, self._read[draft].digest)) if draft in self._read else None
        if known is None:
            with reading() as read:
                made = _run(self.but(drafts=(*self.drafts, draft)), lambda: _run_file(draft))
            mark = read.digest
            self._read[draft] = read
            known = self._known[draft, mark] = made.but(marks=(*self.marks, mark))
        return known

    @property
    def files(self) -> tuple[Path, ...]:
        """The files among its drafts."""
        return tuple(draft for draft in self.drafts if isinstance(draft, Path))

    def __reduce__(self) -> tuple[object, ...]:
        """Let another process make it again, of the files of its drafts; what comes of functions only this one has."""
        if len(self.files) < len(self.drafts):
            raise UnsharedError("a model that is extended by functions cannot be made again by other processes")
        return _again, (self.marks, *self.files)

    def __deepcopy__(self, _: object) -> Model:
        return self


@cache
def oauth() -> Model:
    """Return the model that ships: OAuth in the open world, and AAuth beside it."""
    return Model(
        switches=SWITCHES, capabilities=CAPABILITIES, reaches=REACHES, designs=NAMED_DESIGNS, notes=DESIGN_NOTES
    )


def _again(marks: tuple[str, ...], *files: Path) -> Model:
    """Make a model again, which is to be the one that it was."""
    made = oauth().extended(*files)
    for file, now, before in zip(files, made.marks, marks, strict=True):
        if now != before:
            raise DraftError(f"{file.name}: it, or what it reads, does not say the same as when this began")
    return made


# --- drafts while they run -----------------------------------------------------------------------------------

_BUILT: ContextVar[Model] = ContextVar("_BUILT")
#: The tables of a model whose texts are printed; others have functions.
_TOLD = ("switches", "capabilities", "designs", "notes", "words")


def built() -> Model:
    """Return the model as it is so far, to a draft that adds to it.

    Raises:
        DraftError: no draft runs.
    """
    model = _BUILT.get(None)
    if model is None:
        raise DraftError("additions are made in a file that is given to --with, or by what extended() calls")
    return model


def grow(model: Model) -> None:
    """Go on with a model that has one thing more, whose texts are printable (raises DraftError)."""
    before = built()
    tables = [(name, getattr(model, name), getattr(before, name)) for name in _TOLD]
    tables += [(kind.__name__, entries, before.further(kind)) for kind, entries in model._further.items()]
    for what, entries, known in tables:
        for path, text in texts_in({name: each for name, each in entries.items() if known.get(name) is not each}):
            if not printable(text):
                raise DraftError(f"{what}: {'.'.join(map(str, path))}: {unprintable(text)}")
    _BUILT.set(model)


def _run(model: Model, draft: Callable[[], object]) -> Model:
    """Run a draft, and return the model with what it adds."""
    before = _BUILT.set(model)
    try:
        draft()
        return built()
    finally:
        _BUILT.reset(before)


def _run_file(file: Path) -> None:
    name = f"draft_{file.stem}"
    spec = spec_from_file_location(name, file)
    if file.suffix != ".py" or spec is None or spec.loader is None:
        raise DraftError(f"{file.name}: a draft is a Python file, named *.py")
    with fresh_modules(), redirect_stdout(sys.stderr):
        sys.modules[name] = module = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except SyntaxError as error:
            place = f":{error.lineno}" if error.lineno else ""
            raise DraftError(f"{file.name}{place}: {error.msg}") from error
        except BaseException as error:
            raise blamed(file, error) from error
    for line, said in misspelt(file.read_text(encoding="utf-8"), built().switches):
        raise DraftError(f"{file.name}:{line}: {said}")


def blamed(file: Path, error: BaseException) -> BaseException:
    """Return what is said of an error in a file: its line, unless it is nobody's of the file."""
    if isinstance(error, KeyboardInterrupt | MemoryError) or (
        isinstance(error, OSError) and where(file, error) == file.name
    ):
        return error
    said = str(error) if isinstance(error, InputError | TooLongError) else f"{type(error).__name__}: {error}"
    return DraftError(f"{where(file, error)}: {said}")


def where(file: Path, error: BaseException) -> str:
    """Return the line of a file that led to an error."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file.name}:{lines[-1]}" if lines else file.name
