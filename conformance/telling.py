"""What a run of the model says to a client, as a play: its messages, read one after the other.

One table, :data:`TELLS`, says for each kind of message what it changes in the honest world. What the client sends in
the run is not told to the real one: it is what is looked for in the recording (:func:`sign_of`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, NamedTuple

from conformance.play import ALONE, Act, Deed, Sign
from model import identifiers
from model import messages as m
from model.logic import decided
from model.messages import THIEF
from model.trace import Trace
from model.wire import Arrow, scenes, sent_in
from model.world import ATTACKER, AUTHORIZATION_SERVER, CLIENT, ELSEWHERE, NONE, World, callbacks
from model.world_file import DEFAULT


@cache
def origins(world: World) -> dict[str, str]:
    """The origins of a world by the party that plays them here; the attacker is one party wherever it answers."""
    servers = {server.url: "{as1}" if server.honest else "{evil}" for server in world.servers}
    hosts = {identifiers.origin(party.url).rstrip("/") for party in world.resource_servers}
    resources = {origin: f"{{{origin.partition('://')[2].partition('.')[0]}}}" for origin in sorted(hosts)}
    return {**servers, ELSEWHERE.rstrip("/"): "{evil}", **resources}


#: Who has an origin besides the parties of every scenario.
PARTIES = tuple(name.strip("{}") for name in origins(DEFAULT).values() if name not in ("{as1}", "{evil}"))

#: Properties that are lost by a request that should not have been sent, whatever is in it.
BY_REQUEST = ("discovery_integrity", "resource_binding", "as_acceptance", "session_integrity")


class UntellableError(ValueError):
    """A run that cannot be played to a client; the message says why."""


class Told(NamedTuple):
    """One message of a run, and the session at the client that its action is of."""

    arrow: Arrow
    who: str


@dataclass(slots=True)
class ToldSession:
    """What a play says of one session at the client; ``code`` and ``state`` by whose session, ``""`` for nobody's.

    ``asked``: the challenge of its authorization request, which is another's where somebody has changed that.
    """

    whose: str
    approves: str
    asked: str = ""
    code: str | None = None
    state: str | None = None
    spliced: bool = False
    read: bool = False
    led: bool = False


@dataclass(slots=True)
class Telling:
    """A play in the making: changes to the honest world, the sessions, and what the attacker does.

    Attributes:
        asked: where the client looked last.
        bounce: how the attacker's AS answers a browser.
        sessions: by name; one is ``led`` where the client has sent its browser to the attacker's AS.
        codes: by name, in whose session they were asked for.
        given: whose token the attacker's AS answers with, where that is not the user's: its own ``account``'s.
        later: whether what is said now comes once a call was served.
    """

    world: World
    stated: dict[str, Any] = field(default_factory=dict)
    asked: str = ""
    bounce: str = ""
    sessions: dict[str, ToldSession] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)
    given: str = ""
    later: bool = False

    def state(self, *path: str, **values: Any) -> None:
        """Set values in a table of the honest world, or of what is different once a call was served."""
        table = self.stated.setdefault("later", {}) if self.later else self.stated
        for name in path:
            table = table.setdefault(name, {})
        table.update({name: value for name, value in values.items() if value is not None})

    def placed(self, text: Any) -> str:
        """A text with the origins of the model's world replaced by those of the parties that play them."""
        words = "absent" if text == NONE else str(text)
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

    def is_attackers(self, term: Any) -> bool:
        """Whether a code or a token is of what the attacker has approved itself."""
        return any(grant.name == term and grant.user == ATTACKER for grant in self.world.grants)

    def session(self, who: str) -> ToldSession:
        """What the play says of a session."""
        whose = ATTACKER if who and self.world.user_of(who) == ATTACKER else "user"
        return self.sessions.setdefault(who, ToldSession(whose, whose))

    def acts(self) -> tuple[Act, ...]:
        """The sessions in the order in which they can be played one after the other.

        Raises:
            UntellableError: each of two waits for the other.
        """
        order = sorted(self.sessions, key=lambda who: self.sessions[who].code is not None)
        if len(order) == 1:
            (only,) = self.sessions.values()
            if only.whose == only.approves:  # whose it is makes no difference to the client
                only.whose = only.approves = "user"
            if only.code is None and not only.read:  # the run ends before, and the client goes on
                only.code = only.state = order[0]
        places = {**{who: place for place, who in enumerate(order)}, "": ALONE}
        acts = tuple(
            Act(
                one.whose,
                one.approves,
                None if one.code is None else places[one.code],
                places[one.state] if one.state else None,
                one.spliced,
                one.read,
            )
            for one in (self.sessions[who] for who in order)
        )
        if any(max(act.code or 0, act.state or 0) > place for place, act in enumerate(acts)):
            raise UntellableError("two sessions wait for each other")
        return () if acts == (Act("user", "user", 0, 0),) else acts


Tell = Callable[[Telling, Told, Any], None]


def _visits(telling: Telling, told: Told, request: m.ResourceRequest) -> None:
    telling.session(told.who)
    telling.stated.setdefault("url", telling.placed(request.url))
    telling.later = request.access_token != NONE


def _fetches(telling: Telling, told: Told, request: m.Fetch) -> None:
    telling.asked = telling.placed(request.url)


def _challenges(telling: Telling, told: Told, challenge: m.Challenge) -> None:
    """A challenge to a request with a token comes once one has been served, and tells what is different then."""
    if telling.later:
        refused = isinstance(challenge, m.InsufficientScope)
        telling.state("answer", status=403 if refused else 401, error="insufficient_scope" if refused else None)
    scope = challenge.scope if challenge.scope != NONE else None
    telling.state("challenge", resource_metadata=telling.placed(challenge.resource_metadata), scope=scope)


def _describes_resource(telling: Telling, told: Told, document: m.ResourceMetadata) -> None:
    listed = [telling.placed(document.authorization_servers)]
    if not telling.later:
        telling.state("documents", "main", at=[telling.asked])
    telling.state("documents", "main", "body", resource=telling.placed(document.resource), authorization_servers=listed)


def _describes_server(telling: Telling, told: Told, document: m.ServerMetadata) -> None:
    endpoints = {each.name: each.metadata["endpoint"] for each in fields(document) if "endpoint" in each.metadata}
    places = {name: f"{telling.placed(getattr(document, name))}/{path}" for name, path in endpoints.items()}
    advertised = document.authorization_response_iss_parameter_supported
    telling.state(
        "servers",
        telling.party(told.arrow.sender),
        "metadata",
        issuer=telling.placed(document.issuer),
        authorization_endpoint=places["authorization_endpoint"],
        token_endpoint=places["token_endpoint"],
        authorization_response_iss_parameter_supported=True if advertised else "absent",
        client_id_metadata_document_supported=True,
    )


def _leads(telling: Telling, told: Told, there: m.Redirection) -> None:
    """The client sends its browser to an AS."""
    telling.session(told.who).led = telling.placed(there.location).startswith("{evil}")


def _sends_on(telling: Telling, told: Told, there: m.Redirection) -> None:
    """The attacker's AS sends the browser on: to the honest one, or back with a code of its own."""
    back = (uri for client in telling.world.clients for uri in callbacks(telling.world, client))
    if telling.bounce != "account":
        telling.bounce = "" if decided(there.location) in back else "same"


def _asks(telling: Telling, told: Told, request: m.AuthorizationRequest) -> None:
    """A request comes to the honest AS: as the client has it, as the attacker's AS sent it on, or as somebody made it.

    What the attacker asks for at the end of a session that was led to it has an account of its own behind it.
    """
    if request.client_id in {identity.url for identity in telling.world.identities}:
        raise UntellableError("the user is asked about another client")
    by = ATTACKER if told.arrow.sender == ATTACKER else "user"
    led = next((one for one in telling.sessions.values() if one.led), None)
    of = next((str(name) for name in (request.state, request.code_challenge) if name in telling.world.session), "")
    if led is not None and by == ATTACKER and led.whose != ATTACKER:
        telling.bounce = "account"
    elif led is not None:
        own = str(request.code_challenge) == THIEF or (of and telling.session(of).whose == ATTACKER != led.whose)
        telling.bounce = "own" if own else "same"
    elif by == ATTACKER and (not of or telling.session(of).whose != ATTACKER):
        for one in telling.sessions.values():
            one.spliced = one.spliced or bool(of)
    elif of and telling.session(of).asked in ("", str(request.code_challenge)):
        telling.session(of).approves, telling.session(of).asked = by, str(request.code_challenge)
    else:
        raise UntellableError("the user is asked in no session of the client's")


def _answers(telling: Telling, told: Told, response: m.AuthorizationResponse) -> None:
    """An AS answers: with a code of the session whose state it returns, or of one that this user approved."""
    telling.state("servers", telling.party(told.arrow.sender), iss=telling.placed(response.iss))
    by = ATTACKER if telling.is_attackers(response.code) else "user"
    approved = [who for who, one in telling.sessions.items() if one.approves == by]
    of = response.state if response.state in telling.world.session else NONE
    mine = of if of in approved else next(iter(approved), "") if by == "user" else ""
    telling.codes.setdefault(str(response.code), str(mine))


def _is_read(telling: Telling, told: Told, response: m.AuthorizationResponse) -> None:
    """The attacker reads an answer on its way."""
    of = telling.codes.get(str(response.code), "")
    if of:
        telling.session(of).read = True


def _comes_back(telling: Telling, told: Told, response: m.AuthorizationResponse) -> None:
    """A browser brings an answer to a session at the client."""
    one = telling.session(told.who)
    if response.error != NONE or not (one.led or response.code in telling.codes):
        raise UntellableError("what comes back is no code of an AS")
    if one.led:  # the entry of the attacker's AS says its part in this, and whom it claims to be
        one.code = one.state = told.who
        if telling.placed(response.iss) not in ("absent", "{evil}"):
            telling.state("servers", "evil", iss=telling.placed(response.iss))
        return
    one.code = telling.codes[str(response.code)]
    one.state = str(response.state) if response.state in telling.world.session else None


def _redeems(telling: Telling, told: Told, request: m.TokenRequest) -> None:
    if request.refresh_token != NONE:
        telling.stated.setdefault("token_response", {})["refresh_token"] = "issued"


def _steals(telling: Telling, told: Told, request: m.TokenRequest) -> None:
    if not telling.is_attackers(request.code):
        telling.deeds.append(Deed("redeem", f"{telling.at(told.arrow.receiver)}/token"))


def _gives(telling: Telling, told: Told, response: m.TokenResponse) -> None:
    if telling.party(told.arrow.sender) == "evil" and telling.is_attackers(response.access_token):
        telling.given = "account"


def _uses(telling: Telling, told: Told, request: m.ResourceRequest) -> None:
    telling.deeds.append(Deed("present", telling.placed(request.url)))


def _nothing(telling: Telling, told: Told, message: m.Message) -> None:
    """The client's own doing, or what the attacker gets for its own."""


#: What each message tells: by what it is, who sends it and who receives it.
TELLS: dict[tuple[type[m.Message], str, str], Tell] = {
    (m.ResourceRequest, "client", "resource"): _visits,
    (m.Fetch, "client", "resource"): _fetches,
    (m.Fetch, "client", "server"): _fetches,
    (m.Fetch, "client", "attacker"): _fetches,
    (m.Challenge, "resource", "client"): _challenges,
    (m.InsufficientScope, "resource", "client"): _challenges,
    (m.ResourceMetadata, "resource", "client"): _describes_resource,
    (m.ResourceMetadata, "attacker", "client"): _describes_resource,
    (m.ServerMetadata, "server", "client"): _describes_server,
    (m.Redirection, "client", "browser"): _leads,
    (m.Redirection, "client", "attacker"): _leads,
    (m.Redirection, "server", "browser"): _sends_on,
    (m.Redirection, "server", "attacker"): _sends_on,
    (m.Redirection, "attacker", "browser"): _nothing,
    (m.AuthorizationRequest, "browser", "server"): _asks,
    (m.AuthorizationRequest, "attacker", "server"): _asks,
    (m.AuthorizationRequest, "browser", "attacker"): _nothing,
    (m.AuthorizationResponse, "server", "browser"): _answers,
    (m.AuthorizationResponse, "server", "attacker"): _answers,
    (m.AuthorizationResponse, "browser", "attacker"): _is_read,
    (m.AuthorizationResponse, "browser", "client"): _comes_back,
    (m.AuthorizationResponse, "attacker", "client"): _comes_back,
    (m.TokenRequest, "client", "server"): _redeems,
    (m.TokenRequest, "attacker", "server"): _steals,
    (m.TokenResponse, "server", "client"): _gives,
    (m.TokenResponse, "server", "attacker"): _nothing,
    (m.ResourceRequest, "attacker", "resource"): _uses,
    (m.ResourceResponse, "resource", "client"): _nothing,
    (m.ResourceResponse, "resource", "attacker"): _nothing,
}


#: What parties ask each other to get to know each other; those that are played do that in a way of their own.
LOOKUPS = (
    m.ClientMetadata, m.EntityStatement, m.Introspection, m.IntrospectionResponse, m.KeySet, m.RegistrationRequest,
    m.RegistrationResponse,
)  # fmt: skip


def _is_lookup(telling: Telling, told: Arrow) -> bool:
    by_server = isinstance(told.record, m.Fetch) and telling.role(told.sender) in ("server", "resource")
    return by_server or isinstance(told.record, LOOKUPS)


def tell(telling: Telling, told: Told) -> None:
    """Tell a message (raises UntellableError)."""
    arrow = told.arrow
    if _is_lookup(telling, arrow):
        return
    act = TELLS.get((type(arrow.record), telling.role(arrow.sender), telling.role(arrow.receiver)))  # type: ignore[arg-type]
    if act is None:
        raise UntellableError(f"nobody tells a client: {arrow.sender} to {arrow.receiver}: {arrow.label}")
    act(telling, told, arrow.record)


def messages(trace: Trace) -> Iterator[Told]:
    """The messages of a run."""
    last = len(trace.steps)
    for number, scene in enumerate(scenes(trace), 1):
        for arrow in sent_in(scene, number):
            yield Told(replace(arrow, decisive=number == last), scene.action.session)


def sign_of(telling: Telling, told: Told, shows: str) -> Sign | None:
    """What is seen of a message where it is part of an attack that shows this; nothing where it is in order.

    Sending the user to an AS is harm only together with the metadata that it was done by.
    """
    arrow, record, sender = told.arrow, told.arrow.record, telling.role(told.arrow.sender)
    if sender == "client" and shows in BY_REQUEST:
        return _harm(telling, arrow)
    theirs = sender == "attacker" and isinstance(record, m.TokenRequest) and not telling.is_attackers(record.code)
    if isinstance(record, m.TokenRequest) and (theirs or _is_strays(telling, told, record)):
        return Sign(f"{telling.at(arrow.receiver)}/token", ("redeemed",))
    if isinstance(record, m.ResourceRequest) and record.access_token != NONE:
        stolen = sender == "client" and telling.session(told.who).whose == ATTACKER and arrow.decisive
        if sender == "attacker" or stolen:
            return Sign(telling.placed(record.url), ("served",))
    if sender == "client" and arrow.leaks:
        return Sign(telling.at(arrow.receiver), arrow.leaks)
    if sender == "browser" and arrow.leaks and isinstance(record, m.AuthorizationResponse):
        return Sign("{as1}", ("authorize",))  # what it is answered, is read
    return None


def _is_strays(telling: Telling, told: Told, request: m.TokenRequest) -> bool:
    """Whether a client redeems a user's code in a session that it is not for."""
    if telling.role(told.arrow.receiver) != "server" or telling.party(told.arrow.receiver) == "evil":
        return False
    of = telling.codes.get(str(request.code), "")
    return bool(of) and telling.session(of).approves == "user" and telling.session(told.who).whose == ATTACKER


def _harm(telling: Telling, told: Arrow) -> Sign | None:
    """A request of the client that it would not send if all were well, where a message is one."""
    receiver = telling.world.by_name.get(told.receiver)
    strangers = receiver is not None and not receiver.honest
    if isinstance(told.record, m.Fetch) and strangers and telling.role(told.receiver) == "server":
        return Sign(telling.at(told.receiver), ("server_metadata",))
    if isinstance(told.record, m.Redirection) and told.decisive:
        return Sign(telling.placed(told.record.location), ("authorize",))
    if isinstance(told.record, m.ResourceRequest) and told.decisive and _is_others(telling):
        return Sign(telling.at(told.receiver), ("account",))
    if isinstance(told.record, m.ResourceRequest) and told.decisive and strangers:
        return Sign(telling.at(told.receiver), ("call",))
    return None


def _is_others(telling: Telling) -> bool:
    """Whether what comes back to the user's session is what the attacker approved."""
    return "account" in (telling.bounce, telling.given) or any(
        one.whose == "user"
        and one.code is not None
        and (not one.code or telling.sessions[one.code].approves == ATTACKER)
        for one in telling.sessions.values()
    )
