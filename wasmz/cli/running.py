"""Implements ``wasmz run``: runs a command module, or calls an export; without click.

run_file({"file": "hello.wasm", "words": ("a", "b")})      -> the exit code
"""

from __future__ import annotations

import os
import sys

from wasmz.cli.console import Phases, WrongUsage, echo, paint, progress_of, suggest
from wasmz.cli.files import STREAM, check_target, source_of
from wasmz.cli.guest import GuestOptions
from wasmz.cli.options import make_engine
from wasmz.errors import Interrupted, Trap, UnsupportedFeature, WasiExit, WasmException
from wasmz.module import Module
from wasmz.programs import define_program, is_program, run_program
from wasmz.runtime.limits.budgets import ResourceLimiter
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.link.store import Store
from wasmz.types import FuncType, HeapType, RefType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, BinaryIO

    from wasmz.runtime.link.engine import Engine
    from wasmz.runtime.wasi.wasi_config import WasiConfig


def run_file(given: Mapping[str, Any]) -> int:
    """Runs a file as options say, which are given by field (``wasmz.cli.options``); returns the exit code.

    Raises:
        WrongUsage: the options do not fit the module or each other.
        WasmzError, OSError, ValueError, MemoryError: those of compiling, linking and running, except traps.
    """
    file, profile_out = given["file"], given.get("profile_out")
    if profile_out is not None:
        if file == STREAM:
            raise WrongUsage("--profile-out is for a module in a file")
        check_target(file, profile_out)
    changes = {} if profile_out is None else {"compile_mode": "smart", "_profiling": True}
    engine = make_engine(given, **changes)
    # `--invoke` may also come after the file, as in `wasmz run FILE --invoke NAME ARGS`.
    arguments, function, late = _late_options(list(given["words"]), given.get("function"))
    arguments += _split(given.get("more") or "")
    phases = Phases()
    source = source_of(file)
    try:
        with phases.phase("compile"), progress_of(os.path.basename(file)) as progress:
            module = Module.compile(engine, source, progress=progress)
    except UnsupportedFeature as error:
        if error.proposal != "component-model":
            raise
        return _run_component({**given, "function": function}, engine, source, arguments, late, phases)
    return _Run(given, module, phases).start(arguments, function, late)


def _run_component(
    given: Mapping[str, Any],
    engine: Engine,
    source: str | BinaryIO,
    arguments: list[str],
    late: list[str],
    phases: Phases,
) -> int:
    from wasmz.cli.running_component import ComponentRun

    if not isinstance(source, str):
        source.seek(0)
    with phases.phase("compile"):
        run = ComponentRun(given, engine, source)
    limiter = _Tracer() if given.get("mem_trace") else None
    try:
        with phases.phase("run"):
            return _ended(given, lambda: run.run(arguments, late, limiter))
    finally:
        phases.report()


def _ended(given: Mapping[str, Any], run: Callable[[], int]) -> int:
    """Runs what is given; the exit code, also if a trap ends it, which is reported."""
    try:
        return run()
    except WasiExit as stopped:
        return stopped.exit_code
    except Interrupted as error:
        timeout = given.get("timeout")
        _report_trap(error, None if timeout is None else f"stopped after the {timeout:g} s of --timeout")
        return 1
    except (Trap, WasmException) as error:
        _report_trap(error)
        return 1


def _split(words: str) -> list[str]:
    if not words:
        return []
    # Imported only here: it imports much.
    import shlex

    try:
        return shlex.split(words)
    except ValueError as error:
        raise WrongUsage(f"--args {words!r}: {error}") from None


class _Run:
    """One run of a module."""

    def __init__(self, given: Mapping[str, Any], module: Module, phases: Phases) -> None:
        self.given = given
        self.module = module
        self.phases = phases
        self.instance: Instance | None = None

    def start(self, arguments: list[str], function: str | None, late: list[str]) -> int:
        """Runs the module with arguments and ``late`` settings of the environment; returns the exit code."""
        module, given = self.module, self.given
        runs_program = function is None and is_program(module)
        if function is None and not runs_program and not given.get("reactor"):
            arguments, function = _find_function(module, arguments)
            if function is None:
                echo("\n".join(_export_lines(module)))
                return 0
        try:
            return _ended(given, lambda: self._run(arguments, function, late, runs_program=runs_program))
        finally:
            instance, profile_out = self.instance, given.get("profile_out")
            if instance is not None and given.get("mem_stats"):
                echo(f"[memory] {instance.mem_stats()}", err=True)
            if instance is not None and profile_out is not None:
                _write_profile(instance, given["file"], profile_out)
            self.phases.report()

    def _run(self, arguments: list[str], function: str | None, late: list[str], *, runs_program: bool) -> int:
        module, given = self.module, self.given
        with self.phases.phase("instantiate"):
            guest = GuestOptions(
                environment=(*given.get("environment", ()), *late),
                inherit_env=given.get("inherit_env", False),
                directories=given.get("directories", ()),
                stdin=given.get("stdin"),
                addresses=given.get("addresses", ()),
            )
            config = guest.make_config([given["file"], *arguments] if function is None else [given["file"]])
            limiter = _Tracer() if given.get("mem_trace") else None
            instance = _instantiate(module, config, given, limiter)
            self.instance = instance
        with self.phases.phase("run"):
            if given.get("reactor") or (function is not None and module.is_reactor):
                instance.initialize_reactor()
            if function is not None:
                _invoke(instance, module, function, arguments)
            elif runs_program:
                return run_program(instance, [given["file"], *arguments])
        return 0


def _export_lines(module: Module) -> list[str]:
    """One line for each export, with its type."""
    return [
        f"export {export.name}: {'func ' if isinstance(export.type, FuncType) else ''}{export.type}"
        for export in module.exports.values()
    ] or ["no exports"]


def _report_trap(error: Trap | WasmException, message: str | None = None) -> None:
    sys.stdout.flush()
    backtrace = error.backtrace()
    if message is None:
        message = f"trap: {error.message}" if isinstance(error, Trap) else str(error)
    echo(f"{paint('wasmz:', 'error', err=True)} {message}" + (f"\n{backtrace}" if backtrace else ""), err=True)


def _end_process(error: BaseException) -> None:
    """Ends the guest when one of its threads ends with an error (wasi-threads, "Design choice: termination")."""
    status = 1
    if isinstance(error, WasiExit):
        status = error.exit_code
    elif isinstance(error, (Trap, WasmException)):
        _report_trap(error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)
    sys.stdout.flush()
    sys.stderr.flush()
    # sys.exit would only end the thread.
    os._exit(status & 0xFF)


def _write_profile(instance: Instance, file: str, path: str) -> None:
    """Writes the profile, even if a trap or the guest's exit ended the run."""
    from wasmz.compile.profile import collect_profile, save_profile

    with open(file, "rb") as source:
        profile = collect_profile(instance, source.read())
    save_profile(path, profile)
    count = len(profile.functions)
    echo(f"{path}: {count:,} function{' was' if count == 1 else 's were'} called", err=True)


def _late_options(words: list[str], function: str | None) -> tuple[list[str], str | None, list[str]]:
    """Removes ``--invoke NAME`` and ``--env K=V`` from before the guest's arguments; ``--`` ends them.

    Returns the remaining arguments, the function's name, and the settings of the environment.
    """
    settings: list[str] = []
    while words:
        name, _, value = words[0].partition("=")
        if name in ("--invoke", "--func", "--env") and (value or len(words) > 1):
            taken = 1 if value else 2
            value = value or words[1]
            if name == "--env":
                settings.append(value)
            else:
                function = value
            del words[:taken]
            continue
        if words[0] == "--":
            del words[0]
        break
    return words, function, settings


def _find_function(module: Module, arguments: list[str]) -> tuple[list[str], str | None]:
    """The arguments and the function of ``wasmz FILE FUNC ARGS``: the first word may name an exported function."""
    if arguments and _function_type(module, arguments[0]) is not None:
        return arguments[1:], arguments[0]
    if arguments:
        hint = suggest(arguments[0], _functions(module))
        raise WrongUsage(f"the module exports no function {arguments[0]!r}, and it is not a command{hint}")
    return arguments, None


def _functions(module: Module) -> list[str]:
    return [name for name in module.exports if _function_type(module, name) is not None]


def _function_type(module: Module, name: str) -> FuncType | None:
    """The type of an exported function; ``None`` if there is none with this name."""
    export = module.exports.get(name)
    return export.type if export is not None and isinstance(export.type, FuncType) else None


class _Tracer(ResourceLimiter):
    """Allows all growth and prints it."""

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        echo(f"[memory] {current:,} -> {desired:,} bytes", err=True)
        return True

    def table_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        echo(f"[table] {current:,} -> {desired:,} elements", err=True)
        return True


def _instantiate(
    module: Module, config: WasiConfig, given: Mapping[str, Any], limiter: ResourceLimiter | None
) -> Instance:
    linker = Linker(module.engine)
    define_program(linker, module, config, on_failure=_end_process, source=given["file"])
    if given.get("stub", False):
        linker.define_unknown_as_traps(module)
    store = Store(module.engine, limiter=limiter)
    timeout = given.get("timeout")
    if timeout is not None:
        store.set_deadline(timeout)
    return Instance(store, module, linker)


def _invoke(instance: Instance, module: Module, name: str, words: list[str]) -> None:
    type = _function_type(module, name)
    if type is None:
        raise WrongUsage(f"the module exports no function {name!r}{suggest(name, _functions(module))}")
    if len(words) != len(type.params):
        raise WrongUsage(f"{name} is {type}, but got {len(words)} argument{'' if len(words) == 1 else 's'}")
    arguments = [_parse(word, wanted) for word, wanted in zip(words, type.params, strict=True)]
    result = instance.call(name, *arguments)
    results = () if not type.results else result if isinstance(result, tuple) else (result,)
    for value, kind in zip(results, type.results, strict=True):
        echo(_shown(value, kind))


def _parse(word: str, wanted: ValType | RefType) -> Any:
    try:
        if wanted in (ValType.I32, ValType.I64):
            bits = 32 if wanted is ValType.I32 else 64
            number = int(word, 0)
            if -(1 << bits - 1) <= number < 1 << bits:
                return number
        elif wanted in (ValType.F32, ValType.F64):
            return float.fromhex(word) if "0x" in word.lower() else float(word)
        elif wanted is ValType.V128:
            # As vectors are printed: bytes in memory order.
            content = bytes.fromhex(word.removeprefix("0x"))
            if len(content) == 16:
                return content
        elif isinstance(wanted, RefType):
            if word == "null" and wanted.nullable:
                return None
            if wanted.heap_type is HeapType.EXTERN:
                return word
    except (ValueError, OverflowError):
        pass
    raise WrongUsage(f"{word!r} is not a value of type {wanted}")


def _shown(value: Any, kind: ValType | RefType) -> str:
    """A result in the form that :func:`_parse` accepts, if there is one."""
    if kind is ValType.V128:
        return f"0x{value.hex()}"
    return "null" if value is None else str(value)
