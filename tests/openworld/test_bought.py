"""What drafts buy: each is told by a switch of its own, and both sides are asked of every environment."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from model.design import parse
from model.drafts import DRAFTS
from model.named_designs import DEPLOYMENTS
from model.switches import SWITCHES
from model.words import worded
from openworld import exhibits
from openworld.exhibit import Source
from openworld.tables import drafts
from openworld.tables.drafts import USE, judged
from openworld.tables.table import Lot
from properties.checker import Checker

#: The picture on the first page of the repository, and the table that it is drawn from.
README = Path(__file__).parents[2] / "README.md"
DOCS = README.parent / "docs"
#: Drafts on the first page.
FIRST = ("issuer", "iss", "metadata", "prefix", "echo", "dpop")


@pytest.mark.parametrize("name", DRAFTS)
def test_a_draft_is_where_a_switch_is_from(name: str) -> None:
    """What it asks for names it as a source, and having it instead of not changes the published state."""
    draft, published = DRAFTS[name], parse("design=prm_cimd").design
    assert any(draft.source in SWITCHES[each.switch].source for each in draft.obligations)
    before, after = ({each.switch: getattr(each, part) for each in draft.obligations} for part in ("without", "value"))
    assert published.but(**{switch: value for switch, value in before.items() if value}) != published.but(**after)


def test_prefix_matching_is_of_use_where_an_api_has_many_paths(
    checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it nobody gets there, with it honest parties do, as the solver says of the designs that are named."""
    monkeypatch.setattr(drafts, "AGAINST", ())
    ((row,),) = judged(["prefix"], ["multi_path_api"], 1)
    assert (row["of_use_before"], row["of_use_after"]) == ("not_reached", "reached")
    for text, told in ((row["first"], row["of_use_before"]), (row["second"], row["of_use_after"])):
        assert checker.result(USE, parse(text)) == told
        assert parse(text).design["api"] == DEPLOYMENTS["multi_path_api"]["api"]


@pytest.mark.slow
def test_what_is_compared_is_what_both_could_lose(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attacks before, less those that are stopped, and those that are opened, are those after."""
    monkeypatch.setattr(drafts, "AGAINST", ("mal_as",))
    ((row,),) = judged(["iss"], ["plain"], 1)
    assert row["stopped"] > 0
    assert row["before"] - row["stopped"] + row["opened"] == row["after"]
    assert row["undecided"] == 0


def test_a_table_that_was_cut_short_is_drawn_as_far_as_it_is(shown: pd.DataFrame, tmp_path: Path) -> None:
    """Rows of environments that are finished are on disk, in the form that figures are drawn from."""
    rows = shown[shown["environment"].isin(list(DEPLOYMENTS)[:2])].to_dict("records")

    def made(*_: object) -> Iterator[Lot]:
        yield Lot("two", rows)
        raise KeyboardInterrupt

    table, picture = dataclasses.replace(drafts.TABLE, made=made), exhibits.catalogue()["drafts"]
    with pytest.raises(KeyboardInterrupt):
        table.frame(Source(kept=tmp_path))
    exhibits.write(picture, Source(tmp_path), tmp_path / "drawn")
    assert (tmp_path / "drawn" / "drafts.csv").read_bytes() == (tmp_path / "drafts.csv").read_bytes()


@pytest.fixture
def shown() -> pd.DataFrame:
    """The table of the picture on the first page."""
    return pd.read_csv(DOCS / "drafts.csv", keep_default_na=False)


def test_the_first_picture_is_of_the_table_beside_it_and_its_words_are_so(shown: pd.DataFrame, tmp_path: Path) -> None:
    """Table and caption as they are drawn again; what is said of iss and of prefixes is in the table."""
    exhibits.write(exhibits.catalogue()["drafts"], Source(_known={"drafts": shown}), tmp_path)
    for form in ("csv", "txt"):
        assert (tmp_path / f"drafts.{form}").read_bytes() == (DOCS / f"drafts.{form}").read_bytes()
    assert list(shown["draft"].unique()) == list(DRAFTS)
    assert list(shown["environment"].unique()) == list(DEPLOYMENTS)
    cells = shown.set_index(["draft", "environment"])
    assert cells.loc[("iss", "plain"), "after"] < cells.loc[("iss", "plain"), "before"]
    prefix = cells.loc["prefix"]
    assert tuple(prefix.loc["multi_path_api", ["of_use_before", "of_use_after"]]) == ("not_reached", "reached")
    assert (prefix["opened"] > 0).all()


def test_the_rows_on_the_first_page_are_of_that_table(shown: pd.DataFrame, on_file: Callable[..., None]) -> None:
    """Six drafts: attacks where all others are kind, attacks that it opens, and where logins begin or end with it."""
    page = README.read_text(encoding="utf-8")
    head, rule, rest = page.partition("|---|---|---|\n")
    rows = "\n".join(_row(shown[shown["draft"] == name]) for name in FIRST)
    on_file(README, f"{head}{rule}{rows}\n\n{rest.partition(chr(10) * 2)[2]}")


def _row(cells: pd.DataFrame) -> str:
    kind = cells[cells["environment"] == "plain"].iloc[0]
    opened = int((cells["opened"] > 0).sum())
    more = f"; opens others in {opened} of {len(cells)} environments" if opened else ""
    before, after = (cells[name] == "reached" for name in ("of_use_before", "of_use_after"))
    logins = [
        f"{said}: {', '.join(worded('deployment', name) for name in cells.loc[those, 'environment'])}"
        for said, those in (("broken", before & ~after), ("only with it", ~before & after))
        if those.any()
    ]
    words = worded("draft", kind["draft"])
    draft = words if kind["source"] in words else f"{words} ({kind['source']})"
    return f"| {draft} | {kind['before']} → {kind['after']}{more} | {'; '.join(logins) or 'as without it'} |"


@pytest.mark.slow
def test_that_table_is_what_the_solver_says(shown: pd.DataFrame) -> None:
    """All of it asked again."""
    rows = [row for found in judged(DRAFTS, DEPLOYMENTS, 1) for row in found]
    pd.testing.assert_frame_equal(pd.DataFrame(rows), shown, check_dtype=False)
