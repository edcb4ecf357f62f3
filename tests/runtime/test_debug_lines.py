"""Source lines in backtraces: those of a C program, whose lines are known, and of tables written by hand."""

from __future__ import annotations

import pickle
import time
import traceback
from pathlib import Path

import pytest

import wasmz
from tests.differential.oracle import assemble
from tests.wasm.encode import custom, signed, unsigned
from wasmz.runtime.traps.debug_lines import LineTable

PROGRAMS = Path(__file__).resolve().parent.parent / "programs"
SOURCE = (PROGRAMS / "lines.c").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("mode", ["smart", "eager"])
def test_traps_know_their_source_lines(version: int, level: int, mode: str, cache_dir: Path) -> None:
    config = wasmz.Config(opt_level=level, compile_mode=mode)
    instance = wasmz.instantiate(PROGRAMS / f"lines.dwarf{version}.wasm", engine=wasmz.Engine(config))
    trap = instance.try_call("run", 11).trap
    assert trap is not None
    assert [frame.source for frame in trap.frames] == [("lines.c", 14)]
    assert SOURCE[13].strip() == "__builtin_trap();"
    assert trap.backtrace().endswith("(lines.c:14)")
    trap = pickle.loads(pickle.dumps(instance.try_call("run", 0).trap))
    # At level 2 an inlined function is one place.
    assert trap.frames[0].source == ("lines.c", 3)
    assert "lines.c:3" in str(trap)
    # So has the traceback that Python shows.
    shown = instance.try_call("run", 0).trap
    assert shown is not None
    last = traceback.extract_tb(shown.__traceback__)[-1]
    assert (last.filename, last.lineno) == ("<lines.c>", 3)
    assert SOURCE[2].strip() == "return a /"
    assert f"at 0x{trap.frames[0].byte_offset:x} (lines.c:3)" in trap.backtrace()
    assert instance.exports.run(10) == 100 // 20 + 3 + 1


def test_precompiled_and_cached_modules_know_them(cache_dir: Path) -> None:
    for _ in range(2):
        module = wasmz.Module.compile(PROGRAMS / "lines.dwarf4.wasm")
        trap = wasmz.Instance(wasmz.Store(module.engine), module).try_call("run", 11).trap
        assert trap is not None and trap.frames[0].source == ("lines.c", 14)


def test_without_debugging_information_there_are_none() -> None:
    data = (PROGRAMS / "lines.dwarf4.wasm").read_bytes()
    trap = wasmz.instantiate(data.replace(b".debug_line", b".debug_lima")).try_call("run", 11).trap
    assert trap is not None
    assert trap.frames[0].source is None
    assert "(" not in trap.backtrace()
    # Nor is anything found in a damaged section.
    trap = wasmz.instantiate(data + custom(".debug_line", b"\xff" * 40)).try_call("run", 11).trap
    assert trap is not None and trap.frames[0].source is None


# Tables by hand

TRAPPING = '(module (func $inner unreachable) (func (export "run") (call $inner)))'

HEADER_2 = b"\x01\x01\xfb\x0e\x0d" + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])
END = b"\0\x01\x01"


def address(value: int) -> bytes:
    return b"\0\x05\x02" + value.to_bytes(4, "little")


def unit(program: bytes, directories: bytes = b"\0", files: bytes = b"a.c\0\0\0\0\0") -> bytes:
    """A unit of version 2: no directories but the one that was compiled in, and one file."""
    head = HEADER_2 + directories + files
    content = b"\x02\x00" + len(head).to_bytes(4, "little") + head + program
    return len(content).to_bytes(4, "little") + content


def claiming(file: bytes, line: int) -> wasmz.Trap:
    """A trap of a module that says that its code is from a line of a file."""
    program = address(1) + b"\x03" + signed(line - 1) + b"\x01" + b"\x02" + unsigned(100) + END
    section = unit(program, files=file + b"\0\0\0\0\0")
    trap = wasmz.instantiate(assemble(TRAPPING) + custom(".debug_line", section)).try_call("run").trap
    assert trap is not None and trap.frames[0].source == (file.decode(), line)
    return trap


def test_no_file_is_opened_that_a_module_claims(tmp_path: Path) -> None:
    """Whoever prints a traceback would show a line of it, or wait for ever, as for a pipe."""
    secret = tmp_path / "secret"
    secret.write_text("password\n")
    shown = "".join(traceback.format_exception(claiming(bytes(secret), 1)))
    assert f'File "<{secret}>", line 1, in inner' in shown
    assert "password" not in shown


@pytest.mark.parametrize("line", [(1 << 31) - 1, 1 << 31, (1 << 32) - 1])
def test_lines_that_no_file_has(line: int) -> None:
    trap = claiming(b"a.c", line)
    last = traceback.extract_tb(trap.__traceback__)[-1]
    assert (last.filename, last.lineno) == (
        ("<a.c>", line) if line < 1 << 31 else ("<wasm module>", trap.frames[0].byte_offset)
    )


def found(section: bytes, *addresses: int) -> list[tuple[str, int] | None]:
    table = LineTable({".debug_line": section})
    return [table.find(address) for address in addresses]


def test_a_program_of_rows() -> None:
    # Line 1 at 0x10, line 4 at 0x12 by a special opcode, no line at 0x20, 1000 at 0x22, until 0x30.
    program = address(0x10) + b"\x01" + bytes([13 + 14 * 2 + 3 + 5]) + b"\x02\x0e\x03" + signed(-4) + b"\x01"
    program += b"\x02\x02\x03" + signed(1000) + b"\x01" + b"\x02\x0e" + END
    got = found(unit(program), 0xF, 0x10, 0x11, 0x12, 0x1F, 0x20, 0x22, 0x2F, 0x30, 0x1000)
    assert got == [None, *[("a.c", 1)] * 2, *[("a.c", 4)] * 2, None, *[("a.c", 1000)] * 2, None, None]


def test_sequences_in_any_order_and_of_code_that_was_left_out() -> None:
    one = address(0x200) + b"\x01\x02\x10" + END
    other = address(0x100) + b"\x03\x06\x01\x02\x10" + END
    dead = address(0xFFFF_FFFF) + b"\x01\x02\x10" + END + address(0) + b"\x01\x02\x90\x10" + END
    section = unit(one + dead) + unit(other, b"dir\0/root\0\0", b"x.c\0\x01\0\0/b.c\0\x02\0\0\0")
    assert found(section, 0x204, 0x104, 5, 0x150) == [("a.c", 1), ("dir/x.c", 7), None, None]
    section = unit(b"\x04\x02" + other, b"dir\0/root\0\0", b"x.c\0\x01\0\0/b.c\0\x02\0\0c.c\0\x02\0\0\0")
    assert found(section, 0x104) == [("/b.c", 7)]
    # The number of a file that the table does not have.
    assert found(unit(b"\x04\x09" + other), 0x104) == [None]


def test_damage_anywhere_raises_nothing() -> None:
    for version in (4, 5):
        module = wasmz.Module.compile(PROGRAMS / f"lines.dwarf{version}.wasm")
        sections = dict(module.image.custom_sections)
        line = sections[".debug_line"]
        for at in range(len(line)):
            for damaged in (line[:at], line[:at] + bytes([line[at] ^ 0xFF]) + line[at + 1 :]):
                table = LineTable({**sections, ".debug_line": damaged})
                for place in range(0, 80, 5):
                    table.find(place)


def test_long_paths_and_many_units_are_bounded() -> None:
    started = time.process_time()
    text = b"x" * 1_000_000 + b"\0"
    # Version 5; each file's name is a reference, of four bytes, to a million characters.
    files = unsigned(50_000) + bytes(4 * 50_000)
    head = HEADER_2[:1] + b"\x01" + HEADER_2[1:] + b"\x01\x01\x1f" + b"\x01" + bytes(4) + b"\x01\x01\x1f" + files
    content = b"\x05\0\x04\0" + len(head).to_bytes(4, "little") + head
    section = len(content).to_bytes(4, "little") + content
    LineTable({".debug_line": section * 3 + bytes(400_000), ".debug_line_str": text})
    assert time.process_time() - started < 10


def test_names_of_exports_are_looked_up_once() -> None:
    """A thousand frames of a module with many exports, and no names."""
    count = 100_000
    exports = "".join(f'(export "e{k}" (func $f))' for k in range(count))
    wasmtime = pytest.importorskip("wasmtime")
    text = f'(module (func $f (call $g)) (func $g (call $f)) {exports} (export "last" (func $g)))'
    data = wasmtime.wat2wasm(text)
    data = data[: data.rindex(b"\x04name") - 2] if b"\x04name" in data else data
    instance = wasmz.instantiate(data)
    started = time.process_time()
    trap = instance.try_call("last").trap
    assert trap is not None and {frame.function_name for frame in trap.frames} == {"e0", "last"}
    assert time.process_time() - started < 3
