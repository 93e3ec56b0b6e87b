"""What goes over the wire in a run: every action as the messages that it stands for.

:func:`messages` names the parameters that matter as the specifications do. One table, :data:`BUILDERS`, says how each
action looks; an action without an entry gets a plain message, so a new action is drawn at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, NamedTuple

from model import client, flow, identifiers
from model.action import Action, Context
from model.client import NONE
from model.machine import Machine, Step
from model.protocols import PROTOCOLS
from model.rule import Rule
from model.state import CACHED_CRM, CACHED_HOST, ISSUED, LEAKED, MINTED, REFRESHED, STRANGERS, THIEF, Session, View
from model.trace import Trace
from model.world import (
    ATTACKER,
    ATTACKER_AS,
    ATTACKER_CALLBACK,
    ATTACKER_RS,
    CLIENT,
    CRM,
    DEFAULT_AUDIENCE,
    EVIL_TENANTS,
    GOOD_TENANT,
    HONEST_AS,
    LOOPBACK,
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
        name = "attacker's RS" if run_by_attacker(key) else "honest RS"
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

    def request(self, session: Session) -> dict[str, Any]:
        """The authorization request of a session."""
        return flow.own_request(self.context, session)

    def rules(self) -> list[Rule]:
        """The checks that honest parties made and that passed."""
        return [condition.rule for condition in self.action(self.context, **dict(self._choices())).rules]

    def _choices(self) -> Iterator[tuple[str, Any]]:
        return ((name, value) for name, value in self.chosen.items() if name in self.action.choices)


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
    session = _owner(scene.who) if "who" in scene.chosen and scene.who != VICTIM else ""
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


# --- names of values ---------------------------------------------------------------------------------------


def _owner(who: str) -> str:
    return {VICTIM: "user's session", ATTACKER: "attacker's session", THIEF: "attacker"}.get(who, who)


def _state(who: str) -> str:
    return NONE if who == NONE else f"<of {_owner(who)}>"


def _challenge(s: Scene, who: str) -> str:
    verifier = _verifier(who)
    if verifier is None:
        return NONE
    return verifier.text if s.design["pkce"] == "plain" else f"S256({verifier.text})"


def _verifier(who: str) -> Value | None:
    name = {VICTIM: "user's", ATTACKER: "attacker session's", THIEF: "attacker's own"}.get(who, who)
    return None if who == NONE else Value("code_verifier", f"<{name} verifier>", who == VICTIM)


def _code(kind: str) -> Value:
    named = {"users": "<user's code>", "strangers": "<for the attacker's account>"}
    return Value("code", named.get(kind, "<made up by attacker>"), kind == "users")


def _token(kind: str) -> Value:
    origin = {
        ISSUED: "<issued by H>", REFRESHED: "<refreshed at H>", LEAKED: "<leaked, issued by H>",
        CACHED_CRM: "<cached for R>", CACHED_HOST: "<cached for S>", MINTED: "<made by attacker>",
        STRANGERS: "<issued by H for the attacker's account>",
    }  # fmt: skip
    return Value("access_token", origin.get(kind, f"<{kind}>"), kind not in (MINTED, STRANGERS))


def _audience(s: Scene, state: View, token: str) -> list[Value]:
    """``aud`` and ``cnf`` of a token of the honest AS."""
    properties = flow.token_properties(s.context._replace(state=state), token)
    named = [str(properties["audience"])] if properties["audience"] != NONE else []
    audience = [*named, *([f"<{DEFAULT_AUDIENCE}: every RS of H>"] if properties["has_default"] else [])]
    return [
        Value("aud", ", ".join(audience) or NONE, inside=True),
        Value("cnf.jkt", _key(properties["key"]), inside=True),
        Value("cnf.x5t#S256", _key(properties["certificate"]), inside=True),
    ]


def _request(s: Scene, fields: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("client_id", str(fields["client"])),
        ("redirect_uri", str(fields["redirect"])),
        ("state", _state(fields["returned_state"])),
        ("code_challenge", _challenge(s, fields["challenge"])),
        ("dpop_jkt", _key(fields["key"])),
        ("resource", str(fields["resource"])),
    ]


def _response(s: Scene) -> list[Given]:
    """The authorization response to the request that the code answers."""
    iss = HONEST_AS if s.design["h_iss"] == "yes" else NONE
    return [_code("users"), ("state", _state(s.after["code.returned_state"])), ("iss", iss)]


def _authentication(s: Scene, session: Session, pushed: bool) -> list[Given]:
    """What the client authenticates with at an endpoint of the AS that it takes the issuer for."""
    kind, issuer = s.design["client_auth"], session.issuer
    if kind == "secret":
        leaked = bool(client.sends_secret_of_honest_as(s.design, issuer))
        return [Value("client_secret", f"<for {HONEST_AS if leaked else issuer}>", leaked)]
    if kind == "pkjwt":
        endpoint = f"{session.token_at}/token"
        audience = {"issuer": issuer, "token_ep": endpoint, "array": f"{issuer}, {endpoint}"}.get(
            s.design["assertion_aud"], f"{session.par_at}/par" if pushed else endpoint
        )
        usable = bool(client.sends_assertion_for_honest_as(s.design, issuer, session.token_at, pushed))
        return [Value("client_assertion", f"<signed by client, aud={audience}>", usable)]
    return [] if kind == "none" else [("client authentication", kind)]


def _proof(s: Scene, url: str, session: Session) -> tuple[str, str]:
    key = str(flow.proof_key(s.design, session))
    return ("DPoP", NONE if key == NONE else f"<proof, key={_key(key).strip('<>')}, htu={url}>")


def _key(key: str) -> str:
    """A key by its owner: per client, per AS or per flow."""
    return NONE if key == NONE else "<attacker's key>" if key == f"key:{THIEF}" else f"<{key}>"


def _metadata_url(url: str) -> str:
    """Where the metadata for a URL is; a tenant that cannot write below /.well-known points into its own paths."""
    own_paths = url in EVIL_TENANTS
    return f"{url}/metadata" if own_paths else identifiers.well_known_protected_resource(url)


# --- discovery ---------------------------------------------------------------------------------------------

Built = list[Message]


def _challenged(s: Scene, url: str, metadata: str | None = None, honest: bool | None = None) -> Built:
    points = s.design["prm"] != "off" and s.design["prm_src"] == "challenge"
    header = ("resource_metadata", metadata or _metadata_url(url)) if points else None
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
    made = _document(url, _metadata_url(url), resource, listed)
    other = "names a resource that is not the URL asked for" if resource != url else ""
    return [made[0], replace(made[1], note=other)]


def _forge_resource_metadata(s: Scene) -> Built:
    url, listed, resource = s.session.url, s.now.listed, s.now.resource
    if s.chosen["channel"] == "header":
        elsewhere = "https://attacker.example/metadata"
        header = _challenged(s, url, elsewhere, honest=False)[1]
        made = [replace(header, note="challenge header injected by the attacker")]
        return made + _document(NOBODY, elsewhere, resource, listed)
    made = _document(url, _metadata_url(url), resource, listed, honest=False)
    how = {
        "delivery": "the attacker altered the document on its way",
        "network": "plain HTTP: the network attacker answers",
        "well_known": "another tenant wrote this well-known location",
    }
    return [made[0], replace(made[1], note=how.get(s.chosen["channel"], "the attacker's document"))]


def _use_server_metadata(s: Scene) -> Built:
    server, now = s.chosen["metadata"], s.now
    authorizes = str(flow.authorization_at(s.design, now))
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
    sent = message(THE_CLIENT, server, label, *_request(s, s.request(session)), *_authentication(s, session, True))
    return [sent, message(server, THE_CLIENT, "201", ("request_uri", f"<of {_owner(s.who)}>"))]


def _push_to_attacker(s: Scene) -> Built:
    if s.design["par"] != "off":
        return _push(s, ATTACKER_AS)
    values = [("client_id", str(client.client_id(s.design, s.session.issuer))), *_authentication(s, s.session, True)]
    return [message(THE_CLIENT, ATTACKER_AS, "POST /revoke (authenticated)", *values)]


def _send_authorization_request(s: Scene) -> Built:
    session = s.session
    values = _request(s, s.request(session))
    if s.design["par"] != "off":
        values = [values[0], ("request_uri", f"<of {_owner(s.who)}>")]
    server = str(flow.authorization_at(s.design, session))
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
    made = [message(HONEST_AS, USER, f"user approves: 302 to {target}", *_response(s))]
    if target == ATTACKER_CALLBACK or (target == LOOPBACK and s.capabilities["local_app"]):
        made.append(message(USER, NOBODY, f"GET {target}", *_response(s)))
    elif s.after["knows.code"] and not s.before["knows.code"]:
        made.append(message(USER, NOBODY, "authorization response leaks", *_response(s)))
    return made


def _send_user(s: Scene, values: list[tuple[str, str]]) -> Built:
    own = s.before.session(VICTIM)
    at_attacker = own.phase == "requested" and flow.authorization_at(s.design, own) == ATTACKER_AS
    sender = ATTACKER_AS if at_attacker and s.capabilities["mal_as"] else NOBODY
    how = "302 to" if sender == ATTACKER_AS else "lures the user to"
    return [
        message(sender, USER, f"{how} {HONEST_AS}/authorize"),
        message(USER, HONEST_AS, "GET /authorize", *values, honest=False),
        *_approved(s),
    ]


def _send_user_with_own_request(s: Scene) -> Built:
    values = _request(s, s.request(s.before.session(ATTACKER)))
    if s.design["par"] != "off":
        values = [values[0], ("request_uri", f"<of {_owner(ATTACKER)}>")]
    return _send_user(s, values)


def _send_user_with_crafted_request(s: Scene) -> Built:
    fields = {**s.chosen, "client": s.chosen["client_id"], "key": NONE, "resource": NONE}
    return _send_user(s, _request(s, fields))


def _accept_authorization_response(s: Scene) -> Built:
    values = _response(s)
    issuer = s.session.issuer
    seen = "iss is not compared with it" if s.design["h_iss"] == "yes" else "the response has no iss"
    note = f"the issuer recorded for this request is {issuer}; {seen}" if issuer != HONEST_AS else ""
    return [message(USER, THE_CLIENT, f"GET {s.before['code.redirect']}", *values, note=note)]


def _inject_authorization_response(s: Scene) -> Built:
    redirect = client.redirect_uri(s.design, s.session.issuer)
    own = s.before.session(ATTACKER)
    values: list[Given] = [_code("users"), ("state", _state(ATTACKER)), ("iss", own.issuer)]
    return [message(NOBODY, THE_CLIENT, f"GET {redirect}", *values, note="the user's code, in the attacker's session")]


def _answer_authorization_request(s: Scene) -> Built:
    redirect = client.redirect_uri(s.design, s.session.issuer)
    values: list[Given] = [_code("attackers"), ("state", _state(s.who)), ("iss", s.session.issuer)]
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
        _code(session.code),
        ("redirect_uri", str(client.redirect_uri(s.design, session.issuer))),
        _verifier(str(flow.code_challenge(s.design, session))),
        ("client_id", str(client.client_id(s.design, session.issuer))),
        *_authentication(s, session, False),
        _proof(s, f"{server}/token", session),
        ("resource", str(flow.requested_resource(s.design, session))),
    )  # fmt: skip


def _send_code_to_attacker(s: Scene) -> Built:
    return [_token_request(s, ATTACKER_AS)]


def _granted(s: Scene, receiver: str, kind: str) -> Message:
    refreshed_later = any(step.action.startswith("client.refresh") for step in s.trace.steps)
    refresh = Value("refresh_token", "<issued by H>", True) if refreshed_later and kind == ISSUED else None
    values = [_token(kind), *_audience(s, s.after, kind), refresh]
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
            None if verifier == NONE else _verifier(verifier),
            ("client_id", code["code.client"]),
            ("resource", NONE if s.chosen["wanted"] == NONE else str(s.after["issued.resource"])),
        ),
        _granted(s, s.offender, ISSUED),
    ]  # fmt: skip


def _answer_token_request(s: Scene) -> Built:
    token = _token(s.chosen["token"])
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
    return [_token(token), *(_audience(s, state, token) if token not in (MINTED, LEAKED, STRANGERS) else [])]


def _send_token(s: Scene) -> Built:
    url, session = s.session.url, s.session
    diverged = "good for something else than the client believes" if s.now.diverged else ""
    values: list[Given] = [*_carried(s, session.token, s.before), _proof(s, url, session)]
    return [message(THE_CLIENT, url, f"GET {url}", *values, note=diverged)]


def _use_token_where_echoed(s: Scene) -> Built:
    return [
        message(
            THE_CLIENT, s.chosen["url"], f"GET {s.chosen['url']}", _token(s.session.token),
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
    resource = str(flow.published(s.design, url))
    claims = (("iss", s.chosen["iss"]), ("sub", "<the user's>"), ("aud", resource))
    values = (_token(MINTED), *(Value(name, claim, inside=True) for name, claim in claims))
    answer = "200, the user's data" if s.after["accepted.as_user"] else "200, data of that issuer's subject"
    return [message(ATTACKER_AS, url, f"GET {url}", *values), message(url, ATTACKER_AS, answer)]


def _hand_over(s: Scene) -> Built:
    """The client gives the user's token away at another server than it meant."""
    values = [_token(ISSUED), *_audience(s, s.before, ISSUED)]
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
        ("code_challenge", _challenge(s, after["own.challenge"])),
    ]  # fmt: skip
    if s.action.schema.name == "attacker.use_pushed_request":
        request = [request[0], ("request_uri", f"<of {_owner(VICTIM)}>")]
    return [
        message(NOBODY, HONEST_AS, "GET /authorize, logged in as itself", *request),
        message(HONEST_AS, NOBODY, f"302 to {after['own.redirect']}", _code("strangers")),
    ]


def _push_own_code(s: Scene) -> Built:
    redirect = s.before["own.redirect"]
    values: list[Given] = [_code("strangers"), ("state", _state(VICTIM) if s.design["state"] == "checked" else NONE)]
    return [
        message(NOBODY, USER, f"makes the browser open {redirect}"),
        message(USER, THE_CLIENT, f"GET {redirect}", *values, honest=False, note="the attacker chooses iss"),
    ]


def _issue_token_to_stranger(s: Scene) -> Built:
    note = "the attacker's account, in the user's session"
    granted = message(HONEST_AS, THE_CLIENT, "200 token response", _token(STRANGERS), note=note)
    return [_token_request(s, HONEST_AS), granted]


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
