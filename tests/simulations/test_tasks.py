"""Tasks of several calls: rules end them by name, faults are survived or not, and what happens is counted."""

from dataclasses import replace
from typing import Any

import pytest

from model.rule import RULES
from simulations import tasks, vectorised
from simulations.engine import run
from simulations.harms import every_harm
from simulations.population import Population, load
from simulations.units import EngineError, Tally, Unit

HONEST = load("swept").with_shares("place", {"honest_api": 1})
#: Nothing goes wrong by itself.
CALM: dict[str, float] = dict.fromkeys(
    ("not_found", "server_error", "timed_out", "key_rollover", "step_up", "sub_agent"), 0.0
)


def lived(
    *arms: tuple[tuple[str, str], ...], population: Population = HONEST, attempts: int = 200, **told: float
) -> Tally:
    """What becomes of tasks."""
    options = tuple(sorted({**CALM, **told}.items()))
    return tasks.count(Unit(population, arms or ((),), "1/0", attempts, reader="tasks", options=options))


def share(tally: Tally, name: str, arm: int = 0) -> float:
    """How many tasks end so."""
    return sum(n for joint, n in tally.endings.items() if joint[arm].name == name) / tally.endings.total()


def mean(tally: Tally, name: str, arm: int = 0) -> float:
    """The mean of a quantity."""
    sums: Any = tally.sums[name, arm]
    return float(sums.total / sums.number)


def test_a_calm_task_comes_through() -> None:
    """Without faults every call succeeds; a server is asked for consent once, and later calls use what is held."""
    tally = lived(steps=10, servers=1)
    assert share(tally, "accepted") == 1
    assert mean(tally, "consents") == 1
    assert mean(tally, "requests") == 5 + 9  # a first contact but for the user, and nine requests
    assert mean(tally, "retries") == 0


def test_one_step_is_a_first_contact() -> None:
    """A task of one call ends as the visit does, so a rule that refuses a share of servers refuses that share."""
    split = HONEST.with_shares("api", {"single_path": 0.7, "multi_path": 0.3})
    tally = lived((), (("prm", "prefix"),), population=split, attempts=2_000, steps=1)
    assert share(tally, "client.resource_matches_request") == pytest.approx(0.3, abs=0.04)
    assert share(tally, "accepted", 1) == 1


def test_more_steps_fail_more_often() -> None:
    """Each further server is another chance to be refused: one server as the closed form has it, more are worse."""
    split = HONEST.with_shares("api", {"single_path": 0.7, "multi_path": 0.3})
    failed = [1 - share(lived(population=split, attempts=1_000, steps=steps), "accepted") for steps in (1, 3, 10)]
    assert failed == sorted(failed)
    assert failed[2] > 0.5
    alone = 1 - share(lived(population=split, attempts=1_000, steps=10, servers=1), "accepted")
    assert alone == pytest.approx(0.3, abs=0.05)


def test_tokens_that_die_are_refreshed_and_consent_is_not_asked_again() -> None:
    """With short tokens an agent asks the token endpoint more often, and the user no more."""
    short = HONEST.with_numbers(token_lifetime=30)
    tally, long = lived(population=short, servers=1, think=60), lived(servers=1, think=60)
    assert mean(tally, "requests") > mean(long, "requests") + 3
    assert mean(tally, "consents") == 1
    never = short.with_numbers(lifetime_refresh_token=0)
    assert mean(lived(population=never, servers=1, think=60), "consents") > 3


def test_one_client_does_the_whole_task() -> None:
    """Servers differ from call to call, clients do not: more calls do not find the client that fails."""
    clients = HONEST.with_shares("api", {"multi_path": 1}).with_shares("prm", {"exact": 0.5, "prefix": 0.5})
    failed = [1 - share(lived(population=clients, attempts=1_000, steps=steps), "accepted") for steps in (1, 10)]
    assert failed == [failed[0]] * 2
    assert failed[0] == pytest.approx(0.5, abs=0.04)


def test_deployed_clients_do_tasks() -> None:
    """The mix of a population fails as its designs say; an arm holds for all of them."""
    met = replace(HONEST, clients=load("measured_2026").clients).with_shares("api", {"multi_path": 1}).deployed()
    assert met.clients is not None
    exact = sum(kind.share for kind in met.clients.categories if dict(kind.settings)["prm"] in ("exact", "same_href"))
    tally = lived((), (("prm", "prefix"),), population=met, attempts=1_000, steps=3)
    assert share(tally, "client.resource_matches_request") >= exact - 0.04
    assert share(tally, "client.resource_matches_request", 1) == 0


def test_faults_are_retried_until_patience_runs_out() -> None:
    """A fault now and then costs a retry; without retries it costs the task; a 404 is not tried again."""
    survived, given_up = (lived(server_error=0.02, retries=tries, attempts=400) for tries in (4, 0))
    assert share(survived, "accepted") == 1
    assert mean(survived, "retries") > 0
    assert share(given_up, "server_error") > 0.2
    assert share(lived(not_found=0.2, attempts=400), "not_found") > 0.2
    slow = lived(timed_out=0.05, retries=4)
    assert mean(slow, "seconds") > mean(lived(), "seconds")


def test_a_second_server_helps_where_it_is_trusted() -> None:
    """When the first AS does not answer, a client goes to another one that the RS lists, if its rule lets it."""
    arms = ((("as_trust", "any"),), (("as_trust", "allowlist"),))
    tally = lived(*arms, server_error=0.5, retries=0, steps=1, second_server=1.0, attempts=600)
    assert share(tally, "client.authorization_server_is_trusted") == 0
    assert share(tally, "client.authorization_server_is_trusted", 1) > 0.05
    assert share(tally, "accepted") > share(tally, "accepted", 1)


def test_moving_to_another_server_breaks_pins() -> None:
    """A client that follows the metadata survives a move; one that only trusts whom it met is refused by its rule."""
    arms = ((("as_trust", "any"),), (("as_trust", "allowlist"),), (("as_trust", "federation"),))
    tally = lived(*arms, migrates=0.2)
    assert share(tally, "accepted") == 1
    assert share(tally, "client.authorization_server_is_trusted", 1) > 0.5
    assert share(tally, "accepted", 2) == 1
    assert share(lived(*arms, migrates=0.2, uncovered=0.5), "client.authorization_server_is_trusted", 2) > 0.3
    assert mean(tally, "rechallenges") > 0


def test_a_fallen_resource_harms_those_who_follow_it() -> None:
    """Hijacked metadata harms the client that follows it, not the one that pins; the harm is noticed in time."""
    arms = ((("as_trust", "any"),), (("as_trust", "allowlist"),))
    tally = lived(*arms, hijacked=0.05)
    harmed = [sum(n for joint, n in tally.endings.items() if joint[arm].harms) for arm in (0, 1)]
    assert harmed[0] > 20
    assert harmed[1] == 0
    assert tally.sums["seconds_until_detected", 0].number == harmed[0]
    assert 30_000 < mean(tally, "seconds_until_detected") < 200_000
    assert mean(tally, "seconds_exposed") <= HONEST.number("token_lifetime")
    assert {harm for joint in tally.endings for harm in joint[0].harms} <= set(every_harm())


def test_an_issuer_that_changed_is_refused_by_the_rule_that_compares_it() -> None:
    """Only the client that checks the issuer of AS metadata is held up."""
    tally = lived((("md_issuer_check", "on"),), (("md_issuer_check", "off"),), issuer_changed=0.1)
    assert share(tally, "client.metadata_issuer_matches") > 0.1
    assert share(tally, "accepted", 1) == 1
    assert "client.metadata_issuer_matches" in RULES


def test_interruptions_cost_requests_and_consents() -> None:
    """Step-up and sub-agents ask the user again, registration and key rollover cost a request."""
    calm = lived()
    assert mean(lived((("step_up", "on"),), step_up=0.3), "consents") > mean(calm, "consents") + 1
    assert mean(lived(sub_agent=0.5), "consents") > mean(calm, "consents") + 1
    assert mean(lived(key_rollover=0.5), "retries") > 1
    registered = lived((("reg", "cimd"),), (("reg", "dcr"),))
    assert mean(registered, "registrations") == 0
    assert mean(registered, "registrations", 1) > 1
    assert mean(lived(clock_skew=100_000), "rechallenges") > 1


def test_a_client_that_replaces_scopes_asks_for_them_again() -> None:
    """Where it steps up in a share of calls, it also does in each of the others that follow one."""
    steps, more = 10, 0.3
    arms = lived((("step_up", "on"),), (("step_up", "replace"),), attempts=2_000, steps=steps, servers=1, step_up=more)
    assert mean(arms, "consents") == pytest.approx(1 + steps * more, abs=0.15)
    back = (steps - 1) * more * (1 - more)
    assert mean(arms, "consents", 1) == pytest.approx(1 + steps * more + back, abs=0.15)


def test_a_client_ends_at_the_rule_by_which_it_does_not_step_up() -> None:
    """One that never steps up ends where more scope is asked for, one that asks for nothing twice where old is."""
    off, twice = (("step_up", "off"),), (("step_up", "replace"), ("step_up_asks", "more"))
    arms = lived(off, (("step_up", "on"), ("step_up_asks", "more")), twice, attempts=1_000, steps=4, step_up=0.2)
    assert share(arms, "client.scope_is_stepped_up") == pytest.approx(1 - 0.8**4, abs=0.05)
    assert share(arms, "accepted", 1) == 1
    alone = lived(twice, attempts=1_000, steps=4, step_up=0.2, servers=1)
    kept = sum(0.8**calm * 0.2 ** (4 - calm) for calm in range(5))  # so many calls, and then more every time
    assert share(alone, "accepted") == pytest.approx(kept, abs=0.05)
    assert share(alone, "client.step_up_asks_for_more") == pytest.approx(1 - kept, abs=0.05)


def test_tasks_do_not_depend_on_how_they_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tasks in chunks of another size, or beside another arm, end the same."""
    whole = lived((), (("prm", "prefix"),), server_error=0.05, migrates=0.02)
    monkeypatch.setattr(tasks, "CHUNK", 64)
    parts = lived((), (("prm", "prefix"),), server_error=0.05, migrates=0.02)
    assert parts.endings == whole.endings
    assert mean(parts, "seconds") == pytest.approx(mean(whole, "seconds"))


def test_an_unknown_option_is_an_error() -> None:
    """One line names it and what is allowed."""
    with pytest.raises(EngineError, match="unknown option 'stepps' of tasks; did you mean 'steps'"):
        lived(stepps=3)


def test_units_that_are_looked_at_together_count_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what they meet is judged fewer times."""
    judged: list[int] = []
    judge_all = vectorised.judge_all
    monkeypatch.setattr(vectorised, "judge_all", lambda *told: judged.append(1) or judge_all(*told))
    met = load("hostile")
    units = [
        Unit(met, ((), (("echo", "req"),)), f"{seed}/0", 3, reader="tasks", options=tuple(CALM.items()))
        for seed in range(2)
    ]
    found = []
    for each in ([[unit] for unit in units], [units]):
        vectorised.reader.cache_clear()
        found.append(([tally for some in each for tally in run(some).values()], len(judged)))
    (alone, times), (together, more) = found
    assert together == alone
    assert more - times < times
