"""A client in a conversation: what it does with the answers of a scenario, step by step, and why.

The client is a design, and every decision that may end the conversation is a rule, read with the values of the
scenario. The order of its steps is that of the flow (:func:`model.protocols.steps`); in each it asks of the message
what the flow does (:mod:`model.guards`), and what only conversations hold (:mod:`model.conduct`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from model import client, conduct, guards, identifiers
from model.protocols import steps
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
    """A rule that the client asked, the answer, what it asked about, and the step of the flow at which it did."""

    rule: Rule
    holds: bool
    about: str
    step: str


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
        walk.decisions.append(Decision(rule, False, str(error), walk.step))
        return Conversation(walk.stage, rule, tuple(walk.decisions), walk.sent)
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

    @property
    def claimed(self) -> str:
        """The issuer that its metadata claims."""
        return self.listed if self.issuer == NONE else self.issuer


class _Walk:
    """One conversation while it lasts: what the client found, was given and sent so far."""

    def __init__(self, design: Any, scenario: Scenario, without: frozenset[str]) -> None:
        self.design = design
        self.scenario = scenario
        self.without = without
        self.step = ""
        self.stage: Stage = "d"
        self.decisions: list[Decision] = []
        self.sent = Sent()
        self.registered: set[str] = set()
        self.named = ""
        self.resource = _Resource(NONE, (), {})
        self.server: _Server | None = None
        self.asked: dict[str, str] = {}
        self.renews = False

    # --- deciding ------------------------------------------------------------------------------------------

    def require(self, condition: Named, about: str) -> bool:
        """Ask a rule and go on only if it agrees, or (False) if the client does without what it was asked about."""
        rule = condition.rule
        holds = bool(condition.holds) or rule.name in self.without
        self.decisions.append(Decision(rule, holds, about, self.step))
        if not holds and conduct.gives_up(self.design, rule):
            raise _RefusedError
        return holds

    def take(self, guard: guards.Guard, about: str, **values: Any) -> bool:
        """The same for all that is asked of a message."""
        agree = [self.require(condition, about) for condition in guards.ask(guard, design=self.design, **values)]
        return all(agree)

    def fetch(self, url: str) -> Answer:
        """What is at a URL, if its server takes the connection."""
        answer = self.scenario.fetch(url)
        self.require(conduct.party_is_reachable(self.design, answer is not None), url)
        return answer or Answer()

    def goes_out(self, stage: Stage) -> None:
        """A request goes out: if the client ends now, that is the stage of the first call at which it does."""
        if self.stage != "x":
            self.stage = stage

    # --- the conversation ----------------------------------------------------------------------------------

    def run(self) -> None:
        """First contact, and a second call where the scenario has one."""
        self.follow("request_resource")
        if self.scenario.later is not None:
            self.call_again(self.scenario.later)

    def follow(self, start: str, end: str = "") -> None:
        """Take the client's steps in the order of the flow, as far as scenarios have them, from one up to another."""
        flow = steps("client")
        for step in flow[flow.index(start) : flow.index(end) if end else None]:
            take = getattr(self, step, None)
            if take is not None:
                self.step = step
                take()

    def call_again(self, later: Scenario) -> None:
        """The client calls again and is refused what it had before."""
        design, answer = self.design, later.answer
        renewable = "refresh_token" in self.scenario.token_response
        # Whatever is done about it is answered as in the first call.
        self.scenario = replace(later, answer=self.scenario.answer)
        if answer.get("error") == "insufficient_scope":
            self.require(conduct.scope_is_stepped_up(design), "insufficient_scope")
            self.follow("send_authorization_request")
            return
        self.require(conduct.challenge_is_followed(design), f"status {answer['status']}")
        if design.rechallenge == "retry":
            self.follow("send_token")
            return
        before = self.found
        if design.rechallenge == "discover":
            self.follow("request_resource", "send_authorization_request")
        moved = self.found.listed != before.listed
        refreshes = design.rechallenge_grant == "refresh" and renewable
        self.renews = refreshes and (not moved or bool(client.refresh_token_stays_with_issuer(design).holds))
        self.follow("redeem_code" if self.renews else "send_authorization_request")

    # --- discovery -----------------------------------------------------------------------------------------

    def request_resource(self) -> None:
        """The client calls and is challenged; some read in the challenge where the metadata is."""
        challenge = self.scenario.challenge
        heard = self.design.prm != "off" and conduct.reads_challenge(self.design, challenge.get("scheme", ""))
        self.named = challenge.get("resource_metadata", "") if heard else ""

    def use_resource_metadata(self) -> None:
        """The metadata of the resource, as the client reads it; nothing where it finds none."""
        design, url, named = self.design, self.scenario.url, self.named
        plain_http = urlsplit(url).scheme == "http" and not _is_loopback(url)
        elsewhere = is_url(named) and not identifiers.same_origin(named, url)
        near = self.take(
            guards.CHALLENGE, named or url, plain_http=plain_http, by_challenge=False, elsewhere=elsewhere
        )
        self.require(conduct.url_is_well_formed(design, named == "" or is_url(named)), named)
        locations = [] if design.prm == "off" else conduct.document_locations(design, url, named)
        body = self.find_document(locations if near else locations[1:])
        if body is None:
            self.resource = _Resource(NONE, (), {})
            return
        resource = conduct.spelled(design, str(body.get("resource", NONE)))
        self.require(conduct.resource_has_no_fragment(design, "#" in resource), resource)
        matches = self.take(
            guards.RESOURCE_METADATA, f"{resource} for {url}", cached=False, resource=resource, url=url,
            vouched_for=False,
        )  # fmt: skip
        if not matches:
            resource = conduct.spelled(design, url)
        self.resource = _Resource(resource, tuple(body.get("authorization_servers", ())), body)

    def find_document(self, locations: Iterable[str]) -> Mapping[str, Any] | None:
        """The first metadata document of the resource that the client can use, or nothing."""
        design = self.design
        for location in locations:
            answer = self.fetch(location)
            if not self.require(conduct.document_is_not_redirected(design, bool(answer.location)), location):
                continue
            if answer.location:
                answer = self.fetch(answer.location)
            served = self.require(conduct.document_is_served(design, answer.status not in (200, 404)), location)
            if not served or answer.status != 200:
                continue
            if self.require(conduct.document_is_well_formed(design, answer.body), location):
                return answer.body
        return None

    def is_the_server_before(self) -> None:
        """Discovery that was repeated has led to the AS from before."""
        if self.server is not None:
            changed = bool(self.resource.servers) and self.resource.servers[0] != self.server.listed
            self.require(conduct.server_is_the_one_before(self.design, changed), f"{self.server.listed} before")

    def use_server_metadata(self) -> None:
        """The AS that the client goes to, ready for authorization requests."""
        design, listed = self.design, self.resource.servers
        self.is_the_server_before()
        self.require(conduct.server_is_listed(design, bool(listed)), f"authorization_servers of {self.scenario.url}")
        self.require(conduct.server_is_the_only_one(design, len(listed) > 1), ", ".join(listed))
        legacy = not listed
        chosen, found = self.choose_server(listed or (identifiers.origin(self.scenario.url),))
        metadata = found or {}
        self.server = server = _Server(
            chosen,
            str(metadata.get("issuer", NONE)),
            metadata,
            self.endpoint("authorization", found, chosen, legacy),
            conduct.endpoint(design, "token", found, chosen, self.scenario.url, legacy),
        )
        protected, claimed, at = metadata.get("protected_resources"), server.claimed, server.authorization_endpoint
        advertised, lists = conduct.advertises_iss(design, metadata), self.resource.documented in _strings(protected)
        self.take(
            guards.AUTHORIZATION_ENDPOINT, f"{at} of {claimed}", claimed=claimed, authorization_at=at,
            advertised=advertised, publishes=protected is not None, lists=lists,
        )  # fmt: skip
        if design.pkce_when == "before":
            self.require_support(found)
        self.register(server, found, legacy)
        if design.pkce_when == "after":
            self.require_support(found)

    def choose_server(self, listed: Sequence[str]) -> tuple[str, Mapping[str, Any] | None]:
        """The AS among those listed that the client goes to, and its metadata, if there is any."""
        found, chosen = None, ""
        for chosen in listed:
            known = chosen in self.scenario.known_servers
            self.take(guards.CHOSEN_SERVER, chosen, server=chosen, listed=chosen, known=known, enrolled=True)
            found = self.server_metadata(chosen)
            if found is not None or self.design.as_failover == "no":
                break
        return chosen, found

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
            if self.require(conduct.server_metadata_is_well_formed(self.design, answer.body), location):
                claimed = str(answer.body.get("issuer", NONE))
                about = f"{claimed} for {expected}"
                self.take(guards.SERVER_METADATA, about, claimed=claimed, server=expected, configured=False)
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

    @property
    def found(self) -> _Server:
        """The AS that was discovered."""
        assert self.server is not None
        return self.server

    def send_authorization_request(self) -> None:
        """Send the user to the AS."""
        design, scenario, at = self.design, self.scenario, self.found.authorization_endpoint
        asked = conduct.requested_resource(design, self.resource.documented, scenario.url)
        scopes = scenario.challenge.get("scope") or " ".join(_strings(self.resource.body.get("scopes_supported")))
        self.asked = {"response_type": "code"}
        if design.scope_request == "advertised" and scopes:
            self.asked["scope"] = scopes
        if asked != NONE:
            self.asked["resource"] = asked
        self.sent.authorizations.append(Request(scenario.party(at), asked))
        self.sent.urls.append(conduct.authorization_url(design, at, self.asked))
        self.goes_out("a")

    def accept_authorization_response(self) -> None:
        """Judge what comes back, if anything does."""
        design, server, response = self.design, self.found, self.scenario.authorization_response
        refused = "error" in response and all(name in self.asked for name in response.get("refuses", ()))
        answers = _endpoint(server.authorization_endpoint) in self.scenario.endpoints
        self.require(
            conduct.request_is_granted(design, refused or not answers),
            response.get("error", "") if refused else "code" if answers else "no answer",
        )
        state = {"returned": "own", "other": "other", "missing": NONE}[response["state"]]
        iss = self.scenario.iss.get(identifiers.origin(server.authorization_endpoint), NONE)
        # Where no issuer was recorded there is none to compare with.
        recorded = iss if server.issuer == NONE else server.issuer
        advertised = conduct.advertises_iss(design, server.metadata)
        about = f"state {response['state']}, iss {iss} from {server.issuer}"
        self.take(
            guards.AUTHORIZATION_RESPONSE, about, session="own", other_browser=False, returned=state, after_use=False,
            arrived_at=NONE, expected=NONE, iss=iss, issuer=recorded, advertised=advertised,
        )  # fmt: skip
        self.require(conduct.issuer_was_recorded(design, server.issuer, iss), about)
        if design.callback_discovery == "repeated":
            self.named = ""
            self.use_resource_metadata()
            self.is_the_server_before()

    def redeem_code(self) -> None:
        """Ask for a token, for the code or a refresh token, and judge the response."""
        design, server, response = self.design, self.found, self.scenario.token_response
        self.require_endpoint("token", server.token_endpoint, server.listed)
        about = f"{server.token_endpoint} of {server.claimed}"
        self.take(guards.TOKEN_ENDPOINT, about, claimed=server.claimed, token_at=server.token_endpoint)
        wanted = self.wants_dpop()
        party = self.scenario.party(server.token_endpoint)
        asked = conduct.requested_resource(design, self.resource.documented, self.scenario.url)
        self.sent.tokens.append(Request(party, asked, wanted))
        self.goes_out("t")
        # Whoever does not know the grant issues no token; the attacker's AS takes any code.
        knows = self.renews or party in (self.sent.authorizations[-1].party, "evil")
        failed = "error" in response or _endpoint(server.token_endpoint) not in self.scenario.endpoints or not knows
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
        echoed = response.get("resource", [])
        named = [echoed] if isinstance(echoed, str) else _strings(echoed)
        confirmed = [name for name in named if identifiers.equal_normalized(name, asked)]
        self.take(
            guards.TOKEN_RESPONSE, f"token_type {kind}, resource {echoed or NONE} for {asked}", wanted=wanted,
            bound=bound, read=True, requested=asked, present=bool(named), has_requested=bool(confirmed),
            has_more=len(named) > len(confirmed),
        )  # fmt: skip
        self.sent.scheme = "DPoP" if conduct.presents_dpop(design, wanted, bound) else "Bearer"

    def wants_dpop(self) -> bool:
        """Whether the client makes proofs here."""
        offered = "dpop_signing_alg_values_supported" in self.found.metadata
        demanded = bool(self.resource.body.get("dpop_bound_access_tokens_required"))
        return bool(client.wants_dpop(self.design, offered, demanded))

    def send_token(self) -> None:
        """Use the token, and see what the resource server makes of it."""
        self.goes_out("x")
        answer = self.scenario.answer
        failed = answer["status"] != 200
        self.require(conduct.request_is_granted(self.design, failed), answer.get("error", "") or "200 OK")


def _strings(value: Any) -> list[str]:
    """The strings of a JSON array; what is no array has none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _endpoint(url: str) -> str:
    return url.partition("?")[0]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host == "::1" or host.startswith("127.")
