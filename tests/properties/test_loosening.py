"""Every comparison in the rules matters: loosened, it lets some attack through that is excluded as it stands."""

from importlib import import_module

import pytest
from mutants import mutants

from model import authorization_server, client, registration, resource_server
from model.aauth import agent, person_server
from model.protocols import PROTOCOLS
from properties.checker import Checker
from properties.engine import Answer
from properties.minisat import MiniSat
from properties.verdict import WorldChecker

MODULES = (client, authorization_server, resource_server, registration, agent, person_server)
#: Steps compare identifiers where proofs that the attacker has are told apart by the URL that they are for.
STEPS = [import_module(name) for protocol in PROTOCOLS.values() for name in protocol.modules]
#: Who an honest client is, the properties ask in the same words.
NO_COMPARISONS = ("is_known",)
FOUND = (*mutants(*MODULES), *(mutant for mutant in mutants(*STEPS) if mutant.change.startswith("exact")))
MUTANTS = {str(mutant): mutant for mutant in FOUND if mutant.function not in NO_COMPARISONS}
#: Those that are tried each time; `make slow` tries all of them.
OFTEN = list(MUTANTS)[::3]


def happens(prop, configuration):
    """Whether an event happens, asked where nothing is remembered of other rules."""
    alone = WorldChecker(prop.world_of(configuration), (prop, configuration), solver=MiniSat)
    return alone.happens(prop, configuration).answer


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "name", [name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow) for name in MUTANTS]
)
def test_no_comparison_can_be_loosened_unnoticed(name, witnesses, exceptions, reach):
    """Each mutant makes an attack of what is excluded, or is listed with the reason why it does not."""
    if name in exceptions["loosened"]:
        assert exceptions["loosened"][name].strip()
        return
    assert name in witnesses["loosened"], "it could be loosened unnoticed"
    prop, configuration = witnesses["loosened"][name]
    assert not reach(prop, configuration)
    with MUTANTS[name].installed():
        assert happens(prop, configuration) is Answer.SAT


def test_what_is_listed_of_loosened_comparisons_exists(witnesses, exceptions):
    """Each comparison is listed once, as noticed or not."""
    noticed, unnoticed = witnesses["loosened"].keys(), exceptions["loosened"].keys()
    assert noticed | unnoticed == MUTANTS.keys()
    assert not noticed & unnoticed


@pytest.mark.slow
def test_comparisons_listed_as_unnoticed_are(rows, near_misses, witnesses, reach, exceptions):
    """No question that is asked anywhere is answered otherwise where one of them is loosened."""
    asked = [(row.prop, row.configuration) for row in rows if row.covered] + list(near_misses)
    asked += [question for of_kind in witnesses.values() for question in of_kind.values()]
    safe = [question for question in asked if not reach(*question)]
    for name in exceptions["loosened"]:
        with MUTANTS[name].installed():
            checker = Checker()
            changed = [
                (prop.code, str(configuration))
                for prop, configuration in safe
                if checker.about(prop, configuration).happens(prop, configuration).answer is not Answer.UNSAT
            ]
        assert not changed, (name, changed[:3])
