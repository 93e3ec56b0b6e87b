"""What is installed on request only: the extras of the package, by what they bring.

To check a draft takes the model and the solver. Real software, simulations, figures and notebooks need more, and
a command that is missing some of it says in one line how to get it.
"""

from importlib import import_module

from model.errors import InputError

#: The modules that an extra brings beyond those above it.
EXTRAS = {
    "mcp": ("mcp",),
    "lsp": ("lsprotocol", "pygls"),
    "conform": ("aalpy", "aiohttp", "joserfc", "packaging", "trustme"),
    "study": (
        "jinja2", "markdown_it", "matplotlib", "networkx", "numpy", "pandas", "pyarrow", "SALib", "scipy", "simpy",
    ),
    "cluster": ("distributed",),
    "notebooks": ("IPython", "ipywidgets"),
}  # fmt: skip
#: Commands for which less is enough than for all others.
_LESS = {"conform": "conform", "learn": "conform"}


class MissingExtraError(InputError):
    """Something is needed that an extra brings."""

    def __init__(self, module: str, command: str, extra: str) -> None:
        super().__init__(
            f"`openworld {command}` needs {module}, which comes with the extra {extra!r}: in the folder of openworld, "
            f"pip install '.[{extra}]' (or pipx install --force '.[{extra}]')"
        )


def missing(error: ModuleNotFoundError, command: str) -> Exception:
    """What to say where a command found no such module: which extra to install, where one brings it."""
    module = (error.name or "").partition(".")[0]
    extra = next((name for name, modules in EXTRAS.items() if module in modules), None)
    if extra == "conform":
        extra = _LESS.get(command, "study")
    return error if extra is None else MissingExtraError(module, command, extra)


def require_all(extra: str) -> None:
    """Find out now, and not hours later, whether something of an extra is missing.

    Raises:
        ModuleNotFoundError: it is.
    """
    for module in EXTRAS[extra]:
        import_module(module)
