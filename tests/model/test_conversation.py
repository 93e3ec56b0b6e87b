"""Conversations: a design meets a scenario, and every decision is a named rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from model import scenario
from model.client import NONE
from model.clients import clients, find
from model.conversation import STAGES, converse
from model.design import Design
from model.protocols import every_rule
from model.rule import CONDUCT, RULES
from model.scenario import ORIGINS, ScenarioError, load, load_all

HTTPS = {name: f"https://{name}.example" for name in ORIGINS}

# --- scenarios -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", scenario.names())
def test_scenarios_are_whole(name):
    """A scenario names parties, documents that are reachable, and nothing that a placeholder was left in."""
    told = load(name)
    assert told.name == name
    assert told.about
    assert told.party(told.url) == "rs"
    assert "{" not in repr((told.url, told.challenge, *told.documents)).replace("{'", "")
    assert set(told.iss) <= set(ORIGINS.values())
    assert all(told.party(endpoint) in ORIGINS for endpoint in told.endpoints)
    for answer in told.documents.values():
        assert not answer.location or answer.location in told.documents


def test_origins_are_the_readers():
    """The same scenario is told at any origins, with the parts of the origin that it needs."""
    told = load("R16_userinfo", HTTPS)
    assert told.url == "https://rs.example/mcp"
    (document,) = (answer for answer in told.documents.values() if "resource" in answer.body)
    assert document.body["resource"] == "https://victim@rs.example/mcp"
    (document,) = (answer for answer in load("R10_scheme", HTTPS).documents.values() if "resource" in answer.body)
    assert document.body["resource"] == "http://rs.example/mcp"


def test_absent_takes_a_field_away():
    """A field that a scenario calls absent is nowhere, even where a template has it."""
    metadata = load("A08_no_dcr").documents[f"{ORIGINS['as1']}/.well-known/oauth-authorization-server"].body
    assert "registration_endpoint" not in metadata
    assert metadata["token_endpoint"] == f"{ORIGINS['as1']}/token"
    assert ORIGINS["as1"] not in load("M05_iss_missing_unadv").iss
    assert "resource_metadata" not in load("D01_no_header_path_wk").challenge


def test_what_changes_later_leaves_the_first_call_alone():
    """The second call of a scenario differs in what it says and in nothing else."""
    told = load("C01_as_migration")
    assert told.later is not None
    assert [told.answer["status"], told.later.answer["status"]] == [200, 401]
    document = f"{ORIGINS['rs']}/.well-known/oauth-protected-resource/mcp"
    assert told.documents[document].body["authorization_servers"] == [ORIGINS["as1"]]
    assert told.later.documents[document].body["authorization_servers"] == [ORIGINS["as2"]]
    assert told.later.endpoints == told.endpoints


def test_unknown_scenarios_are_named():
    """A scenario that does not exist is an error that says which do."""
    with pytest.raises(ScenarioError, match=r"unknown scenario 'R99'; allowed: R01_exact, "):
        load("R99")


# --- conversations -----------------------------------------------------------------------------------------------


def test_a_client_that_follows_the_specifications_meets_honest_parties():
    """The baseline accepts the honest world and refuses at the stage at which the first lie is told."""
    ends = {name: converse(Design(), load(name)) for name in scenario.names()}
    assert ends["M01_iss_ok"].stage == "A"
    assert ends["M01_iss_ok"].refused_by is None
    for name, stage, rule in (
        ("R02_prefix_segment", "d", "client.resource_matches_request"),
        ("D07_prm_500", "d", "client.document_is_served"),
        ("A01_issuer_other", "d", "client.metadata_issuer_matches"),
        ("X03_first_down", "d", "client.party_is_reachable"),
        ("M02_iss_wrong_adv", "a", "client.iss_matches_recorded_issuer"),
        ("M06_state_wrong", "a", "client.state_matches"),
        ("T09_token_type_missing", "t", "client.token_type_is_present"),
        ("T07_rs_403_wrong_aud", "x", "client.request_is_granted"),
    ):
        assert (ends[name].stage, ends[name].refused_by.name) == (stage, rule), name


def test_what_was_sent_is_said():
    """A client that matches prefixes asks for the wider resource that the document names."""
    sent = converse(Design({"prm": "prefix_sdk_ts"}), load("R02_prefix_segment")).sent
    (authorization,), (token,) = sent.authorizations, sent.tokens
    assert (authorization.party, authorization.resource) == ("as1", f"{ORIGINS['rs']}/api/v1")
    assert (token.party, token.resource, token.proof) == ("as1", f"{ORIGINS['rs']}/api/v1", False)
    assert sent.scheme == "Bearer"
    sent = converse(Design({"resource_indicator": "off"}), load("M01_iss_ok")).sent
    assert sent.tokens[0].resource == NONE
    assert "resource=" not in sent.urls[0]


def test_mixup_delivers_the_code_unless_a_rule_stops_it():
    """Where no iss is sent the code goes to the attacker; where it is, the rule of RFC 9207 alone stops that."""
    assert converse(Design({"pkce_listed": "unread"}), load("M09_mixup_no_iss")).misdelivered
    told = load("M08_mixup_iss")
    stopped = converse(Design(), told)
    assert not stopped.misdelivered
    assert stopped.refused_by is not None
    assert converse(Design(), told, without={stopped.refused_by.name}).misdelivered
    assert not converse(Design(), load("M01_iss_ok")).misdelivered


def test_refusals_are_explained_by_the_last_decision():
    """The rule that refused is the last that was asked, and leaving it out carries the conversation further."""
    order = [*list(STAGES)[1:], "A"]
    for known in (find("mcp-python"), find("oauth4webapi")):
        for told in load_all():
            ended = converse(known.design, told)
            if ended.refused_by is None:
                assert ended.stage == "A"
                continue
            assert ended.decisions[-1].rule is ended.refused_by
            assert not ended.decisions[-1].holds
            further = converse(known.design, told, without={ended.refused_by.name})
            assert order.index(further.stage) >= order.index(ended.stage)
            assert further.decisions[: len(ended.decisions) - 1] == ended.decisions[:-1]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resource", "nonsense"), ("resource", 7), ("resource", ""), ("authorization_servers", "https://as.example"),
        ("authorization_servers", [7]), ("authorization_servers", ["nonsense"]), ("scopes_supported", 7),
    ],
)  # fmt: skip
def test_malformed_documents_end_in_a_named_rule(field, value):
    """Whatever a document says, a client either goes on or refuses by a rule."""
    told = load("M01_iss_ok")
    location = told.challenge["resource_metadata"]
    answer = told.documents[location]
    changed = replace(answer, body={**answer.body, field: value})
    changed_world = replace(told, documents={**told.documents, location: changed})
    for known in clients().values():
        ended = converse(known.design, changed_world)
        assert (ended.stage == "A") == (ended.refused_by is None)


@pytest.mark.parametrize("field", ["issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint"])
@pytest.mark.parametrize("value", ["nonsense", 7, "", None])
def test_malformed_server_metadata_ends_in_a_named_rule(field, value):
    """The same for the metadata of an AS."""
    told = load("M01_iss_ok")
    location = f"{ORIGINS['as1']}/.well-known/oauth-authorization-server"
    answer = told.documents[location]
    changed_world = replace(
        told, documents={**told.documents, location: replace(answer, body={**answer.body, field: value})}
    )
    for known in clients().values():
        ended = converse(known.design, changed_world)
        assert (ended.stage == "A") == (ended.refused_by is None)


#: Rules that no scenario breaks.
UNBROKEN = {"client.url_is_well_formed"}
MATTERING = [*(name for name in CONDUCT if name not in UNBROKEN), "client.token_endpoint_is_corroborated"]


@pytest.mark.parametrize("name", MATTERING)
def test_every_rule_of_conversations_matters(name):
    """Some deployed client would end otherwise in some scenario if it did not obey the rule."""
    ends = (
        (converse(known.design, told).stage, converse(known.design, told, without={name}).stage)
        for known in clients().values()
        for told in load_all()
    )
    assert any(with_it != without_it for with_it, without_it in ends)


def test_rules_of_conversations_are_no_rules_of_worlds():
    """No name is taken twice, and a world cannot come to depend on what only conversations hold."""
    assert CONDUCT
    assert not CONDUCT.keys() & RULES.keys()
    assert every_rule().keys() == CONDUCT.keys() | RULES.keys()


@pytest.mark.parametrize("told", [told for told in load_all() if told.name[0] in "AMTX"], ids=lambda told: told.name)
def test_origins_do_not_matter(told):
    """What a client does depends on who is who, not on where they are."""
    design = find("ts-client-v2").design
    here, there = converse(design, told), converse(design, load(told.name, HTTPS))
    assert here.stage == there.stage
    assert here.sent.registrations == there.sent.registrations
    assert [request.party for request in here.sent.tokens] == [request.party for request in there.sent.tokens]
