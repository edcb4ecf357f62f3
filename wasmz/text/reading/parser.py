"""The state of the parser: its position in the text, the names defined, and the parts of the module made so far.

IndexSpace("function")          the names and numbers of an index space, as LEB128: space["$f"], space["3"]
Parser(Source(text))            a position in its tokens; parser.expect("("), parser.fail("unexpected token")
"""

from __future__ import annotations

from wasmz.text.encoding import signed
from wasmz.text.encoding import unsigned as encode_unsigned
from wasmz.text.reading.lexer import NAME
from wasmz.text.reading.literals import float_bits, integer_bits, is_integer, is_string, string_bytes, unsigned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, NoReturn

    from wasmz.text.reading.lexer import Annotation, Source

# Parameters and results of a function type, as bytes each.
Signature = tuple[tuple[bytes, ...], tuple[bytes, ...]]

# Words with a meaning somewhere, besides instructions and types. Any other word is called an unknown operator, as in
# the specification's test suite.
KEYWORDS: Final = set(
    """
    module type rec sub final func struct array field param result local import export table memory global tag elem data
    start offset item declare mut ref null exact descriptor describes shared pagesize then do catch catch_ref catch_all
    catch_all_ref i8 i16 i8x16 i16x8 i32x4 i64x2 f32x4 f64x2 binary quote definition instance nan:canonical
    nan:arithmetic
    """.split()
)


class Unexpected(Exception):
    """The next token is not the expected one."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted: str = wanted


class Wrong(Exception):
    """The next token is well-formed, but wrong here; with the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: str = reason


class IndexSpace(dict[str, bytes]):
    """The indices of one kind, by the tokens that refer to them.

    Attributes:
        kind: the kind of items, for messages.
        count: the number of items so far.
        ids: the index of each identifier.
        names: names for the name section, by index.
    """

    __slots__ = ("count", "ids", "kind", "names")

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind: str = kind
        self.count: int = 0
        self.ids: dict[str, int] = {}
        self.names: dict[int, str] = {}

    def declare(self, id: str | None) -> int:
        """Adds an item, with an identifier or none; returns its index."""
        index = self.count
        self.count = index + 1
        if id is not None:
            if id in self.ids:
                raise Wrong(f"duplicate {_SHORT_KINDS.get(self.kind, self.kind)} {id}")
            self.ids[id] = index
            self[id] = encode_unsigned(index)
            self.names[index] = id[1:]
        return index

    def __missing__(self, token: str) -> bytes:
        found = self[token] = encode_unsigned(self.index(token))
        return found

    def index(self, token: str) -> int:
        """The index that a token stands for."""
        if token[:1] == "$":
            found = self.ids.get(token)
            if found is None:
                raise Wrong(f"unknown {self.kind} {token}")
            return found
        found = unsigned(token, 32)
        if found is None:
            raise Unexpected(f"the index of a {self.kind}")
        return found


_SHORT_KINDS: Final = {"function": "func"}


class Constants(dict[str, bytes]):
    """The bytes of the constants of one type, by token: most constants of a module occur many times."""

    __slots__ = ("bits", "is_float")

    def __init__(self, bits: int, is_float: bool) -> None:
        super().__init__()
        self.bits: int = bits
        self.is_float: bool = is_float

    def __missing__(self, token: str) -> bytes:
        bits = self.bits
        number = (float_bits if self.is_float else integer_bits)(token, bits)
        if number is None:
            raise Unexpected("a number" if self.is_float else "an integer")
        if self.is_float:
            found = number.to_bytes(bits // 8, "little")
        else:
            found = signed(number - (1 << bits) if number >> (bits - 1) else number)
        self[token] = found
        return found


class Parser:
    """A position in a text's tokens, the names of the module, and its parts made so far.

    Attributes:
        at: the number of the next token.
        signatures: for each type index, the function type or ``None``.
        types_of: the lowest type index of each function type that stands alone.
        greatest_type: the greatest type index that was referred to since it was reset.
        needs_data_count: whether an instruction refers to a data segment.
        type_items, imports, ...: the items of sections.
        local_names, label_names, parameter_names: for the name section.
    """

    def __init__(self, source: Source) -> None:
        self.source: Source = source
        self.tokens: list[str] = source.tokens
        self.at: int = 0
        self.types: IndexSpace = IndexSpace("type")
        self.functions: IndexSpace = IndexSpace("function")
        self.tables: IndexSpace = IndexSpace("table")
        self.memories: IndexSpace = IndexSpace("memory")
        self.globals: IndexSpace = IndexSpace("global")
        self.tags: IndexSpace = IndexSpace("tag")
        self.elements: IndexSpace = IndexSpace("elem segment")
        self.data: IndexSpace = IndexSpace("data segment")
        self.locals: IndexSpace = IndexSpace("local")
        self.labels: Labels = Labels()
        self.fields: dict[int, IndexSpace] = {}
        self.constants: dict[str, Constants] = {
            "I32": Constants(32, False),
            "I64": Constants(64, False),
            "F32": Constants(32, True),
            "F64": Constants(64, True),
        }
        self.signatures: list[Signature | None] = []
        self.types_of: dict[Signature, int] = {}
        self.greatest_type: int = -1
        self.needs_data_count: bool = False
        self.type_items: list[bytes] = []
        self.function_hints: list[tuple[int, bytes]] = []
        self.local_names: dict[int, dict[int, str]] = {}
        self.parameter_names: dict[int, dict[int, str]] = {}
        self.label_names: dict[int, dict[int, str]] = {}
        # For the current function: where its instructions begin in the body, and their tokens; only if errors need it.
        self.trace: list[tuple[int, int]] | None = None

    # Tokens

    def fail(self, reason: str) -> NoReturn:
        """Raises :class:`~wasmz.InvalidText` for the next token."""
        self.source.fail(self.at, reason)

    def accept(self, token: str) -> bool:
        """Advances if the next token is this one; returns whether it was."""
        if self.tokens[self.at] == token:
            self.at += 1
            return True
        return False

    def expect(self, token: str) -> None:
        """Advances past the next token, which must be this one."""
        if self.tokens[self.at] != token:
            raise Unexpected(token)
        self.at += 1

    def opens(self, word: str) -> bool:
        """Advances past a parenthesis and a word if a form with this word is next; returns whether it was."""
        at = self.at
        if self.tokens[at] == "(" and self.tokens[at + 1] == word:
            self.at = at + 2
            return True
        return False

    def next_is_index(self) -> bool:
        """Whether an index is next: an identifier or an unsigned number."""
        token = self.tokens[self.at]
        return token[:1] == "$" or (token[:1].isdigit() and is_integer(token))

    def identifier(self) -> str | None:
        """The next token, if it is an identifier; advances."""
        token = self.tokens[self.at]
        if token[:1] == "$" and len(token) > 1:
            self.at += 1
            return token
        return None

    def string(self) -> bytes:
        """The bytes of the next token, which must be a string; advances."""
        token = self.tokens[self.at]
        if not is_string(token):
            raise Unexpected("a string")
        try:
            found = string_bytes(token)
        except UnicodeDecodeError:
            raise Wrong("malformed UTF-8 encoding") from None
        self.at += 1
        return found

    def strings(self) -> bytes:
        """The bytes of all strings that are next, joined; advances."""
        pieces = []
        while self.tokens[self.at][:1] == '"':
            pieces.append(self.string())
        return b"".join(pieces)

    def name(self) -> str:
        """The next token, which must be a string of UTF-8; advances."""
        try:
            name = self.string().decode()
        except UnicodeDecodeError:
            self.at -= 1
            raise Wrong("malformed UTF-8 encoding") from None
        return name

    def number(self, bits: int) -> int:
        """The next token, which must be an unsigned integer; advances."""
        found = unsigned(self.tokens[self.at], bits)
        if found is None:
            raise Unexpected("an unsigned integer")
        self.at += 1
        return found

    def index(self, space: IndexSpace) -> int:
        """The index that the next token stands for; advances."""
        found = space.index(self.tokens[self.at])
        self.at += 1
        return found

    def encoded_index(self, space: IndexSpace) -> bytes:
        """Like :meth:`index`, as LEB128."""
        found = space[self.tokens[self.at]]
        self.at += 1
        return found

    def optional_index(self, space: IndexSpace) -> bytes:
        """Like :meth:`encoded_index`; 0 if the next token is not an index."""
        return self.encoded_index(space) if self.next_is_index() else b"\0"

    # Names and annotations

    def declare(self, space: IndexSpace) -> int:
        """Adds an item to a space, with the identifier that is next, if there is one."""
        token = self.tokens[self.at]
        if token[:1] != "$":
            return space.declare(None)
        index = space.declare(token)
        self.at += 1
        return index

    def read_names(self, space: IndexSpace, index: int) -> None:
        """Skips an identifier, which is known already, and records the name that an annotation gives."""
        self.identifier()
        self.annotated_name(space.names, index)

    def annotated_name(self, names: dict[int, str], index: int) -> None:
        """Records the name of an ``@name`` annotation before the next token."""
        for annotation in self.take_annotations(NAME):
            names[index] = self.annotation_name(annotation)

    def annotation_name(self, annotation: Annotation) -> str:
        """The name that an ``@name`` annotation gives."""
        tokens = annotation.tokens
        if len(tokens) != 1 or not is_string(tokens[0]):
            self.source.fail_in(annotation, "@name annotation: unexpected token, expected one string")
        try:
            return string_bytes(tokens[0]).decode()
        except UnicodeDecodeError:
            self.source.fail_in(annotation, "@name annotation: malformed UTF-8 encoding")

    def take_annotations(self, id: str) -> list[Annotation]:
        """Takes the annotations with an id before the next token; each is taken once."""
        annotations = self.source.annotations
        if not annotations or self.at not in annotations:
            return []
        found = [annotation for annotation in annotations[self.at] if annotation.id == id]
        rest = [annotation for annotation in annotations.pop(self.at) if annotation.id != id]
        if rest:
            annotations[self.at] = rest
        return found


class Labels:
    """The labels of the open blocks in the current function.

    Attributes:
        open: the identifier of each, outermost first; ``None`` without one.
        names: names for the name section, of all labels so far, by number.
    """

    def __init__(self) -> None:
        self.open: list[str | None] = []
        self.names: dict[int, str] = {}
        self._count: int = 0
        self._depths: dict[str, list[int]] = {}

    def push(self, id: str | None, name: str | None = None) -> None:
        """Opens a block, which may have an identifier, or a name from an annotation."""
        if id is not None:
            self._depths.setdefault(id, []).append(len(self.open))
            self.names[self._count] = id[1:]
        if name is not None:
            self.names[self._count] = name
        self._count += 1
        self.open.append(id)

    def pop(self) -> None:
        """Closes the innermost block."""
        id = self.open.pop()
        if id is not None:
            self._depths[id].pop()

    def encode(self, token: str) -> bytes:
        """The label that a token stands for, as LEB128: the number of blocks inside it."""
        if token[:1] == "$":
            depths = self._depths.get(token)
            if not depths:
                raise Wrong(f"unknown label {token}")
            return encode_unsigned(len(self.open) - 1 - depths[-1])
        number = unsigned(token, 32)
        if number is None:
            raise Unexpected("a label")
        return encode_unsigned(number)
