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

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from model import readings, token_endpoint
from model.action import ActionSchema
from model.design import Configuration
from model.fields import AddedField
from model.switches import CAPABILITIES, SWITCHES
from properties.client_process import ClientProcess
from properties.process import ANSWERS, MESSAGES, RUNS, WORLDS, typed
from properties.reads import askable
from properties.security import Property
from properties.server_process import ServerProcess
from properties.terms import NotCoveredError, either

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
#: What can only have users approve less: those of the process approve whatever a page shows them.
_SHOWN = ("consent_ui",)


def check_covered(prop: Property, configuration: Configuration) -> None:
    """Make sure that a question is in the vocabulary.

    Raises:
        NotCoveredError: naming the first property, capability, switch, world or addition that is not.
    """

    def refuse(what: str, allowed: Iterable[str]) -> None:
        raise NotCoveredError(f"{what} is not in the message-level export; it covers: {', '.join(allowed)}")

    design, read = configuration.design, askable(prop, configuration).design.changes().keys() - {*_SHOWN}
    if prop.name not in PROPERTIES:
        refuse(f"property {prop.name!r}", PROPERTIES)
    for capability in (name for name in CAPABILITIES if name in configuration.capabilities):
        if capability not in ATTACKER:
            refuse(f"capability {capability!r}", ATTACKER)
    for name in design.own():
        refuse(f"a switch of one party, {name!r},", ["switches of everybody"])
    for name, value in design.changes().items():
        if name not in COVERED and name in SWITCHES and name in read:  # what a draft switches are its own rules
            refuse(f"switch {name!r}", COVERED)
        if value not in (COVERED.get(name) or (value,)):
            refuse(f"{name}={value}", (f"{name}={each}" for each in COVERED[name]))
    for each in configuration.model.changes:
        if isinstance(each, AddedField) and each.message not in (*ANSWERS, *_REQUESTS):
            refuse(f"the field {each.name!r} that a draft adds to {each.message}", (*ANSWERS, *_REQUESTS))
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


_NAMES = ("none", "default", "yes", "post", "other_method", "bearer", "dpop_bound", "client_id", "agent", "callback",
          "client", "as", "tools", "alice", "mallory")  # fmt: skip
#: Requests to which drafts may add what the client holds, draws, hashes or signs.
_REQUESTS = ("AuthorizationRequest", "ClientAuthentication", "TokenRequest")
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


class _Process(ClientProcess, ServerProcess):
    """The process of one question."""

    def text(self) -> str:
        """All of it."""
        known = [*self.known.values()]
        sites = " otherwise ".join(f"origin({party.name}) = {party.name}_site" for party in self.resources)
        messages = [
            f"fun {name}({', '.join(['bitstring'] * len(said))}): bitstring [data].  (* {' '.join(said)} *)"
            for name, said in ((name, [*said.split(), *self.further(name)]) for name, said in MESSAGES.items())
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

    def documents(self) -> Iterator[str]:
        """What hosts publish: the AS of itself, resource servers of themselves and the AS that they designate."""
        offers, sends = "as" if self.design.par != "off" else "none", "yes" if self.design.h_iss == "yes" else "none"
        yield f"out(net, document(as, ServerMetadata(as, as, as, {offers}, as, {sends})))"
        for party in self.resources:
            yield f"out(net, document({party.name}, ResourceMetadata({self.published(party.name, party)}, as)))"
        if "mal_as" in self.has:  # a resource server that does nothing but name it
            yield f"""in(net, x: bitstring);
  out(net, document(tools, ResourceMetadata({self.published("tools", self.tools)}, evil(x))))"""

    def attacker(self) -> Iterator[str]:
        """Nothing but channels, documents, names and what leaks; what to do with it the prover finds."""
        if not self.has:
            return
        asked = ["as", *(party.name for party in self.resources)]
        sent = " | ".join(f"out({'requests' if at == 'as' else 'calls'}({at}), message)" for at in asked)
        yield f"in(net, message: bitstring); ({sent})"
        # Hosts of its own are there in its own sessions; users' sessions come to them by capabilities.
        yield "in(net, x: bitstring); (out(net, requests(evil(x))) | out(net, calls(evil(x))))"
        for document, names in (item for item in MESSAGES.items() if item[0].endswith("Metadata")):
            said = ", ".join(names.split())
            yield f"in(net, (x: bitstring, {typed(names)})); out(net, document(evil(x), {document}({said})))"
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
        return f"""{self.checks(*token_endpoint.kept(self.c, held))}
  new id: bitstring;
  out(net, sign(AccessToken(id, alice, client_id, {self.term(made.audience)}, {default}, {bound}), as_key))"""
