"""What goes over the wire in the code flow: every action as the messages that it stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from model import client, session_readings
from model.client import NONE
from model.messages import NOBODY, THE_CLIENT, USER, Built, Given, Message, Scene, Value, message, owner
from model.state import ISSUED, LEAKED, MINTED, REFRESHED, STRANGERS, View
from model.wire_values import (
    audience_of,
    authentication_of,
    challenge_of,
    code_of,
    metadata_url,
    own_request,
    proof_for,
    request_fields,
    response_fields,
    state_of,
    token_of,
    verifier_of,
)
from model.world import ATTACKER, ATTACKER_AS, ATTACKER_CALLBACK, CLIENT, HONEST_AS, LOOPBACK, VICTIM

# --- discovery ---------------------------------------------------------------------------------------------


def _challenged(s: Scene, url: str, metadata: str | None = None, honest: bool | None = None) -> Built:
    points = s.design["prm"] != "off" and s.design["prm_src"] == "challenge"
    header = ("resource_metadata", metadata or metadata_url(url)) if points else None
    return [
        message(THE_CLIENT, url, f"GET {url}"),
        message(url, THE_CLIENT, "401 Unauthorized", header, honest=honest),
    ]


def _document(server: str, url: str, resource: str, listed: str, honest: bool | None = None) -> Built:
    return [
        message(THE_CLIENT, server, f"GET {url}"),
        message(
            server, THE_CLIENT, "200 resource metadata", ("resource", resource),
            ("authorization_servers", f"[{listed}]"), honest=honest,
        ),
    ]  # fmt: skip


def _request_resource(s: Scene) -> Built:
    return _challenged(s, s.chosen["url"])


def _use_resource_metadata(s: Scene) -> Built:
    url, resource, listed = s.session.url, s.chosen["resource"], s.chosen["listed"]
    if s.design["prm"] == "off":
        values = (("resource", resource), ("issuer", listed))
        return [message(THE_CLIENT, THE_CLIENT, "takes resource and AS from its configuration", *values)]
    made = _document(url, metadata_url(url), resource, listed)
    other = "names a resource that is not the URL asked for" if resource != url else ""
    return [made[0], replace(made[1], note=other)]


def _forge_resource_metadata(s: Scene) -> Built:
    url, listed, resource = s.session.url, s.now.listed, s.now.resource
    if s.chosen["channel"] == "header":
        elsewhere = "https://attacker.example/metadata"
        header = _challenged(s, url, elsewhere, honest=False)[1]
        made = [replace(header, note="challenge header injected by the attacker")]
        return made + _document(NOBODY, elsewhere, resource, listed)
    made = _document(url, metadata_url(url), resource, listed, honest=False)
    how = {
        "delivery": "the attacker altered the document on its way",
        "network": "plain HTTP: the network attacker answers",
        "well_known": "another tenant wrote this well-known location",
    }
    return [made[0], replace(made[1], note=how.get(s.chosen["channel"], "the attacker's document"))]


def _use_server_metadata(s: Scene) -> Built:
    server, now = s.chosen["metadata"], s.now
    authorizes = str(session_readings.authorization_at(s.design, now))
    parameters = s.design["h_iss"] == "yes" and server == HONEST_AS
    offers_push = s.design["par"] != "off"
    claims = f"claims to be {now.issuer}" if now.issuer != server else ""
    foreign = {"authorization": authorizes, "token": now.token_at}
    mixed = [name for name, at in foreign.items() if at != server]
    note = claims or (f"its {' and '.join(mixed)} endpoint belongs to another AS" if mixed else "")
    return [
        message(THE_CLIENT, server, f"GET {server}/.well-known/oauth-authorization-server"),
        message(
            server, THE_CLIENT, "200 AS metadata",
            ("issuer", now.issuer),
            ("authorization_endpoint", f"{authorizes}/authorize"),
            ("token_endpoint", f"{now.token_at}/token"),
            ("pushed_authorization_request_endpoint", f"{now.par_at}/par") if offers_push else None,
            ("authorization_response_iss_parameter_supported", "true") if parameters else None,
            note=note,
        ),
    ]  # fmt: skip


# --- authorization -----------------------------------------------------------------------------------------


def _push(s: Scene, server: str, label: str = "POST /par") -> Built:
    session = s.session
    values = [*own_request(s, session), *authentication_of(s, session, True)]
    sent = message(THE_CLIENT, server, label, *values)
    return [sent, message(server, THE_CLIENT, "201", ("request_uri", f"<of {owner(s.who)}>"))]


def _push_to_attacker(s: Scene) -> Built:
    if s.design["par"] != "off":
        return _push(s, ATTACKER_AS)
    values = [("client_id", str(client.client_id(s.design, s.session.issuer))), *authentication_of(s, s.session, True)]
    return [message(THE_CLIENT, ATTACKER_AS, "POST /revoke (authenticated)", *values)]


def _send_authorization_request(s: Scene) -> Built:
    session = s.session
    values = own_request(s, session)
    if s.design["par"] != "off":
        values = [values[0], ("request_uri", f"<of {owner(s.who)}>")]
    server = str(session_readings.authorization_at(s.design, session))
    target = f"{server}/authorize"
    if s.browser == NOBODY:
        return [message(THE_CLIENT, NOBODY, f"302 to {target}", *values)]
    return [
        message(THE_CLIENT, USER, f"302 to {target}"),
        message(USER, server, "GET /authorize", *values),
    ]


def _approved(s: Scene) -> Built:
    """The honest AS answers a request that is in the user's browser."""
    target = s.after["code.redirect"]
    made = [message(HONEST_AS, USER, f"user approves: 302 to {target}", *response_fields(s))]
    if target == ATTACKER_CALLBACK or (target == LOOPBACK and s.capabilities["local_app"]):
        made.append(message(USER, NOBODY, f"GET {target}", *response_fields(s)))
    elif s.after["knows.code"] and not s.before["knows.code"]:
        made.append(message(USER, NOBODY, "authorization response leaks", *response_fields(s)))
    return made


def _send_user(s: Scene, values: list[tuple[str, str]]) -> Built:
    own = s.before.session(VICTIM)
    at_attacker = own.phase == "requested" and session_readings.authorization_at(s.design, own) == ATTACKER_AS
    sender = ATTACKER_AS if at_attacker and s.capabilities["mal_as"] else NOBODY
    how = "302 to" if sender == ATTACKER_AS else "lures the user to"
    return [
        message(sender, USER, f"{how} {HONEST_AS}/authorize"),
        message(USER, HONEST_AS, "GET /authorize", *values, honest=False),
        *_approved(s),
    ]


def _send_user_with_own_request(s: Scene) -> Built:
    values = own_request(s, s.before.session(ATTACKER))
    if s.design["par"] != "off":
        values = [values[0], ("request_uri", f"<of {owner(ATTACKER)}>")]
    return _send_user(s, values)


def _send_user_with_crafted_request(s: Scene) -> Built:
    fields = {**s.chosen, "client": s.chosen["client_id"], "key": NONE, "resource": NONE}
    return _send_user(s, request_fields(s, fields))


def _accept_authorization_response(s: Scene) -> Built:
    values = response_fields(s)
    issuer = s.session.issuer
    seen = "iss is not compared with it" if s.design["h_iss"] == "yes" else "the response has no iss"
    note = f"the issuer recorded for this request is {issuer}; {seen}" if issuer != HONEST_AS else ""
    return [message(USER, THE_CLIENT, f"GET {s.before['code.redirect']}", *values, note=note)]


def _inject_authorization_response(s: Scene) -> Built:
    redirect = client.redirect_uri(s.design, s.session.issuer)
    own = s.before.session(ATTACKER)
    values: list[Given] = [code_of("users"), ("state", state_of(ATTACKER)), ("iss", own.issuer)]
    return [message(NOBODY, THE_CLIENT, f"GET {redirect}", *values, note="the user's code, in the attacker's session")]


def _answer_authorization_request(s: Scene) -> Built:
    redirect = client.redirect_uri(s.design, s.session.issuer)
    values: list[Given] = [code_of("attackers"), ("state", state_of(s.who)), ("iss", s.session.issuer)]
    if s.browser == NOBODY:
        return [message(NOBODY, THE_CLIENT, f"GET {redirect}", *values)]
    return [
        message(ATTACKER_AS, USER, f"302 to {redirect}"),
        message(USER, THE_CLIENT, f"GET {redirect}", *values, honest=False),
    ]


# --- tokens ------------------------------------------------------------------------------------------------


def _token_request(s: Scene, server: str) -> Message:
    session = s.session
    return message(
        THE_CLIENT, server, "POST /token",
        ("grant_type", "authorization_code"),
        code_of(session.code),
        ("redirect_uri", str(client.redirect_uri(s.design, session.issuer))),
        verifier_of(str(session_readings.code_challenge(s.design, session))),
        ("client_id", str(client.client_id(s.design, session.issuer))),
        *authentication_of(s, session, False),
        proof_for(s, f"{server}/token", session),
        ("resource", str(session_readings.requested_resource(s.design, session))),
    )  # fmt: skip


def _send_code_to_attacker(s: Scene) -> Built:
    return [_token_request(s, ATTACKER_AS)]


def _granted(s: Scene, receiver: str, kind: str) -> Message:
    refreshed_later = any(step.action.startswith("client.refresh") for step in s.trace.steps)
    refresh = Value("refresh_token", "<issued by H>", True) if refreshed_later and kind == ISSUED else None
    values = [token_of(kind), *audience_of(s, s.after, kind), refresh]
    return message(HONEST_AS, receiver, "200 token response", *values)


def _issue_token(s: Scene) -> Built:
    granted = _granted(s, THE_CLIENT, ISSUED)
    if s.who == ATTACKER:
        granted = replace(granted, note="the user's token, in the attacker's session at the client")
    return [_token_request(s, HONEST_AS), granted]


def _redeem_code(s: Scene) -> Built:
    code = s.before
    verifier = code["code.challenge"]
    return [
        message(
            s.offender, HONEST_AS, "POST /token, as the client",
            ("grant_type", "authorization_code"),
            ("code", "<user's code>"),
            ("redirect_uri", code["code.redirect"]),
            None if verifier == NONE else verifier_of(verifier),
            ("client_id", code["code.client"]),
            ("resource", NONE if s.chosen["wanted"] == NONE else str(s.after["issued.resource"])),
        ),
        _granted(s, s.offender, ISSUED),
    ]  # fmt: skip


def _answer_token_request(s: Scene) -> Built:
    token = token_of(s.chosen["token"])
    return [message(ATTACKER_AS, THE_CLIENT, "200 token response", token)]


def _refresh_at_new_server(s: Scene) -> Built:
    url = s.session.url
    return [
        message(url, THE_CLIENT, "401, and new resource metadata", ("authorization_servers", f"[{ATTACKER_AS}]")),
        message(
            THE_CLIENT, ATTACKER_AS, "POST /token",
            ("grant_type", "refresh_token"),
            Value("refresh_token", "<issued by H>", True),
            Value("client_secret", f"<for {HONEST_AS}>", True) if s.now.secret and not s.session.secret else None,
        ),
    ]  # fmt: skip


def _refresh_token(s: Scene) -> Built:
    return [
        message(
            s.offender, HONEST_AS, "POST /token, as the client",
            ("grant_type", "refresh_token"), ("refresh_token", "<issued by H>"), ("client_id", s.before["code.client"]),
        ),
        _granted(s, s.offender, REFRESHED),
    ]  # fmt: skip


def _authenticate_as_client(s: Scene) -> Built:
    secret = any(s.before.session(who).secret for who in s.world.sessions)
    shown = ("client_secret", f"<for {HONEST_AS}>") if secret else ("client_assertion", "<the one received>")
    return [
        message(s.offender, HONEST_AS, "authenticates as the client", ("client_id", s.chosen["client_id"]), shown),
        message(HONEST_AS, s.offender, "accepted as the client"),
    ]


# --- at the resource ---------------------------------------------------------------------------------------


def _carried(s: Scene, token: str, state: View) -> list[Value]:
    return [token_of(token), *(audience_of(s, state, token) if token not in (MINTED, LEAKED, STRANGERS) else [])]


def _send_token(s: Scene) -> Built:
    url, session = s.session.url, s.session
    diverged = "good for something else than the client believes" if s.now.diverged else ""
    values: list[Given] = [*_carried(s, session.token, s.before), proof_for(s, url, session)]
    return [message(THE_CLIENT, url, f"GET {url}", *values, note=diverged)]


def _use_token_where_echoed(s: Scene) -> Built:
    return [
        message(
            THE_CLIENT, s.chosen["url"], f"GET {s.chosen['url']}", token_of(s.session.token),
            note="the token response named this resource",
        )
    ]  # fmt: skip


def _accept_request(s: Scene) -> Built:
    return [message(s.session.url, THE_CLIENT, "200, protected data")]


def _reuse_cached_token(s: Scene) -> Built:
    url = s.before.session(VICTIM).url
    return [message(THE_CLIENT, url, f"GET {url}", *_carried(s, s.chosen["token"], s.before))]


def _present_stolen_token(s: Scene) -> Built:
    token, url = s.chosen["token"], s.chosen["url"]
    captured = NONE if token in (LEAKED, REFRESHED) else s.before[f"captured.{token}"]
    sender = s.offender if captured == NONE else captured
    values = [value._replace(secret=False) for value in _carried(s, token, s.before)]
    return [message(sender, url, f"GET {url}", *values), message(url, sender, "200, the user's data")]


def _present_minted_token(s: Scene) -> Built:
    url = s.chosen["url"]
    resource = str(session_readings.published(s.design, url))
    claims = (("iss", s.chosen["iss"]), ("sub", "<the user's>"), ("aud", resource))
    values = (token_of(MINTED), *(Value(name, claim, inside=True) for name, claim in claims))
    answer = "200, the user's data" if s.after["accepted.as_user"] else "200, data of that issuer's subject"
    return [message(ATTACKER_AS, url, f"GET {url}", *values), message(url, ATTACKER_AS, answer)]


def _hand_over(s: Scene) -> Built:
    """The client gives the user's token away at another server than it meant."""
    values = [token_of(ISSUED), *audience_of(s, s.before, ISSUED)]
    connector = s.action.schema.name == "client.hand_token_to_connector"
    if connector:
        return [message(THE_CLIENT, NOBODY, "a connector of the attacker gets the token", *values)]
    url = s.after[f"captured.{ISSUED}"]
    return [
        message(s.session.url, THE_CLIENT, f"307 to {url}"),
        message(THE_CLIENT, url, f"GET {url}", *values, note="the client follows the redirect with its credentials"),
    ]


# --- what an attacker does beside the flow -----------------------------------------------------------------


def _obtain_own_code(s: Scene) -> Built:
    after = s.after
    request = [
        ("client_id", CLIENT), ("redirect_uri", after["own.redirect"]),
        ("code_challenge", challenge_of(s, after["own.challenge"])),
    ]  # fmt: skip
    if s.action.schema.name == "attacker.use_pushed_request":
        request = [request[0], ("request_uri", f"<of {owner(VICTIM)}>")]
    return [
        message(NOBODY, HONEST_AS, "GET /authorize, logged in as itself", *request),
        message(HONEST_AS, NOBODY, f"302 to {after['own.redirect']}", code_of("strangers")),
    ]


def _push_own_code(s: Scene) -> Built:
    redirect = s.before["own.redirect"]
    state = state_of(VICTIM) if s.design["state"] == "checked" else NONE
    values: list[Given] = [code_of("strangers"), ("state", state)]
    return [
        message(NOBODY, USER, f"makes the browser open {redirect}"),
        message(USER, THE_CLIENT, f"GET {redirect}", *values, honest=False, note="the attacker chooses iss"),
    ]


def _issue_token_to_stranger(s: Scene) -> Built:
    note = "the attacker's account, in the user's session"
    granted = message(HONEST_AS, THE_CLIENT, "200 token response", token_of(STRANGERS), note=note)
    return [_token_request(s, HONEST_AS), granted]


#: How each action looks on the wire.
BUILDERS: dict[str, Callable[[Scene], Built]] = {
    "client.request_resource": _request_resource,
    "client.use_resource_metadata": _use_resource_metadata,
    "client.use_server_metadata": _use_server_metadata,
    "client.push_authorization_request": lambda s: _push(s, HONEST_AS),
    "client.push_to_attacker": _push_to_attacker,
    "client.send_authorization_request": _send_authorization_request,
    "client.accept_authorization_response": _accept_authorization_response,
    "client.send_code_to_attacker": _send_code_to_attacker,
    "client.send_token": _send_token,
    "client.send_token_to_attacker": _send_token,
    "client.use_token_where_echoed": _use_token_where_echoed,
    "client.reuse_cached_token": _reuse_cached_token,
    "client.refresh_at_new_server": _refresh_at_new_server,
    "authorization_server.issue_code": _approved,
    "authorization_server.issue_token": _issue_token,
    "resource_server.accept_request": _accept_request,
    "attacker.forge_resource_metadata": _forge_resource_metadata,
    "attacker.send_user_with_own_request": _send_user_with_own_request,
    "attacker.send_user_with_crafted_request": _send_user_with_crafted_request,
    "attacker.inject_authorization_response": _inject_authorization_response,
    "attacker.answer_authorization_request": _answer_authorization_request,
    "attacker.redeem_code": _redeem_code,
    "attacker.answer_token_request": _answer_token_request,
    "attacker.present_stolen_token": _present_stolen_token,
    "attacker.present_minted_token": _present_minted_token,
    "attacker.authenticate_as_client": _authenticate_as_client,
    "attacker.refresh_token": _refresh_token,
    "authorization_server.issue_token_to_stranger": _issue_token_to_stranger,
    "client.hand_token_to_connector": _hand_over,
    "client.follow_redirect": _hand_over,
    "attacker.obtain_own_code": _obtain_own_code,
    "attacker.use_pushed_request": _obtain_own_code,
    "attacker.push_own_code": _push_own_code,
}
