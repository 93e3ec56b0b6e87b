"""The design that a real client is compared with: its own, one fitted to what was seen, or a relative's."""

import json
from importlib.resources import files

import pytest
from click.testing import CliRunner

from conformance.explained import explain
from conformance.judge import Judgement
from conformance.play import catalogue
from conformance.software import CLIENTS, Release
from deployed import explanation
from deployed.explanation import Explanation, design_of, left_out, neighbours
from model.clients import find
from model.part import Part
from model.turns import Turn
from openworld.cli import main

PLAYS = [play for play in catalogue() if play.name in ("M01_iss_ok", "M02_iss_wrong_adv")]


def seen(version: str, outcomes: dict[str, str], fetched: tuple[str, ...] | None = None) -> Explanation:
    """What is made of a client that asks as1 for a token of its resource, and ends so."""
    asked = tuple(Turn(request, "as1", "", ("{rs}/mcp",)) for request in ("authorize", "token"))
    sent = (Turn("register", "as1"), *asked, Turn("call", "rs", "", (), (Part("scheme", "Bearer"),)))
    judgements = [
        Judgement(name, "catalogue", outcome, "finished", sent if outcome == "A" else sent[:2], fetched=fetched)
        for name, outcome in outcomes.items()
    ]
    return explain(Release(CLIENTS["mcp-python"], version), PLAYS, judgements)


@pytest.mark.parametrize(
    ("version", "relative"),
    [("2.3.0", "2.3.0"), ("1.26.0", "1.23.3"), ("2.0.1", "2.3.0"), ("99.0", "2.3.0"), ("0.9.1", "1.9.4")],
)
def test_relative_is_the_last_that_is_not_newer_of_its_major_version(version: str, relative: str) -> None:
    design = design_of(f"mcp-python=={version}")
    assert design.changes() == find(f"mcp-python=={relative}").design.changes()


def test_stored_design_predicts() -> None:
    explained = seen("2.3.0", {"M01_iss_ok": "A", "M02_iss_wrong_adv": "A"})
    assert (explained.source, explained.relative) == ("stored", "")
    assert explained.shares() == {"catalogue": (2, 1, 1, 1)}
    assert seen("2.3.0", {"M02_iss_wrong_adv": "A"}).shares() == {"catalogue": (1, 0, 0, 0)}


def test_fitted_design_is_beside_what_its_relative_predicts() -> None:
    """The fit explains that iss is not compared; that it has become so is what the relative did not tell."""
    explained = seen("2.3.1", {"M01_iss_ok": "A", "M02_iss_wrong_adv": "A"})
    assert (explained.source, explained.design.iss_check) == ("fitted", "off")
    assert (explained.relative, explained.by_relative) == ("mcp-python==2.3.0", ("M01_iss_ok",))
    assert explained.to_json()["relative"] == {"client": "mcp-python==2.3.0", "ends_predicted": 1}


def test_neighbours_that_disagree_say_so_in_what_is_predicted() -> None:
    """Between a release that compares iss and one that does not, either may be so; nothing is known of which."""
    explained = seen("2.0.1", {"M01_iss_ok": "A", "M02_iss_wrong_adv": "a"})
    assert explained.neighbours == ("mcp-python==2.3.0", "mcp-python==1.30.0")
    assert explained.disputed == ("M02_iss_wrong_adv",)
    assert "neighbours disagree: mcp-python==2.3.0 a, mcp-python==1.30.0 A" in explained.remark("M02_iss_wrong_adv")
    assert explained.remark("M01_iss_ok") == ""
    assert [one.name for one in neighbours("mcp-python==1.26.0")] == ["mcp-python==1.23.3", "mcp-python==1.28.1"]
    assert neighbours("oauth4webapi==3.8.8") == ()


def test_documents_that_are_looked_for_are_requests_too() -> None:
    """What ends as a design says and sends what it says is not explained by it if it looks for other documents."""
    metadata, server = "{rs}/.well-known/oauth-protected-resource/mcp", "{as1}/.well-known/oauth-authorization-server"
    for fetched, difference in (
        ((metadata, server), ()),
        ((metadata, f"{server}/x"), (f"- fetch {server}", f"+ fetch {server}/x")),
        ((metadata,), (f"- fetch {server}",)),
    ):
        explained = seen("2.3.0", {"M01_iss_ok": "A"}, fetched)
        assert explained.comparisons["M01_iss_ok"].difference == difference
        assert explained.shares() == {"catalogue": (1, 1, 1, not difference)}
        assert explained.unexplained == (("M01_iss_ok",) if difference else ())
        assert ("looks for other documents" in explained.remark("M01_iss_ok")) is bool(difference)


def test_a_design_that_looks_for_the_same_documents_explains_more() -> None:
    """The ends alone do not tell whether a client without a challenge looks for metadata at the root as well."""
    (play,) = (each for each in catalogue() if each.name == "D02_no_header_root_wk")
    places = ["{rs}/.well-known/oauth-protected-resource/mcp", "{rs}/.well-known/oauth-protected-resource"]
    fits = {}
    for fetched in (places[:1], places):
        judgement = Judgement(play.name, "catalogue", "d", "finished", (), fetched=tuple(fetched))
        fits[len(fetched)] = explain(Release(CLIENTS["mcp-python"], "0"), [play], [judgement])
    assert not any(one.unexplained for one in fits.values())
    assert {number: one.design["prm_unchallenged"] for number, one in fits.items()} == {1: "path", 2: "path+root"}


def fitted_to(monkeypatch: pytest.MonkeyPatch, **turns: tuple[str, ...]) -> Explanation:
    """What is made of an unknown client that names these resources in its authorization and token requests."""
    monkeypatch.setattr(explanation, "PREDICTIONS", 10_000)
    asked = tuple(Turn(request, "as1", "", resources) for request, resources in turns.items())
    sent = (Turn("register", "as1"), *asked, Turn("call", "rs", "", (), (Part("scheme", "Bearer"),)))
    fetched = ("{rs}/.well-known/oauth-protected-resource/mcp", "{as1}/.well-known/oauth-authorization-server")
    made = [Judgement(play.name, "catalogue", "A", "finished", sent, fetched=fetched) for play in PLAYS]
    explained = explain(Release(CLIENTS["mcp-python"], "0"), PLAYS, made)
    assert explained.source == "fitted"
    return explained


@pytest.mark.parametrize(("left_out", "named_in"), [("token", "authorization"), ("authorize", "token")])
def test_a_client_names_the_resource_in_one_request_alone(
    left_out: str, named_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two fresh libraries leave it out of the token request: nothing else is blamed for that."""
    named = {"authorize": ("{rs}/mcp",), "token": ("{rs}/mcp",)}
    explained = fitted_to(monkeypatch, **(named | {left_out: ()}))
    assert not explained.unexplained
    assert explained.design.changes() == {"iss_check": "off", "resource_indicator": named_in}


def test_a_request_that_no_design_makes_is_explained_by_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """No client asks for a code for one resource and for a token for another: the request is shown, nothing blamed."""
    explained = fitted_to(monkeypatch, authorize=("{rs}/mcp",), token=("{rs}/other",))
    assert explained.unexplained == ("M01_iss_ok", "M02_iss_wrong_adv")
    difference = ("- token@as1 resource={rs}/mcp", "+ token@as1 resource={rs}/other")
    assert explained.comparisons["M01_iss_ok"].difference == difference
    assert explained.design.changes() == {"iss_check": "off"}
    (asked,) = explained.proposals()
    assert (asked.message, asked.field) == ("token request", "whom it goes to, and for what")
    assert asked.seen["M01_iss_ok"] == ("token@as1 resource={rs}/other", "token@as1 resource={rs}/mcp")
    assert explained.to_json()["proposed"] == [asked.to_json()]


def test_where_neighbours_agree_they_are_right() -> None:
    """Each stored release as if it were not: of the ends on which its two neighbours agree."""
    found = list(left_out())
    agreed, right = sum(one.agreed for one in found), sum(one.right for one in found)
    assert right / agreed >= 0.98
    page = files("openworld").joinpath("data", "findings", "real-software.md").read_text(encoding="utf-8")
    ends, every = sum(one.ends for one in found), "all " * (right == agreed)
    told = f"{agreed} of {ends} ends of {len(found)} releases, and are right about {every}{right}"
    assert told in " ".join(page.split())


def test_nothing_to_fit_to_leaves_the_design_of_a_relative() -> None:
    explained = seen("2.3.1", {"M01_iss_ok": "n"})
    assert explained.source == "relative"
    assert explained.design == find("mcp-python==2.3.0").design
    assert explained.shares() == {}


def test_fit_without_time_is_the_best_design_that_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that it was cut short; with time it finds what explains more."""
    outcomes = {"M01_iss_ok": "A", "M02_iss_wrong_adv": "A"}
    monkeypatch.setattr(explanation, "PREDICTIONS", 0)
    cut = seen("2.3.1", outcomes)
    assert (cut.source, cut.whole, cut.to_json()["whole"]) == ("fitted", False, False)
    monkeypatch.setattr(explanation, "PREDICTIONS", 10_000_000)
    whole = seen("2.3.1", outcomes)
    assert whole.whole
    assert whole.shares()["catalogue"] >= cut.shares()["catalogue"]


def test_how_often_neighbours_are_right_is_told_and_is_no_error() -> None:
    """Release by release, and over all."""
    ran = CliRunner().invoke(main, ["clients", "--neighbours", "--format", "json"])
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.output)
    assert found["ends"] == sum(each["ends"] for each in found["releases"]) >= found["agreed"] >= found["right"] > 0
