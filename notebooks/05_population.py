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
# ## The question
#
# A mechanism that stops an attack stops honest traffic as well, wherever the other side has not heard of it. How
# often does first contact fail with and without each draft, how does that change while servers adopt it, and who is
# hurt?

# %%
from openworld.explore import SIZE, data, figure, rules
from openworld.explore.knobs import Knobs
from openworld.explore.populations import Share, at, summary

# %% [markdown]
# ## What the specifications say
#
# Every refusal in the simulation is one of the model's rules, so an honest flow that fails names the requirement
# that it failed. The four that decide most:

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
# forty-eight authorization servers and eight resource servers were seen or documented to do, `shared_origins` and
# `swept` on nothing but parameters. Every design meets the same agents at the same places, so a difference between
# two designs is the designs' alone. How often an agent is sent to somebody malicious nobody has counted; it is
# swept.
#
# ### With and without each draft, among servers as measured
#
# The published state (RFC 9728 with exact matching, nothing else), and each draft alone on top of it.

# %%
DRAFTS = {
    "prm=exact": "published state: exact matching",
    "prm=prefix": "prefix matching (rfc9728bis)",
    "echo=opt": "echo, absence accepted",
    "echo=req": "echo, required (the draft)",
    "echo=req_strict": "echo, required and exact",
    "iss_check=require": "iss required (RFC 9207)",
    "dpop=token": "DPoP, and no Bearer in answer (RFC 9449)",
    "iss_check=off": "without any iss comparison",
}
measured = at("measured_2026", DRAFTS, SIZE.attempts)
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
# What reading the echo costs and prevents, as more AS echo. The price falls only as fast as servers move; the theft
# that a strict client prevents it prevents from the first day.

# %%
figure("echo_support-rates")

# %% [markdown]
# The same as paired differences to a client that does not look at the echo:

# %%
figure("echo_support-differences")

# %% [markdown]
# ### Who is hurt
#
# Where attempts end when clients read the echo today, among servers as measured. An honest flow refused is a user
# whose tool does not work; a deal with the attacker is one whose tool works for somebody else.

# %%
figure("echo_measured-funnel")

# %%
data("echo_measured-funnel")

# %% [markdown]
# ### Set the shares yourself
#
# The same agents under two designs. The shares are of visits that go to a malicious resource server, of APIs with
# one document for many paths, of AS that ignore, rather than honour, `resource`, and of AS that send an echo. So
# many attempts as are counted while the knob moves; the intervals say what that is worth. Plain cells do the same:
# `at(population, designs, attempts, shares)`.

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
knobs = Knobs("swept", KNOBS, DESIGNS, ATTEMPTS)
knobs

# %% [markdown]
# ## The answer
#
# Among servers as measured, exact matching alone turns away most of what fails today, and prefix matching brings it
# back at the price of path tenants where tokens are not bound. The echo is the opposite case: the draft's reading
# removes every theft by counterfeit servers and nearly every first contact with it, because almost no AS echoes
# yet; the reading that accepts absence costs little and buys little. `iss` and DPoP stand between: each costs
# exactly the servers that lack it. The shares behind these sentences are in the table; at the size of this run:

# %%
summary(measured, DRAFTS)

# %% [markdown]
# ## The limits
#
# Rows of the measured population are products and configurations that could be tried or read about, each of the
# same weight: nobody has measured how often each is deployed. A default audience is accepted by every resource
# server of its AS here, so the cost of AS that ignore `resource` is understated. Malicious visits are swept.
# Intervals are about chance in the draws alone.
