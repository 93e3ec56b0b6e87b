"""Figures of verdicts on named designs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import pandas as pd

from model.words import with_code
from openworld import figures
from openworld.blame import blamed
from openworld.exhibits.entries import BOUNDED, EXHAUSTIVE, Caption, Drawing, Exhibit
from openworld.figures import labels
from openworld.sources import Source
from openworld.study_tables import SourceError
from properties.attackers import ATTACKERS


def entries(attackers: Iterable[str] | None = None) -> Iterator[Exhibit]:
    """An overview, and a matrix for each attacker."""
    yield Exhibit("attackers", "verdict matrix", "security properties violated, by attacker and design", _attackers)
    for name in ATTACKERS if attackers is None else attackers:
        yield Exhibit(f"verdicts-{name}", "verdict matrix", labels.attacker(name), partial(_matrix, name))


def _attackers(source: Source) -> Drawing:
    table = source.verdicts()
    counted = table.assign(attack=blamed(table.to_dict("records")), unknown=table["verdict"] == "unknown")
    counted = counted[counted["kind"] == "security"]
    data = counted.groupby(["attacker", "design"], sort=False, as_index=False)[["attack", "unknown"]].sum()
    return Drawing(
        figures.attacker_overview(table), "Security properties violated, by attacker and design",
        _about(table, "named designs against named attackers; what breaks by itself is counted under none"), data,
    )  # fmt: skip


def _matrix(attacker: str, source: Source) -> Drawing:
    table = source.verdicts()
    shown = table[table["attacker"] == attacker]
    if shown.empty:
        raise SourceError(f"no verdicts against attacker {attacker!r} in the table")
    against = with_code(f"cap={shown['capabilities'].iloc[0]}")
    kept = ["design", "attacker", "capabilities", "property", "kind", "verdict", "steps"]
    return Drawing(
        figures.verdict_matrix(table, attacker), labels.attacker(attacker),
        _about(shown, f"named designs; {against}"), shown[kept],
    )  # fmt: skip


def _about(table: pd.DataFrame, design: str) -> Caption:
    return Caption(BOUNDED, design, f"{len(table)} verdicts", EXHAUSTIVE, "none, a verdict is not an estimate")
