"""`openworld invent`: proposals in the words of a specification, and as drafts that other commands read."""

import json
from collections.abc import Iterator
from itertools import product
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from matplotlib.colors import to_hex
from proposed import FOUND, KEPT, KEY, SIGNED
from provers import needs_prover
from refused import refused

from model.design import parse
from model.named_designs import DEPLOYMENTS
from openworld import proposals
from openworld.cli import main
from openworld.commands.invent import grammar
from openworld.figures.proposals import Ranked, front, fronts
from openworld.proposals import NOBODY, Proposal, Wording, actors, section
from properties.candidates import FURTHER, RELATIONS, Candidate, under, with_fields
from properties.invent import Invented
from properties.security import find


@pytest.fixture(autouse=True)
def few_environments(monkeypatch) -> Iterator[None]:
    """What a proposal breaks is looked into where exact matching breaks something, and among three measured AS."""
    monkeypatch.setattr(proposals, "DEPLOYMENTS", {"multi_path_api": DEPLOYMENTS["multi_path_api"]})
    servers = {"without iss": {"h_iss": "no"}, "the same": {"h_iss": "no"}, "plain": {"h_iss": "yes"}}
    measured = {name: SimpleNamespace(settings=settings) for name, settings in servers.items()}
    monkeypatch.setattr(proposals, "authorization_servers", lambda: measured)
    monkeypatch.setattr(proposals, "clients", dict)
    proposals.deployed.cache_clear()
    yield
    proposals.deployed.cache_clear()


def run(*arguments: str):
    return CliRunner().invoke(main, [*arguments])


def test_a_proposal_is_a_sentence_with_its_section_and_a_draft_that_is_safe(tmp_path) -> None:
    """RFC 9728 3.3 is found; the file makes the property hold for every command that takes it."""
    asked = ("token_confinement", "prm=unchecked", "--against", "mal_rs")
    ran = run("invent", *asked, "--top", "1", "--chart", "-o", str(tmp_path))
    assert ran.exit_code == 0
    said = " ".join(ran.output.split())
    assert "2 minimal sets of checks leave no attack" in said
    assert "When resource metadata arrives, the client MUST compare its `resource` with the recorded `url`" in said
    assert "RFC 9728 3.3; rfc9728bis 4.2-4.3 says so (prm=exact)" in said
    assert "without it: an attack in" in said
    assert "1. client change (verified; proposal_1.py)" in said
    assert "breaks multi_path_api" in said
    assert "1 more set: --top" in said
    assert "loses honest runs with 0 of 0 measured clients and 0 of 3 measured authorization servers" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["front.pdf", "front.png", "front.svg", "proposal_1.py"]
    draft = tmp_path / "proposal_1.py"
    assert len(draft.read_text(encoding="utf-8").splitlines()) <= 30
    safe = ("verdict", "token_confinement", "prm=unchecked;cap=mal_rs", "--with", str(draft), "--require", "safe")
    assert run(*safe).exit_code == 0
    left_out = run("verdict", "token_confinement", "prm=unchecked;cap=mal_rs;proposal_1=left_out", *safe[3:5])
    assert "verdict     attack" in left_out.output
    process = run("verdict", "token_confinement", "prm=unchecked;cap=mal_rs", *safe[3:5], "--format", "proverif")
    assert "(* client.resource_metadata_resource_is_url *)" in process.output


def test_what_an_as_could_add_is_found_and_told_of_if_a_text_has_it(tmp_path) -> None:
    """Where it sends no iss its issuer is what the response lacks: who changes, and a draft with the field."""
    asked = ("CD", "iss_check=off;md_issuer_check=off;h_iss=no", "--against", "mal_as")
    ran = run("invent", *asked, "--field", "--top", "1", "-o", str(tmp_path))
    said = " ".join(ran.output.split())
    assert "1. client and authorization server change (verified; proposal_1.py)" in said
    assert "An AS MUST add its issuer identifier to authorization responses as `added_issuer`" in said
    assert "`added_issuer` says what `iss` does (RFC 9207 2, h_iss=yes)" in said
    assert "breaks no named environment" in said
    assert "and 0 of 3 measured authorization servers" in said
    draft = ("--with", str(tmp_path / "proposal_1.py"))
    assert run("verdict", "CD", f"cap=mal_as;{asked[1]}", *draft, "--require", "safe").exit_code == 0
    assert run("verdict", "FC", asked[1], *draft, "--require", "reached").exit_code == 0
    process = run("verdict", "CD", f"cap=mal_as;{asked[1]}", *draft, "--format", "proverif").output
    assert "AuthorizationResponse(redirect_uri, code, state, none, as)" in process
    alone = " ".join(run("invent", *asked, "--field", "--by", "client").output.split())
    assert "verdict no set of such checks leaves no attack" in alone


@pytest.mark.parametrize("which", ["PKCE", "dpop_jkt", "audience of assertions", "state", "RFC 9728 4"])
def test_a_draft_with_fields_is_read_by_every_command(tmp_path, which) -> None:
    """The solver is safe with it, an attack replays without it, honest runs stay, and ProVerif says what it reads."""
    name, text, checks = FOUND[which]
    (tmp_path / "added.py").write_text(Wording(find(name), parse(text)).draft(checks, "a test", "added"), "utf-8")
    draft = ("--with", str(tmp_path / "added.py"))
    assert run("verdict", name, text, *draft, "--require", "safe").exit_code == 0
    left_out = run("verdict", name, f"{text};added=left_out", *draft)
    assert "verdict     attack" in left_out.output
    alone = ";".join(each for each in text.split(";") if not each.startswith("cap="))
    assert run("verdict", "FC", alone, *draft, "--require", "reached").exit_code == 0
    process = run("verdict", name, text, *draft, "--format", "proverif")
    if which == "RFC 9728 4":
        assert "the field 'added_protected_resources' that a draft adds to ServerMetadata is not" in refused(process)
    else:
        assert f"(* {checks[-1].name} *)" in process.output


@needs_prover
def test_proverif_answers_with_a_draft_and_with_it_left_out(tmp_path) -> None:
    """A switch that a draft adds is one of its rules."""
    name, text, checks = FOUND["PKCE"]
    (tmp_path / "added.py").write_text(Wording(find(name), parse(text)).draft(checks, "a test", "added"), "utf-8")
    for value, said in (("made", "any number of sessions"), ("left_out", "own attacker finds an attack as well")):
        answer = run("verdict", name, f"{text};added={value}", "--with", str(tmp_path / "added.py"), "--any-number")
        assert said in " ".join(answer.output.split())


URLS = ("origin_is", "covers")  # which are asked of no lists
HOST, PATH, LIST = "https://a.example", "https://a.example/b", "https://a.example https://c"
#: For each relation the pairs of these, and of what is missing, that stand so.
STAND_SO = {
    "is": {(one, one) for one in (HOST, PATH, LIST)},
    "is_if_held": {(one, one) for one in (HOST, PATH, LIST)} | {(one, "none") for one in ("none", HOST, PATH, LIST)},
    "origin_is": set(product((HOST, PATH), repeat=2)),
    "covers": {(HOST, HOST), (HOST, PATH), (PATH, PATH)},
    "is_there": set(product((HOST, PATH, LIST), ("none", HOST, PATH, LIST))),
    "is_among": {(HOST, HOST), (HOST, LIST), (PATH, PATH)},
    "lists": {(HOST, HOST), (LIST, HOST), (PATH, PATH)},
    "is_unused": {pair for pair in product(("none", HOST, PATH, LIST), repeat=2) if pair[0] not in pair[1].split()},
}


@pytest.mark.parametrize("relation", RELATIONS)
def test_a_relation_is_what_its_line_in_a_draft_says(relation) -> None:
    """What is missing equals nothing."""
    pairs = [pair for pair in product(("none", HOST, PATH, LIST), repeat=2) if relation not in URLS or LIST not in pair]
    assert {pair for pair in pairs if RELATIONS[relation].holds(*pair) is True} == STAND_SO[relation]


def test_the_grammar_says_relations_functions_and_who_adds_what() -> None:
    """All that is asked beyond equality, in words."""
    related = [Candidate("client", "AuthorizationResponse", "iss", one, "held.listed") for one in FURTHER]
    said = " ".join(" ".join(grammar(Invented((*related, KEPT, KEY, SIGNED), (), (), (), (), (), 0))).split())
    assert all(RELATIONS[one].words in said for one in FURTHER)
    assert "in the place of a field: the hash of; what the client's key has signed in it" in said
    assert "A client could add: the hash of a random value that it keeps; the random value that it has kept; " in said
    assert "the key that it proves to hold; its signature of the issuer that it asks" in said


def test_a_check_of_which_texts_have_the_fields_is_not_called_nobodys() -> None:
    """Where one field has no counterpart, no draft says it."""
    assert section(None, [("code_challenge", "pkce=s256"), ("code_verifier", "pkce=s256")]) != NOBODY
    assert section(None, [("code_challenge", "pkce=s256"), None]) == section(None) == NOBODY


def test_what_is_found_is_data() -> None:
    """Each check with who says so, and the trace of the attack that comes back; whom it breaks."""
    ran = run("invent", "SI", "state=off;pkce=off;pkce_as=off", "--against", "web+lure", "--format", "json")
    found = json.loads(ran.stdout)
    (proposal,) = found["proposals"]
    (one,) = proposal["checks"]
    assert (one["said_by"], one["switch"], one["whole"]) == ("RFC 6749 10.12; RFC 9700 4.7", "state=checked", True)
    assert one["without"]["verdict"] == "attack"
    assert proposal["verified"]
    assert proposal["who_changes"] == ["client"]


def test_nothing_is_proposed_where_nothing_is_wrong() -> None:
    """A property that holds needs no check."""
    ran = run("invent", "CD", "cap=mal_as")
    assert (ran.exit_code, ran.output) == (0, "nothing to propose: code_delivery is safe\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("first_contact", "none"), "first_contact is a utility property"),
        (("CD", "cap=mal_as", "--keep", "h_is=no"), "unknown switch 'h_is'"),
        (("CD", "iss_check=off;cap=mal_as", "--keep", "reg=static;preregistered=no"), "honest parties do not finish"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    """What is wrong, and exit code 2."""
    assert said in refused(run("invent", *arguments))


def test_a_set_that_a_verdict_contradicts_is_not_called_late() -> None:
    """An attack on a set, and one without which nothing changes, are no question of time."""
    results = ("attack", "safe", "unknown", "not_in_this_world")
    attack, safe, unknown, empty = (SimpleNamespace(result=result) for result in results)
    for those, without, state in (
        ([safe], {"a": attack}, "verified"),
        ([attack], {"a": attack}, "contradicted by its verdicts"),
        ([safe], {"a": safe}, "contradicted by its verdicts"),
        ([safe], {"a": unknown}, "not verified in time"),
        ([empty], {"a": attack}, "stops what the property is about: nothing is left that could violate it"),
    ):
        assert Proposal((), "", "", tuple(those), without, (), {}).state == state


def test_what_few_lose_comes_first_where_that_is_asked() -> None:
    """A client that compares iss alone loses AS that send none; where AS add their issuer nobody is lost."""
    wide = parse("cap=mal_as;iss_check=off;md_issuer_check=off")
    wide = under(wide, with_fields(wide.model))
    fields = ("iss", "added_issuer")
    sets = [(Candidate("client", "AuthorizationResponse", field, "is", "held.listed"),) for field in fields]
    losses = proposals.lost([find("code_delivery")], wide, sets)
    assert [each["authorization_server"] for each in losses] == [["without iss", "the same"], []]
    first = {name: rank(sets[0], losses[0]) < rank(sets[1], losses[1]) for name, rank in proposals.RANKS.items()}
    assert first == {"roles": True, "deployed": False, "length": True}


def test_the_front_is_what_no_other_beats() -> None:
    """In who changes, what is lost and length; and every set is drawn."""
    client, both = ("client",), ("client", "authorization_server")
    sets = [
        Ranked(client, 22, 1),
        Ranked(client, 22, 2),
        Ranked(both, 0, 1),
        Ranked(both, 22, 1),
        Ranked(client, 22, 1),
    ]
    assert front(sets) == [0, 2, 4]
    drawn = fronts(sets, 64)
    shown = drawn.axes[0].collections
    key, places = ([points for points in shown if bool(len(points.get_offsets())) is there] for there in (False, True))
    assert {text.get_text() for text in drawn.axes[0].texts} == {"1, 5", "2", "3", "4"}
    names = [actors(client), *(text.get_text() for text in drawn.axes[0].texts)]
    colours = {name: to_hex(points.get_edgecolor()[0]) for name, points in zip(names, [key[0], *places], strict=True)}
    assert colours["2"] == colours["1, 5"] == colours[actors(client)] != colours["3"]
    assert drawn.get_suptitle().replace("\n", " ").startswith("Of 5 sets none beats 1, 3 in who changes")


def test_what_is_not_known_in_time_is_not_told_as_found() -> None:
    """A time limit that nothing fits into is exit code 3."""
    assert run("invent", "CD", "iss_check=off;cap=mal_as", "--timeout", "0.0001").exit_code == 3
