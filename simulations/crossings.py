"""What an attacker must get past to come from one node of a topology to the next.

Each crossing instantiates a step of the model with the URLs and switches of the parties at hand: the conditions are
the model's own rules, so that what stops the attacker here has the name that stops it in a proof. Rules that ask for
the *role* of a party (an issuer on the list, a stranger, a look-alike) are asked with the party of the model's cast
that has this role; rules that compare URLs are asked with the real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import NamedTuple, ParamSpec

from model import authorization_server as server
from model import client, session_readings
from model import resource_server as resource
from model.attacker import KEY
from model.client import NONE
from model.design import Design
from model.logic import Condition, all_of, choose, no, same
from model.rule import Condition as Named
from model.state import Session
from model.world import ATTACKER_RS, CRM, HONEST_AS, VICTIM
from simulations.topology import ResourceServer

P = ParamSpec("P")


class Crossing(NamedTuple):
    """A step of the model between two nodes, and the conditions that honest parties put in its way, one by one."""

    action: str
    rules: Iterator[Named]

    def refusal(self) -> str | None:
        """The first rule that refuses, or None: the attacker passes. Later rules are not asked."""
        return next((condition.rule.name for condition in self.rules if not condition.holds), None)


def crossing(action: str) -> Callable[[Callable[P, Iterator[Named]]], Callable[P, Crossing]]:
    """Make a generator of conditions the crossing of a step."""

    def decorate(function: Callable[P, Iterator[Named]]) -> Callable[P, Crossing]:
        @wraps(function)
        def cross(*args: P.args, **kwargs: P.kwargs) -> Crossing:
            return Crossing(action, function(*args, **kwargs))

        return cross

    return decorate


class Loot(NamedTuple):
    """An access token in the attacker's hands.

    Attributes:
        server: the issuer that it comes from.
        audience: the resource that it is bound to, or none.
        has_default: it is good wherever its issuer is accepted.
        key: the DPoP key that it is bound to, or none; the attacker's own where it can make proofs.
        certificate: the same for a TLS client certificate.
        captured: the URL that the attacker holds a proof for, or none.
    """

    server: str
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
    session = _session(CRM if captured == NONE else ATTACKER_RS, asked)
    proves = session_readings.uses_dpop(design, session)
    bound = all_of(proves, same(design.as_dpop, "honor"))
    requested = session_readings.requested_resource(design, session)
    return Loot(
        issuer,
        server.bound_resource(design, requested),
        server.has_default_audience(design, requested),
        choose(bound, KEY if own else session_readings.proof_key(design, session), NONE),
        KEY if own and same(design.mtls, "bound") else session_readings.certificate(design, session),
        choose(proves, captured, NONE),
    )


def _session(url: str, resource_: str) -> Session:
    """A session with an honest AS, as the readings of the model take it."""
    values = {"url": url, "metadata": HONEST_AS, "issuer": HONEST_AS, "resource": resource_}
    return Session(VICTIM, {f"{VICTIM}.{name}": value for name, value in values.items()}.__getitem__)


def refreshed(design: Design, issuer: str, asked: str) -> Loot:
    """The token that a stolen refresh token yields: wider than the grant, unless the AS keeps to the resource."""
    narrowed = choose(same(design.rt_resource_bound, "yes"), asked, NONE)
    return Loot(
        issuer, server.bound_resource(design, narrowed), server.has_default_audience(design, narrowed), NONE, NONE, NONE
    )


def is_configured(design: Design) -> Condition:
    """Whether clients know resources and their AS before run time, so that no server can name others."""
    return same(design.prm, "off")


# --- between parties -------------------------------------------------------------------------------------------


@crossing("client.use_resource_metadata")
def discover(design: Design, named: str, url: str, honest: bool) -> Iterator[Named]:
    """A client that calls ``url`` takes a document that names the resource ``named`` (or was configured with it)."""
    yield client.resource_matches_request(design, named, choose(is_configured(design), named, url))
    yield client.metadata_signature_is_anchored(design, True if honest else same(design.e_enrolled, "yes"))


@crossing("authorization_server.issue_token")
def obtain(design: Design, asked: str, known: bool) -> Iterator[Named]:
    """A client gets a token for a resource from an honest AS that the document lists.

    ``known``: the resource is one that this AS protects.
    """
    session = _session(CRM, asked)
    requested = session_readings.requested_resource(design, session)
    listed = CRM if known else asked
    bound = all_of(session_readings.uses_dpop(design, session), same(design.as_dpop, "honor"))
    confirmed = no(same(server.bound_resource(design, requested), NONE))
    more = all_of(confirmed, server.has_default_audience(design, requested))
    yield client.authorization_server_is_trusted(design, True)
    yield client.server_lists_resource(design, True, server.knows_resource(design, listed))
    yield server.resource_is_acceptable(design, choose(same(requested, NONE), NONE, listed))
    yield client.token_type_is_dpop(design, session_readings.uses_dpop(design, session), bound)
    yield client.echo_confirms_request(
        design, requested, server.echo_is_present(design, requested), confirmed, more
    )


@crossing("attacker.present_stolen_token")
def present(design: Design, token: Loot, at: ResourceServer, issuer: str, url: str) -> Iterator[Named]:
    """The attacker presents a token to an honest resource server, for which the token's issuer is ``issuer``."""
    default = all_of(token.has_default, same(issuer, HONEST_AS))
    yield resource.issuer_is_accepted(design, issuer)
    yield resource.audience_is_this_resource(design, at.resource, url, token.audience, default)
    yield resource.scheme_is_acceptable(design, token.key)
    yield resource.proof_is_by_bound_key(design, token.key, KEY, token.captured, url)
    yield resource.certificate_is_bound_one(token.certificate, KEY)


@crossing("attacker.present_minted_token")
def mint(design: Design, at: ResourceServer, issuer: str, signer: str) -> Iterator[Named]:
    """An AS of the attacker's makes a token that names ``issuer``, for this resource server."""
    yield resource.issuer_is_accepted(design, issuer)
    yield resource.signature_is_by_issuer(design, issuer, signer)
    yield resource.audience_is_this_resource(design, at.resource, at.url, at.resource, False)
    yield resource.scheme_is_acceptable(design, KEY)


@crossing("client.reuse_cached_token")
def reuse(
    design: Design, held_for: str, url: str, named: str, discovered: bool, same_server: bool
) -> Iterator[Named]:
    """A client sends a token that it holds for another resource to ``url``, before or after discovery there.

    ``same_server``: what it discovered lists the AS of that token.
    """
    yield client.cached_token_covers(design, held_for, url, named, discovered, same_server)


@crossing("client.refresh_at_new_server")
def refresh_elsewhere(design: Design) -> Iterator[Named]:
    """Challenged anew by a server that now lists an AS of the attacker's, a client refreshes there."""
    yield client.authorization_server_is_trusted(design, False)
    yield client.refresh_token_stays_with_issuer(design)


@crossing("attacker.refresh_token")
def refresh(design: Design, token: Loot) -> Iterator[Named]:
    """The attacker redeems a refresh token at the AS that it comes from, as the client."""
    yield server.client_is_authenticated(design, False, False, False)
    yield server.refresh_token_is_bound(design, token.key, token.certificate)


@crossing("attacker.inherit_consent")
def inherit_consent(design: Design) -> Iterator[Named]:
    """Holding the URL of a client's metadata, the attacker uses the consent that its users once gave."""
    yield server.consent_is_pinned_to_metadata(design)
