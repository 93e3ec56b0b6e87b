"""Visits one by one, on the machine: what arrays of many visits are held against, and the runs that show it."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from walks import refusals

from model.design import Configuration, Design
from model.machine import Machine, State, Step, remembered
from model.memory import Memory
from model.world import World
from simulations.attempts import ADOPTIONS, Situations, situations, world_of
from simulations.harms import GRAVEST, Strategy, every_harm
from simulations.population import load
from simulations.scope import possible
from simulations.vectorised import ArrayReader
from simulations.visits import (
    ACCEPTED,
    DIVERTED,
    NOTHING_ENABLED,
    ONE_VISIT,
    PLACES,
    Label,
    Plan,
    Said,
    Settings,
    asks_server,
    finished,
    goes_on,
    questions,
    reusable,
    served,
    steals_cached,
    stolen_token_used,
    stopped,
    stops,
    waits,
)


class Visit(NamedTuple):
    """Design and attacker, the URL that the agent is sent to, and the world of the visit."""

    configuration: Configuration
    url: str
    world: World = ONE_VISIT


def visit_of(found: Situations, arm: Settings, code: int, held: Mapping[str, str] | None = None) -> Visit:
    """The visit that one situation comes to under an arm; ``held``: switches decided by what the agent holds."""
    design = found.design(arm, code).but(**(held or {}))
    name = found.places[code // ADOPTIONS % len(found.places)]
    there = PLACES[name]
    return Visit(Configuration(design, there.capabilities), there.url, world_of(name, design.protocol, design.model))


def met(place: str, design: Design) -> Plan:
    """What a visit to a place comes to: as arrays read it, which is what populations do, and just so on the machine."""
    found = situations(load("swept", design.model).with_shares("place", {place: 1}))
    arm, everybody_adopts = tuple(design.items()), ADOPTIONS - 1
    ((plan,),) = ArrayReader(found, (arm,)).plans(np.array([everybody_adopts]))
    assert plan == plan_for(visit_of(found, arm, everybody_adopts))
    return plan


def plan_for(asked: Visit, strategy: Strategy = GRAVEST) -> Plan:
    """The plan of a visit."""
    return shown(asked, strategy)[0]


def shown(asked: Visit, strategy: Strategy = GRAVEST) -> tuple[Plan, tuple[Step, ...]]:
    """The plan of a visit, and the run that shows how it ends."""
    return _searched(asked, strategy)[1:]


def best_plan(found: Situations, arm: Settings, code: int, strategy: Strategy) -> Plan:
    """The plan of that visit which serves the attacker best, of those that it can choose between."""
    choices = found.within_reach(np.array([code]), strategy)[:, 0].tolist()
    visits = (_searched(visit_of(found, arm, choice), strategy) for choice in choices)
    return max(visits, key=lambda searched: searched[0])[1]


@cache
def _searched(asked: Visit, strategy: Strategy) -> tuple[int, Plan, tuple[Step, ...]]:
    """The merit of a visit's end, its plan and its run."""
    configuration, url, world = asked
    machine = Machine(configuration, world)
    search = _Search(machine, url, strategy)
    state = search.best()
    ending = search.ending(state, search.attainable())
    too_late = search.best(without_theft=True) if stolen_token_used(world, machine.view(state)) else state
    late = search.ending(too_late, search.attainable(without_theft=True))
    steps = search.steps(state)
    taken = [machine.by_name[step.action] for step in steps]
    context = machine.context(machine.view(state))
    then, at_once = (bool(reusable(context, discovered)) for discovered in (True, False))
    registers = machine.configuration.design.reg if asks_server(taken) else ""
    plan = Plan(ending, late, steals_cached(taken), waits(taken, then, at_once), registers)
    return search.merit(state), plan, steps


class _Reached(NamedTuple):
    """A state that a visit reaches: from where and by which step, after how many of them, and what is known of it."""

    before: State | None
    step: Step | None
    depth: int
    said: Said


@cache
def _judges(world: World) -> tuple[Memory[Any], ...]:
    return tuple(remembered(ask, world) for ask in questions(world.model))


class _Search:
    """Every state that a visit to ``url`` can reach, breadth first, each with the step that first led there."""

    def __init__(self, machine: Machine, url: str, strategy: Strategy) -> None:
        self.machine, self.strategy = machine, strategy
        self.attacked = bool(machine.configuration.capabilities)
        world = machine.world
        tried = Machine(machine.configuration, world, possible(world, machine.configuration.capabilities))
        self.reached = {machine.initial: _Reached(None, None, 0, self._said(machine.initial))}
        frontier = [machine.initial]
        for state in frontier:  # grows on the way
            for step, successor in tried.moves(state):
                goes_elsewhere = state == machine.initial and dict(step.choices).get("url") != url
                if not goes_elsewhere and successor not in self.reached:
                    depth = self.reached[state].depth + goes_on(tried.by_name[step.action])
                    self.reached[successor] = _Reached(state, step, depth, self._said(successor))
                    frontier.append(successor)

    def _said(self, state: State) -> Said:
        values = self.machine.values(state)
        return Said(memory.recall(values) for memory in _judges(self.machine.world))

    def best(self, without_theft: bool = False) -> State:
        """The state that a visit comes to: the first of those with the highest merit.

        ``without_theft``: of those only in which no stolen token has been used.
        """
        among = (state for state, found in self.reached.items() if not (without_theft and found.said.used))
        return max(among, key=self.merit)

    def merit(self, state: State) -> int:
        """How good a state is as the end of the visit."""
        found = self.reached[state]
        return int(found.said.merit(self.strategy, self.machine.world.model, found.depth, self.attacked))

    def attainable(self, without_theft: bool = False) -> tuple[str, ...]:
        """The harms that some visit suffers, of those that :meth:`best` chooses among."""
        among = [found.said for found in self.reached.values() if not (without_theft and found.said.used)]
        every = every_harm(self.machine.world.model)
        return tuple(name for place, name in enumerate(every) if any(said.harms[place] for said in among))

    def steps(self, state: State) -> tuple[Step, ...]:
        """The steps that first led to a state."""
        backwards: list[Step] = []
        found = self.reached[state]
        while found.step is not None and found.before is not None:
            backwards.append(found.step)
            found = self.reached[found.before]
        return tuple(reversed(backwards))

    def ending(self, state: State, attainable: tuple[str, ...]) -> Label:
        """What a visit comes to that ends in a state."""
        machine, view = self.machine, self.machine.view(state)
        suffered = self.reached[state].said.suffered(machine.world.model)
        every = every_harm(machine.world.model)
        harms = tuple(name for name, happens in zip(every, suffered, strict=True) if happens)
        if served(machine.world, view):
            return Label("success", ACCEPTED, harms, attainable)
        if (harms and self.attacked) or finished(machine.world, view):
            return Label("diverted", DIVERTED, harms, attainable)
        refused = (rule.name for step, rule in refusals(machine, state) if stops(machine.by_name[step.action], rule))
        return Label(stopped(machine.world, view), next(refused, NOTHING_ENABLED), harms, attainable)
