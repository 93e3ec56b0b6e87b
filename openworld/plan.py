"""What a study is to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from model.drafts import DRAFTS
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from model.world_file import DEFAULT, WORLDS
from openworld import bought, mishaps
from openworld.client_tables import latest
from properties.attackers import Attacker, every_attacker
from properties.security import every_property
from simulations import catalogue, provenance

#: Of what there is much, a study that is not full takes these, and all of what is not named here.
QUICK: dict[str, tuple[str, ...]] = {
    "attackers": ("none", "mal_rs_and_as"),
    "environments": ("plain",),
    "against": bought.AGAINST[:1],
    "experiments": ("matching", "echo", "iss", "dpop", "indicators", "federation"),
    "clients": (),
    "properties": (),
    "mishaps": (),
    "worlds": (DEFAULT.name,),
}
#: What these are of, where their names alone do not say it.
_OF = {
    "environments": "environments that drafts are in",
    "against": "attackers that drafts are put to",
    "clients": "deployed clients",
    "properties": "properties that others may break",
    "mishaps": "kinds of mishaps",
}


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
    full: bool = False
    workers: int = 1
    seed: int = 1
    timeout: float | None = None
    certify: bool = False
    model: Model = oauth()

    def _taken(self, what: str, names: Iterable[str]) -> list[str]:
        return [name for name in names if self.full or what not in QUICK or name.partition("==")[0] in QUICK[what]]

    @property
    def designs(self) -> list[str]:
        """Named designs to judge."""
        return self._taken("designs", self.model.designs)

    @property
    def worlds(self) -> list[str]:
        """Worlds of which it is shown how long their runs are."""
        return self._taken("worlds", WORLDS)

    @property
    def attackers(self) -> dict[str, Attacker]:
        """Attackers to judge them against."""
        known = every_attacker(self.model)
        return {name: known[name] for name in self._taken("attackers", known)}

    @property
    def experiments(self) -> list[str]:
        """Named experiments to run."""
        return self._taken("experiments", catalogue.every_experiment(self.model))

    @property
    def clients(self) -> list[str]:
        """Deployed clients to judge, in their last version."""
        return self._taken("clients", latest())

    @property
    def properties(self) -> list[str]:
        """Properties that are asked about whatever others do."""
        return self._taken("properties", every_property(self.model))

    @property
    def drafts(self) -> list[str]:
        """Drafts of which is asked what they buy."""
        return self._taken("drafts", DRAFTS)

    @property
    def against(self) -> list[str]:
        """Against whom that is asked, by capabilities."""
        return self._taken("against", bought.AGAINST)

    @property
    def environments(self) -> list[str]:
        """Environments in which that is asked."""
        return self._taken("environments", DEPLOYMENTS)

    @property
    def mishaps(self) -> list[str]:
        """Kinds of mishaps of which is counted how far they reach."""
        return self._taken("mishaps", mishaps.KINDS)

    @property
    def topologies(self) -> dict[str, Any]:
        """How many mishaps in how large a part of the population, and in how many topologies."""
        return {} if self.full else {"scale": 0.01, "samples": 4, "replications": 3}

    @property
    def run(self) -> str:
        """What tables of the same run share and tables of others do not: a name for all that they depend on."""
        return provenance.digest([provenance.code(self.model), versions(), self.full, self.seed, self.timeout])

    @property
    def shares(self) -> dict[str, tuple[int, int]]:
        """By what it is of, how many it takes, and how many a full one does; nothing of a full one."""
        whole = replace(self, full=True)
        counted = {name: (len(getattr(self, name)), len(getattr(whole, name))) for name in QUICK if name != "worlds"}
        return {_OF.get(name, name): both for name, both in counted.items() if both[0] < both[1]}
