"""What published attacks are mended by, for any number of sessions and servers: ProVerif beside the solver, in one run.

python -m benchmarks.prover
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter

from model.design import parse
from properties.literature import publications
from properties.proofs import ProofError, require
from properties.prover import PROVER, WHERE
from properties.unbounded import any_number
from properties.verdict import check


def main() -> int:
    """Ask both of each published attack in the configuration that mends it."""
    try:
        require(PROVER, where=WHERE)
    except ProofError as error:
        print(f"not run: {error}")
        return 0
    standings, ratios = Counter[tuple[str, str, str]](), []
    print(f"{'published attack':24}{'mended':>18}{'any number':>12} {'of':20}{'solver s':>9}{'prover s':>9}")
    for published in publications().values():
        if published.question is None:
            continue
        asked, configuration = published.question.property, parse(published.question.fixed)
        started = time.perf_counter()
        verdict = check(asked, configuration)
        between = time.perf_counter()
        found = any_number(verdict)
        ended = time.perf_counter()
        of = "sessions, servers" if found.servers else "sessions"
        standings[verdict.result, found.event, of] += 1
        of += "" if found.standing == "agree" else " (!)"
        ratios.append((ended - between) / (between - started))
        print(
            f"{published.id:24}{verdict.result:>18}{found.event:>12} {of:20}"
            f"{between - started:9.2f}{ended - between:9.2f}",
            flush=True,
        )
    for (result, event, of), number in sorted(standings.items()):
        print(f"{result} here, for any number of {of} {event}: {number}")
    print(f"prover and all that is written for it, times the solver's verdict: median {statistics.median(ratios):.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
