"""What all parties of a ProVerif process share: the terms of values, what is left of rules, what drafts add.

A guard of the model is asked with the switches of a configuration and with terms as values; what is left of it is a
condition on terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import TypeAlias

from model import client as client_rules
from model import readings
from model.action import Context, Move
from model.design import Configuration
from model.extension import MessageRules
from model.fields import AddedField, signed
from model.identifiers import origin
from model.logic import Condition, Pick, Value, all_of, any_of, decided
from model.messages import ClientAuthentication, Message, Sent
from model.model import DraftError
from model.protocols import actions
from model.receipts import GRANTED, REQUESTING, Receipt
from model.rule import Named
from model.state import View
from model.switches import CAPABILITIES
from model.world import NONE, Party, callback_at
from model.world_file import find_world
from properties.terms import NotCoveredError, Terms, Unread, either, equal, pick

#: Terms by the names that rules give to what they are.
Names: TypeAlias = Mapping[str, str]
#: Worlds that it stands for, with any number of the sessions of the first.
WORLDS = ("default", "two_users_sessions")
#: That honest parties get somewhere: where this cannot happen, neither does much else.
RUNS = "served"
#: What the rules get for values of one session, each with the variable that it is in the process.
ISSUER, SERVER, SESSION = "https://issuer.example", "https://server.example", "this"
WANTED = "https://wanted.example/at"
#: Values of which a rule only asks whether they are one another.
OTHER, SOME, EXPECTED = "other", "some", "expected"
#: What parties say to each other, with what is in it.
MESSAGES = {
    "ResourceMetadata": "resource authorization_server",
    "ServerMetadata": "issuer authorization_at token_at par_at registration_at sends_iss",
    "AuthorizationRequest": "client_id redirect_uri state challenge dpop_jkt resource",
    "RequestByReference": "client_id request_uri",
    "AuthorizationResponse": "redirect_uri code state iss",
    "Assertion": "client_id issuer token_at called",
    "AccessToken": "id user client_id audience default key",
}  # fmt: skip
#: Messages to which drafts may add what the AS holds, and by which term each says whose grant it is.
ANSWERS = {"AuthorizationResponse": "code", "TokenResponse": "access_token"}
#: What an authorization request says, each with the variable that it is in the process of the AS.
REQUEST = {
    "client_id": "by",
    "redirect_uri": "redirect_uri",
    "state": "state",
    "code_challenge": "challenge",
    "dpop_jkt": "dpop_jkt",
    "resource": "resource",
}


def lines_of(*parts: str) -> str:
    """Lines of a process, of which some may be empty."""
    return "\n  ".join(filter(None, parts))


def typed(names: str) -> str:
    """Variables with their type."""
    return ", ".join(f"{name}: bitstring" for name in names.split())


def is_missing(variable: str, when: Condition) -> Condition:
    """Whether the client has found no document, if it ever goes on without."""
    return when is not False and equal(variable, "yes")


class Process:
    """What parties of the process of one question say and check."""

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
        self.assumed = is_missing("assumed", bool(self.undocumented))
        self.unrecorded = {who: self.guesses(who) for who in ("victim", "attacker")}
        self.guessing = any(when is not False for when in self.unrecorded.values())
        self.may_be_missing = bool(self.has) and (bool(self.undocumented) or self.guessing)
        self.confuses = client_rules.callback_browser_started_flow(design, True).holds is not False
        self.makes_proofs = client_rules.wants_dpop(design, False, False) is True
        self.asks_proofs = self.makes_proofs or design.r_requires_dpop == "yes" or design.proof_required == "yes"
        # A session of the model's that stands for any of the process, and what it draws, hashes and signs.
        who = world.sessions[0].name
        at = {"issuer": ISSUER, "url": self.tools.url, "metadata": SERVER, "went_to": NONE}
        then = {f"{who}.{name}": value for name, value in at.items()}
        self.in_session = c = self.c._replace(session=who, state=View(lambda name: then.get(name, False)))
        made = {name: could.says(c, c.state.session(who)) for name, could in REQUESTING.items()}
        self.terms = {
            NONE: "none",
            **self.known,
            self.client.url: "client_id",
            self.client.callback: "callback",
            self.server.url: "as",
            ISSUER: "issuer",
            callback_at(self.client, ISSUER): "callback_at(issuer)",
            self.tools.url: "url",
            origin(self.tools.url): "origin(url)",
            WANTED: "wanted",
            origin(WANTED): "origin(wanted)",
            f"key:{self.client.name}": "dpop_key",
            f"key:{self.client.name}@{ISSUER}": "dpop_key_at(issuer)",
            f"key:{self.client.name}@{self.server.url}": "dpop_key_at(as)",
            f"key:{SESSION}": "session_key",
            f"key:{who}": "session_key",
            decided(made["drawn"]): "drawn",
            decided(made["kept"]): "kept",
            decided(made["hash_of_kept"]): "s256(kept)",
            decided(signed(self.client.name, ISSUER)): "sign(issuer, client_key)",
            f"key:{self.client.name}:earlier": "earlier_key",
        }

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
        return lines_of(*(f"if {'false' if holds is False else holds} then (* {name} *)" for name, holds in found))

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
        return lines_of(*lines), terms

    def adds(self, message: type[Message], request: Names) -> list[str]:
        """What the AS writes there, which answers what a ``request`` said."""
        grant = next(each for each in self.world.grants if each.server == self.server.name)
        kept = {**GRANTED, **{name: name for name in self.asks}}
        held = {f"{grant.name}.{name}": f"the term {request[said]}" for said, name in kept.items()}
        self.terms |= {f"the term {term}": term for term in request.values()}
        c = self.c._replace(state=View(lambda name: held.get(name, NONE)))
        plain = message(*(NONE for each in fields(message) if each.init))
        sent = Sent(self.server.name, self.client.name, replace(plain, **{ANSWERS[message.__name__]: grant.name}))
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
        return lines_of(before, self.checks(*asked, unless=unless)) if asked else ""

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

    def hashed(self) -> str:
        """The challenge that a verifier answers."""
        return "verifier" if self.design.pkce == "plain" else "s256(verifier)"

    def published(self, term: str, party: Party) -> str:
        """The resource identifier that a party publishes."""
        return term if readings.published(self.c, party.url) == party.url else f"origin({term})"
