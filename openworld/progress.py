"""How far a long command is, on stderr: one line that is rewritten on a terminal, a few lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from types import TracebackType


class Progress:
    """Counts towards a total; use as a context manager.

    On a terminal the line is redrawn; elsewhere (a log) a line appears at most every ten seconds.
    """

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        self._live = sys.stderr.isatty()
        self._started = self._shown = time.monotonic()

    def __enter__(self) -> Progress:
        if self._live:
            self._show()
        return self

    def advance(self, note: str = "") -> None:
        """One more is done."""
        self.done += 1
        if self._live or time.monotonic() - self._shown > 10:
            self._show(note)

    def at(self, done: int, total: int) -> None:
        """So many of so many are done."""
        self.done, self.total = done - 1, total
        self.advance()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.done:
            self._show(f"{time.monotonic() - self._started:.1f} s")
        if self._live:
            self._print("\n")

    def _show(self, note: str = "") -> None:
        self._shown = time.monotonic()
        line = f"{self.what} {self.done}/{self.total} {note}".rstrip()
        self._print(f"\r{line}\x1b[K" if self._live else f"{line}\n")

    @staticmethod
    def _print(text: str) -> None:
        with suppress(OSError):  # nobody to tell: no reason to stop
            print(text, end="", file=sys.stderr, flush=True)
