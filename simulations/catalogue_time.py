"""The questions about a world that lasts, as data: load, storms, people, refresh tokens, keys, and who adopts what.

Each sets the lifetimes that it is not about so short that its horizon, ten times the longest, can be simulated, and
tries them no longer than that when one asks what decides it.
"""

from simulations.experiment import Experiment, Number, Range, Shares
from simulations.quantities import ACCEPTED_FLOW, CASE, IMPERSONATIONS, WORKING, Measure

#: One AS for everybody, few users, nobody malicious, no refresh tokens, nothing kept for longer than an hour.
_HOUR = {
    "count.authorization_servers": 1, "count.clients": 5, "count.resource_servers": 20, "count.users": 50,
    "attackers.resource_servers": 0, "arrivals_per_second": 0.5, "token_lifetime": 300, "metadata_lifetime": 3600,
    "lifetime.client_metadata": 3600, "lifetime.refresh_token": 0,
}  # fmt: skip
#: Many AS that want the document of one client at once, whose host is small; every call is an authorization request.
_RUSH = _HOUR | {
    "count.authorization_servers": 300, "popularity.authorization_servers": 0, "count.users": 1_000,
    "count.resource_servers": 300, "popularity.resource_servers": 0, "count.clients": 1, "arrivals_per_second": 15,
    "token_lifetime": 0, "metadata_lifetime": 0, "lifetime.client_metadata": 200,
}
_SMALL_HOST: dict[str, float] = {
    "expire_together": 1, "warm_up": 100, "host_workers": 1, "host_seconds": 0.4, "host_backlog": 3, "retries": 1,
}


def _tried(longest: float, rate: float) -> dict[str, Range]:
    """Between what lifetimes are tried, up to the longest that is met ten times, and how many calls a second."""
    kept = "as long as anything is kept"
    return {
        "token_lifetime": Range(min(60, longest / 10), longest, "RFC 6750 5.3: an hour or less"),
        "metadata_lifetime": Range(
            longest / 6, longest, f"{kept}; nextjs-auth0 4.19 keeps what it has discovered for ten minutes"
        ),
        "lifetime.client_metadata": Range(
            longest / 6, longest, f"{kept}; Curity and django-allauth keep them for an hour, Amazon Cognito, which is "
            "left out, for a day or more"
        ),
        "lifetime.refresh_token": Range(longest / 6, longest, f"{kept}; no specification says"),
        "remembers": Range(0, longest, kept),
        "rollover": Range(
            0, 0, "NIST SP 800-57 part 1 5.3.6: a signing key is used for one to three years, so that none changes here"
        ),
        **dict.fromkeys(("keys_kept", "overlap", "refetch"), Range(0, 0, "there is but one key")),
        "warm_up": Range(0, 3600, "until most of what is kept at the beginning has ended once"),
        "arrivals_per_second": Range(
            rate, rate, "what counts is how many calls come in a lifetime, and while a server works on one, and how "
            "long those are is tried"
        ),
        "latency.spread": Range(
            0.05, 1.5, "Dean and Barroso, The Tail at Scale (2013), table 1: one request in a hundred to a server "
            "takes ten times the median or longer, which is a spread of 1"
        ),
        "calls": Range(1, 1, "several calls of a task are so many calls in its time"),
        "think": Range(20, 20, "there is none where a task has one call"),
    }


#: A user who looks at a consent page that shows the host of the client.
_LOOKS = "user=vigilant;consent_ui=client_id_host"
#: Nobody has any of the measures, and one flow in ten goes to an attacker.
_BEFORE: dict[str, Shares] = {
    "place": {"honest_api": 0.9, "malicious_rs": 0.05, "malicious_rs_and_as": 0.05}, "h_iss": {"no": 1},
    "iss_check": {"off": 1}, "as_echo": {"no": 1}, "as_dpop": {"ignore": 1},
}  # fmt: skip
_MEASURES = (
    "", "iss_check=require;h_iss=yes", "iss_check=if_present;h_iss=yes", "dpop=token;as_dpop=honor",
    "dpop=token;dpop_policy=metadata;as_dpop=honor", "echo=req_strict;as_echo=yes",
)  # fmt: skip
IN_TIME = (
    Experiment(
        "capacity",
        "How short may tokens live before their AS cannot keep up, and what do pushed requests, registration and "
        "introspection add to its load?",
        "seconds that a token lives", (60, 300, 900, 3600),
        ("", "par=required", "reg=dcr", "token_fmt=opaque"), "swept", Number("token_lifetime"), reader="residents",
        attempts=100_000, numbers=_HOUR,
        options={"as_workers": 1, "as_seconds": 0.8, "as_backlog": 10, "retries": 1},
        tried=_tried(3600, 0.5) | {
            "as_workers": Range(1, 4, "from what it has here to as many as keep up, however short tokens live"),
            "as_seconds": Range(0.2, 1.6, "from a quarter to twice of what it has here"),
            "as_backlog": Range(5, 100, "where any number may wait it never turns one away, and all wait for good"),
            "as_rate": Range(0, 0, "how much it can is said by how long it works"),
        },
        headline=(WORKING, Measure("seconds", ACCEPTED_FLOW)),
    ),
    Experiment(
        "storm",
        "How many AS fetch the document of one client in the same second when their copies of it end together, and "
        "what does it help to let them end at random times, or to register instead?",
        "share of its lifetime by which a copy may end earlier", (0.0, 0.05, 0.2, 1.0),
        ("reg=cimd", "reg=dcr"), "swept", Number("jitter", option=True), reader="residents", attempts=160_000,
        numbers=_RUSH, options=_SMALL_HOST,
        tried=_tried(200, 15) | {"warm_up": Range(0, 200, "as long as a document is kept")},
        headline=(WORKING, Measure("document_fetches")),
    ),
    Experiment(
        "outage",
        "The document of a client cannot be had in the rush for it. How much less is its host asked if AS remember "
        "that it could not, and how many flows does it cost them that they do not ask again?",
        "seconds for which an AS remembers that it could not have a document", (0, 2, 10, 60, 200),
        ("reg=cimd", "reg=dcr"), "swept", Number("failures_kept", option=True), reader="residents", attempts=160_000,
        numbers=_RUSH, options=_SMALL_HOST,
        tried=_tried(200, 15) | {"warm_up": Range(0, 200, "as long as a document is kept")},
        headline=(WORKING, Measure("document_fetches")),
    ),
    Experiment(
        "consent",
        "How many made-up clients does a user approve who is asked so often that it stops looking, by how long an AS "
        "remembers what was approved?",
        "seconds for which an AS remembers an approval", (0, 300, 900, 3600),
        (_LOOKS, f"{_LOOKS};reg=dcr", "user=vigilant", "user=naive;consent_ui=client_id_host"), "swept",
        Number("remembers", option=True), reader="residents", attempts=100_000, numbers=_HOUR | {"count.users": 25},
        options={"hostile": 0.05, "tired_after": 10}, tried=_tried(3600, 0.5),
        headline=(Measure("prompts"), IMPERSONATIONS),
    ),
    Experiment(
        "refresh_race",
        "How often does a refresh token that works once log an agent out that uses it twice at a time, by how long the "
        "AS forgives that, and what does a bound one save?",
        "seconds in which a second use is forgiven", (0, 0.25, 0.5, 1, 2),
        ("", "dpop=token", "client_auth=pkjwt"), "swept", Number("grace", option=True), reader="residents",
        attempts=100_000,
        # Busy agents: each calls every five seconds.
        numbers=_HOUR | {
            "count.users": 3, "mean.agents_per_user": 1, "mean.connections_per_agent": 1, "arrivals_per_second": 1,
            "token_lifetime": 60, "lifetime.refresh_token": 1800, "metadata_lifetime": 1800,
            "lifetime.client_metadata": 1800, "latency.token": 0.5,
        },
        tried=_tried(1800, 1), headline=(Measure("prompts"), Measure("refresh_races")),
    ),
    Experiment(
        "rollover",
        "How many calls does a resource server refuse that does not know the new key of its AS yet, by how long that "
        "is published before it is used, and what does it cost to ask the AS about each token instead?",
        "seconds for which a key is published before it is used", (0, 150, 300, 600, 1200),
        ("", "token_fmt=opaque"), "swept", Number("overlap", option=True), reader="residents", attempts=100_000,
        numbers=_HOUR | {"count.authorization_servers": 20},
        options={"rollover": 3600, "keys_kept": 1200, "refetch": 0},
        tried=_tried(3600, 0.5) | {
            "keys_kept": Range(
                120, 3600, "libraries do for two minutes (PingGateway), five (PyJWT), ten (jose), Ktor, "
                "which is left out, for ten hours"
            ),
            "overlap": Range(0, 3600, "up to all the time that a key is used"), "refetch": Range(0, 1, "either"),
            "rollover": Range(3600, 3600, "what counts is what part of it keys are kept for, and published beforehand"),
        },
        headline=(WORKING, Measure("requests_to_AS")),
    ),
    Experiment(
        "prevalence",
        "How do thefts grow with the share of resource servers that are malicious, among agents that come back to "
        "those that they know? (Those that share an origin are honest.)",
        "share of resource servers with an origin to themselves that are malicious", (0.0001, 0.001, 0.01, 0.1),
        ("", "echo=req_strict", "cache_key=issuer"), "measured_2026", Number("attackers.resource_servers"),
        reader="residents", attempts=90_000, worlds=30, options={"warm_up": 600, "attackers_met": 1},
        numbers={"token_lifetime": 300, "metadata_lifetime": 300, "lifetime.client_metadata": 300,
                 "lifetime.refresh_token": 0, "arrivals_per_second": 1, "count.users": 50,
                 "attackers.tenants": 0,
                 # All servers alike, or a popular one that is malicious, or honest, would decide a whole world.
                 "popularity.resource_servers": 0, "popularity.authorization_servers": 0},
        tried=_tried(300, 1),
    ),
    Experiment(
        "adoption",
        "Who has to move first for a measure to spread because it pays: how few clients or AS that are obliged to, or "
        "how few of both on one day, the largest first, by what the measure costs?",
        "what it costs a vendor for each flow, in flows that come through", (0.001, 0.005, 0.02, 0.05), _MEASURES,
        "measured_2026", Number("cost", option=True), mixes=_BEFORE, reader="vendors", attacker="money",
        worlds=30, options={"obliged_clients": 0.1, "obliged_servers": 0.1},
        headline=tuple(Measure(f"share_of_{side}_that_have_to_start", CASE) for side in ("clients", "servers")),
    ),
)
