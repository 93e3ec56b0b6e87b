"""What goes over the wire in the mix-up: every action as the messages that it stands for."""

from __future__ import annotations

from collections.abc import Callable

from model.client import NONE
from model.messages import NOBODY, THE_CLIENT, USER, Built, Given, Scene, Value, message
from model.mixup_flow import NAMED
from model.world import ATTACKER_AS


def _code(s: Scene) -> Value:
    """The code that the action is about."""
    of = s.chosen.get("of", s.who)
    return Value("code", f"<of {s.chosen['server'].removeprefix('https://')} for {of}>", True)


def _held(s: Scene) -> Value:
    """The code that the client holds for the session of the action."""
    who, _, server = str(s.session.code).partition("@")
    return Value("code", f"<of {server} for {who}>", True)


def _verifier(s: Scene) -> Given:
    return None if s.design["pkce"] == "off" else Value("code_verifier", f"<of {s.who}>", True)


def _discover(s: Scene) -> Built:
    claims = [(name.replace("_at", "_endpoint of"), str(s.chosen[name])) for name in NAMED]
    return [message(s.chosen["metadata"], THE_CLIENT, "200 AS metadata", *claims)]


def _redirect(s: Scene) -> Built:
    return [
        message(THE_CLIENT, USER, "302 to the authorization endpoint", ("state", f"<of {s.who}>")),
        message(USER, s.chosen["server"], "GET /authorize", ("state", f"<of {s.who}>")),
    ]


def _bounce(s: Scene) -> Built:
    return [
        message(ATTACKER_AS, USER, "302 to another authorization endpoint", ("state", f"<of {s.who}>")),
        message(USER, s.chosen["server"], "GET /authorize", ("state", f"<of {s.who}>")),
    ]


def _answer(s: Scene) -> Built:
    iss = s.chosen["server"] if s.design["h_iss"] == "yes" else NONE
    return [
        message(USER, s.chosen["server"], "logs in and approves"),
        message(s.chosen["server"], USER, "302 to the client", _code(s), ("state", f"<of {s.who}>"), ("iss", iss)),
    ]


def _deliver(note: str) -> Callable[[Scene], Built]:
    return lambda s: [message(USER, THE_CLIENT, "GET /callback", _code(s), ("state", f"<of {s.who}>"), note=note)]


def _inject(s: Scene) -> Built:
    values = _code(s)._replace(secret=False), ("state", f"<of {s.who}>"), ("iss", str(s.session.issuer))
    return [
        message(ATTACKER_AS, USER, "302 to the client", *values),
        message(USER, THE_CLIENT, "GET /callback", *values, honest=False),
    ]


def _post(s: Scene) -> Built:
    return [message(THE_CLIENT, str(s.session.token_at), "POST /token", _held(s), _verifier(s))]


def _exchange(s: Scene) -> Built:
    server = str(s.session.token_at)
    return [*_post(s), message(server, THE_CLIENT, "200 token response", Value("access_token", "<for the user>", True))]


def _refuse(s: Scene) -> Built:
    return [*_post(s), message(str(s.session.token_at), THE_CLIENT, "400 invalid_grant")]


def _redeem(s: Scene) -> Built:
    sent = _verifier(s) if s.session.verifier_seen else None
    server = s.chosen["server"]
    return [
        message(NOBODY, server, "POST /token", _code(s), sent),
        message(server, NOBODY, "200 token response", Value("access_token", "<for the user>", True), honest=True),
    ]


BUILDERS: dict[str, Callable[[Scene], Built]] = {
    "client.discover_server": _discover,
    "client.redirect_browser": _redirect,
    "attacker.bounce_browser": _bounce,
    "authorization_server.answer_request": _answer,
    "client.take_code": _deliver(""),
    "client.discard_response": _deliver("not from the issuer of this session: given up"),
    "attacker.inject_code": _inject,
    "client.post_code_to_attacker": _post,
    "client.exchange_code": _exchange,
    "client.is_refused_token": _refuse,
    "attacker.redeem_known_code": _redeem,
}
