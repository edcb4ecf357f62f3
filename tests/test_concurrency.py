"""Late imports, first calls and locks with threads, forks, signal handlers and interpreter shutdown.

Each test runs in a process of its own: what happens late happens once in a process.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import wasmz
from wasmz.startup import concurrency
from wasmz.text import assemble

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes and threads here")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
needs_timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")

SOURCE = """
(module (import "e" "m" (memory 1 1 shared))
  (func (export "atomic") (result i32) (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
  (func (export "nearest") (param f64) (result f64) (f64.nearest (local.get 0)))
  (func (export "lanes") (result f32) (f32x4.extract_lane 2 (f32x4.sqrt (f32x4.splat (f32.const 4)))))
  (func (export "trunc") (param f64) (result i64) (i64.trunc_sat_f64_u (local.get 0))))
"""

LOOPS = """
(module (global $n (mut i32) (i32.const 0))
  (func (export "count") (result i32)
    (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
  (func (export "free"))
  (func (export "pair") (result i32 f64) (i32.const 1) (f64.const 2))
  (func (export "sum") (param $n i32) (result i64) (local $s i64)
    (loop $again
      (local.set $s (i64.add (local.get $s) (i64.extend_i32_u (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))
"""


def run(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a process of its own, with the modules above as files."""
    (folder / "shared.wasm").write_bytes(assemble(SOURCE))
    (folder / "loops.wasm").write_bytes(assemble(LOOPS))
    command = [sys.executable, "-c", textwrap.dedent(program), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WASMZ_CACHE_DIR": str(folder / "cache")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


RACING = """
    import sys, threading
    import wasmz
    sys.setswitchinterval(3e-6)
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    module = wasmz.Module.compile(engine, "shared.wasm")
    linker = wasmz.Linker(engine)
    linker.define("e", "m", wasmz.Memory(wasmz.Store(engine), wasmz.MemoryType(1, 1, shared=True)))
    start, results = threading.Barrier(8), []
    def work():
        exports = wasmz.Instance(wasmz.Store(engine), module, linker).exports
        start.wait()
        results.append((exports.nearest(2.5), exports.lanes(), exports.trunc(7.9), exports.atomic() >= 0))
    threads = [threading.Thread(target=work) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(results == [(2.0, 2.0, 7, True)] * 8)
"""


@pytest.mark.parametrize("_attempt", range(4))
def test_threads_that_import_at_once(tmp_path: Path, _attempt: int) -> None:
    done = run(tmp_path, RACING)
    assert (done.stdout, done.stderr) == ("True\n", "")


@needs_timers
@pytest.mark.parametrize("first", ["0.001", "0.004", "0.01", "0.02"])
def test_signal_handlers_call_while_something_is_compiled(tmp_path: Path, first: str) -> None:
    program = """
        import signal, sys
        import wasmz
        instance = wasmz.instantiate("loops.wasm")
        handled = []
        signal.signal(signal.SIGALRM, lambda *_: handled.append(instance.exports.count()))
        signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]), 0.003)
        total = instance.exports.sum(200000)
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(total, sorted(handled) == list(range(1, len(handled) + 1)))
    """
    done = run(tmp_path, program, first)
    assert (done.stdout, done.stderr) == ("20000100000 True\n", "")


@needs_fork
def test_a_child_compiles_although_another_thread_was_compiling(tmp_path: Path) -> None:
    program = """
        import os, threading, time, warnings, gc
        import wasmz
        from wasmz.startup import concurrency
        warnings.simplefilter("ignore")
        engine = wasmz.Engine(wasmz.Config(use_cache=False))
        module = wasmz.Module.compile(engine, "loops.wasm")
        supply, held, go_on = module.supply, threading.Event(), threading.Event()
        compile_now = supply._compile
        def slowly(index, form):
            held.set()
            go_on.wait(20)
            return compile_now(index, form)
        supply._compile = slowly
        other = threading.Thread(target=wasmz.Instance(wasmz.Store(engine), module).exports.count)
        other.start()
        held.wait(20)
        child = os.fork()
        if child == 0:
            supply._compile = compile_now
            result = wasmz.Instance(wasmz.Store(engine), module).exports.sum(10)
            os._exit(0 if result == 55 and gc.isenabled() else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        go_on.set()
        other.join()
    """
    done = run(tmp_path, program)
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize("call", ["free()", "pair()", "sum(3)", "count()"])
def test_first_calls_at_the_interpreters_end_are_silent(tmp_path: Path, call: str) -> None:
    program = f"""
        import wasmz
        class Handle:
            def __init__(self):
                engine = wasmz.Engine(wasmz.Config(use_cache=False))
                self.instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, "loops.wasm"))
            def __del__(self):
                self.instance.exports.{call}
        handle = Handle()
    """
    done = run(tmp_path, program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_first_calls_of_one_function_leave_the_better_code() -> None:
    """The baseline that was compiled first does not replace optimised code that another call installed meanwhile."""
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    module = wasmz.Module.compile(engine, assemble(LOOPS))
    instance = wasmz.Instance(wasmz.Store(engine), module)
    supply = module.supply
    assert supply is not None
    best = supply.best
    index = module.image.exports[3].index

    def late(wanted: int) -> object:
        made = best(wanted)
        supply.best = best  # type: ignore[method-assign]
        for _ in range(3):
            assert instance.exports.sum(300_000) == 45000150000
        return made

    supply.best = late  # type: ignore[method-assign, assignment]
    assert instance.exports.sum(300_000) == 45000150000
    tiers = instance._binder.tiers
    assert tiers is not None
    if index in tiers._goals:
        assert instance._binder.function(index).__code__ is tiers._goals[index].code
    assert instance.exports.sum(10) == 55


def test_a_lock_can_be_taken_again_by_its_owner_only() -> None:
    lock = concurrency.new_lock()
    taken: list[bool] = []
    with lock, lock:
        thread = threading.Thread(target=lambda: taken.append(lock.acquire(blocking=False)))
        thread.start()
        thread.join()
    assert taken == [False]


@needs_fork
def test_locks_are_free_in_children(tmp_path: Path) -> None:
    program = """
        import os, threading, warnings
        from wasmz.startup import concurrency
        warnings.simplefilter("ignore")
        lock, own, ready = concurrency.new_lock(), concurrency.new_lock(), threading.Event()
        def hold():
            lock.acquire()
            ready.set()
            threading.Event().wait()
        threading.Thread(target=hold, daemon=True).start()
        ready.wait(20)
        with own:
            child = os.fork()
            if child == 0:
                os._exit(0 if lock.acquire(timeout=5) and own._is_owned() else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    done = run(tmp_path, program)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_what_cannot_be_imported_is_an_import_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        concurrency.load("wasmz.nowhere")
    assert concurrency.load("wasmz.runtime.simd.lanes").__name__ == "wasmz.runtime.simd.lanes"


# Modules that signal handlers and threads do not import: commands, tools, what only Python code imports.
_ELSEWHERE = (
    "cli",
    "build",
    "ship/bundle.py",
    "compile/parallel.py",
    "compile/profile.py",
    "text.py",
    "importer.py",
    "ship/versions.py",
    "startup/light.py",
)


def _late_imports(path: Path) -> list[str]:
    """The statements in functions that import modules of ours without having had them loaded."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    for number, line in enumerate(lines):
        if line.startswith("    ") and line.lstrip().startswith("from wasmz.") and " import " in line:
            name = line.split()[1]
            before = next((other.strip() for other in reversed(lines[:number]) if other.strip()), "")
            head = next(other for other in reversed(lines[:number]) if other.strip() and other[0] not in " )]}")
            is_at_top = head.startswith(("if TYPE_CHECKING:", "with without_collections("))
            if not is_at_top and not before.startswith(f'load("{name}') and "wasmz.startup.concurrency" not in line:
                found.append(f"{path.relative_to(ROOT)}:{number + 1}: {line.strip()}")
    return found


def test_late_imports_are_loaded_whole() -> None:
    wrong = []
    for path in sorted((ROOT / "wasmz").rglob("*.py")):
        place = path.relative_to(ROOT / "wasmz")
        if not {place.as_posix(), place.parts[0]}.intersection(_ELSEWHERE):
            wrong += _late_imports(path)
    assert wrong == []


def test_what_stays_is_old_when_it_has_been_made() -> None:
    was_enabled = gc.isenabled()
    gc.enable()
    try:
        with concurrency.without_collections(stays=True):
            assert not gc.isenabled()
            made: list[list[int]] = [[] for _ in range(10)]
        assert gc.isenabled() and gc.get_freeze_count() < 2_000
        # Still tracked, in case it becomes garbage one day.
        assert gc.is_tracked(made)
        assert any(item is made for item in gc.get_objects())
        gc.freeze()
        frozen = gc.get_freeze_count()
        with concurrency.without_collections(stays=True):
            pass
        # Objects that a program has frozen stay frozen.
        assert gc.get_freeze_count() >= frozen > 2_000
    finally:
        gc.unfreeze()
        (gc.enable if was_enabled else gc.disable)()
