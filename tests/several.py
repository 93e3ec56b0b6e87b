"""What a world of three sessions and grants of each kind does, held against clauses that were read with two of each."""

from __future__ import annotations

from collections import defaultdict
from itertools import permutations, product

from model.design import parse
from model.machine import Machine
from model.protocols import variables
from properties.clauses import Clauses
from properties.instances import Instances
from properties.security import find
from properties.steps import Copy, Fact, Row
from properties.verdict import judged


class Coverage:
    """Whether what the machine does is said by some clause, for some choice of the instances that it speaks of."""

    def __init__(self, question):
        code, _, text = question.partition(" ")
        prop, configuration = find(code), parse(text)
        asked = judged(prop, configuration)
        clauses = Clauses(prop.world_of(configuration), asked, (prop.name,), named=False)
        self.steps = clauses.steps
        self.said = defaultdict(list)
        for clause in clauses.all():
            self.said[clause.action.partition("[")[0]].append((clause, self._spoken_of(clause)))
        self.instances = Instances(prop.world_of(configuration), 3)
        self.machine = Machine(asked, self.instances.world)
        self.facts = {variable.name for variable in variables(self.instances.world) if variable.fact}
        self.where = {name: self._where(name) for name in self.machine.index}
        self.names = {where: name for name, where in self.where.items()}
        self.values = {term: value for value, term in self.instances.terms.items()}
        first = {each.kind: name for name, each in self.instances.by_name.items() if each.number == 1}
        self.firsts = {name: first[each.kind] for name, each in self.instances.by_name.items()}
        called = {instance: name for name, instance in self.instances.by_name.items()}
        same = {name: called[instance] for name, instance in self.steps.instances.by_name.items()}
        kept = {self._renamed(name, same) for name in self.steps.template.kept}
        self.kept = {
            name for name, where in self.where.items() if self.names.get(self._moved(where, self.firsts)) in kept
        }

    def missed(self, before, step, after):
        """What a step changes, of what the property depends on, and no clause says."""
        old, new = (dict(zip(self.machine.index, state, strict=True)) for state in (before, after))
        changed = [name for name in self.kept if old[name] != new[name]]
        heads = [(name, None) for name in changed if name in self.facts]
        heads += [(None, of) for of in {self.where[name][0] for name in changed if name not in self.facts}]
        for fact, of in heads:
            if not any(
                self._says(clause, instances, old, new, dict(step.choices), fact, of)
                for clause, spoken_of in self.said[step.action.partition("[")[0]]
                for instances in self._mappings(spoken_of)
            ):
                yield step.action, fact or of

    def _where(self, name):
        return self.instances.said(name) if name in self.facts else self.instances.owner(name)

    @staticmethod
    def _moved(where, instances):
        left, right = where
        if right is None:
            return where
        if isinstance(right, str):
            return instances.get(left, left), right
        return left, right._replace(of=instances[right.of])

    def _spoken_of(self, clause):
        """The instances that a clause speaks of, by their kinds."""
        found = defaultdict(list)
        for name in self.steps.instances.by_name:
            if name in repr(clause):
                found[self.steps.kind(name)].append(name)
        return found

    def _mappings(self, spoken_of):
        """Every way to take different instances of the three for those that a clause speaks of."""
        there = defaultdict(list)
        for name, instance in self.instances.by_name.items():
            there[instance.kind].append(name)
        ways = [
            [dict(zip(names, taken, strict=True)) for taken in permutations(there[kind], len(names))]
            for kind, names in spoken_of.items()
        ]
        for chosen in product(*ways):
            yield {name: to for part in chosen for name, to in part.items()}

    def _renamed(self, variable, instances):
        of = self.steps.instances
        where = of.said(variable) if variable in self.steps.facts else of.owner(variable)
        return self.names[self._moved(where, instances)]

    def _value(self, value, instances):
        term = self.steps.instances.terms.get(value)
        return value if term is None else self.values[term._replace(of=instances[term.of])]

    def _admits(self, variable, members, value, instances):
        """Whether a value is one of those of a cube, which may be those of any instance."""
        terms = self.steps.instances.terms
        mine = self.instances.terms.get(value)
        if mine is None:
            return value in members
        alike = mine.functions, self.instances.by_name[mine.of].kind
        domain = self.steps.reading.domains[variable]
        named = ((each, terms[each]) for each in domain if each in terms)
        family = {each for each, term in named if (term.functions, self.steps.kind(term.of)) == alike}
        if family and family <= members:
            return True
        return any(self._value(each, instances) == value for each in members & family if terms[each].of in instances)

    def _says(self, clause, instances, old, new, choices, fact, of):
        head = clause.head
        if fact is not None:
            if not isinstance(head, Fact) or self._renamed(head.variable, instances) != fact:
                return False
        elif not isinstance(head, Row) or instances.get(head.of, head.of) != of:
            return False

        def now(variable):
            chosen = variable in self.steps.choices
            return choices[variable.partition(": ")[2]] if chosen else old[self._renamed(variable, instances)]

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
            if new[self._renamed(variable, instances)] != wanted:
                return False
        return True
