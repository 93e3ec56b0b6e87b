"""The report as people use it: in a browser, by mouse and by keyboard, on a telephone, in the dark and on paper."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from openworld.report import page, read

#: The address of the one run.
RUN = "run-rfc6749--mal_as--code_delivery"
AXE = "axe-core@4.14.1"
#: Pixels of a page of A4 between its margins, upright and across.
UPRIGHT, ACROSS = 688, 1016
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def address(study_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the page is, alone in a folder: it has to do without anything else."""
    path = tmp_path_factory.mktemp("alone") / "report.html"
    path.write_text(page(read(study_folder)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens the page; fails in the end if the console complained or anything else was asked for."""
    contexts, said, asked = [], [], []

    def open_page(**how: Any) -> Any:
        context = browser.new_context(**{"viewport": WIDE, **how})
        contexts.append(context)
        shown = context.new_page()
        shown.on("console", lambda message: said.append(message.text))
        shown.on("pageerror", lambda error: said.append(str(error)))
        shown.on("request", lambda request: asked.append(request.url))
        shown.goto(address)
        return shown

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert {url.partition("#")[0] for url in asked if not url.startswith("data:")} == {address}


def rows(shown: Any) -> list[str]:
    """The rows of the matrix that are visible, by attacker and design."""
    visible = shown.locator("#verdicts tbody tr:visible")
    return [f"{row.get_attribute('data-attacker')}/{row.get_attribute('data-design')}" for row in visible.all()]


def test_the_filter_filters(opened: Callable[..., Any]) -> None:
    """Rows, columns and charts follow the filter, the count is announced, and a button brings everything back."""
    shown = opened()
    assert len(rows(shown)) == 4
    assert shown.locator("output").inner_text() == "4 of 4 rows"
    shown.get_by_label("attacker", exact=True).select_option("mal_as")
    assert rows(shown) == ["mal_as/rfc6749", "mal_as/mcp"]
    shown.get_by_label("verdict", exact=True).select_option("attack")
    assert rows(shown) == ["mal_as/rfc6749"]
    assert shown.locator("#runs article:visible").count() == 1
    shown.get_by_label("property", exact=True).select_option("authorization")
    assert rows(shown) == []
    assert shown.get_by_text("No run fits the filter.").is_visible()
    shown.get_by_role("button", name="Show all").click()
    shown.locator("output", has_text="4 of 4 rows").wait_for()
    assert len(rows(shown)) == 4
    assert shown.locator("#verdicts thead th:visible").count() == 5


def test_a_cell_leads_to_its_chart_by_keyboard(opened: Callable[..., Any]) -> None:
    """Enter on a cell opens the chart of the attack and takes the focus there, also when it was filtered away."""
    shown = opened()
    shown.get_by_role("link", name="CD: attack in 7 steps").focus()
    shown.keyboard.press("Enter")
    shown.locator(f"#{RUN} > details[open]").wait_for()
    assert shown.evaluate("document.activeElement.id") == RUN
    assert shown.get_by_text("code_verifier=<user's verifier>").first.is_visible()
    shown.get_by_label("design", exact=True).select_option("mcp")
    assert not shown.locator(f"#{RUN}").is_visible()
    shown.evaluate("location.hash = ''")
    shown.evaluate(f"location.hash = '#{RUN}'")
    shown.locator(f"#{RUN}:focus").wait_for()
    assert shown.locator(f"#{RUN}").is_visible()


def test_everything_can_be_reached_with_the_tab_key(opened: Callable[..., Any]) -> None:
    """The first stop is a way past the menu; filter, table and charts follow, and none is a trap."""
    shown = opened()
    stops = []
    for _ in range(40):
        shown.keyboard.press("Tab")
        stops.append(shown.evaluate("document.activeElement.name || document.activeElement.tagName"))
    assert shown.locator(".skip").get_attribute("href") == "#main"
    assert stops[0] == "A"
    assert {"attacker", "design", "property", "verdict", "SUMMARY", "DIV"} <= set(stops)


def test_links_lead_somewhere(opened: Callable[..., Any]) -> None:
    """Every link of the page has its target on the page."""
    shown = opened()
    lost = shown.evaluate(
        """[...document.querySelectorAll('a')]
            .filter(a => !document.getElementById(a.hash.slice(1))).map(a => a.outerHTML)"""
    )
    assert lost == []
    assert shown.locator("a").count() > 8


def test_a_narrow_screen_needs_no_sideways_scrolling(opened: Callable[..., Any]) -> None:
    """Only tables scroll, within themselves; a chart is as wide as the screen."""
    shown = opened(viewport=NARROW)
    shown.locator("#runs article summary").click()
    assert shown.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    box = shown.locator(".chart").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW["width"]


def test_without_scripts_everything_is_there(opened: Callable[..., Any]) -> None:
    """The filter is hidden, the table is whole, charts open by themselves."""
    shown = opened(java_script_enabled=False)
    assert not shown.locator("#filter").is_visible()
    assert shown.locator("#verdicts tbody tr").count() == 4
    shown.locator("#runs article summary").click()
    assert shown.locator("#runs").get_by_text("POST /token").is_visible()


def test_dark_mode_is_dark(opened: Callable[..., Any]) -> None:
    """The page follows the reader's choice."""
    assert opened().evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    dark = opened(color_scheme="dark")
    assert dark.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 24, 27)"


def test_on_paper_is_what_was_opened_and_controls_are_gone(opened: Callable[..., Any], tmp_path: Path) -> None:
    """What is printed has the charts that its reader opened, no others, and no form."""
    shown = opened()
    shown.emulate_media(media="print")
    assert not shown.locator("#runs article").is_visible()
    shown.locator("#runs details").evaluate("details => { details.open = true; }")
    assert shown.locator("#runs").get_by_text("POST /token").is_visible()
    assert not shown.locator("#filter").is_visible()
    for width, tables in ((ACROSS, ".tall table"), (UPRIGHT, ".scroll:not(.tall) table")):
        shown.set_viewport_size({"width": width, "height": 900})
        widths = shown.locator(tables).evaluate_all("tables => tables.map(each => each.getBoundingClientRect().right)")
        assert widths
        assert max(widths) <= width
    shown.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 20_000


def test_a_choice_has_an_address(opened: Callable[..., Any]) -> None:
    """What was filtered for is in the address, which brings it back on a page that was made anew."""
    shown = opened()
    shown.get_by_label("attacker", exact=True).select_option("mal_as")
    shown.get_by_label("verdict", exact=True).select_option("attack")
    address = shown.evaluate("location.hash")
    assert address == "#matrix?attacker=mal_as&verdict=attack"
    again = opened()
    again.evaluate("address => { location.hash = address; }", address)
    again.locator("output", has_text="1 of 4 rows").wait_for()
    assert rows(again) == ["mal_as/rfc6749"]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened: Callable[..., Any], installed_from_npm: Callable[[str], Path], scheme: str) -> None:
    """Names, roles, order of headings and contrast, with everything open, in both colour schemes."""
    script = (installed_from_npm(AXE) / "axe.min.js").read_text(encoding="utf-8")
    shown = opened(color_scheme=scheme, bypass_csp=True)
    shown.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    shown.evaluate(script)
    found = shown.evaluate("axe.run(document, {resultTypes: ['violations']})")
    complaints = [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found["violations"]]
    assert complaints == []
    assert len(found["passes"]) > 20


@pytest.mark.slow
def test_names_and_roles_without_axe(opened: Callable[..., Any]) -> None:
    """Every section, region, control and picture has a name; there is one main part and one first heading."""
    shown = opened()
    nameless = shown.evaluate(
        """[...document.querySelectorAll('section, [role=region], nav, img, select, button, table, article')]
            .filter(e => {
                const by = document.getElementById(e.getAttribute('aria-labelledby') || '');
                const label = e.labels && e.labels[0];
                return ![by && by.textContent, e.getAttribute('aria-label'), e.alt, label && label.textContent,
                         e.caption && e.caption.textContent, e.tagName === 'BUTTON' && e.textContent]
                    .some(name => name && name.trim());
            }).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert nameless == []
    assert shown.locator("main").count() == shown.locator("h1").count() == 1
