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
# # 6. Blast radius
#
# ## The question
#
# Something will go wrong with somebody: a token is stolen, a resource server turns malicious, an authorization
# server is compromised. How far does it reach in a world where resource servers share authorization servers, and
# how much of that does each protection cut off? In particular: is sender constraint worth its price?

# %%
from openworld.explore import SIZE, rules
from openworld.explore.blast import arms, compared, mishap, sized, topology, worst
from openworld.explore.knobs import Spread
from simulations.blast_radius import run

# %% [markdown]
# ## What the specifications say
#
# A stolen token meets these rules at every resource server that it is shown to. The first three are asked
# everywhere; the fourth decides where tokens are bound to a key (RFC 9449), the last whether a refresh token
# follows a server that changes its AS.

# %%
rules(
    "resource_server.issuer_is_accepted",
    "resource_server.audience_is_this_resource",
    "resource_server.scheme_is_acceptable",
    "resource_server.proof_is_by_bound_key",
    "client.refresh_token_stays_with_issuer",
)

# %% [markdown]
# ## The evidence
#
# ### A graph small enough to look at
#
# Ten resource servers of the population `enterprise` with their authorization servers. Whether one step leads to
# the next is asked of the model's rules, with what each party of the graph decides; reachability is then exact. The
# token that reaches most is the one of a user at the server that shares its AS with all others.

# %%
FEW = 10
graph = topology(sized("enterprise", FEW))
TOKEN = worst(graph, "token")
mishap(graph, arms()["no protection"], "token", TOKEN)

# %% [markdown]
# The same token where tokens are bound to a key and proofs to a URL, and nothing else protects:

# %%
bound = mishap(graph, arms()["only sender constraint"], "token", TOKEN)
bound

# %% [markdown]
# What stopped the thief, and how often:

# %%
bound.stopped

# %% [markdown]
# One resource server turns malicious. It is sent tokens that are good for it, and replays them at its neighbours;
# it may also name an AS of its own to the clients that come to it.

# %%
SERVER = worst(graph, "resource_server")
mishap(graph, arms()["only issuer allowlists"], "resource_server", SERVER)

# %%
mishap(graph, arms()["only sender constraint"], "resource_server", SERVER)

# %% [markdown]
# Choose what goes wrong, with whom, and what protects:

# %%
spread = Spread(graph, "authorization_server", "all protections")
spread

# %% [markdown]
# ### Many graphs
#
# Larger graphs, several of them, every design in the same ones. Intervals are over graphs, since the servers of one
# graph have much in common. First a stolen token:

# %%
GRAPHS = 3
many = sized("enterprise", SIZE.resource_servers)
compared(run("token", many, samples=SIZE.targets, replications=GRAPHS))

# %% [markdown]
# One bad resource server:

# %%
compared(run("resource_server", many, samples=SIZE.targets, replications=GRAPHS))

# %% [markdown]
# A compromised authorization server:

# %%
compared(run("authorization_server", many, samples=SIZE.targets, replications=GRAPHS))

# %% [markdown]
# ## The answer
#
# Without protection a stolen token opens every server that shares its issuer, and more where servers take any
# issuer. Sender constraint cuts that to nothing, by one rule at the resource server; audience restriction cuts it
# to the one server that the token was for. Against a bad resource server sender constraint does the same, because
# what it steals is tokens; audience restriction leaves a part, since refresh tokens that follow the metadata and
# issuers that nobody lists are ways that it does not touch. Against a compromised AS neither helps: it makes its
# own tokens. What limits that is how many resource servers accept the issuer, and whether they tell subjects of
# different issuers apart.
#
# ## The limits
#
# Who designates whom is drawn from a population whose sizes and popularities are swept or rest on small samples. A
# theft is followed through the rules but not through time: nobody notices, nothing expires. Codes are not followed;
# who can be made to lose one is a question for a verdict (notebooks 1 to 4).
