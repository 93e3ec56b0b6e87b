"""What is played for one run of a client: a scenario with its source, and how responses travel."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from conformance.message import Manner
from model import scenario
from model.scenario import Scenario
from model.trace import Trace

Source = Literal["catalogue", "attack", "mutation", "word", "pair", "file"]


@dataclass(frozen=True, slots=True)
class Twist:
    """How one message travels, where that is not as HTTP has it.

    Attributes:
        message: the message that is twisted.
        raw: a body in place of the honest one.
    """

    message: str
    manner: Manner = "whole"
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that is seen where an attack succeeds.

    Attributes:
        at: where it arrives, as the beginning of a URL.
        names: the values that the client gives away there, such as ``code`` and ``access_token``, any of which will do;
            or the request itself, where sending it is the harm: ``server_metadata``, ``authorize`` or ``call``; or
            ``account``, a token for the attacker's own account. Of what an honest party does: ``redeemed``, a user's
            code by somebody else than the session that it is for; ``served``, the attacker with a user's token.
    """

    at: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """A property that an attack trace violates, and all that is seen when it does.

    ``expected``: the trace runs under the client's own design, not only under a weaker one.
    """

    violates: str
    signs: tuple[Sign, ...]
    expected: bool = False


#: The place of an act that is none: what the attacker asked the honest AS for itself.
ALONE = -1


@dataclass(frozen=True, slots=True)
class Act:
    """One session at the client: a process of its own, with a store of its own.

    Attributes:
        whose: whose session it is, the ``user``'s or the attacker's.
        approves: who opens its authorization request.
        code: whose code comes back, by the place of the act; ``None``: nothing does.
        state: whose state; ``None``: none.
        spliced: what the attacker asks for by itself carries this session's challenge.
        read: the attacker reads the code that the AS issues.
    """

    whose: str
    approves: str
    code: int | None
    state: int | None
    spliced: bool = False
    read: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """What the attacker does at an honest party when the client has come to its end, with all that it has got.

    It redeems codes at a token endpoint, or presents tokens at a resource.
    """

    kind: Literal["redeem", "present"]
    at: str


@dataclass(frozen=True, slots=True)
class Play:
    """One scenario and where it comes from.

    Attributes:
        name: unique among all plays.
        source: ``catalogue`` (the data file of the model), ``attack`` (a trace of the solver), ``mutation``,
            ``word`` (a row of answers, :mod:`conformance.words`), ``pair`` (two scenarios at once), or ``file`` (a
            scenario of the user's).
        about: in words.
        stated: for those that the model does not know by name, the changes to the honest world, as the data file
            states them.
        attacks: what was violated in the attack traces that look so to the client.
        acts: the sessions, one after the other; none: one of the user's in which all goes its way.
        deeds: what the attacker goes on to do.
        given: ``account``: the attacker's AS answers with a token for an account of the attacker's at the honest one.
        deployment: switches of the honest parties that the attack depends on.
        bounce: the attacker's AS sends the browser on to the honest one, with the challenge it got (``same``) or
            with one of its ``own``; or the attacker approves there with an ``account`` of its own, and answers with
            the code that it gets.
        parties: origins beside those that every scenario has.
        trace: the first of those traces.
    """

    name: str
    source: Source
    about: str
    stated: Mapping[str, Any] = field(default_factory=dict)
    twist: Twist | None = None
    attacks: tuple[Violation, ...] = ()
    bounce: str = ""
    acts: tuple[Act, ...] = ()
    deeds: tuple[Deed, ...] = ()
    given: str = ""
    deployment: Mapping[str, str] = field(default_factory=dict)
    parties: tuple[str, ...] = ()
    trace: Trace | None = None

    def scenario(self, origins: Mapping[str, str]) -> Scenario:
        """The scenario with the parties at these origins."""
        if (self.source == "pair" and not self.stated) or self.name in (*scenario.names(), *scenario.mutation_names()):
            return scenario.load(self.name, origins)
        return scenario.assemble(self.name, {"about": self.about, **self.stated}, origins)


def catalogue() -> list[Play]:
    """The scenarios of the model's data file."""
    return [Play(one.name, "catalogue", one.about) for one in scenario.load_all()]


def of_file(path: Path) -> list[Play]:
    """The scenarios of a file of the user's (raises ScenarioError)."""
    return [Play(name, "file", str(told["about"]), told) for name, told in scenario.of_file(path).items()]


#: How large a document is that is larger than anybody needs, in bytes.
HUGE = 10_000_000


def mutations() -> list[Play]:
    """Systematic mutations of honest answers: one field, or the way one message travels, differs at a time.

    Mutations of fields are the model's (:mod:`model.mutations`); how messages travel is a matter of the wire.
    """
    fields = map(scenario.load, scenario.mutation_names())
    return [*(Play(one.name, "mutation", one.about) for one in fields), *_travels()]


def _travels() -> Iterator[Play]:
    messages = ("resource_metadata", "server_metadata", "registration_response", "token_response", "resource_response")
    twists = {
        "not_json": Twist("", raw=b"<html>not JSON</html>"),
        "half_json": Twist("", raw=b'{"issuer": "'),
        "deep_json": Twist("", raw=b"[" * 100_000),
        "json_list": Twist("", raw=b"[]"),
        "not_utf8": Twist("", raw=b'{"issuer": "\xff\xfe"}'),
        "huge": Twist("", raw=b'{"padding": "' + b"x" * HUGE + b'"}'),
        "html_type": Twist("", headers={"Content-Type": "text/html"}),
        "drip": Twist("", "drip"),
        "endless": Twist("", "endless"),
        "cut": Twist("", "cut"),
        "garbage": Twist("", "garbage"),
    }
    for message in messages:
        for kind, twist in twists.items():
            made = Twist(message, twist.manner, twist.raw, twist.headers)
            yield Play(f"mutation_{message}.{kind}", "mutation", f"the {message} is {kind}", twist=made)
