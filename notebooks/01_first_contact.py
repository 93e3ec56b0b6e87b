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
# # 1. First contact
#
# ## In short
#
# Each line is worked out when the notebook runs, and one that is not borne out stops it.

# %%
from openworld.explore import ask, claimed, compared, consulted, explore, rules, short, show, slide

PROPERTY, CONFIGURATION = "first_contact", "cap=none"
short(claimed([
    (f"Honest parties alone get from a bare URL to an answer in {ask(PROPERTY, CONFIGURATION).steps} steps.",
     PROPERTY, CONFIGURATION, "reached"),
    ("Nothing but the resource itself vouches for the authorization server, so a malicious one is met as well.",
     "as_acceptance", "cap=mal_as", "attack"),
    ("With a CRM and billing, a malicious resource gets no token that is good at either.",
     "token_confinement", "world=crm_then_billing;cap=mal_rs", "safe"),
]), beside=slide(PROPERTY, CONFIGURATION))  # fmt: skip

# %% [markdown]
# Let somebody be dishonest, or turn a switch: answer and chart follow. `prm` is how the client compares `resource` with
# the URL it asked for, `api` whether the CRM publishes one document for many paths, `h_iss` whether its AS sends `iss`.

# %%
crm = explore(
    PROPERTY,
    CONFIGURATION,
    switches=("prm", "api", "iss_check", "h_iss", "as_trust", "dpop"),
    attackers=("mal_as", "mal_rs", "mal_tenant"),
    watch=("first_contact", "authorization", "code_delivery", "token_confinement", "as_acceptance"),
)
crm

# %% [markdown]
# ## The question
#
# An agent that prepares an account-renewal brief finds a CRM tool at run time. Nobody configured it with that
# resource server, with its authorization server, or with the name to ask a token for. Can honest parties alone get
# from the bare URL to an accepted request, and what does that rest on? Later the work leads to a billing API in
# another trust domain: what may the client carry over the border, and what must it leave behind?
#
# The cells below ask an executable model. A *configuration* gives every mechanism and every habit of a deployment a
# value (what is not listed stays at the baseline) and says what the attacker can do (`cap=`).

# %% [markdown]
# ## What the specifications say
#
# Six requirements carry the run. The words are those of the model, where each is one function that decides; the
# section is where the requirement stands.

# %%
rules(
    "client.resource_matches_request",
    "client.metadata_issuer_matches",
    "authorization_server.redirect_uri_is_registered",
    "client.iss_matches_recorded_issuer",
    "authorization_server.verifier_matches_challenge",
    "resource_server.audience_is_this_resource",
)

# %% [markdown]
# ## The evidence
#
# ### The CRM, end to end
#
# *First contact* is the property that such a run exists. `cap=none`: there is no attacker. The chart is not drawn by
# hand: it is the shortest run that the solver finds, replayed step by step on the machine.

# %%
contact = show(PROPERTY, CONFIGURATION)
contact

# %% [markdown]
# Every rule that an honest party asked on the way, in order. Each of them passed. For every rule of the model there
# is a question whose answer turns without it; a test keeps it so.

# %%
consulted(contact.verdict.trace)

# %% [markdown]
# ### The same with each party malicious in turn
#
# The rows say who is dishonest. A property is *safe* when rules keep every run of this world, however long, from
# violating it, and *not in this world* when nothing here could violate it even if no rule were obeyed; an attack is
# the shortest there is. `as_acceptance` is the odd one out: the client started a flow at an AS that nothing but
# the resource itself vouches for. No rule of the baseline asks for more than that.

# %%
compared(
    {
        "nobody": "cap=none",
        "an authorization server": "cap=mal_as",
        "a resource server": "cap=mal_rs",
        "a tenant of a shared origin": "cap=mal_tenant",
    },
    ("first_contact", "code_delivery", "token_confinement", "as_acceptance"),
    note="malicious",
)

# %% [markdown]
# ### The billing API, in another trust domain
#
# The task is done when both have served the agent. In this world the CRM and the billing API are each in a domain of
# their own, with an authorization server of their own, and the agent finds both at run time; it turns to billing once
# the CRM has answered. Everything is done twice: discovery, identification, consent, tokens.

# %%
show("task_completed", "cap=none")

# %% [markdown]
# A client that lists the CRM's server and not billing's ends the task there. What an attacker could carry across the
# border is each guarded by one rule: client identity, keys, tokens, authority. The two rows of a pair differ in one
# switch. In the place of either resource the attacker has one of its own, and a server for it.

# %%
HERE = "world=crm_then_billing"
claimed([
    ("a list knows both servers", "task_completed", f"{HERE};as_trust=allowlist", "reached"),
    ("a list lacks billing's", "task_completed", f"{HERE};as_trust=allowlist;billing_as:listed=no", "not_reached"),
    ("the CRM's tokens are good for the CRM", "token_confinement", f"{HERE};cap=mal_rs", "safe"),
    ("the CRM's AS ignores what they are for",
     "token_confinement", f"{HERE};cap=mal_rs;crm_as:as_resource=ignore", "attack"),
    ("secrets are kept per issuer",
     "client_authentication", f"{HERE};cap=mal_as;client_auth=secret;reg=static", "safe"),
    ("one secret for all",
     "client_authentication", f"{HERE};cap=mal_as;client_auth=secret;reg=static;cred_pin=off", "attack"),
    ("both servers send iss", "code_delivery", f"{HERE};cap=mal_as", "safe"),
    ("billing's does not", "code_delivery", f"{HERE};cap=mal_as;billing_as:h_iss=no", "attack"),
])  # fmt: skip

# %% [markdown]
# One server may also vouch for the user to the other, a sub-agent may do the work at billing, and the scopes of a
# token may be chosen by the author of the challenge. The findings on
# [delegation](../openworld/data/findings/delegation.md), [scopes](../openworld/data/findings/scopes.md) and [one
# identity](../openworld/data/findings/one-identity.md) ask about these.

# %% [markdown]
# ## The answer
#
# Honest parties get through to the CRM and to both. Every border rule holds its own: with it the second domain learns
# nothing that opens the first, without it there is a shortest attack to look at. What no rule of the flow supplies is a
# reason to talk to the billing API's AS at all, and whatever supplies one ends where it does not know that AS. A claim
# that the model does not bear out stops the notebook.

# %%
claimed([
    ("Honest parties alone complete first contact.", "first_contact", "cap=none", "reached"),
    ("A malicious AS gets no code while iss is compared.", "code_delivery", "cap=mal_as", "safe"),
    ("A malicious resource server gets no token that is good elsewhere.", "token_confinement", "cap=mal_rs", "safe"),
    ("Nothing but the resource vouches for the AS.", "as_acceptance", "cap=mal_as", "attack"),
    ("A list vouches for it, and the CRM is still met.", "first_contact", "as_trust=allowlist", "reached"),
    ("Both domains serve the agent.", "task_completed", "cap=none", "reached"),
    ("A list that lacks one of their servers ends the task.", "task_completed",
     "world=crm_then_billing;as_trust=allowlist;billing_as:listed=no", "not_reached"),
    ("An API with one document for many paths is not met.", "first_contact", "api=multi_path", "not_reached"),
])  # fmt: skip

# %% [markdown]
# ## The limits
#
# Two honest AS and a malicious one, two sessions of the user's, one after the other; cryptography is perfect and time
# does not pass but for the end of a task. Who
# may vouch for a stranger is the subject of notebook 7; what first contact costs a population, of notebook 5.
