"""Situations that a conversation and a world can both express, and what a client does in each of the two.

A resource of the attacker's and its AS answer as they like; where the browser comes to an honest AS, that answers.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from model.client import names_resource, server_is_listed
from model.conduct import spelled
from model.conversation import converse
from model.design import Configuration, Design
from model.machine import Machine, NotEnabledError, State, Step
from model.scenario import Scenario, assemble
from model.turns import of
from model.world import NONE
from model.world_file import DEFAULT

#: The parties of the default world that take part, as scenarios call them.
PARTIES = {"rs": "tools", "as1": "as", "evil": "evil_as"}
URLS = {name: DEFAULT.by_name[party].url for name, party in PARTIES.items()}
ORIGINS = {**URLS, "rs": "https://tools.attacker.example", "as2": "https://other.example"}
CRM = DEFAULT.by_name["crm"].url
WHO, GRANT = "victim", "as.user.1"
ATTACKER = frozenset(("mal_as", "mal_rs"))


class Published(NamedTuple):
    """AS metadata of the attacker's: whose issuer and endpoints it names, and what it says of iss and of PKCE."""

    issuer: str
    authorization: str
    token: str
    iss: bool
    pkce: bool


class Situation(NamedTuple):
    """What a client is answered.

    ``document``: what is there instead of the metadata of the resource, or which resource that is about; ``listed``:
    the AS in it. ``server``: the metadata of the attacker's AS, or what is there instead. ``iss``, ``state``: of the
    authorization response.
    """

    document: str
    listed: str
    server: Published | str
    iss: str
    state: str


def situations() -> Iterator[Situation]:
    """All of them."""
    ends = ("as1", "evil")
    named = (URLS["rs"], ORIGINS["rs"], CRM)
    documents = [
        *product(named, ends),
        (URLS["rs"], ""),
        *((there, "") for there in ("404", "500", "302", "malformed")),
    ]
    servers = [
        *map(Published._make, product(ends, ends, ends, (True, False), (True, False))),
        "404",
        "500",
        "malformed",
    ]
    honest = [(iss, "returned") for iss in ("as1", NONE)]
    for document, listed in documents:
        for server in ["404"] if listed == "as1" else servers:
            borrows = listed == "as1" or (isinstance(server, Published) and server.authorization == "as1")
            brought = [] if borrows else [("as1", "missing"), (NONE, "missing")]
            # Where it answers itself the attacker names the issuer that the client has recorded, if any.
            named_itself = not borrows and isinstance(server, Published) and server.issuer == "evil"
            for iss, state in [*honest, *brought, *([("evil", "returned")] if named_itself else [])]:
                yield Situation(document, listed, server, iss, state)


class End(NamedTuple):
    """What a client does in the end: the rule by which it refuses, or else where it sends the code, and for what."""

    refused_by: str
    token_at: str = ""
    resource: str = ""


# --- in a conversation -----------------------------------------------------------------------------------------


@cache
def _changes(situation: Situation) -> dict[str, Any]:
    document = situation.document
    locations = [f"{{rs}}/.well-known/oauth-protected-resource{path}" for path in ("/mcp", "")]
    body = {"resource": document, "authorization_servers": [f"{{{situation.listed}}}"] if situation.listed else []}
    documents: dict[str, Any] = {"main": {"at": locations, "body": body}}
    if document in ("404", "500", "302", "malformed"):
        documents["main"] = {"at": [] if document == "404" else locations, "status": 200, "body": {"resource": 7}}
        if document in ("500", "302"):
            documents["main"] |= {"status": int(document), "location": "{evil}/found" if document == "302" else ""}
        documents["found"] = {
            "at": ["{evil}/found"],
            "status": 200,
            "body": {"resource": URLS["rs"], "authorization_servers": ["{evil}"]},
        }
    own: dict[str, Any] = {"iss": "absent" if situation.iss == NONE else f"{{{situation.iss}}}"}
    own["metadata"] = {"client_id_metadata_document_supported": True}
    servers = {name: {"iss": own["iss"], "metadata": dict(own["metadata"])} for name in ("as1", "rs", "evil")}
    servers["as1"]["metadata"] |= {
        "protected_resources": [DEFAULT.by_name[name].url for name in DEFAULT.by_name["as"].serves],
        "authorization_response_iss_parameter_supported": situation.iss != NONE,
    }
    for name in ("rs", "evil"):
        said, metadata = situation.server, servers[name]["metadata"]
        if situation.iss == "evil":
            servers[name]["iss"] = "{self}"
        if isinstance(said, Published):
            place = {"as1": "{as1}", "evil": "{self}"}
            metadata |= {
                "issuer": place[said.issuer],
                "authorization_endpoint": f"{place[said.authorization]}/authorize",
                "token_endpoint": f"{place[said.token]}/token",
                "authorization_response_iss_parameter_supported": said.iss,
            }
            if not said.pkce:
                metadata["code_challenge_methods_supported"] = "absent"
        elif said == "malformed":
            metadata["token_endpoint"] = 7
        else:
            servers[name]["at"] = []
    return {
        "about": "",
        "documents": documents,
        "servers": servers,
        "authorization_response": {"state": situation.state},
    }


def conversation_of(situation: Situation) -> Scenario:
    """The situation as a scenario."""
    return assemble("", _changes(situation), ORIGINS)


def in_conversation(design: Design, situation: Situation) -> End:
    """What the client does in a conversation, where it judges the document first, as in worlds."""
    ended = converse(design.but(resource_when="before"), conversation_of(situation))
    asked = of(ended.sent, "token")
    if not asked:
        assert ended.refused_by is not None
        return End(ended.refused_by.name)
    (party, resources) = asked[0].to, asked[0].resources
    return End("", "evil" if party == "rs" else party, resources[0] if resources else NONE)


# --- in a world ------------------------------------------------------------------------------------------------


class _RefusedError(Exception):
    """The client refuses, by this rule."""


class _Run:
    """A run of the default world in which everybody does what a situation says."""

    def __init__(self, design: Design) -> None:
        self.machine = Machine(Configuration(design, ATTACKER), DEFAULT)
        self.state: State = self.machine.initial

    def take(self, action: str, **choices: Any) -> bool:
        """Take a step; false where it is none that could be taken."""
        known = self.machine.by_name[action].choices
        chosen = {name: choices.get(name, False if False in domain else NONE) for name, domain in known.items()}
        try:
            self.state = self.machine.step(self.state, Step(action, tuple(chosen.items())))
        except NotEnabledError as error:
            _, refused, rule = str(error).partition("refused by ")
            if refused:
                raise _RefusedError(rule) from None
            return False
        return True

    def get(self, name: str) -> Any:
        """What a state variable is."""
        return self.state[self.machine.index[name]]


def expressible(design: Design, situation: Situation) -> bool:
    """Whether the default world has the situation."""
    # A client that looks only at what it uses takes such a document, and sends the code to an endpoint that is none.
    unread = situation.server == "malformed" and design.schema_fields == "used"
    # A document that lists no AS is about what the client asks for: another may list the attacker's as well.
    aside = (situation.document, situation.listed, design.prm) == (URLS["rs"], "", "origin")
    # A client that reads no such document is answered none.
    answered = design.prm == "off" and (situation.document, situation.listed) != ("404", "")
    return not (unread or aside or answered)


def in_world(design: Design, situation: Situation) -> End:
    """What the client does in the default world."""
    sends = "no" if situation.iss == NONE else "yes"
    run = _Run(design.but(h_iss=sends))
    try:
        _discover(run, design, situation)
        _ask(run, situation)
    except _RefusedError as error:
        return End(str(error))
    token_at = run.get(f"{WHO}.token_at")
    resource = run.get(f"{WHO}.resource") if names_resource(design, "token") else NONE
    return End(
        "", "as1" if token_at == URLS["as1"] else "evil", resource if resource == NONE else spelled(design, resource)
    )


def _discover(run: _Run, design: Design, situation: Situation) -> None:
    run.take(f"client.request_resource[{WHO}]", url=URLS["rs"])
    own, document = f"attacker.publish_resource_metadata[{WHO},own]", situation.document
    without = f"client.do_without_resource_metadata[{WHO},evil_as]"
    if design.prm == "off":
        # What such a client is configured with is where it goes anyhow: to the origin of the resource, or nowhere.
        if not server_is_listed(design, False).holds:
            raise _RefusedError("client.server_is_listed")
        assert run.take(own, resource=URLS["rs"], listed=URLS["evil"])
    elif situation.listed:
        assert run.take(own, resource=document, listed=URLS[situation.listed])
    else:
        answer = "unlisted" if document == URLS["rs"] else document
        if not run.take(without, answer=answer):
            assert answer == "302"
            assert run.take(own, resource=URLS["rs"], listed=URLS["evil"])
    said = situation.server
    if run.get(f"{WHO}.listed") == URLS["as1"]:
        assert run.take(f"client.use_server_metadata[{WHO},as]")
    elif isinstance(said, Published):
        reads_pkce = design.pkce_listed == "required"
        assert run.take(
            f"attacker.publish_server_metadata[{WHO},evil_as]",
            issuer=URLS[said.issuer],
            authorization_at=URLS[said.authorization],
            token_at=URLS[said.token],
            registration_at=URLS["evil"],
            promises_iss=said.iss,
            offers_pkce=said.pkce and reads_pkce,
        )
    else:
        answer = "malformed" if said == "malformed" else "404"
        if not run.take(f"client.do_without_server_metadata[{WHO},evil_as]", answer=answer):
            raise _RefusedError("client.endpoint_is_known")


def _ask(run: _Run, situation: Situation) -> None:
    assert run.take(f"client.send_authorization_request[{WHO}]")
    at_honest = run.get(f"{WHO}.authorization_at") == URLS["as1"]
    if situation.iss == "evil":
        client = run.machine.world.by_name["client"]
        assert run.take(f"attacker.deliver_response[{WHO},user]", code="forged", arrives_at=client.callback)
        return
    if at_honest:
        assert run.take(f"authorization_server.issue_code[{WHO},{GRANT}]")
    elif situation.state == "returned":
        assert run.take(f"attacker.forward_request[{WHO},{GRANT}]")
    else:
        client = run.machine.world.by_name["client"]
        request = {"client": client.url, "redirect": client.callback, "challenge": "thief", "state": NONE}
        assert run.take(f"attacker.send_request[{GRANT}]", **request)
    assert run.take(f"client.accept_authorization_response[{WHO},{GRANT}]")


def alike(world: End, conversation: End) -> bool:
    """Whether a client does the same in both; a token endpoint it may look at late, when it has refused already."""
    late = "client.token_endpoint_is_corroborated"
    return world == conversation or (world.refused_by == late and conversation.refused_by != "")
