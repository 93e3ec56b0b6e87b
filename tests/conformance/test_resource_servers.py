"""Resource servers: probes are told apart by the rules, and the rules are found again from what was served."""

import csv
import json
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from joserfc.jwk import ECKey

from conformance.judge import Judgement
from conformance.message import WireRequest
from conformance.presented import Around, presented, reading
from conformance.probes import PROBES, SCOPE, URL, OnTheWire, Probe, asked
from conformance.recording import Recording
from conformance.resource_profile import ResourceProfile, Seen, error_of
from conformance.served import FITTED, SET_UP, explain
from conformance.software import RESOURCE_SERVERS, Release
from model.design import Design
from model.documents import challenge_of
from model.rule import SERVING
from model.scenario import load
from model.switches import SWITCHES
from openworld.cli import main

#: Values that show only beside another: that of whom it trusts, and whose keys.
BESIDE = {"rs_keys": {"rs_trust": "any"}}
_ORIGINS = {name: f"http://127.0.0.1:{9000 + place}" for place, name in enumerate(("rs", "as1", "as2", "evil"))}


@pytest.fixture(scope="module")
def wire() -> OnTheWire:
    made = OnTheWire(_ORIGINS, {name: ECKey.generate_key("P-256", auto_kid=True) for name in ("as1", "as2", "evil")})
    made.nonce = "given"
    return made


@pytest.fixture(scope="module")
def around(wire: OnTheWire) -> Around:
    url = wire.placed(URL)
    keys = {_ORIGINS[name]: key for name, key in wire.keys.items()}
    return Around(url, (url,), frozenset({_ORIGINS["as1"]}), keys, wire.described, SCOPE, {wire.nonce})


@pytest.fixture(scope="module")
def sent(wire: OnTheWire, around: Around) -> list[tuple[Probe, Seen]]:
    """Every probe as a resource server finds it."""
    found = []
    for probe in PROBES:
        shown = presented(WireRequest.arrived("rs", *wire.request(probe)), around)
        used = frozenset({shown.proof.name}) if probe.again and shown.proof else frozenset()
        found.append((probe, Seen(probe, Judgement(probe.name, "request", "x", "finished"), shown, used)))
    return found


def refusing(design: Design, seen: Seen, around: Around) -> list[str]:
    assert seen.shown is not None
    return [one.rule.name for one in reading(design, seen.shown, around, seen.used) if not one.holds]


def served(design: Design, sent: list[tuple[Probe, Seen]], around: Around) -> frozenset[str]:
    return frozenset(probe.name for probe, seen in sent if not refusing(design, seen, around))


def test_a_strict_resource_server_serves_what_is_in_order_and_nothing_else(sent, around) -> None:
    """A token that is for it, by its issuer, unexpired, in the header, with a proof if it is bound to a key."""
    strict, nonces = Design({"dpop_replay": "jti"}), {"dpop_no_nonce", "dpop_other_nonce"}
    fine = {"own", "aud_list", "below_own", "bearer", "dpop", "dpop_query", "mtls"}
    assert served(strict, sent, around) == fine | nonces
    assert served(Design(), sent, around) - served(strict, sent, around) == {"dpop_again"}
    # A nonce says as well when a proof was made (RFC 9449 4.3).
    assert served(Design({"dpop_replay": "nonce"}), sent, around) == fine | {"dpop_old"}


def test_what_no_design_serves(sent, around) -> None:
    """Whatever is switched off, nobody takes a token that nobody signed, or an expired one, or an old proof."""
    lax = Design(
        {name: SWITCHES[name].values[-1] for name in FITTED}
        | {
            "audience_check": "off",
            "rs_trust": "any",
            "key_lookup": "union",
            "dpop_replay": "none",
            "r_requires_dpop": "no",
            "rs_schemes": "both",
        }
    )
    never = {probe.name for probe in PROBES} - served(lax, sent, around)
    assert never == {"alg_none", "alg_hmac", "expired", "dpop_other_key", "dpop_old", "iss_forged"}


@pytest.mark.parametrize("pair", [f"{name}={value}" for name in FITTED for value in SWITCHES[name].values[1:]], ids=str)
def test_every_value_that_is_fitted_is_felt(pair: str, sent, around) -> None:
    """Each changes what is served."""
    name, _, value = pair.partition("=")
    beside = SET_UP.but(**BESIDE.get(name, {}))
    assert served(beside, sent, around) != served(beside.but(**{name: value}), sent, around)


def test_all_switches_of_serving_are_fitted() -> None:
    """None is offered that is never looked for."""
    assert {switch.name for switch in SWITCHES.values() if switch.kind == "serving"} <= set(FITTED)


@pytest.mark.parametrize("rule", SERVING)
def test_every_rule_of_serving_refuses_what_no_other_does(rule: str, sent, around) -> None:
    """Some request is refused by it alone."""
    designs = [Design(), SET_UP, SET_UP.but(rs_trust="any"), SET_UP.but(rs_schemes="bearer", rs_cnf="off")]
    assert any(refusing(design, seen, around) == [rule] for design in designs for _, seen in sent)


@pytest.mark.parametrize(
    "hidden",
    [
        {},
        {"audience_check": "prefix", "rs_in_query": "accept"},
        {"audience_check": "off", "typ_check": "off"},
        {"rs_cnf": "off", "rs_schemes": "bearer"},
        {"rs_htu": "off", "rs_ath": "off", "dpop_replay": "jti"},
        {"rs_trust": "any", "rs_aud_slash": "ignored"},
        {"issuer_match": "prefix", "rs_htm": "off"},
    ],
    ids=str,
)
def test_a_design_is_found_from_what_it_serves(hidden: dict[str, str], sent, around) -> None:
    """Whatever the design was, one is found that serves the same, and says where another value would as well."""
    taken = served(SET_UP.but(**hidden), sent, around)
    seen = tuple(
        replace(one, judgement=replace(one.judgement, outcome="A" if probe.name in taken else "x"))
        for probe, one in sent
    )
    profile = ResourceProfile("authlib==1", "default", seen, around, load("M01_iss_ok"), {}, Recording())
    found = explain(profile, Release(RESOURCE_SERVERS["authlib"], "1"))
    assert not found.unexplained
    assert found.changes == hidden
    assert all(found.decided_by.values())


def test_what_does_not_apply_is_said() -> None:
    """Who asks an AS about tokens reads none, and a request of MCP has a body of its own."""
    assert {probe.name for probe, why in asked(True, False) if why} == {one.name for one in PROBES if one.readable}
    assert [probe.name for probe, why in asked(False, True) if why] == ["in_form"]


@pytest.mark.parametrize(
    ("header", "body", "error", "scheme"),
    [
        ('Bearer error="invalid_token", resource_metadata="https://a.example/x"', "", "invalid_token", "Bearer"),
        ('DPoP algs="ES256", error="invalid_dpop_proof"', "", "invalid_dpop_proof", "DPoP"),
        ("Bearer", '{"error": "missing_authorization"}', "missing_authorization", "Bearer"),
        ("", "", "", ""),
    ],
)
def test_challenges_are_read(header: str, body: str, error: str, scheme: str) -> None:
    """Their error code wherever it is, their scheme, their parameters."""
    assert error_of(header, body) == error
    assert challenge_of(header).get("scheme", "") == scheme


# --- a resource server of this machine ------------------------------------------------------------------------

#: It looks at whether there is a token and nothing else; ``never`` serves nobody, ``nonce`` no proof without one.
_SERVER = """
import json
import sys
from base64 import urlsafe_b64decode
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        served = sys.argv[2] != "never" and "Authorization" in self.headers
        proof = self.headers.get("DPoP")
        if sys.argv[2] == "nonce" and proof:
            claims = proof.split(".")[1]
            served = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4))).get("nonce") == "fresh"
        self.send_response(200 if served else 401)
        if sys.argv[2] == "nonce" and not served:
            self.send_header("DPoP-Nonce", "fresh")
            self.send_header("WWW-Authenticate", 'DPoP error="use_dpop_nonce"')
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_POST = do_GET
    def log_message(self, *_): pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def conform(tmp_path: Path, how: str, *more: str) -> tuple[int, str]:
    program = tmp_path / "program" / "server.py"
    program.parent.mkdir(exist_ok=True)
    if not program.exists():  # one that is written anew is another one
        program.write_text(_SERVER, encoding="utf-8")
    command = f"python {program} {{port}} {how}"
    arguments = ["conform", "--resource-server", "-", "--command", command, "--reads", str(program.parent)]
    arguments += ["--scenarios", "aud,cnf", *more]
    with chdir(program.parent):  # whose files are part of what was measured
        ran = CliRunner().invoke(main, arguments)
    return ran.exit_code, ran.output


def test_a_resource_server_that_is_a_command(tmp_path: Path) -> None:
    """It is explained, kept with recordings, and held to what was expected of it."""
    expectations, folder = tmp_path / "expected.toml", tmp_path / "out"
    code, said = conform(tmp_path, "always", "-o", str(folder), "--write-expectations", str(expectations))
    assert code == 0, said
    assert "audience_check=off" in said
    assert "which resource_server.audience_is_this_resource refuses" in said
    (kept,) = folder.glob("server*")
    rows = list(csv.DictReader((kept / "requests.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["outcome"] for row in rows} == {"served"}
    assert json.loads((kept / "default.aud_origin.har").read_text(encoding="utf-8"))["log"]["entries"]
    # What was measured is not asked again, and told the same; another command is another server.
    measured = (kept / "default.aud_origin.har").stat().st_mtime_ns
    code, again = conform(tmp_path, "always", "-o", str(folder))
    assert code == 0
    assert said.endswith(again)
    assert (kept / "default.aud_origin.har").stat().st_mtime_ns == measured
    assert conform(tmp_path, "never", "-o", str(folder))[0] == 3
    code, said = conform(tmp_path, "always", "--expect", str(expectations))
    assert code == 2, said
    assert "say in 'because'" in said


def test_a_nonce_that_is_asked_for_is_sent(tmp_path: Path) -> None:
    """All proofs have it then but those that are about that; where none is given nothing is asked about nonces."""
    code, said = conform(tmp_path, "nonce", "--scenarios", "dpop")
    assert code == 0, said
    assert "dpop_replay=nonce" in said
    refused = {line.split()[0] for line in said.splitlines() if "401 use_dpop_nonce" in line}
    assert refused == {"dpop_no_nonce", "dpop_other_nonce"}
    assert conform(tmp_path, "always", "--scenarios", "dpop")[1].count("it gives no nonces") == 2


def test_who_serves_nobody_has_refused_nothing(tmp_path: Path) -> None:
    """Nothing is measured, nothing explained, and the exit code says so."""
    code, said = conform(tmp_path, "never")
    assert code == 3, said
    assert "0 of 0 answers explained" in said
    assert "no honest request was served (401)" in said


def test_a_request_that_there_is_not_is_named() -> None:
    """One line, exit code 2, before anything is installed."""
    ran = CliRunner().invoke(main, ["conform", "--resource-server", "authlib==1.9.10", "--scenarios", "aud,aud_lost"])
    assert ran.exit_code == 2
    assert ran.stderr.startswith("openworld: no request 'aud_lost'; did you mean 'aud_list'?; allowed: aud_list,")
