"""Designs put to a population: what a configuration names holds for everybody, the rest is as each party has it."""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from model.design import Design, adopters, obligations, parse
from model.model import Model, oauth
from model.switches import ConfigurationError
from simulations.population_statements import Settings

#: What an arm that sets nothing is called.
AS_DEPLOYED = "as deployed"


class Arm(NamedTuple):
    """A design as everybody has it where it says something, and as the population has it elsewhere.

    ``name``: as tables show it; ``imposed``: the switches that the configuration names; ``text``: the configuration.
    ``model``: the model whose switches these are.
    """

    name: str
    imposed: Settings
    text: str = ""
    model: Model = oauth()

    def design(self, *parties: Settings) -> Design:
        """The design between parties of a topology: what each decides, and what the arm imposes."""
        return _design(parties, self.imposed, self.model)


@cache
def _design(parties: tuple[Settings, ...], imposed: Settings, model: Model) -> Design:
    values: dict[str, str] = {}
    for switch, value in (setting for party in parties for setting in party):
        # A client registers in the best way that it and the AS both know.
        met = switch == "reg" and switch in values
        values[switch] = max(values[switch], value, key=_REGISTRATIONS.index) if met else value
    return Design({**values, **dict(imposed)}, model=model)


_REGISTRATIONS = ("federation", "cimd", "dcr_ss", "dcr", "static")


def settings(text: str, model: Model = oauth()) -> Settings:
    """The switches that a configuration sets.

    They are those that it lists, what its drafts ask of each role, and every mechanism of a design that it names;
    where it says who adopts (``by``), of the latter two what is up to those.

    Raises:
        ConfigurationError: the string cannot be read, is about the attacker, or not about everybody.
    """
    asked, switches = parse(text, model), model.switches
    design, world = asked.design, asked.world
    listed = {pair.partition("=")[0].strip() for pair in text.split(";") if pair.strip()}
    if "cap" in listed:
        raise ConfigurationError(f"cap= has no place in {text!r}: what the attacker has is what is asked about")
    forbidden = next((name for name in listed & switches.keys() if switches[name].kind == "restriction"), None)
    if forbidden is not None:
        raise ConfigurationError(f"{forbidden}= has no place in {text!r}: what the attacker does is up to the attacker")
    if world:
        raise ConfigurationError(f"world= has no place in {text!r}: a population has parties of its own")
    if design.parties:
        party, switch = next(iter(design.parties))
        raise ConfigurationError(f"{party}:{switch}= has no place in {text!r}: what an arm sets holds for everybody")
    by, named = adopters(text), {each.switch for each in obligations(text, model)}
    if "design" in listed:
        mechanisms = (switch for switch in switches.values() if switch.kind == "mechanism")
        named |= {switch.name for switch in mechanisms if by is None or switch.owner in by}
    if by is not None and not named:
        raise ConfigurationError(f"{text!r} asks nothing of {' or '.join(sorted(by))}")
    return tuple((name, design[name]) for name in switches if name in listed | named)


def arm(text: str, name: str | None = None, model: Model = oauth()) -> Arm:
    """An arm from a configuration string.

    Raises:
        ConfigurationError: as of :func:`settings`.
    """
    return Arm(name or text or AS_DEPLOYED, settings(text, model), text, model)


#: What is said to limit the damage: the switches without it, and with it.
PROTECTIONS: dict[str, tuple[str, str]] = {
    "sender constraint": (
        "dpop=none;mtls=off;r_requires_dpop=no",
        "dpop=token;dpop_policy=always;as_dpop=honor;rs_htu=on",
    ),
    "audience restriction": (
        "as_resource=ignore;audience_check=off",
        "resource_indicator=on;as_resource=honor;audience_check=exact",
    ),
    "refresh pinning": ("rt_pin=off;rt_resource_bound=no", "rt_pin=on;rt_resource_bound=yes"),
    "issuer allowlists": (
        "as_trust=any;rs_trust=any;issuer_match=prefix;key_lookup=union;subject_ns=sub",
        "as_trust=allowlist;rs_trust=allowlist;issuer_match=exact;key_lookup=by_iss;subject_ns=iss+sub",
    ),
    "consent pinning": ("consent_pin=off", "consent_pin=on"),
}


def protections(model: Model = oauth()) -> tuple[Arm, ...]:
    """The population as it is; and with none of the protections, with each alone, and with all."""

    def having(chosen: Iterable[str]) -> str:
        return ";".join(sides[name in chosen] for name, sides in PROTECTIONS.items())

    alone = (arm(having({name}), f"only {name}", model) for name in PROTECTIONS)
    none, every = arm(having(()), "no protection", model), arm(having(PROTECTIONS), "all protections", model)
    return arm("", model=model), none, *alone, every
