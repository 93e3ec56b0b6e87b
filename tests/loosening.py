"""Weaker variants of the model's rules, one comparison at a time.

A mutant reads the source of a function of the model and changes one place in it: an equality of identifiers becomes
"same origin" or "both present", a segment prefix a string prefix, "present and equal" becomes "present". It is put in
the place of the original, so that whoever calls the rule, calls the mutant.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from types import ModuleType

from model import identifiers
from model.action import SCHEMAS
from model.client import NONE
from model.logic import all_of, any_of, holds, no, same
from model.machine import _memories
from model.protocols import actions, schemas, variables

EXACT = ("equal_code_points", "equal_simple_string", "equal_normalized", "equal_htu")


def present(left, right):
    """Both values are there, whatever they are."""
    return any_of(same(left, right), all_of(no(same(left, NONE)), no(same(right, NONE))))


def same_origin(left, right):
    """Two identifiers agree at least in scheme, host and port."""
    return left == right or (NONE not in (left, right) and identifiers.same_origin(left, right))


def both_present(left, right):
    """Two identifiers are there."""
    return NONE not in (left, right)


@dataclass(frozen=True)
class Mutant:
    """A function of the model with one comparison loosened."""

    module: ModuleType
    function: str
    change: str
    place: int

    def __str__(self) -> str:
        return f"{self.module.__name__.removeprefix('model.')}.{self.function}: {self.change} #{self.place}"

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """The model with the mutant in it."""
        names = vars(self.module)
        original = names[self.function]
        tree = ast.parse(textwrap.dedent(inspect.getsource(original)))
        tree.body[0].decorator_list = []  # the rule is registered already; its name and sources stay
        found = _Loosen(self.change, self.place)
        mutated = ast.fix_missing_locations(found.visit(tree))
        looser = {"_present": present, "_same_origin": same_origin, "_both_present": both_present}
        space = {**names, **looser, "holds": holds}
        exec(compile(mutated, str(self), "exec"), space)
        loosened = _as_rule(original, space[self.function])
        try:
            _put(loosened, original)
            yield
        finally:
            _put(original, loosened)


def mutants(*modules: ModuleType) -> list[Mutant]:
    """Every comparison of every function in these modules, loosened in each way that fits."""
    made = []
    for module in modules:
        for name, function in vars(module).items():
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
                for change in _Loosen.CHANGES:
                    counted = _Loosen(change, -1)
                    counted.visit(tree)
                    made += [Mutant(module, name, change, place) for place in range(counted.seen)]
    return made


class _Loosen(ast.NodeTransformer):
    """Counts the places of one kind of change and makes the change at one of them."""

    CHANGES = ("exact to origin", "exact to present", "segment to string", "equal to present")

    def __init__(self, change: str, place: int) -> None:
        self.change, self.place, self.seen = change, place, 0

    def _here(self) -> bool:
        self.seen += 1
        return self.seen - 1 == self.place

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        named = isinstance(node.value, ast.Name) and node.value.id == "identifiers"
        looser = {"exact to origin": "_same_origin", "exact to present": "_both_present"}
        if named and node.attr in EXACT and self.change in looser and self._here():
            return ast.Name(looser[self.change], ast.Load())
        if named and node.attr == "prefix_segment" and self.change == "segment to string" and self._here():
            return ast.Attribute(node.value, "prefix_string", ast.Load())
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if self.change == "equal to present" and _compares_values(node) and self._here():
            return ast.Call(ast.Name("_present", ast.Load()), node.args, [])
        return self.generic_visit(node)


def _compares_values(node: ast.Call) -> bool:
    """Whether a call compares two values of the protocol, rather than a switch or a constant."""
    if not (isinstance(node.func, ast.Name) and node.func.id == "same" and len(node.args) == 2):
        return False

    def decided(argument: ast.AST) -> bool:
        of_design = isinstance(argument, ast.Attribute) and getattr(argument.value, "id", "") == "design"
        constant = isinstance(argument, ast.Constant) or (isinstance(argument, ast.Name) and argument.id.isupper())
        return of_design or constant

    return not any(map(decided, node.args))


def _as_rule(original: Callable, mutated: Callable) -> Callable:
    """The mutant as what the original was: a rule that names itself, or a plain function."""
    if not hasattr(original, "__wrapped__"):
        return mutated

    @wraps(original)
    def read(*args, **kwargs):
        return original(*args, **kwargs)._replace(holds=mutated(*args, **kwargs))

    return read


def _put(function: Callable, replaced: Callable) -> None:
    """Put a function in another's place for all who use it; what machines remember was learnt from that one."""
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "model"]:
        for name, value in list(vars(module).items()):
            if value is replaced:
                setattr(module, name, function)
            elif isinstance(value, tuple) and any(one is replaced for one in value):  # a guard
                setattr(module, name, tuple(function if one is replaced else one for one in value))
    for name, schema in SCHEMAS.items():
        if schema.move is replaced:
            SCHEMAS[name] = replace(schema, move=function)
    for remembered in (_memories, actions, schemas, variables):
        remembered.cache_clear()
