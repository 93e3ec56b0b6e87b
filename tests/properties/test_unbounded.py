"""A prover of any number of sessions is given the model, all of it, and no more is claimed than it proves."""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from contextlib import closing, suppress
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner
from several import Coverage
from walks import sampled_walk, walk

from benchmarks.agreement import differs, drawn, proved, solved, standing
from model.design import parse
from model.protocols import variables
from model.world import _COMPARATORS
from model.world_file import WORLDS
from openworld.cli import main
from properties import unbounded
from properties.applied_pi import applied_pi
from properties.instances import Instances
from properties.proofs import NoEndError
from properties.prover import PROVER, ProverAnswers
from properties.security import find
from properties.unbounded import any_number
from properties.verdict import check, judged
from simulations.processes import cores, in_order

needs_prover = pytest.mark.skipif(shutil.which(PROVER) is None, reason=f"not installed: {PROVER}")
DATA = Path(__file__).parent / "data"

SAFE, ATTACK = (f"DP cap=mal_client;reg=dcr;upstream_client=static;per_client_consent={how}" for how in ("on", "off"))
#: One question in each of some worlds.
QUESTIONS = (
    "CD cap=mal_as;iss_check=require", "AZ cap=mal_rs+mal_as;rt_pin=off", "CB world=two_clients;cap=code_leak;pkce=off",
    "AZ world=proxy;cap=mal_client",
    "DC world=delegation;cap=mal_sub_agent", "TC world=tenants;cap=mal_tenant;prm=prefix",
    "SI world=two_users_sessions;cap=web", "AZ world=aauth_and_oauth;cap=mal_rs", "CX world=crm_then_billing;cap=none",
)  # fmt: skip
SMALLEST = "DI world=aauth_chain;cap=mal_rs"
#: Small enough to be read as a whole.
ON_FILE = {"aauth_chain": SMALLEST, "proxy": "FC world=proxy;cap=none"}


def process(question):
    """The process of a question such as those above."""
    code, _, text = question.partition(" ")
    prop, configuration = find(code), parse(text)
    return applied_pi(prop.world_of(configuration), judged(prop, configuration), prop)


@pytest.mark.parametrize("name", ON_FILE)
def test_process_is_that_on_file(name, tmp_path, on_file):
    """Whoever changes what the prover is told sees it."""
    code, _, text = ON_FILE[name].partition(" ")
    done = CliRunner().invoke(main, ["export", "proverif", code, text, "-o", str(tmp_path / "question.pv")])
    assert (done.exit_code, done.output) == (0, "")
    on_file(DATA / f"{name}.pv", (tmp_path / "question.pv").read_bytes())


@pytest.mark.parametrize("question", [SMALLEST, *(pytest.param(each, marks=pytest.mark.slow) for each in QUESTIONS)])
def test_all_that_happens_is_said(question):
    """Whatever the machine does with three sessions and grants of each kind, clauses read with two of each say."""
    covered, chance, seen = Coverage(question), random.Random(5), 0
    for _ in range(12):
        states, taken = walk(covered.machine, chance, 40)
        for before, step, after in zip(states, taken, states[1:], strict=False):
            assert not list(covered.missed(before, step, after))
            seen += 1
    assert seen > 50


#: With all that lets one AS meet another in one session: several issuers, endpoints, keys, identities, audiences.
AMONG_SERVERS = (
    "CD cap=mal_as+mal_rs;md_issuer_check=off;iss_check=off;prm=unchecked",
    "AZ cap=mal_as+mal_client+token_leak+lure;per_as_redirect=on;cimd_docs=per_as;client_auth=pkjwt;mtls=bound;"
    "iss_check=off;md_issuer_check=off",
    "TC cap=mal_tenant+mal_rs+mal_as+lure+code_leak;prm=prefix;audience_check=prefix;dpop=token;client_auth=pkjwt;"
    "assertion_aud=token_ep;par=on;iss_check=off;md_issuer_check=off;pkce=off;pkce_as=lax",
    "AZ world=crm_then_billing;cap=mal_rs+mal_as;grant=id_jag;vouch_for=any;grant_trust=any",
    "DP world=proxy;cap=mal_client+lure;reg=dcr;upstream_client=static",
    "TC world=tenants;cap=mal_tenant+mal_as;prm=prefix;iss_check=off",
)


@pytest.mark.parametrize(
    ("question", "steps"),
    [(ON_FILE["proxy"], 20), *(pytest.param(each, 200, marks=pytest.mark.slow) for each in AMONG_SERVERS)],
)
def test_all_that_happens_among_servers_is_said(question, steps):
    """The same with three copies of each domain in which two sessions and grants of each kind are."""
    covered, chance, seen = Coverage(question, number=2, servers=3), random.Random(7), 0
    assert len(covered.instances.world.servers) == 3 * len(covered.instances.one.servers)
    while seen < steps:
        states, taken = sampled_walk(covered.machine, chance, 30)
        for before, step, after in zip(states, taken, states[1:], strict=False):
            assert not list(covered.missed(before, step, after))
            seen += 1


@pytest.mark.parametrize("name", WORLDS)
def test_copies_are_what_there_was_one_of(name):
    """Whatever a world has of one domain it has of each copy, and no comparison of URLs takes one for another."""
    one, several = Instances(WORLDS[name], 1), Instances(WORLDS[name], 1, 3)

    def said(instances):
        """Each variable with its domain, without what copies are called."""
        found = defaultdict(set)
        for variable in variables(instances.world):
            found[family(instances, variable.name)] |= {family(instances, value) for value in variable.domain}
        return found

    def family(instances, value):
        term = instances.term(value)
        return term.family if term else value

    assert said(several) == said(one)
    of = {url: set(term.of) for url in several.world.resources if (term := several.term(url))}
    for left, right in product(of, repeat=2):
        assert of[left] == of[right] or not any(same(left, right) for same in _COMPARATORS)


@needs_prover
@pytest.mark.parametrize(
    ("question", "event"),
    [
        (SAFE, "never"),
        (ATTACK, "derived"),
        *(
            pytest.param(each, "never", marks=pytest.mark.slow)
            for each in ("CD cap=mal_as;iss_check=require", "CB world=two_clients;cap=code_leak")
        ),
    ],
)
def test_prover_agrees_for_any_number(question, event):
    """What is safe is proved, what is an attack is derived, and honest parties get somewhere in both."""
    code, _, text = question.partition(" ")
    found = any_number(check(code, parse(text)))
    assert (found.servers, found.event, found.runs, found.standing) == (True, event, "derived", "agree")


@needs_prover
@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_processes_can_be_read(question):
    """Whatever values, facts and rows of a world are called; whether the prover comes to an end is another matter."""
    with suppress(NoEndError):
        assert unbounded.ask(process(question), timeout=5).events


@needs_prover
def test_nothing_is_a_process():
    """Where no step has to do with the question there is nothing in the process, and nothing happens in it."""
    nowhere = unbounded.ask(process("FC world=crm_then_billing;prm=off;cap=none"))
    assert nowhere.events == {"first_contact": "never"}


@pytest.mark.parametrize(
    ("question", "event", "standing", "code"),
    [
        (ATTACK, "never", "differ", 1),
        (ATTACK, "derived", "agree", 0),
        (ATTACK, "unknown", "open", 3),
        (SAFE, "never", "agree", 0),
        (SAFE, "derived", "open", 3),
        (SAFE, "unknown", "open", 3),
    ],
)
def test_both_answers_are_told_apart(monkeypatch, question, event, standing, code):
    """A proof beside an attack is an error; a derivation beside a safe answer is not known to be one."""
    name, _, text = question.partition(" ")
    said = ProverAnswers({"deputy_integrity": event, "first_contact": "derived"}, "")
    monkeypatch.setattr(unbounded, "ask", lambda *_: said)
    monkeypatch.setattr("openworld.commands.unbounded.require", lambda *_, **__: None)
    done = CliRunner().invoke(main, ["prove", name, text, "--json"])
    assert done.exit_code == code
    assert f'"standing": "{standing}"' in done.output


def test_how_far_a_proof_goes_is_told(monkeypatch):
    """What is proved of the AS of a world alone is not said of any number of them."""
    code, _, text = SAFE.partition(" ")
    verdict = check(code, parse(text))

    def answered(asked, *_):
        several = "together" in asked.partition("*)")[0]
        return ProverAnswers({"deputy_integrity": "derived" if several else "never", "first_contact": "derived"}, "")

    monkeypatch.setattr(unbounded, "ask", answered)
    found = any_number(verdict)
    assert (found.event, found.servers, found.any_servers) == ("never", False, "derived")
    said = "any number of the world's sessions and grants, by ProVerif; for any number of AS it derives it"
    assert found.reach == said


def test_without_prover_it_is_one_line(monkeypatch):
    """It says what is missing and where it is; nothing is computed before."""
    monkeypatch.setenv("PATH", "")
    ended = CliRunner().invoke(main, ["prove", "CD", "cap=mal_as"])
    assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (3, "", 1)
    assert "proverif is not installed: opam has it" in ended.stderr


@needs_prover
@pytest.mark.parametrize("worlds", [("aauth_chain",), pytest.param(tuple(WORLDS), marks=pytest.mark.slow)])
def test_nothing_that_happens_is_proved_never_to(worlds):
    """Of 500 questions drawn at random those about these worlds; most of what happens is derived."""
    asked = [(code, configuration) for code, configuration in drawn(500) if configuration.world in worlds]
    happens = [question for question in solved(asked) if question.happens]
    assert {parse(question.configuration).world for question in happens} == set(worlds)
    with closing(in_order(proved, happens, cores() if len(happens) > 20 else 1)) as answers:
        said = list(zip(happens, answers, strict=True))
    assert [question for question, answer in said if differs(question, answer)] == []
    derived = sum(standing(question, answer) == "derived" for question, answer in said)
    assert derived >= 0.9 * len(happens)
