"""A run for those who show it to others: in a mail or in a draft, and how either says where it comes from."""

from html import escape
from importlib.metadata import version
from typing import NamedTuple

from model.brief import brief
from model.chart import Chart
from openworld.cache import identity
from openworld.show import command, outcome
from openworld.site.address import address
from openworld.slide import svg
from openworld.width import filled
from properties.verdict import Verdict

#: The most columns of a line in an Internet-Draft, and in a mail that is quoted.
COLUMNS = 72
#: So many digits of the digest of a question tell it from all others that anybody will ask.
_DIGITS = 16


class Citation(NamedTuple):
    """Where an answer comes from: what it says, where it can be seen, which question it is and what answered it."""

    sentence: str
    link: str
    question: str
    software: str
    command: str
    anchor: str
    title: str

    def lines(self) -> list[str]:
        """All of it, for the end of a mail."""
        said = (
            f"{self.sentence} ({self.software}, question {self.question})",
            f"Ask again: {self.command}",
            f"See it: {self.link}",
        )
        return [line for each in said for line in filled(each, COLUMNS, 4)]

    def short(self) -> str:
        """On one line, for the foot of a slide."""
        return f"{self.software}, question {self.question}: {self.command}"


def cited(found: Verdict, site: str = "", asked: str = "") -> Citation:
    """The citation of a verdict.

    ``site``: the address of the page that answers questions, where there is one; ``asked``: the configuration as
    somebody named it.
    """
    prop, configuration = found.property, found.configuration
    asked = asked or str(configuration)
    answer = outcome(found).partition(":")[0]
    return Citation(
        f"{prop.name} under {configuration}, world {found.world.name}: {answer}.",
        address(prop.name, asked, site) + " on the page that `openworld site` writes" * (not site),
        identity(prop, configuration)[:_DIGITS],
        f"openworld {version('openworld')}",
        command("verdict", prop.code, asked, model=configuration.model),
        f"fig-{prop.name.replace('_', '-')}",
        f"{prop.name}: {answer}",
    )


def mail_text(shown: Chart, citation: Citation) -> str:
    """The chart on one screen, and below it where it comes from."""
    return "\n".join([brief(shown), *citation.lines(), ""])


def slide_svg(shown: Chart, citation: Citation) -> str:
    """The run on a slide."""
    return svg(shown, citation.short())


def draft_markdown(shown: Chart, citation: Citation) -> str:
    """The chart as a figure of a draft that is written for kramdown-rfc, and a sentence that cites it."""
    artwork, fence = _artwork(shown), "~~~"
    while fence in artwork:
        fence += "~"
    head = [f"{fence} ascii-art", artwork, fence, f'{{: #{citation.anchor} title="{citation.title}"}}', ""]
    return "\n".join([*head, *citation.lines(), ""])


def draft_xml(shown: Chart, citation: Citation) -> str:
    """The same for a draft in the XML of RFC 7991."""
    artwork = _artwork(shown).replace("]]>", "]]]]><![CDATA[>")
    return "\n".join(
        [
            f'<figure anchor="{citation.anchor}">',
            f"<name>{citation.title}</name>",
            '<artwork type="ascii-art"><![CDATA[',
            artwork,
            "]]></artwork>",
            "</figure>",
            "<t>",
            *(escape(line, quote=False) for line in citation.lines()),
            "</t>",
            "",
        ]
    )


def _artwork(shown: Chart) -> str:
    """The chart in ASCII alone; a question mark stands for any other character."""
    return brief(shown).rstrip("\n").encode("ascii", "replace").decode()
