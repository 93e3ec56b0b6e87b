"""The pages of the findings are what comes out today, and the first page leads to all of them."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from model.switches import SWITCHES
from openworld.cli import main
from openworld.findings import pages, words
from openworld.report.established import established
from simulations.experiments import run

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "benchmarks",
    "conformance",
    "deployed",
    "model",
    "notebooks",
    "openworld",
    "properties",
    "simulations",
    "tests",
)
NAMES = list(pages.pages())


@pytest.fixture(scope="module", autouse=True)
def asked_once() -> Iterator[None]:
    """A page that is written several times is asked about once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "ask", cache(pages.ask))
        yield


def tree() -> Iterator[Path]:
    """What belongs to the project, without what is installed or built beside it."""
    yield from (path for path in ROOT.iterdir() if path.is_file() or path.is_symlink())
    for folder in FOLDERS:
        yield from (ROOT / folder).rglob("*")


def written(name: str) -> str:
    """A page, asked anew."""
    page = pages.page(name)
    return "\n".join(words.page_lines(page, pages.answered(page))) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_pages_are_what_comes_out(name: str) -> None:
    """As `openworld list findings -o .` writes them."""
    assert written(name) == pages.text(name)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_page_claims_is_what_it_shows(name: str) -> None:
    """Every row with the verdict that the words rest on, on the page as it is stored; rows are told apart."""
    page, text = pages.page(name), pages.text(name)
    assert "NOT AS CLAIMED" not in text
    assert len({row.varied for row in page.rows}) == len(page.rows)
    for number, row in enumerate(page.rows, 1):
        command = f'`openworld verdict {row.asked.property.code} "{row.asked.configuration}"`'
        assert f"| {number}. {row.varied} | {command} | {row.asked.expected.replace('_', ' ')}" in text
    assert page.drawn.asked.expected in ("attack", "reached")
    assert "the same run stops at step " in text


@pytest.mark.parametrize("name", NAMES)
def test_pages_have_one_form_and_type_no_counts(name: str) -> None:
    """Words in which a step or a verdict would be counted by hand are not among what is written by hand."""
    page = pages.page(name)
    without_charts = re.sub(r"^```.*?^```", "", pages.text(name), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^## (.*)$", without_charts, re.MULTILINE)
    extra = {table.about for table in (page.decided, page.matrix) if table is not None}
    assert [head for head in heads if head not in extra] == [
        "Verdicts",
        "What the words of the commands mean",
        "The run that decides",
        "What decides",
        "How sure",
        "What it does not show",
        "Since when",
    ]
    assert page.sentence.endswith(".")
    assert ". " not in page.sentence
    by_hand = (ROOT / words.FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert not re.search(r"\b\d+ (?:steps|attacks|verdicts|clients|client versions)\b", by_hand)


def test_the_first_page_is_what_comes_out() -> None:
    """Ten sentences, each with a link, the live questions, all other pages, and the state of drafts."""
    text = (ROOT / "findings.md").read_text(encoding="utf-8")
    assert text == "\n".join(words.first_page(pages.first())) + "\n"
    assert len(re.findall(r"^\d+\. .*\]\(", text, re.MULTILINE)) == 10
    linked = re.findall(r"\]\(([^)]*)\)", text)
    assert sorted(linked) == sorted(str(path.relative_to(ROOT)) for path in (ROOT / words.FOLDER).glob("*.md"))


def test_links_between_pages_lead_somewhere() -> None:
    """A page names others by their files."""
    for path in (ROOT / words.FOLDER).glob("*.md"):
        for name in re.findall(r"\]\(([\w-]+)\.md\)", path.read_text(encoding="utf-8")):
            assert path.with_name(f"{name}.md").exists(), f"{path.name}: {name}"


def test_every_draft_that_is_cited_has_its_state_on_the_first_page() -> None:
    """Wherever one is named outside the tests."""
    kinds = {".py", ".md", ".toml", ".csv"}
    texts = (path for path in tree() if path.suffix in kinds and ROOT / "tests" not in path.parents)
    cited = {
        re.sub(r"-\d\d$", "", name)
        for path in texts
        for name in re.findall(r"\bdraft(?:-[a-z0-9]+){2,}", path.read_text(encoding="utf-8"))
    }
    known = [draft.name.partition(" ")[0] for draft in pages.first().drafts]
    assert {name for name in cited if not any(draft.startswith(name) for draft in known)} == set()
    assert all(draft.read and draft.state.endswith(".") for draft in pages.first().drafts)


def test_no_file_is_a_symbolic_link() -> None:
    """Not where links are not followed or not kept: archives, wheels, other systems."""
    paths = list(tree())
    assert len(paths) > 500
    assert [path for path in paths if path.is_symlink()] == []


def test_a_rule_is_asked_of_single_values() -> None:
    """Under each value of its switch: what an exception takes in and what it does not."""
    decided = pages.page("issuer-exceptions").decided
    assert decided is not None
    answers = decided.answers()
    assert list(answers) == list(SWITCHES["md_issuer_check"].values)
    assert not any(answers["on"])
    assert all(answers["off"])
    assert 0 < sum(answers["slash"]) < sum(answers["origin"]) < len(decided.cases)


@pytest.mark.slow
def test_findings_are_told_by_a_command(tmp_path: Path) -> None:
    """Sentences without a name, one page with it, as data, into a folder; nothing by another name."""
    run = CliRunner().invoke
    listed = run(main, ["list", "findings"])
    assert (listed.exit_code, all(f"{name}: " in listed.output for name in NAMES)) == (0, True)
    assert [each["name"] for each in json.loads(run(main, ["list", "findings", "--format", "json"]).stdout)] == NAMES
    assert run(main, ["list", "findings", "log"]).stdout == pages.text("log")
    rows = json.loads(run(main, ["list", "findings", "log", "--format", "json"]).stdout)["rows"]
    assert [row["verdict"]["verdict"] for row in rows] == [row["expected"] for row in rows]
    assert run(main, ["list", "findings", "log", "-o", str(tmp_path)]).exit_code == 0
    assert (tmp_path / words.FOLDER / "log.md").read_text(encoding="utf-8") == pages.text("log")
    assert (tmp_path / "findings.md").read_text(encoding="utf-8").startswith("# Findings\n")
    unknown = run(main, ["list", "findings", "logs"])
    assert (unknown.exit_code, "no page 'logs'; did you mean 'log'?" in unknown.output) == (2, True)


@pytest.mark.slow
def test_a_verdict_that_flips_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the table, at the run that is drawn no more, and by the exit code."""
    page = pages.page("log")
    flipped = replace(page.drawn, asked=replace(page.drawn.asked, expected="safe"))
    other = replace(page, rows=(flipped, *page.rows[1:]), drawn=flipped)
    monkeypatch.setattr(pages, "page", lambda name: other)
    result = CliRunner().invoke(main, ["list", "findings", "log"])
    assert (result.exit_code, "attack in 4 steps NOT AS CLAIMED, which is safe |" in result.output) == (1, True)
    assert "not as claimed: log: a forged challenge, no log" in result.output


def test_the_report_has_the_first_page_and_the_others() -> None:
    """In the order of the first page."""
    names = [part.id for part in established()]
    assert names == ["established", *(f"established-{name}" for name in (*NAMES, *pages.first().others))]


COUNTED = ROOT / words.FOLDER / "populations.md"
#: A row of what experiments in time print: which, at what point, in which arm, what of it, and how often.
QUOTED = re.compile(r"(?m)^(  \| `(\w+)` \| ([\d.]+) \| ([^|]+) \| `(\w+)` \| )([^|]+) \|$")


@pytest.mark.slow
def test_numbers_in_time_are_those_that_experiments_print(on_file: Callable[..., None]) -> None:
    """Each row is counted anew, with its interval."""
    text = COUNTED.read_text(encoding="utf-8")
    counted = {name: run(name) for name in {name for _, name, *_ in QUOTED.findall(text)}}

    def anew(row: re.Match[str]) -> str:
        before, name, point, arm, what, _ = row.groups()
        rates, quantities = (
            table[(table["value"] == float(point)) & (table["arm"] == arm.strip("`"))]
            for table in (counted[name].rates, counted[name].quantities)
        )
        of_attempts = rates[(rates["kind"] == what) | (rates["outcome"] == what) & (rates["kind"] == "harm")]
        of_attempts = of_attempts.rename(columns={"rate": "mean"})
        each = quantities[(quantities["quantity"] == what) & quantities["per"].isin(["attempt", "case"])]
        (found,) = (table.iloc[0] for table in (of_attempts, each) if len(table) == 1)
        return f"{before}{found['mean']:.3g} ({found['low']:.3g} to {found['high']:.3g}) |"

    on_file(COUNTED, QUOTED.sub(anew, text))


@pytest.mark.parametrize("name", ["capacity", "consent", "refresh_race", "storm", "outage"])
def test_prose_types_no_number_that_is_counted_in_time(name: str) -> None:
    """What its rows say is told in words: a number in prose is of what was put in."""
    text = COUNTED.read_text(encoding="utf-8")
    assert any(row[1] == name and "(" in row[5] for row in QUOTED.findall(text))
    (prose,) = re.findall(rf"`{name}`: (?:.(?!\n\* ))+", text, re.DOTALL)
    assert not re.search(r"per cent|\d %|\b0\.0\d", prose)


def test_a_client_that_is_named_with_its_release_stands_under_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value may have the sign in it by which switches are told from values."""
    monkeypatch.setattr(pages, "check", Mock())
    asked = pages._under("CD design=mcp-python==2.3.0;cap=mal_as", "iss_check=off")
    assert asked.configuration == "design=mcp-python==2.3.0;cap=mal_as;iss_check=off"
