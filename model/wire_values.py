"""How the values in messages of the code flow are named: whose code, which token, with which key."""

from __future__ import annotations

from typing import Any

from model import client, flow, identifiers, session_readings, token_flow
from model.client import NONE
from model.messages import Given, Scene, Value, owner
from model.state import CACHED_CRM, CACHED_HOST, ISSUED, LEAKED, MINTED, REFRESHED, STRANGERS, THIEF, Session, View
from model.world import ATTACKER, DEFAULT_AUDIENCE, EVIL_TENANTS, HONEST_AS, VICTIM


def state_of(who: str) -> str:
    """The `state` of a session."""
    return NONE if who == NONE else f"<of {owner(who)}>"


def challenge_of(s: Scene, who: str) -> str:
    """The code challenge made from somebody's verifier."""
    verifier = verifier_of(who)
    if verifier is None:
        return NONE
    return verifier.text if s.design["pkce"] == "plain" else f"S256({verifier.text})"


def verifier_of(who: str) -> Value | None:
    """Somebody's code verifier."""
    name = {VICTIM: "user's", ATTACKER: "attacker session's", THIEF: "attacker's own"}.get(who, who)
    return None if who == NONE else Value("code_verifier", f"<{name} verifier>", who == VICTIM)


def code_of(kind: str) -> Value:
    """A code by its kind in the model."""
    named = {"users": "<user's code>", "strangers": "<for the attacker's account>"}
    return Value("code", named.get(kind, "<made up by attacker>"), kind == "users")


def token_of(kind: str) -> Value:
    """An access token by its kind in the model."""
    origin = {
        ISSUED: "<issued by H>", REFRESHED: "<refreshed at H>", LEAKED: "<leaked, issued by H>",
        CACHED_CRM: "<cached for R>", CACHED_HOST: "<cached for S>", MINTED: "<made by attacker>",
        STRANGERS: "<issued by H for the attacker's account>",
    }  # fmt: skip
    return Value("access_token", origin.get(kind, f"<{kind}>"), kind not in (MINTED, STRANGERS))


def audience_of(s: Scene, state: View, token: str) -> list[Value]:
    """``aud`` and ``cnf`` of a token of the honest AS."""
    properties = token_flow.token_properties(s.context._replace(state=state), token)
    named = [str(properties["audience"])] if properties["audience"] != NONE else []
    audience = [*named, *([f"<{DEFAULT_AUDIENCE}: every RS of H>"] if properties["has_default"] else [])]
    return [
        Value("aud", ", ".join(audience) or NONE, inside=True),
        Value("cnf.jkt", key_of(properties["key"]), inside=True),
        Value("cnf.x5t#S256", key_of(properties["certificate"]), inside=True),
    ]


def request_fields(s: Scene, fields: dict[str, Any]) -> list[tuple[str, str]]:
    """An authorization request by what the model says is in it."""
    return [
        ("client_id", str(fields["client"])),
        ("redirect_uri", str(fields["redirect"])),
        ("state", state_of(fields["returned_state"])),
        ("code_challenge", challenge_of(s, fields["challenge"])),
        ("dpop_jkt", key_of(fields["key"])),
        ("resource", str(fields["resource"])),
    ]


def own_request(s: Scene, session: Session) -> list[tuple[str, str]]:
    """The authorization request of a session."""
    return request_fields(s, flow.own_request(s.context, session))


def response_fields(s: Scene) -> list[Given]:
    """The authorization response to the request that the code answers."""
    iss = HONEST_AS if s.design["h_iss"] == "yes" else NONE
    return [code_of("users"), ("state", state_of(s.after["code.returned_state"])), ("iss", iss)]


def authentication_of(s: Scene, session: Session, pushed: bool) -> list[Given]:
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


def proof_for(s: Scene, url: str, session: Session) -> tuple[str, str]:
    """The DPoP proof of a session for a URL."""
    key = str(session_readings.proof_key(s.design, session))
    return ("DPoP", NONE if key == NONE else f"<proof, key={key_of(key).strip('<>')}, htu={url}>")


def key_of(key: str) -> str:
    """A key by its owner: per client, per AS or per flow."""
    return NONE if key == NONE else "<attacker's key>" if key == f"key:{THIEF}" else f"<{key}>"


def metadata_url(url: str) -> str:
    """Where the metadata for a URL is; a tenant that cannot write below /.well-known points into its own paths."""
    own_paths = url in EVIL_TENANTS
    return f"{url}/metadata" if own_paths else identifiers.well_known_protected_resource(url)
