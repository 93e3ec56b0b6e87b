"""What a user can get wrong, as one kind of error."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """Bad input: one line that names the culprit and what is allowed. Commands print it and exit with 2."""


def hint(name: str, allowed: Iterable[str]) -> str:
    """The end of a line about an unknown name: the closest one that exists, and all of them."""
    known = list(allowed)
    close = get_close_matches(name, known, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"{meant}; allowed: {', '.join(known)}" if known else meant
