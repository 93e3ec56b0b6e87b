"""A run as data: what charts are drawn from, what travels between parts and tools, what can be checked again.

The JSON form is versioned. Reading a trace back replays it, so a trace that the machine cannot run is refused;
whether it ends in the event it claims is for :func:`properties.verdict.confirm` to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from model import documents
from model.design import Configuration, parse
from model.documents import Json, JsonObject
from model.errors import InputError, hint
from model.machine import Machine, NotEnabledError, State, Step
from model.model import Model, oauth
from model.world import World
from model.world_file import find_world, worlds

FORMAT = "openworld-trace"
VERSION = 1


class TraceError(InputError):
    """A trace that cannot be read or does not run; the message says where."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Steps of one run, and what they are said to show.

    Attributes:
        world: the cast.
        configuration: design and attacker.
        shows: name of the property whose event the last state has.
        steps: the actions with their choices, in order.
    """

    world: World
    configuration: Configuration
    shows: str
    steps: tuple[Step, ...]

    def states(self) -> list[State]:
        """The states of the run, by replay (raises NotEnabledError where the machine will not follow)."""
        return Machine(self.configuration, self.world).replay(self.steps)

    def to_json(self) -> dict[str, Json]:
        """The versioned form."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "world": _named(self.world),
            "configuration": str(self.configuration),
            "shows": self.shows,
            "steps": [{"action": step.action, "choices": dict(step.choices)} for step in self.steps],
        }

    def to_itf(self) -> dict[str, Json]:
        """The run in the Informal Trace Format (Apalache ADR-015), with the actions taken."""
        machine = Machine(self.configuration, self.world)
        names = [variable.name for variable in machine.variables]
        taken = ["init", *map(str, self.steps)]
        states = [
            {"#meta": {"index": index}, "mbt::actionTaken": action, **dict(zip(names, state, strict=True))}
            for index, (action, state) in enumerate(zip(taken, machine.replay(self.steps), strict=True))
        ]
        meta = {"format": "ITF", "description": f"{self.shows} under {self.configuration}"}
        return {"#meta": meta, "vars": [*names, "mbt::actionTaken"], "states": states}


def _named(world: World) -> str:
    """How a world is found again: by its name if it ships, else by its file."""
    return world.name if worlds(world.model).get(world.name) == world else world.file or world.name


_TEXT = {"type": "string"}
_STEP = {
    "type": "object",
    "properties": {
        "action": _TEXT,
        "choices": {"type": "object", "additionalProperties": {"type": ["string", "boolean"]}},
    },
    "required": ["action", "choices"],
}
_PROPERTIES = {
    "format": {"const": FORMAT}, "version": {"const": VERSION}, "world": _TEXT, "configuration": _TEXT,
    "shows": _TEXT, "steps": {"type": "array", "items": _STEP},
}  # fmt: skip
#: The versioned form. A writer of one may add to it.
SCHEMA = documents.Schema(lambda: {"type": "object", "properties": _PROPERTIES, "required": list(_PROPERTIES)})


def from_json(
    data: JsonObject | bytes | str, known: Mapping[str, World] | None = None, model: Model = oauth()
) -> Trace:
    """Read a trace and make sure that it runs.

    Args:
        data: the versioned form, as it is stored or read from that.
        known: worlds that are known by these names; by default those that ship, and world files by their paths.

    Raises:
        TraceError: not a trace of this version, a world that is not there, or a step that is not enabled where it
            stands.
    """
    try:
        fields = documents.from_json(data) if isinstance(data, bytes | str) else data
        SCHEMA.check(fields)
        world = find_world(fields["world"], model) if known is None else _one_of(known, fields["world"])
        steps = tuple(Step(item["action"], tuple(item["choices"].items())) for item in fields["steps"])
        trace = Trace(world, parse(fields["configuration"], world.model), fields["shows"], steps)
        trace.states()
    except documents.DocumentError as error:
        raise TraceError(f"not a trace: {error}") from None
    except (InputError, NotEnabledError) as error:
        raise TraceError(f"not a trace that runs: {error}") from None
    return trace


def _one_of(worlds: Mapping[str, World], name: str) -> World:
    if name not in worlds:
        raise TraceError(f"unknown world {name!r}{hint(name, worlds)}")
    return worlds[name]
