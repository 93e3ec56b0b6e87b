"""Deployed servers as settings of the model's switches."""

import pytest

from deployed.servers import AUTHORIZATION_SERVER, RESOURCE_SERVER, authorization_servers, resource_servers


@pytest.mark.parametrize(
    ("servers", "switches"), [(authorization_servers, AUTHORIZATION_SERVER), (resource_servers, RESOURCE_SERVER)]
)
def test_every_server_has_settings_or_a_reason_for_none(servers, switches):
    """A server sets just the switches of its kind, or none."""
    for name, server in servers().items():
        assert server.name == name
        assert server.evidence
        assert server.reason
        told = tuple(name for name in switches if name in server.settings)
        assert tuple(server.settings) == told
        # What was not seen of a resource server is left open.
        assert told in ((), switches) or servers is resource_servers


def test_servers_differ_where_they_were_seen_to():
    """A library that binds and echoes, one that ignores `resource`, and a resource server that takes prefixes."""
    servers = authorization_servers()
    binding = servers["@cloudflare/workers-oauth-provider 1.2.3, several resources"].settings
    found = [binding[name] for name in ("as_resource", "as_echo", "h_iss")]
    assert found == ["reject_unknown", "yes", "yes"]
    assert servers["Authlib 1.9.10 AuthorizationServer"].settings["as_resource"] == "ignore"
    taken = resource_servers()["django-oauth-toolkit default"].settings
    found = [taken[name] for name in ("audience_check", "rs_no_audience", "rs_in_query")]
    assert found == ["prefix", "accept", "accept"]
