"""What verdicts rest on stands up to programs that share nothing with our solver; what was tampered with does not."""

import random
import shutil
import sys
from dataclasses import replace
from functools import cache

import pytest

from model.design import parse
from openworld.certificates import read, write
from properties import certificate
from properties.certificate import CertificateError, certify, findings
from properties.engine import Answer
from properties.proofs import CHECKER, PROVER, NoEndError, ProofError, prove, run
from properties.security import PROPERTIES
from properties.solver import Solver
from properties.verdict import check

MISSING = [program for program in (PROVER, CHECKER) if shutil.which(program) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

SAFE = "CD cap=mal_as;iss_check=require"
#: What is claimed where all runs are laid down, and where an invariant is found first.
BOUND, INVARIANT = {"excluded", "complete"}, {"begins", "kept", "excluded"}
#: One question for each kind of answer, and the claims for which there is evidence.
ANSWERS = {
    SAFE: ("safe", INVARIANT | {"possible"}),
    "AZ world=crm_then_billing;cap=mal_as+mal_rs;grant=id_jag": ("safe", INVARIANT | {"possible"}),
    "AZ design=aauth;cap=mal_rs": ("safe", BOUND | {"possible"}),
    "FC api=multi_path": ("not_reached", BOUND),
    "CI cap=mal_rs": ("not_in_this_world", INVARIANT),
    "CD cap=mal_as;pkce=off;pkce_as=required": ("not_in_this_world", INVARIANT),
    "DC world=default;cap=mal_as": ("not_in_this_world", set()),
    "CD cap=mal_as;iss_check=off": ("attack", set()),
    "FC cap=none": ("reached", set()),
}


#: Those that are asked where there is little time.
QUICK = (SAFE, "AZ design=aauth;cap=mal_rs", "FC api=multi_path", "DC world=default;cap=mal_as", "FC cap=none")


@cache
def answered(question):
    """The verdict on a question such as those above."""
    code, _, configuration = question.partition(" ")
    return check(code, parse(configuration))


@cache
def certified(question):
    """The evidence for it."""
    return certify(answered(question))


def looked_at(made, **other):
    """What is found of a certificate, or of one that says otherwise about the same clauses."""
    stored = made.statement() if made.trace is None else None
    return list(findings(replace(made, **other), stored))


@pytest.mark.parametrize(
    "question", [pytest.param(each, marks=[] if each in QUICK else [pytest.mark.slow]) for each in ANSWERS]
)
def test_what_is_answered_has_evidence(question):
    """Each kind of answer has its own, and all of it is found to be so."""
    found, made = answered(question), certified(question)
    result, claims = ANSWERS[question]
    assert (found.result, made.shown.keys()) == (result, claims)
    seen = looked_at(made)
    assert seen
    assert all(each.holds for each in seen)


def test_an_invariant_is_read_as_it_was_written(tmp_path):
    """All that is claimed of it is found to be so of the file as well."""
    made = certified(SAFE)
    write(made, tmp_path / "made.zip")
    stored, statement = read(tmp_path / "made.zip")
    assert statement == made.statement() == stored.statement()
    assert all(each.holds for each in findings(stored, statement))


def test_an_invariant_that_is_none_has_no_proof():
    """One that lacks parts does not exclude the event, one that rules out how runs begin does not hold at first."""
    made = certified("RB cap=code_leak")

    def possible(invariant):
        anew = replace(made, invariant=tuple(invariant)).statement()
        solver = Solver(list(anew.clauses), anew.top)
        return {claim.name for claim in anew.claims if solver.check(claim.assumptions) is Answer.SAT}

    assert possible(made.invariant) == set()
    assert possible(made.invariant[:1]) & {"kept", "excluded"}
    assert "begins" in possible([frozenset((name, value, not has) for name, value, has in made.invariant[0])])
    with pytest.raises(CertificateError, match="which the world has not"):
        replace(made, invariant=(frozenset({("nothing", True, True)}),)).statement()


def test_what_is_not_known_has_none():
    """There is nothing to write down."""
    unknown = replace(answered(SAFE), result="unknown", reason="out of time")
    with pytest.raises(CertificateError, match="out of time"):
        certify(unknown)


@pytest.mark.parametrize(("question", "claim"), [("AZ design=aauth;cap=mal_rs", "complete"), (SAFE, "kept")])
def test_a_proof_of_something_else_is_refuted(question, claim):
    """Of nothing, of another claim, or by what does not hold."""
    made = certified(question)
    says = {each.name: each.says for each in made.statement().claims}
    for name, shown in ((claim, b""), (claim, made.shown["excluded"]), ("possible", (1,))):
        refuted = [each.says for each in looked_at(made, shown={**made.shown, name: shown}) if not each.holds]
        assert refuted == [says[name]]


def test_what_is_said_to_be_safe_is_asked_to_be_of_use(monkeypatch):
    """A check of a certificate asks whether honest parties can use the design; if not, it is not safe."""
    made = certified(SAFE)
    monkeypatch.setattr(certificate, "usable", lambda *_, **__: False)
    assert [each.says for each in looked_at(made) if not each.holds] == ["honest parties can use the design"]


@pytest.mark.slow
def test_evidence_for_another_question_is_refuted():
    """Proofs are right, and not about what is said."""
    made = certified(SAFE)
    for other in (
        {"configuration": parse("cap=mal_as;iss_check=off")},
        {"property": PROPERTIES["authorization"]},
        {"ruled": False},
        {"sweeps": made.sweeps + 1},
        {"result": "not_in_this_world"},
    ):
        first, *others = looked_at(made, **other)
        proofs = [each for each in others if each.how == "every clause holds" or CHECKER in each.how]
        assert not first.holds, other
        assert proofs, other
        assert all(each.holds for each in proofs), other


def test_a_run_that_shows_something_else_is_refuted():
    """A trace is replayed, for the property and the configuration that it is said to be about."""
    made = certified("CD cap=mal_as;iss_check=off")
    assert not looked_at(made, property=PROPERTIES["authorization"])[0].holds
    assert not looked_at(made, configuration=parse("cap=mal_as"))[0].holds


def test_literals_say_what_they_stand_for():
    """Rules, what is done in which sweep with which choices, and how things stand afterwards."""
    found = answered(SAFE)
    statement = certified(SAFE).statement()
    said = {words for each in statement.meaning.values() for words in each}
    for words in (
        *(f"rule {name} is enforced" for name in found.blocked_by),
        "in sweep 1 client.request_resource[victim]",
        "after sweep 2 victim.phase is requested",
        "code_delivery has happened",
    ):
        assert words in said
    assert any("if at all, with authorization_at=https://as.example" in words for words in said)
    assert set(statement.meaning) <= {abs(literal) for literal in statement.clauses}


def test_clauses_that_can_hold_have_no_proof():
    """The prover says so, and nothing is written."""
    with pytest.raises(ProofError, match="it can hold"):
        prove("p cnf 1 1\n1 0\n")


def test_a_program_that_comes_to_no_end_is_stopped():
    """After so much work of its own, however long that takes."""
    with pytest.raises(NoEndError, match="in 1 s"):
        run([sys.executable, "-c", "while True: pass"], 1)


@pytest.mark.slow
def test_two_hundred_answers_have_evidence(sample):
    """Random designs and attackers; what happens is replayed, what does not is proved."""
    rng = random.Random(41)
    seen = dict.fromkeys(("safe", "attack", "not_in_this_world"), 0)
    while sum(seen.values()) < 200:
        prop = rng.choice([prop for prop in PROPERTIES.values() if prop.kind == "security"])
        found = check(prop, sample(rng, 0.1))
        if found.result in seen and prop.defined(found.world):
            assert all(each.holds for each in looked_at(certify(found))), (prop.code, str(found.configuration))
            seen[found.result] += 1
    assert all(seen.values())
