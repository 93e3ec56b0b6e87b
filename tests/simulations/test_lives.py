"""One world in time: with room for all it is the array reader, and its queues are those of theory."""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import simpy
from scipy.stats import poisson

from simulations import draws, lives, vectorised
from simulations.attempts import ADOPTIONS, Situations, draw_codes, situations
from simulations.calls import CHUNK, calls
from simulations.experiments import find, run
from simulations.lives import NOTHING, QUANTITIES, SECONDS, LivedWorld, count, live, tallied
from simulations.population import Population, load, populations
from simulations.reader import told
from simulations.residents import Residents, settle
from simulations.stations import Station, Waiting
from simulations.units import Tally, Unit
from simulations.visits import PLACES, Settings

#: One client, one AS, one resource server, a crowd of users who have no other agent: what queueing theory is about.
PLAIN = load("swept").with_numbers(
    **{
        "count.clients": 1,
        "count.authorization_servers": 1,
        "count.resource_servers": 1,
        "count.users": 2_000,
        "mean.agents_per_user": 1,
        "mean.sub_agents_per_agent": 0,
        "mean.connections_per_agent": 1,
        "attackers.resource_servers": 0,
        "latency.spread": 0,
        "lifetime.refresh_token": 0,
        "token_lifetime": 0,
        "lifetime.client_metadata": 0,
        "metadata_lifetime": 0,
    }
)


def unit(met: Population, *arms: Settings, attempts: int = 2_000, seed: str = "1/0", **told_: float) -> Unit:
    """A unit of residents, without a warm-up unless it is told of one."""
    options = tuple(sorted({"warm_up": 0.0, **told_}.items()))
    return Unit(met, arms or ((),), seed, attempts, reader="residents", options=options)


def mean(tally: Tally, name: str, arm: int = 0) -> float:
    """The mean of a quantity."""
    sums: Any = tally.sums[name, arm]
    return float(sums.total / sums.number)


def share(tally: Tally, name: str, arm: int = 0) -> float:
    """How many calls end so."""
    return sum(n for joint, n in tally.endings.items() if joint[arm].name == name) / tally.endings.total()


def strangers(found: Situations, codes: Any) -> Residents:
    """A world in which every call is between two who have never met, and never will again."""
    alone = list(range(len(codes)))
    return Residents(found, codes, alone, alone, alone, alone, alone, np.ones(len(codes)))


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({}, marks=pytest.mark.slow),
        {"as_workers": 1_000, "host_workers": 1_000, "rollover": 1e9, "grace": 5},
    ],
)
def test_room_for_all_is_the_array_reader(limits: dict[str, float]) -> None:
    """With capacity for everybody and nothing that ends, each call ends as the array reader says, arm by arm."""
    met = (
        load("shared_origins")
        .with_shares("place", {name: 1 / len(PLACES) for name in PLACES})
        .with_shares("as_resource", {"honor": 0.4, "ignore": 0.3, "add": 0.2, "substitute": 0.1})
    )
    arms: tuple[Settings, ...] = ((), (("prm", "prefix"), ("echo", "req"), ("cache_key", "issuer"), ("reg", "dcr")))
    asked = replace(unit(met, *arms, attempts=40, **limits), adoption=0.6)
    options = told(asked)
    codes = draw_codes(met, asked.seed, 0, 40, 0.6)
    chunks = list(calls(asked, strangers(situations(met), codes), options))
    numbered = iter(
        [
            chunk._replace(connections=list(range(start, start + len(chunk.gaps))))
            for start, chunk in zip(range(0, 40, CHUNK), chunks, strict=True)
        ]
    )
    worlds = live(asked, strangers(situations(met), codes), numbered, options)
    read = [
        row
        for chunk in vectorised.attempts(met, arms, asked.seed, 40, adoption=0.6)
        for row in zip(*chunk, strict=True)
    ]
    assert list(zip(*(world.labels for world in worlds), strict=True)) == read
    assert len(set(read)) > 6


def test_a_world_is_met_again() -> None:
    """Tokens, registrations and approvals are there the next time; of a call in ten minutes most find a token."""
    met = load("swept").with_numbers(**{"attackers.resource_servers": 0, "count.users": 20})
    tally = count(unit(met, (), (("reg", "dcr"),), attempts=6_000, warm_up=600, remembers=1e6))
    assert share(tally, "accepted") == 1
    assert mean(tally, "prompts") < 0.05
    assert mean(tally, "registrations", 1) < 0.05
    assert mean(tally, "registrations") == 0 == mean(tally, "document_fetches", 1)
    assert mean(tally, "seconds") < 2 < sum(met.number(f"latency.{name}") for name in ("consent", "request"))


def test_who_is_malicious_is_met_as_often_as_there_are_some() -> None:
    """The share of calls that go to somebody malicious is that of malicious servers, weighted by how they lure."""
    met = load("swept").with_numbers(**{"attackers.resource_servers": 0.1, "attackers.lure": 3, "count.users": 3_000})
    living = settle(met.with_numbers(**{"count.resource_servers": 5_000, "popularity.resource_servers": 0}), "1/0")
    places = living.codes // ADOPTIONS % len(PLACES)
    bad = np.array([bool(place.capabilities) for place in PLACES.values()])[places]
    assert bad.mean() == pytest.approx(0.1, abs=0.01)
    met_ = living.called(np.linspace(0, 1, 100_000, endpoint=False))
    assert bad[met_].mean() == pytest.approx(0.3 / 1.2, abs=0.02)


def waiting(workers: int, load_: float, seconds: float) -> float:
    """A. K. Erlang 1917: of requests at random with exponential work, C(c, a) wait, on average C s / (c - a)."""
    offered = load_ * workers
    waits = offered**workers / math.factorial(workers) / (1 - load_)
    waits /= sum(offered**n / math.factorial(n) for n in range(workers)) + waits
    return waits * seconds / (workers - offered)


@pytest.mark.parametrize("name", populations())
def test_both_readers_send_agents_to_the_same_places(name: str) -> None:
    """Calls of a world that is drawn once go where visits are sent that are drawn one by one."""
    numbers = {
        "count.resource_servers": 8_000,
        "popularity.resource_servers": 0,
        "count.users": 2_000,
        "mean.connections_per_agent": 4,
        "mean.agents_per_user": 1.5,
    }
    met = load(name).with_numbers(**numbers)
    living = settle(replace(met, traits=tuple(trait for trait in met.traits if trait.name != "access")), "1/0")
    places = living.codes // ADOPTIONS % len(PLACES)
    called = np.bincount(places, weights=living.weights, minlength=len(PLACES)) / living.weights.sum()
    sent = [met.places.share(place) for place in PLACES]
    assert called == pytest.approx(sent, abs=0.03)


def test_a_longer_horizon_changes_no_rate() -> None:
    """Twice as long after the same warm-up, rates are within the intervals that they had."""
    asked = replace(find("consent"), values=(900,), arms=(find("consent").arms[0],))
    short, long = (
        run(asked, attempts=attempts, replications=5).rates.set_index(["kind", "outcome"])
        for attempts in (96_000, 192_000)
    )
    assert ((short.low <= long.rate) & (long.rate <= short.high)).all()
    assert len(short) > 2


@pytest.mark.parametrize(("workers", "load_"), [(1, 0.3), pytest.param(3, 0.6, marks=pytest.mark.slow)])
def test_waiting_is_that_of_erlang(workers: int, load_: float) -> None:
    """Requests at random, as many as it takes to see it within two per cent."""
    many, seconds = 300_000, 0.05
    gaps, work = (draws.exponential(draws.uniforms("1/0", name, 0, many), 1.0) for name in ("arrival", "work"))
    clock = simpy.Environment()
    station = Station(clock, "busy", workers)

    def arrivals() -> Waiting:
        for gap, mine in zip((gaps * seconds / load_ / workers).tolist(), (work * seconds).tolist(), strict=True):
            yield clock.timeout(gap)
            clock.process(station.serve(mine))

    clock.process(arrivals())
    clock.run()
    assert station.served == many
    assert station.waited / many == pytest.approx(waiting(workers, load_, seconds), rel=0.02)


def test_calls_wait_at_their_server_as_erlang_has_it() -> None:
    """Four requests a call, each after waits of its own, are requests at random to the AS."""
    seconds, load_ = 0.05, 0.4
    met = PLAIN.with_numbers(arrivals_per_second=load_ / seconds / 4, latency_spread=0.5, latency_consent=0.1)
    asked = unit(
        met, (("reg", "static"), ("par", "required")), attempts=25_000, warm_up=60, as_workers=1, as_seconds=seconds
    )
    tally = count(asked)
    assert mean(tally, "requests_to_AS") == 4
    queued = mean(tally, "seconds_in_queues")
    assert queued == pytest.approx(4 * waiting(1, load_, seconds), rel=0.05)


def test_storm_after_documents_end_together() -> None:
    """Until the first fetch is back all who come fetch as well, 1 + λd of them, unless an AS waits for its own."""
    life, rate, back = 60, 20.0, 2.0
    met = PLAIN.with_numbers(arrivals_per_second=rate, **{"lifetime.client_metadata": life, "latency.metadata": back})
    cycle = rate * (life + back) + 1
    for coalesced, expected in ((0, 1 + rate * back), (1, 1)):
        tally = count(unit(met, attempts=round(40 * cycle), coalesced=coalesced))
        assert mean(tally, "document_fetches") == pytest.approx(expected / cycle, rel=0.03)
        peak = mean(tally, "document_fetches_in_the_busiest_second")
        assert (peak == 1) if coalesced else rate < peak < 2.5 * rate


def test_a_document_that_could_not_be_had_is_not_asked_for_again_while_that_is_remembered() -> None:
    """A host that answers nobody is asked once in so many seconds by each AS, and every call is refused as before."""
    rate, kept = 20.0, 10.0
    met = PLAIN.with_numbers(arrivals_per_second=rate, **{"lifetime.client_metadata": 60})
    down = {"host_workers": 1, "host_rate": 1e-9, "retries": 0}
    for remembered, every in ((0.0, 1 / rate), (kept, kept + 1 / rate)):
        tally = count(unit(met, attempts=8_000, failures_kept=remembered, **down))
        assert mean(tally, "document_fetches") == pytest.approx(1 / rate / every, rel=0.05)
    # Who is turned away and comes again is asked for again.
    assert mean(count(unit(met, attempts=2_000, **down | {"retries": 2})), "document_fetches") == 3


def test_refresh_races_are_as_many_as_come_in_a_round_trip() -> None:
    """A second use within the round trip revokes the grant, unless the AS forgives it or binds what it rotates."""
    agents, each, life, trip = 50, 0.2, 50.0, 0.5
    met = PLAIN.with_numbers(
        arrivals_per_second=each * agents,
        token_lifetime=life,
        metadata_lifetime=1e6,
        **{"count.users": agents, "lifetime.refresh_token": 1e6, "latency.token": trip, "latency.consent": 0.5},
    )
    tally = count(unit(met, (), (("dpop", "token"),), attempts=40_000, warm_up=200))
    cycle = 1 + each * (life + trip)
    assert mean(tally, "refresh_races") == pytest.approx(each * trip / cycle, rel=0.15)
    assert mean(tally, "refresh_races") < mean(tally, "prompts") < 1.5 * mean(tally, "refresh_races")
    assert mean(tally, "refresh_races", 1) == 0 == mean(tally, "prompts", 1)
    forgiving = count(unit(met, attempts=4_000, warm_up=200, grace=trip))
    assert mean(forgiving, "refresh_races") == 0 == mean(forgiving, "prompts")


def test_keys_are_unknown_for_as_long_as_they_are_cached() -> None:
    """Without a fetch in need, of a rollover every P a token is refused for (K - o)² / 2KP of the time.

    Keys are fetched every K seconds, at random to the rollover; the new key was published o before.
    """
    every, kept, overlap = 2_000.0, 1_000.0, 300.0
    met = PLAIN.with_numbers(
        arrivals_per_second=40,
        **{
            f"{of}.{kind}": number
            for kind in ("authorization_servers", "resource_servers")
            for of, number in (("count", 2_000), ("popularity", 0))
        },
    )
    asked = unit(met, attempts=40_000, rollover=every, keys_kept=kept, overlap=overlap, refetch=0, warm_up=1_000)
    expected = (kept - overlap) ** 2 / (2 * (kept + 2_000 / 40) * every)  # fetched by the first who comes after it
    assert share(count(asked), "key_unknown") == pytest.approx(expected, rel=0.1)
    refetched = count(unit(met, attempts=5_000, rollover=every, keys_kept=kept, overlap=overlap, warm_up=1_000))
    assert share(refetched, "key_unknown") == 0


def test_who_is_asked_too_often_looks_no_more() -> None:
    """Prompts come at random, so that a user is tired of them with the probability of so many in an hour."""
    users, hourly, enough = 50, 4.0, 5
    met = PLAIN.with_numbers(
        arrivals_per_second=users * hourly / 3600,
        **{"count.users": users, "latency.consent": 0.0, "latency.token": 0.0},
    )
    looks = (("user", "vigilant"), ("reg", "dcr"), ("consent_ui", "redirect_host"))
    asked = unit(
        met, looks, (*looks[1:], ("user", "naive")), attempts=12_000, warm_up=7_200, hostile=1, tired_after=enough
    )
    tally = count(asked)
    expected = poisson.sf(enough - 1, hourly)
    assert share(tally, "diverted") == pytest.approx(expected, rel=0.05)
    assert share(tally, "authorization_server.user_recognises_the_client") == 1 - share(tally, "diverted")
    assert share(tally, "diverted", 1) == 1


def test_tokens_end_in_the_middle_of_a_task() -> None:
    """A task that outlasts its token asks the user again, unless there is something to refresh it with."""
    met = PLAIN.with_numbers(token_lifetime=60, metadata_lifetime=1e6)
    asked = unit(met, attempts=500, calls=10, think=20)
    again = count(asked)
    assert 1 < mean(again, "interruptions") < 5
    refreshed = count(replace(asked, population=met.with_numbers(**{"lifetime.refresh_token": 1e6})))
    assert mean(refreshed, "interruptions") == 0 < mean(refreshed, "refreshes")


def test_who_moves_is_followed_or_not() -> None:
    """A client with a list does not follow a resource server to an AS that it never met, by the name of the rule."""
    met = PLAIN.with_numbers(
        arrivals_per_second=1,
        token_lifetime=600,
        metadata_lifetime=600,
        **{"count.resource_servers": 50, "count.users": 100},
    )
    tally = count(unit(met, (), (("as_trust", "allowlist"),), attempts=5_000, moves=10))
    assert share(tally, "accepted") == 1
    assert 0 < share(tally, "client.authorization_server_is_trusted", 1) < 1


def test_who_comes_after_a_server_has_moved_finds_it_where_it_is() -> None:
    """All servers move in the first second, before the first agent comes: nobody has an old token to follow it with."""
    met = PLAIN.with_numbers(arrivals_per_second=1, **{"count.resource_servers": 50, "count.users": 100})
    tally = count(unit(met, (), (("as_trust", "allowlist"),), attempts=300, moves=1e6))
    assert share(tally, "accepted", 1) == 1


def test_a_call_that_is_made_again_takes_the_seconds_that_it_waits() -> None:
    """Whenever it begins; they are billed to its place."""
    ending: Any = object()
    clock = SimpleNamespace(now=100.0, timeout=float)
    world: Any = SimpleNamespace(clock=clock, labels=[None], _bills=[0.0] * len(NOTHING))
    for seconds in LivedWorld._again(world, ending, ((0, "call"), (1, "metadata")), (2.0, 3.0), 0):
        clock.now += seconds
    assert world.labels == [ending]
    assert world._bills[SECONDS] == 5.0


def test_a_token_that_was_refreshed_is_good_from_then_on() -> None:
    """For as long as tokens are, and so long its agent holds one; that is one refresh more."""
    living = SimpleNamespace(agents=[3, 5])
    world: Any = SimpleNamespace(clock=SimpleNamespace(now=40.0), token_lifetime=60.0, holds_until={}, living=living)
    held: Any = SimpleNamespace(since=0.0, token_until=30.0, refreshed=1)
    LivedWorld._renew(world, 1, held)
    assert (held.since, held.token_until, held.refreshed, world.holds_until) == (40.0, 100.0, 2, {5: 100.0})


def test_a_full_server_turns_away_and_is_tried_again() -> None:
    """With too little room calls give up by name; more tries bring more of them through."""
    met = PLAIN.with_numbers(arrivals_per_second=20)
    few, many = (
        count(unit(met, attempts=3_000, as_workers=1, as_seconds=0.02, as_backlog=3, retries=tries)) for tries in (0, 4)
    )
    assert share(few, "server_busy") > share(many, "server_busy") > 0
    limited = count(unit(met, attempts=3_000, as_rate=10, retries=0))
    # Each call asks thrice and only ten requests in a second are let in.
    assert share(limited, "accepted") < 10 / 20
    assert mean(few, "seconds_in_queues") > 0


def test_the_warm_up_is_lived_and_not_counted() -> None:
    """What is counted after it has what was met before at hand."""
    met = load("swept").with_numbers(**{"attackers.resource_servers": 0, "count.users": 20})
    cold, warm = (count(unit(met, attempts=1_000, warm_up=seconds)) for seconds in (0, 600))
    assert cold.endings.total() == warm.endings.total() == 1_000
    assert mean(warm, "prompts") < mean(cold, "prompts") / 5


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls drawn a few at a time are those drawn many at a time."""
    asked = unit(load("measured_2026"), (), (("echo", "req"),), attempts=700, as_workers=2, calls=3, warm_up=30)
    whole = count(asked)
    monkeypatch.setattr("simulations.calls.CHUNK", 64)
    assert count(asked) == whole


def test_everything_is_measured() -> None:
    """Every quantity is there for each arm."""
    tally = tallied(_small())
    assert {name for name, _ in tally.sums} == {*QUANTITIES, *lives.PEAKS}


def _small() -> list[LivedWorld]:
    asked = unit(PLAIN, attempts=8)
    living, options = settle(PLAIN, "1/0"), told(asked)
    return live(asked, living, calls(asked, living, options), options)
