"""The address of a question: that of the page, and behind ``#`` property and configuration as commands have them."""

import re
from urllib.parse import quote, urlsplit

from model.errors import InputError
from properties.security import PROPERTIES

_COMMAND = re.compile(r'openworld (?:verdict|trace) (\w+) "([^"]*)"')


class AddressError(InputError):
    """What is no address of a page; one line that says what would be."""


def address(prop: str, configuration: str, site: str = "") -> str:
    """Where the page at ``site`` answers a question.

    >>> address("code_delivery", "design=mcp;cap=mal_as", "https://site.example/")
    'https://site.example/#code_delivery/design=mcp;cap=mal_as'
    """
    return f"{site}#{quote(f'{prop}/{configuration}', safe='/=;+,:.@')}"


def of_command(command: str, site: str = "") -> str:
    """The same for a command that asks a question; empty for all others.

    >>> of_command('openworld trace CD "cap=mal_as"')
    '#code_delivery/cap=mal_as'
    """
    asked = _COMMAND.fullmatch(command)
    known = {word: prop.name for prop in PROPERTIES.values() for word in (prop.name, prop.code)}
    return address(known[asked[1]], asked[2], site) if asked and asked[1] in known else ""


def checked(site: str) -> str:
    """The address of a page, as it is given.

    Raises:
        AddressError: links to it would lead elsewhere, or run something.
    """
    parts = urlsplit(site)
    if parts.scheme not in ("", "http", "https") or parts.fragment or site != site.strip():
        raise AddressError(f"{site!r} is no address of a site: https://HOST/PATH/ or a path from the page, without #")
    return site
