"""Makes code objects from their parts, without the `bytecode` package.

Programs wait for baseline code. Its draft has layout, stack depth and tables already, and importing `bytecode` and what
that imports takes as long as compiling a small program. So the code object is made by ``CodeType.replace`` here. The
optimising compiler uses the package (``assembler.py``), with which the tests of this file compare.
"""

from __future__ import annotations

from wasmz.startup.light import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# As in the module ``inspect``: the function's locals are fast locals.
_OPTIMIZED: Final = 1
_NEWLOCALS: Final = 2


class CodeDescription:
    """The parts of a code object other than its instructions."""

    __slots__ = ("argument_count", "constants", "filename", "first_offset", "global_names", "local_names", "name")

    def __init__(
        self,
        name: str,
        filename: str,
        first_offset: int,
        argument_count: int,
        constants: tuple[object, ...],
        global_names: tuple[str, ...],
        local_names: tuple[str, ...],
    ) -> None:
        self.name: str = name
        self.filename: str = filename
        self.first_offset: int = first_offset
        self.argument_count: int = argument_count
        self.constants: tuple[object, ...] = constants
        self.global_names: tuple[str, ...] = global_names
        self.local_names: tuple[str, ...] = local_names


def make_code(
    description: CodeDescription, instructions: bytes, stack_size: int, lines: bytes, exceptions: bytes = b""
) -> CodeType:
    """The code object of instructions with their inline caches, its line table and its exception table."""
    local_names = description.local_names
    return _TEMPLATE.replace(
        co_argcount=description.argument_count,
        co_posonlyargcount=description.argument_count,
        co_kwonlyargcount=0,
        co_nlocals=len(local_names),
        co_stacksize=stack_size,
        co_flags=_OPTIMIZED | _NEWLOCALS,
        co_firstlineno=description.first_offset,
        co_code=instructions,
        co_consts=description.constants,
        co_names=description.global_names,
        co_varnames=local_names,
        co_freevars=(),
        co_cellvars=(),
        co_filename=description.filename,
        co_name=description.name,
        co_qualname=description.name,
        co_linetable=lines,
        co_exceptiontable=exceptions,
    )


def _template() -> None: ...


_TEMPLATE: Final[CodeType] = _template.__code__
