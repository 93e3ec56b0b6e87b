"""Worlds are data: what a file may say, what it is told when it errs, and what the worlds that ship are for."""

import json
from collections.abc import Callable
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from model.design import parse
from model.machine import Machine
from model.protocols import PROTOCOLS, actions
from model.switches import ROLES, ConfigurationError
from model.world import Grants, Held, Party, Session, Tampering, World
from model.world_file import DEFAULT, MOST_GRANTS, WORLDS, WorldError, find_world, read, schema, world_for
from properties.checker import Checker
from properties.designs import Lattice
from properties.security import PROPERTIES, find
from properties.verdict import check

SMALL = """name = "small"
concern = "one of each"

[[party]]
name = "client"
role = "client"
url = "https://client.example/oauth.json"
callback = "https://client.example/callback"

[[party]]
name = "as"
role = "authorization_server"
url = "https://as.example"
serves = ["crm"]

[[party]]
name = "crm"
role = "resource_server"
url = "https://crm.example/api"
designates = ["as"]
trusts = ["as"]

[[session]]
name = "victim"
client = "client"
user = "user"

[[grants]]
server = "as"
user = "user"
"""


def refused(text: str) -> str:
    """What a file is told; one line that begins with its name."""
    with pytest.raises(WorldError) as caught:
        read("mine.toml", text)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith("mine.toml")
    return said


def but(old: str, new: str) -> str:
    """The small world with one thing changed."""
    assert old in SMALL
    return SMALL.replace(old, new, 1)


# --- what a file is told -------------------------------------------------------------------------------------


def test_a_small_world_is_read_and_its_honest_run_reached() -> None:
    """One client, one AS, one resource server and one session are enough."""
    world = read("mine.toml", SMALL + "count = 1.0\n")
    assert world.reach == "1 honest and 0 dishonest AS, 1 resource server, 1 client, 1 session of users, 1 grant"
    assert check("first_contact", parse("cap=none"), world).result == "reached"


CLIENT = 'name = "client"\nrole = "client"'
MISTAKES = {
    "an unknown role": (
        ('role = "resource_server"', 'role = "resource"'), 18,
        "role: unknown 'resource'; did you mean",
    ),
    "a party twice": (('name = "crm"', 'name = "as"'), 17, "'as' is given twice (as [[party]])"),
    "a session with a party's name": (
        ('name = "victim"', 'name = "client"'), 24,
        "'client' is given twice (as [[party]])",
    ),
    "a session at no client": (('client = "client"', 'client = "desk"'), 25, "unknown 'desk'; allowed: client"),
    "a session at an AS": (('client = "client"', 'client = "as"'), 25, "names an honest client: unknown 'as'"),
    "a session at nobody": (('client = "client"', 'client = ""'), 25, "'' is no name"),
    "a session after none": (
        ('user = "user"\n\n', 'user = "user"\nafter = "first"\n\n'), 27, "names a session: unknown 'first'",
    ),
    "a session after itself": (
        ('user = "user"\n\n', 'user = "user"\nafter = "victim"\n\n'), 27, "a session given before: 'victim' is not",
    ),
    "a user with a party's name": (('user = "user"\n\n', 'user = "crm"\n\n'), 26, "'crm' is no name of a user"),
    "a URL that is none": (('url = "https://as.example"', 'url = "as example"'), 13, "'as example' is no URL; wanted:"),
    "a URL with a line end": (('url = "https://as.example"', 'url = "https://as.example\\n"'), 13, "is no URL"),
    "an empty URL": (('url = "https://as.example"', 'url = ""'), 13, "'' is no URL; wanted: https://host/path"),
    "a URL that cannot be taken apart": (
        ('url = "https://as.example"', 'url = "https://as.ex`mple"'), 13, "url: not an absolute URI: 'https://as.ex`mple'",
    ),
    "a callback that cannot be": (('client.example/callback', 'client.example:99999/'), 8, "callback: not an absolute"),
    "an issuer with a query": (
        ('url = "https://as.example"', 'url = "https://as.example/?a"'), 13, "url: an issuer has no query: ",
    ),
    "a URL twice": (('"https://crm.example/api"', '"https://as.example"'), 19, "is 'crm''s, but also 'as''s"),
    "a callback that is none": (('"https://client.example/callback"', '"back"'), 8, "'back' is no URL; wanted:"),
    "a client without a callback": (('callback = "https://client.example/callback"\n', ""), 4, "lacks 'callback'"),
    "an unknown capability": (
        ('serves = ["crm"]', 'run_by = ["mal"]'), 14,
        "run_by: unknown 'mal'; did you mean 'mal_rs'",
    ),
    "a capability that is none": (('serves = ["crm"]', 'run_by = []'), 14, "run_by names nothing"),
    "a capability that corrupts nobody": (
        ('designates = ["as"]', 'run_by = ["mal_rs"]\npresent_with = ["mal_as"]'), 21,
        "present_with: 'mal_as' corrupts nobody here; did you mean 'mal_rs'?; allowed: mal_rs",
    ),
    "an unknown AS": (('designates = ["as"]', 'designates = ["as3"]'), 20, "designates names an AS: unknown 'as3'"),
    "an unknown switch": (
        ('serves = ["crm"]', 'policy = { hiss = "no" }'), 14,
        "unknown switch 'hiss' of policy; did you",
    ),
    "an unknown value": (
        ('serves = ["crm"]', 'policy = { h_iss = "oh" }'), 14,
        "h_iss: unknown 'oh'; allowed: yes, no",
    ),
    "a switch of another role": (
        ('serves = ["crm"]', 'policy = { iss_check = "off" }'), 14,
        "switch 'iss_check' is of client, and 'as' has the role authorization_server",
    ),
    "a switch of another role, in a table of its own": (
        ('serves = ["crm"]', 'serves = ["crm"]\n[party.policy]\niss_check = "off"'), 16, "switch 'iss_check' is of",
    ),
    "an unknown class": (
        ('role = "client"', 'role = "client"\nclient_class = "secret"'), 7,
        "client_class: unknown 'secret'; allowed: public, confidential, attested",
    ),
    "what a class has not": (
        ('role = "client"', 'role = "client"\nclient_class = "public"\npolicy = { client_auth = "secret" }'), 8,
        "client_auth: 'secret' is not what a client of class public has, which is 'none'",
    ),
    "a class of an AS": (
        ('serves = ["crm"]', 'client_class = "public"'), 14, "'client_class' is not said of an authorization server",
    ),
    "a key of another role": (
        ('serves = ["crm"]', 'callback = "https://a.example"'), 14,
        "'callback' is not said of an authorization server; allowed: name, role, url, run_by, policy, serves,",
    ),
    "a key of the attacker's": (
        ('serves = ["crm"]', 'connects_by = ["mal_as"]'), 14, "'connects_by' is not said of a party without run_by",
    ),
    "an unknown key": (('serves = ["crm"]', 'server = ["crm"]'), 14, "unknown key 'server' of [[party]]; did you mean"),
    "an unknown table": (("[[grants]]", "[[grant]]"), 28, "unknown key 'grant' of a world; did you mean 'grants'"),
    "a misspelt key": (
        ('role = "client"', 'rolle = "client"'), 6,
        "unknown key 'rolle' of [[party]]; did you mean 'role'",
    ),
    "a key of the wrong type": (('serves = ["crm"]', 'serves = "crm"'), 14, "serves: 'crm' is no list"),
    "a name of the wrong type": (('serves = ["crm"]', 'serves = [5]'), 14, "serves: 5 is no text"),
    "a date": (('url = "https://as.example"', 'url = 2026-01-01'), 13, "is no text"),
    "a table that is no list": (("[[session]]", "[session]"), 23, "session: {'client': 'client', 'name': 'victim', "),
    "a missing key": (('role = "client"\n', ""), 4, "[[party]] lacks 'role'"),
    "no grants": (('server = "as"', 'server = "as"\ncount = 0'), 30, "count: 0 is not 1 or more"),
    "half a grant": (('server = "as"', 'server = "as"\ncount = 0.5'), 30, "count: 0.5 is no whole number"),
    "yes as a number": (('server = "as"', 'server = "as"\ncount = true'), 30, "count: True is no whole number"),
    "grants of nobody": (('server = "as"\nuser = "user"', 'server = "as"\nuser = "eve"'), 30, "unknown 'eve'"),
    "grants twice": (
        ('[[grants]]', '[[grants]]\nserver = "as"\nuser = "user"\n\n[[grants]]'), 33, "are given twice (use 'count')",
    ),
    "an unknown protocol": (('name = "small"', 'name = "small"\nprotocol = "saml"'), 2, "protocol: unknown 'saml'"),
    "a protocol of before": (
        ('name = "small"', 'name = "small"\nprotocol = "delegation"'), 2, "sub-agents are parties of protocol 'oauth'",
    ),
    "a role of another protocol": (
        ('name = "small"', 'name = "small"\nprotocol = "aauth"\n\n[[party]]\nname = "desk"\nrole = "proxy"\n'
         'url = "https://desk.example"\nupstream = "as"'), 6, "role in aauth: unknown 'proxy'",
    ),
    "a step up from nothing": (
        ('name = "victim"', 'name = "victim"\nsteps_up = true'), 25, "steps up from a session that 'after' has to name",
    ),
    "a scope with a space": (
        ('name = "crm"', 'name = "crm"\nscopes = ["accounts read"]'), 18, "'accounts read' is no scope",
    ),
    "a scope that nobody has": (
        ('name = "victim"', 'name = "victim"\nneeds = ["read"]'), 25,
        "needs names a scope of a resource server: unknown 'read'",
    ),
    "a scope twice": (
        ('name = "crm"', 'name = "crm"\nscopes = ["read", "read"]'), 18, "scope 'read' is given twice (at 'crm')",
    ),
    "too many scopes": (
        ('name = "crm"', 'name = "crm"\nscopes = ["a", "b", "c", "d"]' + "".join(
            f'\nrole = "resource_server"\nurl = "https://r{n}.example"\n\n[[party]]\nname = "r{n}"\n'
            'scopes = ["' + '", "'.join(f"{n}{s}" for s in "abcd") + '"]' for n in (1, 2))),
        18, "more sets of scopes than can be proved (at most 40)",
    ),
    "scopes of an AS": (
        ('name = "as"', 'name = "as"\nscopes = ["read"]'), 12, "'scopes' is not said of an authorization server",
    ),
    "what cannot be told apart": (
        ('name = "victim"', 'name = "thief"'), 24,
        "'thief' is no name of a session or a user",
    ),
    "a name that is none": (('name = "small"', 'name = "a;b"'), 1, "'a;b' is no name of a world; wanted: letters"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_file_line_and_key(mistake: str) -> None:
    """One line says where it stands, what is wrong and what is allowed."""
    (old, new), line, why = MISTAKES[mistake]
    said = refused(but(old, new))
    assert said.startswith(f"mine.toml, line {line}:"), said
    assert why in said


def test_more_than_can_be_proved_is_refused_at_once() -> None:
    """The bound is said, and nothing is made before it is looked at."""
    most = schema()["properties"]["party"]["maxItems"]
    many = "".join(f'[[party]]\nname = "p{n}"\nrole = "clint"\nurl = "p{n}"\n' for n in range(most))
    assert f"line 4: {most + 3} of [[party]], more than can be proved (at most {most})" in refused(SMALL + many)
    grants = refused(SMALL + "count = 1000000000")
    assert f"line 28: 1000000000 grants, more than can be proved (at most {MOST_GRANTS})" in grants


def test_the_published_schema_is_the_one_in_force(on_file: Callable[..., None]) -> None:
    """Whoever edits a world with it is told what the reader would say; it speaks of what the model knows."""
    made = json.dumps(schema(), indent=2) + "\n"
    on_file(Path(str(files("model"))) / "data" / "world.schema.json", made)
    Draft202012Validator.check_schema(schema())
    said, of = schema()["properties"], schema()["$defs"]
    assert tuple(of["party"]["properties"]["role"]["enum"]) == ROLES
    assert set(said["protocol"]["enum"]) == set(PROTOCOLS)
    for kind in (Party, Session, Held, Tampering, Grants):
        assert list(of[kind.__name__.lower()]["properties"]) == [field.name for field in fields(kind)]


@pytest.mark.parametrize(
    ("channel", "capability", "party", "why"),
    [
        ("challenge", "hdr_injec", "crm", "capability: unknown 'hdr_injec'; did you mean 'hdr_inject'"),
        ("header", "hdr_inject", "crm", "channel: unknown 'header'"),
        ("challenge", "hdr_inject", "as", "party names an honest resource server: unknown 'as'"),
        ("well_known", "mal_tenant", "crm", "reaches nothing: its origin is its own"),
    ],
)
def test_a_tampering_that_reaches_nothing_is_refused(channel: str, capability: str, party: str, why: str) -> None:
    """A channel is one of an honest resource server, which it has."""
    tampering = f'[[tampering]]\ncapability = "{capability}"\nchannel = "{channel}"\nparty = "{party}"\n'
    assert why in refused(SMALL + tampering)


def test_a_channel_that_a_protocol_does_not_have_is_refused() -> None:
    """AAuth has no metadata document to be written on the way."""
    tampering = '[[tampering]]\ncapability = "delivery_tamper"\nchannel = "document"\nparty = "crm"\n'
    text = but('name = "small"', 'name = "small"\nprotocol = "aauth"') + tampering
    assert "channel in aauth: unknown 'document'; allowed: challenge, redirect, requests" in refused(text)


def test_nobody_starts_itself_and_a_proxy_stands_before_an_honest_server() -> None:
    """Who starts a sub-agent is given before it; what is behind a proxy is an honest AS."""
    sub = '[[party]]\nname = "sub"\nrole = "sub_agent"\nurl = "https://sub.example"\nstarted_by = "sub"\n'
    assert "started_by names a client or sub-agent given before: unknown 'sub'" in refused(SMALL + sub)
    other = '[[party]]\nname = "other"\nrole = "client"\nurl = "https://o.example"\ncallback = "https://o.example/c"\n'
    idle = other + sub.replace('started_by = "sub"', 'started_by = "other"')
    assert "'other' starts a sub-agent, but no user has a session there" in refused(SMALL + idle)
    proxy = '[[party]]\nname = "proxy"\nrole = "proxy"\nurl = "https://proxy.example"\nupstream = "crm"\n'
    assert "upstream names an honest AS: unknown 'crm'" in refused(SMALL + proxy)


def test_whoever_calls_others_was_called() -> None:
    """A session at the agent of a resource comes after one that may have called that."""
    agent = '[[party]]\nname = "two"\nrole = "client"\nurl = "https://two.example"\n'
    agent += 'callback = "https://two.example/c"\nagent_of = "crm"\n'
    session = '[[session]]\nname = "onward"\nclient = "two"\nuser = "user"\n'
    assert "'two' is the agent of 'crm', which 'after' has to have visited" in refused(SMALL + agent + session)
    nobody = agent.replace('"crm"', '"crn"')
    assert "agent_of names an honest resource server: unknown 'crn'; did you mean 'crm'" in refused(SMALL + nobody)


def test_what_is_of_a_protocol_is_of_one_that_a_session_runs() -> None:
    """Grants, tokens and what a resource speaks are of one that is there; who stands in does so for another."""
    grants = '[[grants]]\nserver = "as"\nuser = "user"\nprotocol = "aauth"\n'
    assert "no session runs 'aauth'" in refused(SMALL + grants)
    crm = 'role = "resource_server"'
    assert "no session runs 'aauth'" in refused(but(crm, f'{crm}\nspeaks = ["aauth"]'))
    session = '[[session]]\nname = "late"\nclient = "client"\nuser = "user"\n'
    for more, why in (
        ('instead_of = "victim"\n', "'late' runs 'oauth' instead of a session that runs 'aauth'"),
        ('protocol = "aauth"\nafter = "victim"\n', "'victim' runs another protocol than 'late'"),
        ('protocol = "gnap"\n', "protocol: unknown 'gnap'; allowed: oauth, aauth"),
    ):
        assert why in refused(SMALL + session + more)


@pytest.mark.parametrize("text", ["name = ", "x = [[[", "\0", "x=" + "[" * 5000])
def test_what_is_no_toml_is_told_in_one_line(text: str) -> None:
    """The place is the parser's."""
    refused(text)


def test_files_that_are_none(tmp_path: Path) -> None:
    """A directory, a binary file, a name that nobody has, one that no file system takes."""
    binary = tmp_path / "world.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for name, why in (
        (str(tmp_path), "is a directory"),
        (str(binary), "is not a text file in UTF-8"),
        ("defualt", "no world or world file 'defualt'; did you mean 'default'"),
        ("x" * 5000, ""),
    ):
        with pytest.raises(WorldError) as caught:
            find_world(name)
        assert why in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_world_is_like_one_that_ships() -> None:
    """It has the rows of that one and its own, and faults stand in its own lines."""
    text = """name = "mine"
like = "default"

[[party]]
name = "files"
role = "resource_server"
url = "https://files.example/"
designates = ["as"]
"""
    made, like = read("mine.toml", text), WORLDS["default"]
    assert [party.name for party in made.parties] == [*(party.name for party in like.parties), "files"]
    assert made.sessions == like.sessions
    assert (made.asked_for, made.concern) == ((), "")
    for wrong, line, why in (
        ('designates = ["as3"]', 8, "designates .*'as3'"),
        ('designates = ["as"]\n[[session]]\nname = "s"\nclient = "nobody"', 11, "client .*'nobody'"),
    ):
        with pytest.raises(WorldError, match=f"mine.toml, line {line}: .*{why}"):
            read("mine.toml", text.replace('designates = ["as"]', wrong))
    with pytest.raises(WorldError, match=r"line 2: .*like.*default"):
        read("mine.toml", text.replace('"default"', '"defualt"'))


def test_a_world_file_is_found_by_its_path(tmp_path: Path) -> None:
    """And says so in what goes wrong."""
    mine = tmp_path / "mine.toml"
    mine.write_text(SMALL, encoding="utf-8")
    assert find_world(str(mine)).name == "small"


# --- which world a question is asked in -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prop", "configuration", "world"),
    [
        ("AZ", "cap=none", "default"),
        ("AZ", "design=aauth", "aauth"),
        ("DC", "cap=none", "delegation"),
        ("DC", "design=aauth", "delegation"),
        ("DP", "cap=none", "default"),
        ("DP", "upstream_client=static", "proxy"),
        ("AZ", "upstream_client=static", "default"),
        ("DP", "design=aauth;upstream_client=static", "aauth"),
        ("DP", "upstream_client=static;world=two_as", "two_as"),
    ],
)
def test_a_world_claims_what_it_states(prop: str, configuration: str, world: str) -> None:
    """Properties and switches that a world states all have to fit; one that states neither claims nothing."""
    assert find(prop).world_of(parse(configuration)).name == world


def test_worlds_claim_properties_that_exist() -> None:
    """A code that does not exist would never be asked for."""
    codes = {known.code for known in PROPERTIES.values()}
    assert all(codes.issuperset(world.asked_for) for world in WORLDS.values())
    assert world_for("XX", parse("cap=none").design) is DEFAULT


# --- the worlds that ship ---------------------------------------------------------------------------------------

SHIPPED = pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))


@SHIPPED
def test_what_ships_is_sound(world: World) -> None:
    """A world that ships is only read as it is; here it is checked like anybody's."""
    assert read(world.file, files("model").joinpath("worlds", world.file).read_text(encoding="utf-8")) == world


@SHIPPED
def test_the_honest_run_of_every_world_is_reached(world: World) -> None:
    """A security property is only believed beside it."""
    assert check("first_contact", parse("cap=none"), world).result == "reached"


@SHIPPED
def test_every_role_is_one_that_somebody_plays(world: World) -> None:
    """And every action of a world has a name of its own."""
    assert {party.role for party in world.parties} <= set(ROLES)
    names = [action.name for action in actions(world)]
    assert len(names) == len(set(names))


def test_no_party_of_a_world_is_named_in_the_model() -> None:
    """Rules, actions and properties know roles and relations: no URL of a party stands in them."""
    urls = {party.url for world in WORLDS.values() for party in world.parties}
    root = Path(__file__).parents[2]
    for folder in ("model/aauth", "properties/events"):
        for file in (root / folder).rglob("*.py"):
            assert not any(f'"{url}"' in file.read_text(encoding="utf-8") for url in urls), file


def result(question: str) -> str:
    """The result of ``PROPERTY configuration``."""
    prop, _, text = question.partition(" ")
    return Checker(by_design=True).result(prop, parse(text))


MIXUP = "world=two_as;iss_check=advertised;cap=mal_as"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        # An honest iss gives the mix-up away; one honest AS that sends none is enough for it.
        (f"CD {MIXUP}", "safe"),
        (f"CD {MIXUP};as2:h_iss=no", "attack"),
        (f"CD {MIXUP};as2:h_iss=no;client:iss_check=require", "safe"),
        # A token for the attacker's resource server is good at the one that compares no audiences.
        ("TC world=two_as;cap=mal_rs", "safe"),
        ("TC world=two_as;cap=mal_rs;files:audience_check=off", "attack"),
    ],
)
def test_parties_have_policies_of_their_own(question: str, expected: str) -> None:
    """What one honest party does decides, though the others do better."""
    assert result(question) == expected


def test_a_browser_is_held_through_the_users_other_session() -> None:
    """At the attacker's AS in one session, the user brings the attacker's code into the other, at the honest AS."""
    unbound = "SI cap=mal_as;state=off;pkce=off;pkce_as=lax"
    assert result(unbound) == "safe"
    assert result(f"{unbound};world=two_users_sessions") == "attack"
    assert result(f"{unbound};state=checked;world=two_users_sessions".replace("state=off;", "")) == "safe"


def test_a_session_waits_for_the_one_that_it_comes_after() -> None:
    """The agent turns to billing once the CRM has served it, and the task is done when both have."""
    trace = check("TD", parse("cap=none")).trace
    assert trace is not None
    served = [step.action for step in trace.steps].index("resource_server.accept_request[crm_task,crm_as.user.1]")
    assert trace.steps[served + 1].action == "client.request_resource[billing_task]"
    assert result("TD billing_as:pkce_as=required;pkce=off;crm_as:pkce_as=lax") == "not_reached"


def test_a_session_waits_for_no_resource_of_the_attackers() -> None:
    """Where the CRM is one of the attacker's, the agent goes on when that has the token."""
    machine = Machine(parse("cap=mal_rs+mal_as"), WORLDS["crm_then_billing"])
    state, begun = machine.initial, "client.request_resource[billing_task]"
    while not any(step.action == begun for step, _ in machine.moves(state)):
        tools = [s for s, _ in machine.moves(state) if dict(s.choices).get("url", "").endswith("attacker.example/mcp")]
        state = machine.step(state, (tools or [s for s, _ in machine.moves(state) if "crm_task" in s.action])[0])
    assert not machine.view(state)["crm_task.accepted"]
    assert result("TC world=crm_then_billing;cap=mal_rs;billing_as:as_resource=ignore") == "attack"
    assert result("TC world=crm_then_billing;cap=mal_rs") == "safe"


@pytest.mark.parametrize(
    ("configuration", "why"),
    [
        ("as2:h_iss=no", "world 'default' has no party 'as2'"),
        ("as:iss_check=off", "'as' is an authorization_server"),
        ("world=proxy;proxy:h_iss=no", "'proxy' is a proxy"),
    ],
)
def test_a_policy_of_nobody_is_refused(configuration: str, why: str) -> None:
    """A party that the world does not have, and a switch that is not its."""
    asked = parse(configuration)
    with pytest.raises(ConfigurationError, match=why):
        Machine(asked, find("AZ").world_of(asked))


# --- the proxy --------------------------------------------------------------------------------------------------

PROXY = "DP upstream_client=static;cap=mal_client"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (f"{PROXY};reg=dcr;per_client_consent=off", "attack"),
        (f"{PROXY};reg=dcr;per_client_consent=on;state_set=before_consent", "attack"),
        (f"{PROXY};reg=dcr;per_client_consent=on;state_set=after_consent", "safe"),
        (f"{PROXY};reg=dcr_ss;per_client_consent=off", "attack"),
        (f"{PROXY};reg=dcr_ss;per_client_consent=off;ss_binds=name+redirect", "safe"),
        (f"{PROXY};reg=static;per_client_consent=off", "safe"),
        (f"{PROXY};reg=cimd;per_client_consent=off;as_client_policy=open", "attack"),
        (f"{PROXY};reg=cimd;per_client_consent=off;as_client_policy=allowlist", "safe"),
        (f"{PROXY}+lure;reg=dcr;per_client_consent=on;callback_bind=off", "attack"),
        (f"{PROXY}+lure;reg=dcr;per_client_consent=on;callback_bind=on", "safe"),
        (f"{PROXY};reg=dcr;proxy:per_client_consent=off", "attack"),
        # What else a deputy can be made to do is there as well.
        ("DP upstream_client=static;cap=web;handle_bind=off", "attack"),
        ("DP upstream_client=static;cap=mal_rs;http_redirect=reattach", "attack"),
    ],
)
def test_the_confused_deputy(question: str, expected: str) -> None:
    """Per-client consent, state after consent and a callback bound to the browser; and registration for all or not."""
    assert result(question) == expected


def test_the_published_attack_and_the_one_that_consent_does_not_stop() -> None:
    """Consent is spent unasked; or the attacker consents, in its own browser, before the user is lured upstream."""
    spent = check("DP", parse(f"{PROXY[3:]};reg=dcr;per_client_consent=off")).trace
    assert spent is not None
    assert [step.action.partition("[")[0] for step in spent.steps] == [
        "attacker.register",
        "attacker.start_at_proxy",
        "authorization_server.remember_consent",
        "proxy.take_callback",
        "attacker.redeem_at_proxy",
    ]
    lured = check("DP", parse(f"{PROXY[3:]};reg=dcr;callback_bind=off")).trace
    assert lured is not None
    assert [step.action for step in lured.steps][:4] == [
        "attacker.register[agent,proxy]",
        "attacker.start_at_proxy[proxy,attacker]",
        "proxy.ask_consent[proxy,attacker]",
        "attacker.send_on_past_proxy[proxy,user]",
    ]


def test_each_of_three_musts_is_needed_at_a_proxy() -> None:
    """Consent for each client, state after consent, a callback bound to the browser: all three, and no more."""
    musts = {
        "consent": ("per_client_consent", "off", "on"),
        "state": ("state_set", "before_consent", "after_consent"),
        "browser": ("callback_bind", "off", "on"),
    }
    attacker, open_to_all = parse("cap=mal_client+lure").capabilities, {"upstream_client": "static", "reg": "dcr"}
    found = Lattice(["DP"], attacker, open_to_all, mechanisms=musts, world=WORLDS["proxy"]).enumerate()
    assert found.sufficient == (frozenset(musts),)
    assert set(found.insufficient) == {frozenset(musts) - {must} for must in musts}


def test_a_client_that_the_user_approves_at_the_proxy_gets_what_it_asks_for() -> None:
    """The honest run: no deputy is confused when the user was asked."""
    world = WORLDS["proxy"]
    machine = Machine(parse("upstream_client=static"), world)
    state = machine.initial
    for action in (
        "client.start_at_proxy[proxy,user,client]",
        "proxy.ask_consent[proxy,user]",
        "authorization_server.remember_consent[proxy,user]",
        "proxy.take_callback[proxy,user]",
        "client.redeem_at_proxy[proxy,client]",
    ):
        step = next(step for step, _ in machine.moves(state) if step.action == action)
        state = machine.step(state, step)
    assert state[machine.index["proxy.1.code"]] == "redeemed"
    assert not find("DP").event(machine.context(machine.view(state)))


# --- classes of clients ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("AZ cap=code_leak;pkce=off;pkce_as=off", "attack"),
        ("AZ cap=code_leak;pkce=off;pkce_as=off;app:client_auth=secret", "safe"),
        ("AZ cap=mal_as;iss_check=off", "attack"),
        ("AZ cap=mal_as;iss_check=off;app:client_auth=secret", "safe"),
        ("DC cap=mal_sub_agent", "safe"),
        ("DC cap=mal_sub_agent;as:delegation_expiry=token", "attack"),
        ("TD cap=none", "reached"),
        ("TD as:preregistered=no", "not_reached"),
        ("TD as:trust_domain=no", "not_reached"),
        ("FC as:preregistered=no;as:trust_domain=no", "reached"),
    ],
)
def test_clients_of_each_class_in_one_world(question: str, expected: str) -> None:
    """What falls is the public one's, and the two others need somebody who knew them."""
    prop, _, configuration = question.partition(" ")
    assert result(f"{prop} world=client_classes;{configuration}") == expected


# --- AAuth ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("SC protocol=aauth;cap=proof_leak;dpop_replay=none", "attack"),
        ("SC protocol=aauth;cap=proof_leak;dpop_replay=jti", "safe"),
        ("DI protocol=aauth;cap=hdr_inject;resource_token_check=on", "safe"),
        ("DI protocol=aauth;cap=hdr_inject;resource_token_check=off", "attack"),
        ("AZ design=aauth;cap=mal_as+mal_rs;resource_token_check=off;ps_key_check=off;auth_token_check=off", "attack"),
        ("AZ design=aauth;cap=mal_as+mal_rs", "safe"),
        ("DP design=aauth;cap=mal_rs;http_redirect=reattach", "attack"),
        ("DP design=aauth;cap=web;handle_bind=off", "attack"),
        ("FS design=aauth;cap=mal_rs;fetch_guard=off", "attack"),
        ("FS design=aauth;cap=mal_rs", "safe"),
        ("AZ design=aauth;world=aauth_chain;cap=mal_rs", "safe"),
        ("AZ design=aauth;world=aauth_chain;cap=mal_rs;chain_policy=resources", "attack"),
        ("AZ design=aauth;cap=token_leak;chain_policy=open", "safe"),
        ("AZ design=aauth;cap=token_leak;chain_policy=open;exchange=any", "attack"),
        ("DI world=aauth_and_oauth;cap=hdr_inject", "attack"),
        ("DI world=aauth_and_oauth;cap=hdr_inject;fallback=off", "safe"),
        ("CD design=aauth;cap=mal_as", "not_in_this_world"),
    ],
)
def test_aauth(question: str, expected: str) -> None:
    """The rows of AAuth, the attack that its key checks are for, and its deputies and fetches."""
    assert result(question) == expected


@pytest.mark.parametrize("instance", ["none", "workload", "derived"])
def test_delegation(instance: str) -> None:
    """Only identities that derive from the grant confine what a sub-agent holds."""
    assert result(f"DC cap=none;instance={instance}") == ("safe" if instance == "derived" else "attack")


def test_a_connector_needs_no_resource_of_the_attackers() -> None:
    """A world may have the one without the other: whoever shares a registration gives the connector its token."""
    text = files("model").joinpath("worlds", "two_users_sessions.toml").read_text(encoding="utf-8")
    parts = [part for part in text.split("[[party]]") if 'name = "tools"' not in part]
    world = read("mine.toml", "[[party]]".join(parts))
    for design, expected in (("", "safe"), (";shared_provider=yes", "attack")):
        assert check("token_confinement", parse(f"cap=mal_toolkit{design}"), world).result == expected


def test_a_gateway_is_honest_and_is_no_server_of_its_own():
    """It answers for the AS behind it; elsewhere there is none."""
    world = WORLDS["gateway"]
    assert [one.name for one in world.gateways] == ["gateway"]
    assert [one.name for one in world.honest_servers] == ["as"]
    assert DEFAULT.gateways == ()
    assert [one.name for one in DEFAULT.honest_servers] == ["as"]


def test_who_has_a_host_has_the_dishonest_parties_that_are_there():
    """Beside those who run them; honest parties are nobody's, and neither is what has no URL of its own."""
    assert DEFAULT.hands["evil_as"] == ("mal_as", "mal_toolkit", "old_as_compromised")
    assert DEFAULT.hands["upload"] == ("hosting_upload", "domain_takeover")
    assert "crm" not in DEFAULT.hands
    assert all(not DEFAULT.by_name[name].honest and "://" in DEFAULT.by_name[name].url for name in DEFAULT.hands)
