"""The site of what clients do: what is public, since when, what was predicted before, and that it stays the same."""

import csv
import datetime
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance import install, matrix
from conformance.lock import Lock
from conformance.play import catalogue
from conformance.sandbox import python_folders
from conformance.software import CLIENTS, Release
from deployed import disclosure
from deployed.behaviour import MEASURED, Observed, measured
from deployed.checks import ALLOWED, cells, every_check, look, standing
from deployed.disclosure import Report, withheld
from model.errors import InputError
from model.scenario import names
from openworld.cli import main
from openworld.driving import client_site, predicted, ready
from openworld.driving import matrix as driving
from openworld.driving.client import chosen
from openworld.driving.predicted import ReleaseRecord, predict, records, scores

ROOT = Path(__file__).parents[2]
DAY = datetime.date(2026, 11, 30)
ATOM = "{http://www.w3.org/2005/Atom}"
#: A client that asks once, and says whether its prediction was there when it started.
ASKS = """import json, os, sys, urllib.request
job = json.loads(sys.stdin.readline())
open(sys.argv[2], "a").write(str(os.path.exists(sys.argv[1])))
try: urllib.request.urlopen(job["url"])
except OSError: pass
print('{"done": false}')
"""


@pytest.fixture(scope="module")
def site() -> dict[str, str]:
    return client_site.files([], DAY)


def test_every_link_leads_to_a_page_and_every_client_and_check_has_one(site: dict[str, str]) -> None:
    """And there is nothing on it that a second making would have otherwise."""
    for name, text in site.items():
        for link in re.findall(r'(?:href|src)="([^"#:]+)[^":]*"', text):
            assert (Path("/", name).parent / link).resolve().relative_to("/").as_posix() in site, (name, link)
    for release in measured():
        folder = f"clients/{client_site.slug(release.partition('==')[0])}"
        assert {f"{folder}/{check.name}.html" for check in every_check()} <= site.keys()
    assert {name for check in every_check() for name in check.scenarios} == set(names())
    assert client_site.files([], DAY) == site


def test_feeds_have_what_a_feed_must_have(site: dict[str, str]) -> None:
    """RFC 4287 4.1.1 and 4.1.2; an entry has one name in all feeds, and no two have the same."""
    seen = defaultdict(set)
    for name, text in site.items():
        if name.endswith("feed.xml"):
            feed = ElementTree.fromstring(text)
            assert [feed.find(f"{ATOM}{each}") is not None for each in ("id", "title", "updated", "author")] == [
                True
            ] * 4
            for entry in feed.iter(f"{ATOM}entry"):
                title, id_, updated = (entry.findtext(f"{ATOM}{each}", "") for each in ("title", "id", "updated"))
                assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", id_)
                assert datetime.datetime.fromisoformat(updated.replace("Z", "+00:00")).date() == MEASURED
                seen[id_].add(title)
    assert all(len(titles) == 1 for titles in seen.values())
    releases = [release.partition("==")[0] for release in measured()]
    assert len(seen) == len(releases) - len(set(releases))


def test_badges_are_pictures(site: dict[str, str]) -> None:
    badges = {name: ElementTree.fromstring(text) for name, text in site.items() if name.endswith(".svg")}
    assert badges["clients/ts-sdk-v1/badge.svg"].get("aria-label") == "openworld: 1.32.2: 2 of 5 checks hold"


def test_what_is_open_is_in_no_cell_and_neither_is_what_would_give_it_away() -> None:
    """In a row in which anybody has something open, all that is shown is losses that are public."""
    rows = defaultdict(list)
    for client in client_site.clients([], DAY):
        for of in client.rows.values():
            for scenario, row in of.items():
                rows[scenario] += row.values()
    shown = 0
    for scenario, row in rows.items():
        for cell in row:
            observed = measured()[cell.release][scenario]
            lost = ("code_delivery",) if observed.misdelivered else ()
            held = withheld(cell.release.partition("==")[0], scenario, observed.stage, lost, DAY)
            assert (cell.seen is None) == (cell.look == "hidden")
            if any(one.look == "hidden" for one in row) and cell.look != "hidden":
                assert cell.look in ("missed", "lost")
                shown += 1
            assert not held or cell.look == "hidden"
    assert shown > 100


def test_a_report_is_shown_from_its_date_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then its cells are hidden and nothing says that there is one."""
    until = datetime.date(2027, 2, 1)
    sent = Report("x", ("mcp-remote",), ("client.state_matches",), "a state", "RFC 6749 10.12", "sent", until=until)
    for module in (disclosure, client_site):
        monkeypatch.setattr(module, "reports", lambda: (sent,))
    name = "clients/mcp-remote/state_matches.html"
    before, after = (client_site.files([], day)[name] for day in (until - datetime.timedelta(1), until))
    assert "Not public." in before
    assert "embargo" not in before
    assert "goes on" not in before
    assert "1 of 1 scenarios go wrong" in after
    assert "sent: a state" in after
    assert "goes wrong" not in before
    assert "Under embargo until 2027-02-01" in client_site.files([], None)[name]


def test_the_day_of_the_stored_measurements_is_that_of_their_page() -> None:
    text = (ROOT / "deployed" / "data" / "README.md").read_text(encoding="utf-8")
    assert f"**How it was measured.** On {MEASURED.day} {MEASURED:%B %Y}" in text


# --- checks --------------------------------------------------------------------------------------------------


def test_a_check_stands_since_the_first_release_after_the_last_that_did_otherwise() -> None:
    """By the scenarios that are shown of both; a release of which none is shown says nothing."""
    check = next(one for one in every_check() if one.name == "iss_matches_recorded_issuer")
    wrong, right = Observed("A"), Observed("a")
    ends = {"c==1": wrong, "c==2": right, "c==3": wrong, "c==4": wrong, "c==10": wrong}
    seen = {release: dict.fromkeys(check.scenarios, end) for release, end in ends.items()}
    stands = standing(cells(check, seen))
    assert stands is not None
    assert (stands.release, stands.since, stands.before) == ("c==10", "c==3", "c==2")
    assert len(stands.wrong) == stands.every == 4
    hidden = {("c==10", name) for name in check.scenarios} | {("c==3", name) for name in check.scenarios}
    stands = standing(cells(check, seen, hidden=hidden))
    assert stands is not None
    assert (stands.release, stands.since, stands.before) == ("c==4", "c==4", "c==2")
    assert (
        standing(cells(check, seen, hidden={(release, name) for release in ends for name in check.scenarios})) is None
    )


@pytest.mark.parametrize(
    ("scenario", "stage", "misdelivered", "host", "expected"),
    [
        ("M02_iss_wrong_adv", "a", False, (), "refused"),
        ("M02_iss_wrong_adv", "d", False, (), "refused"),
        ("M02_iss_wrong_adv", "A", False, (), "missed"),
        ("M02_iss_wrong_adv", "A", False, ("iss_check",), "host"),
        ("M08_mixup_iss", "t", True, (), "lost"),
        ("M09_mixup_no_iss", "A", False, (), "reached"),
        ("R01_exact", "d", False, (), "stopped"),
        ("T09_token_type_missing", "A", False, (), "advised"),
    ],
)
def test_an_end_is_held_against_what_is_asked(
    scenario: str, stage: str, misdelivered: bool, host: tuple[str, ...], expected: str
) -> None:
    assert look(scenario, stage, misdelivered, host) == expected


def test_only_checks_that_a_text_demands_are_counted() -> None:
    (client,) = (one for one in client_site.clients([], None) if one.name == "ts-sdk-v1")
    demanded = {check.name for check in client.demanded}
    assert ALLOWED not in demanded
    assert "client_id_is_granted" not in demanded  # a SHOULD
    assert {"state_matches", "document_is_well_formed"} <= demanded


# --- predictions ---------------------------------------------------------------------------------------------


def test_a_prediction_is_that_of_the_nearest_other_release_and_has_a_digest() -> None:
    """A release that is stored is predicted without itself; one of no known client by the baseline."""
    assert predict("mcp-python==2.2.0", (), ()).by == "mcp-python==2.3.0"
    assert predict("mcp-python==2.3.0", (), ()).by == "mcp-python==1.30.0"
    said = predict("nobody==1", (), ())
    assert said.by == ""
    assert set(said.ends) == set(names())
    assert replace(said, ends={**said.ends, "R01_exact": "x"}).digest != said.digest


def test_a_score_names_what_was_missed_and_hides_what_is_not_public(tmp_path: Path) -> None:
    said = predict("mcp-python==2.2.0", ("mcp-python==2.2.0",), ())
    seen = {name: Observed("x" if name in ("R01_exact", "P01") else end) for name, end in said.ends.items()}
    record = ReleaseRecord(said, seen, "2026-11-30", tmp_path)
    missed = [one.scenario for one in record.missed]
    assert "R01_exact" in missed
    assert record.score.endswith(f"{88 - len(missed)} of 88 ends as predicted; not R01_exact (A, ended x)")
    row = scores([record], frozenset({("mcp-python==2.2.0", "R01_exact")})).splitlines()[1]
    assert row == f"mcp-python==2.2.0,2026-11-30,mcp-python==2.3.0,{said.digest},88,87,and 1 not public"


def test_what_was_measured_under_another_prediction_is_no_longer_told(tmp_path: Path) -> None:
    said = predict("mcp-python==2.2.0", ("mcp-python==2.2.0",), ())
    said.keep(tmp_path)
    (tmp_path / predicted.SEEN).write_text("implementation,version,scenario,outcome,where_in_code\n")
    said.keep(tmp_path)
    assert (tmp_path / predicted.SEEN).exists()
    replace(said, by="mcp-python==1.30.0").keep(tmp_path)
    assert not (tmp_path / predicted.SEEN).exists()
    assert json.loads((tmp_path / predicted.FILE).read_text())["by"] == "mcp-python==1.30.0"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command with clients that say if they were predicted, and notes by which lists they were installed."""
    driver, listed = tmp_path / "driver.py", []
    driver.write_text(ASKS)
    monkeypatch.setattr("conformance.sandbox.way", lambda: "")

    def installed(wanted: Release, lock: Lock | None = None, **_: object) -> install.Installed:
        listed.append(lock)
        said = tmp_path / "out" / wanted.slug / predicted.FILE
        command = (sys.executable, str(driver), str(said), str(tmp_path / "started"))
        kept = lock or Lock(str(wanted), "2026-11-01")
        return install.Installed(wanted, command, {}, (tmp_path, *python_folders()), lock=kept)

    monkeypatch.setattr(ready, "install", installed)
    monkeypatch.setattr(driving, "newest", lambda software: {"mcp-python": "2.3.0"}[software.name])

    def ends(*words: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["conform", *words, "--plain", "--workers", "1"])
        return int(str(ended.value.code))

    ends.listed = listed  # type: ignore[attr-defined]
    return ends


def tree(folder: Path) -> dict[str, bytes]:
    """What is in a folder, but for the file by which one run at a time has it."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file() and one.suffix}


def test_releases_are_predicted_measured_scored_and_published_in_one_command(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each after its prediction; the second run plays nothing, installs by the lists of the first, and is the same."""
    asked = ("mcp-python==1.30.0", "mcp-python==latest", "--scenarios", "R01,T09", "-o", str(tmp_path / "out"))
    assert run(*asked) == 0
    told = capsys.readouterr().out
    assert told.startswith("mcp-python==1.30.0: predicted by mcp-python==1.28.1, digest ")
    assert "0 of 2 ends as predicted; not R01_exact (A, ended d), T09_token_type_missing" in told
    assert "0 of 4 ends as predicted before they were measured" in told
    assert (tmp_path / "started").read_text() == "True" * 4
    first = tree(tmp_path / "out")
    assert run(*asked) == 0
    assert tree(tmp_path / "out") == first
    assert (tmp_path / "started").read_text() == "True" * 4
    assert [lock is None for lock in run.listed] == [True, True, False, False]  # type: ignore[attr-defined]

    page = first["public/clients/mcp-python/index.html"].decode()
    assert "mcp-python==2.3.0 was predicted by the design of mcp-python==1.30.0 before it ran: 0 of 2 ends" in page
    assert "2.3.0, after 1.30.0" in page
    check = first[f"public/clients/mcp-python/{ALLOWED}.html"].decode()
    assert "../../mcp-python-2.3.0/R01_exact.har" in check
    assert "public/mcp-python-2.3.0/R01_exact.har" in first
    for name, text in first.items():
        if name.startswith("public/") and name.endswith(".html"):
            for link in re.findall(r'(?:href|src)="([^"#:]+)[^":]*"', text.decode()):
                assert (tmp_path / "out" / name).parent.joinpath(link).exists(), (name, link)


def test_the_site_is_made_again_of_what_was_measured(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without running anything; a folder with something else in it is left alone, and damage is one line."""
    assert run("mcp-python==2.3.0", "ts-sdk-v1==1.32.2", "--scenarios", "R01", "-o", str(tmp_path / "out")) == 0
    again = ["clients", "--site", str(tmp_path / "site"), "--measured", str(tmp_path / "out")]
    for more, shown in (([], "what may be published today"), (["--everything"], "everything, and not to be published")):
        with pytest.raises(SystemExit) as ended:
            main([*again, *more])
        assert ended.value.code == 0
        assert shown in capsys.readouterr().out
    assert "Do not publish it" in (tmp_path / "site" / "index.html").read_text()
    with pytest.raises(InputError, match=r"driver\.py|holds something else"):
        client_site.publish(tmp_path, {})
    (tmp_path / "out" / "mcp-python-2.3.0" / predicted.FILE).write_text("{}")
    with pytest.raises(InputError, match="not a prediction"):
        list(records(tmp_path / "out"))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ["mcp-python==2.2.0", "ts-sdk-v1==1.30.0"],
            "several releases: the pages and all results are kept in the folder",
        ),
        (["mcp-python==2.2.0", "mcp-python==2.2.0", "-o", "{out}"], "mcp-python==2.2.0 is there twice"),
        (["mcp-python==2.2.0", "ts-sdk-v1", "-o", "{out}"], "client 'ts-sdk-v1' does not name an exact version"),
        (["mcp-python==2.2.0", "nobody==latest", "-o", "{out}"], "unknown client 'nobody'"),
        (
            ["mcp-python==2.2.0", "ts-sdk-v1==1", "--suite", "-o", "{out}"],
            "several releases are played scenarios of the",
        ),
        (["mcp-python==2.2.0", "ts-sdk-v1==1", "--scenarios", "Q", "-o", "{out}"], "no scenario 'Q'"),
    ],
)
def test_a_list_that_cannot_be_measured_is_one_line(
    run: Callable[..., int], tmp_path: Path, words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*(word.format(out=tmp_path / "out") for word in words)) == 2
    assert capsys.readouterr().err.startswith(f"openworld: {complaint}")


def test_the_newest_version_is_what_the_registry_says_asked_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(install.NEWEST, raising=False)
    monkeypatch.setenv("OPENWORLD_SOFTWARE", str(tmp_path))
    said = {"index": "mcp (2.4.0)\nAvailable versions: 2.4.0, 2.3.0\n", "view": "2.5.0\n"}
    asked: list[str] = []

    def outward(command: list[str], *_: object) -> str:
        asked.append(next(word for word in command if word in said))
        return said[asked[-1]]

    monkeypatch.setattr(install, "outward", outward)
    monkeypatch.setattr(install, "find_node", lambda *_: ("node", ["npm"], ()))
    for _ in range(2):
        assert install.newest(CLIENTS["mcp-python"]) == "2.4.0"
        assert install.newest(CLIENTS["ts-client-v2"]) == "2.5.0"
    assert asked == ["index", "view"]
    monkeypatch.delenv(install.NEWEST)


def test_the_score_that_the_page_tells_is_the_kept_one() -> None:
    """And it is of releases that are not stored."""
    kept = list(csv.DictReader((ROOT / "benchmarks" / "releases.csv").read_text(encoding="utf-8").splitlines()))
    assert tuple(kept[0]) == predicted.COLUMNS
    assert not {one["release"] for one in kept} & measured().keys()
    right, played = (sum(int(one[column]) for one in kept) for column in ("right", "played"))
    page = " ".join((ROOT / "docs" / "real-software.md").read_text(encoding="utf-8").split())
    assert f"{right} of {played} ends came as predicted" in page


def test_the_weekly_run_measures_every_client_in_every_scenario() -> None:
    wanted = matrix.load(ROOT / ".github" / "matrix.toml")
    assert [one.name.partition("==")[0] for one in wanted.entries] == list(CLIENTS)
    assert len(chosen(catalogue(), ",".join(wanted.scenarios))) == len(names())
