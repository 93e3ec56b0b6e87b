"""Where requests wait: servers with so many workers, limits on the rate, and people who answer one thing at a time."""

from collections.abc import Callable, Generator
from typing import Any

import simpy

Waiting = Generator[simpy.Event, Any, None]


class TurnedAway(Exception):  # noqa: N818  (an ending, not an error)
    """Nobody takes the request, and it was tried often enough."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Station:
    """A server that works on so many requests at a time, first come, first served.

    Attributes:
        name: how a request ends that it turns away for good.
        backlog: requests that may wait before it turns others away (503); 0: any number.
        rate: requests that it takes in a second on average, and as many at once (429); 0: any number.
        retries, pause: how often one that was turned away comes again, and after how many seconds the first time; each
            further time after twice as many.
        waited: seconds that requests have spent in its queue, and how many there were.
    """

    def __init__(
        self,
        clock: simpy.Environment,
        name: str,
        workers: float,
        *,
        backlog: int = 0,
        rate: float = 0.0,
        retries: int = 0,
        pause: float = 1.0,
    ) -> None:
        self.clock, self.name, self.backlog, self.rate = clock, name, backlog, rate
        self.retries, self.pause = retries, pause
        self.workers = simpy.Resource(clock, workers)  # type: ignore[arg-type]  # any number of them is infinity
        self.waited, self.served = 0.0, 0
        self._allowance, self._last = rate, 0.0

    def serve(self, seconds: float, tried: Callable[[], object] = lambda: None) -> Waiting:
        """One request that takes so many seconds of work (raises TurnedAway); each time that it comes is ``tried``."""
        clock = self.clock
        for trial in range(self.retries + 1):
            tried()
            if self._takes():
                came = clock.now
                with self.workers.request() as turn:
                    yield turn
                    self.waited += clock.now - came
                    self.served += 1
                    yield clock.timeout(seconds)
                return
            if trial < self.retries:
                yield clock.timeout(self.pause * 2**trial)
        raise TurnedAway(self.name)

    def _takes(self) -> bool:
        """Whether it takes a request that comes now."""
        if self.backlog and len(self.workers.queue) >= self.backlog:
            return False
        if not self.rate:
            return True
        now = self.clock.now
        self._allowance = min(max(self.rate, 1.0), self._allowance + (now - self._last) * self.rate)
        self._last = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True
