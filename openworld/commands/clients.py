"""Deployed clients as designs of the model: how well each is predicted, and why it does what it does."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from textwrap import shorten
from typing import Any

import click

from deployed.behaviour import Comparison, compare, measured, unseen
from deployed.explanation import left_out
from deployed.fitting import as_toml, refit
from deployed.missing import asked_of, checks, required_by
from deployed.proposal import MissingSwitch, proposals
from model import scenario, turns
from model.clients import DeployedClient, find
from model.clients import clients as known
from model.conversation import STAGES, Conversation, converse
from model.design import Design
from model.scenario import Scenario, load
from model.words import worded
from model.world import NONE
from openworld import missing_page
from openworld.commands import completion
from openworld.commands.common import DONE, as_json, call, option, options, print_lines, scenario_file, tell
from openworld.progress import Progress
from openworld.width import wrapped

#: How the comparison of a scenario ended, in words.
WORDS = {
    "predicted": "",
    "other_messages": "it ended there, but sent something else",
    "other_end": "it ended elsewhere",
}


_CLIENTS = (
    click.argument("name", required=False, shell_complete=completion.clients),
    option("--scenario", "Show every decision of the client NAME in this scenario (R02, say).", str, "ID",
           shell_complete=completion.among("model.scenario:names")),
    option("--missing", "List the checks that the client NAME lacks: what each opens, the fix."),
    option("--neighbours", "Leave out each stored release in turn: what the two next to it say."),
    option("--fit", "Fit all designs to the measurements anew and print them as TOML."),
    scenario_file("Ask about the scenarios of this TOML file: how each client ends, or every decision of the client "
                  "NAME."),
    option("--site", "Write a static site: a page for each client and check, badges, feeds. Only what may be published "
           "today.", click.Path(file_okay=False, path_type=Path), "FOLDER"),
    option("--measured kept", "With --site: and what was measured there (-o of `openworld conform` with several "
           "releases, or --matrix).", click.Path(exists=True, file_okay=False, path_type=Path), "FOLDER"),
    option("--everything", "With --site: what is not public as well."),
    as_json,
)  # fmt: skip


@click.command()
@options(*_CLIENTS)
def clients(
    name: str | None,
    scenario: str | None,
    missing: bool,
    neighbours: bool,
    fit: bool,
    own: Path | None,
    site: Path | None,
    kept: Path | None,
    everything: bool,
    as_json: bool,
) -> int:
    """List the deployed clients whose behaviour was measured, each as a design, or show one of them.

    `predicted` is the share of scenarios in which the model, configured as the client, ends where the client ended. The
    second share is of those in which it also sends the same to the same parties. The designs were fitted to these
    scenarios, so the column `unseen` is the share of ends predicted if each scenario had not been seen.

    \b
    openworld clients
    openworld clients mcp-python==2.3.0
    openworld clients mcp-python --scenario M09
    openworld clients mcp-python --missing > page.md
    openworld clients --with reported.toml
    openworld clients --neighbours
    openworld clients --site out/clients --measured out/matrix
    """
    if site is not None:
        if name or scenario or missing or neighbours or fit or own or as_json:
            raise click.UsageError("--site goes with --measured and --everything alone")
        return call("openworld.driving.client_site.write_site", site, kept, everything)
    if kept is not None or everything:
        raise click.UsageError("--measured and --everything say what is on a --site")
    if own is not None:
        if scenario is not None or missing or neighbours or fit:
            raise click.UsageError("--with asks about the scenarios of its file, and takes a NAME alone beside it")
        return _reported(own, None if name is None else find(name), as_json)
    if fit:
        print_lines(as_toml(refit()))
        return DONE
    if neighbours:
        return _left_out(as_json)
    if name is None:
        if scenario is not None or missing:
            raise click.UsageError("--scenario and --missing need the NAME of a client; `openworld clients` lists them")
        return _list(as_json)
    client = find(name)
    if missing:
        return _missing(client, as_json)
    if scenario is not None:
        return tell(as_json, *_walk(client, *_catalogued(scenario)))
    return _show(client, as_json)


# --- all of them ---------------------------------------------------------------------------------------------


def _list(as_json: bool) -> int:
    compared = {name: compare(client.design, measured()[name]) for name, client in known().items()}
    held_out = {name: unseen(client, measured()[name]) for name, client in known().items()}
    rows = [_shares(name, found, held_out[name]) for name, found in compared.items()]
    rows.append(_shares("all", list(chain(*compared.values())), list(chain(*held_out.values()))))
    unfitted = [one for seen in measured().values() for one in compare(Design(), seen)]
    rows.append(_shares("every switch at its baseline", unfitted, unfitted))
    lines = [f"{'client':<30}{'scenarios':>9}{'end':>9}{'messages':>10}{'unseen':>9}   missed"]
    for row in rows:
        missed = [one.scenario for one in compared.get(row["name"], ()) if one.verdict != "predicted"]
        shares = f"{row['end']:>9.1%}{row['messages']:>10.1%}{row['unseen']:>9.1%}"
        shown = ", ".join(map(scenario.short, missed))
        lines.append(f"{row['name']:<30}{row['scenarios']:>9}{shares}   {shown}".rstrip())
    return tell(as_json, {"clients": rows[:-2], "all": rows[-2], "unfitted": rows[-1]}, lines)


def _left_out(as_json: bool) -> int:
    """How often two neighbours that agree on the end of a scenario are right about the release between them."""
    found = list(left_out())
    total, agreed, right = (sum(getattr(one, name) for one in found) for name in ("ends", "agreed", "right"))
    share = f"{right / agreed:.1%} of them" if agreed else "none"
    lines = [
        f"{'left out':<22}{'ends':>6}{'agreed':>8}{'right':>7}   neighbours",
        *(f"{one.name:<22}{one.ends:>6}{one.agreed:>8}{one.right:>7}   {', '.join(one.neighbours)}" for one in found),
        f"where two neighbours agree ({agreed} of {total} ends) they are right about {right}: {share}",
    ]
    data = {"releases": [one._asdict() for one in found], "ends": total, "agreed": agreed, "right": right}
    return tell(as_json, data, lines)


def _shares(name: str, found: Sequence[Comparison], held_out: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "name": name,
        "scenarios": len(found),
        "end": sum(one.end_predicted for one in found) / len(found),
        "messages": sum(one.verdict == "predicted" for one in found) / len(found),
        "unseen": sum(one.end_predicted for one in held_out) / len(held_out),
    }


def _missing(client: DeployedClient, as_json: bool) -> int:
    with Progress(client.name, 0) as progress:
        found = checks(client, told=progress.reached)
    return tell(as_json, missing_page.as_data(client, found), missing_page.lines(client, found))


# --- one of them ---------------------------------------------------------------------------------------------


def _show(client: DeployedClient, as_json: bool) -> int:
    found = compare(client.design, measured()[client.name])
    shares = _shares(client.name, found, unseen(client, measured()[client.name]))
    design = {
        name: {"value": value, "decided_by": list(client.decided_by.get(name, ())), "code": client.code.get(name, "")}
        for name, value in client.design.changes().items()
    }
    lacking = _lacking(client, found)
    lines = [
        f"client      {client.name}",
        f"predicted   the end of {shares['end']:.1%} of {len(found)} scenarios, with all messages of "
        f"{shares['messages']:.1%}; of {shares['unseen']:.1%} if each had not been seen",
        "design      (what is not listed is at its baseline; decided by the scenarios in brackets)",
        *_design_lines(client),
        "scenarios   seen, predicted, by which rule (A accepted, x no success at the resource; refused d at",
        "            discovery, a at the authorization response, t at the token response)",
        *_scenario_lines(found),
        *["missing     what no design explains, and the switch that it asks for"] * bool(lacking),
        *(f"  {line}" for one in lacking for line in one.lines()),
    ]
    proposed = [one.to_json() for one in lacking]
    outcomes = [_outcome(one) for one in found]
    return tell(as_json, {**shares, "design": design, "outcomes": outcomes, "proposed": proposed}, lines)


def _lacking(client: DeployedClient, found: Sequence[Comparison]) -> tuple[MissingSwitch, ...]:
    """The switches that are missing for a client, where all its requests were recorded."""
    whole = {one.scenario: one for one in found if one.observed.fetched is not None}
    return proposals(client.design, whole, {name: load(name) for name in whole})


def _design_lines(client: DeployedClient) -> Iterator[str]:
    for name, value in client.design.changes().items():
        decided = client.decided_by.get(name, ())
        shown = shorten(" ".join(decided), 90, placeholder=" ...")
        yield f"  {f'{name} = {value}':<42} [{shown}]"
        yield f"      {worded('value', f'{name}={value}')}"
        if client.code.get(name):
            yield f"      {client.code[name]}"


def _scenario_lines(found: Sequence[Comparison]) -> Iterator[str]:
    for one in found:
        rule = one.predicted.refused_by
        why = f"{rule.name}  [{rule.source}]" if rule else ""
        yield f"  {one.scenario:<36}{one.observed.stage}  {one.predicted.stage}  {why}".rstrip()
        if one.verdict != "predicted":
            yield f"      !! {WORDS[one.verdict]}"


def _outcome(one: Comparison) -> dict[str, Any]:
    said = _conversation(one.predicted)
    return {"scenario": one.scenario, "seen": one.observed.stage, **said, "verdict": one.verdict}


def _conversation(predicted: Conversation) -> dict[str, Any]:
    rule = predicted.refused_by
    _, authorizations, tokens, scheme = turns.visible(predicted.sent)
    return {
        "predicted": predicted.stage,
        "rule": rule.name if rule else None,
        "source": rule.source if rule else None,
        "registrations": [request.to for request in turns.of(predicted.sent, "register")],
        "authorizations": [[request.to, *(request.resources or (NONE,))] for request in authorizations],
        "tokens": [[request.to, *(request.resources or (NONE,))] for request in tokens],
        "scheme": scheme,
        "misdelivered": predicted.misdelivered,
    }


# --- one scenario --------------------------------------------------------------------------------------------


def _catalogued(wanted: str) -> tuple[str, Scenario]:
    """A scenario of the catalogue, by its id or its name."""
    name = next((known for known in scenario.names() if known.partition("_")[0] == wanted), wanted)
    return name, scenario.load(name)


def _walk(client: DeployedClient, name: str, of: Scenario) -> tuple[dict[str, Any], list[str]]:
    """Every decision of a client in a scenario, as data and in lines."""
    found = converse(client.design, of)
    kinds = {"authorize": "authorization request", "token": "token request"}
    sent = [(kind, each) for request, kind in kinds.items() for each in turns.of(found.sent, request)]
    lines = [
        f"scenario    {name}: {of.about}",
        f"client      {client.name}, sent to {of.url}",
        *(f"  {'holds ' if one.holds else 'FAILS '} {one.rule.name:<48} {one.about}" for one in found.decisions),
        *(f"sent        {kind} to {each.to}, resource {' '.join(each.resources) or NONE}" for kind, each in sent),
        f"end         {found.stage}: {STAGES[found.stage]}",
        *["harm        a code was sent to another party than the one that issued it"] * found.misdelivered,
    ]
    decisions = [{"rule": one.rule.name, "holds": one.holds, "about": one.about} for one in found.decisions]
    return {"client": client.name, "scenario": name, **_conversation(found), "decisions": decisions}, lines


# --- scenarios of the user's ---------------------------------------------------------------------------------


def _reported(path: Path, client: DeployedClient | None, as_json: bool) -> int:
    """How clients end in the scenarios of a file, beside the end that MCP's text requires."""
    made = {name: scenario.assemble(name, told) for name, told in scenario.of_file(path).items()}
    data, lines = [], []
    for name, of in made.items():
        required = asked_of(of)
        said = required_by(required)
        lines += [
            f"{name}: {of.about}",
            *wrapped(f"required  {STAGES[required.stage]}{': ' * bool(said)}{'; '.join(said)}", 2, 12),
        ]
        walked = None if client is None else _walk(client, name, of)
        ends = {one.name: converse(one.design, of) for one in ([client] if client else known().values())}
        if walked is None:
            lines += _by_end(ends)
        else:
            lines += [f"  {line}" for line in walked[1]]
        asked = {"scenario": name, "about": of.about, "required": required.stage, "by": said}
        data.append({**asked, "clients": {one: _conversation(end) for one, end in ends.items()}})
        lines.append("")
    return tell(as_json, {"scenarios": data}, lines[:-1])


def _by_end(ends: Mapping[str, Conversation]) -> Iterator[str]:
    """The clients of each end, by the rule by which they refuse."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for name, end in ends.items():
        rule = end.refused_by
        grouped.setdefault((end.stage, f" by {rule.name}  [{rule.source}]" if rule else ""), []).append(name)
    for stage in STAGES:
        for (of, why), those in grouped.items():
            if of == stage:
                yield from wrapped(f"{stage} {len(those):>3}  {STAGES[stage]}{why}", 2, 9)
                yield from wrapped(", ".join(those), 9, 9)
