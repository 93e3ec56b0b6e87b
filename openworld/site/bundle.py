"""What Python of ours the browser gets: the model and the properties as they are, and what answers one question."""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

#: Packages that are taken whole, and of this one the modules that an answer needs; then what drafts are written with.
PACKAGES = ("model", "properties")
MODULES = (
    "__init__", "colours", "holdings", "pen", "sequence", "show", "site/__init__", "site/answer", "site/pasted",
    "weakest", "width",
)  # fmt: skip
#: What says which deployed clients get along with metadata.
DEPLOYED = ("__init__", "behaviour", "explanation", "fitting", "proposal", "served", "serves")
FOR_DRAFTS = ("deployed", "simulations"), ("draft",)
#: Where drafts of one's own are put; the browser takes them in the order of their names.
DRAFTS = "drafts"
_ROOT = Path(__file__).parents[2]
#: Of an archive that is the same whenever it is made.
_DATE = (1980, 1, 1, 0, 0, 0)


def sources(packages: Sequence[str], modules: Sequence[str]) -> Iterator[str]:
    """The files of ours, from the folder that has the packages."""
    for package in packages:
        for path in sorted((_ROOT / package).rglob("*")):
            if path.suffix in (".py", ".csv", ".toml", ".json") and "__pycache__" not in path.parts:
                yield path.relative_to(_ROOT).as_posix()
    yield from (f"openworld/{name}.py" for name in modules)
    yield from (f"deployed/{name}.py" for name in DEPLOYED)


def write(archive: Path, drafts: Sequence[Path] = ()) -> None:
    """Put them into an archive, and drafts of one's own with them."""
    packages, modules = FOR_DRAFTS if drafts else ((), ())
    found = {name: _ROOT / name for name in sources((*PACKAGES, *packages), (*MODULES, *modules))}
    found |= {f"{DRAFTS}/{place}/{draft.name}": draft for place, draft in enumerate(drafts)}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, path in found.items():
            made.writestr(zipfile.ZipInfo(name, _DATE), path.read_bytes(), zipfile.ZIP_DEFLATED)
