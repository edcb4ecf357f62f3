"""Names that emscripten's JavaScript has for a module's imports and exports: read from it, and nothing of it is run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import wasmz
from wasmz.runtime.emscripten.names import read_names
from wasmz.text import assemble

MODULE = """(module
  (import "a" "a" (func (param i32 i32 i32 i32) (result i32)))
  (import "a" "b" (func (param i32 i64 i32 i32) (result i32)))
  (import "a" "c" (func $time (result f64)))
  (import "a" "d" (func (param i32)))
  (import "a" "e" (func (param i32 i32 i32 i32) (result i32)))
  (memory (export "f") 1)
  (global $made (mut i32) (i32.const 0))
  (func (export "g") (global.set $made (i32.const 7)))
  (func (export "h") (result i32) (global.get $made))
  (func (export "i") (result f64) (call $time)))"""


def names_of(text: str) -> tuple[dict[str, str], dict[str, str], str | None]:
    names = read_names(text, wasmz.Module.compile(assemble(MODULE)))
    assert all(module == "a" for module, _ in names.imports)
    return {name: found for (_, name), found in names.imports.items()}, names.exports, names.constructors


def test_names_that_are_there() -> None:
    text = """var x = {q: 1, "b": 2}; var wasmImports = {
        /** @export */ a: ___syscall_openat, /** @export */ b: _fd_seek, "c": _emscripten_date_now,
        'd': _proc_exit, e: _fd_write };
      var ___wasm_call_ctors = Module["___wasm_call_ctors"] = wasmExports["g"];
      var _made = Module['_x'] = () => (_made = Module["_made"] = wasmExports["h"])();"""
    imports, exports, constructors = names_of(text)
    assert imports == {
        "a": "__syscall_openat",
        "b": "fd_seek",
        "c": "emscripten_date_now",
        "d": "proc_exit",
        "e": "fd_write",
    }
    assert exports == {"__wasm_call_ctors": "g", "made": "h"} and constructors is None


MINIFIED = """function T(a){var b=/[{"'`]/.exec(a)?`}${{a:1}.a}`:'{'; return b}
  var W={a:function(k,l,m,n){Q=n;try{l=l?B(x,l):"";l=G(k,l);var e=n?J():0;return oa(l,m,e).fd}catch(h)
  {if("ErrnoError"!==h.name)throw h;return-h.Pa}},
  c:()=>Date.now(),b:Y,e:function(a,b,c,d){try{var t=S(a);F[d>>2]=z(t,b,c);return 0}catch(h){return h.Pa}},d:P};
  var P=a=>{R=a;throw new X(a)},Y=function(a,b,c,d){try{M(T(a),b,c);return 0}catch(h){return h.Pa}};
  Z=E.exports;Z.g();f._made=()=>(f._made=Z.h)();f._now=Z.i;"""


def test_constructors_that_are_called_later() -> None:
    """Older JavaScript gives them to a function that collects what is to be called first."""
    for text in ("O.unshift(E.asm.g)", 'k(E["g"])', "k(E.g)"):
        assert names_of(MINIFIED.replace("Z.g()", text))[2] == "g"


def test_names_that_are_gone() -> None:
    imports, exports, constructors = names_of(MINIFIED)
    # Of `e` only the type and its place after `fd_seek` tell.
    assert imports == {
        "a": "__syscall_openat",
        "b": "fd_seek",
        "c": "emscripten_date_now",
        "d": "proc_exit",
        "e": "fd_write",
    }
    assert exports == {"made": "h", "now": "i"} and constructors == "g"
    # Without that place, it reads or writes.
    imports, _, _ = names_of(MINIFIED.replace("b:Y", "b:_other"))
    assert imports.keys() == {"a", "c", "d"}


def test_the_instance_has_the_names(tmp_path: Path) -> None:
    glue = tmp_path / "glue.js"
    glue.write_text(MINIFIED)
    instance = wasmz.instantiate(assemble(MODULE), glue=glue, wasi=True)
    # Constructors have been called.
    assert instance.exports.made() == instance.exports.h() == 7
    assert abs(instance.exports.now() - time.time() * 1e3) < 1e7
    assert {"made", "now", "h"} <= set(instance.exports)
    with pytest.raises(wasmz.LinkError, match=r"glue="):
        wasmz.instantiate(assemble(MODULE), wasi=True)
    with pytest.raises(wasmz.LinkError, match=r"a\.e"):
        glue.write_text(MINIFIED.replace("b:Y", "b:_other"))
        wasmz.instantiate(assemble(MODULE), glue=glue, wasi=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "{a:1,b:2,c:3}",
        "var x={a:f(",
        "{a:`${",
        "not JavaScript \x00 \ud800".encode("utf-8", "replace").decode(),
    ],
)
def test_files_that_are_not_the_module_s(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        names_of(text)
    (tmp_path / "x.js").write_text(text)
    with pytest.raises(ValueError):
        wasmz.instantiate(assemble(MODULE), glue=tmp_path / "x.js")
    with pytest.raises(OSError):
        wasmz.instantiate(assemble(MODULE), glue=tmp_path / "none.js")


@pytest.mark.parametrize(
    "text",
    [
        "{a:" * 20_000,
        "{a:[" * 20_000,
        "{a:/* " + "x" * 200_000,
        "`${" * 50_000,
        "{a:" + "(" * 100_000,
        '{a:"' * 30_000,
        "{a:1," * 50_000,
        "{a:/[" * 30_000,
        " " * 300_000,
        "/*" * 200_000,
        "_" * 300_000,
        "_a=" * 100_000,
    ],
    ids=range(12),
)
def test_hostile_files_end_soon(text: str) -> None:
    begin = time.process_time()
    with pytest.raises(ValueError):
        names_of(text)
    assert time.process_time() - begin < 60


def test_nothing_of_the_file_is_run() -> None:
    """The reader has no function that runs text."""
    import wasmz.runtime.emscripten.names as reader

    source = Path(reader.__file__).read_text(encoding="utf-8")
    for word in ("eval(", "exec(", "__import__", "subprocess", "import_module"):
        assert word not in source.replace(".exec(", "")
