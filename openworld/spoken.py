"""Questions as people and assistants say them: by codes, by names, or in the words that figures and pages show."""

from collections.abc import Iterable, Iterator

from model.drafts import TEXTS
from model.model import Model, oauth
from model.switches import BCP_ATTACKERS, ROLES, attacker_named
from model.words import worded, words
from model.world_file import WORLDS
from properties.attackers import every_attacker
from properties.security import every_property


def prop(said: str, model: Model = oauth()) -> str:
    """Return the name of a property that is said in words; of all else what was said.

    >>> prop("Code reaches its client only"), prop("code delivery"), prop("CD")
    ('code_delivery', 'code_delivery', 'CD')
    """
    every = {_folded(way): name for name in every_property(model) for way in (name, worded("property", name, model))}
    return every.get(_folded(said), said)


def configuration(parts: Iterable[str], model: Model = oauth()) -> str:
    """Return a configuration as ``key=value;...`` from parts with ``;`` or blanks between them.

    A part without ``=`` is an attacker or a named design, or says one of these or the value of a switch in words. What
    is none of them is left as it is: the reader of the configuration names it as an error.

    >>> configuration(["mal_as", "pkce=off"])
    'cap=mal_as;pkce=off'
    >>> configuration(["mcp mal_as; AS sends no iss"])
    'design=mcp;cap=mal_as;h_iss=no'
    """
    phrases = {_folded(said): pair for said, pair in _phrases(model)}
    each = (part.strip() for given in parts for part in given.split(";"))
    return ";".join(pair for part in each if part for pair in _pairs(part, phrases, model))


def _pairs(part: str, phrases: dict[str, str], model: Model) -> list[str]:
    whole = phrases.get(_folded(part), _pair(part, model))
    pairs = [_pair(each, model) for each in part.split()]
    return pairs if "=" not in whole or (whole == part and all("=" in each for each in pairs)) else [whole]


def _pair(part: str, model: Model) -> str:
    if "=" not in part and all(attacker_named(each, model.capabilities) or each == "none" for each in part.split("+")):
        return f"cap={part}"
    return f"design={part}" if part in model.designs else part


def _phrases(model: Model) -> Iterator[tuple[str, str]]:
    """What names are called in words, each with what says it in a configuration."""
    attackers = every_attacker(model)
    for (kind, name), said in {**words(), **model.words}.items():
        if kind == "value":
            yield said, name
        elif kind == "design":
            yield said, f"design={name}"
        elif kind == "attacker":
            yield said, f"cap={attackers[name].capabilities if name in attackers else name}"


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())


def ends(model: Model, key: str, equals: str = "", value: str = "") -> list[tuple[str, str]]:
    """How a part of a configuration can end that has begun so, each with its meaning."""
    party, colon, name = key.rpartition(":")
    if not equals:
        keys = [(f"{party}{colon}{switch.name}=", switch.meaning) for switch in model.switches.values()]
        others = ("cap=", "the attacker"), ("design=", "to start from"), ("world=", "to ask in")
        return [*keys, *others, ("draft=", "what a text asks of each role"), ("by=", "the roles that alone adopt it")]
    if name in model.switches:
        return [(f"{key}={each}", worded("value", f"{name}={each}", model)) for each in model.switches[name].values]
    if key == "cap":
        listed, plus, _ = value.rpartition("+")
        known = {**model.capabilities, **{name: f"{one.number}: {one.meaning}" for name, one in BCP_ATTACKERS.items()}}
        return [(f"cap={listed}{plus}{each}", meaning) for each, meaning in known.items()]
    named = {
        "design": {each: note for each, (note, _) in model.notes.items()},
        "world": {each: world.concern for each, world in WORLDS.items()},
        "draft": {each: text.meaning for each, text in TEXTS.items()},
        "by": dict.fromkeys(ROLES, "adopt alone"),
    }
    return [(f"{key}={each}", meaning) for each, meaning in named.get(key, {}).items()]
