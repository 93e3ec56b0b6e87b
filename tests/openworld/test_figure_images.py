"""One figure of each kind: first what is drawn, then how it looks.

The images in ``baselines/`` were looked at by a person. After a change that is meant, `make renew` writes those that
look different, to be looked at again.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images

from model.chart import chart
from model.design import parse
from model.trace import from_json
from model.words import of_rule
from openworld import plotstyle
from openworld.exhibits.lattices import sets as drawn_sets
from openworld.exhibits.worlds import trust_graph
from openworld.figures import experiments as figures
from openworld.figures import labels
from openworld.figures import verdicts as matrices
from openworld.plotstyle import captioned, save
from openworld.slides import sequence
from openworld.tables.blast_radius import blast_radius
from openworld.tables.clients import client_ends

HERE = Path(__file__).parent
RENDERED = plotstyle.rendered
BASELINES = HERE / "baselines"
#: Root mean square over pixels of 0 to 255; fonts come with matplotlib, so little differs between machines.
TOLERANCE = 6.0
CAPTION = "Population: made up for this test. Design: two arms. n: 100. Seed: 1. Interval: 95 %."


def verdicts() -> pd.DataFrame:
    """A table with every look a cell can have."""
    looks = ["attack", "safe", "unknown", "safe", "attack", "attack"]
    rows = [
        (design, "one", "mal_as", prop, kind, verdict, 7.0 if verdict == "attack" else None)
        for (design, prop, kind), verdict in zip(
            [
                (d, p, k)
                for d in ("first", "second")
                for p, k in (("code_delivery", "security"), ("authorization", "security"), ("first_contact", "utility"))
            ],
            looks,
            strict=True,
        )
    ]
    return pd.DataFrame(rows, columns=["design", "attacker", "capabilities", "property", "kind", "verdict", "steps"])


def rates() -> pd.DataFrame:
    """Two arms over three points; every ending and one harm."""
    rows = []
    for value in (0.0, 0.5, 1.0):
        for arm, shift in (("echo=off", 0.0), ("echo=req", 0.4)):
            refused, blocked, diverted = shift * value, 0.05 * (shift > 0), 0.1 - 0.05 * (shift > 0)
            for kind, outcome, rate in (
                ("success", "accepted", 1 - refused - blocked - diverted),
                ("harm", "theft", diverted / 2),
                ("refused", "client.token_type_is_dpop", refused),
                ("blocked", "client.token_type_is_dpop", blocked),
                ("diverted", "diverted", diverted),
            ):
                rows.append(
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
                        "low": rate - 0.04,
                        "high": rate + 0.04,
                    }
                )
    return pd.DataFrame(rows)


def alike() -> pd.DataFrame:
    """The same with two more arms, one that changes nothing and one that is like another."""
    table = rates()
    like = {"echo=off": "echo=off, prm_cache=stale", "echo=req": "echo=req, echo=req_strict"}
    more = [table[table["arm"] == names.split(", ")[0]].assign(arm=names.split(", ")[1]) for names in like.values()]
    named = pd.concat([table, *more], ignore_index=True)
    return named.assign(alike=named["arm"].map({name: names for names in like.values() for name in names.split(", ")}))


def sets() -> pd.DataFrame:
    """Three minimal sets over four mechanisms."""
    rows = [("a b", "plain multi"), ("a c", "plain multi strict"), ("b c d", "plain")]
    return pd.DataFrame(rows, columns=["mechanisms", "usable_in"])


def trust() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two AS, two RS, two origins."""
    good, bad, server, thief = "https://a.example/api", "https://b.example/", "https://as.example", "https://x.example"
    nodes = [
        (server, "authorization_server", True),
        (thief, "authorization_server", False),
        (good, "resource_server", True),
        (bad, "resource_server", False),
        ("https://a.example", "origin", True),
        ("https://b.example", "origin", False),
    ]
    edges = [
        (good, "designates", server),
        (good, "trusts", server),
        (bad, "designates", thief),
        ("https://a.example", "hosts", good),
        ("https://b.example", "hosts", bad),
    ]
    return (
        pd.DataFrame(nodes, columns=["name", "role", "honest"]),
        pd.DataFrame(edges, columns=["source", "relation", "target"]),
    )


def clients() -> pd.DataFrame:
    """Two clients in two situations."""
    rows = [
        ("first==1", "CD", "code_delivery", "security", "malicious AS", "attack", 7.0),
        ("first==1", "FC", "first_contact", "utility", "honest AS, no iss", "safe", None),
        ("second==2", "CD", "code_delivery", "security", "malicious AS", "safe", None),
        ("second==2", "FC", "first_contact", "utility", "honest AS, no iss", "attack", None),
    ]
    return pd.DataFrame(rows, columns=["client", "code", "property", "kind", "situation", "verdict", "steps"])


def ends() -> pd.DataFrame:
    """Two clients in three scenarios: every end, one code that was lost, one scenario that was not tried."""
    rows = [
        ("R01", "resource is the URL of the request", "first==1", "accepted", False),
        (
            "R02",
            "resource is a prefix in whole path segments, which is what rfc9728bis wants",
            "first==1",
            "refused at discovery",
            False,
        ),
        ("M09", "a mix-up", "first==1", "accepted", True),
        ("R01", "resource is the URL of the request", "second==2", "failed at the resource", False),
        ("M09", "a mix-up", "second==2", "refused at the response", False),
    ]
    return pd.DataFrame(rows, columns=["scenario", "about", "client", "end", "misdelivered"])


def spread() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two designs: one reaches something, the other nothing."""
    rows = [
        (design, "", measure, statistic, scale * value, scale * value * 0.8, scale * value * 1.2)
        for design, scale in (("as deployed", 1.0), ("all protections", 0.0))
        for measure, value in (("resource_servers", 20.0), ("users", 2.0), ("tokens", 3.0))
        for statistic, value in (("mean", value), ("max", 2 * value))
    ]
    rules = [("all protections", "resource_server.proof_is_by_bound_key", 9), ("all protections", "other", 1)]
    return (
        pd.DataFrame(rows, columns=["design", "alike", "measure", "statistic", "value", "low", "high"]),
        pd.DataFrame(rules, columns=["design", "rule", "stopped"]),
    )


def effects() -> pd.DataFrame:
    """Two mechanisms, alone and together, in three outcomes."""
    rows = [
        {
            "parameter": "share that has adopted",
            "value": 1.0,
            "effect": effect,
            "order": order,
            "kind": kind,
            "outcome": outcome,
            "difference": shift * size,
            "low": shift * size - 0.02,
            "high": shift * size + 0.02,
        }
        for effect, order, size in (("echo", 1, 0.3), ("iss", 1, 0.1), ("echo × iss", 2, -0.05))
        for kind, outcome, shift in (
            ("success", "accepted", -1),
            ("refused", "client.token_type_is_dpop", 1),
            ("harm", "theft", -1),
        )
    ]
    return pd.DataFrame(rows)


def run(under: str | None = None) -> Figure:
    """The mix-up."""
    trace = from_json((HERE / "golden" / "mixup.json").read_text(encoding="utf-8"))
    return sequence(chart(trace, "the code reaches the attacker", under=parse(under) if under else None))


DRAWN: dict[str, Callable[[], Figure]] = {
    "matrix": lambda: captioned(matrices.verdict_matrix(verdicts(), "one"), CAPTION),
    "overview": lambda: captioned(matrices.attacker_overview(verdicts()), CAPTION),
    "rates": lambda: captioned(figures.rates(rates(), "A question?"), CAPTION),
    "differences": lambda: captioned(figures.differences(rates().query("arm != 'echo=off'"), "A question?"), CAPTION),
    "rates_alike": lambda: captioned(figures.rates(alike(), "A question?"), CAPTION),
    "differences_alike": lambda: captioned(
        figures.differences(alike().query("arm != 'echo=off'"), "A question?"), CAPTION
    ),
    "funnel": lambda: captioned(figures.funnel(rates(), 1.0, "Where attempts end"), CAPTION),
    "sets": lambda: captioned(drawn_sets(sets(), "What suffices?"), CAPTION),
    "trust": lambda: captioned(trust_graph(*trust(), "Who trusts whom"), CAPTION),
    "clients": lambda: captioned(matrices.client_verdicts(clients(), "What is proved of clients"), CAPTION),
    "client_ends": lambda: captioned(client_ends(ends(), "Where clients ended"), CAPTION),
    "blast_radius": lambda: captioned(blast_radius(*spread(), "One token is stolen"), CAPTION),
    "effects": lambda: captioned(figures.effects(effects(), "What do they change?"), CAPTION),
    "sequence": run,
    "sequence_refused": lambda: run("cap=mal_as"),
}


def words(figure: Figure) -> list[str]:
    """All writing in the panels of a figure."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]


# --- what is drawn -----------------------------------------------------------------------------------------


def test_curves_and_bands_are_the_table() -> None:
    """Each line is the rates of its arm, each band its interval."""
    figure, table = figures.rates(rates()), rates()
    panel = next(axes for axes in figure.axes if axes.get_title("left").startswith("honest flow refused"))
    arms = {labels.arm(name): name for name in set(table["arm"])}
    for line, band in zip(panel.lines, panel.collections, strict=True):
        own = table[(table["arm"] == arms[str(line.get_label())]) & (table["kind"] == "refused")]
        assert list(line.get_xdata()) == list(own["value"])
        assert list(line.get_ydata()) == list(own["rate"])
        corners = band.get_paths()[0].vertices
        assert set(own["low"]) | set(own["high"]) <= set(corners[:, 1])


def test_a_funnel_adds_up() -> None:
    """What is lost at each stage and what succeeds make all attempts, in every arm."""
    figure = figures.funnel(rates(), 1.0)
    assert len(figure.axes) == 2
    for axes in figure.axes:
        shares = [float(text.get_text().rstrip("%")) for text in axes.texts if text.get_text().endswith("%")]
        assert sum(shares) == pytest.approx(100)
    ticks = [label.get_text().replace("\n", " ") for label in figure.axes[0].get_yticklabels()]
    asked = "“A response to a request with a proof has token_type DPoP”"
    assert ticks == [
        "all attempts",
        f"honest flow refused for: {asked}",
        f"attack refused for: {asked}",
        "attacker met: agent dealt with the attacker",
        "works: request accepted",
    ]


def test_set_plot_has_a_dot_for_each_mechanism_of_a_set() -> None:
    """Dark dots are the members of the sets; the numbers above are the deployments."""
    figure = drawn_sets(sets())
    top, dots = figure.axes
    dark = [patch for patch in dots.collections if isinstance(patch, PathCollection) and patch.get_sizes()[0] > 40]
    assert [len(patch.get_offsets()) for patch in dark] == [2, 2, 3]
    assert [text.get_text() for text in top.texts] == ["2", "3", "1"]


def test_the_trust_graph_has_every_party_and_relation() -> None:
    """A node for each party, an arrow for each relation, two between those that have two."""
    figure = trust_graph(*trust())
    axes = figure.axes[0]
    assert len(axes.patches) == 5
    named = {text.get_text() for text in axes.texts}
    assert {"as.example", "x.example", "a.example\n/api", "b.example\n/", "a.example", "b.example"} <= named


def test_a_sequence_chart_says_who_what_and_why() -> None:
    """Values, the leak and the refusal are written out; what leaks is white on black."""
    written = {text.get_text(): text for text in run().axes[0].texts}
    assert "code=<user's code from as.example>" in written
    leaks = [text for text in run().axes[0].texts if text.get_text().startswith("code_verifier=")]
    assert [text.get_weight() for text in leaks] == ["bold"]
    theirs = [text for text in run().axes[0].texts if text.get_text().startswith("issuer=")]
    assert [text.get_style() for text in theirs] == ["italic"]
    refused = " ".join(words(run("cap=mal_as")))
    assert "REFUSED by the client" in refused
    assert "RFC 9207 2.4" in refused


def test_a_client_matrix_says_every_verdict() -> None:
    """Each result has its mark, each column its property and situation in words, with the code below."""
    axes = matrices.client_verdicts(clients()).axes[0]
    assert [label.get_text().replace("\n", " ") for label in axes.get_xticklabels()] == [
        "code reaches its client only: malicious AS",
        "an unknown resource can be used: honest AS, no iss",
    ]
    assert [text.get_text() for text in axes.texts] == ["✗ 7", "yes", "✓", "no", "CD", "FC"]


def test_every_end_has_its_mark_and_what_was_not_tried_is_blank() -> None:
    """A code that was lost outweighs where the client ended."""
    marks: dict[str, list[tuple[float, float]]] = {}
    for place, axes in enumerate(client_ends(ends()).axes):
        for line in axes.lines:
            at = zip(line.get_xdata(), line.get_ydata(), strict=True)
            marks.setdefault(str(line.get_label()), []).extend((float(x), float(y) + 2 * place) for x, y in at)
    assert marks == {
        "accepted": [(0.5, 0.5)],
        "refused at discovery": [(0.5, 1.5)],
        "failed at the resource": [(1.5, 0.5)],
        "the code was sent to another party": [(0.5, 2.5)],
        "refused at the response": [(1.5, 2.5)],
    }


def test_blast_radius_is_the_table() -> None:
    """Mean and worst of both measures with their intervals, and the rule that stopped most."""
    figure, (table, _) = blast_radius(*spread()), spread()
    for axes, measure in zip(figure.axes, ("resource_servers", "users"), strict=True):
        drawn = {float(x) for line in axes.lines for x in line.get_xdata()}
        assert drawn == set(table.loc[table["measure"] == measure, "value"])
        ends_ = {float(x) for lines in axes.collections for path in lines.get_paths() for x in path.vertices[:, 0]}
        assert set(table.loc[table["measure"] == measure, "low"]) <= ends_
    assert [said.replace("\n", " ") for said in words(figure)] == [
        "nothing",
        of_rule("resource_server.proof_is_by_bound_key"),
        "stopped most often by",
    ]


# --- how it looks ------------------------------------------------------------------------------------------


@pytest.mark.sampled(4)
@pytest.mark.parametrize("kind", DRAWN)
def test_it_looks_as_it_did(kind: str, tmp_path: Path, on_file: Callable[..., None]) -> None:
    """The image is the one that a person has looked at."""
    drawn = tmp_path / f"{kind}.png"
    figure = DRAWN[kind]()
    figure.savefig(drawn, dpi=50, bbox_inches="tight", metadata={"Software": None})
    baseline = BASELINES / drawn.name
    on_file(baseline, drawn.read_bytes(), lambda _: compare_images(str(baseline), str(drawn), TOLERANCE) is None)


def test_the_comparison_sees_a_change(tmp_path: Path) -> None:
    """A curve that lies elsewhere is no match."""
    table = rates()
    table["rate"] = np.where(table["arm"] == "echo=req", table["rate"] * 0.5, table["rate"])
    captioned(figures.rates(table, "A question?"), CAPTION).savefig(tmp_path / "a.png", dpi=50, bbox_inches="tight")
    assert compare_images(str(BASELINES / "rates.png"), str(tmp_path / "a.png"), TOLERANCE) is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        "rates",
        "sequence",
        *(
            pytest.param(kind, marks=pytest.mark.slow)
            for kind in ("matrix", "clients", "client_ends", "blast_radius", "effects")
        ),
    ],
)
def test_files_are_the_same_every_time(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same data give the same bytes; text is text in SVG, glyphs are in PDF, dates are in neither."""
    monkeypatch.setattr(plotstyle, "rendered", RENDERED)
    first = [path.read_bytes() for path in save(DRAWN[kind](), tmp_path / "first", "title", CAPTION)]
    second = [path.read_bytes() for path in save(DRAWN[kind](), tmp_path / "second", "title", CAPTION)]
    assert first == second
    svg, pdf, _ = first
    assert b"<dc:date>" not in svg
    assert b"<text" in svg
    assert CAPTION.encode() in svg
    assert b"CreationDate" not in pdf
    assert b"/FontFile2" in pdf
