"""The binary format of components.

decoder.py         sections to a ``Component``; begin here
written_types.py   types of values, functions, components and instances
definitions.py     instances, aliases, canonical definitions, imports, exports
core_types.py      types of core functions and modules
names.py           the name section
"""
