"""What an attacker must get past to come from one node of a topology to the next.

Each crossing instantiates a step of the model with the URLs and switches of the parties at hand: the conditions are
the model's own rules, so that what stops the attacker here has the name that stops it in a proof. Rules that ask for
the role of a party (an issuer on the list, a stranger, a look-alike) get it; rules that compare URLs get the real ones.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, wraps
from inspect import signature
from string import ascii_lowercase
from typing import Any, Literal, NamedTuple, ParamSpec

from model import authorization_server as server
from model import client, flow, guards, identifiers, readings, token_endpoint, token_flow, vouching
from model import resource_server as resource
from model.action import Context
from model.attacker import attacker_authenticates
from model.attacker_at_resources import keys_are_listed, made_up
from model.attacker_sends import send_request
from model.design import Design
from model.logic import Condition, all_of, any_of, choose, decided, same
from model.messages import THIEF
from model.reading import SessionState
from model.registration import is_taken, registered
from model.rule import Named
from model.state import ATTACKERS_KEY
from model.world import NONE
from simulations.visits import HONEST_AS, ONE_VISIT, PLACES, VISITOR, among_honest

P = ParamSpec("P")
#: A URL that can be spelt in one way only, and the words of it: its host, and what its path is made of.
_PLAIN, _WORD = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[a-z0-9]+)*/?"), re.compile(r"(?<=/)[a-z0-9.-]+")
#: Who an issuer is to a resource server: one that it means to trust, one whose name begins with that of such a one, or
#: an AS of the attacker's.
Role = Literal["trusted", "look_alike", "stranger"]

#: Who takes part in steps of the model: an AS and a callback of the attacker's, a client, a grant of its user.
#: A client that an attacker makes up.
MADE_UP = next(identity for identity in ONE_VISIT.identities if identity.identity == "own")
_STRANGER = next(server for server in ONE_VISIT.servers if not server.honest)
_SERVER = ONE_VISIT.by_url[HONEST_AS]
_CLIENT, _GRANT = ONE_VISIT.clients[0], ONE_VISIT.grants[0].name
_RESOURCE = next(server for server in ONE_VISIT.resource_servers if server.honest)
_CALLBACK = next(identity.callback for identity in ONE_VISIT.identities)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A step of the model between two nodes, and the conditions that honest parties put in its way, one by one."""

    action: str
    asked: Callable[..., Iterator[Named]]
    of: tuple[Any, ...]

    @property
    def rules(self) -> Iterator[Named]:
        """The conditions, in the order in which they are asked."""
        return self.asked(*self.of)

    def refusal(self) -> str | None:
        """The first rule that refuses, or None: the attacker passes. Later rules are not asked."""
        return _refusal(self.asked, self.of)


@lru_cache(maxsize=1 << 16)
def _refusal(asked: Callable[..., Iterator[Named]], of: tuple[Any, ...]) -> str | None:
    return next((condition.rule.name for condition in asked(*of) if not condition.holds), None)


def crossing(action: str) -> Callable[[Callable[P, Iterator[Named]]], Callable[P, Crossing]]:
    """Make a generator of conditions the crossing of a step."""

    def decorate(function: Callable[P, Iterator[Named]]) -> Callable[P, Crossing]:
        named = signature(function)

        @wraps(function)
        def cross(*args: P.args, **kwargs: P.kwargs) -> Crossing:
            return Crossing(action, function, _renamed(named.bind(*args, **kwargs).args))

        return cross

    return decorate


def _renamed(of: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same arguments with the words of their URLs in the place of names: rules compare URLs, and know no name.

    Words of which one begins like another stay as they are, for prefixes tell them apart; and all of them where a URL
    can be spelt in more than one way.
    """
    parts = [part for value in of for part in (value if isinstance(value, Loot) else (value,)) if isinstance(part, str)]
    urls = [part for part in parts if "://" in part]
    words = dict.fromkeys(word for url in urls for word in _WORD.findall(url))
    hosts = [word for word in words if "." in word]
    if not all(map(_PLAIN.fullmatch, urls)):
        return of
    for some in (list(words), hosts):
        if not any(one != other and one.startswith(other) for one in words for other in some):
            break
    else:
        return of
    names = {
        word: f"{letter}.example" if "." in word else letter
        for word, letter in zip(some, ascii_lowercase, strict=False)
    }

    def renamed(value: Any) -> Any:
        if isinstance(value, Loot):
            return Loot(*map(renamed, value))
        if value in urls:
            return _WORD.sub(lambda found: names.get(found[0], found[0]), value)
        return value

    return tuple(map(renamed, of))


class Loot(NamedTuple):
    """An access token in the attacker's hands.

    Attributes:
        server: the issuer that it comes from.
        audience: the resource that it is bound to, or none.
        has_default: it is good wherever its issuer is accepted.
        key: the DPoP key that it is bound to, or none; the attacker's own where it can make proofs.
        certificate: the same for a TLS client certificate.
        captured: the URL that the attacker holds a proof for, or none.
        of_user: it is about a user; one that a client gets for itself is about that.
        attested_for: the resource that the proof beside the client's attestation names, or none; the attacker's key
            where it can make such proofs.
    """

    server: str
    audience: str
    has_default: bool
    key: str
    certificate: str
    captured: str
    of_user: bool
    attested_for: str = NONE


def loot(
    design: Design, issuer: str, asked: str, captured: str = NONE, own: bool = False, handed: bool = False
) -> Loot:
    """A token of an honest issuer for a resource, as the issuer makes it and the client uses it.

    ``asked``: the resource that the client wants it for, if it sends resource indicators. ``captured``: the URL of
    the malicious server that it was sent to. ``own``: the attacker got it with keys of its own, or was ``handed`` the
    client's.
    """
    c, session = _flow(design, "honest_api" if captured == NONE else "malicious_rs", asked)
    proves, seen_for = readings.uses_dpop(c, session), NONE if captured == NONE else asked
    bound = all_of(proves, same(design.as_dpop, "honor"))
    requested = readings.requested_resource(c, session)
    return Loot(
        issuer,
        decided(server.bound_resource(design, requested)),
        bool(server.has_default_audience(design, requested)),
        _thiefs_key(design) if own else decided(choose(bound, readings.proof_key(c, session), NONE)),
        decided(ATTACKERS_KEY if own and same(design.mtls, "bound") else readings.certificate(c, session)),
        decided(choose(proves, captured, NONE)),
        bool(decided(vouching.grant_type_of(c, VISITOR)) != "client_credentials"),
        decided(choose(client.shows_attestation(design), ATTACKERS_KEY if handed else seen_for, NONE)),
    )


def _thiefs_key(design: Design) -> str:
    """The key that a thief's own token is bound to: one of its own, as a proof does it no harm."""
    return decided(readings.attackers_key(among_honest(design), _SERVER, _CLIENT.url, useful=True))


def _flow(design: Design, place: str, asked: str) -> tuple[Context, SessionState]:
    """A flow that nobody disturbs with an honest AS, as the readings of the model take it."""
    c = among_honest(design)
    return c, readings.at_server(c, VISITOR, _SERVER, PLACES[place].url, asked)


def refreshed(design: Design, issuer: str, asked: str, named: str = NONE) -> Loot:
    """The token that a stolen refresh token yields: wider than the grant, unless the AS keeps to the resource.

    ``named``: the resource that the thief names, where the AS lets it.
    """
    narrowed = asked if design.rt_resource_bound == "yes" else named
    return Loot(
        issuer,
        decided(server.bound_resource(design, narrowed)),
        bool(server.has_default_audience(design, narrowed)),
        _thiefs_key(design),
        NONE,
        NONE,
        of_user=True,
    )


def _with(design: Design, capabilities: tuple[str, ...]) -> Context:
    """What rules read where the attacker has some capabilities."""
    c = among_honest(design)
    return c._replace(capabilities={**c.capabilities, **dict.fromkeys(capabilities, True)})


def is_configured(design: Design) -> Condition:
    """Whether clients know resources and their AS before run time, so that no server can name others."""
    return same(design.prm, "off")


def _told(rules: Iterable[Named], *known: Named) -> Iterator[Named]:
    """Some rules, and in the place of those that ask for the role of a party what is known of it."""
    by_rule = {one.rule: one for one in known}
    return (by_rule.get(one.rule, one) for one in rules)


# --- between parties -------------------------------------------------------------------------------------------


@crossing("client.use_resource_metadata")
def discover(design: Design, named: str, url: str, honest: bool) -> Iterator[Named]:
    """A client that calls ``url`` takes a document that names the resource ``named`` (or was configured with it)."""
    c = among_honest(design)
    entered = any_of(same(design.entered, "yes") if honest else named == url, same(design.log_takes, "any"))
    rules = flow.document_rules(c, VISITOR, url, named, HONEST_AS, _is_attested(c, honest))
    yield from _told(rules, client.document_is_logged(design, entered))


@crossing("client.redeem_code")
def obtain(design: Design, asked: str, known: bool) -> Iterator[Named]:
    """A client gets a token for a resource from an honest AS that the document lists.

    ``known``: the resource is one that this AS protects.
    """
    c, session = _flow(design, "honest_api", asked)
    rules = token_endpoint.got(c, session, _SERVER, known)
    yield from _told(rules, client.server_lists_resource(design, True, known))


def _is_attested(c: Context, honest: bool) -> Condition:
    """Whether an accepted attester vouches for a resource server, of the attacker's or an honest one."""
    party = next(party for party in ONE_VISIT.resource_servers if party.honest == honest)
    return readings.is_enrolled(c, party, c.of(party.name).attested)


def seen_as(design: Design, role: Role) -> resource.Issuer:
    """What an issuer that is this to a resource server is to it."""
    issuer = {"trusted": HONEST_AS, "look_alike": readings.lookalike(HONEST_AS), "stranger": _STRANGER.url}[role]
    return readings.accepted_issuer(among_honest(design), _RESOURCE, issuer)


def issuer_is_accepted(design: Design, role: Role) -> Named:
    """Whether a resource server accepts an issuer that is this to it."""
    return resource.issuer_is_accepted(design, seen_as(design, role))


@crossing("attacker.present_token")
def present(design: Design, token: Loot, identifier: str, url: str, role: Role) -> Iterator[Named]:
    """The attacker presents a token to an honest resource server, for which the token's issuer is ``role``."""
    default = all_of(token.has_default, role == "trusted")
    own, captured = token.key in (NONE, ATTACKERS_KEY), token.captured != NONE
    for_this = captured and identifiers.equal_htu(token.captured, url)
    meant = server.is_meant_for(design, identifier, token.audience, default)
    proven = any_of(
        token.attested_for == ATTACKERS_KEY, resource.attestation_is_taken(design, identifier, token.attested_for)
    )
    attested = all_of(token.attested_for != NONE, proven, same(design.trust_domain, "yes"))
    yield from token_flow.is_told(design, design, role == "trusted", meant)
    yield from guards.access_token(
        design,
        issuer=seen_as(design, role),
        by_issuer=True,
        signer_listed=False,
        identifier=identifier,
        url=url,
        audience=token.audience,
        has_default=default,
        expired=False,
        revoked=False,
        sufficient=True,
        key=token.key,
        own=own,
        for_this=for_this,
        for_another=captured and not for_this,
        certificate=token.certificate,
        presented=ATTACKERS_KEY,
        used=False,  # what came to a server of the attacker's was shown to no other
        shown=any_of(same(design.own_attester, "yes"), attested),
        attested=False,
        bare=True,
        typed=True,
        self_contained=False,
        named_by_token=False,
        **guards.ORDINARY,
    )


@crossing("attacker.present_own_making")
def mint(design: Design, identifier: str, url: str, named: Role, signer: Role) -> Iterator[Named]:
    """An AS that is ``signer`` to this resource server makes a token for it that names an issuer which is ``named``."""
    listed = signer == "trusted" or keys_are_listed(_with(design, _STRANGER.run_by), _RESOURCE)
    attested = same(design.own_attester, "yes")
    attestations = attested, attested
    yield from made_up(design, seen_as(design, named), named == signer, listed, identifier, url, attestations)


@crossing("client.reuse_cached_token")
def reuse(design: Design, held_for: str, url: str, named: str, discovered: bool, same_server: bool) -> Iterator[Named]:
    """A client sends a token that it holds for another resource to ``url``, before or after discovery there.

    ``same_server``: what it discovered lists the AS of that token.
    """
    yield client.cached_token_covers(design, held_for, url, named, discovered, same_server)


@crossing("attacker.rechallenge")
def refresh_elsewhere(design: Design, claimed: Role = "stranger") -> Iterator[Named]:
    """Challenged anew by a server that now lists an AS of the attacker's, a client refreshes there.

    ``claimed``: whose issuer that AS says it has, its own or that of the refresh token.
    """
    url, own = PLACES["malicious_rs_and_as"].url, _STRANGER.url
    c = among_honest(design, url=url, resource=url, listed=own)
    issuer = own if claimed == "stranger" else HONEST_AS
    yield client.code_is_asked_for(design)  # a refresh token comes with no other grant
    yield from guards.challenge_to_token(design, discovers=True)
    rules = flow.document_rules(c, VISITOR, url, url, own, _is_attested(c, False))
    yield from _told(rules, client.document_is_logged(design, True))
    yield from guards.discovery_again(design, changed=True)
    yield from flow.server_metadata_rules(c, c.state.session(VISITOR), _STRANGER, issuer, own, own)
    yield client.refresh_token_stays_with_issuer(design, issuer == HONEST_AS)


@crossing("attacker.use_refresh_token")
def refresh(design: Design, token: Loot, asked: str = NONE, named: str = NONE) -> Iterator[Named]:
    """The attacker redeems a refresh token at the AS that it comes from, as the client.

    ``asked``: the resource of its grant; ``named``: one that this AS protects and that the attacker names, or none.
    """
    yield from guards.authentication(
        design,
        design,
        endpoint="token",
        registered=True,
        genuine=False,
        secret=all_of(same(design.client_auth, "secret"), same(design.cred_pin, "off")),
        assertion=False,
        certified=True,
        named=True,
        replaced=False,
        attested=all_of(client.attests(design), same(design.own_attester, "yes")),
        anyhow=False,
        chosen=False,
        made_at="token",
    )
    yield from guards.token_request(
        design, proven=True, promised=True, granted=asked, requested=named, listed=True, elsewhere=False
    )
    yield server.refresh_token_is_bound(design, token.key, token.certificate)


@crossing("attacker.send_request")
def ask_as_made_up(design: Design, by_device: Condition) -> Iterator[Named]:
    """A client that the attacker has made up asks an AS for a code: in a user's browser, or for a device elsewhere."""
    c = among_honest(design)
    taken = is_taken(c, MADE_UP, _SERVER)
    known = any_of(all_of(by_device, taken), registered(c, _SERVER, MADE_UP.url, MADE_UP.callback))
    yield server.redirect_uri_is_registered(design, known, taken)
    yield server.code_is_entered_near_its_device(design, apart=by_device)


@crossing("attacker.send_request")
def inherit_consent(design: Design) -> Iterator[Named]:
    """Holding the URL of a client's metadata, the attacker uses the consent that its users once gave."""
    c = _with(design, _CLIENT.taken_by)
    known_as = client.client_id(design, _CLIENT, HONEST_AS, False)
    yield client.code_is_asked_for(design)._replace(holds=client.uses_browser(design))
    yield from send_request(c, _GRANT, known_as, _CALLBACK, THIEF, NONE).rules
    yield from attacker_authenticates(c, _SERVER, known_as)
