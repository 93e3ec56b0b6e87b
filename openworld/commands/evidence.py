"""Evidence that somebody hands in, a run or proofs, checked against what it is said to show."""

from pathlib import Path

from model.chart import chart as drawn
from model.chart import text
from model.model import Model
from model.trace import TraceError, from_json
from openworld.certificates import read as read_certificate
from openworld.commands.common import BAD_INPUT, DONE, VIOLATED, complain, tell
from openworld.show import certificate_lines, ending
from properties.certificate import findings, trusted
from properties.security import find
from properties.shortest import ReplayError, confirm


def trace(file: Path, chart: bool, as_json: bool, model: Model) -> int:
    """Run a trace on the executable machine and check that it shows what it says."""
    try:
        read = from_json(file.read_bytes(), model=model)
        prop = find(read.shows, model)
        confirm(read, prop)
    except (TraceError, ReplayError) as error:
        # Whoever wrote the file is wrong here, not this software.
        return complain(f"{file}: {str(error).removeprefix('internal error: ')}", BAD_INPUT)
    data = {
        "file": str(file),
        "confirmed": True,
        "shows": read.shows,
        "steps": len(read.steps),
        "configuration": str(read.configuration),
    }
    lines = [f"confirmed: {read.shows} after {len(read.steps)} steps under {read.configuration}"]
    return tell(as_json, data, [*lines, *(["", *text(drawn(read, ending(prop))).splitlines()] if chart else [])])


def certificate(file: Path, timeout: float | None, as_json: bool, model: Model) -> int:
    """Check the evidence for a verdict."""
    made, statement = read_certificate(file, model)
    found = list(findings(made, statement, timeout))
    holds, left = all(each.holds for each in found), list(trusted(made))
    data = {
        "file": str(file),
        "property": made.property.name,
        "configuration": str(made.configuration),
        "world": made.world.name,
        "verdict": made.result,
        "holds": holds,
        "findings": [{"says": each.says, "holds": each.holds, "how": each.how} for each in found],
        "trusted": left,
    }
    tell(as_json, data, certificate_lines(made, found, left))
    return DONE if holds else VIOLATED
