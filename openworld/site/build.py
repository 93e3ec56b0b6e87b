"""The folder that is the site: a page, the model, what runs it, and answers to common questions."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jinja2

from model.model import Model, oauth
from openworld.files import write
from openworld.folders import claimed
from openworld.progress import Progress
from openworld.site import bundle
from openworld.site.precomputed import precomputed
from openworld.site.runtime import Runtime
from openworld.site.vocabulary import vocabulary

#: What is asked where the address says nothing: the oldest mix-up, which is known beforehand.
FIRST = "code_delivery/design=rfc6749;cap=mal_as"
_PLAIN = ("site.css", "site.js", "worker.js")


def build(
    folder: Path,
    runtime: Runtime,
    designs: list[str],
    attackers: list[str],
    workers: int,
    docs: str = "",
    model: Model = oauth(),
) -> int:
    """Write the site; answers are found beforehand for these designs and capabilities. Says how many bytes it has.

    Where there is documentation at an address the page links to it. A site that was there stays until what runs on the
    new one is whole; a page without all of its answers works them out.

    Raises:
        FolderInUseError: another run is writing to the folder.
        OSError: something cannot be written.
    """
    with claimed(folder):
        with TemporaryDirectory(dir=folder, prefix=".") as made:
            run = Path(made, "run")
            run.mkdir()
            runtime.unpack(run)
            bundle.write(run / "openworld.zip", model.files)
            for name in ("run", "answers"):
                shutil.rmtree(folder / name, ignore_errors=True)
            run.rename(folder / "run")
            (folder / "answers").mkdir()
        for name in _PLAIN:
            write(folder / name, _data(name))
        write(folder / "index.html", page(designs, docs, model))
        found = precomputed(designs, attackers, workers, model)
        with Progress("designs", len(designs)) as progress, closing(found) as answers:
            for design, known in answers:
                write(folder / "answers" / f"{design}.json", _compact(known))
                progress.advance(design)
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def page(designs: list[str], docs: str = "", model: Model = oauth()) -> str:
    """The page itself, with words for all that can be chosen; of these designs it has answers, and of its documentation
    the address."""
    words = vocabulary(model)
    known = _compact({**words, "first": FIRST, "known": designs}).replace("<", "\\u003c")
    return _template().render(words=words, known=known, docs=docs)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.from_string(_data("index.html.jinja"))


def _data(name: str) -> str:
    return files("openworld").joinpath("data", "site", name).read_text(encoding="utf-8")


def _compact(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
