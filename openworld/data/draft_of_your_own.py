"""A draft of your own: resource metadata carries the signed name of the AS whose tokens are taken, and clients look.

    openworld verdict stray_token "cap=mal_as+delivery_tamper;as_trust=any;rs_issuers=signed" --with FILE
    openworld diff "rs_issuers=signed" "rs_issuers=signed;issuer_signed=on" --with FILE

`openworld new draft --hooks` lists messages, steps and guards; model/readings.py says what is known of parties and
sessions.
"""

from model.readings import trusted_by
from openworld.draft import NONE, all_of, any_of, choose, field, no, one_of, rule, same, signed, switch, violated

switch(
    "rs_issuers",
    "unsaid signed",
    "whether a resource server signs in its metadata which AS it takes tokens of",
    "draft-me 2",
    of="resource_server",
    kind="environment",
    words="RS signs no issuer; RS signs its issuer",
)
switch(
    "issuer_signed",
    "off on",
    "whether the client goes only to an AS that the resource server has signed",
    "draft-me 3",
    of="client",
    words="signed issuer not looked at; signed issuer looked at",
)


def statements(world):
    """What can be signed: that a resource takes tokens of an AS."""
    return [signed(resource, issuer) for resource in world.resources for issuer in world.issuers]


@field("ResourceMetadata", "signed_issuer", statements)
def signs(c, sent):
    """A resource server that signs issuers signs the one that it lists; the attacker writes here what it can make."""
    servers = c.world.resource_servers
    policy = c.among(servers, lambda party: one_of(sent.sender, party.name, party.url))
    statement = signed(sent.message.resource, sent.message.authorization_servers)
    return choose(same(policy.rs_issuers, "signed"), statement, NONE)


@rule(message="ResourceMetadata", actor="client", source="draft-me 3")
def issuer_is_signed(c, says, held):
    """The AS that resource metadata lists is the one that the resource has signed."""
    statement = signed(says["resource"], says["authorization_servers"])
    return any_of(same(c.client(c.session).issuer_signed, "off"), same(says["signed_issuer"], statement))


@violated("ST", words="tokens go where they are taken", hurts="user", harm="tokens go astray", worth=5)
def stray_token(c):
    """A client sends an honest resource server a token by an issuer that it does not take."""
    strayed = []
    for session in map(c.state.session, c.world.session):
        for party in (party for party in c.world.resource_servers if party.honest):
            gone = all_of(one_of(session.phase, "sent", "renewed"), same(session.url, party.url))
            strayed.append(all_of(gone, no(trusted_by(c, party, session.issuer))))
    return any_of(*strayed)
