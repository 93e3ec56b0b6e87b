"""Outcomes where other tools show them: on GitHub, in SARIF, and as JUnit XML.

On GitHub these are annotations at the lines of a file, a summary of the job and one comment. In SARIF each property is
a rule, each expectation that is not met a result at its line in the file of expectations; the steps of an attack are
its code flow. JUnit has one suite for each file and one case for each expectation.

References:
    GitHub Docs: workflow commands for GitHub Actions (error and warning messages; adding a job summary); REST API,
    issue comments; variables that a runner sets.
    Static Analysis Results Interchange Format (SARIF) Version 2.1.0, OASIS Standard, errata 01.
"""

import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from http.client import HTTPException
from importlib.metadata import version
from itertools import count, groupby
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from conformance import junit
from model.errors import InputError
from model.protocols import rules
from model.wire import arrows
from openworld.check import FAILED, Checked, lines, path_in_repository, summary
from openworld.width import marked
from properties.security import Property, every_property

#: A summary of more than a megabyte is thrown away, so only so many charts go into it.
CHARTS = 50


def commands(outcomes: Sequence[Checked]) -> Iterator[str]:
    """A workflow command for each expectation that is not met."""
    for outcome in outcomes:
        if outcome.status != "as expected":
            asked, place = outcome.expectation, outcome.expectation.place
            properties = {
                "file": path_in_repository(asked.file),
                "line": place.line,
                "col": place.column,
                "endColumn": place.column + place.length,
                "title": f"{outcome.status}: {outcome.headline}",
            }
            settings = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items())
            because = f"\nexpected because {asked.because}" if asked.because else ""
            message = f"{outcome.difference}{because}\n{outcome.command}"
            yield f"::{'error' if outcome.status in FAILED else 'warning'} {settings}::{_escaped(message)}"


def _escaped(words: str, more: str = "") -> str:
    """Characters that would end a value or the command, as percent-escapes."""
    return "".join(f"%{ord(sign):02X}" if sign in "%\r\n" + more else sign for sign in words)


def markdown(outcomes: Sequence[Checked]) -> str:
    """A table of all expectations, those that are not met first, and then these with their evidence."""
    marks = {"as expected": "✓", "flipped": "✗", "without its text": "✗", "not in this world": "–", "inconclusive": "?"}
    rows = ["## openworld check", "", summary(outcomes), ""]
    rows += ["| | property | design | attacker | expected | found | where |", "|---|---|---|---|---|---|---|"]
    unmet = [outcome for outcome in outcomes if outcome.status != "as expected"]
    for outcome in [*unmet, *(outcome for outcome in outcomes if outcome.status == "as expected")]:
        asked = outcome.expectation
        cells = (
            marks[outcome.status],
            asked.property,
            asked.design or "baseline",
            asked.attacker,
            outcome.expected,
            outcome.found,
            f"{path_in_repository(asked.file)}:{asked.place.line}",
        )
        rows.append("| " + " | ".join(marked(cell) for cell in cells) + " |")
    for outcome in unmet[:CHARTS]:
        body = "\n".join(lines(outcome))
        rows += ["", f"<details><summary>{escape(outcome.headline)}</summary>", ""]
        rows.append(f"<pre>{escape(body)}</pre></details>")
    return "\n".join(rows) + "\n\n"


def put(body: str) -> str:
    """Write the one comment on a pull request: edited where it is there, which its first line says.

    Returns what was done, or why GitHub did not let it: the token of a pull request from a fork may only read.

    Raises:
        InputError: this is no runner of a pull request, or it cannot reach the API.
    """
    try:
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        number, issues = event["pull_request"]["number"], f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
        os.environ["GITHUB_API_URL"], os.environ["GITHUB_TOKEN"]
    except KeyError as error:
        raise InputError(f"--comment: no {error} here; it is for the runner of a pull request") from None
    try:
        for page in count(1):
            listed = _api("GET", f"{issues}/{number}/comments?per_page=100&page={page}")
            for one in listed:
                if one["user"]["type"] == "Bot" and (one["body"] or "").startswith(body.partition("\n")[0]):
                    return f"edited {_api('PATCH', f'{issues}/comments/' + str(one['id']), body)['html_url']}"
            if len(listed) < 100:
                break
        return f"wrote {_api('POST', f'{issues}/{number}/comments', body)['html_url']}"
    except urllib.error.HTTPError as error:
        if error.code in (401, 403, 404):
            return f"no comment: the token may not write here ({error.code}); the summary of the job has it"
        raise InputError(f"--comment: {os.environ['GITHUB_API_URL']} answers {error.code} {error.reason}") from None
    except (OSError, HTTPException) as error:
        raise InputError(f"--comment: {os.environ['GITHUB_API_URL']}: {error}") from None


def _api(method: str, path: str, body: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}", "Accept": "application/vnd.github+json"}
    data = None if body is None else json.dumps({"body": body}).encode()
    asked = urllib.request.Request(os.environ["GITHUB_API_URL"] + path, data, headers, method=method)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


# --- SARIF ------------------------------------------------------------------------------------------------

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


#: What has become of an expectation that is not met.
_RESULTS = {
    "flipped": "failure",
    "without its text": "failure",
    "inconclusive": "error",
    "not in this world": "skipped",
}


def document(outcomes: Sequence[Checked]) -> str:
    """The XML document, with evidence: what has flipped is a failure, what is not known an error.

    What is not in this world was skipped, as it were: it did not fail, and has not been shown to hold.
    """
    by_file = groupby(outcomes, lambda outcome: outcome.expectation.file)
    return junit.document(
        "openworld check", ((path_in_repository(path), list(map(_case, each))) for path, each in by_file)
    )


def _case(outcome: Checked) -> junit.Case:
    asked, result = outcome.expectation, _RESULTS.get(outcome.status, "")
    file, line = path_in_repository(asked.file), str(asked.place.line)
    return junit.Case(
        {"name": outcome.headline, "classname": asked.name, "file": file, "line": line},
        result,
        {"message": outcome.difference, "type": outcome.status} if result else {},
        "\n".join(lines(outcome)) if result else "",
        0.0 if outcome.cached else outcome.verdict.seconds,
    )
