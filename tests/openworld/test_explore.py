"""What the notebooks are made of: questions, evidence, views and controls, without a notebook."""

import re
from html import escape
from pathlib import Path
from unittest.mock import Mock
from xml.etree import ElementTree

import pandas as pd
import pytest

from model.conversation import STAGES
from model.design import parse
from model.switches import ConfigurationError
from model.words import worded
from openworld.explore import asking, blast, deployed, evidence, populations, views
from openworld.explore.controls import Panel, explore, explore_attacks, explore_mishaps, explore_shares
from openworld.explore.gallery import at_work, catalogue
from openworld.explore.views import SizeError, chosen
from properties.checker import kept
from properties.explain import turns
from properties.named_attacks import UnknownAttackError, attacks
from properties.security import PROPERTIES, UnknownPropertyError, find
from simulations.blast_radius import KINDS, run

MIXUP = "cap=mal_as;iss_check=off"


@pytest.fixture
def explorer() -> Panel:
    """Controls at the honest run."""
    return explore(
        "code_delivery",
        "cap=none",
        switches=("iss_check", "prm"),
        attackers=("mal_as", "mal_rs"),
        watch=("first_contact", "authorization"),
    )


# --- questions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("cap=mal_as", 12),
        (MIXUP, 12),
        *(
            pytest.param(text, 1, marks=pytest.mark.slow)
            for text in ("cap=mal_as", MIXUP, "design=mcp;cap=mal_tenant;prm=prefix", "cap=none", "h_iss=no")
        ),
    ],
)
def test_a_bare_result_is_that_of_the_verdict(text: str, every: int) -> None:
    """The quick answer, without a trace or rules, is never another one, whichever property is asked about."""
    for name in list(PROPERTIES)[::every]:
        assert asking.result(name, text) == asking.ask(name, text).result


def test_questions_that_make_no_sense_name_the_culprit() -> None:
    """As everywhere else."""
    with pytest.raises(ConfigurationError, match="no switch 'as_count' any more: it is 'as_choice' now"):
        asking.ask("code_delivery", "as_count=only")
    with pytest.raises(ConfigurationError, match="unknown switch 'iss_chek'"):
        asking.ask("code_delivery", "iss_chek=off")
    with pytest.raises(UnknownPropertyError, match="unknown property 'nonsense'"):
        asking.result("nonsense", "cap=none")


def test_the_size_is_one_parameter() -> None:
    """An unknown one is refused with those that exist."""
    assert chosen("small").attempts < chosen("full").attempts
    with pytest.raises(SizeError, match=r"unknown size 'huge'.*small, full"):
        chosen("huge")


# --- evidence ----------------------------------------------------------------------------------------------


def test_the_attacker_gains_what_the_machine_says() -> None:
    """Code and verifier at the token endpoint, the access token, the user's data, in that order."""
    frame = evidence.gained(asking.ask("authorization", MIXUP).trace).frame
    gains = [words for words in frame["the attacker gains"] if words]
    assert gains[0] == "knows the user's code from as.example; knows the user's verifier"
    assert "the user's token from as.example" in gains[1]
    assert "acted on it for the attacker" in gains[-1]
    assert frame["the attacker gains"].iloc[0] == ""


def test_rules_consulted_are_those_of_the_steps() -> None:
    """The honest run asks for the match of resource and for iss, each in its step."""
    frame = evidence.consulted(asking.ask("first_contact", "cap=none").trace).frame
    steps = dict(zip(frame["requirement"], frame["step"], strict=True))
    assert steps["The client uses a metadata document only if its `resource` matches the URL it asked for."] == 2
    assert steps["The token's audience contains this resource."] == 9


def test_a_verdict_without_a_run_has_nothing_to_look_at() -> None:
    """Asking what the attacker gains in a run that does not exist is an error, not an empty table."""
    with pytest.raises(ValueError, match="no trace"):
        evidence.gained(asking.ask("code_delivery", "cap=mal_as").trace)


def test_what_can_be_chosen_has_a_line_for_each_value_in_words() -> None:
    """With its code, the default first; on one line where there are no lines."""
    table = evidence.switches("h_iss", "prm_cache")
    lines = [
        "cached resource metadata ends when it changes `fresh`",
        "cached resource metadata may be out of date `stale`",
    ]
    assert table.frame["values, default first"][1].splitlines() == lines
    assert "when it changes <code>fresh</code><br/>cached" in table._repr_html_()
    assert "; ".join(lines) in str(table)


def test_a_claim_that_is_not_so_stops_the_notebook() -> None:
    """It says what the model answers instead."""
    assert len(evidence.claimed([("mix-up", "code_delivery", MIXUP, "attack")])) == 1
    with pytest.raises(evidence.ClaimError, match="is attack, not safe"):
        evidence.claimed([("no mix-up", "code_delivery", MIXUP, "safe")])


def test_every_turn_turns_and_no_other_switch_does() -> None:
    """Single switches that stop the mix-up: comparing iss is one of them, PKCE is not."""
    configuration = parse(MIXUP)
    found = turns(find("code_delivery"), configuration, kept())
    assert ("iss_check", "require") in {(turn.switch, turn.after) for turn in found}
    assert "pkce" not in {turn.switch for turn in found}
    for turn in found[::4]:
        changed = f"{configuration};{turn.switch}={turn.after}".replace(f"{turn.switch}={turn.before};", "", 1)
        assert asking.result("code_delivery", changed) in ("safe", "not_in_this_world")
        assert (asking.result("first_contact", changed) == "reached") == turn.usable


# --- the gallery -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(attacks()))
def test_every_attack_of_the_catalogue_can_be_seen(name: str) -> None:
    """There is a question to which it is the answer."""
    shown = at_work(name)
    assert asking.result(shown.property, shown.configuration) == "attack"


def test_the_catalogue_lists_them_all() -> None:
    """One row each, none open to more designs than it has."""
    frame = catalogue().frame
    assert list(frame["id"]) == list(attacks())
    counts = [tuple(map(int, words.split(" of "))) for words in frame["designs open to it"]]
    assert all(0 <= found <= of for found, of in counts)


def test_an_attack_that_does_not_exist_is_refused() -> None:
    """By its name, with those that do."""
    with pytest.raises(UnknownAttackError, match="unknown attack 'A99'; did you mean 'A09'"):
        at_work("A99")


def test_turning_a_switch_against_an_attack_stops_it() -> None:
    """The gallery offers the switches that stop what it shows."""
    gallery = explore_attacks("A01")
    assert "attack in" in gallery._body.value
    gallery.set(turn="iss_check=require")
    assert "safe: no attack exists" in gallery._body.value
    gallery.set(attack="C05")
    assert str(gallery.shown).startswith("C05 ")
    assert "attack in" in gallery._body.value


# --- views -------------------------------------------------------------------------------------------------


def test_the_picture_of_a_run_is_an_svg_with_its_words(tmp_path: Path) -> None:
    """Every secret that reaches the attacker can be read in it, and it can be saved."""
    chart = views.show("code_delivery", MIXUP).chart
    assert chart is not None
    root = ElementTree.parse(chart.save(tmp_path / "chart.svg")).getroot()
    words = " ".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
    for said in ("code=<user's code from as.", "code_verifier=<user's verifier>", "secret that reaches the attacker"):
        assert said in words
    assert "(code_delivery)" in (root.findtext("{http://www.w3.org/2000/svg}title") or "")
    assert [path.name for path in tmp_path.iterdir()] == ["chart.svg"]


def test_an_answer_shows_the_rules_that_decide_or_the_run() -> None:
    """In HTML and in plain text alike."""
    safe, attacked = views.show("code_delivery", "cap=mal_as"), views.show("code_delivery", MIXUP)
    assert "RFC 9207 2.4" in safe._repr_html_()
    assert "RFC 9207 2.4" in str(safe)
    assert "<svg" in attacked._repr_html_()
    assert "POST /token" in str(attacked)


def test_words_of_the_model_are_escaped() -> None:
    """Values such as <user's code> are text, not tags."""
    assert "<user's" not in views.show("code_delivery", MIXUP)._repr_html_()


# --- controls ----------------------------------------------------------------------------------------------


def test_a_control_changes_verdict_and_chart(explorer: Panel) -> None:
    """There and back again; while nobody is dishonest, there is nothing to be safe from."""
    assert 'data-result="not_in_this_world"' in explorer._body.value
    assert "– not in this world" in explorer._body.value
    explorer.set(mal_as=True, iss_check="off")
    assert f"under {MIXUP}\n" in str(explorer.shown)
    assert "attack in 7 steps" in explorer._body.value
    assert "as.attacker.example" in explorer._body.value
    assert f"{escape(worded('property', 'authorization'))}: attack" in explorer._body.value
    explorer.set(iss_check="require")
    assert "safe: no attack exists" in explorer._body.value
    assert "<svg" not in explorer._body.value


def test_controls_offer_what_there_is(explorer: Panel) -> None:
    """All values of a switch, by its name and with its meaning and source; unknown names are refused."""
    control = explorer.controls["iss_check"]
    assert [value for _, value in control.options] == ["advertised", "off", "if_present", "require"]
    assert dict(control.options)["client requires iss (require)"] == "require"
    assert "RFC 9207" in control.tooltip
    with pytest.raises(KeyError, match="nonsense"):
        explore("code_delivery", switches=["nonsense"])
    with pytest.raises(KeyError, match="nonsense"):
        explore("code_delivery", attackers=["nonsense"])


def test_a_named_design_sets_all_switches() -> None:
    """Also those that have no control."""
    shown = explore("first_contact", switches=("prm",), designs=True)
    shown.controls["design"].value = "sufficient"
    assert f"under {parse('design=sufficient')}\n" in str(shown.shown)
    assert shown.controls["prm"].value == parse("design=sufficient").design["prm"]


def test_without_a_kernel_the_answer_is_left(explorer: Panel) -> None:
    """A page, or a reader of text, gets what the controls showed."""
    bundle = explorer._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert "not in this world" in bundle["text/html"]
    assert "code_delivery: not in this world" in bundle["text/plain"]


def test_knobs_of_a_population_change_what_becomes_of_it() -> None:
    """With more APIs of several paths exact matching refuses more, prefix matching does not."""
    share = populations.Share("several paths", "api", "multi_path", "single_path")
    knobs = explore_shares("swept", {share: 0.0}, {"exact": "prm=exact", "prefix": "prm=prefix"}, 200)
    assert knobs.shown.rate("refused", "prm=exact") == 0
    knobs.set(api=0.9)
    assert knobs.shown.rate("refused", "prm=exact") > 0.5
    assert knobs.shown.rate("refused", "prm=prefix") == 0
    frame = knobs.shown.table.frame
    assert set(frame["design"]) == {worded("value", "prm=exact"), worded("value", "prm=prefix")}
    assert worded("ending", "accepted") in set(frame["outcome"])
    assert not {"accepted", *PROPERTIES} & set(frame["outcome"])


def test_a_mishap_reaches_less_where_tokens_are_bound() -> None:
    """The worst token opens servers without protection and none with sender constraint; the picture says which."""
    graph = blast.topology(blast.sized("enterprise", 8))
    token = blast.worst(graph, "token")
    bare = blast.mishap(graph, blast.arms()["no protection"], "token", token)
    bound = blast.mishap(graph, blast.arms()["only sender constraint"], "token", token)
    assert len(bare.servers) == bare.reach.resource_servers > 1
    assert bound.servers == frozenset()
    assert bare.words.startswith("one access token is stolen (token:")
    assert "A DPoP-bound token comes with a proof by its key for this URL." in set(bound.stopped.frame["by"])
    assert bare.picture.svg != bound.picture.svg


def test_what_goes_wrong_can_be_chosen() -> None:
    """Another kind brings its own targets."""
    spread = explore_mishaps(blast.topology(blast.sized("enterprise", 8)), "token", "no protection")
    assert str(spread.shown).startswith("one access token is stolen (token:")
    spread.set(kind="authorization_server")
    target = spread.controls["target"].value
    assert str(spread.shown).startswith(f"{KINDS['authorization_server'].meaning} ({target}), ")
    assert "resource server" in str(spread.shown)
    assert "0 resource servers" not in str(spread.shown)


def test_a_number_that_is_not_as_claimed_stops_the_notebook() -> None:
    """Values stand beside the claims; one that they do not bear out is named with what was computed."""
    frame = evidence.counted([("half", 0.1 + 0.2, "=", 0.3), ("more", 0.5, ">", 0.3)], form="{:.0%}").frame
    assert frame.values.tolist() == [["half", "30%", "= 30%"], ["more", "50%", "> 30%"]]
    assert evidence.counted([("the rule", "a.b", "=", "a.b")], form="{:.0%}").frame["computed"].tolist() == ["a.b"]
    for relation, other in (("<", 2), (">", 2), ("=", 1), ("≤", 1), ("≥", 3)):
        with pytest.raises(evidence.ClaimError, match=f"'two': 2 is not {relation} {other}"):
            evidence.counted([("two", 2, relation, other)])


def test_columns_that_list_names_have_them_in_words() -> None:
    """Where a notebook asks for it, each name by its words and in its order."""
    named, told = (
        views.data("sets-counterfeit_rs", "mechanisms", **kinds).frame["mechanisms"]
        for kinds in ({}, {"mechanisms": "mechanism"})
    )
    assert len(named) > 1
    for names, words in zip(named, told, strict=True):
        assert words.split(", ") == [worded("mechanism", name) for name in names.split()] != names.split()


def test_numbers_of_notebooks_are_those_of_the_tables() -> None:
    """A point of a sweep, a statistic of a mishap, and how many clients went through with a scenario."""
    table = views.data("echo_measured-rates").frame
    point = table[(table["arm"] == "echo=req") & (table["value"] == 0.5) & (table["kind"] == "success")]
    assert populations.swept("echo_measured", "echo=req", 0.5, "success") == pytest.approx(point["rate"].sum())
    assert list(views.data("echo_measured-rates", "arm", "rate").frame) == ["arm", "rate"]
    found = run("token", blast.sized("enterprise", 8), samples=20, replications=2)
    assert blast.reach(found, "only sender constraint") == 0
    assert blast.stopped_by(found, "only sender constraint") == "resource_server.proof_is_by_bound_key"
    assert deployed.accepting("R05") == 0 < deployed.accepting("R02") < deployed.tried("R02") == deployed.tried("R05")
    rows = {row["what it does"]: row["products"] for row in deployed.servers(["h_iss"]).frame.to_dict("records")}
    shares = {value: float(words.partition(" of ")[0]) for value, words in rows.items()}
    assert deployed.share("h_iss", "no") == pytest.approx(
        shares[worded("value", "h_iss=no")] / sum(shares.values()), abs=0.01
    )


def test_the_answer_in_short_is_of_claims_that_were_borne_out() -> None:
    """Each line is a claim with what bears it out in small print."""
    counted = evidence.counted([("half is a third & more", 0.5, ">", 1 / 3)], form="{:.0%}")
    lines = evidence.short(evidence.claimed([("mix-up", "code_delivery", MIXUP, "attack")]), counted)
    assert str(lines) == "mix-up\nhalf is a third & more"
    shown = lines._repr_html_()
    assert shown.count("<li>") == 2
    assert "<li>half is a third &amp; more<br/><small>computed 50%</small>" in shown


def test_tables_are_broken_between_the_parts_of_a_configuration_and_never_inside_a_word() -> None:
    """A configuration goes on in the next line after a whole part of it; what is not markup is escaped."""
    made = evidence.table(("asked", "a & b"), [("cap=mal_as+mal_rs;par=on", "resource_server.issuer_is_accepted < 1")])
    shown = made._repr_html_()
    assert "cap=mal_as+<wbr/>mal_rs;<wbr/>par=on" in shown
    assert "resource_server.<wbr/>issuer_is_accepted &lt; 1" in shown
    assert "a &amp; b" in shown
    assert "anywhere" not in shown


def test_bare_results_have_a_sign_and_words_each() -> None:
    """One for each property, with what a result is called where something is possible."""
    shown = views.statuses({"code_delivery": "attack", "first_contact": "reached"})
    signs = [views.LOOKS[result][0] for result in ("attack", "reached")]
    assert re.findall(r"<strong>(.*?)</strong> (.*?): (\w+)<", shown) == [
        (signs[0], worded("property", "code_delivery"), "attack"),
        (signs[1], worded("property", "first_contact"), "possible"),
    ]


def test_a_walk_ends_where_the_client_stops() -> None:
    """After every decision comes how far it got."""
    frame = deployed.walked("mcp-python==2.3.0", "M09_mixup_no_iss").frame
    assert set(frame.iloc[:-1, 0]) <= {"✓", "✗"}
    assert frame.iloc[-1, 0] == "→"
    assert frame.iloc[-1, 1] in STAGES.values()


def test_designs_are_compared_by_what_a_mishap_reaches() -> None:
    """A line for each, whatever stops it most often."""
    found = run("token", blast.sized("enterprise", 8), samples=5, replications=2)
    assert [*blast.compared(found).frame["design"]] == [*dict.fromkeys(found.summary["design"])]


def test_arms_are_told_by_how_their_attempts_end() -> None:
    """A line for each, by its words; the endings of one add up to all attempts."""
    rates = [("success", 0.5), ("refused", 0.5), ("harm", 0.25)]
    frame = pd.DataFrame([{"kind": kind, "arm": "", "outcome": "authorization", "rate": rate} for kind, rate in rates])
    shown = populations.summary(populations.Outcomes(Mock(rates=frame), ("",)), {"": "as it is"}).frame
    first, *_, last = shown.columns
    assert (first, last) == ("design", "attacker uses the user's data")
    assert {"as it is", "50.0%", "25.0%"} <= {*shown.iloc[0]}
