"""The names that emscripten's JavaScript has for what a module calls `a`, `b`, `c`. The file is read, and not run.

    names = read_names(text, module)
    names.imports[("a", "f")]          -> "fd_write"
    names.exports["sqlite3_open"]      -> "ib"

The file has an object with a value for each import. A value that kept its name says it. Where the names of functions
are gone, too, what they do is recognised: by the type that the module has for the import, by words in the function, and
by the order of the entries, which is that of their names. An import that could be several functions is left out.
"""

from __future__ import annotations

import re

from wasmz.interop.embind.names import EMBIND
from wasmz.runtime.emscripten.definitions import letters_of, types_of
from wasmz.runtime.emscripten.exceptions import FUNCTIONS as EXCEPTIONS
from wasmz.runtime.emscripten.exceptions import types_of as types_of_exception
from wasmz.runtime.emscripten.functions import FUNCTIONS
from wasmz.runtime.emscripten.roles import find_exports
from wasmz.runtime.emscripten.system_calls import CALLS
from wasmz.runtime.wasi import functions as wasi
from wasmz.startup.records import Record
from wasmz.types import FuncType, TableType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasmz.runtime.link.compiled_module import CompiledModule

# Longer files are not read to their end, nor are more imports looked for, nor objects within objects without end.
_MOST_CHARACTERS: Final = 1 << 23
_MOST_IMPORTS: Final = 2_000
_MOST_SCANNED: Final = 1 << 22
# Of a function, where it is defined elsewhere.
_BODY: Final = 4_000

_ENTRY: Final = re.compile(
    r"""\s*(?:/\*.{,200}?\*/\s*)?(?:([A-Za-z_$][\w$]*)|"([^"\\\n]*)"|'([^'\\\n]*)')\s*(:|,|\(|\})""", re.DOTALL
)
_START: Final = re.compile(
    r"""\{\s*(?:/\*.{,200}?\*/\s*)?(?:([A-Za-z_$][\w$]*)|"([^"\\\n]*)"|'([^'\\\n]*)')\s*:""", re.DOTALL
)
_CLOSED: Final = re.compile(r"\s*\}")
_FUNCTION: Final = re.compile(
    r"(?<![\w$.])(?:function\s{1,9}([A-Za-z_$][\w$]*)\s{0,9}(?=\()"
    r"|([A-Za-z_$][\w$]*)\s{0,9}=\s{0,9}(?=\(|function|[A-Za-z_$][\w$]*\s{0,9}=>))"
)
_IDENTIFIER: Final = re.compile(r"\s*([A-Za-z_$][\w$]*)\s*$")
# Where a slash begins a regular expression, and divides nothing.
_BEFORE_PATTERN: Final = "(,=:[!&|?{};~+-*%<>^\n"
_PATTERN: Final = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n]){0,200}\]|[^/\\\n\[]){1,400}/")
_EXPORT: Final = re.compile(
    r"""(?:\["_([A-Za-z_]\w*)"\]|[.\s,;({]_([A-Za-z_]\w*))\s?=\s?"""
    r"""(?=[\w$]{1,60}(?:\["asm"\]|\.asm)?(?:\["([\w$]+)"\]|\.([\w$]+))(?![\w$(\[.]|\s?=[^=]))"""
)
_CALLED: Final = re.compile(r"""[\w$](?:\["([\w$]+)"\]|\.([\w$]+))\(\)""")

# A system call where there are no files: any of its type does.
# An export that is given to a function which calls it later.
_PASSED: Final = re.compile(r"""\([\w$]{1,40}(?:\.asm|\["asm"\])?(?:\["([\w$]+)"\]|\.([\w$]+))\)""")
_TABLE: Final = "__indirect_function_table"
_SYSTEM_CALL: Final = "__syscall_"
_STUB: Final = re.compile(r"\)\s*(?:=>)?\s*\{\s*(?:return 0;?\s*)?\}$")
# What an `invoke_xxx` does where a function was left by an exception.
_INVOKING: Final = re.compile(r"\btry\b[^}]{1,200}\}\s*catch\b[^}]{1,200}\(\s*1,\s*0\s*\)")
_FIND_CATCH: Final = "__cxa_find_matching_catch"
_MOST_CAUGHT: Final = 10
_CATCHING: Final = (r"\(\[[\w$, ]{0,60}\]\)",)

_TEXT: Final = r"\?[\w$.]+\((?:[\w$]+,)?[\w$]+\):\"\"|UTF8ToString|getStr\b"
_OF_CALLERS: Final = r"\"_\$\"|methodCaller<"
_DONE: Final = r",0\}|return 0"
# What is in the JavaScript of functions whose types are those of others, too, and with a `!` what is not.
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "__assert_fail": ("Assertion failed",),
    "__syscall_chdir": (_TEXT, _DONE),
    "__syscall_chmod": (_TEXT, _DONE),
    "__syscall_faccessat": (r"&-8|&~7",),
    "__syscall_fchmod": ("!" + _TEXT, _DONE, r"!Date"),
    "__syscall_fchown32": ("!" + _TEXT, r"Date\.now|chown"),
    "__syscall_fcntl64": (r"case 12\b",),
    "__syscall_fstat64": ("!" + _TEXT, "!" + _DONE, r"!-68|length|charCodeAt|40960"),
    "__syscall_ftruncate64": ("!" + _TEXT, r"NaN|4294967296|2097152"),
    "__syscall_getcwd": (r"-68",),
    "__syscall_getdents64": (r"\b280\b",),
    "__syscall_ioctl": (r"\b21505\b",),
    "__syscall_lstat64": (_TEXT, "!" + _DONE, r"!0\)|true|lstat"),
    "__syscall_mkdirat": (_TEXT, _DONE, r"!\b512\b|unlinkat"),
    "__syscall_newfstatat": (r"\b256\b",),
    "__syscall_openat": (r"\.fd\b",),
    "__syscall_poll": (r"\b32\b",),
    "__syscall_readlinkat": (r"Math\.min",),
    "__syscall_renameat": (_TEXT, _DONE),
    "__syscall_rmdir": (_TEXT, _DONE),
    "__syscall_stat64": (_TEXT, "!" + _DONE, r"!!0\)|true|lstat"),
    "__syscall_symlinkat": (_TEXT, _DONE, r"!\b512\b|unlinkat"),
    "__syscall_truncate64": (_TEXT, r"NaN|4294967296|2097152"),
    "__syscall_unlinkat": (r"\b512\b|unlinkat",),
    "__syscall_utimensat": (r"\b1073741823\b",),
    "__syscall_dup": (r"!" + _TEXT, r"\.fd\b"),
    "__syscall_fchdir": ("!" + _TEXT, _DONE, r"\.path\b"),
    "__syscall_fdatasync": ("!" + _TEXT, _DONE, r"!fsync"),
    "_abort_js": (r"abort|\(\"\"\)",),
    "abort": (r"abort|\(\"\"\)",),
    "_emscripten_runtime_keepalive_clear": (r"= ?(?:!1|false|0\b)",),
    "_gmtime_js": (r"getUTC",),
    "_localtime_js": (r"getHours",),
    "_mktime_js": (r"\b1900\b", r"!UTC"),
    "_timegm_js": (r"UTC",),
    "_tzset_js": (r"getTimezoneOffset",),
    "_setitimer_js": (r"setTimeout",),
    "emscripten_date_now": (r"Date\.now",),
    "emscripten_get_heap_max": (r"\b\d{9,10}\b|HEAP8?\.length",),
    "emscripten_get_now": (r"performance\.now",),
    "_emscripten_get_now_is_monotonic": (r"return ?1|=> ?1|=> ?[\w$]+$",),
    "emscripten_resize_heap": (r"\.grow\(|\b\d{9,10}\b|!1|abort|OOM",),
    "_emscripten_memcpy_js": (r"copyWithin",),
    "emscripten_memcpy_big": (r"copyWithin",),
    "environ_get": (r"charCodeAt|forEach|stringTo|for\s?\(", r"!\.length\s?\+\s?1\)?,?\s?0"),
    "environ_sizes_get": (r"length\s?\+\s?1",),
    "fd_close": ("!" + _TEXT, r"!fsync", r"ErrnoError|return 52|=> ?52"),
    "fd_fdstat_get": (r"40960|BigInt\(0\)|\btty\b",),
    "fd_sync": (r"fsync",),
    "exit": (r"exit|\w",),
    "proc_exit": (r"\w",),
    "getentropy": (r"random|crypto",),
    "__call_sighandler": (r"\([\w$]+\)\([\w$]+\)",),
    "__cxa_begin_catch": (r"\.push\(",),
    "__cxa_end_catch": (r"\.pop\(\)",),
    "__cxa_rethrow": (r"no exception to throw",),
    "__cxa_throw": (r"new [\w$]+\([\w$]+\)|throw",),
    "__cxa_uncaught_exceptions": (r"=> ?[\w$]+$|return [\w$]+;?\}$",),
    "__cxa_current_primary_exception": (r"\.length",),
    "__cxa_rethrow_primary_exception": (r"new [\w$]+\(",),
    "__resumeException": (r"new [\w$]+\(|throw",),
    "llvm_eh_typeid_for": (r"=> ?[\w$]+$|return [\w$]+;?\}$",),
    "_embind_create_inheriting_constructor": (r"__parent|constructor",),
    "_embind_register_bigint": (r"",),
    "_embind_register_class_class_function": (r"@@|Cannot call",),
    "_embind_register_class_class_property": (r"Cannot access|access",),
    "_embind_register_class_constructor": (r"constructor ",),
    "_embind_register_class_function": (r"@@|Cannot call",),
    "_embind_register_class_property": (r"Cannot access|access",),
    "_embind_register_emval": ("!throw|Cannot|push|delete",),
    "_embind_register_enum": ("!Cannot",),
    "_embind_register_function": (r"Cannot call", "!@@"),
    "_embind_register_integer": (r"32\s*-\s*8",),
    "_embind_register_memory_view": (r"Int8Array",),
    "_embind_register_std_string": (r"to std::string|\"std::string\"",),
    "_embind_register_std_wstring": (r"C\+\+ string type",),
    "_embind_register_value_array": ("!Cannot",),
    "_embind_register_value_array_element": (r"\.push\(",),
    "_embind_register_value_object": ("!Cannot",),
    "_embind_register_value_object_field": (r"\.push\(",),
    "_embind_register_void": (r"void 0|function\(\)\s*\{\}|\(\) ?=> ?\{\}|undefined",),
    "_embind_finalize_value_array": (r"delete ",),
    "_embind_finalize_value_object": (r"delete ",),
    "_emval_decref": (r"--|-= ?1",),
    "_emval_incref": (r"\+= ?1|\+\+",),
    "_emval_run_destructors": ("!--", "!throw", r"!\[[\w$]+\] ?="),
    "_embind_register_optional": ("!std::string",),
    "_emval_get_method_caller": (_OF_CALLERS,),
    **dict.fromkeys(
        (
            "_emval_delete",
            "_emval_equals",
            "_emval_get_property",
            "_emval_greater_than",
            "_emval_in",
            "_emval_instanceof",
            "_emval_less_than",
            "_emval_strictly_equals",
        ),
        ("!" + _OF_CALLERS, "!_emval_take_value"),
    ),
    "_emval_take_value": ("!" + _OF_CALLERS, r"_emval_take_value|readValueFromPointer"),
    "_emval_typeof": (r"typeof",),
    "strftime_l": (r"^[^{;]{0,90}(?:=> ?|return )[\w$]+\([\w$, ]+\);?\}?$",),
    "_emval_register_symbol": (r"\[[\w$]+\] ?=",),
    "_emval_throw": (r"throw",),
    "_emval_get_global": (r"globalThis|return this|Function",),
    "_emval_get_module_property": ("!globalThis|return this|Function",),
    "_emval_array_to_memory_view": (r"\.set\(",),
    "_embind_register_user_type": ("!void 0",),
    "_embind_register_float": (r"name:",),
    "_embind_register_enum_value": ("!name:",),
}
# What is not imported without what.
_WHOLE: Final[dict[str, tuple[str, ...]]] = {
    f"_embind_register_value_{part}": (f"_embind_register_value_{whole}", f"_embind_finalize_value_{whole}")
    for part, whole in (("array_element", "array"), ("object_field", "object"))
}
# Functions that are in a file of their own, with the types that they may have.
_OTHERS: Final[dict[str, tuple[str, ...]]] = {
    "__assert_fail": ("iiii:",),
    "__call_sighandler": ("ii:",),
    "_abort_js": (":",),
    "abort": (":",),
    "emscripten_date_now": (":d",),
    "emscripten_get_heap_max": (":i",),
    "emscripten_get_now": (":d",),
    "_emscripten_get_now_is_monotonic": (":i",),
    "emscripten_resize_heap": ("i:i",),
    "_emscripten_memcpy_js": ("iii:",),
    "emscripten_memcpy_big": ("iii:", "iii:i"),
    "_emscripten_throw_longjmp": (":",),
    "emscripten_notify_memory_growth": ("i:",),
    "exit": ("i:",),
}


class Names(Record):
    """What a module's imports and exports are called.

    Attributes:
        imports: names of functions, by the module name and name of the import.
        exports: names of exports, by what they are called in C.
        constructors: the export that is to be called before all others, if it has lost its name.
    """

    imports: dict[tuple[str, str], str]
    exports: dict[str, str]
    constructors: str | None


def read_names(text: str, module: CompiledModule) -> Names:
    """Reads emscripten's JavaScript for a module. ``ValueError``: it has no object with the module's imports."""
    text = text[:_MOST_CHARACTERS]
    wanted = [item for item in module.imported_funcs if isinstance(item.type, FuncType)]
    # Imports that have their names need no other.
    short = {item.name: item for item in wanted if item.module_name not in ("env", "wasi_snapshot_preview1")}
    imports: dict[tuple[str, str], str] = {}
    if len(short) > _MOST_IMPORTS:
        raise ValueError(f"the module has more than {_MOST_IMPORTS} imports without names")
    definition = _Definitions(text)
    entries: list[tuple[str, str]] | None = []
    named: dict[str, str] = {}
    if short:
        entries = _find_object(text, set(short))
        if entries is None:
            raise ValueError("this JavaScript has no object with what the module imports")
        types = {key: letters_of(item.type) for key, item in short.items() if isinstance(item.type, FuncType)}
        named = _assign(text, definition, [(key, value) for key, value in entries if key in short], types)
        imports = {(short[key].module_name, key): name for key, name in named.items()}
    exports: dict[str, str] = find_exports(text, module, named, entries or (), definition)
    for first, second, third, fourth in _EXPORT.findall(text):
        key = third or fourth
        if key in module.exports and key not in exports.values():
            exports.setdefault(first or second, key)
    tables = [name for name in module.exports if isinstance(module.exports[name].type, TableType)]
    if len(tables) == 1:
        exports.setdefault(_TABLE, tables[0])
    constructors = None
    if "_initialize" not in module.exports and "__wasm_call_ctors" not in module.exports:
        for first, second in (*_CALLED.findall(text), *_PASSED.findall(text)):
            export = module.exports.get(first or second)
            if export is not None and export.type == FuncType((), ()):
                constructors = first or second
                break
    return Names(imports, exports, constructors)


def _find_object(text: str, keys: set[str]) -> list[tuple[str, str]] | None:
    """The entries of the object that has all these keys, one of them first, with the texts of their values."""
    scanned = 0
    for found in _START.finditer(text):
        if (found[1] or found[2] or found[3]) in keys:
            entries, end = _entries(text, found.start() + 1)
            if entries is not None and keys <= {key for key, _ in entries}:
                return entries
            scanned += end - found.start()
            if scanned > _MOST_SCANNED:
                break
    return None


def _entries(text: str, at: int) -> tuple[list[tuple[str, str]] | None, int]:
    """The entries of an object whose text begins here, if it is a plain one; and where it was left."""
    entries: list[tuple[str, str]] = []
    while True:
        found = _ENTRY.match(text, at)
        if found is None:
            is_end = _CLOSED.match(text, at) is not None
            return entries if is_end and entries else None, at
        key, mark = found[1] or found[2] or found[3] or "", found[4]
        if mark in ",}":
            entries.append((key, key))
            at = found.end()
            if mark == "}":
                return entries, at
            continue
        start = found.end() if mark == ":" else found.start(4)
        end = _end_of_value(text, start)
        if end is None:
            return None, len(text)
        entries.append((key, text[start:end]))
        at = end + 1
        if text[end] == "}":
            return entries, at


def _end_of_value(text: str, at: int) -> int | None:
    """Where a value ends: at the comma or closing bracket behind it."""
    depth = 0
    before = "("
    # In braces of templates.
    templates: list[int] = []
    while at < len(text):
        mark = text[at]
        if mark in "\"'":
            at = _end_of_string(text, at)
        elif mark == "`" or (mark == "}" and templates and templates[-1] == depth):
            if mark == "}":
                templates.pop()
            at, is_open = _end_of_template(text, at)
            if is_open:
                templates.append(depth)
        elif mark == "/" and text[at + 1 : at + 2] in ("/", "*"):
            is_line = text[at + 1] == "/"
            end = text.find("\n" if is_line else "*/", at)
            at = len(text) if end < 0 else end + (0 if is_line else 1)
            at += 1
            continue
        elif mark == "/" and before in _BEFORE_PATTERN:
            found = _PATTERN.match(text, at)
            at = found.end() - 1 if found is not None else at
        elif mark in "([{":
            depth += 1
        elif mark in ")]}":
            if not depth:
                return at if mark == "}" else None
            depth -= 1
        elif mark in ",;" and not depth:
            return at
        if not mark.isspace():
            before = mark
        at += 1
    return None


def _end_of_string(text: str, at: int) -> int:
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    return at


def _end_of_template(text: str, at: int) -> tuple[int, bool]:
    """Where a template ends, or an expression in it begins."""
    at += 1
    while at < len(text) and text[at] != "`":
        if text.startswith("${", at):
            return at + 1, True
        at += 2 if text[at] == "\\" else 1
    return at, False


def _assign(
    text: str, definition: Callable[[str], str], entries: list[tuple[str, str]], types: dict[str, str]
) -> dict[str, str]:
    """The function of each entry, as far as there is one that it must be."""
    catches = [f"{_FIND_CATCH}_{number}" for number in range(2, _MOST_CAUGHT)]
    bound = EMBIND if "BindingError" in text else ()
    known = sorted({*CALLS, *FUNCTIONS, *wasi.FUNCTIONS, *_OTHERS, *bound, *EXCEPTIONS, *catches})
    named: dict[str, str] = {}
    choices: list[tuple[str, list[int]]] = []
    for key, value in entries:
        plain = _IDENTIFIER.match(value)
        if plain is not None:
            name = plain[1]
            if name.startswith("invoke_") or (name[:1] == "_" and _is_name(name[1:], known)):
                named[key] = name if name.startswith("invoke_") else name[1:]
                continue
            value = definition(name)
        if _INVOKING.search(value) is not None:
            # All that have such a body do the same for functions of their type.
            named[key] = f"invoke_{types[key]}"
            continue
        if value:
            fitting = [at for at, name in enumerate(known) if types[key] in _types(name) and _fits(name, value)]
            choices.append((key, fitting))
    present = {known[at] for _, fitting in choices for at in fitting} | set(named.values())
    if not any(name.startswith(_FIND_CATCH) for name in present):
        # Nothing is caught: it can only throw.
        absent = {at for at, name in enumerate(known) if name in EXCEPTIONS and name != "__cxa_throw"}
        choices = [(key, [at for at in fitting if at not in absent]) for key, fitting in choices]
    for part, whole in _WHOLE.items():
        if part not in present:
            absent = {at for at, name in enumerate(known) if name in whole}
            choices = [(key, [at for at in fitting if at not in absent]) for key, fitting in choices]
    stubs = {key for key, value in entries if _STUB.search(definition(value.strip()) or value) is not None}
    return {**{key: known[at] for key, at in _only_order(choices, stubs).items()}, **named}


def _is_name(name: str, known: list[str]) -> bool:
    return name in known or name.startswith(("__s", "__cxa_find_matching_catch", "_embind_", "_emval_"))


def _types(name: str) -> tuple[str, ...]:
    if name in EMBIND:
        return EMBIND[name]
    if name in EXCEPTIONS or name.startswith(_FIND_CATCH):
        return types_of_exception(name)
    return _OTHERS[name] if name in _OTHERS else types_of(name)


def _fits(name: str, body: str) -> bool:
    """Whether a function's text has the words that are in the function of this name."""
    if name.startswith(_SYSTEM_CALL) and _STUB.search(body) is not None:
        return True
    words = _WORDS.get(name, _CATCHING if name.startswith(_FIND_CATCH) else None)
    if words is None:
        # Told by its type and place alone: what no other function has.
        return name in EMBIND or name in (
            "fd_read",
            "fd_write",
            "fd_seek",
            "fd_pread",
            "fd_pwrite",
            "_mmap_js",
            "_munmap_js",
        )
    for word in words:
        is_absent = word.startswith("!") and not word.startswith("!0") and not word.startswith("!1")
        if bool(re.search(word[1:] if is_absent else word, body)) == is_absent:
            return False
    return True


class _Definitions:
    """The functions of a file by their names."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: dict[str, tuple[int, int]] = {}
        for found in _FUNCTION.finditer(text):
            self._starts.setdefault(found[1] or found[2], found.span())

    def __call__(self, name: str) -> str:
        """The function of this name, if there is one that is not too long."""
        start, end = self._starts.get(name, (0, 0))
        if not end:
            return ""
        part = self._text[start : start + _BODY]
        at = end - start
        is_declared = part.startswith("function")
        if is_declared:
            at = part.find("{", at) + 1
        stop = _end_of_value(part, at)
        while is_declared and stop is not None and part[stop] != "}":
            stop = _end_of_value(part, stop + 1)
        return part if stop is None else part[: stop + is_declared]


def _only_order(choices: list[tuple[str, list[int]]], stubs: set[str]) -> dict[str, int]:
    """What each entry must be, if names grow from entry to entry, and as many entries as possible have one.

    Forwards and backwards, for each entry and choice: how many entries before, and after it, can have a name.
    """
    before = [_longest(choices[:at], limit, -1) for at, (_, fitting) in enumerate(choices) for limit in fitting]
    after = [_longest(choices[at + 1 :], limit, 1) for at, (_, fitting) in enumerate(choices) for limit in fitting]
    best = max((one + two for one, two in zip(before, after, strict=True)), default=0)
    found: dict[str, int] = {}
    place, last = 0, -1
    for key, fitting in choices:
        totals = [before[place + number] + after[place + number] for number in range(len(fitting))]
        place += len(fitting)
        good = [name for name, total in zip(fitting, totals, strict=True) if total == best]
        later = [name for name in good if name > last]
        if len(good) == 1 or (key in stubs and later):
            last = found[key] = good[0] if len(good) == 1 else later[0]
    return found


def _longest(choices: list[tuple[str, list[int]]], limit: int, direction: int) -> int:
    """How many entries can have names in order, all of them before (-1) or after (1) a name."""
    # The best last name for each number of entries.
    ends: list[int] = []
    for _, fitting in choices:
        usable = [name for name in fitting if (name < limit if direction < 0 else name > limit)]
        for name in sorted(usable, reverse=True):
            number = sum(1 for end in ends if end < name)
            if number == len(ends):
                ends.append(name)
            else:
                ends[number] = min(ends[number], name)
    return len(ends)
