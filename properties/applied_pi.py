"""A question about any number of sessions, grants and servers, as a process of the applied pi calculus, for ProVerif.

Nothing of a protocol is said here: the clauses of :mod:`properties.clauses` are written down, each as a process that
can run any number of times. Rows and facts are entries of tables; what somebody chooses comes from a public channel.
The attacker is the model's, a part of those clauses; the prover's own has nothing to add to it.

References:
    B. Blanchet, B. Smyth, V. Cheval, M. Sylvestre: ProVerif 2.05: Automatic Cryptographic Protocol Verifier, User
    Manual and Tutorial, 3.1 (processes), 3.2.2 (correspondences), 4.1.5 (tables).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any, NamedTuple

from model.design import Configuration
from model.world import World
from properties.clauses import Clause, Clauses
from properties.cubes import Cube
from properties.security import Property
from properties.steps import SEVERAL, Copy, CubeRow, Event, Fact, Values

#: What honest parties come to, so that a process in which nothing can happen is not taken for a proof.
RUNS = "first_contact"


def applied_pi(
    world: World, configuration: Configuration, prop: Property, named: bool = True, servers: int = SEVERAL
) -> str:
    """The process, with the questions whether the property's event happens, and whether honest parties get anywhere.

    Args:
        named: the name of an instance says what it was like when somebody else first spoke of it; the process is then
            larger, and less happens in it that cannot be.
        servers: copies of each domain with which steps are read; with one, there is the world's number of them.
    """
    events = tuple(dict.fromkeys((prop.name, RUNS)))
    text = _Text(Clauses(world, configuration, events, named, servers))
    steps = text.steps()
    head = [
        f"(* {prop.name}: {prop.meaning}",
        f"   {configuration}",
        f"   world {world.name}, with any number of each of its sessions and grants{text.others()}",
        "",
        "   What does not happen here happens to no number of them. What happens may be no attack: a row stays after a",
        "   step has taken it, so that what can be used once is used twice. *)",
    ]
    body = [*text.beginnings(), *(f"! ( (* {action} *)\n  {step} )" for step, action in steps.items())]
    questions = [f"event {name}.\nquery event({name})." for name in events]
    return "\n".join([*head, *text.names.declarations(), *questions, "process", "\n| ".join(body) or "0", ""])


class _Said(NamedTuple):
    """What a step asks of a variable: that it ``is`` a value, ``any`` one named like it, or ``not`` one of some."""

    how: str
    what: Any


@dataclass
class _Names:
    """What is declared: constants, functions and tables, as they are first used."""

    words: dict[str, Any] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)

    def constant(self, value: Any) -> str:
        name = self._called("c_", value)
        self.constants[name] = value
        return name

    def _called(self, kind: str, what: Any) -> str:
        """A word for something, which is no other's."""
        name = kind + _word(str(what))
        while self.words.setdefault(name, what) != what:
            name += "_"
        return name

    def value(self, family: str, *ids: str) -> str:
        """A value that is named after instances."""
        return self._applied(self._called("of_", family), f"({', '.join(['id'] * len(ids))}): value", ", ".join(ids))

    def named(self, kind: str, columns: list[str], *arguments: str) -> str:
        taken = ", ".join(["id"] + ["value"] * len(columns))
        return self._applied(f"named_{_word(kind)}", f"({taken}): id", ", ".join(arguments))

    def table(self, of: str, columns: tuple[str, ...], ids: int) -> str:
        types = ", ".join(["id"] * ids + ["value"] * len(columns))
        self.tables.setdefault(f"row_{_word(of)}", f"({types}). (* {', '.join(columns)} *)")
        return f"row_{_word(of)}"

    def fact(self, name: str, *ids: str) -> str:
        """A fact about instances, or about the world."""
        table = self._called("fact_", name)
        self.tables.setdefault(table, f"({', '.join(['id'] * len(ids)) or 'value'}).")
        return f"{table}({', '.join(ids) or self.constant(True)})"

    def declarations(self) -> Iterator[str]:
        yield from ("type id.", "type value.", "free c: channel.")
        yield from (f"fun {name}{signature} [data]." for name, signature in self.functions.items())
        for name, value in self.constants.items():
            yield f"const {name}: value. (* {str(value).replace('*)', '* )')} *)"
        yield from (f"table {name}{columns}" for name, columns in self.tables.items())

    def _applied(self, name: str, signature: str, arguments: str) -> str:
        self.functions.setdefault(name, signature)
        return f"{name}({arguments})"


class _Text:
    """Clauses as text."""

    def __init__(self, clauses: Clauses) -> None:
        self.clauses, self.model = clauses, clauses.steps
        self.names = _Names()

    def steps(self) -> dict[str, str]:
        """The steps, none of them twice, each with an action that it is a part of."""
        found: dict[str, str] = {}
        for clause in self.clauses.all():
            for said in self._alternatives(clause.cube):
                found.setdefault(_Step(self, clause, said).text(), clause.action)
        return found

    def beginnings(self) -> Iterator[str]:
        """How the rows of each kind are at first: any number of them, or the one that there is."""
        for kind, columns in self.model.columns.items():
            values = [self.names.constant(value) for value in columns.values()]
            called = self._chain(kind)
            there = [f"in(c, {each}: id);" for each in called[:-1]]  # a grant is at any of the domains
            there += [f"new {each}: id; out(c, {each});" for each in called[-1:]]
            row = f"insert {self.table(kind)}({', '.join([*called, *values])})"
            yield " ".join(["!", *there, row]) if called else row

    def others(self) -> str:
        """Of what else there is any number, in words."""
        parts = self.model.instances.domains.parts.values()
        return "".join(f",\n   and of {', '.join(party.name for party in part)} together" for part in parts)

    def _chain(self, kind: str) -> list[str]:
        """What tells which of its kind something is; nothing where there is one."""
        first = next(iter(self.model.of_kind(kind)), "")
        return [f"i_{_word(self.model.kind(of))}" for of in self.model.instances.chain(first)] if first else []

    def table(self, kind: str) -> str:
        """The table with the rows of a kind."""
        return self.names.table(kind, tuple(self.model.columns[kind]), len(self._chain(kind)))

    def _alternatives(self, cube: Cube) -> Iterator[dict[str, _Said]]:
        """A cube as conditions that can be written: for each variable what it is, or what it is not."""
        options = [[(name, said) for said in self._ways(name, members)] for name, members in sorted(cube.items())]
        yield from map(dict, product(*options))

    def _ways(self, name: str, members: frozenset[Any]) -> list[_Said]:
        if name in self.model.facts:
            return [_Said("is", True)]
        domain = sorted(self.model.reading.domains[name], key=str)
        alike: dict[Any, list[Any]] = {}
        for member in domain:
            term = self.model.instances.term(member)
            family = member if term is None else term[:1]
            alike.setdefault(family, []).append(member)
        ways = []
        for family, those in alike.items():
            here = [member for member in those if member in members]
            whole = isinstance(family, tuple) and here == those
            ways += [_Said("any", those[0])] if whole else [_Said("is", member) for member in here]
        others = tuple(member for member in domain if member not in members)
        # That it is none of all those that there are cannot be asked.
        families = [those for family, those in alike.items() if isinstance(family, tuple)]
        can_be_asked = len(others) <= 2 and not any(set(those) <= set(others) for those in families)
        return [_Said("not", others)] if can_be_asked and len(ways) > 1 else ways


class _Step:
    """One step as text: the rows and facts that it takes, what it asks of them, and what comes of it."""

    def __init__(self, of: _Text, clause: Clause, said: Mapping[str, _Said]) -> None:
        self.names, self.table, self.model, self.content = of.names, of.table, of.model, of.clauses.content
        self.instances = of.model.instances
        self.said, self.head, self.named = said, clause.head, clause.named
        self.lines: list[str] = []
        self.conditions: list[str] = []
        self.ids: dict[str, str] = {}
        self.bound: set[str] = set()
        self.values: dict[str, str] = {}
        self.others = 0

    def text(self) -> str:
        for place, of in enumerate(self._rows(), 1):
            self._row(of, place)
        for name in self._in_use():
            if name in self.model.choices:
                self._choice(name)
        for name in self.said:
            if name in self.model.facts:
                self._fact(name)
        for name, said in self.said.items():
            if said.how == "not":
                self._not(name, said.what)
        end = self._end()
        self._apart()
        if self.conditions:
            self.lines.append(f"if {' && '.join(self.conditions)} then")
        return "\n  ".join([*self.lines, end])

    # --- what it takes

    def _in_use(self) -> list[str]:
        """The variables that it asks something of, or copies."""
        written: list[Values] = [*self.named.values(), *([self.head.values] if isinstance(self.head, CubeRow) else [])]
        copied = [value.variable for values in written for value in values.values() if isinstance(value, Copy)]
        return list(dict.fromkeys((*self.said, *copied)))

    def _rows(self) -> list[str]:
        """Whose rows it takes, in the order in which they are named."""
        outside = self.model.facts | self.model.choices
        found = [self.instances.owner(name)[0] for name in self._in_use() if name not in outside]
        first = [self.head.of] if isinstance(self.head, CubeRow) else []
        return list(dict.fromkeys([*first, *self.named, *found]))

    def _row(self, of: str, place: int) -> None:
        kind, at_once, cells = self.model.kind(of), set[str](), []
        if of in self.instances.by_name:
            cells += self._patterns(self._ids((of,)), at_once)
        for column in self.model.columns[kind]:
            cells.append(self._cell(self.model.variable[of, column], f"{_word(column)}_{place}", at_once))
        self.bound |= at_once
        self.lines.append(f"get {self.table(kind)}({', '.join(cells)}) in")

    def _cell(self, name: str, called: str, at_once: set[str]) -> str:
        """A pattern for the value of a variable, which is known by it from there on; ``at_once``: bound in the same."""
        said = self.said.get(name, _Said("not", ()))
        if said.how == "not":
            self.values[name] = called
            return f"{called}: value"
        term = self.instances.term(said.what)
        if term is None:
            self.values[name] = self.names.constant(said.what)
            return f"={self.values[name]}"
        ids = self._ids(term.of)
        if said.how == "any":
            ids = [self._other() for _ in ids]
        known = self.bound.issuperset(ids)
        patterns = self._patterns(ids, at_once)
        known_by = (pattern.strip("=").partition(":")[0] for pattern in patterns)
        self.values[name] = self.names.value(term.family, *known_by)
        return f"={self.values[name]}" if known else self.names.value(term.family, *patterns)

    def _patterns(self, ids: list[str], at_once: set[str]) -> list[str]:
        """Patterns for what instances are called by; ``at_once``: what is bound in the same."""
        found = []
        for each in ids:
            if each in self.bound:
                found.append(f"={each}")
                continue
            new = each
            if each in at_once:
                new = self._other()
                self.conditions.append(f"{new} = {each}")
            at_once.add(new)
            found.append(f"{new}: id")
        return found

    def _choice(self, name: str) -> None:
        at_once = set[str]()
        cell = self._cell(name, f"chosen_{_word(name.partition(': ')[2])}", at_once)
        if not cell.startswith("="):
            self.lines += [f"in(c, {new}: id);" for new in sorted(at_once)] or [f"in(c, {cell});"]
        self.bound |= at_once

    def _fact(self, name: str) -> None:
        term, at_once = self.instances.term(name), set[str]()
        patterns = self._patterns(self._ids(term.of), at_once) if term else []
        self.bound |= at_once
        self.lines.append(f"get {self.names.fact(term.family if term else name, *patterns)} in")

    def _other(self) -> str:
        self.others += 1
        return f"j_{self.others}"

    # --- what it asks

    def _apart(self) -> None:
        """Two instances of one kind are two; of one alone the step says the same elsewhere."""
        for (left, first), (right, second) in combinations(self.ids.items(), 2):
            alike = [self.instances.by_name[of]._replace(number=0) for of in (left, right)]
            if alike[0] == alike[1] and {first, second} <= self.bound:
                self.conditions.append(f"{first} <> {second}")

    def _not(self, name: str, members: tuple[Any, ...]) -> None:
        for member in members:
            term = self.instances.term(member)
            if term is None:
                self.conditions.append(f"{self.values[name]} <> {self.names.constant(member)}")
            elif self.bound.issuperset(ids := self._ids(term.of)):  # of one that nothing is said of it says nothing
                self.conditions.append(f"{self.values[name]} <> {self.names.value(term.family, *ids)}")

    # --- what comes of it

    def _end(self) -> str:
        if isinstance(self.head, Event):
            return f"event {self.head.name}"
        if isinstance(self.head, Fact):
            term = self.instances.term(self.head.variable)
            called = self._afterwards(term.of) if term else []
            return f"insert {self.names.fact(term.family if term else self.head.variable, *called)}"
        of, values = self.head
        kind = self.model.kind(of)
        cells = self._afterwards((of,)) if of in self.instances.by_name else []
        cells += [self._written(of, column, values) for column in self.model.columns[kind]]
        return f"insert {self.table(kind)}({', '.join(cells)})"

    def _written(self, of: str, column: str, values: Values) -> str:
        variable = self.model.variable[of, column]
        value = values.get(variable, Copy(variable))
        if isinstance(value, Copy):
            return self.values[value.variable]
        term = self.instances.term(value)
        return self.names.constant(value) if term is None else self.names.value(term.family, *self._afterwards(term.of))

    def _afterwards(self, those: Iterable[str]) -> list[str]:
        """What instances are called by after the step."""
        return [self._then(each) for of in those for each in self.instances.chain(of)]

    def _then(self, of: str) -> str:
        """Which of its kind one is after the step: by its name, where it gets that in it."""
        new = self._id(of)
        if of in self.named:
            kind, values = self.model.kind(of), self.named[of]
            columns = self.content(kind)
            return self.names.named(kind, columns, new, *(self._written(of, column, values) for column in columns))
        if new not in self.bound:  # any of them
            self.bound.add(new)
            self.lines.append(f"in(c, {new}: id);")
        return new

    # --- names

    def _id(self, of: str) -> str:
        """The variable for which of its kind an instance is, numbered in the order in which they are named."""
        if of not in self.ids:
            kind = self.model.kind(of)
            alike = sum(self.model.kind(other) == kind for other in self.ids)
            self.ids[of] = f"i_{_word(kind)}_{alike + 1}"
        return self.ids[of]

    def _ids(self, those: Iterable[str]) -> list[str]:
        """What instances are called by: the domain of a grant is named before it."""
        return [self._id(each) for of in those for each in self.instances.chain(of)]


def _word(text: str) -> str:
    """A text as a part of a name; what comes after a plus is of the refreshed token."""
    return re.sub(r"\W+", "_", text.replace("+", " refreshed ")).strip("_")
