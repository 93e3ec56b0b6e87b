"""Worlds on the command line, in configurations and in files; what restricts an attacker is no part of a design."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from refused import refused

from model.clients import clients
from model.design import parse
from model.named_designs import NAMED_DESIGNS
from model.switches import SWITCHES
from model.world_file import DEFAULT, WORLDS, find_world
from openworld.expectations import ExpectationError, read
from openworld.tables.clients import SITUATIONS, ClientCase
from openworld.tables.verdicts import cases
from properties.checker import Checker
from properties.designs import MECHANISMS
from properties.explain import explain
from properties.security import PROPERTIES

RESTRICTIONS = {name: switch for name, switch in SWITCHES.items() if switch.kind == "restriction"}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A world of one's own: two honest AS of which the second has a policy of its own."""
    text = files("model").joinpath("worlds", "two_as.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('name = "two_as"', 'name = "mine"', 1), encoding="utf-8")
    return path


# --- the command -------------------------------------------------------------------------------------------


def test_worlds_lists_what_ships(run) -> None:
    """Every world is listed with its concern, parties, sessions and grants, as text and as data."""
    shown = run("list", "worlds").output
    data = {each["name"]: each for each in json.loads(run("list", "worlds", "--format", "json").output)}
    assert list(data) == list(WORLDS)
    for world in WORLDS.values():
        assert f"{world.name}: {world.concern}" in shown
        for name in [party.name for party in world.parties]:
            assert name in shown
        assert [each["name"] for each in data[world.name]["parties"]] == [party.name for party in world.parties]
        assert [each["name"] for each in data[world.name]["grants"]] == [grant.name for grant in world.grants]
    assert "as.user.1, as.attacker.1" in shown


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_is_shown_whole(run, name: str) -> None:
    """Everything that a world says of a party is in what is shown of it."""
    shown = run("list", "worlds", name).output
    for party in WORLDS[name].parties:
        said = (party.url, *party.run_by, *party.present_with, *party.designates, *party.trusts, *party.policy)
        assert all(str(each) in shown or f"{each[0]}={each[1]}" in shown for each in said), party
    for session in WORLDS[name].sessions:
        assert session.name in shown


def test_a_file_is_checked_and_shown(run, mine: Path) -> None:
    """The world of a file is shown like those that ship; how to ask in it is said."""
    result = run("list", "worlds", mine)
    assert result.exit_code == 0
    assert f"asked by world={mine}" in result.output
    assert json.loads(run("list", "worlds", mine, "--format", "json").output)[0]["name"] == "mine"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('role = "client"', 'role = "clint"', "line 12: role: unknown 'clint'; did you mean 'client'?"),
        ("[[party]]", "[[party]", "(at line 12, column 8)"),
        ('name = "mine"', 'nam = "mine"', "unknown key 'nam'"),
    ],
)
def test_a_bad_file_is_one_line(run, mine: Path, old: str, new: str, says: str) -> None:
    """File, line and key in one line, exit code 2, whichever command reads the file."""
    text = mine.read_text(encoding="utf-8")
    mine.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    for arguments in (["list", "worlds", mine], ["verdict", "CD", f"world={mine}"]):
        said = refused(run(*arguments))
        assert str(mine) in said
        assert says.replace("line 12", f"line {line}") in said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no world or world file"),
        (b"", "line 1: a world lacks 'name'"),
        (b"name = ", "Invalid value"),
        (b"\xff\xfe", "is not a text file in UTF-8"),
        (b'name = "x"\nparty = 5', "line 2: party: 5 is no list"),
        (b'name = "x"\n[[session]]\nname = "s"\nclient = "c"', "line 4: client names an honest client: unknown 'c'"),
        (b'name = "x"\n[[grants]]\nserver = "a"\nuser = "u"\ncount = 99', "line 3: server names an honest AS"),
    ],
)
def test_what_is_no_world_is_one_line(run, tmp_path: Path, content: bytes | None, says: str) -> None:
    """A file that is not there, is no text, no TOML or no world; the same whichever command reads it."""
    file = tmp_path / "none.toml"
    if content is not None:
        file.write_bytes(content)
    for arguments in (["list", "worlds", file], ["verdict", "AZ", f"world={file}"], ["trace", "AZ", f"world={file}"]):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert len(result.stderr.splitlines()) == 1
        assert says in result.stderr


def test_the_schema_of_a_world_file_is_printed(run) -> None:
    """Editors read it; who writes a world with it is told by them what the command would say."""
    printed = json.loads(run("list", "worlds", "--schema").output)
    assert list(printed["properties"])[:2] == ["name", "concern"]


# --- in configurations -------------------------------------------------------------------------------------


def test_a_configuration_asks_in_the_world_that_it_names(run, mine: Path) -> None:
    """A question about a second AS without iss is answered where there is one, and the trace can be replayed."""
    config = f"world={mine};cap=mal_as;as2:h_iss=no"
    data = json.loads(run("verdict", "CD", config, "--format", "json").output)
    assert (data["world"], data["verdict"]) == ("mine", "attack")
    assert data["configuration"] == f"cap=mal_as;world={mine};as2:h_iss=no"
    (mine.parent / "trace.json").write_text(run("trace", "CD", config, "--format", "json").output, encoding="utf-8")
    assert run("check", mine.parent / "trace.json").exit_code == 0


def test_each_property_is_asked_in_its_own_world() -> None:
    """Whoever names no world is asked in the one that claims the question, and in the default one else."""
    worlds = {prop.code: prop.world_of(parse("cap=mal_as")) for prop in PROPERTIES.values()}
    assert worlds["DC"] is WORLDS["delegation"]
    assert worlds["CD"] is DEFAULT
    assert PROPERTIES["authorization"].world_of(parse("design=aauth")) is WORLDS["aauth"]
    assert PROPERTIES["authorization"].world_of(parse("design=aauth;world=default")) is DEFAULT


def test_rows_and_cells_know_their_world() -> None:
    """Cells of tables whose world or party differs are not taken for one question."""
    keys = {
        ClientCase("mcp-python", SITUATIONS[0]._replace(configuration=f"cap=mal_as;h_iss=no{more}")).key
        for more in ("", ";world=two_as", ";world=two_as;as2:h_iss=yes")
    }
    assert len(keys) == 3
    first = cases()[-1]
    assert first.prop.kind == "utility"
    assert first.key != first._replace(design=f"{first.design};world=two_as").key


@pytest.mark.slow
def test_the_difference_can_be_one_party_or_the_world() -> None:
    """What flips a verdict is told when it is the policy of a single party, or the world."""
    checker, prop = Checker(), PROPERTIES["first_contact"]
    one = explain(prop, parse("world=mixup"), parse("world=mixup;client:prm=off"), checker)
    assert (one.second.result, one.changes) == ("not_reached", {"client:prm": ("exact", "off")})
    back = explain(prop, parse("world=mixup;client:prm=off"), parse("world=mixup"), checker)
    assert back.changes == {"client:prm": ("off", "exact")}


def test_expectations_name_worlds_and_parties(mine: Path) -> None:
    """A world file is looked for beside the expectations; a party that is not there is named with its line."""
    file = mine.parent / "openworld.toml"
    table = '[[expect]]\nagainst = ["mal_as"]\nswitches = { "as2:h_iss" = "no" }\nfails = ["code_delivery"]\n'
    file.write_text(f'{table}world = "mine.toml"\n', encoding="utf-8")
    (asked,) = read(file)
    configuration = parse(asked.configuration)
    assert find_world(configuration.world) == find_world(str(mine))
    assert configuration.design.parties == {("as2", "h_iss"): "no"}
    file.write_text(table, encoding="utf-8")
    with pytest.raises(ExpectationError, match=r"line 3, \[\[expect\]\]: switches: world 'default' has no party 'as2'"):
        read(file)
    file.write_text(f'{table}world = "theirs.toml"\n', encoding="utf-8")
    with pytest.raises(ExpectationError, match=r"line 5, \[\[expect\]\]: world: no world or world file"):
        read(file)


# --- restrictions ------------------------------------------------------------------------------------------


def test_restrictions_are_no_part_of_designs(run) -> None:
    """No named design, deployed client or mechanism says what an attacker may not do; listings keep them apart."""
    assert RESTRICTIONS
    designs = [*(parse(text).design for text in NAMED_DESIGNS.values()), *(each.design for each in clients().values())]
    assert all(not set(design.changes()) & set(RESTRICTIONS) for design in designs)
    assert not {switch for switch, _, _ in MECHANISMS.values()} & set(RESTRICTIONS)
    shown = run("list", "designs", "--switches").output
    part = shown[shown.index("restriction switches: what a question forbids the attacker") :]
    assert all(f"  {name} = free*" in part for name in RESTRICTIONS)
    listed = {line.partition("=")[0] for line in run("list", "designs", "--switches", "mcp").output.splitlines()}
    assert listed == SWITCHES.keys() - RESTRICTIONS.keys()


def test_whose_a_switch_can_be_is_listed(run) -> None:
    """The vocabulary says how a switch is set for one party, and of which roles it is."""
    shown = run("list", "designs", "--switches").output
    assert "one party's: PARTY:h_iss (authorization_server or proxy)" in shown
    data = {
        each["name"]: each
        for each in json.loads(run("list", "designs", "--switches", "--format", "json").output)["switches"]
    }
    assert all(tuple(each["roles"]) == SWITCHES[name].roles for name, each in data.items())


def test_files_of_one_content_are_one_question(tmp_path: Path, mine: Path) -> None:
    """A verdict about a world file is kept under what it says: moved it is found, changed it is not."""
    from openworld.cache import Cache
    from openworld.jobs import Question
    from properties.verdict import check

    known, moved = Cache(tmp_path / "verdicts"), mine.with_name("moved.toml")
    asked = Question("CD", f"cap=mal_as;iss_check=off;world={mine}")
    known.put(asked, check(asked.property, parse(asked.configuration)).to_json())
    mine.rename(moved)
    again = asked._replace(configuration=asked.configuration.replace(str(mine), str(moved)))
    found = known.get(again)
    assert found is not None
    assert found.configuration == parse(again.configuration)
    assert found.trace is not None
    assert found.trace.world.file == str(moved)
    assert found.world == find_world(str(moved))
    moved.write_text(moved.read_text(encoding="utf-8").replace("concern = ", 'concern = "another; " # ', 1), "utf-8")
    assert known.get(again) is None
