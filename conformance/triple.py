"""Three real parties: a client, an authorization server and a resource server, the model watching.

They meet twice. Once nobody is dishonest. Once the client is sent to a resource server of the attacker's, which names
the same AS as its own, and shows the token that it is sent at the real one. Whether that works depends on all three: on
what the client asks for, what the AS makes of that, and whose tokens the resource server takes.

For what the model says of them the client brings its design, the authorization server the switches that its answers
stand for, the resource server those by which it was seen to serve. A token that names no audience is to a resource
server that looks at audiences what one for a default audience is: taken by those that take such tokens (RFC 8707 2.1;
RFC 9068 3).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import Any

import aiohttp
from aiohttp import web

from conformance.attacks import Asking
from conformance.client import BrokenReply, PlayedClient
from conformance.install import Installed
from conformance.judge import Judgement, judge
from conformance.message import WireMessage, WireRequest
from conformance.origins import HOST
from conformance.pair import Meeting, Watched, remarks
from conformance.play import Play
from conformance.probes import CALL, SCOPE
from conformance.processes import drive, serving
from conformance.resource_profile import CREDENTIALS
from conformance.resource_server import protocol_answer
from model.design import Configuration, Design
from model.world import ATTACKER

_PATH = "/mcp"
#: Where the world tells of tokens of an AS that has nothing of the kind, on its origin.
_INTROSPECTION = "/openworld/introspection"
HONEST = Play("honest", "catalogue", "nobody is dishonest", {})
COUNTERFEIT = Play(
    "counterfeit",
    "catalogue",
    "a resource server of the attacker's names the same AS",
    {
        "url": f"{{evil}}{_PATH}",
        "challenge": {"resource_metadata": f"{{evil}}/.well-known/oauth-protected-resource{_PATH}"},
        "documents": {
            "main": {
                "at": [f"{{evil}}/.well-known/oauth-protected-resource{_PATH}"],
                "body": {"resource": f"{{evil}}{_PATH}"},
            }
        },
    },
)
#: How three parties meet.
MET = HONEST, COUNTERFEIT


class Three(Watched):
    """A world whose first authorization server and whose resource server are real."""

    async def say(self, asked: WireRequest, request: web.BaseRequest) -> WireMessage:
        """The real party's answer where one is asked; the attacker's resource server takes whatever it is sent."""
        if asked.party == "as1" and asked.place.endswith(_INTROSPECTION):
            return WireMessage("introspection_response", self._told(asked.value("token")))
        if asked.party == "evil" and asked.headers.get("authorization"):
            return protocol_answer(asked)
        return await super().say(asked, request)

    def _told(self, token: str) -> dict[str, Any]:
        """What is known of a token that the real AS was seen to issue; whom it is for, if it says so in its answer."""
        for _, said in self.said("token_response"):
            if said.get("access_token") == token:
                claims = {"iss": self.origins.origin("as1"), "sub": "user", "exp": int(time.time()) + 3600}
                named = {"aud": said["resource"]} if "resource" in said else {}
                return {"active": True, "client_id": "client", "scope": said.get("scope", SCOPE), **claims, **named}
        return {"active": False}

    def job(self, variant: str, metadata: dict[str, Any], algorithm: str) -> dict[str, Any]:
        """What the driver of the resource server is told."""
        rs, issuer = self.origins.origin("rs"), self.origins.origin("as1")
        return {
            "variant": variant,
            "url": f"{rs}{_PATH}",
            "origin": rs,
            "path": _PATH,
            "issuer": issuer,
            "scope": SCOPE,
            "jwks": metadata.get("jwks_uri", f"{issuer}/keys"),
            "introspection": f"{issuer}{_INTROSPECTION}",
            "algorithm": algorithm,
            "client_id": CREDENTIALS[0],
            "client_secret": CREDENTIALS[1],
        }

    def stolen(self) -> Iterator[str]:
        """The tokens that came to the attacker's resource server."""
        shown = (one.header("authorization") for one in self.recording.exchanges if one.party == "evil")
        tokens = dict.fromkeys(text.partition(" ")[2] for text in shown)
        return (token for token in tokens if token in self.issued())

    async def replay(self, token: str) -> bool:
        """Whether the real resource server serves a token that the attacker was sent."""
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "User-Agent": ATTACKER,
            "Accept": "application/json, text/event-stream",
        }
        url = f"{self.origins.origin('rs')}{_PATH}"
        async with aiohttp.ClientSession() as session, session.post(url, data=CALL, headers=headers) as answer:
            return answer.status < 300


async def meetings(
    client: Installed,
    server: Installed,
    resource_server: Installed,
    limit: float,
    known: Mapping[str, Meeting] = MappingProxyType({}),
    done: Callable[[Meeting], None] = lambda met: None,
) -> list[Meeting]:
    """Every configuration of the two servers, with nobody dishonest and with the attacker's resource server.

    Those that are ``known`` by what they are called do not meet again; ``done`` hears of each that does.

    Raises:
        SoftwareError: a server does not start.
    """
    made = []
    for variant, configured, play in product(
        server.release.software.variants, resource_server.release.software.variants, MET
    ):
        met = known.get(called(play, variant, configured))
        if met is None:
            met = await meet((client, server, resource_server), (variant, configured), play, limit)
            done(met)
        made.append(met)
    return made


def called(play: Play, variant: str, configured: str) -> str:
    """What a meeting is called."""
    return f"{play.name}, {variant}, {configured}"


async def meet(
    three: tuple[Installed, Installed, Installed], variants: tuple[str, str], play: Play, limit: float
) -> Meeting:
    """Let the three meet once."""
    client, server, resource_server = three
    async with Three(play) as world:
        issuer = world.origins.origin("as1")
        job = {"variant": variants[0], "resources": [f"{world.origins.origin('rs')}{_PATH}"], "issuer": issuer}
        async with serving(server, job, limit * 3) as ready:
            world.real["as1"] = int(ready["port"])
            metadata, algorithm = await _published(issuer, limit)
            async with serving(resource_server, world.job(variants[1], metadata, algorithm), limit * 3) as other:
                world.real["rs"] = int(other["port"])
                judgement = judge(world, await drive(client, world.task(client.release.software, limit), limit))
                replayed = [token for token in world.stolen() if await world.replay(token)]
        shown, servers = called(play, *variants), f"{server.release} and {resource_server.release}"
        # A token that was shown elsewhere with success is one that was not confined.
        lost = ("token_confinement",) if replayed else ()
        name = f"{client.release} at {servers} ({shown})"
        judged = replace(judgement, scenario=name, source="triple", attacks=lost)
        har = world.recording.har(shown)
        return Meeting(str(client.release), servers, shown, judged, remarks(world, issuer), har)


async def _published(issuer: str, limit: float) -> tuple[dict[str, Any], str]:
    """What the real AS publishes of itself, and the algorithm of the keys that it signs tokens with, if it has any."""
    async with PlayedClient(f"http://{HOST}:1/callback", limit) as client:
        metadata, algorithm = await client.metadata(issuer), "ES256"
        with suppress(BrokenReply, KeyError):
            keys = (await client.ask("GET", str(metadata["jwks_uri"]))).json()["keys"]
            algorithm = next((f"{key['kty'][:2].replace('EC', 'ES')}256" for key in keys), algorithm)
    return metadata, algorithm


# --- what the model says of them, from what is known of each by itself -----------------------------------------

#: What a resource server of the attacker's, which the user is sent to, has at its disposal.
STRANGER = frozenset({"mal_rs"})


@dataclass(frozen=True, slots=True)
class Prediction:
    """Whether honest parties come to an end, and whether a stranger gets what the resource takes, by the model."""

    served: bool
    confined: bool

    def agrees(self, seen: Judgement, honest: bool) -> bool:
        """Whether it is what was seen, where nobody is dishonest or where the stranger is there."""
        if honest:
            return self.served == (seen.outcome == "A")
        return self.confined == ("token_confinement" not in seen.attacks)

    def words(self, honest: bool) -> str:
        """What it says of one of the two meetings."""
        if honest:
            return "the client is served" if self.served else "the client is not served"
        return "a stranger's token is refused" if self.confined else "a stranger's token is served: token_confinement"


def predict(
    client: Design, server: Mapping[str, str], resource_server: Mapping[str, str], ask: Asking
) -> Prediction | None:
    """What the model says of them; nothing where it has no word for one of them."""
    decided = {name: value for name, value in resource_server.items() if value}
    if not server or not decided:
        return None
    takes = decided.get("audience_check") == "off" or decided.get("rs_no_audience") == "accept"
    # The stranger of a meeting publishes what it is, so that no client has to guess an AS.
    design = client.but(
        **server, **decided, default_audience="accept" if takes else "refuse", legacy_as="off", endpoint_defaults="none"
    )
    return Prediction(
        ask.can("first_contact", Configuration(design, frozenset())),
        not ask.can("token_confinement", Configuration(design, STRANGER)),
    )
