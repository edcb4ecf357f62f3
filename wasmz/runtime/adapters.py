"""Adapters between Python's calls and generated code's: Python functions made from a template, one per signature.

For the export of a function (i32, i64) -> i32 that cannot call deeply:

    def add(p0, p1, /):
        if type(p0) is not int or p0 < 0 or p0 > 0x3FFFFFFF:
            p0 = to_i32(p0, what, 1)
        if type(p1) is not int or p1 < 0 or p1 > 0x3FFFFFFF:
            p1 = to_i64(p1, what, 2)
        try:
            r = f(p0, p1)
        except Exception as error:
            trap = translate(error)
            if trap is None:
                raise
            raise trap from error
        return r if r < 0x3FFFFFFF or r < 0x80000000 else r - 0x100000000

Comparing with one-digit constants is what CPython is fastest at, so that the usual argument costs two such comparisons
and a test of the type. Each adapter has a code object of its own, because CPython keeps the caches that make calls fast
in the code object: shared, they would serve only one of the functions.
"""

from __future__ import annotations

import builtins
from types import CellType, CodeType, FunctionType

from wasmz.memo import memoized
from wasmz.runtime import convert, depth
from wasmz.runtime.floats import f32_from_bits, f32_scratch, f32_to_bits
from wasmz.runtime.func import Caller, Func
from wasmz.runtime.traps import EXPORT_FILE, FRAME_KEY, translate
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LETTERS = {
    ValType.I32: "i",
    ValType.I64: "I",
    ValType.F32: "f",
    ValType.F64: "F",
    ValType.V128: "v",
    ValType.FUNCREF: "r",
    ValType.EXTERNREF: "e",
}

_HELPERS: dict[str, Any] = {
    "to_i32": convert.to_i32,
    "to_i64": convert.to_i64,
    "to_f32": convert.to_f32,
    "to_f64": convert.to_f64,
    "to_v128": convert.to_v128,
    "to_funcref": convert.to_funcref,
    "to_reference": convert.to_reference,
    "v128_to_python": convert.v128_to_python,
    "f32_from_bits": f32_from_bits,
    "f32_to_bits": f32_to_bits,
    "f32_scratch": f32_scratch,
    "translate": translate,
    **depth.NAMES,
}
_EXPORT_GLOBALS: dict[str, Any] = {**_HELPERS, FRAME_KEY: "export", "__name__": "wasmz.exports"}
_HOST_GLOBALS: dict[str, Any] = {**_HELPERS, FRAME_KEY: "host", "__name__": "wasmz.imports"}

# Statements that bring a Python value `{v}` into the form of generated code; `{n}` is its number, counted from 1.
_CHECKED_INT = "if type({v}) is not int or {v} < 0 or {v} > 0x3FFFFFFF: {v} = %s({v}, what, {n})"
_INWARD: dict[str, tuple[str, ...]] = {
    "i": (_CHECKED_INT % "to_i32",),
    "I": (_CHECKED_INT % "to_i64",),
    "f": (
        "if type({v}) is not float or {v} != {v}: {v} = to_f32({v}, what, {n})",
        "else:",
        "    f32_scratch[0] = {v}",
        "    {v} = f32_scratch[0]",
    ),
    "F": ("if type({v}) is not float: {v} = to_f64({v}, what, {n})",),
    "v": ("{v} = to_v128({v}, what, {n})",),
    "r": ("if {v} is not None: {v} = to_funcref({v}, what, {n})",),
    "e": (),
    "x": ("{v} = to_reference({v}, types[{k}], what, {n})",),
    "a": ("{v} = to_reference({v}, types[{k}], what, {n})",),
}

# Expressions for the Python value of what generated code keeps in `{v}`.
_OUTWARD = {
    "i": "({v} if {v} < 0x3FFFFFFF or {v} < 0x80000000 else {v} - 0x100000000)",
    "I": "({v} if {v} < 0x3FFFFFFF or {v} < 0x8000000000000000 else {v} - 0x10000000000000000)",
    "v": "v128_to_python({v})",
    "a": "from_any({v})",
}


def export_code(func: Func, name: str, namespace: dict[str, Any], callee: str) -> CodeType:
    """The code of an adapter that has an instance's globals, where ``callee`` is what it calls.

    Code of this kind may take the place of other such code, and of entry forms. The names it needs are put into the
    namespace.
    """
    type = func.type
    template = _global_export_template(_letters(type.params), _letters(type.results), func.is_deep)
    values = _export_values(func, name)
    renamed = {"f": callee, **{variable: f"{variable} of {name}" for variable in values if variable != "f"}}
    for variable in template.co_names:
        if variable in values:
            namespace[renamed[variable]] = values[variable]
        elif variable in _HELPERS:
            namespace[variable] = _HELPERS[variable]
        elif hasattr(builtins, variable):
            namespace[variable] = getattr(builtins, variable)
    names = tuple(renamed.get(variable, variable) for variable in template.co_names)
    return template.replace(co_name=name, co_qualname=name, co_names=names)


def make_export_adapter(func: Func, name: str) -> Callable[..., Any]:
    """The Python function, named ``name``, that calls ``func`` from Python."""
    type = func.type
    template = _export_template(_letters(type.params), _letters(type.results), func.is_deep)
    adapter = _instantiate(template, _EXPORT_GLOBALS, name, _export_values(func, name))
    describe_export(adapter, func, name)
    return adapter


def describe_export(function: Callable[..., Any], func: Func, name: str) -> None:
    """Gives an exported function its documentation, and notes what it is the export of."""
    function.__doc__ = f"{name}{func.type}\n\nA WebAssembly function."
    function.__dict__["wasmz_func"] = func


def _export_values(func: Func, name: str) -> dict[str, Any]:
    """The variables of an export adapter."""
    return {
        "f": func.code,
        "what": _quoted(f"parameter {{}} of {name}"),
        "types": func.type.params,
        "needed_limit": func.store.engine.config.max_call_depth + depth.OUTER_FRAMES,
    }


def make_host_adapter(fn: Callable[..., Any], type: FuncType, name: str, caller: Caller | None) -> Callable[..., Any]:
    """What generated code calls for the Python callable ``fn``; ``caller`` goes first if it is not ``None``."""
    template = _host_template(_letters(type.params), _letters(type.results), caller is not None)
    cells = {"f": fn, "what": _quoted(f"result {{}} of {name}"), "types": type.results, "caller": caller}
    return _instantiate(template, _HOST_GLOBALS, name, cells)


def wrong_results(result: Any, count: int, what: str) -> TypeError:
    """The error for a host function that does not return what its type says."""
    function = what.format("").split(" of ", 1)[1]
    if count == 0:
        return TypeError(f"{function} has no result, but returned {result!r}")
    return TypeError(f"{function} must return a tuple of {count} results, but returned {result!r}")


_HOST_GLOBALS["wrong_results"] = wrong_results


def _quoted(text: str) -> str:
    """Names may have braces, which mean nothing in them."""
    head, _, name = text.partition(" of ")
    return f"{head} of {name.replace('{', '{{').replace('}', '}}')}"


def _letters(types: tuple[ValType, ...]) -> str:
    return "".join([_LETTERS.get(type) or _reference_letter(type) for type in types])


def _reference_letter(type: ValType) -> str:
    """``a`` for references that are not in Python what they are in code (see ``wasmz/runtime/gc``)."""
    if not convert.may_hold_numbers(type):
        return "x"
    if "from_any" not in _HELPERS:
        # Imported only where it is needed.
        from wasmz.runtime.gc.convert import from_any

        _HELPERS["from_any"] = _EXPORT_GLOBALS["from_any"] = _HOST_GLOBALS["from_any"] = from_any
    return "a"


def _instantiate(template: FunctionType, globals: dict[str, Any], name: str, values: dict[str, Any]) -> FunctionType:
    code: CodeType = template.__code__.replace(co_name=name, co_qualname=name)
    closure = tuple(CellType(values[variable]) for variable in code.co_freevars)
    return FunctionType(code, globals, name, None, closure)


def _inward(letter: str, variable: str, position: int, indent: str) -> list[str]:
    return [indent + line.format(v=variable, n=position + 1, k=position) for line in _INWARD[letter]]


def _outward(letter: str, variable: str) -> str:
    return _OUTWARD.get(letter, "{v}").format(v=variable)


def _indented(lines: str) -> list[str]:
    return [" " * 8 + line for line in lines.splitlines()]


@memoized
def _export_template(params: str, results: str, is_deep: bool) -> FunctionType:
    lines = _export_lines(params, results, is_deep)
    return _make_template("f, what, types, needed_limit", lines, _EXPORT_GLOBALS, EXPORT_FILE)


@memoized
def _global_export_template(params: str, results: str, is_deep: bool) -> CodeType:
    source = "\n".join(["if True:", *_export_lines(params, results, is_deep)])
    module = compile(source, EXPORT_FILE, "exec", dont_inherit=True)
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def _export_lines(params: str, results: str, is_deep: bool) -> list[str]:
    names = [f"p{position}" for position in range(len(params))]
    lines = [f"    def call({', '.join(names)}{', /' if names else ''}):"]
    for position, letter in enumerate(params):
        lines += _inward(letter, names[position], position, " " * 8)
    call = f"f({', '.join(names)})"
    lines += _indented(depth.ENTER) if is_deep else ["        try:"]
    returned = [f"r{position}" for position in range(len(results))]
    if not results:
        lines += [f"            {call}"]
    elif len(results) == 1:
        lines += [f"            r0 = {call}"]
    else:
        lines += [f"            {', '.join(returned)} = {call}"]
    lines += [
        "        except Exception as error:",
        "            trap = translate(error)",
        "            if trap is None:",
        "                raise",
        "            raise trap from error",
    ]
    lines += _indented(depth.LEAVE) if is_deep else []
    values = [_outward(letter, name) for letter, name in zip(results, returned, strict=True)]
    if len(values) == 1:
        lines += [f"        return {values[0]}"]
    elif values:
        lines += [f"        return ({', '.join(values)})"]
    return lines


@memoized
def _host_template(params: str, results: str, passes_caller: bool) -> FunctionType:
    names = [f"p{position}" for position in range(len(params))]
    arguments = ["caller"] if passes_caller else []
    arguments += [_outward(letter, name) for letter, name in zip(params, names, strict=True)]
    lines = [f"    def call({', '.join(names)}):"]
    returned = [f"r{position}" for position in range(len(results))]
    if len(results) == 1:
        lines += [f"        r0 = f({', '.join(arguments)})"]
    else:
        lines += [f"        r = f({', '.join(arguments)})"]
        if results:
            lines += [
                f"        if not isinstance(r, (tuple, list)) or len(r) != {len(results)}:",
                f"            raise wrong_results(r, {len(results)}, what)",
                f"        {', '.join(returned)} = r",
            ]
        else:
            lines += ["        if r is not None:", "            raise wrong_results(r, 0, what)"]
    for position, letter in enumerate(results):
        lines += _inward(letter, returned[position], position, " " * 8)
    if returned:
        lines += [f"        return {', '.join(returned)}"]
    return _make_template("f, what, types, caller", lines, _HOST_GLOBALS, "<wasmz host adapter>")


def _make_template(variables: str, lines: list[str], globals: dict[str, Any], filename: str) -> FunctionType:
    source = "\n".join([f"def make({variables}):", *lines, "    return call"])
    made: dict[str, Any] = {}
    exec(compile(source, filename, "exec", dont_inherit=True), globals, made)
    template: FunctionType = made["make"](*[None] * 4)
    return template
