"""Experiments: arms that meet the same population while one of its parameters grows.

    >>> sorted(EXPERIMENTS)
    ['echo', 'echo_measured', 'echo_support', 'matching', 'matching_measured']
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from model.design import parse
from model.errors import InputError
from simulations import engine
from simulations.engine import Interrupted, Progress, Tally, Unit
from simulations.population import Population, PopulationError, load
from simulations.results import Point, Result, add_up, tabulate


class ExperimentError(InputError):
    """An experiment that cannot be run as asked; one line naming the culprit and what is allowed."""


class StoppedExperiment(KeyboardInterrupt):
    """Ctrl-C, with the result of what was finished by then (or None)."""

    def __init__(self, result: Result | None) -> None:
        super().__init__("stopped; what was finished is in .result")
        self.result = result


@dataclass(frozen=True, slots=True)
class Experiment:
    """A question put to a population.

    Attributes:
        name: as tables and the command line name it.
        question: what it answers.
        parameter: what grows, in words that fit an axis.
        values: the points of the sweep.
        arms: the designs as configuration strings; the first is what the others are compared with.
        population: the name of the population.
        vary: the population at a point of the sweep.
    """

    name: str
    question: str
    parameter: str
    values: tuple[float, ...]
    arms: tuple[str, ...]
    population: str
    vary: Callable[[Population, float], Population]


_TENTHS = tuple(round(tenth / 10, 1) for tenth in range(11))
_ECHO_ARMS = ("echo=off", "echo=opt", "echo=req", "echo=req_strict")


def _multi_path(population: Population, share: float) -> Population:
    return population.with_shares("api", {"single_path": 1 - share, "multi_path": share})


def _deaf_servers(population: Population, share: float) -> Population:
    third = share / 3
    shares = {"honor": 1 - share, "ignore": third, "add": third, "substitute": third}
    return population.with_shares("as_resource", shares)


def _echo_support(population: Population, share: float) -> Population:
    return population.with_shares("as_echo", {"yes": share, "no": 1 - share})


def _malicious_visits(population: Population, share: float) -> Population:
    return population.with_shares("place", {"honest_api": 1 - share, "malicious_rs": share})


EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "matching",
            "What does prefix matching buy, and what does it let in, as more APIs span several paths?",
            "share of multi-path APIs",
            _TENTHS,
            ("prm=exact", "prm=prefix"),
            "shared_origins",
            _multi_path,
        ),
        Experiment(
            "echo",
            "How many honest flows does the resource echo reject for the thefts it prevents, as fewer AS bind the "
            "resource they were asked for?",
            "share of AS that ignore, widen or substitute the resource",
            _TENTHS,
            _ECHO_ARMS,
            "swept",
            _deaf_servers,
        ),
        Experiment(
            "echo_support",
            "What does reading the echo cost and prevent among AS as measured, as more of them echo?",
            "share of AS that echo the resource",
            _TENTHS,
            _ECHO_ARMS,
            "measured_2026",
            _echo_support,
        ),
        Experiment(
            "matching_measured",
            "Exact against prefix matching among AS and RS as measured, as more APIs span several paths.",
            "share of multi-path APIs",
            _TENTHS,
            ("prm=exact", "prm=prefix"),
            "measured_2026",
            _multi_path,
        ),
        Experiment(
            "echo_measured",
            "Who would be hurt if clients read the echo today, as more visits go to malicious servers?",
            "share of visits to a malicious RS",
            (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
            _ECHO_ARMS,
            "measured_2026",
            _malicious_visits,
        ),
    )
}


def run(
    experiment: str | Experiment,
    *,
    seed: int = 1,
    attempts: int = 20_000,
    replications: int = 5,
    workers: int = 1,
    population: Population | None = None,
    progress: Progress | None = None,
) -> Result:
    """Run an experiment; the same arguments give the same tables, bit for bit, whatever ``workers`` is.

    Parameters:
        seed: names the random numbers; arms and points of the sweep share them.
        attempts: attempts in every arm at every point, all replications together.
        replications: populations that start afresh, with empty caches.
        workers: processes to use.
        population: met instead of the experiment's own.
        progress: called with (done, total) as units of work are finished.

    Raises:
        ExperimentError: an unknown experiment, or numbers that make no sense.
        PopulationError: the population does not fit the experiment.
        StoppedExperiment: on Ctrl-C, with the result so far.
    """
    asked = find(experiment) if isinstance(experiment, str) else experiment
    for name, number, least in (
        ("replications", replications, 1), ("attempts", attempts, replications), ("workers", workers, 1),
    ):  # fmt: skip
        if number < least:
            raise ExperimentError(f"{name} must be at least {least}, found {number}")
    met = load(asked.population) if population is None else population
    units = _units(asked, met, seed, attempts, replications)
    try:
        return _result(asked, met, seed, replications, engine.run(units, workers, progress))
    except Interrupted as stopped:
        partial = _result(asked, met, seed, replications, stopped.finished) if stopped.finished else None
        raise StoppedExperiment(partial) from None


def find(name: str) -> Experiment:
    """An experiment by its name.

    Raises:
        ExperimentError: naming the culprit and what is allowed.
    """
    if name not in EXPERIMENTS:
        raise ExperimentError(f"unknown experiment {name!r}; allowed: {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]


def _units(asked: Experiment, met: Population, seed: int, attempts: int, replications: int) -> list[Unit]:
    """The units of work, replications innermost."""
    designs = tuple(parse(arm).design for arm in asked.arms)
    share, rest = divmod(attempts, replications)
    units = []
    for value in asked.values:
        varied = asked.vary(met, value)
        for arm, design in zip(asked.arms, designs, strict=True):
            if drawn := sorted(varied.switches & design.changes().keys()):
                raise PopulationError(f"population {met.name!r} draws {drawn[0]!r}, so arm {arm!r} cannot set it")
        units += [
            Unit(varied, designs, f"{seed}/{replication}", share + (replication < rest))
            for replication in range(replications)
        ]
    return units


def _result(
    asked: Experiment, met: Population, seed: int, replications: int, finished: dict[int, Tally]
) -> Result:
    points = []
    for place, value in enumerate(asked.values):
        first = place * replications
        tallies = [finished[index] for index in range(first, first + replications) if index in finished]
        if tallies:
            points.append(Point(asked.name, asked.parameter, value, asked.arms, seed, met.name, add_up(tallies)))
    return tabulate(asked.name, points)
