"""Two designs side by side: what flips between them, against whom, in which environment, and why.

Every property is asked of both designs, against every attacker, in every environment; what comes out the same is not
told. A flip is between a run that is there and none: what holds for want of an attack counts as holding. Where one of
the two is not known, or both, there may be a flip or not, which is said, and why is not looked into.
"""

import builtins
import json
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from model.chart import chart, mermaid
from model.design import Configuration, named_switches, own_switches, parse, parse_capabilities, parse_switches
from model.errors import hint
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from model.protocols import rules
from model.refusal import stopped
from model.switches import ConfigurationError
from openworld.show import command, ending
from openworld.width import marked
from properties.attackers import FORMERLY, called, every_attacker
from properties.checker import kept
from properties.explain import Changes, flipping, refusal
from properties.reads import askable, check_read
from properties.results import happens
from properties.security import every_property, find
from simulations.processes import in_order

#: Questions that one worker is given at once.
BATCH = 24


class Compared(NamedTuple):
    """A property of both designs, against one attacker in one environment; configurations as text."""

    environment: str
    attacker: str
    property: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Flip:
    """What is not the same.

    Attributes:
        attackers: against whom it flips, in the order asked.
        before, after: the results for the first design and the second.
        steps: of the run that one of them has.
        changes: sets of changes from the first design to the second that flip it, no less of which does.
        refused_by: the rule that keeps the other from having that run, its source, and at which step; empty if none.
        chart: the run, for Mermaid.
        command: what draws it.
        utility: it is about what honest parties get done.
    """

    environment: str
    property: str
    attackers: tuple[str, ...]
    before: str
    after: str
    steps: int | None
    changes: tuple[Changes, ...]
    refused_by: str
    chart: str
    command: str
    utility: bool = False

    @builtins.property
    def unknown(self) -> bool:
        """Whether one of the two is not known, or both, so that it need not be a flip."""
        return "unknown" in (self.before, self.after)

    @builtins.property
    def gained(self) -> bool:
        """Whether the second design is better off: no attack any more, or honest parties get there."""
        if self.unknown:
            return False
        return happens(self.after, unknown=False) == self.utility


def check_named(text: str, model: Model = oauth()) -> None:
    """Make sure that whatever a configuration names itself is read by the world of some property.

    Raises:
        ConfigurationError: naming a switch that nothing reads.
    """
    configuration, properties = parse(text, model), every_property(model)
    for name in own_switches(text, model):
        refused = 0
        for prop in properties.values():
            try:
                check_read(prop, configuration, [name])
            except ConfigurationError:
                refused += 1
                if refused == len(properties):
                    raise


def attackers_of(named: Iterable[str], model: Model = oauth()) -> dict[str, str]:
    """Attackers by name: those that are named, or given by their capabilities; all that are known, if none is."""
    known = {name: who.capabilities for name, who in every_attacker(model).items() if who.capabilities != "none"}
    named = [FORMERLY.get(name, name) for name in named]
    for name in named:
        if not set(called(model)) & set(name.split("+")):
            raise ConfigurationError(f"unknown attacker {name!r}{hint(name, called(model))}")
    return {
        name: known.get(name) or "+".join(sorted(parse_capabilities(name, model))) or "none" for name in named
    } or known


def environments_of(named: Iterable[str], model: Model = oauth()) -> dict[str, Mapping[str, str]]:
    """The same for environments: those that are named, or given by their switches."""
    known: dict[str, Mapping[str, str]] = dict(DEPLOYMENTS)
    for name in named:
        if name not in known and "=" not in name:
            raise ConfigurationError(f"unknown environment {name!r}{hint(name, known)}, or a list of switches")
    return {name: known[name] if name in known else parse_switches(name, model) for name in named} or known


def cells(
    first: str,
    second: str,
    attackers: Mapping[str, str],
    environments: Mapping[str, Mapping[str, str]],
    model: Model = oauth(),
) -> list[Compared]:
    """All that is asked; a configuration keeps what it names, whatever the environment; a utility is asked once."""
    asked = []
    for environment, switches in environments.items():
        for prop in every_property(model).values():
            against = attackers if prop.kind == "security" else {"nobody": "none"}
            for attacker, capabilities in against.items():
                both = [_placed(each, switches, capabilities, model) for each in (first, second)]
                asked.append(Compared(environment, attacker, prop.name, *both))
    return asked


def _placed(text: str, switches: Mapping[str, str], capabilities: str, model: Model) -> str:
    read, named = parse(text, model), named_switches(text, model)
    design = read.design.but(**{name: value for name, value in switches.items() if name not in named})
    own = parse_capabilities(capabilities, model)
    return str(Configuration(design, own | (read.capabilities if capabilities != "none" else frozenset()), read.world))


def flips(
    asked: Sequence[Compared], workers: int, timeout: float | None = None, model: Model = oauth()
) -> Generator[Flip | list[str]]:
    """What flips, in the order asked; before that, for each questions that were answered what flips, in a line each."""
    batches = [(asked[start : start + BATCH], timeout, model) for start in range(0, len(asked), BATCH)]
    results: list[tuple[str, str]] = []
    with closing(in_order(_results, batches, workers)) as answered:
        for found in answered:
            answered_now = asked[len(results) : len(results) + len(found)]
            results += found
            yield [_in_short(cell, pair) for cell, pair in zip(answered_now, found, strict=True)]
    grouped: dict[object, list[tuple[Compared, tuple[str, str]]]] = {}
    for cell, pair in zip(asked, results, strict=True):
        known = "unknown" not in pair
        turned = tuple(happens(result, unknown=False) for result in pair)
        if not known or turned[0] != turned[1]:
            grouped.setdefault((cell.environment, cell.property, turned if known else pair), []).append((cell, pair))
    with closing(in_order(_explained, [(group, timeout, model) for group in grouped.values()], workers)) as explained:
        yield from explained


def _in_short(cell: Compared, pair: tuple[str, str]) -> str:
    """What flips in a line, before it is known why; empty where nothing does."""
    before, after = (happens(result, unknown=False) for result in pair)
    if before == after or "unknown" in pair:
        return ""
    return f"{cell.property}: {pair[0]} -> {pair[1]}, against {cell.attacker} in {cell.environment}"


def acts(asked: Sequence[Compared], workers: int, timeout: float | None = None, model: Model = oauth()) -> str:
    """Whether the second design refuses anything where nothing flips: the first's runs, one of each
    property in each environment.

    Without that, a change that no run meets looks like one that is in the way and can be gone around.
    """
    grouped = [(list(cells), timeout, model) for _, cells in groupby(asked, lambda cell: cell.property)]
    with closing(in_order(_refused, grouped, workers)) as answered:
        runs = [refusal for refusal in answered if refusal is not None]
    refused = Counter(filter(None, runs))
    if not runs:
        return "the first design has no run that the second could refuse"
    if not refused:
        return f"the second design refuses none of {len(runs)} runs of the first: there its changes refuse nothing"
    return (
        f"the second design refuses {refused.total()} of {len(runs)} runs of the first ({', '.join(refused)}), and "
        "another run takes their place"
    )


def _refused(batch: tuple[Sequence[Compared], float | None, Model]) -> str | None:
    """The rule that refuses the first design's run under the second; empty for none, ``None`` where there is no run."""
    cells, timeout, model = batch
    ask = kept(timeout)
    for cell in cells:
        one = parse(cell.first, model)
        if ask.result(cell.property, one) in ("attack", "reached"):
            found = ask.verdict(cell.property, one).trace
            met = None if found is None else stopped(found, parse(cell.second, model))
            return "" if met is None else met.rule.name if met.rule else met.step.action
    return None


def _results(batch: tuple[Sequence[Compared], float | None, Model]) -> list[tuple[str, str]]:
    """The results for both designs, of some questions."""
    cells, timeout, model = batch
    ask = kept(timeout)
    both = ((cell, parse(cell.first, model), parse(cell.second, model)) for cell in cells)
    return [(ask.result(cell.property, one), ask.result(cell.property, other)) for cell, one, other in both]


def _explained(batch: tuple[list[tuple[Compared, tuple[str, str]]], float | None, Model]) -> Flip:
    """Why a property flips in an environment: looked into for the first attacker against whom it does."""
    group, timeout, model = batch
    (cell, (before, after)), *_ = group
    prop, ask = find(cell.property, model), kept(timeout)
    one, other = parse(cell.first, model), parse(cell.second, model)
    attackers, utility = tuple(each.attacker for each, _ in group), prop.kind == "utility"
    if "unknown" in (before, after):
        return Flip(cell.environment, prop.name, attackers, before, after, None, (), "", "", "", utility)
    verdicts = ask.verdict(prop, one), ask.verdict(prop, other)
    shown = next((verdict for verdict in verdicts if verdict.trace is not None), None)
    refused = refusal(*verdicts)
    rule = "" if refused is None else f"{refused[0]} at step {refused[1]}"
    known = rules(model)
    source = known[refused[0]].source if refused is not None and refused[0] in known else ""
    return Flip(
        cell.environment,
        prop.name,
        attackers,
        before,
        after,
        None if shown is None else shown.steps,
        tuple(flipping(ask, prop, one, other)),
        f"{rule} [{source}]" if source else rule,
        "" if shown is None or shown.trace is None else mermaid(chart(shown.trace, ending(prop))),
        "" if shown is None else command("trace", prop.name, str(askable(prop, shown.configuration)), model=model),
        utility,
    )


# --- shown -----------------------------------------------------------------------------------------------------


def said(changes: Iterable[Changes]) -> str:
    """Sets of changes in words."""
    return ", or ".join("; ".join(f"{n}: {a} -> {b}" for n, (a, b) in each.items()) for each in changes)


def lines(found: Sequence[Flip], asked: Sequence[Compared]) -> Iterator[str]:
    """What flips, with all environments in which it does so in the same way."""
    every = list(dict.fromkeys(cell.environment for cell in asked))
    for alike in _alike(found):
        flip, where = alike[0], [each.environment for each in alike]
        steps = f" in {flip.steps} steps" if flip.steps else ""
        sign = "?" if flip.unknown else "+" if flip.gained else "-"
        yield f"{sign} {flip.property}: {flip.before} -> {flip.after}{steps}"
        yield f"    where       {_where(where, every)}"
        yield f"    against     {', '.join(flip.attackers)}"
        if flip.changes:
            yield f"    because of  {said(flip.changes)}"
        if flip.refused_by:
            yield f"    refused by  {flip.refused_by}"
        if flip.command:
            yield f"    shown by    {flip.command}"
    known = [flip for flip in found if not flip.unknown]
    better = sum(flip.gained for flip in known)
    yield f"{len(known)} flips ({better} for the better) in {len(asked)} questions to each design" + (
        f"; {undecided(found)} undecided" if undecided(found) else ""
    )


def undecided(found: Iterable[Flip]) -> int:
    """How many questions were not answered of both designs."""
    return sum(len(flip.attackers) for flip in found if flip.unknown)


def _where(found: Sequence[str], asked: Sequence[str]) -> str:
    """The environments of a flip; that there are no others is said only where every one was asked."""
    if found != asked:
        return ", ".join(found)
    if set(DEPLOYMENTS) <= set(asked):
        return "in every environment"
    return f"{', '.join(asked)} ({'all that were' if len(asked) > 1 else 'the only one'} asked)"


def _alike(found: Sequence[Flip]) -> list[list[Flip]]:
    """Flips that differ in their environment alone, together."""
    groups: dict[object, list[Flip]] = {}
    for flip in found:
        same = replace(flip, environment="", chart="", command="")
        groups.setdefault(str(same), []).append(flip)
    return list(groups.values())


def markdown(found: Sequence[Flip], first: str, second: str) -> str:
    """The flips as a table for an issue or a review."""
    head = [
        f"From `{first}` to `{second}`:",
        "",
        "| environment | property | before | after | against | because of | refused by |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| {f.environment} | {f.property} | {f.before} | {f.after}{f' in {f.steps} steps' if f.steps else ''} | "
        f"{', '.join(f.attackers)} | {marked(said(f.changes))} | {marked(f.refused_by)} |"
        for f in found
    ]
    return "\n".join([*head, *rows, ""]) if rows else f"Nothing flips from `{first}` to `{second}`.\n"


def as_json(found: Sequence[Flip], first: str, second: str, asked: int) -> str:
    """The flips as data."""
    data = {
        "first": first,
        "second": second,
        "questions": asked,
        "undecided": undecided(found),
        "flips": [
            {
                "environment": f.environment,
                "property": f.property,
                "attackers": list(f.attackers),
                "before": f.before,
                "after": f.after,
                "steps": f.steps,
                "better": f.gained,
                "changes": [{name: list(change) for name, change in each.items()} for each in f.changes],
                "refused_by": f.refused_by,
                "command": f.command,
            }
            for f in found
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
