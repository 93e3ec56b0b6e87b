"""What is asked of a message, and the order of a client's steps, stand once: nobody has a list of their own."""

import re
from inspect import getsource
from pathlib import Path

import pytest

from model import guards
from model.clients import clients
from model.conversation import converse
from model.design import Design
from model.guards import GUARDS
from model.protocols import every_rule, steps
from model.scenario import load, load_all, mutation_names
from model.switches import SWITCHES
from model.world_file import DEFAULT
from properties.template import Template

ROOT = Path(__file__).parents[2]

#: Steps of a client that no conversation has, and why.
NO_STEP = {
    "push_authorization_request": "no AS of a scenario has an endpoint for it",
    "authenticate_elsewhere": "nor for revocation or introspection",
    "obtain_token": "scenarios are about the code flow",
    "ask_for_assertion": "the same",
    "go_on_after_error": "deployed clients that were measured have no credentials of their own",
    "do_without_resource_metadata": "use_resource_metadata is both",
    "do_without_server_metadata": "use_server_metadata is both",
    "ask_stranger_for_token": "a client does not know whose endpoint it asks: redeem_code is both",
    "use_token_where_echoed": "the token is used at one resource",
    "share_token": "there is one connector",
    "send_token_over_plain_http": "nobody is on the way",
    "follow_redirect": "the resource redirects nobody",
    "reuse_cached_token": "the client comes without tokens",
    "start_at_proxy": "there is no proxy",
    "redeem_at_proxy": "there is no proxy",
    "post_code_of_proxy": "there is no proxy",
    "start_task": "a client of a scenario does by itself what it has to do",
    "lend_token": "the same",
    "attenuate_token": "the same",
    "call_by_sub_agent": "the same",
    "end_task": "the same",
    "refresh": "a refresh token is asked about where a client is challenged again",
    "exchange_token": "nobody calls a resource server for another",
    "exchange_elsewhere": "the same",
    "ask_for_device_code": "clients that were measured open a browser",
    "learn_of_approval": "the same",
}
#: Rules that a client asks at a step of the flow and not at that of a conversation, and why.
NOT_THERE = {
    ("send_authorization_request", "code_is_asked_for"): "scenarios are about the code flow, whatever the grant",
    ("use_server_metadata", "token_endpoint_is_corroborated"): "deployed clients look at it when they use it",
}
#: Where a rule of a guard is asked by itself, and why.
BY_ITSELF = {
    ("model/attacker_at_resources.py", "introspection_endpoint_is_configured"): "whether it looks where a token says",
    ("model/attacker_at_resources.py", "token_is_self_contained"): "the same",
    ("model/attacker_at_resources.py", "client_is_registered"): "a client of its own authenticates as what it is",
    ("model/attacker_at_resources.py", "issuer_is_accepted"): "of an issuer whose keys it takes, before it reads on",
    ("model/flow.py", "document_is_not_redirected"): "whether a challenge may name what redirects at the same origin",
    ("model/token_flow.py", "resource_url_is_https"): "where the client goes on over plain HTTP it asks once more",
    (
        "model/flow.py",
        "resource_matches_request",
    ): "whether a client goes on with the URL, as its document is of another",
    ("model/readings.py", "scope_is_sufficient"): "whether the resource server is content, or else names scopes",
    ("model/on_behalf.py", "tokens_are_not_forwarded"): "of the resource server that was called, and not of the other",
    ("model/proxy.py", "user_recognises_the_client"): "a proxy asks no more of a request",
    ("model/proxy.py", "code_is_unused"): "nor of a code, whose verifier the client of its request has",
    ("model/attacker.py", "assertion_names_this_server"): "whether the assertion that it has is credentials there",
    ("conformance/pair.py", "audience_is_this_resource"): "what can be seen of a token that another made",
    ("conformance/profile.py", "metadata_issuer_matches"): "what a server says of itself, about which nobody asks more",
}


def test_conversations_take_every_step_of_a_client_that_is_not_listed():
    """A step that the flow gets is one that conversations take, or it is said why they do not."""
    taken = {decision.step for told in load_all() for decision in converse(Design(), told).decisions}
    # Nothing is decided where the client only sends.
    assert taken | {"request_resource", "send_authorization_request"} | NO_STEP.keys() == set(steps("client"))
    assert not taken & NO_STEP.keys()


@pytest.fixture(scope="module")
def asked_in_conversations():
    """The rules that clients ask in conversations, by step."""
    found: dict[str, set[str]] = {}
    for told in (*load_all(), *map(load, mutation_names())):
        for known in clients().values():
            for decision in converse(known.design, told).decisions:
                found.setdefault(decision.step, set()).add(decision.rule.name)
    return found


def test_what_a_client_asks_at_a_step_it_asks_in_conversations(asked_in_conversations):
    """A rule of the client that a step of the flow has is asked in the same step of conversations, or listed."""
    missing = {
        (step, rule.removeprefix("client."))
        for firing in Template(DEFAULT).firings
        for actor, _, step in [firing.action.schema.name.partition(".")]
        for rule, _ in firing.rules
        if actor == "client"
        and step not in NO_STEP
        and rule.startswith("client.")
        and rule not in asked_in_conversations.get(step, ())
    }
    assert missing == NOT_THERE.keys()


def test_a_step_that_asks_is_looked_at(asked_in_conversations):
    """The comparison is about something: discovery, response and token are asked about in both."""
    asking = {firing.action.schema.name for firing in Template(DEFAULT).firings if firing.rules}
    for step in ("use_resource_metadata", "use_server_metadata", "accept_authorization_response", "redeem_code"):
        assert f"client.{step}" in asking
        assert asked_in_conversations[step]


def test_nobody_asks_rules_of_a_guard_one_by_one():
    """Whoever takes a message asks its guard, so that a rule that is added there is asked by all of them."""
    guarded = "|".join(re.findall(r"\b(?:client|server|resource)\.(\w+)\((?:design|policy)\b", getsource(guards)))
    files = {*ROOT.glob("model/*.py"), *ROOT.glob("conformance/*.py")} - {Path(guards.__file__)}
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in files
        for name in re.findall(rf"(?<!def )\b({guarded})\(", path.read_text(encoding="utf-8"))
    }
    assert found == BY_ITSELF.keys()


def test_rules_are_asked_when_they_are_reached():
    """Whoever stops at the first that does not hold asks no other."""
    asked = guards.token_endpoint(Design(), claimed="a", token_at="a")
    assert next(asked).rule.name == "client.token_endpoint_is_corroborated"
    with pytest.raises(StopIteration):
        next(asked)


def test_who_asks_a_guard_is_whose_rules_those_are():
    """A draft's rule is the actor's whose guard it joins."""
    of = {"client": "client", "server": "authorization_server", "resource": "resource_server"}
    source = getsource(guards).partition("# --- a client")[2]
    for module, name in re.findall(r"@_of\(\"(\w+)\"\)\ndef (\w+)\(", source):
        body = source.partition(f"def {name}(")[2].partition("\n\n\n")[0]
        asked = set(re.findall(r"\b(client|server|resource)\.\w+\(", body))
        assert {of[one] for one in asked} == {module} == {GUARDS[name].actor}


def test_what_is_done_otherwise_is_a_switch_whose_baseline_gives_up():
    """A client that may do without what it asked about gives up at first."""
    switches = [SWITCHES[rule.otherwise] for rule in every_rule().values() if rule.otherwise]
    assert switches
    assert all(switch.baseline == "refuse" for switch in switches)
