"""Which sets of mechanisms are enough: the whole lattice at once.

A mechanism is a switch with two positions, *without* and *with*. A set of mechanisms suffices against an attacker
if no attack is left whatever the remaining mechanisms and the environment do. That is monotone, so all minimal
sufficient sets and all maximal sets that still leave an attack can be enumerated exactly, each by a few questions
to one formula, without trying designs one by one.

References:
    M. Liffiton, A. Previti, A. Malik, J. Marques-Silva: Fast, flexible MUS enumeration, Constraints 21(2), 2016.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from model.design import Configuration, Design, check_parties, check_switch
from model.switches import SWITCHES
from model.world import World
from properties.bounds import Clock, Depths, Laid, Settled
from properties.closure import Closure
from properties.security import Property, find
from properties.solver import Answer
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

#: Environments in which a design may have to be usable, each a few switches.
DEPLOYMENTS: dict[str, dict[str, str]] = {
    "plain": {},
    "multi_path_api": {"api": "multi_path"},
    "as_without_iss": {"h_iss": "no"},
    "as_ignores_resource": {"as_resource": "ignore"},
    "as_without_echo": {"as_echo": "no"},
    "rs_requires_dpop": {"r_requires_dpop": "yes"},
}

Mechanisms = frozenset[str]


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


class Lattice:
    """Questions about sets of mechanisms under one attacker.

    Args:
        properties: what must hold, all of them.
        capabilities: the attacker.
        environment: switches that are fixed, beside the mechanisms; unlisted ones are at their baseline. Those of
            single parties are written ``party:switch``.
        quantify: environment switches that are not fixed take any value: what suffices must suffice in all of them.
        mechanisms: the lattice, if not the whole one; the switches of others stay at their baseline.
        world: where to ask, if not in the properties' own worlds.
    """

    def __init__(
        self,
        properties: Iterable[Property | str],
        capabilities: frozenset[str],
        environment: Mapping[str, str] | None = None,
        quantify: bool = False,
        mechanisms: Mapping[str, tuple[str, str, str]] | None = None,
        world: World | None = None,
    ) -> None:
        self.properties = tuple(find(prop) if isinstance(prop, str) else prop for prop in properties)
        self.capabilities = capabilities
        self.environment = dict(environment or {})
        for name, value in self.environment.items():
            check_switch(name.rpartition(":")[2], value)
        named = (name.partition(":") for name in self.environment)
        self._own = tuple((party, switch) for party, _, switch in named if switch)
        self.quantify = quantify
        self.mechanisms = dict(MECHANISMS if mechanisms is None else mechanisms)
        self.world = world
        self.questions = 0
        self._sweeps = 0  # so many are looked at where nothing is proved: an attack was that long
        self._worlds: dict[World, tuple[Depths, Closure]] = {}
        self._able: dict[tuple[World, bool], frozenset[str]] = {}

    def enumerate(self, limit: int | None = None) -> Answers:
        """All minimal sufficient and all maximal insufficient sets (the first ``limit`` of them, if given)."""
        sufficient: list[Mechanisms] = []
        insufficient: list[Mechanisms] = []
        for found, enough in self._marco():
            (sufficient if enough else insufficient).append(found)
            if limit is not None and len(sufficient) + len(insufficient) >= limit:
                break
        order = [tuple(sorted(found, key=_order)) for found in (sufficient, insufficient)]
        return Answers(order[0], order[1], self.questions, tuple(self._nothing_to_violate()))

    def suffices(self, mechanisms: Iterable[str]) -> bool:
        """Whether no attack is left with these mechanisms on, whatever the others are."""
        return self._attack(frozenset(mechanisms)) is None

    # --- enumeration -----------------------------------------------------------------------------------

    def _marco(self) -> Iterator[tuple[Mechanisms, bool]]:
        """The sets as they are found; that one suffices is proved of what it has been shrunk to, not on the way."""
        unexplored = _Map(tuple(self.mechanisms))
        enough: list[Mechanisms] = []
        while (seed := unexplored.seed()) is not None:
            left = self._attack(seed, prove=False)
            if left is None:
                found = self._shrink(seed)
                left = self._attack(found)
            if left is None:
                enough.append(found)
                unexplored.forbid_supersets(found)
                yield found, True
            else:
                found = self._grow(left, enough)
                unexplored.forbid_subsets(found)
                yield found, False

    def _shrink(self, mechanisms: Mechanisms) -> Mechanisms:
        """A subset of a set that seems to suffice, without any one of which it does not."""
        needed = self._by_core(mechanisms)
        for name in sorted(needed):
            if name in needed and self._attack(needed - {name}, prove=False) is None:
                needed = self._by_core(needed - {name})
        return needed

    def _by_core(self, mechanisms: Mechanisms) -> Mechanisms:
        """Those of a set that the last answer rests on, if they are enough without the rest."""
        fewer = mechanisms & self._core
        return fewer if fewer == mechanisms or self._attack(fewer, prove=False) is None else mechanisms

    def _grow(self, mechanisms: Mechanisms, enough: list[Mechanisms]) -> Mechanisms:
        """A maximal insufficient superset of an insufficient set; what holds one that is ``enough`` is none."""
        for name in self.mechanisms:
            more = mechanisms | {name}
            if more != mechanisms and not any(known <= more for known in enough):
                mechanisms = self._attack(more) or mechanisms
        return mechanisms

    # --- one question ----------------------------------------------------------------------------------

    def _attack(self, mechanisms: Mechanisms, prove: bool = True) -> Mechanisms | None:
        """All mechanisms on in some attack with at least these on; ``None`` (and a core) if there is none.

        Without ``prove`` runs are looked at as far as they are laid down.
        """
        core: set[str] = set()
        for prop in self.properties:
            found = self._settle(prop, mechanisms, prove=prove)
            on = self._on(found.laid)
            if found.answer is Answer.SAT:
                self._sweeps = max(self._sweeps, found.laid.depth if prove else 0)
                return frozenset(name for literal, name in on.items() if found.laid.solver.holds(literal))
            core |= {on[literal] for literal in found.core & on.keys()}
        self._core = frozenset(core)
        return None

    def _nothing_to_violate(self) -> Iterator[str]:
        """The security properties that hold with every rule left out, whatever mechanisms are on."""
        for prop in self.properties:
            if prop.kind == "security" and self._settle(prop, frozenset(), rules=False).answer is Answer.UNSAT:
                yield prop.name

    def _settle(self, prop: Property, mechanisms: Mechanisms, rules: bool = True, prove: bool = True) -> Settled:
        """Whether a property's event can happen with at least these mechanisms on.

        Raises:
            RuntimeError: nobody knows.
        """

        depths, closure = self._depths(self._world_of(prop))
        template = depths.template
        enforced = frozenset(template.enforced) if rules else frozenset[str]()
        # What no design could do; what these mechanisms rule out is for the solver to say, by their names.
        where = template.world, rules
        if where not in self._able:
            self._able[where] = closure.reached(self._given(template, frozenset()), enforced).actions
        able = self._able[where]

        def assume(laid: Laid) -> list[int]:
            chosen = [literal for literal, name in self._on(laid).items() if name in mechanisms]
            unable = [-literal for action, literal in laid.happens.items() if action not in able]
            obeyed = laid.unrolling.enforced.values() if rules else ()
            return [*self._fixed(laid.unrolling), *laid.without(prop.name), *unable, *obeyed, *chosen]

        def closed() -> bool:
            reached = closure.reached(self._given(template, mechanisms), enforced)
            return not reached.possible(template.events[prop.name])

        self.questions += 1
        found = depths.settle(prop.name, assume, Clock(), 0 if prove else self._sweeps, closed, prove)
        if found.answer is Answer.UNKNOWN:
            raise RuntimeError(f"no answer to a question to the lattice: {found.reason}")
        return found

    def _on(self, laid: Laid) -> dict[int, str]:
        """The literals that say that a mechanism is on."""
        switches = laid.unrolling.switches
        return {switches[switch, with_]: name for name, (switch, _, with_) in self.mechanisms.items()}

    def _fixed(self, laid: Unrolling) -> list[int]:
        """Assumptions for mechanisms whose switch the environment decides."""
        return [laid.switches[item] for item in self.environment.items() if item in laid.switches]

    def _given(self, template: Template, mechanisms: Mechanisms) -> list[int]:
        """The same as codes of the circuit, with these mechanisms on and the others either way."""
        decided = {switch: with_ for name, (switch, _, with_) in self.mechanisms.items() if name in mechanisms}
        decided |= {switch: value for switch, value in self.environment.items() if switch in template.free}
        given = []
        for (switch, value), bit in template.switches.items():
            given += [bit.code] if decided.get(switch, value) == value else []
            given += [-bit.code] if decided.get(switch) != value else []
        return given

    def _free(self) -> dict[str, tuple[str, ...]]:
        """The switches that are left open, with the values that they may take: mechanisms two, environments all."""
        positions = {switch: (without, with_) for switch, without, with_ in self.mechanisms.values()}
        free: dict[str, tuple[str, ...]] = {}
        for switch in SWITCHES.values():
            own = self.environment.get(switch.name)
            if switch.name in positions:
                free[switch.name] = tuple(dict.fromkeys((*positions[switch.name], *([own] if own else []))))
            elif own is None and self.quantify and switch.kind == "environment":
                free[switch.name] = switch.values
        return free

    def _world_of(self, prop: Property) -> World:
        shared = {name: value for name, value in self.environment.items() if ":" not in name}
        return self.world or prop.world_of(Configuration(Design(shared), self.capabilities))

    def _depths(self, world: World) -> tuple[Depths, Closure]:
        if world not in self._worlds:
            own = {key: self.environment[":".join(key)] for key in self._own}
            check_parties(Design(parties=own), world)
            about = tuple(prop.name for prop in self.properties if self._world_of(prop) == world)
            shared = {name: value for name, value in self.environment.items() if ":" not in name}
            decided = Configuration(Design(shared, own), self.capabilities)
            template = Template(world, decided, about, free=self._free())
            self._worlds[world] = Depths(template), Closure(template)
        return self._worlds[world]


def breaking(environment: Mapping[str, str], limit: int | None = None) -> tuple[Mechanisms, ...]:
    """All minimal sets of mechanisms with which first contact fails in an environment, whatever else is on."""
    return Lattice(["first_contact"], frozenset(), environment).enumerate(limit).sufficient


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
    return tuple(sorted(choices, key=_order))


class _Map:
    """The sets not yet known to be sufficient or insufficient."""

    def __init__(self, names: tuple[str, ...]) -> None:
        import z3

        self._z3 = z3
        self._variables = {name: z3.Bool(name) for name in names}
        self._solver = z3.SolverFor("QF_FD")
        # Prefer large sets: a sufficient one shrinks by its core, an insufficient one is nearly maximal.
        self._solver.set("phase", "always_true")

    def seed(self) -> Mechanisms | None:
        """A set about which nothing is known yet."""
        if self._solver.check() != self._z3.sat:
            return None
        model = self._solver.model()
        return frozenset(
            name for name, variable in self._variables.items() if not self._z3.is_false(model[variable])
        )

    def forbid_supersets(self, found: Mechanisms) -> None:
        """Sets that contain this one are sufficient."""
        self._solver.add(self._z3.Or([self._z3.Not(self._variables[name]) for name in found]))

    def forbid_subsets(self, found: Mechanisms) -> None:
        """Sets within this one are insufficient."""
        self._solver.add(self._z3.Or([variable for name, variable in self._variables.items() if name not in found]))


def _order(found: Mechanisms) -> tuple[int, list[str]]:
    return len(found), sorted(found)
