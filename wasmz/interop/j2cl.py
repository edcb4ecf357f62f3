"""Java by J2CL (``j2wasm_application``), without a browser.

    define(linker, module)
    instance.exports.execute()

The names of the imports say what they are: ``Date.getTime``, ``get Error.stack``, ``string.indexOf$1``; no JavaScript
is read. String constants are numbered, and their texts are in a section of the module.
"""

from __future__ import annotations

import json
import re

from wasmz.errors import LinkError
from wasmz.interop.javascript.operations import (
    Namespace,
    StandardClass,
    call_method,
    construct,
    get,
    put,
    to_double,
    to_string,
)
from wasmz.interop.javascript.values import UNDEFINED, JavaScriptError
from wasmz.interop.javascript.views import LIBRARY
from wasmz.interop.javascript.vocabulary import COMMON
from wasmz.interop.js_strings import define as define_strings
from wasmz.interop.snippets.session import OfSession, Session, SnippetImport, Snippets, session_of
from wasmz.runtime.link.per_store import Constant
from wasmz.types import FuncType, GlobalType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.calls.host import Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance

MODULE, CONSTANTS = "imports", "string.const"
_SECTION = "string.consts"
_NAME = re.compile(r"(?:(get|set) )?([\w$.?]+?)\.([\w$]+?)(?:\$(\d+))?\Z")
_DOUBLE = re.compile(r"\s*[+-]?(?:NaN|Infinity|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?)\s*\Z", re.ASCII)
_CALL = ".prototype."


def define(linker: Definitions, module: CompiledModule, glue: str | None = None) -> None:
    """Defines what a module imports of JavaScript's library and of J2CL's own, as far as nobody has.

    Raises:
        LinkError: its section of string constants cannot be read.
    """
    snippets = Snippets("", {}, lambda session: {})
    for item in module.imported_funcs:
        if item.module_name == MODULE and isinstance(item.type, FuncType) and linker.get(MODULE, item.name) is None:
            function = _function(item.name, len(item.type.params))
            if function is not None:
                linker.define(MODULE, item.name, SnippetImport(snippets, (MODULE, item.name), function))
    constants = [item for item in module.imports if item.module_name == CONSTANTS and isinstance(item.type, GlobalType)]
    texts = _texts(module) if constants else []
    for item in constants:
        number = int(item.name) if item.name.isdecimal() and len(item.name) < 9 else len(texts)
        if number < len(texts) and linker.get(CONSTANTS, item.name) is None:
            linker.define(CONSTANTS, item.name, Constant(texts[number]))
    define_strings(linker, module)


def bind(instance: Instance, glue: str | None) -> dict[str, Any]:
    """The exports, with Python's values, and what the program has set in the global object."""
    session, exports = session_of(instance), instance.exports
    return {**{name: session.exported(exports[name]) for name in exports}, **session.results()}


def _texts(module: CompiledModule) -> list[str]:
    """The strings of the module's section."""
    sections = module.custom_sections(_SECTION)
    try:
        texts = json.loads(sections[0].decode()) if sections else []
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise LinkError([f"the module's section {_SECTION!r} is no list of strings"])
    return texts


def is_known(name: str) -> bool:
    """Whether a name of an import is one of J2CL's."""
    return _function(name, 1) is not None


def _function(name: str, count: int) -> Any:
    """What an import of some name and number of parameters is; ``None`` if it is a program's own."""
    if name in _OWN:
        return _OWN[name]
    if name in LIBRARY:
        return LIBRARY[name]
    match = _NAME.match(name)
    if match is None:
        return None
    accessor, owner, member = match.group(1), match.group(2), match.group(3)
    found = LIBRARY.get(owner)
    if accessor is not None:
        return _accessor(accessor, owner, found, member, count)
    if member == "constructor" and isinstance(found, StandardClass):
        return lambda *args: construct(found, args)
    if _CALL in owner + "." and member == "call":
        method = owner.rpartition(".")[2]
        return lambda this, *args: call_method(this, method, args)
    if isinstance(found, (Namespace, StandardClass)) and get(found, member) is not UNDEFINED:
        return get(found, member)
    if found is None and owner not in _INSTANCES:
        return None
    return lambda this, *args: call_method(this, member, args)


def _accessor(accessor: str, owner: str, found: Any, member: str, count: int) -> Any:
    """What reads or sets a property: of the first argument, or of a class or the global object."""
    is_static = count == (0 if accessor == "get" else 1)
    if owner == "goog.global":
        return _of_global(accessor, member) if is_static else None
    if found is None and owner not in _INSTANCES:
        return None
    if not is_static:
        if accessor == "get":
            return lambda this: get(this, member)
        return lambda this, value: put(this, member, value)
    # Those of classes that the standard ones do not have are nobody else's.
    if accessor == "get":
        return lambda: UNDEFINED if found is None else get(found, member)
    return lambda value: UNDEFINED


def _of_global(accessor: str, member: str) -> Any:
    if accessor == "get":
        return OfSession(lambda session: lambda: session.globals.get(member, UNDEFINED))
    return OfSession(lambda session: lambda value: session.globals.__setitem__(member, value))


# Objects that J2CL's library knows by these names.
_INSTANCES = ("string", "?", "RegExpResult")
_THROWABLE = "__j2wasm$exception"


def _get_throwable(error: Any) -> Any:
    return error.properties.get(_THROWABLE) if isinstance(error, JavaScriptError) else getattr(error, _THROWABLE, None)


def _set_throwable(error: Any, throwable: Any) -> Any:
    if isinstance(error, JavaScriptError):
        error.properties[_THROWABLE] = throwable
    elif isinstance(error, BaseException):
        setattr(error, _THROWABLE, throwable)
    return UNDEFINED


def _case_ignored(left: str, right: str) -> int:
    left, right = left.lower(), right.lower()
    return 0 if left == right else -1 if COMMON["less"](left, right) else 1


def _cased(change: Callable[[str], str]) -> Callable[[int], int]:
    """The first unit of a character in another case."""
    return lambda unit: ord(_in_units(change(chr(unit & 0xFFFF)))[0])


def _in_units(text: str) -> str:
    first = text.encode("utf-16-le", "surrogatepass")[:2]
    return chr(first[0] | first[1] << 8)


def _names_of_classes(session: Session) -> Callable[[], str]:
    numbers = iter(range(1001, 1 << 62))
    return lambda: f"Class$obf_{next(numbers)}"


_OWN: dict[str, Any] = {
    "gc": lambda: UNDEFINED,
    "j2wasm.CharUtils.charToLowerCase": _cased(str.lower),
    "j2wasm.CharUtils.charToUpperCase": _cased(str.upper),
    "j2wasm.CharUtils.codePointToLowerCase": lambda code: ord(chr(code).lower()[0]),
    "j2wasm.CharUtils.codePointToUpperCase": lambda code: ord(chr(code).upper()[0]),
    "j2wasm.ConsoleUtils.log": OfSession(
        lambda session: lambda method, text: call_method(session.globals["console"], method, (text,))
    ),
    "j2wasm.DoubleUtils.dmod": lambda left, right: COMMON["remainder"](to_double(left), to_double(right)),
    "j2wasm.DoubleUtils.isValidDouble": lambda text: _DOUBLE.match(to_string(text)) is not None,
    "j2wasm.ExceptionUtils.getJavaThrowable": _get_throwable,
    "j2wasm.ExceptionUtils.setJavaThrowable": _set_throwable,
    "j2wasm.StringUtils.compareToIgnoreCase": _case_ignored,
    "j2wasm.StringUtils.equalsIgnoreCase": lambda left, right: left.lower() == right.lower(),
    "j2wasm.StringUtils.generateClassName": OfSession(_names_of_classes),
    "performance.now": LIBRARY["performance"].members["now"],
}
