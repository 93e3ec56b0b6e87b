"""SPIN from the distribution's packages, run on a text of Promela."""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

#: What a run needs, on Debian and Ubuntu packages of the same names.
NEEDED = ("spin", "gcc")


@dataclass(frozen=True, slots=True)
class Run:
    """What SPIN found and how long it took.

    Attributes:
        states: stored states; all reachable ones where nothing is violated.
        steps: actions to the violation, the fewest if the search was breadth first; ``None`` if there is none.
        translating, compiling, searching: seconds of ``spin``, ``gcc`` and ``pan``, each a process of its own.
    """

    states: int
    steps: int | None
    translating: float
    compiling: float
    searching: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.translating + self.compiling + self.searching


def missing() -> list[str]:
    """The programs that are not there."""
    return [program for program in NEEDED if shutil.which(program) is None]


def spin(text: str, states: int, breadth_first: bool = False, macros: Collection[str] = ()) -> Run:
    """Search the states of a text until its assertion is violated.

    Args:
        states: how many there will be, about: the hash table is made for them, and where they are few the compiler
            is not asked for a fast program, which would take it longer than the search.
        macros: options such as ``-Dname=value``.

    Raises:
        RuntimeError: SPIN gave up before it had seen all states.
    """
    flags = ["-O2" if states > 100_000 else "-O0", "-w", "-DSAFETY", "-DNOREDUCE", "-DVECTORSZ=4096"]
    flags += ["-DBFS"] if breadth_first else []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "world.pml").write_text(text, encoding="utf-8")
        # -o2: what is written and never read stays part of the state, as it does for the machine.
        translating, _ = _timed(folder, "spin", "-a", "-o2", *macros, "world.pml")
        compiling, _ = _timed(folder, "gcc", *flags, "-o", "pan", "pan.c")
        searching, said = _timed(folder, "./pan", "-E", "-m100000", f"-w{max(10, states.bit_length() + 1)}")
    if ("Search not completed" in said and "assertion violated" not in said) or "max search depth" in said:
        raise RuntimeError(f"SPIN gave up:\n{said}")
    violated = re.search(r"assertion violated .* \(at depth (\d+)\)", said)
    stored = re.search(r"(\d+) states, stored", said)
    if stored is None:
        raise RuntimeError(f"SPIN said nothing of states:\n{said}")
    steps = int(violated[1]) + 1 if violated else None
    return Run(int(stored[1]), steps, translating, compiling, searching)


def _timed(folder: str, *command: str) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return seconds, done.stdout
