"""What a visit costs the visitor: prompts, round trips, seconds, registrations, documents that are fetched.

It is what the steps of the plan are waited for, by what the client has at hand.
"""

from collections.abc import Mapping, Sequence
from math import exp

from simulations.population import LATENCIES, Population
from simulations.visits import Plan

#: What is counted, and what it says.
COSTS = {
    "prompts": "times that the user is asked to approve",
    "round_trips": "requests that are waited for, people aside",
    "seconds": "seconds that those take in the mean",
    "registrations": "records that an AS makes of a client",
    "fetches": "documents that a client or an AS fetches",
}
_DOCUMENTS = ("metadata", "server_metadata")
#: Dynamic registration is a request like one that pushes; a document is fetched by the AS that it is shown to.
_DYNAMIC, _REGISTERING = ("dcr", "dcr_ss"), "push"


def seconds(population: Population) -> dict[str, float]:
    """How long each kind of request takes in the mean: a log-normal time has a median and a spread."""
    factor = exp(population.number("latency.spread") ** 2 / 2)
    return {name: factor * population.number(f"latency.{name}") for name in LATENCIES}


def of(
    plan: Plan, takes: Mapping[str, float], waits: Sequence[str] | None = None, registered: bool = False
) -> tuple[float, ...]:
    """What a visit costs, in the order of :data:`COSTS`.

    Parameters:
        takes: seconds by kind of request.
        waits: what is waited for, those of the plan for what is at hand; None: nothing is.
        registered: the AS knows the client from an earlier visit.
    """
    kinds, registers = plan.waits[0] if waits is None else waits, plan.registers in _DYNAMIC and not registered
    requests = [kind for kind in kinds if kind != "consent"] + [_REGISTERING] * registers
    return (
        float(len(kinds) + registers - len(requests)),
        float(len(requests)),
        sum(takes[kind] for kind in requests),
        float(registers),
        float(sum(kind in _DOCUMENTS for kind in requests) + (plan.registers == "cimd" and not registered)),
    )
