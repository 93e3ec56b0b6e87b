"""Conversations: a design meets a scenario, and every decision is a named rule."""

from dataclasses import replace
from functools import cache

import pytest

from model import scenario
from model.clients import clients, find
from model.conversation import STAGES, _Server, converse
from model.design import Design
from model.part import Part
from model.protocols import every_rule
from model.rule import CONDUCT, RULES, SERVING
from model.scenario import ORIGINS, ScenarioError, load, load_all
from model.turns import Turn, of

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
    with pytest.raises(ScenarioError, match=r"unknown scenario 'R99'; allowed: "):
        load("R99")


def test_mutations_change_one_field():
    """A mutation is the honest world but for one field of one message, and its name says which."""
    honest, names = load("M01_iss_ok"), scenario.mutation_names()
    assert len(names) == len(set(names)) == 97
    for name in names:
        told = load(name)
        message, field, kind = name.removeprefix("mutation_").split(".")
        assert told.about.startswith(f"{field} of the {message} is ")
        before, after = _fields(honest), _fields(told)
        differing = {key for key in before.keys() | after.keys() if before.get(key, ...) != after.get(key, ...)}
        assert differing == {(message, field)}
        assert ((message, field) in after) == (kind != "absent")
    with pytest.raises(ScenarioError, match=r"unknown scenario 'mutation_x'; allowed: "):
        load("mutation_x")


def _fields(told):
    """Every field of the honest messages that can be mutated."""
    by_url = {
        "resource_metadata": f"{ORIGINS['rs']}/.well-known/oauth-protected-resource/mcp",
        "server_metadata": f"{ORIGINS['as1']}/.well-known/oauth-authorization-server",
    }
    messages = {message: told.documents[url].body for message, url in by_url.items()}
    messages |= {"token_response": told.token_response, "challenge": told.challenge}
    return {(message, field): value for message, fields in messages.items() for field, value in fields.items()}


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
    named = ("as1", "", (f"{ORIGINS['rs']}/api/v1",))
    assert of(sent, "authorize") == (Turn("authorize", *named),)
    assert of(sent, "token") == (Turn("token", *named),)
    assert of(sent, "call")[-1].what == (Part("scheme", "Bearer"),)
    unnamed = converse(Design({"resource_indicator": "off"}), load("M01_iss_ok"))
    assert of(unnamed.sent, "token")[0].resources == ()
    assert "resource=" not in unnamed.urls[0]


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
    """The rule that refused is the last that was asked, and leaving it out carries the conversation further.

    Unless the client had met its refusal before and gone on.
    """
    order = [*list(STAGES)[1:], "A"]
    for known in (find("mcp-python"), find("oauth4webapi")):
        for told in load_all():
            ended = converse(known.design, told)
            if ended.refused_by is None:
                assert ended.stage == "A"
                continue
            assert ended.decisions[-1].rule is ended.refused_by
            assert not ended.decisions[-1].holds
            if any(one.rule is ended.refused_by and not one.holds for one in ended.decisions[:-1]):
                continue
            further = converse(known.design, told, without={ended.refused_by.name})
            assert order.index(further.stage) >= order.index(ended.stage)
            assert further.decisions[: len(ended.decisions) - 1] == ended.decisions[:-1]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resource", "nonsense"),
        ("resource", 7),
        ("resource", ""),
        ("authorization_servers", "https://as.example"),
        ("authorization_servers", [7]),
        ("authorization_servers", ["nonsense"]),
        ("scopes_supported", 7),
    ],
)
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


@pytest.mark.parametrize(
    ("changes", "field", "value", "stage", "rule"),
    [
        ({}, "scopes_supported", 7, "A", ""),
        ({"schema_fields": "all"}, "scopes_supported", 7, "d", "client.server_metadata_is_well_formed"),
        ({"schema_fields": "all"}, "scopes_supported", None, "d", "client.server_metadata_is_well_formed"),
        ({"schema_fields": "all", "schema_null": "absent"}, "scopes_supported", None, "A", ""),
        ({"schema_fields": "all", "asm_malformed": "skip"}, "scopes_supported", 7, "d", "client.endpoint_is_known"),
        (
            {"schema_fields": "all", "schema_null": "absent"},
            "issuer",
            None,
            "d",
            "client.server_metadata_is_well_formed",
        ),
        (
            {"schema_fields": "all"},
            "authorization_response_iss_parameter_supported",
            "yes",
            "d",
            "client.server_metadata_is_well_formed",
        ),
        (
            {"schema_fields": "all", "schema_iss": "untyped"},
            "authorization_response_iss_parameter_supported",
            "yes",
            "A",
            "",
        ),
        ({}, "response_types_supported", ["token"], "A", ""),
        ({"response_types": "required"}, "response_types_supported", ["token"], "d", "client.response_type_is_offered"),
        ({}, "token_endpoint", "nonsense", "a", "client.url_is_well_formed"),
        ({"schema_fields": "all"}, "token_endpoint", "nonsense", "d", "client.server_metadata_is_well_formed"),
    ],
)
def test_fields_of_the_wrong_type_meet_the_schema_of_the_client(changes, field, value, stage, rule):
    """What a client does with a field of the wrong type is its schema's, and where it has none, of who uses it."""
    told = load("M01_iss_ok")
    location = f"{ORIGINS['as1']}/.well-known/oauth-authorization-server"
    answer = told.documents[location]
    changed = replace(answer, body={**answer.body, field: value})
    ended = converse(Design(changes), replace(told, documents={**told.documents, location: changed}))
    assert (ended.stage, ended.refused_by.name if ended.refused_by else "") == (stage, rule)


@pytest.mark.parametrize(
    ("changes", "kind", "stage"),
    [
        ({}, "mac", "t"),
        ({"type_unknown": "accept"}, "mac", "A"),
        ({"type_unknown": "accept"}, 7, "t"),
        ({"type_missing": "bearer"}, None, "t"),
        ({"type_unknown": "accept"}, "", "A"),
    ],
)
def test_token_types_that_nobody_knows(changes, kind, stage):
    """An unknown type of token is refused unless the client looks only at whether it is a text."""
    told = replace(load("M01_iss_ok"), token_response={"token_type": kind})
    assert converse(Design(changes), told).stage == stage


def test_an_authorization_endpoint_that_is_none_gives_no_response():
    """Where the AS does not answer at its endpoint no token is asked for, whatever iss the client would take."""
    ended = converse(Design({"iss_check": "off"}), load("mutation_server_metadata.authorization_endpoint.other_origin"))
    assert (ended.stage, of(ended.sent, "token")) == ("a", ())


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


loaded = cache(load)


@cache
def end(design, told):
    """Where a conversation ends, worked out once for all rules that are then left out of it."""
    return converse(design, loaded(told))


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", [*CONDUCT, "client.token_endpoint_is_corroborated"])
def test_every_rule_of_conversations_matters(name):
    """Some client would end otherwise, or for another reason, in some scenario if it did not obey the rule."""
    designs = [*(known.design for known in clients().values()), Design({"prm": "same_href", "rechallenge": "stop"})]
    pairs = (
        (end(design, told), converse(design, loaded(told), (name,)))
        for told in (*scenario.names(), *scenario.mutation_names())
        for design in designs
    )
    assert any((one.stage, one.refused_by) != (other.stage, other.refused_by) for one, other in pairs)


def test_rules_of_conversations_are_no_rules_of_worlds():
    """No name is taken twice, and a world cannot come to depend on what only conversations hold."""
    assert CONDUCT
    assert not CONDUCT.keys() & RULES.keys()
    assert every_rule().keys() == CONDUCT.keys() | SERVING.keys() | RULES.keys()


@pytest.mark.parametrize("told", [told for told in load_all() if told.name[0] in "AMTX"], ids=lambda told: told.name)
def test_origins_do_not_matter(told):
    """What a client does depends on who is who, not on where they are."""
    design = find("ts-client-v2").design
    here, there = converse(design, told), converse(design, load(told.name, HTTPS))
    assert here.stage == there.stage
    assert [(one.request, one.to) for one in here.sent] == [(one.request, one.to) for one in there.sent]


@pytest.mark.parametrize(("when", "sent"), [("before", []), ("after", ["register"])])
def test_a_client_that_wants_pkce_looks_for_it_before_it_registers_or_after(when, sent):
    """Of an AS that lists no methods it asks nothing, or a registration that is for nothing."""
    found = converse(find("ai-sdk-mcp==1.0.102").design.but(pkce_when=when), load("A06_no_pkce_advertised"))
    assert [turn.request for turn in found.sent] == sent


@pytest.mark.parametrize(("scheme", "read"), [("any", True), ("bearer", False)])
def test_a_challenge_of_another_scheme_names_the_metadata_to_those_who_read_any(scheme, read):
    found = converse(find("mcp-python==1.12.4").design.but(prm_scheme=scheme), load("P02_dpop_challenge"))
    assert any(url.endswith("/.well-known/oauth-protected-resource/mcp") for url in found.fetched) is read


def test_who_names_no_issuer_is_taken_for_whom_it_was_listed_as():
    """And who names one for that."""
    listed = _Server("https://as.example", False, {}, "")
    assert listed.claimed == "https://as.example"
    assert replace(listed, found={"issuer": "https://other.example"}).claimed == "https://other.example"
