"""Deployed clients: their designs are well formed and say what decided them."""

import pytest

from model import scenario
from model.client_rows import UnknownClientError
from model.clients import clients, find

IDS = {scenario.short(name) for name in (*scenario.names(), *scenario.mutation_names())}


@pytest.mark.parametrize("name", clients())
def test_designs_say_what_decided_them(name):
    """Every switch off its baseline was decided by scenarios that exist."""
    known = clients()[name]
    assert known.name == name
    assert known.design.changes().keys() <= known.decided_by.keys()
    for switch, decided in known.decided_by.items():
        assert decided, switch
        assert set(decided) <= IDS, switch


def test_versions_stand_in_order_and_an_implementation_for_its_last():
    """Versions are numbers, not words."""
    versions = [name for name in clients() if name.startswith("mcp-python==")]
    assert versions[0] == "mcp-python==1.9.4"
    assert find("mcp-python").name == versions[-1] == "mcp-python==2.3.0"
    assert find("mcp-python==1.9.4").design.prm == "off"


def test_unknown_clients_are_named():
    """A client without a design is an error that says which have one."""
    with pytest.raises(UnknownClientError, match=r"unknown client 'curl'; allowed: .*mcp-python==2\.3\.0"):
        find("curl")
