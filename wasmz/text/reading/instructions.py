"""Assembles sequences of instructions, flat and folded (specification, section 6.5 "Instructions").

    (i32.add (local.get $x) (i32.const 1)) drop      -> 20 00 41 01 6a 1a

Nothing here is recursive: open forms are in a list, however deeply they are nested.
"""

from __future__ import annotations

from wasmz.text.reading.lexer import HINT
from wasmz.text.reading.literals import OutOfRange, string_bytes
from wasmz.text.reading.operands import BLOCK, CONSTANT, CONTINUATION, INDEX, LABEL, OPERATIONS, OTHER, PLAIN
from wasmz.text.reading.parser import Parser, Unexpected, Wrong

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

END: Final = OPERATIONS["end"][1]
# Branches that may have hints.
_HINTED: Final = ("if", "br_if")

# What may follow in an open form: only its own clauses; folded instructions as well; all instructions.
_CLAUSES, _FOLDED, _ALL = range(3)
# The state of a folded if or try: before its first clause; after then or do; else or catch; catch_all; delegate.
_BEFORE, _FIRST, _SECOND, _LAST, _DELEGATED = range(5)

# Treatments in which one token is looked up in a space.
_BY_TOKEN: Final = (INDEX, CONSTANT)


class _Form:
    """An open form that is more than an instruction waiting for its operands.

    Attributes:
        word: its first word: "block", "then", ...; for a branch with a hint, the branch's.
        id: the identifier of its label.
        name: the name that an annotation gives its label.
        is_flat: whether ``end`` closes it, instead of a parenthesis.
        accepts: what may follow.
        state: which of its clauses have been read.
        code: the bytes to write when its operands are complete.
        hint: the branch's hint.
    """

    __slots__ = ("accepts", "code", "hint", "id", "is_flat", "name", "state", "word")

    def __init__(self, word: str, id: str | None, is_flat: bool, accepts: int) -> None:
        self.word: str = word
        self.id: str | None = id
        self.name: str | None = None
        self.is_flat: bool = is_flat
        self.accepts: int = accepts
        self.state: int = _BEFORE
        self.code: bytes = b""
        self.hint: bytes | None = None


def read_instructions(parser: Parser, out: bytearray) -> None:
    """Appends the instructions up to the parenthesis that closes the enclosing form, which is not consumed."""
    _Instructions(parser, out).read()


def read_folded(parser: Parser, out: bytearray) -> None:
    """Appends one folded instruction, which must be next."""
    if parser.tokens[parser.at] != "(":
        raise Unexpected("an instruction in parentheses")
    _Instructions(parser, out).read(one=True)


def expression(parser: Parser) -> bytes:
    """A constant expression up to the parenthesis that closes the enclosing form, with an ``end``."""
    out = bytearray()
    read_instructions(parser, out)
    return bytes(out + END)


class _Instructions:
    """One sequence of instructions. ``open`` has the forms that are not closed, innermost last."""

    def __init__(self, parser: Parser, out: bytearray) -> None:
        self.parser: Parser = parser
        self.out: bytearray = out
        # The bytes of an instruction, or a form; and the number of its token.
        self.open: list[tuple[bytes | _Form, int]] = []

    def read(self, one: bool = False) -> None:
        """Reads all instructions, or one, which must be folded."""
        # One loop that handles common instructions without calls: texts may have a million tokens.
        parser, out, open = self.parser, self.out, self.open
        tokens, at, labels, trace = parser.tokens, parser.at, parser.labels, parser.trace
        hints = parser.source.annotations
        spaces = {name: getattr(parser, name) for name in ("locals", "globals", "functions", "types", "tags")}
        spaces |= parser.constants
        operations = OPERATIONS
        try:
            while True:
                token = tokens[at]
                if token == ")":
                    if not open:
                        break
                    code, start = open.pop()
                    if code.__class__ is bytes:
                        if trace is not None:
                            trace.append((len(out), start))
                        out += code
                    else:
                        self._close(code, start)
                    at += 1
                    if one and not open:
                        break
                    continue
                folded = token == "("
                if folded:
                    at += 1
                    token = tokens[at]
                operation = operations.get(token)
                if operation is None:
                    raise Unexpected("an instruction")
                treatment, opcode, space, reader = operation
                if open and treatment != CONTINUATION:
                    top = open[-1][0]
                    accepts = _FOLDED if isinstance(top, bytes) else top.accepts
                    if accepts + folded < _ALL:
                        raise Unexpected("another clause of the form" if folded else "( or )")
                start = at
                at += 1
                if treatment in _BY_TOKEN:
                    code = opcode + spaces[space][tokens[at]]
                    at += 1
                elif treatment == PLAIN:
                    code = opcode
                elif treatment == LABEL:
                    code = opcode + labels.encode(tokens[at])
                    at += 1
                elif treatment == OTHER:
                    parser.at = at
                    code = opcode + reader(parser)  # type: ignore[misc]
                    at = parser.at
                else:
                    parser.at, at = at, start
                    if treatment == BLOCK:
                        self._begin(token, folded, start)
                    else:
                        self._go_on(token, folded, start)
                    at = parser.at
                    continue
                if hints and token in _HINTED:
                    code = self._with_hint(token, code, folded, start)
                if folded:
                    open.append((code, start))
                else:
                    if trace is not None:
                        trace.append((len(out), start))
                    out += code
        except (Unexpected, Wrong, OutOfRange):
            # Readers that advance the parser have set the position.
            parser.at = max(at, parser.at)
            raise
        parser.at = at

    # Blocks

    def _begin(self, word: str, folded: bool, start: int) -> None:
        """Opens a block, after its first word."""
        parser = self.parser
        opcode: bytes
        reader: Any
        _, opcode, _, reader = OPERATIONS[word]
        id = parser.identifier()
        written: dict[int, str] = {}
        parser.annotated_name(written, 0)
        code = opcode + reader(parser)
        form = _Form(word, id, not folded, _ALL)
        form.name = written.get(0)
        form.hint = self._hint(word, folded, start)
        if folded and word == "if":
            form.accepts, form.code = _FOLDED, code
        else:
            self._write(code, form.hint, start)
            parser.labels.push(id, form.name)
            if folded and word == "try":
                form.accepts = _CLAUSES
        self.open.append((form, start))

    def _go_on(self, word: str, folded: bool, start: int) -> None:
        """Begins a clause of the innermost block, or ends the block, after the first word."""
        form = self.open[-1][0] if self.open else None
        if isinstance(form, _Form) and form.is_flat is not folded:
            read = self._clause if folded else self._flat
            if read(form, word, start):
                return
        self.parser.at -= 1
        raise Unexpected("an instruction")

    def _flat(self, form: _Form, word: str, start: int) -> bool:
        """Continues a flat block; returns whether the word may follow."""
        parser = self.parser
        opcode = OPERATIONS[word][1]
        is_try = form.word == "try"
        if word == "delegate":
            if not is_try or form.state != _BEFORE:
                return False
            self._leave()
            self._write(opcode + self._label(), None, start)
            return True
        if word in ("catch", "catch_all"):
            if not is_try or form.state == _LAST:
                return False
            form.state = _LAST if word == "catch_all" else _SECOND
            tag = parser.encoded_index(parser.tags) if word == "catch" else b""
            self._write(opcode + tag, None, start)
            return True
        if word not in ("else", "end") or (word == "else" and (form.word != "if" or form.state != _BEFORE)):
            return False
        id = parser.identifier()
        if id is not None and id != form.id:
            parser.at -= 1
            raise Wrong(f"mismatching label {id}")
        self._write(opcode, None, start)
        form.state = _SECOND
        if word == "end":
            self._leave()
        return True

    def _clause(self, form: _Form, word: str, start: int) -> bool:
        """Continues a folded block; returns whether the word may follow."""
        parser = self.parser
        opcode, state = OPERATIONS[word][1], form.state
        if form.word == "if":
            if word != ("then" if state == _BEFORE else "else") or state > _FIRST:
                return False
            if word == "then":
                self._write(form.code, form.hint, self.open[-1][1])
                parser.labels.push(form.id, form.name)
                form.accepts = _CLAUSES
            else:
                self._write(opcode, None, start)
            form.state += 1
        elif form.word == "try":
            if word == "delegate":
                if state != _FIRST:
                    return False
                parser.labels.pop()
                self._write(opcode + self._label(), None, start)
                parser.expect(")")
                form.state = _DELEGATED
                return True
            if word != "do" if state == _BEFORE else word not in ("catch", "catch_all") or state > _SECOND:
                return False
            form.state = {"do": _FIRST, "catch": _SECOND, "catch_all": _LAST}[word]
            if word != "do":
                tag = parser.encoded_index(parser.tags) if word == "catch" else b""
                self._write(opcode + tag, None, start)
        else:
            return False
        self.open.append((_Form(word, None, False, _ALL), start))
        return True

    def _close(self, form: Any, start: int) -> None:
        """Closes a form at its closing parenthesis."""
        if form.is_flat:
            raise Unexpected("end")
        if form.word in ("if", "try") and form.state == _BEFORE:
            raise Unexpected("then" if form.word == "if" else "do")
        if form.word in _HINTED and form.word != "if":
            self._write(form.code, form.hint, start)
        elif form.word in _BLOCKS and form.state != _DELEGATED:
            self._write(END, None, start)
            self.parser.labels.pop()

    def _leave(self) -> None:
        self.open.pop()
        self.parser.labels.pop()

    def _label(self) -> bytes:
        parser = self.parser
        found = parser.labels.encode(parser.tokens[parser.at])
        parser.at += 1
        return found

    def _write(self, code: bytes, hint: bytes | None, start: int) -> None:
        parser = self.parser
        if parser.trace is not None:
            parser.trace.append((len(self.out), start))
        if hint is not None:
            parser.function_hints.append((len(self.out), hint))
        self.out += code

    # Branch hints

    def _with_hint(self, word: str, code: bytes, folded: bool, start: int) -> Any:
        """An instruction with the hint of an annotation before it: its bytes, or a form if it waits for operands."""
        hint = self._hint(word, folded, start)
        if hint is None:
            return code
        if not folded:
            self.parser.function_hints.append((len(self.out), hint))
            return code
        form = _Form(word, None, False, _FOLDED)
        form.code, form.hint = code, hint
        return form

    def _hint(self, word: str, folded: bool, start: int) -> bytes | None:
        source = self.parser.source
        if word not in _HINTED or not source.annotations:
            return None
        after, self.parser.at = self.parser.at, start - folded
        found = self.parser.take_annotations(HINT)
        self.parser.at = after
        if not found:
            return None
        if len(found) > 1:
            source.fail_in(found[1], f"@{HINT} annotation: duplicate annotation")
        tokens = found[0].tokens
        hint = string_bytes(tokens[0]) if len(tokens) == 1 and tokens[0][:1] == '"' else b""
        if len(hint) != 1:
            source.fail_in(found[0], f"@{HINT} annotation: unexpected token, expected a string of one byte")
        return hint


_BLOCKS: Final = frozenset(word for word, operation in OPERATIONS.items() if operation[0] == BLOCK)
