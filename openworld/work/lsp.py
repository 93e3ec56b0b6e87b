"""A language server: what rests on the sentence under the cursor, what has flipped, and what may stand here.

An editor that has a draft open beside an ``openworld.toml`` shows in the draft which sentences of it the file quotes,
and in the file which of its expectations do not hold. Questions are asked when the file is opened or saved; of text
that is being written only quotes and words are looked at.

References:
    Language Server Protocol 3.17: publishDiagnostics, hover, completion.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import TextDocument

from model.errors import InputError
from model.model import Model
from openworld import expectations
from openworld.cache import Cache, default_folder
from openworld.check import FAILED, Checked, evaluate
from openworld.commands.common import DONE, INTERRUPTED, complain
from openworld.expectations import Anchor, Plain, Position, nearest, sentences
from openworld.written import offers

_SOURCE = "openworld"


class Editing(LanguageServer):
    """What an editor has open, and what was found of the expectations in it.

    Attributes:
        found: of each file of expectations that was read.
    """

    def __init__(self, model: Model, cache: Cache, timeout: float) -> None:
        super().__init__("openworld", version("openworld"))
        self.model, self.cache, self.timeout = model, cache, timeout
        self.found: dict[Path, list[Checked]] = {}
        self.alone = asyncio.Lock()  # solvers are no two threads' at once

    def document(self, path: Path) -> TextDocument:
        """A file as the editor has it, or as it is on the disk."""
        return self.workspace.get_text_document(from_fs_path(str(path)) or "")

    async def ask(self, path: Path) -> None:
        """Ask all that a file expects, and show what is not so."""
        if self.read(path):
            async with self.alone:
                asked = self.read(path)  # it may have been saved again meanwhile
                answered = await asyncio.to_thread(lambda: list(evaluate(asked, self.cache, 0, self.timeout)))
            self.found[path] = answered
            self.show(path)
            for draft in {one.expectation.anchor.draft for one in answered if one.expectation.anchor}:
                self.show_quotes(draft)

    def read(self, path: Path) -> list[expectations.Expectation]:
        """The expectations of a file; none, and what is wrong in the editor, where it cannot be read."""
        document = self.document(path)
        try:
            expectations.refuse_others(path, self.model)
            return expectations.read(path, self.model, document.source.encode())
        except (InputError, OSError) as error:
            place = error.place if isinstance(error, expectations.ExpectationError) else Position(1, 1, 0)
            words = str(error).removeprefix(f"{path}").lstrip(",: ")
            self._publish(path, [_diagnostic(_range(document, _slice(document, place)), words)])
            return []

    def show(self, path: Path) -> None:
        """Say in a file of expectations what is not as it expects."""
        document = self.document(path)
        self._publish(
            path,
            [
                _diagnostic(
                    _range(document, _slice(document, one.expectation.place)),
                    f"{one.status}: {one.headline}: {one.difference}",
                    one.expectation.property,
                    types.DiagnosticSeverity.Error if one.status in FAILED else types.DiagnosticSeverity.Information,
                )
                for one in self._as_written(self.found.get(path, ()))
                if one.status != "as expected"
            ],
        )

    def show_quotes(self, draft: Path) -> None:
        """Say in a draft which sentences it no longer has, of those that expectations quote."""
        document = self.document(draft)
        plain, gone = Plain.read(document.source), dict[Anchor, list[Checked]]()
        for one in self._resting(draft):
            anchor = one.expectation.anchor
            if anchor and anchor.place(plain) is None:
                gone.setdefault(anchor, []).append(one)
        self._publish(
            draft,
            [
                _diagnostic(_range(document, _nearest(anchor, document.source)), _lost(anchor, resting))
                for anchor, resting in gone.items()
            ],
        )

    def hover(self, path: Path, at: types.Position) -> types.Hover | None:
        """What is known of the expectation, or of all that rest on the sentence, at a place."""
        document = self.document(path)
        offset, plain = document.offset_at_position(at), Plain.read(document.source)
        places = [(_slice(document, one.expectation.place), one) for one in self.found.get(path, ())]
        for one in self._resting(path):
            place = one.expectation.anchor and one.expectation.anchor.place(plain)
            places += [(place, one)] if place else []
        meant = [(place, one) for place, one in places if place.start <= offset < place.stop]
        if not meant:
            return None
        said = "\n\n---\n\n".join("\n".join(_told(one)) for one in self._as_written(one for _, one in meant))
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, said), _range(document, meant[0][0]))

    def _resting(self, draft: Path) -> Iterator[Checked]:
        """What rests on sentences of a draft."""
        for found in self.found.values():
            yield from (one for one in found if one.expectation.anchor and one.expectation.anchor.draft == draft)

    def _as_written(self, found: Iterable[Checked]) -> Iterator[Checked]:
        """Outcomes by what drafts say in the editor."""
        for one in found:
            anchor = one.expectation.anchor
            stands = anchor is None or anchor.place(Plain.read(self.document(anchor.draft).source)) is not None
            yield replace(one, anchored=stands)

    def _publish(self, path: Path, said: list[types.Diagnostic]) -> None:
        uri = from_fs_path(str(path)) or ""
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, said))


def _diagnostic(
    where: types.Range, words: str, code: str = "", severity: types.DiagnosticSeverity = types.DiagnosticSeverity.Error
) -> types.Diagnostic:
    return types.Diagnostic(where, words, severity, code or None, source=_SOURCE)


def _slice(document: TextDocument, place: Position) -> slice:
    """A place of a file of expectations in the text of it."""
    start = sum(map(len, document.lines[: place.line - 1])) + place.column - 1
    return slice(start, start + place.length)


def _range(document: TextDocument, place: slice) -> types.Range:
    return types.Range(_position(document, place.start), _position(document, place.stop))


def _position(document: TextDocument, offset: int) -> types.Position:
    """A place in a text as the editor counts: pygls puts the end of a last line that is not ended on the next one."""
    before = document.source[:offset]
    begun = before[before.rfind("\n") + 1 :]
    return types.Position(before.count("\n"), document.position_codec.client_num_units(begun))


def _nearest(anchor: Anchor, text: str) -> slice:
    """The sentence of a draft that is most like one that has changed; the beginning where none is."""
    known = sentences(text)
    alike = nearest(Plain.read(anchor.quote).words, known)
    return known[alike] if alike else slice(0, 0)


def _lost(anchor: Anchor, resting: list[Checked]) -> str:
    """What no longer has the sentence on which it rests."""
    listed = [f"{one.expectation.file.name}:{one.expectation.place.line}: {one.headline}" for one in resting]
    return "\n".join([f'This no longer says "{" ".join(anchor.quote.split())}", on which rests:', *listed])


def _told(one: Checked) -> Iterator[str]:
    """An outcome in Markdown: what was asked, what was found, and the run or the rules that show it."""
    yield f"**{one.status}**: {one.headline} {one.found}"
    if one.status != "as expected":
        yield f"\nExpected: {one.expected}."
    if one.expectation.because:
        yield f"\nBecause {one.expectation.because}"
    yield from ("\n```", *one.evidence(), "```", f"`{one.command}`")


def server(model: Model, cache: Cache, timeout: float) -> Editing:
    """The language server of a model."""
    made = Editing(model, cache, timeout)

    @made.feature(types.INITIALIZED)
    async def begin(_: types.InitializedParams) -> None:
        for folder in made.workspace.folders.values():
            for path in sorted(Path(to_fs_path(folder.uri) or "").glob("**/openworld.toml")):
                await made.ask(path)

    @made.feature(types.TEXT_DOCUMENT_DID_OPEN)
    @made.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def look(sent: types.DidOpenTextDocumentParams | types.DidSaveTextDocumentParams) -> None:
        path = _path(sent.text_document.uri)
        if _expects(made.document(path)):
            await made.ask(path)
        else:
            made.show_quotes(path)

    @made.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def look_again(sent: types.DidChangeTextDocumentParams) -> None:
        path = _path(sent.text_document.uri)
        if _expects(made.document(path)):
            made.read(path)
        else:
            made.show_quotes(path)
            for file in {one.expectation.file for one in made._resting(path)}:
                made.show(file)

    @made.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(sent: types.HoverParams) -> types.Hover | None:
        return made.hover(_path(sent.text_document.uri), sent.position)

    @made.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(['"', "=", ";", "+", "[", "{", ".", " "]))
    def complete(sent: types.CompletionParams) -> list[types.CompletionItem]:
        document = made.workspace.get_text_document(sent.text_document.uri)
        if not document.uri.endswith(".toml"):
            return []
        offset = document.offset_at_position(sent.position)
        return [
            types.CompletionItem(
                one.word,
                detail=one.meaning,
                text_edit=types.TextEdit(_range(document, slice(offset - one.replaces, offset)), one.word),
            )
            for one in offers(document.source, offset, model)
        ]

    return made


def _path(uri: str) -> Path:
    return Path(to_fs_path(uri) or "")


def _expects(document: TextDocument) -> bool:
    return document.uri.endswith(".toml") and "[[expect]]" in document.source


def serve(timeout: float, folder: Path | None, model: Model) -> int:
    """Answer an editor over stdin and stdout until it goes away; the exit code."""
    made = server(model, Cache(folder or default_folder()), timeout)
    signal.signal(signal.SIGINT, lambda *_: os._exit(complain("interrupted", INTERRUPTED)))  # whatever is waited for
    protocol = sys.stdout.buffer
    with redirect_stdout(sys.stderr):  # nothing else may be written between messages
        made.start_io(sys.stdin.buffer, protocol)
    if made.alone.locked():  # nobody is there any more for the answer that is being found
        os._exit(DONE)
    return DONE
