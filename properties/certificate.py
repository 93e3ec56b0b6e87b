"""Evidence for one answer, for a reader who trusts neither this suite's solver nor its search.

For what does not happen: the clauses of all runs of so many sweeps (see :mod:`properties.unroll`), a proof that in none
of them the event happens, and a proof that none has something left to do in the last sweep, so that there is no longer
one. Where runs are long: an invariant (see :mod:`properties.invariant`), and proofs that it holds at first, that a
sweep keeps it, and that the event does not happen where it holds. For safe beside these a run that no rule has to
allow, or it would be not in this world. For what does happen: its trace.

A certificate does not show that the clauses say what the rules say. A reader who has this suite lays the question down
anew and compares; replays on the machine, the explicit search and SPIN are there to show that this is done right.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count

from model.design import Configuration
from model.errors import InputError
from model.logic import Pick, truth
from model.trace import Trace
from model.world import World
from properties.bounds import FIRST, LIMIT, Clock, Depths, Laid, Settled
from properties.closure import Closure
from properties.completion import usable
from properties.engine import Answer
from properties.invariant import Between, Named, Search
from properties.minisat import MiniSat
from properties.proofs import CHECKER, dimacs, holds, is_proof, prove
from properties.results import Result
from properties.security import Property
from properties.shortest import ReplayError, confirm
from properties.solver import Solver
from properties.template import Template
from properties.unroll import Bit, Unrolling
from properties.verdict import SEARCHING, Verdict, judged

#: After so many looks at how long runs are, an invariant is searched.
_LOOKS = 3


class CertificateError(InputError):
    """An answer for which there is no evidence, or evidence that cannot be looked at; the message says why."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the clauses of a question say under assumptions.

    Attributes:
        name: how files name it.
        says: the same in words.
        assumptions: literals that are taken to hold.
        possible: whether all of it can hold.
    """

    name: str
    says: str
    assumptions: tuple[int, ...]
    possible: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A question in clauses, the same wherever it is laid down.

    Attributes:
        clauses: flat, each ended by 0.
        top: the highest literal in use.
        claims: what is to be shown of them.
        meaning: what literals stand for; those that are not in it are conjunctions of others.
    """

    clauses: tuple[int, ...]
    top: int
    claims: tuple[Claim, ...]
    meaning: Mapping[int, tuple[str, ...]]

    def beside(self, other: Statement) -> Statement:
        """What both say, of literals that they do not share."""

        def moved(literals: Iterable[int]) -> tuple[int, ...]:
            return tuple(literal and literal + (self.top if literal > 0 else -self.top) for literal in literals)

        return Statement(
            self.clauses + moved(other.clauses),
            self.top + other.top,
            self.claims + tuple(replace(claim, assumptions=moved(claim.assumptions)) for claim in other.claims),
            {**self.meaning, **{literal + self.top: said for literal, said in other.meaning.items()}},
        )


#: What shows a claim: a proof that something cannot be, or the positive literals that hold where it can.
Shown = bytes | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """An answer with its evidence.

    Attributes:
        sweeps: how many sweeps the clauses have; 0 where there are none.
        ruled: whether it is the rules that keep the event out, and not the world.
        shown: what shows each claim, by its name.
        trace: the run, where it is that something happens.
        invariant: parts of states that no run leads to, where that is what shows it.
    """

    property: Property
    configuration: Configuration
    world: World
    result: Result
    sweeps: int = 0
    ruled: bool = False
    shown: Mapping[str, Shown] = field(default_factory=dict)
    trace: Trace | None = None
    invariant: tuple[Named, ...] = ()

    def statement(self) -> Statement:
        """What it is about, laid down from the rules as they are now."""
        possible = self.result == "safe"
        return state(self.property, self.configuration, self.world, self.sweeps, self.ruled, possible, self.invariant)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what is said, whether it is so, and how that was found."""

    says: str
    holds: bool
    how: str


# --- what is claimed -----------------------------------------------------------------------------------------


def state(
    prop: Property,
    configuration: Configuration,
    world: World,
    sweeps: int,
    ruled: bool,
    possible: bool,
    invariant: Collection[Named] = (),
) -> Statement:
    """A question laid down in so many sweeps, and what its answer claims of that.

    ``ruled``: that rules keep the event out; ``possible``: that it could happen without them; ``invariant``: what keeps
    it out of runs of any length.

    Raises:
        CertificateError: an invariant of which the world knows nothing.
    """
    template = _template(prop, configuration, world)
    if not invariant:
        return _bounded(template, prop.name, sweeps, ruled, possible, complete=True)
    kept = _inductive(template, prop.name, ruled, invariant)
    return kept.beside(_bounded(template, prop.name, sweeps, ruled, possible, complete=False)) if possible else kept


def _bounded(template: Template, name: str, sweeps: int, ruled: bool, possible: bool, complete: bool) -> Statement:
    """All runs of so many sweeps; ``complete``: claimed to be all that there are, and none to bring the event about."""
    unrolling = Unrolling(template, 0)
    meaning = _meaning(unrolling)
    for sweep in range(1, sweeps + 1):
        told = len(unrolling.fired)
        unrolling.grow()
        _say(meaning, _swept(unrolling, told, sweep))
    event = unrolling.events[name]
    claims = () if template.events[name] is False else _claims(unrolling, event, ruled, possible)
    return _stated(unrolling, name, event, meaning, [claim for claim in claims if complete or claim.possible])


def _inductive(template: Template, name: str, ruled: bool, invariant: Collection[Named]) -> Statement:
    """One sweep, wherever runs are, and that it does not lead to where an invariant says that no run leads."""
    between = Between(template)
    sweep, named = between.sweep, {(variable, str(value)): bit for (variable, value), bit in between.named.items()}
    meaning = _meaning(sweep)
    _say(meaning, ((bit, f"before the sweep {_stands(*member)}") for member, bit in between.named.items()))
    _say(meaning, _swept(sweep, 0, 1))
    kept, left, broken = (sweep.new_literal() for _ in range(3))
    before, after = [-broken], [-left]
    for part in invariant:
        try:
            bits = [named[variable, str(value)] * (1 if has else -1) for variable, value, has in sorted(part, key=str)]
        except KeyError as unknown:
            raise CertificateError(f"an invariant about {unknown}, which the world has not") from None
        sweep.clause(-kept, *(-bit for bit in bits))
        for parts, literals in ((before, bits), (after, [between.after[bit] for bit in bits])):
            parts.append(sweep.new_literal())
            for literal in literals:
                sweep.clause(-parts[-1], literal)
    sweep.clause(*before)
    sweep.clause(*after)
    enforced = (*(sweep.enforced.values() if ruled else ()), between.allowed, kept)
    event, none = between.events[name], f"no sweep, {_ruled(ruled)},"
    claims = [
        Claim("begins", f"the invariant, of {len(invariant)} parts, holds at first", (*sorted(between.first), broken)),
        Claim("kept", f"where the invariant holds, {none} leads out of it", (*enforced, left)),
        Claim("excluded", f"where the invariant holds, {none} brings it about", (*enforced, event)),
    ]
    return _stated(sweep, name, event, meaning, claims)


def _ruled(ruled: bool) -> str:
    return "all rules enforced" if ruled else "whichever rules are enforced"


def _meaning(unrolling: Unrolling) -> dict[int, list[str]]:
    enforced = {literal: [f"rule {name} is enforced"] for name, literal in unrolling.enforced.items()}
    return {1: ["true"], **enforced}


def _say(meaning: dict[int, list[str]], said: Iterable[tuple[int, str]]) -> None:
    for literal, words in said:
        meaning.setdefault(literal, []).append(words)


def _stated(
    unrolling: Unrolling, name: str, event: Bit, meaning: dict[int, list[str]], claims: Iterable[Claim]
) -> Statement:
    if not isinstance(event, bool):
        meaning[event] = [f"{name} has happened"]
    used = {abs(literal) for literal in unrolling.clauses}
    return Statement(
        tuple(unrolling.clauses),
        unrolling.top,
        tuple(claims),
        {literal: tuple(said) for literal, said in sorted(meaning.items()) if literal in used},
    )


def _template(prop: Property, configuration: Configuration, world: World) -> Template:
    return Template(world, judged(prop, configuration), (prop.name,))


def _swept(unrolling: Unrolling, told: int, sweep: int) -> Iterator[tuple[int, str]]:
    """What the literals of a sweep stand for: what is done in it, with which choices, and how things stand then."""
    yield unrolling.layers[-1], f"something is done in sweep {sweep}"
    for fired in unrolling.fired[told:]:
        done = f"in sweep {sweep} {fired.firing.action.name}"
        yield fired.literal, done
        for name, cases in fired.chosen.items():
            for value, bit in cases:
                if not isinstance(bit, bool) and bit > 0:
                    yield bit, f"{done}, if at all, with {name}={value}"
    for variable, value in unrolling.template.state.items():
        if variable in unrolling.template.kept:
            members = value.cases if isinstance(value, Pick) else {True: truth(value)}
            for member, literal in members.items():
                bit = unrolling.stands(literal)
                if not isinstance(bit, bool):
                    stands = _stands(variable, member)
                    yield abs(bit), f"after sweep {sweep} {stands if bit > 0 else f'it is not so that {stands}'}"


def _stands(variable: str, value: object) -> str:
    return f"{variable} holds" if value is True else f"{variable} is {value}"


def _claims(unrolling: Unrolling, event: Bit, ruled: bool, possible: bool) -> Iterator[Claim]:
    """The claims; an event that is false of every state within these sweeps need not be excluded."""
    enforced = tuple(unrolling.enforced.values()) if ruled else ()
    runs = f"no run of {unrolling.depth} sweeps, {_ruled(ruled)},"
    if event is not False:
        yield Claim("excluded", f"{runs} brings it about", (*enforced, int(event)))
    yield Claim("complete", f"{runs} has anything left to do in the last of them", (*enforced, unrolling.layers[-1]))
    if possible:
        yield Claim("possible", "a run in which no rule is enforced brings it about", (int(event),), possible=True)


# --- making --------------------------------------------------------------------------------------------------


def certify(found: Verdict, timeout: float | None = None) -> Certificate:
    """The evidence for an answer; ``timeout``: seconds.

    Raises:
        CertificateError: an answer that nobody knows, or for which there is no evidence of this kind.
        ProofError: no prover, or no time.
    """
    about = found.property, found.configuration, found.world, found.result
    if found.trace is not None:
        return Certificate(*about, trace=found.trace)
    if found.result == "unknown" or not found.property.defined(found.world):
        raise CertificateError(f"there is no evidence for this answer: {found.reason}")
    clock = Clock(timeout)
    sweeps, ruled, invariant = _kept_out(found, clock)
    statement = state(*about[:3], sweeps, ruled, found.result == "safe", invariant)
    return Certificate(*about, sweeps, ruled, dict(_shown(statement, clock)), invariant=invariant)


def _kept_out(found: Verdict, clock: Clock) -> tuple[int, bool, tuple[Named, ...]]:
    """How many sweeps it takes to see why the event does not happen, whether rules keep it out, and by what invariant.

    There is one where runs are long. There are no sweeps then where nothing has to be seen to be possible either.
    """
    template = _template(found.property, found.configuration, found.world)
    depths = Depths(template, LIMIT, growing=True)
    name, every = found.property.name, list(template.enforced)

    def settled(rules: list[str], sweeps: int = 0, closed: Callable[[], bool] = lambda: False) -> Settled:
        def assume(laid: Laid) -> list[int]:
            return [laid.unrolling.enforced[rule] for rule in rules]

        return depths.settle(name, assume, clock, sweeps, closed)

    def kept_out(rules: list[str]) -> tuple[int, tuple[Named, ...]] | None:
        """The sweeps within which this shows, or an invariant; none where it does not."""
        looks, search = count(), cache(lambda: Search(template, Closure(template).closest([], rules), rules))

        def closed() -> bool:
            return next(looks) == _LOOKS and search().excludes(name, clock.within(SEARCHING))

        there = settled(rules, closed=closed)
        if there.answer is Answer.UNSAT and not there.bound.any_length:
            return there.laid.depth, ()
        shown = there.answer is not Answer.SAT and search().excludes(name, clock)
        return (0, tuple(search().never())) if shown else None

    if found.result == "not_in_this_world" and (by_world := kept_out([])):
        return by_world[0], False, by_world[1]
    by_rules = kept_out(every)
    if by_rules is None:
        raise CertificateError("neither how long runs can be was found out, nor an invariant")
    sweeps, invariant = by_rules
    if found.result == "safe":
        possible = settled([], sweeps)
        if possible.answer is not Answer.SAT:
            raise CertificateError(f"no run that brings it about was found: {possible.reason}")
        sweeps = possible.laid.depth
    return sweeps, True, invariant


def _shown(statement: Statement, clock: Clock) -> Iterator[tuple[str, Shown]]:
    """What shows each claim of a statement."""
    for claim in statement.claims:
        if claim.possible:
            yield claim.name, _model(statement, claim)
        else:
            yield claim.name, prove(dimacs(statement.clauses, statement.top, claim.assumptions), clock.left)


def _model(statement: Statement, claim: Claim) -> tuple[int, ...]:
    solver = Solver(list(statement.clauses), statement.top)
    if solver.check(claim.assumptions) is not Answer.SAT:
        raise CertificateError(f"it is not so that {claim.says}")
    return tuple(literal for literal in range(1, statement.top + 1) if solver.holds(literal))


# --- worlds --------------------------------------------------------------------------------------------------


def bound_of(template: Template, clock: Clock) -> tuple[int, Statement]:
    """How many sweeps runs of a world have at most, and that as a claim, whatever the template leaves open.

    Raises:
        CertificateError: that was not found out.
    """
    laid = Laid(template, FIRST, MiniSat)
    enforced = list(laid.unrolling.enforced.values())
    while (answer := laid.check([*enforced, laid.longer], clock)) is Answer.SAT and laid.depth < LIMIT:
        laid.grow()
    if answer is not Answer.UNSAT:
        raise CertificateError(f"how long runs can be was not found out within {laid.depth} sweeps")
    unrolling = Unrolling(template, laid.depth)  # without what counts steps
    claims = tuple(_claims(unrolling, event=False, ruled=True, possible=False))
    return laid.depth - 1, Statement(tuple(unrolling.clauses), unrolling.top, claims, {})


# --- checking ------------------------------------------------------------------------------------------------


def findings(made: Certificate, stored: Statement | None, timeout: float | None = None) -> Iterator[Finding]:
    """What is found when a certificate is looked at; ``stored``: the statement that came with it.

    Raises:
        ProofError: the checker is not installed, or out of time.
    """
    if made.trace is not None:
        yield _replayed(made, made.trace)
    if stored is None:
        return
    anew = made.statement()
    same = (stored.clauses, stored.claims) == (anew.clauses, anew.claims)
    yield Finding(f"its {stored.clauses.count(0):,} clauses are those of the question", same, "laid down anew")
    if not stored.claims:
        yield Finding("no step brings it about, whatever came before", same, "laid down anew")
    for claim in stored.claims:
        shown = made.shown.get(claim.name, b"")
        if claim.possible:
            true = isinstance(shown, tuple) and holds(stored.clauses, claim.assumptions, shown)
            yield Finding(claim.says, true, "every clause holds")
        else:
            formula = dimacs(stored.clauses, stored.top, claim.assumptions)
            true = isinstance(shown, bytes) and is_proof(formula, shown, timeout)
            yield Finding(claim.says, true, f"{CHECKER}, {len(shown):,} bytes")
    if made.result == "safe" or (made.result == "not_in_this_world" and made.ruled):
        # What is out of reach by the rules is safe where the design is of use, and else nothing.
        use = usable(made.world, made.configuration.design, single=True)
        can = "can" if made.result == "safe" else "cannot"
        yield Finding(f"honest parties {can} use the design", use == (can == "can"), "asked anew")


def trusted(made: Certificate) -> Iterator[str]:
    """What a reader who has checked a certificate still takes on trust."""
    if made.trace is not None:
        yield "that the machine does what the rules and the messages of the model say"
        return
    yield f"{CHECKER}, and that the clauses say what rules and messages of the model say"
    yield "that every run can be brought into the order of sweeps, each action as early as it can happen"
    if made.result == "safe" or made.ruled:
        yield "the solver, as to whether honest parties can use the design"


def _replayed(made: Certificate, trace: Trace) -> Finding:
    try:
        confirm(trace, made.property)
        same = (trace.configuration, trace.world) == (made.configuration, made.world)
    except ReplayError:
        same = False
    return Finding(f"its run of {len(trace.steps)} steps brings it about", same, "replayed on the machine")
