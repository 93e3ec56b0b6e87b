"""A change of a draft: what is found of it, whatever the markup, and the one comment, written over real HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from openworld.cli import main
from openworld.diff import flips
from openworld.revised import MARKER, comment, known_as, lowered, revised

ROOT = Path(__file__).parents[2]
METADATA, DOCUMENTS = "RFC 9728", "draft-ietf-oauth-client-id-metadata-document"
MUST = "The resource value returned MUST be identical to the protected resource's resource identifier value"
INTO = "into which the well-known URI path suffix was inserted to create the URL used to retrieve the metadata."
FORMS = {
    "markdown": f"# A draft\n\n* One. {MUST}\n  {INTO} Two.\n* Three.\n",
    "kramdown": f"# A draft\n\nOne. {MUST.replace('MUST', '**MUST**')} {INTO}\n",
    "xml": f"<t>One.</t><t>{MUST.replace('resource value', '<spanx>resource</spanx> value')}\n {INTO}</t><!-- <t> -->",
    "text": f"   One.  {MUST}\n   {INTO}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_keyword_that_is_weaker_is_found(form: str) -> None:
    """In whatever form the draft is, with the row and what the model has in its place; the other way it is stronger."""
    before, after = FORMS[form], FORMS[form].replace("MUST", "SHOULD")
    [change] = revised(before, after, METADATA).changes
    assert (change.kind, change.weight) == ("MUST → SHOULD", 1)
    assert {quote.row for quote in change.quotes} == {"PRM-3.3-exact-wk"}
    assert list(lowered([change])) == ["prm=unchecked;cap=mal_rs"]
    assert revised(after, before, METADATA).changes[0].weight == -1
    assert known_as(before) == METADATA


@pytest.mark.parametrize("form", FORMS)
def test_what_says_the_same_is_no_change(form: str) -> None:
    """Another form of it, another place in the draft, another number of a section, another line."""
    other = "New. And Section 4.1 of RFC 1 is here.\n\n" + FORMS[form].replace("One. ", "").replace(
        "well-known", "well known"
    )
    found = revised(
        FORMS["markdown"] + "\nSee [it](a.html) of Section 3.", other + "\nSee [it](b.html) in Section 4.1.", METADATA
    )
    assert (found.changes, found.strange) == ([], [])


def test_what_comes_goes_and_is_unknown() -> None:
    """A rule that is gone, a rule that is there now, and a keyword that nothing quotes."""
    gone = revised(FORMS["text"], "One.\n\nClients MUST sing.\n", METADATA)
    assert [change.heading for change in gone.changes] == ["removed: MUST"]
    assert gone.strange == ["Clients MUST sing."]
    assert [change.kind for change in revised("One.", FORMS["text"], METADATA).changes] == ["new"]
    assert revised(FORMS["text"], "One.", "").changes == []


def test_a_sentence_that_another_quote_is_is_no_likeness() -> None:
    """However alike two rules of a text are."""
    said = "Any other value is invalid; the client MUST NOT use the access token and SHOULD discard it."
    [change] = revised("", said, "resource-token-resp").changes
    assert [quote.row for quote in change.quotes] == ["RTR-3.3.2-parse"]


def test_a_verdict_that_flips_is_drawn() -> None:
    """What holds with the obligation and does not without it, as Mermaid; what nothing rests on is one line."""
    found = revised(FORMS["text"], FORMS["text"].replace("MUST", "MAY"), METADATA)
    [cells] = lowered(found.changes).values()
    asked = [cell for cell in cells if cell.property == "token_confinement"]
    said = comment(found, [flip for flip in flips(asked, 1) if not isinstance(flip, list)], [])
    assert said.startswith(
        f"{MARKER}\n### openworld: 1 quoted sentence changed; without what they ask, 1 attack would be"
    )
    assert "<del>MUST</del> <ins>MAY</ins>" in said
    assert "| ✗ | token_confinement | safe | attack in" in said
    assert "```mermaid\nsequenceDiagram" in said
    same = comment(revised("A.", "A. It MUST.", METADATA), [], []).splitlines()
    assert same == [
        MARKER,
        "openworld: no sentence changed on which a verdict of the model rests; 1 new sentence with BCP 14 keywords.",
    ]


# --- the comment -----------------------------------------------------------------------------------------------


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


OK = "A successful response MUST use the 200 OK HTTP status code."
EXPECTED = """[[expect]]
design = "mcp"
reached = ["first_contact"]
against = ["none"]
draft = "draft.md"
quote = "Clients SHOULD be kind"
"""


class GitHub(ThreadingHTTPServer):
    """Comments of an issue over HTTP; ``refuses`` is the status that a comment is answered with."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        person, other = {"type": "User", "login": "a"}, {"type": "Bot", "login": "b"}
        self.comments: list[dict[str, Any]] = [{"id": n, "body": None, "user": other} for n in range(120)]
        self.comments.append({"id": 120, "body": f"{MARKER}\nmine", "user": person})
        self.refuses = 0


class _Answer(BaseHTTPRequestHandler):
    server: GitHub

    def do_GET(self) -> None:
        page = int(self.path.rpartition("page=")[2])
        assert self.path.startswith("/api/repos/o/r/issues/7/comments?per_page=100")
        self._say(200, self.server.comments[100 * (page - 1) : 100 * page])

    def do_POST(self) -> None:
        assert (self.path, self.headers["Authorization"]) == ("/api/repos/o/r/issues/7/comments", "Bearer t")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        made = {"id": 121, "body": body, "user": {"type": "Bot"}, "html_url": "URL"}
        self.server.comments += [made] * (not self.server.refuses)
        self._say(self.server.refuses or 201, made)

    def do_PATCH(self) -> None:
        assert self.path == "/api/repos/o/r/issues/comments/121"
        self.server.comments[-1]["body"] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        self._say(200, self.server.comments[-1])

    def _say(self, status: int, data: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(data).encode())

    def log_message(self, *_: object) -> None:
        """Nothing on the screen."""


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GitHub]:
    """A server in the place of GitHub, and the variables that a runner sets."""
    (tmp_path / "event.json").write_text('{"pull_request": {"number": 7}}')
    with GitHub() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        runner = {"API_URL": f"http://127.0.0.1:{server.server_port}/api", "REPOSITORY": "o/r", "TOKEN": "t"}
        runner |= {"EVENT_PATH": str(tmp_path / "event.json"), "STEP_SUMMARY": str(tmp_path / "summary.md")}
        for name, value in runner.items():
            monkeypatch.setenv(f"GITHUB_{name}", value)
        yield server
        server.shutdown()


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A draft in a repository with one revision, changed since."""
    file = tmp_path / "draft.md"
    file.write_text(f"# A draft\n\n{OK}\n\nClients SHOULD be kind.\n")
    for words in ("init -q", "add draft.md", "-c user.name=n -c user.email=n@example.com commit -qm one"):
        subprocess.run(["git", *words.split()], cwd=tmp_path, check=True)
    file.write_text(file.read_text().replace("MUST", "SHOULD"))
    return file


def test_there_is_one_comment_and_it_is_edited(github: GitHub, draft: Path) -> None:
    """Written after 121 others, of which one only looks like it; written again it is the same one."""
    asked = ("check", "--since", "HEAD", "--comment", "--draft", DOCUMENTS, draft)
    assert run(*asked).stderr.splitlines()[-1] == "wrote URL"
    assert "MUST → SHOULD" in github.comments[-1]["body"]
    draft.write_text(draft.read_text().replace("SHOULD use", "MUST use"))
    done = run(*asked)
    assert (done.exit_code, done.stderr.splitlines()[-1], len(github.comments)) == (0, "edited URL", 122)
    assert github.comments[-1]["body"] == done.stdout
    assert done.stdout.count("\n") == 2
    assert github.comments[120]["body"] == f"{MARKER}\nmine"


def test_a_token_that_may_only_read_leaves_it_to_the_summary(github: GitHub, draft: Path, tmp_path: Path) -> None:
    """As that of a pull request from a fork; what else goes wrong is an error in one line."""
    github.refuses = 403
    done = run("check", "--since", "HEAD", "--comment", "--draft", DOCUMENTS, draft)
    assert (done.exit_code, len(github.comments)) == (0, 121)
    assert "the token may not write here (403)" in done.stderr
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == done.stdout
    github.refuses = 500
    done = run("check", "--since", "HEAD", "--comment", draft)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "answers 500" in done.stderr


def test_the_action_writes_it(github: GitHub, draft: Path, tmp_path: Path) -> None:
    """Its step as a runner runs it, with openworld as it is installed here."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    [step] = [one for one in action["runs"]["steps"] if one["name"] == "Comment"]
    (tmp_path / "openworld" / "bin").mkdir(parents=True)
    command = tmp_path / "openworld" / "bin" / "openworld"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m openworld.cli "$@"\n')
    command.chmod(0o755)
    given = {"DRAFTS": "*.md", "DRAFT": "", "SINCE": "HEAD", "RUNNER_TEMP": str(tmp_path)}
    bash = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
    subprocess.run(bash, cwd=draft.parent, env=os.environ | given, check=True)
    assert "<del>MUST</del> <ins>SHOULD</ins>" in github.comments[-1]["body"]


def test_expectations_of_the_repository_are_known(draft: Path) -> None:
    """What rests on a sentence that changed is asked and said."""
    (draft.parent / "openworld.toml").write_text(EXPECTED)
    draft.write_text(draft.read_text().replace("Clients SHOULD be", "Clients MAY be"))
    done = run("check", "--since", "HEAD", draft, draft.parent / "openworld.toml")
    assert "#### SHOULD → MAY" in done.stdout
    assert "An expectation rests on it: first_contact with design=mcp against none is reached" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "nowhere"), "no revision 'nowhere' in its repository"),
        (("--since", "HEAD", "--draft", "RFC 9782"), "no sentence of 'RFC 9782' is quoted; did you mean 'RFC 9728'"),
        (("--draft", "mcp"), "--draft and --comment go with --since REV"),
        (("--since", "HEAD", "--comment"), "no 'GITHUB_EVENT_PATH' here"),
    ],
)
def test_what_cannot_be_compared_is_one_line(draft: Path, words: tuple[str, ...], said: str) -> None:
    """The message names the culprit."""
    done = run("check", *words, draft)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr


def test_a_draft_of_which_nothing_is_known_is_no_draft_without_changes(draft: Path) -> None:
    """It says so, and how to name it."""
    (draft.parent / "other.md").write_text("Clients MUST sing.")
    done = run("check", "--since", "HEAD", draft.parent / "other.md")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "other.md: no sentence of it is known; name its text by --draft" in done.stderr
