"""A proxy that is client and AS at once: the confused deputy of the MCP security best practices, in its eight steps.

The proxy has one client at the AS behind it, to which the user has consented before; that AS remembers it and asks
nobody again. To its own clients the proxy is an AS. A transaction begins when a browser comes to its authorization
endpoint, goes on at the AS behind it, and ends when the browser brings the code of that AS back. The state with which
it does is made of the client's request, or shows in the URL of a browser that passed the consent page. So the author of
a transaction's request can send another's browser to the AS behind the proxy with it. A proxy has one transaction in a
run, and codes of the AS behind it do not leak.
"""

from __future__ import annotations

from typing import NamedTuple

from model import authorization_server as server_rules
from model import client as client_rules
from model import guards, proxy_rules
from model.action import Context, Move, Written, action, possible
from model.attacker import (
    attacker_authenticates,
    comes_from_client,
    has_host,
    has_identity,
    holds_browser,
    knows,
    leading,
    sends_own_users,
)
from model.attacker_sends import crafted
from model.flow import authentication_of, client_authenticates, issuer_after, registration, responded
from model.logic import Condition, Value, all_of, any_of, choose, no, same
from model.messages import (
    THIEF,
    AuthorizationRequest,
    AuthorizationResponse,
    Redirection,
    Sent,
    TokenRequest,
    TokenResponse,
)
from model.reading import GrantState, Moved
from model.readings import (
    as_answered,
    code_challenge,
    is_callback,
    is_client_that,
    policy_of,
    redirect_uri_of,
    sessions_and_strangers,
)
from model.registration import is_known, shows_a_client
from model.state import transaction
from model.switching import Choices
from model.token_flow import token_request
from model.world import ATTACKER, NONE, PROXY, Party, World


class Transaction(NamedTuple):
    """The transaction of a run at a proxy: the proxy, its switches, its name, and what has become of it."""

    proxy: Party
    policy: Choices
    name: str
    now: GrantState

    @property
    def callback(self) -> str:
        """Where the AS behind the proxy sends browsers back to."""
        return f"{self.proxy.url}/callback"

    def sets(self, **values: Value | Condition) -> Written:
        """What an action changes of it."""
        return {f"{self.name}.{name}": value for name, value in values.items()}


def _at(c: Context, proxy: str) -> Transaction:
    party = c.world.by_name[proxy]
    return Transaction(party, c.of(proxy), transaction(party), c.state.grant(transaction(party)))


def _authorization_at(party: Party) -> str:
    return f"{party.url}/authorize"


def _proxies(world: World) -> list[dict[str, str]]:
    return [{"proxy": proxy.name} for proxy in world.of(PROXY)]


def _clients(world: World) -> list[dict[str, str]]:
    return [{**at, "client": client.name} for at in _proxies(world) for client in world.clients]


def _users(world: World) -> list[dict[str, str]]:
    return [{**at, "user": user} for at in _proxies(world) for user in world.users]


def _browsers(world: World) -> list[dict[str, str]]:
    return [{**at, "browser": user} for at in _proxies(world) for user in (*world.users, ATTACKER)]


# --- a transaction begins ------------------------------------------------------------------------------------


def _challenge(at: Transaction, design: Choices) -> Value:
    """The code challenge in an honest client's request to the proxy, or none."""
    return choose(same(design.pkce, "off"), NONE, at.name)


def _iss(at: Transaction) -> Value:
    """The iss in the proxy's responses, or none."""
    return choose(same(at.policy.h_iss, "yes"), at.proxy.url, NONE)


def _begun(
    at: Transaction, client: Value, redirect: Value, browser: str, challenge: Value = NONE
) -> tuple[Condition, Written, Sent]:
    """When a browser can come to the proxy with a client's request, what that changes, and the request.

    There is something to be confused about only where the proxy has one client at the AS behind it.
    """
    here = all_of(same(at.now.code, "none"), same(at.policy.upstream_client, "static"))
    begun = at.sets(code="opened", client=client, redirect=redirect, opened_by=browser)
    return (
        here,
        begun,
        Sent(browser, at.proxy.name, AuthorizationRequest(client, redirect_uri=redirect, code_challenge=challenge)),
    )


@action(
    "S10", each=lambda world: [{**each, "client": client.name} for each in _users(world) for client in world.clients]
)
def client__start_at_proxy(c: Context, proxy: str, user: str, client: str) -> Move:
    """A user's client, registered at the proxy, sends the browser to the proxy's authorization endpoint."""
    at = _at(c, proxy)
    party, design, url = c.world.by_name[client], c.of(client), at.proxy.url
    challenged = _challenge(at, design)
    client_id = client_rules.client_id(design, party, url, False)
    redirect = client_rules.redirect_uri(design, party, url, url)
    here, begun, request = _begun(at, client_id, redirect, user, challenged)
    taken = tuple(guards.redirection(at.policy, **registration(c, at.proxy, client_id, redirect)))
    here = all_of(here, client_rules.uses_browser(design))
    return Move(here, taken, begun, (Sent(client, user, Redirection(_authorization_at(at.proxy))), request))


@action(
    "S10", _browsers, lambda world: {name: of for name, of in crafted(world).items() if name in ("client", "redirect")}
)
def start_at_proxy(c: Context, proxy: str, browser: str, client: Value, redirect: Value) -> Move:
    """The attacker sends a browser to a proxy with a request of its own making: as any client, back to anywhere.

    Where it has the client's host, and the proxy asks nobody, no user has to be led there.
    """
    at = _at(c, proxy)
    silent = all_of(has_host(c, client), same(at.policy.per_client_consent, "off"))
    led = any_of(holds_browser(c, browser), sends_own_users(c, client, redirect), silent)
    here, begun, request = _begun(at, client, redirect, browser)
    begun |= at.sets(relayed=comes_from_client(c, browser))
    return Move(
        possible(
            here,
            c.has(c.capabilities),
            is_client_that(c, client, client_rules.uses_browser),
            has_identity(c, at.proxy, client, redirect),
            led,
        ),
        tuple(guards.redirection(at.policy, **registration(c, at.proxy, client, redirect))),
        {**begun, f"{at.name}.crafted": True, f"knows.state.{at.name}": True},
        (*leading(c, browser, _authorization_at(at.proxy)), request),
    )


@action("S12", each=_browsers)
def proxy__ask_consent(c: Context, proxy: str, browser: str) -> Move:
    """The proxy asks the person at the browser whether this client may use what it has at the AS behind it."""
    at = _at(c, proxy)
    asks = same(at.policy.per_client_consent, "on")
    here = all_of(same(at.now.code, "opened"), same(at.now.opened_by, browser), asks, no(at.now.approved))
    shown = shows_a_client(c, at.proxy, at.now.client, at.now.redirect)
    checked = () if browser == ATTACKER else (server_rules.user_recognises_the_client(c.design, shown),)
    return Move(here, checked, at.sets(approved=True))


# --- at the AS behind the proxy --------------------------------------------------------------------------------


def _returned(at: Transaction, user: str) -> tuple[Written, tuple[Sent, ...]]:
    """What changes when a browser is at the AS behind the proxy, which asks nothing and sends it back with a code."""
    request = AuthorizationRequest(f"{at.proxy.url}/upstream", redirect_uri=at.callback, state=at.name)
    response = AuthorizationResponse(at.callback, state=at.name)
    behind = at.proxy.upstream
    return at.sets(code="returned", user=user), (Sent(user, behind, request), Sent(behind, user, response))


@action("S13", each=_users)
def authorization_server__remember_consent(c: Context, proxy: str, user: str) -> Move:
    """The proxy sends the browser on to the AS behind it, which remembers the consent to the proxy's one client."""
    at = _at(c, proxy)
    here = all_of(same(at.now.code, "opened"), same(at.now.opened_by, user))
    on = Sent(proxy, user, Redirection(_authorization_at(c.world.by_name[at.proxy.upstream])))
    returned, sends = _returned(at, user)
    return Move(here, (proxy_rules.consent_is_asked_per_client(at.policy, at.now.approved),), returned, (on, *sends))


@action("S13", each=_users)
def send_on_past_proxy(c: Context, proxy: str, user: str) -> Move:
    """The attacker sends a user's browser on to the AS behind the proxy, with the state of a transaction it knows."""
    at = _at(c, proxy)
    led = any_of(holds_browser(c, user), sends_own_users(c, at.now.client, at.now.redirect))
    on = leading(c, user, _authorization_at(c.world.by_name[at.proxy.upstream]))
    returned, sends = _returned(at, user)
    return Move(all_of(same(at.now.code, "opened"), knows(c, "state", at.name), led), (), returned, (*on, *sends))


# --- back at the proxy -----------------------------------------------------------------------------------------


@action("S14", each=_users)
def proxy__take_callback(c: Context, proxy: str, user: str) -> Move:
    """The browser brings the code of the AS behind it back to the proxy, which issues its own to the client."""
    at = _at(c, proxy)
    passed = any_of(at.now.approved, same(at.policy.per_client_consent, "off"))
    back = Sent(user, proxy, AuthorizationResponse(at.callback, state=at.name))
    on = Sent(proxy, at.now.redirect, AuthorizationResponse(at.now.redirect, at.name, iss=_iss(at)), browser=user)
    return Move(
        all_of(same(at.now.code, "returned"), same(at.now.user, user)),
        (
            proxy_rules.state_is_set_after_consent(at.policy, passed),
            proxy_rules.callback_browser_passed_consent(at.policy, no(same(at.now.opened_by, user))),
        ),
        at.sets(code="issued"),
        (back, on),
    )


def _redeem(at: Transaction, who: str, able: Condition, request: TokenRequest) -> Move:
    """Somebody redeems the proxy's code as the client that it was issued to."""
    answer = Sent(at.proxy.name, who, TokenResponse(at.name, "Bearer"))
    return Move(able, (), at.sets(code="redeemed"), (Sent(who, at.proxy.name, request), answer))


@action("S16", each=_clients)
def client__redeem_at_proxy(c: Context, proxy: str, client: str) -> Move:
    """An honest client redeems the proxy's code."""
    at, design = _at(c, proxy), c.of(client)
    who = next(session.name for session in c.world.sessions if session.client == client)
    session = Moved(c.state.session(who), issuer=at.proxy.url, token_at=at.proxy.url)
    request = TokenRequest(
        **authentication_of(c, session, "token", at.proxy.url),
        grant_type="authorization_code",
        code=at.name,
        redirect_uri=at.now.redirect,
        code_verifier=_challenge(at, design),
    )
    able = all_of(same(at.now.code, "issued"), same(at.now.client, request.client_id))
    itself = client_authenticates(
        c, design, at.proxy, "token", client=at.now.client, here=True, forwarded=False, named=True
    )
    return _redeem(at, client, able, request)._replace(rules=itself)


@action("S15", each=_proxies)
def redeem_at_proxy(c: Context, proxy: str) -> Move:
    """The attacker redeems the proxy's code, as the client of a request whose verifier it has, or that needs none.

    It may have the code from a log, once the client has redeemed it.
    """
    at = _at(c, proxy)
    pkce = policy_of(c, at.now.client).pkce
    plain, needs_none = all_of(same(pkce, "plain"), knows(c, "challenge", at.name)), same(pkce, "off")
    has_verifier = any_of(at.now.crafted, needs_none, plain, knows(c, "verifier", at.name))
    request = TokenRequest(
        at.now.client,
        grant_type="authorization_code",
        code=at.name,
        redirect_uri=at.now.redirect,
        code_verifier=choose(at.now.crafted, THIEF, choose(needs_none, NONE, at.name)),
    )
    move = _redeem(at, ATTACKER, all_of(knows(c, "code", at.name), has_verifier), request)
    once = server_rules.code_is_unused(at.policy, same(at.now.code, "redeemed"))
    taken = (once, *attacker_authenticates(c, at.proxy, at.now.client))
    return move._replace(rules=taken, sets={**move.sets, **at.sets(taken=True)})


@action("S15", each=lambda world: [{**at, **one} for at in _proxies(world) for one in sessions_and_strangers(world)])
def client__post_code_of_proxy(c: Context, proxy: str, who: str, server: str) -> Move:
    """The client takes a proxy's code for that of a stranger, which sent the browser there, and posts it to that one.

    The attacker wrote the request, with the state of the session.
    """
    at, session, party = _at(c, proxy), c.state.session(who), c.world.by_name[server]
    arrived = at.now.redirect
    after = as_answered(Moved(session, went_to=issuer_after(c, who, arrived)))
    here = possible(
        same(at.now.code, "issued"),
        at.now.crafted,
        same(at.now.user, c.world.user_of(who)),
        is_callback(c, arrived, who),
        same(session.phase, "requested"),
        knows(c, "state", who),
        same(after.token_at, party.url),
        c.runs(party),
    )
    request = token_request(
        c,
        after,
        party.url,
        grant_type="authorization_code",
        code=at.name,
        redirect_uri=redirect_uri_of(c, after),
        code_verifier=choose(same(code_challenge(c, after), NONE), NONE, who),
    )
    return Move(
        here,
        responded(c, session, _iss(at), after.issuer, who, arrived, other_browser=False),
        {f"{who}.phase": "asked"},
        (Sent(c.world.session[who].client, server, request),),
    )


def confused(c: Context, proxy: Party) -> Condition:
    """Whether the proxy used what a user has at the AS behind it for a request of the attacker's.

    The user did not approve the client of that at the proxy.
    """
    now = c.state.grant(transaction(proxy))
    approved = any_of(*(all_of(now.approved, same(now.opened_by, u), same(now.user, u)) for u in c.world.users))
    return all_of(same(now.code, "redeemed"), knows(c, "code", transaction(proxy)), now.crafted, no(approved))


def robbed(c: Context, proxy: Party) -> Condition:
    """Whether the attacker has a token of the proxy's that was issued to a client of somebody else's for a user."""
    now = c.state.grant(transaction(proxy))
    return all_of(knows(c, "token", transaction(proxy)), is_known(c, now.client))
