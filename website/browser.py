"""Chromium without a window, and the site served on loopback, for tests and for looking at pages.

with serve(folder) as url, open_browser() as browser:
    page = browser.new_page(); page.goto(f"{url}/live/")
"""

from __future__ import annotations

import functools
import http.server
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Debian's, and what others call it.
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# In a container, as root, Chromium has no sandbox of its own; it only sees pages of ours.
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


def find_chromium() -> str | None:
    """The browser's path, if it is installed."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".wasm": "application/wasm",
        ".mjs": "text/javascript",
        ".js": "text/javascript",
        ".wat": "text/plain; charset=utf-8",
    }

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says what went wrong, unless the browser has gone: pages that are left want the rest of theirs no more."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve(folder: Path, port: int = 0) -> Iterator[str]:
    """Serves a folder on loopback; gives its address."""
    handler = functools.partial(_Handler, directory=str(folder))
    with _Server(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def open_browser() -> Iterator[Any]:
    """Starts Chromium; gives Playwright's browser.

    Raises:
        FileNotFoundError: it is not installed. ImportError: the extra ``docs`` is not.
    """
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    if path is None:
        raise FileNotFoundError("there is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
