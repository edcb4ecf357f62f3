"""Docstrings as the reference shows them: an extension of griffe, which mkdocstrings reads the package with.

:meth:`compile`             -> a name in code; a link, where it is one of the package's
"For the runtime: ..."      -> the member is not shown
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import griffe

_ROLE = re.compile(r":(?:meth|class|func|attr|exc|mod|data):`~?([^`]+)`")
_INTERNAL = ("For the runtime", "For the compiler", "Used by")


def _public_names() -> frozenset[str]:
    """What ``wasmz.__all__`` has, without importing it."""
    source = Path(__file__).resolve().parents[1] / "wasmz" / "__init__.py"
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            return frozenset(ast.literal_eval(statement.value))
    raise ValueError("wasmz/__init__.py has no __all__")


_PUBLIC = _public_names()


def _shown(match: re.Match[str]) -> str:
    name = match[1].removeprefix("wasmz.")
    is_public = name in _PUBLIC
    return f"[`{name}`][wasmz.{name}]" if is_public else f"`{name}`"


class Docstrings(griffe.Extension):
    """Turns roles into links, and leaves out what is public only for other parts of the package."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrites the docstring of what griffe has just read."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(_shown, obj.docstring.value)

    def on_class_members(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """Removes members that are no part of the interface."""
        for name, member in list(cls.members.items()):
            if not member.is_alias and member.docstring and member.docstring.value.startswith(_INTERNAL):
                cls.del_member(name)
