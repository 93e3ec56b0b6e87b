"""Assistants: a client of the official SDK asks the server as a process of its own, over stdio and over HTTP."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import McpError
from mcp.types import CallToolResult

from model.design import parse
from model.model import oauth
from model.switches import CAPABILITIES
from model.words import words
from openworld import spoken
from openworld.cache import Cache
from openworld.findings import pages
from openworld.glossary import entries
from openworld.jobs import Question
from openworld.show import verdict_json
from openworld.work.mcp_answers import AnswerJson, CheckedJson
from properties.results import RESULTS
from properties.verdict import check

ROOT = Path(__file__).parents[2]
QUESTIONS = tomllib.loads((ROOT / "tests/openworld/data/public_questions.toml").read_text("utf-8"))["question"]
ANSWERED = [each for each in QUESTIONS if "calls" in each]
TOOLS = ["ask", "draw", "compare", "explain", "serves", "check"]
COMMAND = [sys.executable, "-m", "openworld.cli"]
MIXUP = {"property": "code_delivery", "configuration": "mal_as md_issuer_check=off"}
Ask = Callable[..., Any]


class RefusedError(Exception):
    """What a tool says is wrong."""


@contextmanager
def connected(opening: Callable[[], Any]) -> Iterator[Callable[..., Any]]:
    """Methods of a client's session by name, over what ``opening`` gives."""

    @asynccontextmanager
    async def session() -> AsyncIterator[ClientSession]:
        async with opening() as (reading, writing, *_), ClientSession(reading, writing) as made:
            await made.initialize()
            yield made

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(session()) as made:
        yield lambda method, *given: portal.call(getattr(made, method), *given)


def over_stdio(*options: str) -> Any:
    command, *arguments = [*COMMAND, "mcp", *options]
    return stdio_client(StdioServerParameters(command=command, args=arguments, cwd=ROOT, env={**os.environ}))


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder of verdicts that nobody has asked for yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENWORLD_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def session() -> Iterator[Callable[..., Any]]:
    with connected(over_stdio) as made:
        yield made


@pytest.fixture(scope="module")
def ask(session: Callable[..., Any]) -> Ask:
    return asking(session)


def asking(session: Callable[..., Any]) -> Ask:
    """Call a tool; its structured answer, or RefusedError with the line that it says."""

    def call(tool: str, **arguments: Any) -> Any:
        answer: CallToolResult = session("call_tool", tool, arguments)
        if answer.isError:
            raise RefusedError(answer.content[0].text)  # type: ignore[union-attr]
        assert json.loads(answer.content[0].text) == answer.structuredContent  # type: ignore[union-attr]
        return answer.structuredContent

    return call


def said(*arguments: object) -> str:
    """What the command line prints."""
    done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode in (0, 1, 3, 4), done.stderr
    return done.stdout


def told(*arguments: object) -> Any:
    return json.loads(said(*arguments, "--format", "json"))


def has(answer: Any, expected: Any) -> bool:
    """Whether an answer has what is expected of it: of objects those members, all else the same."""
    if isinstance(expected, dict):
        return all(name in answer and has(answer[name], part) for name, part in expected.items())
    return bool(answer == expected)


# --- the tools ---------------------------------------------------------------------------------------------------


def test_tools_say_what_they_take_and_answer(session) -> None:
    """Few tools, each with schemas of both; what is no argument of one is none of its schema."""
    tools = {tool.name: tool for tool in session("list_tools").tools}
    assert [*tools] == TOOLS
    for tool in tools.values():
        assert tool.description
        assert "\n" not in tool.description
        assert tool.inputSchema["additionalProperties"] is False
        assert tool.outputSchema["type"] == "object"
    assert tools["ask"].outputSchema["properties"]["verdict"]["enum"] == [*RESULTS]
    assert "code_delivery (CD)" in tools["ask"].inputSchema["properties"]["property"]["description"]


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        (MIXUP, "attack"),
        (
            {"property": "code reaches its client only", "configuration": "runs an authorization server; world=proxy"},
            "safe",
        ),
        ({"property": "AA", "configuration": "oauth21"}, "not_in_this_world"),
        ({"property": "first contact", "configuration": "mcp"}, "reached"),
        ({"property": "FC", "configuration": "oauth21"}, "not_reached"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_question_has_the_answer_of_the_command(ask, question: dict[str, str], verdict: str) -> None:
    """By names, codes and words; each answer names the command that gives it again, and that does."""
    answer = ask("ask", **question)
    assert answer["verdict"] == verdict
    assert_same_as_command(answer)


def assert_same_as_command(answer: dict[str, Any]) -> None:
    """The data of the command that an answer names, but for how long it took and how far runs were looked at."""
    data = told(*shlex.split(answer["command"])[1:])
    beyond = AnswerJson.model_fields.keys() - {"outcome", "command", "link", "question", "software"}
    assert data.keys() - beyond == {"bound", "seconds", "trace"}
    for field in beyond - {"reach"}:
        assert answer[field] == data[field], field
    assert answer["reach"].partition(":")[0] == data["reach"].partition(":")[0]


def test_time_that_ran_out_is_unknown() -> None:
    """No other answer takes its place, it has a reason, and it is not kept."""
    with connected(lambda: over_stdio("--timeout", "0.0001")) as session:
        answer = asking(session)("ask", property="authorization", configuration="mcp")
        flips = asking(session)("compare", first="mcp", second="mcp h_iss=no", property="authorization")
    assert (flips["undecided"], {flip["after"] for flip in flips["flips"]}) == (1, {"unknown"})
    assert answer["verdict"] == "unknown"
    assert answer["reason"]
    assert answer["outcome"].startswith("unknown")
    assert answer["blocked_by"] == []


@pytest.mark.slow
def test_what_was_asked_is_known_to_the_next_session(ask) -> None:
    answer = ask("ask", **MIXUP)
    assert [*Path(os.environ["OPENWORLD_CACHE"]).rglob("*.json")]
    with connected(over_stdio) as session:
        assert asking(session)("ask", **MIXUP) == answer


def test_what_is_kept_says_where_else_it_was_asked(tmp_path: Path) -> None:
    """And is no answer to the same question about one world alone."""
    question, cache = Question("code_delivery", "cap=mal_as;world=proxy", widely=True), Cache(tmp_path)
    found = replace(check(*question.read()), elsewhere=(("mixup", "unknown"),), seconds=1.0)
    cache.put(question, verdict_json(found))
    assert cache.get(question) == found
    assert cache.get(question._replace(widely=False)) is None


def test_charts_are_those_of_the_command(ask) -> None:
    for form in ("text", "svg"):
        drawn = ask("draw", **MIXUP, form=form)
        assert drawn["drawing"] == said("trace", "CD", "cap=mal_as;md_issuer_check=off", "--format", form)
    nothing = ask("draw", property="FC", configuration="oauth21")
    assert (nothing["verdict"], nothing["drawing"]) == ("not_reached", None)


def test_two_designs_side_by_side(ask) -> None:
    """One property of those that the command compares."""
    found = ask("compare", first="mcp", second="mcp h_iss=no", property="CD", against="mal_as")
    assert (found["questions"], found["undecided"]) == (1, 0)
    (flip,) = found["flips"]
    assert (flip["before"], flip["after"], flip["better"]) == ("safe", "attack", False)
    assert flip["changes"] == [{"h_iss": ["yes", "no"]}]
    assert flip["refused_by"].startswith("client.iss_matches_recorded_issuer")


def test_what_two_designs_face_is_what_both_name(ask) -> None:
    """An attacker in both configurations is the one asked about, not the web attacker."""
    found = ask("compare", first="mal_as iss_check=off", second="mal_as", property="CD")
    (flip,) = found["flips"]
    assert flip["attackers"] == ["mal_as"]


@pytest.mark.slow
def test_all_that_flips_is_what_the_command_says(ask) -> None:
    """What draws a flip draws it."""
    found = ask("compare", first="mcp", second="mcp h_iss=no", against="mal_as")
    sides = "design=mcp", "design=mcp;h_iss=no"
    assert found == told("diff", *sides, "--against", "mal_as", "--environment", "plain")
    assert {flip["property"] for flip in found["flips"]} >= {"code_delivery", "authorization"}
    for flip in found["flips"]:
        assert said(*shlex.split(flip["command"])[1:])


def test_words_mean_what_the_command_says(ask) -> None:
    for word in ("iss_check", "mix-up", "safe"):
        entries = ask("explain", word=word)["entries"]
        assert entries == told("list", "words", word)


def test_expectations_are_checked(ask, tmp_path: Path) -> None:
    """As the command does; what has flipped is said to have."""
    file = tmp_path / "openworld.toml"
    entry = '[[expect]]\nagainst = ["none"]\nreached = ["first_contact"]\nnot_reached = ["task_completed"]\n'
    file.write_text(entry, encoding="utf-8")
    found = ask("check", file=str(file))["expectations"]
    assert [each["status"] for each in found] == ["as expected", "flipped"]
    data = told("check", file)
    shown = CheckedJson.model_fields.keys()
    assert data[0].keys() - shown == {"bound", "cached", "seconds", "trace"}
    assert found == [{name: each[name] for name in shown} for each in data]


def test_a_file_runs_no_code(ask, tmp_path: Path) -> None:
    """A draft is Python: who starts the server names it, and not who asks."""
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    file = tmp_path / "openworld.toml"
    file.write_text('with = ["mine.py"]\n[[expect]]\nreached = ["first_contact"]\n', encoding="utf-8")
    with pytest.raises(RefusedError, match=r"mine\.py, which is run only where the server has it --with"):
        ask("check", file=str(file))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("ask", {"property": "code_delivry"}, "did you mean 'code_delivery'?"),
        ("ask", {"property": "CD", "configuration": "mal_as iss_check=of"}, "allowed: advertised, off, if_present"),
        ("ask", {"property": "CD", "configuration": "mal_ass"}, "'mal_ass'"),
        ("ask", {"property": "CD", "capability": "mal_as"}, "ask takes no 'capability'; allowed: property"),
        ("ask", {"configuration": "mal_as"}, "property: Field required"),
        ("draw", {**MIXUP, "form": "pdf"}, "form: Input should be 'text' or 'svg'"),
        ("compare", {"first": "mcp", "second": "mcp", "against": "nobody"}, "unknown attacker 'nobody'"),
        ("explain", {"word": "qqq"}, "nothing is called 'qqq'"),
        ("serves", {"documents": {"x": {}}}, "'x' is not a URL"),
        ("serves", {"documents": {}}, "no URL to send clients to"),
        ("check", {"file": "nowhere.toml"}, "nowhere.toml: No such file"),
        ("prove", {}, "unknown tool 'prove'; allowed: ask, draw, compare, explain, serves, check"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_one_line(ask, tool: str, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(RefusedError) as refused:
        ask(tool, **arguments)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_resources_are_glossary_findings_and_designs(session) -> None:
    """What the commands list; what there is not is said."""

    def read(at: str) -> str:
        return session("read_resource", f"openworld://{at}").contents[0].text

    listed = [str(each.uri).removeprefix("openworld://") for each in session("list_resources").resources]
    assert listed == ["glossary", "designs", "findings"]
    assert [each["name"] for each in json.loads(read("glossary"))] == [each.name for each in entries()]
    assert [each["name"] for each in json.loads(read("designs"))["designs"]] == [*oauth().designs]
    assert read("findings") == (ROOT / "findings.md").read_text("utf-8").rstrip("\n")
    for name in pages.pages():
        assert read(f"findings/{name}") == pages.text(name)
    with pytest.raises(McpError, match="no page 'nothing'; allowed: "):
        read("findings/nothing")


# --- over HTTP ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def at() -> Iterator[str]:
    """Where a server answers over HTTP."""
    with subprocess.Popen([*COMMAND, "mcp", "--http", "0"], stderr=subprocess.PIPE, text=True, cwd=ROOT) as running:
        assert running.stderr is not None
        yield running.stderr.readline().split()[-1]
        running.terminate()
    assert running.returncode in (0, 130)


def test_it_answers_over_http(at: str, ask) -> None:
    with connected(lambda: streamable_http_client(at)) as session:
        assert asking(session)("ask", **MIXUP) == ask("ask", **MIXUP)


@pytest.mark.parametrize("header", [{"Host": "attacker.example"}, {"Origin": "https://attacker.example"}], ids=str)
def test_pages_of_others_reach_nothing(at: str, header: dict[str, str]) -> None:
    """Neither by a name that leads to this machine nor from a page in the user's browser."""
    accept = {"Accept": "application/json, text/event-stream"}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert httpx.post(at, json=call, headers={**accept, **header}).status_code in (403, 421)


@pytest.mark.slow
def test_a_port_that_is_taken_is_one_line(at: str) -> None:
    port = at.split(":")[2].partition("/")[0]
    done = subprocess.run([*COMMAND, "mcp", "--http", port], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "in use" in done.stderr


def test_who_goes_away_ends_it() -> None:
    """End of input is the end, without a word."""
    done = subprocess.run([*COMMAND, "mcp"], input="", capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("signalled", [False, True], ids=["gone", "terminated"])
def test_nobody_waits_for_an_answer_that_nobody_wants(signalled: bool) -> None:
    """In the middle of a question that takes a minute, the end is at once."""
    hard = {"property": "authorization", "configuration": "fapi2 prm=exact as_trust=any reg=cimd mal_as+mal_rs"}
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}}
    sent = [
        {"id": 1, "method": "initialize", "params": about},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "ask", "arguments": hard}},
        {"id": 3, "method": "ping"},
    ]
    command = [*COMMAND, "mcp", "--timeout", "60"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for each in sent:
            running.stdin.write(json.dumps({"jsonrpc": "2.0", **each}) + "\n")
            running.stdin.flush()
        answered = [json.loads(running.stdout.readline())["id"] for _ in range(2)]
        if signalled:
            running.terminate()
        else:
            running.stdin.close()
        assert running.wait(5) == (130 if signalled else 0)
    assert answered == [1, 3]


# --- questions that were asked in public -----------------------------------------------------------------------


def answers(ask: Ask, question: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """The calls of a question, each with its answer, which says what is kept of it."""
    for call in question["calls"]:
        answer = ask(call["tool"], **call["arguments"])
        assert has(answer, call["answer"]), answer
        yield call, answer


QUICK = [each for each in ANSWERED if not any(call["answer"].get("verdict") == "safe" for call in each["calls"])]


@pytest.mark.parametrize("question", QUICK, ids=lambda each: each["thread"])
def test_public_questions_have_their_answers(ask, question: dict[str, Any]) -> None:
    assert [*answers(ask, question)]


def test_what_no_call_answers_has_a_reason() -> None:
    assert len(QUESTIONS) == 18
    for question in QUESTIONS:
        assert ("calls" in question) == ("says" in question)
        assert "calls" in question or question["not_said"]


@pytest.mark.slow
@pytest.mark.parametrize("question", ANSWERED, ids=lambda each: each["thread"])
def test_public_answers_are_those_of_the_command(ask, question: dict[str, Any], tmp_path: Path) -> None:
    """The command line, as a process of its own, says in its JSON what the tool says."""
    for call, answer in answers(ask, question):
        if call["tool"] == "ask":
            assert_same_as_command(answer)
        else:
            file, asked = tmp_path / "served.json", call["arguments"]
            file.write_text(json.dumps(asked["documents"]), encoding="utf-8")
            clients = [word for name in asked["clients"] for word in ("--client", name)]
            data = told("serves", file, "--url", asked["url"], *clients)
            assert {name: part for name, part in answer.items() if name != "stages"} == data


# --- the page about them -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_the_page_says_to_add_answers() -> None:
    """Each file of settings starts the server or names an address of it, and the page names every tool."""
    page = (ROOT / "docs" / "assistants.md").read_text("utf-8")
    found = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    servers = [entry["openworld"] for each in found for entry in each.values()]
    assert [entry["args"] for entry in servers if entry.get("command") == "openworld"] == [["mcp"], ["mcp"]]
    assert [entry["url"] for entry in servers if "url" in entry] == ["http://127.0.0.1:8765/mcp"]
    assert re.findall(r"^\| `(\w+)`", page, re.M) == TOOLS


def test_attackers_are_known_by_their_words():
    """As a figure calls them."""
    for (kind, name), said in words().items():
        if kind == "attacker":
            asked = spoken.configuration([said])
            assert parse(asked).capabilities == parse(f"cap={name}" if name in CAPABILITIES else asked).capabilities
            assert asked.startswith("cap=")
