"""Worlds and conversations agree on what every stored client does in every situation that both can express."""

import random
from dataclasses import replace

import pytest
from situations import End, alike, conversation_of, expressible, in_conversation, in_world, situations

from model import scenario
from model.clients import clients
from model.conversation import converse
from model.design import parse
from model.scenario import load
from model.switches import SWITCHES
from model.world_file import DEFAULT, WORLDS
from openworld.show import outcome
from properties.reads import alike_in_worlds, not_read
from properties.unbounded import AnyNumber
from properties.verdict import check

pytestmark = pytest.mark.usefixtures("hurried")
SITUATIONS = tuple(situations())
#: How many are tried of each client where there is little time.
FEW = 12


def different(name, tried):
    """The situations in which the two say something else of a client, and how many there are that both express."""
    design = clients()[name].design
    both = [told for told in tried if expressible(design, told)]
    ends = ((told, in_world(design, told), in_conversation(design, told)) for told in both)
    return len(both), [(told, tuple(here), tuple(there)) for told, here, there in ends if not alike(here, there)]


@pytest.mark.parametrize("name", clients())
def test_a_world_says_what_a_conversation_says(name):
    """Of a client, in a few situations."""
    _, differences = different(name, random.Random(name).sample(SITUATIONS, FEW))
    assert not differences


@pytest.mark.slow
def test_worlds_say_what_conversations_say_in_every_situation():
    """Of every client in all of them, which are more than 5,000."""
    counted = {name: different(name, SITUATIONS) for name in clients()}
    assert not {name: differences[:3] for name, (_, differences) in counted.items() if differences}
    assert sum(number for number, _ in counted.values()) > 20_000


def test_the_situations_are_about_something():
    """Clients go on to either AS, and refuse by every rule that worlds have of what is missing or malformed."""
    ends = {
        in_world(clients()[name].design, told)
        for name in ("ts-client-v2==2.4.0", "ai-sdk-mcp==2.0.99", "codex-cli==0.169.0", "oauth4webapi==3.8.8")
        for told in SITUATIONS[::7]
        if expressible(clients()[name].design, told)
    }
    assert {end.token_at for end in ends} == {"as1", "evil", ""}
    rules = ("document_is_served", "server_is_listed", "endpoint_is_known", "challenge_method_is_offered")
    assert {f"client.{rule}" for rule in rules} <= {end.refused_by for end in ends}


def test_a_difference_would_be_seen():
    """The two ends of a client that is not the same are not taken for alike."""
    assert not alike(End("", "evil", "none"), End("client.issuer_was_recorded"))
    assert not alike(End("client.token_endpoint_is_corroborated"), End("", "evil", "none"))


# --- what worlds do not tell apart -------------------------------------------------------------------------------


def reached(design, told):
    """What a client comes to do: the requests that parties get to see, in order, as far as it goes, in any of them."""
    found = set()
    for each in told:
        sent = [one for one in converse(design, each).sent if one.request in ("authorize", "token", "call")]
        seen = [(one.request, one.to, tuple(map(each.party, one.resources)), one.scheme) for one in sent]
        found |= {tuple(seen[:place]) for place in range(len(seen) + 1)}
    return found


@pytest.fixture(scope="module")
def told():
    """Scenarios and mutations without a second call, which worlds have in both ways, and some of the situations."""
    known = [load(name) for name in (*scenario.names(), *scenario.mutation_names())]
    some = random.Random(0).sample(SITUATIONS, 100)
    return [each for each in known if each.later is None] + [conversation_of(each) for each in some]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", clients())
def test_what_worlds_do_not_tell_apart_opens_nothing(name, told):
    """Whatever a stored client does in a situation with all that is on file, it does without it in one as well."""
    design = clients()[name].design
    usual = design.but(**{switch: SWITCHES[switch].baseline for switch in alike_in_worlds()})
    assert reached(design, told) <= reached(usual, told)


def test_what_is_on_file_is_conduct_that_no_world_reads():
    """Each has a reason, and is a switch of conduct; what worlds read is not among them."""
    assert all(SWITCHES[name].kind == "conduct" and not SWITCHES[name].in_worlds for name in alike_in_worlds())


def test_a_safe_verdict_says_what_was_not_read():
    """What is neither read nor on file is told with the answer, as text and as data."""
    design = clients()["ai-sdk-mcp==2.0.99"].design
    assert not_read(DEFAULT, design) == ("callback_discovery=repeated",)
    assert "iss_unrecorded=listed" in not_read(WORLDS["aauth"], design)
    verdict = check("code_delivery", parse("design=ai-sdk-mcp==2.0.99;cap=mal_as"))
    assert (verdict.result, verdict.to_json()["not_read"]) == ("safe", ["callback_discovery=repeated"])
    assert outcome(verdict) == (
        "safe, but 1 measured switch was not read: callback_discovery=repeated, and honest parties finish here"
    )
    proved = AnyNumber(verdict, "never", "derived", "", "", "", "")
    assert proved.reach.endswith("; what the verdict did not read was not read there either")
    known = check("code_delivery", parse("design=mcp;cap=mal_as"))
    assert not known.not_read
    assert replace(proved, verdict=known).reach.endswith("ProVerif's own attacker")


@pytest.mark.parametrize(("name", "capability"), [("ts-client-v2==2.4.0", "mal_as"), ("mcp-remote==0.15.1", "mal_rs")])
def test_a_server_without_metadata_gets_the_codes_of_clients_that_guess(name, capability):
    """By hand code and verifier were taken from both; a client that compares iss with the listed URL is safe."""
    verdict = check("code_delivery", parse(f"design={name};cap={capability}"))
    assert verdict.result == "attack"
    assert any("do_without_server_metadata" in step.action for step in verdict.trace.steps)
    compared = f"design={name};cap={capability};iss_unrecorded=listed"
    assert check("code_delivery", parse(compared)).result == "safe"
