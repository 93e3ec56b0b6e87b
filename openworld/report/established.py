"""What the suite established, from ``findings.md``, as parts of the page: claims, verdicts, commands, reasons.

The page is mailed to people who have no repository; so its findings are on it, and not only what one study counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the findings: the anchor and heading it has on the page, and what it says, as HTML."""

    id: str
    title: str
    html: str


@cache
def established() -> tuple[Part, ...]:
    """The parts of the findings, the first being what they have in common."""
    text = files("openworld").joinpath("data", "findings.md").read_text(encoding="utf-8")
    _, _, body = text.partition("\n")
    first, *others = re.split(r"^## ", body, flags=re.MULTILINE)
    return (Part("established", "", _html(first, "What was established")), *map(_part, others))


def _part(text: str) -> Part:
    title, _, body = text.partition("\n")
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return Part(f"established-{name}", title, _html(body, title))


def _html(text: str, title: str) -> str:
    """Markdown as HTML; whatever is a tag in it is text, tables scroll in regions that have a name."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink"])
    parsed = reader.parse(text)
    _describe(parsed, title)
    for name, rule in _RULES.items():
        reader.add_render_rule(name, rule)
    return str(reader.renderer.render(parsed, reader.options, {}))


def _describe(parsed: Sequence[Token], title: str) -> None:
    """Headings go below that of the part; first cells of rows are headings; tables are told apart by number."""
    tables = sum(token.type == "table_open" for token in parsed)
    count = 0
    for token, before in zip(parsed, [None, *parsed], strict=False):
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1:]) + 1)}"
        if token.type == "table_open":
            count += 1
            token.meta["caption"] = f"{title}: table {count} of {tables}"
        if token.type == "th_open":
            token.attrs["scope"] = "col"
        if token.type == "td_open" and before is not None and before.type == "tr_open":
            token.tag, token.attrs["scope"] = "th", "row"
            close = next(one for one in parsed[parsed.index(token) :] if one.type == "td_close")
            close.tag = "th"


def _table_open(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    from markdown_it.common.utils import escapeHtml

    caption = escapeHtml(tokens[at].meta["caption"])
    region = f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">'
    return f'{region}<table class="claims"><caption class="hidden">{caption}</caption>'


def _table_close(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return "</table></div>\n"


def _code(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    from markdown_it.common.utils import escapeHtml

    return f'<pre tabindex="0"><code>{escapeHtml(tokens[at].content)}</code></pre>\n'


_RULES = {"table_open": _table_open, "table_close": _table_close, "fence": _code, "code_block": _code}
