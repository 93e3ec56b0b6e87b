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
# # 7. Trust on first contact, from both sides
#
# ## In short
#
# Each line is worked out when the notebook runs, and one that is not borne out stops it.

# %%
from openworld.explore import claimed, compared, crossed, explore, gained, rules, short, show, slide, switches

PROPERTY, CONFIGURATION = "code_delivery", "cap=mal_as;iss_check=off;as_trust=federation;a_enrolled=yes"
short(claimed([
    ("A list of authorization servers settles whom the client meets.", "as_acceptance", "cap=mal_as;as_trust=allowlist",
     "safe"),
    ("It does not settle what a member does: without a comparison of iss, one on the list still gets the code.",
     "code_delivery", "cap=mal_as;iss_check=off;as_trust=allowlist;a_enrolled=yes", "attack"),
    ("Subjects told apart by issuer keep a member of the federation from naming other people's users.",
     "authorization", "cap=mal_as;rs_trust=federation;a_enrolled=yes;subject_ns=iss+sub", "safe"),
]), beside=slide(PROPERTY, CONFIGURATION))  # fmt: skip

# %% [markdown]
# Give your own reasons to trust, to the client and to the resource server:

# %%
trust = explore(
    PROPERTY,
    CONFIGURATION,
    switches=("as_trust", "a_enrolled", "signed_metadata", "e_enrolled", "xcheck", "iss_check", "prm_cache", "rt_pin",
              "rs_trust", "subject_ns", "key_lookup", "reg"),
    attackers=("mal_as", "mal_rs", "delivery_tamper", "old_as_compromised", "mal_client"),
    watch=("first_contact", "as_acceptance", "discovery_integrity", "issuer_acceptance", "authorization"),
)  # fmt: skip
trust

# %% [markdown]
# ## The question
#
# The client meets an authorization server that it has never heard of; the resource server is shown a token of an
# issuer that it has never heard of. What gives either a reason to go on: a list, a federation, a signature, having
# met before, a public log? What does each settle, and what does none of them?

# %% [markdown]
# ## What the specifications say
#
# RFC 9728 section 7.6 says that a client needs a reason of its own to trust an AS and gives none. These are the
# rules where reasons come in: the first four are the client's, the last three the resource server's.

# %%
rules(
    "client.authorization_server_is_trusted",
    "client.metadata_signature_is_anchored",
    "client.server_lists_resource",
    "client.refresh_token_stays_with_issuer",
    "resource_server.issuer_is_accepted",
    "resource_server.signature_is_by_issuer",
    "authorization_server.consent_is_pinned_to_metadata",
)

# %%
switches("as_trust", "a_enrolled", "signed_metadata", "e_enrolled", "xcheck", "rt_pin", "cred_pin", "prm_cache",
         "rs_trust", "subject_ns", "key_lookup")  # fmt: skip

# %% [markdown]
# ## The evidence
#
# ### The client's side
#
# Four questions, from the weakest to the strongest. Does anything but the resource vouch for the AS
# (`as_acceptance`)? Is the document in use the one of the party in charge (`discovery_integrity`, the attacker
# tampers with its delivery)? Does the code stay with the honest AS although the other one is malicious
# (`code_delivery`, without `iss`, so that trust alone is asked)? Does a token stay where it was meant
# (`token_confinement`, with a malicious resource server and an AS that ignores `resource`)?

# %%
REASONS = {
    "none": "",
    "list of AS": "as_trust=allowlist",
    "list with the attacker on it": "as_trust=allowlist;a_enrolled=yes",
    "federation, attacker enrolled": "as_trust=federation;a_enrolled=yes",
    "signed by the same origin": "signed_metadata=self",
    "signed, optional": "signed_metadata=anchored_opt",
    "signed by an attester": "signed_metadata=anchored_req",
    "signed, attacker attested": "signed_metadata=anchored_req;e_enrolled=yes",
    "AS lists its resources": "xcheck=on",
}
SITUATIONS = {
    "as_acceptance": "cap=mal_as+mal_rs",
    "discovery_integrity": "cap=delivery_tamper",
    "code_delivery": "cap=mal_as+mal_rs;iss_check=off",
    "token_confinement": "cap=mal_rs;as_resource=ignore",
}
crossed(REASONS, SITUATIONS, note="reason")

# %% [markdown]
# An attacker on the list is not a contradiction: enrolment says who somebody is, not what it does. The mix-up
# inside a federation, and what its member gains:

# %%
inside = show(PROPERTY, CONFIGURATION)
inside

# %%
gained(inside.verdict.trace)

# %% [markdown]
# ### Having met before
#
# Trust on first use cannot say whom to meet; it says that a party, once met, stays the same. In the model it is a
# handful of pins, each against somebody who changes between two meetings. Only the last pair is the other way
# round: what is remembered of an AS that has since been compromised keeps the client with it.

# %%
compared(
    {
        "refresh tokens pinned to their issuer": "cap=mal_rs+mal_as",
        "refresh tokens follow the metadata": "cap=mal_rs+mal_as;rt_pin=off",
        "consent pinned to the client's metadata": "cap=domain_takeover",
        "consent follows the domain": "cap=domain_takeover;consent_pin=off",
    },
    ["authorization"],
    note="pin",
)

# %%
compared(
    {
        "resource metadata is fetched anew": "cap=old_as_compromised",
        "resource metadata is remembered": "cap=old_as_compromised;prm_cache=stale",
        "remembered, and signed by an attester": "cap=old_as_compromised;prm_cache=stale;signed_metadata=anchored_req",
    },
    ["discovery_integrity"],
    note="memory",
)

# %% [markdown]
# ### Public logs
#
# A transparency log is not a switch here, because it changes no run: it makes an unexpected document visible to its
# owner, afterwards. The chart above says what it could have shown. Every document in it is genuine, published by
# the party that it is about; a log would hold them all, and none would look wrong. What is wrong is what the client
# does with two of them at once. Where documents are forged (`discovery_integrity` under tampering), a log would
# show the forgery after the code is gone; a required signature prevents it.
#
# ### The resource server's side
#
# Who may issue tokens (`issuer_acceptance`), and what a malicious issuer gets that is accepted (`authorization`):
# with one namespace of subjects for all issuers it simply names the user.

# %%
compared(
    {
        "listed issuers": "cap=mal_as",
        "any issuer": "cap=mal_as;rs_trust=any",
        "any issuer, subjects per issuer": "cap=mal_as;rs_trust=any;subject_ns=iss+sub",
        "list with the attacker on it": "cap=mal_as;rs_trust=allowlist;a_enrolled=yes",
        "federation, attacker enrolled": "cap=mal_as;rs_trust=federation;a_enrolled=yes",
        "the same, subjects per issuer": "cap=mal_as;rs_trust=federation;a_enrolled=yes;subject_ns=iss+sub",
        "the same, keys of all issuers in one set":
            "cap=mal_as;rs_trust=federation;a_enrolled=yes;subject_ns=iss+sub;key_lookup=union",
    },
    ("issuer_acceptance", "authorization"),
    note="whom the resource server believes",
)  # fmt: skip

# %% [markdown]
# ## The answer

# %%
claimed([
    ("A list settles whom the client meets, and leaves no room for others.",
     "as_acceptance", "cap=mal_as;as_trust=allowlist", "safe"),
    ("It does not settle what a member does: mix-up needs a defence of its own.",
     "code_delivery", "cap=mal_as;iss_check=off;as_trust=allowlist;a_enrolled=yes", "attack"),
    ("Nor what a resource server does: the client meets the honest AS and a counterfeit resource.",
     "token_confinement", "cap=mal_rs;as_resource=ignore;as_trust=allowlist", "attack"),
    ("A signature settles whose a document is, if it is required and anchored elsewhere.",
     "discovery_integrity", "cap=delivery_tamper;signed_metadata=anchored_req", "safe"),
    ("A key from the same origin settles nothing.",
     "discovery_integrity", "cap=delivery_tamper;signed_metadata=self", "attack"),
    ("A signed document is as old as it is: a compromised AS stays in it.",
     "discovery_integrity", "cap=old_as_compromised;prm_cache=stale;signed_metadata=anchored_req", "attack"),
    ("An attested attacker signs the truth about itself.",
     "token_confinement", "cap=mal_rs;as_resource=ignore;signed_metadata=anchored_req;e_enrolled=yes", "attack"),
    ("Having met settles who comes back.", "authorization", "cap=mal_rs+mal_as;rt_pin=on", "safe"),
    ("It does not settle the first meeting.", "as_acceptance", "cap=mal_as;rt_pin=on;cred_pin=on", "attack"),
    ("A list of issuers settles whose signature the resource server takes.", "issuer_acceptance", "cap=mal_as", "safe"),
    ("It does not keep a member from naming other people's users.",
     "authorization", "cap=mal_as;rs_trust=federation;a_enrolled=yes", "attack"),
    ("Subjects scoped by their issuer do.",
     "authorization", "cap=mal_as;rs_trust=federation;a_enrolled=yes;subject_ns=iss+sub", "safe"),
    ("Inside a federation the word of a malicious AS about its own tokens is still believed.",
     "resource_binding", "design=federated;cap=mal_as;a_enrolled=yes", "attack"),
])  # fmt: skip

# %% [markdown]
# Each of them answers *who*; none answers *what will it do*. What remains after every reason has been given is the
# behaviour of a party that is exactly who it says it is. The mechanisms against that are not about trust at all:
# `iss`, audiences, sender constraint, subjects scoped by issuer.
#
# ## The limits
#
# A list, a federation and an attester are each one bit here: whether they vouch for the attacker. How chains are
# resolved, how fast somebody is removed, and who runs the anchor are outside. A log is argued about, not modelled:
# the model has no time after an attack.
