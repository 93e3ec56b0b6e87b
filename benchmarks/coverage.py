"""How often intervals hold what they are said to hold: each reader run afresh hundreds of times.

    python -m benchmarks.coverage

Each run has a seed of its own, five replications and an interval of 95 % for every rate and difference, and of the pair
that a report begins with (honest flows that work, thefts for each accepted flow). What they should hold is the exact
probability where it is known, and else the mean of all runs. Outcomes that are seen less than a hundred times in a run
(or under one of two arms) are told apart as rare: of them intervals are wider than they need be. Left out is what
nobody has seen under any arm in some run, which has no row of it, and what comes to the same in all runs.

Beside the mean stands its own interval over the runs, since rows of one run depend on each other, and how often
intervals were too low and too high. Where 0.95 is true, a single row of 300 runs is below 0.93 or above 0.97 once in
nine times. A name of a reader and a number of runs may follow.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas

from simulations.catalogue import EXPERIMENTS
from simulations.experiment import Experiment
from simulations.experiments import run
from simulations.intervals import mean
from simulations.quantities import PAIR, Measure

RUNS = 300
_COLUMNS = ["table", "arm", "kind", "outcome", "estimate", "low", "high", "seen"]
#: Seen less often in a run, an outcome is rare.
_RARE = 100
_BRIEF = {"token_lifetime": 60, "metadata_lifetime": 60}
_ECHO = ("echo=off", "echo=req")
#: A small experiment for each reader, and how many attempts its runs have.
CASES: dict[str, tuple[Experiment, int]] = {
    "arrays": (replace(EXPERIMENTS["echo_measured"], arms=_ECHO, values=(0.2,)), 2_000),
    "agents": (
        replace(EXPERIMENTS["token_life"], arms=("cache_key=issuer", "prm=prefix"), values=(120.0,),
                numbers={"agents": 5, "resources": 5, "arrivals_per_second": 0.2, "metadata_lifetime": 60}), 3_000,
    ),
    "tasks": (
        replace(EXPERIMENTS["faults"], arms=("as_trust=any", "as_trust=allowlist"), values=(0.05,),
                options={"steps": 3, "retries": 0, "migrates": 0.05}), 600,
    ),
    "layers": (replace(EXPERIMENTS["slash"], arms=("prm=exact", "prm=prefix"), values=(0.1,)), 1_000),
    "registrations": (
        replace(EXPERIMENTS["cimd_dcr"], arms=("reg=dcr", "reg=cimd"), values=(60,),
                options={"lost": 1_000, "held": 1_000, "requests_per_second": 0.2}), 2_500,
    ),
    "residents": (
        Experiment("small_world", "", "lifetime", (60.0,), _ECHO, "measured_2026", reader="residents",
                   numbers={**_BRIEF, "lifetime.client_metadata": 60, "lifetime.refresh_token": 60, "count.users": 20,
                            "count.resource_servers": 60, "count.authorization_servers": 20, "count.clients": 5,
                            "attackers.resource_servers": 0.1, "arrivals_per_second": 0.5},
                   options={"warm_up": 60}), 2_500,
    ),
    "vendors": (
        replace(EXPERIMENTS["adoption"], arms=("", "iss_check=require;h_iss=yes"), values=(0.005,), population="swept",
                numbers={"count.clients": 30}), 2_500,
    ),
}  # fmt: skip


def counted(reader: str, seed: int) -> pandas.DataFrame:
    """The rates and differences of one run."""
    asked, attempts = CASES[reader]
    result = run(asked, seed=seed, attempts=attempts)
    rates = result.rates[["arm", "kind", "outcome", "rate", "low", "high", "expected", "count"]]
    changes = result.differences[["arm", "kind", "outcome", "difference", "low", "high", "gained", "lost"]]
    every = [
        *_pair(result.quantities),
        rates.assign(table="rates", seen=rates["count"]).rename(columns={"rate": "estimate"}),
        changes.assign(table="differences", seen=changes["gained"] + changes["lost"]).rename(
            columns={"difference": "estimate"}
        ),
    ]
    return pandas.concat(every)[[*_COLUMNS, "expected"]].assign(run=seed)


def _pair(quantities: pandas.DataFrame) -> Iterator[pandas.DataFrame]:
    """Of what works and what is stolen the means, and what each arm changes in them; ``seen``: how often it happens."""
    told = quantities[[Measure(*names) in PAIR for names in quantities[["quantity", "per"]].itertuples(index=False)]]
    told = told.assign(kind="", outcome=told["quantity"], seen=told["mean"] * told["count"])
    yield told.assign(table="the pair", estimate=told["mean"])[_COLUMNS]
    columns = {"difference": "estimate", "difference_low": "low", "difference_high": "high"}
    changes = told[told["against"] != ""].drop(columns=["low", "high"]).rename(columns=columns)
    first = told[told["against"] == ""].set_index("outcome")["seen"]
    yield changes.assign(table="its changes", seen=np.minimum(changes["seen"], changes["outcome"].map(first)))[_COLUMNS]


def covered(reader: str, runs: int) -> pandas.DataFrame:
    """Return for each run and outcome of a reader whether its interval was too low or too high, by table."""
    found = pandas.concat([counted(reader, seed) for seed in range(1, runs + 1)])
    _, attempts = CASES[reader]
    rows = []
    for (table, *row), group in found.groupby(["table", "arm", "kind", "outcome"]):
        seen = group["seen"].mean()
        if group["estimate"].nunique() == 1 or len(group.dropna(subset="estimate")) < runs:
            continue
        common = _RARE <= seen <= attempts - (_RARE if table == "rates" else 0)
        known = group["expected"].iloc[0]
        truth = group["estimate"].mean() if np.isnan(known) else known
        kept = group[["run"]].assign(too_low=group["high"] < truth, too_high=group["low"] > truth)
        rows.append(kept.assign(table=f"{table}" if common else f"rare {table}", row=str(row)))
    return pandas.concat(rows)


def main() -> None:
    """Print how often intervals hold what they should, reader by reader."""
    readers = [name for name in CASES if name in sys.argv[1:]] or list(CASES)
    runs = next((int(word) for word in sys.argv[1:] if word.isdigit()), RUNS)
    for reader in readers:
        found = covered(reader, runs)
        for table, group in found.groupby("table", sort=False):
            held = ~(group["too_low"] | group["too_high"])
            by_run, by_row = held.groupby(group["run"]).mean(), held.groupby(group["row"]).mean()
            low, high = mean(by_run.sum(), (by_run**2).sum(), runs)
            print(
                f"{reader:<14} {table:<16} {runs} runs, {len(by_row):>3} outcomes: held in {held.mean():.3f} "
                f"({low:.3f} to {high:.3f}; least {by_row.min():.3f}, most {by_row.max():.3f}), "
                f"too low {group['too_low'].mean():.3f}, too high {group['too_high'].mean():.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
