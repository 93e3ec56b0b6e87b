"""A plan of what a scan would have to see says where each switch shows."""

from types import SimpleNamespace
from typing import Any

import pytest

from simulations.scan_plan import _seen_switch


@pytest.mark.parametrize(
    ("source", "owner", "seen"),
    [
        ("RFC 9728 3.3", "client", "resource metadata"),
        ("RFC 8414 2", "client", "server metadata"),
        ("RFC 9449 5", "authorization_server", "token"),
        ("RFC 9068 4", "resource_server", "call"),
        ("convention", "user", "log"),
    ],
)
def test_a_switch_shows_in_the_document_that_it_is_about_or_at_its_owner(source: str, owner: str, seen: str) -> None:
    switch: Any = SimpleNamespace(source=source, owner=owner)
    assert _seen_switch(switch) == seen
