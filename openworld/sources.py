"""Where figures get their tables from: the folder of a study, or worked out anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from model.drafts import DRAFTS
from model.named_designs import DEPLOYMENTS
from openworld import bought, client_tables, matrix, study_tables
from openworld.minimal_sets import ask
from openworld.mishaps import KINDS, reached
from openworld.progress import Progress
from openworld.study_tables import Shape
from simulations.blast_radius import BlastRadius
from simulations.experiments import run
from simulations.results import Result

#: All that a study writes into its folder.
WRITTEN = (
    "run.json", "report.html", "verdicts.json", "verdicts.csv", "certificates.csv", "bounds.csv",
    "clients.csv", "environments.csv", "drafts.csv", "attacks", "runs", "simulations", "figures",
)  # fmt: skip


T = TypeVar("T")
#: How much there is to be found, and what was, each with rows of a table.
_Found = tuple[int, Iterable[tuple[str, list[dict[str, Any]]]]]


@dataclass(slots=True)
class Source:
    """Tables by what they are about; each is read or worked out once.

    Attributes:
        folder: the folder of a study, or ``None`` to work everything out.
        attempts, replications, seed, workers: for experiments that are run anew; attempts: as each says, if None.
        rows: the most that a matrix has; all, if None.
    """

    folder: Path | None = None
    attempts: int | None = None
    replications: int = 5
    seed: int = 1
    workers: int = 1
    rows: int | None = None
    _known: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, result: Result) -> Source:
        """The tables of an experiment that was just run."""
        return cls(_known={result.experiment: result})

    def most(self, table: pd.DataFrame, row: str, telling: pd.Series) -> pd.DataFrame:
        """A table with as many rows of a matrix as it may have: those of which most cells tell something."""
        counted = telling.groupby(table[row], sort=False).sum().sort_values(ascending=False, kind="stable")
        return table[table[row].isin(counted.index[: self.rows])]

    def verdicts(self) -> pd.DataFrame:
        """The verdicts of a study: a row for each design, attacker and property."""
        return self._table("verdicts.json", study_tables.VERDICTS, self._judged)

    def clients(self) -> pd.DataFrame:
        """The verdicts of a study on deployed clients: a row for each client and situation."""
        return self._table("clients.csv", study_tables.CLIENTS, self._clients_judged)

    def drafts(self) -> pd.DataFrame:
        """What each draft buys: a row for each draft and environment."""
        return self._table("drafts.csv", study_tables.DRAFTS, self._bought)

    def experiment(self, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Rates and differences of an experiment."""
        if self.folder:
            rates = self._stored(f"simulations/{name}_rates.csv", study_tables.RATES)
            return rates, self._stored(f"simulations/{name}_differences.csv", study_tables.DIFFERENCES)
        result = self._simulated(name)
        return result.rates, result.differences

    def quantities(self, name: str) -> pd.DataFrame:
        """What there is for each attempt and flow of an experiment."""
        if self.folder:
            return study_tables.measured(self._stored(f"simulations/{name}_quantities.csv", study_tables.QUANTITIES))
        return self._simulated(name).quantities

    def effects(self, name: str) -> pd.DataFrame:
        """Main effects and interactions of an experiment whose arms are all combinations of something."""
        if self.folder:
            return self._stored(f"simulations/{name}_effects.csv", study_tables.EFFECTS)
        return self._simulated(name).effects

    def blast_radius(self, kind: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """How far one mishap reaches under each protection, and the rules that stopped it."""
        if self.folder:
            reach = self._stored(f"simulations/blast-radius-{kind}.csv", study_tables.REACH)
            return reach, self._stored(f"simulations/blast-radius-{kind}-rules.csv", study_tables.RULES)
        found = self._reached(kind)
        return found.summary, found.rules

    def sufficient(self, name: str, asked: Any) -> pd.DataFrame:
        """The minimal sufficient sets that a question to the lattice is answered with."""

        def asked_now() -> pd.DataFrame:
            found = ask(asked)
            rows = [(" ".join(sorted(each)), " ".join(found.frontier(each))) for each in found.answers.sufficient]
            return pd.DataFrame(rows, columns=["mechanisms", "usable_in"])

        return self._once(name, asked_now)

    def _judged(self) -> _Found:
        asked = matrix.cases()
        judged = matrix.judged(asked, self.workers)
        return len(asked), ((case.stem, [matrix.row(case, reply.data)]) for case, reply in judged)

    def _clients_judged(self) -> _Found:
        asked = client_tables.cases()
        return len(asked), ((row["client"], [row]) for row in client_tables.judged(asked, self.workers))

    def _bought(self) -> _Found:
        found = bought.judged(DRAFTS, DEPLOYMENTS, self.workers)
        return len(DEPLOYMENTS), ((rows[0]["environment"], rows) for rows in found)

    def _table(self, file: str, shape: Shape, work_out: Callable[[], _Found]) -> pd.DataFrame:
        """A table by the name of its file in the folder, or worked out, as anybody watches."""
        name = file.partition(".")[0]

        def watched() -> pd.DataFrame:
            total, found = work_out()
            rows = []
            with Progress(name, total) as progress:
                for what, some in found:
                    rows += some
                    progress.advance(what)
            return pd.DataFrame(rows)

        return self._stored(file, shape) if self.folder else self._once(name, watched)

    def _stored(self, name: str, shape: Shape) -> pd.DataFrame:
        """A table of the folder (raises SourceError; what is drawn is drawn of every row or not at all)."""
        assert self.folder is not None
        return self._once(name, partial(study_tables.whole, self.folder / name, shape))

    def _simulated(self, name: str) -> Result:
        def simulated() -> Result:
            with Progress(name, 0) as progress:
                return run(
                    name,
                    seed=self.seed,
                    attempts=self.attempts,
                    replications=self.replications,
                    workers=self.workers,
                    progress=progress.at,
                )

        return self._once(name, simulated)

    def _reached(self, kind: str) -> BlastRadius:
        def of_kinds() -> dict[str, BlastRadius]:
            found = {}
            with Progress("blast radius", len(KINDS)) as progress:
                for each in reached(workers=self.workers, seed=self.seed, replications=self.replications):
                    found[each.kind] = each
                    progress.advance(each.kind)
            return found

        return self._once("blast_radius", of_kinds)[kind]

    def _once(self, name: str, work_out: Callable[[], T]) -> T:
        """What is read or worked out, the first time."""
        if name not in self._known:
            self._known[name] = work_out()
        found: T = self._known[name]
        return found
