"""A client in a conversation: what it does with the answers of a scenario, step by step, and why.

The client is a design, and every decision that may end the conversation is a rule of :mod:`model.client` or
:mod:`model.conduct`, read with the values of the scenario. The walk itself only knows in which order a client asks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from model import client, conduct, identifiers
from model.rule import Condition as Named
from model.rule import Rule
from model.scenario import Answer, Scenario
from model.schemas import is_url
from model.world import NONE

#: Where a conversation ends: accepted, or refused at discovery, at the authorization response, at the token
#: response, or at the resource.
Stage = Literal["A", "d", "a", "t", "x"]
STAGES: dict[Stage, str] = {
    "A": "the resource server accepts the client's request",
    "d": "the client refuses during discovery",
    "a": "the client refuses at the authorization response",
    "t": "the client refuses at the token response",
    "x": "the client ends at the resource server without success",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A rule that the client asked, what it asked about, and the answer."""

    rule: Rule
    holds: bool
    about: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request that the client sent to an AS: to which party, for which `resource` (or none), with a proof or not."""

    party: str
    resource: str = NONE
    proof: bool = False


@dataclass(slots=True)
class Sent:
    """What the client sent where, in order.

    ``urls`` are the authorization requests as the browser gets them (without what differs from run to run), and
    ``scheme`` is how the client presented its token, if it came so far.
    """

    registrations: list[str] = field(default_factory=list)
    authorizations: list[Request] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    tokens: list[Request] = field(default_factory=list)
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """How a conversation went: where it ended, which rule ended it (if one did), what was decided and sent."""

    stage: Stage
    refused_by: Rule | None
    decisions: tuple[Decision, ...]
    sent: Sent

    @property
    def misdelivered(self) -> bool:
        """Whether a code was sent to another party than the one that issued it."""
        return misdelivered(self.sent.authorizations, self.sent.tokens)


def misdelivered(authorizations: Sequence[Request], tokens: Sequence[Request]) -> bool:
    """Whether a token request went to another party than the authorization request that brought its code."""
    return any(asked.party != used.party for asked, used in zip(authorizations, tokens, strict=False))


def converse(design: Mapping[str, str], scenario: Scenario, without: Collection[str] = ()) -> Conversation:
    """What a client of this design does in a scenario; ``without`` names rules that it does not obey."""
    walk = _Walk(design, scenario, frozenset(without))
    try:
        walk.run()
    except identifiers.MalformedURLError as error:
        rule = conduct.url_is_well_formed(design, False).rule
        return Conversation(walk.stage, rule, (*walk.decisions, Decision(rule, False, str(error))), walk.sent)
    except _RefusedError:
        return Conversation(walk.stage, walk.decisions[-1].rule, tuple(walk.decisions), walk.sent)
    return Conversation("A", None, tuple(walk.decisions), walk.sent)


class _RefusedError(Exception):
    """The last decision ended the conversation."""


@dataclass(frozen=True, slots=True)
class _Resource:
    """What discovery found about a resource; nothing is documented where there was no metadata."""

    documented: str
    servers: tuple[str, ...]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Server:
    """An AS as the client sees it: as listed, its metadata (if any), and its endpoints.

    The token endpoint may be missing: that shows when it is used.
    """

    listed: str
    issuer: str
    metadata: Mapping[str, Any]
    authorization_endpoint: str
    token_endpoint: str


class _Walk:
    """One conversation while it lasts."""

    def __init__(self, design: Any, scenario: Scenario, without: frozenset[str]) -> None:
        self.design = design
        self.scenario = scenario
        self.without = without
        self.stage: Stage = "d"
        self.decisions: list[Decision] = []
        self.sent = Sent()
        self.registered: set[str] = set()

    # --- deciding ------------------------------------------------------------------------------------------

    def holds(self, condition: Named, about: str) -> bool:
        """Ask a rule and note the answer."""
        holds = bool(condition.holds) or condition.rule.name in self.without
        self.decisions.append(Decision(condition.rule, holds, about))
        return holds

    def require(self, condition: Named, about: str) -> None:
        """Go on only if the rule agrees."""
        if not self.holds(condition, about):
            raise _RefusedError

    def fetch(self, url: str) -> Answer:
        """What is at a URL, if its server takes the connection."""
        answer = self.scenario.fetch(url)
        self.require(conduct.party_is_reachable(self.design, answer is not None), url)
        return answer or Answer()

    # --- the conversation ----------------------------------------------------------------------------------

    def run(self) -> None:
        """First contact, and a second call where the scenario has one."""
        url = self.scenario.url
        plain_http = urlsplit(url).scheme == "http" and not _is_loopback(url)
        self.require(client.resource_url_is_https(self.design, plain_http), url)
        resource = self.discover_resource(challenged=True)
        server = self.discover_server(resource)
        self.authorize(resource, server)
        if self.scenario.later is not None:
            self.call_again(self.scenario.later, resource, server)

    def authorize(self, resource: _Resource, server: _Server) -> None:
        """From the authorization request to the answer of the resource server."""
        resource = self.request_authorization(resource, server)
        self.stage = "t" if self.stage != "x" else "x"
        wanted = self.wants_dpop(resource, server)
        self.request_token(resource, server, wanted, self.knows_code(server))
        self.stage = "x"
        answer = self.scenario.answer
        failed = answer["status"] != 200
        self.require(conduct.request_is_granted(self.design, failed), answer.get("error", "") or "200 OK")

    # --- discovery -----------------------------------------------------------------------------------------

    def discover_resource(self, challenged: bool) -> _Resource:
        """The metadata of the resource, as the client reads it."""
        design, url = self.design, self.scenario.url
        body = self.find_document(challenged)
        if body is None:
            return _Resource(NONE, (), {})
        resource = conduct.spelled(design, str(body.get("resource", NONE)))
        self.require(conduct.resource_has_no_fragment(design, "#" in resource), resource)
        matches = client.resource_matches_request(design, resource, url)
        if design.prm_mismatch == "own_url" and not self.holds(matches, f"{resource} for {url}"):
            resource = conduct.spelled(design, url)
        elif design.prm_mismatch != "own_url":
            self.require(matches, f"{resource} for {url}")
        self.require(client.metadata_signature_is_anchored(design, False), "unsigned document")
        return _Resource(resource, tuple(body.get("authorization_servers", ())), body)

    def find_document(self, challenged: bool) -> Mapping[str, Any] | None:
        """The first metadata document of the resource that the client can use, or nothing."""
        design, scenario = self.design, self.scenario
        if design.prm == "off":
            return None
        heard = challenged and conduct.reads_challenge(design, scenario.challenge.get("scheme", ""))
        named = scenario.challenge.get("resource_metadata", "") if heard else ""
        if named:
            self.require(conduct.url_is_well_formed(design, is_url(named)), named)
        for location in conduct.document_locations(design, scenario.url, named):
            elsewhere = location == named and not identifiers.same_origin(location, scenario.url)
            near = client.metadata_url_is_same_origin(design, elsewhere)
            if not self.tolerates(near, design.prm_elsewhere, location):
                continue
            answer = self.fetch(location)
            redirected = bool(answer.location)
            here = conduct.document_is_not_redirected(design, redirected)
            if not self.tolerates(here, design.prm_redirect, location):
                continue
            if redirected:
                answer = self.fetch(answer.location)
            failed = answer.status not in (200, 404)
            if not self.tolerates(conduct.document_is_served(design, failed), design.prm_error, location):
                continue
            if answer.status != 200:
                continue
            if self.tolerates(conduct.document_is_well_formed(design, answer.body), design.prm_malformed, location):
                return answer.body
        return None

    def tolerates(self, condition: Named, otherwise: str, about: str) -> bool:
        """Whether the rule agrees; where it does not, the client gives up or skips what it asked about."""
        if otherwise == "skip":
            return self.holds(condition, about)
        self.require(condition, about)
        return True

    def discover_server(self, resource: _Resource) -> _Server:
        """The AS that the client goes to, ready for authorization requests."""
        design, url = self.design, self.scenario.url
        self.require(conduct.server_is_listed(design, bool(resource.servers)), f"authorization_servers of {url}")
        self.require(
            conduct.server_is_the_only_one(design, len(resource.servers) > 1), ", ".join(resource.servers)
        )
        listed = resource.servers or (identifiers.origin(url),)
        found: Mapping[str, Any] | None = None
        chosen = listed[0]
        for chosen in listed:
            known = chosen in self.scenario.known_servers
            self.require(client.authorization_server_is_trusted(design, known), chosen)
            found = self.server_metadata(chosen)
            if found is not None or design.as_failover == "no":
                break
        legacy = not resource.servers
        server = _Server(
            chosen,
            NONE if found is None else str(found.get("issuer", NONE)),
            found or {},
            self.endpoint("authorization", found, chosen, legacy),
            conduct.endpoint(design, "token", found, chosen, url, legacy),
        )
        claimed = chosen if server.issuer == NONE else server.issuer
        self.require(
            client.authorization_endpoint_is_corroborated(
                design, claimed, server.authorization_endpoint, self.advertises_iss(server)
            ),
            f"{server.authorization_endpoint} of {claimed}",
        )
        protected = server.metadata.get("protected_resources")
        lists = resource.documented in _strings(protected)
        self.require(client.server_lists_resource(design, protected is not None, lists), resource.documented)
        if design.pkce_when == "before":
            self.require_support(found)
        self.register(server, found, legacy)
        if design.pkce_when == "after":
            self.require_support(found)
        return server

    def require_support(self, metadata: Mapping[str, Any] | None) -> None:
        """What the metadata says about response types and PKCE; where there is none, nothing is said."""
        types = None if metadata is None else metadata.get("response_types_supported")
        self.require(
            conduct.response_type_is_offered(self.design, metadata is None or "code" in _strings(types)),
            f"response_types_supported {types}",
        )
        methods = None if metadata is None else metadata.get("code_challenge_methods_supported")
        offered = metadata is None or "S256" in _strings(methods)
        self.require(
            conduct.challenge_method_is_offered(self.design, methods is not None, offered),
            f"code_challenge_methods_supported {methods}",
        )

    def server_metadata(self, issuer: str) -> Mapping[str, Any] | None:
        """The metadata of an issuer, if there is any and the client may use it."""
        for location, expected in conduct.metadata_locations(self.design, issuer):
            answer = self.fetch(location)
            if answer.status != 200:
                continue
            if self.tolerates(
                conduct.server_metadata_is_well_formed(self.design, answer.body), self.design.asm_malformed, location
            ):
                claimed = str(answer.body.get("issuer", NONE))
                condition = client.metadata_issuer_matches(self.design, claimed, expected, False)
                self.require(condition, f"{claimed} for {expected}")
                return answer.body
        return None

    def endpoint(self, name: str, metadata: Mapping[str, Any] | None, server: str, legacy: bool) -> str:
        """The URL of an endpoint that the client is about to use."""
        url = conduct.endpoint(self.design, name, metadata, server, self.scenario.url, legacy)
        self.require_endpoint(name, url, server)
        return url

    def require_endpoint(self, name: str, url: str, server: str) -> None:
        """An endpoint has to be known, and to be a URL."""
        self.require(conduct.endpoint_is_known(self.design, url != NONE), f"{name} endpoint of {server}")
        self.require(conduct.url_is_well_formed(self.design, is_url(url)), url)

    def register(self, server: _Server, metadata: Mapping[str, Any] | None, legacy: bool) -> None:
        """Get a client_id at the AS, unless the client has one there."""
        design = self.design
        key = server.listed if design.cred_pin == "on" else "any"
        if key in self.registered or design.reg == "static":
            return
        offered = bool(server.metadata.get("client_id_metadata_document_supported"))
        if design.reg == "cimd" and (offered or design.registration_kinds == "cimd_only"):
            self.require(conduct.client_id_is_granted(design, offered), f"metadata documents at {server.listed}")
        else:
            if design.registration_at == "issuer" and metadata is not None:
                metadata = self.server_metadata(server.issuer)
                self.require(conduct.endpoint_is_known(design, metadata is not None), f"metadata of {server.issuer}")
            where = self.endpoint("registration", metadata, server.listed, legacy)
            self.sent.registrations.append(self.scenario.party(where))
            self.require(conduct.client_id_is_granted(design, _endpoint(where) in self.scenario.endpoints), where)
        self.registered.add(key)

    # --- authorization and token -----------------------------------------------------------------------------

    def request_authorization(self, resource: _Resource, server: _Server) -> _Resource:
        """Send the user to the AS and judge what comes back; the resource to ask a token for."""
        design, scenario = self.design, self.scenario
        asked = conduct.requested_resource(design, resource.documented, scenario.url)
        scopes = scenario.challenge.get("scope") or " ".join(_strings(resource.body.get("scopes_supported")))
        parameters = {"response_type": "code"}
        if design.scope_request == "advertised" and scopes:
            parameters["scope"] = scopes
        if asked != NONE:
            parameters["resource"] = asked
        self.sent.authorizations.append(Request(scenario.party(server.authorization_endpoint), asked))
        self.sent.urls.append(conduct.authorization_url(design, server.authorization_endpoint, parameters))
        if self.stage == "d":
            self.stage = "a"
        response = scenario.authorization_response
        refused = "error" in response and all(name in parameters for name in response.get("refuses", ()))
        answers = _endpoint(server.authorization_endpoint) in scenario.endpoints
        self.require(
            conduct.request_is_granted(design, refused or not answers),
            response.get("error", "") if refused else "code" if answers else "no answer",
        )
        state = {"returned": "own", "other": "other", "missing": NONE}[response["state"]]
        self.require(client.state_matches(design, state, "own"), f"state {response['state']}")
        self.judge_iss(server)
        if design.callback_discovery == "repeated":
            resource = self.discover_resource(challenged=False)
            changed = bool(resource.servers) and resource.servers[0] != server.listed
            self.require(conduct.server_is_the_one_before(design, changed), f"{server.listed} at the callback")
        claimed = server.listed if server.issuer == NONE else server.issuer
        self.require_endpoint("token", server.token_endpoint, server.listed)
        self.require(
            client.token_endpoint_is_corroborated(design, claimed, server.token_endpoint),
            f"{server.token_endpoint} of {claimed}",
        )
        return resource

    def judge_iss(self, server: _Server) -> None:
        """Compare iss with the issuer recorded, if there is one."""
        iss = self.scenario.iss.get(identifiers.origin(server.authorization_endpoint), NONE)
        if server.issuer == NONE:
            self.require(conduct.issuer_was_recorded(self.design, iss), f"iss {iss}")
        else:
            advertised = self.advertises_iss(server)
            condition = client.iss_matches_recorded_issuer(self.design, iss, server.issuer, advertised)
            self.require(condition, f"iss {iss} from {server.issuer}")

    def advertises_iss(self, server: _Server) -> bool:
        """Whether the AS says that it sends iss."""
        return conduct.advertises_iss(self.design, server.metadata)

    def wants_dpop(self, resource: _Resource, server: _Server) -> bool:
        """Whether the client makes proofs here."""
        offered = "dpop_signing_alg_values_supported" in server.metadata
        demanded = bool(resource.body.get("dpop_bound_access_tokens_required"))
        return bool(client.wants_dpop(self.design, offered, demanded))

    def knows_code(self, server: _Server) -> bool:
        """Whether the token endpoint is of the AS that issued the code, or of the attacker's, which takes any."""
        party = self.scenario.party(server.token_endpoint)
        return party in (self.sent.authorizations[-1].party, "evil")

    def request_token(self, resource: _Resource, server: _Server, wanted: bool, knows_grant: bool = True) -> None:
        """Ask for a token and judge the response; whoever does not know the grant issues none."""
        design, response = self.design, self.scenario.token_response
        asked = conduct.requested_resource(design, resource.documented, self.scenario.url)
        self.sent.tokens.append(Request(self.scenario.party(server.token_endpoint), asked, wanted))
        answers = _endpoint(server.token_endpoint) in self.scenario.endpoints
        failed = "error" in response or not answers or not knows_grant
        self.require(conduct.request_is_granted(design, failed), str(response.get("error", "token")))
        kind = response.get("token_type", "Bearer")
        known = kind.lower() if isinstance(kind, str) else ""
        bound = known == "dpop"
        self.require(conduct.token_type_is_present(design, "token_type" in response), "no token_type")
        self.require(
            conduct.token_type_is_known(design, isinstance(kind, str), known in ("bearer", "dpop")),
            f"token_type {kind}",
        )
        self.require(conduct.token_type_was_asked_for(design, bound and not wanted), f"token_type {kind}")
        self.require(client.token_type_is_dpop(design, wanted, bound), f"token_type {kind}")
        echoed = response.get("resource", [])
        named = [echoed] if isinstance(echoed, str) else _strings(echoed)
        confirmed = [name for name in named if identifiers.equal_normalized(name, asked)]
        self.require(
            client.echo_confirms_request(design, asked, bool(named), bool(confirmed), len(named) > len(confirmed)),
            f"resource {echoed} for {asked}" if "resource" in response else "no resource",
        )
        self.sent.scheme = "DPoP" if conduct.presents_dpop(design, wanted, bound) else "Bearer"

    # --- the second call ---------------------------------------------------------------------------------------

    def call_again(self, later: Scenario, resource: _Resource, server: _Server) -> None:
        """The client calls again and is refused what it had before."""
        design = self.design
        answer = later.answer
        renewable = "refresh_token" in self.scenario.token_response
        # Whatever is done about it is answered as in the first call.
        self.scenario = replace(later, answer=self.scenario.answer)
        if answer.get("error") == "insufficient_scope":
            self.require(conduct.scope_is_stepped_up(design), "insufficient_scope")
            self.authorize(resource, server)
            return
        self.require(conduct.challenge_is_followed(design), f"status {answer['status']}")
        if design.rechallenge == "retry":
            return
        before = server
        if design.rechallenge == "discover":
            resource = self.discover_resource(challenged=True)
            changed = bool(resource.servers) and resource.servers[0] != before.listed
            self.require(conduct.server_is_the_one_before(design, changed), f"{before.listed} before")
            server = self.discover_server(resource)
        moved = server.listed != before.listed
        refreshes = design.rechallenge_grant == "refresh" and renewable
        if refreshes and (not moved or bool(client.refresh_token_stays_with_issuer(design).holds)):
            self.require_endpoint("token", server.token_endpoint, server.listed)
            self.request_token(resource, server, self.wants_dpop(resource, server))
        else:
            self.authorize(resource, server)


def _strings(value: Any) -> list[str]:
    """The strings of a JSON array; what is no array has none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _endpoint(url: str) -> str:
    return url.partition("?")[0]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host == "::1" or host.startswith("127.")
