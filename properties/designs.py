"""Which sets of mechanisms are enough: the whole lattice at once.

A mechanism is a switch with two positions, *without* and *with*. A set of mechanisms suffices against an attacker
if no attack is left whatever the remaining mechanisms and the environment do. That is monotone, so all minimal
sufficient sets and all maximal sets that still leave an attack can be enumerated exactly (:mod:`properties.monotone`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from model.design import Configuration, Design
from model.model import Model, oauth
from model.switches import check_switch
from model.world import World
from properties.monotone import Monotone, Names, given, in_size_order
from properties.security import Property
from properties.template import Template
from properties.unroll import Unrolling

#: The lattice: what each mechanism changes, and from what.
MECHANISMS: dict[str, tuple[str, str, str]] = {
    "exact_resource_match": ("prm", "unchecked", "exact"),
    "metadata_same_origin": ("prm_url", "any", "same_origin"),
    "signed_metadata": ("signed_metadata", "off", "anchored_req"),
    "cross_listing": ("xcheck", "off", "on"),
    "as_allowlist": ("as_trust", "any", "allowlist"),
    "metadata_issuer_check": ("md_issuer_check", "off", "on"),
    "as_designation": ("rs_as_bind", "off", "on"),
    "iss_always_compared": ("iss_check", "off", "require"),
    "redirect_per_as": ("per_as_redirect", "off", "on"),
    "state_check": ("state", "off", "checked"),
    "browser_binding": ("callback_bind", "off", "on"),
    "pkce": ("pkce", "off", "s256"),
    "pkce_required": ("pkce_as", "lax", "required"),
    "par_required": ("par", "off", "required"),
    "client_assertion": ("client_auth", "none", "pkjwt"),
    "issuer_as_audience": ("assertion_aud", "token_ep", "issuer"),
    "credentials_per_issuer": ("cred_pin", "off", "on"),
    "resource_indicator": ("resource_indicator", "off", "on"),
    "strict_echo": ("echo", "off", "req_strict"),
    "audience_check": ("audience_check", "off", "exact"),
    "dpop": ("dpop", "none", "token+code"),
    "dpop_key_per_flow": ("dpop_key", "per_client", "per_flow"),
    "dpop_url_check": ("rs_htu", "off", "on"),
    "refresh_pinning": ("rt_pin", "off", "on"),
    "issuer_allowlist_at_rs": ("rs_trust", "any", "allowlist"),
    "derived_instances": ("instance", "none", "derived"),
    "subject_per_issuer": ("subject_ns", "sub", "iss+sub"),
}

#: Mechanisms by which somebody has said beforehand whom to trust: an open world is one without them.
BEFOREHAND = ("as_allowlist", "signed_metadata", "cross_listing")

Mechanisms = Names


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything about one question to the lattice.

    Attributes:
        sufficient: all minimal sets that leave no attack, whatever else is on or off.
        insufficient: all maximal sets that still leave one.
        questions: how often the solver was asked.
        not_in_this_world: the security properties that nothing here can violate, whatever mechanisms are on and even
            if no rule is enforced: that they need no mechanism says nothing.
    """

    sufficient: tuple[Mechanisms, ...]
    insufficient: tuple[Mechanisms, ...]
    questions: int
    not_in_this_world: tuple[str, ...] = ()


def design_of(mechanisms: Iterable[str], environment: Mapping[str, str] | None = None) -> Design:
    """The design with these mechanisms on, all others off."""
    on = set(mechanisms)
    values = {switch: (with_ if name in on else without) for name, (switch, without, with_) in MECHANISMS.items()}
    return Design({**values, **(environment or {})})


class Lattice(Monotone):
    """Questions about sets of mechanisms under one attacker.

    Args:
        properties: what must hold, all of them.
        capabilities: the attacker.
        environment: switches that are fixed, beside the mechanisms; unlisted ones are at their baseline. Those of
            single parties are written ``party:switch``.
        quantify: environment switches that are not fixed take any value: what suffices must suffice in all of them.
        mechanisms: the lattice, if not the whole one; the switches of others stay at their baseline.
        world: where to ask, if not in the properties' own worlds.
        model: whose switches these are.
    """

    def __init__(
        self,
        properties: Iterable[Property | str],
        capabilities: frozenset[str],
        environment: Mapping[str, str] | None = None,
        quantify: bool = False,
        mechanisms: Mapping[str, tuple[str, str, str]] | None = None,
        world: World | None = None,
        model: Model = oauth(),
    ) -> None:
        self.environment = dict(environment or {})
        for name, value in self.environment.items():
            check_switch(name.rpartition(":")[2], value, model.switches)
        self.mechanisms = dict(MECHANISMS if mechanisms is None else mechanisms)
        shared = {name: value for name, value in self.environment.items() if ":" not in name}
        own = {
            (name.partition(":")[0], name.partition(":")[2]): value
            for name, value in self.environment.items()
            if ":" in name
        }
        decided = Configuration(Design(shared, own, model), capabilities)
        super().__init__(properties, decided, self._open(quantify, model), world)

    def enumerate(self, limit: int | None = None) -> Answers:
        """All minimal sufficient and all maximal insufficient sets (the first ``limit`` of them, if given)."""
        found = list(islice(self._marco(), limit))
        order = [tuple(in_size_order(each for each, enough in found if enough == wanted)) for wanted in (True, False)]
        return Answers(order[0], order[1], self.questions, tuple(self._nothing_to_violate(bool(order[1]))))

    @property
    def names(self) -> tuple[str, ...]:
        """The mechanisms."""
        return tuple(self.mechanisms)

    def _literals(self, laid: Unrolling) -> dict[int, str]:
        switches = laid.switches
        return {switches[switch, with_]: name for name, (switch, _, with_) in self.mechanisms.items()}

    def _fixed(self, laid: Unrolling) -> list[int]:
        """Literals for mechanisms whose switch the environment decides."""
        switches = laid.switches
        return [switches[item] for item in self.environment.items() if item in switches]

    def _given(self, template: Template, there: Names) -> list[int]:
        """The same as codes of the circuit, with these mechanisms on and the others either way."""
        decided = {switch: with_ for name, (switch, _, with_) in self.mechanisms.items() if name in there}
        decided |= {switch: value for switch, value in self.environment.items() if switch in template.free}
        return given(template, decided)

    def _open(self, quantify: bool, model: Model) -> dict[str, tuple[str, ...]]:
        """The switches that are left open, with the values that they may take: mechanisms two, environments all."""
        positions = {switch: (without, with_) for switch, without, with_ in self.mechanisms.values()}
        free: dict[str, tuple[str, ...]] = {}
        for switch in model.switches.values():
            own = self.environment.get(switch.name)
            if switch.name in positions:
                free[switch.name] = tuple(dict.fromkeys((*positions[switch.name], *([own] if own else []))))
            elif own is None and quantify and switch.kind == "environment":
                free[switch.name] = switch.values
        return free


def breaking(
    environment: Mapping[str, str], limit: int | None = None, model: Model = oauth()
) -> tuple[Mechanisms, ...]:
    """All minimal sets of mechanisms with which first contact fails in an environment, whatever else is on."""
    return Lattice(["first_contact"], frozenset(), environment, model=model).enumerate(limit).sufficient


def left_out(mechanisms: Mechanisms, broken_by: Iterable[Mechanisms]) -> tuple[Mechanisms, ...]:
    """The least that a design with these mechanisms must do without for first contact to succeed.

    Every minimal choice of other mechanisms to leave out; the designs between this set and all but such a choice are
    those that stay usable. Empty if no design with these mechanisms is usable.
    """
    choices: set[Mechanisms] = {frozenset()}
    for found in broken_by:
        others = found - mechanisms
        hit = {choice if choice & others else choice | {name} for choice in choices for name in others}
        choices = {choice for choice in hit if not any(other < choice for other in hit)}
    return tuple(in_size_order(choices))
