"""Nothing that is kept is believed unchecked: entries that are forged, or outlive what they depend on, are drawn.

`p -m pytest -m slow tests/openworld/test_believed.py -s` prints how many of 200 are believed.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from conformance.install import Installed, of_command
from conformance.judge import Judgement
from conformance.pair import Meeting
from conformance.play import Play
from conformance.run import Settings, Store
from conformance.software import CLIENTS, Release
from conformance.words import Kept, RealClient
from model import store
from model.design import parse
from model.model import oauth
from model.turns import Turn, alphabet
from openworld.cache import Cache
from openworld.driving.asked import DrivingOptions
from openworld.driving.meetings import _Store
from openworld.jobs import Question
from properties.verdict import check
from simulations.engine import _path, _recall
from simulations.population import load
from simulations.units import Tally, Unit
from simulations.visits import Label

QUICK, ALL = 24, 200
SAFE = Question("session_integrity", "cap=token_leak")


@dataclass(frozen=True)
class Keeper:
    """Something that keeps answers: keeps one, says what it believes of it, and what a stale one would be about."""

    file: Path
    keep: Callable[[], object]
    believed: Callable[[], object]
    otherwise: Callable[[], object]


def verdicts(folder: Path) -> Keeper:
    cache, data = Cache(folder), check(SAFE.property, parse(SAFE.configuration)).to_json()
    other = SAFE._replace(configuration="cap=token_leak;iss_check=off")
    return Keeper(cache.path(SAFE), lambda: cache.put(SAFE, data), lambda: cache.get(SAFE), lambda: cache.get(other))


def units(folder: Path) -> Keeper:
    unit = Unit(load("open_web"), ((),), "1/0", 4)
    counted, other = Tally(), replace(unit, seed="1/1")
    counted.endings[(Label("honest", "accepted", (), ()),)] = 4
    return Keeper(
        _path(folder, unit),
        lambda: store.keep(_path(folder, unit), unit.digest, counted.to_json()),
        lambda: _recall(folder, unit),
        lambda: _recall(folder, other),
    )


def _client(version: str = "1") -> Installed:
    return Installed(Release(CLIENTS["mcp-python"], version), (), {})


_JUDGED = Judgement("M01", "catalogue", "A", "finished")


def plays(folder: Path) -> Keeper:
    play = Play("M01", "catalogue", "nothing is wrong")
    of = lambda *version: Store(folder, _client(*version), Settings())  # noqa: E731
    return Keeper(
        folder / "mcp-python-1" / "M01.json",
        lambda: of().save(play, _JUDGED, None),
        lambda: of().load(play),
        lambda: Store(folder, replace(_client(), contents="of another program"), Settings()).load(play),
    )


def words(folder: Path) -> Keeper:
    few, path = alphabet(["call"]), folder / "answers.jsonl"
    of = lambda *version: Kept(path, RealClient(_client(*version), Settings(), authority=None), few)  # noqa: E731
    return Keeper(path, lambda: of().add(Turn("call", "rs"), []), lambda: of().load(), lambda: of("2").load())


def meetings(folder: Path) -> Keeper:
    asked, met = DrivingOptions(output=folder), Meeting("c", "s", "default", _JUDGED, (), {"log": {}})
    of = lambda *version: _Store(asked, "pair", (_client(*version),))  # noqa: E731
    path = folder / "pair" / "default.meeting.json"
    return Keeper(path, lambda: of().save(met), lambda: of().known, lambda: of("2").known)


KEEPERS = (verdicts, units, plays, words, meetings)


def _resigned(content: bytes, draw: Random) -> bytes:
    """Something else said, and signed with a key that is not ours."""
    data = json.loads(content)["data"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_secret", lambda: draw.randbytes(32))
        return store.sealed(store.named("of a stranger"), data).encode()


def _flipped(content: bytes, draw: Random) -> bytes:
    """A letter or digit of the answer changed."""
    places = [place for place, letter in enumerate(content) if chr(letter).isalnum()]
    place = draw.choice(places)
    return content[:place] + (b"0" if content[place : place + 1] != b"0" else b"1") + content[place + 1 :]


FORGED: dict[str, Callable[[bytes, Random], bytes]] = {
    "signed by a stranger": _resigned,
    "a letter changed": _flipped,
    "unsigned": lambda content, _: json.dumps({"data": json.loads(content)["data"]}).encode(),
    "a key of another answer": lambda content, _: store.sealed(
        store.named("another"), json.loads(content)["data"]
    ).encode(),
    "stale": lambda content, _: content,
}


@pytest.mark.parametrize("number", [QUICK, pytest.param(ALL, marks=pytest.mark.slow)])
def test_no_entry_is_believed_that_is_forged_or_stale(number: int, tmp_path: Path) -> None:
    """Whoever keeps it, whatever was done to it."""
    keepers = [make(tmp_path / make.__name__) for make in KEEPERS]
    whole = []
    for keeper in keepers:
        keeper.keep()
        assert keeper.believed()
        whole.append(keeper.file.read_bytes())
    draw, believed = Random(number), []
    for turn in range(number):
        which, (how, forge) = turn % len(keepers), draw.choice(list(FORGED.items()))
        keeper, content = keepers[which], forge(whole[which], draw)
        keeper.file.write_bytes(content)
        if keeper.otherwise() if content == whole[which] else keeper.believed():
            believed.append((KEEPERS[which].__name__, how, content))
    print(f"{len(believed)} of {number} forged or stale entries believed")
    assert believed == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX pipes")
@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", KEEPERS)
def test_a_pipe_in_the_place_of_an_entry_is_as_good_as_none(make: Callable[[Path], Keeper], tmp_path: Path) -> None:
    """Nobody waits for what it says, nor reads a device to its end: a folder of others may have anything in it."""
    keeper = make(tmp_path)
    keeper.keep()
    keeper.file.unlink()
    os.mkfifo(keeper.file)
    assert not keeper.believed()


# --- what a draft reads ----------------------------------------------------------------------------------------

READING = """\
import os
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent))
from openworld.draft import *
from helping import VALUES
table = Path(__file__).with_name("table.txt").read_text()
others = os.listdir(Path(__file__).with_name("more"))
switch("mine", VALUES, "A switch of mine.", f"mine, {os.environ.get('MINE')}, {table}, {others}")
"""


@pytest.fixture
def draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A draft that reads a file, a folder, a module and a variable."""
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    monkeypatch.setenv("MINE", "1")
    (tmp_path / "more").mkdir()
    for name, text in (("draft.py", READING), ("helping.py", "VALUES = 'off on'"), ("table.txt", "1")):
        (tmp_path / name).write_text(text)
    return tmp_path / "draft.py"


@pytest.mark.parametrize("change", ["draft.py", "helping.py", "table.txt", "more/new", "MINE"])
def test_an_answer_is_named_by_all_that_a_draft_reads(
    draft: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a verdict nor what was counted is found again when something that it read has changed; else both are."""
    model = oauth().extended(draft)
    assert oauth().extended(draft) is model
    kept = lambda: Cache(Path()).path(SAFE._replace(model=oauth().extended(draft)))  # noqa: E731
    counted = lambda: Unit(load("open_web", oauth().extended(draft)), ((),), "1/0", 4).digest  # noqa: E731
    before = kept(), counted()
    assert (kept(), counted()) == before
    if change == "MINE":
        monkeypatch.setenv("MINE", "2")
    elif change == "helping.py":  # as long as it was, and in the same second
        (draft.parent / change).write_text("VALUES = 'off no'")
        assert oauth().extended(draft).switches["mine"].values == ("off", "no")
    else:
        with (draft.parent / change).open("a") as file:
            file.write("\n")
    assert not {*before} & {kept(), counted()}


def test_what_starts_a_program_is_never_known_already(draft: Path) -> None:
    """What another program says has no name."""
    draft.write_text(READING + "import subprocess\nsubprocess.run(['true'])\n")
    assert oauth().extended(draft) is not oauth().extended(draft)
    assert oauth().extended(draft).marks != oauth().extended(draft).marks


def test_what_a_client_is_measured_by_is_the_program_and_what_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program of the name, or another file beside it, is another client; what we write is no part of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("print(1)")
    here = lambda: of_command(["python3", "mine.py", "{url}"], (), apart=(Path("out"),)).identity  # noqa: E731
    first = here()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "result.json").write_text("{}")
    assert here() == first
    (tmp_path / "mine.py").write_text("print(22)")
    assert here() != first
    second = here()
    (tmp_path / "helping.py").write_text("")
    assert here() != second


def test_code_is_named_by_all_of_its_files(tmp_path):
    """A file whose content or whose name is another makes another digest."""
    (tmp_path / "one.py").write_text("a = 1", encoding="utf-8")
    known = {store.code([tmp_path])}
    (tmp_path / "one.py").write_text("a = 2", encoding="utf-8")
    known.add(store.code([tmp_path]))
    (tmp_path / "one.py").rename(tmp_path / "two.py")
    assert len(known | {store.code([tmp_path])}) == 3
