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
# # 4. Designs: which sets of mechanisms are enough
#
# ## In short
#
# Each line is worked out when the notebook runs, and one that is not borne out stops it.

# %%
from openworld.explore import MECHANISMS, SIZE, claimed, compared, data, explore, figure, rules, short, slide, switches

THIEVES = "cap=mal_as+mal_rs+mal_tenant"
short(claimed([
    ("The recommended design leaves a malicious AS, resource server and tenant no way to the user's data.",
     "authorization", f"design=sufficient;{THIEVES}", "safe"),
    ("Its price: an API that publishes one document for many paths is not met.",
     "first_contact", "design=sufficient;api=multi_path", "not_reached"),
    ("It still meets an AS that only the resource vouches for.",
     "as_acceptance", f"design=sufficient;{THIEVES}", "attack"),
]), beside=slide("as_acceptance", f"design=sufficient;{THIEVES}"))  # fmt: skip

# %% [markdown]
# Build your own: every mechanism has a control; start from a named design or from the default values of the switches.

# %%
PROPERTY, CONFIGURATION = "authorization", "design=mcp;cap=mal_as+mal_rs+mal_tenant"
own = explore(
    PROPERTY,
    CONFIGURATION,
    switches=dict.fromkeys(switch for switch, _, _ in MECHANISMS.values()),
    attackers=("mal_as", "mal_rs", "mal_tenant", "mal_client", "token_leak", "code_leak", "req_leak", "lure"),
    watch=("first_contact", "authorization", "code_delivery", "token_confinement", "as_acceptance"),
    designs=True,
)
own

# %% [markdown]
# ## The question
#
# The drafts bring mechanisms one at a time, and each is argued for alone. A deployment chooses a set. Which
# smallest sets leave the attacker no way in, which of those can still meet the deployments that exist, and what
# does a design of your own leave open?

# %% [markdown]
# ## What the specifications say
#
# Each mechanism of the lattice is a switch with two positions, without and with. These are the switches, with the
# section that brings each of them.

# %%
switches(*(switch for switch, _, _ in MECHANISMS.values()))

# %% [markdown]
# The specifications also say which of them exclude a deployment. Two rules cost honest traffic more often than any
# other: the exact match, where an API publishes one document for many paths, and the comparison of `iss`, where the
# AS does not send it.

# %%
rules("client.resource_matches_request", "client.iss_matches_recorded_issuer")

# %% [markdown]
# ## The evidence
#
# ### All minimal sets at once
#
# A set of mechanisms *suffices* if no attack is left whatever the other mechanisms are. That is monotone, so the
# minimal sufficient sets can be enumerated exactly, by a few hundred questions to one formula. An open world has
# neither allowlists nor attested metadata, so those three mechanisms are not on offer. Which question is put is
# chosen with the size of the notebook (`OPENWORLD_SIZE`): the mix-up alone (`mixup`), or everything that a
# malicious AS, resource server and tenant can steal (`theft`).

# %%
QUESTION = SIZE.lattice
data(f"sets-{QUESTION}", mechanisms="mechanism", usable_in="deployment")

# %% [markdown]
# What the sets share. A row that is dotted in every column is a mechanism that nothing replaces. A set can suffice and
# be useless: the bars above count the kinds of deployment in which first contact can still succeed with it.

# %%
figure(f"sets-{QUESTION}")

# %% [markdown]
# ### The named designs
#
# What the drafts and profiles amount to as they are written, against a malicious AS, resource server and tenant. A
# *safe* that costs first contact is in the last column.

# %%
from model.words import worded

NAMED = ("oauth21", "prm_cimd", "prm_cimd_prefix", "gaps_closed", "gaps_closed_dpop", "mcp", "sufficient", "federated")
compared(
    {worded("design", name): f"design={name};cap=mal_as+mal_rs+mal_tenant" for name in NAMED},
    ("authorization", "code_delivery", "token_confinement", "client_authentication", "discovery_integrity",
     "as_acceptance", "first_contact"),
    note="design",
)  # fmt: skip

# %% [markdown]
# What the recommended design costs, deployment by deployment:

# %%
from model.named_designs import DEPLOYMENTS

compared(
    {worded("deployment", name): ";".join(["design=sufficient", *map("=".join, fixed.items())])
     for name, fixed in DEPLOYMENTS.items()},
    ["first_contact"],
    note="deployment",
)  # fmt: skip

# %% [markdown]
# ## The answer
#
# Against the mix-up, comparing `iss` against an authentic issuer record is enough, and so is PAR with client
# authentication whose assertions name the issuer. Against a counterfeit resource server, DPoP with a full URL check
# is enough, and so are audiences together with resource indicators and exact matching. The design `sufficient` puts
# the cheapest of these together; what stays open against it no mechanism closes but a list.

# %%
claimed([
    ("The recommended design leaves no way to the user's data.",
     "authorization", f"design=sufficient;{THIEVES}", "safe"),
    ("Nor to a code.", "code_delivery", f"design=sufficient;{THIEVES}", "safe"),
    ("Nor a token that is good elsewhere.", "token_confinement", f"design=sufficient;{THIEVES}", "safe"),
    ("It can be used.", "first_contact", "design=sufficient", "reached"),
    ("But not with an API that publishes one document for many paths.",
     "first_contact", "design=sufficient;api=multi_path", "not_reached"),
    ("Nor with an AS that sends no iss.", "first_contact", "design=sufficient;h_iss=no", "not_reached"),
    ("An AS that only the resource vouches for is still met.",
     "as_acceptance", f"design=sufficient;{THIEVES}", "attack"),
    ("A list leaves no room for that.",
     "as_acceptance", f"design=sufficient;as_trust=allowlist;{THIEVES}", "safe"),
    ("What a malicious AS says of its own tokens is still believed.",
     "resource_binding", f"design=sufficient;{THIEVES}", "attack"),
])  # fmt: skip

# %% [markdown]
# ## The limits
#
# The enumeration is exact for the mechanisms of the lattice, each with two positions, and for this attacker; other
# values of a switch (`prm=prefix`, say) are asked one at a time, with the controls. How many mechanisms a set needs
# is a poor measure of its price: notebook 5 counts what each costs honest traffic.
