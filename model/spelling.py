"""Whether code names switches and values that there are: seen in its text, before anything is asked.

A misspelt switch is an error once it is read, which may be late; a misspelt value is silently what nothing is.
"""

import ast
from collections.abc import Iterator, Mapping

from model.switches import ConfigurationError, Switch, check_switch

#: What holds the switches, for everybody or for a party: by these names, or what is got by these methods.
_HOLDERS, _METHODS = {"design", "policy"}, {"of", "client", "among"}
#: What a design has besides its switches.
_NO_SWITCHES = {*dir(Mapping), "but", "changes", "model", "of", "own", "parties"}
_COMPARE = {"same", "one_of", "none_of"}


def misspelt(text: str, switches: Mapping[str, Switch]) -> Iterator[tuple[int, str]]:
    """The line of each switch and value that there is not, and what there is."""
    for node in ast.walk(ast.parse(text)):
        for name, value in _named(node, switches):
            try:
                check_switch(name, value, switches)
            except ConfigurationError as error:
                yield getattr(node, "lineno", 0), str(error)


def _named(node: ast.AST, switches: Mapping[str, Switch]) -> Iterator[tuple[str, str]]:
    """The switches that an expression reads, each with a value: one that it is compared with, or its own."""
    if isinstance(node, ast.Attribute) and (name := _switch(node)) is not None:
        yield name, switches[name].baseline if name in switches else ""
    elif isinstance(node, ast.Call) and node.args:
        match node.func:
            case ast.Name(id=called) | ast.Attribute(attr=called) if called in _COMPARE:
                yield from _compared(node.args[0], node.args[1:], switches)
    elif isinstance(node, ast.Compare):
        for other in node.comparators:
            members = other.elts if isinstance(other, ast.Tuple | ast.Set) else [other]
            yield from _compared(node.left, members, switches)


def _compared(asked: ast.expr, members: list[ast.expr], switches: Mapping[str, Switch]) -> Iterator[tuple[str, str]]:
    name = _switch(asked)
    if name is not None and name in switches:
        constants = (each.value for each in members if isinstance(each, ast.Constant))
        yield from ((name, value) for value in constants if isinstance(value, str))


def _switch(node: ast.expr) -> str | None:
    """The switch that an expression reads."""
    if not isinstance(node, ast.Attribute) or node.attr in _NO_SWITCHES:
        return None
    match node.value:
        case ast.Name(id=held) | ast.Attribute(attr=held):
            return node.attr if held in _HOLDERS else None
        case ast.Call(func=ast.Attribute(attr=method)):
            return node.attr if method in _METHODS else None
    return None
