"""Why a verdict reaches all runs of a world: no run is longer than what was looked at."""

import random
from dataclasses import replace

import pytest
from conftest import Clauses, judged
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from model.design import Configuration, Design, parse
from model.machine import Machine
from model.switches import CAPABILITIES, SWITCHES
from model.world_file import DEFAULT, WORLDS
from properties.bounds import FIRST, LIMIT, Clock, Depths, Laid
from properties.closure import Closure
from properties.engine import Answer
from properties.security import PROPERTIES, find
from properties.solver import Solver
from properties.template import Template
from properties.verdict import WorldChecker, check, needed


def pinned_worlds(pins):
    """The worlds of which it is proved how many sweeps any run has."""
    return {WORLDS[name]: sweeps for name, sweeps in pins["sweeps"].items()}


def test_no_run_has_more_sweeps_than_pinned(clauses, pins):
    """Whatever the design, the attacker and the rules left out: runs have just so many sweeps, and none has more."""
    for world, most in pinned_worlds(pins).items():
        for sweeps, answer in ((most + 1, Answer.UNSAT), (most, Answer.SAT)):
            made = clauses(world, sweeps)
            last = made.any_of(made.laid.last_layer)
            assert made.solver.check([last]) is answer, (world.name, sweeps)


# --- bounds that are found ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deep():
    """Worlds laid down two sweeps deeper than what sufficed."""
    made: dict[object, Clauses] = {}

    def get(world, sweeps):
        known = made.get(world)
        if known is None or known.laid.depth < sweeps:
            known = made[world] = Clauses(world, sweeps)
        return known

    return get


def reached_within(made, prop, configuration):
    """Whether an event happens in a run of so many sweeps, every rule enforced."""
    event = made.laid.events[prop.name]
    asked = [*made.fixed(judged(prop, configuration)), *made.enforced, int(event)]
    return event is not False and made.solver.check(asked) is Answer.SAT


def test_found_bounds_answer_like_deeper_looks(rows, checker, deep):
    """What is excluded within a bound that was found for the question does not happen in two sweeps more either."""
    looked_at = 0
    for row in [row for row in rows if row.covered][::8]:
        found = checker.about(row.prop, row.configuration).happens(row.prop, row.configuration)
        if found.answer is Answer.UNSAT:
            made = deep(row.prop.world_of(row.configuration), max(6, found.laid.depth + 2))
            assert not reached_within(made, row.prop, row.configuration), row.id
            looked_at += 1
    assert looked_at > 5


def test_found_bounds_answer_like_deeper_looks_in_random_configurations(checker, deep, sample):
    """The same where nobody chose the question."""
    rng, happened, asked = random.Random(9), 0, 40
    for _ in range(asked):
        prop, configuration = rng.choice(list(PROPERTIES.values())), sample(rng, 0.15)
        happens = checker.result(prop, configuration) in ("attack", "reached")
        assert happens == reached_within(deep(prop.world_of(configuration), 6), prop, configuration)
        happened += happens
    assert asked / 10 < happened < asked * 9 / 10


def test_what_is_proved_for_any_length_is_proved_by_a_bound_too(checker, sample):
    """Relaxed reachability and a bound agree: where the one excludes an event, the solver finds no run to it."""
    rng, anyhow, asked = random.Random(10), 0, 60
    for _ in range(asked):
        prop, configuration = rng.choice(list(PROPERTIES.values())), sample(rng, 0.15)
        asking = checker.about(prop, configuration)
        if asking.excluded(prop, configuration):
            found = asking.happens(prop, configuration)
            assert found.answer is Answer.UNSAT
            assert found.bound.proved
            written = (
                found.laid.unrolling.template.events[prop.name] is not False
            )  # by some step, or there is no question
            assert found.bound.any_length == written
            anyhow += found.bound.any_length
    assert anyhow > asked / 10


def test_what_a_run_does_is_never_out_of_reach(rows, checker):
    """Looked at choice by choice, reachability has every step of every run to an event, whatever rules are enforced."""
    fewer = looked = 0
    for row in [row for row in rows if row.covered and row.expected == "attack"][::12]:
        world = row.prop.world_of(row.configuration)
        template = Template(world, judged(row.prop, row.configuration), (row.prop.name,))
        closure, matter = Closure(template), {firing.action.name for firing in template.firings}
        for enforced in (tuple(template.enforced), ()):
            found = checker.about(row.prop, row.configuration).happens(row.prop, row.configuration, enforced)
            assert found.answer is Answer.SAT, row.id
            fired = [each for each in found.laid.unrolling.fired if found.laid.solver.holds(each.literal)]
            names = {each.firing.action.name for each in fired} & matter  # beside what is idle under this configuration
            everything, closest = closure.reached((), enforced), closure.closest((), enforced)
            assert names <= closest.actions <= everything.actions, row.id
            assert closest.possible_at_once(template.events[row.prop.name]), row.id
            fewer += closest.actions < everything.actions
            looked += 1
    assert 0 < fewer <= looked


def test_one_choice_at_a_time_shows_what_all_at_once_do_not():
    """A token is made under a name that a resource server trusts, or by the attacker's key, and never both."""
    configuration = parse("design=ts-sdk-v1==1.13.0;cap=mal_as+mal_rs+mal_client+lure+web")
    found = check("issuer_acceptance", configuration)
    assert found.result == "safe"
    assert found.bound is not None
    assert found.bound.any_length
    template = Template(found.world, configuration, ("issuer_acceptance",))
    closure, presented = Closure(template), "attacker.present_own_making[https://crm.example/api/accounts]"
    assert presented in closure.reached((), template.enforced).actions
    assert presented not in closure.closest((), template.enforced).actions
    assert presented in closure.closest((), ()).actions


def test_one_value_at_a_time_shows_what_all_at_once_do_not():
    """No flow starts before it is known at which AS, so that none starts at one that nothing vouches for."""
    prop, configuration = find("as_acceptance"), parse("cap=mal_rs+mal_as;as_trust=federation;a_enrolled=yes")
    template = Template(prop.world_of(configuration), configuration, (prop.name,))
    closest = Closure(template).closest((), ())
    assert closest.possible(template.events[prop.name])
    assert not closest.possible_at_once(template.events[prop.name])


def test_rules_that_block_do_so_in_runs_of_any_length(rows, checker, reach):
    """With the rules named and no other, runs are longer, and none of them gets there; without any one, some does."""
    named = 0
    for row in [row for row in rows if row.covered][::8]:
        verdict = checker.verdict(row.prop, row.configuration)
        if verdict.trace is None and verdict.blocked_by_minimal:
            assert not reach.within(row.prop, row.configuration, verdict.blocked_by), row.id
            for name in verdict.blocked_by:
                assert reach.within(row.prop, row.configuration, {*verdict.blocked_by} - {name}), (row.id, name)
            named += len(verdict.blocked_by)
    assert named > 5


def test_a_bound_is_proved_and_no_larger_than_any_run(rows, checker, pins):
    """What is said of the length of runs is proved, and fits what is known of the world."""
    most = pinned_worlds(pins)
    for row in [row for row in rows if row.covered][::24]:
        verdict = checker.verdict(row.prop, row.configuration)
        if verdict.trace is None:
            assert verdict.bound.proved
            assert verdict.bound.any_length or verdict.bound.sweeps <= most.get(verdict.world, LIMIT)


@pytest.mark.parametrize(
    "text", ["cap=mal_rs;echo=req;as_resource=ignore", "cap=mal_rs;dpop=token;as_dpop=ignore;as_resource=ignore"]
)
def test_rules_that_only_short_runs_obey_are_not_taken_for_enough(text, reach):
    """Within the sweeps that suffice with every rule, fewer rules block than do when the others are left out."""
    configuration = parse(text)
    verdict = check("token_confinement", configuration)
    assert verdict.bound.named_rules is not None
    assert not reach.within("token_confinement", configuration, verdict.blocked_by)
    for name in verdict.blocked_by:
        assert reach.within("token_confinement", configuration, {*verdict.blocked_by} - {name})


@pytest.mark.parametrize(("deeper", "known"), [(Answer.UNKNOWN, False), (Answer.UNSAT, True)])
def test_rules_that_longer_runs_get_around_are_called_minimal_once_those_were_looked_at(deeper, known, monkeypatch):
    """Where the rules that were found are not enough, the set is looked for in longer runs, or said to be open."""
    settle, covered = WorldChecker._settle, iter([Answer.SAT])

    def got_around(self, asked, enforced=None, sweeps=0, **named):
        found = settle(self, asked, enforced, sweeps, **named)
        covering = named.get("deep") is False
        return replace(found, answer=next(covered, found.answer) if covering else deeper if sweeps else found.answer)

    monkeypatch.setattr(WorldChecker, "_settle", got_around)
    verdict = check("token_confinement", parse("cap=mal_rs;dpop=token;as_dpop=ignore;as_resource=ignore"))
    assert (verdict.result, bool(verdict.blocked_by)) == ("safe", True)
    assert (verdict.blocked_by_minimal, verdict.bound.named_rules is not None) == (known, known)


def test_what_has_longer_runs_than_the_limit_is_unknown():
    """Within too few sweeps nothing is concluded from there being no run."""
    asked = find("flow_binding")
    template = Template(DEFAULT, parse("cap=mal_as"), (asked.name,))

    def enforced(laid):
        return list(laid.unrolling.enforced.values())

    short, enough = (Depths(template, limit).settle(asked.name, enforced, Clock()) for limit in (FIRST, LIMIT))
    assert (short.answer, enough.answer) == (Answer.UNKNOWN, Answer.UNSAT)
    assert f"more than {FIRST} sweeps" in short.reason


def test_the_bound_that_is_told_is_that_of_the_longest_run():
    """Of a question with runs of two sweeps, whatever depth it was looked at in."""
    depths = Depths(Template(DEFAULT, parse("api=multi_path").design, ("first_contact",)), growing=True)

    def honest(laid):
        return [*laid.unrolling.enforced.values(), *[-literal for literal in laid.unrolling.capabilities.values()]]

    assert depths.settle("first_contact", honest, Clock()).bound.sweeps == 2
    assert depths.at_least(FIRST + 1).longest(honest(depths.at_least(FIRST + 1)), Clock()) == 2


def test_a_run_is_longer_where_something_happens_in_the_last_sweep():
    """Runs of one sweep fill a world of one, and none that has one more."""
    template = Template(DEFAULT, parse("api=multi_path").design, ("first_contact",))
    for depth, answer in ((1, Answer.SAT), (2, Answer.UNSAT)):
        laid = Laid(template, depth)
        honest = [-literal for literal in laid.unrolling.capabilities.values()]
        assert laid.check([*laid.unrolling.enforced.values(), *honest, laid.longer], Clock()) is answer


@pytest.mark.parametrize(("prop", "text", "sweeps"), [("CD", "cap=mal_as", 7), ("CB", "cap=mal_client", 4)])
def test_the_bound_is_the_same_from_any_depth_on(prop, text, sweeps):
    """Where the world grew sweep by sweep it is known from the one before; where it began deeper it is measured."""
    asked, about = find(prop), parse(text)

    def bound(start):
        depths = Depths(Template(asked.world_of(about), about, (asked.name,)), growing=True)
        return depths.settle(asked.name, lambda laid: [*laid.unrolling.enforced.values()], Clock(), start).bound.sweeps

    assert [bound(0), bound(sweeps + 2)] == [sweeps, sweeps]


def test_what_was_not_asked_in_time_is_made_up_for_by_nobody(monkeypatch):
    """Whether a rule is needed by itself is not known where that was not answered; it is not told as not needed."""
    asked, settle = parse("cap=mal_rs"), WorldChecker._settle

    def in_a_hurry(self, asked, enforced=None, *given, **named):
        found = settle(self, asked, enforced, *given, **named)
        every = self._depths.template.enforced
        alone = enforced is not None and len([*enforced]) == len(every) - 1
        return replace(found, answer=Answer.UNKNOWN) if alone else found

    monkeypatch.setattr(WorldChecker, "_settle", in_a_hurry)
    verdict = check("code_delivery", asked)
    assert (verdict.result, bool(verdict.blocked_by), needed(verdict)) == ("safe", True, None)


def test_out_of_time_is_unknown_and_never_safe(checker):
    """A question whose time is over is not answered, whatever the answer would have been."""
    for text, result in (("cap=mal_as", "safe"), ("cap=mal_as;iss_check=off", "attack")):
        assert checker.result("code_delivery", parse(text)) == result
        verdict = check("code_delivery", parse(text), timeout=1e-9)
        assert (verdict.result, verdict.trace, verdict.blocked_by) == ("unknown", None, ())
        assert "time" in verdict.reason


def test_rules_named_in_a_hurry_are_enough_and_said_not_to_be_the_fewest(reach):
    """Without patience a verdict names rules that do block, more than it takes, and says so."""
    asked = "token_confinement", parse("cap=mal_rs;dpop=token;as_dpop=ignore;as_resource=ignore")
    hurried, patient = (check(*asked, patience=seconds) for seconds in (0.0, 2.0))
    assert (hurried.result, patient.result) == ("safe", "safe")
    assert (hurried.blocked_by_minimal, patient.blocked_by_minimal) == (False, True)
    assert len(hurried.blocked_by) > len(patient.blocked_by)
    assert not reach.within(*asked, hurried.blocked_by)


# --- why runs end ------------------------------------------------------------------------------------------


QUICK = ("aauth", "delegation", "proxy")


def happening_again(made):
    """The names of the actions that happen twice in some run, whatever rules are left out."""
    laid, earlier, twice = made.laid, {}, {}
    for fired in laid.fired:
        name = fired.firing.action.name
        if name in earlier:
            again = laid.new_literal()
            laid.clause(-again, fired.literal)
            laid.clause(-again, *earlier[name])
            twice.setdefault(name, []).append(again)
        earlier.setdefault(name, []).append(fired.literal)
    some = {name: made.any_of(literals) for name, literals in twice.items()}
    solver = Solver(laid.clauses, laid.top)
    return {name.partition("[")[0] for name, literal in some.items() if solver.check([literal]) is not Answer.UNSAT}


@pytest.mark.parametrize("name", QUICK)
def test_what_happens_twice_in_a_run_is_listed(name, clauses, exceptions):
    """So the length of a run is the number of actions that happen at all, but for those listed."""
    assert happening_again(clauses(WORLDS[name], 5)) <= exceptions["again"].keys()


def test_what_is_listed_happens_twice_in_a_run_of_some_world(clauses, exceptions):
    """And nothing else does in any."""
    assert set().union(*(happening_again(clauses(world, 5)) for world in WORLDS.values())) == exceptions["again"].keys()


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("walks", [1, pytest.param(6, marks=pytest.mark.slow)])
def test_random_walks_end_and_repeat_nothing_unlisted(name, walks, sample, exceptions):
    """Every walk comes to its end, and takes no action twice on the way but those that are known to happen again."""
    rng = random.Random(4)
    for _ in range(walks):
        machine = Machine(sample(rng, 0.3), WORLDS[name])
        state, taken = machine.initial, []
        while moves := list(machine.moves(state)):
            step, state = rng.choice(moves)
            assert step.action not in taken or step.action.partition("[")[0] in exceptions["again"]
            taken.append(step.action)
            assert len(taken) <= len(machine.actions)


class Walk(RuleBasedStateMachine):
    """A run taken step by step, with every step a free choice."""

    @initialize(
        world=st.sampled_from(list(WORLDS.values())),
        values=st.fixed_dictionaries({}, optional={s.name: st.sampled_from(s.values) for s in SWITCHES.values()}),
        capabilities=st.frozensets(st.sampled_from(list(CAPABILITIES)), max_size=6),
    )
    def begin(self, world, values, capabilities):
        self.machine = Machine(Configuration(Design(values), capabilities), world)
        self.taken = 0
        self.enter(self.machine.initial)

    def enter(self, state):
        self.state = state
        self.moves = list(self.machine.moves(state))

    @precondition(lambda self: getattr(self, "moves", ()))
    @rule(data=st.data())
    def step(self, data):
        step, after = data.draw(st.sampled_from(self.moves))
        assert self.machine.step(self.state, step) == after != self.state
        self.taken += 1
        assert self.taken <= len(self.machine.actions)
        self.enter(after)

    @precondition(lambda self: not getattr(self, "moves", ()))
    @rule()
    def stay(self):
        """Nothing is left to do."""


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=3, stateful_step_count=10, deadline=None, derandomize=True)


@pytest.mark.parametrize(
    ("possible", "result"),
    [(Answer.UNKNOWN, "unknown"), (Answer.UNSAT, "not_in_this_world"), (Answer.SAT, "safe")],
    ids=["unknown", "impossible", "possible"],
)
def test_that_no_run_could_break_a_property_and_that_nobody_knows_are_two_results(
    possible: Answer, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any rule obeyed; the result alone says the same as the verdict, and neither takes one for the other."""
    asked = find("CD"), parse("cap=mal_as")
    world = WorldChecker(DEFAULT, asked)
    found = world._lawless(world._ask(*asked))
    monkeypatch.setattr(type(world), "_lawless", lambda *_: replace(found, answer=possible))
    assert world.result(*asked) == result
