"""Every rule matters: leaving any single one out lets something happen that did not before.

Leaving a rule out only adds runs, so only what was out of reach can change; and only the rules of a set that
already rules it out need be tried, since with that set kept it stays out of reach.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from model.design import Configuration
from model.protocols import rules
from model.switches import SWITCHES
from properties.verdict import check

RULES = rules()

#: The smallest set of guards that a first executable core needs, by the ids of the catalogue.
MINIMAL_GUARDS = (
    "PRM-3.3-exact-chal", "PRM-3.3-exact-wk",
    "ASM-3.3-match",
    "CIMD-4-self", "CIMD-4.2-redir", "CIMD-5-noredir", "CIMD-8.2-conf",
    "ISS-2.4-cmp", "MCP-iss-table",
    "PKCE-4.6-ver", "O21-2.3-redir", "DPOP-10-jkt",
    "RTR-3.3.3-match", "DPOP-5-downgrade",
    "JAT-4-iss", "JAT-4-sig", "JAT-4-aud", "DPOP-7.2-nobearer",
    "BIS-6-reuse", "BIS-6-optim",
)  # fmt: skip


def put_back(configuration: Configuration) -> Iterator[Configuration]:
    """The configurations in which one of the changed switches is back at its baseline."""
    for name in configuration.design.changes():
        design = configuration.design.but(**{name: SWITCHES[name].baseline})
        yield Configuration(design, configuration.capabilities)


def search(reach, questions, names):
    """For each of these rules that matters: a question whose answer changes without it."""
    found: dict[str, str] = {}
    for prop, configuration in questions:
        if len(found) == len(names):
            break
        if not reach.ask(prop, configuration, RULES):
            for name in sorted(reach.core & names - found.keys()):
                if reach(prop, configuration, without=(name,)):
                    found[name] = f"{prop.name} under {configuration}"
    return found


@pytest.mark.slow
def test_every_rule_matters_or_is_listed_with_a_reason(rows, near_misses, reach, exceptions):
    """Without any single rule some verdict flips; the rules for which none does are just those listed.

    Asked are the expected rows, the near misses, and both with any one switch put back.
    """
    own = [(row.prop, row.configuration) for row in rows if row.covered] + list(near_misses)
    beside = [(prop, nearby) for prop, configuration in own for nearby in put_back(configuration)]
    killed, survivors = search(reach, [*own, *beside], set(RULES)), exceptions["survivors"]
    assert survivors.keys() <= RULES.keys()
    assert all(reason.strip() for reason in survivors.values())
    unnoticed = sorted(RULES.keys() - killed.keys() - survivors.keys())
    assert not unnoticed, "these could be left out unnoticed"
    assert not {name: killed[name] for name in survivors.keys() & killed.keys()}, "these do matter"


@pytest.mark.slow
def test_listed_survivors_survive_in_every_design_under_every_attacker(designs_under_attack, reach, exceptions):
    """The same over the named designs under each capability."""
    assert not search(reach, designs_under_attack, set(exceptions["survivors"]))


@pytest.mark.parametrize("id_", MINIMAL_GUARDS)
def test_minimal_guards_are_rules_that_matter(id_, exceptions):
    """Each guard of the smallest core is carried by a rule, none of whose bearers is a survivor."""
    bearers = {name for name, rule in RULES.items() if id_ in rule.ids}
    assert bearers
    assert bearers - exceptions["survivors"].keys(), f"{id_} is carried by survivors alone: {bearers}"


@pytest.mark.slow
def test_rules_that_block_suffice_and_are_each_needed(rows, reach):
    """The rules a safe verdict names suffice, no smaller set does, and `alone` have no substitute."""
    safe = [row for row in rows if row.covered and not reach(row.prop, row.configuration)]
    looked_at = 0
    for row in random.Random(2).sample(safe, min(12, len(safe))):
        verdict = check(row.prop, row.configuration)
        blocked = set(verdict.blocked_by)
        assert blocked <= RULES.keys()
        assert not reach.within(row.prop, row.configuration, blocked), row.id
        for name in blocked:
            assert reach.within(row.prop, row.configuration, blocked - {name}), (row.id, name)
            assert reach(row.prop, row.configuration, without=(name,)) == (name in verdict.alone), (row.id, name)
        looked_at += len(blocked)
    assert looked_at >= 12
