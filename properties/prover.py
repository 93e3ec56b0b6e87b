"""ProVerif, which proves for any number of sessions what the solver proves for those of a world.

It is no package of the distributions: opam has it, and OCaml, which they have, builds it from its sources in seconds.

References:
    B. Blanchet: Modeling and Verifying Security Protocols with the Applied Pi Calculus and ProVerif. Foundations and
    Trends in Privacy and Security 1(1-2), 2016.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from properties.proofs import NoEndError, ProofError, run

PROVER = "proverif"
WHERE = "opam has it (`opam install proverif`), and its sources are built by OCaml alone: https://proverif.inria.fr"
#: Bytes that it may have: what takes more seldom ends at all.
MEMORY = 4 << 30
#: Of an event: it is proved never to happen, there is a derivation of it, or neither was found out.
Found = Literal["never", "derived", "unknown"]
_FOUND: dict[str, Found] = {"true": "never", "false": "derived"}


@dataclass(frozen=True, slots=True)
class ProverAnswers:
    """What the prover found of each event that it was asked about, and all that it printed."""

    events: dict[str, Found]
    printed: str


def ask(process: str, timeout: float | None = None) -> ProverAnswers:
    """Run the prover on a process with queries about events.

    Raises:
        ProofError: it is not installed, or cannot read the process.
        NoEndError: it has not come to an end in ``timeout`` seconds, or in the memory that it may have.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder, "question.pv")
        file.write_text(process, encoding="utf-8")
        ended = run([PROVER, str(file)], timeout, WHERE, MEMORY)
    results = re.findall(r"^RESULT not event\((\w+)\) (?:is (true|false)|.*)", ended.stdout, re.MULTILINE)
    if ended.returncode < 0 or "out of memory" in (ended.stdout + ended.stderr).lower():
        raise NoEndError(f"{PROVER} has not come to an end in {MEMORY >> 30} GiB of memory")
    if ended.returncode or not results:
        said = [line for line in (ended.stdout + ended.stderr).splitlines() if line.startswith("Error")]
        raise ProofError(f"{PROVER} cannot read the process: {' '.join(said) or f'exit {ended.returncode}'}")
    return ProverAnswers({name: _FOUND.get(answer, "unknown") for name, answer in results}, ended.stdout)
