"""Words for the names of the model: what figures, pages and notebooks show in the place of a code.

One table, ``data/words.csv``, has a short phrase for each value of each switch, each property (as it holds, and as a
harm where it does not), attacker, design, deployment, mechanism and ending of an attempt; what a rule asks for, its
docstring says. Whatever has no words, as what somebody else has named, is shown by its name.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from model.protocols import rules
from model.switches import CAPABILITIES

#: Words for what drafts of one's own add, by kind and name (:mod:`model.extension`).
ADDED: dict[tuple[str, str], str] = {}
_FILE = Path(__file__).parent / "data" / "words.csv"


@cache
def words() -> dict[tuple[str, str], str]:
    """The words of each kind and name."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {(line["kind"], line["name"]): line["words"] for line in csv.DictReader(file)}


def worded(kind: str, name: str) -> str:
    """Words for a name of some kind.

    >>> worded("attacker", "mal_as")
    'runs an authorization server'
    >>> worded("attacker", "somebody")
    'somebody'
    """
    return ADDED.get((kind, name)) or words().get((kind, name), name)


def of_configuration(text: str) -> str:
    """Words for what a configuration sets, in its order.

    >>> of_configuration("pkce=off;h_iss=no")
    'no PKCE, AS sends no iss'
    """
    return ", ".join(map(_of_pair, text.split(";")))


def with_code(text: str) -> str:
    """The same, and after it the configuration itself; what has no words by its name alone.

    >>> with_code("pkce=off")
    'no PKCE (pkce=off)'
    """
    said = of_configuration(text)
    return text if said == text else f"{said} ({text})"


def _of_pair(pair: str) -> str:
    key, equals, value = pair.partition("=")
    if not equals:
        return pair
    if key == "cap":
        return " and ".join(map(_of_capability, value.split("+")))
    if key == "design":
        return worded("design", value)
    party, _, switch = key.rpartition(":")
    said = worded("value", f"{switch}={value}")
    return f"{party}: {said}" if party else said


def _of_capability(name: str) -> str:
    """A capability is called as the attacker that has nothing else; what none has alone, by its meaning."""
    said = worded("attacker", name)
    return said if name == "none" else CAPABILITIES.get(name, name) if said == name else f"attacker {said}"


def of_rule(name: str) -> str:
    """What a rule asks for, in words, without the marks of code that its docstring has."""
    if name not in rules():
        return worded("ending", name)
    return f"“{rules()[name].requirement.removesuffix('.').replace('`', '')}”"
