"""A world with several sessions and grants of each kind, and what in it is named after which of them.

A world has a few sessions and grants; what is proved of any number of them is read off a world in which there are
several of each kind, by forgetting which of those it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import NamedTuple

from model.state import captures, refreshed, tokens
from model.world import World


class Instance(NamedTuple):
    """One of several sessions or grants of a kind, the kind being what there was one of."""

    kind: str
    number: int


class Term(NamedTuple):
    """A value that is named after an instance: the instance itself, or functions of it, the outermost first."""

    functions: tuple[str, ...]
    of: str


@dataclass
class Instances:
    """A world with so many sessions and grants of each kind that another has, and the values named after them.

    Attributes:
        one: the other world.
        world: the one with several.
        by_name: its sessions and grants.
        terms: values that are named after one of them.
    """

    one: World
    number: int
    world: World = field(init=False)
    by_name: Mapping[str, Instance] = field(init=False)
    terms: Mapping[str, Term] = field(init=False)

    def __post_init__(self) -> None:
        self.world = self._several()
        self.by_name = {**self._sessions(), **self._grants()}
        self.terms = self._terms()

    def _several(self) -> World:
        sessions = tuple(
            replace(
                each, name=self._named(each.name, copy), after=self._named(each.after, copy),
                instead_of=self._named(each.instead_of, copy),
            )
            for copy in range(self.number, 0, -1)  # whoever has to do with the last session does so with the first copy
            for each in self.one.sessions
        )  # fmt: skip
        approvals = tuple(replace(made, count=made.count * self.number) for made in self.one.approvals)
        return replace(self.one, sessions=sessions, approvals=approvals)

    def _named(self, name: str, copy: int) -> str:
        return f"{name}~{copy}" if name and copy > 1 else name

    def _sessions(self) -> dict[str, Instance]:
        copies = range(1, self.number + 1)
        return {self._named(s.name, copy): Instance(s.name, copy) for copy in copies for s in self.one.sessions}

    def _grants(self) -> dict[str, Instance]:
        found: dict[str, Instance] = {}
        kinds, slots = iter(self.one.grants), iter(self.world.grants)
        for made in self.one.approvals:
            alike = list(islice(kinds, made.count))
            for copy in range(1, self.number + 1):
                for kind, slot in zip(alike, islice(slots, made.count), strict=True):
                    found[slot.name] = Instance(kind.name, copy)
        return found

    def _terms(self) -> dict[str, Term]:
        found = {name: Term((), name) for name in self.by_name}
        found |= {refreshed(grant.name): Term(("refreshed",), grant.name) for grant in self.world.grants}
        found |= {f"key:{session.name}": Term(("key",), session.name) for session in self.world.sessions}
        found |= {made.name: Term((f"exchanged {made.holder}",), made.grant) for made in self.world.exchanged}
        for token, url in product(tokens(self.world), captures(self.world)):
            if token in found:
                functions, of = found[token]
                found[f"{token}@{url}"] = Term((f"proof for {url}", *functions), of)
        return found

    def owner(self, variable: str) -> tuple[str, str]:
        """Whose variable it is, and which: of an instance, or of what there is one of."""
        for left, right in _splits(variable):
            if left in self.terms:
                functions, of = self.terms[left]
                return of, " ".join((*functions, right))
        owner, _, name = variable.rpartition(".")
        return owner, name

    def said(self, fact: str) -> tuple[str, Term | None]:
        """What a fact says, and of which term, if it is of one."""
        for left, right in _splits(fact):
            if right in self.terms:
                return left, self.terms[right]
            if left in self.by_name:
                return right, Term((), left)
        return fact, None

    def in_order(self, names: Iterable[str]) -> bool:
        """Whether instances are named by their numbers: of all ways to say the same of others, this is one."""
        seen: dict[str, list[int]] = {}
        for kind, number in (self.by_name[name] for name in names if name in self.by_name):
            if number not in seen.setdefault(kind, []):
                seen[kind].append(number)
        return all(numbers == list(range(1, len(numbers) + 1)) for numbers in seen.values())


def _splits(name: str) -> list[tuple[str, str]]:
    parts = name.split(".")
    return [(".".join(parts[:at]), ".".join(parts[at:])) for at in range(len(parts) - 1, 0, -1)]
