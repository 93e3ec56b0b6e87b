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
# # 8. What is deployed
#
# ## In short
#
# Each line is worked out when the notebook runs, and one that is not borne out stops it.

# %%
from openworld.explore import accepting, compared, counted, designed, explore, latest, rules, share, short, slide, tried

CLIENT = "mcp-python"
LATEST = next(name for name in latest() if name.startswith(f"{CLIENT}=="))
DESIGN = designed(LATEST)
PROPERTY, CONFIGURATION = "code_delivery", f"cap=mal_as;h_iss=no;{DESIGN}"
short(counted([
    (f"{accepting('R02')} of {tried('R02')} clients that were tried take a prefix, which the published rule forbids.",
     accepting("R02"), ">", tried("R02") / 2),
    (f"All {tried('T02')} take a token response that names another resource.", accepting("T02"), "=", tried("T02")),
    (f"Without iss the mix-up succeeds with {accepting('M09')} of {tried('M09')}.",
     accepting("M09"), ">", tried("M09") / 2),
], form="{:g}"), beside=slide(PROPERTY, CONFIGURATION))  # fmt: skip

# %% [markdown]
# One client in full, behind an AS that sends no `iss`; start from its design and change what it does.

# %%
client = explore(
    PROPERTY,
    CONFIGURATION,
    switches=("prm", "iss_check", "h_iss", "md_issuer_check", "echo", "as_resource", "state", "dpop"),
    attackers=("mal_as", "mal_rs", "mal_tenant"),
    watch=("first_contact", "authorization", "code_delivery", "token_confinement", "discovery_integrity"),
)
client

# %% [markdown]
# ## The question
#
# What do the clients and servers that exist today do at first contact, does the model say the same of them, and
# what do the proofs then say of the software that people run?

# %% [markdown]
# ## What the specifications say
#
# These rules are where deployed clients part company. Each client was put to small HTTP worlds, one for each way in
# which a server can depart from the honest run; a scenario bears on one of these rules.

# %%
rules(
    "client.resource_matches_request",
    "client.metadata_issuer_matches",
    "client.iss_matches_recorded_issuer",
    "client.state_matches",
    "client.echo_confirms_request",
    "client.token_type_is_dpop",
)

# %% [markdown]
# ## The evidence
#
# ### What clients were seen to do
#
# Resource matching. The published rule is equality:

# %%
from openworld.explore.deployed import consequences, history, predicted, seen, servers, source, walked

seen(("R01", "R02", "R03", "R05", "R06", "R08", "R11", "R20"))

# %% [markdown]
# Issuers and responses: metadata that names another issuer, `iss` that is wrong or missing, and the mix-up played
# from beginning to end, with and without `iss`.

# %%
seen(("A01", "M01", "M02", "M03", "M04", "M05", "M06", "M08", "M09"))

# %% [markdown]
# The echo, and what happens when a server changes its mind:

# %%
seen(("T01", "T02", "T03", "T05", "P01", "C01", "C02"))

# %% [markdown]
# Versions differ as well as products. One library, version by version:

# %%
history(CLIENT, ("A01", "M02", "M04", "M09"))

# %% [markdown]
# Where in its code that is decided, in the last version:

# %%
source(LATEST, ("R02", "A01", "M02", "M09"))

# %% [markdown]
# ### What the model says of them
#
# Every client is a design: a value for each switch, found by fitting the rule variants to what it was seen to do.
# How much of its behaviour that design says, beside the design itself. The share tells whether the model has words
# for what clients do, not how well it would foresee a new scenario: the design was chosen to meet these.

# %%
predicted()

# %% [markdown]
# The mix-up without `iss`, decision by decision, as the model has this client make them:

# %%
walked(LATEST, "M09")

# %% [markdown]
# ### What servers do
#
# Authorization servers that could be tried or read about, each product of the same weight whatever its size:

# %%
servers(("as_resource", "as_echo", "h_iss", "as_dpop"))

# %% [markdown]
# ### What the proofs say of the software that people run
#
# The same designs, asked about all runs instead of the ones that were tried: against a malicious AS behind an
# honest AS that sends `iss`, against a tenant of a shared origin where resource servers accept host-level
# audiences, and against a malicious resource server whose AS ignores `resource`.

# %%
QUESTIONS = {
    "code_delivery": "cap=mal_as",
    "discovery_integrity": "cap=mal_tenant;audience_check=prefix",
    "token_confinement": "cap=mal_rs;as_resource=ignore",
    "first_contact": "cap=none;api=multi_path",
}
consequences(QUESTIONS)

# %% [markdown]
# ## The answer
#
# Deployed clients are ahead of the published rule where it hurts honest traffic and behind it where it hurts
# attackers. Each sentence stands beside the number of clients, in their last version, that it is about; one that the
# measurements do not bear out stops the notebook.

# %%
counted([
    ("Most take a prefix in whole segments.", accepting("R02"), ">", tried("R02") / 2),
    ("None takes a prefix of characters.", accepting("R05"), "=", 0),
    ("All take a token response that names another resource.", accepting("T02"), "=", tried("T02")),
    ("All send Bearer tokens where the metadata of the resource demands DPoP.", accepting("P01"), "=", tried("P01")),
    ("The mix-up without iss succeeds with most.", accepting("M09"), ">", tried("M09") / 2),
    ("All but one compare iss where it is sent.", tried("M02") - accepting("M02"), "=", tried("M02") - 1),
], form="{:g}")  # fmt: skip

# %% [markdown]
# So what is left open is left open by servers, as shares of products:

# %%
counted([
    ("Most do not send iss.", share("h_iss", "no"), ">", 0.5),
    ("Many ignore the resource that is asked for.", share("as_resource", "ignore"), ">", 1 / 3),
    ("Nearly all send no echo.", share("as_echo", "no"), ">", 0.9),
], form="{:.0%}")  # fmt: skip

# %% [markdown]
# The same client, behind the one kind of server and the other:

# %%
compared(
    {"AS that sends iss": f"cap=mal_as;h_iss=yes;{DESIGN}", "AS that does not": f"cap=mal_as;h_iss=no;{DESIGN}"},
    ("code_delivery", "authorization", "first_contact"),
    note=f"{LATEST} with an",
)

# %% [markdown]
# ## The limits
#
# One run for each client and scenario, on one machine, on one day; clients were picked because they could be run,
# and products that are services were read about and not tried. A design says which rules a client obeys, not that
# its code has no other faults. How many installations run which version nobody knows.
