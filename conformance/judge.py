"""What a client did, told from what arrived where: its own word is kept, and decides nothing.

What arrived is evidence however the run ended. That something did not arrive is evidence only of a client that was at
work and came to an end of its own: one that hung, crashed, ran out of time or never asked anybody has refused nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from conformance.play import Play, Sign, Violation
from conformance.processes import Run
from conformance.proof import s256
from conformance.recording import Exchange, Recording
from conformance.world import PlayedWorld
from model.part import ACCOUNT, BROKEN_QUERY, PROOF, TRIAL, Kind, Part
from model.turns import Turn
from model.world import ATTACKER


@dataclass(frozen=True, slots=True)
class Loss:
    """A property that a request to the attacker loses.

    Attributes:
        request: which request it is.
        gives: all that it gives away.
        used: harm comes of it once the attacker was served with it; who watches the attacker looks for that as well.
    """

    violates: str
    request: Literal["token", "call"]
    gives: tuple[Kind, ...]
    used: bool = False


LOSSES = (
    Loss("code_delivery", "token", ("code",)),
    Loss("authorization", "token", ("code", "code_verifier"), used=True),
    Loss("token_confinement", "call", ("access_token",), used=True),
)


def lost(request: str, parts: Collection[Part], attackers: Collection[str]) -> Iterator[str]:
    """The properties that a request to the attacker loses: it gives away what others than the attacker issued."""
    given = {part.kind for part in parts if part.of and part.of not in attackers}
    return (loss.violates for loss in LOSSES if loss.request == request and given.issuperset(loss.gives))


#: Outcomes, by the letter that tables give them.
OUTCOMES = {
    "A": "accepted: its token reached the resource server and served every call",
    "d": "refused at discovery: no authorization request was sent",
    "a": "refused at the authorization response: no token request was sent",
    "t": "refused at the token response: no token reached the resource server",
    "x": "failed at the resource server",
    "n": "not tested: this client cannot be put in the situation",
    "?": "not measured: it did not start, asked nobody, crashed or did not end",
}
NOT_MEASURED = "?"

#: What is looked for where a scenario is no attack trace, which says itself by what it is seen.
ANYWHERE = tuple(
    Violation(
        loss.violates,
        (*(Sign("{evil}", (name,)) for name in loss.gives), *((Sign("{rs}", ("served",)),) if loss.used else ())),
    )
    for loss in LOSSES
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome of one scenario.

    Attributes:
        outcome: a letter of :data:`OUTCOMES`.
        ended: how the process ended: ``finished``, ``crashed``, ``timed out``.
        sent: what the client sent, in order.
        attacks: properties of the model that were violated, as observed.
        expected: those that the model says are, for a client of this design.
        error: the client's own words.
        fetched: where the client looked for documents, each place once, in order, if that was recorded.
    """

    scenario: str
    source: str
    outcome: str
    ended: str
    sent: tuple[Turn, ...] = ()
    attacks: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    error: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    fetched: tuple[str, ...] | None = None

    @property
    def measured(self) -> bool:
        """Whether the outcome says something about the client."""
        return self.outcome != NOT_MEASURED

    @property
    def why(self) -> str:
        """Why nothing was measured, in words."""
        if self.ended != "finished":
            return self.ended
        return "it did not start" if self.facts.get("unfit") else "it ended without asking anybody"

    def to_json(self) -> dict[str, Any]:
        """The judgement as data."""
        return {**asdict(self), "sent": [one.to_json() for one in self.sent]}

    @classmethod
    def from_json(cls, data: dict[str, Any], play: Play) -> Judgement:
        """A judgement of a play from data; what is expected is the model's word of today."""
        sent = tuple(map(Turn.from_json, data["sent"]))
        listed = {name: tuple(data[name]) for name in ("attacks", "fetched") if data[name] is not None}
        return cls(**{**data, **listed, "sent": sent, "expected": expected(play)})


def judge(world: PlayedWorld, run: Run) -> Judgement:
    """What the recording of a world says about the client that ran in it."""
    seen, play = world.recording, world.play
    return Judgement(
        play.name,
        play.source,
        _outcome(world, run),
        run.ended,
        tuple(_sent(world)),
        tuple(_attacks(world)),
        expected(play),
        world.origins.named(run.error),
        _facts(seen) | ({"unfit": True} if run.said.get("unfit") else {}),
        _fetched(world),
    )


def expected(play: Play) -> tuple[str, ...]:
    """The properties that the model says a play violates."""
    return tuple(one.violates for one in play.attacks if one.expected)


def not_tested(play: Play, why: str) -> Judgement:
    """The judgement of a scenario that does not apply to a client."""
    return Judgement(play.name, play.source, "n", "finished", error=why)


def _outcome(world: PlayedWorld, run: Run) -> str:
    """Its outcome; one that rests on what did not arrive counts only if the client was at work to its end."""
    last = Recording([one for one in world.recording.exchanges if one.act == world.act])
    letter = outcome(last, world.calls)
    at_work = run.ended == "finished" and bool(last.exchanges)
    return letter if at_work or letter == "A" else NOT_MEASURED


def outcome(seen: Recording, calls: int) -> str:
    """The letter of the outcome of a run with so many calls."""
    by_client = [one for one in seen.exchanges if one.by != ATTACKER]
    kinds = [kind(one) for one in by_client]
    if carried := _calls(by_client):
        served = sum(one.message != "challenge" and one.status < 300 for one in carried)
        return "A" if served >= calls and carried[-1].status < 300 else "x"
    if "token" in kinds:
        return "t"
    return "a" if "authorize" in kinds else "d"


def _calls(by_client: Iterable[Exchange]) -> list[Exchange]:
    """The calls that carried a token: those of JSON-RPC, or where there are none, whatever else carried one."""
    carried = [one for one in by_client if kind(one) == "call"]
    return [one for one in carried if one.message in ("resource_response", "challenge")] or carried


#: An authorization request has these (RFC 6749 4.1.1), and one of them may be lost in a malformed query.
_ASKED = ("response_type", "client_id", "redirect_uri")


def kind(seen: Exchange) -> str:
    """What a request is, by what it says and not by how it was answered."""
    if seen.method == "POST" and '"redirect_uris"' in seen.body:
        return "register"
    if seen.form and seen.value("grant_type"):
        return "token"
    if sum(bool(seen.value(name)) for name in _ASKED) >= len(_ASKED) - 1:
        return "authorize"
    return "call" if _token(seen) else ""


def _token(seen: Exchange) -> str:
    return seen.header("authorization").partition(" ")[2]


def _sent(world: PlayedWorld) -> list[Turn]:
    made, by_client = [], [one for one in world.recording.exchanges if one.by != ATTACKER]
    calls = _calls(by_client)
    for seen in by_client:
        if any(seen is one for one in calls):
            made.append(Turn("call", seen.party, "", (), (scheme_of(seen), *notable(world, seen))))
        elif (asked := request_of(world, seen)) is not None:
            made.append(asked)
    return made


def _fetched(world: PlayedWorld) -> tuple[str, ...]:
    """Where the client looked for documents: at well-known locations, and wherever there was one."""
    asked = (one for one in world.recording.exchanges if one.by == "client" and one.method == "GET")
    documents = ("resource_metadata", "server_metadata")
    places = (one.url for one in asked if one.message in documents or "/.well-known/" in one.url)
    return tuple(dict.fromkeys(map(world.origins.named, places)))


def request_of(world: PlayedWorld, seen: Exchange) -> Turn | None:
    """What a client asks of an AS, if that is what it does."""
    if (request := kind(seen)) not in ("register", "authorize", "token"):
        return None
    grant = [Part("grant", seen.value("grant_type"))] if seen.value("grant_type") else []
    resources = tuple(map(world.origins.named, seen.values("resource")))
    return Turn(request, seen.party, "", resources, (*grant, *notable(world, seen)))


def scheme_of(seen: Exchange) -> Part:
    """The scheme by which a request presents a token."""
    return Part("scheme", seen.header("authorization").partition(" ")[0])


def notable(world: PlayedWorld, seen: Exchange) -> list[Part]:
    """What is notable in a request beside whom it asks for what."""
    found = []
    code, verifier = seen.value("code"), seen.value("code_verifier")
    for issued_by, challenge in _codes(world).get(code, []):
        found.append(Part("code", issued_by))
        if verifier and s256(verifier) == challenge:
            found.append(Part("code_verifier", issued_by))
    token = _token(seen)
    found += [Part("access_token", name) for name, server in world.servers.items() if token and token in server.tokens]
    if _is_for_attacker(world, token):
        found.append(ACCOUNT)
    if seen.header("dpop"):
        found.append(PROOF)
    if kind(seen) == "authorize" and (seen.url.count("?") > 1 or not seen.value("response_type")):
        found.append(BROKEN_QUERY)
    if kind(seen) == "authorize" and seen.by == "client":
        found.append(TRIAL)
    return found


def _codes(world: PlayedWorld) -> dict[str, list[tuple[str, str]]]:
    """Codes by who issued them, and not who passed them on, with the challenge of the request that they answer."""
    issued: dict[str, list[tuple[str, str]]] = {}
    for name, server in world.servers.items():
        for code, grant in server.granted.items():
            issued.setdefault(code, []).append((name, grant.challenge))
    return issued


def _attacks(world: PlayedWorld) -> list[str]:
    """Properties of the model whose event was observed: what an honest server issued reached the attacker, or was of
    use to it."""
    return [attack.violates for attack in _looked_for(world) if all(any(_shown(world, one)) for one in attack.signs)]


def _looked_for(world: PlayedWorld) -> Sequence[Violation]:
    return world.play.attacks or ANYWHERE


def _shown(world: PlayedWorld, sign: Sign) -> Iterator[bool]:
    """Of each exchange whether a sign of an attack is in it: what honest parties issued, or a request, arrived there,
    or was of use."""
    at = world.origins.filled(sign.at)
    return (seen.url.startswith(at) and _shows(world, sign, seen) for seen in world.recording.exchanges)


def losses(world: PlayedWorld) -> dict[int, tuple[str, ...]]:
    """The places of the exchanges by which properties are lost, with those properties."""
    violated, found = _attacks(world), dict[int, dict[str, None]]()
    for attack in _looked_for(world):
        for sign in attack.signs if attack.violates in violated else ():
            for place, shown in enumerate(_shown(world, sign)):
                if shown:
                    found.setdefault(place, {})[attack.violates] = None
    return {place: tuple(names) for place, names in found.items()}


def _shows(world: PlayedWorld, sign: Sign, seen: Exchange) -> bool:
    honest, parts = world.servers["as1"], notable(world, seen)
    if seen.by != ATTACKER and (kind(seen) in sign.names or seen.message in sign.names):
        return True
    grant, served = honest.tokens.get(_token(seen)), seen.message == "resource_response" and seen.status < 300
    users = grant is not None and grant.subject != ATTACKER
    given: dict[str, bool] = {part.kind: True for part in parts if part == ACCOUNT or part.of == "as1"}
    shown = given | {
        "refresh_token": seen.value("refresh_token") in {**honest.refreshable, **world.servers["evil"].refreshable},
        "served": served and users and _is_attackers(world, seen),
        "redeemed": seen.message == "token_response" and seen.status < 300 and _strays(world, seen),
    }
    return any(shown.get(name, False) for name in sign.names)


def _is_attackers(world: PlayedWorld, seen: Exchange) -> bool:
    """Whether a request is the attacker's, or of its session at the client."""
    return seen.by == ATTACKER or (bool(world.play.acts) and world.play.acts[seen.act].whose == ATTACKER)


def _strays(world: PlayedWorld, seen: Exchange) -> bool:
    """Whether a user's code or refresh token is redeemed by the attacker, or a code in another session than its own."""
    honest, refreshed = world.servers["as1"], seen.value("refresh_token")
    grant = honest.refreshable.get(refreshed) if refreshed else honest.granted.get(seen.value("code"))
    if grant is None or grant.subject == ATTACKER:
        return False
    return _is_attackers(world, seen) or grant.act != seen.act


def _is_for_attacker(world: PlayedWorld, token: str) -> bool:
    """Whether an honest server issued a token for what the attacker has approved with an account of its own."""
    grants = (server.tokens.get(token) for server in world.servers.values())
    return any(grant is not None and grant.subject == ATTACKER for grant in grants)


def _facts(seen: Recording) -> dict[str, Any]:
    carried = _calls(one for one in seen.exchanges if one.by != ATTACKER)
    strange = {"not_json_rpc": True} if any(one.message == "acknowledgement" for one in carried) else {}
    requests, missing = len(seen.exchanges), sum(one.message == "" for one in seen.exchanges)
    return {"requests": requests, "not_found": missing, **strange}
