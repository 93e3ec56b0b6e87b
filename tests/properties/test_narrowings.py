"""The attacker that a question is about where it names none, and what a safe says that it rests on."""

import pytest

from model.design import parse
from model.switches import BCP_ATTACKERS
from properties.attackers import configured, of_bcp
from properties.narrowings import check_widely, narrowings, omitted_forms
from properties.security import find
from properties.verdict import check

pytestmark = pytest.mark.usefixtures("hurried")


def test_attackers_of_rfc_9700_have_names_and_numbers():
    """They stand for their capabilities wherever capabilities do, alone and together."""
    assert parse("cap=web_attacker") == parse("cap=A1") == parse("cap=mal_as+mal_rs+mal_client+lure+web")
    assert parse("cap=A1+A3").capabilities == parse("cap=web_attacker+code_leak").capabilities
    assert BCP_ATTACKERS["web_attacker"].capabilities < BCP_ATTACKERS["network_attacker"].capabilities
    assert "A1" in of_bcp(parse("cap=A1").capabilities)
    assert not of_bcp(parse("cap=mal_as").capabilities)


@pytest.mark.parametrize(
    ("prop", "text", "attacker"),
    [
        ("CD", "design=mcp", "A1"),
        ("CD", "design=mcp;cap=none", "none"),
        ("CD", "cap=mal_as", "mal_as"),
        ("FC", "", "none"),
    ],
)
def test_security_is_asked_about_against_the_web_attacker_where_none_is_named(prop, text, attacker):
    """What honest parties can do is asked about with nobody dishonest, and cap=none says so of security."""
    assert configured(find(prop), text).capabilities == parse(f"cap={attacker}").capabilities


def test_what_takes_a_second_session_of_the_user_is_an_attack():
    """One session does not show it; the shipped world that has two does, and is named."""
    asked = find("SI"), parse("cap=mal_as+code_leak;pkce_as=lax")
    found = check_widely(*asked)
    assert (found.result, found.world.name) == ("attack", "two_users_sessions")
    assert "in world default it is safe" in found.reach


def test_a_safe_says_what_it_rests_on():
    """What the attacker lacks, that it is never first, and how many sessions the user has."""
    found = check_widely(find("SI"), parse("cap=req_leak;par=required"))
    said = "; ".join(narrowings(found))
    assert found.result == "safe"
    assert all(each in said for each in ("mal_as+mal_rs+mal_client+lure+web", "block=no", "request_uri_once=yes"))
    assert "two_users_sessions" in dict(found.elsewhere)
    assert "block" not in "; ".join(narrowings(check(find("CD"), parse("cap=A1"))))
    assert narrowings(check(find("CD"), parse("cap=mal_as;iss_check=off"))) == ()


def test_a_safe_says_that_a_user_approves_once():
    """An assertion from the log of one request is good for the code of another, where the world has two."""
    asked = "cap=log_leak+code_leak+lure;client_auth=pkjwt;reg=static"
    found = check(find("AZ"), parse(f"{asked};client_instances=single_user"))
    assert found.result == "safe"
    said = "a user approves one request at an AS; more were not asked about (world=client_classes and world=two_clients"
    assert said in "; ".join(narrowings(found))
    assert check(find("AZ"), parse(f"{asked};world=two_clients")).result == "attack"
    assert "approves" not in "; ".join(narrowings(check(find("TC"), parse("world=two_clients;cap=code_leak"))))


def test_a_safe_names_no_world_of_another_protocol():
    """No world has two sessions of the user under AAuth."""
    said = "; ".join(narrowings(check(find("AZ"), parse("design=aauth;cap=mal_rs"))))
    assert "the user has one session at a client at a time" in said
    assert "world=" not in said


def test_a_safe_is_asked_only_where_the_party_is_of_which_the_question_says_something():
    """No larger world has a tenant beside the CRM, so that none of them says more about it."""
    found = check_widely(find("SI"), parse("cap=req_leak;par=required;shared:audience_check=off"))
    assert (found.result, found.elsewhere) == ("safe", ())


@pytest.mark.parametrize(
    ("asked", "idle"),
    [
        ("TC world=several_as;cap=token_leak", "token_leak"),
        ("TC cap=token_leak;block=yes;dpop=token", ""),
        ("AZ cap=screen_leak", "screen_leak"),
        ("AZ cap=screen_leak;grant=device_code", ""),
        ("AZ cap=platform_leak+key_leak", "key_leak, platform_leak"),
        ("AZ cap=key_leak;client_auth=pkjwt", ""),
        ("AZ cap=net_first_leg", "net_first_leg"),
        ("AZ design=aauth;cap=code_leak+mal_rs", "code_leak"),
    ],
)
def test_a_safe_names_a_power_by_which_nothing_is_in_the_attackers_hands(asked, idle):
    """In its world, or by its design: where no token leaks, or no client shows a code that a spy could see."""
    said = "in this world and with this design nothing is in the attacker's hands by "
    name, _, text = asked.partition(" ")
    found = check(find(name), parse(text))
    assert found.result == "safe"
    assert [each.removeprefix(said) for each in narrowings(found) if each.startswith(said)] == [idle] * bool(idle)


def test_a_safe_says_that_honest_parties_do_not_finish_either():
    """Where they would in another environment: what is never handed out is not stolen."""
    said, nothing = (
        "; ".join(narrowings(check(find("CD"), parse(f"cap=mal_as;iss_check=require;h_iss={sends}"))))
        for sends in ("no", "yes")
    )
    assert "h_iss=no and iss_check=require leave no honest run (refused by client.iss_matches_recorded_issuer)" in said
    assert "honest" not in nothing


@pytest.mark.parametrize(
    "text",
    [
        "TC cap=mal_as+code_leak;audience_check=off;client_auth=mtls",
        "TC cap=mal_as+token_leak;dpop=token+code;par=required;pkce_as=lax;reg=static;rs_htu=off;state=off",
    ],
)
def test_in_its_own_session_the_attacker_has_a_resource_server_of_its_own(text):
    """RFC 9700 3, A1; users' agents come to it by mal_rs alone."""
    prop, _, configuration = text.partition(" ")
    assert check(prop, parse(configuration)).result == "attack"
    assert check(prop, parse(f"{configuration};client_instances=single_user")).result == "safe"


def test_a_safe_names_the_forms_that_no_world_holds() -> None:
    """Each of those on the list touches some question, and none that is about something else."""
    found = check(find("client_identity"), parse("cap=mal_as;reg=dcr"))
    assert "with a client_id that the client has elsewhere" in "; ".join(narrowings(found))
    assert not any(one.touches(find("CD"), parse("cap=code_leak")) for one in omitted_forms())
    for form in omitted_forms():
        text = ";".join(f"{name}={value}" for name, value in form.design.items())
        asked = parse(f"cap={'+'.join(form.under)};{text}")
        assert form.touches(find(min(form.properties or {"authorization"})), asked), form
        assert not form.touches(find("first_contact"), parse("cap=none"))
