# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: -all
#     formats: ipynb,py:percent
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 9. A draft of your own
#
# ## In short
#
# 1. Tokens stray where nobody looks at whose the resource takes.
# 2. They do not where the list of issuers is checked.
# 3. The check costs no first contact.
#
# Each is a claim of the answer below, which stops the notebook if the model does not bear it out.
#
# ## The question
#
# A draft that is not in the list: resource metadata names the issuers whose tokens the resource takes, and a client
# looks there before it sends a token. Does that stop anything, where does it not, and what does it cost? What the
# functions below add makes another model, and the one that ships stays as it is. A file with the same lines
# (`openworld new draft` writes one) makes that model too, `oauth().extended("mydraft.py")`, and is asked on all cores.

# %%
from model.logic import all_of, any_of, choose, mapped, no, one_of, same
from model.model import oauth
from model.readings import trusted_by
from model.world import NONE
from openworld.draft import field, rule, switch, violated
from openworld.explore import claimed, compared, flipped, rules, show, switches

# %% [markdown]
# ## What the specifications say
#
# Nothing yet. Two switches say what may be the case: what a resource server does, and what a client does.


# %%
def choices():
    """What a resource server says, and what a client does about it."""
    switch(
        "rs_issuers", "unsaid listed", "whether resource metadata lists the issuers whose tokens are taken",
        "draft-me 2", of="resource_server", kind="environment", words="RS lists no issuers; RS lists its issuers",
    )  # fmt: skip
    switch(
        "issuer_listed", "off on", "whether the client sends a token only where its issuer is on that list",
        "draft-me 3", of="client", words="issuer not looked up in the list; issuer looked up in the list",
    )  # fmt: skip


switches("rs_issuers", "issuer_listed", model=oauth().extended(choices))

# %% [markdown]
# The field of the message. Charts show it from here on.


# %%
def the_list():
    """The field of the metadata in which the list stands."""

    @field("ResourceMetadata", "token_issuers_supported")
    def listed(c, sent):
        """The issuers that the resource server takes, where it says so."""
        honest = [party for party in c.world.resource_servers if party.honest]
        taken = {name: ", ".join(c.world.by_name[issuer].url for issuer in party.trusts)
                 for party in honest for name in (party.name, party.url)}  # fmt: skip
        policy = c.among(honest, lambda party: one_of(sent.sender, party.name, party.url))
        said = mapped(lambda sender: taken.get(sender, NONE), sent.sender)
        return choose(same(policy.rs_issuers, "listed"), said, NONE)


# %% [markdown]
# The rule, asked when a client sends its token, and what must not happen. Terms are read with the connectives of
# the model, so that the solver reads the same line as the machine: `same` for `==`, `all_of` for `and`.


# %%
def does_not_take(c, who, of=lambda party: True):
    """Whether a session is at an honest resource server that does not take tokens by the issuer it went to."""
    session = c.state.session(who)
    return any_of(*(all_of(same(session.url, party.url), no(trusted_by(c, party, session.issuer)), of(party))
                    for party in c.world.resource_servers if party.honest))  # fmt: skip


def the_check():
    """The rule of the client, and what must not happen."""

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


MINE = oauth().extended(choices, the_list, the_check)
rules("client.token_issuer_is_listed", model=MINE)

# %% [markdown]
# ## The evidence
#
# An attacker with an AS of its own alters the metadata on the way. The client goes to that AS and takes what it gets
# to the honest resource server.

# %%
ALTERED = "cap=mal_as+delivery_tamper;as_trust=any"
show("stray_token", f"{ALTERED};rs_issuers=listed", MINE)

# %% [markdown]
# With the check the token goes nowhere, and the rules without which it would are named. One of them is not ours: what
# a token response says of a resource is no licence to take the token there.

# %%
show("stray_token", f"{ALTERED};rs_issuers=listed;issuer_listed=on", MINE)

# %% [markdown]
# The check is worth nothing where the resource lists nothing, and it is no check of where codes go.

# %%
compared(
    {
        "no list, no check": ALTERED,
        "a list that nobody reads": f"{ALTERED};rs_issuers=listed",
        "a check of what is not listed": f"{ALTERED};issuer_listed=on",
        "a list that is checked": f"{ALTERED};rs_issuers=listed;issuer_listed=on",
    },
    ["stray_token", "discovery_integrity", "code_delivery", "first_contact"],
    note="resource and client",
    model=MINE,
)

# %% [markdown]
# The figure for the slide: everything that flips, of all properties, against this attacker.

# %%
flipped(
    "as_trust=any;rs_issuers=listed", "as_trust=any;rs_issuers=listed;issuer_listed=on",
    against=["mal_as+delivery_tamper"], model=MINE,
)  # fmt: skip

# %% [markdown]
# ## The answer

# %%
CHECKED = "rs_issuers=listed;issuer_listed=on"
claimed([
    ("Tokens stray where nobody looks at whose the resource takes.", "stray_token", f"{ALTERED};rs_issuers=listed",
     "attack"),
    ("They do not where the list of issuers is checked.", "stray_token", f"{ALTERED};{CHECKED}", "safe"),
    ("A check alone is none.", "stray_token", f"{ALTERED};issuer_listed=on", "attack"),
    ("The check costs no first contact.", "first_contact", f"as_trust=any;{CHECKED}", "reached"),
    ("It does not lead clients to the right AS.", "discovery_integrity", f"{ALTERED};{CHECKED}", "attack"),
], MINE)  # fmt: skip

# %% [markdown]
# ## The limits
#
# The list is taken for authentic here: `trusted_by` says what the resource server takes, and nobody alters that, though
# the same attacker alters the rest of the document. A draft would have to say how the list comes to the client by
# another way, and `signed_metadata` is one that the model has. The expectations of the answer go into a file for
# `openworld check`, with `with = ["mydraft.py"]` and the sentence that each rests on (`draft`, `section`, `quote`).
