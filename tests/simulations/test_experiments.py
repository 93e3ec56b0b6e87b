"""Experiments answer their question, and refuse to run as nonsense."""

from __future__ import annotations

import doctest
import subprocess
import sys
from collections.abc import Callable

import pandas
import pytest

from model.design import parse
from simulations import draws, experiments, results
from simulations.experiments import EXPERIMENTS, Experiment, ExperimentError, StoppedExperiment, run
from simulations.population import PopulationError, load


def small(name: str, *values: float) -> Experiment:
    """An experiment at a few points of its sweep."""
    full = EXPERIMENTS[name]
    return Experiment(full.name, full.question, full.parameter, values, full.arms, full.population, full.vary)


def rate(table: pandas.DataFrame, value: float, arm: str, outcome: str, kind: str) -> float:
    """One rate of a table; an outcome that was never seen has none and counts as zero."""
    rows = table[(table.value == value) & (table.arm == arm) & (table.outcome == outcome) & (table.kind == kind)]
    return float(rows.rate.sum())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_arms_leave_the_environment_alone(name: str) -> None:
    """Every experiment's arms read as designs, and its sweep fits its population."""
    experiment = EXPERIMENTS[name]
    assert experiment.name == name
    for value in (experiment.values[0], experiment.values[-1]):
        varied = experiment.vary(load(experiment.population), value)
        for arm in experiment.arms:
            assert not varied.switches & parse(arm).design.changes().keys()


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
    arms = EXPERIMENTS["echo"].arms
    thefts = [rate(rates, 0.6, arm, "token_confinement", "harm") for arm in arms]
    refused = [rate(rates, 0.6, arm, "client.echo_confirms_request", "refused") for arm in arms]
    assert thefts == sorted(thefts, reverse=True)
    assert refused == sorted(refused)
    assert thefts[0] > 0
    assert thefts[-1] == 0
    assert len({rate(rates, 0.0, arm, "accepted", "success") for arm in arms}) == 1


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
        (lambda: run("matchin"), "unknown experiment 'matchin'; allowed: matching, echo"),
        (lambda: run("echo", attempts=3), "attempts must be at least 5, found 3"),
        (lambda: run("echo", replications=0), "replications must be at least 1, found 0"),
        (lambda: run("echo", workers=0), "workers must be at least 1, found 0"),
    ],
)
def test_nonsense_is_refused(start: Callable[[], object], message: str) -> None:
    """One line names the culprit and what is allowed."""
    with pytest.raises(ExperimentError, match=message):
        start()


def test_an_arm_cannot_set_what_the_population_draws() -> None:
    """Otherwise the arm would silently be another design."""
    drawn = load("swept").with_shares("echo", {"req": 1})
    with pytest.raises(PopulationError, match="draws 'echo', so arm 'echo=opt' cannot set it"):
        run("echo", population=drawn)


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
    code = "import sys, simulations.experiments; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "scipy", "simpy", "z3", "networkx"} & set(loaded)


@pytest.mark.parametrize("module", [draws, results, experiments], ids=lambda module: module.__name__)
def test_examples_run(module: object) -> None:
    """The examples in docstrings are true."""
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]
