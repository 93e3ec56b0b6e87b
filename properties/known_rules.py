"""What texts say already of what was proposed: the rule that refuses as much, the field that says the same.

A rule is compared with a check in the circuit of the world, over all messages that can be received there.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from model import messages
from model.design import Configuration
from model.fields import makers
from model.logic import Condition, all_of, mapped, no, none_of, same
from model.messages import AuthorizationRequest
from model.protocols import rules
from model.receipts import Receipt
from model.rule import Rule
from model.world import ATTACKER, NONE
from properties.candidates import ADDED, ANSWERS, HASHED, RETURNED, Candidate, Received, under, with_checks
from properties.invent import finishing
from properties.security import Property
from properties.template import Firing


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
        self._property, self._configuration, self._environments = prop, configuration, environments
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
        return not any(each.breaks(()) for each in finishing([self._property], under, (), self._environments))

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
        if not self._refuses(asked, given, name, False) or not (whole or not self._refuses(asked, given, name, True)):
            return False
        if whole and any(self._possible(each, given, passes=False) for each in asked):
            return False
        return all(self._possible(each, given, passes=True) for each in asked if self._possible(each, self._own, True))

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
