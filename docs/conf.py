"""How `make docs` builds these pages, the findings and the texts beside README.md: with Sphinx, from where they are."""

from __future__ import annotations

import re
import tomllib
from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from openworld.glossary import entries
from openworld.site.address import of_command

ROOT = Path(__file__).parents[1]
_ABOUT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = _ABOUT["name"]
release = _ABOUT["version"]
html_title = f"{project} {release}"
language = "en"

extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4  # as addresses of headings are written on GitHub
smartquotes = False
root_doc = "README"
include_patterns = [
    "*.md", "docs/*.md", "benchmarks/README.md", "openworld/data/findings/*.md",
    "model/data/README.md", "properties/data/README.md", "simulations/data/README.md",
]  # fmt: skip

html_theme = "furo"
html_copy_source = False
html_show_copyright = False
templates_path = ["templates"]
html_additional_pages = {"index": "first.html"}  # where `openworld site` writes the page that answers questions
html_sidebars = {"**": [
    "sidebar/brand.html", "sidebar/search.html", "sidebar/scroll-start.html", "asked.html", "sidebar/navigation.html",
    "sidebar/scroll-end.html",
]}  # fmt: skip
html_context = {"asked": tags.has("asked")}  # noqa: F821  # is given by Sphinx

#: What stands in the list of pages, part by part, in this order.
_PARTS = {
    "Ways in": ["docs/author", "docs/editor", "docs/bot", "docs/implementer", "docs/assistants", "docs/site"],
    "To read": [
        "docs/commands",
        "docs/verdict",
        "docs/drafts",
        "docs/populations",
        "docs/real-software",
        "docs/glossary",
    ],
    "What it is": ["docs/model", "docs/architecture", "benchmarks/README"],
    "What was found": ["findings"],
    "The project": ["CONTRIBUTING", "docs/disclosure", "CHANGELOG", "*/data/README"],
}


def _toctree(pages: list[str], caption: str = "") -> str:
    options = ":hidden:\n:glob:\n" + (f":caption: {caption}\n" if caption else "")
    return "\n\n```{toctree}\n" + options + "\n" + "\n".join(f"/{page}" for page in pages) + "\n```\n"


def _glossary() -> str:
    """Every entry, kind by kind."""
    parts = list[str]()
    for kind, found in groupby(entries(), key=lambda entry: entry.kind):
        parts.append(f"## {kind.capitalize()}")
        for one in found:
            name = f"`{one.name}`" + (f" ({one.code})" if one.code else "")
            said = f": {_plain(one.words)}" if one.words not in ("", one.name) else ""
            meaning = _plain(one.meaning) + (f" *{_plain(one.source)}*" if one.source else "")
            values = [f"  * `{value}`" + (f": {_plain(words)}" if words else "") for value, words in one.values]
            parts.append("\n".join([name + said, f": {meaning}", *([""] if values else []), *values]))
    return "\n\n" + "\n\n".join(parts)


def _plain(words: str) -> str:
    """Words of which no character means anything but itself."""
    return re.sub(r"([\\`*_<\[{])", r"\\\1", words)


def _with_lists(_: Sphinx, name: str, source: list[str]) -> None:
    """Adds what only these pages have: the list of pages, and all words at once."""
    if name == root_doc:
        source[0] += "".join(_toctree(pages, caption) for caption, pages in _PARTS.items())
    elif name == "findings":
        source[0] += _toctree(["openworld/data/findings/*"])
    elif name == "docs/glossary":
        source[0] += _glossary()


def _with_questions(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Makes a command that asks a question a link to that question, where the page that answers it is put beside."""
    site = app.builder.get_relative_uri(name, "index")
    for literal in list(doctree.findall(nodes.literal)) if html_context["asked"] else ():
        if answer := of_command(literal.astext(), site):
            link = nodes.reference(refuri=answer)
            literal.replace_self(link)
            link += literal


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _with_lists)
    app.connect("doctree-resolved", _with_questions)
