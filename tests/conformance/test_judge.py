"""Judgements by observation, results as files, and attack traces as plays."""

import asyncio
import csv
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from conformance import results
from conformance.attacks import PLAYED, _plainer, as_play
from conformance.explained import observed
from conformance.install import DRIVERS, Installed
from conformance.judge import Judgement
from conformance.play import Play, catalogue
from conformance.run import Settings, run_all
from conformance.sandbox import python_folders
from conformance.software import CLIENTS, Release, SoftwareError, release
from conformance.telling import Telling, UntellableError, _asks
from deployed.behaviour import Observed, read_row
from model.design import parse
from model.part import ACCOUNT, BROKEN_QUERY, PROOF, TRIAL, Part
from model.scenario import ORIGINS
from model.turns import Turn
from model.world import ATTACKER
from model.world_file import DEFAULT
from properties.checker import Checker

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


def test_a_token_that_arrived_counts_whatever_the_call_is_called(credulous: Installed, tmp_path: Path) -> None:
    """A call that is no JSON-RPC is accepted without an answer (202), and it had the token."""
    (driver := tmp_path / "credulous.py").write_text(
        driver.read_text().replace("""b'{"id": 1}', {**call""", """b'{}', {**call""").replace("== 200", "== 202")
    )
    (play,) = (one for one in catalogue() if one.name == "M01_iss_ok")
    seen = judged(credulous, [play], tmp_path)[play.name]
    assert (seen.outcome, seen.sent[-1].request, seen.facts["not_json_rpc"]) == ("A", "call", True)


@pytest.mark.parametrize("first", ["client_id", "redirect_uri"])
def test_an_authorization_request_with_a_spoilt_query_was_sent(
    credulous: Installed, first: str, tmp_path: Path
) -> None:
    """Whichever parameter a second question mark swallows: the AS refuses a request, not the client a document."""
    (driver := tmp_path / "credulous.py").write_text(
        driver.read_text().replace('request = {"response', f'request = {{"{first}": "", "response')
    )
    (play,) = (one for one in catalogue() if one.name == "E01_authz_endpoint_has_resource")
    seen = judged(credulous, [play], tmp_path)[play.name]
    assert [one.request for one in seen.sent] == ["register", "authorize"]
    assert BROKEN_QUERY in seen.sent[-1].what


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


@pytest.mark.parametrize("configuration", ["cap=mal_as;iss_check=off", "cap=mal_as;splice=yes;h_iss=no"])
def test_attack_trace_works_over_http_on_a_client_that_checks_nothing(
    credulous: Installed, tmp_path: Path, checker: Checker, configuration: str
) -> None:
    trace = checker.verdict("code_delivery", parse(configuration)).trace
    assert trace is not None
    play = as_play(trace)
    seen = judged(credulous, [play], tmp_path)[play.name]
    assert set(seen.attacks) == set(seen.expected) >= {"code_delivery", "flow_binding", "token_custody"}


def test_attack_trace_says_where_everything_is(checker: Checker) -> None:
    trace = checker.verdict("token_confinement", parse("cap=mal_tenant;prm=prefix;audience_check=prefix")).trace
    assert trace is not None
    play = as_play(trace)
    assert play.source == "attack"
    scenario = play.scenario({**ORIGINS, "shared": "https://shared", "crm": "https://crm", "tools": "https://tools"})
    assert scenario.url.startswith("https://shared/")
    # The whole origin, with its slash or without.
    assert any(found.body.get("resource", "").rstrip("/") == "https://shared" for found in scenario.documents.values())
    (attack,) = (one for one in play.attacks if one.violates == "token_confinement")
    assert [sign.names for sign in attack.signs] == [("access_token",), ("served",)]
    assert (play.deployment, [deed.kind for deed in play.deeds]) == ({"audience_check": "prefix"}, ["present"])


@pytest.mark.parametrize(
    ("prop", "configuration", "requests"),
    [
        ("discovery_integrity", "cap=hdr_inject", ["server_metadata", "authorize"]),
        ("as_acceptance", "cap=mal_as", ["server_metadata", "authorize"]),
        ("resource_binding", "cap=mal_as", ["server_metadata", "call"]),
    ],
)
def test_request_that_should_not_be_sent_is_an_attack(
    credulous: Installed, tmp_path: Path, checker: Checker, prop: str, configuration: str, requests: list[str]
) -> None:
    """Whosever session the trace is in; and a client that is sent to an honest server does nothing of the kind."""
    trace = checker.verdict(prop, parse(configuration)).trace
    assert trace is not None
    play = as_play(trace)
    (attack,) = (one for one in play.attacks if one.violates == prop)
    assert [sign.names for sign in attack.signs] == [(request,) for request in requests]
    seen = judged(credulous, [play], tmp_path)[play.name]
    # What the attacker lies about beside it is left to the solver, and may cost this client more.
    assert prop in seen.attacks
    honest = replace(play, name="honest", stated={})
    assert judged(credulous, [honest], tmp_path)["honest"].attacks == ()


def test_login_with_the_attackers_account_is_seen_in_the_users_session(
    credulous: Installed, tmp_path: Path, checker: Checker
) -> None:
    """The attacker approves at the honest AS for itself; without that the same client is in the user's account."""
    trace = checker.verdict("session_integrity", parse("cap=mal_as;md_issuer_check=off")).trace
    assert trace is not None
    play = as_play(trace)
    assert play.bounce == "account"
    seen = judged(credulous, [play], tmp_path)[play.name]
    assert "session_integrity" in seen.attacks
    assert seen.sent[-1].what[-1] == ACCOUNT
    assert [(one.request, one.to) for one in seen.sent if one.request == "authorize"] == [("authorize", "evil")]
    without = replace(play, name="without", bounce="same")
    assert "session_integrity" not in judged(credulous, [without], tmp_path)["without"].attacks


@pytest.mark.parametrize(
    ("secret", "lost"),
    [("'v' * 43", {"code_delivery", "authorization", "flow_binding"}), ("os.urandom(32).hex()", {"code_delivery"})],
)
def test_code_of_another_session_is_injected_into_a_second_process(
    tmp_path: Path, checker: Checker, secret: str, lost: set[str]
) -> None:
    """A client with one verifier for all redeems it, and serves the attacker; PKCE is what keeps others from it."""
    trace = checker.verdict("authorization", parse("cap=code_leak;pkce=off;pkce_as=lax;client_auth=pkjwt")).trace
    assert trace is not None
    play = as_play(trace)
    user, attacker = play.acts
    assert (user.whose, user.code, user.read) == ("user", None, True)
    assert (attacker.whose, attacker.code, attacker.state) == ("attacker", 0, 1)
    seen = judged(credulous_with(tmp_path, secret), [play], tmp_path)[play.name]
    assert set(seen.attacks) & {"code_delivery", "authorization", "flow_binding"} == lost
    assert [one.to for one in seen.sent if one.request == "authorize"] == ["as1", "as1"]


def test_code_that_the_attacker_reads_is_redeemed_by_it(credulous: Installed, tmp_path: Path, checker: Checker) -> None:
    """What the AS does about it is played: it refuses who does not have the verifier."""
    trace = checker.verdict("authorization", parse("cap=code_leak;pkce=off;pkce_as=lax")).trace
    assert trace is not None
    play = as_play(trace)
    assert {deed.kind for deed in play.deeds} == {"redeem", "present"}
    assert judged(credulous, [play], tmp_path)[play.name].attacks == ("code_delivery",)
    har = json.loads((tmp_path / "mcp-python-0" / f"{play.name}.har").read_text())["log"]["entries"]
    assert [one["response"]["status"] for one in har if one["_by"] == "attacker"] == [400]


def test_attackers_code_comes_back_to_the_users_session(credulous: Installed, tmp_path: Path, checker: Checker) -> None:
    """A client that does not compare state takes it; that it cannot be redeemed is what PKCE does."""
    trace = checker.verdict("session_integrity", parse("cap=web;state=off;pkce_as=lax")).trace
    assert trace is not None
    play = as_play(trace)
    (act,) = play.acts
    assert (act.whose, act.code, act.state, play.deployment) == ("user", -1, None, {"pkce_as": "lax"})
    seen = judged(credulous, [play], tmp_path)[play.name]
    assert seen.attacks == ("session_integrity",)
    strict = replace(play, name="strict", deployment={})
    assert judged(credulous, [strict], tmp_path)["strict"].attacks == ()


def test_token_of_the_attackers_account_is_given_for_the_users_code(
    credulous: Installed, tmp_path: Path, checker: Checker
) -> None:
    trace = checker.verdict(
        "session_integrity", parse("cap=mal_as;md_issuer_check=off;iss_check=off;md_corroborate=authz_endpoint")
    ).trace
    assert trace is not None
    play = as_play(trace)
    assert (play.given, play.bounce) == ("account", "")
    assert "session_integrity" in judged(credulous, [play], tmp_path)[play.name].attacks
    without = replace(play, name="without", given="")
    assert "session_integrity" not in judged(credulous, [without], tmp_path)["without"].attacks


def test_attackers_server_lies_about_itself_in_the_response_as_well(
    credulous: Installed, checker: Checker, tmp_path: Path
) -> None:
    """To a client that demands `iss` and does not compare the issuer of the metadata: both name the honest one."""
    trace = checker.verdict("resource_binding", parse("md_issuer_check=off;iss_check=require;cap=mal_as")).trace
    assert trace is not None
    play = as_play(trace)
    assert judged(credulous, [play], tmp_path)[play.name].attacks
    (folder,) = tmp_path.glob("mcp-python*")
    entries = json.loads((folder / f"{play.name}.har").read_text())["log"]["entries"]
    said = {one["_message"]: one["response"] for one in entries if one["_party"] == "evil"}
    issuer = json.loads(said["server_metadata"]["content"]["text"])["issuer"]
    assert f"iss={quote(issuer, safe='')}" in said["authorization_response"]["redirectURL"]


def test_metadata_that_changes_once_there_is_a_token_is_told_as_what_comes_later(checker: Checker) -> None:
    trace = checker.verdict("token_custody", parse("cap=mal_as+mal_rs;rt_pin=off")).trace
    assert trace is not None
    play = as_play(trace)
    later = play.stated["later"]
    assert later["answer"] == {"status": 401}
    assert later["documents"]["main"]["body"]["authorization_servers"] == ["{evil}"]
    (attack,) = (one for one in play.attacks if one.violates == "token_custody")
    assert attack.signs[-1].names == ("refresh_token",)


@pytest.mark.parametrize(
    ("who", "spliced", "approves"), [("victim", True, "user"), ("attacker", False, ATTACKER)], ids=["user", "attacker"]
)
def test_whose_request_the_attacker_makes_tells_a_splice_from_a_login_of_its_own(
    who: str, spliced: bool, approves: str
) -> None:
    """A request with the user's `state` puts a session of the attacker's into the user's; with its own it logs in."""
    telling = Telling(DEFAULT)
    told: Any = SimpleNamespace(arrow=SimpleNamespace(sender=ATTACKER))
    request: Any = SimpleNamespace(client_id="https://client", state=who, code_challenge="challenge")
    _asks(telling, told, request)
    assert (telling.session(who).spliced, telling.session(who).approves) == (spliced, approves)


def test_an_attack_is_tried_without_each_thing_that_is_peculiar_to_a_deployment() -> None:
    """What the suite plays in more than one way is put back to its usual value, one at a time."""
    plain, own = parse("cap=none"), parse("audience_check=off;pkce_as=off;cap=none")
    assert list(_plainer(plain)) == []
    left = [[name for name in PLAYED if one.design[name] != plain.design[name]] for one in _plainer(own)]
    assert left == [["pkce_as"], ["audience_check"]]


def test_property_that_another_client_loses_is_not_told(checker: Checker) -> None:
    trace = checker.verdict("client_identity", parse("cap=mal_client")).trace
    assert trace is not None
    with pytest.raises(UntellableError, match="another client"):
        as_play(trace)


def test_falls_are_compared_by_what_is_lost() -> None:
    """A fall is not any fall: which properties it costs is what the model says, and what is told where it does not."""
    made = [
        Judgement("one", "attack", "A", "finished", attacks=("code_delivery",), expected=("code_delivery",)),
        Judgement("two", "attack", "A", "finished", attacks=("code_delivery",), expected=("authorization",)),
        Judgement("three", "attack", "d", "finished"),
        Judgement("four", "attack", "?", "timed out"),
    ]
    told = list(results.summary(made))
    assert told[-2:] == [
        "3 attack traces: falls for 2; in 2 loses the properties that the model says",
        "  two: loses code_delivery; the model says authorization",
    ]


def test_junit_fails_on_attacks_and_marks_what_was_not_tested() -> None:
    made = [
        Judgement("one", "catalogue", "A", "finished"),
        Judgement("two", "catalogue", "A", "finished", attacks=("code_delivery",)),
        Judgement("three", "catalogue", "?", "timed out"),
        Judgement("four", "catalogue", "n", "finished", error="one call"),
    ]
    suite = ElementTree.fromstring(results.junit({"c==1": (made, None)}))
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]


def test_what_must_have_been_refused_and_was_not_stands_in_the_summary() -> None:
    """Whichever scenario it came from, with its section; what the host decides is marked as its choice."""
    ends = {"R08_cross_origin_port": "A", "A01_issuer_other": "d", "M02_iss_wrong_adv": "t", "M06_state_wrong": "A"}
    made = [Judgement(name, "catalogue", outcome, "finished") for name, outcome in ends.items()]
    made.append(Judgement("M08_mixup_iss", "catalogue", "?", "crashed"))
    found = {one.rule.name: one for one in results.not_refused(made, ["state"])}
    assert {name: (one.scenarios, one.host) for name, one in found.items()} == {
        "client.resource_matches_request": (("R08_cross_origin_port",), False),
        "client.iss_matches_recorded_issuer": (("M02_iss_wrong_adv",), False),
        "client.state_matches": (("M06_state_wrong",), True),
    }
    told = [line for line in results.summary(made, ["state"]) if line.startswith("not refused by ")]
    assert told[0] == (
        "not refused by client.resource_matches_request, MUST (RFC 9728 3.3), MUST (RFC 9728 6), "
        "MUST (draft-mcguinness-oauth-rfc9728bis-01 4.2): R08"
    )
    assert told[-1].startswith("not refused by client.state_matches (the host's choice), MUST (")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nobody==1", "unknown client 'nobody'; allowed: mcp-python"),
        ("mcp-python", "does not name an exact version; write for example mcp-python=="),
        ("mcp-python==>=2", "does not name an exact version"),
    ],
)
def test_software_that_cannot_be_meant_is_named(text: str, complaint: str) -> None:
    with pytest.raises(SoftwareError, match=complaint):
        release(text, CLIENTS, "client")


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement(
            "R02_prefix_segment",
            "catalogue",
            "A",
            "finished",
            (
                Turn("register", "as1"),
                Turn("authorize", "as1", "", ("{rs}/api",), (TRIAL,)),
                Turn("authorize", "as1", "", ("{rs}/api",)),
                Turn("token", "as1", "", ("{rs}/api",), (Part("grant", "authorization_code"), PROOF)),
                Turn("call", "rs", "", (), (Part("scheme", "DPoP"), Part("access_token", "as1"))),
            ),
        ),
        Judgement(
            "E01_authz_endpoint_has_resource",
            "catalogue",
            "t",
            "finished",
            (
                Turn("authorize", "as1", "", ("{rs}/x", "{rs}/mcp"), (BROKEN_QUERY,)),
                Turn("token", "evil"),
                Turn("token", "as2"),
            ),
            error="Error: no; really, no\n(twice)",
        ),
        Judgement("mutation_server_metadata.issuer.null", "mutation", "d", "crashed"),
    ],
    ids=lambda one: one.scenario,
)
def test_rows_of_the_table_say_what_was_seen(judgement: Judgement) -> None:
    """A run as rows is read like what was measured, and comes to the same."""
    (row,) = csv.DictReader(results.table("mcp-python", "2.3.0", [judgement]).splitlines())
    assert (row["implementation"], row["version"], row["scenario"]) == ("mcp-python", "2.3.0", judgement.scenario)
    found = read_row(**row)
    assert isinstance(found, Observed)
    assert found == observed(judgement)


def test_what_was_not_tried_has_no_row() -> None:
    assert len(results.table("x", "1", [Judgement("a", "catalogue", "n", "finished")]).splitlines()) == 1
