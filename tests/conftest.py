"""Shared by all tests: the checkout's own cache, options for slow tests, and the specification suite's summary.

Nothing here imports wasmz, so that tests can examine what importing it does.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, too")
    parser.addoption("--fast", action="store_true", help="run what says within a minute whether something is broken")
    parser.addoption("--eager", action="store_true", help="tests/corpus: compile whole programs in advance at level 2")
    parser.addoption("--wasi-testsuite", metavar="FOLDER", help="where WASI's own test suite is (tests/wasi)")


def pytest_configure(config: pytest.Config) -> None:
    """Compiled modules go to the checkout's cache folder, in this process and in every one that a test starts."""
    os.environ.setdefault("WASMZ_CACHE_DIR", str(ROOT / "cache"))
    # So that tests know which code exists at what time; tests of the helper process switch it on
    # (tests/test_background.py).
    os.environ.setdefault("WASMZ_BACKGROUND_COMPILE", "0")


# What --fast leaves out: suites, generated modules, real programs, and tests that start many processes.
_LONG_FOLDERS = frozenset(
    {"benchmarks", "cli", "corpus", "differential", "programs", "spec", "stress", "typing", "wasi", "website"}
)
_LONG_FILES = frozenset(
    f"test_{name}.py"
    for name in (
        *(
            "build",
            "cache",
            "concurrency",
            "corpus",
            "docs",
            "embedding",
            "examples",
            "files",
            "lazy_cache",
            "parallel",
        ),
        "pool",
        *("profile", "shipping", "upkeep"),
        *("adversarial", "idioms", "memory64", "scheduling", "streams", "trap_codes"),
        *("budgets", "full_memory", "gc", "limits", "suite_modules", "tiers"),
    )
)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out what takes long, without even importing it."""
    if not config.getoption("--fast"):
        return None
    parts = collection_path.relative_to(ROOT).parts
    return True if not _LONG_FOLDERS.isdisjoint(parts[1:2]) or collection_path.name in _LONG_FILES else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow: run with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


MISSING_IN_SANDBOX = (
    "does not support processes",
    "can't start new thread",
    "lacks multiprocessing.synchronize",
    "No module named 'numpy'",
    "No module named 'wasmtime'",
)

if sys.platform == "emscripten":

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
        """Python in a browser's sandbox starts neither processes nor threads, and has no packages with compiled code.

        A test that needs one of them is skipped, with that reason.
        """
        try:
            return (yield)
        except (OSError, RuntimeError, ImportError) as error:
            if not any(reason in str(error) for reason in MISSING_IN_SANDBOX):
                raise
            pytest.skip(str(error))

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, object]:
        """Modules of tests that need a package with compiled code, which cannot be installed there, are skipped."""
        report = yield
        for reason in MISSING_IN_SANDBOX:
            if report.failed and reason in str(report.longrepr):
                report.outcome = "skipped"
                report.longrepr = (str(collector.path), 0, f"Skipped: {reason}")
        return report


@pytest.fixture
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty compilation cache for one test, in force for it and for the processes that it starts."""
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("WASMZ_CACHE_DIR", str(folder))
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much of the specification's suite ran: what tests/spec left in the properties of its reports."""
    totals: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()) if getattr(report, "when", "") == "call" else ():
                if name == "spec":
                    totals.update({key: int(count) for key, count in value["counts"].items()})
                    skipped.update(value["skipped"])
    if not totals:
        return
    terminalreporter.section("specification suite")
    terminalreporter.write_line(
        f"{totals['files']} scripts: {totals['passed']} assertions passed, {totals['failed']} failed, "
        f"{totals['text']} of them about text; {totals['files_skipped']} scripts skipped as a whole"
    )
    for reason, count in skipped.most_common():
        terminalreporter.write_line(f"  {count:6d} commands skipped: {reason}")
