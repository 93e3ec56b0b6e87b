"""Protects a place of Apache with mod_auth_openidc as an OAuth 2.0 resource server, as its sample configuration does.

What tokens claim is for Require directives to ask.
"""

from apache import run
from job import received

_VERIFY = {
    "default": "OIDCOAuthVerifyJwksUri {jwks}",
    "introspection": "OIDCOAuthIntrospectionEndpoint {introspection}\nOIDCOAuthClientID {client_id}\n"
    "OIDCOAuthClientSecret {client_secret}",
    "unasked": "OIDCOAuthVerifyJwksUri {jwks}",
}
_CLAIMS = """<RequireAll>
Require claim iss:{issuer}
Require claim aud:{url}
Require claim scope:{scope}
</RequireAll>"""


def main():
    job = received()
    variant = job["variant"]
    asked = "Require valid-user" if variant == "unasked" else _CLAIMS
    server = f"OIDCCryptoPassphrase loopback-only\nOIDCOAuthSSLValidateServer Off\n{_VERIFY[variant]}".format_map(job)
    run("auth_openidc", job, f"AuthType oauth20\n{asked}".format_map(job), server)


if __name__ == "__main__":
    main()
