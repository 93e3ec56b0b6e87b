"""When the properties are violated in delegation."""

from __future__ import annotations

from typing import Any

from model.delegation_flow import HOLDERS, exceeds
from model.logic import any_of
from model.state import View
from model.world import World


def delegation_confinement(world: World, design: Any, state: View) -> Any:
    """A sub-agent holds what was not passed on to it, or holds it when the task is over."""
    return any_of(*(exceeds(state, who) for who in HOLDERS))
