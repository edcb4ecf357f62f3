"""What components of the suite do when they run: instances, calls, and what is expected of them."""

from __future__ import annotations

import asyncio
import inspect
import math
import struct
from collections.abc import Awaitable
from typing import Any

import wasmz
from wasmz.component import ComponentError, ComponentInstance, Err, Linker, Ok
from wasmz.component.values import attribute_name

# The longest time that a call of an asynchronous function may take, in seconds.
_LONGEST_CALL = 60.0


class Session:
    """The components and instances of one script."""

    def __init__(self) -> None:
        self._engine = wasmz.Engine()
        self._components: dict[str | None, wasmz.Component] = {}
        self._instances: dict[str, ComponentInstance] = {}
        self._current: ComponentInstance | None = None
        self._stores: list[wasmz.Store] = []

    def define(self, command: dict[str, Any], data: bytes) -> str | None:
        """A component: ``module`` instantiates it at once, ``module_definition`` only gives it a name.

        Returns:
            What is wrong, or ``None``.
        """
        component = wasmz.Component.compile(self._engine, data)
        if command["type"] == "module_definition":
            self._components[command.get("name")] = component
            return None
        return self._guarded(lambda: self._take(component, command.get("name")))

    def run(self, command: dict[str, Any], data: bytes) -> str | None:
        """A command that runs something: ``module_instance``, ``action`` or an assertion; the same is returned."""
        kind = command["type"]
        if kind == "module_instance":
            component = self._components[command.get("module")]
            return self._guarded(lambda: self._take(component, command.get("instance")))
        if kind == "assert_uninstantiable":
            return _expect_failure(lambda: self._instantiate(wasmz.Component.compile(self._engine, data)), command)
        if kind == "assert_trap":
            if "action" in command:
                return _expect_failure(lambda: self._invoke(command["action"]), command)
            return _expect_failure(lambda: self._instantiate(wasmz.Component.compile(self._engine, data)), command)
        if kind == "action":
            return self._guarded(lambda: self._invoke(command["action"]))
        return self._guarded(lambda: self._returns(command))

    def close(self) -> None:
        """Ends the session."""
        for store in self._stores:
            store.close()

    @staticmethod
    def _guarded(action: Any) -> str | None:
        try:
            problem: str | None = action()
        except (wasmz.WasmzError, TypeError, ValueError, LookupError, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"
        return problem if isinstance(problem, str) else None

    def _take(self, component: wasmz.Component, name: str | None) -> None:
        self._current = None
        self._current = self._instantiate(component)
        if name is not None:
            self._instances[name] = self._current

    def _instantiate(self, component: wasmz.Component) -> ComponentInstance:
        # What is imported of others has to be in their store.
        named = [name.lstrip("$") for name in self._instances if name.lstrip("$") in component.imports]
        if named:
            store = self._instances[f"${named[0]}" if f"${named[0]}" in self._instances else named[0]].store
        else:
            store = wasmz.Store(self._engine)
            self._stores.append(store)
        linker = Linker(self._engine)
        for name, instance in self._instances.items():
            linker.define_instance(name.lstrip("$"), instance)
        return linker.instantiate(store, component)

    def _invoke(self, action: dict[str, Any]) -> Any:
        instance = self._current if action.get("module") is None else self._instances[action["module"]]
        if instance is None:
            raise LookupError("there is no instance")
        arguments = [_value(item) for item in action.get("args", [])]
        result = instance.exports[action["field"]](*arguments)
        if inspect.iscoroutine(result):
            return asyncio.run(_limited(result))
        return result

    def _returns(self, command: dict[str, Any]) -> str | None:
        expected = command["expected"]
        try:
            result = self._invoke(command["action"])
            if expected and expected[0]["type"] == "result":
                result = Ok(result)
        except ComponentError as error:
            result = Err(error.payload)
        if _is_same(result, expected[0]) if expected else result is None:
            return None
        return f"{command['action']['field']} returned {result!r}, and not {expected!r}"


async def _limited(call: Awaitable[Any]) -> Any:
    # Not in a task of its own, as by `wait_for` on CPython 3.11: another task might make calls that end a deadlock.
    async with asyncio.timeout(_LONGEST_CALL):
        return await call


def _expect_failure(action: Any, command: dict[str, Any]) -> str | None:
    try:
        result = action()
    except wasmz.Trap as trap:
        wanted = (
            command["text"].removeprefix("wasm trap: ").removeprefix("wasm `").replace("` instruction executed", "")
        )
        text = str(trap)
        if wanted in text or any(word in text for word in _OTHER_WORDS.get(wanted, ())):
            return None
        return f"trapped with {text!r}, and not {wanted!r}"
    except (wasmz.WasmzError, LookupError) as error:
        return f"failed with {error!r}"
    return f"returned {result!r}"


# By the suite's message of a trap, which says what one implementation notices first, others that are as right: where
# the specification checks something else before, or in Python's words.
_OTHER_WORDS = {
    "incomplete utf-8 byte sequence": ("unexpected end of data",),
    "string content out-of-bounds": ("string pointer/length out of bounds",),
    "cannot block a synchronous task before returning": ("unknown handle index", "unreachable"),
    "deadlock detected: event loop cannot make further progress": ("cannot block a synchronous task",),
}


def _value(given: dict[str, Any]) -> Any:
    """An argument as Python's value."""
    kind, value = given["type"], given.get("value")
    if kind[0] in "su" and kind[1:].isdigit():
        return int(value)
    if kind in ("f32", "f64"):
        return _float(kind, value)
    if kind == "bool":
        return value if isinstance(value, bool) else value == "true"
    if kind == "list" or kind.startswith("fixed"):
        return [_value(item) for item in value]
    if kind == "tuple":
        return tuple(map(_value, value))
    if kind == "record":
        return {label: _value(item) for label, item in value}
    if kind == "variant":
        payload = value.get("payload")
        return value["case"] if payload is None else (value["case"], _value(payload))
    if kind == "option":
        return None if value is None else _value(value)
    if kind == "result":
        ((case, payload),) = value.items()
        return (Ok if case == "Ok" else Err)(None if payload is None else _value(payload))
    if kind == "map":
        return {_value(key): _value(item) for key, item in value}
    return value


def _float(kind: str, value: str) -> float:
    if value.startswith("nan"):
        return math.nan
    size, format = (4, "<f") if kind == "f32" else (8, "<d")
    number: float = struct.unpack(format, int(value).to_bytes(size, "little"))[0]
    return number


def _is_same(result: Any, expected: dict[str, Any]) -> bool:
    kind, value = expected["type"], expected.get("value")
    if kind in ("f32", "f64"):
        number = _float(kind, value)
        return (math.isnan(number) and math.isnan(result)) or result == number
    if kind in ("list", "tuple") or kind.startswith("fixed"):
        return len(result) == len(value) and all(map(_is_same, result, value))
    if kind == "record":
        return all(_is_same(getattr(result, attribute_name(label)), item) for label, item in value)
    if kind == "variant":
        payload = value.get("payload")
        return result.case == value["case"] and (payload is None or _is_same(result.value, payload))
    if kind == "option":
        return result is None if value is None else _is_same(result, value)
    if kind == "flags":
        return all(label in result for label in value) and len(list(result)) == len(value)
    if kind == "result":
        ((case, payload),) = value.items()
        return type(result).__name__ == case and (payload is None or _is_same(result.value, payload))
    return bool(result == _value(expected))
