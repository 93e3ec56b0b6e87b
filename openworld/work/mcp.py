"""The tools of assistants, over the Model Context Protocol: each calls what a command calls, and answers in its data.

References:
    Model Context Protocol 2025-06-18, server features: tools (structured content, output schema), resources.
"""

import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Hashable
from contextlib import redirect_stdout
from functools import wraps
from inspect import getdoc
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal

import uvicorn
from anyio import to_thread
from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.types import Tool, ToolAnnotations
from pydantic import BaseModel, Field, ValidationError

from deployed.served import read
from deployed.serves import as_data, ends, smallest, unsettled
from model.chart import chart, text
from model.conversation import STAGES
from model.design import parse
from model.errors import InputError, hint
from model.model import Model
from model.named_designs import DEPLOYMENTS
from model.switches import DEFAULT_ATTACKER
from model.words import worded
from openworld import diff, expectations, glossary, spoken
from openworld.cache import Cache, default_folder
from openworld.check import evaluate
from openworld.commands.common import DONE, INTERRUPTED, complain
from openworld.findings import pages, words
from openworld.jobs import Question
from openworld.quoting import cited
from openworld.sequence import svg
from openworld.show import command, design_json, ending, outcome, switch_json, verdict_json
from openworld.site.address import checked
from openworld.work.mcp_answers import (
    AnswerJson,
    CheckedJson,
    ComparisonJson,
    DrawingJson,
    ExpectationsJson,
    ServedJson,
    WordJson,
    WordsJson,
)
from properties.checker import kept
from properties.narrowings import check_widely
from properties.reads import asked_for
from properties.results import MEANINGS
from properties.security import PROPERTIES, find
from properties.verdict import Verdict

_LISTED = "; ".join(f"{name} ({one.code}): {worded('property', name)}" for name, one in PROPERTIES.items())
Property = Annotated[str, Field(description=f"A property, by name, code or in words. {_LISTED}")]
Configuration = Annotated[
    str,
    Field(
        description="What is chosen, as parts with blanks or `;` between them: a design (mcp, oauth21, fapi2), what "
        "the attacker is able to do (mal_as+mal_rs; cap=none for nobody), switch=value, world=NAME, or words that "
        f"`explain` gives. Where it names no attacker, it is the {DEFAULT_ATTACKER} (A1 of RFC 9700). The rest is at "
        "its baseline."
    ),
]
INSTRUCTIONS = (
    "A formal model of OAuth among strangers answers here; do not guess what it can be asked. Its answers are "
    + "; ".join(f"{result}: {meaning}" for result, meaning in MEANINGS.items())
    + ". Never report unknown or not_in_this_world as safe, and say with a safe what it rests on. Quote the command of "
    "an answer, by which anybody gets it again. `explain` finds the names of switches, designs and attackers."
)


class McpTools:
    """What assistants call: of one model, with so many seconds for a question."""

    def __init__(self, model: Model, timeout: float, cache: Cache, site: str) -> None:
        self.model, self.timeout, self.cache, self.site = model, timeout, cache, checked(site)
        self._known: dict[Hashable, Verdict] = {}

    def ask(self, property: Property, configuration: Configuration = "") -> AnswerJson:
        """Say whether a property of OAuth holds under a configuration, by which rules and sections, and on what that
        rests. A security property is `attack`, `safe`, `not_in_this_world` (nothing here could violate it: no merit of
        the design) or `unknown`; one of use is `reached`, `not_reached`, `not_in_this_world` or `unknown`."""
        found, asked = self._find(property, configuration)
        said = cited(found, self.site, asked)._asdict() | {"outcome": outcome(found)}
        return AnswerJson.model_validate(verdict_json(found) | said)

    def draw(
        self, property: Property, configuration: Configuration = "", form: Literal["text", "svg"] = "text"
    ) -> DrawingJson:
        """Draw the shortest attack on a property, or the shortest run of one of use, as a sequence chart. Where there
        is no such run there is no drawing, and the verdict says why."""
        found, asked = self._find(property, configuration)
        draw = svg if form == "svg" else text
        drawn = None if found.trace is None else draw(chart(found.trace, ending(found.property)))
        again = command("trace", found.property.code, asked, "--format", form, model=self.model)
        return DrawingJson(verdict=found.result, outcome=outcome(found), drawing=drawn, command=again)

    def compare(
        self,
        first: Configuration,
        second: Configuration,
        property: Property = "",
        against: Annotated[str, Field(description="An attacker; else the one that both name, else A1.")] = "",
        environment: Annotated[
            str, Field(description=f"What deployments are: {', '.join(DEPLOYMENTS)}, or switches.")
        ] = "plain",
    ) -> ComparisonJson:
        """Say what flips from one configuration to another, which changes make it, and by which rule. It is asked of
        all properties (that takes some seconds), or of one."""
        one, other = (spoken.configuration([each], self.model) for each in (first, second))
        for each in (one, other):
            diff.check_named(each, self.model)
        name = property and find(spoken.prop(property, self.model), self.model).name
        both = parse(one, self.model).capabilities & parse(other, self.model).capabilities
        who = diff.attackers_of([against or "+".join(sorted(both)) or DEFAULT_ATTACKER], self.model)
        where = diff.environments_of([environment], self.model)
        asked = [cell for cell in diff.cells(one, other, who, where, self.model) if name in ("", cell.property)]
        found = [flip for flip in diff.flips(asked, 0, self.timeout, self.model) if isinstance(flip, diff.Flip)]
        return ComparisonJson.model_validate_json(diff.as_json(found, one, other, len(asked)))

    def explain(self, word: Annotated[str, Field(description="A name, `switch=value`, or words.")]) -> WordsJson:
        """Say what a word means: a property, an answer, an attacker, a design, a switch and its values, a rule and its
        section, a draft, a published attack."""
        return WordsJson(entries=[WordJson(**each._asdict()) for each in glossary.find(word, self.model)])

    def serves(
        self,
        documents: Annotated[
            dict[str, Any],
            Field(
                description="What is at each URL: a document (protected resource metadata, AS metadata), or an object "
                "with some of status, location, www-authenticate, body, excerpt. Of an excerpt all other fields are as "
                'honest servers have them; "absent" takes one away.'
            ),
        ],
        url: Annotated[str, Field(description="Where clients are sent; else what answers 401.")] = "",
        clients: Annotated[list[str], Field(description="Clients by name, as ts-sdk-v1; else all.")] = [],  # noqa: B006
    ) -> ServedJson:
        """Say which deployed MCP and OAuth clients get along with the documents of a server, by which rule and section
        others refuse it, and the smallest change that lets them in. No server is asked: fetch documents first."""
        served = read([documents], url)
        found = ends(served, clients)
        said = as_data(served, found, *smallest(served, found), unsettled(served, found))
        return ServedJson.model_validate(said | {"stages": STAGES})

    def check(self, file: Annotated[str, Field(description="The path of a file of expectations.")]) -> ExpectationsJson:
        """Say which expectations of an `openworld.toml` still hold (`as expected`), and which have `flipped`, are
        `without its text`, `not in this world` or `inconclusive`."""
        path = Path(file)
        expectations.refuse_others(path, self.model)
        found = evaluate(expectations.read(path, self.model), self.cache, 0, self.timeout)
        return ExpectationsJson(expectations=[CheckedJson.model_validate(each.to_json()) for each in found])

    def _find(self, name: str, configuration: str) -> tuple[Verdict, str]:
        """The verdict on a question, asked once unless time ran out, and the configuration as it was named."""
        text = spoken.configuration([configuration], self.model)
        prop, asked = asked_for(spoken.prop(name, self.model), text, self.model)
        key = prop.name, asked, prop.world_of(asked)
        question = Question(prop.name, str(asked), self.timeout, self.model, widely=True)
        found = self._known.get(key) or self.cache.get(question)
        if found is None:
            found = check_widely(prop, asked, checker=kept(self.timeout))
            self.cache.put(question, verdict_json(found))
        if found.result != "unknown":
            self._known[key] = found
        return found, text or str(asked)

    def glossary(self) -> str:
        """All words with their meanings."""
        return json.dumps([each._asdict() for each in glossary.entries(self.model)], ensure_ascii=False)

    def designs(self) -> str:
        """All named designs, and all switches with their values."""
        designs = [design_json(name, self.model) for name in self.model.designs]
        switches = [switch_json(each) for each in self.model.switches.values()]
        return json.dumps({"designs": designs, "switches": switches}, ensure_ascii=False)

    def findings(self) -> str:
        """What was established, claim by claim."""
        return "\n".join(words.first_page(pages.first()))

    def finding(self, name: str) -> str:
        """One finding: claim, verdicts, the run that decides, and what is not shown."""
        return pages.text(pages.page(name).name)


class McpServer(FastMCP[None]):
    """A server whose tools take what they name and nothing else, and whose errors are one line."""

    async def list_tools(self) -> list[Tool]:
        """Every tool; what it does not name it does not take."""
        tools, closed = await super().list_tools(), {"additionalProperties": False}
        return [each.model_copy(update={"inputSchema": each.inputSchema | closed}) for each in tools]

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        """What a tool answers (raises ToolError: one line that names the culprit and what is allowed)."""
        takes = {tool.name: tool.inputSchema["properties"] for tool in await self.list_tools()}
        if name not in takes:
            raise ToolError(f"unknown tool {name!r}{hint(name, takes)}")
        for key in arguments:
            if key not in takes[name]:
                raise ToolError(f"{name} takes no {key!r}{hint(key, takes[name])}")
        try:
            return await super().call_tool(name, arguments)
        except ToolError as error:
            raise ToolError(_line(error.__cause__ or error)) from error


def _line(error: BaseException) -> str:
    if isinstance(error, ValidationError) and error.title.endswith("Arguments"):
        wrong = error.errors()[0]
        return f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
    if isinstance(error, InputError):
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'input'}: {error.strerror}"
    logging.getLogger(__name__).error("a bug", exc_info=error)
    return f"internal error: {type(error).__name__}"


def server(tools: McpTools, alone: Lock) -> McpServer:
    """Return the server of some tools, which answer one call at a time: solvers are no two threads' at once."""
    made = McpServer("openworld", INSTRUCTIONS, log_level="WARNING")
    for tool in (tools.ask, tools.draw, tools.compare, tools.explain, tools.serves, tools.check):
        reads = ToolAnnotations(readOnlyHint=True, idempotentHint=True, openWorldHint=False)
        made.add_tool(_apart(tool, alone), description=" ".join((getdoc(tool) or "").split()), annotations=reads)
    for at, page, kind in (
        ("glossary", tools.glossary, "application/json"),
        ("designs", tools.designs, "application/json"),
        ("findings", tools.findings, "text/markdown"),
        ("findings/{name}", tools.finding, "text/markdown"),
    ):
        made.resource(f"openworld://{at}", description=getdoc(page), mime_type=kind)(page)
    return made


def _apart(tool: Callable[..., BaseModel], alone: Lock) -> Callable[..., Any]:
    """The tool in a thread, so that the client is heard meanwhile: it may have gone, or not want to know any more."""

    @wraps(tool)
    async def called(*given: Any, **named: Any) -> BaseModel:
        def answer() -> BaseModel:
            with alone:
                return tool(*given, **named)

        return await to_thread.run_sync(answer, abandon_on_cancel=True)

    return called


def serve(port: int | None, timeout: float, site: str, folder: Path | None, model: Model) -> int:
    """Answer until the client goes away, or over HTTP until interrupted; the exit code.

    Raises:
        AddressError: ``site`` is no address of a page.
        OSError: the port is taken.
    """
    alone = Lock()
    made = server(McpTools(model, timeout, Cache(folder or default_folder()), site), alone)
    signal.signal(signal.SIGINT, lambda *_: os._exit(complain("interrupted", INTERRUPTED)))  # whatever is waited for
    if port is None:
        with os.fdopen(os.dup(sys.stdout.fileno()), "w") as own, redirect_stdout(own):  # which the protocol closes
            made.run()
    else:
        with socket.create_server(("127.0.0.1", port)) as listening:
            where = "http://{}:{}/mcp".format(*listening.getsockname())
            print(f"openworld: answering at {where}", file=sys.stderr, flush=True)
            how = uvicorn.Config(made.streamable_http_app(), log_level="warning", timeout_graceful_shutdown=1)
            uvicorn.Server(how).run([listening])
    if alone.locked():  # nobody is there any more for the answer that is being found
        os._exit(DONE)
    return DONE
