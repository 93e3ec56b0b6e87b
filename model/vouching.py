"""How one AS vouches for a user to another: an assertion that it makes for a client takes the place of a code.

Where two domains have an agreement the user's approval in one stands for the other: the client exchanges what
it got there for an assertion about the user, and presents that as a grant (ID-JAG, identity chaining).
"""

from model import authorization_server as server_rules
from model import client as client_rules
from model import gateways, guards
from model.action import Context, Move, action, possible
from model.flow import authenticates, authentication_of
from model.logic import Condition, Value, all_of, any_of, choose, no, one_of, same
from model.messages import AssertionResponse, Sent, TokenExchange
from model.readings import (
    client_id_of,
    follows,
    gives_word_to,
    is_refused,
    own_grants,
    requested_resource,
    server_of,
    takes_word_of,
    voucher_of,
)
from model.rule import Named
from model.state import id_token_of
from model.world import NONE, Party, World


def _following(world: World) -> list[dict[str, str]]:
    """One action for each session that comes after another, and each token that this one could have."""
    return [pair for pair in own_grants(world) if world.session[pair["who"]].after]


def asserted(
    c: Context, who: str, server: Party, *, by_client: Condition, own: Condition, reused: Condition
) -> tuple[Named, ...]:
    """The rules by which an honest AS takes the assertion of a session as a grant.

    ``by_client``: who presents it authenticates as the client that it names; ``own``: and holds the key of that;
    ``reused``: the AS has taken it before.
    """
    session, voucher = c.state.session(who), voucher_of(c, who)
    vouched = client_rules.is_vouched_by_server(c.client(who), follows(c, who))
    binds = c.among(c.world.servers, lambda party: same(voucher, party.url))
    return tuple(
        guards.assertion(
            c.of(server.name),
            named=gateways.stands_for(c, server, session.issuer),
            partner=any_of(no(vouched), takes_word_of(c, server, voucher)),
            by_client=by_client,
            own=own,
            users=True,
            other_tenants=False,
            reused=reused,
            bound=all_of(vouched, same(binds.grant_cnf, "bound")),
        )
    )


@action("S15", each=_following)
def client__ask_for_assertion(c: Context, who: str, grant: str) -> Move:
    """The client exchanges what it got in the session before for an assertion about the user, for another AS."""
    earlier, session = c.state.session(c.world.session[who].after), c.state.session(who)
    server, policy, client = server_of(c, grant), c.of(c.world.grant[grant].server), c.world.session[who].client
    here = possible(
        same(session.phase, "ready"), client_rules.is_vouched_by_server(c.client(who), True), same(earlier.token, grant)
    )
    by_identity, by_refresh = one_of(policy.exchange, "identity", "addressed"), same(policy.exchange, "refresh")
    request = TokenExchange(
        **authentication_of(c, earlier, "token", server.url),
        grant_type="token-exchange",
        requested_token_type="id-jag",
        subject_token=choose(by_identity, id_token_of(grant), choose(by_refresh, NONE, grant)),
        subject_refresh_token=choose(by_refresh, grant, NONE),
        subject_token_type=choose(by_identity, "id_token", choose(by_refresh, "refresh_token", "access_token")),
        audience=session.issuer,
        resource=requested_resource(c, session, "token"),
    )
    key = choose(same(policy.grant_cnf, "bound"), f"key:{client}", NONE)
    answer = AssertionResponse(
        "id-jag",
        who,
        server.url,
        c.world.grant[grant].user,
        session.issuer,
        client_id_of(c, session),
        requested_resource(c, session, "token"),
        key,
    )
    return Move(
        here,
        (
            *authenticates(c, earlier, server, "token"),
            server_rules.audience_is_partner(policy, gives_word_to(c, server, session.issuer)),
            server_rules.grant_stands(policy, c.state[f"ended.{grant}"] if grant in c.world.revocable else False),
        ),
        {f"{who}.vouched": True},
        (Sent(client, server.name, request), Sent(server.name, client, answer)),
    )


def has_grant(c: Context, who: str) -> Condition:
    """Whether a session asks no user for a code and exchanges no token, and has the word of an AS if it needs one."""
    design, vouched = c.client(who), c.state[f"{who}.vouched"] if follows(c, who) else True
    needed = client_rules.is_vouched_by_server(design, follows(c, who))
    asks_user = client_rules.uses_code_grant(design, follows(c, who))
    return all_of(no(asks_user), no(client_rules.exchanges(design)), any_of(no(needed), vouched))


def grant_type_of(c: Context, who: str) -> Value:
    """The grant type that a session asks a token with."""
    design = c.client(who)
    vouched = client_rules.is_vouched_by_server(design, follows(c, who))
    by_browser = client_rules.uses_browser(design, follows(c, who))
    asked = choose(by_browser, "authorization_code", choose(vouched, "jwt_bearer", design.grant))
    return choose(is_refused(c.state.session(who)), "client_credentials", asked)


def presents(c: Context, who: str) -> Value:
    """The assertion that a session presents as a grant, if it does."""
    vouched = client_rules.is_vouched_by_server(c.client(who), follows(c, who))
    return choose(any_of(same(c.client(who).grant, "jwt_bearer"), vouched), who, NONE)
