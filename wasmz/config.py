"""What an engine is configured with: one frozen value, checked when it is made."""

from __future__ import annotations

import os
import sys

from wasmz.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

OPT_LEVELS = (0, 1, 2)
TIERS = ("auto", "eager")
COMPILE_MODES = ("smart", "eager", "lazy")

# What a Config has unless it is told otherwise.
DEFAULT_OPT_LEVEL = 2
DEFAULT_TIER = "auto"

# Passes that can be switched off: those of wasmz.passes.PIPELINES on which nothing else relies.
OPTIONAL_PASSES = (
    *("copies", "constants", "conditions", "narrow", "guard", "dead"),
    *("inline", "lanes", "counters", "values", "forwarding", "idioms", "invariants", "jumps", "streams"),
)

# CPython 3.11 counts C frames and Python frames against one limit, so a host function that recurses in C
# under a limit raised for the guest could overrun the C stack. Later versions count C frames apart.
DEFAULT_MAX_CALL_DEPTH = 6_000 if sys.version_info < (3, 12) else 20_000


def check_fuel(units: int) -> None:
    """Raises ``ValueError`` for a number of units that is negative or beyond ``sys.maxsize``."""
    if not 0 <= units <= sys.maxsize:
        raise ValueError(f"fuel must be between 0 and {sys.maxsize}, but is {units}")


class Config(Record):
    """Settings of an :class:`~wasmz.Engine`, and of everything made by it.

    Attributes:
        opt_level: 0 lowers the code as it stands, 1 and 2 run the passes named in ``wasmz.passes.PIPELINES``.
        mem_limit_bytes: upper bound for what a store's guests make the host hold, in bytes: linear memories, and past
            64 KiB tables, objects, exceptions, descriptors, files in memory (see docs/limits.md).
        table_limit: upper bound for the elements of all tables of one store together, which are not counted in bytes
            then; to grow past it gives the guest -1.
        fuel: how many calls and rounds of loops a store may make at first (see ``Store.set_fuel``); code that does not
            use fuel is faster. ``None`` compiles such code.
        eager_compile: ``True`` compiles every function at once, whatever ``tier`` says; ``None`` leaves it to that.
        legacy_exceptions: accept the superseded exception-handling proposal.
        simd: accept vectors; ``False`` refuses them, and relaxed ones, with ``UnsupportedFeature``.
        relaxed_simd: accept the relaxed operations on vectors.
        compile_mode: what compiling a module does at once: ``"eager"`` compiles it all, as ``eager_compile`` does;
            ``"lazy"`` decodes it, and validates and compiles each function when it is first called; ``"smart"`` does
            that, too, but validates small modules as a whole.
        max_call_depth: how many WebAssembly frames may be nested in a thread before the trap "call stack exhausted".
            The default is for free, and about that many; any other number is exact, and makes calls slower.
        cache_dir: directory of the compilation cache, instead of the user's cache directory.
        cache_limit_bytes: how large the cache directory may grow; past it, what was not used for the longest time is
            removed. ``None`` for no limit.
        use_cache: ``False`` neither reads nor writes the compilation cache.
        verify: check the IR after each pass and the emitted bytecode, for debugging wasmz itself.
        disable_passes: names of passes to leave out, to find out which one is to blame or what it is worth.
        tier: ``"eager"`` compiles every function at ``opt_level`` with its module; ``"auto"`` compiles a function when
            it is first called, quickly, and at ``opt_level`` when it proves hot.
    """

    opt_level: int = DEFAULT_OPT_LEVEL
    mem_limit_bytes: int | None = None
    table_limit: int | None = None
    fuel: int | None = None
    eager_compile: bool | None = None
    legacy_exceptions: bool = False
    simd: bool = True
    relaxed_simd: bool = True
    compile_mode: str = "smart"
    max_call_depth: int = DEFAULT_MAX_CALL_DEPTH
    cache_dir: str | os.PathLike[str] | None = None
    cache_limit_bytes: int | None = 1_000_000_000
    use_cache: bool = True
    verify: bool = False
    disable_passes: Collection[str] = ()
    tier: str = DEFAULT_TIER
    # For tests: the fields of wasmz.runtime.tiers.Thresholds.
    _thresholds: tuple[int, ...] = ()
    # Code counts all ways that it takes, and is never optimised (see wasmz.profile).
    _profiling: bool = False

    def check(self) -> None:
        self._check_passes()
        if self.opt_level not in OPT_LEVELS:
            raise ValueError(f"opt_level must be one of {OPT_LEVELS}, not {self.opt_level!r}")
        if self.compile_mode not in COMPILE_MODES:
            known = ", ".join(map(repr, COMPILE_MODES))
            raise ValueError(f"compile_mode must be one of {known}, not {self.compile_mode!r}")
        if self.tier not in TIERS:
            raise ValueError(f"tier must be one of {', '.join(map(repr, TIERS))}, not {self.tier!r}")
        for name in ("mem_limit_bytes", "cache_limit_bytes", "table_limit", "fuel", "max_call_depth"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, int):
                raise TypeError(f"{name} must be an integer, not {value!r}")
        if self.mem_limit_bytes is not None and self.mem_limit_bytes < 0:
            raise ValueError(f"mem_limit_bytes must not be negative, but is {self.mem_limit_bytes}")
        if self.cache_limit_bytes is not None and self.cache_limit_bytes < 0:
            raise ValueError(f"cache_limit_bytes must not be negative, but is {self.cache_limit_bytes}")
        if self.table_limit is not None and self.table_limit < 0:
            raise ValueError(f"table_limit must not be negative, but is {self.table_limit}")
        if self.fuel is not None:
            check_fuel(self.fuel)
        if self.max_call_depth < 1:
            raise ValueError(f"max_call_depth must be positive, but is {self.max_call_depth}")

    @property
    def counts_calls(self) -> bool:
        """Whether calls within calls are counted, one by one, because their number has a limit of its own."""
        return self.max_call_depth != DEFAULT_MAX_CALL_DEPTH

    @property
    def is_lazy(self) -> bool:
        """Whether functions are compiled when they are called."""
        return self.tier == "auto" and not self.eager_compile and self.compile_mode != "eager"

    def _check_passes(self) -> None:
        """Makes of ``disable_passes`` a tuple in a fixed order, so that equal settings are equal."""
        if isinstance(self.disable_passes, str):
            raise ValueError(f"disable_passes must be a collection of names, not {self.disable_passes!r}")
        unknown = sorted(set(map(str, self.disable_passes)).difference(OPTIONAL_PASSES))
        if unknown:
            known = ", ".join(OPTIONAL_PASSES)
            raise ValueError(f"disable_passes: there is no pass {', '.join(unknown)} to disable; there are {known}")
        chosen = tuple(name for name in OPTIONAL_PASSES if name in self.disable_passes)
        object.__setattr__(self, "disable_passes", chosen)
