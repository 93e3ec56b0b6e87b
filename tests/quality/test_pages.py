"""The documentation as pages: what `make docs` does, with every warning an error."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from model.design import parse
from openworld.glossary import entries
from openworld.site.build import page
from properties.security import find

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them, with the link to the page that answers questions."""
    folder = tmp_path_factory.mktemp("pages")
    start = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", "-d", str(folder / "kept")]
    done = subprocess.run(
        [*start, "-t", "asked", ".", str(folder / "out")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "out"


def test_links_lead_somewhere(pages: Path) -> None:
    """Sphinx has no objection to a link between texts or to a text in no list; what its theme adds is there as well."""
    written = sorted(pages.rglob("*.html"))
    assert len(written) > 50
    for path in written:
        for link in re.findall(r'(?:href|src)="(?!https?:|mailto:|data:)([^"#?]+)', path.read_text(encoding="utf-8")):
            assert (path.parent / link).is_file(), (path, link)


def test_nothing_comes_from_elsewhere(pages: Path) -> None:
    """Neither script nor style nor picture nor font."""
    for path in [*pages.rglob("*.html"), *pages.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r'(?:src="|<link[^>]* href="|url\(["\']?|@import ["\'])(?:https?:)?//[^"\')]+', text) == [], (
            path
        )


def test_the_site_and_these_pages_are_one(pages: Path) -> None:
    """Each links to the other, where `make site` puts them."""
    assert 'href="index.html">Ask in the browser</a>' in (pages / "README.html").read_text(encoding="utf-8")
    assert '<a href="README.html">' in page([], "README.html")
    assert "What all this is" in page([], "README.html")
    assert "What all this is" not in page([])


def test_a_command_is_a_link_to_its_question(pages: Path) -> None:
    """Of a finding, to what the site has it under; and it asks what the command asks."""
    text = (pages / "openworld" / "data" / "findings" / "prefix-tenants.html").read_text(encoding="utf-8")
    links = re.findall(r'href="../../../index.html#(\w+)/([^"]+)"><code.*?</code>', text)
    assert ("token_confinement", "cap=mal_tenant;prm=exact;audience_check=prefix") in links
    assert all(find(prop).name == prop and parse(unquote(asked)) for prop, asked in links)


def test_the_glossary_has_every_word(pages: Path) -> None:
    """Names, as code."""
    text = (pages / "docs" / "glossary.html").read_text(encoding="utf-8")
    assert [one.name for one in entries() if f">{one.name}</span>" not in text] == []
