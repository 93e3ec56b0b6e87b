"""What assistants are answered: models of which the fields are those of a command's JSON that fit into a conversation.

The output schemas of the tools are theirs.
"""

from typing import Any

from pydantic import BaseModel, Field

from openworld.check import Status
from properties.results import Result


class FoundJson(BaseModel):
    """A verdict: the data of `openworld verdict --format json`, without the run."""

    property: str
    configuration: str
    attacker: str
    world: str
    verdict: Result
    reason: str
    not_read: list[str]
    reach: str
    steps: int | None
    blocked_by: list[str]
    blocked_by_minimal: bool
    sources: dict[str, str] = Field(description="The section behind each rule that blocks.")


class AnswerJson(FoundJson):
    """The same with what it rests on, in words, and how to get it again."""

    rests_on: list[str]
    elsewhere: dict[str, Result] = Field(description="Larger worlds that were asked as well.")
    outcome: str
    command: str
    link: str
    question: str = Field(description="A digest of the question.")
    software: str


class DrawingJson(BaseModel):
    """A chart of the run, or the verdict where there is none to draw."""

    verdict: Result
    outcome: str
    drawing: str | None
    command: str


class FlipJson(BaseModel):
    """What is not the same for two designs, against whom, and why."""

    environment: str
    property: str
    attackers: list[str]
    before: Result
    after: Result
    steps: int | None
    better: bool
    changes: list[dict[str, tuple[str, str]]] = Field(description="Minimal sets of changes, each of which flips it.")
    refused_by: str
    command: str


class ComparisonJson(BaseModel):
    """All that flips from the first design to the second: the data of `openworld diff --format json`."""

    first: str
    second: str
    questions: int
    undecided: int = Field(description="Questions of which nobody knows whether they flip.")
    flips: list[FlipJson]


class WordJson(BaseModel):
    """A name and its meaning, as `openworld list words --format json` has it."""

    kind: str
    name: str
    words: str
    meaning: str
    source: str
    values: list[tuple[str, str]]
    code: str


class WordsJson(BaseModel):
    """What a word may mean."""

    entries: list[WordJson]


class ClientJson(BaseModel):
    """How a client gets on: where it ends, by which rule and section."""

    stage: str
    rule: str | None
    source: str | None
    about: str
    before: list[str] = Field(description="Rules that refused something, after which it went on elsewhere.")
    not_measured: list[str] = Field(description="Switches that nobody measured, and that would have it otherwise.")
    not_sure: str = Field(description="Why this is not sure, where it is not.")


class ChangeJson(BaseModel):
    """Another value of a field of a document; without a name another document."""

    url: str
    name: str
    value: Any


class ServedJson(BaseModel):
    """How clients get on with what is served: the data of `openworld serves --format json`, and what stages mean."""

    url: str
    clients: dict[str, ClientJson]
    assumed_absent: list[str]
    smallest_changes: list[list[ChangeJson]] = Field(description="Each lets in all clients that any change lets in.")
    let_in: list[str]
    stages: dict[str, str]


class CheckedJson(FoundJson):
    """An expectation and what was found."""

    file: str
    line: int
    name: str
    because: str
    status: Status
    expected: Result


class ExpectationsJson(BaseModel):
    """All expectations of a file: the data of `openworld check --format json`."""

    expectations: list[CheckedJson]
