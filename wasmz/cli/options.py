"""The options of commands as data: ``common.py`` makes click's of them, ``plain.py`` reads them without click.

RUN_OPTIONS                 the options that only ``wasmz run`` has
engine_options()            the options that ``Config`` describes, for compiling modules
make_engine(given)          the engine for their values
"""

from __future__ import annotations

import warnings

from wasmz.config import Config
from wasmz.runtime.link.engine import Engine
from wasmz.startup.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from wasmz.settings import Setting


class Option(Record):
    """An option of a command.

    Attributes:
        field: the name of its value.
        names: its forms, such as ``("--invoke", "--func")``.
        kind: ``flag``; ``constant``, a flag that sets a field to ``value``; ``text``; ``choice``; ``integer`` or
            ``seconds``, at least ``least``; ``input``, a file to open; ``output``, a path to write to.
        help: what it does.
        metavar: the name of its argument in help.
        choices: the values of a choice.
        value: the value of a constant.
        repeats: whether it may be repeated, and all values count instead of the last one.
        is_hidden: whether help omits it.
    """

    field: str
    names: tuple[str, ...]
    kind: str
    help: str = ""
    metavar: str = ""
    choices: tuple[str, ...] = ()
    least: int = 0
    value: str = ""
    repeats: bool = False
    is_hidden: bool = False


# In the order of the help.
RUN_OPTIONS: tuple[Option, ...] = (
    Option(
        "function", ("--invoke", "--func"), "text", "Call this export with ARGS, and print its results.", metavar="NAME"
    ),
    Option("more", ("--args",), "text", "More arguments, split as a shell does.", metavar="WORDS"),
    Option(
        "environment",
        ("--env",),
        "text",
        "Set a variable of the guest's environment, or give it this process's.",
        metavar="NAME[=VALUE]",
        repeats=True,
    ),
    Option("inherit_env", ("--inherit-env",), "flag", "Give the guest this process's environment."),
    Option(
        *("directories", ("--dir",), "text", "Give the guest a directory (may be repeated)."),
        metavar="HOST[::GUEST]",
        repeats=True,
    ),
    Option("stdin", ("--stdin",), "input", "A file to read in place of the standard input."),
    Option(
        "addresses", ("--tcplisten",), "text", "Give the guest a listening socket.", metavar="HOST:PORT", repeats=True
    ),
    Option(
        *("networks", ("--allow-net",), "text", "Let a component reach a place with sockets (may be repeated)."),
        metavar="HOST[:PORT]",
        repeats=True,
    ),
    Option(
        *("http_hosts", ("--allow-http",), "text", "Let a component send HTTP requests there (may be repeated)."),
        metavar="HOST[:PORT]",
        repeats=True,
    ),
    Option("reactor", ("--reactor",), "flag", "Call _initialize first."),
    Option("stub", ("--stub",), "flag", "Let missing imports trap when they are called."),
    Option("timeout", ("--timeout",), "seconds", "Trap when so much time has passed.", metavar="SECONDS"),
    Option("mem_stats", ("--mem-stats",), "flag", "Print memory use to stderr at the end."),
    Option("mem_trace", ("--mem-trace",), "flag", "Print to stderr whenever a memory or table is made or grows."),
    Option("profile_out", ("--profile-out",), "output", "Count what runs, for compile --profile-use."),
)

# Short forms of --compile-mode, and the deprecated option.
_MODE_OPTIONS = (
    Option("compile_mode", ("--eager-compile",), "constant", "The same as --compile-mode eager.", value="eager"),
    Option("compile_mode", ("--smart-compile",), "constant", "The same as --compile-mode smart.", value="smart"),
    Option("tier", ("--tier",), "choice", choices=("auto", "eager"), is_hidden=True),
)


# The fields of engine_options() that matter only where code runs or is cached.
RUN_ONLY = frozenset({"background_compile", "compile_mode", "tier", "use_cache"})


def engine_options() -> tuple[Option, ...]:
    """The options of all commands that compile: those that ``Config`` describes, and short forms."""
    described = [_option(name, about) for name, about in Config.settings.items() if about.option]
    return (*described, *_MODE_OPTIONS)


def _option(field: str, about: Setting) -> Option:
    text = about.option_help.replace("``", "")
    names = (about.option,)
    if about.type == "bool":
        return Option(field, names, "flag", text)
    repeats = about.type.startswith("Collection")
    if about.choices:
        text = f"{text.rstrip('.')} (may be repeated)." if repeats else text
        choices = tuple(map(str, about.choices))
        return Option(field, names, "choice", text, about.metavar, choices, repeats=repeats)
    return Option(field, names, "integer", text, about.metavar, least=max(about.least, int(about.unit > 1)))


def make_engine(options: Mapping[str, Any], **changes: Any) -> Engine:
    """The engine for the values of :func:`engine_options`, by field; ``changes`` override them."""
    given: dict[str, Any] = {}
    for name, value in options.items():
        if value is None or value is False or value == () or name not in Config._described:
            continue
        about = Config.settings[name]
        if about.type == "bool":
            value = not about.default
        elif about.type == "int":
            value = int(value)
        given[name] = value * about.unit if about.unit > 1 else value
    if options.get("tier") is not None:
        message = "--tier is deprecated and will go in 0.3: use --compile-mode, smart for auto"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        if options["tier"] == "eager":
            given["compile_mode"] = "eager"
    return Engine(Config(**{**given, **changes}))
