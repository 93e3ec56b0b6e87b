"""A page of a text says what the model answers: what rests on an obligation, what it costs, and what asks that."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from model.drafts import TEXTS
from model.named_designs import DEPLOYMENTS
from openworld import diff, text_pages
from openworld.cli import main
from properties.security import Property, find


def run(*words: str):
    return CliRunner().invoke(main, list(words))


def only(monkeypatch: pytest.MonkeyPatch, *codes: str) -> None:
    """Ask about some properties alone, against the strongest of two attackers, in two environments."""
    asked: dict[str, Property] = {find(code).name: find(code) for code in codes}
    for module in (text_pages, diff):
        monkeypatch.setattr(module, "every_property", lambda *_: asked)
    monkeypatch.setattr(text_pages, "AGAINST", ("cap=mal_as+mal_rs+mal_tenant",))
    few = {name: DEPLOYMENTS[name] for name in ("plain", "as_without_echo")}
    monkeypatch.setattr(text_pages, "DEPLOYMENTS", few)


@pytest.mark.parametrize(
    ("code", "before", "after", "idle", "sign"),
    [
        ("TC", "safe", "attack", False, "✓"),
        ("TC", "attack", "safe", False, "✗"),
        ("TC", "attack", "safe", True, "–"),
        ("TC", "not_in_this_world", "attack", False, "–"),
        ("TC", "unknown", "attack", False, "?"),
        ("FC", "reached", "not_reached", False, "✓"),
        ("FC", "not_reached", "reached", False, "✗"),
    ],
)
def test_what_shows_nothing_is_no_guarantee(code, before, after, idle, sign) -> None:
    """Neither who gets nowhere nor a world that could not violate it; what is reached is no guarantee either."""
    flips = text_pages.Flips(find(code), before, after, ("", ""), idle)
    assert (flips.sign, flips.guarantees) == (sign, sign == "✓" and code == "TC")


def test_a_page_has_what_the_text_costs_and_where_a_role_stands_alone(monkeypatch) -> None:
    """Clients that insist on an echo keep themselves out where AS send none; the page has the text's own words."""
    only(monkeypatch, "FC")
    found = text_pages.found("echo")
    assert {name: [each.sign for each in flips] for name, flips in found.first.items()} == {
        "client": ["✗"],
        "authorization_server": [],
    }
    assert {name: [each.prop.code for each in flips] for name, flips in found.costs.items()} == {
        "as_without_echo": ["FC"]
    }
    said = text_pages.page(found)
    assert "MUST require the `resource` parameter" in said
    assert "(`RTR-3.2-require`)" in said, "what no rule carries"
    assert found.row()["environments in which honest parties lose something"] == "1 of 2"


def test_a_page_has_what_the_text_adds(monkeypatch) -> None:
    """The echo keeps tokens: AS alone are enough, and clients alone only keep themselves out."""
    only(monkeypatch, "TC")
    found = text_pages.found("echo")
    assert {name: [(each.sign, each.idle) for each in flips] for name, flips in found.first.items()} == {
        "client": [("–", True)],
        "authorization_server": [("✓", False)],
    }
    assert found.row()["guarantees added"] == "TC"


@pytest.mark.parametrize(
    ("name", "code", "enough"),
    [
        ("iss", "CD", [["h_iss=yes and iss_check=advertised"]]),
        pytest.param(
            "echo",
            "TC",
            [["as_resource=honor"], ["echo=req and as_echo=yes and as_resource=honor"]],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_page_says_what_of_the_text_is_enough(monkeypatch, name: str, code: str, enough: list[list[str]]) -> None:
    """Each set is safe by itself; with less of it there is an attack, and honest parties may need more to finish."""
    only(monkeypatch, code)
    found = text_pages.found(name)
    ((flip, sets),) = found.enough.items()
    head, lacking = text_pages.lacked(name)
    for one in sets:
        for lost in (None, *one.done):
            done = [each for each in one.done if each != lost]
            undone = [f"{each.switch}={value}" for each, value in lacking.items() if each not in done]
            said = run("verdict", code, ";".join([head, *undone, flip.where])).output
            assert re.search(rf"^verdict +{'safe' if lost is None else 'attack'}\b", said, re.M), lost
    said = [[" and ".join(f"{each.switch}={each.value}" for each in (*one.done, *one.needed))] for one in sets]
    assert said == enough
    assert "| not decided in time |" not in text_pages.page(found)


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ([[0], [1]], "It is one way to keep CD; another part of the text does so too."),
        ([[0, 1]], "It is needed for CD, against the attackers of the whole text."),
        ([[1]], "No verdict rests on it."),
    ],
)
def test_what_is_said_of_an_obligation_is_what_is_enough(sets: list[list[int]], said: str) -> None:
    """Where nothing flipped by it alone, the sets that are enough say whether it matters."""
    both = TEXTS["iss"].obligations
    flip = text_pages.Flips(find("CD"), "safe", "attack", ("", ""))
    enough = [text_pages.Enough([both[each] for each in one], []) for one in sets]
    found = text_pages.TextFound("iss", (), {each: [] for each in both}, [flip], {}, {}, {}, {flip: enough})
    first = text_pages.page(found).partition("undone: `no`")[0]
    assert said in first
    assert first.count("No verdict rests on it.") == (sets == [[1]])


def test_sets_that_were_not_found_in_time_are_undecided() -> None:
    flip = text_pages.Flips(find("CD"), "safe", "attack", ("", ""))
    found = text_pages.TextFound(
        "iss", (), {each: [] for each in TEXTS["iss"].obligations}, [flip], {}, {}, {}, {flip: None}
    )
    assert found.undecided == 1


def test_what_takes_too_long_is_named_and_not_taken_for_safe(monkeypatch) -> None:
    only(monkeypatch, "CD")
    monkeypatch.setattr("properties.variants.TOGETHER", 0.0)
    monkeypatch.setattr("properties.variants.SHARED", 0.0)
    monkeypatch.setattr("properties.variants.ALONE", 0.0)
    found = text_pages.found("issuer")
    assert found.undecided
    assert "Not decided in time: CD, as `openworld verdict CD" in text_pages.page(found)


def test_pages_go_into_a_folder_with_a_table_of_them(monkeypatch, tmp_path: Path) -> None:
    """Each text has a line, and a page of the name in it; a page alone is printed."""
    only(monkeypatch, "FC")
    few = {name: TEXTS[name] for name in ("issuer", "par")}
    monkeypatch.setattr("openworld.commands.vocabulary.TEXTS", few)
    assert run("list", "drafts", "--page", "-o", str(tmp_path)).exit_code == 0
    table = (tmp_path / "index.md").read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"index.md", *re.findall(r"\((\w+\.md)\)", table)}
    assert {path.stem for path in tmp_path.iterdir()} == {"index", *few}
    assert run("list", "drafts", "par", "--page").stdout == (tmp_path / "par.md").read_text(encoding="utf-8")


def test_without_a_name_a_table_says_of_each_text_what_was_read_and_what_is_left_out() -> None:
    """It needs no answer; the rows that it counts are those at the end of the page of a text."""
    lines = run("list", "drafts", "--page").stdout.splitlines()
    assert [re.match(r"\| `(\w+)` \|", line)[1] for line in lines[2:]] == [*TEXTS]
    (echo,) = (line.split(" | ") for line in lines if line.startswith("| `echo` |"))
    assert echo[2].endswith("-03 of 2026-03-23")
    assert echo[3:] == ["client, authorization server", "5 of 5", f"{len(text_pages.not_carried('echo'))} |"]


@pytest.mark.parametrize(
    "words", [("--page", "--format", "json"), ("echo", "--page", "--format", "json"), ("echo", "-o", "there")]
)
def test_what_is_no_page_is_refused(words: tuple[str, ...]) -> None:
    ran = run("list", "drafts", *words)
    assert (ran.exit_code, len(ran.stderr.strip().splitlines())) == (2, 1)


@pytest.mark.parametrize("name", ["mission", "mission_runtime", "mission_attenuation", "rebinding"])
def test_what_a_page_prints_is_what_the_commands_on_it_say(monkeypatch, name: str) -> None:
    """Each line of a page about delegation, asked by itself, in the world that its properties claim."""
    only(monkeypatch, "DC", "RV", "AT", "CS")
    monkeypatch.setattr(text_pages, "AGAINST", ("cap=none", "cap=mal_sub_agent;block=yes"))
    said = text_pages.page(text_pages.found(name))
    lines = re.findall(r"\(([A-Z]{2})\) \| ([\w ]+) \| ([\w ]+) \| `(.+?)`<br>`(.+?)` \|", said)
    assert ("RV" if name == "mission_runtime" else "DC") in {line[0] for line in lines}
    for _, first, second, *commands in lines:
        for result, asked in zip((first, second), commands, strict=True):
            _, verb, code, config = asked.replace("'", "").split(" ", 3)
            assert re.search(rf"^verdict +{result}\b", run(verb, code, config).output, re.M), asked
    assert "* RV: `openworld verdict RV" in said, "what the texts leave open"


def test_a_text_is_put_to_those_who_read_messages(monkeypatch) -> None:
    """A code that leaks is no party of any world: without it PKCE guarantees nothing."""
    only(monkeypatch, "CB")
    monkeypatch.setattr(text_pages, "AGAINST", ("cap=none", "cap=code_leak"))
    assert [each.prop.code for each in text_pages.found("pkce").whole if each.guarantees] == ["CB"]


def test_a_text_is_put_to_a_power_that_it_gives(monkeypatch) -> None:
    """A JWT that the platform signs may leak from there; who signs for itself has nothing there that could."""
    only(monkeypatch, "CA")
    found = text_pages.found("spiffe")
    assert found.against[1:] == ("cap=platform_leak",)
    told = {each.switch: flips for each, flips in found.alone.items()}
    assert [each.sign for each in told["assertion_by"] or ()] == ["✗"]
    assert "`cap=platform_leak`." in text_pages.page(found)


def test_a_page_names_what_the_model_has_of_a_text_and_does_not_ask(monkeypatch) -> None:
    """DPoP has a nonce in the model, which no party is asked for; a row that is asked is not named again."""
    only(monkeypatch, "FC")
    said = text_pages.page(text_pages.found("dpop"))
    (part,) = re.findall(r"## In the model, but not asked above\n\n(.*?)\n## ", said, re.DOTALL)
    assert "(`DPOP-9-nonce`)" in part
    assert "By `dpop_replay`." in part
    assert "DPOP-5-bind" not in part
    assert not {each.row for each in TEXTS["mtls"].obligations} & text_pages.beside("mtls").keys()
