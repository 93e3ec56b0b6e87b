"""Experiments answer their question, and refuse to run as nonsense."""

import doctest
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas
import pytest
from one_by_one import shown, visit_of
from scipy.stats import chi2
from walks import refusals

from model.design import Configuration
from model.errors import InputError
from model.machine import Machine, Step
from simulations import attempts, catalogue, draws, experiments, intervals, results, vectorised
from simulations.arms import settings
from simulations.catalogue import EXPERIMENTS
from simulations.experiment import Adoption, Experiment, ExperimentError, Number
from simulations.experiments import AS_DEPLOYED, StoppedExperiment, coinciding, find, run
from simulations.population import PopulationError, load
from simulations.quantities import Measure
from simulations.visits import ONE_VISIT


def small(name: str, *values: float) -> Experiment:
    """An experiment at a few points of its sweep."""
    return replace(EXPERIMENTS[name], values=values)


def rate(table: pandas.DataFrame, value: float, arm: str, outcome: str, kind: str) -> float:
    """One rate of a table; an outcome that was never seen has none and counts as zero."""
    rows = table[(table.value == value) & (table.arm == arm) & (table.outcome == outcome) & (table.kind == kind)]
    return float(rows.rate.sum())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_can_be_asked(name: str) -> None:
    """Every experiment's arms read as designs and differ, and its sweep fits its population."""
    asked = EXPERIMENTS[name]
    assert asked.name == name
    met = experiments.population_for(asked, None)
    experiments.check_met(asked, met)
    for value in (asked.values[0], asked.values[-1]):
        unit = asked.unit(met, value, "1", 4)
        assert len(unit.arms) == len(set(unit.arms)) == len(asked.treatments)


def test_an_arm_sets_what_it_lists_even_at_the_baseline() -> None:
    """A listed baseline overrules what is deployed; a design sets mechanisms, and what drafts ask of deployments."""
    assert settings("prm=exact") == (("prm", "exact"),)
    assert settings("") == ()
    named = dict(settings("design=rfc6749;as_echo=no"))
    assert {"prm", "echo", "iss_check"} <= named.keys()
    assert named["as_echo"] == "no"
    assert "as_resource" not in named


def test_a_population_may_be_named_or_given_as_a_file(tmp_path: Path) -> None:
    """The same population by name, as an object and from a file gives the same counts."""
    file = tmp_path / "mine.toml"
    file.write_text((Path(experiments.__file__).parent / "data/populations/swept.toml").read_text())
    given = ("swept", load("swept"), str(file))
    counts = [run(small("echo", 0.5), attempts=200, population=met).rates["count"].tolist() for met in given]
    assert counts[0] == counts[1] == counts[2]


def test_matching_buys_multi_path_apis_and_lets_tenants_in() -> None:
    """Exact matching refuses APIs of several paths, prefix none; prefix alone lets a tenant speak for its origin."""
    rates = run(small("matching", 0.0, 0.5), attempts=2_000, replications=2).rates
    refused = ("client.resource_matches_request", "refused")
    assert rate(rates, 0.0, "prm=exact", *refused) == 0
    assert rate(rates, 0.5, "prm=exact", *refused) == pytest.approx(0.35, abs=0.03)
    assert rate(rates, 0.5, "prm=prefix", *refused) == 0
    assert rate(rates, 0.5, "prm=exact", "token_confinement", "harm") == 0
    assert rate(rates, 0.5, "prm=prefix", "token_confinement", "harm") > 0.03


def test_echo_trades_honest_flows_for_thefts() -> None:
    """The stricter the client, the fewer thefts and the more honest flows refused."""
    rates = run(small("echo", 0.0, 0.6), attempts=2_000, replications=2).rates
    arms = EXPERIMENTS["echo"].arms[:4]
    thefts = [rate(rates, 0.6, arm, "token_confinement", "harm") for arm in arms]
    refused = [rate(rates, 0.6, arm, "client.echo_confirms_request", "refused") for arm in arms]
    assert thefts == sorted(thefts, reverse=True)
    assert refused == sorted(refused)
    assert thefts[0] > 0
    assert thefts[-1] == 0
    assert len({rate(rates, 0.0, arm, "accepted", "success") for arm in arms}) == 1


def test_the_echo_costs_what_it_costs_only_where_servers_do_not_adopt_it() -> None:
    """Clients alone lose nearly all flows, at AS as measured; where these do what the draft asks, none."""
    met = load("measured_2026").with_shares("place", {"honest_api": 0.5, "malicious_rs": 0.5})
    adopted = "prefix+documents", "prefix+documents+echo;by=client", "prefix+documents+echo"
    ends = vectorised.expected(met, [settings(f"draft={text}") for text in adopted])

    works = [sum(at for end, at in ends.items() if end[arm].kind == "success") for arm in range(3)]
    thefts = [sum(at for end, at in ends.items() if "authorization" in end[arm].harms) for arm in range(3)]
    assert works[2] >= works[0] > 10 * works[1] > 0
    assert thefts[0] > thefts[2] >= thefts[1]


def test_what_can_be_gone_through_is_told_exactly() -> None:
    """Without attempts nothing is drawn: values by hand, bounds that are those values, and what a sample is beside."""
    asked = replace(EXPERIMENTS["iss"], values=(0.2, 0.5))
    found = run(asked)
    table = found.quantities[found.quantities["value"] == 0.5]
    works, thefts = (
        table[(table["quantity"] == told.quantity) & (table["per"] == told.per)].set_index("arm")
        for told in asked.about
    )
    # 64 of 83 documents are for one path, and half of the AS send iss.
    assert works.loc[["iss_check=off", "iss_check=require"], "mean"].tolist() == pytest.approx([64 / 83, 32 / 83])
    assert thefts.loc["iss_check=off", "mean"] == pytest.approx(1, abs=1e-3)
    assert found.half_width == 0
    assert set(found.rates["attempts"]) == set(found.rates["count"]) == {0}
    assert "--attempts" not in found.rates["command"].iloc[0]
    sampled = run(asked, attempts=300, replications=1).rates.set_index(["value", "arm", "kind", "outcome"])
    exact = found.rates.set_index(["value", "arm", "kind", "outcome"]).loc[sampled.index]
    assert exact["rate"].to_numpy() == pytest.approx(sampled["expected"].to_numpy(), abs=1e-11)


#: Those whose sweep moved no headline, or whose headline was the same under all arms.
_STOOD_STILL = ("multi_tenant", "federation", "software_statements", "aauth")


@pytest.mark.parametrize(
    "name", [name if name in _STOOD_STILL else pytest.param(name, marks=pytest.mark.slow) for name in EXPERIMENTS]
)
def test_a_sweep_moves_a_headline_and_each_differs(name: str) -> None:
    """Of what is evaluated: in some arm at least, at the ends of the sweep and at the point of the headline."""
    asked = EXPERIMENTS[name]
    if not experiments.evaluable(asked, experiments.population_for(asked, None)):
        return
    found = run(replace(asked, values=(asked.values[0], asked.point, asked.values[-1]))).quantities
    moved = []
    for measure in asked.about:
        told = found[(found["quantity"] == measure.quantity) & (found["per"] == measure.per)]
        assert (told.loc[told["headline"] == 1, "difference"].abs() > 1e-9).any(), measure.words
        moved.append(told.groupby("arm")["mean"].std().max() > 1e-9)
    assert any(moved)


def test_a_sweep_that_moves_nothing_is_refused() -> None:
    """Whether an AS knows a resource that nobody has changes nothing."""
    sweep = catalogue.Mix("host_registered", {"yes": 1}, {"no": 1})
    asked = replace(EXPERIMENTS["multi_tenant"], sweep=sweep, mixes={})
    with pytest.raises(ExperimentError, match="nothing depends on share of shared origins"):
        run(replace(asked, values=(0.0, 1.0), arms=("prm=exact", "prm=prefix")))


def test_among_strangers_only_those_get_through_who_need_no_introduction() -> None:
    """What is configured, registered or listed beforehand ends where a stranger begins; documents do not."""
    none, some = ("design=rfc6749", "design=spiffe", "design=federated"), ("design=prm_cimd", "design=mcp")
    rates = run(replace(small("strangers", 0.0, 1.0), arms=none + some), attempts=600, replications=1).rates

    def accepted(arm: str) -> tuple[float, float]:
        known, strangers = (rate(rates, value, arm, "accepted", "success") for value in (0.0, 1.0))
        return known, strangers

    for arm in none:
        known, strangers = accepted(arm)
        assert known > strangers == 0
    for arm in some:
        known, strangers = accepted(arm)
        assert known == strangers > 0
    assert rate(rates, 1.0, "design=rfc6749", "client.resource_is_configured", "refused") > 0.5
    assert rate(rates, 1.0, "design=spiffe", "client.authorization_server_is_trusted", "refused") > 0.3


def test_of_the_classes_of_clients_strangers_take_the_public_one_and_thieves_its_codes() -> None:
    """Whoever authenticates has its codes for itself, and has to have been introduced."""
    rates = run(small("client_classes", 0.0, 1.0), attempts=600, replications=1).rates
    public, confidential, attested = EXPERIMENTS["client_classes"].arms

    def of(arm: str, share: float, outcome: str, kind: str) -> float:
        return rate(rates, share, arm, outcome, kind)

    for arm in (confidential, attested):
        assert of(arm, 0.0, "accepted", "success") == of(public, 0.0, "accepted", "success") > 0
        assert of(arm, 1.0, "accepted", "success") == 0
        assert of(arm, 0.0, "flow_binding", "harm") == 0
    assert of(public, 1.0, "accepted", "success") > 0
    assert of(public, 0.0, "flow_binding", "harm") > 0


def test_tables_are_the_same_bit_for_bit() -> None:
    """The same arguments give the same tables, in one process or two; another seed gives others."""
    asked = small("echo", 0.5)
    first, second = (run(asked, attempts=1_000, replications=2, workers=workers) for workers in (1, 2))
    pandas.testing.assert_frame_equal(first.rates, second.rates, check_exact=True)
    pandas.testing.assert_frame_equal(first.differences, second.differences, check_exact=True)
    assert not run(asked, seed=2, attempts=1_000, replications=2).rates["count"].equals(first.rates["count"])


def test_attempts_are_shared_out_over_replications() -> None:
    """Every row counts as many attempts as were asked for, even where replications do not divide them."""
    assert set(run(small("matching", 0.5), attempts=1_001, replications=3).rates.attempts) == {1_001}


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (lambda: run("matchin"), "unknown experiment 'matchin'; did you mean 'matching'.; allowed: .*matching, "),
        (lambda: run("echo", attempts=3), "attempts must be at least 5, found 3"),
        (lambda: run("echo", replications=0), "replications must be at least 1, found 0"),
        (lambda: run("echo", workers=0), "workers must be at least 1, found 0"),
        (lambda: run("echo", half_width=1.5), "half-width must be between 0 and 1, found 1.5"),
        (lambda: run("echo", population="nowhere"), "unknown population 'nowhere'; allowed: "),
        (lambda: run(replace(EXPERIMENTS["echo"], options={"steps": 3})), "unknown option 'steps' of arrays"),
        (lambda: run(replace(EXPERIMENTS["echo"], sweep=Number("steps", option=True))), "unknown option 'steps'"),
        (
            lambda: run(replace(EXPERIMENTS["echo"], sweep=Number("agents"), values=(1, 2))),
            "number 'agents' is not read by reader 'arrays'; it reads latency.attacker, token_lifetime, attackers",
        ),
        (
            lambda: run(replace(EXPERIMENTS["echo"], numbers={"count.users": 3})),
            "number 'count.users' is not read by reader 'arrays'",
        ),
        (
            lambda: run(replace(small("echo", 0.5), headline=(Measure("prompt"),)), attempts=10),
            "headline: reader 'arrays' counts no prompt per attempt, but honest flows that work, thefts",
        ),
    ],
)
def test_nonsense_is_refused(start: Callable[[], object], message: str) -> None:
    """One line names the culprit and what is allowed."""
    with pytest.raises(InputError, match=message):
        start()


def test_an_arm_overrules_what_is_deployed() -> None:
    """An arm is what it says, whatever the population draws; an arm that sets nothing is what is deployed."""
    strict = load("swept").with_shares("echo", {"req_strict": 1}).with_shares("as_resource", {"ignore": 1})
    asked = replace(small("each_draft", 1.0), arms=("", "echo=off"), deployed=False)
    rates = run(asked, attempts=400, population=strict).rates
    assert rate(rates, 1.0, AS_DEPLOYED, "client.echo_confirms_request", "refused") > 0.5
    assert rate(rates, 1.0, "echo=off", "client.echo_confirms_request", "refused") == 0


def test_what_is_deployed_is_the_client_mix() -> None:
    """An arm that sets nothing meets the clients that the population names; curves of adoption move with the years."""
    asked = replace(small("years", 2026.9, 2032), arms=("", "echo=req_strict"))
    met = experiments.population_for(asked, None)
    assert met.clients is not None
    assert met.factors[-1] == met.clients
    rates = run(asked, attempts=400).rates
    expected = rates[rates.kind != "attainable"].set_index(["value", "arm", "outcome"]).expected
    assert expected[2032, "echo=req_strict", "accepted"] > expected[2026.9, "echo=req_strict", "accepted"] + 0.1
    assert expected[2026.9, AS_DEPLOYED, "code_delivery"] > 0


def test_adoption_grows_from_nothing_to_all() -> None:
    """At 0 an arm is what is deployed, attempt by attempt; in between it lies in between."""
    arms = tuple(f"h_iss={sent};iss_check={check}" for sent in ("no", "yes") for check in ("off", "require"))
    mixes = {"h_iss": {"no": 1}, "iss_check": {"off": 1}, "place": {"honest_api": 0.9, "malicious_rs_and_as": 0.1}}
    asked = replace(small("each_draft", 0.0, 0.5, 1.0), arms=arms, population="swept", deployed=False, mixes=mixes)
    result = run(asked, attempts=4_000)
    start = result.differences[result.differences.value == 0]
    assert (start.gained == 0).all()
    assert (start.lost == 0).all()
    mixed = {
        arm: [rate(result.rates, value, arm, "code_delivery", "harm") for value in (0, 0.5, 1)]
        for arm in result.rates.arm.unique()
    }
    neither, clients, servers, both = mixed.values()
    assert neither[0] == neither[2] > 0.05
    assert servers == neither, "iss that nobody looks at stops nothing"
    assert clients[0] > clients[1] > clients[2] == 0
    assert both[2] == 0
    refused = [rate(result.rates, 1.0, arm, "client.iss_matches_recorded_issuer", "refused") for arm in mixed]
    assert refused[0] == refused[2] == refused[3] == 0 < refused[1]


def test_counts_agree_with_what_is_expected() -> None:
    """Sampled rates lie around the exact ones, as their intervals say."""
    rates = run(small("multi_tenant", 0.3, 0.8), attempts=20_000).rates
    assert rates.expected.notna().all()
    assert ((rates.low <= rates.expected) & (rates.expected <= rates.high)).mean() > 0.9
    assert ((rates.rate - rates.expected).abs() < 0.02).all()


def test_replications_vary_as_independent_attempts_do() -> None:
    """The spread between replications is binomial, so intervals over all attempts are not too narrow."""
    counts = []
    asked = replace(small("multi_tenant", 0.5), arms=("prm=exact", "prm=prefix"))
    for seed in range(30):
        rates = run(asked, attempts=500, replications=1, seed=seed).rates
        counts.append(rate(rates, 0.5, "prm=prefix", "token_confinement", "harm") * 500)
    share = sum(counts) / len(counts) / 500
    dispersion = sum((count - share * 500) ** 2 for count in counts) / (500 * share * (1 - share))
    low, high = chi2.ppf([0.001, 0.999], len(counts) - 1)
    assert low < dispersion < high


def test_replicating_until_intervals_are_narrow() -> None:
    """A stated half-width is reached at every point, by adding replications to those that were counted."""
    asked = small("multi_tenant", 0.1, 0.9)
    result = run(asked, attempts=400, replications=2, half_width=0.02)
    assert result.half_width <= 0.02
    assert (result.rates.attempts > 400).all()


def test_interactions_are_found() -> None:
    """Two mechanisms that only help together show as an interaction, beyond chance."""
    factors = {"bound": "audience_check=exact", "matched": "prm=exact"}
    tenants = {
        "place": {"malicious_tenant": 1},
        "host_registered": {"yes": 1},
        "host_app": {"no": 1},
        "audience_check": {"prefix": 1},
        "prm": {"prefix": 1},
    }
    asked = replace(
        EXPERIMENTS["interaction"], factors=factors, mixes=tenants, population="shared_origins", values=(1.0,)
    )
    effects = run(asked, attempts=400).effects.set_index(["effect", "kind", "outcome"])
    theft = effects.loc[("bound × matched", "harm", "token_confinement")]
    assert theft.low > 0


def test_interrupting_leaves_a_result() -> None:
    """Ctrl-C hands over the tables of the points that were reached."""

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(StoppedExperiment) as caught:
        run(small("matching", 0.0, 0.5, 1.0), attempts=400, replications=2, progress=stop)
    assert caught.value.result is not None
    assert set(caught.value.result.rates.value) == {0.0, 0.5}


def test_importing_is_quick() -> None:
    """Listing experiments needs none of the large libraries."""
    code = "import sys, simulations.catalogue; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "scipy", "simpy", "z3", "networkx"} & set(loaded)


@pytest.mark.parametrize(
    "module", [catalogue, draws, intervals, results, experiments], ids=lambda module: module.__name__
)
def test_examples_run(module: object) -> None:
    """The examples in docstrings are true."""
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_code_thefts_that_come_with_iss_are_of_clients_that_compare_no_issuer() -> None:
    """Attempts that turn into a code theft as AS take to iss were stopped by its absence; RFC 8414 3.3 ends them."""
    strict = "iss_check=require"
    asked = replace(EXPERIMENTS["years"], arms=(strict, f"{strict};md_issuer_check=on"))
    met = experiments.population_for(asked, None)
    now, later = (asked.unit(met, year, "1/0", 4_000) for year in (2026.9, 2032))
    before, after = (
        [
            labels
            for chunk in vectorised.attempts(unit.population, unit.arms, unit.seed, unit.attempts)
            for labels in zip(*chunk, strict=True)
        ]
        for unit in (now, later)
    )
    turned = [
        number
        for number, (old, new) in enumerate(zip(before, after, strict=True))
        if "code_delivery" in new[0].harms and "code_delivery" not in old[0].harms
    ]
    assert len(turned) > 30
    codes = attempts.draw_codes(now.population, now.seed, 0, now.attempts, 1.0)
    found = attempts.situations(now.population)
    for code in {int(codes[number]) for number in turned}:
        visit = visit_of(found, now.arms[0], code)
        configuration = visit.configuration
        assert configuration.design.md_issuer_check == "off"
        assert configuration.design.h_iss == "no"
        configuration = type(configuration)(configuration.design.but(h_iss="yes"), configuration.capabilities)
        theft, steps = shown(visit._replace(configuration=configuration))
        assert "code_delivery" in theft.ending.harms
        assert refusal_on_the_way(visit.configuration, steps) == ("client.iss_matches_recorded_issuer")
    assert not any("code_delivery" in labels[1].harms for labels in (*before, *after))


def test_a_headline_that_nobody_counts_is_told_after_one_unit() -> None:
    """And not once all has been counted."""
    asked, told = replace(small("echo", 0.5, 1.0), headline=(Measure("prompt"),)), []
    with pytest.raises(ExperimentError, match="counts no prompt per attempt"):
        run(asked, attempts=10, replications=2, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 1)]


def refusal_on_the_way(configuration: Configuration, steps: tuple[Step, ...]) -> str:
    """The rule that stops a run of another configuration."""
    machine = Machine(configuration, ONE_VISIT)
    state = machine.initial
    for step in steps:
        if step not in [step for step, _ in machine.moves(state)]:
            return next(rule.name for refused, rule in refusals(machine, state) if refused == step)
        state = machine.step(state, step)
    return ""


def test_arms_that_cannot_act_are_found_before_any_attempt_is_drawn() -> None:
    """What comes to the same in every situation is told; where that is all there is, one line refuses it."""
    asked = find("multi_tenant")
    met = experiments.population_for(asked, None)
    assert coinciding(asked, met) == (("prm=exact", "prm=exact;audience_check=prefix"),)
    idle = replace(asked, name="mine", arms=("prm=exact", "prm=exact;audience_check=prefix"))
    with pytest.raises(ExperimentError, match=r"^prm=exact;audience_check=prefix cannot act beside prm=exact: in "):
        run(idle)
    # Nothing is kept from one first contact to the next, so that nothing is sent before discovery.
    kept = replace(idle, arms=("prm=exact", "prm=exact;optimistic=on"))
    with pytest.raises(ExperimentError, match=r"^prm=exact;optimistic=on cannot act beside prm=exact: in "):
        run(kept, population=met, attempts=100)
    assert coinciding(find("ten_steps"), met) == ()


@pytest.mark.parametrize("name", ["matching", "echo_measured"])
def test_arms_that_come_to_the_same_everywhere_do_in_every_attempt(name: str) -> None:
    """What is known of situations is seen in attempts."""
    asked = find(name)
    told = coinciding(asked, experiments.population_for(asked, None))
    assert told
    seen = [set(found.arms) for found in run(asked, attempts=100).alike if found.throughout]
    assert all(any(set(group) <= arms for arms in seen) for group in told)


def test_aauth_stops_a_forged_challenge_by_one_check_that_oauth_with_dpop_lacks() -> None:
    """Neither is robbed by who reads tokens, bearer tokens are; without that check AAuth is where OAuth is."""
    rates = run(small("aauth", 0.5), attempts=2_000, replications=2).rates
    oauth, bearer, aauth, lax = EXPERIMENTS["aauth"].arms

    def attainable(arm: str, harm: str) -> float:
        return rate(rates, 0.5, arm, harm, "attainable")

    assert attainable(oauth, "authorization") == attainable(aauth, "authorization") == 0
    assert attainable(bearer, "authorization") > 0
    assert attainable(aauth, "discovery_integrity") == 0 < attainable(oauth, "discovery_integrity")
    assert attainable(lax, "discovery_integrity") == attainable(oauth, "discovery_integrity")
    assert rate(rates, 0.5, aauth, "accepted", "success") > rate(rates, 0.5, oauth, "accepted", "success")


def test_derived_instances_are_robbed_of_nothing_and_work_where_their_attester_is_known() -> None:
    """An identity of its own is not enough, and neither is depth without an end to it."""
    rates = run(small("instances", 0.0, 1.0), attempts=2_000, replications=2).rates
    shared, workload, derived, deep, lasting = EXPERIMENTS["instances"].arms
    robbed = {arm: rate(rates, 0.0, arm, "authorization", "harm") for arm in EXPERIMENTS["instances"].arms}
    assert robbed[derived] == robbed[lasting] == 0 < robbed[shared] == robbed[workload] == robbed[deep]
    confined = [rate(rates, 0.0, arm, "delegation_confinement", "attainable") for arm in (derived, lasting)]
    assert confined == [0, 1]
    for arm in (workload, derived):
        assert rate(rates, 1.0, arm, "authorization_server.sub_agent_is_attested", "refused") == 1
    assert rate(rates, 1.0, shared, "accepted", "success") == 1


def test_where_not_both_sides_take_aauth_up_a_visit_is_as_before() -> None:
    """Of a hundred visits in which half the clients and half the servers do, a quarter differ."""
    asked = replace(
        find("aauth"),
        values=(0.5,),
        arms=("dpop=token;dpop_policy=always", "protocol=aauth"),
        sweep=Adoption(),
        mixes={"place": {"forged_challenge": 1}},
    )
    rates = run(asked, attempts=4_000, replications=2).rates
    assert rate(rates, 0.5, "protocol=aauth", "accepted", "success") == pytest.approx(0.25, abs=0.03)


def test_a_place_that_a_protocol_has_not_is_told_in_a_line() -> None:
    asked = replace(find("aauth"), values=(0.5,), sweep=None, mixes={"place": {"sub_agent": 1}})
    with pytest.raises(PopulationError, match="place 'sub_agent' is left out under protocol=aauth; places there: "):
        run(asked, attempts=10)


@pytest.mark.parametrize("name", [name for name, asked in EXPERIMENTS.items() if asked.factors])
def test_factors_are_combined_in_every_way(name: str) -> None:
    """None of them, each alone, and all together are arms of their own."""
    factors, arms = EXPERIMENTS[name].factors, EXPERIMENTS[name].treatments
    assert len(arms) == 2 ** len(factors)
    assert next(iter(arms)) == AS_DEPLOYED
    assert {*factors, " + ".join(factors)} <= arms.keys()
    assert {switch for switch, _ in arms[" + ".join(factors)]} >= {switch for one in factors for switch, _ in arms[one]}


def test_an_experiment_that_is_not_known_is_named_with_what_it_may_be() -> None:
    with pytest.raises(ExperimentError, match=r"unknown experiment 'ekho'; did you mean 'echo'"):
        find("ekho")
