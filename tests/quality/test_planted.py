"""The tests are strong: what is planted in the code makes a test fail that is near to it.

``planted.toml`` has the mutants. `p -m pytest -m slow tests/quality/test_planted.py -s` prints the share that is
killed, package by package, and fails for each that lives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLANTED = {
    f"{one['file']}-{place}": one
    for place, one in enumerate(tomllib.loads((ROOT / "tests" / "planted.toml").read_text(encoding="utf-8"))["mutant"])
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mutant_has_its_place_and_its_test(name: str) -> None:
    """What it changes stands once in its file, and the test that it falls to is there."""
    one = PLANTED[name]
    assert (ROOT / one["file"]).read_text(encoding="utf-8").count(one["was"]) == 1
    file, _, test = one["killed_by"].partition("::")
    assert f"def {test.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code and its tests where they may be spoilt."""
    folder = tmp_path_factory.mktemp("planted") / "copy"
    return shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "build", "dist", "__pycache__"))


@pytest.fixture(scope="module")
def killed() -> Iterator[Counter[tuple[str, bool]]]:
    """How many of a package fell, and how many did not; printed in the end."""
    counted = Counter[tuple[str, bool]]()
    yield counted
    for package in sorted({package for package, _ in counted}):
        fell = counted[package, True]
        print(f"\n{package}: {fell} of {fell + counted[package, False]} planted mutants killed", end="")


def ran(test: str, copied: Path) -> subprocess.CompletedProcess[str]:
    """One test of the copy, as a developer would run it."""
    return subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-n", "0", "-q", "-x", "-p", "no:cacheprovider", test],
        cwd=copied,
        env=os.environ | {"PYTHONPATH": str(copied)},
        capture_output=True,
        text=True,
    )


@cache
def passes(test: str, copied: Path) -> bool:
    """Whether a test of the copy passes where nothing is planted."""
    return ran(test, copied).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mutant_falls_to_its_test(name: str, copied: Path, killed: Counter[tuple[str, bool]]) -> None:
    """It fails with the mutant in its place, and passes without it."""
    one = PLANTED[name]
    assert passes(one["killed_by"], copied)
    place = copied / one["file"]
    whole = place.read_text(encoding="utf-8")
    place.write_text(whole.replace(one["was"], one["becomes"]), encoding="utf-8")
    try:
        found = ran(one["killed_by"], copied)
    finally:
        place.write_text(whole, encoding="utf-8")
    killed[one["file"].partition("/")[0], found.returncode == 1] += 1
    assert found.returncode == 1, found.stdout[-2_000:]
