"""How Python spells what components import and export.

spellings([("read-all", False), ("my-point", True), ("wasi:io/poll@0.2.6", False)])
-> {"read_all": "read-all", "MyPoint": "my-point", "poll": "wasi:io/poll@0.2.6"}

An interface goes by its own name; where two would have one name, by that of its package, too: ``wasi_io_poll``.
"""

from __future__ import annotations

from keyword import iskeyword

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def attribute_name(label: str) -> str:
    """A label as a name in Python: ``read-only`` becomes ``read_only``."""
    name = label.replace("-", "_").lower()
    return f"{name}_" if iskeyword(name) else name


def class_name(label: str) -> str:
    """A label as the name of a class: ``read-only`` becomes ``ReadOnly``."""
    name = "".join([word[:1].upper() + word[1:] for word in label.split("-")])
    return f"{name}_" if iskeyword(name) else name


def member_name(label: str) -> str:
    """A label as the name of an enumeration's member: ``read-only`` becomes ``READ_ONLY``."""
    return label.replace("-", "_").upper()


def interface_label(name: str) -> str:
    """The own name of an interface: ``poll`` of ``wasi:io/poll@0.2.6``. Other names stay."""
    return name.partition("@")[0].rpartition("/")[2] if ":" in name else name


def whole_label(name: str) -> str:
    """The name of an interface with that of its package, as a label: ``wasi-io-poll``."""
    return name.partition("@")[0].replace(":", "-").replace("/", "-")


def spellings(names: Iterable[tuple[str, bool]]) -> dict[str, str]:
    """The names in WIT by those in Python; those of methods and constructors, which are their classes', are left out.

    ``names`` are pairs of name in WIT, and whether it is spelled as a class.
    """
    pairs = [(name, is_class) for name, is_class in names if not name.startswith("[")]
    plain = {
        class_name(name) if is_class else attribute_name(name): name for name, is_class in pairs if ":" not in name
    }
    interfaces = [name for name, _ in pairs if ":" in name]
    short = [attribute_name(interface_label(name)) for name in interfaces]
    for name, spelled in zip(interfaces, short, strict=True):
        is_clear = spelled not in plain and short.count(spelled) == 1
        plain[spelled if is_clear else attribute_name(whole_label(name))] = name
    return plain


def interface_classes(keys: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """The class that stands for each interface: ``Poll`` for ``wasi:io/poll@0.2.6``, ``WasiIoPoll`` if that is taken.

    ``taken`` are names of classes that mean something else.
    """
    names = list(dict.fromkeys(keys))
    short = [class_name(interface_label(name)) for name in names]
    return {
        name: cls if short.count(cls) == 1 and cls not in taken else class_name(whole_label(name))
        for name, cls in zip(names, short, strict=True)
    }
