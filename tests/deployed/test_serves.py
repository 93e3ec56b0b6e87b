"""What a server serves, asked of every stored client: recordings, archives, folders, a server that answers now."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from deployed.served import Heard, NotRecordedError, RecordingError, fetched, read
from deployed.serves import changes, deciding, ends, opened_without, smallest, unsettled, unsure
from model.clients import clients
from model.conversation import converse
from model.protocols import rules
from model.scenario import load
from openworld.cli import main
from properties.checker import Checker
from properties.engine import Answer

URL, ISSUER = "https://mcp.example/mcp", "https://login.example/tenant"
PRM, ASM = (
    "https://mcp.example/.well-known/oauth-protected-resource/mcp",
    ("https://login.example/.well-known/oauth-authorization-server/tenant"),
)
RESOURCE = {"resource": URL, "authorization_servers": [ISSUER]}
SERVER = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.example/authorize",
    "token_endpoint": "https://login.example/token",
    "registration_endpoint": "https://login.example/register",
    "response_types_supported": ["code"],
    "code_challenge_methods_supported": ["S256"],
    "client_id_metadata_document_supported": True,
    "authorization_response_iss_parameter_supported": True,
}
CHALLENGE = {"www-authenticate": f'Bearer resource_metadata="{PRM}"'}


def _written(folder: Path, **documents: object) -> str:
    """A recording with these documents in the place of the honest ones."""
    at = {"challenge": URL, "resource": PRM, "server": ASM}
    said = {"challenge": CHALLENGE, "resource": RESOURCE, "server": SERVER, **documents}
    (folder / "served.json").write_text(json.dumps({at.get(name, name): one for name, one in said.items()}))
    return str(folder / "served.json")


def test_the_scenarios_of_the_catalogue_end_the_same_as_recordings(tmp_path: Path) -> None:
    """What clients do with a scenario they do with a recording of its documents."""
    for name in ("R01_exact", "R02_prefix_segment", "R06_sibling"):
        scenario = load(name)
        challenge = f'Bearer resource_metadata="{scenario.challenge["resource_metadata"]}"'
        said = {
            at: {"status": one.status, "location": one.location, "body": one.body}
            for at, one in scenario.documents.items()
        }
        (tmp_path / "one.json").write_text(json.dumps({scenario.url: {"www-authenticate": challenge}, **said}))
        found = ends(read([str(tmp_path / "one.json")]))
        expected = {each: converse(client.design, scenario) for each, client in clients().items()}
        assert {each: end.stage for each, end in found.items()} == {each: one.stage for each, one in expected.items()}
        assert {each: end.rule for each, end in found.items()} == {
            each: one.refused_by for each, one in expected.items()
        }


def test_the_smallest_change_lets_in_whom_the_documents_kept_out(tmp_path: Path) -> None:
    """An issuer with another path keeps out those that compare it; the one field is found, and is enough."""
    served = read([_written(tmp_path, server={**SERVER, "issuer": "https://login.example"})])
    found = ends(served)
    outside = {name for name, end in found.items() if end.rule and end.rule.name == "client.metadata_issuer_matches"}
    assert "mcp-python==2.3.0" in outside
    [made, *_], let_in = smallest(served, found)
    assert [(change.url, change.name, change.value) for change in made] == [(ASM, "issuer", ISSUER)]
    assert outside <= {*let_in}
    again = ends(served.but(made))
    assert all(again[name].stage == "A" for name in let_in)
    assert not any(end.stage == "A" for name, end in again.items() if found[name].stage != "A" and name not in let_in)


def test_nothing_is_to_change_in_what_is_honest(tmp_path: Path) -> None:
    """Only what keeps somebody out is named, and nothing is where the documents are as they should be."""
    served = read([_written(tmp_path)])
    assert {change.name for change in changes(served)} <= {
        "scopes_supported",
        "grant_types_supported",
        "token_endpoint_auth_methods_supported",
    }
    assert ends(served)["mcp-python==2.3.0"].stage == "A"


@pytest.mark.parametrize(("listed", "named"), [(["plain", "S256"], False), (["plain"], True)])
def test_a_list_may_have_more(listed: list[str], named: bool, tmp_path: Path) -> None:
    """What a document has to list it may list with more; that it lists only something else is to change."""
    server = SERVER | {"code_challenge_methods_supported": listed}
    found = {change.name for change in changes(read([_written(tmp_path, server=server)]))}
    assert ("code_challenge_methods_supported" in found) is named


def test_what_nobody_recorded_is_not_known(tmp_path: Path) -> None:
    """A server of which nothing is recorded is no server without metadata; of one that is, the rest is absent."""
    (tmp_path / "served.json").write_text(json.dumps({URL: CHALLENGE, PRM: RESOURCE}))
    served = read([str(tmp_path / "served.json")])
    end = ends(served, ["mcp-python==2.3.0"])["mcp-python==2.3.0"]
    assert (end.stage, end.about.startswith("https://login.example/")) == ("", True)
    with pytest.raises(NotRecordedError):
        served.recorded["https://elsewhere.example/"]
    assert served.recorded["https://mcp.example/else"].status == 404
    assert "https://mcp.example/else" in served.recorded.assumed


def test_an_archive_and_a_folder_say_the_same_as_a_recording(tmp_path: Path) -> None:
    """As browsers and `wget -x` write them."""
    by_recording = ends(read([_written(tmp_path)]))
    headers = [{"name": "WWW-Authenticate", "value": CHALLENGE["www-authenticate"]}]
    entries = [
        {"request": {"url": URL}, "response": {"status": 401, "headers": headers, "content": {"text": ""}}},
        *(
            {"request": {"url": at}, "response": {"status": 200, "headers": [], "content": {"text": json.dumps(one)}}}
            for at, one in ((PRM, RESOURCE), (ASM, SERVER))
        ),
    ]
    (tmp_path / "seen.har").write_text(json.dumps({"log": {"entries": entries}}))
    assert ends(read([str(tmp_path / "seen.har")])) == by_recording
    for at, one in ((PRM, RESOURCE), (ASM, SERVER)):
        path = tmp_path / "folder" / at.removeprefix("https://")
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(one))
    found = ends(read([str(tmp_path / "folder")]), ["mcp-python==2.3.0"])
    assert found["mcp-python==2.3.0"].stage == "A"


@pytest.mark.parametrize(
    "changed",
    [
        {"resource": {**RESOURCE, "authorization_servers": ["not a url", 7]}},
        {"resource": {**RESOURCE, "authorization_servers": ["https://login.example/?tenant=a"]}},
        {"server": {**SERVER, "authorization_endpoint": None}},
        {"resource": {}},
    ],
)
def test_malformed_documents_are_what_clients_make_of_them(changed: dict[str, object], tmp_path: Path) -> None:
    """They are answers like others, and something is found to change where anybody is kept out."""
    served = read([_written(tmp_path, **changed)])
    found = ends(served)
    assert {end.stage for end in found.values()} - {"A"}
    smallest(served, found)


def test_what_a_browser_asks_beforehand_is_no_answer_to_a_client(tmp_path: Path) -> None:
    """A preflight request (OPTIONS) stands before the call in archives of browsers."""
    headers = [{"name": "WWW-Authenticate", "value": CHALLENGE["www-authenticate"]}]
    preflight = {"request": {"url": URL, "method": "OPTIONS"}, "response": {"status": 204, "headers": []}}
    call = {"request": {"url": URL, "method": "POST"}, "response": {"status": 401, "headers": headers}}
    (tmp_path / "seen.har").write_text(json.dumps({"log": {"entries": [preflight, call]}}))
    assert read([str(tmp_path / "seen.har")]).challenge["resource_metadata"] == PRM


def test_an_excerpt_is_the_honest_document_but_for_what_it_says(tmp_path: Path) -> None:
    """As an issue quotes a document; only at a well-known location is it known what the rest is.

    Endpoints that it does not quote are where no client looks without the document.
    """
    quoted = {"excerpt": {"issuer": "https://login.example", "registration_endpoint": "absent"}}
    body = read([_written(tmp_path, server=quoted)]).recorded.answers[ASM].body
    assert (body["issuer"], body["token_endpoint"]) == (
        "https://login.example",
        ISSUER.replace("example/", "example/oauth2/") + "/token",
    )
    assert "registration_endpoint" not in body
    with pytest.raises(RecordingError, match="at a well-known location"):
        read([{URL: quoted}])


@pytest.mark.parametrize(
    ("answer", "asked", "stage"),
    [
        ({"status": 400}, "&resource=https%3A%2F%2Fmcp.example%2Fmcp", "a"),
        ({"status": 302, "location": "http://127.0.0.1/callback?error=invalid_target"}, "&resource=x", "a"),
        ({"status": 400}, "&resource=x&scope=read", "A"),  # this client asks for no scope here
        ({"status": 302, "location": "http://127.0.0.1/callback?code=c"}, "&resource=x", "A"),
    ],
)
def test_a_request_that_was_refused_is_refused_to_all_who_ask_the_same(
    answer: dict[str, object], asked: str, stage: str
) -> None:
    """The same of `resource` and `scope`; what a recorded request was granted nobody is refused."""
    at = f"https://login.example/authorize?client_id=c{asked}"
    served = read([{URL: CHALLENGE, PRM: RESOURCE, ASM: SERVER, at: answer}])
    assert ends(served, ["ts-sdk-v1==1.32.2"])["ts-sdk-v1==1.32.2"].stage == stage


def test_an_as_may_have_endpoints_on_several_origins_and_any_port_is_spelt_out() -> None:
    """One document names them all; the port that a URL would have anyway makes no other URL."""
    apart = {**SERVER, "authorization_endpoint": "https://users.example/authorize"}
    for at in (ASM, ASM.replace("login.example", "login.example:443")):
        served = read([{URL: CHALLENGE, PRM: RESOURCE, at: apart}])
        assert ends(served, ["ts-sdk-v1==1.32.2"])["ts-sdk-v1==1.32.2"].stage == "A"


def test_a_release_that_is_not_stored_is_answered_for_by_the_nearest(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["serves", _written(tmp_path), "--client", "codex-cli==0.150.1"])
    assert "for codex-cli==0.150.1 answers codex-cli==0.169.0" in run.output
    assert CliRunner().invoke(main, ["serves", _written(tmp_path), "--client", "nobody==1"]).exit_code == 2


def test_a_refusal_that_nobody_measured_is_told(tmp_path: Path) -> None:
    """No client was measured over plain http elsewhere than on loopback; that gemini compares resources was."""
    plain = "http://mcp.example/mcp"
    served = read(
        [{plain: {"status": 401}, PRM.replace("https:", "http:"): {"excerpt": {"resource": "https://b.example"}}}]
    )
    names = ["ts-sdk-v1==1.32.2", "gemini-cli-core==0.61.0"]
    found = ends(served, names)
    assert {end.rule.name for end in found.values() if end.rule} == {"client.resource_url_is_https"}
    assert unsettled(served, found) == dict.fromkeys(names, ("rs_scheme_check=off",))
    served = read([_written(tmp_path, resource={**RESOURCE, "resource": "https://mcp.example/else"})])
    found = ends(served, names)
    assert {end.stage for end in found.values()} == {"d"}
    assert unsettled(served, found) == {}


def test_a_refusal_names_the_switches_that_decide_it(tmp_path):
    """Set otherwise, each has the rule agree; a client that gets in is decided by none."""
    names = ["@atproto/oauth-client==0.8.7", "ts-sdk-v1==1.32.2"]
    served = read([_written(tmp_path)])
    assert deciding(served, ends(served, names)) == {names[0]: ("prm=origin",), names[1]: ()}


@contextmanager
def _serving(asked: list[str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            at = f"http://127.0.0.1:{server.server_port}"
            known = {
                "/.well-known/oauth-protected-resource/mcp": {"resource": f"{at}/mcp", "authorization_servers": [at]},
                "/.well-known/oauth-authorization-server": {
                    **{
                        name: str(value).replace("https://login.example", at) if "endpoint" in name else value
                        for name, value in SERVER.items()
                    },
                    "issuer": at,
                },
            }
            body = json.dumps(known.get(self.path, {})).encode()
            self.send_response(200 if self.path in known else 401 if self.path == "/mcp" else 404)
            if self.path == "/mcp":
                named = f"{at}/.well-known/oauth-protected-resource/mcp"
                self.send_header("WWW-Authenticate", f'Bearer resource_metadata="{named}"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/mcp"
    finally:
        server.shutdown()
        server.server_close()


def test_a_server_is_asked_now_and_nobody_else() -> None:
    """What is fetched is what clients fetch, each once."""
    asked: list[str] = []
    with _serving(asked) as url:
        served = read([url])
        found = ends(served, ["mcp-python==2.3.0"])
        assert found["mcp-python==2.3.0"].stage == "A", found
        with pytest.raises(NotRecordedError):
            served.recorded["http://localhost:9/"]
    assert len(asked) == len(set(asked))


@pytest.mark.slow
def test_what_a_rule_keeps_out_is_asked_of_the_solver(tmp_path: Path, checker: Checker) -> None:
    """Without the comparison of issuers codes go astray."""
    served = read([_written(tmp_path, server={**SERVER, "issuer": "https://login.example"})])
    rule = ends(served, ["mcp-python==2.3.0"])["mcp-python==2.3.0"].rule
    assert rule is not None
    assert "code_delivery" in opened_without(rule, checker).fails


@pytest.mark.parametrize("found", [("UNKNOWN", "safe"), ("SAT", "unknown")])
def test_of_what_was_not_decided_a_rule_is_not_said_to_keep_it_out(found: tuple[str, str]) -> None:
    """Nobody knows, whether the solver gave up without the rule or with it."""
    rule = next(iter(rules().values()))
    asked = SimpleNamespace(answer=Answer[found[0]])
    world = SimpleNamespace(rules=frozenset({rule.name}), happens=lambda *_: asked)
    undecided: Any = SimpleNamespace(about=lambda *_: world, result=lambda *_: found[1])
    kept = opened_without(rule, undecided)
    assert not kept.fails
    assert "code_delivery" in kept.unknown


def test_a_server_that_takes_no_connection_answers_nothing() -> None:
    """Its status is zero, which is that of no response."""
    assert fetched("http://127.0.0.1:9/") == Heard(0)
    assert not fetched("http://127.0.0.1:9/").status


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.json", None, "neither a URL"),
        ("list.json", "[]", "not a JSON object"),
        ("bad.json", '{"mcp": {}}', "is not a URL with a JSON object"),
        ("log.har", '{"log": 1}', "not an HTTP Archive"),
        ("empty.json", "{}", "no URL to send clients to"),
    ],
)
def test_bad_recordings_are_one_line(name: str, content: str | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(RecordingError, match=said):
        read([str(tmp_path / name)])


def test_metadata_alone_stands_where_it_says(tmp_path: Path) -> None:
    """Two documents are as good as a recording of the URLs at which they are."""
    resource = {"resource": "https://mcp.example/mcp", "authorization_servers": ["https://login.example/tenant"]}
    server = {"issuer": "https://login.example/tenant", "token_endpoint": "https://login.example/token"}
    place = "https://mcp.example/.well-known/oauth-protected-resource/mcp"
    (tmp_path / "prm.json").write_text(json.dumps(resource))
    (tmp_path / "asm.json").write_text(json.dumps(server))
    alone = read([str(tmp_path / "prm.json"), str(tmp_path / "asm.json")])
    answers = {
        "https://mcp.example/mcp": {"www-authenticate": f'Bearer resource_metadata="{place}"'},
        place: resource,
        "https://login.example/.well-known/oauth-authorization-server/tenant": server,
    }
    recorded = read([answers])
    assert alone.url == recorded.url == "https://mcp.example/mcp"
    assert (alone.challenge, alone.recorded.answers) == (recorded.challenge, recorded.recorded.answers)


@pytest.mark.parametrize(
    "arguments", [["https://"], ["http://[::1"], ["ftp://mcp.example"], ["served.json", "--url", "mcp"]]
)
def test_a_bad_url_is_one_line(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With exit code 2, and what a URL looks like."""
    _written(tmp_path)
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(main, ["serves", *arguments])
    assert (run.exit_code, run.stderr.count("\n")) == (2, 1)
    assert "is not a URL with a host; allowed: https://HOST/PATH" in run.stderr


@pytest.mark.slow
def test_the_command_says_who_gets_in_why_not_and_what_helps(tmp_path: Path) -> None:
    """In lines and as data; the exit code says whether all do."""
    path = _written(tmp_path, server={**SERVER, "issuer": "https://login.example"})
    run = CliRunner().invoke(main, ["serves", path, "--client", "mcp-python==2.3.0"])
    assert run.exit_code == 1
    assert "clients     0 of 1 get in" in run.output
    assert "RFC 8414 3.3" in run.output
    assert f'issuer = "{ISSUER}"  (now "https://login.example")' in run.output
    data = json.loads(CliRunner().invoke(main, ["serves", path, "--format", "json"]).output)
    assert data["clients"]["mcp-python==2.3.0"]["rule"] == "client.metadata_issuer_matches"
    assert CliRunner().invoke(main, ["serves", _written(tmp_path), "--client", "mcp-python==2.3.0"]).exit_code == 0


def test_two_releases_that_agree_vouch_for_one_between(tmp_path: Path) -> None:
    """Where they end in two ways, or where one alone is stored, nobody knows, and both forms of the output say so."""
    served = read([_written(tmp_path, server={"excerpt": {"code_challenge_methods_supported": "absent"}})])
    found = unsure(
        served, ["ts-sdk-v1==1.22.0", "ts-sdk-v1==1.17.0", "codex==0.147.0", "mcp-python==2.3.0", "mcp-python"]
    )
    assert set(found) == {"ts-sdk-v1==1.17.0", "codex==0.147.0"}
    assert found["codex==0.147.0"] == "of its major version only codex-cli==0.169.0 is stored beside it"
    assert found["ts-sdk-v1==1.17.0"] == "ts-sdk-v1==1.16.0 and ts-sdk-v1==1.20.0 end in two ways"
    asked = ["serves", str(tmp_path / "served.json"), "--client", "codex==0.147.0"]
    assert f"codex-cli==0.169.0: {found['codex==0.147.0']}" in CliRunner().invoke(main, asked).stdout
    told = json.loads(CliRunner().invoke(main, [*asked, "--json"]).stdout)
    assert told["clients"]["codex==0.147.0"]["not_sure"] == found["codex==0.147.0"]


def test_what_a_client_refused_before_it_went_on_is_told(tmp_path: Path) -> None:
    """It passes over a document without `resource`, takes the origin for the AS, and gets no client_id there."""
    served = read([_written(tmp_path, resource={"excerpt": {"resource": "absent"}})])
    (end,) = ends(served, ["ts-client-v2==2.0.0"]).values()
    assert end.rule is not None
    assert (end.rule.name, [rule.name for rule in end.before]) == (
        "client.client_id_is_granted",
        ["client.document_is_well_formed"],
    )
