"""From which version of a text a rule was read: what the sources of rules, switches and the catalogue name.

A source gives sections, and a version only where that matters to the rule; which one was at hand for a text, or
whether it comes from memory, stands once, in ``data/texts.csv``.
"""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "texts.csv"


@cache
def texts() -> dict[str, str]:
    """Each text that is read, as sources name it, with the version."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {line["name"]: line["read"] for line in csv.DictReader(file)}


def named(source: str) -> Iterator[str]:
    """The texts that a source names, each at the longest name that is there."""
    for part in source.split(";"):
        found = [name for name in texts() if re.search(rf"(?<![\w.]){re.escape(name)}(?!\d|\w)", part)]
        yield from (max(found, key=len),) if found else ()


def versions(source: str) -> dict[str, str]:
    """From which version each text that a source names was read."""
    return {name: texts()[name] for name in named(source)}
