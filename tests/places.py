"""What can be changed in the code: the places, what would stand there instead, and a sample of them for each package.

A place is known by its file, its function, the change and what stands there, so other edits leave it where it was.
Which ones are drawn depends on names alone: each function has a number drawn from its name, weighted by its length,
and the least ones are taken, each with one change of one place.
"""

import ast
import hashlib
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: How many are drawn of each package at least, and of how many lines one is.
FEWEST, LINES = 24, 235
#: Run in environments of other software, or written by users.
ELSEWHERE = ("conformance/drivers/", "openworld/data/")
#: What a figure looks like is no behaviour.
COSMETIC = {
    "alpha", "annotation_clip", "bbox", "bbox_to_anchor", "borderaxespad", "capsize", "clip_on", "cmap", "color",
    "colors", "dpi", "edgecolor", "facecolor", "family", "figsize", "font_size", "fontsize", "fontstyle",
    "fontweight", "frameon", "ha", "handlelength", "height_ratios", "help", "hspace", "indent", "labelsize", "length",
    "linespacing", "linestyle", "linewidth", "linewidths", "loc", "lw", "marker", "markersize", "metavar", "ms",
    "ncol", "ncols", "pad", "rotation", "s", "shrink", "size", "sort_keys", "stacklevel", "style", "va", "weight",
    "width", "width_ratios", "wspace", "xytext", "zorder",
}  # fmt: skip
TURNED = {
    ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
    ast.Lt: ">=", ast.GtE: "<", ast.Gt: "<=", ast.LtE: ">",
}  # fmt: skip
BESIDE = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
OTHER = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}
ARITHMETIC = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.BitOr: "&", ast.BitAnd: "|"}
EMPTY = {"str": '""', "tuple": "()", "list": "[]", "dict": "{}", "set": "set()", "frozenset": "frozenset()"}


@dataclass(frozen=True)
class Place:
    """One place of a file with what would stand there instead; ``line`` is that of its statement."""

    file: str
    function: str
    change: str
    text: str
    start: int
    end: int
    becomes: str
    line: int

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is known by."""
        return self.file, self.function, self.change, self.text

    def planted(self, source: bytes) -> bytes:
        """Return the source with the change in it."""
        return source[: self.start] + self.becomes.encode() + source[self.end :]


class _Places(ast.NodeVisitor):
    """Collects what can be changed in one function, the functions in it included."""

    def __init__(self, file: str, function: str, source: bytes) -> None:
        self.file, self.function, self.source = file, function, source
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.found: list[Place] = []
        self.seen = Counter[tuple[str, str]]()
        self.statement: list[ast.stmt] = []
        self.returns = [""]
        self.assigned = Counter[str]()
        self.parent: list[ast.AST] = []

    def at(self, line: int | None, column: int | None) -> int:
        return self.starts[(line or 1) - 1] + (column or 0)

    def written(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        return self.source[
            self.at(node.lineno, node.col_offset) : self.at(node.end_lineno, node.end_col_offset)
        ].decode()

    def add(self, node: ast.expr | ast.stmt, change: str, becomes: str, text: str = "") -> None:
        text = textwrap.shorten(text or ast.unparse(node), 100, placeholder=" ...")
        self.seen[change, text] += 1
        text += f" ({self.seen[change, text]})" if self.seen[change, text] > 1 else ""
        start, end = self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)
        if isinstance(node, ast.expr):
            becomes = f"({becomes})"
        line = self.statement[-1].lineno
        self.found.append(Place(self.file, self.function, change, text, start, end, becomes, line))

    def visit(self, node: ast.AST) -> None:
        is_statement = isinstance(node, ast.stmt)
        # An `elif` has no line before it that a mark could stand in: that of the whole `if` is its statement.
        if is_statement and not self._is_elif(node):
            self.statement.append(node)
            super().visit(node)
            self.statement.pop()
        else:
            self.parent.append(node)
            super().visit(node)
            self.parent.pop()

    def _is_elif(self, node: ast.AST) -> bool:
        return isinstance(node, ast.If) and self.source[self.at(node.lineno, node.col_offset) :].startswith(b"elif")

    def generic_visit(self, node: ast.AST) -> None:
        self.parent.append(node)
        super().generic_visit(node)
        self.parent.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.returns.append(ast.unparse(node.returns) if node.returns else "")
        for statement in node.body:
            self.visit(statement)
        self.returns.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Python 3.11 does not know where the parts of one stand."""

    def visit_Assert(self, node: ast.Assert) -> None:
        """What is asserted holds anyhow."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_arguments(self, node: ast.arguments) -> None:
        """Of a lambda: their defaults only keep a variable."""

    def visit_Raise(self, node: ast.Raise) -> None:
        self.add(node, "statement left out", "pass")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.add(node, "statement left out", "pass", f"continue in {ast.unparse(self.parent[-1])}")

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if not isinstance(node.value, ast.Yield | ast.YieldFrom | ast.Await):
            self.add(node, "statement left out", "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.add(node, "statement left out", "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Left out where that can go unnoticed: a name that is first assigned is missed at once."""
        parts = [part for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)]
        if all(self.assigned[part.id] > 1 for part in parts if isinstance(part.ctx, ast.Store)):
            self.add(node, "statement left out", "pass")
        self.visit(node.value)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None or not isinstance(self.statement[0], ast.FunctionDef | ast.AsyncFunctionDef):
            self.add(node, "statement left out", "pass", f"return in {ast.unparse(self.parent[-1])}")
            return
        kind = self.returns[-1].partition("[")[0]
        was = self.written(node.value)
        counted = {"bool": f"not ({was})", "int": f"({was}) + 1", "float": f"({was}) + 1"}
        becomes = (counted | EMPTY).get(kind, "None" if "None" in self.returns[-1] else was)
        if was not in (becomes, "None"):
            self.add(node.value, "another value returned", becomes, f"return {ast.unparse(node.value)}")
        self.visit(node.value)

    def condition(self, test: ast.expr, text: str = "") -> None:
        if not (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"):
            self.add(test, "condition negated", f"not ({self.written(test)})", text)

    def visit_If(self, node: ast.If) -> None:
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.condition(node.test, f"if {ast.unparse(node.test)}")
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.condition(node.test, f"if {ast.unparse(node.test)} else")
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        if not isinstance(node.test, ast.Constant):
            self.condition(node.test, f"while {ast.unparse(node.test)}")
            self.visit(node.test)
        for statement in node.body:
            self.visit(statement)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.condition(test, f"for {ast.unparse(node.target)} if {ast.unparse(test)}")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = " or " if isinstance(node.op, ast.And) else " and "
        self.add(node, "and for or", other.join(f"({self.written(value)})" for value in node.values))
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        if len(node.ops) == 1:
            left, right = self.written(node.left), self.written(node.comparators[0])
            kind = type(node.ops[0])
            self.add(node, "comparison turned", f"({left}) {TURNED[kind]} ({right})")
            if kind in BESIDE:
                self.add(node, "comparison off by one", f"({left}) {BESIDE[kind]} ({right})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        textual = (ast.JoinedStr, ast.Tuple, ast.List, ast.ListComp)
        sides = (node.left, node.right)
        of_text = any(
            isinstance(side, textual) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
            for side in sides
        )
        if type(node.op) in ARITHMETIC and not of_text:
            left, right = map(self.written, sides)
            self.add(node, "another operator", f"({left}) {ARITHMETIC[type(node.op)]} ({right})")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Name(name) if name in OTHER:
                arguments = node.args if name != "sorted" else node.args[:1]
                keywords = [f"{one.arg}={self.written(one.value)}" for one in node.keywords if name != "sorted"]
                inside = ", ".join([*map(self.written, arguments), *keywords])
                self.add(node, f"{OTHER[name]} for {name}", f"{OTHER[name]}({inside})")
        for one in node.keywords:
            if one.arg and one.arg not in COSMETIC:
                others = [self.written(other) for other in (*node.args, *node.keywords) if other is not one]
                self.add(
                    node,
                    "argument left out",
                    f"{self.written(node.func)}({', '.join(others)})",
                    ast.unparse(one) + f" of {ast.unparse(node.func)}",
                )
        self.visit(node.func)
        for argument in node.args:
            self.visit(argument)
        for one in node.keywords:
            if one.arg not in COSMETIC:
                self.visit(one.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, str):
            if not value.isidentifier():
                return
            becomes = repr(value + "_")
        elif isinstance(value, bool):
            becomes = repr(not value)
        elif isinstance(value, int | float) and "figures/" not in self.file:
            becomes = repr(value + 1)
        else:
            return
        around = next((one for one in reversed(self.parent) if not isinstance(one, ast.Constant)), None)
        self.add(node, "another constant", becomes, f"{value!r} in {ast.unparse(around)}" if around else repr(value))


def sources(package: str) -> list[str]:
    """The files of a package that have code of it."""
    listed = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py"))
    return [file for file in listed if not file.startswith(ELSEWHERE)]


def functions(file: str) -> Iterator[tuple[str, list[ast.stmt], int]]:
    """The functions and methods of a file by name, and how many lines each has; of a notebook its cells."""
    tree = ast.parse((ROOT / file).read_bytes())
    if file.startswith("notebooks/"):
        for statement in tree.body:
            if not isinstance(statement, ast.Import | ast.ImportFrom):
                yield textwrap.shorten(ast.unparse(statement), 60, placeholder="..."), [statement], 1
        return

    def inside(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, list[ast.stmt], int]]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                yield from inside(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__repr__":
                yield f"{prefix}{node.name}", [node], (node.end_lineno or 0) - node.lineno

    yield from inside(tree.body, "")


@cache
def places(file: str, function: str = "") -> dict[str, tuple[int, list[Place]]]:
    """What can be changed in the functions of a file, or in one of them, and how long each is."""
    found: dict[str, tuple[int, list[Place]]] = {}
    for name, body, lines in functions(file):
        if function not in ("", name):
            continue
        visitor = _Places(file, name, (ROOT / file).read_bytes())
        for node in (one for statement in body for one in ast.walk(statement)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                visitor.assigned[node.id] += 1
            elif isinstance(node, ast.arg):
                visitor.assigned[node.arg] += 1
        for statement in body:
            visitor.visit(statement)
        found[name] = (lines, visitor.found)
    return found


def number(*of: str) -> float:
    """A number between 0 and 1 that is drawn from names."""
    return (int.from_bytes(hashlib.sha256("\n".join(of).encode()).digest()[:8]) + 1) / 2**64


def drawn(package: str, size: int = 0) -> list[Place]:
    """The sample of a package: so many functions, longer ones more often, of each one change of one place."""
    ranked = []
    lines = 0
    for file in sources(package):
        lines += (ROOT / file).read_bytes().count(b"\n")
        for name, (length, there) in places(file).items():
            if there:
                change = min({one.change for one in there}, key=lambda change: number(file, name, change))
                place = min((one for one in there if one.change == change), key=lambda one: number(*one.key))
                ranked.append((-(number(file, name) ** (1 / max(1, length))), place))
    ranked.sort(key=lambda one: (one[0], one[1].key))
    return [place for _, place in ranked[: size or max(FEWEST, lines // LINES)]]
