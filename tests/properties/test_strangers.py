"""Who is enrolled where: what trust frameworks cost at first contact, fact by fact and party by party."""

import pytest

from model.design import parse

#: What a design relies on, and the fact without which it does not get to a stranger; with the rule that says so.
RELIANCE = [
    ("as_trust=allowlist", "listed=no", "client.authorization_server_is_trusted"),
    ("as_trust=federation", "anchored=no", "client.authorization_server_is_trusted"),
    ("reg=federation", "anchored=no", "authorization_server.redirect_uri_is_registered"),
    ("reg=static", "preregistered=no", "authorization_server.redirect_uri_is_registered"),
    ("client_auth=attest", "trust_domain=no", "authorization_server.client_is_authenticated"),
    ("mtls=bound", "certified=no", "authorization_server.certificate_is_provisioned"),
    ("token_fmt=opaque", "introspects=no", "resource_server.issuer_can_be_asked"),
    ("signed_metadata=anchored_req", "attested=no", "client.metadata_signature_is_anchored"),
    ("rs_trust=allowlist", "rs_listed=no", "resource_server.issuer_is_accepted"),
    ("rs_trust=federation", "anchored=no", "resource_server.issuer_is_accepted"),
]


@pytest.mark.parametrize(("relies", "fact", "rule"), RELIANCE, ids=[f"{relies} {fact}" for relies, fact, _ in RELIANCE])
def test_what_is_relied_on_has_to_be_there_beforehand(relies, fact, rule, checker):
    """First contact is reached with the enrolment that a design relies on, and not without; others do not mind."""
    assert checker.result("FC", parse(relies)) == "reached"
    verdict = checker.verdict("FC", parse(f"{relies};{fact}"))
    assert (verdict.result, verdict.blocked_by) == ("not_reached", (rule,))
    assert checker.result("FC", parse(f"as_trust=any;rs_trust=published;{fact}")) == "reached"


@pytest.mark.slow
@pytest.mark.parametrize("fact", ["listed", "anchored"])
def test_a_fact_is_one_partys(fact, checker):
    """Of two honest AS one may be enrolled and the other a stranger; a dishonest one may be enrolled by itself."""
    trust = {"listed": "allowlist", "anchored": "federation"}[fact]
    mixup = f"world=two_as;cap=mal_as;iss_check=off;as_trust={trust}"
    assert checker.result("CD", parse(mixup)) == "safe"
    assert checker.result("CD", parse(f"{mixup};evil_as:{fact}=yes")) == "attack"
    assert checker.result("CD", parse(f"{mixup};a_enrolled=yes")) == "attack"
    assert checker.result("CD", parse(f"{mixup};a_enrolled=yes;evil_as:{fact}=no")) == "safe"


def test_as_acceptance_asks_for_reasons_and_not_for_a_switch(checker):
    """An honest AS that nobody has heard of is accepted on the resource's word alone; one that is known is not."""
    assert checker.result("AA", parse("cap=none")) == "not_in_this_world"
    assert checker.result("AA", parse("listed=no")) == "attack"
    assert checker.result("AA", parse("listed=no;as_trust=federation")) == "not_in_this_world"
    assert checker.result("AA", parse("cap=mal_as;as_trust=federation;anchored=yes")) == "not_in_this_world"
    assert checker.result("AA", parse("cap=mal_as;as_trust=allowlist;anchored=yes")) == "safe"


def test_who_discovers_nothing_knows_nothing_of_a_stranger(checker):
    """Without metadata a client is lost at a resource that it was not told of, the attacker's included."""
    closed = "cap=mal_as;prm=off;iss_check=off"
    assert checker.result("CD", parse(closed)) == "attack"
    verdict = checker.verdict("CD", parse(f"{closed};configured=no"))
    assert (verdict.result, verdict.blocked_by) == ("safe", ("client.resource_is_configured",))


@pytest.mark.parametrize(
    ("does", "rule"),
    [
        ("as_resource=generalise", "resource_server.audience_is_this_resource"),
        ("as_resource=ignore;default_audience=refuse", "resource_server.audience_is_this_resource"),
        ("as_resource=generalise;echo=req", "client.echo_confirms_request"),
        ("as_resource=ignore;echo=req", "client.echo_confirms_request"),
        ("as_echo=no;echo=req", "client.echo_confirms_request"),
        ("as_resource=reject", "authorization_server.resource_is_acceptable"),
    ],
)
def test_a_token_for_something_else_fails_where_that_is_noticed(does, rule, checker):
    """At the resource without the echo, at the client with it, at the AS where that refuses; never without a name."""
    verdict = checker.verdict("FC", parse(does))
    # That the client reads what the echo says is a rule as well.
    assert (verdict.result, {*verdict.blocked_by} - {"client.echo_is_read"}) == ("not_reached", {rule})


def test_a_resource_server_that_takes_no_default_audience_has_nothing_to_fear_from_a_counterfeit(checker):
    """Tokens of an AS that ignores `resource` are good everywhere only where they are taken."""
    assert checker.result("TC", parse("cap=mal_rs;as_resource=ignore")) == "attack"
    assert checker.result("TC", parse("cap=mal_rs;as_resource=ignore;default_audience=refuse")) == "safe"


def test_a_client_that_reads_no_metadata_of_resources_is_sent_to_no_stranger(reach) -> None:
    """Its servers are configured: no resource vouches for one that it then starts a flow at."""
    assert reach.verdict("AA", parse("cap=mal_as")) == "attack"
    assert reach.verdict("AA", parse("cap=mal_as+mal_rs;prm=off")) == "safe"


@pytest.mark.parametrize("policy", ["prm", "metadata", "always"])
def test_a_resource_that_demands_bound_tokens_gets_them_from_who_reads_that_it_does(reach, policy) -> None:
    """Its metadata says so, and so does that of the AS, which makes them."""
    assert reach.verdict("FC", parse(f"dpop=token;dpop_policy={policy};as_dpop=honor;r_requires_dpop=yes")) == "reached"


def test_a_client_with_an_assertion_gets_to_a_stranger_without_a_browser(reach) -> None:
    assert reach.verdict("FC", parse("grant=id_jag")) == "reached"
