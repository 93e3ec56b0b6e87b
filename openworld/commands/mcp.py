"""Answers for assistants and editors."""

from typing import Any

import click

from openworld.commands.common import cache_option, call, option, options, with_option

_TIMEOUT = option("--timeout", "Give up on a question after S seconds; the verdict is then `unknown`.",
                  click.FloatRange(min=0, min_open=True), "S", default=15.0, show_default=True)  # fmt: skip
_MCP = (
    option("--http port", "Answer over HTTP at http://127.0.0.1:PORT/mcp instead; 0 takes a free port.",
           click.IntRange(0, 65535), "PORT"),
    _TIMEOUT,
    option("--site", "Link answers to the page that `openworld site` writes.", None, "URL", default=""),
    cache_option,
    with_option,
)  # fmt: skip


@click.command()
@options(*_MCP)
def mcp(**given: Any) -> int:
    """Answer an assistant's questions, by the Model Context Protocol (MCP), over stdin and stdout.

    Its tools are `ask`, `draw`, `compare`, `explain`, `serves` and `check`, and answer as the commands do. Its
    resources are the glossary, the findings and the designs. Nobody but this machine reaches it, it asks no server, and
    it runs no draft but those that --with names.

    \b
    claude mcp add openworld -- openworld mcp
    openworld mcp --http 8765
    """
    return call("openworld.work.mcp.serve", **given)


@click.command()
@options(_TIMEOUT, cache_option, with_option)
def lsp(**given: Any) -> int:
    """Answer an editor, by the Language Server Protocol (LSP), over stdin and stdout.

    In a draft, the sentences that an `openworld.toml` beside it quotes show what rests on them, and one that has
    changed is an error. In `openworld.toml` an expectation that has flipped is an error where it stands. In it, and in
    files of worlds, populations and experiments, names of keys, switches and values are completed.

    Files are read when they are opened and saved. No draft runs but those that --with names.

    \b
    openworld lsp --with mydraft.py
    """
    return call("openworld.work.lsp.serve", **given)
