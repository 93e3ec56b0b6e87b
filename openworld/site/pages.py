"""A page for each property and each text: the question, the answer, a chart and what it does not show.

All of it is read from the answers found beforehand. Of a text one more question is asked: what happens under a named
design that does what it asks, if nobody does.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import quote

from model.chart import Chart, chart, text
from model.design import parse
from model.drafts import TEXTS, requirements
from model.errors import InputError
from model.model import Model
from model.texts import versions
from model.trace import from_json
from model.words import of_rule, worded
from openworld.sequence import svg
from openworld.show import ending, guarantee
from openworld.site.address import address
from openworld.site.vocabulary import KINDS
from openworld.text_pages import COVERS, lacked, not_carried, words_of
from properties.attackers import every_attacker
from properties.checker import Checker
from properties.reads import unread
from properties.security import Property, every_property

#: Questions that are tried to show what a text stops, and seconds of the solver's work on each.
TRIES, WORK = 3, 2.0
#: From a page to where questions are asked.
ASK = "../index.html"
#: What a picture need not say on a page, where the style sheet says it of all.
_DEFAULTS = (
    ' font-weight="normal"', ' font-style="normal"', ' text-anchor="start"', ' xml:space="preserve"',
    ' font-family="DejaVu Sans Mono, monospace" font-size="9.0"',
)  # fmt: skip
RESULTS = {"attack": 0, "reached": 0, "safe": 1, "not_reached": 1}


class Linked(NamedTuple):
    """Words that link to where the same is asked."""

    words: str
    link: str


@dataclass(frozen=True)
class SitePage:
    """What stands on a page.

    ``rows``: a heading, then for each of ``columns`` what stands there; ``good``: None where the answer shows neither.
    """

    path: str
    title: str
    question: str
    answer: str
    good: bool | None
    lead: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, tuple[list[Linked], ...]], ...] = ()
    caption: str = ""
    ask: str = ""
    compare: str = ""
    svg: str = ""
    text: str = ""
    asks: tuple[tuple[str, list[tuple[str, str, str]]], ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """What a preview of a link says below the title."""
        return f"{self.question} {self.answer}"


@dataclass(frozen=True)
class Beforehand:
    """The answers found beforehand, and the runs of those that have one, by design."""

    answers: dict[str, dict[str, Any]]
    runs: dict[str, dict[str, dict[str, Any]]]
    model: Model

    def of(self, prop: Property) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Each answer to a property, with design and capabilities."""
        for design, found in self.answers.items():
            for able, entries in found["answers"].items():
                if prop.name in entries and (prop.kind == "security" or able == "none"):
                    yield design, able, entries[prop.name]

    def reach(self, design: str, entry: Mapping[str, Any]) -> str:
        """How far an answer reaches."""
        return str(self.answers[design]["texts"][entry["reach"]])

    def attacker(self, able: str) -> str:
        """Words for an attacker with these capabilities."""
        named = next((name for name, who in every_attacker(self.model).items() if who.capabilities == able), able)
        return worded("attacker", named, self.model)


def pages(known: Beforehand) -> Iterator[SitePage]:
    """Every page: of each property, then of each text."""
    yield from (of_property(prop, known) for prop in every_property(known.model).values())
    yield from (of_text(name, known) for name in TEXTS)


def _ask(prop: Property, design: str, able: str, more: str = "") -> str:
    return address(prop.name, f"design={design};cap={able}{more}", ASK)


# --- a property ----------------------------------------------------------------------------------------------


def of_property(prop: Property, known: Beforehand) -> SitePage:
    """The page of a property: which named designs have it, against whom, and the shortest run."""
    security = prop.kind == "security"
    rows: dict[str, tuple[list[Linked], ...]] = {design: ([], [], []) for design in known.answers}
    for design, able, entry in known.of(prop):
        who = known.attacker(able) if security else "honest parties"
        steps = f" ({entry['steps']} steps)" if entry["steps"] else ""
        result = entry["result"]
        if result in RESULTS:
            rows[design][RESULTS[result]].append(Linked(f"{who}{steps}", _ask(prop, design, able)))
        else:
            rows[design][2].append(Linked(f"{who}: {result.replace('_', ' ')}", ""))
    ordered = sorted(rows.items(), key=lambda row: -len(row[1][0]))
    happens, withstands = sum(bool(row[0]) for row in rows.values()), sum(_withstands(row) for row in rows.values())
    counted = f"{happens} of {len(rows)} named designs"
    if security:
        held = f"{withstands} of {len(rows)} hold against every attacker asked about who could violate it"
        answer = f"{counted} can be attacked; {held}."
        columns = ("✗ Attacked where the attacker", "✓ Holds where the attacker", "Shows nothing, or not known")
    else:
        answer = f"Honest parties get there under {counted}, where everybody is as kind as can be."
        columns = ("✓ Reached by", "✗ Not reached by", "Shows nothing, or not known")
    words = guarantee(prop, known.model).rstrip(".") or prop.name
    page = SitePage(
        path=f"property/{prop.name}",
        title=_sentence(words),
        question=f"{'Which designs guarantee this' if security else 'Under which designs is this possible'}?",
        answer=answer,
        good=_good(len(rows) - happens, withstands, len(rows)) if security else _good(happens, happens, len(rows)),
        lead=(f"What {'violates' if security else 'reaches'} it: {prop.meaning}",) if security else (),
        columns=columns,
        rows=tuple((worded("design", design, known.model), row) for design, row in ordered),
    )
    return _shown(page, prop, known, _limits(prop, known))


def _good(spared: int, shown: int, of: int) -> bool | None:
    """Whether an answer is good under all designs; None where that is not shown of all, and none is bad."""
    return False if spared < of else True if shown == of else None


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _withstands(row: tuple[list[Linked], ...]) -> bool:
    return not row[0] and bool(row[1]) and not any(said.words.endswith(": unknown") for said in row[2])


def _shown(page: SitePage, prop: Property, known: Beforehand, limits: tuple[str, ...]) -> SitePage:
    """The page with the shortest run that is known of a property."""
    found = [(entry["steps"], design, able, entry) for design, able, entry in known.of(prop) if entry["steps"]]
    if not found:
        return replace(
            page, caption="There is no run to draw: none was found.", limits=limits, ask=ASK + f"#{prop.name}/"
        )
    steps, design, able, entry = min(found, key=lambda one: one[0])
    run = chart(from_json(known.runs[design][able][prop.name], model=known.model), ending(prop))
    whose = f", against an attacker who {known.attacker(able)}" if prop.kind == "security" else ""
    caption = f"The shortest of these: {steps} steps under {worded('design', design, known.model)}{whose}."
    reach = f"The chart: {known.reach(design, entry)}."
    return _drawn(replace(page, limits=(reach, *limits)), run, caption, _ask(prop, design, able))


def _drawn(page: SitePage, run: Chart, caption: str, ask: str) -> SitePage:
    drawn = svg(run)
    for default in _DEFAULTS:
        drawn = drawn.replace(default, "")
    return replace(page, svg=drawn, text=text(run).partition("\n\n")[2], caption=caption, ask=ask)


def _limits(prop: Property, known: Beforehand) -> tuple[str, ...]:
    """What the answers to a property do not show."""
    asked = {able for _, able, _ in known.of(prop)}
    able = {one for each in asked for one in each.split("+")}
    lacks = [meaning for name, meaning in known.model.capabilities.items() if name not in able]
    said = [COVERS]
    if prop.kind == "security" and lacks:
        said.append(f"No attacker was asked about here who can do this: {'; '.join(lacks)}.")
    left = [worded("design", design, known.model) for design in known.model.designs if design not in known.answers]
    if left:
        said.append(f"Not asked beforehand: {'; '.join(left)}.")
    said.append("“Not in this world” says that nothing there could violate it, which shows nothing.")
    return tuple(said)


# --- a text --------------------------------------------------------------------------------------------------


#: A property, a design, capabilities of the attacker, and what is set beside them.
_Question = tuple[Property, str, str, str]


class _Rests(NamedTuple):
    """A guarantee under a named design that rests on rules of a text."""

    prop: Property
    design: str
    able: str
    rules: tuple[str, ...]


def of_text(name: str, known: Beforehand) -> SitePage:
    """The page of a draft, an RFC or a profile: what it asks of whom, what rests on it, and what happens without."""
    draft = TEXTS[name]
    does = [design for design in known.answers if _does(design, name, known.model)]
    rests = list(_resting(name, does, known))
    kept: dict[str, tuple[list[Linked], ...]] = {}
    for each in rests:
        row = kept.setdefault(_sentence(guarantee(each.prop, known.model).rstrip(".") or each.prop.name), ([], []))
        words = f"{worded('design', each.design, known.model)}; attacker {known.attacker(each.able)}"
        row[0].append(Linked(words, _ask(each.prop, each.design, each.able)))
        there = {said.words for said in row[1]}
        row[1].extend(Linked(said, "") for rule in each.rules if (said := of_rule(rule, known.model)) not in there)
    by_role = [
        (
            role.replace("_", " "),
            [*dict.fromkeys((each.level, words_of(each) or each.sentence, each.section) for each in draft.asked(role))],
        )
        for role in draft.roles
    ]
    doing = "; ".join(worded("design", design, known.model) for design in does) or "none of those asked beforehand"
    page = SitePage(
        path=f"draft/{name}",
        title=f"{draft.source}: {draft.meaning}",
        question="Which guarantees rest on what this text asks?",
        answer=f"Guarantees that rest on its rules under named designs: {len(kept)}."
        if kept
        else "No answer found beforehand rests on a rule of this text.",
        good=True if kept else None,
        lead=(
            f"Version read: {'; '.join(versions(draft.source).values()) or 'not on record'}.",
            f"Named designs that do all that it asks: {doing}.",
        ),
        asks=tuple(by_role),
        columns=("Under this design, against this attacker", "Its rules among those that stop the attack"),
        rows=tuple(kept.items()),
        limits=(COVERS, *_left_out(name)),
        ask=ASK,
        compare=_compared(name, known.model),
        caption="Not drawn: among the answers found beforehand, no run was found that only this text stops.",
    )
    return _stopped(page, islice(_without(name, rests, does, known), TRIES), known.model)


def _stopped(page: SitePage, asked: Iterable[_Question], model: Model) -> SitePage:
    """The page with the first attack that is found where nobody does what its text asks."""
    for prop, design, able, more in asked:
        with suppress(InputError):
            question = parse(f"design={design};cap={able}{more}", model)
            found = Checker(work=WORK, by_design=True).verdict(prop, question)
            if found.result == "attack" and found.trace:
                harm = worded("harm", prop.name, model)
                caption = (
                    f"Under {worded('design', design, model)}, if nobody does what this text asks: {harm}, in "
                    f"{found.steps} steps. With the text there is no such attack."
                )
                made = replace(page, limits=(f"The chart: {found.reach}.", *page.limits))
                return _drawn(made, chart(found.trace, ending(prop)), caption, _ask(prop, design, able, more))
    return page


def _compared(name: str, model: Model) -> str:
    """Where the page compares two designs: nobody does what the text asks, and all do."""
    head, lacking = lacked(name)
    design = parse(head, model).design
    named = [name for name in (*design.changes(), *(each.switch for each in lacking)) if _shows(name, model)]
    done = {switch: design[switch] for switch in named}
    undone = done | {each.switch: value for each, value in lacking.items() if each.switch in done}
    sides = (";".join(f"{switch}={value}" for switch, value in side.items()) for side in (undone, done))
    return f"{ASK}#{quote('/'.join(('diff', *sides)), safe='/=;+,:.@')}"


def _shows(switch: str, model: Model) -> bool:
    """Whether the page has a switch."""
    return model.switches[switch].in_worlds and model.switches[switch].kind in KINDS


def _does(design: str, name: str, model: Model) -> bool:
    has = parse(f"design={design}", model).design
    return all(has[each.switch] == each.value for each in TEXTS[name].obligations)


def _resting(name: str, does: list[str], known: Beforehand) -> Iterator[_Rests]:
    """What rests on rules that carry what a text asks, under designs that do all of it."""
    rows = {each.row for each in TEXTS[name].obligations}
    carried = {one.strip() for row in rows for one in requirements()[row]["carried_by"].split(";")}
    own = {one.removeprefix("rule:") for one in carried if one.startswith("rule:")}
    for prop in every_property(known.model).values():
        for design, able, entry in known.of(prop):
            rules = tuple(rule for rule in entry["blocked_by"] if rule in own)
            if design in does and entry["result"] == "safe" and entry["minimal"] and rules:
                yield _Rests(prop, design, able, rules)


def _without(
    name: str, rests: list[_Rests], does: list[str], known: Beforehand
) -> Iterator[tuple[Property, str, str, str]]:
    """Questions that may show what a text stops: first those that rest on its rules, one of each property."""
    safe = [
        (prop, design, able)
        for prop in every_property(known.model).values()
        for design, able, entry in known.of(prop)
        if design in does and entry["result"] == "safe" and prop.kind == "security" and able != "none"
    ]
    # What is attacked under a design without the text is the likelier to rest on it.
    elsewhere = {
        (prop.name, able)
        for prop, *_ in safe
        for design, able, entry in known.of(prop)
        if design not in does and entry["result"] == "attack"
    }
    safe.sort(key=lambda each: (each[0].name, each[2]) not in elsewhere)
    first: dict[str, tuple[Property, str, str]] = {}
    for each in (*((one.prop, one.design, one.able) for one in rests if one.able != "none"), *safe):
        first.setdefault(each[0].name, each)
    undone = {each.switch: value for each, value in lacked(name)[1].items()}
    for prop, design, able in first.values():
        about = f"design={design};cap={able}"
        configuration = parse(about, known.model)
        idle = unread(prop.world_of(configuration))
        named = {switch: value for switch, value in undone.items() if switch not in idle}
        if any(configuration.design[switch] != value for switch, value in named.items()):
            yield prop, design, able, "".join(f";{switch}={value}" for switch, value in named.items())


def _left_out(name: str) -> Iterator[str]:
    rows = not_carried(name)
    if rows:
        said = "; ".join(f"{row['requirement']} [{row['source']}]" for row in rows)
        yield f"Of this text, {len(rows)} rows of our catalogue are not in the model: {said}."
