"""Expectations against verdicts: what is as expected, what has flipped, what nobody knows."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from model.chart import chart, text
from openworld.cache import Cache, verdict
from openworld.expectations import Expectation
from openworld.jobs import Question, answers
from openworld.show import blocking_lines, command, ending, outcome
from openworld.width import wrapped
from properties.results import Result
from properties.verdict import Verdict

Status = Literal["as expected", "flipped", "without its text", "not in this world", "inconclusive"]

#: What fails a check: the suite says otherwise, or the draft no longer says it.
FAILED: frozenset[Status] = frozenset({"flipped", "without its text"})

#: What is expected or found of a property, in words.
_WORDS: dict[Result, str] = {
    "safe": "holds", "attack": "does not hold", "not_in_this_world": "is not in this world", "reached": "is reached",
    "not_reached": "is not reached", "unknown": "is not known",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """An expectation and what was found; ``cached`` if it was known already.

    ``anchored``: the draft still says what the expectation rests on, if it names a sentence.
    """

    expectation: Expectation
    verdict: Verdict
    cached: bool
    anchored: bool = True

    @property
    def status(self) -> Status:
        """What has become of the expectation. What nothing here can violate has not been shown to hold."""
        found, expected = self.verdict.result, self.expectation.expected
        if found == expected and not self.anchored:
            return "without its text"
        if found == "unknown":
            return "inconclusive"
        if found == expected:
            return "as expected"
        return "not in this world" if found == "not_in_this_world" and expected == "safe" else "flipped"

    @property
    def expected(self) -> str:
        """What was expected, in words."""
        return _WORDS[self.expectation.expected]

    @property
    def found(self) -> str:
        """What was found, in words."""
        verdict = self.verdict
        if not self.anchored:
            return f"{_WORDS[verdict.result]}, but {self.expectation.anchor}"
        if verdict.reason:
            return f"{_WORDS[verdict.result]}: {verdict.reason}"
        said, _, more = outcome(verdict).partition(": ")
        return f"{_WORDS[verdict.result]}: {more or said}"

    @property
    def headline(self) -> str:
        """What was asked, in one line."""
        asked = self.expectation
        where = f" in {asked.world}" if asked.world else ""
        return f"{asked.property} with {asked.design or 'the baseline'} against {asked.attacker}{where}"

    @property
    def difference(self) -> str:
        """Expected and found in one line."""
        return f"expected: {self.expected}; found: {self.found}"

    @property
    def command(self) -> str:
        """How to see it for oneself."""
        return command("verdict", self.expectation.property, self.expectation.config, model=self.expectation.model)

    def evidence(self) -> Iterator[str]:
        """The chart of the run that was found, or the rules that leave no such run."""
        if self.verdict.trace is not None:
            yield from text(chart(self.verdict.trace, ending(self.verdict.property))).splitlines()
        else:
            yield self.verdict.reach
            yield from blocking_lines(self.verdict)

    def to_json(self) -> dict[str, Any]:
        """The outcome as data."""
        asked = self.expectation
        return {
            "file": str(asked.file),
            "line": asked.place.line,
            "name": asked.name,
            "because": asked.because,
            "status": self.status,
            "expected": asked.expected,
            "cached": self.cached,
            **self.verdict.to_json(),
        }


def evaluate(
    expectations: Sequence[Expectation], cache: Cache | None, workers: int, timeout: float | None
) -> Iterator[Checked]:
    """What becomes of each expectation, in order, as it is found. The same question is asked once.

    Raises:
        ReplayError: the machine does not confirm a trace; nothing that was found may be trusted then.
    """
    asked = [Question(one.property, one.configuration, timeout, one.model) for one in expectations]
    known = {question: cache.get(question) if cache else None for question in asked}
    missing = [question for question, found in known.items() if found is None]
    replies = answers(missing, workers, singly=True) if missing else iter(())
    fresh = set(missing)
    for expectation, question in zip(expectations, asked, strict=True):
        found = known[question]
        if found is None:
            data = next(replies).data
            if cache:
                cache.put(question, data)
            found = known[question] = verdict(question, data)
        anchor = expectation.anchor
        yield Checked(expectation, found, question not in fresh, anchor is None or anchor.stands)


def lines(found: Checked, chart: bool = True) -> Iterator[str]:
    """What has flipped (or is not known) as a person reads it."""
    asked = found.expectation
    yield f"{asked.file}:{asked.place.line}: {found.status}: {asked.name}"
    yield f"  {found.headline}"
    if asked.because:
        yield from wrapped(f"expected because {asked.because}", 2)
    yield f"  - {found.expected}"
    yield f"  + {found.found}"
    if chart or found.verdict.trace is None:
        yield ""
        yield from (f"    {line}".rstrip() for line in found.evidence())
    else:
        yield f"  see {found.command}"
    yield ""


def path_in_repository(path: Path) -> str:
    """A path as the tools of a repository know it: relative to the checkout, if it is in there."""
    checkout = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    absolute = path.resolve()
    return (absolute.relative_to(checkout) if absolute.is_relative_to(checkout) else absolute).as_posix()


def summary(found: Iterable[Checked]) -> str:
    """How many of each, in one line."""
    listed = list(found)
    counts = Counter(one.status for one in listed)
    cached = sum(one.cached for one in listed)
    words = ", ".join(f"{counts[status]} {status}" for status in get_args(Status) if counts[status])
    plural = "" if len(listed) == 1 else "s"
    return f"{len(listed)} expectation{plural}: {words}" + (f" ({cached} known already)" if cached else "")
