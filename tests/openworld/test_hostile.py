"""What others call things does nothing to a terminal, a page or a sheet."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from openworld.cli import main
from openworld.diff import Flip, markdown
from openworld.width import marked

#: What is harmless as a text alone, and ends or begins something elsewhere.
ODD = """<script>alert(1)</script> \\" ' ` | &lt; ]]> ../../x ##[error] =cmd()"""
EXPERIMENT = 'question = "{}"\npopulation = "{}"\narms = ["iss_check=off", "iss_check=require"]\n'
DRAFT = 'from openworld.draft import *\nswitch("mine", "off on", "{}", "here", words="{}; {}")\n'


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """An experiment, with a population of its own and odd words in both."""
    (tmp_path / "met.toml").write_text(f'about = "{ODD}"\nextends = "swept"\n', encoding="utf-8")
    (tmp_path / "mine.toml").write_text(EXPERIMENT.format(ODD, "met.toml"), encoding="utf-8")
    return tmp_path / "mine.toml"


@pytest.mark.parametrize("sign", [r"\u001b[31m", r"\u202e", r"\u0000", r"\u0007"])
@pytest.mark.parametrize(
    ("file", "content", "command"),
    [
        ("met.toml", 'about = "a{}"\nextends = "swept"\n', ("list", "populations")),
        ("mine.toml", EXPERIMENT.replace("{}", "a{}", 1).replace('"{}"', '"swept"'), ("list", "experiments")),
        ("mine.toml", 'name = "a{}"\n', ("list", "worlds")),
        ("mine.toml", '[[expect]]\nholds = ["a{}"]\n', ("check",)),
        ("mine.py", DRAFT.replace("{}", "a{}", 1).replace("{}; {}", "x; y"), ("list", "designs", "--with")),
        ("mine.py", DRAFT.replace("{}", "m", 1).replace("{}; {}", "a{}; y"), ("list", "designs", "--with")),
    ],
)
def test_a_text_that_does_something_to_a_terminal_is_refused(
    sign: str, file: str, content: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    """In one line that names the file and shows the text, whichever kind of file it is and whatever the text is for."""
    path = tmp_path / file
    path.write_text(content.replace("{}", sign), encoding="utf-8")
    ran = run(*command, path)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert len(ran.stderr.splitlines()) == 1
    assert path.stem in ran.stderr
    assert "must be without control characters" in ran.stderr
    assert ran.stderr.strip().isprintable()


@pytest.mark.parametrize("name", ["a b", "a;cap=none", "a=b", "", "../a", "<b>", "x" * 100, "a\x1b[31m"])
@pytest.mark.parametrize("of", ["switch", "value", "capability", "design"])
def test_a_name_that_takes_quotes_is_none(of: str, name: str, tmp_path: Path) -> None:
    """Configurations and commands take it without quotes."""
    if of == "value" and len(name.split()) != 1:  # what parts values
        return
    made = {
        "switch": f"switch({name!r}, 'off on', 'm', 's')",
        "value": f"switch('mine', {f'off {name}'!r}, 'm', 's')",
        "capability": f"capability({name!r}, 'm')",
        "design": f"design({name!r}, 'iss_check=off', 'm', 's')",
    }
    (tmp_path / "mine.py").write_text(f"from openworld.draft import *\n{made[of]}\n", encoding="utf-8")
    ran = run("list", "designs", "--with", tmp_path / "mine.py")
    assert ran.exit_code == 2
    assert "has up to 80 letters, digits, '_', '-' and '.'" in ran.stderr


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-x", "@sum", "a\x1b[31m", "\u202egpj"])
def test_a_file_that_names_what_it_states_is_called_by_no_formula(name: str, tmp_path: Path) -> None:
    """Tables that are opened as a sheet have the names of populations and experiments."""
    (tmp_path / f"{name}.toml").write_text('about = "met"\nextends = "swept"\n', encoding="utf-8")
    ran = run("list", "populations", tmp_path / f"{name}.toml")
    (tmp_path / f"{name}.toml").write_text(EXPERIMENT.format("which?", "swept"), encoding="utf-8")
    for each in (ran, run("list", "experiments", tmp_path / f"{name}.toml")):
        assert each.exit_code == 2
        assert "not begin with = + - @" in each.stderr


def test_a_row_that_does_something_to_a_terminal_is_told_in_a_line(tmp_path: Path) -> None:
    """It is not asked, and is written down as it is shown."""
    asked, found = tmp_path / "rows.csv", tmp_path / "out.csv"
    asked.write_text("id,property,config\na\x1b[31m,CD,cap=none\n", encoding="utf-8")
    ran = run("verdict", asked, "-o", found)
    assert ran.exit_code == 2
    assert "line 2: column 'id' must be without control characters" in ran.stderr
    assert not found.exists()


def test_what_others_say_is_no_markup_in_markdown(asked: Path) -> None:
    """No HTML begins, and no cell ends, where a question or a population says so."""
    ran = run("list", "experiments", asked)
    assert ran.exit_code == 0
    assert "alert(1)" in ran.stdout
    assert "<script>" not in ran.stdout
    flip = Flip("plain", "authorization", ("none",), "safe", "attack", 3, (), ODD, "", "")
    row = markdown([flip], "a", "b").splitlines()[-1]
    assert row.count("|") == 8
    assert "<script>" not in row


def test_markup_is_as_it_was_when_it_is_read() -> None:
    """What Markdown makes of it is the text."""
    assert marked("a <b> & c | d\n`e`") == "a &#60;b> & c &#124; d `e`"
    assert marked("&lt;") == "&#38;lt;"
