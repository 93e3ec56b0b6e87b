"""What the tests of the model and the properties share: expected rows, samples, and the clauses asked directly."""

from __future__ import annotations

import contextlib
import csv
import gc
import os
import random
import re
import shutil
import signal
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import planting
import pytest
from hypothesis import HealthCheck, settings
from worlds import template_of

from conformance.confinement import INSIDE
from model.design import Configuration, Design, parse
from model.machine import Step
from model.named_designs import NAMED_DESIGNS
from model.protocols import rules
from model.switches import CAPABILITIES, SWITCHES, ConfigurationError
from model.world import ATTACKER, World
from model.world_file import DEFAULT, WORLDS
from properties import verdict
from properties.checker import Checker
from properties.engine import Answer
from properties.results import today
from properties.security import PROPERTIES, Property, UnknownPropertyError, find
from properties.solver import Solver
from properties.unroll import Unrolling

# What a script starts in its background ignores Ctrl-C, and so would everything that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


#: Files whose tests take more than ten seconds of one core together, by folder.
LONG = {
    "conformance": ("command", "install", "judge", "learner", "processes", "real", "world"),
    "deployed": ("explanation", "fitting", "missing"),
    "model": ("chart", "identifiers", "world"),
    "openworld": ("certificates", "check", "check_cache", "cli", "diff", "draft", "exhibits", "explore", "faults",
        "figure_layout", "invent", "light", "mcp", "minimal_sets", "report", "report_browser", "results", "site",
        "study", "text_pages", "weakest"),
    "properties": ("agreement", "assume", "certificate", "completeness", "designs", "invent", "literature",
        "mixup", "narrowings", "oracle", "reads", "reasons", "roles", "solvers", "vacuity"),
    "quality": ("traces",),
    "simulations": ("adoption", "attainable", "blast_radius", "crossings", "engine", "experiments", "lives",
        "processes", "rare", "reach", "reads", "results", "tasks", "vectorised"),
}  # fmt: skip

# --- what is made from the code and kept in files ------------------------------------------------------------------


@cache
def killers() -> frozenset[str]:
    """The tests that are the quickest to kill some mutant, by their node ids."""
    return frozenset(one.killed_by for one in (*planting.recorded(), *planting.written()))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="write what is made from the code; run nothing else")
    parser.addoption("--shuffle", metavar="SEED", help="run files, and the tests of each, in an order drawn from this")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files are renewed by the tests that read them, and by no others. Of rows that are ``sampled`` most are slow.

    Of a ``LONG`` file the quick tests are those that kill a planted mutant first, or where none does, its first test.
    """
    rows = Counter[tuple[Path, str]]()
    quick = {name.partition("::")[0] for name in killers()}
    for item in items:
        file, long = item.nodeid.partition("::")[0], LONG.get(item.path.parent.name, ())
        if item.path.stem.removeprefix("test_") in long and item.nodeid not in killers():
            if file in quick:
                item.add_marker("slow")
            elif not item.get_closest_marker("slow"):
                quick.add(file)
        if sampled := item.get_closest_marker("sampled"):
            whose = item.path, getattr(item, "originalname", item.name)
            if rows[whose] % sampled.args[0] and item.nodeid not in killers():
                item.add_marker("slow")
            rows[whose] += 1
    if config.getoption("renew"):
        items[:] = [item for item in items if "on_file" in getattr(item, "fixturenames", ())]
    if seed := config.getoption("shuffle"):
        rng = random.Random(seed)
        files = {item.path: rng.random() for item in items}
        items.sort(key=lambda item: (files[item.path], rng.random()))


@pytest.fixture
def on_file(request: pytest.FixtureRequest) -> Callable[..., None]:
    """That a file holds what is made from the code; with ``--renew`` it does from then on."""

    def check(path: Path, made: str | bytes, alike: Callable[[bytes], bool] | None = None) -> None:
        made = made.encode() if isinstance(made, str) else made
        alike = alike or made.__eq__
        if request.config.getoption("renew") and not (path.exists() and alike(path.read_bytes())):
            path.write_bytes(made)
        assert alike(path.read_bytes()), f"`make renew` writes {path.name} anew"

    return check


# Most of what tests make is kept to the end, and looking through it for cycles again and again is for nothing.
gc.set_threshold(50_000)

# What tests do with the command is not taken into a network namespace; what is about that says so itself.
os.environ.setdefault(INSIDE, "no")
# What tests keep is signed, and no key is written to the home of the one who runs them.
os.environ.setdefault("OPENWORLD_KEY", "of tests")

# How long an example takes says something about the machine, not about the project.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

RULES = rules()

ROOT = Path(__file__).parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ROWS = ROOT / "properties" / "data" / "expected_rows.csv"
EXPECTED = ROOT / "openworld" / "data" / "findings" / "expected-rows.md"

#: Sweeps laid down where clauses are asked directly; single questions are settled within three to six.
ENOUGH = 6


def few(world: World, names: Iterable[str], **changed: Any) -> World:
    """A world with some of its parties only, and whatever else is to be changed."""
    kept = frozenset(names)
    parties = [
        replace(party, serves=tuple(served for served in party.serves if served in kept))
        for party in world.parties
        if party.name in kept
    ]
    held = tuple(token for token in world.held if token.resource in kept)
    tamperings = tuple(tampering for tampering in world.tamperings if tampering.party in kept)
    return replace(world, parties=tuple(parties), held=held, tamperings=tamperings, **changed)


_USERS = tuple(one for one in DEFAULT.sessions if one.user != ATTACKER)
_GRANTS = tuple(one for one in DEFAULT.approvals if one.user != ATTACKER)
_FEW = ("client", "as", "evil_as", "crm", "tools", "agent")
#: Small worlds that explicit search gets through: one session at every URL, with and without an account of the
#: attacker's; at few URLs; two sessions at few URLs; two honest AS; two clients.
SOLO = replace(DEFAULT, name="solo", sessions=_USERS)
ALONE = replace(SOLO, name="alone", approvals=_GRANTS)
TINY = few(ALONE, _FEW, name="tiny")
PAIR = few(DEFAULT, _FEW, name="pair")
BOTH = few(WORLDS["two_as"], (*_FEW, "as2", "files"), name="both", sessions=_USERS)
DESKS = few(WORLDS["two_clients"], ("client", "desk", "as", "evil_as", "crm", "tools"), name="desks")
SMALL = {world.name: world for world in (SOLO, ALONE, TINY, PAIR, BOTH, DESKS)}


@dataclass(frozen=True)
class Row:
    """An expected verdict, with its configuration read (``None`` where the model lacks a word of it)."""

    id: str
    attack: str
    code: str
    text: str
    expected: str
    prop: Property | None
    configuration: Configuration | None

    @property
    def covered(self) -> bool:
        """Whether the model knows every word of the row."""
        return self.prop is not None and self.configuration is not None


def _row(fields: dict[str, str]) -> Row:
    prop, configuration = None, None
    with contextlib.suppress(ConfigurationError, UnknownPropertyError):
        prop, configuration = find(fields["property"]), parse(fields["config"])
    expected = fields["expected"] if prop is None else today(fields["expected"], prop.kind)
    return Row(fields["id"], fields["attack_id"], fields["property"], fields["config"], expected, prop, configuration)


def _rows() -> tuple[Row, ...]:
    with ROWS.open(encoding="utf-8", newline="") as file:
        return tuple(map(_row, csv.DictReader(file)))


def _disputed() -> frozenset[str]:
    """Ids of the rows that the findings disagree with: headings such as ``## V138 ...``."""
    headings = [line for line in EXPECTED.read_text(encoding="utf-8").splitlines() if line.startswith("## V")]
    return frozenset(id_ for line in headings for id_ in re.findall(r"\bV\d{3}\b", line))


def judged(prop: Property, configuration: Configuration) -> Configuration:
    """What a question is about: utility is a matter of honest parties alone."""
    return configuration if prop.kind == "security" else replace(configuration, capabilities=frozenset())


class Clauses:
    """All runs of so many sweeps as clauses, with every design, attacker and rule left open."""

    def __init__(self, world: World, sweeps: int = ENOUGH) -> None:
        self.world = world
        self.template = template_of(world)
        self.laid = Unrolling(self.template, sweeps)
        self._solver: Solver | None = None

    @property
    def solver(self) -> Solver:
        """The solver with these clauses; clauses added later are not in it."""
        if self._solver is None:
            self._solver = Solver(self.laid.clauses, self.laid.top)
        return self._solver

    def fixed(self, configuration: Configuration) -> list[int]:
        """Literals that decide design and attacker."""
        switches = [x for (name, value), x in self.laid.switches.items() if configuration.design[name] == value]
        caps = [x if name in configuration.capabilities else -x for name, x in self.laid.capabilities.items()]
        return switches + caps

    @property
    def enforced(self) -> list[int]:
        """Literals that enforce every rule."""
        return list(self.laid.enforced.values())

    def any_of(self, literals: Iterable[int]) -> int:
        """A new literal that implies that one of these holds."""
        made = self.laid.new_literal()
        self.laid.clause(-made, *literals)
        return made

    def configuration(self) -> Configuration:
        """The design and attacker in the model just found."""
        holds = self.solver.holds
        values = {name: value for (name, value), literal in self.laid.switches.items() if holds(literal)}
        return Configuration(Design(values), frozenset(n for n, x in self.laid.capabilities.items() if holds(x)))

    def run(self, holds: Callable[[int], bool] | None = None) -> tuple[Step, ...]:
        """The run in the model just found (or in another), one action after the other."""
        return run_in(self.laid, holds or self.solver.holds)


def run_in(laid: Unrolling, holds: Callable[[int], bool]) -> tuple[Step, ...]:
    """The run in a model of clauses, one action after the other."""
    happened = [fired for fired in laid.fired if holds(fired.literal)]
    happened.sort(key=lambda fired: (fired.step, fired.firing.order))
    return tuple(
        Step(
            fired.firing.action.name,
            tuple(
                (name, next(member for member, bit in cases if bit is True or holds(int(bit))))
                for name, cases in fired.chosen.items()
            ),
        )
        for fired in happened
    )


class Reach:
    """Whether an event can come about, whichever rules are enforced: no trace, no explanation, no depth to guess.

    Each property is asked about in its own world, or all of them in a given one.
    """

    def __init__(self, world: World | None = None, checker: Checker | None = None) -> None:
        self.checker = checker or Checker(world)
        self._known: dict[tuple[str, str, frozenset[str]], bool] = {}
        self.core: frozenset[str] = frozenset()

    def __call__(self, prop: Property | str, configuration: Configuration, without: Iterable[str] = ()) -> bool:
        """Whether the event is reachable when every rule but those in ``without`` is enforced."""
        return self.within(prop, configuration, RULES.keys() - set(without))

    def within(self, prop: Property | str, configuration: Configuration, enforced: Iterable[str]) -> bool:
        """Whether the event is reachable when just these rules are enforced."""
        asked = find(prop) if isinstance(prop, str) else prop
        key = (asked.name, str(judged(asked, configuration)), frozenset(enforced))
        if key not in self._known:
            excluded = self.checker.about(asked, configuration).excluded(asked, configuration, key[2])
            self._known[key] = not excluded and self.ask(asked, configuration, key[2])
        return self._known[key]

    def ask(self, prop: Property, configuration: Configuration, enforced: Iterable[str]) -> bool:
        """The same of the solver, with ``core`` left behind: rules that already rule the event out in short runs."""
        found = self.checker.about(prop, configuration).happens(prop, configuration, sorted(enforced))
        assert found.answer is not Answer.UNKNOWN, found.reason
        rules = found.laid.unrolling.enforced
        self.core = frozenset(name for name, literal in rules.items() if literal in found.core)
        return found.answer is Answer.SAT

    def run(self, prop: Property, configuration: Configuration, without: Iterable[str]) -> tuple[Step, ...]:
        """A run to the event where every rule but these is enforced; none at all where there is none."""
        others = sorted(RULES.keys() - set(without))
        found = self.checker.about(prop, configuration).happens(prop, configuration, others)
        return run_in(found.laid.unrolling, found.laid.solver.holds) if found.answer is Answer.SAT else ()

    def verdict(self, prop: Property | str, configuration: Configuration, without: Iterable[str] = ()) -> str:
        """The same as a verdict's word; what is not in this world is called safe here."""
        asked = find(prop) if isinstance(prop, str) else prop
        reached = self(asked, configuration, without)
        if asked.kind == "security":
            return "attack" if reached else "safe"
        return "reached" if reached else "not_reached"


def random_configuration(rng: random.Random | str, density: float = 0.25) -> Configuration:
    """Each switch off its usual place and each capability present with the given chance.

    ``rng``: or a word for what is drawn, each by itself: a switch that is added leaves the others as they were.
    """

    def chance(name: str) -> random.Random:
        return random.Random(f"{rng} {name}") if isinstance(rng, str) else rng

    values = {s.name: own.choice(s.values) for s in SWITCHES.values() if (own := chance(s.name)).random() < density}
    return Configuration(Design(values), frozenset(c for c in CAPABILITIES if chance(c).random() < density))


@pytest.fixture(scope="session")
def rows() -> tuple[Row, ...]:
    """The expected verdicts."""
    return _rows()


@pytest.fixture(scope="session")
def disputed() -> frozenset[str]:
    """Ids of the expected verdicts that the findings disagree with."""
    return _disputed()


@pytest.fixture(scope="session")
def pins() -> dict[str, Any]:
    """The pinned numbers."""
    return _pins()


@cache
def _pins() -> dict[str, Any]:
    return tomllib.loads((ROOT / "tests" / "properties" / "pins.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def exceptions() -> dict[str, Any]:
    """What has no effect of its own, with the reasons."""
    return tomllib.loads((ROOT / "tests" / "properties" / "exceptions.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def checker() -> Checker:
    """Each property's world, laid down once with every design and attacker in it."""
    return Checker(patience=verdict.PATIENCE)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where results are looked at: whether the rules named are enough in longer runs is not looked into for long."""
    monkeypatch.setattr(verdict, "PATIENCE", 0.2)


@pytest.fixture(scope="session")
def reach(checker: Checker) -> Reach:
    """Whether events are reachable, each in its property's world, laid down once for this and the verdicts."""
    return Reach(checker=checker)


@pytest.fixture(scope="session")
def small_worlds() -> dict[str, World]:
    """The worlds that explicit search gets through."""
    return SMALL


@pytest.fixture(scope="session")
def sample() -> Callable[..., Configuration]:
    """Random configurations."""
    return random_configuration


@pytest.fixture(scope="session")
def near_misses() -> tuple[tuple[Property, Configuration], ...]:
    """Questions whose answer turns on a single switch, capability or rule that no expected row turns on."""
    with (ROOT / "tests" / "properties" / "near_misses.csv").open(encoding="utf-8", newline="") as file:
        return tuple((find(line["property"]), parse(line["config"])) for line in csv.DictReader(file))


@pytest.fixture(scope="session")
def witnesses() -> dict[str, dict[str, tuple[Property, Configuration]]]:
    """For each thing that has to have an effect, by its kind and its name, a question on which it has one."""
    found: dict[str, dict[str, tuple[Property, Configuration]]] = {}
    with (ROOT / "tests" / "properties" / "witnesses.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            of_kind = found.setdefault(line["kind"], {})
            assert line["name"] not in of_kind, f"{line['kind']} {line['name']} is listed twice"
            of_kind[line["name"]] = (find(line["property"]), parse(line["config"]))
    return found


@pytest.fixture(scope="session")
def talks() -> dict[str, tuple[str, str]]:
    """For values of switches that no verdict turns on, a client and a scenario in which it does something else."""
    with (ROOT / "tests" / "properties" / "talks.csv").open(encoding="utf-8", newline="") as file:
        return {line["value"]: (line["client"], line["scenario"]) for line in csv.DictReader(file)}


@pytest.fixture(scope="session")
def clauses() -> Callable[..., Clauses]:
    """Makes the clauses of a world."""
    return Clauses


@pytest.fixture(scope="session")
def reach_in() -> Callable[[World], Reach]:
    """Asks about every property in one given world, laid down once."""
    made: dict[World, Reach] = {}

    def get(world: World) -> Reach:
        if world not in made:
            made[world] = Reach(world)
        return made[world]

    return get


@pytest.fixture(scope="session")
def designs_under_attack() -> tuple[tuple[Property, Configuration], ...]:
    """Every security property of every named design under every single capability, and the utility beside them."""
    under = [parse(f"design={name};cap={cap}") for name in NAMED_DESIGNS for cap in CAPABILITIES]
    honest = [parse(f"design={name}") for name in NAMED_DESIGNS]
    return tuple(
        (prop, configuration)
        for prop in PROPERTIES.values()
        for configuration in (under if prop.kind == "security" else honest)
    )


@pytest.fixture(scope="module")
def browser() -> Any:
    """A headless Chromium; skips where there is none.

    Not for the whole session: while it is there an event loop runs, and tests of other modules start their own.
    """
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser here: looked for {', '.join(BROWSERS)}")
    from playwright.sync_api import sync_playwright

    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, headless=True, args=flags)
        yield started
        started.close()
