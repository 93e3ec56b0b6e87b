"""Experiments that are run: found by name or file, checked, counted and told as tables."""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from model.errors import hint
from model.model import Model, oauth
from simulations import engine, provenance, readers, vectorised
from simulations.arms import AS_DEPLOYED
from simulations.attempts import situations
from simulations.catalogue import EXPERIMENTS, every_experiment
from simulations.engine import Interrupted, Progress
from simulations.experiment import FEWEST_WORLDS, Experiment, ExperimentError, Number
from simulations.experiment_files import read
from simulations.harms import GRAVEST, strategy
from simulations.knobs import numbers_read
from simulations.measures import DIGITS, measures
from simulations.population import Population, load
from simulations.quantities import ROBBED, Measure
from simulations.reader import READERS, told
from simulations.results import EVALUATED, REPLICATIONS, WILSON, Origin, Point, Result, outcomes_of, tabulate
from simulations.units import Tally, Unit

#: An experiment that replicates until its intervals are narrow enough gives up beyond so many attempts at a point.
MOST_ATTEMPTS = 100_000_000
#: Up to so many situations are gone through one by one, to say what is expected beside what was counted.
MOST_EXPECTED = 1 << 19


class StoppedExperiment(KeyboardInterrupt):
    """Ctrl-C, with the result of what was finished by then (or None)."""

    def __init__(self, result: Result | None) -> None:
        super().__init__("stopped; what was finished is in .result")
        self.result = result


def find(name: str, model: Model = oauth()) -> Experiment:
    """An experiment by its name, or by the path of its file.

    Raises:
        ExperimentError: naming the culprit and what is allowed.
    """
    if name.endswith(".toml"):
        return read(Path(name), model)
    known = every_experiment(model)
    if name not in known:
        raise ExperimentError(f"unknown experiment {name!r}{hint(name, known)}, or the path of a .toml file")
    return known[name]


def check_arms(asked: Experiment) -> None:
    """Make sure that the reader of an experiment reads what the arms name (raises ConfigurationError)."""
    readers.check_arms(asked.reader, (*asked.arms, *asked.factors.values()), asked.model)


def check_met(asked: Experiment, met: Population) -> None:
    """Make sure that the reader of an experiment reads what it is given.

    Raises:
        PopulationError: what the population says.
        EngineError: an option.
        ExperimentError: a number that the experiment sets or sweeps.
    """
    first = asked.first_met(met)
    readers.check_met(asked.reader, first)
    for value in asked.values:
        told(asked.unit(met, value, "", 0, weighted=True))
    own = [*asked.numbers, *([asked.sweep.name] if isinstance(asked.sweep, Number) and not asked.sweep.option else [])]
    read = numbers_read(asked.reader, first)
    for name in (*own, *met.own):
        if name not in read:
            reads = ", ".join(read) or "none"
            said = f"number {name!r} is not read by reader {asked.reader!r}; it reads {reads}"
            if name not in own:
                said += f". For other readers, state it in a file that extends {met.name}"
            raise ExperimentError(said)


def evaluable(asked: Experiment, met: Population) -> bool:
    """Whether all that may be met along the sweep can be gone through: first contacts of not too many kinds."""
    units = (asked.unit(met, value, "", 0) for value in asked.values)
    return asked.reader == "arrays" and all(situations(unit.population).count <= MOST_EXPECTED for unit in units)


def coinciding(asked: Experiment, met: Population) -> tuple[tuple[str, ...], ...]:
    """The arms that come to the same in every situation that may be met along the sweep, before any attempt is drawn.

    That is known where attempts are first contacts of not too many kinds; elsewhere it names none.
    """
    if not evaluable(asked, met):
        return ()
    units = [asked.unit(met, value, "", 0) for value in asked.values]
    courses = [vectorised.courses(unit.population, unit.arms, unit.adoption, strategy(unit.strategy)) for unit in units]
    groups: dict[tuple[bytes, ...], list[str]] = {}
    for arm, column in zip(asked.treatments, zip(*courses, strict=True), strict=True):
        groups.setdefault(column, []).append(arm)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _check_acts(asked: Experiment, met: Population) -> None:
    """Make sure that arms that somebody made up differ in anything at all (raises ExperimentError)."""
    if asked.name not in every_experiment(asked.model) and tuple(asked.treatments) in coinciding(asked, met):
        first, *others = asked.treatments
        raise ExperimentError(
            f"{', '.join(others)} cannot act beside {first}: in every situation of population {met.name!r} it comes to "
            "the same"
        )


def population_for(
    asked: Experiment, given: Population | str | Path | None, deployed: bool | None = None
) -> Population:
    """The population that an experiment meets: its own with its mixes, or another one as that is.

    Parameters:
        deployed: with clients as they are deployed, or at the baseline; None: as the experiment says, where the
            population knows.

    Raises:
        PopulationError: deployed clients are asked for, and the population does not say which there are.
    """
    if given is None:
        met = load(asked.population, asked.model)
        for factor, shares in asked.mixes.items():
            met = met.with_shares(factor, shares)
        met = met.with_numbers(**asked.numbers)
    else:
        met = given if isinstance(given, Population) else load(given, asked.model)
    if deployed or (deployed is None and asked.deployed and met.clients is not None):
        return met.deployed()
    return met


def run(
    experiment: str | Experiment,
    *,
    seed: int = 1,
    attempts: int | None = None,
    replications: int = FEWEST_WORLDS,
    workers: int = 1,
    population: Population | str | Path | None = None,
    progress: Progress | None = None,
    half_width: float | None = None,
    store: Path | None = None,
    cluster: str | None = None,
    record: Path | None = None,
    deployed: bool | None = None,
    attacker: str | None = None,
    alike: bool = False,
) -> Result:
    """Run an experiment; the same arguments give the same tables, bit for bit, wherever it runs.

    Parameters:
        seed: names the random numbers; arms and points of the sweep share them.
        attempts: attempts in every arm at every point, all replications together. Without it, an experiment whose
            situations can be gone through is evaluated, exactly; others draw as many as they say, in as many worlds.
        replications: populations that start afresh, with empty caches.
        workers: processes to use.
        population: met instead of the experiment's own; also by name or file.
        progress: called with (done, total) as units of work are finished.
        half_width: at each point, replicate until no interval of a rate or difference is wider than twice this.
        store: folder in which what is counted is kept, and from which an interrupted run goes on.
        cluster: address of a dask.distributed scheduler to use instead of ``workers``.
        record: folder in which every single attempt is written down, one file a unit of work.
        deployed: whether clients are those that are deployed, instead of what the experiment says.
        attacker: what attackers are after, instead of what the experiment says.
        alike: whether arms that all come to the same may be asked about, as where a control is moved through it.

    Raises:
        StrategyError: an unknown attacker.
        ExperimentError: an unknown experiment, numbers that make no sense, or arms of which none can act.
        ConfigurationError: an arm that cannot be read, or names a switch that the reader does not read.
        PopulationError: the population does not fit the experiment.
        StoppedExperiment: on Ctrl-C, with the result so far.
    """
    asked = find(experiment) if isinstance(experiment, str) else experiment
    if attacker is not None:
        asked = replace(asked, attacker=attacker)
    for name, number, least in (
        ("replications", replications, 1),
        ("attempts", asked.attempts if attempts is None else attempts, replications),
        ("workers", workers, 1),
    ):
        if number < least:
            raise ExperimentError(f"{name} must be at least {least}, found {number}")
    if half_width is not None and not 0 < half_width < 1:
        raise ExperimentError(f"half-width must be between 0 and 1, found {half_width:g}")
    if asked.reader not in READERS:
        raise ExperimentError(f"unknown reader {asked.reader!r}{hint(asked.reader, READERS)}")
    if record is not None and not READERS[asked.reader].recorded:
        raise ExperimentError(f"attempts of {asked.name!r} cannot be recorded: it counts {asked.reader}")
    if strategy(asked.attacker).name != GRAVEST.name and not READERS[asked.reader].visits:
        raise ExperimentError(f"attackers of {asked.name!r} have no choice: it counts {asked.reader}")
    check_arms(asked)
    met = population_for(asked, population, deployed)
    check_met(asked, met)
    if attempts is None and record is None and evaluable(asked, met):
        # All units ask the same of the same situations, which one process does once.
        attempts, replications, workers = 0, 1, 1
    elif attempts is None:
        attempts, replications = asked.attempts, max(replications, asked.worlds)
    asked.check_horizon(met, attempts, replications)
    if not alike:
        _check_acts(asked, met)
    run_ = _Run(asked, met, seed, attempts, replications, "" if record is None else str(record))
    run_.origin = _origin(asked, met, seed, attempts, replications, population, half_width, deployed)
    # What no experiment that ships tells of its reader is looked for before much is counted.
    first = {asked.point: 1} if set(asked.about) - _told_of(asked.reader) else {}
    try:
        wanted = first or dict.fromkeys(asked.values, replications)
        while wanted:
            units = run_.missing(wanted)
            run_.take(engine.run([unit for *_, unit in units], workers, progress, store, cluster), units)
            if wanted is first:
                _check_headline(asked, run_.tallies[asked.point][0])
                wanted = dict.fromkeys(asked.values, replications)
            else:
                wanted = {} if half_width is None else run_.too_wide(half_width)
    except Interrupted as stopped:
        run_.take(stopped.finished, units)
        raise StoppedExperiment(run_.result() if run_.tallies else None) from None
    if not attempts and not alike:
        _check_moves(asked, [each[0] for each in run_.tallies.values()])
    return run_.result()


def _check_moves(asked: Experiment, counted: Sequence[Tally]) -> None:
    """Make sure that what is evaluated depends on what is swept (raises ExperimentError)."""
    first, *others = ({joint: round(at, DIGITS) for joint, at in each.endings.items()} for each in counted)
    if others and all(other == first for other in others):
        raise ExperimentError(f"nothing depends on {asked.parameter}: every arm comes to the same along the sweep")


def _told_of(reader: str) -> set[Measure]:
    """What experiments that ship are about, where this reader counts them."""
    return {measure for each in EXPERIMENTS.values() if each.reader == reader for measure in each.about}


def _check_headline(asked: Experiment, counted: Tally) -> None:
    """Make sure that what an experiment is about was counted (raises ExperimentError)."""
    known = [*measures(counted), *([ROBBED] if asked.reader == "arrays" else [])]
    for measure in asked.about:
        if measure not in known:
            told = ", ".join(each.words for each in known)
            raise ExperimentError(f"headline: reader {asked.reader!r} counts no {measure.words}, but {told}")


@dataclass(slots=True)
class _Run:
    """An experiment under way: what was counted, by sweep value and replication."""

    asked: Experiment
    met: Population
    seed: int
    attempts: int
    replications: int
    record: str
    origin: Origin = field(init=False)
    tallies: dict[float, dict[int, Tally]] = field(default_factory=dict)

    def missing(self, wanted: Mapping[float, int]) -> list[tuple[float, int, Unit]]:
        """The units that are still to be counted for so many replications at each value."""
        share, rest = divmod(self.attempts, self.replications)
        return [
            (
                value,
                number,
                self.asked.unit(self.met, value, f"{self.seed}/{number}", share + (number < rest), self.record, True),
            )
            for value, replications in wanted.items()
            for number in range(replications)
            if number not in self.tallies.get(value, {})
        ]

    def take(self, finished: Mapping[int, Tally], units: list[tuple[float, int, Unit]]) -> None:
        for index, tally in finished.items():
            value, number, _ = units[index]
            self.tallies.setdefault(value, {})[number] = tally

    def too_wide(self, half_width: float) -> dict[float, int]:
        """The values at which intervals are still too wide, and how many replications they need at a guess."""
        wanted = {}
        for value, counted in self.tallies.items():
            width = tabulate(self.origin, [self._point(value, expected=False)]).half_width
            met = sum(tally.endings.total() for tally in counted.values())
            if width > half_width and met < MOST_ATTEMPTS:
                growth = min(4.0, max(1.1, (width / half_width) ** 2))
                wanted[value] = math.ceil(len(counted) * growth) + 1
        return wanted

    def result(self) -> Result:
        return tabulate(self.origin, [self._point(value) for value in self.asked.values if value in self.tallies])

    def _point(self, value: float, expected: bool = True) -> Point:
        counted = self.tallies[value]
        parts = tuple(tally for _, tally in sorted(counted.items()))
        expected = expected and bool(self.attempts)
        exposure = self.asked.unit(self.met, value, "", 0).population.exposure if self.asked.reader == "arrays" else 0.0
        return Point(value, parts, _expected(self.asked, self.met, value) if expected else None, exposure)


def _expected(asked: Experiment, met: Population, value: float) -> dict[tuple[int, str, str], float] | None:
    """The probability of each outcome by arm, where attempts are first contacts of not too many kinds."""
    if not evaluable(asked, met):
        return None
    unit = asked.unit(met, value, "", 0)
    known: dict[tuple[int, str, str], float] = {}
    expected = vectorised.expected(unit.population, unit.arms, unit.adoption, strategy(unit.strategy))
    # Sorted, so that sums are the same whatever was judged before.
    for joint, share in sorted(expected.items()):
        for place, label in enumerate(joint):
            for kind, name in outcomes_of(label):
                known[place, kind, name] = known.get((place, kind, name), 0.0) + share
    return known


def _origin(
    asked: Experiment,
    met: Population,
    seed: int,
    attempts: int,
    replications: int,
    given: Population | str | Path | None,
    half_width: float | None,
    deployed: bool | None,
) -> Origin:
    treatments = asked.treatments
    command = [
        "openworld",
        "simulate",
        *(asked.asked or (asked.name,)),
        *(("--attempts", str(attempts), "--replications", str(replications)) if attempts else ()),
        "--seed",
        str(seed),
    ]
    if given is not None:
        command += ["--population", given.name if isinstance(given, Population) else str(given)]
    if half_width is not None:
        command += ["--half-width", f"{half_width:g}"]
    if asked.attacker != GRAVEST.name:
        command += ["--attacker", asked.attacker]
    if deployed is not None:
        command.append("--deployed" if deployed else "--baseline-clients")
    designs = tuple(";".join(f"{n}={v}" for n, v in chosen) or AS_DEPLOYED for chosen in treatments.values())
    return Origin(
        asked.name,
        asked.parameter,
        tuple(treatments),
        designs,
        asked.reader,
        seed,
        met.name,
        provenance.digest(met),
        provenance.code(asked.model),
        shlex.join(command),
        REPLICATIONS if READERS[asked.reader].interdependent else WILSON if attempts else EVALUATED,
        tuple(asked.factors),
        asked.attacker,
        asked.about,
        asked.point,
        asked.model,
    )
