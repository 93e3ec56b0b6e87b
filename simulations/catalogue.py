"""The questions that come with the suite, as data.

    >>> "matching" in EXPERIMENTS
    True
"""

from collections.abc import Mapping
from dataclasses import replace

from model.drafts import paths
from model.model import Model, oauth
from model.switches import CLIENT_CLASSES
from simulations.catalogue_time import IN_TIME
from simulations.experiment import Adoption, Experiment, Mix, Number, Year
from simulations.quantities import IMPERSONATIONS, ROBBED, WORKING, Measure

_TENTHS = tuple(round(tenth / 10, 1) for tenth in range(11))
_PATH = (0.0, 0.1, 0.5, 0.9, 1.0)
_ECHO = ("echo=off", "echo=opt", "echo=req", "echo=req_strict")
_DEAF = {"ignore": 1 / 3, "add": 1 / 3, "substitute": 1 / 3}
#: Tasks about other things are done by clients that step up where a resource server asks for more scope.
_STEPS_UP = {"step_up": {"on": 1.0}}
#: Nobody has counted how often an agent is sent to an attacker; these say what the attacker is, not how many.
_ROGUE_RS = {"place": {"honest_api": 0.9, "malicious_rs": 0.1}}
_ROGUE_AS = {"place": {"honest_api": 0.9, "malicious_rs_and_as": 0.1}}
_TENANTS = {"place": {"honest_api": 0.5, "honest_tenant": 0.4, "malicious_tenant": 0.1}}
#: Who reads or forges along the way is no server that an agent is sent to; nor has anybody counted those.
_FORGING = {"place": {"honest_api": 0.9, "forged_metadata": 0.1}}
#: Where both protocols have an attacker of whom one of them may fall.
_ALSO_UNDER_AAUTH = ("malicious_rs", "malicious_rs_and_as", "forged_challenge")
_ALL_OF_THEM = {"place": {
    "honest_api": 0.5, "honest_tenant": 0.2, "malicious_rs": 0.1, "malicious_tenant": 0.1, "malicious_rs_and_as": 0.1,
}}

def every_experiment(model: Model = oauth()) -> Mapping[str, Experiment]:
    """The experiments of a model, by name."""
    every = {**EXPERIMENTS, **model.further(Experiment)}
    return {name: each if each.model is model else replace(each, model=model) for name, each in every.items()}


EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        # --- metadata of resources
        Experiment(
            "resource_metadata",
            "Who is met at all without resource metadata, and who is robbed because of it, as more of those who meet "
            "have never been introduced to each other?",
            "share of visits among strangers", _TENTHS, ("prm=off", "prm=unchecked", "prm=exact", "prm=prefix"),
            "measured_2026", Mix("acquaintance", {"stranger": 1}, {"known": 1}), mixes=_ROGUE_RS,
        ),
        Experiment(
            "signed_metadata",
            "Against forged resource metadata, what do a signature and a public log keep out, and whom besides, as "
            "more of those who meet have never been introduced to each other?",
            "share of visits among strangers", _TENTHS,
            ("signed_metadata=off", "signed_metadata=self", "signed_metadata=anchored_opt",
             "signed_metadata=anchored_req", "prm_log=required"),
            "measured_2026", Mix("acquaintance", {"stranger": 1}, {"known": 1}), mixes=_FORGING,
        ),
        # --- which documents a client uses
        Experiment(
            "matching",
            "What does prefix matching (the draft's, and as deployed SDKs do it) buy over exact matching, and what "
            "does it let in, as more APIs span several paths?",
            "share of multi-path APIs", _TENTHS, ("prm=exact", "prm=prefix", "prm=prefix_sdk_ts", "prm=prefix_sdk_py"),
            "shared_origins", Mix("api", {"multi_path": 1}, {"single_path": 1}),
        ),
        Experiment(
            "multi_tenant",
            "How far does a token widen on origins that tenants share, as more of them have a resource that spans "
            "the origin?",
            "share of shared origins with an origin-wide resource", _TENTHS,
            ("prm=exact", "prm=prefix", "prm=prefix;audience_check=prefix", "prm=exact;audience_check=prefix"),
            "shared_origins", Mix("host_app", {"yes": 1}, {"no": 1}), mixes=_TENANTS | {"host_registered": {"yes": 1}},
            headline=(ROBBED,),
        ),
        # --- what is asked of an AS
        Experiment(
            "indicators",
            "What breaks and what is stolen where clients leave resource indicators out, as more resource servers "
            "refuse tokens for the default audience?",
            "share of RS that refuse the default audience", _TENTHS,
            ("resource_indicator=on", "resource_indicator=off", "resource_indicator=off;audience_check=off"),
            "measured_2026", Mix("default_audience", {"refuse": 1}, {"accept": 1}), mixes=_ROGUE_RS,
        ),
        # --- what clients do with the echo
        Experiment(
            "echo",
            "How many honest flows does the resource echo reject for the thefts it prevents, beside a client that "
            "compares the resource with those that the AS says it protects, as fewer AS bind what they were asked for?",
            "share of AS that ignore, widen or substitute the resource", _TENTHS, (*_ECHO, "xcheck=on"), "swept",
            Mix("as_resource", _DEAF, {"honor": 1}),
        ),
        Experiment(
            "echo_measured",
            "Who would be hurt if clients read the echo today, where hardly any AS echoes, and as more of them do?",
            "share of AS that echo the resource", _TENTHS, _ECHO, "measured_2026",
            Mix("as_echo", {"yes": 1}, {"no": 1}),
        ),
        # --- mix-up
        Experiment(
            "iss",
            "How much mix-up is left as more AS send iss, how many honest flows break on a client that insists, and "
            "what do pushed requests and clients that authenticate prevent in its place?",
            "share of AS that send iss", _TENTHS,
            ("iss_check=off", "iss_check=if_present", "iss_check=advertised", "iss_check=require",
             "iss_check=off;par=required", "iss_check=off;client_auth=pkjwt",
             "iss_check=off;par=required;client_auth=pkjwt"),
            "measured_2026", Mix("h_iss", {"yes": 1}, {"no": 1}), mixes=_ROGUE_AS,
        ),
        # --- sender constraint
        Experiment(
            "dpop",
            "Does it help to follow what a resource server asks for, or must the client insist on DPoP, as more "
            "resource servers mandate it?",
            "share of RS that mandate DPoP", _TENTHS,
            ("dpop=none", "dpop=token;dpop_policy=prm", "dpop=token;dpop_policy=metadata",
             "dpop=token;dpop_policy=always", "dpop=token;dpop_policy=always;token_type_check=off"),
            "measured_2026", Mix("r_requires_dpop", {"yes": 1}, {"no": 1}), mixes=_ROGUE_RS,
        ),
        # --- AAuth, and agents that start sub-agents
        Experiment(
            # In the simplest world, where servers do what is written: nobody has built one for AAuth.
            "aauth",
            "AAuth against OAuth with and without DPoP, where servers do what is written: who is robbed or led astray, "
            "as more of the attackers read tokens and fewer lure agents to servers of their own?",
            "share of attackers that read tokens", _TENTHS,
            ("dpop=token;dpop_policy=always", "dpop=none", "protocol=aauth",
             "protocol=aauth;resource_token_check=off"),
            "swept", Mix("place", {"honest_api": 0.9, "leaky_tokens": 0.1},
                         {"honest_api": 0.9, **dict.fromkeys(_ALSO_UNDER_AAUTH, 0.1 / len(_ALSO_UNDER_AAUTH))}),
            headline=(ROBBED,),
        ),
        Experiment(
            "instances",
            "Sub-agents with the client's own registration and token, or with an identity of their own: what is "
            "stolen and what breaks, as fewer AS know who attests them?",
            "share of AS that do not know the attester of sub-agents", _TENTHS,
            ("instance=none", "instance=workload", "instance=derived", "instance=derived;delegation_depth=any",
             "instance=derived;delegation_expiry=token"),
            "measured_2026", Mix("trust_domain", {"no": 1}, {"yes": 1}),
            mixes={"place": {"sub_agent": 0.9, "malicious_sub_agent": 0.1}, "scope_request": {"least": 1}},
        ),
        # --- which issuers a resource server accepts
        Experiment(
            "rs_issuers",
            "Which issuers may a resource server accept, as more of those who meet have never been introduced to each "
            "other?",
            "share of visits among strangers", _TENTHS,
            ("rs_trust=any", "rs_trust=allowlist", "rs_trust=published", "rs_trust=federation"),
            "measured_2026", Mix("acquaintance", {"stranger": 1}, {"known": 1}), mixes=_ROGUE_AS,
        ),
        Experiment(
            "introspection",
            "What do opaque tokens cost where the resource server has no credentials for the AS, and what if a token "
            "says itself where to ask?",
            "share of RS that can ask the AS", _TENTHS,
            ("token_fmt=jwt", "token_fmt=opaque", "token_fmt=opaque;introspect=auth",
             "token_fmt=opaque;introspect=dynamic"),
            "measured_2026", Mix("introspects", {"yes": 1}, {"no": 1}), mixes=_ROGUE_AS,
        ),
        # --- which AS a client trusts
        Experiment(
            "federation",
            "What does a federation as the only trust anchor keep out of a client that compares no iss, as more of the "
            "attacker's AS get into it by an intermediate that may not speak for them?",
            "share of malicious AS that an intermediate has enrolled", _TENTHS,
            ("as_trust=any;iss_check=off", "as_trust=federation;iss_check=off",
             "as_trust=federation;iss_check=off;chain_constraints=off",
             "as_trust=federation;iss_check=require;chain_constraints=off"), "swept",
            Mix("a_enrolled", {"below": 1}, {"no": 1}), mixes=_ROGUE_AS, headline=(ROBBED,),
        ),
        Experiment(
            "strangers",
            "What does each design come to among AS and RS as measured, as more of those who meet have never been "
            "introduced to each other?",
            "share of visits among strangers", _TENTHS,
            ("design=rfc6749", "design=prm_cimd", "design=mcp", "design=gaps_closed;by=client",
             "design=gaps_closed;by=client+authorization_server", "design=gaps_closed", "design=spiffe",
             "design=federated"),
            "measured_2026", Mix("acquaintance", {"stranger": 1}, {"known": 1}), mixes=_ROGUE_AS,
        ),
        Experiment(
            "client_classes",
            "What do a public client, one that was registered beforehand and an attested workload come to, as more of "
            "those who meet have never been introduced to each other?",
            "share of visits among strangers", _TENTHS,
            tuple(";".join(f"{name}={value}" for name, value in kind.items()) for kind in CLIENT_CLASSES.values()),
            "measured_2026", Mix("acquaintance", {"stranger": 1}, {"known": 1}), mixes=_ROGUE_AS,
        ),
        # --- drafts together
        Experiment(
            "interaction",
            "Which drafts need each other, and which get in each other's way? All combinations of four.",
            "share that has adopted", (0.1, 0.5, 0.9, 1.0), (), "measured_2026", Adoption(), deployed=True,
            mixes=_ALL_OF_THEM,
            factors={name: f"draft={name}" for name in ("prefix", "echo", "iss", "dpop")},
        ),
        Experiment(
            "each_draft",
            "What does each draft come to, as each role that it asks something of takes it up alone, or all do?",
            "share that has adopted", _PATH,
            ("", *(path for name in ("metadata", "prefix", "echo", "iss", "dpop", "par", "signed_metadata")
                   for path in paths(name))),
            "measured_2026", Adoption(), deployed=True, mixes=_ALL_OF_THEM,
        ),
        Experiment(
            "profiles",
            "What do whole designs come to, as they are adopted in place of what is deployed?",
            "share that has adopted", _PATH,
            ("", "design=rfc6749", "design=dcr", "design=mcp", "design=gaps_closed;by=client", "design=gaps_closed",
             "design=federated", "design=fapi2", "design=sufficient"),
            "measured_2026", Adoption(), deployed=True, mixes=_ALL_OF_THEM,
        ),
        Experiment(
            "years",
            "What do the years bring as servers take to echo, iss and DPoP, to clients as deployed and to strict ones?",
            "year", (2026.9, 2028, 2029, 2030, 2032), ("", "echo=req_strict", "iss_check=require", "dpop=token"),
            "measured_2026", Year(), deployed=True, mixes=_ALL_OF_THEM,
        ),
        # --- client identity
        Experiment(
            "cimd_dcr",
            "Metadata documents or dynamic registration: what does an AS fetch and store, by how long it caches a "
            "document?",
            "seconds that the AS caches a client's document", (60, 600, 3600, 21_600, 86_400),
            ("reg=dcr", "reg=cimd", "reg=cimd;consent_pin=off", "reg=cimd;cimd_redirect=loopback;consent_pin=off",
             "reg=cimd;as_client_policy=allowlist", "reg=cimd;as_fetch_guard=off"),
            "swept", Number("lifetime.client_metadata"), reader="registrations", attempts=220_000,
            headline=(Measure("document_fetches"), Measure("registrations")),
        ),
        Experiment(
            "software_statements",
            "How often can a made-up client pass for another one, by where clients come from and what a software "
            "statement binds?",
            "share of visits while an attacker asks users as a client", (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
            ("reg=dcr", "reg=dcr_ss;ss_binds=name", "reg=dcr_ss;ss_binds=name+jwks",
             "reg=dcr_ss;ss_binds=name+redirect", "reg=cimd", "reg=cimd;as_client_policy=allowlist"),
            "measured_2026", Mix("place", {"made_up_client": 1}, {"honest_api": 1}),
            headline=(IMPERSONATIONS,),
        ),
        # --- spellings
        Experiment(
            "slash",
            "Where do honest flows break when a slash, a port, a letter's case or an escape differs from one layer to "
            "the next, and which comparators break them?",
            "share of parties that write an identifier their own way", (0.0, 0.01, 0.02, 0.05, 0.1, 0.2),
            ("prm=exact", "prm=prefix", "prm=prefix_sdk_ts", "prm=prefix_sdk_py", "prm=prefix;audience_check=prefix",
             "prm=prefix;md_issuer_check=off;audience_check=prefix", "prm=prefix;md_issuer_check=off;iss_check=off",
             "prm=prefix;md_issuer_check=on;iss_check=off", "prm=prefix;md_issuer_check=on;iss_check=require"),
            "swept", Number("respelled", option=True), deployed=True, reader="layers", headline=(WORKING,),
        ),
        # --- whole tasks
        Experiment(
            "ten_steps",
            "What fails in the task of an agent as deployed, or with one thing done strictly, the longer the task "
            "gets: rules, faults, or the attacker on the way?",
            "calls in a task", (1, 2, 5, 10, 20),
            ("", "prm=exact", "prm=prefix", "echo=req_strict", "dpop=token", "iss_check=require"), "measured_2026",
            Number("steps", option=True), deployed=True, mixes=_ALL_OF_THEM, reader="tasks", attempts=1_500,
        ),
        Experiment(
            "pinning",
            "Pin the AS of the first contact, or follow what the metadata says, as honest resources move to another "
            "AS (one call in a hundred meets a resource that has fallen to an attacker)?",
            "share of calls after a move to another AS", (0.0, 0.005, 0.01, 0.02, 0.05),
            ("as_trust=any", "as_trust=allowlist", "as_trust=any;rt_pin=off"),
            "swept", Number("migrates", option=True), mixes={"place": {"honest_api": 1}, **_STEPS_UP}, reader="tasks",
            attempts=1_500, options={"hijacked": 0.01},
        ),
        Experiment(
            "federation_coverage",
            "How much of an agent's work does a federation stop while it does not know every honest AS?",
            "share of honest AS outside the federation", (0.0, 0.01, 0.05, 0.1, 0.2, 0.5),
            ("as_trust=any", "as_trust=federation"), "swept", Number("uncovered", option=True),
            mixes={**_ROGUE_AS, **_STEPS_UP}, reader="tasks", attempts=1_500, headline=(WORKING,),
        ),
        Experiment(
            "faults",
            "How far do retries and a second AS carry a task through servers that fail?",
            "share of requests that fail with 500", (0.0, 0.01, 0.05, 0.1, 0.2),
            ("as_trust=any", "as_trust=allowlist", "prm_cache=stale"), "swept",
            Number("server_error", option=True), mixes={"place": {"honest_api": 1}, **_STEPS_UP}, reader="tasks",
            attempts=1_500,
            options={"migrates": 0.02, "timed_out": 0.02, "not_found": 0.005}, headline=(WORKING,),
        ),
        # --- in time
        Experiment(
            "token_life",
            "How do thefts of tokens depend on how long tokens live, with agents that come back to their caches?",
            "seconds that a token lives", (60, 300, 900, 3600, 14400),
            ("cache_key=issuer+resource", "cache_key=issuer", "prm=prefix", "prm=prefix;optimistic=on"),
            # Forty agents that call one of five resources every seven minutes or so, each of them again after half an
            # hour; for forty hours, ten times the longest that a token lives.
            "shared_origins", Number("token_lifetime"), reader="agents", attempts=72_500,
            numbers={"agents": 40, "resources": 5, "arrivals_per_second": 0.1, "metadata_lifetime": 3600},
        ),
        *IN_TIME,
    )
}
