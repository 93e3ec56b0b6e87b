"""MCP's published conformance suite, on the same client: its verdicts beside ours where both ask the same.

The suite brings servers of its own; the client is run by the same driver. Its checks decide, not its exit code, which
also looks at what the client does after authorization.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.install import DRIVERS, Installed
from conformance.judge import Judgement
from conformance.processes import output
from conformance.sandbox import Room, python_folders
from conformance.software import Release, Software
from deployed.missing import asked_of

SUITE = Release(
    Software("suite", "npm", "suite.mjs", "0.2.0-alpha.12", "@modelcontextprotocol/conformance", node=22),
    "0.2.0-alpha.12",
)

#: Of this scenario the suite asks how the token was presented, and not where the client ended.
_PROVEN = "P01_dpop_required_prm"
#: Checks that a client passes where it gets to the resource with a token.
_ACCEPTED = ("valid-bearer-token", "token-request")
#: Scenarios of the suite, each with ours that asks the same, and those of its checks that ask it.
COUNTERPARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "auth/metadata-default": ("R01_exact", _ACCEPTED),
    "auth/basic-cimd": ("A09_cimd", _ACCEPTED),
    "auth/iss-supported": ("M01_iss_ok", ("sep-2468-client-compare-iss-supported",)),
    "auth/iss-wrong-issuer": ("M02_iss_wrong_adv", ("sep-2468-client-compare-iss-supported",)),
    "auth/iss-unexpected": ("M03_iss_wrong_unadv", ("sep-2468-client-compare-iss-unadvertised",)),
    "auth/iss-supported-missing": ("M04_iss_missing_adv", ("sep-2468-client-reject-missing-iss",)),
    "auth/iss-not-advertised": ("M05_iss_missing_unadv", ("sep-2468-client-proceed-no-iss",)),
    "auth/metadata-issuer-mismatch": ("A01_issuer_other", ("sep-2468-client-validate-metadata-issuer",)),
    "auth/resource-mismatch": ("R08_cross_origin_port", ("resource-mismatch-rejected",)),
    "auth/dpop": (_PROVEN, ("sep-1932-client-dpop-auth-scheme",)),
}


@dataclass(frozen=True, slots=True)
class Beside:
    """A verdict of the suite beside ours.

    Attributes:
        passed, failed: its checks that ask the same; none at all means that it came to no verdict.
        conforms: whether the client did what is required, by our recording.
        complaint: the first of these that failed.
        alone: the checks that failed and that ask what ours does not.
    """

    scenario: str
    counterpart: str
    passed: int
    failed: int
    conforms: bool
    complaint: str = ""
    alone: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.passed + self.failed > 0 and self.conforms == (self.failed == 0)

    def to_json(self) -> dict[str, Any]:
        """The comparison as data."""
        return {
            "scenario": self.scenario,
            "counterpart": self.counterpart,
            "passed": self.passed,
            "failed": self.failed,
            "conforms": self.conforms,
            "agrees": self.agrees,
            "complaint": self.complaint,
            "alone": list(self.alone),
        }


async def compare(client: Installed, suite: Installed, judgements: Sequence[Judgement], limit: float) -> list[Beside]:
    """Run the suite on a client, and put its verdicts beside judgements of the counterparts that were measured."""
    ours = {one.scenario: one for one in judgements if one.measured}
    found = []
    for scenario, (counterpart, _) in COUNTERPARTS.items():
        if counterpart in ours:
            checks = await _checks(client, suite, scenario, limit)
            found.append(beside(scenario, checks, _conforms(ours[counterpart])))
    return found


def beside(scenario: str, checks: Sequence[Mapping[str, Any]], conforms: bool) -> Beside:
    """What the checks of a scenario of the suite say, beside whether the client conforms in ours."""
    counterpart, asked = COUNTERPARTS[scenario]
    failures = [check for check in checks if check.get("status") == "FAILURE"]
    same = [check for check in failures if check.get("id") in asked]
    passed = sum(check.get("status") == "SUCCESS" and check.get("id") in asked for check in checks)
    complaint = str(same[0].get("errorMessage") or same[0].get("description")) if same else ""
    alone = dict.fromkeys(str(check.get("id")) for check in failures if check not in same)
    return Beside(scenario, counterpart, passed, len(same), conforms, complaint, tuple(alone))


def _conforms(judgement: Judgement) -> bool:
    if judgement.scenario == _PROVEN:
        return any(one.request == "call" and one.scheme == "DPoP" for one in judgement.sent)
    return (judgement.outcome == "A") == (asked_of(judgement.scenario).stage == "A")


async def _checks(client: Installed, suite: Installed, scenario: str, limit: float) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="openworld-") as folder:
        await run(client, suite, scenario, limit, Path(folder))
        written = await asyncio.to_thread(lambda: sorted(Path(folder).rglob("checks.json")))
        return list(json.loads(written[0].read_text(encoding="utf-8"))) if written else []


async def run(client: Installed, suite: Installed, scenario: str, limit: float, folder: Path, *more: str) -> None:
    """Run a scenario of the suite on a client, with ``more`` options; its results go into a folder."""
    command = f'"{sys.executable}" "{DRIVERS / "suite_client.py"}"'
    arguments = ("client", "--command", command, "--scenario", scenario, "-o", str(folder), *more)
    extra = {"OPENWORLD_DRIVER": json.dumps(client.command), **client.environment}
    found = Room((*client.reads, *python_folders(), DRIVERS), (folder,))
    await output(suite, arguments, limit, extra, found)
