"""The switches of the design space, each with its values, its baseline and where it comes from.

A switch says what is *checked* or *done*, never what it is meant to achieve. ``mechanism`` switches are what
a specification or an implementer chooses; ``environment`` switches are what the deployment happens to be and
are quantified over when a design is judged. ``conduct`` switches are what implementations do where the
specifications leave it open or something goes wrong; they matter in conversations with real parties
(:mod:`model.conversation`), and no bounded world, and so no verdict, reads them. ``serving`` switches are the same of
resource servers that are driven (:mod:`model.serving`). A row has name, values, whose it is, meaning and source. To add a switch: add a row here, then
read it in a rule.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from model.errors import InputError, hint

ROLES = ("client", "authorization_server", "resource_server", "proxy", "sub_agent")
EVERYBODY = "everybody"

Kind = Literal["mechanism", "environment", "conduct", "serving", "restriction"]


class ConfigurationError(InputError):
    """A configuration string that cannot be read; the message names the culprit and what is allowed."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One dimension of the design space.

    Attributes:
        values: the baseline first.
        source: the section that the switch takes up.
        of: whose it is (who decides it first): roles, or somebody who is none of a world's parties.
    """

    name: str
    values: tuple[str, ...]
    kind: Kind
    meaning: str
    source: str
    of: tuple[str, ...]

    @property
    def owner(self) -> str:
        """Who decides it, and adopts what changes it."""
        return self.of[0]

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles whose parties can have it for themselves (``as2:h_iss=no``); the others are about everybody."""
        return tuple(role for role in ROLES if role in self.of) if self.in_worlds else ()

    @property
    def baseline(self) -> str:
        """The value that an unlisted switch has."""
        return self.values[0]

    @property
    def in_worlds(self) -> bool:
        """Whether a bounded world, and so a verdict, may depend on it."""
        return self.kind != "serving" and (self.kind != "conduct" or self.name in _CONDUCT_IN_WORLDS)


_MECHANISMS = (
    ("protocol", "oauth aauth", "everybody", "which protocol the parties run", "RFC 6749; draft-hardt-oauth-aauth-protocol"),
    # discovery
    ("prm", "exact off unchecked prefix prefix_str prefix_sdk_ts prefix_sdk_py prefix_sdk_py_old same_path same_href origin", "client",
     "how the `resource` of a metadata document must relate to the URL asked for; off: configured before run time; "
     "same_path: alike but for query, fragment and userinfo; same_href: alike once both are parsed and written again",
     "RFC 9728 3.3; rfc9728bis 4.2-4.3; deployed MCP clients"),
    ("norm", "strict decode_all decode_first", "client",
     "what prefix matching does to percent-escapes: unreserved only; all, after dot segments; all, before them",
     "rfc9728bis 4.3; RFC 3986 6.2.2"),
    ("prm_url", "any same_origin of_resource", "client",
     "where a challenge's resource_metadata may point: anywhere; to the origin of the resource; where the document belongs by the "
     "`resource` that it names", "RFC 9728 3, 5.1 (no rule)"),
    ("prm_drop", "any one", "client", "how many path segments a `resource` that is matched as a prefix may leave out", "rfc9728bis 4.3 (no rule)"),
    ("prm_cache", "fresh stale", "client", "whether a cached metadata document may outlive a change", "RFC 9728 7.10"),
    ("prm_src", "challenge wellknown", "client", "where the client finds the metadata document", "RFC 9728 3, 5"),
    ("rs_scheme_check", "on off", "client", "whether the client insists on https resource URLs", "RFC 9728 2, 7.1"),
    ("signed_metadata", "off self anchored_opt anchored_req", "client",
     "signature on resource metadata: none; key from the same origin; anchored but optional; anchored and required",
     "RFC 9728 2.2, 3.3"),
    ("signed_values", "signed plain", "client", "where metadata is signed and says the same beside it: the signed values are used; those beside them",
     "RFC 9728 2.2; RFC 8414 2.1"),
    ("prm_log", "off required", "client", "resource metadata is used only if a public log holds what it says of resource and AS",
     "RFC 9162 (Certificate Transparency, after which it is made; no draft)"),
    ("xcheck", "off on if_listed", "client", "the AS publishes its protected resources and the client compares; if_listed: where it publishes any", "RFC 9728 4, 7.6"),
    # which authorization server
    ("chain_constraints", "both names types off", "client resource_server authorization_server",
     "which constraints of a federation chain are enforced: whom an intermediate may speak for, and as what an entity is enrolled",
     "OpenID Federation 1.0 6.2.2, 6.2.3"),
    ("as_choice", "first only known user", "client",
     "to which of several AS that a resource lists the client goes: the first; to none, only a list of one will do; the first that it knows, else the first; "
     "the one that the user picks, who if vigilant has an account there",
     "RFC 9728 2, 7.6 (no rule); deployed MCP clients"),
    ("as_trust", "any allowlist federation", "client authorization_server", "which authorization servers the client accepts, and which access servers a person server does", "RFC 9728 7.6; OpenID Federation 1.0 10"),
    ("md_issuer_check", "on off slash href origin listed", "client",
     "AS metadata is used only if its issuer is the one it was fetched for; slash: but for one final slash; href: once both are parsed and written again; origin: only their origins are compared; "
     "listed: any issuer that the client lists will do",
     "RFC 8414 3.3"),
    ("as_endpoints", "metadata card", "client",
     "where the client has the endpoints of an AS from: the metadata of that, which names an issuer; the document of the resource, as the card of an agent, which names none",
     "RFC 8414 2; A2A protocol 1.0 4.5.4, 4.5.8"),
    ("architecture", "no_page bff mediated browser", "client",
     "what of the client is a page in the user's browser: nothing; one whose backend calls resources for it (BFF); one that calls them with tokens that a backend gets (token-mediating backend); all of it",
     "RFC 10017 6.1 to 6.3"),
    ("as_signed_metadata", "off anchored", "client", "AS metadata is used only if an attester that the client accepts has signed it", "RFC 8414 2.1"),
    ("md_corroborate", "none authz_endpoint unless_iss token_endpoint", "client",
     "an endpoint is corroborated inside the same document: authorization (unless the AS says it sends iss) or token endpoint",
     "RFC 9700 4.4.2; deployed MCP clients"),
    ("rs_as_bind", "on off", "client", "a token is used at a resource only if that resource designates its AS", "RFC 9728 2, 7.6"),
    # authorization request and response
    ("iss_check", "advertised off if_present require", "client", "what the client does with iss in the authorization response", "RFC 9207 2.4"),
    ("per_as_redirect", "off on", "client", "one redirect URI for each authorization server", "RFC 9700 4.4.2.2"),
    ("as_memory", "session redirect_uri", "client", "where the client remembers which AS a session went to", "RFC 9700 4.4.2; draft-ietf-oauth-security-topics-update 2.2"),
    ("state_single_use", "yes no", "client", "a state value is accepted once", "RFC 9700 4.2, 4.7"),
    ("state", "checked off if_present", "client", "whether state in a response is compared with that of the session; if_present: unless the response has none; in whose browser it may arrive, callback_bind says", "RFC 6749 10.12"),
    ("callback_bind", "on off", "client proxy", "the browser that finishes the flow is the one that started it, by other means than state", "draft-ietf-oauth-security-topics-update 2.3.2"),
    ("after_error", "stop client_credentials", "client",
     "what the client does when the authorization response is an error: ends the flow; gets a token for itself, by its own credentials", "RFC 6749 4.1.2.1, 4.4; deployed clients"),
    ("error_checks", "on off", "client", "of an authorization response that is an error the client asks what it asks of others (state, iss, redirect URI); nothing",
     "RFC 9207 2, 2.4; MCP authorization 2026-07-28"),
    ("pkce", "s256 off plain", "client", "what challenge the client sends", "RFC 7636 4"),
    ("pkce_as", "required lax downgrade_safe off if_present", "authorization_server",
     "AS: demand a challenge; ignore a surplus verifier; refuse a verifier without a challenge; compare nothing; compare only "
     "a verifier that is there", "RFC 9700 2.1.1, 4.8"),
    ("pkce_policy", "always metadata", "client", "whether the client drops PKCE when the metadata does not offer it", "RFC 9700 4.8"),
    ("par", "off on required", "authorization_server client", "pushed authorization requests: unused; used where offered; the only ones accepted", "RFC 9126"),
    ("request_uri_once", "yes no", "authorization_server", "AS: a pushed request is used once", "RFC 9126 4"),
    ("code_reuse", "refuse revoke accept", "authorization_server proxy",
     "AS: when a code that was redeemed is redeemed once more, by a request that would be in order: refuses it; and revokes what came of the first; answers it as the first",
     "RFC 6749 4.1.2; RFC 9700 4.2.4; draft-ietf-oauth-v2-1 4.1.3 (source of 2026-05-04)"),
    ("as_redirect_status", "303 307", "authorization_server", "the status with which the AS sends the browser back", "RFC 9700 4.12"),
    # client identity and authentication
    ("reg", "cimd dcr dcr_ss static federation", "authorization_server client proxy", "where the client_id comes from", "draft-ietf-oauth-client-id-metadata-document; RFC 7591"),
    ("cimd_docs", "single per_as", "client", "one client metadata document, or one for each AS", "draft-ietf-oauth-client-id-metadata-document (no rule)"),
    ("cimd_redirect", "any same_origin loopback", "authorization_server client proxy", "redirect URIs a client metadata document may list", "draft-ietf-oauth-client-id-metadata-document 9.1"),
    ("cimd_redirect_check", "on off prefix pattern", "authorization_server proxy",
     "AS: the redirect URI is one that is registered for the client, in its document or otherwise; prefix: it begins with one; pattern: it is on the host of one",
     "draft-ietf-oauth-client-id-metadata-document-03 4.2; RFC 9700 4.1"),
    ("cimd_fetch", "strict follow", "authorization_server proxy", "AS: follow redirects when fetching a client metadata document", "draft-ietf-oauth-client-id-metadata-document 5"),
    ("cimd_cache", "fresh stale", "authorization_server proxy", "AS: a cached client metadata document outlives a key change", "draft-ietf-oauth-client-id-metadata-document 5.2"),
    ("consent_pin", "on off", "authorization_server", "AS: remembered consent holds only while the client's metadata is unchanged", "draft-ietf-oauth-client-id-metadata-document 9.4"),
    ("proximity", "off on", "authorization_server", "AS: whether it looks if the code of a device is entered near that device", "draft-ietf-oauth-cross-device-security 6.1.1"),
    ("consent_ui", "name redirect_host client_id_host", "authorization_server proxy", "what the consent page shows of the client", "draft-ietf-oauth-client-id-metadata-document 9.5; MCP authorization 2026-07-28"),
    ("as_client_policy", "open allowlist", "authorization_server proxy", "AS: which client metadata domains are accepted", "draft-ietf-oauth-client-id-metadata-document 9.9"),
    ("ss_binds", "name name+redirect name+jwks", "authorization_server proxy", "what a software statement binds", "RFC 7591 2.3"),
    ("reg_again", "yes no", "client", "the client registers again where an AS has forgotten it", "RFC 6749 5.2 (invalid_client; no rule)"),
    ("unique_cid", "off on pair", "client",
     "the client refuses a client_id that it already has elsewhere; pair: one that it has elsewhere at the same token endpoint",
     "draft-ietf-oauth-security-topics-update-02 2.1.2.3"),
    ("client_auth", "none secret pkjwt mtls attest", "client", "how the client authenticates", "RFC 6749 2.3; RFC 7523; RFC 8705"),
    ("auth_methods", "one also_none", "client",
     "the methods that the client's metadata document lists: that by which it authenticates; `none` as well, for AS that support no other",
     "draft-ietf-oauth-client-id-metadata-document-03 6"),
    ("auth_accepted", "any signed attest", "authorization_server proxy",
     "AS: how clients may authenticate: as they have registered; by private_key_jwt or mutual TLS alone; by an attestation alone",
     "FAPI 2.0 Security Profile, AS general; draft-mcguinness-oauth-agent-software-attestation 4"),
    ("attesters", "endorsed accepted configured", "authorization_server proxy",
     "AS: whose attestations of a client it takes: of attesters that it accepts and that the client's metadata endorses; of any that it accepts; "
     "of those that it has configured for the client",
     "draft-mcguinness-oauth-client-attesters-00 2.1; draft-ietf-oauth-attestation-based-client-auth-11 10.8; "
     "draft-mcguinness-oauth-agent-software-attestation 4"),
    ("attestation_shown", "no yes", "client", "the client is attested, and shows that to resource servers, with a proof for the resource",
     "draft-ietf-oauth-attestation-based-client-auth-11 5.1, 7.6"),
    ("rs_attestation", "off any own client", "resource_server",
     "RS: the attestation that it asks for beside a token: none; one of a client whose attester it knows, with a proof for whomever; "
     "with a proof for this resource; of the client, besides, that the token was issued to",
     "draft-ietf-oauth-attestation-based-client-auth-11 5.1, 7.2, 7.6; client: no rule"),
    ("attestation_replay", "none jti", "resource_server", "RS: it takes the proof beside an attestation again; each once",
     "draft-ietf-oauth-attestation-based-client-auth-11 12.1"),
    ("assertion_by", "client platform", "client", "who signs the assertion that the client authenticates by: itself; the platform that it runs on",
     "RFC 7523 3; OAuth SPIFFE Client Authentication (individual draft -01) 3.1"),
    ("assertion_aud", "issuer endpoint token_ep array", "client", "audience the client puts into an assertion", "draft-ietf-oauth-security-topics-update 2.1"),
    ("aud_accepted", "any issuer endpoint token_ep", "authorization_server proxy",
     "AS: the audience that it takes client assertions with: its issuer or any endpoint of its own; its issuer alone; the endpoint that is sent one; its token endpoint",
     "RFC 7523 3; RFC 9126 2; draft-ietf-oauth-rfc7523bis-10 4, 5; draft-ietf-oauth-security-topics-update-02 2.1.2.3"),
    ("assertion_replay", "none jti", "authorization_server proxy", "AS: it takes client assertions again; each once",
     "RFC 7523 3; draft-ietf-oauth-attestation-based-client-auth-11 12.1"),
    ("key_per_as", "no yes", "client", "one assertion key for each AS", "draft-ietf-oauth-security-topics-update 2.1.2.3"),
    ("other_authn_ep", "no yes", "client", "the client also authenticates at a revocation or introspection endpoint", "draft-ietf-oauth-security-topics-update 2.1"),
    ("conn_context", "none redirect_and_session", "client", "a connection context in redirect URI and session", "draft-ietf-oauth-security-topics-update 2.2.2"),
    ("issuer_resolution", "on off", "client", "a connector's endpoints are resolved from its issuer", "draft-ietf-oauth-security-topics-update 2.2.2"),
    ("shared_provider", "no yes", "client", "connectors of different owners share a registration at the AS", "draft-ietf-oauth-security-topics-update 2.2.2"),
    ("cred_pin", "on off", "client", "client credentials are kept per issuer", "MCP authorization 2026-07-28"),
    # resource indicators and echo
    ("resource_indicator", "on off authorization token", "client",
     "the client sends `resource`: in authorization and token requests; in none; in authorization requests alone; in token requests alone", "RFC 8707 2.1, 2.2"),
    ("echo", "off opt req req_strict grant", "client", "what the client does with the resource in the token response", "draft-mcguinness-oauth-resource-token-resp 3.3"),
    # scopes
    ("scope_request", "none advertised supported least", "client",
     "the scopes that the client asks for: none, so that the AS has its way; those that the challenge names, or else the metadata; all that the metadata lists; "
     "those that it knows its task to need", "MCP authorization 2026-07-28; RFC 6750 3; RFC 9728 2, 7.2"),
    ("step_up", "off on replace apart", "client",
     "insufficient_scope starts a new authorization, for what was asked for and what is missing; for what the challenge names alone, and the new token takes the place "
     "of the old; beside it, and each operation gets the token that is enough for it", "MCP authorization 2026-07-28, Step-Up Authorization Flow (SEP-2350); RFC 6750 3.1"),
    ("step_up_asks", "any more", "client", "the client steps up whatever insufficient_scope names; only if it then asks for something that it has not asked for before",
     "MCP authorization 2026-07-28, Step-Up Authorization Flow 4"),
    ("challenge_scope", "operation held", "resource_server", "RS: insufficient_scope names the scopes that the operation needs; with those of the token that it came with",
     "RFC 6750 3.1; MCP authorization 2025-11-25, Runtime Insufficient Scope Errors"),
    ("grant_scope", "product resource", "authorization_server",
     "AS: a token carries the scopes that were approved, at every resource that it is for; only those of the resource that it is bound to", "RFC 8707 2.2"),
    ("scope_check", "on off", "resource_server", "RS: a token carries the scopes that the operation needs", "RFC 6750 3.1"),
    # tokens at resources
    ("audience_check", "exact off prefix", "resource_server", "how the RS compares the audience of a token with itself", "RFC 9068 4; RFC 9700 2.3"),
    ("dpop", "none token token+code", "client", "DPoP: unused; tokens bound; codes bound as well (dpop_jkt)", "RFC 9449 5, 10"),
    ("dpop_key", "per_client per_as per_flow", "client", "which key the client proves possession of", "RFC 9449 10"),
    ("dpop_par", "jkt proof", "client", "how a pushed request names the key that its code is to be bound to: by its thumbprint, dpop_jkt; by a proof, which shows that the client has it",
     "RFC 9449 10.1 (source of 2023-04-13)"),
    ("dpop_policy", "always metadata prm", "client", "whether the client lets metadata talk it out of DPoP", "RFC 9449 5.1; RFC 9728 2"),
    ("rs_htu", "on off", "resource_server", "RS: the proof names this URL", "RFC 9449 4.3"),
    ("rs_ath", "on off", "resource_server", "RS: the proof names the token that it comes with", "RFC 9449 4.3, 7.1 (source of 2023-04-13)"),
    ("rs_htm", "on off", "resource_server", "RS: the proof names the method of the request", "RFC 9449 4.3 (source of 2023-04-13)"),
    ("rs_cnf", "on off", "resource_server", "RS: a token that names a key comes with a proof by that key; off: as a Bearer token, without one, it is taken as well",
     "RFC 9449 6, 7.1, 7.2; RFC 7800 3 (who knows nothing of a claim ignores it)"),
    ("dpop_replay", "none jti nonce", "resource_server", "RS: how a proof is kept from being used twice", "RFC 9449 8, 9, 11.1"),
    ("proof_required", "no registered yes", "authorization_server",
     "AS: the token requests that it refuses without a DPoP proof: none; those of clients that make proofs, which have registered that; all",
     "RFC 9449 5.2 (source of 2023-04-13); all: FAPI 2.0 Security Profile"),
    ("token_type_check", "on off", "client", "the client discards a Bearer response to a DPoP request", "RFC 9449 5"),
    ("mtls", "off bound", "client", "tokens bound to the TLS client certificate", "RFC 8705 3"),
    ("mtls_key", "per_client per_as per_flow", "client", "which certificate the client presents", "RFC 8705 3"),
    ("cache_key", "issuer+resource issuer", "client", "what a cached token is looked up by", "rfc9728bis 6"),
    ("optimistic", "off on", "client", "a cached token is sent under its prefix before any discovery", "rfc9728bis 6"),
    ("rt_pin", "on off", "client", "refresh tokens, and tokens that are to be exchanged, go only to the issuer they came from", "MCP authorization 2026-07-28"),
    ("rt_rotation", "off rotate revoke", "authorization_server",
     "AS: what becomes of a refresh token that is used: it is good once more, for ever or until a new one is used; a new one takes its place; "
     "and if it comes once more, all that came of the grant is revoked",
     "RFC 6749 6; RFC 9700 4.14.2; draft-ietf-oauth-v2-1 4.3.1; FAPI 2.0 Security Profile 5.3.2.1"),
    ("rt_resource_bound", "no yes", "authorization_server", "a refresh token yields tokens only for the resource of its grant", "RFC 8707 2.2; RFC 9700 4.14.2"),
    ("http_redirect", "strip none forward reattach", "client", "what happens to credentials when a resource request is redirected", "RFC 9110 15.4; Fetch"),
    # agents and their sub-agents
    ("instance", "none workload derived offline", "client",
     "agent-instance identity: none; an attested workload; derived from the parent's grant by the AS; derived from the parent's token by the parent",
     "draft-klrc-aiagent-auth 10.4; draft-hardt-oauth-aauth-protocol, Sub-Agents; draft-mcguinness-oauth-mission-attenuation, Offline Attenuation"),
    ("rebinding", "none limited open", "client",
     "who exchanges a token for a derived one: the holder of its key; the sub-agent, whose key that one names in an assertion about the token, with the scopes that it "
     "may ask for; and in one that limits nothing",
     "draft-mcguinness-oauth-presenter-rebinding, Presenter Rebinding Assertion; Presenter Limits"),
    ("delegation_depth", "one approved any", "authorization_server",
     "with derived identities: whether a sub-agent may have sub-agents: no; as deep as the user approved; as it likes",
     "draft-hardt-oauth-aauth-protocol, Single-Level Depth; draft-mcguinness-oauth-mission, Delegation Constraints"),
    ("delegation_scope", "passed_on granted", "authorization_server",
     "AS: what a derived token may hold: what the token has that it is made of; whatever the user has granted",
     "RFC 8693 2.1 (no rule); draft-mcguinness-oauth-mission, Delegation Within a Mission; draft-ietf-oauth-transaction-tokens, Scope Processing"),
    ("delegation_expiry", "task token", "authorization_server", "with derived identities: whether a sub-agent's token ends with the task",
     "draft-hardt-oauth-aauth-protocol, Resource Token Structure"),
    ("grant_end", "tokens issuance derived each_link", "authorization_server",
     "AS: what ends with a grant that is taken back: its own tokens; further issuance alone; all that derives from it; and what derives from each link",
     "RFC 7009 2.1; draft-mcguinness-oauth-mission, Issuance Gating; Composite Active State; each_link: no rule"),
    ("state_across", "lease known told", "authorization_server",
     "AS: what it knows of a grant at another AS, on whose word it has issued: that it was there when that gave its word; whether it is there now, because it asks or "
     "hears a stream that is live; what that AS has told it, and silence counts for life",
     "draft-mcguinness-oauth-mission-cross-domain, Cross-Domain Revocation Latency; draft-mcguinness-oauth-mission-status, Introduction; "
     "draft-mcguinness-oauth-mission-signals, Missed Events Are Not Fail-Open"),
    ("chain_check", "on off", "resource_server", "RS: each link of a chain that was made offline has at most what the one above has",
     "draft-mcguinness-oauth-mission-attenuation, Verifying the Mission Binding"),
    ("actor_read", "act client_id", "resource_server", "RS: whom it takes for the caller that comes with a derived token: the outermost act; the client",
     "RFC 8693 4.1; draft-mcguinness-oauth-mission, Resource Server Enforcement"),
    ("status_check", "fresh cached fail_open", "resource_server",
     "RS that asks about tokens: each time; not again about one that it has taken; and goes on where nobody answers",
     "RFC 7662 4; draft-mcguinness-oauth-mission-runtime, Mission state and freshness"),
    # AAuth
    ("fallback", "on off", "client", "a client that speaks AAuth goes on with OAuth where its signed request is answered in OAuth's way alone",
     "draft-hardt-oauth-aauth-protocol, Requirement Responses; Why Not Extend WWW-Authenticate"),
    ("resource_token_check", "on off", "client", "the agent checks issuer and key of a resource token",
     "draft-hardt-oauth-aauth-protocol, Resource Challenge Verification"),
    ("ps_key_check", "on off", "authorization_server", "the person server checks that a resource token names the key that signs the request",
     "draft-hardt-oauth-aauth-protocol, Resource Token Verification"),
    ("chain_policy", "hops resources asked open", "authorization_server",
     "PS: what it authorizes for a resource that calls others: hops of the mission; its resources, whoever calls; what the user approves; anything",
     "draft-hardt-oauth-aauth-protocol, Call Chaining; Upstream Token Verification 4"),
    ("auth_token_check", "on off", "client", "the agent checks issuer, audience and key of an auth token",
     "draft-hardt-oauth-aauth-protocol, Auth Token Response Verification"),
    # fetching
    ("fetch_guard", "on off", "client", "client: resolved addresses are checked at every hop", "RFC 9728 7.7"),
    ("as_fetch_guard", "on off", "authorization_server proxy", "AS: the same for what clients and assertions name, and a person server for issuers of tokens",
     "draft-ietf-oauth-client-id-metadata-document 9.6; draft-hardt-oauth-aauth-protocol, JWKS Discovery and Caching"),
    ("https_only", "on off", "client", "client: follow https URLs only", "MCP security best practices"),
    ("url_scheme_check", "on off", "client", "client: opens http(s) authorization endpoints only", "MCP security best practices"),
    # trust at the resource server
    ("token_fmt", "jwt opaque", "resource_server", "what access tokens look like", "RFC 9068; RFC 7662"),
    ("introspect", "auth_aud auth dynamic", "authorization_server resource_server", "who may introspect: the audience; any RS; and an endpoint named by the token", "RFC 7662 2, 4"),
    ("typ_check", "on off", "resource_server", "RS: a token is typed as an access token", "RFC 9068 4"),
    ("sub_namespace", "separate shared", "resource_server", "whether clients, users and issuers share one namespace of subjects", "RFC 9700 4.15"),
    ("client_chooses_id", "no yes", "authorization_server", "whether a client influences its client_id", "RFC 9700 4.15"),
    ("grant", "authorization_code client_credentials jwt_bearer id_jag on_behalf_of device_code", "client",
     "the grant type; device_code: the client shows the user a code, which is entered and approved elsewhere; id_jag: in a session that comes after another, an assertion by the AS of that one takes the place of a code; "
     "on_behalf_of: in one in which a resource server calls another, the token that it was sent does",
     "RFC 6749 4; RFC 7523; RFC 8628 3; RFC 8693 2.1; draft-ietf-oauth-identity-assertion-authz-grant 4"),
    ("vouch_for", "listed any", "authorization_server", "AS: to which others it makes assertions about its users: those that it has an agreement with; any",
     "draft-ietf-oauth-identity-assertion-authz-grant 4.3; RFC 8693 2.1"),
    ("exchange", "identity refresh own any addressed", "authorization_server",
     "AS: what it exchanges, for an assertion about a user or a token for another resource: the ID token of the client that asks; its refresh token alone; its ID and access tokens; any client's; "
     "beside the ID token, access tokens that are for a resource server on its list, if that asks",
     "RFC 8693 2.1, 5; draft-ietf-oauth-identity-assertion-authz-grant 4.3; draft-hardt-oauth-aauth-protocol, Upstream Token Verification 3"),
    ("exchange_cnf", "off own named", "authorization_server",
     "AS: whether a token that is bound to a key, or a certificate, is exchanged without a proof by that: yes, and nothing is read that names another; no; no, or by a proof with one "
     "that the first has named in an assertion about this token",
     "RFC 8693 2.1 (no rule); draft-mcguinness-oauth-presenter-rebinding, Presentation and Validation; Downgrade and Confusion"),
    ("exchange_gives", "access transaction", "authorization_server",
     "AS: what it gives for an access token: one for the resource that is asked for; a transaction token, which is good at every workload of its trust domain, "
     "is no access token and is bound to no key",
     "RFC 8693 2.2.1; draft-ietf-oauth-transaction-tokens, Txn-Token Request Processing; Txn-Token Response"),
    ("subject_said", "no yes", "authorization_server",
     "AS: whether a workload may say itself whom a transaction token is about: not, it has to have a token of the user's; in a JWT that it signs, or that nobody does",
     "draft-ietf-oauth-transaction-tokens, Subject Token Types"),
    ("grant_trust", "listed any", "authorization_server", "AS: whose assertions about users it takes as grants: of those that it has an agreement with; of any",
     "draft-ietf-oauth-identity-assertion-authz-grant 4.4"),
    ("grant_client_check", "on off", "authorization_server", "AS: the client_id in an assertion is that of the client that presents it",
     "draft-ietf-oauth-identity-assertion-authz-grant 4.4"),
    ("grant_cnf", "off bound", "authorization_server", "AS: an assertion names the key of the client that asked for it, and whoever presents it proves to hold that",
     "RFC 7800 3; draft-ietf-oauth-identity-assertion-authz-grant 8.6.1"),
    ("grant_subject", "iss+sub sub iss+tenant+sub", "authorization_server", "AS: how it tells the subjects of assertions apart",
     "draft-ietf-oauth-identity-assertion-authz-grant 4.4, 6.3"),
    ("grant_replay", "none jti", "authorization_server", "AS: how an assertion that is a grant is kept from being used twice", "RFC 7523 3"),
    ("grant_aud_check", "on off", "authorization_server", "AS: an assertion grant names it as audience", "RFC 7523 3; identity-assertion-authz-grant 4.4"),
    ("passthrough", "no yes transaction", "resource_server",
     "RS: which tokens that it is sent it forwards to servers behind it: none; all; transaction tokens, as they are",
     "MCP security best practices; draft-ietf-oauth-transaction-tokens, Txn-Token Validation"),
    ("upstream_client", "none static", "proxy", "proxy: whether it has one client at the AS behind it", "MCP security best practices"),
    ("per_client_consent", "on off", "proxy", "proxy: consent for each of its own clients", "MCP security best practices"),
    ("state_set", "after_consent before_consent", "proxy", "proxy: when the state cookie is set", "MCP security best practices"),
    ("handle_bind", "on off", "resource_server", "session handles are bound to the verified user", "MCP security best practices"),
    ("rs_trust", "allowlist any federation published", "resource_server", "which issuers the RS accepts; published: those that its own metadata lists", "RFC 9068 4; RFC 9728 2"),
    ("subject_ns", "sub iss+sub", "resource_server", "how the RS tells subjects apart", "RFC 9068 2.2"),
    ("key_lookup", "by_iss union", "resource_server", "whose keys verify a token", "RFC 9068 4"),
    ("issuer_match", "exact prefix origin", "resource_server", "how the RS compares iss", "RFC 9068 4"),
    ("client_instances", "multi_user single_user", "client", "whether the attacker can have a session at the client", "RFC 9700 4.5"),
)  # fmt: skip

_ENVIRONMENT = (
    ("api", "single_path multi_path", "resource_server", "one metadata document for each path, or one for the whole API", "rfc9728bis 1"),
    ("wk_owner", "origin tenant", "origin", "who may write below /.well-known of a shared origin", "RFC 9728 3.1"),
    ("a_enrolled", "no yes below as_client", "attacker",
     "the attacker's AS has got itself on every list that clients, resource servers and other AS keep, and into federations; into those alone, by an intermediate that may not speak for it; as a client",
     "OpenID Federation 1.0 6.2, 10"),
    ("own_attester", "no yes", "attacker", "AS, and resource servers that ask for attestations, accept an attester of the attacker's, which attests clients of its own",
     "draft-ietf-oauth-attestation-based-client-auth-11 10.8 (leaves it to deployments)"),
    ("e_enrolled", "no yes", "attacker", "the malicious RS has got an accepted attester to vouch for it", "RFC 9728 2.2"),
    # who has been enrolled where; meant: as those who keep the framework wanted it
    ("listed", "meant yes no", "authorization_server", "an AS is on the lists of issuers that clients keep", "RFC 9728 7.6"),
    ("rs_listed", "meant yes no", "authorization_server", "an AS is on the lists of issuers that resource servers keep", "RFC 9068 4"),
    ("anchored", "meant yes no", "authorization_server proxy", "the federation statement of an AS leads to an anchor that the others share", "OpenID Federation 1.0 10"),
    ("partnered", "meant yes no", "authorization_server", "an AS is among those that others have an agreement with: to take assertions about users, and to make them",
     "draft-ietf-oauth-identity-assertion-authz-grant 4.3, 4.4"),
    ("issuer_tenants", "one several", "authorization_server",
     "how many tenants an AS has, under one issuer, that vouches for users to another: one; several, one of which is the attacker's AS",
     "draft-ietf-oauth-identity-assertion-authz-grant 6.1"),
    ("preregistered", "yes no", "authorization_server proxy", "an honest AS, or a proxy, which is one to its clients, has clients registered that do not register by themselves, and on its list the hosts whose documents alone it takes", "RFC 6749 2; draft-ietf-oauth-client-id-metadata-document 9.9"),
    ("registrations", "kept purged", "authorization_server proxy", "an AS, or a proxy, has the clients that have registered with it; or it has forgotten them", "RFC 6749 5.2 (invalid_client)"),
    ("trust_domain", "yes no", "authorization_server resource_server proxy", "an honest AS, a proxy or a resource server knows the attester, or SPIFFE trust domain, of clients, and whoever signs their software statements", "draft-ietf-oauth-spiffe-client-auth 5; RFC 7591 2.3"),
    ("certified", "yes no", "client", "the client has a TLS certificate that AS and resource servers take", "RFC 8705 2, 3"),
    ("introspects", "yes no", "resource_server", "a resource server has credentials for the introspection endpoint of an AS", "RFC 7662 2.1"),
    ("configured", "yes no", "resource_server", "a client that discovers nothing was told of the resource beforehand", "RFC 6749 1.2"),
    ("as_attested", "meant yes no", "authorization_server", "an attester that clients accept signs the metadata of an AS", "RFC 8414 2.1"),
    ("attested", "meant yes no", "resource_server", "an attester that clients accept signs the metadata of a resource server", "RFC 9728 2.2"),
    ("entered", "yes no", "resource_server", "what a resource server publishes has been entered in the public log of such statements", "RFC 9162 (as above)"),
    ("log_takes", "owner any", "log", "whose statements about a resource the log takes: of who proves to control its host, as ACME has it; anybody's",
     "RFC 8555 8.3 (as above)"),
    ("h_iss", "yes no", "authorization_server proxy", "the honest AS, or a proxy, which is one to its clients, emits (and advertises) iss", "RFC 9207 2"),
    ("gateway_issuer", "own upstream", "authorization_server", "the issuer in the metadata that a gateway before an AS serves: its own; that of the AS behind it",
     "RFC 8414 3.3; deployed gateways"),
    ("gateway_endpoints", "answers forwards upstream", "authorization_server",
     "the endpoints in that metadata: its own, which answer as an AS, with its iss; its own, which forward requests, so that the AS behind it answers clients with its iss; "
     "those of the AS behind it", "RFC 9207 2; RFC 8414 2; deployed gateways"),
    ("as_resource", "honor ignore substitute add reject_unknown generalise reject", "authorization_server",
     "what the honest AS does with `resource`: binds the token to it; nothing; puts its default audience in the place, or adds that; "
     "refuses those that are not on its list; binds the token to the origin; refuses any", "RFC 8707 2; resource-token-resp 3.2"),
    ("default_audience", "accept refuse", "resource_server", "whether a resource server takes tokens for the default audience of an AS that it knows", "RFC 8707 2.1; RFC 9068 3"),
    ("grant_resource", "open bound", "authorization_server", "whether a token request may name resources that the authorization request did not",
     "RFC 8707 2.2; draft-mcguinness-oauth-resource-token-resp 3.2"),
    ("as_echo", "yes no", "authorization_server", "the honest AS says in the token response what it bound", "draft-mcguinness-oauth-resource-token-resp 3"),
    ("host_registered", "no yes", "origin", "the honest AS knows a host-level resource on the shared origin", "RFC 8707 2"),
    ("host_app", "no yes", "origin", "an honest host-level API exists on the shared origin", "rfc9728bis 1"),
    ("as_dpop", "honor ignore", "authorization_server", "whether the honest AS binds tokens when it gets a proof", "RFC 9449 5"),
    ("r_requires_dpop", "no yes", "resource_server", "honest resource servers refuse Bearer", "RFC 9449 7.2; RFC 9728 2"),
    ("r_method", "get post", "resource_server", "the method of requests to resource servers: that of reading; that of requests to an AS, as MCP's transport has it",
     "RFC 9449 4.3; MCP authorization 2026-07-28"),
    ("leg1", "https http", "user", "how the user's first request to the client travels", "RFC 9700 4.4.1"),
    ("leak_point", "client_page as_page", "user", "where state leaks: after its use, or before", "RFC 9700 4.2"),
    ("block", "no yes", "attacker", "the attacker can hold back or outrun a request, and so be first with what is good once: a pushed request, a DPoP proof, a token that is being revoked", "FAPI 2.0 Security Profile 6"),
    ("script_calls", "yes no", "attacker", "a script of the attacker's in a page of the client's calls resources through the client, while it runs there; no: what counts is what it carries off", "RFC 10017 5.1.4"),
    ("user", "naive vigilant", "user", "whether the user refuses a consent page that names somebody else, or that asks for more than the task needs", "convention"),
    ("lookalike", "no yes", "attacker", "the attacker holds a domain that looks like the client's", "draft-ietf-oauth-client-id-metadata-document 9.5"),
    ("dcr_uris", "ignored fetched", "authorization_server proxy", "whether the AS fetches URIs from a dynamic registration", "RFC 7591 5"),
    ("cid_eq_rs", "no yes", "resource_server", "a server is both a client and a resource server under one URL", "RFC 9068 2.1"),
    ("warm", "no yes", "client", "the client holds cached tokens for honest resources", "rfc9728bis 6"),
)  # fmt: skip

_CONDUCT = (
    # finding the resource metadata
    ("prm_unchallenged", "path none root path+root path+end+root",
     "well-known locations asked where the challenge names no document: for the URL, at the end of its path, for its origin", "RFC 9728 3.1"),
    ("prm_slash", "kept dropped", "a final slash of the URL in its well-known location", "RFC 9728 3.1"),
    ("prm_retry", "no yes", "the well-known locations are asked after the document that the challenge names has failed", "RFC 9728 5 (no rule)"),
    ("prm_scheme", "any bearer", "challenge schemes whose resource_metadata is read", "RFC 9728 5.1"),
    ("prm_elsewhere", "refuse skip", "a document that prm_url rules out: give up; treat it as absent", "RFC 9728 5.1 (no rule)"),
    ("prm_redirect", "refuse skip follow", "a redirect in place of the document: give up; treat it as absent; follow it", "RFC 9728 3.2, 7.7"),
    ("prm_error", "refuse skip", "an error other than 404 in place of the document: give up; treat it as absent", "RFC 9728 3.2"),
    ("prm_after_error", "stop next", "after such an error no other location is asked, or the next one is", "RFC 9728 3.2"),
    ("prm_malformed", "refuse skip", "a malformed document, as one without `resource`: give up; treat it as absent", "RFC 9728 3.2"),
    ("prm_unlisted", "read malformed", "a document with an empty list of AS: says that there are none; is malformed", "RFC 9728 2"),
    ("prm_mismatch", "refuse own_url", "a document for something else: give up; use its servers and ask for the URL itself", "RFC 9728 3.3"),
    ("resource_when", "before after", "a document is held to be for the resource before the metadata of its AS is asked for, or after", "RFC 9728 3.3"),
    ("resource_fragment", "refuse accept", "a `resource` with a fragment", "RFC 8707 2; RFC 9728 1.2"),
    # documents with fields of the wrong type
    ("schema_fields", "used all", "which fields make a metadata document malformed if they are of the wrong type: those that are used; all that its specification defines",
     "RFC 8414 2; RFC 9728 2"),
    ("schema_null", "refuse absent", "a null in such a field: is of the wrong type; counts as if the field were absent", "RFC 8414 3.2; RFC 9728 3.2"),
    ("schema_iss", "typed untyped", "whether the field by which an AS says that it sends iss is one of them; where it is not, anything but true means no", "RFC 9207 3"),
    # what is asked for
    ("resource_value", "metadata url", "`resource` sent: what the document says, or the URL of the request", "MCP authorization 2026-07-28"),
    ("resource_spelling", "verbatim href resolved trimmed bare",
     "how it is spelled: as found; as the URL standard writes it; that without a slash added; without any slash of a bare origin; "
     "without query, fragment and userinfo",
     "RFC 8707 2; deployed MCP clients"),
    ("resource_undocumented", "url none", "`resource` sent where no metadata was found", "MCP authorization 2025-03-26"),
    ("endpoint_query", "replace append second_mark",
     "a query that the authorization endpoint has already: kept, doubled parameters replaced; kept as it is; spoilt by a second question mark",
     "RFC 6749 3.1"),
    # finding the authorization server
    ("asm_malformed", "refuse skip", "malformed AS metadata: give up; treat it as absent", "RFC 8414 3.2"),
    ("legacy_as", "off resource_origin", "without a listed AS the origin of the resource is taken for one", "MCP authorization 2025-03-26"),
    ("legacy_at", "origin url", "what is then taken for the issuer: that origin, or the URL of the resource", "MCP authorization 2025-03-26"),
    ("as_failover", "no yes resource", "where a listed AS publishes no metadata: nothing; the next one is tried; the resource is taken for its AS",
     "RFC 9728 7.6 (no rule)"),
    ("as_root_metadata", "no listed root only",
     "metadata of an issuer with a path is looked for at its host as well, and has to be that of the listed issuer; of the host; or there alone",
     "RFC 8414 3.1"),
    ("as_metadata_at", "both oauth assumed_oauth host_second host_both",
     "at oauth-authorization-server and openid-configuration; at the first alone; there alone if nobody lists the AS; "
     "at both, of the host right after its path; at both, of the host too",
     "RFC 8414 3.1, 5"),
    ("endpoint_defaults", "none authorization_server resource_origin legacy",
     "endpoints that nothing names are guessed: at the AS; at the origin of the resource; only where that is taken for the AS",
     "MCP authorization 2025-03-26"),
    ("registration_at", "metadata issuer", "registers where the metadata in use says, or where that of the issuer named in it does", "RFC 7591 3"),
    ("registration_kinds", "any cimd_only", "what else the client resorts to where its kind of client_id is not offered", "MCP authorization 2026-07-28"),
    ("pkce_listed", "unread plain_refused required", "code challenge methods in AS metadata: not read; S256 if any; S256", "RFC 8414 2; MCP authorization 2026-07-28"),
    ("pkce_when", "before after", "they are looked at before the client registers, or after", "convention"),
    ("response_types", "unread required", "response types in AS metadata: not read; code has to be among them", "RFC 8414 2"),
    # responses
    ("iss_unrecorded", "refuse skip listed", "an iss where no metadata named an issuer: refused; not compared; compared with the URL under which the AS is listed",
     "RFC 9207 2.4"),
    ("callback_discovery", "kept repeated", "at the callback the client knows what it discovered, or discovers it again without the challenge", "RFC 9700 4.4.2"),
    ("as_change", "follow refuse", "what the client does when it discovers another AS than before", "RFC 9728 5.2"),
    ("type_missing", "refuse bearer", "a token response without token_type", "RFC 6749 5.1"),
    ("type_unknown", "refuse accept", "a token_type that nobody knows", "RFC 6749 7.1"),
    ("type_unasked", "refuse accept", "a token_type DPoP that no proof was sent for", "RFC 6749 7.1; RFC 9449 5"),
    ("dpop_presents", "by_type always", "a client with a key presents tokens as the response says, or always with proofs", "RFC 9449 5, 7.1"),
    # challenged again
    ("rechallenge", "discover cached retry stop", "after a challenge to a token: discover again; use what was discovered; repeat the request; give up", "RFC 9728 5.2"),
    ("rechallenge_grant", "authorize refresh", "which grant renews a token that was challenged", "RFC 6749 6"),
)  # fmt: skip

#: What clients do where something is missing or malformed that a server of the attacker's should have: worlds read it.
_CONDUCT_IN_WORLDS = frozenset(
    ("prm_redirect", "prm_error", "prm_malformed", "prm_mismatch", "schema_fields", "resource_undocumented",
     "asm_malformed", "legacy_as", "endpoint_defaults", "registration_kinds", "pkce_listed", "iss_unrecorded", "as_change",
     "rechallenge")
)  # fmt: skip

_SERVING = (
    ("rs_in_query", "refuse accept", "a token in the query of the request", "RFC 6750 2.3; RFC 9700 4.3.2"),
    ("rs_in_form", "refuse accept", "a token in the body of a form", "RFC 6750 2.2"),
    ("rs_schemes", "both bearer", "the schemes by which tokens are taken: Bearer and DPoP; Bearer alone", "RFC 6750 2.1; RFC 9449 7.1"),
    ("rs_keys", "listed any", "whose keys verify tokens: those of issuers that it was told of; those of any issuer that a token names", "RFC 9068 4"),
    ("rs_no_audience", "refuse accept", "a token that names no audience", "RFC 9068 2.2, 4; RFC 7662 2.2"),
    ("rs_aud_slash", "compared ignored", "a final slash of an audience", "RFC 9068 4; RFC 3986 6.2.3"),
    ("rs_htu_query", "ignored compared", "the query of the URL in a proof, which that of the request is compared without", "RFC 9449 4.3"),
    ("rs_htu_slash", "compared ignored", "a final slash of the URL in a proof", "RFC 9449 4.3; RFC 3986 6.2.3"),
    ("rs_x5t", "on off", "a token that names a TLS certificate comes over a connection with it; off: it is taken over any", "RFC 8705 3; RFC 7800 3"),
)  # fmt: skip

# What a question may forbid the attacker. Left free, these are its choices; no design has them.
_RESTRICTIONS = (
    ("splice", "free no yes", "the attacker's AS metadata names an honest authorization endpoint: as it likes, never, always", "RFC 9700 4.4.2"),
    ("par_at", "free own honest", "whose pushed authorization request endpoint it names", "RFC 9126 5"),
)  # fmt: skip

_Row = tuple[str, str, str, str, str]


def _of(owner: str, rows: tuple[tuple[str, str, str, str], ...]) -> tuple[_Row, ...]:
    """Rows of a table that has one owner."""
    return tuple((name, values, owner, meaning, source) for name, values, meaning, source in rows)


_TABLES: tuple[tuple[Kind, tuple[_Row, ...]], ...] = (
    ("mechanism", _MECHANISMS),
    ("environment", _ENVIRONMENT),
    ("conduct", _of("client", _CONDUCT)),
    ("serving", _of("resource_server", _SERVING)),
    ("restriction", _of("attacker", _RESTRICTIONS)),
)

SWITCHES: dict[str, Switch] = {
    name: Switch(name, tuple(values.split()), kind, meaning, source, tuple(of.split()))
    for kind, table in _TABLES
    for name, values, of, meaning, source in table
}
#: Switches that files of others may still name, each with the one that is read now.
REPLACED = {"as_count": "as_choice"}


def check_switch(name: str, value: str, switches: Mapping[str, Switch] = SWITCHES) -> str:
    """Return the value, if there is such a switch and it has it.

    Raises:
        ConfigurationError: naming the switch or value and what is allowed.
    """
    if name in REPLACED:
        raise ConfigurationError(f"there is no switch {name!r} any more: it is {REPLACED[name]!r} now")
    if name not in switches:
        raise ConfigurationError(f"unknown switch {name!r}{hint(name, switches)}")
    if value not in switches[name].values:
        raise ConfigurationError(f"switch {name!r} has no value {value!r}{hint(value, switches[name].values)}")
    return value


#: Classes of clients, each with the registration and the authentication that it can have: one on a user's device, which
#: keeps no secret (RFC 6749 2.1); one on a server, which was registered beforehand and was given one (RFC 6749 2.1,
#: 2.3.1); a workload, for whose identity those speak that run it (draft-ietf-oauth-spiffe-client-auth).
CLIENT_CLASSES: dict[str, dict[str, str]] = {
    "public": {"reg": "cimd", "client_auth": "none"},
    "confidential": {"reg": "static", "client_auth": "secret"},
    "attested": {"reg": "cimd", "client_auth": "attest"},
}

CAPABILITIES: dict[str, str] = {
    "mal_as": "the attacker runs an AS, named in the metadata of a resource server that does nothing but name it, and of no other",
    "mal_rs": "the user's agent visits a resource server of the attacker",
    "mal_tenant": "the user's agent visits a URL of a malicious tenant of a shared origin",
    "mal_client": "the attacker uses the honest AS as a client and sends the user there",
    "mal_toolkit": "the attacker contributes a connector to a client with several",
    "naive_rp": "the attacker can answer at another AS's callback of the client",
    "code_leak": "the attacker reads authorization responses",
    "req_leak": "the attacker reads authorization requests",
    "state_leak": "the attacker reads the state of a flow",
    "log_leak": "the attacker reads token requests in a log, once they were answered, and a secret in those from before",
    "screen_leak": "the attacker sees the code that a client shows its user, to be entered elsewhere",
    "lure": "the user opens an authorization URL that the attacker built",
    "web": "the user's browser visits a page of the attacker",
    "token_leak": "an access token that the honest client has for the CRM from an earlier flow leaks, and no key with it",
    "platform_leak": "a JWT that the platform of a workload has made for the client leaks, before it is used: as a grant, or to authenticate",
    "proof_leak": "a request of the client to the CRM leaks, token and proof",
    "net_first_leg": "the network attacker is on the user's first request to the client",
    "hdr_inject": "the attacker controls one challenge header of the CRM",
    "delivery_tamper": "the attacker controls how the metadata of the CRM is delivered",
    "net_rs_leg": "the user's agent is given a plain-HTTP URL of the CRM and the network is hostile",
    "old_as_compromised": "an AS that the CRM used to designate is in the attacker's hands",
    "hosting_upload": "the attacker can upload a file to the client's host",
    "domain_takeover": "the client's domain has come into the attacker's hands",
    "open_redirect_client_domain": "the client's host has an open redirect",
    "open_redirect_at_r": "the CRM has an open redirect",
    "key_leak": "a key that the client has since replaced leaked",
    "mal_sub_agent": "a sub-agent that the client starts for a task is the attacker's",
    "client_script": "scripts of the attacker's run in the pages of clients, in every user's browser",
    "local_app": "a program of the attacker runs on the user's device",
}


@dataclass(frozen=True, slots=True)
class Extent:
    """What a capability brings into the attacker's hands, whatever the world.

    Attributes:
        reads: kinds of messages that it reads wherever they go, by the names of their records.
        runs: parties that the attacker runs by it, of those that worlds have as dishonest.
        controls: clients whose domain it has, with all that is served there.
        channel: what it writes or reads of an honest resource server: of the first in a world, or of those that the
            world names for it.
    """

    reads: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    channel: str = ""


#: What capabilities reach; what those bring that are about parties of single worlds, the worlds say.
REACHES: dict[str, Extent] = {
    "code_leak": Extent(reads=("AuthorizationResponse",)),
    "req_leak": Extent(reads=("AuthorizationRequest",)),
    "log_leak": Extent(reads=("TokenRequest", "TokenExchange", "AuthTokenRequest")),
    "screen_leak": Extent(reads=("ShownCode",)),
    "hdr_inject": Extent(channel="challenge"),
    "delivery_tamper": Extent(channel="document"),
    "net_rs_leg": Extent(channel="transport"),
    "open_redirect_at_r": Extent(channel="redirect"),
    "proof_leak": Extent(channel="requests"),
}


@dataclass(frozen=True, slots=True)
class KnownAttacker:
    """An attacker of RFC 9700 section 3: its number there, what it can do, and who that is."""

    number: str
    capabilities: frozenset[str]
    meaning: str


_WEB = frozenset({"mal_as", "mal_rs", "mal_client", "lure", "web"})
#: The attackers of RFC 9700 section 3, by name. Those that read or get something do so beside A1 or A2: cap=A1+A3.
BCP_ATTACKERS: dict[str, KnownAttacker] = {
    "web_attacker": KnownAttacker(
        "A1", _WEB, "runs AS, resource servers and clients, and has the user visit its pages and open its links"
    ),
    "network_attacker": KnownAttacker(
        "A2",
        _WEB | {"net_first_leg", "net_rs_leg"},
        "does that, and reads and writes what goes without TLS (it blocks messages where block=yes lets it, and nothing else "
        "of what RFC 9700 gives it is in the model)",
    ),
    "response_reader": KnownAttacker("A3", frozenset({"code_leak"}), "reads authorization responses, and changes none"),
    "request_reader": KnownAttacker("A4", frozenset({"req_leak"}), "reads authorization requests, and changes none"),
    "token_holder": KnownAttacker(
        "A5", frozenset({"token_leak"}), "gets hold of an access token that an AS has issued"
    ),
}
#: The attacker that a question about security is asked about, where it names none.
DEFAULT_ATTACKER = "web_attacker"


def attacker_named(name: str, capabilities: Iterable[str]) -> frozenset[str]:
    """The capabilities of an attacker of RFC 9700, by its name or number, or a capability alone; empty for others."""
    for known, attacker in BCP_ATTACKERS.items():
        if name in (known, attacker.number):
            return attacker.capabilities
    return frozenset({name} & {*capabilities})
