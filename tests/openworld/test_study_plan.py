"""What a quick study takes of a full one, where nothing stands in for the experiments that ship."""

import ast
from pathlib import Path

import pytest

import openworld
from openworld.folders import set_aside
from openworld.plan import DESIGNS, StudyPlan
from openworld.tables import CERTIFIED, TABLES
from openworld.tables.table import StudyTable


def test_a_quick_study_takes_what_there_is(tmp_path: Path) -> None:
    """Each name that it takes is one of a full study's, and no design is left out."""
    quick, full = StudyPlan(tmp_path), StudyPlan(tmp_path, full=True)
    choices = {each for table in (*TABLES, *CERTIFIED) for each in table.choices}
    assert DESIGNS in choices
    for choice in choices:
        assert {*(choice.quick or ())} == {name.partition("==")[0] for name in quick.taken(choice)} or not choice.quick
        assert {*(choice.quick or ())} <= {*full.taken(choice)}, choice.name
    assert quick.taken(DESIGNS) == full.taken(DESIGNS)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_spelled_in_its_own_module(table: StudyTable, tmp_path: Path) -> None:
    """Its files and figures are named nowhere else, so that a table is added, or a figure of it, in one file."""
    figures = {each.name for each in table.figures(StudyPlan(tmp_path, full=True)) if {*each.name} & {*"-_"}}
    own = table.made.__module__.rpartition(".")[2]
    files = {name for name in table.written if "." in name}
    spelled = [
        (path.name, node.value)
        for path in Path(openworld.__file__).parent.rglob("*.py")
        if path.stem != own
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if any(name in node.value for name in files | figures)
    ]
    assert files or figures
    assert spelled == []


def test_what_was_written_before_is_set_aside(tmp_path: Path) -> None:
    """Each time in a folder of its own; where nothing is there, nothing is made."""
    set_aside(tmp_path, ["report.html", "run.json"])
    assert [*tmp_path.iterdir()] == []
    for said in ("first", "second"):
        (tmp_path / "report.html").write_text(said, encoding="utf-8")
        set_aside(tmp_path, ["report.html", "run.json"])
    kept = {path.parent.name: path.read_text(encoding="utf-8") for path in tmp_path.rglob("report.html")}
    assert kept == {"1": "first", "2": "second"}
