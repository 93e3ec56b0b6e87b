"""What the readers take for granted where neither a population nor an experiment says: every number of it is swept.

Each has the range in which it is tried when one asks which of the numbers that nobody measured decide an outcome
(:mod:`simulations.sensitivity`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from model.errors import hint
from simulations.engine import EngineError

if TYPE_CHECKING:
    from simulations.engine import Unit


class Option(NamedTuple):
    """A number that a reader can be told: what it is otherwise, between what it is tried, and what it says.

    ``most`` is the most that it can be; a share goes up to 1. ``whole``: it counts something.
    """

    default: float
    low: float
    high: float
    meaning: str
    most: float = 1.0
    whole: bool = False


_ANY = float("inf")

#: The options of each reader that has some. Shares of ``tasks`` are per call or per request.
OPTIONS: dict[str, dict[str, Option]] = {
    "tasks": {
        "steps": Option(10, 1, 20, "calls in a task", 1000, True),
        "servers": Option(
            5, 1, 10, "resource servers that a task chooses from, the first ones more often", 1000, True
        ),
        "think": Option(20, 2, 200, "mean seconds between calls", _ANY),
        "retries": Option(2, 0, 4, "tries after the first one, for what may be better the next time", 100, True),
        "patience": Option(10, 1, 100, "seconds after which a request has timed out", _ANY),
        "not_found": Option(0.001, 0, 0.01, "share of requests for metadata that are answered 404"),
        "server_error": Option(0.01, 0, 0.1, "share of requests that are answered 500"),
        "timed_out": Option(0.01, 0, 0.1, "share of requests that are not answered"),
        "second_server": Option(0.3, 0, 1, "share of RS that list a second AS"),
        "migrates": Option(
            0.0, 0, 0.05, "share of later calls whose RS has moved to another honest AS since the call before"
        ),
        "hijacked": Option(
            0.0, 0, 0.05, "share of later calls whose RS has fallen to an attacker with an AS of its own"
        ),
        "issuer_changed": Option(
            0.0, 0, 0.05, "share of AS whose metadata claims another issuer than the one it was fetched for"
        ),
        "uncovered": Option(0.0, 0, 0.5, "share of honest AS that the federation does not vouch for"),
        "key_rollover": Option(0.01, 0, 0.1, "share of calls at which the RS does not know the key of the token yet"),
        "clock_skew": Option(5, 0.5, 50, "median seconds by which the clock of the RS is ahead", _ANY),
        "step_up": Option(0.05, 0, 0.5, "share of calls for which the RS asks for more scope"),
        "sub_agent": Option(0.1, 0, 1, "share of calls that are left to a sub-agent, which starts with nothing"),
        "detection": Option(86_400, 8_640, 864_000, "mean seconds until somebody notices a harm", _ANY),
    },
    "layers": {
        "respelled": Option(0.05, 0, 0.2, "share of parties that write an identifier their own way"),
        "slash": Option(0.6, 0, 1, "weight among them: with a trailing slash more or less", _ANY),
        "port": Option(0.1, 0, 1, "weight: with the port that goes without saying", _ANY),
        "case": Option(0.1, 0, 1, "weight: with the host in capitals", _ANY),
        "encoded": Option(0.1, 0, 1, "weight: with an escape that needs not be", _ANY),
        "parent": Option(0.1, 0, 1, "weight: one segment of the path less", _ANY),
    },
    "registrations": {
        "hostile": Option(0.05, 0, 0.5, "share of requests that name a made-up client"),
        "requests_per_second": Option(0.05, 0.02, 0.2, "authorization requests at the AS", _ANY),
        "lost": Option(
            43_200, 4_320, 86_400, "seconds until the domain of the most popular product falls to an attacker", _ANY
        ),
        "held": Option(43_200, 4_320, 86_400, "seconds until its owner has it back", _ANY),
    },
}


def told(unit: Unit) -> dict[str, float]:
    """The options of the unit's reader, as the unit has them or as they are otherwise.

    Raises:
        EngineError: an unknown option, or one outside what it can be.
    """
    known = OPTIONS.get(unit.reader, {})
    for name, value in unit.options:
        if name not in known:
            raise EngineError(f"unknown option {name!r} of {unit.reader}{hint(name, known) or '; allowed: none'}")
        option = known[name]
        if not 0 <= value <= option.most or (option.whole and value != int(value)):
            kind = "a whole number" if option.whole else "a number"
            bounds = "of at least 0" if option.most == _ANY else f"between 0 and {option.most:g}"
            raise EngineError(f"option {name!r} of {unit.reader} must be {kind} {bounds}, found {value:g}")
    return {name: option.default for name, option in known.items()} | dict(unit.options)
