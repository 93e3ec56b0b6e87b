"""Drives the OAuth client of FastMCP (PyPI ``fastmcp``), with its own callback server and a browser that is ours."""

import inspect
import threading
import warnings
import webbrowser
from urllib.parse import parse_qs, urlsplit

from browser import visit
from fastmcp.client.auth import OAuth
from mcp_python import main

warnings.simplefilter("ignore")


def provider(job):
    callback = urlsplit(job["callback"])

    def open_browser(url, *_):
        (redirect,) = parse_qs(urlsplit(url).query)["redirect_uri"]  # older ones listen at localhost, by name
        threading.Thread(target=visit, args=(url, redirect, True), daemon=True).start()
        return True

    webbrowser.open = open_browser
    known = inspect.signature(OAuth.__init__).parameters
    options = {
        "mcp_url": job["url"],
        "client_name": "openworld",
        "callback_port": callback.port,
        "callback_host": callback.hostname,
        "callback_timeout": job["patience"],
    }
    if job["document"]:
        options["client_metadata_url"] = job["document"]
    return OAuth(**{name: value for name, value in options.items() if name in known})


if __name__ == "__main__":
    main(provider)
