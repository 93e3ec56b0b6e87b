"""Every name that is shown has words, and the table has no others."""

import re
from collections import Counter

import pytest

from model.drafts import TEXTS
from model.named_designs import DEPLOYMENTS, NAMED_DESIGNS
from model.protocols import rules
from model.switches import BCP_ATTACKERS, CAPABILITIES, SWITCHES
from model.words import of_configuration, of_rule, with_code, worded, words
from properties.attackers import every_attacker
from properties.designs import MECHANISMS
from properties.security import PROPERTIES
from simulations.harms import every_harm
from simulations.population import load, populations

#: Of every population; where agents are sent and which client they use are drawn as well.
FACTORS = {"place", "client"}.union(
    factor.name for met in map(load, populations()) for factor in (*met.factors, *met.traits)
)
NAMED = {
    "value": {f"{switch.name}={value}" for switch in SWITCHES.values() for value in switch.values},
    "property": set(PROPERTIES), "harm": set(every_harm()), "attacker": {*every_attacker(), *BCP_ATTACKERS},
    "design": set(NAMED_DESIGNS), "draft": set(TEXTS),
    "deployment": set(DEPLOYMENTS), "mechanism": set(MECHANISMS),
    "factor": FACTORS - SWITCHES.keys(),
}  # fmt: skip


@pytest.mark.parametrize("kind", NAMED)
def test_every_name_has_words_and_no_other(kind: str) -> None:
    """A row for each, in the table of words (``model/data/words.csv``), and none besides."""
    there = {name for of, name in words() if of == kind}
    assert [f"{kind},{name},WORDS" for name in sorted(NAMED[kind] - there)] == []
    assert sorted(there - NAMED[kind]) == []


def test_words_are_short_of_one_meaning_and_no_codes() -> None:
    """Two names of a kind are never called the same, and nothing is called by a code."""
    times = Counter((kind, said) for (kind, _), said in words().items())
    assert [said for said, count in times.items() if count > 1] == []
    codes = {name for names in NAMED.values() for name in names if "_" in name} | rules().keys()
    for said in words().values():
        assert len(said) <= 70
        assert not codes & set(re.findall(r"[\w=+.]+", said))


def test_configurations_are_told_switch_by_switch() -> None:
    """In their order; one party's by its name; and what is no configuration as it stands."""
    assert of_configuration("pkce=off;as2:h_iss=no") == "no PKCE, as2: AS sends no iss"
    assert of_configuration("design=mcp;dpop=token") == "MCP authorization (2026-07-28), tokens bound by DPoP"
    assert of_configuration("as deployed") == "as deployed"
    assert of_configuration("draft=echo+dpop;by=client") == "the resource echo and DPoP, by clients alone"
    assert of_configuration("cap=none") == worded("attacker", "none")
    assert of_configuration("cap=mal_rs+naive_rp") == (
        f"attacker {worded('attacker', 'mal_rs')} and {CAPABILITIES['naive_rp']}"
    )
    assert worded("attacker", "$x") == "$x"


def test_a_configuration_may_stand_behind_its_words() -> None:
    """And stands alone where there are none for it."""
    assert with_code("pkce=off") == "no PKCE (pkce=off)"
    assert with_code("nothing of ours") == "nothing of ours"


def test_rules_are_told_by_what_they_ask_for() -> None:
    """In quotation marks; an ending that is none by its words."""
    assert of_rule("resource_server.token_is_unexpired") == "“The token has not expired”"
    assert of_rule("accepted") == "request accepted"
