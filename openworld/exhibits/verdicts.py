"""Figures of verdicts: on named designs, on what drafts buy, on deployed clients; and what those were seen to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import pandas as pd

from model.words import with_code
from openworld import figures
from openworld.blame import blamed
from openworld.client_tables import ended
from openworld.exhibits.entries import BOUNDED, EXHAUSTIVE, Caption, Drawing, Exhibit
from openworld.figures import labels
from openworld.sources import Source
from openworld.study_tables import SourceError

_BOUGHT = "What each draft buys in each environment: attacks before and after"
_PROVED = "What is proved of deployed clients"
_SEEN = "Where deployed clients ended, scenario by scenario"


def entries(attackers: Iterable[str]) -> Iterator[Exhibit]:
    """An overview, and a matrix for each attacker."""
    yield Exhibit("attackers", "verdict matrix", "security properties violated, by attacker and design", _attackers)
    for name in attackers:
        yield Exhibit(f"verdicts-{name}", "verdict matrix", labels.attacker(name), partial(_matrix, name))


def drafts() -> Iterator[Exhibit]:
    """One, of all drafts."""
    yield Exhibit("drafts", "what drafts buy", _BOUGHT, _bought)


def clients() -> Iterator[Exhibit]:
    """One of verdicts, one of measurements."""
    yield Exhibit("clients-verdicts", "client matrix", _PROVED, _proved)
    yield Exhibit("clients-scenarios", "scenario matrix", _SEEN, _scenarios)


def _attackers(source: Source) -> Drawing:
    table = source.verdicts()
    table = source.most(table, "attacker", table["verdict"] == "attack")
    decided = pd.Series(blamed(table.to_dict("records")), table.index, object)
    counted = table.assign(attack=decided.eq(True), unknown=decided.isna())[table["kind"] == "security"]
    data = counted.groupby(["attacker", "design"], sort=False, as_index=False)[["attack", "unknown"]].sum()
    return Drawing(
        figures.attacker_overview(table),
        "Security properties violated, by attacker and design",
        _about(table, "named designs against named attackers; what breaks by itself is counted under none"),
        data,
    )


def _matrix(attacker: str, source: Source) -> Drawing:
    table = source.verdicts()
    shown = table[table["attacker"] == attacker]
    if shown.empty:
        raise SourceError(f"no verdicts against attacker {attacker!r} in the table")
    against = with_code(f"cap={shown['capabilities'].iloc[0]}")
    table = source.most(table, "property", (table["attacker"] == attacker) & (table["verdict"] == "attack"))
    shown = table[table["attacker"] == attacker]
    kept = ["design", "attacker", "capabilities", "property", "kind", "verdict", "steps"]
    return Drawing(
        figures.verdict_matrix(table, attacker),
        labels.attacker(attacker),
        _about(shown, f"named designs; {against}"),
        shown[kept],
    )


def _bought(source: Source) -> Drawing:
    table = source.drafts()
    table = source.most(
        table, "draft", (table["stopped"] + table["opened"] > 0) | (table["of_use_before"] != table["of_use_after"])
    )
    undecided = int((table[["of_use_before", "of_use_after"]] == "unknown").to_numpy().sum())
    attackers = str(table["against"].iloc[0])
    bound = "a bound token is of no use without its proof or key; " if "token_leak" in attackers else ""
    caption = Caption(
        BOUNDED,
        "the published state (design=prm_cimd) without the draft and with it; an attack is a property "
        f"that is violated by an attacker, each counted by itself (cap={attackers}), where both designs could lose it; "
        f"{bound}"
        "of use is a design with which honest parties get from an unknown URL to an accepted request",
        f"{len(table)} pairs of designs",
        *_covered(int(table["undecided"].sum()) + undecided),
    )
    return Drawing(figures.bought(table, _BOUGHT), _BOUGHT, caption, table)


def _proved(source: Source) -> Drawing:
    table = source.clients()
    table = source.most(table, "client", table["verdict"] == "attack")
    about = "each client, in its last version, as the design that was fitted to what it was seen to do; what is not "
    caption = _about(table, f"{about}stated of servers is at the baseline")
    return Drawing(figures.client_verdicts(table, _PROVED), _PROVED, caption, table)


def _scenarios(source: Source) -> Drawing:
    table = ended()
    table = source.most(table, "scenario", table["misdelivered"])
    clients, scenarios = table["client"].nunique(), table["scenario"].nunique()
    caption = Caption(
        f"{clients} deployed clients in their last version, each alone with played servers",
        f"{scenarios} scenarios, each the honest world with a few fields changed; blank where it was not tried",
        f"{len(table)} runs, one of each",
        "none, nothing is drawn by chance",
        "none, each was run once",
    )
    return Drawing(figures.client_ends(table, _SEEN), _SEEN, caption, table)


def _about(table: pd.DataFrame, design: str) -> Caption:
    return Caption(BOUNDED, design, f"{len(table)} verdicts", *_covered(int((table["verdict"] == "unknown").sum())))


def _covered(undecided: int) -> tuple[str, str]:
    """What a caption says of seed and interval where so many answers are not known."""
    if undecided:
        return f"{EXHAUSTIVE} but those of {undecided} undecided answers", "what these leave open, no estimate"
    return EXHAUSTIVE, "none, a verdict is not an estimate"
