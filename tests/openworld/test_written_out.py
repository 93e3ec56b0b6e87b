"""What commands print is as it is meant, down to exit codes and letters."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from model.design import parse
from model.model import oauth
from openworld import beginnings, odd
from openworld.cli import main
from openworld.diff import as_json
from openworld.experiment_words import quantity_lines
from openworld.explore.views import Table
from openworld.weakest import Holding, lines
from properties.attackers import every_attacker
from properties.security import find
from simulations.catalogue import EXPERIMENTS
from simulations.experiments import population_for, run


@pytest.mark.parametrize(
    "words",
    [("populations",), ("populations", "--schema"), ("populations", "swept"), ("populations", "scan-plan", "swept")],
    ids=" ".join,
)
def test_a_population_is_told_and_that_is_success(words: tuple[str, ...]) -> None:
    ran = CliRunner().invoke(main, ["list", *words])
    assert (ran.exit_code, ran.stdout == "") == (0, False)


def test_differences_as_data_are_readable_to_people() -> None:
    """Letters stay letters, as in everything that is written."""
    said = as_json([], "größer", "kleiner", 3)
    assert "größer" in said
    assert json.loads(said)["questions"] == 3


def test_a_table_of_a_notebook_has_its_columns_and_no_numbers_of_rows() -> None:
    shown = Table(pd.DataFrame({"client": ["mine", "yours"], "calls": [1, 2]}))._repr_html_()
    assert (shown.count("<th>"), shown.count("<td>")) == (2, 4)


def test_what_fails_against_an_attacker_is_told_while_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    results = {"code_delivery": "attack", "authorization": "safe"}
    monkeypatch.setattr(beginnings, "every_attacker", lambda _: {"mal_as": every_attacker()["mal_as"]})
    monkeypatch.setattr(beginnings, "_results", lambda *_: results)
    written = "\n".join(beginnings._lines("mcp", oauth(), lambda *said: told.append(said[-1])))
    assert told == ["against mal_as: fails code_delivery"]
    assert 'against = ["mal_as"]' in written


@pytest.mark.parametrize(("kind", "where"), [("if", True), ("never", True), ("always", False)])
def test_what_lets_an_attack_through_is_told_where_there_is_one(kind: Any, where: bool) -> None:
    """Whether the environment decides, or nothing there helps; not of what holds whatever others do."""
    least: Any = SimpleNamespace(result="attack", steps=7)
    sets = ({"h_iss": "yes"},) if kind == "if" else ()
    holding = Holding(find("CD"), parse("cap=mal_as"), kind, sets, ({"h_iss": "no"},), 3, (), least)
    assert ("an attack where" in lines(holding)) is where


def test_inputs_of_an_experiment_are_listed_by_their_names() -> None:
    """What depends on each other is told by its meaning, as it has no name that people know."""
    asked = EXPERIMENTS["echo"]
    met = population_for(asked, None)
    listed = "\n".join(odd._input(asked, met))
    used = list(odd._used(asked, met))
    assert used
    for row in used:
        assert (row.meaning if row.kind == "together" else row.name).replace("|", "\\|") in listed


def test_quantities_are_those_where_the_headline_is_taken() -> None:
    """Which is in the middle here, and not at the last point."""
    asked = replace(EXPERIMENTS["echo"], values=(0.0, 0.5, 1.0), arms=EXPERIMENTS["echo"].arms[:2])
    said = next(quantity_lines(run(asked, attempts=40, replications=2).quantities))
    assert said.endswith(" is 0.5")
