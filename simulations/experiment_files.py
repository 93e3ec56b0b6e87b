"""Experiments as files: read from TOML, checked line by line, and written as it.

What a file may say is ``data/experiment.schema.json``, which editors read too. Whatever ships can be written so
(``openworld simulate NAME --format toml``), changed and asked again.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Any

from model.design import expanded
from model.documents import DocumentError, Schema, called, from_toml
from model.errors import hint
from model.extension import new
from model.model import DraftError, Model, built, grow, oauth
from simulations.arms import AS_DEPLOYED
from simulations.catalogue import every_experiment
from simulations.experiment import Adoption, Experiment, ExperimentError, Mix, Number, Range, Year
from simulations.harms import STRATEGIES
from simulations.population import NUMBERS, PopulationError, populations, swept_number, swept_shares
from simulations.population_statements import data
from simulations.quantities import ACCEPTED_FLOW, ATTEMPT, CASE, HONEST_FLOW, MALICIOUS_VISIT, Measure
from simulations.reader import READERS

_SWEEPS = ("adoption", "year", "number", "option", "factor")


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an experiment's file, read as TOML, with all readers, attackers and units."""
    made: dict[str, Any] = json.loads(data("experiment.schema.json").read_text(encoding="utf-8"))
    keys = made["properties"]
    keys["reader"]["enum"], keys["attacker"]["enum"] = list(READERS), list(STRATEGIES)
    units = [ATTEMPT, HONEST_FLOW, ACCEPTED_FLOW, MALICIOUS_VISIT, CASE]
    keys["headline"]["items"]["properties"]["per"]["enum"] = units
    return made


_SCHEMA = Schema(schema)


def configuration(arm: str) -> str:
    """An arm as a configuration: a named design, or a deployed client, may stand for itself."""
    client = "==" in arm and "design=" not in arm
    return f"design={arm}" if client or (arm.strip() and not {"=", ";"} & set(arm)) else arm


# --- reading -------------------------------------------------------------------------------------------------


def read(path: Path, model: Model = oauth()) -> Experiment:
    """An experiment from its file; its name is that of the file.

    Raises:
        ExperimentError: unreadable, or wrong in a way that the message names, in one line.
    """
    try:
        return parsed(path.read_bytes(), path, model)
    except OSError as error:
        raise ExperimentError(f"cannot read experiment {path}: {error.strerror}") from None


def parsed(text: bytes | str, path: Path, model: Model = oauth()) -> Experiment:
    """An experiment from what its file says, or would say (raises ExperimentError)."""
    try:
        content = from_toml(text)
        if isinstance(content.get("sweep"), str):
            forms = "{ adoption = true }", '{ number = "NAME" }', '{ option = "NAME" }', "{ factor, rising, falling }"
            raise ExperimentError(f"sweep: must be a table, as sweep = {', or '.join(forms)}")
        _SCHEMA.check(content)
        return _experiment(path, content, model)
    except (DocumentError, ExperimentError, PopulationError) as error:
        raise ExperimentError(f"{path}: {error}") from None


def _experiment(path: Path, content: dict[str, Any], model: Model) -> Experiment:
    if ("arms" in content) == ("factors" in content):
        raise ExperimentError("either 'arms' or 'factors' has to say what is compared")
    arms = tuple(configuration(arm) for arm in content.pop("arms", ()))
    twice = next((arm for arm in arms if arms.count(arm) > 1), None)
    if twice is not None:
        raise ExperimentError(f"arms: {twice!r} is there twice")
    _check_factors(content.get("factors"), model)
    sweep = _sweep(content.pop("sweep", {}), model)
    # Without a sweep everybody does what an arm says.
    values = tuple(map(float, content.pop("values", (1.0 if sweep is None else 0.0,))))
    if sweep is None and len(values) > 1:
        raise ExperimentError("'sweep' is missing: there are several values, and nothing says what they are of")
    if list(values) != sorted(set(values)):
        raise ExperimentError("values: must grow from one to the next")
    if isinstance(sweep, Adoption | Mix) and not (values[0] >= 0 and values[-1] <= 1):
        raise ExperimentError(f"values: must be shares between 0 and 1, found {values[0]:g} to {values[-1]:g}")
    population = content.pop("population")
    if population.endswith(".toml"):
        population = str(path.parent / population)
    elif population not in populations():
        raise ExperimentError(f"population: unknown population {population!r}{hint(population, populations())}")
    for name, shares in content.get("mixes", {}).items():
        swept_shares("mixes", name, shares, model)
    for name, value in content.get("numbers", {}).items():
        swept_number("numbers", name, value)
    if isinstance(sweep, Number) and not sweep.option:
        for value in values:
            swept_number("values", sweep.name, value)
    headline = [Measure(**measure) for measure in content.pop("headline", ())]
    tried = _tried(content.pop("tried", {}), content.get("reader", "arrays"))
    said: dict[str, Any] = {
        key: MappingProxyType(value) if isinstance(value, dict) else value for key, value in content.items()
    }
    if headline:
        said["headline"] = tuple(headline)
    if tried:
        said["tried"] = MappingProxyType(tried)
    said.setdefault("parameter", _words(sweep))
    return Experiment(
        called(path),
        values=values,
        arms=arms,
        population=population,
        sweep=sweep,
        asked=(str(path),),
        model=model,
        **said,
    )


def _check_factors(factors: Mapping[str, str] | None, model: Model) -> None:
    """Make sure that every combination of mechanisms is an arm with a name of its own (raises ExperimentError)."""
    if factors is None:
        return
    if not factors:
        raise ExperimentError("factors: must not be empty")
    for name in factors:
        if not name.strip() or "+" in name or name == AS_DEPLOYED:
            raise ExperimentError(f"factors: {name!r} must be a name without '+', and not {AS_DEPLOYED!r}")
    for (one, text), (other, more) in combinations(factors.items(), 2):
        both = sorted(set(expanded(text, model)) & set(expanded(more, model)))
        if both:
            raise ExperimentError(f"factors: {one!r} and {other!r} both set {both[0]!r}")


def _tried(said: Mapping[str, Any], reader: str) -> dict[str, Range]:
    """Between what numbers and options are tried; a number is tried by its logarithm."""
    known = (*NUMBERS, *READERS[reader].options)
    for name, between in said.items():
        if name not in known:
            raise ExperimentError(f"tried: unknown number or option {name!r}{hint(name, known)}")
        if between["low"] > between["high"]:
            raise ExperimentError(f"tried.{name}: 'low' must not be above 'high'")
        if name in NUMBERS and between["low"] <= 0:
            raise ExperimentError(f"tried.{name}.low: must be above 0, found {between['low']:g}")
    return {name: Range(**between) for name, between in said.items()}


def _sweep(said: dict[str, Any], model: Model) -> Mix | Adoption | Year | Number | None:
    if not said:
        return None
    kinds = [kind for kind in _SWEEPS if kind in said]
    if len(kinds) != 1:
        raise ExperimentError(f"sweep: must have one of {', '.join(_SWEEPS)}, found {', '.join(kinds) or 'none'}")
    (kind,) = kinds
    mixes = {"rising", "falling"} & said.keys()
    if kind == "factor":
        if len(mixes) < 2:
            raise ExperimentError("sweep: a factor goes from what is 'falling' to what is 'rising', and one is missing")
        for end in ("rising", "falling"):
            swept_shares(f"sweep.{end}", said["factor"], said[end], model)
        return Mix(said["factor"], said["rising"], said["falling"])
    if mixes:
        raise ExperimentError(f"sweep: {min(mixes)!r} belongs to a factor")
    if kind in ("number", "option"):
        return Number(said[kind], kind == "option")
    return Adoption() if kind == "adoption" else Year()


def _words(sweep: Mix | Adoption | Year | Number | None) -> str:
    """What grows, where the file has no words for it."""
    match sweep:
        case Mix(factor):
            return f"share of {factor}"
        case Number(name):
            return name
        case Year():
            return "year"
    return "share that has adopted"


# --- writing -------------------------------------------------------------------------------------------------


def written(asked: Experiment) -> str:
    """An experiment as the text of its file."""
    plain = {each.name: each.default for each in fields(Experiment)}
    said: dict[str, Any] = {"question": asked.question, "population": asked.population}
    said |= {"factors": dict(asked.factors)} if asked.factors else {"arms": list(asked.arms)}
    said |= {"parameter": asked.parameter, "values": list(asked.values), "sweep": _told(asked.sweep)}
    said |= {name: dict(getattr(asked, name)) for name in ("mixes", "numbers", "options")}
    said |= {
        name: getattr(asked, name)
        for name in ("deployed", "reader", "attempts", "worlds", "attacker")
        if getattr(asked, name) != plain[name]
    }
    said["tried"] = {name: between._asdict() for name, between in asked.tried.items()}
    if asked.headline != plain["headline"]:
        said["headline"] = [measure._asdict() for measure in asked.headline]
    return "".join(f"{key} = {_toml(value)}\n" for key, value in said.items() if value != {})


def _told(sweep: Mix | Adoption | Year | Number | None) -> dict[str, Any]:
    match sweep:
        case Mix(factor, rising, falling):
            return {"factor": factor, "rising": dict(rising), "falling": dict(falling)}
        case Number(name, option):
            return {"option" if option else "number": name}
        case Adoption():
            return {"adoption": True}
        case Year():
            return {"year": True}
    return {}


def _toml(value: Any) -> str:
    """A value as TOML, which is as JSON but for tables."""
    if isinstance(value, Mapping):
        pairs = (f"{key if key.isidentifier() else json.dumps(key)} = {_toml(inner)}" for key, inner in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def experiment(name: str, text: str) -> None:
    """Add an experiment, by what its file would say (``openworld simulate matching --format toml`` prints one)."""
    if not name.isidentifier():
        raise DraftError(f"experiment {name!r}: a name is letters, digits and underscores")
    made = replace(parsed(text, Path(name), built()), asked=())
    grow(built().adding(Experiment, {new("experiment", name, every_experiment(built())): made}))
