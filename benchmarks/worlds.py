"""Worlds of growing size, for benchmarks and tests: what no file would be written for."""

from dataclasses import replace

from model.errors import InputError
from model.world import World
from model.world_file import DEFAULT, WORLDS, read, schema

#: More servers than this nobody has measured.
MOST_SERVERS = 6
MOST_SESSIONS = schema()["properties"]["session"]["maxItems"]

_HEAD = """name = "mixup-{servers}-{sessions}"
concern = "the mix-up: {servers} AS of which the last is the attacker's, {sessions} sessions of the user at one client"

[[party]]
name = "client"
role = "client"
url = "https://client.example/oauth.json"
callback = "https://client.example/callback"
knows = [{knows}]

[[party]]
name = "evil_as"
role = "authorization_server"
url = "https://as.attacker.example"
run_by = ["mal_as"]

[[party]]
name = "tools"
role = "resource_server"
url = "https://tools.attacker.example/mcp"
run_by = ["mal_rs"]
present_with = ["mal_as"]
designates = ["evil_as"]
trusts = ["evil_as"]
"""

_SERVER = """
[[party]]
name = "as{n}"
role = "authorization_server"
url = "https://as{n}.example"
serves = ["rs{n}"]

[[party]]
name = "rs{n}"
role = "resource_server"
url = "https://rs{n}.example/api"
designates = ["as{n}"]
trusts = ["as{n}"]

[[grants]]
server = "as{n}"
user = "user"
"""

_SESSION = """
[[session]]
name = "session_{n}"
client = "client"
user = "user"
"""


def mixup(servers: int, sessions: int) -> World:
    """The mix-up with so many authorization servers, one of them the attacker's, and sessions of the user.

    Raises:
        InputError: fewer than two servers, more than there are bounds for, or no session.
    """
    if not 2 <= servers <= MOST_SERVERS:
        raise InputError(f"a mix-up needs an honest server and the attacker's: 2 to {MOST_SERVERS}, not {servers}")
    if not 1 <= sessions <= MOST_SESSIONS:
        raise InputError(f"a mix-up needs a session: 1 to {MOST_SESSIONS}, not {sessions}")
    honest = range(1, servers)
    head = _HEAD.format(servers=servers, sessions=sessions, knows=", ".join(f'"as{n}"' for n in honest))
    parts = [head, *(_SERVER.format(n=n) for n in honest), *(_SESSION.format(n=n + 1) for n in range(sessions))]
    return read(f"mixup-{servers}-{sessions}", "".join(parts))


def _with(world: World, other: str, name: str) -> World:
    """A world with what another has besides: parties, sessions and grants."""
    more = WORLDS[other]
    added = [party for party in more.parties if party.name not in world.by_name]
    sessions = [session for session in more.sessions if session.name not in world.session]
    approvals = [made for made in more.approvals if made not in world.approvals]
    return replace(
        world,
        name=name,
        parties=(*world.parties, *added),
        sessions=(*world.sessions, *sessions),
        approvals=(*world.approvals, *approvals),
    )


#: The default world with one more grant for everybody, one more AS, one more session of the user, one more client.
LARGER = {
    "grant": replace(DEFAULT, name="grant", approvals=tuple(replace(made, count=2) for made in DEFAULT.approvals)),
    "server": _with(DEFAULT, "two_as", "server"),
    "session": _with(DEFAULT, "two_users_sessions", "session"),
    "client": _with(DEFAULT, "two_clients", "client"),
}
