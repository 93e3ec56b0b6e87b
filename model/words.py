"""Words for the names of the model: what figures, pages and notebooks show in the place of a code.

One table, ``data/words.csv``, has a short phrase for each value of each switch, each property (as it holds, and as a
harm where it does not), attacker, design, draft, deployment, mechanism and ending of an attempt; what a rule asks for,
its docstring says. Whatever has no words, as what somebody else has named, is shown by its name.
"""

import csv
from functools import cache
from pathlib import Path

from model.model import Model, oauth
from model.protocols import rules

_FILE = Path(__file__).parent / "data" / "words.csv"


@cache
def words() -> dict[tuple[str, str], str]:
    """The words of each kind and name."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {(line["kind"], line["name"]): line["words"] for line in csv.DictReader(file)}


def worded(kind: str, name: str, model: Model = oauth()) -> str:
    """Words for a name of some kind.

    >>> worded("attacker", "mal_as")
    'runs an authorization server'
    >>> worded("attacker", "somebody")
    'somebody'
    """
    return model.words.get((kind, name)) or words().get((kind, name), name)


def of_configuration(text: str, model: Model = oauth()) -> str:
    """Words for what a configuration sets, in its order.

    >>> of_configuration("pkce=off;h_iss=no")
    'no PKCE, AS sends no iss'
    """
    return ", ".join(_of_pair(pair, model) for pair in text.split(";"))


def with_code(text: str, model: Model = oauth()) -> str:
    """The same, and after it the configuration itself; what has no words by its name alone.

    >>> with_code("pkce=off")
    'no PKCE (pkce=off)'
    """
    said = of_configuration(text, model)
    return text if said == text else f"{said} ({text})"


def _of_pair(pair: str, model: Model) -> str:
    key, equals, value = pair.partition("=")
    if not equals:
        return pair
    if key == "cap":
        return " and ".join(_of_capability(name, model) for name in value.split("+"))
    if key == "design":
        return worded("design", value, model)
    if key == "draft":
        return " and ".join(worded("draft", name, model) for name in value.split("+"))
    if key == "by":
        return f"by {' and '.join(f'{role}s' for role in value.replace('_', ' ').split('+'))} alone"
    party, _, switch = key.rpartition(":")
    said = worded("value", f"{switch}={value}", model)
    return f"{party}: {said}" if party else said


def _of_capability(name: str, model: Model) -> str:
    """A capability is called as the attacker that has nothing else; what none has alone, by its meaning."""
    said = worded("attacker", name, model)
    return said if name == "none" else model.capabilities.get(name, name) if said == name else f"attacker {said}"


def of_rule(name: str, model: Model = oauth()) -> str:
    """What a rule asks for, in words, without the marks of code that its docstring has."""
    if name not in rules(model):
        return worded("ending", name)
    return f"“{rules(model)[name].requirement.removesuffix('.').replace('`', '')}”"
