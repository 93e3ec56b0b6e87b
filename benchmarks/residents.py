"""What a world in time costs: caches, queues, people, beside a bare simpy loop with the same events and no decisions.

    python -m benchmarks.residents

Each world is lived once with every wait and every queue written down. Then it is timed, with its topology, draws,
plans, caches and counts, and so is a bare loop in which as many processes wait as long, at the same servers and people.
Both run several times, one after the other; the ratio compares their fastest runs. Seconds are those that the processor
worked.
"""

import time
from collections.abc import Generator
from typing import Any
from unittest import mock

import simpy

from simulations import lives
from simulations.experiments import find, population_for
from simulations.units import Unit

#: The experiments whose worlds are timed, each in its first arm at the middle of its sweep.
WORLDS = ("capacity", "storm", "consent", "refresh_race", "prevalence")
CALLS, RUNS = 100_000, 3
#: A wait: the number of whom for, or :data:`NOBODY`, and how long.
Wait = tuple[int, float]
NOBODY = -1
Walking = Generator[simpy.Event, Any, None]


class Written:
    """What happened in a world: the gaps between calls, what each call waited for, and how many each server serves."""

    def __init__(self, unit: Unit) -> None:
        self.gaps: list[Wait] = []
        self.calls: list[list[Wait]] = []
        self.capacities: list[float] = []
        self._of: dict[Any, list[Wait]] = {}
        self._next: dict[Any, int] = {}
        with mock.patch.object(simpy, "Environment", self._clock), mock.patch.object(simpy, "Resource", self._server):
            lives.count(unit)

    def _clock(self) -> simpy.Environment:
        clock = _ENVIRONMENT()
        timeout, process = clock.timeout, clock.process

        def waits(seconds: float) -> simpy.Timeout:
            active = clock.active_process
            self._of[active].append((self._next.pop(active, NOBODY), seconds))
            return timeout(seconds)

        def begins(generator: Walking) -> simpy.Process:
            begun = process(generator)
            self._of[begun] = self.gaps
            if clock.active_process is not None:  # one that calls, and not that which lets calls begin
                self._of[begun] = []
                self.calls.append(self._of[begun])
            return begun

        vars(clock).update(timeout=waits, process=begins)
        return clock

    def _server(self, clock: simpy.Environment, capacity: Any = 1) -> simpy.Resource:
        server, number = _RESOURCE(clock, capacity), len(self.capacities)
        self.capacities.append(capacity)
        request = server.request

        def asked() -> Any:
            self._next[clock.active_process] = number
            return request()

        vars(server).update(request=asked)
        return server


_ENVIRONMENT, _RESOURCE = simpy.Environment, simpy.Resource


def bare(written: Written) -> float:
    """Seconds for the same processes, waits and queues, and nothing else."""
    started = time.process_time()
    clock = simpy.Environment()
    servers = [simpy.Resource(clock, capacity) for capacity in written.capacities]  # type: ignore[arg-type]
    clock.process(_arrivals(clock, servers, written))
    clock.run()
    return time.process_time() - started


def _arrivals(clock: simpy.Environment, servers: list[simpy.Resource], written: Written) -> Walking:
    for (_, gap), waits in zip(written.gaps, written.calls, strict=True):
        yield clock.timeout(gap)
        clock.process(_call(clock, servers, waits))


def _call(clock: simpy.Environment, servers: list[simpy.Resource], waits: list[Wait]) -> Walking:
    for where, seconds in waits:
        if where == NOBODY:
            yield clock.timeout(seconds)
        else:
            with servers[where].request() as turn:
                yield turn
                yield clock.timeout(seconds)


def lived(unit: Unit) -> float:
    """Seconds for a world and all that is counted in it."""
    started = time.process_time()
    tally = lives.count(unit)
    assert tally.endings.total() == unit.attempts
    return time.process_time() - started


def main() -> None:
    """Run everything and print it."""
    for name in WORLDS:
        asked = find(name)
        unit = asked.unit(population_for(asked, None), asked.point, "benchmark", CALLS)
        unit = Unit(unit.population, unit.arms[:1], unit.seed, CALLS, reader=unit.reader, options=unit.options)
        written = Written(unit)  # after which the rules have decided every plan, and it is remembered
        queues = sum(where != NOBODY for waits in written.calls for where, _ in waits)
        waits = sum(map(len, written.calls))
        pairs = [(bare(written), lived(unit)) for _ in range(RUNS)]
        plain, ruled = (min(times) for times in zip(*pairs, strict=True))
        print(
            f"{name:<13} {len(written.calls):,} calls, {waits:,} waits, {queues:,} of them in a queue: bare loop "
            f"{plain:.2f} s, world {ruled:.2f} s, ratio {ruled / plain:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
