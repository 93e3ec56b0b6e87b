"""How much time an experiment simulates, and how much it takes that what it asks about happens and lifetimes end.

For readers in time the number of attempts is no sample size alone: attempts come at a rate, and when they are over, the
clock stops. An experiment that is cut short of its event counts nothing where something would have happened.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulations.engine import Unit
from simulations.options import told

#: The longest of what is kept is met again so often, or what it is worth is not seen.
LIFETIMES = 10


class Horizon(NamedTuple):
    """The simulated time of one replication.

    Attributes:
        rate: attempts that start in a second.
        ends: the second at which all that the experiment asks about is over, and what that is.
        kept: the seconds for which something is kept at most, and what that is.
    """

    rate: float
    ends: tuple[float, str]
    kept: tuple[float, str]

    @property
    def needed(self) -> tuple[float, str]:
        """How many seconds have to be simulated, and why."""
        lives = LIFETIMES * self.kept[0], f"{LIFETIMES} times the {self.kept[0]:g} s of {self.kept[1]}"
        return max(lives, self.ends)

    @property
    def attempts(self) -> int:
        """How many attempts that takes in a replication."""
        return math.ceil(self.needed[0] * self.rate)


def horizon(unit: Unit) -> Horizon | None:
    """The horizon of a unit; ``None`` where attempts have nothing to do with each other."""
    number = unit.population.number
    if unit.reader == "agents":
        lives = ((number(name), name) for name in ("token_lifetime", "metadata_lifetime"))
        return Horizon(number("arrivals_per_second"), (0.0, ""), max(lives))
    if unit.reader == "registrations":
        options = told(unit)
        back = options["lost"] + options["held"], "the time until a lost domain is back"
        kept = number("lifetime.client_metadata"), "lifetime.client_metadata"
        return Horizon(options["requests_per_second"], back, kept)
    return None
