"""Conditions on terms of the applied pi calculus: the truth values of the code that reads rules for ProVerif.

A rule that is asked of fields of messages is left as equalities between terms. They are kept as few ways as they take,
since each is one more case for the prover.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, permutations, product
from typing import Any, TypeAlias

from model.errors import InputError
from model.logic import Condition, Pick, Value, all_of, no, register
from model.world import NONE

#: That one term is equal to another, or is not.
Equality: TypeAlias = tuple[str, str, str]
Way: TypeAlias = frozenset[Equality]
#: With what terms are compared that is not always the same; all else differs from each other.
_VARIABLES = {"issuer", "server", "listed", "url", "origin(url)", "resource", "redirect_uri", "code_redirect", "state",
              "verifier", "key", "proof_key", "token", "by", "authorization_at", "token_at", "par_at",
              "registration_at", "arrived_at", "returned", "iss", "code", "token_type", "echoed", "challenge",
              "code_jkt", "dpop_jkt", "granted", "audience", "id", "hashed", "finished", "drawn", "kept"}  # fmt: skip


def _is_variable(term: str) -> bool:
    """Whether a term is not always the same; what drafts add to answers begins like this."""
    return term in _VARIABLES or term.startswith("added_")


class NotCoveredError(InputError):
    """A question that the process cannot say."""


class Equalities:
    """A condition on terms: of some ways at least one holds, each a set of equalities and inequalities.

    The prover reads it as text, which is short because what cannot be and what another way covers is left out.
    """

    def __init__(self, *ways: Way) -> None:
        found = {way for way in ways if not _impossible(way)}
        while wider := next(_wider(found), None):
            found = found - {wider[0]} | {wider[1]}
        found = {frozenset(_needed(way)) for way in found}
        kept = (way for way in found if not any(other != way and _covers(other, way) for other in found))
        self.ways = sorted(kept, key=sorted)

    def __invert__(self) -> Condition:
        return _not(self)

    def __bool__(self) -> bool:
        raise TypeError(f"neither true nor false: {self}")

    def __str__(self) -> str:
        ways = [" && ".join(f"{left} {sign} {right}" for left, sign, right in sorted(way)) for way in self.ways]
        return ways[0] if len(ways) == 1 else " || ".join(f"({way})" for way in ways) or "false"


def _impossible(way: Way) -> bool:
    """Whether something is equal to what it is not equal to, or to two things that are never the same."""
    if any(_opposite(one) in way for one in way):
        return True
    same = [(left, right) for left, sign, right in way if sign == "="]
    return any(one == other and _differ(first, second) for (one, first), (other, second) in combinations(same, 2))


def _differ(left: str, right: str) -> bool:
    return left != right and not any(map(_is_variable, (left, right)))


def _wider(ways: set[Way]) -> Iterator[tuple[Way, Way]]:
    """A way of which one part is not needed, because where that does not hold another way does."""
    for way, other in permutations(ways, 2):
        opposite = [each for each in way if _opposite(each) in other]
        if len(opposite) == 1 and other - {_opposite(opposite[0])} <= way:
            yield way, way - {*opposite}


def _opposite(one: Equality) -> Equality:
    left, sign, right = one
    return left, "<>" if sign == "=" else "=", right


def _needed(way: Way) -> Iterator[Equality]:
    """What does not follow from that something else is equal."""
    return (one for one in way if one[1] == "=" or not _follows(one, way - {one}))


def _follows(one: Equality, way: Way) -> bool:
    left, _, right = one
    return any(one == left and sign == "=" and _differ(other, right) for one, sign, other in way)


def _covers(wide: Way, narrow: Way) -> bool:
    return all(each in narrow or (each[1] == "<>" and _follows(each, narrow)) for each in wide)


def equal(left: str, right: str) -> Equalities:
    """Whether two terms are equal."""
    return Equalities(frozenset({(left, "=", right)}))


def _all(those: list[Equalities]) -> Condition:
    return _truth(Equalities(*(frozenset().union(*ways) for ways in product(*(each.ways for each in those)))))


def _any(those: list[Equalities]) -> Condition:
    return _truth(Equalities(*(way for each in those for way in each.ways)))


def _not(one: Equalities) -> Condition:
    opposite = [[frozenset({_opposite(one)}) for one in way] for way in one.ways]
    return _truth(Equalities(*(frozenset().union(*chosen) for chosen in product(*opposite))))


def _truth(found: Equalities) -> Condition:
    """The same, or what is plain."""
    return found if found.ways and frozenset() not in found.ways else bool(found.ways)


register(Equalities, _all, _any, _not)


def pick(term: str, cases: Mapping[str, str], otherwise: str) -> Pick:
    """A value that a term is: for each of these the term that it is equal to, and any other."""
    found: dict[str, Condition] = {value: equal(term, other) for value, other in cases.items()}
    return Pick({**found, otherwise: all_of(*(no(each) for each in found.values()))})


class _Named:
    """What a value is in a comparison: one that is there (one term), or the same as another (two).

    With anything else it is not compared: that would always be no, whatever the process has.
    """

    def __init__(self, *terms: str) -> None:
        self.terms = frozenset(terms)

    def __hash__(self) -> int:
        raise NotCoveredError("a value that a rule looks up is not in the message-level export; it compares values")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _Named):
            return self.terms == other.terms
        if other == NONE:
            return False
        raise NotCoveredError(f"a comparison with {other!r} is not in the message-level export; it compares values")


class Unread(str):
    """A value that is not known where it is asked for: who looks at it asks what the process cannot say."""

    __slots__ = ()

    def _refuse(self, *_: object) -> Any:
        raise NotCoveredError(
            "a field that depends on others of its message is not in the message-level export; "
            "it covers what parties hold"
        )

    __eq__ = __hash__ = __str__ = _refuse


class _Cases(Mapping[Any, Condition]):
    """When a value is which; a name that is none of these is no answer."""

    def __init__(self, *cases: tuple[Any, Condition]) -> None:
        self._cases = cases

    def __getitem__(self, key: Any) -> Condition:
        for known, when in self._cases:
            if known == key:
                return when
        raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        return (known for known, _ in self._cases)

    def __len__(self) -> int:
        return len(self._cases)


class Terms(Mapping[str, Value]):
    """Values by name of which rules ask whether they are there, and whether one is another; nothing else of them.

    Args:
        terms: what each is in the process; ``others``: with what else it may be compared.
        whose: who has no other value.
    """

    def __init__(self, terms: Mapping[str, str], others: Iterable[str], whose: str) -> None:
        self._terms, self._others, self._whose = terms, {*others, *terms.values()}, whose

    def __getitem__(self, name: str) -> Value:
        if name not in self._terms:
            raise NotCoveredError(
                f"{self._whose} {name!r} is not in the message-level export; it covers: {', '.join(sorted(self))}"
            )
        term = self._terms[name]
        there = no(equal(term, "none")) if _is_variable(term) else term != "none"
        found = Pick({})
        others = [
            (_Named(term, other), all_of(there, equal(*sorted((term, other))))) for other in self._others - {term}
        ]
        found.cases = _Cases((NONE, no(there)), (_Named(term), there), *others)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._terms)

    def __len__(self) -> int:
        return len(self._terms)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value; one that is not known is not taken for one that is not there."""
        return self[name]


def either(condition: Condition, then: str, otherwise: str) -> str:
    """A term that is one of two."""
    if isinstance(condition, bool) or then == otherwise:
        return then if condition is True or then == otherwise else otherwise
    return f"(if {condition} then {then} else {otherwise})"
