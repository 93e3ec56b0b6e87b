"""The messages of AAuth, as typed records in its own words.

An auth token is a term named after its grant. A reader of a signed request has the signature, which is good for the
URL that it was made for: it is named after the token it came with and that URL.
"""

from dataclasses import dataclass, field

from model.logic import Value
from model.messages import Message, claim, public, term

_DRAFT = "draft-hardt-oauth-aauth-protocol"


@dataclass(frozen=True, slots=True)
class SignedRequest(Message):
    """A request that an agent signs, with its person token or with an auth token."""

    label, source = "GET {url}, signed", f"{_DRAFT}, HTTP Message Signatures"
    url: Value = public()
    signature_key: Value = public()
    auth_token: Value = term("token")
    #: What a token of the attacker's making claims; what one of an honest server does, the state says.
    token_issuer: Value = claim("iss")
    token_subject: Value = claim("sub")
    signature: Value = term("signature")
    session_handle: Value = public()


@dataclass(frozen=True, slots=True)
class ResourceToken(Message):
    """The challenge of a resource, with a resource token that it signs."""

    label, source = "401 requirement=auth-token", f"{_DRAFT}, Resource Token Structure"
    resource_token: Value = field(default="<signed by its issuer>", init=False)
    iss: Value = claim("iss")
    aud: Value = claim("aud")
    agent_jkt: Value = claim("agent_jkt")


@dataclass(frozen=True, slots=True)
class AuthTokenRequest(ResourceToken):
    """A resource token on its way to the server that turns it into an auth token."""

    label, source = "POST auth_token_endpoint, signed", f"{_DRAFT}, Auth Token Request"
    #: Of a resource that acts as an agent: what it was itself called with (Call Chaining).
    upstream_token: Value = term("token")


@dataclass(frozen=True, slots=True)
class AgentRequest(Message):
    """An agent asks a person server for authority of its own."""

    label, source = "POST auth_token_endpoint, signed, as an agent of its own", f"{_DRAFT}, Auth Token Request"
    agent: Value = public()


@dataclass(frozen=True, slots=True)
class ConsentPage(Message):
    """The person server asks the user."""

    label, source = "asks the user", f"{_DRAFT}, User Interaction"
    resource: Value = public()
    agent: Value = public()


@dataclass(frozen=True, slots=True)
class AuthTokenResponse(Message):
    """An auth token, for one resource and one key."""

    label, source = "200 auth_token", f"{_DRAFT}, Auth Token Structure"
    auth_token: Value = term("token")
    iss: Value = claim("iss")
    aud: Value = claim("aud")
    cnf: Value = claim("cnf")
