"""The runs that verdicts are about, as the page shows them: each distinct one once, with the cells it stands for."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from model.chart import Chart, chart
from model.words import worded
from openworld.blame import NOBODY
from openworld.show import ending
from openworld.tables.table import Rows, Study
from properties.security import every_property


@dataclass(slots=True)
class Attack:
    """A run that violates a property, and all the cells of the matrix that it stands for.

    Those are the same in which the same parties send each other the same messages, whatever is in them by the design.
    Its address is that of the first of them; it answers to those of the others as well, so that an address means the
    same attack after a new run. ``same`` is the address of one that violates another property by the same messages.
    """

    id: str
    code: str
    about: str
    meaning: str
    steps: int
    chart: Chart
    cells: list[dict[str, Any]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    same: str = ""

    @property
    def designs(self) -> list[str]:
        """Designs under which it happens."""
        return list(dict.fromkeys(str(cell["design"]) for cell in self.cells))

    @property
    def attackers(self) -> list[str]:
        """Attackers that can do it."""
        return list(dict.fromkeys(str(cell["attacker"]) for cell in self.cells))

    @property
    def by(self) -> str:
        """Who can do it, in words."""
        able = [worded("attacker", who) for who in self.attackers if who != NOBODY]
        said = [worded("attacker", NOBODY)] * (NOBODY in self.attackers)
        return ", or ".join([*said, *([f"the attacker {', or '.join(able)}"] if able else [])])


def attacks(study: Study, table: Rows) -> tuple[list[Attack], dict[str, str]]:
    """Distinct runs, each with the cells it stands for; and where the chart of each row is on the page."""
    found: dict[Any, Attack] = {}
    links: dict[str, str] = {}
    sent: dict[Any, str] = {}
    known = every_property(study.model)
    order = {name: place for place, name in enumerate(known)}
    rows = [row for row in table if row["chart"] in study.traces]
    for row in sorted(rows, key=lambda row: order.get(str(row["property"]), len(order))):
        trace = study.traces[row["chart"]]
        drawn = chart(trace, ending(known[trace.shows]) if trace.shows in known else None)
        told = tuple((one.step, one.sender, one.receiver, one.label, one.session) for one in drawn.sent)
        key, address = (row["property"], told), f"run-{PurePosixPath(row['chart']).stem}"
        if key not in found:
            name = str(row["property"])
            meaning = known[name].meaning if name in known else ""
            found[key] = Attack(address, str(row["code"]), name, meaning, len(trace.steps), drawn)
            found[key].same = sent.get(told, "")
            sent.setdefault(told, address)
        elif address not in (found[key].id, *found[key].others):
            found[key].others.append(address)
        found[key].cells.append(row)
        links[row["chart"]] = found[key].id
    return list(found.values()), links
