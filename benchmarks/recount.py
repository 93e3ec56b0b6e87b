"""Count anew what ``measured_2026`` says was counted, from the public snapshots that it names.

``python -m benchmarks.recount FOLDER``: the repositories of :data:`SNAPSHOTS` lie in FOLDER as clones called
``OWNER+NAME``. What is printed is what the population states, or the difference.
"""

import csv
import gzip
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from scipy.optimize import minimize_scalar

from simulations.population import Population, load

Counts = Mapping[str, int] | tuple[int, int] | float
#: The repositories, each with the commit that was counted.
SNAPSHOTS = {
    "nikhilkaushik12345/remote-mcp-census": "82398b4",
    "joelverhagen/mcp-insights": "5d6e951",
    "radixia/mcp-census": "87b284d",
    "Portkey-AI/hoot": "c41be10",
}


#: When MCP began to oblige servers to publish resource metadata, and the days of the snapshots that look for it.
OBLIGED, CURATED, CENSUS = date(2025, 6, 18), date(2025, 11, 14), date(2026, 7, 30)
QUARTER = 365.25 / 4


class Followers(NamedTuple):
    """How many had followed a requirement after so many quarters, of how many that had not before."""

    followed: int
    of: int
    quarters: float


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def of_documents(probes: Iterable[Mapping[str, Any]]) -> dict[str, Counts]:
    """What resource metadata names, beside the URL that was called; each endpoint once, the last probe of it."""
    named = {
        row["endpoint"]: row["prm"].get("resource")
        for row in probes
        if row.get("prm") and isinstance(row["prm"].get("resource"), str)
    }
    api, origin, slash, port = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for endpoint, resource in named.items():
        url, other = urlsplit(endpoint), urlsplit(resource)
        if url.hostname != other.hostname:
            continue
        port["explicit" if other.port and not url.port else "same"] += 1
        called, said = url.path.strip("/"), other.path.strip("/")
        if called == said:
            api["single_path"] += 1
            more, less = (
                resource.endswith("/") > endpoint.endswith("/"),
                endpoint.endswith("/") > resource.endswith("/"),
            )
            slash["added" if more else "removed" if less else "same"] += 1
        elif not said or f"{called}/".startswith(f"{said}/"):
            api["multi_path"] += 1
            origin["path" if said else "origin"] += 1
    return {"api": api, "identifier": origin, "slash": slash, "port": port}


def _endpoints(entries: Iterable[Mapping[str, Any]]) -> dict[str, set[tuple[str, str]]]:
    """Where the servers of the registry are, as host and path, by the latest active version of each."""
    endpoints: dict[str, set[tuple[str, str]]] = {}
    for entry in entries:
        state, server = entry["_meta"]["io.modelcontextprotocol.registry/official"], entry["server"]
        urls = [urlsplit(remote["url"]) for remote in server.get("remotes", ())]
        if state.get("isLatest") and state.get("status") == "active":
            endpoints[server["name"]] = {(url.netloc, url.path) for url in urls if url.scheme == "https"}
    return {name: urls for name, urls in endpoints.items() if urls}


def of_registry(entries: Iterable[Mapping[str, Any]]) -> dict[str, Counts]:
    """How servers of the registry share hosts."""
    endpoints = _endpoints(entries)
    on = Counter(host for urls in endpoints.values() for host in {host for host, _ in urls})
    shared = {host for host, servers in on.items() if servers > 1}
    tenants = [name for name, urls in endpoints.items() if any(host in shared for host, _ in urls)]
    paths = defaultdict(set)
    for name in endpoints.keys() - tenants:
        for host, path in endpoints[name]:
            paths[host].add(path)
    several = [len(found) for found in paths.values() if len(found) > 1]
    return {
        "tenancy": {"own_origin": len(endpoints) - len(tenants), "shared_origin": len(tenants)},
        "mean.tenants_per_origin": (len(tenants), len(shared)),
        "mean.paths_per_policy": (sum(several), len(several)),
    }


def of_issuers(rows: Iterable[Mapping[str, str]], before: Iterable[Mapping[str, Any]]) -> dict[str, Counts]:
    """How many servers name an issuer, and how many named another one before."""
    issuer = {row["host"]: row["issuer"] for row in rows if row["issuer"]}
    then = {
        _host(row["url"]): named[0]
        for row in before
        if (named := row["details"].get("authorizationServers")) and isinstance(named[0], str)
    }
    both = then.keys() & issuer.keys()
    changed = sum(_host(then[host]) != _host(issuer[host]) for host in both)
    return {
        "popularity.authorization_servers": zipf(Counter(issuer.values()).values()),
        "churn.servers_changed": (changed, len(both)),
    }


def of_requirement(
    rows: Iterable[Mapping[str, str]], before: Iterable[Mapping[str, Any]]
) -> tuple[Followers, Followers]:
    """How servers with OAuth came to publish resource metadata once they had to: those of both snapshots."""
    now = {row["host"]: bool(row["prm_url"]) for row in rows}
    then = {_host(row["url"]): row["compliance"]["rfc9728Metadata"] for row in before if row["status"] == "oauth"}
    both = then.keys() & now.keys()
    late = [host for host in both if not then[host]]
    return (
        Followers(len(both) - len(late), len(both), (CURATED - OBLIGED).days / QUARTER),
        Followers(sum(now[host] for host in late), len(late), (CENSUS - CURATED).days / QUARTER),
    )


def pace(waves: Iterable[Followers]) -> float:
    """The likeliest share that follows in a quarter, of those that have not yet."""
    known = tuple(waves)

    def surprise(share: float) -> float:
        stays = ((wave, wave.quarters * np.log1p(-share)) for wave in known)
        found = (wave.followed * np.log(-np.expm1(log)) + (wave.of - wave.followed) * log for wave, log in stays)
        return -float(sum(found))

    return round(float(minimize_scalar(surprise, bounds=(1e-6, 1 - 1e-6), method="bounded").x), 3)


def of_metadata(domains: Iterable[Mapping[str, Any]]) -> dict[str, Counts]:
    """How many authorization servers the resource metadata of a domain lists."""
    listed = []
    for domain in domains:
        for check in domain["checks"]:
            found = [each for each in check["evidence"].get("candidates", ()) if each.get("authorizationServers")]
            if check["id"] == "D4" and found:
                listed.append(len(found[0]["authorizationServers"]))
    return {"mean.servers_per_resource": (sum(listed), len(listed))}


def of_domains(entries: Iterable[Mapping[str, Any]], domains: Iterable[Mapping[str, Any]]) -> dict[str, Counts]:
    """How many domains of the registry had lapsed when a later census looked: no host of them answers.

    What is below a domain that hosts others is none of its own.
    """
    lapsed = {}
    for domain in domains:
        found = {check["id"]: check["evidence"] for check in domain["checks"]}
        unheard = all(probe["result"] == "transport_error" for probe in found["D3"].get("probes", ()))
        if domain["apex"].count(".") == 1:
            lapsed[domain["apex"]] = unheard and "does not resolve" in found["D7"].get("error", "")
    hosts = {host for urls in _endpoints(entries).values() for host, _ in urls}
    both = {".".join(host.split(":")[0].split(".")[-2:]) for host in hosts} & lapsed.keys()
    return {"churn.domains_lapsed": (sum(lapsed[domain] for domain in both), len(both))}


def zipf(counts: Iterable[int]) -> float:
    """The likeliest exponent of Zipf's law, with as many kinds as were seen."""
    seen = np.array(sorted(counts, reverse=True))
    ranks = np.arange(1, len(seen) + 1)

    def surprise(exponent: float) -> float:
        return float((seen * (exponent * np.log(ranks) + np.log((ranks**-exponent).sum()))).sum())

    return round(float(minimize_scalar(surprise, bounds=(0, 5), method="bounded").x), 3)


def counted(folder: Path) -> dict[str, Counts]:
    """All that is counted anew, by the name of the statement."""

    def content(repository: str, path: str) -> bytes:
        at = folder / repository.replace("/", "+")
        shown = ["git", "-C", str(at / "repo" if (at / "repo").exists() else at), "show"]
        return subprocess.run([*shown, f"{SNAPSHOTS[repository]}:{path}"], capture_output=True, check=True).stdout

    def lines(repository: str, path: str) -> list[Any]:
        return [json.loads(line) for line in gzip.decompress(content(repository, path)).splitlines()]

    census, registry, domains, curated = SNAPSHOTS
    probes = [
        row for name in ("more", "google", "method_z") for row in lines(census, f"evidence/probe_{name}.jsonl.gz")
    ]
    rows = list(csv.DictReader(content(census, "remote_mcp_oauth.csv").decode().splitlines()))
    before = json.loads(content(curated, "public/tests/oauth-compliance-results.json"))["results"]
    entries = json.loads(content(registry, "servers.json").decode("utf-8-sig"))
    later = lines(domains, "data/releases/2026-08-07/census.jsonl.gz")
    return {
        **of_documents(probes),
        **of_registry(entries),
        **of_issuers(rows, before),
        "churn.followed": pace(of_requirement(rows, before)),
        **of_metadata(later),
        **of_domains(entries, later),
    }


def stated(population: Population, name: str) -> Counts:
    """What a population states of it, as it was counted."""
    if name in population.numbers:
        number = population.numbers[name]
        return (number.counts[0], number.counts[1]) if number.counts else number.value
    factor = next(each for each in (*population.factors, *population.traits) if each.name == name)
    return {kind.name: round(kind.share * factor.provenance.counted) for kind in factor.categories}


def main(folder: str, tell: Callable[[str], object] = print) -> int:
    """Tell what is counted and what is stated where that differs; how often it does."""
    population, wrong = load("measured_2026"), 0
    for name, found in counted(Path(folder)).items():
        said = stated(population, name)
        same = (
            {key: found[key] for key in said} == said
            if isinstance(found, Mapping) and isinstance(said, Mapping)
            else found == said
        )
        wrong += not same
        tell(f"{name}: {found}" + ("" if same else f", stated {said}"))
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) > 0 if len(sys.argv) > 1 else "not run: name the folder of the clones")
