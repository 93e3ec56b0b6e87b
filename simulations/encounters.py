"""Whom agents call: how often a server of each kind is met, from how many there are and how malicious ones lure.

A resource server has its origin to itself or is a tenant of a shared one (trait ``tenancy``), and is malicious or not
(``attackers.resource_servers``, ``attackers.tenants``). A malicious one that has its origin to itself has an AS of the
attacker's as often as an AS is malicious (``attackers.authorization_servers``), and any malicious one is called
``attackers.lure`` times as often as an honest one. Worlds that are drawn once ask about each of their servers;
visits that have nothing to do with each other are sent with the shares that this comes to.
"""

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, TypeVar

from simulations.visits import PLACES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: A share, or an array of them.
Share = TypeVar("Share", float, "NDArray[np.float64]")
#: The number that says how many servers are malicious, of those with an origin to themselves and of tenants.
MALICIOUS = {False: "attackers.resource_servers", True: "attackers.tenants"}
OWN_AS, LURE = "attackers.authorization_servers", "attackers.lure"
#: All that decides whom agents call: numbers of a population, and a trait of its servers with the value of tenants.
NUMBERS = (*MALICIOUS.values(), OWN_AS, LURE)
TENANCY, SHARED = "tenancy", "shared_origin"


def place_of(tenant: bool, honest: bool, own_as: bool) -> str:
    """Where the model has a server like this, one of :data:`simulations.visits.PLACES`."""
    if honest:
        return "honest_tenant" if tenant else "honest_api"
    if tenant:
        return "malicious_tenant"
    return "malicious_rs_and_as" if own_as else "malicious_rs"


def malicious(place: str) -> bool:
    """Whether an attacker has a hand in a visit to a place."""
    return bool(PLACES[place].capabilities)


def calls(place: str, lure: Share) -> Share | float:
    """How often a server is called, where one that is honest is called once."""
    return lure if malicious(place) else 1.0


def weights(number: Callable[[str], Share], tenants: Share) -> dict[str, Share]:
    """How often agents are sent to each place, where each server that is honest is called once; in order of places.

    Parameters:
        number: the value of one of :data:`NUMBERS`.
        tenants: how many servers share their origin.

    Example:
        >>> numbers = {"attackers.resource_servers": 0.1, "attackers.lure": 3.0}
        >>> {place: often for place, often in weights(lambda name: numbers.get(name, 0.0), 0.0).items() if often}
        {'honest_api': 0.9, 'malicious_rs': 0.30000000000000004}
    """
    called = dict.fromkeys(PLACES, 0.0 * tenants)
    for tenant, honest, own_as in product((False, True), repeat=3):
        malicious, own = number(MALICIOUS[tenant]), number(OWN_AS)
        there = tenants if tenant else 1 - tenants
        there = there * (1 - malicious if honest else malicious) * (own if own_as else 1 - own)
        place = place_of(tenant, honest, own_as)
        called[place] = called[place] + there * calls(place, number(LURE))
    return called
