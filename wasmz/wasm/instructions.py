"""Declares every WebAssembly instruction; decoder, validator, IR builder, printer and documentation derive from it.

    INSTRUCTIONS[0x6D]
    -> an Instruction: opcode=0x6D, name='i32.div_s', immediates=Immediates.NONE, params=(i32, i32), results=(i32,),
                       proposal=Proposal.MVP, effects=Effects.TRAPS, access=None, folds=True, bounds=None

A row of the tables below is ``opcode name signature [immediates] [effects ...] [folds] [bounds]``. The opcode is
hexadecimal, counted within the group's prefix byte. The signature is ``operands:results`` with one letter for each
value (``i I f F v`` for i32 i64 f32 f64 v128, ``g`` for i31ref), or ``*`` where types depend on immediates or on the
stack. ``memarg/4`` is a memory access 4 bytes wide. Addresses and table indices are written as i32; for memories and
tables with 64-bit addresses they are i64. ``folds`` marks an instruction whose helper in ``runtime/`` the compiler may
call when all operands are constant integers. ``0..32`` are bounds of its result for any operands.
"""

from __future__ import annotations

from wasmz.startup.records import Enumeration
from wasmz.types import ValType
from wasmz.wasm.instructions_vector import ATOMIC_ROWS, RELAXED_SIMD_ROWS, SIMD_ROWS
from wasmz.wasm.proposals import Proposal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import ClassVar, Final


class Effects(int):
    """What an instruction may do besides computing results from operands: a set of flags, with one object for each.

    ``READS`` and ``WRITES`` are about the instance: memories, tables, globals, segments and heap objects, but not about
    the function's own locals.
    """

    PURE: ClassVar[Effects]
    TRAPS: ClassVar[Effects]
    READS: ClassVar[Effects]
    WRITES: ClassVar[Effects]
    CONTROL: ClassVar[Effects]
    CALLS: ClassVar[Effects]

    def __and__(self, other: int) -> Effects:
        return _EFFECTS[int(self) & int(other)]

    def __or__(self, other: int) -> Effects:
        return _EFFECTS[int(self) | int(other)]

    def __contains__(self, other: Effects) -> bool:
        return self & other is other

    def __iter__(self) -> Iterator[str]:
        """The names of its flags, in lower case, as in the tables."""
        return (name for name, bit in _EFFECT_BITS.items() if self & bit)

    def __repr__(self) -> str:
        return f"<Effects {' '.join(self) or 'pure'}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _EFFECTS.__getitem__, (int(self),)


_EFFECT_BITS: Final = {"traps": 1, "reads": 2, "writes": 4, "control": 8, "calls": 16}
_EFFECTS: Final = [Effects(bits) for bits in range(32)]
Effects.PURE = _EFFECTS[0]
Effects.TRAPS, Effects.READS, Effects.WRITES, Effects.CONTROL, Effects.CALLS = (
    _EFFECTS[bit] for bit in _EFFECT_BITS.values()
)


class Immediates(Enumeration):
    """The immediates that follow an opcode in the binary format, and their form in ``decode_body``'s result."""

    NONE = "nothing: None"
    BLOCK = "block type: FuncType"
    TRY_TABLE = "block type and catch clauses: (FuncType, ((kind, tag index or None, label), ...))"
    LABEL = "label index: int"
    BR_TABLE = "label indices: tuple of int, the default last"
    LOCAL = "local index: int"
    GLOBAL = "global index: int"
    FUNC = "function index: int"
    TYPE = "type index: int"
    TABLE = "table index: int"
    MEMORY = "memory index: int"
    TAG = "tag index: int"
    DATA = "data segment index: int"
    ELEM = "element segment index: int"
    CALL_INDIRECT = "(type index, table index)"
    MEMORY_INIT = "(data segment index, memory index)"
    MEMORY_COPY = "(destination memory index, source memory index)"
    TABLE_INIT = "(element segment index, table index)"
    TABLE_COPY = "(destination table index, source table index)"
    SELECT_TYPES = "value types: tuple of ValType"
    MEMARG = "(alignment as a power of two, offset in bytes, memory index)"
    MEMARG_LANE = "((alignment, offset, memory index), lane)"
    I32 = "the constant: unsigned int"
    I64 = "the constant, 64 bits: unsigned int"
    F32 = "the constant's 32 bits: unsigned int"
    F64 = "the constant's 64 bits: unsigned int"
    V128 = "the constant's 128 bits: unsigned int"
    LANES = "16 lane indices: bytes"
    LANE = "lane index: int"
    HEAP_TYPE = "heap type: the nullable RefType to it"
    REF_TYPE = "heap type: the non-null RefType to it"
    FIELD = "(struct type index, field index)"
    ARRAY_FIXED = "(array type index, number of items)"
    ARRAY_COPY = "(destination type index, source type index)"
    ARRAY_DATA = "(array type index, data segment index)"
    ARRAY_ELEM = "(array type index, element segment index)"
    BR_ON_CAST = "(label index, source RefType, target RefType)"
    FENCE = "a zero byte: None"


class Access:
    """A memory instruction's access: ``width`` bytes, naturally aligned at 2**``align_log2``."""

    __slots__ = ("align_log2", "width")

    def __init__(self, width: int, align_log2: int) -> None:
        self.width: int = width
        self.align_log2: int = align_log2

    def __repr__(self) -> str:
        return f"Access(width={self.width}, align_log2={self.align_log2})"


class Instruction:
    """One instruction.

    Attributes:
        opcode: the byte, or ``prefix << 16 | code`` after one of the prefix bytes 0xFB to 0xFE.
        name: unique name; the text format's, except for three forms that share one (see :attr:`mnemonic`).
        immediates: what follows the opcode.
        params: operand types, the last one on top of the stack, or ``None`` if they depend on more than the opcode.
        results: result types, likewise.
        proposal: the proposal that added it.
        effects: what it may do besides computing its results.
        access: width and natural alignment of a memory access; otherwise ``None``.
        folds: whether the compiler may evaluate it on constant integers, by the runtime's helper of its name.
        bounds: its least and largest result for any operands: as signed numbers if the least is negative, otherwise as
            unsigned ones.
    """

    __slots__ = (
        *("access", "bounds", "effects", "folds", "immediates", "name", "opcode", "params", "proposal", "results"),
    )

    def __init__(
        self,
        opcode: int,
        name: str,
        immediates: Immediates,
        params: tuple[ValType, ...] | None,
        results: tuple[ValType, ...] | None,
        proposal: Proposal,
        effects: Effects,
        access: Access | None,
        folds: bool = False,
        bounds: tuple[int, int] | None = None,
    ) -> None:
        self.opcode: int = opcode
        self.name: str = name
        self.immediates: Immediates = immediates
        self.params: tuple[ValType, ...] | None = params
        self.results: tuple[ValType, ...] | None = results
        self.proposal: Proposal = proposal
        self.effects: Effects = effects
        self.access: Access | None = access
        self.folds: bool = folds
        self.bounds: tuple[int, int] | None = bounds

    @property
    def mnemonic(self) -> str:
        """The name in the text format (specification, section 6.5)."""
        return _SHARED_MNEMONICS.get(self.name, self.name)

    def __repr__(self) -> str:
        return f"<Instruction {self.opcode:#x} {self.name}>"


_SHARED_MNEMONICS: Final = {
    "select_t": "select",
    "ref.test_null": "ref.test",
    "ref.cast_null": "ref.cast",
    "ref.cast_desc_eq_null": "ref.cast_desc_eq",
}

_MVP_ROWS = """
    00 unreachable          *           traps control
    01 nop                  :
    02 block                *   block   control
    03 loop                 *   block   control
    04 if                   *   block   control
    05 else                 *           control
    0B end                  *           control
    0C br                   *   label   control
    0D br_if                *   label   control
    0E br_table             *   br_table control
    0F return               *           control
    10 call                 *   func    traps reads writes calls
    11 call_indirect        *   call_indirect traps reads writes calls
    1A drop                 *
    1B select               *
    20 local.get            *   local
    21 local.set            *   local
    22 local.tee            *   local
    23 global.get           *   global  reads
    24 global.set           *   global  writes
    28 i32.load             i:i memarg/4 traps reads
    29 i64.load             i:I memarg/8 traps reads
    2A f32.load             i:f memarg/4 traps reads
    2B f64.load             i:F memarg/8 traps reads
    2C i32.load8_s          i:i memarg/1 traps reads -0x80..0x7F
    2D i32.load8_u          i:i memarg/1 traps reads 0..0xFF
    2E i32.load16_s         i:i memarg/2 traps reads -0x8000..0x7FFF
    2F i32.load16_u         i:i memarg/2 traps reads 0..0xFFFF
    30 i64.load8_s          i:I memarg/1 traps reads -0x80..0x7F
    31 i64.load8_u          i:I memarg/1 traps reads 0..0xFF
    32 i64.load16_s         i:I memarg/2 traps reads -0x8000..0x7FFF
    33 i64.load16_u         i:I memarg/2 traps reads 0..0xFFFF
    34 i64.load32_s         i:I memarg/4 traps reads -0x8000_0000..0x7FFF_FFFF
    35 i64.load32_u         i:I memarg/4 traps reads 0..0xFFFF_FFFF
    36 i32.store            ii: memarg/4 traps writes
    37 i64.store            iI: memarg/8 traps writes
    38 f32.store            if: memarg/4 traps writes
    39 f64.store            iF: memarg/8 traps writes
    3A i32.store8           ii: memarg/1 traps writes
    3B i32.store16          ii: memarg/2 traps writes
    3C i64.store8           iI: memarg/1 traps writes
    3D i64.store16          iI: memarg/2 traps writes
    3E i64.store32          iI: memarg/4 traps writes
    3F memory.size          :i  memory  reads
    40 memory.grow          i:i memory  reads writes
    41 i32.const            :i  i32
    42 i64.const            :I  i64
    43 f32.const            :f  f32
    44 f64.const            :F  f64
    45 i32.eqz              i:i      folds 0..1
    46 i32.eq               ii:i     folds 0..1
    47 i32.ne               ii:i     folds 0..1
    48 i32.lt_s             ii:i     folds 0..1
    49 i32.lt_u             ii:i     folds 0..1
    4A i32.gt_s             ii:i     folds 0..1
    4B i32.gt_u             ii:i     folds 0..1
    4C i32.le_s             ii:i     folds 0..1
    4D i32.le_u             ii:i     folds 0..1
    4E i32.ge_s             ii:i     folds 0..1
    4F i32.ge_u             ii:i     folds 0..1
    50 i64.eqz              I:i      folds 0..1
    51 i64.eq               II:i     folds 0..1
    52 i64.ne               II:i     folds 0..1
    53 i64.lt_s             II:i     folds 0..1
    54 i64.lt_u             II:i     folds 0..1
    55 i64.gt_s             II:i     folds 0..1
    56 i64.gt_u             II:i     folds 0..1
    57 i64.le_s             II:i     folds 0..1
    58 i64.le_u             II:i     folds 0..1
    59 i64.ge_s             II:i     folds 0..1
    5A i64.ge_u             II:i     folds 0..1
    5B f32.eq               ff:i     0..1
    5C f32.ne               ff:i     0..1
    5D f32.lt               ff:i     0..1
    5E f32.gt               ff:i     0..1
    5F f32.le               ff:i     0..1
    60 f32.ge               ff:i     0..1
    61 f64.eq               FF:i     0..1
    62 f64.ne               FF:i     0..1
    63 f64.lt               FF:i     0..1
    64 f64.gt               FF:i     0..1
    65 f64.le               FF:i     0..1
    66 f64.ge               FF:i     0..1
    67 i32.clz              i:i      folds 0..32
    68 i32.ctz              i:i      folds 0..32
    69 i32.popcnt           i:i      folds 0..32
    6A i32.add              ii:i     folds
    6B i32.sub              ii:i     folds
    6C i32.mul              ii:i     folds
    6D i32.div_s            ii:i traps folds
    6E i32.div_u            ii:i traps folds
    6F i32.rem_s            ii:i traps folds
    70 i32.rem_u            ii:i traps folds
    71 i32.and              ii:i     folds
    72 i32.or               ii:i     folds
    73 i32.xor              ii:i     folds
    74 i32.shl              ii:i     folds
    75 i32.shr_s            ii:i     folds
    76 i32.shr_u            ii:i     folds
    77 i32.rotl             ii:i     folds
    78 i32.rotr             ii:i     folds
    79 i64.clz              I:I      folds 0..64
    7A i64.ctz              I:I      folds 0..64
    7B i64.popcnt           I:I      folds 0..64
    7C i64.add              II:I     folds
    7D i64.sub              II:I     folds
    7E i64.mul              II:I     folds
    7F i64.div_s            II:I traps folds
    80 i64.div_u            II:I traps folds
    81 i64.rem_s            II:I traps folds
    82 i64.rem_u            II:I traps folds
    83 i64.and              II:I     folds
    84 i64.or               II:I     folds
    85 i64.xor              II:I     folds
    86 i64.shl              II:I     folds
    87 i64.shr_s            II:I     folds
    88 i64.shr_u            II:I     folds
    89 i64.rotl             II:I     folds
    8A i64.rotr             II:I     folds
    8B f32.abs              f:f
    8C f32.neg              f:f
    8D f32.ceil             f:f
    8E f32.floor            f:f
    8F f32.trunc            f:f
    90 f32.nearest          f:f
    91 f32.sqrt             f:f
    92 f32.add              ff:f
    93 f32.sub              ff:f
    94 f32.mul              ff:f
    95 f32.div              ff:f
    96 f32.min              ff:f
    97 f32.max              ff:f
    98 f32.copysign         ff:f
    99 f64.abs              F:F
    9A f64.neg              F:F
    9B f64.ceil             F:F
    9C f64.floor            F:F
    9D f64.trunc            F:F
    9E f64.nearest          F:F
    9F f64.sqrt             F:F
    A0 f64.add              FF:F
    A1 f64.sub              FF:F
    A2 f64.mul              FF:F
    A3 f64.div              FF:F
    A4 f64.min              FF:F
    A5 f64.max              FF:F
    A6 f64.copysign         FF:F
    A7 i32.wrap_i64         I:i      folds
    A8 i32.trunc_f32_s      f:i traps
    A9 i32.trunc_f32_u      f:i traps
    AA i32.trunc_f64_s      F:i traps
    AB i32.trunc_f64_u      F:i traps
    AC i64.extend_i32_s     i:I      folds -0x8000_0000..0x7FFF_FFFF
    AD i64.extend_i32_u     i:I      folds 0..0xFFFF_FFFF
    AE i64.trunc_f32_s      f:I traps
    AF i64.trunc_f32_u      f:I traps
    B0 i64.trunc_f64_s      F:I traps
    B1 i64.trunc_f64_u      F:I traps
    B2 f32.convert_i32_s    i:f
    B3 f32.convert_i32_u    i:f
    B4 f32.convert_i64_s    I:f
    B5 f32.convert_i64_u    I:f
    B6 f32.demote_f64       F:f
    B7 f64.convert_i32_s    i:F
    B8 f64.convert_i32_u    i:F
    B9 f64.convert_i64_s    I:F
    BA f64.convert_i64_u    I:F
    BB f64.promote_f32      f:F
    BC i32.reinterpret_f32  f:i
    BD i64.reinterpret_f64  F:I
    BE f32.reinterpret_i32  i:f
    BF f64.reinterpret_i64  I:F
"""

_SIGN_EXTENSION_ROWS = """
    C0 i32.extend8_s        i:i      folds -0x80..0x7F
    C1 i32.extend16_s       i:i      folds -0x8000..0x7FFF
    C2 i64.extend8_s        I:I      folds -0x80..0x7F
    C3 i64.extend16_s       I:I      folds -0x8000..0x7FFF
    C4 i64.extend32_s       I:I      folds -0x8000_0000..0x7FFF_FFFF
"""

_SATURATING_ROWS = """
    00 i32.trunc_sat_f32_s  f:i
    01 i32.trunc_sat_f32_u  f:i
    02 i32.trunc_sat_f64_s  F:i
    03 i32.trunc_sat_f64_u  F:i
    04 i64.trunc_sat_f32_s  f:I
    05 i64.trunc_sat_f32_u  f:I
    06 i64.trunc_sat_f64_s  F:I
    07 i64.trunc_sat_f64_u  F:I
"""

_BULK_MEMORY_ROWS = """
    08 memory.init          iii: memory_init traps reads writes
    09 data.drop            :    data        writes
    0A memory.copy          iii: memory_copy traps reads writes
    0B memory.fill          iii: memory      traps writes
    0C table.init           iii: table_init  traps reads writes
    0D elem.drop            :    elem        writes
    0E table.copy           iii: table_copy  traps reads writes
"""

_REFERENCE_ROWS = """
    1C select_t             *   select_types
    25 table.get            *   table   traps reads
    26 table.set            *   table   traps writes
    D0 ref.null             *   heap_type
    D1 ref.is_null          *        0..1
    D2 ref.func             *   func
"""

_TABLE_ROWS = """
    0F table.grow           *   table   reads writes
    10 table.size           :i  table   reads
    11 table.fill           *   table   traps writes
"""

_TAIL_CALL_ROWS = """
    12 return_call          *   func    traps reads writes control calls
    13 return_call_indirect *   call_indirect traps reads writes control calls
"""

_FUNCTION_REFERENCE_ROWS = """
    14 call_ref             *   type    traps reads writes calls
    15 return_call_ref      *   type    traps reads writes control calls
    D4 ref.as_non_null      *           traps
    D5 br_on_null           *   label   control
    D6 br_on_non_null       *   label   control
"""

_REF_EQ_ROWS = """
    D3 ref.eq               *        0..1
"""

_GC_ROWS = """
    00 struct.new           *   type
    01 struct.new_default   *   type
    02 struct.get           *   field   traps reads
    03 struct.get_s         *   field   traps reads
    04 struct.get_u         *   field   traps reads
    05 struct.set           *   field   traps writes
    06 array.new            *   type    traps
    07 array.new_default    *   type    traps
    08 array.new_fixed      *   array_fixed traps
    09 array.new_data       *   array_data traps reads
    0A array.new_elem       *   array_elem traps reads
    0B array.get            *   type    traps reads
    0C array.get_s          *   type    traps reads
    0D array.get_u          *   type    traps reads
    0E array.set            *   type    traps writes
    0F array.len            *           traps 0..0x4000_0000
    10 array.fill           *   type    traps writes
    11 array.copy           *   array_copy traps reads writes
    12 array.init_data      *   array_data traps reads writes
    13 array.init_elem      *   array_elem traps reads writes
    14 ref.test             *   ref_type 0..1
    15 ref.test_null        *   heap_type 0..1
    16 ref.cast             *   ref_type traps
    17 ref.cast_null        *   heap_type traps
    18 br_on_cast           *   br_on_cast control
    19 br_on_cast_fail      *   br_on_cast control
    1A any.convert_extern   *
    1B extern.convert_any   *
    1C ref.i31              *
    1D i31.get_s            g:i         traps
    1E i31.get_u            g:i         traps 0..0x7FFF_FFFF
"""

_DESCRIPTOR_ROWS = """
    20 struct.new_desc      *   type    traps
    21 struct.new_default_desc * type   traps
    22 ref.get_desc         *   type    traps reads
    23 ref.cast_desc_eq     *   ref_type traps
    24 ref.cast_desc_eq_null *  heap_type traps
    25 br_on_cast_desc_eq   *   br_on_cast control
    26 br_on_cast_desc_eq_fail * br_on_cast control
"""

_EXCEPTION_ROWS = """
    08 throw                *   tag     control
    0A throw_ref            *           traps control
    1F try_table            *   try_table control
"""

_LEGACY_EXCEPTION_ROWS = """
    06 try                  *   block   control
    07 catch                *   tag     control
    09 rethrow              *   label   control
    18 delegate             *   label   control
    19 catch_all            *           control
"""

_WIDE_ARITHMETIC_ROWS = """
    13 i64.add128           IIII:II
    14 i64.sub128           IIII:II
    15 i64.mul_wide_s       II:II
    16 i64.mul_wide_u       II:II
"""

_GROUPS: Final = (
    (Proposal.MVP, 0, _MVP_ROWS),
    (Proposal.SIGN_EXTENSION, 0, _SIGN_EXTENSION_ROWS),
    (Proposal.SATURATING_TRUNCATION, 0xFC, _SATURATING_ROWS),
    (Proposal.BULK_MEMORY, 0xFC, _BULK_MEMORY_ROWS),
    (Proposal.REFERENCE_TYPES, 0, _REFERENCE_ROWS),
    (Proposal.REFERENCE_TYPES, 0xFC, _TABLE_ROWS),
    (Proposal.TAIL_CALLS, 0, _TAIL_CALL_ROWS),
    (Proposal.FUNCTION_REFERENCES, 0, _FUNCTION_REFERENCE_ROWS),
    (Proposal.GC, 0, _REF_EQ_ROWS),
    (Proposal.GC, 0xFB, _GC_ROWS),
    (Proposal.CUSTOM_DESCRIPTORS, 0xFB, _DESCRIPTOR_ROWS),
    (Proposal.EXCEPTIONS, 0, _EXCEPTION_ROWS),
    (Proposal.LEGACY_EXCEPTIONS, 0, _LEGACY_EXCEPTION_ROWS),
    (Proposal.WIDE_ARITHMETIC, 0xFC, _WIDE_ARITHMETIC_ROWS),
    (Proposal.SIMD, 0xFD, SIMD_ROWS),
    (Proposal.RELAXED_SIMD, 0xFD, RELAXED_SIMD_ROWS),
    (Proposal.THREADS, 0xFE, ATOMIC_ROWS),
)

_LETTERS: Final = {
    "i": ValType.I32,
    "I": ValType.I64,
    "f": ValType.F32,
    "F": ValType.F64,
    "v": ValType.V128,
    "g": ValType.I31REF,
}
_ACCESSES: Final = {str(1 << align): Access(1 << align, align) for align in range(5)}
_IMMEDIATES: Final = {kind.name.lower(): kind for kind in Immediates}


def _read_tables() -> dict[int, Instruction]:
    """All groups as one dictionary by opcode; ``ValueError`` if two rows have the same opcode or name."""
    table: dict[int, Instruction] = {}
    names: set[str] = set()
    signatures: dict[str, tuple[tuple[ValType, ...] | None, tuple[ValType, ...] | None]] = {"*": (None, None)}
    for proposal, prefix, rows in _GROUPS:
        for row in rows.split("\n")[1:-1]:
            code, name, signature, *words = row.split()
            opcode = prefix << 16 | int(code, 16)
            if opcode in table or name in names:
                raise ValueError(f"two rows for opcode {opcode:#x} or name {name}")
            names.add(name)
            if signature not in signatures:
                operands, results = signature.split(":")
                signatures[signature] = tuple(_LETTERS[x] for x in operands), tuple(_LETTERS[x] for x in results)
            immediates, access, effects, folds, bounds = Immediates.NONE, None, 0, False, None
            for word in words:
                if word in _EFFECT_BITS:
                    effects |= _EFFECT_BITS[word]
                elif word == "folds":
                    folds = True
                elif ".." in word:
                    least, _, largest = word.partition("..")
                    bounds = (int(least, 0), int(largest, 0))
                else:
                    kind, _, width = word.partition("/")
                    immediates = _IMMEDIATES[kind]
                    access = _ACCESSES[width] if width else None
            params, outcomes = signatures[signature]
            table[opcode] = Instruction(
                opcode, name, immediates, params, outcomes, proposal, _EFFECTS[effects], access, folds, bounds
            )
    return table


INSTRUCTIONS: Final[dict[int, Instruction]] = _read_tables()
BY_NAME: Final[dict[str, Instruction]] = {row.name: row for row in INSTRUCTIONS.values()}
