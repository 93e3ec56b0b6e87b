"""Invariants: each is one by another solver as well, and none is found of what can happen."""

import pytest

from model.design import parse
from properties.bounds import Clock, Depths
from properties.closure import Closure
from properties.engine import Answer
from properties.invariant import Search
from properties.monotone import given
from properties.security import find
from properties.solver import Solver
from properties.template import Template

#: Questions of which no closer look at what is out of reach says that nothing could violate them.
NEVER = ("resource_binding cap=code_leak", "resource_binding cap=token_leak", "client_identity cap=token_leak")
#: Those that rules stop.
SAFE = ("code_delivery cap=mal_as", "authorization cap=mal_rs")
#: Those of which a run that no rule allows would.
POSSIBLE = ("code_delivery cap=token_leak", "session_integrity cap=token_leak", "authorization cap=code_leak")


def laid(question: str) -> tuple[Template, str]:
    """What a question is about, and its property."""
    name, configuration = question.split()
    about = parse(configuration)
    return Template(find(name).world_of(about), about, (name,)), name


def search(question: str, ruled: bool = False) -> Search:
    """The search for an invariant about a question where no rule is enforced, or all are."""
    template, _ = laid(question)
    names = tuple(template.enforced) if ruled else ()
    return Search(template, Closure(template).closest([], names), names)


@pytest.mark.parametrize(("question", "ruled"), [*((one, False) for one in NEVER), *((one, True) for one in SAFE)])
def test_an_invariant_holds_at_first_and_no_sweep_leads_out_of_it_or_to_the_event(question: str, ruled: bool) -> None:
    """As z3 says, which did not search for it."""
    found, (name, _) = search(question, ruled), question.split()
    assert found.excludes(name, Clock())
    assert found.invariant
    assert_inductive(found, name)


def assert_inductive(found: Search, name: str) -> None:
    """Another solver finds no sweep that leads out of an invariant, or to an event."""
    assert not any(found.at_first(part) for part in found.invariant)
    other = Solver(found.sweep.clauses, found.sweep.top)
    for part in found.invariant:
        other.clause([-literal for literal in part])
    assert other.check([found.allowed]) is Answer.SAT
    for after in [[found.events[name]], *([found.after[each] for each in part] for part in found.invariant)]:
        assert other.check([found.allowed, *after]) is Answer.UNSAT


@pytest.mark.parametrize(
    ("decided", "excluded"),
    [({"iss_check": "require", "md_issuer_check": "on"}, True), ({"iss_check": "require"}, False)],
)
def test_designs_that_differ_are_searched_at_once(decided: dict[str, str], excluded: bool) -> None:
    """One invariant holds for all designs that are left open, and none is found where one of them leaks a code."""
    opened = {"iss_check": ("off", "require"), "md_issuer_check": ("off", "on"), "per_as_redirect": ("off", "on")}
    about = parse("cap=mal_as")
    template = Template(find("CD").world_of(about), about, ("code_delivery",), free=opened)
    names, bits = tuple(template.enforced), given(template, decided)
    found = Search(
        template,
        Closure(template).reached(bits, names),
        names,
        given=lambda sweep: [sweep.switches[one] for one in decided.items()],
    )
    assert found.excludes("code_delivery", Clock()) == excluded
    if excluded:
        assert_inductive(found, "code_delivery")


@pytest.mark.parametrize("question", [*POSSIBLE, *SAFE])
def test_of_what_can_happen_none_is_found(question: str) -> None:
    """A run within a few sweeps leads to it."""
    template, name = laid(question)
    assert Depths(template).settle(name, lambda _: [], Clock()).answer is Answer.SAT
    assert not search(question).excludes(name, Clock())


def test_where_there_is_no_time_nothing_is_shown() -> None:
    """And nothing is raised."""
    assert not search(NEVER[0]).excludes(NEVER[0].split()[0], Clock(work=0.0))
