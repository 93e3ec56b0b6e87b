"""Switches and values that code names are those that there are."""

from pathlib import Path

import pytest

from model.spelling import misspelt
from model.switches import SWITCHES

ROOT = Path(__file__).parents[2]


def test_the_suite_misspells_no_switch_and_no_value() -> None:
    packages = ("model", "properties", "deployed", "simulations", "conformance", "openworld")
    paths = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    drafts = ROOT / "openworld" / "data"  # which add switches of their own
    found = [
        f"{path.relative_to(ROOT)}:{line}: {error}"
        for path in paths
        if drafts not in path.parents
        for line, error in misspelt(path.read_text(encoding="utf-8"), SWITCHES)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("design.prmm", "unknown switch 'prmm'; did you mean 'prm'?"),
        ("same(c.of(server).h_is, 'yes')", "unknown switch 'h_is'"),
        ("same(design.prm, 'exakt')", "switch 'prm' has no value 'exakt'; did you mean 'exact'?; allowed: exact,"),
        ("one_of(c.design.pkce, 's256', 'plane')", "switch 'pkce' has no value 'plane'"),
        ("logic.same(self.design.iss_check, 'no')", "switch 'iss_check' has no value 'no'"),
        ("design.reg == 'cmd'", "switch 'reg' has no value 'cmd'"),
        ("policy.reg in ('cimd', 'drc')", "switch 'reg' has no value 'drc'"),
        ("c.client(who).as_count", "there is no switch 'as_count' any more"),
    ],
)
def test_what_is_misspelt_is_named_with_its_line(code: str, error: str) -> None:
    [(line, said)] = misspelt(f"x = 1\n{code}", SWITCHES)
    assert line == 2
    assert said.startswith(error)


def test_what_reads_no_switch_is_left_alone() -> None:
    """A design's own methods, other attributes, and what is compared with something else than a constant."""
    code = "design.but(prm='off'), design.parties, session.phase == 'start', same(design.prm, other)"
    assert not list(misspelt(code, SWITCHES))
