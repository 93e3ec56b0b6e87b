"""Answers to many questions, each in the world that it is about."""

from collections import defaultdict
from functools import cache

from model.design import Configuration, Design, check_parties
from model.world import World
from properties.engine import Engine
from properties.invariant import Known
from properties.minisat import MiniSat
from properties.results import Result
from properties.security import Property, find
from properties.template import Own
from properties.verdict import Verdict, WorldChecker


class Checker:
    """Answers questions, each in the world of its property (or all in one given world).

    A world is laid down when the first question about it is asked; later ones cost milliseconds. ``by_design``
    lays it down anew for each design, which pays where many questions in a row are about one. ``timeout``: seconds
    for a question. ``work``: seconds that the solver may work on it, the same on every machine. ``patience``: the same
    for the rules that block. ``solver``: who answers.
    """

    def __init__(
        self,
        world: World | None = None,
        timeout: float | None = None,
        by_design: bool = False,
        patience: float | None = None,
        solver: type[Engine] = MiniSat,
        work: float | None = None,
    ) -> None:
        self.world = world
        self.timeout = timeout
        self.by_design = by_design
        self.patience = patience
        self.solver = solver
        self.work = work
        self._design: Design | None = None
        self._worlds: dict[tuple[World, Own], WorldChecker] = {}
        self._ruled_out: defaultdict[World, Known] = defaultdict(dict)

    def verdict(self, prop: Property | str, configuration: Configuration) -> Verdict:
        """Whether a property holds (raises ReplayError where the machine does not confirm a trace)."""
        asked = find(prop, configuration.model) if isinstance(prop, str) else prop
        return self.about(asked, configuration).verdict(asked, configuration)

    def result(self, prop: Property | str, configuration: Configuration, earned: bool = True) -> Result:
        """The result of a verdict alone: no trace and no rules, at a fraction of the price.

        Where it is not to be ``earned``, what is not in this world may be called safe, which costs less still.
        """
        asked = find(prop, configuration.model) if isinstance(prop, str) else prop
        return self.about(asked, configuration).result(asked, configuration, earned)

    def about(self, prop: Property | str, configuration: Configuration, where: World | None = None) -> WorldChecker:
        """Who answers a question: the checker of its world, or of the one ``where`` it is asked, made once."""
        asked = find(prop, configuration.model) if isinstance(prop, str) else prop
        world = where or self.world or asked.world_of(configuration)
        if self.by_design and self._design != configuration.design:
            self._design = configuration.design
            self._worlds.clear()
        check_parties(configuration.design, world)
        own = tuple(configuration.design.parties)
        if (world, own) not in self._worlds:
            self._worlds[world, own] = WorldChecker(
                world, self._design, self.timeout, self.patience, own, self.solver, self.work, self._ruled_out[world]
            )
        return self._worlds[world, own]


@cache
def kept(timeout: float | None = None, by_design: bool = False) -> Checker:
    """Return the checker of this process: what a world costs to lay down is shared by all that is asked of it."""
    return Checker(timeout=timeout, by_design=by_design)
