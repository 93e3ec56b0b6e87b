"""Where figures get their tables from: the folder of a study, or worked out anew."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from model.trace import Trace


class SourceError(InputError):
    """A folder that lacks a table, or a table that cannot be read; the message names the file."""


@dataclass(slots=True)
class Source:
    """Tables by what they are about; each is read or worked out once.

    Attributes:
        folder: the folder of a study, or ``None`` to work everything out.
        attempts, replications, seed, workers: for experiments that are run anew.
    """

    folder: Path | None = None
    attempts: int = 5000
    replications: int = 5
    seed: int = 1
    workers: int = 1
    _known: dict[str, Any] = field(default_factory=dict)

    def verdicts(self) -> pd.DataFrame:
        """The verdicts of a study: a row for each design, attacker and property."""
        if "verdicts" not in self._known:
            self._known["verdicts"] = read_verdicts(self.folder) if self.folder else self._judged()
        table: pd.DataFrame = self._known["verdicts"]
        return table

    def experiment(self, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Rates and differences of an experiment."""
        if name not in self._known:
            if self.folder:
                stem = self.folder / "simulations" / name
                self._known[name] = tuple(read_table(Path(f"{stem}_{kind}.csv")) for kind in ("rates", "differences"))
            else:
                self._known[name] = self._simulated(name)
        rates, differences = self._known[name]
        return rates, differences

    def sufficient(self, name: str, asked: Any) -> pd.DataFrame:
        """The minimal sufficient sets that a question to the lattice is answered with."""
        if name not in self._known:
            import pandas as pd

            from openworld.lattice import ask

            found = ask(asked)
            rows = [(" ".join(sorted(each)), " ".join(found.deployments(each))) for each in found.answers.sufficient]
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

        from openworld.jobs import Question, answers
        from openworld.progress import Progress
        from openworld.study import Plan, cases

        asked = cases(Plan(Path()))
        rows = []
        with Progress("verdicts", len(asked)) as progress:
            questions = [Question(case.prop.name, case.configuration) for case in asked]
            for case, reply in zip(asked, answers(questions, self.workers, by_design=True), strict=True):
                rows.append({
                    "design": case.design, "attacker": case.attacker, "capabilities": case.capabilities,
                    "code": case.prop.code, "property": case.prop.name, "kind": case.prop.kind,
                    **{name: reply.data[name] for name in ("verdict", "reach", "steps", "blocked_by")},
                })  # fmt: skip
                progress.advance()
        return pd.DataFrame(rows)

    def _simulated(self, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        from openworld.progress import Progress
        from simulations.experiments import run

        with Progress(name, 0) as progress:
            result = run(
                name, seed=self.seed, attempts=self.attempts, replications=self.replications, workers=self.workers,
                progress=progress.at,
            )  # fmt: skip
        return result.rates, result.differences


def read_table(path: Path) -> pd.DataFrame:
    """A table of an experiment from CSV.

    Raises:
        SourceError: no such file, or not such a table.
    """
    import pandas as pd

    try:
        return pd.read_csv(path)
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file; `openworld study` writes it") from None
    except (ValueError, UnicodeDecodeError) as error:  # what pandas raises is a ValueError
        raise SourceError(f"{path}: not a table: {' '.join(str(error).split())}") from None


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
