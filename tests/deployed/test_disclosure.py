"""No public text names a client together with what a current release of it loses, before its date."""

import ast
import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.disclosure import PAGES, attack_table, breaches, current, due, opened, written
from deployed import disclosure
from deployed.disclosure import HIDDEN, losses, reports

ROOT = Path(__file__).parents[2]
TODAY = datetime.date.today()
#: Said of a release that loses it, each in the words of another kind; all of it is public by the register as it is.
SAID = (
    "ts-sdk-v1 1.32.2 goes on in M08.",
    "TypeScript is fine. The MCP TypeScript SDK 1.32.2 falls for something.",
    "| ts-sdk-v1 | code_delivery |",
    "@modelcontextprotocol/sdk lacks `client.metadata_issuer_matches`.",
    '| 7. | `openworld verdict CD "design=ts-sdk-v1==1.32.2;cap=mal_as"` | attack in 7 steps |',
    "* ts-sdk-v1 1.24.0 is in M10 as later releases are.",
)
#: Of a release that is no longer supported, or of nobody.
MAY_BE_SAID = (
    "mcp-python 1.28.1 loses what 1.30 keeps.",
    "A current client falls for M11.",
    "ts-sdk-v1 1.32.2 steps up.\n\nOne client falls for M08.",
)


def texts() -> Iterator[Path]:
    """What people read of this project without asking it."""
    yield from ROOT.glob("*.md")
    for pattern in ("docs/**/*.md", "openworld/data/**/*.md", "*/data/README.md"):
        yield from ROOT.glob(pattern)
    yield from (*ROOT.glob("notebooks/*.py"), *ROOT.glob("benchmarks/*.md"))


@pytest.mark.parametrize("path", [*texts()], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_names_a_client_with_what_is_open(path: Path) -> None:
    """Name it by its kind until the day, or record the public text in deployed/data/disclosures.toml."""
    assert [*breaches(path.read_text(encoding="utf-8"), TODAY)] == []


@pytest.mark.parametrize("package", ["openworld", "simulations"])
def test_no_caption_does(package: str) -> None:
    """Captions, help and what a page is made of are texts in modules."""
    for path in (ROOT / package).rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        said = [str(one.value) for one in nodes if isinstance(one, ast.Constant) and " " in str(one.value)]
        assert [*breaches("\n\n".join(said), TODAY)] == [], path


@pytest.mark.parametrize("said", SAID)
def test_a_text_that_does_is_found(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rows that make it public; with them it may be said."""
    assert [*breaches(said, TODAY)] == [] or "falls for something" in said
    monkeypatch.setattr(disclosure, "reports", tuple)
    assert [*breaches(said, TODAY)]


@pytest.mark.parametrize("said", MAY_BE_SAID)
def test_what_is_nameless_or_no_longer_so_may_be_said(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosure, "reports", tuple)
    assert [*breaches(said, TODAY)] == []


@pytest.mark.parametrize("page", PAGES)
def test_pages_and_register_say_the_same(page: str) -> None:
    """As `python -m benchmarks.disclosure` writes them; what stays hidden after its day is no fault."""
    text = (ROOT / PAGES[page]).read_text(encoding="utf-8")
    assert text in {written(page, text, day) for day in (TODAY, datetime.date.min)}


def test_a_report_under_embargo_hides_its_client_until_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row and its text come on the day; before that it is counted."""
    day = datetime.date(2027, 3, 1)
    sent = replace(reports()[0], software="Mine", state="sent", until=day)
    monkeypatch.setattr(disclosure, "reports", lambda: (sent,))
    before, page = day - datetime.timedelta(1), (ROOT / PAGES["disclosure"]).read_text(encoding="utf-8")
    assert [*breaches(SAID[0], before)]
    assert [*breaches(SAID[0], day)] == []
    assert "| Mine |" not in written("disclosure", page, before)
    assert "| Mine |" in written("disclosure", page, day)
    assert f"under embargo: 1, until {day}." in written("disclosure", page, before)


def test_a_cell_is_shown_once_all_of_it_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    def row() -> str:
        return next(line for line in attack_table(TODAY) if line.startswith("| ts-sdk-v1 1.32.2 "))

    told = replace(reports()[0], shows=tuple(losses()["ts-sdk-v1==1.32.2"]))
    falls = sum(bool(lost) for lost, _ in disclosure.attacked()["ts-sdk-v1==1.32.2"].values())
    before = row()
    monkeypatch.setattr(disclosure, "reports", lambda: (told,))
    assert HIDDEN in before
    assert HIDDEN not in row()
    assert (f"| {falls} |" in before, f"| {falls} |" in row()) == (False, True)


def test_a_way_to_lose_a_code_that_is_not_public_is_withheld_though_another_is() -> None:
    """A rule covers its scenarios; a property covers no play."""
    lost = ("authorization", "code_delivery")
    plays = ("M08_mixup_iss", "M09_mixup_no_iss", "M11_token_endpoint_elsewhere", "attack_mal_as_0")
    held = [disclosure.withheld("ts-sdk-v1", play, "A", lost, TODAY) for play in plays]
    assert held == [False, False, True, True]
    assert not disclosure.withheld("mine", "M08_mixup_iss", "a", (), TODAY)
    assert disclosure.withheld("mine", "M07_state_missing", "A", (), TODAY)


def test_a_release_has_lost_what_it_gave_away_and_not_what_it_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenario by scenario; one of which only attacks are known may have lost what anybody has."""
    seen = {"M08_mixup_iss": SimpleNamespace(misdelivered=True, stage="A")}
    seen["A01_issuer_other"] = SimpleNamespace(misdelivered=False, stage="d")
    monkeypatch.setattr(disclosure, "measured", lambda: {"mine==1": seen})
    monkeypatch.setattr(disclosure, "attacked", lambda: {"other==1": {"trace": ({"code_delivery"}, set())}})
    monkeypatch.setattr(disclosure, "overlooked", lambda _: ())
    assert losses.__wrapped__() == {"mine==1": {"M08"}, "other==1": {"M08", "code_delivery"}}


def test_current_is_the_last_release_of_each_major_version() -> None:
    assert current("mcp-python") == ("mcp-python==1.30.0", "mcp-python==2.3.0")
    assert "M08" not in opened("mcp-python", TODAY)  # 1.30.0 goes on there, which is public
    assert "mcp-python" in due(TODAY)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"shows": ("M99",)}, "M99"),
        ({"clients": ("mine",)}, "mine"),
        ({"where": ""}, "where does a public text say so?"),
    ],
)
def test_a_row_that_says_nothing_is_an_error(row: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        disclosure.check(replace(reports()[0], **row))  # type: ignore[arg-type]
