"""Words for all that a page lets one choose."""

from typing import Any

from model.clients import clients
from model.model import Model
from model.named_designs import DEPLOYMENTS, FORMERLY
from model.switches import BCP_ATTACKERS, DEFAULT_ATTACKER, Switch
from model.words import worded
from model.world_file import WORLDS
from openworld.show import design_json
from openworld.site.answer import rule_texts
from properties.attackers import every_attacker
from properties.security import every_property

#: The kinds of switches of which a verdict can depend, with what they are.
KINDS = {
    "mechanism": "What a design chooses",
    "environment": "What a deployment happens to be",
    "conduct": "What a client does where something is missing or malformed",
    "restriction": "What the attacker may not do",
}


def vocabulary(model: Model) -> dict[str, Any]:
    """Everything that can be named in a question, in the order in which it is shown."""
    return {
        "properties": [
            {
                "name": prop.name,
                "code": prop.code,
                "kind": prop.kind,
                "meaning": prop.meaning,
                "words": worded("property", prop.name, model),
                "harm": worded("harm", prop.name, model),
            }
            for prop in every_property(model).values()
        ],
        "designs": [design_json(name, model) | {"words": worded("design", name, model)} for name in model.designs],
        "formerly": FORMERLY,
        "clients": [{"name": one.name, "changes": one.design.changes()} for one in clients().values()],
        "attackers": [
            {"name": name, "capabilities": who.capabilities, "words": worded("attacker", name)}
            for name, who in every_attacker(model).items()
        ]
        + [
            {"name": name, "capabilities": "+".join(sorted(one.capabilities)), "words": worded("attacker", name)}
            for name, one in BCP_ATTACKERS.items()
            if len(one.capabilities) > 1
        ],
        "unnamed": sorted(BCP_ATTACKERS[DEFAULT_ATTACKER].capabilities),
        "called": {
            called: sorted(one.capabilities) for name, one in BCP_ATTACKERS.items() for called in (name, one.number)
        },
        "capabilities": [{"name": name, "meaning": meaning} for name, meaning in model.capabilities.items()],
        "environments": [
            {"name": name, "words": worded("deployment", name), "values": values}
            for name, values in DEPLOYMENTS.items()
        ],
        "worlds": [{"name": name, "concern": world.concern} for name, world in WORLDS.items()],
        "kinds": KINDS,
        "switches": [_switch(one, model) for one in model.switches.values() if one.in_worlds and one.kind in KINDS],
        "rules": rule_texts(model),
    }


def _switch(switch: Switch, model: Model) -> dict[str, Any]:
    return {
        "name": switch.name,
        "kind": switch.kind,
        "meaning": switch.meaning,
        "baseline": switch.baseline,
        "source": switch.source,
        "values": [[value, worded("value", f"{switch.name}={value}", model)] for value in switch.values],
    }
