"""Judgements by observation, results as files, and attack traces as plays."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from conformance.install import DRIVERS, Installed
from conformance.judge import Judgement
from conformance.play import Play, catalogue
from conformance.run import Settings, run_all
from conformance.sandbox import python_folders
from conformance.software import CLIENTS, Release

#: A client that discovers by the challenge, checks nothing, and takes part in everything.
CREDULOUS = """
import base64, hashlib, json, os, re, sys, urllib.request, urllib.error, urllib.parse
sys.path.insert(0, %r)
from browser import visit
verifier = %s
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

job = json.loads(sys.stdin.readline())

def ask(url, data=None, headers=None):
    request = urllib.request.Request(url, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()

call = {"Content-Type": "application/json"}
_, headers, _ = ask(job["url"], b'{"id": 1}', call)
document = json.loads(ask(re.search('resource_metadata="([^"]*)"', headers["WWW-Authenticate"])[1])[2])
issuer = document["authorization_servers"][0]
metadata = json.loads(ask(issuer + "/.well-known/oauth-authorization-server")[2])
form = {"Content-Type": "application/x-www-form-urlencoded"}
registration = json.dumps({"redirect_uris": [job["callback"]]}).encode()
client_id = json.loads(ask(metadata["registration_endpoint"], registration, call)[2])["client_id"]
request = {"response_type": "code", "client_id": client_id, "redirect_uri": job["callback"], "state": "s",
           "code_challenge": challenge, "code_challenge_method": "S256", "resource": document["resource"]}
answer = visit(metadata["authorization_endpoint"] + "?" + urllib.parse.urlencode(request), job["callback"])
data = {"grant_type": "authorization_code", "code": answer["code"], "client_id": client_id,
        "redirect_uri": job["callback"], "code_verifier": verifier, "resource": document["resource"]}
token = json.loads(ask(metadata["token_endpoint"], urllib.parse.urlencode(data).encode(), form)[2])["access_token"]
status, _, _ = ask(job["url"], b'{"id": 1}', {**call, "Authorization": "Bearer " + token})
print(json.dumps({"done": status == 200}))
"""


@pytest.fixture
def credulous(tmp_path: Path) -> Installed:
    return credulous_with(tmp_path, "'v' * 43")


def credulous_with(tmp_path: Path, verifier: str) -> Installed:
    """The client with what makes its code verifier, in Python."""
    driver = tmp_path / "credulous.py"
    driver.write_text(CREDULOUS % (str(DRIVERS), verifier))
    reads = (tmp_path, DRIVERS, *python_folders())
    return Installed(Release(CLIENTS["mcp-python"], "0"), (sys.executable, str(driver)), {}, reads)


def judged(client: Installed, plays: list[Play], folder: Path) -> dict[str, Judgement]:
    found = asyncio.run(run_all(client, plays, folder, Settings(limit=10, tls=False)))
    return {one.scenario: one for one in found}


def chosen(*names: str) -> list[Play]:
    return [play for play in catalogue() if play.name in names]


def test_outcome_and_attack_are_told_from_what_arrived(credulous: Installed, tmp_path: Path) -> None:
    seen = judged(credulous, chosen("M01_iss_ok", "M08_mixup_iss", "T07_rs_403_wrong_aud"), tmp_path)
    assert {name: one.outcome for name, one in seen.items()} == {
        "M01_iss_ok": "A",
        "M08_mixup_iss": "A",
        "T07_rs_403_wrong_aud": "x",
    }
    assert seen["M01_iss_ok"].attacks == ()
    assert seen["M08_mixup_iss"].attacks == ("code_delivery", "authorization")
    assert [str(one) for one in seen["M08_mixup_iss"].sent][2].startswith(
        "token@evil resource={rs}/mcp [by authorization_code] [code of as1]"
    )


def test_finished_results_are_not_made_again(credulous: Installed, tmp_path: Path) -> None:
    plays = chosen("M01_iss_ok")
    first = judged(credulous, plays, tmp_path)
    broken = Installed(credulous.release, ("/nonexistent",), {})
    assert judged(broken, plays, tmp_path) == first


def test_recording_is_an_http_archive(credulous: Installed, tmp_path: Path) -> None:
    judged(credulous, chosen("M01_iss_ok"), tmp_path)
    log = json.loads((tmp_path / "mcp-python-0" / "M01_iss_ok.har").read_text())["log"]
    assert log["version"] == "1.2"
    assert [entry["_message"] for entry in log["entries"]] == [
        "challenge",
        "resource_metadata",
        "server_metadata",
        "registration_response",
        "authorization_response",
        "token_response",
        "resource_response",
    ]
    assert log["entries"][4]["_by"] == "user_agent"


def test_archive_marks_the_exchanges_in_which_something_is_lost(credulous: Installed, tmp_path: Path) -> None:
    """The code on its way to the attacker's token endpoint, and the token of the attacker's being served."""
    judged(credulous, chosen("M01_iss_ok", "M08_mixup_iss"), tmp_path)

    def marked(name: str) -> list[tuple[str, list[str]]]:
        entries = json.loads((tmp_path / "mcp-python-0" / f"{name}.har").read_text())["log"]["entries"]
        return [(one["_message"], one["_lost"]) for one in entries if "comment" in one]

    assert marked("M01_iss_ok") == []
    assert marked("M08_mixup_iss") == [
        ("token_response", ["code_delivery", "authorization"]),
        ("resource_response", ["authorization"]),
    ]


def test_result_that_was_changed_is_measured_again(credulous: Installed, tmp_path: Path) -> None:
    """What is kept is believed as it was written, and replaced where it is not."""
    plays, kept = chosen("M01_iss_ok"), tmp_path / "mcp-python-0" / "M01_iss_ok.json"
    judged(credulous, plays, tmp_path)
    written = kept.read_text()
    for old, new in (("{", ""), ('"outcome": "A"', '"outcome": "B"'), ('"facts"', '"fax"')):
        kept.write_text(written.replace(old, new, 1))
        assert kept.read_text() != written
        assert judged(credulous, plays, tmp_path)["M01_iss_ok"].outcome == "A"
        assert kept.read_text().startswith("{")
        assert new == "" or new not in kept.read_text()
