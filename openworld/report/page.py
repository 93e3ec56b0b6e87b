"""The whole study as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from model.chart import origin
from model.words import of_configuration, worded
from openworld.report import deployed, environments, opening, verdicts
from openworld.report.established import established
from openworld.report.findings import findings, numbers
from openworld.report.reading import FoundPicture, Study
from openworld.show import command
from openworld.site.address import address, of_command
from simulations.results import LISTED

#: What a coordinate has beyond a hundredth of a point, and what stands for itself in an address within quotes.
_FINE, _AS_IT_IS = re.compile(r"(\.\d\d)\d+"), " /:;=,@!$'*+?"
#: Tags, whose quotes may be of either kind.
_TAG, _OTHER_QUOTES = re.compile(r"<[^>]*>"), str.maketrans("\"'", "'\"")


def page(study: Study, site: str = "") -> str:
    """The page for what was found; verdicts and findings link to the page at ``site`` that answers them, if there is
    one.
    """
    attacks, links = verdicts.attacks(study)
    designs, needs = verdicts.designs(study), environments.table(study.environments, study.model)
    pictures = _each_kind_once(study)
    html = template("report.html.jinja").render(
        study=study,
        about=study.about,
        attacks=attacks,
        matrix=verdicts.matrix(study, links),
        designs=designs,
        environments=needs,
        asked_for=opening.asked(study),
        opening=[*opening.found(designs, needs), *opening.against(study, designs)],
        asked={str(row["property"]): str(row["code"]) for row in study.environments},
        properties=verdicts.properties(study),
        findings=list(findings(study)),
        blocking=verdicts.blocking(study),
        experiments=[
            {
                **numbers(each),
                "pictures": [_embedded(one) for one in pictures[name]],
                "linked": [one.name for one in _of(study, name) if one not in pictures[name]],
            }
            for name, each in study.experiments.items()
        ],
        established=established(site),
        site=site,
        answer=partial(_answer, site),
        linked=partial(_linked, site),
        deployed=deployed.clients(study),
        mishaps=[
            {**each, "pictures": [_embedded(one) for one in _named(study, f"blast_radius-{each['kind']}")]}
            for each in deployed.mishaps(study)
        ],
        measured=[_embedded(one) for one in _named(study, "clients-verdicts")],
        pictures=[_embedded(each) for name, each in study.pictures.items() if _free(study, name)],
        bought=[_embedded(each) for each in _named(study, "drafts", "each_draft-trade")],
        overview=_embedded(study.pictures["attackers"]) if "attackers" in study.pictures else None,
        commands=list(_commands(study)),
        origin=origin,
    )
    return html.encode("utf-8", "replace").decode("utf-8")  # names of files need not be characters


def template(name: str) -> jinja2.Template:
    """A template of a page."""
    return _environment().get_template(name)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("openworld.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "worded": lambda name, kind: worded(kind, name),
        "arms": _arms,
        "flat": _flat,
        "violated": _violated,
    }
    return environment


def _answer(site: str, prop: str, configuration: str) -> str:
    """Where a verdict is answered; nowhere without a site."""
    return address(prop, configuration, site) if site else ""


def _linked(site: str, asked: str) -> str:
    """A command, which leads to its answer where there is a site that has it."""
    code, where = Markup("<code>{}</code>").format(asked), of_command(asked, site) if site else ""
    return Markup('<a href="{}">{}</a>').format(where, code) if where else code


def _violated(prop: str) -> str:
    """What has happened where a property is violated, in words; where they are lacking what should be."""
    said = worded("harm", prop)
    return worded("property", prop) if said == prop else said


def _flat(html: str) -> str:
    """HTML without the indentation of its template, which half of a chart would be."""
    return Markup(re.sub(r"\s*\n\s*", "\n", html).replace(">\n<", "><"))


def _arms(names: str) -> str:
    """Arms that come to the same, in words."""
    return " = ".join(map(of_configuration, names.split(LISTED)))


def _free(study: Study, name: str) -> bool:
    """Whether a picture has no other place: verdicts are a table, runs are charts, the rest has a part of its own."""
    taken = name.startswith(("verdicts-", "clients-", "blast_radius-")) or name in ("attackers", "drafts")
    return not taken and not any(name.startswith(f"{each}-") for each in study.experiments)


def _named(study: Study, *names: str) -> list[FoundPicture]:
    return [study.pictures[name] for name in names if name in study.pictures]


def _of(study: Study, experiment: str) -> list[FoundPicture]:
    """The figures of an experiment, those first that say most at a glance."""
    order = [f"{experiment}-{kind}" for kind in ("trade", "pair", "effects", "rates", "differences", "funnel")]
    own = [name for name in study.pictures if name.startswith(f"{experiment}-") and name not in order]
    return [study.pictures[name] for name in (*order, *own) if name in study.pictures]


def _each_kind_once(study: Study) -> dict[str, list[FoundPicture]]:
    """The figures of experiments that are on the page: of each kind the first there is; the others are linked to."""
    seen: set[str] = set()
    shown: dict[str, list[FoundPicture]] = {}
    for name in study.experiments:
        kinds = {one.name.removeprefix(f"{name}-"): one for one in _of(study, name)}
        shown[name] = [one for kind, one in kinds.items() if kind not in seen]
        seen |= kinds.keys()
    return shown


def _embedded(picture: FoundPicture) -> dict[str, str]:
    """A picture as an address that holds it: to a hundredth of a point, and as text, shorter than base64."""
    drawn = " ".join(_FINE.sub(r"\1", picture.svg.decode("utf-8", "replace")).split()).replace("> <", "><")
    quoted = _TAG.sub(lambda tag: tag[0].translate(_OTHER_QUOTES), drawn)
    source = Markup(f"data:image/svg+xml,{quote(quoted, safe=_AS_IT_IS)}")  # no double quote is left in it
    return {"name": picture.name, "title": picture.title, "caption": picture.caption, "source": source}


def _commands(study: Study) -> Iterator[str]:
    about = study.about
    if about:
        yield command("study", "-o", "out", "--seed", about.get("seed", 1), *["--full"] * about.get("full", False))
    row = next((row for row in study.verdicts if row["chart"] in study.traces), None)
    if row:
        yield command("trace", row["property"], row["configuration"])
    for name, each in study.experiments.items():
        yield each.rates["command"].iloc[0] or command("simulate", name)
    yield from (str(table["command"].iloc[0]) for table in study.mishaps.values())
    yield "openworld report out"
