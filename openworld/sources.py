"""Where figures get their tables from: the folder of a study, or worked out anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from model.design import DEPLOYMENTS, parse
from model.trace import Trace
from openworld import bought, client_tables, matrix, study_tables
from openworld.minimal_sets import ask
from openworld.mishaps import KINDS, reached
from openworld.progress import Progress
from openworld.study_tables import Shape, SourceError
from properties.verdict import check
from simulations.blast_radius import BlastRadius
from simulations.experiments import run
from simulations.results import Result

#: All that a study writes into its folder.
WRITTEN = (
    "run.json", "report.html", "index.md", "verdicts.json", "verdicts.csv", "certificates.csv", "bounds.csv",
    "clients.csv", "environments.csv", "drafts.csv", "attacks", "runs", "simulations", "figures",
)  # fmt: skip


@dataclass(slots=True)
class Source:
    """Tables by what they are about; each is read or worked out once.

    Attributes:
        folder: the folder of a study, or ``None`` to work everything out.
        attempts, replications, seed, workers: for experiments that are run anew; attempts: as each says, if None.
    """

    folder: Path | None = None
    attempts: int | None = None
    replications: int = 5
    seed: int = 1
    workers: int = 1
    _known: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, result: Result) -> Source:
        """The tables of an experiment that was just run."""
        return cls(_known={result.experiment: result})

    def verdicts(self) -> pd.DataFrame:
        """The verdicts of a study: a row for each design, attacker and property."""
        if self.folder:
            return self._stored("verdicts.json", study_tables.VERDICTS)
        if "verdicts" not in self._known:
            self._known["verdicts"] = self._judged()
        table: pd.DataFrame = self._known["verdicts"]
        return table

    def clients(self) -> pd.DataFrame:
        """The verdicts of a study on deployed clients: a row for each client and situation."""
        if self.folder:
            return self._stored("clients.csv", study_tables.CLIENTS)
        if "clients" not in self._known:
            self._known["clients"] = self._clients_judged()
        table: pd.DataFrame = self._known["clients"]
        return table

    def drafts(self) -> pd.DataFrame:
        """What each draft buys: a row for each draft and environment."""
        if self.folder:
            return self._stored("drafts.csv", study_tables.DRAFTS)
        if "drafts" not in self._known:
            self._known["drafts"] = self._bought()
        table: pd.DataFrame = self._known["drafts"]
        return table

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
        if name not in self._known:
            found = ask(asked)
            rows = [(" ".join(sorted(each)), " ".join(found.frontier(each))) for each in found.answers.sufficient]
            self._known[name] = pd.DataFrame(rows, columns=["mechanisms", "usable_in"])
        table: pd.DataFrame = self._known[name]
        return table

    def trace(self, prop: str, configuration: str) -> Trace:
        """The shortest run for a property under a configuration."""
        found = check(prop, parse(configuration)).trace
        if found is None:
            raise SourceError(f"{prop} under {configuration!r}: there is no run to draw")
        return found

    def _judged(self) -> pd.DataFrame:
        asked = matrix.cases()
        with Progress("verdicts", len(asked)) as progress:
            rows = []
            for case, reply in matrix.judged(asked, self.workers):
                rows.append(matrix.row(case, reply.data))
                progress.advance(case.stem)
        return pd.DataFrame(rows)

    def _clients_judged(self) -> pd.DataFrame:
        asked = client_tables.cases()
        with Progress("clients", len(asked)) as progress:
            rows = []
            for row in client_tables.judged(asked, self.workers):
                rows.append(row)
                progress.advance(row["client"])
        return pd.DataFrame(rows)

    def _bought(self) -> pd.DataFrame:
        with Progress("drafts", len(DEPLOYMENTS)) as progress:
            rows = []
            for found in bought.judged(bought.DRAFTS, DEPLOYMENTS, self.workers):
                rows += found
                progress.advance(found[0]["environment"])
        return pd.DataFrame(rows)

    def _stored(self, name: str, shape: Shape) -> pd.DataFrame:
        """A table of the folder (raises SourceError; what is drawn is drawn of every row or not at all)."""
        assert self.folder is not None
        if name not in self._known:
            self._known[name] = study_tables.whole(self.folder / name, shape)
        table: pd.DataFrame = self._known[name]
        return table

    def _simulated(self, name: str) -> Result:
        if name not in self._known:
            with Progress(name, 0) as progress:
                self._known[name] = run(
                    name, seed=self.seed, attempts=self.attempts, replications=self.replications,
                    workers=self.workers, progress=progress.at,
                )  # fmt: skip
        result: Result = self._known[name]
        return result

    def _reached(self, kind: str) -> BlastRadius:
        if "blast_radius" not in self._known:
            found = reached(workers=self.workers, seed=self.seed, replications=self.replications)
            with Progress("blast radius", len(KINDS)) as progress:
                self._known["blast_radius"] = known = {}
                for each in found:
                    known[each.kind] = each
                    progress.advance(each.kind)
        result: BlastRadius = self._known["blast_radius"][kind]
        return result
