"""The lattice of mechanisms: exact enumeration against trying every design."""

from itertools import combinations, product

import pytest

from model.design import Configuration, parse, parse_capabilities
from model.model import oauth
from model.named_designs import DEPLOYMENTS
from model.switches import SWITCHES
from properties.bounds import FIRST, Clock, Laid
from properties.checker import Checker
from properties.designs import MECHANISMS, Lattice, breaking, design_of, left_out
from properties.engine import Answer
from properties.invent import invent
from properties.security import find

NAMES = ("exact_resource_match", "iss_always_compared", "pkce", "audience_check", "dpop", "metadata_issuer_check")
SMALL = {name: MECHANISMS[name] for name in NAMES}


@pytest.fixture(scope="module")
def checker() -> Checker:
    """One checker for the module."""
    return Checker()


@pytest.mark.parametrize(("prop", "caps"), [("CD", "mal_as"), ("TC", "mal_rs+mal_tenant"), ("AZ", "mal_as+mal_rs")])
def test_agrees_with_trying_every_design(checker: Checker, prop: str, caps: str) -> None:
    """On a lattice of six mechanisms the sets are those that 64 separate verdicts give."""
    capabilities = parse_capabilities(caps)
    attacked = {}
    for positions in product((False, True), repeat=len(SMALL)):
        on = frozenset(name for name, is_on in zip(SMALL, positions, strict=True) if is_on)
        values = {switch: with_ if name in on else without for name, (switch, without, with_) in SMALL.items()}
        design = parse("cap=none").design.but(**values)
        attacked[on] = checker.verdict(prop, Configuration(design, capabilities)).result == "attack"

    def enough(chosen: frozenset[str]) -> bool:
        return not any(attack for on, attack in attacked.items() if on >= chosen)

    everything = [frozenset(c) for size in range(len(SMALL) + 1) for c in combinations(SMALL, size)]
    sufficient = [s for s in everything if enough(s)]
    minimal = {s for s in sufficient if not any(enough(s - {name}) for name in s)}
    maximal = {s for s in everything if not enough(s) and all(enough(s | {n}) for n in SMALL if n not in s)}
    answers = Lattice([prop], capabilities, mechanisms=SMALL).enumerate()
    assert set(answers.sufficient) == minimal
    assert set(answers.insufficient) == maximal


def test_five_minimal_sets_stop_what_an_agent_card_may_name() -> None:
    """Where clients skip an iss that nothing was recorded for; neither PKCE nor DPoP nor resource indicators help."""
    names = "signed_metadata as_allowlist metadata_issuer_check iss_always_compared redirect_per_as pkce dpop"
    own = {
        "metadata_of_as": ("as_endpoints", "card", "metadata"),
        "registered_per_as": ("reg", "cimd", "static"),
        "redirect_per_card": ("conn_context", "none", "redirect_and_session"),
        "resource_indicator": MECHANISMS["resource_indicator"],
    }
    small, fixed = {name: MECHANISMS[name] for name in names.split()}, {"iss_unrecorded": "skip"}
    found = Lattice(["CD"], parse_capabilities("mal_as"), fixed, mechanisms={**small, **own}).enumerate()
    assert set(found.sufficient) == {
        frozenset({"as_allowlist"}),
        frozenset({"signed_metadata"}),
        frozenset({"redirect_per_card", "registered_per_as"}),
        frozenset({"metadata_of_as", "metadata_issuer_check", "iss_always_compared"}),
        frozenset({"metadata_of_as", "metadata_issuer_check", "redirect_per_as", "registered_per_as"}),
    }


def test_an_agent_card_leaves_an_attack_without_a_list_or_a_publisher() -> None:
    """Whatever else of the whole lattice is on, but for a check of what an AS lists, which no card passes."""
    cards = Lattice(["CD"], parse_capabilities("mal_as"), {"as_endpoints": "card", "iss_unrecorded": "skip"})
    assert not cards.suffices({*MECHANISMS} - {"as_allowlist", "signed_metadata", "cross_listing"})
    assert cards.suffices({"as_allowlist"})


def test_a_backend_serves_the_attacker_whatever_else_is_on() -> None:
    """It redeems the code for the attacker's own session; its tokens it keeps if it authenticates."""
    fixed = {"architecture": "bff", "script_calls": "no"}
    assert not Lattice(["AZ"], parse_capabilities("client_script"), fixed).suffices({*MECHANISMS})
    stolen = Lattice(["TC"], parse_capabilities("client_script"), fixed)
    assert stolen.suffices({*MECHANISMS})
    assert not stolen.suffices({*MECHANISMS} - {"client_assertion"})


def test_no_comparison_of_two_messages_keeps_a_backend_from_serving_the_attacker() -> None:
    """All of them are right in every message: it is the user's browser that is not the attacker's."""
    assert invent([find("AZ")], parse("cap=client_script;draft=bff;script_calls=no")).sets == ()


def test_lattice_has_at_least_twenty_mechanisms() -> None:
    """The whole lattice has a million designs or more, each position a value of its switch."""
    assert len(MECHANISMS) >= 20
    for switch, without, with_ in MECHANISMS.values():
        assert {without, with_} <= set(SWITCHES[switch].values)


def test_a_deployment_may_have_a_value_of_its_own_where_a_mechanism_has_two() -> None:
    """It is open beside them; of other mechanisms nothing else is."""
    switch, *two = MECHANISMS["exact_resource_match"]
    own = next(value for value in SWITCHES[switch].values if value not in two)
    lattice = Lattice(["first_contact"], frozenset(), {switch: own}, mechanisms=SMALL)
    found = lattice._open(False, oauth())
    assert found == {switch: (without, with_) for switch, without, with_ in SMALL.values()} | {switch: (*two, own)}


def test_quantified_environment_asks_more() -> None:
    """What suffices in every environment suffices in the baseline one."""
    caps = parse_capabilities("mal_rs")
    everywhere = Lattice(["TC"], caps, quantify=True, mechanisms=SMALL).enumerate()
    here = Lattice(["TC"], caps, mechanisms=SMALL)
    assert all(here.suffices(found) for found in everywhere.sufficient)


def test_exact_matching_breaks_multi_path_apis() -> None:
    """Usability: exact matching, and nothing else, rules out an API that publishes one document for many paths."""
    found = breaking(DEPLOYMENTS["multi_path_api"])
    assert found == (frozenset({"exact_resource_match"}),)
    assert left_out(frozenset({"exact_resource_match", "pkce"}), found) == ()
    assert left_out(frozenset({"pkce"}), found) == (frozenset({"exact_resource_match"}),)


def test_no_more_is_left_out_than_has_to_be() -> None:
    """Where leaving one mechanism out mends all that is broken, nothing is left out beside it."""
    broken = [frozenset({"pkce", "dpop"}), frozenset({"pkce"})]
    assert left_out(frozenset(), broken) == (frozenset({"pkce"}),)


def test_baseline_design_is_derived(checker: Checker) -> None:
    """The recommended design holds against a malicious AS, RS and tenant; with any mechanism dropped it does not."""
    names = (
        "as_designation",
        "browser_binding",
        "dpop",
        "dpop_url_check",
        "exact_resource_match",
        "iss_always_compared",
        "issuer_allowlist_at_rs",
        "issuer_as_audience",
        "metadata_issuer_check",
    )
    lattice_ = {n: m for n, m in MECHANISMS.items() if n not in ("as_allowlist", "signed_metadata", "cross_listing")}
    fixed = {"a_enrolled": "no", "e_enrolled": "no", "warm": "no", "user": "vigilant", "lookalike": "no"}
    fixed |= dict.fromkeys(("listed", "rs_listed", "anchored", "attested"), "meant")
    fixed["wk_owner"] = "origin"  # no mechanism tells who wrote what a tenant may write
    properties = ("AZ", "CB", "TC", "CA", "IA", "DI", "CD")
    caps = parse_capabilities("mal_as+mal_rs+mal_tenant")
    lattice = Lattice(properties, caps, fixed, quantify=True, mechanisms=lattice_)
    assert lattice.suffices(names)
    assert not any(lattice.suffices(set(names) - {name}) for name in names)
    baseline = parse("design=sufficient").design
    assert all(baseline[switch] == with_ for name in names for switch, _, with_ in (MECHANISMS[name],))
    for prop in properties:
        assert checker.verdict(prop, Configuration(baseline, caps)).result in ("safe", "not_in_this_world")


def test_design_of_turns_on_only_what_is_named() -> None:
    """A set of mechanisms stands for the design with these on and all others off."""
    design = design_of({"pkce"})
    assert design.pkce == "s256"
    assert all(design[s] == without for n, (s, without, _) in MECHANISMS.items() if n != "pkce")


def test_sets_that_seem_to_suffice_in_short_runs_are_looked_at_in_longer_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little a first look sees, what is told is proved: the sets are the same."""
    asked = {"capabilities": frozenset({"mal_as"}), "mechanisms": dict(list(MECHANISMS.items())[:6])}
    plain, looking, blind = Lattice(["authorization"], **asked).enumerate(), Lattice._attack, []

    def short_sighted(self: Lattice, mechanisms: frozenset[str], prove: bool = True) -> frozenset[str] | None:
        if prove or self._sweeps:
            return looking(self, mechanisms, prove)
        blind.append(mechanisms)
        self._core = frozenset()
        return None

    monkeypatch.setattr(Lattice, "_attack", short_sighted)
    hasty = Lattice(["authorization"], **asked).enumerate()
    assert blind
    assert plain.sufficient
    assert set(hasty.sufficient) == set(plain.sufficient)
    assert set(hasty.insufficient) == set(plain.insufficient)


def test_what_ruled_longer_runs_out_does_so_only_where_all_of_it_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refutation is kept for questions that assume as much, which are not put to the solver, and for no others."""
    capabilities = parse_capabilities("mal_rs")
    lattice = Lattice(["TC"], capabilities, mechanisms=SMALL)
    depths, _ = lattice._depths(find("TC").world_of(lattice.configuration))
    laid, clock = depths.at_least(FIRST), Clock()
    nothing = [-literal for literal in laid.happens.values()]
    assert depths._longer(laid, nothing, clock) is Answer.UNSAT
    assert depths._longer(laid, [], clock) is Answer.SAT
    monkeypatch.setattr(Laid, "check", lambda *_: pytest.fail("asked again"))
    assert depths._longer(laid, [*nothing, *laid.unrolling.enforced.values()], clock) is Answer.UNSAT
