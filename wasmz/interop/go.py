"""Go and TinyGo for JavaScript (``GOOS=js``): programs that import ``gojs``, without a browser.

    define(linker, module)
    bind(instance, None)["add"](1, 2)      -> 3: what the program's `main` set in the global object

A program gets JavaScript's standard objects, time, randomness, and two streams to write to. It has no files: ``fs`` is
there, but its functions fail with ``ENOSYS``, as in Go's own JavaScript for browsers.
"""

from __future__ import annotations

import os
import time
from weakref import WeakValueDictionary

from wasmz.errors import WasiExit
from wasmz.interop.go_values import GoValues
from wasmz.interop.javascript.operations import (
    call_method,
    construct,
    delete,
    get,
    instance_of,
    put,
    to_int32,
    to_string,
)
from wasmz.interop.javascript.promises import Jobs, Promise, promise_class
from wasmz.interop.javascript.standard import GLOBALS
from wasmz.interop.javascript.streams import write_text, writer_of
from wasmz.interop.javascript.values import (
    UNDEFINED,
    ArrayBuffer,
    Builtin,
    Callable_,
    JavaScriptError,
    TypedArray,
    as_object,
    call,
    caught,
    encode_text,
    from_python,
    shown_to_users,
)
from wasmz.runtime.calls.adapters import make_host_adapter
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.limits.checkpoints import LONGEST_WAIT
from wasmz.runtime.limits.inside import run_inside
from wasmz.startup.concurrency import load
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from wasmz.runtime.calls.host import Caller, Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance
    from wasmz.runtime.wasi.wasi_config import WasiConfig

MODULES = ("gojs", "go")
_WASI = "wasi_snapshot_preview1"
# Where a program's arguments are written, and where they have to end.
_ARGUMENTS, _ARGUMENTS_END = 4_096, 12_288
_MASK = 0xFFFF_FFFF


def define(linker: Definitions, module: CompiledModule, glue: str | None = None) -> None:
    """Defines what a program imports of ``gojs``, and WASI for TinyGo's, as far as nobody has."""
    for item in module.imported_funcs:
        if item.module_name not in MODULES or not isinstance(item.type, FuncType):
            continue
        if linker.get(item.module_name, item.name) is None and item.name in FUNCTIONS:
            linker.define(item.module_name, item.name, GoImport(item.name, item.type))
    missing = [item for item in module.imports if item.module_name == _WASI and linker.get(_WASI, item.name) is None]
    if missing:
        load("wasmz.runtime.wasi.functions")
        from wasmz.runtime.wasi.functions import add_to_linker

        add_to_linker(linker, None)


def bind(instance: Instance, glue: str | None, globals: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Runs the program until it waits, and gives what it set in the global object, and what it exports.

    ``globals`` are put into the global object before.

    Raises:
        WasiExit: it ended with a status other than 0.
    """
    program = program_of(instance)
    program.globals.update({name: from_python(value) for name, value in (globals or {}).items()})
    exports = instance.exports
    found = {name: exports[name] for name in exports if name not in ("run", "resume", "getsp", "mem")}
    if "run" in exports:
        program.start(["js"])
    elif "_start" in exports:
        try:
            exports["_start"]()
        except WasiExit as ended:
            # The end of `main`: what TinyGo's programs export can be called all the same.
            program.status = ended.exit_code or None
    program.settle()
    if program.status:
        raise WasiExit(program.status)
    found.update(program.results())
    return found


def configure(linker: Definitions, module: CompiledModule, config: WasiConfig) -> None:
    """Gives a program the streams and the environment of a configuration."""
    for item in module.imported_funcs:
        defined = linker.get(item.module_name, item.name)
        if isinstance(defined, GoImport):
            defined.config = config


def is_program(module: CompiledModule) -> bool:
    """Whether a module is a program of Go's, which ``run_main`` runs."""
    exports = module.exports
    return all(name in exports for name in ("run", "resume", "getsp")) and any(
        item.module_name in MODULES for item in module.imported_funcs
    )


def run_main(instance: Instance, args: Sequence[str | bytes]) -> int:
    """Runs a program to its end; gives its status."""
    program = program_of(instance)
    program.start([arg if isinstance(arg, str) else os.fsdecode(arg) for arg in args])
    program.finish()
    return program.status or 0


class GoImport(HostFunc):
    """A function of ``gojs``: made anew for each instance."""

    __slots__ = ("config", "name")

    def __init__(self, name: str, type: FuncType) -> None:
        super().__init__(_unlinked, type.params, type.results, caller=True)
        self.name: str = name
        self.config: WasiConfig | None = None

    def make_code(self, caller: Caller | None, name: str) -> Callable[..., Any]:
        if caller is None:
            return make_host_adapter(_unlinked, self.type, name, None)
        program = program_of(caller.instance)
        if self.config is not None:
            program.configure(self.config)
        # Go passes the address of its arguments; TinyGo the arguments.
        is_go = self.type == FuncType((ValType.I32,)) and self.name != "runtime.sleepTicks"
        function = getattr(program, FUNCTIONS[self.name]) if is_go else program.tiny(self.name)
        return make_host_adapter(function, self.type, name, None)


def _unlinked(*args: Any) -> Any:
    raise RuntimeError("a function of gojs belongs to an instance")


# By the ids of their instances.
_programs: WeakValueDictionary[int, Program] = WeakValueDictionary()


def program_of(instance: Instance) -> Program:
    """The one that all imports of an instance share."""
    program = _programs.get(id(instance))
    if program is None:
        program = _programs[id(instance)] = Program(instance)
    return program


class Program:
    """A program at work.

    Attributes:
        status: its exit status, once it has ended.
        write: what its output goes to: a function of a descriptor and bytes.
        environment: its environment.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance: Instance = instance
        self.status: int | None = None
        self.write: Callable[[int, bytes], None] = write_text
        self.environment: Mapping[str, str] = {}
        self.jobs: Jobs = Jobs()
        self.timers: dict[int, int] = {}
        self._last_timer: int = 0
        own: dict[str, Any] = {**GLOBALS, "Promise": promise_class(self.jobs)}
        own.update(globalThis=own, self=own, **self._system())
        own["setTimeout"] = Builtin("setTimeout", self._set_timeout)
        own["queueMicrotask"] = Builtin(
            "queueMicrotask", lambda job: self.jobs.add(lambda: _ignore(call(job, UNDEFINED, ())))
        )
        self.globals: dict[str, Any] = own
        self._given: dict[str, Any] = dict(own)
        self.go: dict[str, Any] = {
            "_pendingEvent": None,
            "_makeFuncWrapper": Builtin("_makeFuncWrapper", self._wrapper),
        }
        self.values: GoValues = GoValues(own, self.go)
        self._callbacks: dict[int, Any] = {}

    @property
    def memory(self) -> Any:
        """The program's memory."""
        return self.instance.first_memory

    def configure(self, config: WasiConfig) -> None:
        """Takes streams and environment of a WASI guest."""
        streams = {1: writer_of(config.stdout, 1), 2: writer_of(config.stderr, 2)}
        self.environment = config.env

        def write(descriptor: int, data: bytes) -> None:
            streams[2 if descriptor == 2 else 1](data)

        self.write = write

    # --- running ---

    def start(self, args: list[str]) -> None:
        """Runs the program until it waits or ends."""
        place, pointers = _ARGUMENTS, []
        texts = args + [f"{name}={self.environment[name]}" for name in sorted(self.environment)]
        data = bytearray()
        for text in texts:
            pointers.append(place + len(data))
            data += os.fsencode(text) + b"\0"
            data += bytes(-len(data) % 8)
        table = place + len(data)
        words = [*pointers[: len(args)], 0, *pointers[len(args) :], 0]
        if table + 8 * len(words) >= _ARGUMENTS_END:
            raise ValueError("the arguments and the environment are too long for a program of Go's")
        self.memory.write(place, bytes(data))
        for at, word in enumerate(words):
            self.memory.write_value(table + 8 * at, "Q", word)
        self.instance.exports["run"](len(args), table)
        self.jobs.run()

    def resume(self) -> None:
        """Goes on with the program, for what has happened."""
        if self.status is not None:
            raise JavaScriptError("Go program has already exited")
        exports = self.instance.exports
        exports["resume" if "resume" in exports else "go_scheduler"]()

    def settle(self) -> None:
        """Runs jobs, and what is due."""
        run_inside(self.instance, self._settle, ())

    def wait_for(self, promise: Promise) -> Any:
        """Runs the program until a promise has a result."""
        run_inside(self.instance, self._wait, (promise,))
        return promise.result()

    def finish(self) -> None:
        """Runs the program to its end. One that waits for nothing is told so, as under node, and ends with an error."""
        run_inside(self.instance, self._finish, ())

    def _settle(self) -> None:
        self.jobs.run()
        while self.status is None and any(due <= time.monotonic_ns() for due in self.timers.values()):
            self._fire()

    def _wait(self, promise: Promise) -> None:
        self.jobs.run()
        while promise.state == "pending" and self.timers and self.status is None:
            self._fire()

    def _finish(self) -> None:
        while self.status is None:
            if self.timers:
                self._fire()
            else:
                self.go["_pendingEvent"] = {"id": 0}
                self.resume()
                self.jobs.run()
                if self.status is None and not self.timers:
                    self.status = 2

    def _fire(self) -> None:
        """Waits for the next timer, and goes on."""
        number = min(self.timers, key=self.timers.__getitem__)
        delay = self.timers[number] - time.monotonic_ns()
        while delay > 0:
            # In parts, between which this can be stopped.
            time.sleep(min(delay / 1e9, LONGEST_WAIT))
            delay = self.timers[number] - time.monotonic_ns()
        job = self._callbacks.pop(number, None)
        if job is not None:
            del self.timers[number]
            call(job, UNDEFINED, ())
        else:
            # Go removes it by itself, as it may be early.
            self.timers[number] = time.monotonic_ns() + 1_000_000
            self.resume()
            if "resume" not in self.instance.exports or "run" not in self.instance.exports:
                self.timers.pop(number, None)
        self.jobs.run()

    def _set_timeout(self, job: Any, delay: Any = 0) -> int:
        number = self._timer(max(0, to_int32(delay)) * 1_000_000)
        self._callbacks[number] = job
        return number

    def _timer(self, nanoseconds: int) -> int:
        self._last_timer += 1
        self.timers[self._last_timer] = time.monotonic_ns() + nanoseconds
        return self._last_timer

    def results(self) -> dict[str, Any]:
        """What the program set in the global object, for users."""
        return {
            name: self._shown(value)
            for name, value in self.globals.items()
            if isinstance(name, str) and self._given.get(name, UNDEFINED) is not value
        }

    def _shown(self, value: Any) -> Any:
        return shown_to_users(value, self._function, {})

    def _function(self, function: Callable_) -> Callable[..., Any]:
        def called(*args: Any) -> Any:
            given = tuple([from_python(arg) for arg in args])
            result = run_inside(self.instance, call, (function, UNDEFINED, given))
            if isinstance(result, Promise):
                result = self.wait_for(result)
            self.settle()
            if isinstance(result, BaseException):
                # Go's functions cannot throw: they return their errors.
                raise result
            return self._shown(result)

        called.__name__ = called.__qualname__ = str(function.name)
        return called

    def _wrapper(self, number: Any) -> Builtin:
        """A function of Go's, for JavaScript."""

        def run(*args: Any) -> Any:
            event = {"id": number, "this": UNDEFINED, "args": list(args)}
            self.go["_pendingEvent"] = event
            self.resume()
            return event.get("result", UNDEFINED)

        return Builtin("go", run)

    def _system(self) -> dict[str, Any]:
        """``fs`` and ``process``, without files."""

        def fail(*args: Any) -> Any:
            error = JavaScriptError("not implemented")
            error.properties["code"] = "ENOSYS"
            if args and callable(args[-1]):
                call(args[-1], UNDEFINED, (error,))
                return UNDEFINED
            raise error

        def write_sync(descriptor: Any, data: Any) -> int:
            part = bytes(as_object(data).part())
            self.write(to_int32(descriptor), part)
            return len(part)

        def write(descriptor: Any, data: Any, offset: Any, length: Any, position: Any, done: Any) -> Any:
            whole = as_object(data)
            if to_int32(offset) or to_int32(length) != len(whole) or position is not None:
                return fail(done)
            call(done, UNDEFINED, (None, write_sync(descriptor, whole)))
            return UNDEFINED

        flags = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_EXCL", "O_DIRECTORY")
        names = (
            *("chmod", "chown", "close", "fchmod", "fchown", "fstat", "ftruncate", "lchown", "link", "lstat", "mkdir"),
            *(
                "open",
                "read",
                "readdir",
                "readlink",
                "rename",
                "rmdir",
                "stat",
                "symlink",
                "truncate",
                "unlink",
                "utimes",
            ),
        )
        files: dict[str, Any] = {name: Builtin(f"fs.{name}", fail) for name in names}
        files.update(
            constants=dict.fromkeys(flags, -1),
            writeSync=Builtin("fs.writeSync", write_sync),
            write=Builtin("fs.write", write),
            fsync=Builtin("fs.fsync", lambda descriptor, done: _ignore(call(done, UNDEFINED, (None,)))),
        )
        process = {name: Builtin(f"process.{name}", lambda: -1) for name in ("getuid", "getgid", "geteuid", "getegid")}
        process.update({name: Builtin(f"process.{name}", fail) for name in ("getgroups", "umask", "cwd", "chdir")})
        path = {"resolve": Builtin("path.resolve", lambda *parts: "/".join(map(to_string, parts)))}
        return {"fs": files, "process": {**process, "pid": -1, "ppid": -1}, "path": path}

    # --- Go's functions: each takes the address of its arguments ---

    def _load(self, place: int) -> Any:
        return self.values.unbox(self.memory.read_value(place & _MASK, "Q"))

    def _store(self, place: int, value: Any) -> None:
        self.memory.write_value(place & _MASK, "Q", self.values.box(value))

    def _slice(self, place: int) -> tuple[int, int]:
        start, size = self.memory.read_value(place & _MASK, "QQ")
        return start, size

    def _text(self, place: int) -> str:
        data: bytes = self.memory.read(*self._slice(place))
        return data.decode(errors="replace")

    def _list(self, place: int) -> tuple[Any, ...]:
        start, size = self._slice(place)
        self.memory.slice(start, 8 * size).release()
        return tuple([self._load(start + 8 * at) for at in range(size)])

    def _sp(self) -> int:
        """Where the arguments are by now: code that ran in between may have moved the stack."""
        place: int = self.instance.exports["getsp"]()
        return place & _MASK

    def exit(self, sp: int) -> None:
        self.status = self.memory.read_value((sp & _MASK) + 8, "I") & 0xFF
        self.timers.clear()

    def write_out(self, sp: int) -> None:
        descriptor, start, size = self.memory.read_value((sp & _MASK) + 8, "QQI")
        self.write(descriptor, self.memory.read(start, size))

    def nothing(self, sp: int) -> None:
        pass

    def monotonic(self, sp: int) -> None:
        self.memory.write_value((sp & _MASK) + 8, "Q", time.monotonic_ns())

    def wall(self, sp: int) -> None:
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        self.memory.write_value((sp & _MASK) + 8, "QI", seconds, nanoseconds)

    def schedule(self, sp: int) -> None:
        delay = self.memory.read_value((sp & _MASK) + 8, "q")
        number = self._timer(max(0, delay) * 1_000_000)
        self.memory.write_value((sp & _MASK) + 16, "I", number)

    def unschedule(self, sp: int) -> None:
        self.timers.pop(self.memory.read_value((sp & _MASK) + 8, "I"), None)

    def random(self, sp: int) -> None:
        start, size = self._slice(sp + 8)
        self.memory.slice(start, size)[:] = os.urandom(size)

    def finalize(self, sp: int) -> None:
        self.values.release(self.memory.read_value((sp & _MASK) + 8, "I"))

    def string(self, sp: int) -> None:
        self._store(sp + 24, self._text(sp + 8))

    def get(self, sp: int) -> None:
        result = get(self._load(sp + 8), self._text(sp + 16))
        self._store(self._sp() + 32, result)

    def set(self, sp: int) -> None:
        put(self._load(sp + 8), self._text(sp + 16), self._load(sp + 32))

    def delete(self, sp: int) -> None:
        delete(self._load(sp + 8), self._text(sp + 16))

    def index(self, sp: int) -> None:
        self._store(sp + 24, get(self._load(sp + 8), self.memory.read_value((sp & _MASK) + 16, "q")))

    def set_index(self, sp: int) -> None:
        put(self._load(sp + 8), self.memory.read_value((sp & _MASK) + 16, "q"), self._load(sp + 24))

    def _outcome(self, run: Callable[[], Any], offset: int) -> None:
        """Stores what a function gives or throws, and whether it was given."""
        try:
            result, is_good = run(), 1
        except BaseException as error:
            result, is_good = caught(error), 0
        sp = self._sp()
        self._store(sp + offset, result)
        self.memory.write_value(sp + offset + 8, "B", is_good)

    def call(self, sp: int) -> None:
        value, name, args = self._load(sp + 8), self._text(sp + 16), self._list(sp + 32)
        self._outcome(lambda: call_method(value, name, args), 56)

    def invoke(self, sp: int) -> None:
        function, args = self._load(sp + 8), self._list(sp + 16)
        self._outcome(lambda: call(function, UNDEFINED, args), 40)

    def new(self, sp: int) -> None:
        kind, args = self._load(sp + 8), self._list(sp + 16)
        self._outcome(lambda: construct(kind, args), 40)

    def length(self, sp: int) -> None:
        self.memory.write_value((sp & _MASK) + 16, "Q", to_int32(get(self._load(sp + 8), "length")))

    def prepare_string(self, sp: int) -> None:
        data = encode_text(to_string(self._load(sp + 8)))
        self._store(sp + 16, TypedArray("Uint8Array", ArrayBuffer(data), 0, len(data)))
        self.memory.write_value((sp & _MASK) + 24, "Q", len(data))

    def load_string(self, sp: int) -> None:
        start, size = self._slice(sp + 16)
        self._copy_in(start, size, self._load(sp + 8))

    def instance_of(self, sp: int) -> None:
        self.memory.write_value((sp & _MASK) + 24, "B", instance_of(self._load(sp + 8), self._load(sp + 16)))

    def bytes_to_go(self, sp: int) -> None:
        start, size = self._slice(sp + 8)
        count = self._copy_in(start, size, self._load(sp + 32))
        self.memory.write_value((sp & _MASK) + 40, "QB", max(count, 0), count >= 0)

    def bytes_to_js(self, sp: int) -> None:
        start, size = self._slice(sp + 16)
        count = self._copy_out(self._load(sp + 8), start, size)
        self.memory.write_value((sp & _MASK) + 40, "QB", max(count, 0), count >= 0)

    def _copy_in(self, start: int, size: int, source: Any) -> int:
        """Copies bytes into the memory; gives their number, or -1 if there are none."""
        found = as_object(source)
        if not isinstance(found, TypedArray) or not found.kind.startswith("Uint8"):
            return -1
        part = found.part()[:size]
        self.memory.slice(start, size)[: len(part)] = part
        return len(part)

    def _copy_out(self, target: Any, start: int, size: int) -> int:
        found = as_object(target)
        if not isinstance(found, TypedArray) or not found.kind.startswith("Uint8"):
            return -1
        part = found.part()
        count = min(len(part), size)
        part[:count] = self.memory.read(start, size)[:count]
        return count

    def tiny(self, name: str) -> Callable[..., Any]:
        """The function of this name as TinyGo calls it."""
        load("wasmz.interop.tinygo")
        from wasmz.interop.tinygo import functions_of

        return functions_of(self)[name]


def _ignore(value: Any) -> Any:
    return UNDEFINED


# By the names of the imports: the methods that do it for Go.
FUNCTIONS = {
    "runtime.wasmExit": "exit",
    "runtime.wasmWrite": "write_out",
    "runtime.resetMemoryDataView": "nothing",
    "runtime.nanotime1": "monotonic",
    "runtime.walltime": "wall",
    "runtime.walltime1": "wall",
    "runtime.scheduleTimeoutEvent": "schedule",
    "runtime.clearTimeoutEvent": "unschedule",
    "runtime.getRandomData": "random",
    "runtime.ticks": "monotonic",
    "runtime.sleepTicks": "schedule",
    "syscall/js.finalizeRef": "finalize",
    "syscall/js.stringVal": "string",
    "syscall/js.valueGet": "get",
    "syscall/js.valueSet": "set",
    "syscall/js.valueDelete": "delete",
    "syscall/js.valueIndex": "index",
    "syscall/js.valueSetIndex": "set_index",
    "syscall/js.valueCall": "call",
    "syscall/js.valueInvoke": "invoke",
    "syscall/js.valueNew": "new",
    "syscall/js.valueLength": "length",
    "syscall/js.valuePrepareString": "prepare_string",
    "syscall/js.valueLoadString": "load_string",
    "syscall/js.valueInstanceOf": "instance_of",
    "syscall/js.copyBytesToGo": "bytes_to_go",
    "syscall/js.copyBytesToJS": "bytes_to_js",
}
