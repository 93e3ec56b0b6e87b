"""The report: what is on the page, and what is said where something is missing."""

import json
import os
import re
import shutil
from html import escape, unescape
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result

from openworld.cli import main
from openworld.findings import pages, words
from openworld.report import ReportError, established, page, read
from openworld.tables import environments
from properties.reads import asked_for

GOLDEN = Path(__file__).parent / "golden"
#: The address of the one run of the folder: that of its cell, whatever else a study has.
RUN = "run-rfc6749--mal_as--code_delivery"


def report(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def test_the_page_has_every_part(study_folder: Path) -> None:
    """Summary, matrix, attacks with charts, findings, populations, methods and commands are there."""
    html = page(read(study_folder))
    for part in ("summary", "matrix", "runs", "findings", "populations", "mishaps", "software", "methods", "reproduce"):
        assert f'<section id="{part}"' in html
    assert html.count('<article id="run-') == 1
    assert 'aria-label="CD: attack in 7 steps"' in html
    assert "code_verifier=&lt;user&#39;s verifier&gt;" in html
    assert "openworld trace code_delivery" in html
    assert "1 verdicts are undecided; unknown is never safe." in html
    assert "client.iss_matches_recorded_issuer" in html
    assert html.count("data:image/svg+xml,") == 4
    assert "Not finished" not in html


def test_what_is_not_in_this_world_is_no_tick_on_the_page(study_folder: Path) -> None:
    """Its cells look otherwise than safe ones, it is counted apart, and no design holds for its sake."""
    html = page(read(study_folder))
    cells = re.findall(r'<td class="cell not_in_this_world"[^>]*>(.*?)</td>', html)
    assert len(cells) == 4
    assert all("–" in cell and "✓" not in cell for cell in cells)
    assert "4 verdicts are not in this world" in html
    assert ", 2 not in this world" in html


def test_assumptions_are_said_in_words_with_their_codes() -> None:
    """Alternatives of a value and of a set each by their own words, as many as there are."""
    row = {
        "design": "mcp",
        "code": "CD",
        "property": "code_delivery",
        "kind": "security",
        "verdict": "safe",
        "steps": None,
        "products": "safe",
        "products_steps": None,
        "whatever": "if",
        "configuration": "",
        "assumptions": "h_iss=yes; as_resource=honor or ignore | api=single_path",
    }
    first, second = environments.cell(row)["sets"]
    assert first == (
        "AS sends iss; AS binds the token to the resource asked for or AS ignores the resource asked for",
        "h_iss=yes; as_resource=honor or ignore",
    )
    assert second == ("resource metadata for each path", "api=single_path")


def test_with_a_site_verdicts_and_findings_lead_to_their_answers(study_folder: Path, tmp_path: Path) -> None:
    """Each cell without a run on the page, each command that asks; the run leads on, and nothing else changes."""
    done = report(study_folder, "-o", tmp_path / "page.html", "--site", "https://site.example/?a&b")
    assert done.exit_code == 0, done.output
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    cells = re.findall(r'<td class="cell [^>]*>(.*?)</td>', html)
    assert cells
    assert all("<a href=" in cell for cell in cells)
    links = [unescape(link) for link in re.findall(r'<a href="(https:[^"]*)"', html)]
    questions = [unquote(link.removeprefix("https://site.example/?a&b#")) for link in links]
    known = [asked_for(*each.split("/", 1)) for each in questions if "design=client==1" not in each]  # made up
    assert "code_delivery" in {prop.name for prop, _ in known}
    assert len(re.findall(r"<code>openworld (?:verdict|trace)[^<]*</code></a>", html)) > len(pages.pages())
    plain = page(read(study_folder))
    assert "site.example" not in plain
    kept = re.sub(r'<a href="https://site[^>]*>(.*?)</a>', r"\1", html)
    assert kept.replace(", and from there to its answer; other cells lead there at once", "") == plain


@pytest.mark.parametrize("site", ["javascript:alert(1)", "https://site.example/#code_delivery", "data:,"])
def test_what_is_no_address_of_a_site_is_bad_input(study_folder: Path, tmp_path: Path, site: str) -> None:
    """One line that names it, and no page."""
    done = report(study_folder, "-o", tmp_path / "page.html", "--site", site)
    assert (done.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert done.stderr.startswith(f"openworld: {site!r} is no address of a site: ")


def test_the_page_needs_nothing_else(study_folder: Path) -> None:
    """Nothing is loaded from elsewhere, and everything that is linked to on the page is on it."""
    html = page(read(study_folder))
    sources = re.findall(r'\s(?:src|href|action|srcset)="([^"]*)"', html)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "url(" not in html
    assert "@import" not in html
    ids = re.findall(r'\sid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    assert {source[1:] for source in sources if source.startswith("#")} <= set(ids)


def test_the_first_screen_is_sentences(study_folder: Path) -> None:
    """What was asked, what came out and for whom it is comes before any table or picture."""
    html = page(read(study_folder))
    first = html[html.index('<section id="summary"') : html.index('<section id="others"')]
    assert "do 3 properties hold under 2 designs, against 1 attacker and" in first
    assert "Implementers" in first
    assert "<table" not in first
    assert "<img" not in first


def test_of_each_kind_one_picture_is_shown_and_the_others_are_linked(copied: Path) -> None:
    """An experiment whose kinds of figures were all shown before has links to its own."""
    for folder in ("figures", "simulations"):
        for path in sorted((copied / folder).iterdir()):
            if path.name.startswith("echo"):
                shutil.copy(path, path.with_name(path.name.replace("echo", "second", 1)))
    html = page(read(copied))
    assert html.count("data:image/svg+xml,") == page(read(copied)).count("data:image/svg+xml,")
    assert 'href="figures/second-' in html


def test_equal_runs_stand_there_once(copied: Path) -> None:
    """Two cells with the same run share one chart and link to it."""
    rows = json.loads((copied / "verdicts.json").read_text(encoding="utf-8"))
    attack = next(row for row in rows if row["verdict"] == "attack")
    other = attack["chart"].replace("rfc6749", "another")
    rows.append({**attack, "design": "another", "chart": other})
    (copied / "verdicts.json").write_text(json.dumps(rows), encoding="utf-8")
    for ending in (".txt", ".json"):
        shutil.copy((copied / attack["chart"]).with_suffix(ending), (copied / other).with_suffix(ending))
    html = page(read(copied))
    assert html.count('<article id="run-') == 1
    assert html.count(f'href="#{RUN}"') == 2
    assert "OAuth 2.0 without PKCE; another" in html
    assert f'<span id="{RUN.replace("rfc6749", "another")}"></span>' in html


def test_what_is_in_the_tables_cannot_become_markup(copied: Path) -> None:
    """Names and texts are shown as they are."""
    text = (copied / "verdicts.json").read_text(encoding="utf-8").replace('"mcp"', '"<script>alert(1)</script>"')
    (copied / "verdicts.json").write_text(text, encoding="utf-8")
    html = page(read(copied))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_the_same_folder_gives_the_same_page(study_folder: Path) -> None:
    """There is no date and no chance in the page."""
    assert page(read(study_folder)) == page(read(study_folder))


def test_the_command_writes_where_it_is_told(copied: Path, tmp_path: Path) -> None:
    """By default into the folder, else where -o says; the same page."""
    assert report(copied).exit_code == 0
    said = report(copied, "-o", tmp_path / "one.html").output
    assert said.startswith(f"{tmp_path / 'one.html'}: 12 verdicts, 1 runs")
    assert (tmp_path / "one.html").read_bytes() == (copied / "report.html").read_bytes()


def test_deployed_clients_and_mishaps_are_on_the_page(copied: Path) -> None:
    """Figures in their parts, the same as tables, and the command that counts again."""
    html = page(read(copied))
    software = html[html.index('<section id="software"') : html.index('<section id="methods"')]
    assert 'alt="What is proved of deployed clients. Population: ' in software
    assert '<td class="cell attack"><span aria-hidden="true">✗ 7</span>' in software
    assert "<td><code>cap=mal_as</code></td>" in software
    reach = html[html.index('<section id="mishaps"') : html.index('<section id="software"')]
    assert "One access token is stolen" in reach
    assert '<th scope="row">only sender constraint</th><td>0.0 (0.0 to 0.0)</td>' in reach
    assert html.count("openworld blast-radius token --population measured_2026 --scale 0.01 ") == 2


@pytest.mark.parametrize("gone", ["clients.csv", "simulations/blast-radius-token.csv"])
def test_a_study_without_them_is_a_report(copied: Path, gone: str) -> None:
    """A folder of an older study has the rest; a broken table is named."""
    (copied / gone).write_text("a\n1\n", encoding="utf-8")
    assert f"{copied / gone}, line 1: no column" in page(read(copied))
    (copied / gone).unlink()
    assert "Missing or unreadable" not in page(read(copied))


def test_what_was_established_is_on_the_page(study_folder: Path) -> None:
    """Every page of the findings, every claim with its command, headings one below the other, links from the first."""
    html = page(read(study_folder))
    first = pages.first()
    for name in (*pages.pages(), *first.others):
        anchor, title = f"established-{name}", escape(words.title(name)).replace("&#x27;", "&#39;")
        assert f'id="{anchor}"><summary>{title}</summary>' in html
        assert f'<a href="#{anchor}">' in html
    text = "\n".join(map(pages.text, (*pages.pages(), *first.others)))
    claims = [line for line in text.splitlines() if line.startswith("| ") and "`openworld " in line]
    assert len(claims) > 20
    for line in claims:
        command = line.partition("`openworld ")[2].partition("`")[0]
        assert f"<code>openworld {escape(command)}</code>" in html
    part = html[html.index('id="established"') : html.index('<section id="populations"')]
    assert part.count("<table ") == part.count('<div class="scroll" role="region"') == part.count("<caption") > 3
    assert "<h2" not in part
    assert "| ---" not in part


def test_markdown_is_not_markup() -> None:
    """Tags in it are text, and links lead to other findings alone: the page has to do without other files."""
    html = established._html("a <script>b</script> [c](d)\n\n| e |\n|---|\n| <i> |\n", "<T>", "")
    assert "&lt;script&gt;" in html
    assert "<a " not in html
    assert '<a href="#established-f">e</a>' in established._html("[e](d/f.md) [g](javascript:h)", "T", "")
    assert '<th scope="row">&lt;i&gt;</th>' in html
    assert 'aria-label="&lt;T&gt;: table 1 of 1"' in html


def test_an_interrupted_study_says_so(copied: Path) -> None:
    """A run that was cut short is marked, and sections without data say that there are none."""
    about = json.loads((copied / "run.json").read_text(encoding="utf-8"))
    (copied / "run.json").write_text(json.dumps({**about, "finished": False}), encoding="utf-8")
    for path in (copied / "simulations").iterdir():
        path.unlink()
    html = page(read(copied))
    assert "Not finished." in html
    assert "This folder has no experiments." in html


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        ("run.json", "run.json is missing"),
        ("verdicts.json", "This folder has no verdicts."),
        ("simulations/echo_quantities.csv", "echo_quantities.csv: no such file"),
        ("attacks/rfc6749--mal_as--code_delivery.json", "code_delivery.json: No such file"),
        ("figures/echo-rates.svg", "Its figures are not in this folder."),
        ("figures/echo-rates.txt", "What it does to a population"),
    ],
)
def test_what_is_missing_is_said(copied: Path, gone: str, says: str) -> None:
    """Any one file can be missing; the page says what is, and has the rest."""
    (copied / gone).unlink()
    assert says in page(read(copied))


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("run.json", "{", "run.json cannot be read"),
        ("run.json", "[]", "run.json cannot be read"),
        ("run.json", '{"finished": 1}', "run.json cannot be read: finished: must be true or false, found 1"),
        ("run.json", '{"run": ["x"]}', "run.json cannot be read: run: must be a text, found"),
        ("run.json", '{"seed": NaN}', "run.json cannot be read: not JSON: NaN is no number"),
        ("run.json", '{"seed": "\\ud800"}', "run.json cannot be read: not JSON: "),
        ("run.json", '{"seed": ' + "[" * 5000 + "]" * 5000 + "}", "run.json cannot be read: not JSON: nested too deep"),
        ("run.json", '{"seed": ' + "1" * 99 + "}", "run.json cannot be read: not JSON: a whole number of more than 64"),
        ("verdicts.json", "{", "verdicts.json: not a table: not JSON: Expecting"),
        ("verdicts.json", "[[1]]", "verdicts.json, row 1: no row: columns with values"),
        ("simulations/echo_rates.csv", "a,b\n1,2\n", "echo_rates.csv, line 1: no column"),
        ("simulations/echo_rates.csv", "", "echo_rates.csv, line 1: no column"),
        ("simulations/echo_quantities.csv", "a\n1\n", "What it does to a population"),
        ("attacks/rfc6749--mal_as--code_delivery.json", "{}", "code_delivery.json: not a trace: "),
    ],
)
def test_what_cannot_be_read_is_said(copied: Path, file: str, content: str, says: str) -> None:
    """A broken file is named on the page and by the command; the rest is there."""
    (copied / file).write_text(content, encoding="utf-8")
    assert says in page(read(copied))
    assert report(copied).exit_code == 0


def test_rows_that_cannot_be_read_are_listed_and_the_others_are_there(copied: Path) -> None:
    """Each in one line with its place and what is wrong; of two that say the same of one thing, the first counts."""
    path, table = copied / "verdicts.json", copied / "simulations" / "echo_rates.csv"
    rows = json.loads(path.read_text(encoding="utf-8"))
    rows[0]["steps"], rows[1]["verdict"], rows[3]["kind"] = "many", "atack", None
    path.write_text(json.dumps([*rows, rows[2], 5]), encoding="utf-8")
    lines = table.read_text(encoding="utf-8").splitlines()
    lines[1], lines[2], lines[3] = lines[1] + ",more", lines[2].rpartition(",")[0], lines[3].replace("0.0,", "nan,", 1)
    table.write_text("\n".join([*lines, lines[4], '"']), encoding="utf-8")
    study = read(copied)
    assert study.problems == [
        f"{path}, row 1: steps: must be a whole number or nothing, found 'many'",
        f"{path}, row 2: verdict: unknown verdict 'atack'; did you mean 'attack'?; allowed: attack, safe, "
        "not_in_this_world, reached, not_reached, unknown",
        f"{path}, row 4: kind: unknown kind nothing; allowed: security, utility",
        f"{path}, row 13: of the same design, attacker, property as row 3",
        f"{path}, row 14: no row: columns with values",
        f"{table}, line 2: 1 more values than columns",
        f"{table}, line 3: no value for column 'command'",
        f"{table}, line 4: value: must be a number, found 'nan'",
        f"{table}, line {len(lines) + 1}: of the same value, arm, kind, outcome as line 5",
        f"{table}, line {len(lines) + 2}: not CSV from here on: unexpected end of data",
    ]
    assert len(study.found["verdicts"]) == len(rows) - 3
    assert len(study.found["simulations"]["echo"].rates) == len(lines) - 4
    assert all(escape(problem).replace("&#x27;", "&#39;") in page(study) for problem in study.problems)


def test_where_no_row_can_be_read_there_is_no_table(copied: Path) -> None:
    """One line says so, and not one for every row."""
    path = copied / "clients.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("CD", "").replace("FC", ""), encoding="utf-8")
    assert read(copied).problems == [f"{path}, line 2: code: must not be empty; no row can be read"]


def test_no_trace_leads_out_of_the_folder(copied: Path, tmp_path: Path) -> None:
    """Worlds of studies are those that ship; a file that a trace names is not looked at."""
    path = copied / "attacks" / "rfc6749--mal_as--code_delivery.json"
    for name in (str(tmp_path / "world.toml"), "/dev/zero"):
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "world": name}), encoding="utf-8")
        (problem,) = read(copied).problems
        assert f"not a trace that runs: unknown world {name!r}; allowed: default, " in problem


def test_names_of_files_need_not_be_text(copied: Path) -> None:
    """Other programs call files what they like."""
    Path(os.fsdecode(os.fsencode(copied) + b"/caf\xe9.md")).touch()
    table = copied / "simulations" / "echo_rates.csv"
    table.rename(os.fsdecode(os.fsencode(table.parent) + b"/\xe9_rates.csv"))
    result = report(copied)
    assert result.exit_code == 0, result.output
    assert "caf?.md" in (copied / "report.html").read_text(encoding="utf-8")


def test_files_of_others_are_named(copied: Path) -> None:
    """What a study does not write is not shown, but not passed over either."""
    (copied / "notes.md").write_text("mine", encoding="utf-8")
    assert read(copied).others == ["notes.md"]
    assert "which this page does not show: notes.md." in page(read(copied))


def test_nothing_to_report_on_is_one_line(tmp_path: Path) -> None:
    """No folder, or one without any table, is bad input."""
    for folder in (tmp_path / "missing", tmp_path):
        with pytest.raises(ReportError, match=str(folder)):
            read(folder)
        result = report(folder)
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
