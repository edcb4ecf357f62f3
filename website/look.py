"""Screenshots of pages at the width of a desktop and of a phone, and what is wrong with how they fit.

look(folder, ["tutorial", "live"], target)   -> what is wrong; target/tutorial-desktop.png ...
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from website.browser import open_browser, serve

WIDTHS = {"desktop": 1440, "phone": 390}
HEIGHT = 900
# A screenshot of a longer page is cut.
TALLEST = 3_000
# Pyodide takes a while.
LOADING_MS = 120_000

# What is wider than the page, unless something around it scrolls.
_OVERFLOWING = """() => {
  const { clientWidth: width, scrollWidth } = document.documentElement, found = [];
  if (scrollWidth > width) found.push(`the page is ${scrollWidth} wide`);
  for (const node of document.querySelectorAll(".md-content *")) {
    if (node.getBoundingClientRect().right <= width + 1) continue;
    let outer = node.parentElement;
    while (outer && !/auto|scroll|hidden/.test(getComputedStyle(outer).overflowX)) outer = outer.parentElement;
    if (!outer) found.push(`${node.tagName} ${node.className} is outside: ${node.textContent.slice(0, 60)}`);
  }
  return found.slice(0, 5);
}"""


def look(folder: Path, pages: Iterable[str], target: Path, schemes: Iterable[str] = ("light",)) -> list[str]:
    """Takes the screenshots.

    Args:
        folder: the built site.
        pages: paths in it, such as ``reference/types``; an empty one is the first page.
        target: the folder for pictures.
        schemes: ``light``, ``dark``.
    """
    target.mkdir(parents=True, exist_ok=True)
    wrong = []
    with serve(folder) as url, open_browser() as browser:
        for scheme in schemes:
            for kind, width in WIDTHS.items():
                context = browser.new_context(
                    viewport={"width": width, "height": HEIGHT},
                    color_scheme=scheme,
                    is_mobile=kind == "phone",
                    has_touch=kind == "phone",
                )
                for name in pages:
                    page = context.new_page()
                    problems = _watch(page, url)
                    page.goto(f"{url}/{name}/" if name else f"{url}/")
                    if name == "live":
                        page.wait_for_selector("#live[data-state=ready] .live-row", timeout=LOADING_MS)
                    problems += page.evaluate(_OVERFLOWING)
                    tall = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
                    shown = f"{name.replace('/', '-') or 'index'}-{kind}{'' if scheme == 'light' else '-' + scheme}"
                    page.screenshot(
                        path=str(target / f"{shown}.png"),
                        full_page=True,
                        clip={"x": 0, "y": 0, "width": width, "height": tall},
                    )
                    wrong += [f"{shown}: {problem}" for problem in problems]
                    page.close()
                context.close()
    return wrong


def _watch(page: Any, url: str) -> list[str]:
    """A list that gets what a page asks of other hosts, what it does not find, and the errors of its scripts."""
    found: list[str] = []
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((url, "data:", "blob:")) else found.append(f"asks for {request.url}")
        ),
    )
    page.on(
        "response",
        lambda response: found.append(f"{response.status}: {response.url}") if response.status >= 400 else None,
    )
    page.on("pageerror", lambda error: found.append(f"script: {error}"))
    page.on("console", lambda message: found.append(f"console: {message.text}") if message.type == "error" else None)
    return found
