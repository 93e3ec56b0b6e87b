"""A question that names a switch which nothing reads is refused: what is on file is what worlds read."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from textwrap import fill, indent

import pytest
from click.testing import CliRunner

from model.design import own_switches, parse
from model.model import oauth
from model.switches import SWITCHES, ConfigurationError
from model.world_file import WORLDS
from openworld.cli import main
from properties.reads import WITHOUT_EFFECT, askable, asked_for, check_read, read_by, unread
from properties.security import find

UNREAD = Path(str(files("properties"))) / "data" / "unread.toml"


def test_what_is_on_file_as_unread_is(on_file):
    """No more and no less than what no step and no event of each world depends on."""
    known = {switch.name for switch in SWITCHES.values() if switch.in_worlds} - {"protocol"}
    head, _, _ = UNREAD.read_text(encoding="utf-8").partition("\n\n")
    lists = {name: ", ".join(f'"{each}"' for each in sorted(known - read_by(world))) for name, world in WORLDS.items()}
    lines = {name: indent(fill(listed, 96), "    ") for name, listed in lists.items()}
    on_file(UNREAD, f"{head}\n\n" + "".join(f"{name} = [\n{listed},\n]\n" for name, listed in lines.items()))


def test_a_world_that_was_just_added_is_read_by_itself(monkeypatch):
    """Before it is on file, what nothing in it reads is found, and a question about it is answered."""
    added = replace(WORLDS["mixup"], name="just_added")
    monkeypatch.setitem(WORLDS, "just_added", added)
    assert unread(added) == unread(WORLDS["mixup"])


def test_what_has_no_effect_on_purpose_has_none_anywhere():
    """A switch that is kept to show that it changes nothing is read by no world, and may be asked about."""
    for name in WITHOUT_EFFECT:
        assert all(name in unread(world) for world in WORLDS.values())
        check_read(find("FS"), parse(f"cap=mal_rs;{name}=on"), [name])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("AZ", "protocol=aauth;cap=mal_rs;iss_check=off", "switch 'iss_check' is read by nothing in world 'aauth'"),
        ("AZ", "cap=mal_rs;upstream_client=static", "switch 'upstream_client' is read by nothing in world 'default'"),
        ("AZ", "design=aauth;world=mixup", "world 'mixup' runs oauth, and the question is about protocol=aauth"),
        ("AZ", "protocol=oauth;world=aauth", "world 'aauth' runs aauth, and the question is about protocol=oauth"),
        ("CD", "cap=mal_as;prm_retry=yes", "switch 'prm_retry' is read by conversations with clients"),
    ],
)
def test_a_switch_that_nothing_reads_is_an_error_that_names_it(name, text, said, tmp_path):
    """On the command line and in a table: one line, and exit code 2."""
    with pytest.raises(ConfigurationError, match=said):
        check_read(find(name), parse(text), own_switches(text))
    (tmp_path / "rows.csv").write_text(f'id,property,config\na,{name},"{text}"\n', encoding="utf-8")
    table = ("verdicts", str(tmp_path / "rows.csv"), "-o", str(tmp_path / "out.csv"))
    for arguments in (("verdict", name, text), ("assume", name, text), table):
        ran = CliRunner().invoke(main, list(arguments))
        assert ran.exit_code == 2
        assert said in ran.stderr


def test_what_a_named_design_brings_along_may_be_read_by_nothing():
    """Designs say what a client does whatever it is asked; only what the question names itself has to be read."""
    assert own_switches("design=mcp;cap=mal_as;as:h_iss=no") == ["h_iss"]
    ran = CliRunner().invoke(main, ["verdict", "CD", "design=ts-client-v2==2.4.0;cap=mal_as", "--no-chart"])
    assert ran.exit_code in (0, 1)


@pytest.mark.parametrize("name", oauth().designs)
def test_a_question_about_a_design_has_a_text_that_can_be_asked(name: str) -> None:
    """Switches of a named design that nothing reads where it is asked are no part of it."""
    for prop in (find("code_delivery"), find("task_completed")):
        said = askable(prop, parse(f"design={name};cap=mal_as"))
        assert asked_for(prop.name, str(said))[1] == said
