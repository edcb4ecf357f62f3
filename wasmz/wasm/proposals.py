"""The proposals that make up WebAssembly, and the check that refuses unsupported ones.

require(SUPPORTED_PROPOSALS, Proposal.GC, "a struct type", 0x12)
-> UnsupportedFeature: a struct type needs the garbage collection proposal (offset 0x12)
"""

from __future__ import annotations

from wasmz.errors import UnsupportedFeature
from wasmz.startup.records import Enumeration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.config import Config


class Proposal(Enumeration):
    """An extension of WebAssembly; its value is the name in messages and documentation."""

    MVP = "MVP"
    MUTABLE_GLOBALS = "mutable globals"
    SIGN_EXTENSION = "sign extension"
    SATURATING_TRUNCATION = "saturating float-to-int"
    MULTI_VALUE = "multi-value"
    BULK_MEMORY = "bulk memory"
    REFERENCE_TYPES = "reference types"
    EXTENDED_CONST = "extended const"
    TAIL_CALLS = "tail calls"
    MULTI_MEMORY = "multi-memory"
    SIMD = "SIMD"
    RELAXED_SIMD = "relaxed SIMD"
    FUNCTION_REFERENCES = "typed function references"
    GC = "garbage collection"
    EXCEPTIONS = "exception handling"
    LEGACY_EXCEPTIONS = "legacy exception handling"
    MEMORY64 = "memory64"
    THREADS = "threads"
    WIDE_ARITHMETIC = "wide arithmetic"
    CUSTOM_PAGE_SIZES = "custom page sizes"
    CUSTOM_DESCRIPTORS = "custom descriptors"


SUPPORTED_PROPOSALS: frozenset[Proposal] = frozenset(
    {
        Proposal.MVP,
        Proposal.MUTABLE_GLOBALS,
        Proposal.SIGN_EXTENSION,
        Proposal.SATURATING_TRUNCATION,
        Proposal.MULTI_VALUE,
        Proposal.BULK_MEMORY,
        Proposal.REFERENCE_TYPES,
        Proposal.EXTENDED_CONST,
        Proposal.SIMD,
        Proposal.RELAXED_SIMD,
        Proposal.TAIL_CALLS,
        Proposal.MULTI_MEMORY,
        Proposal.MEMORY64,
        Proposal.THREADS,
        Proposal.WIDE_ARITHMETIC,
        Proposal.CUSTOM_PAGE_SIZES,
        Proposal.CUSTOM_DESCRIPTORS,
        Proposal.FUNCTION_REFERENCES,
        Proposal.GC,
        Proposal.EXCEPTIONS,
    }
)

# Accepted with `Config(legacy_exceptions=True)`.
WITH_LEGACY_EXCEPTIONS: frozenset[Proposal] = SUPPORTED_PROPOSALS | {Proposal.LEGACY_EXCEPTIONS}


def accepted_by(config: Config) -> frozenset[Proposal]:
    """The proposals that a configuration accepts."""
    accepted = WITH_LEGACY_EXCEPTIONS if config.legacy_exceptions else SUPPORTED_PROPOSALS
    if not config.simd:
        return accepted - {Proposal.SIMD, Proposal.RELAXED_SIMD}
    return accepted if config.relaxed_simd else accepted - {Proposal.RELAXED_SIMD}


ALL_PROPOSALS: frozenset[Proposal] = frozenset(Proposal)


def require(proposals: frozenset[Proposal], proposal: Proposal, what: str, offset: int | None) -> None:
    """Raises :class:`~wasmz.UnsupportedFeature` for ``what`` at byte ``offset`` unless ``proposal`` is accepted."""
    if proposal not in proposals:
        raise UnsupportedFeature(what, proposal=proposal.value, offset=offset)
