"""Answers do not depend on what else was asked: which run is told, and which rules, is always the same."""

import random
from itertools import combinations

import pytest

from model.design import parse
from properties.checker import Checker
from properties.minimal import preferred
from properties.security import find
from properties.shortest import confirm
from properties.verdict import check

QUESTIONS = [
    ("code_delivery", "cap=mal_as;iss_check=off"),
    ("authorization", "cap=mal_as;design=rfc6749"),
    ("token_confinement", "cap=mal_tenant;prm=prefix;audience_check=prefix"),
    ("session_integrity", "cap=mal_as;md_issuer_check=off;h_iss=no"),
    ("sender_constraint", "cap=mal_rs;as_resource=ignore;dpop=token;rs_htu=off"),
    ("client_identity", "cap=domain_takeover"),
    ("first_contact", "cap=none;design=mcp"),
    ("code_delivery", "cap=mal_as"),
    ("authorization", "cap=code_leak;design=oauth21"),
    ("session_integrity", "cap=web"),
]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("name", "text"), [*QUESTIONS[::2], *(pytest.param(*each, marks=pytest.mark.slow) for each in QUESTIONS[1::2])]
)
def test_an_answer_is_the_same_in_any_company(name, text, checker):
    """Alone, among all designs with others asked before, and where one design is laid down."""
    configuration = parse(text)
    verdicts = [
        check(name, configuration),
        checker.verdict(name, configuration),
        Checker(by_design=True).verdict(name, configuration),
    ]
    assert len({verdict.trace and verdict.trace.steps for verdict in verdicts}) == 1
    assert len({verdict.blocked_by for verdict in verdicts}) == 1
    if verdicts[0].trace is not None:
        confirm(verdicts[0].trace, find(name))


def test_values_are_the_plainest_that_do():
    """A tenant's document that names its neighbour does it without another spelling, since that does as well."""
    trace = check("token_confinement", parse("cap=mal_tenant;prm=prefix;audience_check=prefix")).trace
    (published,) = [dict(step.choices) for step in trace.steps if step.action.startswith("attacker.publish_resource")]
    assert published["resource"] == "https://shared.example/"


@pytest.mark.slow
@pytest.mark.parametrize("timeout", [0.01, 0.1, 0.3, 1.0])
def test_a_trace_that_takes_long_to_show_shortest_is_told_in_time(timeout):
    """Where the time ends on the way, a run is told, or that nothing is known; it is confirmed all the same."""
    configuration = parse("cap=mal_as;iss_check=off;par=required;client_auth=pkjwt;state=off;per_as_redirect=off")
    verdict = Checker(timeout=timeout).verdict("authorization", configuration)
    assert verdict.result in ("attack", "unknown")
    if verdict.trace is not None:
        confirm(verdict.trace, find("authorization"))


@pytest.mark.parametrize("seed", range(20))
def test_there_is_one_preferred_set_whatever_is_found_out(seed):
    """The least set, without the last candidates if it can be, whichever contradiction is seen first."""
    rng = random.Random(seed)
    candidates = list(range(8))
    contradictions = [frozenset(rng.sample(candidates, rng.randint(1, 4))) for _ in range(4)]

    def refute(kept, pick):
        seen = [one for one in contradictions if one.issubset(kept)]
        return pick(seen) if seen else None

    found = {
        tuple(preferred(candidates, known, lambda kept, pick=pick: refute(kept, pick))[0])
        for known in (candidates, *contradictions)
        for pick in (lambda seen: seen[0], lambda seen: seen[-1], lambda seen: frozenset().union(*seen))
    }
    least = [
        subset
        for size in range(9)
        for subset in combinations(candidates, size)
        if refute(subset, lambda seen: seen[0]) is not None
        and not any(refute([one for one in subset if one != left], lambda seen: seen[0]) for left in subset)
    ]
    assert found == {min(least, key=lambda subset: [candidate in subset for candidate in reversed(candidates)])}
