"""How long an assistant waits for `openworld mcp`: a client of the official SDK asks over stdio, transport included.

    python -m benchmarks.assistants

The questions are those that the pages of the findings rest on, of which QUESTIONS are drawn. *First of a world* is the
first question in a world: it has to be laid down. *New* is any other question that was not asked before, *again* the
same questions a second time, and *next session* once more in a new process, which finds the verdicts that the last one
kept. Cold is a process of its own for each question, its start included, that finds none.
"""

import random
import statistics
import sys
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from tempfile import TemporaryDirectory

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from openworld.findings.pages import pages
from properties.reads import asked_for

QUESTIONS, COLD, SEED = 40, 3, 42
Question = tuple[str, str]


def usual() -> list[Question]:
    """Return the drawn questions, each once: property and configuration."""
    asked = [row.asked for page in pages().values() for row in page.rows]
    every = dict.fromkeys((each.property.name, each.configuration) for each in asked)
    return random.Random(SEED).sample([*every], QUESTIONS)


def firsts(questions: Iterable[Question]) -> list[Question]:
    """Return the first question in each world."""
    worlds: dict[str, Question] = {}
    for each in questions:
        prop, configuration = asked_for(*each)
        worlds.setdefault(prop.world_of(configuration).name, each)
    return [*worlds.values()]


async def connect(stack: AsyncExitStack, folder: str = "") -> ClientSession:
    """Return the session of a client whose server was started for it, with the verdicts kept in a folder."""
    kept = folder or stack.enter_context(TemporaryDirectory())
    server = ["-m", "openworld.cli", "mcp", "--cache", kept]
    opened = stdio_client(StdioServerParameters(command=sys.executable, args=server))
    reading, writing = await stack.enter_async_context(opened)
    session = await stack.enter_async_context(ClientSession(reading, writing))
    await session.initialize()
    return session


async def ask(session: ClientSession, question: Question) -> tuple[str, float]:
    """Return the result, and how many seconds it took."""
    started = time.perf_counter()
    answer = await session.call_tool("ask", dict(zip(("property", "configuration"), question, strict=True)))
    assert answer.structuredContent is not None
    return answer.structuredContent["verdict"], time.perf_counter() - started


def say(what: str, found: list[tuple[str, float]]) -> None:
    """Print how long answers took: median, 95th percentile and slowest, for all and for each result."""
    for result in ("", *sorted({each for each, _ in found})):
        times = [seconds for each, seconds in found if result in ("", each)]
        worst = min(max(times), statistics.quantiles(times, n=20)[-1]) if len(times) > 1 else times[0]
        figures = "".join(f"{1000 * each:>9.0f} ms" for each in (statistics.median(times), worst, max(times)))
        print(f"{f'  {result}' if result else what:<24}{len(times):>4}{figures}", flush=True)


async def run() -> None:
    """Ask everything and print it."""
    print(f"{'':<24}{'':>4}{'median':>12}{'95th':>12}{'slowest':>12}")
    questions = usual()
    cold = []
    for each in questions[:COLD]:
        started = time.perf_counter()
        async with AsyncExitStack() as stack:
            result, _ = await ask(await connect(stack), each)
            cold.append((result, time.perf_counter() - started))
    say("cold, with its start", cold)
    first = firsts(questions)
    new = [each for each in questions if each not in first]
    folder = TemporaryDirectory()
    async with AsyncExitStack() as stack:
        session = await connect(stack, stack.enter_context(folder))
        for what, asked in (("first of a world", first), ("new", new), ("again", new)):
            say(what, [await ask(session, each) for each in asked])
        next_one = await connect(stack, folder.name)
        say("next session", [await ask(next_one, each) for each in new])


def main() -> None:
    """Run it."""
    anyio.run(run)


if __name__ == "__main__":
    main()
