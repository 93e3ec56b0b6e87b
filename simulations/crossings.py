"""What an attacker must get past to come from one node of a topology to the next.

Each crossing instantiates a step of the model with the URLs and switches of the parties at hand: the conditions are
the model's own rules, so that what stops the attacker here has the name that stops it in a proof. Rules that ask for
the *role* of a party (an issuer on the list, a stranger, a look-alike) are asked with the party of the model's cast
that has this role; rules that compare URLs are asked with the real ones.
"""

from __future__ import annotations

from typing import NamedTuple

from model import authorization_server as server
from model import client, flow
from model import resource_server as resource
from model.attacker import KEY
from model.client import NONE
from model.design import Design
from model.logic import all_of, choose, no, same
from model.rule import Condition
from model.state import Session
from model.world import ATTACKER_AS, ATTACKER_RS, CRM, HONEST_AS, VICTIM
from simulations.topology import ResourceServer


class Crossing(NamedTuple):
    """A step of the model between two nodes, and the conditions that honest parties put in its way."""

    action: str
    rules: tuple[Condition, ...]

    @property
    def refused_by(self) -> str | None:
        """The first rule that refuses, or None: the attacker passes."""
        return next((condition.rule.name for condition in self.rules if not condition.holds), None)


class Loot(NamedTuple):
    """An access token in the attacker's hands.

    Attributes:
        server: the issuer that it comes from.
        asked: the resource that it was asked for, or none.
        audience: the resource that it is bound to, or none.
        has_default: it is good wherever its issuer is accepted.
        key: the DPoP key that it is bound to, or none; the attacker's own where it can make proofs.
        certificate: the same for a TLS client certificate.
        captured: the URL that the attacker holds a proof for, or none.
    """

    server: str
    asked: str
    audience: str
    has_default: bool
    key: str
    certificate: str
    captured: str


def loot(design: Design, issuer: str, asked: str, captured: str = NONE, own: bool = False) -> Loot:
    """A token of an honest issuer for a resource, as the issuer makes it and the client uses it.

    ``asked``: the resource that the client wants it for, if it sends resource indicators. ``captured``: the URL of
    the malicious server that it was sent to. ``own``: the attacker got it with keys of its own, or has the client's.
    """
    at = ATTACKER_RS if captured != NONE else CRM
    values = {"url": at, "metadata": HONEST_AS, "issuer": HONEST_AS, "resource": asked}
    session = Session(VICTIM, {f"{VICTIM}.{name}": value for name, value in values.items()}.__getitem__)
    bound = all_of(flow.uses_dpop(design, session), same(design.as_dpop, "honor"))
    requested = flow.requested_resource(design, session)
    return Loot(
        issuer,
        requested,
        server.bound_resource(design, requested),
        server.has_default_audience(design, requested),
        choose(bound, KEY if own else flow.proof_key(design, session), NONE),
        KEY if own and same(design.mtls, "bound") else flow.certificate(design, session),
        captured,
    )


def refreshed(design: Design, issuer: str, asked: str) -> Loot:
    """The token that a stolen refresh token yields: wider than the grant, unless the AS keeps to the resource."""
    narrowed = choose(same(design.rt_resource_bound, "yes"), asked, NONE)
    return Loot(
        issuer, narrowed, server.bound_resource(design, narrowed), server.has_default_audience(design, narrowed),
        NONE, NONE, NONE,
    )  # fmt: skip


# --- between parties -------------------------------------------------------------------------------------------


def discover(design: Design, named: str, url: str, honest: bool) -> Crossing:
    """A client that calls ``url`` takes a document that names the resource ``named``."""
    vouched_for = True if honest else same(design.e_enrolled, "yes")
    rules = (
        client.resource_matches_request(design, named, url),
        client.metadata_signature_is_anchored(design, vouched_for),
    )
    return Crossing("client.use_resource_metadata", rules)


def obtain(design: Design, asked: str, known: bool) -> Crossing:
    """A client gets a token for a resource from an honest AS that the document lists.

    ``known``: the resource is one that this AS protects.
    """
    values = {"url": CRM, "metadata": HONEST_AS, "issuer": HONEST_AS, "resource": asked}
    session = Session(VICTIM, {f"{VICTIM}.{name}": value for name, value in values.items()}.__getitem__)
    requested = flow.requested_resource(design, session)
    judged = choose(same(requested, NONE), NONE, CRM if known else requested)
    bound = all_of(flow.uses_dpop(design, session), same(design.as_dpop, "honor"))
    confirmed = no(same(server.bound_resource(design, requested), NONE))
    more = all_of(confirmed, server.has_default_audience(design, requested))
    rules = (
        client.authorization_server_is_trusted(design, HONEST_AS),
        client.server_lists_resource(design, server.knows_resource(design, CRM if known else asked)),
        server.resource_is_acceptable(design, judged),
        client.token_type_is_dpop(design, flow.uses_dpop(design, session), bound),
        client.echo_confirms_request(
            design, requested, server.echo_is_present(design, requested), confirmed, more
        ),
    )
    return Crossing("authorization_server.issue_token", rules)


def present(design: Design, token: Loot, at: ResourceServer, issuer: str, url: str) -> Crossing:
    """The attacker presents a token to an honest resource server, for which the token's issuer is ``issuer``."""
    default = all_of(token.has_default, same(issuer, HONEST_AS))
    rules = (
        resource.issuer_is_accepted(design, issuer),
        resource.audience_is_this_resource(design, at.resource, url, token.audience, default),
        resource.scheme_is_acceptable(design, token.key),
        resource.proof_is_by_bound_key(design, token.key, KEY, token.captured, url),
        resource.certificate_is_bound_one(token.certificate, KEY),
    )
    return Crossing("attacker.present_stolen_token", rules)


def mint(design: Design, at: ResourceServer, issuer: str, signer: str) -> Crossing:
    """An AS of the attacker's makes a token that names ``issuer``, for this resource server."""
    rules = (
        resource.issuer_is_accepted(design, issuer),
        resource.signature_is_by_issuer(design, issuer, signer),
        resource.audience_is_this_resource(design, at.resource, at.url, at.resource, False),
        resource.scheme_is_acceptable(design, KEY),
    )
    return Crossing("attacker.present_minted_token", rules)


def reuse(design: Design, held_for: str, url: str, named: str, discovered: bool) -> Crossing:
    """A client sends a token that it holds for another resource to ``url``, before or after discovery there."""
    covers = client.cached_token_covers(design, held_for, url, named, discovered, True)
    return Crossing("client.reuse_cached_token", (covers,))


def refresh_elsewhere(design: Design) -> Crossing:
    """Challenged anew by a server that now lists an AS of the attacker's, a client refreshes there."""
    rules = (
        client.authorization_server_is_trusted(design, ATTACKER_AS),
        client.refresh_token_stays_with_issuer(design),
    )
    return Crossing("client.refresh_at_new_server", rules)


def refresh(design: Design, token: Loot) -> Crossing:
    """The attacker redeems a refresh token at the AS that it comes from, as the client."""
    rules = (
        server.client_is_authenticated(design, False, False, False),
        server.refresh_token_is_bound(design, token.key, token.certificate),
    )
    return Crossing("attacker.refresh_token", rules)


def inherit_consent(design: Design) -> Crossing:
    """Holding the URL of a client's metadata, the attacker uses the consent that its users once gave."""
    return Crossing("attacker.inherit_consent", (server.consent_is_pinned_to_metadata(design),))
