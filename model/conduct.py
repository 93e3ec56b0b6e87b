"""What clients do with the bytes of a document, with other spellings of a value, and after a refusal.

These rules and functions complete those of :mod:`model.client`, which say what a client does where something is missing
or malformed. A bounded world holds no JSON, one spelling of a URL and one call, so that no verdict reads them.
:mod:`model.conversation` reads both.
"""

from collections.abc import Callable, Collection, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from model import client, identifiers, schemas
from model.design import Design
from model.documents import JsonObject
from model.logic import Condition, all_of, any_of, decided, implies, no, one_of, same
from model.rule import rule
from model.world import NONE

# --- discovery of the resource's metadata --------------------------------------------------------------------


def document_locations(design: Design, url: str, named: str) -> list[str]:
    """Where the client looks for the metadata of the resource at ``url``, in order.

    ``named`` is the location that the challenge names, or nothing.
    """
    own = _without_fragment(url)
    places = {
        "path": identifiers.well_known_protected_resource(own.rstrip("/") if design.prm_slash == "dropped" else own),
        "end": f"{identifiers.site_and_path(url).rstrip('/')}/.well-known/oauth-protected-resource",
        "root": identifiers.well_known_protected_resource(identifiers.origin(url)),
    }
    asked = design.prm_unchallenged.split("+")
    well_known = list(dict.fromkeys(place for name, place in places.items() if name in asked))
    if not named:
        return well_known
    return [named, *(well_known if design.prm_retry == "yes" else [])]


def reads_challenge(design: Design, scheme: str) -> bool:
    """Whether the client reads the resource_metadata of a challenge with this scheme."""
    return bool(any_of(same(design.prm_scheme, "any"), scheme.lower() == "bearer"))


#: What every client uses of the metadata of a resource.
_USED: schemas.Schema = {"resource": "text", "authorization_servers": "texts"}


def resource_metadata_fits(design: Design, body: JsonObject) -> bool:
    """Whether a document is one that the client takes for the metadata of a resource.

    It says which resource it is about, and lists AS if it speaks of any. Clients that validate documents ask more of
    it: every field that the specification gives it is of its type.
    """
    unlisted = design.prm_unlisted == "malformed" and body.get("authorization_servers") == []
    usable = schemas.fits(body, _USED, ("resource",), nulls=False) and not unlisted
    typed = _fits(design, body, schemas.RESOURCE_METADATA, ("resource",))
    return usable and (typed or not client.validates(design))


@rule("PRM-1.2-rid", "ASM-2-issuer", source="RFC 9728 1.2; RFC 8414 2")
def url_is_well_formed(design: Mapping[str, str], well_formed: Condition) -> Condition:
    """Resources, issuers and endpoints are URLs."""
    return well_formed


@rule("PRM-1.2-rid", "RI-2-form", source="RFC 8707 2; RFC 9728 1.2")
def resource_has_no_fragment(design: Design, has_fragment: Condition) -> Condition:
    """The resource identifier has no fragment."""
    return implies(has_fragment, same(design.resource_fragment, "accept"))


#: By this field the metadata of an AS says that it sends iss.
_SENDS_ISS = "authorization_response_iss_parameter_supported"


# --- what is asked for -----------------------------------------------------------------------------------------


def spelled(design: Design, resource: str) -> str:
    """A resource identifier as the client compares and sends it."""
    if not schemas.is_url(resource):
        return resource
    return _SPELLINGS[design.resource_spelling](resource)


def _resolved(resource: str) -> str:
    written = identifiers.href(resource)
    return written if urlsplit(resource).path else written.removesuffix("/")


def _trimmed(resource: str) -> str:
    written = identifiers.href(resource)
    return written.removesuffix("/") if written == f"{identifiers.origin(resource)}/" else written


_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "verbatim": str,
    "href": identifiers.href,
    "resolved": _resolved,
    "trimmed": _trimmed,
    "bare": identifiers.site_and_path,
}


def requested_resource(design: Design, documented: str, url: str, request: str) -> str:
    """The `resource` that the client names in its `authorization` or `token` request, or in any of them, or none.

    ``documented`` is what the metadata in use says (or none), ``url`` the URL of the request.
    """
    if not client.names_resource(design, request):
        return NONE
    own = spelled(design, url)
    if documented == NONE:
        return decided(client.undocumented_resource(design, own))
    return own if design.resource_value == "url" else documented


def authorization_url(design: Design, endpoint: str, parameters: Mapping[str, str]) -> str:
    """The URL at which the client opens an authorization endpoint, which may have a query of its own."""
    before, _, own = endpoint.partition("?")
    if not own:
        return f"{before}?{urlencode(parameters)}"
    if design.endpoint_query == "second_mark":
        return f"{endpoint}?{urlencode(parameters)}"
    kept = parse_qsl(own, keep_blank_values=True)
    if design.endpoint_query == "replace":
        kept = [(name, value) for name, value in kept if name not in parameters]
    return f"{before}?{urlencode([*kept, *parameters.items()])}"


# --- discovery of the authorization server ---------------------------------------------------------------------


def assumed_issuer(design: Design, url: str) -> str:
    """The AS that the client takes the resource at a URL for where it knows of no other."""
    return url if design.legacy_at == "url" else identifiers.origin(url)


def metadata_locations(design: Design, issuer: str, assumed: bool = False) -> list[tuple[str, str]]:
    """Where the client looks for the metadata of an issuer, in order, each with the issuer that it has to name.

    ``assumed``: nobody lists it, it is only what the resource is taken for.
    """
    site, path = identifiers.origin(issuer), identifiers.site_and_path(issuer)[len(identifiers.origin(issuer)) :]
    path = path.removesuffix("/")
    oauth, openid = f"{site}/.well-known/oauth-authorization-server", f"{site}/.well-known/openid-configuration"
    first = [(f"{oauth}{path}", issuer)]
    then = [f"{openid}{path}", f"{site}{path}/.well-known/openid-configuration"] if path else [openid]
    others = [(location, issuer) for location in then]
    at_host = [(at, site if assumed or design.as_root_metadata == "root" else issuer) for at in (oauth, openid)]
    if not path or design.as_root_metadata == "no":
        at_host = []
    elif design.as_metadata_at != "host_both":
        at_host = at_host[:1]
    if path and design.as_root_metadata == "only":
        first, others = [], []
    if design.as_metadata_at == "oauth" or (assumed and design.as_metadata_at == "assumed_oauth"):
        others = []
    return [*first, *at_host, *others] if design.as_metadata_at == "host_second" else [*first, *others, *at_host]


def endpoint(design: Design, name: str, metadata: JsonObject | None, server: str, url: str, legacy: bool) -> str:
    """The URL of an endpoint (authorization, token or registration) of an AS, or none.

    ``server`` is the issuer as listed, ``legacy`` says that it is only the origin of the resource at ``url``.
    """
    if metadata is not None and metadata.get(f"{name}_endpoint") is not None:
        return str(metadata[f"{name}_endpoint"])
    path = {"authorization": "/authorize", "token": "/token", "registration": "/register"}[name]
    at_server, at_resource = (identifiers.origin(at) + path for at in (server, url))
    return decided(client.guessed_endpoint(design, at_server, at_resource, metadata is not None, legacy))


@rule("MCP-asm", source="MCP authorization 2026-07-28")
def party_is_reachable(design: Design, reachable: Condition) -> Condition:
    """The server takes the connection; one that does not publishes nothing."""
    return any_of(reachable, same(design.as_failover, "resource"))


def server_metadata_fits(design: Design, body: JsonObject) -> bool:
    """Whether every field of AS metadata that the client looks at is of its type, and those are there that it needs."""
    required = ["issuer", "authorization_endpoint", "token_endpoint"]
    if design.response_types == "required":
        required.append("response_types_supported")
    typed = {
        name: type
        for name, type in schemas.SERVER_METADATA.items()
        if name != _SENDS_ISS or design.schema_iss == "typed"
    }
    return _fits(design, body, typed, required)


def advertises_iss(design: Design, metadata: JsonObject) -> bool:
    """Whether the client takes the metadata to say that the AS sends iss."""
    said = metadata.get(_SENDS_ISS)
    return bool(said) if design.schema_iss == "typed" else said is True


@rule("ASM-2-fields", source="RFC 8414 2")
def response_type_is_offered(design: Design, code: Condition) -> Condition:
    """AS metadata offers the response type code."""
    return any_of(same(design.response_types, "unread"), code)


# --- responses -----------------------------------------------------------------------------------------------


@rule("RI-2-err", source="RFC 6749 4.1.2.1, 5.2")
def request_is_granted(design: Design, refused: Condition) -> Condition:
    """The response is no error; the client does not ask again for something else."""
    return no(refused)


@rule("O21-type", source="RFC 6749 5.1")
def token_type_is_present(design: Design, typed: Condition) -> Condition:
    """The token response names the type of the token."""
    return any_of(typed, same(design.type_missing, "bearer"))


@rule("O21-type", source="RFC 6749 7.1")
def token_type_is_known(design: Design, text: Condition, known: Condition) -> Condition:
    """The client knows the type of the token; ``text``: it is a text at all."""
    return any_of(known, all_of(text, same(design.type_unknown, "accept")))


@rule("O21-type", source="RFC 6749 7.1; RFC 9449 5")
def token_type_was_asked_for(design: Design, unasked: Condition) -> Condition:
    """A token of type DPoP answers a request with a proof."""
    return implies(unasked, same(design.type_unasked, "accept"))


def presents_dpop(design: Design, wanted: Condition, bound: Condition) -> Condition:
    """Whether the token is presented with a proof; ``bound``: the response says that it is of type DPoP."""
    return all_of(wanted, any_of(bound, one_of(design.dpop_presents, "always")))


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]


def _fits(design: Design, body: JsonObject, schema: schemas.Schema, required: Collection[str]) -> bool:
    return schemas.fits(body, schema, required, nulls=design.schema_null == "absent")
