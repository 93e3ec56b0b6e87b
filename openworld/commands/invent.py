"""Checks that the solver proposes, in the words of a specification and as drafts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from model.chart import chart as drawn
from model.chart import text
from model.design import own_switches, parse, parse_capabilities, parse_switches
from model.errors import InputError
from model.model import Model
from openworld import proposals
from openworld.commands import completion
from openworld.commands.common import (
    DONE,
    INCONCLUSIVE,
    NOT_IN_THIS_WORLD,
    as_json,
    complain,
    loaded,
    option,
    options,
    output_option,
    tell,
    timeout_option,
    with_option,
)
from openworld.commands.completion import against_option, config_argument
from openworld.files import write
from openworld.proposals import ADDERS, RANKS, Proposed, actors, could_say, proposed, who_says
from openworld.show import command, ending
from properties.attackers import configured
from properties.candidates import FUNCTIONS, FURTHER, RELATIONS, ROLES, adder, changes
from properties.checker import Checker
from properties.invent import Invented
from properties.monotone import NoAnswerError
from properties.reads import check_read
from properties.security import find

_INVENT = (
    click.argument("names", metavar="PROPERTY[,PROPERTY...]", shell_complete=completion.properties),
    config_argument,
    against_option,
    option("--keep", "Leave honest runs alone in this environment too (`h_iss=no`); repeat it for several.", str,
           "SWITCHES", multiple=True),
    option("--by", "Who may change.  [default: everybody]", click.Choice(ROLES), multiple=True),
    option("--relation", "Beside equality, also ask for this.", click.Choice(FURTHER), multiple=True),
    option("--field", "Also what clients could add to requests and AS to answers: what they hold, draw, hash or sign."),
    option("--rank", "What comes first: few who change, few deployed parties that lose honest runs, or few checks.",
           click.Choice(tuple(RANKS)), default="roles", show_default=True),
    option("--top", "Verify and print so many sets.", click.IntRange(min=0), default=5, show_default=True),
    option("--chart/--no-chart", "Draw the attack that comes back without each check.", default=False),
    output_option("Write each proposal as a draft for --with, and how all sets compare as a figure.", folder=True),
    timeout_option,
    as_json,
    with_option,
)  # fmt: skip


@click.command("invent")
@options(*_INVENT)
def invent_(
    names: str,
    config: str,
    against: str | None,
    keep: tuple[str, ...],
    by: tuple[str, ...],
    relation: tuple[str, ...],
    field: bool,
    rank: str,
    top: int,
    chart: bool,
    output: Path | None,
    timeout: float | None,
    as_json: bool,
    model: Model,
) -> int:
    """Propose checks that make PROPERTY hold under CONFIG: all minimal sets, with no mechanism named beforehand.

    A check compares a field of a message that an honest party receives with what that party holds then, or with
    another field. With --field an AS may also add to its answers what it holds of the grant, and a client to its
    requests what it holds, draws, hashes or signs. The sets leave no attack, and leave honest runs in CONFIG and in
    each environment of --keep. They are exact and complete for the grammar that is printed.
    Sets for which fewest parties have to change come first. Each that is printed is verified by an ordinary verdict,
    and so is the attack without any one of its checks.

    \b
    openworld invent code_delivery "iss_check=off;md_issuer_check=off" --against mal_as
    openworld invent TC prm=unchecked --against mal_rs --keep api=multi_path
    openworld invent CD "iss_check=off;md_issuer_check=off;h_iss=no" --against mal_as --field
    openworld invent CB "pkce=off;pkce_as=off" --against code_leak --field
    openworld invent IA rs_trust=any --against mal_as --relation is_among
    openworld invent CD,SI "iss_check=off;state=off" --against mal_as --by client -o proposals
    """
    able = parse_capabilities(against or "none", model)
    props = [find(name.strip(), model) for name in names.split(",")]
    asked = parse(config, model) if against else configured(props[0], config, model)
    asked = replace(asked, capabilities=asked.capabilities | able)
    for prop in props:
        if prop.kind != "security":
            raise InputError(f"{prop.name} is a utility property: checks can only make a security property hold")
        check_read(prop, asked, own_switches(config, model))
    kept = [parse_switches(each, model) for each in keep]
    checker = Checker(timeout=timeout, by_design=True, patience=0.0)
    plain = [checker.verdict(prop, asked) for prop in props]
    if all(found.result in ("safe", "not_in_this_world") for found in plain):
        verdicts = {v.property.name: v.result for v in plain}
        line = f"nothing to propose: {', '.join(f'{name} is {verdict}' for name, verdict in verdicts.items())}"
        tell(as_json, {"configuration": str(asked), "proposals": [], "verdicts": verdicts}, [line])
        return DONE if "safe" in verdicts.values() else NOT_IN_THIS_WORLD
    how = command("invent", names, config, *(["--against", against] if against else []))
    try:
        found = proposed(
            props, asked, kept, relation, by or ROLES, how, field=field, rank=rank, top=top, timeout=timeout
        )
    except NoAnswerError as error:
        return complain(str(error), INCONCLUSIVE)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        for each in found.proposals:
            write(output / each.name, each.draft)
        if found.losses:
            loaded("openworld.figures.proposals.draw")(found, output / "front")
    tell(as_json, _data(found, keep), _lines(found, keep, chart, output is not None))
    return DONE if all(each.is_verified for each in found.proposals) else INCONCLUSIVE


def _lines(found: Proposed, keep: Sequence[str], chart: bool, written: bool) -> Iterator[str]:
    props, words, sets = found.properties, found.words, found.invented.sets
    yield f"property    {', '.join(f'{prop.name} ({prop.code})' for prop in props)}"
    yield f"config      {found.configuration}"
    yield f"honest runs stay in {', '.join(['CONFIG', *keep])}"
    yield from grammar(found.invented)
    total = f"{len(sets)} minimal set{'s' * (len(sets) != 1)} of checks"
    yield (
        f"verdict     {total} leave no attack; {found.invented.questions} questions asked"
        if sets
        else ("verdict     no set of such checks leaves no attack")
    )
    for number, each in enumerate(found.proposals, start=1):
        yield ""
        told = [each.state, *([each.name] if written else [])]
        yield f"{number}. {actors(changes(each.checks))} change ({'; '.join(told)})"
        for one in each.checks:
            yield f"   {words.sentence(one)}"
            fields = {each: found.fields[one, *each] for each in one.adds}
            yield from (f"      {line}" for line in who_says(found.said[one], fields, words))
            if (left := each.without[one]).trace is not None:
                yield f"      without it: an attack in {left.steps} steps; {ending(left.property)}"
                yield from (
                    f"      {line}" for line in text(drawn(left.trace, ending(left.property))).splitlines() if chart
                )
        yield f"   breaks {', '.join(each.breaks) or 'no named environment'}"
        counts = (
            f"{len(each.loses[role])} of {len(of)} measured {actors([role])}s"
            for role, of in proposals.deployed().items()
        )
        yield f"   loses honest runs with {' and '.join(counts)}"
    if len(sets) > len(found.proposals):
        yield ""
        more = len(sets) - len(found.proposals)
        yield f"{more} more set{'s' * (more > 1)}: --top prints and verifies more"


def grammar(found: Invented) -> Iterator[str]:
    """Return lines that say of what checks the sets are all that there are."""
    yield "grammar     field of a received message = value held when it arrives, or another field (if it is there)"
    used = {one.relation for one in found.asked}
    if further := [RELATIONS[name].words for name in FURTHER if name in used]:
        yield f"            and: {'; '.join(further)}"
    if functions := [words for end, words in FUNCTIONS.items() if any(one.left.endswith(end) for one in found.asked)]:
        yield f"            in the place of a field: {'; '.join(functions)} it"
    for who in ROLES:
        said = dict.fromkeys(could_say(*each) for one in found.asked for each in one.adds if adder(each[0]) == who)
        if said:
            yield f"            {ADDERS[who]} could add: {'; '.join(said)}"
    yield f"candidates  {len(found.asked)}: {len(found.unchosen)} about what the attacker does not choose,"
    broken = f"{len(found.breaking)} lose an honest run or are implied by a stricter one"
    yield f"            {broken}, {len(found.classes)} classes of the others"
    if found.together:
        yield f"            {len(found.together)} sets of them lose every honest run together"


def _data(found: Proposed, keep: Sequence[str]) -> dict[str, Any]:
    asked, words = found.invented, found.words
    return {
        "configuration": str(found.configuration),
        "keep": list(keep),
        "candidates": len(asked.asked),
        "unchosen": [one.name for one in asked.unchosen],
        "breaking": [one.name for one in asked.breaking],
        "classes": [[one.name for one in each] for each in asked.classes],
        "together": [[one.name for one in each] for each in asked.together],
        "sets": [[one.name for one in each] for each in asked.sets],
        "questions": asked.questions,
        "proposals": [
            {
                "who_changes": list(changes(each.checks)),
                "verified": each.is_verified,
                "breaks": list(each.breaks),
                "loses": {role: list(names) for role, names in each.loses.items()},
                "draft": each.draft,
                "checks": [
                    {
                        "name": one.name,
                        "sentence": words.sentence(one),
                        "said_by": None if (by := found.said[one]) is None else by.rule.source,
                        "switch": None if by is None else by.switch,
                        "whole": by is not None and by.whole,
                        "adds": [
                            {"message": message, "field": name, "says_what": like and like[0]}
                            for message, name in one.adds
                            for like in [found.fields[one, message, name]]
                        ],
                        "without": each.without[one].to_json(),
                    }
                    for one in each.checks
                ],
            }
            for each in found.proposals
        ],
    }
