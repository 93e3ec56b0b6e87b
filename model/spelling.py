"""Whether code names switches and values that there are: seen in its text, before anything is asked.

A misspelt switch is an error once it is read, which may be late; a misspelt value is silently what nothing is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from model.design import ConfigurationError, Design, check_switch
from model.switches import SWITCHES

#: What holds the switches, for everybody or for a party: by these names, or what is got by these methods.
_HOLDERS, _METHODS = {"design", "policy"}, {"of", "client", "among"}
_COMPARE = {"same", "one_of", "none_of"}


def misspelt(text: str) -> Iterator[tuple[int, str]]:
    """The line of each switch and value that there is not, and what there is."""
    for node in ast.walk(ast.parse(text)):
        for name, value in _named(node):
            try:
                check_switch(name, value)
            except ConfigurationError as error:
                yield getattr(node, "lineno", 0), str(error)


def _named(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The switches that an expression reads, each with a value: one that it is compared with, or its own."""
    if isinstance(node, ast.Attribute) and (name := _switch(node)) is not None:
        yield name, SWITCHES[name].baseline if name in SWITCHES else ""
    elif isinstance(node, ast.Call) and node.args:
        match node.func:
            case ast.Name(id=called) | ast.Attribute(attr=called) if called in _COMPARE:
                yield from _compared(node.args[0], node.args[1:])
    elif isinstance(node, ast.Compare):
        for other in node.comparators:
            yield from _compared(node.left, other.elts if isinstance(other, ast.Tuple | ast.Set) else [other])


def _compared(asked: ast.expr, members: list[ast.expr]) -> Iterator[tuple[str, str]]:
    name = _switch(asked)
    if name in SWITCHES:
        constants = (each.value for each in members if isinstance(each, ast.Constant))
        yield from ((name, value) for value in constants if isinstance(value, str))


def _switch(node: ast.expr) -> str | None:
    """The switch that an expression reads."""
    if not isinstance(node, ast.Attribute) or hasattr(Design, node.attr):
        return None
    match node.value:
        case ast.Name(id=held) | ast.Attribute(attr=held):
            return node.attr if held in _HOLDERS else None
        case ast.Call(func=ast.Attribute(attr=method)):
            return node.attr if method in _METHODS else None
    return None
