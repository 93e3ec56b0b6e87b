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
# # 3. A gallery of attacks
#
# ## In short
#
# Each line is worked out when the notebook runs, and one that is not borne out stops it.

# %%
from openworld.explore import at_work, catalogue, claimed, explore_attacks, rules, short, slide

short(claimed([
    ("A client that does not compare the issuer of a response loses codes to a malicious AS, in spite of PKCE.",
     "code_delivery", "cap=mal_as;iss_check=off;pkce=s256", "attack"),
    ("State alone does not see that another browser finishes the flow than the one that started it.",
     "authorization", "cap=lure;callback_bind=off", "attack"),
    ("A token that is good for one resource only leaves nothing to a counterfeit resource server.",
     "token_confinement", "cap=mal_rs", "safe"),
]), beside=slide("code_delivery", "cap=mal_as;iss_check=off"))  # fmt: skip

# %% [markdown]
# Pick an attack, then turn a switch against it. The list of switches is computed for the attack that is shown.

# %%
gallery = explore_attacks("C05")
gallery

# %% [markdown]
# ## The question
#
# What can go wrong between parties that have never met, how does each attack go, what does the attacker know at
# which step, and which single switch stops it?

# %% [markdown]
# ## What the specifications say
#
# Every specification brings the rules that it thinks the attacks need. Four of them are load-bearing more often
# than any other; the gallery shows what is left when one of them goes.

# %%
rules(
    "client.metadata_issuer_matches",
    "client.iss_matches_recorded_issuer",
    "client.callback_browser_started_flow",
    "resource_server.audience_is_this_resource",
)

# %% [markdown]
# ## The evidence
#
# ### The catalogue
#
# The attacks of the literature, of deployed software and of the working groups' lists. What was expected of each
# design was written down by hand before there was a model; *designs open to it* is what the model answers for those
# rows.

# %%
catalogue()

# %% [markdown]
# ### One of them, step by step
#
# Choose one by its id. The mix-up (A01): the client believes that it deals with the attacker's AS while the code in
# its hands is the honest one's.

# %%
ATTACK = "A01"
chosen = at_work(ATTACK)
chosen.answer()

# %% [markdown]
# What the attacker has after each step, read from the states of the machine. Until the client posts them, it holds
# nothing that anybody with a web server does not hold.

# %%
chosen.gained()

# %% [markdown]
# Every single switch that stops it, found by asking for each value of each switch. A remedy with which the honest
# run no longer exists is none; the third column says so. Environment switches are no remedies either, but luck.

# %%
chosen.stopped()

# %% [markdown]
# What the catalogue expected, and why.

# %%
chosen.expected()

# %% [markdown]
# ## The answer
#
# Three patterns return. The client believes what the party under attack says about itself; a value is compared with
# the wrong copy of itself; a credential works in more places than the one it was shown at. Each is stopped where
# the comparison is made against something that the attacker cannot write:

# %%
claimed([
    ("Mix-up: the issuer in the response against the issuer recorded.", "code_delivery", "cap=mal_as", "safe"),
    ("Without that comparison PKCE does not help: the verifier goes the same way.",
     "code_delivery", "cap=mal_as;iss_check=off;pkce=s256", "attack"),
    ("The comparison is worth what the record is worth: metadata must be its issuer's own.",
     "code_delivery", "cap=mal_as;iss_check=require;md_issuer_check=off", "attack"),
    ("Audience injection: the issuer as the only audience of an assertion.",
     "client_authentication", "cap=mal_as;client_auth=pkjwt;par=on", "safe"),
    ("One audience of the endpoint's choosing is enough to impersonate the client.",
     "client_authentication", "cap=mal_as;client_auth=pkjwt;par=on;assertion_aud=token_ep", "attack"),
    ("Browser swapping: the browser that finishes is the one that started.", "authorization", "cap=lure", "safe"),
    ("State alone does not see the difference.", "authorization", "cap=lure;callback_bind=off", "attack"),
    ("A counterfeit resource server is stopped by a token that is good for one resource only.",
     "token_confinement", "cap=mal_rs", "safe"),
    ("Not by any defence of the front channel.",
     "token_confinement", "cap=mal_rs;as_resource=ignore;par=required;client_auth=pkjwt;iss_check=require", "attack"),
])  # fmt: skip

# %% [markdown]
# ## The limits
#
# A gallery shows the shortest run under the simplest design of the catalogue; other designs have other runs (change
# the configuration and ask). One switch is turned at a time; sets of switches are the subject of notebook 4.
# Cryptography is perfect, and the browser is a carrier of redirects, so cross-site scripting and broken TLS are
# outside.
