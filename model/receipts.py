"""What honest parties receive in a step, and what each of them holds when a message arrives.

A client holds what its session remembers and what it put into its authorization request; an authorization server its
issuer, and the request that the code in a token request answers; a resource server its URL and identifier. Rules about
messages (:func:`model.extension.rule`) read nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import NamedTuple

from model.action import Context
from model.client import signs_assertions
from model.errors import hint
from model.fields import AddedField, drawn, hashed, names, signed, verified
from model.flow import authorization_request
from model.logic import Condition, Pick, Value, all_of, any_of, choose, decided, mapped, no, one_of, same
from model.messages import AuthorizationRequest, Message, PushedRequest, ResourceRequest, Sent, ServerMetadata
from model.model import DraftError
from model.protocols import variables
from model.reading import SessionState
from model.readings import RESPONDED, answered, ids_of, proof_key, published, server_of, servers_listed, token_of
from model.registration import registered
from model.state import REDEEMED, keys, tokens
from model.vouching import presents
from model.world import ATTACKER, AUTHORIZATION_SERVER, CLIENT, NONE, RESOURCE_SERVER, Party, Session, World

#: What a grant calls what the authorization request said that it answers.
GRANTED = {
    "client_id": "client",
    "redirect_uri": "redirect",
    "state": "state",
    "code_challenge": "challenge",
    "dpop_jkt": "key",
    "resource": "resource",
}


class Could(NamedTuple):
    """What the client of a session could say in a request.

    Attributes:
        words: what it is; ``says``: its value; ``values``: what that may be in a world.
        at: the requests in which it could stand.
    """

    words: str
    says: Callable[[Context, SessionState], Value]
    values: Callable[[World], Iterable[str]]
    at: tuple[str, ...] = ("AuthorizationRequest", "ClientAuthentication")


def _drawn(which: str) -> tuple[Callable[[Context, SessionState], Value], Callable[[World], Iterable[str]]]:
    """The value that each session draws for a purpose, and all of them in a world."""

    def of(session: Session) -> str:
        return decided(drawn(session.client, f"{which} of {session.name}"))

    return lambda c, session: of(c.world.session[session.who]), lambda world: map(of, world.sessions)


def _signed(c: Context, session: SessionState) -> Value:
    signs = signs_assertions(c.client(session.who))
    return choose(signs, signed(c.world.session[session.who].client, session.issuer), NONE)


def _signs(world: World) -> Iterator[str]:
    clients = (*(client.name for client in world.clients), ATTACKER)
    return (decided(signed(client, at)) for client in clients for at in world.issuers)


_SENT, _KEPT = _drawn("sent"), _drawn("kept")
#: What a client holds at a request, draws, hashes or signs; those who read a request read it.
REQUESTING = {
    "issuer": Could("the issuer that it asks", lambda _, session: session.issuer, lambda world: world.issuers),
    "url": Could("the URL of the resource", lambda _, session: session.url, lambda world: world.resource_urls),
    "key": Could("the key that it proves to hold", proof_key, keys, ("AuthorizationRequest",)),
    "drawn": Could("a random value", *_SENT, ("AuthorizationRequest",)),
    "kept": Could("the random value that it has kept", *_KEPT, ("TokenRequest",)),
    "hash_of_kept": Could(
        "the hash of a random value that it keeps",
        lambda c, session: hashed(_KEPT[0](c, session)),
        lambda world: [decided(hashed(each)) for each in _KEPT[1](world)],
        ("AuthorizationRequest",),
    ),
    "signed_issuer": Could("its signature of the issuer that it asks", _signed, _signs),
}


def requesting(c: Context, sent: Sent, name: str) -> Value:
    """Return what the client whose step it is could say in a request, by one ``name`` of :data:`REQUESTING`."""
    if not c.session:
        return NONE
    # A response that came since changes nothing in an authorization request that was sent.
    first = isinstance(sent.message, AuthorizationRequest | PushedRequest)
    return REQUESTING[name].says(c, c.state.session(c.session) if first else answered(c, c.session))


_REQUEST = AuthorizationRequest.__name__
#: The term of an answer that says which grant it is about.
_ABOUT = {"AuthorizationResponse": "code", "TokenResponse": "access_token"}


def answering(c: Context, sent: Sent, name: str) -> Value:
    """Return what the AS holds whose code or token is in an answer: its ``issuer``, or what the request said.

    Of a request it is the parameter of that ``name``, or the field that a draft adds. In its metadata an AS names the
    ``protected_resources`` on its list.
    """
    found: Value = NONE
    if isinstance(sent.message, ServerMetadata):
        for server in c.world.honest_servers:
            found = choose(same(sent.sender, server.url), _protects(c.world, server), found)
        return found
    about = next(getattr(sent.message, term) for kind, term in _ABOUT.items() if kind in kinds(sent.message))
    for grant in c.world.grants:
        issuer = c.world.by_name[grant.server].url
        held = issuer if name == "issuer" else getattr(c.state.grant(grant.name), GRANTED.get(name, name))
        found = choose(same(about, grant.name), held, found)
    return found


def answer_values(name: str) -> Callable[[World], Iterable[str]]:
    """Return what may stand in an answer for one ``name``, by the world: a list, or the name of an issuer or client."""
    if name != "protected_resources":
        return names
    return lambda world: (*(_protects(world, server) for server in world.honest_servers), *world.resources)


def _protects(world: World, server: Party) -> str:
    """The resources on the list of an AS, as it publishes them."""
    return " ".join(world.by_name[name].url for name in server.serves) or NONE


class Values(dict[str, Value]):
    """Values by name, of which a rule may ask for those that there are."""

    def __init__(self, whose: str, values: Mapping[str, Value]) -> None:
        super().__init__(values)
        self.whose = whose

    def __missing__(self, name: str) -> Value:
        """Say that there is no such value.

        Raises:
            DraftError: naming those that there are.
        """
        raise DraftError(f"{self.whose} no {name!r}{hint(name, sorted(self))}")


class Receipt(NamedTuple):
    """A message as an honest party receives it.

    Attributes:
        role: that of the party; ``when``: whether it is this party that receives it, and at all.
        sender: the name or URL of the sender.
        says: the values of the message: its fields, what stands in its access token, if that is an honest AS's, and
            whose browser brings it.
        held: the values that the party holds when it arrives.
    """

    context: Context
    role: str
    when: Condition
    sender: Value
    message: Message
    says: Mapping[str, Value]
    held: Mapping[str, Value]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of message that it is, by name."""
        return kinds(self.message)


def kinds(message: Message) -> tuple[str, ...]:
    """The kinds of message that one is, by name, the narrowest first."""
    return tuple(dict.fromkeys(each.__name__ for each in type(message).__mro__))


def receipts(c: Context, fixed: Mapping[str, object], sends: Iterable[Sent]) -> Iterator[Receipt]:
    """The messages of a step that honest clients, AS and resource servers receive; ``fixed``: what it is about."""
    grant = str(fixed.get("grant", ""))
    client = c.world.session[c.session].client if c.session else ""
    for sent in sends:
        if _is(sent.receiver, client) is True:
            if _is(sent.sender, client) is not True:  # what it takes for granted it receives from nobody
                yield _receipt(c, CLIENT, sent, True, _session(c))
            continue
        for party in (party for party in c.world.parties if party.honest):
            here = any_of(_is(sent.receiver, party.name), _is(sent.receiver, party.url))
            if here is not False and party.role == AUTHORIZATION_SERVER:
                yield _receipt(c, party.role, sent, here, _server(c, party, grant, sent.message))
            elif here is not False and party.role == RESOURCE_SERVER:
                listed = " ".join(c.world.by_name[name].url for name in party.designates)
                held = {"url": party.url, "resource": published(c, party.url), "authorization_servers": listed}
                yield _receipt(c, party.role, sent, all_of(here, no(c.runs(party))), held)


def _receipt(c: Context, role: str, sent: Sent, here: Condition, held: Mapping[str, Value]) -> Receipt:
    message, asked = sent.message, all_of(here, sent.when)
    says = _fields(message)
    if isinstance(sent.sender, str) and sent.sender in (*c.world.users, ATTACKER):
        says["browser"] = sent.sender
    if isinstance(message, ResourceRequest):
        asked = all_of(asked, no(same(message.access_token, NONE)))  # one without a token is challenged, come what may
        says |= _claims(c, message)
    for name in (each.name for each in added_to(c, message) if each.listed):
        says[f"{name}.hashed"] = hashed(says[name])
        if "client_id" in says:
            says[f"{name}.signed"] = verified(_owner(c, says["client_id"]), says[name])
    if "code" in says and role == AUTHORIZATION_SERVER:
        asked = all_of(asked, no(same(says["code"], NONE)))
    name = type(message).__name__
    who = role.replace("_", " ")
    return Receipt(
        c,
        role,
        asked,
        sent.sender,
        message,
        Values(f"{name} says", says),
        Values(f"a {who} that gets {name} holds", held),
    )


def added_to(c: Context, message: Message) -> list[AddedField]:
    """The fields that drafts add to a message."""
    here = type(message).__dataclass_fields__
    found = [each for each in c.model.changes if isinstance(each, AddedField) and each.name in here]
    return [each for each in found if each.message in (*kinds(message), AuthorizationRequest.__name__)]


def _owner(c: Context, client_id: Value) -> Value:
    """By name whose client_id that is: an honest client's, or else the attacker's."""
    owner: Value = ATTACKER
    for client in c.world.clients:
        owner = choose(one_of(client_id, *ids_of(c, client)), client.name, owner)
    return owner


def _is(receiver: Value, name: str) -> Condition:
    return bool(name) and same(receiver, name)


def _session(c: Context) -> dict[str, Value]:
    """What a session remembers, in whose browser it is, and what stands in its authorization request, by value."""
    who, known = c.session, (one.name for one in variables(c.world) if False not in one.domain)
    held = {name.removeprefix(f"{who}."): c.state[name] for name in known if name.startswith(f"{who}.")}
    if c.world.protocol != "oauth":
        return held
    request = _fields(authorization_request(c, c.state.session(who), NONE, False))
    session = c.state.session(who)
    held |= {"browser": c.world.user_of(who), "drawn": _SENT[0](c, session), **_used(c)}
    held["authorization_servers"] = servers_listed(c, session.url, session.listed)
    return {**held, **{f"request.{name}": value for name, value in request.items()}}


def _used(c: Context) -> dict[str, Value]:
    """The codes that the client of a session has taken, in this session or another, and the states they came with."""
    client = c.world.session[c.session].client
    own = [c.state.session(each.name) for each in c.world.sessions if each.client == client]
    states = (choose(one_of(session.phase, *RESPONDED), session.who, NONE) for session in own)
    return {"used.code": mapped(_listed, *(session.code for session in own)), "used.state": mapped(_listed, *states)}


def _listed(*values: str) -> str:
    return " ".join(sorted({*values} - {NONE})) or NONE


def _server(c: Context, party: Party, grant: str, message: Message) -> dict[str, Value]:
    """What an AS holds: its issuer, the redirect URI of a request if it is registered, and what a code answers."""
    held: dict[str, Value] = {"issuer": party.url}
    said = _fields(message)
    if {"client_id", "redirect_uri"} <= said.keys():
        client, redirect = said["client_id"], said["redirect_uri"]
        held["registered"] = choose(registered(c, party, client, redirect), redirect, NONE)
    if "code" in said and grant in c.world.grant and server_of(c, grant) is party:
        more = [each.name for each in c.model.changes if isinstance(each, AddedField) and each.message == _REQUEST]
        known = GRANTED | dict(zip(more, more, strict=True))
        held |= {f"request.{name}": getattr(c.state.grant(grant), at) for name, at in known.items()}
        own = [each.name for each in c.world.grants if each.server == party.name]
        redeemed = {name: one_of(c.state.grant(name).code, *REDEEMED) for name in own}
        held["used.code"] = mapped(_listed, *(choose(used, name, NONE) for name, used in redeemed.items()))
        presented = (
            choose(all_of(used, same(c.state.grant(name).of, who)), presents(c, who), NONE)
            for name, used in redeemed.items()
            for who in c.world.session
        )
        held["used.assertion"] = mapped(_listed, *presented)
    return held


def _fields(message: Message) -> dict[str, Value]:
    values = {each.name: getattr(message, each.name) for each in fields(message)}
    return {name: value for name, value in values.items() if isinstance(value, str | Pick)}


def _claims(c: Context, message: ResourceRequest) -> dict[str, Value]:
    """What stands in an access token: who issued it, its audience, and the key that it is bound to."""
    audience: Value = NONE
    key: Value = NONE
    issuer: Value = message.token_issuer
    for name in tokens(c.world):
        this, made = same(message.access_token, name), token_of(c, name)
        audience, key = choose(this, made.audience, audience), choose(this, made.key, key)
        issuer = choose(this, made.server.url, issuer)
    return {"access_token.iss": issuer, "access_token.aud": audience, "access_token.cnf": key}
