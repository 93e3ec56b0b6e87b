"""How long sentences are that people read first: README, docs, findings, changelog and help.

`pytest -s tests/quality/test_sentences.py` prints the shares by page.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from openworld.cli import main

ROOT = Path(__file__).parents[2]
#: Words of a sentence that reads at once.
MOST = 25
#: The share of longer ones that a page may have, in per cent; pages that are not named, the last.
ALLOWED = {"README.md": 0, "author.md": 0, "help": 1, "others": 5}
_CODE = re.compile(r"```.*?```|^---\n.*?^---$|!\[[^\]]*\]\([^)]*\)", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"\n\s*\n|\n(?= *[*#] ?)|\n(?=\d+\. )|\|")
_END = re.compile(r"(?<=[.?!])\s+|(?<=[:;])\s+(?=[A-Z`])")


def lengths(text: str) -> Iterator[int]:
    """The number of words of each sentence; code within one is a word, and captions are none."""
    plain = re.sub(r"`[^`]*`", "code", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", _CODE.sub("", text)))
    for block in _BLOCK.split(plain):
        yield from (count for said in _END.split(block) if (count := len(re.findall(r"[\w'’/+-]*\w", said))) > 3)


def pages() -> Iterator[tuple[str, str]]:
    """Every text by where it stands; a page of a finding is one of the findings."""
    for path in (ROOT / "README.md", ROOT / "findings.md", *sorted((ROOT / "docs").glob("*.md"))):
        yield path.name, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "openworld" / "data" / "findings").glob("*.md")):
        yield "findings", path.read_text(encoding="utf-8")
    topics = main.get_command(click.Context(main), "list")
    assert isinstance(topics, click.Group)
    for group in (main, topics):
        yield from help_of(group)


def help_of(group: click.Group) -> Iterator[tuple[str, str]]:
    """What a group's commands and their options say of themselves."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield "help", re.sub(r"\x08.*?(\n\n|\Z)", "", command.help or "", flags=re.DOTALL)
        yield from (("help", each.help) for each in command.params if isinstance(each, click.Option) and each.help)


def test_sentences_are_short() -> None:
    """A page that was rewritten stays short, and all others together get no longer."""
    every, long = Counter[str](), Counter[str]()
    for where, text in pages():
        counted = list(lengths(text))
        every[where] += len(counted)
        long[where] += sum(count > MOST for count in counted)
    shown = [(where, every[where], long[where]) for where in every]
    for where, count, wordy in [*shown, ("all", every.total(), long.total())]:
        print(f"{where}: {wordy} of {count} sentences have over {MOST} words ({wordy / count:.1%})")
    shares = {where: 100 * long[where] / every[where] for where in ALLOWED if where != "others"}
    assert {where for where, share in shares.items() if share > ALLOWED[where]} == set()
    rest = every.keys() - ALLOWED.keys()
    assert 100 * sum(long[where] for where in rest) / sum(every[where] for where in rest) <= ALLOWED["others"]
