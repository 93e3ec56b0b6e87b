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
# Each line is worked out when the notebook runs, and one that is not borne out stops it.

# %%
from openworld.draft import SKELETON, field, oauth, rule, same, skeleton
from openworld.explore import claimed, compared, rules, short, show, slide, switches

MINE = oauth().extended(SKELETON)
ALTERED = "cap=mal_as+delivery_tamper;as_trust=any"
CHECKED = "rs_issuers=signed;issuer_signed=on"
short(claimed([
    ("Who alters resource metadata on its way sends tokens astray.", "stray_token", f"{ALTERED};rs_issuers=signed",
     "attack"),
    ("A client that looks for the resource's signature stops it.", "stray_token", f"{ALTERED};{CHECKED}", "safe"),
    ("Where they do not sign, nobody gets in.", "first_contact", "issuer_signed=on", "not_reached"),
], MINE), beside=slide("stray_token", f"{ALTERED};rs_issuers=signed", MINE))  # fmt: skip

# %% [markdown]
# ## The question
#
# A draft that is not in the list: resource metadata carries the name of the AS, signed by the resource, and a client
# looks at it before it goes there. Does that stop anything, where does it not, and what does it cost?
#
# This is the file that `openworld new draft` writes, whole. It makes another model, and the one that ships stays as it
# is. Terms are read with the connectives of the model, so that the solver reads the same line as the machine: `same`
# for `==`, `all_of` for `and`.

# %%
from IPython.display import Code

Code(skeleton())

# %% [markdown]
# ## What the specifications say
#
# Nothing yet. The draft says what may be the case, and what a client asks.

# %%
switches("rs_issuers", "issuer_signed", model=MINE)

# %%
rules("client.issuer_is_signed", model=MINE)

# %% [markdown]
# ## The evidence
#
# An attacker with an AS of its own alters the metadata on the way. The client goes to that AS and takes what it gets
# to the honest resource server.

# %%
show("stray_token", f"{ALTERED};rs_issuers=signed", MINE)

# %% [markdown]
# With the check the token goes nowhere, and the rules without which it would are named.

# %%
show("stray_token", f"{ALTERED};{CHECKED}", MINE)

# %% [markdown]
# ### What is checked, and by whom
#
# A signature that nobody looks at changes nothing, and a client that looks where nobody signs gets nowhere.

# %%
compared(
    {
        "nobody signs, nobody looks": ALTERED,
        "a signature that nobody looks at": f"{ALTERED};rs_issuers=signed",
        "a client that looks, and nobody signs": f"{ALTERED};issuer_signed=on",
        "a signature that is looked at": f"{ALTERED};{CHECKED}",
    },
    ["stray_token", "discovery_integrity", "code_delivery", "first_contact"],
    note="resource and client",
    model=MINE,
)

# %% [markdown]
# ## The answer
#
# It stops what it is for, and it has to be a signature. Take a plain name instead: the resource repeats in a second
# field which AS it lists, and the client compares the two. Functions add to a model as files do. The attacker who
# alters the document writes both fields, so that nothing is won.


# %%
def hinted():
    """A field that repeats the AS in metadata, and a client that compares."""

    @field("ResourceMetadata", "issuer_hint")
    def hint(c, sent):
        """The AS that is listed, once more."""
        return sent.message.authorization_servers

    @rule(message="ResourceMetadata", actor="client", source="draft-other 3")
    def hint_is_followed(c, says, held):
        """The AS that is listed is the one of the hint."""
        return same(says["issuer_hint"], says["authorization_servers"])


claimed([
    ("A hint beside what it hints at stops nothing.", "discovery_integrity", ALTERED, "attack"),
    ("A signature does.", "discovery_integrity", f"{ALTERED};{CHECKED}", "safe"),
    ("It costs no first contact where resources sign.", "first_contact", CHECKED, "reached"),
], oauth().extended(SKELETON, hinted))  # fmt: skip

# %% [markdown]
# ## The limits
#
# The client has the key of the resource here, as if by its TLS certificate; a draft would have to say how it gets
# there. Everything else that flips:
# `openworld diff "rs_issuers=signed" "rs_issuers=signed;issuer_signed=on" --with mydraft.py`.
# `signed_metadata` is the mechanism of RFC 9728 2.2 that the model ships. The expectations of the answer go into a
# file for `openworld check`, with `with = ["mydraft.py"]` and the sentence that each rests on (`draft`, `section`,
# `quote`).
