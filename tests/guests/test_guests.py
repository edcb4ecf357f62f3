"""Guests for Python and JavaScript: values, state, output, errors, functions of the host, files, limits, pools."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import wasmz
from tests.support.built import missing
from wasmz.guests import Guest, GuestError, GuestLost, GuestRepr, MicroPython, OutputLimit, Pool, QuickJS
from wasmz.guests.modules import _read
from wasmz.text import print_module

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="no threads here")

KINDS = {"python": MicroPython, "javascript": QuickJS}


def make(kind: str, **options: Any) -> Guest:
    """A guest; the test is skipped, loudly, if its package is not installed."""
    try:
        return KINDS[kind](**options)
    except ImportError as error:
        missing(str(error))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def guest(kind: str) -> Iterator[Guest]:
    with make(kind, timeout=20, files={"in.txt": "4 5"}, functions={"add": lambda a, b=0: a + b}) as made:
        yield made


# What the same code is in the two languages.
LOOP = {"python": "while True: pass", "javascript": "while (true);"}
RAISE = {
    "python": "def f():\n  raise ValueError('no')\nf()",
    "javascript": "function f() { throw new TypeError('no') }\nf()",
}


@pytest.mark.parametrize(
    ("python", "javascript", "value"),
    [
        ("1 + 1", "1 + 1", 2),
        ("'a' * 3", "'a'.repeat(3)", "aaa"),
        (
            "[1, 2.5, None, True, 'x', {'a': []}]",
            "[1, 2.5, null, true, 'x', {a: []}]",
            [1, 2.5, None, True, "x", {"a": []}],
        ),
        ("'é😀\"\\\\\\n'", "'\\u00e9\\u{1f600}\"\\\\\\n'", 'é😀"\\\n'),
        ("x = 1\nx + 1", "let x = 1\nx + 1", 2),
        ("x = 1; x + 2", "let x = 1; x + 2", 3),
        ("x = 1", "let x = 1", None),
        ("for i in range(3):\n  y = i\n", "for (let i = 0; i < 3; i++) y = i; undefined", None),
        (
            "def f(\n  n,\n):\n  return n\nf(\n  7,\n)  # the end\n",
            "function f(n) {\n return n }\nf(\n 7,\n) // the end\n",
            7,
        ),
        ("s = '''\n5\n'''\nlen(s)", "s = `\n5\n`\ns.length", 3),
        ("", "", None),
        ("# nothing", "// nothing", None),
    ],
)
def test_values(python: str, javascript: str, value: Any) -> None:
    for kind, code in zip(KINDS, (python, javascript), strict=True):
        with make(kind) as guest:
            result = guest.exec(code)
            assert result and result.unwrap() == value and type(result.value) is type(value), code


def test_a_value_without_json_is_its_text(guest: Guest, kind: str) -> None:
    value = guest.exec({"python": "object()", "javascript": "(() => 1)"}[kind]).value
    assert isinstance(value, GuestRepr) and value == {"python": "<object>", "javascript": "() => 1"}[kind]


def test_state_is_kept(guest: Guest, kind: str) -> None:
    guest.exec(
        {"python": "x = 5\ndef twice(n): return 2 * n", "javascript": "let x = 5; function twice(n) { return 2 * n }"}[
            kind
        ]
    )
    assert guest.exec("x + twice(1)").value == 7
    assert guest.call("twice", 21).value == 42
    assert guest.exec("y + x", variables={"y": 3}).value == 8
    guest.restart()
    assert guest.exec("x").error is not None
    assert guest.exec("1").value == 1


def test_output(guest: Guest, kind: str) -> None:
    result = guest.exec(
        {
            "python": "print('é', 1)\n2",
            "javascript": "console.log('é', 1); __print_err('e'); 2",
        }[kind]
    )
    errors = {"python": "", "javascript": "e"}[kind]
    assert (result.stdout, result.stderr.strip(), result.value) == ("é 1\n", errors, 2)
    assert guest.exec("3").stdout == ""


def test_errors(guest: Guest, kind: str) -> None:
    result = guest.exec(RAISE[kind])
    assert not result and result.value is None and result.is_usable
    error = result.error
    assert isinstance(error, GuestError)
    assert (error.type, error.message) == ({"python": "ValueError", "javascript": "TypeError"}[kind], "no")
    assert str(error) == f"{error.type}: no"
    assert {"python": "in f", "javascript": "at f (<eval>:1:"}[kind] in error.traceback
    with pytest.raises(GuestError, match="no"):
        result.unwrap()
    assert guest.exec("7").value == 7
    error = guest.exec("1 +").error
    assert isinstance(error, GuestError) and error.type == "SyntaxError"


@pytest.mark.parametrize(
    ("code", "value", "calls"),
    [
        ("note()\nnote()", 2, 2),
        ("note()\n(note())", 2, 2),
        ("x = (\nnote(),\nnote())", None, 2),
        ("note(\n)", 1, 1),
        ("s = '''\nnote()\n'''", None, 0),
        ("note(); note()", 2, 2),
        ("x = '; note()'", None, 0),
        ("if note():\n  note()\nelse:\n  note()", None, 2),
        ("note()) + (note()", SyntaxError, 0),
        ("note()\n)", SyntaxError, 0),
        ("note()\n x = 1", IndentationError, 0),
        ("note()));note();((1", SyntaxError, 0),
        ("(lambda: note())() # note()", 1, 1),
        ("def f():\n  return note()\nf()\n\n\n# end", 1, 1),
        ("eval('1 +') + note()", SyntaxError, 0),
        ("note()\neval('1 +')", SyntaxError, 1),
        ("for i in range(2): note()", None, 2),
        ("x = note() if 1 else 2; x, 1", [1, 1], 1),
    ],
)
def test_python_runs_once_what_it_is_given(code: str, value: Any, calls: int) -> None:
    """The last expression's value is found by compiling parts of the code; nothing may run twice, or by mistake."""
    count = [0]

    def note() -> int:
        count[0] += 1
        return count[0]

    with make("python", functions={"note": note}) as guest:
        result = guest.exec(code)
        if isinstance(value, type):
            assert isinstance(result.error, GuestError) and result.error.type == value.__name__
        else:
            assert result.unwrap() == value
        assert count[0] == calls


def test_functions_of_the_host(guest: Guest, kind: str) -> None:
    assert guest.exec("add(2, 3)").value == 5
    assert guest.exec("add('a', 'b')").value == "ab"
    assert guest.exec("add([1], [{}])").value == [1, {}]
    guest.register("fail", lambda: {}["key"])
    guest.register("whole", lambda n: "x" * n)
    guest.register("thing", object)
    error = guest.exec("fail()").error
    assert isinstance(error, GuestError) and "KeyError" in str(error) and "key" in str(error)
    assert guest.exec({"python": "len(whole(5000))", "javascript": "whole(5000).length"}[kind]).value == 5_000
    assert "TypeError" in str(guest.exec("thing()").error)
    if kind == "python":
        assert guest.exec("add(1, b=5)").value == 6
        assert guest.exec("try:\n  fail()\nexcept KeyError:\n  r = 'caught'\nr").value == "caught"
    with pytest.raises(ValueError):
        guest.register("a b", print)
    with pytest.raises(TypeError):
        guest.register("a", 5)  # type: ignore[arg-type]


def test_functions_run_in_the_callers_thread(guest: Guest) -> None:
    seen = []
    guest.register("note", lambda: seen.append(threading.get_ident()))
    guest.exec("note()").unwrap()
    assert seen == [threading.get_ident()]


def test_a_function_of_the_host_cannot_call_its_guest(guest: Guest) -> None:
    guest.register("again", lambda: guest.exec("1"))
    assert "RuntimeError" in str(guest.exec("again()").error)
    assert guest.exec("1").value == 1


def test_what_is_no_exception_passes_through(guest: Guest) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    guest.register("stop", stop)
    with pytest.raises(KeyboardInterrupt):
        guest.exec("stop()")
    assert not guest.is_usable
    with pytest.raises(GuestLost, match="restart"):
        guest.exec("1")
    guest.restart()
    assert guest.exec("1").value == 1


def test_files(guest: Guest, kind: str) -> None:
    code = {
        "python": "open('out.txt', 'w').write(open('in.txt').read().replace('4', '6'))",
        "javascript": "files.write('out.txt', files.read('in.txt').replace('4', '6'))",
    }
    guest.exec(code[kind]).unwrap()
    assert guest.files.read("out.txt") == b"6 5"
    error = guest.exec({"python": "open('no')", "javascript": "files.read('no')"}[kind]).error
    assert isinstance(error, GuestError)
    shared = wasmz.MemoryFileSystem({"a": b"1"})
    with make(kind, files=shared) as other:
        assert other.exec({"python": "open('/a').read()", "javascript": "files.read('/a')"}[kind]).value == "1"
        assert other.files is shared


def test_python_files() -> None:
    with make("python", files={"a.txt": "one\ntwo\n", "d/b.txt": "é"}) as guest:
        assert guest.exec("[line for line in open('a.txt')]").value == ["one\n", "two\n"]
        assert guest.exec("with open('/d/b.txt') as f: x = f.read()\nx").value == "é"
        assert guest.exec("files.list()").value == ["a.txt", "d/", "d/b.txt"]
        assert guest.exec("f = open('c', 'w'); f.write('x'); f.write('y')").value == 1
        assert guest.files.read("c") == b"xy"
        guest.exec("with open('c', 'a') as f: f.write('z')").unwrap()
        assert guest.exec("files.write('e', files.read('c') + '!'); open('e', 'rb').read().decode()").value == "xyz!"
        for code in ("open('none')", "open('a.txt').write('x')", "open('a.txt', 'x')", "open('a.txt/b', 'w')"):
            error = guest.exec(code).error
            assert isinstance(error, GuestError) and error.type == "OSError", code
        assert guest.files.read("a.txt") == b"one\ntwo\n"


def test_javascript_guests_have_other_random_numbers_and_do_their_jobs() -> None:
    with make("javascript") as guest, make("javascript") as other:
        code = "[Math.random(), Math.random()]"
        one, two = guest.exec(code).value, other.exec(code).value
        assert len({*one, *two}) == 4 and all(0 <= number < 1 for number in (*one, *two))
        assert guest.exec("let seen = 0; Promise.resolve(4).then(n => { seen = n }); 1").value == 1
        assert guest.exec("seen").value == 4
        assert guest.exec("2n ** 70n").value == str(2**70)


def test_the_time_is_limited(kind: str) -> None:
    with make(kind, timeout=0.3) as guest:
        result = guest.exec(LOOP[kind])
        assert result.timed_out and not result and result.seconds >= 0.3
        assert guest.is_usable == result.is_usable == (kind == "javascript")
        guest.restart()
        assert guest.exec("1", timeout=None).value == 1
        assert guest.exec(LOOP[kind], timeout=0.2).timed_out
        # Time between calls does not count.
        guest.restart()
        time.sleep(0.4)
        assert guest.exec("1").value == 1


def test_fuel_is_limited_and_counted(kind: str) -> None:
    with make(kind, fuel=300_000) as guest:
        first, second = guest.exec("1"), guest.exec("1")
        assert first.fuel is not None and second.fuel is not None and 0 < second.fuel < 300_000
        result = guest.exec(LOOP[kind])
        assert isinstance(result.error, wasmz.OutOfFuel) and not result.is_usable and result.fuel == 300_000
        guest.restart()
        assert guest.exec("2", fuel=200_000).value == 2
    with make(kind) as guest, pytest.raises(ValueError, match="fuel"):
        guest.exec("1", fuel=5)


def test_memory_is_limited(kind: str) -> None:
    with make(kind, memory="8MB", timeout=60) as guest:
        error = guest.exec(
            {
                "python": "l = []\nwhile True: l.append(bytearray(50000))",
                "javascript": "l = []; while (1) l.push(new ArrayBuffer(500000))",
            }[kind]
        ).error
        assert isinstance(error, GuestError) and "memory" in str(error)
        assert guest.exec({"python": "l = None\n4", "javascript": "l = null; 4"}[kind]).value == 4
    for wrong in ("1 apple", -1, "100"):
        with pytest.raises(ValueError):
            make(kind, memory=wrong)
    with pytest.raises(TypeError):
        make(kind, memory=None)


def test_output_is_limited(kind: str) -> None:
    with make(kind, output=1_000) as guest:
        for size, code in ((5000, "print({})"), (5000, "{}"), (999, "print({})")):
            text = {"python": f"'x' * {size}", "javascript": f"'x'.repeat({size})"}[kind]
            result = guest.exec(code.format(text))
            assert isinstance(result.error, OutputLimit) == (size > 1_000), code
            assert len(result.stdout) <= 1_000 and result.is_usable
        assert guest.exec("1").value == 1


def test_async(kind: str) -> None:
    async def double(n: int) -> int:
        await asyncio.sleep(0.05)
        return 2 * n

    async def main() -> None:
        guests = [make(kind, functions={"double": double, "plain": lambda n: n + 1}) for _ in range(6)]
        calls = [guest.exec_async(f"plain(double({number}))") for number, guest in enumerate(guests)]
        assert [result.value for result in await asyncio.gather(*calls)] == [1, 3, 5, 7, 9, 11]
        one = guests[0]
        assert (await one.call_async("double", 4)).value == 8
        assert "exec_async" in str(one.exec("double(1)").error)
        assert (await one.exec_async(LOOP[kind], timeout=0.2)).timed_out
        two = guests[1]
        task = asyncio.create_task(two.exec_async(LOOP[kind]))
        await asyncio.sleep(0.1)
        with pytest.raises(RuntimeError, match="middle of a call"):
            two.exec("1")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not two.is_usable
        for guest in guests:
            guest.close()

    before = threading.active_count()
    asyncio.run(main())
    # One thread may keep deadlines.
    assert threading.active_count() <= before + 1


def test_threads_take_turns(guest: Guest) -> None:
    results: list[Any] = []
    threads = [threading.Thread(target=lambda n=n: results.append(guest.exec(f"{n} * 2").value)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 2, 4, 6, 8, 10, 12, 14]


def test_nothing_stays_of_a_guest(kind: str) -> None:
    before = threading.active_count()
    guest = make(kind, timeout=None)
    guest.exec("1").unwrap()
    del guest
    gc.collect()
    end = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() == before
    with make(kind) as closed:
        pass
    assert not closed.is_usable and "lost" in repr(closed)
    with pytest.raises(GuestLost):
        closed.exec("1")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork(kind: str) -> None:
    with make(kind, timeout=None) as guest:
        guest.exec("x = 1" if kind == "python" else "var x = 1")
        child = os.fork()
        if not child:
            ok = False
            try:
                ok = guest.exec("x").value == 1
            finally:
                os._exit(0 if ok else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert guest.exec("x").value == 1


def test_pool(kind: str) -> None:
    make(kind).close()
    with Pool(KINDS[kind], size=2, timeout=20, files={"a": "1"}) as pool:
        assert pool.exec("x = 1" if kind == "python" else "var x = 1").error is None
        assert pool.exec("x").error is not None
        with pool.guest() as one, pool.guest() as two:
            one.files.write("a", "2")
            assert two.files.read("a") == b"1"
            # There is no third place.
            with pytest.raises(TimeoutError):
                asyncio.run(asyncio.wait_for(pool.exec_async("1"), 0.2))
            assert "2 of 2" in repr(pool)
        assert "0 of 2" in repr(pool)

        async def many() -> list[Any]:
            results = await asyncio.gather(*(pool.exec_async(f"{n} + 1") for n in range(8)))
            return [result.value for result in results]

        assert asyncio.run(many()) == list(range(1, 9))
        values: list[Any] = []
        threads = [threading.Thread(target=lambda: values.append(pool.exec("6 * 7").value)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert values == [42] * 5
    with pytest.raises(ValueError, match="closed"):
        pool.exec("1")
    with pytest.raises(TypeError):
        Pool(dict)  # type: ignore[type-var]


def test_a_missing_package_is_named() -> None:
    script = """
import sys
import importlib.util
importlib.util.find_spec = lambda name, *_: None
import wasmz
for kind in (wasmz.guests.MicroPython, wasmz.guests.QuickJS):
    try:
        kind()
    except ImportError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "the guest micropython is in the package pwasm: pip install wasmz[micropython]",
        "the guest quickjs is in the package pwasm: pip install wasmz[quickjs]",
    ]


def test_wasmz_itself_does_not_load_guests() -> None:
    script = "import sys, wasmz; print([name for name in sys.modules if 'guests' in name or name == 'asyncio'])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == "[]"


def test_copies_of_a_ready_interpreter_have_all_its_state(kind: str) -> None:
    """What a copy of the memory does not bring: globals of the module that change. There is one, the stack's pointer,
    which is where it was before when no function runs."""

    make(kind).close()
    text = print_module(_read({"python": "micropython", "javascript": "quickjs"}[kind]))
    mutable = [line for line in text.splitlines() if line.lstrip().startswith("(global") and "(mut" in line]
    assert len(mutable) == 1, mutable
