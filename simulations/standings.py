"""What the model says of each connection of a world: the plans of its visits, and what its design comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from model import authorization_server as server
from model import client
from model.design import Design
from model.logic import same
from model.registration import registered, shows_a_client
from simulations import crossings
from simulations.attempts import ADOPTIONS, COLUMN
from simulations.harms import Strategy
from simulations.residents import Residents
from simulations.vectorised import reader
from simulations.visits import DIVERTED, HONEST_AS, ONE_VISIT, PLACES, Label, Plan, Settings, among_honest

_SERVER = ONE_VISIT.by_url[HONEST_AS]
_STRANGER = next(identity for identity in ONE_VISIT.identities if identity.identity == "own")
#: What is waited for without anybody but the resource server.
_THERE = frozenset(("challenge", "metadata", "request"))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a design says of a connection, beside the plan of a visit.

    Attributes:
        registration: how the client is known to the AS.
        rotates: the AS gives a new refresh token for each one, as it has to where a thief could use one (RFC 9700
            4.14.2).
        introspected: the resource server asks the AS about every token.
        stale: the client uses metadata that it has cached although the resource server has changed it.
        follows: the rule by which the client refuses an AS that it has not met, or None.
        stranger: by whether its user looks, what a made-up client comes to at the AS.
    """

    registration: str
    rotates: bool
    introspected: bool
    stale: bool
    follows: str | None
    stranger: tuple[Label, Label]


class Walk(NamedTuple):
    """A plan, and its waits when (nothing, metadata, a token, both) is at hand, each its column and its name."""

    plan: Plan[Label]
    waits: tuple[tuple[tuple[int, str], ...], ...]

    @property
    def easy(self) -> bool:
        """Whether a visit with a token at hand is one to the resource server alone."""
        return all(kind in _THERE for waits in self.waits[2:] for _, kind in waits)


class Judged:
    """The plans and facts of all connections of a world under each arm."""

    def __init__(self, living: Residents, arms: tuple[Settings, ...], after: Strategy) -> None:
        self.found, self.arms, self.after = living.situations, arms, after
        self.codes = np.unique(living.codes)
        self.attacked = np.array([bool(PLACES[name].capabilities) for name in self.found.places])
        self._walks: dict[bool, dict[int, list[Walk]]] = {}
        self._facts: dict[tuple[int, int], Facts] = {}

    def is_attacked(self, code: int) -> bool:
        """Whether a connection leads to the attacker."""
        return bool(self.attacked[code // ADOPTIONS % len(self.attacked)])

    def walk(self, arm: int, code: int, warm: bool) -> Walk:
        """The walk of a visit, by a client that holds tokens or not; all connections are judged together."""
        if warm not in self._walks:
            codes = self.codes[self.attacked[self.codes // ADOPTIONS % len(self.attacked)]] if warm else self.codes
            plans = reader(self.found, self.arms, (("warm", "yes"),) if warm else (), self.after).plans(codes)
            made: dict[Plan[Label], Walk] = {}
            self._walks[warm] = {
                one: [made.get(plan) or made.setdefault(plan, _walk(plan)) for plan in row]
                for one, row in zip(codes.tolist(), plans, strict=True)
            }
        return self._walks[warm][code][arm]

    def facts(self, arm: int, code: int) -> Facts:
        """What a design says of a connection."""
        if (arm, code) not in self._facts:
            design = self.found.configuration(self.arms[arm], code, {})[0].design
            token = crossings.loot(design, HONEST_AS, PLACES["honest_api"].url)
            trusted = client.authorization_server_is_trusted(design, False, False)
            self._facts[arm, code] = Facts(
                design.reg, crossings.refresh(design, token).refusal() is None, same(design.token_fmt, "opaque"),
                bool(client.cached_metadata_is_fresh(design, True).holds),
                None if trusted.holds else trusted.rule.name, (_stranger(design.but(user="naive")), _stranger(design)),
            )  # fmt: skip
        return self._facts[arm, code]


def _walk(plan: Plan[Label]) -> Walk:
    return Walk(plan, tuple(tuple((COLUMN[name], name) for name in waits) for waits in plan.waits))


def _stranger(design: Design) -> Label:
    """What the request of a made-up client comes to, at the AS and with the user."""
    context = among_honest(design)
    identity = _SERVER, _STRANGER.url, _STRANGER.callback
    shown = bool(shows_a_client(context, *identity))
    for rule in (
        server.redirect_uri_is_registered(design, registered(context, *identity), False),
        server.user_recognises_the_client(design, shown),
    ):
        if not rule.holds:
            return Label("blocked", rule.rule.name, ())
    harms = ("client_identity",) if shown else ()
    return Label("diverted", DIVERTED, harms, harms)
