"""Certificates as files: a ZIP archive with the clauses, the proofs, and what both are about.

``certificate.json`` says what is claimed and what literals stand for, ``clauses.cnf`` is in the DIMACS form, and for
each claim there is ``NAME.drat`` (a proof) or ``NAME.model`` (the literals that hold; all others do not). A claim is
about the clauses together with its assumptions, each a clause of its own: another checker needs nothing of this suite.
"""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

from model import documents
from model.design import parse
from model.errors import InputError
from model.model import Model, oauth
from model.trace import from_json
from openworld.cache import identity
from openworld.files import as_json, replacing
from properties.bounds import LIMIT
from properties.certificate import Certificate, CertificateError, Claim, Shown, Statement
from properties.proofs import dimacs
from properties.results import RESULTS, read_result
from properties.security import find

FORMAT, VERSION = "openworld-certificate", 3
#: No certificate of ours is nearly so large.
_MOST_BYTES = 1 << 28
_ABOUT, _CLAUSES = "certificate.json", "clauses.cnf"

_LITERALS = {"type": "array", "items": {"type": "integer", "not": {"const": 0}}}
_CLAIM = {
    "title": "claim",
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "says", "assumptions", "possible"],
    "properties": {
        "name": {"enum": ["excluded", "complete", "possible", "begins", "kept"]},
        "says": {"type": "string"},
        "assumptions": _LITERALS,
        "possible": {"type": "boolean"},
    },
}
#: That a variable has a value, or has not.
_HAS = {
    "type": "array",
    "prefixItems": [{"type": "string"}, {"type": ["string", "boolean"]}, {"type": "boolean"}],
    "minItems": 3,
    "maxItems": 3,
}
_KEYS: dict[str, Any] = {
    "format": {"const": FORMAT},
    "version": {"const": VERSION},
    "property": {"type": "string"},
    "configuration": {"type": "string"},
    "world": {"type": "string"},
    "question": {"type": "string"},
    "verdict": {"enum": list(RESULTS)},
    "sweeps": {"type": "integer", "minimum": 0, "maximum": LIMIT},
    "ruled": {"type": "boolean"},
    "invariant": {"type": "array", "items": {"type": "array", "items": _HAS}},
    "top": {"type": "integer", "minimum": 0},
    "claims": {"type": "array", "items": _CLAIM},
    "meaning": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    "trace": {"type": ["object", "null"]},
}
_SCHEMA = documents.Schema(
    lambda: {"type": "object", "additionalProperties": False, "properties": _KEYS, "required": list(_KEYS)}
)


def write(made: Certificate, path: Path) -> None:
    """Write a certificate; the same one is the same bytes."""
    statement = made.statement() if made.trace is None else None
    about = {
        "format": FORMAT,
        "version": VERSION,
        "property": made.property.name,
        "configuration": str(made.configuration),
        "world": made.world.name,
        "question": identity(made.property, made.configuration),
        "verdict": made.result,
        "sweeps": made.sweeps,
        "ruled": made.ruled,
        "invariant": [sorted(map(list, part), key=str) for part in made.invariant],
        "top": statement.top if statement else 0,
        "claims": [
            {"name": each.name, "says": each.says, "assumptions": list(each.assumptions), "possible": each.possible}
            for each in (statement.claims if statement else ())
        ],
        "meaning": {str(literal): list(said) for literal, said in (statement.meaning if statement else {}).items()},
        "trace": made.trace and made.trace.to_json(),
    }
    members: dict[str, bytes] = {_ABOUT: as_json(about).encode()}
    if statement:
        members[_CLAUSES] = dimacs(statement.clauses, statement.top).encode()
    for name, shown in made.shown.items():
        members[f"{name}.drat" if isinstance(shown, bytes) else f"{name}.model"] = (
            shown if isinstance(shown, bytes) else " ".join(map(str, shown)).encode()
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    with replacing(path) as temporary:
        temporary.write_bytes(packed.getvalue())


def read(path: Path, model: Model = oauth()) -> tuple[Certificate, Statement | None]:
    """A certificate as it was written, and the statement that came with it (raises CertificateError)."""
    packed = path.read_bytes()
    try:
        members = _members(packed)
        about = documents.from_json(members.get(_ABOUT, b""))
        _SCHEMA.check(about)
        prop, sweeps = find(about["property"], model), about["sweeps"]
        if (about["trace"] is not None) != (about["verdict"] in ("attack", "reached")):
            raise ValueError("a run is what shows attack or reached, and nothing else")
        if not sweeps and not about["invariant"] and about["trace"] is None:
            raise ValueError("neither a run, nor sweeps of runs, nor an invariant")
        configuration = parse(about["configuration"], model)
        world = prop.world_of(configuration)
        if (about["world"], about["question"]) != (world.name, identity(prop, configuration)):
            raise ValueError("it is about another question, or the world or draft has changed since")
        made = Certificate(
            prop,
            configuration,
            world,
            read_result(about["verdict"], prop.kind),
            sweeps,
            about["ruled"],
            dict(_shown(name, data) for name, data in members.items() if "." in name),
            None if about["trace"] is None else from_json(about["trace"], model=model),
            tuple(frozenset((name, value, has) for name, value, has in part) for part in about["invariant"]),
        )
        return made, None if made.trace is not None else _statement(about, members.get(_CLAUSES, b""))
    except (InputError, ValueError) as error:
        raise CertificateError(f"{path}: no certificate: {error}") from None


def _members(packed: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
                raise ValueError(f"more than {_MOST_BYTES >> 20} MiB when unpacked")
            return {member.filename: archive.read(member) for member in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:  # encrypted, cut short, ...
        raise ValueError(f"not a ZIP archive that can be read: {error}") from None


def _shown(name: str, data: bytes) -> tuple[str, Shown]:
    claim, _, kind = name.partition(".")
    return claim, tuple(map(int, data.split())) if kind == "model" else data


def _statement(about: dict[str, Any], clauses: bytes) -> Statement:
    lines = clauses.decode("ascii").splitlines()
    flat = [int(word) for line in lines if not line.startswith(("c", "p")) for word in line.split()]
    claims = tuple(Claim(**{**each, "assumptions": tuple(each["assumptions"])}) for each in about["claims"])
    meaning = {int(literal): tuple(said) for literal, said in about["meaning"].items()}
    return Statement(tuple(flat), about["top"], claims, meaning)
