"""What a reader is, but for the counting, which is in :mod:`simulations.readers`.

What readers take for granted, where neither a population nor an experiment says, are options: every number of them is
swept. Each has the range in which it is tried when one asks which of the numbers that nobody measured decide an outcome
(:mod:`simulations.sensitivity`).
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from model.errors import hint
from simulations import encounters
from simulations.population import LATENCIES, NUMBERS
from simulations.units import ATTACKERS_MET, EngineError, Unit


class Option(NamedTuple):
    """A number that a reader can be told: what it is otherwise, between what it is tried, and what it says.

    ``most`` is the most that it can be; a share goes up to 1. ``whole``: it counts something. ``weight``: it is one of
    several that are weighed against each other.
    """

    default: float
    low: float
    high: float
    meaning: str
    most: float = 1.0
    whole: bool = False
    weight: bool = False


class Effort(NamedTuple):
    """What sensitivity analysis does unasked: the method, how often, and with how many attempts at each point."""

    method: str
    samples: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Reader:
    """A way to count a unit of work.

    Attributes:
        left_out: what it leaves out.
        pattern: what its rates are held against, and the test that does.
        effort: what sensitivity analysis does unasked, where it cannot go through all situations.
        numbers, traits: those of a population that it reads.
        options: what else it can be told.
        modules: in which its work is written down, where those are not called like it.
        visits: attempts are visits, decided step by step, in which attackers choose what harm they do.
        sent: it asks where agents are sent; the others are about honest parties, or have attackers of their own.
        recorded: it can write down every attempt.
        interdependent: attempts of a replication have to do with each other, by what is kept or who has moved.
        measured: it measures more of an attempt than how it ends and what its plan costs.
    """

    left_out: str
    pattern: tuple[str, str]
    effort: Effort
    numbers: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    options: dict[str, Option] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    visits: bool = False
    sent: bool = False
    recorded: bool = False
    interdependent: bool = False
    measured: bool = False


_ANY = float("inf")
TIMES = ("latency.attacker", "token_lifetime")
_LATENCIES = ("latency.spread", *(f"latency.{name}" for name in LATENCIES))
_PARTIES = tuple(name for name in NUMBERS if name.startswith(("count.", "popularity.")))

#: What readers can be told. Shares of ``tasks`` are per call or per request.
_TASKS = {
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
}  # fmt: skip
_LAYERS = {
    "respelled": Option(0.05, 0, 0.2, "share of parties that write an identifier their own way"),
    "slash": Option(0.6, 0.1, 1, "weight among them: with a trailing slash more or less", _ANY, weight=True),
    "port": Option(0.1, 0.1, 1, "weight: with the port that goes without saying", _ANY, weight=True),
    "case": Option(0.1, 0.1, 1, "weight: with the host in capitals", _ANY, weight=True),
    "encoded": Option(0.1, 0.1, 1, "weight: with an escape that needs not be", _ANY, weight=True),
    "parent": Option(0.1, 0.1, 1, "weight: one segment of the path less", _ANY, weight=True),
}  # fmt: skip
_REGISTRATIONS = {
    "hostile": Option(0.05, 0, 0.5, "share of requests that name a made-up client"),
    "requests_per_second": Option(0.05, 0.02, 0.2, "authorization requests at the AS", _ANY),
    "lost": Option(
        43_200, 4_320, 86_400, "seconds until the domain of the most popular product falls to an attacker", _ANY
    ),
    "held": Option(43_200, 4_320, 86_400, "seconds until its owner has it back", _ANY),
}  # fmt: skip
_RESIDENTS = {
    "warm_up": Option(3_600, 0, 14_400, "seconds that go by before anything is counted", _ANY),
    "calls": Option(1, 1, 10, "calls in a task, all of one resource server", 1000, True),
    "think": Option(20, 2, 200, "mean seconds between the calls of a task", _ANY),
    "as_workers": Option(0, 0, 8, "requests that an AS works on at a time; 0: any number", _ANY, True),
    "as_seconds": Option(0.05, 0.005, 0.5, "mean seconds that an AS works on a request, exponential", _ANY),
    "as_backlog": Option(0, 0, 100, "requests that wait at an AS before it turns others away; 0: any number",
                         _ANY, True),
    "as_rate": Option(0, 0, 100, "requests that an AS takes in a second, from all together; 0: any number", _ANY),
    "host_workers": Option(0, 0, 8, "fetches that the host of a client's document answers at a time; 0: any number",
                           _ANY, True),
    "host_seconds": Option(0.05, 0.005, 0.5, "seconds that it works on one", _ANY),
    "host_backlog": Option(0, 0, 100, "fetches that wait there before others are turned away; 0: any number",
                           _ANY, True),
    "host_rate": Option(0, 0, 100, "fetches that it takes in a second, from all together; 0: any number", _ANY),
    "retries": Option(2, 0, 4, "tries after the first one, for who was turned away", 20, True),
    "pause": Option(1, 0.1, 10, "seconds before the first of them, twice as many before the next", _ANY),
    "coalesced": Option(0, 0, 1, "1: an AS fetches a document once for all that wait for it", 1, True),
    "failures_kept": Option(0, 0, 3_600, "seconds for which an AS remembers that a document could not be had, and "
                            "refuses its client (CIMD 5.2 forbids it)", _ANY),
    "jitter": Option(0, 0, 0.5, "share of its lifetime by which a cached document may end earlier, by chance"),
    "expire_together": Option(0, 0, 1, "1: every AS has fetched all documents at the beginning", 1, True),
    "remembers": Option(0, 0, 86_400, "seconds for which an AS remembers that a user has approved a client", _ANY),
    "hostile": Option(0, 0, 0.2, "share of calls in whose place a made-up client asks the user for approval"),
    "tired_after": Option(0, 0, 20, "prompts within an hour after which a user approves what comes; 0: never",
                          _ANY, True),
    "grace": Option(0, 0, 30, "seconds in which a refresh token that was used may be used once more", _ANY),
    "rollover": Option(0, 0, 86_400, "seconds after which an AS signs with another key; 0: never", _ANY),
    "overlap": Option(0, 0, 3_600, "seconds for which a key is published before it is used", _ANY),
    "keys_kept": Option(3_600, 60, 86_400, "seconds for which a resource server uses fetched keys again", _ANY),
    "refetch": Option(1, 0, 1, "1: a resource server that does not know a key fetches the keys anew", 1, True),
    ATTACKERS_MET: Option(0, 0, 0, "malicious ones among the resource servers that are called, in half of the worlds "
                            "where fewer are expected, whose calls count the less; 0: as they come", _ANY),
    "moves": Option(0, 0, 0.1, "how often in a day a resource server moves to another AS", _ANY),
}  # fmt: skip
_VENDORS = {
    "years": Option(10, 2, 20, "years until it is looked at who has moved", 1000),
    "cost": Option(0.005, 0.001, 0.05, "what a measure costs a vendor, in flows that come through, for each flow",
                   _ANY),
    "cost_spread": Option(0.5, 0, 1, "how far what it costs one vendor lies to either side of what it costs most, "
                          "as a share of that"),
    "liability_clients": Option(1, 0, 10, "what a use of a user's data by an attacker costs the client, in flows "
                                "that come through", _ANY),
    "liability_servers": Option(1, 0, 10, "what a use of a user's data by an attacker costs the AS, in flows "
                                "that come through", _ANY),
    "obliged_clients": Option(0, 0, 1, "share of clients that are obliged to"),
    "obliged_servers": Option(0, 0, 1, "share of AS that are obliged to"),
    "by_lot": Option(0, 0, 1, "1: those are chosen by lot; 0: those with most flows", 1, True),
}  # fmt: skip

#: The rules over arrays, agents in time, whole tasks of agents, spellings layer by layer, one AS, a whole world in
#: time, and vendors that adopt something and then meet.
READERS: dict[str, Reader] = {
    "arrays": Reader(
        "nothing is kept from one attempt to the next, and nothing but a thief takes time",
        ("agents in time, attempt by attempt", "tests/simulations/test_vectorised.py"),
        Effort("sobol", 16, 2_000), TIMES, modules=("vectorised", "crowd"), visits=True, sent=True, recorded=True,
    ),
    "agents": Reader(
        "servers have no limit of capacity, and users approve whatever they are asked",
        ("renewal theory of what is at hand in a cache", "tests/simulations/test_horizon.py"),
        Effort("morris", 4, 400),
        ("agents", "resources", "arrivals_per_second", "metadata_lifetime", "token_lifetime", *_LATENCIES),
        modules=("agents", "visits"), visits=True, sent=True, recorded=True, interdependent=True,
    ),
    "tasks": Reader(
        "tasks have nothing to do with each other, and servers no limit of capacity",
        ("the rules read over arrays, and single faults in closed form", "tests/simulations/test_tasks.py"),
        Effort("morris", 8, 40),
        ("metadata_lifetime", "token_lifetime", "lifetime.refresh_token", *_LATENCIES),
        options=_TASKS, visits=True, sent=True, measured=True,
    ),
    "layers": Reader(
        "everybody is honest, and a spelling is all that goes wrong",
        ("each comparator asked by itself", "tests/simulations/test_layers.py"),
        Effort("sobol", 32, 1_000), traits=("identifier", "slash", "port"),
        options=_LAYERS,
    ),
    "registrations": Reader(
        "there is one authorization server, and domains are lost to one attacker",
        ("what a cache fetches in closed form", "tests/simulations/test_registrations.py"),
        Effort("morris", 4, 3_000),
        ("count.clients", "count.users", "mean.agents_per_user", "popularity.clients", "lifetime.client_metadata"),
        options=_REGISTRATIONS, interdependent=True, measured=True,
    ),
    "residents": Reader(
        "whom anybody is connected to is drawn once and does not follow what happens",
        ("the rules read over arrays, and queues in closed form", "tests/simulations/test_lives.py"),
        # Points at which a world has to last for ten of its lifetimes are dear; what so few say is in the intervals.
        Effort("morris", 3, 400),
        (
            "arrivals_per_second", "metadata_lifetime", "token_lifetime", "lifetime.refresh_token",
            "lifetime.client_metadata", *_LATENCIES, *_PARTIES, "mean.agents_per_user", "mean.connections_per_agent",
            "mean.tenants_per_origin", "mean.servers_per_resource", *encounters.NUMBERS,
        ),
        ("access", encounters.TENANCY),
        options=_RESIDENTS,
        modules=("residents", "lives", "counterparts", "stations"), visits=True, interdependent=True, measured=True,
    ),
    "vendors": Reader(
        "vendors know what a flow is worth, and nothing but that moves them",
        ("tipping points in closed form", "tests/simulations/test_adoption.py"),
        Effort("morris", 4, 1_000),
        (
            *_PARTIES, "mean.agents_per_user", "mean.connections_per_agent", "mean.servers_per_resource",
            "churn.followed", *TIMES, "latency.spread",
        ),
        ("access",),
        options=_VENDORS,
        modules=("adoption", "topology"), visits=True, sent=True, interdependent=True, measured=True,
    ),
}  # fmt: skip


def told(unit: Unit) -> dict[str, float]:
    """The options of the unit's reader, as the unit has them or as they are otherwise.

    Raises:
        EngineError: an unknown option, or one outside what it can be.
    """
    known = READERS[unit.reader].options
    for name, value in unit.options:
        if name not in known:
            raise EngineError(f"unknown option {name!r} of {unit.reader}{hint(name, known) or '; allowed: none'}")
        option = known[name]
        if not 0 <= value <= option.most or (option.whole and value != int(value)):
            kind = "a whole number" if option.whole else "a number"
            bounds = "of at least 0" if option.most == _ANY else f"between 0 and {option.most:g}"
            raise EngineError(f"option {name!r} of {unit.reader} must be {kind} {bounds}, found {value:g}")
    found = {name: option.default for name, option in known.items()} | dict(unit.options)
    weights = [name for name, option in known.items() if option.weight]
    if weights and not any(found[name] for name in weights):
        raise EngineError(f"options {', '.join(weights)} of {unit.reader} are all 0: at least one weighs something")
    return found
