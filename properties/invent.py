"""Checks that nobody has proposed: all minimal sets of candidates that leave no attack.

They leave honest runs in every environment that is asked (:mod:`properties.monotone`). What a candidate is stands in
:mod:`properties.candidates`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from model.design import Configuration
from model.errors import InputError
from model.logic import Condition
from properties.candidates import ROLES, Candidate, Received, candidates, changes, under, with_checks
from properties.events import COMPLETION
from properties.monotone import Monotone, Names, in_size_order
from properties.security import Property, find
from properties.template import Template
from properties.unroll import Unrolling


class Checks(Monotone):
    """Questions about sets of checks under one attacker, in a model that has them all.

    Args:
        properties, configuration, timeout: as for :class:`Monotone`.
        checks: the names of all checks of the model.
        broken: sets with which honest parties do not finish.
    """

    def __init__(
        self,
        properties: Iterable[Property],
        configuration: Configuration,
        checks: Sequence[str],
        timeout: float | None = None,
        broken: Sequence[Names] = (),
    ) -> None:
        named = [find(prop.name, configuration.model) for prop in properties]
        super().__init__(named, configuration, {}, None, timeout)
        self._checks, self._broken = tuple(checks), broken

    @property
    def names(self) -> tuple[str, ...]:
        """The checks."""
        return self._checks

    def minimal(self) -> list[Names]:
        """Return all minimal sets with which nothing happens that the properties are about."""
        return list(in_size_order(found for found, enough in self._marco() if enough))

    def _absurd(self) -> Iterator[Names]:
        yield from self._broken

    def _literals(self, laid: Unrolling) -> dict[int, str]:
        enforced = laid.enforced
        return {enforced[name]: name for name in self._checks if name in enforced}

    def _given(self, template: Template, there: Names) -> list[int]:
        return []

    def _obeyed(self, template: Template, there: Names) -> frozenset[str]:
        return frozenset(template.enforced.keys() - (set(self._checks) - there))

    def _attack(self, there: Names, prove: bool = True) -> Names | None:
        """The same; what is out of reach in runs of any length is not asked of the solver."""
        if self._in_reach(there):
            found = super()._attack(there, prove)
            # A check that no step of this question asks changes nothing.
            return None if found is None else found | there
        for name in sorted(there):
            there = there if self._in_reach(there - {name}) else there - {name}
        self._core = there
        return None

    def _in_reach(self, there: Names) -> bool:
        for prop in self._asked:
            depths, closure = self._depths(self._world_of(prop))
            reached = closure.reached([], self._obeyed(depths.template, there))
            if reached.possible(depths.template.events[prop.name]):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Invented:
    """All that was found.

    Attributes:
        asked: the candidates.
        unchosen: those that say nothing, since the attacker does not choose what they are about.
        breaking: those with which nobody finishes in some environment.
        classes: the others, those together that never differ; the plainest stands for its class.
        sets: the minimal sets that are enough, those first that fewest parties have to change for.
        together: sets that are no trouble one by one, and with which nobody finishes.
        questions: how often the solver was asked about attacks.
    """

    asked: tuple[Candidate, ...]
    unchosen: tuple[Candidate, ...]
    breaking: tuple[Candidate, ...]
    classes: tuple[tuple[Candidate, ...], ...]
    sets: tuple[tuple[Candidate, ...], ...]
    together: tuple[tuple[Candidate, ...], ...]
    questions: int


def invent(
    properties: Sequence[Property],
    configuration: Configuration,
    environments: Sequence[Mapping[str, str]] = (),
    further: Sequence[str] = (),
    roles: Sequence[str] = ROLES,
    timeout: float | None = None,
) -> Invented:
    """Return all minimal sets of checks that are enough for all properties, whatever is asked of drafts.

    Args:
        properties: security properties.
        environments: switches under which honest parties still have to finish, beside the configuration itself.
        further: relations beside equality, of :data:`FURTHER`.
        roles: who may change.

    Raises:
        InputError: nobody finishes in one of the environments even without any check.
        NoAnswerError: nobody knows whether there is an attack.
    """
    base = configuration.model
    plain = under(configuration, with_checks(base, ()))
    found: dict[Candidate, bool] = {}
    for prop in properties:
        for check, is_chosen in candidates(Received(prop, plain), further).items():
            found[check] = is_chosen and found.get(check, True)
    found = {check: chosen for check, chosen in found.items() if {*changes([check])} <= {*roles}}
    chosen = [check for check in found if found[check]]

    everywhere = list(finishing(properties, configuration, chosen, ({}, *environments), timeout))
    for environment, each in zip(({}, *environments), everywhere, strict=True):
        if each.breaks(()):
            said = "; ".join(f"{name}={value}" for name, value in environment.items())
            raise InputError(f"honest parties do not finish under {said or configuration}, whatever is checked")
    borne = {check for check in chosen if not any(each.breaks({check.name}) for each in everywhere)}
    borne -= {replace(check, relation="is_if_held") for check in borne if check.relation == "is"}
    classes = _classes(properties, under(configuration, with_checks(base, sorted(borne))), sorted(borne))
    plainest = {one[0].name: one[0] for one in classes}
    together = sorted(
        {
            each
            for asked in finishing(properties, configuration, [*plainest.values()], ({}, *environments), timeout)
            for each in asked.minimal()
        },
        key=sorted,
    )
    asked = Checks(
        properties, under(configuration, with_checks(base, [*plainest.values()])), [*plainest], timeout, together
    )
    sets = [tuple(sorted(plainest[name] for name in names)) for names in asked.minimal()]
    return Invented(
        tuple(found),
        tuple(check for check in found if not found[check]),
        tuple(check for check in chosen if check not in borne),
        classes,
        tuple(sorted(sets, key=effort)),
        tuple(tuple(sorted(plainest[name] for name in names)) for names in together),
        asked.questions,
    )


@dataclass(frozen=True, slots=True)
class Finishing:
    """Questions about sets of checks with which honest parties alone do not finish, one for each way of finishing."""

    asked: tuple[Checks, ...]

    def breaks(self, there: Iterable[str]) -> bool:
        """Whether nobody finishes in one of these ways."""
        names = frozenset(there)
        return any(each.suffices(names) for each in self.asked)

    def minimal(self) -> Iterator[Names]:
        """Yield the minimal sets with which nobody does, of each way."""
        return chain.from_iterable(each.minimal() for each in self.asked)


def finishing(
    properties: Iterable[Property],
    configuration: Configuration,
    checks: Sequence[Candidate],
    environments: Iterable[Mapping[str, str]],
    timeout: float | None = None,
) -> Iterator[Finishing]:
    """Yield for each environment how honest parties finish: from an unknown URL, and as the properties are of use."""
    every = under(replace(configuration, capabilities=frozenset()), with_checks(configuration.model, checks))
    names = [check.name for check in checks]
    uses = dict.fromkeys(["first_contact", *(prop.use for prop in properties if prop.use != COMPLETION)])
    for environment in environments:
        asked = replace(every, design=every.design.but(**environment))
        yield Finishing(tuple(Checks([find(use)], asked, names, timeout) for use in uses))


def broken(
    properties: Iterable[Property],
    configuration: Configuration,
    sets: Sequence[tuple[Candidate, ...]],
    environments: Mapping[str, Mapping[str, str]],
) -> list[tuple[str, ...]]:
    """Return for each set the environments in which honest parties finish without it alone."""
    checks = sorted({check for each in sets for check in each})
    asked = dict(zip(environments, finishing(properties, configuration, checks, environments.values()), strict=True))
    usual = {name: each for name, each in asked.items() if not each.breaks(())}
    return [tuple(name for name, each in usual.items() if each.breaks(c.name for c in some)) for some in sets]


def effort(checks: tuple[Candidate, ...]) -> tuple[object, ...]:
    """Return by what sets are put in order: how many have to change, who, how many checks."""
    who = changes(checks)
    return len(who), [ROLES.index(role) for role in who], len(checks), checks


def _classes(
    properties: Sequence[Property], configuration: Configuration, checks: Sequence[Candidate]
) -> tuple[tuple[Candidate, ...], ...]:
    """Return checks by what they come to, those together that say the same of every message that can be received."""
    received = [Received(find(prop.name, configuration.model), configuration) for prop in properties]
    said = [{check: _said(each, check) for check in checks} for each in received]
    classes: list[list[Candidate]] = []
    for check in sorted(checks, key=lambda check: (len(check.name), check)):
        for known in classes:
            if all(_same(each, of[known[0]], of[check]) for each, of in zip(received, said, strict=True)):
                known.append(check)
                break
        else:
            classes.append([check])
    return tuple(map(tuple, classes))


def _said(received: Received, check: Candidate) -> dict[int, tuple[Condition, Condition]]:
    """Return what a check says of each message that it is about: when that is received, and whether it passes."""
    return {
        number: (when, check.holds(it))
        for number, (_, when, it) in enumerate(received.every)
        if check.role == it.role and check.message in it.kinds
    }


def _same(
    received: Received, one: dict[int, tuple[Condition, Condition]], other: dict[int, tuple[Condition, Condition]]
) -> bool:
    return one.keys() == other.keys() and all(
        received.alike(when, passes, other[number][1]) for number, (when, passes) in one.items()
    )
