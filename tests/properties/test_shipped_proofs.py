"""What ProVerif answers to the questions that are asked most comes with the package, and is of the model as it is."""

import csv
import datetime
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from provers import needs_prover

from model.design import parse
from openworld.cli import main
from openworld.findings.pages import pages
from openworld.tables.verdicts import cases
from properties import prover
from properties.attackers import every_attacker
from properties.checker import Checker
from properties.named_attacks import attacks
from properties.process import RUNS
from properties.prover import PROVER, Shipped, digest, shipped
from properties.questions import questions
from properties.roles import honest, roles
from properties.security import find
from properties.terms import NotCoveredError
from properties.unbounded import asked, narrowing
from simulations.processes import cores, in_order

FILE = Path(prover.__file__).parent / "data" / "proofs.csv"
HEADLINE = "CD", "cap=mal_as;iss_check=require"


def every_question():
    """Named designs under named attackers, and what findings, open questions and expected rows rest on."""
    yield from ((case.prop, parse(str(case.configuration))) for case in cases(attackers=every_attacker()))
    rows = [row.asked for page in pages().values() for row in page.rows]
    rows += [row for question in questions().values() for row in question.asked]
    yield from ((row.property, parse(row.configuration)) for row in rows)
    yield from ((row.property, row.configuration) for attack in attacks().values() for row in attack.expectations)


def processes(sample=1):
    """What the prover is given for every so manieth of them, with the event that is asked about, each once."""
    made = {}
    for prop, configuration in list(every_question())[::sample]:
        try:
            made[roles(configuration, prop), prop.name] = None
            made[honest(configuration), RUNS] = None
        except NotCoveredError:
            pass
    return list(made)


def answer(question):
    """What is shipped, or what the prover says today."""
    process, event = question
    known = shipped().get((digest(process), event))
    if known is not None:
        return known
    says = subprocess.run([PROVER, "-help"], capture_output=True, text=True, check=True).stdout
    (version,) = re.findall(r"Proverif ([\d.]+)\.", says)
    return Shipped(digest(process), event, asked(process, event).found, version, datetime.date.today().isoformat())


def without_prover(monkeypatch):
    """As if it were not installed."""
    monkeypatch.setattr(shutil, "which", lambda *_: None)


def test_headlines_are_answered_where_the_prover_is_not_installed(monkeypatch):
    """And it is said where the answer is from; what is not shipped is refused before anything is computed."""
    without_prover(monkeypatch)
    done = CliRunner().invoke(main, ["verdict", "--any-number", *HEADLINE])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "any number any number of sessions and of the attacker's servers" in said
    assert re.search(r"answered by ProVerif [\d.]+, asked on \d{4}-\d\d-\d\d; it is not installed here", said)
    done = CliRunner().invoke(main, ["verdict", "--any-number", HEADLINE[0], f"{HEADLINE[1]};par=required"])
    assert (done.exit_code, done.output.count("\n")) == (3, 1)
    assert "no answer to this question is shipped" in done.output


def test_an_answer_is_of_all_that_the_prover_was_given(monkeypatch):
    """One character more, and it is another question."""
    without_prover(monkeypatch)
    prop, process = find(HEADLINE[0]), roles(parse(HEADLINE[1]), find(HEADLINE[0]))
    assert asked(process, prop.name).found == "never"
    with pytest.raises(prover.ProofError, match="no answer to this question is shipped"):
        asked(f"{process}\n", prop.name)


def test_a_sample_of_the_questions_has_its_answers():
    """`make proofs` asks those that the model has changed, and keeps the others."""
    assert not [event for process, event in processes(200) if (digest(process), event) not in shipped()]


@pytest.mark.slow
@needs_prover
def test_all_questions_have_their_answers(on_file):
    """Each once, and none that nothing asks any more."""
    answers = sorted(in_order(answer, processes(), cores()))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(Shipped._fields)
    table.writerows(answers)
    on_file(FILE, text.getvalue())


@pytest.mark.slow
def test_the_solver_agrees_with_all_of_them():
    """Or it is known what a world leaves out, or the process. No prover has to be there for that."""
    checker, checkers, asked_about, differing = Checker(by_design=True, patience=0.0), {}, set(), []
    for prop, configuration in every_question():
        try:
            process = roles(configuration, prop)
        except NotCoveredError:
            continue
        if (process, prop.name) in asked_about:
            continue
        asked_about.add((process, prop.name))
        found, result = shipped()[digest(process), prop.name].found, checker.result(prop, configuration)
        unlike = (result == "attack") != (found == "derived")
        if unlike and not narrowing(prop, configuration, result, found, checkers):
            differing.append((prop.code, str(configuration), result, found))
    assert differing == []
    assert len(asked_about) > 400


@pytest.mark.slow
@needs_prover
def test_the_prover_says_so_again():
    """Of a sample, whatever is shipped."""
    sample = processes(20)
    assert [asked(*each).found for each in sample] == [shipped()[digest(each[0]), each[1]].found for each in sample]
