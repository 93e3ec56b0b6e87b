"""Every figure by name: the catalogue, captions, data files and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from model.design import parse
from openworld import gallery
from openworld.cli import main
from openworld.gallery import FigureError
from openworld.sources import Source, SourceError
from simulations.catalogue import EXPERIMENTS


def figures(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["figures", *map(str, arguments)])


def test_the_catalogue_has_every_kind() -> None:
    """All kinds are there, and every experiment has its three figures."""
    kinds = {entry.kind for entry in gallery.catalogue().values()}
    assert kinds == {
        "verdict matrix", "adoption curves", "paired differences", "funnel of failure causes", "lattice", "set plot",
        "frontier", "trust graph", "sequence chart",
    }  # fmt: skip
    for name in EXPERIMENTS:
        assert {f"{name}-rates", f"{name}-differences", f"{name}-funnel"} <= gallery.catalogue().keys()


def test_list_names_them_all() -> None:
    """The list has the names that the command takes."""
    listed = json.loads(figures("--list", "--json").output)
    assert [each["name"] for each in listed] == list(gallery.catalogue())
    assert figures("--list", "sequence-mixup").output.split()[0] == "sequence-mixup"


def test_a_figure_has_its_data_and_its_caption_beside_it(study_folder: Path, tmp_path: Path) -> None:
    """Five files; the caption states population, design, n, seed and interval; the data are what is drawn."""
    done = figures("echo-rates", "echo-funnel", "attackers", "--from", study_folder, "-o", tmp_path)
    assert done.exit_code == 0, done.output
    for name in ("echo-rates", "echo-funnel", "attackers"):
        assert {path.suffix for path in tmp_path.glob(f"{name}.*")} == {".svg", ".pdf", ".png", ".csv", ".txt"}
        caption = (tmp_path / f"{name}.txt").read_text(encoding="utf-8")
        assert all(word in caption for word in ("Population: ", "Design: ", "n: ", "Seed: ", "Interval: "))
    assert "60 attempts in every arm at every point" in (tmp_path / "echo-rates.txt").read_text(encoding="utf-8")
    data = pd.read_csv(tmp_path / "echo-rates.csv")
    kept = pd.read_csv(study_folder / "simulations" / "echo_rates.csv")
    pd.testing.assert_frame_equal(data, kept)
    funnel = pd.read_csv(tmp_path / "echo-funnel.csv")
    assert set(funnel["value"]) == {0.5}
    assert funnel.groupby("arm")["count"].sum().eq(60).all()


def test_the_trust_graph_is_the_worlds(tmp_path: Path) -> None:
    """The honest RS designates the honest AS and trusts it."""
    gallery.write(gallery.catalogue()["trust-first_contact"], Source(), tmp_path)
    edges = pd.read_csv(tmp_path / "trust-first_contact.csv")
    crm = edges[edges["source"] == "https://crm.example/api/accounts"]
    assert set(crm["relation"]) == {"designates", "trusts"}


def test_every_run_that_is_drawn_is_what_its_title_says() -> None:
    """Configurations of the catalogue's runs are read, and those under which a run is refused do refuse it."""
    from model.refusal import stopped

    for _, prop, configuration, under in gallery._RUNS.values():
        trace = Source().trace(prop, configuration)
        if under is not None:
            refusal = stopped(trace, parse(under))
            assert refusal is not None
            assert refusal.rule is not None


def test_sets_come_from_the_lattice(tmp_path: Path) -> None:
    """The set plot of the counterfeit RS has the sets that the lattice is answered with."""
    asked = [gallery.catalogue()[f"{kind}-counterfeit_rs"] for kind in ("sets", "frontier", "lattice")]
    source = Source()
    for entry in asked:
        gallery.write(entry, source, tmp_path)
    found = pd.read_csv(tmp_path / "sets-counterfeit_rs.csv")
    three = "audience_check exact_resource_match resource_indicator"
    assert list(found["mechanisms"]) == ["dpop dpop_url_check", three]
    nodes = pd.read_csv(tmp_path / "lattice-counterfeit_rs.csv")
    assert int(nodes["minimal"].sum()) == len(found)


def test_a_run_that_does_not_exist_is_said() -> None:
    """Nothing is drawn where there is nothing."""
    with pytest.raises(SourceError, match="there is no run to draw"):
        Source().trace("code_delivery", "cap=none")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing", "--list"], "unknown figure 'nothing'; allowed: attackers, "),
        (["trust-first_contact"], "name a folder to write to with -o"),
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
    with pytest.raises(FigureError, match="sequence-mixup"):
        gallery.find(["sequence-mixdown"])
