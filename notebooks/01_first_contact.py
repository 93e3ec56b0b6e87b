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
from openworld.explore import ask, claimed, compared, consulted, counted, rules, short, show, switches
from openworld.explore.controls import explore

short(claimed([
    (f"Honest parties alone get from a bare URL to an answer in {ask('first_contact', 'cap=none').steps} steps.",
     "first_contact", "cap=none", "reached"),
    ("Nothing but the resource itself vouches for the authorization server, so a malicious one is met as well.",
     "as_acceptance", "cap=mal_as", "attack"),
    ("With a CRM and billing, a malicious resource gets no token that is good at either.",
     "token_confinement", "world=crm_then_billing;cap=mal_rs", "safe"),
]))  # fmt: skip

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
# The task is done when both have served the agent. In this world the CRM and the billing API are each in a domain of
# their own, with an authorization server of their own, and the agent finds both at run time; it turns to billing once
# the CRM has answered. Everything is done twice: discovery, identification, consent, tokens.

# %%
show("task_completed", "cap=none")

# %% [markdown]
# Each framework by which parties could have been introduced beforehand ends the task where billing is a stranger to
# it; `billing_as:` says that of its authorization server alone.

# %%
switches("listed", "anchored", "preregistered", "as_trust", "reg")

# %%
compared(
    {
        "metadata and documents": "world=crm_then_billing",
        "a list that knows both servers": "world=crm_then_billing;as_trust=allowlist",
        "a list without billing's": "world=crm_then_billing;as_trust=allowlist;billing_as:listed=no",
        "a federation that billing is not in": "world=crm_then_billing;as_trust=federation;billing_as:anchored=no",
        "registered by hand, not at billing's": "world=crm_then_billing;reg=static;billing_as:preregistered=no",
    },
    ("task_completed", "as_acceptance"),
    note="introduced by",
)

# %% [markdown]
# Discovery and tokens are had twice under every design here, and consent unless one server vouches to the other.
# Whether the client is the same one in both domains is a matter of design, and so is whether it proves possession of
# the same key: whatever crosses has not to be set up again, and is what two servers that compare notes know it by.

# %%
compared(
    {
        "one metadata document": "world=crm_then_billing",
        "a document for each AS": "world=crm_then_billing;cimd_docs=per_as",
        "an entity statement of a federation": "world=crm_then_billing;reg=federation",
        "registered at each AS at run time": "world=crm_then_billing;reg=dcr",
        "one document and one DPoP key": "world=crm_then_billing;dpop=token",
        "one document, a DPoP key for each AS": "world=crm_then_billing;dpop=token;dpop_key=per_as",
        "one document and one certificate": "world=crm_then_billing;mtls=bound",
    },
    ("task_completed", "identity_crosses", "key_crosses"),
    note="with",
)

# %% [markdown]
# What an attacker could carry across the border is each guarded by one rule: client identity, keys, tokens,
# authority. The two rows of a pair differ in one switch; the property that it decides stands beside it. In the place
# of either resource the attacker has one of its own, and a server for it.

# %%
switches("rt_pin", "cred_pin", "assertion_aud", "iss_check", "as_trust", "rs_trust", "as_resource")

# %%
HERE = "world=crm_then_billing"
BORDER = {
    "the CRM's tokens are good for the CRM": ("token_confinement", f"{HERE};cap=mal_rs"),
    "the CRM's AS ignores what they are for": ("token_confinement", f"{HERE};cap=mal_rs;crm_as:as_resource=ignore"),
    "refresh tokens stay with their issuer": ("authorization", f"{HERE};cap=mal_rs+mal_as"),
    "refresh tokens follow the metadata": ("authorization", f"{HERE};cap=mal_rs+mal_as;rt_pin=off"),
    "secrets are kept per issuer": ("client_authentication", f"{HERE};cap=mal_as;client_auth=secret;reg=static"),
    "one secret for all":
        ("client_authentication", f"{HERE};cap=mal_as;client_auth=secret;reg=static;cred_pin=off"),
    "assertions name the issuer": ("client_authentication", f"{HERE};cap=mal_as;client_auth=pkjwt;par=on"),
    "assertions name the token endpoint":
        ("client_authentication", f"{HERE};cap=mal_as;client_auth=pkjwt;par=on;assertion_aud=token_ep"),
    "both servers send iss": ("code_delivery", f"{HERE};cap=mal_as"),
    "billing's does not": ("code_delivery", f"{HERE};cap=mal_as;billing_as:h_iss=no"),
    "resources take listed issuers only": ("issuer_acceptance", f"{HERE};cap=mal_as"),
    "resources take any issuer": ("issuer_acceptance", f"{HERE};cap=mal_as;rs_trust=any"),
    "the client has heard of billing's AS": ("as_acceptance", f"{HERE};cap=mal_as;as_trust=allowlist"),
    "nobody has told it of that": ("as_acceptance", f"{HERE};billing_as:listed=no"),
}  # fmt: skip
claimed((words, prop, text, ask(prop, text).result) for words, (prop, text) in BORDER.items())

# %% [markdown]
# One server may also vouch for the user to the other: the agent exchanges what it got at the CRM's for an assertion
# that billing's takes in the place of a code (ID-JAG, identity chaining). The user is asked once; each requirement on
# the assertion is worth what is lost without it. What is exchanged decides most: an access token is seen by every
# resource server that it is sent to, an ID token by none.

# %%
VOUCHED = f"{HERE};grant=id_jag"
THEIRS = f"{VOUCHED};cap=mal_rs+mal_as"
ASTRAY = f"{THEIRS};vouch_for=any;grant_aud_check=off"
BOUND = f"{VOUCHED};cap=mal_rs+mal_as+mal_client;client_auth=pkjwt"
ASSERTIONS = {
    "the user is asked at the CRM's server alone": ("consent_crosses", VOUCHED),
    "billing's server has no agreement with it": ("consent_crosses", f"{VOUCHED};crm_as:partnered=no"),
    "an assertion is good at one server": ("authorization", f"{THEIRS};vouch_for=any"),
    "nobody looks at whom it is for": ("authorization", ASTRAY),
    "and it names a key that has to be proved": ("authorization", f"{ASTRAY};grant_cnf=bound"),
    "the key is dropped by who takes it": ("authorization", f"{ASTRAY};crm_as:grant_cnf=bound"),
    "and it names a client that authenticates": ("authorization", f"{BOUND};vouch_for=any;grant_aud_check=off"),
    "nobody looks at which client it names":
        ("authorization", f"{BOUND};vouch_for=any;grant_aud_check=off;grant_client_check=off"),
    "users are told apart by who vouches": ("authorization", f"{THEIRS};grant_trust=any"),
    "one name is one user, whoever vouches": ("authorization", f"{THEIRS};grant_trust=any;grant_subject=sub"),
    "ID tokens are exchanged, and no others": ("authorization", f"{THEIRS};rs_as_bind=off"),
    "a public client's access tokens are exchanged": ("authorization", f"{THEIRS};rs_as_bind=off;exchange=own"),
    "those of a client that authenticates": ("authorization", f"{BOUND};rs_as_bind=off;exchange=own"),
    "any client may exchange them": ("authorization", f"{BOUND};rs_as_bind=off;exchange=any"),
}  # fmt: skip
claimed((words, prop, text, ask(prop, text).result) for words, (prop, text) in ASSERTIONS.items())

# %% [markdown]
# The work at billing may be done by a sub-agent that the client starts. What it can do is what its token can do: the
# client's own, with the key; one that it asked for by an attested identity; or one that billing's server made of the
# client's for it, which says who acts and for whom, for what, and until when.

# %%
switches("instance", "delegation_depth", "delegation_expiry", "trust_domain", "exchange", "grant_resource")

# %%
LENT, DERIVED = f"{HERE};instance=none", f"{HERE};instance=derived"
SUB_AGENTS = {
    "billing cannot tell a sub-agent with a lent token": ("agent_verified", LENT),
    "it can tell one with a token of its own making": ("agent_verified", DERIVED),
    "billing's server does not know who attests it": ("agent_verified", f"{DERIVED};billing_as:trust_domain=no"),
    "a malicious sub-agent with a lent token is the client": ("authorization", f"{LENT};cap=mal_sub_agent"),
    "though tokens are bound to a key, which is lent": ("authorization", f"{LENT};cap=mal_sub_agent;dpop=token"),
    "with a token of its own it is not": ("authorization", f"{DERIVED};cap=mal_sub_agent"),
    "such a token ends with the task": ("delegation_confinement", f"{DERIVED};cap=mal_sub_agent"),
    "or it does not": ("delegation_confinement", f"{DERIVED};cap=mal_sub_agent;delegation_expiry=token"),
    "a resource server that is a client exchanges nothing": ("authorization", f"{HERE};cap=mal_rs"),
    "it exchanges the user's token for another resource": ("authorization", f"{HERE};cap=mal_rs;exchange=any"),
    "but for none that was not granted": ("authorization", f"{HERE};cap=mal_rs;exchange=any;grant_resource=bound"),
}
claimed((words, prop, text, ask(prop, text).result) for words, (prop, text) in SUB_AGENTS.items())

# %% [markdown]
# How much a token can do at all is said by its scopes. Who chooses them decides: the challenge, the metadata, the
# server's default, or a client that knows its task; and who approves them. Here the agent first reads at the CRM and
# then wants to write.

# %%
switches("scope_request", "step_up", "grant_scope", "scope_check", "user")

# %%
SCOPES = "world=scopes"
TOOL = f"{SCOPES};cap=mal_rs"
STEERED = f"{TOOL};as_resource=ignore"
SCOPED = {
    "all that the metadata lists": ("least_authority", "scope_request=supported"),
    "the user refuses what the task does not need": ("least_authority", "scope_request=supported;user=vigilant"),
    "a challenge that somebody has written into": ("least_authority", "scope_request=advertised;cap=hdr_inject"),
    "a tool's challenge names the CRM's scopes": ("authorization", f"{STEERED};scope_request=advertised"),
    "the client knows what its task needs": ("authorization", f"{STEERED};scope_request=least"),
    "until it is told that this is not enough": ("authorization", f"{STEERED};scope_request=least;step_up=on"),
    "without being told it cannot write": ("task_completed", f"{SCOPES};scope_request=least"),
    "a scope holds at every audience": ("authorization", f"{TOOL};as_resource=add;scope_request=advertised"),
    "or where it belongs":
        ("authorization", f"{TOOL};as_resource=add;scope_request=advertised;grant_scope=resource"),
}  # fmt: skip
claimed((words, prop, text, ask(prop, text).result) for words, (prop, text) in SCOPED.items())

# %% [markdown]
# ## The answer
#
# Honest parties get through to the CRM and to both; where one server vouches, in fewer steps.
# Every border rule holds its own: with it the second domain learns nothing that opens the first, without it there is
# a shortest attack to look at. What no rule of the flow supplies is a reason to talk to the billing API's AS at all,
# and whatever supplies one ends where it does not know that AS. The table is computed; a claim that the model does
# not bear out stops the notebook.

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
    ("One metadata document makes the client known in both domains.", "identity_crosses", "reg=cimd", "reached"),
    ("Registered at run time it is another client in each.", "identity_crosses", "reg=dcr", "not_reached"),
    ("A DPoP key for each AS does not cross.", "key_crosses", "dpop=token;dpop_key=per_as", "not_reached"),
    ("Consent crosses where one AS vouches to the other.", "consent_crosses", "grant=id_jag", "reached"),
    ("A sub-agent is known as one by a token made for it.", "agent_verified", "instance=derived", "reached"),
    ("A key that is lent with its token binds nothing.", "authorization",
     "world=delegation;cap=mal_sub_agent;dpop=token", "attack"),
    ("Whoever writes a challenge chooses the scopes.", "least_authority",
     "scope_request=advertised;cap=hdr_inject", "attack"),
    ("An API with one document for many paths is not met.", "first_contact", "api=multi_path", "not_reached"),
])  # fmt: skip

# %%
counted([
    ("Where one server vouches, serving both takes fewer steps.",
     ask("task_completed", VOUCHED).steps, "<", ask("task_completed", HERE).steps),
])  # fmt: skip

# %% [markdown]
# ## The limits
#
# Two honest AS and a malicious one, two sessions of the user's, one after the other; cryptography is perfect and time
# does not pass but for the end of a task. The token of a sub-agent names who acts, and no chain of those before. Who
# may vouch for a stranger is the subject of notebook 7; what first contact costs a population, of notebook 5.
