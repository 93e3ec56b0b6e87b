"""Deployed clients as the study and its figures show them: what is proved of each, and what each was seen to do."""

import textwrap
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from deployed.behaviour import measured
from model import scenario
from model.clients import clients, find
from model.design import parse
from model.model import Model, oauth
from openworld.colours import FAINT, INK
from openworld.exhibit import Caption, Drawing, Exhibit, Source
from openworld.figures.verdicts import client_verdicts
from openworld.jobs import answers_once
from openworld.plan import Selection, StudyPlan
from openworld.plotstyle import FILLS, bare, style, titled
from openworld.study_tables import ANSWER, NAME, TEXT, Shape, maybe
from openworld.tables.table import Lot, Made, Rows, Section, Study, StudyTable, cell
from properties.reads import alike_in_worlds
from properties.security import find as find_property

#: Where a conversation ended, in a word or two.
ENDS = {
    "A": "accepted",
    "d": "refused at discovery",
    "a": "refused at the response",
    "t": "refused at the token",
    "x": "failed at the resource",
}


class Situation(NamedTuple):
    """A question that every client is asked: in words, the property, and who is there beside the client."""

    words: str
    property: str
    configuration: str


#: An AS "borrows" the honest authorization endpoint by naming it in its metadata; else it sends the browser on there.
SITUATIONS = (
    Situation("malicious AS borrows the endpoint; iss is sent", "code_delivery", "cap=mal_as;splice=yes;h_iss=yes"),
    Situation("malicious AS borrows the endpoint; no iss", "code_delivery", "cap=mal_as;splice=yes;h_iss=no"),
    Situation("malicious AS sends the browser on; iss is sent", "code_delivery", "cap=mal_as;splice=no;h_iss=yes"),
    Situation("malicious AS sends the browser on; no iss", "code_delivery", "cap=mal_as;splice=no;h_iss=no"),
    Situation("malicious AS; iss is sent", "authorization", "cap=mal_as;h_iss=yes"),
    Situation("malicious AS; no iss", "authorization", "cap=mal_as;h_iss=no"),
    Situation("malicious RS with an AS of its own", "authorization", "cap=mal_rs+mal_as"),
    Situation("access token stolen", "authorization", "cap=token_leak"),
    Situation("malicious RS; AS honours resource", "token_confinement", "cap=mal_rs"),
    Situation("malicious RS; AS ignores resource", "token_confinement", "cap=mal_rs;as_resource=ignore"),
    Situation("malicious tenant; host-level audiences", "token_confinement", "cap=mal_tenant;audience_check=prefix"),
    Situation("malicious tenant", "discovery_integrity", "cap=mal_tenant"),
    Situation("attacker's page opens the callback", "session_integrity", "cap=web"),
    Situation("honest API, one document for many paths", "first_contact", "api=multi_path"),
    Situation("honest AS, no iss", "first_contact", "h_iss=no"),
)


def latest() -> tuple[str, ...]:
    """The last version of every client of which there is a design, as ``implementation==version``."""
    return tuple(dict.fromkeys(find(name.partition("==")[0]).name for name in clients()))


class ClientCase(NamedTuple):
    """A client in a situation."""

    client: str
    situation: Situation
    model: Model = oauth()

    @property
    def configuration(self) -> str:
        """As the command line takes it."""
        return f"design={self.client};{self.situation.configuration}"

    @property
    def key(self) -> tuple[str, str]:
        """What the verdict depends on: worlds do not tell apart all that implementations do."""
        asked, switches = parse(self.configuration, self.model), self.model.switches
        usual = {name: switches[name].baseline for name in alike_in_worlds()}
        return self.situation.property, str(replace(asked, design=asked.design.but(**usual)))


def cases(of: Iterable[str] | None = None, model: Model = oauth()) -> list[ClientCase]:
    """Every client (by default every one that is known, in its last version) in every situation."""
    clients_ = latest() if of is None else of
    return [ClientCase(client, situation, model) for client in clients_ for situation in SITUATIONS]


def judged(
    asked: list[ClientCase], workers: int, timeout: float | None = None, model: Model = oauth()
) -> Generator[dict[str, Any]]:
    """A row of the table for each case, in order, as they come in; questions that come to the same are asked once."""
    with closing(answers_once(asked, workers, timeout, model=model)) as replies:
        for case, reply in replies:
            yield _row(case, reply.data)


def _row(case: ClientCase, data: dict[str, Any]) -> dict[str, Any]:
    prop = find_property(case.situation.property, case.model)
    return {
        "client": case.client,
        "code": prop.code,
        "property": prop.name,
        "kind": prop.kind,
        "situation": case.situation.words,
        "configuration": case.configuration,
        "verdict": data["verdict"],
        "reason": data["reason"],
        "not_read": " ".join(data["not_read"]),
        "reach": data["reach"],
        "steps": data["steps"],
        "blocked_by": " ".join(data["blocked_by"]),
    }


def ended() -> pd.DataFrame:
    """Where the last version of every client was seen to end in each scenario: a row for each that was tried.

    ``misdelivered``: a code went to another party than the one that issued it.
    """
    rows = [
        (name.partition("_")[0], scenario.load(name).about, client, seen.stage, ENDS[seen.stage], seen.misdelivered)
        for name in scenario.names()
        for client in latest()
        if (seen := measured().get(client, {}).get(name)) is not None
    ]
    return pd.DataFrame(rows, columns=["scenario", "about", "client", "stage", "end", "misdelivered"])


# --- figures -----------------------------------------------------------------------------------------------

_PROVED = "What is proved of deployed clients"
_SEEN = "Where deployed clients ended, scenario by scenario"


def _figures(plan: StudyPlan) -> Iterator[Exhibit]:
    """One of verdicts, one of measurements."""
    if plan.taken(_TAKEN):
        yield Exhibit("clients-verdicts", "client matrix", _PROVED, _proved)
        yield Exhibit("clients-scenarios", "scenario matrix", _SEEN, _scenarios)


def _proved(source: Source) -> Drawing:
    table = TABLE.frame(source)
    table = source.most(table, "client", table["verdict"] == "attack")
    about = "each client, in its last version, as the design that was fitted to what it was seen to do; what is not "
    caption = Caption.of_verdicts(table, f"{about}stated of servers is at the baseline")
    return Drawing(client_verdicts(table, _PROVED), _PROVED, caption, table)


def _scenarios(source: Source) -> Drawing:
    table = ended()
    table = source.most(table, "scenario", table["misdelivered"])
    number, scenarios = table["client"].nunique(), table["scenario"].nunique()
    caption = Caption(
        f"{number} deployed clients in their last version, each alone with played servers",
        f"{scenarios} scenarios, each the honest world with a few fields changed; blank where it was not tried",
        f"{len(table)} runs, one of each",
        "none, nothing is drawn by chance",
        "none, each was run once",
    )
    return Drawing(client_ends(table, _SEEN), _SEEN, caption, table)


#: The code went to another party than the one that issued it, wherever the client ended.
_LOST = "the code was sent to another party"
#: How an end looks: face, writing, mark. They differ in lightness and in their marks.
_LOOKS = {
    "accepted": (FILLS["safe"][0], FILLS["safe"][1], "✓"),
    "refused at discovery": ("#fbe3c0", INK, "d"),
    "refused at the response": ("#f2c078", INK, "a"),
    "refused at the token": ("#d99a3d", INK, "t"),
    "failed at the resource": ("#9a9a9a", INK, "x"),
    _LOST: (*FILLS["attack"][:2], "✗"),
}
#: So many scenarios stand below each other; more stand in two columns.
_FEW = 12
#: So many characters of what is special about a scenario go on a line.
_ABOUT = 60


def client_ends(table: pd.DataFrame, title: str = "") -> Figure:
    """Scenarios by clients, each with where the client ended; blank where that was not tried.

    Args:
        table: ``scenario``, ``about``, ``client``, ``end`` and ``misdelivered``.
        title: what is shown.
    """
    clients = sorted(set(table["client"]))
    scenarios = table[["scenario", "about"]].drop_duplicates().to_records(index=False).tolist()
    parts = 1 if len(scenarios) <= _FEW else 2
    rows = (len(scenarios) + parts - 1) // parts
    with style():
        wide = parts * (2.6 + 0.27 * (len(clients) + 12))
        figure = Figure(figsize=(wide, 2.2 + 0.265 * rows), layout="constrained")
        for part, axes in enumerate(figure.subplots(1, parts, squeeze=False)[0]):
            _panel(axes, table, scenarios[part * rows : (part + 1) * rows], clients, rows)
        _key(figure, table)
        titled(figure, title)
    return figure


def _panel(axes: Axes, table: pd.DataFrame, scenarios: list[tuple[str, str]], clients: list[str], rows: int) -> None:
    names = [name for name, _ in scenarios]
    shown = table[table["scenario"].isin(names)]
    looked = shown["end"].where(~shown["misdelivered"], _LOST)
    for end, cells in shown.groupby(looked):
        face, writing, mark = _LOOKS[str(end)]
        xs, ys = cells["client"].map(clients.index), cells["scenario"].map(names.index)
        squares = [Rectangle(corner, 1, 1) for corner in zip(xs, ys, strict=True)]
        axes.add_collection(PatchCollection(squares, facecolor=face, edgecolor="white", linewidth=1.2))
        sign, size = _sign(mark)
        axes.plot(
            xs + 0.5,
            ys + 0.5,
            marker=sign,
            color=writing,
            linestyle="none",
            markersize=size,
            markeredgewidth=0,
            label=str(end),
        )
    axes.set(xlim=(0, len(clients)), ylim=(rows, 0))
    axes.set_yticks([place + 0.5 for place in range(len(names))], names, fontsize=8)
    for place, (_, about) in enumerate(scenarios):
        axes.annotate(
            textwrap.fill(about, _ABOUT),
            (0, place + 0.5),
            (-32, 0),
            xycoords="data",
            ha="right",
            textcoords="offset points",
            va="center",
            fontsize=7.2,
            linespacing=0.95,
            annotation_clip=False,
        )
    axes.set_xticks([place + 0.5 for place in range(len(clients))], clients, fontsize=8)
    axes.xaxis.tick_top()
    for label in axes.get_xticklabels():
        label.set(rotation=55, ha="left", rotation_mode="anchor")
    axes.tick_params(pad=3)
    bare(axes)


@cache
def _sign(mark: str) -> tuple[Path, float]:
    """A character as a marker and its size: hundreds of them are drawn at once, where texts would take seconds."""
    drawn = TextPath((0, 0), mark, size=8, prop=FontProperties(family="DejaVu Sans"))
    middle = (drawn.vertices.max(axis=0) + drawn.vertices.min(axis=0)) / 2
    outline = Path(drawn.vertices - middle, drawn.codes)
    # A marker's outline is stretched to its size.
    return outline, 2 * float(np.abs(outline.vertices).max())


def _key(figure: Figure, table: pd.DataFrame) -> None:
    used = {*table["end"], *([_LOST] if table["misdelivered"].any() else [])}
    handles = [
        Patch(facecolor=face, edgecolor=FAINT, label=f"{mark}  {end}")
        for end, (face, _, mark) in _LOOKS.items()
        if end in used
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), fontsize=9, handlelength=1.2)


# --- the table ---------------------------------------------------------------------------------------------

_TAKEN = Selection("clients", lambda _: latest(), (), "deployed clients")


def _made(plan: StudyPlan, _: Mapping[str, Rows], named: list[str]) -> Made:
    with closing(judged(cases(named, plan.model), plan.workers, plan.timeout, plan.model)) as rows:
        yield from (Lot(client, list(lot)) for client, lot in groupby(rows, key=lambda row: str(row["client"])))


def _shown(study: Study) -> dict[str, Any]:
    """The situations, and for each client a cell for each of them."""
    situations: dict[str, Any] = {}
    lines: dict[str, dict[str, Any]] = {}
    for row in TABLE.rows(study):
        key = str(row["situation"]) + str(row["code"])
        situations[key] = row
        lines.setdefault(str(row["client"]), {})[key] = cell(row)
    pictures, beside = study.named("clients-verdicts"), study.named("clients-scenarios")
    return {"situations": situations, "lines": lines, "pictures": pictures, "beside": beside}


TABLE = StudyTable(
    "clients",
    units=lambda plan: plan.taken(_TAKEN),
    made=_made,
    cost=lambda _: 1.5,
    choices=(_TAKEN,),
    shape=Shape(
        ("client", "situation", "code"),
        {"client": NAME, "situation": NAME, "configuration": TEXT, **ANSWER, "not_read": maybe(TEXT)},
    ),
    figures=_figures,
    parts=(Section(80, "software", "Real software", "Real software", "clients"),),
    shown=_shown,
)
