"""Identifiers are URLs; here is every way specifications and deployed clients compare them.

An equality takes two identifiers of one kind. A prefix comparator takes ``(resource, url)`` and
answers: does a metadata document for `resource` cover a request to `url`? Only absolute URIs in the
syntax of RFC 3986 are identifiers. Anything else compares false, except as a bare string.

Drafts: rfc9728bis is draft-mcguinness-oauth-rfc9728bis-01, RTR draft-mcguinness-oauth-resource-
token-resp-03, CIMD draft-ietf-oauth-client-id-metadata-document-03.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from ipaddress import IPv6Address
from typing import ParamSpec
from urllib.parse import unquote, urlparse, urlsplit

Comparator = Callable[[str, str], bool]
_P = ParamSpec("_P")

# The special schemes of the URL standard: the only ones here with a default port.
_DEFAULT_PORT = {"ftp": 21, "http": 80, "https": 443, "ws": 80, "wss": 443}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_DOT_SEGMENT = re.compile(r"(?<=/)(?:\.|%2e){1,2}(?=/|\Z)", re.IGNORECASE)

# Not urllib.parse.urlsplit: it drops line breaks and takes an empty component for an absent one.
_CHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})"
_URI = re.compile(
    rf"""(?P<scheme> [A-Za-z][A-Za-z0-9+.\-]* ) :
    (?: // (?: (?P<userinfo> (?: {_CHAR} | : )* ) @ )?
           (?P<host> \[ [0-9A-Fa-f:.]+ \] | {_CHAR}* )
           (?: : (?P<port> [0-9]{{0,5}} ) )?  (?= [/?#] | \Z )
      | (?! // ) )
    (?P<path> (?: {_CHAR} | [:@/] )* )
    (?: \? (?P<query> (?: {_CHAR} | [:@/?] )* ) )?
    (?: \# (?P<fragment> (?: {_CHAR} | [:@/?] )* ) )?""",
    re.VERBOSE,
)


class MalformedURLError(ValueError):
    """The text is not a URL, or not of the kind asked for."""


@dataclass(frozen=True, slots=True)
class _URL:
    """A URI in its components: None is an absent one, "" one that is present and empty."""

    scheme: str
    userinfo: str | None
    host: str | None
    port: str | None
    path: str
    query: str | None
    fragment: str | None


@lru_cache(maxsize=4096)
def _parse(text: str) -> _URL:
    match = _URI.fullmatch(text)
    if match is None or int(match["port"] or 0) > 65535:
        raise MalformedURLError(f"not an absolute URI: {text!r}")
    url = _URL(**match.groupdict())
    if url.scheme.lower() in _DEFAULT_PORT and not url.host:
        raise MalformedURLError(f"no host in {text!r}")
    if url.host is not None and url.host.startswith("["):
        try:
            IPv6Address(url.host[1:-1])
        except ValueError:
            raise MalformedURLError(f"not an IPv6 address: {url.host} in {text!r}") from None
    return url


def _false_when_malformed(predicate: Callable[_P, bool]) -> Callable[_P, bool]:
    """A comparison that malformed identifiers fail; the identifiers of a world are compared over and over."""

    @lru_cache(maxsize=65536)
    @wraps(predicate)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> bool:
        try:
            return predicate(*args, **kwargs)
        except MalformedURLError:
            return False

    return guarded  # type: ignore[return-value]  # the cache takes what the predicate takes


# Equality of strings


def equal_code_points(left: str, right: str) -> bool:
    """Two values are equal when, JSON escapes undone, they are the same Unicode code points.

    Source: RFC 9728 6, RFC 8414 4. Undoing escapes is the JSON parser's work, and only once.
    """
    return left == right


def equal_simple_string(left: str, right: str) -> bool:
    """Two identifiers are equal when they are the same characters, nothing normalised.

    Source: RFC 3986 6.2.1, by way of RFC 9207 2.4, CIMD 3 and RFC 9700 2.1.
    """
    return left == right


# Equality after normalisation


def _decode_unreserved(text: str) -> str:
    def spell(escape: re.Match[str]) -> str:
        char = chr(int(escape[1], 16))
        return char if _UNRESERVED.fullmatch(char) else escape[0].upper()

    return _ESCAPE.sub(spell, text)


def _remove_dot_segments(path: str) -> str:
    if not path.startswith("/"):
        return path
    segments = path.split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            kept = kept[:-1] or [""]
        elif segment != ".":
            kept.append(segment)
    return "/".join([*kept, ""] if segments[-1] in (".", "..") else kept)


def _normalized_path(path: str) -> str:
    # Decoding comes first, or "/%2e%2e" would become a dot segment that nobody removes.
    return _remove_dot_segments(_decode_unreserved(path))


@lru_cache(maxsize=4096)
def _normalized(text: str) -> _URL:
    """The URL after the syntax-based normalisation of RFC 3986 6.2.2."""

    def decoded(component: str | None) -> str | None:
        return None if component is None else _decode_unreserved(component)

    url = _parse(text)
    host = decoded(url.host)
    return replace(
        url,
        scheme=url.scheme.lower(),
        userinfo=decoded(url.userinfo),
        host=host and _decode_unreserved(host.lower()),  # lower() reaches into the escapes, too
        path=_normalized_path(url.path),
        query=decoded(url.query),
        fragment=decoded(url.fragment),
    )


@_false_when_malformed
def equal_normalized(left: str, right: str) -> bool:
    """Two identifiers are equal when syntax normalisation alone makes them the same.

    Source: RTR 3.1 (RFC 3986 6.2.2, not 6.2.3: a default port or an empty path stays distinct).
    """
    return _normalized(left) == _normalized(right)


@_false_when_malformed
def equal_htu(left: str, right: str) -> bool:
    """A proof names the request's URL, both normalised and without query and fragment.

    Source: RFC 9449 4.3 (RFC 3986 6.2.2 and 6.2.3).
    """

    def target(text: str) -> tuple[str, str | None, str]:
        url = _normalized(text)
        return origin(text), url.userinfo, url.path or "/"

    return target(left) == target(right)


@lru_cache(maxsize=4096)
def origin(url: str) -> str:
    """Scheme, host and port in lower case, without the port where it is the scheme's default.

    Source: RFC 9110 4.3.1, RFC 6454 6.2.

    >>> origin("HTTPS://Api.Example:443/v1?tenant=a")
    'https://api.example'
    """
    parsed = _normalized(url)
    if not parsed.host:
        raise MalformedURLError(f"no host, so no origin: {url!r}")
    default = _DEFAULT_PORT.get(parsed.scheme)
    port = int(parsed.port) if parsed.port else default
    return f"{parsed.scheme}://{parsed.host}" + ("" if port == default else f":{port}")


@_false_when_malformed
def same_origin(left: str, right: str) -> bool:
    """Two URLs share an origin when scheme, host and port agree, default ports filled in.

    Source: RFC 9110 4.3.1.
    """
    return origin(left) == origin(right)


# Equality as deployed


@lru_cache(maxsize=4096)
def href(url: str) -> str:
    """The URL as the URL standard writes it: no default port, no dot segments, no empty path.

    Source: WHATWG URL 4.5, except that numeric hosts and escapes keep their spelling.

    >>> href("HTTPS://Api.Example:443/x/../mcp#top")
    'https://api.example/mcp#top'
    """
    parsed = _parse(url)
    site = origin(url)
    if parsed.userinfo is not None:
        site = site.replace("://", f"://{parsed.userinfo}@", 1)
    query, fragment = (
        "" if part is None else f"{mark}{part}" for mark, part in (("?", parsed.query), ("#", parsed.fragment))
    )
    return f"{site}{_standard_path(parsed) or '/'}{query}{fragment}"


def _standard_path(url: _URL) -> str:
    return _remove_dot_segments(_DOT_SEGMENT.sub(lambda dots: _decode_unreserved(dots[0]), url.path))


@_false_when_malformed
def equal_href(left: str, right: str) -> bool:
    """Two identifiers are equal when parsing them and writing them again makes them the same.

    Source: npm oauth4webapi 3.8.8, which compares the `href` of both.
    """
    return href(left) == href(right)


@_false_when_malformed
def equal_but_query(left: str, right: str) -> bool:
    """Two identifiers are equal when origin and path are; query, fragment and userinfo do not count.

    Source: npm @google/gemini-cli-core 0.61.0, isEquivalentResourceIdentifier.
    """
    return site_and_path(left) == site_and_path(right)


def site_and_path(url: str) -> str:
    """Origin and path of a URL, as the URL standard writes them."""
    return f"{origin(url)}{_standard_path(_parse(url)) or '/'}"


def equal_but_slash(left: str, right: str) -> bool:
    """Two identifiers are equal when they are the same characters but for one final slash.

    Source: npm @ai-sdk/mcp 2.0.99, PyPI mcp 1.30.0 and others (not RFC 8414 3.3).
    """
    return left.removesuffix("/") == right.removesuffix("/")


@_false_when_malformed
def is_origin_of(resource: str, url: str) -> bool:
    """The resource is the bare origin of the URL.

    Source: npm @atproto/oauth-client 0.8.7, whose resources are origins.
    """
    return resource == origin(url)


# Prefixes as rfc9728bis words them, and as its words can be read


def _begins_with_segments(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(_slashed(prefix))


def _slashed(path: str) -> str:
    return path if path.endswith("/") else f"{path}/"


def _decode_all(path: str) -> str:
    # Bytes that are not UTF-8 stay apart instead of all becoming one replacement character.
    return unquote(path, errors="surrogateescape")


def _covers(resource: str, url: str, form: Callable[[str], str], begins: Comparator = _begins_with_segments) -> bool:
    # The four conditions of 4.2 forget the request's scheme; "the same TLS origin" does not.
    https = _parse(resource).scheme.lower() == "https"
    if origin(resource) != origin(url) or not https:
        return False
    return begins(form(_parse(url).path or "/"), form(_parse(resource).path or "/"))


@_false_when_malformed
def prefix_segment(resource: str, url: str) -> bool:
    """The resource covers the URLs of its https origin whose path begins with its segments.

    Source: rfc9728bis 4.2 and 4.3, read strictly: normalising decodes unreserved characters only.
    """
    return _covers(resource, url, _normalized_path)


@_false_when_malformed
def drops_one_segment(resource: str, url: str) -> bool:
    """The path of the resource leaves out at most one segment of that of the URL.

    Source: none; a cap that might be put on rfc9728bis 4.2.
    """
    left, kept = (
        len([part for part in _normalized_path(_parse(at).path or "/").split("/") if part]) for at in (url, resource)
    )
    return left - kept <= 1


@_false_when_malformed
def prefix_normalize_then_decode(resource: str, url: str) -> bool:
    """As `prefix_segment`, with every escape left by normalisation decoded before comparing.

    Source: rfc9728bis 4.3, its two sentences in the order in which they are written.
    """
    return _covers(resource, url, lambda path: _decode_all(_normalized_path(path)))


@_false_when_malformed
def prefix_decode_then_normalize(resource: str, url: str) -> bool:
    """As `prefix_segment`, with every escape decoded first and dot segments removed after.

    Source: rfc9728bis 4.3, its two sentences in the opposite order.
    """
    # Nothing but dot segments is left to normalise: no string is decoded twice (RFC 3986 2.4).
    return _covers(resource, url, lambda path: _remove_dot_segments(_decode_all(path)))


@_false_when_malformed
def prefix_decode_only(resource: str, url: str) -> bool:
    """As `prefix_segment`, with every escape decoded and dot segments left where they are.

    Source: rfc9728bis 4.3, its second sentence without the first.
    """
    return _covers(resource, url, _decode_all)


@_false_when_malformed
def prefix_string(resource: str, url: str) -> bool:
    """As `prefix_segment`, with any leading characters of the path enough: the trap.

    Source: rfc9728bis 4.3, which forbids it ("/api/v1" must not match "/api/v10").
    """
    return _covers(resource, url, _normalized_path, str.startswith)


# Prefixes as deployed


@_false_when_malformed
def prefix_sdk_typescript(resource: str, url: str) -> bool:
    """The resource covers the URLs of its origin whose path is no shorter and begins with its own.

    Source: npm @modelcontextprotocol/sdk 1.32.2, checkResourceAllowed. URLs are parsed as by the
    URL standard, except that numeric hosts keep their spelling.
    """

    def parsed(text: str) -> tuple[str, str]:
        path = _standard_path(_parse(text))
        if _parse(text).scheme.lower() in _DEFAULT_PORT:
            return origin(text), path or "/"
        # Origins outside the special schemes are opaque, and all opaque origins read "null".
        return "null", path

    (own, prefix), (asked, path) = parsed(resource), parsed(url)
    fits = len(path) >= len(prefix) and _slashed(path).startswith(_slashed(prefix))
    return own == asked and fits


@_false_when_malformed
def prefix_sdk_python(resource: str, url: str) -> bool:
    """The resource covers the URLs with its scheme and authority whose path begins with its own.

    Source: PyPI mcp 2.3.0, check_resource_allowed. Both paths get a final slash; nothing but case
    is normalised. (The SDK's metadata class has resolved the resource's own dot segments before.)
    """
    for text in (resource, url):
        _parse(text)  # for its refusal of malformed text; urlparse has none
    # urlparse because the SDK uses it: it takes ";parameters" off the last segment.
    own, asked = urlparse(resource), urlparse(url)
    same_site = (own.scheme, own.netloc.lower()) == (asked.scheme, asked.netloc.lower())
    return same_site and _slashed(asked.path).startswith(_slashed(own.path))


@_false_when_malformed
def prefix_sdk_python_before_1_28(resource: str, url: str) -> bool:
    """As `prefix_sdk_python`, if the path of the URL is no shorter.

    Source: PyPI mcp 1.12.4, check_resource_allowed; since 1.28.1 at the latest the length does not count.
    """
    no_shorter = len(urlparse(url).path) >= len(urlparse(resource).path)
    return no_shorter and prefix_sdk_python(resource, url)


# Kinds of identifier, and where their metadata lives


@_false_when_malformed
def is_resource_identifier(url: str) -> bool:
    """A resource identifier is an https URL without a fragment; a query is legal.

    Source: RFC 9728 1.2.
    """
    parsed = _parse(url)
    return parsed.scheme.lower() == "https" and parsed.fragment is None


def well_known_protected_resource(resource: str) -> str:
    """Metadata of a resource: the well-known path inserted between its host and its path.

    Source: RFC 9728 3.1. Only a slash directly after the host goes, not one that ends a path.

    >>> well_known_protected_resource("https://api.example/mcp/?tenant=a")
    'https://api.example/.well-known/oauth-protected-resource/mcp/?tenant=a'
    """
    path = _parse(resource).path
    return _well_known(resource, "oauth-protected-resource", "" if path == "/" else path)


def well_known_agent_card(url: str) -> str:
    """Return where the card of an agent is, of which a host has one (A2A protocol 1.0 8.2, 14.3).

    >>> well_known_agent_card("https://agent.example/a2a/v1")
    'https://agent.example/.well-known/agent-card.json'
    """
    return f"{origin(url)}/.well-known/agent-card.json"


def well_known_authorization_server(issuer: str) -> str:
    """Metadata of an issuer: the well-known path inserted before its path, a final slash dropped.

    Source: RFC 8414 3.1.

    >>> well_known_authorization_server("https://as.example/tenant/")
    'https://as.example/.well-known/oauth-authorization-server/tenant'
    """
    if _parse(issuer).query is not None:
        raise MalformedURLError(f"an issuer has no query: {issuer!r}")
    return _well_known(issuer, "oauth-authorization-server", _parse(issuer).path.removesuffix("/"))


def _well_known(text: str, name: str, path: str) -> str:
    url = _parse(text)
    # http is let through: https is a rule about identifiers, not about where their metadata lives.
    if url.scheme.lower() not in ("http", "https") or url.fragment is not None:
        raise MalformedURLError(f"not an http or https URL without fragment: {text!r}")
    site, query = urlsplit(text)[:2], "" if url.query is None else f"?{url.query}"
    return f"{'://'.join(site)}/.well-known/{name}{path}{query}"
