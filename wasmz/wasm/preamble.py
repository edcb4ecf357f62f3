"""The first bytes of a module, and those of other files that may be given instead.

check_preamble(data)                       the header of a module, or InvalidWasm
check_preamble(gzipped, "a.wasm.gz")       InvalidWasm: a.wasm.gz: magic header not detected: this is gzip data
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm, UnsupportedFeature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

MAGIC: Final = b"\0asm"
VERSION: Final = b"\1\0\0\0"
COMPONENT_VERSION: Final = b"\x0d\0\1\0"

_COMPRESSED: Final = ": decompress it first"
_KINDS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x1f\x8b", f"gzip data{_COMPRESSED}"),
    (b"\x28\xb5\x2f\xfd", f"Zstandard data{_COMPRESSED}"),
    (b"\xfd7zXZ\0", f"xz data{_COMPRESSED}"),
    (b"BZh", f"bzip2 data{_COMPRESSED}"),
    (b"PK\3\4", "a zip archive (a wheel, or an npm package, perhaps)"),
    (b"\x7fELF", "an ELF file: native code of Linux, not WebAssembly"),
    (b"MZ", "a Windows executable, not WebAssembly"),
    *(
        (magic, "a Mach-O file: native code of macOS, not WebAssembly")
        for magic in (
            b"\xfe\xed\xfa\xce",
            b"\xfe\xed\xfa\xcf",
            b"\xce\xfa\xed\xfe",
            b"\xcf\xfa\xed\xfe",
            b"\xca\xfe\xba\xbe",
        )
    ),
    (b"BC\xc0\xde", "LLVM bitcode: link it with wasm-ld"),
    (b"!<arch>", "an archive of object files: link it with wasm-ld"),
    (b"version https://git-lfs", "a Git LFS pointer: text that stands for the file (git lfs pull gets it)"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
)

# How many bytes are examined for text.
_LOOKED_AT: Final = 1024


def check_preamble(data: bytes, name: str | None = None) -> None:
    """Checks the first eight bytes of a module.

    Args:
        data: the bytes.
        name: the name of their file, for messages.

    Raises:
        InvalidWasm: they are something else, or have another version.
        UnsupportedFeature: they are those of a component.
    """
    prefix = "" if name is None else f"{name}: "
    if data[:4] != MAGIC:
        kind = describe(data)
        if kind is not None:
            raise InvalidWasm(f"{prefix}magic header not detected: this is {kind}", offset=0)
        raise InvalidWasm(prefix + ("magic header not detected" if len(data) >= 4 else "unexpected end"), offset=0)
    found = data[4:8]
    if found == VERSION:
        return
    if len(found) == 4 and found[2:] == b"\1\0" and found[0] > 1:
        # The second half of the version is the layer: components have the same magic number.
        what = f"{prefix}a component (this is one, and not a core module)"
        raise UnsupportedFeature(what, proposal="component-model", offset=4)
    raise InvalidWasm(prefix + ("unknown binary version" if len(found) == 4 else "unexpected end"), offset=4)


def is_component(data: bytes) -> bool:
    """Whether the bytes begin as those of a component of the version that wasmz knows."""
    return data[:8] == MAGIC + COMPONENT_VERSION


def describe(data: bytes) -> str | None:
    """The kind of file that bytes come from which are not a module, if it can be recognised."""
    if not data:
        return None
    for magic, kind in _KINDS:
        if data.startswith(magic):
            return kind
    head = data[:_LOOKED_AT]
    try:
        text = head.decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "ignore").lstrip()
    except UnicodeError:
        return None
    lowered = text.lower()
    if text.startswith(("(", ";;")):
        return "WebAssembly's text format (.wat): convert it with wasmz.text.assemble"
    if lowered.startswith(("<!doctype html", "<html", "<head", "<body")):
        return "HTML: a web page instead of the file, as after a failed download"
    if text.startswith("<"):
        return "XML or HTML"
    if text.startswith("{"):
        return "JSON, or other text"
    if len(data) >= 4 and text and sum(c.isprintable() or c.isspace() for c in text) == len(text):
        return "text"
    return None
