"""Deployed clients as designs: which rule variants each of them obeys, and how we know.

The designs are in ``data/clients.toml`` (:mod:`model.client_rows`). Each was found by fitting what the client was seen
to do (:mod:`deployed.fitting`); a switch that nothing was seen of stays at its baseline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from model.client_rows import client_rows, stored_name
from model.design import Design


@dataclass(frozen=True, slots=True)
class DeployedClient:
    """A deployed client.

    Attributes:
        name: ``implementation==version``.
        design: the rule variants that it obeys.
        decided_by: for each switch that was decided, the scenarios that decided it (their ids, as ``R02``).
        code: for each of these switches where in the client's code the behaviour was found, if it was.
    """

    name: str
    design: Design
    decided_by: Mapping[str, tuple[str, ...]]
    code: Mapping[str, str]


def find(name: str) -> DeployedClient:
    """The client of this name; an implementation alone stands for its last version that is stored.

    Raises:
        UnknownClientError: there is none.
    """
    return clients()[stored_name(name)]


@cache
def clients() -> Mapping[str, DeployedClient]:
    """The deployed clients by name, the versions of each in order."""
    return {
        name: DeployedClient(name, Design(row.decided), row.decided_by, row.code) for name, row in client_rows().items()
    }
