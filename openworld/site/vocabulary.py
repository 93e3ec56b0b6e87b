"""Words for all that a page lets one choose."""

from __future__ import annotations

from typing import Any

from model.clients import clients
from model.design import DEPLOYMENTS, FORMERLY, NAMED_DESIGNS
from model.switches import CAPABILITIES, SWITCHES, Switch
from model.words import worded
from model.world_file import WORLDS
from openworld.show import design_json
from openworld.site.answer import rule_texts
from properties.attackers import ATTACKERS
from properties.security import PROPERTIES

#: The kinds of switches of which a verdict can depend, with what they are.
KINDS = {
    "mechanism": "What a design chooses",
    "environment": "What a deployment happens to be",
    "restriction": "What the attacker may not do",
}


def vocabulary() -> dict[str, Any]:
    """Everything that can be named in a question, in the order in which it is shown."""
    return {
        "properties": [
            {
                "name": prop.name,
                "code": prop.code,
                "kind": prop.kind,
                "meaning": prop.meaning,
                "words": worded("property", prop.name),
                "harm": worded("harm", prop.name),
            }
            for prop in PROPERTIES.values()
        ],
        "designs": [design_json(name) | {"words": worded("design", name)} for name in NAMED_DESIGNS],
        "formerly": FORMERLY,
        "clients": [{"name": one.name, "changes": one.design.changes()} for one in clients().values()],
        "attackers": [
            {"name": name, "capabilities": who.capabilities, "words": worded("attacker", name)}
            for name, who in ATTACKERS.items()
        ],
        "capabilities": [{"name": name, "meaning": meaning} for name, meaning in CAPABILITIES.items()],
        "environments": [
            {"name": name, "words": worded("deployment", name), "values": values}
            for name, values in DEPLOYMENTS.items()
        ],
        "worlds": [{"name": name, "concern": world.concern} for name, world in WORLDS.items()],
        "kinds": KINDS,
        "switches": [_switch(switch) for switch in SWITCHES.values() if switch.kind in KINDS],
        "rules": rule_texts(),
    }


def _switch(switch: Switch) -> dict[str, Any]:
    return {
        "name": switch.name,
        "kind": switch.kind,
        "meaning": switch.meaning,
        "baseline": switch.baseline,
        "source": switch.source,
        "values": [[value, worded("value", f"{switch.name}={value}")] for value in switch.values],
    }
