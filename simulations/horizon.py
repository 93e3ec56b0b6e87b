"""How much time an experiment simulates, and how much it takes that what it asks about happens and lifetimes end.

For readers in time the number of attempts is no sample size alone: attempts come at a rate, and when they are over, the
clock stops. An experiment that is cut short of its event counts nothing where something would have happened.
"""

import math
from dataclasses import replace
from typing import NamedTuple

from simulations.quantities import plainly
from simulations.reader import told
from simulations.units import Unit

#: The longest of what is kept is met again so often, or what it is worth is not seen.
LIFETIMES = 10
#: What residents keep.
KEPT = ("token_lifetime", "metadata_lifetime", "lifetime.refresh_token", "lifetime.client_metadata")


class Horizon(NamedTuple):
    """The simulated time of one replication.

    Attributes:
        rate: attempts that start in a second.
        ends: the second at which all that the experiment asks about is over, and what that is.
        kept: the seconds for which something is kept at most, and what that is.
        warm_up: seconds before it, of which nothing is counted.
    """

    rate: float
    ends: tuple[float, str]
    kept: tuple[float, str]
    warm_up: float = 0.0

    @property
    def needed(self) -> tuple[float, str]:
        """How many seconds have to be simulated, and why."""
        longest, what = self.kept
        lives = LIFETIMES * longest, f"{LIFETIMES} times the {plainly(longest)} s of {what}"
        return max(lives, self.ends)

    @property
    def attempts(self) -> int:
        """How many attempts that takes in a replication."""
        return math.ceil(self.needed[0] * self.rate)

    def words(self, attempts: int) -> str:
        """What so many attempts in a replication come to, in a line."""
        longest, what = self.kept
        before = f" after a warm-up of {self.warm_up:,.0f} s" if self.warm_up else ""
        times = f", {attempts / self.rate / longest:.3g} times the {longest:,.0f} s of {what}" if longest else ""
        return f"simulated in each replication: {attempts / self.rate:,.0f} s{before}{times}"


def horizon(unit: Unit) -> Horizon | None:
    """The horizon of a unit; ``None`` where attempts have nothing to do with each other."""
    number = unit.population.number
    if unit.reader == "agents":
        kept = max((number(name), name) for name in ("token_lifetime", "metadata_lifetime"))
        return Horizon(number("arrivals_per_second"), (0.0, ""), kept)
    if unit.reader == "registrations":
        options = told(unit)
        back = options["lost"] + options["held"], "the time until a lost domain is back"
        kept = number("lifetime.client_metadata"), "lifetime.client_metadata"
        return Horizon(options["requests_per_second"], back, kept)
    if unit.reader == "residents":
        options = told(unit)
        lives = [(number(name), name) for name in KEPT] + [(options["remembers"], "remembers")]
        if options["rollover"]:
            lives += [(options[name], name) for name in ("rollover", "keys_kept")]
        return Horizon(number("arrivals_per_second"), (0.0, ""), max(lives), options["warm_up"])
    return None


def lasting(unit: Unit) -> Unit:
    """The unit with as many attempts as its horizon takes, where that is more than it has."""
    found = horizon(unit)
    return unit if found is None or found.attempts <= unit.attempts else replace(unit, attempts=found.attempts)
