"""What flips between two designs, as a figure and as a small page."""

from collections.abc import Sequence
from itertools import groupby

import pandas as pd

from model.model import Model, oauth
from model.words import of_configuration
from openworld.diff import Flip, said
from openworld.figures.verdicts import flip_matrix
from openworld.plotstyle import captioned, rendered
from openworld.report.page import template


def picture(found: Sequence[Flip], first: str, second: str, model: Model = oauth()) -> str:
    """The flips as an SVG figure: properties by environments."""
    rows = pd.DataFrame(
        {
            "property": f.property,
            "kind": "utility" if f.utility else "security",
            "environment": f.environment,
            "verdict": "unknown" if f.unknown else f.after,
            "steps": f.steps if f.after == "attack" else None,
        }
        for f in sorted(found, key=lambda flip: flip.unknown)  # what is sure is drawn, where others are undecided
    ).drop_duplicates(["property", "environment"])
    title = f"What flips, and how it is with: {of_configuration(second, model)}"
    caption = f"From {first} to {second}. What is blank comes out the same under both."
    return rendered(captioned(flip_matrix(rows, title, model), caption), "svg", title, caption).decode("utf-8")


def page(found: Sequence[Flip], first: str, second: str, asked: int) -> str:
    """The flips as one small HTML page that needs nothing else."""
    grouped = [(name, list(group)) for name, group in groupby(found, lambda flip: flip.environment)]
    return template("diff.html.jinja").render(first=first, second=second, asked=asked, groups=grouped, said=said)
