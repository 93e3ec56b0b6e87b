"""The client as a process of ProVerif: from a resource to protected data, in any number of sessions."""

from collections.abc import Iterator

from model import client as client_rules
from model import conduct, guards, readings
from model.logic import all_of, any_of, choose, decided, no
from model.messages import (
    AuthorizationRequest,
    AuthorizationResponse,
    ClientAuthentication,
    ResourceMetadata,
    ServerMetadata,
    TokenRequest,
    TokenResponse,
)
from model.token_flow import SERVERS_METHOD
from model.world import CLIENT, NONE
from properties.process import (
    EXPECTED,
    ISSUER,
    MESSAGES,
    OTHER,
    REQUEST,
    RUNS,
    SERVER,
    SESSION,
    SOME,
    Names,
    Process,
    is_missing,
    lines_of,
    typed,
)
from properties.terms import either, equal, pick


class ClientProcess(Process):
    """The sessions of the client."""

    def clients(self) -> Iterator[str]:
        """A session of the client, from a resource to protected data: in the user's browser, or in the attacker's."""
        visited = " || ".join(f"url = {party.name}" for party in self.resources)
        visited += " || url = tools" if "mal_as" in self.has else ""
        chosen = "" if "mal_rs" in self.has else f"if {visited} then"
        yield lines_of("in(net, url: bitstring);", chosen, self.session("visits(authorization_at)", True))
        if self.has:
            yield lines_of("in(net, (url: bitstring, server: bitstring));", self.session("net", False))

    def session(self, browser: str, users: bool) -> str:
        """What the client does; ``browser``: where it sends the browser of the session."""
        design = self.design
        redirect = self.term(client_rules.redirect_uri(design, self.client, ISSUER, ISSUER))
        challenge = "none" if client_rules.challenge(design, SESSION, False) == NONE else self.hashed()
        verifier = "none" if challenge == "none" else "verifier"
        key = self.term(client_rules.possession_key(design.dpop_key, self.client.name, SESSION, ISSUER))
        jkt = f"pk({key})" if self.makes_proofs and design.dpop == "token+code" else "none"
        asked, requested = (
            either(client_rules.names_resource(design, each), "resource", "none") for each in ("authorization", "token")
        )
        request = f"redirect_uri, state, {challenge}, {jkt}, {asked}"
        more = self.requested(AuthorizationRequest)
        request = ", ".join((request, *more.values()))
        terms = ("id", "redirect_uri", "state", challenge, jkt, asked)
        held = self.remembered("alice" if users else "mallory", dict(zip(REQUEST, terms, strict=True)))
        sent = f"let request = AuthorizationRequest(id, {request}) in"
        if readings.pushes(design):
            authenticating = self.requested(AuthorizationRequest, ClientAuthentication)
            pushed = ", ".join((request, *(term for name, term in authenticating.items() if name not in more)))
            sent = f"""new sending: channel;
  ( if par_at = none then out(sending, AuthorizationRequest(id, {request})) else
    new pushing: channel;
    out(requests(par_at), (pushing, itself(par_at, pushing), (id, {self.credentials("par_at")}, {pushed})));
    in(pushing, request_uri: bitstring); out(sending, RequestByReference(id, request_uri))
  ) | in(sending, request: bitstring);"""
        registering = "let id = client_id in"
        if design.reg == "dcr":
            registering = """(if registration_at = as then insert registered(client_id, redirect_uri)) |
  in(net, id: bitstring); if id = client_id || registration_at <> as then"""
        answer = " ".join(("token token_type echoed more", *self.further("TokenResponse").values()))
        binding = "none"
        if self.event == "flow_binding":
            binding = ", ".join(f"itself((token_at, state, {each}), exchanging)" for each in (challenge, "none"))
            binding = f"({binding})"
        licence, place = "", "url"
        if client_rules.echo_is_no_licence(design, echoed_only=True).holds is True:
            place, named = "place", self.published("place", self.tools)
            licence = f"in(net, place: bitstring); if place = url || {named} = echoed then (* what the AS says *)"
        exchanged, called = (
            f"dpop({key}, {method}, {at}, {what})" if self.makes_proofs else "none"
            for method, at, what in (("post", "token_at", "none"), (self.method(), place, "token"))
        )
        token_request = "".join(f", {term}" for term in self.requested(ClientAuthentication, TokenRequest).values())
        again = client_rules.state_is_used_once(design, True).holds is True
        # Who has started a session or finished it has it.
        ends = "if finished = mallory then out(net, answer)" if self.confuses and self.has else "0"
        ends = f"if answer = data then event {RUNS}" if self.event == RUNS else ends if users else "out(net, answer)"
        return lines_of(
            "in(net, page: bitstring);",
            self.fetched("ResourceMetadata(resource: bitstring, listed: bitstring)", "page, url", "assumed"),
            self.document_rules(),
            "let server = listed in" if users else "",
            "if server = as then" if users and self.c.runs(self.stranger) is not True else "",
            "in(net, metadata: bitstring);",
            self.fetched(f"ServerMetadata({typed(MESSAGES['ServerMetadata'])})", "metadata, server", "unrecorded"),
            *self.metadata_rules(users),
            "new state: bitstring; new verifier: bitstring; new session_key: bitstring;",
            "new drawn: bitstring; new kept: bitstring;" if self.added else "",
            f"insert started(state, {challenge}); insert started(state, none);" if self.event == "flow_binding" else "",
            f"let redirect_uri = {redirect} in",
            registering,
            sent,
            f"out({browser}, request) |",
            "out(net, request) |" if "req_leak" in self.has else "",
            self.responded(users, again),
            self.response_rules(users, held),
            "new exchanging: channel;",
            f"out(requests(token_at), (exchanging, itself(token_at, exchanging), (id, {self.credentials('token_at')},",
            f"  code, redirect_uri, {verifier}, {exchanged}, {requested}, {binding}{token_request})));",
            f"in(exchanging, ({typed(answer)}));",
            self.token_rules("resource" in (asked, requested), {**held, "code": "code"}),
            licence,
            f"new calling: channel; ( out(calls({place}), (calling, itself({place}, calling), (token, {called})))",
            f"| (in(calling, answer: bitstring); {ends}) {self.misused(users)})",
        )

    def fetched(self, document: str, found: str, missing: str) -> str:
        """The client takes a document from where it should be, or finds that it is ``missing``."""
        if self.may_be_missing:
            return f"let ({document}, {missing}: bitstring) = found({found}) in"
        return f"let {document} = content({found}) in"

    def method(self) -> str:
        """The method of requests to resource servers."""
        return "post" if self.design.r_method == SERVERS_METHOD else "other_method"

    def responded(self, users: bool, again: bool) -> str:
        """The client takes a response from the browser of a session, and from others if it does not tell them apart."""
        said = " ".join(("arrived_at code returned iss", *self.further("AuthorizationResponse").values()))
        response = f"AuthorizationResponse({typed(said)})"
        own, other = ("visits(client)", "net") if users else ("net", "visits(client)")
        once = "! " if again else ""
        if not self.confuses:
            return f"{once}in({own}, {response});"
        return f"""new responding: channel;
  ( in({own}, response: bitstring); out(responding, ({"alice" if users else "mallory"}, response))
  | in({other}, {response}); if returned = state then
    out(responding, ({"mallory" if users else "alice"}, AuthorizationResponse({", ".join(said.split())})))
  ) | {once}in(responding, (finished: bitstring, {response}));"""

    def misused(self, users: bool) -> str:
        """In a user's session, or one that a user has finished, the client uses what somebody else has approved."""
        if self.event != "session_integrity" or not (users or self.confuses):
            return ""
        return f"""| let AccessToken(token_id: bitstring, =mallory, {typed("by audience default_audience bound")}) =
    checked(token, pk(as_key)) in
  if issuer = as{"" if users else " && finished = alice"} then event session_integrity"""

    def document_rules(self) -> str:
        """What is left of the rules about resource metadata."""
        named, term = decided(readings.published(self.c, self.tools.url)), self.published("url", self.tools)
        design, alone = self.design, client_rules.Standing(several=False, first=True, preferred=True)
        asked = [
            *guards.challenge(design, configured=True, plain_http=False, by_challenge=False, elsewhere=False),
            *guards.resource_metadata(
                design,
                resource=pick("resource", {named: term}, OTHER),
                url=self.tools.url,
                cached=False,
                misplaced=False,
                vouched_for=True,
                logged=True,
            ),
            *guards.listed_servers(design, chosen=alone),
        ]
        if self.asked_of_messages:  # which may ask whether something is there: a document without `resource` is none
            asked += guards.document(design, fits=no(equal("resource", "none")))
        goes_on = (one._replace(holds=guards.goes_on(design, one)) for one in asked)
        matches = next(one.holds for one in asked if one.rule.otherwise == "prm_mismatch")
        fits = any_of(design.prm_mismatch == "refuse", self.assumed, matches)
        return lines_of(
            self.checks(*goes_on, unless=self.assumed),
            self.drafts(
                CLIENT,
                ResourceMetadata,
                {"resource": "resource", "authorization_servers": "listed"},
                self.so_far("url"),
                self.assumed,
            ),
            "" if fits is True else f"let resource = {either(fits, 'resource', 'url')} in",
        )

    def metadata_rules(self, users: bool) -> Iterator[str]:
        """What is left of the rules about AS metadata, and of what a question forbids the attacker to name in it."""
        design, knows = self.design, self.client.knows
        server, issuer = (pick(each, {self.server.url: "as"}, OTHER) for each in ("server", "issuer"))
        guesses = self.unrecorded["victim" if users else "attacker"]
        missing = is_missing("unrecorded", guesses)
        yield self.checks(
            *guards.chosen_server(
                design,
                server=SERVER if users else pick("server", {SERVER: "listed"}, OTHER),
                listed=SERVER,
                found=readings.frameworks(self.c, server, knows),
            )
        )
        if (guessed := any_of(no(missing), guesses)) is not True:
            yield f"if {guessed} then (* endpoints are guessed *)"
        yield self.checks(conduct.url_is_well_formed(design, no(equal("issuer", "none"))))  # REQUIRED, RFC 8414 2
        yield self.checks(
            *guards.server_metadata(
                design,
                claimed=pick("issuer", {SERVER: "server"}, OTHER),
                server=SERVER,
                configured=False,
                attested=False,
                claims_listed=readings.frameworks(self.c, issuer, knows).on_list,
                elsewhere=False,
            ),
            unless=missing,
        )
        said = {
            "issuer": "issuer",
            "authorization_endpoint": "authorization_at",
            "token_endpoint": "token_at",
            "pushed_authorization_request_endpoint": "par_at",
            "registration_endpoint": "registration_at",
        }
        yield self.drafts(CLIENT, ServerMetadata, said, self.so_far("url", "resource", "listed"), missing)
        leads, takes = (pick(f"{name}_at", {ISSUER: "issuer"}, OTHER) for name in ("authorization", "token"))
        promised = equal("sends_iss", "yes")
        yield self.checks(
            *guards.authorization_endpoint(
                design, claimed=ISSUER, authorization_at=leads, advertised=promised, publishes=True, lists=True
            ),
            *guards.token_endpoint(design, claimed=ISSUER, token_at=takes),
            unless=missing,
        )
        found = []
        if design.splice != "free":
            found.append(equal("authorization_at", "server" if design.splice == "no" else "as"))
        if design.par_at != "free" and readings.pushes(design):
            found.append(equal("par_at", "server" if design.par_at == "own" else "as"))
        if found:
            yield f"if {any_of(equal('server', 'as'), all_of(*found))} then (* splice, par_at *)"

    def remembered(self, user: str, request: Names) -> Names:
        """What a session of a user's holds when a response arrives, its authorization ``request`` among it."""
        names = ("url", "resource", "listed", "issuer", "authorization_at", "token_at", "par_at")
        asked = {f"request.{name}": term for name, term in request.items()}
        also = {"metadata": "server", "authorization_servers": "listed", "browser": user}
        return {**{name: name for name in names}, **also, **({"drawn": "drawn"} if self.added else {}), **asked}

    def so_far(self, *names: str) -> Names:
        """What a session holds that holds no more than this yet."""
        later = dict.fromkeys(self.remembered("", REQUEST), "none")
        return {**later, **{name: name for name in names}}

    def response_rules(self, users: bool, held: Names) -> str:
        """What is left of the rules about authorization responses; ``held``: what the session remembers."""
        missing = is_missing("unrecorded", self.unrecorded["victim" if users else "attacker"])
        named = choose(missing, NONE, ISSUER)
        says = {"redirect_uri": "arrived_at", "code": "code", "state": "returned", "iss": "iss"}
        says |= {"browser": "finished" if self.confuses else held["browser"], **self.further("AuthorizationResponse")}
        return lines_of(
            self.drafts(CLIENT, AuthorizationResponse, says, held, missing),
            self.checks(
                *guards.authorization_response(
                    self.design,
                    session=SESSION,
                    other_browser=False,
                    returned=pick("returned", {SESSION: "state", NONE: "none"}, OTHER),
                    after_use=False,
                    arrived_at=pick("arrived_at", {EXPECTED: "redirect_uri"}, OTHER),
                    expected=EXPECTED,
                    iss=pick("iss", {ISSUER: "issuer", NONE: "none"}, OTHER),
                    issuer=client_rules.recorded_issuer(self.design, named, ISSUER),
                    advertised=equal("sends_iss", "yes"),
                )
            ),
        )

    def token_rules(self, named: bool, held: Names) -> str:
        """What is left of the rules about token responses.

        ``named``: the resource was, in a request or both; ``held``: what the session remembers.
        """
        says = {
            "access_token": "token",
            "token_type": "token_type",
            "resource": "echoed",
            **self.further("TokenResponse"),
        }
        echo = client_rules.Echo(
            no(equal("echoed", "none")), has_requested=equal("echoed", "resource"), has_more=equal("more", "yes")
        )
        maybe = pick("resource", {NONE: "none"}, SOME) if "none" in self.undocumented else SOME
        return lines_of(
            self.drafts(CLIENT, TokenResponse, says, held),
            self.checks(
                *guards.token_response(
                    self.design,
                    wanted=self.makes_proofs,
                    bound=equal("token_type", "dpop_bound"),
                    read=True,
                    requested=maybe if named else NONE,
                    echo=echo,
                )
            ),
        )

    def credentials(self, called: str) -> str:
        """The secret and the assertion that the client authenticates with at a host, each of them or none.

        Who registers has the secret from where the metadata of the issuer led it.
        """
        issuer = pick("registration_at" if self.design.reg == "dcr" else "issuer", {self.server.url: "as"}, OTHER)
        secret = either(client_rules.sends_secret(self.design, self.server.url, issuer), "client_secret", "none")
        signs = client_rules.signs_assertions(self.design) is True
        return f"{secret}, {f'sign(Assertion(id, issuer, token_at, {called}), client_key)' if signs else 'none'}"
