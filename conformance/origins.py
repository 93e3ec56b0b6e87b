"""Origins on loopback: every played party has a port, and so an origin, of its own.

Sockets are bound before anybody is told a URL, so two runs at once never meet. With TLS each run has a throwaway
certificate authority that only the clients it starts are told to trust.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field

import trustme

HOST = "127.0.0.1"


class Authority:
    """A throwaway certificate authority for loopback names."""

    def __init__(self) -> None:
        authority = trustme.CA(organization_name="openworld conformance")
        self.certificate = authority.cert_pem.bytes().decode()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST, "localhost").configure_cert(self.context)


@dataclass(slots=True)
class Origins:
    """The origins of one played world, by the name of the party.

    Attributes:
        scheme: ``https`` or ``http``.
        sockets: bound sockets; one that nobody listens at refuses connections, and is nobody else's.
    """

    scheme: str
    sockets: dict[str, socket.socket] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    @classmethod
    def bind(cls, names: Iterable[str], tls: bool) -> Origins:
        """Bind a free port for each name."""
        origins = cls("https" if tls else "http")
        for name in names:
            bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            bound.bind((HOST, 0))
            origins.sockets[name], origins.ports[name] = bound, int(bound.getsockname()[1])
        return origins

    def origin(self, name: str) -> str:
        """The origin of a party, such as ``https://127.0.0.1:40001``."""
        return f"{self.scheme}://{HOST}:{self.ports[name]}"

    def filled(self, text: str) -> str:
        """A text with ``{party}`` replaced by that party's origin."""
        for name in self.ports:
            text = text.replace(f"{{{name}}}", self.origin(name))
        return text

    def named(self, text: str) -> str:
        """A text with origins replaced by ``{party}``, and other ports by ``{party_port}``: the same in every run."""
        for name, port in self.ports.items():
            text = text.replace(self.origin(name), f"{{{name}}}").replace(f":{port}", f":{{{name}_port}}")
        return text

    def release(self, name: str) -> None:
        """Leave a port to a client that listens there itself."""
        self.sockets[name].close()

    def close(self) -> None:
        """Give every port back."""
        for bound in self.sockets.values():
            bound.close()
