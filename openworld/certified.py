"""Many answers with their evidence: runs are replayed, and proofs made and checked by other programs."""

from __future__ import annotations

from typing import Any, NamedTuple

from model.design import parse
from model.model import Model, oauth
from model.world_file import find_world
from openworld.jobs import Question
from properties.bounds import Clock
from properties.certificate import CertificateError, bound_of, certify, findings
from properties.proofs import ProofError, dimacs, is_proof, prove
from properties.template import Template
from properties.verdict import check

#: Seconds of work to find out how long the runs of a world are, and as many to prove that.
PATIENCE = 300.0


class Runs(NamedTuple):
    """The runs of a world under a design, whatever the attacker can do."""

    world: str
    design: str
    model: Model = oauth()


def looked_into(question: Question) -> dict[str, Any]:
    """An answer, whether its evidence stands up, and what that is made of: sweeps, clauses, and proofs in bytes."""
    found = check(*question.read(), timeout=question.timeout)
    row = {
        "property": found.property.name,
        "configuration": str(found.configuration),
        "world": found.world.name,
        "verdict": found.result,
        "sweeps": "",
        "clauses": "",
        "proofs": "",
        "certified": "no",
        "why": "",
    }
    try:
        made = certify(found, question.timeout)
        statement = made.statement() if made.trace is None else None
        wrong = [each.says for each in findings(made, statement, question.timeout) if not each.holds]
    except (CertificateError, ProofError) as error:
        return row | {"why": str(error)}
    return row | {
        "sweeps": made.sweeps,
        "clauses": statement.clauses.count(0) if statement else 0,
        "proofs": sum(len(shown) for shown in made.shown.values() if isinstance(shown, bytes)),
        "certified": "no" if wrong else "yes",
        "why": "; ".join(wrong),
    }


def bounded(asked: Runs) -> dict[str, Any]:
    """How many sweeps runs have at most, and whether that is proved and checked."""
    row: dict[str, Any] = {
        "world": asked.world,
        "design": asked.design,
        "sweeps": "",
        "clauses": "",
        "proof": "",
        "certified": "no",
        "why": "",
    }
    try:
        template = Template(find_world(asked.world, asked.model), parse(f"design={asked.design}", asked.model).design)
        sweeps, statement = bound_of(template, Clock(effort=PATIENCE))
        (claim,) = statement.claims
        formula = dimacs(statement.clauses, statement.top, claim.assumptions)
        proof = prove(formula, PATIENCE)
    except (CertificateError, ProofError) as error:
        return row | {"why": str(error)}
    true = is_proof(formula, proof)
    return row | {
        "sweeps": sweeps,
        "clauses": statement.clauses.count(0),
        "proof": len(proof),
        "certified": "yes" if true else "no",
        "why": "" if true else f"refuted: {claim.says}",
    }
