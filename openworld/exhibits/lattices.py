"""Figures of the sets of mechanisms that suffice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from model.design import parse_capabilities, parse_switches
from model.named_designs import DEPLOYMENTS
from model.words import of_configuration, worded
from openworld.exhibits.entries import BOUNDED, EXHAUSTIVE, Caption, Drawing, Exhibit
from openworld.figures import sets
from openworld.minimal_sets import SetsAsked
from openworld.sources import Source
from properties.designs import BEFOREHAND

#: Questions to the lattice that are drawn, without what an open world has not.
_LATTICES = {
    "counterfeit_rs": ("What confines a token when a resource server is malicious?", "token_confinement", "mal_rs"),
    "mixup": ("What keeps the code from a malicious authorization server?", "code_delivery", "mal_as"),
    "theft": (
        "What keeps a malicious AS, a malicious RS and a malicious tenant from the user's data?",
        "authorization,token_confinement",
        "mal_as+mal_rs+mal_tenant",
    ),
}


def entries() -> Iterator[Exhibit]:
    """A figure for each question to the lattice."""
    for name, (question, *_) in _LATTICES.items():
        yield Exhibit(f"sets-{name}", "set plot", question, partial(_sets, name))


def _sets(name: str, source: Source) -> Drawing:
    question, prop, attacker = _LATTICES[name]
    asked = SetsAsked(tuple(prop.split(",")), parse_capabilities(attacker), parse_switches(""), False, BEFOREHAND, True)
    table = source.sufficient(name, asked)
    without = ", ".join(worded("mechanism", each) for each in BEFOREHAND)
    wanted = ", ".join(worded("property", each) for each in asked.properties)
    against = of_configuration(f"cap={attacker}")
    caption = Caption(
        BOUNDED,
        f"all designs of the lattice without: {without}; wanted: {wanted}; {against}",
        f"{len(table)} minimal sets, enumerated exactly; {len(DEPLOYMENTS)} deployments to be usable in",
        EXHAUSTIVE,
        "none, sets are proved and not estimated",
    )
    return Drawing(sets(table, question), question, caption, table)
