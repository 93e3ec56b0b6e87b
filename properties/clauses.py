"""What the steps of a world bring about, said of any number of its sessions and grants.

What steps say of one session they say of any, so that which of them it was can be forgotten. A step takes rows as they
are and adds one as it is then.

That is more than can happen. A row stays after a step (a code is used twice, a user approves twice), and a fact that
would prevent a step does not. So what does not come about here does for no number of sessions; what does may be no
attack. It is less coarse where an instance has no name before somebody else speaks of it: its name then says what it
was like, so that two things that it might have been are two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from model.design import Configuration
from model.world import World
from properties.cubes import ALWAYS, Cube, Cubes
from properties.since import Since
from properties.steps import SEVERAL, Copy, CubeRow, CubeStep, Event, Fact, Values, steps_of


class Clause(NamedTuple):
    """Where all of a cube holds something comes about; ``named`` are the instances that get their names by it."""

    action: str
    cube: Cube
    head: CubeRow | Fact | Event
    named: Mapping[str, Values] = {}


class Clauses:
    """The clauses of a world under a configuration, for some events of its properties.

    Args:
        named: whether the names of instances say what they were like.
        servers: copies of each domain with which steps are read; with one, what is read is about no other number.
    """

    def __init__(
        self,
        world: World,
        configuration: Configuration,
        events: Sequence[str],
        named: bool = True,
        servers: int = SEVERAL,
    ) -> None:
        self.steps = steps_of(world, configuration, tuple(events), servers)
        self._with_names = named

    def all(self) -> Iterator[Clause]:
        """What each step brings about, and when the events happen."""
        since = Since(self.steps)
        for step in self.steps.all:
            for cube, head in step.heads:
                if (narrowed := since.narrowed(cube, head)) is not None:
                    yield from self._naming(step, narrowed, head)
        for name, event in self.steps.template.events.items():
            for cube in self.steps.reading.cubes(event):
                if (narrowed := since.narrowed(cube, Event(name))) is not None:
                    yield Clause(name, narrowed, Event(name))

    # --- names -----------------------------------------------------------------------------------------------

    def content(self, kind: str) -> list[str]:
        """The columns that the name of an instance of a kind is made of: those that no name of its own kind is in."""
        columns = self.steps.columns
        earlier = set(list(columns)[: list(columns).index(kind)]) | self.steps.instances.domains.parts.keys()
        return [column for column in columns[kind] if self.steps.kinds_in(kind, column) <= earlier]

    @cached_property
    def nameless(self) -> Mapping[str, tuple[str, frozenset[Any]]]:
        """For each kind the column that tells whether an instance has no name yet, and the values at which it has none.

        It has none as long as no step speaks of it to anybody else: in a fact, or in the row of another. Once it has
        one it keeps it.
        """
        found: dict[str, tuple[str, frozenset[Any]]] = {}
        kinds = dict.fromkeys(map(self.steps.kind, self.steps.instances.by_name))
        for kind in kinds if self._with_names else ():
            states = {column: self._unspoken(kind, column) for column in self.steps.columns.get(kind, ())}
            column = max(states, key=lambda name: len(states[name]), default="")
            if column and states[column]:
                found[kind] = column, states[column]
        return found

    def _unspoken(self, kind: str, column: str) -> frozenset[Any]:
        """The values of a column at which no step speaks of an instance of a kind; none, if one does at first."""
        steps, those = self.steps, self.steps.of_kind(kind)
        domains = [steps.reading.domains.get(steps.variable[of, column], frozenset()) for of in those]
        found = {steps.columns[kind][column]}
        if steps.kinds_in(kind, column) or not all(domains) or any(self._speaks(those, column, found)):
            return frozenset()
        for state in sorted(frozenset().union(*domains) - found):
            if not any(self._speaks(those, column, {*found, state})):
                found.add(state)
        return frozenset(found)

    def _speaks(self, those: Sequence[str], column: str, states: set[Any]) -> Iterator[str]:
        """The steps that speak of an instance at these values without giving it its name, or make it lose its name."""
        for step, cube, head, spoken_of in self._spoken_of:
            for of in those:
                variable = self.steps.variable[of, column]
                here = cube.get(variable, self.steps.reading.domains[variable])
                if isinstance(head, CubeRow) and head.of == of:
                    then = head.values.get(variable)
                    if isinstance(then, Copy) or (then in states and not here <= states):
                        yield step.action
                elif here & states and of in spoken_of:
                    rows = step.rows.get(of, ())
                    cases = [values.get(variable) for when, values in rows if when.get(variable, here) & states]
                    if not cases or any(then is None or then in states for then in cases):
                        yield step.action

    @cached_property
    def _spoken_of(self) -> list[tuple[CubeStep, Cube, CubeRow | Fact, set[str]]]:
        """Each thing that steps bring about, and the instances that nobody has spoken of before it."""
        return [
            (step, cube, head, self._mentioned(cube, head) - {of for _, of in self.steps.spoken(cube)})
            for step in self.steps.all
            for cube, head in step.heads
        ]

    def _mentioned(self, cube: Cube, head: CubeRow | Fact) -> set[str]:
        return {of for _, of, source in self.steps.mentioned(cube, head) if source is None}

    def _naming(self, step: CubeStep, cube: Cube, head: CubeRow | Fact) -> Iterator[Clause]:
        """A clause, with the names that instances get in its step and that it speaks of."""
        own = {head.of: [(ALWAYS[0], head.values)]} if isinstance(head, CubeRow) else {}
        about = sorted((own.keys() | self._mentioned(cube, head)) & step.rows.keys())
        found: list[tuple[Cube, dict[str, Values]]] = [(cube, {})]
        for of in (of for of in about if self.steps.kind(of) in self.nameless):
            column, nameless = self.nameless[self.steps.kind(of)]
            variable, staying = self.steps.variable[of, column], {None, *nameless}
            found = [
                (part, {**named, of: values} if before and values.get(variable) not in staying else named)
                for (joint, named), (when, values) in product(found, own.get(of, step.rows[of]))
                for part, before in self._parts(self.steps.reading.all_of([joint], [when]), variable, nameless)
            ]
        yield from (Clause(step.action, joint, head, named) for joint, named in found)

    def _parts(self, cubes: Cubes, variable: str, states: frozenset[Any]) -> Iterator[tuple[Cube, bool]]:
        """Cubes in which a variable is one of some values, and those in which it is another; which of both it is."""
        for cube in cubes:
            members = cube.get(variable, self.steps.reading.domains[variable])
            if members & states:
                yield {**cube, variable: members & states}, True
            if members - states:
                yield {**cube, variable: members - states}, False
