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
# # 2. The two gaps: resource matching and binding confirmation
#
# ## In short
#
# Each line is worked out when the notebook runs, and one that is not borne out stops it.

# %%
from openworld.explore import claimed, compared, explore, gained, matching, rules, short, show, slide, switches

PROPERTY, WIDENING = "token_confinement", "cap=mal_tenant;prm=prefix;audience_check=prefix"
short(claimed([
    ("Exact matching cannot meet an API with one document for many paths, which prefix matching is for.",
     "first_contact", "prm=exact;api=multi_path", "not_reached"),
    ("Where host-level audiences are accepted, a prefix lets a tenant obtain tokens that open its neighbours.",
     PROPERTY, WIDENING, "attack"),
    ("The echo keeps tokens of an AS that ignores the resource from a malicious resource server.",
     "token_confinement", "cap=mal_rs;as_resource=ignore;echo=req", "safe"),
]), beside=slide(PROPERTY, WIDENING))  # fmt: skip

# %% [markdown]
# Turn the switches yourself: `prm` is the reading of the match, `echo` what the client does with the confirmation.

# %%
gaps = explore(
    PROPERTY,
    WIDENING,
    switches=("prm", "norm", "audience_check", "host_app", "api", "echo", "as_resource", "as_echo", "dpop", "rs_htu"),
    attackers=("mal_tenant", "mal_rs", "mal_as", "token_leak"),
    watch=("first_contact", "token_confinement", "resource_binding", "discovery_integrity"),
)
gaps

# %% [markdown]
# ## The question
#
# Two gaps of open-world OAuth are said to be narrow and fixable. *Matching*: RFC 9728 wants the `resource` of a
# metadata document to equal the URL asked for, so an API with many paths needs a document for each; `rfc9728bis`
# would accept a prefix. *Confirmation*: a client asks for a token for one resource (RFC 8707) and is never told
# what it got; the resource token response draft makes the AS say so (the *echo*). What does each fix buy, and what
# does it open?

# %% [markdown]
# ## What the specifications say

# %%
rules("client.resource_matches_request", "client.echo_confirms_request", "resource_server.audience_is_this_resource")

# %% [markdown]
# The readings that exist: `prefix` compares whole path segments after normalisation (rfc9728bis section 4.3),
# `prefix_str` compares characters, `prefix_sdk_ts` and `prefix_sdk_py` are what the two official MCP libraries do.
# The echo can be ignored, believed where present (`opt`), required with the requested value among others (`req`,
# the draft), required with nothing else (`req_strict`), or taken as a licence to use the token there (`grant`).

# %%
switches("prm", "norm", "echo", "as_resource", "as_echo", "audience_check", "api", "host_app")

# %% [markdown]
# ## The evidence
#
# ### Which documents each reading accepts
#
# The rule itself, asked about real URLs: the honest API with one document for many paths, a tenant of a shared
# origin that speaks for the whole host, its neighbour whose name begins alike, and an escaped slash.

# %%
READINGS = {
    "exact": "prm=exact",
    "prefix": "prm=prefix",
    "prefix of characters": "prm=prefix_str",
    "TypeScript SDK": "prm=prefix_sdk_ts",
    "Python SDK": "prm=prefix_sdk_py",
    "prefix, escapes decoded": "prm=prefix;norm=decode_all",
}
matching(
    (
        ("https://crm.example/api/accounts", "https://crm.example/api/accounts"),
        ("https://crm.example/api", "https://crm.example/api/accounts"),
        ("https://shared.example/", "https://shared.example/evil"),
        ("https://shared.example/good", "https://shared.example/good-evil"),
        ("https://shared.example/good", "https://shared.example/good%2Fevil"),
        ("https://shared.example/good", "https://shared.example/evil"),
    ),
    READINGS,
)

# %% [markdown]
# ### What that does to honest clients and to tenants
#
# Three deployments for each reading. An honest API with one document for many paths (`api=multi_path`): can it be
# met at all? A malicious tenant, where resource servers compare the audience exactly: the baseline. The same where
# they accept a host-level audience (`audience_check=prefix`), which is what the deployments do that want prefix
# matching.

# %%
compared({words: f"{text};api=multi_path" for words, text in READINGS.items()}, ["first_contact"], note="reading")

# %%
compared(
    {f"{words}, {rule}": f"cap=mal_tenant;{text};audience_check={check}"
     for words, text in READINGS.items()
     for rule, check in (("exact audiences", "exact"), ("host-level audiences", "prefix"))},
    ["token_confinement", "discovery_integrity"],
    note="reading, and what resource servers accept",
)  # fmt: skip

# %% [markdown]
# The attack on prefix matching, and what the tenant gains at which step. The client did what the draft says: `/` is
# a prefix of the path, the origin is the same, and the AS bound the token to what it was asked for.

# %%
tenant = show(PROPERTY, WIDENING)
tenant

# %%
gained(tenant.verdict.trace)

# %% [markdown]
# ### What the echo confirms
#
# An AS that honours `resource` needs no echo. The rows are the others: it ignores the parameter, adds an audience
# of its own, or substitutes another; and of those the ones that stay silent. `token_confinement` is asked with a
# malicious resource server, `resource_binding` (the client believes something false about its token) without any
# attacker, and first contact is the price.

# %%
HABITS = {
    "ignores resource": "as_resource=ignore",
    "ignores it, silent": "as_resource=ignore;as_echo=no",
    "adds another": "as_resource=add",
    "substitutes another": "as_resource=substitute",
    "honours it, silent": "as_echo=no",
}
compared(
    {f"AS {habit}; echo={reading}": f"cap=mal_rs;{text};echo={reading}"
     for habit, text in HABITS.items()
     for reading in ("off", "opt", "req", "req_strict")},
    ["token_confinement", "first_contact"],
    note="server and reading",
)  # fmt: skip

# %% [markdown]
# What the echo cannot do: detect that the client asked for the wrong thing, or vouch for an AS that lies.

# %%
show("token_confinement", "cap=mal_tenant;prm=prefix;audience_check=prefix;echo=req_strict")

# %% [markdown]
# ## The answer

# %%
claimed([
    ("Exact matching cannot meet an API with one document for many paths.",
     "first_contact", "prm=exact;api=multi_path", "not_reached"),
    ("Prefix matching can.", "first_contact", "prm=prefix;api=multi_path", "reached"),
    ("It lets a tenant obtain tokens for the host, which its neighbours accept.",
     "token_confinement", WIDENING, "attack"),
    ("Exact audiences help only while no honest API is named by the host.",
     "token_confinement", "cap=mal_tenant;prm=prefix", "safe"),
    ("With such an API they do not.", "token_confinement", "cap=mal_tenant;prm=prefix;host_app=yes", "attack"),
    ("Comparing characters instead of segments needs no host-level audience at all.",
     "token_confinement", "cap=mal_tenant;prm=prefix_str", "attack"),
    ("Decoding escapes undoes the segment boundary.",
     "token_confinement", "cap=mal_tenant;prm=prefix;norm=decode_all", "attack"),
    ("DPoP with the full URL keeps tokens where they belong.", "token_confinement", f"{WIDENING};dpop=token", "safe"),
    ("The tenant's word for its neighbour's is taken all the same.",
     "discovery_integrity", f"{WIDENING};dpop=token", "attack"),
    ("With origins only it does not.", "token_confinement", f"{WIDENING};dpop=token;rs_htu=off", "attack"),
    ("No echo closes it: the client asked for what it got.",
     "token_confinement", f"{WIDENING};echo=req_strict", "attack"),
    ("The draft's echo stops tokens from an AS that ignores resource.",
     "token_confinement", "cap=mal_rs;as_resource=ignore;echo=req", "safe"),
    ("At the price of that AS.", "first_contact", "as_resource=ignore;echo=req", "not_reached"),
    ("It lets a token pass that is good elsewhere too.",
     "token_confinement", "cap=mal_rs;as_resource=add;echo=req", "attack"),
    ("The strict reading does not.", "token_confinement", "cap=mal_rs;as_resource=add;echo=req_strict", "safe"),
    ("An echo read as a licence takes back what the AS list of the metadata gives.",
     "authorization", "cap=token_leak+mal_as;dpop=token;echo=grant", "attack"),
])  # fmt: skip

# %% [markdown]
# So under prefix matching tokens stay where they belong if they are bound to a key and proofs to a URL, and the
# boundary moves from the path to the host where they are not; whom a tenant speaks for is its own choice in either
# case. The echo tells the truth about honest servers, at the price of every server that stays silent.
#
# ## The limits
#
# One shared origin with three malicious tenants whose names are chosen to be awkward; other names are other URLs
# for the same rules. Which share of APIs spans several paths, and of AS echoes, the model does not say: notebook 5
# sweeps the one and counts the other.
