"""What a real authorization server does: the model plays the client, and the answers become a profile.

A profile is in the form of the populations: switches of the model where it has a word for what was seen, and beside
them the answers themselves.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.client import BrokenReply, Flow, PlayedClient
from conformance.install import Installed
from conformance.origins import HOST
from conformance.processes import serving
from conformance.proof import claims_of
from conformance.recording import Recording
from model import client as rules
from model.design import Design

#: The resource that servers are configured with, where they can be, and values that are not it.
KNOWN = "https://rs.example/mcp"
ASKED: Mapping[str, tuple[str, ...]] = {
    "no_resource": (),
    "known": (KNOWN,),
    "unknown": ("https://other.example/mcp",),
    "child": (f"{KNOWN}/child",),
    "origin": ("https://rs.example",),
    "slash": (f"{KNOWN}/",),
    "fragment": (f"{KNOWN}#x",),
    "relative": ("mcp",),
    "several": (KNOWN, "https://other.example/mcp"),
}
ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Profile:
    """The behaviour of one server in one configuration.

    Attributes:
        switches: values of the model's switches; empty where the model has no word for what the server does.
        answers: what was asked and how it was answered.
        reason: why the switches are as they are.
        recording: what was sent and received.
    """

    server: str
    variant: str
    switches: Mapping[str, str]
    answers: Mapping[str, str]
    reason: str
    recording: Recording = field(repr=False)

    @property
    def expressible(self) -> bool:
        """Whether the model has words for it."""
        return bool(self.switches)

    def to_json(self) -> dict[str, Any]:
        """The profile as data."""
        return {
            "as_name": self.server,
            "variant": self.variant,
            "expressible": self.expressible,
            "switches": dict(self.switches),
            "answers": dict(self.answers),
            "reason": self.reason,
        }


async def profiles(installed: Installed, limit: float) -> list[Profile]:
    """The profiles of a server, one for each of its configurations.

    Raises:
        SoftwareError: the server does not start.
    """
    return [await profile(installed, variant, limit) for variant in installed.release.software.variants]


async def profile(installed: Installed, variant: str, limit: float) -> Profile:
    """The profile of a server in one configuration."""
    job = {"variant": variant, "resources": [KNOWN]}
    async with serving(installed, job, limit * 3) as ready, PlayedClient(f"http://{HOST}:1/callback", limit) as client:
        issuer = str(ready["issuer"])
        answers = {name: said.replace(issuer, "{issuer}") for name, said in (await examine(client, issuer)).items()}
    switches, reason = read(answers)
    return Profile(str(installed.release), variant, switches, answers, reason, client.recording)


async def examine(client: PlayedClient, issuer: str) -> dict[str, str]:
    """Every question of a profile, with its answer; what breaks is an answer, too."""
    try:
        metadata = await client.metadata(issuer)
        claimed = str(metadata.get("issuer"))
        issuer_matches = rules.metadata_issuer_matches(Design(), claimed, issuer, False).holds
        registered = await client.register(str(metadata.get("registration_endpoint")))
    except BrokenReply as broken:
        return {"discovery": broken.kind}
    answers = {
        "discovery": ACCEPTED if issuer_matches else f"issuer is {claimed}",
        "cimd": _told(metadata.get("client_id_metadata_document_supported")),
        "iss_advertised": _told(metadata.get("authorization_response_iss_parameter_supported")),
        "dpop_advertised": _told(metadata.get("dpop_signing_alg_values_supported")),
        "par_advertised": _told(metadata.get("pushed_authorization_request_endpoint")),
    }
    supported = metadata.get("scopes_supported") or []
    scope = " ".join(name for name in ("openid", "read") if name in supported)
    flow = Flow(client, metadata, str(registered["client_id"]), scope=scope)
    for name, resources in ASKED.items():  # in both requests, as clients do
        answers |= await _ask(name, flow.but(resources=resources, redeemed_for=resources))
    known = ASKED["known"] if answers["known"] == ACCEPTED else ()
    granted = flow.but(resources=known, redeemed_for=known)
    answers |= await _ask("authorize_only", granted.but(redeemed_for=()))
    answers |= await _ask("token_other", granted.but(redeemed_for=ASKED["unknown"]))
    answers |= await _ask("dpop", granted.but(proof=True))
    if answers["par_advertised"] == "yes":
        answers |= await _ask("par", granted.but(pushed=True))
    return answers


def _told(value: Any) -> str:
    return "yes" if value else "no"


async def _ask(name: str, flow: Flow) -> dict[str, str]:
    try:
        answer, token = await flow.run()
    except BrokenReply as broken:
        return {name: broken.kind}
    found = {f"{name}.iss": answer["iss"]} if "iss" in answer else {}
    if "access_token" not in token:
        error = answer.get("error") or str(token.get("error", "no access_token"))
        return {name: error, **found}
    claims = claims_of(str(token["access_token"]))
    found |= {name: ACCEPTED, f"{name}.token_type": str(token.get("token_type", ""))}
    if "resource" in token:
        found[f"{name}.echo"] = json.dumps(token["resource"])
    if claims is not None:
        found[f"{name}.aud"] = json.dumps(claims.get("aud"))
    if claims is not None and "cnf" in claims:
        found[f"{name}.cnf"] = json.dumps(claims["cnf"])
    return found


def read(answers: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The switches that answers stand for, and why; none where the model has no word for what was seen."""
    if answers.get("no_resource") != ACCEPTED and answers.get("known") != ACCEPTED:
        return {}, f"no token could be had: {answers.get('no_resource', answers['discovery'])}"
    if answers["known"] != ACCEPTED:
        return {}, "refuses every resource; the model's AS always knows the honest ones"
    resource, why = _resource(answers)
    widened = answers["token_other"] == ACCEPTED
    return {
        "as_resource": resource,
        "as_echo": "yes" if "known.echo" in answers else "no",
        "h_iss": "yes" if "known.iss" in answers else "no",
        "as_dpop": "honor" if answers.get("dpop.token_type", "").lower() == "dpop" else "ignore",
        "grant_resource": "open" if widened else "bound",
    }, why


def _resource(answers: Mapping[str, str]) -> tuple[str, str]:
    """What the server does with ``resource``."""
    if answers["unknown"] != ACCEPTED:
        return "reject_unknown", f"unknown resources are answered with {answers['unknown']}"
    if "known.aud" in answers:
        audience = json.loads(answers["known.aud"])
        audiences = audience if isinstance(audience, list) else [audience]
        if audiences == [KNOWN]:
            return "honor", "the audience is what was asked for"
        if KNOWN in audiences:
            return "add", "the audience is what was asked for, and more"
        return ("ignore" if answers.get("no_resource.aud") == answers["known.aud"] else "substitute"), (
            f"the audience is {answers['known.aud']}"
        )
    read_by = [name for name in ("fragment", "relative", "token_other") if answers[name] != ACCEPTED]
    if read_by:
        return "honor", f"opaque tokens, any resource; refuses {', '.join(read_by)}, so the parameter is read"
    return "ignore", "opaque tokens; whatever is asked for, and nothing, is answered alike"
