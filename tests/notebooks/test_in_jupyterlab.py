"""A notebook in a real JupyterLab: a control is moved, and verdict, chart and the saved picture change."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
#: Patience, in milliseconds: kernels start slowly on a busy machine.
PATIENCE = 180_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)")


@pytest.fixture
def lab(tmp_path: Path, folder: Path, reduced: dict[str, str]) -> Iterator[str]:
    """The address of a JupyterLab on copies of the notebooks; it is gone afterwards, kernels and all."""
    shutil.copytree(folder, tmp_path / "notebooks", ignore=shutil.ignore_patterns("*.py", ".*"))
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path / 'notebooks'}",
        "--LabApp.news_url=", "--LabApp.extension_manager=readonly", "--LabApp.check_for_updates_class="
        "jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    homes = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
             "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTER_RUNTIME_DIR": "runtime"}  # fmt: skip
    environment = {**reduced, **{name: str(tmp_path / place) for name, place in homes.items()}}
    _keep_cells_on_the_page(tmp_path / "settings")
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server, tmp_path / "log")
        yield address
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_page(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
        browser.close()


def test_moving_a_control_changes_verdict_and_chart(lab: str, page: Page, tmp_path: Path) -> None:
    """With `iss` no longer compared the client is open to mix-up; the picture on the screen is the one saved."""
    explorer = _opened(page, f"{lab}/lab/tree/01_first_contact.ipynb")
    verdict, chart = explorer.locator(".openworld-verdict"), explorer.locator("figure.openworld-picture svg")
    assert verdict.get_attribute("data-result") == "safe"
    honest = chart.inner_html()
    assert "attacker.example" not in honest

    explorer.get_by_label("property").select_option("code_delivery")
    explorer.get_by_label("mal_as").check()
    _until(page, verdict, "safe: no attack exists")
    explorer.get_by_label("iss_check").select_option("off")
    _until(page, verdict, "attack in 7 steps")
    assert verdict.get_attribute("data-result") == "attack"
    attacked = chart.inner_html()
    assert attacked != honest
    assert "as.attacker.example" in attacked

    with page.expect_download() as downloading:
        explorer.get_by_role("link", name="Save this picture").click()
    saved = tmp_path / "saved.svg"
    downloading.value.save_as(saved)
    assert downloading.value.suggested_filename == "code_delivery.svg"
    picture = ElementTree.parse(saved).getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert any("as.attacker.example" in (text.text or "") for text in picture.iter("{http://www.w3.org/2000/svg}text"))


def _keep_cells_on_the_page(settings: Path) -> None:
    """JupyterLab takes cells that are out of sight off the page, where nobody can wait for them."""
    place = settings / "@jupyterlab" / "notebook-extension"
    place.mkdir(parents=True)
    (place / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')


def _opened(page: Page, address: str) -> Locator:
    """The first explorer of a notebook, after all its cells have run."""
    page.goto(address)
    page.get_by_text("| Idle").wait_for(timeout=PATIENCE)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    explorer = page.locator(".openworld-explorer").first
    explorer.scroll_into_view_if_needed(timeout=PATIENCE)
    explorer.locator("figure.openworld-picture svg").wait_for(timeout=PATIENCE)
    return explorer


def _until(page: Page, verdict: Locator, words: str) -> None:
    verdict.filter(has_text=words).wait_for(timeout=PATIENCE)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert server.poll() is None, f"JupyterLab did not start:\n{log.read_text()[-2000:]}"
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab does not answer:\n{log.read_text()[-2000:]}")
