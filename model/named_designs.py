"""Named designs, what each stands for, and the environments in which designs may have to hold."""

#: Named designs: what each stands for is in DESIGN_NOTES; what drafts ask of whom, in :mod:`model.drafts`.
NAMED_DESIGNS: dict[str, str] = {
    "rfc6749": "prm=off;reg=static;pkce=off;pkce_as=lax;iss_check=off;h_iss=no;resource_indicator=off;"
    "as_resource=ignore;audience_check=off;client_auth=secret;rt_resource_bound=no",
    "oauth21": "draft=oauth21;prm=off;reg=static;client_auth=secret;resource_indicator=off",
    "dcr": "prm=off;reg=dcr;iss_check=if_present;resource_indicator=off;as_resource=ignore",
    "prm_cimd": "draft=metadata+documents",
    "prm_cimd_prefix": "draft=prefix+documents",
    "prm_cimd_echo": "draft=metadata+documents+echo",
    "gaps_closed": "draft=prefix+documents+echo",
    "gaps_closed_dpop": "draft=prefix+documents+echo+dpop;r_requires_dpop=yes",
    "mcp": "draft=mcp+documents",
    "fapi2": "draft=fapi2;reg=static;state=off;dpop=token+code;r_requires_dpop=yes",
    "spiffe": "prm=exact;reg=cimd;client_auth=pkjwt;assertion_by=platform;assertion_aud=issuer;as_trust=allowlist;"
    "iss_check=require;instance=workload",
    "sufficient": "prm=exact;rs_as_bind=on;md_issuer_check=on;iss_check=require;callback_bind=on;assertion_aud=issuer;"
    "dpop=token+code;rs_htu=on;rs_trust=allowlist",
    "aauth": "draft=aauth;consent_ui=client_id_host",
    "federated": "prm=exact;reg=federation;as_trust=federation;rs_trust=federation;"
    "signed_metadata=anchored_req;client_auth=pkjwt;e_enrolled=yes;iss_check=require",
}

#: Names that designs once had, which files and links may still have.
FORMERLY = {"baseline": "sufficient"}

DESIGN_NOTES: dict[str, tuple[str, str]] = {
    "rfc6749": ("closed world, static registration, no PKCE, bearer tokens", "RFC 6749"),
    "oauth21": ("closed world after OAuth 2.1", "draft-ietf-oauth-v2-1-16, in progress 2026-05"),
    "dcr": ("AS metadata and open dynamic registration, no resource metadata", "RFC 8414; RFC 7591"),
    "prm_cimd": ("exact resource metadata and client ID metadata documents: the published state",
                 "RFC 9728; draft-ietf-oauth-client-id-metadata-document-03"),
    "prm_cimd_prefix": ("the same with prefix matching", "draft-mcguinness-oauth-rfc9728bis-01"),
    "prm_cimd_echo": ("prm_cimd with the resource echo as the draft words it",
                      "draft-mcguinness-oauth-resource-token-resp-03"),
    "gaps_closed": ("prefix matching and echo together", "rfc9728bis-01; resource-token-resp-03"),
    "gaps_closed_dpop": ("the same, and every token sender-constrained", "RFC 9449"),
    "mcp": ("MCP authorization as written: refuses AS without S256, asks for scopes that resources name, and shows "
            "users where they go back to", "MCP authorization 2026-07-28"),
    "fapi2": ("FAPI 2.0 Security Profile (closed world)", "FAPI 2.0 Security Profile, final of 2025-02"),
    "spiffe": ("clients are workloads, which authenticate by what their platform signs",
               "draft-ietf-oauth-spiffe-client-auth-02"),
    "sufficient": ("the smallest set of mechanisms that leaves a malicious AS, RS and tenant no way in, whatever the "
                   "environment; derived by properties/designs.py", "findings.md"),
    "aauth": ("signed requests, resource tokens and person servers: the clean-slate comparison",
              "draft-hardt-oauth-aauth-protocol, repository of 2026-08-20"),
    "federated": ("OpenID Federation as the trust anchor on both sides", "OpenID Federation 1.0, 2026-02"),
}  # fmt: skip

#: Environments in which a design may have to be usable and to hold, each a few switches: the kindest, those that differ
#: from it in one way, that of products (most AS ignore `resource`, send no iss, echo nothing), and that of strangers,
#: in which a client knows nobody and nobody knows it.
DEPLOYMENTS: dict[str, dict[str, str]] = {
    "plain": {},
    "multi_path_api": {"api": "multi_path"},
    "as_without_iss": {"h_iss": "no"},
    "as_ignores_resource": {"as_resource": "ignore"},
    "as_without_echo": {"as_echo": "no"},
    "as_generalises": {"as_resource": "generalise"},
    "rs_requires_dpop": {"r_requires_dpop": "yes"},
    "rs_refuses_default": {"default_audience": "refuse"},
    "host_audiences": {"audience_check": "prefix"},
    "host_wide_api": {"host_app": "yes", "host_registered": "yes"},
    "products": {"h_iss": "no", "as_resource": "ignore", "as_echo": "no"},
    "strangers": {
        "listed": "no",
        "anchored": "no",
        "attested": "no",
        "preregistered": "no",
        "trust_domain": "no",
        "certified": "no",
        "configured": "no",
    },
}
