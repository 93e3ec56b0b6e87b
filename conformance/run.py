"""Running a client through many plays: one world and one process each, several at a time, resumable."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.install import Installed
from conformance.judge import Judgement, judge, losses, not_tested
from conformance.origins import Authority
from conformance.play import Play
from conformance.processes import Run, drive
from conformance.world import PlayedWorld
from model.files import replacing
from model.store import keep, kept, named


@dataclass(frozen=True, slots=True)
class Settings:
    """How plays are run.

    Attributes:
        limit: seconds that a client has for one play.
        jobs: plays at a time.
        tls: whether the played parties speak TLS.
    """

    limit: float = 20.0
    jobs: int = 2
    tls: bool = True


#: Runs a client once: what is installed, its job, its seconds and whom it is to trust.
Driving = Callable[[Installed, dict[str, Any], float, str], Coroutine[Any, Any, Run]]


class Store:
    """Results of one client in a folder: a file with the judgement and one with the recording for each play.

    Without a folder nothing is kept.
    """

    def __init__(self, folder: Path | None, installed: Installed, settings: Settings) -> None:
        self.folder = None if folder is None else folder / installed.release.slug
        self._of = named(installed.identity, settings.tls)

    def load(self, play: Play) -> Judgement | None:
        """The judgement of a play, if it was made under the same conditions and something was measured."""
        known = None if self.folder is None else kept(self.folder / f"{play.name}.json", self._key(play))
        judgement = known and Judgement.from_json(known, play)
        # What was not measured may be the machine's fault, and is tried again.
        return judgement if judgement and judgement.measured else None

    def save(self, play: Play, judgement: Judgement, world: PlayedWorld | None) -> None:
        """Keep a judgement, and the recording that it was made from."""
        if self.folder is None:
            return
        if world is not None:
            with replacing(self.folder / f"{play.name}.har") as path:
                recording = world.recording.har(play.name, losses(world))
                path.write_text(json.dumps(recording, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        keep(self.folder / f"{play.name}.json", self._key(play), judgement.to_json())

    def _key(self, play: Play) -> str:
        return named(self._of, play.name, play.about)


async def run_all(
    installed: Installed,
    plays: Sequence[Play],
    folder: Path | None,
    settings: Settings,
    done: Callable[[Judgement], None] = lambda judgement: None,
    by: Driving = drive,
) -> list[Judgement]:
    """The judgements of all plays, in order; those that are in the folder are not made again.

    Raises:
        OSError: a result cannot be kept, as on a full disk; those that are kept stay.
    """
    store = Store(folder, installed, settings)
    known = {play.name: store.load(play) for play in plays}
    gate = asyncio.Semaphore(settings.jobs)
    authority = Authority() if settings.tls else None

    async def one(play: Play) -> Judgement:
        async with gate:
            judgement = known[play.name] or await _run(installed, play, store, authority, settings, by)
            done(judgement)
            return judgement

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(play)) for play in plays]
    except ExceptionGroup as several:  # one is enough to say what is wrong
        raise several.exceptions[0] from None
    return [task.result() for task in tasks]


async def _run(
    installed: Installed, play: Play, store: Store, authority: Authority | None, settings: Settings, by: Driving
) -> Judgement:
    software = installed.release.software
    async with PlayedWorld(play, authority, software.own_document) as world:
        if world.calls > 1 and software.single_call:
            judgement = not_tested(play, "this driver makes one call")
            store.save(play, judgement, None)
            return judgement
        job = world.task(
            software,
            settings.limit,
            document=world.document_url if software.documents else "",
            calls=world.calls,
            variant=software.variants[0],
            about=f"{play.name}: {play.about}",
        )
        trusted = "" if authority is None else authority.certificate
        runs = []
        for act in range(world.sessions):
            world.begin(act)
            runs.append(await _until(world.halted, by(installed, job, settings.limit, trusted)))
        world.go_on()
        judgement = judge(world, runs[-1])
        store.save(play, judgement, world)
        return judgement


async def _until(halted: asyncio.Event, driving: Coroutine[Any, Any, Run]) -> Run:
    """A run, or how far it came when nothing would come back to its browser any more."""
    run, halt = asyncio.ensure_future(driving), asyncio.create_task(halted.wait())
    try:
        await asyncio.wait({run, halt}, return_when=asyncio.FIRST_COMPLETED)
        return run.result() if run.done() else Run("finished", {"done": False}, "")
    finally:
        halt.cancel()
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
