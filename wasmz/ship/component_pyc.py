"""The precompiled file of a component: a `.pyc` that CPython can import, with its core modules compiled.

compile_component(data, config)    -> the contents of app.pyc, and the number of core modules in it
"""

from __future__ import annotations

from wasmz.artifact.pyc import encode_pyc, hash_source, seal_code
from wasmz.compile.parallel import compile_frozen
from wasmz.component.binary.decoder import decode_component
from wasmz.component.precompiled import core_modules
from wasmz.component.validation.validator import validate_component
from wasmz.wasm.proposals import accepted_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.config import Config

# Run when CPython imports the file.
_SOURCE = """\
from wasmz.component.precompiled import populate
populate(globals(), 'component', 'modules'{limits})
"""


def compile_component(data: bytes, config: Config, jobs: int = 1) -> tuple[bytes, int]:
    """The contents of the `.pyc` of a component, compiled by ``jobs`` processes, and the number of its core modules.

    Raises:
        InvalidWasm, UnsupportedFeature: the component is not valid.
    """
    proposals = accepted_by(config)
    component = decode_component(data, proposals)
    # Bodies of functions are validated when they are compiled.
    validate_component(component, proposals, with_bodies=False)
    modules = []
    for definition in core_modules(component):
        source = data[definition.start : definition.end]
        image, code = compile_frozen(source, config, jobs)
        modules.append((definition.start, encode_pyc(image, hash_source(source), code)))
    values = {"component": data, "modules": tuple(modules)}
    limits = f", {config.limits}" if config.limits else ""
    template = compile(_SOURCE.format(limits=limits), "<wasm component>", "exec", dont_inherit=True, optimize=0)
    constants = tuple(
        values[constant] if isinstance(constant, str) and constant in values else constant
        for constant in template.co_consts
    )
    return seal_code(template.replace(co_consts=constants), hash_source(data)), len(modules)
