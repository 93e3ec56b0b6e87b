"""The whole study: named designs against attackers, deployed clients, experiments, mishaps, together in one folder.

Whatever is finished is on disk, whole; a run that is cut short leaves a folder that can be read.
"""

from __future__ import annotations

import csv
import io
import platform
import sys
import time
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from model.design import DEPLOYMENTS, NAMED_DESIGNS, parse
from model.errors import InputError
from model.switches import CAPABILITIES
from model.world_file import DEFAULT, WORLDS
from openworld.blame import blamed
from openworld.files import as_json, claimed, set_aside, write
from openworld.jobs import Question, Reply, answers_once
from openworld.progress import Progress
from openworld.show import command
from openworld.sources import WRITTEN
from properties.security import PROPERTIES, Property

if TYPE_CHECKING:
    from simulations.blast_radius import BlastRadius
    from simulations.results import Result


#: Attackers by name: capabilities as in ``cap=``, and who that is.
_NAMED_ATTACKERS = {
    "none": ("none", "nobody is dishonest; what goes wrong goes wrong by itself"),
    "malicious_as": ("mal_as", "runs an AS that some resource names"),
    "malicious_rs": ("mal_rs", "runs a resource server that the agent visits"),
    "malicious_rs_and_as": ("mal_as+mal_rs", "runs both"),
    "path_tenant": ("mal_tenant", "is a tenant of a shared origin"),
    "malicious_client": ("mal_client", "has a client of its own at the honest AS"),
    "malicious_connector": ("mal_toolkit+naive_rp", "contributes a connector, and answers at others' callbacks"),
    "code_leak": ("code_leak", "reads authorization responses"),
    "request_leak": ("req_leak+state_leak", "reads authorization requests and the state of flows"),
    "lure": ("lure+web", "has the user visit its pages and open authorization URLs of its making"),
    "token_thief": ("token_leak+proof_leak", "gets hold of access tokens and of whole requests"),
    "tampering": (
        "mal_as+hdr_inject+delivery_tamper+net_first_leg+net_rs_leg+old_as_compromised+open_redirect_at_r",
        "runs an AS and alters what resources say on the way",
    ),
    "client_host": (
        "hosting_upload+domain_takeover+open_redirect_client_domain+key_leak+local_app",
        "gets at the client's host, domain, keys or device",
    ),
}


class Attacker(NamedTuple):
    """A named set of capabilities."""

    capabilities: str
    meaning: str


def _attackers() -> dict[str, Attacker]:
    """The named attackers whose capabilities exist, and one for each capability that none of them has."""
    known = {
        name: Attacker(caps, meaning)
        for name, (caps, meaning) in _NAMED_ATTACKERS.items()
        if caps == "none" or set(caps.split("+")) <= CAPABILITIES.keys()
    }
    used = {cap for attacker in known.values() for cap in attacker.capabilities.split("+")}
    return known | {cap: Attacker(cap, meaning) for cap, meaning in CAPABILITIES.items() if cap not in used}


ATTACKERS: dict[str, Attacker] = _attackers()

QUICK_DESIGNS = ("rfc6749", "prm_cimd", "gaps_closed", "mcp")
QUICK_ATTACKERS = ("none", "malicious_as", "malicious_rs", "path_tenant")
QUICK_EXPERIMENTS = ("matching", "echo", "iss", "dpop")
QUICK_PROPERTIES = ("code_delivery", "as_acceptance")
QUICK_DRAFTS = ("iss", "prefix")
QUICK_ENVIRONMENTS = ("plain", "multi_path_api")
QUICK_CLIENTS = ("gemini-cli-core", "mcp-python", "ts-client-v2-dpop", "ts-sdk-v1")
COLUMNS = (
    "design", "attacker", "capabilities", "code", "property", "kind", "verdict", "reason", "reach", "steps",
    "blocked_by", "chart", "configuration", "run",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do and where to put it."""

    folder: Path
    quick: bool = False
    workers: int = 1
    seed: int = 1
    timeout: float | None = None
    certify: bool = False

    @property
    def designs(self) -> list[str]:
        """Named designs to judge."""
        return [name for name in NAMED_DESIGNS if not self.quick or name in QUICK_DESIGNS]

    @property
    def worlds(self) -> list[str]:
        """Worlds of which it is shown how long their runs are."""
        return [name for name in WORLDS if not self.quick or name == DEFAULT.name]

    @property
    def attackers(self) -> dict[str, Attacker]:
        """Attackers to judge them against."""
        return {name: who for name, who in ATTACKERS.items() if not self.quick or name in QUICK_ATTACKERS}

    @property
    def experiments(self) -> list[str]:
        """Named experiments to run."""
        from simulations.catalogue import EXPERIMENTS

        return [name for name in EXPERIMENTS if not self.quick or name in QUICK_EXPERIMENTS]

    @property
    def clients(self) -> list[str]:
        """Deployed clients to judge, in their last version."""
        from openworld.deployed import latest

        return [name for name in latest() if not self.quick or name.partition("==")[0] in QUICK_CLIENTS]

    @property
    def properties(self) -> list[str]:
        """Properties that are asked about whatever others do."""
        return [name for name in PROPERTIES if not self.quick or name in QUICK_PROPERTIES]

    @property
    def drafts(self) -> list[str]:
        """Drafts of which is asked what they buy."""
        from openworld.bought import DRAFTS

        return [name for name in DRAFTS if not self.quick or name in QUICK_DRAFTS]

    @property
    def environments(self) -> list[str]:
        """Environments in which that is asked."""
        return [name for name in DEPLOYMENTS if not self.quick or name in QUICK_ENVIRONMENTS]

    @property
    def attempts(self) -> int | None:
        """Simulated attempts in every arm at every point; None: as many as each experiment says that it needs."""
        return 400 if self.quick else None

    @property
    def replications(self) -> int:
        """Populations that start afresh."""
        return 2 if self.quick else 5

    @property
    def run(self) -> str:
        """What tables of the same run share and tables of others do not: a name for all that they depend on."""
        from simulations import provenance

        return provenance.digest([provenance.code(), _versions(), self.quick, self.seed, self.timeout])

    @property
    def mishaps(self) -> dict[str, Any]:
        """How many go wrong in how large a part of the population, and in how many topologies."""
        return {"scale": 0.01, "samples": 4, "replications": 3} if self.quick else {}


class Case(NamedTuple):
    """One cell of the matrix."""

    design: str
    attacker: str
    capabilities: str
    prop: Property

    @property
    def configuration(self) -> str:
        """As the command line takes it."""
        return f"design={self.design};cap={self.capabilities}"

    @property
    def key(self) -> tuple[str, str]:
        """What the verdict depends on; a utility property is about honest parties alone."""
        configuration = parse(self.configuration)
        honest = replace(configuration, capabilities=frozenset())
        return self.prop.name, str(honest if self.prop.kind == "utility" else configuration)

    @property
    def stem(self) -> str:
        """Name of its files."""
        return f"{self.design}--{self.attacker}--{self.prop.name}"


@dataclass(slots=True)
class Findings:
    """What has been found so far."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    clients: list[dict[str, Any]] = field(default_factory=list)
    environments: list[dict[str, Any]] = field(default_factory=list)
    drafts: list[dict[str, Any]] = field(default_factory=list)
    certificates: list[dict[str, Any]] = field(default_factory=list)
    bounds: list[dict[str, Any]] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    mishaps: dict[str, BlastRadius] = field(default_factory=dict)
    figures: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    finished: bool = False


def run(plan: Plan) -> str:
    """Run the study; says in a few words what came out.

    What an earlier study left in the folder is set aside, and until this one is finished the folder says so.

    Raises:
        FolderInUseError: another run is writing to the folder.
        ReplayError: a trace that the machine does not confirm; nothing that was found may be trusted then.
    """
    with claimed(plan.folder):
        set_aside(plan.folder, WRITTEN)
        found = Findings()
        write(plan.folder / "run.json", as_json(_about(plan, found)))
        return _run(plan, found)


def _run(plan: Plan, found: Findings) -> str:
    try:
        stages = {**_STAGES, "certificates": _certify, "bounds": _bound} if plan.certify else _STAGES
        for name, stage in stages.items():
            started = time.perf_counter()
            try:
                stage(plan, found)
            finally:
                found.seconds[name] = round(time.perf_counter() - started, 1)
    except BaseException:
        # Also after Ctrl-C: what is finished is put together and stays usable, as far as there is room for it.
        with suppress(OSError, InputError):
            _write_verdicts(plan, found)
            _write_certificates(plan, found)
            _conclude(plan, found)
        raise
    found.finished = True
    _conclude(plan, found)
    attacks = sum(blamed(found.rows))
    return (
        f"{len(found.rows)} verdicts, {attacks} attacks, {len(found.clients)} verdicts on deployed clients, "
        f"{len(found.results)} experiments"
    )


# --- verdicts ----------------------------------------------------------------------------------------------


def cases(plan: Plan) -> list[Case]:
    """All cells of the matrix."""
    return [
        Case(design, attacker, who.capabilities, prop)
        for design in plan.designs
        for attacker, who in plan.attackers.items()
        for prop in PROPERTIES.values()
    ]


def judged(asked: list[Case], workers: int, timeout: float | None = None) -> Generator[tuple[Case, Reply]]:
    """Every case with its answer, in order, as they come in."""
    return answers_once(asked, workers, timeout, by_design=True)


def _judge(plan: Plan, found: Findings) -> None:
    asked = cases(plan)
    written = time.monotonic()
    with (
        Progress("verdicts", len(asked)) as progress,
        closing(judged(asked, plan.workers, plan.timeout)) as replies,
    ):
        for case, reply in replies:
            found.rows.append(row(case, reply.data) | _drawn(plan, case, reply) | {"run": plan.run})
            progress.advance(case.stem)
            if time.monotonic() - written > 2:
                _write_verdicts(plan, found)
                written = time.monotonic()
    _write_verdicts(plan, found)


def _certify(plan: Plan, found: Findings) -> None:
    """Have others prove and check what was found not to happen."""
    from openworld import certified

    asked = {case.key: case.configuration for case in cases(plan)}
    excluded = {(row["property"], row["configuration"]) for row in found.rows if not row["steps"]}
    questions = [Question(key[0], text, plan.timeout) for key, text in asked.items() if (key[0], text) in excluded]
    with (
        Progress("certificates", len(questions)) as progress,
        closing(certified.evidence(questions, plan.workers)) as rows,
    ):
        written = time.monotonic()
        for made in rows:
            found.certificates.append(made | {"run": plan.run})
            progress.advance()
            if time.monotonic() - written > 2:
                _write_certificates(plan, found)
                written = time.monotonic()
    _write_certificates(plan, found)


def _bound(plan: Plan, found: Findings) -> None:
    """Have others prove and check how long runs are."""
    from openworld import certified

    asked = [certified.Runs(world, design) for world in plan.worlds for design in plan.designs]
    with Progress("bounds", len(asked)) as progress, closing(certified.bounds(asked, plan.workers)) as rows:
        for made in rows:
            found.bounds.append(made | {"run": plan.run})
            progress.advance()
            _write_certificates(plan, found)


def _write_certificates(plan: Plan, found: Findings) -> None:
    from openworld import certified

    if found.certificates:
        write(plan.folder / "certificates.csv", _csv(certified.COLUMNS, found.certificates))
    if found.bounds:
        write(plan.folder / "bounds.csv", _csv(certified.BOUNDS, found.bounds))


def row(case: Case, data: dict[str, Any]) -> dict[str, Any]:
    """A verdict as a row of the table."""
    return {
        "design": case.design, "attacker": case.attacker, "capabilities": case.capabilities,
        "code": case.prop.code, "property": case.prop.name, "kind": case.prop.kind,
        "verdict": data["verdict"], "reason": data["reason"], "reach": data["reach"], "steps": data["steps"],
        "blocked_by": data["blocked_by"], "chart": "", "configuration": case.configuration,
    }  # fmt: skip


def _drawn(plan: Plan, case: Case, reply: Reply) -> dict[str, str]:
    """The chart and the trace of an attack, written at once; where the chart is, if there is one."""
    trace = reply.data["trace"]
    if trace is None or (case.prop.kind != "security" and case.attacker != next(iter(plan.attackers))):
        return {}
    chart = f"{'attacks' if case.prop.kind == 'security' else 'runs'}/{case.stem}.txt"
    asked = command("trace", case.prop.name, case.configuration)
    write(plan.folder / chart, f"{asked}\n\n{reply.chart}")
    write((plan.folder / chart).with_suffix(".json"), as_json(trace))
    return {"chart": chart}


def _write_verdicts(plan: Plan, found: Findings) -> None:
    if not found.rows:
        return
    write(plan.folder / "verdicts.json", as_json(found.rows))
    flat = [{**row, "blocked_by": " ".join(row["blocked_by"])} for row in found.rows]
    write(plan.folder / "verdicts.csv", _csv(COLUMNS, flat))


def _csv(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _judge_clients(plan: Plan, found: Findings) -> None:
    from openworld import deployed

    asked = deployed.cases(plan.clients)
    rows: list[dict[str, Any]] = []
    with (
        Progress("clients", len(asked)) as progress,
        closing(deployed.judged(asked, plan.workers, plan.timeout)) as judged,
    ):
        for row in judged:
            rows.append(row | {"run": plan.run})
            progress.advance(row["client"])
    write(plan.folder / "clients.csv", _csv((*deployed.COLUMNS, "run"), rows))
    found.clients = rows


def _assume(plan: Plan, found: Findings) -> None:
    from openworld import environments

    with (
        Progress("environments", len(plan.designs)) as progress,
        closing(environments.judged(plan.designs, plan.properties, plan.workers, plan.timeout)) as judged,
    ):
        for name, rows in zip(plan.designs, judged, strict=False):
            found.environments += [row | {"run": plan.run} for row in rows]
            write(plan.folder / "environments.csv", _csv(environments.COLUMNS, found.environments))
            progress.advance(name)


def _buy(plan: Plan, found: Findings) -> None:
    from openworld import bought

    asked = plan.environments
    with (
        Progress("drafts", len(asked)) as progress,
        closing(bought.judged(plan.drafts, asked, plan.workers, plan.timeout)) as judged,
    ):
        for name, rows in zip(asked, judged, strict=False):
            found.drafts += [row | {"run": plan.run} for row in rows]
            write(plan.folder / "drafts.csv", _csv(bought.COLUMNS, found.drafts))
            progress.advance(name)


# --- simulations and figures -------------------------------------------------------------------------------


#: Draws of what is not known for sure, of each input alone and of all together.
_DRAWS = 64


def _simulate(plan: Plan, found: Findings) -> None:
    from simulations.break_even import break_even, can_break_even
    from simulations.experiments import find, population_for
    from simulations.experiments import run as simulate
    from simulations.results import write as save
    from simulations.uncertainty import over_inputs

    for name in plan.experiments:
        # Fewer attempts are a smaller sample; that the clock goes far enough is no matter of samples.
        asked = find(name)
        met = population_for(asked, None)
        least = asked.least_attempts(met, plan.replications)
        attempts = None if plan.attempts is None else max(plan.attempts, least)
        with Progress(name, 0) as progress:
            result = simulate(
                name, seed=plan.seed, attempts=attempts, replications=plan.replications, workers=plan.workers,
                progress=progress.at,
            )  # fmt: skip
        result = over_inputs(result, asked, met, plan.seed)
        result.save(plan.folder / "simulations", run=plan.run)
        found.results[name] = result
        if can_break_even(asked):
            table = break_even(asked, seed=plan.seed, samples=_DRAWS)
            save(table, plan.folder / "simulations" / f"{name}_break_even", plan.run)


def _spread(plan: Plan, found: Findings) -> None:
    from openworld.mishaps import KINDS, reached

    with (
        Progress("blast radius", len(KINDS)) as progress,
        closing(reached(KINDS, plan.workers, seed=plan.seed, **plan.mishaps)) as spread,
    ):
        for each in spread:
            each.save(plan.folder / "simulations", run=plan.run)
            found.mishaps[each.kind] = each
            progress.advance(each.kind)


def _draw(plan: Plan, found: Findings) -> None:
    from openworld import gallery
    from openworld.sources import Source

    judged = {row["attacker"] for row in found.rows}
    entries = gallery.of_study(
        [name for name in plan.attackers if name in judged], found.results, bool(found.clients), found.mishaps,
        bool(found.drafts),
    )  # fmt: skip
    folder = plan.folder / "figures"
    with (
        Progress("figures", len(entries)) as progress,
        closing(gallery.write_all(entries, Source(plan.folder), folder, plan.workers)) as drawn,
    ):
        for entry, _ in drawn:
            found.figures.append(entry.name)
            progress.advance(entry.name)


_STAGES = {
    "verdicts": _judge, "clients": _judge_clients, "environments": _assume, "drafts": _buy,
    "simulations": _simulate, "blast_radius": _spread, "figures": _draw,
}  # fmt: skip


def question_of(name: str) -> str:
    """What an experiment asks."""
    from simulations.catalogue import EXPERIMENTS

    return EXPERIMENTS[name].question


# --- what holds it together --------------------------------------------------------------------------------


def _conclude(plan: Plan, found: Findings) -> None:
    """Write the pages, and when they are there what ran: nothing says of itself that it is finished before it is."""
    from openworld.report import index, page, read

    about = _about(plan, found)
    if found.rows or found.clients or found.results:
        study = read(plan.folder)
        study.about = about
        write(plan.folder / "report.html", page(study))
    write(plan.folder / "index.md", index(plan, found))
    write(plan.folder / "run.json", as_json(about))


def _about(plan: Plan, found: Findings) -> dict[str, Any]:
    """What ran, where and how long; the only file that differs from run to run."""
    return {
        "command": command(*sys.argv[1:]),
        "run": plan.run,
        "finished": found.finished,
        "seed": plan.seed,
        "quick": plan.quick,
        "workers": plan.workers,
        "replications": plan.replications,
        "seconds": found.seconds,
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": _versions(),
        "switches": len(parse("").design),
        **_certified(found),
    }


def _certified(found: Findings) -> dict[str, str]:
    """What others have proved and checked, of how much, if anything was to be."""
    told = {
        "checked by others": (found.certificates, "answers that something does not happen"),
        "bounds checked by others": (found.bounds, "worlds under a design, of how long their runs are"),
    }
    return {
        name: f"{sum(row['certified'] == 'yes' for row in rows)} of {len(rows)} {what}"
        for name, (rows, what) in told.items() if rows
    }  # fmt: skip


@cache  # which reads a file of each package, and every row is told the run
def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = (
        "openworld", "z3-solver", "python-sat", "simpy", "numpy", "pandas", "pyarrow", "matplotlib", "networkx",
        "click",
    )  # fmt: skip
    return {name: version(name) for name in names}
