"""What each party holds and believes after each step of a run, in words.

The words are those of the state variables, which say what each is about; values are said as charts say them.
"""

from itertools import pairwise
from typing import NamedTuple

from model.cast import Cast
from model.logic import Decided
from model.machine import Machine
from model.state import Variable
from model.trace import Trace
from model.value_words import Words, host, owner, whose
from model.world import ATTACKER

#: Kinds of terms that a variable of a session or grant, or a fact, may be about; all else is said as it stands.
_TERMS = (
    "code", "token", "refresh", "challenge", "verifier", "state", "proof", "secret", "assertion", "grant",
    "request_uri",
)  # fmt: skip
#: What facts begin with that are about the attacker.
_ATTACKERS = ("knows", "holds", "has")


class Possession(NamedTuple):
    """Something that a party holds or believes: what it is, its value in words, and whether this step changed it."""

    what: str
    value: str
    new: bool


def holdings(trace: Trace) -> list[dict[str, list[Possession]]]:
    """Return by party, for each step, what it holds after it that it did not hold before the run.

    Raises:
        NotEnabledError: the machine does not follow the run.
    """
    machine, states = Machine(trace.configuration, trace.world), trace.states()
    found = []
    for before, state in pairwise(states):
        context = machine.context(machine.view(state))
        words, cast = Words(context), Cast(context)
        parties: dict[str, list[Possession]] = {}
        for variable, was, value in zip(machine.variables, before, state, strict=True):
            if value != variable.initial:
                held = Possession(variable.meaning, _value(variable, value, words), value != was)
                parties.setdefault(_party(variable, cast), []).append(held)
        # The attacker stands last: what it knows is what all else comes to.
        found.append(dict(sorted(parties.items(), key=lambda each: each[0] == ATTACKER)))
    return found


def _party(variable: Variable, cast: Cast) -> str:
    """Who holds it, in words."""
    world, (first, _, rest) = cast.world, variable.name.partition(".")
    prefix = variable.name.rpartition(".")[0].removesuffix("+")
    if first in world.session:
        whose_session = owner(world, first)
        client = cast.participant(world.session[first].client, "").name
        return f"{client}, in the attacker's session" if whose_session == ATTACKER else f"{client}, in {whose_session}"
    grants = {grant.name: grant for grant in world.grants}
    if prefix in grants:
        grant = grants[prefix]
        same = [each.name for each in world.grants if (each.server, each.user) == (grant.server, grant.user)]
        number = f" {same.index(grant.name) + 1}" if len(same) > 1 else ""
        server = world.by_name[grant.server]
        return (
            f"{cast.participant(server.name, '').name} ({host(server.url)}), about {whose(grant.user)} approval{number}"
        )
    if first in world.by_name:
        return cast.participant(first, "").name
    if first in _ATTACKERS:
        return ATTACKER
    at = rest.rpartition("@")[2]
    return cast.participant(at, "").name if at in world.by_name else "what honest parties have done"


def _value(variable: Variable, value: Decided, words: Words) -> str:
    """A value in words; empty for a fact that its meaning says in full."""
    kind, _, name = variable.name.partition(".")
    if variable.fact:
        if kind in (*_ATTACKERS, "served", "replayed", "told", "ended", "late"):
            term, _, of = name.partition(".")
            return (
                words.term(term, of) if term in _TERMS and of else words.term("token", name) if "." not in name else ""
            )
        return ""
    if name in _TERMS and isinstance(value, str) and value in {*words.world.session, *words.world.issued}:
        return words.term(name, value)
    said = words.public(value)
    return {"true": "yes", "false": "no"}.get(said, said if "://" in said else said.replace("_", " "))
