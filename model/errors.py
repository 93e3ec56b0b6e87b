"""What a user can get wrong, as one kind of error."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """Bad input: one line that names the culprit and what is allowed. Commands print it and exit with 2."""


#: So many names are all listed; of more, those that are nearest.
MOST = 40


def meant(name: str, allowed: Iterable[str]) -> str:
    """A question after the one that exists and is closest to an unknown name, if one is close.

    >>> meant("Cd", ["AZ", "CD"])
    "; did you mean 'CD'?"
    """
    known = {one.casefold(): one for one in allowed}
    close = get_close_matches(name.casefold(), known, n=1)
    return f"; did you mean {known[close[0]]!r}?" if close else ""


def hint(name: str, allowed: Iterable[str]) -> str:
    """The end of a line about an unknown name: the closest one that exists, and all of them or those near it.

    >>> hint("b", ["a", "bb"])
    "; did you mean 'bb'?; allowed: a, bb"
    """
    known = list(allowed)
    if not known:
        return ""
    asked, close = meant(name, known), get_close_matches(name, known, n=5)
    near = list(dict.fromkeys([*close, *(one for one in known if len(name) > 2 and name in one)]))
    if len(known) <= MOST:
        return f"{asked}; allowed: {', '.join(known)}"
    others = f"and {len(known) - len(near)} others" if near else f"{len(known)} names, of which none is like it"
    return f"{asked}; allowed: {', '.join([*near, others])}"
