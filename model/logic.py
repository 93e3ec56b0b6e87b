"""Connectives that give one rule three readers.

A rule is written once over *conditions* (truth values) and *values* (members of a small finite domain).
Read with Python booleans and strings it decides; read with the terms of a solver it constrains; read with
NumPy arrays it decides a whole population at once. Nothing here knows which reader is at work: a reader
brings its own truth values (anything with ``&``, ``|`` and ``~``, made known by :func:`register`) and hands
over undecided values as a :class:`Pick`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, Protocol, TypeAlias


class Truth(Protocol):
    """What a reader has in the place of True and False."""

    def __invert__(self) -> Truth: ...


#: A truth value, decided or of some reader; and a constant, or one that is not yet decided.
Condition: TypeAlias = "bool | Truth"
Value: TypeAlias = "str | Pick"
#: The same for a reader with decided values: a state, or a choice that was made.
Decided: TypeAlias = "str | bool"

#: Conjunction and disjunction of a list, and negation, of one reader's truth values.
_Connectives: TypeAlias = tuple[Callable[..., Condition], Callable[..., Condition], Callable[..., Condition]]
_ALGEBRAS: dict[type, _Connectives] = {}


def register(
    kind: type,
    conjunction: Callable[..., Condition],
    disjunction: Callable[..., Condition],
    negation: Callable[..., Condition],
) -> None:
    """Teach the connectives a reader's kind of truth value."""
    _ALGEBRAS[kind] = (conjunction, disjunction, negation)


def truth(value: Value | Condition) -> Condition:
    """What is either true or false, as a condition.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, str | Pick):
        raise TypeError(f"not a condition: {value!r}")
    return value


def decided(value: Value) -> str:
    """A value, for a reader with decided values.

    Raises:
        TypeError: it is not decided.
    """
    if isinstance(value, Pick):
        raise TypeError(f"not decided: {value!r}")
    return value


class Pick:
    """A value not yet decided: for each member of its domain, the condition under which it is that member.

    Exactly one of the conditions holds in any reading; members whose condition is plainly ``False`` are
    left out. ``Pick`` carries the terms of whichever reader made it and never looks inside them.
    """

    __slots__ = ("cases",)

    def __init__(self, cases: Mapping[str, Condition]) -> None:
        self.cases: Mapping[str, Condition] = {value: when for value, when in cases.items() if when is not False}

    def __repr__(self) -> str:
        return f"Pick({', '.join(map(str, self.cases))})"

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        """Itself and no other; with a constant it is compared by :func:`same`, or the answer would always be no."""
        if isinstance(other, str):
            raise TypeError(f"what is compared with {other!r} is not decided here: write same(), not ==")
        return self is other


def all_of(*conditions: Condition | Callable[[], Condition]) -> Condition:
    """True when every condition is; one that is given as a function is asked where all before it may hold."""
    open_ones = []
    for given in conditions:
        condition = given if given is True or given is False or not callable(given) else given()
        if condition is False:
            return False
        if condition is not True:
            open_ones.append(condition)
    if not open_ones:
        return True
    return open_ones[0] if len(open_ones) == 1 else _algebra(open_ones[0])[0](open_ones)


def any_of(*conditions: Condition) -> Condition:
    """True when at least one condition is."""
    open_ones = []
    for condition in conditions:
        if condition is True:
            return True
        if condition is not False:
            open_ones.append(condition)
    if not open_ones:
        return False
    return open_ones[0] if len(open_ones) == 1 else _algebra(open_ones[0])[1](open_ones)


def no(condition: Condition) -> Condition:
    """True when the condition is not."""
    if condition is True:
        return False
    if condition is False:
        return True
    return _algebra(condition)[2](condition)


def implies(premise: Condition, conclusion: Condition) -> Condition:
    """True unless the premise holds and the conclusion does not."""
    return any_of(no(premise), conclusion)


def holds(relation: Callable[..., bool], *values: Value) -> Condition:
    """Whether ``relation`` holds between values, decided or not.

    The relation itself is an ordinary Python predicate (a URL comparator, a lookup in the cast of a world).
    For undecided values it is tabulated over their domains, so every reader applies the very same predicate.
    """
    if not any(isinstance(value, Pick) for value in values):
        return bool(relation(*values))
    return any_of(*[all_of(*whens) for members, whens in _combinations(values) if relation(*members)])


def same(left: Value, right: Value) -> Condition:
    """Whether two values are equal."""
    if not isinstance(left, Pick):
        left, right = right, left
    if not isinstance(left, Pick):
        return bool(left == right)
    if not isinstance(right, Pick):
        return left.cases.get(right, False)
    shared = (member for member in left.cases if member in right.cases)
    return any_of(*(all_of(left.cases[member], right.cases[member]) for member in shared))


def one_of(value: Value, *members: str) -> Condition:
    """Whether a value is one of the given constants."""
    if not isinstance(value, Pick):
        return value in members
    return any_of(*(value.cases.get(member, False) for member in members))


def none_of(value: Value, *members: str) -> Condition:
    """Whether a value is none of the given constants: said by what it is, of which a reader may know more."""
    if not isinstance(value, Pick):
        return value not in members
    return any_of(*(when for member, when in value.cases.items() if member not in members))


def choose(condition: Condition, then: Value, otherwise: Value) -> Value:
    """``then`` where the condition holds, else ``otherwise``."""
    if condition is True:
        return then
    if condition is False:
        return otherwise
    merged: dict[str, list[Condition]] = {}
    for branch, taken in ((then, condition), (otherwise, no(condition))):
        for member, when in _cases(branch).items():
            merged.setdefault(member, []).append(all_of(taken, when))
    return Pick({member: any_of(*whens) for member, whens in merged.items()})


def mapped(function: Callable[..., Any], *values: Value) -> Value:
    """The value of an ordinary Python function of values, decided or not."""
    if not any(isinstance(value, Pick) for value in values):
        found: Value = function(*values)
        return found
    merged: dict[str, list[Condition]] = {}
    for members, whens in _combinations(values):
        merged.setdefault(function(*members), []).append(all_of(*whens))
    return Pick({member: any_of(*whens) for member, whens in merged.items()})


def _combinations(values: tuple[Value, ...]) -> Iterator[tuple[tuple[str, ...], tuple[Condition, ...]]]:
    """One member of each value, and the conditions under which they are that."""
    cases = [_cases(value) for value in values]
    return zip(product(*cases), product(*(each.values() for each in cases)), strict=True)


def _cases(value: Value) -> Mapping[str, Condition]:
    return value.cases if isinstance(value, Pick) else {value: True}


def _algebra(condition: Condition) -> _Connectives:
    try:
        return _ALGEBRAS[type(condition)]
    except KeyError:
        raise TypeError(
            f"not a condition: {condition!r}; a reader makes its truth values known by logic.register"
        ) from None
