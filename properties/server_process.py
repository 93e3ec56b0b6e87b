"""The authorization server and the resource servers as processes of ProVerif."""

from collections.abc import Iterator

from model import authorization_server as server_rules
from model import client as client_rules
from model import guards, readings, registration
from model import resource_server as resource_rules
from model.flow import Registration
from model.logic import Condition, Pick, all_of, any_of, no, same
from model.messages import (
    AuthorizationRequest,
    AuthorizationResponse,
    ClientAuthentication,
    Message,
    PushedRequest,
    ResourceRequest,
    TokenRequest,
    TokenResponse,
)
from model.token_flow import SERVERS_METHOD
from model.world import AUTHORIZATION_SERVER, NONE, RESOURCE_SERVER, Party, callback_at
from properties.process import EXPECTED, OTHER, REQUEST, SOME, WANTED, Names, Process, lines_of, typed
from properties.terms import either, equal, pick


class ServerProcess(Process):
    """What servers receive, check and answer."""

    def servers(self) -> Iterator[str]:
        """The AS takes pushed and other authorization requests and token requests, of users and of the attacker."""
        request = typed(" ".join(("redirect_uri state challenge dpop_jkt resource", *self.asks.values())))
        kept = "".join(f", {variable}" for variable in self.asks.values())
        browsers = [("visits(as)", "alice"), *([("net", "mallory")] if self.has else [])]
        if self.design.par != "off":
            more = self.received(AuthorizationRequest, ClientAuthentication)
            authenticating = {name: variable for name, variable in more.items() if name not in self.asks}
            before, functions = self.functions(more)
            told = {**REQUEST, **more, **functions}
            pushed = ", ".join((request, *(f"{variable}: bitstring" for variable in authenticating.values())))
            yield lines_of(
                "in(requests(as), (reply: channel, who: bitstring,",
                f"  ({typed('by credential assertion')}, {pushed})));",
                before,
                self.authenticated("par", PushedRequest, told, {"issuer": "as"}),
                self.registered(),
                self.checks(*guards.redirection(self.design, **self.registration())),
                self.drafts(AUTHORIZATION_SERVER, PushedRequest, told, {"issuer": "as"}, authenticates=False),
                "new request_uri: bitstring;",
                f"insert pushed(request_uri, by, redirect_uri, state, challenge, dpop_jkt, resource{kept});",
                "out(reply, request_uri)",
            )
            for at, user in browsers:
                yield lines_of(
                    f"in({at}, RequestByReference({typed('by request_uri')}));",
                    f"get pushed(=request_uri, =by, {request}) in",
                    self.issues(user, True),
                )
        for at, user in browsers:
            yield lines_of(f"in({at}, AuthorizationRequest(by: bitstring, {request}));", self.issues(user, False))
        yield self.redeems()

    def registration(self) -> Registration:
        """Whether a redirect URI is registered for a client_id: by a table, or by what the AS knows or looks up."""
        if self.design.reg == "dcr":
            return {"registered": True, "known": True}
        own = equal("redirect_uri", "callback_at(as)")
        elsewhere = all_of(equal("host_of(redirect_uri)", "client"), no(equal("redirect_uri", "callback")), no(own))
        redirect = Pick(
            {
                self.client.callback: equal("redirect_uri", "callback"),
                callback_at(self.client, self.server.url): own,
                callback_at(self.client, self.world.strangers[0].url): elsewhere,
                self.agent.callback: no(equal("host_of(redirect_uri)", "client")),
            }
        )
        by = pick("by", {self.client.url: "client_id", self.agent.url: "agent"}, OTHER)
        on_file = registration.is_on_file(self.c, self.server, self.design)
        return {
            "registered": registration.registered(self.c, self.server, by, redirect),
            "known": all_of(registration.is_known(self.c, by), on_file),
        }

    def registered(self) -> str:
        """Where clients register themselves, what they have registered."""
        return "get registered(=by, =redirect_uri) in" if self.design.reg == "dcr" else ""

    def resource(self, term: str) -> Pick:
        """A resource that somebody has named."""
        return pick(term, {NONE: "none", **self.known}, self.tools.url)

    def authenticated(self, endpoint: str, kind: type[Message], says: Names, held: Names) -> str:
        """What is left of the rules by which the AS authenticates who is at an endpoint; the rest as in drafts."""
        design, own = self.design, equal("by", "agent")
        said = ("issuer", "token_at", "called")
        issuer, token_at, called = (pick(each, {self.server.url: "as"}, OTHER) for each in said)
        signed, public = client_rules.signs_assertions(design), server_rules.is_public(design, design)
        return lines_of(
            f"let ({typed('subject issuer token_at called')}) = audience_of(assertion, pk(client_key)) in"
            if signed is True
            else "",
            self.checks(
                *guards.authentication(
                    design,
                    design,
                    endpoint=endpoint,
                    registered=True,
                    genuine=any_of(own, all_of(same(design.client_auth, "mtls"), equal("who", "itself(as, reply)"))),
                    secret=equal("credential", "client_secret"),
                    assertion=equal("subject", "by"),
                    certified=True,
                    named=client_rules.assertion_names(design, design, self.server.url, issuer, token_at, called),
                    anyhow=any_of(public, own),
                    chosen=own,
                    replaced=False,
                    attested=False,
                    made_at="",
                )
            ),
            self.drafts(AUTHORIZATION_SERVER, kind, says, held, authenticates=True),
            "if by = client_id && who <> itself(as, reply) then event client_authentication else"
            if self.event == "client_authentication" and public is False
            else "",
        )

    def issues(self, user: str, pushed: bool) -> str:
        """The AS answers an authorization request that is approved at the browser."""
        resource, users = self.resource("resource"), user == "alice"
        named = "as" if self.design.h_iss == "yes" else "none"
        request = {**REQUEST, **self.asks}
        said = ", ".join(["redirect_uri", "code", "state", named, *self.adds(AuthorizationResponse, request)])
        response = f"AuthorizationResponse({said})"
        sends = f"out({'visits(host_of(redirect_uri))' if users else 'net'}, {response})"
        if users and "code_leak" in self.has:
            sends = f"out(net, {response}) | {sends}"
        if users and self.event == "code_delivery":
            sends += " | in(net, =code); if by = client_id then event code_delivery"
        before, functions = ("", {}) if pushed else self.functions(self.asks)
        nothing = {name: "none" for name in request if name != "client_id"}
        says = {"client_id": "by", **nothing} if pushed else {**request, **functions}
        kept = "".join(f", {variable}" for variable in self.asks.values())
        return lines_of(
            "" if pushed else self.registered(),
            self.checks(
                *(() if pushed else guards.redirection(self.design, **self.registration())),
                *guards.authorization_request(
                    self.design,
                    pushed=pushed,
                    challenge=pick("challenge", {NONE: "none"}, SOME),
                    requested=resource,
                    listed=readings.serves(self.c, self.server, resource),
                    shown=True,
                    reused=False,
                    unasked=False,
                    within=True,
                    apart=False,
                ),
            ),
            self.drafts(AUTHORIZATION_SERVER, AuthorizationRequest, says, {"issuer": "as"}, before=before),
            f"new code: bitstring; insert codes(code, {user}, by, redirect_uri, state, challenge, dpop_jkt,"
            f" resource{kept});",
            f"( {sends} )",
        )

    def redeems(self) -> str:
        """The AS redeems codes for tokens."""
        design, made, resource = self.design, self.resource("wanted"), self.resource("resource")
        hashed, key = self.hashed(), "key" if self.asks_proofs else "none"
        matches, absent = equal("challenge", hashed), equal("challenge", "none")
        echo, honors = server_rules.echo(design, made, made), design.as_dpop == "honor" and self.asks_proofs
        other = all_of(echo.present, no(echo.has_requested))
        told = either(other, "default", either(echo.present, "wanted", "none"))
        default = either(server_rules.has_default_audience(design, made), "yes", "none")
        claims = f"{self.term(server_rules.bound_resource(design, WANTED))}, {default}, {key if honors else 'none'}"
        kind = either(equal("key", "none"), "bearer", "dpop_bound") if honors else "bearer"
        more = either(echo.has_more, "yes", "none")
        held = {**REQUEST, "redirect_uri": "code_redirect", "dpop_jkt": "code_jkt", "resource": "granted", **self.asks}
        added = self.received(ClientAuthentication, TokenRequest)
        before, functions = self.functions(added)
        told_by = {
            **{name: name for name in ("code", "redirect_uri", "resource")},
            "client_id": "by",
            "code_verifier": "hashed",
            "proof_key": key,
            **added,
            **functions,
        }
        known = {"issuer": "as", **{f"request.{name}": term for name, term in held.items()}}
        kept = "".join(f", {variable}" for variable in self.asks.values())
        said = "by credential assertion code redirect_uri verifier dpop_proof resource binding"
        # Redeemed elsewhere than by the session that started the flow, or by one where that was the attacker's request.
        strayed = """( let (first: bitstring, second: bitstring) = binding in
    let own = itself((as, state, challenge), reply) in
    if user = alice && by = client_id && first <> own && second <> own then
    let (=as, its_state: bitstring, sent: bitstring) = session_of(first, reply) in event flow_binding
    else get started(=state, =challenge) in event flow_binding ) |"""
        return lines_of(
            "in(requests(as), (reply: channel, who: bitstring,",
            f"  ({typed(' '.join((said, *added.values())))})));",
            f"get codes(=code, user, =by, code_redirect, state, challenge, code_jkt, granted{kept}) in",
            f"let ({typed('key method proof_url proof_token')}) = said(dpop_proof) in" if self.asks_proofs else "",
            "if key = none || (method = post && proof_url = as && proof_token = none) then" if self.asks_proofs else "",
            f"let hashed = if verifier = none then none else {hashed} in" if self.asked_of_messages else "",
            before,
            self.authenticated("token", TokenRequest, told_by, known),
            self.checks(
                *guards.code(
                    design,
                    code_client=EXPECTED,
                    client=EXPECTED,
                    code_redirect=EXPECTED,
                    redirect=pick("redirect_uri", {EXPECTED: "code_redirect"}, OTHER),
                    challenge=Pick({NONE: absent, EXPECTED: matches, OTHER: all_of(no(absent), no(matches))}),
                    verifier=pick("verifier", {NONE: "none"}, EXPECTED),
                    key=EXPECTED,
                    code_key=pick("code_jkt", {NONE: "none", EXPECTED: key}, OTHER) if self.asks_proofs else NONE,
                    reused=False,
                ),
                *guards.token_request(
                    design,
                    granted=NONE,
                    proven=no(equal("key", "none")) if self.asks_proofs else False,
                    promised=all_of(self.makes_proofs, equal("by", "client_id")),
                    requested=resource,
                    listed=readings.serves(self.c, self.server, resource),
                    elsewhere=False,
                ),
            ),
            self.drafts(AUTHORIZATION_SERVER, TokenRequest, told_by, known, authenticates=False),
            "let wanted = if resource = none then granted else resource in",
            f"new token_id: bitstring; let token = sign(AccessToken(token_id, user, by, {claims}), as_key) in",
            strayed if self.event == "flow_binding" else "",
            f"out(reply, ({', '.join(['token', kind, told, more, *self.adds(TokenResponse, held)])}))",
        )

    def serves(self, party: Party) -> str:
        """A resource server takes a request with a token, and answers with the user's data."""
        design, url, name = self.design, party.url, party.name
        by_key, of_token, here = equal("proof_key", "key"), equal("proof_token", "token"), equal("proof_url", name)
        fits: Condition = False
        if self.asks_proofs:
            made_for = pick("method", {SERVERS_METHOD: "post"}, "get")
            any_token = resource_rules.proof_fits_token(design, False, by_key)
            any_method = resource_rules.proof_fits_method(design, design.r_method, made_for)
            fits = all_of(by_key, any_of(of_token, any_token), any_method)
        misused = self.event == "token_confinement"
        return lines_of(
            f"in(calls({name}), (reply: channel, who: bitstring, (token: bitstring, dpop_proof: bitstring)));",
            f"let AccessToken(token_id: bitstring, =alice, =client_id, {typed('audience default_audience key')}) =",
            "  checked(token, pk(as_key)) in",
            f"let ({typed('proof_key method proof_url proof_token')}) = said(dpop_proof) in"
            if self.asks_proofs
            else "",
            self.checks(
                *guards.access_token(
                    design,
                    issuer=readings.issuer_at(self.c, url, self.server.url),
                    by_issuer=True,
                    signer_listed=False,
                    identifier=readings.published(self.c, url),
                    url=url,
                    audience=self.resource("audience"),
                    has_default=equal("default_audience", "yes"),
                    expired=False,
                    revoked=False,
                    sufficient=True,
                    key=pick("key", {NONE: "none"}, SOME),
                    own=equal("key", "none"),
                    for_this=all_of(fits, here),
                    for_another=all_of(fits, no(here)),
                    certificate=NONE,
                    presented=NONE,
                    used=False,
                    shown=False,
                    attested=False,
                    bare=self.asks_proofs and equal("proof_key", "none"),
                    typed=True,
                    self_contained=False,
                    named_by_token=False,
                    **guards.ORDINARY,
                )
            ),
            self.drafts(
                RESOURCE_SERVER,
                ResourceRequest,
                {
                    "url": name,
                    "access_token": "token",
                    "access_token.iss": "as",
                    "access_token.aud": "audience",
                    "access_token.cnf": "key",
                    "proof_key": "proof_key" if self.asks_proofs else "none",
                },
                {"url": name, "resource": self.published(name, party), "authorization_servers": "as"},
            ),
            f"if who <> itself({name}, reply) then event token_confinement else" if misused else "",
            "out(reply, data)",
        )
