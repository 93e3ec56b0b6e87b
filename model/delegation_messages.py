"""The messages by which authority is passed on, as typed records."""

from __future__ import annotations

from dataclasses import dataclass

from model.logic import Value
from model.messages import Message, public


@dataclass(frozen=True, slots=True)
class Approval(Message):
    """A user approves a client."""

    label, source = "approves the client", "RFC 6749 4.1.1"
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class GrantedToken(Message):
    """A token, with what it is good for and for how long."""

    label, source = "200 token response", "RFC 6749 5.1; RFC 8693 2.2"
    scope: Value = public()
    expires: Value = public()


@dataclass(frozen=True, slots=True)
class Task(Message):
    """A sub-agent is started for a task."""

    label, source = "starts a task", "draft-hardt-oauth-aauth-protocol, Parent-Mediated Authorization"
    passes_on: Value = public()


@dataclass(frozen=True, slots=True)
class LentToken(Message):
    """The client's own token and key, handed to somebody else."""

    label, source = "lends the client's token and key", "draft-klrc-aiagent-auth 10.4"
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class OwnTokenRequest(Message):
    """A sub-agent asks for a token as itself."""

    label, source = "POST token request, as itself", "draft-hardt-oauth-aauth-protocol, Sub-Agents"
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class TaskDone(Message):
    """The task is over."""

    label, source = "the task is done", "draft-hardt-oauth-aauth-protocol, Resource Token Structure (mission)"
