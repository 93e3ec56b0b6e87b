"""What a verdict costs: the first one cold, later ones warm, the expected rows together.

    python -m benchmarks.verdicts
    python -m benchmarks.verdicts first
    python -m benchmarks.verdicts alone
    python -m benchmarks.verdicts across

A first verdict is measured beside ``import z3`` alone, in turns, since nothing that uses the solver can be faster.
``alone`` asks questions one by one with a search for invariants and without it (:mod:`properties.invariant`).
``across`` asks all that the table of drafts asks of some designs: of one checker for each, or of one for all, which
tries first what it ruled out under the designs before.
"""

import csv
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import files

from model.design import Configuration, Design, parse, parse_capabilities
from model.switches import CAPABILITIES, SWITCHES, ConfigurationError
from model.world_file import DEFAULT
from openworld.tables import drafts
from properties import verdict
from properties.checker import Checker
from properties.security import PROPERTIES, UnknownPropertyError, find
from properties.solver import Solver
from properties.template import Template
from properties.unroll import Unrolling
from properties.verdict import check

#: Attackers that questions are asked about alone, and the seconds for one.
ALONE, LONGEST = ("mal_rs", "hdr_inject+code_leak", "mal_as;client_auth=pkjwt;par=on"), 60.0

#: Designs that questions are asked about together.
TOGETHER = ("design=prm_cimd", *(f"design=prm_cimd;{each}" for each in (
    "iss_check=off", "prm=prefix", "pkce=off", "md_issuer_check=off", "h_iss=no", "as_resource=ignore", "par=on",
)))  # fmt: skip
COLD = (("code_delivery", "mal_as", "iss_check=off"), ("authorization", "design=rfc6749;cap=mal_as+mal_rs"))
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


def seconds(run: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def process(line: Sequence[str]) -> float:
    """CPU seconds of a process, start and end included, where byte code is kept as it is by default."""
    keeping = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = os.times()
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, env=keeping)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def cold() -> dict[str, float]:
    """Median CPU seconds of first verdicts, of what they import and of importing the solver, taken in turns."""
    asking = "from openworld.cli import main; main()"
    lines = {
        "import z3": ["import z3"],
        "what `verdict` imports": ["import openworld.cli, openworld.commands.questions"],
        **{f"first verdict: {' '.join(asked)}": [asking, "verdict", *asked] for asked in COLD},
    }
    taken: dict[str, list[float]] = {name: [] for name in lines}
    for turn in range(RUNS + 1):
        for name, line in lines.items():
            spent = process([sys.executable, "-c", *line])
            if turn:  # before, byte code is compiled and files come into memory
                taken[name].append(spent)
    return {name: statistics.median(those) for name, those in taken.items()}


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


def alone() -> None:
    """Every security property against some attackers, each alone: with a search for invariants, and without."""
    asked = [(prop, parse(f"cap={cap}")) for cap in ALONE for prop in PROPERTIES.values() if prop.kind == "security"]
    searching, spent, told = verdict.SEARCHING, dict[str, list[float]](), dict[str, list[str]]()
    for name, work in (("with invariants", searching), ("without", 0.0)):
        verdict.SEARCHING = work
        for prop, configuration in asked:
            started = time.process_time()
            found = check(prop, configuration, timeout=LONGEST)
            spent.setdefault(name, []).append(time.process_time() - started)
            told.setdefault(name, []).append(found.result)
    verdict.SEARCHING = searching
    print(f"{len(asked)} questions, each alone, at most {LONGEST:g} s each")
    for name, those in spent.items():
        open_ = told[name].count("unknown")
        print(f"{name:<20}{sum(those):>8.1f} s CPU   slowest {max(those):>6.1f} s   without an answer {open_}")
    ratio = sum(spent["without"]) / sum(spent["with invariants"])
    same = sum(one == other for one, other in zip(*told.values(), strict=True))
    print(f"{'ratio':<20}{ratio:>8.1f}     the same answer {same} times")


def across() -> None:
    """All security properties of some designs against the attackers of the table of drafts, in one process."""
    designs = [parse(text).design for text in TOGETHER]
    security = [prop for prop in PROPERTIES.values() if prop.kind == "security"]
    check("code_delivery", parse("cap=mal_as"))  # what every process does once is not measured
    spent, told, one = dict[str, float](), dict[str, list[str]](), Checker(by_design=True)
    ways: list[tuple[str, Callable[[], Checker]]] = [
        ("one checker for each design", lambda: Checker(by_design=True)),
        ("one checker for all", lambda: one),
    ]
    for name, checker in ways:
        started = time.process_time()
        for design in designs:
            asking = checker()
            asked = [Configuration(design, parse_capabilities(who)) for who in drafts.AGAINST]
            found = [asking.result(prop, about, earned=False) for about in asked for prop in security]
            told.setdefault(name, []).extend(found)
        spent[name] = time.process_time() - started
    apart, together = told.values()
    print(f"{len(designs)} designs, {len(apart)} questions in all; the same answers: {apart == together}")
    for name, taken in spent.items():
        print(f"{name:<30}{taken:>8.1f} s CPU")
    apart_took, together_took = spent.values()
    print(f"{'ratio':<30}{apart_took / together_took:>8.1f}")


def main() -> None:
    """Run everything and print it."""
    for name, run in {"alone": alone, "across": across}.items():
        if name in sys.argv:
            run()
            return
    first = cold()
    for name, spent in first.items():
        print(f"{name:<60}{1000 * spent:>6.0f} ms CPU   ratio {spent / first['import z3']:.1f}")
    if "first" in sys.argv:
        return
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
    prop, asked = COLD[1][0], parse(COLD[1][1])
    fixed, fewer = building(asked, (prop,))
    print(f"{f'laying down every design ({clauses:,} clauses)':<44}{1000 * every:>9.0f} ms")
    print(f"{f'  one design, one property ({fewer:,} clauses)':<44}{1000 * fixed:>9.0f} ms   ratio {every / fixed:.1f}")
    single = statistics.median(check(prop, asked).seconds for _ in range(5))
    print(f"{'  and asking it':<44}{1000 * single:>9.0f} ms")


if __name__ == "__main__":
    main()
