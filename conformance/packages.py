"""Software that the suite has no row for: a package by where it is from, with a driver that says what it is like.

A driver says so in lines of their own, behind whatever begins a comment: ``openworld: {"listens": true}``. What a
driver decides in the library's place is the host's choice, and it declares that too (``host``), so that nobody takes it
for the library's.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from conformance import debian
from conformance.install import DRIVERS
from conformance.software import FORMS, Registry, Release, Software, SoftwareError
from model.client_names import canonical
from model.documents import DocumentError, Schema, from_json
from model.switches import SWITCHES

#: The driver of what is a command: a client, and a resource server.
COMMAND, SERVED_COMMAND = "command.py", "command_rs.py"

_FLAG, _TEXTS = {"type": "boolean"}, {"type": "array", "items": {"type": "string"}}
_DECLARED: dict[str, Any] = {
    "listens": _FLAG, "documents": _FLAG, "single_call": _FLAG, "own_document": {"type": "string"}, "beside": _TEXTS,
    "variants": _TEXTS,
    "node": {"type": "integer"}, "name": {"type": "string"},
    "host": {"type": "array", "items": {"title": "switch", "enum": list(SWITCHES)}},
}  # fmt: skip
_SCHEMA = Schema(lambda: {"type": "object", "properties": _DECLARED, "additionalProperties": False})


def declared(driver: Path) -> dict[str, Any]:
    """What a driver says of itself and of its client.

    Raises:
        SoftwareError: there is no such driver, or it says what is not understood.
    """
    try:
        text = driver.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SoftwareError(f"{driver}: not a driver that can be read: {error}") from None
    said: dict[str, Any] = {}
    for found in re.finditer(r"(?m)^\W*openworld: (\{.*\})\s*$", text):
        try:
            one = from_json(found[1])
            _SCHEMA.check(one)
        except DocumentError as error:
            raise SoftwareError(f"{driver}: what it declares is not understood: {error}") from None
        for name, value in one.items():
            said[name] = (*said.get(name, ()), *value) if isinstance(value, list) else value
    return said


def host_of(release: Release) -> tuple[str, ...]:
    """The switches that the driver of a release decides in its place."""
    return tuple(declared(DRIVERS / release.software.driver).get("host", ()))


def packaged(text: str, driver: Path) -> Release:
    """The release that a text such as ``npm:openid-client@6.9.0`` names, to be driven by a driver.

    Raises:
        SoftwareError: it names none.
    """
    origin, _, where = text.partition(":")
    if origin not in FORMS or not where:
        raise SoftwareError(f"package {text!r} is none of {', '.join(FORMS.values())}")
    name, version = _PARTS[origin](where)
    if not name or not version:
        raise SoftwareError(f"package {text!r} does not name an exact version; write {FORMS[origin]}")
    package = where if origin in ("path", "git") else name
    said = declared(driver)
    # ``host`` is read of the driver again, as for software that is known.
    said.pop("host", None)
    called = canonical(str(said.pop("name", name)))
    return Release(Software(called, cast(Registry, origin), str(driver.absolute()), version, package, **said), version)


def _of_path(where: str) -> tuple[str, str]:
    path = Path(where)
    if not path.exists():
        raise SoftwareError(f"package path:{where}: there is no such file or folder")
    try:
        name, version, *_ = parse_wheel_filename(path.name)
        return str(name), str(version)
    except InvalidWheelFilename:
        return path.absolute().name.removesuffix(".tgz").removesuffix(".tar.gz"), "local"


def _of_debian(where: str) -> tuple[str, str]:
    name, _, version = where.partition("=")
    return name, version or debian.candidate(name)


_PARTS: dict[str, Callable[[str], Sequence[str]]] = {
    "pypi": lambda where: where.partition("==")[::2],
    "npm": lambda where: where.rpartition("@")[::2],
    "path": _of_path,
    "git": _of_path,
    "deb": _of_debian,
}
