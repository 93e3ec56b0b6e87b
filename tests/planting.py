"""Mutants over all packages: draws them, finds the quickest test that kills each, and prints the share by package.

A mutant is one place of one function, changed (`places.py`).

``python tests/planting.py table`` prints how many of each package are on record in ``mutants.csv`` and ``planted.toml``
and how many of them the quick tests kill. ``draw`` drops what has lost its place and draws others instead: it marks
the places in a copy, runs the quick tests file by file to see which come past a place, and plants one mutant after
the other. ``kill`` plants those that nothing kills so far, and those whose name has the given words, and runs the
given tests. ``check`` plants all that are on record of a package and runs the test that kills each.
"""

import argparse
import csv
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from places import ROOT, Place, drawn, places

RECORD = ROOT / "tests" / "mutants.csv"
COLUMNS = ("file", "function", "change", "text", "killed_by", "seconds", "remark")
PACKAGES = ("model", "properties", "simulations", "deployed", "conformance", "openworld", "notebooks")
#: What is on record is of these, and of what tries the suite from outside.
RECORDED = (*PACKAGES, "benchmarks")
#: Tests that look at the text of the code rather than at what it does.
TEXTUAL = ("test_planted", "test_structure", "test_prose", "test_sentences", "test_pages")
MARK = "__import__('planting_marks').passed({})"
MARKS = """
import os
_seen = set()
def passed(number):
    if number not in _seen:
        _seen.add(number)
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        if test and "PLANTING_MARKS" in os.environ:
            try:
                with open(os.environ["PLANTING_MARKS"], "ab", buffering=0) as file:
                    file.write(f"{number} {test}\\n".encode())
            except OSError:  # in a sandbox
                pass
"""


def copied(folder: Path) -> Path:
    """A copy of the code and its tests that may be spoilt."""
    ignored = shutil.ignore_patterns(".*", "build", "dist", "__pycache__", "out")
    return Path(shutil.copytree(ROOT, folder, ignore=ignored))


def marked(copy: Path, sample: list[Place]) -> None:
    """Put a mark before each place of a sample in a copy."""
    (copy / "planting_marks.py").write_text(MARKS, encoding="utf-8")
    of = defaultdict(list)
    for index, place in enumerate(sample):
        of[place.file].append((place.line, MARK.format(index)))
    for file, marks in of.items():
        if not file.startswith("notebooks/"):
            lines = (ROOT / file).read_text(encoding="utf-8").split("\n")
            for line, mark in sorted(marks, reverse=True):
                indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
                lines.insert(line - 1, indent + mark)
            (copy / file).write_text("\n".join(lines), encoding="utf-8")


#: Imported once for all that is run; the packages themselves are imported by each run, with what is planted in them.
HEAVY = ("z3", "pysat.solvers", "numpy", "pandas", "scipy.stats", "matplotlib.pyplot", "networkx", "hypothesis")


class _Told:
    """Writes one line for each test that ends, and one for the test that begins."""

    def __init__(self, to: int) -> None:
        self.to = to
        self.seconds = Counter[str]()
        self.ended: dict[str, str] = {}

    def write(self, **said: Any) -> None:
        os.write(self.to, (json.dumps(said) + "\n").encode())

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.write(test=nodeid, ended="never", seconds=0.0)
        if "planting_marks" in sys.modules:
            sys.modules["planting_marks"]._seen.clear()

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.write(test=report.nodeid, ended="failed", seconds=0.0)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] += report.duration
        if not report.passed:
            self.ended[report.nodeid] = report.outcome
        if report.when == "teardown":
            ended = self.ended.get(report.nodeid, "passed")
            self.write(test=report.nodeid, ended=ended, seconds=round(self.seconds[report.nodeid], 2))


def tried(copy: Path, tests: list[str], limit: float, *options: str, **environment: str) -> list[dict[str, Any]]:
    """Run tests in a copy for so many seconds, and return how each that was begun ended."""
    for module in HEAVY:
        importlib.import_module(module)
    shutil.rmtree(copy / ".hypothesis", ignore_errors=True)
    report = Path(f"{copy}.jsonl")
    with report.open("wb") as file:
        child = os.fork()
        if child == 0:
            _run(copy, tests, file.fileno(), options, environment)
        deadline = time.monotonic() + limit
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.killpg(child, signal.SIGKILL)
                ended = os.waitpid(child, 0)
                break
            time.sleep(0.02)
    said = {one["test"]: one for one in map(json.loads, report.read_text(encoding="utf-8").splitlines())}
    if not said and os.waitstatus_to_exitcode(ended[1]) in (1, 2, 3, 4):  # what cannot even be imported
        return [{"test": tests[0], "ended": "failed", "seconds": 0.0}]
    return list(said.values())


def _run(copy: Path, tests: list[str], to: int, options: tuple[str, ...], environment: dict[str, str]) -> None:
    """Be the process that runs the tests."""
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_DATA, (6 << 30, 6 << 30))
        os.chdir(copy)
        sys.path[:] = [str(copy), *(one for one in sys.path if not Path(one or ".").resolve().is_relative_to(ROOT))]
        home = {"XDG_CACHE_HOME": f"{copy}.cache", "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        os.environ.update(home | environment)
        sys.dont_write_bytecode = True
        output = os.open(f"{copy}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        import pytest

        arguments = ["-n0", "-q", "-p", "no:cacheprovider", *options, *tests]
        os._exit(pytest.main(arguments, plugins=[_Told(to)]))
    finally:
        os._exit(70)


def passing(copy: Path, file: str, limit: float = 600) -> dict[str, Any]:
    """Run the quick tests of a file in a marked copy: how each ended, and which come past which mark."""
    marks = Path(f"{copy}.marks")
    marks.write_bytes(b"")
    ended = tried(copy, [file], limit, PLANTING_MARKS=str(marks))
    past = [line.partition(" ") for line in marks.read_text(encoding="utf-8").splitlines()]
    return {"file": file, "ended": ended, "past": sorted({(int(number), test) for number, _, test in past})}


Timed = tuple[str, float]


def nearest(place: Place, index: int, known: list[dict[str, Any]]) -> list[Timed]:
    """The tests that come past a place and how long each takes: those named like its file first, then the quickest."""
    past = {test for one in known for number, test in one["past"] if number == index}
    took = {each["test"]: each["seconds"] for one in known for each in one["ended"] if each["ended"] == "passed"}
    # What tests of a file have in common is laid down in the first of them, and in each that is run by itself.
    common = {one["file"]: max((each["seconds"] for each in one["ended"]), default=0.0) / 4 for one in known}
    took = {test: seconds + common[test.partition("::")[0]] for test, seconds in took.items()}
    package, stem = place.file.partition("/")[0], Path(place.file).stem.strip("_")
    if package == "notebooks":  # no marks are put into what is shown
        past = {test for test in took if f"[{stem}]" in test}
    elif not past:  # what runs while modules are imported, or in a sandbox
        past = {test for test in took if test.startswith(f"tests/{package}/")}

    def far(test: str) -> tuple[bool, bool, float]:
        of = Path(test.partition("::")[0])
        return stem not in of.stem, of.parent.name != package, took[test]

    return [(test, took[test]) for test in sorted(past & took.keys(), key=far)]


def batches(tests: list[Timed], most: float = 60) -> Iterator[list[Timed]]:
    """Those that are near or quick first, then what there is time for."""
    first: list[Timed] = []
    rest: list[Timed] = []
    for test, seconds in tests:
        soon = len(first) < 40 and sum(took for _, took in first) + seconds < 8
        late = sum(took for _, took in rest) + seconds < most
        (first if soon else rest if late else []).append((test, seconds))
    yield from (some for some in (first, rest) if some)


def plant(copy: Path, file: str, source: bytes) -> None:
    """Write a file of the copy as it is to be; a notebook follows its script."""
    path = copy / file
    path.write_bytes(source)
    if file.startswith("notebooks/"):
        import jupytext

        jupytext.write(jupytext.read(path), path.with_suffix(".ipynb"))


def killer(copy: Path, file: str, source: bytes, tests: list[Timed]) -> tuple[str, float, str] | None:
    """The first of these tests to fail where a file of the copy is changed, its seconds, and a remark."""
    plant(copy, file, source)
    try:
        for one in tried(copy, [test for test, _ in tests], 3 * sum(seconds for _, seconds in tests) + 60, "-x"):
            if one["ended"] == "failed":
                return one["test"], one["seconds"], ""
            # What others had laid down for it before takes its time too, where it is run by itself.
            if one["ended"] == "never" and any(alone["ended"] == "never" for alone in tried(copy, [one["test"]], 90)):
                return one["test"], 90.0, "does not end"
        return None
    finally:
        plant(copy, file, (ROOT / file).read_bytes())
        shutil.copystat(ROOT / file, copy / file)  # what was compiled of it counts again


@dataclass
class Mutant:
    """One on record: where it is, what changes there, and the quickest test that kills it."""

    file: str
    function: str
    change: str
    text: str
    killed_by: str = ""
    seconds: str = ""
    remark: str = ""

    def __str__(self) -> str:
        return f"{self.file} {self.function}: {self.change}: {self.text}"

    @property
    def state(self) -> str:
        """``killed``, ``survived``, or ``equivalent`` where the remark argues that nothing changes."""
        return "killed" if self.killed_by else "equivalent" if self.remark.startswith("equivalent") else "survived"

    def planted(self) -> bytes | None:
        """Return the source of its file with the change in it; none where its place is gone."""
        if not (ROOT / self.file).exists():
            return None
        source = (ROOT / self.file).read_bytes()
        for _, there in places(self.file, self.function).values():
            for place in there:
                if place.key == (self.file, self.function, self.change, self.text):
                    return place.planted(source)
        return None


@dataclass
class Written(Mutant):
    """One of ``planted.toml``, written by hand: ``change`` stands once in the file, and ``text`` takes its place."""

    def __str__(self) -> str:
        return f"{self.file}: {' '.join(self.change.split())}"

    def planted(self) -> bytes | None:
        """Return the source of its file with the change in it; none where its place is gone."""
        source = (ROOT / self.file).read_text(encoding="utf-8") if (ROOT / self.file).exists() else ""
        return source.replace(self.change, self.text).encode() if source.count(self.change) == 1 else None


def recorded() -> list[Mutant]:
    """The mutants of ``mutants.csv``."""
    with RECORD.open(newline="", encoding="utf-8") as file:
        return [Mutant(**row) for row in csv.DictReader(file)]


def written() -> list[Mutant]:
    """The mutants of ``planted.toml``."""
    told = tomllib.loads((ROOT / "tests" / "planted.toml").read_text(encoding="utf-8"))["mutant"]
    return [Written(one["file"], "", one["was"], one["becomes"], one["killed_by"]) for one in told]


def record(mutants: list[Mutant]) -> None:
    """Write ``mutants.csv``."""
    rows = sorted(mutants, key=lambda one: (RECORDED.index(one.file.partition("/")[0]), str(one)))
    with RECORD.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([getattr(one, name) for name in COLUMNS] for one in rows)


def table(mutants: list[Mutant]) -> str:
    """How many of each package there are and what became of them; the share is of those that change something."""
    counted = Counter((one.file.partition("/")[0], one.state) for one in mutants)
    lines = [f"{'package':<14}{'planted':>8}{'killed':>8}{'equivalent':>12}{'survived':>10}{'share':>8}"]
    for package in (*RECORDED, "all"):
        of = [number for (name, state), number in counted.items() if package in (name, "all")]
        killed, equivalent, survived = (
            sum(number for (name, each), number in counted.items() if package in (name, "all") and each == state)
            for state in ("killed", "equivalent", "survived")
        )
        share = f"{killed / (killed + survived):.1%}" if killed + survived else ""
        lines.append(f"{package:<14}{sum(of):>8}{killed:>8}{equivalent:>12}{survived:>10}{share:>8}")
    return "\n".join(lines)


def draw() -> None:
    """Fill the record up, one row after the other, so that it may be stopped and goes on from there."""
    kept = [one for one in recorded() if one.planted() is not None] if RECORD.exists() else []
    there = {(one.file, one.function, one.change, one.text) for one in kept}
    sample = [
        place
        for package in PACKAGES
        for place in [one for one in drawn(package) if one.key not in there][
            : max(0, len(drawn(package)) - sum(one.file.startswith(f"{package}/") for one in kept))
        ]
    ]
    with TemporaryDirectory() as folder:
        seen = copied(Path(folder, "marked"))
        marked(seen, sample)
        files = sorted(path for path in (ROOT / "tests").rglob("test_*.py") if path.stem not in TEXTUAL)
        known = [passing(seen, path.relative_to(ROOT).as_posix()) for path in files if sample]
        copy = copied(Path(folder, "copy"))
        for index, place in enumerate(sample):
            source = place.planted((ROOT / place.file).read_bytes())
            tried_by = (killer(copy, place.file, source, some) for some in batches(nearest(place, index, known)))
            test, seconds, remark = next((found for found in tried_by if found), ("", "", ""))
            kept.append(Mutant(*place.key, test, str(seconds), remark))
            print(kept[-1], "->", test or "survived", flush=True)
            record(kept)


def kill(words: list[str], tests: list[str]) -> None:
    """Run these tests against those that nothing kills so far, or that have all these words in their name.

    What fails where nothing is planted kills nothing.
    """
    mutants = recorded()
    with TemporaryDirectory() as folder:
        copy = copied(Path(folder, "copy"))
        pass_here = [(one["test"], one["seconds"]) for one in tried(copy, tests, 600) if one["ended"] == "passed"]
        if not pass_here:
            sys.exit(f"none of these passes where nothing is planted: {' '.join(tests)}")
        for one in mutants:
            asked = all(word in str(one) for word in words) if words else one.state == "survived"
            source = one.planted() if asked else None
            if source is not None:
                found = killer(copy, one.file, source, pass_here)
                if found:
                    one.killed_by, one.seconds, one.remark = found[0], str(found[1]), found[2]
                print(one, "->", found[0] if found else "survived", flush=True)
    record(mutants)


def _is_of(test: str, named: str) -> bool:
    """Whether a test is the one that is named, or one of its rows, or stands in that file."""
    return test == named or test.startswith((f"{named}[", f"{named}::"))


def check(package: str) -> int:
    """Plant all of a package that are said to be killed, print those that are not, and return how many that are."""
    mutants = [one for one in (*recorded(), *written()) if one.state == "killed" and one.file.startswith(package)]
    alive = []
    with TemporaryDirectory() as folder:
        copy = copied(Path(folder, "copy"))
        ended = tried(copy, sorted({one.killed_by for one in mutants}), 3600)
        for one in mutants:
            source = one.planted()
            if source is None:
                alive.append(f"{one}: its place is gone; `python tests/planting.py draw` draws another")
            elif {each["ended"] for each in ended if _is_of(each["test"], one.killed_by)} != {"passed"}:
                alive.append(f"{one}: {one.killed_by} fails without it")
            elif not killer(copy, one.file, source, [(one.killed_by, 30.0)]):
                alive.append(f"{one}: {one.killed_by} passes with it")
    print("\n".join([*alive, f"{package}: {len(mutants) - len(alive)} of {len(mutants)} killed"]))
    return len(alive)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = asked.add_subparsers(dest="command", required=True)
    commands.add_parser("table")
    commands.add_parser("draw")
    killing = commands.add_parser("kill")
    killing.add_argument("words", nargs="*", metavar="WORD")
    killing.add_argument("--tests", nargs="+", required=True, metavar="TEST")
    commands.add_parser("check").add_argument("packages", nargs="*", metavar="PACKAGE")
    said = asked.parse_args()
    if said.command == "table":
        print(table([*recorded(), *written()]))
    elif said.command == "draw":
        draw()
    elif said.command == "kill":
        kill(said.words, said.tests)
    else:
        return 1 if sum(check(package) for package in said.packages or RECORDED) else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
