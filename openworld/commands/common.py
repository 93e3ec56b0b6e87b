"""What every command shares: exit codes, one-line errors, common options, printing."""

from __future__ import annotations

import errno
import gc
import io
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.shell_completion import CompletionItem

from model.errors import InputError, hint
from model.model import Model, oauth
from openworld.files import as_json as written
from openworld.files import emit
from openworld.width import columns, fitted

if os.name == "posix":
    import resource
if TYPE_CHECKING:
    from typing_extensions import Buffer

#: MB of address space that it takes to load the solver and lay a world down.
LEAST_MEMORY = 160
DONE, VIOLATED, BAD_INPUT, INCONCLUSIVE, NOT_IN_THIS_WORLD, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130


class Commands(click.Group):
    """Commands whose return value is the exit code and whose errors are one line."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        extra["standalone_mode"] = False
        try:
            try:
                if not args and "args" not in extra:  # as a process of its own, and not inside another
                    _open_streams()
                    _survive()
                    heed_sigterm()
                    gc.set_threshold(20_000)  # what is imported and laid down stays, and looking for garbage takes 5 %
                code = super().main(*args, **extra)
            except click.exceptions.NoArgsIsHelpError as error:
                click.echo(error.format_message())
                code = BAD_INPUT
            sys.stdout.flush()
        except click.ClickException as error:
            code = complain(error.format_message(), BAD_INPUT)
        except (KeyboardInterrupt, click.Abort):
            code = complain("interrupted", INTERRUPTED)
        except Exception as error:
            code = _explain(error)
        sys.exit(code or DONE)


class Lazy(Commands):
    """A group that imports a command when it is asked for: of the module of this package that its table names."""

    def __init__(self, *args: Any, groups: Mapping[str, Mapping[str, tuple[str, str]]], **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.groups = groups
        self.lines = {name: line for commands in groups.values() for name, (_, line) in commands.items()}

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.lines)

    def get_command(self, context: click.Context, name: str) -> click.Command:
        for commands in self.groups.values():
            if name in commands:
                module = import_module(f"openworld.commands.{commands[name][0]}")
                return next(
                    each for each in vars(module).values() if isinstance(each, click.Command) and each.name == name
                )
        raise click.UsageError(f"unknown command {name!r}{hint(name, self.lines)}")

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for group, commands in self.groups.items():
            with formatter.section(group):
                formatter.write_dl([(name, line) for name, (_, line) in commands.items()])

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        named = [CompletionItem(name, help=line) for name, line in self.lines.items() if name.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, context, incomplete)]


class _Output(io.FileIO):
    """An output whose reader may go away: what nobody reads any more goes nowhere, and the answer stays what it is."""

    def write(self, content: Buffer, /) -> int:
        try:
            return super().write(content)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if not isinstance(error, BrokenPipeError):
                raise  # once, and not again when Python ends
            return len(memoryview(content))


def _open_streams() -> None:
    """Let output go nowhere whose stream the starter of this process has closed, and not into the next file opened."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            made = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (to the end)
        else:
            made = io.TextIOWrapper(
                io.BufferedWriter(_Output(stream.fileno(), "wb", closefd=False)),
                stream.encoding,
                stream.errors,
                line_buffering=stream.line_buffering,
                write_through=stream.write_through,
            )
        setattr(sys, name, made)


def heed_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does: with nothing left behind, and what is finished kept.

    A thread hears of it even where this one is in the solver, which heeds Ctrl-C alone. Who is started in the
    background of a script finds Ctrl-C ignored, and has to be ended all the same.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    heard, said = os.pipe()
    os.set_blocking(said, False)
    signal.set_wakeup_fd(said, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    threading.Thread(target=_pass_on, args=(heard,), daemon=True).start()


def _pass_on(heard: int) -> None:
    while signalled := os.read(heard, 1):
        if signalled[0] == signal.SIGTERM:
            os.kill(os.getpid(), signal.SIGINT)


def _survive() -> None:
    """Where memory is limited, go on in a child: the solver crashes where it gets none, and that is to be told.

    Raises:
        MemoryError: the limit leaves too little to begin with, or was met by the child.
    """
    if os.name != "posix" or (allowed := resource.getrlimit(resource.RLIMIT_AS)[0]) == resource.RLIM_INFINITY:
        return
    limit = allowed >> 20
    if limit < LEAST_MEMORY:
        raise MemoryError(f"{limit} MB are allowed, and it takes {LEAST_MEMORY} MB to begin")
    child = os.fork()
    if child == 0:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which the child gets as well
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS):
        raise MemoryError(f"{limit} MB are allowed")
    sys.exit(code if code >= 0 else 128 - code)


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
    if type(error).__name__ == "Z3Exception" and "out of memory" in str(error):
        error = MemoryError()
    if isinstance(error, MemoryError):
        return complain(f"out of memory{': ' * bool(error.args)}{error}", INCONCLUSIVE)
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
    """A function by its full name, of a module that is loaded here and not with the one that asks for it.

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
    """Print lines; on a terminal none is wider than it, and what is wrapped stays under its own words."""
    for line in lines:
        width = columns(len(line) or 1)
        for part in fitted(line, width) if width < len(line) else [line]:
            click.echo(part)


def tell(as_json: bool, data: Any, lines: Iterable[str], output: Path | None = None) -> int:
    """Print what was found, as JSON or in lines, or write it to a file, and that is it."""
    if output is not None:
        emit(written(data) if as_json else "".join(f"{line}\n" for line in lines), output)
    elif as_json:
        print_json(data)
    else:
        print_lines(lines)
    return DONE


#: Forms whose files end in something else than their name.
_SUFFIXES = {"md": "markdown", "mmd": "mermaid", "pv": "proverif", "txt": "text"}


def format_option(
    *forms: str, help: str = "", name: str = "form", usual: Callable[[click.Context], str] | None = None
) -> Callable[[Any], Any]:
    """How a command says in which form it answers: as ``--format`` says, or else the suffix of the file of ``-o``.

    ``usual`` is what nobody has to ask for: by default the first of the forms.
    """

    def chosen(context: click.Context, _: click.Parameter, form: str | None) -> str | bool:
        suffix = Path(context.params.get("output") or "").suffix[1:]
        by_suffix = _SUFFIXES.get(suffix, suffix)
        form = form or (by_suffix if by_suffix in forms else usual(context) if usual else forms[0])
        return form == "json" if name == "as_json" else form

    said = help or "Text for people, or data."
    said += f" [default: {'by the suffix of -o, else ' * (name == 'form')}{forms[0]}]"
    return click.option("--format", name, type=click.Choice(forms), callback=chosen, help=said)


def output_option(help: str = "Write to a file.", folder: bool = False, **extra: Any) -> Callable[[Any], Any]:
    """Where a command writes; known before the form of what it writes."""
    kind = click.Path(file_okay=not folder, dir_okay=folder, path_type=Path)
    metavar = "FOLDER" if folder else "FILE"
    return click.option("-o", "--output", type=kind, metavar=metavar, is_eager=True, help=help, **extra)


def option(names: str, help: str, kind: Any = bool, metavar: str | None = None, **extra: Any) -> Callable[[Any], Any]:
    """An option as a line of a table: a flag, or one that takes values of a kind."""
    how = {"is_flag": True} if kind is bool else {"type": kind, "metavar": metavar}
    return click.option(*names.split(), help=help, **how, **extra)


def options(*table: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """All options of a table, in its order."""
    return lambda command: reduce(lambda so_far, each: each(so_far), reversed(table), command)


def scenario_file(help: str) -> Callable[[Any], Any]:
    """The option for scenarios of one's own, as a file."""
    return option("--with own", help, click.Path(exists=True, dir_okay=False, path_type=Path), "FILE")


as_json = format_option("text", "json", name="as_json")
scenarios_option = option(
    "--scenarios", "Only these, separated by commas; M stands for all that begin so.", str, "NAMES"
)
timeout_option = option(
    "--timeout", "Give up on a question after S seconds; the verdict is then `unknown`.",
    click.FloatRange(min=0, min_open=True), "S",
)  # fmt: skip


def _model(context: click.Context, _: click.Parameter, files: tuple[str, ...]) -> Model:
    """The model that a command asks: the one that ships, with what drafts add."""
    return oauth().extended(*files)


def model_of(context: click.Context) -> Model:
    """The same, for code that completes a word of the command."""
    found: Model = context.params.get("model") or oauth()
    return found


with_option = option(
    "--with model", "With what a draft of your own adds (`openworld new draft`).",
    click.Path(exists=True, dir_okay=False), "FILE.py", multiple=True, is_eager=True, callback=_model,
)  # fmt: skip
cache_option = option(
    "--cache folder", "Where verdicts are kept.  [default: the user's cache folder]",
    click.Path(file_okay=False, path_type=Path), "DIR", envvar="OPENWORLD_CACHE", show_envvar=True,
)  # fmt: skip
workers_option = option("--workers", "Processes to use. [default: one for each core]", click.IntRange(min=1), "N")
