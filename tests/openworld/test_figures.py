"""Figures: drawn from tables, with what the tables say in them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from openworld.figures import experiments as figures
from openworld.figures import verdicts as matrices
from openworld.headlines import headlines
from openworld.plotstyle import FILLS


@pytest.fixture
def verdicts() -> pd.DataFrame:
    """A small table with every look a cell can have."""
    results = itertools.cycle(["attack", "safe", "unknown", "safe", "attack", "safe"])
    rows = [
        {
            "design": design,
            "attacker": attacker,
            "capabilities": "mal_as",
            "property": prop,
            "kind": kind,
            "verdict": (verdict := next(results)),
            "steps": 7 if verdict == "attack" and kind == "security" else None,
        }
        for attacker in ("one", "two")
        for design in ("first", "second")
        for prop, kind in (("authorization", "security"), ("code_delivery", "security"), ("first_contact", "utility"))
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def rates() -> pd.DataFrame:
    """Rates of two arms, one outcome that differs and one that does not."""
    rows = [
        {
            "experiment": "x",
            "parameter": "share of something",
            "value": value,
            "arm": arm,
            "against": "echo=off",
            "outcome": outcome,
            "kind": kind,
            "attempts": 100,
            "rate": rate,
            "difference": rate - 0.5,
            "low": rate - 0.05,
            "high": rate + 0.05,
        }
        for value in (0.0, 0.5, 1.0)
        for arm, shift in (("echo=off", 0.0), ("echo=req", 0.2))
        for outcome, kind, rate in (("accepted", "success", 0.6 - shift * value), ("never", "refused", 0.5))
    ]
    return pd.DataFrame(rows)


def words(figure: Figure) -> list[str]:
    """All writing inside the panels of a figure, but for codes, which stand beside them."""
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_fontsize() > 7]


def _legend(figure: Figure) -> list[str]:
    """What the legend of a figure tells apart."""
    return [text.get_text().replace("\n", " ") for text in figure.legends[0].get_texts()]


def _faces(figure: Figure) -> set[str]:
    """The colours of the cells."""
    return {to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches}


def test_every_cell_of_the_matrix_says_its_verdict(verdicts: pd.DataFrame) -> None:
    """Each result has a mark of its own, so that colour is not needed."""
    assert words(matrices.verdict_matrix(verdicts, "one")) == ["✗ 7", "✓", "?", "✓", "✗ 7", "yes"]


def test_what_is_not_in_this_world_is_grey_and_has_no_tick(verdicts: pd.DataFrame) -> None:
    """Neither where a cell is a verdict nor where it counts them; beside something safe, a count may be good."""
    vacuous = verdicts.assign(verdict=verdicts["verdict"].where(verdicts["kind"] == "utility", "not_in_this_world"))
    for figure in (matrices.verdict_matrix(vacuous, "one"), matrices.attacker_overview(vacuous)):
        assert "✓" not in words(figure)
        assert "–" in words(figure)
        assert FILLS["not_in_this_world"][0] in _faces(figure)
    assert _faces(matrices.attacker_overview(vacuous)) == {FILLS["not_in_this_world"][0]}
    mixed = vacuous.assign(verdict=vacuous["verdict"].where(vacuous["property"] != "authorization", "safe"))
    assert words(matrices.attacker_overview(mixed)) == ["✓"] * 4


def test_names_above_the_matrix_do_not_run_into_each_other(verdicts: pd.DataFrame) -> None:
    """Names of columns stand above the cells, turned."""
    axes = matrices.verdict_matrix(verdicts, "one").axes[0]
    assert [(label.get_text().replace("\n", " "), label.get_rotation()) for label in axes.get_xticklabels()] == [
        ("user's data stays out of reach", 52.0),
        ("code reaches its client only", 52.0),
        ("an unknown resource can be used", 52.0),
    ]


def test_the_overview_counts_violations(verdicts: pd.DataFrame) -> None:
    """Each cell counts the security properties violated; undecided ones are not passed over."""
    assert sorted(words(matrices.attacker_overview(verdicts))) == ["1", "1", "1", "1"]


def test_panels_show_what_changes(rates: pd.DataFrame) -> None:
    """An outcome that nothing changes gets no panel; the arms are in the legend."""
    figure = figures.rates(rates, "A question?")
    assert [axes.get_title("left") for axes in figure.axes if axes.get_visible()] == ["works: request accepted"]
    assert _legend(figure) == [OFF, REQUIRED]


def test_arms_that_are_alike_are_drawn_once(rates: pd.DataFrame) -> None:
    """Under all their names, in curves and in funnels."""
    third = rates[rates["arm"] == "echo=req"].assign(arm="echo=req_strict")
    table = pd.concat([rates, third]).assign(alike=lambda rows: rows["arm"].replace(TWINS))
    drawn = figures.rates(table)
    assert _legend(drawn) == [OFF, f"{REQUIRED} = {STRICT}"]
    assert len([line for line in drawn.axes[0].lines if len(line.get_xdata()) == 3]) == 2
    above = [axes.get_title("left").replace("\n", " ") for axes in figures.funnel(table, 1.0).axes]
    assert above == [OFF, f"{REQUIRED} = {STRICT}"]
    assert drawn.legends[0].get_title().get_text() == "=  every attempt ends the same way"
    old = figures.rates(table.assign(alike=""))
    assert _legend(old) == [OFF, REQUIRED, STRICT]
    assert old.legends[0].get_title().get_text() == ""


OFF, REQUIRED = "client does not read the echo", "client requires the echo to have the resource asked for"
STRICT = "client requires the echo to have the resource asked for, and no other"
TWINS = {"echo=req": "echo=req, echo=req_strict", "echo=req_strict": "echo=req, echo=req_strict"}


def test_an_arm_that_changes_nothing_is_the_axis(rates: pd.DataFrame) -> None:
    """It is no line of its own, and those that are lines have the colours that they have among the rates."""
    idle = rates[rates["arm"] == "echo=off"].assign(arm="echo=opt", difference=0.0)
    alike = {"echo=off": "echo=off, echo=opt", "echo=opt": "echo=off, echo=opt"}
    table = pd.concat([rates, idle]).assign(alike=lambda rows: rows["arm"].replace(alike))
    figure, beside = figures.differences(table[table["arm"] != "echo=off"]), figures.rates(table)
    against = f"change against: {OFF}\n= client compares the echo where there is one"
    assert figure.legends[0].get_title().get_text() == against
    assert _legend(figure) == [REQUIRED]
    (line,) = figure.legends[0].get_lines()
    assert line.get_color() == beside.legends[0].get_lines()[1].get_color()
    nothing = figures.differences(table[table["arm"] == "echo=opt"])
    assert words(nothing) == ["no outcome differs"]
    assert nothing.legends[0].get_title().get_text() == against


@pytest.fixture
def quantities() -> pd.DataFrame:
    """Three arms at one point: two that come to the same, and one under which nothing is accepted."""
    rows = [
        {
            "experiment": "x",
            "parameter": "share of something",
            "value": 0.5,
            "arm": arm,
            "alike": alike,
            "against": "" if arm == "a" else "a",
            "quantity": quantity,
            "per": per,
            "mean": mean,
            "low": mean - 0.01,
            "high": mean + 0.01,
            "difference": change,
            "together_low": change - 0.05,
            "together_high": change + 0.05,
            "headline": 1,
        }
        for arm, alike, works, thefts, change in (
            ("a", "a", 0.9, 0.2, np.nan),
            ("b", "b, c", 0.5, 0.3, -0.4),
            ("c", "b, c", 0.5, 0.3, -0.4),
            ("d", "d", 0.0, np.nan, np.nan),
        )
        for quantity, per, mean in (("flows_that_work", "honest flow", works), ("thefts", "accepted flow", thefts))
    ]
    return pd.DataFrame(rows)


def test_a_draft_is_one_arrow_to_what_works_and_what_is_stolen(quantities: pd.DataFrame) -> None:
    """Arms that coincide are one arrow under all their names; without an accepted flow there is no place for one."""
    drawn = figures.trade(quantities)
    (axes,) = drawn.axes
    arrows = [text for text in axes.texts if isinstance(text, Annotation)]
    assert [(arrow.xyann, arrow.xy) for arrow in arrows] == [((0.9, 0.2), (0.5, 0.3))]
    assert _legend(drawn) == ["a", "b = c"]
    assert drawn.legends[0].get_title().get_text().splitlines()[0] == "no flow works under: d"


def test_what_works_and_what_is_stolen_have_a_panel_each(quantities: pd.DataFrame) -> None:
    """Along the sweep, arms that coincide once and under all their names; other quantities are none of the pair."""
    later, other = quantities.assign(value=1.0), quantities.assign(quantity="prompts", per="attempt")
    drawn = figures.pair(pd.concat([quantities, later, other]))
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["honest flows that work", "thefts per accepted flow"]
    assert [line.get_label() for line in drawn.axes[0].lines] == ["a", "b\n= c", "d"]
    assert drawn.axes[0].lines[1].get_ydata() == pytest.approx([0.5, 0.5])


def test_one_arm_under_which_hardly_a_flow_is_accepted_hides_no_other(quantities: pd.DataFrame) -> None:
    """Thefts for each accepted flow are then drawn in powers of ten, and what works as it is."""
    thefts = quantities["quantity"] == "thefts"
    towers = quantities.assign(mean=quantities["mean"].where(~thefts | (quantities["arm"] != "a"), 9.0))
    works, stolen = figures.pair(towers).axes
    assert (works.get_yscale(), stolen.get_yscale()) == ("linear", "symlog")
    assert stolen.get_title(loc="left") == "thefts per accepted flow (log above 0.1)"


def test_what_was_measured_has_a_panel_where_it_differs(quantities: pd.DataFrame) -> None:
    """Of attempts and of replications, what an experiment is about first; arms that end alike each for themselves."""
    per_attempt = quantities.assign(per="attempt", headline=0)
    about, once, same = (
        per_attempt.assign(quantity="prompts", headline=1),
        per_attempt.assign(quantity="peak_fetches", per="case"),
        per_attempt.assign(quantity="refreshes", mean=1.0),
    )
    drawn = figures.measured(pd.concat([once, same, about, quantities]))
    assert [axes.get_title(loc="left") for axes in drawn.axes if axes.get_visible()] == [
        "prompts per attempt",
        "peak fetches",
    ]
    assert [line.get_label() for line in drawn.axes[0].lines][:3] == ["a", "b", "c"]


def test_percentages_have_the_decimals_that_their_ticks_need(rates: pd.DataFrame) -> None:
    """Wherever the ticks come to stand once the page is laid out: none is rounded to what it is not."""
    figure = figures.rates(rates.assign(rate=rates["rate"] / 8, low=rates["low"] / 8, high=rates["high"] / 8))
    figure.canvas.draw()
    for axes in (axes for axes in figure.axes if axes.get_visible()):
        told = [tick.get_text().replace("\N{MINUS SIGN}", "-") for tick in axes.get_yticklabels()]
        assert [float(each.rstrip("%")) for each in told] == pytest.approx([100 * tick for tick in axes.get_yticks()])


def test_a_share_ends_where_everything_does(quantities: pd.DataFrame) -> None:
    """However wide its band, and however few replications it is of."""
    moved = quantities.assign(per="case", headline=0, quantity="share_of_clients_that_have_moved", high=2.1)
    (axes,) = (axes for axes in figures.measured(moved).axes if axes.get_visible())
    assert axes.get_ylim()[1] < 1.1


def test_a_legend_of_many_lines_takes_nothing_from_the_panels(rates: pd.DataFrame) -> None:
    named = rates.assign(alike=rates["arm"].map({"echo=off": "echo=off, prm=prefix_sdk_py, prm=prefix_sdk_ts"}))
    heights = []
    for table in (rates, named.assign(alike=named["alike"].fillna(""))):
        figure = figures.rates(table)
        figure.canvas.draw()
        heights.append(figure.axes[0].get_position().height * figure.get_figheight())
    assert heights[1] > 0.9 * heights[0] > 1


def test_headlines_tell_coinciding_arms_once_and_withhold_what_is_not_settled(quantities: pd.DataFrame) -> None:
    told = {each.arms: each for each in headlines(quantities)}
    assert list(told) == ["b, c", "d"]
    assert told["b, c"].sentences[0] == ("honest flows that work fall from 90.0% to 50.0% (change -45.0% to -35.0%)")
    assert "nothing to tell" in told["d"].sentences[1]
    close = quantities.assign(difference=0.01, together_low=-0.04, together_high=0.06)
    assert all(each.settled == 0 and "not settled" in each.sentences[0] for each in headlines(close))


def test_differences_say_what_they_are_against(rates: pd.DataFrame) -> None:
    """The legend names the arm that the others are compared with."""
    figure = figures.differences(rates[rates["arm"] != "echo=off"])
    assert figure.legends[0].get_title().get_text() == f"change against: {OFF}"


def test_a_legend_looks_as_cells_do() -> None:
    """Each entry has the face and the hatch of what it is about."""
    axes = Figure().subplots()
    matrices.key(axes, {"a": ("white", "black", "//"), "b": ("grey", "black", "")}, ())
    patches = axes.get_legend().get_patches()
    assert [(patch.get_hatch() or "", to_hex(patch.get_facecolor())) for patch in patches] == [
        ("//", to_hex("white")),
        ("", to_hex("grey")),
    ]


def test_a_band_that_is_wider_than_the_rates_does_not_hide_them(rates: pd.DataFrame) -> None:
    """The axis ends where it is some times as high as the highest of them."""
    figure = figures.rates(rates.assign(rate=rates["rate"] / 50, low=0.0, high=1.0))
    (axes,) = (axes for axes in figure.axes if axes.lines)
    highest = max(max(line.get_ydata()) for line in axes.lines)
    assert axes.get_ylim()[1] == pytest.approx(figures.TALL * highest)
