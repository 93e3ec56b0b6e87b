"""What would stop an attack that a real client falls for: the fewest of its own switches, by the model.

A client that takes part in nothing is safe and no use, so that whatever stops an attack must leave it a client that
gets a token from honest servers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from model import scenario
from model.conversation import converse
from model.design import Configuration, Design
from model.switches import SWITCHES
from model.trace import Trace
from properties.designs import BEFOREHAND, MECHANISMS, Lattice

#: Finds the shortest run that shows what a property is about; nothing where there is none.
Ask = Callable[[str, Configuration], Trace | None]

#: The scenario in which nothing is wrong.
HONEST = "M01_iss_ok"

#: Switches by which a client meets only those of whom somebody told it.
_BEFOREHAND = {MECHANISMS[name][0] for name in BEFOREHAND}
#: What a code that goes to the wrong party violates.
_PROPERTY = "code_delivery"
#: Mechanisms of the lattice that a client can adopt by itself, whatever servers do.
CLIENTS_OWN = (
    "exact_resource_match", "metadata_same_origin", "as_allowlist", "metadata_issuer_check", "as_designation",
    "iss_always_compared", "redirect_per_as", "state_check", "browser_binding", "pkce", "credentials_per_issuer",
    "resource_indicator", "strict_echo", "dpop", "dpop_key_per_flow", "refresh_pinning",
)  # fmt: skip


#: What a cure is worth, the best first, in words: no attack of the kind is left and honest strangers finish; or what is
#: amiss. Only of the last is an attack left.
Worth = Literal["safe", "beforehand", "nobody finishes", "this run only"]
_REMARKS: dict[Worth, str] = {
    "safe": "", "beforehand": "which meets only who was vouched for beforehand",
    "nobody finishes": "and honest parties do not finish there", "this run only": "stops this run, not the attack",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cure:
    """The fewest switches of a client that, set so, keep it from an attack, or from one run of it."""

    switches: tuple[tuple[str, str], ...]
    worth: Worth = "safe"

    @property
    def setting(self) -> str:
        """The switches alone."""
        return ";".join(f"{name}={value}" for name, value in self.switches)

    @property
    def remark(self) -> str:
        """What is amiss with it, in words; empty if nothing is."""
        return _REMARKS[self.worth]

    def __str__(self) -> str:
        return f"{self.setting} ({self.remark})" if self.remark else self.setting


def recommended(design: Design, name: str, ask: Ask) -> list[Cure]:
    """What would stop an attack of the catalogue, each with what it is worth: what makes codes safe comes first.

    Where no smallest change that stops this run does, the smallest that make them safe are looked for. Where the model
    has no such attack in the world of the scenario (a malicious AS, and ``iss`` as there), nothing more is known than
    that the run stops.
    """
    played = scenario.load(name)
    sends = "yes" if played.origins["as1"] in played.iss else "no"
    own = Configuration(design.but(h_iss=sends), frozenset({"mal_as"}))
    found = cures(design, name)
    if not found or ask(_PROPERTY, own) is None:
        return found
    judged = [replace(cure, worth=_worth(cure, own, ask)) for cure in found]
    if not any(cure.worth == "safe" for cure in judged):
        judged += proven_cures(_PROPERTY, own, ask, [name for name in CLIENTS_OWN if name not in BEFOREHAND])
    return sorted(judged, key=lambda cure: list(_REMARKS).index(cure.worth))


def _worth(cure: Cure, own: Configuration, ask: Ask) -> Worth:
    """What is left with a cure, by the model: an attack, nobody who finishes, or neither."""
    better = replace(own, design=own.design.but(**dict(cure.switches)))
    if ask(_PROPERTY, better) is not None:
        return "this run only"
    return _met(cure.switches) if any(_usable([cure], own, ask)) else "nobody finishes"


def _met(switches: tuple[tuple[str, str], ...]) -> Worth:
    """What a cure is worth with which honest parties finish: whether strangers are among them."""
    return "beforehand" if any(name in _BEFOREHAND for name, _ in switches) else "safe"


def cures(design: Design, name: str) -> list[Cure]:
    """The smallest changes to a client that stop what a scenario of the catalogue does to it: this run, at least."""
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
            Cure(chosen, "this run only")
            for chosen in combinations(single, size)
            if len({switch for switch, _ in chosen}) == size and stops(chosen)
        ]
        if found:
            return found
    return []


def proven_cures(prop: str, own: Configuration, ask: Ask, allowed: Sequence[str] = CLIENTS_OWN) -> list[Cure]:
    """The smallest sets of mechanisms of the client's own with which a property holds and first contact succeeds."""
    positions = {
        MECHANISMS[name][0]: (own.design[MECHANISMS[name][0]], MECHANISMS[name][2])
        for name in allowed
        if own.design[MECHANISMS[name][0]] != MECHANISMS[name][2]
    }
    mechanisms = {switch: (switch, *values) for switch, values in positions.items()}
    fixed = {name: value for name, value in own.design.changes().items() if name not in mechanisms}
    sufficient = Lattice([prop], own.capabilities, fixed, mechanisms=mechanisms).enumerate().sufficient
    chosen = (tuple((name, positions[name][1]) for name in sorted(each)) for each in sufficient if each)
    every = [Cure(switches, _met(switches)) for switches in chosen]
    usable = list(_usable(every, own, ask))
    fewest = min((len(cure.switches) for cure in usable), default=0)
    return [cure for cure in usable if len(cure.switches) == fewest]


def _usable(every: list[Cure], own: Configuration, ask: Ask) -> Iterator[Cure]:
    for cure in every:
        honest = Configuration(own.design.but(**dict(cure.switches)), frozenset())
        if ask("first_contact", honest) is not None:
            yield cure
