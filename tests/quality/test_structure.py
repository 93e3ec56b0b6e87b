"""Imports go where the picture in docs/architecture.md says: down, and within a package in no circle."""

import ast
import inspect
import re
from collections.abc import Container, Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path

import click
import networkx
import pytest

from openworld.commands.common import loaded

ROOT = Path(__file__).parents[2]
PICTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
#: The packages of the picture, those that stand beside each other together, the lowest first.
LAYERS = [re.findall(r"^(\w+)/", layer, re.M) for layer in re.split(r"^ +\|$", PICTURE, flags=re.M)][::-1]
#: Programs for the environments of other software, and what users are given to write on.
APART = ("conformance/drivers", "openworld/data")


def modules(root: Path) -> dict[str, Path]:
    """The modules of the packages in the picture, by their full names."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for layer in LAYERS
        for package in layer
        for path in (root / package).rglob("*.py")
        if not path.relative_to(root).as_posix().startswith(APART)
    }


def arrows(root: Path) -> networkx.DiGraph:
    """Which module imports which, wherever in the module it does."""
    paths = modules(root)
    found = networkx.DiGraph()
    found.add_nodes_from(paths)
    for name, path in paths.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found.add_edges_from((name, other) for other in imported(node, paths) if other in paths and other != name)
    return found


@pytest.fixture(scope="module")
def found() -> networkx.DiGraph:
    return arrows(ROOT)


def imported(node: ast.AST, modules: Container[str] = ()) -> Iterator[str]:
    """What a statement imports; ``from model import client`` imports a module if there is one of the name."""
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert not node.level, "imports name the whole module"
        for name in (f"{node.module}.{each.name}" for each in node.names):
            yield name if name in modules else node.module
    elif called := named(node):
        yield called.rpartition(".")[0]


def named(node: ast.AST) -> str:
    """The function that is loaded by its name; ``""`` where none is, or which is only known when it runs."""
    match node:
        case ast.Call(ast.Name("call" | "loaded"), [ast.Constant(str(name)), *_]):
            return name
    return ""


def upward(found: networkx.DiGraph) -> list[str]:
    """Arrows between packages that do not go down."""
    floor = {package: number for number, layer in enumerate(LAYERS) for package in layer}
    return [
        f"{module} imports {other}"
        for module, other in found.edges
        if (here := module.partition(".")[0]) != (there := other.partition(".")[0]) and floor[here] <= floor[there]
    ]


def circles(found: networkx.DiGraph) -> list[list[str]]:
    """Modules that import each other, over others perhaps."""
    return [sorted(each) for each in networkx.strongly_connected_components(found) if len(each) > 1]


def test_no_import_goes_up(found) -> None:
    assert upward(found) == []


def test_the_command_line_is_known_to_itself_alone(found) -> None:
    """What is asked can be asked from a notebook as well: only what does a command's work knows of commands."""
    room = tuple(f"openworld.{each}" for each in ("cli", "commands", "work", "driving"))
    knowing = {one for one, other in found.edges if other.startswith("openworld.commands")}
    assert {one for one in knowing if not one.startswith(room)} == set()


def test_modules_stand_in_no_circle(found) -> None:
    assert circles(found) == []


#: What is imported in a function, and why; all else that a module imports stands at its top. What is only to be loaded
#: when a command is called is a module of its own, called by its name (`openworld.commands.common.loaded`).
LATE = {
    ("model.documents", "jsonschema"): "0.1 s, 1.2 s beside the extras of Jupyter, for what most runs do not need",
    ("openworld.cli", "importlib"): "20 ms of 50 for `openworld --help`, for what `--version` says",
    ("openworld.site.answer", "openworld"): "0.1 s of the first answer in a browser, for what few paste",
    ("simulations.engine", "distributed"): "an extra of its own, for `--cluster`",
    ("simulations.sensitivity", "SALib"): "1 s, for one question",
}


def test_imports_stand_at_the_top() -> None:
    late = {
        (".".join(path.relative_to(ROOT).with_suffix("").parts), name.partition(".")[0])
        for package in sorted(package for layer in LAYERS for package in layer)
        for path in (ROOT / package).rglob("*.py")
        if not path.relative_to(ROOT).as_posix().startswith(APART)
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in imported(node)
    }
    assert late == LATE.keys()


def test_a_class_name_is_one_class_s() -> None:
    """Who reads a traceback or looks for a name arrives in one place; what a module keeps to itself is its own."""
    places: dict[str, list[str]] = {}
    for module, path in modules(ROOT).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module)
    assert len(places) > 100
    assert {name: there for name, there in places.items() if len(there) > 1} == {}


def test_only_tables_are_kept_from_the_formatter() -> None:
    """Rows of a table at the top of a module or class read better side by side; code looks as everybody's does."""
    for path in (
        path for package in (*chain(*LAYERS), "tests", "benchmarks") for path in (ROOT / package).rglob("*.py")
    ):
        text = path.read_text(encoding="utf-8")
        module = ast.parse(text)
        classes = (each for each in ast.walk(module) if isinstance(each, ast.ClassDef))
        tables = {
            each.end_lineno
            for scope in (module, *classes)
            for each in scope.body
            if isinstance(each, ast.Assign | ast.AnnAssign)
        }
        kept = {
            number for number, line in enumerate(text.splitlines(), 1) if line.rstrip().endswith("# fmt: " + "skip")
        }
        assert kept <= tables, path


def test_what_is_called_by_its_name_is_there() -> None:
    """No type checker sees it: the function, and that it takes what the command was given."""
    for path in sorted((ROOT / "openworld").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)):
            for called in filter(None, map(named, ast.walk(function))):
                found = loaded(called)
                assert callable(found), called
                command = getattr(import_module(_module(path)), function.name, None)
                if isinstance(command, click.Command) and all(
                    each.kind is each.VAR_KEYWORD for each in inspect.signature(command.callback).parameters.values()
                ):
                    given = [each.name for each in command.params if each.expose_value]
                    inspect.signature(found).bind(**dict.fromkeys(given))


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_the_picture_has_every_package_and_only_modules_that_there_are(found) -> None:
    """Each line below a package names modules of it, then says what they are."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks"}
    assert {package for layer in LAYERS for package in layer} == packages
    package = ""
    for line in PICTURE.splitlines():
        names = line.strip().partition("  ")[0]
        if names.endswith("/"):
            package = names[:-1]
        elif line.startswith("  ") and names != "|":
            assert {f"{package}.{name}" for name in names.split(", ")} <= set(found), line


def test_the_model_knows_no_solver_and_no_simulation_library() -> None:
    used = {
        name.partition(".")[0]
        for path in (ROOT / "model").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in imported(node)
    }
    assert not used & {"z3", "simpy", "pysat"}


@pytest.mark.parametrize(
    ("module", "line", "culprit"),
    [
        ("model", "import properties.solver", upward),
        ("simulations", "def f():\n    from conformance import solver", upward),
        ("model", "from model import solver", circles),
    ],
)
def test_an_import_that_goes_wrong_is_seen(tmp_path: Path, module: str, line: str, culprit) -> None:
    """Inside a function too, and of a module by the name of its package."""
    for layer in LAYERS:
        for package in layer:
            (tmp_path / package).mkdir()
            (tmp_path / package / "solver.py").write_text(f"import {package}.rule\n")
            (tmp_path / package / "rule.py").write_text("")
    before = arrows(tmp_path)
    assert upward(before) == circles(before) == []
    (tmp_path / module / "rule.py").write_text(line)
    assert culprit(arrows(tmp_path))
