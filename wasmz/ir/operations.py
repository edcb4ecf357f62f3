"""The operations of the IR: WebAssembly's instructions, by name, and what the IR adds to them.

Added operations are

    param                     a block's parameter
    project i                 result i of a call that gives several
    copy                      its operand
    <op>.nowrap               the integer operation without the reduction to 32 or 64 bits: a pass proved that it
                              is idle, or that each use reduces the result itself
                              (of an exclusive or with all bits set: Python's complement, which is negative)
    <op>.guarded              the integer operation with a test whether its result is small before the reduction: the
                              result is expected to be small
    <load>.signed             a sign-extending load without the conversion to unsigned, likewise
    <store>.fits              a narrow store of a value that is narrow already
    f32.<op>.unrounded        f32 arithmetic whose use rounds
    f32.load.quieting         a load whose uses quiet a signalling NaN anyway
"""

from __future__ import annotations

from wasmz.wasm.instructions import BY_NAME, Effects

_UNWRAPPED = (
    *(f"{type}.{name}.nowrap" for type in ("i32", "i64") for name in ("add", "sub", "mul", "shl")),
    "i32.xor.nowrap",
    "i64.xor.nowrap",
    "i32.wrap_i64.nowrap",
    "i64.extend_i32_s.nowrap",
)
_GUARDED = tuple(f"{type}.{name}.guarded" for type in ("i32", "i64") for name in ("add", "sub", "mul", "shl"))
_SIGNED_LOADS = tuple(
    f"{name}.signed" for name in ("i32.load8_s", "i32.load16_s", "i64.load8_s", "i64.load16_s", "i64.load32_s")
)
_FITTING_STORES = tuple(
    f"{name}.fits" for name in ("i32.store8", "i32.store16", "i64.store8", "i64.store16", "i64.store32")
)
_UNROUNDED = tuple(f"f32.{name}.unrounded" for name in ("add", "sub", "mul"))

# Variant -> the instruction whose semantics it has.
VARIANTS: dict[str, str] = {
    name: name.rpartition(".")[0]
    for name in (*_UNWRAPPED, *_GUARDED, *_SIGNED_LOADS, *_FITTING_STORES, *_UNROUNDED, "f32.load.quieting")
}

_ADDED: dict[str, Effects] = {"param": Effects.PURE, "project": Effects.PURE, "copy": Effects.PURE}

# Operations that stand in a block's body, with their effects. Writing a local is not an effect on the instance.
EFFECTS: dict[str, Effects] = {
    **{name: row.effects for name, row in BY_NAME.items()},
    **{name: BY_NAME[base].effects for name, base in VARIANTS.items()},
    **_ADDED,
}

TERMINATORS = frozenset({"jump", "branch", "switch", "return", "unreachable", "return_call", "return_call_indirect"})

_LASTING = Effects.TRAPS | Effects.WRITES | Effects.CONTROL | Effects.CALLS

# Operations that may be dropped when nothing uses their result.
REMOVABLE = frozenset(name for name, effects in EFFECTS.items() if not effects & _LASTING) - {"local.set", "nop"}
