"""Drafts against an earlier revision of them, for a pull request."""

import subprocess
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import click

from model.errors import InputError
from model.model import Model
from openworld.cache import Cache
from openworld.check import evaluate
from openworld.commands.common import DONE, INCONCLUSIVE
from openworld.diff import Flip, flips
from openworld.expectations import read
from openworld.files import append
from openworld.integrations import put
from openworld.progress import Progress
from openworld.revised import comment, known_as, lowered, revised


def review(
    files: Sequence[Path],
    since: str,
    name: str | None,
    posted: bool,
    summary: Path | None,
    cache: Cache | None,
    timeout: float | None,
    workers: int,
    model: Model,
) -> int:
    """Say what has changed in drafts since a revision, and what rests on it.

    Raises:
        InputError: no draft, no such revision, an unknown text, or a file that is no text.
    """
    texts = [file for file in files if file.suffix != ".toml"]
    if not texts:
        raise InputError("nothing to compare: name a draft beside the expectations, as Markdown, XML or text")
    resting = [one for file in files if file.suffix == ".toml" for one in read(file, model)]
    before, after = _joined(_earlier(file, since) for file in texts), _joined(map(_now, texts))
    text = known_as(before + after, name)
    if not (text or resting):
        raise InputError(f"{texts[0]}: no sentence of it is known; name its text by --draft, or add an openworld.toml")
    found = revised(before, after, text, resting)
    relying = [one for one in resting if any(one in change.resting for change in found.changes)]
    checked = list(evaluate(relying, cache, workers, timeout))
    asked = [cell for cells in lowered(found.changes, model).values() for cell in cells]
    flipped: list[Flip] = []
    with Progress("questions", len(asked)) as progress, closing(flips(asked, workers, timeout, model)) as answers:
        for answer in answers:
            if isinstance(answer, Flip):
                flipped.append(answer)
            else:
                progress.at(progress.done + len(answer), len(asked))
    said = comment(found, flipped, checked, model)
    click.echo(said, nl=False)
    if summary is not None:
        append(summary, said)
    if posted:
        click.echo(put(said), err=True)
    return INCONCLUSIVE if any(flip.unknown for flip in flipped) else DONE


def _joined(texts: Iterable[str]) -> str:
    return "\n\n".join(texts)


def _now(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8: {error.reason}") from None


def _earlier(file: Path, since: str) -> str:
    """A file as it was; empty where it was not there yet (raises InputError)."""
    known = _git(file, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{since}^{{commit}}")
    if known.returncode:
        raise InputError(f"{file}: no revision {since!r} in its repository{_why(known)}")
    return _git(file, "show", f"{known.stdout.strip()}:./{file.name}").stdout


def _git(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=file.parent, capture_output=True, encoding="utf-8", errors="replace")


def _why(done: subprocess.CompletedProcess[str]) -> str:
    return f": {done.stderr.strip().splitlines()[0]}" if done.stderr.strip() else " (is it fetched?)"
