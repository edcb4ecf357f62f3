"""Runs what a page of the documentation shows: its Python and shell blocks, from top to bottom, in one empty folder.

    python -m tests.support.documents docs/limits.md      # in an empty folder; prints what is wrong, if anything is

A fenced block is run by its language:

python      each statement; a comment after an expression is its value, if it is an expression itself; after
            ``print(...)`` it is what is printed; one like ``wasmz.Trap: unreachable`` is the error that is raised, with
            the start of its message; others are prose
sh          ``bash -e``, with ``python`` and ``wasmz`` on the path
wat, toml   must be well-formed
text, ...   nothing, as the other languages of ``SHOWN``

A comment of HTML on the lines before a block, which readers do not see, changes that:

<!-- not run: needs a network -->     the block is not run, for this reason
<!-- file: sum.py -->                 the block is written to this file, for later ones
<!-- raises: LinkError -->            a block of Python ends with this error; a block of sh has another status than 0
<!-- output -->                       a block of text is what the block before it printed; also to stderr, if it raises
<!-- setup                            this Python runs here, in the names of the page's Python
import wasmz
-->
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import subprocess
import sys
import tokenize
import tomllib
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHOWN = frozenset({"text", "c", "go", "ini", "rust", "kotlin", "json", "dockerfile"})
_RUN = frozenset({"python", "sh", "wat", "toml"})
_COMMENT = re.compile(r"<!--\s*(.*?)\s*-->", re.DOTALL)
_ERROR = re.compile(r"(?:wasmz\.)?([A-Z]\w*)(?:: (.*))?$")
_FENCE = re.compile(r"^(\s*)(`{3,})\s*([\w-]*)[^\n]*$")


class WrongPage(Exception):
    """A block does not do what the page says, or the page has one that says nothing about itself."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, or a hidden piece of Python (language ``setup``)."""

    line: int
    language: str
    code: str
    marker: str


def read_blocks(text: str) -> Iterator[Block]:
    """The blocks of a page, from top to bottom.

    Raises:
        WrongPage: a block is indented, so that its language is not known, or does not end, or a comment does not.
    """
    lines = text.splitlines()
    number, marker, after_blank = 0, "", True
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.match(line)
        if fence:
            start, indent = number, len(fence[1])
            number += 1
            while number < len(lines) and lines[number].strip() != fence[2]:
                number += 1
            if number == len(lines):
                raise WrongPage(f"line {start + 1}: the block does not end")
            code = "".join(f"{each[indent:]}\n" for each in lines[start + 1 : number])
            yield Block(start + 1, fence[3], code, marker)
            marker = ""
        elif line.lstrip().startswith("<!--"):
            start, comment = number, line
            while "-->" not in comment:
                number += 1
                if number == len(lines):
                    raise WrongPage(f"line {start + 1}: the comment does not end")
                comment += f"\n{lines[number]}"
            said = _COMMENT.search(comment)
            content = said[1] if said else ""
            if content.startswith("setup\n"):
                yield Block(start + 1, "setup", content.partition("\n")[2] + "\n", "")
            else:
                marker = content
        elif line.startswith("    ") and after_blank:
            raise WrongPage(f"line {number + 1}: an indented block: fence it, and name its language")
        elif line.strip():
            marker = ""
        after_blank = number < len(lines) and (not lines[number].strip() or (after_blank and line.startswith("    ")))
        number += 1


class Page:
    """What runs the blocks of one page, in the current folder."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "page"}
        self.printed = ""
        self.counts = {"run": 0, "values": 0, "files": 0, "not run": 0}

    def run(self, block: Block) -> None:
        """Runs a block.

        Raises:
            WrongPage: it does not do what the page says.
        """
        word, _, rest = block.marker.partition(":")
        if word == "not run":
            if not rest.strip():
                raise WrongPage("it is not run, but the page does not say why")
            self.counts["not run"] += 1
            return
        raises = rest.strip() if word == "raises" else ""
        if word == "file":
            Path(rest.strip()).write_text(block.code, encoding="utf-8")
            self.counts["files"] += 1
            return
        if block.language == "text" and word == "output":
            if self.printed.strip() != block.code.strip():
                raise WrongPage(f"what the block before it prints is\n{self.printed}")
        elif block.language in ("python", "setup"):
            self._run_python(block, raises)
        elif block.language == "sh":
            self._run_shell(block, raises)
        elif block.language == "wat":
            from wasmz.text import assemble

            assemble(block.code)
        elif block.language == "toml":
            tomllib.loads(block.code)
        elif block.language not in SHOWN:
            raise WrongPage(f"its language, {block.language!r}, is none of {', '.join(sorted(_RUN | SHOWN))}")
        self.counts["run"] += block.language in _RUN

    def _run_python(self, block: Block, raises: str) -> None:
        # Names and lines of the page, for tracebacks.
        tree = ast.parse("\n" * block.line + block.code, "page")
        comments = _comments(block)
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                for statement in tree.body:
                    self._run_statement(statement, comments.get(statement.end_lineno or 0, ""), printed)
        except Exception as error:
            if not raises or not _is_error(error, raises):
                raise
        else:
            if raises:
                raise WrongPage(f"it does not raise {raises}")
        self.printed = printed.getvalue()

    def _run_statement(self, statement: ast.stmt, comment: str, printed: io.StringIO) -> None:
        if not isinstance(statement, ast.Expr):
            exec(compile(ast.Module([statement], []), "page", "exec"), self.names)
            return
        code = compile(ast.Expression(statement.value), "page", "eval")
        is_print = ast.unparse(statement.value).startswith("print(")
        wanted = ast.Constant(comment) if is_print and comment else _expression(comment)
        if wanted is None and _ERROR.match(comment) and comment:
            try:
                eval(code, self.names)
            except Exception as error:
                if not _is_error(error, comment):
                    raise
            else:
                raise WrongPage(f"line {statement.lineno}: no {comment}")
            self.counts["values"] += 1
            return
        before = len(printed.getvalue())
        value = eval(code, self.names)
        if wanted is None:
            return
        self.counts["values"] += 1
        told = printed.getvalue()[before:].strip()
        if comment not in (repr(value), told) and not _equals(value, ast.fix_missing_locations(wanted), self.names):
            raise WrongPage(f"line {statement.lineno}: the value is {value!r}, printed is {told!r}, not {comment}")

    def _run_shell(self, block: Block, raises: str) -> None:
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", block.code], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        self.printed = done.stdout + (done.stderr if raises else "")
        if bool(done.returncode) != bool(raises) or raises not in done.stderr:
            raise WrongPage(f"status {done.returncode}\n{done.stdout}{done.stderr}")


def _comments(block: Block) -> dict[int, str]:
    """The comments of a block of Python, by their lines in the page."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(block.code).readline):
        if token.type == tokenize.COMMENT:
            found[token.start[0] + block.line] = token.string.lstrip("# ")
    return found


def _expression(comment: str) -> ast.expr | None:
    """The comment, if it says a value: an expression, but not a single word or the name of an error."""
    try:
        expression = ast.parse(comment, mode="eval").body
    except SyntaxError:
        return None
    return None if isinstance(expression, ast.Name) else expression


def _equals(value: object, wanted: ast.expr, names: dict[str, Any]) -> bool:
    try:
        return bool(value == eval(compile(ast.Expression(wanted), "page", "eval"), names))
    except NameError:
        return False


def _is_error(error: BaseException, said: str) -> bool:
    """Whether an error is the one of ``Name`` or ``Name: the start of its message``."""
    match = _ERROR.match(said)
    classes = {each.__name__ for each in type(error).__mro__}
    return match is not None and match[1] in classes and str(error).startswith((match[2] or "").rstrip("."))


def run_page(path: Path) -> Page:
    """Runs a page's blocks in the current folder.

    Raises:
        WrongPage: it is not true. The message has the line.
    """
    page = Page()
    for block in read_blocks(path.read_text(encoding="utf-8")):
        try:
            page.run(block)
        except WrongPage as error:
            raise WrongPage(f"{path.name}:{block.line}: {error}\n{block.code}") from None
        except Exception:
            raise WrongPage(f"{path.name}:{block.line}:\n{traceback.format_exc()}\n{block.code}") from None
    return page


def main() -> int:
    """Runs the page that is named, and prints how much of it was run."""
    os.environ["BASH_ENV"] = ""
    try:
        page = run_page(Path(sys.argv[1]))
    except WrongPage as error:
        print(error, file=sys.stderr)
        return 1
    print(", ".join(f"{count} {what}" for what, count in page.counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
