"""Every notebook in a real JupyterLab: a control is moved, and verdict, chart and the saved picture change."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest

#: Patience, in milliseconds: kernels start slowly on a busy machine.
PATIENCE = 240_000

#: By notebook: the controls, a label with the value to move it to, and what can then be read in the answer.
MOVES: dict[str, tuple[str, dict[str, str | bool], str]] = {
    "01_first_contact": (
        "openworld-explorer",
        {"property": "code_delivery", "mal_as": True, "iss_check": "off"},
        "attack in 7 steps",
    ),
    "02_two_gaps": ("openworld-explorer", {"property": "discovery_integrity"}, "attack in 4 steps"),
    "03_attacks": ("openworld-explorer", {"attack": "A01 AS mix-up (redirect variant)"}, "code_delivery"),
    "04_designs": ("openworld-explorer", {"start from design": "rfc6749"}, "attack in"),
    "05_population": ("openworld-knobs", {"design": "prefix matching"}, "prm=prefix"),
    "06_blast_radius": ("openworld-spread", {"design": "no protection"}, "no protection"),
    "07_trust": ("openworld-explorer", {"property": "authorization"}, "attack in 1 step"),
    "08_deployed": ("openworld-explorer", {"property": "authorization"}, "attack in 9 steps"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MOVES)
def test_moving_a_control_changes_the_answer(lab: str, page: Any, name: str) -> None:
    """The words and the picture below the controls are others than before."""
    controls, moves, words = MOVES[name]
    shown = _opened(page, lab, name, controls)
    before = _answer(shown)
    for label, value in moves.items():
        control = shown.get_by_label(label, exact=True)
        control.set_checked(value) if isinstance(value, bool) else control.select_option(_option(control, value))
    for _ in range(PATIENCE // 200):
        said, drawn = _answer(shown)
        if words in said and said != before[0] and drawn != before[1]:
            return
        page.wait_for_timeout(200)
    pytest.fail(f"after {moves} the answer is still: {_answer(shown)[0][:500]}")


def _option(control: Any, value: str) -> str:
    """The option that is called so, or whose code it is."""
    shown: list[str] = control.locator("option").all_inner_texts()
    return next(text for text in shown if text == value or text.endswith(f"({value})"))


@pytest.mark.slow
def test_the_picture_on_the_screen_can_be_saved(lab: str, page: Any, tmp_path: Path) -> None:
    """A click on the link below the chart gives a file with that chart."""
    shown = _opened(page, lab, "02_two_gaps", "openworld-explorer")
    with page.expect_download() as downloading:
        shown.get_by_role("link", name="Save this picture").click()
    saved = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(saved)
    assert saved.name == "token_confinement.svg"
    texts = ElementTree.parse(saved).getroot().iter("{http://www.w3.org/2000/svg}text")
    assert any("https://shared.example/" in (text.text or "") for text in texts)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, folder: Path, reduced: dict[str, str], browser: Any) -> Iterator[str]:
    """The address of a JupyterLab on copies of the notebooks; it is gone afterwards, kernels and all."""
    place = tmp_path_factory.mktemp("lab")
    (place / "notebooks").mkdir()
    for path in folder.glob("*.ipynb"):
        (place / "notebooks" / path.name).write_bytes(path.read_bytes())
    _keep_cells_on_the_page(place / "settings")
    with _running(place, reduced) as address:
        yield address


@pytest.fixture
def page(browser: Any, lab: str) -> Iterator[Any]:
    """A page of a headless browser; the kernels that it started end with it."""
    opened = browser.new_page(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()
    with urllib.request.urlopen(f"{lab}/api/kernels") as answer:
        kernels = json.load(answer)
    for kernel in kernels:
        urllib.request.urlopen(urllib.request.Request(f"{lab}/api/kernels/{kernel['id']}", method="DELETE")).close()


@contextmanager
def _running(place: Path, environment: dict[str, str]) -> Iterator[str]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.disable_check_xsrf=True",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={place / 'notebooks'}",
        "--LabApp.news_url=",
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    homes = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTER_RUNTIME_DIR": "runtime",
    }
    own = {**environment, **{name: str(place / home) for name, home in homes.items()}}
    with (place / "log").open("w") as log:
        server = subprocess.Popen(command, env=own, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server, place / "log")
        yield address
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _keep_cells_on_the_page(settings: Path) -> None:
    """JupyterLab takes cells that are out of sight off the page, where nobody can wait for them."""
    place = settings / "@jupyterlab" / "notebook-extension"
    place.mkdir(parents=True)
    (place / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, f"JupyterLab did not start:\n{log.read_text()[-2000:]}"
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab does not answer:\n{log.read_text()[-2000:]}")


def _opened(page: Any, lab: str, name: str, controls: str) -> Any:
    """The first controls of a notebook, after all its cells have run, in a workspace where nothing else is open."""
    page.goto(f"{lab}/lab/workspaces/{uuid4().hex}/tree/{name}.ipynb")
    page.get_by_text("| Idle").wait_for(timeout=PATIENCE)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    shown = page.locator(f".{controls}").first
    shown.wait_for(timeout=PATIENCE)
    shown.scroll_into_view_if_needed()
    page.get_by_text("| Idle").wait_for(timeout=PATIENCE)
    return shown


def _answer(shown: Any) -> tuple[str, str]:
    """The words below the controls, and the picture or the bars."""
    pictures = shown.locator("figure.openworld-picture svg, table.openworld-outcomes")
    drawn = pictures.evaluate_all("all => all.map(each => each.innerHTML).join()")
    return "\n".join(shown.locator(".widget-html").all_inner_texts()), drawn
