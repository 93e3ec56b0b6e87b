"""Real against real: a real client at a real authorization server, and the model watching.

The resource server is played, and names the real authorization server. What they say to each other passes through a
recording proxy on the origin that is the server's issuer; the rules of the model are then read with what was said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from conformance.authorization_server import RefusedRequest, demand
from conformance.install import Installed
from conformance.judge import Judgement, judge
from conformance.message import WireMessage, WireRequest
from conformance.play import Play
from conformance.processes import drive, serving
from conformance.proof import claims_of
from conformance.proxied import Proxied
from conformance.recording import Exchange
from conformance.resource_server import protocol_answer
from model import guards
from model import resource_server as resource_rules
from model.client import Echo
from model.design import Design
from model.rule import Named
from model.world import NONE

#: A client and a resource server that check everything the model has a rule for.
STRICT = Design({"iss_check": "require", "echo": "req", "md_issuer_check": "on", "audience_check": "exact"})
#: The play in which nobody is dishonest, and no trace of the solver's.
NOBODY = Play("M01_iss_ok", "catalogue", "")


@dataclass(frozen=True, slots=True)
class Remark:
    """What a rule of the model says about a message that was seen."""

    rule: str
    holds: bool
    about: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """A client and a server in one configuration: what came of it, and what the model remarks."""

    client: str
    server: str
    variant: str
    judgement: Judgement
    remarks: tuple[Remark, ...]
    har: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The meeting as data."""
        remarks = [{"rule": one.rule, "holds": one.holds, "about": one.about} for one in self.remarks]
        names = {"client": self.client, "server": self.server, "variant": self.variant}
        return {**names, "judgement": self.judgement.to_json(), "remarks": remarks}

    @classmethod
    def from_json(cls, data: dict[str, Any], har: dict[str, Any]) -> Meeting:
        """A meeting from its data and its recording."""
        judgement = Judgement.from_json(data["judgement"], NOBODY)
        remarks = tuple(Remark(**one) for one in data["remarks"])
        return cls(data["client"], data["server"], data["variant"], judgement, remarks, har)


class Watched(Proxied):
    """A world whose first authorization server is real, and takes its tokens at the resource server."""

    async def say(self, asked: WireRequest, request: web.BaseRequest) -> WireMessage:
        """The real server's answer where it is asked, else the played one's."""
        if asked.party == "rs" and "rs" not in self.real and asked.headers.get("authorization"):
            return self._serve(asked)
        return await super().say(asked, request)

    def _serve(self, asked: WireRequest) -> WireMessage:
        """A resource server that takes the tokens that the real server was seen to issue, for the right audience."""
        token = asked.headers["authorization"].partition(" ")[2]
        try:
            if token not in self.issued():
                raise RefusedRequest("invalid_token", "resource_server.signature_is_by_issuer")
            demand(self.audience(token))
        except RefusedRequest as refused:
            fields = {**dict(self.scenario.challenge), **refused.fields()}
            return WireMessage("challenge", fields, 403 if refused.error == "insufficient_audience" else 401)
        return protocol_answer(asked)

    def issued(self) -> set[str]:
        """The access tokens that the real server was seen to issue."""
        return {str(said["access_token"]) for _, said in self.said("token_response") if "access_token" in said}

    def audience(self, token: str) -> list[Named]:
        """The rule about the audience, for a token that shows one."""
        shown = (claims_of(token) or {}).get("aud")
        if shown is None:
            return []
        values = shown if isinstance(shown, list) else [shown]
        read = [
            resource_rules.audience_is_this_resource(STRICT, self.url, self.url, str(value), False, of_domain=False)
            for value in values
        ]
        return [next((one for one in read if one.holds), read[0])] if read else []

    def said(self, message: str) -> Iterator[tuple[Exchange, dict[str, Any]]]:
        """The JSON documents that the real server answered with."""
        for seen in self.recording.of(message, "as1"):
            with suppress(ValueError):
                found = json.loads(seen.response_body)
                if isinstance(found, dict):
                    yield seen, found


async def meet(client: Installed, server: Installed, variant: str, limit: float) -> Meeting:
    """Run the client at the server.

    Raises:
        SoftwareError: the server does not start.
    """
    async with Watched(NOBODY) as world:
        issuer = world.origins.origin("as1")
        job = {"variant": variant, "resources": [world.url], "issuer": issuer}
        async with serving(server, job, limit * 3) as ready:
            world.real["as1"] = int(ready["port"])
            run = await drive(client, world.task(client.release.software, limit), limit)
        name = f"{client.release} at {server.release} ({variant})"
        judgement = replace(judge(world, run), scenario=name, source="pair")
        har = world.recording.har(judgement.scenario)
        return Meeting(str(client.release), str(server.release), variant, judgement, remarks(world, issuer), har)


def remarks(world: Watched, issuer: str) -> tuple[Remark, ...]:
    """What the rules of the model say about what was seen."""
    return tuple(
        Remark(condition.rule.name, bool(condition.holds), world.origins.named(about))
        for condition, about in _remarks(world, issuer)
    )


def _remarks(world: Watched, issuer: str) -> Iterator[tuple[Named, str]]:
    """What the rules of the model say about what was seen, in the order in which it was."""
    metadata: dict[str, Any] = {}
    for seen, metadata in world.said("server_metadata"):
        if seen.status == 200:
            claimed = str(metadata.get("issuer"))
            asked = guards.server_metadata(
                STRICT,
                claimed=claimed,
                server=issuer,
                configured=False,
                attested=True,
                claims_listed=True,
                elsewhere=False,
            )
            yield from ((one, f"issuer {claimed}") for one in asked)
            break
    advertised = bool(metadata.get("authorization_response_iss_parameter_supported"))
    for seen in world.recording.of("authorization_response", "as1"):
        target = next((value for name, value in seen.response_headers if name.lower() == "location"), "")
        if target.startswith(world.callback):
            answer = dict(parse_qsl(urlsplit(target).query))
            iss, state = answer.get("iss", NONE), answer.get("state", NONE)
            # Behind a page of the server's own it is another request that is answered.
            asked = guards.authorization_response(
                STRICT,
                session=seen.value("state") or state,
                other_browser=False,
                returned=state,
                after_use=False,
                arrived_at=world.callback,
                expected=world.callback,
                iss=iss,
                issuer=issuer,
                advertised=advertised,
            )
            yield from ((one, f"iss {iss}") for one in asked)
    for seen, token in world.said("token_response"):
        if "access_token" not in token:
            continue
        named = token.get("resource", [])
        values = named if isinstance(named, list) else [named]
        requested = seen.value("resource") or NONE
        echo = Echo(bool(values), has_requested=requested in values, has_more=bool(set(values) - {requested}))
        bound = str(token.get("token_type")).lower() == "dpop"
        asked = guards.token_response(
            STRICT, wanted=bool(seen.header("dpop")), bound=bound, read=True, requested=requested, echo=echo
        )
        about = f"requested {requested}, echoed {', '.join(map(str, values)) or 'nothing'}"
        yield from ((one, about) for one in asked)
        shown = (claims_of(str(token["access_token"])) or {}).get("aud", "not shown")
        for condition in world.audience(str(token["access_token"])):
            yield condition, f"audience {shown}"
