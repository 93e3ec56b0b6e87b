"""The slow tests by parts, each in a process of its own with a limit of memory, and what each took on record.

A part is what a file has of slow tests. ``python tests/slow.py`` runs all of them one after the other, and with names
(``properties/test_reasons``) those. ``--list`` prints the names as JSON, ``--shuffle SEED`` runs tests in another
order. After each part its row in ``slow.csv`` is written anew: tests, failures by name, seconds, CPU seconds and the
most memory that one of its processes had. The exit code is 1 where something failed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

HERE = Path(__file__).parent
RECORD = HERE / "slow.csv"
COLUMNS = ("part", "tests", "failed", "seconds", "cpu", "megabytes", "date", "failures")
PYTEST = (sys.executable, "-m", "pytest", "-m", "slow", "-q", "-p", "no:cacheprovider")


def parts() -> list[str]:
    """The files that have slow tests, without their ending."""
    listed = subprocess.run([*PYTEST, "--collect-only"], cwd=HERE.parent, capture_output=True, text=True, check=True)
    files = (line.partition("::")[0] for line in listed.stdout.splitlines() if "::" in line)
    return [file.removeprefix("tests/").removesuffix(".py") for file in dict.fromkeys(files)]


def ran(part: str, workers: int, gigabytes: float, shuffle: str) -> dict[str, Any]:
    """Run a part, and say what came of it.

    The limit is on what is written to: browsers reserve far more addresses than they use.
    """
    limit = int(gigabytes * (1 << 30) / max(1, workers))
    with TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [*PYTEST, "-n", str(workers), f"--junitxml={report}", "--timeout", "7200", f"tests/{part}.py"]
        started = time.monotonic()
        process = subprocess.Popen(
            [*command, *(["--shuffle", shuffle] if shuffle else [])],
            cwd=HERE.parent,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
        )
        _, status, used = os.wait4(process.pid, 0)
        cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    failures = [case.get("name", "") for case in cases if {"failure", "error"} & {part.tag for part in case}]
    if os.waitstatus_to_exitcode(status) not in (0, 1, 5):
        failures.append(f"ended with {os.waitstatus_to_exitcode(status)}")
    said = {"part": part, "tests": len(cases), "failed": len(failures), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    return said | {
        "seconds": round(time.monotonic() - started),
        "cpu": round(used.ru_utime + used.ru_stime),
        "megabytes": used.ru_maxrss >> 10,
        "failures": " ".join(failures),
    }


def record(row: dict[str, Any]) -> None:
    """Put what was found into the table, in the place of what was there of the part."""
    known = {}
    if RECORD.exists():
        with RECORD.open(newline="", encoding="utf-8") as file:
            known = {one["part"]: one for one in csv.DictReader(file)}
    known[row["part"]] = row
    with RECORD.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(known[name] for name in sorted(known))


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("parts", nargs="*", metavar="PART")
    asked.add_argument("--list", action="store_true")
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--gigabytes", type=float, default=8.0)
    asked.add_argument("--shuffle", default="", metavar="SEED")
    given = asked.parse_args()
    if given.list:
        print(json.dumps(parts()))
        return 0
    failed = 0
    for part in given.parts or parts():
        row = ran(part, given.workers, given.gigabytes, given.shuffle)
        record(row)
        failed += row["failed"]
        print(" ".join(f"{name}={row[name]}" for name in COLUMNS), flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
