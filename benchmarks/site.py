"""How long a reader of the site waits, and whether axe and Lighthouse find anything.

    python -m benchmarks.site FOLDER [PAGE...]

FOLDER is what `openworld site -o FOLDER` wrote, with Pyodide. *First answer* counts from the start of the load to the
headline, in a new browser without a cache. The first question is answered beforehand, the second is not: Python loads
before. Lighthouse and axe come from npm, and look at each view and each kind of page, or else at the pages that are
named, without the times.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, sync_playwright

AXE, LIGHTHOUSE, LOADS = "axe-core@4.14.1", "lighthouse@12.8.2", 3
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ASKED = {
    "first answer, found beforehand": "#code_delivery/design=rfc6749;cap=mal_as",
    "first answer, live, with loading": "#code_delivery/cap=mal_as;iss_check=off",
}
PAGES = ("", "#diff/rfc6749/mcp", "#serves", "property/code_delivery.html", "draft/iss.html", "all.html")
#: Notes when the headline has its first answer.
WATCH = """new MutationObserver(() => {
    const { className } = document.getElementById('outcome') ?? {};
    if (/attack|safe|unknown|reached/.test(className)) window.answered ??= performance.now();
}).observe(document, { subtree: true, childList: true, attributes: true });"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:  # a browser that closes does not wait for the rest
        pass


@contextmanager
def served(folder: str) -> Iterator[str]:
    """Serve a folder, and say where."""
    server = _Server(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def first_answer(browser: Browser, url: str) -> float:
    """Return after how many milliseconds a new browser shows an answer."""
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(url)
    page.wait_for_function("() => window.answered", timeout=120_000)
    found: float = page.evaluate("window.answered")
    context.close()
    return found


def complaints(browser: Browser, url: str, axe: str) -> list[str]:
    """Return what axe complains about, in both colour schemes and at both widths."""
    found = []
    for scheme in ("light", "dark"):
        for width in (1280, 390):
            size: Any = {"width": width, "height": 900}
            page = browser.new_page(viewport=size, color_scheme=scheme, bypass_csp=True)
            page.goto(url)
            page.wait_for_load_state("networkidle")
            page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
            page.evaluate(axe)
            found += [one["id"] for one in page.evaluate("axe.run(document)")["violations"]]
            page.close()
    return found


def accessibility(url: str, tools: Path, chromium: str) -> str:
    """Return Lighthouse's score for accessibility, of 100, on a screen and on a phone."""
    flags, scores = "--chrome-flags=--headless=new --no-sandbox --disable-gpu", []
    asked = [
        str(tools / ".bin" / "lighthouse"),
        url,
        "--only-categories=accessibility",
        "--output=json",
        "--quiet",
        flags,
    ]
    where = {**os.environ, "CHROME_PATH": chromium}
    for more in (["--preset=desktop"], []):
        ran = subprocess.run([*asked, *more], env=where, capture_output=True, text=True, check=True)
        scores.append(f"{100 * json.loads(ran.stdout)['categories']['accessibility']['score']:.0f}")
    return "/".join(scores)


def main(folder: str, *pages: str) -> None:
    """Measure a site, and print it."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    print(f"{Path(folder).name}: {size / 1e6:.1f} MB, {len([*Path(folder).rglob('*.html')])} pages")
    with served(folder) as url, TemporaryDirectory() as npm, sync_playwright() as playwright:
        subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", npm, AXE, LIGHTHOUSE], check=True
        )
        tools = Path(npm, "node_modules")
        axe = (tools / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        for what, question in () if pages else ASKED.items():
            times = [first_answer(browser, url + question) for _ in range(LOADS)]
            print(
                f"{what:<36}{statistics.median(times):>7.0f} ms, slowest of {LOADS} {max(times):>7.0f} ms", flush=True
            )
        for page in pages or PAGES:
            score, found = accessibility(url + page, tools, chromium), complaints(browser, url + page, axe)
            print(
                f"{page or 'index.html':<36}Lighthouse {score}, axe: {len(found)} violations {found or ''}", flush=True
            )
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(*sys.argv[1:])
    else:
        print("not run: name the folder of a site")
