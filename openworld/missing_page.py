"""The checks that a deployed client lacks, as a page in Markdown and as data."""

from collections.abc import Iterator, Mapping
from typing import Any

from deployed.missing import ENVIRONMENTS, Lacking, Missing, Opening, binding
from model.clients import DeployedClient
from model.words import worded
from openworld.show import command
from properties.designs import BEFOREHAND


def lines(client: DeployedClient, found: Lacking) -> Iterator[str]:
    """A page in Markdown: what a maintainer reads first is first."""
    closed = len({one for each in found.missing for one in each.opens})
    yield from (f"# {client.name}: the checks that it lacks", "")
    yield (
        "By the model, of the design that was fitted to this client. "
        f"Of {closed + len(found.left)} ways in (a property that breaks, by the weakest attacker, among servers that "
        f"are kind or as products are) {closed} are closed by one check that the client could make by itself; "
        f"{len(found.missing)} such checks are missing."
    )
    for number, one in enumerate(found.missing, 1):
        yield from ("", f"## {number}. {worded('mechanism', one.mechanism)}: closes {len(one.opens)}", "")
        if one.rule is not None:
            yield f"* **What it asks**: {one.rule.requirement}"
        yield f"* **Asked for by**: {'; '.join(binding(one.levels)) or 'no text that the catalogue has'}"
        yield f"* **Smallest fix**: `{one.fix[0]}={one.fix[1]}`{_costs(one.usable)}"
        if one.mechanism in BEFOREHAND:
            yield "* **What it costs**: only who was vouched for beforehand is met, so that no open world is left"
        yield f"* **See it**: `{_drawn(one)}`"
        yield from ("* **What gets in without it**", *(f"  * {said}" for said in _opened(one.opens)))
    if found.left:
        yield from ("", "## What none of its own checks closes alone", "")
        yield from (f"* {said}" for said in _opened(found.left))


def _opened(openings: tuple[Opening, ...]) -> list[str]:
    """What breaks, attacker by attacker and environment by environment."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for prop, attacker in dict.fromkeys((one.property, one.attacker) for one in openings):
        where = tuple(each for each in ENVIRONMENTS if Opening(prop, attacker, each) in openings)
        groups.setdefault((attacker, where), []).append(worded("harm", prop))
    return [
        f"somebody who {worded('attacker', attacker)}{_where(where)}: {', '.join(broken)}"
        for (attacker, where), broken in groups.items()
    ]


def _where(environments: tuple[str, ...]) -> str:
    return "" if environments == ENVIRONMENTS else f" ({worded('deployment', environments[0])})"


def _costs(usable: Mapping[str, bool]) -> str:
    lost = [worded("deployment", each) for each, reached in usable.items() if not reached]
    return f"; with it no unknown resource can be used here: {', '.join(lost)}" if lost else ""


def as_data(client: DeployedClient, found: Lacking) -> dict[str, Any]:
    """The same as data."""
    return {
        "client": client.name,
        "missing": [
            {
                "mechanism": one.mechanism,
                "fix": "=".join(one.fix),
                "rule": one.rule.name if one.rule else None,
                "levels": [" ".join(level) for level in one.levels],
                "opens": [each._asdict() for each in one.opens],
                "usable": dict(one.usable),
                "command": _drawn(one),
            }
            for one in found.missing
        ],
        "left": [one._asdict() for one in found.left],
    }


def _drawn(one: Missing) -> str:
    """The command that draws the first attack."""
    return command("trace", one.opens[0].property, one.configuration)
