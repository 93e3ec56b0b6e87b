"""Checks that the solver proposes, in the words of a specification and as drafts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import starmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from deployed.servers import authorization_servers
from model import messages
from model.chart import chart as drawn
from model.chart import text
from model.clients import clients
from model.design import Configuration, own_switches, parse, parse_capabilities, parse_switches
from model.errors import InputError
from model.model import Model
from model.named_designs import DEPLOYMENTS
from model.protocols import variables
from model.switches import SWITCHES
from model.world import AUTHORIZATION_SERVER, CLIENT
from openworld.commands import completion
from openworld.commands.common import (
    DONE,
    INCONCLUSIVE,
    NOT_IN_THIS_WORLD,
    as_json,
    complain,
    output_option,
    tell,
    timeout_option,
    with_option,
)
from openworld.commands.completion import against_option, config_argument
from openworld.figures.proposals import Ranked, fronts
from openworld.files import write
from openworld.plotstyle import save
from openworld.show import command, ending
from properties.attackers import configured
from properties.checker import Checker
from properties.invent import (
    ADDED,
    COULD_SAY,
    FURTHER,
    HELD,
    ROLES,
    AlreadySaid,
    Candidate,
    Invented,
    KnownRules,
    broken,
    changes,
    effort,
    invent,
    spelt,
    under,
    with_fields,
)
from properties.monotone import NoAnswerError
from properties.reads import check_read
from properties.security import Property, find
from properties.verdict import Verdict

#: What is said of a check that no text has; and the source that a draft gives for its rules.
NOBODY, SOURCE = "no draft says this", "proposed by openworld invent"
#: What parties hold that no session remembers under this name.
_HELD = {
    ("client", "browser"): "the browser in which the session began",
    ("authorization_server", "issuer"): "its own issuer identifier",
    ("authorization_server", "registered"): "the redirect URIs that are registered for its `client_id`",
    ("resource_server", "url"): "the URL of the resource",
    ("resource_server", "resource"): "its own resource identifier",
}


#: What comes first, of a set and the parties that it loses.
_RANKS: dict[str, Callable[[tuple[Candidate, ...], Mapping[str, Sequence[str]]], tuple[object, ...]]] = {
    "roles": lambda checks, losses: (effort(checks)[:2], _many(losses), effort(checks)),
    "deployed": lambda checks, losses: (_many(losses), effort(checks)),
    "length": lambda checks, losses: (len(checks), effort(checks)),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A set of checks with what the plain checker says of it.

    Attributes:
        draft: the file that adds them, and ``name`` how it is called.
        verdicts: of each property with all of them; ``without``: of an attack where one is left out.
        breaks: the named environments in which honest parties finish without the checks alone; ``loses``: the measured
            parties, by role.
    """

    checks: tuple[Candidate, ...]
    name: str
    draft: str
    verdicts: tuple[Verdict, ...]
    without: Mapping[Candidate, Verdict]
    breaks: tuple[str, ...]
    loses: Mapping[str, Sequence[str]]

    @property
    def is_verified(self) -> bool:
        """Whether it is safe, and an attack without any one of its checks."""
        return self.state == "verified"

    @property
    def state(self) -> str:
        """What the plain checker says of it: that it holds, that it does not, or that it does not know."""
        found = [v.result for v in self.verdicts], [v.result for v in self.without.values()]
        if set(found[0]) <= {"safe"} and set(found[1]) <= {"attack"}:
            return "verified"
        return "not verified in time" if "unknown" in (*found[0], *found[1]) else "contradicted by its verdicts"


@click.command("invent")
@click.argument("names", metavar="PROPERTY[,PROPERTY...]", shell_complete=completion.properties)
@config_argument
@against_option
@click.option(
    "--keep",
    multiple=True,
    metavar="SWITCHES",
    help="Leave honest runs alone in this environment too (`h_iss=no`); repeat it for several.",
)
@click.option("--by", multiple=True, type=click.Choice(ROLES), help="Who may change.  [default: everybody]")
@click.option("--relation", multiple=True, type=click.Choice(FURTHER), help="Beside equality, also ask for this.")
@click.option("--field", is_flag=True, help="Also what an AS could add to its answers: what it holds of the grant.")
@click.option(
    "--rank",
    type=click.Choice(tuple(_RANKS)),
    default="roles",
    show_default=True,
    help="What comes first: few who change, few deployed parties that lose honest runs, or few checks.",
)
@click.option("--top", type=click.IntRange(min=0), default=5, show_default=True, help="Verify and print so many sets.")
@click.option("--chart/--no-chart", default=False, help="Draw the attack that comes back without each check.")
@output_option("Write each proposal as a draft for --with, and how all sets compare as a figure.", folder=True)
@timeout_option
@as_json
@with_option
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
    another field. With --field an AS may also add to its answers what it holds of the grant. The sets leave no attack,
    and leave honest runs in CONFIG and in each environment of --keep. They are exact and complete for this grammar.
    Sets for which fewest parties have to change come first. Each that is printed is verified by an ordinary verdict,
    and so is the attack without any one of its checks.

    \b
    openworld invent code_delivery "iss_check=off;md_issuer_check=off" --against mal_as
    openworld invent TC prm=unchecked --against mal_rs --keep api=multi_path
    openworld invent CD "iss_check=off;md_issuer_check=off;h_iss=no" --against mal_as --field
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
    try:
        wide = under(asked, with_fields(model)) if field else asked
        found = invent([find(prop.name, wide.model) for prop in props], wide, kept, relation, by or ROLES, timeout)
        losses = dict(zip(found.sets, lost(wide, found.sets), strict=True))
        found = replace(found, sets=tuple(sorted(found.sets, key=lambda each: _RANKS[rank](each, losses[each]))))
        how = command("invent", names, config, *_to(against))
        proposals = _proposals(props, asked, wide, {each: losses[each] for each in found.sets[:top]}, how, timeout)
    except NoAnswerError as error:
        return complain(str(error), INCONCLUSIVE)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        for each in proposals:
            write(output / each.name, each.draft)
        if found.sets:
            compared = [Ranked(changes(each), _many(losses[each]), len(each)) for each in found.sets]
            save(fronts(compared, sum(map(len, deployed().values()))), output / "front")
    known = [KnownRules(find(prop.name, wide.model), wide) for prop in props]
    said = {one: next(filter(None, (each.rule(one) for each in known)), None) for one in _all_of(proposals)}
    fields = {(one, name): known[0].field(one, name) for one in said for name in one.added}
    words = Wording(props[0], asked)
    data = _data(asked, keep, found, proposals, said, fields, words)
    tell(as_json, data, _lines(props, asked, keep, found, proposals, said, fields, words, chart, output is not None))
    return DONE if all(each.is_verified for each in proposals) else INCONCLUSIVE


def _all_of(proposals: Sequence[Proposal]) -> dict[Candidate, None]:
    return {one: None for each in proposals for one in each.checks}


def _to(against: str | None) -> list[str]:
    return ["--against", against] if against else []


# --- deployed parties -------------------------------------------------------------------------------------------


@cache
def deployed() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the measured parties by role and name, each with its switches in worlds."""
    servers = {name: server.settings for name, server in authorization_servers().items() if server.settings}
    designs = {
        name: {switch: client.design[switch] for switch in client.decided_by if SWITCHES[switch].in_worlds}
        for name, client in clients().items()
    }
    return {CLIENT: designs, AUTHORIZATION_SERVER: servers}


def lost(configuration: Configuration, sets: Sequence[tuple[Candidate, ...]]) -> list[dict[str, Sequence[str]]]:
    """Return for each set the measured parties, by role, with which honest runs are lost that there are without it."""
    made: list[dict[str, Sequence[str]]] = [{} for _ in sets]
    for role, parties in deployed().items():
        alike: dict[str, list[str]] = {}
        for name, settings in parties.items():
            alike.setdefault(repr(sorted(settings.items())), []).append(name)
        environments = {names[0]: parties[names[0]] for names in alike.values()}
        named = {names[0]: names for names in alike.values()}
        for each, found in zip(made, broken(configuration, sets, environments), strict=True):
            each[role] = [name for first in found for name in named[first]]
    return made


def _many(losses: Mapping[str, Sequence[str]]) -> int:
    return sum(map(len, losses.values()))


# --- proposals -------------------------------------------------------------------------------------------------


def _proposals(
    props: Sequence[Property],
    asked: Configuration,
    wide: Configuration,
    sets: Mapping[tuple[Candidate, ...], Mapping[str, Sequence[str]]],
    how: str,
    timeout: float | None,
) -> list[Proposal]:
    """Verify sets, each with what it loses, by ordinary verdicts, as the draft that it comes out as.

    ``wide``: AS add all they could.
    """
    known: dict[frozenset[Candidate], list[Verdict]] = {}
    words = Wording(props[0], asked)

    def judged(checks: Sequence[Candidate]) -> list[Verdict]:
        if frozenset(checks) not in known:
            changed = _with_draft(asked, words.draft(checks, how))
            every = [find(prop.name, changed.model) for prop in props]
            checker = Checker(timeout=timeout, by_design=True, patience=0.0)
            known[frozenset(checks)] = [checker.verdict(prop, changed) for prop in every]
        return known[frozenset(checks)]

    made = []
    breaks = broken(wide, list(sets), DEPLOYMENTS)
    for number, checks in enumerate(sets, start=1):
        without = {}
        for one in checks:
            others = judged([each for each in checks if each != one])
            without[one] = next((v for v in others if v.result == "attack"), others[0])
        name, draft = f"proposal_{number}.py", words.draft(checks, how, f"proposal_{number}")
        verdicts = tuple(judged(checks))
        made.append(Proposal(checks, name, draft, verdicts, without, breaks[number - 1], sets[checks]))
    return made


def _with_draft(asked: Configuration, draft: str) -> Configuration:
    """Return the configuration in the model with a draft, read as any other."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "proposal.py"
        path.write_text(draft, encoding="utf-8")
        return under(asked, asked.model.extended(path))


# --- words -----------------------------------------------------------------------------------------------------


class Wording:
    """Checks in the words of a specification; what sessions remember is called what the model's variables say."""

    def __init__(self, prop: Property, asked: Configuration) -> None:
        world = prop.world_of(asked)
        self.switches = asked.model.switches
        who = world.sessions[0].name
        self._meaning = {v.name.removeprefix(f"{who}."): v.meaning for v in variables(world) if v.name.startswith(who)}

    def sentence(self, one: Candidate) -> str:
        """Return what a specification would say."""
        message, actor = spelt(one.message), _actor(one.role)
        added = "".join(f"An AS MUST add {_could_say(name)} to {message}s as `{name}`. " for name in one.added)
        article = "" if message.endswith("metadata") else "an " if message[0] in "aeiou" else "a "
        arrives = f"{added}When {article}{message} arrives, the {actor}"
        left = "the browser that brings it" if one.left == "browser" else _field(one.message, one.left)
        if one.left.startswith("access_token."):
            left = f"`{one.left.rpartition('.')[2]}` of its access token"
        if one.relation == "is_there":
            return f"{arrives} MUST refuse it without {left}."
        if one.left == "code_verifier":
            left = f"the hash of {left}"
        held = " if there is one" if one.relation == "is_if_held" else ""
        what = "the origins of " if one.relation == "origin_is" else ""
        return f"{arrives} MUST compare {what}{left} with {self._right(one)}{held}, and refuse it if they differ."

    def _right(self, one: Candidate) -> str:
        name = one.right.removeprefix(HELD)
        if name == one.right:
            return _field(one.message, name)
        if (said := _HELD.get((one.role, name))) is not None:
            return said
        if name.startswith("request."):
            whose = "its own authorization request" if one.role == "client" else "the request that the code answers"
            return f"`{name.removeprefix('request.')}` of {whose}"
        return f"the recorded `{name}` ({self._meaning[name]})"

    def draft(self, checks: Sequence[Candidate], how: str, name: str = "proposal") -> str:
        """Return the file of a draft that adds checks, under a switch of this ``name`` that leaves them out."""
        head = (
            f'"""Checks that were proposed by the solver; {name}=left_out leaves them out.\n\nAsked by: {how}\n"""\n\n'
        )
        imports = "from model.identifiers import same_origin\n" * any(c.relation == "origin_is" for c in checks)
        imports += "from openworld.draft import NONE, all_of, any_of, holds, none_of, rule, same, switch\n\n"
        fields = dict.fromkeys((one.message, name) for one in checks for name in one.added)
        if fields:
            imports = imports.replace("import NONE, all_of, any_of", "import NONE, all_of, answering, any_of, field")
        meaning = "whether the proposed checks are made"
        chosen = f'switch("{name}", "made left_out", "{meaning}", "{SOURCE}", words="proposed checks; as deployed")\n'
        rules = (self._rule(one, name) for one in checks)
        return head + imports + chosen + "".join(f"\n\n{each}" for each in (*starmap(_adding, fields), *rules))

    def _rule(self, one: Candidate, switch: str) -> str:
        name = one.name.partition(".")[2]
        whose, right = ("held", one.right.removeprefix(HELD)) if one.right.startswith(HELD) else ("says", one.right)
        passes = {
            "is": "all_of(none_of(left, NONE), same(left, right))",
            "is_if_held": "same(right, NONE), same(left, right)",
            "origin_is": "holds(lambda *two: NONE not in two and same_origin(*two), left, right)",
            "is_there": "none_of(left, NONE)",
        }[one.relation]
        other = f'    right = {whose}.get("{right}", NONE)\n' if right else ""
        return (
            f'@rule(message="{one.message}", actor="{one.role}", source="{SOURCE}")\n'
            f"def {name}(c, says, held):\n"
            f'    """{self.sentence(one)}"""\n'
            f'    left = says.get("{one.left}", NONE)\n{other}'
            f'    return any_of(same(c.design.{switch}, "left_out"), {passes})\n'
        )


def _could_say(name: str) -> str:
    """Return what an AS would add, in words."""
    held = name.removeprefix(ADDED)
    return "its issuer identifier" if held == "issuer" else f"the `{held}` of the request that it answers"


def _adding(message: str, name: str) -> str:
    """Return the lines of a draft by which AS add a field."""
    said = _could_say(name)
    return (
        f'@field("{message}", "{name}")\n'
        f"def {name}_of_{spelt(message).replace(' ', '_')}(c, sent):\n"
        f'    """{said[:1].upper()}{said[1:]}."""\n'
        f'    return answering(c, sent, "{name.removeprefix(ADDED)}")\n'
    )


def _actor(role: str) -> str:
    return role.replace("_", " ")


def _field(message: str, name: str) -> str:
    """Return a field in words; an endpoint stands for whose it is."""
    field = getattr(messages, message).__dataclass_fields__.get(name)
    whose = "the AS of " if field is not None and "endpoint" in field.metadata else ""
    return f"{whose}its `{name.rpartition('.')[2]}`"


def _section(said: AlreadySaid | None) -> str:
    if said is None:
        return NOBODY
    return f"{said.rule.source} says {'so' if said.whole else 'a part of this'} ({said.switch})"


def _known_as(name: str, field: tuple[str, str] | None, words: Wording) -> str:
    """Return which field says the same as an added one."""
    if field is None:
        return f"no field that there is says what `{name}` does"
    known, switch = field
    source = words.switches[switch.partition("=")[0]].source if switch else "sent as it is"
    return f"`{name}` says what `{known}` does ({source}{f', {switch}' if switch else ''})"


def _lines(
    props: Sequence[Property],
    asked: Configuration,
    keep: Sequence[str],
    found: Invented,
    proposals: Sequence[Proposal],
    said: Mapping[Candidate, AlreadySaid | None],
    fields: Mapping[tuple[Candidate, str], tuple[str, str] | None],
    words: Wording,
    chart: bool,
    written: bool,
) -> Iterator[str]:
    yield f"property    {', '.join(f'{prop.name} ({prop.code})' for prop in props)}"
    yield f"config      {asked}"
    yield f"honest runs stay in {', '.join(['CONFIG', *keep])}"
    yield from _grammar(found)
    total = f"{len(found.sets)} minimal set{'s' * (len(found.sets) != 1)} of checks"
    yield (
        f"verdict     {total} leave no attack; {found.questions} questions asked"
        if found.sets
        else ("verdict     no set of such checks leaves no attack")
    )
    for number, each in enumerate(proposals, start=1):
        yield ""
        told = [each.state, *([each.name] if written else [])]
        yield f"{number}. {' and '.join(map(_actor, changes(each.checks)))} change ({'; '.join(told)})"
        for one in each.checks:
            yield f"   {words.sentence(one)}"
            yield f"      {_section(said[one])}"
            yield from (f"      {_known_as(name, fields[one, name], words)}" for name in one.added)
            if (left := each.without[one]).trace is not None:
                yield f"      without it: an attack in {left.steps} steps; {ending(left.property)}"
                yield from (
                    f"      {line}" for line in text(drawn(left.trace, ending(left.property))).splitlines() if chart
                )
        yield f"   breaks {', '.join(each.breaks) or 'no named environment'}"
        counts = (f"{len(each.loses[role])} of {len(of)} measured {_actor(role)}s" for role, of in deployed().items())
        yield f"   loses honest runs with {' and '.join(counts)}"
    if len(found.sets) > len(proposals):
        yield ""
        more = len(found.sets) - len(proposals)
        yield f"{more} more set{'s' * (more > 1)}: --top prints and verifies more"


def _grammar(found: Invented) -> Iterator[str]:
    yield "grammar     field of a received message = value held when it arrives, or another field"
    if any(one.added for one in found.asked):
        yield f"            AS could add to their answers: {', '.join(map(_could_say, COULD_SAY))}"
    yield f"candidates  {len(found.asked)}: {len(found.unchosen)} about what the attacker does not choose,"
    broken = f"{len(found.breaking)} lose an honest run or are implied by a stricter one"
    yield f"            {broken}, {len(found.classes)} classes of the others"
    if found.together:
        yield f"            {len(found.together)} sets of them lose every honest run together"


def _data(
    asked: Configuration,
    keep: Sequence[str],
    found: Invented,
    proposals: Sequence[Proposal],
    said: Mapping[Candidate, AlreadySaid | None],
    fields: Mapping[tuple[Candidate, str], tuple[str, str] | None],
    words: Wording,
) -> dict[str, Any]:
    return {
        "configuration": str(asked),
        "keep": list(keep),
        "candidates": len(found.asked),
        "unchosen": [one.name for one in found.unchosen],
        "breaking": [one.name for one in found.breaking],
        "classes": [[one.name for one in each] for each in found.classes],
        "together": [[one.name for one in each] for each in found.together],
        "sets": [[one.name for one in each] for each in found.sets],
        "questions": found.questions,
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
                        "said_by": None if (by := said[one]) is None else by.rule.source,
                        "switch": None if by is None else by.switch,
                        "whole": by is not None and by.whole,
                        "adds": {name: None if (like := fields[one, name]) is None else like[0] for name in one.added},
                        "without": each.without[one].to_json(),
                    }
                    for one in each.checks
                ],
            }
            for each in proposals
        ],
    }
