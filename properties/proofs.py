"""Proofs that clauses cannot all hold, made and checked by programs that share nothing with our solver.

CaDiCaL writes a proof in the DRAT format, drat-trim checks it; both are packages of the common distributions.

References:
    N. Wetzler, M. Heule, W. Hunt: DRAT-trim: Efficient Checking and Trimming Using Expressive Clausal Proofs, SAT 2014.
    A. Biere, T. Faller, K. Fazekas, M. Fleury, N. Froleyks, F. Pollitt: CaDiCaL 2.0, CAV 2024.
"""

import math
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

if sys.platform != "win32":  # which has no limits to set
    import resource

PROVER, CHECKER = "cadical", "drat-trim"
PACKAGED = "it is a package of that name in Debian, Ubuntu and others"
#: Exit codes of SAT solvers.
_SAT, _UNSAT = 10, 20


class ProofError(RuntimeError):
    """A proof that cannot be made or looked at here; the message says why."""


class NoEndError(ProofError):
    """A program has not come to an end in the time that it was given."""


def dimacs(clauses: Sequence[int], top: int, assumptions: Iterable[int] = ()) -> str:
    """Clauses (flat, each ended by 0) and assumptions, as clauses of one literal, in the DIMACS form.

    >>> print(dimacs([1, -2, 0], 2, [2]), end="")
    p cnf 2 2
    1 -2 0
    2 0
    """
    lines, line = [], []
    for literal in clauses:
        line.append(str(literal))
        if not literal:
            lines.append(" ".join(line))
            line = []
    lines += [f"{literal} 0" for literal in assumptions]
    return "\n".join([f"p cnf {top} {len(lines)}", *lines, ""])


def prove(formula: str, timeout: float | None = None) -> bytes:
    """A proof that a formula in the DIMACS form cannot hold.

    Raises:
        ProofError: the prover is not installed, out of time, or says that the formula can hold.
    """
    with TemporaryDirectory() as folder:
        clauses, proof = Path(folder, "clauses.cnf"), Path(folder, "proof.drat")
        clauses.write_text(formula, encoding="ascii")
        ended = run([PROVER, "-q", str(clauses), str(proof)], timeout)
        if ended.returncode != _UNSAT:
            why = "it can hold" if ended.returncode == _SAT else ended.stderr.strip() or f"exit {ended.returncode}"
            raise ProofError(f"{PROVER} does not prove that the clauses cannot hold: {why}")
        return proof.read_bytes()


def is_proof(formula: str, proof: bytes, timeout: float | None = None) -> bool:
    """Whether a proof shows that a formula in the DIMACS form cannot hold.

    Raises:
        ProofError: the checker is not installed, or out of time.
    """
    with TemporaryDirectory() as folder:
        clauses, stored = Path(folder, "clauses.cnf"), Path(folder, "proof.drat")
        clauses.write_text(formula, encoding="ascii")
        stored.write_bytes(proof)
        return "s VERIFIED" in run([CHECKER, str(clauses), str(stored)], timeout).stdout.splitlines()


def holds(clauses: Sequence[int], assumptions: Iterable[int], model: Iterable[int]) -> bool:
    """Whether clauses and assumptions hold where just these positive literals do.

    >>> holds([1, -2, 0], [2], [1, 2]), holds([1, -2, 0], [2], [2])
    (True, False)
    """
    true = set(model)
    if not all((abs(literal) in true) == (literal > 0) for literal in assumptions):
        return False
    satisfied = False
    for literal in clauses:
        if literal:
            satisfied = satisfied or (abs(literal) in true) == (literal > 0)
        elif not satisfied:
            return False
        else:
            satisfied = False
    return True


def require(*names: str, where: str = PACKAGED) -> None:
    """Raise ProofError where one of these programs, or of all that are needed, is not there."""
    for name in names or (PROVER, CHECKER):
        if shutil.which(name) is None:
            raise ProofError(f"{name} is not installed: {where}")


def run(
    command: list[str], timeout: float | None, where: str = PACKAGED, memory: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; ``where`` says to whom it is not there how to come by it.

    Args:
        timeout: seconds that it may work, however busy the machine is with other things; of the clock, where that
            cannot be told apart.
        memory: bytes that it may have.

    Raises:
        ProofError: it is not there.
        NoEndError: it is out of time.
    """
    name = command[0]
    require(name, where=where)
    limited = sys.platform != "win32"
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=None if limited else timeout,
            preexec_fn=partial(_limit, timeout, memory) if limited else None,
        )
    except subprocess.TimeoutExpired:
        ended = None
    if ended is None or (limited and ended.returncode == -signal.SIGXCPU):
        raise NoEndError(f"{name} has not come to an end in {timeout:g} s")
    return ended


def _limit(seconds: float | None, memory: int | None) -> None:
    """Bound what this process may use, by less where the user has bound it already; time is in whole seconds."""
    if sys.platform != "win32":
        work = None if seconds is None else max(1, math.ceil(seconds))
        for which, most in ((resource.RLIMIT_CPU, work), (resource.RLIMIT_AS, memory)):
            if most is not None:
                _, hard = resource.getrlimit(which)
                resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
