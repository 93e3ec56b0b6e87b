"""The messages of the protocol, as typed records in its own words.

A field is public, or it holds a *term*: a value that opens something for anybody who knows it. What the attacker learns
from a message that it receives or reads is thereby said here and nowhere else (:func:`learned`). Terms are named after
what they belong to: a code after its grant, a code verifier after its session (see :mod:`model.state`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import ClassVar, NamedTuple, TypedDict

from model.logic import Condition, Pick, Value, all_of, any_of
from model.world import NONE


def term(kind: str, sent_as: str = "") -> Value:
    """A field that holds a term: knowing it is the state variable ``knows.<kind>.<name>``.

    ``sent_as``: what it is called on the wire, where another field for terms of another kind is called so too.
    """
    return field(default=NONE, metadata={"term": kind, "sent_as": sent_as})


def public() -> Value:
    """A field that anybody may read."""
    return field(default=NONE)


def shown() -> Value:
    """A public field that says whose key its sender has shown to hold: nobody writes there what it likes."""
    return field(default=NONE, metadata={"shown": True})


def claim(name: str) -> Value:
    """A public field that says what is inside the term in the field before it: the claim of this name."""
    return field(default=NONE, metadata={"claim": name})


def unsent(kind: str) -> tuple[Value, ...]:
    """A field with the terms that the value in the field before it opens: they are not on the wire, and not drawn."""
    return field(default=(), metadata={"term": kind, "unsent": True})


def several() -> tuple[Value, ...]:
    """A public field that holds any number of values."""
    return field(default=())


def endpoint(path: str) -> Value:
    """A public field that holds an endpoint: by its AS, at which it has this path."""
    return field(default=NONE, metadata={"endpoint": path})


@dataclass(frozen=True, slots=True)
class Message:
    """A message.

    Attributes:
        label: how charts name it; ``{url}`` stands for the value of a field.
        source: where it is specified.
    """

    label: ClassVar[str] = ""
    source: ClassVar[str] = ""

    def remark(self, at: str) -> str:
        """What a reader should notice in a message that was sent from this URL, once its values are known."""
        return ""


@dataclass(frozen=True, slots=True)
class ResourceRequest(Message):
    """A request to a protected resource, with a token or without.

    What a token of the attacker's making claims is said here; what one of an honest AS does, the state says.
    """

    label = "{method} {url}"
    source = "RFC 6750 2.1; RFC 9449 7.1; RFC 9728 5; draft-ietf-oauth-attestation-based-client-auth 7.6"
    url: Value = public()
    access_token: Value = term("token")
    dpop: Value = term("proof")
    client_certificate: Value = shown()
    client_attestation: Value = public()
    #: What the proof beside the attestation has as its audience, and at which resource servers it is good.
    attestation_audience: Value = claim("aud")
    attestation_opens: tuple[Value, ...] = unsent("assertion")
    session_handle: Value = public()
    proof_key: Value = shown()
    token_issuer: Value = claim("iss")
    token_subject: Value = claim("sub")
    token_audience: Value | tuple[str, ...] = claim("aud")
    method: Value = field(default="GET")


@dataclass(frozen=True, slots=True)
class Challenge(Message):
    """The answer to a request that lacks a token."""

    label, source = "401 Unauthorized", "RFC 9728 5.1; RFC 6750 3"
    resource_metadata: Value = public()
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class InsufficientScope(Challenge):
    """The answer to a request with a token that does not carry the scopes of the operation."""

    label, source = "403 Forbidden", "RFC 6750 3.1; MCP authorization 2026-07-28"
    error: Value = public()


@dataclass(frozen=True, slots=True)
class ResourceMetadata(Message):
    """Protected resource metadata."""

    label, source = "200 resource metadata", "RFC 9728 2, 3.2"
    resource: Value = public()
    authorization_servers: Value = public()
    signed_metadata: Value = public()
    dpop_bound_access_tokens_required: Value | Condition = public()
    scopes_supported: Value = public()

    def remark(self, at: str) -> str:
        """Whether it describes what was asked for."""
        return "" if self.resource == at else "names a resource that is not the URL asked for"


@dataclass(frozen=True, slots=True)
class AgentCard(Message):
    """What an agent says of itself, but for where to authorize."""

    label, source = "200 agent card", "A2A protocol 1.0 4.4.1, 8.2"
    url: Value = public()
    signatures: Value = public()
    scopes: Value = public()


@dataclass(frozen=True, slots=True)
class CardEndpoints(Message):
    """Where to authorize, as a client reads it in an agent's card."""

    label, source = "reads in the card where to authorize", "A2A protocol 1.0 4.5.8"
    authorization_url: Value = endpoint("authorize")
    token_url: Value = endpoint("token")


@dataclass(frozen=True, slots=True)
class Configured(Message):
    """What a client is configured with and fetches from nobody."""

    label, source = "takes resource and AS from its configuration", "RFC 9728 1"
    resource: Value = public()
    authorization_servers: Value = public()


@dataclass(frozen=True, slots=True)
class NoDocument(Message):
    """What is found where a metadata document should be, if it is none."""

    label, source = "no metadata ({answer})", "RFC 9728 3.2; RFC 8414 3.2"
    answer: Value = public()


@dataclass(frozen=True, slots=True)
class Guessed(Message):
    """What a client takes for granted where nothing names it."""

    label, source = "guesses", "MCP authorization 2025-03-26"
    #: Drawn as the attacker's AS where it is the origin of a resource that the attacker runs.
    authorization_servers: Value = public()
    authorization_endpoint: Value = endpoint("authorize")
    token_endpoint: Value = endpoint("token")


@dataclass(frozen=True, slots=True)
class ServerMetadata(Message):
    """Authorization server metadata."""

    label = "200 AS metadata"
    source = (
        "RFC 8414 2, 2.1; RFC 9207 3; RFC 9126 5; RFC 9449 5.1; client-id-metadata-document 7; RFC 9728 4; RFC 8628 4"
    )
    issuer: Value = public()
    authorization_endpoint: Value = endpoint("authorize")
    token_endpoint: Value = endpoint("token")
    pushed_authorization_request_endpoint: Value = endpoint("par")
    authorization_response_iss_parameter_supported: Value | Condition = public()
    code_challenge_methods_supported: Value = public()
    dpop_signing_alg_values_supported: Value = public()
    client_id_metadata_document_supported: Value | Condition = public()
    registration_endpoint: Value = endpoint("register")
    protected_resources: Value = public()
    signed_metadata: Value = public()
    device_authorization_endpoint: Value = endpoint("device_authorization")
    revocation_endpoint: Value = endpoint("revoke")

    def remark(self, at: str) -> str:
        """Whose issuer and endpoints it names besides its own."""
        if self.issuer != at:
            return f"claims to be {self.issuer}"
        named = {"authorization": self.authorization_endpoint, "token": self.token_endpoint}
        others = [name for name, there in named.items() if there not in (at, NONE)]
        return f"its {' and '.join(others)} endpoint is not its own" if others else ""


class ServerOffers(TypedDict):
    """What :class:`ServerMetadata` says for which a client need not look at its endpoints."""

    client_id_metadata_document_supported: Value | Condition
    registration_endpoint: Value
    protected_resources: Value
    signed_metadata: Value


@dataclass(frozen=True, slots=True)
class ClientMetadata(Message):
    """What a client says of itself in the document that its client_id is the URL of."""

    label = "200 client metadata"
    source = "draft-ietf-oauth-client-id-metadata-document 4; RFC 7591 2; draft-ietf-oauth-spiffe-client-auth 3.1"
    client_id: Value = public()
    redirect_uris: tuple[Value, ...] = several()
    token_endpoint_auth_method: Value = public()
    token_endpoint_auth_methods_supported: Value = public()
    jwks: Value = public()
    spiffe_id: Value = public()
    spiffe_bundle_endpoint: Value = public()


class ClientSays(TypedDict):
    """What a client says of itself wherever it does."""

    redirect_uris: tuple[Value, ...]
    token_endpoint_auth_method: Value
    jwks: Value


@dataclass(frozen=True, slots=True)
class RegistrationRequest(Message):
    """A client registers itself."""

    label, source = "POST /register", "RFC 7591 2.3, 3.1"
    redirect_uris: tuple[Value, ...] = several()
    token_endpoint_auth_method: Value = public()
    jwks: Value = public()
    software_statement: Value = public()


@dataclass(frozen=True, slots=True)
class RegistrationResponse(Message):
    """What a client is registered as."""

    label, source = "201 registered", "RFC 7591 3.2.1"
    client_id: Value = public()
    client_secret: Value = term("secret")


@dataclass(frozen=True, slots=True)
class EntityStatement(Message):
    """A statement in a chain that leads from a party to a trust anchor."""

    label, source = "200 entity statement", "OpenID Federation 1.0 3.1, 8.1, 9"
    iss: Value = public()
    sub: Value = public()
    authority_hints: Value = public()
    jwks: Value = public()
    redirect_uris: tuple[Value, ...] = several()
    constraints: Value = public()


@dataclass(frozen=True, slots=True)
class LogEntry(Message):
    """A public log shows that it holds a statement of resource metadata."""

    label, source = "200 log entry, with proof of inclusion", "RFC 9162 4.12, 8.3 (as a pattern for metadata)"
    resource: Value = public()
    authorization_servers: Value = public()


@dataclass(frozen=True, slots=True)
class ClientAuthentication(Message):
    """What a client authenticates with, in a pushed, token, revocation or introspection request."""

    label, source = "POST, authenticated", "RFC 6749 2.3; RFC 7521 4.2; RFC 8705 2"
    client_id: Value = public()
    client_secret: Value = term("secret")
    client_assertion: Value = public()
    #: What the assertion (or attestation) has as its audience, and at which AS it is good for which client_id.
    assertion_audience: Value = claim("aud")
    assertion_opens: tuple[Value, ...] = unsent("assertion")
    client_certificate: Value = shown()


class Authentication(TypedDict):
    """The fields of a :class:`ClientAuthentication`, for the requests that have them among others."""

    client_id: Value
    client_secret: Value
    client_assertion: Value
    assertion_audience: Value
    assertion_opens: tuple[Value, ...]
    client_certificate: Value


class Attestation(TypedDict):
    """What a client shows a resource of itself, as fields of a :class:`ResourceRequest`."""

    client_attestation: Value
    attestation_audience: Value
    attestation_opens: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class AuthorizationRequest(Message):
    """An authorization request, by value or by reference."""

    label, source = "GET /authorize", "RFC 6749 4.1.1; RFC 7636 4.3; RFC 8707 2.1; RFC 9449 10; RFC 9126 4"
    client_id: Value = public()
    request_uri: Value = term("request_uri")
    redirect_uri: Value = public()
    state: Value = term("state")
    code_challenge: Value = term("challenge")
    dpop_jkt: Value = public()
    resource: Value = public()
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class PushedRequest(ClientAuthentication):
    """A pushed authorization request."""

    label, source = "POST /par", "RFC 9126 2.1; RFC 9449 10.1"
    redirect_uri: Value = public()
    state: Value = term("state")
    code_challenge: Value = term("challenge")
    dpop_jkt: Value = public()
    dpop: Value = term("proof")
    resource: Value = public()
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class PushedResponse(Message):
    """The answer to a pushed authorization request."""

    label, source = "201 request_uri", "RFC 9126 2.2"
    request_uri: Value = term("request_uri")


@dataclass(frozen=True, slots=True)
class AuthorizationResponse(Message):
    """An authorization response."""

    label, source = "GET {redirect_uri}", "RFC 6749 4.1.2, 4.1.2.1; RFC 9207 2"
    redirect_uri: Value = public()
    code: Value = term("code")
    state: Value = term("state")
    iss: Value = public()
    error: Value = public()


@dataclass(frozen=True, slots=True)
class DeviceRequest(ClientAuthentication):
    """A client that has no browser asks for a device code."""

    label, source = "POST /device_authorization", "RFC 8628 3.1; RFC 8707 2"
    resource: Value = public()
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class DeviceResponse(Message):
    """The code by which the client gets its token once the user has approved, and the one that it shows the user."""

    label, source = "200 device authorization", "RFC 8628 3.2"
    device_code: Value = term("code")
    user_code: Value = public()


@dataclass(frozen=True, slots=True)
class ShownCode(Message):
    """What a client shows its user, who is to enter it at an AS."""

    label, source = "shows a code to enter", "RFC 8628 3.3"
    user_code: Value = term("user_code")


@dataclass(frozen=True, slots=True)
class UserCode(Message):
    """A user enters the code that a client shows, and approves."""

    label, source = "POST /device", "RFC 8628 3.3, 3.3.1"
    user_code: Value = public()


@dataclass(frozen=True, slots=True)
class LoginForm(Message):
    """A form with the user's credentials, as a browser repeats it."""

    label, source = "POST login form", "RFC 9700 4.12"
    password: Value = term("password")


@dataclass(frozen=True, slots=True)
class TokenRequest(ClientAuthentication):
    """A token request."""

    label, source = (
        "POST /token",
        "RFC 6749 4.1.3, 6; RFC 7636 4.5; RFC 8707 2.2; RFC 9449 5; RFC 7523 2.1; RFC 8628 3.4",
    )
    grant_type: Value = public()
    code: Value = term("code")
    device_code: Value = term("code")
    redirect_uri: Value = public()
    code_verifier: Value = term("verifier")
    refresh_token: Value = term("refresh")
    assertion: Value = term("grant")
    #: Whom an assertion is about that the attacker has made, or asked for; the state says it of others.
    assertion_subject: Value = claim("sub")
    assertion_tenant: Value = claim("tenant")
    dpop: Value = term("proof")
    proof_key: Value = shown()
    resource: Value = public()
    scope: Value = public()


class CodeShown(TypedDict):
    """A code, as one of two fields of a :class:`TokenRequest`."""

    code: Value
    device_code: Value


class GrantShown(TypedDict, total=False):
    """What is presented as a grant, as fields of a :class:`TokenRequest`."""

    grant_type: Value
    code: Value
    device_code: Value
    redirect_uri: Value
    code_verifier: Value
    refresh_token: Value
    assertion: Value
    assertion_subject: Value
    assertion_tenant: Value
    scope: Value


@dataclass(frozen=True, slots=True)
class TokenExchange(ClientAuthentication):
    """A client asks the AS of a token for an assertion that another AS takes as a grant."""

    label, source = "POST /token", "RFC 8693 2.1, 4.1; draft-ietf-oauth-identity-assertion-authz-grant 4.3"
    grant_type: Value = public()
    requested_token_type: Value = public()
    subject_token: Value = term("token")
    subject_refresh_token: Value = term("refresh", sent_as="subject_token")
    subject_token_type: Value = public()
    #: Who is to act with what is issued, where that is somebody else.
    actor_token: Value = public()
    actor_token_type: Value = public()
    presenter_rebinding: Value = public()
    audience: Value = public()
    resource: Value = public()
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class AssertionResponse(Message):
    """The assertion: a JWT that is good at one other AS, for one client."""

    label, source = "200 token response", "RFC 8693 2.2; draft-ietf-oauth-identity-assertion-authz-grant 3, 4.3.4"
    issued_token_type: Value = public()
    access_token: Value = term("grant")
    assertion_issuer: Value = claim("iss")
    assertion_subject: Value = claim("sub")
    assertion_audience: Value = claim("aud")
    assertion_client: Value = claim("client_id")
    assertion_resource: Value = claim("resource")
    assertion_key: Value = claim("cnf.jkt")


@dataclass(frozen=True, slots=True)
class TokenResponse(Message):
    """A token response."""

    label, source = "200 token response", "RFC 6749 5.1; RFC 9449 5; draft-mcguinness-oauth-resource-token-resp 3"
    access_token: Value = term("token")
    token_type: Value = public()
    refresh_token: Value = term("refresh")
    resource: Value = public()
    scope: Value = public()
    expires_in: Value = public()
    id_token: Value = term("token")


@dataclass(frozen=True, slots=True)
class Approval(Message):
    """A user approves what a consent page asks."""

    label, source = "approves", "RFC 6749 4.1.1; draft-hardt-oauth-aauth-protocol, User Interaction"


@dataclass(frozen=True, slots=True)
class ResourceResponse(Message):
    """The protected resource."""

    label, source = "200, protected data", "RFC 6750"
    whose: Value = public()


@dataclass(frozen=True, slots=True)
class PageContent(Message):
    """What a script reads that has a page of a client's call a resource."""

    label, source = "a script in the page reads the data", "RFC 10017 5.1.4"
    whose: Value = public()


@dataclass(frozen=True, slots=True)
class Redirection(Message):
    """A redirect, of a browser or of a request to a protected resource."""

    label, source = "redirect to {location}", "RFC 9110 15.4.3, 15.4.8"
    location: Value = public()


@dataclass(frozen=True, slots=True)
class Fetch(Message):
    """A request for a document, at an address that somebody else named."""

    label, source = "GET {url}", "RFC 9728 7.7; draft-ietf-oauth-client-id-metadata-document 9.6"
    url: Value = public()


@dataclass(frozen=True, slots=True)
class Introspection(Message):
    """A resource server asks about a token."""

    label, source = "POST introspection", "RFC 7662 2.1"
    token: Value = term("token")


@dataclass(frozen=True, slots=True)
class IntrospectionResponse(Message):
    """What an AS says of a token to a resource server that it is for."""

    label, source = "200 introspection response", "RFC 7662 2.2; RFC 9449 6.2"
    active: Value | Condition = public()
    client_id: Value = public()
    sub: Value = public()
    aud: Value = public()
    cnf: Value = public()
    scope: Value = public()


@dataclass(frozen=True, slots=True)
class KeySet(Message):
    """The keys of an AS, or of a party that attests something."""

    label, source = "200 JWK Set", "RFC 7517 5; RFC 8414 2; RFC 9068 4"
    keys: Value = public()


#: What the attacker makes itself, a code that no AS knows or a token of its own AS; and whose a request, a challenge
#: or a redemption is that belongs to no session, because the attacker acts by itself.
FORGED, THIEF = "forged", "thief"
#: What stands for a code where the response is an error.
REFUSED = "refused"
#: A token that an honest AS gives to a client of the attacker's, as its own.
OWN = "own"
#: Terms that open nothing of anybody else's.
NOBODYS = (NONE, FORGED, THIEF, OWN)


class Sent(NamedTuple):
    """A message on its way: names of parties, or where they are; the name of a user for the browser of that user.

    ``when``: whether it is sent at all; a message that is not sent is learned by nobody. ``read``: whether the attacker
    reads it on the way, no matter who gets it. ``browser``: the user whose browser carries it, where the sender is not
    that.
    """

    sender: Value
    receiver: Value
    message: Message
    when: Condition = True
    read: Condition = False
    browser: str = ""


def asked(who: Value, whom: Value, request: Message, answer: Message, when: Condition = True) -> tuple[Sent, ...]:
    """A request and its answer; nothing where it is plain that they are not sent."""
    return () if when is False else (Sent(who, whom, request, when), Sent(whom, who, answer, when))


def term_fields(message: type[Message] | Message) -> Iterator[tuple[str, str]]:
    """The fields that hold terms, each with its kind."""
    return ((f.name, f.metadata["term"]) for f in fields(message) if "term" in f.metadata)


def held(message: Message) -> Iterator[tuple[str, str, Value]]:
    """The terms in a message: the field, the kind and the term; a field may hold several."""
    for name, kind in term_fields(message):
        values = getattr(message, name)
        yield from ((name, kind, value) for value in (values if isinstance(values, tuple) else (values,)))


def learned(message: Message, reads: Callable[[str], Condition]) -> dict[str, Condition]:
    """What somebody knows of the terms of a message who ``reads`` those of a kind under a condition, as added facts."""
    facts: dict[str, list[Condition]] = {}
    for _, kind, value in held(message):
        if (when := reads(kind)) is not False:
            for member, here in (value.cases if isinstance(value, Pick) else {value: True}).items():
                if member not in NOBODYS:
                    facts.setdefault(f"knows.{kind}.{member}", []).append(all_of(when, here))
    return {name: any_of(*conditions) for name, conditions in facts.items()}
