"""Whatever is in a file, its reader reads it or refuses it in words; nothing else ever comes of it.

``corpus/READER`` has small files for each reader, good ones and ones that once crashed it; they are read every time.
The slow tests damage them at random for a minute each. What crashes a reader then is written to ``build/fuzz``: mend
the reader, and put the file into the corpus.
"""

import os
import random
import re
import secrets
import time
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from damage import damaged

from model import trace, world_file
from model.design import parse
from model.errors import InputError
from model.machine import Machine
from openworld import certificates, expectations, worlds
from openworld.report import page
from openworld.report import read as read_study
from openworld.work import table
from simulations import population

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
#: Say which to make a failure come again, and for how long to look for one.
SEED = os.environ.get("OPENWORLD_FUZZ_SEED") or secrets.token_hex(4)
SECONDS = float(os.environ.get("OPENWORLD_FUZZ_SECONDS", "60"))

Reader = Callable[[Path], object]


def configuration(path: Path) -> None:
    """A configuration, which says the same when it is written down."""
    read = parse(path.read_text(encoding="utf-8", errors="replace"))
    assert parse(str(read)) == read


def questions(path: Path) -> None:
    """A table of questions, of which rows may be bad."""
    columns, rows = table.read(path)
    assert all(row.fields.keys() == set(columns) for row in rows)
    good = path.name.startswith("good")
    assert not (good and any(row.error for row in rows))


def world(path: Path) -> None:
    """A world, with all that is shown of it and what can happen first in it."""
    read = world_file.read.__wrapped__(path.name, path.read_text(encoding="utf-8", errors="replace"))
    machine = Machine(parse("cap=none"), read)
    list(machine.moves(machine.initial))
    assert list(worlds.lines(read))
    assert worlds.data(read)


def a_population(path: Path) -> None:
    """A population, with all that is shown of it."""
    read = population.read(path.read_text(encoding="utf-8", errors="replace"), path.stem)
    assert all(stated.text for stated in read.stated())


#: Where the files of a study stand in its folder.
PLACES = {
    "run": "run.json", "verdicts": "verdicts.json", "clients": "clients.csv",
    "environments": "environments.csv", "rates": "simulations/echo_rates.csv",
    "differences": "simulations/echo_differences.csv", "quantities": "simulations/echo_quantities.csv",
    "reach": "simulations/blast-radius-token.csv",
    "trace": "attacks/rfc6749--mal_as--code_delivery.json",
    "caption": "figures/attackers.txt",
}  # fmt: skip


def study(path: Path) -> None:
    """The folder of a study with this file in its place, as a page."""
    folder = path.parent / "out"
    for name, place in PLACES.items():
        (good,) = (HERE / "corpus" / "study").glob(f"{name}--good.*")
        chosen = path if path.name.partition("--")[0] == name else good
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(chosen.read_bytes())
    (folder / "figures" / "attackers.svg").write_text("<svg/>", encoding="utf-8")
    found = read_study(folder)
    assert page(found).encode()
    assert not (found.problems and "--good" in path.name)


def certificate(path: Path) -> None:
    """A certificate, or what one says of itself, beside clauses."""
    packed = path
    if path.suffix == ".json":
        packed = path.with_suffix(".packed")
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("certificate.json", path.read_bytes())
            archive.writestr("clauses.cnf", "p cnf 2 1\n1 2 0\n")
    made, stored = certificates.read(packed)
    assert (stored is None) == (made.trace is not None)


READERS: dict[str, Reader] = {
    "configuration": configuration, "questions": questions, "world": world, "expectations": expectations.read,
    "trace": lambda path: trace.from_json(path.read_bytes()), "population": a_population, "study": study,
    "certificate": certificate,
}  # fmt: skip
CORPUS = {name: sorted((HERE / "corpus" / name).iterdir()) for name in READERS}


def refusal(name: str, path: Path) -> str:
    """What a reader says of a file that it does not read."""
    try:
        READERS[name](path)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", READERS)
def test_every_file_of_the_corpus_is_read_or_refused(name: str, tmp_path: Path) -> None:
    """Good files are read; of the others nothing comes but words."""
    for path in CORPUS[name]:
        copy = tmp_path / path.name
        copy.write_bytes(path.read_bytes())
        said = refusal(name, copy)
        assert not (said and "good" in path.name), said


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_whatever_is_in_a_file_it_is_read_or_refused(name: str, tmp_path: Path) -> None:
    """For a minute, files of the corpus with something wrong in them."""
    good = [path for path in CORPUS[name] if "good" in path.name]
    known = [*CORPUS[name], *good * (3 * len(CORPUS[name]) // len(good))]  # of a good file more is left to be read
    whole = [path.read_bytes() for path in known]
    words = sorted({word for content in whole for word in re.findall(rb'"[^"\n]{,60}"|[\w:./+=-]{2,60}|\W', content)})
    until, count = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        chance = random.Random(f"{SEED} {count}")
        place = chance.randrange(len(whole))
        form = known[place].name.replace("good", "damaged")
        path = tmp_path / form
        path.write_bytes(damaged(form, whole[place], chance, words))
        try:
            refusal(name, path)
        except BaseException as error:
            kept = ROOT / "build" / "fuzz" / name / f"{sha256(path.read_bytes()).hexdigest()[:8]}-{form}"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(path.read_bytes())
            error.add_note(f"OPENWORLD_FUZZ_SEED={SEED}, number {count}; the file is kept as {kept}")
            raise
        count += 1
