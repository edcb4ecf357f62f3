"""The contract between generated code and the runtime: `abi.py`, what the compiler writes, and docs/abi.md, agree."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import contract
from wasmz.errors import Trap
from wasmz.runtime import abi

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "abi.md").read_text()


@pytest.mark.generated
def test_fingerprint() -> None:
    """Compiled files are refused where this differs: it must change with what they rely on."""
    assert contract.fingerprint() == abi.FINGERPRINT, "python -m tests.support.contract --write"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (abi.function(0), ("f", 0, [])),
        (abi.function(12345), ("f", 12345, [])),
        (abi.tail_form(1), ("t", 1, [])),
        (abi.adapter(2), ("x", 2, [])),
        (abi.reference(3), ("r", 3, [])),
        (abi.global_value(4), ("g", 4, [])),
        (abi.global_cell(5), ("c", 5, [])),
        (abi.memory(6), ("m", 6, [])),
        (abi.view(0, "I"), ("m", 0, ["I"])),
        (abi.view(10, "b", 16), ("m", 10, ["b", "16"])),
        (abi.view(1, "Q", 0, 8), ("m", 1, ["Q", "0", "8"])),
        (abi.gap(7), ("gap", 7, [])),
        (abi.table(8), ("tab", 8, [])),
        (abi.callees(0, 11, as_tail=False), ("tab", 0, ["f11"])),
        (abi.callees(1, 2, as_tail=True), ("tab", 1, ["t2"])),
        (abi.data_segment(9), ("data", 9, [])),
        (abi.element_segment(10), ("elem", 10, [])),
        (abi.tag(11), ("tag", 11, [])),
        (abi.type_class(12), ("ty", 12, [])),
        (abi.maker(13), ("new", 13, [])),
        (abi.counter(14), ("h", 14, [])),
        (abi.counter(14, 3), ("h", 14, ["3"])),
    ],
)
def test_names_are_read_as_they_are_written(name: str, expected: tuple[str, int, list[str]]) -> None:
    assert abi.parse(name) == expected
    assert expected[0] in abi.KINDS
    assert not abi.is_attribute(name)


def test_other_names_are_not_taken_for_numbered_ones() -> None:
    others = {*contract.helpers(), *abi.BUILTINS, *abi.ATTRIBUTES, abi.field(0), abi.field(123), abi.FUEL}
    others |= {abi.FIRST_CALL, abi.FIRST_TAIL_CALL, abi.REQUEST, abi.TAIL_REQUEST, abi.UNREACHABLE}
    others |= {abi.MORE_FUEL, abi.FUEL_LIMIT, abi.USE_FUEL}
    assert not [name for name in others if abi.parse(name) is not None]
    assert len(others) > 400
    assert abi.is_attribute(abi.field(123))
    assert not abi.is_attribute("field")


def test_every_helper_is_found_by_its_name() -> None:
    from wasmz.runtime.link.find_helpers import find_helper

    for name, helper in contract.helpers().items():
        assert find_helper(name) is helper, name


@pytest.mark.parametrize("number", [-2, -1, 0, 7])
def test_code_forms_are_one_object_each(number: int) -> None:
    form = abi.CodeForm.of(number)
    assert abi.CodeForm.of(number) is form
    assert pickle.loads(pickle.dumps(form)) is form
    assert form.number == number
    assert form.loop == (number if number >= 0 else None)
    assert eval(repr(form), vars(abi)) is form


# What CPython says, on which the classification of its exceptions rests


def _read(name: str) -> Callable[[Any], object]:
    made: Callable[[Any], object] = eval(f"lambda value: value.{name}")
    return made


def _written(value: Any) -> None:
    value.field0 = 1


def _called(value: Any) -> None:
    value.code(1)


@pytest.mark.parametrize("times", [1, 1000])
@pytest.mark.parametrize(
    ("use", "message"),
    [
        (_read("items"), "null array reference"),
        (_read("code"), "null function reference"),
        (_read("tail"), "null function reference"),
        (_read("descriptor"), "null reference"),
        (_read("field12"), "null structure reference"),
        (_written, "null structure reference"),
        (_called, "null function reference"),
    ],
)
def test_messages_about_null(use: Callable[[Any], object], message: str, times: int) -> None:
    """Also where the instruction has been specialised."""
    for _ in range(times):
        with pytest.raises(AttributeError) as caught:
            use(None)
        assert abi.null_message(caught.value) == message


@pytest.mark.parametrize("value", [5, "NoneType", [], object()])
def test_messages_about_other_objects(value: object) -> None:
    with pytest.raises(AttributeError) as caught:
        value.items  # type: ignore[attr-defined]  # noqa: B018
    assert abi.null_message(caught.value) is None
    assert abi.null_message(AttributeError("descriptor")) is None


# The compiler


def _names_given(tree: ast.AST) -> Iterator[ast.expr]:
    """What the calls in a file of code generation give as names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            if node.func.attr in ("load_global", "load_callee", "call_helper", "name_index", "load_attribute"):
                yield from ast.walk(node.args[0])


def test_the_compiler_makes_no_names_itself() -> None:
    """A literal among its names would be known to no one else; those that ``abi`` makes names of are not."""
    found = []
    for path in (ROOT / "wasmz" / "codegen").rglob("*.py"):
        tree = ast.parse(path.read_text())
        within = {id(part) for node in _calls_of_abi(tree) for part in ast.walk(node)}
        for part in _names_given(tree):
            is_text = isinstance(part, ast.JoinedStr) or (
                isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
            if is_text and id(part) not in within:
                found.append(f"{path.name}:{part.lineno}")
    assert found == []


def _calls_of_abi(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "abi":
                yield node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "view_name":
            yield node


# The page


def rows(heading: str) -> list[list[str]]:
    """The cells of all tables in a section of the page."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in cells] for cells in lines]


@pytest.mark.generated
def test_page_has_all_names() -> None:
    text = " ".join(cells[0] for cells in rows("Names in an instance's globals"))
    assert set(re.findall(r"`([a-z]+)<", text)) == abi.KINDS
    plain = set(re.findall(r"`(\w+)`", text))
    assert plain == {
        *(abi.FIRST_CALL, abi.FIRST_TAIL_CALL, abi.REQUEST, abi.TAIL_REQUEST),
        *(abi.EXCEPTION_CLASS, *abi.BUILTINS),
    }


def test_page_has_all_attributes() -> None:
    (listed,) = re.findall(r"Names of attributes are\namong them, and are passed over: (.*)\.", PAGE)
    names = set(re.findall(r"`([\w<>]+)`", listed))
    assert names == {*abi.ATTRIBUTES, abi.field(0).replace("0", "<i>")}


def test_page_has_all_traps() -> None:
    documented = [(*re.findall(r"\w*Error", what), trap) for what, trap in rows("Traps") if "Error" in what]
    declared = [(kind.__name__, Trap(code).code.name) for kind, code in abi.TRAPS.items() if kind is not IndexError]
    declared += [("IndexError", Trap(code).code.name) for code in abi.INDEX_TRAPS.values()]
    assert sorted(documented) == sorted(declared)
    for bits, code in abi.INDEX_TRAPS.items():
        what = f"bit {bits.bit_length() - 1}" if bits else "neither bit"
        assert [trap for cell, trap in rows("Traps") if what in cell] == [Trap(code).code.name]


def _count(parameters: str) -> int | None:
    """How many parameters a function has on the page; ``None`` for any number."""
    if "..." in parameters:
        return None
    return len(parameters.split(",")) if parameters else 0


@pytest.mark.generated
def test_page_has_all_operations() -> None:
    helpers = contract.helpers()
    calls = re.findall(r"`((?:memory|table|data|elem|trap|gc|exn)_\w+)\(([^)`]*)\)", PAGE)
    documented = {name: _count(parameters) for name, parameters in calls}
    assert {name: contract.parameter_count(helpers[name]) for name in documented} == documented
    # Classes and numeric functions are described together.
    named = set(re.findall(r"`(\w+)`", PAGE)) | set(documented)
    families = ("memory_", "table_", "data_", "elem_", "trap_", "gc_", "exn_")
    assert {name for name in helpers if name.startswith(families)} <= named
