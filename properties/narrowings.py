"""What a *safe* rests on: powers that the attacker was not given, and worlds in which the question was not asked."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from model.design import Configuration, check_parties, parse_switches
from model.model import Model, oauth
from model.switches import BCP_ATTACKERS, CAPABILITIES, DEFAULT_ATTACKER, ConfigurationError
from model.world import ATTACKER
from model.world_file import DEFAULT, worlds
from properties.completion import FINISHING, standstill
from properties.reasons import out_of_hand
from properties.verdict import WorldChecker, check

if TYPE_CHECKING:
    from model.world import World
    from properties.checker import Checker
    from properties.security import Property
    from properties.verdict import Verdict

#: The capabilities by which something good for one use only is read on its way, so that it matters who is first.
_READS = frozenset({"code_leak", "req_leak", "state_leak", "token_leak", "proof_leak"})


def larger_worlds(model: Model = oauth()) -> tuple[World, ...]:
    """The worlds that ship with one more session of the user than the default one, at the same client and time."""
    return tuple(world for world in worlds(model).values() if world.has_sessions_at_once)


def check_widely(
    prop: Property, configuration: Configuration, timeout: float | None = None, checker: Checker | None = None
) -> Verdict:
    """A verdict; what is safe in the default world is asked in the larger ones as well, and an attack there is one.

    ``checker``: who has laid down worlds already, where many questions are asked.
    """
    found = checker.verdict(prop, configuration) if checker else check(prop, configuration, timeout=timeout)
    if found.result != "safe" or configuration.world or found.world.name != DEFAULT.name:
        return found
    elsewhere = []
    for world in larger_worlds(configuration.model):
        try:
            check_parties(configuration.design, world)
        except ConfigurationError:  # who has a switch of its own in the question is not there
            continue
        alone = (prop, configuration)
        asked = checker.about(*alone, world) if checker else WorldChecker(world, alone, timeout)
        answer = asked.result(prop, configuration)
        if answer == "attack":
            beyond = asked.verdict(prop, configuration)
            seconds = beyond.seconds + found.seconds
            return replace(beyond, reach=f"{beyond.reach}; in world {DEFAULT.name} it is safe", seconds=seconds)
        elsewhere.append((world.name, answer))
    return replace(found, elsewhere=tuple(elsewhere))


def narrowings(found: Verdict) -> tuple[str, ...]:
    """What a *safe* leaves open, each in a phrase; nothing of other answers."""
    if found.result != "safe":
        return ()
    asked = found.configuration
    forms = (f"no world holds that {each.form}" for each in omitted_forms() if each.touches(found.property, asked))
    return (
        *_withheld(asked),
        *out_of_hand(found.world, asked),
        *_too_late(asked),
        *_without_the_page(asked),
        *_one_session(found),
        *_one_approval(found.world),
        *_nowhere(found),
        *forms,
    )


@dataclass(frozen=True, slots=True)
class OmittedForm:
    """A form that no world holds, why, and which questions it touches (``properties/data/omitted.toml``)."""

    form: str
    why: str
    properties: frozenset[str]
    under: frozenset[str]
    design: Mapping[str, str]

    def touches(self, prop: Property, configuration: Configuration) -> bool:
        """Whether it could change the answer to a question."""
        return (
            (not self.properties or prop.name in self.properties)
            and (not self.under or not self.under.isdisjoint(configuration.capabilities))
            and all(value in _values(configuration, name) for name, value in self.design.items())
        )


@cache
def omitted_forms() -> tuple[OmittedForm, ...]:
    """The forms that are left out."""
    read = files("properties").joinpath("data", "omitted.toml").read_text(encoding="utf-8")
    return tuple(
        OmittedForm(
            each["form"],
            each["why"],
            frozenset(each.get("property", ())),
            frozenset(each.get("under", ())),
            parse_switches(each.get("design", "")),
        )
        for each in tomllib.loads(read)["form"]
    )


def _withheld(configuration: Configuration) -> Iterator[str]:
    """The powers of the attacker that RFC 9700 counts on always, which it was not given."""
    usual = BCP_ATTACKERS[DEFAULT_ATTACKER]
    lacking = [name for name in CAPABILITIES if name in usual.capabilities - configuration.capabilities]
    if lacking:
        yield f"the attacker lacks {'+'.join(lacking)}, which {usual.number} of RFC 9700 3 has"


def _too_late(configuration: Configuration) -> Iterator[str]:
    """That an attacker who reads something good for one use is never first with it."""
    if configuration.design.block == "no" and configuration.capabilities & _READS:
        yield "it never holds back or outruns what it reads (block=no)"
        if "no" not in _values(configuration, "request_uri_once") and _values(configuration, "par") != {"off"}:
            yield "a pushed request is used once (request_uri_once=yes)"


def _without_the_page(configuration: Configuration) -> Iterator[str]:
    """That a script in a page of a client's does nothing there, where it could."""
    if configuration.design.script_calls == "no" and "client_script" in configuration.capabilities:
        yield "a script in a page of the client's only carries off what it reads (script_calls=no)"


def _nowhere(found: Verdict) -> Iterator[str]:
    """That honest parties do not finish either where the question is asked, although they do elsewhere."""
    use = found.property.use
    stuck = standstill(found.world, found.configuration.design, use)
    if stuck is not None:
        switches, rules = " and ".join(stuck.switches), "; ".join(stuck.refused_by)
        yield f"{FINISHING[use][1]} either: {switches} leave no honest run (refused by {rules})"


def _values(configuration: Configuration, name: str) -> set[str]:
    """The values that a switch has, for everybody or for a party."""
    own = (value for (_, switch), value in configuration.design.parties.items() if switch == name)
    return {configuration.design[name], *own}


def _one_session(found: Verdict) -> Iterator[str]:
    """How many sessions the user has at once, and what came out where there is one more."""
    if found.world.has_sessions_at_once:
        yield "the user has two sessions at once"
    elif found.elsewhere:
        said = ", ".join(f"{answer.replace('_', ' ')} in world {world}" for world, answer in found.elsewhere)
        yield f"the user has one session at a client at a time; with two it is {said}"
    else:
        alike = (world for world in larger_worlds(found.world.model) if world.protocols == found.world.protocols)
        known = " and ".join(f"world={world.name}" for world in alike)
        beside = f"; two were not asked about ({known} have them)" if known else ""
        yield f"the user has one session at a client at a time{beside}"


def _approvals(world: World) -> int:
    """How many requests a user approves at one AS, at most."""
    each = Counter((grant.user, grant.server) for grant in world.grants if grant.user != ATTACKER)
    return max(each.values(), default=0)


def _one_approval(world: World) -> Iterator[str]:
    """That no user approves a second request at an AS, after what was read of the first."""
    if _approvals(world) == 1:
        each = worlds(world.model).values()
        apart = (one for one in each if _approvals(one) > 1 and not any(session.after for session in one.sessions))
        known = " and ".join(f"world={one.name}" for one in apart if one.protocols == world.protocols)
        beside = f"; more were not asked about ({known} have them)" if known else ""
        yield f"a user approves one request at an AS{beside}"
