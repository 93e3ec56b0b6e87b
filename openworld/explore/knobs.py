"""Knobs of a population: set shares, see what two designs do to the same agents."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from openworld.explore.populations import Outcomes, Share, at
from simulations.population import load

_LAYOUT = widgets.Layout(width="34em")
_STYLE = {"description_width": "16em"}


class Knobs:
    """Sliders for shares, a choice of designs to compare, and the outcomes below.

    Attributes:
        outcomes: what the last setting led to.
        seconds: how long that took.
    """

    def __init__(
        self, population: str, shares: Mapping[Share, float], arms: Mapping[str, str], attempts: int
    ) -> None:
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


def _slider(words: str, value: float) -> Any:
    return widgets.FloatSlider(
        description=words, value=value, min=0.0, max=1.0, step=0.01, readout_format=".0%", continuous_update=True,
        style=_STYLE, layout=_LAYOUT,
    )  # fmt: skip


def _choice(words: str, options: list[str], value: str) -> Any:
    return widgets.Dropdown(description=words, options=options, value=value, style=_STYLE, layout=_LAYOUT)
