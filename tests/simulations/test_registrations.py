"""Documents and registrations: load, caches, hostile clients and a lost domain."""

import pytest

from simulations import registrations
from simulations.population import Population, load
from simulations.units import Tally, Unit
from simulations.visits import Settings

SWEPT = load("swept")
DCR, CIMD = (("reg", "dcr"),), (("reg", "cimd"),)
OPEN = (*CIMD, ("consent_pin", "off"))
LOCAL = (*OPEN, ("cimd_redirect", "loopback"))
LOCAL_ONLY = (*CIMD, ("cimd_redirect", "loopback"))
LISTED = (*CIMD, ("as_client_policy", "allowlist"))


def served(
    *arms: Settings,
    attempts: int = 10_000,
    population: Population = SWEPT,
    document_lifetime: float = 3600,
    **told: float,
) -> Tally:
    """What becomes of authorization requests."""
    options = tuple(sorted(told.items()))
    met = population.with_numbers(lifetime_client_metadata=document_lifetime)
    return registrations.count(Unit(met, arms, "1/0", attempts, reader="registrations", options=options))


def total(tally: Tally, name: str, arm: int = 0) -> float:
    """The sum of a quantity."""
    return tally.sums[name, arm].total


def harmed(tally: Tally, harm: str, arm: int = 0) -> int:
    """How many requests end with a harm."""
    return sum(n for joint, n in tally.endings.items() if harm in joint[arm].harms)


def test_installations_register_once_and_documents_are_fetched_when_the_cache_is_old() -> None:
    """No more registrations than installations; no more fetches than lifetimes, or than requests without a cache."""
    few = SWEPT.with_numbers(count_clients=3, count_users=30, mean_agents_per_user=1)
    quiet = {"hostile": 0.0, "lost": 1e12}
    tally = served(DCR, CIMD, population=few, **quiet)
    assert total(tally, "registrations") == 30
    assert total(tally, "document_fetches") == total(tally, "registrations", 1) == 0
    assert 150 < total(tally, "document_fetches", 1) <= 3 * (10_000 * 20 / 3600 + 2)
    assert total(served(CIMD, population=few, document_lifetime=0, **quiet), "document_fetches") == 10_000


def test_products_and_their_installations_are_the_populations() -> None:
    """Agents that run a product are its installations; with Zipf's law the first product has most of them."""
    even, zipf = (SWEPT.with_numbers(popularity_clients=exponent, count_users=2_000) for exponent in (0, 2))
    found = [registrations.drawn(Unit(met, (CIMD,), "1/0", 4, reader="registrations")) for met in (even, zipf)]
    assert [len(parties.products) for parties in found] == [20, 20]
    agents = len(found[0].installations)
    assert agents == pytest.approx(2_000 * SWEPT.number("mean.agents_per_user"), rel=0.05)
    shares = [(parties.installations == parties.popular).mean() for parties in found]
    assert shares[0] < 0.08
    assert shares[1] == pytest.approx(1 / sum(rank**-2 for rank in range(1, 21)), abs=0.03)
    assert found[1].popular == 0


def test_what_clients_and_the_server_do_is_the_populations_unless_an_arm_says() -> None:
    """Products register as the population has it; the design of an arm holds for all."""
    stays = SWEPT.with_shares("reg", {"dcr": 1}).with_shares("consent_pin", {"off": 1})
    tally = served((), CIMD, population=stays, hostile=0.0)
    assert total(tally, "document_fetches") == 0 < total(tally, "registrations")
    assert total(tally, "registrations", 1) == 0 < total(tally, "document_fetches", 1)
    assert harmed(served(LOCAL_ONLY, population=stays), "authorization") > 0
    measured = load("measured_2026")
    known = registrations.drawn(Unit(measured.deployed(), (), "1/0", 4, reader="registrations"))
    assert len(known.products) == measured.number("count.clients")
    assert {dict(product)["reg"] for product in known.products} > {"dcr"}
    assert "reg" not in {name for name, _ in registrations.drawn(Unit(SWEPT, (), "1/0", 4)).server}


def test_made_up_clients_cost_a_fetch_or_a_record_unless_they_are_refused() -> None:
    """Each hostile request costs an open AS one fetch or one record, and one with a list of clients nothing."""
    tally = served(DCR, CIMD, LISTED, hostile=0.2, lost=1e12)
    caused = [tally.sums["caused by a hostile request", arm] for arm in range(3)]
    assert [sums.total / sums.number for sums in caused] == [1, 1, 0]
    refused = [joint for joint in tally.endings if joint[2].kind == "blocked"]
    assert {joint[2].name for joint in refused} == {"authorization_server.redirect_uri_is_registered"}
    assert harmed(served((*CIMD, ("as_fetch_guard", "off")), hostile=0.2), "fetch_safety") > 1_500


def test_a_lost_domain_exposes_as_long_as_it_is_lost_and_what_the_cache_keeps() -> None:
    """A callback at the domain is lost with it; a callback on the device only while the attacker's document is used."""
    tally = served(DCR, OPEN, LOCAL, document_lifetime=7200, lost=50_000, held=20_000)
    exposed = [total(tally, "seconds from loss to last harm", arm) for arm in range(3)]
    assert 19_000 < exposed[0] <= 20_000
    assert 20_000 < exposed[1] <= 27_300
    assert 20_000 < exposed[2] <= 27_300
    assert harmed(tally, "code_delivery") > 0
    assert harmed(tally, "code_delivery", 2) == 0 < harmed(tally, "authorization", 2)


def test_a_long_cache_protects_what_it_remembers() -> None:
    """An AS that keeps the genuine document beyond the loss never uses the attacker's."""
    tally = served(LOCAL, document_lifetime=1e9, lost=50_000, held=20_000)
    assert harmed(tally, "authorization") == 0


def test_pinned_consent_names_its_rule() -> None:
    """With consent pinned to the metadata the attacker's document gets no consent, and the rule says so."""
    tally = served(CIMD, document_lifetime=600, lost=50_000, held=20_000)
    names = {joint[0].name for joint in tally.endings if joint[0].kind == "blocked"}
    assert names == {"authorization_server.consent_is_pinned_to_metadata"}
