"""What goes over the wire under AAuth: every action as the messages that it stands for."""

from __future__ import annotations

from collections.abc import Callable

from model.aauth.agent import AGENT_KEY, server_identifier
from model.client import NONE
from model.messages import NOBODY, THE_CLIENT, USER, Built, Given, Message, Scene, Value, message
from model.state import ISSUED
from model.world import ATTACKER_AS, HONEST_AS, VICTIM, run_by_attacker

_KEYS = {AGENT_KEY: "<the agent's>", NONE: NONE}


def _key(key: str) -> str:
    return _KEYS.get(key, "<the attacker's>")


def _url(s: Scene) -> str:
    return str(s.after[f"{VICTIM}.url"])


def _inside(*claims: tuple[str, str]) -> list[Given]:
    return [Value(name, text, inside=True) for name, text in claims if text != NONE]


def _request(s: Scene) -> Built:
    return [message(THE_CLIENT, _url(s), f"GET {_url(s)}", ("Signature-Key", "person_token"))]


def _resource_token(s: Scene) -> list[Given]:
    names = ("iss", "aud", "agent_jkt")
    claims = [(name, str(s.after[f"resource_token.{name}"])) for name in names]
    return [("resource_token", "<signed>"), *_inside(*claims[:2], ("agent_jkt", _key(claims[2][1])))]


def _challenge(s: Scene) -> Built:
    return [message(_url(s), THE_CLIENT, "401 requirement=auth-token", *_resource_token(s))]


def _forged(s: Scene) -> Built:
    url, iss = _url(s), s.chosen["iss"]
    genuine = [there for there in s.world.honest_urls if server_identifier(there) == iss]
    fetched: list[Message] = []
    if genuine and s.chosen["agent_jkt"] != AGENT_KEY:
        asked = message(NOBODY, genuine[0], f"GET {genuine[0]}, signed")
        fetched = [asked, message(genuine[0], NOBODY, "401 requirement=auth-token", ("resource_token", "<signed>"))]
    note = "" if run_by_attacker(url) else "the challenge was tampered with"
    forged = message(url, THE_CLIENT, "401 requirement=auth-token", *_resource_token(s), note=note, honest=False)
    return [*fetched, forged]


def _ask_user(s: Scene) -> Built:
    resource = str(s.before["resource_token.iss"])
    return [
        message(THE_CLIENT, HONEST_AS, "POST auth_token_endpoint, signed", ("resource_token", f"<by {resource}>")),
        message(HONEST_AS, USER, f"asks: may the agent use {resource}?"),
        message(USER, HONEST_AS, "approves"),
    ]


def _auth_token(s: Scene) -> list[Given]:
    aud, key = str(s.after["issued.aud"]), str(s.after["issued.key"])
    claims = _inside(("iss", HONEST_AS), ("aud", aud), ("cnf", _key(key)))
    return [Value("auth_token", "<by the person server>", True), *claims]


def _issue(s: Scene) -> Built:
    return [message(HONEST_AS, THE_CLIENT, "200", *_auth_token(s))]


def _federate(s: Scene) -> Built:
    token = ("resource_token", f"<by {s.before['resource_token.iss']}>")
    return [message(HONEST_AS, ATTACKER_AS, "POST auth_token_endpoint, signed", token)]


def _answer(s: Scene) -> Built:
    chosen = s.chosen
    claims = _inside(("iss", chosen["iss"]), ("aud", chosen["aud"]), ("cnf", _key(chosen["key"])))
    return [
        message(ATTACKER_AS, HONEST_AS, "200", ("auth_token", "<as it likes>"), *claims),
        message(HONEST_AS, THE_CLIENT, "200", ("auth_token", "<passed on>")),
    ]


def _send(s: Scene) -> Built:
    users = s.before[f"{VICTIM}.token"] == ISSUED
    token = _auth_token(s) if users else [("auth_token", "<by the attacker's access server>")]
    note = "good for something else than the agent believes" if s.after[f"{VICTIM}.diverged"] else ""
    signature = ("Signature", f"<over {_url(s)}>")
    return [message(THE_CLIENT, _url(s), f"GET {_url(s)}, signed", *token, signature, note=note)]


def _accept(s: Scene) -> Built:
    return [message(_url(s), THE_CLIENT, "200, protected data")]


def _present(s: Scene) -> Built:
    url = s.chosen["url"]
    token = [value._replace(secret=False) if isinstance(value, Value) else value for value in _auth_token(s)]
    return [message(NOBODY, url, f"GET {url}, signed", *token), message(url, NOBODY, "200, the user's data")]


def _assert(s: Scene) -> Built:
    url = s.chosen["url"]
    claims = _inside(("iss", s.chosen["iss"]), ("sub", "<the user's>"), ("aud", server_identifier(url)))
    answer = "200, the user's data" if s.after["accepted.as_user"] else "200, data of that issuer's subject"
    return [
        message(ATTACKER_AS, url, f"GET {url}, signed", ("auth_token", "<as it likes>"), *claims),
        message(url, ATTACKER_AS, answer),
    ]


def _own_agent(s: Scene) -> Built:
    return [
        message(NOBODY, HONEST_AS, "POST auth_token_endpoint, signed, as an agent of its own"),
        message(HONEST_AS, USER, "asks for approval of that agent"),
        message(USER, HONEST_AS, "approves"),
    ]


BUILDERS: dict[str, Callable[[Scene], Built]] = {
    "client.send_signed_request": _request,
    "client.use_resource_token": _challenge,
    "person_server.ask_user": _ask_user,
    "person_server.issue_auth_token": _issue,
    "person_server.ask_access_server": _federate,
    "client.send_auth_token": _send,
    "resource_server.accept_signed_request": _accept,
    "attacker.forge_challenge": _forged,
    "attacker.answer_with_auth_token": _answer,
    "attacker.present_stolen_auth_token": _present,
    "attacker.present_asserted_token": _assert,
    "attacker.ask_user_for_own_agent": _own_agent,
}
