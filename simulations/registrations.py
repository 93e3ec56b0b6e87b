"""Client identity at one AS: metadata documents against registrations, their load, and a domain that is lost.

Users of several client products come with authorization requests. With client ID metadata documents the AS fetches
the document of a product and caches it; with dynamic registration every installation registers once and stays.
Some requests are hostile and name a made-up client. At some time the domain of the most popular product falls to
an attacker, who holds it for a while and publishes a document of its own.

The population says which products there are and what they do, how many installations each has (the agents that run
it), what the AS does and how long it keeps a document. What no population speaks of is an option.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from model import authorization_server as server
from model import client
from model.design import Design
from model.logic import decided
from simulations import crossings, draws
from simulations.arms import Arm
from simulations.reader import told
from simulations.results import measured
from simulations.topology import PartyDraws
from simulations.units import Sums, Tally, Unit
from simulations.visits import ACCEPTED, DIVERTED, HONEST_AS, ONE_VISIT, Label, Settings

#: Ways to register at run time.
DYNAMIC = ("dcr", "dcr_ss")
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


@dataclass(frozen=True, slots=True)
class Parties:
    """One AS of the population and all client products.

    Attributes:
        server: what the AS decides.
        products: what each product decides.
        installations: the product of each.
        popular: the product that most of them are of.
    """

    server: Settings
    products: tuple[Settings, ...]
    installations: NDArray[np.int64]
    popular: int


@dataclass(frozen=True, slots=True)
class Serving:
    """What an AS does under an arm.

    Attributes:
        registrations: how each product is known to it.
        stranger: what a request with a made-up client comes to, and the document or the record that it costs the AS.
        popular: the product whose domain is lost.
        spent: what its users come to where the attacker's document of it is in use.
        at_domain: its users' codes go to that domain.
        document_lifetime: how long a document is used again.
    """

    registrations: tuple[str, ...]
    stranger: tuple[Label, float, float]
    popular: int
    spent: Label
    at_domain: bool
    document_lifetime: float


@dataclass(slots=True)
class KeptClients:
    """What the AS keeps."""

    fetched: dict[int, float] = field(default_factory=dict)
    registered: set[int] = field(default_factory=set)


def count(unit: Unit) -> Tally:
    """Serve the requests of a unit under every arm; every unit is an AS that starts with nothing."""
    options = told(unit)
    parties = drawn(unit)
    requests = _requests(unit, parties, options)
    arms = [_serve(requests, served, options) for served in _served(unit, parties)]
    tally = Tally()
    tally.endings.update(zip(*(labels for labels, *_ in arms), strict=True))
    for place, (_, loads, exposed, hostile) in enumerate(arms):
        for name in LOADS:
            tally.sums[name, place] = measured(loads[name], arms[0][1][name])
        tally.sums["caused by a hostile request", place] = measured(hostile, [0.0] * len(hostile))
        tally.sums["seconds from loss to last harm", place] = Sums(1, exposed, exposed**2, 0.0, 0.0)
    return tally


def drawn(unit: Unit) -> Parties:
    """The parties that a unit meets, drawn from its population as those of a topology are."""
    population = unit.population
    deployed = population.clients is not None and population.clients in population.factors
    # Which versions run is for the products; a registration that only they know is no doing of the AS.
    others = tuple(factor for factor in population.factors if not deployed or factor != population.clients)
    drawing = PartyDraws(replace(population, factors=others), unit.seed)
    (server_,) = drawing.settings("authorization_server", 1)
    known = drawing.clients()
    products = tuple(known.values()) if deployed else tuple(drawing.settings("client", len(known)))
    _, agents, _ = drawing.agents(list(known))
    numbers = {url: number for number, url in enumerate(known)}
    # A sub-agent is no installation of its own.
    installations = np.array([numbers[url] for name, url in agents.items() if "." not in name])
    return Parties(server_, products, installations, int(np.bincount(installations).argmax()))


def _served(unit: Unit, parties: Parties) -> Iterator[Serving]:
    lifetime = unit.population.number("lifetime.client_metadata")
    for imposed in unit.arms:
        arm = Arm("", imposed)
        designs = [arm.design(product, parties.server) for product in parties.products]
        lost = designs[parties.popular]
        pinned = server.consent_is_pinned_to_metadata(lost, True)
        spent = CONSENT_SPENT if pinned.holds else Label("blocked", pinned.rule.name, ())
        # A callback on the device itself stays the user's; one at the domain is the attacker's while the domain is.
        callback = decided(client.redirect_uri(lost, ONE_VISIT.clients[0], HONEST_AS, HONEST_AS))
        yield Serving(
            tuple(design.reg for design in designs),
            _stranger(arm.design(parties.server)),
            parties.popular,
            spent,
            lost.cimd_redirect != "loopback" and callback.startswith("https:"),
            lifetime,
        )


def _requests(unit: Unit, parties: Parties, options: dict[str, float]) -> Requests:
    def uniforms(purpose: str) -> NDArray[np.float64]:
        return draws.uniforms(unit.seed, purpose, unit.first, unit.attempts)

    gaps = draws.exponential(uniforms("arrival"), 1 / options["requests_per_second"])
    installations = (uniforms("installation") * len(parties.installations)).astype(np.int64)
    products = parties.installations[installations]
    return Requests(np.cumsum(gaps), products, installations, uniforms("hostile") < options["hostile"])


def _serve(
    requests: Requests, served: Serving, options: dict[str, float]
) -> tuple[list[Label], dict[str, list[float]], float, list[float]]:
    """Labels and loads request by request, how long harm went on, and what each hostile request caused."""
    kept = KeptClients()
    labels: list[Label] = []
    loads: dict[str, list[float]] = {name: [] for name in LOADS}
    last_harm, caused = options["lost"], []
    rows = zip(*(getattr(requests, name).tolist() for name in Requests.__slots__), strict=True)
    for now, product, installation, hostile in rows:
        if hostile:
            label, fetches, registrations = served.stranger
            caused.append(fetches + registrations)
        else:
            fetches, registrations = _identify(served, kept, product, installation, now)
            label = _user(served, kept, product, now, options)
            if label.harms:
                last_harm = max(last_harm, now)
        labels.append(label)
        for name, load in zip(LOADS, (fetches, registrations), strict=True):
            loads[name].append(load)
    return labels, loads, last_harm - options["lost"], caused


def _stranger(design: Design) -> tuple[Label, float, float]:
    """A request with a made-up client, and the document or the record that it costs the AS."""
    refused = crossings.ask_as_made_up(design, by_device=False).refusal()
    if refused:
        return Label("blocked", refused, ()), 0.0, 0.0
    unguarded = server.fetches_are_guarded(design, internal=True).holds
    harms = ("fetch_safety",) if unguarded and design.reg == "cimd" else ()
    return Label("diverted", DIVERTED, harms), float(design.reg == "cimd"), float(design.reg in DYNAMIC)


def _identify(served: Serving, kept: KeptClients, product: int, installation: int, now: float) -> tuple[float, float]:
    """Documents fetched and registrations made for an honest request."""
    registration = served.registrations[product]
    if registration == "cimd" and now >= kept.fetched.get(product, -np.inf) + served.document_lifetime:
        kept.fetched[product] = now
        return 1.0, 0.0
    if registration in DYNAMIC and installation not in kept.registered:
        kept.registered.add(installation)
        return 0.0, 1.0
    return 0.0, 0.0


def _user(served: Serving, kept: KeptClients, product: int, now: float, options: dict[str, float]) -> Label:
    """What becomes of a user of a product: harmed while the attacker has its domain, or its document is in use."""
    if product != served.popular:
        return OK
    start, end = options["lost"], options["lost"] + options["held"]
    if served.registrations[product] == "cimd" and start <= kept.fetched.get(product, -1.0) < end:
        return served.spent
    return CODE_LOST if served.at_domain and start <= now < end else OK
