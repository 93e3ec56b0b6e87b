"""Text that fits where it is read: a terminal is as wide as it is, anything else 100 columns."""

import re
import shutil
import sys
import textwrap

#: What Markdown reads as markup where it is least expected: the start of HTML, and what parts the cells of a table.
_MARKUP = re.compile(r"<|&(?=[#\w])|\|")
#: The most columns that a line of prose has.
MOST = 100
#: What a line starts with before its words: blanks, or a label and two blanks or more.
_LABEL = re.compile(r"\s+(?=\S)|\S.{0,30}?\s{2,}(?=\S)")
#: Where a configuration may be broken, while a line is fitted.
_SEAM = "\0"


def columns(most: int = MOST) -> int:
    """How many columns a line may have."""
    return max(24, min(most, shutil.get_terminal_size().columns)) if sys.stdout.isatty() else most


def marked(text: str) -> str:
    """A text of somebody's as one line of Markdown, in prose or in a cell of a table, with no markup but code.

    >>> marked("a <b> | c &lt; `d`")
    'a &#60;b> &#124; c &#38;lt; `d`'
    """
    return _MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", " ".join(text.split()))


def wrapped(text: str, first: int = 0, others: int = 4) -> list[str]:
    """A text as lines, the first and the others indented by so many blanks; a configuration is broken between switches.

    >>> wrapped("cap=mal_as;iss_check=off " * 4, 2)
    ['  cap=mal_as;iss_check=off cap=mal_as;iss_check=off cap=mal_as;iss_check=off cap=mal_as;', '    iss_check=off']
    """
    return filled(" " * first + text, columns(), others)


def fitted(line: str, width: int) -> list[str]:
    """A line in as many as it takes, the others indented as what follows its label, or the blanks at its start.

    >>> fitted("rests on    one more session is asked", 26)
    ['rests on    one more', '            session is', '            asked']
    """
    label = _LABEL.match(line)
    return filled(line, width, label.end() if label and label.end() <= width // 2 else 4) or [line]


def filled(line: str, width: int, others: int) -> list[str]:
    """A line in as many of this width as it takes, the others indented by so many blanks."""
    breakable = re.sub(r";(?=\S)", f";{_SEAM} ", line)
    indent = " " * others
    parts = textwrap.wrap(breakable, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [part.replace(f"{_SEAM} ", "").replace(_SEAM, "") for part in parts]
