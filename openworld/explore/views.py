"""What a notebook shows: a picture that can be saved, a table that can be read, a verdict in full.

How much it computes is said by the environment variable OPENWORLD_SIZE.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cache
from html import escape
from io import StringIO
from pathlib import Path

import pandas as pd

from model.brief import brief
from model.chart import chart, text
from model.design import Configuration
from model.errors import InputError, hint
from model.model import Model, oauth
from model.protocols import rules
from model.words import of_configuration, worded
from openworld.exhibit import Drawing, Source
from openworld.exhibits import find
from openworld.explore.asking import ask
from openworld.files import replacing
from openworld.plotstyle import rendered
from openworld.sequence import svg
from openworld.show import ending, guarantee, outcome
from openworld.slide import svg as slide_svg
from properties.security import Property, every_property
from properties.verdict import Verdict


class SizeError(InputError):
    """A size that does not exist; the message lists those that do."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a notebook may spend.

    Attributes:
        name: the value of the parameter.
        attempts: attempts in every arm at every point of an experiment.
        lattice: the question to the lattice of mechanisms that is enumerated.
        resource_servers: how many there are in a drawn topology; other parties are fewer in proportion.
        targets: how many of them something goes wrong with, in each topology.
    """

    name: str
    attempts: int
    lattice: str
    resource_servers: int
    targets: int


SIZES = {size.name: size for size in (Size("small", 1_000, "mixup", 40, 6), Size("full", 20_000, "theft", 300, 25))}


def chosen(name: str | None = None) -> Size:
    """The size of a name, or the one that the environment asks for (``full`` if it asks for none).

    Raises:
        SizeError: naming the culprit and what is allowed.
    """
    asked = name or os.environ.get("OPENWORLD_SIZE", "full")
    if asked not in SIZES:
        raise SizeError(f"unknown size {asked!r} in OPENWORLD_SIZE{hint(asked, SIZES)}")
    return SIZES[asked]


SIZE = chosen()


#: A sign and two colours for each result, told apart without the colours.
_BAD, _GOOD, _OPEN = ("✗", "#8f3208", "#fbe9df"), ("✓", "#22506e", "#e8f1f8"), ("?", "#222", "#eee")
LOOKS = {
    "attack": _BAD, "safe": _GOOD, "not_in_this_world": ("–", "#555", "#e3e3e3"), "reached": _GOOD,
    "not_reached": _BAD, "unknown": _OPEN,
}  # fmt: skip

#: Notebook pages align cells to the right, which suits numbers and nothing else. A column is as wide as its longest
#: word; a table that is wider than the page is moved within it.
CELL_STYLE = (
    "table.openworld td, table.openworld th {text-align: left !important; vertical-align: top; min-width: 4em; "
    "max-width: 34em; overflow-wrap: normal; word-break: normal}"
)
#: Where a configuration, a choice of attackers or the name of a rule goes on in the next line: after a part of it.
_PARTS = re.compile(r"(?<=;)(?=\w)|(?<=\w\+)(?=\w)|(?<=[a-z]\.)(?=[a-z]+_)")
#: Code in docstrings, as requirements are.
_CODE = re.compile(r"`+([^`]+)`+")
#: The answer of a notebook is as wide as lines can be read.
_SHORT = (
    "div.openworld-first {display: flex; flex-wrap: wrap; gap: 0.5em 1.5em} div.openworld-first > div {flex: 3 1 30em} "
    "ol.openworld-short {flex: 2 1 20em; max-width: 60em} ol.openworld-short li {margin-bottom: 0.4em}"
)
#: A picture is at most as wide as the page; on a phone it is moved, since nobody could read it.
_FIGURE = (
    "figure.openworld-picture {margin: 0; overflow-x: auto} figure.openworld-picture figcaption {color: #555} "
    "figure.openworld-picture svg {height: auto; max-width: 100%} "
    "@media (max-width: 48em) {figure.openworld-picture svg {max-width: none}}"
)
_STYLE = "font-family: system-ui, sans-serif; color: #222; background: #fff; text-align: left;"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be seen and saved.

    Attributes:
        svg: the picture.
        words: the same in words: a chart in plain characters, or the title of a figure.
        name: what a saved picture is called.
        caption: what a reader must know to read it.
    """

    svg: str
    words: str
    name: str
    caption: str = ""

    def save(self, path: Path | str) -> Path:
        """Write the picture to a file and give back where it is."""
        target = Path(path)
        with replacing(target) as temporary:
            temporary.write_text(self.svg, encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        address = f"data:image/svg+xml;base64,{base64.b64encode(self.svg.encode()).decode()}"
        link = f'<a download="{self.name}" href="{address}">Save this picture (SVG)</a>'
        drawn = f"{self.svg}<figcaption>{escape(self.caption)} {link}</figcaption>"
        return f'<style>{_FIGURE}</style><figure class="openworld-picture">{drawn}</figure>'

    def __str__(self) -> str:
        return f"{self.words}\n{self.caption}".rstrip()


@cache
def _source() -> Source:
    """The tables behind the figures of this kernel, each worked out once."""
    return Source(attempts=SIZE.attempts)


def figure(name: str) -> Picture:
    """A figure of the suite by name, as `openworld figures` writes it.

    Raises:
        FigureError: naming the culprit and what is allowed.
    """
    drawn = _drawn(name)
    picture = rendered(drawn.figure, "svg", drawn.title, str(drawn.caption)).decode("utf-8")
    return Picture(picture[picture.index("<svg") :], drawn.title, f"{name}.svg", str(drawn.caption))


def data(name: str, *columns: str, **kinds: str) -> Table:
    """The data of a figure, or some columns of them (raises as :func:`figure` does, and KeyError).

    A column that lists names of some kind, as ``usable_in="deployment"``, has them in words.
    """
    drawn = _drawn(name).data
    told = {
        column: drawn[column].map(lambda cell, of=kind: ", ".join(worded(of, each) for each in cell.split()))
        for column, kind in kinds.items()
    }
    shown = drawn.assign(**told)[list(columns or drawn.columns)]
    return Table(shown.rename(columns=lambda column: column.replace("_", " ")))


@cache
def _drawn(name: str) -> Drawing:
    """A figure with its data, drawn once; how far its tables are is for terminals and not for notebooks."""
    with redirect_stderr(StringIO()):
        return find([name])[0].draw(_source())


@dataclass(frozen=True, slots=True)
class Html:
    """HTML, and the same in words."""

    html: str
    words: str = ""

    def _repr_html_(self) -> str:
        return self.html

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Table:
    """A table with room for words, in which a cell may have several lines; ``frame`` has the data."""

    frame: pd.DataFrame

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None, "display.max_rows", None):
            shown = self.frame.rename(columns=_parted).map(
                lambda cell: _parted(cell) if isinstance(cell, str) else cell
            )
            made = shown.to_html(index=False, border=0, justify="left", classes="openworld", escape=False)
        return f'<style>{CELL_STYLE}</style><div style="overflow-x: auto">{made}</div>'

    def __str__(self) -> str:
        return str(self.frame.replace("\n", "; ", regex=True).to_string(index=False))

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, slots=True)
class Short:
    """The answer of a notebook in a few lines, each with what bears it out by what that is, and a picture of it."""

    lines: tuple[tuple[str, Mapping[str, str]], ...]
    beside: Picture | None = None

    def _repr_html_(self) -> str:
        lines = []
        for claim, why in self.lines:
            small = ", ".join(f"{name} {_parted(said)}" for name, said in why.items())
            lines.append(f"<li>{escape(claim)}<br/><small>{small}</small></li>")
        picture = "" if self.beside is None else f"<div>{self.beside._repr_html_()}</div>"
        answer = f'<ol class="openworld-short">{"".join(lines)}</ol>{picture}'
        return f'<style>{_SHORT}</style><div class="openworld-first" style="{_STYLE}">{answer}</div>'

    def __str__(self) -> str:
        return "\n".join(claim for claim, _ in self.lines)


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A verdict as a notebook shows it: the result, how far it reaches, the run or the rules that decide."""

    verdict: Verdict

    @property
    def chart(self) -> Picture | None:
        """The chart of the run, if there is one."""
        if self.verdict.trace is None:
            return None
        shown = chart(self.verdict.trace, ending(self.verdict.property))
        return Picture(svg(shown), text(shown), f"{self.verdict.property.name}.svg")

    def _repr_html_(self) -> str:
        verdict = self.verdict
        said = ". ".join(part for part in (verdict.reason, verdict.reach) if part)
        parts = [headline(verdict.property, verdict.configuration, verdict.result, outcome(verdict), said)]
        if verdict.blocked_by:
            parts.append(_blocking(verdict.blocked_by, verdict.blocked_by_minimal, verdict.configuration.model))
        if self.chart is not None:
            parts.append(self.chart._repr_html_())
        return f'<div style="{_STYLE} padding: 0.2em">{"".join(parts)}</div>'

    def __str__(self) -> str:
        verdict = self.verdict
        lines = [f"{verdict.property.name}: {outcome(verdict)}", f"under {verdict.configuration}", verdict.reach]
        lines += [verdict.reason] if verdict.reason else []
        lines += [
            f"blocked by {name} [{rules(verdict.configuration.model)[name].source}]" for name in verdict.blocked_by
        ]
        return "\n".join(lines) + ("" if self.chart is None else f"\n\n{self.chart}")


def show(prop: Property | str, configuration: Configuration | str, model: Model = oauth()) -> VerdictView:
    """Ask one question and show the answer.

    Raises:
        UnknownPropertyError, ConfigurationError: naming the culprit and what is allowed.
    """
    return VerdictView(ask(prop, configuration, model))


def slide(prop: Property | str, configuration: Configuration | str, model: Model = oauth()) -> Picture:
    """The run that answers one question, at a glance, as `openworld trace --for slide` draws it.

    Raises:
        ValueError: the answer has no run.
    """
    verdict = ask(prop, configuration, model)
    if verdict.trace is None:
        raise ValueError(f"no run to draw: {verdict.property.name} is {outcome(verdict)}")
    shown = chart(verdict.trace, ending(verdict.property))
    return Picture(slide_svg(shown), brief(shown), f"{verdict.property.name}-slide.svg")


def headline(prop: Property, configuration: Configuration, result: str, words: str, reach: str = "") -> str:
    """The result of a question with what was asked, as HTML."""
    sign, ink, paper = LOOKS[result]
    said = prop.meaning if result == "attack" else guarantee(prop, configuration.model)
    return (
        f'<p class="openworld-verdict" data-result="{result}" style="margin: 0 0 0.4em; padding: 0.5em 0.7em; '
        f'border-left: 0.35em solid {ink}; background: {paper}; color: {ink}; font-size: 1.1em">'
        f"<strong>{sign} {escape(words)}</strong> "
        f'<span style="color: #222">{escape(said)} <small><code>{escape(prop.name)}</code></small></span></p>'
        f'<p style="margin: 0 0 0.6em">{escape(of_configuration(str(configuration), configuration.model))}<br/>'
        f'<small><code style="white-space: normal">{_parted(str(configuration))}</code></small>'
        f"{f'<br/><small>{escape(reach)}</small>' if reach else ''}</p>"
    )


def statuses(results: dict[str, str], model: Model = oauth()) -> str:
    """The bare results of several properties as a row of signs, as HTML."""
    cells = []
    for name, result in results.items():
        prop = every_property(model)[name]
        sign, ink, paper = LOOKS[result]
        words = {"reached": "possible", "not_reached": "impossible"}.get(result, result.replace("_", " "))
        cells.append(
            f'<span title="{escape(prop.meaning)}" style="display: inline-block; margin: 0.15em; padding: 0.2em 0.5em; '
            f'background: {paper}; color: {ink}; border: 1px solid {ink}; white-space: nowrap">'
            f"<strong>{sign}</strong> {escape(worded('property', name, model))}: {words}</span>"
        )
    return f'<div class="openworld-statuses" style="{_STYLE} margin-bottom: 0.6em">{"".join(cells)}</div>'


def _blocking(names: tuple[str, ...], least: bool, model: Model) -> str:
    items = "".join(
        f"<li>{escape(rule.requirement)} <small>[{escape(rule.source)}] <code>{rule.name}</code></small></li>"
        for rule in map(rules(model).__getitem__, names)
    )
    rest = "and none can be left out of the set" if least else "and fewer may do"
    return f"<p>Together these rules leave no such run, {rest}:</p><ul>{items}</ul>"


def _parted(text: str) -> str:
    """A text as HTML that may be broken between its parts, and nowhere inside a word; code in it as code."""
    marked = _CODE.sub(r"<code>\1</code>", "<wbr/>".join(map(escape, _PARTS.split(text))))
    return marked.replace("\n", "<br/>")
