"""What honest parties receive in a step, and what each of them holds when a message arrives.

A client holds what its session remembers and what it put into its authorization request; an authorization server its
issuer, and the request that the code in a token request answers; a resource server its URL and identifier. Rules about
messages (:func:`model.extension.rule`) read nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import NamedTuple

from model.action import Context
from model.errors import hint
from model.flow import authorization_request
from model.logic import Condition, Pick, Value, all_of, any_of, choose, no, same
from model.messages import Message, ResourceRequest, Sent
from model.model import DraftError
from model.protocols import variables
from model.readings import published, server_of, token_of
from model.registration import registered
from model.state import tokens
from model.world import ATTACKER, AUTHORIZATION_SERVER, CLIENT, NONE, RESOURCE_SERVER, Party

#: What a grant calls what the authorization request said that it answers.
GRANTED = {
    "client_id": "client",
    "redirect_uri": "redirect",
    "state": "state",
    "code_challenge": "challenge",
    "dpop_jkt": "key",
    "resource": "resource",
}


#: The term of an answer that says which grant it is about.
_ABOUT = {"AuthorizationResponse": "code", "TokenResponse": "access_token"}


def answering(c: Context, sent: Sent, name: str) -> Value:
    """Return what the AS holds whose code or token is in an answer: its ``issuer``, or what the request said.

    Of a request it is the parameter of that ``name``.
    """
    found: Value = NONE
    about = next(getattr(sent.message, term) for kind, term in _ABOUT.items() if kind in kinds(sent.message))
    for grant in c.world.grants:
        issuer = c.world.by_name[grant.server].url
        held = issuer if name == "issuer" else getattr(c.state.grant(grant.name), GRANTED[name])
        found = choose(same(about, grant.name), held, found)
    return found


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
                held = {"url": party.url, "resource": published(c, party.url)}
                yield _receipt(c, party.role, sent, all_of(here, no(c.runs(party))), held)


def _receipt(c: Context, role: str, sent: Sent, here: Condition, held: Mapping[str, Value]) -> Receipt:
    message, asked = sent.message, all_of(here, sent.when)
    says = _fields(message)
    if isinstance(sent.sender, str) and sent.sender in (*c.world.users, ATTACKER):
        says["browser"] = sent.sender
    if isinstance(message, ResourceRequest):
        asked = all_of(asked, no(same(message.access_token, NONE)))  # one without a token is challenged, come what may
        says |= _claims(c, message)
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


def _is(receiver: Value, name: str) -> Condition:
    return bool(name) and same(receiver, name)


def _session(c: Context) -> dict[str, Value]:
    """What a session remembers, in whose browser it is, and what stands in its authorization request, by value."""
    who, known = c.session, (one.name for one in variables(c.world) if False not in one.domain)
    held = {name.removeprefix(f"{who}."): c.state[name] for name in known if name.startswith(f"{who}.")}
    if c.world.protocol != "oauth":
        return held
    request = _fields(authorization_request(c, c.state.session(who), NONE, False))
    return {**held, "browser": c.world.user_of(who), **{f"request.{name}": value for name, value in request.items()}}


def _server(c: Context, party: Party, grant: str, message: Message) -> dict[str, Value]:
    """What an AS holds: its issuer, the redirect URI of a request if it is registered, and what a code answers."""
    held: dict[str, Value] = {"issuer": party.url}
    said = _fields(message)
    if {"client_id", "redirect_uri"} <= said.keys():
        client, redirect = said["client_id"], said["redirect_uri"]
        held["registered"] = choose(registered(c, party, client, redirect), redirect, NONE)
    if "code" in said and grant in c.world.grant and server_of(c, grant) is party:
        held |= {f"request.{name}": getattr(c.state.grant(grant), known) for name, known in GRANTED.items()}
    return held


def _fields(message: Message) -> dict[str, Value]:
    values = {each.name: getattr(message, each.name) for each in fields(message)}
    return {name: value for name, value in values.items() if isinstance(value, str | Pick)}


def _claims(c: Context, message: ResourceRequest) -> dict[str, Value]:
    """What stands in an access token: its audience, and the key that it is bound to."""
    audience: Value = NONE
    key: Value = NONE
    for name in tokens(c.world):
        this, made = same(message.access_token, name), token_of(c, name)
        audience, key = choose(this, made.audience, audience), choose(this, made.key, key)
    return {"access_token.aud": audience, "access_token.cnf": key}
