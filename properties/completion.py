"""Designs that nobody can use: what they demand and what they do rule each other out, in any environment.

Nothing can be stolen where nothing is ever handed out, so what such a design keeps safe says nothing. ``prm=off`` is
no such thing: what is configured by hand finishes as well.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeVar, get_args

from model.action import Context
from model.design import Configuration, Design
from model.machine import Machine
from model.model import Model
from model.protocols import rules
from model.switches import Kind
from model.world import World
from properties.bounds import Clock, Depths, Laid
from properties.engine import Answer, Engine
from properties.events import COMPLETION, DELEGATED, happens, is_said
from properties.minimal import OutOfTimeError, minimal
from properties.single import SINGLE
from properties.template import Own, Template

#: What is said where it comes about, and where it does not.
FINISHING = {
    COMPLETION: ("honest parties finish here", "honest parties do not finish here"),
    DELEGATED: ("a sub-agent is served here", "no sub-agent is served here"),
}

#: Seconds of work after which an answer describes a contradiction by what is known of it.
_PATIENCE = 4.0

#: States after which the quick way is given up.
_ENOUGH_STATES = 2_000

_T = TypeVar("_T")
#: Switches with the values that they are given.
Choices = tuple[tuple[str, str], ...]


def honest_completion(context: Context, use: str = COMPLETION) -> Any:
    """A user's session is served by an honest resource; ``None`` where a protocol has no flow that could finish."""
    return happens(use, context) if is_said(use, context.world) else None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Why honest parties do not finish.

    Attributes:
        switches: choices of the design that cannot stand together, whatever the environment.
        refused_by: rules without any one of which somebody would finish.
    """

    switches: tuple[str, ...]
    refused_by: tuple[str, ...]
    model: Model

    def __str__(self) -> str:
        said = "; ".join(f"{name} [{rules(self.model)[name].source}]" for name in self.refused_by)
        return f"nobody can use this design: {' and '.join(self.switches)} leave no honest run (refused by {said})"


def usable(world: World, design: Design, single: bool = False, solver: type[Engine] = SINGLE) -> bool:
    """Whether honest parties can finish under a design, in some environment.

    Also true of worlds without a flow that could finish. ``single``: no other design will be asked about, so that it
    is tried on its own before every design is laid down for the ``solver``.
    """
    if not is_said(COMPLETION, world):
        return True
    if (single or design.parties) and _finishes_here(world, design):
        return True
    return _finishes(world, _mechanisms(design), solver)


def contradiction(
    world: World, design: Design, single: bool = False, solver: type[Engine] = SINGLE
) -> Contradiction | None:
    """Why honest parties cannot finish under a design; ``None`` where they can."""
    return None if usable(world, design, single, solver) else _contradiction(world, _mechanisms(design), solver)


def standstill(world: World, design: Design, use: str = COMPLETION) -> Contradiction | None:
    """Why honest parties cannot finish in the environment that a design names; ``None`` where they can."""
    return None if finishes_here(world, design, use) else _contradiction(world, chosen_by(design), SINGLE, use)


def finishes_here(world: World, design: Design, use: str = COMPLETION) -> bool:
    """Whether honest parties can finish in the environment that a design names; true where no flow could finish.

    ``use``: the event by which they do.
    """
    if not is_said(use, world) or _finishes_here(world, design, use):
        return True
    return _finishes(world, chosen_by(design), SINGLE, use)


def chosen_by(design: Design) -> Choices:
    """All switches as a design has them."""
    return choices(design, *get_args(Kind))


def finishes(world: World, decided: Choices, excluded: Choices, solver: type[Engine] = SINGLE) -> bool:
    """Whether honest parties can finish where some switches are decided and others do not have some values.

    Also true of worlds without a flow that could finish.
    """
    if not is_said(COMPLETION, world):
        return True
    opened = _open(world, _own(decided), solver)
    return _answer(opened, decided, None, Clock(), excluded) is not Answer.UNSAT


def choices(design: Design, *kinds: Kind) -> Choices:
    """The switches of some kinds as a design has them, those of single parties as ``party:switch``."""
    switches = design.model.switches
    shared = ((name, value) for name, value in design.items() if switches[name].kind in kinds)
    own = ((f"{whose}:{name}", v) for (whose, name), v in design.parties.items() if switches[name].kind in kinds)
    return (*shared, *own)


def _mechanisms(design: Design) -> Choices:
    return choices(design, "mechanism")


@cache
def _finishes_here(world: World, design: Design, use: str = COMPLETION) -> bool:
    """Whether honest parties finish in the environment that the design stands in: the quick way to a yes.

    They take a few dozen states on the machine, fewer than it takes to lay their world down.
    """
    machine = Machine(Configuration(design, frozenset()), world)
    seen, pending = {machine.initial}, [machine.initial]
    while pending and len(seen) < _ENOUGH_STATES:
        for _, state in machine.moves(pending.pop(), honest=True):
            if state not in seen:
                if honest_completion(machine.context(machine.view(state)), use):
                    return True
                seen.add(state)
                pending.append(state)
    return False


@cache
def _finishes(world: World, decided: Choices, solver: type[Engine], use: str = COMPLETION) -> bool:
    """Whether honest parties finish where these switches are decided, whatever else there is."""
    opened = _open(world, _own(decided), solver, use)
    return _answer(opened, decided, None, Clock(), use=use) is not Answer.UNSAT


@cache
def _contradiction(world: World, decided: Choices, solver: type[Engine], use: str = COMPLETION) -> Contradiction:
    opened, clock = _open(world, _own(decided), solver, use), Clock(work=_PATIENCE)
    switches = _least(decided, lambda kept: _answer(opened, kept, None, clock, use=use))
    refusing = _least(tuple(opened.template.enforced), lambda kept: _answer(opened, decided, kept, clock, use=use))
    return Contradiction(tuple(sorted("=".join(choice) for choice in switches)), tuple(sorted(refusing)), world.model)


def _answer(
    opened: Depths,
    chosen: Iterable[tuple[str, str]],
    enforced: Iterable[str] | None,
    clock: Clock,
    excluded: Choices = (),
    use: str = COMPLETION,
) -> Answer:
    """Whether anybody finishes where just these switches and rules (or all) are decided, and nobody is dishonest."""
    chosen = tuple(chosen)
    rules = opened.template.enforced if enforced is None else enforced

    def given(laid: Laid) -> list[int]:
        nobody = [-literal for literal in laid.unrolling.capabilities.values()]
        # What this world does not read is not laid down, as most of how a client takes broken answers.
        decided = [laid.unrolling.switches[choice] for choice in chosen if choice in laid.unrolling.switches]
        decided += [-laid.unrolling.switches[choice] for choice in excluded]
        return [*nobody, *laid.without(use), *decided, *(laid.unrolling.enforced[name] for name in rules)]

    return opened.settle(use, given, clock).answer


def _least(among: tuple[_T, ...], answer: Callable[[list[_T]], Answer]) -> list[_T]:
    """The least of these with which nobody finishes, or what is known of it when the time is over."""

    def contradict(kept: list[_T]) -> bool:
        found = answer(kept)
        if found is Answer.UNKNOWN:
            raise OutOfTimeError
        return found is Answer.UNSAT

    return minimal(list(among), contradict)[0]


def _own(chosen: Choices) -> Own:
    """The switches among these that single parties have."""
    named = (name.partition(":") for name, _ in chosen if ":" in name)
    return tuple((party, switch) for party, _, switch in named)


@cache
def _open(world: World, own: Own, solver: type[Engine], use: str = COMPLETION) -> Depths:
    """The world with every design in it, some parties with switches of their own."""
    return Depths(Template(world, about=(), also={use: partial(honest_completion, use=use)}, own=own), solver=solver)
