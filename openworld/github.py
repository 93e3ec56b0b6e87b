"""Outcomes where GitHub shows them: annotations at the lines of a file, and a summary of the job.

References:
    GitHub Docs: workflow commands for GitHub Actions (error and warning messages; adding a job summary).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

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
