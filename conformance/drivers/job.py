"""How a driver in Python begins and ends: a job comes as a line of JSON, a word goes back as one.

Standard library only: it runs inside the environment of the software under test.
"""

import json
import sys

from browser import die_with_parent


def received():
    """The job of this process, which ends from here on when whoever started it is gone."""
    job = json.loads(sys.stdin.readline())
    die_with_parent()
    return job


def say(**word):
    print(json.dumps(word), flush=True)


def main(drive):
    """Do the one job of a client, and say how it went."""
    job = received()
    try:
        word = {"done": True, **(drive(job) or {})}
    except Exception as error:
        while getattr(error, "exceptions", None):
            error = error.exceptions[0]
        word = {"done": False, "error": f"{type(error).__name__}: {error}"[:2000]}
    say(**word)


def at(job, port):
    """The issuer that a server is to be; without any told it is where it listens."""
    return job.get("issuer") or f"http://127.0.0.1:{port}"
