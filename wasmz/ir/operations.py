"""The operations of the IR: WebAssembly's instructions, by name, and those that the IR adds.

Added operations are

    param                     a block's parameter
    project i                 result i of a call with several results
    copy                      its operand
    <load>.signed             a sign-extending load without the conversion to unsigned
    <store>.fits              a narrow store of a value that is narrow already
    f32.<op>.unrounded        f32 arithmetic whose use rounds
    f32.load.quieting         a load whose uses quiet a signalling NaN anyway
    f32.store.quiet           a store of a single that is not a signalling NaN
    <store>.signed            a store of a number that is represented as signed
    <access>.loose            a load or store whose address may exceed its type, and is reduced when it does

    i64.mul_high_u            the high half of the product of two numbers of 64 bits (see `wide.py`)
    struct.get.i8 ...         a packed field or array item, as the unsigned number that it holds
    ref.cast t                a check without a result: later uses have its operand
    ref.as_non_null message   likewise
    ref.eq b                  b: identity decides, because no operand can be an i31
    i32x4.pack ...            the vector of some lanes
    f32x4.unpack, f64x2.unpack  the lanes of a vector, for `project`

for descriptors (see `descriptors.py`),

    ref.has_descriptor b      whether a structure has a descriptor, or, if b, is null
    ref.cast_descriptor b     traps if not

for exceptions (see `exceptions.py`),

    exn.new tag               makes an exception
    exn.caught                the exception that leads to a handler; the first value of the handler's block
    exn.check                 passes on exceptions that are not WebAssembly's
    exn.has_tag tag           whether the exception has the tag
    exn.payload               its values
    exn.drop                  releases the exception
    exn.keep                  prepares the exception to be thrown again
    exn.rethrown              the exception of a reference that is thrown again and may be null
    invoke, throw, reraise    terminators

for counting (see `continuations.py`),

    tier.ended                the target for the end of a counter that never ends
    tier.request (f, l)       asks the runtime for the function that continues loop l of function f, or null
    count, resume             terminators
    fuel.take                 takes a unit, or traps (see `irbuild/fuel.py`)
    fuel.limit n              n, or the number of units left if that is smaller
    fuel.use n                takes n units, which must be there

for many iterations of a loop at once; results are the number of iterations done in bounds (see ``passes/idioms.py``):

    memory.fill_rounds (m, displacement, width, size) base value step rounds
    memory.copy_rounds (m, m, displacement, displacement, step, ahead, behind) to from rounds
    memory.match_rounds (m, m, displacement, displacement, width, step) one other rounds
    memory.find_rounds (m, displacement, step, bits, is_run) base value rounds
    memory.rounds_within (m, displacement, size, step) base rounds
    memory.sum_rounds, .weighted_rounds (m, displacement, step, bits) base rounds
                              the sum of their bytes, which are in bounds
    memory.array_rounds (m, results, text) rounds numbers...
                              by a function on arrays (see ``passes/arrays.py``); more results are for `project`

for loads of loops from Python's iterators (see ``passes/streams.py``):

    memory.extent (load, memarg)
                              the number of indices of the view of a load
    memory.hold m             keeps the memory's buffer while it is read
    memory.stream (load, memarg, step) start stop
                              an iterator over the results of the load, from an index of its view on, with steps; up to
                              another index, which it excludes, or to the end of memory
    stream.zip                an iterator that yields an item of each of several
    next                      a terminator: to the block that takes an item, or to the one for the stream's end
    stream.items n, stream.item i
                              the n items of an iteration, first in their block, and each of them
    stream.end                first in the block for the stream's end

and, after `represent`, operations on Python ints:

    int.const i               any int
    int.add ...               Python's operators: add sub mul and or xor shl shr floordiv mod neg not
    int.lt ...                Python's comparisons: eq ne lt gt le ge
    int.quotient, .remainder  division by a positive constant, rounding towards zero
    int.wrap n                the lowest n bits of any int
    int.wrap.small n          the same for an int that is not negative, and likely small
    int.wrap.natural n        the same for an int below 2^n that is likely not negative
    int.sign n                the signed number with the bits of an unsigned one of n bits
    int.to_float              the nearest double
"""

from __future__ import annotations

from wasmz.ir.nodes import Block, Value
from wasmz.wasm.instructions import BY_NAME, Effects

_SIGNED_LOADS = tuple(
    f"{name}.signed"
    for name in (
        *("i32.load8_s", "i32.load16_s", "i64.load8_s", "i64.load16_s", "i64.load32_s"),
        *("i32.load", "i64.load"),
    )
)
_NARROW_STORES = ("i32.store8", "i32.store16", "i64.store8", "i64.store16", "i64.store32")
_FITTING_STORES = tuple(f"{name}.fits" for name in _NARROW_STORES)
_SIGNED_STORES = tuple(f"{name}.signed" for name in (*_NARROW_STORES, "i32.store", "i64.store"))
_LOOSE_ACCESSES = tuple(
    f"{name}.loose"
    for name in (
        *("i32.load", "i32.load8_u", "i32.load16_u", "f64.load"),
        *("i64.load", "i64.load8_u", "i64.load16_u", "i64.load32_u"),
        *("i32.store", "i64.store", "f64.store"),
        *_SIGNED_LOADS,
        *_FITTING_STORES,
        *_SIGNED_STORES,
    )
)
_UNROUNDED = tuple(f"f32.{name}.unrounded" for name in ("add", "sub", "mul"))

# Variant -> the instruction whose semantics it has.
VARIANTS: dict[str, str] = {
    name: ".".join(name.split(".")[:2])
    for name in (
        *_SIGNED_LOADS,
        *_FITTING_STORES,
        *_SIGNED_STORES,
        *_LOOSE_ACCESSES,
        *_UNROUNDED,
        *("f32.load.quieting", "f32.load.quieting.loose", "f32.store.quiet", "f32.store.quiet.loose"),
    )
}

INT_COMPARISONS = frozenset(f"int.{name}" for name in ("eq", "ne", "lt", "gt", "le", "ge"))
_INT_OPERATIONS = INT_COMPARISONS | {
    f"int.{name}"
    for name in (
        *("const", "add", "sub", "mul", "and", "or", "xor", "shl", "shr", "neg", "not", "quotient", "remainder"),
        *("wrap", "wrap.small", "wrap.natural", "sign", "to_float"),
    )
}

_ADDED: dict[str, Effects] = {
    "param": Effects.PURE,
    "project": Effects.PURE,
    "copy": Effects.PURE,
    "i64.mul_high_u": Effects.PURE,
    **{
        f"{name}.get.{packed}": BY_NAME[f"{name}.get_u"].effects
        for name in ("struct", "array")
        for packed in ("i8", "i16")
    },
    "ref.has_descriptor": Effects.TRAPS | Effects.READS,
    "ref.cast_descriptor": Effects.TRAPS | Effects.READS,
    "exn.new": Effects.CALLS,
    "exn.caught": Effects.CALLS,
    "exn.check": Effects.CALLS,
    "exn.has_tag": Effects.READS,
    "exn.payload": Effects.READS,
    "exn.drop": Effects.CALLS,
    "exn.keep": Effects.CALLS,
    "exn.rethrown": Effects.CALLS | Effects.TRAPS,
    **dict.fromkeys(("i32x4.pack", "i64x2.pack", "f32x4.pack", "f64x2.pack"), Effects.PURE),
    **dict.fromkeys(("f32x4.unpack", "f64x2.unpack"), Effects.PURE),
    "tier.request": Effects.CALLS,
    "tier.ended": Effects.CALLS,
    **dict.fromkeys(("fuel.take", "fuel.limit", "fuel.use"), Effects.TRAPS),
    "memory.extent": Effects.READS,
    "memory.hold": Effects.READS,
    "memory.stream": Effects.READS,
    "stream.zip": Effects.READS,
    "stream.items": Effects.CALLS,
    "stream.item": Effects.READS,
    "stream.end": Effects.CALLS,
}

# Loads that an iterator over a slice of a view can do: those that are only a subscript.
STREAMED_LOADS = frozenset(
    f"{name}{suffix}"
    for name in (
        *("i32.load", "i32.load8_u", "i32.load16_u", "f64.load", "f32.load.quieting"),
        *("i64.load", "i64.load8_u", "i64.load16_u", "i64.load32_u"),
        *_SIGNED_LOADS,
    )
    for suffix in ("", ".loose")
)

# Operation for many iterations of a loop -> how many memories its immediate begins with.
BULK_MEMORIES = {
    "memory.fill_rounds": 1,
    "memory.copy_rounds": 2,
    "memory.match_rounds": 2,
    "memory.find_rounds": 1,
    "memory.rounds_within": 1,
    "memory.sum_rounds": 1,
    "memory.weighted_rounds": 1,
    "memory.array_rounds": 1,
}
_BULK_WRITES = frozenset({"memory.fill_rounds", "memory.copy_rounds", "memory.array_rounds"})

# Operations in a block's body, with their effects. Writing a local is not an effect on the instance.
EFFECTS: dict[str, Effects] = {
    **{name: row.effects for name, row in BY_NAME.items()},
    **{name: BY_NAME[base].effects for name, base in VARIANTS.items()},
    **_ADDED,
    **dict.fromkeys(_INT_OPERATIONS, Effects.PURE),
    **{name: Effects.WRITES if name in _BULK_WRITES else Effects.READS for name in BULK_MEMORIES},
    "int.floordiv": Effects.TRAPS,
    "int.mod": Effects.TRAPS,
}

_TAIL_CALLS = {"return_call", "return_call_indirect", "return_call_ref"}
_COUNTING = {"count", "resume"}
_THROWING = {"invoke", "throw", "reraise"}
TERMINATORS = frozenset(
    {"jump", "branch", "switch", "return", "unreachable", "next"} | _TAIL_CALLS | _COUNTING | _THROWING
)

# Operations that `invoke` protects.
CALLS = frozenset({"call", "call_indirect", "call_ref"})

_LASTING = Effects.TRAPS | Effects.WRITES | Effects.CONTROL | Effects.CALLS

# Operations that may be dropped when nothing uses their result.
REMOVABLE = frozenset(name for name, effects in EFFECTS.items() if not effects & _LASTING) - {"local.set", "nop"}


def protected_call(block: Block) -> Value | None:
    """The call that the block's terminator protects, or ``None``."""
    if block.terminator.op != "invoke":
        return None
    return next(value for value in reversed(block.body) if value.op in CALLS)


def is_protected(call: Value) -> bool:
    """Whether exceptions of a call have a handler in the function."""
    return protected_call(call.block) is call
