"""The description of every experiment: all seven elements, from code and data, and what threatens its validity."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from openworld.cli import main
from openworld.odd import lines
from simulations import encounters
from simulations.catalogue import EXPERIMENTS
from simulations.experiments import find, population_for
from simulations.knobs import numbers_read
from simulations.population import NUMBERS, load
from simulations.population_statements import Provenance, StatedNumber
from simulations.reader import READERS
from simulations.readers import READERS as COUNTING
from simulations.threats import threats

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_described(name: str) -> None:
    """Element by element; each arm, each point of the sweep and each number that is read is in it, and no other."""
    asked = find(name)
    met = population_for(asked, None)
    text = "\n".join(lines(asked, met))
    heads = [line.partition(". ")[2] for line in text.splitlines() if line.startswith("## ")][:7]
    assert heads == [
        "Purpose and patterns",
        "Entities, state variables, and scales",
        "Process overview and scheduling",
        "Design concepts",
        "Initialization",
        "Input data",
        "Submodels",
    ]
    assert asked.question in text
    assert all(f"| {arm} |" in text for arm in asked.treatments)
    read = numbers_read(asked.reader, asked.first_met(met))
    assert {number for number in NUMBERS if f"| {number} |" in text} == set(read)


def test_every_reader_has_its_words() -> None:
    """What it is held against is a test that there is; what it leaves out is said."""
    assert READERS.keys() == COUNTING.keys()
    assert all((ROOT / each.pattern[1]).exists() and each.left_out for each in READERS.values())


def test_no_cell_is_empty() -> None:
    """What is met together is, or is not; nothing else there has no values."""
    said = "\n".join(lines(find("years"), population_for(find("years"), None)))
    assert "| FastMCP | so, or not | met together: " in said
    assert "|  |" not in said


def test_threats_follow_the_statements() -> None:
    """A number that gets a source is none that nobody measured; one of low confidence is one of those."""
    asked, met = find("iss"), load("measured_2026")

    def told(confidence: str) -> dict[str, str]:
        provenance = Provenance(not confidence, "made up" if confidence else "", confidence)
        numbers = {**met.numbers, "token_lifetime": StatedNumber(3600, provenance)}
        return dict(threats(asked, replace(met, numbers=numbers)))

    assert "token_lifetime" in told("")["measured by nobody"]
    assert "token_lifetime" not in told("low")["measured by nobody"]
    assert "token_lifetime" in told("low")["low confidence"]
    assert "token_lifetime" not in told("high")["low confidence"]


def test_what_is_swept_is_no_threat() -> None:
    """The share that an experiment sweeps is its question."""
    asked = find("software_statements")
    told = dict(threats(asked, population_for(asked, None))).get("measured by nobody", "")
    assert not {"place", *encounters.NUMBERS} & set(told.split(", "))


def test_what_the_years_change_is_told_in_words() -> None:
    """Not by the name that a column of a table has."""
    asked = EXPERIMENTS["years"]
    said = " ".join(map(str, threats(asked, population_for(asked, None))))
    assert "who changes as_echo with the years" in said
    assert " since" not in said


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    """Or prints it; an experiment that does not exist is one line."""
    runner = CliRunner()
    printed = runner.invoke(main, ["list", "experiments", "slash"])
    written = runner.invoke(main, ["list", "experiments", "slash", "-o", str(tmp_path / "odd.md")])
    assert written.exit_code == printed.exit_code == 0
    assert (tmp_path / "odd.md").read_text(encoding="utf-8") == printed.stdout
    wrong = runner.invoke(main, ["list", "experiments", "slush"])
    assert wrong.exit_code == 2
    assert "unknown experiment 'slush'" in wrong.output
