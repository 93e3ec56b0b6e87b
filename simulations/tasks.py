"""The life of an agent: tasks of several calls, with caches, faults, changes and other agents on the way.

A task calls servers of its own one after the other. What a call comes to is decided by the rules of the model: by
the plan of the visit, and where servers have changed since the last one by the rule that the change puts to the
test. One client does the whole task, drawn from the population as the servers are: where the experiment or the user
asks for it, from the clients that are deployed. Faults are this module's own; what goes wrong, and how often, are
options of the experiment, all of them swept.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from model import client
from model import resource_server as resource
from model.design import Design
from model.federation import Frameworks
from model.rule import Named
from simulations import draws
from simulations.attempts import ADOPTIONS, Situations, Whole, draw_codes, draw_latency, situations
from simulations.harms import strategy
from simulations.population import LATENCIES
from simulations.reader import told
from simulations.results import measured
from simulations.units import Tally, Unit
from simulations.vectorised import ArrayReader, reader
from simulations.visits import ACCEPTED, HONEST_AS, PLACES, Label, Plan

#: What an issuer is to a resource server that has never heard of it.
_MET_NOWHERE = resource.Issuer(Frameworks(False, False), published=False, looks_known=False, shares_origin=False)

#: An honest AS or issuer that is not the one of the first contact.
ANOTHER_AS = "https://another-as.example"
#: Independent tasks that share a clock; results do not depend on it.
CHUNK = 512
#: What is measured of every task, and of those with a harm.
QUANTITIES = ("seconds", "requests", "retries", "consents", "registrations", "rechallenges")
HARMED = ("seconds_until_detected", "seconds_exposed")

#: What a resource that falls to an attacker becomes.
FALLEN = "malicious_rs_and_as"
#: How a task ends in which every call came through.
DONE = Label("success", ACCEPTED, ())
Walking = Generator[simpy.Event, None, Any]


@dataclass(slots=True)
class Known:
    """What an agent remembers of a server; times are when it stops being good.

    ``replaced``: its token has the scopes of a step-up, and no others.
    """

    metadata_until: float = -1.0
    token_until: float = -1.0
    refresh_until: float = -1.0
    registered: bool = False
    visited: bool = False
    replaced: bool = False


@dataclass(slots=True)
class TaskFate:
    """What has become of a task."""

    number: int
    label: Label = DONE
    harms: dict[str, float] = field(default_factory=dict)
    attainable: set[str] = field(default_factory=set)
    counts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(QUANTITIES, 0.0))


class Failed(Exception):  # noqa: N818  (an ending, not an error)
    """The call ends here, as its label says."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(name)
        self.label = Label(kind, name, ())


def count(unit: Unit) -> Tally:
    """Run the tasks of a unit under every arm and count how they end and what they took."""
    tally = Tally()
    for start in range(unit.first, unit.first + unit.attempts, CHUNK):
        size = min(CHUNK, unit.first + unit.attempts - start)
        world = TaskDraws(unit, start, size)
        arms = [run(world, arm) for arm in range(len(unit.arms))]
        part = Tally()
        part.endings.update(tuple(task.label for task in tasks) for tasks in zip(*arms, strict=True))
        for place, tasks in enumerate(arms):
            for name in QUANTITIES:
                values, first = ([task.counts[name] for task in chosen] for chosen in (tasks, arms[0]))
                own, other = ([float(task.label.kind == "success") for task in each] for each in (tasks, arms[0]))
                part.sums[name, place] = measured(values, first, (own, other))
            for name, values in zip(HARMED, _detected(world, tasks), strict=True):
                part.sums[name, place] = measured(values, [0.0] * len(values))
        tally.add(part)
    return tally


def foresee(units: Sequence[Unit]) -> None:
    """Judge together what the first tasks of several units meet, which takes little more than to judge it for one."""
    met: dict[ArrayReader, list[Whole]] = {}
    for unit in units:
        world = TaskDraws(unit, unit.first, min(CHUNK, unit.attempts))
        met.setdefault(reader(world.situations, world.arms, (), world.strategy), []).append(world.codes)
    for read, codes in met.items():
        read.courses(np.unique(np.concatenate(codes)))


def _detected(world: TaskDraws, tasks: list[TaskFate]) -> tuple[list[float], list[float]]:
    """For each harmed task how long the first harm stays unnoticed, and how long what was taken is of use."""
    unnoticed, exposed = [], []
    for task in tasks:
        if task.harms:
            seconds = float(draws.exponential(np.array([world.draw("detection", task.number)]), world["detection"])[0])
            unnoticed.append(seconds)
            exposed.append(min(seconds, world.token_lifetime))
    return unnoticed, exposed


class TaskDraws:
    """What a range of tasks meets, the same under every arm."""

    def __init__(self, unit: Unit, start: int, count: int) -> None:
        self.options = told(unit)
        self._drawn = cache(lambda purpose: draws.uniforms(unit.seed, purpose, start, count).tolist())
        self.count = count
        self.situations: Situations = situations(unit.population)
        self.attackers = [bool(PLACES[name].capabilities) for name in self.situations.places]
        self.servers = [
            draw_codes(unit.population, f"{unit.seed}/server {number}", start, count, unit.adoption, unit.seed)
            for number in range(int(self["servers"]))
        ]
        self.arms = unit.arms
        self.strategy = strategy(unit.strategy)
        self._plans: dict[tuple[bool, bool], dict[int, list[Plan]]] = {}
        #: The design that a situation is under in an arm.
        self.design = cache(lambda arm, code: self.situations.design(self.arms[arm], code))
        self.latencies: dict[str, NDArray[np.float64]] = {
            name: draw_latency(unit.population, name, unit.seed, start, count) for name in LATENCIES
        }
        self.metadata_lifetime = unit.population.number("metadata_lifetime")
        self.token_lifetime = unit.population.number("token_lifetime")
        self.refresh_lifetime = unit.population.number("lifetime.refresh_token")

    def __getitem__(self, option: str) -> float:
        return self.options[option]

    def draw(self, purpose: str, task: int) -> float:
        """The uniform number of one task for a purpose."""
        numbers: list[float] = self._drawn(purpose)
        return numbers[task]

    @property
    def codes(self) -> Whole:
        """The situations that tasks may meet."""
        return np.unique(np.concatenate(self.servers))

    def attacked(self, code: int) -> bool:
        """Whether a situation is at a server of the attacker's."""
        return self.attackers[code // ADOPTIONS % len(self.attackers)]

    def plan(self, arm: int, code: int, warm: bool, fallen: bool) -> Plan:
        """The plan of a visit in a situation, with a token at hand, or where the server has ``fallen`` to an attacker.

        All that the tasks may meet is judged together as soon as one is met.
        """
        if (warm, fallen) not in self._plans:
            found, codes = self.situations, self.codes
            if fallen:
                found = replace(found, places=(FALLEN,) * len(found.places))
            if warm or fallen:
                codes = np.array([code for code in codes.tolist() if self.attacked(code) != fallen])
            read = reader(found, self.arms, (("warm", "yes"),) if warm else (), self.strategy)
            self._plans[warm, fallen] = dict(zip(codes.tolist(), read.plans(codes), strict=True))
        return self._plans[warm, fallen][code][arm]

    def happens(self, option: str, task: int, where: str) -> bool:
        """Whether something with a share among the options happens to a task, somewhere in it."""
        share = self.options[option]
        return share > 0 and self.draw(f"{option} {where}", task) < share


def run(world: TaskDraws, arm: int) -> list[TaskFate]:
    """All tasks under one arm, by its number, each an agent of its own."""
    clock = simpy.Environment()
    tasks = [TaskFate(number) for number in range(world.count)]
    for task in tasks:
        clock.process(Agent(world, arm, clock, task).live())
    clock.run()
    return tasks


class Agent:
    """One agent that does one task; its sub-agents are agents too and know nothing of what it knows."""

    def __init__(self, world: TaskDraws, arm: int, clock: simpy.Environment, task: TaskFate) -> None:
        self.world, self.arm, self.clock, self.task = world, arm, clock, task
        self.known: dict[int, Known] = {}

    def live(self) -> Walking:
        """Call after call, until one fails for good."""
        world, number = self.world, self.task.number
        for call in range(int(world["steps"])):
            think = -world["think"] * np.log1p(-world.draw(f"think {call}", number))
            yield self.clock.timeout(float(think))
            # The square makes the first servers the popular ones.
            server = int(world.draw(f"server {call}", number) ** 2 * len(world.servers))
            agent = self
            if world.happens("sub_agent", number, str(call)):
                agent = Agent(world, self.arm, self.clock, self.task)
            try:
                yield from agent.call(server, str(call))
            except Failed as failed:
                if failed.label.kind != "blocked":  # what an attacker wanted is no part of the task
                    self.task.label = failed.label
                    break
        self.task.counts["seconds"] = self.clock.now  # which all tasks begin with
        kind, name, *_ = self.task.label
        self.task.label = Label(kind, name, tuple(sorted(self.task.harms)), tuple(sorted(self.task.attainable)))

    def call(self, server: int, call: str) -> Walking:
        """One call of one server, seen through (raises Failed)."""
        world, number = self.world, self.task.number
        known = self.known.setdefault(server, Known())
        code = int(world.servers[server][number])
        attacker = world.attacked(code)
        fallen = not attacker and known.visited and world.happens("hijacked", number, call)
        token_good = known.token_until > self.clock.now
        plan = world.plan(self.arm, code, token_good and (attacker or fallen), fallen)
        design = world.design(self.arm, code)
        if not attacker and not fallen:
            if known.visited and world.happens("migrates", number, call):
                yield from self._follow(known, design, call)
            if (yield from self._with_what_is_held(known, plan, design, call)):
                return
        yield from self._from_the_start(known, plan, design, server, call)
        self._suffer(plan)
        if plan.ending.kind in ("refused", "blocked"):
            raise Failed(plan.ending.kind, plan.ending.name)
        if plan.keeps:
            now = self.clock.now
            known.visited, known.replaced = True, False
            known.token_until = now + world.token_lifetime
            known.refresh_until = now + world.refresh_lifetime
            yield from self._at_the_resource(known, design, call)

    # --- the first time, and whenever nothing is left ---------------------------------------------------------

    def _from_the_start(self, known: Known, plan: Plan, design: Design, server: int, call: str) -> Walking:
        """Discovery, registration, authorization and use: the waits of the plan."""
        waits = plan.waits[known.metadata_until > self.clock.now]
        for kind in waits:
            if kind == "server_metadata":
                yield from self._reach_server(design, server, call)
                yield from self._register(known, design, call)
            else:
                yield from self._request(kind, call)
            self.task.counts["consents"] += kind == "consent"
            if kind == "metadata":
                known.metadata_until = self.clock.now + self.world.metadata_lifetime

    def _reach_server(self, design: Design, server: int, call: str) -> Walking:
        """Fetch AS metadata; where the AS does not answer, go to another one that the RS lists, if that is trusted."""
        number = self.task.number
        if design.as_trust == "federation":
            vouched = not self._uncovered(f"at {server}")
            self._obey(client.authorization_server_is_trusted(design, Frameworks(vouched, vouched)))
        try:
            yield from self._request("server_metadata", call)
        except Failed:
            if not self.world.happens("second_server", number, f"at {server}"):
                raise
            self._obey(client.authorization_server_is_trusted(design, Frameworks(False, False)))
            yield from self._request("server_metadata", f"{call} failover")
        if self.world.happens("issuer_changed", number, f"at {server}"):
            self._obey(client.metadata_issuer_matches(design, ANOTHER_AS, HONEST_AS, False))

    def _uncovered(self, where: str) -> bool:
        return self.world.happens("uncovered", self.task.number, where)

    def _register(self, known: Known, design: Design, call: str) -> Walking:
        if not known.registered and design.reg in ("dcr", "dcr_ss"):
            self.task.counts["registrations"] += 1
            yield from self._request("push", f"{call} registration")
        known.registered = True

    # --- later --------------------------------------------------------------------------------------------------

    def _with_what_is_held(self, known: Known, plan: Plan, design: Design, call: str) -> Walking:
        """Use a token again, or refresh it; whether that was enough."""
        now, world = self.clock.now, self.world
        if plan.ending.kind != "success" or known.refresh_until <= now:
            return False
        skew = float(
            draws.lognormal(np.array([world.draw(f"clock_skew {call}", self.task.number)]), world["clock_skew"], 0.5)[0]
        )
        if known.token_until > now:
            for kind in plan.waits[2 + (known.metadata_until > now)]:
                yield from self._request(kind, call)
                self.task.counts["consents"] += kind == "consent"
            if known.token_until - skew > now:
                yield from self._at_the_resource(known, design, call)
                return True
            self.task.counts["rechallenges"] += 1  # expired, by the clock of the resource server
        yield from self._request("token", f"{call} refresh")
        yield from self._request("request", f"{call} refresh")
        known.token_until = self.clock.now + world.token_lifetime
        yield from self._at_the_resource(known, design, call)
        return True

    def _follow(self, known: Known, design: Design, call: str) -> Walking:
        """The RS has moved to another honest AS: stale metadata, old tokens and pins are put to the test."""
        stale = known.metadata_until > self.clock.now
        uses_stale = stale and bool(client.cached_metadata_is_fresh(design, True).holds)
        if uses_stale or known.token_until > self.clock.now:
            yield from self._request("request", f"{call} old token")
            if not resource.issuer_is_accepted(design, _MET_NOWHERE).holds:
                self.task.counts["rechallenges"] += 1
        known.metadata_until = -1.0
        yield from self._request("metadata", f"{call} moved")
        # A list of those met before has never heard of the new one; a federation may have.
        vouched = design.as_trust == "federation" and not self._uncovered(call)
        self._obey(client.authorization_server_is_trusted(design, Frameworks(vouched, vouched)))
        if known.refresh_until > self.clock.now and client.refresh_token_stays_with_issuer(design).holds:
            yield from self._request("token", f"{call} refresh elsewhere")  # which the new AS does not know
        known.token_until = known.refresh_until = -1.0
        known.registered = False

    def _at_the_resource(self, known: Known, design: Design, call: str) -> Walking:
        """The RS may not know the key yet, or want more scope, or what a step-up has replaced (raises Failed)."""
        number = self.task.number
        if self.world.happens("key_rollover", number, call):
            self.task.counts["retries"] += 1
            yield from self._request("request", f"{call} new key")
        more = self.world.happens("step_up", number, call)
        if more or known.replaced:
            self._obey(client.scope_is_stepped_up(design))
            self._obey(client.step_up_asks_for_more(design, more))
            known.replaced = more and bool(client.scopes_are_replaced(design))
            self.task.counts["consents"] += 1
            for kind in ("consent", "token", "request"):
                yield from self._request(kind, f"{call} step-up")

    # --- what every step shares -----------------------------------------------------------------------------------

    def _request(self, kind: str, call: str) -> Walking:
        """One request (or the user's consent), tried again where that may help (raises Failed)."""
        world, number = self.world, self.task.number
        seconds = float(world.latencies[kind][number])
        if kind == "consent":
            yield self.clock.timeout(seconds)
            return
        fault = "server_error"
        for trial in range(int(world["retries"]) + 1):
            where = f"{call} {kind} {trial}"
            self.task.counts["requests"] += 1
            self.task.counts["retries"] += trial > 0
            if world.happens("timed_out", number, where):
                fault = "timed_out"
                yield self.clock.timeout(world["patience"])
            else:
                yield self.clock.timeout(seconds)
                if kind == "metadata" and world.happens("not_found", number, where):
                    raise Failed("gave_up", "not_found")
                if not world.happens("server_error", number, where):
                    return
                fault = "server_error"
            yield self.clock.timeout(2.0**trial)
        raise Failed("gave_up", fault)

    def _obey(self, condition: Named) -> None:
        """Fail by the name of a rule of the model that does not hold."""
        if not condition.holds:
            raise Failed("refused", condition.rule.name)

    def _suffer(self, plan: Plan) -> None:
        in_time = self.world.latencies["attacker"][self.task.number] <= self.world.token_lifetime
        suffered = plan.ending if in_time else plan.late
        self.task.attainable.update(suffered.attainable)
        for harm in suffered.harms:
            self.task.harms.setdefault(harm, self.clock.now)
