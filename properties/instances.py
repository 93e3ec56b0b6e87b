"""A world with several sessions, grants and servers of each kind, and what in it is named after which of them.

A world has a few of each; what is proved of any number of them is read off a world in which there are several of each
kind, by forgetting which of those it was. All that is named after one has its name in its own.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from model.world import World
from properties.domains import Domains, copied


class Instance(NamedTuple):
    """One of several sessions, grants or domains of a kind, the kind being what there was one of.

    Attributes:
        within: of a grant, the domain whose it is, where there are several.
    """

    kind: str
    number: int
    within: str = ""


class Term(NamedTuple):
    """A value that is named after instances: what it was called where there was one of each, and which they are."""

    family: str
    of: tuple[str, ...]


@dataclass
class Instances:
    """A world with so many sessions, grants and domains of each kind that another has.

    Attributes:
        one: the other world.
        number: how many sessions there are of each of its sessions, and grants of each of its grants.
        servers: how many domains there are of each of its domains.
        world: the one with several.
        by_name: its sessions, grants and domains.
    """

    one: World
    number: int
    servers: int = 1
    domains: Domains = field(init=False)
    world: World = field(init=False)
    by_name: Mapping[str, Instance] = field(init=False)

    def __post_init__(self) -> None:
        self.domains = Domains(self.one, self.servers)
        self.world = self._several(self.domains.world)
        self.by_name = {**self._domains(), **self._sessions(), **self._grants()}
        self._terms: dict[Any, Term | None] = {}

    def _several(self, world: World) -> World:
        sessions = tuple(
            replace(
                each,
                name=_named(each.name, copy),
                after=_named(each.after, copy),
                instead_of=_named(each.instead_of, copy),
            )
            for copy in range(self.number, 0, -1)  # whoever has to do with the last session does so with the first copy
            for each in world.sessions
        )
        approvals = tuple(replace(made, count=made.count * self.number) for made in world.approvals)
        return replace(world, sessions=sessions, approvals=approvals)

    def _domains(self) -> dict[str, Instance]:
        return {copied(domain, copy): Instance(domain, copy) for domain, copy, _ in self.domains.called.values()}

    def _sessions(self) -> dict[str, Instance]:
        copies = range(1, self.number + 1)
        return {_named(s.name, copy): Instance(s.name, copy) for copy in copies for s in self.one.sessions}

    def _grants(self) -> dict[str, Instance]:
        found: dict[str, Instance] = {}
        kinds, slots = iter(self.one.grants), iter(self.world.grants)
        for made in self.one.approvals:
            alike = list(islice(kinds, made.count))
            for server in self.domains.copies(made.server):
                within = self._domain(server)
                for copy in range(1, self.number + 1):
                    for kind, slot in zip(alike, islice(slots, made.count), strict=True):
                        found[slot.name] = Instance(kind.name, copy, within)
        return found

    def _domain(self, called: str) -> str:
        """The copy of a domain that somebody is in; none where there is one domain."""
        found = self.domains.called.get(called)
        return copied(found.domain, found.copy) if found else ""

    # --- what is named after them

    @cached_property
    def _names(self) -> Mapping[str, tuple[str, str]]:
        """All that instances are known by, each with the instance and what it was called where there was one."""
        found = {name: (name, each.kind) for name, each in self.by_name.items()}
        for called, (_, _, was) in self.domains.called.items():
            found[called] = self._domain(called), was
            found[called.upper()] = self._domain(called), was.upper()
        return found

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest = sorted(self._names, key=len, reverse=True)
        return re.compile(rf"(?<![\w!#-])(?:{'|'.join(map(re.escape, longest)) or '(?!)'})(?![\w!#-])")

    def term(self, value: Any) -> Term | None:
        """What a value (or a fact) is named after, if it is."""
        if value not in self._terms:
            found = self._pattern.findall(value) if isinstance(value, str) else []
            self._terms[value] = self._read(value, found) if found else None
        return self._terms[value]

    def _read(self, value: str, found: Iterable[str]) -> Term:
        family = self._pattern.sub(lambda match: self._names[match[0]][1], value)
        return Term(family, tuple(self._names[name][0] for name in found))

    def chain(self, of: str) -> tuple[str, ...]:
        """An instance, after the one within which it is."""
        within = self.by_name[of].within
        return (within, of) if within else (of,)

    def owner(self, variable: str) -> tuple[str, str]:
        """Whose variable it is, and which: of an instance, or of what there is one of."""
        if match := self._pattern.match(variable):
            of, was = self._names[match[0]]
            rest = variable[match.end() :]
            return of, rest.removeprefix(".") if of == match[0] else f"{was}{rest}"
        owner, _, name = variable.rpartition(".")
        return owner, name

    def in_order(self, values: Iterable[str], kinds: Container[str]) -> bool:
        """Whether instances of some kinds are named by their numbers: of all ways to say it of others, this is one."""
        seen: dict[tuple[str, str], list[int]] = {}
        for term in filter(None, map(self.term, values)):
            for kind, number, within in (self.by_name[name] for of in term.of for name in self.chain(of)):
                numbers = seen.setdefault((kind, within), [])
                if kind in kinds and number not in numbers:
                    numbers.append(number)
        return all(numbers == list(range(1, len(numbers) + 1)) for numbers in seen.values())


def _named(name: str, copy: int) -> str:
    return f"{name}#{copy}" if name else name
