"""A page for a text, in one form for all: what it asks of whom, what rests on that, what it costs, what is left out.

A guarantee rests on an obligation if it holds where the whole text is done, and fails where that alone is not. An
obligation of which quotes say where it matters (``model/data/quotes.csv``) is asked there, as in the comment on a
change of it; else, and for whole texts, against the same attackers for all, and by each power that the text gives.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from model.design import Configuration, own_switches, parse
from model.drafts import BUILDS_ON, TEXTS, Obligation, paths, quotes, requirements
from model.model import oauth
from model.named_designs import DEPLOYMENTS
from model.switches import SWITCHES
from model.texts import named, versions
from model.world_file import worlds
from openworld.diff import cells
from openworld.show import command, guarantee
from openworld.width import marked
from properties.completion import finishes_here
from properties.designs import Lattice
from properties.monotone import Names, NoAnswerError
from properties.reads import askable, unread
from properties.reasons import powers
from properties.results import Result, happens
from properties.security import Property, every_property, find
from properties.variants import ALONE, Family

#: Whom every text is put to, the least able first.
AGAINST = (
    "cap=none", "cap=mal_as+mal_rs+mal_tenant", "cap=mal_client", "cap=code_leak", "cap=code_leak+lure", "cap=req_leak",
    "cap=token_leak", "cap=log_leak", "cap=mal_sub_agent;block=yes",
)  # fmt: skip


class Flips(NamedTuple):
    """A property whose result is another under a second configuration; ``idle``: safe where honest parties stop."""

    prop: Property
    before: Result
    after: Result
    commands: tuple[str, str]
    idle: bool = False
    where: str = ""

    @property
    def sign(self) -> str:
        """Which of the two is better; none where one is not known, or nothing could violate it."""
        if "unknown" in (self.before, self.after):
            return "?"
        if self.idle or "not_in_this_world" in (self.before, self.after):
            return "–"
        return "✓" if happens(self.before, unknown=False) == (self.prop.kind == "utility") else "✗"

    @property
    def guarantees(self) -> bool:
        """Whether an attack is stopped by what the first has."""
        return self.sign == "✓" and self.prop.kind == "security"


class Enough(NamedTuple):
    """Obligations of a text that are enough for a guarantee, and what else of it honest parties need to finish then."""

    done: list[Obligation]
    needed: list[Obligation]


class TextFound(NamedTuple):
    """What is found of a text.

    Attributes:
        against: whom it is put to.
        alone: by obligation, what flips where it alone is not done; ``None`` if it is done all the same.
        whole: what flips where nobody knows the text.
        first: by role, what flips between where it alone knows the text and where nobody does.
        costs: utilities that its mechanisms take from honest parties, or may, by environment.
        left: properties that are attacked with the whole text, of those that it is about, and what asks that.
        enough: by guarantee that the whole text adds, the least of what it asks that is enough whatever is done of the
            rest, each way, and what honest parties need beside it; ``None`` if that was not found in time.
    """

    name: str
    against: tuple[str, ...]
    alone: dict[Obligation, list[Flips] | None]
    whole: list[Flips]
    first: dict[str, list[Flips]]
    costs: dict[str, list[Flips]]
    left: dict[str, str]
    enough: dict[Flips, list[Enough] | None]

    @property
    def undecided(self) -> int:
        """How many questions were not answered in time."""
        every = [*self.alone.values(), self.whole, *self.first.values(), *self.costs.values()]
        late = sum(each.sign == "?" for flips in every for each in flips or ())
        return late + sum(sets is None for sets in self.enough.values())

    def row(self) -> dict[str, str]:
        """Return the line of the table that compares texts."""
        alone = [each for flips in self.alone.values() for each in flips or ()]
        losing = sum(any(each.sign != "?" for each in flips) for flips in self.costs.values())
        by_one = {each.prop.code for flips in self.first.values() for each in flips if each.guarantees}
        added = [each for each in self.whole if each.guarantees]
        return {
            **said_row(self.name),
            "text": f"[{self.name}]({self.name}.md)",
            "guarantees added": _codes(added),
            "by all roles together alone": _codes(
                each for each in added if self.first and each.prop.code not in by_one
            ),
            "guarantees that hang on one obligation": _codes(each for each in alone if each.guarantees),
            "attacked all the same": ", ".join(self.left) or "none",
            "worse with it": _codes(each for each in self.whole if each.sign == "✗"),
            "environments in which honest parties lose something": f"{losing} of {len(DEPLOYMENTS)}",
            "not decided": str(self.undecided),
        }


def said_row(name: str) -> dict[str, str]:
    """Return what that line says without an answer: what of a text is in the model, and what is not."""
    text = TEXTS[name]
    musts = sum(each.level.startswith(("MUST", "REQUIRED")) for each in text.obligations)
    read = marked("; ".join(versions(text.source).values()) or "not on record")
    return {
        "text": f"`{name}`",
        "source": text.source,
        "version read": read,
        "asks": ", ".join(map(_spaced, text.roles)),
        "MUSTs": f"{musts} of {len(text.obligations)}",
        "rows not in the model": str(len(not_carried(name))),
    }


def found(name: str, timeout: float | None = None) -> TextFound:
    """Return what is found of a text (raises KeyError for a name that no text has)."""
    text, (head, lacking) = TEXTS[name], lacked(name)
    own_values = [(each.switch, said) for each, value in lacking.items() for said in (each.value, value)]
    ask = Family(own_values, timeout)
    nobody = _but(head, lacking)
    against = (*AGAINST, *_given(head, nobody))
    alone: dict[Obligation, list[Flips] | None] = dict.fromkeys(lacking)
    for each, value in lacking.items():
        if value != each.value:
            wheres = _wheres(each, text.obligations) or against
            alone[each] = [*_flips(head, _but(head, {each: value}), wheres, ask)]
    first = {}
    for role in text.roles if len(text.roles) > 1 else ():
        others = {each: value for each, value in lacking.items() if each.role != role}
        first[role] = [*_flips(_but(head, others), nobody, against, ask)]
    own = {each: value for each, value in lacking.items() if SWITCHES[each.switch].kind == "mechanism"}
    costs: dict[str, list[Flips]] = {}
    around = [*chain.from_iterable(one.items() for one in DEPLOYMENTS.values())]
    there = Family([*own_values, *around, *((name, SWITCHES[name].baseline) for name, _ in around)], timeout)
    for cell in cells(_but(head, own), head, {}, DEPLOYMENTS):
        flip = _flip(find(cell.property), cell.first, cell.second, there)
        if flip and (flip.sign == "?" or flip.before == "reached"):
            costs.setdefault(cell.environment, []).append(flip)
    said = dict.fromkeys(where for each in lacking for where in _wheres(each, text.obligations) if ";" in where)
    whole = [*_flips(head, nobody, (*against, *said), ask)]
    enough = {each: _enough(each, head, lacking) for each in whole if each.guarantees and len(lacking) > 1}
    return TextFound(name, against, alone, whole, first, costs, dict(_left(head, nobody, against, ask)), enough)


def lacked(name: str) -> tuple[str, dict[Obligation, str]]:
    """Return a text as a configuration has it, and by obligation what a party has that does not know the text."""
    below = BUILDS_ON.get(name, ())
    asked = {each.switch: each.value for other in below for each in TEXTS[other].obligations}
    undone = {each: asked.get(each.switch, _undone(each)) for each in TEXTS[name].obligations}
    return f"draft={'+'.join((*below, name))}", undone


def not_carried(name: str) -> list[dict[str, str]]:
    """Return the rows of the catalogue from a text that nothing in the model carries."""
    texts = {*named(TEXTS[name].source)}
    rows = requirements().values()
    return [each for each in rows if not each["carried_by"] and texts.intersection(named(each["source"]))]


def beside(name: str) -> dict[str, list[str]]:
    """Return, by row of the catalogue from a text, the switches that carry it, where the text asks for none of them."""
    every, own, found = TEXTS[name].obligations, {*named(TEXTS[name].source)}, {}
    asked, told = {each.switch for each in every}, {each.row for each in every}
    for row, each in requirements().items():
        carried = [one.strip().removeprefix("switch:") for one in each["carried_by"].split(";") if "switch:" in one]
        if row not in told and carried and asked.isdisjoint(carried) and own.intersection(named(each["source"])):
            found[row] = carried
    return found


def words_of(each: Obligation) -> str:
    """Return an obligation's sentence in the text's own words; empty if they are not on record."""
    own = sorted((one for one in quotes() if one.row == each.row), key=lambda one: each not in one.obligations)
    return own[0].quote if own else ""


def _given(head: str, nobody: str) -> list[str]:
    """The attackers that have but a power with which nothing is in their hands where nobody knows the text."""
    with_it, without = (parse(each) for each in (head, nobody))
    world = find("AZ").world_of(with_it)
    return [f"cap={name}" for name in sorted(powers(world, with_it.design) - powers(world, without.design))]


def _left(head: str, nobody: str, against: Sequence[str], ask: Family) -> Iterator[tuple[str, str]]:
    """The properties that are attacked with the whole text, where their world reads something that it asks."""
    for prop in every_property().values():
        for text in (f"{head};{where}" for where in against if prop.kind == "security"):
            asked = _narrowed(prop, parse(text))
            if asked != _narrowed(prop, parse(text.replace(head, nobody))) and ask.happens(prop, asked):
                yield prop.code, _command(prop, text)
                break


def _enough(flip: Flips, head: str, lacking: Mapping[Obligation, str]) -> list[Enough] | None:
    """The smallest sets of what a text asks that are enough for a guarantee, whatever is done of the rest."""
    asked = _narrowed(flip.prop, parse(f"{head};{flip.where}"))
    design, world = asked.design, flip.prop.world_of(asked)
    open_ones = {each.switch: (each, undone) for each, undone in lacking.items() if each.value != undone}
    open_ones = {name: one for name, one in open_ones.items() if name not in unread(world)}
    around = {name: value for name, value in design.changes().items() if name not in open_ones}
    mechanisms = {name: (name, undone, each.value) for name, (each, undone) in open_ones.items()}
    around |= design.own()
    lattice = Lattice([flip.prop], asked.capabilities, around, False, mechanisms, world, asked.model)
    lattice.work = ALONE
    try:
        sets = lattice.enumerate().sufficient
    except NoAnswerError:
        return None

    def finishes(done: Names) -> bool:
        undone_ones = {name: undone for name, (_, undone) in open_ones.items() if name not in done}
        return finishes_here(world, design.but(**undone_ones), flip.prop.use)

    found = []
    for names in sets:
        parts = names, _needed(names, open_ones, finishes) - names
        found.append(Enough(*([open_ones[name][0] for name in sorted(part)] for part in parts)))
    return found


def _needed(names: Names, every: Iterable[str], finishes: Callable[[Names], bool]) -> Names:
    """These, and what has to be added to them so that honest parties finish."""
    needed = names if finishes(names) else frozenset(every)
    for name in sorted(needed - names):
        needed = needed - {name} if finishes(needed - {name}) else needed
    return needed


def _undone(each: Obligation) -> str:
    return each.without or SWITCHES[each.switch].baseline


def _but(head: str, undone: Mapping[Obligation, str]) -> str:
    return ";".join([head, *(f"{each.switch}={value}" for each, value in undone.items())])


def _wheres(asked: Obligation, every: Iterable[Obligation]) -> list[str]:
    """Against whom, and where, quotes say that it matters, but for what the text asks itself."""
    fixed = {each.switch for each in every}
    said = [quote.where for quote in quotes() if quote.where and asked in quote.obligations]
    wheres = (where.split(";") for where in said)
    return list(dict.fromkeys(";".join(p for p in w if p.partition("=")[0] not in fixed) for w in wheres))


def _flips(first: str, second: str, wheres: Iterable[str], ask: Family) -> Iterator[Flips]:
    """What flips of every property: against the first attacker that shows which is better, or else the first."""
    for prop in every_property().values():
        shown = None
        for where in wheres if prop.kind == "security" else ("cap=none",):
            flip = _flip(prop, f"{first};{where}", f"{second};{where}", ask)
            flip = flip and flip._replace(where=where)
            shown = shown or flip
            if flip and flip.sign in "✓✗":
                shown = flip
                break
        if shown:
            yield shown


def _flip(prop: Property, first: str, second: str, ask: Family) -> Flips | None:
    one, other = (_narrowed(prop, parse(each)) for each in (first, second))
    if one == other:
        return None
    known = ask.happens(prop, one)
    if known is not None and known is ask.happens(prop, other):
        return None
    before, after = ("unknown" if known is None else ask.result(prop, each) for each in (one, other))
    safe = [each for each, result in ((one, before), (other, after)) if result == "safe"]
    idle = not all(finishes_here(prop.world_of(each), each.design, prop.use) for each in safe)
    return Flips(prop, before, after, (_command(prop, first), _command(prop, second)), idle)


def _command(prop: Property, text: str) -> str:
    """What asks this, with blanks where a cell may break; written out where it names what nothing there reads."""
    configuration = parse(text)
    idle = unread(prop.world_of(configuration)).intersection(own_switches(text))
    return command("verdict", prop.code, str(askable(prop, configuration) if idle else text).replace(";", "; "))


def _narrowed(prop: Property, configuration: Configuration) -> Configuration:
    """The same question without what nothing reads where it is asked, so that it is asked once."""
    world = prop.world_of(configuration)
    elsewhere = frozenset[str]().union(*(each.capabilities for each in worlds(world.model).values()))
    able = configuration.capabilities - (elsewhere - world.capabilities)
    return askable(prop, replace(configuration, capabilities=able))


# --- said ------------------------------------------------------------------------------------------------------

#: What no page of answers shows.
COVERS = "It covers what the model has: no clock, no failures of implementations, and the few parties of a world."
_READ = (
    "✓ marks what is better with what is asked, ✗ what is better without.",
    "Where – stands, nothing could violate the property in one of the two, which shows nothing. Each property is asked",
    "in the world that claims it.",
)


def _read(against: Iterable[str], more: str = "") -> list[str]:
    return [*_READ, f"Attackers: {', '.join(f'`{each}`' for each in against)}{more}.", "", COVERS]


def page(of: TextFound) -> str:
    """Return the page of a text, in Markdown."""
    text, row, below = TEXTS[of.name], of.row(), BUILDS_ON.get(of.name, ())
    source, read = row.pop("source"), row.pop("version read")
    said = [f"# `{of.name}`: {marked(text.meaning)}", "", f"{source}; version read: {read}.", ""]
    said += [f"It builds on `{on}`, which is done in all that is asked here.\n" for on in below]
    said += _table([*row][1:], [[*row.values()][1:]])
    said += _headed("What it obliges whom to", "Below each stands what flips where it alone is not done.")
    for role in text.roles:
        said += ["", f"### {_spaced(role).capitalize()}"]
        said += [line for each in text.asked(role) for line in _obligation(each, of)]
    said += _headed("What the whole text adds", "All parties do what it asks, or none knows it.", *_told(of.whole))
    if of.left:
        said += ["", "Attacked all the same, with the whole text and nothing else:", ""]
        said += [f"* {code}: `{asked}`" for code, asked in of.left.items()]
    if of.enough:
        sets_are = "The smallest sets, whatever is done of the rest; in brackets what honest parties need as well."
        said += _headed("What of it is enough", sets_are, "")
        said += _table(["guarantee", "enough"], [[_words(each), _sets(sets)] for each, sets in of.enough.items()])
    said += _headed("Who may adopt first", f"Paths: {', '.join(f'`{path}`' for path in paths(of.name))}.")
    for role, flips in of.first.items():
        said += ["", f"The {_spaced(role)} alone does what it asks, or no party knows it.", *_told(flips)]
    lost = [
        [name, "not known" if each.sign == "?" else "lost", _words(each), f"`{each.commands[1]}`"]
        for name, flips in of.costs.items()
        for each in flips
    ]
    what = _table(["environment", "", "what honest parties do", "asked by"], lost)
    said += _headed("What its mechanisms cost honest parties", *(what if lost else ["Nothing, in any environment."]))
    others = [
        f"* {each['level']}, {each['source']} (`{row}`): {marked(each['requirement'])}. By {_named(switches)}."
        for row, switches in beside(of.name).items()
        for each in [requirements()[row]]
    ]
    if others:
        said += _headed("In the model, but not asked above", "Each can be asked by its switch.", "", *others)
    left = [
        f"* {each['level']}, {each['source']} (`{each['id']}`): {marked(each['requirement'])}. *{marked(each['note'])}*"
        for each in not_carried(of.name)
    ]
    said += _headed("Not in the model", *(left or ["A rule, a step or a switch carries each row of the catalogue."]))
    late = [f"{of.undecided} answers were given up; `--timeout 60` gives each question a minute.", ""]
    return "\n".join([*said, *_headed("How to read this", *(late if of.undecided else []), *_read(of.against)), ""])


def index(texts: Iterable[TextFound]) -> str:
    """Return the table that compares texts, in Markdown."""
    rows, how = _rows([each.row() for each in texts]), _read(AGAINST, ", and each power that a text gives")
    return "\n".join(["# Texts in one form", "", *rows, "", *how, ""])


def overview(names: Iterable[str]) -> str:
    """Return as much of that table as needs no answer, in Markdown."""
    return "\n".join([*_rows([said_row(name) for name in names]), ""])


def _obligation(each: Obligation, of: TextFound) -> list[str]:
    """An obligation in the words of the text, if they are on record, and what rests on it."""
    own, flips = words_of(each), of.alone[each]
    words = f"> {marked(own)}" if own else f"In the catalogue's words: {marked(each.sentence)}."
    what = f"**{each.level}**, {each.section} (`{each.row}`): `{each.switch}={each.value}`, undone: `{_undone(each)}`."
    if flips is None:
        return ["", what, "", words, "", "What it builds on asks the same."]
    among = {flip: [each in one.done for one in sets] for flip, sets in of.enough.items() if sets}
    needed = [flip for flip, here in among.items() if all(here)]
    one_way = [flip for flip, here in among.items() if any(here) and not all(here)]
    shared = [f"It is needed for {_codes(needed)}, against the attackers of the whole text."] if needed else []
    shared += [f"It is one way to keep {_codes(one_way)}; another part of the text does so too."] if one_way else []
    return ["", what, "", words, *(["", *shared] if shared and not flips else _told(flips))]


def _sets(sets: list[Enough] | None) -> str:
    """Sets of obligations in a cell."""
    if sets is None:
        return "not decided in time"
    listed = [[", ".join(f"`{each.switch}={each.value}`" for each in part) for part in one] for one in sets]
    return "<br>or ".join(f"{done} (and {needed})" if needed else done for done, needed in listed)


def _told(flips: list[Flips]) -> list[str]:
    """A table of what flips; what only stands still is named below it."""
    rows = [
        [
            each.sign,
            _words(each),
            _spaced(each.before),
            _spaced(each.after),
            "<br>".join(map("`{}`".format, each.commands)),
        ]
        for each in flips
        if not each.idle and each.sign != "?"
    ]
    said = [_table(["", "guarantee", "with", "without", "asked by"], rows) if rows else ["No verdict rests on it."]]
    if idle := [each for each in flips if each.idle]:
        said.append([f"Safe only where honest parties do not finish: {_codes(idle)}."])
    if late := [each for each in flips if each.sign == "?"]:
        said.append([f"Not decided in time: {_codes(late)}, as `{late[0].commands[0]}`."])
    return [line for part in said for line in ("", *part)]


def _words(flip: Flips) -> str:
    return f"{marked((guarantee(flip.prop, oauth()) or flip.prop.name).rstrip('.'))} ({flip.prop.code})"


def _codes(flips: Iterable[Flips]) -> str:
    return ", ".join(dict.fromkeys(each.prop.code for each in flips)) or "none"


def _named(switches: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in switches)


def _headed(title: str, *said: str) -> list[str]:
    return ["", f"## {title}", "", *said]


def _rows(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return _table([*rows[0]], [row.values() for row in rows])


def _table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows)]


def _spaced(name: str) -> str:
    return name.replace("_", " ")
