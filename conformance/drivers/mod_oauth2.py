"""Protects a place of Apache with mod_oauth2, as its README does; what tokens claim is for Require to ask."""

from apache import run
from job import received

_VERIFY = {
    "default": "OAuth2TokenVerify jwks_uri {jwks}",
    "dpop": "OAuth2TokenVerify jwks_uri {jwks} type=dpop\nOAuth2AcceptTokenIn header type=DPoP",
    "mtls": "OAuth2TokenVerify jwks_uri {jwks} type=mtls&mtls.policy=optional",
    "introspection": "OAuth2TokenVerify introspect {introspection} "
    "introspect.auth=client_secret_basic&client_id={client_id}&client_secret={client_secret}",
    "unasked": "OAuth2TokenVerify jwks_uri {jwks}",
}
_CLAIMS = """<RequireAll>
Require oauth2_claim iss:{issuer}
Require oauth2_claim aud:{url}
Require oauth2_claim scope:{scope}
</RequireAll>"""


def main():
    job = received()
    asked = "Require valid-user" if job["variant"] == "unasked" else _CLAIMS
    protected = "\n".join(("AuthType oauth2", _VERIFY[job["variant"]], asked)).format_map(job)
    run("oauth2", job, protected, tls=job["variant"] == "mtls")


if __name__ == "__main__":
    main()
