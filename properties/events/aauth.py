"""When the properties are violated (or reached) under AAuth.

There are no codes, no client secrets and no browser sessions at a client, so code_delivery, flow_binding,
client_authentication and session_integrity have nothing to be about.
"""

from __future__ import annotations

from typing import Any

from model.aauth.flow import STARTED, starts_astray
from model.logic import all_of, any_of, one_of, same
from model.state import View
from model.world import ATTACKER_AS, CRM, VICTIM, World


def authorization(world: World, design: Any, state: View) -> Any:
    """The attacker gains use of the user's protected data at an honest resource."""
    return any_of(state["accepted.stolen"], state["accepted.as_user"])


def resource_binding(world: World, design: Any, state: View) -> Any:
    """The agent uses a token that is good for something else than it believes."""
    return state[f"{VICTIM}.diverged"]


def token_confinement(world: World, design: Any, state: View) -> Any:
    """An honest resource acts on the user's token in a request that the agent did not make to it."""
    return state["accepted.stolen"]


def issuer_acceptance(world: World, design: Any, state: View) -> Any:
    """An honest resource accepts an issuer its policy does not name, or a forgery."""
    return state["accepted.issuer"]


def discovery_integrity(world: World, design: Any, state: View) -> Any:
    """The agent turns to a server that the resource it contacted does not designate."""
    return starts_astray(state)


def sender_constraint(world: World, design: Any, state: View) -> Any:
    """A signed request is accepted that was not made by its signer."""
    return state["happened.replayed"]


def deputy_integrity(world: World, design: Any, state: View) -> Any:
    """An honest party uses its authority for a request or principal it was not granted for."""
    return state["happened.deputy"]


def fetch_safety(world: World, design: Any, state: View) -> Any:
    """An honest component contacts an internal address at the attacker's bidding."""
    return state["happened.fetched"]


def client_identity(world: World, design: Any, state: View) -> Any:
    """The user approves what the person server shows as the client, and the attacker's agent gets the result."""
    return state["accepted.agent"]


def as_acceptance(world: World, design: Any, state: View) -> Any:
    """The person server turns to an access server that nothing but the resource itself vouches for."""
    turned = all_of(
        one_of(state[f"{VICTIM}.phase"], *STARTED[1:]), same(state["resource_token.aud"], ATTACKER_AS)
    )
    return all_of(turned, same(design.as_trust, "any"))


def first_contact(world: World, design: Any, state: View) -> Any:
    """From an unknown URL, honest parties alone get to an accepted request."""
    return all_of(state[f"{VICTIM}.accepted"], same(state[f"{VICTIM}.url"], CRM))
