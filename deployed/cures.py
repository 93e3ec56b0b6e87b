"""What would stop an attack that a real client falls for: the fewest of its own switches, by the model.

A client that takes part in nothing is safe and no use, so that whatever stops an attack must leave it a client that
gets a token from honest servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from model import scenario
from model.conversation import converse
from model.design import Configuration, Design
from model.switches import SWITCHES
from model.trace import Trace
from properties.designs import MECHANISMS, Lattice

#: Finds the shortest run that shows what a property is about; nothing where there is none.
Ask = Callable[[str, Configuration], Trace | None]

#: The scenario in which nothing is wrong.
HONEST = "M01_iss_ok"

#: Mechanisms of the lattice that a client can adopt by itself, whatever servers do.
CLIENTS_OWN = (
    "exact_resource_match", "metadata_same_origin", "as_allowlist", "metadata_issuer_check", "as_designation",
    "iss_always_compared", "redirect_per_as", "state_check", "browser_binding", "pkce", "credentials_per_issuer",
    "resource_indicator", "strict_echo", "dpop", "dpop_key_per_flow", "refresh_pinning",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cure:
    """The fewest switches of a client that, set so, keep it from an attack."""

    switches: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return ";".join(f"{name}={value}" for name, value in self.switches)


def cures(design: Design, name: str) -> list[Cure]:
    """The smallest changes to a client that stop what a scenario of the catalogue does to it, by the model."""
    played, honest = scenario.load(name), scenario.load(HONEST)
    if not converse(design, played).misdelivered:
        return []

    def stops(chosen: tuple[tuple[str, str], ...]) -> bool:
        changed = design.but(**dict(chosen))
        return not converse(changed, played).misdelivered and converse(changed, honest).stage == "A"

    single = [
        (switch.name, value)
        for switch in SWITCHES.values()
        for value in switch.values
        if switch.kind in ("mechanism", "conduct") and value != design[switch.name]
    ]
    for size in (1, 2):
        found = [
            Cure(chosen)
            for chosen in combinations(single, size)
            if len({switch for switch, _ in chosen}) == size and stops(chosen)
        ]
        if found:
            return found
    return []


def proven_cures(prop: str, own: Configuration, ask: Ask) -> list[Cure]:
    """The smallest sets of mechanisms of the client's own with which a property holds and first contact succeeds."""
    positions = {
        MECHANISMS[name][0]: (own.design[MECHANISMS[name][0]], MECHANISMS[name][2])
        for name in CLIENTS_OWN
        if own.design[MECHANISMS[name][0]] != MECHANISMS[name][2]
    }
    mechanisms = {switch: (switch, *values) for switch, values in positions.items()}
    fixed = {name: value for name, value in own.design.changes().items() if name not in mechanisms}
    sufficient = Lattice([prop], own.capabilities, fixed, mechanisms=mechanisms).enumerate().sufficient
    every = [Cure(tuple((name, positions[name][1]) for name in sorted(each))) for each in sufficient if each]
    usable = list(_usable(every, own, ask))
    fewest = min((len(cure.switches) for cure in usable), default=0)
    return [cure for cure in usable if len(cure.switches) == fewest]


def _usable(every: list[Cure], own: Configuration, ask: Ask) -> Iterator[Cure]:
    for cure in every:
        honest = Configuration(own.design.but(**dict(cure.switches)), frozenset())
        if ask("first_contact", honest) is not None:
            yield cure
