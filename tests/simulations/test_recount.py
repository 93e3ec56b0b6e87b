"""What a snapshot says is counted once, and what a population states of it is that."""

import gzip
import json
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binom

from benchmarks import recount
from simulations.population import load

HOST = "https://mcp.example"


def probe(path: str, resource: str | None) -> dict[str, Any]:
    """What was served for a URL."""
    return {"endpoint": HOST + path, "prm": {"resource": resource, "authorization_servers": [HOST]}}


def entry(name: str, *urls: str, latest: bool = True) -> dict[str, Any]:
    """A server of the registry."""
    state = {"isLatest": latest, "status": "active"}
    remotes = [{"url": url} for url in urls]
    return {"server": {"name": name, "remotes": remotes}, "_meta": {"io.modelcontextprotocol.registry/official": state}}


def looked_at(apex: str, answers: bool = True, resolves: bool = True, **more: dict[str, Any]) -> dict[str, Any]:
    """A domain as the later census saw it."""
    probes = [{"host": apex, "result": "transport_error"}, {"host": f"mcp.{apex}", "result": "found"}]
    root = {} if resolves else {"error": f"{apex} does not resolve"}
    found = {"D3": {"probes": probes if answers else probes[:1]}, "D7": root, **more}
    return {"apex": apex, "checks": [{"id": name, "evidence": evidence} for name, evidence in found.items()]}


PROBES = [
    probe("/a", f"{HOST}/a"),
    probe("/b", HOST),
    probe("/c/d", f"{HOST}/c"),
    probe("/e/", f"{HOST}/e"),
    probe("/f", f"{HOST}/f/"),
    probe("/g", f"{HOST}/other"),
    probe("/h", f"{HOST}:443/h"),
    probe("/i", None),
    {"endpoint": f"{HOST}/j", "prm": {"resource": "https://elsewhere.example/j"}},
    {"endpoint": f"{HOST}/a", "prm": {"resource": f"{HOST}/a"}},
    {"endpoint": f"{HOST}/k", "status": 404},
]
SERVERS = [
    entry("one/a", "https://shared.example/a"),
    entry("one/b", "https://shared.example/b"),
    entry("two/a", "https://own.example/mcp", "https://own.example/sse"),
    entry("three/a", "https://alone.example/mcp"),
    entry("four/old", "https://alone.example/mcp", latest=False),
    entry("five/plain", "http://plain.example/mcp"),
]


def test_what_is_counted() -> None:
    """Each endpoint once; only what is on the host that was called; only the newest version of a server."""
    found = recount.of_documents(PROBES)
    assert found["api"] == {"single_path": 4, "multi_path": 2}
    assert found["identifier"] == {"origin": 1, "path": 1}
    assert found["slash"] == {"same": 2, "removed": 1, "added": 1}
    assert found["port"] == {"same": 6, "explicit": 1}
    assert recount.of_registry(SERVERS) == {
        "tenancy": {"own_origin": 2, "shared_origin": 2},
        "mean.tenants_per_origin": (2, 1),
        "mean.paths_per_policy": (2, 1),
    }
    assert recount.zipf([600, 300, 200, 150]) == pytest.approx(1, abs=0.01)


def test_a_domain_has_lapsed_where_nothing_of_it_answers() -> None:
    """It was in the registry before, does not resolve now, and no host below it does; platforms are nobody's domain."""
    before = [entry(name, f"https://mcp.{name}/mcp") for name in ("gone.example", "moved.example", "kept.example")]
    before += [entry("platform", "https://a.b.platform.example/mcp"), entry("there", "https://there.example/mcp")]
    later = [
        looked_at("gone.example", answers=False, resolves=False),
        looked_at("moved.example", resolves=False),
        looked_at("kept.example", answers=False),
        looked_at("there.example"),
        looked_at("b.platform.example", answers=False, resolves=False),
        looked_at("new.example", answers=False, resolves=False),
    ]
    assert recount.of_domains(before, later) == {"churn.domains_lapsed": (1, 4)}


def test_differences_are_told(tmp_path: Path) -> None:
    """What was counted from the snapshots stands beside what the population states, wherever they differ."""
    rows = "host,issuer,prm_url\nmcp.example,https://new.example,yes\nsame.example,https://same.example,\n"
    before = [
        {
            "url": f"https://{host}/mcp",
            "status": "oauth",
            "compliance": {"rfc9728Metadata": False},
            "details": {"authorizationServers": [f"https://{was}"]},
        }
        for host, was in (("mcp.example", "old.example"), ("same.example", "same.example"))
    ]
    listed = {"candidates": [{"authorizationServers": ["https://as.example"]}]}
    census, registry, domains, curated = recount.SNAPSHOTS
    files = {
        census: {f"evidence/probe_{name}.jsonl.gz": PROBES for name in ("more", "google", "method_z")}
        | {"remote_mcp_oauth.csv": rows},
        registry: {"servers.json": json.dumps(SERVERS)},
        domains: {"data/releases/2026-08-07/census.jsonl.gz": [looked_at("own.example", D4=listed)]},
        curated: {"public/tests/oauth-compliance-results.json": json.dumps({"results": before})},
    }
    for repository, contents in files.items():
        at = tmp_path / repository.replace("/", "+")
        for path, content in contents.items():
            at.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
            lines = content if isinstance(content, str) else "\n".join(map(json.dumps, content))
            at.joinpath(path).write_bytes(gzip.compress(lines.encode()) if path.endswith(".gz") else lines.encode())
        who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        for command in (
            ["init", "-q"],
            ["add", "."],
            [*who, "commit", "-qm", "a"],
            ["tag", recount.SNAPSHOTS[repository]],
        ):
            subprocess.run(["git", "-C", str(at), *command], check=True)
    told: list[str] = []
    assert recount.main(str(tmp_path), told.append) == len(told) == 12
    assert "churn.servers_changed: (1, 2), stated (4, 24)" in told
    population = load("measured_2026")
    assert {line.split(":")[0] for line in told} <= {row.name for row in population.stated()}


def test_the_pace_at_which_a_requirement_was_followed_told_the_rest() -> None:
    """Fitted to the first wave, it holds the second; vendors that follow at once or never say nothing of pace."""
    rows = [{"host": f"{place}.example", "prm_url": "yes" * (place < 3)} for place in range(4)]
    before = [
        {"url": f"https://{place}.example/mcp", "status": "oauth", "compliance": {"rfc9728Metadata": place < 1}}
        for place in range(5)
    ]
    first, second = recount.of_requirement(rows, before)
    assert (first.followed, first.of, second.followed, second.of) == (1, 4, 2, 3)
    assert recount.pace([recount.Followers(50, 100, 1)]) == pytest.approx(0.5, abs=0.001)
    assert recount.pace([recount.Followers(75, 100, 2), recount.Followers(50, 100, 1)]) == pytest.approx(0.5, abs=0.001)


def test_the_dated_forecast_follows_from_the_counted_pace() -> None:
    """What the page says of a requirement that was followed, and of the next one, is worked out from what is stated."""
    population = load("measured_2026")
    known = population.numbers["churn.followed"]
    (today,) = (curve.shares[0] for curve in population.adoption if curve.switch == "h_iss")
    first = recount.Followers(25, 49, (recount.CURATED - recount.OBLIGED).days / recount.QUARTER)
    second = recount.Followers(20, 24, (recount.CENSUS - recount.CURATED).days / recount.QUARTER)
    assert known.value == recount.pace([first, second])
    for wave in (f"{first.followed} of {first.of}", f"{second.followed} of the other {second.of}"):
        assert wave in known.provenance.source
    by_first, by_second = recount.pace([first]), recount.pace([second])
    waiting = 1 - (1 - by_first) ** second.quarters
    low, high = binom.interval(0.95, second.of, waiting)
    assert low <= second.followed <= high
    then = [1 - (1 - today) * (1 - pace) ** 4 for pace in (known.value, by_first, by_second)]
    text = " ".join(files("openworld").joinpath("data", "findings", "populations.md").read_text("utf-8").split())
    for said in (
        f"expects {second.of * waiting:.0f} of the {second.of} ({low:.0f} to {high:.0f})",
        f"{100 * today:.0f} per cent send it",
        f"({known.value:g} in a quarter; {by_first:g} by its first wave, {by_second:g} by its second)",
        "{:.0f} per cent ({:.0f} to {:.0f}) send it on that day".format(*(100 * share for share in then)),
    ):
        assert said in text


def test_only_servers_that_named_an_issuer_both_times_can_have_changed_it() -> None:
    """One that is new and one that is gone count for neither."""
    now = [
        {"host": host, "issuer": issuer}
        for host, issuer in (("a", "https://x/1"), ("b", "https://y"), ("c", "https://y"))
    ]
    then = {"https://a/mcp": "https://x/2", "https://b/mcp": "https://z", "https://gone/mcp": "https://x"}
    before = [{"url": url, "details": {"authorizationServers": [issuer]}} for url, issuer in then.items()]
    assert recount.of_issuers(now, before)["churn.servers_changed"] == (1, 2)
