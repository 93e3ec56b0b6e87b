"""Which numbers decide an outcome: what is known in closed form comes out; every experiment can be asked."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from deployed.servers import authorization_servers
from model.errors import InputError
from openworld.experiment_words import sensitivity_lines
from simulations import experiment
from simulations.catalogue import EXPERIMENTS
from simulations.experiment import Adoption, Mix
from simulations.experiments import population_for
from simulations.horizon import lasting
from simulations.knobs import EXPOSURE, Knob, knobs, stand, unit_at
from simulations.population import Provenance, StatedNumber, load
from simulations.reader import READERS, told
from simulations.results import measured
from simulations.sensitivity import COLUMNS, MOST_ATTEMPTS, _converged, indices
from simulations.units import ATTACKERS_MET, Tally, Unit
from simulations.visits import Label

#: Two things open: how many visits go to the attacker, and how many AS ignore the resource. The thief is never late.
OPEN = (
    load("swept")
    .with_shares("place", {"honest_api": 0.5, "malicious_rs": 0.5})
    .with_shares("as_resource", {"honor": 0.5, "ignore": 0.5})
    .with_shares("api", {"single_path": 1})
    .with_numbers(latency_attacker=0)
)
VISITS = Mix("place", {"malicious_rs": 1}, {"honest_api": 1})
ASKED = replace(EXPERIMENTS["echo_measured"], arms=("echo=off", "echo=req"), population="swept", sweep=VISITS)


def test_a_product_of_two_shares_in_closed_form() -> None:
    """Thefts prevented are a product: what each factor explains alone and in total follows from their moments."""
    table = indices(replace(ASKED, values=(0.5,)), samples=1024, population=OPEN)
    assert tuple(table.columns) == COLUMNS
    theft = table[(table.outcome == "token_confinement") & (table.kind == "harm")].set_index("knob")
    # As many malicious visits as anybody believes, by their logarithm; and an AS of either kind was seen once.
    lasts, (low, high) = np.log(0.5 / EXPOSURE[0]), (EXPOSURE[0], 0.5)
    moments = {"place": ((high - low) / lasts, (high**2 - low**2) / 2 / lasts), "as_resource": (0.5, 0.3)}
    whole = np.prod([square for _, square in moments.values()]) - np.prod([mean for mean, _ in moments.values()]) ** 2
    for knob, other in (("place", "as_resource"), ("as_resource", "place")):
        (mean, square), (others, other_square) = moments[knob], moments[other]
        assert theft.loc[knob, "first_order"] == pytest.approx((square - mean**2) * others**2 / whole, abs=0.03)
        assert theft.loc[knob, "total"] == pytest.approx((square - mean**2) * other_square / whole, abs=0.03)
    others = theft.drop(index=[knob for knob in theft.index if knob in ("place", "as_resource")])
    assert (others.total.abs() < 0.01).all()
    assert -0.5 <= theft.low.iloc[0] < -0.4


def test_the_same_seed_gives_the_same_indices() -> None:
    """Nothing else is random."""
    asked = replace(ASKED, values=(0.5,))
    first, second = (indices(asked, samples=16, population=OPEN) for _ in range(2))
    assert first.equals(second)


def test_adoption_is_a_knob() -> None:
    """Where the sweep is over adoption, how many adopt decides as much as what is out there."""
    table = indices(
        replace(EXPERIMENTS["each_draft"], arms=("", "echo=req"), population="swept"), samples=64, population=OPEN
    )
    assert "adoption" in set(table.knob)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"samples": 100}, "power of two, found 100"),
        ({"samples": 1, "method": "morris"}, "samples must be at least 2, found 1"),
        ({"method": "mories"}, "unknown method 'mories'; did you mean 'morris'"),
        ({"attempts": 50}, "'echo_measured' counts no attempts"),
        (
            {"asked": EXPERIMENTS["token_life"], "attempts": 400},
            r"'token_life' ends after 400 s of simulated time, and needs .* \(10 times the .*\) at a point",
        ),
        ({"deployed": True}, "does not say which clients are deployed"),
    ],
)
def test_what_makes_no_sense_is_refused(told: dict[str, Any], message: str) -> None:
    """In one line."""
    with pytest.raises(InputError, match=message):
        indices(**{"asked": ASKED, **told})


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_has_knobs(name: str) -> None:
    """Numbers that its reader reads and nobody measured, what its reader takes for granted, and what it sweeps."""
    asked = EXPERIMENTS[name]
    base = asked.unit(population_for(asked, None), asked.values[0], "1/0", 1)
    found = {(knob.kind, knob.of) for knob in knobs(asked, base)}
    held = {name for name, tried in asked.tried.items() if tried.low == tried.high}
    inputs = READERS[asked.reader].options.keys() - held - {ATTACKERS_MET}  # which says how worlds are drawn
    assert found >= {("option", option) for option in inputs}
    assert held.isdisjoint(of for _, of in found)
    match asked.sweep:
        case Mix(factor):
            assert ("share", factor) in found
        case experiment.Number(number):
            assert found & {("option", number), ("number", number)}
        case Adoption():
            assert ("adoption", "adoption") in found


@pytest.mark.parametrize(
    "name",
    [
        "slash",
        "cimd_dcr",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("token_life", "federation_coverage")),
    ],
)
def test_every_reader_is_asked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Experiments that are counted are evaluated by the reader that counts them."""
    asked = EXPERIMENTS[name]
    # How far a clock has to go is another matter.
    monkeypatch.setattr("simulations.sensitivity.lasting", lambda unit: unit)
    table = indices(asked, samples=4, attempts=400 if asked.reader == "agents" else 60, method="morris")
    assert len(table)
    assert set(table.against) == {next(iter(asked.treatments))}
    assert {knob.removeprefix("log ") for knob in table.knob} >= READERS[asked.reader].options.keys()
    assert not table.effect.isna().any()
    assert table[["total", "first_order"]].isna().all(axis=None)


def test_what_is_counted_comes_near_what_is_known() -> None:
    """The same experiment by attempts instead of situations, at the same points: the same knobs decide."""
    asked = replace(ASKED, values=(0.5,))
    exact = indices(asked, samples=64, population=OPEN, method="morris")
    counts = {"agents": 20_000, "arrivals_per_second": 0.001, "metadata_lifetime": 36}
    known = {name: StatedNumber(value, Provenance(False, "made up", "high")) for name, value in counts.items()}
    met = replace(OPEN, numbers={**OPEN.numbers, **known})
    # Nothing is cached where nobody comes back, so agents in time are first contacts too.
    counted = indices(replace(asked, reader="agents"), samples=8, population=met, attempts=400, method="morris")
    for table in (exact, counted):
        theft = table[(table.outcome == "token_confinement") & (table.kind == "harm")].set_index("knob").effect
        assert set(theft.nlargest(2).index) == {"place", "as_resource"}


@pytest.mark.slow
def test_a_ramp_is_explained_by_its_knob() -> None:
    """A share of parties that respell explains what exact comparison refuses, more than how they spell does."""
    asked = replace(EXPERIMENTS["slash"], arms=("prm=unchecked;api=single_path", "prm=exact;api=single_path"))
    table = indices(asked, samples=32, attempts=400)
    refused = table[table.outcome == "client.resource_matches_request"].set_index("knob").total
    assert set(table.method) == {"sobol"}
    assert refused.idxmax() == "respelled"
    assert refused["respelled"] > 0.7


def test_knobs_set_the_unit() -> None:
    """Shares, numbers and options are where the knobs stand; shares still add up; whole numbers stay whole."""
    asked = EXPERIMENTS["ten_steps"]
    base = asked.unit(population_for(asked, None), 5, "1/0", 1)
    turned = knobs(asked, base)
    points = np.outer((0.0, 0.3, 1.0), np.ones(sum(knob.size for knob in turned)))
    stands = stand(turned, points)
    for row, end in enumerate(points[:, 0].tolist()):
        unit = unit_at(base, stands, row, 8)
        for factor in (unit.population.places, *unit.population.factors):
            assert sum(factor.shares) == pytest.approx(1)
        told_ = dict(unit.options)
        assert told_["servers"] == round(1 + end * 9)
        assert told_["steps"] == round(20**end)
        assert unit.population.number("token_lifetime") == pytest.approx(3600 * 2 ** (2 * end - 1))
        assert told(unit) == told_


def test_tables_of_products_are_knobs() -> None:
    """What is stated with low confidence is open, with a source as well: any mix of products is as likely."""
    asked = replace(EXPERIMENTS["echo_measured"], sweep=VISITS)
    turned = {knob.name: knob for knob in knobs(asked, asked.unit(population_for(asked, None), 0.1, "1/0", 1))}
    assert {"authorization_server", "resource_server", "place"} <= turned.keys()
    products = {row.product for row in authorization_servers().values() if row.settings}
    assert turned["authorization_server"].rests_on == pytest.approx(len(products))
    assert turned["resource_server"].rests_on == pytest.approx(5)


def test_shares_are_drawn_as_their_prior_has_them() -> None:
    """Means and variances are those of the Dirichlet distribution, of two shares and of more; nothing makes a share."""
    from scipy.stats import dirichlet, qmc

    for prior in ((3.0, 1.0), (0.5, 0.0, 4.0, 1.5), (1.0, 1.0, 1.0)):
        knob = Knob("any", "share", "any", prior=prior)
        shares = knob.turned(qmc.Sobol(knob.size, rng=1).random_base2(13))
        weighed = [place for place, weight in enumerate(prior) if weight]
        law = dirichlet([prior[place] for place in weighed])
        assert shares[:, weighed].mean(axis=0) == pytest.approx(law.mean(), abs=0.002)
        assert shares[:, weighed].var(axis=0) == pytest.approx(law.var(), rel=0.02)
        assert shares.sum(axis=1) == pytest.approx(np.ones(len(shares)))
        assert not shares[:, [place for place, weight in enumerate(prior) if not weight]].any()


def test_what_is_not_converged_is_marked() -> None:
    """With next to no samples intervals bear out next to nothing; with many they do."""
    asked = replace(ASKED, values=(0.5,))
    few, many = (indices(asked, samples=samples, population=OPEN).converged for samples in (4, 1024))
    assert (few == "no").any()
    assert (many == "yes").all()
    effects = indices(asked, samples=4, population=OPEN, method="morris")
    assert set(effects.converged) == {"yes", "no"}
    assert ((effects.converged == "yes") == (effects.effect >= effects.effect_confidence)).all()


def test_every_option_has_a_range() -> None:
    """What a reader takes for granted lies where it is tried."""
    for options in (each.options for each in READERS.values()):
        for name, option in options.items():
            assert 0 <= option.low <= option.default <= option.high <= option.most
            assert (option.low < option.high) == (name != ATTACKERS_MET)


TIMED = [name for name, asked in EXPERIMENTS.items() if asked.tried]


@pytest.mark.parametrize("name", TIMED)
def test_an_experiment_says_between_what_it_tries_something(name: str) -> None:
    """What it sets lies there, unless it is nothing, and so does every point; each range has its reason."""
    asked = EXPERIMENTS[name]
    base = asked.unit(population_for(asked, None), asked.point, "1/0", 1)
    stated = {**{of: base.population.number(of) for of in base.population.numbers}, **told(base)}
    for of, tried in asked.tried.items():
        assert tried.low <= stated[of] <= tried.high or not stated[of] or tried.low == tried.high
        assert tried.why
    turned = knobs(asked, base)
    ends = stand(turned, np.repeat([[0.0], [1.0]], sum(knob.size for knob in turned), axis=1))
    for knob, at in ends.items():
        if knob.of in asked.tried:
            assert at[:, 0] == pytest.approx(asked.tried[knob.of][:2])
        if stated.get(knob.of):
            low, high = at[:, 0] * [1 - 1e-9, 1 + 1e-9]
            assert low <= stated[knob.of] <= high


@pytest.mark.parametrize("name", TIMED)
def test_what_decides_experiments_in_time_is_told_unasked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points whose horizon is longer take as many attempts as that needs, and those are not too many."""
    counted: list[Unit] = []

    def run(units: list[Unit], *_: Any) -> dict[int, Tally]:
        counted.extend(units)
        accepted = (Label("success", "accepted", ()),) * len(units[0].arms)
        return {place: Tally(Counter({accepted: each.attempts})) for place, each in enumerate(units)}

    monkeypatch.setattr("simulations.engine.run", run)
    assert indices(EXPERIMENTS[name]).empty
    assert all(lasting(each) is each for each in counted)
    assert sum(each.attempts for each in counted) < MOST_ATTEMPTS


def test_what_is_told_first_is_how_many_attempts_were_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the clock has to go further than the usual number, that is not what is said."""
    counted: list[Unit] = []

    def run(units: list[Unit], *_: Any) -> dict[int, Tally]:
        counted.extend(units)
        kinds = [Label("success", "accepted", ()), Label("refused", "client.rule", ())]
        rest = (kinds[0],) * (len(units[0].arms) - 1)
        return {place: Tally(Counter({(kinds[place % 2], *rest): each.attempts})) for place, each in enumerate(units)}

    monkeypatch.setattr("simulations.engine.run", run)
    first, *_ = sensitivity_lines(indices(EXPERIMENTS["consent"]))
    most = max(each.attempts for each in counted)
    assert most > READERS["residents"].effort.attempts
    assert f"at most {most} attempts counted at each point" in first


def test_a_mean_that_an_arm_does_not_have_is_compared_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a measure never pays there is no share from which on it does; of what all arms have there are rows."""

    def run(units: list[Unit], *_: Any) -> dict[int, Tally]:
        found = {}
        for place, each in enumerate(units):
            accepted = (Label("success", "accepted", ()),) * len(each.arms)
            found[place] = Tally(Counter({accepted: each.attempts}))
            for arm in range(len(each.arms)):
                found[place].sums["everywhere", arm] = measured([arm * place], [0])
            found[place].sums["somewhere", 1] = measured([place], [0])
        return found

    monkeypatch.setattr("simulations.engine.run", run)
    assert set(indices(EXPERIMENTS["adoption"]).outcome) == {"everywhere"}


@pytest.mark.parametrize(
    ("total", "confidence", "converged"),
    [
        (0.0, 0.05, "yes"),
        (0.0, 0.051, "no"),
        (0.4, 0.2, "yes"),
        (0.4, 0.21, "no"),
        (-0.06, 0.05, "no"),
        (1.06, 0.05, "no"),
    ],
)
def test_an_index_is_borne_out_by_an_interval_that_is_narrow_or_far_from_nothing(
    total: float, confidence: float, converged: str
) -> None:
    """Up to its half; and it is a share, as far as the interval knows."""
    assert _converged(total, confidence) == converged
