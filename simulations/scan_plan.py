"""What a scan has to record for a population to be counted: a row for each statement that is not.

What was counted of products has a row too: how many run each nobody knows.
"""

from collections.abc import Iterator

from model.switches import Switch
from simulations.population import NUMBERS, TRAITS, Population, Stated
from simulations.population_schema import SEEN, Quantity

COLUMNS = ("statement", "rests_on", "stated", "request", "record", "answers", "of")
#: Where a switch is seen: in the document whose specification has it, or else in what the party that decides it does.
_DOCUMENTS = {"9728": "resource metadata", "8414": "server metadata"}
_PARTIES = {"client": "client", "authorization_server": "token", "resource_server": "call"}


def plan(met: Population) -> Iterator[dict[str, str]]:
    """The rows of the plan, in :data:`COLUMNS`; what follows from other statements is left out."""
    for row in met.stated():
        seen = list(dict.fromkeys(_seen(row, met)))
        known = row.provenance
        if seen and (known.kind != "counted" or known.things):
            every = ", each year" if row.kind == "adoption" else ""
            yield {
                "statement": f"{row.kind}.{row.name}",
                "rests_on": f"{known.kind} {known.things}".rstrip(),
                "stated": row.text,
                "request": "; ".join(SEEN[each].request for each in seen),
                "record": row.meaning,
                "answers": _answers(row, met),
                "of": "; ".join(SEEN[each].of for each in seen) + every,
            }


def _seen(row: Stated, met: Population) -> Iterator[str]:
    """Where a statement is seen, as names of :data:`SEEN`."""
    if row.kind == "numbers":
        yield NUMBERS[row.name].seen
    elif row.kind == "traits":
        yield TRAITS[row.name].seen
    else:
        yield from map(_seen_switch, _switches(row, met))


def _seen_switch(switch: Switch) -> str:
    of_document = (seen for number, seen in _DOCUMENTS.items() if number in switch.source)
    return next(of_document, _PARTIES.get(switch.owner, "log"))


def _switches(row: Stated, met: Population) -> list[Switch]:
    """The switches that a factor, a curve, or two factors that are met together decide."""
    names = {row.name}
    if row.kind == "together":
        names = {name for each in met.together if each.name == row.name for name, _ in each.of}
    factors = [*met.factors, *([met.clients] if met.clients else [])]
    decided = {name for each in factors if each.name in names for kind in each.refined for name, _ in kind.settings}
    return [switch for name, switch in met.model.switches.items() if name in decided | names]


def _answers(row: Stated, met: Population) -> str:
    """What is told apart: a number within bounds, the values of a switch, or whether something is so."""
    if row.kind == "numbers":
        return _range(NUMBERS[row.name])
    if row.kind == "traits":
        return ", ".join(TRAITS[row.name].values)
    if row.kind == "together":
        return "yes, no"
    return "; ".join(f"{switch.name}: {', '.join(switch.values)}" for switch in _switches(row, met))


def _range(quantity: Quantity) -> str:
    return f"{quantity.least:g} " + ("or more" if quantity.most is None else f"to {quantity.most:g}")
