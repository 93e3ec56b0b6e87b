"""A folder like that of a study, put together from a known run, a short experiment and verdicts made up for it."""

import json
import shutil
from collections.abc import Callable, Hashable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from model.design import Configuration
from openworld import beginnings, jobs, plotstyle, slides, weakest
from openworld.cli import main
from openworld.commands import questions
from openworld.tables import environments
from properties import verdict
from properties.checker import Checker
from properties.security import Property
from properties.verdict import Verdict
from simulations import processes

#: Checkers that lay down a world for all who ask.
CHECKERS = cache(Checker)
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def run() -> Callable[..., Result]:
    """Run a command in this process."""
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


def made_up_verdicts() -> list[dict[str, Any]]:
    """Two designs, two attackers, three properties; the mix-up is the one attack, one verdict is undecided."""
    rows = []
    for design in ("rfc6749", "mcp"):
        for attacker, caps in (("none", "none"), ("mal_as", "mal_as")):
            for code, prop, kind in (
                ("CD", "code_delivery", "security"),
                ("AZ", "authorization", "security"),
                ("FC", "first_contact", "utility"),
            ):
                attacked = (design, attacker, code) == ("rfc6749", "mal_as", "CD")
                unsure = (design, attacker, code) == ("mcp", "mal_as", "AZ")
                fine = "reached" if kind == "utility" else "not_in_this_world" if caps == "none" else "safe"
                stem = f"attacks/{design}--{attacker}--{prop}"
                rows.append(
                    {
                        "design": design,
                        "attacker": attacker,
                        "capabilities": caps,
                        "code": code,
                        "property": prop,
                        "kind": kind,
                        "verdict": "attack" if attacked else "unknown" if unsure else fine,
                        "reach": "",
                        "steps": 7 if attacked else None,
                        "blocked_by": [] if attacked or unsure else ["client.iss_matches_recorded_issuer"],
                        "chart": f"{stem}.txt" if attacked else "",
                        "configuration": f"design={design};cap={caps}",
                    }
                )
    return rows


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished folder; copy it before changing anything."""
    from dataclasses import replace

    import pandas as pd

    from openworld import exhibits
    from openworld.exhibit import Source
    from openworld.tables import blast_radius
    from simulations.catalogue import EXPERIMENTS
    from simulations.experiments import run

    folder = tmp_path_factory.mktemp("report") / "out"
    (folder / "attacks").mkdir(parents=True)
    rows = made_up_verdicts()
    (folder / "verdicts.json").write_text(json.dumps(rows), encoding="utf-8")
    for row in rows:
        if row["chart"]:
            shutil.copy(GOLDEN / "mixup.txt", folder / row["chart"])
            shutil.copy(GOLDEN / "mixup.json", (folder / row["chart"]).with_suffix(".json"))
    short = replace(EXPERIMENTS["echo"], values=(0.0, 0.5, 1.0))
    run(short, attempts=60, replications=2).save(folder / "simulations")
    client = {
        "client": "client==1",
        "code": "CD",
        "property": "code_delivery",
        "kind": "security",
        "verdict": "attack",
        "situation": "malicious AS",
        "configuration": "design=client==1;cap=mal_as",
        "reach": "",
        "steps": 7,
        "blocked_by": "",
    }
    utility = {"code": "FC", "property": "first_contact", "kind": "utility"}
    honest = {**client, **utility, "verdict": "reached", "steps": None}
    pd.DataFrame([client, honest]).to_csv(folder / "clients.csv", index=False)
    others = [
        {
            "design": "mcp",
            "code": "CD",
            "property": "code_delivery",
            "kind": "security",
            "verdict": "safe",
            "steps": "",
            "products": "attack",
            "products_steps": 7,
            "whatever": "if",
            "assumptions": "h_iss=yes",
            "configuration": "",
        },
        {
            "design": "mcp",
            "code": "FC",
            "property": "first_contact",
            "kind": "utility",
            "verdict": "reached",
            "steps": 9,
            "products": "reached",
            "products_steps": 9,
            "whatever": "if",
            "assumptions": "api=single_path & listed=meant",
            "configuration": "",
        },
    ]
    pd.DataFrame(others).to_csv(folder / "environments.csv", index=False)
    next(blast_radius.reached(["token"], scale=0.01, samples=2, replications=2)).save(folder / "simulations")
    about = {"finished": True, "seed": 1, "full": True, "versions": {"z3": "5"}}
    (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    known = exhibits.catalogue()
    for name in ("attackers", "echo-rates", "clients-verdicts", "blast_radius-token"):
        exhibits.write(known[name], Source(folder), folder / "figures")
    return folder


_ANSWERED: dict[Hashable, Verdict] = {}


def remembered(ask: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """What one test has asked is not asked of the solver by the next, unless it was not known."""

    def answer(prop: Property, configuration: Configuration, timeout: float | None = None) -> Verdict:
        key = (ask, prop.name, str(configuration), configuration.model, timeout, verdict.PATIENCE)
        if key in _ANSWERED:
            return _ANSWERED[key]
        found = ask(prop, configuration, timeout=timeout)
        if found.result != "unknown":
            _ANSWERED[key] = found
        return found

    return answer


@pytest.fixture(scope="module", autouse=True)
def here() -> Iterator[None]:
    """All answers come from this process, which starts no other, lays down each world once and is in no doubt long.

    Figures are drawn as SVG, whatever a file is called; the other formats have tests of their own.
    """
    spread, rendered = processes.spread, slides.rendered  # which slides draw with as it is
    drawn = lru_cache(1)(lambda figure, *said: rendered(figure, "svg", *said))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "spread", lambda function, tasks, _: spread(function, tasks, 0))
        patch.setattr(plotstyle, "rendered", lambda figure, form, *said: drawn(figure, *said))
        patch.setattr(verdict, "PATIENCE", 0.2)
        for module in (jobs, weakest, environments, beginnings):
            patch.setattr(module, "Checker", CHECKERS)
        for module, name in ((questions, "check_widely"), (jobs, "check")):
            patch.setattr(module, name, remembered(getattr(module, name)))
        yield


@pytest.fixture
def copied(study_folder: Path, tmp_path: Path) -> Path:
    """A folder of one's own."""
    return Path(shutil.copytree(study_folder, tmp_path / "out"))


@pytest.fixture(scope="session")
def installed_from_npm(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Installs a package of npm into a folder for this run and says where it is; skips where that cannot be done."""
    import subprocess

    def install(package: str) -> Path:
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            pytest.skip(f"no node and npm here to get {package} with")
        folder = tmp_path_factory.mktemp("npm")
        command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), package]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
        if ran.returncode != 0:
            pytest.skip(f"npm cannot install {package}: {ran.stderr.strip()[:200]}")
        return folder / "node_modules" / package.rpartition("@")[0]

    return install
