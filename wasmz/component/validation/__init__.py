"""Validation of components.

validator.py       all definitions of a component, in order; begin here
scopes.py          what is known in a component, or in the type of one, so far
value_types.py     types as written to types resolved
declarations.py    imports, exports, aliases, and the types of components and instances
instances.py       instances, of core modules and of components
subtyping.py       what fits where; what stands for the resource types of imports
substitution.py    types with resource types replaced
core_modules.py    what core modules import and export, and what fits there
canonical.py       lifts, lowers and built-ins: their options and core types
extern_names.py    the names of imports and exports, and which of them are alike
"""
