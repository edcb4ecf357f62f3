"""The baseline compiler: from the bytes of a function to its code object in one pass, several times faster.

bytes -> translate.py    decodes, checks types and emits, instruction by instruction: one loop with a case for each kind
      -> draft.py        pieces of code, labels and jumps; their places, the depth of the stack, the line table
      -> function.py     the code object

What it does not know, and whatever is not plainly valid, is `Unfit`: the validator words the errors, and the pipeline
compiles the rest (`compile/on_demand.py`). It accepts no function that the validator would refuse.

The loop is generated from its cases (`instructions.cases`). What most instructions emit is a template that was recorded
from the pipeline's lowering (`recording.py`, `templates.py`), so that a lowering is written once. Where types depend on
the module, as of structures, `typed.py` completes the template. Types are compared by identity; only where they differ
does the loop ask for subtypes (`subtypes.py`).
"""
