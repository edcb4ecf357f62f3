"""Programs: modules that run to their end, with arguments, input and output, like a shell's commands.

    run("prog.wasm", ["-v"], stdin=b"input", dirs={"/data": "data"}, timeout=2)
    -> RunResult(args=("prog.wasm", "-v"), returncode=0, stdout=b"output", stderr=b"", trap=None)

The command line's `wasmz run` does the same (``cli/running.py``).
"""

from __future__ import annotations

import os
from io import BytesIO

from wasmz.errors import Interrupted, Trap, UnsupportedFeature, WasiExit, WasmException, bounded, shown
from wasmz.module import Module, linker_of, read_bytes
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.link.store import Store
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.startup.concurrency import load
from wasmz.startup.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from wasmz.component.component import Component
    from wasmz.module import Source
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.engine import Engine
    from wasmz.runtime.wasi.memory_files import MemoryFileSystem
    from wasmz.runtime.wasi.threads import WasiThreads

# The exit code of a program that trapped, as in `wasmz run`.
_AFTER_TRAP = 1


class RunResult(Record):
    """The outcome of a program, much like ``subprocess.CompletedProcess``.

    Attributes:
        args: the program's name and its arguments.
        returncode: its exit status; 1 if it trapped.
        stdout, stderr: its output: bytes, text with ``text=True``, or ``None`` if it was not captured.
        trap: the trap or uncaught exception that ended it; ``Interrupted`` after a timeout; otherwise ``None``.
    """

    args: tuple[str | bytes, ...]
    returncode: int
    stdout: Any = None
    stderr: Any = None
    trap: Trap | WasmException | None = None

    @property
    def timed_out(self) -> bool:
        """Whether it was stopped by the timeout."""
        return isinstance(self.trap, Interrupted)

    @shown
    def __repr__(self) -> str:
        parts = [f"{name}={bounded(repr(getattr(self, name)))}" for name in ("args", "returncode", "stdout", "stderr")]
        return f"RunResult({', '.join(parts)}, trap={self.trap!r})"

    def check_returncode(self) -> None:
        """Raises the trap if there is one, and ``WasiExit`` if the exit status is not 0."""
        if self.trap is not None:
            raise self.trap
        if self.returncode:
            raise WasiExit(self.returncode)


def run(
    source: Source | Module | Component,
    args: Sequence[str | bytes] = (),
    *,
    stdin: Any = None,
    env: Mapping[str, str] | None = None,
    dirs: Mapping[str, str | os.PathLike[str] | MemoryFileSystem] | Iterable[str | os.PathLike[str]] = (),
    timeout: float | None = None,
    imports: Mapping[str, Mapping[str, Any]] | None = None,
    engine: Engine | None = None,
    capture_output: bool = True,
    text: bool = False,
    check: bool = False,
    allow_network: Iterable[str] = (),
    allow_http: Iterable[str] = (),
) -> RunResult:
    """Compiles a program, runs it to its end, and returns the outcome.

    It gets only what is given here: no files, environment variables or input unless they are given.

    Args:
        source: bytes, a path, a binary file, or a compiled module or component.
        args: the arguments after the program's name, which is that of the file.
        stdin: its input: bytes, text, a binary file, or ``"inherit"`` for this process's.
        env: its environment.
        dirs: directories that it may use, by the guest's names for them: paths, or in-memory file systems. Or just
            paths, which have the same names for the guest.
        timeout: seconds until it is stopped.
        imports: definitions of imports besides WASI and emscripten's, as for ``instantiate``. Of a component,
            instances by name, as for ``component.Linker.define_instance``.
        engine: an engine with another configuration than the default, such as limits of memory and fuel.
        capture_output: whether the result has its output; otherwise it goes to this process's.
        text: whether the output in the result is decoded as UTF-8.
        allow_network, allow_http: hosts, as ``HOST[:PORT]``, that a component may reach by sockets, and by HTTP
            requests; see :meth:`WasiConfig.allow_network`.
        check: whether traps, and exit statuses other than 0, are raised (:meth:`RunResult.check_returncode`).

    Raises:
        InvalidWasm, UnsupportedFeature, LinkError, OSError: those of compiling and linking.
        ValueError: it is not a program: a module that exports neither ``_start`` nor a main function, or a component
            that does not export ``wasi:cli/run``.
        RuntimeError: there is a timeout, but this system has no threads.
    """
    program: Any = source if isinstance(source, Module) or hasattr(source, "syntax") else _compile(engine, source)
    name = _name_of(source)
    outputs = (bytearray(), bytearray()) if capture_output else ("inherit", "inherit")
    given = (name, *args)
    config = WasiConfig(given, env, stdin.encode() if _is_text(stdin) else stdin, *outputs)
    for guest, host in _by_name(dirs):
        config.preopen_dir(host, guest)
    config.allow_network(*allow_network).allow_http(*allow_http)
    end = _run_module if isinstance(program, Module) else _run_component
    status, trap = end(program, config, given, timeout, imports, source)
    result = RunResult(given, status, _shown(outputs[0], text), _shown(outputs[1], text), trap)
    if check:
        result.check_returncode()
    return result


def _run_module(
    module: Module,
    config: WasiConfig,
    given: Sequence[str | bytes],
    timeout: float | None,
    imports: Mapping[str, Mapping[str, Any]] | None,
    source: object,
) -> tuple[int, Trap | WasmException | None]:
    """Runs a module; its exit status, and the trap if one ended it."""
    linker = Linker(module.engine) if imports is None else linker_of(module.engine, imports)
    store = Store(module.engine)
    status, trap = 0, None
    with store:
        failures: list[BaseException] = []

        def stop(error: BaseException) -> None:
            failures.append(error)
            store.interrupt()

        threads = define_program(linker, module, config, on_failure=stop, source=source)
        if timeout is not None:
            store.set_deadline(timeout)
        try:
            status = run_program(Instance(store, module, linker), given)
        except (Trap, WasmException) as error:
            status, trap = _outcome(failures[0] if failures else error)
        finally:
            if threads is not None:
                threads.stop()
    return status, trap


def _run_component(
    component: Component,
    config: WasiConfig,
    given: Sequence[str | bytes],
    timeout: float | None,
    imports: Mapping[str, Mapping[str, Any]] | None,
    source: object,
) -> tuple[int, Trap | WasmException | None]:
    """The same of a component."""
    load("wasmz.component.commands")
    from wasmz.component.commands import run_command

    load("wasmz.component.linker")
    from wasmz.component.linker import Linker as ComponentLinker

    linker = ComponentLinker(component.engine)
    linker.define_wasi(config)
    for name, items in (imports or {}).items():
        linker.define_instance(name, items)
    with Store(component.engine) as store:
        if timeout is not None:
            store.set_deadline(timeout)
        try:
            return run_command(linker.instantiate(store, component)), None
        except (Trap, WasmException) as error:
            return _outcome(error)


def define_program(
    linker: Linker,
    module: CompiledModule,
    config: WasiConfig,
    *,
    on_failure: Callable[[BaseException], None],
    source: object = None,
) -> WasiThreads | None:
    """Defines the imports of programs: WASI and, if the module imports them, threads and emscripten's functions.

    Args:
        linker: gets the definitions; those it has for emscripten's functions stay.
        module: the program.
        config: what the guest gets.
        on_failure: called in a guest's thread with what ended it.
        source: the program's path, beside which its JavaScript is, if it needs that.

    Returns:
        The guest's threads, if it may start any.
    """
    linker.define_wasi(config)
    threads = None
    if any((item.module_name, item.name) == ("wasi", "thread-spawn") for item in module.imports):
        load("wasmz.runtime.wasi.threads")
        from wasmz.runtime.wasi.threads import define_threads

        threads = define_threads(linker, module, on_failure=on_failure)
    if linker.missing(module) or any(item.module_name == "env" for item in module.imported_funcs):
        # Imported only here: most programs have all that they import by now.
        load("wasmz.interop.registry")
        from wasmz.interop.registry import FAMILIES, define_found, runner_of

        for name in define_found(linker, module, lambda: _glue_beside(source) if runner_of(module) else None):
            if FAMILIES[name].runs:
                load(FAMILIES[name].file).configure(linker, module, config)
    return threads


def _glue_beside(source: object) -> str | None:
    load("wasmz.interop.files")
    from wasmz.interop.files import glue_beside

    return glue_beside(source) if isinstance(source, (str, os.PathLike)) else None


def is_program(module: CompiledModule) -> bool:
    """Whether a module can be run: it is a WASI command, or has a main function as emscripten exports it."""
    return module.is_command or _has_main(module) or (_may_be_of_javascript(module) and _runner_of(module) is not None)


def run_program(instance: Instance, args: Sequence[str | bytes]) -> int:
    """Runs a program to its end; returns its exit status, from 0 to 255, unless it calls ``proc_exit``.

    Raises:
        ValueError: the module is not a program.
        WasiExit, Trap, WasmException: it ended by these.
    """
    runner = _runner_of(instance.module) if _may_be_of_javascript(instance.module) else None
    if runner is not None:
        status: int = runner.run_main(instance, args)
        return status & 0xFF
    if instance.is_command:
        instance.run_start_function()
        return 0
    if not _has_main(instance.module):
        raise ValueError("the module is not a program: it exports neither _start nor a main function")
    load("wasmz.runtime.link.emscripten")
    from wasmz.runtime.link.emscripten import call_constructors, run_main

    call_constructors(instance)
    return run_main(instance, args) & 0xFF


def _has_main(module: CompiledModule) -> bool:
    load("wasmz.runtime.link.emscripten")
    from wasmz.runtime.link.emscripten import has_main

    return has_main(module)


def _may_be_of_javascript(module: CompiledModule) -> bool:
    """Whether a module imports anything else than WASI and the C library: most programs do not."""
    return any(item.module_name not in ("wasi_snapshot_preview1", "env", "wasi") for item in module.imported_funcs)


def _runner_of(module: CompiledModule) -> Any:
    """What runs a program that is of JavaScript's world."""
    load("wasmz.interop.registry")
    from wasmz.interop.registry import runner_of

    return runner_of(module)


def _compile(engine: Engine | None, source: Any) -> Module | Component:
    if hasattr(source, "read"):
        # It may have to be read again, if it has a component.
        source = _Input(source)
    given = (source,) if engine is None else (engine, source)
    try:
        return Module.compile(*given)
    except UnsupportedFeature as error:
        if error.proposal != "component-model":
            raise
    load("wasmz.component.component")
    from wasmz.component.component import Component

    if isinstance(source, _Input):
        source.seek(0)
    return Component.compile(*given)


class _Input(BytesIO):
    """What a file has from its position on, with its name."""

    def __init__(self, file: Any) -> None:
        super().__init__(read_bytes(file))
        self.name: Any = getattr(file, "name", None)


def _name_of(source: Any) -> str:
    """The name of a program: that of its file."""
    name = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
    return os.path.split(name)[1] if isinstance(name, (str, os.PathLike)) else "main.wasm"


def _by_name(dirs: Any) -> Iterable[tuple[str, Any]]:
    if hasattr(type(dirs), "keys"):
        return [(name, dirs[name]) for name in dirs]
    return [(os.fspath(path), path) for path in dirs]


def _is_text(stdin: Any) -> bool:
    return isinstance(stdin, str) and stdin != "inherit"


def _outcome(error: BaseException) -> tuple[int, Any]:
    """The exit status of a program that ended with this error, and the trap if it is one."""
    if isinstance(error, WasiExit):
        return error.exit_code, None
    if isinstance(error, (Trap, WasmException)):
        # While the program is there: an exception of C++ asks it for its text.
        str(error)
        return _AFTER_TRAP, error
    # An exception of the host, from one of the guest's threads.
    raise error


def _shown(output: Any, text: bool) -> Any:
    if not isinstance(output, bytearray):
        return None
    return output.decode(errors="replace") if text else bytes(output)
