"""Deployed servers as settings of the model's switches."""

from __future__ import annotations

import pytest

from model.design import Design
from simulations.servers import (
    AUTHORIZATION_SERVER,
    RESOURCE_SERVER,
    authorization_servers,
    resource_servers,
)


@pytest.mark.parametrize(
    ("servers", "switches"), [(authorization_servers, AUTHORIZATION_SERVER), (resource_servers, RESOURCE_SERVER)]
)
def test_every_server_has_settings_or_a_reason_for_none(servers, switches):
    """A server sets just the switches of its kind, or none."""
    for name, server in servers().items():
        assert server.name == name
        assert server.evidence
        assert server.reason
        assert tuple(server.settings) in ((), switches)


def test_servers_differ_where_they_were_seen_to():
    """A library that binds and echoes, one that ignores `resource`, and a resource server that takes prefixes."""
    servers = authorization_servers()
    binding = servers["@cloudflare/workers-oauth-provider 1.2.3, several resources"].design(Design())
    assert (binding.as_resource, binding.as_echo, binding.h_iss) == ("reject_unknown", "yes", "yes")
    assert servers["Authlib 1.9.10 AuthorizationServer"].design(Design()).as_resource == "ignore"
    assert resource_servers()["django-oauth-toolkit default"].settings == {"audience_check": "prefix"}
