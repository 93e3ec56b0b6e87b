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
# ## In short
#
# Each line is worked out when the notebook runs, and one that is not borne out stops it.

# %%
from openworld.explore import SIZE, arms, counted, explore_mishaps, mishap, reach, run, short, sized, topology, worst

GRAPHS = 3
many = sized("enterprise", SIZE.resource_servers)
tokens, resource_servers, authorization_servers = (
    run(kind, many, samples=SIZE.targets, replications=GRAPHS)
    for kind in ("token", "resource_server", "authorization_server")
)
graph = topology(sized("enterprise", 10))
TOKEN = worst(graph, "token")
SENDER, LISTS = "only sender constraint", "only issuer allowlists"
short(counted([
    ("Sender constraint leaves a stolen token nowhere to go.", reach(tokens, SENDER, "max"), "=", 0),
    ("It leaves a bad resource server nothing to replay either.", reach(resource_servers, SENDER, "max"), "=", 0),
    ("A compromised AS makes its own tokens: against that, lists of issuers help.",
     reach(authorization_servers, LISTS), "<", reach(authorization_servers, SENDER)),
], form="{:.1f}"), beside=mishap(graph, arms()["no protection"], "token", TOKEN).picture)  # fmt: skip

# %% [markdown]
# Choose what goes wrong, with whom, and what protects:

# %%
knobs = explore_mishaps(graph, "authorization_server", "all protections")
knobs

# %% [markdown]
# ## The question
#
# Something will go wrong with somebody: a token is stolen, a resource server turns malicious, an authorization
# server is compromised. How far does it reach in a world where resource servers share authorization servers, and
# how much of that does each protection cut off? In particular: is sender constraint worth its price?

# %% [markdown]
# ## What the specifications say
#
# A stolen token meets these rules at the resource servers that it is shown to; `proof_is_by_bound_key` decides where
# tokens are bound to a key (RFC 9449), the last rule whether a refresh token follows a server that changes its AS.

# %%
from openworld.explore import rules

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
# Some resource servers of the population `enterprise` with their authorization servers. Whether one step leads to
# the next is asked of the model's rules, with what each party of the graph decides; reachability is then exact. The
# token shown is the one that reaches most.

# %%
from openworld.explore.blast import compared, stopped_by

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
# ### Many graphs
#
# Larger graphs, several of them, every design in the same ones. Intervals are over graphs, since the servers of one
# graph have much in common. First a stolen token:

# %%
compared(tokens)

# %% [markdown]
# One bad resource server:

# %%
compared(resource_servers)

# %% [markdown]
# A compromised authorization server:

# %%
compared(authorization_servers)

# %% [markdown]
# ## The answer
#
# Each sentence stands beside the number of resource servers in reach that it is about (the mean over targets, or the
# most that a target of a graph reaches); one that the numbers do not bear out stops the notebook. A stolen token:

# %%
NOTHING, AUDIENCE = "no protection", "only audience restriction"
counted([
    ("Where only issuers are checked, it opens other servers that share its issuer.", reach(tokens, LISTS), ">", 1),
    ("Without protection it opens more, since servers take any issuer.", reach(tokens, NOTHING), ">",
     reach(tokens, LISTS)),
    ("Sender constraint cuts that to nothing,", reach(tokens, SENDER, "max"), "=", 0),
    ("by this rule at the resource server.", stopped_by(tokens, SENDER), "=", "resource_server.proof_is_by_bound_key"),
    ("Audience restriction cuts it to the server that the token was for.", reach(tokens, AUDIENCE, "max"), "≤", 1),
], form="{:.1f}")  # fmt: skip

# %% [markdown]
# A bad resource server. What it steals is tokens, so sender constraint does the same; audience restriction leaves a
# part, since refresh tokens that follow the metadata and issuers that nobody lists are ways that it does not touch:

# %%
counted([
    ("Sender constraint cuts its reach to nothing.", reach(resource_servers, SENDER, "max"), "=", 0),
    ("Audience restriction leaves a part.", reach(resource_servers, AUDIENCE), ">", 0),
    ("It cuts off the larger part.", reach(resource_servers, AUDIENCE), "<", reach(resource_servers, NOTHING) / 2),
    ("With everything together nothing is left.", reach(resource_servers, "all protections", "max"), "=", 0),
], form="{:.1f}")  # fmt: skip

# %% [markdown]
# A compromised AS makes its own tokens. What limits it is how many resource servers accept the issuer, and whether
# they tell subjects of different issuers apart:

# %%
counted([
    ("Sender constraint does not help.", reach(authorization_servers, SENDER), "=",
     reach(authorization_servers, NOTHING)),
    ("Audience restriction does not either.", reach(authorization_servers, AUDIENCE), "=",
     reach(authorization_servers, NOTHING)),
    ("Lists of issuers do,", reach(authorization_servers, LISTS), "<", reach(authorization_servers, NOTHING)),
    ("by this rule at the resource server.", stopped_by(authorization_servers, LISTS), "=",
     "resource_server.issuer_is_accepted"),
], form="{:.1f}")  # fmt: skip

# %% [markdown]
# ## The limits
#
# Who designates whom is drawn from a population whose sizes and popularities are swept or rest on small samples. A
# theft is followed through the rules but not through time: nobody notices, nothing expires. Codes are not followed;
# who can be made to lose one is a question for a verdict (notebooks 1 to 4).
