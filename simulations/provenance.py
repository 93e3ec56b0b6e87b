"""Which code counted, and what was met: what a row of results says of where it comes from."""

from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version

from model import store
from model.model import Model, oauth

_PACKAGES = ("model", "properties", "deployed", "simulations")


@cache
def code(model: Model = oauth()) -> str:
    """The version and a digest of all that decides what is counted, of drafts too, as ``0.1.0+1f2e3d4c5b6a``."""
    try:
        known = version("openworld")
    except PackageNotFoundError:
        known = "0"
    return f"{known}+{store.named(store.code(store.ROOT / name for name in _PACKAGES), *model.marks)[:12]}"


def digest(thing: object) -> str:
    """A short name for the content of a population (or of anything whose ``repr`` says it all)."""
    return blake2b(repr(thing).encode(), digest_size=6).hexdigest()
