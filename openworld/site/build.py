"""The folder that is the site: a page, the model, what runs it, and answers to common questions."""

import gzip
import io
import json
import shutil
import textwrap
from contextlib import closing
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jinja2
import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imsave

from conformance.software import SoftwareError
from model.drafts import TEXTS
from model.model import Model, oauth
from openworld.files import write
from openworld.folders import claimed
from openworld.plotstyle import style
from openworld.progress import Progress, tell
from openworld.site import bundle
from openworld.site.pages import Beforehand, SitePage, pages
from openworld.site.precomputed import precomputed
from openworld.site.runtime import Runtime, compile_beforehand
from openworld.site.vocabulary import vocabulary
from properties.security import every_property

#: What is asked where the address says nothing: the oldest mix-up, which is known beforehand.
FIRST = "code_delivery/design=rfc6749;cap=mal_as"
_PLAIN = ("site.css", "site.js", "compare.js", "paste.js", "worker.js")


def build(
    folder: Path,
    runtime: Runtime,
    designs: list[str],
    attackers: list[str],
    workers: int,
    docs: str = "",
    model: Model = oauth(),
    url: str = "",
) -> int:
    """Write the site; answers are found beforehand for these designs and capabilities. Says how many bytes it has.

    Where there is documentation at an address the page links to it; ``url`` is where the site will be, for previews.
    A site that was there stays until what runs on the new one is whole; a page without all of its answers works them
    out.

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
            try:
                compile_beforehand(run, FIRST)
            except SoftwareError as error:
                tell(f"{error}; the browser compiles it, and its first answer takes longer\n")
            for name in ("run", "answers", "property", "draft"):
                shutil.rmtree(folder / name, ignore_errors=True)
            run.rename(folder / "run")
            (folder / "answers").mkdir()
        for name in _PLAIN:
            write(folder / name, _data(name))
        write(folder / "index.html", page(designs, docs, model, url))
        found, known = precomputed(designs, attackers, workers, model), Beforehand({}, {}, model)
        with Progress("designs", len(designs)) as progress, closing(found) as answers:
            for design, of_design in answers:
                known.runs[design] = of_design.pop("runs")
                known.answers[design] = of_design
                packed = gzip.compress(_compact(of_design).encode(), mtime=0)
                (folder / "answers" / f"{design}.json.gz").write_bytes(packed)
                progress.advance(design)
        write_pages(folder, known, url)
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def write_pages(folder: Path, known: Beforehand, url: str) -> None:
    """A page and a picture for each property and each text, a list of all, and where there is an address a sitemap."""
    made, template = [], _template("page.html.jinja")
    with Progress("pages", len(every_property(known.model)) + len(TEXTS)) as progress:
        for each in pages(known):
            for name in ("property", "draft"):
                (folder / name).mkdir(exist_ok=True)
            write(folder / f"{each.path}.html", template.render(page=each, url=url, up="../"))
            (folder / f"{each.path}.png").write_bytes(card(each))
            made.append(each)
            progress.advance(each.path)
    every = SitePage(
        path="all",
        title="Every guarantee and every text, each with a page",
        question="Which pages can a mail link to?",
        answer=f"{len(made)} pages: the question, the answer, a chart, and what it does not show.",
        good=True,
    )
    (folder / "all.png").write_bytes(card(every))
    write(folder / "all.html", template.render(page=every, url=url, up="", listed=made))
    if url:
        places = "".join(f"<url><loc>{escape(url + each.path)}.html</loc></url>\n" for each in (every, *made))
        head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        write(folder / "sitemap.xml", f"{head}<url><loc>{escape(url)}</loc></url>\n{places}</urlset>\n")


def page(designs: list[str], docs: str = "", model: Model = oauth(), url: str = "") -> str:
    """The page itself, with words for all that can be chosen; of these designs it has answers, and of its documentation
    the address."""
    words = vocabulary(model)
    known = _compact({**words, "first": FIRST, "known": designs}).replace("<", "\\u003c")
    return _template("index.html.jinja").render(words=words, known=known, docs=docs, url=url)


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.from_string(_data(name))


def _data(name: str) -> str:
    return files("openworld").joinpath("data", "site", name).read_text(encoding="utf-8")


def _compact(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


#: Inches and pixels an inch: 800 to 420 pixels, the proportions that previews have.
WIDTH, HEIGHT, RESOLUTION = 8.0, 4.2, 100
#: Colours are kept to so many levels of each part, so that a picture takes some 10 kB.
LEVELS = 0xE0


def card(page: SitePage) -> bytes:
    """Return the picture of a page, as PNG."""
    with style():
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=RESOLUTION)
        figure.text(0.06, 0.91, "openworld", va="top", size=12, color="#555c66")
        figure.text(0.06, 0.79, "\n".join(textwrap.wrap(page.title, 42)[:4]), va="top", size=18, weight="bold")
        color = {True: "#1c4a68", False: "#8f3208", None: "#555c66"}[page.good]
        figure.text(0.06, 0.34, "\n".join(textwrap.wrap(page.answer, 66)[:3]), va="top", size=13, color=color)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="rgba", dpi=RESOLUTION)
    shape = round(HEIGHT * RESOLUTION), round(WIDTH * RESOLUTION), 4
    pixels = np.frombuffer(drawn.getvalue(), np.uint8).reshape(shape)[:, :, :3] & LEVELS | (0xFF - LEVELS)
    stream = io.BytesIO()
    imsave(stream, pixels, format="png", metadata={"Software": ""}, pil_kwargs={"optimize": True})
    return stream.getvalue()
