"""The pages for authors, editors and implementers, walked through: each command does what stands below it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WALKS = ("author", "editor", "implementer")


def commands(page: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a page, each with the lines that it is to print."""
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *lines = part.splitlines()
            told = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
            yield "\n".join([first, *told]), [line for line in lines if not line.startswith("> ") and line != "..."]


@pytest.mark.slow
@pytest.mark.parametrize("name", WALKS)
def test_a_walk_leads_where_it_says(name: str, tmp_path: Path) -> None:
    """In an empty folder, one command after the other; what is printed has the lines of the page, in their order."""
    here = tmp_path / "bin"
    here.mkdir()
    (here / "openworld").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m openworld.cli "$@"\n', encoding="utf-8")
    (here / "openworld").chmod(0o755)
    env = os.environ | {
        "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        "OPENWORLD_CACHE": str(tmp_path / "cache"),
    }
    walked = list(commands((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")))
    assert walked
    for command, lines in walked:
        done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        printed = iter(done.stdout.splitlines())
        assert all(line in printed for line in lines), f"{command}\n{done.stdout}"
