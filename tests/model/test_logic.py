"""The connectives: one expression, read by deciding and read by tabulating, means the same."""

import itertools
from dataclasses import dataclass
from textwrap import dedent

import mypy.api
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import logic
from model.logic import Pick, all_of, any_of, choose, holds, implies, mapped, no, one_of, same

#: Three undecided bits make eight possible worlds; a truth value of the reader below is the set of those it holds in.
WORLDS = list(itertools.product((False, True), repeat=3))
MEMBERS = ("a", "b", "c")


@dataclass(frozen=True)
class Table:
    """A truth value that knows in which possible worlds it holds."""

    where: frozenset[int]


logic.register(
    Table,
    lambda tables: Table(frozenset.intersection(*(table.where for table in tables))),
    lambda tables: Table(frozenset.union(*(table.where for table in tables))),
    lambda table: Table(frozenset(range(len(WORLDS))) - table.where),
)

BITS = [Table(frozenset(n for n, world in enumerate(WORLDS) if world[bit])) for bit in range(3)]

# An expression is (its reading with undecided bits, a function from a possible world to its value).
constants = st.booleans().map(lambda value: (value, lambda world: value))
bits = st.sampled_from(range(3)).map(lambda bit: (BITS[bit], lambda world: world[bit]))


def both(combine, decide):
    """Combine expressions with a connective on the one side and plain Python on the other."""
    return lambda *parts: (
        combine(*(part for part, _ in parts)),
        lambda world: decide(*(value(world) for _, value in parts)),
    )


AND = both(all_of, lambda *values: all(values))
OR = both(any_of, lambda *values: any(values))
NOT = both(no, lambda value: not value)
IMPLIES = both(implies, lambda premise, conclusion: not premise or conclusion)
CHOOSE = both(choose, lambda condition, then, otherwise: then if condition else otherwise)

conditions = st.recursive(
    constants | bits,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: AND(*parts)),
        st.lists(inner, max_size=4).map(lambda parts: OR(*parts)),
        inner.map(NOT),
        st.tuples(inner, inner).map(lambda parts: IMPLIES(*parts)),
    ),
    max_leaves=8,
)
values = st.recursive(
    st.sampled_from(MEMBERS).map(lambda member: (member, lambda world: member)),
    lambda inner: st.tuples(conditions, inner, inner).map(lambda parts: CHOOSE(*parts)),
    max_leaves=4,
)


def truth(condition, number):
    """A condition's truth value in one of the possible worlds."""
    return condition if isinstance(condition, bool) else number in condition.where


def member(value, number):
    """The member that a value is in one of the possible worlds."""
    if not isinstance(value, Pick):
        return value
    (found,) = [candidate for candidate, when in value.cases.items() if truth(when, number)]
    return found


@given(conditions)
def test_conditions_mean_what_python_says(condition):
    """Conjunction, disjunction, negation and implication agree with Python's in every possible world."""
    reading, decide = condition
    for number, world in enumerate(WORLDS):
        assert truth(reading, number) == decide(world)


@given(values)
def test_values_have_exactly_one_member(value):
    """A value built by choices is exactly one member in every possible world, the one Python would choose."""
    reading, decide = value
    for number, world in enumerate(WORLDS):
        assert member(reading, number) == decide(world)


@given(values, values)
def test_comparisons_mean_what_python_says(left, right):
    """Equality, membership, relations and functions of undecided values agree with Python's."""
    (one, first), (other, second) = left, right
    below, joined = holds(lambda x, y: x < y, one, other), mapped(lambda x, y: x + y, one, other)
    for number, world in enumerate(WORLDS):
        x, y = first(world), second(world)
        assert truth(same(one, other), number) == (x == y)
        assert truth(one_of(one, "a", "c"), number) == (x in ("a", "c"))
        assert truth(below, number) == (x < y)
        assert member(joined, number) == x + y


def test_connectives_of_nothing():
    """Nothing to satisfy is satisfied, and a choice among nothing fails."""
    assert all_of() is True
    assert any_of() is False
    assert one_of("a") is False


def test_decided_conditions_stay_plain_booleans():
    """Where all is decided no reader is involved, and a decided part settles what it can."""
    assert all_of(True, False) is False
    assert any_of(False, BITS[0], True) is True
    assert all_of(BITS[0], False) is False
    assert all_of(True, BITS[0]) is BITS[0]
    assert same("a", "a") is True
    assert choose(True, "a", "b") == "a"
    assert mapped(str.upper, "a") == "A"


def test_impossible_members_are_left_out():
    """A member that is plainly impossible is no part of a value."""
    assert set(Pick({"a": BITS[0], "b": False}).cases) == {"a"}
    assert same(Pick({"a": BITS[0], "b": no(BITS[0])}), "c") is False


def test_what_is_no_condition_is_refused():
    """A value of an unknown kind is refused by name, not read as true."""
    with pytest.raises(TypeError, match="not a condition: 'yes'"):
        no("yes")
    with pytest.raises(TypeError, match=r"logic\.register"):
        all_of("yes", "no")


def test_only_what_is_true_or_false_is_a_condition():
    with pytest.raises(TypeError, match="not a condition: 'a'"):
        no("a")
    with pytest.raises(TypeError, match="not a condition: Pick"):
        logic.truth(Pick({"a": BITS[0]}))
    with pytest.raises(TypeError, match="not decided: Pick"):
        logic.decided(Pick({"a": BITS[0]}))


def test_a_value_in_the_place_of_a_condition_is_a_type_error(tmp_path):
    """And the other way round; what rules are made of is checked by the types that it has."""
    code = """
        from model.logic import Condition, Value, all_of, choose, no, same

        def right(met: Condition, url: Value) -> Condition:
            return all_of(met, no(same(url, choose(met, "off", url))))

        def wrong(met: Condition, url: Value) -> Condition:
            return all_of(no(url), no("off"), same(met, url), choose(url, url, url))
    """
    path = tmp_path / "snippet.py"
    path.write_text(dedent(code), encoding="utf-8")
    found, _, _ = mypy.api.run(["--strict", "--cache-dir", str(tmp_path), "--no-error-summary", str(path)])
    assert {line.split(":")[1] for line in found.splitlines() if "error:" in line} == {"8"}
    assert found.count('to "no" has incompatible type') == 2
    assert found.count("error:") == 5
