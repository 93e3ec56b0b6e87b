"""How figures are laid out: what is written lies on the page and over nothing else, and main labels are words.

Of every figure that there is: those of verdicts with made-up ones, as only their names take up room; those of
experiments with few attempts at the ends of their sweeps.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from model import words
from model.drafts import DRAFTS
from model.named_designs import DEPLOYMENTS
from model.protocols import rules
from openworld import exhibits
from openworld.exhibit import Source
from openworld.plotstyle import captioned, page, style
from openworld.tables import blast_radius, verdicts
from openworld.tables import clients as of_clients
from simulations.catalogue import EXPERIMENTS
from simulations.experiments import population_for, run

#: So many inches of the boxes of two writings may lie over each other: boxes have room for letters that are not there.
_TOUCHING = 0.025
#: What is written in smaller letters is no main label: captions, and codes beside words.
_MAIN = 7.6
#: Experiments whose figures are looked at every time: arms that coincide, tasks.
_OFTEN = ("matching", "pinning")
#: Of the other figures that are many of one kind.
_SOME = ("trust-default", "trust-proxy", "blast_radius-domain")


class Recorder(RendererAgg):
    """Notes what is written."""

    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__(width, height, dpi)
        self.written: dict[Text, None] = {}

    def draw_text(self, *args: Any, mtext: Text | None = None, **named: Any) -> None:
        """Note it, and write nothing."""
        if mtext is not None:
            self.written[mtext] = None


#: A verdict as data, as far as a row takes it.
TOLD: dict[str, Any] = {"reason": "", "not_read": (), "reach": "", "steps": 17.0, "blocked_by": ""}


@cache
def judged() -> pd.DataFrame:
    """Every look that a cell can have, in a table as large as that of a study."""
    looks, rows = itertools.cycle(("attack", "safe", "not_in_this_world", "unknown", "safe")), []
    for case, look in zip(verdicts.cases(), looks):  # noqa: B905  (looks have no end)
        utility = case.prop.kind == "utility"
        said = {"attack": "reached", "safe": "not_reached"}.get(look, look) if utility else look
        steps = 17.0 if look == "attack" else None
        rows.append(verdicts._row(case, TOLD | {"verdict": said, "steps": steps}, ""))
    return pd.DataFrame(rows)


@cache
def clients() -> pd.DataFrame:
    """The same of deployed clients."""
    looks = itertools.cycle(("attack", "safe", "unknown"))
    rows = [of_clients._row(case, TOLD | {"verdict": next(looks)}) for case in of_clients.cases()]
    return pd.DataFrame(rows)


@cache
def drafts() -> pd.DataFrame:
    """The same of drafts."""
    told = itertools.cycle(itertools.product(((18, 11, 0), (9, 9, 0), (5, 16, 2)), *2 * [("reached", "not_reached")]))
    return pd.DataFrame(
        [
            {
                "draft": name,
                "source": draft.source,
                "switches": ";".join(f"{each.switch}={each.value}" for each in draft.obligations),
                "environment": environment,
                "before": before,
                "after": after,
                "opened": opened,
                "stopped": max(before - after, 0),
                "undecided": 0,
                "of_use_before": first,
                "of_use_after": second,
                "against": "mal_as, token_leak",
            }
            for (name, draft), environment in itertools.product(DRAFTS.items(), DEPLOYMENTS)
            for (before, after, opened), first, second in [next(told)]
        ]
    )


@cache
def simulated(name: str) -> Source:
    """The tables of an experiment, counted at the ends of its sweep as short as it can be."""
    asked = EXPERIMENTS[name]
    short = replace(asked, values=asked.values[:: len(asked.values) - 1])
    least = short.least_attempts(population_for(short, None), 2)
    return Source.of(run(short, attempts=max(100, least), replications=2))


@cache
def others() -> Source:
    """What is no experiment: verdicts, and how far mishaps reach."""
    found = {each.kind: each for each in blast_radius.reached(scale=0.01, samples=3, replications=2)}
    return Source(_known={"verdicts": judged(), "clients": clients(), "drafts": drafts(), "blast_radius": found})


def drawn(name: str) -> Figure:
    """A figure of the gallery as it is written, captioned."""
    experiment = name.rpartition("-")[0]
    made = exhibits.catalogue()[name].draw(simulated(experiment) if experiment in EXPERIMENTS else others())
    return captioned(made.figure, made.caption.brief)


def written(figure: Figure) -> list[Text]:
    """All that is written when a figure is drawn."""
    with style():
        recorder = Recorder(*figure.bbox.size, figure.dpi)
        figure.draw(recorder)
    return [text for text in recorder.written if text.get_text().strip()]


def corners(text: Text) -> NDArray[np.float64]:
    """The corners of the box of a writing, which may be turned, in inches."""
    box, turned = text.get_window_extent(), np.deg2rad(text.get_rotation())
    along, across = abs(np.cos(turned)), abs(np.sin(turned))
    size = np.linalg.solve([[along, across], [across, along]], [box.width, box.height]) / 2
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    turn = np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
    center = np.array([box.x0 + box.width / 2, box.y0 + box.height / 2])
    found: NDArray[np.float64] = (center + (signs * size) @ turn) / text.get_figure().dpi
    return found


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How many inches two boxes have to be moved to lie beside each other; 0 if they do."""
    least = np.inf
    for box in (one, other):
        for side in (box[1] - box[0], box[2] - box[1]):
            normal = np.array([-side[1], side[0]]) / np.hypot(*side)
            first, second = one @ normal, other @ normal
            least = min(least, first.max() - second.min(), second.max() - first.min())
    return max(0.0, float(least))


def overprinted(texts: list[Text]) -> Iterator[tuple[str, str]]:
    """The writings that lie over each other."""
    boxes = [corners(text) for text in texts]
    low, high = (np.array([getattr(box, end)(axis=0) for box in boxes]) for end in ("min", "max"))
    near = ((low[:, None] < high[None]) & (low[None] < high[:, None])).all(axis=2)
    for one, other in np.argwhere(np.triu(near, 1)):
        if overlap(boxes[one], boxes[other]) > _TOUCHING:
            yield texts[one].get_text(), texts[other].get_text()


@cache
def codes() -> frozenset[str]:
    """The names of the suite that are no words."""
    names = {part for _, name in words.words() for part in (name, *name.split("="))} | rules().keys()
    return frozenset(name for name in names if re.search(r"[_=]", name))


def spelled_in_code(texts: list[Text]) -> list[str]:
    """The main labels that have a code in them."""
    return [
        text.get_text()
        for text in texts
        if text.get_fontsize() > _MAIN and codes() & set(re.findall(r"[\w.+=]+", text.get_text()))
    ]


def _slow(name: str) -> bool:
    experiment, _, kind = name.rpartition("-")
    if experiment in EXPERIMENTS:
        return experiment not in _OFTEN
    many = experiment in {some.rpartition("-")[0] for some in _SOME}
    return (
        (many and name not in _SOME) or kind == "theft" or (experiment in ("verdicts", "sets") and kind != "tampering")
    )


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if _slow(name) else ()) for name in exhibits.catalogue()]
)
def test_writing_lies_on_the_page_and_over_nothing_else(name: str) -> None:
    """No box of a writing leaves the page or meets another, no legend lies over a panel, no code is a main label."""
    figure = drawn(name)
    texts, whole = written(figure), page(figure)
    for text in texts:
        box = corners(text)
        assert (whole.min <= box.min(axis=0)).all(), text.get_text()
        assert (box.max(axis=0) <= whole.max).all(), text.get_text()
    assert list(overprinted(texts)) == []
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]
    panels = [axes for axes in figure.axes if axes.axison and axes.get_visible()]
    assert not [axes for axes in panels for legend in legends if legend.get_window_extent().overlaps(axes.bbox)]
    for axes in panels:
        for line in (line for line in axes.lines if not line.get_clip_on()):
            box, room = line.get_window_extent(), axes.bbox.padded(10)
            assert room.x0 <= box.x0 <= box.x1 <= room.x1, line.get_label()
            assert room.y0 <= box.y0 <= box.y1 <= room.y1, line.get_label()
    assert spelled_in_code(texts) == []


def test_what_is_overprinted_or_spelled_in_code_is_seen() -> None:
    """Two writings at one place, also if turned; a code that is as large as words."""
    figure = Figure()
    for place, turn in ((0.5, 0), (0.52, 52), (0.1, 0)):
        figure.text(place, 0.5, "iss_check=off", rotation=turn, fontsize=8)
    found = written(figure)
    assert list(overprinted(found)) == [("iss_check=off", "iss_check=off")]
    assert len(spelled_in_code(found)) == 3
