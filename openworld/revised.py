"""What a change of a draft's text does to what rests on its sentences: rules that change, and verdicts that flip.

A sentence is found again by its words, whatever the markup. One that has changed is its nearest likeness, so that the
sentences of ``model/data/quotes.csv`` need not be those of the version that somebody works on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import escape
from typing import NamedTuple

from model.design import parse
from model.drafts import BUILDS_ON, PROFILES, Obligation, Quote, quotes, requirements
from model.errors import InputError, hint
from model.model import Model, oauth
from model.named_designs import NAMED_DESIGNS
from model.switches import ConfigurationError
from openworld.check import Checked
from openworld.diff import Compared, Flip, cells
from openworld.expectations import Expectation, nearest, sentences
from openworld.width import MOST, filled, marked
from properties.reads import check_read
from properties.security import find

#: Found in the comment of a pull request, which so is edited the next time.
MARKER = "<!-- openworld check --since -->"
#: GitHub takes comments of at most 65,536 characters.
_MOST = 60_000
_LEVELS = {
    "MUST NOT": 3, "MUST": 3, "SHALL NOT": 3, "SHALL": 3, "REQUIRED": 3, "SHOULD NOT": 2, "SHOULD": 2,
    "NOT RECOMMENDED": 2, "RECOMMENDED": 2, "MAY": 1, "OPTIONAL": 1,
}  # fmt: skip
_KEYWORD = re.compile(rf"\b(?:{'|'.join(_LEVELS)})\b")
_REFERENCE = re.compile(r"(?:[Ss]ection|[Aa]ppendix) [A-Z\d](?:[.\d]*\d)?\b|\bRFC ?\d+|\bI-D\.[\w.-]*\w")
_MARKUP = re.compile(r"<[^<>]*>|(?<=\])\([^()\s]*\)|\*\*")


@dataclass(frozen=True, slots=True)
class Altered:
    """A sentence that changed, and what rests on it.

    Attributes:
        old, new: as the text has them; empty where it has none.
        quotes: the sentences of the catalogue's rows that it is.
        resting: the expectations that quote it.
    """

    old: str
    new: str
    quotes: tuple[Quote, ...] = ()
    resting: tuple[Expectation, ...] = ()

    @property
    def kind(self) -> str:
        """What became of it: its BCP 14 keywords before and after, or that it came, went or was reworded."""
        if not self.old or not self.new:
            return "removed" if self.old else "new"
        before, after = map(_keywords, (self.old, self.new))
        return "reworded" if before == after else f"{before} → {after}"

    @property
    def heading(self) -> str:
        """The same for a reader, who sees the keywords of what came or went."""
        return self.kind if self.old and self.new else f"{self.kind}: {_keywords(self.old or self.new)}"

    @property
    def weight(self) -> int:
        """How much less is asked than before, so that what matters most comes first."""
        return _level(self.old) - _level(self.new)


class Revised(NamedTuple):
    """What a change of a text does: quoted sentences that changed, and new ones with keywords that nothing quotes."""

    changes: list[Altered]
    strange: list[str]


def _keywords(said: str) -> str:
    return ", ".join(_KEYWORD.findall(said)) or "no keyword"


def _level(said: str) -> int:
    return max((_LEVELS[word] for word in _KEYWORD.findall(said)), default=0)


def known_as(text: str, named: str | None = None) -> str:
    """Return the name of the text of :func:`model.drafts.quotes` that a draft is: the one most of whose quotes it has.

    Raises:
        InputError: nobody quotes a text of the name.
    """
    names = dict.fromkeys(quote.text for quote in quotes())
    aliases = {name: draft.source for name, draft in PROFILES.items()}
    if named is not None:
        if (name := aliases.get(named, named)) not in names:
            raise InputError(f"no sentence of {named!r} is quoted{hint(named, [*names, *aliases])}")
        return name
    had = {_same(said) for said in sentences(text)}
    counts = {name: sum(_same(each) in had for each in _quoted(name)) for name in names}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else ""


def _quoted(name: str) -> Iterator[str]:
    return (said for quote in quotes() if quote.text == name for said in sentences(quote.quote))


def revised(before: str, after: str, name: str, resting: Iterable[Expectation] = ()) -> Revised:
    """Return what a change of a draft does to what rests on it; ``name``: which text it is, empty for none known."""
    own = frozenset(_quoted(name))
    pair = _Pair(_Text.of(before, own), _Text.of(after, own))
    found: dict[tuple[str, str], tuple[list[Quote], list[Expectation]]] = {}
    for quote in quotes():
        for both in pair.changed(quote.quote) if quote.text == name else ():
            found.setdefault(both, ([], []))[0].append(quote)
    for one in resting:
        for both in pair.changed(one.anchor.quote) if one.anchor else ():
            found.setdefault(both, ([], []))[1].append(one)
    changes = [Altered(*both, tuple(quoting), tuple(relying)) for both, (quoting, relying) in found.items()]
    strange = [pair.new.shown[each] for each in pair.fresh if each not in pair.quoted and _KEYWORD.search(each)]
    return Revised(sorted(changes, key=lambda each: (each.kind == "reworded", -each.weight)), strange)


def _same(words: str) -> tuple[str, ...]:
    """A sentence without what is no change of it: case but for keywords, punctuation, and which reference it names."""
    said = _REFERENCE.sub("", words)
    return tuple(each if each in _LEVELS else each.lower() for each in re.findall(r"\w+", said))


class _Text(NamedTuple):
    """A text: each sentence by its words, as it is shown; all of them without what is no change; other than quotes."""

    shown: dict[str, str]
    known: frozenset[tuple[str, ...]]
    others: list[str]

    @classmethod
    def of(cls, text: str, quoted: frozenset[str]) -> _Text:
        places = sentences(text).items()
        shown = {words: " ".join(_MARKUP.sub("", text[place]).split()) for words, place in places}
        return cls(shown, frozenset(map(_same, shown)), [each for each in shown if each not in quoted])

    def find(self, sentence: str) -> str:
        """A sentence, or the one that has it, or its nearest likeness; empty for none."""
        having = (each for each in self.shown if sentence in each)
        return next(having, "") or nearest(sentence, self.others) or ""


class _Pair:
    """Two versions of a text; ``fresh``: the sentences of the new one alone, ``quoted``: those that a quote is."""

    def __init__(self, old: _Text, new: _Text) -> None:
        self.old, self.new = old, new
        self.fresh = [words for words in new.shown if _same(words) not in old.known]
        self.quoted: set[str] = set()

    def changed(self, quote: str) -> Iterator[tuple[str, str]]:
        """Sentences of a quote that only one of the texts has, as both have them."""
        for part in sentences(quote):
            before, after = self.old.find(part), self.new.find(part)
            gone = bool(before) and _same(before) not in self.new.known
            if gone and after not in self.fresh:
                after = nearest(before, self.fresh) or ""
            self.quoted.add(after)
            if gone or after in self.fresh:
                yield self.old.shown[before] if gone else "", self.new.shown.get(after, "")


# --- what flips ------------------------------------------------------------------------------------------------


def lowered(changes: Iterable[Altered], model: Model = oauth()) -> dict[str, list[Compared]]:
    """Return what is asked of each obligation that a change carries: with it and without it, by what is without."""
    asked: dict[str, list[Compared]] = {}
    for quote in (quote for change in changes for quote in change.quotes):
        for each in quote.obligations:
            label = without(each, quote, model)
            if label not in asked:
                own = dict(part.split("=", 1) for part in quote.where.split(";"))
                capabilities = own.pop("cap", "none")
                profile = next((name for name, text in PROFILES.items() if text.source == quote.text), "prm_cimd")
                whole = "+".join((*BUILDS_ON.get(profile, ()), profile))
                head = f"design={profile}" if profile in NAMED_DESIGNS else f"draft={whole}"
                without_it = label.partition(";")[0]
                rest = "".join(f";{name}={value}" for name, value in own.items() if name != each.switch)
                first, second = (f"{head};{said}{rest}" for said in (f"{each.switch}={each.value}", without_it))
                every = cells(first, second, {capabilities: capabilities}, {label: {}}, model)
                asked[label] = [cell for cell in every if _reads(cell, each, model)]
    return asked


def without(obligation: Obligation, quote: Quote, model: Model = oauth()) -> str:
    """Return what a party has that does not do what is asked, and where that is asked about."""
    value = obligation.without or model.switches[obligation.switch].baseline
    return f"{obligation.switch}={value};{quote.where}"


def _reads(cell: Compared, obligation: Obligation, model: Model) -> bool:
    with suppress(ConfigurationError):
        check_read(find(cell.property, model), parse(cell.second, model), [obligation.switch])
        return True
    return False


# --- said ------------------------------------------------------------------------------------------------------


def comment(found: Revised, flipped: Iterable[Flip], checked: Sequence[Checked], model: Model = oauth()) -> str:
    """Return the comment on a pull request, in Markdown: one line where nothing changed on which something rests."""
    new = f"; {_many(len(found.strange), 'new sentence')} with BCP 14 keywords" if found.strange else ""
    if not found.changes:
        return f"{MARKER}\nopenworld: no sentence changed on which a verdict of the model rests{new}.\n"
    by_label: dict[str, list[Flip]] = {}
    for flip in flipped:
        by_label.setdefault(flip.environment, []).append(flip)
    drawn: set[str] = set()
    every = [flip for flips in by_label.values() for flip in flips]
    attacks, undecided = sum(flip.after == "attack" for flip in every), sum(flip.unknown for flip in every)
    reworded = [change.kind for change in found.changes].count("reworded")
    changed = f"{_many(len(found.changes), 'quoted sentence')} changed" + (
        f", {reworded} only in words" * bool(reworded)
    )
    head = f"{changed}; without what they ask, {_many(attacks, 'attack')}"
    said = [MARKER, f"### openworld: {head} would be back" + (f", {undecided} not decided" if undecided else "")]
    folded = False
    for number, change in enumerate(found.changes):
        if len("\n".join(said)) > _MOST:
            said += ["", f"There is no room for {len(found.changes) - number} more."]
            break
        if change.kind == "reworded" and not folded:
            said += ["", f"<details><summary>{reworded} with the same keywords</summary>"]
            folded = True
        said += ["", f"#### {change.heading}", "", f"<pre>{_word_by_word(change.old, change.new)}</pre>"]
        for label, lines in _asked(change, by_label, model).items():
            if label in drawn:
                said += ["", f"{lines[0].rstrip(':')}; see above."]
                continue
            drawn.add(label)
            said += ["", *lines, *_chart(by_label.get(label, ()), len("\n".join(said)))]
        for one in (one for one in checked if one.expectation in change.resting):
            said += ["", f"An expectation rests on it: {marked(one.headline)} {marked(one.found)}."]
    said += ["</details>"] * folded
    if found.strange:
        said += ["", f"<details><summary>{new[2:]}, which nothing quotes</summary>", ""]
        said += [*(f"<pre>{_word_by_word(each, each)}</pre>" for each in found.strange[:20]), "</details>"]
    return "\n".join(said) + "\n"


def _asked(change: Altered, flipped: Mapping[str, Sequence[Flip]], model: Model) -> dict[str, list[str]]:
    """What a sentence asks of whom, and what flips where it is not done, by what is without it."""
    said: dict[str, list[str]] = {}
    for quote in change.quotes:
        row = requirements()[quote.row]
        what = f"**{row['level']}**, {row['source']}: {marked(row['requirement'])} (`{quote.row}`)"
        if not quote.obligations:
            note = f": {marked(row['note'])}" if row["note"] else ""
            said[quote.row] = [f"{row['actor']} {what}. No verdict is asked about it{note}"]
        labels = {without(each, quote, model): each for each in quote.obligations}
        felt = [label for label in labels if flipped.get(label)]
        for label in felt or labels:
            each, flips = labels[label], flipped.get(label, ())
            heading = f"{row['actor']} {what}. With `{label.partition(';')[0]}` for `{each.switch}={each.value}`"
            said[label] = [f"{heading}{f', against `{quote.where}`:' if flips else ', nothing flips'}"]
            if flips:
                said[label] += ["", "| | property | with it | without | shown by |", "|---|---|---|---|---|"]
            for flip in flips:
                steps = f" in {_many(flip.steps, 'step')}" if flip.steps else ""
                ends = [end + steps * (end in ("attack", "reached")) for end in (flip.before, flip.after)]
                said[label].append(f"| {_sign(flip)} | {flip.property} | {' | '.join(ends)} | `{flip.command}` |")
    return said


def _sign(flip: Flip) -> str:
    """Whether it is worse without. What nothing can violate any more has not been shown to hold."""
    if flip.unknown or flip.after == "not_in_this_world":
        return "?" if flip.unknown else "–"
    return "✓" if flip.gained else "✗"


def _chart(flipped: Iterable[Flip], length: int) -> list[str]:
    """The shortest attack that is back, where there is one and a comment still has room for it."""
    attacks = [flip for flip in flipped if flip.after == "attack"]
    if not attacks:
        return []
    shown = min(attacks, key=lambda flip: flip.steps or 0)
    if length + len(shown.chart) > _MOST // 2:
        return []
    summary = f"<details><summary>{shown.property}: attack in {_many(shown.steps or 0, 'step')}</summary>"
    return ["", summary, "", f"```mermaid\n{shown.chart}```", "</details>"]


def _word_by_word(old: str, new: str) -> str:
    """Both sentences in one, in HTML: what is struck out and what is put in."""
    before, after, said = old.split(), new.split(), list[str]()
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        same = kind == "equal"
        parts = ((before[a:b], "{}" if same else "<del>{}</del>"), ([] if same else after[c:d], "<ins>{}</ins>"))
        said += [mark.format(escape(" ".join(words), quote=False)) for words, mark in parts if words]
    return "\n".join(filled(" ".join(said), MOST, 0))


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
