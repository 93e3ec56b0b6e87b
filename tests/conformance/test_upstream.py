"""Our scenarios in MCP's suite: the table says what is played here, and results are read back as plays are."""

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conformance import upstream
from conformance.explained import observed
from conformance.install import install
from conformance.origins import Origins
from conformance.play import Play, catalogue, mutations
from conformance.run import Settings, run_all
from conformance.software import CLIENTS, Release
from conformance.upstream import COMPLETES, ChecksError
from conformance.world import body_at
from deployed.behaviour import Comparison, measured
from deployed.missing import asked_of, required_by
from model.clients import clients
from model.conversation import converse
from model.scenario import Scenario, load, names
from openworld.cli import main

PLAYS = {play.name: play for play in catalogue()}
TABLE = upstream.table(PLAYS.values())
#: What the suite recorded of mcp-python 2.3.0, whose code the malicious AS gets there (30 November 2026).
MIXUP, CLIENT = "M09_mixup_no_iss", "mcp-python==2.3.0"
RECORDED = json.loads(Path(__file__).with_name("data").joinpath(f"{MIXUP}.checks.json").read_text(encoding="utf-8"))
#: The same of a client that asks once and no more.
_DETAILS = RECORDED[1]["details"]
ENDED = [RECORDED[0], {**RECORDED[1], "details": {**_DETAILS, "exchanges": _DETAILS["exchanges"][:1]}}]
#: Others than those that the table was made with.
ELSEWHERE = Origins("http", {}, {"rs": 41000, "as1": 41001, "as2": 41002, "evil": 41003})


def patched(target: Any, patch: Any) -> Any:
    """A JSON Merge Patch applied, as RFC 7396 2 writes it down."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = patched(made.get(name), value)
    return made


def says(world: dict[str, Any], scenario: Scenario) -> None:
    """A world of the table is that of the scenario, at other origins."""
    text = json.dumps(world)
    for name, port in ELSEWHERE.ports.items():
        text = text.replace(f"{{{name}_port}}", str(port))
    said = json.loads(ELSEWHERE.filled(text))
    documents = {
        url: (one["status"], one.get("location", ""), one.get("body", {})) for url, one in said.pop("documents").items()
    }
    assert documents == {url: (one.status, one.location, body_at(url, one)) for url, one in scenario.documents.items()}
    assert scenario.url in said.pop("identifiers")
    for name, value in said.items():
        own = getattr(scenario, name)
        assert value == (sorted(own) if isinstance(own, frozenset) else own), name


@pytest.mark.parametrize("name", PLAYS)
def test_the_table_says_what_is_played_here(name: str) -> None:
    """Applied one after the other, its patches are the scenario and what it becomes later."""
    row, scenario = TABLE["scenarios"][name], load(name, {each: ELSEWHERE.origin(each) for each in ELSEWHERE.ports})
    first = patched(TABLE["honest"], row["world"])
    says(first, scenario)
    assert ("later" in row) == (scenario.later is not None) == (row["calls"] == 2)
    if scenario.later is not None:
        says(patched(first, row["later"]), scenario.later)


def test_a_check_fails_by_the_keyword_of_its_sections() -> None:
    """A MUST is a failure; ends that no keyword asks for are those that the command lists."""
    unsaid = upstream.unsaid(PLAYS.values())
    for name, row in TABLE["scenarios"].items():
        required, asked = row["required"], asked_of(name)
        binding = required_by(asked)
        must = any(one.upper().startswith(("MUST", "REQUIRED", "SHALL")) for one in binding)
        assert required["end"] == asked.stage
        assert (required["status"] == "FAILURE") == must, name
        assert (required["id"] == COMPLETES) == (asked.stage == "A")
        assert (name in unsaid) == (asked.refused_by is not None and not binding)
        assert not binding or required["references"][0]["id"] in binding[0]


def test_references_lead_to_sections() -> None:
    found = {one["id"]: one.get("url") for row in TABLE["scenarios"].values() for one in row["required"]["references"]}
    assert found["RFC 9728 3.3"] == "https://www.rfc-editor.org/rfc/rfc9728.html#section-3.3"
    assert found["RFC 8707 2, 2.1"] == "https://www.rfc-editor.org/rfc/rfc8707.html#section-2"
    assert len({url for url in found.values() if url}) > 5
    assert all(row["required"]["references"] for row in TABLE["scenarios"].values())


def test_the_class_knows_no_scenario() -> None:
    text = "".join(upstream.sources([])[name] for name in ("openworld.ts", "openworld.test.ts"))
    assert not [name for name in names() if name in text]


def test_what_travels_strangely_is_left_out_with_a_reason() -> None:
    twisted = next(play for play in mutations() if play.twist is not None)
    bounced = replace(PLAYS[MIXUP], name="bounced", bounce="own")
    null = next(play for play in mutations() if play.name.endswith("issuer.null"))
    plays = [twisted, bounced, null, PLAYS[MIXUP]]
    assert upstream.sayable(plays) == [PLAYS[MIXUP]]
    assert list(upstream.table(plays)["scenarios"]) == [MIXUP]
    assert set(upstream.unsaid(plays)) == {twisted.name, "bounced", null.name}


def kept(folder: Path, play: str, checks: Any, said: str = '{"done": true}\n', when: str = "18-15-57") -> Path:
    """Results as the suite's ``-o`` leaves them."""
    own = folder / "auth" / "openworld" / f"{play}-2026-11-30T{when}-427Z"
    own.mkdir(parents=True)
    own.joinpath("checks.json").write_text(checks if isinstance(checks, str) else json.dumps(checks), encoding="utf-8")
    own.joinpath("stdout.txt").write_text(said, encoding="utf-8")
    return folder


def test_results_are_read_back_as_what_is_played_is_judged(tmp_path: Path) -> None:
    """What was sent where, looked for where and lost: the stored design of the client explains all of it."""
    (found,) = upstream.results(kept(tmp_path, MIXUP, RECORDED), PLAYS.values())
    judged = found.judgement
    assert (found.check, found.status, judged.outcome) == (COMPLETES, "SUCCESS", "A")
    assert "code_delivery" in judged.attacks
    seen = observed(judged)
    assert seen.misdelivered
    assert seen.stage == measured()[CLIENT][MIXUP].stage
    assert Comparison(MIXUP, seen, converse(clients()[CLIENT].design, load(MIXUP))).whole


def test_a_client_of_the_suite_is_its_own_browser() -> None:
    """What it asks of the authorization endpoint is its request, and no trial before a user is sent there."""
    unnamed = json.loads(json.dumps(RECORDED).replace("openworld-user-agent", "node"))
    assert unnamed != RECORDED
    assert upstream.result(PLAYS[MIXUP], unnamed) == upstream.result(PLAYS[MIXUP], RECORDED)


def test_of_two_runs_the_last_counts_and_a_crash_measures_nothing(tmp_path: Path) -> None:
    kept(tmp_path, MIXUP, RECORDED)
    kept(tmp_path, MIXUP, ENDED, "{}\n", "19-00-00")
    (found,) = upstream.results(tmp_path, PLAYS.values())
    assert not found.judgement.measured


@pytest.mark.parametrize("checks", ["[", "[]", "{}", '[{"id": "openworld-exchanges", "details": {}}]'])
def test_checks_that_cannot_be_read_are_one_line_with_their_file(tmp_path: Path, checks: str) -> None:
    with pytest.raises(ChecksError, match=rf"^\S+{MIXUP}\S+: no checks of auth/openworld/{MIXUP} \(.+\)$"):
        upstream.results(kept(tmp_path, MIXUP, checks), PLAYS.values())


def test_a_folder_without_results_is_one_line() -> None:
    with pytest.raises(ChecksError, match=r"^\S+: has no checks.json of scenarios"):
        upstream.results(Path(__file__).parent, PLAYS.values())


def test_what_differs_from_what_was_played_here_is_told() -> None:
    """The end decides whether a check agrees; a request that is made only there is a difference by itself."""
    there = upstream.result(PLAYS[MIXUP], RECORDED, '{"done": true}')
    same = upstream.compare([there.judgement], [there])
    assert list(upstream.lines(same))[:1] == ["our scenarios in the suite: 1 of 1 checks agree"]
    (fewer,) = upstream.compare([replace(there.judgement, sent=there.judgement.sent[1:])], [there])
    assert (fewer.agrees, fewer.difference.startswith("sent: here authorize@")) == (True, True)
    (sooner,) = upstream.compare([replace(there.judgement, outcome="a")], [there])
    assert not sooner.agrees
    assert "DIFFERS" in "\n".join(upstream.lines([sooner]))


def test_commands_write_the_scenarios_and_read_what_came_of_them(tmp_path: Path) -> None:
    written = CliRunner().invoke(main, ["new", "suite", str(tmp_path), "--scenarios", "M,T08"])
    assert written.exit_code == 0, written.output
    assert written.output.splitlines()[1:] == [
        "1 of them have no check that can fail:",
        "  T08_token_type_dpop: no text has a keyword for the end that the model requires",
    ]
    table = json.loads((tmp_path / "openworld.json").read_text(encoding="utf-8"))
    assert MIXUP in table["scenarios"]
    assert not {name for name in table["scenarios"] if not name.startswith(("M", "T08"))}
    read = CliRunner().invoke(main, ["conform", CLIENT, "--checks", str(kept(tmp_path, MIXUP, ENDED))])
    assert read.exit_code == 0, read.output
    assert f"{MIXUP}  d" in read.output
    assert "catalogue: 0 of 1 ends predicted by the stored design" in read.output
    refused = CliRunner().invoke(main, ["conform", CLIENT, "--checks", str(tmp_path), "--suite"])
    assert (refused.exit_code, "--checks reads" in refused.output) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mcp-python", "ts-sdk-v1"])
def test_checks_agree_with_what_is_played_here(name: str, tmp_path: Path) -> None:
    """In the suite itself, if OPENWORLD_SUITE names the archive of one that has our scenarios (`npm pack`)."""
    archive = os.environ.get("OPENWORLD_SUITE")
    if archive is None:
        pytest.skip("OPENWORLD_SUITE names no archive of the suite")
    plays: list[Play] = [PLAYS[name] for name in ("R01_exact", "R02_prefix_segment", "A01_issuer_other", MIXUP)]
    plays += [
        PLAYS[name] for name in ("M02_iss_wrong_adv", "X03_first_down", "T08_token_type_dpop", "C01_as_migration")
    ]
    client = install(Release(CLIENTS[name], CLIENTS[name].tested))
    here = asyncio.run(run_all(client, plays, None, Settings(limit=30, tls=False)))
    asyncio.run(upstream.measure(client, upstream.suite_of(Path(archive)), plays, 40.0, tmp_path))
    compared = upstream.compare(here, upstream.results(tmp_path, plays))
    assert len(compared) == len(plays)
    assert [one for one in compared if not one.agrees or one.difference] == []
