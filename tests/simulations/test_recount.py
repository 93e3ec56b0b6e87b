"""What a snapshot says is counted once, and what a population states of it is that."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from simulations import recount
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


def test_differences_are_told(tmp_path: Path) -> None:
    """What was counted from the snapshots stands beside what the population states, wherever they differ."""
    rows = "host,issuer\nmcp.example,https://new.example\nsame.example,https://same.example\n"
    before = [
        {"url": f"https://{host}/mcp", "details": {"authorizationServers": [f"https://{was}"]}}
        for host, was in (("mcp.example", "old.example"), ("same.example", "same.example"))
    ]
    listed = {"candidates": [{"authorizationServers": ["https://as.example"]}]}
    census, registry, domains, curated = recount.SNAPSHOTS
    files = {
        census: {f"evidence/probe_{name}.jsonl.gz": PROBES for name in ("more", "google", "method_z")}
        | {"remote_mcp_oauth.csv": rows},
        registry: {"servers.json": json.dumps(SERVERS)},
        domains: {"data/releases/2026-08-07/census.jsonl.gz": [{"checks": [{"id": "D4", "evidence": listed}]}]},
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
    assert recount.main(str(tmp_path), told.append) == len(told) == 10
    assert "churn.servers_changed: (1, 2), stated (4, 24)" in told
    population = load("measured_2026")
    assert {line.split(":")[0] for line in told} <= {row.name for row in population.stated()}
