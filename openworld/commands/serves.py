"""Which deployed clients get along with what a server serves, and what it takes to let the others in."""

import json
from collections.abc import Iterator, Mapping

import click

from deployed.explanation import stands_for
from deployed.served import Change, Front, read
from deployed.serves import End, Ended, as_data, deciding, ends, opened_by, opened_without, smallest, unsettled, unsure
from model.conversation import STAGES
from model.rule import Rule
from model.words import with_code
from openworld.commands import completion
from openworld.commands.common import DONE, INCONCLUSIVE, VIOLATED, as_json, option, print_json, print_lines
from properties.checker import Checker

#: Seconds of the solver's work for a question about what a change opens; what takes longer is left out and named.
PATIENCE = 2.0
_CLIENT = option(
    "--client names", "Ask this client alone, or the stored release nearest to it; repeatable. [default: all that are "
    "stored]", str, "NAME", multiple=True, shell_complete=completion.clients,
)  # fmt: skip


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@option("--url", "Where clients are sent. [default: what answers 401]", str, "URL", default="")
@_CLIENT
@option("--opens", "Ask as well what each way to let clients in opens: some seconds for each.")
@as_json
def serves(sources: tuple[str, ...], url: str, names: tuple[str, ...], opens: bool, as_json: bool) -> int:
    """Say which deployed clients get along with a server, by which rule the others refuse it, and what lets them in.

    SOURCE is a URL to ask now, a recording or a folder. A recording is a HAR file, or a JSON object of URLs: each with
    the document that is there, or with `status`, `location`, `www-authenticate` and `body`, or with an `excerpt` of the
    document, whose other fields are as honest servers have them ("absent" takes one away). A folder holds documents as
    `wget -x` saves them, below the name of their host. A file with one metadata document alone will do too. No server
    is asked but those whose URLs you name.

    The exit code is 0 where every client gets in, 1 where one does not, and 3 where a document is missing to know.

    \b
    openworld serves https://mcp.example.com/mcp https://login.example.com
    openworld serves recorded.har --client ts-sdk-v1
    openworld serves resource-metadata.json as-metadata.json --format json
    """
    served = read(sources, url)
    found = ends(served, names)
    changed, let_in = smallest(served, found)
    if as_json:
        print_json(as_data(served, found, changed, let_in, unsettled(served, found)))
    else:
        print_lines(_ends(served, found))
        print_lines(_changes(served, changed, let_in, found))
        if opens:
            print_lines(_opened(changed, found))
    stages = {end.stage for end in found.values()}
    return INCONCLUSIVE if "" in stages else VIOLATED if stages - {"A"} else DONE


def _alike(found: Mapping[str, End]) -> dict[tuple[Ended, Rule | None], dict[str, list[str]]]:
    """Clients by how they end, and within that by what it was about; how most end comes first."""
    groups: dict[tuple[Ended, Rule | None], dict[str, list[str]]] = {}
    for name, end in found.items():
        groups.setdefault((end.stage, end.rule), {}).setdefault(end.about, []).append(name)
    return dict(sorted(groups.items(), key=lambda group: (group[0][0] != "A", -sum(map(len, group[1].values())))))


def _ends(served: Front, found: Mapping[str, End]) -> Iterator[str]:
    inside = [name for name, end in found.items() if end.stage == "A"]
    yield f"sent to     {served.url}"
    yield f"clients     {len(inside)} of {len(found)} get in"
    doubtful, decisive = unsure(served, found), deciding(served, found)
    for name in found:
        if (near := stands_for(name)) != name:
            yield f"            for {name} answers {near}" + (f": {why}" if (why := doubtful.get(name)) else "")
    for (stage, rule), among in _alike(found).items():
        yield ""
        if rule is not None:
            yield f"{STAGES[stage] if stage else ''}, by {rule.name}  [{rule.source}]"
            yield f"  {rule.requirement}"
        else:
            yield STAGES["A"] if stage else "not known, since nobody has said what is there"
        for about, names in among.items():
            if about:
                yield f"  {about}"
            yield f"    {', '.join(names)}"
            before = dict.fromkeys(one.name for name in names for one in found[name].before)
            yield from (f"      some had refused this before, and went on: {one}" for one in before if stage != "A")
            by = dict.fromkeys(each for name in names for each in decisive[name])
            yield from (f"      decided by: {with_code(each)}" for each in by)
    doubts: dict[tuple[str, ...], list[str]] = {}
    for name, switches in unsettled(served, found).items():
        doubts.setdefault(switches, []).append(name)
    for switches, names in doubts.items():
        yield ""
        yield f"not measured: {', '.join(switches)} would explain all that was seen as well, and end otherwise here"
        yield f"    {', '.join(names)}"
    if served.recorded.assumed:
        yield ""
        yield "taken for absent, since the rest of its server is recorded"
        yield from (f"  {at}" for at in served.recorded.assumed)
    yield ""
    yield "What no document says (codes, tokens, the answer to a token) is taken to be as honest servers have it."


def _changes(
    served: Front, changed: list[tuple[Change, ...]], let_in: list[str], found: Mapping[str, End]
) -> Iterator[str]:
    outside = [name for name, end in found.items() if end.stage not in ("A", "")]
    if not outside:
        return
    yield ""
    if not changed:
        yield "No change of a document lets another client in."
        return
    left = [name for name in outside if name not in let_in]
    yield f"The smallest change that lets in {len(let_in)} of these {len(outside)}" + (
        f" (one of {len(changed)} of its size)" if len(changed) > 1 else ""
    )
    for change in changed[0]:
        yield f"  {_said(served, change)}"
        yield f"    at {change.url}"
    if left:
        yield f"  still outside: {', '.join(left)}"


def _said(served: Front, change: Change) -> str:
    if not change.name:
        return f"serve this document: {json.dumps(change.value)}"
    now = served.challenge if change.url == served.url else served.recorded.answers[change.url].body
    was = f"now {json.dumps(now[change.name])}" if change.name in now else "not there now"
    return f"{change.name} = {json.dumps(change.value)}  ({was})"


def _opened(changed: list[tuple[Change, ...]], found: Mapping[str, End]) -> Iterator[str]:
    """What it opens to serve something else, and for clients to do without the rules by which they refuse."""
    checker = Checker(work=PATIENCE, by_design=True)
    for name, asked in (opened_by(changed[0], checker) if changed else {}).items():
        yield f'  opens {name}: `openworld trace {name} "{asked}"`'
    refused = dict.fromkeys(end.rule for end in found.values() if end.rule is not None)
    if refused:
        yield ""
        yield "What gets in if clients do without the rule instead (and do all else; against A1 of RFC 9700)"
    for rule in refused:
        broken = opened_without(rule, checker)
        said = ", ".join(broken.fails) or "nothing that other rules do not stop"
        late = f" (not known in {PATIENCE:g} s of work: {', '.join(broken.unknown)})" if broken.unknown else ""
        yield f"  {rule.name}: {said + late if broken.asked else 'no world asks it'}"
