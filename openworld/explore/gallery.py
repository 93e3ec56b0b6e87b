"""The gallery of attacks: for each of the catalogue, a question that the model answers with a run."""

import builtins
from dataclasses import dataclass
from functools import cache

from model.design import Configuration
from model.words import of_configuration, worded
from openworld.explore.asking import ask, result
from openworld.explore.evidence import gained, table, turning
from openworld.explore.views import Table, VerdictView
from properties.named_attacks import NamedAttack, attack, attacks
from properties.security import Property


@dataclass(frozen=True, slots=True)
class AttackAtWork:
    """An attack of the catalogue at work: what it violates, and under which design and attacker."""

    attack: NamedAttack
    property: Property
    configuration: Configuration

    @builtins.property
    def title(self) -> str:
        """The name of the attack with its id."""
        return f"{self.attack.id} {self.attack.name}"

    def answer(self) -> VerdictView:
        """The shortest run."""
        return VerdictView(ask(self.property, self.configuration))

    def gained(self) -> Table:
        """What the attacker gains, step by step."""
        return gained(ask(self.property, self.configuration).trace)

    def stopped(self) -> Table:
        """Every single switch that stops it."""
        return turning(self.property.name, str(self.configuration))

    def expected(self) -> Table:
        """What the catalogue expects of designs and why, beside what the model answers."""
        rows = (
            (
                row.id,
                worded("property", row.property.name),
                of_configuration(str(row.configuration)),
                row.expected,
                result(row.property, row.configuration),
                row.why,
                row.source,
            )
            for row in self.attack.expectations
        )
        return table(("row", "property", "asked where", "expected", "model", "why", "source"), rows)


@cache
def at_work(name: str) -> AttackAtWork:
    """The simplest question about an attack that the model answers with a run.

    Raises:
        UnknownAttackError: an attack that is not in the catalogue.
        LookupError: the model has no run of it.
    """
    asked = attack(name)
    open_ones = [question for question in asked.seen if result(*question) == "attack"]
    if not open_ones:
        raise LookupError(f"the model has no run of {name}")
    return AttackAtWork(asked, *min(open_ones, key=lambda question: str(question[1]).count("=")))


def catalogue() -> Table:
    """Every attack: what it violates and where it is seen, and how many designs of the catalogue are open to it."""
    rows = []
    for each in attacks().values():
        shown = at_work(each.id)
        found = [result(row.property, row.configuration) for row in each.expectations]
        harm, where = worded("harm", shown.property.name), of_configuration(str(shown.configuration))
        rows.append((each.id, each.name, each.part, harm, where, f"{found.count('attack')} of {len(found)}"))
    return table(("id", "attack", "part of the flow", "harm", "seen where", "designs open to it"), rows)
