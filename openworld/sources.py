"""Where figures get their tables from: the folder of a study, or worked out anew."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.errors import InputError
from openworld.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

    from model.trace import Trace
    from simulations.blast_radius import BlastRadius
    from simulations.results import Result


# pandas, the solver and simulations (0.1 to 0.4 s) are imported where something is asked of them: whoever lists the
# gallery, or reads one table of a folder, needs the others not.


#: All that a study writes into its folder.
WRITTEN = (
    "run.json", "report.html", "index.md", "verdicts.json", "verdicts.csv", "clients.csv", "attacks", "runs",
    "simulations", "figures",
)  # fmt: skip


class SourceError(InputError):
    """A folder that lacks a table, or a table that cannot be read; the message names the file."""


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
        if "verdicts" not in self._known:
            self._known["verdicts"] = read_verdicts(self.folder) if self.folder else self._judged()
        table: pd.DataFrame = self._known["verdicts"]
        return table

    def clients(self) -> pd.DataFrame:
        """The verdicts of a study on deployed clients: a row for each client and situation."""
        if "clients" not in self._known:
            self._known["clients"] = read_clients(self.folder) if self.folder else self._clients_judged()
        table: pd.DataFrame = self._known["clients"]
        return table

    def experiment(self, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Rates and differences of an experiment."""
        if self.folder:
            return self._stored(f"{name}_rates"), self._stored(f"{name}_differences")
        result = self._simulated(name)
        return result.rates, result.differences

    def effects(self, name: str) -> pd.DataFrame:
        """Main effects and interactions of an experiment whose arms are all combinations of something."""
        return self._stored(f"{name}_effects") if self.folder else self._simulated(name).effects

    def blast_radius(self, kind: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """How far one mishap reaches under each protection, and the rules that stopped it."""
        if self.folder:
            return self._stored(f"blast-radius-{kind}"), self._stored(f"blast-radius-{kind}-rules")
        found = self._reached(kind)
        return found.summary, found.rules

    def sufficient(self, name: str, asked: Any) -> pd.DataFrame:
        """The minimal sufficient sets that a question to the lattice is answered with."""
        if name not in self._known:
            import pandas as pd

            from openworld.lattice import ask

            found = ask(asked)
            rows = [(" ".join(sorted(each)), " ".join(found.frontier(each))) for each in found.answers.sufficient]
            self._known[name] = pd.DataFrame(rows, columns=["mechanisms", "usable_in"])
        table: pd.DataFrame = self._known[name]
        return table

    def trace(self, prop: str, configuration: str) -> Trace:
        """The shortest run for a property under a configuration."""
        from model.design import parse
        from properties.verdict import check

        found = check(prop, parse(configuration)).trace
        if found is None:
            raise SourceError(f"{prop} under {configuration!r}: there is no run to draw")
        return found

    def _judged(self) -> pd.DataFrame:
        import pandas as pd

        from openworld.study import Plan, cases, judged, row

        asked = cases(Plan(Path()))
        with Progress("verdicts", len(asked)) as progress:
            rows = []
            for case, reply in judged(asked, self.workers):
                rows.append(row(case, reply.data))
                progress.advance(case.stem)
        return pd.DataFrame(rows)

    def _clients_judged(self) -> pd.DataFrame:
        import pandas as pd

        from openworld.deployed import cases, judged

        asked = cases()
        with Progress("clients", len(asked)) as progress:
            rows = []
            for row in judged(asked, self.workers):
                rows.append(row)
                progress.advance(row["client"])
        return pd.DataFrame(rows)

    def _stored(self, name: str) -> pd.DataFrame:
        if self.folder is not None and name not in self._known:
            self._known[name] = read_table(self.folder / "simulations" / f"{name}.csv")
        table: pd.DataFrame = self._known[name]
        return table

    def _simulated(self, name: str) -> Result:
        from simulations.experiments import run

        if name not in self._known:
            with Progress(name, 0) as progress:
                self._known[name] = run(
                    name, seed=self.seed, attempts=self.attempts, replications=self.replications,
                    workers=self.workers, progress=progress.at,
                )  # fmt: skip
        result: Result = self._known[name]
        return result

    def _reached(self, kind: str) -> BlastRadius:
        from openworld.mishaps import KINDS, reached

        if "blast_radius" not in self._known:
            found = reached(workers=self.workers, seed=self.seed, replications=self.replications)
            with Progress("blast radius", len(KINDS)) as progress:
                self._known["blast_radius"] = known = {}
                for each in found:
                    known[each.kind] = each
                    progress.advance(each.kind)
        result: BlastRadius = self._known["blast_radius"][kind]
        return result


def read_table(path: Path, needed: Collection[str] = ()) -> pd.DataFrame:
    """A table from CSV, with rows and at least the columns ``needed``.

    Raises:
        SourceError: no such file, or not such a table.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file; `openworld study` writes it") from None
    except (ValueError, UnicodeDecodeError) as error:  # what pandas raises is a ValueError
        raise SourceError(f"{path}: not a table: {' '.join(str(error).split())}") from None
    lacking = sorted(set(needed).difference(table.columns))
    if lacking or (needed and table.empty):
        raise SourceError(f"{path}: no column {lacking[0]!r}" if lacking else f"{path}: no rows")
    return table


def read_verdicts(folder: Path) -> pd.DataFrame:
    """The table of verdicts of a study.

    Raises:
        SourceError: no such file, or not such a table.
    """
    import pandas as pd

    path = folder / "verdicts.json"
    needed = {"design", "attacker", "capabilities", "code", "property", "kind", "verdict", "steps"}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        table = pd.DataFrame(rows)
        lacking = sorted(needed - set(table.columns))
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file; `openworld study` writes it") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise SourceError(f"{path}: not a table of verdicts: {error}") from None
    if lacking:
        raise SourceError(f"{path}: not a table of verdicts: no column {lacking[0]!r}")
    return table


def read_clients(folder: Path) -> pd.DataFrame:
    """The table of verdicts on deployed clients of a study.

    Raises:
        SourceError: no such file, or not such a table.
    """
    needed = {"client", "code", "property", "kind", "situation", "configuration", "verdict", "steps"}
    return read_table(folder / "clients.csv", needed)
