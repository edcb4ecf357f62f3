"""How Python spells what components import and export.

spellings([("read-all", False), ("my-point", True), ("wasi:io/poll@0.2.6", False)])
-> {"read_all": "read-all", "MyPoint": "my-point", "poll": "wasi:io/poll@0.2.6"}

An interface goes by its own name; where two would have one name, by that of its package, too: ``wasi_io_poll``, or
even by its version: ``wasi_io_poll_0_2_6``.
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


def class_names(labels: Iterable[str]) -> list[str]:
    """The same for several labels: ``a-1`` beside ``a1`` is ``A_1``, so that no two have one name."""
    names = list(labels)
    made = [class_name(label) for label in names]
    counts: dict[str, int] = {}
    for name in made:
        counts[name] = counts.get(name, 0) + 1
    return [
        _apart(label) if counts[name] > 1 and "-" in label else name for label, name in zip(names, made, strict=True)
    ]


def _apart(label: str) -> str:
    return "_".join([word[:1].upper() + word[1:] for word in label.split("-")])


def member_name(label: str) -> str:
    """A label as the name of an enumeration's member: ``read-only`` becomes ``READ_ONLY``."""
    return label.replace("-", "_").upper()


def interface_label(name: str) -> str:
    """The own name of an interface: ``poll`` of ``wasi:io/poll@0.2.6``. Other names stay."""
    return name.partition("@")[0].rpartition("/")[2] if ":" in name else name


def whole_label(name: str) -> str:
    """The name of an interface with that of its package, as a label: ``wasi-io-poll``."""
    return name.partition("@")[0].replace(":", "-").replace("/", "-")


def versioned_label(name: str) -> str:
    """The same with its version: ``wasi-io-poll-0-2-6``."""
    return whole_label(name) + "-" + name.partition("@")[2].replace(".", "-").replace("+", "-")


def _whole_labels(names: list[str]) -> list[str]:
    """The names of interfaces with those of their packages; with versions, too, where they are alike otherwise."""
    labels = [whole_label(name) for name in names]
    return [
        versioned_label(name) if labels.count(label) > 1 and "@" in name else label
        for name, label in zip(names, labels, strict=True)
    ]


def spellings(names: Iterable[tuple[str, bool]]) -> dict[str, str]:
    """The names in WIT by those in Python; those of methods and constructors, which are their classes', are left out.

    ``names`` are pairs of name in WIT, and whether it is spelled as a class.
    """
    pairs = [(name, is_class) for name, is_class in names if not name.startswith("[")]
    classes = [name for name, is_class in pairs if is_class and ":" not in name]
    plain = {attribute_name(name): name for name, is_class in pairs if not is_class and ":" not in name}
    plain.update(zip(class_names(classes), classes, strict=True))
    interfaces = [name for name, _ in pairs if ":" in name]
    short = [attribute_name(interface_label(name)) for name in interfaces]
    for name, spelled, whole in zip(interfaces, short, _whole_labels(interfaces), strict=True):
        is_clear = spelled not in plain and short.count(spelled) == 1
        plain.setdefault(spelled if is_clear else attribute_name(whole), name)
    return plain


def interface_classes(keys: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """The class that stands for each interface: ``Poll`` for ``wasi:io/poll@0.2.6``, ``WasiIoPoll`` if that is taken.

    ``taken`` are names of classes that mean something else.
    """
    names = list(dict.fromkeys(keys))
    short = [class_name(interface_label(name)) for name in names]
    return {
        name: cls if short.count(cls) == 1 and cls not in taken else whole
        for name, cls, whole in zip(names, short, class_names(_whole_labels(names)), strict=True)
    }
