"""A word asked of a real client: it is started, and each of its requests is answered by the next answer of the word."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from conformance.automaton import Word
from conformance.install import Installed
from conformance.judge import notable, request_of, scheme_of
from conformance.message import WireMessage, WireRequest
from conformance.origins import Authority
from conformance.play import Play
from conformance.processes import Ahead, Run, drive
from conformance.recording import Exchange
from conformance.resource_server import protocol_answer
from conformance.run import Driving, Settings
from conformance.software import SoftwareError
from conformance.world import PlayedWorld
from model import identifiers
from model.files import replacing
from model.part import TRIAL, Part
from model.scenario import Scenario
from model.store import content, named, opened, sealed
from model.turns import GIVES_UP, SERVED, SILENT, Input, Turn, document, inputs
from model.world import DEFAULT_AUDIENCE

Steps = list[tuple[str, Turn]]


class Answering(PlayedWorld):
    """A world that answers each request of a client by the next answer of a word, until there is none.

    Attributes:
        given: the answers that were given.
        turns: the client's requests, one more than answers once ``over`` is set.
    """

    def __init__(self, word: Sequence[Input], authority: Authority | None, own_document: str) -> None:
        super().__init__(Play("word", "word", "a row of answers"), authority, own_document)
        # The resource is the attacker's: where it is a server as well, it registers clients at the honest one, too.
        self.servers["rs"].honest = self.servers["as1"]
        self._word, self._said = list(word), self.scenario
        self.given: list[Input] = []
        self.turns: list[Turn] = []
        self.over, self._closed = asyncio.Event(), asyncio.Event()

    @property
    def now(self) -> Scenario:
        """The scenario that the last answer is from."""
        return self._said

    async def __aexit__(self, *error: object) -> None:
        self._closed.set()
        await super().__aexit__(*error)

    async def say(self, asked: WireRequest, request: web.BaseRequest) -> WireMessage:
        """The next answer to this request; none, for as long as the client is there, where there is no more."""
        turn = self._turn(asked)
        if turn is None:
            return self.answer(asked)
        self.turns.append(turn)
        while self._word:
            chosen = self._word.pop(0)
            if chosen.to == turn.request:
                self.given.append(chosen)
                places = {name: self.origins.origin(name) for name in self.servers}
                self._said = chosen.said(turn, places)
                self._stand_behind(asked.value("code"))
                return self._call(asked) if turn.request == "call" else self.answer(asked)
        self.over.set()
        await self._closed.wait()
        return WireMessage("", {}, 503)

    def _stand_behind(self, code: str) -> None:
        """Have the attacker's server redeem a code where that was issued."""
        issuers = [one for name, one in self.servers.items() if name != "evil" and code in one.granted]
        self.servers["evil"].honest = (*issuers, self.servers["as1"])[0]

    def _call(self, asked: WireRequest) -> WireMessage:
        """What the resource server answers to a call, whatever the token is."""
        answer = self._said.answer
        if answer["status"] == 200:
            return protocol_answer(asked)
        refusal = {"error": answer["error"]} if "error" in answer else {}
        return WireMessage("challenge", {**self._said.challenge, **refusal}, answer["status"])

    def _turn(self, asked: WireRequest) -> Turn | None:
        """What a request is, or nothing where the client goes on without its answer."""
        seen = Exchange.of(asked)
        if (turn := request_of(self, seen)) is not None:
            return None if TRIAL in turn.what else turn
        if identifiers.equal_htu(asked.place, self.url):
            calls = asked.method == "POST" and "id" in asked.json()
            return Turn("call", asked.party, "", (), (*self._presents(seen), *notable(self, seen))) if calls else None
        found = document(asked.place) if asked.method == "GET" and asked.party in self.servers else ""
        return Turn(found, asked.party, self.origins.named(asked.url).partition("}")[2]) if found else None

    def _presents(self, seen: Exchange) -> list[Part]:
        """How a token is presented, and what it is good for."""
        token = seen.header("authorization").partition(" ")[2]
        good = [value for server in self.servers.values() for value in server.audiences.get(token, [])]
        named = [Part("good_for", self.origins.named(value)) for value in good if value != DEFAULT_AUDIENCE]
        return [*([scheme_of(seen)] if scheme_of(seen).of else []), *named]


@dataclass(frozen=True, slots=True)
class RealClient:
    """A real client that can be asked words."""

    installed: Installed
    settings: Settings
    calls: int = 1
    authority: Authority | None = field(default_factory=Authority)
    by: Driving = drive

    async def ask(self, word: Sequence[Input]) -> tuple[Turn, Steps]:
        """What it does first, and after each answer that it asks for.

        Raises:
            SoftwareError: it does not start.
        """
        software, authority = self.installed.release.software, self.authority
        async with Answering(word, authority, software.own_document) as world:
            job = world.task(
                software,
                self.settings.limit,
                document=world.document_url if software.documents else "",
                calls=self.calls,
                variant=software.variants[0],
                about="a word",
            )
            certificate = "" if authority is None else authority.certificate
            run = asyncio.create_task(self.by(self.installed, job, self.settings.limit, certificate))
            over = asyncio.create_task(world.over.wait())
            await asyncio.wait((run, over), return_when=asyncio.FIRST_COMPLETED)
            if not over.done():
                if run.result().said.get("unfit"):
                    raise SoftwareError(f"{self.installed.release} does not start: {run.result().error}")
                world.turns.append(_end(world, run.result()))
            for task in (run, over):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            first, *others = world.turns
            return first, list(zip((one.name for one in world.given), others, strict=True))


def _end(world: Answering, run: Run) -> Turn:
    """How a client ended: that it gave up counts only of one that was at work and came to an end of its own."""
    if run.ended != "finished" or not world.turns:
        return Turn(SILENT)
    served = world.turns[-1].request == "call" and world.now.answer["status"] == 200
    return Turn(SERVED if served else GIVES_UP)


class Kept:
    """What a client was asked and did, in a file that grows by a line a word; lines about another client, or asked
    otherwise, or cut short, are as good as none. Without a file nothing is kept."""

    def __init__(self, path: Path | None, client: RealClient, alphabet: Sequence[Input]) -> None:
        self.path = path
        about = [[one.name, one.changes] for one in alphabet]
        self._key = named(client.installed.identity, client.authority is not None, client.calls, about)

    def load(self) -> list[tuple[Turn, Steps]]:
        """What was kept of the same client, asked in the same way; nothing else stays in the file."""
        if self.path is None:
            return []
        lines = content(self.path).splitlines(keepends=True)
        known = {line: said for line in lines if (said := opened(self._key, line)) is not None}
        if len(known) < len(lines):
            with replacing(self.path) as path:
                path.write_bytes(b"".join(known))
        return [_read(said) for said in known.values()]

    def add(self, first: Turn, steps: Steps) -> None:
        """Keep what a client did, unless nothing was measured: that is asked again."""
        if self.path is None or SILENT in (first.request, *(turn.request for _, turn in steps)):
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        said = {"first": first.to_json(), "then": [[name, turn.to_json()] for name, turn in steps]}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(sealed(self._key, said))


def _read(said: Any) -> tuple[Turn, Steps]:
    return Turn.from_json(said["first"]), [(name, Turn.from_json(turn)) for name, turn in said["then"]]


@contextmanager
def asking(client: RealClient, kept: Kept) -> Iterator[Callable[[Word], tuple[Turn, Steps]]]:
    """A real client as :func:`conformance.learner.learn` asks it; what is not measured is tried once more."""
    known, ahead = inputs(), Ahead(client.settings.jobs)
    ready = replace(client, by=ahead.drive)
    with asyncio.Runner() as runner:

        def ask(word: Word) -> tuple[Turn, Steps]:
            for _ in range(2):
                first, steps = runner.run(ready.ask([known[name] for name in word]))
                if SILENT not in (first.request, *(turn.request for _, turn in steps)):
                    break
            kept.add(first, steps)
            return first, steps

        try:
            yield ask
        finally:
            runner.run(ahead.close())
