"""Another process compiles functions while they run: results are the same, and the program does not notice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import wasmz
from wasmz.artifact.pyc import decode_functions
from wasmz.compile import background, connection, messages
from wasmz.runtime.abi import OPTIMISED, CodeForm
from wasmz.text import assemble

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list descriptors")

# Enough for a busy machine.
PATIENCE = 60.0

# Sums that loop and that recurse, and a loop that goes on in a continuation.
MODULE = assemble("""(module
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "sum") (param $n i32) (result i64) (local $s i64)
    (loop $again
      (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 3)) (i64.extend_i32_u (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))
  (func (export "forever") (local i32)
    (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br $l)))
  (func (export "even") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
  (func $odd (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (return_call 3 (i32.sub (local.get 0) (i32.const 1))))
)""")
FIB_14 = 377

# The beginning of scripts: a module whose functions are hot at once, and a helper even on one processor.
BEGIN = f"""
import os, sys, time
import wasmz
from wasmz.compile import background
background.count_processors = lambda: 2
engine = wasmz.Engine(wasmz.Config(use_cache=False, _thresholds=(1, 1, 0, 0)))
module = wasmz.Module.compile(engine, bytes.fromhex({MODULE.hex()!r}))
exports = wasmz.Instance(wasmz.Store(engine), module).exports
helper = background.background

def until(condition):
    end = time.monotonic() + {PATIENCE}
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        assert exports.fib(14) == {FIB_14}
        time.sleep(0.01)

def is_optimised(index=0):
    from wasmz.runtime.abi import OPTIMISED
    return module.supply.has(index, OPTIMISED)

def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A process without a parent that waits for it stays as a name only.
    try:
        with open(f"/proc/{{pid}}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return False
"""


@pytest.fixture(autouse=True)
def switched_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Starts a helper wherever that is possible, and lets it end."""
    monkeypatch.delenv(background.SWITCH, raising=False)
    monkeypatch.setattr(background, "count_processors", lambda: 2)
    background.background.close()
    background.background.reset()
    yield
    background.background.close()
    background.background.reset()


def run(script: str, *options: str, begin: str = BEGIN) -> str:
    """What a program prints; it must end well, and warnings are errors."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", *options, "-c", begin + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=3 * PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def instance(**settings: object) -> tuple[wasmz.Module, wasmz.Exports]:
    config: dict[str, object] = {"use_cache": False, "_thresholds": (1, 1, 0, 0), **settings}
    engine = wasmz.Engine(wasmz.Config(**config))  # type: ignore[arg-type]
    module = wasmz.Module.compile(engine, MODULE)
    return module, wasmz.Instance(wasmz.Store(engine), module).exports


def call_until(module: wasmz.Module, exports: wasmz.Exports, *wanted: tuple[int, CodeForm]) -> None:
    """Calls functions until the code is there."""
    end = time.monotonic() + PATIENCE
    supply = module.supply
    assert supply is not None
    while not all(supply.has(*key) for key in wanted):
        assert time.monotonic() < end, "waited in vain"
        assert exports.fib(14) == FIB_14
        assert exports.sum(3) == 3 * 9 + 2 * 3 + 1
        assert exports.even(7) == 0
        time.sleep(0.005)
    assert exports.fib(14) == FIB_14
    assert exports.sum(3) == 3 * 9 + 2 * 3 + 1


def test_hot_functions_are_compiled_elsewhere() -> None:
    module, exports = instance()
    call_until(module, exports, (0, OPTIMISED), (1, CodeForm.of(0)), (1, OPTIMISED), (3, OPTIMISED))
    assert background.background.pid not in (None, os.getpid())


def test_this_process_does_without_the_whole_compiler() -> None:
    script = """
        until(is_optimised)
        print("wasmz.passes" in sys.modules)
    """
    assert run(script) == "False"


def test_code_is_what_this_process_makes() -> None:
    made = []
    for is_on in (True, False):
        module, exports = instance(background_compile=is_on)
        call_until(module, exports, (0, OPTIMISED), (1, CodeForm.of(0)))
        supply = module.supply
        assert supply is not None
        made.append([supply.get(0, OPTIMISED).freeze(), supply.get(1, CodeForm.of(0)).freeze()])
    assert made[0] == made[1]


@pytest.mark.parametrize("fuel", [None, 1 << 40])
@pytest.mark.parametrize("level", [0, 2])
def test_settings_are_the_module_s(level: int, fuel: int | None) -> None:
    module, exports = instance(opt_level=level, fuel=fuel)
    call_until(module, exports, (0, OPTIMISED))
    other, others = instance(opt_level=level, fuel=fuel, background_compile=False)
    call_until(other, others, (0, OPTIMISED))
    assert module.supply is not None
    assert other.supply is not None
    assert module.supply.get(0, OPTIMISED).freeze() == other.supply.get(0, OPTIMISED).freeze()


def test_many_modules_share_one_helper() -> None:
    """More than it knows at a time."""
    made = []
    count = background._MOST_MODULES + 4
    for number in range(count):
        engine = wasmz.Engine(wasmz.Config(use_cache=False, _thresholds=(1, 1, 0, 0)))
        text = f'(module (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const {number}))))'
        module = wasmz.Module.compile(engine, assemble(text))
        made.append((module, wasmz.Instance(wasmz.Store(engine), module).exports))
    end = time.monotonic() + PATIENCE
    pids = set()
    waiting = {*range(count)}
    while waiting:
        assert time.monotonic() < end
        for number, (module, exports) in enumerate(made):
            assert exports.f(100) == 100 + number
            if module.supply is not None and module.supply.has(0, OPTIMISED):
                waiting.discard(number)
        pids.add(background.background.pid)
        time.sleep(0.002)
    assert len(pids - {None}) == 1
    # The helper forgets all but the last ones.
    instance()[1].fib(14)
    assert len(background.background._clients) <= background._MOST_MODULES


@pytest.mark.parametrize(
    "settings", [{"background_compile": False}, {"verify": True}, {"compile_mode": "eager"}, {"_profiling": True}]
)
def test_off(settings: dict[str, object]) -> None:
    _, exports = instance(**settings)
    for _ in range(20):
        assert exports.fib(14) == FIB_14
    assert background.background.connection is None


def test_the_environment_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(background.SWITCH, "0")
    module, exports = instance()
    assert exports.fib(14) == FIB_14
    assert background.background.connection is None
    assert module.supply is not None
    assert module.supply.has(0, OPTIMISED)


@pytest.mark.parametrize("name", ["executable", "frozen", "processors", "platform", "spawn", "daemon"])
def test_where_there_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("a hook of the program's")

    if name == "executable":
        monkeypatch.setattr(sys, "executable", "/usr/bin/editor")
    elif name == "frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    elif name == "processors":
        monkeypatch.setattr(background, "count_processors", lambda: 1)
    elif name == "platform":
        monkeypatch.setattr(sys, "platform", "emscripten")
    elif name == "spawn":
        monkeypatch.setattr(connection, "_spawn", refuse)
        monkeypatch.setattr(connection, "_spawn_on_windows", refuse)
    else:
        import multiprocessing.process

        monkeypatch.setitem(multiprocessing.process.current_process()._config, "daemon", True)  # type: ignore[attr-defined]
    module, exports = instance()
    assert exports.fib(14) == FIB_14
    assert background.background.is_off
    assert module.supply is not None
    assert module.supply.has(0, OPTIMISED)


def test_short_programs_start_none() -> None:
    script = "assert exports.fib(5) == 5; assert 'wasmz.compile.background' not in sys.modules; print('short')"
    begin = BEGIN.replace(", _thresholds=(1, 1, 0, 0)", "")
    begin = begin.replace("from wasmz.compile import background\nbackground.count_processors = lambda: 2\n", "")
    assert run(script, begin=begin.replace("helper = background.background\n", "")) == "short"


def test_what_it_makes_is_kept(tmp_path: Path) -> None:
    module, exports = instance(use_cache=True, cache_dir=tmp_path)
    call_until(module, exports, (0, OPTIMISED))
    assert module.supply is not None
    module.supply.save()
    (path,) = tmp_path.iterdir()
    kept = decode_functions(path.read_bytes())[1]
    assert (0, OPTIMISED) in kept
    background.background.close()
    background.background.reset()
    module, exports = instance(use_cache=True, cache_dir=tmp_path)
    assert exports.fib(14) == FIB_14
    assert background.background.connection is None


@needs_fork
def test_it_ends_with_the_program() -> None:
    script = """
        until(is_optimised)
        print(helper.pid)
        sys.stdout.flush()
        {end}
    """
    for end in ("", "os._exit(0)", "os.execl(sys.executable, sys.executable, '-c', '')"):
        pid = int(run(script.format(end=end)))
        wait_for_end(pid)


@needs_fork
def test_it_ends_in_the_middle_of_its_work() -> None:
    """A function that takes seconds to compile."""
    script = """
        body = "(local.set 0 (i32.add (i32.mul (local.get 0) (local.get 1)) (i32.const 77)))" * 60_000
        text = f'(module (func (export "f") (param i32 i32) (result i32) {body} (local.get 0)))'
        from wasmz.text import assemble
        until(is_optimised)
        exports = wasmz.instantiate(assemble(text), engine=engine).exports
        exports.f(1, 2)
        exports.f(1, 2)
        time.sleep(0.1)
        helper.look()
        print(helper.pid)
    """
    begun = time.monotonic()
    wait_for_end(int(run(script)), begun=begun)


def wait_for_end(pid: int, begun: float | None = None) -> None:
    end = time.monotonic() + 10
    while not is_gone(pid):
        assert time.monotonic() < end, "the helper goes on"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return False


@needs_fork
def test_the_program_has_no_child() -> None:
    """So waiting for any child does not wait for the helper."""
    script = """
        import signal
        seen = []
        until(is_optimised)
        signal.signal(signal.SIGCHLD, lambda *_: seen.append(1))
        try:
            os.wait()
        except ChildProcessError:
            print("none")
        pid = os.fork()
        if not pid:
            os._exit(3)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 3
        assert len(seen) == 1
    """
    assert run(script) == "none"


@needs_fork
@pytest.mark.parametrize("number", [getattr(signal, "SIGKILL", 9), signal.SIGTERM])
def test_it_may_be_killed(number: int) -> None:
    module, exports = instance()
    call_until(module, exports, (0, OPTIMISED))
    pid = background.background.pid
    assert pid is not None
    os.kill(pid, number)
    wait_for_end(pid)
    other, others = instance()
    call_until(other, others, (0, OPTIMISED), (1, CodeForm.of(0)))
    # It was compiled here.
    assert background.background.is_off
    assert "pipeline" in vars(other.supply._compile.__self__.made)  # type: ignore[union-attr]


@needs_fork
def test_it_may_be_killed_before_it_is_ready() -> None:
    module, exports = instance()
    exports.fib(14)
    assert background.background.connection is not None
    pipes = background.background.connection._pipes
    assert isinstance(pipes, connection._Pipes)
    # A message that does not come from the helper ends the connection.
    background.background.connection._received += b"\1" + bytes(200)
    call_until(module, exports, (0, OPTIMISED), (1, CodeForm.of(0)))
    assert background.background.is_off


@needs_fork
def test_forked_children_have_their_own() -> None:
    script = """
        until(is_optimised)
        pid = helper.pid
        readable, writable = os.pipe()
        module = wasmz.Module.compile(engine, module._source)
        exports = wasmz.Instance(wasmz.Store(engine), module).exports
        assert exports.fib(14) == 377
        if not os.fork():
            assert helper.connection is None and helper.pid is None
            # What the parent's helper was perhaps asked for, and what nobody was.
            until(is_optimised)
            module = wasmz.Module.compile(engine, module._source)
            exports = wasmz.Instance(wasmz.Store(engine), module).exports
            until(is_optimised)
            assert helper.pid not in (None, pid)
            os.write(writable, b"%d" % helper.pid)
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
        child_s = int(os.read(readable, 100))
        end = time.monotonic() + 10
        while not is_gone(child_s):
            assert time.monotonic() < end
            time.sleep(0.01)
        # The parent's goes on.
        assert not is_gone(pid) and helper.pid == pid
        until(is_optimised)
        assert helper.pid == pid
        print("both")
    """
    assert run(script) == "both"


@needs_proc
def test_it_has_no_descriptors_of_the_program_s() -> None:
    script = """
        import socket
        with socket.create_server(("127.0.0.1", 0)) as server:
            os.set_inheritable(server.fileno(), True)
            until(is_optimised)
            open_there = os.listdir(f"/proc/{helper.pid}/fd")
            print(sorted(open_there))
            print(os.readlink(f"/proc/{helper.pid}/fd/2"))
        # Nor do the program's children have the pipes to it.
        import subprocess
        seen = subprocess.run(["ls", "/proc/self/fd"], close_fds=False, capture_output=True).stdout.split()
        assert len(seen) == 4, seen
    """
    assert run(script).splitlines() == ["['0', '1', '2']", os.devnull]


@needs_proc
def test_a_program_may_close_all_descriptors() -> None:
    """And use their numbers for something else, of which nothing may be read."""
    script = """
        until(lambda: is_optimised() and helper.pid)
        os.closerange(3, 200)
        ours, theirs = os.pipe(), os.pipe()
        for _, writable in (ours, theirs):
            os.write(writable, b"content")
        module = wasmz.Module.compile(engine, module._source)
        exports = wasmz.Instance(wasmz.Store(engine), module).exports
        until(is_optimised)
        assert helper.is_off
        print(os.read(ours[0], 100), os.read(theirs[0], 100))
    """
    assert run(script) == "b'content' b'content'"


@needs_fork
def test_ctrl_c_is_for_the_program() -> None:
    script = """
        import signal
        os.setpgid(0, 0)
        interrupts = []
        signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
        assert exports.fib(14) == 377
        os.killpg(0, signal.SIGINT)
        until(is_optimised)
        pid = helper.pid
        os.killpg(0, signal.SIGINT)
        time.sleep(0.05)
        assert not is_gone(pid)
        assert len(interrupts) == 2
        print("going on")
    """
    assert run(script) == "going on"


@needs_fork
def test_an_exception_in_the_middle_of_a_question() -> None:
    """A handler's, at any point: what is torn then is not used again."""
    script = """
        import signal
        class Stop(Exception): pass
        is_inside = []
        def handler(*_):
            frame = sys._getframe(1)
            while frame is not None:
                name = frame.f_globals.get("__name__", "")
                if name in ("wasmz.compile.background", "wasmz.compile.connection"):
                    is_inside.append(1)
                    raise Stop
                frame = frame.f_back
        signal.signal(signal.SIGALRM, handler)
        background._INTERVAL = 0
        interval = 0.00005
        end = time.monotonic() + 20
        while len(is_inside) < 20 and time.monotonic() < end:
            module = wasmz.Module.compile(engine, module._source)
            exports = wasmz.Instance(wasmz.Store(engine), module).exports
            signal.setitimer(signal.ITIMER_REAL, interval, interval)
            try:
                for _ in range(3):
                    assert exports.fib(14) == 377
            except Stop:
                pass
            signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        module = wasmz.Module.compile(engine, module._source)
        exports = wasmz.Instance(wasmz.Store(engine), module).exports
        until(is_optimised)
        print(len(is_inside) > 0)
    """
    assert run(script) == "True"


def test_threads_ask_at_once() -> None:
    script = """
        import threading
        sys.setswitchinterval(1e-5)
        wrong = []
        def work(module):
            try:
                exports = wasmz.Instance(wasmz.Store(engine), module).exports
                end = time.monotonic() + 60
                while not (is_optimised() and module.supply.has(1, OPTIMISED)):
                    assert time.monotonic() < end
                    assert exports.fib(12) == 144
                    assert exports.sum(3) == 3 * 9 + 2 * 3 + 1
            except BaseException as error:
                wrong.append(repr(error))
        from wasmz.runtime.abi import OPTIMISED
        other = wasmz.Module.compile(engine, module._source)
        threads = [threading.Thread(target=work, args=(m,)) for m in [module, other] * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(wrong)
    """
    assert run(script) == "[]"


def test_a_deadline_while_code_is_awaited() -> None:
    script = """
        store = wasmz.Store(engine)
        other = wasmz.Instance(store, module).exports
        for seconds in (0.001, 0.02, 0.3):
            store.set_deadline(seconds)
            try:
                other.forever()
            except wasmz.Interrupted:
                print("stopped")
        store.set_deadline(None)
        until(is_optimised)
    """
    assert run(script).split() == ["stopped"] * 3


def test_a_store_that_is_closed_meanwhile() -> None:
    module, exports = instance()
    exports.fib(14)
    engine = module.engine
    store = wasmz.Store(engine)
    other = wasmz.Instance(store, module).exports
    other.sum(5)
    store.close()
    with pytest.raises(ValueError, match="closed"):
        other.sum(5)
    call_until(module, exports, (0, OPTIMISED), (1, OPTIMISED))


def test_it_ends_when_it_has_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next question starts another one."""
    program = background._PROGRAM.replace("main()", "from wasmz.compile import helper\nhelper.IDLE = 0.2\nmain()")
    monkeypatch.setattr(background, "_PROGRAM", program)
    module, exports = instance()
    call_until(module, exports, (0, OPTIMISED))
    era = background.background.era
    time.sleep(1)
    other, others = instance()
    call_until(other, others, (0, OPTIMISED))
    # That one may have ended, too, by now.
    assert background.background.era > era
    assert not background.background.is_off


def test_pipes_with_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    if hasattr(os, "fork"):
        # Where processes fork, the started process must end by itself: it is a child that a program may wait for.
        monkeypatch.setattr(background, "_PROGRAM", background._PROGRAM.replace('hasattr(os, "fork") and', "False and"))
    monkeypatch.setattr(connection, "_spawn", connection._spawn_on_windows)
    module, exports = instance()
    call_until(module, exports, (0, OPTIMISED), (1, CodeForm.of(0)))
    assert not background.background.is_off
    pid = background.background.pid
    background.background.close()
    assert pid is not None
    if hasattr(os, "waitpid"):
        end = time.monotonic() + 10
        while os.waitpid(pid, getattr(os, "WNOHANG", 0)) == (0, 0):
            assert time.monotonic() < end
            time.sleep(0.01)


def test_messages_of_others_are_refused() -> None:
    packed = messages.pack(b"a" * messages.HEADER, b"content")
    header, content = packed[: messages.HEADER], packed[messages.HEADER :]
    assert messages.unpack(b"a" * messages.HEADER, header, content) == b"content"
    with pytest.raises(messages.MessageError):
        messages.unpack(b"b" * messages.HEADER, header, content)
    with pytest.raises(messages.MessageError):
        messages.unpack(b"a" * messages.HEADER, header, b"Content")


def test_another_version_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FORMAT", ("another", "version"))
    module, exports = instance()
    call_until(module, exports, (0, OPTIMISED), (1, CodeForm.of(0)))
    assert background.background.is_off
