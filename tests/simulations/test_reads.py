"""An arm that names a switch which its reader does not read is refused: what is found in the source is what is read."""

import random
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pytest

from model.design import Design, own_switches, parse
from model.named_designs import NAMED_DESIGNS
from model.switches import SWITCHES, ConfigurationError
from model.world import World
from simulations import arms, attempts, blast_radius
from simulations.arms import PROTECTIONS, Arm, arm
from simulations.attempts import situations
from simulations.catalogue import EXPERIMENTS
from simulations.crowd import judge_all
from simulations.experiment import Experiment
from simulations.experiments import run
from simulations.population import PopulationError, load
from simulations.reach import Ways
from simulations.readers import READERS, check_met
from simulations.reads import check_read, read_by, read_by_visits, unread
from simulations.sensitivity import indices
from simulations.units import Unit
from simulations.visits import DELEGATED, ONE_VISIT, UNDER_AAUTH, Settings

COULD = [name for name, switch in SWITCHES.items() if switch.kind in ("mechanism", "environment")]
#: What a client does that takes the origin of a resource for an AS: the source asks it, of no place that is met here.
AT_ORIGINS = {"legacy_as", "endpoint_defaults", "wk_owner"}
#: Read by the name that a rule has for it (``Rule.otherwise``), which is not in the source.
BY_NAME = {"prm_mismatch"}
#: Which parties of a world there are says nothing of those of a population.
OF_WORLDS = {name for party in ONE_VISIT.parties for name, _ in (*party.exists_if, *party.listed_if)}
SMALL = load("shared_origins").with_numbers(
    count_users=60, count_resource_servers=40, count_authorization_servers=5, count_clients=4, attackers_look_alikes=1
)


class Watched(Design):
    """A design that remembers which of its switches were looked up."""

    looked_up: ClassVar[set[str]] = set()

    def __getattr__(self, name: str) -> str:
        value = super().__getattr__(name)
        self.looked_up.add(name)
        return value


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The switches that are looked up in designs of arms from now on."""
    for module in (arms, attempts):
        monkeypatch.setattr(module, "Design", Watched)
    arms._design.cache_clear()
    Watched.looked_up.clear()
    yield Watched.looked_up
    arms._design.cache_clear()


def anything(count: int, names: list[str], seed: int = 1) -> list[Settings]:
    """Arms that set each of some switches to something; a switch that is added leaves the others as drawn."""
    return [
        tuple((name, random.Random(f"{seed} {number} {name}").choice(SWITCHES[name].values)) for name in names)
        for number in range(count)
    ]


def test_layers_look_up_what_is_found_in_their_source(looked_up: set[str]) -> None:
    """No more and no less."""
    READERS["layers"](Unit(load("swept"), tuple(anything(200, COULD)), "1", 200, reader="layers"))
    assert looked_up == read_by(READERS["layers"]) - AT_ORIGINS


def test_registrations_look_up_what_is_found_in_their_source(looked_up: set[str]) -> None:
    """But for what a function that they ask about an AS would look up of a resource server."""
    lost = (("held", 86_400.0), ("lost", 0.0))
    unit = Unit(load("swept"), tuple(anything(200, COULD)), "1", 200, reader="registrations", options=lost)
    READERS["registrations"](unit)
    assert looked_up == read_by(READERS["registrations"]) - {"e_enrolled"} - AT_ORIGINS


@pytest.mark.slow
def test_blast_radius_looks_up_what_is_found_in_its_source(looked_up: set[str]) -> None:
    """Of some kind of mishap at least.

    An arm sets few switches: where all are set, flows fail before a token is there to lose.
    """
    drawn = enumerate(anything(90, COULD, 7))
    some = [Arm(str(number), tuple(random.Random(number).sample(imposed, 10))) for number, imposed in drawn]
    for kind in blast_radius.KINDS:
        blast_radius.run(kind, SMALL, some, samples=3, replications=1)
    assert looked_up - OF_WORLDS == read_by(Ways) | BY_NAME


def test_what_blast_radius_does_not_read_changes_nothing_there() -> None:
    """Whatever it is set to, beside whatever is read."""
    read = read_by(Ways)
    few, left = ([name for name in COULD if (name in read) == known] for known in (True, False))
    for number, (mine, other) in enumerate(zip(anything(6, few), anything(6, left), strict=True)):
        both = Arm("alone", mine), Arm("beside", (*mine, *other))
        for kind in blast_radius.KINDS:
            found = blast_radius.run(kind, SMALL, both, seed=number, samples=3, replications=1).targets
            alone, beside = (found[found["design"] == each.name].drop(columns="design") for each in both)
            assert alone.to_numpy().tolist() == beside.to_numpy().tolist()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("world", "places", "many"),
    [
        (ONE_VISIT, ("honest_api", "malicious_rs"), 8),
        (DELEGATED, ("sub_agent", "malicious_sub_agent"), 3),
        (UNDER_AAUTH, ("honest_api", "malicious_rs_and_as", "forged_challenge", "leaky_tokens"), 8),
    ],
    ids=lambda of: getattr(of, "name", ""),
)
def test_what_visits_do_not_read_changes_no_visit(world: World, places: tuple[str, ...], many: int) -> None:
    """Neither endings nor what is waited for, with a token at hand or without."""
    read, could = read_by_visits(world), [name for name in COULD if name != "protocol"]
    few, left = ([name for name in could if (name in read) == known] for known in (True, False))
    found = situations(load("measured_2026").with_shares("place", dict.fromkeys(places, 1 / len(places))))
    codes = np.arange(0, found.count, max(1, found.count // 400)) | 3  # where everybody adopts the arm
    there = (("protocol", world.protocol),)
    for mine, other in zip(anything(many, few), anything(many, left, 2), strict=True):
        for held in ((), (("warm", "yes"),)):
            judged = judge_all(found, ((*there, *mine), (*there, *mine, *other)), codes, held)
            alone, beside = judged.plan.reshape(2, -1).tolist()
            assert alone == beside


@pytest.mark.parametrize("reader", ["arrays", "agents", "tasks"])
def test_who_visits_reads_what_decides_visits(reader: str) -> None:
    """And what it asks a design itself."""
    assert read_by_visits(ONE_VISIT) <= read_by(READERS[reader])
    about_others = {"protocol", "instance", "scope_check"}
    assert read_by(READERS[reader]) & about_others == (about_others if reader == "arrays" else set())


@pytest.mark.parametrize(
    ("reader", "text", "switch"),
    [
        ("tasks", "protocol=aauth", "protocol"),
        ("arrays", "protocol=aauth;iss_check=off", "iss_check"),
        ("agents", "instance=derived", "instance"),
        ("tasks", "design=aauth", "protocol"),
        ("layers", "token_fmt=opaque", "token_fmt"),
        ("registrations", "reg=cimd;grant=client_credentials", "grant"),
        ("arrays", "prm_retry=yes", "prm_retry"),
    ],
)
def test_a_switch_that_a_reader_does_not_read_is_an_error_that_names_it(reader: str, text: str, switch: str) -> None:
    """Before anything is counted: the switch, the arm, the reader, and what it reads."""
    asked = Experiment("asked", "?", "nothing", (0.0,), ("", text), "swept", reader=reader)
    said = f"switch '{switch}' of arm '{text}' is not read by reader '{reader}', which reads "
    for ask in (run, indices):
        with pytest.raises(ConfigurationError) as error:
            ask(asked, population="no such population")
        assert str(error.value).startswith(said)
        assert "\n" not in str(error.value)
    assert ("md_issuer_check" in str(error.value)) == (reader == "layers")


def test_what_is_read_is_said_in_the_shorter_way() -> None:
    """What few there are, or how many are left: a line that lists dozens is not read."""
    with pytest.raises(ConfigurationError, match="which reads api, as_resource, audience_check, ") as few:
        check_read("layers", READERS["layers"], "warm=yes")
    with pytest.raises(ConfigurationError, match=r"all that verdicts may depend on but \d+ switches$") as many:
        check_read("arrays", READERS["arrays"], "vouch_for=any")
    assert "h_iss" in str(few.value)
    assert len(str(many.value)) < 160


def test_a_factor_is_checked_like_an_arm() -> None:
    """The combinations are made of them."""
    asked = Experiment("asked", "?", "nothing", (0.0,), (), "swept", factors={"it": "vouch_for=any"})
    with pytest.raises(ConfigurationError, match="switch 'vouch_for' of arm 'vouch_for=any'"):
        run(asked, attempts=1, replications=1)


def test_blast_radius_refuses_what_it_does_not_read() -> None:
    """In a design of another protocol too; what else a design brings along may be read by nothing."""
    for text, switch in (("design=aauth", "protocol"), ("handle_bind=off", "handle_bind"), ("step_up=on", "step_up")):
        with pytest.raises(ConfigurationError, match=f"switch '{switch}' of arm '{text}' is not read by blast-radius"):
            blast_radius.run("token", SMALL, (arm(text),), samples=1, replications=1)
    for name in NAMED_DESIGNS:
        if parse(f"design={name}").design.protocol == "oauth":
            check_read("blast-radius", Ways, f"design={name}")


@pytest.mark.parametrize(("name", "value"), [("protocol", "aauth"), ("instance", "derived")])
@pytest.mark.parametrize("reader", [reader for reader in READERS if reader != "arrays"])
def test_what_a_population_draws_of_another_protocol_is_read_or_refused(reader: str, name: str, value: str) -> None:
    """First contacts read it; nobody else would say of visits under AAuth, or by sub-agents, what is so of others."""
    met = SMALL.with_shares(name, {value: 0.5, SWITCHES[name].values[0]: 0.5})
    check_met("arrays", met)
    said = f"draws {name}={value}, and switch '{name}' is not read by"
    with pytest.raises(PopulationError, match=f"{said} reader '{reader}'"):
        check_met(reader, met)
    check_met(reader, SMALL.with_shares(name, {SWITCHES[name].values[0]: 1}))
    with pytest.raises(PopulationError, match=f"{said} blast-radius"):
        blast_radius.run("token", met)


def test_where_agents_go_is_not_said_twice() -> None:
    """A world in time sends agents where they are connected to: places that an experiment says are refused."""
    asked = EXPERIMENTS["storm"]
    with pytest.raises(PopulationError, match=r"'place' is not read by reader 'residents': .*attackers\.lure"):
        run(asked, population=load(asked.population).with_shares("place", {"honest_api": 1}))


def test_an_arm_is_about_everybody_and_about_no_world() -> None:
    """What it cannot set is refused, and not passed over."""
    for text, named in (("as:h_iss=no", "as:h_iss="), ("world=two_as", "world="), ("splice=no", "splice=")):
        with pytest.raises(ConfigurationError, match=f"^{named} has no place in"):
            arm(text)


def test_what_ships_is_read() -> None:
    """The arms of every experiment, and what protections are made of."""
    for asked in EXPERIMENTS.values():
        for text in (*asked.arms, *asked.factors.values()):
            check_read(asked.reader, READERS[asked.reader], text)
    for sides in PROTECTIONS.values():
        assert {name for side in sides for name in own_switches(side)} <= read_by(Ways)


def test_what_is_not_read_of_a_design_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an arm names itself has to be read; of a design something, and what is not is told."""
    assert unread(READERS["registrations"], "design=mcp")
    assert "reg" not in unread(READERS["registrations"], "design=mcp;reg=dcr")
    assert unread(READERS["arrays"], "prm=prefix") == ()
    monkeypatch.setitem(NAMED_DESIGNS, "caching", "cache_key=issuer")
    with pytest.raises(ConfigurationError, match="nothing that arm 'design=caching' sets is read by reader 'layers'"):
        check_read("reader 'layers'", READERS["layers"], "design=caching")
