"""What the attacker does in the mix-up beside running the last server: bounce the browser, inject, redeem."""

from __future__ import annotations

from model import authorization_server as server_rules
from model import client
from model.action import Context, Move, action
from model.client import NONE
from model.logic import all_of, choose, same
from model.mixup_flow import bound_key, challenge, code_of, each_code, each_session_and_code
from model.world import World

KEY = "key:thief"


@action("S11", each=each_code)
def bounce_browser(c: Context, server: str, who: str) -> Move:
    """The attacker's authorization endpoint sends the browser on to an honest one, with the request it has seen."""
    state = f"{code_of(server, who)}.state"
    here = all_of(c.state.session(who).request_seen, same(c.state[state], "none"))
    return Move(here, (), {state: "requested"})


def _others_codes(world: World) -> list[dict[str, str]]:
    """A session and a code of another: its own is known only when the session is past taking it."""
    return [one for one in each_session_and_code(world) if one["who"] != one["of"]]


@action("S14", each=_others_codes)
def inject_code(c: Context, who: str, server: str, of: str) -> Move:
    """The attacker has the browser deliver a code that it knows, naming whatever issuer the session expects."""
    session, code = c.state.session(who), code_of(server, of)
    returned = choose(session.request_seen, who, NONE)
    return Move(
        all_of(same(session.phase, "redirected"), c.state[f"{code}.known"]),
        (client.state_matches(c.design, returned, who),),
        {f"{who}.phase": "has_code", f"{who}.code": code},
    )


@action("S16", each=each_code)
def redeem_known_code(c: Context, server: str, who: str) -> Move:
    """The attacker redeems a code that it knows, with the verifier if it has seen it."""
    session, code = c.state.session(who), code_of(server, who)
    asked = challenge(c, session)
    verifier = choose(session.verifier_seen, asked, NONE)
    return Move(
        all_of(c.state[f"{code}.known"], same(c.state[f"{code}.state"], "delivered")),
        (
            server_rules.verifier_matches_challenge(c.design, asked, verifier),
            server_rules.proof_key_matches_request(bound_key(c, server, session), KEY),
        ),
        {f"{code}.state": "redeemed", f"{code}.stolen": True},
    )
