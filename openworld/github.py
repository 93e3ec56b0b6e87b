"""Outcomes where GitHub shows them: annotations at the lines of a file, a summary of the job, one comment.

References:
    GitHub Docs: workflow commands for GitHub Actions (error and warning messages; adding a job summary); REST API,
    issue comments; variables that a runner sets.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from html import escape
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any

from model.errors import InputError
from openworld.check import FAILED, Checked, lines, path_in_repository, summary
from openworld.width import marked

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
