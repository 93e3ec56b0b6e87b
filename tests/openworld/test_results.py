"""Experiments on the command line: listed, run until they are precise, resumed; results listed, shown, compared."""

import json
import re
from pathlib import Path
from random import Random

import pandas
import pytest
from click.testing import CliRunner
from refused import refused

from openworld import exhibits
from openworld import headlines as told
from openworld.cli import main
from openworld.experiment_words import source_lines
from openworld.headlines import worth_lines
from simulations import engine
from simulations.catalogue import EXPERIMENTS
from simulations.experiments import population_for
from simulations.worth import FEWEST

FEW = ("--attempts", 40, "--replications", 2, "--workers", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two experiments, and of one of them with another seed, without figures."""
    made = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exhibits, "write", lambda *_: [])
        for name, seed, where in (("echo", 1, "first"), ("matching", 1, "first"), ("echo", 2, "second")):
            arguments = ["simulate", name, *FEW, "--seed", seed, "-o", made / where]
            assert CliRunner().invoke(main, [str(argument) for argument in arguments]).exit_code == 0
    return made


def test_without_a_name_experiments_are_listed(run) -> None:
    """Every experiment with its question, in words and as data."""
    result = run("simulate")
    assert result.exit_code == 0
    assert [name for name in EXPERIMENTS if name not in result.output] == []
    listed = json.loads(run("simulate", "--format", "json").stdout)
    assert [row["name"] for row in listed] == list(EXPERIMENTS)


def test_a_population_by_name_and_by_file(run, tmp_path: Path) -> None:
    """`--population` takes either; a file that is none is one line."""
    result = run("simulate", "echo", *FEW, "--population", "shared_origins", "--format", "json")
    assert {row["population"] for row in json.loads(result.stdout)["rates"]} == {"shared_origins"}
    bad = tmp_path / "bad.toml"
    bad.write_text("[numbers]\n", encoding="utf-8")
    result = run("simulate", "echo", *FEW, "--population", bad)
    assert result.exit_code == 2
    assert result.stderr.startswith("openworld: bad: ")


def test_half_width(run) -> None:
    """Replications are added until every interval is narrow enough."""
    result = run("simulate", "multi_tenant", *FEW, "--half-width", "0.05", "--format", "json")
    assert result.exit_code == 0
    rates = json.loads(result.stdout)["rates"]
    assert max((row["high"] - row["low"]) / 2 for row in rates) <= 0.05
    assert all("--half-width 0.05" in row["command"] for row in rates)


def test_half_width_that_is_out_of_reach(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An experiment that would take too long says how far it got, with exit code 3."""
    monkeypatch.setattr("simulations.experiments.MOST_ATTEMPTS", 100)
    result = run("simulate", "multi_tenant", *FEW, "--half-width", "0.0001")
    assert result.exit_code == 3
    assert "intervals are still" in result.stderr


def test_an_interrupted_run_goes_on(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves tables of what was finished; the same command again counts only the rest."""
    counted: list[str] = []
    real = engine.count

    def stop(unit: engine.Unit) -> engine.Tally:
        if len(counted) == 5:
            raise KeyboardInterrupt
        counted.append(unit.digest)
        return real(unit)

    monkeypatch.setattr(exhibits, "write", lambda *_: [])
    monkeypatch.setattr(engine, "count", stop)
    assert run("simulate", "echo", *FEW, "-o", tmp_path).exit_code == 130
    assert len(pandas.read_parquet(tmp_path / "echo_rates.parquet").value.unique()) == 3
    monkeypatch.setattr(engine, "count", lambda unit: counted.append(unit.digest) or real(unit))
    assert run("simulate", "echo", *FEW, "-o", tmp_path).exit_code == 0
    assert len(counted) == len(set(counted)) == 22
    assert len(pandas.read_parquet(tmp_path / "echo_rates.parquet").value.unique()) == 11


def test_combinations_are_drawn_as_effects(run, tmp_path: Path) -> None:
    """An experiment over all combinations says and draws main effects and interactions, with caption and data."""
    four = run("simulate", "interaction", "--format", "toml").output
    two = four.replace('prefix = "draft=prefix", ', "").replace('iss = "draft=iss", ', "")
    few = two.replace("0.1, 0.5, 0.9, 1.0", "0.5, 1.0").replace("measured_2026", "enterprise")
    (tmp_path / "interaction.toml").write_text(few, encoding="utf-8")
    result = run("simulate", tmp_path / "interaction.toml", *FEW, "-o", tmp_path)
    assert result.exit_code == 0
    assert "largest effects and interactions" in result.output
    drawn = {path.name for path in tmp_path.glob("interaction-*")}
    assert drawn == {f"interaction-effects.{form}" for form in ("svg", "pdf", "png", "csv", "txt")}
    caption = (tmp_path / "interaction-effects.txt").read_text(encoding="utf-8")
    assert "Design: all combinations of echo, dpop." in caption
    effects = pandas.read_parquet(tmp_path / "interaction_effects.parquet")
    assert set(effects.effect) == {"echo", "dpop", "echo × dpop"}


def test_attempts_are_recorded(run, tmp_path: Path) -> None:
    """`--record` writes every attempt; an experiment that has none to write says so."""
    assert run("simulate", "echo", *FEW, "--record", tmp_path / "attempts").exit_code == 0
    rows = pandas.concat(map(pandas.read_parquet, (tmp_path / "attempts").iterdir()))
    assert len(rows) == 40 * 11 * len(EXPERIMENTS["echo"].arms)
    result = run("simulate", "ten_steps", *FEW, "--record", tmp_path)
    assert result.exit_code == 2
    assert "cannot be recorded" in result.stderr


def test_worth_and_couplings(run, tmp_path: Path) -> None:
    """What to measure first and what pairing can do, in words, as data and as files."""
    result = run("simulate", "matching", "--ask", "worth", "--weight", 5, "--samples", 64, "-o", tmp_path)
    assert result.exit_code == 0
    assert "a theft weighs as much as 5 honest flows" in result.output
    assert "observations get 95 % of that" in result.output
    assert pandas.read_parquet(tmp_path / "matching_worth.parquet").knob.iloc[0] == "log attackers.lure"
    result = run("simulate", "echo_measured", "--ask", "couplings", "-o", tmp_path)
    assert result.exit_code == 0
    assert "authorization_server, resource_server, api" in result.output
    assert len(pandas.read_parquet(tmp_path / "echo_measured_couplings.parquet"))
    assert json.loads(run("simulate", "echo", "--ask", "couplings", "--format", "json").stdout)[0]["low"] >= 0


def test_sensitivity(run, tmp_path: Path) -> None:
    """Indices in words, as data and as a file."""
    asked = ("simulate", "echo", "--ask", "sensitivity", "--samples", 2)
    result = run(*asked, "-o", tmp_path)
    assert result.exit_code == 0
    assert "as_resource " in result.output
    assert "not converged" in result.output
    assert len(pandas.read_parquet(tmp_path / "echo_sensitivity.parquet"))
    assert json.loads(run(*asked, "--format", "json").stdout)[0]["knob"]


def test_results_are_listed(run, folder: Path) -> None:
    """What is stored, and the command that counts it again."""
    result = run("list", "results", folder)
    assert result.exit_code == 0
    assert result.output.count("openworld simulate ") == 3
    listed = json.loads(run("list", "results", folder, "--format", "json").stdout)
    assert {row["experiment"] for row in listed} == {"echo", "matching"}
    assert all(row["code"] and row["population_digest"] for row in listed)


def test_results_are_shown(run, folder: Path) -> None:
    """Rates with their origin; an experiment that is not there is answered with those that are."""
    result = run("list", "results", "--experiment", "matching", folder)
    assert result.exit_code == 0
    assert "success: accepted" in result.output
    assert "shared_origins" in result.output
    missing = run("list", "results", "--experiment", "iss", folder)
    assert missing.exit_code == 2
    assert "allowed: echo, matching" in missing.stderr


def test_results_are_compared(run, folder: Path) -> None:
    """What differs, by how much, and whether chance explains it."""
    same = run("diff", folder / "first", folder / "first")
    assert same.exit_code == 0
    assert ", 0 differ, 0 by more than chance" in same.output
    other = run("diff", folder / "first", folder / "second")
    assert "seed" in other.output
    assert "1 against 2" in other.output
    rows = json.loads(run("diff", folder / "first", folder / "second", "--format", "json").stdout)
    assert {row["experiment"] for row in rows} == {"echo"}
    assert all(row["low"] <= row["difference"] <= row["high"] for row in rows)


def test_a_table_with_a_damaged_bit_is_read_as_it_was_or_not_at_all(run, folder: Path, tmp_path: Path) -> None:
    """Wherever it is among the values: no count, no share and no name is another one."""
    whole, path = (folder / "first" / "echo_rates.parquet").read_bytes(), tmp_path / "echo_rates.parquet"
    path.write_bytes(whole)
    shown = run("list", "results", path, "--experiment", "echo").stdout
    values = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    draw, codes = Random(1), set()
    for place in draw.sample(range(4, values), 40):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(8)]) + whole[place + 1 :])
        result = run("list", "results", path, "--experiment", "echo")
        codes.add(result.exit_code)
        assert result.stdout == shown if result.exit_code == 0 else "not Parquet" in refused(result)
    assert codes >= {2}


def test_only_what_both_have_is_compared(run, folder: Path) -> None:
    """What one folder alone has is named; what one has twice is one line."""
    result = run("diff", folder / "first", folder / "second")
    assert f"only in {folder / 'first'}: matching" in result.output
    assert len(next(line for line in result.output.splitlines() if line.startswith("population_digest")).split()) == 3
    assert "'echo' is stored twice" in refused(run("diff", folder, folder / "second"))


def test_results_of_other_code_are_compared(run, folder: Path, tmp_path: Path) -> None:
    """The code that counted is named on both sides; a whole number beside a fraction is the same point of a sweep."""
    path = folder / "first" / "echo_rates.parquet"
    table = pandas.read_parquet(path)
    table = table[table.value.isin([0.0, 1.0])].assign(code="0.0+other").astype({"value": int})
    table.to_parquet(tmp_path / "echo_rates.parquet")
    result = run("diff", path, tmp_path)
    assert result.exit_code == 0
    assert " against 0.0+other" in result.output
    assert "Warning" not in result.output
    assert f"{len(table)} rates in both, 0 differ" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("echo", "--samples", 8), "--samples belongs to --ask sensitivity"),
        (("echo", "--method", "morris"), "--method belongs to --ask sensitivity"),
        (("echo", "--weight", 3), "--weight belongs to --ask worth"),
        (("echo", "--ask", "sensitivity", "--weight", 3), "--weight belongs to --ask worth or --ask break-even"),
        (("echo", "--ask", "couplings", "--inputs", 3), "--inputs belongs to --ask rates"),
        (("echo", "--ask", "worth", "--replications", 3), "--replications belongs to --ask rates"),
        (("echo", "--format", "toml", "--population", "swept"), "--population has no place beside --format toml"),
        (
            ("faults", "--ask", "couplings"),
            "couplings of 'faults' are not known: only first contacts can be gone through",
        ),
        (("echo", "--ask", "sensitivity", "--half-width", 0.1), "--half-width belongs to --ask rates"),
        (("echo", "--ask", "sensitivity", "--attempts", 9), "'echo' counts no attempts"),
        (("matching", "--ask", "break-even", "--attempts", 9), "'matching' is worked out over all situations"),
        (("echo", "--ask", "sensitivity", "--method", "mories"), "did you mean 'morris'"),
        (("echo", "--deployed"), "does not say which clients are deployed"),
        (("echo", "--replications", 10**12), "not in the range"),
        (("years", "--population", "swept"), "does not say what the years change"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(run, arguments: tuple[object, ...], message: str) -> None:
    """Exit code 2 before anything is counted."""
    result = run("simulate", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_more_caches_than_memory_holds(run, tmp_path: Path) -> None:
    """A population of a billion agents cannot be simulated in time."""
    file = tmp_path / "huge.toml"
    file.write_text(
        'about = "huge"\nextends = "swept"\n[numbers]\nagents = { value = 1e9, swept = true }\n'
        "arrivals_per_second = { value = 0.001, swept = true }\nmetadata_lifetime = { value = 60, swept = true }\n",
        encoding="utf-8",
    )
    result = run("simulate", "token_life", *FEW, "--attempts", 400, "--population", file)
    assert result.exit_code == 2
    assert "1,000,000,000 agents with 4 resources each are more than" in result.stderr


def test_deployed_clients_do_tasks(run, tmp_path: Path) -> None:
    """As the user says, whatever the experiment has; the command that is recorded says so too."""
    few = ("--attempts", 4, "--replications", 1, "--inputs", 0, "--workers", 1, "--format", "json")
    asked, met = tmp_path / "two_points.toml", {}
    asked.write_text(
        re.sub(r"values = \[.*?\]", "values = [1, 2]", run("simulate", "ten_steps", "--format", "toml").stdout)
    )
    for chosen in ("--baseline-clients", "--deployed"):
        rates = json.loads(run("simulate", asked, *few, chosen).stdout)["rates"]
        assert all(row["command"].endswith(chosen) for row in rates)
        met[chosen] = {row["population_digest"] for row in rates}
    assert met["--deployed"].isdisjoint(met["--baseline-clients"])


@pytest.mark.parametrize("content", [b"", b"PAR1 no", None])
def test_what_is_no_result_is_one_line(run, tmp_path: Path, content: bytes | None) -> None:
    """An empty folder, a file that is no Parquet, a table of something else."""
    file = tmp_path / "x_rates.parquet"
    if content is not None:
        file.write_bytes(content)
    else:
        pandas.DataFrame({"a": [1]}).to_parquet(file)
    assert "x_rates.parquet" in refused(run("list", "results", tmp_path))
    file.unlink()
    assert "no results" in run("list", "results", tmp_path).stderr


def test_few_draws_are_said_to_be_few() -> None:
    """As many as are enough are not."""
    row = {"attempts": 0, "weight": 2.0, "chosen": "a", "best_in": 0.5, "all": 0.01, "knob": "share", "worth": 0.0}
    said = [[*worth_lines(pandas.DataFrame([row | {"draws": draws}]))] for draws in (FEWEST - 1, FEWEST)]
    assert [any("too few" in line for line in lines) for lines in said] == [True, False]


@pytest.mark.parametrize("name", [name for name, each in EXPERIMENTS.items() if each.options])
def test_what_an_experiment_says_or_sweeps_is_not_taken_for_granted(name: str) -> None:
    """Its own numbers are told as its own."""
    asked = EXPERIMENTS[name]
    said = " ".join(map(str.strip, source_lines(asked, population_for(asked, None))))
    granted = said.partition("taken for granted, measured by nobody: ")[2]
    assert not {each.partition(" ")[0] for each in granted.split(", ")} & {*asked.options, asked.parameter}
    assert all(f"{option} " in said for option in asked.options)


def test_where_an_answer_turns_is_told_of_the_first_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the draws that were counted there."""
    row = {"parameter": "share", "against": "as it is", "attempts": 0, "weight": float("nan"), "samples": 8}
    table = pandas.DataFrame([row | {"value": value} for value in (0.25, 0.75)])
    monkeypatch.setattr(told, "balance_lines", lambda _: ())
    first, *others = told.break_even_lines(table, EXPERIMENTS["pinning"], None, None)
    assert first == "where share is 0.25, against as it is"
    assert others == []
