"""When the properties are violated (or reached) under AAuth.

There are no codes, no client secrets and no browser sessions at a client, so code_delivery, flow_binding,
client_authentication and session_integrity have nothing to be about.
"""

from collections.abc import Iterator

from model import client as client_rules
from model.aauth.flow import starts_astray, uses_what_is_not_for_it
from model.aauth.state import users_tokens
from model.action import Context
from model.attacker import calls_from_page
from model.federation import is_sound
from model.logic import Condition, all_of, any_of, no, one_of, same, truth
from model.readings import frameworks, is_strangers, own_grants, server_of
from model.world import ATTACKER, Session


def _of_users(c: Context) -> Iterator[Session]:
    return (session for session in c.world.sessions if session.user != ATTACKER)


def authorization(c: Context) -> Condition:
    """The attacker gains use of a user's protected data at an honest resource."""
    as_user = c.state["accepted.as_user"], c.state["accepted.handle"]
    from_page = (
        all_of(c.state[f"{session.name}.accepted"], calls_from_page(c, c.world.by_name[session.client]))
        for session in _of_users(c)
    )
    return any_of(*as_user, *from_page, *(c.state[f"served.{token}"] for token in users_tokens(c.world)))


def resource_binding(c: Context) -> Condition:
    """In a user's session an agent uses a token that is good for something else than it believes."""
    return any_of(*(uses_what_is_not_for_it(c, session.name) for session in _of_users(c)))


def token_confinement(c: Context) -> Condition:
    """An honest resource acts on a user's token in a request that the agent did not make to it."""
    return any_of(*(c.state[f"served.{token}"] for token in users_tokens(c.world)))


def issuer_acceptance(c: Context) -> Condition:
    """An honest resource accepts an issuer its policy does not name, or a forgery."""
    return truth(c.state["accepted.issuer"])


def discovery_integrity(c: Context) -> Condition:
    """An agent turns to a server that the resource it contacted does not designate."""
    return any_of(*(starts_astray(c, session.name) for session in c.world.sessions))


def sender_constraint(c: Context) -> Condition:
    """A signed request is accepted that was not made by its signer."""
    return any_of(*(c.state[f"replayed.{token}"] for token in users_tokens(c.world)))


def deputy_integrity(c: Context) -> Condition:
    """An honest party uses its authority for a request or principal it was not granted for."""
    redirected = [
        all_of(c.state[f"{session.name}.accepted"], c.state[f"{session.name}.diverted"]) for session in _of_users(c)
    ]
    return any_of(c.state["accepted.handle"], *redirected)


def fetch_safety(c: Context) -> Condition:
    """An honest component contacts an internal address at the attacker's bidding."""
    return truth(c.state["fetched.internal"])


def client_identity(c: Context) -> Condition:
    """The user approves what the person server shows as the client, and the attacker's agent gets the result."""
    return truth(c.state["accepted.agent"])


def as_acceptance(c: Context) -> Condition:
    """In a user's session the person server turns to an access server that only the resource itself vouches for."""
    found = []
    for who, grant in (each.values() for each in own_grants(c.world)):
        session = c.state.session(who)
        turned = one_of(session.phase, "federated", "has_token", "sent")
        asked = frameworks(c, session.aud, ())
        vouched = client_rules.is_vouched_for(c.of(server_of(c, grant).name), asked.on_list, is_sound(asked))
        found.append(all_of(turned, is_strangers(c.world, session.aud), no(vouched)))
    return any_of(*found)


def first_contact(c: Context) -> Condition:
    """From an unknown URL, honest parties alone get to an accepted request."""
    states = [c.state.session(session.name) for session in _of_users(c)]
    return any_of(*(all_of(session.accepted, same(session.url, c.world.contacted)) for session in states))


def task_completed(c: Context) -> Condition:
    """Every session of a user's is served in that way, or one that begins instead of it."""
    served = [
        any_of(*(c.state[f"{name}.accepted"] for name in (session.name, *c.world.stand_ins(session.name))))
        for session in _of_users(c)
    ]
    return all_of(*served) if served else False


def completion(c: Context) -> Condition:
    """A user's agent is served by an honest resource, whichever that is."""
    return any_of(*(c.state[f"{session.name}.accepted"] for session in _of_users(c)))
