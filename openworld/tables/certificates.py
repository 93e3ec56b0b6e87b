"""Many answers with their evidence: runs are replayed, and proofs made and checked by other programs."""

from collections.abc import Mapping
from contextlib import closing
from itertools import groupby
from typing import Any, NamedTuple

from model.design import parse
from model.model import Model, oauth
from model.world_file import DEFAULT, WORLDS, find_world
from openworld.jobs import Question
from openworld.plan import Selection, StudyPlan
from openworld.study_tables import NAME, RUN, TEXT, VERDICT, Shape
from openworld.tables import verdicts
from openworld.tables.table import Lot, Made, Rows, StudyTable
from properties.bounds import Clock
from properties.certificate import CertificateError, bound_of, certify, findings
from properties.proofs import ProofError, dimacs, is_proof, prove
from properties.template import Template
from properties.verdict import check
from simulations.processes import in_order

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
        sweeps, statement = bound_of(template, Clock(work=PATIENCE))
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


# --- the tables --------------------------------------------------------------------------------------------

_WORLDS = Selection("worlds", lambda _: WORLDS, (DEFAULT.name,))
#: Whether the evidence stands up, and why not.
_CERTIFIED: dict[str, Any] = {"certified": {"title": "answer", "enum": ["yes", "no"]}, "why": TEXT, **RUN}


def _certify(plan: StudyPlan, found: Mapping[str, Rows], units: list[str]) -> Made:
    """Have others prove and check what was found not to happen."""
    asked = {case.key: case.configuration for case in verdicts.cases(plan.designs, plan.attackers, plan.model)}
    excluded = {(row["property"], row["configuration"]) for row in found["verdicts"] if not row["steps"]}
    questions = [
        Question(key[0], text, plan.timeout, plan.model) for key, text in asked.items() if (key[0], text) in excluded
    ]
    yield Lot(units[0], list(in_order(looked_into, questions, plan.workers)))


def _bound(plan: StudyPlan, _: Mapping[str, Rows], worlds: list[str]) -> Made:
    """Have others prove and check how long runs are."""
    asked = [Runs(world, design, plan.model) for world in worlds for design in plan.designs]
    with closing(in_order(bounded, asked, plan.workers)) as rows:
        yield from (Lot(world, list(lot)) for world, lot in groupby(rows, key=lambda row: str(row["world"])))


def _share(rows: Rows, what: str) -> str:
    return f"{sum(row['certified'] == 'yes' for row in rows)} of {len(rows)} {what}"


CERTIFICATES = StudyTable(
    "certificates",
    units=lambda _: ["certificates"],
    made=_certify,
    cost=lambda _: 600.0,
    shape=Shape(("property", "configuration"), {
        "property": NAME, "configuration": NAME, "world": NAME, "verdict": VERDICT,
        **dict.fromkeys(("sweeps", "clauses", "proofs"), TEXT), **_CERTIFIED,
    }),
    about=lambda rows: {"checked by others": _share(rows, "answers that something does not happen")},
)  # fmt: skip
BOUNDS = StudyTable(
    "bounds",
    units=lambda plan: plan.taken(_WORLDS),
    choices=(_WORLDS,),
    made=_bound,
    cost=lambda _: 60.0,
    shape=Shape(("world", "design"), {
        "world": NAME, "design": NAME, **dict.fromkeys(("sweeps", "clauses", "proof"), TEXT), **_CERTIFIED,
    }),
    about=lambda rows: {
        "bounds checked by others": _share(rows, "worlds under a design, of how long their runs are"),
    },
)  # fmt: skip
