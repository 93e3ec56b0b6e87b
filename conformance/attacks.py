"""Attack traces of the solver as plays: what the attacker says in a trace, a real client is told over HTTP.

One table, :data:`TELLS`, says for each kind of message of a trace what it changes in the honest world. What the client
sends in the trace is not told to the real one: it is what is looked for in the recording. A trace in which the attacker
acts elsewhere than in what one client sees (in a session of its own, in a browser) cannot be played to a client.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from conformance.play import Attack, Leak, Play
from model import identifiers
from model.design import Configuration, Design
from model.messages import (
    THIEF,
    AuthorizationRequest,
    AuthorizationResponse,
    Challenge,
    ClientMetadata,
    EntityStatement,
    Fetch,
    Introspection,
    IntrospectionResponse,
    KeySet,
    Message,
    Redirection,
    RegistrationRequest,
    RegistrationResponse,
    ResourceMetadata,
    ResourceRequest,
    ResourceResponse,
    ServerMetadata,
    TokenRequest,
    TokenResponse,
)
from model.token_flow import ELSEWHERE
from model.trace import Trace
from model.wire import Arrow, arrows
from model.world import ATTACKER, AUTHORIZATION_SERVER, CLIENT, World, callbacks
from model.world_file import DEFAULT
from properties.security import find
from properties.shortest import ReplayError, confirm


@cache
def origins(world: World) -> dict[str, str]:
    """The origins of a world by the party that plays them here; the attacker is one party wherever it answers."""
    servers = {server.url: "{as1}" if server.honest else "{evil}" for server in world.servers}
    hosts = {identifiers.origin(party.url).rstrip("/") for party in world.resource_servers}
    resources = {origin: f"{{{origin.partition('://')[2].partition('.')[0]}}}" for origin in sorted(hosts)}
    return {**servers, ELSEWHERE.rstrip("/"): "{evil}", **resources}


#: Who has an origin besides the parties of every scenario.
PARTIES = tuple(name.strip("{}") for name in origins(DEFAULT).values() if name not in ("{as1}", "{evil}"))

#: What is asked about: properties that one client can lose without anybody else's session.
ASKED = (
    "code_delivery", "authorization", "token_confinement", "flow_binding", "discovery_integrity", "resource_binding",
    "as_acceptance", "session_integrity",
)  # fmt: skip
#: Properties that are lost by a request that should not have been sent, whatever is in it.
BY_REQUEST = ("discovery_integrity", "resource_binding", "as_acceptance", "session_integrity")
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

    world: World
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

    def placed(self, text: Any) -> str:
        """A text with the origins of the model's world replaced by those of the parties that play them."""
        words = str(text)
        for origin, name in origins(self.world).items():
            words = words.replace(origin, name)
        return "{evil}" if words == ATTACKER else words

    def at(self, key: str) -> str:
        """Where a party is."""
        return self.placed(self.world.by_name[key].url if key in self.world.by_name else key)

    def party(self, key: str) -> str:
        """Who plays a server."""
        return "as1" if key in self.world.by_name and self.world.by_name[key].honest else "evil"

    def role(self, key: str) -> str:
        """What a participant is to the client."""
        party = self.world.by_name.get(key)
        if party is None:
            return "attacker" if key == ATTACKER else "browser"
        return {CLIENT: "client", AUTHORIZATION_SERVER: "server"}.get(party.role, "resource")


#: The shortest run that shows what a property is about: an attack, or first contact; nothing where there is none.
Ask = Callable[[str, Configuration], Trace | None]
Tell = Callable[[Draft, Arrow, Any, dict[str, str]], None]


def _visits(draft: Draft, told: Arrow, request: ResourceRequest, values: dict[str, str]) -> None:
    draft.stated.setdefault("url", draft.placed(request.url))


def _fetches(draft: Draft, told: Arrow, request: Fetch, values: dict[str, str]) -> None:
    draft.asked = draft.placed(request.url)


def _challenges(draft: Draft, told: Arrow, challenge: Challenge, values: dict[str, str]) -> None:
    draft.state("challenge", resource_metadata=draft.placed(values.get("resource_metadata", "absent")))


def _describes_resource(draft: Draft, told: Arrow, document: ResourceMetadata, values: dict[str, str]) -> None:
    listed = [draft.placed(issuer) for issuer in document.authorization_servers.split()]
    draft.state("documents", "main", at=[draft.asked])
    draft.state("documents", "main", "body", resource=draft.placed(document.resource), authorization_servers=listed)


def _describes_server(draft: Draft, told: Arrow, document: ServerMetadata, values: dict[str, str]) -> None:
    advertised = document.authorization_response_iss_parameter_supported
    draft.state(
        "servers", draft.party(told.sender), "metadata",
        issuer=draft.placed(values["issuer"]), authorization_endpoint=draft.placed(values["authorization_endpoint"]),
        token_endpoint=draft.placed(values["token_endpoint"]),
        authorization_response_iss_parameter_supported=True if advertised else "absent",
        client_id_metadata_document_supported=True,
    )  # fmt: skip


def _answers(draft: Draft, told: Arrow, response: AuthorizationResponse, values: dict[str, str]) -> None:
    draft.state("servers", draft.party(told.sender), iss=draft.placed(values.get("iss", "absent")))


def _sends_on(draft: Draft, told: Arrow, there: Redirection, values: dict[str, str]) -> None:
    """The attacker's AS sends the browser on: to the honest one, or back with a code of its own."""
    back = (uri for client in draft.world.clients for uri in callbacks(draft.world, client))
    if draft.bounce != "account":
        draft.bounce = "" if there.location in back else "same"


def _approves(draft: Draft, told: Arrow, request: AuthorizationRequest, values: dict[str, str]) -> None:
    """The attacker approves the client at the honest AS with an account of its own, and answers with that code."""
    draft.bounce = "account"


def _bounced(draft: Draft, told: Arrow, request: AuthorizationRequest, values: dict[str, str]) -> None:
    if not told.honest:
        who = str(request.code_challenge)
        own = who == THIEF or (who in draft.world.session and draft.world.user_of(who) == ATTACKER)
        draft.bounce = "own" if own else "same"


def _nothing(draft: Draft, told: Arrow, message: Message, values: dict[str, str]) -> None:
    """The client's own doing, or the attacker's after it has what it wants."""


#: What each message tells: by what it is, who sends it and who receives it.
TELLS: dict[tuple[type[Message], str, str], Tell] = {
    (ResourceRequest, "client", "resource"): _visits,
    (Fetch, "client", "resource"): _fetches,
    (Fetch, "client", "server"): _fetches,
    (Fetch, "client", "attacker"): _fetches,
    (Challenge, "resource", "client"): _challenges,
    (ResourceMetadata, "resource", "client"): _describes_resource,
    (ResourceMetadata, "attacker", "client"): _describes_resource,
    (ServerMetadata, "server", "client"): _describes_server,
    (Redirection, "client", "browser"): _nothing,
    (Redirection, "server", "browser"): _sends_on,
    (AuthorizationRequest, "browser", "server"): _bounced,
    (AuthorizationRequest, "attacker", "server"): _approves,
    (AuthorizationResponse, "server", "browser"): _answers,
    (AuthorizationResponse, "server", "attacker"): _answers,
    (AuthorizationResponse, "browser", "client"): _nothing,
    (TokenRequest, "client", "server"): _nothing,
    (TokenRequest, "attacker", "server"): _nothing,
    (TokenResponse, "server", "client"): _nothing,
    (TokenResponse, "server", "attacker"): _nothing,
    (ResourceRequest, "attacker", "resource"): _nothing,
    (ResourceResponse, "resource", "client"): _nothing,
    (ResourceResponse, "resource", "attacker"): _nothing,
}


#: What parties ask each other to get to know each other; those that are played do that in a way of their own.
LOOKUPS = (
    ClientMetadata, EntityStatement, Introspection, IntrospectionResponse, KeySet, RegistrationRequest,
    RegistrationResponse,
)  # fmt: skip


def _is_lookup(draft: Draft, told: Arrow) -> bool:
    by_server = isinstance(told.record, Fetch) and draft.role(told.sender) in ("server", "resource")
    return by_server or isinstance(told.record, LOOKUPS)


def tell(trace: Trace, expected: bool = False) -> Play:
    """The play of an attack trace (raises UntellableError)."""
    draft = Draft(trace.world)
    for told in (told for told in _as_users(trace.world, arrows(trace)) if not _is_lookup(draft, told)):
        act = TELLS.get((type(told.record), draft.role(told.sender), draft.role(told.receiver)))  # type: ignore[arg-type]
        if act is None:
            raise UntellableError(f"nobody tells a client: {told.sender} to {told.receiver}: {told.label}")
        values = {value.name: value.text for value in told.values}
        act(draft, told, told.record, values)
        if trace.shows in BY_REQUEST:
            draft.leaks += [harm] if (harm := _harm(draft, told)) else []
        elif told.leaks and draft.role(told.sender) == "client":
            draft.leaks.append(Leak(draft.at(told.receiver), told.leaks, draft.placed(values.get("aud", ""))))
    if not draft.leaks:
        raise UntellableError("the client itself gives nothing away")
    return _play(trace, draft, expected)


def _as_users(world: World, run: list[Arrow]) -> Iterator[Arrow]:
    """A run in one session as one of the user's: whose it is makes no difference to the client.

    Raises:
        UntellableError: two sessions take part, and which is whose the client alone cannot be told.
    """
    if len({told.session for told in run}) > 1:
        raise UntellableError("two sessions take part")
    user = next(iter(world.users), "user")
    for told in run:
        by_browser = isinstance(told.record, Redirection | AuthorizationRequest | AuthorizationResponse)
        if told.session and by_browser and ATTACKER in (told.sender, told.receiver):
            sender, receiver = (user if key == ATTACKER else key for key in (told.sender, told.receiver))
            yield replace(told, sender=sender, receiver=receiver, honest=told.honest or told.sender == ATTACKER)
        else:
            yield told


def _play(trace: Trace, draft: Draft, expected: bool) -> Play:
    digest = hashlib.sha256(json.dumps([draft.stated, draft.bounce], sort_keys=True).encode()).hexdigest()[:8]
    capabilities = "+".join(sorted(trace.configuration.capabilities))
    return Play(
        f"attack_{capabilities}_{digest}", "attack", f"{trace.shows} under {trace.configuration}", draft.stated,
        attacks=(Attack(trace.shows, tuple(draft.leaks), expected),), bounce=draft.bounce, parties=PARTIES, trace=trace,
    )  # fmt: skip


def _harm(draft: Draft, told: Arrow) -> Leak | None:
    """A request of the client that it would not send if all were well, where a message is one.

    Sending the user to an AS is one only together with the metadata that it was done by.
    """
    receiver = draft.world.by_name.get(told.receiver)
    strangers = receiver is not None and not receiver.honest
    if draft.role(told.sender) != "client":
        return None
    if isinstance(told.record, Fetch) and strangers and draft.role(told.receiver) == "server":
        return Leak(draft.at(told.receiver), ("server_metadata",))
    if isinstance(told.record, Redirection) and told.decisive:
        return Leak(draft.placed(told.record.location), ("authorize",))
    if isinstance(told.record, ResourceRequest) and told.decisive and draft.bounce == "account":
        return Leak(draft.at(told.receiver), ("account",))
    if isinstance(told.record, ResourceRequest) and told.decisive and strangers:
        return Leak(draft.at(told.receiver), ("call",))
    return None


def questions(
    design: Design, properties: Collection[str] = ASKED
) -> Iterator[tuple[str, Configuration, Configuration]]:
    """Every question about these properties whose answer may be an attack on a client of this design or a weaker one.

    The last is what the question would be about the design itself.
    """
    for name in properties:
        for weaker in WEAKER:
            for deployment in DEPLOYMENTS:
                if name in BY_REQUEST and "audience_check" in deployment:
                    continue  # the request has been sent before anybody looks at an audience
                for capability in CAPABILITIES:
                    own = Configuration(design.but(**deployment), frozenset([capability]))
                    yield name, Configuration(own.design.but(**weaker), own.capabilities), own


def plays(
    design: Design, ask: Ask, done: Callable[[], None] = lambda: None, properties: Collection[str] = ASKED
) -> tuple[list[Play], dict[str, str]]:
    """The plays of every attack trace that the solver finds, and for the traces that are none the reason."""
    found: dict[str, Play] = {}
    untold: dict[str, str] = {}
    for name, configuration, own in questions(design, properties):
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


def asked(design: Design, properties: Collection[str] = ASKED) -> int:
    """How many questions there are."""
    return sum(1 for _ in questions(design, properties))
