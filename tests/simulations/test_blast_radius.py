"""Blast radius over many targets: tables, pairing, intervals, and one line for every way to ask wrongly."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from model.design import parse
from model.drafts import TEXTS
from model.switches import SWITCHES, ConfigurationError
from simulations.arms import PROTECTIONS, arm, protections
from simulations.blast_radius import (
    COLUMNS,
    KINDS,
    BlastRadiusError,
    StoppedBlastRadius,
    run,
    sample,
    start,
    summarise,
    targets,
)
from simulations.population import load
from simulations.reach import Ways
from simulations.topology import draw

SMALL = load("shared_origins").with_numbers(
    count_users=60, count_resource_servers=40, count_authorization_servers=5, count_clients=4, attackers_look_alikes=1
)


@pytest.mark.parametrize("samples", [3, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_protections_only_protect(kind: str, samples: int) -> None:
    """At every target, all of them together leave no more in reach than none, and each alone no more than none."""
    found = run(kind, SMALL, samples=samples, replications=2)
    wide = found.targets.set_index(["replication", "target"])
    without = wide[wide["design"] == "no protection"]
    assert without["resource_servers"].max() > 0
    for tried in protections()[1:]:
        here = wide[wide["design"] == tried.name].loc[without.index]
        assert (here["resource_servers"] <= without["resource_servers"]).all()
        assert (here["users"] <= without["users"]).all()


def test_arms_meet_the_same_targets() -> None:
    """Paired: whatever the design, topologies and targets are the same."""
    table = run("token", SMALL, samples=7, replications=3).targets
    asked = table.groupby("design", sort=False)[["replication", "target"]].apply(lambda rows: rows.values.tolist())
    assert all(rows == asked.iloc[0] for rows in asked)
    assert len(asked.iloc[0]) == 21


def test_designs_that_leave_as_much_in_reach_are_told() -> None:
    """Another name for the same is alike, and so is what only another rule would stop; what protects is not."""
    none = PROTECTIONS["audience restriction"][0]
    arms = (arm(none, "none"), arm(none, "again"), arm(f"{none};token_fmt=opaque", "opaque"), protections()[-1])
    summary = run("token", SMALL, arms, samples=10, replications=2).summary
    alike = summary.groupby("design", sort=False)["alike"].unique()
    assert alike["none"] == alike["again"] == ["none, again, opaque"]
    assert alike["all protections"] == ["all protections"]


def test_the_same_seed_gives_the_same_tables() -> None:
    """Bit for bit; another seed gives others."""
    first, again, other = (run("token", SMALL, samples=5, replications=2, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first.targets, again.targets)
    pd.testing.assert_frame_equal(first.summary, again.summary)
    assert not first.targets.equals(other.targets)


@pytest.mark.parametrize("named", ["mcp", "mcp-python==2.3.0"])
def test_a_named_design_imposes_every_mechanism_of_it(named: str) -> None:
    """What a configuration names, or its text asks of anybody, holds for everybody, even at its baseline."""
    design = parse(f"design={named}").design
    imposed = dict(arm(f"design={named}").imposed)
    mechanisms = {name: design[name] for name, switch in SWITCHES.items() if switch.kind == "mechanism"}
    asked = {each.switch: each.value for each in TEXTS[named].obligations} if named in TEXTS else {}
    assert imposed == {**mechanisms, **asked}
    assert dict(arm(f"design={named};rt_pin=off;api=multi_path").imposed) == {
        **imposed,
        "rt_pin": "off",
        "api": "multi_path",
    }


def test_a_switch_is_imposed_alone() -> None:
    """Also at its baseline."""
    lax = (("audience_check", "off"), ("api", "multi_path"))
    assert [arm(text).design(lax).audience_check for text in ("audience_check=exact", "")] == ["exact", "off"]


def test_client_and_server_register_as_both_can() -> None:
    """A client that knows metadata documents and an AS that does not come together by dynamic registration."""
    both = arm("").design((("reg", "cimd"),), (("reg", "dcr"),))
    assert (both.reg, arm("reg=static").design((("reg", "cimd"),)).reg) == ("dcr", "static")


def test_statistics_are_means_over_topologies() -> None:
    """Medians, percentiles and maxima are taken within a topology; intervals and differences are over topologies."""
    reached = {"a": ([0, 2, 4, 6], [1, 1, 1, 9]), "b": ([1, 3, 5, 7], [1, 1, 1, 9])}
    rows = [
        ("token", "p", design, replication, f"t{place}", True, value, 1, 1, 1, "0", "by hand")
        for design, topologies in reached.items()
        for replication, values in enumerate(topologies)
        for place, value in enumerate(values)
    ]
    found = summarise(pd.DataFrame(rows, columns=list(COLUMNS))).set_index(["design", "measure", "statistic"])
    cells = found.sort_index().loc[("a", "resource_servers")]
    assert cells["value"].to_dict() == {"mean": 3.0, "median": 2.0, "p90": pytest.approx((5.4 + 6.6) / 2), "max": 7.5}
    # Two topologies with maxima 6 and 9: 7.5 and a t interval with one degree of freedom.
    assert cells.loc["max", "high"] == pytest.approx(7.5 + 12.7062 * 1.5, abs=1e-3)
    assert cells.loc["max", "low"] == 0
    paired = found.loc[("b", "resource_servers", "median"), ["difference", "difference_low", "difference_high"]]
    assert paired.tolist() == pytest.approx([0.5, 0.5 - 12.7062 * 0.5, 0.5 + 12.7062 * 0.5], abs=1e-3)


def test_one_topology_has_no_interval() -> None:
    """An interval over one topology would be made up."""
    summary = run("token", SMALL, [arm("")], samples=5, replications=1).summary
    assert summary[["low", "high"]].isna().all(axis=None)


def test_every_target_is_as_likely() -> None:
    """Samples are without repetition, and all of the names where there are few."""
    names = [f"n{place}" for place in range(10)]
    assert sorted(sample(names, "1", 20)) == names
    first = [sample(names, str(seed), 1)[0] for seed in range(400)]
    assert set(first) == set(names)
    assert max(np.unique(first, return_counts=True)[1]) < 80


def test_tables_are_saved(tmp_path: Path) -> None:
    """As CSV and Parquet, with the same content."""
    found = run("token", SMALL, [arm(""), arm("dpop=token")], samples=3, replications=2)
    written = found.save(tmp_path)
    assert {path.suffix for path in written} == {".csv", ".parquet"}
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "blast-radius-token.parquet"), found.summary)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "blast-radius-token-targets.parquet"), found.targets)


def test_what_was_finished_survives_ctrl_c() -> None:
    """The topologies that every arm has met are in the result; a topology that only some met is not."""

    def stop_at(limit: int) -> Callable[[int, int], None]:
        def progress(done: int, _: int) -> None:
            if done == limit:
                raise KeyboardInterrupt

        return progress

    arms = [arm(""), arm("dpop=token")]
    whole = run("token", SMALL, arms, samples=3, replications=1).targets
    with pytest.raises(StoppedBlastRadius) as stopped:
        run("token", SMALL, arms, samples=3, replications=3, progress=stop_at(3))
    assert stopped.value.result is not None
    pd.testing.assert_frame_equal(stopped.value.result.targets, whole)
    with pytest.raises(StoppedBlastRadius) as stopped:
        run("token", SMALL, arms, samples=3, replications=3, progress=stop_at(1))
    assert stopped.value.result is None


def test_wrong_questions_are_refused() -> None:
    """One line that names the culprit."""
    with pytest.raises(BlastRadiusError, match="unknown kind 'tokn'; did you mean 'token'"):
        run("tokn", SMALL)
    with pytest.raises(BlastRadiusError, match="samples must be at least 1, found 0"):
        run("token", SMALL, samples=0)
    with pytest.raises(BlastRadiusError, match="a design is given twice: x, x"):
        run("token", SMALL, [arm("", "x"), arm("dpop=token", "x")])
    with pytest.raises(BlastRadiusError, match="population 'shared_origins' has no target: one issuer"):
        run("look_alike", SMALL.with_numbers(attackers_look_alikes=0))
    with pytest.raises(ConfigurationError, match="cap= has no place"):
        arm("cap=mal_as")
    with pytest.raises(ConfigurationError, match="splice= has no place in 'prm=exact;splice=no'"):
        arm("prm=exact;splice=no")
    topology = draw(SMALL, "1")
    with pytest.raises(BlastRadiusError, match="no token is called 'mine'"):
        start(Ways(topology, arm("")), "token", "mine")
    with pytest.raises(BlastRadiusError, match="no node is called 'mine'"):
        start(Ways(topology, arm("")), "agent", "mine")


def test_nobody_is_asked_about_what_nobody_uses() -> None:
    """Targets are nodes that some agent has to do with."""
    topology = draw(SMALL, "1")
    used = {each.resource_server for each in topology.connections.values()}
    assert set(targets("resource_server", topology)) == used < topology.resource_servers.keys()
    assert [each.name for each in protections()[2:-1]] == [f"only {name}" for name in PROTECTIONS]
