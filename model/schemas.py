"""The fields that specifications give to metadata documents, each with its type.

A client that validates documents against a schema compares each field that is there with its type.
"""

import re
from collections.abc import Collection, Mapping
from typing import Literal

from model import identifiers
from model.documents import Json, JsonObject

Type = Literal["text", "flag", "url", "texts", "urls"]
Schema = Mapping[str, Type]

#: RFC 9728 2.
RESOURCE_METADATA: Schema = {
    "resource": "url",
    "authorization_servers": "urls",
    "jwks_uri": "url",
    "scopes_supported": "texts",
    "bearer_methods_supported": "texts",
    "resource_signing_alg_values_supported": "texts",
    "resource_name": "text",
    "tls_client_certificate_bound_access_tokens": "flag",
    "authorization_details_types_supported": "texts",
    "dpop_signing_alg_values_supported": "texts",
    "dpop_bound_access_tokens_required": "flag",
}

#: RFC 8414 2, RFC 9207 3 and the client metadata document draft.
SERVER_METADATA: Schema = {
    "issuer": "url",
    "authorization_endpoint": "url",
    "token_endpoint": "url",
    "registration_endpoint": "url",
    "scopes_supported": "texts",
    "response_types_supported": "texts",
    "response_modes_supported": "texts",
    "grant_types_supported": "texts",
    "token_endpoint_auth_methods_supported": "texts",
    "revocation_endpoint": "url",
    "introspection_endpoint": "url",
    "code_challenge_methods_supported": "texts",
    "authorization_response_iss_parameter_supported": "flag",
    "client_id_metadata_document_supported": "flag",
}


def is_a(value: Json, type: Type) -> bool:
    """Whether a value of a JSON document is of a type."""
    if type in ("texts", "urls"):
        return isinstance(value, list) and all(is_a(item, "text" if type == "texts" else "url") for item in value)
    if type == "flag":
        return isinstance(value, bool)
    return isinstance(value, str) and (type == "text" or is_url(value) or _is_opaque(value))


def is_url(text: str) -> bool:
    """Whether a text is an absolute URL."""
    try:
        identifiers.href(text)
    except identifiers.MalformedURLError:
        return False
    return True


def _is_opaque(text: str) -> bool:
    """Whether a text is an absolute URI without a host, as a URN is: parsers of URLs take it (WHATWG URL 4.4)."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^/\s]\S*", text) is not None


def fits(document: JsonObject, schema: Schema, required: Collection[str], nulls: bool) -> bool:
    """Whether every field of a document is of its type, and all that are required are there.

    ``nulls`` says that a null counts as if the field were absent.
    """
    stated = {name: value for name, value in document.items() if not (nulls and value is None)}
    typed = all(is_a(stated[name], type) for name, type in schema.items() if name in stated)
    return typed and all(name in stated for name in required)
