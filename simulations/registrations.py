"""Client identity at one AS: metadata documents against registrations, their load, and a domain that is lost.

Users of several client products come with authorization requests. With client ID metadata documents the AS fetches
the document of a product and caches it; with dynamic registration every installation registers once and stays.
Some requests are hostile and name a made-up client. At some time the domain of the most popular product falls to
an attacker, who holds it for a while and publishes a document of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model import authorization_server as server
from model import client
from model.design import Design
from model.world import ATTACKER_CALLBACK, ATTACKER_CLIENT, HONEST_AS
from simulations import draws
from simulations.engine import EngineError, Sums, Tally, Unit
from simulations.results import measured
from simulations.visits import ACCEPTED, DIVERTED, Label, Settings

#: What the reader can be told, with what it takes for granted otherwise; all swept.
OPTIONS: dict[str, tuple[float, str]] = {
    "products": (20, "client products, each with a domain of its own, the first ones more popular"),
    "installations": (500, "installations of each product"),
    "document_lifetime": (3600, "seconds for which the AS uses a metadata document again"),
    "hostile": (0.05, "share of requests that name a made-up client"),
    "requests_per_second": (0.05, "authorization requests at the AS"),
    "lost": (43_200, "seconds until the domain of the first product falls to an attacker"),
    "held": (43_200, "seconds until its owner has it back"),
}
LOADS = ("document_fetches", "registrations")
OK = Label("success", ACCEPTED, ())
#: The user's code goes where the attacker listens; or the user is not even asked.
CODE_LOST = Label("diverted", DIVERTED, ("code_delivery",))
CONSENT_SPENT = Label("diverted", DIVERTED, ("authorization", "client_identity"))


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests that reach the AS, the same under every arm."""

    times: NDArray[np.float64]
    products: NDArray[np.int64]
    installations: NDArray[np.int64]
    hostile: NDArray[np.bool_]


@dataclass(slots=True)
class Server:
    """What the AS keeps."""

    fetched: dict[int, float] = field(default_factory=dict)
    registered: set[tuple[int, int]] = field(default_factory=set)


def count(unit: Unit) -> Tally:
    """Serve the requests of a unit under every arm; every unit is an AS that starts with nothing."""
    told = dict(unit.options)
    if unknown := sorted(told.keys() - OPTIONS.keys()):
        raise EngineError(f"unknown option {unknown[0]!r} of registrations; allowed: {', '.join(OPTIONS)}")
    options = {name: default for name, (default, _) in OPTIONS.items()} | told
    requests = _drawn(unit, options)
    arms = [_serve(requests, arm, options) for arm in unit.arms]
    tally = Tally()
    tally.endings.update(zip(*(labels for labels, *_ in arms), strict=True))
    for place, (_, loads, exposed, hostile) in enumerate(arms):
        for name in LOADS:
            tally.sums[name, place] = measured(loads[name], arms[0][1][name])
        tally.sums["caused by a hostile request", place] = measured(hostile, [0.0] * len(hostile))
        tally.sums["seconds from loss to last harm", place] = Sums(1, exposed, exposed**2, 0.0, 0.0)
    return tally


def _drawn(unit: Unit, options: dict[str, float]) -> Requests:
    def uniforms(purpose: str) -> NDArray[np.float64]:
        return draws.uniforms(unit.seed, purpose, unit.first, unit.attempts)

    gaps = draws.exponential(uniforms("arrival"), 1 / options["requests_per_second"])
    # The square makes the first products the popular ones.
    products = (uniforms("product") ** 2 * int(options["products"])).astype(np.int64)
    installations = (uniforms("installation") * int(options["installations"])).astype(np.int64)
    return Requests(np.cumsum(gaps), products, installations, uniforms("hostile") < options["hostile"])


def _serve(
    requests: Requests, arm: Settings, options: dict[str, float]
) -> tuple[list[Label], dict[str, list[float]], float, list[float]]:
    """Labels and loads request by request, how long harm went on, and what each hostile request caused."""
    design, kept = Design(dict(arm)), Server()
    labels: list[Label] = []
    loads: dict[str, list[float]] = {name: [] for name in LOADS}
    last_harm, caused = options["lost"], []
    rows = zip(*(getattr(requests, name).tolist() for name in Requests.__slots__), strict=True)
    for now, product, installation, hostile in rows:
        if hostile:
            label, fetches, registrations = _stranger(design)
            caused.append(fetches + registrations)
        else:
            fetches, registrations = _identify(design, kept, product, installation, now, options)
            label = _user(design, kept, product, now, options)
            if label.harms:
                last_harm = max(last_harm, now)
        labels.append(label)
        for name, load in zip(LOADS, (fetches, registrations), strict=True):
            loads[name].append(load)
    return labels, loads, last_harm - options["lost"], caused


def _stranger(design: Design) -> tuple[Label, float, float]:
    """A request with a made-up client, and the document or the record that it costs the AS."""
    registered = server.redirect_uri_is_registered(design, ATTACKER_CLIENT, ATTACKER_CALLBACK)
    if not registered.holds:
        return Label("blocked", registered.rule.name, ()), 0.0, 0.0
    unguarded = server.fetches_are_guarded(design).holds
    harms = ("fetch_safety",) if unguarded and design.reg == "cimd" else ()
    return Label("diverted", DIVERTED, harms), float(design.reg == "cimd"), float(design.reg == "dcr")


def _identify(
    design: Design, kept: Server, product: int, installation: int, now: float, options: dict[str, float]
) -> tuple[float, float]:
    """Documents fetched and registrations made for an honest request."""
    if design.reg == "cimd" and now >= kept.fetched.get(product, -np.inf) + options["document_lifetime"]:
        kept.fetched[product] = now
        return 1.0, 0.0
    if design.reg == "dcr" and (product, installation) not in kept.registered:
        kept.registered.add((product, installation))
        return 0.0, 1.0
    return 0.0, 0.0


def _user(design: Design, kept: Server, product: int, now: float, options: dict[str, float]) -> Label:
    """What becomes of a user of a product: harmed while the attacker has its domain, or its document is in use."""
    if product != 0:
        return OK
    start, end = options["lost"], options["lost"] + options["held"]
    attackers_document = design.reg == "cimd" and start <= kept.fetched.get(product, -1.0) < end
    if attackers_document:
        pinned = server.consent_is_pinned_to_metadata(design)
        return CONSENT_SPENT if pinned.holds else Label("blocked", pinned.rule.name, ())
    # A callback on the device itself stays the user's; one at the domain is the attacker's while the domain is.
    local = design.cimd_redirect == "loopback"
    at_domain = not local and client.redirect_uri(design, HONEST_AS).startswith("https:")
    return CODE_LOST if at_domain and start <= now < end else OK
