"""Attacks and figures for those who show them: mails, slides and drafts, each with where it comes from."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from model.brief import brief
from model.chart import Chart, chart
from model.design import parse
from model.trace import from_json
from openworld import exhibits
from openworld.cli import main
from openworld.exhibit import Source
from openworld.plotstyle import page
from openworld.quoting import COLUMNS, Citation, cited, draft_markdown, draft_xml, mail_text
from openworld.slide import HEIGHT, WIDTH, svg
from properties.security import find
from properties.verdict import check

ROOT = Path(__file__).parents[2]
MIXUP = "cap=mal_as;iss_check=off"


@pytest.fixture(scope="module")
def shown() -> Chart:
    """The mix-up, as a fixed trace."""
    mixup = from_json((ROOT / "tests" / "openworld" / "golden" / "mixup.json").read_text(encoding="utf-8"))
    return chart(mixup, "The code reaches the attacker (code_delivery)")


@pytest.fixture(scope="module")
def citation() -> Citation:
    """Of the verdict on it."""
    return cited(check(find("CD"), parse(MIXUP)), "https://site.example/")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["trace", "code_delivery", "mal_as", "iss_check=off", *map(str, arguments)])


def test_a_citation_says_what_where_which_and_by_what(citation: Citation) -> None:
    """The question by a digest that another question does not have."""
    assert citation.sentence == f"code_delivery under {MIXUP}, world default: attack in 7 steps."
    assert citation.link == f"https://site.example/#code_delivery/{MIXUP}"
    assert re.fullmatch(r"[0-9a-f]{16}", citation.question)
    assert citation.software.startswith("openworld ")
    assert cited(check(find("CD"), parse("cap=mal_as"))).question != citation.question


def test_mail_and_drafts_have_the_chart_and_are_narrow(shown: Chart, citation: Citation) -> None:
    """All of the chart on one screen, in lines that no mail program and no renderer of drafts breaks."""
    for made in (mail_text(shown, citation), draft_markdown(shown, citation), draft_xml(shown, citation)):
        assert max(map(len, made.splitlines())) <= COLUMNS
        assert brief(shown).rstrip() in made
        assert citation.question in made


def test_no_text_of_a_chart_ends_its_figure(citation: Citation) -> None:
    """The fence around it is longer than any in it."""
    mixup = from_json((ROOT / "tests" / "openworld" / "golden" / "mixup.json").read_text(encoding="utf-8"))
    made = draft_markdown(chart(mixup, "~~~~ ends here"), citation)
    assert made.count(made.partition(" ")[0]) == 2


def test_the_xml_is_a_figure(shown: Chart, citation: Citation) -> None:
    """That parses, with the chart as its artwork, whatever stands in it."""
    figure, text = ET.fromstring(f"<section>{draft_xml(shown, citation)}</section>")
    assert (figure.tag, figure.get("anchor"), text.tag) == ("figure", "fig-code-delivery", "t")
    artwork = figure.find("artwork")
    assert artwork is not None
    assert artwork.text is not None
    assert artwork.text.isascii()
    assert "<user's verifier>" in artwork.text


def test_a_slide_is_wide_and_has_every_message(shown: Chart, citation: Citation) -> None:
    """16:9 with the answer on top; what does not fit is honest, and is counted."""
    drawn = svg(shown, citation.short())
    assert f'viewBox="0 0 {WIDTH:.1f} {HEIGHT:.1f}"' in drawn
    assert WIDTH * 9 == HEIGHT * 16
    assert ">The code reaches the attacker (code_delivery), in 7 steps</text>" in drawn
    assert all(f">{number}. " in drawn for number in range(1, 8))
    assert citation.question in drawn
    assert "are not drawn" not in drawn
    long = check(find("TD"), parse("cap=none")).trace
    assert long is not None
    assert "messages of honest parties are not drawn" in svg(chart(long))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--for", "mail", "--format", "svg"), "--for mail is text, not svg"),
        (("--for", "slide", "-o", "x.xml"), "--for slide is svg, pdf, png, not xml"),
        (("--format", "xml"), "not xml"),
    ],
)
def test_a_form_that_goes_with_something_else_is_refused(arguments: tuple[str, ...], says: str) -> None:
    """In a line that says what goes."""
    ran = run(*arguments)
    assert ran.exit_code == 2
    assert says in ran.stderr


def test_the_suffix_says_the_form(tmp_path: Path) -> None:
    """As everywhere; of what is for something that has a form of its own, that is the default."""
    assert run("--for", "draft", "-o", tmp_path / "figure.xml").exit_code == 0
    assert (tmp_path / "figure.xml").read_text(encoding="utf-8").startswith("<figure ")
    assert run("--for", "slide", "-o", tmp_path / "slide.svg").exit_code == 0
    assert (tmp_path / "slide.svg").read_text(encoding="utf-8") == run("--for", "slide").stdout


def test_a_figure_for_a_slide_has_eight_rows_and_no_caption(tmp_path: Path) -> None:
    """16:9; the rows are those in which most is told, in the order of all."""
    table = pd.read_csv(ROOT / "docs" / "drafts.csv", keep_default_na=False)
    source = Source(rows=2, _known={"drafts": table})
    entry = exhibits.catalogue()["drafts"]
    exhibits.write(entry, source, tmp_path, slide=True)
    shown = pd.read_csv(tmp_path / "drafts.csv")
    assert shown["draft"].nunique() == 2
    assert [name for name in dict.fromkeys(table["draft"]) if name in set(shown["draft"])] == list(
        dict.fromkeys(shown["draft"])
    )
    assert "Population:" not in (tmp_path / "drafts.svg").read_text(encoding="utf-8").partition("</metadata>")[2]
    box = page(entry.draw(source).figure, slide=True)
    assert box.width / box.height == pytest.approx(16 / 9)
