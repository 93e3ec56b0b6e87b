"""Who is known to be met together: margins stay, all readers draw it, and bounds are of what is left."""

from dataclasses import replace

import numpy as np
import pytest

from simulations import attempts, together, topology
from simulations.catalogue import EXPERIMENTS
from simulations.couplings import bounds, coupled
from simulations.expectation import ExpectedOutcomes
from simulations.experiment import Mix
from simulations.experiments import population_for
from simulations.knobs import knobs, stand, unit_at
from simulations.population import Population, PopulationError, Together, load, read
from simulations.threats import threats

MEASURED = load("measured_2026")
(GROUP,) = (group for group in together.groups(MEASURED) if group.rows)
VISITS = Mix("place", {"malicious_rs": 1}, {"honest_api": 1})
ASKED = replace(EXPERIMENTS["echo_measured"], values=(0.05,), arms=("echo=off", "echo=req"), sweep=VISITS)


def of_three(*rows: tuple[float, dict[str, str]]) -> Population:
    """Clients as deployed, AS and RS, of which so much is met together."""
    known = tuple(
        Together(str(number), tuple(of.items()), share, MEASURED.together[0].provenance)
        for number, (share, of) in enumerate(rows)
    )
    return replace(MEASURED.deployed(), together=known)


CHAIN = of_three(
    (0.7, {"authorization_server": "FastMCP", "resource_server": "FastMCP"}),
    (0.4, {"authorization_server": "Keycloak", "client": "mcp-python"}),
    (0.3, {"client": "fastmcp-client", "authorization_server": "FastMCP", "resource_server": "FastMCP"}),
)


@pytest.mark.parametrize("met", [MEASURED, CHAIN], ids=["measured", "three"])
def test_margins_are_those_of_the_tables(met: Population) -> None:
    """Whatever they are turned to: nothing is met with more than there is of it."""
    generator = np.random.default_rng(1)
    for group in (group for group in together.groups(met) if group.rows):
        margins = [generator.dirichlet(np.full(len(each.categories), 0.3), 40) for each in group.factors]
        stated = [np.array([each.shares]) for each in group.factors]
        for turned in (stated, margins):
            joint = group.joint(turned)
            assert joint.min() >= 0
            for axis, margin in enumerate(turned, 1):
                others = tuple(place for place in range(1, joint.ndim) if place != axis)
                assert np.abs(joint.sum(axis=others) - margin).max() < 1e-12


def test_as_much_is_met_as_is_said() -> None:
    """All of an AS that comes with a resource server meets it, which is met by others too; half of it meets half."""
    servers, resources = GROUP.factors
    kind = next(place for place, each in enumerate(servers.categories) if each.name == "honor/no/no/ignore/bound")
    own = servers.part("django-oauth-toolkit")[kind] * servers.shares[kind]
    prefix = next(place for place, each in enumerate(resources.categories) if each.name == "prefix")
    apart = servers.shares[kind] * resources.shares[prefix]
    half = replace(GROUP, rows=tuple(replace(row, share=row.share / 2) for row in GROUP.rows))
    none = replace(GROUP, rows=tuple(replace(row, share=0.0) for row in GROUP.rows))
    assert none.shares[kind, prefix] == pytest.approx(apart)
    assert apart + own / 2 < GROUP.shares[kind, prefix]
    assert apart < half.shares[kind, prefix] < GROUP.shares[kind, prefix]


@pytest.mark.parametrize("met", [MEASURED, CHAIN], ids=["measured", "three"])
def test_attempts_draw_it(met: Population) -> None:
    """As often as the shares of situations say, all categories together; what is never met is never drawn."""
    shares = attempts.situation_shares(met, 1.0)
    drawn = np.bincount(attempts.draw_codes(met, "1", 0, 100_000, 1.0), minlength=len(shares))
    assert not drawn[shares == 0].any()
    found = attempts.situations(met)
    sizes = found.sizes
    for group in (group for group in together.groups(met) if group.rows):
        others = tuple(place for place in range(len(sizes)) if place not in group.places)
        seen = (drawn / drawn.sum()).reshape(sizes).sum(axis=others)
        wanted = shares.reshape(sizes).sum(axis=others)
        assert wanted == pytest.approx(group.shares)
        assert np.abs(seen - wanted).max() < 0.005


def test_clients_are_who_they_are_whomever_they_meet() -> None:
    """The client of a task is drawn before its servers, so that it is the same at all of them."""
    found = attempts.situations(CHAIN)
    place = [factor.name for factor in CHAIN.factors].index("client")
    first, second = (
        found.split(attempts.draw_codes(CHAIN, f"1/server {number}", 0, 2_000, 1.0, "1"))[place] for number in (0, 1)
    )
    assert (first == second).all()


def test_a_world_that_is_drawn_once_keeps_it() -> None:
    """Resource servers are drawn by the AS that they designate, as often as the joint table says given that AS."""
    met = MEASURED.with_numbers(count_resource_servers=40_000, count_users=1, popularity_authorization_servers=0)
    drawing = topology.PartyDraws(met, "1/0")
    drawn = drawing.topology()
    numbers = {issuer: number for number, issuer in enumerate(drawn.authorization_servers)}
    seen = np.zeros(GROUP.shares.shape)
    for kind, server in zip(drawing.found["resource_server"], drawn.resource_servers.values(), strict=True):
        if server.servers:
            seen[drawing.found["authorization_server"][numbers[server.servers[0]]], kind] += 1
    given = seen / seen.sum(axis=1, keepdims=True)
    assert np.abs(given - GROUP.shares / GROUP.shares.sum(axis=1, keepdims=True)).max() < 0.08
    workers = dict(zip((each.name for each in GROUP.factors[0].categories), given, strict=True))
    assert workers["reject_unknown/yes/yes/ignore/bound"].max() == 1


def test_it_is_turned_with_what_it_is_about() -> None:
    """What is expected wherever shares and what is met together stand is what is expected of just that population."""
    met = population_for(ASKED, None)
    base = ASKED.unit(met, 0.05, "1/0", 1)
    turned = knobs(ASKED, base)
    assert [knob.of for knob in turned if knob.kind == "together"] == ["django-oauth-toolkit"]
    points = np.random.default_rng(1).random((3, sum(knob.size for knob in turned)))
    for some in (turned, [knob for knob in turned if knob.kind == "together"]):
        stands = stand(some, points[:, : sum(knob.size for knob in some)])
        expected = ExpectedOutcomes(base, some)
        rates = expected.rates(stands, 3)
        for row in range(3):
            stated = ExpectedOutcomes(unit_at(base, stands, row, 1))
            for place, outcome in enumerate(expected.outcomes):
                column = stated.rates({}, 1)[0, :, stated.outcomes.index(outcome)]
                assert rates[row, :, place] == pytest.approx(column)


def test_bounds_are_those_of_frechet_for_the_rest() -> None:
    """What is known to be met together counts as it is, and all else can be paired in any way."""
    values = np.eye(2)
    margins = [np.array([0.5, 0.5]), np.array([0.5, 0.5])]
    assert bounds(values, margins) == pytest.approx((0, 1))
    apart = (np.array([0.2, 0.0]), np.array([0.0, 0.2]))
    assert bounds(values, margins, [apart]) == pytest.approx((0, 0.6))
    free = (np.array([0.2, 0.0]), None)
    assert bounds(values, margins, [free]) == pytest.approx((0, 1))


def test_what_is_known_narrows_what_is_not() -> None:
    """Bounds of an experiment lie within those of margins alone, and what is drawn lies between them."""
    before, after = (coupled(ASKED, met) for met in (replace(MEASURED, together=()), MEASURED))
    assert (after.low >= before.low - 1e-9).all()
    assert (after.high <= before.high + 1e-9).all()
    assert (after.high - after.low).sum() < (before.high - before.low).sum() - 1e-3
    assert ((after.low - 1e-9 <= after.rate) & (after.rate <= after.high + 1e-9)).all()


def test_it_is_a_threat_by_its_name() -> None:
    """What is sure of it is said beside what is independent, and what is not sure is unsure."""
    said = [str(threat) for threat in threats(ASKED, MEASURED)]
    assert any(each.startswith("drawn independently") and "met together: FastMCP" in each for each in said)
    assert any(each.startswith("low confidence") and "what django-oauth-toolkit is met with" in each for each in said)


STATED = '{ of = { authorization_server = "FastMCP", resource_server = "FastMCP" }, share = 0.6, swept = true }'


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"a": STATED.replace("resource_server", "recource_server")}, "together 'a': unknown factor 'recource_server'"),
        ({"a": STATED.replace('r = "FastMCP" }', 'r = "FastMPC" }')}, "nothing of 'resource_server' is 'FastMPC'"),
        ({"a": STATED, "b": STATED}, "together 'b': authorization_server 'FastMCP' is met with others in more"),
        ({"a": STATED.replace("0.6", "1.2")}, "together 'a': share: "),
        ({"a": STATED.replace(", swept = true", "")}, "together 'a': needs source and confidence, or swept = true"),
        ({"a": STATED.replace(', resource_server = "FastMCP"', "")}, "together 'a': of: "),
    ],
)
def test_what_is_wrong_is_said_in_a_line(rows: dict[str, str], said: str) -> None:
    """With the row, and what there is."""
    text = 'about = "mine"\nextends = "measured_2026"\n[together]\nFastMCP = ' + STATED.replace("0.6", "0") + "\n"
    with pytest.raises(PopulationError, match=said) as raised:
        read(text + "\n".join(f"{name} = {row}" for name, row in rows.items()), "mine")
    assert "\n" not in str(raised.value)


def test_whom_clients_meet_in_a_world_is_not_theirs_to_say() -> None:
    """There it follows from who uses what, so that a row that says otherwise is refused and not passed over."""
    with pytest.raises(PopulationError, match="together '1': whom clients and origins meet is drawn here"):
        topology.draw(CHAIN, "1/0")
