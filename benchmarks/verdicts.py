"""What a verdict costs: the first one cold, later ones warm, the expected rows together.

    python -m benchmarks.verdicts

A cold verdict is measured beside ``import z3`` alone, in turns, since nothing that uses the solver can be faster.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from model.design import Configuration, Design, parse
from model.switches import CAPABILITIES, SWITCHES, ConfigurationError
from model.world_file import DEFAULT
from properties.checker import Checker
from properties.security import PROPERTIES, UnknownPropertyError, find
from properties.solver import Solver
from properties.template import Template
from properties.unroll import Unrolling
from properties.verdict import check

COLD = ("code_delivery", "cap=mal_as;iss_check=off")
RUNS = 9
QUESTIONS = 500
#: So many about each of some worlds that have what the default one has not, under these switches.
IN_EACH = 60
ELSEWHERE = {
    "crm_then_billing": {"grant": "id_jag", "protocol": "oauth"}, "scopes": {"protocol": "oauth"},
    "delegation": {"protocol": "oauth"}, "client_classes": {"protocol": "oauth"}, "aauth_chain": {"protocol": "aauth"},
    "aauth_and_oauth": {"protocol": "oauth"},
}  # fmt: skip
SEED = 20260728
#: So many sweeps are laid down where what is measured is laying down: what most questions about the default world need.
SWEEPS = 4


def command() -> list[str]:
    """The command line of a cold verdict."""
    beside = Path(sys.executable).with_name("openworld")
    found = str(beside) if beside.exists() else shutil.which("openworld")
    if found is not None:
        return [found, "verdict", *COLD, "--no-chart"]
    code = "import sys; from model.design import parse; from properties.verdict import check; "
    return [sys.executable, "-c", code + "print(check(sys.argv[1], parse(sys.argv[2])).result)", *COLD]


def seconds(run: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def process(line: Sequence[str]) -> float:
    """How long a process takes, start and end included, where byte code is kept as it is by default."""
    keeping = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return seconds(lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL, env=keeping))


def cold() -> tuple[float, float, float]:
    """Median seconds of a cold verdict and of importing the solver, and the median ratio of neighbours."""
    ours, theirs = command(), [sys.executable, "-c", "import z3"]
    process(ours), process(theirs)  # byte code is compiled, files are in memory
    pairs = [(process(ours), process(theirs)) for _ in range(RUNS)]
    verdicts, imports = zip(*pairs, strict=True)
    return statistics.median(verdicts), statistics.median(imports), statistics.median(a / b for a, b in pairs)


def questions() -> list[tuple[str, Configuration]]:
    """Random questions over the whole vocabulary."""
    rng = random.Random(SEED)
    return [drawn(rng) for _ in range(QUESTIONS)]


def drawn(rng: random.Random, share: float = 0.25) -> tuple[str, Configuration]:
    """A random question: each switch is drawn, and each capability given, with this probability."""
    values = {switch.name: rng.choice(switch.values) for switch in SWITCHES.values() if rng.random() < share}
    capabilities = frozenset(name for name in CAPABILITIES if rng.random() < share)
    return rng.choice(list(PROPERTIES)), Configuration(Design(values), capabilities)


def warm() -> tuple[list[float], list[float], Counter[str]]:
    """Seconds of many answers in one process, as results alone and as verdicts with trace or rules; the results.

    The worlds are laid down before the clock starts.
    """
    checker, asked = Checker(), questions()
    for prop, configuration in asked[-20:]:
        checker.verdict(prop, configuration)
    alone = [seconds(lambda: checker.result(prop, configuration)) for prop, configuration in asked]  # noqa: B023
    found = [checker.verdict(prop, configuration) for prop, configuration in asked]
    return sorted(alone), sorted(verdict.seconds for verdict in found), Counter(verdict.result for verdict in found)


def elsewhere(world: str) -> list[float]:
    """Seconds of many verdicts in one process about a world, which is laid down before the clock starts."""
    rng, asked = random.Random(SEED), []
    for prop, configuration in (drawn(rng) for _ in range(IN_EACH)):
        design = configuration.design.but(**ELSEWHERE[world])
        asked.append((prop, replace(configuration, design=design, world=world)))
    checker = Checker()
    for prop, configuration in asked[-5:]:
        checker.verdict(prop, configuration)
    return sorted(checker.verdict(prop, configuration).seconds for prop, configuration in asked)


def rows() -> list[tuple[str, str]]:
    """The expected rows that the vocabulary covers."""
    text = (files("properties") / "data" / "expected_rows.csv").read_text(encoding="utf-8")
    covered = []
    for row in csv.DictReader(text.splitlines()):
        try:
            find(row["property"]), parse(row["config"])
        except (ConfigurationError, UnknownPropertyError):
            continue
        covered.append((row["property"], row["config"]))
    return covered


_CHECKER: list[Checker] = []


def _answer(question: tuple[str, str]) -> str:
    if not _CHECKER:
        _CHECKER.append(Checker())
    return _CHECKER[0].verdict(question[0], parse(question[1])).result


def all_rows(workers: int) -> float:
    """Seconds for the expected rows on so many processes, their start included."""
    asked = rows()

    def run() -> None:
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            pool.map(_answer, asked, chunksize=4)

    return seconds(run)


def building(configuration: Configuration | None, about: tuple[str, ...]) -> tuple[float, int]:
    """Seconds to lay down the default world and hand it to the solver, and how many clauses that makes."""
    sizes: list[int] = []

    def run() -> None:
        laid = Unrolling(Template(DEFAULT, configuration, about), SWEEPS)
        Solver(laid.clauses, laid.top)
        sizes.append(laid.clauses.count(0))

    return statistics.median(seconds(run) for _ in range(3)), sizes[0]


def main() -> None:
    """Run everything and print it."""
    verdict, plain, ratio = cold()
    print(f"{'cold verdict, process and all':<44}{1000 * verdict:>9.0f} ms")
    print(f"{'  beside: import z3 alone':<44}{1000 * plain:>9.0f} ms   ratio {ratio:.2f}")
    results, times, counted = warm()
    said = ", ".join(f"{number} {result}" for result, number in counted.most_common())
    print(f"{QUESTIONS} random questions: {said}")
    for name, those in (("result alone", results), ("verdict with trace or rules", times)):
        print(f"{f'later {name}, median':<44}{1000 * statistics.median(those):>9.1f} ms")
        print(f"{'  95th percentile':<44}{1000 * statistics.quantiles(those, n=20)[-1]:>9.1f} ms")
        print(f"{'  slowest':<44}{1000 * those[-1]:>9.1f} ms")
    for world in ELSEWHERE:
        those = elsewhere(world)
        print(f"{f'later verdict in {world}, median of {IN_EACH}':<44}{1000 * statistics.median(those):>9.1f} ms")
        print(f"{'  95th percentile':<44}{1000 * statistics.quantiles(those, n=20)[-1]:>9.1f} ms")
    one, two = all_rows(1), all_rows(2)
    print(f"{f'all {len(rows())} expected rows, one process':<44}{one:>9.2f} s")
    print(f"{'  two processes':<44}{two:>9.2f} s    speed-up {one / two:.2f}")
    every, clauses = building(None, tuple(PROPERTIES))
    fixed, fewer = building(parse(COLD[1]), COLD[:1])
    print(f"{f'laying down every design ({clauses:,} clauses)':<44}{1000 * every:>9.0f} ms")
    print(f"{f'  one design, one property ({fewer:,} clauses)':<44}{1000 * fixed:>9.0f} ms   ratio {every / fixed:.1f}")
    single = statistics.median(check(COLD[0], parse(COLD[1])).seconds for _ in range(5))
    print(f"{'  and asking it':<44}{1000 * single:>9.0f} ms")


if __name__ == "__main__":
    main()
