"""Sets of things of which more never let an attack in: all minimal ones that leave none, and what leaves one.

A class that derives from :class:`Monotone` says what the things are (mechanisms that are on, what is assumed of
others). All minimal sets are found by a few questions to one formula, without trying sets one by one.

References:
    M. Liffiton, A. Previti, A. Malik, J. Marques-Silva: Fast, flexible MUS enumeration, Constraints 21(2), 2016.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import count

from model.design import Configuration, check_parties
from model.world import World
from properties.bounds import Clock, Depths, Laid, Settled
from properties.closure import Closure, Reached
from properties.engine import Answer
from properties.invariant import Known, Search
from properties.minisat import MiniSat
from properties.security import Property, find
from properties.template import Template
from properties.unroll import Unrolling

#: Seconds of the solver's work in which an invariant is searched before runs are looked at one sweep longer; twice as
#: many before the next. Where work is limited it goes into runs alone.
FIRST_SEARCH = 1.0
#: Some of the things, by their names.
Names = frozenset[str]


class NoAnswerError(RuntimeError):
    """Nobody knows whether there is an attack, so that nothing can be said of sets."""


class Monotone(ABC):
    """Questions about sets of things under one attacker.

    Args:
        properties: what must hold, all of them.
        configuration: the attacker, and the switches that are decided.
        free: the switches that are not, each with the values that it may take.
        world: where to ask, if not in the properties' own worlds.
        timeout: seconds for a question to the solver; None: as long as it takes.
        work: the same in seconds that the solver may work, which gives every machine the same answer.

    Attributes:
        questions: how often the solver was asked.
    """

    def __init__(
        self,
        properties: Iterable[Property | str],
        configuration: Configuration,
        free: Mapping[str, tuple[str, ...]],
        world: World | None = None,
        timeout: float | None = None,
        work: float | None = None,
    ) -> None:
        self.properties = tuple(
            find(prop, configuration.model) if isinstance(prop, str) else prop for prop in properties
        )
        self.configuration = configuration
        self.free = dict(free)
        self.world = world
        self.timeout = timeout
        self.work = work
        self.questions = 0
        self._asked = self.properties
        self._sweeps = 0  # so many are looked at where nothing is proved: an attack was that long
        self._worlds: dict[World, tuple[Depths, Closure]] = {}
        self._reached: dict[tuple[World, bool], Reached] = {}
        self._known: defaultdict[World, Known] = defaultdict(dict)
        self._searches: dict[tuple[World, bool, Names], Search] = {}

    # --- what is asked about -----------------------------------------------------------------------------------

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The things, in their order."""

    @abstractmethod
    def _literals(self, laid: Unrolling) -> dict[int, str]:
        """For each thing the literal that says that it is there."""

    @abstractmethod
    def _given(self, template: Template, there: Names) -> list[int]:
        """What is decided where at least these things are there, as codes of a template's circuit."""

    def _fixed(self, laid: Unrolling) -> list[int]:
        """Literals for what else is decided."""
        return []

    def _obeyed(self, template: Template, there: Names) -> frozenset[str]:
        """The rules that are enforced where at least these things are there."""
        return frozenset(template.enforced)

    def _absurd(self) -> Iterator[Names]:
        """Sets that no world can have."""
        yield from ()

    def suffices(self, there: Iterable[str]) -> bool:
        """Whether no attack is left with these things there, whatever the others are."""
        return self._attack(frozenset(there)) is None

    # --- enumeration -------------------------------------------------------------------------------------------

    def _marco(self) -> Iterator[tuple[Names, bool]]:
        """The sets as they are found; that one suffices is proved of what it has been shrunk to, not on the way."""
        if not any(self._possible(prop) for prop in self._asked):
            yield frozenset(), True
            return
        unexplored = _Map(self.names)
        for impossible in self._absurd():
            unexplored.forbid_supersets(impossible)
        enough: list[Names] = []
        while (seed := unexplored.seed()) is not None:
            left = self._attack(seed, prove=False)
            if left is None:
                found = self._shrink(seed)
                left = self._attack(found)
            if left is None:
                enough.append(found)
                unexplored.forbid_supersets(found)
                yield found, True
            else:
                found = self._grow(left, enough)
                unexplored.forbid_subsets(found)
                yield found, False

    def _shrink(self, there: Names) -> Names:
        """A subset of a set that seems to suffice, without any one of which it does not."""
        needed = self._by_core(there)
        for name in sorted(needed):
            if name in needed and self._attack(needed - {name}, prove=False) is None:
                needed = self._by_core(needed - {name})
        return needed

    def _by_core(self, there: Names) -> Names:
        """Those of a set that the last answer rests on, if they are enough without the rest."""
        fewer = there & self._core
        return fewer if fewer == there or self._attack(fewer, prove=False) is None else there

    def _grow(self, there: Names, enough: list[Names]) -> Names:
        """A maximal insufficient superset of an insufficient set; what holds one that is ``enough`` is none."""
        for name in self.names:
            more = there | {name}
            if more != there and not any(known <= more for known in enough):
                there = self._attack(more, prove=False) or self._attack(more) or there
        return there

    # --- one question --------------------------------------------------------------------------------------------

    def _attack(self, there: Names, prove: bool = True) -> Names | None:
        """All things there in some attack with at least these there; ``None`` (and a core) if there is none.

        Without ``prove`` runs are looked at as far as they are laid down.
        """
        core: set[str] = set()
        for prop in self._asked:
            found = self._settle(prop, there, prove=prove)
            literals = self._literals(found.laid.unrolling)
            if found.answer is Answer.SAT:
                self._sweeps = max(self._sweeps, found.laid.used if prove else 0)
                self._shown = prop, found.laid
                return frozenset(name for literal, name in literals.items() if found.laid.solver.holds(literal))
            core |= {literals[literal] for literal in found.core & literals.keys()}
        self._core = frozenset(core)
        return None

    def _nothing_to_violate(self, attacked: bool) -> Iterator[str]:
        """The security properties that hold with every rule left out, whatever is there.

        ``attacked``: whether a set was found that lets an attack through, which a property alone does not survive.
        """
        asked = [prop for prop in self._asked if prop.kind == "security"]
        for prop in () if attacked and len(self._asked) == 1 else asked:
            possible = self._possible(prop, rules=False)
            if not possible or self._settle(prop, frozenset(), rules=False).answer is Answer.UNSAT:
                yield prop.name

    def _settle(self, prop: Property, there: Names, rules: bool = True, prove: bool = True) -> Settled:
        """Whether a property's event can happen with at least these things there.

        Raises:
            NoAnswerError: nobody knows.
        """
        depths, closure = self._depths(self._world_of(prop))
        template = depths.template
        enforced = self._obeyed(template, there) if rules else frozenset[str]()
        # What nothing could bring about; what these things rule out is for the solver to say, by their names.
        able = self._whatever(template.world, rules).actions

        def decided(laid: Unrolling) -> list[int]:
            return [*self._fixed(laid), *(one for one, name in self._literals(laid).items() if name in there)]

        def assume(laid: Laid) -> list[int]:
            unable = [-literal for action, literal in laid.happens.items() if action not in able]
            named = self._obeyed(template, frozenset()) if rules else ()
            obeyed = [literal for name, literal in laid.unrolling.enforced.items() if name in named]
            return [*laid.without(prop.name), *unable, *obeyed, *decided(laid.unrolling)]

        @cache
        def reached() -> Reached:
            return closure.reached(self._given(template, there), enforced)

        def search() -> Search:
            asked = template.world, rules, there  # where another property was asked about the same set
            if asked not in self._searches:
                known = self._known[template.world]
                self._searches = {asked: Search(template, reached(), enforced, known, decided)}
            return self._searches[asked]

        def closed() -> bool:
            if not reached().possible(template.events[prop.name]):
                return True
            look = next(looks) if clock.work is None else 0
            return look > 0 and search().excludes(prop.name, clock.within(FIRST_SEARCH * 2**look))

        clock, looks = Clock(self.timeout, self.work), count()
        self.questions += 1
        sweeps = 0 if prove else self._sweeps
        found = depths.settle(prop.name, assume, clock, sweeps, closed, prove)
        if found.answer is Answer.UNKNOWN:
            raise NoAnswerError(f"no answer about {prop.name}: {found.reason}")
        return found

    def _possible(self, prop: Property, rules: bool = True) -> bool:
        """Whether an event is not out of reach whatever is there, in runs of any length."""
        world = self._world_of(prop)
        return self._whatever(world, rules).possible(self._depths(world)[0].template.events[prop.name])

    def _whatever(self, world: World, rules: bool) -> Reached:
        """What is not out of reach whatever is there."""
        if (world, rules) not in self._reached:
            depths, closure = self._depths(world)
            enforced = self._obeyed(depths.template, frozenset()) if rules else frozenset[str]()
            self._reached[world, rules] = closure.reached(self._given(depths.template, frozenset()), enforced)
        return self._reached[world, rules]

    def _world_of(self, prop: Property) -> World:
        return self.world or prop.world_of(self.configuration)

    def _depths(self, world: World) -> tuple[Depths, Closure]:
        if world not in self._worlds:
            check_parties(self.configuration.design, world)
            about = tuple(prop.name for prop in self.properties if self._world_of(prop) == world)
            template = Template(world, self.configuration, about, free=self.free)
            self._worlds[world] = Depths(template, solver=MiniSat, measured=False), Closure(template)
        return self._worlds[world]


class _Map:
    """The sets not yet known to be sufficient or insufficient."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._numbers = {name: number for number, name in enumerate(names, start=1)}
        self._solver = MiniSat([], len(names))
        # Prefer large sets: a sufficient one shrinks by its core, an insufficient one is nearly maximal.
        self._solver.prefer(self._numbers.values())

    def seed(self) -> Names | None:
        """A set about which nothing is known yet."""
        if self._solver.check([]) is Answer.UNSAT:
            return None
        return frozenset(name for name, number in self._numbers.items() if self._solver.holds(number))

    def forbid_supersets(self, found: Names) -> None:
        """Sets that contain this one are sufficient."""
        self._solver.clause([-self._numbers[name] for name in found])

    def forbid_subsets(self, found: Names) -> None:
        """Sets within this one are insufficient."""
        self._solver.clause([number for name, number in self._numbers.items() if name not in found])


def given(template: Template, decided: Mapping[str, str]) -> list[int]:
    """Switches that are decided, and the others either way, as codes of a template's circuit."""
    codes = []
    for (switch, value), bit in template.switches.items():
        codes += [bit.code] if decided.get(switch, value) == value else []
        codes += [-bit.code] if decided.get(switch) != value else []
    return codes


def in_size_order(sets: Iterable[Names]) -> Sequence[Names]:
    """Small sets first, then by their names."""
    return sorted(sets, key=lambda found: (len(found), sorted(found)))
