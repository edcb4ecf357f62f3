"""Live WebAssembly locals: a backward data-flow analysis over bit sets (bit i is local i)."""

from __future__ import annotations

from wasmz.ir.nodes import Block, Function

# Limits on the work: bits that are kept, and iterations, of which deeply nested loops need many.
_LARGEST_PROBLEM = 100_000_000
_MOST_ROUNDS = 40


def local_effects(block: Block) -> tuple[int, int]:
    """The locals that a block reads before it writes them, and those that it writes."""
    read = written = 0
    for value in block.body:
        op = value.op
        if op == "local.get":
            bit = 1 << value.imm
            if not written & bit:
                read |= bit
        elif op == "local.set":
            written |= 1 << value.imm
    return read, written


def effects_of_blocks(function: Function) -> dict[Block, tuple[int, int]]:
    """The result of :func:`local_effects` for each block."""
    return {block: local_effects(block) for block in function.blocks}


def live_locals(function: Function, effects: dict[Block, tuple[int, int]] | None = None) -> dict[Block, int]:
    """The locals that are live at the start of each block; all locals if the analysis would take too long.

    ``effects`` are those of the blocks, if they are already known.
    """
    everything = (1 << len(function.locals)) - 1
    if len(function.locals) * len(function.blocks) > _LARGEST_PROBLEM:
        return dict.fromkeys(function.blocks, everything)
    if effects is None:
        effects = effects_of_blocks(function)
    live = {block: effects[block][0] for block in function.blocks}
    for _ in range(_MOST_ROUNDS):
        changed = False
        for block in reversed(function.blocks):
            terminator = block.terminator
            after = 0
            for edge in terminator.edges:
                after |= live[edge.block]
            read, written = effects[block]
            before = read | after & ~written
            if before != live[block]:
                live[block] = before
                changed = True
        if not changed:
            return live
    return dict.fromkeys(function.blocks, everything)


def locals_read_unset(function: Function) -> list[int]:
    """The locals, except parameters, that may be read before they are written, and so must start as zero."""
    if not function.blocks or function.is_ssa:
        return []
    first = len(function.type.params)
    live = live_locals(function)[function.blocks[0]] >> first
    # Tests bits as text: each shift would copy the bits of perhaps ten thousand locals.
    return [first + i for i, bit in enumerate(reversed(bin(live)[2:])) if bit == "1"]
