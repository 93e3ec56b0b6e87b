"""What deployed clients do with metadata that somebody pastes. Loaded when that is asked, which few do."""

import json
from collections.abc import Callable
from typing import Any

from deployed.served import RecordingError
from deployed.served import read as read_served
from deployed.serves import as_data, smallest
from deployed.serves import ends as end_of_clients
from model import identifiers
from model.conversation import STAGES
from model.documents import DocumentError, JsonObject, from_json


def served(url: str, documents: str) -> dict[str, Any]:
    """Which deployed clients get along with metadata, by which rule others refuse it, and what would let them in.

    ``documents``: JSON with the ``resource`` metadata and that of its ``server``, as texts; ``url``: where clients are
    sent, by default what the first is about. It is not asked what nobody measured, which takes long.

    Raises:
        RecordingError: a document that cannot be used.
    """
    texts = json.loads(documents)
    resource, server = (_document(texts[name], said) for name, said in _DOCUMENTS.items())
    at = url or str(resource.get("resource", ""))
    listed = resource.get("authorization_servers")
    issuer = str(listed[0] if isinstance(listed, list) and listed else server.get("issuer", ""))
    place = _known_at(identifiers.well_known_protected_resource, at)
    recording: dict[str, Any] = {at: {"www-authenticate": f'Bearer resource_metadata="{place}"'}}
    recording |= {place: resource} if resource else {}
    recording |= {_known_at(identifiers.well_known_authorization_server, issuer): server} if server else {}
    front = read_served([recording], at)
    found = end_of_clients(front)
    told_of = as_data(front, found, *smallest(front, found), {})
    return told_of | {"stages": STAGES}


_DOCUMENTS = {"resource": "the resource metadata", "server": "the metadata of the authorization server"}


def _known_at(place: Callable[[str], str], url: str) -> str:
    """Where the metadata of a URL is looked for."""
    try:
        return place(url)
    except identifiers.MalformedURLError:
        raise RecordingError(f"{url!r} is not a URL with a host; allowed: https://HOST/PATH") from None


def _document(text_: str, called: str) -> JsonObject:
    """What somebody has pasted; nothing where that is blank."""
    try:
        found = from_json(text_) if text_.strip() else {}
    except DocumentError as error:
        raise RecordingError(f"{called}: {error}") from None
    if not isinstance(found, dict):
        raise RecordingError(f"{called}: not a JSON object")
    return found
