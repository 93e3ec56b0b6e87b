"""What goes over the wire in a run, as charts draw it: the messages that its actions send, and nothing else.

A run is replayed on the machine; each step says in :attr:`model.action.Move.sends` what it sends, and this module says
how that is called and which of its values the attacker learns thereby and must not; :mod:`model.cast` says who it is
between.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import NamedTuple

from model.action import Action
from model.cast import Cast
from model.logic import Decided
from model.machine import Machine, Step
from model.messages import Message, Sent, held
from model.rule import Rule
from model.state import View
from model.trace import Trace
from model.value_words import Words, owner
from model.world import ATTACKER, NONE


class Value(NamedTuple):
    """A parameter in words.

    ``inside``: it is a claim of the term before it; ``theirs``: it names the attacker or something of its.
    """

    name: str
    text: str
    inside: bool = False
    theirs: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """One message of a run, as it is drawn.

    Attributes:
        step: number of the action it belongs to, from 1.
        sender, receiver: keys of participants; the same one for what a party does by itself.
        label: what it is.
        values: the parameters that matter.
        note: what a reader should notice.
        honest: whether an honest party sends it of its own accord.
        session: whose session at the client it belongs to, where that is not the user's only one.
        leaks: names of the values that the attacker learns by it and must not.
        decisive: whether it belongs to the step that shows what the trace shows.
        record: the message itself.
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
    record: Message | None = None


class Scene:
    """One action of a trace with the states around it."""

    def __init__(self, machine: Machine, step: Step, before: View, after: View) -> None:
        self.machine, self.world = machine, machine.world
        self.before, self.after = before, after
        self.action: Action = machine.by_name[step.action]
        self.chosen: dict[str, Decided] = {**self.action.fixed, **dict(step.choices)}
        self.context = machine.context(before).within(self.action.session)
        self.move = self.action(self.context, **dict(step.choices))
        self.cast = Cast(self.context)
        self.words = Words(machine.context(after))

    def rules(self) -> list[Rule]:
        """The checks that honest parties made and that passed."""
        return [condition.rule for condition in self.move.rules]

    @cached_property
    def learned(self) -> set[tuple[str, str]]:
        """The terms that the attacker learns in this step, each with its kind."""
        facts = [
            name.split(".", 2)[1:]
            for name, new in self.move.sets.items()
            if name.startswith("knows.") and new and not self.before[name]
        ]
        return {(kind, name) for kind, name in facts}

    def session(self) -> str:
        """The session that the action belongs to, in words, where that is not the only one of an honest user."""
        who = self.action.session
        if who not in self.world.session:
            return ""
        users = [session for session in self.world.sessions if session.user != ATTACKER]
        return owner(self.world, who) if self.world.user_of(who) == ATTACKER or len(users) > 1 else ""


def arrows(trace: Trace) -> list[Arrow]:
    """The messages of a run, in order."""
    last = len(trace.steps)
    return [
        replace(sent, decisive=number == last)
        for number, scene in enumerate(scenes(trace), 1)
        for sent in sent_in(scene, number)
    ]


def scenes(trace: Trace) -> Iterator[Scene]:
    """The actions of a run, each with the states around it."""
    machine = Machine(trace.configuration, trace.world)
    views = [machine.view(state) for state in machine.replay(trace.steps)]
    for step, before, after in zip(trace.steps, views, views[1:], strict=False):
        yield Scene(machine, step, before, after)


def sent_in(scene: Scene, number: int) -> Iterator[Arrow]:
    """The messages of one action, which is step ``number`` of its run."""
    answered, shown, silent = False, set(), True
    for sent in (sent for sent in scene.move.sends if sent.when):
        for leg in _legs(scene, sent):
            drawn, leaked = _arrow(scene, leg, answered)
            shown |= leaked
            answered = answered or not (scene.cast.is_browser(drawn.receiver) or drawn.receiver == drawn.sender)
            silent = False
            yield replace(drawn, step=number, session=scene.session())
    for drawn in (*_leaking(scene, shown), *([_by_itself(scene)] if silent else [])):
        yield replace(drawn, step=number, session=scene.session())


def _by_itself(scene: Scene) -> Arrow:
    """A step that sends nothing: what somebody does by itself, in the words of the model."""
    schema, named = scene.action.schema, [str(value) for value in scene.chosen.values()]
    parties = [name for name in named if name in scene.world.by_name]
    parties += [scene.world.session[name].client for name in named if name in scene.world.session]
    at = next(iter(parties), ATTACKER) if schema.honest else ATTACKER
    return Arrow(0, at, at, schema.meaning.rstrip("."), honest=schema.honest)


def _legs(scene: Scene, sent: Sent) -> Iterator[Sent]:
    """A message as it travels: to a redirect URI by the user's browser, and on to the attacker if that has it."""
    cast, sender = scene.cast, scene.cast.key(sent.sender)
    browser = sent.browser or next(iter(scene.world.users), ATTACKER)
    if not cast.is_callback(sent.receiver) or cast.is_browser(sender) or cast.is_client(sender):
        yield sent
        return
    yield sent._replace(receiver=browser)
    if cast.key(sent.receiver) == ATTACKER and browser != ATTACKER:
        yield sent._replace(sender=browser)


def _arrow(scene: Scene, sent: Sent, answered: bool) -> tuple[Arrow, set[tuple[str, str]]]:
    """One leg of a message as it is drawn, and the terms that the attacker learns by it."""
    cast, sender, receiver = scene.cast, _speaker(scene, sent), scene.cast.key(sent.receiver)
    learned = set() if cast.honest(receiver) else _terms(sent.message) & scene.learned
    secret = {(kind, name) for kind, name in learned if _is_secret(scene, kind, name)}
    label, values, leaks = _described(scene, sent.message, secret)
    if cast.is_browser(receiver):
        served = not cast.is_browser(sender) and not cast.is_client(sender)
        label = re.sub("^(GET|redirect to) " if served else "^redirect to ", "302 to ", label)
    at = scene.world.by_name.get(sender)
    note = " ".join(part for part in (sent.message.remark(at.url) if at else "", _channel(scene, sent)) if part)
    honest = cast.honest(sender) and (scene.action.schema.honest or not _made_to(scene, sender, receiver, answered))
    return Arrow(
        0, sender, receiver, label, values, note or _misplaced(scene, sent), honest, "", leaks, record=sent.message
    ), learned


def _speaker(scene: Scene, sent: Sent) -> str:
    """Who sends a message: where the attacker leads a browser on that is at its own AS, that AS."""
    sender, user = scene.cast.key(sent.sender), scene.cast.key(sent.receiver)
    if sender != ATTACKER or user not in scene.world.users:
        return sender
    places = [f"{session.name}.authorization_at" for session in scene.world.sessions if session.user == user]
    visited = [scene.cast.key(scene.before[place]) for place in places if place in scene.machine.index]
    return next((key for key in visited if key in scene.world.by_name and not scene.cast.honest(key)), sender)


def _made_to(scene: Scene, sender: str, receiver: str, answered: bool) -> bool:
    """Whether a message in an action of the attacker's is its doing: from a browser, or from a party to a client."""
    to_client = scene.cast.is_client(receiver) and sender != receiver and not scene.cast.is_elsewhere(sender)
    return to_client or (scene.cast.is_browser(sender) and not answered)


def _terms(message: Message) -> set[tuple[str, str]]:
    return {(kind, str(name)) for _, kind, name in held(message)}


#: Terms that pass through the operator of the authorization endpoint, as they are meant to.
_PASSED = ("state", "challenge", "request_uri")


def _is_secret(scene: Scene, kind: str, name: str) -> bool:
    """Whether the attacker must not have a term: it is a user's, or a client's for somebody else."""
    if kind in _PASSED or scene.words.user_of(name) == ATTACKER:
        return False
    made_for = name.partition("@")[2]
    honest = [party.url for party in scene.world.parties if scene.cast.honest(party.name) and "://" in party.url]
    return not made_for or made_for in scene.world.by_name or any(made_for.startswith(url) for url in honest)


def _described(
    scene: Scene, message: Message, secret: set[tuple[str, str]]
) -> tuple[str, tuple[Value, ...], tuple[str, ...]]:
    """Label, values and leaks of a message; a field that the label names is not said again.

    What a signed value opens is not on the wire: anybody who learns it has the value itself.
    """
    values: list[Value] = []
    leaks = []
    for each in fields(message):
        given, kind = getattr(message, each.name), each.metadata.get("term", "")
        if "unsent" in each.metadata:
            opened = any((kind, str(one)) in secret for one in given)
            leaks += [value.name for value in values[::-1] if not value.inside][:1] if opened else []
            continue
        given = tuple(one for one in dict.fromkeys(given) if one != NONE) if isinstance(given, tuple) else given
        if given in (NONE, "", False, None, ()) or f"{{{each.name}}}" in message.label:
            continue
        text = scene.words.term(kind, str(given)) if kind else scene.words.public(given)
        if "endpoint" in each.metadata and text in scene.world.registrars:
            text = f"{text}/{each.metadata['endpoint']}"
        name = each.metadata.get("sent_as") or each.metadata.get("claim", each.name)
        values.append(_value(scene, name, text, "claim" in each.metadata))
        values += [_value(scene, of, said, True) for of, said in scene.words.claims(kind, str(given))]
        if (kind, str(given)) in secret:
            leaks.append(name)
    named = {each.name: scene.words.public(getattr(message, each.name)) for each in fields(message)}
    return message.label.format(**named), tuple(values), tuple(leaks)


def _value(scene: Scene, name: str, text: str, inside: bool) -> Value:
    return Value(name, text, inside, scene.cast.theirs(text))


# --- what a reader should notice -----------------------------------------------------------------------------

_CHANNELS = {
    "challenge": "the attacker wrote the challenge",
    "document": "the attacker altered the document on its way",
    "transport": "plain HTTP: the network attacker answers",
    "cache": "the attacker's document is still in a cache",
    "well_known": "another tenant wrote this well-known location",
}


def _channel(scene: Scene, sent: Sent) -> str:
    """By which channel the attacker writes what an honest resource seems to say."""
    forged = not scene.action.schema.honest and scene.cast.honest(scene.cast.key(sent.sender))
    to_client = scene.cast.is_client(scene.cast.key(sent.receiver))
    return _CHANNELS.get(str(scene.chosen.get("channel")), "") if forged and to_client else ""


def _misplaced(scene: Scene, sent: Sent) -> str:
    """Whether a client gets what is of another AS than the one recorded, or of somebody else than its session is."""
    who = scene.action.session
    if who not in scene.world.session or scene.cast.key(sent.receiver) != scene.world.session[who].client:
        return ""
    names = (f"{who}.issuer", f"{who}.unnamed")
    issuer, unnamed = (scene.before[name] if name in scene.machine.index else NONE for name in names)
    for name in (str(name) for _, kind, name in held(sent.message) if kind in _ISSUED):
        user, at = scene.words.user_of(name), scene.words.server_of(name)
        if user and user != scene.world.user_of(who):
            return f"the {user}'s, in the {owner(scene.world, who)}"
        if at and issuer not in (NONE, at):
            recorded = "no issuer is recorded for this session"
            return recorded if unnamed is True else f"the issuer recorded for this session is {issuer}"
    return ""


_ISSUED = ("code", "token")


def _leaking(scene: Scene, shown: set[tuple[str, str]]) -> Iterator[Arrow]:
    """What the attacker learns of messages that are not sent to it."""
    rest = {(kind, name) for kind, name in scene.learned - shown if scene.words.user_of(name) != ATTACKER}
    for sent in (sent for sent in scene.move.sends if sent.when):
        seen = _terms(sent.message) & rest
        if seen:
            rest -= seen
            ends = [scene.cast.key(end) for leg in _legs(scene, sent) for end in (leg.sender, leg.receiver)]
            at = next((end for end in ends if scene.cast.is_user(end)), ends[-1])
            yield _leak(scene, at, sent.message, seen)
    clients = [scene.world.session[name].client for _, name in rest if name in scene.world.session]
    if rest and scene.action.schema.honest:
        values = tuple(_value(scene, kind, scene.words.term(kind, name), False) for kind, name in sorted(rest))
        names = tuple(value.name for value in values)
        yield Arrow(0, next(iter(clients), ATTACKER), ATTACKER, "leaks", values, leaks=names)


def _leak(scene: Scene, at: str, message: Message, seen: set[tuple[str, str]]) -> Arrow:
    """A message that leaks from where it arrives, with what the attacker learns of it."""
    label, values, names = _described(scene, message, seen)
    kept = tuple(value for value in values if value.name in names)
    sender = at if scene.cast.honest(at) else ATTACKER
    return Arrow(0, sender, ATTACKER, f"leaks: {label}", kept, leaks=names, record=message)
