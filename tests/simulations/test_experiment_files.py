"""Experiments as files: what ships can be written so and read back, and what is wrong is told in a line."""

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import pytest
from jsonschema import Draft202012Validator

from model.documents import from_toml
from simulations import experiment_files
from simulations.catalogue import EXPERIMENTS
from simulations.experiment import ExperimentError
from simulations.experiment_files import _SCHEMA, configuration, read, schema, written
from simulations.experiments import find, run
from simulations.population import load

DATA = files("simulations") / "data"
LEAST = 'question = "?"\npopulation = "swept"\n'


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_ships_can_be_written_and_read_back(name: str, tmp_path: Path) -> None:
    """It is the same experiment, but for who asks for it."""
    path = tmp_path / f"{name}.toml"
    path.write_text(written(EXPERIMENTS[name]), encoding="utf-8")
    _SCHEMA.check(from_toml(path.read_bytes()))
    found = find(str(path))
    plain = {key: MappingProxyType(dict(getattr(found, key))) for key in ("mixes", "numbers", "factors", "options")}
    assert replace(found, asked=(), **plain) == replace(
        EXPERIMENTS[name], **{key: MappingProxyType(dict(getattr(EXPERIMENTS[name], key))) for key in plain}
    )
    assert found.asked == (str(path),)


def test_the_published_schema_is_the_one_in_force(on_file: Callable[..., None]) -> None:
    """Whoever edits an experiment with the published schema is told what the reader of files would say."""
    published = schema()
    on_file(Path(str(DATA)) / "experiment.schema.json", json.dumps(published, indent=2) + "\n")
    Draft202012Validator.check_schema(published)
    validator = Draft202012Validator(published)
    assert not any(list(validator.iter_errors(from_toml(written(asked)))) for asked in EXPERIMENTS.values())


def test_a_file_counts_as_what_it_was_written_from(tmp_path: Path) -> None:
    """With a population beside it, and a command that asks for it again."""
    (tmp_path / "mine.toml").write_text('about = "mine"\nextends = "swept"\n', encoding="utf-8")
    asked = replace(EXPERIMENTS["echo"], values=(0.5,))
    path = tmp_path / "echo.toml"
    path.write_text(written(replace(asked, population="mine.toml")), encoding="utf-8")
    mine, shipped = run(str(path), attempts=200), run(asked, attempts=200)
    assert mine.rates["count"].tolist() == shipped.rates["count"].tolist()
    assert mine.rates["command"].iloc[0].startswith(f"openworld simulate {path} --attempts 200")


def test_a_named_design_and_a_deployed_client_may_be_an_arm() -> None:
    assert configuration("mcp") == "design=mcp"
    assert configuration("mcp-python==2.3.0") == "design=mcp-python==2.3.0"
    assert configuration("prm=exact") == "prm=exact"
    assert configuration("mcpp") == "design=mcpp", "so that it is told which designs there are"
    assert configuration("") == ""


def test_without_a_sweep_everybody_does_what_an_arm_says(tmp_path: Path) -> None:
    """At one point, which is told as what it is."""
    path = tmp_path / "mine.toml"
    path.write_text(LEAST + 'arms = ["", "echo=req"]', encoding="utf-8")
    asked = read(path)
    assert (asked.parameter, asked.values) == ("share that has adopted", (1.0,))
    assert asked.unit(load("swept"), asked.point, "", 1).adoption == asked.point


TRIED = LEAST + 'arms = [""]\ntried = '


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("arms = [", "not a TOML file: "),
        (LEAST, "either 'arms' or 'factors' has to say what is compared"),
        ('question = "?"\narms = [""]\n', "'population' is missing"),
        (LEAST.replace("swept", "swpt") + 'arms = [""]', "population: unknown population 'swpt'; did you mean 'swept'"),
        (LEAST + "arms = []", "arms: must not be empty"),
        (LEAST + "factors = {}", "factors: must not be empty"),
        (LEAST + 'arms = ["mcp", "design=mcp"]', "arms: 'design=mcp' is there twice"),
        (LEAST + 'arm = [""]', "unknown key 'arm'; did you mean 'arms'"),
        (LEAST + 'arms = [""]\nvalues = [0, 1]', "'sweep' is missing: there are several values"),
        (LEAST + 'arms = [""]\nvalues = [1, 0]\nsweep = { adoption = true }', "values: must grow"),
        (LEAST + 'arms = [""]\nvalues = [0, 2]\nsweep = { adoption = true }', "values: must be shares between 0 and 1"),
        (LEAST + 'arms = [""]\nsweep = { adoption = true, year = true }', "sweep: must have one of adoption, year"),
        (LEAST + 'arms = [""]\nsweep = { factor = "place" }', "sweep: a factor goes from what is 'falling'"),
        (LEAST + 'arms = [""]\nsweep = { year = true, rising = { a = 1 } }', "sweep: 'rising' belongs to a factor"),
        (LEAST + 'arms = [""]\nattacker = "greedy"', "attacker: unknown attacker 'greedy'; allowed: gravest"),
        (TRIED + '{ agent = { low = 1, high = 2, why = "?" } }', "tried: unknown number or option 'ag"),
        (TRIED + '{ agents = { low = 3, high = 2, why = "?" } }', "tried.agents: 'low' must not be"),
        (TRIED + '{ agents = { low = 0, high = 2, why = "?" } }', "tried.agents.low: must be above 0"),
        (LEAST + 'arms = [""]\nattempts = 0', "attempts: must be a number between 1 and 1e+09, found 0"),
        (LEAST + 'arms = [""]\nmixes = { place = { honest_api = 2 } }', "mixes.place.honest_api: must be a"),
        (LEAST + 'arms = [""]\nmixes = { place = { honest_api = 0.5 } }', "mixes: factor 'place': shares must add up"),
        (LEAST + 'arms = [""]\nmixes = { place = {} }', "mixes: factor 'place': shares are missing"),
        (LEAST + 'arms = [""]\nnumbers = { latency = 1 }', "numbers: unknown number 'latency'"),
        (LEAST + 'arms = [""]\nnumbers = { agents = 1.7 }', "numbers: number 'agents': value: must be a whole number"),
        (LEAST + 'arms = [""]\nvalues = [1.7]\nsweep = { number = "agents" }', "values: number 'agents': value: must"),
        (
            LEAST + 'arms = [""]\nsweep = { factor = "api", falling = {}, rising = {} }',
            "sweep.rising: factor 'api': sha",
        ),
        (LEAST + 'factors = { "" = "mcp" }', "factors: '' must be a name without '+'"),
        (LEAST + 'factors = { a = "echo=req", "a + b" = "dpop=token" }', "factors: 'a + b' must be a name without"),
        (LEAST + 'factors = { a = "echo=req", b = "echo=opt" }', "factors: 'a' and 'b' both set 'echo'"),
        (LEAST + 'arms = [""]\nsweep = "adoption"', "sweep: must be a table, as sweep = { adoption = true }, or"),
        (LEAST + 'arms = [""]\nheadline = [{ quantity = "thefts", per = "x" }]', "headline[0].per: unknown unit 'x'"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ExperimentError) as told:
        read(path)
    assert str(told.value).startswith(f"{path}: {says}")
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"cannot read experiment .*: No such file"):
        find(str(tmp_path / "none.toml"))


def test_an_experiment_is_written_as_people_write_it() -> None:
    """Letters stay letters, and keys that need no quotes have none."""
    assert (
        experiment_files._toml({"name": "für alle", "a b": [1, 2.5, True]})
        == '{ name = "für alle", "a b" = [1, 2.5, true] }'
    )
