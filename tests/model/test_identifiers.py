"""How identifiers are compared: tables of cases, laws, and the comparators that break them."""

import doctest
import json
import re
from itertools import pairwise, product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model import identifiers
from model.identifiers import (
    Comparator,
    equal_but_query,
    equal_but_slash,
    equal_code_points,
    equal_href,
    equal_htu,
    equal_normalized,
    equal_simple_string,
    href,
    is_origin_of,
    is_resource_identifier,
    origin,
    prefix_decode_only,
    prefix_decode_then_normalize,
    prefix_normalize_then_decode,
    prefix_sdk_python,
    prefix_sdk_python_before_1_28,
    prefix_sdk_typescript,
    prefix_segment,
    prefix_string,
    same_origin,
    well_known_authorization_server,
    well_known_protected_resource,
)

STRINGS: list[Comparator] = [equal_code_points, equal_simple_string, equal_but_slash]
EQUALITIES: list[Comparator] = [equal_code_points, equal_simple_string, equal_normalized, equal_htu, same_origin]
DEPLOYED_EQUALITIES: list[Comparator] = [equal_but_slash, equal_href, equal_but_query]
DECODE_ALL: list[Comparator] = [prefix_normalize_then_decode, prefix_decode_then_normalize, prefix_decode_only]
DRAFT: list[Comparator] = [prefix_segment, *DECODE_ALL, prefix_string]
DEPLOYED: list[Comparator] = [prefix_sdk_python, prefix_sdk_typescript]
PREFIXES: list[Comparator] = [*DRAFT, *DEPLOYED]
EVERY: list[Comparator] = [*EQUALITIES, *DEPLOYED_EQUALITIES, *PREFIXES]
PARSING: list[Comparator] = [comparator for comparator in EVERY if comparator not in STRINGS]

MALFORMED = [
    "",
    "/a",
    "h/a",
    "//h/a",
    "https://",
    "https:///a",
    "https:/a",
    "https://@/a",
    "https://h:port/a",
    "https://h:99999/a",
    "https://a@b@h/a",
    "https://[::1/a",
    "https://[1::2::3]/a",
    "https://h/a b",
    "https://h/a\n",
    " https://h/a",
    "https://h/%zz",
    "https://h/a\\..\\b",
    "https://h/\u00e9",
    "https://h/a#b#c",
]


def each(comparators: list[Comparator]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("comparator", comparators, ids=lambda c: c.__name__)


def at(text: str) -> str:
    return f"https://h{text}" if text.startswith("/") else text


def accepting(resource: str, url: str, among: list[Comparator] = PREFIXES) -> set[Comparator]:
    return {comparator for comparator in among if comparator(at(resource), at(url))}


SEGMENTS = ["a", "ab", "b", "", ".", "..", "%2e", ".%2E", "%2f", "a%2Fb", "..%2fb", "%61", "%252e"]


def urls(schemes: tuple[str, ...] = ("https", "HTTPS")) -> st.SearchStrategy[str]:
    paths = st.lists(st.sampled_from([*SEGMENTS, "a;x"]), max_size=4)
    return st.builds(
        "{}://{}{}{}{}{}".format,
        st.sampled_from(schemes),
        st.sampled_from(["", "", "u@"]),
        st.sampled_from(["h", "h", "H", "other", "[::1]"]),
        st.sampled_from(["", "", ":", ":443", ":80", ":8443"]),
        paths.map(lambda segments: "".join(f"/{segment}" for segment in segments)),
        st.sampled_from(["", "", "?", "?t=1", "?t=2", "#f"]),
    )


# Drawn from few URLs, so that many of them are related.
RELATED = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["https://h", "https://H:443", "https://u@h", "http://h", "https://other"]),
        st.sampled_from(["", "/", "/a", "/a/", "/a/b", "/%61/b", "/a%2Fb", "/a/../a", "/ab", "/a;x"]),
        st.sampled_from(["", "", "?t=1"]),
    ),
    min_size=3,
    max_size=8,
)


# The acceptance table: R, u and who says that a document for R covers u

TABLE_COLUMNS = [
    prefix_normalize_then_decode,
    prefix_decode_then_normalize,
    prefix_decode_only,
    prefix_segment,
    prefix_sdk_python,
    prefix_sdk_typescript,
]
# "Normalise" is all of RFC 3986 6.2.2, which decodes "%2e" before it removes dot segments. Removing
# dot segments alone and then decoding would give the first column the other answer in * rows.
TABLE = [
    ("/api/v1", "/api%2Fv1", "yes yes yes no  no  no"),
    ("/a", "/a/..%2fb", "yes no  yes yes yes yes"),
    ("/a", "/b/%2e%2e/a/x", "yes yes no  yes no  yes"),  # *
    ("/a", "/b/../a/x", "yes yes no  yes no  yes"),
    ("/a", "/a/%2e%2e/b", "no  no  yes no  yes no"),  # *
    ("/a/", "/a", "no  no  no  no  yes no"),
    ("https://h:443/a", "https://h/a/x", "yes yes yes yes no  yes"),
    ("https://u@h/a", "https://h/a", "yes yes yes yes no  yes"),
    ("/a?t=1", "/a/x?t=2", "yes yes yes yes yes yes"),
    ("/a", "/%61/x", "yes yes yes yes no  no"),
]


@pytest.mark.parametrize(("resource", "url", "answers"), TABLE)
def test_acceptance_table(resource: str, url: str, answers: str) -> None:
    """Six readings of "prefix" answer ten pairs."""
    said = ["yes" if column(at(resource), at(url)) else "no" for column in TABLE_COLUMNS]
    assert said == answers.split()


def test_acceptance_table_tells_all_readings_apart() -> None:
    """Each pair of readings is separated by a row of the table."""
    assert len(set(zip(*(answers.split() for _, _, answers in TABLE), strict=True))) == 6


# Shapes met in conformance runs: R, u, and the comparators that accept

SHAPES = {
    "R01_exact": ("/api/mcp", "/api/mcp", {equal_code_points, *PREFIXES}),
    "R02_prefix_segment": ("/api", "/api/mcp", {*PREFIXES}),
    "R03_prefix_origin_noslash": ("https://h", "/api/mcp", {*PREFIXES}),
    "R04_prefix_origin_slash": ("/", "/api/mcp", {*PREFIXES}),
    "R05_string_prefix_not_segment": ("/api", "/api-evil/mcp", {prefix_string}),
    "R06_sibling": ("/other", "/mcp", set()),
    "R07_deeper": ("/mcp/deeper", "/mcp", set()),
    "R08_cross_origin_port": ("https://h:8443/mcp", "/mcp", set()),
    "R09_cross_origin_host": ("https://localhost/mcp", "https://127.0.0.1/mcp", set()),
    "R10_scheme": ("https://h/mcp", "http://h/mcp", set()),
    "R11_slash_added": ("/mcp/", "/mcp", {prefix_sdk_python}),
    "R12_slash_removed": ("/mcp", "/mcp/", {*PREFIXES}),
    "R13_query_differs": ("/mcp?tenant=b", "/mcp?tenant=a", {*PREFIXES}),
    "R14_query_dropped": ("/mcp", "/mcp?tenant=a", {*PREFIXES}),
    "R15_fragment": ("/mcp#f", "/mcp", {*PREFIXES}),
    "R16_userinfo": ("https://u:p@h/mcp", "/mcp", {*PREFIXES} - {prefix_sdk_python}),
    "R17_case_path": ("/MCP", "/mcp", set()),
    # The Python SDK as a whole accepts R18: its metadata class resolves the dot segments first.
    "R18_dotdot_in_resource": ("/x/../mcp", "/mcp", {*PREFIXES} - {prefix_decode_only, prefix_sdk_python}),
    "R19_pct_encoded_segment": ("/api", "/api%2Fmcp", {*DECODE_ALL, prefix_string}),
    "R20_missing_resource": ("", "/mcp", set()),
    "R21_dotdot_in_rs_url": ("/api", "/api/../evil", {prefix_decode_only, prefix_sdk_python}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_deployed_metadata(shape: str) -> None:
    """Exact, draft and SDK comparators answer as clients were seen to."""
    resource, url, expected = SHAPES[shape]
    assert accepting(resource, url, [equal_code_points, *PREFIXES]) == expected


@pytest.mark.parametrize(
    ("resource", "url", "match"),
    [
        ("/", "/", True),
        ("/", "/accounts", True),
        ("/", "/api/v1/accounts", True),
        ("/api", "/api/v1/accounts", True),
        ("/api/", "/api/v1/accounts", True),
        ("/api/v1", "/api/v1/accounts", True),
        ("/api/v1", "/api/v1/", True),
        ("/api/v1/", "/api/v1/accounts", True),
        ("/api/v1", "/api/v1", True),
        ("/api/v1", "/api/v10", False),
        ("/api/v1", "/api/v1admin", False),
        ("/api/v1", "/api/v2/accounts", False),
        ("/api/v1", "/other", False),
        ("/accounts", "/transactions", False),
    ],
)
def test_table_of_rfc9728bis(resource: str, url: str, match: bool) -> None:
    """All readings but the string prefix give the draft's own table of section 4.3."""
    expected = {*PREFIXES} - {prefix_string} if match else set()
    assert accepting(resource, url) - {prefix_string} == expected


@pytest.mark.parametrize(
    ("resource", "url", "match"),
    [
        ("https://API.example.com/", "https://api.example.com/transactions", True),
        ("https://api.example.com", "https://api.example.com:443/transactions", True),
        ("https://api.example.com/", "https://evil.example.com/", False),
        ("https://api.example.com/", "https://api.example.com:8443/", False),
        ("https://shared.example.com/serviceA", "https://shared.example.com/serviceB/x", False),
        ("http://h/a", "https://h/a", False),
        ("https://h/a", "http://h:443/a", False),
    ],
)
def test_origin_conditions_of_rfc9728bis(resource: str, url: str, match: bool) -> None:
    """Scheme https on both sides, host without regard to case, port 443 when missing."""
    assert accepting(resource, url, DRAFT) == ({*DRAFT} if match else set())


# Equalities by example


@pytest.mark.parametrize(
    ("left", "right", "normalized", "htu"),
    [
        ("https://h/a", "HTTPS://H/a", True, True),
        ("https://h/~a/%C3%A9", "https://h/%7ea/%c3%a9", True, True),
        ("https://h/a/./b/../c", "https://h/a/c", True, True),
        ("https://h/%2e%2E/a", "https://h/a", True, True),
        ("https://%48/a", "https://h/a", True, True),
        ("https://h", "https://h/", False, True),
        ("https://h:443/a", "https://h/a", False, True),
        ("https://h:/a", "https://h/a", False, True),
        ("https://h/a?x=1#f", "https://h/a", False, True),
        ("https://h/a?", "https://h/a", False, True),
        ("https://h/a%2Fb", "https://h/a/b", False, False),
        ("https://h/a", "https://h/a/", False, False),
        ("https://h/a", "https://h/A", False, False),
        ("http://h:443/a", "https://h/a", False, False),
        ("urn:example:a%7e", "URN:example:a~", True, False),
    ],
)
def test_normalised_equalities(left: str, right: str, normalized: bool, htu: bool) -> None:
    """Syntax normalisation stops before default ports and empty paths; htu does not."""
    assert (equal_normalized(left, right), equal_htu(left, right)) == (normalized, htu)


def test_rfc3986_example_of_syntax_normalisation() -> None:
    """The example of RFC 3986 6.2.2 holds."""
    assert equal_normalized("eXAMPLE://a/./b/../b/%63/%7bfoo%7d", "example://a/b/c/%7Bfoo%7D")


def test_json_escapes_are_the_parsers_business() -> None:
    """Two spellings in JSON are one value; two spellings in Unicode are two."""
    plain, escaped = json.loads('["https://h/\u00e9", "https:\\/\\/h\\/\\u00e9"]')
    assert equal_code_points(plain, escaped)
    assert not equal_code_points("https://h/\u00e9", "https://h/e\u0301")


@given(st.text(), st.text())
@example("", "/")
def test_string_comparators_do_not_parse(left: str, right: str) -> None:
    """String equalities are equality of strings, but for a slash in one of them, whether these are URLs or not."""
    for comparator in STRINGS:
        shorten = (lambda text: text.removesuffix("/")) if comparator is equal_but_slash else str
        assert comparator(left, left)
        assert comparator(left, right) == (shorten(left) == shorten(right))


def literal_remove_dot_segments(path: str) -> str:
    """RFC 3986 5.2.4, step by step as written there."""
    output = ""
    while path:
        if path.startswith("/./") or path == "/.":
            path = "/" + path[3:]
        elif path.startswith("/../") or path == "/..":
            path, output = "/" + path[4:], output.rpartition("/")[0]
        else:
            segment = "/" + path[1:].partition("/")[0]
            path, output = path.removeprefix(segment), output + segment
    return output


@given(st.lists(st.sampled_from(["a", "b", "", ".", "..", "..."]), max_size=7))
def test_dot_segments_go_as_rfc3986_says(segments: list[str]) -> None:
    """Dot segments go as in the loop of RFC 3986 5.2.4, and once they are gone nothing changes."""
    path = "".join(f"/{segment}" for segment in segments)
    resolved = identifiers._remove_dot_segments(path)
    assert resolved == literal_remove_dot_segments(path)
    assert identifiers._remove_dot_segments(resolved) == resolved


@pytest.mark.parametrize(
    ("left", "right", "by_href", "but_query", "but_slash"),
    [
        ("https://h", "https://h/", True, True, True),
        ("https://h/a", "https://h/a/", False, False, True),
        ("https://h:443/a", "HTTPS://H/a", True, True, False),
        ("https://h/x/../a", "https://h/a", True, True, False),
        ("https://h/%2e%2e/a", "https://h/a", True, True, False),
        ("https://h/%61", "https://h/a", False, False, False),
        ("https://h/a?t=1", "https://h/a?t=2", False, True, False),
        ("https://h/a#x", "https://h/a", False, True, False),
        ("https://u@h/a", "https://h/a", False, True, False),
        ("https://h/a", "https://h/A", False, False, False),
        ("https://h/a", "https://h//", False, False, False),
    ],
)
def test_equalities_as_deployed(left: str, right: str, by_href: bool, but_query: bool, but_slash: bool) -> None:
    """What deployed clients take for the same, in both orders."""
    for one, other in ((left, right), (right, left)):
        assert equal_href(one, other) == by_href
        assert equal_but_query(one, other) == but_query
        assert equal_but_slash(one, other) == but_slash


def test_python_sdk_once_refused_longer_resources() -> None:
    """Before 1.28 a slash added to the resource made it too long; all else was as it is now."""
    assert not prefix_sdk_python_before_1_28("https://h/a/", "https://h/a")
    assert prefix_sdk_python("https://h/a/", "https://h/a")
    for resource, url in product(("https://h", "https://h/a", "https://h/a/b", "https://u@h/a"), repeat=2):
        assert prefix_sdk_python_before_1_28(resource, url) == prefix_sdk_python(resource, url)


def test_href_is_written_once() -> None:
    """Writing a URL as the URL standard does keeps all that tells it apart, and changes nothing the second time."""
    for text in ("https://u:p@H:8443/a/./b/..?q#f", "http://h:80", "https://h/a%2Fb"):
        assert href(href(text)) == href(text)
    assert href("https://u:p@H:8443/a/./b/..?q#f") == "https://u:p@h:8443/a/?q#f"


def test_an_origin_is_that_of_the_url() -> None:
    """A bare origin is that of every URL below it; with a slash it is another identifier."""
    assert is_origin_of("https://h", "https://h/a?q")
    assert not is_origin_of("https://h/", "https://h/a")
    assert not is_origin_of("https://h", "https://h:8443/a")
    assert not is_origin_of("https://h", "nonsense")


# Laws


@each(EVERY)
@given(url=urls())
def test_reflexive_on_https(comparator: Comparator, url: str) -> None:
    """Every https URL equals and covers itself: what exact matching accepts, all accept."""
    assert comparator(url, url)


@each(EVERY)
@given(url=urls(("http",)))
def test_reflexive_on_http_except_in_the_draft(comparator: Comparator, url: str) -> None:
    """The draft's comparators demand https and so reject even an http URL's own metadata."""
    assert comparator(url, url) == (comparator not in DRAFT)


@each(EQUALITIES)
@given(left=urls(("https", "http")), right=urls(("https", "http")))
def test_equalities_are_symmetric(comparator: Comparator, left: str, right: str) -> None:
    """Which side comes first does not matter to an equality."""
    assert comparator(left, right) == comparator(right, left)


@each(EVERY)
@settings(deadline=None)
@given(sample=RELATED)
def test_transitive(comparator: Comparator, sample: list[str]) -> None:
    """What covers a URL covers all that this URL covers; equalities chain in the same way."""
    holds = {pair for pair in product(sample, repeat=2) if comparator(*pair)}
    assert all((x, z) in holds for (x, y), (v, z) in product(holds, repeat=2) if y == v)


@each(EVERY)
@given(left=urls(("https", "http")), right=urls(("https", "http")))
def test_web_origins_are_never_crossed(comparator: Comparator, left: str, right: str) -> None:
    """Nothing that any comparator accepts lies on another http or https origin."""
    assert same_origin(left, right) or not comparator(left, right)


@given(left=urls(), right=urls())
def test_from_strict_to_loose(left: str, right: str) -> None:
    """Each comparator accepts all that its stricter neighbour does."""
    chains: list[list[Comparator]] = [
        [equal_code_points, equal_normalized, equal_htu, same_origin],
        [equal_normalized, prefix_segment, prefix_string, same_origin],
        [prefix_segment, prefix_normalize_then_decode],
        [equal_code_points, prefix_decode_only, same_origin],
    ]
    for stricter, looser in (pair for chain in chains for pair in pairwise(chain)):
        assert looser(left, right) or not stricter(left, right)


@given(left=urls(), right=urls())
def test_mutual_prefixes_are_equal_targets(left: str, right: str) -> None:
    """URLs without userinfo cover each other, strictly read, exactly when DPoP says they agree."""
    left, right = left.replace("u@", ""), right.replace("u@", "")
    mutual = prefix_segment(left, right) and prefix_segment(right, left)
    assert mutual == equal_htu(left, right)


PLAIN = st.lists(st.sampled_from(["a", "ab", "b", "a%2Fb", "v1", "v10"]), max_size=4)


@given(own=PLAIN, asked=PLAIN, slash=st.booleans())
def test_prefix_segment_never_splits_a_segment(own: list[str], asked: list[str], slash: bool) -> None:
    """The strict prefix is one of lists of segments; a final slash asks for one more segment."""
    resource = "/" + "/".join(own) + ("/" if slash and own else "")
    url = "/" + "/".join(asked)
    more = len(asked) > len(own) or not (slash and own)
    assert prefix_segment(at(resource), at(url)) == (asked[: len(own)] == own and more)


@each(DRAFT)
@given(url=urls(), resource=urls())
def test_query_and_fragment_do_not_matter(comparator: Comparator, resource: str, url: str) -> None:
    """A prefix comparator never looks past the path, so tenants in the query are one resource."""
    bare = url.partition("?")[0].partition("#")[0]
    assert comparator(resource, url) == comparator(resource, bare)
    assert comparator(url, resource) == comparator(bare, resource)


# Who breaks which law, with the pair that shows it


def test_decoding_everything_splits_a_segment() -> None:
    """ "%2F" inside a segment becomes a boundary: the tenant "good%2Fevil" passes for "good"."""
    assert accepting("/good", "/good%2Fevil/x") == {*DECODE_ALL, prefix_string}


def test_string_prefix_splits_a_segment() -> None:
    """Only the string prefix takes "/api/v10" for a part of "/api/v1"."""
    assert accepting("/api/v1", "/api/v10") == {prefix_string}


def test_plain_dot_segments_leave_the_prefix() -> None:
    """Without dot segment removal "/a" covers what a server will serve as "/b"."""
    assert accepting("/a", "/a/../b") == {prefix_decode_only, prefix_sdk_python}


def test_encoded_dot_segments_leave_the_prefix() -> None:
    """Behind "%2f" a dot segment hides from all but those who decode first and resolve after."""
    assert accepting("/a", "/a/..%2fb") == {*PREFIXES} - {prefix_decode_then_normalize}


def test_nothing_is_decoded_twice() -> None:
    """ "%252e" is the text "%2e", not a dot."""
    assert accepting("/a", "/b/%252e%252e/a") == set()
    assert accepting("/a%2e", "/a%252e") == set()


def test_decoding_keeps_foreign_bytes_apart() -> None:
    """Escaped bytes that are not UTF-8 do not collapse into one character."""
    assert accepting("/%ff", "/%fe") == set()


def test_python_sdk_is_not_antisymmetric() -> None:
    """For the Python SDK "/foo" and "/foo/" cover each other, yet they are two resources."""
    assert accepting("/foo/", "/foo") == {prefix_sdk_python}
    assert prefix_sdk_python(at("/foo"), at("/foo/"))
    assert not any(equality(at("/foo"), at("/foo/")) for equality in EQUALITIES[:-1])


def test_python_sdk_compares_spellings() -> None:
    """Two spellings of one URL are two URLs for the Python SDK alone."""
    for resource in ["https://h:443/a", "https://u@h/a", "https://h/%2e/a"]:
        assert prefix_segment(resource, "https://h/a")
        assert prefix_sdk_typescript(resource, "https://h/a")
        assert not prefix_sdk_python(resource, "https://h/a")


def test_python_sdk_drops_parameters_of_the_last_segment() -> None:
    """ "/a;tenant=1" covers "/a" and all of its tenants for the Python SDK alone."""
    assert accepting("/a;tenant=1", "/a") == {prefix_sdk_python}
    assert accepting("/a;tenant=1", "/a;tenant=2") == {prefix_sdk_python}


def test_typescript_sdk_keeps_unreserved_escapes() -> None:
    """ "%61" is "a" after RFC 3986 normalisation, but not for either SDK."""
    assert accepting("/a", "/%61/x") == {*PREFIXES} - {*DEPLOYED}


def test_typescript_sdk_crosses_origins_outside_the_web() -> None:
    """URLs of a private scheme all have the opaque origin "null", whatever their host."""
    pair = ("app://evil/a", "app://good/a/b")
    assert accepting(*pair, among=EVERY) == {prefix_sdk_typescript}
    assert not same_origin(*pair)


# Malformed text


@each(PARSING)
@pytest.mark.parametrize("text", MALFORMED)
def test_malformed_urls_compare_false(comparator: Comparator, text: str) -> None:
    """A malformed URL neither equals nor covers anything, itself included."""
    assert not comparator(text, text)
    assert not comparator(text, "https://h/a")
    assert not comparator("https://h/a", text)


@pytest.mark.parametrize("text", [*MALFORMED, "urn:example:a"])
@pytest.mark.parametrize("build", [origin, well_known_protected_resource, well_known_authorization_server])
def test_builders_refuse_malformed_urls(build: object, text: str) -> None:
    """A builder says in one line, with the text, what is wrong."""
    assert callable(build)
    with pytest.raises(ValueError, match=re.escape(repr(text))) as refusal:
        build(text)
    assert "\n" not in str(refusal.value)


@given(st.text() | st.text("htps:/@[]?#%.2eF1;\\ ").map("https://{}".format), st.text())
def test_no_text_raises(left: str, right: str) -> None:
    """Comparators and predicates answer every text."""
    for comparator in EVERY:
        assert comparator(left, right) in (True, False)
        assert comparator(left, left) in (True, False)
    assert is_resource_identifier(left) in (True, False)


# Kinds of identifier, and where their metadata lives


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://H", "https://h"),
        ("https://u@h:443/a", "https://h"),
        ("https://h:/a", "https://h"),
        ("https://h:0443/a", "https://h"),
        ("https://h:80/a", "https://h:80"),
        ("https://h:0/a", "https://h:0"),
        ("http://h:80", "http://h"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("app://h:443/a", "app://h:443"),
    ],
)
def test_origin(url: str, expected: str) -> None:
    """An origin has one spelling and neither userinfo nor a default port."""
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("https://h", ""),
        ("https://h/", ""),
        ("https://h/mcp", "/mcp"),
        ("https://h/mcp/", "/mcp/"),
        ("https://h/?t=1", "?t=1"),
        ("https://h?t=1", "?t=1"),
        ("https://h/mcp?t=1", "/mcp?t=1"),
        ("https://h//mcp", "//mcp"),
    ],
)
def test_well_known_protected_resource(resource: str, path: str) -> None:
    """The well-known path goes between host and path; only a slash right after the host is lost."""
    expected = f"https://h/.well-known/oauth-protected-resource{path}"
    assert well_known_protected_resource(resource) == expected


@pytest.mark.parametrize(
    ("issuer", "path"), [("https://h", ""), ("https://h/", ""), ("https://h/t", "/t"), ("https://h/t/", "/t")]
)
def test_well_known_authorization_server(issuer: str, path: str) -> None:
    """The well-known path goes before the issuer's path, which loses its final slash."""
    expected = f"https://h/.well-known/oauth-authorization-server{path}"
    assert well_known_authorization_server(issuer) == expected


def test_well_known_locations_keep_the_authority() -> None:
    """Port and userinfo are part of where the metadata is fetched."""
    location = well_known_protected_resource("http://u@127.0.0.1:8000/mcp")
    assert location == "http://u@127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"


def test_two_issuers_can_share_one_location() -> None:
    """Issuers that differ by a final slash share their location, so names must be compared."""
    left, right = "https://h/t", "https://h/t/"
    assert well_known_authorization_server(left) == well_known_authorization_server(right)
    assert not equal_code_points(left, right)


@pytest.mark.parametrize("url", ["https://h#f", "https://h/a#", "ftp://h/a"])
def test_well_known_needs_a_web_url_without_fragment(url: str) -> None:
    """No metadata location exists for fragments or other schemes."""
    for build in (well_known_protected_resource, well_known_authorization_server):
        with pytest.raises(ValueError, match="http or https URL without fragment"):
            build(url)


def test_issuers_have_no_query() -> None:
    """A resource may have a query; an issuer may not."""
    with pytest.raises(ValueError, match="an issuer has no query"):
        well_known_authorization_server("https://h/t?x=1")


@pytest.mark.parametrize(
    ("url", "resource"),
    [
        ("https://h/client", True),
        ("https://h:8443/client?v=1", True),
        ("https://h/", True),
        ("https://h", True),
        ("https://u@h/client", True),
        ("https://h/a/../client", True),
        ("https://h/a/.", True),
        ("https://h/a/%2E%2e/client", True),
        ("https://h/.well-known/..client", True),
        ("https://h/client#", False),
        ("http://h/client", False),
        ("urn:example:client", False),
        ("client", False),
    ],
)
def test_kinds_of_identifier(url: str, resource: bool) -> None:
    """A resource identifier is an https URL without a fragment."""
    assert is_resource_identifier(url) == resource


def test_examples_in_docstrings() -> None:
    """The examples shown to readers run."""
    results = doctest.testmod(identifiers)
    assert results.attempted > 0
    assert results.failed == 0


# Against the real thing


def test_python_sdk_itself_agrees() -> None:
    """Where the Python SDK is installed, `prefix_sdk_python` answers as its own function does."""
    sdk = pytest.importorskip("mcp.shared.auth_utils")

    @given(resource=urls(("https", "http")), url=urls(("https", "http")))
    def agrees(resource: str, url: str) -> None:
        assert prefix_sdk_python(resource, url) == sdk.check_resource_allowed(url, resource)

    agrees()
