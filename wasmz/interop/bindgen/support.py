"""wasm-bindgen's helpers in Python, for one instance: its heap of objects, strings, slices, closures.

    Support(instance, glue).namespace["h_addHeapObject"]("text")     -> 132, the number by which the module knows it

The functions have wasm-bindgen's names, after ``h_``. Both of its variants are here: objects in a heap of the host's,
and in the module's own table of references.
"""

from __future__ import annotations

from wasmz.interop.javascript import operations, standard
from wasmz.interop.javascript.values import (
    KINDS,
    UNDEFINED,
    ArrayBuffer,
    BigInt,
    Callable_,
    JavaScriptError,
    TypedArray,
    as_object,
    caught,
    encode_text,
    from_python,
    type_error,
)
from wasmz.interop.javascript.vocabulary import BUILTINS, COMMON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.interop.bindgen.glue import Glue
    from wasmz.runtime.link.instance import Instance

_FORMATS = {
    "i8": "b",
    "u8": "B",
    "i16": "h",
    "u16": "H",
    "i32": "i",
    "u32": "I",
    "i64": "q",
    "u64": "Q",
    "f32": "f",
} | {"f64": "d"}
_ARRAYS = {
    "I8": "Int8Array",
    "U8": "Uint8Array",
    "I16": "Int16Array",
    "U16": "Uint16Array",
    "I32": "Int32Array",
    "U32": "Uint32Array",
    "I64": "BigInt64Array",
    "U64": "BigUint64Array",
    "F32": "Float32Array",
    "F64": "Float64Array",
}
_PASSED = {"8": "Uint8Array", "16": "Uint16Array", "32": "Uint32Array", "64": "BigUint64Array"} | {
    "F32": "Float32Array",
    "F64": "Float64Array",
}


# The helpers that are the same for all instances.
_HELPERS: dict[str, Any] = {
    "h_debugString": standard.debug_string,
    "h_isLikeNone": COMMON["is_nullish"],
}


class Holder:
    """What stands for an object of the module's.

    Attributes:
        _ptr: where it is in the module's memory; 0 once it has been freed, or given away to the module.
    """

    __slots__ = ("__weakref__", "_ptr")

    _ptr: int


def _holder(value: Any) -> Holder:
    """A value that is one. ``JavaScriptError``: it is something else, such as an object of the user's."""
    if isinstance(value, Holder):
        return value
    raise type_error(f"an object of the module's is wanted, not {operations.typeof(value)}")


def _class_of_holders(kind: Any) -> Any:
    """A class that is one of them. ``JavaScriptError``: it is something else."""
    if isinstance(kind, type) and issubclass(kind, Holder):
        return kind
    raise type_error("Right-hand side of 'instanceof' is not callable")


class Closure(Callable_):
    """A function of the module's, with what it holds there, which is freed when the module lets go of it.

    Attributes:
        a, b: the module's numbers for it; ``a`` is 0 once it is gone, and while it runs, if it is to run once only.
        cnt: how many hold it.
    """

    __slots__ = ("a", "b", "cnt", "drop", "function", "is_mutable")

    def __init__(
        self, a: int, b: int, function: Callable[..., Any], drop: Callable[..., Any], is_mutable: bool
    ) -> None:
        self.name = "closure"
        self.a: int = a
        self.b: int = b
        self.cnt: int = 1
        self.function: Callable[..., Any] = function
        self.drop: Callable[..., Any] = drop
        self.is_mutable: bool = is_mutable

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        a = self.a
        if not a:
            raise JavaScriptError("closure invoked recursively or after being dropped")
        self.cnt += 1
        if self.is_mutable:
            self.a = 0
        try:
            return self.function(a, self.b, *args)
        finally:
            self.a = a
            self.release()

    def release(self) -> bool:
        """Lets go of it; whether nobody holds it any more."""
        self.cnt -= 1
        if self.cnt == 0:
            a, self.a = self.a, 0
            self.drop(a, self.b)
        return self.cnt == 0

    def glue_get(self, name: str) -> Any:
        """For the glue: its state is its own."""
        if name == "original":
            return self
        return getattr(self, name) if name in ("a", "b", "cnt") else UNDEFINED

    def glue_put(self, name: str, value: Any) -> None:
        """For the glue, which counts who holds it."""
        if name in ("a", "b", "cnt"):
            setattr(self, name, operations.to_integer(value))


operations.METHODS[Closure] = {
    **operations.METHODS[Callable_],
    "_wbg_cb_unref": lambda closure: (closure.release(), UNDEFINED)[1],
}


# Older modules do not want the alignment, which JavaScript's calls give them all the same.
_ALLOCATING = ("__wbindgen_malloc", "__wbindgen_realloc", "__wbindgen_free")


def _with_fewer(function: Any) -> Any:
    """A function of the module's that ignores arguments past those that it has names for."""
    taken = len(function.wasmz_func.type.params)
    return lambda *args: function(*args[:taken])


class Support:
    """The helpers of one instance.

    Attributes:
        namespace: in which translated functions run: what they are made of, by name.
        unused: pointers to objects of the module's that no Python object stands for any more, and what frees them.
    """

    def __init__(self, instance: Instance, glue: Glue) -> None:
        self.instance: Instance = instance
        self.glue: Glue = glue
        self.length: list[int] = [0]
        self.unused: list[tuple[Callable[..., Any], int]] = []
        self.namespace: dict[str, Any] = {"__builtins__": BUILTINS, **COMMON, **_HELPERS, "h_length": self.length}
        self.memory: Any = instance.first_memory
        self.buffer: ArrayBuffer = ArrayBuffer(b"", self.memory)
        self._make_heap()
        self._make_table()
        self._make_memory()
        self._make_objects()

    def export(self, name: str) -> Any:
        """An export of the module; one that is missing raises an error when it is called."""
        exports = self.instance.exports
        if name in exports:
            found = exports[name]
            return _with_fewer(found) if name in _ALLOCATING else found
        return operations.missing(f"the module's export {name}")

    def drain(self) -> None:
        """Frees what is not used any more. Only where the module may be called: never in the middle of its code."""
        while self.unused:
            free, pointer = self.unused.pop()
            try:
                free(pointer)
            except JavaScriptError:
                # The module still holds it: it panicked while it used it.
                pass

    def _make_heap(self) -> None:
        first = _first_number(self.glue, "dropObject", 132)
        heap: list[Any] = [UNDEFINED] * (first - 4) + [UNDEFINED, None, True, False]
        free: list[int] = []
        borrowed = [first - 4]

        def add(value: Any) -> int:
            if free:
                index = free.pop()
                heap[index] = value
                return index
            heap.append(value)
            return len(heap) - 1

        def drop(index: int) -> None:
            if first <= index < len(heap) and heap[index] is not _FREE:
                heap[index] = _FREE
                free.append(index)

        def get(index: int) -> Any:
            value = heap[index] if 0 <= index < len(heap) else _FREE
            if value is _FREE:
                raise JavaScriptError(f"there is no object {index}")
            return value

        def take(index: int) -> Any:
            value = get(index)
            drop(index)
            return value

        def borrow(value: Any) -> int:
            if borrowed[0] <= 1:
                raise JavaScriptError("out of js stack")
            borrowed[0] -= 1
            heap[borrowed[0]] = value
            return borrowed[0]

        def give_back() -> None:
            if borrowed[0] < first - 4:
                heap[borrowed[0]] = UNDEFINED
                borrowed[0] += 1

        self.heap: list[Any] = heap
        self.namespace.update(
            h_addHeapObject=add,
            h_dropObject=drop,
            h_getObject=get,
            h_takeObject=take,
            h_addBorrowedObject=borrow,
            h_give_back=give_back,
        )
        self.add_object: Callable[[Any], int] = add
        self.take_object: Callable[[int], Any] = take

    def _make_table(self) -> None:
        """The variant with references: their table, and the exports that keep it."""
        names = self.glue.wasm_names("addToExternrefTable0")
        taking = self.glue.wasm_names("takeFromExternrefTable0")
        if len(names) >= 2:
            allocate, table = self.export(names[0]), self.export(names[1])

            def add(value: Any) -> int:
                index: int = allocate()
                table.set(index & 0xFFFF_FFFF, value)
                return index

            self.add_object = self.namespace["h_addToExternrefTable0"] = add
        if taking:
            from_table = self.export(taking[0])
            release = self.export(taking[-1])

            def take(index: int) -> Any:
                value = from_table.get(index & 0xFFFF_FFFF)
                release(index)
                return value

            self.take_object = self.namespace["h_takeFromExternrefTable0"] = take
        storing = self.glue.wasm_names("handleError")

        def failed(error: BaseException) -> None:
            # Not before it is known that the module may have it: `caught` raises the others.
            value = caught(error)
            if not storing:
                raise error
            self.export(storing[-1])(self.add_object(value))

        self.namespace["h_failed"] = failed

    def _make_memory(self) -> None:
        memory, namespace, length = self.memory, self.namespace, self.length
        for kind, format in _FORMATS.items():
            namespace[f"h_load_{kind}"] = _loader(memory, format)
            namespace[f"h_store_{kind}"] = _storer(memory, format)

        def text(start: int, size: int) -> str:
            try:
                return memory.read(start & 0xFFFF_FFFF, size & 0xFFFF_FFFF).decode()  # type: ignore[no-any-return]
            except UnicodeDecodeError:
                raise type_error("the module's string is not UTF-8") from None

        def pass_text(value: Any, allocate: Any, reallocate: Any = None) -> int:
            if not isinstance(value, str):
                raise type_error(f"a string is wanted, not {operations.typeof(value)}")
            data = encode_text(value)
            start: int = allocate(len(data), 1) & 0xFFFF_FFFF
            memory.write(start, data)
            length[0] = len(data)
            return start

        namespace.update(
            h_memory=lambda: self,
            h_getStringFromWasm0=text,
            h_getCachedStringFromWasm0=lambda start, size: text(start, size) if start else self.take_object(size),
            h_passStringToWasm0=pass_text,
        )
        for name, kind in _ARRAYS.items():
            namespace[f"h_getArray{name}FromWasm0"] = self._slice_reader(kind)
        namespace["h_getClampedArrayU8FromWasm0"] = self._slice_reader("Uint8ClampedArray")
        for name, kind in _PASSED.items():
            namespace[f"h_passArray{name}ToWasm0"] = self._slice_writer(kind)
        self._make_slices_of_objects()

    def _slice_reader(self, kind: str) -> Callable[[int, int], TypedArray]:
        buffer = self.buffer
        return lambda start, count: TypedArray(kind, buffer, start & 0xFFFF_FFFF, count & 0xFFFF_FFFF)

    def _slice_writer(self, kind: str) -> Callable[[Any, Any], int]:
        size = KINDS[kind][1]

        def pass_array(value: Any, allocate: Any) -> int:
            source = as_object(value)
            if not isinstance(source, (TypedArray, list)):
                raise type_error(f"numbers are wanted ({kind}), not {operations.typeof(value)}")
            count = len(source)
            start: int = allocate(count * size, size) & 0xFFFF_FFFF
            target = TypedArray(kind, self.buffer, start, count)
            if isinstance(source, TypedArray) and KINDS[source.kind][1] == size and kind[0] == source.kind[0] == "F":
                target.part()[:] = source.part()
            elif (
                isinstance(source, TypedArray)
                and KINDS[source.kind][1] == size
                and "F" not in (kind[0], source.kind[0])
            ):
                # Integers of one size differ in their signs only.
                target.part()[:] = source.part()
            else:
                operations.set_items(target, source)
            self.length[0] = count
            return start

        return pass_array

    def _make_slices_of_objects(self) -> None:
        memory = self.memory
        dropping = self.glue.wasm_names("getArrayJsValueFromWasm0")

        def pass_objects(values: Any, allocate: Any) -> int:
            items = operations.iterate(values)
            start: int = allocate(len(items) * 4, 4) & 0xFFFF_FFFF
            for place, item in enumerate(items):
                memory.write_value(start + 4 * place, "I", self.add_object(from_python(item)) & 0xFFFF_FFFF)
            self.length[0] = len(items)
            return start

        def objects(start: int, count: int) -> list[Any]:
            indices = memory.slice(start & 0xFFFF_FFFF, 4 * (count & 0xFFFF_FFFF)).cast("I").tolist()
            if not dropping:
                return [self.take_object(index) for index in indices]
            table = self.export(dropping[0])
            found = [table.get(index) for index in indices]
            self.export(dropping[-1])(start, count)
            return found

        self.namespace["h_passArrayJsValueToWasm0"] = pass_objects
        self.namespace["h_getArrayJsValueFromWasm0"] = self.namespace["h_getArrayJsValueViewFromWasm0"] = objects

    def _make_objects(self) -> None:
        def assert_class(value: Any, kind: Any) -> None:
            if not isinstance(value, _class_of_holders(kind)):
                raise type_error(f"expected instance of {kind.__name__}")

        def wrap(kind: Any, pointer: int) -> Any:
            return _class_of_holders(kind)._of(operations.to_int32(pointer))

        def unwrap(kind: Any, value: Any) -> int:
            return release(value) if isinstance(value, _class_of_holders(kind)) else 0

        def own(value: Any, pointer: int) -> None:
            _holder(value)._ptr = operations.to_int32(pointer)

        def release(value: Any) -> int:
            holder = _holder(value)
            pointer, holder._ptr = holder._ptr, 0
            return pointer

        self.namespace.update(
            h__assertClass=assert_class,
            h__assertNum=lambda value: None,
            h__assertBigInt=lambda value: None,
            h__assertBoolean=lambda value: None,
            h__assertNonNull=lambda value: None,
            h_wrap=wrap,
            h_unwrap=unwrap,
            h_own=own,
            h_release=release,
            h_pointer=lambda value: value._ptr if isinstance(value, Holder) else 0,
            h_makeMutClosure=lambda *args: self._closure("makeMutClosure", args),
            h_makeClosure=lambda *args: self._closure("makeClosure", args),
        )

    def _closure(self, helper: str, args: tuple[Any, ...]) -> Closure:
        a, b, *rest = args
        function = rest[-1]
        names = self.glue.wasm_names(helper) or self.glue.wasm_names("makeMutClosure")
        names = names or ["__wbindgen_destroy_closure"]
        drop = rest[0] if len(rest) > 1 else self.export(names[0])
        if isinstance(drop, int):
            index, table = drop, self.export(names[0])

            def drop(a: int, b: int) -> None:
                table.get(index)(a, b)

        return Closure(a, b, function, drop, helper == "makeMutClosure")


_FREE = object()
operations.PROPERTIES[Support] = {"buffer": lambda support: support.buffer}


def _loader(memory: Any, format: str) -> Callable[[int], Any]:
    read = memory.read_value
    return lambda place: read(place & 0xFFFF_FFFF, format)


def _storer(memory: Any, format: str) -> Callable[[int, Any], None]:
    write = memory.write_value
    if format in "fd":
        return lambda place, value: write(place & 0xFFFF_FFFF, format, operations.to_double(value))
    if format in "qQ":
        return lambda place, value: write(place & 0xFFFF_FFFF, "Q", operations.to_int64(value))
    mask = {"b": 0xFF, "B": 0xFF, "h": 0xFFFF, "H": 0xFFFF}.get(format, 0xFFFF_FFFF)
    upper = format.upper()
    return lambda place, value: write(place & 0xFFFF_FFFF, upper, operations.to_int32(value) & mask)


def _first_number(glue: Glue, helper: str, otherwise: int) -> int:
    function = glue.functions.get(helper)
    for kind, text in () if function is None else function.body:
        if kind == "number" and text.isdecimal() and 4 < int(text) < 100_000:
            return int(text)
    return otherwise


__all__ = ["BigInt", "Closure", "Support"]
