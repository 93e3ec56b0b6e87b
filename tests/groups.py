"""Groups of processes: whether anybody of one is still there."""

import subprocess
import time


def running(group: int) -> bool:
    """Whether a process of the group still runs (one that has ended, but that nobody has asked about, does not)."""
    states = subprocess.run(["ps", "-o", "stat=", "-g", str(group)], capture_output=True, text=True).stdout.split()
    return any(not state.startswith("Z") for state in states)


def gone(group: int, seconds: float = 10) -> bool:
    """Whether all of the group have ended, now or within some seconds."""
    until = time.monotonic() + seconds
    while running(group) and time.monotonic() < until:
        time.sleep(0.02)
    return not running(group)
