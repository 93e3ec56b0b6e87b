"""Figures of deployed clients: what is proved of them, and what they were seen to do."""

from __future__ import annotations

from collections.abc import Iterator

from openworld import figures
from openworld.client_tables import ended
from openworld.exhibits.entries import BOUNDED, EXHAUSTIVE, Caption, Drawing, Exhibit
from openworld.sources import Source

_PROVED = "What is proved of deployed clients"
_SEEN = "Where deployed clients ended, scenario by scenario"


def entries() -> Iterator[Exhibit]:
    """One of verdicts, one of measurements."""
    yield Exhibit("clients-verdicts", "client matrix", _PROVED, _verdicts)
    yield Exhibit("clients-scenarios", "scenario matrix", _SEEN, _scenarios)


def _verdicts(source: Source) -> Drawing:
    table = source.clients()
    caption = Caption(
        BOUNDED, "each client, in its last version, as the design that was fitted to what it was seen to do; what is "
        "not stated of servers is at the baseline", f"{len(table)} verdicts", EXHAUSTIVE,
        "none, a verdict is not an estimate",
    )  # fmt: skip
    return Drawing(figures.client_verdicts(table, _PROVED), _PROVED, caption, table)


def _scenarios(_: Source) -> Drawing:
    table = ended()
    clients, scenarios = table["client"].nunique(), table["scenario"].nunique()
    caption = Caption(
        f"{clients} deployed clients in their last version, each alone with played servers",
        f"{scenarios} scenarios, each the honest world with a few fields changed; blank where it was not tried",
        f"{len(table)} runs, one of each", "none, nothing is drawn by chance", "none, each was run once",
    )  # fmt: skip
    return Drawing(figures.client_ends(table, _SEEN), _SEEN, caption, table)
