"""Outcomes in the Static Analysis Results Interchange Format.

Each property is a rule, each expectation that is not met a result at its line in the file of expectations; the
steps of an attack are its code flow.

References:
    Static Analysis Results Interchange Format (SARIF) Version 2.1.0, OASIS Standard, errata 01.
"""

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from model.protocols import rules
from model.wire import arrows
from openworld.check import Checked, path_in_repository
from properties.security import Property, every_property

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


#: Kind and level of what is not as expected; only what fails has a level (sections 3.27.9 and 3.27.10).
_KINDS = {
    "flipped": ("fail", "error"),
    "without its text": ("fail", "error"),
    "inconclusive": ("open", "none"),
    "not in this world": ("notApplicable", "none"),
}


def log(outcomes: Iterable[Checked], exit_code: int) -> dict[str, Any]:
    """The log of one run that ended with this exit code; only what is not as expected is a result (section 3.27)."""
    unmet = [outcome for outcome in outcomes if outcome.status != "as expected"]
    every = every_property(unmet[0].expectation.model) if unmet else {}
    judged = [prop for prop in every.values() if any(outcome.verdict.property is prop for outcome in unmet)]
    driver = {"name": "openworld", "version": version("openworld"), "rules": [_rule(prop) for prop in judged]}
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "exitCode": exit_code}],
        "columnKind": "unicodeCodePoints",
        "results": [_result(outcome, judged.index(outcome.verdict.property)) for outcome in unmet],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(prop: Property) -> dict[str, Any]:
    return {
        "id": prop.name,
        "shortDescription": {"text": prop.meaning},
        "properties": {"kind": prop.kind, "code": prop.code},
    }


def _result(outcome: Checked, rule: int) -> dict[str, Any]:
    asked = outcome.expectation
    kind, level = _KINDS[outcome.status]
    said = f"{asked.property} {asked.configuration} {asked.expected}"
    result: dict[str, Any] = {
        "ruleId": asked.property,
        "ruleIndex": rule,
        "kind": kind,
        "level": level,
        "message": {"text": _message(outcome)},
        "locations": [_location(outcome)],
        "partialFingerprints": {"expectation/v1": hashlib.sha256(said.encode()).hexdigest()},
        "properties": {"configuration": asked.configuration, "expected": outcome.expected, "found": outcome.found},
    }
    if outcome.verdict.trace is not None:
        steps = [
            {"executionOrder": place, "location": _location(outcome, f"{message.step}. {message.label}")}
            for place, message in enumerate(arrows(outcome.verdict.trace), 1)
        ]
        result["codeFlows"] = [{"message": {"text": outcome.found}, "threadFlows": [{"locations": steps}]}]
    return result


def _message(outcome: Checked) -> str:
    known = rules(outcome.expectation.model)
    blocking = [f"{name} ({known[name].source})" for name in outcome.verdict.blocked_by]
    sentences = [
        f"{outcome.headline}: {outcome.difference}.",
        f"Expected because {outcome.expectation.because}." if outcome.expectation.because else "",
        f"Blocked by {', '.join(blocking)}." if blocking else "",
        f"To see it: {outcome.command}",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _location(outcome: Checked, words: str = "") -> dict[str, Any]:
    place = outcome.expectation.place
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(outcome)},
            "region": {"startLine": place.line, "startColumn": place.column, "endColumn": place.column + place.length},
        }
    }
    return location | ({"message": {"text": words}} if words else {})


def _uri(outcome: Checked) -> str:
    path = PurePath(path_in_repository(outcome.expectation.file))
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
