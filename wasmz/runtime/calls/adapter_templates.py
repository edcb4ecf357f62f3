"""The code of adapters, made from lines of Python by signature; :mod:`wasmz.runtime.calls.adapters` binds it.

For the export of a function (i32, i64) -> i32 that is not deep, key ("export", "iI", "i", False):

    def call(p0, p1, /):
        if type(p0) is not int or p0 < 0 or p0 > 0x3FFFFFFF:
            p0 = to_i32(p0, what, 1)
        if type(p1) is not int or p1 < 0 or p1 > 0x3FFFFFFF:
            p1 = to_i64(p1, what, 2)
        try:
            r0 = f(p0, p1)
        except Exception as error:
            trap = translate(error)
            if trap is None:
                raise
            raise trap from None
        return r0 if r0 < 0x3FFFFFFF or r0 < 0x80000000 else r0 - 0x100000000

CPython compares fastest with ints of one digit. So the usual argument costs two such comparisons and a test of its
type.

CPython's compiler takes a third of a millisecond for a template. So precompiled modules contain those of their imports
and exports (``prepared_adapters.py``), and this file is imported only for others. The lines are part of the
``FINGERPRINT`` in ``abi.py``, and so of the format of such files.
"""

from __future__ import annotations

from wasmz.runtime.abi import EXPORT_FILE
from wasmz.runtime.limits import depth
from wasmz.startup.light import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.runtime.abi import TemplateKey

# Statements that convert a Python value `{v}` to the form of generated code; `{n}` is its number, counted from 1.
_CHECKED_INT = "if type({v}) is not int or {v} < 0 or {v} > 0x3FFFFFFF: {v} = %s({v}, what, {n})"
_INWARD: Final[dict[str, tuple[str, ...]]] = {
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

# The enclosing function of each kind.
_HEADS: Final = {
    "host": "def make(f, what, types, caller):",
    "export": "def make(f, what, types, needed_limit):",
    "global export": "if True:",
}

# Expressions that convert `{v}` from the form of generated code to Python's.
_OUTWARD: Final = {
    "i": "({v} if {v} < 0x3FFFFFFF or {v} < 0x80000000 else {v} - 0x100000000)",
    "I": "({v} if {v} < 0x3FFFFFFF or {v} < 0x8000000000000000 else {v} - 0x10000000000000000)",
    "v": "v128_to_python({v})",
    "a": "from_any({v})",
}


def make_template(key: TemplateKey) -> CodeType:
    """The code of a function ``call``. Its other names are free variables, or globals if it runs in an instance's.

    The kinds of templates are ``"export"``, ``"global export"`` and ``"host"``.
    """
    filename = "<wasmz host adapter>" if key[0] == "host" else EXPORT_FILE
    code = _inner(compile(template_source(key), filename, "exec", dont_inherit=True, optimize=0))
    return code if key[0] == "global export" else _inner(code)


def template_source(key: TemplateKey) -> str:
    """The source of a template: the function, inside another one whose parameters are its free variables."""
    kind, params, results, flag = key
    lines = _host_lines(params, results, flag) if kind == "host" else _export_lines(params, results, flag)
    return "\n".join([_HEADS[kind], *lines])


def _inward(letter: str, variable: str, position: int, indent: str) -> list[str]:
    return [indent + line.format(v=variable, n=position + 1, k=position) for line in _INWARD[letter]]


def _outward(letter: str, variable: str) -> str:
    return _OUTWARD.get(letter, "{v}").format(v=variable)


def _indented(lines: str) -> list[str]:
    return [" " * 8 + line for line in lines.splitlines()]


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
        "            raise trap from None",
    ]
    lines += _indented(depth.LEAVE) if is_deep else []
    values = [_outward(letter, name) for letter, name in zip(results, returned, strict=True)]
    if len(values) == 1:
        lines += [f"        return {values[0]}"]
    elif values:
        lines += [f"        return ({', '.join(values)})"]
    return lines


def _host_lines(params: str, results: str, passes_caller: bool) -> list[str]:
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
    return lines


def _inner(code: CodeType) -> CodeType:
    return next(constant for constant in code.co_consts if isinstance(constant, CodeType))
