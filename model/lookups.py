"""What parties look up about each other at run time, as messages: documents, registrations, keys, tokens.

Who has known another beforehand looks nothing up. Nobody's step can come between a lookup and what it is for in a way
that a run without it has not: it is a part of the step that needs it, and what a document of the attacker's says is
chosen anew for each reader. Only the keys of an AS of the attacker's are a step by themselves, since a resource server
keeps them and may take them for another's. Rules and attacker read the facts that the documents state; here is what is
on the wire.
"""

from model import client as client_rules
from model.action import Context
from model.delegation_messages import MISSION, MissionState, StatusRequest
from model.identifiers import origin
from model.logic import Condition, Value, all_of, any_of, choose, mapped, no, one_of, same
from model.messages import (
    ClientMetadata,
    ClientSays,
    EntityStatement,
    Fetch,
    Introspection,
    IntrospectionResponse,
    KeySet,
    LogEntry,
    RegistrationRequest,
    RegistrationResponse,
    Sent,
    asked,
)
from model.readings import IssuedToken, is_made_offline, on_word_of, policy_of, token_of
from model.registration import redirect_uris, registers_at_run_time
from model.switching import Choices
from model.world import NONE, Party, client_ids

#: Who makes the statements that chains of OpenID Federation end in, for all who share it.
ANCHOR = "https://anchor.example"
#: Whom that lets speak for names of its own, below it; and which those are.
INTERMEDIATE, OWN_NAMES = "https://registry.example", "permitted [.registry.example]"
#: Who signs documents about resources and AS, for those who accept it.
ATTESTER = "https://attester.example"
#: Where anybody can look up which statements about resources have been made.
LOG = "https://log.example"
#: What a client that has a key publishes, and what says who made its software, or that of its instance, and attests it.
KEYS, STATEMENT, SIGNED_BY_ATTESTER = "<its keys>", "<software statement>", "<signed by an accepted attester>"


def _method(design: Choices) -> Value:
    """How a client of a design authenticates, as its metadata says it."""
    names = {
        "secret": "client_secret_basic",
        "pkjwt": "private_key_jwt",
        "mtls": "tls_client_auth",
        "attest": "attest_jwt_client_auth",
    }
    own = mapped(lambda value: names.get(value, NONE), design.client_auth)
    return choose(client_rules.platform_signs(design), "spiffe_jwt", own)


def _metadata(c: Context, server: Party, client_id: Value, redirect: Value = NONE) -> ClientSays:
    """What the metadata of a client says to an AS; that of the attacker's lists what is asked for."""
    design = policy_of(c, client_id)
    honest = one_of(client_id, *(known for client in c.world.clients for known in client_ids(c.world, client)))
    listed = [found for client in c.world.clients for found in redirect_uris(c, client, server, client_id)]
    return {
        "redirect_uris": (*(choose(here, uri, NONE) for here, uri in listed), choose(honest, NONE, redirect)),
        "token_endpoint_auth_method": choose(honest, _method(design), NONE),
        "jwks": choose(
            all_of(honest, same(design.client_auth, "pkjwt"), same(design.assertion_by, "client")), KEYS, NONE
        ),
    }


def named(c: Context, client_id: Value) -> Value:
    """The client of a client_id by its name, which answers where that is the URL of a document; another as it is."""
    host = client_id
    for client in c.world.clients:
        host = choose(one_of(client_id, *client_ids(c.world, client)), client.name, host)
    return host


def client_is_read(
    c: Context, server: Party, client_id: Value, redirect: Value, when: Condition = True
) -> tuple[Sent, ...]:
    """How an AS comes to know a client that is not registered with it: by its document, or its chain of statements."""
    design = policy_of(c, client_id)
    document, chained = (all_of(when, same(design.reg, way)) for way in ("cimd", "federation"))
    if document is False and chained is False:
        return ()
    host, says = named(c, client_id), _metadata(c, server, client_id, redirect)
    by_platform = client_rules.platform_signs(design)
    spiffe_id, bundle_endpoint = (choose(by_platform, mapped(of, client_id), NONE) for of in (_spiffe_id, _bundle))
    trusted = Fetch(bundle_endpoint), KeySet("<keys of its SPIFFE trust domain>")
    bundle, also = all_of(document, by_platform), same(design.auth_methods, "also_none")
    both = mapped(lambda known: NONE if known == NONE else ("none", known), says["token_endpoint_auth_method"])
    metadata = ClientMetadata(
        client_id,
        **says,
        token_endpoint_auth_methods_supported=choose(also, both, NONE),
        spiffe_id=spiffe_id,
        spiffe_bundle_endpoint=bundle_endpoint,
    )
    return (
        *asked(server.name, host, Fetch(client_id), metadata, document),
        *asked(server.name, host, *trusted, bundle),
        *_chain(server.name, host, client_id, chained, "oauth_client", says["redirect_uris"]),
    )


def _at_origin(path: str, url: str) -> str:
    return f"{origin(url)}{path}" if "://" in url else NONE  # a client_id need not be a URL


def _spiffe_id(client_id: str) -> str:
    return _at_origin("/agent", client_id).replace("https://", "spiffe://")


def _bundle(client_id: str) -> str:
    return _at_origin("/spiffe/bundle", client_id)


def _chain(
    reader: str,
    holder: Value,
    entity: Value,
    when: Condition,
    enrolled_as: Value,
    uris: tuple[Value, ...] = (),
    below: Condition = False,
) -> tuple[Sent, ...]:
    """The statements that lead from an entity to the anchor that their reader knows.

    ``enrolled_as``: what the anchor, or the intermediate that the entity is ``below``, lets it be.
    """
    under = choose(below, INTERMEDIATE, ANCHOR)
    kind, names = mapped("allowed_entity_types: [{}]".format, enrolled_as), f"naming_constraints: {OWN_NAMES}"
    itself = Fetch(mapped(lambda at: _at_origin("/.well-known/openid-federation", at), entity))
    about = Fetch(mapped(lambda of, at: f"{of}/fetch?sub={at}", under, entity))
    above = EntityStatement(under, entity, NONE, "<keys of the one before>", constraints=kind)
    last = EntityStatement(ANCHOR, INTERMEDIATE, NONE, "<its keys>", constraints=names)
    return (
        *asked(reader, holder, itself, EntityStatement(entity, entity, under, KEYS, uris), when),
        *asked(reader, under, about, above, when),
        *asked(reader, ANCHOR, Fetch(f"{ANCHOR}/fetch?sub={INTERMEDIATE}"), last, all_of(when, below)),
    )


def server_is_vouched_for(c: Context, who: str, server: Party) -> tuple[Sent, ...]:
    """How the client of a session sees that an AS is in its federation: by a chain of statements."""
    design, client = c.client(who), c.world.session[who].client
    got_in = NONE if server.honest else c.design.a_enrolled
    as_what = choose(same(got_in, "as_client"), "oauth_client", "oauth_authorization_server")
    below, asked = same(got_in, "below"), same(design.as_trust, "federation")
    return _chain(client, server.name, server.url, asked, as_what, below=below)


def signature_is_verified(c: Context, who: str, signed: Value, anchored: Condition) -> tuple[Sent, ...]:
    """How the client of a session gets the key of the signer of a document, where it accepts certain attesters.

    A key that a document brings itself is looked up nowhere.
    """
    looks = all_of(no(same(signed, NONE)), anchored)
    client, keys = c.world.session[who].client, KeySet("<keys of an accepted attester>")
    return asked(client, ATTESTER, Fetch(f"{ATTESTER}/jwks"), keys, looks)


def log_is_asked(c: Context, who: str, resource: Value, listed: Value) -> tuple[Sent, ...]:
    """How the client of a session sees that the public log holds a statement about a resource and its AS."""
    design, client = c.client(who), c.world.session[who].client
    looks = all_of(same(design.prm_log, "required"), no(same(design.prm, "off")))
    fetch = Fetch(mapped(lambda at: f"{LOG}/entry?resource={at}", resource))
    return asked(client, LOG, fetch, LogEntry(resource, listed), looks)


def client_registers(
    c: Context, who: str, server: Party, client_id: Value, at: Value, anyhow: Condition = False
) -> tuple[Sent, ...]:
    """How the client of a session registers for an AS, where it does at run time, ``at`` whichever that names.

    ``anyhow``: it does here whatever it does elsewhere.
    """
    client, design = c.world.session[who].client, c.client(who)
    at_run_time = any_of(registers_at_run_time(design), anyhow)
    if at_run_time is False:
        return ()
    secret: Value = NONE
    for honest in c.world.honest_registrars:
        gives = all_of(same(at, honest.url), same(design.client_auth, "secret"))
        secret = choose(gives, f"{client}@{honest.name}", secret)
    statement = choose(same(design.reg, "dcr_ss"), STATEMENT, NONE)
    request = RegistrationRequest(**_metadata(c, server, client_id), software_statement=statement)
    return asked(client, at, request, RegistrationResponse(client_id, secret), at_run_time)


def token_is_looked_up(c: Context, url: Value, token: str, made: IssuedToken, unheard: Condition) -> tuple[Sent, ...]:
    """How an honest resource server comes to know whether a token is good: it asks the AS, or takes its keys.

    The keys of issuers that it was configured with it has. ``unheard``: that the AS says that it is
    good no more, and is not heard.
    """
    design = c.among(c.world.resource_servers, lambda party: same(url, party.url))
    server, opaque = made.server, same(design.token_fmt, "opaque")
    unknown = all_of(no(opaque), no(same(design.rs_trust, "allowlist")))
    asks, chained = all_of(opaque, no(unheard)), is_made_offline(c, token)

    def about(name: str, of: IssuedToken, when: Condition) -> tuple[Sent, ...]:
        told = IntrospectionResponse(True, of.client, of.subject, of.audience, of.key, of.scope)
        return asked(url, server.name, Introspection(name), told, when)

    found = about(token, made, all_of(asks, no(chained)))
    if chained is not False:  # of such a chain the AS knows the grant at its end
        root = c.world.links(token)[-1]
        found += about(root, token_of(c, root), all_of(asks, chained))
    if token in c.world.revocable:  # which is about to say that it is active
        for above, by in on_word_of(c, c.world.links(token)[-1]):
            of, knows = c.world.grant[above].server, same(c.of(server.name).state_across, "known")
            status, answer = StatusRequest(MISSION), MissionState(MISSION, "active")
            found += asked(server.name, of, status, answer, all_of(asks, knows, by))
    return (*found, *asked(url, server.name, Fetch(f"{server.url}/jwks"), KeySet(f"<keys of {server.url}>"), unknown))
