"""The precompiled file: a `.pyc` that CPython can import, made from a module's image.

    header    16 bytes, CPython's own: magic number, flags 1 (hash-based, unchecked), hash of the wasm
    code      the marshalled code object of a Python module, with the image among its constants, and the code of each
              function as bytes, which are unmarshalled when it is first called
    checksum  8 bytes, of everything before; CPython ignores what follows the code object

The checksum is verified before anything is unmarshalled, because `marshal` trusts its input. It is CPython's hash of
sources, SipHash, which detects damage as reliably as BLAKE2b in a tenth of the time. It need not resist forgery:
whoever can write a checksum can write code.
"""

from __future__ import annotations

import marshal
from _frozen_importlib_external import MAGIC_NUMBER
from _imp import source_hash as _hash_of_source

from wasmz.runtime.abi import OPTIMISED, CodeForm
from wasmz.runtime.image import FrozenCode, ModuleImage, find_dumped, load_image
from wasmz.startup.concurrency import load
from wasmz.startup.light import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from wasmz.runtime.abi import TemplateKey

# The first two names above are importlib.util's, too; that imports contextlib and collections.
_HEADER_BYTES = 16
_CHECKSUM_BYTES = 8
_FLAGS = (1).to_bytes(4, "little")
# Stands in place of the flags in files that CPython cannot import.
_FUNCTIONS = b"fun1"
_COMPONENT = b"com1"

# Frozen code, by function and form.
Codes = dict[tuple[int, CodeForm], bytes]

# Run when CPython imports the file: binds an instance and puts its exports into the Python module.
_SOURCE = """\
from wasmz.runtime.precompiled import populate
populate(globals(), 'image'{limits})
"""
_PLACEHOLDER = "image"

_MOST_NAMES = 2_000


class DamagedFile(ValueError):
    """The bytes are not an intact precompiled module for this version of Python and wasmz."""


def encode_pyc(
    image: ModuleImage, source_hash: bytes, code: FrozenCode | None = None, limits: dict[str, int] | None = None
) -> bytes:
    """The contents of the `.pyc` for an image; ``source_hash`` is 8 bytes that identify the wasm.

    ``code`` is the frozen code, if the image itself has none; ``limits`` apply when Python imports the file.
    """
    load("wasmz.runtime.calls.prepared_adapters")
    from wasmz.runtime.calls.prepared_adapters import prepare_templates

    load("wasmz.artifact.image_writer")
    from wasmz.artifact.image_writer import dump_image, freeze_image

    load("wasmz.runtime.marshalling")
    from wasmz.runtime.marshalling import settle

    frozen = freeze_image(image) if code is None else code
    source = _SOURCE.format(limits=f", {limits}" if limits else "")
    template = compile(source, f"<wasm {image.name or 'module'}>", "exec", dont_inherit=True, optimize=0)
    held: list[object] = []
    prepared = _with(_without_many_names(image), adapters=_frozen(prepare_templates(image, frozen)))
    payload = settle((dump_image(prepared), (frozen.first, frozen.ends, frozen.content, frozen.deep)), held)
    constants = tuple(payload if constant == _PLACEHOLDER else constant for constant in template.co_consts)
    return seal_code(template.replace(co_consts=constants), source_hash)


def seal_code(code: CodeType, source_hash: bytes) -> bytes:
    """The contents of a `.pyc` with this code; ``source_hash`` is 8 bytes that identify what it was made of."""
    return _sealed(_FLAGS, source_hash, marshal.dumps(code))


def unseal_code(content: bytes, source_hash: bytes | None = None) -> CodeType:
    """The code in a `.pyc` made by :func:`seal_code`, which must be intact.

    Raises:
        DamagedFile: see :func:`decode_pyc`.
    """
    code = marshal.loads(_unsealed(_FLAGS, source_hash, content))
    if not isinstance(code, CodeType):
        raise DamagedFile("the file has no code")
    return code


def _without_many_names(image: ModuleImage) -> ModuleImage:
    """The image without names of functions, if it has very many.

    Names that exist from the beginning spare CPython looking globals up again (see docs/abi.md), but each is created
    whether it is needed or not: 50,000 take 60 ms.
    """
    if len(image.names) <= _MOST_NAMES:
        return image
    kept = tuple(name for name in image.names if not (name[0] in "ft" and name[1:].isdecimal()))
    return _with(image, names=kept)


def _frozen(templates: dict[TemplateKey, CodeType | bytes]) -> dict[TemplateKey, bytes]:
    load("wasmz.runtime.marshalling")
    from wasmz.runtime.marshalling import dump_settled

    return {key: code if isinstance(code, bytes) else dump_settled(code) for key, code in templates.items()}


def _with(image: ModuleImage, **changes: Any) -> ModuleImage:
    """The image with some fields replaced."""
    parts: dict[str, Any] = {field: getattr(image, field) for field in image.__match_args__}
    return ModuleImage(**{**parts, **changes})


def decode_pyc(content: bytes, source_hash: bytes | None = None) -> tuple[ModuleImage, FrozenCode]:
    """The image in a `.pyc` made by :func:`encode_pyc`, without code; and the code.

    Raises:
        DamagedFile: a bit differs, or the file is for another Python, or not for the wasm with ``source_hash``.
    """
    payload = find_dumped(unseal_code(content, source_hash).co_consts)
    if payload is None:
        raise DamagedFile("the file has no image for this version of wasmz")
    return load_image(payload[0]), FrozenCode(*payload[1])


def encode_functions(image: ModuleImage, names: Iterable[str], codes: Codes, source_hash: bytes) -> bytes:
    """The contents of a file with the code of some functions, and the names that they need."""
    # Imported only here, as above: files that are read contain their adapters.
    load("wasmz.runtime.calls.prepared_adapters")
    from wasmz.runtime.calls.prepared_adapters import used_templates

    load("wasmz.artifact.image_writer")
    from wasmz.artifact.image_writer import dump_image

    prepared = _with(image, names=tuple(sorted(names)), adapters=_frozen(used_templates(image)))
    dumped = dump_image(prepared)
    written = tuple(sorted((index, form.number, code) for (index, form), code in codes.items()))
    return _sealed(_FUNCTIONS, source_hash, marshal.dumps((dumped, written)))


def decode_functions(content: bytes, source_hash: bytes | None = None) -> tuple[ModuleImage, Codes]:
    """The image, without code, and the code of functions, from a file made by :func:`encode_functions`.

    Raises:
        DamagedFile: see :func:`decode_pyc`.
    """
    dumped, codes = marshal.loads(_unsealed(_FUNCTIONS, source_hash, content))
    try:
        return load_image(dumped), {(index, CodeForm.of(number)): code for index, number, code in codes}
    except ValueError as error:
        raise DamagedFile(str(error)) from None


def encode_component(described: bytes, codes: dict[str, CodeType], source_hash: bytes) -> bytes:
    """The contents of a file with a component, as its opener describes it, and the code of texts."""
    return _sealed(_COMPONENT, source_hash, marshal.dumps((described, codes)))


def decode_component(content: bytes, source_hash: bytes) -> tuple[bytes, dict[str, CodeType]]:
    """The component and the code, from a file made by :func:`encode_component`.

    Raises:
        DamagedFile: see :func:`decode_pyc`.
    """
    described, codes = marshal.loads(_unsealed(_COMPONENT, source_hash, content))
    return described, codes


def drop_superseded(codes: Codes) -> Codes:
    """The code, without the forms of functions that have optimised code."""
    optimised = {index for index, form in codes if form is OPTIMISED}
    return {key: code for key, code in codes.items() if key[1] is OPTIMISED or key[0] not in optimised}


def _sealed(kind: bytes, source_hash: bytes, content: bytes) -> bytes:
    sealed = b"".join((MAGIC_NUMBER, kind, source_hash, content))
    return sealed + hash_source(sealed)


def _unsealed(kind: bytes, source_hash: bytes | None, content: bytes) -> memoryview:
    """The sealed content; raises ``DamagedFile`` if anything has changed."""
    if len(content) < _HEADER_BYTES + _CHECKSUM_BYTES:
        raise DamagedFile("the file is too short")
    if content[:4] != MAGIC_NUMBER:
        raise DamagedFile("the file is for another Python version")
    if content[4:8] != kind or (source_hash is not None and content[8:_HEADER_BYTES] != source_hash):
        raise DamagedFile("the file is for another module")
    body = memoryview(content)[:-_CHECKSUM_BYTES]
    if hash_source(body) != content[-_CHECKSUM_BYTES:]:
        raise DamagedFile("the file's checksum does not match")
    return body[_HEADER_BYTES:]


def hash_source(data: bytes | memoryview) -> bytes:
    """The 8 bytes by which a header identifies its source, computed as CPython does."""
    return _hash_of_source(int.from_bytes(MAGIC_NUMBER, "little"), data)
