"""What the suite established, the first page of the findings and the others: claims, verdicts, commands, reasons.

The page is mailed to people who have no repository; so its findings are on it, and not only what one study counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from openworld.findings import pages
from openworld.findings.words import first_page, title
from openworld.site.address import of_command

_ANCHOR = "established"


@dataclass(frozen=True, slots=True)
class PagePart:
    """A page of the findings: the anchor and heading it has on this one, and what it says, as HTML."""

    id: str
    title: str
    html: str


@cache
def established(site: str = "") -> tuple[PagePart, ...]:
    """The pages of the findings, the first page first; commands lead to the page at ``site`` that answers them."""
    _, *first = first_page(pages.first())
    others = (*pages.pages(), *pages.first().others)
    start = PagePart(_ANCHOR, "", _html("\n".join(first), "What was established", site))
    return (start, *(_part(name, site) for name in others))


def _part(name: str, site: str) -> PagePart:
    _, _, body = pages.text(name).partition("\n")
    return PagePart(f"{_ANCHOR}-{name}", title(name), _html(body, title(name), site))


def _anchor(url: str) -> str:
    """Where a page of the findings is on this one; other addresses as they are."""
    return f"#{_ANCHOR}-{PurePosixPath(url).stem}" if url.endswith(".md") else url


def _html(text: str, title: str, site: str) -> str:
    """Markdown as HTML; whatever is a tag in it is text, links lead to findings, tables scroll in named regions."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "autolink"])
    reader.normalizeLink, reader.validateLink = _anchor, lambda url: url.startswith("#")  # type: ignore[method-assign]
    parsed = reader.parse(text)
    _describe(parsed, title)
    for name, rule in _RULES.items():
        reader.add_render_rule(name, rule)
    return str(reader.renderer.render(parsed, reader.options, {"site": site}))


def _describe(parsed: Sequence[Token], title: str) -> None:
    """Headings go below that of the part; first cells of rows are headings; tables are told apart by number."""
    tables = sum(token.type == "table_open" for token in parsed)
    count = 0
    for token, before in zip(parsed, [None, *parsed], strict=False):
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1:]) + 2)}"
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
    caption = escapeHtml(tokens[at].meta["caption"])
    region = f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">'
    return f'{region}<table class="claims"><caption class="hidden">{caption}</caption>'


def _code(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return f'<pre tabindex="0"><code>{escapeHtml(tokens[at].content)}</code></pre>\n'


def _inline(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    asked = tokens[at].content
    code, where = f"<code>{escapeHtml(asked)}</code>", of_command(asked, env["site"]) if env["site"] else ""
    return f'<a href="{escapeHtml(where)}">{code}</a>' if where else code


_RULES = {
    "table_open": _table_open,
    "table_close": lambda *_: "</table></div>\n",
    "fence": _code,
    "code_block": _code,
    "code_inline": _inline,
}
