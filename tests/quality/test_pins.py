"""What is installed is pinned, and where hashes are asked for, every file is held against one."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def test_what_is_asked_for_is_there_without_pins() -> None:
    """Who installs without the pins gets at least the pinned versions: one that is early must be asked for as such."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.partition(" ")[0].lower().split("==") for line in lines if "==" in line and line[0] != "#")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    asked = [Requirement(entry) for entries in (project["dependencies"], *extras) for entry in entries]
    others = {each: each.specifier for each in asked if each.name != "openworld"}
    assert len(others) > 30
    for each, wanted in others.items():
        assert wanted.contains(pinned[each.name.lower()], prereleases=bool(wanted.prereleases)), each


def test_every_pin_has_its_hashes() -> None:
    """Both files name the same versions, and the one with hashes has some for each."""
    pinned = {line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line and line[0] != "#"}
    blocks = re.findall(
        r"^([\w.-]+==\S+).*\\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
        (ROOT / "constraints-hashed.txt").read_text(),
        re.MULTILINE,
    )
    assert len(pinned) > 100
    assert {name for name, _ in blocks} == pinned


def test_pins_name_no_address() -> None:
    """Where packages come from is for those to say who install them."""
    for name in ("constraints.txt", "constraints-hashed.txt", "pyproject.toml"):
        assert not re.search(r"https?://|--(?:extra-)?index-url|--find-links", (ROOT / name).read_text()), name
