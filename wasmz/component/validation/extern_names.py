"""The names of imports, exports and labels: their grammar, and which are alike.

parse_name("[method]file.read")        ExternName("method", "file", "read")
parse_name("wasi:io/poll@0.2.1")       ExternName("interface", version="0.2.1")
uniqueness_key("[static]File.READ")    "file.read": what has the same key may not stand beside it
split_version("wasi:io/poll@0.2.1")    ("wasi:io/poll", "0.2", ".1"): what has the same first two is compatible
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_LABEL: Final = re.compile(r"(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)(?:-(?:[0-9a-z]+|[0-9A-Z]+))*", re.ASCII)
_WORDS: Final = r"[a-z][0-9a-z]*(?:-[0-9a-z]+)*"
_INTERFACE: Final = re.compile(rf"{_WORDS}:{_WORDS}/([^/@]*)(?:@(.*))?", re.ASCII | re.DOTALL)
_IDENTIFIER: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER: Final = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    rf"(-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?(\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)
_CANONICAL: Final = re.compile(r"[1-9][0-9]*|0\.[1-9][0-9]*|0\.0\.[1-9][0-9]*|0\.0\.0", re.ASCII)
_ANNOTATED: Final = re.compile(r"\[(constructor|method|static)\](.*)", re.DOTALL)


class ExternName:
    """A name in its parts.

    Attributes:
        kind: ``"label"``, ``"constructor"``, ``"method"``, ``"static"`` or ``"interface"``.
        resource: the label of the resource for constructors, methods and static functions.
        member: the label of the method or static function.
        version: of an interface, or ``None``.
    """

    __slots__ = ("kind", "member", "resource", "version")

    def __init__(self, kind: str, resource: str = "", member: str = "", version: str | None = None) -> None:
        self.kind: str = kind
        self.resource: str = resource
        self.member: str = member
        self.version: str | None = version


def is_label(text: str) -> bool:
    """Whether it is words or acronyms, with hyphens between them ("kebab case")."""
    return _LABEL.fullmatch(text) is not None


def label_problem(text: str, what: str) -> str | None:
    """What is wrong with a label; ``None`` if nothing."""
    if is_label(text):
        return None
    return f"{what} name `{text}` is not in kebab case" if text else f"{what} name cannot be empty"


def is_version(text: str) -> bool:
    """Whether it is a version as of semver.org."""
    return _SEMVER.fullmatch(text) is not None


def parse_name(text: str, suffix: str | None = None) -> ExternName:
    """The parts of a name.

    Args:
        text: the name.
        suffix: what was cut off from its version, or ``None``.

    Raises:
        ValueError: it is none.
    """
    annotated = _ANNOTATED.fullmatch(text)
    if annotated is not None:
        if suffix is not None:
            raise ValueError("only the names of interfaces have a `versionsuffix`")
        return _parse_annotated(*annotated.groups())
    if ":" in text or "/" in text:
        return _parse_interface(text, suffix)
    if suffix is not None:
        raise ValueError("only the names of interfaces have a `versionsuffix`")
    _expect_label(text)
    return ExternName("label")


def _parse_annotated(kind: str, rest: str) -> ExternName:
    if kind == "constructor":
        _expect_label(rest)
        return ExternName(kind, rest)
    resource, dot, member = rest.partition(".")
    if not dot:
        raise ValueError("failed to find `.` character")
    _expect_label(resource)
    _expect_label(member)
    return ExternName(kind, resource, member)


def _parse_interface(text: str, suffix: str | None) -> ExternName:
    found = _INTERFACE.fullmatch(text)
    if found is None:
        raise ValueError("it is neither in kebab case nor the name of an interface, as `namespace:package/interface`")
    label, version = found.groups()
    _expect_label(label)
    if suffix is not None:
        if version is None or _CANONICAL.fullmatch(version) is None:
            raise ValueError("a `versionsuffix` follows a canonical version")
        version += suffix
        if not is_version(version) or split_version(f"@{version}")[1:] != (version.removesuffix(suffix), suffix):
            raise ValueError(f"invalid interface version: `{version}`")
    elif version is not None and not is_version(version) and _CANONICAL.fullmatch(version) is None:
        raise ValueError(f"invalid interface version: `{version}`")
    return ExternName("interface", version=version)


def _expect_label(text: str) -> None:
    if not is_label(text):
        raise ValueError(f"`{text}` is not in kebab case")


def uniqueness_key(text: str) -> str:
    """What no two imports, exports or labels of one scope have in common ("strongly unique")."""
    lowered = text.lower()
    annotated = _ANNOTATED.fullmatch(lowered)
    if annotated is None or annotated[1] == "constructor":
        return lowered
    resource, _, member = annotated[2].partition(".")
    return resource if resource == member else annotated[2]


def split_version(text: str) -> tuple[str, str, str]:
    """The name of an interface without its version, the part of it that must be the same, and the rest.

    A name without a version, or with none that is valid, has two empty strings there.
    """
    name, _, version = text.partition("@")
    found = _SEMVER.fullmatch(version)
    if found is None:
        return (name, version, "") if _CANONICAL.fullmatch(version) else (text, "", "")
    major, minor, patch = found.group(1, 2, 3)
    same = major if major != "0" else f"0.{minor}" if minor != "0" else f"0.0.{patch}"
    return name, same, version[len(same) :]
