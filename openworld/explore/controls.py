"""Controls in front of a question: change a switch and the verdict and the chart change.

The verdict is shown as soon as the solver has it; what takes longer (the rules that block, the other properties)
follows in the same place.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import ipywidgets as widgets

from model.design import Configuration, parse
from model.model import Model, oauth
from model.words import worded
from openworld.explore.asking import ask, checker, read, result
from openworld.explore.evidence import gained
from openworld.explore.gallery import at_work
from openworld.explore.views import VerdictView, headline, statuses
from properties.explain import turns
from properties.named_attacks import attacks
from properties.results import happens
from properties.security import every_property, find

_AS_IT_IS = "(none: the attack as it is)"
_AS_SET = "(as set)"
_WIDE = {"description_width": "11em"}


class Explorer:
    """Controls and the answer below them.

    Attributes:
        configuration: what the controls say now.
        property: the property asked about now.
        seconds: how long the last change took until its verdict was shown.
    """

    def __init__(
        self,
        prop: str,
        configuration: Configuration,
        switches: Iterable[str],
        attackers: Iterable[str],
        properties: Iterable[str],
        watch: Iterable[str],
        designs: bool,
    ) -> None:
        self.configuration = configuration
        self.model = model = configuration.model
        self.property = find(prop, model)
        self.seconds = 0.0
        self._watch = [find(name, model).name for name in watch]
        self._quiet = False
        asked = [_worded("property", find(name, model).name, model) for name in properties]
        self._property = _dropdown("property", asked, self.property.name)
        known = [_worded("design", name, model) for name in model.designs]
        self._design = _dropdown("start from design", [("(as set)", _AS_SET), *known], _AS_SET)
        self._attackers = {name: _checkbox(name, name in configuration.capabilities, model) for name in attackers}
        self._switches = {name: _switch(name, configuration.design[name], model) for name in switches}
        self._head, self._body, self._others = widgets.HTML(), widgets.HTML(), widgets.HTML()
        for control in (self._property, *self._attackers.values(), *self._switches.values()):
            control.observe(self._changed, "value")
        self._design.observe(self._start_from, "value")
        self.box = widgets.VBox(
            [
                widgets.HBox([self._property, *([self._design] if designs else [])], layout=_wrapping()),
                widgets.HBox(list(self._attackers.values()), layout=_wrapping()),
                widgets.HBox(list(self._switches.values()), layout=_wrapping()),
                self._head,
                self._others,
                self._body,
            ]
        )
        self.box.add_class("openworld-explorer")
        self._answer()

    def set(self, prop: str | None = None, **values: str | bool) -> Explorer:
        """Move controls by name, as a person does: switches to values, attackers to ``True`` or ``False``.

        Raises:
            KeyError: a control that this explorer does not have.
        """
        self._quiet = True
        for name, value in values.items():
            (self._attackers[name] if name in self._attackers else self._switches[name]).value = value
        if prop is not None:
            self._property.value = find(prop, self.model).name
        self._quiet = False
        self._changed(None)
        return self

    def _start_from(self, change: Any) -> None:
        if change["new"] in self.model.designs:
            design = parse(f"design={change['new']}", self.model).design
            self._quiet = True
            for name, control in self._switches.items():
                control.value = design[name]
            self._quiet = False
            self.configuration = replace(self.configuration, design=design)
            self._changed(None)

    def _changed(self, _: object) -> None:
        if self._quiet:
            return
        self.property = find(self._property.value, self.model)
        chosen = {name: control.value for name, control in self._switches.items()}
        others = self.configuration.capabilities - self._attackers.keys()
        present = (name for name, control in self._attackers.items() if control.value)
        self.configuration = replace(
            self.configuration,
            design=self.configuration.design.but(**chosen),
            capabilities=frozenset({*others, *present}),
        )
        self._answer()

    def _answer(self) -> None:
        started = time.perf_counter()
        prop, configuration = self.property, self.configuration
        found = result(prop, configuration)
        if not happens(found, unknown=False):
            # Nothing to draw: the result is out before the rules that decide are looked for.
            self._head.value = headline(prop, configuration, found, found.replace("_", " "))
            self._body.value = "<p>Looking for the rules that decide …</p>"
            self.seconds = time.perf_counter() - started
        verdict = ask(prop, configuration)
        self._head.value = ""
        self._body.value = VerdictView(verdict)._repr_html_()
        if verdict.trace is not None:
            self.seconds = time.perf_counter() - started
        self._others.value = statuses({name: result(name, configuration) for name in self._watch}, self.model)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The controls where there is a kernel to ask; the answer alone where there is none."""
        made: dict[str, Any] = self.box._repr_mimebundle_(**options)
        still = self._others.value + self._body.value
        return {**made, "text/html": still, "text/plain": str(VerdictView(ask(self.property, self.configuration)))}


class Gallery:
    """A choice of attack, and of a switch to turn against it.

    Attributes:
        shown: the attack on show.
        configuration: the design and attacker on show, with the switch turned if one is.
        seconds: how long the last change took until its verdict was shown.
    """

    def __init__(self, name: str) -> None:
        self.shown = at_work(name)
        self.configuration = self.shown.configuration
        self.seconds = 0.0
        self._quiet = False
        titles = [(f"{each.id} {each.name}", each.id) for each in attacks().values()]
        self._attack = _dropdown("attack", titles, name, "40em")
        self._turn = _dropdown("turn a switch", [_AS_IT_IS], _AS_IT_IS, "40em")
        self._body, self._more = widgets.HTML(), widgets.HTML()
        self._attack.observe(self._chosen, "value")
        self._turn.observe(self._turned, "value")
        self.box = widgets.VBox([self._attack, self._turn, self._body, self._more])
        self.box.add_class("openworld-explorer")
        self._chosen(None)

    def set(self, attack: str | None = None, turn: str | None = None) -> Gallery:
        """Choose an attack by its id, and a switch to turn as ``switch=value`` (raises TraitError for others)."""
        if attack is not None:
            self._attack.value = attack
        if turn is not None:
            self._turn.value = turn
        return self

    def _chosen(self, _: object) -> None:
        self.shown = at_work(self._attack.value)
        self._show(self.shown.configuration)
        found = turns(self.shown.property, self.shown.configuration, checker())
        self._quiet = True
        turned = (f"{turn.switch}={turn.after}" for turn in found)
        self._turn.options = [
            (_AS_IT_IS, _AS_IT_IS),
            *(_worded("value", pair, self.configuration.model) for pair in turned),
        ]
        self._turn.value = _AS_IT_IS
        self._quiet = False

    def _turned(self, change: Any) -> None:
        if self._quiet:
            return
        switch, _, value = change["new"].partition("=")
        stays = change["new"] == _AS_IT_IS
        design = self.shown.configuration.design
        self._show(replace(self.shown.configuration, design=design if stays else design.but(**{switch: value})))

    def _show(self, configuration: Configuration) -> None:
        started = time.perf_counter()
        self.configuration = configuration
        verdict = ask(self.shown.property, configuration)
        self._body.value = VerdictView(verdict)._repr_html_()
        self.seconds = time.perf_counter() - started
        self._more.value = "" if verdict.trace is None else gained(verdict.trace)._repr_html_()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.box._repr_mimebundle_(**options)
        title = f"<p><strong>{escape(self.shown.title)}</strong></p>"
        return {**made, "text/html": title + self._body.value + self._more.value, "text/plain": self.shown.title}


def explore(
    prop: str,
    configuration: str = "cap=none",
    *,
    switches: Iterable[str] = (),
    attackers: Iterable[str] = (),
    properties: Iterable[str] | None = None,
    watch: Iterable[str] = (),
    designs: bool = False,
    model: Model = oauth(),
) -> Explorer:
    """Controls that start at one question.

    Parameters:
        prop: the property asked about first.
        configuration: the design and the attacker at the start; what has no control stays as it is there.
        switches, attackers, properties: what there are controls for.
        watch: properties whose bare results are shown beside, whatever is asked about.
        designs: offer the named designs as a starting point.
        model: the model that is asked.

    Raises:
        UnknownPropertyError, ConfigurationError: naming the culprit and what is allowed.
        KeyError: a switch or an attacker that does not exist.
    """
    asked = [model.switches[name].name for name in switches]
    present = [name for name in attackers if model.capabilities[name]]
    known = properties or every_property(model)
    return Explorer(prop, read(configuration, model), asked, present, known, watch, designs)


def _dropdown(words: str, options: Sequence[str | tuple[str, str]], value: str, width: str = "24em") -> Any:
    layout = widgets.Layout(width=width)
    return widgets.Dropdown(description=words, options=options, value=value, style=_WIDE, layout=layout)


def _switch(name: str, value: str, model: Model) -> Any:
    switch = model.switches[name]
    values = [(worded("value", f"{name}={each}", model) + f" ({each})", each) for each in switch.values]
    made = _dropdown(name, values, value, "40em")
    made.tooltip = f"{switch.meaning} [{switch.source}]"
    return made


def _checkbox(name: str, value: bool, model: Model) -> Any:
    said = f"{model.capabilities[name]} ({name})"
    return widgets.Checkbox(description=said, value=value, indent=False, layout=widgets.Layout(width="auto"))


def _worded(kind: str, name: str, model: Model) -> tuple[str, str]:
    """An option: in words with its code, and the code that stands for it."""
    return f"{worded(kind, name, model)} ({name})", name


def _wrapping() -> Any:
    return widgets.Layout(flex_flow="row wrap", align_items="center")
