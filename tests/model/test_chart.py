"""Sequence charts: what they say, and that every message of the model can be drawn."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from model.action import SCHEMAS
from model.brief import brief
from model.cast import Cast, participants
from model.chart import WIDTH, ascii_art, chart, mermaid, origin, text
from model.design import Configuration, parse
from model.machine import Machine, State, Step
from model.messages import FORGED, THIEF, Message, Sent
from model.refusal import stopped
from model.state import tokens
from model.trace import Trace, from_json
from model.wire import Arrow, arrows, scenes
from model.world import NONE, World
from model.world_file import DEFAULT, WORLDS
from properties.checker import Checker

GOLDEN = Path(__file__).parent.parent / "openworld" / "golden"


@pytest.fixture(scope="module")
def mixup() -> Trace:
    """The mix-up attack, as a fixed trace."""
    return from_json((GOLDEN / "mixup.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sent(mixup: Trace) -> list[Arrow]:
    """Its messages."""
    return arrows(mixup)


@pytest.fixture(scope="module")
def walks(sample: Callable[..., Configuration]) -> list[Trace]:
    """Random runs under random designs and attackers, two in every world; what no run has had yet goes first.

    All is drawn by its name, so that a switch or an action that is added leaves the others as they were.
    """
    made, seen = [], set[str]()
    for seed, world in ((f"{world.name} {turn}", world) for turn in range(2) for world in WORLDS.values()):
        configuration = sample(f"{seed}", 0.4)
        machine = Machine(configuration, world)
        alone = {action: Machine(configuration, world, {action}) for action in machine.by_name}
        state, steps = machine.initial, []
        while len(steps) < 16:
            draw = f"{seed} {len(steps)}"
            # By action first, so that one with many choices does not crowd out the others; none is tried for nothing.
            chance = {action: random.Random(f"{draw} {action}").random() for action in machine.by_name}
            order = sorted(chance, key=lambda action: (kind(action) in seen, chance[action]))
            tried = (list(alone[action].moves(state)) for action in order)
            if (moves := next(filter(None, tried), None)) is None:
                break
            step, state = random.Random(draw).choice(moves)
            steps.append(step)
            seen.add(kind(step.action))
        made.append(Trace(world, configuration, "nothing", tuple(steps)))
    return made


def kind(action: str) -> str:
    """An action whoever takes it."""
    return action.partition("[")[0]


def test_mixup_is_drawn_as_in_the_golden_file(mixup: Trace, on_file: Callable[..., None]) -> None:
    """The chart of the mix-up is the one kept in the file, which a person has read."""
    drawn = text(chart(mixup, "The code reaches the attacker (code_delivery)"))
    on_file(GOLDEN / "mixup.txt", drawn)


def test_mixup_in_brief_is_as_in_its_golden_file(mixup: Trace, on_file: Callable[..., None]) -> None:
    """On one screen, with a title; who sends what is on the arrows, what to notice below."""
    drawn = brief(chart(mixup, "The code reaches the attacker (code_delivery)"))
    on_file(GOLDEN / "mixup_brief.txt", drawn)
    assert len(drawn.splitlines()) <= 40


def test_in_brief_every_message_has_its_arrow(walks: list[Trace]) -> None:
    """There is a line for each message, none is wider than the page, and every leak is named."""
    for trace in walks[:12]:
        shown, lines = chart(trace), brief(chart(trace)).splitlines()
        drawn = [line for line in lines if re.fullmatch(r" *\|.*\|", line) and set(line) > {" ", "|"}]
        assert len(drawn) == len(shown.sent), "\n".join(lines)
        assert all(len(line) <= WIDTH for line in lines), "\n".join(lines)
        leaks = {name for message in shown.sent for name in message.leaks}
        assert all(f"{name}=" in brief(chart(trace)) for name in leaks)


def test_secrets_that_reach_the_attacker_are_marked(sent: list[Arrow]) -> None:
    """The token request of the mix-up leaks the code and its verifier, and nothing else leaks."""
    assert [(message.label, message.leaks) for message in sent if message.leaks] == [
        ("POST /token", ("code", "code_verifier"))
    ]


def test_values_are_told_apart(sent: list[Arrow]) -> None:
    """Values of the attacker's are known wherever they go; what leaks is neither honest nor the attacker's."""
    seen = {(message.step, value.name): origin(message, value) for message in sent for value in message.values}
    assert seen[3, "issuer"] == "attacker"
    assert seen[4, "client_id"] == "honest"
    assert seen[6, "code"] == "honest"
    assert seen[7, "code"] == "leaked"


def test_a_refused_run_ends_with_who_refuses(mixup: Trace) -> None:
    """Under a design that compares iss the run stops where the client compares it; earlier steps stay as they are."""
    under = parse("cap=mal_as")
    refusal = stopped(mixup, under)
    assert refusal is not None
    assert refusal.number == 6
    assert refusal.rule is not None
    assert (refusal.rule.name, refusal.rule.source[:8]) == ("client.iss_matches_recorded_issuer", "RFC 9207")
    shown = chart(mixup, under=under)
    assert {message.step for message in shown.sent if message.decisive} == {6}
    assert not any(message.leaks for message in shown.sent)
    for drawn in (text(shown), ascii_art(shown), mermaid(shown)):
        assert "REFUSED by the client" in drawn


def test_a_run_that_nobody_refuses_is_drawn_whole(mixup: Trace) -> None:
    """A configuration under which every step is taken changes nothing but what is said about the design."""
    under = parse("cap=mal_as;iss_check=off;user=vigilant")
    assert stopped(mixup, under) is None
    assert chart(mixup, under=under).sent == chart(mixup).sent


def test_a_design_without_the_step_says_so(mixup: Trace) -> None:
    """A step that the design does not have is not blamed on a rule."""
    refusal = stopped(mixup, parse("cap=none;iss_check=off"))
    assert refusal is not None
    assert refusal.rule is None
    assert "NOT POSSIBLE" in text(chart(mixup, under=parse("cap=none;iss_check=off")))


def test_only_the_last_step_is_decisive(sent: list[Arrow]) -> None:
    """The violating step is marked and no other."""
    assert {message.step for message in sent if message.decisive} == {7}


def test_attackers_messages_are_not_honest(sent: list[Arrow]) -> None:
    """What the attacker's AS sends is the attacker's doing; what the honest AS sends is not."""
    assert {message.honest for message in sent if message.sender == "evil_as"} == {False}
    assert {message.honest for message in sent if message.sender == "as"} == {True}


def test_parameters_have_their_real_names(sent: list[Arrow]) -> None:
    """A reader finds the parameters of the specifications."""
    names = {value.name for message in sent for value in message.values}
    assert {"resource", "issuer", "client_id", "redirect_uri", "code_challenge", "state", "iss", "code"} <= names


def test_only_those_who_take_part_have_a_lifeline(mixup: Trace, sent: list[Arrow]) -> None:
    """No lifeline stands idle, and no letter is used twice."""
    keys = {key for message in sent for key in (message.sender, message.receiver)}
    cast = participants(mixup, keys)
    assert {one.key for one in cast} == keys
    assert len({one.letter for one in cast}) == len(cast)


def test_checks_are_listed_on_demand(mixup: Trace) -> None:
    """With ``checks`` the chart names what honest parties checked, with the section."""
    assert "ok: " not in text(chart(mixup))
    assert "ok: AS metadata is used only if" in text(chart(mixup, checks=True))


def test_mermaid_escapes_its_own_signs(mixup: Trace) -> None:
    """Signs that Mermaid reads as its own do not reach it from a label."""
    lines = mermaid(chart(mixup)).splitlines()
    assert lines[0] == "sequenceDiagram"
    labels = [line.partition(": ")[2].replace("<br/>", "") for line in lines if ">>" in line]
    assert labels
    assert not any("<" in label or ">" in label for label in labels)


def code_words(world: World) -> Iterator[str]:
    """Names that the model has for terms and no reader knows."""
    yield from (THIEF, FORGED, "victim", "key:")
    yield from (held.name for held in world.held)
    yield from (grant.name for grant in world.grants)
    yield from (token for token in tokens(world) if token.endswith("+"))


def test_random_runs_fit_the_page(walks: list[Trace]) -> None:
    """Whatever happens is drawn, within the width of an Internet-Draft, in printable ASCII and in a reader's words."""
    seen: set[str] = set()
    for trace in walks:
        seen |= {kind(step.action) for step in trace.steps}
        shown = chart(trace)
        for line in text(shown).splitlines():
            assert len(line) <= WIDTH
            assert line.isascii()
            assert line.isprintable()
        for drawn in arrows(trace):
            said = [drawn.label, drawn.note, drawn.session, *(value.text for value in drawn.values)]
            words = " ".join(re.sub(r"https?://[^\s,>\]]+", "", each) for each in said)
            assert not [word for word in code_words(trace.world) if word in words], words
        artwork = ascii_art(chart(trace, checks=True))
        assert all(len(line) <= WIDTH and line.isascii() and line.isprintable() for line in artwork.splitlines())
        mermaid(shown)
    assert len(seen) > len(SCHEMAS) // 2


def test_a_run_without_steps_is_no_chart_but_no_error() -> None:
    """Nothing happened: there is nothing to draw, and that is said."""
    empty = Trace(DEFAULT, parse(""), "first_contact", ())
    assert arrows(empty) == []
    assert "no messages" in text(chart(empty))


# --- every message, and every field of every message --------------------------------------------------------

#: Questions whose runs, between them, need most of what messages can say.
ASKED = (
    ("first_contact", "client_auth=mtls;par=required;mtls=bound"),
    ("first_contact", "client_auth=pkjwt;par=required;dpop=token+code;as_dpop=honor;r_requires_dpop=yes;as_echo=yes"),
    ("first_contact", "protocol=aauth"),
    ("first_contact", "attestation_shown=yes;rs_attestation=own;client_auth=pkjwt;auth_methods=also_none"),
    ("task_completed", "protocol=aauth;world=aauth_chain;exchange=own"),
    ("code_delivery", "cap=mal_as;iss_check=off;as_trust=federation;a_enrolled=below;chain_constraints=off"),
    ("code_delivery", "cap=mal_rs;legacy_as=resource_origin;endpoint_defaults=resource_origin;iss_unrecorded=skip"),
    ("first_contact", "reg=dcr_ss;client_auth=secret;xcheck=on"),
    ("first_contact", "reg=federation;as_trust=federation;rs_trust=federation;client_auth=pkjwt"),
    ("first_contact", "client_auth=pkjwt;token_fmt=opaque;dpop=token"),
    ("first_contact", "client_auth=attest;signed_metadata=anchored_req;as_signed_metadata=anchored"),
    ("first_contact", "reg=dcr;client_auth=pkjwt"),
    ("task_completed", "world=scopes;scope_request=least;step_up=on;par=on;token_fmt=opaque"),
    ("delegation_confinement", "instance=derived;delegation_depth=any;dpop=token"),
    ("delegation_confinement", "dpop=token"),
    ("authorization", "world=scopes;scope_request=least;step_up=on;cap=mal_rs;as_resource=ignore"),
    ("task_completed", "world=scopes;scope_request=least;step_up=on;grant=client_credentials;client_auth=pkjwt"),
    ("delegation_confinement", "instance=derived;delegation_expiry=token"),
    ("authorization", "world=delegation;cap=mal_sub_agent"),
    ("agent_verified", "instance=derived"),
    ("revocation", "instance=offline;token_fmt=opaque"),
    ("first_contact", "prm_log=required"),
    ("task_completed", "draft=a2a;signed_metadata=anchored_req;iss_check=off;world=scopes;scope_request=supported"),
    ("consent_crosses", "grant=id_jag;grant_cnf=bound"),
    ("consent_crosses", "grant=id_jag;client_auth=secret;reg=dcr"),
    ("consent_crosses", "grant=id_jag;client_auth=pkjwt"),
    ("consent_crosses", "grant=id_jag;client_auth=mtls"),
    ("authorization", "world=crm_then_billing;grant=id_jag;cap=mal_rs;rs_as_bind=off;exchange=any"),
    ("authorization", "world=crm_then_billing;grant=id_jag;cap=mal_as;issuer_tenants=several"),
    ("authorization", "cap=mal_as;iss_check=off"),
    ("client_authentication", "cap=mal_as;client_auth=secret;cred_pin=off"),
    ("client_authentication", "cap=mal_as;client_auth=pkjwt;assertion_aud=token_ep;par=on;key_per_as=no"),
    ("authorization", "cap=mal_client;as_redirect_status=307"),
    ("token_confinement", "cap=mal_rs;as_resource=ignore;signed_metadata=anchored_req;e_enrolled=yes"),
    ("deputy_integrity", "cap=mal_rs;http_redirect=reattach;mtls=bound"),
    ("sender_constraint", "cap=mal_rs;dpop=token;rs_htu=off;as_resource=ignore"),
    ("sender_constraint", "cap=mal_as+token_leak;dpop=token+code;dpop_key=per_as;par=on;dpop_par=proof;"
     "md_issuer_check=off;md_corroborate=token_endpoint;rs_htu=off;rs_ath=off;rs_htm=off"),
    ("deputy_integrity", "cap=web;handle_bind=off"),
    ("deputy_integrity", "protocol=aauth;cap=web;handle_bind=off"),
    ("deputy_integrity", "cap=web;after_error=client_credentials;client_auth=pkjwt;error_checks=off"),
    ("authorization", "cap=mal_rs+mal_as;rt_pin=off;rt_resource_bound=no"),
    ("authorization", "cap=mal_as;rs_trust=any;subject_ns=sub"),
    ("issuer_acceptance", "cap=mal_as;grant=jwt_bearer;grant_aud_check=off"),
    ("session_integrity", "cap=mal_as;md_issuer_check=off;pkce_policy=metadata"),
    ("authorization", "cap=mal_as+token_leak;rs_as_bind=off;dpop=token;dpop_policy=metadata"),
    ("sender_constraint", "cap=mal_rs;dpop=token;dpop_policy=prm;rs_htu=off;as_resource=ignore"),
    ("first_contact", "world=scopes;scope_request=least;grant=device_code"),
    ("first_contact", "grant=device_code;client_auth=secret;reg=dcr"),
    ("first_contact", "grant=device_code;client_auth=pkjwt"),
    ("first_contact", "grant=device_code;client_auth=mtls"),
    ("authorization", "cap=lure;grant=device_code"),
    ("authorization", "cap=client_script;draft=bff"),
    ("agent_verified", "draft=rebinding"),
    ("task_completed", "world=crm_then_billing;draft=mission+mission_runtime+mission_across;state_across=known"),
)  # fmt: skip
#: Runs for what no question needs: the actions that are taken, in any session and with any choices.
_DISCOVERY = ("client.request_resource", "client.use_resource_metadata")
_METADATA = (*_DISCOVERY, "client.use_server_metadata")
TAKEN = (
    ("default", "prm=off", _DISCOVERY),
    ("default", "dpop=token+code;dpop_policy=always", (*_METADATA, "client.send_authorization_request")),
    ("default", "client_auth=secret;par=on", (*_METADATA, "client.push_authorization_request")),
    ("default", "cap=mal_rs+token_leak;token_fmt=opaque;introspect=auth", ("attacker.introspect_token",)),
    ("aauth", "protocol=aauth;cap=mal_client", ("attacker.ask_user_for_own_agent",)),
    ("aauth", "protocol=aauth;cap=mal_as;rs_trust=any", ("attacker.present_asserted_token",)),
    ("aauth", "protocol=aauth;cap=mal_rs;http_redirect=reattach",
     ("client.send_signed_request", "attacker.redirect_agent")),
)  # fmt: skip


def taken(machine: Machine, state: State, wanted: tuple[str, ...]) -> tuple[Step, ...] | None:
    """A run that takes these actions one after the other."""
    if not wanted:
        return ()
    for step, after in machine.moves(state):
        if step.action.startswith(wanted[0]) and (rest := taken(machine, after, wanted[1:])) is not None:
            return (step, *rest)
    return None


def runs(checker: Checker) -> Iterator[Trace]:
    """The runs in which, between them, everything is said."""
    for name, configuration in ASKED:
        trace = checker.verdict(name, parse(configuration)).trace
        assert trace is not None, (name, configuration)
        yield trace
    for name, configuration, actions in TAKEN:
        machine = Machine(parse(configuration), WORLDS[name])
        steps = taken(machine, machine.initial, actions)
        assert steps is not None, (name, configuration)
        yield Trace(machine.world, machine.configuration, "nothing", steps)


def said(drawn: Arrow) -> Iterator[tuple[type[Message], str]]:
    """The fields of its message that an arrow shows, as values or in its label; of what it extends as well.

    What a signed value opens shows in whether that value leaks.
    """
    assert drawn.record is not None
    names = {value.name for value in drawn.values}
    for each in fields(drawn.record):
        shown = each.metadata.get("claim", each.name) in names or f"{{{each.name}}}" in drawn.record.label
        if shown or "unsent" in each.metadata:
            yield from ((kind, each.name) for kind in type(drawn.record).__mro__ if issubclass(kind, Message))


def kinds(message: type[Message] = Message) -> Iterator[type[Message]]:
    """Every kind of message of the model; those of drafts that other tests have loaded are not among them."""
    for kind in message.__subclasses__():
        if kind.__module__.startswith("model."):
            yield kind
        yield from kinds(kind)


def test_every_field_of_every_message_is_seen_somewhere(checker: Checker) -> None:
    """No field is defined that no run fills, and no chart leaves out what a message says."""
    import_module("model.delegation_messages")
    seen = {each for trace in runs(checker) for drawn in arrows(trace) if drawn.record for each in said(drawn)}
    # By name, since a class with slots is made of one without, which is a class as well.
    shown = {f"{kind.__module__}.{kind.__name__}.{name}" for kind, name in seen}
    assert not {f"{kind.__module__}.{kind.__name__}.{each.name}" for kind in kinds() for each in fields(kind)} - shown


@pytest.mark.parametrize(
    ("echoes", "number", "rule", "last"),
    [
        ("as_echo=no", 9, "resource_server.audience_is_this_resource", "401 or 403, error response"),
        ("as_echo=yes", 7, "client.echo_confirms_request", "200 token response"),
    ],
)
def test_a_token_for_the_wrong_resource_is_refused_there_or_before_it_is_sent(echoes, number, rule, last, checker):
    """An AS that binds the origin: without the echo the resource says no, with it the client never gets there."""
    trace = checker.verdict("first_contact", parse(f"echo=opt;{echoes}")).trace
    under = parse(f"echo=opt;{echoes};as_resource=generalise")
    refusal = stopped(trace, under)
    assert (refusal.number, refusal.rule.name) == (number, rule)
    shown = chart(trace, under=under)
    assert shown.sent[-1].label == last
    assert not any("protected data" in message.label for message in shown.sent)
    told = [value.text for message in shown.sent for value in message.values if value.name == "resource"]
    assert ("https://crm.example" in told) == (echoes == "as_echo=yes")


def test_what_an_action_sends_and_asks_is_what_is_on_file(walks: list[Trace], on_file: Callable[..., None]) -> None:
    """Its first time in these walks: who sends what to whom, and which checks that passes."""
    told: dict[str, list[str]] = {}
    for trace in walks:
        for scene in scenes(trace):
            sent = (sent for sent in scene.move.sends if sent.when)
            lines = [f"  {one.sender} -> {one.receiver}: {_in_short(one)}" for one in sent]
            lines += [f"  asks {rule.name}" for rule in scene.rules()]
            told.setdefault(kind(scene.action.name), lines)
    text = "".join(f"{action}\n" + "".join(f"{line}\n" for line in told[action]) for action in sorted(told))
    on_file(Path(__file__).parent / "data" / "sent.txt", text)


def _in_short(sent: Sent) -> str:
    """A message without what it does not say, and whether the attacker reads it on its way."""
    said = {field.name: getattr(sent.message, field.name) for field in fields(sent.message)}
    words = [f"{name}={value}" for name, value in said.items() if value not in (NONE, False)]
    return f"{type(sent.message).__name__}({', '.join(words)})" + (" (read)" if sent.read else "")


def test_words_are_the_attackers_where_they_name_it_or_one_of_its_urls():
    """Either is enough, and a URL that only has its word in it is not."""
    machine = Machine(parse("cap=mal_rs"), DEFAULT)
    cast = Cast(machine.context(machine.view(machine.initial)))
    evil = next(party.url for party in DEFAULT.parties if "mal_rs" in party.run_by)
    assert cast.theirs("the attacker's key")
    assert cast.theirs(f"sent to {evil}")
    assert not cast.theirs(f"sent to {DEFAULT.honest_servers[0].url}")


@pytest.mark.parametrize("requires", ["no", "yes"])
def test_resource_metadata_says_whether_tokens_have_to_be_bound(requires):
    """RFC 9728 2: dpop_bound_access_tokens_required, as the resource server does."""
    drawn = Checker().verdict("first_contact", parse(f"dpop=token;r_requires_dpop={requires}")).trace
    assert ("dpop_bound_access_tokens_required=true" in text(chart(drawn))) is (requires == "yes")
