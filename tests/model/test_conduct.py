"""What clients do beside rules, and what worlds say of scopes and tokens: small readings, each by itself."""

import pytest

from model import client, conduct, scopes
from model.design import Design, parse
from model.machine import Machine
from model.token_endpoint import was_kept
from model.world import NONE
from model.world_file import WORLDS


def test_who_trims_a_url_takes_the_slash_of_an_origin_and_of_no_path():
    assert conduct._trimmed("https://rs.example/") == "https://rs.example"
    assert conduct._trimmed("HTTPS://rs.example") == "https://rs.example"
    assert conduct._trimmed("https://rs.example/mcp/") == "https://rs.example/mcp/"


@pytest.mark.parametrize(("after", "second"), [("stop", NONE), ("client_credentials", "client_credentials")])
def test_who_goes_on_after_an_error_uses_one_grant_more(after, second):
    design = Design({"after_error": after})
    assert client.grants_of(design) == (design["grant"], second)


def test_scopes_are_those_of_the_server_at_the_url():
    """Of its first operation, or of all; a server that is elsewhere has none, or others."""
    parties = [party for party in WORLDS["scopes"].resource_servers if party.scopes]
    assert len(parties) > 1
    for party in parties:
        assert scopes._of(WORLDS["scopes"], True, party.url) == " ".join(party.scopes)
        assert scopes._of(WORLDS["scopes"], False, party.url) == party.scopes[0]
    assert scopes._of(WORLDS["scopes"], True, "https://elsewhere.example") == NONE


@pytest.mark.parametrize(
    "world",
    [world for world in WORLDS.values() if "oauth" in world.protocols and any(one.leaks_by for one in world.held)],
)
def test_what_leaks_by_itself_was_kept_only_if_it_is_among_what_is_asked_about(world):
    machine = Machine(parse("cap=none"), world)
    context = machine.context(machine.view(machine.initial))
    leaking = [one.name for one in world.held if one.leaks_by]
    assert was_kept(context, leaking[0], []) == ()
    assert was_kept(context, leaking[0], leaking) != ()
    assert was_kept(context, "another", [one.name for one in world.held if not one.leaks_by]) == ()


@pytest.mark.parametrize(
    ("presents", "bound", "proof"), [("by_type", False, False), ("by_type", True, True), ("always", False, True)]
)
def test_a_client_presents_a_proof_by_the_type_of_its_token_or_always(presents: str, bound: bool, proof: bool) -> None:
    """RFC 9449 5: token_type says which; one that makes no proofs presents none."""
    design = parse(f"dpop_presents={presents}").design
    assert conduct.presents_dpop(design, True, bound) is proof
    assert conduct.presents_dpop(design, False, bound) is False
