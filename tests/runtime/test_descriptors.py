"""Custom descriptors from Python: objects that belong to structures, exact references and imports; images of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz import RefType, StructRef, Trap, TrapCode, ValType
from wasmz.config import OPT_LEVELS

_MODULE = """
(module
  (rec
    (type $point (sub (descriptor $meta) (struct (field $x (mut i32)))))
    (type $meta (sub (describes $point) (struct (field $id i32)))))
  (rec
    (type $pixel (sub $point (descriptor $pixel_meta) (struct (field $x (mut i32)) (field $y i64))))
    (type $pixel_meta (sub $meta (describes $pixel) (struct (field $id i32) (field $descriptor (ref null $meta))))))
  (global $meta (export "meta") (ref (exact $meta)) (struct.new $meta (i32.const 7)))
  (global $other (ref (exact $meta)) (struct.new $meta (i32.const 8)))
  (global $made (export "made") (ref $point) (struct.new_default_desc $point (global.get $meta)))
  (func (export "new") (param i32) (result (ref $point))
    (struct.new_desc $point (local.get 0) (global.get $meta)))
  (func (export "new_pixel") (param i32 i64) (result (ref $point))
    (struct.new_desc $pixel (local.get 0) (local.get 1) (struct.new $pixel_meta (i32.const 9) (global.get $meta))))
  (func (export "id") (param (ref null $point)) (result i32)
    (struct.get $meta $id (ref.get_desc $point (local.get 0))))
  (func (export "x") (param anyref) (result i32)
    (struct.get $point $x (ref.cast_desc_eq (ref $point) (local.get 0) (global.get $meta))))
  (func (export "has_other") (param anyref) (result i32)
    (drop (block $yes (result (ref null $point))
      (drop (br_on_cast_desc_eq $yes anyref (ref null $point) (local.get 0) (global.get $other)))
      (return (i32.const 0))))
    (i32.const 1))
  (func (export "no_descriptor") (result anyref)
    (struct.new_desc $point (i32.const 1) (ref.null none)))
  (func (export "exact") (param (ref null (exact $point))) (result i32)
    (ref.is_null (local.get 0)))
  (func (export "is_exact") (param anyref) (result i32)
    (ref.test (ref (exact $point)) (local.get 0))))
"""


def _exports(level: int, folder: Path | None = None) -> Any:
    config = wasmz.Config(opt_level=level, verify=folder is None, use_cache=folder is not None, compile_mode="eager")
    engine = wasmz.Engine(config)
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(_MODULE))).exports


@pytest.mark.parametrize("level", OPT_LEVELS)
def test_descriptors(level: int) -> None:
    exports = _exports(level)
    point, pixel = exports.new(5), exports.new_pixel(6, 1 << 40)
    assert exports.id(point) == 7 and exports.id(pixel) == 9 and exports.id(exports.made.value) == 7
    assert exports.x(point) == 5
    assert point.descriptor is exports.meta.value
    assert pixel.descriptor["id"] == 9 and pixel.descriptor[1] is exports.meta.value
    assert (exports.has_other(point), exports.has_other(None), exports.has_other(pixel)) == (0, 1, 0)
    assert (exports.is_exact(point), exports.is_exact(pixel), exports.is_exact(None)) == (1, 0, 0)
    for call, code, message in (
        (lambda: exports.x(pixel), TrapCode.CAST_FAILURE, "descriptor cast failure"),
        (lambda: exports.x(None), TrapCode.CAST_FAILURE, "descriptor cast failure"),
        (lambda: exports.x(12), TrapCode.CAST_FAILURE, "descriptor cast failure"),
        (lambda: exports.x(object()), TrapCode.CAST_FAILURE, "descriptor cast failure"),
        # A field called so does not replace the descriptor.
        (lambda: exports.x(exports.new_pixel(1, 2).descriptor), TrapCode.CAST_FAILURE, "descriptor cast failure"),
        (lambda: exports.id(None), TrapCode.NULL_REFERENCE, "null reference"),
        (exports.no_descriptor, TrapCode.NULL_REFERENCE, "null descriptor reference"),
    ):
        with pytest.raises(Trap, match=message) as caught:
            call()
        assert caught.value.code is code


def test_exact_references_at_the_border() -> None:
    exports = _exports(2)
    point, pixel = exports.new(5), exports.new_pixel(6, 7)
    assert exports.exact(None) == 1 and exports.exact(point) == 0
    with pytest.raises(TypeError, match="exact"):
        exports.exact(pixel)
    exact = RefType(point.type, nullable=False, exact=True)
    assert exact is RefType(point.type, nullable=False, exact=True) is not RefType(point.type, nullable=False)
    assert exact.name == "(ref (exact defined struct))"
    with pytest.raises(TypeError, match="descriptor"):
        StructRef.new(point.type, 5)


def test_compiled_modules_keep_descriptors(cache_dir: Path) -> None:
    for _ in range(2):
        exports = _exports(2, cache_dir)
        assert exports.id(exports.new(5)) == 7
        with pytest.raises(TypeError, match="exact"):
            exports.exact(exports.new_pixel(6, 7))
    assert any(path.is_file() for path in cache_dir.rglob("*"))


def test_exact_imports() -> None:
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    store = wasmz.Store(engine)
    given = assemble("""(module (type $super (sub (func (result i32)))) (type $sub (sub $super (func (result i32))))
      (func (export "f") (type $sub) (i32.const 4)) (func (export "g") (type $super) (i32.const 5)))""")
    wanted = """(module (type $super (sub (func (result i32)))) (type $sub (sub $super (func (result i32))))
      (import "a" "%s" (func $f %s)) (func (export "call") (result i32) (call $f)))"""
    linker = wasmz.Linker(engine)
    linker.define_instance("a", wasmz.Instance(store, wasmz.Module.compile(engine, given)))
    linker.define("a", "h", wasmz.HostFunc(lambda: 6, [], [ValType.I32]))
    for name, type, result in (
        ("f", "(type $super)", 4),
        ("f", "(exact (type $sub))", 4),
        ("g", "(exact (type $super))", 5),
        ("h", "(exact (type $super))", 6),
    ):
        module = wasmz.Module.compile(engine, assemble(wanted % (name, type)))
        assert wasmz.Instance(store, module, linker).exports.call() == result
    module = wasmz.Module.compile(engine, assemble(wanted % ("f", "(exact (type $super))")))
    with pytest.raises(wasmz.LinkError):
        wasmz.Instance(store, module, linker)
