"""The command: what it refuses in one line, and what the model says would stop an attack."""

import errno
import sys
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner
from faults import failing
from refused import refused

from conformance import install
from conformance.play import mutations
from conformance.sandbox import python_folders
from conformance.software import CLIENTS, SoftwareError, release
from deployed.cures import HONEST, Worth, cures, recommended
from model.clients import find
from model.conversation import converse
from model.design import Configuration
from model.scenario import load as honest
from openworld.cli import main
from openworld.driving import ready

#: A client that asks once and then says no more.
ASKING = """
import json, sys, urllib.request, urllib.error
try: urllib.request.urlopen(json.loads(sys.stdin.readline())["url"], timeout=5)
except urllib.error.HTTPError: pass
print('{"done": false}')
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a CLIENT, or --server SERVER, --resource-server SERVER, --pair CLIENT SERVER, "),
        (["mcp-python==2.3.0", "--server", "authlib==1.9.10"], "name a CLIENT, or"),
        (["nobody==1"], "unknown client 'nobody'; allowed: mcp-python"),
        (["--server", "nobody==1"], "unknown server 'nobody'; allowed: authlib"),
        (["--pair", "mcp-python==2.3.0", "nobody==1"], "unknown server 'nobody'"),
        (["mcp-python==2.3.0", "--source", "catalogue", "--scenarios", "M09,Z"], "no scenario 'Z'; allowed: "),
        (["mcp-python==2.3.0", "--source", "dreams"], "'dreams' is not one of"),
        (
            ["mcp-python==2.3.0", "--source", "attack", "--property", "user_intent"],
            "attacks on user_intent cannot be told to a client; allowed: code_delivery",
        ),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(arguments: list[str], said: str) -> None:
    assert said in refused(CliRunner().invoke(main, ["conform", *arguments]))


def test_release_without_the_client_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text('print(\'{"done": false, "unfit": true, "error": "this release has no client"}\')')
    command, reads = (sys.executable, str(driver)), (tmp_path, *python_folders())
    monkeypatch.setattr(ready, "install", lambda wanted, **_: install.Installed(wanted, command, {}, reads))
    with pytest.raises(SystemExit) as ended:
        main(["conform", "oauth4webapi==3.1.0", "--scenarios", "R01,C01", "--plain"])
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert ended.value.code == 2
    assert said.endswith("oauth4webapi==3.1.0 does not start: this release has no client")


def test_what_is_not_measured_is_inconclusive_and_in_every_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    driver, out, junit = tmp_path / "driver.py", tmp_path / "out", tmp_path / "junit.xml"
    driver.write_text("raise SystemError('broken')")
    command, reads = (sys.executable, str(driver)), (tmp_path, *python_folders())
    installed = install.Installed(release("mcp-python==0", CLIENTS, "client"), command, {}, reads)
    monkeypatch.setattr(ready, "install", lambda wanted, **_: installed)
    with pytest.raises(SystemExit) as ended:
        main(["conform", "mcp-python==0", "--scenarios", "R01", "--plain", "-o", str(out), "--junit", str(junit)])
    assert ended.value.code == 3
    assert "R01_exact  ?  [crashed] crashed: SystemError: broken" in capsys.readouterr().out
    assert "not measured: crashed" in junit.read_text()
    assert "NOT-MEASURED: crashed" in (out / "mcp-python-0" / "behaviour.csv").read_text()


def test_missing_node_is_a_clear_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    with pytest.raises(SoftwareError, match="needs Node 99 or newer; found none"):
        install.find_node(tmp_path, 99)


@pytest.mark.parametrize("name", ["M08_mixup_iss", "M09_mixup_no_iss", "M10_mixup_evil_claims_as1_issuer"])
def test_cures_stop_the_attack_and_leave_the_client_useful(name: str) -> None:
    design = find("ts-sdk-v1==1.32.2").design
    assert converse(design, honest(name)).misdelivered
    found = cures(design, name)
    assert found
    for cure in found:
        changed = design.but(**dict(cure.switches))
        assert not converse(changed, honest(name)).misdelivered
        assert converse(changed, honest(HONEST)).stage == "A"


@pytest.mark.parametrize(
    ("client", "scenario"),
    [
        ("mcp-python==2.3.0", "M08_mixup_iss"),
        ("ts-sdk-v1==1.32.2", "M09_mixup_no_iss"),
        pytest.param("mcp-python==2.3.0", "M09_mixup_no_iss", marks=pytest.mark.slow),
        pytest.param("ts-sdk-v1==1.32.2", "M08_mixup_iss", marks=pytest.mark.slow),
    ],
)
def test_what_is_recommended_is_safe_and_the_rest_says_what_is_amiss(client: str, scenario: str, checker) -> None:
    """By the solver, in the scenario's world: an attack is left of what stops this run only, and of nothing else."""
    design, ask = find(client).design, lambda prop, asked: checker.verdict(prop, asked).trace
    sends = "no" if scenario == "M09_mixup_no_iss" else "yes"
    found = recommended(design, scenario, ask)
    assert [cure.worth for cure in found] == sorted((cure.worth for cure in found), key=get_args(Worth).index)
    for cure in found:
        better = design.but(h_iss=sends, **dict(cure.switches))
        attacked = ask("code_delivery", Configuration(better, frozenset({"mal_as"}))) is not None
        finishes = ask("first_contact", Configuration(better, frozenset())) is not None
        assert attacked == (cure.worth == "this run only"), cure
        assert attacked or finishes == (cure.worth in ("safe", "beforehand")), cure
        assert str(cure) == cure.setting or cure.worth != "safe"


def test_scenario_that_does_no_harm_needs_no_cure() -> None:
    assert cures(find("ts-sdk-v1==1.32.2").design, HONEST) == []


def test_every_mutation_can_be_asked_of_the_model() -> None:
    design = find("mcp-python==2.3.0").design
    for play in mutations():
        if play.twist is None:
            converse(design, play.scenario(honest(HONEST).origins))


def test_full_disk_is_one_line_and_keeps_what_is_finished(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The disk is full from the moment on at which the first result is there."""
    driver, out = tmp_path / "driver.py", tmp_path / "out"
    driver.write_text(ASKING)
    command, reads = (sys.executable, str(driver)), (tmp_path, *python_folders())
    monkeypatch.setattr(ready, "install", lambda wanted, **_: install.Installed(wanted, command, {}, reads))
    kept = out / "mcp-python-0" / "R01_exact.json"
    arguments = ["conform", "mcp-python==0", "--scenarios", "R01,M01", "--plain", "--workers", "1", "-o", str(out)]
    with failing(out, lambda turn: errno.ENOSPC if kept.exists() else None), pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert ended.value.code == 3
    assert said.endswith("No space left on device")
    assert kept.exists()
    assert not list(out.glob("*/M01*"))
