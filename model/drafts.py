"""Drafts, RFCs and profiles as what they ask of each role.

Named designs, arms of experiments and the paths of adoption follow from these records: ``draft=echo`` in a
configuration is all that the echo draft asks of anybody, ``draft=echo;by=client`` what it asks of clients. Section,
level and sentence of an obligation are those of its row in ``data/catalogue.csv``. The texts' own sentences, by which
a change of a text is noticed, are in ``data/quotes.csv``.
"""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from model.switches import ROLES, SWITCHES

_DATA = Path(__file__).parent / "data"


class Obligation(NamedTuple):
    """What a text asks of one role.

    Attributes:
        row: the row of the catalogue that says so.
        switch, value: what a party that complies has.
        without: what a party has that does not know the text, where that is not the switch's baseline.
    """

    row: str
    switch: str
    value: str
    without: str = ""

    @property
    def role(self) -> str:
        """Whom it is asked of: the role that decides the switch."""
        return SWITCHES[self.switch].owner

    @property
    def level(self) -> str:
        """MUST, SHOULD or MAY, as the text has it."""
        return requirements()[self.row]["level"]

    @property
    def sentence(self) -> str:
        """What is asked, in the words of the catalogue."""
        return requirements()[self.row]["requirement"]

    @property
    def section(self) -> str:
        """Where it stands."""
        return requirements()[self.row]["source"]


class Draft(NamedTuple):
    """A draft, an RFC or a profile."""

    source: str
    meaning: str
    obligations: tuple[Obligation, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """Whom it asks anything of."""
        return tuple(role for role in ROLES if any(each.role == role for each in self.obligations))

    def asked(self, role: str) -> tuple[Obligation, ...]:
        """Return what it asks of a role."""
        return tuple(each for each in self.obligations if each.role == role)


@cache
def requirements() -> dict[str, dict[str, str]]:
    """Return the rows of the catalogue by their ids."""
    return {row["id"]: row for row in _read("catalogue.csv")}


def _read(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _asked(*lines: str) -> Iterator[Obligation]:
    """Read lines as ``ROW switch=value/without``."""
    for line in lines:
        row, _, said = line.partition(" ")
        switch, _, values = said.partition("=")
        yield Obligation(row, switch, *values.split("/"))


def _drafts(*rows: tuple[str, ...]) -> dict[str, Draft]:
    """Read rows of name, source, meaning and lines of obligations."""
    return {name: Draft(source, meaning, tuple(_asked(*lines))) for name, source, meaning, *lines in rows}


#: Texts that are about one thing.
DRAFTS = _drafts(
    ("pkce", "RFC 7636", "a code is redeemed by who asked for it",
     "PKCE-4-chal pkce=s256/off", "PKCE-o21 pkce_as=required/lax"),
    ("issuer", "RFC 8414", "metadata of an AS names the issuer that it was fetched for",
     "ASM-3.3-match md_issuer_check=on/off"),
    ("iss", "RFC 9207", "an authorization response names its issuer, and the client compares it",
     "ISS-2.4-missing iss_check=advertised/off", "ISS-2.4-err error_checks=on/off", "ISS-2-incl h_iss=yes/no"),
    ("indicators", "RFC 8707", "the client says which resource it wants a token for, and the AS binds the token to it",
     "PRM-7.4-aud resource_indicator=on/off", "RI-2-audr as_resource=honor/ignore"),
    ("metadata", "RFC 9728", "a resource names its AS, and the client compares the resource",
     "PRM-3.3-exact-chal prm=exact/unchecked", "PRM-7.7-ssrf fetch_guard=on/off"),
    ("prefix", "rfc9728bis", "one document of metadata is for all paths below its resource",
     "BIS-4.2-4 prm=prefix/exact", "BIS-4.3-norm norm=strict/decode_all"),
    ("echo", "draft-mcguinness-oauth-resource-token-resp",
     "the AS says what it bound a token to, and the client uses none that is not confirmed",
     "RTR-3.3.3-absent-open echo=req", "RTR-3.2.2-none as_resource=honor/ignore", "RTR-3.2.2-echo as_echo=yes/no",
     "RTR-3.2-within grant_resource=bound/open", "RTR-3.2-refresh rt_resource_bound=yes/no"),
    ("signed_metadata", "RFC 9728", "the client uses what an attester has signed of a resource's metadata",
     "PRM-2.2-prec signed_metadata=anchored_req"),
    ("documents", "draft-ietf-oauth-client-id-metadata-document",
     "the client_id is the URL of a document, which the AS fetches",
     "CIMD-5-fetch reg=cimd/dcr", "CIMD-4.2-redir cimd_redirect_check=on/off",
     "CIMD-5-noredir cimd_fetch=strict/follow", "CIMD-8.6-ssrf as_fetch_guard=on/off"),
    ("assertions", "RFC 7523", "the client authenticates by a signature",
     "CIMD-8.2-auth client_auth=pkjwt"),
    ("par", "RFC 9126", "authorization requests are pushed",
     "PAR-5-req par=required", "PAR-4-once request_uri_once=yes/no"),
    ("dpop", "RFC 9449", "tokens are bound to a key of the client",
     "DPOP-4.2-proof dpop=token", "DPOP-5-downgrade token_type_check=on/off", "DPOP-5-bind as_dpop=honor/ignore",
     "DPOP-7.2-nobearer rs_cnf=on", "DPOP-4.3-check rs_htu=on/off", "DPOP-4.3-check rs_htm=on/off",
     "DPOP-4.3-check rs_ath=on/off"),
    ("mtls", "RFC 8705", "tokens are bound to a certificate of the client",
     "MTLS-3-same mtls=bound"),
)  # fmt: skip
#: Texts that put such together.
PROFILES = _drafts(
    ("mcp", "MCP authorization 2026-07-28", "authorization of the Model Context Protocol",
     "MCP-prm prm=exact/off", "MCP-order prm_unchallenged=path+root/none", "MCP-asm md_issuer_check=on/off",
     "MCP-iss-table iss_check=advertised/off", "MCP-issnonorm error_checks=on/off", "MCP-pkce pkce=s256/off",
     "MCP-pkce pkce_policy=always/metadata", "MCP-pkce pkce_listed=required/unread", "MCP-peras rt_pin=on/off",
     "MCP-peras cred_pin=on/off", "MCP-res resource_indicator=on/off", "MCP-only rs_as_bind=on/off",
     "MCP-scope scope_request=advertised/none", "MCP-step step_up=on/off",
     "MCP-step step_up_asks=more/any", "MCP-asiss h_iss=yes/no", "MCP-rt rt_rotation=rotate/off",
     "MCP-lochost consent_ui=redirect_host/name", "MCP-redir cimd_redirect_check=on/off",
     "MCP-aud audience_check=exact/off", "MCP-aud passthrough=no/yes"),
    ("oauth21", "draft-ietf-oauth-v2-1", "OAuth with what later texts and attacks have added to it",
     "PKCE-4-chal pkce=s256/off", "O21-iss-cmp iss_check=advertised/off", "O21-mix as_memory=session/redirect_uri",
     "O21-agent callback_bind=on/off", "O21-tls rs_scheme_check=on/off", "O21-rt-keep rt_pin=on/off",
     "O21-least scope_request=least", "JCA-4-client assertion_aud=issuer/token_ep", "PKCE-o21 pkce_as=required/lax",
     "O21-2.3-redir cimd_redirect_check=on/off", "O21-code1 code_reuse=revoke", "O21-consent consent_ui=redirect_host",
     "O21-rt-replay rt_rotation=revoke", "O21-rt-bound rt_resource_bound=yes", "O21-307 as_redirect_status=303/307",
     "O21-aud as_resource=honor/ignore", "JCA-4-aud aud_accepted=issuer/any", "O21-5.2-rs audience_check=exact/off",
     "O21-5.2-rs scope_check=on/off"),
    ("bcp", "RFC 9700", "what has become good practice for OAuth 2.0",
     "BCP-2.1.1-pkce pkce=s256/off", "O21-iss-cmp iss_check=advertised/off", "O21-mix as_memory=session/redirect_uri",
     "O21-agent callback_bind=on/off", "BCP-4.2-state state_single_use=yes/no", "PKCE-down pkce_as=downgrade_safe/lax",
     "BCP-4.1-exact cimd_redirect_check=on/off", "BCP-4.2-code code_reuse=revoke", "BCP-2.2.2 rt_rotation=revoke",
     "O21-rt-bound rt_resource_bound=yes", "O21-307 as_redirect_status=303/307", "O21-aud as_resource=honor/ignore",
     "BCP-2.6-id client_chooses_id=no/yes", "BCP-2.3-aud audience_check=exact/off", "BCP-2.3-act scope_check=on/off"),
    ("security_update", "draft-ietf-oauth-security-topics-update",
     "what RFC 9700 did not yet know: assertions for another AS, connectors of several owners, a flow of another user",
     "BCU-2.1-aud assertion_aud=issuer/token_ep", "BCU-2.1-valid md_issuer_check=on/off",
     "BCU-2.2-ctx conn_context=redirect_and_session", "BCU-2.2-share shared_provider=no/yes",
     "BCU-2.3-user callback_bind=on/off"),
    ("jwt_tokens", "RFC 9068", "access tokens are JWTs of one form, and resource servers verify them",
     "JAT-3-aud as_resource=honor/ignore", "JAT-4-typ typ_check=on/off", "JAT-4-iss issuer_match=exact/prefix",
     "JAT-4-aud audience_check=exact/off", "JAT-4-sig key_lookup=by_iss/union"),
    ("fapi2", "FAPI 2.0 Security Profile", "security profile of the OpenID Foundation",
     "FAPI-cl-src prm=off", "FAPI-cl-src as_trust=allowlist", "FAPI-cl-aud assertion_aud=issuer",
     "FAPI-cl-iss iss_check=require", "FAPI-as-par par=required", "FAPI-as-cauth auth_accepted=signed/any",
     "FAPI-as-pkce/iss pkce_as=required/lax",
     "FAPI-as-pkce/iss h_iss=yes/no", "FAPI-cl-cauth client_auth=pkjwt", "FAPI-cl-sc dpop=token",
     "FAPI-as-sc proof_required=yes", "FAPI-as-jkt as_dpop=honor/ignore", "FAPI-rs rs_cnf=on/off"),
    ("mcp_dpop", "MCP DPoP profile", "MCP's tokens are bound to a key of the client, and a request may come twice",
     "MCPD-proof dpop=token", "MCPD-as as_dpop=honor/ignore", "MCPD-flag proof_required=registered",
     "MCPD-check rs_cnf=on/off", "MCPD-check rs_htu=on/off", "MCPD-check rs_htm=on/off", "MCPD-check rs_ath=on/off"),
    ("mcp_wif", "MCP workload identity federation", "a workload gets tokens by the JWT of its platform",
     "WIF-grant grant=jwt_bearer", "WIF-aud grant_aud_check=on/off", "WIF-trust grant_trust=listed/any",
     "WIF-sub grant_subject=iss+sub/sub"),
    ("mission", "draft-mcguinness-oauth-mission",
     "a grant is a record with a state, and what derives from it narrows and ends with it",
     "MIS-exch instance=derived/none", "MIS-narrow delegation_scope=passed_on/granted",
     "MIS-depth delegation_depth=approved/any", "MIS-active grant_end=derived/tokens", "MIS-key dpop=token",
     "MIS-key-as as_dpop=honor/ignore", "MIS-act actor_read=act/client_id"),
    ("mission_runtime", "draft-mcguinness-oauth-mission-runtime",
     "a resource server asks for the state of a Mission before it acts",
     "MIS-fresh token_fmt=opaque/jwt", "MIS-closed status_check=fresh/fail_open"),
    ("mission_attenuation", "draft-mcguinness-oauth-mission-attenuation",
     "who holds a token makes a narrower one of it for a sub-agent, without the AS",
     "MIS-off instance=offline/none", "MIS-chain chain_check=on/off", "MIS-depth delegation_depth=approved/any",
     "MIS-kill token_fmt=opaque/jwt", "MIS-kill status_check=fresh/fail_open"),
    ("mission_across", "draft-mcguinness-oauth-mission-cross-domain",
     "an AS of another domain issues for a Mission on the word of its AS",
     "MXD-grant grant=id_jag", "MXD-subj exchange=refresh/own", "MXD-trust grant_trust=listed/any",
     "MXD-aud grant_aud_check=on/off", "MXD-pop grant_cnf=bound/off", "MXD-once grant_replay=jti/none",
     "MXD-cid grant_client_check=on/off", "MXD-local as_dpop=honor/ignore"),
    ("rar", "RFC 9396", "a client says what it wants to do where, and has a token for that alone",
     "RAR-fine scope_request=least", "RAR-loc resource_indicator=on/off", "RAR-integ par=on",
     "RAR-grant grant_resource=bound/open", "RAR-echo as_echo=yes/no", "RAR-filter grant_scope=resource",
     "RAR-aud as_resource=honor/ignore", "RAR-aud audience_check=exact/off", "RAR-enforce scope_check=on/off"),
    ("token_response", "draft-skokan-oauth-resource-response",
     "the AS says which resources a token is for, where these are not those that were asked for",
     "SKO-2-opt as_echo=yes/no"),
    ("registration", "RFC 7591", "a client says what it is, and an AS that does not know it registers it",
     "DCR-3-open reg=dcr", "DCR-3.2.1-id client_chooses_id=no/yes", "DCR-5-redir cimd_redirect_check=on/off",
     "DCR-5-pages dcr_uris=fetched"),
    ("statements", "draft-mcguinness-oauth-cimd-sw-stmt",
     "an issuer vouches for the metadata document of a client, and AS that trust the issuer register that client",
     "SST-reg reg=dcr_ss/dcr", "SST-doc ss_binds=name+redirect/name", "SST-request dcr_uris=ignored/fetched",
     "SST-redir cimd_redirect_check=on/off", "SST-fetch cimd_fetch=strict/follow", "SST-ssrf as_fetch_guard=on/off",
     "SST-renew reg_again=yes/no"),
    ("federation", "OpenID Federation 1.0", "parties of a federation trust each other by chains to an anchor",
     "FED-12.1-op as_trust=federation", "FED-6.2-con chain_constraints=both/off", "FED-5-issuer md_issuer_check=on/off",
     "FED-12.1-id reg=federation", "FED-12.1-key client_auth=pkjwt/none", "FED-12.1-aud assertion_aud=issuer/token_ep",
     "FED-12.1-prove par=required", "FED-12.1-audas aud_accepted=issuer/any",
     "FED-12.1-redir cimd_redirect_check=on/off", "FED-10-rs rs_trust=federation"),
    ("assertion_audience", "draft-ietf-oauth-rfc7523bis", "the assertion of a client is for the issuer of one AS alone",
     "JCA-4-client assertion_aud=issuer/token_ep", "JCA-4-aud aud_accepted=issuer/any"),
    ("spiffe", "OAuth SPIFFE Client Authentication",
     "a workload authenticates by what its platform signs for it",
     "SPF-svid client_auth=pkjwt/none", "SPF-svid assertion_by=platform/client",
     "SPF-sole assertion_aud=issuer/token_ep", "SPF-reg reg=static",
     "SPF-jwt aud_accepted=issuer/any"),
    ("attestation", "draft-ietf-oauth-attestation-based-client-auth",
     "an attester vouches for a client and its key, at AS and resource servers",
     "ABC-7.5-auth client_auth=attest/none", "ABC-7.6-show attestation_shown=yes", "ABC-10.8-trust attesters=accepted",
     "ABC-7.2-rs rs_attestation=own", "ABC-12.1-replay assertion_replay=jti/none",
     "ABC-12.1-replay attestation_replay=jti/none"),
    ("attesters", "draft-mcguinness-oauth-client-attesters",
     "the metadata of a client endorses its attesters, and an AS takes the word of no other",
     "CAE-3-method auth_methods=one/also_none", "CAE-accept attesters=endorsed/accepted",
     "CAE-5.3-redir cimd_fetch=strict/follow", "CAE-7.4-ssrf as_fetch_guard=on/off"),
    ("software_attestation", "draft-mcguinness-oauth-agent-software-attestation",
     "an attester has appraised the software of a client, and no server that requires this serves a client without it",
     "ASA-show client_auth=attest/none", "ASA-show attestation_shown=yes", "ASA-required auth_accepted=attest/any",
     "ASA-trust attesters=configured/accepted", "ASA-check rs_attestation=own"),
    ("instance_assertion", "draft-mcguinness-oauth-client-instance-assertion",
     "an issuer that the client names vouches for one of its instances and for the key of that",
     "CIN-auth client_auth=attest/none", "CIN-jkt dpop=token+code", "CIN-own dpop_key=per_flow",
     "CIN-act instance=derived/none", "CIN-issuer attesters=endorsed/accepted", "CIN-bound proof_required=yes",
     "CIN-cnf as_dpop=honor/ignore", "CIN-depth delegation_depth=approved/any", "CIN-rs rs_cnf=on/off",
     "CIN-actor actor_read=act/client_id"),
    ("chaining", "draft-ietf-oauth-identity-chaining",
     "a client takes the word of its AS to an AS of another domain, which gives it a token",
     "CHN-grant grant=id_jag", "CHN-policy vouch_for=listed/any", "CHN-subj exchange=own/any",
     "CHN-sub grant_subject=iss+sub/sub",
     "CHN-aud grant_aud_check=on/off", "CHN-trust grant_trust=listed/any", "CHN-bearer grant_client_check=off"),
    ("id_jag", "draft-ietf-oauth-identity-assertion-authz-grant",
     "the AS of single sign-on gives its word on a user for one client and one other AS",
     "IDJ-present grant=id_jag", "IDJ-conf client_auth=pkjwt/none", "IDJ-subj exchange=identity/any",
     "IDJ-pol vouch_for=listed/any", "IDJ-iss grant_trust=listed/any", "IDJ-aud grant_aud_check=on/off",
     "IDJ-cid grant_client_check=on/off", "IDJ-tenant grant_subject=iss+tenant+sub/iss+sub", "IDJ-echo as_echo=yes/no"),
    ("continuation", "draft-mcguinness-oauth-id-continuation-assertion",
     "the AS of single sign-on gives its word on a user for each next domain, to a key that it has seen",
     "ICA-proof dpop=token", "ICA-cnf grant_cnf=bound/off", "ICA-anchor exchange=identity/any",
     "ICA-envelope vouch_for=listed/any", "ICA-names grant_trust=listed/any", "ICA-ras as_dpop=honor/ignore"),
    ("id_jag_gateways", "draft-parecki-oauth-identity-assertion-gateways",
     "a gateway exchanges what was issued for it for a grant at the AS of a server behind it",
     "IGW-auth client_auth=pkjwt/none", "IGW-aud exchange=addressed/any", "IGW-policy vouch_for=listed/any",
     "IGW-bound as_dpop=honor/ignore", "IGW-cnf grant_cnf=bound/off", "IGW-redeemed grant_replay=jti/none",
     "IGW-one as_resource=honor/ignore", "IGW-own passthrough=no/yes"),
    ("workload_federation", "draft-mcguinness-oauth-workload-agent-federation",
     "an IdP that governs agents gives its word on a user, for an agent and its key, to an AS of another domain",
     "WAF-request grant=id_jag", "WAF-auth client_auth=pkjwt/none", "WAF-aud assertion_aud=token_ep",
     "WAF-resource resource_indicator=on/off", "WAF-proof dpop=token", "WAF-fallback dpop_policy=always/metadata",
     "WAF-output token_type_check=on/off", "WAF-reuse rt_pin=on/off", "WAF-reuse cache_key=issuer+resource/issuer",
     "WAF-audas aud_accepted=token_ep/any", "WAF-subject exchange=identity/any", "WAF-policy vouch_for=listed/any",
     "WAF-issuer grant_trust=listed/any", "WAF-client grant_client_check=on/off",
     "WAF-user grant_subject=iss+tenant+sub/iss+sub", "WAF-cnf grant_cnf=bound/off",
     "WAF-minimum proof_required=registered", "WAF-bound as_dpop=honor/ignore", "WAF-target as_resource=honor/ignore",
     "WAF-at audience_check=exact/off", "WAF-at typ_check=on/off", "WAF-scope scope_check=on/off",
     "WAF-mode rs_cnf=on/off", "WAF-mode r_requires_dpop=yes/no", "WAF-actor actor_read=act/client_id"),
    ("jwt_dpop", "draft-parecki-oauth-jwt-dpop-grant",
     "an assertion that is a grant names a key, and its presenter proves to hold that",
     "JDG-grant grant=id_jag", "JDG-proof dpop=token", "JDG-7523 grant_aud_check=on/off", "JDG-cnf grant_cnf=bound/off",
     "JDG-token as_dpop=honor/ignore"),
    ("rebinding", "draft-mcguinness-oauth-presenter-rebinding",
     "who holds the key of a token names the key of who is to exchange it",
     "PRA-exch instance=derived/none", "PRA-sign rebinding=open/none", "PRA-check exchange_cnf=named/off",
     "PRA-key dpop=token", "PRA-out as_dpop=honor/ignore"),
    ("exchange_cnf", "draft-mcguinness-oauth-token-exchange-cnf",
     "the response of a token exchange says to which key the new token is bound",
     "TEC-input dpop=token", "TEC-absent token_type_check=on/off", "TEC-bind as_dpop=honor/ignore"),
    ("actor_profile", "draft-mcguinness-oauth-actor-profile",
     "the act claim says who acts for whom, in grants, access tokens and transaction tokens",
     "APR-explicit instance=derived/none", "APR-key dpop=token", "APR-bind as_dpop=honor/ignore",
     "APR-policy delegation_depth=approved/any", "APR-scope delegation_scope=passed_on/granted",
     "APR-issuer grant_trust=listed/any", "APR-aud audience_check=exact/off", "APR-cnf rs_cnf=on/off",
     "APR-client actor_read=act/client_id"),
    ("cross_client", "draft-mcguinness-oauth-cross-client-delegation",
     "a client exchanges the ID token of another, where an administrator has related the two",
     "CCD-exch instance=derived/none", "CCD-key dpop=token", "CCD-key-as as_dpop=honor/ignore",
     "CCD-rel exchange=identity/any", "CCD-policy delegation_scope=passed_on/granted",
     "CCD-chain delegation_depth=one/any"),
    ("named_actor", "draft-oauth-ai-agents-on-behalf-of-user",
     "an authorization request names an agent, and its code is redeemed with a token of that agent",
     "OBO-pkce pkce=s256/off", "OBO-params state=checked/off", "OBO-actor client_auth=secret/none",
     "OBO-known reg=static", "OBO-act instance=derived/none", "OBO-step step_up=on/off",
     "OBO-pkce pkce_as=required/lax", "OBO-once code_reuse=refuse/accept", "OBO-aud audience_check=exact/off",
     "OBO-scope scope_check=on/off", "OBO-read actor_read=act/client_id"),
    ("global_revocation", "draft-parecki-oauth-global-token-revocation",
     "somebody, such as an identity provider, asks an AS to revoke all tokens of a user",
     "GTR-endpoint state_across=told/lease", "GTR-access grant_end=derived/tokens", "GTR-format token_fmt=opaque/jwt"),
    ("attenuating", "draft-niyikiza-oauth-attenuating-agent-tokens",
     "the holder of a token signs a narrower one for the next, and its resource server verifies the chain offline",
     "AAT-derive instance=offline/none", "AAT-pop dpop=token", "AAT-root as_dpop=honor/ignore",
     "AAT-depth delegation_depth=approved/any", "AAT-chain chain_check=on/off", "AAT-leaf rs_cnf=on/off",
     "AAT-args rs_ath=on/off", "AAT-aud rs_htu=on/off", "AAT-noaud audience_check=off", "AAT-once dpop_replay=jti"),
    ("authz_sharing", "draft-diaconu-agents-authz-info-sharing",
     "an agent has credentials in its metadata document, and delegates to agents of other domains by itself",
     "AXS-doc reg=cimd/dcr", "AXS-deleg instance=offline/none", "AXS-depth delegation_depth=approved/any",
     "AXS-trust grant_trust=listed/any", "AXS-narrow chain_check=on/off", "AXS-status token_fmt=opaque/jwt",
     "AXS-status status_check=fresh/fail_open"),
    ("txn_tokens", "draft-ietf-oauth-transaction-tokens",
     "a gateway exchanges what it was sent for a token of its trust domain, and workloads pass that on",
     "TXN-tts rt_pin=on/off", "TXN-proc exchange=any/identity", "TXN-resp exchange_gives=transaction/access",
     "TXN-scope delegation_scope=passed_on/granted", "TXN-aud audience_check=exact/off",
     "TXN-pass passthrough=transaction/no"),
    ("txn_agents", "draft-araut-oauth-transaction-tokens-for-agents",
     "agents in a trust domain have transaction tokens replaced, which name who acts",
     "TTA-as rt_pin=on/off", "TTA-orig exchange=any/identity", "TTA-scope delegation_scope=passed_on/granted",
     "TTA-bound audience_check=exact/off", "TTA-format typ_check=on/off", "TTA-repl passthrough=no/transaction"),
    ("agents", "draft-klrc-aiagent-auth", "agents are workloads, and clients of OAuth by the credentials of those",
     "AIA-cred client_auth=pkjwt/secret", "AIA-id instance=workload/none", "AIA-least scope_request=least",
     "AIA-10-cross grant=id_jag", "AIA-current exchange=own", "AIA-aud audience_check=exact/off",
     "AIA-forward passthrough=no/yes"),
    ("aauth", "draft-hardt-oauth-aauth-protocol",
     "agents sign their requests, and a person server decides on what resources name in signed tokens",
     "AAU-other protocol=aauth/aauth", "AAU-rt ps_key_check=on/off", "AAU-rtver resource_token_check=on/off",
     "AAU-atver auth_token_check=on/off", "AAU-rs audience_check=exact/off", "AAU-rs rs_cnf=on/off",
     "AAU-rs rs_trust=any", "AAU-rs subject_ns=iss+sub/sub", "AAU-chain exchange=own",
     "AAU-chain chain_policy=hops/open", "AAU-depth instance=derived/none", "AAU-depth delegation_depth=one/any"),
    ("a2a", "A2A protocol 1.0", "an agent says in its card at which endpoints to authorize",
     "A2A-wk prm_src=wellknown", "A2A-flow as_endpoints=card", "A2A-sig signed_metadata=self", "A2A-pkce pkce=s256/off",
     "A2A-url rs_scheme_check=on/off", "A2A-authn scope_check=on/off"),
    ("device", "RFC 8628", "a client without a browser asks for a code, which its user approves on another device",
     "DEV-ask grant=device_code"),
    ("cross_device", "draft-ietf-oauth-cross-device-security",
     "what a user approves on one device for another is tied to the place, the time and the device",
     "XDS-flow grant=device_code", "XDS-sender dpop=token", "XDS-trusted client_auth=attest/none",
     "XDS-prox proximity=on/off", "XDS-onetime code_reuse=refuse/accept"),
    ("bff", "RFC 10017", "a backend gets tokens for a page in the user's browser, keeps them and calls resources",
     "BBA-bff architecture=bff/no_page", "BBA-conf client_auth=pkjwt/none", "BBA-pkce pkce=s256/off",
     "BBA-rt rt_rotation=rotate/off", "BBA-redir cimd_redirect_check=on/off"),
)  # fmt: skip
TEXTS: dict[str, Draft] = {**DRAFTS, **PROFILES}
#: Texts that are about what others say, with those.
BUILDS_ON: dict[str, tuple[str, ...]] = {
    "mcp_dpop": ("mcp",), "mcp_wif": ("mcp",), "mission_runtime": ("mission",), "mission_attenuation": ("mission",),
    "mission_across": ("mission",), "assertion_audience": ("assertions",), "attesters": ("attestation",),
    "software_attestation": ("attestation",), "txn_agents": ("txn_tokens",), "continuation": ("id_jag",),
    "workload_federation": ("id_jag",),
}  # fmt: skip


def paths(name: str) -> tuple[str, ...]:
    """Return how a text can come to be adopted: by each role alone, if it asks something of several, and by all."""
    roles = TEXTS[name].roles
    return (*(f"draft={name};by={role}" for role in roles if len(roles) > 1), f"draft={name}")


class Quote(NamedTuple):
    """A sentence of a text in its own words, as it was when the text was read.

    Attributes:
        text: the text, as :mod:`model.texts` names it.
        row: the row of the catalogue that restates it.
        asks: ``switch=value/without`` of who complies and who does not; empty where obligations of drafts say so, or
            where the model leaves nobody the choice.
        where: the attacker against whom it is meant, and switches without which it is about nothing.
        quote: the sentence.
    """

    text: str
    row: str
    asks: str
    where: str
    quote: str

    @property
    def obligations(self) -> tuple[Obligation, ...]:
        """What it asks of the roles, as far as the model has it both ways."""
        if self.asks:
            return tuple(_asked(f"{self.row} {self.asks}"))
        every = (each for text in TEXTS.values() for each in text.obligations)
        return tuple(each for each in every if each.row == self.row) if self.where else ()


@cache
def quotes() -> tuple[Quote, ...]:
    """Return the sentences of texts on which rows of the catalogue rest."""
    return tuple(Quote(**row) for row in _read("quotes.csv"))
