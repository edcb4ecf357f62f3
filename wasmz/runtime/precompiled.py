"""The code that runs when Python imports a precompiled `.pyc`, or runs it as a program.

import lib; lib.add(1, 2)         each export is an attribute of the Python module
python prog.pyc a b               runs a command module with the arguments a and b
"""

from __future__ import annotations

import atexit
import gc
import sys

from wasmz.startup.concurrency import load, without_collections

# Imported modules stay: searching them for garbage takes a tenth of a small program's time.
with without_collections(stays=True):
    from wasmz.config import Config
    from wasmz.errors import LinkError, Trap, WasiExit, WasmException
    from wasmz.runtime.calls.supply import precompiled_supply
    from wasmz.runtime.image import FrozenCode, load_image
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.engine import Engine
    from wasmz.runtime.link.instance import Instance
    from wasmz.runtime.link.linker import Linker
    from wasmz.runtime.link.store import Store
    from wasmz.runtime.wasi.wasi_config import WasiConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from wasmz.interop.exposing import Toolchains

    _T = TypeVar("_T")

# Names that belong to Python and wasmz in a module's namespace, whatever the WebAssembly module exports.
OWN_NAMES = (
    *("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__path__", "__file__", "__cached__"),
    *("__builtins__", "__dict__", "__class__", "__wasm_instance__"),
)

_WASI = ("wasi_snapshot_preview1", "wasi_unstable")


def populate(
    namespace: dict[str, Any], dumped: tuple[tuple[Any, ...], tuple[Any, ...]], limits: dict[str, Any] | None = None
) -> None:
    """Called by the code of a precompiled file: :func:`expose` with its image, and with WASI as the only imports.

    ``limits`` are fields of ``Config``.

    Raises:
        ImportError: the module imports anything else, or another version of wasmz compiled it.
        Trap: if instantiation traps.
    """
    try:
        image = load_image(dumped[0])
    except ValueError as error:
        raise _cannot_import(namespace, f"{error}: compile it again") from None
    engine = Engine(Config(**limits) if limits else None)
    module = CompiledModule(engine, image, precompiled_supply(image, FrozenCode(*dumped[1])))
    try:
        expose(namespace, module)
    except LinkError as error:
        raise _cannot_import(namespace, str(error)) from error


def _cannot_import(namespace: dict[str, Any], reason: str) -> BaseException:
    """The exception to raise: in a program, one that prints one line and exits with code 1."""
    name = namespace.get("__name__")
    return SystemExit(reason) if name == "__main__" else ImportError(f"cannot import {name}: {reason}")


def expose(
    namespace: dict[str, Any],
    module: CompiledModule,
    define_more: Callable[[Linker, CompiledModule, Toolchains | None], None] | None = None,
) -> None:
    """Instantiates a compiled module, and puts its exports into a Python namespace.

    In the main program, a command module is run, and its exit status becomes the process's. ``define_more`` defines
    imports besides WASI; without it there are those of toolchains (docs/interop.md), whose modules give Python
    functions. Exports do not replace names that belong to Python (``OWN_NAMES``); these are reached by
    ``__wasm_instance__``.

    Raises:
        LinkError: it imports anything else.
        Trap: instantiation traps.
    """
    is_main = namespace.get("__name__") == "__main__" and module.is_command
    linker = Linker(module.engine)
    args = sys.argv if is_main else [str(namespace.get("__name__", "module"))]
    linker.define_wasi(WasiConfig(args=args, stdin="inherit", stdout="inherit", stderr="inherit"))
    toolchains = None
    if any(item.module_name not in _WASI for item in module.image.imports):
        # Imported only here: most modules import nothing, or WASI.
        load("wasmz.interop.exposing")
        from wasmz.interop.exposing import Toolchains

        toolchains = Toolchains(module, namespace.get("__file__"))
    if define_more is not None:
        define_more(linker, module, toolchains)
    elif toolchains is not None:
        toolchains.define(linker)
    instance = _instantiate(module, linker, is_main=is_main)
    if toolchains is not None:
        toolchains.finish(instance)
    own = {name: namespace[name] for name in OWN_NAMES if name in namespace}
    namespace.update(instance.exports)
    if toolchains is not None and not is_main:
        namespace.update(toolchains.bind(instance))
    namespace.update(own, __wasm_instance__=instance)
    if is_main:
        # At exit, interpreters search all objects for cycles once more, a twelfth of a small program's run. They skip
        # frozen objects; objects outside cycles are freed all the same.
        atexit.unregister(gc.freeze)
        atexit.register(gc.freeze)
        if toolchains is None or not _run(lambda: toolchains.run_main(instance, args)):
            _run(instance.run_start_function)
    elif instance.is_reactor and (toolchains is None or not toolchains.starts()):
        instance.initialize_reactor()


def run_archive(name: str) -> None:
    """Runs the precompiled command module with this name in the first archive or directory of ``sys.path``."""
    import marshal

    load("zipimport")
    from zipimport import zipimporter

    folder = sys.path[0]
    data = zipimporter(folder).get_data(f"{folder}/{name}")
    exec(marshal.loads(data[16:]), {"__name__": "__main__"})


def _instantiate(module: CompiledModule, linker: Linker, *, is_main: bool) -> Instance:
    def instantiate() -> Instance:
        return Instance(linker.find_store() or Store(module.engine), module, linker)

    # This also runs code of the module: its start function.
    return _run(instantiate) if is_main else instantiate()


def _run(action: Callable[[], _T]) -> _T:
    """The result of the action; if the guest ends in it, the process ends as the guest did."""
    try:
        return action()
    except WasiExit as stopped:
        sys.exit(stopped.exit_code)
    except Trap as trap:
        sys.exit(f"trap: {trap.message}\n{trap.backtrace()}")
    except WasmException as error:
        sys.exit(f"{error}\n{error.backtrace()}")
