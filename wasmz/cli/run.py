"""``wasmz run``: runs a command module, or calls one of its exports."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any, BinaryIO

import click

from wasmz.cli.common import FILE, Phases, check_target, compile_file, engine_options, make_engine
from wasmz.cli.guest import GuestOptions
from wasmz.cli.inspect import export_lines
from wasmz.errors import Trap, WasiExit, WasmException
from wasmz.module import Module
from wasmz.runtime.limits.budgets import ResourceLimiter
from wasmz.runtime.link.emscripten import has_main
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.link.store import Store
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.types import FuncType, HeapType, RefType, ValType


@click.command("run", context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False})
@click.argument("file", type=FILE)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--] [ARGS]...")
@click.option(
    "--invoke", "--func", "function", metavar="NAME", help="Call this export with ARGS, and print its results."
)
@click.option("--args", "more", metavar="WORDS", default="", help="More arguments, split as a shell does.")
@click.option("--env", "environment", metavar="K=V", multiple=True, help="Set a variable of the guest's environment.")
@click.option("--inherit-env", is_flag=True, help="Give the guest this process's environment.")
@click.option(
    "--dir", "directories", metavar="HOST[::GUEST]", multiple=True, help="Give the guest a directory (may be repeated)."
)
@click.option("--stdin", type=click.File("rb"), help="A file to read in place of the standard input.")
@click.option("--tcplisten", "addresses", metavar="HOST:PORT", multiple=True, help="Give the guest a listening socket.")
@click.option("--reactor", is_flag=True, help="Call _initialize first.")
@click.option("--stub", is_flag=True, help="Let missing imports trap when they are called.")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Trap when so much time has passed.")
@click.option("--mem-stats", is_flag=True, help="Print memory use to stderr at the end.")
@click.option("--mem-trace", is_flag=True, help="Print to stderr whenever a memory or table is made or grows.")
@click.option("--profile-out", type=click.Path(dir_okay=False), help="Count what runs, for compile --profile-use.")
@engine_options
@click.pass_context
def run_command(
    ctx: click.Context,
    /,
    file: str,
    words: tuple[str, ...],
    function: str | None,
    more: str,
    environment: tuple[str, ...],
    inherit_env: bool,
    directories: tuple[str, ...],
    stdin: BinaryIO | None,
    addresses: tuple[str, ...],
    reactor: bool,
    stub: bool,
    timeout: float | None,
    mem_stats: bool,
    mem_trace: bool,
    profile_out: str | None,
    **options: Any,
) -> None:
    """Run FILE: a command module with ARGS, or one export with --invoke NAME ARGS."""
    phases = Phases()
    if profile_out is not None:
        check_target(file, profile_out)
    engine = make_engine(options, **({} if profile_out is None else {"compile_mode": "smart", "_profiling": True}))
    # `--invoke` may also come after the file, as in `wasmz run FILE --invoke NAME ARGS`.
    arguments, function, late = _late_options(list(words), function)
    try:
        arguments += shlex.split(more)
    except ValueError as error:
        raise click.UsageError(f"--args {more!r}: {error}") from None
    with phases.phase("compile"):
        module = compile_file(engine, file)
    runs_main = function is None and not module.is_command and has_main(module)
    if function is None and not module.is_command and not reactor and not runs_main:
        arguments, function = _find_function(module, arguments)
        if function is None:
            click.echo("\n".join(export_lines(module)))
            return
    try:
        with phases.phase("instantiate"):
            guest = GuestOptions(
                environment=(*environment, *late),
                inherit_env=inherit_env,
                directories=directories,
                stdin=stdin,
                addresses=addresses,
            )
            config = guest.make_config([file, *arguments] if function is None else [file])
            instance = _instantiate(module, config, stub, timeout, _Tracer() if mem_trace else None)
        with phases.phase("run"):
            if reactor or (function is not None and module.is_reactor):
                instance.initialize_reactor()
            if function is not None:
                _invoke(instance, module, function, arguments)
            elif module.is_command:
                instance.run_start_function()
            elif runs_main:
                ctx.exit(_run_main(instance, [file, *arguments]))
    except WasiExit as stopped:
        ctx.exit(stopped.exit_code)
    except (Trap, WasmException) as error:
        _report_trap(error)
        ctx.exit(1)
    finally:
        if mem_stats and "instance" in locals():
            click.echo(f"[memory] {instance.mem_stats()}", err=True)
        if profile_out is not None and "instance" in locals():
            _write_profile(instance, file, profile_out)
        phases.report()


def _report_trap(error: Trap | WasmException) -> None:
    sys.stdout.flush()
    backtrace = error.backtrace()
    message = f"trap: {error.message}" if isinstance(error, Trap) else str(error)
    click.echo(f"wasmz: {message}" + (f"\n{backtrace}" if backtrace else ""), err=True)


def _end_process(error: BaseException) -> None:
    """Ends the guest if one of its threads ends by an error (wasi-threads, "Design choice: termination")."""
    status = 1
    if isinstance(error, WasiExit):
        status = error.exit_code
    elif isinstance(error, (Trap, WasmException)):
        _report_trap(error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)
    sys.stdout.flush()
    sys.stderr.flush()
    # sys.exit would end only a thread.
    os._exit(status & 0xFF)


def _write_profile(instance: Instance, file: str, path: str) -> None:
    """Writes the profile, also if a trap or the guest's exit ended the run."""
    from wasmz.compile.profile import collect_profile, save_profile

    profile = collect_profile(instance, Path(file).read_bytes())
    save_profile(path, profile)
    count = len(profile.functions)
    click.echo(f"{path}: {count:,} function{' was' if count == 1 else 's were'} called", err=True)


def _late_options(words: list[str], function: str | None) -> tuple[list[str], str | None, list[str]]:
    """Takes ``--invoke NAME`` and ``--env K=V`` from before the guest's arguments; ``--`` ends them.

    Returns the remaining arguments, the function's name, and settings of the environment.
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
    """``wasmz FILE FUNC ARGS``: the first word may name an exported function."""
    if arguments and _function_type(module, arguments[0]) is not None:
        return arguments[1:], arguments[0]
    if arguments:
        raise click.UsageError(f"the module exports no function {arguments[0]!r}, and it is no command")
    return arguments, None


def _function_type(module: Module, name: str) -> FuncType | None:
    """The type of an exported function; ``None`` if there is none of that name."""
    export = module.exports.get(name)
    return export.type if export is not None and isinstance(export.type, FuncType) else None


class _Tracer(ResourceLimiter):
    """Allows all growth, and prints it."""

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        click.echo(f"[memory] {current:,} -> {desired:,} bytes", err=True)
        return True

    def table_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        click.echo(f"[table] {current:,} -> {desired:,} elements", err=True)
        return True


def _instantiate(
    module: Module, config: WasiConfig, stub: bool, timeout: float | None, limiter: ResourceLimiter | None
) -> Instance:
    linker = Linker(module.engine)
    linker.define_wasi(config)
    if any((item.module_name, item.name) == ("wasi", "thread-spawn") for item in module.imports):
        from wasmz.runtime.wasi.threads import define_threads

        define_threads(linker, module, on_failure=_end_process)
    if any(item.module_name == "env" for item in module.imported_funcs):
        linker.define_emscripten(module)
    if stub:
        linker.define_unknown_as_traps(module)
    store = Store(module.engine, limiter=limiter)
    if timeout is not None:
        store.set_deadline(timeout)
    return Instance(store, module, linker)


def _run_main(instance: Instance, arguments: list[str]) -> int:
    """Runs a program by emscripten without a start function; its status is the exit code."""
    from wasmz.runtime.link.emscripten import run_main

    instance.initialize_reactor()
    return run_main(instance, arguments) & 0xFF


def _invoke(instance: Instance, module: Module, name: str, words: list[str]) -> None:
    type = _function_type(module, name)
    if type is None:
        raise click.UsageError(f"the module exports no function {name!r}")
    if len(words) != len(type.params):
        raise click.UsageError(f"{name} is {type}, but got {len(words)} argument{'' if len(words) == 1 else 's'}")
    arguments = [_parse(word, wanted) for word, wanted in zip(words, type.params, strict=True)]
    result = instance.call(name, *arguments)
    results = () if not type.results else result if isinstance(result, tuple) else (result,)
    for value, kind in zip(results, type.results, strict=True):
        click.echo(_shown(value, kind))


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
            # As it is printed: bytes in memory order.
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
    raise click.UsageError(f"{word!r} is no {wanted}")


def _shown(value: Any, kind: ValType | RefType) -> str:
    """A result in the form that :func:`_parse` accepts, if there is one."""
    if kind is ValType.V128:
        return f"0x{value.hex()}"
    return "null" if value is None else str(value)
