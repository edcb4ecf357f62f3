"""The fingerprint of the contract between generated code and the runtime, for ``wasmz/runtime/abi.py``.

    python -m tests.support.contract            prints it
    python -m tests.support.contract --write    writes it into abi.py

It covers what compiled files rely on and their checksums cannot detect: names and numbers, the functions of the
runtime with the number of their parameters, and the lines of adapters.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

from wasmz.runtime import abi
from wasmz.runtime.calls.adapter_templates import template_source
from wasmz.types import HeapType, RefType, ValType

ABI = Path(abi.__file__)
# Names that no file relies on: in which files functions are, and messages.
_NOT_WRITTEN = ("FINGERPRINT", "TYPE_CHECKING", "HELPER_FILES", "FUNCTION_FILES", "TRAPS", "INDEX_TRAPS")
_LETTERS = "iIfFvrexa"
_TYPES = (
    *(ValType.I32, ValType.I64, ValType.F32, ValType.F64, ValType.V128, ValType.FUNCREF, ValType.EXTERNREF),
    *(RefType(kind) for kind in (HeapType.STRUCT, HeapType.ANY, HeapType.EQ, HeapType.I31, HeapType.ARRAY)),
)

# Each function of abi.py that makes names, with arguments.
NAMES: list[tuple[Callable[..., str], tuple[Any, ...], dict[str, Any]]] = [
    *((make, (7,), {}) for make in (abi.function, abi.tail_form, abi.adapter, abi.reference)),
    *((make, (7,), {}) for make in (abi.global_value, abi.global_cell, abi.memory, abi.gap, abi.table)),
    *((make, (7,), {}) for make in (abi.data_segment, abi.element_segment, abi.tag, abi.type_class, abi.maker)),
    *((abi.view, (7, "I", *more), {}) for more in ((), (16,), (0, 4), (16, 4))),
    *((abi.callees, (7, 8), {"as_tail": as_tail}) for as_tail in (False, True)),
    *((abi.counter, (7, *more), {}) for more in ((), (3,))),
    (abi.field, (7,), {}),
    (abi.helper, ("i32.div_s",), {}),
    (abi.gc_helper, ("array.fill",), {}),
    (abi.exception_helper, ("keep",), {}),
    (abi.atomic_helper, ("notify",), {}),
    (abi.atomic_helper, ("add", 4), {}),
    (abi.builtin, ("len",), {}),
]


def helper_files() -> list[str]:
    """The modules that generated code calls functions of."""
    return sorted({f"wasmz.runtime.{file}" for files in abi.HELPER_FILES.values() for file in files})


def helpers() -> dict[str, Any]:
    """All that generated code may call by name."""
    return {name: item for file in helper_files() for name, item in import_module(file).HELPERS.items()}


def parameter_count(helper: Any) -> int | None:
    """How many arguments a helper takes; ``None`` if it is no function of Python's with a fixed number."""
    if not isinstance(helper, FunctionType) or helper.__code__.co_flags & 4:
        return None
    return helper.__code__.co_argcount


def _declared() -> Iterator[str]:
    for name, value in sorted(vars(abi).items()):
        if re.fullmatch("[A-Z][A-Z0-9_]*", name) and name not in _NOT_WRITTEN:
            yield f"{name} = {_text(value)}"
    yield abi.signature_letters(_TYPES)
    for make, args, named in NAMES:
        yield f"{make.__name__} {make(*args, **named)}"
    for name, helper in sorted(helpers().items()):
        yield f"{name} {parameter_count(helper)}"
    for kind in ("export", "global export", "host"):
        for results in ("", "i", _LETTERS):
            for flag in (False, True):
                yield template_source((kind, _LETTERS, results, flag))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return str([(_text(key), _text(item)) for key, item in value.items()])
    if isinstance(value, frozenset):
        return str(sorted(map(_text, value)))
    if isinstance(value, abi.CodeForm):
        return str(value.number)
    return str(getattr(value, "__name__", value))


def fingerprint() -> str:
    """The value that ``FINGERPRINT`` must have."""
    return hashlib.blake2b("\n".join(_declared()).encode(), digest_size=6).hexdigest()


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        ABI.write_text(re.sub(r'(?m)^(FINGERPRINT: Final = ").*"$', rf'\g<1>{fingerprint()}"', ABI.read_text()))
    print(fingerprint())
