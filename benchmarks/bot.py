"""What `openworld check --since` would have said of seven drafts at each revision, held against their changelogs.

    python -m benchmarks.bot FOLDER

FOLDER has clones of the repositories below, as `FOLDER/OWNER/NAME`. Which rules a line of a changelog is about was read
by hand, and so was whether a sentence that the bot names means something else than before. `bot.csv` has both:
*said* in the changelog; *silent*: it changed, and the changelog does not say so; *wording*: a false alarm; *unknown*: a
line about a rule that nothing quotes. The sentences that it knows are those of the newest text. *At the time* counts
only rules of which the text before had a sentence; others can only be listed as new sentences with a BCP 14 keyword.
"""

import csv
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from openworld.revised import Altered, revised


class History(NamedTuple):
    """A draft: the name of its text, its repository, a pattern of its files, and the commits of its revisions."""

    text: str
    repository: str
    files: str
    revisions: Mapping[str, str]


def _tags(topic: str, *numbered: tuple[str, int, int]) -> dict[str, str]:
    """Revisions by their tags: who named the draft, from one number to another."""
    return {
        f"{who}-{n:02}": f"draft-{who}-oauth-{topic}-{n:02}"
        for who, first, last in numbered
        for n in range(first, last + 1)
    }


_CIMD, _JAG, _PRM = "client-id-metadata-document", "identity-assertion-authz-grant", "resource-metadata"
_ECHO = "draft-mcguinness-oauth-resource-token-resp"
_DPOP = (
    "a27c831 9aaa4e8 80c1a46 3482e64 562ad44 25b0580 47e466b 4f1bc9b 94e9e15 aaf7091 4a124b4 34295f9 79884dd cc733a7 "
    "3ecda9d d1acf0d"
)
_MARKDOWN = r"draft-.*\.md"
HISTORIES = {
    "cimd": History(f"draft-ietf-oauth-{_CIMD}", f"oauth-wg/draft-ietf-oauth-{_CIMD}", _MARKDOWN,
                    _tags(_CIMD, ("parecki", 0, 3), ("ietf", 0, 1))),
    "metadata": History("RFC 9728", f"oauth-wg/draft-ietf-oauth-{_PRM}", r"draft-.*\.xml",
                        _tags(_PRM, ("jones", 3, 4), ("ietf", 0, 13))),
    "dpop": History("RFC 9449", "danielfett/draft-dpop", r"main\.md",
                    {f"{n:02}": commit for n, commit in enumerate(_DPOP.split(), 1)}),
    "mcp": History("MCP authorization 2026-07-28", "modelcontextprotocol/modelcontextprotocol",
                   r"docs/specification/{}/basic/authorization[./].*mdx",
                   dict.fromkeys(("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"), "2026-07-28")),
    "oauth": History("draft-ietf-oauth-v2-1", "oauth-wg/oauth-v2-1", _MARKDOWN,
                     {f"{n:02}": f"draft-{n:02}" for n in range(2, 7)}
                     | {f"{n:02}": f"draft-ietf-oauth-v2-1-{n:02}" for n in range(7, 16)} | {"16": "08614f6"}),
    "idjag": History("identity-assertion-authz-grant", f"oauth-wg/oauth-{_JAG}", _MARKDOWN,
                     _tags(_JAG, ("parecki", 0, 5), ("ietf", 0, 3))),
    "echo": History("resource-token-resp", f"mcguinness/{_ECHO}", _MARKDOWN,
                    {f"{n:02}": f"{_ECHO}-{n:02}" for n in range(4)}),
}  # fmt: skip


def named(history: History, folder: Path) -> Iterator[tuple[str, str, Altered]]:
    """Yield what the bot names: the revision, the row and the sentence."""
    texts = {name: _text(history, name, folder / history.repository) for name in history.revisions}
    for (_, before), (name, after) in pairwise(texts.items()):
        for change in revised(before, after, history.text).changes:
            yield from ((name, quote.row, change) for quote in change.quotes)


def _text(history: History, name: str, clone: Path) -> str:
    """The files of a revision as one text."""
    commit, pattern = history.revisions[name], history.files.replace("{}", name)
    listed = _git(clone, "ls-tree", "-r", "--name-only", commit).splitlines()
    return "\n\n".join(_git(clone, "show", f"{commit}:{each}") for each in listed if re.fullmatch(pattern, each))


def _git(clone: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=clone, capture_output=True, encoding="utf-8", check=True).stdout


def main() -> int:
    """Print the record; return 1 where what is named and what is judged are not the same."""
    if len(sys.argv) < 2:
        print("not run: name the folder of the clones")
        return 0
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        judged = list(csv.DictReader(file))
    totals, failed = Counter[str](), 0
    for short, history in HISTORIES.items():
        found = defaultdict[tuple[str, str], list[Altered]](list)
        for revision, row, change in named(history, Path(sys.argv[1])):
            found[revision, row].append(change)
        known = {
            (one["revision"], one["row"]): one["judged"] for one in judged if one["history"] == short and one["row"]
        }
        strange = (found.keys() - known.keys()) | ({place for place in known if known[place] != "said"} - found.keys())
        failed |= bool(strange)
        counts = Counter[str](revisions=len(history.revisions) - 1)
        for place, word in known.items():
            fresh = place in found and all(change.kind == "new" for change in found[place])
            for when in ("", " then")[: 1 if fresh else 2]:
                counts[f"named{when}"] += place in found
                counts[f"{word}{when}"] += 1
                counts[f"found{when}"] += word == "said" and place in found
            loud = place in found and any(change.kind not in ("new", "reworded") for change in found[place])
            counts["loud"] += loud
            counts["loud and false"] += loud and word == "wording"
            counts["new"] += fresh and word == "said"
            counts["listed"] += fresh and word == "said" and any(change.weight for change in found[place])
        missed = [" ".join(place) for place, word in known.items() if word == "said" and place not in found]
        print(_line(short, counts))
        for what, places in (("missed", missed), ("judged, but not named, or the other way", map(" ".join, strange))):
            print(*(f"         {what}: {place}\n" for place in places), sep="", end="")
        totals += counts
    print(_line("all", totals))
    for when, words in (("", "knowing the newest text"), (" then", "at the time")):
        share, false = totals["found" + when] / totals["said" + when], totals["wording" + when] / totals["named" + when]
        print(f"{words}: {share:.0%} of the changes of changelogs found, {false:.0%} of what is named is a false alarm")
    print(f"of {totals['new']} new rules that were found, {totals['listed']} are new sentences with a keyword")
    print(f"of {totals['loud']} rules whose keywords changed, {totals['loud and false']} are false alarms")
    print(
        f"{sum(one['judged'] == 'unknown' for one in judged)} lines of changelogs are about rules that nothing quotes"
    )
    return failed


def _line(name: str, counts: Counter[str]) -> str:
    said = f"{name:<9}{counts['revisions']:>3} revisions"
    for when in ("", " then"):
        found, told, named, silent, false = (counts[w + when] for w in ("found", "said", "named", "silent", "wording"))
        said += "; at the time" if when else ":"
        said += f" {found} of {told} found, {named} named, {silent} silent, {false} false"
    return said


if __name__ == "__main__":
    sys.exit(main())
