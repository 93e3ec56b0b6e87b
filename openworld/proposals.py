"""Proposals: sets of checks that the solver finds, verified, in the words of a specification and as drafts.

Beside each set stands what it costs: who has to change, and with which measured parties honest runs are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import starmap
from pathlib import Path
from tempfile import TemporaryDirectory

from deployed.servers import authorization_servers
from model import messages
from model.clients import clients
from model.design import Configuration
from model.named_designs import DEPLOYMENTS
from model.protocols import variables
from model.receipts import REQUESTING
from model.switches import SWITCHES
from model.world import AUTHORIZATION_SERVER, CLIENT
from properties.candidates import (
    ADDED,
    ANSWERS,
    FUNCTIONS,
    HELD,
    RELATIONS,
    ROLES,
    Candidate,
    adder,
    field_of,
    spelt,
    under,
    with_fields,
)
from properties.checker import Checker
from properties.invent import Invented, broken, effort, invent
from properties.known_rules import AlreadySaid, KnownRules
from properties.security import Property, find
from properties.verdict import Verdict

#: What is said of a check that no text has; and the source that a draft gives for its rules.
NOBODY, SOURCE = "no draft says this", "proposed by openworld invent"
#: What is said of one that texts have with fields of their own.
LIKEWISE = "texts say so of fields of their own:"
#: What parties hold that no session remembers under this name.
_HELD = {
    ("client", "browser"): "the browser in which the session began",
    ("client", "drawn"): "the random value of the session",
    ("client", "used.code"): "the codes that it has taken",
    ("client", "used.state"): "the `state` values with which it has taken a code",
    ("client", "authorization_servers"): "the AS that the metadata of the resource lists",
    ("resource_server", "authorization_servers"): "the AS that its own metadata lists",
    ("authorization_server", "issuer"): "its own issuer identifier",
    ("authorization_server", "used.code"): "the codes that it has redeemed",
    ("authorization_server", "used.assertion"): "the assertions for which it has issued a token",
    ("authorization_server", "registered"): "the redirect URIs that are registered for its `client_id`",
    ("resource_server", "url"): "the URL of the resource",
    ("resource_server", "resource"): "its own resource identifier",
}


#: What comes first, of a set and the parties that it loses.
RANKS: dict[str, Callable[[tuple[Candidate, ...], Mapping[str, Sequence[str]]], tuple[object, ...]]] = {
    "roles": lambda checks, losses: (effort(checks)[:2], many(losses), effort(checks)),
    "deployed": lambda checks, losses: (many(losses), effort(checks)),
    "length": lambda checks, losses: (len(checks), effort(checks)),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A set of checks with what the plain checker says of it.

    Attributes:
        draft: the file that adds them, and ``name`` how it is called.
        verdicts: of each property with all of them; ``without``: of an attack where one is left out.
        breaks: the named environments in which honest parties finish without the checks alone; ``loses``: the measured
            parties, by role.
    """

    checks: tuple[Candidate, ...]
    name: str
    draft: str
    verdicts: tuple[Verdict, ...]
    without: Mapping[Candidate, Verdict]
    breaks: tuple[str, ...]
    loses: Mapping[str, Sequence[str]]

    @property
    def is_verified(self) -> bool:
        """Whether it is safe, and an attack without any one of its checks."""
        return self.state == "verified"

    @property
    def state(self) -> str:
        """What the plain checker says of it: that it holds, that it does not, or that it does not know."""
        found = [v.result for v in self.verdicts], [v.result for v in self.without.values()]
        if set(found[0]) <= {"safe"} and set(found[1]) <= {"attack"}:
            return "verified"
        if set(found[0]) <= {"safe", "not_in_this_world"} and set(found[1]) <= {"attack"}:
            return "stops what the property is about: nothing is left that could violate it"
        return "not verified in time" if "unknown" in (*found[0], *found[1]) else "contradicted by its verdicts"


@dataclass(frozen=True, slots=True)
class Proposed:
    """All that was found, and the sets that come first as proposals.

    Attributes:
        properties, configuration: what was asked.
        losses: by set the measured parties that it loses, by role, in the order that was asked for.
        said: which rule says so already, of each check; ``fields`` likewise of each field that it adds.
    """

    properties: Sequence[Property]
    configuration: Configuration
    invented: Invented
    losses: Mapping[tuple[Candidate, ...], Mapping[str, Sequence[str]]]
    proposals: Sequence[Proposal]
    said: Mapping[Candidate, AlreadySaid | None]
    fields: Mapping[tuple[Candidate, str, str], tuple[str, str] | None]
    words: Wording


def proposed(
    properties: Sequence[Property],
    configuration: Configuration,
    keep: Sequence[Mapping[str, str]] = (),
    further: Sequence[str] = (),
    roles: Sequence[str] = ROLES,
    how: str = "",
    *,
    field: bool = False,
    rank: str = "roles",
    top: int = 5,
    timeout: float | None = None,
) -> Proposed:
    """Return all minimal sets of checks under which no property is violated, and the first of them as proposals.

    Args:
        keep: environments in which honest runs stay, beside the configuration.
        further, roles: as for :func:`properties.invent.invent`.
        how: the command that asks this, which drafts name.
        field: whether AS may add to their answers what they hold, and clients to their requests.
        rank: what comes first, of :data:`RANKS`; ``top``: how many are verified.

    Raises:
        InputError: nobody finishes in one of the environments even without any check.
        NoAnswerError: nobody knows whether there is an attack.
    """
    both = {CLIENT, AUTHORIZATION_SERVER} <= {*roles}  # what one adds, the other compares
    wide = under(configuration, with_fields(configuration.model)) if field and both else configuration
    asked = [find(prop.name, wide.model) for prop in properties]
    found = invent(asked, wide, keep, further, roles, timeout)
    lose = dict(zip(found.sets, lost(asked, wide, found.sets), strict=True))
    losses = {each: lose[each] for each in sorted(found.sets, key=lambda each: RANKS[rank](each, lose[each]))}
    first = {each: losses[each] for each in list(losses)[:top]}
    proposals = _proposals(properties, configuration, wide, first, how, timeout)
    known = [KnownRules(prop, wide, keep) for prop in asked]
    checks = dict.fromkeys(one for each in proposals for one in each.checks)
    said = {one: next(filter(None, (each.rule(one) for each in known)), None) for one in checks}
    fields = {(one, *each): known[0].field(*each) for one in checks for each in one.adds}
    words = Wording(properties[0], configuration)
    return Proposed(
        properties, configuration, replace(found, sets=tuple(losses)), losses, proposals, said, fields, words
    )


# --- deployed parties -------------------------------------------------------------------------------------------


@cache
def deployed() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the measured parties by role and name, each with its switches in worlds."""
    servers = {name: server.settings for name, server in authorization_servers().items() if server.settings}
    designs = {
        name: {switch: client.design[switch] for switch in client.decided_by if SWITCHES[switch].in_worlds}
        for name, client in clients().items()
    }
    return {CLIENT: designs, AUTHORIZATION_SERVER: servers}


def lost(
    props: Iterable[Property], configuration: Configuration, sets: Sequence[tuple[Candidate, ...]]
) -> list[dict[str, Sequence[str]]]:
    """Return for each set the measured parties, by role, with which honest runs are lost that there are without it."""
    made: list[dict[str, Sequence[str]]] = [{} for _ in sets]
    for role, parties in deployed().items():
        alike: dict[str, list[str]] = {}
        for name, settings in parties.items():
            alike.setdefault(repr(sorted(settings.items())), []).append(name)
        environments = {names[0]: parties[names[0]] for names in alike.values()}
        named = {names[0]: names for names in alike.values()}
        for each, found in zip(made, broken(props, configuration, sets, environments), strict=True):
            each[role] = [name for first in found for name in named[first]]
    return made


def many(losses: Mapping[str, Sequence[str]]) -> int:
    return sum(map(len, losses.values()))


# --- proposals -------------------------------------------------------------------------------------------------


def _proposals(
    props: Sequence[Property],
    asked: Configuration,
    wide: Configuration,
    sets: Mapping[tuple[Candidate, ...], Mapping[str, Sequence[str]]],
    how: str,
    timeout: float | None,
) -> list[Proposal]:
    """Verify sets, each with what it loses, by ordinary verdicts, as the draft that it comes out as.

    ``wide``: AS add all they could.
    """
    known: dict[frozenset[Candidate], list[Verdict]] = {}
    words = Wording(props[0], asked)

    def judged(checks: Sequence[Candidate]) -> list[Verdict]:
        if frozenset(checks) not in known:
            changed = _with_draft(asked, words.draft(checks, how))
            every = [find(prop.name, changed.model) for prop in props]
            checker = Checker(timeout=timeout, by_design=True, patience=0.0)
            known[frozenset(checks)] = [checker.verdict(prop, changed) for prop in every]
        return known[frozenset(checks)]

    made = []
    breaks = broken(props, wide, list(sets), DEPLOYMENTS)
    for number, checks in enumerate(sets, start=1):
        without = {}
        for one in checks:
            others = judged([each for each in checks if each != one])
            without[one] = next((v for v in others if v.result == "attack"), others[0])
        name, draft = f"proposal_{number}.py", words.draft(checks, how, f"proposal_{number}")
        verdicts = tuple(judged(checks))
        made.append(Proposal(checks, name, draft, verdicts, without, breaks[number - 1], sets[checks]))
    return made


def _with_draft(asked: Configuration, draft: str) -> Configuration:
    """Return the configuration in the model with a draft, read as any other."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "proposal.py"
        path.write_text(draft, encoding="utf-8")
        return under(asked, asked.model.extended(path))


# --- words -----------------------------------------------------------------------------------------------------


class Wording:
    """Checks in the words of a specification; what sessions remember is called what the model's variables say."""

    def __init__(self, prop: Property, asked: Configuration) -> None:
        world = prop.world_of(asked)
        self.switches = asked.model.switches
        who = world.sessions[0].name
        self._meaning = {v.name.removeprefix(f"{who}."): v.meaning for v in variables(world) if v.name.startswith(who)}

    def sentence(self, one: Candidate) -> str:
        """Return what a specification would say."""
        message, who = spelt(one.message), actors([one.role])
        added = "".join(
            f"{ADDERS[adder(kind)]} MUST add {could_say(kind, name)} to {several(kind)} as `{name}`. "
            for kind, name in one.adds
        )
        article = "" if message.endswith("metadata") else "an " if message[0] in "aeiou" else "a "
        left = "the browser that brings it" if one.left == "browser" else _field(one.message, one.left)
        if one.left.startswith("access_token."):
            left = f"`{one.left.rpartition('.')[2]}` of its access token"
        if one.left == "code_verifier":
            left = f"the hash of {left}"
        right = self._right(one) if one.right else ""
        told = RELATIONS[one.relation].sentence.format(left=left, right=right)
        return f"{added}When {article}{message} arrives, the {who} {told}."

    def _right(self, one: Candidate) -> str:
        name = one.right.removeprefix(HELD)
        if name == one.right:
            return _field(one.message, name)
        if (said := _HELD.get((one.role, name))) is not None:
            return said
        if name.startswith("request."):
            whose = "its own authorization request" if one.role == "client" else "the request that the code answers"
            return f"`{name.removeprefix('request.')}` of {whose}"
        return f"the recorded `{name}` ({self._meaning[name]})"

    def draft(self, checks: Sequence[Candidate], how: str, name: str = "proposal") -> str:
        """Return the file of a draft that adds checks, under a switch of this ``name`` that leaves them out."""
        head = (
            f'"""Checks that were proposed by the solver; {name}=left_out leaves them out.\n\nAsked by: {how}\n"""\n\n'
        )
        asked = sorted({needs for c in checks if (needs := RELATIONS[c.relation].needs)})
        imports = f"from model.identifiers import {', '.join(asked)}\n" if asked else ""
        fields = dict.fromkeys(each for one in checks for each in one.adds)
        names = {"NONE", "all_of", "any_of", "holds", "none_of", "rule", "same", "switch"}
        for each in fields:
            names |= {"field", "answering" if each[0] in ANSWERS else "requesting"}
            names |= {"REQUESTING"} if _returned(*each) else set()
        imports += f"from openworld.draft import {', '.join(sorted(names))}\n\n"
        meaning = "whether the proposed checks are made"
        chosen = f'switch("{name}", "made left_out", "{meaning}", "{SOURCE}", words="proposed checks; as deployed")\n'
        rules = (self._rule(one, name) for one in checks)
        return head + imports + chosen + "".join(f"\n\n{each}" for each in (*starmap(_adding, fields), *rules))

    def _rule(self, one: Candidate, switch: str) -> str:
        name = one.name.partition(".")[2]
        whose, right = ("held", one.right.removeprefix(HELD)) if one.right.startswith(HELD) else ("says", one.right)
        passes = RELATIONS[one.relation].draft
        other = f'    right = {whose}.get("{right}", NONE)\n' if right else ""
        return (
            f'@rule(message="{one.message}", actor="{one.role}", source="{SOURCE}")\n'
            f"def {name}(c, says, held):\n"
            f'    """{self.sentence(one)}"""\n'
            f'    left = says.get("{one.left}", NONE)\n{other}'
            f'    return any_of(same(c.design.{switch}, "left_out"), {passes})\n'
        )


#: Who adds a field, in words.
ADDERS = {CLIENT: "A client", AUTHORIZATION_SERVER: "An AS"}


def _returned(message: str, name: str) -> bool:
    """Whether an AS gives back in a field what a client has added to its request."""
    return name.removeprefix(ADDED) not in ANSWERS.get(message, ())


def could_say(message: str, name: str) -> str:
    """Return what would be added to a message, in words."""
    held = name.removeprefix(ADDED)
    if message not in ANSWERS:
        return REQUESTING[held].words
    own = {"issuer": "its issuer identifier", "protected_resources": "the resources that it protects"}
    return own.get(held, f"the `{name if _returned(message, name) else held}` of the request that it answers")


def _adding(message: str, name: str) -> str:
    """Return the lines of a draft by which somebody adds a field."""
    said, held, asks = could_say(message, name), name.removeprefix(ADDED), message not in ANSWERS
    values = f', REQUESTING["{held}"].values' if _returned(message, name) else ""
    how = f'requesting(c, sent, "{held}")' if asks else f'answering(c, sent, "{name if values else held}")'
    return (
        f'@field("{message}", "{name}"{values})\n'
        f"def {name}_of_{spelt(message).replace(' ', '_')}(c, sent):\n"
        f'    """{said[:1].upper()}{said[1:]}."""\n'
        f"    return {how}\n"
    )


def several(message: str) -> str:
    """Return what messages of a kind are called.

    >>> several("ServerMetadata"), several("TokenRequest")
    ('server metadata', 'token requests')
    """
    return spelt(message).removesuffix("s") + "s" * (not message.endswith("Metadata"))


def actors(roles: Iterable[str]) -> str:
    """Return roles in words.

    >>> actors(["client", "authorization_server", "resource_server"])
    'client, authorization server and resource server'
    """
    *others, last = (role.replace("_", " ") for role in roles)
    return f"{', '.join(others)} and {last}" if others else last


def _field(message: str, name: str) -> str:
    """Return a field in words; an endpoint stands for whose it is."""
    field, plain = getattr(messages, message).__dataclass_fields__.get(name), field_of(name)
    whose = "the AS of " if field is not None and "endpoint" in field.metadata else ""
    of = f"{FUNCTIONS[name.removeprefix(plain)]} " if plain != name else ""
    return f"{of}{whose}its `{plain.rpartition('.')[2]}`"


def section(said: AlreadySaid | None, fields: Sequence[tuple[str, str] | None] = ()) -> str:
    """Return who says as much already; ``fields``: those that say what fields do that a check needs added."""
    if said is None:
        return LIKEWISE if fields and all(fields) else NOBODY
    return f"{said.rule.source} says {'so' if said.whole else 'a part of this'} ({said.switch})"


def who_says(
    said: AlreadySaid | None, fields: Mapping[tuple[str, str], tuple[str, str] | None], words: Wording
) -> Iterator[str]:
    """Return who says as much as a check, and which field says what each that it needs added does."""
    yield section(said, [*fields.values()])
    yield from (_known_as(*each, like, words) for each, like in fields.items())


def _known_as(message: str, name: str, field: tuple[str, str] | None, words: Wording) -> str:
    """Return which field says the same as an added one."""
    if field is None:
        return f"no field of {several(message)} says what `{name}` does"
    known, switch = field
    source = words.switches[switch.partition("=")[0]].source if switch else "sent as it is"
    return f"`{name}` says what `{known}` does ({source}{f', {switch}' if switch else ''})"
