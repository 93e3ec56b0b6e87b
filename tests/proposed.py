"""Checks that need a field or a relation beyond equality, each set with the question that it settles."""

from dataclasses import replace

from model.design import Configuration, parse
from properties.candidates import Candidate, under, with_fields

#: What clients or AS add, and what is related to what otherwise than by equality.
KEPT = Candidate("authorization_server", "TokenRequest", "added_kept.hashed", "is", "held.request.added_hash_of_kept")
KEY = Candidate("authorization_server", "TokenRequest", "proof_key", "is", "held.request.added_key")
SIGNED = Candidate("authorization_server", "ClientAuthentication", "added_signed_issuer.signed", "is", "held.issuer")
UNSIGNED = replace(SIGNED, left="added_issuer")
DRAWN = Candidate("client", "AuthorizationResponse", "added_drawn", "is", "held.drawn")
BROWSER = Candidate("client", "AuthorizationResponse", "browser", "is", "held.browser")
ISS = Candidate("client", "AuthorizationResponse", "added_issuer", "is", "held.listed")
WHERE = Candidate("authorization_server", "TokenRequest", "added_url", "is_if_held", "held.request.resource")
LISTS = Candidate("client", "ServerMetadata", "added_protected_resources", "lists", "held.url")
AMONG = Candidate("resource_server", "ResourceRequest", "access_token.iss", "is_among", "held.authorization_servers")
UNUSED = Candidate("client", "AuthorizationResponse", "state", "is_unused", "held.used.state")
NEW_CODE = Candidate("authorization_server", "TokenRequest", "code", "is_unused", "held.used.code")
NO_PKCE, ASSERTIONS = "pkce=off;pkce_as=off", "cap=mal_as;client_auth=pkjwt;assertion_aud=token_ep;par=on"
NO_STATE = f"cap=web+lure;state=off;callback_bind=off;{NO_PKCE}"
#: The same with what they are enough for: PKCE, dpop_jkt, the audience of assertions, state, and so on.
FOUND = {
    "iss": ("CD", "cap=mal_as;iss_check=off;md_issuer_check=off;h_iss=no", [ISS]),
    "PKCE": ("CB", f"cap=code_leak;{NO_PKCE}", [KEPT]),
    "dpop_jkt": ("CB", f"cap=code_leak;{NO_PKCE};dpop=token;dpop_key=per_flow", [KEY]),
    "audience of assertions": ("CA", ASSERTIONS, [SIGNED]),
    "state": ("SI", NO_STATE, [BROWSER, DRAWN]),
    "the URL beside the resource": ("TC", "cap=mal_rs;prm=unchecked;as_echo=no", [WHERE]),
    "RFC 9728 4": ("TC", "cap=mal_rs;as_resource=ignore", [LISTS]),
    "issuers that its metadata lists": ("IA", "cap=mal_as;rs_trust=any", [AMONG]),
    "state, once": ("SI", "cap=state_leak;state_single_use=no;pkce=off;pkce_as=lax", [UNUSED]),
    "code, once": ("AZ", "cap=log_leak;code_reuse=accept", [NEW_CODE]),
}


def adding(text: str, checks: list[Candidate]) -> Configuration:
    """A configuration in which the fields of some checks are added, and no others."""
    asked, wanted = parse(text), [each for one in checks for each in one.adds]
    return under(asked, with_fields(asked.model, wanted)) if wanted else asked
