"""TLS certificates of clients, and how the party that ends TLS tells a server behind it of them (RFC 9440)."""

import base64
import ssl

import trustme

from conformance.proof import s256


class TlsCertificate:
    """A certificate of a client's, with its key, by an authority that nobody knows (RFC 8705 2.2, 3).

    Attributes:
        thumbprint: what a token that is bound to it says (`x5t#S256`, RFC 8705 3.1).
        told: the header that tells of it (`Client-Cert`, RFC 9440 2.2).
        context: connections that present it, to whatever server.
    """

    def __init__(self) -> None:
        made = trustme.CA().issue_cert("client.example")
        text = made.cert_chain_pems[0].bytes()
        der = ssl.PEM_cert_to_DER_cert(text.decode())
        self.thumbprint = s256(der)
        self.told = f":{base64.b64encode(der).decode()}:"
        self.context = unchecked()
        made.configure_cert(self.context)


def unchecked() -> ssl.SSLContext:
    """Connections to a server of this run on loopback, whose certificate it has made itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def thumbprint_in(header: str) -> str:
    """The thumbprint of the certificate that a header tells of; nothing where there is none."""
    return s256(base64.b64decode(header.strip(":"))) if header else ""
