"""What could be compared, of what honest parties receive, add and hold: the grammar of checks that nobody has proposed.

A candidate compares, of a message that an honest party receives, a field with a value that the party holds when the
message arrives (:mod:`model.receipts`), or with another field. Candidates are read off the steps of honest parties; no
list names them. One counts only where the attacker may write into its fields what it likes.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from itertools import combinations
from typing import NamedTuple

from model import identifiers, messages
from model.action import Context
from model.design import Configuration
from model.extension import ask_of_messages, field
from model.fields import MADE, makers
from model.logic import Condition, Pick, Value, all_of, any_of, holds, no, none_of, same
from model.messages import AuthorizationRequest, Message, PushedRequest, Sent
from model.model import Model
from model.receipts import REQUESTING, Receipt, added_to, answer_values, answering, receipts, requesting
from model.rule import Named, Rule
from model.world import AUTHORIZATION_SERVER, CLIENT, NONE, RESOURCE_SERVER
from properties.circuit import code_of, literals
from properties.engine import Answer
from properties.minisat import MiniSat
from properties.security import Property
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
        self._solvers: dict[int, tuple[MiniSat, set[int]]] = {}
        self.every = [(firing, when, it) for firing in self.template.firings for when, it in self._of(firing)]

    def _of(self, firing: Firing) -> Iterator[tuple[Condition, Receipt]]:
        c, action = self.template.context, firing.action
        move = action(c, **firing.chosen)
        found = receipts(c.under(action.protocol).within(action.session), action.fixed, move.sends)
        yield from ((all_of(move.when, it.when), it) for it in found if it.when is not False)

    def possible(self, *conditions: Condition, given: Iterable[int] = ()) -> bool:
        """Whether conditions can hold together in a state, reachable or not, where some inputs are ``given``.

        A solver decides all that it knows, so that each knows what its questions read alone.
        """
        if False in conditions:
            return False
        asked = [each for each in conditions if each is not True]
        codes = [code_of(each) for each in asked]
        solver, laid = self._solvers.setdefault(codes[0] if codes else 0, (MiniSat([], 0), set()))
        new = self.template.circuit.under(asked, laid)
        values = dict.fromkeys(self._members[number] for number in new if number in self._members)
        laid.update(new, *values)
        for number in new:
            if operands := self.template.circuit.gates[number]:
                solver.clause([number, *(-code for code in operands)])
                for code in operands:
                    solver.clause([-number, code])
        for members in values:
            solver.clause(members)
            for pair in combinations(members, 2):
                solver.clause(-code for code in pair)
        return solver.check([*codes, *(each for each in given if abs(each) in laid)]) is Answer.SAT

    def alike(self, when: Condition, one: Condition, other: Condition, given: Iterable[int] = ()) -> bool:
        """Whether two conditions say the same wherever a third holds."""
        differ = ((one, no(other)), (no(one), other))
        return not any(self.possible(when, *each, given=given) for each in differ)

    @cached_property
    def _members(self) -> dict[int, tuple[int, ...]]:
        """For each case of an undecided value all its cases, of which just one is so."""
        chosen = (value for firing in self.template.firings for value in firing.chosen.values())
        values = (value for value in (*self.template.state.values(), *chosen) if isinstance(value, Pick))
        cases = [tuple(map(code_of, value.cases.values())) for value in values]
        return {code: members for members in cases for code in members}


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
    where = AuthorizationRequest if name.startswith(HELD) and not name.startswith(USED) else type(message)
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


# --- who has to change ---------------------------------------------------------------------------------------------


def adder(message: str) -> str:
    """Return who would add a field to a message."""
    return AUTHORIZATION_SERVER if message in ANSWERS else CLIENT


def changes(checks: Iterable[Candidate]) -> tuple[str, ...]:
    """Return who has to change for these checks."""
    roles = {role for check in checks for role in (check.role, *(adder(message) for message, _ in check.adds))}
    return tuple(role for role in ROLES if role in roles)


def under(configuration: Configuration, model: Model) -> Configuration:
    """Return the same configuration of another model."""
    design = configuration.design
    return replace(configuration, design=type(design)(dict(design), design.parties, model))
