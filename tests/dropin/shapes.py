"""What users see of a class or function: its attributes, its parameters."""

from __future__ import annotations

import inspect
from typing import Any


def attributes(cls: type) -> set[str]:
    """Public ones, and Python's special methods that a class or its bases define by themselves."""
    plain = set(dir(object)) | set(dir(Exception)) | {"__module__", "__orig_bases__", "__parameters__", "__weakref__"}
    plain |= {"__annotations__", "__dict__", "__del__", "__abstractmethods__", "__class_getitem__", "__slots__"}
    special = {name for name in dir(cls) if name.startswith("__") and name not in plain}
    return {name for name in dir(cls) if not name.startswith("_")} | special


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    """Names, kinds and defaults."""
    found = inspect.signature(function).parameters.values()
    return [(parameter.name, parameter.kind, parameter.default) for parameter in found]
