"""Blocks that catch exceptions, and throws, for `generator.py`: in the final form or in the legacy proposal's.

    (block $l1 (result i32)                                        try $l1 (result i32)
      (block $l2 (result i64 f32)                                    ...
        (try_table (result i32) (catch $e2 $l2) ...)               catch $e2
        br $l1)                                                      (local.set 7) (local.set 3) ...
      (local.set 7) (local.set 3) ...)                             end

Both behave the same: the first is for wasmtime, which does not know the second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.differential.vocabulary import TYPES

if TYPE_CHECKING:
    from tests.differential.generator import _Function

# What exceptions carry.
TAGS: dict[str, tuple[str, ...]] = {
    "$e0": (),
    "$e1": ("i32",),
    "$e2": ("i64", "f32"),
    "$e3": ("f64", "i32", "i32"),
}
DECLARATIONS = "\n".join(
    f"(tag {name}{' (param ' + ' '.join(types) + ')' if types else ''})" for name, types in TAGS.items()
)
# Where exceptions are kept from one catch to a later throw, in the final form only; null at first.
KEPT = "$kept"


def throw(function: _Function, depth: int) -> str:
    """Throws now and then: a new exception, the one of a clause around, or one that was kept."""
    choices = function.choices
    condition = function.expression("i32", depth)
    if function.caught and choices.chance(40):
        number = choices.below(len(function.caught))
        label, _ = function.caught[number]
        function.caught[number] = (label, True)
        again = f"rethrow {label}" if function.is_legacy else f"(throw_ref (local.get {_variable(label)}))"
        return f"(if {condition} (then {again}))"
    if function.profile.references and choices.chance(20):
        is_there = f"(i32.eqz (ref.is_null (local.get {KEPT})))"
        condition = condition if choices.chance(10) else f"(i32.and {is_there} (i32.ne {condition} (i32.const 0)))"
        return f"(if {condition} (then (throw_ref (local.get {KEPT}))))"
    tag = choices.pick(tuple(TAGS))
    operands = " ".join(function.expression(type, depth) for type in TAGS[tag])
    return f"(if {condition} (then (throw {tag} {operands})))"


def try_statement(function: _Function, depth: int) -> str:
    """A block that catches, whose results go to locals."""
    choices = function.choices
    results = tuple(choices.pick(TYPES) for _ in range(choices.below(3)))
    after = " ".join(f"(local.set {choices.pick(function.locals_of(type))})" for type in reversed(results))
    return f"{try_block(function, results, depth)} {after}"


def try_block(function: _Function, results: tuple[str, ...], depth: int) -> str:
    """A block that catches, and leaves its results."""
    choices = function.choices
    label = function.new_label(results)
    if choices.chance(10) and function.labels:
        # Exceptions thrown in the body go to the next block around in any case.
        function.labels.append(label)
        first = throw(function, depth)
        function.labels.pop()
        body = first + function.body_of(label, depth, results)
        types = _types(results)
        if function.is_legacy:
            return f"(block{types} try {label.name}{types} {body} delegate {function.labels[-1].name})"
        return f"(block {label.name}{types} {body})"
    function.labels.append(label)
    first = throw(function, depth) if choices.chance(50) else ""
    function.labels.pop()
    body = first + function.body_of(label, depth, results)
    tags: list[str] = []
    for _ in range(choices.below(4)):
        tag = choices.pick(tuple(TAGS))
        if tag not in tags:
            tags.append(tag)
    # The last one is for all that are left.
    clauses = [*tags, ""] if choices.chance(40) else tags
    handlers = [_handler(function, label.name, tag, results, depth) for tag in clauses]
    if function.is_legacy:
        return _legacy(label.name, results, body, clauses, handlers)
    return _final(function, label.name, results, body, clauses, handlers)


def _handler(function: _Function, label: str, tag: str, results: tuple[str, ...], depth: int) -> tuple[str, bool]:
    """What is done with the values of a caught exception, and whether that throws it again."""
    choices = function.choices
    take = " ".join(f"(local.set {choices.pick(function.locals_of(type))})" for type in reversed(TAGS.get(tag, ())))
    function.caught.append((label, False))
    again = throw(function, depth) if choices.chance(30) else ""
    # The label of the whole block is the one that branches of a clause may go to.
    rest = function.body_of(function.label_of(label, results), depth, results)
    _, is_thrown_again = function.caught.pop()
    return f"{take} {again} {rest}", is_thrown_again


def _variable(label: str) -> str:
    """The local that keeps the exception of a block's clauses."""
    return f"$x{label[2:]}"


def _types(types: tuple[str, ...]) -> str:
    return f" (result {' '.join(types)})" if types else ""


def _legacy(
    label: str, results: tuple[str, ...], body: str, clauses: list[str], handlers: list[tuple[str, bool]]
) -> str:
    parts = [f"(block{_types(results)} try {label}{_types(results)} {body}"]
    for tag, (handler, _) in zip(clauses, handlers, strict=True):
        parts.append(f"catch {tag} {handler}" if tag else f"catch_all {handler}")
    return " ".join([*parts, "end)"])


def _final(
    function: _Function,
    label: str,
    results: tuple[str, ...],
    body: str,
    clauses: list[str],
    handlers: list[tuple[str, bool]],
) -> str:
    caught = []
    blocks = ""
    after = ""
    for number, (tag, (handler, is_thrown_again)) in enumerate(zip(clauses, handlers, strict=True)):
        target = f"{label}c{number}"
        keeps = function.profile.references and function.choices.chance(30)
        with_reference = is_thrown_again or keeps
        word = ("catch" if tag else "catch_all") + ("_ref" if with_reference else "")
        caught.append(f"({word} {tag} {target})" if tag else f"({word} {target})")
        passed = (*TAGS.get(tag, ()), *(("(ref exn)",) if with_reference else ()))
        blocks = f"(block {target}{_types(passed)} {blocks}"
        if is_thrown_again:
            function.variables.append(_variable(label))
        store = ""
        if is_thrown_again and keeps:
            store = f"(local.set {_variable(label)}) (local.set {KEPT} (local.get {_variable(label)}))"
        elif with_reference:
            store = f"(local.set {_variable(label) if is_thrown_again else KEPT})"
        after += f" br {label}) {store} {handler}"
    protected = f"(try_table{_types(results)} {' '.join(caught)} {body})"
    return f"(block {label}{_types(results)} {blocks} {protected} {after})"
