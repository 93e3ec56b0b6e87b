"""How long the runs of every world are under every named design, whatever the attacker can do: proved and checked.

    python -m benchmarks.lengths [--worlds NAME,...]

A run goes through the order of its protocol so many times at most (sweeps). The solver finds the number, CaDiCaL proves
it and drat-trim checks that proof.
"""

import time
from contextlib import closing
from itertools import groupby

import click

from model.named_designs import NAMED_DESIGNS
from model.world_file import WORLDS
from openworld.tables.certificates import Runs, bounded
from simulations.processes import cores, in_order


@click.command()
@click.option("--worlds", default=",".join(WORLDS), help="Which, with commas.")
@click.option("--workers", default=cores(), help="Processes.")
def main(worlds: str, workers: int) -> None:
    """Print a row a world, and what was not certified."""
    started = time.perf_counter()
    asked = [Runs(world, design) for world in worlds.split(",") for design in NAMED_DESIGNS]
    print("world               certified  sweeps  largest proof", flush=True)
    certified = 0
    with closing(in_order(bounded, asked, workers)) as rows:
        for world, found in groupby(rows, key=lambda row: row["world"]):
            of_world = list(found)
            held = [row for row in of_world if row["certified"] == "yes"]
            certified += len(held)
            sweeps = ", ".join(str(number) for number in sorted({row["sweeps"] for row in held}))
            largest = max((row["proof"] for row in held), default=0) / 1e6
            print(f"{world:20}{len(held):3} of {len(of_world):2}  {sweeps:>6}  {largest:10.3f} MB", flush=True)
            for row in of_world:
                if row not in held:
                    print(f"  {row['design']}: {row['why']}", flush=True)
    print(f"{certified} of {len(asked)} certified, {workers} processes, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
