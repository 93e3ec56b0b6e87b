"""Checks that the solver proposes: candidates that say something, and minimal sets, against the plain checker."""

from dataclasses import replace
from itertools import combinations

import pytest
from proposed import ASSERTIONS, DRAWN, FOUND, KEPT, KEY, NO_PKCE, NO_STATE, SIGNED, UNSIGNED, adding

from model.design import Configuration, parse
from model.model import oauth
from properties.candidates import FURTHER, Candidate, Received, candidates, under, with_checks, with_fields
from properties.checker import Checker
from properties.invent import Checks, Invented, invent
from properties.known_rules import KnownRules
from properties.security import find

MIX_UP = parse("cap=mal_as;iss_check=off;md_issuer_check=off")
ISS = Candidate("client", "AuthorizationResponse", "iss", "is", "held.issuer")
ISSUER = Candidate("client", "ServerMetadata", "issuer", "is", "held.listed")
LISTED = Candidate("client", "AuthorizationResponse", "iss", "is", "held.listed")


@pytest.fixture(scope="module")
def mix_up() -> Invented:
    """What keeps codes from a malicious AS where the client compares no issuers."""
    return invent([find("CD")], MIX_UP)


def verdict(name: str, asked: Configuration, checks: tuple[Candidate, ...]):
    """What the plain checker says where these checks are made; traces are replayed on the machine."""
    changed = under(asked, with_checks(asked.model, checks))
    return Checker(by_design=True, patience=0.0).verdict(name, changed)


def test_published_checks_are_found_and_so_is_a_smaller_one(mix_up: Invented) -> None:
    """RFC 9207 2.4 with RFC 8414 3.3; and to compare iss with the issuer that the resource lists, alone."""
    assert (ISS, ISSUER) in mix_up.sets
    assert mix_up.sets[0] == (LISTED,)
    known = KnownRules(find("CD"), MIX_UP)
    assert [known.rule(one).rule.source.partition(";")[0] for one in (ISS, ISSUER)] == ["RFC 9207 2.4", "RFC 8414 3.3"]
    assert known.rule(LISTED) is None


def test_a_set_is_enough_and_none_of_it_can_be_left_out() -> None:
    """By ordinary verdicts, whose attacks the machine replays."""
    assert verdict("CD", MIX_UP, (ISS, ISSUER)).result == "safe"
    for one in (ISS, ISSUER):
        left = verdict("CD", MIX_UP, (one,))
        assert left.result == "attack"
        assert left.trace is not None


def test_sets_are_all_that_there_are() -> None:
    """What enumeration finds among six checks is what 64 questions say one by one."""
    names = ("issuer", "listed", "token_at", "authorization_at")
    six = [Candidate("client", "AuthorizationResponse", "iss", "is", f"held.{name}") for name in names]
    six += [ISSUER, Candidate("client", "ServerMetadata", "token_endpoint", "is", "held.listed")]
    asked = Checks([find("CD")], under(MIX_UP, with_checks(oauth(), six)), [one.name for one in six])
    every = [frozenset(each) for size in range(7) for each in combinations(asked.names, size)]
    enough = [each for each in every if asked.suffices(each)]
    assert asked.minimal() == sorted(
        (e for e in enough if not any(o < e for o in enough)), key=lambda e: (len(e), sorted(e))
    )


def test_a_field_that_the_attacker_does_not_choose_is_in_no_set(mix_up: Invented) -> None:
    """Its token requests always name the client that the code was issued to; nobody is stopped by that."""
    assert (
        Candidate("authorization_server", "TokenRequest", "client_id", "is", "held.request.client_id")
        in mix_up.unchosen
    )
    assert not {*mix_up.unchosen} & {one for each in mix_up.sets for one in each}


def test_what_the_attacker_leaves_empty_in_the_model_it_may_fill() -> None:
    """Where nobody pushes requests, an endpoint for that stops nobody who names one."""
    told = Candidate("client", "ServerMetadata", "token_endpoint", "is", "pushed_authorization_request_endpoint")
    assert verdict("CD", MIX_UP, (told,)).result == "attack"


def test_a_field_that_the_client_goes_on_with_is_as_the_attacker_has_it() -> None:
    """A client that pushes goes where the metadata says: endpoints of one AS keep its assertions from another."""
    asked = parse("cap=mal_as;client_auth=pkjwt;assertion_aud=token_ep;par=on")
    pushed = Candidate("client", "ServerMetadata", "token_endpoint", "is", "pushed_authorization_request_endpoint")
    assert verdict("CA", asked, ()).result == "attack"
    assert verdict("CA", asked, (pushed,)).result == "safe"


def test_what_is_not_yet_held_is_nothing(mix_up: Invented) -> None:
    """A client knows only afterwards which issuer it went on with: to compare with that loses every honest run."""
    later = Candidate("client", "AuthorizationResponse", "iss", "is", "held.went_to")
    assert later in mix_up.breaking


def test_checks_that_never_differ_have_one_name() -> None:
    """The resource that a session recorded is the one that it asks for; no two of a set are of one class."""
    found = invent([find("TC")], parse("cap=mal_rs;prm=unchecked"))
    echo = {f"held.{name}" for name in ("resource", "request.resource")}
    together = [{one.right for one in each if one.message == "TokenResponse"} for each in found.classes]
    assert echo in together
    assert {tuple(one.name for one in each) for each in found.sets} == {
        ("client.resource_metadata_resource_is_url",),
        ("client.token_response_resource_is_url",),
    }


def test_a_prefix_is_enough_where_one_document_is_for_many_paths() -> None:
    """RFC 9728 3.3 would lose such an API; that the identifier covers the URL does not, and it is enough."""
    covers, many_paths = (
        Candidate("client", "ResourceMetadata", "resource", "covers", "held.url"),
        {"api": "multi_path"},
    )
    found = invent([find("TC")], parse("cap=mal_rs;prm=unchecked"), [many_paths], ["covers"], ["client"])
    assert found.sets[0] == (covers,)
    assert replace(covers, relation="is") in found.breaking
    said = KnownRules(find("TC"), parse("cap=mal_rs;prm=unchecked"), [many_paths]).rule(covers)
    assert (said.switch, said.whole) == ("prm=prefix", True)


def test_sets_that_are_borne_one_by_one_and_not_together_are_left_out() -> None:
    """No proposal has in it what loses every honest run in an environment that is asked."""
    checks = [LISTED, ISS, ISSUER]
    asked, names = under(MIX_UP, with_checks(oauth(), checks)), [one.name for one in checks]
    free = Checks([find("CD")], asked, names).minimal()
    assert free == [{LISTED.name}, {ISS.name, ISSUER.name}]
    assert Checks([find("CD")], asked, names, broken=[frozenset({ISS.name, ISSUER.name})]).minimal() == [{LISTED.name}]


def test_an_environment_that_is_named_is_left_alone() -> None:
    """Where the AS sends no iss, nothing that the client holds tells it whose code it has."""
    assert invent([find("CD")], MIX_UP, [{"h_iss": "no"}]).sets == ()


def test_candidates_are_read_off_the_steps_of_honest_parties() -> None:
    """Fields and memory of other kinds are not compared: a state is no challenge, though both name a session."""
    found = candidates(Received(find("CD"), under(MIX_UP, with_checks(oauth(), ()))), ())
    assert Candidate("client", "AuthorizationResponse", "state", "is", "held.request.state") in found
    assert Candidate("client", "AuthorizationResponse", "state", "is", "held.request.code_challenge") not in found
    hashed = Candidate("authorization_server", "TokenRequest", "code_verifier", "is", "held.request.code_challenge")
    assert found[hashed]


def test_another_protocol_has_candidates_of_its_own() -> None:
    """What an agent of AAuth receives is compared with what its session remembers; it has no authorization request."""
    found = candidates(Received(find("AZ"), under(parse("design=aauth;cap=mal_rs"), with_checks(oauth(), ()))), ())
    assert found
    assert not any("request." in one.right for one in found)


@pytest.mark.parametrize(("name", "text", "checks"), FOUND.values(), ids=FOUND)
def test_what_could_be_added_and_related_is_a_candidate(name, text, checks) -> None:
    """Nobody names the mechanism; the attacker chooses what it is about, and honest runs stay."""
    asked = adding(text, checks)
    found = candidates(Received(find(name), under(asked, with_checks(asked.model, ()))), FURTHER)
    assert all(found[one] for one in checks)
    assert verdict("FC", replace(asked, capabilities=frozenset()), tuple(checks)).result == "reached"


@pytest.mark.parametrize(("name", "text", "checks"), FOUND.values(), ids=FOUND)
def test_what_could_be_added_and_related_is_enough(name, text, checks) -> None:
    """By ordinary verdicts; without any one of the checks there is an attack, which the machine replays."""
    asked = adding(text, checks)
    assert verdict(name, asked, tuple(checks)).result == "safe"
    for one in checks:
        left = verdict(name, asked, tuple(each for each in checks if each != one))
        assert (left.result, left.trace is not None) == ("attack", True)


def test_what_is_not_signed_keeps_nothing() -> None:
    """The attacker writes the issuer into a request that has the client's assertion."""
    assert verdict("CA", adding(ASSERTIONS, [UNSIGNED]), (UNSIGNED,)).result == "attack"


def test_what_a_client_hands_to_the_attackers_browser_the_attacker_has() -> None:
    """A response of its own session fits in any browser, so that a random value without the browser is not enough."""
    assert verdict("SI", adding(NO_STATE, [DRAWN]), (DRAWN,)).result == "attack"


def test_a_random_value_is_secret_while_no_message_has_had_it() -> None:
    """One that comes back in the response leaks with the code; one that is kept until the token request does not."""
    leaks = replace(KEPT, left="added_drawn")
    assert DRAWN.adds == (("AuthorizationRequest", "added_drawn"), ("AuthorizationResponse", "added_drawn"))
    assert KEPT.adds == (("AuthorizationRequest", "added_hash_of_kept"), ("TokenRequest", "added_kept"))
    asked = adding(f"cap=code_leak;{NO_PKCE}", [KEPT, DRAWN])
    assert leaks not in candidates(Received(find("CB"), under(asked, with_checks(asked.model, ()))), ())


@pytest.mark.parametrize(
    ("check", "switch", "field"),
    [
        (SIGNED, "assertion_aud=issuer", ("assertion_audience", "client_auth=attest")),
        (replace(KEPT, message="TokenRequest"), None, ("code_verifier", "")),
    ],
    ids=["audience", "verifier"],
)
def test_a_field_that_says_the_same_is_named(check, switch, field) -> None:
    """With the switch under which a text says so."""
    wide = adding(ASSERTIONS, [check])
    known = KnownRules(find("CA", wide.model), wide)
    said = known.rule(check) if switch else None
    assert (said and said.switch) == switch
    assert known.field(*check.adds[-1]) == field


@pytest.mark.parametrize(
    ("name", "text", "size"),
    [(*FOUND[key][:2], size) for key, size in (("PKCE", 1), ("dpop_jkt", 2), ("audience of assertions", 7))],
)
def test_all_sets_of_what_could_be_added(name, text, size) -> None:
    """So many minimal sets, the one with the field among them."""
    asked = parse(text)
    wide = under(asked, with_fields(asked.model))
    found = invent([find(name, wide.model)], wide)
    assert len(found.sets) == size
    assert {KEPT, KEY, SIGNED} & {one for each in found.sets for one in each}
