"""The whole study as one HTML page that needs nothing else: no network, no other file."""

import re
from collections.abc import Iterator
from functools import cache, partial
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from model.chart import origin
from model.words import of_configuration, worded
from openworld.plan import StudyPlan
from openworld.report.established import established
from openworld.show import command
from openworld.site.address import address, of_command
from openworld.tables import TABLES, experiments, verdicts
from openworld.tables.table import FoundPicture, Section, Study
from simulations.results import LISTED

#: What a coordinate has beyond a hundredth of a point, and what stands for itself in an address within quotes.
_FINE, _AS_IT_IS = re.compile(r"(\.\d\d)\d+"), " /:;=,@!$'*+?"
#: Tags, whose quotes may be of either kind.
_TAG, _OTHER_QUOTES = re.compile(r"<[^>]*>"), str.maketrans("\"'", "'\"")
#: Parts of the page that are of no table.
_OWN = (
    Section(0, "summary", "Summary", "Summary", "summary"), Section(50, "findings", "Findings", "Findings", "findings"),
    Section(90, "methods", "Methods", "Methods", "methods"),
    Section(99, "reproduce", "Reproduce", "How to reproduce", "reproduce"),
)  # fmt: skip
_PLACED = sorted((table for table in TABLES if table.parts), key=lambda table: table.parts[0].place)


def page(study: Study, site: str = "") -> str:
    """The page for what was found; verdicts and findings link to the page at ``site`` that answers them, if there is
    one.
    """
    around = {
        "study": study,
        "about": study.about,
        "site": site,
        "answer": lambda prop, asked: address(prop, asked, site) if site else "",
        "linked": partial(_linked, site),
    }
    own = {
        "asked_for": verdicts.asked(study),
        "opening": [sentence for table in _PLACED for sentence in table.opens(study)],
        "findings": [sentence for table in _PLACED for sentence in table.says(study)],
        "blocking": verdicts.blocking(study),
        "established": established(site),
        "pictures": _unplaced(study),
        "commands": list(_commands(study)),
    }
    shown = [(_OWN, own), *((table.parts, table.shown(study)) for table in _PLACED)]
    parts = sorted(((part, told) for placed, told in shown for part in placed), key=lambda each: each[0].place)
    rendered = [
        (part, Markup(template(f"parts/{part.template}.html.jinja").render(**around, **told))) for part, told in parts
    ]
    html = template("report.html.jinja").render(parts=rendered)
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
    environment.globals["origin"] = origin
    environment.filters |= {
        "embedded": _embedded,
        "worded": lambda name, kind: worded(kind, name),
        "arms": lambda names: " = ".join(map(of_configuration, names.split(LISTED))),
        "flat": _flat,
        "violated": _violated,
    }
    return environment


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


def _unplaced(study: Study) -> list[FoundPicture]:
    """The pictures that are of no table."""
    plan = StudyPlan(study.folder, full=True, model=study.model)
    placed = {each.name for table in TABLES for each in table.figures(plan)}
    of_others = tuple(f"{name}-" for name in experiments.found(study))
    return [each for name, each in study.pictures.items() if name not in placed and not name.startswith(of_others)]


def _embedded(picture: FoundPicture) -> str:
    """A picture as an address that holds it: to a hundredth of a point, and as text, shorter than base64."""
    drawn = " ".join(_FINE.sub(r"\1", picture.svg.decode("utf-8", "replace")).split()).replace("> <", "><")
    quoted = _TAG.sub(lambda tag: tag[0].translate(_OTHER_QUOTES), drawn)
    return Markup(f"data:image/svg+xml,{quote(quoted, safe=_AS_IT_IS)}")  # no double quote is left in it


def _commands(study: Study) -> Iterator[str]:
    about = study.about
    if about:
        yield command("study", "-o", "out", "--seed", about.get("seed", 1), *["--full"] * about.get("full", False))
    for table in _PLACED:
        yield from table.again(study)
    yield "openworld report out"
