"""What goes over the wire in a run: every action as the messages that it stands for.

:func:`messages` names the parameters that matter as the specifications do. Each protocol has a module with a table
``BUILDERS`` (:mod:`model.oauth_wire` is that of the code flow), which says how each action looks; an action without an
entry gets a plain message, so a new action is drawn at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, NamedTuple

from model.action import Action, Context
from model.client import NONE
from model.machine import Machine, Step
from model.protocols import PROTOCOLS
from model.rule import Rule
from model.state import THIEF, Session, View
from model.trace import Trace
from model.world import (
    ATTACKER,
    ATTACKER_AS,
    ATTACKER_RS,
    CLIENT,
    CRM,
    FURTHER_SERVERS,
    GOOD_TENANT,
    HONEST_AS,
    SHARED_HOST,
    VICTIM,
    run_by_attacker,
)

# --- who takes part ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Participant:
    """A lifeline: ``key`` says who, ``letter`` stands for it in a text chart."""

    key: str
    name: str
    letter: str
    honest: bool
    url: str = ""


USER, THE_CLIENT, NOBODY = "user", "client", "attacker"
_KNOWN = (
    Participant(USER, "user agent", "U", True),
    Participant(THE_CLIENT, "client", "C", True, CLIENT),
    Participant(HONEST_AS, "honest AS", "H", True, HONEST_AS),
    Participant(ATTACKER_AS, "attacker's AS", "A", False, ATTACKER_AS),
    Participant(NOBODY, "attacker", "X", False),
    Participant("sub_agent", "sub-agent", "B", True),
    Participant("sub_sub_agent", "its sub-agent", "D", True),
)
_LETTERS = {CRM: "R", GOOD_TENANT: "G", SHARED_HOST: "S", ATTACKER_RS: "E"}
_ORDER = (USER, THE_CLIENT, "sub_agent", "sub_sub_agent", HONEST_AS, ATTACKER_AS)


def participants(sent: Iterable[Message]) -> tuple[Participant, ...]:
    """Those who take part in the messages, in the order in which they are drawn."""
    keys = dict.fromkeys(key for message in sent for key in (message.sender, message.receiver))
    first = [key for key in _ORDER if key in keys]
    servers = sorted((key for key in keys if key not in {*_ORDER, NOBODY}), key=lambda key: (run_by_attacker(key), key))
    known = {participant.key: participant for participant in _KNOWN}
    taken = {participant.letter for participant in _KNOWN}
    drawn = []
    for key in [*first, *servers, *([NOBODY] if NOBODY in keys else [])]:
        if key in known:
            drawn.append(known[key])
            continue
        spare = "TVWYZBDFIJKLMNOPQ" if run_by_attacker(key) else "QPONMLKJIFDBZYWVT"
        letter = next(letter for letter in (_LETTERS.get(key, ""), *spare) if letter and letter not in taken)
        taken.add(letter)
        name = "attacker's RS" if run_by_attacker(key) else "honest AS" if key in FURTHER_SERVERS else "honest RS"
        drawn.append(Participant(key, name, letter, not run_by_attacker(key), key))
    return tuple(drawn)


# --- what is sent ------------------------------------------------------------------------------------------


class Value(NamedTuple):
    """A parameter; ``secret``: the attacker must not learn it; ``inside``: a claim of the token named before."""

    name: str
    text: str
    secret: bool = False
    inside: bool = False


#: How builders name a value.
Given = Value | tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a run.

    Attributes:
        step: number of the action it belongs to, from 1.
        sender, receiver: keys of participants; the same one for what a party does by itself.
        label: what it is.
        values: the parameters that matter.
        note: what a reader should notice.
        honest: whether an honest party sends it of its own accord.
        session: whose session at the client it belongs to, where that is not the user's.
        leaks: names of the values that thereby reach the attacker and must not.
        decisive: whether it belongs to the step that shows what the trace shows.
    """

    step: int
    sender: str
    receiver: str
    label: str
    values: tuple[Value, ...] = ()
    note: str = ""
    honest: bool = True
    session: str = ""
    leaks: tuple[str, ...] = ()
    decisive: bool = False


class Scene:
    """One action of a trace with the states around it, as the builders read them."""

    def __init__(self, machine: Machine, step: Step, before: View, after: View, trace: Trace) -> None:
        self.world, self.design = machine.world, machine.configuration.design
        self.capabilities = machine.capabilities
        self.before, self.after, self.trace = before, after, trace
        self.action: Action = machine.by_name[step.action]
        self.chosen: dict[str, Any] = {**self.action.fixed, **dict(step.choices)}
        self.context = Context(self.world, self.design, self.capabilities, before)

    @property
    def who(self) -> str:
        """The session that the action belongs to."""
        return str(self.chosen.get("who", VICTIM))

    @property
    def session(self) -> Session:
        """That session before the action."""
        return self.before.session(self.who)

    @property
    def now(self) -> Session:
        """That session after the action."""
        return self.after.session(self.who)

    @property
    def browser(self) -> str:
        """Whose browser that session runs in."""
        return USER if self.who == VICTIM else NOBODY

    @property
    def offender(self) -> str:
        """Where the attacker acts from: its AS where it has one."""
        return ATTACKER_AS if self.capabilities["mal_as"] else NOBODY

    def rules(self) -> list[Rule]:
        """The checks that honest parties made and that passed."""
        return [condition.rule for condition in self.action(self.context, **dict(self._choices())).rules]

    def _choices(self) -> Iterator[tuple[str, Any]]:
        return ((name, value) for name, value in self.chosen.items() if name in self.action.choices)


#: What a builder makes of an action.
Built = list[Message]


def messages(trace: Trace) -> list[Message]:
    """The messages of a run, in order."""
    last = len(trace.steps)
    return [
        replace(sent, decisive=number == last)
        for number, scene in enumerate(scenes(trace), 1)
        for sent in sent_in(scene, number)
    ]


def sent_in(scene: Scene, number: int) -> Iterator[Message]:
    """The messages of one action, which is step ``number`` of its run."""
    builders = import_module(PROTOCOLS[scene.world.protocol].wire).BUILDERS
    builder = builders.get(scene.action.schema.name, _plain)
    session = owner(scene.who) if "who" in scene.chosen and scene.who != VICTIM else ""
    for sent in builder(scene):
        leaks = tuple(value.name for value in sent.values if value.secret and _dishonest(sent.receiver))
        yield replace(sent, step=number, session=session, leaks=leaks)


def scenes(trace: Trace) -> Iterator[Scene]:
    """The actions of a run, each with the states around it."""
    machine = Machine(trace.configuration, trace.world)
    views = [machine.view(state) for state in machine.replay(trace.steps)]
    for step, before, after in zip(trace.steps, views, views[1:], strict=False):
        yield Scene(machine, step, before, after, trace)


def _dishonest(key: str) -> bool:
    return key in (NOBODY, ATTACKER_AS) or run_by_attacker(key)


def message(
    sender: str,
    receiver: str,
    label: str,
    *values: Given,
    note: str = "",
    honest: bool | None = None,
) -> Message:
    """A message with those of the values that say something."""
    kept = tuple(Value(*value) for value in values if value is not None and value[1] not in (NONE, ""))
    return Message(0, sender, receiver, label, kept, note, not _dishonest(sender) if honest is None else honest)


def owner(who: str) -> str:
    """Whose a session is, in words."""
    return {VICTIM: "user's session", ATTACKER: "attacker's session", THIEF: "attacker"}.get(who, who)


#: Steps that are one act of the attacker: from whom to whom it goes.
_ACTS = {
    "attacker.receive_login_form": (HONEST_AS, NOBODY),
    "attacker.inherit_consent": (NOBODY, HONEST_AS),
    "attacker.be_taken_for_user": (NOBODY, CRM),
    "attacker.authenticate_with_old_key": (NOBODY, HONEST_AS),
    "attacker.present_colliding_identity": (NOBODY, CRM),
    "attacker.answer_introspection": (ATTACKER_AS, CRM),
    "attacker.present_id_token": (NOBODY, CRM),
    "attacker.replay_grant": (ATTACKER_AS, HONEST_AS),
    "attacker.introspect_foreign_token": (ATTACKER_RS, HONEST_AS),
    "attacker.replay_request": (NOBODY, CRM),
    "attacker.redirect_to_target": (ATTACKER_RS, THE_CLIENT),
    "attacker.pass_token_through": (NOBODY, CRM),
    "attacker.spend_upstream_consent": (NOBODY, CRM),
    "attacker.use_session_handle": (NOBODY, CRM),
    "attacker.point_client_inside": (ATTACKER_RS, THE_CLIENT),
    "attacker.point_server_inside": (NOBODY, HONEST_AS),
    "attacker.hand_out_hostile_url": (ATTACKER_AS, THE_CLIENT),
}


def _plain(s: Scene) -> Built:
    """An action without an entry in the table of builders: one message that says what it means."""
    schema = s.action.schema
    actor = schema.name.partition(".")[0]
    party = {"client": THE_CLIENT, "authorization_server": HONEST_AS, "attacker": NOBODY}.get(actor) or s.session.url
    party = THE_CLIENT if party == NONE else party
    sender, receiver = _ACTS.get(schema.name, (party, party))
    values = [(name, str(value)) for name, value in s.chosen.items() if name != "who"]
    return [message(sender, receiver, schema.meaning.rstrip("."), *values, honest=schema.honest)]
