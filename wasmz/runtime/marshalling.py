"""Marshals values so that equal values give equal bytes, whatever else refers to them.

    dump_settled((code, None, None, 0, True))       -> bytes for marshal.loads

`marshal` writes objects with other references differently. So every object gets another reference, and equal strings
become one object.
"""

from __future__ import annotations

import marshal
import sys

from wasmz.startup.light import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def dump_settled(value: Any) -> bytes:
    """The value marshalled so that equal values give equal bytes."""
    held: list[object] = []
    return marshal.dumps(settle(value, held))


def settle(value: Any, held: list[object]) -> Any:
    """The value with its strings interned; adds all its objects to ``held``, to be kept until it is marshalled."""
    kind = type(value)
    if kind is str:
        value = sys.intern(value)
    elif kind is tuple:
        value = tuple([settle(item, held) for item in value])
    elif kind is dict:
        value = {settle(key, held): settle(item, held) for key, item in value.items()}
    elif kind is CodeType:
        texts = (value.co_name, value.co_qualname, value.co_filename)
        name, qualname, filename = map(sys.intern, texts)
        constants = tuple([_one_of(constant, held) for constant in value.co_consts])
        value = value.replace(co_name=name, co_qualname=qualname, co_filename=filename, co_consts=constants)
        held += (value.co_linetable, value.co_exceptiontable, value.co_names, *value.co_names, *value.co_varnames)
        held += (*value.co_freevars, *value.co_cellvars)
        held += (name, qualname, filename, value.co_consts)
    held.append(value)
    return value


def _one_of(constant: Any, held: list[object]) -> Any:
    """A copy of a constant that is shared with nothing: whether equal constants are one object is chance."""
    if type(constant) is tuple:
        constant = tuple([_one_of(item, held) for item in constant])
    elif type(constant) in (int, float, bytes):
        constant = marshal.loads(marshal.dumps(constant))
    held.append(constant)
    return constant
