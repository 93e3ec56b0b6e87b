"""Deployed clients as designs of the model: how well each is predicted, and why it does what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from openworld.commands.shell import DONE, as_json, print_json, print_lines

if TYPE_CHECKING:
    from model.clients import Client
    from model.conversation import Conversation
    from simulations.behaviour import Comparison

#: How the comparison of a scenario ended, in words.
WORDS = {
    "predicted": "",
    "other_messages": "ends so, but sends something else",
    "other_end": "ends otherwise",
}


@click.command()
@click.argument("name", required=False)
@click.option("--scenario", metavar="ID", help="Show every decision of the client NAME in this scenario (R02, say).")
@click.option("--fit", is_flag=True, help="Fit all designs to the measurements anew and print them as TOML.")
@as_json
def clients(name: str | None, scenario: str | None, fit: bool, as_json: bool) -> int:
    """List the deployed clients whose behaviour was measured, each as a design, or show one of them.

    The share predicted is that of the scenarios in which the model, configured as the client, ends where the client
    was seen to end; and of those in which it also sends the same to the same parties.

    \b
    openworld clients
    openworld clients mcp-python==2.3.0
    openworld clients mcp-python --scenario M09
    """
    if fit:
        from simulations.fitting import as_toml, refit

        print_lines(as_toml(refit()))
        return DONE
    if name is None:
        if scenario is not None:
            raise click.UsageError("--scenario needs the NAME of a client; `openworld clients` lists them")
        return _list(as_json)
    from model.clients import find

    client = find(name)
    if scenario is not None:
        return _walk(client, scenario, as_json)
    return _show(client, as_json)


# --- all of them ---------------------------------------------------------------------------------------------


def _list(as_json: bool) -> int:
    from model.clients import clients as known
    from model.design import Design
    from simulations.behaviour import compare, measured

    compared = {name: compare(client.design, measured()[name]) for name, client in known().items()}
    unfitted = [one for seen in measured().values() for one in compare(Design(), seen)]
    if as_json:
        print_json(
            {
                "clients": [_shares(name, found) for name, found in compared.items()],
                "all": _shares("all", [one for found in compared.values() for one in found]),
                "unfitted": _shares("unfitted", unfitted),
            }
        )
        return DONE
    click.echo(f"{'client':<30}{'scenarios':>9}{'end':>9}{'messages':>10}   missed")
    for name, found in compared.items():
        missed = ", ".join(one.scenario.partition("_")[0] for one in found if one.verdict != "predicted")
        click.echo(_share_line(name, found) + f"   {missed or '-'}")
    click.echo(_share_line("all", [one for found in compared.values() for one in found]))
    click.echo(_share_line("every switch at its baseline", unfitted))
    return DONE


def _share_line(name: str, found: Sequence[Comparison]) -> str:
    shares = _shares(name, found)
    return f"{name:<30}{shares['scenarios']:>9}{shares['end']:>9.1%}{shares['messages']:>10.1%}"


def _shares(name: str, found: Sequence[Comparison]) -> dict[str, Any]:
    ends = sum(one.end_predicted for one in found)
    messages = sum(one.verdict == "predicted" for one in found)
    return {"name": name, "scenarios": len(found), "end": ends / len(found), "messages": messages / len(found)}


# --- one of them ---------------------------------------------------------------------------------------------


def _show(client: Client, as_json: bool) -> int:
    from simulations.behaviour import compare, measured, misses

    found = compare(client.design, measured()[client.name])
    reasons = misses().get(client.name, {})
    if as_json:
        print_json(
            {
                **_shares(client.name, found),
                "design": {name: _switch(client, name) for name in client.design.changes()},
                "outcomes": [_outcome(one, reasons) for one in found],
            }
        )
        return DONE
    click.echo(f"client      {client.name}")
    click.echo(f"predicted   {_shares('', found)['end']:.1%} of {len(found)} scenarios")
    click.echo("design      (what is not listed is at its baseline; decided by the scenarios in brackets)")
    print_lines(_design_lines(client))
    click.echo("scenarios   seen, predicted, by which rule (A accepted, x no success at the resource; refused d at")
    click.echo("            discovery, a at the authorization response, t at the token response)")
    print_lines(_scenario_lines(found, reasons))
    return DONE


def _switch(client: Client, name: str) -> dict[str, Any]:
    return {
        "value": client.design[name],
        "decided_by": list(client.decided_by.get(name, ())),
        "code": client.code.get(name, ""),
    }


def _design_lines(client: Client) -> Iterator[str]:
    for name, value in client.design.changes().items():
        decided = client.decided_by.get(name, ())
        shown = " ".join(decided[:8]) + (" ..." if len(decided) > 8 else "")
        yield f"  {f'{name} = {value}':<42} [{shown}]"
        if client.code.get(name):
            yield f"      {client.code[name]}"


def _scenario_lines(found: Sequence[Comparison], reasons: Mapping[str, str]) -> Iterator[str]:
    for one in found:
        rule = one.predicted.refused_by
        why = f"{rule.name}  [{rule.source}]" if rule else ""
        yield f"  {one.scenario:<36}{one.observed.stage}  {one.predicted.stage}  {why}".rstrip()
        if one.verdict != "predicted":
            yield f"      !! {WORDS[one.verdict]}: {reasons.get(one.scenario, 'not explained')}"


def _outcome(one: Comparison, reasons: Mapping[str, str]) -> dict[str, Any]:
    return {
        "scenario": one.scenario,
        "seen": one.observed.stage,
        **_conversation(one.predicted),
        "verdict": one.verdict,
        "why_missed": reasons.get(one.scenario) if one.verdict != "predicted" else None,
    }


def _conversation(predicted: Conversation) -> dict[str, Any]:
    rule = predicted.refused_by
    return {
        "predicted": predicted.stage,
        "rule": rule.name if rule else None,
        "source": rule.source if rule else None,
        "registrations": predicted.sent.registrations,
        "authorizations": [[request.party, request.resource] for request in predicted.sent.authorizations],
        "tokens": [[request.party, request.resource] for request in predicted.sent.tokens],
        "scheme": predicted.sent.scheme,
        "misdelivered": predicted.misdelivered,
    }


# --- one scenario --------------------------------------------------------------------------------------------


def _walk(client: Client, wanted: str, as_json: bool) -> int:
    from model import scenario
    from model.conversation import STAGES, converse

    name = next((known for known in scenario.names() if known.partition("_")[0] == wanted), wanted)
    of = scenario.load(name)
    found = converse(client.design, of)
    if as_json:
        decisions = [{"rule": one.rule.name, "holds": one.holds, "about": one.about} for one in found.decisions]
        print_json({"client": client.name, "scenario": name, **_conversation(found), "decisions": decisions})
        return DONE
    click.echo(f"scenario    {name}: {of.about}")
    click.echo(f"client      {client.name}, sent to {of.url}")
    for one in found.decisions:
        click.echo(f"  {'holds ' if one.holds else 'FAILS '} {one.rule.name:<48} {one.about}")
    for kind, requests in (("authorization request", found.sent.authorizations), ("token request", found.sent.tokens)):
        for request in requests:
            click.echo(f"sent        {kind} to {request.party}, resource {request.resource}")
    click.echo(f"end         {found.stage}: {STAGES[found.stage]}")
    if found.misdelivered:
        click.echo("harm        a code was sent to another party than the one that issued it")
    return DONE
