"""The types of compiled core modules, as components see them."""

from __future__ import annotations

from wasmz.component.types import CoreModuleType, CoreTag
from wasmz.types import GlobalType, MemoryType, TableType, TagType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.component.types import CoreExternType
    from wasmz.runtime.image import ModuleImage


def type_of_image(image: ModuleImage) -> CoreModuleType:
    """What a compiled module imports and exports."""
    spaces: dict[str, list[CoreExternType]] = {
        "func": [image.types[index] for index in image.function_types],
        "tag": [CoreTag(image.types[index]) for index in image.tags],
        "table": [],
        "memory": [],
        "global": [],
    }
    imports: dict[tuple[str, str], CoreExternType] = {}
    functions = tags = 0
    for item in image.imports:
        type = item.type
        made: CoreExternType
        if isinstance(type, TableType):
            spaces["table"].append(type)
            made = type
        elif isinstance(type, MemoryType):
            spaces["memory"].append(type)
            made = type
        elif isinstance(type, GlobalType):
            spaces["global"].append(type)
            made = type
        elif isinstance(type, TagType):
            made = spaces["tag"][tags]
            tags += 1
        else:
            made = spaces["func"][functions]
            functions += 1
        imports[item.module_name, item.name] = made
    spaces["table"] += [table.type for table in image.tables]
    spaces["memory"] += image.memories
    spaces["global"] += [item.type for item in image.globals]
    return CoreModuleType(imports, {export.name: spaces[export.kind][export.index] for export in image.exports})
