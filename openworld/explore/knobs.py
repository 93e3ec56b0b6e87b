"""Knobs of a population: set shares, see what two designs do to the same agents."""

from __future__ import annotations

import time
from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets as widgets

from openworld.explore.blast import Mishap, arms, mishap, worst
from openworld.explore.populations import Outcomes, Share, at
from simulations.blast_radius import KINDS, targets
from simulations.population import load
from simulations.topology import Topology

_LAYOUT = widgets.Layout(width="34em")
_STYLE = {"description_width": "16em"}


class Knobs:
    """Sliders for shares, a choice of designs to compare, and the outcomes below.

    Attributes:
        outcomes: what the last setting led to.
        seconds: how long that took.
    """

    def __init__(self, population: str, shares: Mapping[Share, float], arms: Mapping[str, str], attempts: int) -> None:
        self._population = load(population)
        self._attempts = attempts
        self._arms = dict(arms)
        names = list(arms)
        self._sliders = {share: _slider(share.words, value) for share, value in shares.items()}
        self._first, self._second = _choice("design", names, names[0]), _choice("against", names, names[-1])
        self._body = widgets.HTML()
        self._quiet = False
        for control in (*self._sliders.values(), self._first, self._second):
            control.observe(self._changed, "value")
        self.box = widgets.VBox([*self._sliders.values(), self._first, self._second, self._body])
        self.box.add_class("openworld-knobs")
        self.outcomes: Outcomes
        self.seconds = 0.0
        self._changed(None)

    def set(self, first: str | None = None, second: str | None = None, **shares: float) -> Knobs:
        """Move knobs: designs by their words, shares by the name of their factor.

        Raises:
            KeyError: a factor without a slider.
        """
        self._quiet = True
        by_factor = {share.factor: slider for share, slider in self._sliders.items()}
        for name, value in shares.items():
            by_factor[name].value = value
        self._first.value, self._second.value = first or self._first.value, second or self._second.value
        self._quiet = False
        self._changed(None)
        return self

    def _changed(self, _: object) -> None:
        if self._quiet:
            return
        started = time.perf_counter()
        arms = dict.fromkeys((self._arms[self._first.value], self._arms[self._second.value]))
        shares = {share: slider.value for share, slider in self._sliders.items()}
        self.outcomes = at(self._population, arms, self._attempts, shares)
        self._body.value = self.outcomes._repr_html_()
        self.seconds = time.perf_counter() - started

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The knobs where there is a kernel to ask; the outcomes alone where there is none."""
        made: dict[str, Any] = self.box._repr_mimebundle_(**options)
        return {**made, "text/html": self._body.value, "text/plain": str(self.outcomes.table)}


class MishapKnobs:
    """A choice of what goes wrong, with whom and under which design, and what it reaches.

    Attributes:
        shown: the mishap on show.
        seconds: how long it took until its numbers were shown.
    """

    def __init__(self, where: Topology, kind: str, design: str) -> None:
        self._where = where
        self._kind = _choice("what goes wrong", list(KINDS), kind)
        self._target = _choice("with", targets(kind, where), worst(where, kind))
        self._design = _choice("design", list(arms()), design)
        self._words, self._picture = widgets.HTML(), widgets.HTML()
        self._quiet = False
        for control in (self._target, self._design):
            control.observe(self._changed, "value")
        self._kind.observe(self._other_kind, "value")
        self.box = widgets.VBox([self._kind, self._target, self._design, self._words, self._picture])
        self.box.add_class("openworld-spread")
        self.shown: Mishap
        self.seconds = 0.0
        self._changed(None)

    def set(self, kind: str | None = None, design: str | None = None) -> MishapKnobs:
        """Choose what goes wrong and the design (raises TraitError for others)."""
        self._kind.value, self._design.value = kind or self._kind.value, design or self._design.value
        return self

    def _other_kind(self, _: object) -> None:
        self._quiet = True
        self._target.options = targets(self._kind.value, self._where)
        self._target.value = worst(self._where, self._kind.value)
        self._quiet = False
        self._changed(None)

    def _changed(self, _: object) -> None:
        if self._quiet:
            return
        started = time.perf_counter()
        self.shown = mishap(self._where, arms()[self._design.value], self._kind.value, self._target.value)
        self._words.value = f"<p><strong>{escape(self.shown.words)}</strong></p>{self.shown.stopped._repr_html_()}"
        self.seconds = time.perf_counter() - started
        self._picture.value = self.shown.picture._repr_html_()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.box._repr_mimebundle_(**options)
        return {**made, "text/html": self._words.value + self._picture.value, "text/plain": self.shown.words}


def _slider(words: str, value: float) -> Any:
    return widgets.FloatSlider(
        description=words,
        value=value,
        min=0.0,
        max=1.0,
        step=0.01,
        readout_format=".0%",
        continuous_update=True,
        style=_STYLE,
        layout=_LAYOUT,
    )


def _choice(words: str, options: list[str], value: str) -> Any:
    return widgets.Dropdown(description=words, options=options, value=value, style=_STYLE, layout=_LAYOUT)
