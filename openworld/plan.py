"""What a study is to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from model.model import Model, oauth
from properties.attackers import Attacker, every_attacker
from simulations import provenance

#: What it all depends on.
_PACKAGES = ("openworld", "z3-solver", "python-sat", "simpy", "numpy", "pandas", "pyarrow", "matplotlib", "networkx",
             "click")  # fmt: skip


@cache  # which reads a file of each package, and every row asks for this
def versions() -> dict[str, str]:
    """Return what is installed of all that a study depends on."""
    return {name: version(name) for name in _PACKAGES}


class Selection(NamedTuple):
    """A kind of things of which a study takes some.

    Attributes:
        name: the kind, in a word.
        every: the names of all there are.
        quick: those that a quick study takes; None: all.
        words: the kind in words that a reader of the page understands, where the name alone does not do.
    """

    name: str
    every: Callable[[Model], Iterable[str]]
    quick: tuple[str, ...] | None = None
    words: str = ""


DESIGNS = Selection("designs", lambda model: model.designs)
ATTACKERS = Selection("attackers", every_attacker, ("none", "mal_rs_and_as"))


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

    def taken(self, choice: Selection) -> list[str]:
        """Return the names that this study takes."""
        names = list(choice.every(self.model))
        if self.full or choice.quick is None:
            return names
        return [name for name in names if name.partition("==")[0] in choice.quick]

    @property
    def designs(self) -> list[str]:
        """Named designs to judge."""
        return self.taken(DESIGNS)

    @property
    def attackers(self) -> dict[str, Attacker]:
        """Attackers to judge them against."""
        known = every_attacker(self.model)
        return {name: known[name] for name in self.taken(ATTACKERS)}

    @property
    def run(self) -> str:
        """What tables of the same run share and tables of others do not: a name for all that they depend on."""
        return provenance.digest([provenance.code(self.model), versions(), self.full, self.seed, self.timeout])
