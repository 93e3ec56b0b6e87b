"""What every command shares: exit codes, one-line errors, common options, printing."""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from model.errors import InputError
from model.model import Model, oauth

DONE, VIOLATED, BAD_INPUT, INCONCLUSIVE, NOT_IN_THIS_WORLD, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130


class Commands(click.Group):
    """Commands whose return value is the exit code and whose errors are one line."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        extra["standalone_mode"] = False
        _open_closed_streams()
        try:
            try:
                code = super().main(*args, **extra)
            except click.exceptions.NoArgsIsHelpError as error:
                click.echo(error.format_message())
                code = BAD_INPUT
            sys.stdout.flush()
        except click.ClickException as error:
            code = complain(error.format_message(), BAD_INPUT)
        except (KeyboardInterrupt, click.Abort):
            code = complain("interrupted", INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the output has seen enough; keep Python from complaining at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = DONE
        except Exception as error:
            code = _explain(error)
        sys.exit(code or DONE)


def _open_closed_streams() -> None:
    """Let output go nowhere whose stream was closed by whoever started this, and not into the next file opened."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (to the end)


def complain(message: str, code: int) -> int:
    """Say on stderr what is wrong, where that takes it; the exit code that is to say the same."""
    said = " ".join(message.split())
    line = "openworld: " + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in said)
    with suppress(OSError):
        click.echo(inert(line) if os.environ.get("GITHUB_ACTIONS") == "true" else line, err=True)
    return code


def inert(line: str) -> str:
    """A line in which the runner of GitHub sees no command: none at its start, and none of the old form anywhere."""
    start = len(line) - len(line.lstrip())
    if line.startswith("::", start):
        line = f"{line[:start]}:\N{ZERO WIDTH SPACE}{line[start + 1 :]}"
    return line.replace("##[", "##\N{ZERO WIDTH SPACE}[")


#: What the machine does not give, however good the input is: room, files, rights.
_REFUSED = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE,
    errno.EACCES, errno.EPERM, errno.EROFS,
}  # fmt: skip
#: Errors that say all in one line, with what they come to; importing their classes would import what raises them.
_SAID = {
    "ReplayError": INTERNAL, "WorkersDiedError": INTERNAL, "ProofError": INCONCLUSIVE, "UnconfinedError": INCONCLUSIVE,
    "UnstableError": INCONCLUSIVE,
}  # fmt: skip


def _explain(error: Exception) -> int:
    """One line for what a user or the machine can cause; anything else is a bug and keeps its traceback."""
    if isinstance(error, MemoryError):
        return complain("out of memory", INCONCLUSIVE)
    if isinstance(error, OSError) and error.strerror:
        code = INCONCLUSIVE if error.errno in _REFUSED else BAD_INPUT
        return complain(f"{error.filename or 'input or output'}: {error.strerror}", code)
    if isinstance(error, InputError):
        return complain(str(error), BAD_INPUT)
    if type(error).__name__ in _SAID:
        return complain(str(error), _SAID[type(error).__name__])
    with suppress(OSError):
        traceback.print_exception(error)
    return INTERNAL


def loaded(function: str) -> Callable[..., Any]:
    """A function by its full name, of a module that is loaded here and not with whoever asks for it.

    So what an extra brings is not needed to read what it would be good for, and no command waits for what it does not
    use.
    """
    module, _, name = function.rpartition(".")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def call(function: str, *given: Any, **named: Any) -> int:
    """Have a function that is loaded now do the work of a command, and return the exit code."""
    code: int = loaded(function)(*given, **named)
    return code


def print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def tell(as_json: bool, data: Any, lines: Iterable[str]) -> int:
    """Print what was found, as JSON or in lines, and that is it."""
    if as_json:
        print_json(data)
    else:
        print_lines(lines)
    return DONE


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Give up on a question after S seconds; the verdict is then `unknown`.",
)


def _model(context: click.Context, _: click.Parameter, files: tuple[str, ...]) -> Model:
    """The model that a command asks: the one that ships, with what drafts add."""
    return oauth().extended(*files)


def model_of(context: click.Context) -> Model:
    """The same, to whoever completes a word of the command."""
    found: Model = context.params.get("model") or oauth()
    return found


with_option = click.option(
    "--with",
    "model",
    multiple=True,
    metavar="FILE.py",
    is_eager=True,
    callback=_model,
    type=click.Path(exists=True, dir_okay=False),
    help="With what a draft of your own adds (`openworld new draft`).",
)
workers_option = click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes to use. [default: one for each core]"
)
