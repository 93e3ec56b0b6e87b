"""What a world with several sessions, grants and servers of each kind does, held against clauses read with fewer."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain

from model.design import parse
from model.machine import Machine
from model.protocols import variables
from properties.clauses import Clauses
from properties.instances import Instances
from properties.security import find
from properties.steps import SEVERAL, Copy, CubeRow, Fact
from properties.verdict import judged


class Coverage:
    """Whether what the machine does is said by some clause, for some choice of the instances that it speaks of.

    Args:
        number, servers: sessions and grants, and domains, of each kind with which the machine runs.
        read: domains with which clauses are read.
    """

    def __init__(self, question, number=SEVERAL + 1, servers=1, read=SEVERAL):
        code, _, text = question.partition(" ")
        prop, configuration = find(code), parse(text)
        asked, world = judged(prop, configuration), prop.world_of(configuration)
        clauses = Clauses(world, asked, (prop.name,), named=False, servers=read if servers > 1 else 1)
        self.steps = clauses.steps
        self.said = defaultdict(list)
        for clause in clauses.all():
            self.said[clause.action.partition("[")[0]].append((clause, self._spoken_of(clause)))
        self.instances = Instances(world, number, servers)
        self.machine = Machine(self.instances.domains.configured(asked), self.instances.world)
        there = variables(self.instances.world)
        self.facts = {variable.name for variable in there if variable.fact}
        self.variables = {self._where(name, self.instances, self.facts): name for name in self.machine.index}
        choices = (action.choices.values() for action in self.machine.actions)
        values = chain(*(variable.domain for variable in there), *chain(*choices))
        self.values = {self.instances.term(value): value for value in values}
        mine = {self._kind(self._here(name), self.steps.instances) for name in self.steps.template.kept}
        self.kept = [(at, name) for at, name in self.variables.items() if self._kind(at, self.instances) in mine]

    def missed(self, before, step, after):
        """What a step changes, of what the property depends on, and no clause says."""
        old, new = (dict(zip(self.machine.index, state, strict=True)) for state in (before, after))
        changed = [(at, name) for at, name in self.kept if old[name] != new[name]]
        heads = dict.fromkeys((name, None) if name in self.facts else (None, at[0]) for at, name in changed)
        for fact, of in heads:
            if not any(
                self._says(clause, instances, old, new, dict(step.choices), fact, of)
                for clause, spoken_of in self.said[step.action.partition("[")[0]]
                for instances in self._mappings(spoken_of)
            ):
                yield step, fact or of

    @staticmethod
    def _where(name, instances, facts):
        """What a variable says of what: a fact as a term, another by its owner."""
        return (instances.term(name) or name, "") if name in facts else instances.owner(name)

    def _here(self, name):
        return self._where(name, self.steps.instances, self.steps.facts)

    @staticmethod
    def _kind(where, instances):
        """The same of any of those that there are of a kind."""
        left, right = where
        known = instances.by_name.get(left) if isinstance(left, str) else None
        return (left if isinstance(left, str) else left.family) if known is None else known.kind, right

    def _spoken_of(self, clause):
        """The instances that a clause speaks of, those first within which others are."""
        instances = self.steps.instances
        said = instances.term(repr(clause))
        return list(dict.fromkeys(each for of in (said.of if said else ()) for each in instances.chain(of)))

    def _mappings(self, spoken_of, taken=()):
        """Every way to take different instances for those that a clause speaks of."""
        if not spoken_of:
            yield dict(taken)
            return
        first, *rest = spoken_of
        mine = self.steps.instances.by_name[first]
        within = dict(taken).get(mine.within, mine.within)
        for name, each in self.instances.by_name.items():
            if (each.kind, each.within) == (mine.kind, within) and name not in dict(taken).values():
                yield from self._mappings(rest, (*taken, (first, name)))

    def _renamed(self, variable, instances):
        """The variable of other instances; none, where only one of a kind has one."""
        left, right = self._here(variable)
        if not isinstance(left, str):
            left = self._moved(left, instances)
        return self.variables.get((instances.get(left, left), right))

    def _held(self, state, variable, instances):
        """Its value; what is not there has never changed."""
        name = self._renamed(variable, instances)
        if name is not None:
            return state[name]
        of, column = self._here(variable)
        return variable not in self.steps.facts and self.steps.columns[self.steps.kind(of)][column]

    @staticmethod
    def _moved(term, instances):
        return term._replace(of=tuple(instances[of] for of in term.of))

    def _value(self, value, instances):
        term = self.steps.instances.term(value)
        return value if term is None else self.values.get(self._moved(term, instances))

    def _admits(self, variable, members, value, instances):
        """Whether a value is one of those of a cube, which may be those of any instance."""
        mine = self.instances.term(value)
        if mine is None:
            return value in members
        named = ((each, self.steps.instances.term(each)) for each in self.steps.reading.domains[variable])
        family = {each for each, term in named if term and term.family == mine.family}
        if family and family <= members:
            return True
        return any(self._value(each, instances) == value for each in members & family)

    def _says(self, clause, instances, old, new, choices, fact, of):
        head = clause.head
        if fact is not None:
            if not isinstance(head, Fact) or self._renamed(head.variable, instances) != fact:
                return False
        elif not isinstance(head, CubeRow) or instances.get(head.of, head.of) != of:
            return False

        def now(variable):
            chosen = variable in self.steps.choices
            return choices[variable.partition(": ")[2]] if chosen else self._held(old, variable, instances)

        for variable, members in clause.cube.items():
            value = now(variable)
            if not (value if variable in self.steps.facts else self._admits(variable, members, value, instances)):
                return False
        if fact is not None:
            return True
        for column in self.steps.columns[self.steps.kind(head.of)]:
            variable = self.steps.variable[head.of, column]
            if variable not in self.steps.reading.domains:  # nothing that this one has
                continue
            then = head.values.get(variable, Copy(variable))
            wanted = now(then.variable) if isinstance(then, Copy) else self._value(then, instances)
            if self._held(new, variable, instances) != wanted:
                return False
        return True
