"""Named conditions: what a guard is made of.

A rule is a pure function that returns a truth value. The decorator gives it a name (``client.iss_matches``),
the ids of the catalogue it carries and its source section; calling it yields a :class:`Named`, so that a
guard that fails can say which condition refused, and a proof can say which condition blocked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import NamedTuple, ParamSpec, cast

from model.logic import Condition
from model.switching import Choices

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the protocol: who obeys it, at which step, by which section.

    ``otherwise``: the switch by which a client that meets a message that breaks it may do something else than give up.
    """

    name: str
    ids: tuple[str, ...]
    source: str
    requirement: str
    otherwise: str = ""


class Named(NamedTuple):
    """One conjunct of a guard: the rule and its truth value in some reading."""

    rule: Rule
    holds: Condition


RULES: dict[str, Rule] = {}
#: What decides each rule, of these and of conduct, where a variant may take its place (:mod:`model.extension`).
DECIDES: dict[str, Callable[..., Condition]] = {}
#: Rules that only conversations with real parties read (:mod:`model.conduct`); no world is large enough for them.
CONDUCT: dict[str, Rule] = {}
#: Rules that only resource servers that are driven are asked about (:mod:`model.serving`).
SERVING: dict[str, Rule] = {}

#: What a rule's first parameter is called: the design of the party that asks it, or the context in which a draft does.
_WHOSE = ("design", "policy", "c")
#: What modules that are not named after an actor are about, and where their rules are kept.
_ASIDE = {"conduct": ("client", CONDUCT), "serving": ("resource_server", SERVING)}


def rule(*ids: str, source: str, otherwise: str = "") -> Callable[[Callable[P, Condition]], Callable[P, Named]]:
    """Make a function a rule; its docstring's first line is the requirement in plain words.

    Its actor is named by the module, but for those that are about what no world holds (``_ASIDE``).
    """

    def decorate(function: Callable[P, Condition]) -> Callable[P, Named]:
        module = function.__module__.rpartition(".")[2]
        actor, among = _ASIDE.get(module, (module, RULES))
        described, read = made(actor, function, ids, source, otherwise)
        if described.name in DECIDES:
            raise ValueError(f"two rules named {described.name}")
        among[described.name], DECIDES[described.name] = described, function
        return read

    return decorate


def made(
    actor: str, function: Callable[P, Condition], ids: tuple[str, ...], source: str, otherwise: str = ""
) -> tuple[Rule, Callable[P, Named]]:
    """A function as a rule of an actor's, and how it is asked: the model of its first argument has variants of it."""
    requirement = (function.__doc__ or "").strip().partition("\n")[0]
    described = Rule(f"{actor}.{function.__name__}", ids, source, requirement, otherwise)

    whose = next(iter(signature(function).parameters), "")
    if whose not in _WHOSE:
        raise ValueError(f"rule {described.name}: its first parameter is no design of somebody, which says the model")

    @wraps(function)
    def read(*args: P.args, **kwargs: P.kwargs) -> Named:
        policy = cast(Choices, args[0] if args else kwargs[whose])
        return Named(described, policy.model.variants.get(described.name, function)(*args, **kwargs))

    return described, read
