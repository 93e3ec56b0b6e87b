"""Controls in front of an answer: move one, and the answer below follows.

An answer is shown as it comes: of a verdict the result first, then the rules that block, then the other properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

import ipywidgets as widgets

from model.design import parse
from model.model import Model, oauth
from model.words import worded
from openworld.explore import blast
from openworld.explore.asking import ask, read, result
from openworld.explore.evidence import gained
from openworld.explore.gallery import at_work
from openworld.explore.populations import Outcomes, Share, at
from openworld.explore.views import Html, VerdictView, headline, statuses
from properties.checker import kept
from properties.explain import turns
from properties.named_attacks import attacks
from properties.results import happens
from properties.security import every_property, find
from simulations.blast_radius import KINDS, targets
from simulations.population import load
from simulations.topology import Topology

_AS_IT_IS = "(none: the attack as it is)"
_AS_SET = "(as set)"


class Panel:
    """Controls by name in rows, and an answer below them.

    Attributes:
        controls: the controls.
        shown: what is shown now.
    """

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        answer: Callable[..., Iterator[Any]],
        follow: Callable[[str, Mapping[str, Any]], None] = lambda *_: None,
        look: str = "openworld-explorer",
    ) -> None:
        """Show ``answer`` of the values of all controls; ``follow``: what a moved one changes in the others."""
        self.controls = {name: control for row in rows for name, control in row.items()}
        self._answer, self._follow, self._quiet = answer, follow, False
        self._body = widgets.HTML()
        for name, control in self.controls.items():
            control.observe(partial(self._moved, name), "value")
        wrapping = widgets.Layout(flex_flow="row wrap", align_items="center")
        self.box = widgets.VBox([*(widgets.HBox(list(row.values()), layout=wrapping) for row in rows), self._body])
        self.box.add_class(look)
        self._show()

    def set(self, **values: Any) -> Panel:
        """Move controls by name, as a person does, and show the answer once (raises KeyError, TraitError)."""
        self._quiet = True
        for name, value in values.items():
            self.controls[name].value = value
            self._follow(name, self.controls)
        self._quiet = False
        self._show()
        return self

    def _moved(self, name: str, change: Any) -> None:
        if not self._quiet:
            self.set(**{name: change["new"]})

    def _show(self) -> None:
        values = {name: control.value for name, control in self.controls.items()}
        for shown in self._answer(**values):
            self.shown, self._body.value = shown, shown._repr_html_()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The controls where there is a kernel to ask; the answer alone where there is none."""
        made: dict[str, Any] = self.box._repr_mimebundle_(**options)
        return {**made, "text/html": self._body.value, "text/plain": str(self.shown)}


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
) -> Panel:
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
    start, seen = read(configuration, model), [find(name, model).name for name in watch]
    known = [_worded("property", find(name, model).name, model) for name in properties or every_property(model)]
    begun = [("(as set)", _AS_SET), *(_worded("design", name, model) for name in model.designs)]
    asking = {"property": _dropdown("property", known, find(prop, model).name)}
    able = {name: _checkbox(name, name in start.capabilities, model) for name in attackers}
    turned = {name: _switch(name, start.design[name], model) for name in switches}

    def designed(name: str) -> Any:
        return start.design if name == _AS_SET else parse(f"design={name}", model).design

    def follow(name: str, controls: Mapping[str, Any]) -> None:
        if name == "design" and controls[name].value != _AS_SET:
            for switch, control in turned.items():
                control.value = designed(controls[name].value)[switch]

    def answer(property: str, design: str = _AS_SET, **values: Any) -> Iterator[Html]:
        asked, name = find(property, model), property
        who = (start.capabilities - able.keys()) | {each for each in able if values[each]}
        chosen = designed(design).but(**{each: values[each] for each in turned})
        configuration = replace(start, design=chosen, capabilities=frozenset(who))
        if not happens(found := result(name, configuration), unknown=False):
            words = found.replace("_", " ")  # it is out before the rules that decide are looked for
            yield Html(headline(asked, configuration, found, words) + "<p>Looking for the rules that decide …</p>")
        view = VerdictView(ask(name, configuration))
        yield Html(shown := view._repr_html_(), str(view))
        yield Html(statuses({each: result(each, configuration) for each in seen}, model) + shown, str(view))

    first = asking | ({"design": _dropdown("start from design", begun, _AS_SET)} if designs else {})
    return Panel([first, able, turned], answer, follow)


def explore_attacks(name: str) -> Panel:
    """A choice of attack, and of a switch to turn against it (raises as :func:`at_work` does)."""
    titles = [(f"{each.id} {each.name}", each.id) for each in attacks().values()]

    def against(name: str) -> list[tuple[str, str]]:
        shown = at_work(name)
        found = turns(shown.property, shown.configuration, kept())
        pairs = (f"{turn.switch}={turn.after}" for turn in found)
        return [(_AS_IT_IS, _AS_IT_IS), *(_worded("value", pair, shown.configuration.model) for pair in pairs)]

    def follow(name: str, controls: Mapping[str, Any]) -> None:
        if name == "attack":
            controls["turn"].options = against(controls[name].value)
            controls["turn"].value = _AS_IT_IS

    def answer(attack: str, turn: str) -> Iterator[Html]:
        shown, turned = at_work(attack), {} if turn == _AS_IT_IS else dict([turn.split("=", 1)])
        design = shown.configuration.design.but(**turned)
        verdict = ask(shown.property, replace(shown.configuration, design=design))
        more = "" if verdict.trace is None else gained(verdict.trace)._repr_html_()
        title = f"<p><strong>{escape(shown.title)}</strong></p>"
        yield Html(title + VerdictView(verdict)._repr_html_() + more, shown.title)

    choice = _dropdown("turn a switch", against(name), _AS_IT_IS, "40em")
    return Panel([{"attack": _dropdown("attack", titles, name, "40em")}, {"turn": choice}], answer, follow)


def explore_shares(population: str, shares: Mapping[Share, float], arms: Mapping[str, str], attempts: int) -> Panel:
    """Sliders for shares of a population, two designs by their words, and how the same agents fare under both."""
    met, named, names = load(population), {share.factor: share for share in shares}, list(arms)

    def answer(design: str, against: str, **values: float) -> Iterator[Outcomes]:
        yield at(
            met,
            dict.fromkeys((arms[design], arms[against])),
            attempts,
            {named[factor]: value for factor, value in values.items()},
        )

    sliders = [{share.factor: _slider(share.words, value)} for share, value in shares.items()]
    both = {"design": _dropdown("design", names, names[0]), "against": _dropdown("against", names, names[-1])}
    return Panel([*sliders, both], answer, look="openworld-knobs")


def explore_mishaps(where: Topology, kind: str, design: str) -> Panel:
    """What goes wrong, with whom and under which design, and what it reaches."""

    def follow(name: str, controls: Mapping[str, Any]) -> None:
        if name == "kind":
            controls["target"].options = targets(controls[name].value, where)
            controls["target"].value = blast.worst(where, controls[name].value)

    def answer(kind: str, target: str, design: str) -> Iterator[Html]:
        found = blast.mishap(where, blast.arms()[design], kind, target)
        said = f"<p><strong>{escape(found.words)}</strong></p>{found.stopped._repr_html_()}"
        yield Html(said + found.picture._repr_html_(), found.words)

    rows = [
        {"kind": _dropdown("what goes wrong", list(KINDS), kind)},
        {"target": _dropdown("with", targets(kind, where), blast.worst(where, kind))},
        {"design": _dropdown("design", list(blast.arms()), design)},
    ]
    return Panel(rows, answer, follow, "openworld-spread")


#: Wide enough for the longest name of a control.
_WIDE = {"description_width": "16em"}


def _dropdown(words: str, options: Sequence[str | tuple[str, str]], value: str, width: str = "34em") -> Any:
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


def _slider(words: str, value: float) -> Any:
    room = {"style": _WIDE, "layout": widgets.Layout(width="34em")}
    return widgets.FloatSlider(description=words, value=value, max=1.0, step=0.01, readout_format=".0%", **room)


def _worded(kind: str, name: str, model: Model) -> tuple[str, str]:
    """An option: in words with its code, and the code that stands for it."""
    return f"{worded(kind, name, model)} ({name})", name
