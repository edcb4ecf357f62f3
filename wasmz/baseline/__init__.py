"""The baseline compiler: translates the bytes of a function to its code object in one pass, several times faster.

bytes -> translate.py    decodes, checks types and emits, instruction by instruction: one loop with a case for each kind
      -> draft.py        pieces of code, labels and jumps; their places, the depth of the stack, the line table
      -> function.py     the code object

It raises `Unfit` for functions that it does not know how to compile or that are not plainly valid: the validator then
reports errors, and the pipeline compiles the others (`compile/on_demand.py`). It accepts no function that the validator
would refuse.

The loop is generated from its cases (`instructions.cases`). Most instructions emit a template that was recorded from
the pipeline's lowering (`recording.py`, `templates.py`), so each lowering is written once. Where types depend on the
module, such as for structures, `typed.py` completes the template. Types are compared by identity; only if they differ
does the loop look for subtypes (`subtypes.py`).
"""
