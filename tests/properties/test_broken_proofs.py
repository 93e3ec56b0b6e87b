"""What makes answers of rules is held by its answers: broken in one place, it gives another one somewhere."""

import signal
from contextlib import contextmanager

import pytest
from mutants import BROKEN, mutants
from walks import PREVENTED, stays_before

from model.design import parse
from model.world_file import DEFAULT
from properties import circuit, closure, template, unroll
from properties.checker import Checker
from properties.security import find
from properties.verdict import check

MODULES = (circuit, template, unroll, closure)
MUTANTS = {str(mutant): mutant for mutant in mutants(*MODULES, changes=BROKEN)}

#: Questions of every kind: with and without an attack, of several worlds, with a switch of one party's own.
QUESTIONS = (
    "TC cap=mal_rs;as_resource=ignore",
    "AZ cap=mal_as;md_issuer_check=off",
    "SI cap=mal_as;md_issuer_check=off",
    "CD cap=code_leak+lure",
    "CB cap=mal_as+code_leak;state=off;pkce=off;pkce_as=lax",
    "AZ cap=mal_as+mal_rs;r_requires_dpop=yes",
    "FC cap=none",
    "FC cap=none;pkce=off;pkce_as=required",
    "DI cap=mal_rs;prm=off",
    "CB cap=code_leak;pkce=off;pkce_as=required",
    "SC cap=mal_rs;as_resource=ignore;dpop=token;rs_htu=off",
    "CB world=two_as;cap=mal_as;as2:h_iss=no",
    "CB world=two_as;cap=mal_as;iss_check=if_present;as:h_iss=no",
    "DP cap=mal_client+lure;reg=dcr;upstream_client=static;proxy:callback_bind=off",
    "AZ world=proxy;cap=mal_client;reg=dcr;upstream_client=static;per_client_consent=on",
    "DC world=delegation;cap=key_leak",
    "AZ design=aauth;cap=mal_rs;resource_token_check=off;auth_token_check=off",
)
#: Seconds that no answer needs.
LONG = 20.0


@contextmanager
def in_time(seconds):
    """Whoever is lost in a circle is noticed as well."""

    def late(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def answers():
    """All of the answers but how long they took, one at a time: as single questions, then as some of many."""
    many = Checker(timeout=LONG)
    for text in QUESTIONS:
        code, _, configuration = text.partition(" ")
        for verdict in (
            check(find(code), parse(configuration), timeout=LONG),
            many.verdict(find(code), parse(configuration)),
        ):
            trace = verdict.trace and verdict.trace.steps
            yield verdict.result, verdict.reach, verdict.bound, trace, verdict.blocked_by, verdict.blocked_by_minimal
    yield tuple(stays_before(template.Template(DEFAULT), *pair) for pair in PREVENTED)


@pytest.fixture(scope="module")
def sound():
    """The answers as they are."""
    return list(answers())


def noticed(sound):
    """Whether an answer is another one, or none."""
    try:
        with in_time(60):
            return any(one != other for one, other in zip(sound, answers(), strict=True))
    except Exception:  # whatever it is that a broken program does
        return True


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_no_proof_is_broken_unnoticed(name, sound, exceptions):
    """Each mutant changes an answer, or is listed with the reason why it does not."""
    with MUTANTS[name].installed():
        assert noticed(sound) == (name not in exceptions["unbroken"])


def test_listed_mutants_exist_and_are_few(exceptions):
    """At least 95 of 100 are noticed."""
    listed = exceptions["unbroken"]
    assert listed.keys() <= MUTANTS.keys()
    assert all(reason.strip() for reason in listed.values())
    assert len(listed) <= 0.05 * len(MUTANTS)
