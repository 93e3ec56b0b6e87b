"""Many questions about designs that differ in a few switches: a world is laid down once for them, with these open.

What cannot happen whatever their values are is one answer for all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from model.design import Configuration
from model.world import World
from properties.completion import usable
from properties.engine import Answer
from properties.minisat import MiniSat
from properties.monotone import Monotone, Names, NoAnswerError, given
from properties.reads import unread
from properties.results import Result, happens
from properties.security import Property, every_property
from properties.template import Template
from properties.unroll import Unrolling
from properties.verdict import SHARED, WorldChecker

#: Seconds of the solver's work after which designs are no longer asked about together, and one is given up by itself.
TOGETHER, ALONE = 0.5, 4.0


class Variants(Monotone):
    """Questions about one attacker, and designs that are alike but for switches that have some of these values.

    Args:
        configuration: the attacker, and what all of the designs have.
        free: the values that the other switches can have.
        properties, world, timeout: as for :class:`Monotone`.

    Attributes:
        given_up: properties about which one of the designs took too long by itself.
    """

    def __init__(
        self,
        properties: Iterable[Property],
        configuration: Configuration,
        free: Mapping[str, tuple[str, ...]],
        world: World,
        timeout: float | None = None,
    ) -> None:
        super().__init__(properties, configuration, free, world, timeout)
        self.given_up: set[Property] = set()
        self._seen: dict[tuple[Property, Names, bool], bool | None] = {}

    def happens(self, prop: Property, configuration: Configuration, rules: bool = True) -> bool | None:
        """Whether an event can happen in one of the designs, under its rules or none; ``None`` if that is not known."""
        there = frozenset(f"{name}={configuration.design[name]}" for name in self.free)
        return prop.defined(self._world_of(prop)) and self._happens(prop, there, rules)

    def result(self, prop: Property, configuration: Configuration) -> Result:
        """Return the result of a verdict about one of the designs."""
        world, found, security = self._world_of(prop), self.happens(prop, configuration), prop.kind == "security"
        if found is False and not prop.defined(world):
            return "not_in_this_world"
        if found is False and security:
            found = self.happens(prop, configuration, rules=False)
            earned = found and usable(world, configuration.design, single=True)
            return "unknown" if found is None else "safe" if earned else "not_in_this_world"
        words: dict[bool | None, Result] = {None: "unknown", True: "attack" if security else "reached"}
        return words.get(found, "not_reached")

    def _happens(self, prop: Property, there: Names, rules: bool = True) -> bool | None:
        """Whether an event can happen with these values: not where it cannot whatever the values are."""
        asked = (prop, there, rules)
        if asked not in self._seen:
            possible = self._happens(prop, frozenset(), rules) if there else self._possible(prop, rules)
            self.work = SHARED if there else TOGETHER
            try:
                self._seen[asked] = possible is not False and self._settle(prop, there, rules).answer is Answer.SAT
            except NoAnswerError:
                self._seen[asked] = None
        return self._seen[asked]

    @property
    def names(self) -> tuple[str, ...]:
        """The values, each with its switch."""
        return tuple(f"{name}={value}" for name, values in self.free.items() for value in values)

    def _literals(self, laid: Unrolling) -> dict[int, str]:
        return {literal: "=".join(item) for item, literal in laid.switches.items()}

    def _given(self, template: Template, there: Names) -> list[int]:
        return given(template, dict(each.split("=", 1) for each in there))


class Family:
    """Answers about designs that differ in a few switches; what else they have, and the attacker, may be anything.

    ``open_ones`` are these switches, each with every value that it has in one of the designs. Where a property of one
    design takes too long by itself, nothing more is asked about it among those that differ in these switches alone.
    """

    def __init__(self, open_ones: Iterable[tuple[str, str]], timeout: float | None = None) -> None:
        values: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for name, value in open_ones:
            values[name][value] = None
        self._free = {name: tuple(those) for name, those in values.items()}
        self._timeout = timeout
        self._by_itself: dict[tuple[Property, Configuration], Result] = {}
        self._variants: dict[tuple[tuple[Property, ...], Configuration], Variants] = {}

    def happens(self, prop: Property, configuration: Configuration) -> bool | None:
        """Whether an event can happen; ``None`` if that is not known."""
        found = self._among(prop, configuration).happens(prop, configuration)
        result = "unknown" if found is not None else self._alone(prop, configuration)
        return found if result == "unknown" else happens(result, unknown=False)

    def result(self, prop: Property, configuration: Configuration) -> Result:
        """Return the result of a verdict."""
        found = self._among(prop, configuration).result(prop, configuration)
        return self._alone(prop, configuration) if found == "unknown" else found

    def _alone(self, prop: Property, configuration: Configuration) -> Result:
        """What takes too long among others is laid down for itself."""
        question, among = (prop, configuration), self._among(prop, configuration)
        if question not in self._by_itself and prop not in among.given_up:
            world = prop.world_of(configuration)
            work = ALONE if self._timeout is None else None
            checker = WorldChecker(world, question, self._timeout, solver=MiniSat, work=work)
            self._by_itself[question] = checker.result(*question)
            among.given_up |= {prop} if self._by_itself[question] == "unknown" else set()
        return self._by_itself.get(question, "unknown")

    def _among(self, prop: Property, configuration: Configuration) -> Variants:
        world, design = prop.world_of(configuration), configuration.design
        nothing, every = unread(world), every_property(configuration.model).values()
        free = {name: values for name, values in self._free.items() if name not in nothing and design[name] in values}
        alike = replace(configuration, design=design.but(**{name: values[0] for name, values in free.items()}))
        about = tuple(each for each in every if each.world_of(configuration) == world)
        if (about, alike) not in self._variants:
            self._variants[about, alike] = Variants(about, alike, free, world, self._timeout)
        return self._variants[about, alike]
