"""Adapters between Python's calls and generated code's: Python functions made from templates, one per signature.

make_export_adapter(func, "add")(1, -2)          the function for an export: checks, calls, converts
make_host_adapter(print, type, "env.log", None)  the function that generated code calls for a Python callable

``adapter_templates.py`` shows an adapter. Each has a code object of its own, because CPython keeps the inline caches
that make calls fast in the code object: a shared one would serve only one function.
"""

from __future__ import annotations

import builtins
import marshal

from wasmz.errors import bounded
from wasmz.runtime.abi import EXPORT, F32_SCRATCH, FRAME_KEY, HOST, signature_letters
from wasmz.runtime.calls import convert
from wasmz.runtime.limits import depth
from wasmz.runtime.traps.translation import translate
from wasmz.startup.concurrency import load
from wasmz.startup.light import CellType, CodeType, FunctionType
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.abi import TemplateKey
    from wasmz.runtime.calls.func import Func


def wrong_results(result: Any, count: int, what: str) -> TypeError:
    """The error for a host function whose result does not fit its type."""
    function = what.format("").split(" of ", 1)[1]
    if count == 0:
        return TypeError(f"{function} has no result, but returned {result!r}")
    return TypeError(f"{function} must return a tuple of {count} results, but returned {result!r}")


_ZEROS: dict[ValType, Any] = {
    ValType.I32: 0,
    ValType.I64: 0,
    ValType.F32: 0.0,
    ValType.F64: 0.0,
    ValType.V128: bytes(16),
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
    "wrong_results": wrong_results,
    "translate": translate,
    **depth.NAMES,
}
# Helpers that few adapters need, and the files of the runtime that define them.
_LATE_HELPERS = {F32_SCRATCH: "numeric.floats", "from_any": "gc.any_references"}

_EXPORT_GLOBALS: dict[str, Any] = {**_HELPERS, FRAME_KEY: EXPORT, "__name__": "wasmz.exports"}
_HOST_GLOBALS: dict[str, Any] = {**_HELPERS, FRAME_KEY: HOST, "__name__": "wasmz.imports"}

# Code of templates: compiled, or marshalled as in precompiled modules.
made_templates: dict[TemplateKey, CodeType | bytes] = {}


def offer_templates(dumped: dict[TemplateKey, bytes]) -> None:
    """Adds the templates that a precompiled module contains."""
    for key, code in dumped.items():
        made_templates.setdefault(key, code)


def export_code(func: Func, name: str, namespace: dict[str, Any], callee: str) -> CodeType:
    """The code of an export adapter that runs in an instance's globals and calls ``callee`` there.

    Such code may replace other such code, and entry forms, in a function. The names that it needs are added to the
    namespace.
    """
    template = _template("global export", func.type, func.is_deep)
    values = _export_values(func, name)
    renamed = {"f": callee, **{variable: f"{variable} of {name}" for variable in values if variable != "f"}}
    for variable in template.co_names:
        if variable in values:
            namespace[renamed[variable]] = values[variable]
        else:
            _add_global(namespace, variable)
    names = tuple([renamed.get(variable, variable) for variable in template.co_names])
    return template.replace(co_name=name, co_qualname=name, co_names=names)


def make_export_adapter(func: Func, name: str) -> Callable[..., Any]:
    """The Python function, named ``name``, that calls ``func`` from Python."""
    template = _template("export", func.type, func.is_deep)
    adapter = _instantiate(template, _EXPORT_GLOBALS, name, _export_values(func, name))
    describe_export(adapter, func, name)
    return adapter


def describe_export(function: Callable[..., Any], func: Func, name: str) -> None:
    """Gives an exported function its docstring, and the ``Func`` that it exports."""
    function.__doc__ = f"{name}{func.type}\n\nA WebAssembly function."
    # The message of CPython for a wrong number of arguments begins with it.
    function.__qualname__ = describe(func, name).partition(" -> ")[0]
    function.__dict__["wasmz_func"] = func
    function.__dict__["call_async"] = func.call_async


def describe(func: Func, name: str) -> str:
    """A function's name and signature, as in ``add(i32, i32) -> (i32)``."""
    return bounded(f"{name}{func.type}")


def _export_values(func: Func, name: str) -> dict[str, Any]:
    """The variables of an export adapter."""
    return {
        "f": func.code,
        "what": _quoted(f"parameter {{}} of {describe(func, name)}"),
        "types": func.type.params,
        "needed_limit": depth.needed_limit(func.store.engine.config),
    }


def make_host_adapter(fn: Callable[..., Any], type: FuncType, name: str, caller: object) -> Callable[..., Any]:
    """The function that generated code calls for the callable ``fn``. ``caller``, if not ``None``, goes first."""
    template = _template("host", type, caller is not None)
    cells = {"f": fn, "what": _quoted(f"result {{}} of {name}"), "types": type.results, "caller": caller}
    return _instantiate(template, _HOST_GLOBALS, name, cells)


def make_skipping(type: FuncType) -> Callable[..., Any]:
    """An export that does nothing, for exports that cannot be compiled while the interpreter shuts down."""
    zeros = tuple([_ZEROS.get(result) for result in type.results])
    value = zeros if len(zeros) > 1 else zeros[0] if zeros else None
    return lambda *args: value


def _quoted(text: str) -> str:
    """Escapes braces, which names may contain, for ``str.format``."""
    head, _, name = text.partition(" of ")
    return f"{head} of {name.replace('{', '{{').replace('}', '}}')}"


def _template(kind: str, type: FuncType, flag: bool) -> CodeType:
    """The template for a kind and signature."""
    key = (kind, signature_letters(type.params), signature_letters(type.results), flag)
    found = made_templates.get(key)
    if isinstance(found, CodeType):
        return found
    if found is None:
        load("wasmz.runtime.calls.adapter_templates")
        from wasmz.runtime.calls.adapter_templates import make_template

        found = make_template(key)
    else:
        found = marshal.loads(found)
    made_templates[key] = found
    return found


def _instantiate(template: CodeType, globals: dict[str, Any], name: str, values: dict[str, Any]) -> FunctionType:
    for variable in _LATE_HELPERS.keys() & template.co_names:
        _add_global(globals, variable)
    code = template.replace(co_name=name, co_qualname=name)
    closure = tuple([CellType(values[variable]) for variable in code.co_freevars])
    return FunctionType(code, globals, name, None, closure)


def _add_global(namespace: dict[str, Any], name: str) -> None:
    """Adds a name that code uses to its globals, if it is a helper of this file or a built-in function."""
    if name in _HELPERS:
        namespace[name] = _HELPERS[name]
    elif name in _LATE_HELPERS:
        namespace[name] = getattr(load(f"wasmz.runtime.{_LATE_HELPERS[name]}"), name)
    elif hasattr(builtins, name):
        namespace[name] = getattr(builtins, name)
