"""Every figure by name: the catalogue, captions, data files and the command."""

import json
import pickle
import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from deployed.behaviour import measured
from model.identifiers import origin
from model.words import of_configuration
from model.world_file import DEFAULT
from openworld import exhibits
from openworld.cli import main
from openworld.exhibit import Source
from openworld.exhibits import FigureError, worlds
from openworld.tables import blast_radius
from simulations.catalogue import EXPERIMENTS
from simulations.reader import READERS

#: What is drawn is tested here, and not by which process.


def figures(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["figures", *map(str, arguments)])


def test_the_catalogue_has_every_kind() -> None:
    """All kinds are there, and every experiment has its figures, or its effects."""
    kinds = {entry.kind for entry in exhibits.catalogue().values()}
    assert kinds == {
        "verdict matrix",
        "client matrix",
        "scenario matrix",
        "adoption curves",
        "paired differences",
        "what works against what is stolen",
        "what works and what is stolen",
        "funnel of failure causes",
        "effects and interactions",
        "blast radius",
        "what drafts buy",
        "set plot",
        "trust graph",
        "what was measured",
    }
    for name, asked in EXPERIMENTS.items():
        drawn = ["effects"] if asked.factors else ["rates", "differences", "funnel"]
        drawn = ["measured", *drawn] if READERS[asked.reader].measured else drawn
        if READERS[asked.reader].visits and not asked.headline and not asked.factors:
            drawn = ["trade", "pair", *drawn]
        assert [each for each in exhibits.catalogue() if each.startswith(f"{name}-")] == [f"{name}-{k}" for k in drawn]


def test_list_names_them_all() -> None:
    """The list has the names that the command takes."""
    listed = json.loads(figures("--list", "--format", "json").output)
    assert [each["name"] for each in listed] == list(exhibits.catalogue())
    assert figures("--list", "sets-mixup").output.split()[0] == "sets-mixup"


def test_a_figure_has_its_data_and_its_caption_beside_it(study_folder: Path, tmp_path: Path) -> None:
    """Five files; the caption states population, design, n, seed and interval; the data are what is drawn."""
    done = figures("echo-rates", "echo-funnel", "attackers", "--from", study_folder, "-o", tmp_path)
    assert done.exit_code == 0, done.output
    for name in ("echo-rates", "echo-funnel", "attackers"):
        assert {path.suffix for path in tmp_path.glob(f"{name}.*")} == {".svg", ".pdf", ".png", ".csv", ".txt"}
        caption = (tmp_path / f"{name}.txt").read_text(encoding="utf-8")
        assert all(word in caption for word in ("Population: ", "Design: ", "n: ", "Seed: ", "Interval: "))
    rates = (tmp_path / "echo-rates.txt").read_text(encoding="utf-8")
    assert "60 attempts in every arm at every point" in rates
    for arm in EXPERIMENTS["echo"].treatments:
        assert f"{of_configuration(arm)} ({arm})" in rates
    nobody = rates.partition("Threats to validity: measured by nobody: ")[2].partition(";")[0]
    assert "attackers.lure" in nobody.split(", ")
    data = pd.read_csv(tmp_path / "echo-rates.csv")
    kept = pd.read_csv(study_folder / "simulations" / "echo_rates.csv")
    pd.testing.assert_frame_equal(data, kept)
    funnel = pd.read_csv(tmp_path / "echo-funnel.csv")
    assert set(funnel["value"]) == {0.5}
    assert funnel.groupby("arm")["count"].sum().eq(60).all()


def test_deployed_clients_are_drawn_from_the_table_of_the_study(tmp_path: Path) -> None:
    """Verdicts are read from its folder; a table that is none is refused in one line."""
    row = {
        "client": "a==1",
        "code": "CD",
        "property": "code_delivery",
        "kind": "security",
        "situation": "malicious AS",
        "configuration": "design=a==1;cap=mal_as",
        "verdict": "attack",
        "steps": 7,
    }
    pd.DataFrame([row]).to_csv(tmp_path / "clients.csv", index=False)
    done = figures("clients-verdicts", "--from", tmp_path, "-o", tmp_path)
    assert done.exit_code == 0, done.output
    caption = (tmp_path / "clients-verdicts.txt").read_text(encoding="utf-8")
    assert all(word in caption for word in ("Population: ", "Design: ", "n: 1 verdicts", "Seed: ", "Interval: "))
    pd.DataFrame([{"client": "a==1"}]).to_csv(tmp_path / "clients.csv", index=False)
    refused = figures("clients-verdicts", "--from", tmp_path, "-o", tmp_path)
    assert refused.exit_code == 2
    assert "clients.csv, line 1: no column 'situation'; found: client; needed: client, situation, " in refused.stderr


def test_what_clients_did_is_what_was_measured(tmp_path: Path) -> None:
    """The data file has where each ended, and who sent a code to another party."""
    exhibits.write(exhibits.catalogue()["clients-scenarios"], Source(), tmp_path)
    data = pd.read_csv(tmp_path / "clients-scenarios.csv")
    for row in data.itertuples():
        seen = [one for name, one in measured()[row.client].items() if name.partition("_")[0] == row.scenario]
        assert [(one.stage, one.misdelivered) for one in seen] == [(row.stage, row.misdelivered)]
    lost = data[data["misdelivered"]]
    assert set(lost["scenario"]) == {"M08", "M09", "M10", "M11", "E02"}


@pytest.mark.slow
def test_blast_radius_is_drawn_from_its_tables(tmp_path: Path) -> None:
    """The caption has what is asked of it, the data are the summary; without a folder it is worked out."""
    name = "blast_radius-token"
    found = next(blast_radius.reached(["token"], scale=0.01, samples=3, replications=2))
    found.save(tmp_path / "simulations")
    assert figures(name, "--from", tmp_path, "-o", tmp_path).exit_code == 0
    caption = (tmp_path / f"{name}.txt").read_text(encoding="utf-8")
    assert "6 targets in 2 topologies, the same under every design" in caption
    assert "Population: measured_2026 scaled by 0.01." in caption
    assert len(pd.read_csv(tmp_path / f"{name}.csv")) == len(found.summary)
    command = str(found.summary["command"].iloc[0]).split()[1:]
    again = CliRunner().invoke(main, [*command, "--format", "json"])
    assert json.loads(again.stdout)["summary"][0]["value"] == found.summary["value"].iloc[0]


@pytest.mark.parametrize(
    ("name", "table", "old", "new"),
    [
        ("blast_radius-token", "simulations/blast-radius-token.csv", r"^.*only sender.*,users,mean,.*\n", ""),
        ("blast_radius-token", "simulations/blast-radius-token.csv", "no protection", r"$\\frac{$"),
        ("echo-rates", "simulations/echo_rates.csv", "swept", r"$\\frac{$"),
        ("attackers", "verdicts.json", '"mcp"', r'"$\\\\frac{$"'),
        ("clients-verdicts", "clients.csv", r",7\.0,", ",,"),
    ],
)
def test_a_table_with_gaps_or_odd_names_is_drawn(copied: Path, name: str, table: str, old: str, new: str) -> None:
    """A row that is not there leaves a gap, and no name is taken for mathematics."""
    text = (copied / table).read_text(encoding="utf-8")
    changed = re.sub(old, new, text, flags=re.MULTILINE)
    assert changed != text
    (copied / table).write_text(changed, encoding="utf-8")
    assert exhibits.write(exhibits.catalogue()[name], Source(copied), copied / "figures")


def test_no_figure_is_drawn_of_half_a_table(copied: Path) -> None:
    """Where a row cannot be read, that is said in one line and nothing is drawn."""
    table = copied / "simulations" / "echo_rates.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([*lines[:2], lines[2] + ",more", *lines[3:]]), encoding="utf-8")
    done = figures("echo-rates", "--from", copied, "-o", copied)
    assert (done.exit_code, f"{table}, line 3: 1 more values than columns" in done.stderr) == (2, True)


def test_the_trust_graph_is_the_worlds(tmp_path: Path) -> None:
    """The honest RS designates the honest AS and trusts it."""
    exhibits.write(exhibits.catalogue()["trust-default"], Source(), tmp_path)
    edges = pd.read_csv(tmp_path / "trust-default.csv")
    crm = edges[edges["source"] == "https://crm.example/api/accounts"]
    assert set(crm["relation"]) == {"designates", "trusts"}


@pytest.mark.slow
def test_sets_come_from_the_lattice(tmp_path: Path) -> None:
    """The set plot of the counterfeit RS has the sets that the lattice is answered with."""
    exhibits.write(exhibits.catalogue()["sets-counterfeit_rs"], Source(), tmp_path)
    found = pd.read_csv(tmp_path / "sets-counterfeit_rs.csv")
    # A token is for one resource or for one key; and what began in one browser is not finished in another.
    cores = ({"dpop", "dpop_url_check"}, {"audience_check", "exact_resource_match", "resource_indicator"})
    each = [set(mechanisms.split()) for mechanisms in found["mechanisms"]]
    assert all(sum(core <= mechanisms for core in cores) == 1 for mechanisms in each)
    assert {"dpop", "dpop_url_check", "state_check"} in each


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing", "--list"], "unknown figure 'nothing'; allowed: "),
        (["trust-default"], "name a folder to write to with -o"),
        (["attackers", "--from", "missing", "-o", "out"], "does not exist"),
        (["attackers", "--from", ".", "-o", "out"], "verdicts.json: no such file"),
        (["echo-rates", "--from", ".", "-o", "out"], "echo_rates.csv: no such file"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line naming the culprit, exit code 2."""
    monkeypatch.chdir(tmp_path)
    result = figures(*arguments)
    assert result.exit_code == 2
    said = [line for line in result.stderr.splitlines() if line.startswith("openworld: ")]
    assert len(said) == 1
    assert says in said[0]


def test_an_unknown_figure_is_bad_input() -> None:
    """The error lists what is allowed."""
    with pytest.raises(FigureError, match="sets-mixup"):
        exhibits.find(["sets-mixdown"])


def test_figures_of_what_ships_can_be_drawn_by_other_processes() -> None:
    """A study draws with several workers, to which entries are sent."""
    assert len(pickle.loads(pickle.dumps(list(exhibits.catalogue().values())))) == len(exhibits.catalogue())


def test_a_caption_says_how_its_intervals_are_made(copied: Path) -> None:
    """Those over replications are told apart from those over attempts, of differences as of rates."""
    name = next(path.stem for path in sorted((copied / "simulations").glob("*_differences.csv")))
    experiment = name.removesuffix("_differences")
    path = copied / "simulations" / f"{experiment}_rates.csv"
    rates = pd.read_csv(path, keep_default_na=False)
    for interval, said in (("wilson", "95 % Wilson intervals"), ("replications", "Student's t (over replica")):
        rates.assign(interval=interval).to_csv(path, index=False)
        drawn = exhibits.catalogue()[f"{experiment}-differences"].draw(Source(copied))
        assert said in drawn.caption.interval


def test_an_origin_is_the_attackers_only_if_all_on_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that an honest resource shares with a tenant of the attacker's is drawn as honest."""
    drawn: list[pd.DataFrame] = []
    monkeypatch.setattr(worlds, "trust_graph", lambda nodes, *_: drawn.append(nodes))
    worlds._trust("default", Source(Path()))
    (nodes,) = drawn
    honest, others = (
        {origin(one.url) for one in DEFAULT.resource_servers if one.honest is wanted} for wanted in (True, False)
    )
    mixed = honest & others
    assert mixed
    assert nodes.set_index("name").loc[sorted(mixed), "honest"].all()
