"""What servers serve, as somebody has written it down or as they answer now: a scenario for any client.

A recording is a JSON object of what is at each URL, an HTTP Archive, or a folder of documents as ``wget -x`` saves them
(below the name of their host). Metadata alone stands where its ``resource`` or ``issuer`` says. Servers that are asked
now are those that the user names, and no others. What nobody has recorded is not known, and is not taken for absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, parse_qsl, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from model import identifiers, scenario
from model.documents import DocumentError, Json, JsonObject, challenge_of, from_json, shortly
from model.errors import InputError
from model.scenario import Fetched, Scenario
from model.schemas import is_url

#: What a URL may be said to answer beside a document: its members in a recording.
ANSWER = ("status", "location", "www-authenticate", "body", "excerpt")
#: So an excerpt says that a document lacks a field; what it says nothing of is as honest servers have it.
ABSENT = "absent"
#: How many seconds a server may take, and how many bytes of its answer are read.
PATIENCE, MOST = 10.0, 1_000_000
_CALL = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "openworld", "version": "0"},
    },
}


class RecordingError(InputError):
    """A recording that cannot be used; the message names the culprit and what is allowed."""


class NotRecordedError(Exception):
    """A client asks for something of which nobody has said what is there."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


@dataclass(frozen=True, slots=True)
class Heard:
    """What a URL answers.

    Attributes:
        status: of the response; 0 where the server takes no connection.
        location: where it redirects.
        challenge: its WWW-Authenticate header.
        body: its JSON object, or nothing where it is none.
    """

    status: int = 200
    location: str = ""
    challenge: str = ""
    body: JsonObject = field(default_factory=dict)

    @property
    def returned(self) -> dict[str, str]:
        """What a redirect brings back: the parameters of an authorization response, mostly."""
        return dict(parse_qsl(urlsplit(self.location).query))

    @property
    def refuses(self) -> bool:
        """Whether it is an error, or sends one back."""
        return self.status >= 400 or "error" in self.returned


class Recorded(Mapping[str, Fetched]):
    """What is found at each URL: as recorded, as ``ask`` says of origins that may be asked, else not known.

    On an origin of which anything is recorded, what is not recorded is taken for absent (``assumed`` names it).
    """

    def __init__(self, answers: Mapping[str, Heard], ask: Callable[[str], Heard] | None, may: Iterable[str]) -> None:
        self.answers = {_plain(at): found for at, found in answers.items()}
        self.assumed: dict[str, None] = {}
        self._ask, self._may = ask, frozenset(may)
        self._origins = frozenset(map(identifiers.origin, answers))

    def __getitem__(self, url: str) -> Fetched:
        url = _plain(url)
        if url not in self.answers:
            origin = identifiers.origin(url)
            if self._ask is not None and origin in self._may:
                self.answers[url] = self._ask(url)
            elif origin in self._origins:
                self.assumed[url] = None
                return Fetched()
            else:
                raise NotRecordedError(url)
        found = self.answers[url]
        return Fetched(found.status, found.location, found.body)

    def but(self, answers: Mapping[str, Heard]) -> Recorded:
        """The same with other answers."""
        return Recorded(answers, self._ask, self._may)

    def __iter__(self) -> Iterator[str]:
        return iter(self.answers)

    def __len__(self) -> int:
        return len(self.answers)


def _plain(url: str) -> str:
    """A URL without the port that it would have anyway."""
    parts = urlsplit(url)
    return f"{identifiers.origin(url)}{url[len(parts.scheme) + len('://') + len(parts.netloc) :]}"


# --- reading recordings ----------------------------------------------------------------------------------------


def read(sources: Iterable[str | JsonObject], url: str = "") -> Front:
    """What clients meet at ``url``: the one that answers 401, or that resource metadata names, if none is given.

    ``sources``: URLs to ask now, recordings (``.json`` or ``.har``, or what such a file says), folders of documents.

    Raises:
        RecordingError: a source that cannot be used, or that leaves open where clients are sent.
    """
    named = list(sources)
    asked = [_checked(each) for each in named if isinstance(each, str) and "://" in each]
    answers: dict[str, Heard] = {}
    for each in named:
        if each not in asked:
            found = _file(Path(each)) if isinstance(each, str) else _recording("the recording", each)
            answers.update({_checked(place): heard for place, heard in found.items()})
    at = _checked(url) if url else next((each for each, found in answers.items() if found.status == 401), "")
    resources = (found.body.get("resource") for found in answers.values())
    at = at or next((one for one in resources if isinstance(one, str)), "")
    at = at or next(iter(asked), "")
    if not at:
        raise RecordingError(
            "no URL to send clients to: none answers 401 and no document has `resource`; name it by --url"
        )
    if at in asked:
        answers[at] = called(at)
    recorded = Recorded(answers, cache(fetched) if asked else None, map(identifiers.origin, asked))
    answered = answers.get(at, Heard(401))
    return Front(at, challenge_of(answered.challenge), recorded)


def _checked(url: str) -> str:
    """A URL that has an origin, or a line that says what it has to be."""
    try:
        origin = identifiers.origin(url)
    except ValueError:  # of which what the model's parser raises is a kind
        origin = ""
    if not origin.startswith(("http://", "https://")):
        raise RecordingError(f"{url!r} is not a URL with a host; allowed: https://HOST/PATH, http://HOST/PATH")
    return url


def _file(path: Path) -> dict[str, Heard]:
    if not path.exists():
        raise RecordingError(f"{path}: neither a URL (https://...) nor a file or folder")
    if path.is_dir():  # documents below the name of a host, and recordings beside
        inside = [each for each in sorted(path.rglob("*")) if each.is_file()]
        below = [each for each in inside if each.parent != path]
        found = {at: heard for each in inside if each.parent == path for at, heard in _file(each).items()}
        return {**found, **{_url(each.relative_to(path)): Heard(body=_object(each)) for each in below}}
    content = _object(path)
    if path.suffix == ".har" or "log" in content:
        return dict(_of_archive(path, content))
    return _recording(str(path), content)


def _recording(path: str, content: JsonObject) -> dict[str, Heard]:
    resource, issuer = content.get("resource"), content.get("issuer")
    if isinstance(resource, str):
        place = identifiers.well_known_protected_resource(_checked(resource))
        return {resource: Heard(401, challenge=f'Bearer resource_metadata="{place}"'), place: Heard(body=content)}
    if isinstance(issuer, str):
        return {identifiers.well_known_authorization_server(_checked(issuer)): Heard(body=content)}
    return {at: _answer(path, at, said) for at, said in content.items()}


def _url(name: Path) -> str:
    scheme = "http" if name.parts[0].partition(":")[0] in ("localhost", "127.0.0.1") else "https"
    return f"{scheme}://{name.as_posix()}"


def _object(path: Path) -> JsonObject:
    try:
        content = from_json(path.read_bytes())
    except (OSError, DocumentError) as error:
        raise RecordingError(f"{path}: {error}") from None
    if not isinstance(content, Mapping):
        raise RecordingError(f"{path}: not a JSON object")
    return content


def _answer(path: str, at: str, said: Json) -> Heard:
    if not at.startswith(("http://", "https://")) or not isinstance(said, Mapping):
        raise RecordingError(
            f"{path}: {shortly(at)} is not a URL with a JSON object; allowed: URLs, each with its document or "
            f"with {', '.join(ANSWER)}"
        )
    if not said or said.keys() - {*ANSWER}:
        return Heard(body=said)
    body, status = (
        _whole(path, at, said["excerpt"]) if "excerpt" in said else said.get("body", {}),
        said.get("status", 200),
    )
    if not isinstance(body, Mapping) or not isinstance(status, int):
        raise RecordingError(f"{path}: {at}: `status` is a number and `body` a JSON object")
    location, challenge = str(said.get("location", "")), str(said.get("www-authenticate", ""))
    return Heard(401 if challenge and "status" not in said else status, location, challenge, body)


def _whole(path: str, at: str, excerpt: Json) -> JsonObject:
    """A document of which somebody quotes a part: at its well-known location honest servers have the rest."""
    before, mark, name = at.partition("/.well-known/")
    kind, _, after = name.partition("/")
    owner = before + (f"/{after}" if after else "")
    if not mark or not isinstance(excerpt, Mapping):
        raise RecordingError(f"{path}: {at}: `excerpt` is a part of a document at a well-known location")
    world = honest(owner, identifiers.origin(owner) if kind == "oauth-protected-resource" else owner)
    places = identifiers.well_known_protected_resource(owner), identifiers.well_known_authorization_server(owner)
    rest = world.documents[places[kind != "oauth-protected-resource"]].body
    rest = {field: _unguessed(value) if field.endswith("_endpoint") else value for field, value in rest.items()}
    return {field: value for field, value in {**rest, **excerpt}.items() if value != ABSENT}


def _unguessed(endpoint: str) -> str:
    """An endpoint that is quoted nowhere, at a place that no client takes it for without the document."""
    origin = identifiers.origin(endpoint)
    return f"{origin}/oauth2{endpoint.removeprefix(origin)}"


def _of_archive(path: Path, content: JsonObject) -> Iterator[tuple[str, Heard]]:
    """The answers of an HTTP Archive; of several at one URL the first counts, for clients begin there.

    What browsers ask beforehand (OPTIONS, for CORS) no client of a server sends.
    """
    try:
        asked = [(one["request"], one["response"]) for one in content["log"]["entries"]]
        seen = [(of["url"].partition("#")[0], said) for of, said in asked if of.get("method") != "OPTIONS"]
        found = [
            _heard(
                at,
                int(said["status"]),
                {each["name"].lower(): each["value"] for each in said["headers"]},
                said.get("content", {}).get("text", ""),
            )
            for at, said in seen
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        form = "`log.entries`, each with `request` and `response`"
        raise RecordingError(f"{path}: not an HTTP Archive ({form})") from None
    known = set[str]()
    for (at, _), heard in zip(seen, found, strict=True):
        if at not in known:
            known.add(at)
            yield at, heard


def _json(text: str | bytes) -> JsonObject:
    try:
        content = from_json(text)
    except DocumentError:
        return {}
    return content if isinstance(content, Mapping) else {}


# --- asking now --------------------------------------------------------------------------------------------------


class _Stay(HTTPRedirectHandler):
    """Redirects are answers: whether a client follows them is its own."""

    def redirect_request(self, *_: object) -> None:
        return None


def fetched(url: str, call: JsonObject | None = None) -> Heard:
    """What a server answers now to a GET, or to a call of MCP's (a POST with this JSON)."""
    headers = {"Accept": "application/json, text/event-stream"}
    data = None if call is None else json.dumps(call).encode()
    asked = Request(url, data, headers if data is None else {**headers, "Content-Type": "application/json"})
    try:
        with build_opener(_Stay).open(asked, timeout=PATIENCE) as answer:
            return _heard(url, answer.status, {n.lower(): v for n, v in answer.headers.items()}, answer.read(MOST))
    except HTTPError as error:
        return _heard(url, error.code, {n.lower(): v for n, v in error.headers.items()}, error.read(MOST))
    except (URLError, OSError, HTTPException):
        return Heard(0)


def _heard(url: str, status: int, headers: Mapping[str, str], body: bytes | str) -> Heard:
    return Heard(
        status,
        urljoin(url, headers["location"]) if "location" in headers else "",
        headers.get("www-authenticate", ""),
        _json(body),
    )


def called(url: str) -> Heard:
    """What a resource server answers to a GET without a token, or if that is no 401, to a call of MCP's."""
    first = fetched(url)
    return first if first.status == 401 else fetched(url, _CALL)


# --- the scenario ------------------------------------------------------------------------------------------------


def honest(url: str, issuer: str) -> Scenario:
    """The honest world of the catalogue, with a resource at this URL and an AS that is this issuer."""
    metadata, found = (
        identifiers.well_known_protected_resource(url),
        identifiers.well_known_authorization_server(issuer),
    )
    main = {"at": [metadata], "body": {"resource": url}}
    told = {"about": "what honest parties serve", "url": url, "challenge": {"resource_metadata": metadata}}
    servers = {"as1": {"at": [found]}}
    at = {"rs": identifiers.origin(url), **dict.fromkeys(("as1", "as2", "evil"), issuer)}
    return scenario.assemble("honest", {**told, "documents": {"main": main}, "servers": servers}, at)


@dataclass(frozen=True, slots=True)
class Front:
    """What is served to clients that are sent to a URL: the challenge there, and what is found at other URLs."""

    url: str
    challenge: Mapping[str, str]
    recorded: Recorded

    @property
    def scenario(self) -> Scenario:
        """The scenario that it is. What no document says (tokens, mostly) is as honest parties have it.

        An endpoint that metadata names answers, unless it is recorded that it refuses, and any that is recorded to
        answer does. An authorization endpoint that is recorded to refuse a request refuses those that carry the same of
        ``resource`` and ``scope``. An AS sends iss where its metadata says so, or as it is recorded. The endpoints that
        one document names are of one AS.
        """
        answers = self.recorded.answers
        documents = [found.body for found in answers.values() if isinstance(found.body.get("issuer"), str)]
        named = [(str(value), body) for body in documents for name, value in body.items() if name.endswith("_endpoint")]
        promised = [body for body in documents if body.get("authorization_response_iss_parameter_supported")]
        pairs = ((str(body.get("authorization_endpoint")), body["issuer"]) for body in promised)
        at = {identifiers.origin(endpoint): issuer for endpoint, issuer in pairs if is_url(endpoint)}
        sent = {
            identifiers.origin(each): found.returned.get("iss", "")
            for each, found in answers.items()
            if "code" in found.returned
        }
        taken = {at for at, _ in named if not answers.get(at, Heard()).refuses}
        taken |= {at for at, found in answers.items() if found.status and not found.refuses}
        requests = [(parse_qs(urlsplit(at).query), found) for at, found in answers.items()]
        refused = [
            asked.keys() & {"resource", "scope"} for asked, found in requests if "client_id" in asked and found.refuses
        ]
        tokens = [answers[each].body for each, _ in named if "access_token" in answers.get(each, Heard()).body]
        response = {"error": "invalid_request", "refuses": sorted(refused[0])} if refused else {}
        base = honest(self.url, identifiers.origin(self.url))
        return replace(
            base,
            name="served",
            about="what is served",
            origins={},
            known_servers=(),
            challenge=self.challenge,
            documents=self.recorded,
            endpoints=frozenset(each.partition("?")[0] for each in taken),
            down=frozenset(identifiers.origin(each) for each, found in answers.items() if not found.status),
            iss={origin: iss for origin, iss in {**at, **sent}.items() if iss},
            authorization_response={**base.authorization_response, **response},
            token_response=tokens[0] if tokens else base.token_response,
            owners={identifiers.origin(each): body["issuer"] for each, body in named if is_url(each)},
        )

    def but(self, changes: Iterable[Change]) -> Front:
        """The same with changes made."""
        challenge, answers = dict(self.challenge), dict(self.recorded.answers)
        for change in changes:
            if change.url == self.url:
                challenge[change.name] = change.value
            elif change.name:
                answers[change.url] = replace(
                    answers[change.url], body={**answers[change.url].body, change.name: change.value}
                )
            else:
                answers[change.url] = Heard(body=change.value)
        return replace(self, challenge=challenge, recorded=self.recorded.but(answers))


class Change(NamedTuple):
    """Another value of a field of a document (or of the challenge, at the URL of the resource), or another document."""

    url: str
    name: str
    value: Json
