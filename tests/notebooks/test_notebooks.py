"""Notebooks run from a clean kernel, are stored without outputs, are paired with scripts and argue their case."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
SECTIONS = ["In short", "The question", "What the specifications say", "The evidence", "The answer", "The limits"]

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
#: Those that add to the model, which is done by functions; the first of them is run quickly.
OWN_DRAFTS = (OWN_DRAFT, _) = ("09_own_draft", "10_proposals")
PACKAGES = [
    Path(__file__).parents[2] / name for name in ("model", "properties", "simulations", "deployed", "openworld")
]
#: What these call their own.
DEFINED = {"issuer_hint"}
#: The answer in short is so many lines.
LINES = 3


def test_there_are_ten(folder: Path) -> None:
    """One for each question that people ask, each with its script."""
    assert [path.stem for path in NOTEBOOKS] == [
        "01_first_contact",
        "02_two_gaps",
        "03_attacks",
        "04_designs",
        "05_population",
        "06_blast_radius",
        "07_trust",
        "08_deployed",
        "09_own_draft",
        "10_proposals",
    ]
    assert sorted(path.stem for path in folder.glob("*.py")) == [path.stem for path in NOTEBOOKS]


@each
def test_notebook_is_stored_without_outputs(path: Path) -> None:
    """What a notebook shows is computed when it is read."""
    for cell in _code(path):
        assert cell.outputs == []
        assert cell.execution_count is None


@each
def test_notebook_and_script_are_in_step(path: Path) -> None:
    """The plain script, in which changes are reviewed, has the same cells (`make pair` brings them into step)."""
    script = jupytext.read(path.with_suffix(".py"))
    stored = nbformat.read(path, as_version=4)
    assert [(cell.cell_type, cell.source) for cell in script.cells] == [
        (cell.cell_type, cell.source) for cell in stored.cells
    ]


@each
def test_notebook_reads_as_an_argument(path: Path) -> None:
    """From the answer in short to the limits, in this order, and words first and last."""
    stored = nbformat.read(path, as_version=4)
    headings = [
        line.removeprefix("## ")
        for cell in stored.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("## ")
    ]
    assert headings == SECTIONS
    assert stored.cells[0].cell_type == "markdown"
    assert stored.cells[-1].cell_type == "markdown"


@each
def test_the_answer_in_short_is_borne_out(path: Path) -> None:
    """The first cell of code ends in lines that are worked out, beside a picture."""
    last = ast.parse(_code(path)[0].source).body[-1]
    assert isinstance(last, ast.Expr)
    assert ast.unparse(last).startswith(("short(claimed([", "short(counted(["))
    assert [one.arg for one in last.value.keywords] == ["beside"]


@each
def test_every_cell_shows_something(path: Path) -> None:
    """A cell ends in a value, or defines what the cells below it are about."""
    for cell in _code(path):
        last = ast.parse(cell.source).body[-1]
        assert isinstance(last, ast.Expr | ast.FunctionDef) or ast.unparse(last)[0].isupper(), cell.source


@each
def test_numbers_are_written_in_the_form_that_suits_them(path: Path) -> None:
    """Shares as per cent, counts without a fraction."""
    for cell in _code(path):
        for call in (part for part in ast.walk(ast.parse(cell.source)) if isinstance(part, ast.Call)):
            assert ast.unparse(call.func) != "counted" or "form" in [one.arg for one in call.keywords]


@cache
def _known() -> frozenset[str]:
    """The words of the packages, of their data as well."""
    files = [path for package in PACKAGES for ending in ("py", "csv", "toml") for path in package.rglob(f"*.{ending}")]
    return frozenset(word for file in files for word in re.findall(r"\w+", file.read_text(encoding="utf-8")))


@each
def test_every_word_that_a_cell_hands_over_is_known(path: Path) -> None:
    """A name that is spelt wrongly is found before the notebook runs."""
    parts = [
        part for cell in _code(path) for part in ast.walk(ast.parse(cell.source)) if isinstance(part, ast.Constant)
    ]
    words = {str(part.value) for part in parts if str(part.value).isidentifier()}
    assert words <= _known() | (DEFINED if path.stem in OWN_DRAFTS else set())


@each
def test_no_cell_prints_and_no_cell_defines_logic(path: Path) -> None:
    """Cells show values; functions and classes live in the packages, where they have types and tests."""
    for cell in _code(path):
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, ast.ClassDef | ast.For | ast.While)
            assert path.stem in OWN_DRAFTS or not isinstance(node, ast.FunctionDef)
            assert not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print")


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=() if path.stem == OWN_DRAFT else pytest.mark.slow, id=path.stem) for path in NOTEBOOKS],
)
def test_notebook_runs_from_a_clean_kernel(path: Path, reduced: dict[str, str]) -> None:
    """Every cell runs, nothing is written to standard error, and every claim in it is borne out."""
    stored = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(stored, timeout=300, kernel_name="python3", resources=where).execute(env=reduced)
    outputs = [output for cell in stored.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert shown
    assert shown[0].count("<li>") == LINES
    assert [output.text for output in outputs if output.output_type == "stream"] == []


def _code(path: Path) -> list[Any]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
