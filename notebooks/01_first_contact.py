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
# ## The question
#
# An agent that prepares an account-renewal brief finds a CRM tool at run time. Nobody configured it with that
# resource server, with its authorization server, or with the name to ask a token for. Can honest parties alone get
# from the bare URL to an accepted request, and what does that rest on? Later the work leads to a billing API in
# another trust domain: what may the client carry over the border, and what must it leave behind?
#
# The cells below ask an executable model. A *configuration* gives every mechanism and every habit of a deployment a
# value (what is not listed stays at the baseline) and says what the attacker can do (`cap=`).

# %%
from openworld.explore import ask, claimed, compared, consulted, rules, show, switches
from openworld.explore.controls import explore

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
PROPERTY, CONFIGURATION = "first_contact", "cap=none"
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
        "a client": "cap=mal_client",
        "all four": "cap=mal_as+mal_rs+mal_tenant+mal_client",
    },
    ("first_contact", "authorization", "code_delivery", "token_confinement", "discovery_integrity", "as_acceptance"),
    note="malicious",
)

# %% [markdown]
# Try others: the controls ask the same model. `prm` is how the client compares `resource` with the URL it asked
# for, `api` whether the CRM publishes one document for many paths, `h_iss` whether its AS sends `iss`.

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
# ### The billing API, in another trust domain
#
# The billing API is answered by strangers: its own AS, which no list of the client's names, and whose tokens no
# list of the CRM's names. What the client sees of it is what it sees of any second domain, so the model's second
# domain (an AS and a resource server that behave by the book or not, as suits them) stands for it: a *safe* below
# holds for every billing API, an honest one included. First, how little it takes for the client to be there:

# %%
show("as_acceptance", "cap=mal_as")

# %% [markdown]
# What the client brings along from the first domain is each guarded by one rule. The two rows of a pair differ in
# one switch; the property that it decides stands beside it.

# %%
switches("cache_key", "rt_pin", "cred_pin", "assertion_aud", "iss_check", "as_trust", "rs_trust")

# %%
BORDER = {
    "cached tokens are looked up by issuer and resource": ("token_confinement", "cap=mal_rs;warm=yes"),
    "cached tokens are looked up by issuer": ("token_confinement", "cap=mal_rs;warm=yes;cache_key=issuer"),
    "refresh tokens stay with their issuer": ("authorization", "cap=mal_rs+mal_as"),
    "refresh tokens follow the metadata": ("authorization", "cap=mal_rs+mal_as;rt_pin=off"),
    "secrets are kept per issuer": ("client_authentication", "cap=mal_as;client_auth=secret"),
    "one secret for all": ("client_authentication", "cap=mal_as;client_auth=secret;cred_pin=off"),
    "assertions name the issuer": ("client_authentication", "cap=mal_as;client_auth=pkjwt;par=on"),
    "assertions name the token endpoint":
        ("client_authentication", "cap=mal_as;client_auth=pkjwt;par=on;assertion_aud=token_ep"),
    "iss is compared": ("code_delivery", "cap=mal_as"),
    "iss is not compared": ("code_delivery", "cap=mal_as;iss_check=off"),
    "the CRM takes listed issuers only": ("issuer_acceptance", "cap=mal_as"),
    "the CRM takes any issuer": ("issuer_acceptance", "cap=mal_as;rs_trust=any"),
    "the client takes any AS": ("as_acceptance", "cap=mal_as"),
    "the client takes listed AS only": ("as_acceptance", "cap=mal_as;as_trust=allowlist"),
}  # fmt: skip
claimed((words, prop, text, ask(prop, text).result) for words, (prop, text) in BORDER.items())

# %% [markdown]
# ## The answer
#
# Honest parties get through, in nine steps. Every border rule holds its own: with it the second domain learns
# nothing that opens the first, without it there is a shortest attack to look at. What no rule of the flow supplies
# is a reason to talk to the billing API's AS at all. The table is computed; a claim that the model does not bear
# out stops the notebook.

# %%
claimed([
    ("Honest parties alone complete first contact.", "first_contact", "cap=none", "reached"),
    ("A malicious AS gets no code while iss is compared.", "code_delivery", "cap=mal_as", "safe"),
    ("A malicious resource server gets no token that is good elsewhere.", "token_confinement", "cap=mal_rs", "safe"),
    ("Nothing but the resource vouches for the AS.", "as_acceptance", "cap=mal_as", "attack"),
    ("A list vouches for it, and the CRM is still met.", "first_contact", "as_trust=allowlist", "reached"),
    ("An API with one document for many paths is not met.", "first_contact", "api=multi_path", "not_reached"),
])  # fmt: skip

# %% [markdown]
# ## The limits
#
# One honest AS, one malicious AS, the user's session and one of the attacker's; cryptography is perfect and time
# does not pass. The CRM is on its AS's list: an enrolled client would meet a billing API of its own federation the
# same way. Who may vouch for a stranger is the subject of notebook 7; what first contact costs a population, of
# notebook 5.
