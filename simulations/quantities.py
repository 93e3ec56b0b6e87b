"""What attempts are measured by: quantities, and what each is per; how much there is, others count.

An experiment says so of what it is about, and is declared where nothing that counts is installed.
"""

from typing import NamedTuple

ATTEMPT, HONEST_FLOW, ACCEPTED_FLOW = "attempt", "honest flow", "accepted flow"
#: A visit in which an attacker has a hand: there are as many as the population says, whatever an arm refuses.
MALICIOUS_VISIT = "malicious visit"
#: Of what is not measured of every attempt.
CASE = "case"


class Measure(NamedTuple):
    """A quantity, and what it is per."""

    quantity: str
    per: str = ATTEMPT

    @property
    def words(self) -> str:
        """Both as a person reads them."""
        quantity = self.quantity.replace("_", " ")
        return f"honest {quantity}" if self.per == HONEST_FLOW else f"{quantity} per {self.per}"


WORKING = Measure("flows_that_work", HONEST_FLOW)
THEFTS = Measure("thefts", ACCEPTED_FLOW)
#: Where a user approves what looks like one client, and another gets the result.
IMPERSONATIONS = Measure("impersonations")
#: What an experiment is about, where it says nothing else: what a design lets through, and what that is bought with.
PAIR = (WORKING, THEFTS)
#: The same of first contacts, of which it is known how many an attacker has a hand in.
ROBBED = Measure("thefts", MALICIOUS_VISIT)


def plainly(number: float) -> str:
    """A number as it stands in a sentence: what is whole in all its digits.

    >>> plainly(2_592_000), plainly(3600), plainly(0.25)
    ('2,592,000', '3600', '0.25')
    """
    return f"{number:,.0f}" if number == int(number) and number >= 10_000 else f"{number:g}"


def is_share(quantity: str) -> bool:
    """Whether there is never more than one of something, as its name says."""
    return quantity.startswith("share_of_")
