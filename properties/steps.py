"""The steps of a world with several sessions and grants of each kind: what they take and bring about, as cubes.

The actions are read as the solver reads them. Each session and grant has rows: what it may be like at some time. A step
says of rows and facts which it takes, and of each row that it changes how it leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import Any, NamedTuple

from model.design import Configuration
from model.logic import Condition, Pick, Value, no, truth
from model.world import World
from properties.cubes import ALWAYS, Cube, CubeReading, Cubes
from properties.instances import Instances
from properties.template import Firing, Template

#: Instances of each kind with which a step is read: none is about more of them at once (a test has three).
SEVERAL = 2


class Copy(NamedTuple):
    """A value that is that of another variable."""

    variable: str


#: What the variables of a row become in a step; the others stay as they are.
Values = Mapping[str, Any]


class CubeRow(NamedTuple):
    """A row of an instance (or of what there is one of) as a step leaves it."""

    of: str
    values: Values


class Event(NamedTuple):
    """Something that is asked about happens."""

    name: str


class Fact(NamedTuple):
    """A fact comes to hold."""

    variable: str


#: Where something is said of an instance: the fact, or kind and column of a row; in values of which family, the how
#: manieth in them.
Place = tuple[str, str, str, int]


class CubeStep(NamedTuple):
    """What an action may bring about: of each row how it may leave it, and when facts come to hold."""

    action: str
    rows: Mapping[str, Sequence[tuple[Cube, Values]]]
    facts: Sequence[tuple[Cube, str]]

    @property
    def heads(self) -> Iterator[tuple[Cube, CubeRow | Fact]]:
        """Each of them alone, with the cube in which it comes about."""
        yield from ((cube, CubeRow(of, values)) for of, cases in self.rows.items() for cube, values in cases)
        yield from ((cube, Fact(variable)) for cube, variable in self.facts)


class Steps:
    """The steps of a world under a configuration, as far as some properties depend on them.

    Attributes:
        columns: for each kind of instance, and for what there is one of, what its rows say and what that is at first.
        variable: the state variable of an instance in a column.
        reading: conditions as cubes over the state variables and the choices of actions.
        choices: the names of those choices.
        all: the steps.
    """

    def __init__(self, world: World, configuration: Configuration, events: Sequence[str], servers: int) -> None:
        self.instances = Instances(world, SEVERAL, servers)
        configured = self.instances.domains.configured(configuration)
        self.template = Template(self.instances.world, configured, tuple(events))
        self.reading = CubeReading(self.template)
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
        self.all = self._all()

    def _all(self) -> list[CubeStep]:
        """Those that are about the first instances of each kind, where one is like the other; domains always are."""
        alike = all(name in self.reading.domains for name in self.variable.values())
        kinds = {each.kind for each in self.instances.by_name.values()} if alike else self.instances.domains.parts
        fixed = ((each, each.action.fixed.values()) for each in self.template.firings)
        return [self._step(each) for each, values in fixed if self.instances.in_order(values, kinds)]

    def _step(self, firing: Firing) -> CubeStep:
        for name, value in firing.chosen.items():
            self.choices.add(f"{firing.number}: {name}")
            self.reading.add(f"{firing.number}: {name}", value)
        when = self.reading.cubes(firing.possible, *(holds for _, holds in firing.rules))
        facts = []
        rows: dict[str, list[tuple[Cube, Values]]] = {}
        for variable, value in firing.writes.items():
            if variable in self.facts:
                cubes = self.reading.all_of(when, self.reading.cubes(truth(value)))
                facts += [(cube, variable) for cube in cubes if variable not in cube]
            elif variable in self.template.kept:
                of, _ = self.instances.owner(variable)
                rows[of] = self._with(rows.get(of, [(cube, {}) for cube in when]), variable, value)
        return CubeStep(firing.action.name, rows, facts)

    def _with(
        self, made: list[tuple[Cube, Values]], variable: str, value: Value | Condition
    ) -> list[tuple[Cube, Values]]:
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

    def _cases(self, variable: str, value: Value | Condition) -> Iterator[tuple[Any, Cubes]]:
        domain = self.reading.domains[variable]
        if isinstance(value, Pick):
            yield from ((member, self.reading.cubes(case)) for member, case in value.cases.items() if member in domain)
        elif domain == {False, True}:
            holds = truth(value)
            yield from ((True, self.reading.cubes(holds)), (False, self.reading.cubes(no(holds))))
        else:
            yield value, ALWAYS

    # --- what they speak of ----------------------------------------------------------------------------------

    def kind(self, of: str) -> str:
        """The kind of an instance; of what there is one of, its name."""
        return self.instances.by_name[of].kind if of in self.instances.by_name else of

    def of_kind(self, kind: str) -> list[str]:
        """The instances of a kind."""
        return [of for of in self.instances.by_name if self.kind(of) == kind]

    def kinds_in(self, kind: str, column: str) -> set[str]:
        """The kinds of instances after which a value in a column is named."""
        members = chain(*(self.reading.domains.get(self.variable[of, column], ()) for of in self.of_kind(kind)))
        return {self.kind(of) for term in map(self.instances.term, members) if term for of in term.of}

    def mentioned(self, cube: Cube, head: CubeRow | Fact) -> Iterator[tuple[Place, str, Place | None]]:
        """The instances whose names come into a fact, or into the row of another: where, which, and from where.

        From nowhere, where the step itself is about it or somebody chooses it; else from a row, in which it is already.
        """
        if isinstance(head, Fact):
            yield from ((place, of, None) for place, of in self._places("", "", head.variable))
            return
        for variable, value in head.values.items():
            source = value.variable if isinstance(value, Copy) else ""
            members = self.reading.domains[source] if source else (value,)
            if source in self.choices:
                members, source = cube.get(source, members), ""
            for member in members:
                came_from = [place for place, _ in self.places(source, member)] if source else repeat(None)
                named = zip(self.places(variable, member), came_from, strict=False)
                yield from ((to, of, place) for (to, of), place in named)

    def spoken(self, cube: Cube) -> Iterator[tuple[Place, str]]:
        """Of which instances something is said in a cube, and where."""
        for variable, members in cube.items():
            if variable in self.facts:
                yield from self._places("", "", variable)
            elif variable not in self.choices and len(members) == 1:
                yield from self.places(variable, *members)

    def places(self, variable: str, value: Any) -> Iterator[tuple[Place, str]]:
        """Where a variable of a row says something of instances by a value that is named after them, and of which."""
        of, column = self.instances.owner(variable)
        return self._places(self.kind(of), column, value)

    def _places(self, kind: str, column: str, named: Any) -> Iterator[tuple[Place, str]]:
        if term := self.instances.term(named):
            yield from (((kind, column, term.family, place), of) for place, of in enumerate(term.of))


@lru_cache(maxsize=1)  # asked with names after it was asked without, and reading is most of the work
def steps_of(world: World, configuration: Configuration, events: tuple[str, ...], servers: int) -> Steps:
    """The steps of a world, read once where the same is asked again."""
    return Steps(world, configuration, events, servers)


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
