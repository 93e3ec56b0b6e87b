"""Software without a row of its own: commands, packages with a driver, and clients that a person starts."""

import asyncio
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner
from refused import refused

from conformance.install import DRIVERS, install, of_command
from conformance.judge import Judgement
from conformance.lock import Lock
from conformance.packages import FORMS, declared, host_of, packaged
from conformance.play import Play, catalogue
from conformance.run import Settings, run_all
from conformance.serve import SOMEBODYS, waiting
from conformance.software import CLIENTS, SoftwareError
from model.switches import SWITCHES
from openworld.cli import main

#: A client that listens at its own redirect URI and prints or opens the authorization URL.
CLIENT = """
import http.server, json, os, re, subprocess, sys, urllib.parse, urllib.request, urllib.error

def ask(url, data=None, **headers):
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=8) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, b""

class Callback(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

how, url = sys.argv[1:]
challenge = ask(url, b'{"id": 1}')[1]["WWW-Authenticate"]
issuer = json.loads(ask(re.search('resource_metadata="([^"]*)"', challenge)[1])[2])["authorization_servers"][0]
server = json.loads(ask(issuer + "/.well-known/oauth-authorization-server")[2])
listening = http.server.HTTPServer(("127.0.0.1", 0), Callback)
redirect = f"http://127.0.0.1:{listening.server_port}/cb"
registered = json.loads(ask(server["registration_endpoint"], json.dumps({"redirect_uris": [redirect]}).encode())[2])
target = server["authorization_endpoint"] + "?" + urllib.parse.urlencode({
    "response_type": "code", "client_id": registered["client_id"], "redirect_uri": redirect, "state": "s",
    "code_challenge": "ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA", "code_challenge_method": "S256",
})
if how in ("prints", "does both"):
    print("Visit", target, flush=True)
if how in ("opens", "does both"):
    subprocess.Popen([os.environ["BROWSER"], target])
if how == "asks the desktop":
    subprocess.Popen(["xdg-open", target])
listening.timeout = 8
listening.handle_request()
form = urllib.parse.urlencode({
    "grant_type": "authorization_code", "code": listening.answer["code"], "client_id": registered["client_id"],
    "redirect_uri": redirect, "code_verifier": "a" * 43,
})
token = ask(server["token_endpoint"], form.encode(), **{"Content-Type": "application/x-www-form-urlencoded"})
status = ask(url, b'{"id": 1, "method": "ping"}', Authorization="Bearer " + json.loads(token[2])["access_token"])[0]
print("answered", status)
sys.exit(0 if status == 200 else 4)
"""


def play(name: str) -> Play:
    return next(one for one in catalogue() if one.name == name)


@pytest.mark.parametrize("how", ["prints", "opens", "asks the desktop", "does both"])
def test_command_is_driven_by_the_url_that_it_prints_or_opens(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mycli.py").write_text(CLIENT)
    monkeypatch.chdir(tmp_path)
    installed = of_command(["python3", "mycli.py", how, "{url}"], ())
    assert str(installed.release) == "mycli==local"
    seen = ran(installed, "M01_iss_ok")
    assert (seen.outcome, [one.request for one in seen.sent].count("authorize")) == ("A", 1)


def test_command_that_fails_has_refused_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL is appended where it is not named, and the exit code is the client's word."""
    (tmp_path / "mycli.py").write_text(CLIENT)
    monkeypatch.chdir(tmp_path)
    failed = ran(of_command(["python3", "mycli.py", "prints"], ()), "T07_rs_403_wrong_aud")
    assert (failed.outcome, failed.error) == ("x", "exit code 4: answered 403")
    (tmp_path / "mycli.py").write_text(
        CLIENT.replace("sys.exit(0", "print('  Error: 403', '  } }', sep='\\n'); sys.exit(0")
    )
    failed = ran(of_command(["python3", "mycli.py", "prints"], ()), "T07_rs_403_wrong_aud")
    assert failed.error == "exit code 4: Error: 403"


def ran(installed: object, name: str, limit: float = 20) -> Judgement:
    (one,) = asyncio.run(run_all(installed, [play(name)], None, Settings(limit, 1, False)))  # type: ignore[arg-type]
    return one


def test_client_of_a_person_is_judged_when_they_say_that_it_has_ended() -> None:
    """The page says where to send it; here somebody reads the page, sends one request and presses the button."""
    said: list[str] = []

    async def person() -> None:
        while not said:
            await asyncio.sleep(0.02)
        address = said[0].rpartition("then ")[2]
        async with aiohttp.ClientSession() as browser:
            async with browser.get(address) as page:
                shown = html.unescape(await page.text())
            assert "M01_iss_ok" in shown
            assert "one call" in shown
            url = re.search("<code>(http[^<]*)</code>", shown)
            assert url is not None
            async with browser.post(url[1], data="{}", headers={"User-Agent": "Mozilla/5.0"}):
                pass
            async with browser.post(f"{address.rstrip('/')}x/", data={"end": "finished"}) as elsewhere:
                assert elsewhere.status == 404
            async with browser.post(address, data={"end": "finished"}, allow_redirects=False):
                pass

    async def both() -> Judgement:
        playing = run_all(SOMEBODYS, [play("M01_iss_ok")], None, Settings(20, 1, False), by=waiting(1, said.append))
        (one,), _ = await asyncio.gather(playing, person())
        return one

    one = asyncio.run(both())
    assert (one.outcome, one.facts["requests"]) == ("d", 1)


@pytest.mark.parametrize(
    ("package", "complaint"),
    [
        ("gem:oauth2", "package 'gem:oauth2' is none of pypi:NAME==VERSION, npm:NAME@VERSION"),
        ("npm:openid-client", "does not name an exact version; write npm:NAME@VERSION"),
        ("pypi:authlib", "does not name an exact version; write pypi:NAME==VERSION"),
        ("path:/nowhere", "package path:/nowhere: there is no such file or folder"),
    ],
)
def test_package_that_cannot_be_meant_is_named(package: str, complaint: str) -> None:
    with pytest.raises(SoftwareError, match=re.escape(complaint)):
        packaged(package, DRIVERS / "openid_client.mjs")


def test_packages_are_named_in_as_many_forms_as_there_are_ways_to_install(tmp_path: Path) -> None:
    from conformance import install as installing

    assert set(installing._INSTALLERS) == set(FORMS)
    wheel = tmp_path / "my_client-3.1-py3-none-any.whl"
    wheel.touch()
    named = [packaged(one, DRIVERS / "command.py") for one in ("npm:@a/b@1.2.3", "pypi:c==4", f"path:{wheel}")]
    assert [str(one) for one in named] == ["@a/b==1.2.3", "c==4", "my-client==3.1"]


def test_driver_declares_what_is_the_hosts_choice(tmp_path: Path) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text('# openworld: {"host": ["prm"], "node": 22}\n# openworld: {"host": ["reg"]}\n')
    assert declared(driver) == {"host": ("prm", "reg"), "node": 22}
    driver.write_text('# openworld: {"host": ["prn"]}\n')
    with pytest.raises(SoftwareError, match=r"what it declares is not understood: host\[0\]: unknown switch 'prn'"):
        declared(driver)
    with pytest.raises(SoftwareError, match="not a driver that can be read"):
        declared(tmp_path / "none.py")


def test_every_driver_declares_what_is_understood() -> None:
    drivers = [path for path in DRIVERS.iterdir() if path.suffix in (".py", ".mjs", ".pl")]
    assert len(drivers) > len(CLIENTS)
    for driver in drivers:
        assert set(declared(driver).get("host", ())) <= set(SWITCHES)
    assert "iss_check" in host_of(packaged("pypi:authlib==1.9.10", DRIVERS / "authlib_client.py"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--package", "npm:x@1"], "say with --driver or --command how --package is driven"),
        (["--driver", "x.py", "--command", "x"], "--driver is a driver of --package"),
        (["--serve", "--command", "x"], "--serve waits for a client that you start"),
        (["--command", "no-such-command {url}"], "there is no command 'no-such-command'"),
        (["--command", "x", "mcp-python==2.3.0"], "name a CLIENT, or"),
        (["--command", "'"], "--command is no command line: No closing quotation"),
    ],
)
def test_what_does_not_go_together_is_one_line(arguments: list[str], said: str) -> None:
    assert said in refused(CliRunner().invoke(main, ["conform", *arguments]))


def packages() -> Iterator[tuple[str, str]]:
    yield "npm:openid-client@6.9.0", "openid_client.mjs"
    yield "pypi:authlib==1.9.10", "authlib_client.py"
    yield "deb:libnet-oauth2-perl", "net_oauth2.pl"


@pytest.mark.slow
@pytest.mark.parametrize(("package", "driver"), list(packages()), ids=lambda one: one.partition(":")[0])
def test_libraries_run_with_a_driver_and_no_file_of_theirs_is_edited(package: str, driver: str) -> None:
    installed = install(packaged(package, DRIVERS / driver))
    outcomes = [ran(installed, name).outcome for name in ("M01_iss_ok", "M07_state_missing")]
    assert outcomes == ["A", "a"]
    assert installed.lock.packages


@pytest.mark.slow
def test_program_without_a_row_runs_with_a_driver() -> None:
    """Nothing of the package is run to install it; what it falls for is in the findings."""
    installed = install(packaged("npm:opencode-ai@1.18.33", DRIVERS / "opencode.mjs"))
    assert ran(installed, "M01_iss_ok", 60).outcome == "A"
    assert set(ran(installed, "M08_mixup_iss", 60).attacks) == {"code_delivery", "authorization"}
    assert ran(installed, "R08_cross_origin_port", 60).outcome == "d"


@pytest.mark.slow
@pytest.mark.parametrize(("package", "driver"), list(packages()), ids=lambda one: one.partition(":")[0])
def test_what_was_installed_is_installed_again_wherever_it_is_from(package: str, driver: str, tmp_path: Path) -> None:
    """And what is listed with another digest is not."""
    wanted = packaged(package, DRIVERS / driver)
    first = install(wanted).lock
    again = install(wanted, tmp_path / "again", first)
    assert again.lock.packages == first.packages
    assert ran(again, "M01_iss_ok").outcome == "A"
    names = json.dumps(first.to_json())
    for one in first.packages:
        wrong = one.digest[:-8] + ("A" * 6 + "==" if one.digest.endswith("==") else "0" * 8)
        names = names.replace(one.digest, wrong) if one.digest else names
    (tmp_path / "lock.json").write_text(names)
    with pytest.raises(SoftwareError, match=r"could not install|not what was installed"):
        install(wanted, tmp_path / "wrong", Lock.load(tmp_path / "lock.json"))
