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
# # 10. The weakest rules: what the solver proposes where nothing is checked
#
# ## In short
#
# Each line is worked out when the notebook runs, and one that is not borne out stops it.

# %%
from openworld.draft import NONE, all_of, none_of, oauth, rule, same
from openworld.explore import claimed, compared, short, slide, weakest


def proposal():
    """One comparison that no text has."""

    @rule(message="AuthorizationResponse", actor="client", source="proposed by openworld invent")
    def iss_is_the_listed_issuer(c, says, held):
        """`iss` of the response is the issuer that the metadata of the resource lists."""
        return all_of(none_of(says["iss"], NONE), same(says["iss"], held["listed"]))


MIXED_UP = "cap=mal_as;iss_check=off;md_issuer_check=off"
PROPOSED = oauth().extended(proposal)
short(claimed([
    ("One comparison keeps codes from a malicious AS where two are published.", "code_delivery", MIXED_UP, "safe"),
    ("It lets the client go on with metadata of the wrong AS.", "discovery_integrity", MIXED_UP, "attack"),
    ("It costs every AS that sends no iss.", "first_contact", "iss_check=off;h_iss=no", "not_reached"),
], PROPOSED), beside=slide("code_delivery", MIXED_UP))  # fmt: skip

# %% [markdown]
# ## The question
#
# Drafts propose checks, and this suite says what they stop. It can be asked the other way round: which checks would be
# enough? Start from OAuth 2.0 among strangers, with nothing compared, and let the solver find what is missing.

# %%
OPEN = {
    "codes, malicious AS": ("code_delivery", MIXED_UP),
    "tokens, malicious resource server": ("token_confinement", "cap=mal_rs;prm=unchecked;audience_check=off"),
    "codes that leak": ("flow_binding", "cap=code_leak;pkce_as=off"),
    "responses from elsewhere": ("session_integrity", "cap=web+lure;state=off;pkce=off;pkce_as=off"),
}
compared({name: text for name, (_, text) in OPEN.items()}, [prop for prop, _ in OPEN.values()], note="what is open")

# %% [markdown]
# ## What the specifications say
#
# Nothing that the search reads. A candidate compares a field of a message that an honest party receives with what that
# party holds then, or with another field. Candidates come from the messages and the memory of the model. No list names
# them, and one counts only if the attacker chooses what it is about. Who says so already is looked up afterwards.

# %% [markdown]
# ## The evidence
#
# ### The mix-up
#
# The published pair is RFC 9207 2.4 with RFC 8414 3.3. The solver finds it, and finds one comparison that is enough
# alone: `iss` with the issuer that the resource lists.

# %%
weakest(*OPEN["codes, malicious AS"], most=4)

# %% [markdown]
# ### Tokens at the wrong resource server
#
# Two checks are needed: audiences at the resource server, and either the comparison of RFC 9728 3.3 or the echo of the
# resource in the token response.

# %%
weakest(*OPEN["tokens, malicious resource server"])

# %% [markdown]
# ### PKCE and state
#
# Each comes out alone, without its name.

# %%
weakest(*OPEN["codes that leak"])

# %%
weakest(*OPEN["responses from elsewhere"])

# %% [markdown]
# ### What an AS could add
#
# Where an AS echoes nothing, it may add to its answers what it holds. The attacker writes there what it likes. The echo
# of the token response is found (the seventh), and an echo in the *authorization response* (the fifth), which no text
# has. In the sets between, a client says which URL it calls.

# %%
weakest("token_confinement", "cap=mal_rs;prm=unchecked;as_echo=no", field=True, most=7)

# %% [markdown]
# ### What a client could add
#
# A client may add to its requests what it holds, a random value, its hash, or a signature. The AS keeps it with the
# code. Where clients send nothing of PKCE, and codes leak, one set is enough: PKCE, by other names.

# %%
weakest("flow_binding", "cap=code_leak;pkce=off;pkce_as=off", field=True)

# %% [markdown]
# ### What today's texts lack
#
# A client that pushes its requests and signs assertions for the token endpoint gives them to an AS that names the
# endpoints of another. The AS sends no `iss`. Honest runs have to stay where an AS takes no pushed requests
# (`keep`). One comparison of two endpoints in the metadata is enough, and no text asks for it.

# %%
PUSHING = "client_auth=pkjwt;assertion_aud=token_ep;par=on;h_iss=no;iss_check=off"
weakest("client_authentication", f"cap=mal_as;{PUSHING}", [{"par": "off"}])

# %% [markdown]
# ## The answer
#
# Published checks come out unaided, and beside them some that nobody has written. What is smaller than the published
# pair also protects less: it is about codes alone.

# %%
claimed([
    ("The user's data is safe with the one comparison.", "authorization", MIXED_UP, "safe"),
    ("What the client takes for the AS's metadata is not.", "discovery_integrity", MIXED_UP, "attack"),
    ("First contact works where the AS sends iss.", "first_contact", "iss_check=off;md_issuer_check=off", "reached"),
], PROPOSED)  # fmt: skip

# %% [markdown]
# ## The limits
#
# The grammar has equality, and on request prefixes, origins, presence, lists and values that are used once. A client
# signs nothing but the issuer that it asks, and only where it has a key. A set is enough in one world and for one
# property.
#
# `openworld invent` says what a set costs deployed servers and clients, and draws all sets with `-o`. With a proposal,
# `openworld verdict --any-number --with FILE` has ProVerif prove it for any number of sessions.
