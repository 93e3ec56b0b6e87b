"""Proposals that no text makes: verified, put to ProVerif, and adopted by everybody in a measured population.

    python -m benchmarks.proposals
    python -m benchmarks.proposals times

What is asked are the commands that a reader would type; their answers stand in the finding about proposals. ``times``
asks every search that docs/drafts.md names, and prints how long each takes, in verdicts of the same property.
"""

import json
import re
import resource
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from click.testing import CliRunner

from openworld.cli import main as openworld

POPULATION = "measured_2026"


class Asked(NamedTuple):
    """A question to `openworld invent`, with the options after it, and the checks of the set that is looked into."""

    prop: str
    configuration: str
    attacker: str
    options: tuple[str, ...]
    checks: tuple[str, ...]


ASKED = (
    Asked("CD", "iss_check=off;md_issuer_check=off", "mal_as", (), ("client.authorization_response_iss_is_listed",)),
    Asked(
        "CD",
        "iss_check=off;md_issuer_check=off",
        "mal_as",
        (),
        ("client.authorization_response_iss_is_authorization_at", "client.server_metadata_token_is_authorization"),
    ),
    Asked(
        "CA",
        "client_auth=pkjwt;assertion_aud=token_ep;par=on;h_iss=no;iss_check=off",
        "mal_as",
        ("--keep", "par=off"),
        ("client.server_metadata_token_is_if_held_pushed_authorization_request",),
    ),
    Asked(
        "TC",
        "prm=unchecked;as_echo=no",
        "mal_rs",
        ("--field",),
        ("client.authorization_response_added_resource_is_url",),
    ),
)


def main(*places: str) -> None:
    """Print a block for each, or for those at the places that follow; or how long searches take."""
    if places == ("times",):
        print("\n".join(times()), flush=True)
        return
    for asked in (ASKED[int(place)] for place in places or range(len(ASKED))):
        print("\n".join(block(asked)), flush=True)


def block(asked: Asked) -> Iterator[str]:
    """Yield what is found of one: sentences, verdicts, what is lost, and what a population pays and gains."""
    words = ["invent", asked.prop, asked.configuration, "--against", asked.attacker, *asked.options]
    with TemporaryDirectory() as folder:
        place = _place(words, asked.checks)
        found = _said([*words, "--top", str(place), "-o", folder])["proposals"][-1]
        draft, switch = Path(folder) / f"proposal_{place}.py", f"proposal_{place}"
        yield f"openworld {' '.join(words)}: proposal {place}"
        yield from (f"  {one['sentence']} [{one['said_by'] or 'no draft says this'}]" for one in found["checks"])
        left = ", ".join(f"{one['without']['steps']} steps" for one in found["checks"])
        yield f"  verified: {found['verified']}; without one of its checks an attack in {left}"
        yield f"  loses honest runs with {', '.join(f'{len(names)} {role}s' for role, names in found['loses'].items())}"
        question = ["verdict", asked.prop, f"cap={asked.attacker};{asked.configuration}", "--with", str(draft)]
        proved = CliRunner().invoke(openworld, [*question, "--any-number", "--format", "json"])
        yield f"  any number: {json.loads(proved.stdout)['reach_of_both'] if proved.stdout else proved.stderr.strip()}"
        arms = ["simulate", "--arms", f"{switch}=left_out", f"{switch}=made", "--population", POPULATION]
        counted = CliRunner().invoke(openworld, [*arms, "--with", str(draft), "--format", "json"])
        if counted.exit_code:
            yield f"  {POPULATION}: {counted.stderr.strip()}"
            return
        for quantity, per in (("flows_that_work", "honest flow"), ("thefts", "malicious visit")):
            rows = json.loads(counted.stdout)["quantities"]
            means = [row["mean"] for row in rows if (row["quantity"], row["per"]) == (quantity, per)]
            yield f"  {quantity} per {per} in {POPULATION}: {' -> '.join(f'{mean:.4f}' for mean in means)}"


def times() -> Iterator[str]:
    """Yield for each search of docs/drafts.md its CPU seconds, and how many verdicts of its properties take as long."""
    page = (Path(__file__).parents[1] / "docs" / "drafts.md").read_text(encoding="utf-8")
    found = re.findall(r"openworld (invent [^`\n]+ --against [^`\n]+)", page)
    for words in (shlex.split(one) for one in dict.fromkeys(found) if "CAPS" not in one):
        _, props, configuration, _, *_ = words
        asked = f"cap={words[words.index('--against') + 1]};{configuration}"
        plain = sum(_timed(["verdict", prop, asked])[0] for prop in props.split(","))
        taken, said = _timed(words)
        yield f"{len(said['sets']):3} sets {taken:6.1f} s {taken / plain:5.1f} verdicts: openworld {shlex.join(words)}"


def _timed(words: list[str]) -> tuple[float, Any]:
    """Return the CPU seconds of a whole process, which has nothing left of an earlier question, and what it says."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = [sys.executable, "-c", "from openworld.cli import main; main()", *words, "--format", "json"]
    ran = subprocess.run(started, check=False, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, json.loads(ran.stdout)


def _place(words: list[str], checks: tuple[str, ...]) -> int:
    """Return the place of a set among those that are found."""
    sets = _said([*words, "--top", "0"])["sets"]
    return 1 + [sorted(names) for names in sets].index(sorted(checks))


def _said(words: list[str]) -> Any:
    ran = CliRunner().invoke(openworld, [*words, "--format", "json"])
    if ran.exit_code:
        raise SystemExit(f"openworld {' '.join(words)}: exit code {ran.exit_code}: {ran.stderr}")
    return json.loads(ran.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
