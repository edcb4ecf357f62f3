"""What an engine is configured with: one frozen value, checked when it is made."""

from __future__ import annotations

import os
import sys

from wasmz.records import Record

OPT_LEVELS = (0, 1)

# CPython 3.11 counts C frames and Python frames against one limit, so a host function that recurses in C
# under a limit raised for the guest could overrun the C stack. Later versions count C frames apart.
DEFAULT_MAX_CALL_DEPTH = 6_000 if sys.version_info < (3, 12) else 20_000


class Config(Record):
    """Settings of an :class:`~wasmz.Engine`, and of everything made by it.

    Attributes:
        opt_level: 0 lowers the code as it stands, 1 runs the passes named in ``wasmz.passes.PIPELINES``.
        mem_limit_bytes: upper bound for all linear memories of one store together, in bytes.
        eager_compile: ``True`` compiles every function at once; ``None`` leaves it to wasmz.
        legacy_exceptions: accept the superseded exception-handling proposal.
        max_call_depth: how many WebAssembly frames may be nested before the trap "call stack exhausted".
        cache_dir: directory of the compilation cache, instead of the user's cache directory.
        use_cache: ``False`` neither reads nor writes the compilation cache.
        verify: check the IR after each pass and the emitted bytecode, for debugging wasmz itself.
    """

    opt_level: int = 1
    mem_limit_bytes: int | None = None
    eager_compile: bool | None = None
    legacy_exceptions: bool = False
    max_call_depth: int = DEFAULT_MAX_CALL_DEPTH
    cache_dir: str | os.PathLike[str] | None = None
    use_cache: bool = True
    verify: bool = False

    def check(self) -> None:
        if self.opt_level not in OPT_LEVELS:
            raise ValueError(f"opt_level must be one of {OPT_LEVELS}, not {self.opt_level!r}")
        if self.mem_limit_bytes is not None and self.mem_limit_bytes < 0:
            raise ValueError(f"mem_limit_bytes must not be negative, but is {self.mem_limit_bytes}")
        if self.max_call_depth < 1:
            raise ValueError(f"max_call_depth must be positive, but is {self.max_call_depth}")
