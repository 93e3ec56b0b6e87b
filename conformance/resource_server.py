"""A resource server as the model plays it: it challenges, and checks tokens by the rules."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from conformance.authorization_server import AuthorizationServer, RefusedRequest, demand
from conformance.message import WireMessage, WireRequest
from conformance.presented import Around, presented, reading
from model import identifiers
from model.design import Design
from model.scenario import Scenario

NO_SUCH_METHOD = {"code": -32601, "message": "Method not found"}


@dataclass(slots=True)
class ResourceServer:
    """One resource server, with one MCP resource at one URL.

    Attributes:
        design: the switches it obeys.
        servers: the authorization servers there are; its policy takes tokens of each.
        served: tokens with which a call was served.
        accepted: how many calls were served.
    """

    design: Design
    servers: list[AuthorizationServer]
    served: set[str] = field(default_factory=set)
    accepted: int = 0

    def serve(self, asked: WireRequest, scenario: Scenario) -> WireMessage:
        """The answer to a request for the resource (RFC 9728 5.1, RFC 6750 3)."""
        challenge = WireMessage("challenge", dict(scenario.challenge), 401)
        token = asked.headers.get("authorization", "").partition(" ")[2]
        if not token:
            return challenge
        answer, is_call = scenario.answer, "id" in asked.json()
        if is_call and answer["status"] >= 400 and (token in self.served or not self.served):
            refusal = {"error": answer["error"]} if "error" in answer else {}
            return WireMessage("challenge", {**challenge.fields, **refusal}, answer["status"])
        try:
            self.check(asked, scenario.url, (scenario.url, *identifiers_of(scenario)))
        except RefusedRequest as refused:
            status = 403 if refused.error == "insufficient_audience" else 401
            return WireMessage("challenge", {**challenge.fields, **refused.fields()}, status)
        said = protocol_answer(asked)
        if is_call and "result" in said.fields:
            self.served.add(token)
            self.accepted += 1
        return said

    def check(self, asked: WireRequest, url: str, own: tuple[str, ...]) -> None:
        """Raise a refusal where a rule refuses the token of a request, at a URL that goes by these identifiers."""
        keys = {server.origin: server.key for server in self.servers}
        around = Around(url, own, keys, keys, {})
        demand(reading(self.design, presented(asked, around), around), "invalid_token")


def identifiers_of(scenario: Scenario) -> set[str]:
    """The identifiers that the resource server goes by: as it publishes them, as URL parsers write them, and an origin
    without its slash (RFC 3986 6.2.3)."""
    published = {str(one.body["resource"]) for one in scenario.documents.values() if "resource" in one.body}
    rewritten = set()
    for resource in published:
        with suppress(identifiers.MalformedURLError):
            rewritten.add(identifiers.href(resource))
    origins = {text.removesuffix("/") for text in published if text.count("/") == 3}
    return published | rewritten | origins


def protocol_answer(asked: WireRequest) -> WireMessage:
    """What an MCP server says to a request it accepts: enough for a client to call it a success.

    Newer clients ask first for methods that it does not know, and go on from the error (JSON-RPC 2.0 5.1).
    """
    sent = asked.json()
    if "id" not in sent:  # a notification, or a GET for a stream that this server does not offer
        return WireMessage("acknowledgement", {}, 202 if asked.method == "POST" else 405)
    parameters = sent.get("params")
    version = parameters.get("protocolVersion") if isinstance(parameters, dict) else None
    results: dict[str, Any] = {
        "initialize": {
            "protocolVersion": version or "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "openworld", "version": "1"},
        },
        "tools/list": {"tools": []},
        "ping": {},
    }
    method = str(sent.get("method"))
    known = {"result": results[method]} if method in results else {"error": NO_SUCH_METHOD}
    return WireMessage("resource_response", {"jsonrpc": "2.0", "id": sent["id"], **known})
