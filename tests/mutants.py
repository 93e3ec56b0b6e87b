"""Variants of the rules and of what proves that are wrong in one place.

A mutant reads the source of a function and changes one place in it. Loosened: an equality of identifiers becomes
"same origin" or "both present", a segment prefix a string prefix, "present and equal" becomes "present". Broken, as
any program may be: a condition is turned round, "and" stands for "or", a statement is left out. Left out: one of the
conditions that must hold, of the alternatives that may, of the values that are allowed, of what is written. It is put
in the place of the original, so that whoever calls the function, calls the mutant.
"""

import __future__

import ast
import contextlib
import copy
import inspect
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, wraps
from types import ModuleType

from model import identifiers
from model.action import SCHEMAS, once
from model.client import NONE
from model.logic import _ALGEBRAS, all_of, any_of, holds, no, same
from model.machine import _memories
from model.protocols import actions, schemas, variables
from model.rule import DECIDES
from properties import completion

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
    """A function or a method with one thing changed: what is left out by its text, another place by its number."""

    module: ModuleType
    function: str
    change: str
    place: int
    text: str = ""

    def __str__(self) -> str:
        what = f": {self.text}" if self.text else f" #{self.place}"
        return f"{self.module.__name__.removeprefix('model.')}.{self.function}: {self.change}{what}"

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """The model with the mutant in it."""
        names = vars(self.module)
        owner, _, name = self.function.rpartition(".")
        original = vars(names[owner])[name] if owner else names[name]
        if isinstance(original, property):
            original = original.fget
        mutated = ast.fix_missing_locations(_Change(self.change, self.place).visit(copy.deepcopy(_parsed(original))))
        looser = {"_present": present, "_same_origin": same_origin, "_both_present": both_present}
        space = {**names, **looser, "holds": holds}
        # Annotations stay what they are in the module, which is names in words.
        exec(compile(mutated, str(self), "exec", __future__.annotations.compiler_flag), space)
        if owner:
            with self._in_class(names[owner], name, space[name]):
                yield
            return
        mutant = _as_rule(original, space[name])
        try:
            _put(mutant, original)
            yield
        finally:
            _put(original, mutant)

    @contextlib.contextmanager
    def _in_class(self, owner: type, name: str, mutant: Callable) -> Iterator[None]:
        original = vars(owner)[name]
        try:
            setattr(owner, name, property(mutant) if isinstance(original, property) else mutant)
            _forget()
            yield
        finally:
            setattr(owner, name, original)
            _forget()


LOOSENED = ("exact to origin", "exact to present", "segment to string", "equal to present")
BROKEN = ("condition turned round", "and for or", "statement left out")
#: What steps and events are lists of, and the calls in which each stands; entries are those of a dict.
LISTS = {"condition": ("all_of", "possible"), "alternative": ("any_of",), "value": ("one_of", "none_of"), "entry": ()}
LEFT_OUT = tuple(f"{part} left out" for part in LISTS)


def mutants(*modules: ModuleType, changes: tuple[str, ...] = LOOSENED) -> list[Mutant]:
    """Every place of every function in these modules, changed in each way that fits."""
    return [
        Mutant(module, name, change, place, text)
        for module in modules
        for name, function in _functions(module)
        for change in changes
        for place, text in enumerate(_places(function, change))
    ]


def _functions(module: ModuleType) -> Iterator[tuple[str, Callable]]:
    """The functions of a module, and the methods and properties of its classes."""
    for name, value in vars(module).items():
        if getattr(value, "__module__", "") == module.__name__:
            if inspect.isfunction(value):
                yield name, value
            elif inspect.isclass(value):
                for of, method in vars(value).items():
                    method = method.fget if isinstance(method, property) else method
                    if inspect.isfunction(method) and _is_written(method, module):
                        yield f"{name}.{of}", method


def _is_written(method: Callable, module: ModuleType) -> bool:
    """Whether a method stands in the source, rather than being made for a dataclass."""
    return method.__code__.co_filename == module.__file__


def _places(function: Callable, change: str) -> list[str]:
    """The places of a change in a function: what stands there, told apart where it stands there twice, or nothing."""
    counted = _Change(change, -1)
    counted.visit(_parsed(function))
    seen = Counter[str]()
    named = []
    for text in counted.texts:
        seen[text] += 1
        named.append(f"{text} ({seen[text]})" if text and seen[text] > 1 else text)
    return named


@cache
def _parsed(function: Callable) -> ast.Module:
    """The source of a function without its decorators: a rule or an action is registered already, and stays so."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    tree.body[0].decorator_list = []
    return tree


class _Change(ast.NodeTransformer):
    """Counts the places of one kind of change and makes the change at one of them."""

    def __init__(self, change: str, place: int) -> None:
        self.change, self.place, self.texts = change, place, list[str]()

    def _here(self, left_out: ast.AST | None = None) -> bool:
        self.texts.append("" if left_out is None else textwrap.shorten(ast.unparse(left_out), 90, placeholder=" ..."))
        return len(self.texts) - 1 == self.place

    def visit(self, node: ast.AST) -> ast.AST:
        """What any program may have wrong; what is about this one has a method of its own."""
        match self.change, node:
            case "and for or", ast.BoolOp() if self._here():
                node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
            case "condition turned round", ast.If() | ast.IfExp() | ast.While() if self._here():
                node.test = ast.UnaryOp(ast.Not(), node.test)
            case "condition turned round", ast.comprehension():
                node.ifs = [ast.UnaryOp(ast.Not(), test) if self._here() else test for test in node.ifs]
            case "statement left out", ast.Expr(ast.Constant()):
                pass  # a docstring
            case "statement left out", ast.Assign() | ast.AugAssign() | ast.Expr() if self._here():
                return ast.Pass()
            case _, ast.Call(ast.Name(called)) if called in LISTS.get(self.change.removesuffix(" left out"), ()):
                of = 1 if called in LISTS["value"] else 0  # the value that is one of them
                node.args = [*node.args[:of], *(part for part in node.args[of:] if not self._here(part))]
            case "entry left out", ast.Dict():
                pairs = zip(node.keys, node.values, strict=True)
                kept = [(key, value) for key, value in pairs if not self._here(key or value)]
                node.keys, node.values = [key for key, _ in kept], [value for _, value in kept]
            case "entry left out", ast.Call(ast.Attribute(attr="sets") | ast.Name("with_metadata")):
                node.keywords = [entry for entry in node.keywords if not self._here(entry)]
        return super().visit(node)

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
    """The mutant as what the original was: a rule that names itself, a reading that is kept, or a plain function."""
    if not hasattr(original, "__wrapped__"):
        return mutated
    if inspect.unwrap(original) not in DECIDES.values():
        return once(mutated)

    @wraps(original)
    def read(*args, **kwargs):
        return original(*args, **kwargs)._replace(holds=mutated(*args, **kwargs))

    return read


def _put(function: Callable, replaced: Callable) -> None:
    """Put a function in another's place for all who use it; what machines remember was learnt from that one."""
    packages = ("model", "properties")
    spaces = [vars(module) for name, module in sys.modules.items() if name.partition(".")[0] in packages]
    for space in (*spaces, _ALGEBRAS):
        for name, value in list(space.items()):
            if value is replaced:
                space[name] = function
            elif isinstance(value, tuple) and any(one is replaced for one in value):  # a guard, or what circuits do
                space[name] = tuple(function if one is replaced else one for one in value)
    for name, schema in SCHEMAS.items():
        changed = {part: function for part in ("each", "choices", "move") if getattr(schema, part) is replaced}
        if changed:
            SCHEMAS[name] = replace(schema, **changed)
    _forget()


def _forget() -> None:
    """What was learnt from the program as it was counts no more."""
    known = [completion._finishes_here, completion._finishes, completion._contradiction, completion._open]
    for remembered in (_memories, actions, schemas, variables, *known):
        remembered.cache_clear()
