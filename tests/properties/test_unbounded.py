"""A prover of any number of sessions is given the model, all of it, and no more is claimed than it proves."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from several import Coverage
from walks import walk

from model.design import parse
from model.world_file import WORLDS
from openworld.cli import main
from properties import unbounded
from properties.applied_pi import applied_pi
from properties.prover import PROVER, Answers
from properties.security import PROPERTIES, find
from properties.unbounded import any_number
from properties.verdict import check, judged

needs_prover = pytest.mark.skipif(shutil.which(PROVER) is None, reason=f"not installed: {PROVER}")
DATA = Path(__file__).parent / "data"

SAFE, ATTACK = "CD cap=mal_as;iss_check=require", "CD cap=mal_as;iss_check=off"
#: One question in each of some worlds.
QUESTIONS = (
    SAFE, "AZ cap=mal_rs+mal_as;rt_pin=off", "CB world=two_clients;cap=code_leak;pkce=off",
    "AZ world=proxy;cap=mal_client",
    "DC world=delegation;cap=mal_sub_agent", "TC world=tenants;cap=mal_tenant;prm=prefix",
    "SI world=two_users_sessions;cap=web", "AZ world=aauth_and_oauth;cap=mal_rs", "CX world=crm_then_billing;cap=none",
)  # fmt: skip
SMALLEST = "DI world=aauth_chain;cap=mal_rs"
#: Small enough to be read as a whole.
ON_FILE = {"aauth_chain": SMALLEST, "proxy": "FC world=proxy;cap=none"}


def process(question, named=True, **how):
    """The process of a question such as those above."""
    code, _, text = question.partition(" ")
    prop, configuration = find(code), parse(text)
    return applied_pi(prop.world_of(configuration), judged(prop, configuration), prop, named, **how)


@pytest.mark.parametrize("name", ON_FILE)
def test_process_is_that_on_file(name, tmp_path):
    """Whoever changes what the prover is told sees it."""
    code, _, text = ON_FILE[name].partition(" ")
    done = CliRunner().invoke(main, ["export", "proverif", code, text, "-o", str(tmp_path / "question.pv")])
    assert (done.exit_code, done.output) == (0, "")
    assert (tmp_path / "question.pv").read_bytes() == (DATA / f"{name}.pv").read_bytes()


@pytest.mark.parametrize(
    "question", [SMALLEST, *(pytest.param(each, marks=pytest.mark.slow) for each in QUESTIONS)]
)
def test_all_that_happens_is_said(question):
    """Whatever the machine does with three sessions and grants of each kind, clauses read with two of each say."""
    covered, chance, seen = Coverage(question), random.Random(5), 0
    for _ in range(12):
        states, taken = walk(covered.machine, chance, 40)
        for before, step, after in zip(states, taken, states[1:], strict=False):
            assert not list(covered.missed(before, step, after))
            seen += 1
    assert seen > 50


@needs_prover
@pytest.mark.parametrize(
    ("question", "event"), [(SAFE, "never"), (ATTACK, "derived"), ("CB world=two_clients;cap=code_leak", "never")]
)
def test_prover_agrees_for_any_number(question, event):
    """What is safe is proved, what is an attack is derived, and honest parties get somewhere in both."""
    code, _, text = question.partition(" ")
    found = any_number(check(code, parse(text)))
    assert (found.event, found.runs, found.standing) == (event, "derived", "agree")


@needs_prover
def test_nothing_is_a_process():
    """Where no step has to do with the question there is nothing in the process, and nothing happens in it."""
    nowhere = unbounded.ask(process("FC world=crm_then_billing;prm=off;cap=none"))
    assert nowhere.events == {"first_contact": "never"}


@pytest.mark.parametrize(
    ("question", "event", "standing", "code"),
    [(ATTACK, "never", "differ", 1), (ATTACK, "derived", "agree", 0), (ATTACK, "unknown", "open", 3),
     (SAFE, "never", "agree", 0), (SAFE, "derived", "open", 3), (SAFE, "unknown", "open", 3)],
)  # fmt: skip
def test_both_answers_are_told_apart(monkeypatch, question, event, standing, code):
    """A proof beside an attack is an error; a derivation beside a safe answer is not known to be one."""
    name, _, text = question.partition(" ")
    said = Answers({"code_delivery": event, "first_contact": "derived"}, "")
    monkeypatch.setattr(unbounded, "ask", lambda *_: said)
    monkeypatch.setattr("properties.proofs.require", lambda *_, **__: None)
    done = CliRunner().invoke(main, ["prove", name, text, "--json"])
    assert done.exit_code == code
    assert f'"standing": "{standing}"' in done.output


def test_without_prover_it_is_one_line(monkeypatch):
    """It says what is missing and where it is; nothing is computed before."""
    monkeypatch.setenv("PATH", "")
    ended = CliRunner().invoke(main, ["prove", "CD", "cap=mal_as"])
    assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (3, "", 1)
    assert "proverif is not installed: opam has it" in ended.stderr


def drawn(number, seed=20261127):
    """Questions about all worlds, drawn at random."""
    chance = random.Random(seed)
    for _ in range(number):
        world = chance.choice(sorted(WORLDS))
        prop = chance.choice([each for each in PROPERTIES.values() if each.defined(WORLDS[world])])
        yield prop, world, chance


@needs_prover
@pytest.mark.slow
def test_both_agree_on_questions_drawn_at_random(sample):
    """Of 500 none is answered differently; nine of ten agree at least."""
    standings = Counter()
    for prop, world, chance in drawn(500):
        configuration = replace(sample(chance), world=world)
        found = any_number(check(prop, configuration, timeout=120), timeout=60)
        standings[found.standing] += 1
        assert found.standing != "differ", (prop.code, str(configuration))
    print(dict(standings))
    assert standings["agree"] >= 450
