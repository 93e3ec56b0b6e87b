"""How far an instance has come of which something is said: as far as when that was first said, or further.

A row stays when a step has taken it. Without this, what was said of a grant when its code had been redeemed could be
taken together with the row that it had before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from typing import Any

from properties.cubes import Cube
from properties.steps import Copy, CubeRow, CubeStep, Event, Fact, Place, Steps

#: For each place and column, the values that an instance of which something is said there may have in the column.
Known = Mapping[tuple[Place, str], Set[Any]]


class Since:
    """What holds of the rows of instances of which something is said, in every run of a world."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._columns = {kind: list(self._of(kind)) for kind in dict.fromkeys(map(steps.kind, steps.instances.by_name))}
        self._moves = self._changes()
        self._known = self._closed()

    def _of(self, kind: str) -> Iterator[str]:
        """The columns of a kind that are looked at: those with no names of instances in them, that all have."""
        steps = self._steps
        for column in steps.columns.get(kind, ()):
            known = all(steps.variable[of, column] in steps.reading.domains for of in steps.of_kind(kind))
            if known and not steps.kinds_in(kind, column):
                yield column

    def narrowed(self, cube: Cube, head: CubeRow | Fact | Event) -> Cube | None:
        """A cube that says of the rows in it how far they have come; ``None`` where they cannot have."""
        steps, told = self._steps, _told(self._steps, cube)
        owners = [steps.instances.owner(name)[0] for name in cube if name not in steps.facts | steps.choices]
        narrowed = dict(cube)
        for of in dict.fromkeys([*owners, *([head.of] if isinstance(head, CubeRow) else [])]):
            for column in self._columns.get(steps.kind(of), ()) if of in told else ():
                variable = steps.variable[of, column]
                states = self._states(cube, told[of], variable, column, self._known)
                if not states:
                    return None
                if states != steps.reading.domains[variable]:
                    narrowed[variable] = frozenset(states)
        return narrowed

    def _states(self, cube: Cube, told: Set[Place], variable: str, column: str, known: Known) -> Set[Any]:
        """The values of a variable where a cube holds, and something was said of its instance in some places."""
        states: Set[Any] = cube.get(variable, self._steps.reading.domains[variable])
        for place in told:
            states = states & known.get((place, column), frozenset())
        return states

    def _changes(self) -> Mapping[tuple[str, str], set[tuple[Any, Any]]]:
        """For each kind and column, from which value steps lead to which."""
        steps, found = self._steps, defaultdict[tuple[str, str], set[tuple[Any, Any]]](set)
        for step in steps.all:
            for of, cases in step.rows.items():
                for column in self._columns.get(steps.kind(of), ()):
                    variable = steps.variable[of, column]
                    for cube, values in cases:
                        before = cube.get(variable, steps.reading.domains[variable])
                        then = self._then(cube, values.get(variable, Copy(variable)))
                        found[steps.kind(of), column] |= {(first, last) for first in before for last in then - before}
        return found

    def _then(self, cube: Cube, value: Any) -> Set[Any]:
        """What a variable may be after a step that gives it a value."""
        if not isinstance(value, Copy):
            return {value}
        states: Set[Any] = cube.get(value.variable, self._steps.reading.domains[value.variable])
        return states

    def _closed(self) -> Known:
        """The least that holds at first, and after each step where it held before."""
        steps, known = self._steps, defaultdict[tuple[Place, str], set[Any]](set)
        said = [
            (step, cube, _told(steps, cube), list(steps.mentioned(cube, head)))
            for step in steps.all
            for cube, head in step.heads
        ]
        size = -1
        while size != sum(map(len, known.values())):
            size = sum(map(len, known.values()))
            for step, cube, told, mentioned in said:
                for place, of, source in mentioned:
                    for column in self._columns[steps.kind(of)]:
                        if source is not None:
                            known[place, column] |= known[source, column]
                        else:
                            known[place, column] |= self._afterwards(step, cube, told.get(of, set()), of, column, known)
        return known

    def _afterwards(self, step: CubeStep, cube: Cube, told: Set[Place], of: str, column: str, known: Known) -> Set[Any]:
        """The values that an instance may have in a column after a step in which a cube held, or later."""
        variable = self._steps.variable[of, column]
        states = self._states(cube, told, variable, column, known)
        after: set[Any] = set() if of in step.rows else set(states)
        for when, values in step.rows.get(of, ()):
            if here := states & when.get(variable, states):
                after |= self._then(when, values[variable]) if variable in values else here
        moves = self._moves.get((self._steps.kind(of), column), set())
        while more := {then for first, then in moves if first in after} - after:
            after |= more
        return after


def _told(steps: Steps, cube: Cube) -> Mapping[str, Set[Place]]:
    """The places in which a cube says something of instances."""
    found = defaultdict[str, set[Place]](set)
    for place, of in steps.spoken(cube):
        found[of].add(place)
    return found
