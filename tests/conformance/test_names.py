"""A client has one name, whoever is asked about it; other names of it are understood."""

import pytest

from conformance.software import CLIENTS, release
from deployed.behaviour import measured
from model.client_names import ALIASES, canonical
from model.clients import clients, find
from model.design import parse


def test_clients_are_called_alike_by_everybody() -> None:
    """What is driven, what is measured and what is stored as a design."""
    stored = {name.partition("==")[0] for name in clients()}
    assert set(CLIENTS) <= stored
    assert {name.partition("==")[0] for name in measured()} == stored
    assert set(ALIASES.values()) <= set(CLIENTS)
    assert stored.isdisjoint(ALIASES)


@pytest.mark.parametrize("alias", ALIASES)
def test_other_names_are_understood(alias: str) -> None:
    name = ALIASES[alias]
    tested = CLIENTS[name].tested
    assert canonical(f"{alias}=={tested}") == f"{name}=={tested}"
    assert str(release(f"{alias}=={tested}", CLIENTS, "client")) == f"{name}=={tested}"
    assert find(alias).name.startswith(f"{name}==")


def test_a_design_may_be_named_by_any_of_them() -> None:
    assert parse("design=mcp-typescript==1.32.2").design == parse("design=ts-sdk-v1==1.32.2").design


def test_every_package_of_a_client_is_a_name_of_it() -> None:
    """But for a client in a mode of its own, which is named by that."""
    plain = {name for name, one in CLIENTS.items() if one.variants == ("default",)}
    assert {canonical(one.package) for one in CLIENTS.values()} == plain
    assert {name.rpartition("-")[2] for name in set(CLIENTS) - plain} == {"dpop"}
