"""Runs the commands of one script against wasmz.

    run_script(converted, opt_level=2) -> Report(passed=460, text=3, skipped={"SIMD": 12}, failures=[])

A module that needs an unsupported proposal is skipped with every later command that depends on it; the rest runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import wasmz
from tests.spec.suite import CONTRADICTED, REWORDED, SUPERSEDED, Converted
from tests.spec.values import results_mismatch, to_python
from wasmz import ValType

Command = dict[str, Any]

_PRINTERS: dict[str, list[ValType]] = {
    "print": [],
    "print_i32": [ValType.I32],
    "print_i64": [ValType.I64],
    "print_f32": [ValType.F32],
    "print_f64": [ValType.F64],
    "print_i32_f32": [ValType.I32, ValType.F32],
    "print_f64_f64": [ValType.F64, ValType.F64],
}
_F32_666_6 = 0x4426_A666  # 666.6, rounded to single precision


@dataclass(slots=True)
class Report:
    """What came of one script: assertions that hold, those of them about text, what was left out and why."""

    passed: int = 0
    text: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class Skip(Exception):
    """The command depends on something that is not there; the argument says on what."""


class Failure(Exception):
    """The command did not do what the script expects."""


# Counters that run out at once: the first call is in baseline code, which goes on in a continuation at its first loop;
# the second one asks for optimised code.
# How functions are compiled: all in advance; as they are called, and soon again; only by the baseline compiler.
MODES: dict[str, dict[str, Any]] = {
    "eager": {"compile_mode": "eager"},
    "tiers": {"compile_mode": "smart", "_thresholds": (1, 1, 0, 0)},
    "baseline": {"compile_mode": "smart", "_thresholds": (1024, 1 << 60, 0, 0)},
}


def run_script(converted: Converted, opt_level: int, *, mode: str = "eager", fuel: int | None = None) -> Report:
    """Run every command; a failed one does not stop the others."""
    runner = _Runner(converted, opt_level, mode, fuel)
    for command in converted.commands:
        runner.run(command)
    return runner.report


def define_spectest(linker: wasmz.Linker, store: wasmz.Store) -> None:
    """The module ``spectest`` that the scripts import from (the reference interpreter's README, "Spectest")."""

    def ignore(*_: Any) -> None:
        return None

    for name, params in _PRINTERS.items():
        linker.define("spectest", name, wasmz.HostFunc(ignore, params, []))
    numbers = {
        "global_i32": (ValType.I32, 666),
        "global_i64": (ValType.I64, 666),
        "global_f32": (ValType.F32, wasmz.f32_from_bits(_F32_666_6)),
        "global_f64": (ValType.F64, 666.6),
    }
    for name, (value_type, value) in numbers.items():
        linker.define("spectest", name, wasmz.Global(store, wasmz.GlobalType(value_type), value))
    linker.define("spectest", "table", wasmz.Table(store, wasmz.TableType(ValType.FUNCREF, 10, 20), None))
    wide = wasmz.TableType(ValType.FUNCREF, 10, 20, ValType.I64)
    linker.define("spectest", "table64", wasmz.Table(store, wide, None))
    linker.define("spectest", "memory", wasmz.Memory(store, wasmz.MemoryType(1, 2)))
    linker.define("spectest", "shared_memory", wasmz.Memory(store, wasmz.MemoryType(1, 2, shared=True)))


class _Runner:
    """The state of a script: its store, the instances by name, and what could not be made."""

    def __init__(self, converted: Converted, opt_level: int, mode: str, fuel: int | None) -> None:
        self.folder = converted.folder
        self.modules_in_text = converted.modules
        self.superseded = SUPERSEDED.get(converted.name, ())
        self.reworded = REWORDED.get(converted.name, ())
        self.contradicted = CONTRADICTED.get(converted.name, ())
        self.report = Report()
        config = wasmz.Config(
            opt_level=opt_level,
            verify=True,
            use_cache=False,
            fuel=fuel,
            legacy_exceptions=converted.is_legacy,
            **MODES[mode],
        )
        self.engine = wasmz.Engine(config)
        self.store = wasmz.Store(self.engine)
        self.linker = wasmz.Linker(self.engine)
        define_spectest(self.linker, self.store)
        self.modules: dict[str | None, wasmz.Module | Skip] = {}
        self.instances: dict[str | None, wasmz.Instance | Skip] = {}
        self.unregistered: dict[str, Skip] = {}

    def run(self, command: Command) -> None:
        handler = _HANDLERS.get(command["type"])
        report = self.report
        try:
            if handler is None:
                raise Skip(f"command {command['type']}")
            if command["line"] in self.contradicted:
                raise Skip("contradicts a script of version 3.0")
            counts = handler(self, command)
        except Skip as skip:
            report.skipped[str(skip)] += 1
        except wasmz.UnsupportedFeature as error:
            report.skipped[error.proposal] += 1
        except Failure as failure:
            report.failures.append(f"line {command['line']}, {command['type']}: {failure}")
        except Exception as error:
            report.failures.append(f"line {command['line']}, {command['type']}: {type(error).__name__}: {error}")
        else:
            report.passed += bool(counts)

    # Making modules and instances

    def compile(self, command: Command) -> wasmz.Module:
        name = command.get("binary_filename", command["filename"])
        made = self.modules_in_text.get(name)
        return wasmz.Module.compile(self.engine, (self.folder / name).read_bytes() if made is None else made)

    def instantiate(self, module: wasmz.Module) -> wasmz.Instance:
        for item in module.imports:
            if item.module_name in self.unregistered:
                raise self.unregistered[item.module_name]
        return wasmz.Instance(self.store, module, self.linker)

    def define_module(self, command: Command) -> bool:
        name = command.get("name")
        self.modules[name] = self.modules[None] = _module_failed(command)
        self.modules[name] = self.modules[None] = self._noting_unsupported(self.modules, name, self.compile, command)
        return False

    def make_instance(self, command: Command) -> bool:
        module = self.modules[command.get("module")]
        name = command.get("instance")
        if isinstance(module, Skip):
            self.instances[name] = self.instances[None] = module
            raise module
        instance = self._noting_unsupported(self.instances, name, self.instantiate, module)
        self.instances[name] = self.instances[None] = instance
        return False

    def make_module(self, command: Command) -> bool:
        name = command.get("name")
        self.instances[name] = self.instances[None] = _module_failed(command)
        module = self._noting_unsupported(self.instances, name, self.compile, command)
        self.instances[name] = self.instances[None] = self._noting_unsupported(
            self.instances, name, self.instantiate, module
        )
        self.modules[name] = self.modules[None] = module
        return False

    def _noting_unsupported(
        self, table: dict[str | None, Any], name: str | None, make: Callable[..., Any], arg: Any
    ) -> Any:
        """``make(arg)``; where that is skipped, ``table`` says why to the commands that come later."""
        try:
            return make(arg)
        except wasmz.UnsupportedFeature as error:
            table[name] = table[None] = Skip(error.proposal)
            raise
        except Skip as skip:
            table[name] = table[None] = skip
            raise

    def register(self, command: Command) -> bool:
        alias = command["as"]
        instance = self.instances[command.get("name")]
        if isinstance(instance, Skip):
            self.unregistered[alias] = instance
            raise instance
        self.unregistered.pop(alias, None)
        self.linker.define_instance(alias, instance)
        return False

    # Actions

    def act(self, action: Command) -> Any:
        instance = self.instances[action.get("module")]
        if isinstance(instance, Skip):
            raise instance
        if action["type"] == "get":
            return instance.exports[action["field"]].value
        return instance.call(action["field"], *map(to_python, action["args"]))

    def do_action(self, command: Command) -> bool:
        self.act(command["action"])
        return False

    # Assertions

    def assert_return(self, command: Command) -> bool:
        why = results_mismatch(command["expected"], self.act(command["action"]))
        if why:
            raise Failure(f"{command['action']['field']}: {why}")
        return True

    def assert_trap(self, command: Command) -> bool:
        try:
            result = self.act(command["action"])
        except wasmz.Trap as trap:
            return _trap_agrees(trap, command["text"])
        raise Failure(f"{command['action']['field']}: expected a trap {command['text']!r}, got {result!r}")

    def assert_exception(self, command: Command) -> bool:
        try:
            result = self.act(command["action"])
        except wasmz.WasmException:
            return True
        raise Failure(f"{command['action']['field']}: expected an exception, got {result!r}")

    def assert_refused(self, command: Command) -> bool:
        """assert_malformed and assert_invalid: the module does not compile."""
        text = command["text"]
        if text in self.superseded:
            raise Skip(f"superseded: {text} are valid")
        in_text = command["module_type"] == "text" and "binary_filename" not in command
        try:
            self.compile(command)
        except wasmz.InvalidWasm as error:
            if in_text and not self.says(error, text):
                raise Failure(f"expected {text!r}, got {error}") from None
            self.report.text += in_text
            return True
        raise Failure(f"compiled, although: {text}")

    def says(self, error: wasmz.InvalidWasm, text: str) -> bool:
        """Whether an error about a module in the text format is the one that is expected."""
        return isinstance(error, wasmz.InvalidText) and (text in error.reason or text in self.reworded)

    def assert_unlinkable(self, command: Command) -> bool:
        module = self.compile(command)
        try:
            self.instantiate(module)
        except wasmz.LinkError:
            return True
        raise Failure(f"linked, although: {command['text']}")

    def assert_uninstantiable(self, command: Command) -> bool:
        module = self.compile(command)
        try:
            self.instantiate(module)
        except wasmz.Trap as trap:
            return _trap_agrees(trap, command["text"])
        raise Failure(f"instantiated, although: {command['text']}")

    def assert_custom(self, command: Command) -> bool:
        """Wrong contents of custom sections do not make a module invalid; in text, wrong annotations do."""
        if command["module_type"] == "text":
            return self.assert_refused(command)
        self.compile(command)
        return True


def _module_failed(command: Command) -> Skip:
    return Skip(f"the module of line {command['line']} failed")


def _trap_agrees(trap: wasmz.Trap, expected: str) -> bool:
    """The suite's texts are prefixes of an engine's message; "uninitialized element 2" names the element as well."""
    message = trap.message
    if not message.startswith(expected) and not expected.startswith(message):
        raise Failure(f"expected a trap {expected!r}, got {message!r}")
    return True


_HANDLERS: dict[str, Callable[[_Runner, Command], bool]] = {
    "module": _Runner.make_module,
    "module_definition": _Runner.define_module,
    "module_instance": _Runner.make_instance,
    "register": _Runner.register,
    "action": _Runner.do_action,
    "assert_return": _Runner.assert_return,
    "assert_trap": _Runner.assert_trap,
    "assert_exhaustion": _Runner.assert_trap,
    "assert_exception": _Runner.assert_exception,
    "assert_invalid": _Runner.assert_refused,
    "assert_malformed": _Runner.assert_refused,
    "assert_unlinkable": _Runner.assert_unlinkable,
    "assert_uninstantiable": _Runner.assert_uninstantiable,
    "assert_malformed_custom": _Runner.assert_custom,
    "assert_invalid_custom": _Runner.assert_custom,
}
