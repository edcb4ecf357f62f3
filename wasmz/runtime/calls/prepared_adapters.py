"""The code of adapters in precompiled files, so that a start from one need not compile any.

prepare_templates(image, code)[("host", "i", "", False)]        -> the template of print, imported as (i32) -> ()
used_templates(image)                                           the templates for it that this process has made
"""

from __future__ import annotations

from wasmz.runtime.abi import signature_letters
from wasmz.runtime.calls.adapter_templates import make_template
from wasmz.runtime.calls.adapters import made_templates
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.runtime.abi import TemplateKey
    from wasmz.runtime.image import FrozenCode, ModuleImage
    from wasmz.startup.light import CodeType

# How many signatures of a module are prepared in advance. Other adapters are made when they are called.
_MOST_PREPARED: Final = 32
# The types whose letters mean the same in every module.
_PLAIN: Final = frozenset({ValType.I32, ValType.I64, ValType.F32, ValType.F64, ValType.FUNCREF, ValType.EXTERNREF})


def prepare_templates(image: ModuleImage, code: FrozenCode) -> dict[TemplateKey, CodeType | bytes]:
    """The templates for the imports and exports of a module that was compiled as a whole."""
    # Keeps order, and each key once. WASI's functions get no adapters if they are wasmz's own.
    keys: dict[TemplateKey, None] = {}
    for item in image.imports:
        if isinstance(item.type, FuncType) and _is_plain(item.type) and not item.module_name.startswith("wasi_"):
            keys["host", *_signature(item.type), False] = None
    for spec in image.exports:
        if spec.kind == "func" and _is_plain(image.function_type(spec.index)):
            is_deep = not code.has(spec.index) or code.is_deep(spec.index)
            keys["global export", *_signature(image.function_type(spec.index)), is_deep] = None
    prepared = list(keys)[:_MOST_PREPARED]
    return {key: made_templates.get(key) or made_templates.setdefault(key, make_template(key)) for key in prepared}


def used_templates(image: ModuleImage) -> dict[TemplateKey, CodeType | bytes]:
    """The templates that this process has for signatures of a module."""
    types = (type.composite for type in image.types)
    signatures = {_signature(type) for type in types if isinstance(type, FuncType) and _is_plain(type)}
    return {key: code for key, code in made_templates.items() if key[1:3] in signatures}


def _is_plain(type: FuncType) -> bool:
    return _PLAIN.issuperset(type.params + type.results)


def _signature(type: FuncType) -> tuple[str, str]:
    return signature_letters(type.params), signature_letters(type.results)
