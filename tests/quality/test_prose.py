"""What README.md, docs/ and the findings say of a question is what the suite answers; their links lead somewhere."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from model.design import parse
from openworld.cli import COMMANDS, FORMER, main
from openworld.commands.topics import TOPICS
from properties.security import find

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
PAGES = ROOT / "openworld" / "data" / "findings"
#: A question in a command, and the start of what the next cell of its table says.
COMMAND = re.compile(r'`openworld (?:verdict|trace) (\w+) "([^"]+=[^"]+)"`(?:([^|]*)\| *\**([^|]*))?')
SAID = re.compile(r"(attack|safe|reached|not reached|not in this world|unknown)\b(?: in (\d+) steps?)?")


def questions() -> list[tuple[str, ...]]:
    """Every command with a question: where it is, property, configuration, what follows it and is said beside it."""
    return [
        (f"{path.name}:{number}", *(found if place or SAID.match(found[3]) else (*found[:2], "", said_before(line))))
        for path in (*DOCS, *sorted(PAGES.glob("*.md")))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for place, found in enumerate(COMMAND.findall(line))
    ]


def said_before(line: str) -> str:
    """Return the cell before that of the first command of a row; some tables give the verdict there."""
    cells = line.partition("`openworld ")[0].split("|")
    return cells[-2].strip() if len(cells) > 2 else ""


def test_commands_ask_something() -> None:
    """They name a property and a configuration that there are."""
    asked = questions()
    assert len(asked) > 60
    for where, prop, text, *_ in asked:
        assert find(prop), where
        assert parse(text), where


def test_one_question_has_one_answer(rows, disputed) -> None:
    """Wherever it is asked, in whatever words: on two pages, or on a page and in the expected verdicts."""
    stated = [
        (where, find(prop), parse(text), said[1].replace(" ", "_"))
        for where, prop, text, _, beside in questions()
        if (said := SAID.match(beside))
    ]
    stated += [(row.id, row.prop, row.configuration, row.expected) for row in rows if row.covered]
    answers: dict[tuple[str, str], dict[str, list[str]]] = {}
    for where, prop, asked, result in stated:
        if where not in disputed:
            answers.setdefault((prop.name, str(asked)), {}).setdefault(result, []).append(where)
    assert [found for found in answers.items() if len(found[1]) > 1] == []
    assert sum(len(places) > 1 for found in answers.values() for places in found.values()) > 50


@pytest.mark.slow
def test_answers_are_those_beside_the_commands(checker) -> None:
    """Result, and number of steps where it is that of the command as it stands, wherever a table states them."""
    wrong, stated = [], 0
    for where, prop, text, varied, beside in questions():
        said = SAID.match(beside)
        if said:
            stated += 1
            verdict = checker.verdict(prop, parse(text))
            steps = said[2] is None or varied.strip() != "" or int(said[2]) == verdict.steps
            if verdict.result != said[1].replace(" ", "_") or not steps:
                wrong.append(f"{where}: {prop} {text}: {verdict.result} in {verdict.steps} steps, not {said[0]}")
    assert not wrong
    assert stated > 15


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_to_files_and_commands_exist(path: Path) -> None:
    """Relative links alone; of a command its name and its options."""
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (path.parent / target).exists(), target
    for words in re.findall(r"openworld ([a-z-]+(?: [^`\n|]*)?)", text):
        name, *rest = words.split()
        assert name not in FORMER, words
        if name in COMMANDS:
            topic = [word for word in rest[:1] if name == "new" or (name == "list" and word in TOPICS["Topics"])]
            asked = re.findall(r"--ask [a-z-]+", words)[:1]
            help_text = CliRunner().invoke(main, [name, *topic, *" ".join(asked).split(), "--help"]).output
            if name == "simulate":
                help_text += CliRunner().invoke(main, [name, "--ask", "rates", "--help"]).output
            options = [word.rstrip(",.;)`") for word in rest if word.startswith("--")]
            assert [option for option in options if option.partition("=")[0] not in help_text] == [], words


def test_the_first_picture_is_what_its_command_draws(on_file: Callable[..., None]) -> None:
    """The attack on the first page, as `openworld trace` has it."""
    drawn = CliRunner().invoke(main, ["trace", "code_delivery", "mal_as", "iss_check=off", "--format", "svg"])
    on_file(ROOT / "docs" / "mix-up.svg", drawn.stdout)


def test_the_readme_is_short() -> None:
    """What it is, a picture, two commands, a verdict; the rest stands in docs/."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 100
