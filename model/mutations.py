"""Systematic mutations of the honest world: one field of one message is another at a time.

They are scenarios like those of the data file, made from what that says of the honest world.
"""

from collections.abc import Iterator, Mapping

from model.documents import Json, JsonObject

#: Every name of a mutation begins so; then come the message, its field, and what became of it.
PREFIX = "mutation_"

#: The honest messages with fields, and where the data file states each.
_STATED: Mapping[str, tuple[str, ...]] = {
    "resource_metadata": ("documents", "main", "body"),
    "server_metadata": ("servers", "as1", "metadata"),
    "token_response": ("token_response",),
    "challenge": ("challenge",),
}

#: What becomes of a field, by what it was; a text stands for a field that is a text or a list.
_FIELDS: JsonObject = {
    "absent": "absent",
    "null": None,
    "empty": "",
    "number": 7,
    "other_origin": "{evil}/other",
    "not_a_url": "not a url",
    "long": "x" * 100_000,
}

_WORDS = {"text_for_list": "a text in place of a list"}


def mutations(honest: JsonObject, server: JsonObject) -> Iterator[tuple[str, dict[str, Json]]]:
    """Every mutation by name, as the changes that it makes in the honest world.

    ``honest`` is that world and ``server`` an AS of it, as the data file states them.
    """
    stated = {**honest, "servers": {"as1": server}}
    for message, path in _STATED.items():
        fields: Json = stated
        for name in path:
            fields = fields[name]
        for field, value in fields.items():
            for kind, mutated in _mutated(message, value):
                about = f"{field} of the {message} is {_WORDS.get(kind, kind)}"
                yield f"{PREFIX}{message}.{field}.{kind}", {"about": about, **_nested((*path, field), mutated)}


def _mutated(message: str, value: Json) -> Iterator[tuple[str, Json]]:
    """What becomes of a value: in a list it is that of the one item, and a list can be a text as well."""
    for kind, mutated in _FIELDS.items():
        if _sensible(message, value, kind):
            in_list = isinstance(value, list) and isinstance(mutated, str) and kind != "absent"
            yield kind, [mutated] if in_list else mutated
    if isinstance(value, list):
        yield "text_for_list", str(value[0] if value else "")


def _sensible(message: str, value: Json, kind: str) -> bool:
    """Whether a mutation says something: headers hold text only, and only URLs have an origin."""
    if message == "challenge" and kind in ("null", "number"):
        return False
    text = value[0] if isinstance(value, list) and value else value
    is_url = isinstance(text, str) and text.startswith("{")
    return is_url or kind not in ("other_origin", "not_a_url")


def _nested(path: tuple[str, ...], value: Json) -> dict[str, Json]:
    made: Json = value
    for name in reversed(path):
        made = {name: made}
    return dict(made)
