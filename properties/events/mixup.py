"""When the properties are violated in the mix-up."""

from __future__ import annotations

from typing import Any

from model.logic import any_of
from model.mixup_flow import code_of, codes
from model.state import View
from model.world import World


def code_delivery(world: World, design: Any, state: View) -> Any:
    """A code that an honest server issued for the client reaches the attacker."""
    return any_of(*(state[f"{code_of(*code)}.known"] for code in codes(world)))


def authorization(world: World, design: Any, state: View) -> Any:
    """The attacker holds the token that such a code was good for."""
    return any_of(*(state[f"{code_of(*code)}.stolen"] for code in codes(world)))
