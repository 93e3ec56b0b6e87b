"""Public issues that name a client and what a server serves, asked of the stored clients.

``deployed/data/public_issues.toml`` says what each issue reports, and which half was *blind*: of those the expected
ends were written from the issue and committed before anybody asked. ``python -m benchmarks.issues`` prints the score.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from deployed.explanation import stands_for
from deployed.served import read
from deployed.serves import End, ends, unsure
from model.documents import JsonObject, from_toml

#: What was asked together: which set, and whether its ends were written down before it was asked.
HALVES = (("asked blind", 1, True), ("the others", 1, False), ("a second set, asked blind", 2, True))


@dataclass(frozen=True, slots=True)
class Issue:
    """What a public issue reports.

    Attributes:
        at: its address.
        filed: the day of the description or comment that was read.
        client: as the issue names it.
        says: the outcome in the issue's words, shortened.
        url: where the client is sent.
        served: what the server says, as a recording (:mod:`deployed.served`).
        ends: by the release that the issue is about, the stage at which it ends and the rule by which.
        blind: whether the ends were written down before they were asked.
        set: the sets were read and asked one after the other.
        missed: why the model says something else, where it does.
        mended: the cause that was mended since it was first asked, where it was missed then.
        lost: whether it was right when it was first asked, and is missed since more is known of the client.
    """

    at: str
    filed: datetime.date
    client: str
    says: str
    url: str
    served: JsonObject
    ends: Mapping[str, list[str]]
    blind: bool = False
    set: int = 1
    missed: str = ""
    mended: str = ""
    lost: bool = False


class Reported(NamedTuple):
    """A release in an issue: what is reported of it, what the model says, and whether it says so of that release."""

    client: str
    reported: tuple[str, str]
    said: End
    sure: bool

    @property
    def right(self) -> bool:
        """Whether stage and rule are the reported ones."""
        return self.reported == _end(self.said)


@cache
def issues() -> tuple[Issue, ...]:
    """The issues, in the order of the file."""
    content = from_toml(files("deployed").joinpath("data", "public_issues.toml").read_bytes())
    return tuple(Issue(**row) for row in content["issue"])


def ask(issue: Issue) -> tuple[Reported, ...]:
    """What the stored clients do with what an issue says that is served."""
    served = read([issue.served], issue.url)
    found, doubts = ends(served, issue.ends), unsure(served, issue.ends)
    return tuple(
        Reported(name, (end[0], "".join(end[1:])), found[name], name not in doubts) for name, end in issue.ends.items()
    )


def _end(said: End) -> tuple[str, str]:
    return said.stage or "unknown", said.rule.name if said.rule else ""


def score() -> Iterator[str]:
    """How many issues have the reported end and rule, when first asked and now, and each that has not."""
    asked = [(issue, ask(issue)) for issue in issues()]
    for half, of, which in HALVES:
        among = [issue for issue, _ in asked if (issue.set, issue.blind) == (of, which)]
        right = [issue for issue, made in asked if issue in among and all(one.right for one in made)]
        first = sum(issue.lost for issue in among) + sum(not issue.mended for issue in right)
        yield f"{half}: {first} of {len(among)} with the reported end and rule at the first asking, {len(right)} now"
        sure = [issue for issue, made in asked if issue in among and all(one.sure for one in made)]
        known = sum(one in right for one in sure)
        yield f"  of {len(sure)} the release is stored, or two beside it agree: {known} right"
    for issue, made in asked:
        for one in made:
            if not one.right:
                yield ""
                yield f"{issue.at}{'  (blind)' if issue.blind else ''}"
                answers = "answers" if one.sure else "answers without being sure"
                yield f"  {one.client}, for which {stands_for(one.client)} {answers}: {' '.join(_end(one.said))}"
                if one.said.before:
                    yield f"  after it had refused, and gone on: {' '.join(rule.name for rule in one.said.before)}"
                yield f"  reported: {' '.join(one.reported)}: {issue.says}"
                yield f"  why: {issue.missed or 'not argued'}"


if __name__ == "__main__":
    print("\n".join(score()))
