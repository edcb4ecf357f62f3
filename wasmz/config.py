"""The configuration of an engine: one frozen value, checked when it is made.

Each field is described once, by :func:`setting`: its default, its meaning, its part of the cache's key, its
command-line option. ``Config``, its checks and its documentation, the cache's key, the options of the command line
(``wasmz.cli.options``), the limits in precompiled files, and docs/configuration.md derive from that.
"""

from __future__ import annotations

import os
import sys

from wasmz.startup.concurrency import load
from wasmz.startup.records import Record, RecordType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any, Final, dataclass_transform

    from wasmz.settings import Setting
else:

    def dataclass_transform(**_: object) -> Any:
        return lambda made: made


OPT_LEVELS: Final = (0, 2)
COMPILE_MODES: Final = ("smart", "lazy", "eager")

# Passes that can be disabled: those of wasmz.passes.PIPELINES on which nothing else relies.
OPTIONAL_PASSES: Final = (
    *("inline", "lanes", "counters", "values", "forwarding", "idioms", "arrays", "closed", "circuits"),
    *("jumps", "conditions", "dead", "invariants", "streams"),
)

# CPython 3.11 counts C frames and Python frames against one limit, so a host function that recurses in C under a limit
# raised for the guest could overrun the C stack. Later versions count C frames separately.
DEFAULT_MAX_CALL_DEPTH: Final = 6_000 if sys.version_info < (3, 12) else 20_000


def setting(*, default: Any, help: str, key: Callable[[Any], object] | None, **more: Any) -> Any:
    """The default of a field, and its description: the arguments of a :class:`~wasmz.settings.Setting`."""
    return {"default": default, "help": help, "key": key, **more}


# Functions that return the part of a value that is in the key


def whole(value: Any) -> object:
    """The whole value."""
    return value


def is_set(value: Any) -> object:
    """Whether there is a value: running code looks it up."""
    return value is not None


# Whether numpy is installed; empty before the first search for it.
_numpy_is_there: list[bool] = []


def has_numpy() -> bool:
    """Whether numpy is installed. Does not import it."""
    if not _numpy_is_there:
        places = [os.path.join(place, "numpy", "__init__.py") for place in sys.path]
        _numpy_is_there.append("numpy" in sys.modules or any(os.path.exists(place) for place in places))
    return _numpy_is_there[0]


def assume_numpy() -> None:
    """Makes this process compile for another process that has numpy."""
    _numpy_is_there[:] = [True]


def is_used(value: Any) -> object:
    """Whether code uses numpy."""
    return value and has_numpy()


@dataclass_transform(frozen_default=True, field_specifiers=(setting,))
class ConfigType(RecordType):
    """Makes defaults of the fields' descriptions, and keeps these; each field must have one."""

    _described: dict[str, dict[str, Any]]
    _made: dict[str, Setting]

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        described = {}
        for field in namespace["__annotations__"]:
            about = namespace.get(field)
            if about.__class__ is not dict:
                raise TypeError(f"{name}.{field} must be described by setting(): what it does, and to the cache's key")
            described[field] = about
            namespace[field] = about["default"]
        namespace.update(_described=described, _made={})
        return super().__new__(cls, name, bases, namespace)

    @property
    def settings(cls) -> dict[str, Setting]:  # noqa: N805
        """The descriptions of the fields, by name."""
        if not cls._made:
            load("wasmz.settings")
            from wasmz.settings import Setting

            made = {field: Setting(**described) for field, described in cls._described.items()}
            for field, about in made.items():
                about.type = cls.__annotations__[field]
            # Atomic: other threads see all or none of them.
            cls._made.update(made)
        return cls._made

    @property
    def __doc__(cls) -> str | None:  # type: ignore[override]  # noqa: N805
        text: str | None = cls.__dict__.get("__doc__")
        if text is None:
            return None
        # All lines get the last one's indentation, which newer versions of Python remove from docstrings.
        text = text.rstrip()
        margin = text.rpartition("\n")[2].partition("settings:")[0]
        public = [
            f"{margin}{field}: {about.help}" for field, about in cls.settings.items() if not field.startswith("_")
        ]
        return "\n".join([text, *public, ""])


class Config(Record, metaclass=ConfigType):
    """The settings of an :class:`~wasmz.Engine`, and of everything made by it: a frozen value.

    Wrong values are refused when it is made: ``TypeError`` for values of a wrong type, ``ValueError`` for others. Both
    name the field.

    Attributes:
        settings: of the class, the descriptions of the fields, by name.
    """

    opt_level: int = setting(
        default=2,
        choices=(0, 1, 2),
        option="--opt-level",
        key=whole,
        help="Optimisation level. 0 lowers the code as it stands, 2 runs the passes of ``wasmz.passes.PIPELINES``. 1, "
        "which was between them, is taken for 2.",
    )
    mem_limit_bytes: int | None = setting(
        default=None,
        option="--mem-limit",
        option_help="Limit of what a guest makes the host hold.",
        metavar="MB",
        unit=1 << 20,
        is_limit=True,
        key=None,
        help="Limit of what a store's guests make the host hold, in bytes. Linear memories count, and past 64 KiB "
        "tables, objects, exceptions, descriptors, files in memory (docs/limits.md). ``None`` for no limit.",
    )
    table_limit: int | None = setting(
        default=None,
        option="--table-limit",
        metavar="N",
        is_limit=True,
        key=None,
        help="Limit of the elements of all tables of a store together. They are not counted in bytes then; to grow "
        "past it gives the guest -1. ``None`` for no limit.",
    )
    fuel: int | None = setting(
        default=None,
        option="--fuel",
        metavar="N",
        most=sys.maxsize,
        is_limit=True,
        # Code that uses fuel takes it from its store.
        key=is_set,
        help="How many calls and iterations of loops a store may make at first, before it traps. See "
        "``Store.set_fuel``; code that does not use fuel is faster. ``None`` compiles such code.",
    )
    eager_compile: bool | None = setting(
        default=None,
        key=None,
        help='The short form of ``compile_mode="eager"``. ``True`` says that; otherwise it is ``None``.',
    )
    legacy_exceptions: bool = setting(
        default=False,
        option="--legacy-exceptions",
        key=whole,
        help="Accept the legacy exception-handling proposal. "
        "Modules that import JavaScript's strings may use it anyway.",
    )
    simd: bool = setting(
        default=True,
        key=whole,
        help="Accept vectors. ``False`` refuses them, and relaxed ones, with ``UnsupportedFeature``.",
    )
    relaxed_simd: bool = setting(
        default=True,
        key=whole,
        help="Accept the relaxed operations on vectors. ``False`` refuses them with ``UnsupportedFeature``.",
    )
    compile_mode: str = setting(
        default="smart",
        choices=COMPILE_MODES,
        option="--compile-mode",
        # Lazily compiled modules are accepted before their functions are validated.
        key=lambda value: value == "lazy",
        help='When functions are compiled. ``"eager"`` compiles all of them, at ``opt_level``, with their module. '
        '``"lazy"`` validates and compiles each function when it is first called, quickly, and again at ``opt_level`` '
        'when it proves hot. ``"smart"`` does that, too, but validates small modules as a whole.',
    )
    max_call_depth: int = setting(
        default=DEFAULT_MAX_CALL_DEPTH,
        least=1,
        is_limit=True,
        key=lambda value: value != DEFAULT_MAX_CALL_DEPTH,
        help='How many WebAssembly frames may be nested in a thread before the trap "call stack exhausted". The '
        "default costs nothing, and is met about; any other number is exact, and makes calls slower.",
    )
    cache_dir: os.PathLike[str] | str | None = setting(
        default=None,
        is_local=True,
        key=None,
        help="Directory of the compilation cache. ``None`` for the user's cache directory, or ``$WASMZ_CACHE_DIR``.",
    )
    cache_limit_bytes: int | None = setting(
        default=1_000_000_000,
        is_local=True,
        key=None,
        help="How large the cache directory may grow, in bytes. Past it, what was not used for the longest time is "
        "removed. ``None`` for no limit.",
    )
    use_cache: bool = setting(
        default=True,
        option="--no-cache",
        option_help="Neither read nor write the compilation cache.",
        is_local=True,
        key=None,
        help="Read and write the compilation cache. ``False`` does neither.",
    )
    verify: bool = setting(
        default=False,
        option="--verify",
        key=None,
        help="Check the IR after each pass and the emitted bytecode. This is for debugging wasmz itself: its faults "
        "are raised then.",
    )
    disable_passes: Collection[str] = setting(
        default=(),
        choices=OPTIONAL_PASSES,
        option="--disable-pass",
        metavar="PASS",
        key=whole,
        help="Optimisations to leave out, by the names of passes. That shows which one is to blame, or what it is "
        "worth.",
    )
    numpy: bool = setting(
        default=True,
        option="--no-numpy",
        option_help="Leave numpy alone, also where it is installed.",
        key=is_used,
        help="Let optimised code do loops over arrays with numpy, if that is installed: it is imported when such loops "
        "prove hot. Results are the same. ``False`` compiles code that does without.",
    )
    background_compile: bool = setting(
        default=True,
        option="--no-background-compile",
        option_help="Compile hot functions in this process only.",
        is_local=True,
        key=None,
        help="Let another process compile hot functions while this one runs them as they are, where there is a second "
        "processor. ``False`` compiles them in this process, which waits; so does ``WASMZ_BACKGROUND_COMPILE=0`` in "
        "the environment. Results are the same.",
    )
    _thresholds: tuple[int, ...] = setting(
        default=(), is_local=True, key=None, help="For tests: the fields of ``wasmz.runtime.calls.supply.Thresholds``."
    )
    _profiling: bool = setting(
        default=False,
        key=whole,
        help="Code counts all edges that it takes, and is never optimised (wasmz.compile.profile).",
    )

    def check(self) -> None:
        for name, default in self._defaults.items():
            value = getattr(self, name)
            if value is default or (value == default and value.__class__ is default.__class__):
                continue
            # A correct flag needs no check by "settings", which is then not imported.
            if value.__class__ is not bool or not Config.__annotations__[name].startswith("bool"):
                Config.settings[name].check(name, value)
        if self.opt_level == 1:
            object.__setattr__(self, "opt_level", 2)
        self._check_passes()
        self._check_mode()

    def _check_passes(self) -> None:
        """Sorts ``disable_passes`` into a tuple, so that equal settings are equal."""
        given: Any = self.disable_passes
        if given != ():
            if isinstance(given, str):
                raise ValueError(f"disable_passes must be a collection of names, not {given!r}")
            unknown = sorted(set(map(str, given)).difference(OPTIONAL_PASSES))
            if unknown:
                known = ", ".join(OPTIONAL_PASSES)
                raise ValueError(f"disable_passes: there is no pass {', '.join(unknown)} to disable; there are {known}")
            given = tuple(name for name in OPTIONAL_PASSES if name in given)
        object.__setattr__(self, "disable_passes", given)

    def _check_mode(self) -> None:
        """Makes ``eager_compile`` and ``compile_mode`` agree."""
        if self.eager_compile:
            object.__setattr__(self, "compile_mode", "eager")
        elif self.eager_compile is False:
            if self.compile_mode == "eager":
                raise ValueError("eager_compile=False contradicts compile_mode='eager'")
            object.__setattr__(self, "eager_compile", None)
        elif self.compile_mode == "eager":
            object.__setattr__(self, "eager_compile", True)

    def __repr__(self) -> str:
        """The fields that differ from their defaults; ``compile_mode`` stands for ``eager_compile``."""
        fields = {name: getattr(self, name, about.default) for name, about in Config.settings.items()}
        changed = [name for name, value in fields.items() if value != Config.settings[name].default]
        return f"Config({', '.join(f'{name}={fields[name]!r}' for name in changed if name != 'eager_compile')})"

    def _complete(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        if "tier" in named:
            named = _without_tier(named)
        return super()._complete(args, named)

    def replace(self, **changes: Any) -> Config:
        """The settings with some changes: ``config.replace(fuel=1000)``.

        Raises:
            TypeError, ValueError: a field does not exist, or its value is wrong.
        """
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__match_args__}
        if "compile_mode" in changes or "eager_compile" in changes:
            del fields["eager_compile"]
            fields["compile_mode"] = "smart"
        return Config(**{**fields, **changes})

    __replace__ = replace

    @property
    def key(self) -> tuple[object, ...]:
        """The settings that generated code depends on; they are part of the compilation cache's keys."""
        described = Config._described.items()
        return tuple([about["key"](getattr(self, name)) for name, about in described if about["key"] is not None])

    @property
    def limits(self) -> dict[str, Any]:
        """The limits that differ from their defaults, by field; precompiled files contain them."""
        return {name: value for name, value in self.changes.items() if Config.settings[name].is_limit}

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that differ from their defaults, except those that concern only this process."""
        values = {name: getattr(self, name) for name, about in Config.settings.items() if not about.is_local}
        return {name: value for name, value in values.items() if value != Config.settings[name].default}

    @property
    def counts_calls(self) -> bool:
        """Whether nested calls are counted, because ``max_call_depth`` is not the default."""
        return self.max_call_depth != DEFAULT_MAX_CALL_DEPTH

    @property
    def uses_numpy(self) -> bool:
        """Whether code may use numpy, and numpy is installed."""
        return self.numpy and has_numpy()

    @property
    def is_lazy(self) -> bool:
        """Whether functions are compiled when they are called."""
        return self.compile_mode != "eager"

    @property
    def tier(self) -> str:
        """Deprecated: ``"eager"`` or ``"auto"``; see ``compile_mode``."""
        _warn_of_tier(3)
        return "auto" if self.is_lazy else "eager"


def _without_tier(named: dict[str, Any]) -> dict[str, Any]:
    """The arguments, with ``compile_mode`` instead of ``tier``."""
    _warn_of_tier(5)
    tier = named["tier"]
    if tier not in ("auto", "eager"):
        raise ValueError(f"tier must be one of 'auto', 'eager', not {tier!r}")
    named = {name: value for name, value in named.items() if name != "tier"}
    return {**named, "compile_mode": "eager"} if tier == "eager" else named


def _warn_of_tier(level: int) -> None:
    load("warnings")
    import warnings

    message = 'Config(tier=...) is deprecated and will go in 0.3: use compile_mode, "smart" for "auto"'
    warnings.warn(message, DeprecationWarning, stacklevel=level)
