"""Every comparison in the rules matters: loosened, it lets some attack through that a committed verdict excludes."""

from __future__ import annotations

import pytest
from loosening import mutants

from model import authorization_server, client, resource_server
from model.aauth import agent, person_server
from model.protocols import rules

MODULES = (client, authorization_server, resource_server, agent, person_server)
MUTANTS = {str(mutant): mutant for mutant in mutants(*MODULES)}


def flips(mutant, questions, reach):
    """The first question that the mutant answers otherwise."""
    with mutant.installed():
        for prop, configuration in questions:
            if reach.ask(prop, configuration, rules()):
                return f"{prop.code} {configuration}"
    return None


@pytest.fixture(scope="module")
def safe(rows, near_misses, reach):
    """Questions that are answered with safe because of rules."""
    own = [(row.prop, row.configuration) for row in rows if row.covered] + list(near_misses)
    return [
        (prop, configuration)
        for prop, configuration in own
        if prop.kind == "security" and not reach.ask(prop, configuration, rules()) and reach.core
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_no_comparison_can_be_loosened_unnoticed(name, safe, reach, exceptions):
    """Each mutant makes an attack of a verdict that is safe, or is listed with the reason why it does not."""
    flipped = flips(MUTANTS[name], safe, type(reach)())
    reason = exceptions["loosened"].get(name)
    assert (flipped is None) == (reason is not None), flipped or "it could be loosened unnoticed"
