"""What a study is to do, and what it has found so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from model.drafts import DRAFTS
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from model.world_file import DEFAULT, WORLDS
from openworld.client_tables import latest
from properties.attackers import Attacker, every_attacker
from properties.security import every_property
from simulations import catalogue, provenance
from simulations.blast_radius import BlastRadius
from simulations.results import Result

QUICK_DESIGNS = ("rfc6749", "prm_cimd", "gaps_closed", "mcp")
QUICK_ATTACKERS = ("none", "mal_as", "mal_rs", "mal_tenant")
QUICK_EXPERIMENTS = ("matching", "echo", "iss", "dpop")
QUICK_PROPERTIES = ("code_delivery", "as_acceptance")
QUICK_DRAFTS = ("iss", "prefix")
QUICK_ENVIRONMENTS = ("plain", "multi_path_api")
QUICK_CLIENTS = ("gemini-cli-core", "mcp-python", "ts-client-v2-dpop", "ts-sdk-v1")


@cache  # which reads a file of each package, and every row is told the run
def versions() -> dict[str, str]:
    """What is installed of all that it depends on."""
    names = (
        "openworld",
        "z3-solver",
        "python-sat",
        "simpy",
        "numpy",
        "pandas",
        "pyarrow",
        "matplotlib",
        "networkx",
        "click",
    )
    return {name: version(name) for name in names}


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What to do and where to put it."""

    folder: Path
    quick: bool = False
    workers: int = 1
    seed: int = 1
    timeout: float | None = None
    certify: bool = False
    model: Model = oauth()

    @property
    def designs(self) -> list[str]:
        """Named designs to judge."""
        return [name for name in self.model.designs if not self.quick or name in QUICK_DESIGNS]

    @property
    def worlds(self) -> list[str]:
        """Worlds of which it is shown how long their runs are."""
        return [name for name in WORLDS if not self.quick or name == DEFAULT.name]

    @property
    def attackers(self) -> dict[str, Attacker]:
        """Attackers to judge them against."""
        return {
            name: who for name, who in every_attacker(self.model).items() if not self.quick or name in QUICK_ATTACKERS
        }

    @property
    def experiments(self) -> list[str]:
        """Named experiments to run."""
        return [name for name in catalogue.every_experiment(self.model) if not self.quick or name in QUICK_EXPERIMENTS]

    @property
    def clients(self) -> list[str]:
        """Deployed clients to judge, in their last version."""
        return [name for name in latest() if not self.quick or name.partition("==")[0] in QUICK_CLIENTS]

    @property
    def properties(self) -> list[str]:
        """Properties that are asked about whatever others do."""
        return [name for name in every_property(self.model) if not self.quick or name in QUICK_PROPERTIES]

    @property
    def drafts(self) -> list[str]:
        """Drafts of which is asked what they buy."""
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
        return provenance.digest([provenance.code(self.model), versions(), self.quick, self.seed, self.timeout])

    @property
    def mishaps(self) -> dict[str, Any]:
        """How many go wrong in how large a part of the population, and in how many topologies."""
        return {"scale": 0.01, "samples": 4, "replications": 3} if self.quick else {}


@dataclass(slots=True)
class Findings:
    """What has been found so far."""

    verdicts: list[dict[str, Any]] = field(default_factory=list)
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
