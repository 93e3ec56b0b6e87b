"""Deployed software in a notebook: what clients and servers were seen to do, and what the model says of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from deployed.behaviour import Comparison, compare, measured
from deployed.explanation import age
from deployed.servers import authorization_servers
from model import scenario
from model.clients import clients, find
from model.conversation import STAGES, converse
from model.words import of_configuration, worded
from openworld.explore.asking import read
from openworld.explore.evidence import cell, head, table
from openworld.explore.views import Table
from openworld.tables.clients import ENDS, latest
from properties.security import find as find_property


def tried(name: str) -> int:
    """On how many clients, in their last version, a scenario was tried."""
    return sum(_named(name) in measured().get(client, {}) for client in latest())


def accepting(name: str) -> int:
    """How many of these went through with it."""
    found = (measured().get(client, {}).get(_named(name)) for client in latest())
    return sum(seen is not None and seen.stage == "A" for seen in found)


def seen(scenarios: Iterable[str]) -> Table:
    """Scenarios by how many clients, in their last version, were seen to end where; and which accepted."""
    rows = []
    for name in map(_named, scenarios):
        ended = {client: measured()[client][name].stage for client in latest() if name in measured()[client]}
        counts: Counter[str] = Counter(ended.values())
        accepting = ", ".join(client.partition("==")[0] for client, stage in ended.items() if stage == "A")
        refused = sum(counts[stage] for stage in "dat")
        rows.append((name.partition("_")[0], scenario.load(name).about, counts["A"], refused, counts["x"], accepting))
    return table(("scenario", "what is special", "accepted by", "refused by", "failed", "those that accepted"), rows)


def history(implementation: str, scenarios: Iterable[str]) -> Table:
    """The versions of one client by where they ended, in order."""
    names = list(map(_named, scenarios))
    versions = sorted((name for name in measured() if name.partition("==")[0] == implementation), key=age)
    rows = (
        (
            name.partition("==")[2],
            *(ENDS[measured()[name][each].stage] if each in measured()[name] else "not tried" for each in names),
        )
        for name in versions
    )
    return table(("version", *(scenario.load(each).about for each in names)), rows)


def source(client: str, scenarios: Iterable[str]) -> Table:
    """Where in the code of a client its behaviour was found."""
    found = measured()[client]
    rows = (
        (scenario.load(name).about, ENDS[found[name].stage], found[name].source)
        for name in map(_named, scenarios)
        if name in found
    )
    return table(("what is special", f"{client} ended", "where in its code"), rows)


@cache
def _comparisons() -> Mapping[str, tuple[Comparison, ...]]:
    return {name: compare(client.design, measured()[name]) for name, client in clients().items()}


def predicted() -> Table:
    """How much of what each client, in its last version, was seen to do the model says of it."""
    rows = []
    for name in (known for known in latest() if known in clients()):
        found = _comparisons()[name]
        ends = sum(one.end_predicted for one in found) / len(found)
        whole = sum(one.verdict == "predicted" for one in found) / len(found)
        design = of_configuration(
            ";".join(f"{switch}={value}" for switch, value in clients()[name].design.changes().items())
        )
        rows.append((name, len(found), f"{ends:.0%}", f"{whole:.0%}", design))
    head = ("client", "scenarios", "end predicted", "messages predicted", "as a design (what is not the default)")
    return table(head, rows)


def walked(client: str, name: str) -> Table:
    """Every decision of a client in a scenario, by the rules of the model.

    Raises:
        UnknownClientError, ScenarioError: naming the culprit and what is allowed.
    """
    found = converse(find(client).design, scenario.load(_named(name)))
    rows = [("✓" if one.holds else "✗", one.rule.requirement, one.about, one.rule.source) for one in found.decisions]
    rows.append(("→", STAGES[found.stage], "", ""))
    return table(("", "asked", "about", "source"), rows)


def consequences(questions: Mapping[str, str]) -> Table:
    """What the proofs say of each client, in its last version; ``questions`` are properties with attackers."""
    asked = [(find_property(name), read(text)) for name, text in questions.items()]
    rows = []
    for name in (known for known in latest() if known in clients()):
        design = clients()[name].design
        rows.append(
            (
                name,
                *(
                    cell(prop, replace(situation, design=design.but(**situation.design.changes())))
                    for prop, situation in asked
                ),
            )
        )
    return table(("client", *(head(prop, questions[prop.name]) for prop, _ in asked)), rows)


def servers(switches: Iterable[str]) -> Table:
    """What the measured authorization servers do: products by value of a switch, each product of the same weight."""
    rows = []
    for switch in switches:
        shares, count = _shares(switch)
        ordered = sorted(shares.items(), key=lambda item: -item[1])
        said = ((worded("value", f"{switch}={value}"), share) for value, share in ordered)
        rows += [(words, f"{round(share, 1):g} of {count}", switch) for words, share in said]
    return table(("what it does", "products", "switch"), rows)


def share(switch: str, value: str) -> float:
    """The share of the measured authorization servers that do so, each product of the same weight."""
    shares, count = _shares(switch)
    return shares[value] / count


@cache
def _shares(switch: str) -> tuple[Mapping[str, float], int]:
    """Products by value of a switch, and how many products there are."""
    known = [one for one in authorization_servers().values() if one.settings]
    weights = Counter(one.product for one in known)
    shares: defaultdict[str, float] = defaultdict(float)
    for one in known:
        shares[one.settings[switch]] += 1 / weights[one.product]
    return shares, len(weights)


def _named(name: str) -> str:
    """A scenario by its id (``R02``) or its whole name."""
    return next((known for known in scenario.names() if known.partition("_")[0] == name), name)


def designed(client: str) -> str:
    """What a client does that the baseline does not, as configurations write it."""
    return ";".join(f"{name}={value}" for name, value in find(client).design.changes().items())
