"""A profile says what a real authorization server does, from what it answered."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import profile
from conformance.profile import ACCEPTED, ASKED, KNOWN

Answer = dict[str, str]
#: A server that takes whatever it is asked for, and answers with opaque tokens.
OPEN = dict.fromkeys((*ASKED, "discovery", "token_other"), ACCEPTED)


@pytest.mark.parametrize(
    ("answer", "token", "found"),
    [
        ({"error": "invalid_target", "iss": "https://as"}, {}, {"known": "invalid_target", "known.iss": "https://as"}),
        ({}, {"error": "invalid_scope"}, {"known": "invalid_scope"}),
        ({}, {}, {"known": "no access_token"}),
        ({}, {"access_token": "opaque", "token_type": "Bearer"}, {"known": ACCEPTED, "known.token_type": "Bearer"}),
    ],
)
def test_a_profile_has_what_a_server_answered(answer: Answer, token: Answer, found: Answer) -> None:
    """An error of the authorization endpoint, one of the token endpoint, or what came with the token."""

    async def run() -> tuple[Answer, Answer]:
        return answer, token

    flow: Any = SimpleNamespace(run=run)
    assert asyncio.run(profile._ask("known", flow)) == found


@pytest.mark.parametrize(
    ("answers", "resource"),
    [
        ({}, "ignore"),
        ({"no_resource": "invalid_target"}, "ignore"),
        ({"unknown": "invalid_target"}, "reject_unknown"),
        ({"relative": "invalid_target"}, "honor"),
        ({"known.aud": json.dumps(KNOWN)}, "honor"),
        ({"known.aud": json.dumps([KNOWN, "https://as"])}, "add"),
        ({"known.aud": json.dumps("https://as")}, "substitute"),
        ({"known.aud": json.dumps("https://as"), "no_resource.aud": json.dumps("https://as")}, "ignore"),
    ],
)
def test_what_a_server_does_with_a_resource_is_read_from_its_answers(answers: Answer, resource: str) -> None:
    """One that refuses to go without is read as well: a token could be had."""
    switches, _ = profile.read(OPEN | answers)
    assert switches["as_resource"] == resource


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"known": "invalid_target", "no_resource": "server_error"}, "no token could be had: server_error"),
        ({"known": "invalid_target"}, "refuses every resource"),
    ],
)
def test_a_server_that_gives_no_token_has_no_profile_and_a_reason(answers: Answer, why: str) -> None:
    switches, reason = profile.read(OPEN | answers)
    assert not switches
    assert reason.startswith(why)
