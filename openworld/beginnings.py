"""Today's verdicts of a design as a file of expectations, to prune and to keep."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from model.design import Configuration, parse
from model.errors import hint
from model.model import Model, oauth
from model.named_designs import FORMERLY
from model.switches import ConfigurationError
from properties.attackers import every_attacker
from properties.checker import Checker
from properties.results import Result
from properties.security import every_property

#: The list of an entry that a verdict stands in.
_LISTS: dict[Result, str] = {
    "safe": "holds", "attack": "fails", "not_in_this_world": "not_in_this_world", "reached": "reached",
    "not_reached": "not_reached",
}  # fmt: skip


def expectations(
    design: str, model: Model = oauth(), told: Callable[[int, int, str], None] = lambda *_: None
) -> Iterator[str]:
    """The lines of a file for `openworld check` with what is the case today for a named design: security against every
    named attacker, attackers for whom all is alike in one entry, and what honest parties get done. ``told`` is called
    with how many attackers of how many were asked about, and what the last of them breaks.

    Raises:
        ConfigurationError: there is no such design.
        KeyboardInterrupt: on Ctrl-C, after the lines of what is known by then.
    """
    design = FORMERLY.get(design, design)
    if design not in model.designs:
        raise ConfigurationError(f"unknown design {design!r}{hint(design, model.designs)}")
    yield f"# What is the case today with {design}: prune it to what you mean to promise, and say why (because, quote)."
    checker, alike = Checker(by_design=True), dict[str, list[str]]()
    attackers = every_attacker(model)
    stopped = None
    try:
        for number, attacker in enumerate(attackers.values(), 1):
            configuration = parse(f"design={design};cap={attacker.capabilities}", model)
            kinds = ("security", "utility") if not configuration.capabilities else ("security",)
            results = _results(checker, configuration, kinds)
            broken = [name for name, result in results.items() if result == "attack"]
            told(
                number, len(attackers), f"against {attacker.capabilities}: fails {', '.join(broken)}" if broken else ""
            )
            found = "\n".join(_lists(results))
            alike.setdefault(found, []).append(attacker.capabilities)
    except KeyboardInterrupt as error:
        stopped = error
        asked = sum(map(len, alike.values()))
        yield f"# Stopped: {asked} of {len(attackers)} attackers were asked about."
    for found, against in alike.items():
        yield from ("", "[[expect]]", f"design = {json.dumps(design)}", f"against = {json.dumps(against)}", found)
    if stopped is not None:
        raise stopped


def _results(checker: Checker, configuration: Configuration, kinds: Iterable[str]) -> dict[str, Result]:
    asked = (prop for prop in every_property(configuration.model).values() if prop.kind in kinds)
    return {prop.name: checker.result(prop, configuration) for prop in asked}


def _lists(results: Mapping[str, Result]) -> Iterator[str]:
    for result, key in _LISTS.items():
        listed = [name for name, found in results.items() if found == result]
        if listed:
            yield f"{key} = [\n" + "".join(f"    {json.dumps(name)},\n" for name in listed) + "]"
