"""Verdicts, designs and rules in words. Importing it costs next to nothing."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from model.design import parse
from model.drafts import TEXTS, paths
from model.model import Model, oauth
from model.protocols import rules
from model.rule import Rule
from model.switches import Switch
from model.words import worded
from openworld.width import wrapped
from properties.attackers import of_bcp
from properties.completion import FINISHING, finishes_here
from properties.events import is_said
from properties.narrowings import narrowings
from properties.results import length

if TYPE_CHECKING:
    import pandas

    from properties.certificate import Certificate, Finding
    from properties.explain import Difference
    from properties.security import Property
    from properties.unbounded import AnyNumber
    from properties.verdict import Verdict


def command(*words: object, model: Model = oauth()) -> str:
    """A command of this suite, quoted for a shell to be copied into; with the drafts of a model."""
    drafts = [part for file in model.files for part in ("--with", os.path.relpath(file))]
    return shlex.join(["openworld", *map(str, words), *drafts])


def ending(prop: Property) -> str:
    """What the last step of a trace shows, in words, and which property that is."""
    return f"{prop.meaning.removesuffix('.')} ({prop.name})"


def outcome(verdict: Verdict) -> str:
    """The result in a few words, and of a safe one what was not looked at, and whether honest parties finish there."""
    return {
        "attack": f"attack in {length(verdict.steps)}",
        "safe": safe(verdict.not_read) + _finishing(verdict),
        "not_in_this_world": "not in this world: this does not show that it holds",
        "reached": f"reached: such a run exists, in {length(verdict.steps)}",
        "not_reached": "not reached: no such run exists",
        "unknown": "unknown: neither that it is so nor that it is not",
    }[verdict.result]


def _finishing(verdict: Verdict) -> str:
    """Whether honest parties finish in the environment that was asked about; who gets nowhere is safe and no use."""
    use = verdict.property.use
    if verdict.result != "safe" or not is_said(use, verdict.world):
        return ""
    finished, stuck = FINISHING[use]
    here = finishes_here(verdict.world, verdict.configuration.design, use)
    return f", and {finished}" if here else f", but {stuck}"


def safe(not_read: Collection[str]) -> str:
    """That a property holds, as far as what is known of the client was read."""
    if not not_read:
        return "safe: no attack exists"
    counted = f"{len(not_read)} measured switch{'es were' if len(not_read) > 1 else ' was'}"
    return f"safe, but {counted} not read: {', '.join(not_read)}"


def asked(prop: Property, model: Model) -> Iterator[str]:
    """A property as a person reads it: what it guarantees, and of a security property what would violate it."""
    name, said = f"{prop.name} ({prop.code})", guarantee(prop, model)
    yield from entry("property", f"{name}: {said}" if said else name)
    if prop.kind == "security":
        yield from entry("violated if", prop.meaning)


def guarantee(prop: Property, model: Model) -> str:
    """What a property guarantees; nothing where a draft has no words for that."""
    said = worded("property", prop.name, model)
    return prop.meaning if prop.kind == "utility" else said if said != prop.name else ""


def certificate_lines(made: Certificate, found: Iterable[Finding], trusted: Iterable[str]) -> Iterator[str]:
    """What was found of a certificate, and what is left to be trusted."""
    yield from asked(made.property, made.configuration.model)
    yield from entry("config", str(made.configuration))
    yield from entry("claimed", f"{made.result.replace('_', ' ')}, in world {made.world.name}")
    for each in found:
        yield from entry("checked" if each.holds else "REFUTED", f"{each.says} ({each.how})")
    for what in trusted:
        yield from entry("trusted", what)


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """A verdict as a person reads it, without its chart."""
    yield from asked(verdict.property, verdict.configuration.model)
    yield from entry("config", str(verdict.configuration))
    if verdict.property.kind == "security" and (attacker := of_bcp(verdict.configuration.capabilities)):
        yield from entry("attacker", attacker)
    yield from entry("verdict", outcome(verdict))
    if verdict.reason:
        yield from entry("reason", verdict.reason)
    yield from entry("reach", verdict.reach)
    if left_open := narrowings(verdict):
        yield from entry("rests on", "; ".join(left_open))
    yield from entry("time", f"{verdict.seconds:.2f} s")
    yield from blocking_lines(verdict)


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as data, with what it rests on."""
    return verdict.to_json() | {"rests_on": [*narrowings(verdict)], "elsewhere": dict(verdict.elsewhere)}


def unbounded_lines(found: AnyNumber) -> Iterator[str]:
    """What a prover found for any number of sessions and grants."""
    yield from entry("any number", found.reach)
    yield from entry("answered by", found.source)
    if found.says_little:
        yield from entry("note", "honest parties get to no accepted request there either, so that this says little")


def blocking_lines(verdict: Verdict) -> Iterator[str]:
    """The rules that leave no such run, if there are any."""
    if verdict.blocked_by:
        least = "these alone are enough, and all of them are needed for that"
        yield f"blocked by  ({least if verdict.blocked_by_minimal else 'fewer may do: there was no time to find out'})"
        for name in verdict.blocked_by:
            yield from rule_lines(rules(verdict.configuration.model)[name], ids=False)


def needed_lines(names: Collection[str] | None) -> Iterator[str]:
    """The rules that nothing else in the model makes up for."""
    if names is None:
        said = "not found out in time"
    elif names:
        which = "any one of these" if len(names) > 1 else "it"
        said = f"{', '.join(names)}: without {which} the attack is back, with all other rules of the model in force"
    else:
        said = "none: another rule of the model can replace each of them"
    yield from entry("needed", said)


def entry(name: str, words: str) -> list[str]:
    """What is said of one thing, under its name."""
    return wrapped(f"{name:<11} {words}", 0, 12)


def rule_lines(rule: Rule, ids: bool = True) -> Iterator[str]:
    """A rule with its source and requirement."""
    yield f"  {rule.name}  [{rule.source}]"
    yield from wrapped(rule.requirement, 6, 6)
    if ids:
        yield from wrapped(", ".join(rule.ids), 6, 6)


def rule_json(rule: Rule) -> dict[str, Any]:
    """A rule as data."""
    return {"name": rule.name, "ids": list(rule.ids), "source": rule.source, "requirement": rule.requirement}


def design_json(name: str, model: Model = oauth()) -> dict[str, Any]:
    """A named design as data."""
    meaning, source = model.notes.get(name, ("", ""))
    changes = parse(model.designs[name], model).design.changes()
    return {"name": name, "meaning": meaning, "source": source, "changes": changes}


def design_lines(names: Iterable[str], model: Model) -> Iterator[str]:
    """Named designs with what they change."""
    for name in names:
        described = design_json(name, model)
        yield f"{name}: {described['meaning']}  [{described['source']}]"
        words = "; ".join(f"{key}={value}" for key, value in described["changes"].items())
        yield from wrapped(words or "every switch at the baseline", 4)


def draft_heading(name: str) -> str:
    """What a text is about, its source, and whom it asks anything of."""
    text = TEXTS[name]
    return f"{text.meaning}  [{text.source}]; asks {', '.join(text.roles)}"


def draft_json(name: str) -> dict[str, Any]:
    """What a text asks of each role as data."""
    text = TEXTS[name]
    asked = [
        {"role": each.role, "level": each.level, "section": each.section, "sentence": each.sentence}
        | {"switch": each.switch, "value": each.value, "row": each.row}
        for each in text.obligations
    ]
    said = {"name": name, "meaning": text.meaning, "source": text.source, "obligations": asked}
    return said | {"adopted": list(paths(name))}


def draft_lines(name: str) -> Iterator[str]:
    """The same for people."""
    yield f"{name}: {draft_heading(name)}"
    for role in TEXTS[name].roles:
        yield f"  {role}"
        for each in TEXTS[name].asked(role):
            yield f"    {each.level}  {each.switch}={each.value}  [{each.section}]"
            yield from wrapped(each.sentence, 8, 8)
    yield "adopted by one role alone, or by all"
    yield from (f"    {path}" for path in paths(name))


def switch_json(switch: Switch) -> dict[str, Any]:
    """A switch as data."""
    return {
        "name": switch.name,
        "values": list(switch.values),
        "baseline": switch.baseline,
        "kind": switch.kind,
        "meaning": switch.meaning,
        "source": switch.source,
        "roles": list(switch.roles),
    }


def switch_lines(model: Model) -> Iterator[str]:
    """Every switch with its values, the baseline marked by a star."""
    titles = {
        "mechanism": "what a design chooses",
        "environment": "what a deployment happens to be",
        "conduct": "what a client does where it is left to it, or something is missing (see `openworld clients`)",
        "serving": "the same of a resource server (see `openworld conform --resource-server`)",
        "restriction": "what a question forbids the attacker, who is free unless it is asked for; no design has them",
    }
    for kind, title in titles.items():
        yield f"{kind} switches: {title} (* baseline)"
        for switch in model.switches.values():
            if switch.kind == kind:
                values = " ".join(f"{value}*" if value == switch.baseline else value for value in switch.values)
                yield f"  {switch.name} = {values}"
                yield from wrapped(f"{switch.meaning}  [{switch.source}]", 6, 6)
                if roles := switch.roles:
                    yield f"      one party's: PARTY:{switch.name} ({' or '.join(roles)})"
    yield "world=NAME or world=FILE.toml: the world to ask in; `openworld list worlds` shows those that ship"


#: The order in which a simulation's outcomes are shown: how attempts end, then what is counted beside that.
_ENDINGS = ("success", "refused", "blocked", "diverted", "gave_up", "harm", "attainable")


def rate_lines(rates: pandas.DataFrame) -> Iterator[str]:
    """How often each outcome was seen, arm by arm, at the ends of the sweep."""
    ends = list(dict.fromkeys([rates["value"].min(), rates["value"].max()]))
    parameter, width = rates["parameter"].iloc[0], rates["arm"].str.len().max()
    where = " and where it is ".join(f"{value:g}" for value in ends)
    exact = (rates["low"] == rates["high"]).all()
    how = "exactly: all situations, none sampled" if exact else "with 95 % intervals"
    yield f"share of attempts, {how}, where {parameter} is {where}"
    if (rates["kind"] == "attainable").any():
        after = f" by strategy {rates['attacker'].iloc[0]}" if "attacker" in rates else ""
        yield f"harm: what an attacker does{after}; attainable: what some attacker could have done"
    order = {kind: place for place, kind in enumerate(_ENDINGS)}
    ranked = rates.assign(order=rates["kind"].map(lambda kind: order.get(kind, len(order))))
    for (_, kind, outcome), group in ranked.groupby(["order", "kind", "outcome"]):
        yield f"  {kind}: {outcome}"
        for arm, points in group.groupby("arm", sort=False):
            there = points.set_index("value").reindex(ends)
            bounds = ["" if exact else f" ({row.low:.2%} to {row.high:.2%}{_known(row)})" for row in there.itertuples()]
            shown = [f"{rate:7.2%}{words}" for rate, words in zip(there["rate"], bounds, strict=True)]
            if kind == "harm" and "per_accepted" in there:
                shown = [
                    f"{words}, " + (f"{each:.3g} per accepted flow" if each == each else "none accepted")
                    for words, each in zip(shown, there["per_accepted"], strict=True)
                ]
            yield f"    {arm:<{width}}  " + "   ".join(f"{words:<28}" for words in shown).rstrip()


def _known(row: Any) -> str:
    """The exact value beside what was sampled, where it is known."""
    known = getattr(row, "expected", math.nan)
    return "" if math.isnan(known) else f"; exactly {known:.2%}"


def difference_json(difference: Difference) -> dict[str, Any]:
    """What makes the difference between two configurations, as data."""
    refused = difference.refused_by
    return {
        "first": difference.first.to_json(),
        "second": difference.second.to_json(),
        "changes": {name: list(change) for name, change in difference.changes.items()},
        "other_changes": [{name: list(change) for name, change in each.items()} for each in difference.others],
        "refused_by": None if refused is None else {"rule": refused[0], "step": refused[1]},
        "flips": [list(flip) for flip in difference.flips],
    }


def difference_lines(difference: Difference) -> Iterator[str]:
    """What makes the difference between two configurations, in words."""
    for label, verdict in (("first", difference.first), ("second", difference.second)):
        yield f"{label:<12}{verdict.configuration}"
        yield f"{'':12}{outcome(verdict)}"
    if not difference.changes:
        yield f"{'difference':<12}none on {difference.first.property.name}"
    for name, (before, after) in difference.changes.items():
        yield f"{'changed by':<12}{name}: {before} -> {after}"
    for other in difference.others:
        said = "; ".join(f"{name}: {before} -> {after}" for name, (before, after) in other.items())
        yield f"{'or by':<12}{said}"
    if difference.refused_by is not None:
        rule, step = difference.refused_by
        known = rules(difference.first.configuration.model)
        source = known[rule].source if rule in known else ""
        yield f"{'refused by':<12}{rule} at step {step}  {source}".rstrip()
    for name, before, after in difference.flips:
        yield f"{'also flips':<12}{name}: {before} -> {after}"
