"""The folder of a study that somebody has damaged: a report is made of the rest, or it is said why not."""

import random
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from damage import damaged

from openworld.cli import main

#: What a report reads, by kind; what there are many of is not damaged more often for that.
READ = (
    "run.json", "verdicts.json", "clients.csv", "environments.csv", "attacks/*.json", "simulations/*_rates.csv",
    "simulations/*_quantities.csv", "simulations/*_differences.csv", "simulations/blast-radius-token.csv",
    "figures/*.svg", "figures/*.txt",
)  # fmt: skip
FIGURES = {
    "verdicts.json": "attackers", "clients.csv": "clients-verdicts", "simulations/*_rates.csv": "echo-funnel",
    "simulations/*_differences.csv": "echo-differences", "simulations/blast-radius-token.csv": "blast_radius-token",
    "simulations/*_quantities.csv": "echo-trade",
}  # fmt: skip


def written(folder: Path) -> dict[str, bytes]:
    """Everything below a folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check(folder: Path, seed: int, figures: bool = False) -> None:
    """Damage a file, make the report, and put the file back."""
    chance = random.Random(seed)
    pattern = chance.choice(READ)
    path = chance.choice(sorted(folder.glob(pattern)))
    whole = path.read_bytes()
    path.write_bytes(damaged(path.name, whole, chance))
    before = written(folder.parent)
    drawn, command = folder / "drawn", ["report", str(folder)]
    if figures and pattern in FIGURES:
        command = ["figures", FIGURES[pattern], "--from", str(folder), "-o", str(drawn), "--workers", "1"]
    result = CliRunner().invoke(main, command)
    shutil.rmtree(drawn, ignore_errors=True)
    after = written(folder.parent)
    changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    case = f"seed {seed}, {path.relative_to(folder)}"
    assert result.exit_code in (0, 2), f"{case}:\n{result.output}"
    assert all(line.startswith(("openworld: ", "figures ")) for line in result.stderr.splitlines()), case
    assert set(changed) <= {str(folder / "report.html")}, case
    path.write_bytes(whole)


@pytest.mark.slow
def test_a_report_is_made_of_the_rest_or_refused_in_lines(copied: Path) -> None:
    """Nothing that can be in a file ends in a traceback, and nothing is written anywhere else."""
    (copied.parent / "outside.txt").write_text("untouched", encoding="utf-8")
    for seed in range(2):
        check(copied, seed)


@pytest.mark.slow
@pytest.mark.parametrize("figures", [False, True])
def test_whatever_is_wrong_with_a_file(copied: Path, figures: bool) -> None:
    """The same with more of chance, and of figures."""
    for seed in range(1000, 1300 if figures else 2000):
        check(copied, seed, figures)
