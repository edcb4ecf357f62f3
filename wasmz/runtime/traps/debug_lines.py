"""Source lines of instructions, from the DWARF sections that compilers leave in modules built with ``-g``.

    LineTable({".debug_line": content}).find(0x2c)   ->  ("src/main.c", 7)

Addresses count from the beginning of the code section's content ("DWARF for WebAssembly"). Versions 2 to 5 of DWARF are
read. A damaged unit is ignored from the damage on: debugging information never makes a module fail.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    # Of contiguous code: its first address, and where its rows begin and end.
    _Sequences = list[tuple[int, int, int]]

# Standard opcodes of line programs (DWARF 5, section 6.2.5.2), and extended ones (6.2.5.3).
_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE, _CONST_ADD_PC, _FIXED_ADVANCE_PC = 1, 2, 3, 4, 8, 9
_END_SEQUENCE, _SET_ADDRESS = 1, 2
# Content types of the tables of directories and files (6.2.4.1), and their forms (7.5.6).
_PATH, _DIRECTORY = 1, 2
_STRING, _STRP, _LINE_STRP, _UDATA, _BLOCK, _DATA16 = 0x08, 0x0E, 0x1F, 0x0F, 0x09, 0x1E
_FIXED = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8}
# The most text that names of files may have in total: with references, a few bytes can stand for any amount.
_MOST_TEXT = 10_000_000
# The addresses that linkers write for code that they left out.
_TOMBSTONES = (0, 0xFFFF_FFFF, 0xFFFF_FFFE)


class _Damaged(Exception):
    """The rest of a unit cannot be read."""


class _Bytes:
    """A position in a section that moves forward, up to ``end``."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, pos: int, end: int) -> None:
        if end > len(data):
            raise _Damaged
        self.data = data
        self.pos = pos
        self.end = end

    def number(self, size: int, signed: bool = False) -> int:
        start = self.pos
        self.skip(size)
        return int.from_bytes(self.data[start : self.pos], "little", signed=signed)

    def skip(self, size: int) -> None:
        self.pos += size
        if self.pos > self.end:
            raise _Damaged

    def leb(self, signed: bool = False) -> int:
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value - (1 << shift) if signed and byte & 0x40 else value
            if shift > 63:
                raise _Damaged

    def string(self) -> str:
        end = self.data.find(b"\0", self.pos, self.end)
        if end < 0:
            raise _Damaged
        text = self.data[self.pos : end].decode(errors="replace")
        self.pos = end + 1
        return text


class LineTable:
    """Maps instructions to places in the sources."""

    def __init__(self, sections: Mapping[str, bytes]) -> None:
        """Reads ``.debug_line``, and the parts of ``.debug_line_str`` and ``.debug_str`` that it refers to."""
        self._sections = sections
        self._files: list[str] = []
        self._text = 0
        # A row applies from its address up to the next row's; file 0 means none. Rows of a sequence are in ascending
        # order.
        self._addresses = array("Q")
        self._rows = array("Q")
        starts: _Sequences = []
        data = sections.get(".debug_line", b"")
        pos = 0
        while pos + 4 <= len(data):
            pos = self._read_unit(data, pos, starts)
        self._sequences = sorted(starts)
        self._firsts = [first for first, _, _ in self._sequences]

    def find(self, address: int) -> tuple[str, int] | None:
        """The file and line of the instruction at an address, if they are known."""
        at = bisect_right(self._firsts, address) - 1
        if at < 0:
            return None
        _, start, stop = self._sequences[at]
        row = bisect_right(self._addresses, address, start, stop) - 1
        # The last row only marks the end of the sequence.
        if not start <= row < stop - 1:
            return None
        file, line = divmod(self._rows[row], 1 << 32)
        return (self._files[file - 1], line) if file and line else None

    def _read_unit(self, data: bytes, pos: int, starts: _Sequences) -> int:
        """Reads one unit; returns the position of the next."""
        wide = data[pos : pos + 4] == b"\xff\xff\xff\xff"
        begin = pos + 12 if wide else pos + 4
        size = int.from_bytes(data[pos + 4 : begin] if wide else data[pos:begin], "little")
        end = begin + size
        try:
            unit = _Unit(_Bytes(data, begin, end), 8 if wide else 4, self._sections, _MOST_TEXT - self._text)
            self._text += unit.text
            unit.read(self._files, self._addresses, self._rows, starts)
        except (_Damaged, OverflowError):
            # Rows of a sequence without an end are never found.
            pass
        return max(end, begin)


class _Unit:
    """The line program of one compilation unit (DWARF 5, section 6.2.4)."""

    def __init__(self, source: _Bytes, offset_size: int, sections: Mapping[str, bytes], room: int) -> None:
        self.source = source
        self.room = room
        self.text = 0
        self.offset_size = offset_size
        self.sections = sections
        self.version = version = source.number(2)
        if not 2 <= version <= 5:
            raise _Damaged
        if version == 5:
            source.skip(2)
        length = source.number(offset_size)
        self.program = source.pos + length
        self.step = source.number(1)
        if version >= 4:
            source.skip(1)
        source.skip(1)
        self.line_base = source.number(1, signed=True)
        self.line_range = source.number(1)
        self.opcode_base = source.number(1)
        if not self.line_range or not self.opcode_base:
            raise _Damaged
        self.operands = [0, *(source.number(1) for _ in range(self.opcode_base - 1))]
        self.files = self._read_entries() if version == 5 else self._read_old_entries()

    def read(self, files: list[str], addresses: array[int], rows: array[int], starts: _Sequences) -> None:
        """Runs the program, which appends a row for each place in the sources."""
        source = self.source
        source.pos = self.program
        shift = len(files)
        files += self.files
        # Before version 5, files count from 1.
        base = shift + (1 if self.version == 5 else 0)
        first = len(addresses)
        address, file, line = 0, 1, 1
        while source.pos < source.end:
            opcode = source.number(1)
            is_row = is_end = False
            if opcode >= self.opcode_base:
                advance, more = divmod(opcode - self.opcode_base, self.line_range)
                address += advance * self.step
                line += self.line_base + more
                is_row = True
            elif opcode == 0:
                size = source.leb()
                stop = source.pos + size
                kind = source.number(1)
                if kind == _SET_ADDRESS:
                    address = source.number(min(size - 1, 8))
                is_row = is_end = kind == _END_SEQUENCE
                if not source.pos <= stop <= source.end:
                    raise _Damaged
                source.pos = stop
            elif opcode == _COPY:
                is_row = True
            elif opcode == _ADVANCE_PC:
                address += source.leb() * self.step
            elif opcode == _ADVANCE_LINE:
                line += source.leb(signed=True)
            elif opcode == _SET_FILE:
                file = source.leb()
            elif opcode == _CONST_ADD_PC:
                address += (255 - self.opcode_base) // self.line_range * self.step
            elif opcode == _FIXED_ADVANCE_PC:
                address += source.number(2)
            else:
                for _ in range(self.operands[opcode]):
                    source.leb()
            if is_row:
                known = base + file if shift < base + file <= len(files) else 0
                addresses.append(address)
                rows.append(known << 32 | (line if 0 < line < 1 << 32 else 0))
            if is_end:
                if addresses[first] not in _TOMBSTONES:
                    starts.append((addresses[first], first, len(addresses)))
                first = len(addresses)
                address, file, line = 0, 1, 1

    def _read_old_entries(self) -> list[str]:
        """The directories and files of versions 2 to 4; directory 0 is the one that the compiler ran in."""
        source = self.source
        directories = [""]
        while directory := source.string():
            directories.append(directory)
        files = []
        while name := source.string():
            number = source.leb()
            source.leb()
            source.leb()
            files.append(self._path(directories[number] if number < len(directories) else "", name))
        return files

    def _read_entries(self) -> list[str]:
        """The directories and files of version 5, whose tables describe the form of their entries."""
        directories = [path for path, _ in self._read_table()]
        compiled_in = directories[0] if directories else ""
        files = []
        for name, number in self._read_table():
            directory = directories[number] if 0 < number < len(directories) else ""
            # As in older versions, paths below the directory that the compiler ran in are relative to it.
            files.append(self._path(directory.removeprefix(f"{compiled_in}/"), name))
        return files

    def _path(self, directory: str, name: str) -> str:
        path = name if not directory or name.startswith("/") else f"{directory}/{name}"
        self._count(path)
        return path

    def _count(self, text: str) -> str:
        self.text += len(text)
        if self.text > self.room:
            raise _Damaged
        return text

    def _read_table(self) -> list[tuple[str, int]]:
        source = self.source
        format = [(source.leb(), source.leb()) for _ in range(source.number(1))]
        entries = []
        # An entry takes at least a byte; otherwise a table could be endless.
        for _ in range(source.leb() if format else 0):
            start = source.pos
            fields = {kind: self._read_form(form) for kind, form in format}
            path, number = fields.get(_PATH), fields.get(_DIRECTORY, 0)
            entries.append((path if isinstance(path, str) else "", number if isinstance(number, int) else 0))
            if source.pos == start:
                raise _Damaged
        return entries

    def _read_form(self, form: int) -> int | str | None:
        source = self.source
        if form == _STRING:
            return source.string()
        if form in (_STRP, _LINE_STRP):
            section = self.sections.get(".debug_str" if form == _STRP else ".debug_line_str", b"")
            at = source.number(self.offset_size)
            return self._count(_Bytes(section, at, len(section)).string()) if at < len(section) else ""
        if form == _UDATA:
            return source.leb()
        if form in _FIXED:
            return source.number(_FIXED[form])
        if form in (_BLOCK, _DATA16):
            source.skip(16 if form == _DATA16 else source.leb())
            return None
        raise _Damaged
