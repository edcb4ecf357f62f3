"""The name section of a component: names for humans of the component and of its items.

Nothing in it can make a component invalid: from where it is malformed on, it is ignored.
"""

from __future__ import annotations

from wasmz.component.binary.definitions import read_sort
from wasmz.component.binary.scopes import Scope, ScopeReader
from wasmz.errors import InvalidWasm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.component.syntax import Component

_COMPONENT, _SORTS = 0, 1


def read_names(component: Component) -> None:
    """Sets ``component.name`` and ``component.names`` from the first custom section called "component-name"."""
    for section in component.custom_sections:
        if section.name == "component-name":
            try:
                _read_subsections(ScopeReader(component.data, section.start, section.end, Scope()), component)
            except InvalidWasm:
                # What was read so far stands.
                return
            return


def _read_subsections(reader: ScopeReader, component: Component) -> None:
    while reader.pos < reader.end:
        kind = reader.byte()
        size = reader.u32()
        content = reader.part(reader.pos + size)
        reader.take(size)
        if kind == _COMPONENT:
            component.name = content.name()
        elif kind == _SORTS:
            names = component.names.setdefault(read_sort(content), {})
            for _ in range(content.count()):
                index = content.u32()
                names[index] = content.name()
