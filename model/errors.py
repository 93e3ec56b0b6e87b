"""What a user can get wrong, as one kind of error."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input: one line that names the culprit and what is allowed. Commands print it and exit with 2."""
