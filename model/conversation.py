"""A client in a conversation: what it does with the answers of a scenario, step by step, and why.

The client is a design, and every decision that may end the conversation is a rule, read with the values of the
scenario. The order of its steps is that of the flow (:func:`model.protocols.steps`); in each it asks of the message
what the flow does (:mod:`model.guards`), and what only conversations hold (:mod:`model.conduct`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from model import client, conduct, flow, guards, identifiers
from model.documents import Json, JsonObject
from model.federation import Frameworks
from model.logic import Value, decided
from model.part import PROOF, Part
from model.protocols import steps
from model.rule import Named, Rule
from model.scenario import Fetched, Scenario
from model.schemas import is_url
from model.turns import Turn, misdelivered, of
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
class Conversation:
    """How a conversation went: where it ended, which rule ended it (if one did), what was decided and sent.

    ``urls`` are the authorization requests as the browser gets them, without what differs from run to run; ``fetched``
    is where documents were looked for, each place once.
    """

    stage: Stage
    refused_by: Rule | None
    decisions: tuple[Decision, ...]
    sent: tuple[Turn, ...]
    urls: tuple[str, ...]
    fetched: tuple[str, ...] = ()

    @property
    def misdelivered(self) -> bool:
        """Whether a code was sent to another party than the one that issued it."""
        return misdelivered(self.sent)


def converse(design: Mapping[str, str], scenario: Scenario, without: Collection[str] = ()) -> Conversation:
    """What a client of this design does in a scenario; ``without`` names rules that it does not obey."""
    walk = Walk(design, scenario, frozenset(without))
    try:
        walk.run()
    except identifiers.MalformedURLError as error:
        rule = conduct.url_is_well_formed(design, False).rule
        walk.decisions.append(Decision(rule, False, str(error), walk.step))
        return walk.ended(walk.stage, rule)
    except RefusedError:
        return walk.ended(walk.stage, walk.decisions[-1].rule)
    return walk.ended("A", None)


class RefusedError(Exception):
    """The last decision ended the conversation."""


@dataclass(frozen=True, slots=True)
class _Resource:
    """What discovery found about a resource; nothing is documented where there was no metadata.

    ``at`` is where its document was; ``servers``: the AS that it lists, in the order in which the client turns to them.
    """

    documented: str = NONE
    at: str = ""
    body: JsonObject = field(default_factory=dict)
    servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Server:
    """An AS as the client sees it: as listed (or only assumed), its metadata if there is any, where users are sent."""

    listed: str
    assumed: bool
    found: JsonObject | None
    authorization_at: str

    @property
    def metadata(self) -> JsonObject:
        """Its metadata, which may say nothing."""
        return self.found or {}

    @property
    def issuer(self) -> str:
        """The issuer that its metadata names, and that is recorded for a request."""
        return str(self.metadata.get("issuer", NONE))

    @property
    def claimed(self) -> str:
        """The issuer that it is taken to be."""
        return self.listed if self.issuer == NONE else self.issuer


class Walk:
    """One conversation while it lasts: what the client found, was given and sent so far."""

    #: The parties that are the attacker's.
    attackers: tuple[str, ...] = ("evil",)

    def __init__(self, design: Json, scenario: Scenario, without: frozenset[str]) -> None:
        self.design = design
        self.scenario = scenario
        self.without = without
        self.step = ""
        self.stage: Stage = "d"
        self.decisions: list[Decision] = []
        self.sent: list[Turn] = []
        self.urls: list[str] = []
        self.fetched: dict[str, None] = {}
        self.registered: set[str] = set()
        self.named = ""
        self.resource = _Resource()
        self.server = _Server(NONE, False, None, NONE)
        self.asked: dict[str, str] = {}
        self.scheme = "Bearer"
        self.renewable = self.renews = False

    # --- deciding ------------------------------------------------------------------------------------------

    def take(self, *asked: Named | Iterable[Named], **about: Value) -> bool:
        """Go on only if rules agree, or (False) if the client does without what it asked; ``about``: of what it did."""
        said = ", ".join(f"{name} {str(value) or NONE}" for name, value in about.items())
        rules = chain.from_iterable((one,) if isinstance(one, Named) else one for one in asked)
        agree = [self._decide(condition, said) for condition in rules]
        return all(agree)

    def _decide(self, condition: Named, about: str) -> bool:
        rule = condition.rule
        holds = bool(condition.holds) or rule.name in self.without
        self.decisions.append(Decision(rule, holds, about, self.step))
        if not holds and not guards.goes_on(self.design, condition):
            raise RefusedError
        return holds

    def fetch(self, url: str) -> Fetched:
        """What is at a URL, if its server takes the connection."""
        self.asks("document", url)
        answer = self.scenario.fetch(url)
        if answer is not None:  # what takes no connection sees no request
            self.fetched[url] = None
        self.take(conduct.party_is_reachable(self.design, answer is not None), url=url)
        return answer or Fetched()

    def asks(self, request: str, url: str, resource: str = NONE, *what: Part) -> None:
        """A request goes out, and what the scenario says of its answer is read after this: a document, or what
        :mod:`model.turns` calls it."""
        if request != "document":
            named = () if resource == NONE else (resource,)
            self.sent.append(Turn(request, self.scenario.party(url), "", named, what))

    def ended(self, stage: Stage, refused_by: Rule | None) -> Conversation:
        """The conversation, now that it is over."""
        made = tuple(self.decisions), tuple(self.sent), tuple(self.urls), tuple(self.fetched)
        return Conversation(stage, refused_by, *made)

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
        order = steps("client")
        for step in order[order.index(start) : order.index(end) if end else None]:
            take = getattr(self, step, None)
            if take is not None:
                self.step = step
                take()

    def call_again(self, later: Scenario) -> None:
        """The client calls again and is refused what it had before."""
        design, answer, before = self.design, later.answer, self.server
        # Whatever is done about it is answered as in the first call.
        self.scenario = replace(later, answer=self.scenario.answer)
        if answer.get("error") == "insufficient_scope":
            self.step = "step_up"
            self.take(client.scope_is_stepped_up(design), error="insufficient_scope")
            self.follow("send_authorization_request")
            return
        self.take(guards.challenge_to_token(design, discovers=False), status=str(answer["status"]))
        if design.rechallenge == "retry":
            self.follow("send_token")
            return
        if design.rechallenge == "discover":
            self.follow("request_resource", "send_authorization_request")
        refreshes = design.rechallenge_grant == "refresh" and self.renewable
        stays = client.refresh_token_stays_with_issuer(design, self.server.claimed == before.claimed)
        self.renews = refreshes and bool(stays.holds)
        self.follow("redeem_code" if self.renews else "send_authorization_request")

    # --- discovery -----------------------------------------------------------------------------------------

    def request_resource(self) -> None:
        """The client calls and is challenged; some read in the challenge where the metadata is."""
        challenge = self.scenario.challenge
        reads = self.design.prm != "off" and self.design.prm_src == "challenge"
        heard = reads and conduct.reads_challenge(self.design, challenge.get("scheme", ""))
        self.named = challenge.get("resource_metadata", "") if heard else ""

    def use_resource_metadata(self) -> None:
        """The metadata of the resource, as the client reads it; nothing where it finds none."""
        design, url, named = self.design, self.scenario.url, self.named
        near = self.take(
            guards.challenge(
                design,
                configured=True,
                plain_http=urlsplit(url).scheme == "http" and not _is_loopback(url),
                by_challenge=False,
                elsewhere=is_url(named) and not identifiers.same_origin(named, url),
            ),
            conduct.url_is_well_formed(design, named == "" or is_url(named)),
            url=url,
            location=named,
        )
        locations = [] if design.prm == "off" else conduct.document_locations(design, url, named)
        at, body = self.find_document(locations if near else locations[1:])
        self.resource = _Resource()
        if body is not None:
            said = conduct.spelled(design, str(body.get("resource", NONE)))
            self.resource = _Resource(said, at, body)
            if design.resource_when == "before":
                self.judge_resource()
            self.resource = replace(self.resource, servers=self.in_order(body.get("authorization_servers", ())))

    def judge_resource(self) -> None:
        """The document is for the resource that the client calls, or the client does without what it says of that."""
        design, url, said = self.design, self.scenario.url, self.resource.documented
        matches = self.take(
            conduct.resource_has_no_fragment(design, "#" in said),
            guards.resource_metadata(
                design,
                resource=said,
                url=url,
                cached=False,
                misplaced=not _belongs_at(said, self.resource.at),
                vouched_for=False,
                logged=False,  # nobody attests or logs what a scenario serves
            ),
            resource=said,
            url=url,
        )
        if not matches:
            self.resource = replace(self.resource, documented=conduct.spelled(design, url))

    def in_order(self, listed: Sequence[str]) -> tuple[str, ...]:
        """The AS that the resource lists, that of the client's choice first; a user takes whichever is offered."""
        standing = client.standing([issuer in self.scenario.known_servers for issuer in listed])

        def rules(place: int) -> Iterator[Named]:
            return guards.listed_servers(self.design, chosen=standing[place])

        places = sorted(range(len(listed)), key=lambda place: all(rule.holds for rule in rules(place)), reverse=True)
        for rule in rules(places[0]) if places else ():
            self._decide(rule, f"servers {' '.join(listed)}")
        return tuple(listed[place] for place in places)

    def find_document(self, locations: Iterable[str]) -> tuple[str, JsonObject | None]:
        """The first metadata document of the resource that the client can use, and where it was; or nothing."""
        failed_at = ""
        for at in locations:
            answer = self.fetch(at)
            if not self.take(guards.redirect(self.design, redirected=bool(answer.location)), at=at):
                continue
            if answer.location:
                answer = self.fetch(answer.location)
            failed, fits = answer.status not in (200, 404), conduct.resource_metadata_fits(self.design, answer.body)
            if failed:
                failed_at = at
                if self.design.prm_after_error == "stop":
                    break
            elif answer.status == 200 and self.take(guards.document(self.design, fits=fits), at=at):
                return at, answer.body
        self.take(guards.answer(self.design, failed=bool(failed_at)), at=failed_at)
        return "", None

    def is_the_server_before(self) -> None:
        """Discovery that was repeated has led to the AS from before."""
        before, servers = self.server.listed, self.resource.servers
        changed = before != NONE and bool(servers) and servers[0] != before
        self.take(guards.discovery_again(self.design, changed=changed), before=before)

    def use_server_metadata(self) -> None:
        """The AS that the client goes to, ready for authorization requests."""
        design = self.design
        chosen, assumed, found = self.discover_server()
        at = self.endpoint("authorization", chosen, assumed, found)
        self.server = server = _Server(chosen, assumed, found, at)
        protected = server.metadata.get("protected_resources")
        self.take(
            guards.authorization_endpoint(
                design,
                claimed=server.claimed,
                authorization_at=at,
                advertised=conduct.advertises_iss(design, server.metadata),
                publishes=protected is not None,
                lists=self.resource.documented in _strings(protected),
            ),
            claimed=server.claimed,
            authorization_at=at,
        )
        if design.pkce_when == "before":
            self.require_support(found)
        self.register(server)
        if design.pkce_when == "after":
            self.require_support(found)

    def discover_server(self) -> tuple[str, bool, JsonObject | None]:
        """The AS that the client goes to, whether that is only assumed, and its metadata, if there is any."""
        design, servers = self.design, self.resource.servers
        self.take(guards.listing(design, listed=bool(servers)), servers=" ".join(servers))
        chosen, assumed, found = self.choose_server(servers)
        if self.resource.at and design.resource_when == "after":
            self.judge_resource()
        self.is_the_server_before()
        return chosen, assumed, found

    def choose_server(self, listed: Sequence[str]) -> tuple[str, bool, JsonObject | None]:
        """The AS among those listed that the client goes to, or the one that it assumes."""
        failover = self.design.as_failover
        for chosen in listed[: None if failover == "yes" else 1]:
            found = self.ask_server(chosen, False)
            if found is not None or (chosen == listed[-1] and failover != "resource") or failover == "no":
                return chosen, False, found
        chosen = conduct.assumed_issuer(self.design, self.scenario.url)
        return chosen, True, self.ask_server(chosen, True)

    def ask_server(self, issuer: str, assumed: bool) -> JsonObject | None:
        """The metadata of an AS that the client trusts as far as it has to."""
        known = issuer in self.scenario.known_servers
        asked = guards.chosen_server(self.design, server=issuer, listed=issuer, found=Frameworks(known, known))
        self.take(asked, server=issuer)
        return self.server_metadata(issuer, assumed)

    def server_metadata(self, issuer: str, assumed: bool = False) -> JsonObject | None:
        """The metadata of an issuer, if there is any and the client may use it."""
        for at, expected in conduct.metadata_locations(self.design, issuer, assumed):
            answer = self.fetch(at)
            fits = conduct.server_metadata_fits(self.design, answer.body)
            if answer.status == 200 and self.take(guards.server_document(self.design, fits=fits), at=at):
                claimed = str(answer.body.get("issuer", NONE))
                asked = guards.server_metadata(
                    self.design,
                    claimed=claimed,
                    server=expected,
                    configured=False,
                    attested=False,
                    claims_listed=claimed in self.scenario.known_servers,
                    elsewhere=False,
                )
                self.take(asked, claimed=claimed, server=expected)
                return answer.body
        return None

    def require_support(self, metadata: JsonObject | None) -> None:
        """What the metadata says about response types and PKCE; where there is none, nothing is said."""
        said = {} if metadata is None else metadata
        types, methods = said.get("response_types_supported"), said.get("code_challenge_methods_supported")
        offered = metadata is None or "S256" in _strings(methods)
        self.take(
            conduct.response_type_is_offered(self.design, metadata is None or "code" in _strings(types)),
            guards.support(self.design, lists_any=methods is not None, offered=offered),
            response_types=str(types),
            methods=str(methods),
        )

    def endpoint(self, name: str, server: str, assumed: bool, metadata: JsonObject | None) -> str:
        """The URL of an endpoint that the client is about to use."""
        url = conduct.endpoint(self.design, name, metadata, server, self.scenario.url, assumed)
        known, well_formed = guards.endpoint(self.design, known=url != NONE), is_url(url)
        self.take(known, conduct.url_is_well_formed(self.design, well_formed), server=server, endpoint=name, url=url)
        return url

    def register(self, server: _Server) -> None:
        """Get a client_id at the AS, unless the client has one there."""
        design, metadata = self.design, server.found
        key = server.listed if design.cred_pin == "on" else "any"
        if key in self.registered or design.reg == "static":
            return
        self.registered.add(key)
        offered = bool(server.metadata.get("client_id_metadata_document_supported"))
        if not client.registers(design, offered):
            self.take(guards.registration(design, granted=offered), server=server.listed)
            return
        if design.registration_at == "issuer" and metadata is not None:
            metadata = self.server_metadata(server.issuer)
            self.take(guards.endpoint(design, known=metadata is not None), issuer=server.issuer)
        at = conduct.endpoint(design, "registration", metadata, server.listed, self.scenario.url, server.assumed)
        if at != NONE:  # metadata need not name one (RFC 8414 2): without it there is no client_id to be had
            self.take(conduct.url_is_well_formed(design, is_url(at)), url=at)
            self.asks("register", at)
        self.take(guards.registration(design, granted=_endpoint(at) in self.scenario.endpoints), at=at)

    # --- authorization and token -----------------------------------------------------------------------------

    def named_resource(self, request: str = "") -> str:
        """The `resource` of the authorization or token request, or of whichever of them names one."""
        return conduct.requested_resource(self.design, self.resource.documented, self.scenario.url, request)

    def send_authorization_request(self) -> None:
        """Send the user to the AS."""
        design, scenario, at = self.design, self.scenario, self.server.authorization_at
        resource = self.named_resource("authorization")
        supported = " ".join(_strings(self.resource.body.get("scopes_supported")))
        # The author of the client knows what a task needs; no scenario does.
        scopes = client.scope_asked(design, scenario.challenge.get("scope") or NONE, supported or NONE, NONE)
        self.asked = {"response_type": "code"}
        if scopes != NONE:
            self.asked["scope"] = decided(scopes)
        if resource != NONE:
            self.asked["resource"] = resource
        self.urls.append(conduct.authorization_url(design, at, self.asked))
        self.goes_out("a")
        self.asks("authorize", at, resource)

    def accept_authorization_response(self) -> None:
        """Judge what comes back, if anything does."""
        design, server, response = self.design, self.server, self.scenario.authorization_response
        refused = "error" in response and all(name in self.asked for name in response.get("refuses", ()))
        # Who asks for no response_type is refused (RFC 6749 3.1.1), but for an attacker's AS, which takes any request.
        legible = "response_type" in parse_qs(urlsplit(self.urls[-1]).query)
        taken = legible or of(self.sent, "authorize")[-1].to in self.attackers
        answers = taken and _endpoint(server.authorization_at) in self.scenario.endpoints
        iss = self.scenario.iss.get(identifiers.origin(server.authorization_at), NONE)
        issuer = client.recorded_issuer(design, server.issuer, server.listed)
        returned = {"returned": "own", "other": "other", "missing": NONE}[response["state"]]
        ends = refused and not client.goes_on_after_error(design)
        self.take(conduct.request_is_granted(design, ends or not answers), error=response.get("error", NONE))
        if design.callback_discovery == "repeated":
            self.named = ""
            self.use_resource_metadata()
            if self.resource.servers:
                self.discover_server()
        asked = guards.authorization_response(
            design,
            session="own",
            other_browser=False,
            returned=returned,
            after_use=False,
            arrived_at=NONE,
            expected=NONE,
            iss=iss,
            issuer=issuer,
            advertised=conduct.advertises_iss(design, server.metadata),
        )
        self.take(flow.believed(design, refused, asked), state=returned, iss=iss, issuer=issuer)

    def redeem_code(self) -> None:
        """Ask for a token, for the code or a refresh token, and judge the response."""
        design, server = self.design, self.server
        at = self.endpoint("token", server.listed, server.assumed, server.found)
        self.take(
            guards.token_endpoint(design, claimed=server.claimed, token_at=at), claimed=server.claimed, token_at=at
        )
        offered = "dpop_signing_alg_values_supported" in server.metadata
        demanded = bool(self.resource.body.get("dpop_bound_access_tokens_required"))
        wanted = bool(client.wants_dpop(design, offered, demanded))
        party, asked = self.scenario.party(at), self.named_resource()
        self.goes_out("t")
        self.asks("token", at, self.named_resource("token"), *([PROOF] if wanted else []))
        response = self.scenario.token_response
        self.renewable = "refresh_token" in response
        # A server that does not know the grant issues no token; the attacker's AS takes any code.
        knows = self.renews or party in (of(self.sent, "authorize")[-1].to, *self.attackers)
        answers = _endpoint(at) in self.scenario.endpoints
        kind, echo = response.get("token_type", "Bearer"), response.get("resource", [])
        known = kind.lower() if isinstance(kind, str) else ""
        bound, named = known == "dpop", [echo] if isinstance(echo, str) else _strings(echo)
        confirmed = [name for name in named if identifiers.equal_normalized(name, asked)]
        said = client.Echo(bool(named), has_requested=bool(confirmed), has_more=len(named) > len(confirmed))
        self.take(
            conduct.request_is_granted(design, "error" in response or not answers or not knows),
            conduct.token_type_is_present(design, "token_type" in response),
            conduct.token_type_is_known(design, isinstance(kind, str), known in ("bearer", "dpop")),
            conduct.token_type_was_asked_for(design, bound and not wanted),
            guards.token_response(design, wanted=wanted, bound=bound, read=True, requested=asked, echo=said),
            error=str(response.get("error", NONE)),
            token_type=str(kind),
            requested=asked,
            resource=" ".join(named) or NONE,
        )
        self.scheme = "DPoP" if conduct.presents_dpop(design, wanted, bound) else "Bearer"

    def send_token(self) -> None:
        """Use the token, and see what the resource server makes of it."""
        self.goes_out("x")
        self.asks("call", self.scenario.url, NONE, Part("scheme", self.scheme))
        status = self.scenario.answer["status"]
        self.take(conduct.request_is_granted(self.design, status != 200), status=str(status))


def _strings(value: Json) -> list[str]:
    """The strings of a JSON array; what is no array has none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _endpoint(url: str) -> str:
    return url.partition("?")[0]


def _belongs_at(resource: str, at: str) -> bool:
    try:
        return identifiers.well_known_protected_resource(resource) == at
    except identifiers.MalformedURLError:
        return False


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host == "::1" or host.startswith("127.")
