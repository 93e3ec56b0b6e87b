"""The figure of what each draft buys."""

from __future__ import annotations

from collections.abc import Iterator

from openworld import figures
from openworld.bought import AGAINST
from openworld.exhibits.entries import BOUNDED, EXHAUSTIVE, Caption, Drawing, Exhibit
from openworld.sources import Source

_ASKED = "What each draft buys in each environment: attacks before and after"


def entries() -> Iterator[Exhibit]:
    """One, of all drafts."""
    yield Exhibit("drafts", "what drafts buy", _ASKED, _bought)


def _bought(source: Source) -> Drawing:
    table = source.drafts()
    caption = Caption(
        BOUNDED, "the published state (design=prm_cimd) without the draft and with it; an attack is a property "
        "that is violated by whom an agent may meet, who reads the way back of codes, who gets hold of tokens, or of "
        f"whole requests with their proofs, each counted (cap={', '.join(AGAINST)}), where both designs could lose it; "
        "a token that is bound by DPoP or mTLS is of no use to the third, and one that is bound by DPoP is to the "
        "fourth, as long as a resource server may take a proof twice (dpop_replay=none); "
        "of use is a design with which honest parties get from an unknown URL to an accepted request",
        f"{len(table)} pairs of designs", EXHAUSTIVE, "none, a verdict is not an estimate",
    )  # fmt: skip
    return Drawing(figures.bought(table, _ASKED), _ASKED, caption, table)
