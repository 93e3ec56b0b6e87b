"""Two scenarios at once: which designs they tell apart, and what is made of a client that no design explains."""

from collections.abc import Sequence
from itertools import combinations

import pytest

from conformance.play import Play
from conformance.rivals import Surprise, apart, chosen, surprise, verdict
from deployed.behaviour import Comparison, Observed
from deployed.fitting import rivals
from model import scenario
from model.conversation import converse
from model.design import Design
from model.scenario import ORIGINS

#: A part of the catalogue that is quick to go through.
SOME = ("P02_dpop_challenge", "R01_exact", "M05_iss_missing_unadv", "D01_no_header_path_wk", "AT9_as_lists_other_rs")


def seen(design: Design, play: Play) -> Observed:
    """What a client of this design is seen to do."""
    conversation = converse(design, play.scenario(ORIGINS))
    return Observed(conversation.stage, conversation.sent, fetched=conversation.fetched)


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenario, "names", lambda: SOME)


def watched(design: Design) -> dict[str, Observed]:
    return {name: seen(design, Play(name, "catalogue", "")) for name in SOME}


def test_two_scenarios_are_one_where_they_do_not_contradict_each_other() -> None:
    for one, other in combinations(scenario.names(), 2):
        if scenario.mergeable(one, other):
            merged = scenario.leaves(scenario.stated(f"{one}+{other}"))
            assert merged == scenario.leaves(scenario.stated(one)) | scenario.leaves(scenario.stated(other))
            scenario.load(f"{one}+{other}")
    assert not scenario.mergeable("M02_iss_wrong_adv", "M04_iss_missing_adv")  # iss is one or the other
    assert not scenario.mergeable("D03_no_prm_legacy_as", "X01_two_as")  # no document, or one with two servers


def test_rivals_explain_as_much_and_part_in_pairs_that_are_chosen(catalogue: None) -> None:
    design = Design()
    observed = watched(design)
    found = apart(design, observed)
    assert {rival.design for rival in found} <= {*rivals(design, observed)}
    assert found
    for rival in found:
        for name in rival.parts_in:
            play = Play(name, "pair", "")
            assert seen(rival.design, play) != seen(design, play)
    plays = chosen(found)
    assert all({play.name for play in plays} & {*rival.parts_in} for rival in found)
    assert len(plays) <= len(found)
    assert chosen([]) == []


def test_a_client_that_no_design_explains_is_shrunk_to_what_it_takes(catalogue: None) -> None:
    """It gives up where the challenge is DPoP and no iss comes, and there alone."""
    design = Design()

    def see(plays: Sequence[Play]) -> list[Observed]:
        found = []
        for play in plays:
            told = play.scenario(ORIGINS)
            odd = told.challenge.get("scheme") == "DPoP" and ORIGINS["as1"] not in told.iss
            found.append(Observed("d") if odd else seen(design, play))
        return found

    play = Play("P02_dpop_challenge+M05_iss_missing_unadv", "pair", "both")
    found = surprise(design, watched(design), play, see)
    assert found is not None
    assert {*found.fields} == {("challenge", "scheme"), ("servers", "as1", "iss")}
    assert found.comparison.observed.stage == "d"
    text = "\n".join(found.lines())
    assert "it takes: challenge.scheme=DPoP, servers.as1.iss=absent" in text
    assert surprise(design, watched(design), Play("R01_exact+M05_iss_missing_unadv", "pair", "both"), see) is None


def test_the_switch_that_is_missing_is_proposed() -> None:
    name = "P02_dpop_challenge"
    told = Comparison(name, Observed("d"), converse(Design(), scenario.load(name)))
    fields = {("challenge", "scheme"): "DPoP"}
    none = "\n".join(Surprise(name, told, fields, {}, "at use_resource_metadata, after client.x").lines())
    missing = "no switch explains it: one is missing at use_resource_metadata, after client.x, about challenge.scheme"
    assert missing in none
    some = "\n".join(Surprise(name, told, fields, {"a=b": (), "c=d": ("R01_exact",)}, "").lines())
    assert "explained by a=b, which explains all else as well" in some
    assert "explained by c=d, but not with R01_exact: it depends on challenge.scheme" in some


def test_a_rival_is_refuted_or_is_what_the_client_does(catalogue: None) -> None:
    design = Design()
    rival = next(iter(apart(design, watched(design))))
    play = Play(rival.parts_in[0], "pair", "")
    assert verdict(design, rival, {play.name: seen(design, play)}).startswith("refuted, by ")
    assert verdict(design, rival, {play.name: seen(rival.design, play)}).startswith("what it does, by ")
    assert verdict(design, rival, {}).startswith("not told")
