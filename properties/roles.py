"""A question as honest roles that receive, check and send; the attacker is the prover's.

The process has a browser, a client, an authorization server (AS) and resource servers (RS), any number of sessions of
each, in the applied pi calculus of ProVerif. Nobody here wrote the attacker's moves: it reads and writes the public
channel, runs any number of hosts, and knows what a capability gives it: a channel, a browser, a token.

The rules are the model's own. Each guard is asked with the switches of the configuration and with fields of messages
as values; what is left of a rule is a condition on terms, and stands in the process as ``if``. What the vocabulary does
not cover is refused by name.

References:
    B. Blanchet, B. Smyth, V. Cheval, M. Sylvestre: ProVerif 2.05: Automatic Cryptographic Protocol Verifier, User
    Manual and Tutorial, 3.1 (processes), 3.1.1 (destructors), 4.1.5 (tables).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import TypeAlias

from model import authorization_server as server_rules
from model import client as client_rules
from model import conduct, guards, readings, registration
from model import resource_server as resource_rules
from model.action import ActionSchema, Context, Move
from model.design import Configuration
from model.extension import MessageRules
from model.fields import AddedField, signed
from model.flow import Registration
from model.identifiers import origin
from model.logic import Condition, Pick, Value, all_of, any_of, choose, decided, no, same
from model.messages import (
    AuthorizationRequest,
    AuthorizationResponse,
    ClientAuthentication,
    Message,
    PushedRequest,
    ResourceMetadata,
    ResourceRequest,
    Sent,
    ServerMetadata,
    TokenRequest,
    TokenResponse,
)
from model.model import DraftError
from model.protocols import actions
from model.receipts import GRANTED, REQUESTING, Receipt
from model.rule import Named
from model.state import View
from model.switches import CAPABILITIES, SWITCHES
from model.token_flow import SERVERS_METHOD
from model.world import AUTHORIZATION_SERVER, CLIENT, NONE, RESOURCE_SERVER, Party, callback_at
from model.world_file import find_world
from properties.security import Property
from properties.terms import NotCoveredError, Terms, Unread, either, equal, pick

#: Terms by the names that rules give to what they are.
Names: TypeAlias = Mapping[str, str]

#: What the process is able to say; a question about anything else is refused.
PROPERTIES = ("authorization", "code_delivery", "flow_binding", "token_confinement", "client_authentication",
              "session_integrity")  # fmt: skip
ATTACKER = ("mal_as", "mal_rs", "mal_client", "lure", "web", "code_leak", "req_leak", "token_leak")
#: Switches with the values that are covered; all of them where none is listed.
COVERED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((
        "prm", "md_issuer_check", "md_corroborate", "rs_as_bind", "iss_check", "h_iss", "per_as_redirect", "state",
        "state_single_use", "callback_bind", "pkce", "pkce_as", "par", "request_uri_once", "block", "splice", "par_at",
        "client_auth", "assertion_aud", "aud_accepted", "cred_pin", "resource_indicator", "as_resource",
        "default_audience", "as_echo", "echo", "audience_check", "dpop", "dpop_key", "as_dpop", "proof_required",
        "token_type_check", "r_requires_dpop", "r_method", "rs_htu", "rs_ath", "rs_htm", "rs_cnf",
        *(name for name, switch in SWITCHES.items() if switch.kind == "conduct" and switch.in_worlds),
    ), ()),
    "reg": ("cimd", "dcr", "static"),
    "as_trust": ("any", "allowlist"),
}  # fmt: skip
#: Worlds that it stands for, with any number of the sessions of the first.
WORLDS = ("default", "two_users_sessions")
#: That honest parties get somewhere: where this cannot happen, neither does much else.
RUNS = "served"


def check_covered(prop: Property, configuration: Configuration) -> None:
    """Make sure that a question is in the vocabulary.

    Raises:
        NotCoveredError: naming the first property, capability, switch, world or addition that is not.
    """

    def refuse(what: str, allowed: Iterable[str]) -> None:
        raise NotCoveredError(f"{what} is not in the message-level export; it covers: {', '.join(allowed)}")

    design = configuration.design
    if prop.name not in PROPERTIES:
        refuse(f"property {prop.name!r}", PROPERTIES)
    for capability in (name for name in CAPABILITIES if name in configuration.capabilities):
        if capability not in ATTACKER:
            refuse(f"capability {capability!r}", ATTACKER)
    for name in design.own():
        refuse(f"a switch of one party, {name!r},", ["switches of everybody"])
    for name, value in design.changes().items():
        if name not in COVERED and name in SWITCHES:  # what a draft switches are its own rules
            refuse(f"switch {name!r}", COVERED)
        if value not in (COVERED.get(name) or (value,)):
            refuse(f"{name}={value}", (f"{name}={each}" for each in COVERED[name]))
    for each in configuration.model.changes:
        if isinstance(each, AddedField) and each.message not in (*_ANSWERS, *_REQUESTS):
            refuse(f"the field {each.name!r} that a draft adds to {each.message}", (*_ANSWERS, *_REQUESTS))
    if configuration.model.further(ActionSchema):
        refuse("what a draft adds to steps", ["rules of guards and messages", "fields of requests and answers"])
    if (configuration.world or WORLDS[0]) not in WORLDS:
        refuse(f"world {configuration.world!r}", WORLDS)


def roles(configuration: Configuration, prop: Property) -> str:
    """The process, with the query whether the property is violated.

    Raises:
        NotCoveredError: the question is not in the vocabulary.
    """
    check_covered(prop, configuration)
    return _Process(configuration, prop.name, prop.meaning).text()


def honest(configuration: Configuration) -> str:
    """The process without an attacker, with the query whether the user's request is served."""
    alone = replace(configuration, capabilities=frozenset())
    return _Process(alone, RUNS, "Honest parties alone get to protected data.").text()


#: What the rules get for values of one session, each with the variable that it is in the process.
_ISSUER, _SERVER, _SESSION = "https://issuer.example", "https://server.example", "this"
_WANTED = "https://wanted.example/at"
#: Values of which a rule only asks whether they are one another.
_OTHER, _SOME, _EXPECTED = "other", "some", "expected"
_NAMES = ("none", "default", "yes", "post", "other_method", "bearer", "dpop_bound", "client_id", "agent", "callback",
          "client", "as", "tools", "alice", "mallory")  # fmt: skip
#: What parties say to each other, with what is in it.
_MESSAGES = {
    "ResourceMetadata": "resource authorization_server",
    "ServerMetadata": "issuer authorization_at token_at par_at registration_at sends_iss",
    "AuthorizationRequest": "client_id redirect_uri state challenge dpop_jkt resource",
    "RequestByReference": "client_id request_uri",
    "AuthorizationResponse": "redirect_uri code state iss",
    "Assertion": "client_id issuer token_at called",
    "AccessToken": "id user client_id audience default key",
}  # fmt: skip
#: Messages to which drafts may add what the AS holds, and by which term each says whose grant it is.
_ANSWERS = {"AuthorizationResponse": "code", "TokenResponse": "access_token"}
#: Requests to which drafts may add what the client holds, draws, hashes or signs.
_REQUESTS = ("AuthorizationRequest", "ClientAuthentication", "TokenRequest")
#: What an authorization request says, each with the variable that it is in the process of the AS.
_REQUEST = {
    "client_id": "by",
    "redirect_uri": "redirect_uri",
    "state": "state",
    "code_challenge": "challenge",
    "dpop_jkt": "dpop_jkt",
    "resource": "resource",
}
#: What a client finds where a document should be: one, or that there is none, and what it then goes on with.
_MISSING = """
fun missing(bitstring, bitstring): bitstring [private].
fun found(bitstring, bitstring): bitstring reduc forall h, m: bitstring; found(document(h, m), h) = (m, none)
  otherwise forall h, m: bitstring; found(missing(h, m), h) = (m, yes)."""
#: What rules of drafts may compare in the place of a signature.
_SIGNED = """
fun signed_by(bitstring, bitstring): bitstring reduc forall m, k: bitstring; signed_by(sign(m, k), pk(k)) = m
  otherwise forall x, k: bitstring; signed_by(x, k) = none."""
_FUNCTIONS = """
fun evil(bitstring): bitstring [data].                       (* any number of hosts of the attacker's *)
fun callback_at(bitstring): bitstring [data].                (* a redirect URI of the client's for one issuer *)
fun dpop_key_at(bitstring): bitstring [private].
fun pk(bitstring): bitstring.
fun s256(bitstring): bitstring.
fun sign(bitstring, bitstring): bitstring.
reduc forall m, k: bitstring; opened(sign(m, k)) = m.
reduc forall m, k: bitstring; checked(sign(m, k), pk(k)) = m.
fun audience_of(bitstring, bitstring): bitstring reduc forall c, i, t, e, k: bitstring;
    audience_of(sign(Assertion(c, i, t, e), k), pk(k)) = (c, i, t, e)
  otherwise forall x, k: bitstring; audience_of(x, k) = (none, none, none, none).
(* a DPoP proof, by a key for a method, a URL and a token, and what it says *)
fun dpop(bitstring, bitstring, bitstring, bitstring): bitstring.
fun said(bitstring): bitstring reduc forall k, m, u, t: bitstring; said(dpop(k, m, u, t)) = (pk(k), m, u, t)
  otherwise forall x: bitstring; said(x) = (none, none, none, none).
fun host_of(bitstring): bitstring reduc host_of(callback) = client
  otherwise forall x: bitstring; host_of(callback_at(x)) = client otherwise forall x: bitstring; host_of(x) = x.
(* TLS: only a host publishes its documents and reads what is sent to it; to itself, a client is known by connection *)
fun document(bitstring, bitstring): bitstring [private].
reduc forall h, m: bitstring; content(document(h, m), h) = m.
fun requests(bitstring): channel [private].
fun calls(bitstring): channel [private].
fun itself(bitstring, channel): bitstring [private].
fun visits(bitstring): channel [private].                    (* where the user's browser arrives *)
table codes(bitstring, bitstring, bitstring, bitstring, bitstring, bitstring, bitstring, bitstring).
table pushed(bitstring, bitstring, bitstring, bitstring, bitstring, bitstring, bitstring).
table registered(bitstring, bitstring).
table started(bitstring, bitstring).
reduc forall a, s, c: bitstring, r: channel; session_of(itself((a, s, c), r), r) = (a, s, c) [private].
"""


def _lines(*parts: str) -> str:
    """Lines of a process, of which some may be empty."""
    return "\n  ".join(filter(None, parts))


def _typed(names: str) -> str:
    """Variables with their type."""
    return ", ".join(f"{name}: bitstring" for name in names.split())


def _missing(variable: str, when: Condition) -> Condition:
    """Whether the client has found no document, if it ever goes on without."""
    return when is not False and equal(variable, "yes")


class _Process:
    """The process of one question."""

    def __init__(self, configuration: Configuration, event: str, meaning: str) -> None:
        world = find_world(WORLDS[0])
        self.design, self.has, self.event = configuration.design, configuration.capabilities, event
        self.c = Context(world, self.design, {name: name in self.has for name in CAPABILITIES}, View(lambda _: False))
        self.asked_of_messages = [each for each in configuration.model.changes if isinstance(each, MessageRules)]
        self.added = [each for each in configuration.model.changes if isinstance(each, AddedField)]
        self.asks = self.further("AuthorizationRequest")
        self.title = f"(* {event}: {meaning}\n   {configuration} *)"
        self.world, self.client, self.server = world, world.clients[0], world.honest_servers[0]
        self.resources = [party for party in world.resource_servers if party.honest and self.c.exists(party) is True]
        self.tools = next(party for party in world.resource_servers if "mal_rs" in party.run_by)
        self.agent = next(party for party in world.identities if party.identity == "own")
        self.known = {party.url: party.name for party in self.resources}
        self.known |= {origin(url): f"{name}_site" for url, name in [*self.known.items()]}
        design, self.stranger = self.design, world.strangers[0]
        # Resources that the client goes on with where the attacker's has no document, and whether any AS was named.
        self.undocumented = {
            "none" if move.sets["attacker.resource"] == NONE else "evil(x)"
            for move in self.without("resource_metadata", "attacker", phase="challenged", url=self.tools.url)
        }
        self.assumed = _missing("assumed", bool(self.undocumented))
        self.unrecorded = {who: self.guesses(who) for who in ("victim", "attacker")}
        self.guessing = any(when is not False for when in self.unrecorded.values())
        self.may_be_missing = bool(self.has) and (bool(self.undocumented) or self.guessing)
        self.confuses = client_rules.callback_browser_started_flow(design, True).holds is not False
        self.makes_proofs = client_rules.wants_dpop(design, False, False) is True
        self.asks_proofs = self.makes_proofs or design.r_requires_dpop == "yes" or design.proof_required == "yes"
        # A session of the model's that stands for any of the process, and what it draws, hashes and signs.
        who = world.sessions[0].name
        at = {"issuer": _ISSUER, "url": self.tools.url, "metadata": _SERVER, "went_to": NONE}
        then = {f"{who}.{name}": value for name, value in at.items()}
        self.in_session = c = self.c._replace(session=who, state=View(lambda name: then.get(name, False)))
        made = {name: could.says(c, c.state.session(who)) for name, could in REQUESTING.items()}
        self.terms = {
            NONE: "none",
            **self.known,
            self.client.url: "client_id",
            self.client.callback: "callback",
            self.server.url: "as",
            _ISSUER: "issuer",
            callback_at(self.client, _ISSUER): "callback_at(issuer)",
            self.tools.url: "url",
            origin(self.tools.url): "origin(url)",
            _WANTED: "wanted",
            origin(_WANTED): "origin(wanted)",
            f"key:{self.client.name}": "dpop_key",
            f"key:{self.client.name}@{_ISSUER}": "dpop_key_at(issuer)",
            f"key:{self.client.name}@{self.server.url}": "dpop_key_at(as)",
            f"key:{_SESSION}": "session_key",
            f"key:{who}": "session_key",
            decided(made["drawn"]): "drawn",
            decided(made["kept"]): "kept",
            decided(made["hash_of_kept"]): "s256(kept)",
            decided(signed(self.client.name, _ISSUER)): "sign(issuer, client_key)",
            f"key:{self.client.name}:earlier": "earlier_key",
        }

    def text(self) -> str:
        """All of it."""
        known = [*self.known.values()]
        sites = " otherwise ".join(f"origin({party.name}) = {party.name}_site" for party in self.resources)
        messages = [
            f"fun {name}({', '.join(['bitstring'] * len(said))}): bitstring [data].  (* {' '.join(said)} *)"
            for name, said in ((name, [*said.split(), *self.further(name)]) for name, said in _MESSAGES.items())
        ]
        keys = "client_key, as_key, client_secret, dpop_key, earlier_key, held, data"
        events = f"event {self.event}.\nquery event({self.event})."
        honest = (*self.documents(), *self.clients(), *self.servers(), *map(self.serves, self.resources))
        parts = (*honest, *self.attacker())
        processes = ("\n".join(line.rstrip() for line in part.strip().splitlines() if line.strip()) for part in parts)
        body = "\n| ".join(f"! ( {each} )" for each in processes)
        return "\n".join(
            [
                self.title,
                "free net: channel.",
                f"const {', '.join([*_NAMES, *known])}: bitstring.",
                f"free {keys}: bitstring [private].",
                *messages,
                re.sub(r"(?<=table codes\(|able pushed\()", "bitstring, " * len(self.asks), _FUNCTIONS.strip())
                + (_SIGNED if self.added else "")
                + (_MISSING if self.may_be_missing else ""),
                f"fun origin(bitstring): bitstring reduc {sites} otherwise forall x: bitstring; origin(x) = x.",
                events,
                "process",
                body,
                "",
            ]
        )

    def term(self, value: Value) -> str:
        """A value as a term."""
        if isinstance(value, Pick):
            *others, last = value.cases
            found = self.term(last)
            for member in reversed(others):
                found = either(value.cases[member], self.term(member), found)
            return found
        return self.terms[value]

    def checks(self, *asked: Named, unless: Condition = False) -> str:
        """What is left of rules, one after another; ``unless``: nothing is there that they are about."""
        found = ((rule.name, any_of(unless, holds)) for rule, holds in asked if holds is not True)
        return _lines(*(f"if {'false' if holds is False else holds} then (* {name} *)" for name, holds in found))

    def further(self, message: str) -> Names:
        """The fields that drafts add to a message, each with the variable that it is in the process."""
        return {each.name: f"added_{each.name}_of_{message}" for each in self.added if each.message == message}

    def requested(self, *messages: type[Message]) -> dict[str, str]:
        """What the client writes into the fields that drafts add to its requests, each once."""
        found: dict[str, str] = {}
        for message in messages:
            sent = Sent(
                self.client.name, self.server.name, message(*(Unread() for each in fields(message) if each.init))
            )
            for each in self.added:
                if each.message == message.__name__ and each.name not in found:
                    said = each.says(self.in_session, sent)
                    if isinstance(said, Pick) or said not in self.terms:
                        raise NotCoveredError(f"what {each.name!r} says is not in the message-level export")
                    found[each.name] = f"pk({self.terms[said]})" if said.startswith("key:") else self.terms[said]
        return found

    def received(self, *messages: type[Message]) -> dict[str, str]:
        """The same fields as the AS gets them, each with its variable."""
        every = [self.further(message.__name__) for message in reversed(messages)]
        return {name: variable for each in every for name, variable in each.items()}

    def functions(self, said: Names) -> tuple[str, Names]:
        """What rules may compare in the place of fields of a request: what has to be said first, and the terms."""
        listed = {each.name for each in self.added if each.listed} if self.asked_of_messages else ()
        lines: list[str] = []
        terms: dict[str, str] = {}
        for name, variable in said.items():
            if name in listed:
                lines.append(f"let {variable}_hashed = if {variable} = none then none else s256({variable}) in")
                signed_by = f"if by = client_id then signed_by({variable}, pk(client_key)) else {variable}"
                lines.append(f"let {variable}_signed = {signed_by} in")
                terms |= {f"{name}.hashed": f"{variable}_hashed", f"{name}.signed": f"{variable}_signed"}
        return _lines(*lines), terms

    def adds(self, message: type[Message], request: Names) -> list[str]:
        """What the AS writes there, which answers what a ``request`` said."""
        grant = next(each for each in self.world.grants if each.server == self.server.name)
        kept = {**GRANTED, **{name: name for name in self.asks}}
        held = {f"{grant.name}.{name}": f"the term {request[said]}" for said, name in kept.items()}
        self.terms |= {f"the term {term}": term for term in request.values()}
        c = self.c._replace(state=View(lambda name: held.get(name, NONE)))
        plain = message(*(NONE for each in fields(message) if each.init))
        sent = Sent(self.server.name, self.client.name, replace(plain, **{_ANSWERS[message.__name__]: grant.name}))
        return [self.term(each.says(c, sent)) for each in self.added if each.message == message.__name__]

    def drafts(
        self,
        role: str,
        kind: type[Message],
        says: Names,
        held: Names,
        unless: Condition = False,
        before: str = "",
        authenticates: bool | None = None,
    ) -> str:
        """What is left of the rules of drafts about a message of a ``kind`` that a party of a ``role`` receives.

        ``says`` and ``held`` have the terms of what they may ask about; ``before`` is what has to be said first.
        ``authenticates``: only rules about the authentication in it, or only others.
        """
        whose = f"{kind.__name__} that a {role.replace('_', ' ')} gets"
        told = (
            Terms(says, held.values(), f"what a {whose} says:"),
            Terms(held, says.values(), f"what is held of a {whose}:"),
        )

        def about(kind: type[Message]) -> list[Named]:
            message = kind(*(NONE for each in fields(kind) if each.init))
            it = Receipt(self.c, role, True, NONE, message, *told)
            return [rule for each in self.asked_of_messages if each.kind in it.kinds for rule in each.asks(it)]

        try:
            asked = about(kind)
            if authenticates is not None:
                all_alike = {rule.name for rule, _ in about(ClientAuthentication)}
                asked = [one for one in asked if (one.rule.name in all_alike) == authenticates]
        except (AttributeError, TypeError, DraftError) as error:  # a value is not known here, only which others it is
            raise NotCoveredError(
                f"a rule that looks into what a {whose} is not in the message-level export"
            ) from error
        return _lines(before, self.checks(*asked, unless=unless)) if asked else ""

    def without(self, what: str, who: str, **read: Value | Condition) -> Iterator[Move]:
        """The model's own steps in which a client does without metadata of the attacker's, where it goes on."""
        state = {f"{who}.{name}": value for name, value in read.items()}
        name = f"client.do_without_{what}[{who},{self.stranger.name}]"
        step = next(each for each in actions(self.world) if each.name == name)
        for answer in step.choices["answer"]:
            move = step(self.c._replace(state=View(lambda name: state.get(name, False))), answer=answer)
            goes_on = all_of(move.when, *(one.holds for one in move.rules))
            if goes_on is not False:
                yield move._replace(when=goes_on)

    def guesses(self, who: str) -> Condition:
        """When a client goes on without the metadata of an AS of the attacker's."""
        url, at = pick("url", {party.url: party.name for party in self.resources}, self.tools.url), self.stranger.url
        read = self.without("server_metadata", who, phase="discovered", url=url, listed=at, unnamed=self.assumed)
        return any_of(*(move.when for move in read))

    # --- documents, and what capabilities put into the hands of the prover's attacker

    def documents(self) -> Iterator[str]:
        """What hosts publish: the AS of itself, resource servers of themselves and the AS that they designate."""
        offers, sends = "as" if self.design.par != "off" else "none", "yes" if self.design.h_iss == "yes" else "none"
        yield f"out(net, document(as, ServerMetadata(as, as, as, {offers}, as, {sends})))"
        for party in self.resources:
            yield f"out(net, document({party.name}, ResourceMetadata({self.published(party.name, party)}, as)))"
        if "mal_as" in self.has:  # a resource server that does nothing but name it
            yield f"""in(net, x: bitstring);
  out(net, document(tools, ResourceMetadata({self.published("tools", self.tools)}, evil(x))))"""

    def published(self, term: str, party: Party) -> str:
        """The resource identifier that a party publishes."""
        return term if readings.published(self.c, party.url) == party.url else f"origin({term})"

    def attacker(self) -> Iterator[str]:
        """Nothing but channels, documents, names and what leaks; what to do with it the prover finds."""
        if not self.has:
            return
        asked = ["as", *(party.name for party in self.resources)]
        sent = " | ".join(f"out({'requests' if at == 'as' else 'calls'}({at}), message)" for at in asked)
        yield f"in(net, message: bitstring); ({sent})"
        # Hosts of its own are there in its own sessions; users' sessions come to them by capabilities.
        yield "in(net, x: bitstring); (out(net, requests(evil(x))) | out(net, calls(evil(x))))"
        for document, names in (item for item in _MESSAGES.items() if item[0].endswith("Metadata")):
            said = ", ".join(names.split())
            yield f"in(net, (x: bitstring, {_typed(names)})); out(net, document(evil(x), {document}({said})))"
        for resource in sorted(self.undocumented):
            yield f"in(net, x: bitstring); out(net, missing(evil(x), ResourceMetadata({resource}, evil(x))))"
        if self.guessing:
            guessed = "ServerMetadata(evil(x), evil(x), evil(x), none, evil(x), none)"
            yield f"in(net, x: bitstring); out(net, missing(evil(x), {guessed}))"
        # A browser that comes to a host of the attacker's is held: it goes where it is sent from there on.
        yield "in(net, x: bitstring); in(visits(evil(x)), message: bitstring); out(net, (held, message))"
        yield "in(net, (=held, message: bitstring)); (out(visits(as), message) | out(visits(client), message))"
        if self.has & {"lure", "web", "mal_client"}:
            yield "out(net, held)"
        if "req_leak" in self.has:
            yield "in(net, message: bitstring); out(visits(client), message)"
        if self.design.reg == "dcr" and self.has & {"mal_client", "mal_as"}:
            only = "" if "mal_client" in self.has else "if host_of(redirect_uri) = client then"
            yield f"in(net, redirect_uri: bitstring); {only} insert registered(agent, redirect_uri)"
        if "token_leak" in self.has:
            yield self.leaked()
        if self.event == "authorization":
            yield "in(net, =data); event authorization"

    def leaked(self) -> str:
        """A token that the client has from before."""
        held = next(held for held in self.world.held if "token_leak" in held.leaks_by)
        made = readings.token_of(self.c, held.name)
        key, default = self.term(made.key), either(made.has_default, "yes", "none")
        bound = "none" if key == "none" else f"pk({key})"
        return f"""{self.checks(*readings.kept(self.c, held))}
  new id: bitstring;
  out(net, sign(AccessToken(id, alice, client_id, {self.term(made.audience)}, {default}, {bound}), as_key))"""

    # --- the client

    def clients(self) -> Iterator[str]:
        """A session of the client, from a resource to protected data: in the user's browser, or in the attacker's."""
        visited = " || ".join(f"url = {party.name}" for party in self.resources)
        visited += " || url = tools" if "mal_as" in self.has else ""
        chosen = "" if "mal_rs" in self.has else f"if {visited} then"
        yield _lines("in(net, url: bitstring);", chosen, self.session("visits(authorization_at)", True))
        if self.has:
            yield _lines("in(net, (url: bitstring, server: bitstring));", self.session("net", False))

    def session(self, browser: str, users: bool) -> str:
        """What the client does; ``browser``: where it sends the browser of the session."""
        design = self.design
        redirect = self.term(client_rules.redirect_uri(design, self.client, _ISSUER, _ISSUER))
        challenge = "none" if client_rules.challenge(design, _SESSION, False) == NONE else self.hashed()
        verifier = "none" if challenge == "none" else "verifier"
        key = self.term(client_rules.possession_key(design.dpop_key, self.client.name, _SESSION, _ISSUER))
        jkt = f"pk({key})" if self.makes_proofs and design.dpop == "token+code" else "none"
        asked, requested = (
            either(client_rules.names_resource(design, each), "resource", "none") for each in ("authorization", "token")
        )
        request = f"redirect_uri, state, {challenge}, {jkt}, {asked}"
        more = self.requested(AuthorizationRequest)
        request = ", ".join((request, *more.values()))
        terms = ("id", "redirect_uri", "state", challenge, jkt, asked)
        held = self.remembered("alice" if users else "mallory", dict(zip(_REQUEST, terms, strict=True)))
        sent = f"let request = AuthorizationRequest(id, {request}) in"
        if readings.pushes(design):
            authenticating = self.requested(AuthorizationRequest, ClientAuthentication)
            pushed = ", ".join((request, *(term for name, term in authenticating.items() if name not in more)))
            sent = f"""new sending: channel;
  ( if par_at = none then out(sending, AuthorizationRequest(id, {request})) else
    new pushing: channel;
    out(requests(par_at), (pushing, itself(par_at, pushing), (id, {self.credentials("par_at")}, {pushed})));
    in(pushing, request_uri: bitstring); out(sending, RequestByReference(id, request_uri))
  ) | in(sending, request: bitstring);"""
        registering = "let id = client_id in"
        if design.reg == "dcr":
            registering = """(if registration_at = as then insert registered(client_id, redirect_uri)) |
  in(net, id: bitstring); if id = client_id || registration_at <> as then"""
        answer = " ".join(("token token_type echoed more", *self.further("TokenResponse").values()))
        binding = "none"
        if self.event == "flow_binding":
            binding = ", ".join(f"itself((token_at, state, {each}), exchanging)" for each in (challenge, "none"))
            binding = f"({binding})"
        licence, place = "", "url"
        if client_rules.echo_is_no_licence(design, echoed_only=True).holds is True:
            place, named = "place", self.published("place", self.tools)
            licence = f"in(net, place: bitstring); if place = url || {named} = echoed then (* what the AS says *)"
        exchanged, called = (
            f"dpop({key}, {method}, {at}, {what})" if self.makes_proofs else "none"
            for method, at, what in (("post", "token_at", "none"), (self.method(), place, "token"))
        )
        token_request = "".join(f", {term}" for term in self.requested(ClientAuthentication, TokenRequest).values())
        again = client_rules.state_is_used_once(design, True).holds is True
        # Whoever has started a session or finished it has it.
        ends = "if finished = mallory then out(net, answer)" if self.confuses and self.has else "0"
        ends = f"if answer = data then event {RUNS}" if self.event == RUNS else ends if users else "out(net, answer)"
        return _lines(
            "in(net, page: bitstring);",
            self.fetched("ResourceMetadata(resource: bitstring, listed: bitstring)", "page, url", "assumed"),
            self.document_rules(),
            "let server = listed in" if users else "",
            "if server = as then" if users and self.c.runs(self.stranger) is not True else "",
            "in(net, metadata: bitstring);",
            self.fetched(f"ServerMetadata({_typed(_MESSAGES['ServerMetadata'])})", "metadata, server", "unrecorded"),
            *self.metadata_rules(users),
            "new state: bitstring; new verifier: bitstring; new session_key: bitstring;",
            "new drawn: bitstring; new kept: bitstring;" if self.added else "",
            f"insert started(state, {challenge}); insert started(state, none);" if self.event == "flow_binding" else "",
            f"let redirect_uri = {redirect} in",
            registering,
            sent,
            f"out({browser}, request) |",
            "out(net, request) |" if "req_leak" in self.has else "",
            self.responded(users, again),
            self.response_rules(users, held),
            "new exchanging: channel;",
            f"out(requests(token_at), (exchanging, itself(token_at, exchanging), (id, {self.credentials('token_at')},",
            f"  code, redirect_uri, {verifier}, {exchanged}, {requested}, {binding}{token_request})));",
            f"in(exchanging, ({_typed(answer)}));",
            self.token_rules("resource" in (asked, requested), {**held, "code": "code"}),
            licence,
            f"new calling: channel; ( out(calls({place}), (calling, itself({place}, calling), (token, {called})))",
            f"| (in(calling, answer: bitstring); {ends}) {self.misused(users)})",
        )

    def fetched(self, document: str, found: str, missing: str) -> str:
        """The client takes a document from where it should be, or finds that it is ``missing``."""
        if self.may_be_missing:
            return f"let ({document}, {missing}: bitstring) = found({found}) in"
        return f"let {document} = content({found}) in"

    def hashed(self) -> str:
        """The challenge that a verifier answers."""
        return "verifier" if self.design.pkce == "plain" else "s256(verifier)"

    def method(self) -> str:
        """The method of requests to resource servers."""
        return "post" if self.design.r_method == SERVERS_METHOD else "other_method"

    def responded(self, users: bool, again: bool) -> str:
        """The client takes a response from the browser of a session, and from others if it does not tell them apart."""
        said = " ".join(("arrived_at code returned iss", *self.further("AuthorizationResponse").values()))
        response = f"AuthorizationResponse({_typed(said)})"
        own, other = ("visits(client)", "net") if users else ("net", "visits(client)")
        once = "! " if again else ""
        if not self.confuses:
            return f"{once}in({own}, {response});"
        return f"""new responding: channel;
  ( in({own}, response: bitstring); out(responding, ({"alice" if users else "mallory"}, response))
  | in({other}, {response}); if returned = state then
    out(responding, ({"mallory" if users else "alice"}, AuthorizationResponse({", ".join(said.split())})))
  ) | {once}in(responding, (finished: bitstring, {response}));"""

    def misused(self, users: bool) -> str:
        """In a user's session, or one that a user has finished, the client uses what somebody else has approved."""
        if self.event != "session_integrity" or not (users or self.confuses):
            return ""
        return f"""| let AccessToken(token_id: bitstring, =mallory, {_typed("by audience default_audience bound")}) =
    checked(token, pk(as_key)) in
  if issuer = as{"" if users else " && finished = alice"} then event session_integrity"""

    def document_rules(self) -> str:
        """What is left of the rules about resource metadata."""
        named, term = decided(readings.published(self.c, self.tools.url)), self.published("url", self.tools)
        design, alone = self.design, client_rules.Standing(several=False, first=True, preferred=True)
        asked = [
            *guards.challenge(design, configured=True, plain_http=False, by_challenge=False, elsewhere=False),
            *guards.resource_metadata(
                design,
                resource=pick("resource", {named: term}, _OTHER),
                url=self.tools.url,
                cached=False,
                misplaced=False,
                vouched_for=True,
                logged=True,
            ),
            *guards.listed_servers(design, chosen=alone),
        ]
        if self.asked_of_messages:  # which may ask whether something is there: a document without `resource` is none
            asked += guards.document(design, fits=no(equal("resource", "none")))
        goes_on = (one._replace(holds=guards.goes_on(design, one)) for one in asked)
        matches = next(one.holds for one in asked if one.rule.otherwise == "prm_mismatch")
        fits = any_of(design.prm_mismatch == "refuse", self.assumed, matches)
        return _lines(
            self.checks(*goes_on, unless=self.assumed),
            self.drafts(
                CLIENT,
                ResourceMetadata,
                {"resource": "resource", "authorization_servers": "listed"},
                self.so_far("url"),
                self.assumed,
            ),
            "" if fits is True else f"let resource = {either(fits, 'resource', 'url')} in",
        )

    def metadata_rules(self, users: bool) -> Iterator[str]:
        """What is left of the rules about AS metadata, and of what a question forbids the attacker to name in it."""
        design, knows = self.design, self.client.knows
        server, issuer = (pick(each, {self.server.url: "as"}, _OTHER) for each in ("server", "issuer"))
        guesses = self.unrecorded["victim" if users else "attacker"]
        missing = _missing("unrecorded", guesses)
        yield self.checks(
            *guards.chosen_server(
                design,
                server=_SERVER if users else pick("server", {_SERVER: "listed"}, _OTHER),
                listed=_SERVER,
                found=readings.frameworks(self.c, server, knows),
            )
        )
        if (guessed := any_of(no(missing), guesses)) is not True:
            yield f"if {guessed} then (* endpoints are guessed *)"
        yield self.checks(conduct.url_is_well_formed(design, no(equal("issuer", "none"))))  # REQUIRED, RFC 8414 2
        yield self.checks(
            *guards.server_metadata(
                design,
                claimed=pick("issuer", {_SERVER: "server"}, _OTHER),
                server=_SERVER,
                configured=False,
                attested=False,
                claims_listed=readings.frameworks(self.c, issuer, knows).on_list,
            ),
            unless=missing,
        )
        said = {
            "issuer": "issuer",
            "authorization_endpoint": "authorization_at",
            "token_endpoint": "token_at",
            "pushed_authorization_request_endpoint": "par_at",
            "registration_endpoint": "registration_at",
        }
        yield self.drafts(CLIENT, ServerMetadata, said, self.so_far("url", "resource", "listed"), missing)
        leads, takes = (pick(f"{name}_at", {_ISSUER: "issuer"}, _OTHER) for name in ("authorization", "token"))
        promised = equal("sends_iss", "yes")
        yield self.checks(
            *guards.authorization_endpoint(
                design, claimed=_ISSUER, authorization_at=leads, advertised=promised, publishes=True, lists=True
            ),
            *guards.token_endpoint(design, claimed=_ISSUER, token_at=takes),
            unless=missing,
        )
        found = []
        if design.splice != "free":
            found.append(equal("authorization_at", "server" if design.splice == "no" else "as"))
        if design.par_at != "free" and readings.pushes(design):
            found.append(equal("par_at", "server" if design.par_at == "own" else "as"))
        if found:
            yield f"if {any_of(equal('server', 'as'), all_of(*found))} then (* splice, par_at *)"

    def remembered(self, user: str, request: Names) -> Names:
        """What a session of a user's holds when a response arrives, its authorization ``request`` among it."""
        names = ("url", "resource", "listed", "issuer", "authorization_at", "token_at", "par_at")
        asked = {f"request.{name}": term for name, term in request.items()}
        also = {"metadata": "server", "authorization_servers": "listed", "browser": user}
        return {**{name: name for name in names}, **also, **({"drawn": "drawn"} if self.added else {}), **asked}

    def so_far(self, *names: str) -> Names:
        """What a session holds that holds no more than this yet."""
        later = dict.fromkeys(self.remembered("", _REQUEST), "none")
        return {**later, **{name: name for name in names}}

    def response_rules(self, users: bool, held: Names) -> str:
        """What is left of the rules about authorization responses; ``held``: what the session remembers."""
        missing = _missing("unrecorded", self.unrecorded["victim" if users else "attacker"])
        named = choose(missing, NONE, _ISSUER)
        says = {"redirect_uri": "arrived_at", "code": "code", "state": "returned", "iss": "iss"}
        says |= {"browser": "finished" if self.confuses else held["browser"], **self.further("AuthorizationResponse")}
        return _lines(
            self.drafts(CLIENT, AuthorizationResponse, says, held, missing),
            self.checks(
                *guards.authorization_response(
                    self.design,
                    session=_SESSION,
                    other_browser=False,
                    returned=pick("returned", {_SESSION: "state", NONE: "none"}, _OTHER),
                    after_use=False,
                    arrived_at=pick("arrived_at", {_EXPECTED: "redirect_uri"}, _OTHER),
                    expected=_EXPECTED,
                    iss=pick("iss", {_ISSUER: "issuer", NONE: "none"}, _OTHER),
                    issuer=client_rules.recorded_issuer(self.design, named, _ISSUER),
                    advertised=equal("sends_iss", "yes"),
                )
            ),
        )

    def token_rules(self, named: bool, held: Names) -> str:
        """What is left of the rules about token responses.

        ``named``: the resource was, in a request or both; ``held``: what the session remembers.
        """
        says = {
            "access_token": "token",
            "token_type": "token_type",
            "resource": "echoed",
            **self.further("TokenResponse"),
        }
        echo = client_rules.Echo(
            no(equal("echoed", "none")), has_requested=equal("echoed", "resource"), has_more=equal("more", "yes")
        )
        maybe = pick("resource", {NONE: "none"}, _SOME) if "none" in self.undocumented else _SOME
        return _lines(
            self.drafts(CLIENT, TokenResponse, says, held),
            self.checks(
                *guards.token_response(
                    self.design,
                    wanted=self.makes_proofs,
                    bound=equal("token_type", "dpop_bound"),
                    read=True,
                    requested=maybe if named else NONE,
                    echo=echo,
                )
            ),
        )

    def credentials(self, called: str) -> str:
        """The secret and the assertion that the client authenticates with at a host, each of them or none."""
        issuer = pick("issuer", {self.server.url: "as"}, _OTHER)
        secret = either(client_rules.sends_secret(self.design, self.server.url, issuer), "client_secret", "none")
        signs = client_rules.signs_assertions(self.design) is True
        return f"{secret}, {f'sign(Assertion(id, issuer, token_at, {called}), client_key)' if signs else 'none'}"

    # --- the authorization server

    def servers(self) -> Iterator[str]:
        """The AS takes pushed and other authorization requests and token requests, of users and of the attacker."""
        request = _typed(" ".join(("redirect_uri state challenge dpop_jkt resource", *self.asks.values())))
        kept = "".join(f", {variable}" for variable in self.asks.values())
        browsers = [("visits(as)", "alice"), *([("net", "mallory")] if self.has else [])]
        if self.design.par != "off":
            more = self.received(AuthorizationRequest, ClientAuthentication)
            authenticating = {name: variable for name, variable in more.items() if name not in self.asks}
            before, functions = self.functions(more)
            told = {**_REQUEST, **more, **functions}
            pushed = ", ".join((request, *(f"{variable}: bitstring" for variable in authenticating.values())))
            yield _lines(
                "in(requests(as), (reply: channel, who: bitstring,",
                f"  ({_typed('by credential assertion')}, {pushed})));",
                before,
                self.authenticated("par", PushedRequest, told, {"issuer": "as"}),
                self.registered(),
                self.checks(*guards.redirection(self.design, **self.registration())),
                self.drafts(AUTHORIZATION_SERVER, PushedRequest, told, {"issuer": "as"}, authenticates=False),
                "new request_uri: bitstring;",
                f"insert pushed(request_uri, by, redirect_uri, state, challenge, dpop_jkt, resource{kept});",
                "out(reply, request_uri)",
            )
            for at, user in browsers:
                yield _lines(
                    f"in({at}, RequestByReference({_typed('by request_uri')}));",
                    f"get pushed(=request_uri, =by, {request}) in",
                    self.issues(user, True),
                )
        for at, user in browsers:
            yield _lines(f"in({at}, AuthorizationRequest(by: bitstring, {request}));", self.issues(user, False))
        yield self.redeems()

    def registration(self) -> Registration:
        """Whether a redirect URI is registered for a client_id: by a table, or by what the AS knows or looks up."""
        if self.design.reg == "dcr":
            return {"registered": True, "known": True}
        own = equal("redirect_uri", "callback_at(as)")
        elsewhere = all_of(equal("host_of(redirect_uri)", "client"), no(equal("redirect_uri", "callback")), no(own))
        redirect = Pick(
            {
                self.client.callback: equal("redirect_uri", "callback"),
                callback_at(self.client, self.server.url): own,
                callback_at(self.client, self.world.strangers[0].url): elsewhere,
                self.agent.callback: no(equal("host_of(redirect_uri)", "client")),
            }
        )
        by = pick("by", {self.client.url: "client_id", self.agent.url: "agent"}, _OTHER)
        on_file = registration.is_on_file(self.c, self.server, self.design)
        return {
            "registered": registration.registered(self.c, self.server, by, redirect),
            "known": all_of(registration.is_known(self.c, by), on_file),
        }

    def registered(self) -> str:
        """Where clients register themselves, what they have registered."""
        return "get registered(=by, =redirect_uri) in" if self.design.reg == "dcr" else ""

    def resource(self, term: str) -> Pick:
        """A resource that somebody has named."""
        return pick(term, {NONE: "none", **self.known}, self.tools.url)

    def authenticated(self, endpoint: str, kind: type[Message], says: Names, held: Names) -> str:
        """What is left of the rules by which the AS authenticates who is at an endpoint; the rest as in drafts."""
        design, own = self.design, equal("by", "agent")
        said = ("issuer", "token_at", "called")
        issuer, token_at, called = (pick(each, {self.server.url: "as"}, _OTHER) for each in said)
        signed, public = client_rules.signs_assertions(design), server_rules.is_public(design)
        return _lines(
            f"let ({_typed('subject issuer token_at called')}) = audience_of(assertion, pk(client_key)) in"
            if signed is True
            else "",
            self.checks(
                *guards.authentication(
                    design,
                    design,
                    endpoint=endpoint,
                    registered=True,
                    genuine=any_of(own, all_of(same(design.client_auth, "mtls"), equal("who", "itself(as, reply)"))),
                    secret=equal("credential", "client_secret"),
                    assertion=equal("subject", "by"),
                    certified=True,
                    named=client_rules.assertion_names(design, design, self.server.url, issuer, token_at, called),
                    anyhow=any_of(public, own),
                )
            ),
            self.drafts(AUTHORIZATION_SERVER, kind, says, held, authenticates=True),
            "if by = client_id && who <> itself(as, reply) then event client_authentication else"
            if self.event == "client_authentication" and public is False
            else "",
        )

    def issues(self, user: str, pushed: bool) -> str:
        """The AS answers an authorization request that whoever is at the browser approves."""
        resource, users = self.resource("resource"), user == "alice"
        named = "as" if self.design.h_iss == "yes" else "none"
        request = {**_REQUEST, **self.asks}
        said = ", ".join(["redirect_uri", "code", "state", named, *self.adds(AuthorizationResponse, request)])
        response = f"AuthorizationResponse({said})"
        sends = f"out({'visits(host_of(redirect_uri))' if users else 'net'}, {response})"
        if users and "code_leak" in self.has:
            sends = f"out(net, {response}) | {sends}"
        if users and self.event == "code_delivery":
            sends += " | in(net, =code); if by = client_id then event code_delivery"
        before, functions = ("", {}) if pushed else self.functions(self.asks)
        nothing = {name: "none" for name in request if name != "client_id"}
        says = {"client_id": "by", **nothing} if pushed else {**request, **functions}
        kept = "".join(f", {variable}" for variable in self.asks.values())
        return _lines(
            "" if pushed else self.registered(),
            self.checks(
                *(() if pushed else guards.redirection(self.design, **self.registration())),
                *guards.authorization_request(
                    self.design,
                    pushed=pushed,
                    challenge=pick("challenge", {NONE: "none"}, _SOME),
                    requested=resource,
                    listed=readings.serves(self.c, self.server, resource),
                    shown=True,
                    reused=False,
                    unasked=False,
                ),
            ),
            self.drafts(AUTHORIZATION_SERVER, AuthorizationRequest, says, {"issuer": "as"}, before=before),
            f"new code: bitstring; insert codes(code, {user}, by, redirect_uri, state, challenge, dpop_jkt,"
            f" resource{kept});",
            f"( {sends} )",
        )

    def redeems(self) -> str:
        """The AS redeems codes for tokens."""
        design, made, resource = self.design, self.resource("wanted"), self.resource("resource")
        hashed, key = self.hashed(), "key" if self.asks_proofs else "none"
        matches, absent = equal("challenge", hashed), equal("challenge", "none")
        echo, honors = server_rules.echo(design, made), design.as_dpop == "honor" and self.asks_proofs
        other = all_of(echo.present, no(echo.has_requested))
        told = either(other, "default", either(echo.present, "wanted", "none"))
        default = either(server_rules.has_default_audience(design, made), "yes", "none")
        claims = f"{self.term(server_rules.bound_resource(design, _WANTED))}, {default}, {key if honors else 'none'}"
        kind = either(equal("key", "none"), "bearer", "dpop_bound") if honors else "bearer"
        more = either(echo.has_more, "yes", "none")
        held = {**_REQUEST, "redirect_uri": "code_redirect", "dpop_jkt": "code_jkt", "resource": "granted", **self.asks}
        added = self.received(ClientAuthentication, TokenRequest)
        before, functions = self.functions(added)
        told_by = {
            **{name: name for name in ("code", "redirect_uri", "resource")},
            "client_id": "by",
            "code_verifier": "hashed",
            "proof_key": key,
            **added,
            **functions,
        }
        known = {"issuer": "as", **{f"request.{name}": term for name, term in held.items()}}
        kept = "".join(f", {variable}" for variable in self.asks.values())
        said = "by credential assertion code redirect_uri verifier dpop_proof resource binding"
        # Redeemed elsewhere than by the session that started the flow, or by one where that was the attacker's request.
        strayed = """( let (first: bitstring, second: bitstring) = binding in
    let own = itself((as, state, challenge), reply) in
    if user = alice && by = client_id && first <> own && second <> own then
    let (=as, its_state: bitstring, sent: bitstring) = session_of(first, reply) in event flow_binding
    else get started(=state, =challenge) in event flow_binding ) |"""
        return _lines(
            "in(requests(as), (reply: channel, who: bitstring,",
            f"  ({_typed(' '.join((said, *added.values())))})));",
            f"get codes(=code, user, =by, code_redirect, state, challenge, code_jkt, granted{kept}) in",
            f"let ({_typed('key method proof_url proof_token')}) = said(dpop_proof) in" if self.asks_proofs else "",
            "if key = none || (method = post && proof_url = as && proof_token = none) then" if self.asks_proofs else "",
            f"let hashed = if verifier = none then none else {hashed} in" if self.asked_of_messages else "",
            before,
            self.authenticated("token", TokenRequest, told_by, known),
            self.checks(
                *guards.code(
                    design,
                    code_client=_EXPECTED,
                    client=_EXPECTED,
                    code_redirect=_EXPECTED,
                    redirect=pick("redirect_uri", {_EXPECTED: "code_redirect"}, _OTHER),
                    challenge=Pick({NONE: absent, _EXPECTED: matches, _OTHER: all_of(no(absent), no(matches))}),
                    verifier=pick("verifier", {NONE: "none"}, _EXPECTED),
                    key=_EXPECTED,
                    code_key=pick("code_jkt", {NONE: "none", _EXPECTED: key}, _OTHER) if self.asks_proofs else NONE,
                ),
                *guards.token_request(
                    design,
                    granted=NONE,
                    proven=no(equal("key", "none")) if self.asks_proofs else False,
                    promised=all_of(self.makes_proofs, equal("by", "client_id")),
                    requested=resource,
                    listed=readings.serves(self.c, self.server, resource),
                ),
            ),
            self.drafts(AUTHORIZATION_SERVER, TokenRequest, told_by, known, authenticates=False),
            "let wanted = if resource = none then granted else resource in",
            f"new token_id: bitstring; let token = sign(AccessToken(token_id, user, by, {claims}), as_key) in",
            strayed if self.event == "flow_binding" else "",
            f"out(reply, ({', '.join(['token', kind, told, more, *self.adds(TokenResponse, held)])}))",
        )

    # --- resource servers

    def serves(self, party: Party) -> str:
        """A resource server takes a request with a token, and answers with the user's data."""
        design, url, name = self.design, party.url, party.name
        by_key, of_token, here = equal("proof_key", "key"), equal("proof_token", "token"), equal("proof_url", name)
        fits: Condition = False
        if self.asks_proofs:
            made_for = pick("method", {SERVERS_METHOD: "post"}, "get")
            any_token = resource_rules.proof_fits_token(design, False, by_key)
            any_method = resource_rules.proof_fits_method(design, design.r_method, made_for)
            fits = all_of(by_key, any_of(of_token, any_token), any_method)
        misused = self.event == "token_confinement"
        return _lines(
            f"in(calls({name}), (reply: channel, who: bitstring, (token: bitstring, dpop_proof: bitstring)));",
            f"let AccessToken(token_id: bitstring, =alice, =client_id, {_typed('audience default_audience key')}) =",
            "  checked(token, pk(as_key)) in",
            f"let ({_typed('proof_key method proof_url proof_token')}) = said(dpop_proof) in"
            if self.asks_proofs
            else "",
            self.checks(
                *guards.access_token(
                    design,
                    issuer=readings.issuer_at(self.c, url, self.server.url),
                    by_issuer=True,
                    signer_listed=False,
                    identifier=readings.published(self.c, url),
                    url=url,
                    audience=self.resource("audience"),
                    has_default=equal("default_audience", "yes"),
                    expired=False,
                    revoked=False,
                    sufficient=True,
                    key=pick("key", {NONE: "none"}, _SOME),
                    own=equal("key", "none"),
                    for_this=all_of(fits, here),
                    for_another=all_of(fits, no(here)),
                    certificate=NONE,
                    presented=NONE,
                    used=False,
                    shown=False,
                    bare=self.asks_proofs and equal("proof_key", "none"),
                )
            ),
            self.drafts(
                RESOURCE_SERVER,
                ResourceRequest,
                {
                    "url": name,
                    "access_token": "token",
                    "access_token.iss": "as",
                    "access_token.aud": "audience",
                    "access_token.cnf": "key",
                    "proof_key": "proof_key" if self.asks_proofs else "none",
                },
                {"url": name, "resource": self.published(name, party), "authorization_servers": "as"},
            ),
            f"if who <> itself({name}, reply) then event token_confinement else" if misused else "",
            "out(reply, data)",
        )
