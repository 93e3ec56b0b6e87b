"""The machine with the longer memory is the machine."""

from __future__ import annotations

import pytest

from model.design import parse
from model.machine import Machine
from simulations.recall import RecallingMachine
from simulations.visits import ONE_VISIT


@pytest.mark.parametrize(
    "configuration",
    [
        "cap=none",
        "cap=mal_rs;as_resource=ignore",
        "cap=mal_rs;as_resource=ignore;echo=req",
        "cap=mal_tenant;prm=prefix;host_registered=yes;host_app=yes",
        "cap=mal_rs+mal_as;h_iss=no",
        "cap=mal_rs+mal_as;h_iss=no;dpop=token",
    ],
)
def test_outcomes_are_those_of_the_machine(configuration: str) -> None:
    """In every state that a visit can reach, the same actions go the same ways for the same reasons."""
    plain, recalling = (kind(parse(configuration), ONE_VISIT) for kind in (Machine, RecallingMachine))
    seen = {plain.initial}
    frontier = [plain.initial]
    while frontier:
        state = frontier.pop()
        here = [(action.name, outcome) for action, outcome in plain.outcomes(state)]
        assert here == [(action.name, outcome) for action, outcome in recalling.outcomes(state)]
        found = {successor for _, successor in plain.moves(state)} - seen
        seen |= found
        frontier += found
