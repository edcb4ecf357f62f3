"""Packages of npm that emscripten built, each used for its job, with results that are known from elsewhere.

The modules are fetched by ``python -m benchmarks.build``, by SHA-256.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import wasmz
from benchmarks.fetch import folder_of
from tests.support.built import built

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="they are too large for the interpreter here")


def path_of(source: str, name: str) -> Path:
    return built(folder_of(source) / name, source)


def test_sqlite(tmp_path: Path) -> None:
    """Imports and exports have lost their names; the file it writes is read by CPython's SQLite, and the reverse."""
    sqlite3 = pytest.importorskip("sqlite3")
    module = path_of("sqljs", "sql-wasm.wasm")
    files = wasmz.MemoryFileSystem()
    instance = wasmz.instantiate(module, wasi=wasmz.WasiConfig().preopen_dir(files, "/"))
    sql, memory = instance.exports, instance.first_memory

    def text(content: str) -> int:
        address: int = sql.malloc(len(content.encode()) + 1)
        memory.write(address, content.encode() + b"\0")
        return address

    def query(database: int, sentence: str) -> list[list[str]]:
        place = sql.malloc(4)
        assert sql.sqlite3_prepare_v2(database, text(sentence), -1, place, 0) == 0
        statement, rows = memory.read_value(place, "I"), []
        while sql.sqlite3_step(statement) == 100:
            columns = [sql.sqlite3_column_text(statement, n) for n in range(sql.sqlite3_column_count(statement))]
            rows.append([memory.read(column, 100).split(b"\0")[0].decode() for column in columns])
        assert sql.sqlite3_finalize(statement) == 0
        return rows

    place = sql.malloc(4)
    assert sql.sqlite3_open(text("/data.db"), place) == 0
    database = memory.read_value(place, "I")
    script = "create table t(a, b); insert into t values (1, 'one'), (2, 'zwei é')"
    assert sql.sqlite3_exec(database, text(script), 0, 0, 0) == 0
    assert query(database, "select sum(a), group_concat(b) from t") == [["3", "one,zwei é"]]
    assert query(database, "select datetime(86400, 'unixepoch', 'localtime')") == [["1970-01-02 00:00:00"]]
    assert sql.sqlite3_close_v2(database) == 0
    (tmp_path / "data.db").write_bytes(files.read("data.db"))
    with sqlite3.connect(tmp_path / "data.db") as ours:
        assert ours.execute("select * from t").fetchall() == [(1, "one"), (2, "zwei é")]
        ours.execute("insert into t values (3, 'three')")
        ours.commit()
    ours.close()
    files.write("data.db", (tmp_path / "data.db").read_bytes())
    assert sql.sqlite3_open(text("data.db"), place) == 0
    assert query(memory.read_value(place, "I"), "select count(*) from t") == [["3"]]


def test_jq() -> None:
    module = wasmz.Module.compile(path_of("jq", "jq.wasm"))

    def jq(program: str, data: bytes = b"null", *options: str) -> Any:
        result = wasmz.run(module, ["-c", *options, program], stdin=data, timeout=120, text=True, check=True)
        return result.stdout.strip()

    assert jq("[.[] | .a] | add", b'[{"a": 1}, {"a": 41}]') == "42"
    assert jq('"2015-03-05T23:51:47Z" | strptime("%Y-%m-%dT%H:%M:%SZ") | mktime') == "1425599507"
    assert jq('0 | strftime("%A %d %B %Y")') == '"Thursday 01 January 1970"'
    assert jq('[match("a+"; "g").length]', b'"aabaaa"') == "[2,3]"
    failed = wasmz.run(module, ["error"], stdin=b'"reason"', timeout=120, text=True)
    assert failed.returncode == 5 and "reason" in failed.stderr


def test_seven_zip() -> None:
    """What it packs, CPython's lzma reads."""
    lzma = pytest.importorskip("lzma")
    module = wasmz.Module.compile(path_of("sevenzip", "7zz.wasm"))
    content = "".join(f"line {number}\n" for number in range(2_000))
    files = wasmz.MemoryFileSystem({"d/in.txt": content, "d/e/other.txt": "x"})

    def run(*args: str) -> Any:
        return wasmz.run(module, args, dirs={"/": files}, timeout=300, text=True, check=True)

    assert "Everything is Ok" in run("a", "/out.7z", "/d").stdout
    listed = run("l", "/out.7z").stdout
    assert "d/in.txt" in listed and "2 files" in listed and "2 folders" in listed
    run("a", "-txz", "/out.xz", "/d/in.txt")
    assert lzma.decompress(files.read("out.xz")).decode() == content
    run("x", "/out.7z", "-o/new")
    assert files.read("new/d/in.txt").decode() == content and files.read("new/d/e/other.txt") == b"x"


def test_lua() -> None:
    out = bytearray()
    files = wasmz.MemoryFileSystem({"mine.lua": "return {answer = function() return 42 end}"})
    config = wasmz.WasiConfig(stdout=out).preopen_dir(files, "/")
    instance = wasmz.instantiate(path_of("lua", "glue.wasm"), wasi=config)
    lua, memory = instance.exports, instance.first_memory
    lua["__wasm_call_ctors"]()
    state = lua.luaL_newstate()
    lua.luaL_openlibs(state)
    code = (
        b"print(require('mine').answer(), os.date('!%Y', 0)) io.open('new', 'w'):write('text'):close() return 6 * 7\0"
    )
    address = lua.malloc(len(code))
    memory.write(address, code)
    assert lua.luaL_loadstring(state, address) == 0 and lua.lua_pcallk(state, 0, 1, 0, 0, 0) == 0
    assert lua.lua_tonumberx(state, -1, 0) == 42.0
    assert bytes(out) == b"42\t1970\n" and files.read("new") == b"text"
