"""The site: its files, the Python that a browser gets, answers beforehand, the address, and the browser itself."""

import gzip
import io
import json
import random
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from deployed.served import read
from deployed.serves import as_data, ends, smallest
from model.chart import chart, text
from model.design import Configuration, Design, parse
from model.drafts import TEXTS
from model.model import oauth
from model.named_designs import NAMED_DESIGNS
from model.switches import CAPABILITIES, SWITCHES
from openworld.cli import main
from openworld.holdings import holdings
from openworld.show import ending
from openworld.site import answer as answering
from openworld.site import build as building
from openworld.site import bundle, pages, precomputed, runtime
from openworld.site.answer import answered, assumptions, told, verdict
from openworld.site.build import build
from openworld.site.compiled import compiled
from openworld.site.runtime import Runtime, RuntimeMissingError
from properties.attackers import configured
from properties.reads import unread
from properties.security import PROPERTIES, Property, find
from properties.verdict import check

ROOT = Path(__file__).parents[2]
DATA = ROOT / "openworld" / "data" / "site"
PINNED = tomllib.loads((DATA / "runtime.toml").read_text(encoding="utf-8"))
ROOM = 20_000_000
RESOURCE = {"resource": "https://mcp.example/mcp", "authorization_servers": ["https://login.example/tenant"]}
SERVER = {
    "issuer": "https://login.example/tenant",
    "authorization_endpoint": "https://login.example/authorize",
    "token_endpoint": "https://login.example/token",
    "response_types_supported": ["code"],
    "code_challenge_methods_supported": ["S256"],
}
AXE = "axe-core@4.14.1"
#: What axe complains about, each with the first element.
COMPLAINTS = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
    .map(({ id, nodes }) => [id, nodes[0].html.slice(0, 120)])"""


def put_together(folder: Path, browser_runtime: Runtime) -> Path:
    """With the assumptions of few answers, since those take the longest."""
    weakest = precomputed._weakest

    def of_few(asked: list[Property], *about: Any) -> dict[str, Any]:
        return weakest([prop for prop in asked if prop.name in ("code_delivery", "first_contact")], *about)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(precomputed, "_weakest", of_few)
        build(folder, browser_runtime, ["rfc6749"], ["none", "mal_as"], workers=1)
    return folder


def archived(*names: str) -> bytes:
    """An archive of empty files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return made.getvalue()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of one design, with something else in the place of Pyodide."""
    folder = tmp_path_factory.mktemp("site")
    with tarfile.open(folder / "pyodide.tgz", "w:gz") as archive:
        for member, _ in PINNED["pyodide"]["members"]:
            content = {".json": b'{"info": {}, "packages": {"numpy": {}}}', ".zip": archived("os.py", "pdb.py")}.get(
                Path(member).suffix, member.encode()
            )
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    (folder / "solver.whl").write_bytes(archived("pysat/solvers.py", "pysat/examples/rc2.py"))
    return put_together(folder / "site", Runtime(folder / "pyodide.tgz", folder / "solver.whl"))


# --- what is on it -------------------------------------------------------------------------------------------


def test_all_that_is_linked_is_there(site: Path) -> None:
    """The page, its script and the worker name files of the site and nothing else, as no other host is named."""
    page, script, worker, style = (
        (site / name).read_text(encoding="utf-8") for name in ("index.html", "site.js", "worker.js", "site.css")
    )
    linked = re.findall(r'(?:href|src)="(?!#|data:)([^"]+)"', page)
    linked += re.findall(r'(?:from|new Worker\()\s*"([^"]+)"', script + worker)
    linked += [f"run/{name}" for name in re.findall(r'"(\w+\.zip)"', worker)]
    assert {"site.css", "site.js", "worker.js", "./run/pyodide.js", "run/openworld.zip"} <= set(linked)
    assert [name for name in linked if not (site / name).is_file()] == []
    assert set(re.findall(r"https?://[^\"\s]+", script + worker + style)) == {"http://www.w3.org/2000/svg"}
    assert "url(" not in style
    assert "default-src 'none'" in page


def test_a_site_that_cannot_be_replaced_stays(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while what runs on the page is put together leaves the site that was there, and nothing else."""
    files = lambda: {path.relative_to(old): path.read_bytes() for path in old.rglob("*") if path.is_file()}  # noqa: E731
    old, cut_short = shutil.copytree(site, tmp_path / "site"), Mock(side_effect=KeyboardInterrupt)
    before = files()
    monkeypatch.setattr(bundle, "write", cut_short)
    with pytest.raises(KeyboardInterrupt):
        put_together(old, Runtime(site.parent / "pyodide.tgz", site.parent / "solver.whl"))
    assert cut_short.called
    assert files() == before


def test_pyodide_finds_its_parts_by_their_new_names(site: Path) -> None:
    """Plain file servers know what a .js is; and of the packages that Pyodide could fetch none is listed."""
    for member, name in PINNED["pyodide"]["members"]:
        if not name.endswith(".zip"):
            content = (site / "run" / name).read_text(encoding="utf-8")
            assert content == ('{"info": {}, "packages": {}}' if name.endswith(".json") else f"package/{name}"), member


def test_what_no_question_imports_is_left_out(site: Path) -> None:
    """The library's debugger and the solver's examples are not on the page."""
    kept = {name: zipfile.ZipFile(site / "run" / name).namelist() for name in ("python_stdlib.zip", "solver.zip")}
    assert kept == {"python_stdlib.zip": ["os.py"], "solver.zip": ["pysat/solvers.py"]}


def test_what_was_imported_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytecode takes the place of a source that was imported, and says the same; others, and drafts, stay sources."""
    home, archive = tmp_path / "home", tmp_path / "ours.zip"
    (home / "drafts").mkdir(parents=True)
    texts = {"asked_1.py": "SAID = 'this'", "never_1.py": "SAID = 0", "drafts/mine_1.py": "SAID = 'mine'", "a.csv": "1"}
    with zipfile.ZipFile(archive, "w") as made:
        for name, said in texts.items():
            (home / name).write_text(said, encoding="utf-8")
            made.writestr(name, said)
    monkeypatch.syspath_prepend(home)
    monkeypatch.syspath_prepend(home / "drafts")
    import_module("mine_1")
    import_module("asked_1")
    compiled(str(archive), str(home))
    monkeypatch.delitem(sys.modules, "asked_1")
    shutil.unpack_archive(archive, tmp_path / "page")
    assert {path.name for path in (tmp_path / "page").rglob("*.*")} == {
        "asked_1.pyc",
        "never_1.py",
        "mine_1.py",
        "a.csv",
    }
    monkeypatch.syspath_prepend(tmp_path / "page")
    (home / "asked_1.py").unlink()
    assert import_module("asked_1").SAID == "this"


def test_a_page_that_cannot_be_compiled_has_the_sources(site: Path) -> None:
    """One line says why, and the archives stay as they are."""
    archives = {path: path.read_bytes() for path in (site / "run").glob("*.zip")}
    with pytest.raises(runtime.SoftwareError, match="cannot compile Python for the page: "):
        runtime.compile_beforehand(site / "run", building.FIRST)
    assert {path: path.read_bytes() for path in archives} == archives
    assert "openworld/site/answer.py" in zipfile.ZipFile(site / "run" / "openworld.zip").namelist()


def test_answers_beforehand_are_those_of_check(site: Path) -> None:
    """What the page has at once is what one question alone is answered with, the run and the assumptions too."""
    known = json.loads(gzip.decompress((site / "answers" / "rfc6749.json.gz").read_bytes()))
    assert {name: len(of) for name, of in known["answers"].items()} == {
        "none": len(PROPERTIES),
        "mal_as": sum(prop.kind == "security" for prop in PROPERTIES.values()),
    }
    drawn = 0
    for name in ("code_delivery", "authorization", "session_integrity", "sender_constraint"):
        configuration, entry = "design=rfc6749;cap=mal_as", known["answers"]["mal_as"][name]
        found = check(find(name), parse(configuration))
        alone = told(found)
        assert alone.pop("reach")[:30] == known["texts"][entry["reach"]][:30]
        assert {key: entry[key] for key in alone} == alone
        if found.trace:
            drawn += 1
            assert text(chart(found.trace, ending(found.property))).endswith(known["texts"][entry["chart"]])
    assert drawn > 1
    assert known["answers"]["mal_as"]["code_delivery"]["assumptions"] == assumptions("CD", configuration)


@pytest.mark.parametrize("drafts", [[], [ROOT / "openworld" / "data" / "draft_of_your_own.py"]])
def test_the_python_of_the_site_needs_the_solver_and_nothing_else(tmp_path: Path, drafts: list[Path]) -> None:
    """Taken out of its archive, and with all else out of reach, it answers; so it does with a draft of one's own."""
    bundle.write(tmp_path / "openworld.zip", drafts)
    zipfile.ZipFile(tmp_path / "openworld.zip").extractall(tmp_path / "ours")
    alone = """
import sys
OURS = {"model", "properties", "openworld", "deployed", *sys.argv[1:]}
ALLOWED = {*sys.stdlib_module_names, "pysat", "pysolvers", "pyformula", "pycard"} | OURS
class Only:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED and not name.startswith("draft_"):
            raise ModuleNotFoundError(f"{name} is not to be had")
sys.meta_path.insert(0, Only())
sys.path.insert(0, "ours")
from openworld.site import answer
model = answer.model_with("ours/drafts")
print(answer.answered("verdict", "code_delivery", "cap=mal_as;iss_check=off", model))
print(answer.answered("serves", "", sys.stdin.read(), model))
names = [name for name in sys.modules if name.partition(".")[0] in OURS]
print(all("ours" in (sys.modules[name].__file__ or "") for name in names), bool(model.drafts))
"""
    start = [sys.executable, "-P", "-c", alone, *(["simulations"] if drafts else [])]
    pasted = json.dumps({"resource": json.dumps(RESOURCE), "server": json.dumps(SERVER)})
    done = subprocess.run(start, cwd=tmp_path, input=pasted, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-600:]
    first, served, second = done.stdout.splitlines()
    assert json.loads(first)["steps"] == 7
    assert len(json.loads(served)["clients"]) > 20
    assert second == f"True {bool(drafts)}"


def test_a_page_of_a_guarantee_counts_what_was_found_beforehand(site: Path) -> None:
    """Each answer stands in its column, and links to the question that it answers."""
    known = json.loads(gzip.decompress((site / "answers" / "rfc6749.json.gz").read_bytes()))["answers"]
    for prop in PROPERTIES.values():
        asked = {able: of[prop.name] for able, of in known.items() if prop.kind == "security" or able == "none"}
        happens = any(entry["result"] in ("attack", "reached") for entry in asked.values())
        page = (site / "property" / f"{prop.name}.html").read_text(encoding="utf-8")
        assert f"{int(happens)} of 1 named designs" in re.search(r'<p class="outcome[^>]*>(.*)</p>', page)[1]
        columns = re.findall(r'<td role="cell">(.*?)</td>', page, re.DOTALL)
        for column, results in zip(columns, (("attack", "reached"), ("safe", "not_reached")), strict=False):
            wanted = {f"#{prop.name}/design=rfc6749;cap={able}" for able, e in asked.items() if e["result"] in results}
            assert set(re.findall(r'html(#[^"]+)"', column)) == wanted, prop.name
        shows_nothing = sum(entry["result"] in ("not_in_this_world", "unknown") for entry in asked.values())
        assert columns[2].count("<li>") == shows_nothing
        assert ("<svg" in page) == any(entry["steps"] for entry in asked.values())


def test_all_pages_can_be_linked_to(site: Path) -> None:
    """Each has a title and a preview of its own, and what it links to is there; none runs anything."""
    paths = [*site.glob("property/*.html"), *site.glob("draft/*.html"), site / "all.html"]
    assert len(paths) == len(PROPERTIES) + len(TEXTS) + 1
    titles = set()
    for path in paths:
        page = path.read_text(encoding="utf-8")
        assert "<script" not in page
        titles.add(re.search("<title>(.+) – openworld</title>", page)[1])
        picture = path.parent / re.search('property="og:image" content="([^"]+)"', page)[1]
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 20_000
        for link in re.findall(r'href="(?!#|data:)([^"#]+)', page):
            assert (path.parent / link).is_file(), (path.name, link)
    assert len(titles) == len(paths)


def test_a_page_does_not_paint_as_good_what_shows_nothing() -> None:
    """Where nothing could violate a guarantee no design holds, and no text is bad on which nothing rests."""
    entry = {"result": "not_in_this_world", "steps": None, "reach": 0, "blocked_by": [], "minimal": False}
    answers = {"mal_as": {name: entry for name, prop in PROPERTIES.items() if prop.kind == "security"}}
    known = pages.Beforehand({"rfc6749": {"answers": answers, "texts": ["none"]}}, {"rfc6749": {}}, oauth())
    page = pages.of_property(find("progress"), known)
    assert (page.good, page.answer) == (
        None,
        "0 of 1 named designs can be attacked; 0 of 1 hold against every attacker asked about who could violate it.",
    )
    entry["result"] = "safe"
    assert pages.of_property(find("progress"), known).good is True
    text_page = pages.of_text("iss", known)
    assert (text_page.good, text_page.answer) == (None, "No answer found beforehand rests on a rule of this text.")


def test_an_address_makes_previews_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chats fetch pictures by whole addresses, and search engines read a sitemap."""
    made = pages.SitePage("property/one", "One & only", "Which?", "Both.", good=True)
    monkeypatch.setattr(building, "pages", lambda _: [made])
    building.write_pages(tmp_path, pages.Beforehand({}, {}, oauth()), "https://o.example/")
    page = (tmp_path / "property" / "one.html").read_text(encoding="utf-8")
    assert '"og:image" content="https://o.example/property/one.png"' in page
    assert "One &amp; only – openworld" in page
    places = re.findall("<loc>(.+?)</loc>", (tmp_path / "sitemap.xml").read_text(encoding="utf-8"))
    assert places == [f"https://o.example/{name}" for name in ("", "all.html", "property/one.html")]


def test_a_page_of_a_text_shows_what_it_stops() -> None:
    """What rests on rules that carry the text is named; the chart's question is an attack, and the text ends it."""
    asked = "design=mcp;cap=mal_as"
    found = check(find("code_delivery"), parse(asked), patience=0.5)
    answers = {"mal_as": {"code_delivery": told(found) | {"reach": 0}}}
    known = pages.Beforehand({"mcp": {"answers": answers, "texts": [found.reach]}}, {}, oauth())
    page = pages.of_text("iss", known)
    (guarantee, (where, rules)), *others = page.rows
    assert (guarantee, others) == ("Code reaches its client only", [])
    assert where[0].link.endswith(f"#code_delivery/{asked}")
    assert [said.words for said in rules] == [
        "“iss, where the policy looks at it, is the issuer recorded for this request”"
    ]
    assert page.ask.endswith(f"#code_delivery/{asked};iss_check=off;error_checks=off;h_iss=no")
    assert found.result == "safe"
    assert "code reached the attacker" in page.caption
    assert "POST /token" in page.text
    both = "iss_check=off;error_checks=off;h_iss=no/iss_check=advertised;error_checks=on;h_iss=yes"
    assert page.compare.endswith(f"#diff/{both}")
    nothing = pages.of_text("mission", known)
    assert (nothing.rows, nothing.svg) == ((), "")


def test_who_holds_what_is_the_state_of_the_machine() -> None:
    """After each step as many things are held as variables have changed; at the end the attacker knows the code."""
    found = check(find("code_delivery"), parse("design=rfc6749;cap=mal_as"))
    states = found.trace.states()
    after = holdings(found.trace)
    for state, before, parties in zip(states[1:], states, after, strict=False):
        held = [each for has in parties.values() for each in has]
        assert len(held) == sum(value != first for value, first in zip(state, states[0], strict=True))
        assert sum(each.new for each in held) == sum(value != was for value, was in zip(state, before, strict=True))
    assert after[-1]["attacker"] == [("the attacker knows the code", "<user's code from as.example>", True)]
    assert "attacker" not in after[-2]
    assert [*after[-1]] == ["client, in user's session", "honest AS (as.example), about user's approval", "attacker"]


def test_pasted_metadata_gets_what_serves_says() -> None:
    """The same clients, rules and changes as from a recording of the same documents."""
    place = "https://mcp.example/.well-known/oauth-protected-resource/mcp"
    recording = {
        RESOURCE["resource"]: {"www-authenticate": f'Bearer resource_metadata="{place}"'},
        place: RESOURCE,
        "https://login.example/.well-known/oauth-authorization-server/tenant": SERVER,
    }
    front = read([recording])
    ended = ends(front)
    wanted = json.loads(json.dumps(as_data(front, ended, *smallest(front, ended), {})))
    pasted = json.dumps({"resource": json.dumps(RESOURCE), "server": json.dumps(SERVER)})
    found = json.loads(answered("serves", "", pasted))
    assert {name: found[name] for name in wanted} == wanted
    assert sum(end["stage"] != "A" for end in found["clients"].values()) > 0


@pytest.mark.parametrize(
    ("url", "resource", "server", "said"),
    [
        ("", "{", "", "the resource metadata: not JSON"),
        ("", "", "[]", "the metadata of the authorization server: not a JSON object"),
        ("", "", "", "'' is not a URL with a host; allowed: https://HOST/PATH"),
        ("mcp.example", "", "", "'mcp.example' is not a URL with a host"),
        ("https://mcp.example/mcp", "", '{"issuer": 7}', "'7' is not a URL with a host"),
    ],
)
def test_pasted_metadata_that_cannot_be_used_is_one_line(url: str, resource: str, server: str, said: str) -> None:
    """It names the culprit and what is allowed."""
    error = json.loads(answered("serves", url, json.dumps({"resource": resource, "server": server})))["error"]
    assert error.startswith(said)
    assert "\n" not in error


def test_what_is_wrong_with_a_question_is_an_answer() -> None:
    """The same line as on the command line, for the page to show."""
    assert "unknown switch 'iss_chek'" in json.loads(answered("verdict", "code_delivery", "iss_chek=off"))["error"]
    assert "of_nothing" in json.loads(answered("assumptions", "of_nothing", ""))["error"]


# --- what is fetched -----------------------------------------------------------------------------------------


def test_the_browser_has_the_solver_that_the_tests_have() -> None:
    """One version of it, so that nothing can be told differently."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert PINNED["solver"]["package"] in pins


@pytest.mark.parametrize(("content", "said"), [(None, "not there"), (b"something else", "not the file that is pinned")])
def test_another_runtime_is_one_line(tmp_path: Path, content: bytes | None, said: str) -> None:
    """A folder without it, or with another file of its name, is bad input."""
    if content is not None:
        (tmp_path / PINNED["pyodide"]["file"]).write_bytes(content)
    done = CliRunner().invoke(main, ["site", "-o", str(tmp_path / "site"), "--runtime", str(tmp_path)])
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert said in done.stderr
    assert not (tmp_path / "site").exists()


def test_nothing_to_fetch_with_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where npm cannot be had, the line says what to do."""

    def refuse(*_: object) -> None:
        raise runtime.SoftwareError("npm could not download it: npm is not there")

    monkeypatch.setenv("OPENWORLD_SOFTWARE", str(tmp_path))
    monkeypatch.setattr(runtime, "pack", refuse)
    with pytest.raises(RuntimeMissingError, match=r"npm is not there; .* --runtime"):
        runtime.runtime()


# --- in a browser --------------------------------------------------------------------------------------------


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def served(folder: Path):
    """The address of a plain file server for a folder, while it is needed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def address(site: Path):
    yield from served(site)


@pytest.fixture
def weak(browser, address):
    """The site in a browser that cannot run the model."""
    page = browser.new_page(bypass_csp=True)
    page.add_init_script("delete window.WebAssembly")
    page.goto(address)  # which is about code_delivery, design=rfc6749 and cap=mal_as
    yield page
    page.close()


def test_a_browser_without_webassembly_shows_what_is_known(weak) -> None:
    """It says so, has the answer with its run and assumptions, and for other questions the command."""
    weak.locator("#outcome.attack").wait_for()
    assert "steps: code reached the attacker" in weak.locator("#outcome").inner_text()
    note = weak.locator("#unable")
    assert "no WebAssembly" in note.inner_text()
    assert "POST /token" in weak.locator(".run").inner_text()
    assert "It holds" in weak.locator("#assumptions").inner_text()
    weak.get_by_label("The same as text").fill("design=rfc6749;cap=mal_as;iss_check=require")
    weak.keyboard.press("Enter")
    weak.get_by_role("heading", name="Not known here").wait_for()
    assert 'openworld verdict code_delivery "design=rfc6749;cap=mal_as;iss_check=require"' in note.inner_text()


def test_controls_and_address_say_the_same(weak) -> None:
    """A control changes the address, and an address the controls; what is unknown in one is said."""
    weak.locator("#environment").select_option("products")
    assert weak.url.endswith("#code_delivery/design=rfc6749;cap=mal_as;as_echo=no")  # the rest is so in that design
    weak.locator("#design").select_option("mcp")
    weak.locator("#attacker").select_option("mal_as+mal_rs")
    assert weak.url.endswith("#code_delivery/design=mcp;cap=mal_as+mal_rs;as_echo=no")
    weak.get_by_role("button", name="Take back: ").click()
    assert weak.url.endswith("#code_delivery/design=mcp;cap=mal_as+mal_rs")
    weak.go_back()
    assert weak.get_by_label("The same as text").input_value() == "design=mcp;cap=mal_as+mal_rs;as_echo=no"
    weak.goto(weak.url.partition("#")[0] + "#code_delivery/design%3Dmcp%3Bcap%3Dmal_as%2Bmal_rs")
    assert weak.get_by_label("The same as text").input_value() == "design=mcp;cap=mal_as+mal_rs"
    weak.get_by_text("To the answer").focus()
    weak.keyboard.press("Enter")
    assert weak.evaluate("document.activeElement.id") == "answer"
    weak.goto(weak.url.partition("#")[0] + "#code_delivery/design=mcq")
    assert "There is no design “mcq”; there are rfc6749" in weak.locator("#status").inner_text()


def _in_worlds(design: Design) -> Design:
    """A design without what no verdict depends on."""
    return Design({name: value for name, value in design.changes().items() if SWITCHES[name].in_worlds})


def test_addresses_go_round(weak, sample) -> None:
    """What any configuration is as an address is read as the same, in the browser as here."""
    rng = random.Random(11)
    drawn = [sample(rng, density) for density in (0.02, 0.1, 0.3) for _ in range(10)]
    asked = [str(Configuration(_in_worlds(each.design), each.capabilities)) for each in drawn]
    asked += ["design=mcp;cap=mal_as+mal_rs;world=tenants;as:h_iss=no", "design=mcp-python;pkce=off", ""]
    script = """async (texts) => {
        const { read, configuration, address } = await import(new URL('site.js', document.baseURI).href);
        return texts.map((text) => {
            const first = read('code_delivery/' + text), around = decodeURI(address(first).slice(1));
            return [first.wrong, configuration(first), around, configuration(read(around))];
        });
    }"""
    for text_, (wrong, once, around, twice) in zip(asked, weak.evaluate(script, asked), strict=True):
        assert (wrong, around, twice) == ("", f"code_delivery/{once}", once)
        assert configured(find("code_delivery"), once) == configured(find("code_delivery"), text_)


def test_two_designs_are_compared_beforehand(weak) -> None:
    """Without WebAssembly too, where both were asked; else a line says what a terminal answers."""
    weak.goto(weak.url.partition("#")[0] + "#diff/rfc6749/rfc6749/code_delivery/mal_as")
    weak.get_by_text("0 differences in").wait_for()
    assert weak.locator("#both article").count() == 2
    assert weak.locator("#both pre").first.inner_text().count("POST /token") == 1
    weak.get_by_label("Second design").fill("mcp")
    weak.keyboard.press("Enter")
    weak.locator("#differ", has_text='in a terminal: openworld diff "rfc6749" "mcp"').wait_for()
    weak.get_by_label("Second design").fill("mcq")
    weak.keyboard.press("Enter")
    weak.locator("#differ", has_text="There is no design “mcq”").wait_for()
    weak.get_by_role("link", name="Paste your metadata").click()
    weak.get_by_role("button", name="Which clients get in?").click()
    weak.get_by_text("in a terminal: openworld serves FILE").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, address: str, installed_from_npm: Callable[[str], Path], scheme: str) -> None:
    """Names, roles, order of headings and contrast, on a screen and on a phone, with everything open."""
    script = (installed_from_npm(AXE) / "axe.min.js").read_text(encoding="utf-8")
    for width in (1280, 390):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
        page.add_init_script("delete window.WebAssembly")
        for path in (
            "",
            "#diff/rfc6749/rfc6749",
            "#serves",
            "property/code_delivery.html",
            "draft/iss.html",
            "all.html",
        ):
            page.goto("about:blank")
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
            page.evaluate(script)
            assert (path, page.evaluate(COMPLAINTS)) == (path, [])
            assert page.locator("html").evaluate("html => html.scrollWidth") == width
        page.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory):
    """The address of a site that has Pyodide; skips where that cannot be had."""
    try:
        found = runtime.runtime()
    except RuntimeMissingError as error:
        pytest.skip(str(error))
    folder = put_together(tmp_path_factory.mktemp("whole"), found)
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < ROOM
    yield from served(folder)


def questions(number: int) -> list[tuple[str, str]]:
    """Random properties under named designs and some switches that are read, against up to three capabilities."""
    rng, asked = random.Random(2), []
    while len(asked) < number:
        prop, design = rng.choice(list(PROPERTIES.values())), rng.choice(list(NAMED_DESIGNS))
        able = "+".join(rng.sample(list(CAPABILITIES), rng.choice([1, 1, 2, 3])))
        world = prop.world_of(parse(start := f"design={design};cap={able}"))
        free = [s for s in SWITCHES.values() if s.in_worlds and s.name != "protocol" and s.name not in unread(world)]
        set_ = "".join(f";{s.name}={rng.choice(s.values)}" for s in rng.sample(free, rng.choice([0, 1, 2, 4])))
        asked.append((prop.name, start + set_))
    return asked


def test_a_browser_says_what_is_said_here(browser, whole: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A hundred random questions, asked of the worker one after the other: every word, step, rule and picture."""
    page = browser.new_page(bypass_csp=True)
    page.goto(whole + "worker.js")
    page.evaluate("""() => {
        window.worker = new Worker('worker.js', { type: 'module' });
        window.asked = (message) => new Promise((done) => {
            worker.onmessage = ({ data }) => done(data);
            if (message) worker.postMessage(message);
        });
    }""")
    began = page.evaluate("async () => { const t = performance.now(); await asked(); return performance.now() - t; }")
    script = """async ([id, property, configuration]) => {
        const began = performance.now(), data = await asked({ id, kind: 'verdict', property, configuration });
        return [data, performance.now() - began];
    }"""
    took, other = [], []
    for number, (name, configuration) in enumerate(questions(100)):
        reply, milliseconds = page.evaluate(script, [number, name, configuration])
        took.append(milliseconds / 1000)
        here = json.loads(json.dumps(verdict(name, configuration)))
        for said in (here, reply["answer"]):
            del said["reach"]  # how long runs with the rules named alone can be is looked into for a number of steps
        other += [] if reply == {"id": number, "answer": here} else [(name, configuration)]
    page.close()
    later = sorted(took[1:])
    with capsys.disabled():
        print(
            f"\nloaded in {began / 1000:.1f} s; first answer {took[0]:.1f} s, later ones {later[0]:.1f} to "
            f"{later[-1]:.1f} s, half within {later[len(later) // 2]:.1f} s"
        )
    assert not other


def test_a_link_is_answered_in_place(browser, whole: str) -> None:
    """On a phone too, by keyboard, step by step; nothing comes from elsewhere, and nothing is refused or fails."""
    page = browser.new_page(viewport={"width": 390, "height": 800})
    hosts, errors = set(), []
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(whole + "#code_delivery/cap=mal_as;iss_check=off")
    page.get_by_text("Answered here").wait_for(timeout=120_000)
    assert page.locator("#outcome").inner_text().startswith("✗ attack in 7 steps: code reached the attacker")
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    assert page.locator("#stepping output").inner_text() == "1 of 7"
    assert page.locator(".run li.later").count() > 5
    assert "= https://tools.attacker.example/mcp" in page.locator("#holdings [aria-live]").inner_text()
    page.get_by_label("picture", exact=True).check()
    assert page.locator(".run svg text").count() > 50
    page.get_by_text("It holds in no environment").wait_for(timeout=120_000)
    page.locator("#design").select_option("mcp")
    page.locator("#property").focus()
    page.keyboard.press("ArrowUp")
    page.locator("#outcome.attack, #outcome.safe").wait_for(timeout=120_000)
    assert page.url.endswith("#authorization/design=mcp;cap=mal_as;iss_check=off")
    page.goto(whole + "#diff/rfc6749/design=rfc6749;iss_check=require;h_iss=yes;cap=mal_as")
    page.get_by_text(re.compile("differences in")).wait_for(timeout=300_000)
    page.get_by_role("row", name="better: code reaches its client only").get_by_role("button").click()
    page.locator("#both svg").wait_for(timeout=120_000)
    page.goto(whole + "#serves")
    page.locator("#resource").fill(json.dumps(RESOURCE))
    page.locator("#server").fill(json.dumps(SERVER))
    page.get_by_role("button", name="Which clients get in?").click()
    page.get_by_text(re.compile("clients get in at https://mcp.example/mcp")).wait_for(timeout=120_000)
    for width in (390, 768, 1400):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.locator("html").evaluate("html => html.scrollWidth") == width
    assert (hosts, errors) == ({whole.split("/")[2]}, [])
    page.close()


def test_what_has_to_be_assumed_is_told_with_what_happens_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it holds under assumptions; where it never does only what happens."""
    sets, otherwise = ({"h_iss": ("yes",)},), ({"h_iss": ("no",)},)
    found = []
    for kind in ("if", "never"):
        monkeypatch.setattr(answering, "read", Mock(return_value=(kind, sets, otherwise)))
        found.append(answering.assumed(Mock(), find("code_delivery")))
    told_sets, told_otherwise = [{"h_iss": ["yes"]}], [{"h_iss": ["no"]}]
    assert found == [
        {"holds": "if", "sets": told_sets, "not_where": told_otherwise},
        {"holds": "never", "sets": [], "not_where": told_otherwise},
    ]
