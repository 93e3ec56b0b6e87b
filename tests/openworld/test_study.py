"""The study: what is in its folder, that it is the same every time, and that nothing false gets in."""

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from smallest import narrowed, settled

from model.design import parse
from model.named_designs import NAMED_DESIGNS
from model.switches import CAPABILITIES
from model.trace import from_json
from openworld import exhibits, plotstyle, study, tables
from openworld.folders import FolderInUseError, claimed
from openworld.plan import StudyPlan
from openworld.report import read
from openworld.tables import clients, verdicts
from openworld.tables.drafts import AGAINST
from openworld.tables.table import Lot, Made, Rows, StudyTable
from openworld.tables.verdicts import cases
from properties.attackers import every_attacker
from properties.checker import Checker
from properties.security import PROPERTIES, find
from properties.shortest import ReplayError, confirm
from simulations import catalogue, processes
from simulations.arms import protections

DESIGNS, WHO, EXPERIMENT = ("gaps_closed",), ("none", "mal_tenant"), "echo"
CLIENT, KINDS = "oauth4webapi-dpop", ("refresh_token",)
#: What honest parties get done, and every fourth of the other properties: two of them fall to an attacker here.
ASKED = {each.name: each for n, each in enumerate(PROPERTIES.values()) if n % 4 == 3 or each.kind == "utility"}
SPREAD, RENDERED = processes.spread, plotstyle.rendered


@pytest.fixture(scope="module")
def small() -> Any:
    """A study small enough for a test: one design, two attackers, few properties and situations, one experiment."""
    kept = catalogue.EXPERIMENTS[EXPERIMENT]
    few = {"designs": DESIGNS, "attackers": WHO, "clients": (CLIENT,), "drafts": ("prefix",), "mishaps": KINDS}
    few |= {"environments": ("multi_path_api",), "properties": ("as_acceptance",), "against": AGAINST[:1]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StudyPlan, "taken", narrowed(few))
        patch.setattr(clients, "SITUATIONS", clients.SITUATIONS[-3:])
        patch.setattr(verdicts, "every_property", lambda model: ASKED)
        of_study = exhibits.of_study
        patch.setattr(exhibits, "of_study", lambda plan: [replace(each, quick=True) for each in of_study(plan)])
        short = replace(kept, values=kept.values[:: max(1, len(kept.values) // 2)][:3])
        patch.setattr(catalogue, "EXPERIMENTS", {EXPERIMENT: short})
        yield


@pytest.fixture(scope="module")
def folder(small: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small study."""
    made = tmp_path_factory.mktemp("study") / "out"
    study.run(StudyPlan(made, workers=1, seed=7))
    return made


def rows(folder: Path) -> list[dict[str, str]]:
    """The table of verdicts."""
    with (folder / "verdicts.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_cell_has_a_verdict(folder: Path) -> None:
    """Design by attacker by property, each once, in order."""
    table = rows(folder)
    mine = StudyPlan(folder)
    asked = [(case.design, case.attacker, case.prop.name) for case in cases(mine.designs, mine.attackers)]
    assert [(row["design"], row["attacker"], row["property"]) for row in table] == asked
    assert len(asked) == len(DESIGNS) * len(WHO) * len(ASKED)
    assert len(json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))) == len(asked)


@pytest.mark.parametrize("table", [each for each in tables.TABLES if each.shape], ids=lambda table: table.name)
def test_a_table_has_the_columns_that_it_says(folder: Path, table: StudyTable) -> None:
    """Each column that it cannot be read without is made; what is read are the rows that were written."""
    with (folder / f"{table.name}.csv").open(newline="", encoding="utf-8") as stream:
        written = list(csv.DictReader(stream))
    assert {*table.shape.needed} <= {*written[0]}
    assert len(table.rows(read(folder))) == len(written)


def test_every_attack_has_a_chart_and_a_trace_that_replays(folder: Path) -> None:
    """Charts fit the page, and the traces beside them are confirmed by the machine."""
    attacks = [row for row in rows(folder) if row["verdict"] == "attack" and row["kind"] == "security"]
    assert attacks
    for row in attacks:
        first, _, chart = (folder / row["chart"]).read_text(encoding="utf-8").partition("\n")
        assert first == f"openworld trace {row['property']} '{row['configuration']}'"
        assert max(map(len, chart.splitlines())) <= 69
        trace = from_json((folder / row["chart"]).with_suffix(".json").read_text(encoding="utf-8"))
        confirm(trace, find(row["property"]))
        assert len(trace.steps) == int(row["steps"])


def test_every_link_leads_somewhere(folder: Path) -> None:
    """What the page links to is there."""
    html = (folder / "report.html").read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^"#:]+)"', html))
    assert links
    assert [link for link in links if not (folder / link).exists()] == []
    assert "Not finished" not in html


def test_a_study_that_is_not_full_says_so_on_top(folder: Path) -> None:
    """With how much of everything it has, before anything that it found."""
    top, _, _ = (folder / "report.html").read_text(encoding="utf-8").partition('class="lead"')
    assert f"1 of {len(NAMED_DESIGNS)} designs" in top
    assert "A quick study, not the full one." in top


def test_experiments_are_tables_and_figures(folder: Path) -> None:
    """Each experiment has its tables, and each figure comes in three formats with its data and its caption."""
    names = {path.name for path in (folder / "simulations").iterdir()}
    assert {f"{EXPERIMENT}_{kind}.{form}" for kind in ("rates", "quantities") for form in ("csv", "parquet")} <= names
    drawn = {path.name for path in (folder / "figures").iterdir()}
    of_experiment = [f"{EXPERIMENT}-{kind}" for kind in ("trade", "pair", "rates", "differences", "funnel")]
    spread = [f"blast_radius-{kind}" for kind in KINDS]
    clients = ["clients-verdicts", "clients-scenarios"]
    stems = ["drafts", "attackers", *of_experiment, *(f"verdicts-{who}" for who in WHO), *clients, *spread]
    assert {f"{stem}.{form}" for stem in stems for form in ("svg", "pdf", "png", "csv", "txt")} == drawn


def test_deployed_clients_are_asked_in_every_situation(folder: Path, checker: Checker) -> None:
    """One row each, with a configuration that the command line takes and that gives this very verdict."""
    table = list(csv.DictReader((folder / "clients.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["situation"] for row in table] == [situation.words for situation in clients.SITUATIONS]
    for row in table:
        assert row["configuration"].startswith(f"design={CLIENT}==")
        assert checker.result(row["property"], parse(row["configuration"])) == row["verdict"]


def test_what_designs_need_of_others_is_a_table_and_on_the_page(folder: Path) -> None:
    """A row for each design and property, with the verdict among the kindest others, among products and whoever."""
    (row,) = csv.DictReader((folder / "environments.csv").read_text(encoding="utf-8").splitlines())
    assert (row["design"], row["code"]) == (*DESIGNS, "AA")
    assert (row["verdict"], row["products"], row["whatever"]) == ("attack", "attack", "never")
    assert 'id="others"' in (folder / "report.html").read_text(encoding="utf-8")


def test_what_drafts_buy_is_a_table_and_the_first_figure(folder: Path) -> None:
    """A row for each draft and environment; the figure stands before all others on the page."""
    (row,) = csv.DictReader((folder / "drafts.csv").read_text(encoding="utf-8").splitlines())
    assert (row["draft"], row["environment"]) == ("prefix", "multi_path_api")
    assert (row["of_use_before"], row["of_use_after"]) == ("not_reached", "reached")
    assert 'alt="What each draft buys' in (folder / "report.html").read_text(encoding="utf-8").partition("<figure>")[2]


def test_how_far_mishaps_reach_is_counted(folder: Path) -> None:
    """Each kind has its tables, under every protection, and the command that counts them again."""
    for kind in KINDS:
        with (folder / "simulations" / f"blast-radius-{kind}.csv").open(newline="", encoding="utf-8") as stream:
            table = list(csv.DictReader(stream))
        assert list(dict.fromkeys(row["design"] for row in table)) == [arm.name for arm in protections()]
        assert {row["command"].split()[2] for row in table} == {kind}


def test_the_report_is_the_last_step(folder: Path) -> None:
    """The page that a person can mail is there, with every attack and both tables of the experiment."""
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="experiment-echo"' in html
    assert "Missing or unreadable" not in html
    drawn = {row["chart"] for row in rows(folder) if row["chart"]}
    charts = {row["chart"] for row in rows(folder) if row["chart"] and row["kind"] == "security"}
    assert html.count("<article ") <= len(drawn)
    matrix = html[html.index('<section id="matrix"') : html.index('<section id="runs"')]
    assert matrix.count('class="cell attack"') - 1 == len(charts)


def test_same_seed_same_files(small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two other processes write the same bytes as this one; only run.json tells them apart."""
    monkeypatch.setattr(plotstyle, "rendered", RENDERED)
    folder, again = tmp_path / "first", tmp_path / "again"
    study.run(StudyPlan(folder, workers=1, seed=7))
    monkeypatch.setattr(processes, "spread", SPREAD)
    study.run(StudyPlan(again, workers=2, seed=7))
    first = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    second = {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()}
    assert first.keys() == second.keys()
    assert [str(name) for name in first if name.name != "run.json" and first[name] != second[name]] == []


def test_run_json_says_what_ran(folder: Path) -> None:
    """Versions, seed and durations are recorded."""
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert about["finished"] is True
    assert about["seed"] == 7
    assert about["versions"]["z3-solver"]
    assert about["seconds"].keys() == about["done"].keys() == {each.name for each in (*tables.TABLES, study.FIGURES)}
    assert all(0 <= seconds < 3_600 for seconds in about["seconds"].values())


def test_a_used_folder_is_set_aside(small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier run left is not taken for this one's, and what is not a study's stays where it is."""
    monkeypatch.setattr(study, "_stages", lambda _: {"verdicts": verdicts.TABLE})
    few = {name: PROPERTIES[name] for name in ("as_acceptance", "first_contact")}
    monkeypatch.setattr(verdicts, "every_property", lambda model: few)
    mine = StudyPlan(tmp_path, workers=1, seed=8)
    (tmp_path / "notes.md").write_text("mine", encoding="utf-8")
    (tmp_path / "verdicts.csv").write_text("of somebody else", encoding="utf-8")
    study.run(mine)
    assert (tmp_path / "notes.md").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "earlier" / "1" / "verdicts.csv").read_text(encoding="utf-8") == "of somebody else"
    assert {row["run"] for row in rows(tmp_path)} == {mine.run}
    assert not read(tmp_path).problems
    assert read(tmp_path).others == ["notes.md"]


def test_until_it_is_finished_a_study_says_that_it_is_not(
    small: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the first stage over a finished folder: what is there says neither finished nor a single verdict."""
    used = tmp_path / "used"
    shutil.copytree(folder, used)

    def killed(*_: object) -> Any:
        raise SystemExit(137)
        yield

    monkeypatch.setattr(study, "_stages", lambda _: {"verdicts": replace(verdicts.TABLE, made=killed)})
    monkeypatch.setattr(study, "_conclude", lambda *_: None)
    with pytest.raises(SystemExit):
        study.run(StudyPlan(used, workers=2, seed=7))
    assert json.loads((used / "run.json").read_text(encoding="utf-8"))["finished"] is False
    assert sorted(path.name for path in used.iterdir()) == [".lock", "earlier", "run.json"]


def test_two_runs_in_one_folder_never_meet(folder: Path) -> None:
    """The second one is told so in one line, and changes nothing."""
    before = (folder / "run.json").read_bytes()
    with claimed(folder), pytest.raises(FolderInUseError, match="another run is writing to it"):
        study.run(StudyPlan(folder))
    assert (folder / "run.json").read_bytes() == before


@pytest.mark.parametrize("file", ["verdicts.json", "clients.csv", f"simulations/{EXPERIMENT}_rates.csv"])
def test_tables_of_another_run_are_left_out_and_named(folder: Path, tmp_path: Path, file: str) -> None:
    """A folder into which somebody has copied a table of another run is no study of anything."""
    mixed = tmp_path / "mixed"
    shutil.copytree(folder, mixed)
    run = json.loads((mixed / "run.json").read_text(encoding="utf-8"))["run"]
    assert len(read(mixed).problems) == 0
    table = (mixed / file).read_text(encoding="utf-8")
    (mixed / file).write_text(table.replace(run, "0" * len(run)), encoding="utf-8")
    problems = read(mixed).problems
    assert len(problems) == 1
    assert f"{file}: of another run than run.json" in problems[0]


def test_a_chart_is_never_looked_for_outside_the_folder(folder: Path, tmp_path: Path) -> None:
    """Whatever a table says."""
    mixed = tmp_path / "mixed"
    shutil.copytree(folder, mixed)
    table = json.loads((mixed / "verdicts.json").read_text(encoding="utf-8"))
    table[0]["chart"] = "../../etc/passwd"
    (mixed / "verdicts.json").write_text(json.dumps(table), encoding="utf-8")
    assert any("no chart of a study: '../../etc/passwd'" in problem for problem in read(mixed).problems)


def test_a_trace_that_is_not_confirmed_stops_the_study(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unconfirmed trace ends the run; it is not recorded as an attack, and the page says it is not finished."""

    def refuse(*_: object, **__: object) -> Any:
        raise ReplayError("internal error: not confirmed")
        yield

    monkeypatch.setattr(verdicts, "answers_once", refuse)
    with pytest.raises(ReplayError):
        study.run(StudyPlan(tmp_path / "out"))
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Not finished" in page
    assert "1 of 1 parts of verdicts" in page


def test_what_was_cut_short_goes_on_where_it_was(small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped within a stage and then in the next one, it asks nothing again, and comes to the same files."""
    few = {name: PROPERTIES[name] for name in ("as_acceptance", "first_contact")}
    monkeypatch.setattr(verdicts, "every_property", lambda model: few)
    monkeypatch.setattr(StudyPlan, "taken", narrowed({"designs": (*DESIGNS, "mcp"), "attackers": WHO}))
    asked, stops = list[str](), ["verdicts", "last"]

    def judged(mine: StudyPlan, found: dict[str, Rows], left: list[str]) -> Made:
        for lot in verdicts.TABLE.made(mine, found, left):
            asked.append(lot.unit)
            yield lot
            if stops[:1] == ["verdicts"]:
                raise KeyboardInterrupt

    def last(*_: object) -> Made:
        if stops:
            raise KeyboardInterrupt
        yield Lot("last", [])

    of_last = StudyTable("last", units=lambda _: ["last"], made=last, cost=lambda _: 1.0)
    stages = (replace(verdicts.TABLE, made=judged), of_last)
    monkeypatch.setattr(study, "_every", lambda: stages)
    monkeypatch.setattr(study, "_stages", lambda _: {each.name: each for each in stages})
    for lacks in ("1 of 2 parts of verdicts", "1 of 1 parts of last"):
        with pytest.raises(KeyboardInterrupt):
            study.run(StudyPlan(tmp_path / "out", seed=7))
        assert lacks in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
        del stops[0]
    study.run(StudyPlan(tmp_path / "out", seed=7))
    assert asked == [*DESIGNS, "mcp"]
    study.run(StudyPlan(tmp_path / "whole", seed=7))
    found, whole = (settled(tmp_path / name) for name in ("out", "whole"))
    assert found == whole


def test_every_capability_belongs_to_an_attacker() -> None:
    """No capability is left out of the matrix, and every attacker is made of capabilities."""
    used = {cap for attacker in every_attacker().values() for cap in attacker.capabilities.split("+")}
    assert used == {"none", *CAPABILITIES}


def test_the_full_study_takes_every_named_design() -> None:
    """The full study covers all designs, attackers and properties."""
    assert len(cases()) == len(NAMED_DESIGNS) * len(every_attacker()) * len(ASKED)
