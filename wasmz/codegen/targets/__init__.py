"""One target per CPython version; :func:`current_target` gives the running interpreter's.

To support a new version, add a file here and a row in ``_TARGETS``.
"""

from __future__ import annotations

import sys

from wasmz.codegen.targets.base import Target
from wasmz.startup.concurrency import load
from wasmz.startup.light import memoized

_TARGETS = {
    (3, 11): "cpython311",
    (3, 12): "cpython312",
    (3, 13): "cpython313",
    (3, 14): "cpython314",
    (3, 15): "cpython315",
}


@memoized
def current_target() -> Target:
    """The target for the running interpreter.

    Raises:
        NotImplementedError: wasmz does not know the interpreter's bytecode.
    """
    version = sys.version_info[:2]
    if sys.implementation.name != "cpython" or version not in _TARGETS:
        known = ", ".join(f"{major}.{minor}" for major, minor in _TARGETS)
        raise NotImplementedError(
            f"wasmz compiles for CPython {known}, not for {sys.implementation.name} {version[0]}.{version[1]}"
        )
    # Not made for all versions: a version's file imports its predecessor's, whose instructions may no longer exist.
    target: type[Target] = load(f"{__name__}.{_TARGETS[version]}").TARGET
    return target()
