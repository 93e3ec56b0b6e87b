"""What goes over the wire when authority is passed on: every action as the messages that it stands for."""

from __future__ import annotations

from collections.abc import Callable

from model.delegation_flow import SUB_AGENT, TASK
from model.messages import THE_CLIENT, USER, Built, Scene, message
from model.world import HONEST_AS


def _starter(s: Scene) -> str:
    return THE_CLIENT if s.chosen["to"] == SUB_AGENT else SUB_AGENT


def _obtain(s: Scene) -> Built:
    return [
        message(USER, HONEST_AS, "approves the client", ("scope", s.chosen["authority"])),
        message(HONEST_AS, THE_CLIENT, "200 token response", ("scope", s.chosen["authority"])),
    ]


def _start(s: Scene) -> Built:
    return [message(THE_CLIENT, SUB_AGENT, "starts a task", ("passes on", s.chosen["passes_on"]))]


def _lend(s: Scene) -> Built:
    to = s.chosen["to"]
    lent = ("access_token", "<the client's>"), ("scope", s.after[f"{to}.authority"])
    return [message(_starter(s), to, "lends the client's token and key", *lent)]


def _issue(s: Scene) -> Built:
    to, lifetime = s.chosen["to"], s.chosen["lifetime"]
    expires = "with the task" if lifetime == TASK else "later than the task"
    return [
        message(to, HONEST_AS, "POST /token, as itself"),
        message(HONEST_AS, to, "200 token response", ("scope", s.chosen["authority"]), ("expires", expires)),
    ]


def _end(s: Scene) -> Built:
    return [message(THE_CLIENT, SUB_AGENT, "the task is done")]


BUILDERS: dict[str, Callable[[Scene], Built]] = {
    "client.obtain_grant": _obtain,
    "client.start_task": _start,
    "client.lend_token": _lend,
    "authorization_server.issue_token_to_sub_agent": _issue,
    "client.end_task": _end,
}
