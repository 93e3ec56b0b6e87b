"""The mix-up with several servers and sessions: this suite beside SPIN, at growing sizes and over many designs.

    python -m benchmarks.mixup [--quick]

SPIN gets the same system from the same rules (benchmarks/_promela.py). Both must agree on every verdict, on the fewest
actions to an attack, and SPIN must count as many states as are pinned; otherwise this fails. Without SPIN and a C
compiler only the suite is timed, and that is said.
"""

import itertools
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass

import click

from benchmarks._promela import macro, promela
from benchmarks._spin import Run, missing, spin
from benchmarks.worlds import mixup
from model.design import Configuration, parse
from model.world import World
from properties.bounds import Clock, Depths, Laid
from properties.designs import MECHANISMS, Lattice
from properties.engine import Answer
from properties.security import find
from properties.template import Template

SIZES = tuple(itertools.product((2, 3, 4), (1, 2)))
#: Reachable states with the check on, by servers and sessions, as far as the machine has counted them. What the
#: attacker may publish multiplies with every further server, as does what it does in one session with that in another.
STATES = {(2, 1): 115, (3, 1): 717, (4, 1): 4_871, (2, 2): 6_697}
#: Where designs are compared: no larger than SPIN searches in a moment, once for each design.
SMALL = mixup(2, 1)
#: About as many states lie before the attack.
EARLY = 50_000
CHECKED, UNCHECKED = "cap=mal_as;iss_check=require", "cap=mal_as;iss_check=off"
ASKED = "code_delivery"

#: The lattice: mechanisms that this world knows, by the switches that stand for them.
CHOSEN = (
    "iss_always_compared", "metadata_issuer_check", "redirect_per_as", "as_allowlist", "state_check", "pkce",
    "pkce_required", "dpop",
)  # fmt: skip
LATTICE = {name: MECHANISMS[name] for name in CHOSEN} | {
    "registration_per_as": ("reg", "cimd", "static"),
    "endpoint_corroboration": ("md_corroborate", "none", "authz_endpoint"),
}
#: So many designs are given to SPIN, drawn with this seed.
SAMPLE, SEED = 24, 20260728
#: The lattice that the comparison is extrapolated to.
LARGE = 2**20

_QUESTION = """
import json, sys
from model.design import parse
from benchmarks.worlds import mixup
from properties.security import find
from properties.verdict import WorldChecker
servers, sessions, asked, text = json.loads(sys.argv[1])
asked, configuration = find(asked), parse(text)
verdict = WorldChecker(mixup(servers, sessions), (asked, configuration)).verdict(asked, configuration)
print(json.dumps([verdict.result, verdict.steps, verdict.seconds]))
"""


class Disagreement(click.ClickException):
    """The two tools, or a tool and the pinned numbers, do not say the same."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What a process of this suite said: the verdict, actions to the attack, seconds in all, and for the question."""

    result: str
    steps: int | None
    seconds: float
    asking: float


def ours(servers: int, sessions: int, text: str) -> Ours:
    """One verdict in a process of its own."""
    question = json.dumps([servers, sessions, ASKED, text])
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _QUESTION, question], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    result, steps, asking = json.loads(done.stdout)
    return Ours(result, steps, seconds, asking)


def theirs(servers: int, sessions: int, text: str) -> Run:
    """SPIN on the same question: all states where it holds, breadth first to the attack where it does not."""
    written = promela(mixup(servers, sessions), parse(text), find(ASKED))
    if text == CHECKED:
        return spin(written, STATES[servers, sessions])
    return spin(written, EARLY, breadth_first=True)


def sizes(quick: bool) -> None:
    """Growing sizes, with the check and without it."""
    print(f"{ASKED}, one question, each tool in processes of its own (seconds)")
    print(
        f"{'servers':>7}{'sessions':>10}  {'check':<6}{'found':>18}{'SPIN: all':>12}{'search':>9}"
        f"{'suite: all':>13}{'question':>10}{'ratio: all':>13}{'search':>8}"
    )
    for (servers, sessions), text in itertools.product(SIZES, (CHECKED, UNCHECKED)):
        states, checked = STATES.get((servers, sessions)), text == CHECKED
        found = ours(servers, sessions, text)
        unseen = missing() or (checked and states is None) or (quick and not checked and states is None)
        run = None if unseen else theirs(servers, sessions, text)
        agreed = found.result == ("safe" if checked else "attack")
        if not agreed or (run and (run.steps != found.steps or (checked and run.states != states))):
            raise Disagreement(f"{servers} servers, {sessions} sessions, {text}: SPIN {run}, this suite {found}")
        said = ("many states" if states is None else f"{states:,} states") if checked else f"{found.steps} actions"
        row = f"{servers:>7}{sessions:>10}  {'on' if checked else 'off':<6}{said:>18}"
        row += f"{run.seconds:>12.2f}{run.searching:>9.3f}" if run else f"{'-':>12}{'-':>9}"
        row += f"{found.seconds:>13.2f}{found.asking:>10.3f}"
        if run:
            row += f"{run.seconds / found.seconds:>13.2f}{run.searching / found.asking:>8.2f}"
        print(row, flush=True)


class Formula:
    """Every design of a world as one formula."""

    def __init__(self, world: World) -> None:
        self._depths = Depths(Template(world, about=(ASKED,)))

    def attack(self, configuration: Configuration) -> bool:
        """Whether a design leaves an attack, in runs of any length."""
        design = configuration.design

        def assume(laid: Laid) -> list[int]:
            open_ones = laid.unrolling
            fixed = [literal for (name, value), literal in open_ones.switches.items() if design[name] == value]
            fixed += [x if name in configuration.capabilities else -x for name, x in open_ones.capabilities.items()]
            return [*fixed, *open_ones.enforced.values()]

        answer = self._depths.settle(ASKED, assume, Clock()).answer
        if answer is Answer.UNKNOWN:
            raise RuntimeError("the solver gave up")
        return answer is Answer.SAT


def every_design() -> list[Configuration]:
    """The designs of the lattice, each under a malicious server."""
    base = parse("cap=mal_as")
    return [
        Configuration(base.design.but(**dict(values)), base.capabilities)
        for values in itertools.product(
            *(((switch, without), (switch, with_)) for switch, without, with_ in LATTICE.values())
        )
    ]


def lattice() -> None:
    """Which designs are safe: one formula for all, beside SPIN once for each."""
    designs = every_design()
    print(f"\nwhich of {len(designs)} designs ({len(LATTICE)} mechanisms) are safe, {ASKED} in {SMALL.name}")
    started = time.perf_counter()
    formula = Formula(SMALL)
    laid = time.perf_counter() - started
    answers = [formula.attack(design) for design in designs]
    seconds = time.perf_counter() - started
    rate = len(designs) / seconds
    print(
        f"  one formula: {seconds:.2f} s ({laid:.2f} of them to lay it down), {len(designs) - sum(answers)} safe, "
        f"{rate:,.0f} designs a second"
    )
    started = time.perf_counter()
    found = Lattice([ASKED], parse("cap=mal_as").capabilities, mechanisms=LATTICE, world=SMALL).enumerate()
    enumerating = time.perf_counter() - started
    print(
        f"  its minimal sufficient sets: {enumerating:.2f} s, {found.questions} questions, "
        f"{len(designs) / enumerating:,.0f} designs a second"
    )
    for each in found.sufficient:
        print(f"    {', '.join(sorted(each))}")
        with_them = {LATTICE[name][0]: LATTICE[name][2] for name in each}.items()
        if any(answer and with_them <= design.design.items() for design, answer in zip(designs, answers, strict=True)):
            raise Disagreement(f"a design with {sorted(each)} leaves an attack")
    if missing():
        return
    chosen = random.Random(SEED).sample(range(len(designs)), SAMPLE)
    written = promela(SMALL, parse("cap=mal_as"), find(ASKED), [switch for switch, _, _ in LATTICE.values()])
    spent = searching = 0.0
    for number in chosen:
        options = [macro(switch, designs[number].design[switch]) for switch, _, _ in LATTICE.values()]
        run = spin(written, STATES[2, 1], macros=options)
        spent, searching = spent + run.seconds, searching + run.searching
        if (run.steps is not None) != answers[number]:
            raise Disagreement(f"{designs[number]}: SPIN {run}, this suite {answers[number]}")
    slower = SAMPLE / spent
    print(
        f"  SPIN, once for each: {spent:.2f} s for {SAMPLE} of them, the same answers, {slower:.2f} designs a second "
        f"({SAMPLE / searching:.0f} searching alone)"
    )
    print(
        f"  ratio: {rate / slower:,.0f} question by question, {len(designs) / enumerating / slower:,.0f} by sets, "
        f"{rate * searching / SAMPLE:,.1f} beside SPIN's searching alone"
    )
    print(
        f"  extrapolated, not measured, to {LARGE:,} designs: {LARGE / slower / 86400:,.1f} days with SPIN, "
        f"{LARGE / rate / 60:,.1f} minutes with one formula"
    )


@click.command()
@click.option("--quick", is_flag=True, help="Leave the larger sizes to the suite alone.")
def main(quick: bool) -> None:
    """Time this suite beside SPIN on the mix-up."""
    if missing():
        print(f"without SPIN: {' and '.join(missing())} not found (on Debian and Ubuntu: apt install spin gcc)")
    sizes(quick)
    lattice()


if __name__ == "__main__":
    main()
