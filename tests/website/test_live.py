"""The built site in Chromium, served on loopback: the live page does what it says, in Python in the browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "cache" / "site"
LOADING_MS = 120_000


def missing(reason: str) -> None:
    """Skips, or fails where the site has to be there, as in the check of a checkout."""
    if os.environ.get("WASMZ_REQUIRE_SITE"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[tuple[Any, str]]:
    try:
        import playwright.sync_api  # noqa: F401  (what is missing is said here, and not in the middle of a test)
    except ImportError:
        missing("the extra docs is not installed")
    from website.browser import find_chromium, open_browser, serve

    if find_chromium() is None:
        missing("there is no chromium: apt-get install chromium")
    if not (SITE / "live" / "manifest.json").is_file():
        missing("the site is not built: python -m website build")
    with serve(SITE) as url, open_browser() as opened:
        yield opened, url


@pytest.fixture(scope="module")
def page(browser: tuple[Any, str]) -> Iterator[Any]:
    """The live page, loaded once: Python takes some seconds."""
    opened, url = browser
    page = opened.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(LOADING_MS)  # other programs may want the processor, too
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda message: message.type == "error" and page.problems.append(message.text))
    page.on("request", lambda sent: sent.url.startswith((url, "blob:", "data:")) or page.problems.append(sent.url))
    page.goto(f"{url}/live/")
    assert page.get_attribute("#live", "data-state") == "loading"
    assert page.is_disabled("#live-show") and page.is_visible("#live-progress")
    wait(page)
    yield page
    assert page.problems == []


def wait(page: Any) -> None:
    """Waits until Python has answered."""
    page.wait_for_selector("#live[data-state=ready]", timeout=LOADING_MS)


def show(page: Any, text: str) -> None:
    page.fill("#live-text", text)
    page.press("#live-text", "Control+Enter")
    page.wait_for_selector("#live[data-state=busy], #live[data-state=ready]")
    wait(page)
    page.wait_for_function("document.getElementById('live-message').textContent !== 'Compiling ...'")


def call(page: Any, name: str, *arguments: str) -> str:
    """What is shown after a call, made by the keyboard."""
    form = page.locator("form.live-call", has=page.locator("code", has_text=name)).first
    fields = form.locator("input")
    for number, text in enumerate(arguments):
        fields.nth(number).fill(text)
    (fields.last if arguments else form.locator("button")).press("Enter")
    output = form.locator("output")
    page.wait_for_function("node => !['', '...'].includes(node.textContent)", arg=output.element_handle())
    text: str = output.inner_text()
    return text


def test_the_first_example(page: Any) -> None:
    assert call(page, "factorial", "20") == "2432902008176640000"
    row = page.locator(".live-row", has_text="call $factorial")
    assert "= call 0" in row.locator(".live-ir").inner_text() and "CALL" in row.locator(".live-code").inner_text()
    columns = [row.locator(f".live-{name}").bounding_box() for name in ("offset", "wasm", "ir", "code")]
    assert len({box["y"] for box in columns}) == 1  # side by side


def test_examples_to_choose_from(page: Any) -> None:
    page.select_option("#live-example", "imports")
    page.wait_for_selector("form.live-call code:has-text('collatz')")
    wait(page)
    assert call(page, "collatz", "6") == "8"
    assert "env.report(0, 6)" in page.inner_text("#live-log")
    page.select_option("#live-example", "hello")
    page.wait_for_selector("form.live-call code:has-text('_start')")
    wait(page)
    assert call(page, "_start") == "done"
    assert page.inner_text("#live-log").strip() == "hello from WebAssembly"


def test_mistakes_show_their_place(page: Any) -> None:
    show(page, '(module\n  (func (export "f") (result i32)\n    i32.ad))')
    shown = page.inner_text("#live-error")
    assert "unknown operator i32.ad" in shown and "line 3, column 5" in shown
    assert page.locator("#live-error pre").inner_text().rstrip("\n") == "    i32.ad))\n    ^"
    assert page.is_hidden("#live-result")
    page.click("#live-error button")
    assert page.evaluate("document.activeElement.id") == "live-text"
    start = page.evaluate("document.getElementById('live-text').selectionStart")
    assert page.input_value("#live-text")[start:].startswith("i32.ad")
    show(page, '(module (func (export "f") (result i32) i32.const 7))')
    assert page.is_hidden("#live-error") and call(page, "f") == "7"


def test_a_file_is_opened(page: Any) -> None:
    page.set_input_files("#live-file", ROOT / "examples" / "factorial.wasm")
    page.wait_for_selector("form.live-call code:has-text('divide')")
    wait(page)
    assert page.input_value("#live-text").startswith("(module")
    assert call(page, "divide", "17", "5") == "(3, 2)"
    assert call(page, "divide", "1", "0").startswith("Trap: integer divide by zero")
    page.select_option("#live-function", "1")
    page.wait_for_selector(".live-row:has-text('f64.mul')")


def test_a_file_is_dropped(page: Any) -> None:
    data = list((ROOT / "examples" / "caesar.wasm").read_bytes())
    page.evaluate(
        """data => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(data)], "caesar.wasm"));
          document.getElementById("live-drop").dispatchEvent(
            new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        data,
    )
    page.wait_for_selector("form.live-call code:has-text('shift')")
    wait(page)
    assert "memory" in page.inner_text("#live-exports")


def test_what_never_ends_is_stopped(page: Any) -> None:
    show(page, '(module (func (export "spin") (loop $again (br $again))))')
    page.locator("form.live-call button").press("Enter")
    page.wait_for_selector("#live-stop:visible")
    page.click("#live-stop")
    page.wait_for_selector("form.live-call output:has-text('Stopped')")
    wait(page)
    show(page, '(module (func (export "f") (result i32) i32.const 3))')
    assert call(page, "f") == "3" and page.is_hidden("#live-stop")


def test_by_keyboard(page: Any) -> None:
    page.focus("#live-example")
    reached = []
    for _ in range(5):
        reached.append(page.evaluate("document.activeElement.id"))
        page.keyboard.press("Tab")
    assert reached == ["live-example", "live-level", "live-file", "live-show", "live-text"]
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("#live :is(input, select, textarea, progress)")]
          .filter(node => !node.labels?.length && !node.getAttribute("aria-label")).map(node => node.id)"""
    )
    assert unnamed == []


@pytest.mark.parametrize(("scheme", "name"), [("light", "default"), ("dark", "slate")])
def test_light_and_dark(browser: tuple[Any, str], scheme: str, name: str) -> None:
    opened, url = browser
    context = opened.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{url}/live/")
    assert page.get_attribute("body", "data-md-color-scheme") == name
    style = "getComputedStyle(document.getElementById('live-text'))"
    assert page.evaluate(f"{style}.color !== {style}.backgroundColor")
    context.close()


def test_search(browser: tuple[Any, str]) -> None:
    opened, url = browser
    page = opened.new_page()
    page.set_default_timeout(LOADING_MS)
    page.goto(f"{url}/")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("completion")
    page.get_by_role("listbox").get_by_text("Use the command line").first.wait_for()
    page.close()
