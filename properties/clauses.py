"""What the steps of a world bring about, said of any number of its sessions and grants.

The actions of a world in which there are several of each are read as the solver reads them. What they say of one
session they say of any, so that which of them it was can be forgotten. Each session and grant has rows: what it may be
like at some time. A step takes rows as they are and adds one as it is then.

That is more than can happen. A row stays after a step (a code is used twice, a user approves twice), and a fact that
would prevent a step does not. So what does not come about here does for no number of sessions; what does may be no
attack. It is less coarse where an instance has no name before somebody else speaks of it: its name then says what it
was like, so that two things that it might have been are two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, product
from typing import Any, NamedTuple

from model.design import Configuration
from model.logic import Pick, Value, no
from model.world import World
from properties.cubes import ALWAYS, Cube, Cubes, Reading
from properties.instances import Instances
from properties.template import Firing, Template

#: Instances of each kind with which a step is read: none is about more of them at once (a test adds one).
SEVERAL = 2


class Copy(NamedTuple):
    """A value that is that of another variable."""

    variable: str


#: What the variables of a row become in a step; the others stay as they are.
Values = Mapping[str, Any]


class Row(NamedTuple):
    """A row of an instance (or of what there is one of) as a step leaves it."""

    of: str
    values: Values


class Event(NamedTuple):
    """Something that is asked about happens."""

    name: str


class Fact(NamedTuple):
    """A fact comes to hold."""

    variable: str


class Clause(NamedTuple):
    """Where all of a cube holds something comes about; ``named`` are the instances that get their names by it."""

    action: str
    cube: Cube
    head: Row | Fact | Event
    named: Mapping[str, Values] = {}


class _Step(NamedTuple):
    """What an action may bring about: of each row how it may leave it, and when facts come to hold."""

    action: str
    rows: Mapping[str, Sequence[tuple[Cube, Values]]]
    facts: Sequence[tuple[Cube, str]]

    @property
    def heads(self) -> Iterator[tuple[Cube, Row | Fact]]:
        yield from ((cube, Row(of, values)) for of, cases in self.rows.items() for cube, values in cases)
        yield from ((cube, Fact(variable)) for cube, variable in self.facts)


class Clauses:
    """The clauses of a world under a configuration, for some events of its properties.

    Attributes:
        columns: for each kind of instance, and for what there is one of, what its rows say and what that is at first.
        variable: the state variable of an instance in a column.
        reading: conditions as cubes over the state variables and the choices of actions.
        choices: the names of those choices.
    """

    def __init__(
        self, world: World, configuration: Configuration, events: Sequence[str], named: bool = True,
        number: int = SEVERAL,
    ) -> None:  # fmt: skip
        self._named = named
        self.instances = Instances(world, number)
        self.template = Template(self.instances.world, configuration, tuple(events))
        self.reading = Reading(self.template)
        self.facts = self.template.facts
        self.columns: dict[str, dict[str, Any]] = {}
        self.variable: dict[tuple[str, str], str] = {}
        self.choices: set[str] = set()
        for variable in self.template.variables:
            if not variable.fact:
                of, column = self.instances.owner(variable.name)
                self.columns.setdefault(self.kind(of), {}).setdefault(column, variable.initial)
                self.variable[of, column] = variable.name
        for of in self.instances.by_name:  # what only one of a kind has, none of the others ever changes
            for column in self.columns.get(self.kind(of), ()):
                self.variable.setdefault((of, column), f"{of}.{column}")

    def kind(self, of: str) -> str:
        """The kind of an instance; of what there is one of, its name."""
        return self.instances.by_name[of].kind if of in self.instances.by_name else of

    def content(self, kind: str) -> list[str]:
        """The columns that the name of an instance of a kind is made of: those that no name of its own kind is in."""
        kinds = list(self.columns)
        earlier = kinds[: kinds.index(kind)] if kind in self.nameless else []
        return [column for column in self.columns[kind] if self._kinds_in(kind, column) <= set(earlier)]

    def _kinds_in(self, kind: str, column: str) -> set[str]:
        names = [self.variable[of, column] for of in self.instances.by_name if self.kind(of) == kind]
        members = chain(*(self.reading.domains.get(name, ()) for name in names))
        return {self.kind(self.instances.terms[member].of) for member in members if member in self.instances.terms}

    def all(self) -> Iterator[Clause]:
        """What each step brings about, and when the events happen."""
        for step in self._steps:
            for cube, head in step.heads:
                yield from self._naming(step, cube, head)
        for name, event in self.template.events.items():
            yield from (Clause(name, cube, Event(name)) for cube in self.reading.cubes(event))

    # --- steps -----------------------------------------------------------------------------------------------

    @cached_property
    def _steps(self) -> list[_Step]:
        """Those that are about the first instances of each kind, where one is like the other."""
        alike = all(name in self.reading.domains for name in self.variable.values())
        in_order = self.instances.in_order
        return [self._step(each) for each in self.template.firings if not alike or in_order(each.action.fixed.values())]

    def _step(self, firing: Firing) -> _Step:
        for name, value in firing.chosen.items():
            self.choices.add(f"{firing.number}: {name}")
            self.reading.add(f"{firing.number}: {name}", value)
        when = self.reading.cubes(firing.possible, *(holds for _, holds in firing.rules))
        facts = []
        rows: dict[str, list[tuple[Cube, Values]]] = {}
        for variable, value in firing.writes.items():
            if variable in self.facts:
                cubes = self.reading.all_of(when, self.reading.cubes(value))
                facts += [(cube, variable) for cube in cubes if variable not in cube]
            elif variable in self.template.kept:
                of, _ = self.instances.owner(variable)
                rows[of] = self._with(rows.get(of, [(cube, {}) for cube in when]), variable, value)
        return _Step(firing.action.name, rows, facts)

    def _with(self, made: list[tuple[Cube, Values]], variable: str, value: Value) -> list[tuple[Cube, Values]]:
        """Rows with one more value each; several of them where it depends."""
        copied = self.reading.copied(value)
        if copied is not None:
            return [(cube, {**values, variable: Copy(copied)}) for cube, values in made]
        found: list[tuple[Cube, Values]] = [
            (joint, {**values, variable: member})
            for member, cubes in self._cases(variable, value)
            for cube, values in made
            for joint in self.reading.all_of([cube], cubes)
        ]
        return _merged(found, variable, self.reading.domains)

    def _cases(self, variable: str, value: Value) -> Iterator[tuple[Any, Cubes]]:
        domain = self.reading.domains[variable]
        if isinstance(value, Pick):
            yield from ((member, self.reading.cubes(case)) for member, case in value.cases.items() if member in domain)
        elif domain == {False, True}:
            yield from ((True, self.reading.cubes(value)), (False, self.reading.cubes(no(value))))
        else:
            yield value, ALWAYS

    # --- names -----------------------------------------------------------------------------------------------

    @cached_property
    def nameless(self) -> Mapping[str, tuple[str, frozenset[Any]]]:
        """For each kind the column that tells whether an instance has no name yet, and the values at which it has none.

        It has none as long as no step speaks of it to anybody else: in a fact, or in the row of another. Once it has
        one it keeps it.
        """
        found: dict[str, tuple[str, frozenset[Any]]] = {}
        for kind in dict.fromkeys(map(self.kind, self.instances.by_name)) if self._named else ():
            states = {column: self._unspoken(kind, column) for column in self.columns.get(kind, ())}
            column = max(states, key=lambda name: len(states[name]), default="")
            if column and states[column]:
                found[kind] = column, states[column]
        return found

    def _unspoken(self, kind: str, column: str) -> frozenset[Any]:
        """The values of a column at which no step speaks of an instance of a kind; none, if it does at first."""
        those = [of for of in self.instances.by_name if self.kind(of) == kind]
        if self._kinds_in(kind, column) or any(self.variable[of, column] not in self.reading.domains for of in those):
            return frozenset()
        found = {self.columns[kind][column]}
        if any(self._speaks(those, column, found)):
            return frozenset()
        for state in sorted(set().union(*(self.reading.domains[self.variable[of, column]] for of in those)) - found):
            if not any(self._speaks(those, column, {*found, state})):
                found.add(state)
        return frozenset(found)

    def _speaks(self, those: Sequence[str], column: str, states: set[Any]) -> Iterator[str]:
        """The steps that speak of an instance at these values without giving it its name, or make it lose its name."""
        for step in self._steps:
            for cube, head in step.heads:
                for of in those:
                    variable = self.variable[of, column]
                    here = cube.get(variable, self.reading.domains[variable])
                    if isinstance(head, Row) and head.of == of:
                        then = head.values.get(variable)
                        if isinstance(then, Copy) or (then in states and not here <= states):
                            yield step.action
                    elif here & states and of in self._mentioned(cube, head) and not self._is_spoken_of(cube, of):
                        rows = step.rows.get(of, ())
                        cases = [values.get(variable) for when, values in rows if when.get(variable, here) & states]
                        if not cases or any(then is None or then in states for then in cases):
                            yield step.action

    def _mentioned(self, cube: Cube, head: Row | Fact | Event) -> set[str]:
        """The instances of which something else is said: whose name is in it."""
        if isinstance(head, Event):
            return set()
        if isinstance(head, Fact):
            _, term = self.instances.said(head.variable)
            return {term.of} if term else set()
        members: list[Any] = []
        for value in head.values.values():
            if not isinstance(value, Copy):
                members.append(value)
            elif value.variable in self.choices:  # what is in a row already has its name
                members += cube.get(value.variable, self.reading.domains[value.variable])
        return {self.instances.terms[member].of for member in members if member in self.instances.terms}

    def _is_spoken_of(self, cube: Cube, of: str) -> bool:
        """Whether something is said of an instance in what a step takes, so that it has its name already."""
        for variable, members in cube.items():
            if variable in self.facts:
                _, term = self.instances.said(variable)
                if term and term.of == of:
                    return True
            elif variable not in self.choices and len(members) == 1:
                term = self.instances.terms.get(next(iter(members)))
                if term and term.of == of:
                    return True
        return False

    def _naming(self, step: _Step, cube: Cube, head: Row | Fact) -> Iterator[Clause]:
        """A clause, with the names that instances get in its step and that it speaks of."""
        own = {head.of: [(ALWAYS[0], head.values)]} if isinstance(head, Row) else {}
        about = sorted((own.keys() | self._mentioned(cube, head)) & step.rows.keys())
        found: list[tuple[Cube, dict[str, Values]]] = [(cube, {})]
        for of in (of for of in about if self.kind(of) in self.nameless):
            column, nameless = self.nameless[self.kind(of)]
            variable, staying = self.variable[of, column], {None, *nameless}
            found = [
                (part, {**named, of: values} if before and values.get(variable) not in staying else named)
                for (joint, named), (when, values) in product(found, own.get(of, step.rows[of]))
                for part, before in self._parts(self.reading.all_of([joint], [when]), variable, nameless)
            ]
        yield from (Clause(step.action, joint, head, named) for joint, named in found)

    def _parts(self, cubes: Cubes, variable: str, states: frozenset[Any]) -> Iterator[tuple[Cube, bool]]:
        """Cubes in which a variable is one of some values, and those in which it is another; which of both it is."""
        for cube in cubes:
            members = cube.get(variable, self.reading.domains[variable])
            if members & states:
                yield {**cube, variable: members & states}, True
            if members - states:
                yield {**cube, variable: members - states}, False


def _merged(
    made: list[tuple[Cube, Values]], variable: str, domains: Mapping[str, frozenset[Any]]
) -> list[tuple[Cube, Values]]:
    """The same rows with fewer cubes: where the new value is whatever another variable is, it is a copy of that."""
    alike: dict[Any, list[tuple[Cube, Values]]] = {}
    for cube, values in made:
        for name, members in cube.items():
            if members == {values[variable]}:
                rest = frozenset((key, those) for key, those in cube.items() if key != name)
                others = frozenset((key, value) for key, value in values.items() if key != variable)
                alike.setdefault((name, rest, others), []).append((cube, values))
    gone: set[int] = set()
    added: list[tuple[Cube, Values]] = []
    for (name, rest, _), rows in sorted(alike.items(), key=lambda found: -len(found[1])):
        left = [(cube, values) for cube, values in rows if id(values) not in gone]
        if len(left) > 1:
            gone |= {id(values) for _, values in left}
            members = frozenset(values[variable] for _, values in left)
            narrowed = {} if members == domains[name] else {name: members}
            added.append(({**dict(rest), **narrowed}, {**left[0][1], variable: Copy(name)}))
    return [*((cube, values) for cube, values in made if id(values) not in gone), *added]
