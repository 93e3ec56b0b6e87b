"""ProVerif, which proves for any number of sessions what the solver proves for those of a world.

It is no package of the distributions: opam has it, and OCaml, which they have, builds it from its sources in seconds.
Where it is not installed, what it answered to the questions that are asked most is shipped (``data/proofs.csv``). The
digest of all that it was given is the key, so that no answer outlives a change of the model.

References:
    B. Blanchet: Modeling and Verifying Security Protocols with the Applied Pi Calculus and ProVerif. Foundations and
    Trends in Privacy and Security 1(1-2), 2016.
"""

import csv
import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple, cast

from properties.proofs import NoEndError, ProofError, run

PROVER = "proverif"
WHERE = "opam has it (`opam install proverif`), and its sources are built by OCaml alone: https://proverif.inria.fr"
#: Bytes that it may have: what takes more seldom ends at all.
MEMORY = 4 << 30
#: Of an event: it is proved never to happen, there is a derivation of it, or neither was found out.
Found = Literal["never", "derived", "unknown"]
_FOUND: dict[str, Found] = {"true": "never", "false": "derived"}


class Shipped(NamedTuple):
    """What the prover answered elsewhere: the digest of a process, an event of it, the answer, since when."""

    digest: str
    event: str
    found: Found
    version: str
    day: str


@cache
def shipped() -> Mapping[tuple[str, str], Shipped]:
    """The answers that come with the package, by digest and event."""
    lines = files(__package__).joinpath("data", "proofs.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(lines)
    made = (Shipped(row["digest"], row["event"], cast(Found, row["found"]), row["version"], row["day"]) for row in rows)
    return {(one.digest, one.event): one for one in made}


def digest(process: str) -> str:
    """What a process is called by: half of its SHA-256, but for the comment on top, which says who asked."""
    return hashlib.sha256(process.partition("*)\n")[2].encode()).hexdigest()[:32]


def available(process: str, event: str) -> Shipped | None:
    """The shipped answer about an event where the prover is not installed; ``None`` where it is.

    Raises:
        ProofError: it is not installed, and no answer is shipped.
    """
    if shutil.which(PROVER) is not None:
        return None
    answer = shipped().get((digest(process), event))
    if answer is None:
        raise ProofError(f"{PROVER} is not installed, and no answer to this question is shipped: {WHERE}")
    return answer


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
