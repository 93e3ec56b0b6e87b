"""The notebooks, as the tests of this room meet them."""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="session")
def folder() -> Path:
    """Where the notebooks are."""
    return FOLDER


@pytest.fixture(scope="session")
def reduced() -> dict[str, str]:
    """The environment of a kernel that computes little: the one parameter that says so, and no network."""
    return {**os.environ, "OPENWORLD_SIZE": "small"}
