"""A file system that fails when told to: the n-th of the calls that change something below a folder raises an error."""

import _pyio
import builtins
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest


class Call(NamedTuple):
    """A call that changes something, and the file that it is about: of replacing one, the one that is replaced."""

    name: str
    path: Path


class FileSystem:
    """What is done below a folder.

    Attributes:
        calls: those so far, those that failed among them.
        made: files that were renamed into their place.
    """

    def __init__(self, folder: Path, error: Callable[[int], int | None]) -> None:
        self.folder, self._error = folder.resolve(), error
        self.calls: list[Call] = []
        self.made: set[Path] = set()
        self._open: dict[int, Path] = {}

    def below(self, path: Any) -> Path | None:
        """The path, if it is one and leads below the folder."""
        if isinstance(path, int):
            return self._open.get(path)
        where = Path(os.path.realpath(os.path.dirname(os.path.abspath(path))), os.path.basename(path))
        return where if where.is_relative_to(self.folder) else None

    def meet(self, name: str, path: Path, *named: str | None) -> None:
        """Count a call; it fails if it is its turn, with the names that the system would have given."""
        self.calls.append(Call(name, path))
        number = self._error(len(self.calls))
        if number is not None:
            raise OSError(number, os.strerror(number), *named)

    # --- in the place of those of os -----------------------------------------------------------------------

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put this between the program and the system."""
        for name in ("write", "fsync"):
            patch.setattr(os, name, self._on_open_file(name, getattr(os, name)))
        for name in ("mkdir", "chmod"):
            patch.setattr(os, name, self._on_path(name, getattr(os, name)))
        for name, named in (("replace", 1), ("rename", 0)):
            patch.setattr(os, name, self._renaming(name, getattr(os, name), named))
        patch.setattr(os, "open", self._opening(os.open))
        patch.setattr(os, "close", self._closing(os.close))
        # What is written in Python makes the calls above, what is written in C does not.
        for module in (builtins, io):
            patch.setattr(module, "open", self._streaming(io.open))

    def _on_open_file(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any, *rest: Any) -> Any:
            descriptor = file if isinstance(file, int) else file.fileno()
            if descriptor in self._open:
                try:
                    self.meet(name, self._open[descriptor])
                except OSError:
                    if name == "write":  # what there is room for is written before
                        real(file, rest[0][: len(rest[0]) // 2])
                    raise
            return real(file, *rest)

        return call

    def _on_path(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *rest: Any, **named: Any) -> Any:
            if (where := self.below(path)) is not None and not (name == "mkdir" and where.is_dir()):
                self.meet(name, where, str(path))
            return real(path, *rest, **named)

        return call

    def _renaming(self, name: str, real: Callable[..., Any], about: int) -> Callable[..., Any]:
        def call(*paths: Any) -> Any:
            where = self.below(paths[1])
            if where is not None:
                self.meet(name, self.below(paths[about]) or where, str(paths[0]), None, str(paths[1]))
                self.made.add(where)
            return real(*paths)

        return call

    def _opening(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, flags: int, *rest: Any, **named: Any) -> Any:
            where = self.below(path) if flags & (os.O_WRONLY | os.O_RDWR) and "dir_fd" not in named else None
            if where is not None:
                self.meet("open", where, str(path))
            descriptor = real(path, flags, *rest, **named)
            if where is not None or (where := self.below(path)) is not None:
                self._open[descriptor] = where
            return descriptor

        return call

    def _closing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(descriptor: int) -> None:
            self._open.pop(descriptor, None)
            real(descriptor)

        return call

    def _streaming(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any, *rest: Any, **named: Any) -> Any:
            path = None if isinstance(file, int) else self.below(file)
            return (real if path is None else _pyio.open)(file, *rest, **named)

        return call


@contextmanager
def failing(folder: Path, error: Callable[[int], int | None] = lambda _: None) -> Iterator[FileSystem]:
    """Calls below the folder, of which the n-th raises the error that is given for n, if one is."""
    files = FileSystem(folder, error)
    with pytest.MonkeyPatch.context() as patch:
        files.install(patch)
        yield files
