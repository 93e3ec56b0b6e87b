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
# # 5. What each draft does to a population
#
# ## In short
#
# Each line is worked out when the notebook runs, and one that is not borne out stops it.

# %%
from openworld.explore import (
    SIZE,
    Share,
    at,
    claimed,
    counted,
    data,
    explore_shares,
    figure,
    rules,
    short,
    summary,
    swept,
)

DRAFTS = {
    "prm=exact": "published state: exact matching",
    "prm=prefix": "prefix matching (rfc9728bis)",
    "echo=opt": "echo, absence accepted",
    "draft=echo;by=client": "echo (the draft), by clients alone",
    "draft=echo": "echo (the draft), by clients and AS",
    "echo=req_strict": "echo, required and exact, by clients alone",
    "iss_check=require": "iss required (RFC 9207)",
    "dpop=token": "DPoP, and no Bearer in answer (RFC 9449)",
    "iss_check=off": "without any iss comparison",
}
measured = at("measured_2026", DRAFTS, SIZE.attempts)
short(counted([
    ("Exact matching turns away honest flows; nothing else does in the published state.",
     measured.rate("refused", "prm=exact", "client.resource_matches_request"), "=",
     measured.rate("refused", "prm=exact")),
    ("The echo costs more than nine in ten of the first contacts where clients alone adopt the draft.",
     measured.rate("success", "draft=echo;by=client"), "<", measured.rate("success", "prm=exact") / 10),
    ("It refuses none where AS do what it asks of them.",
     measured.rate("refused", "draft=echo", "client.echo_confirms_request"), "=", 0),
], form="{:.1%}"), beside=figure("matching-trade"))  # fmt: skip

# %% [markdown]
# Set the shares yourself: the same agents under two designs. The shares are of visits that go to a malicious resource
# server, of APIs with one document for many paths, of AS that ignore, rather than honour, `resource`, and of AS that
# send an echo. So many attempts as are counted while the knob moves; the intervals say what that is worth. Plain
# cells do the same: `at(population, designs, attempts, shares)`.

# %%
KNOBS = {
    Share("visits to a malicious RS", "place", "malicious_rs", "honest_api"): 0.05,
    Share("APIs that span several paths", "api", "multi_path", "single_path"): 0.5,
    Share("AS that ignore resource", "as_resource", "ignore", "honor"): 0.3,
    Share("AS that send an echo", "as_echo", "yes", "no"): 0.5,
}
DESIGNS = {
    "exact matching": "prm=exact",
    "prefix matching": "prm=prefix",
    "exact, echo required": "prm=exact;echo=req",
    "prefix, echo required": "prm=prefix;echo=req",
    "prefix, DPoP": "prm=prefix;dpop=token",
}
ATTEMPTS = 5_000
knobs = explore_shares("swept", KNOBS, DESIGNS, ATTEMPTS)
knobs

# %% [markdown]
# ## The question
#
# A mechanism that stops an attack stops honest traffic as well, wherever the other side has not heard of it. How
# often does first contact fail with and without each draft, how does that change while servers adopt it, and who is
# hurt?

# %% [markdown]
# ## What the specifications say
#
# Every refusal in the simulation is one of the model's rules, so an honest flow that fails names the requirement
# that it failed. Four of them:

# %%
rules(
    "client.resource_matches_request",
    "client.echo_confirms_request",
    "client.iss_matches_recorded_issuer",
    "client.token_type_is_dpop",
)

# %% [markdown]
# ## The evidence
#
# Agents draw where they are sent and whom they meet there from a population: `measured_2026` rests on what
# authorization servers and resource servers were seen or documented to do (`openworld list populations measured_2026`),
# `shared_origins` and `swept` on nothing but parameters. Every design meets the same agents at the same places, so
# a difference between two designs is the designs' alone. How often an agent is sent to somebody malicious nobody
# has counted; it is swept.
#
# ### With and without each draft, among servers as measured
#
# The published state (RFC 9728 with exact matching, nothing else), and each draft alone on top of it.

# %%
summary(measured, DRAFTS)

# %% [markdown]
# The same in full: each outcome with its rule, the interval of its share, and the paired difference to the
# published state.

# %%
measured.table

# %% [markdown]
# ### While servers adopt
#
# What exact matching costs and prefix matching lets in, as more APIs span several paths:

# %%
figure("matching-rates")

# %% [markdown]
# What reading the echo costs and prevents, as more AS echo:

# %%
figure("echo_measured-rates")

# %% [markdown]
# The same as paired differences to a client that does not look at the echo:

# %%
figure("echo_measured-differences")

# %% [markdown]
# ### Who is hurt
#
# Where attempts end when clients read the echo and half of the AS do. An honest flow refused is a user whose
# tool does not work; a deal with the attacker is one whose tool works for somebody else.

# %%
figure("echo_measured-funnel")

# %%
data("echo_measured-funnel", "arm", "kind", "outcome", "attempts", "count", "rate", "low", "high")

# %% [markdown]
# ## The answer
#
# Each sentence stands beside the share of attempts that it is about, as this run counted it; one that the numbers do
# not bear out stops the notebook. First among servers as measured:

# %%
EXACT, PREFIX, OPTIONAL, ECHO, ISS, DPOP = (
    "prm=exact", "prm=prefix", "echo=opt", "draft=echo;by=client", "iss_check=require", "dpop=token",
)  # fmt: skip
THEFT = ("harm", "authorization")
matched = measured.rate("refused", EXACT, "client.resource_matches_request")
counted([
    ("Whatever honest flow fails in the published state, exact matching turns away.",
     matched, "=", measured.rate("refused", EXACT)),
    ("Prefix matching brings it back.", measured.rate("refused", PREFIX), "=", 0),
    ("Counterfeit servers get at the user's data either way.", measured.rate("harm", PREFIX, THEFT[1]), ">", 0),
    ("The echo, if clients alone adopt the draft, removes more than nine in ten of these thefts.",
     measured.rate("harm", ECHO, THEFT[1]), "<", measured.rate("harm", EXACT, THEFT[1]) / 10),
    ("It removes more than nine in ten first contacts with them.",
     measured.rate("success", ECHO), "<", measured.rate("success", EXACT) / 10),
    ("If AS adopt it too, it refuses none,",
     measured.rate("refused", "draft=echo", "client.echo_confirms_request"), "=", 0),
    ("and some of the thefts are left, at resource servers that take any audience.",
     measured.rate("harm", "draft=echo", THEFT[1]), "<", measured.rate("harm", EXACT, THEFT[1])),
    ("Accepting absence costs nothing.", measured.rate("success", OPTIONAL), "=", measured.rate("success", EXACT)),
    ("It buys nothing either.", measured.rate("harm", OPTIONAL, THEFT[1]), "=", measured.rate("harm", EXACT, THEFT[1])),
    ("Requiring iss costs honest flows at servers that send none, and nothing else.",
     measured.rate("refused", ISS), "=", matched + measured.rate("refused", ISS, "client.iss_matches_recorded_issuer")),
    ("It removes most thefts by the way, since it refuses most servers.",
     measured.rate("harm", ISS, THEFT[1]), "<", measured.rate("harm", EXACT, THEFT[1]) / 2),
    ("DPoP costs honest flows at servers that answer with Bearer, and nothing else.",
     measured.rate("refused", DPOP), "=", matched + measured.rate("refused", DPOP, "client.token_type_is_dpop")),
    ("It removes more than nine in ten of these thefts.",
     measured.rate("harm", DPOP, THEFT[1]), "<", measured.rate("harm", EXACT, THEFT[1]) / 10),
], form="{:.1%}")  # fmt: skip

# %% [markdown]
# While servers adopt the echo: the price falls as servers move, and not to nothing, since an AS that ignores
# `resource` then says so; what a reading prevents it prevents from the first day.

# %%
REQUIRED = "echo=req"
counted([
    ("Where no AS echoes, a client that requires it meets nobody.",
     swept("echo_measured", REQUIRED, 0, "success"), "=", 0),
    ("Halfway it meets some,", swept("echo_measured", REQUIRED, 0.5, "success"), ">", 0),
    ("where all echo more,", swept("echo_measured", REQUIRED, 1, "success"), ">",
     swept("echo_measured", REQUIRED, 0.5, "success")),
    ("and still fewer than one that does not look.", swept("echo_measured", REQUIRED, 1, "success"), "<",
     swept("echo_measured", "echo=off", 1, "success")),
    ("A client that does not look suffers thefts where no AS echoes.",
     swept("echo_measured", "echo=off", 0, *THEFT), ">", 0),
    ("One that requires the echo suffers few, by codes that are lost before there is a token,",
     swept("echo_measured", REQUIRED, 0, *THEFT), "≤", swept("echo_measured", REQUIRED, 0, "harm", "code_delivery")),
    ("few where all echo,",
     swept("echo_measured", REQUIRED, 1, *THEFT), "<", swept("echo_measured", "echo=off", 1, *THEFT) / 2),
    ("though the strict reading does not prevent them all.",
     swept("echo_measured", "echo=req_strict", 1, *THEFT), ">", 0),
], form="{:.1%}")  # fmt: skip

# %% [markdown]
# The price of prefix matching is paid where paths belong to tenants, which no population of servers shows but a
# proof does:

# %%
claimed([
    ("A tenant gets a token that opens its neighbour.", "token_confinement",
     "cap=mal_tenant;prm=prefix;audience_check=prefix", "attack"),
    ("Not where tokens are bound to a key and a URL.", "token_confinement",
     "cap=mal_tenant;prm=prefix;audience_check=prefix;dpop=token", "safe"),
    ("Nor with exact matching.", "token_confinement", "cap=mal_tenant;prm=exact;audience_check=prefix", "safe"),
])  # fmt: skip

# %% [markdown]
# ## The limits
#
# Rows of the measured population are products and configurations that could be tried or read about, each of the
# same weight: nobody has measured how often each is deployed. A default audience is accepted by every resource
# server of its AS here, so the cost of AS that ignore `resource` is understated. Malicious visits are swept.
# Intervals are about chance in the draws alone.
