"""What a quick study takes of a full one, where nothing stands in for the experiments that ship."""

from __future__ import annotations

from pathlib import Path

from openworld.plan import QUICK, StudyPlan


def test_a_quick_study_takes_what_there_is(tmp_path: Path) -> None:
    """Each name that it takes is one of a full study's, and no design is left out."""
    for what, names in QUICK.items():
        assert {*names} <= {*getattr(StudyPlan(tmp_path, full=True), what)}, what
    assert "designs" not in QUICK
