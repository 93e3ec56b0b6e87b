"""Editors: a client of the protocol starts the server as a process of its own, with a draft and what rests on it."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from model.model import oauth
from openworld.expectations import Plain
from openworld.written import offers

DRAFT = """# A draft

## 2.4. Issuer 🙂

A client 🙂 MUST compare the `iss` parameter with the issuer
that it recorded for *this* request. It says no more.

The client MUST send PKCE.
"""
QUOTED = "A client 🙂 MUST compare the iss parameter with the issuer that it recorded for this request."
EXPECTED = f"""[[expect]]
design = "mcp"
switches = {{ h_iss = "no" }}
against = ["mal_as"]
holds = ["code_delivery"]
draft = "draft.md"
quote = "{QUOTED}"

[[expect]]
design = "mcp"
against = ["none"]
reached = ["first_contact"]
draft = "draft.md"
quote = "The client MUST use PKCE."
"""


class Seen(NamedTuple):
    """What an editor was shown: diagnostics by file, after opening and after a change, and the answers it got."""

    opened: dict[str, list[types.Diagnostic]]
    changed: dict[str, list[types.Diagnostic]]
    mistaken: list[types.Diagnostic]
    hover: types.Hover | None
    elsewhere: types.Hover | None
    offered: Any


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """An editing session: a draft and its expectations are opened, and then both are changed."""
    folder = tmp_path_factory.mktemp("editing")
    (folder / "draft.md").write_text(DRAFT, encoding="utf-8")
    (folder / "openworld.toml").write_text(EXPECTED, encoding="utf-8")
    return asyncio.run(session(folder))


async def session(folder: Path) -> Seen:
    """What the server says, step by step."""
    client, shown = LanguageClient("a test", "1"), dict[str, list[types.Diagnostic]]()
    news = asyncio.Condition()
    draft, file = ((folder / name).as_uri() for name in ("draft.md", "openworld.toml"))

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    async def published(sent: types.PublishDiagnosticsParams) -> None:
        async with news:
            shown[sent.uri] = list(sent.diagnostics)
            news.notify_all()

    async def until(is_so: Callable[[], bool]) -> dict[str, list[types.Diagnostic]]:
        async with news:
            await asyncio.wait_for(news.wait_for(is_so), 60)
            return {Path(uri).name: said for uri, said in shown.items()}

    def change(uri: str, text: str) -> None:
        whole = [types.TextDocumentContentChangeWholeDocument(text)]
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, uri), whole)
        )

    def says(uri: str, words: str) -> Callable[[], bool]:
        return lambda: any(words in each.message for each in shown.get(uri, ()))

    await client.start_io(sys.executable, "-m", "openworld.cli", "lsp", "--cache", str(folder / "kept"))
    folders = [types.WorkspaceFolder(folder.as_uri(), "drafts")]
    await client.initialize_async(
        types.InitializeParams(capabilities=types.ClientCapabilities(), workspace_folders=folders)
    )
    client.initialized(types.InitializedParams())
    for uri, language, text in ((draft, "markdown", DRAFT), (file, "toml", EXPECTED)):
        opened = types.TextDocumentItem(uri, language, 1, text)
        client.text_document_did_open(types.DidOpenTextDocumentParams(opened))
    first = await until(lambda: len(shown.get(file, ())) == 2 and says(draft, "use PKCE")())
    document = types.TextDocumentIdentifier(draft)
    hover, elsewhere = [
        await client.text_document_hover_async(types.HoverParams(document, types.Position(line, 12))) for line in (5, 0)
    ]
    change(draft, DRAFT.replace("MUST compare", "SHOULD compare"))
    second = await until(says(file, "MUST compare"))
    change(file, EXPECTED.replace('"code_delivery"', '"code_delivry"'))
    third = await until(says(file, "code_delivry"))
    change(file, f"{EXPECTED}\n[[expect]]\nswitches = {{ h_i")
    offered = await client.text_document_completion_async(
        types.CompletionParams(types.TextDocumentIdentifier(file), types.Position(16, 16))
    )
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()
    return Seen(first, second, third["openworld.toml"], hover, elsewhere, offered)


def test_says_in_a_draft_which_sentence_has_changed(seen: Seen) -> None:
    (lost,) = seen.opened["draft.md"]
    assert lost.message.splitlines()[0] == 'This no longer says "The client MUST use PKCE.", on which rests:'
    assert "openworld.toml:12: first_contact" in lost.message
    assert lost.range == types.Range(types.Position(7, 0), types.Position(7, 26))  # what it says now


def test_says_in_a_file_of_expectations_what_has_flipped(seen: Seen) -> None:
    flipped, lost = seen.opened["openworld.toml"]
    assert flipped.message.startswith("flipped: code_delivery with design=mcp;h_iss=no against mal_as")
    assert flipped.range == types.Range(types.Position(4, 9), types.Position(4, 24))
    assert flipped.severity == types.DiagnosticSeverity.Error
    assert lost.message.startswith("without its text: first_contact")


def test_shows_what_rests_on_a_sentence(seen: Seen) -> None:
    assert seen.hover is not None
    assert seen.hover.range == types.Range(types.Position(4, 0), types.Position(5, 36))
    said = seen.hover.contents
    assert isinstance(said, types.MarkupContent)
    assert said.value.startswith("**flipped**: code_delivery with design=mcp;h_iss=no against mal_as")
    assert "attack in 7 steps" in said.value
    assert "```" in said.value
    assert "`openworld verdict code_delivery 'design=mcp;h_iss=no;cap=mal_as'`" in said.value
    assert seen.elsewhere is None


def test_follows_what_is_written_before_it_is_saved(seen: Seen) -> None:
    changed = [each for each in seen.changed["draft.md"] if QUOTED in each.message]
    assert [each.range.start for each in changed] == [types.Position(4, 0)]
    (wrong,) = seen.mistaken
    assert "code_delivry" in wrong.message
    assert "code_delivery" in wrong.message  # what is allowed
    assert wrong.range.start == types.Position(4, 9)


def test_completes_what_is_being_written(seen: Seen) -> None:
    (one,) = seen.offered
    assert (one.label, one.detail) == ("h_iss", oauth().switches["h_iss"].meaning)
    edited = types.TextEdit(types.Range(types.Position(16, 13), types.Position(16, 16)), "h_iss")
    assert one.text_edit == edited


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "[[expect]]\ndes|": {"design"},
        '[[expect]]\ndesign = "oauth2|"': {"oauth21"},
        "[[expect]]\nswitches = { h_iss = | }": {'"yes"', '"no"'},
        "[expect.switches]\nh_is|": {"h_iss"},
        "[scenarios.mine.challenge]\nsc|": {"scheme", "scope"},
        '[[expect]]\nagainst = [\n  "mal_as+code_l|"': {"code_leak"},
        '[[expect]]\nholds = ["code_d|': {"code_delivery"},
        '[[expect]]\nholds = ["code_delivery"] # "code_d|': set(),
        '[[expect]]\nbecause = "{ h_iss = |"': set(),
        '[[party]]\nname = "x"\nrole = "pro|': {"proxy"},
        '[[party]]\npolicy = { iss_check = "req|': {"require"},
        "[[session]]\nsteps|": {"steps_up"},
        'question = "?"\narms = ["mcp", "prm=exact;h_iss=|"]': {"h_iss=yes", "h_iss=no"},
        'question = "?"\nreader = "arr|"': {"arrays"},
        'extends = "measured_2026"\n[factors.h_iss]\nshares = { y|': {"yes"},
        'extends = "measured_2026"\n[factors.h_is|': {"h_iss"},
        "[numbers]\ntoken_l|": {"token_lifetime"},
        'anything = "h_i|"': set(),
        "": set(),
    }.items(),
)
def test_offers_what_may_stand_there(text: str, words: set[str]) -> None:
    place = text.find("|") % (len(text) + 1)
    assert {each.word for each in offers(text.replace("|", ""), place, oauth())} == words


def parts(text: str) -> Iterator[str]:
    plain = Plain.read(text)
    return (text[plain.place(at, at + 1)] for at in range(len(plain.words)))


def test_knows_where_the_words_of_a_draft_stand() -> None:
    text = " A <b>client</b>\n MUST&nbsp;not `do` &lt;it&gt; "
    assert Plain.read(text).words == "A client MUST\xa0not do <it>"
    assert list(parts(text)) == [*"A client", "\n", *"MUST", "&nbsp;", *"not do ", "&lt;", *"it", "&gt;"]
