"""What the model says of each connection of a world: the plans of its visits, and what its design comes to."""

from functools import cache, cached_property
from typing import NamedTuple

import numpy as np

from model import authorization_server as server
from model import client
from model.design import Design
from model.federation import Frameworks
from model.logic import same
from model.registration import shows_a_client
from simulations import crossings
from simulations.attempts import ADOPTIONS, COLUMN
from simulations.crossings import MADE_UP
from simulations.harms import Strategy
from simulations.registrations import DYNAMIC
from simulations.residents import Residents
from simulations.vectorised import reader
from simulations.visits import DIVERTED, HONEST_AS, ONE_VISIT, PLACES, Label, Plan, Settings, among_honest

#: What is waited for without anybody who has a queue or remembers.
_ALONE = frozenset(("challenge", "metadata"))
#: The first of what is at hand that a token belongs to.
_WITH_TOKEN = 2


class Facts:
    """What a design says of a connection, beside the plan of a visit; decided when it is asked for.

    Attributes:
        registration: how the client is known to the AS.
        registers: it has to register at run time.
        introspected: the resource server asks the AS about every token.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.registration: str = design.reg
        self.registers = self.registration in DYNAMIC
        self.introspected = bool(same(design.token_fmt, "opaque"))

    @cached_property
    def rotates(self) -> bool:
        """The AS gives a new refresh token for each one, as where a thief could use one it has to (RFC 9700 4.14.2)."""
        token = crossings.loot(self.design, HONEST_AS, PLACES["honest_api"].url)
        return crossings.refresh(self.design, token).refusal() is None

    @cached_property
    def stale(self) -> bool:
        """The client uses metadata that it has cached although the resource server has changed it."""
        return bool(client.cached_metadata_is_fresh(self.design, True).holds)

    @cached_property
    def follows(self) -> str | None:
        """The rule by which the client refuses an AS that it has not met, or None."""
        trusted = client.authorization_server_is_trusted(self.design, Frameworks(False, False))
        return None if trusted.holds else trusted.rule.name

    @cached_property
    def stranger(self) -> tuple[Label, Label]:
        """What a made-up client comes to at the AS, whose user does not look, or is as this one."""
        return _stranger(self.design.but(user="naive")), _stranger(self.design)


class TimedPlan(NamedTuple):
    """A plan, and its waits when (nothing, metadata, a token, both) is at hand.

    Attributes:
        waits: of each wait its column and who has to do with it: a kind of latency, or nothing where it is only the
            resource server and the hosts of metadata.
        keeps: the agent is left with a token.
        easy: likewise, whether nothing is got then, and nobody is asked but the resource server and hosts of metadata.
    """

    plan: Plan
    waits: tuple[tuple[tuple[int, str], ...], ...]
    keeps: bool
    easy: tuple[bool, ...]


class JudgedConnections:
    """The plans and facts of all connections of a world under each arm."""

    def __init__(self, living: Residents, arms: tuple[Settings, ...], after: Strategy) -> None:
        self.found, self.arms, self.after = living.situations, arms, after
        self.codes = np.unique(living.codes)
        self.attacked = np.array([bool(PLACES[name].capabilities) for name in self.found.places])
        self._walks: dict[bool, dict[int, list[TimedPlan]]] = {}
        #: What the design of an arm says of a connection.
        self.facts = cache(lambda arm, code: Facts(self.found.design(self.arms[arm], code)))

    def is_attacked(self, code: int) -> bool:
        """Whether a connection leads to the attacker."""
        return bool(self.attacked[code // ADOPTIONS % len(self.attacked)])

    def walk(self, arm: int, code: int, warm: bool) -> TimedPlan:
        """The walk of a visit, by a client that holds tokens or not; all connections are judged together."""
        if warm not in self._walks:
            codes = self.codes[self.attacked[self.codes // ADOPTIONS % len(self.attacked)]] if warm else self.codes
            plans = reader(self.found, self.arms, (("warm", "yes"),) if warm else (), self.after).plans(codes)
            made: dict[Plan, TimedPlan] = {}
            self._walks[warm] = {
                one: [made.get(plan) or made.setdefault(plan, _walk(plan)) for plan in row]
                for one, row in zip(codes.tolist(), plans, strict=True)
            }
        return self._walks[warm][code][arm]


def _walk(plan: Plan) -> TimedPlan:
    waits = tuple(tuple((COLUMN[kind], "" if kind in _ALONE else kind) for kind in kinds) for kinds in plan.waits)
    easy = tuple(
        (place >= _WITH_TOKEN or not plan.keeps) and all(kind in ("", "request") for _, kind in kinds)
        for place, kinds in enumerate(waits)
    )
    return TimedPlan(plan, waits, plan.keeps, easy)


def _stranger(design: Design) -> Label:
    """What the request of a made-up client comes to, at the AS and with the user."""
    shown = bool(shows_a_client(among_honest(design), ONE_VISIT.by_url[HONEST_AS], MADE_UP.url, MADE_UP.callback))
    for rule in (
        client.code_is_asked_for(design),
        *crossings.ask_as_made_up(design, client.shows_a_code(design)).rules,
        server.user_recognises_the_client(design, shown),
    ):
        if not rule.holds:
            return Label("blocked", rule.rule.name, ())
    harms = ("client_identity",) if shown else ()
    return Label("diverted", DIVERTED, harms, harms)
