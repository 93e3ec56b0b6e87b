"""Attack traces of the solver as plays: what the attacker says in a trace, a real client is told over HTTP.

One table, :data:`TELLS`, says for each message of a trace what it changes in the honest world. What the client sends in
the trace is not told to the real one: it is what is looked for in the recording. A trace in which the attacker acts
elsewhere than in what one client sees (in a session of its own, in the user's browser) cannot be played to a client.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.play import Attack, Leak, Play
from model import messages as spoken
from model.design import Configuration, Design
from model.messages import Message
from model.trace import Trace
from model.world import ATTACKER_AS, ATTACKER_RS, CALLBACK, CRM, HONEST_AS, SHARED_HOST, run_by_attacker
from properties.security import find
from properties.verdict import ReplayError, confirm

#: The origins of the model's world by the party that plays them here; longer ones first.
ORIGINS = {
    ATTACKER_AS: "{evil}",
    HONEST_AS: "{as1}",
    "https://attacker.example": "{evil}",
    ATTACKER_RS.removesuffix("/mcp"): "{tools}",
    CRM.removesuffix("/api/accounts"): "{crm}",
    SHARED_HOST.removesuffix("/"): "{shared}",
}
PARTIES = ("crm", "shared", "tools")

#: What is asked about: properties that one client can lose without anybody else's session.
ASKED = (
    "code_delivery", "authorization", "token_confinement", "flow_binding", "discovery_integrity", "resource_binding",
    "as_acceptance",
)  # fmt: skip
#: Properties that are lost by a request that should not have been sent, whatever is in it.
BY_REQUEST = ("discovery_integrity", "resource_binding", "as_acceptance")
CAPABILITIES = ("mal_as", "mal_rs", "mal_tenant", "hdr_inject", "delivery_tamper")
DEPLOYMENTS: tuple[dict[str, str], ...] = (
    {},
    {"h_iss": "no"},
    {"splice": "yes"},
    {"h_iss": "no", "splice": "yes"},
    {"audience_check": "prefix"},
    {"audience_check": "off"},
)

#: Client switches each of which, set so, opens a way in: a client that is stricter should resist what they allow.
WEAKER: tuple[dict[str, str], ...] = (
    {},
    {"iss_check": "off"},
    {"md_issuer_check": "off"},
    {"iss_check": "off", "md_issuer_check": "off"},
    {"prm": "unchecked"},
    {"prm": "prefix"},
    {"prm": "prefix_str"},
    {"rs_as_bind": "off"},
)


class UntellableError(ValueError):
    """A trace that cannot be played to one client; the message says why."""


@dataclass(slots=True)
class Draft:
    """A play while its messages are told: changes to the honest world, and what the client is expected to give away."""

    stated: dict[str, Any] = field(default_factory=dict)
    asked: str = ""
    bounce: str = ""
    leaks: list[Leak] = field(default_factory=list)

    def state(self, *path: str, **values: Any) -> None:
        """Set values in a table of the honest world."""
        table = self.stated
        for name in path:
            table = table.setdefault(name, {})
        table.update({name: value for name, value in values.items() if value is not None})


#: The shortest run that shows what a property is about: an attack, or first contact; nothing where there is none.
Ask = Callable[[str, Configuration], Trace | None]
Tell = Callable[[Draft, Message, dict[str, str]], None]


def _visits(draft: Draft, told: Message, values: dict[str, str]) -> None:
    draft.asked = placed(told.label.removeprefix("GET "))
    draft.stated.setdefault("url", placed(told.receiver))


def _challenges(draft: Draft, told: Message, values: dict[str, str]) -> None:
    draft.state("challenge", resource_metadata=placed(values.get("resource_metadata", "absent")))


def _describes_resource(draft: Draft, told: Message, values: dict[str, str]) -> None:
    listed = placed(values["authorization_servers"]).strip("[]").split(", ")
    draft.state("documents", "main", at=[draft.asked])
    draft.state("documents", "main", "body", resource=placed(values["resource"]), authorization_servers=listed)


def _describes_server(draft: Draft, told: Message, values: dict[str, str]) -> None:
    party = _party(told.sender)
    advertised = values.get("authorization_response_iss_parameter_supported")
    draft.state(
        "servers", party, "metadata",
        issuer=placed(values["issuer"]), authorization_endpoint=placed(values["authorization_endpoint"]),
        token_endpoint=placed(values["token_endpoint"]),
        authorization_response_iss_parameter_supported=True if advertised else "absent",
        client_id_metadata_document_supported=True,
    )  # fmt: skip


def _answers(draft: Draft, told: Message, values: dict[str, str]) -> None:
    party = _party(told.sender)
    draft.state("servers", party, iss=placed(values["iss"]) if "iss" in values else "absent")


def _sends_on(draft: Draft, told: Message, values: dict[str, str]) -> None:
    """The attacker's AS sends the browser on: to the honest one, or back with a code of its own."""
    if told.label == f"302 to {HONEST_AS}/authorize":
        draft.bounce = "own" if "attacker's own" in values.get("code_challenge", "") else "same"
    elif told.label.startswith("302 to ") and told.label.endswith(CALLBACK):
        draft.bounce = ""


def _bounced(draft: Draft, told: Message, values: dict[str, str]) -> None:
    if not told.honest:
        draft.bounce = "own" if "attacker" in values.get("code_challenge", "") else "same"


def _nothing(draft: Draft, told: Message, values: dict[str, str]) -> None:
    """The client's own doing, or the attacker's after it has what it wants."""


#: What each message tells: by who sends it, who receives it, and how its label begins.
TELLS: tuple[tuple[str, str, str, Tell], ...] = (
    ("client", "resource", "GET ", _visits),
    ("resource", "client", "401 Unauthorized", _challenges),
    ("attacker", "client", "401 Unauthorized", _challenges),
    ("resource", "client", "200 resource metadata", _describes_resource),
    ("attacker", "client", "200 resource metadata", _describes_resource),
    ("resource", "client", "200, protected data", _nothing),
    ("client", "server", "GET ", _visits),
    ("client", "attacker", "GET ", _visits),
    ("server", "client", "200 AS metadata", _describes_server),
    ("client", "user", "302 to ", _nothing),
    ("user", "server", "GET /authorize", _bounced),
    ("server", "user", "user approves: 302 to ", _answers),
    ("server", "user", "302 to ", _sends_on),
    ("user", "client", "GET ", _nothing),
    ("client", "server", "POST /token", _nothing),
    ("server", "client", "200 token response", _nothing),
    ("server", "server", "POST /token, as the client", _nothing),
    ("server", "server", "200 token response", _nothing),
    ("attacker", "server", "POST /token, as the client", _nothing),
    ("server", "attacker", "200 token response", _nothing),
    ("server", "resource", "GET ", _nothing),
    ("resource", "resource", "GET ", _nothing),
    ("attacker", "resource", "GET ", _nothing),
    ("resource", "server", "200, ", _nothing),
    ("resource", "resource", "200, ", _nothing),
    ("resource", "attacker", "200, ", _nothing),
)


def tell(trace: Trace, expected: bool = False) -> Play:
    """The play of an attack trace (raises UntellableError)."""
    draft = Draft()
    for told in _as_users(spoken.messages(trace)):
        roles = (_role(told.sender), _role(told.receiver))
        acts = (act for *who, label, act in TELLS if tuple(who) == roles and told.label.startswith(label))
        found = next(acts, None)
        if found is None:
            raise UntellableError(f"nobody tells a client: {told.sender} to {told.receiver}: {told.label}")
        values = {value.name: value.text for value in told.values}
        found(draft, told, values)
        if trace.shows in BY_REQUEST:
            draft.leaks += [harm] if (harm := _harm(told)) else []
        elif told.leaks and told.sender == spoken.THE_CLIENT:
            draft.leaks.append(Leak(placed(told.receiver), told.leaks, placed(values.get("aud", ""))))
    if not draft.leaks:
        raise UntellableError("the client itself gives nothing away")
    return _play(trace, draft, expected)


def _as_users(run: list[Message]) -> Iterator[Message]:
    """A run in one session as one of the user's: whose it is makes no difference to the client.

    Raises:
        UntellableError: two sessions take part, and which is whose the client alone cannot be told.
    """
    if len({told.session for told in run}) > 1:
        raise UntellableError("two sessions take part")
    for told in run:
        redirected = told.label.startswith(("302 to ", "GET /authorize", f"GET {CALLBACK}"))
        if told.session and redirected and spoken.NOBODY in (told.sender, told.receiver):
            by_browser = told.sender == spoken.NOBODY
            sender, receiver = (spoken.USER, told.receiver) if by_browser else (told.sender, spoken.USER)
            yield replace(told, sender=sender, receiver=receiver, honest=told.honest or by_browser)
        else:
            yield told


def _play(trace: Trace, draft: Draft, expected: bool) -> Play:
    digest = hashlib.sha256(json.dumps([draft.stated, draft.bounce], sort_keys=True).encode()).hexdigest()[:8]
    capabilities = "+".join(sorted(trace.configuration.capabilities))
    return Play(
        f"attack_{capabilities}_{digest}", "attack", f"{trace.shows} under {trace.configuration}", draft.stated,
        attacks=(Attack(trace.shows, tuple(draft.leaks), expected),), bounce=draft.bounce, parties=PARTIES, trace=trace,
    )  # fmt: skip


def _harm(told: Message) -> Leak | None:
    """A request of the client that it would not send if all were well, where a message is one.

    Sending the user to an AS is one only together with the metadata that it was done by.
    """
    if told.sender != spoken.THE_CLIENT:
        return None
    if told.receiver == ATTACKER_AS and told.label.endswith("/.well-known/oauth-authorization-server"):
        return Leak(placed(told.receiver), ("server_metadata",))
    if told.decisive and told.label.startswith("302 to ") and told.label.endswith("/authorize"):
        return Leak(placed(told.label.removeprefix("302 to ")), ("authorize",))
    if told.decisive and told.label.startswith("GET https://") and run_by_attacker(told.receiver):
        return Leak(placed(told.receiver), ("call",))
    return None


def _role(key: str) -> str:
    if key in (spoken.THE_CLIENT, spoken.USER, spoken.NOBODY):
        return key
    return "server" if key in (HONEST_AS, ATTACKER_AS) else "resource"


def _party(key: str) -> str:
    return "evil" if key in (ATTACKER_AS, spoken.NOBODY) else "as1"


def placed(text: str) -> str:
    """A text with the origins of the model's world replaced by those of the parties that play them."""
    for origin, name in ORIGINS.items():
        text = text.replace(origin, name)
    return "{evil}" if text == spoken.NOBODY else text


def questions(design: Design) -> Iterator[tuple[str, Configuration, Configuration]]:
    """Every question whose answer may be an attack on a client of this design, or on one a little weaker.

    The last is what the question would be about the design itself.
    """
    for name in ASKED:
        for weaker in WEAKER:
            for deployment in DEPLOYMENTS:
                if name in BY_REQUEST and "audience_check" in deployment:
                    continue  # the request has been sent before anybody looks at an audience
                for capability in CAPABILITIES:
                    own = Configuration(design.but(**deployment), frozenset([capability]))
                    yield name, Configuration(own.design.but(**weaker), own.capabilities), own


def plays(design: Design, ask: Ask, done: Callable[[], None] = lambda: None) -> tuple[list[Play], dict[str, str]]:
    """The plays of every attack trace that the solver finds, and for the traces that are none the reason."""
    found: dict[str, Play] = {}
    untold: dict[str, str] = {}
    for name, configuration, own in questions(design):
        trace = ask(name, configuration)
        done()
        if trace is None:
            continue
        try:
            play = tell(trace, runs(replace(trace, configuration=own)))
            earlier = found.setdefault(play.name, play)
            found[play.name] = replace(earlier, attacks=_merged(earlier.attacks, play.attacks[0]))
        except UntellableError as error:
            untold.setdefault(f"{name} under {configuration}", str(error))
    return list(found.values()), untold


def runs(trace: Trace) -> bool:
    """Whether a trace is one: the machine follows it to the event that it claims."""
    try:
        confirm(trace, find(trace.shows))
    except (ReplayError, ValueError):
        return False
    return True


def _merged(attacks: tuple[Attack, ...], other: Attack) -> tuple[Attack, ...]:
    """The attacks with one more, each property once; expected if it is so in any trace that looks the same."""
    known = {one.violates: one for one in attacks}
    earlier = known.get(other.violates, other)
    known[other.violates] = replace(earlier, expected=earlier.expected or other.expected)
    return tuple(known.values())


def asked(design: Design) -> int:
    """How many questions there are."""
    return sum(1 for _ in questions(design))

