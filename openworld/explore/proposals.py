"""Checks that the solver finds, as tables."""

from collections.abc import Iterator, Mapping, Sequence

from openworld.explore.asking import read
from openworld.explore.evidence import table
from openworld.explore.views import Table
from openworld.proposals import Wording, actors, who_says
from properties.candidates import changes, under, with_fields
from properties.invent import invent
from properties.known_rules import KnownRules
from properties.security import find


def weakest(
    name: str, configuration: str, keep: Sequence[Mapping[str, str]] = (), *, field: bool = False, most: int = 3
) -> Table:
    """Return minimal sets of checks under which a property holds, a row for each: the checks, who says so, who changes.

    Args:
        keep: environments in which honest runs stay, beside the configuration.
        field: whether AS may add to their answers what they hold, and clients to their requests.
        most: how many sets are shown, those first for which fewest have to change.

    Raises:
        NoAnswerError: nobody knows whether there is an attack.
    """
    asked = read(configuration)
    wide = under(asked, with_fields(asked.model)) if field else asked
    prop = find(name, wide.model)
    words, known = Wording(prop, asked), KnownRules(prop, wide, keep)
    found = invent([prop], wide, keep)

    def rows() -> Iterator[tuple[str, str, str]]:
        for checks in found.sets[:most]:
            said = (
                line
                for one in checks
                for line in who_says(known.rule(one), {each: known.field(*each) for each in one.adds}, words)
            )
            yield "\n".join(map(words.sentence, checks)), "\n".join(said), actors(changes(checks))

    return table((f"checks ({len(found.sets)} minimal sets)", "who says so", "who changes"), rows())
