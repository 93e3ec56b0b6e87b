"""Fitting: a design that is not known is found again from what it does."""

import random
import tomllib

import pytest

from deployed import fitting
from deployed.behaviour import Observed, compare, everything, measured, mutated
from deployed.fitting import as_toml, fit, refine, refit
from model import scenario
from model.clients import find
from model.conversation import converse
from model.design import Design
from model.switches import SWITCHES


def watched(design):
    """What a client of a design is seen to do in every fourth scenario."""
    seen = {}
    for told in scenario.load_all()[::4]:
        ended = converse(design, told)
        seen[told.name] = Observed(ended.stage, ended.sent)
    return seen


@pytest.mark.parametrize(
    ("seed", "changed"), [(3, 2), *(pytest.param(more, 4, marks=pytest.mark.slow) for more in range(6))]
)
def test_a_stranger_is_explained(seed, changed):
    """A client that differs from a known one in a few switches is explained in full, starting from that one."""
    rng = random.Random(seed)
    known = find(rng.choice(["mcp-python==2.3.0", "ts-client-v2==2.4.0", "codex-cli==0.169.0"])).design
    names = rng.sample([name for name, switch in SWITCHES.items() if switch.kind == "conduct"], changed)
    hidden = known.but(**{name: rng.choice(SWITCHES[name].values) for name in names})
    found = fit(watched(hidden), [known])
    assert found.messages == tuple(watched(hidden))
    assert all(one.verdict == "predicted" for one in compare(found.design, watched(hidden)))


def test_what_nothing_was_seen_of_stays_where_it_was():
    """Switches that the observations say nothing about stay at the baseline, or as in a design known to be near."""
    seen = {name: measured()["mcp-python==2.3.0"][name] for name in ("M01_iss_ok", "M06_state_wrong")}
    assert fit(seen).design == Design()
    near = find("gemini-cli-core").design
    found = fit(seen, near=near).design
    assert found.iss_check == near.iss_check == "require"
    assert found.prm == near.prm


def test_what_questions_forbid_the_attacker_is_not_fitted(monkeypatch):
    """Restrictions of the attacker are part of no design: whatever they would explain, they stay at the baseline."""
    forbidden = [name for name, switch in SWITCHES.items() if switch.kind == "restriction"]
    assert forbidden

    def forgetful(values, told):
        """A client that does anything only once the attacker is restricted somehow."""
        read = any(values[name] != SWITCHES[name].baseline for name in forbidden)
        return converse(Design(values) if read else Design(values).but(prm="off", iss_check="off"), told)

    monkeypatch.setattr(fitting, "converse", forgetful)
    fitting._remembered.cache_clear()
    seen = {name: measured()["mcp-python==2.3.0"][name] for name in ("M01_iss_ok", "M06_state_wrong")}
    found = refine(Design(), seen).design
    fitting._remembered.cache_clear()
    assert all(found[name] == SWITCHES[name].baseline for name in forbidden)


def test_evidence_is_what_would_be_lost():
    """The scenarios that are said to decide a switch are explained with it and not without, here of every third."""
    seen = dict(list(measured()["mcp-python==2.3.0"].items())[::3])
    found = fit(seen, [find("mcp-python==2.3.0").design])
    assert found.design.changes().keys() == found.evidence.keys()
    assert len(found.evidence) > 4
    for switch, names in found.evidence.items():
        back = found.design.but(**{switch: SWITCHES[switch].baseline})
        assert names
        without = compare(back, {name: seen[name] for name in names})
        assert not any(one.whole for one in without)


@pytest.mark.slow
def test_schema_of_a_client_is_found_from_mutations():
    """What a client does with fields of the wrong type is found without changing what the catalogue has decided."""
    stored = find("mcp-python==2.3.0").design
    start = stored.but(**{name: SWITCHES[name].baseline for name in ("schema_fields", "schema_null", "asm_malformed")})
    seen = mutated()["mcp-python==2.3.0"]
    assert refine(start, seen, start).design == stored


@pytest.mark.slow
def test_stored_designs_are_what_fitting_finds():
    """Fitting all measurements anew gives designs that explain as much as those that are stored."""
    fits = list(refit())
    stated = tomllib.loads("\n".join(as_toml(fits)))["design"]
    assert sorted(name for entry in stated for name in entry["clients"]) == sorted(measured())
    for names, _, found in fits:
        for name in names:
            stored = compare(find(name).design, everything()[name])
            anew = compare(found.design, everything()[name])
            assert [(one.verdict, one.whole) for one in stored] == [(one.verdict, one.whole) for one in anew]
