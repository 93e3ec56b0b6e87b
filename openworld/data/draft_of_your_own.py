"""A draft of your own: resource metadata lists the issuers whose tokens are taken, and clients look.

    openworld verdict stray_token "cap=mal_as+delivery_tamper;as_trust=any;rs_issuers=listed" --with FILE
    openworld diff "rs_issuers=listed" "rs_issuers=listed;issuer_listed=on" --with FILE

`openworld new draft --hooks` lists messages, steps and guards; model/readings.py says what is known of parties and
sessions.
"""

from model.readings import trusted_by
from openworld.draft import NONE, all_of, any_of, choose, field, mapped, no, one_of, rule, same, switch, violated

switch(
    "rs_issuers",
    "unsaid listed",
    "whether resource metadata lists the issuers whose tokens are taken",
    "draft-me 2",
    of="resource_server",
    kind="environment",
    words="RS lists no issuers; RS lists its issuers",
)
switch(
    "issuer_listed",
    "off on",
    "whether the client sends a token only where its issuer is on that list",
    "draft-me 3",
    of="client",
    words="issuer not looked up in the list; issuer looked up in the list",
)


@field("ResourceMetadata", "token_issuers_supported")
def listed(c, sent):
    """The issuers that the resource server takes, where it says so."""
    honest = [party for party in c.world.resource_servers if party.honest]
    taken = {
        name: ", ".join(c.world.by_name[issuer].url for issuer in party.trusts)
        for party in honest
        for name in (party.name, party.url)
    }
    policy = c.among(honest, lambda party: one_of(sent.sender, party.name, party.url))
    said = mapped(lambda sender: taken.get(sender, NONE), sent.sender)
    return choose(same(policy.rs_issuers, "listed"), said, NONE)


def does_not_take(c, who, of=lambda party: True):
    """Whether a session is at an honest resource server that does not take tokens by the issuer it went to."""
    session = c.state.session(who)
    return any_of(
        *(
            all_of(same(session.url, party.url), no(trusted_by(c, party, session.issuer)), of(party))
            for party in c.world.resource_servers
            if party.honest
        )
    )


@rule(at="client.send_token", source="draft-me 3")
def token_issuer_is_listed(c, who):
    """The issuer of the token is one that the resource lists, where it lists any."""
    astray = does_not_take(c, who, lambda party: same(c.of(party.name).rs_issuers, "listed"))
    return no(all_of(same(c.client(who).issuer_listed, "on"), astray))


@violated("ST", words="tokens go where they are taken", hurts="user", harm="tokens go astray", worth=5)
def stray_token(c):
    """A client sends an honest resource server a token by an issuer that it does not take."""
    gone = {who: one_of(c.state.session(who).phase, "sent", "renewed") for who in c.world.session}
    return any_of(*(all_of(sent, does_not_take(c, who)) for who, sent in gone.items()))
