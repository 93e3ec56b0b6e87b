"""The first screen: what was asked, what came out, and where who looks first. All of it is counted in the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from model.words import worded
from openworld.blame import NOBODY
from openworld.report.reading import Study

#: Classes of cells that say how far a guarantee of a design reaches (:mod:`openworld.report.environments`).
_KEPT, _CONDITIONAL, _BROKEN = "safe", "some", "attack"


def asked(study: Study) -> str:
    """What was asked, in a sentence; nothing where nothing was."""
    if not study.verdicts:
        return ""
    designs, attackers, properties = (
        len({str(row[name]) for row in study.verdicts}) for name in ("design", "attacker", "property")
    )
    others = f"{attackers - 1} attacker{'s'[: attackers != 2]}"
    return (
        f"A formal model was asked {len(study.verdicts):,} questions about OAuth among strangers: do {properties} "
        f"properties hold under {designs} designs, against {others} and with nobody dishonest?"
    )


def found(designs: list[dict[str, Any]], environments: list[dict[str, Any]]) -> Iterator[str]:
    """What came out of it, in sentences."""
    looks = Counter(cell["look"] for line in environments for cell in line["cells"].values())
    if looks:
        rest = looks.total() - looks[_KEPT] - looks[_CONDITIONAL] - looks[_BROKEN]
        left = f"; of the other {rest} nothing there could break one, or it was not decided" if rest else ""
        yield (
            f"Of {looks.total()} guarantees, each of one property under one design, {looks[_KEPT]} are kept whatever "
            f"honest others do, {looks[_CONDITIONAL]} only under assumptions about others that no design can make true "
            f"by itself, and {looks[_BROKEN]} are broken however kind others are{left}."
        )
    ranked = sorted(designs, key=lambda design: design["violated"])
    if len(ranked) > 1:
        best, worst = ranked[0], ranked[-1]
        yield (
            f"Fewest attacks has {worded('design', best['name'])} ({best['violated']} of {best['judged']} verdicts), "
            f"most {worded('design', worst['name'])} ({worst['violated']} of {worst['judged']})."
        )


def against(study: Study, designs: list[dict[str, Any]]) -> Iterator[str]:
    """Whom all designs hold against, and whom none does."""
    attackers = dict.fromkeys(str(row["attacker"]) for row in study.verdicts if row["attacker"] != NOBODY)
    firm = {who: sum(who in design["firm"] for design in designs) for who in attackers}
    sides = ((0, "No design holds against an attacker who"), (len(designs), "Every design holds against one who"))
    for number, said in sides:
        named = [worded("attacker", who) for who, holding in firm.items() if holding == number]
        if named and designs:
            yield f"{said} {', or '.join(named)}."
