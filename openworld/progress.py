"""How far a long command is, on stderr: one line that is rewritten on a terminal, a few lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from types import TracebackType


class Progress:
    """Counts towards a total; use as a context manager.

    On a terminal the line is redrawn; elsewhere (a log) a line appears at most every ten seconds. What was found is
    said at once on a terminal. In a log it is said once the command takes long, or where it is cut short.
    """

    def __init__(self, what: str, total: int, expected: float | None = None, later: float = 0.0) -> None:
        """``expected``: seconds that it may take; ``later``: seconds of what comes after it."""
        self.what, self.total, self.done = what, total, 0
        self._expected, self._later = expected, later
        self._live = sys.stderr.isatty()
        self._started = self._shown = time.monotonic()
        self._found: list[str] = []

    def __enter__(self) -> Progress:
        if self._live or self._expected is not None:
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

    def reached(self, done: int, total: int, line: str = "") -> None:
        """So many of so many are done, and something was found if there is a line."""
        if line:
            self.found(line)
        self.at(done, total)

    def found(self, line: str) -> None:
        """Something was found, which the answer will say again, with all else that belongs to it."""
        self._found.append(line)
        if self._live or time.monotonic() - self._started > 10:
            self._say_found()

    def _say_found(self) -> None:
        for line in self._found:
            tell(f"\r{line}\x1b[K\n" if self._live else f"{line}\n")
        self._found.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._say_found()
        if self.done:
            self._show(f"{time.monotonic() - self._started:.1f} s")
        if self._live:
            tell("\n")

    def _show(self, note: str = "") -> None:
        self._shown = time.monotonic()
        line = " ".join(
            filter(None, (f"{self.what}{f' {self.done}/{self.total}' * (self.total > 0)}{self._left()}", note))
        )
        tell(f"\r{line}\x1b[K" if self._live else f"{line}\n")

    def _left(self) -> str:
        """How long it will take still, by how long it took so far; nothing where nobody can say."""
        gone = time.monotonic() - self._started
        if 0 < self.done < self.total and gone > 2:
            ahead = gone / self.done * (self.total - self.done)
        elif not self.done and self._expected is not None:
            ahead = self._expected
        elif self.done and self._later:
            ahead = 0.0
        else:
            return ""
        return f", about {lasting(ahead + self._later)} left"


def lasting(seconds: float) -> str:
    """A time in words, as exactly as an estimate is."""
    if seconds < 55:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{seconds / 3600:.1f} h"


def tell(text: str) -> None:
    """Say something to those who watch."""
    with suppress(OSError):  # nobody to tell: no reason to stop
        print(text, end="", file=sys.stderr, flush=True)
