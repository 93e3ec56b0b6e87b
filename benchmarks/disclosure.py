"""The pages with tables that follow from the register of reports, and the texts that say more than it has made public.

``python -m benchmarks.disclosure`` writes the tables into the pages, and prints by client what is open.
"""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from deployed import disclosure
from deployed.disclosure import HIDDEN, attacked, facts, implementations, losses
from deployed.explanation import age
from model.client_names import ALIASES
from properties.security import find

#: What the pages call clients beside their names.
CALLED = {
    "Python SDK": "mcp-python", "TypeScript SDK": "ts-sdk-v1", "TypeScript client": "ts-client-v2",
    "Gemini CLI": "gemini-cli-core", "Authlib's client": "authlib-client", "Authlib's `fetch_token`": "authlib-client",
    "FastMCP's client": "fastmcp-client", "Codex": "codex-cli", "Codex CLI": "codex-cli", "AI SDK": "ai-sdk-mcp",
}  # fmt: skip
#: Words by which a text says of a client that it loses something, without naming what.
LOSING = re.compile(
    r"\b(falls? for|los(?:es|e|t|ing)|gives? \w*(?: and \w+)? ?away|stolen"
    r"|(?:compares?|checks?|ignores?) (?:neither|no|nothing|`iss`)|does not compare|(?:un)?safe because)\b"
)
#: The pages with tables that follow from the register.
PAGES = {"disclosure": "docs/disclosure.md", "attacks": "openworld/data/findings/real-software.md"}


class Breach(NamedTuple):
    """A piece of text that names a client together with what it loses before its date."""

    client: str
    facts: tuple[str, ...]
    text: str


def current(client: str) -> tuple[str, ...]:
    """The releases of a client that its maintainers are taken to support: the last known of each major version."""
    return tuple({age(name)[0]: name for name in implementations()[client]}.values())


def opened(client: str, day: datetime.date) -> frozenset[str]:
    """What a current release of a client loses and no public text says on a day."""
    shown = {fact for one in disclosure.reports() if client in one.clients and one.public(day) for fact in one.shows}
    lost = frozenset().union(*(losses()[name] for name in current(client)))
    return frozenset(fact for fact in lost if fact not in shown and facts()[fact] not in shown)


def breaches(text: str, day: datetime.date) -> Iterator[Breach]:
    """The paragraphs, list items and table rows of a text that say of a client what is not public on a day."""
    register = frozenset(register_table(day))
    for block in re.split(r"\n\s*\n|\n(?= *[*#|] ?)|\n(?=\d+\. )", text):
        if block in register:
            continue
        for client, versions in _named(block):
            hidden = opened(client, day)
            facts = _spoken(block)
            recent = {name.partition("==")[2] for name in current(client)}
            if not facts and LOSING.search(block) and (not versions or versions & recent):
                facts = hidden
            if facts & hidden:
                yield Breach(client, tuple(sorted(facts & hidden)), block)


def _named(block: str) -> Iterator[tuple[str, frozenset[str]]]:
    """The clients that a piece of text names, and the releases of each that it names; none: any."""
    for client, releases in implementations().items():
        called = [client, *(name for name, of in {**ALIASES, **CALLED}.items() if of == client and name != "mcp")]
        if any(re.search(rf"(?<![\w/@-]){re.escape(name)}(?![\w/-])", block) for name in called):
            versions = {name.partition("==")[2] for name in releases}
            yield client, frozenset(re.findall(r"(?<![\d.])\d+\.\d+\.\d+(?![\d.]*\d)", block)) & frozenset(versions)


def _spoken(block: str) -> frozenset[str]:
    """What a piece of text says that may be lost: by scenario, by property, by rule, or by the answer of a question."""
    named = {fact for fact in set(re.findall(r"\w+", block)) - {"authorization"} if fact in facts()}
    named |= {fact for fact, rule in facts().items() if rule and rule in block}
    asked = re.findall(r"openworld (?:verdict|trace) (\w+) ", block) if "attack" in block else []
    return frozenset(named | {find(prop).name for prop in asked})


def state(day: datetime.date) -> str:
    """How much is open on a day, without a name."""
    held = [one for one in disclosure.reports() if not one.public(day)]
    sent = f"{len(held)}, until {max(one.until for one in held if one.until)}" if held else "none"
    return (
        f"Sent and under embargo: {sent}. Of {len(implementations())} clients, settings of one counted apart, "
        f"{len(due(day))} have something open. "
        "What stands here is public by texts of others."
    )


def register_table(day: datetime.date) -> Iterator[str]:
    """The register as docs/disclosure.md has it, without the rows that are not public on a day."""
    yield "| software | rule | section | state | where |"
    yield "|---|---|---|---|---|"
    for one in disclosure.reports():
        if one.public(day):
            yield f"| {one.software} | {one.said} | {one.section} | {one.state}{one.remark} | {one.where} |"


def attack_table(day: datetime.date) -> Iterator[str]:
    """How many traces each client was played, in how many it loses anything, in how many just what the model says."""
    yield "| client | attack traces | falls for | loses what the model says | what it loses |"
    yield "|---|---:|---:|---:|---|"
    for name, traces in attacked().items():
        hidden = opened(name.partition("==")[0], day)
        falls = [lost for lost, _ in traces.values() if lost]
        every = frozenset().union(*falls)
        same = sum(lost == expected for lost, expected in traces.values())
        told = [*sorted(every - hidden), *([HIDDEN] if every & hidden else [])]
        count = "" if every & hidden else len(falls)
        yield f"| {name.replace('==', ' ')} | {len(traces)} | {count} | {same} | {', '.join(told)} |"


def due(day: datetime.date) -> dict[str, frozenset[str]]:
    """By client what is open on a day, where anything is."""
    return {client: facts for client in implementations() if (facts := opened(client, day))}


def written(page: str, text: str, day: datetime.date) -> str:
    """A page (``disclosure`` or ``attacks``) with the table that follows from the register on a day."""
    table = list(register_table(day) if page == "disclosure" else attack_table(day))
    if page == "disclosure":
        text = re.sub(r"(?<=## Register\n\n).*?(?=\n\n)", lambda _: state(day), text, flags=re.DOTALL)
    return re.sub(rf"{re.escape(table[0])}\n(?:\|.*\n)*", lambda _: "\n".join(table) + "\n", text)


def main() -> None:
    """Write the tables into the pages below the current folder, and print what is due by client."""
    day = datetime.date.today()
    for page, place in PAGES.items():
        path = Path(place)
        path.write_text(written(page, path.read_text(encoding="utf-8"), day), encoding="utf-8")
    for client, lost in due(day).items():
        print(f"{', '.join(current(client))}: {' '.join(sorted(lost))}")


if __name__ == "__main__":
    main()
