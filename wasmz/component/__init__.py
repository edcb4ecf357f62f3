"""Components: WebAssembly's component model, above core modules.

forms.py        what types have in common: structures that equal types share; resource types
types.py        the types of values, functions, instances and components, resolved
layout.py       how values lie in memory, and which core values stand for them
syntax.py       a component as decoded: its definitions, in order
binary/         bytes to that
validation/     that with all types resolved, or what is wrong with it
"""
