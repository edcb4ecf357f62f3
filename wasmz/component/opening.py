"""Opens components: bytes to what is decoded and validated."""

from __future__ import annotations

from wasmz.component.binary.decoder import decode_component
from wasmz.component.validation.validator import validate_component

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.component.syntax import Component
    from wasmz.runtime.link.engine import Engine


def open_component(engine: Engine, data: bytes) -> Component:
    """The component that bytes are.

    Raises:
        InvalidWasm, UnsupportedFeature: they are none that can be instantiated.
    """
    component = decode_component(data)
    validate_component(component)
    return component
