"""What goes between agents when authority is passed on, as typed records; the rest is as in :mod:`model.messages`."""

from dataclasses import dataclass

from model.logic import Value
from model.messages import Message, public, term

#: How a Mission is named: there is one of the user's in a run.
MISSION = "<the user's Mission>"


@dataclass(frozen=True, slots=True)
class Task(Message):
    """A sub-agent is started for a task."""

    label, source = "starts a task", "draft-hardt-oauth-aauth-protocol, Parent-Mediated Authorization"
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class LentToken(Message):
    """The client's own token, with the key that it is bound to if there is one, handed to somebody else."""

    label, source = "lends the client's token and key", "draft-klrc-aiagent-auth 10.4"
    access_token: Value = term("token")
    proof_key: Value = public()
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class HandedToken(Message):
    """A token that an AS has made for a sub-agent, handed on by the party that asked for it."""

    label, source = "hands over a token", "draft-hardt-oauth-aauth-protocol, Parent-Mediated Authorization"
    access_token: Value = term("token")


@dataclass(frozen=True, slots=True)
class NamedPresenter(Message):
    """A token that is bound to a key, with an assertion by that key that names the key of the next presenter."""

    label, source = "names the next presenter", "draft-mcguinness-oauth-presenter-rebinding, Worked Example"
    access_token: Value = term("token")
    presenter_rebinding: Value = public()


@dataclass(frozen=True, slots=True)
class Revocation(Message):
    """A grant, or what was made of one, is taken back."""

    label, source = "revokes", "RFC 7009 2.1; draft-mcguinness-oauth-mission, Revocation"
    token: Value = term("token")


@dataclass(frozen=True, slots=True)
class StatusRequest(Message):
    """An AS asks that of a Mission, on whose word it has issued, for the state of it."""

    label, source = "POST mission status", "draft-mcguinness-oauth-mission-status, Request"
    mission: Value = public()


@dataclass(frozen=True, slots=True)
class MissionState(Message):
    """What the AS of a Mission says of it, asked or as an event."""

    label, source = "state of a Mission", "draft-mcguinness-oauth-mission-status, Response"
    mission: Value = public()
    state: Value = public()


@dataclass(frozen=True, slots=True)
class TaskDone(Message):
    """The task is over."""

    label, source = "the task is done", "draft-hardt-oauth-aauth-protocol, Resource Token Structure (mission)"
