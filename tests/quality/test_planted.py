"""The tests are strong: what is planted in the code makes a test fail that is near to it.

``mutants.csv`` has the mutants that were drawn (`tests/planting.py`), ``planted.toml`` those that were written by hand.
`make slow ARGS=quality/test_planted` plants each in a copy and runs the test that kills it.
"""

import subprocess
import sys
from pathlib import Path

import planting
import pytest
from places import ROOT
from planting import PACKAGES, RECORDED, Mutant

MUTANTS = [*planting.recorded(), *planting.written()]
#: The share that falls to the quick tests; raise it with what is on record.
LEAST = 0.95
#: A few that fall to the quickest tests, each in another file and to another test.
FEW = 6


def test_every_planted_mutant_has_its_place_and_its_test() -> None:
    """What it changes is there, and the test that it falls to is; `python tests/planting.py draw` draws anew."""
    assert [str(one) for one in MUTANTS if one.planted() is None] == []
    for one in MUTANTS:
        file, _, test = one.killed_by.partition("::")
        assert not test or f"def {test.partition('[')[0]}(" in _text(file), f"{one}: there is no {one.killed_by}"


def test_every_mutant_has_a_name_of_its_own() -> None:
    assert len({str(one) for one in planting.recorded()}) == len(planting.recorded())


def test_enough_is_planted_everywhere_and_no_less_of_it_falls_than_did() -> None:
    """400 in all, 20 of each package; of those that change anything a share that may only rise. The aim is 95 %."""
    assert len(MUTANTS) >= 400
    for package in PACKAGES:
        assert sum(one.file.startswith(f"{package}/") for one in MUTANTS) >= 20
    states = [one.state for one in MUTANTS]
    assert states.count("killed") >= LEAST * (len(states) - states.count("equivalent"))


def _text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def _quickest() -> list[Mutant]:
    """Of different files and tests, so that all can be planted at once."""
    single = [one for one in planting.recorded() if "::" in one.killed_by and not one.remark]
    ranked = sorted(single, key=lambda one: (-float(one.seconds), str(one)))
    by_test = {one.killed_by: one for one in ranked}
    by_file = {one.file: one for one in by_test.values()}
    return list(by_file.values())[-FEW:]


def test_a_few_planted_mutants_fall(tmp_path: Path) -> None:
    """All at once in a copy: each of their tests fails there, as it does not here."""
    few = _quickest()
    copy = planting.copied(tmp_path / "copy")
    for one in few:
        planting.plant(copy, one.file, one.planted() or b"")
    ran = subprocess.run(
        [
            sys.executable,
            "-B",
            "-m",
            "pytest",
            "-n",
            "0",
            "-q",
            "-p",
            "no:cacheprovider",
            *(one.killed_by for one in few),
        ],
        cwd=copy,
        env={**planting.os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{FEW} failed" in ran.stdout, ran.stdout[-2_000:]


@pytest.mark.slow
@pytest.mark.parametrize("package", RECORDED)
def test_a_planted_mutant_falls_to_its_test(package: str) -> None:
    """It fails with the mutant in its place, and passes without it; what lives is named."""
    command = [sys.executable, str(ROOT / "tests" / "planting.py"), "check", package]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(ran.stdout)
    assert ran.returncode == 0, ran.stdout[-2_000:]
