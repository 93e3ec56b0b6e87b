"""Sequence charts: what they say, and that every action of the model can be drawn."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

import model.attacker
import model.deployment  # noqa: F401  (both register actions)
from model.action import SCHEMAS
from model.chart import WIDTH, ascii_art, chart, mermaid, origin, text
from model.design import Configuration, parse
from model.machine import Machine
from model.messages import Message, messages, participants
from model.oauth_wire import BUILDERS
from model.refusal import stopped
from model.trace import Trace, from_json
from model.world import ATTACKER_AS, FIRST_CONTACT, HONEST_AS, WORLDS

GOLDEN = Path(__file__).parent.parent / "openworld" / "golden"


@pytest.fixture(scope="module")
def mixup() -> Trace:
    """The mix-up attack, as a fixed trace."""
    return from_json((GOLDEN / "mixup.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sent(mixup: Trace) -> list[Message]:
    """Its messages."""
    return messages(mixup)


def walks(sample: Callable[..., Configuration], count: int) -> list[Trace]:
    """Random runs under random designs and attackers, in every world in turn."""
    made = []
    for seed in range(count):
        rng = random.Random(seed)
        world = list(WORLDS.values())[seed % len(WORLDS)]
        configuration = sample(rng)
        machine = Machine(configuration, world)
        state, steps = machine.initial, []
        for _ in range(16):
            moves = list(machine.moves(state))
            if not moves:
                break
            # By action first, so that one with many choices does not crowd out the others.
            name = rng.choice(sorted({step.action for step, _ in moves}))
            step, state = rng.choice([move for move in moves if move[0].action == name])
            steps.append(step)
        made.append(Trace(world, configuration, "nothing", tuple(steps)))
    return made


def test_mixup_is_drawn_as_in_the_golden_file(mixup: Trace) -> None:
    """The chart of the mix-up is the one kept in the file, which a person has read."""
    drawn = text(mixup, "code_delivery violated: the code reaches the attacker.")
    assert drawn == (GOLDEN / "mixup.txt").read_text(encoding="utf-8")


def test_secrets_that_reach_the_attacker_are_marked(sent: list[Message]) -> None:
    """The token request of the mix-up leaks the code and its verifier, and nothing else leaks."""
    assert [(message.label, message.leaks) for message in sent if message.leaks] == [
        ("POST /token", ("code", "code_verifier"))
    ]


def test_values_are_told_apart(sent: list[Message]) -> None:
    """Values of the attacker's are known wherever they go; what leaks is neither honest nor the attacker's."""
    seen = {(message.step, value.name): origin(message, value) for message in sent for value in message.values}
    assert seen[3, "issuer"] == "attacker"
    assert seen[4, "client_id"] == "honest"
    assert seen[4, "resource"] == "attacker"
    assert seen[6, "code"] == "honest"
    assert seen[7, "code"] == "leaked"


def test_a_refused_run_ends_with_who_refuses(mixup: Trace) -> None:
    """Under a design that compares iss the run stops where the client compares it; earlier steps stay as they are."""
    under = parse("cap=mal_as")
    refusal = stopped(mixup, under)
    assert refusal is not None
    assert refusal.number == 6
    assert refusal.rule is not None
    assert (refusal.rule.name, refusal.rule.source[:8]) == ("client.iss_matches_recorded_issuer", "RFC 9207")
    shown = chart(mixup, under=under)
    assert {message.step for message in shown.sent if message.decisive} == {6}
    assert not any(message.leaks for message in shown.sent)
    for drawn in (text(mixup, under=under), ascii_art(mixup, under=under), mermaid(mixup, under=under)):
        assert "REFUSED by the client" in drawn


def test_a_run_that_nobody_refuses_is_drawn_whole(mixup: Trace) -> None:
    """A configuration under which every step is taken changes nothing but what is said about the design."""
    under = parse("cap=mal_as;iss_check=off;user=vigilant")
    assert stopped(mixup, under) is None
    assert chart(mixup, under=under).sent == chart(mixup).sent


def test_a_design_without_the_step_says_so(mixup: Trace) -> None:
    """A step that the design does not have is not blamed on a rule."""
    refusal = stopped(mixup, parse("cap=none;iss_check=off"))
    assert refusal is not None
    assert refusal.rule is None
    assert "NOT POSSIBLE" in text(mixup, under=parse("cap=none;iss_check=off"))


def test_only_the_last_step_is_decisive(sent: list[Message]) -> None:
    """The violating step is marked and no other."""
    assert {message.step for message in sent if message.decisive} == {7}


def test_attackers_messages_are_not_honest(sent: list[Message]) -> None:
    """What the attacker's AS sends is the attacker's doing; what the honest AS sends is not."""
    assert {message.honest for message in sent if message.sender == ATTACKER_AS} == {False}
    assert {message.honest for message in sent if message.sender == HONEST_AS} == {True}


def test_parameters_have_their_real_names(sent: list[Message]) -> None:
    """A reader finds the parameters of the specifications."""
    names = {value.name for message in sent for value in message.values}
    assert {"resource", "issuer", "client_id", "redirect_uri", "code_challenge", "state", "iss", "code"} <= names


def test_only_those_who_take_part_have_a_lifeline(sent: list[Message]) -> None:
    """No lifeline stands idle, and no letter is used twice."""
    cast = participants(sent)
    assert {one.key for one in cast} == {key for message in sent for key in (message.sender, message.receiver)}
    assert len({one.letter for one in cast}) == len(cast)


def test_checks_are_listed_on_demand(mixup: Trace) -> None:
    """With ``checks`` the chart names what honest parties checked, with the section."""
    assert "ok: " not in text(mixup)
    assert "ok: AS metadata is used only if" in text(mixup, checks=True)


def test_mermaid_escapes_its_own_signs(mixup: Trace) -> None:
    """Signs that Mermaid reads as its own do not reach it from a label."""
    lines = mermaid(mixup).splitlines()
    assert lines[0] == "sequenceDiagram"
    labels = [line.partition(": ")[2].replace("<br/>", "") for line in lines if ">>" in line]
    assert labels
    assert not any("<" in label or ">" in label for label in labels)


def test_every_entry_is_an_action() -> None:
    """No builder is left over from an action that is gone."""
    assert BUILDERS.keys() <= SCHEMAS.keys()


def test_an_action_without_an_entry_is_drawn(mixup: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new action is drawn by what it means until it gets an entry."""
    monkeypatch.delitem(BUILDERS, "client.send_code_to_attacker")
    last = messages(mixup)[-1]
    assert last.label == SCHEMAS["client.send_code_to_attacker"].meaning.rstrip(".")
    assert max(map(len, text(mixup).splitlines())) <= WIDTH


def test_random_runs_fit_the_page(sample: Callable[..., Configuration]) -> None:
    """Whatever happens is drawn, within the width of an Internet-Draft, in printable ASCII."""
    seen: set[str] = set()
    for trace in walks(sample, 60):
        seen |= {step.action.partition("[")[0] for step in trace.steps}
        for line in text(trace).splitlines():
            assert len(line) <= WIDTH
            assert line.isascii()
            assert line.isprintable()
        artwork = ascii_art(trace, checks=True)
        assert all(len(line) <= WIDTH and line.isascii() and line.isprintable() for line in artwork.splitlines())
        mermaid(trace)
    assert len(seen) > len(SCHEMAS) // 2


def test_a_run_without_steps_is_no_chart_but_no_error() -> None:
    """Nothing happened: there is nothing to draw, and that is said."""
    empty = Trace(FIRST_CONTACT, parse(""), "first_contact", ())
    assert messages(empty) == []
    assert "no messages" in text(empty)


