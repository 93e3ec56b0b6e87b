"""What commands print is as it is meant, down to exit codes and letters."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from model.design import parse
from model.model import oauth
from model.switches import CAPABILITIES
from openworld import beginnings, odd
from openworld.cli import main
from openworld.diff import Flip, as_json, markdown
from openworld.driving import meetings
from openworld.experiment_words import quantity_lines
from openworld.explore.views import Table
from openworld.figures import experiments
from openworld.glossary import entries
from openworld.report import established
from openworld.tables import drafts
from openworld.weakest import Holding, lines
from openworld.work import blast_radius, table
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
    written = "\n".join(beginnings.expectations("mcp", oauth(), lambda *said: told.append(said[-1])))
    assert told == ["against mal_as: fails code_delivery"]
    assert 'against = ["mal_as"]' in written


def test_what_is_known_when_somebody_stops_the_search_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a line that says so; then the search is over."""
    answers = iter([{"code_delivery": "attack"}])
    monkeypatch.setattr(beginnings, "every_attacker", lambda _: dict(list(every_attacker().items())[:2]))
    monkeypatch.setattr(beginnings, "_results", lambda *_: next(answers, None) or _stop())
    lines, seen = beginnings.expectations("mcp"), list[str]()
    with pytest.raises(KeyboardInterrupt):
        seen.extend(lines)
    assert "# Stopped: 1 of 2 attackers were asked about." in seen


def _stop() -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("kind", "where"), [("if", True), ("never", True), ("always", False)])
def test_what_lets_an_attack_through_is_told_where_there_is_one(kind: Any, where: bool) -> None:
    """Whether the environment decides, or nothing there helps; not of what holds whatever others do."""
    least: Any = SimpleNamespace(result="attack", steps=7)
    sets = ({"h_iss": "yes"},) if kind == "if" else ()
    holding = Holding(find("CD"), parse("cap=mal_as"), kind, sets, ({"h_iss": "no"},), 3, (), least)
    assert ("an attack where" in lines(holding)) is where


def test_inputs_of_an_experiment_are_listed_by_their_names() -> None:
    """What depends on each other is named by its meaning, as people know no other name."""
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


def test_established_texts_are_html_on_a_page() -> None:
    """Whatever is a tag in them is text."""
    made = established._html("*What* <b>follows</b>", "Findings", "https://site.example")
    assert made == "<p><em>What</em> &lt;b&gt;follows&lt;/b&gt;</p>\n"


@pytest.mark.parametrize(
    ("stopped", "opened", "look"), [(3, 1, "fewer"), (1, 3, "more"), (0, 0, "alike"), (2, 2, "alike")]
)
def test_a_draft_that_stops_more_than_it_opens_leaves_fewer(stopped: int, opened: int, look: str) -> None:
    row = {"of_use_before": "reached", "of_use_after": "reached", "undecided": 0, "before": 5, "after": 5}
    found, _ = drafts._cell(row | {"stopped": stopped, "opened": opened})
    assert (found == "fewer") is (look == "fewer")


def test_no_difference_is_said_in_a_sentence_and_differences_in_a_table() -> None:
    flip = Flip("products", "code_delivery", ("mal_as",), "attack", "safe", 7, (), "", "", "openworld verdict CD")
    assert markdown([], "mcp", "fapi2") == "Nothing flips from `mcp` to `fapi2`.\n"
    assert "| products | code_delivery | attack | safe" in markdown([flip], "mcp", "fapi2")


def test_an_attacker_that_is_a_capability_is_in_the_glossary_once() -> None:
    listed = [one.name for one in entries() if one.kind == "attacker"]
    assert {*every_attacker()} - {*CAPABILITIES} <= {*listed}
    assert not {*listed} & {*CAPABILITIES}


@pytest.mark.parametrize("left", [[], ["par", "dpop"]], ids=["none", "two"])
def test_what_nothing_depends_on_is_told_if_there_is_any(left: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blast_radius, "unread", lambda *_: left)
    told = ["nothing here depends on what mcp says of par, dpop"] if left else []
    assert list(blast_radius._unread(("mcp",), oauth())) == told


def test_a_meeting_is_kept_with_its_recording(tmp_path: Path) -> None:
    """The recording is a file of its own, for readers of such files."""
    met: Any = SimpleNamespace(variant="plain", har={"log": {"entries": []}}, to_json=dict)
    store: Any = SimpleNamespace(folder=tmp_path, _key=lambda variant: f"key of {variant}")
    meetings._Store.save(store, met)
    assert json.loads((tmp_path / "plain.har").read_text(encoding="utf-8")) == met.har
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("empty", ["property", "config"])
def test_a_row_of_questions_that_asks_nothing_says_in_which_column(empty: str) -> None:
    fields = dict.fromkeys(table.NEEDED, "1") | {"property": "CD", "config": "cap=mal_as"}
    assert table._problem(fields, oauth()) == ""
    assert table._problem(fields | {empty: " "}, oauth()) == f"column {empty!r} is empty"


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("command", ["mcp", "study"])
def test_a_command_ends_as_what_it_calls_does(command: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"openworld.commands.{command}.call", lambda *_, **__: code)
    assert CliRunner().invoke(main, [command]).exit_code == code


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5"), (1000, "1,000"), (0.25, "0.25"), (3.0, "3")])
def test_numbers_on_axes_are_plain(value: float, text: str) -> None:
    assert experiments._plain(value, 0) == text


def test_rules_are_found_by_name_source_or_id() -> None:
    """And no others are listed."""
    listed = CliRunner().invoke(main, ["list", "rules", "iss_matches_recorded"]).stdout
    assert "client.iss_matches_recorded_issuer" in listed
    assert "client.state_matches" not in listed
