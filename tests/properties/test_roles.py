"""A prover is given honest roles whose checks are the model's rules, and its own attacker agrees with the solver."""

import random
from contextlib import closing
from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from click.testing import CliRunner
from proposed import FOUND, adding
from provers import needs_prover

from benchmarks.roles import answered, drawn
from model.design import parse
from model.extension import ask_of_messages, field
from model.logic import Pick, all_of, any_of, choose, no, none_of, one_of, same
from model.model import oauth
from model.receipts import answering
from model.rule import Named, Rule
from model.switches import SWITCHES
from model.world import NONE
from openworld.cli import main
from openworld.work import unbounded as asking
from properties import unbounded
from properties.candidates import Candidate, under, with_checks, with_fields
from properties.checker import Checker
from properties.process import RUNS
from properties.prover import ProverAnswers, digest
from properties.roles import ATTACKER, COVERED, honest, roles
from properties.security import find
from properties.terms import Equalities, NotCoveredError, _Named, equal
from simulations.processes import cores, in_order

#: Each with the switch that makes the difference.
ATTACK, SAFE = "CD cap=mal_as;iss_check=off", "CD cap=mal_as;iss_check=require"
QUESTIONS = (
    ATTACK, SAFE,
    "AZ cap=lure;callback_bind=off", "AZ cap=lure",
    "TC cap=mal_rs;as_resource=ignore", "TC cap=mal_rs;as_resource=ignore;dpop=token",
    "CB cap=code_leak;pkce=off;pkce_as=lax", "CB cap=code_leak",
    "CA cap=mal_as;client_auth=pkjwt;md_issuer_check=off;assertion_aud=issuer",
    "CA cap=mal_as;client_auth=pkjwt;md_issuer_check=off;assertion_aud=endpoint",
    "SI cap=web;state=off;pkce=off;pkce_as=lax", "SI cap=web;pkce=off;pkce_as=lax",
    "AZ cap=token_leak;dpop=token;dpop_key=per_client;echo=grant", "AZ cap=token_leak;dpop=token;dpop_key=per_client",
    "CD cap=mal_as;endpoint_defaults=authorization_server;iss_unrecorded=skip",
    "CD cap=mal_as;endpoint_defaults=authorization_server;iss_unrecorded=listed",
    "CD cap=mal_rs;legacy_as=resource_origin;iss_check=off", "CD cap=mal_rs;legacy_as=resource_origin",
    "CA cap=mal_as;client_auth=secret;reg=dcr", "CA cap=mal_as;client_auth=secret",
)  # fmt: skip
#: What makes no difference there: what can be used once is used again, nobody is too late, and whoever publishes no
#: document may always answer 404, and has its AS offer what a client asks for. A client is never challenged again.
ALIKE = {
    "block", "request_uri_once", "prm_redirect", "prm_error", "prm_malformed", "asm_malformed", "schema_fields",
    "pkce_listed", "as_change", "rechallenge",
}  # fmt: skip


def process(question):
    code, _, text = question.partition(" ")
    prop, configuration = find(code), parse(text)
    return roles(configuration, prop)


def test_a_rule_is_what_differs():
    """What a switch changes is the check that the rule leaves, and nothing else stands or falls with it."""
    off, on = (set(process(question).splitlines()[3:]) for question in (ATTACK, SAFE))
    assert on - off == {"  if iss = issuer then (* client.iss_matches_recorded_issuer *)"}
    assert off < on


@pytest.mark.parametrize("name", sorted(COVERED.keys() - ALIKE))
def test_a_switch_that_is_covered_is_read(name):
    """Somewhere each of its values makes a process of its own, or one that it shares with no more than one other."""
    bases = (
        "",
        "dpop=token+code",
        "par=on;client_auth=pkjwt",
        "client_auth=secret",
        "echo=req;prm=origin",
        "endpoint_defaults=authorization_server;legacy_as=resource_origin",
    )
    texts = {value: [] for value in COVERED[name] or SWITCHES[name].values}
    for base, (value, found) in product(bases, texts.items()):
        pairs = ";".join(pair for pair in base.split(";") if pair and not pair.startswith(f"{name}="))
        asked = parse(f"cap=mal_as+mal_rs;{name}={value};{pairs}")
        found.append(process(f"AZ {asked}").split("*)", 1)[1])
    assert len({tuple(found) for found in texts.values()}) > 1


def test_whatever_is_covered_can_be_written():
    """However switches are combined; each process asks about its event and no other."""
    for code, text in drawn(200, seed=2):
        assert f"query event({find(code).name})." in process(f"{code} {text}").splitlines()


@pytest.mark.parametrize("name", ATTACKER)
def test_a_capability_that_is_covered_gives_something(name):
    other = "mal_rs" if name != "mal_rs" else "lure"
    without, having = (set(process(f"AZ cap={caps}").splitlines()[2:]) for caps in (other, f"{other}+{name}"))
    assert having != without


@pytest.mark.parametrize(
    ("code", "text", "culprit"),
    [
        ("DP", "cap=mal_as", "property 'deputy_integrity'"),
        ("AZ", "cap=mal_as+state_leak", "capability 'state_leak'"),
        ("AZ", "cap=mal_as;rt_pin=off", "switch 'rt_pin'"),
        ("AZ", "cap=mal_as;reg=federation", "reg=federation"),
        ("AZ", "cap=mal_as;as:h_iss=no", "'as:h_iss'"),
        ("AZ", "cap=mal_as;world=two_as", "world 'two_as'"),
    ],
)
@pytest.mark.parametrize("option", ["--any-number", "--format=proverif"])
def test_what_is_not_covered_is_refused_by_name(option, code, text, culprit, monkeypatch):
    """In one line that says what is covered; no prover has to be there for that."""
    monkeypatch.setattr(unbounded, "available", lambda *_: None)
    ended = CliRunner().invoke(main, ["verdict", option, code, text])
    assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert culprit in ended.stderr
    assert "it covers: " in ended.stderr


def test_terms_are_read_as_they_are():
    """However a condition is simplified, it holds of just the terms of which it held before."""
    chance, constants = random.Random(3), ("none", "as", "crm")
    for _ in range(300):
        x, y, state = (chance.choice(constants) for _ in range(3))
        values = {"x": x, "y": y, "state": state}
        conditions = [(equal(*pair), values[pair[0]] == values.get(pair[1], pair[1])) for pair in _pairs(constants)]
        for _ in range(6):
            (left, first), (right, second) = chance.sample(conditions, 2)
            both = all_of(left, right), first and second
            conditions.append(chance.choice([both, (any_of(left, right), first or second), (no(left), not first)]))
        for condition, holds in conditions:
            said = condition if isinstance(condition, bool) else _holds(condition, values)
            assert said == holds, str(condition)


def _pairs(constants):
    return [*product(("x", "y"), constants), ("x", "state")]


def _holds(condition: Equalities, values):
    return any(
        all((values[left] == values.get(right, right)) == (sign == "=") for left, sign, right in way)
        for way in condition.ways
    )


@needs_prover
@pytest.mark.parametrize("question", QUESTIONS)
def test_prover_agrees(question):
    """What is safe is proved and what is an attack is found, where honest parties alone get somewhere."""
    code, _, text = question.partition(" ")
    answer = answered((code, text))
    assert answer.event == {"attack": "derived", "safe": "never"}[answer.result]
    assert (answer.finish, answer.runs) == (True, "derived")


@needs_prover
def test_a_code_that_no_session_asked_for_strays_from_none():
    """The attacker's own request, whose code it redeems itself; to ask for one alike is to start a session's flow."""
    own, copied = (answered(("CB", f"cap=code_leak+lure;pkce={pkce}")) for pkce in ("off", "s256"))
    assert (own.result, own.event) == ("not_in_this_world", "never")
    assert (copied.result, copied.event) == ("attack", "derived")


#: A check that a draft adds, and the same draft without it.
LISTED = Candidate("client", "AuthorizationResponse", "iss", "is", "held.listed")
MIX_UP = "CD cap=mal_as;iss_check=off;md_issuer_check=off"


def adds_issuer():
    """An AS adds its issuer identifier to authorization responses."""
    field("AuthorizationResponse", "added_issuer")(lambda c, sent: answering(c, sent, "issuer"))


def with_draft(question, *checks, fields=False):
    code, _, text = question.partition(" ")
    changed = under(parse(text), with_checks(oauth().extended(adds_issuer) if fields else oauth(), checks))
    return find(code, changed.model), changed


def test_what_nothing_in_the_world_reads_hinders_no_question():
    """What a client was measured to do, or a text says of other messages, leaves the process as it is."""
    plain, named = (roles(parse(f"cap=mal_as{more}"), find("CD")) for more in ("", ";design=mcp"))
    assert plain != named
    assert digest(plain) == digest(named)


def test_a_rule_about_a_message_is_an_equation_of_terms():
    """It stands where its party gets such a message; a rule that asks more of values is refused by name."""
    plain, more = ({*roles(with_draft(MIX_UP, *checks)[1], find("CD")).splitlines()} for checks in ([], [LISTED]))
    added = more - plain
    rule = "iss <> none && iss = listed && listed <> none then (* client.authorization_response_iss_is_listed *)"
    assert added == {f"  if {rule}"}
    for other in (replace(LISTED, relation="origin_is"), replace(LISTED, right="held.went_to")):
        with pytest.raises(NotCoveredError, match="message-level export"):
            roles(with_draft(MIX_UP, other)[1], find("CD"))


@pytest.mark.parametrize(
    "holds",
    [
        lambda says, held: same(says["iss"], "https://as.example"),
        lambda says, held: no(one_of(says["iss"], "https://as.attacker.example")),
        lambda says, held: none_of(says["iss"], "https://as.attacker.example"),
        lambda says, held: same(says["iss"], Pick({"https://as.example": True})),
        lambda says, held: same(choose(True, Pick({"https://as.example": True}), NONE), held["listed"]),
    ],
    ids=["same", "one_of", "none_of", "a value on the right", "a value on the left"],
)
def test_what_is_no_comparison_of_two_values_at_hand_is_refused(holds):
    """It would always be no in the process, and a proof of that says nothing."""
    made = Rule("client.looks", (), "", "it looks")
    changed = oauth().extended(
        lambda: ask_of_messages(
            lambda it: [Named(made, holds(it.says, it.held))], "AuthorizationResponse", {made.name: made}
        )
    )
    with pytest.raises(NotCoveredError, match="message-level export"):
        roles(under(parse(MIX_UP.partition(" ")[2]), changed), find("CD"))


@needs_prover
@pytest.mark.parametrize("left", ["iss", "added_issuer"])
@pytest.mark.parametrize("checked", [False, True])
def test_prover_agrees_about_rules_of_drafts(left, checked):
    """An attack without the check, none with it for any number of sessions, and honest parties finish."""
    text = MIX_UP if left == "iss" else f"{MIX_UP};h_iss=no"
    prop, configuration = with_draft(text, *([replace(LISTED, left=left)] if checked else []), fields=left != "iss")
    found = unbounded.any_number(Checker(by_design=True, patience=0.0).verdict(prop, configuration))
    assert (found.verdict.result, found.standing, found.runs) == ("safe" if checked else "attack", "agree", "derived")


def test_what_is_added_is_what_parties_hold():
    """An AS adds its issuer, or what the request says that it answers; the client gets whatever stands there."""
    configuration = parse(MIX_UP.partition(" ")[2])
    own = [("AuthorizationResponse", "added_issuer"), ("TokenResponse", "added_resource")]
    sent = [(message, "added_drawn") for message in ("AuthorizationRequest", "AuthorizationResponse")]
    process = roles(under(configuration, with_fields(configuration.model, [*own, *sent])), find("CD"))
    assert "(redirect_uri, code, state, as, as, added_added_drawn_of_AuthorizationRequest)" in process
    assert "wanted else none), none, granted))" in process
    assert "added_added_resource_of_TokenResponse: bitstring" in process
    assert (
        "let request = AuthorizationRequest(id, redirect_uri, state, s256(verifier), none, resource, drawn)" in process
    )


@needs_prover
@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize(
    "which", ["PKCE", "dpop_jkt", "audience of assertions", "state", "the URL beside the resource"]
)
def test_prover_agrees_about_what_clients_add(which, checked):
    """An attack without the last check, none with it for any number of sessions, and honest parties finish."""
    name, text, checks = FOUND[which]
    asked = adding(text, checks)
    asked = under(asked, with_checks(asked.model, checks if checked else checks[:-1]))
    found = unbounded.any_number(Checker(by_design=True, patience=0.0).verdict(find(name, asked.model), asked))
    assert (found.verdict.result, found.standing, found.runs) == ("safe" if checked else "attack", "agree", "derived")


def test_a_field_that_depends_on_its_message_is_refused():
    """What stands there in the process is not known; what parties hold is."""
    adds = oauth().extended(lambda: field("TokenRequest", "again")(lambda c, sent: sent.message.client_id))
    with pytest.raises(NotCoveredError, match="a field that depends on others of its message"):
        roles(under(parse(MIX_UP.partition(" ")[2]), adds), find("CD"))


@needs_prover
def test_that_honest_parties_get_nowhere_is_seen():
    """Where they refuse each other a proof says little, and that is said."""
    nowhere = parse("cap=mal_as;iss_check=require;h_iss=no")
    found = unbounded.asked(honest(nowhere), RUNS)
    assert found[0] == "never"


@needs_prover
def test_prover_agrees_on_questions_drawn_at_random():
    with closing(in_order(answered, list(drawn(120, seed=5)), cores())) as answers:
        assert [answer for answer in answers if answer.differs] == []


ASKED_ONCE = cache(asking.check)


@pytest.mark.parametrize(
    ("question", "event", "left_out", "standing", "code"),
    [
        (ATTACK, "never", "", "differ", 1),
        (ATTACK, "never", unbounded.ONCE, "fewer", 0),
        (ATTACK, "derived", "", "agree", 0),
        (ATTACK, "unknown", "", "open", 3),
        (SAFE, "never", "", "agree", 0),
        (SAFE, "derived", "the user has two sessions", "more", 1),
        (SAFE, "derived", "", "differ", 1),
    ],
)
def test_both_answers_are_told_apart(monkeypatch, question, event, left_out, standing, code):
    """A proof beside an attack is an error, and so is an attack beside a safe answer that nothing explains."""
    name, _, text = question.partition(" ")
    said = ProverAnswers({"code_delivery": event, RUNS: "derived"}, "")
    monkeypatch.setattr(unbounded, "ask", lambda *_: said)
    monkeypatch.setattr(unbounded, "narrowing", lambda *_: left_out)
    monkeypatch.setattr(unbounded, "available", lambda *_: None)
    monkeypatch.setattr(asking, "check", ASKED_ONCE)
    done = CliRunner().invoke(main, ["verdict", "--any-number", name, text, "--format", "json"])
    assert done.exit_code == code
    assert f'"standing": "{standing}"' in done.output


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("SI cap=mal_as+code_leak;pkce_as=lax", "the user has two sessions"),
        (
            "AZ cap=token_leak;dpop=token;dpop_key=per_client;echo=grant;world=two_users_sessions",
            "there is all of world default",
        ),
    ],
)
def test_what_a_world_leaves_out_is_found(question, words):
    """A browser that is held through one session of the user answers in another; the attacker has a session or none."""
    code, _, text = question.partition(" ")
    assert unbounded.left_out(find(code), parse(text)) == words


def test_without_prover_it_is_one_line(monkeypatch):
    """It says what is missing and where it is; nothing is computed before."""
    monkeypatch.setenv("PATH", "")
    ended = CliRunner().invoke(main, ["verdict", "--any-number", "CD", "cap=mal_as+req_leak+web+lure"])
    assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (3, "", 1)
    assert "proverif is not installed, and no answer to this question is shipped: opam has it" in ended.stderr


def test_a_value_that_a_rule_looks_up_is_refused():
    """The export compares values; a table of them would have none of the process's in it."""
    value = _Named("agent")
    assert value == _Named("agent") != _Named("client")
    with pytest.raises(NotCoveredError, match="a value that a rule looks up"):
        _ = {value: 1}


def test_users_come_to_the_attackers_resources_where_it_runs_any():
    """Else to those that are honest, and to the one that names its AS."""
    told = {name: roles(parse(f"cap={name}"), find("code_delivery")) for name in ("mal_as", "mal_rs")}
    assert "if url = crm || url = good || url = tools then" in told["mal_as"]
    assert "if url = " not in told["mal_rs"]


def test_the_type_of_a_token_follows_the_key_of_its_request():
    """RFC 9449 5: one that is bound to a key is of another type."""
    assert "(if key = none then bearer else dpop_bound)" in roles(parse("cap=mal_as;dpop=token"), find("code_delivery"))
