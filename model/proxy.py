"""A proxy that is client and AS at once: the confused deputy of the MCP security best practices, in its eight steps.

The proxy has one client at the AS behind it, to which the user has consented before; that AS remembers it and asks
nobody again. To its own clients the proxy is an AS. A transaction begins when a browser comes to its authorization
endpoint, goes on at the AS behind it, and ends when the browser brings the code of that AS back. The state with which
it does is made of the client's request, or shows in the URL of a browser that passed the consent page: whoever wrote
the request of a transaction can send another's browser to the AS behind the proxy with it. A proxy has one transaction
in a run, and codes of the AS behind it do not leak.
"""

from __future__ import annotations

from typing import Any

from model import authorization_server as server_rules
from model import proxy_rules
from model.action import IMPOSSIBLE, Context, Move, action
from model.attacker import holds_browser, leading, sends_own_users
from model.logic import Condition, all_of, any_of, no, one_of, same
from model.messages import AuthorizationRequest, AuthorizationResponse, Redirection, Sent, TokenRequest, TokenResponse
from model.readings import deliver, knows
from model.registration import is_known, registered, shows_a_client
from model.state import transaction
from model.world import ATTACKER, PROXY, Party, World


def upstream_client(proxy: Party) -> str:
    """The client_id that a proxy has at the AS behind it."""
    return f"{proxy.url}/upstream"


def callback_of(proxy: Party) -> str:
    """Where the AS behind a proxy sends browsers back to."""
    return f"{proxy.url}/callback"


def has_one_client(c: Context, proxy: Party) -> Condition:
    """Whether the proxy has one client at the AS behind it for all that it serves."""
    return same(c.of(proxy.name).upstream_client, "static")


def passed(c: Context, proxy: Party) -> Condition:
    """Whether the browser that began the transaction has passed the consent page, where there is one."""
    slot = c.state.grant(transaction(proxy))
    return any_of(slot.approved, same(c.of(proxy.name).per_client_consent, "off"))


def _proxies(world: World) -> list[dict[str, str]]:
    return [{"proxy": proxy.name} for proxy in world.of(PROXY)]


def _users(world: World) -> list[dict[str, str]]:
    return [{"proxy": proxy.name, "user": user} for proxy in world.of(PROXY) for user in world.users]


def _browsers(world: World) -> list[dict[str, str]]:
    return [{"proxy": p.name, "browser": user} for p in world.of(PROXY) for user in (*world.users, ATTACKER)]


# --- a transaction begins ------------------------------------------------------------------------------------


def begin(c: Context, proxy: Party, client: Party, browser: str) -> tuple[dict[str, Any], Sent]:
    """What changes when a browser comes to the proxy with a client's request, and the request."""
    slot = transaction(proxy)
    begun = {
        f"{slot}.code": "opened", f"{slot}.client": client.url, f"{slot}.redirect": client.callback,
        f"{slot}.opened_by": browser,
    }  # fmt: skip
    return begun, Sent(browser, proxy.name, AuthorizationRequest(client.url, redirect_uri=client.callback))


@action("S10", each=lambda world: [
    {**each, "client": client.name} for each in _users(world) for client in world.clients
])  # fmt: skip
def client__start_at_proxy(c: Context, proxy: str, user: str, client: str) -> Move:
    """A user's client, registered at the proxy, sends the browser to the proxy's authorization endpoint."""
    party, slot = c.world.by_name[proxy], c.state.grant(transaction(c.world.by_name[proxy]))
    here = all_of(same(slot.code, "none"), has_one_client(c, party))
    begun, request = begin(c, party, c.world.by_name[client], user)
    there = Sent(client, user, Redirection(_authorization_at(party)))
    return Move(here, (), begun, (there, request))


@action("S10", each=lambda world: [
    {**each, "client": client.name} for each in _browsers(world) for client in world.identities
])  # fmt: skip
def start_at_proxy(c: Context, proxy: str, browser: str, client: str) -> Move:
    """A client that the attacker registered at the proxy sends a browser there: its user's, one it holds, its own."""
    party, identity = c.world.by_name[proxy], c.world.by_name[client]
    slot = c.state.grant(transaction(party))
    led = any_of(holds_browser(c, browser), sends_own_users(c, identity.url, identity.callback))
    here = all_of(same(slot.code, "none"), has_one_client(c, party), c.runs(identity), led)
    if here is False:
        return IMPOSSIBLE
    policy = c.of(proxy)
    begun, request = begin(c, party, identity, browser)
    fits = registered(c, party, identity.url, identity.callback)
    return Move(
        here,
        (server_rules.redirect_uri_is_registered(policy, fits, False),),
        {**begun, f"knows.state.{transaction(party)}": True},
        (*leading(c, browser, _authorization_at(party)), request),
    )


@action("S12", each=_browsers)
def proxy__ask_consent(c: Context, proxy: str, browser: str) -> Move:
    """The proxy asks whoever sits at the browser whether this client may use what it has at the AS behind it."""
    party, policy = c.world.by_name[proxy], c.of(proxy)
    slot = c.state.grant(transaction(party))
    asks = same(policy.per_client_consent, "on")
    here = all_of(same(slot.code, "opened"), same(slot.opened_by, browser), asks, no(slot.approved))
    if here is False:
        return IMPOSSIBLE
    shown = shows_a_client(c, party, slot.client, slot.redirect)
    checked = () if browser == ATTACKER else (server_rules.user_recognises_the_client(c.design, shown),)
    return Move(here, checked, {f"{transaction(party)}.approved": True})


# --- at the AS behind the proxy --------------------------------------------------------------------------------


def _authorization_at(party: Party) -> str:
    return f"{party.url}/authorize"


def _upstream(c: Context, proxy: Party, user: str, by: tuple[Sent, ...]) -> tuple[Sent, ...]:
    """A browser that is sent to the AS behind the proxy, which asks nothing and sends it back with a code."""
    slot, back = transaction(proxy), callback_of(proxy)
    request = AuthorizationRequest(upstream_client(proxy), redirect_uri=back, state=slot)
    return *by, Sent(user, proxy.upstream, request), Sent(proxy.upstream, user, AuthorizationResponse(back, state=slot))


@action("S13", each=_users)
def authorization_server__remember_consent(c: Context, proxy: str, user: str) -> Move:
    """The proxy sends the browser on to the AS behind it, which remembers the consent to the proxy's one client."""
    party = c.world.by_name[proxy]
    slot = c.state.grant(transaction(party))
    here = all_of(same(slot.code, "opened"), same(slot.opened_by, user))
    if here is False:
        return IMPOSSIBLE
    on = Sent(proxy, user, Redirection(_authorization_at(c.world.by_name[party.upstream])))
    return Move(
        here,
        (proxy_rules.consent_is_asked_per_client(c.of(proxy), slot.approved),),
        {f"{transaction(party)}.code": "returned", f"{transaction(party)}.user": user},
        _upstream(c, party, user, (on,)),
    )


@action("S13", each=_users)
def send_on_past_proxy(c: Context, proxy: str, user: str) -> Move:
    """The attacker sends a user's browser on to the AS behind the proxy, with the state of a transaction it knows."""
    party = c.world.by_name[proxy]
    name, slot = transaction(party), c.state.grant(transaction(party))
    led = any_of(holds_browser(c, user), sends_own_users(c, slot.client, slot.redirect))
    here = all_of(same(slot.code, "opened"), knows(c, "state", name), led)
    if here is False:
        return IMPOSSIBLE
    sends = _upstream(c, party, user, leading(c, user, _authorization_at(c.world.by_name[party.upstream])))
    return Move(here, (), {f"{name}.code": "returned", f"{name}.user": user}, sends)


# --- back at the proxy -----------------------------------------------------------------------------------------


@action("S14", each=_users)
def proxy__take_callback(c: Context, proxy: str, user: str) -> Move:
    """The browser brings the code of the AS behind it back to the proxy, which issues its own to the client."""
    party, policy = c.world.by_name[proxy], c.of(proxy)
    name, slot = transaction(party), c.state.grant(transaction(party))
    here = all_of(same(slot.code, "returned"), same(slot.user, user))
    if here is False:
        return IMPOSSIBLE
    back = Sent(user, proxy, AuthorizationResponse(callback_of(party), state=name))
    facts, sends = deliver(c, Sent(proxy, slot.redirect, AuthorizationResponse(slot.redirect, name)))
    return Move(
        here,
        (
            proxy_rules.state_is_set_after_consent(policy, passed(c, party)),
            proxy_rules.callback_browser_passed_consent(policy, no(same(slot.opened_by, user))),
        ),
        {f"{name}.code": "issued", **facts},
        (back, *sends),
    )


@action("S16", each=_proxies)
def client__redeem_at_proxy(c: Context, proxy: str) -> Move:
    """An honest client redeems the proxy's code."""
    party = c.world.by_name[proxy]
    name, slot = transaction(party), c.state.grant(transaction(party))
    here = all_of(same(slot.code, "issued"), is_known(c, slot.client))
    if here is False:
        return IMPOSSIBLE
    request = TokenRequest(slot.client, grant_type="authorization_code", code=name, redirect_uri=slot.redirect)
    return Move(
        here,
        (),
        {f"{name}.code": "redeemed"},
        (Sent(slot.client, proxy, request), Sent(proxy, slot.client, TokenResponse(name, "Bearer"))),
    )


@action("S15", each=_proxies)
def redeem_at_proxy(c: Context, proxy: str) -> Move:
    """The attacker's client redeems the proxy's code."""
    party = c.world.by_name[proxy]
    name, slot = transaction(party), c.state.grant(transaction(party))
    own = one_of(slot.client, *(identity.url for identity in c.world.identities))
    here = all_of(same(slot.code, "issued"), own, knows(c, "code", name))
    if here is False:
        return IMPOSSIBLE
    request = TokenRequest(slot.client, grant_type="authorization_code", code=name, redirect_uri=slot.redirect)
    facts, sends = deliver(c, Sent(ATTACKER, proxy, request), Sent(proxy, ATTACKER, TokenResponse(name, "Bearer")))
    return Move(here, (), {f"{name}.code": "redeemed", **facts}, sends)


def confused(c: Context, proxy: Party) -> Condition:
    """Whether the proxy used what a user has at the AS behind it for a client that this user did not approve there."""
    slot = c.state.grant(transaction(proxy))
    approved = any_of(*(all_of(slot.approved, same(slot.opened_by, u), same(slot.user, u)) for u in c.world.users))
    return all_of(same(slot.code, "redeemed"), no(is_known(c, slot.client)), no(approved))
