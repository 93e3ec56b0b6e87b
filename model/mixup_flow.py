"""The mix-up attack and nothing else: the problem on which this suite is timed beside other checkers.

A client has sessions with several authorization servers, of which the last is the attacker's. A malicious resource
server sends a session to whichever server it likes, and the attacker's metadata names any endpoints. Each honest
server can issue one code to each session; the attacker wants such a code, and the token it is good for.

What is compared and bound is said by the very rules of the authorization code flow (the client is a public one).
Those rules know one honest server, so that each server reads them as that one, see :func:`seen_from`.
"""

from __future__ import annotations

from collections.abc import Iterator

from model import authorization_server as server_rules
from model import client
from model.action import Context, Move, action
from model.client import NONE
from model.logic import Condition, Value, all_of, any_of, choose, no, same
from model.rule import Condition as Named
from model.state import Session, Variable
from model.world import ATTACKER_AS, HONEST_AS, World

PHASES = ("idle", "discovered", "redirected", "has_code", "done", "aborted")
#: A code of an honest server for a session: its request has arrived; the user has approved and the response is
#: under way; the client has it; it has been redeemed.
CODE_STATES = ("none", "requested", "issued", "delivered", "redeemed")


def honest_servers(world: World) -> tuple[str, ...]:
    """The authorization servers that are not the attacker's."""
    return tuple(server for server in world.servers if server != ATTACKER_AS)


def code_of(server: str, who: str) -> str:
    """The code of a server for a session, as state variables name it."""
    return f"{who}@{server.removeprefix('https://')}"


def codes(world: World) -> Iterator[tuple[str, str]]:
    """Every code there can be: the honest server that issues it, and the session whose request it answers."""
    return ((server, who) for server in honest_servers(world) for who in world.sessions)


def variables(world: World) -> tuple[Variable, ...]:
    """The state variables, in a fixed order."""
    servers = (NONE, *world.servers)
    named = (NONE, *(code_of(*code) for code in codes(world)))
    made: list[Variable] = []
    for who in world.sessions:
        made += [
            Variable(f"{who}.phase", PHASES, "how far this session has come"),
            Variable(f"{who}.metadata", servers, "whose AS metadata is in use"),
            Variable(f"{who}.issuer", servers, "the issuer recorded for the request"),
            Variable(f"{who}.authorization_at", servers, "whose authorization endpoint the metadata names"),
            Variable(f"{who}.token_at", servers, "whose token endpoint it names"),
            Variable(f"{who}.code", named, "the code the client holds for this session"),
            Variable(f"{who}.request_seen", (False, True), "the attacker has seen its authorization request"),
            Variable(f"{who}.verifier_seen", (False, True), "the attacker has seen its code verifier"),
        ]
    for server, who in codes(world):
        code = code_of(server, who)
        made += [
            Variable(f"{code}.state", CODE_STATES, "the code of this server for this session"),
            Variable(f"{code}.known", (False, True), "the attacker knows it"),
            Variable(f"{code}.stolen", (False, True), "the attacker has the token it was good for"),
        ]
    return tuple(made)


def seen_from(server: str, issuer: Value) -> Value:
    """An issuer as the rules of an honest server name it: that server itself, or another.

    What a client does at any other server (its redirect URI there, its registration) is the same to a server,
    be the other honest or not.
    """
    return choose(same(issuer, server), HONEST_AS, ATTACKER_AS)


def challenge(c: Context, session: Session) -> Value:
    """The session whose code challenge a session's request carries, or none."""
    return client.challenge(c.design, session.who, same(session.metadata, ATTACKER_AS))


def proof_key(c: Context, server: str, session: Session) -> Value:
    """The key to which a session's own request binds the code of a server, or none."""
    offered = no(same(session.metadata, ATTACKER_AS))
    binds = all_of(same(c.design.dpop, "token+code"), client.wants_dpop(c.design, offered, False))
    key = client.possession_key(c.design.dpop_key, session.who, seen_from(server, session.issuer))
    return choose(binds, key, NONE)


def bound_key(c: Context, server: str, session: Session) -> Value:
    """The key to which a server's code for a session is bound: the attacker leaves it out of what it passes on."""
    return choose(same(session.authorization_at, ATTACKER_AS), NONE, proof_key(c, server, session))


# --- discovery and authorization ---------------------------------------------------------------------------


def each_session(world: World) -> list[dict[str, str]]:
    return [{"who": who} for who in world.sessions]


def each_session_and_server(world: World) -> list[dict[str, str]]:
    return [{"who": who, "server": server} for who in world.sessions for server in world.servers]


def each_code(world: World) -> list[dict[str, str]]:
    return [{"server": server, "who": who} for server, who in codes(world)]


def each_session_and_code(world: World) -> list[dict[str, str]]:
    return [{"who": who, "server": server, "of": of} for who in world.sessions for server, of in codes(world)]


NAMED = ("issuer", "authorization_at", "token_at")


@action("S7", each=each_session, choices=lambda world: dict.fromkeys(("metadata", *NAMED), world.servers))
def client__discover_server(
    c: Context, who: str, metadata: Value, issuer: Value, authorization_at: Value, token_at: Value
) -> Move:
    """The client meets a resource, fetches the metadata of the server that it lists and records what that says.

    The metadata of an honest server tells the truth; the attacker's claims any issuer and any endpoints.
    """
    session, design = c.state.session(who), c.design
    attackers = all_of(same(metadata, ATTACKER_AS), c.capabilities["mal_as"])
    truth = all_of(*(same(named, metadata) for named in (issuer, authorization_at, token_at)))
    honest = all_of(no(same(metadata, ATTACKER_AS)), truth)
    return Move(
        all_of(same(session.phase, "idle"), any_of(honest, attackers)),
        (
            client.authorization_server_is_trusted(design, no(same(metadata, ATTACKER_AS))),
            client.metadata_issuer_matches(design, issuer, metadata, False),
            client.authorization_endpoint_is_corroborated(design, issuer, authorization_at, True),
            client.token_endpoint_is_corroborated(design, issuer, token_at),
        ),
        {
            f"{who}.phase": "discovered",
            f"{who}.metadata": metadata,
            f"{who}.issuer": issuer,
            f"{who}.authorization_at": authorization_at,
            f"{who}.token_at": token_at,
        },
    )


@action("S10", each=each_session_and_server)
def client__redirect_browser(c: Context, who: str, server: str) -> Move:
    """The client sends the browser to an authorization endpoint; at the attacker's, its request is seen."""
    session = c.state.session(who)
    here = all_of(same(session.phase, "discovered"), same(session.authorization_at, server))
    arrived = {f"{who}.request_seen": True} if server == ATTACKER_AS else {f"{code_of(server, who)}.state": "requested"}
    return Move(here, (), {f"{who}.phase": "redirected", **arrived})


@action("S13", each=each_code)
def authorization_server__answer_request(c: Context, server: str, who: str) -> Move:
    """The user logs in and approves, and the honest server answers the request of a session with a code."""
    code, session, design = code_of(server, who), c.state.session(who), c.design
    asked_as = seen_from(server, session.issuer)
    return Move(
        same(c.state[f"{code}.state"], "requested"),
        (
            server_rules.redirect_uri_is_registered(
                design, client.client_id(design, asked_as), client.redirect_uri(design, asked_as)
            ),
            server_rules.challenge_is_present(design, challenge(c, session)),
        ),
        {f"{code}.state": "issued"},
    )


def response_is_expected(c: Context, server: str, who: str) -> Named:
    """The rule by which the client judges the issuer of a response."""
    session, emits = c.state.session(who), same(c.design.h_iss, "yes")
    advertised = all_of(no(same(session.metadata, ATTACKER_AS)), emits)
    return client.iss_matches_recorded_issuer(c.design, choose(emits, server, NONE), session.issuer, advertised)


def response_arrives(c: Context, server: str, who: str) -> Condition:
    """Whether the browser can deliver the response of a server to a session that waits for one."""
    return all_of(
        same(c.state.session(who).phase, "redirected"), same(c.state[f"{code_of(server, who)}.state"], "issued")
    )


@action("S14", each=each_code)
def client__take_code(c: Context, server: str, who: str) -> Move:
    """The browser delivers the response of an honest server, and the client takes the code from it."""
    code = code_of(server, who)
    return Move(
        response_arrives(c, server, who),
        (response_is_expected(c, server, who),),
        {f"{who}.phase": "has_code", f"{who}.code": code, f"{code}.state": "delivered"},
    )


@action("S14", each=each_code)
def client__discard_response(c: Context, server: str, who: str) -> Move:
    """The browser delivers a response that the client does not expect, and the session is given up."""
    return Move(
        all_of(response_arrives(c, server, who), no(response_is_expected(c, server, who).holds)),
        (),
        {f"{who}.phase": "aborted", f"{code_of(server, who)}.state": "delivered"},
    )


# --- token request -----------------------------------------------------------------------------------------


def presents(c: Context, who: str, code: str) -> Condition:
    """Whether a session is about to redeem this code."""
    session = c.state.session(who)
    return all_of(same(session.phase, "has_code"), same(session.code, code))


@action("S15", each=each_session_and_code)
def client__post_code_to_attacker(c: Context, who: str, server: str, of: str) -> Move:
    """The client posts a code and its verifier to the token endpoint of the attacker."""
    code = code_of(server, of)
    here = all_of(presents(c, who, code), same(c.state.session(who).token_at, ATTACKER_AS))
    return Move(here, (), {f"{who}.phase": "done", f"{code}.known": True, f"{who}.verifier_seen": True})


def redemption(c: Context, who: str, server: str, of: str) -> Move:
    """A session redeems a code at the honest server that issued it."""
    code, session, asker = code_of(server, of), c.state.session(who), c.state.session(of)
    return Move(
        all_of(presents(c, who, code), same(session.token_at, server), same(c.state[f"{code}.state"], "delivered")),
        (
            server_rules.verifier_matches_challenge(c.design, challenge(c, asker), challenge(c, session)),
            server_rules.proof_key_matches_request(bound_key(c, server, asker), proof_key(c, server, session)),
        ),
        {f"{who}.phase": "done", f"{code}.state": "redeemed"},
    )


@action("S16", each=each_session_and_code)
def client__exchange_code(c: Context, who: str, server: str, of: str) -> Move:
    """The client redeems a code at the honest server that issued it."""
    return redemption(c, who, server, of)


@action("S16", each=each_session)
def client__is_refused_token(c: Context, who: str) -> Move:
    """An honest token endpoint refuses the code that the client presents."""
    session, moves = c.state.session(who), (redemption(c, who, *code) for code in codes(c.world))
    accepted = any_of(*(all_of(move.when, *(checked.holds for checked in move.rules)) for move in moves))
    at_honest = all_of(same(session.phase, "has_code"), no(same(session.token_at, ATTACKER_AS)))
    return Move(all_of(at_honest, no(accepted)), (), {f"{who}.phase": "done"})
