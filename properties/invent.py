"""Checks that nobody has proposed: what honest parties could compare of what they receive and hold.

A candidate compares, of a message that an honest party receives, a field with a value that the party holds when the
message arrives (:mod:`model.receipts`), or with another field. Candidates are read off the steps of honest parties; no
list names them. All minimal sets are found that leave no attack and leave honest runs in every environment that is
asked (:mod:`properties.monotone`). A candidate counts only where the attacker may write into its fields what it likes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from itertools import combinations
from operator import itemgetter
from typing import NamedTuple

from model import identifiers, messages
from model.action import Context
from model.design import Configuration
from model.errors import InputError
from model.extension import ask_of_messages, field
from model.fields import MADE, makers
from model.logic import Condition, Pick, Value, all_of, any_of, holds, mapped, no, none_of, same
from model.messages import AuthorizationRequest, Message, PushedRequest, Sent
from model.model import Model
from model.protocols import rules
from model.receipts import REQUESTING, Receipt, added_to, answer_values, answering, receipts, requesting
from model.rule import Named, Rule
from model.world import ATTACKER, AUTHORIZATION_SERVER, CLIENT, NONE, RESOURCE_SERVER
from properties.bounds import Laid
from properties.circuit import code_of, literals
from properties.engine import Answer
from properties.minisat import MiniSat
from properties.monotone import Monotone, Names, in_size_order
from properties.security import Property, find
from properties.template import Firing, Template

#: What the party holds is named with this before it, a field of the message without.
HELD = "held."
#: Terms that stand for the hash of another: a verifier fits the challenge that was made of it.
HASHED = ("verifier", "challenge")
#: What a field that somebody adds is called, before what it holds; and what of what an AS holds is no term.
ADDED, COULD_SAY = "added_", ("issuer", "client_id", "redirect_uri", "resource")
#: What an AS could give back of what clients add to their requests.
RETURNED = ("url", "drawn")
#: The messages to which AS could add what they hold of themselves or of a grant, each with what that is.
ANSWERS = {"ServerMetadata": ("protected_resources",), "AuthorizationResponse": COULD_SAY, "TokenResponse": COULD_SAY}
#: Who has to change, the easiest first.
ROLES = (CLIENT, AUTHORIZATION_SERVER, RESOURCE_SERVER)
#: Fields and values that are lists; of those that a party has used already the name begins with the last.
LISTS, USED = ("authorization_servers", "protected_resources"), f"{HELD}used."
#: Functions of a field, by the end of its name: what rules compare in its place, in words.
FUNCTIONS = {".hashed": "the hash of", ".signed": "what the client's key has signed in"}


def _is_list(name: str) -> bool:
    return name.removeprefix(HELD).removeprefix(ADDED) in LISTS or name.startswith(USED)


class FieldRelation(NamedTuple):
    """How a field may have to stand to another value; what is missing equals nothing.

    Attributes:
        words: as the grammar is printed; ``sentence``: what a specification would say of ``{left}`` and ``{right}``.
        draft: the condition, as a draft has it; ``needs``: the comparator that it takes from :mod:`model.identifiers`.
        fits: whether it is asked of two names of values.
    """

    words: str
    sentence: str
    draft: str
    fits: Callable[[str, str], bool] = lambda left, right: True
    needs: str = ""

    def holds(self, left: Value, right: Value) -> Condition:
        """When a field stands so to another value: what the line of a draft says."""
        return _read(self.draft)(left, right)


@cache
def _read(draft: str) -> Callable[[Value, Value], Condition]:
    known = {each.__name__: each for each in (all_of, any_of, holds, none_of, same)}
    read: Callable[[Value, Value], Condition] = eval(
        f"lambda left, right: {draft}", {**vars(identifiers), **known, "NONE": NONE}
    )
    return read


_TOLD = "MUST compare {left} with {right}, and refuse it if they differ"
_OF_BOTH = "holds(lambda *two: NONE not in two and {}, left, right)"


def _by(needs: str, words: str, sentence: str) -> FieldRelation:
    return FieldRelation(words, sentence, _OF_BOTH.format(f"{needs}(*two)"), _no_list, needs)


def _no_list(left: str, right: str) -> bool:
    return not (_is_list(left) or _is_list(right))


RELATIONS = {
    "is": FieldRelation(
        "field = value",
        _TOLD,
        "all_of(none_of(left, NONE), same(left, right))",
        lambda left, right: not right.startswith(USED),
    ),
    "is_if_held": FieldRelation(
        "field = value, if that is there",
        "MUST compare {left} with {right} if there is one, and refuse it if they differ",
        "any_of(same(right, NONE), same(left, right))",
        lambda left, right: not right.startswith(USED),
    ),
    "origin_is": _by("same_origin", "both have one origin", _TOLD.replace("{left}", "the origins of {left}")),
    "covers": _by(
        "prefix_segment",
        "the field is a prefix in whole path segments",
        "MUST refuse it unless {left} is {right} or a prefix of it in whole path segments",
    ),
    "is_there": FieldRelation(
        "the field is there", "MUST refuse it without {left}", "none_of(left, NONE)", lambda left, right: False
    ),
    "is_among": FieldRelation(
        "the field is a member of the list",
        "MUST refuse it unless {left} is one of {right}",
        _OF_BOTH.format("two[0] in two[1].split()"),
        lambda left, right: _is_list(right) and not (_is_list(left) or right.startswith(USED)),
    ),
    "lists": FieldRelation(
        "the field is a list that has the value",
        "MUST refuse it unless {right} is among {left}",
        _OF_BOTH.format("two[1] in two[0].split()"),
        lambda left, right: _is_list(left) and not _is_list(right),
    ),
    "is_unused": FieldRelation(
        "the field was not used before, in any session",
        "MUST refuse it if {left} is one of {right}",
        "holds(lambda *two: two[0] not in two[1].split(), left, right)",
        lambda left, right: right == f"{USED}{left}",
    ),
}
#: What a grammar may have beside equality; that holds strictly where honest runs bear it, or else where there is any.
FURTHER = tuple(RELATIONS)[2:]


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A comparison: who makes it, of which message; ``right`` is empty where the field only has to be there."""

    role: str
    message: str
    left: str
    relation: str
    right: str = ""

    @property
    def name(self) -> str:
        """The name of the rule."""
        right = self.right.removeprefix(HELD).replace("request.", "sent.")
        left, right = (each.removesuffix("_endpoint") for each in (self.left, right))
        said = (spelt(self.message), left, self.relation, right)
        return f"{self.role}." + "_".join(re.sub(r"\W", "_", word) for word in said if word)

    @property
    def adds(self) -> tuple[tuple[str, str], ...]:
        """The fields that it is about and that somebody has to add, each with the message."""
        said = (field_of(name) for name in (self.left, self.right) if name.startswith(ADDED))
        here = [(self._added_to(name), name) for name in said]
        sent = self.right.removeprefix(f"{HELD}request.")
        asked = [sent] if sent.startswith(ADDED) and sent != self.right else []
        asked += [name for message, name in here if message in ANSWERS and name.removeprefix(ADDED) in RETURNED]
        return (*((AuthorizationRequest.__name__, name) for name in asked), *here)

    def _added_to(self, name: str) -> str:
        """To which message a field has to be added so that it stands in this one: requests are pushed as well."""
        if self.message in ANSWERS:
            return self.message
        first, *later = REQUESTING[name.removeprefix(ADDED)].at
        return later[0] if later and self.message not in (first, PushedRequest.__name__) else first

    def holds(self, it: Receipt) -> Condition:
        """Whether a message passes."""
        right = it.held if self.right.startswith(HELD) else it.says
        other = right.get(self.right.removeprefix(HELD), NONE)
        return RELATIONS[self.relation].holds(it.says.get(self.left, NONE), other)


def field_of(name: str) -> str:
    """Return the field of which a name says a function.

    >>> field_of("added_kept.hashed")
    'added_kept'
    """
    return next((name.removesuffix(end) for end in FUNCTIONS if name.endswith(end)), name)


def spelt(message: str) -> str:
    """Return the name of a message in words.

    >>> spelt("AuthorizationResponse")
    'authorization response'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", " ", message).lower()


def with_checks(model: Model, checks: Sequence[Candidate]) -> Model:
    """Return a model in which honest parties make these checks, each a rule of its name."""
    every = {check.name: Rule(check.name, (), "", check.name) for check in checks}

    def asks(it: Receipt) -> Iterator[Named]:
        for check in checks:
            if check.role == it.role and check.message in it.kinds:
                yield Named(every[check.name], check.holds(it))

    return model.extended(lambda: ask_of_messages(asks, rules=every))


def with_fields(model: Model, wanted: Collection[tuple[str, str]] = ()) -> Model:
    """Return a model in which AS and clients add what they hold; the attacker writes there what it can make.

    ``wanted``: only these, each with its message; all where none is named.
    """

    def add(message: str, name: str, says: Callable[[Context, Sent, str], Value], of: str, could: bool = True) -> None:
        if not wanted or (message, name) in wanted:
            values = REQUESTING[name.removeprefix(ADDED)].values if could else answer_values(of)
            field(message, name, values)(lambda c, sent: says(c, sent, of))

    def added() -> None:
        for message, name in ((message, name) for name, could in REQUESTING.items() for message in could.at):
            add(message, f"{ADDED}{name}", requesting, name)
        for message, names in ANSWERS.items():
            for name in names:
                add(message, f"{ADDED}{name}", answering, name, could=False)
            for name in RETURNED if names is COULD_SAY else ():
                add(message, f"{ADDED}{name}", answering, f"{ADDED}{name}")

    return model.extended(added)


# --- candidates ------------------------------------------------------------------------------------------------


class Received:
    """The messages that honest parties receive in a world, undecided, and the circuit that says when."""

    def __init__(
        self, prop: Property, configuration: Configuration, free: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        world = prop.world_of(configuration)
        self.template = Template(world, configuration, (prop.name,), free=free or {})
        self._laid = 0
        self.every = [(firing, when, it) for firing in self.template.firings for when, it in self._of(firing)]

    def _of(self, firing: Firing) -> Iterator[tuple[Condition, Receipt]]:
        c, action = self.template.context, firing.action
        move = action(c, **firing.chosen)
        found = receipts(c.under(action.protocol).within(action.session), action.fixed, move.sends)
        yield from ((all_of(move.when, it.when), it) for it in found if it.when is not False)

    def possible(self, *conditions: Condition, given: Iterable[int] = ()) -> bool:
        """Whether conditions can hold together in a state, reachable or not."""
        if False in conditions:
            return False
        self._lay_down()
        codes = [code_of(each) for each in conditions if each is not True]
        return self._solver.check([*codes, *given]) is Answer.SAT

    def _lay_down(self) -> None:
        """Tell the solver of the gates that are new."""
        gates = self.template.circuit.gates
        for number in range(self._laid, len(gates)):
            if operands := gates[number]:
                self._solver.clause([number, *(-code for code in operands)])
                for code in operands:
                    self._solver.clause([-number, code])
        self._laid = len(gates)

    def alike(self, when: Condition, one: Condition, other: Condition, given: Iterable[int] = ()) -> bool:
        """Whether two conditions say the same wherever a third holds."""
        differ = ((one, no(other)), (no(one), other))
        return not any(self.possible(when, *each, given=given) for each in differ)

    @cached_property
    def _solver(self) -> MiniSat:
        """Knows of gates as they are asked about, and that every value is one member of its domain."""
        solver = MiniSat([], 0)
        chosen = (value for firing in self.template.firings for value in firing.chosen.values())
        for value in (*self.template.state.values(), *chosen):
            if isinstance(value, Pick):
                codes = [code_of(case) for case in value.cases.values()]
                solver.clause(codes)
                for pair in combinations(codes, 2):
                    solver.clause(-code for code in pair)
        return solver


def candidates(received: Received, relations: Sequence[str]) -> dict[Candidate, bool]:
    """Return what honest parties could check, each with whether the attacker chooses what it is about."""
    found = dict.fromkeys(
        check for firing, _, it in received.every if firing.action.schema.honest for check in _about(it, relations)
    )
    return {check: _is_chosen(received, check) for check in sorted(found)}


def _about(it: Receipt, relations: Sequence[str]) -> Iterator[Candidate]:
    others = {f"{HELD}{name}": value for name, value in it.held.items()}
    for left, value in it.says.items():
        kind = _kind(it, left)
        if "is_there" in relations and isinstance(value, Pick):
            yield Candidate(it.role, kind, left, "is_there")
        for right, other in {**others, **{name: said for name, said in it.says.items() if name < left}}.items():
            terms = _term(it.message, left), _term(it.message, right)
            both = (_domain(left, value) & _domain(right, other)) - {NONE}
            both = set() if left.startswith(ADDED) and right.startswith(ADDED) else both  # one who adds, adds the other
            if both and (terms[0] == terms[1] or terms == HASHED):
                for name, relation in RELATIONS.items():
                    asked = name in relations and not (relation.needs and (any(terms) or any(map(makers, both))))
                    if (asked or name not in FURTHER) and relation.fits(left, right):
                        yield Candidate(it.role, _kind(it, left, right), left, name, right)


def _kind(it: Receipt, left: str, right: str = "") -> str:
    """The widest kind of message that has these fields: what is asked of requests of all kinds is asked once."""
    if right.startswith(f"{HELD}request."):  # which is held where a code is answered
        return it.kinds[0]
    more = added_to(it.context, it.message)
    said = {field_of(name) for name in (left, right) if name in it.says}
    for kind in reversed(it.kinds):
        record = getattr(messages, kind, Message)
        if said <= {each.name for each in fields(record)} | {each.name for each in more if each.message == kind}:
            return kind
    return it.kinds[0]


def _domain(name: str, value: Value) -> set[str]:
    every = set(value.cases) if isinstance(value, Pick) else {value}
    return {member for each in every for member in each.split()} if _is_list(name) else every


def _term(message: Message, name: str) -> str:
    """Return what kind of term a field holds, or a value that the party holds under the name of one."""
    where = AuthorizationRequest if name.startswith(HELD) else type(message)
    plain = name.removeprefix(HELD).removeprefix("request.").removeprefix("used.")
    if plain == "browser":
        return plain
    kind = next((str(field.metadata.get("term", "")) for field in fields(where) if field.name == plain), "")
    return "" if kind == MADE else kind  # what may be equal to that says who made it


def _is_chosen(received: Received, check: Candidate) -> bool:
    """Whether the attacker chooses each field, somewhere, or never writes such a message.

    An AS holds what the attacker has asked for where that wrote the request; one that it always leaves out may be
    missing.
    """
    asked = [(check.message, check.left)]
    if check.right and not check.right.startswith(HELD):
        asked.append((check.message, check.right))
    by_request = check.right.removeprefix(f"{HELD}request.")
    if check.role == AUTHORIZATION_SERVER and by_request != check.right and check.relation == "is":
        asked.append((AuthorizationRequest.__name__, by_request))
    for message, name in asked:
        forged = [
            each for each in received.every if message in each[2].kinds and _is_forged(received, each[0], each[2])
        ]
        forged = [each for each in forged if each[2].role == check.role]
        if forged and not any(_is_free(received, *each, name) for each in forged):
            return False
    return True


def _is_forged(received: Received, firing: Firing, it: Receipt) -> bool:
    """Whether the attacker may have written a message."""
    c = received.template.context
    senders = (
        [party for party in c.world.parties if it.sender in (party.name, party.url)]
        if isinstance(it.sender, str)
        else []
    )
    if any(party.honest for party in senders):
        return False
    return not firing.action.schema.honest or any_of(c.attackers(it.sender), *map(c.runs, senders)) is not False


def _is_free(received: Received, firing: Firing, when: Condition, it: Receipt, name: str) -> bool:
    """Whether the attacker chooses a field in a step; of terms and keys decides what it knows and holds."""
    metadata = next((field.metadata for field in fields(it.message) if field.name == name), None)
    if metadata is None or metadata.keys() & {"term", "shown"}:
        return True
    value = it.says[name]
    chosen = {one.code for each in firing.chosen.values() for one in literals(each)}
    if not isinstance(value, Pick) or not chosen & received.template.circuit.under([value]):
        return False
    return all(received.possible(when, case) for case in value.cases.values())


# --- sets of them ----------------------------------------------------------------------------------------------


class Checks(Monotone):
    """Questions about sets of checks under one attacker, in a model that has them all.

    Args:
        properties, configuration, timeout: as for :class:`Monotone`.
        checks: the names of all checks of the model.
        broken: sets with which honest parties do not finish.
    """

    def __init__(
        self,
        properties: Iterable[Property],
        configuration: Configuration,
        checks: Sequence[str],
        timeout: float | None = None,
        broken: Sequence[Names] = (),
    ) -> None:
        named = [find(prop.name, configuration.model) for prop in properties]
        super().__init__(named, configuration, {}, None, timeout)
        self._checks, self._broken = tuple(checks), broken

    @property
    def names(self) -> tuple[str, ...]:
        """The checks."""
        return self._checks

    def minimal(self) -> list[Names]:
        """Return all minimal sets with which nothing happens that the properties are about."""
        return list(in_size_order(found for found, enough in self._marco() if enough))

    def _absurd(self) -> Iterator[Names]:
        yield from self._broken

    def _literals(self, laid: Laid) -> dict[int, str]:
        enforced = laid.unrolling.enforced
        return {enforced[name]: name for name in self._checks if name in enforced}

    def _given(self, template: Template, there: Names) -> list[int]:
        return []

    def _obeyed(self, template: Template, there: Names) -> frozenset[str]:
        return frozenset(template.enforced.keys() - (set(self._checks) - there))

    def _attack(self, there: Names, prove: bool = True) -> Names | None:
        """The same; what is out of reach in runs of any length is not asked of the solver."""
        if self._in_reach(there):
            found = super()._attack(there, prove)
            return (
                None if found is None else found | there
            )  # a check that no step of this question asks changes nothing
        for name in sorted(there):
            there = there if self._in_reach(there - {name}) else there - {name}
        self._core = there
        return None

    def _in_reach(self, there: Names) -> bool:
        for prop in self._asked:
            depths, closure = self._depths(self._world_of(prop))
            reached = closure.reached([], self._obeyed(depths.template, there))
            if reached.possible(depths.template.events[prop.name]):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Invented:
    """All that was found.

    Attributes:
        asked: the candidates.
        unchosen: those that say nothing, since the attacker does not choose what they are about.
        breaking: those with which nobody finishes in some environment.
        classes: the others, those together that never differ; the plainest stands for its class.
        sets: the minimal sets that are enough, those first that fewest parties have to change for.
        together: sets that are no trouble one by one, and with which nobody finishes.
        questions: how often the solver was asked about attacks.
    """

    asked: tuple[Candidate, ...]
    unchosen: tuple[Candidate, ...]
    breaking: tuple[Candidate, ...]
    classes: tuple[tuple[Candidate, ...], ...]
    sets: tuple[tuple[Candidate, ...], ...]
    together: tuple[tuple[Candidate, ...], ...]
    questions: int


def adder(message: str) -> str:
    """Return who would add a field to a message."""
    return AUTHORIZATION_SERVER if message in ANSWERS else CLIENT


def changes(checks: Iterable[Candidate]) -> tuple[str, ...]:
    """Return who has to change for these checks."""
    roles = {role for check in checks for role in (check.role, *(adder(message) for message, _ in check.adds))}
    return tuple(role for role in ROLES if role in roles)


def invent(
    properties: Sequence[Property],
    configuration: Configuration,
    environments: Sequence[Mapping[str, str]] = (),
    further: Sequence[str] = (),
    roles: Sequence[str] = ROLES,
    timeout: float | None = None,
) -> Invented:
    """Return all minimal sets of checks that are enough for all properties, whatever is asked of drafts.

    Args:
        properties: security properties.
        environments: switches under which honest parties still have to finish, beside the configuration itself.
        further: relations beside equality, of :data:`FURTHER`.
        roles: who may change.

    Raises:
        InputError: nobody finishes in one of the environments even without any check.
        NoAnswerError: nobody knows whether there is an attack.
    """
    base = configuration.model
    plain = under(configuration, with_checks(base, ()))
    found: dict[Candidate, bool] = {}
    for prop in properties:
        for check, is_chosen in candidates(Received(prop, plain), further).items():
            found[check] = is_chosen and found.get(check, True)
    found = {check: chosen for check, chosen in found.items() if {*changes([check])} <= {*roles}}
    chosen = [check for check in found if found[check]]

    everywhere = list(_honest(configuration, chosen, ({}, *environments), timeout))
    for environment, each in zip(({}, *environments), everywhere, strict=True):
        if each.suffices(()):
            said = "; ".join(f"{name}={value}" for name, value in environment.items())
            raise InputError(f"honest parties do not finish under {said or configuration}, whatever is checked")
    borne = {check for check in chosen if not any(each.suffices({check.name}) for each in everywhere)}
    borne -= {replace(check, relation="is_if_held") for check in borne if check.relation == "is"}
    classes = _classes(properties, under(configuration, with_checks(base, sorted(borne))), sorted(borne))
    plainest = {one[0].name: one[0] for one in classes}
    together = sorted(
        {
            each
            for asked in _honest(configuration, [*plainest.values()], ({}, *environments), timeout)
            for each in asked.minimal()
        },
        key=sorted,
    )
    asked = Checks(
        properties, under(configuration, with_checks(base, [*plainest.values()])), [*plainest], timeout, together
    )
    sets = [tuple(sorted(plainest[name] for name in names)) for names in asked.minimal()]
    return Invented(
        tuple(found),
        tuple(check for check in found if not found[check]),
        tuple(check for check in chosen if check not in borne),
        classes,
        tuple(sorted(sets, key=effort)),
        tuple(tuple(sorted(plainest[name] for name in names)) for names in together),
        asked.questions,
    )


def _honest(
    configuration: Configuration,
    checks: Sequence[Candidate],
    environments: Iterable[Mapping[str, str]],
    timeout: float | None = None,
) -> Iterator[Checks]:
    """Questions about sets of checks with which honest parties alone do not finish, for each environment."""
    every = under(replace(configuration, capabilities=frozenset()), with_checks(configuration.model, checks))
    for environment in environments:
        asked = replace(every, design=every.design.but(**environment))
        yield Checks([find("first_contact")], asked, [check.name for check in checks], timeout)


def broken(
    configuration: Configuration, sets: Sequence[tuple[Candidate, ...]], environments: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, ...]]:
    """Return for each set the environments in which honest parties finish without it alone."""
    checks = sorted({check for each in sets for check in each})
    asked = dict(zip(environments, _honest(configuration, checks, environments.values()), strict=True))
    usual = {name: each for name, each in asked.items() if not each.suffices(())}
    return [tuple(name for name, each in usual.items() if each.suffices(c.name for c in some)) for some in sets]


def effort(checks: tuple[Candidate, ...]) -> tuple[object, ...]:
    """Return by what sets are put in order: how many have to change, who, how many checks."""
    who = changes(checks)
    return len(who), [ROLES.index(role) for role in who], len(checks), checks


def under(configuration: Configuration, model: Model) -> Configuration:
    """Return the same configuration of another model."""
    design = configuration.design
    return replace(configuration, design=type(design)(dict(design), design.parties, model))


def _classes(
    properties: Sequence[Property], configuration: Configuration, checks: Sequence[Candidate]
) -> tuple[tuple[Candidate, ...], ...]:
    """Return checks by what they come to, those together that say the same of every message that can be received."""
    received = [Received(find(prop.name, configuration.model), configuration) for prop in properties]
    said = [{check: _said(each, check) for check in checks} for each in received]
    classes: list[list[Candidate]] = []
    for check in sorted(checks, key=lambda check: (len(check.name), check)):
        for known in classes:
            if all(_same(each, of[known[0]], of[check]) for each, of in zip(received, said, strict=True)):
                known.append(check)
                break
        else:
            classes.append([check])
    return tuple(map(tuple, classes))


def _said(received: Received, check: Candidate) -> dict[int, tuple[Condition, Condition]]:
    """Return what a check says of each message that it is about: when that is received, and whether it passes."""
    return {
        number: (when, check.holds(it))
        for number, (_, when, it) in enumerate(received.every)
        if check.role == it.role and check.message in it.kinds
    }


def _same(
    received: Received, one: dict[int, tuple[Condition, Condition]], other: dict[int, tuple[Condition, Condition]]
) -> bool:
    return one.keys() == other.keys() and all(
        received.alike(when, passes, other[number][1]) for number, (when, passes) in one.items()
    )


# --- what is known already -------------------------------------------------------------------------------------


def _made_alike(message: str, name: str, added: str) -> bool:
    """Whether a field is a hash, a claim that is signed, or neither, as an added one is."""
    known = getattr(messages, message).__dataclass_fields__.get(name)
    metadata = {} if known is None else known.metadata
    hashes, signs = metadata.get("term") == HASHED[1], "claim" in metadata
    made = added.removeprefix(ADDED).partition("_")[0]
    return (hashes, signs) == (made == "hash", made == "signed")


def _inside(value: str) -> str:
    """Return what is signed in a value, or whose session has drawn it."""
    return value.rpartition(" ")[2] if makers(value) else value


#: A step in which a message is received, when that is, and whether the message passes a check.
_About = tuple[Firing, Condition, Condition]


@dataclass(frozen=True, slots=True)
class AlreadySaid:
    """What says as much as a check, or (not ``whole``) a part of it: a rule, where a switch is set."""

    switch: str
    rule: Rule
    whole: bool


class KnownRules:
    """Which switch makes rules say as much as a check, in users' sessions if that refuses anything there.

    Args:
        environments: where honest parties have to finish under that switch as well.
    """

    def __init__(
        self, prop: Property, configuration: Configuration, environments: Sequence[Mapping[str, str]] = ()
    ) -> None:
        self._configuration, self._environments = configuration, environments
        plain = under(configuration, with_checks(configuration.model, ()))
        switches = [s for s in plain.model.switches.values() if s.kind in ("mechanism", "environment") and s.in_worlds]
        self._free = {switch.name: switch.values for switch in switches}
        self._mechanisms = {switch.name for switch in switches if switch.kind == "mechanism"}
        self._design, self._rules = configuration.design, rules(configuration.model)
        self._received = Received(prop, plain, self._free)
        template = self._received.template
        self._switches = {literal.code: key for key, literal in template.switches.items()}
        self._own = self._given("", "")

    def rule(self, check: Candidate) -> AlreadySaid | None:
        """Return what says as much, or else a part of it; nothing if no text does."""
        about = [
            (firing, when, check.holds(it))
            for firing, when, it in self._received.every
            if check.role == it.role and check.message in it.kinds
        ]
        lets = [each for each in about if self._possible(each, self._own, passes=False)]
        steps: dict[tuple[bool, bool, str], list[_About]] = {}
        for each in [each for each in lets if self._is_users(each[0])] or lets:
            schema, refused = each[0].action.schema, each[2] is False  # whatever stands there
            steps.setdefault((not schema.honest, refused and not schema.honest, schema.name), []).append(each)
        for whole in (True, False):
            for _, asked in sorted(steps.items(), key=itemgetter(0)):
                for name, switch in self._touched(asked, check.role):
                    for value in self._free[switch]:
                        if value == self._design[switch]:
                            continue
                        if self._says(asked, self._given(switch, value), name, whole) and self._is_borne(switch, value):
                            return AlreadySaid(f"{switch}={value}", self._rules[name], whole)
        return None

    def _is_borne(self, switch: str, value: str) -> bool:
        """Whether honest parties finish in each environment where a switch has a value."""
        under = replace(self._configuration, design=self._design.but(**{switch: value}))
        return not any(each.suffices(()) for each in _honest(under, (), self._environments))

    def field(self, message: str, added: str) -> tuple[str, str] | None:
        """Return the field that says the same as an added one where honest parties send both, and the switch for it.

        The switch is empty where it is sent as it is.
        """
        if message in ANSWERS and added.removeprefix(ADDED) in RETURNED:  # the answer says what the request has said
            like = self.field(AuthorizationRequest.__name__, added)
            return like if like and like[0] in getattr(messages, message).__dataclass_fields__ else None
        about = [
            (when, it.says)
            for firing, when, it in self._received.every
            if self._writes_itself(firing, it) and message in it.kinds and added in it.says
        ]
        under = self._received.template.circuit.under
        names = dict.fromkeys(name for _, says in about for name in says if not name.startswith(ADDED))
        for name in (name for name in names if _made_alike(message, name, added)):
            decided = {code for _, says in about for code in under([says.get(name, NONE)]) & self._switches.keys()}
            switches = dict.fromkeys(self._switches[code][0] for code in sorted(decided))
            for switch, value in (("", ""), *((one, value) for one in switches for value in self._free[one])):
                given = self._given(switch, value)
                both = (
                    (all_of(when, none_of(says[added], NONE), none_of(says[name], NONE)), says)
                    for when, says in about
                    if name in says
                )
                sent = [
                    (said, says[name], mapped(_inside, says[added]))
                    for said, says in both
                    if self._received.possible(said, given=given)
                ]
                if sent and not any(
                    self._received.possible(when, no(same(one, other)), given=given) for when, one, other in sent
                ):
                    return name, f"{switch}={value}" if switch else ""
        return None

    def _writes_itself(self, firing: Firing, it: Receipt) -> bool:
        """Whether an honest party writes a message, which no browser of the attacker's brings."""
        return firing.action.schema.honest and same(it.sender, ATTACKER) is False

    def _says(self, asked: list[_About], given: list[int], name: str, whole: bool) -> bool:
        """Whether a rule refuses some of what a check refuses, and nothing that passes, or with others just that."""
        if not all(self._possible(each, given, passes=True) for each in asked if self._possible(each, self._own, True)):
            return False
        if whole and any(self._possible(each, given, passes=False) for each in asked):
            return False
        return self._refuses(asked, given, name, False) and (whole or not self._refuses(asked, given, name, True))

    def _refuses(self, asked: list[_About], given: list[int], name: str, passes: bool) -> bool:
        """Whether a rule refuses something that passes a check, or that does not."""
        return any(
            self._received.possible(
                when,
                holds_ if passes else no(holds_),
                no(all_of(*(one for rule, one in firing.rules if rule == name))),
                given=given,
            )
            for firing, when, holds_ in asked
        )

    def _is_users(self, firing: Firing) -> bool:
        world = self._received.template.world
        return firing.action.session not in world.session or world.user_of(firing.action.session) in world.users

    def _possible(self, about: _About, given: list[int], passes: bool) -> bool:
        """Whether the rules of a step let a message through that passes the check, or that does not."""
        firing, when, holds_ = about
        asked = (one for _, one in firing.rules)
        return self._received.possible(when, *asked, holds_ if passes else no(holds_), given=given)

    def _touched(self, about: Iterable[_About], role: str) -> dict[tuple[str, str], None]:
        """The rules of a role that are asked there, each with every switch that it reads.

        Those come first that read most of what the check reads, then those whose switch few read.
        """
        under = self._received.template.circuit.under
        found = Counter[tuple[str, str]]()
        for firing, _, check in about:
            reads = under([check]) - self._switches.keys()
            for name, asked in firing.rules:
                of_rule = under([asked]) if name.startswith(f"{role}.") else frozenset()
                for code in sorted(of_rule & self._switches.keys()):
                    if (switch := self._switches[code][0]) in self._mechanisms:
                        found[name, switch] = max(found[name, switch], len(of_rule & reads))
        readers = Counter(switch for _, switch in found)
        return dict.fromkeys(sorted(found, key=lambda each: (-found[each], readers[each[1]])))

    def _given(self, switch: str, value: str) -> list[int]:
        decided = {name: value if name == switch else self._design[name] for name in self._free}
        return [bit if decided[name] == each else -bit for bit, (name, each) in self._switches.items()]
