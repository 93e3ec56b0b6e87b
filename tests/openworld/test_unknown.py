"""What is not known makes every answer vaguer and none of them false: any results, of which any are not known.

Results are drawn, and then more and more of them are known. Whatever is printed on the way has to be said again by what
is printed in the end, or to have been said to be open.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from model.design import Configuration, parse
from openworld import diff
from openworld.blame import NOBODY, blamed
from openworld.check import Checked
from openworld.cli import main
from openworld.commands.check import _code
from openworld.exhibit import Source
from openworld.expectations import Expectation, Position
from openworld.tables import drafts
from openworld.tables.drafts import _cell
from openworld.tables.table import Study
from openworld.tables.verdicts import designs
from properties.results import Count
from properties.security import PROPERTIES, Property, find
from properties.verdict import Verdict

#: How much is not known at first, and in the end.
SHARES = (1.0, 0.5, 0.15, 0.0)
SEEDS = [pytest.param(seed, marks=pytest.mark.slow if seed > 1 else ()) for seed in range(6)]


@dataclass(frozen=True)
class Drawn:
    """A solver whose results are drawn; the first ``share`` of them, in an order that stays, it does not find."""

    seed: int
    share: float

    def result(self, prop: Property | str, configuration: object, earned: bool = True) -> str:
        name = prop if isinstance(prop, str) else prop.name
        digest = sha256(f"{self.seed} {name} {configuration}".encode()).digest()
        if digest[0] < 256 * self.share:
            return "unknown"
        utility = find(name).kind == "utility"
        if utility:
            return ("reached", "not_reached")[digest[1] % 2]
        return ("attack", "safe", "not_in_this_world" if earned else "safe")[digest[1] % 3]

    def verdict(self, prop: Property | str, configuration: Configuration) -> Verdict:
        found = find(prop) if isinstance(prop, str) else prop
        world = found.world_of(configuration)
        return Verdict(found, configuration, world, self.result(found, configuration), "", None, (), 0.0)


def ever_more(seed: int, said: Callable[[Drawn], Any]) -> Iterator[tuple[Any, Any]]:
    """What is said while more and more is known, each beside what is said in the end."""
    *before, last = (said(Drawn(seed, share)) for share in SHARES)
    yield from ((each, last) for each in (*before, last))


def within(counted: Count, number: Count) -> bool:
    """Whether what was counted allows for a number."""
    return counted.least <= number.least and number.most <= counted.most


# --- designs side by side --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_difference_is_never_taken_back(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What flips, what does not and why; where something is open exit code and page say so."""
    arguments = ["diff", "design=mcp", "design=mcp;h_iss=no;state=off", "--environment", "plain", "--workers", "1"]
    attackers = ("mal_as", "mal_rs", "code_leak")
    arguments += [word for each in attackers for word in ("--against", each)]

    def said(drawn: Drawn) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], list[Any]], int, str]:
        monkeypatch.setattr(diff, "kept", lambda _: drawn)
        ran = CliRunner().invoke(main, [*arguments, "--format", "json"])
        told: dict[tuple[str, str], str] = {}
        why: dict[tuple[str, str], list[Any]] = {}
        data = json.loads(ran.stdout)
        for flip in data["flips"]:
            for attacker in flip["attackers"]:
                unknown = "unknown" in (flip["before"], flip["after"])
                told[flip["property"], attacker] = "undecided" if unknown else "better" if flip["better"] else "worse"
            why[flip["property"], flip["attackers"][0]] = flip["changes"]  # looked into for the first of them
        assert data["undecided"] == list(told.values()).count("undecided")
        return told, why, ran.exit_code, CliRunner().invoke(main, [*arguments, "--format", "markdown"]).stdout

    for (told, why, code, page), (last, because, *_) in ever_more(seed, said):
        for cell in {*told, *last}:
            assert told.get(cell, "same") in ("undecided", last.get(cell, "same"))
            assert all(changes in because.get(cell, [changes]) for changes in why.get(cell, []))
        assert code == (3 if "undecided" in told.values() else 0)
        assert ("Nothing flips" in page) == (not told)


# --- what drafts buy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_draft_buys_is_never_taken_back(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the table nor by the figure, and its caption says whether all is covered."""

    def said(drawn: Drawn) -> list[dict[str, Any]]:
        monkeypatch.setattr(drafts, "kept", lambda *_, **__: drawn)
        drafts.results.cache_clear()
        return [row for found in drafts.judged(("iss", "prefix"), ("plain", "products"), 1) for row in found]

    for rows, last in ever_more(seed, said):
        for row, end in zip(rows, last, strict=True):
            for name in ("before", "after", "stopped", "opened"):
                assert within(Count(row[name], row["undecided"]), Count(end[name]))
            assert _cell(row)[0] in ("undecided", _cell(end)[0])
            assert row["undecided"] or "–" not in _cell(row)[1]
        covered = drafts.drawn(Source(_known={"drafts": pd.DataFrame(rows)})).caption.interval
        assert ("not an estimate" in covered) == (rows == last)


# --- tables of verdicts ----------------------------------------------------------------------------------------


def _table(drawn: Drawn) -> list[dict[str, Any]]:
    asked = product(("mcp", "fapi2"), (NOBODY, "mal_as", "mal_rs"), PROPERTIES.values())
    return [
        {
            "design": design,
            "attacker": attacker,
            "property": prop.name,
            "kind": prop.kind,
            "code": prop.code,
            "verdict": drawn.result(prop, f"{design} {attacker}"),
            "chart": "",
            "blocked_by": [],
        }
        for design, attacker, prop in asked
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_to_blame_and_who_is_withstood_is_never_taken_back(seed: int) -> None:
    """In the table of a study and in its report."""
    for rows, last in ever_more(seed, _table):
        for one, end in zip(blamed(rows), blamed(last), strict=True):
            assert one in (None, end)
        now, then = map(_told, (rows, last))
        for design in now:
            violated, firm = now[design]
            assert within(violated, then[design][0])
            assert firm <= then[design][1]


def _told(rows: list[dict[str, Any]]) -> dict[str, tuple[Count, set[str]]]:
    """How many are violated and who is withstood, as the report has it."""
    study = Study(Path(), found={"verdicts": rows})
    return {one["name"]: (Count(one["violated"], one["unknown"]), set(one["firm"])) for one in designs(study)}


# --- exit codes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_check_says_what_it_says_in_the_end_or_that_it_does_not_know(seed: int) -> None:
    """0 and 1 are final; what is not known is 3."""
    place = Position(1, 1, 1)
    asked = [
        Expectation(Path("e.toml"), place, "", "", name, "", "mal_as", "", "attack", model=parse("").model)
        for name, prop in PROPERTIES.items()
        if prop.kind == "security"
    ]
    asked = [replace(one, expected=Drawn(seed, 0.0).result(one.property, parse("cap=mal_as"))) for one in asked]
    asked[0] = replace(asked[0], expected="safe" if seed % 2 else asked[0].expected)

    def code(drawn: Drawn) -> int:
        found = [Checked(one, drawn.verdict(one.property, parse("cap=mal_as")), cached=False) for one in asked]
        return _code(found)

    for now, then in ever_more(seed, code):
        assert now in (3, then)
