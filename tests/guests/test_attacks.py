"""Code in guests that tries to get out, and code that tries to use up the host: none of it gets anywhere.

A secret of the host's, and a file, would show an escape: no result may contain them, and the file stays as it is.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.guests.test_guests import make
from wasmz.guests import GuestError, OutputLimit, Pool, QuickJS, Result
from wasmz.guests.results import weight_of

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="no threads here")

SECRET = "host-secret-5f1c"

# Each gives what it got hold of, or fails. {folder} is a folder of the host with the file `secret.txt`.
PYTHON_ESCAPES = [
    "open('{folder}/secret.txt').read()",
    "open('/etc/passwd').read()",
    "open('../../../../../../etc/passwd').read()",
    "open('/proc/self/environ').read()",
    "open('/dev/mem', 'rb').read(16)",
    "open('{folder}/secret.txt', 'w').write('gone')",
    "import os\nos.chdir('/..')\nos.chdir('{folder}')\nopen('secret.txt').read()",
    "import os\nos.rename('{folder}/secret.txt', '/taken')\nopen('/taken').read()",
    "import os\nos.mount(os.VfsPosix('{folder}'), '/host')\nopen('/host/secret.txt').read()",
    "import os\nos.mount(os.VfsPosix('/../..'), '/host')\n[open('/host/secret.txt').read(), os.listdir('/host')]",
    "import os\nos.getenv('WASMZ_TEST_SECRET')",
    "import os\nos.system('cat {folder}/secret.txt')",
    "import sys\nsys.modules['subprocess'].getoutput('id')",
    "import subprocess\nsubprocess.getoutput('cat {folder}/secret.txt')",
    "import socket\nsocket.socket().connect(('127.0.0.1', 22))",
    "import ctypes\nctypes.CDLL(None).getpid()",
    "import uctypes\nbytes(uctypes.bytearray_at(0xfffffff0, 4096))",
    "import uctypes\nlen(uctypes.bytes_at(0, 0x7fffffff))",
    "import machine\nmachine.mem32[0xfffffffc]",
    "@micropython.viper\ndef f() -> int:\n  return ptr32(0x7ffffff0)[0]\nf()",
    "import ffi\nffi.open('libc.so.6').func('i', 'getpid', '')()",
    "import host\nhost.call('__import__', 'os')",
    "import host\nhost.call('#call', 'eval', ['1'], {{}})",
    "import host\nhost.call('#call', 'echo', [], {{'__class__': 1}})",
    "import host\nhost.call('#call', 1, 2, 3)",
    "import host\nhost.call('\\x00' * 100, object())",
    "import host\n[host.call(kind) for kind in ('#value', '#given', '', 'x' * 300)]",
    "import host\nhost.call('#read', '/etc/passwd')",
    "import host\nhost.call('#write', '{folder}/secret.txt', 'gone')",
    "echo.__globals__['os'].environ",
    "echo(echo).__class__.__base__.__subclasses__()",
    "[getattr(echo, name) for name in ('__closure__', '__code__', '__self__')]",
    "().__class__.__bases__[0].__subclasses__()[1].__init__.__globals__",
    "import sys\n[sys.path, sys.argv[0]] + [sys.stdin.read()]",
]
JAVASCRIPT_ESCAPES = [
    "files.read('{folder}/secret.txt')",
    "files.read('/etc/passwd')",
    "files.read('../../../etc/passwd')",
    "files.read('/proc/self/environ')",
    "files.write('{folder}/secret.txt', 'gone'); 1",
    "files.write('/../out', 'x'); 1",
    "files.list('..')",
    "require('fs').readFileSync('{folder}/secret.txt', 'utf8')",
    "process.env.WASMZ_TEST_SECRET",
    "Function('return this')().process.mainModule",
    "std.loadFile('{folder}/secret.txt')",
    "os.open('{folder}/secret.txt', 0)",
    "std.getenv('WASMZ_TEST_SECRET')",
    "let got = 'nothing'; import('std').then(s => {{ got = s.getenv('WASMZ_TEST_SECRET') }}, e => {{ got = 'no' }}); 1",
    "import('{folder}/secret.txt'); 1",
    "load('{folder}/secret.txt')",
    "fetch('http://127.0.0.1/')",
    "new XMLHttpRequest()",
    "new Worker('x.js')",
    "new WebAssembly.Memory({{initial: 1}})",
    "host.__import__('os').system('id')",
    "host['__class__']()",
    "host.constructor.constructor('return process')()",
    "__host_call('eval', '[\"1\"]')",
    "__host_call('echo', 'no json')",
    "__host_call('#read', '[\"/etc/passwd\"]')",
    "__host_call('#read', '{{\"__proto__\": 1}}')",
    "__host_call('echo', '[1], [2]')",
    "Object.prototype.toJSON = () => '{{\"x\": 1}}'; echo({{}})",
    "Array.prototype.toJSON = function () {{ return 5 }}; echo(1, 2)",
    "JSON.stringify = () => 'x'.repeat(1000); JSON.parse = x => globalThis; echo({{}}); 1",
    "files.read.constructor('return host')().toString()",
]

# What uses up time, memory, stack, output, files or the host's functions; in a guest with small limits.
PYTHON_HOGS = [
    "while True: pass",
    "def f(): return f()\nf()",
    "class A:\n  def __getattr__(self, n): return getattr(self, n + 'x')\nA().y",
    "l = []\nwhile True: l.append(l[:])",
    "x = 'a'\nwhile True: x += x",
    "bytearray(1 << 30)",
    "b'x' * (1 << 40)",
    "[0] * (1 << 29)",
    "9 ** 9 ** 9",
    "1 << (1 << 34)",
    "d = {}\ni = 0\nwhile True:\n  d[i] = str(i) * 50\n  i += 1",
    "while True: print('x' * 1000)",
    "import sys\nwhile True: sys.stderr.write('y' * 10000)",
    "while True:\n  try:\n    1 / 0\n  except BaseException:\n    pass",
    "def g():\n  while True:\n    try:\n      yield 1\n    except BaseException:\n      pass\nfor x in g(): pass",
    "import time\ntime.sleep(100000)",
    "i = 0\nwhile True: files.write('f' + str(i), 'x' * 1000); i += 1",
    "exec('(' * 20000)",
    "eval('+'.join(['1'] * 50000))",
    "eval('-' * 50000 + '1')",
    "import json\njson.loads('[' * 100000)",
    "x = []\nfor i in range(10000): x = [x]\nx",
    "'z' * 500000",
    "f = open('big', 'w')\nwhile True: f.write('x' * 10000)",
    "i = 0\nwhile True:\n  open(str(i), 'w').close()\n  i += 1",
    "f = open('sparse', 'w')\nf.seek(1 << 40)\nf.write('x')",
    "l = []\nwhile True: l.append(open('same', 'w'))",
    "import os\nwhile True:\n  os.mkdir('d')\n  os.chdir('d')",
    "while True: echo(1)",
    "echo('x' * 3000000)",
    "import mine",
    "import gc\nwhile True: gc.collect()",
    "while True: exec('x = 1')",
    "import host\nwhile True: host.call('#list')",
    "sorted(range(100000), key=lambda x: [x] * 1000)",
    "import sys\nsys.exit(3)",
]
JAVASCRIPT_HOGS = [
    "while (true);",
    "function f() { return f() + 1 } f()",
    "let o = {get x() { return this.x }}; o.x",
    "new Proxy({}, {get(t, k, r) { return r[k + 'x'] }}).y",
    "let l = []; while (1) l.push(l.slice())",
    "let x = 'a'; while (1) x += x",
    "new ArrayBuffer(2 ** 31)",
    "new Array(2 ** 31).fill(1)",
    "'x'.repeat(2 ** 29)",
    "9n ** 9n ** 9n",
    "1n << (1n << 40n)",
    "for (;;) console.log('x'.repeat(1000))",
    "for (;;) __print_err('y'.repeat(1000))",
    "for (;;) { try { null.x } catch {} }",
    "for (;;) { try { f() } catch {} finally { continue } } function f() { f() }",
    "function* g() { while (1) { try { yield 1 } finally { continue } } } for (const x of g());",
    "/^(a+)+$/.test('a'.repeat(50) + 'b')",
    "eval('('.repeat(100000))",
    "eval('1' + '+1'.repeat(200000))",
    "JSON.parse('['.repeat(200000))",
    "let x = []; for (let i = 0; i < 100000; i++) x = [x]; x",
    "'z'.repeat(500000)",
    "for (let i = 0;; i++) files.write('f' + i, 'x'.repeat(1000))",
    "files.write('big', 'x'.repeat(3000000)); for (let i = 0; i < 9; i++) files.write('b' + i, files.read('big')); 1",
    "for (;;) echo(1)",
    "echo('x'.repeat(3000000)); 1",
    "(function loop() { Promise.resolve().then(loop) })(); 1",
    "let s = new Set(); for (let i = 0;; i++) s.add('k' + i)",
    "[...Array(20000).keys()].sort(() => Math.random() - 0.5).map(x => Array(1000).fill(x)); 1",
    "async function f() { await f() } f(); 1",
    "Array.from({length: 1e12})",
    "new RegExp('(?:a?){5000}a{5000}').test('a'.repeat(5000))",
    "structuredClone",
    "let m = new Map(); m.set(m, m); for (;;) m = new Map([[m, m]])",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("host")
    (made / "secret.txt").write_text(SECRET)
    return made


@pytest.mark.parametrize(
    ("kind", "code"),
    [("python", code) for code in PYTHON_ESCAPES] + [("javascript", code) for code in JAVASCRIPT_ESCAPES],
)
def test_no_escape(kind: str, code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMZ_TEST_SECRET", SECRET)
    monkeypatch.chdir(folder)
    calls: list[Any] = []
    files = wasmz.MemoryFileSystem({"own.txt": "own"})

    def echo(*args: Any) -> Any:
        calls.append(args)
        return args[0] if args else None

    with make(kind, timeout=5, memory="8MB", files=files, functions={"echo": echo}) as guest:
        result = guest.exec(code.format(folder=folder))
        shown = f"{result.value!r} {result.stdout} {result.stderr} {result.error!r}"
        assert SECRET not in shown and "root:" not in shown
        check(result)
        if result.is_usable:
            # What it got is nothing of the host's.
            check(guest.exec("1"))
    assert (folder / "secret.txt").read_text() == SECRET and len(list(folder.iterdir())) == 1
    assert files.read("own.txt") == b"own"
    for args in calls:
        # What a host function gets is plain data.
        assert all(type(arg) in (int, float, str, bool, list, dict, type(None)) for arg in args)


@pytest.mark.parametrize(
    ("kind", "code"), [("python", code) for code in PYTHON_HOGS] + [("javascript", code) for code in JAVASCRIPT_HOGS]
)
def test_no_exhaustion(kind: str, code: str) -> None:
    files = {"mine.py": "import mine\nmine"}
    limits = {"timeout": 0.7, "memory": "6MB", "output": "100KB", "files": files, "functions": {"echo": lambda x: x}}
    with make(kind, **limits) as guest:
        begin = time.monotonic()
        result = guest.exec(code)
        # Twenty times the limit: others may be using the machine.
        assert time.monotonic() - begin < 15
        check(result)
        assert len(result.stdout) <= 100 << 10 and len(result.stderr) <= 100 << 10
        assert guest._store.memory_budget.total_used <= 6 << 20
        assert sum(len(guest.files.read(path)) for path in guest.files.paths() if path[-1] != "/") <= 6 << 20
        if not result.is_usable:
            guest.restart()
        again = guest.exec("1 + 1", timeout=20)
        assert again.value == 2 or isinstance(again.error, (GuestError, wasmz.Trap))
        guest.restart()
        assert guest.exec("1 + 1", timeout=20).unwrap() == 2


def check(result: Result) -> None:
    """What may come of a call: a value, or an end of the known kinds."""
    assert result.error is None or isinstance(result.error, (GuestError, OutputLimit, wasmz.Trap)), result


# Functions of the host between guest and limits


def spin(seconds: float) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return 1


CATCHING = {
    "python": "x = 0\ntry:\n  f()\nexcept BaseException as e:\n  x = 1\nx",
    "javascript": "try { f() } catch {} 1",
}
# Lists of lists, which have three bytes each there.
LISTS = {"python": "[[]] * 3000", "javascript": "JSON.parse('[' + '[],'.repeat(3000) + '1]')"}


@pytest.mark.parametrize("kind", CATCHING)
def test_the_end_of_its_time_is_not_for_a_guest_to_catch(kind: str) -> None:
    with make(kind, timeout=0.3, functions={"f": lambda: spin(5)}) as guest:
        begin = time.monotonic()
        result = guest.exec(CATCHING[kind])
        assert result.timed_out and not result.is_usable
        assert time.monotonic() - begin < 4


@pytest.mark.parametrize("kind", CATCHING)
def test_another_guests_time_is_a_functions_own_matter(kind: str) -> None:
    def other() -> object:
        with make(kind, timeout=0.1, functions={"f": lambda: spin(5)}) as inner:
            return inner.exec("f()").unwrap()

    with make(kind, timeout=60, functions={"f": other}) as guest:
        assert guest.exec(CATCHING[kind]).unwrap() == 1


@pytest.mark.parametrize("kind", CATCHING)
def test_coroutines_of_the_host_have_the_guests_time(kind: str) -> None:
    ends: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    async def fail() -> None:
        raise TimeoutError("its own")

    with make(kind, functions={"f": wait, "g": fail}) as guest:
        result = asyncio.run(asyncio.wait_for(guest.exec_async(CATCHING[kind], timeout=0.3), 60))
        assert result.timed_out and not result.is_usable and ends == ["cancelled"]
        guest.restart()
        result = asyncio.run(guest.exec_async("g()", timeout=60))
        assert "its own" in str(result.error) and result.is_usable


@pytest.mark.parametrize("kind", CATCHING)
def test_values_are_no_larger_outside_than_a_guest_may_be(kind: str) -> None:
    calls: list[Any] = []
    with make(kind, timeout=60, functions={"f": calls.append}) as guest:
        # The interpreters themselves need more than that.
        guest._memory = 400_000
        result = guest.exec(f"f({LISTS[kind]})")
        assert "too large" in str(result.error) and result.is_usable and not calls
        few = "[[], 'a', {'b': 1}]"
        assert guest.exec(f"f({few})").unwrap() is None and calls == [[[], "a", {"b": 1}]]
        assert guest.exec("'x' * 9000" if kind == "python" else "'x'.repeat(9000)").unwrap() == "x" * 9000
        result = guest.exec(LISTS[kind])
        assert isinstance(result.error, OutputLimit) and result.is_usable


def test_what_values_take() -> None:
    for text in (
        "[" + "[]," * 1000 + "1]",
        "[" + '{"a":[]},' * 1000 + "1]",
        '{"a":{"b":1.5}}',
        '["\\ud83d\\ude00aaaaaaa"]',
    ):
        assert weight_of(text) >= size_in_python(json.loads(text))


def size_in_python(value: Any) -> int:
    size = sys.getsizeof(value)
    if isinstance(value, list):
        return size + sum(map(size_in_python, value))
    if isinstance(value, dict):
        return size + sum(map(size_in_python, value.values()))
    return size


@pytest.mark.parametrize("kind", CATCHING)
def test_a_guest_that_is_called_by_its_own_function_keeps_its_limits(kind: str) -> None:
    with make(kind, timeout=60, fuel=1 << 24) as guest:
        found: list[str] = []

        def again() -> None:
            try:
                guest.exec("1", fuel=1 << 40)
            except RuntimeError as error:
                found.append(str(error))

        guest.register("f", again)
        result = guest.exec("f()")
        assert "middle of a call" in found[0] and result.fuel is not None and 0 < result.fuel < 1 << 24


def test_a_call_in_another_thread_does_not_stop_the_event_loop() -> None:
    begun, go = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go.wait(60)

    with make("javascript", timeout=60, functions={"f": wait}) as guest:
        thread = threading.Thread(target=guest.exec, args=("f()",))
        thread.start()
        assert begun.wait(60)
        with pytest.raises(RuntimeError, match="middle of a call"):
            asyncio.run(guest.exec_async("1"))
        go.set()
        thread.join()


def test_who_waits_for_a_closed_pool_is_told() -> None:
    pool = Pool(QuickJS, size=1, memory="8MB")
    found: list[object] = []

    def wait() -> None:
        try:
            pool.exec("1")
        except ValueError as error:
            found.append(str(error))

    async def wait_async() -> None:
        with pytest.raises(ValueError, match="closed"):
            await pool.exec_async("1")

    with pool.guest() as guest:
        threads = [threading.Thread(target=wait), threading.Thread(target=lambda: asyncio.run(wait_async()))]
        for thread in threads:
            thread.start()
        while len(pool._waiting) < 2:
            time.sleep(0.01)
        pool.close()
        for thread in threads:
            thread.join(60)
        assert found == ["the pool is closed"]
        assert guest.exec("1 + 1").unwrap() == 2
    assert pool._free == 1
