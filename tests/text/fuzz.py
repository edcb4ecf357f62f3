"""Texts of modules with mistakes: each is refused with InvalidText, or it is a module that is printed and comes back.

    python -m tests.text.fuzz --minutes 10 --seed 7

Texts from the specification's suite are changed token by token. Any other outcome is a fault, and is printed.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Iterator

from tests.spec.suite import find_suite, list_scripts
from tests.spec.text import read_forms
from wasmz.errors import InvalidText, InvalidWasm, UnsupportedFeature
from wasmz.text import assemble, print_module

_TOKEN = re.compile(r'\(@?|\)|"(?:[^"\\]|\\.)*"|[^\s()"]+|\s+|.')
# Longer ones are left out.
_LONGEST = 3000


def texts_of_the_suite() -> Iterator[str]:
    """The modules of all scripts; none without the suite."""
    suite = find_suite()
    for script in list_scripts(suite) if suite else ():
        for form in read_forms(script.path.read_text(encoding="utf-8")):
            if form.kind != "binary" and len(form.content) < _LONGEST:
                yield form.content if isinstance(form.content, str) else form.content.decode("latin-1")


class Mutator:
    """Changes texts by tokens of each other."""

    def __init__(self, texts: list[str], seed: int) -> None:
        self._random = random.Random(seed)
        self._texts = texts
        self._pool = sorted({token for text in texts for token in _TOKEN.findall(text)})

    def text(self) -> str:
        """One of the texts, changed in a few places."""
        chosen = self._random
        tokens: list[str] = _TOKEN.findall(chosen.choice(self._texts))
        for _ in range(chosen.choice((1, 1, 2, 5))):
            at = chosen.randrange(len(tokens) + 1)
            change = chosen.randrange(4)
            if change == 0:
                del tokens[at : at + chosen.randrange(4)]
            elif change == 1:
                tokens.insert(at, f" {chosen.choice(self._pool)} ")
            elif change == 2:
                tokens[at : at + 1] = [f" {chosen.choice(self._pool)} "]
            else:
                tokens[at:at] = tokens[max(0, at - 5) : at]
        return "".join(tokens)


def fault(text: str) -> str | None:
    """What is wrong with what we do with a text; ``None`` if nothing is."""
    try:
        data = assemble(text)
    except InvalidText:
        return None
    for folded in (False, True):
        try:
            printed = print_module(data, folded)
        except (InvalidWasm, UnsupportedFeature):
            # Modules that are refused when they are decoded are not printed.
            return None
        again = assemble(printed)
        if again != data and print_module(again, folded) != printed:
            return f"what is printed is another module (folded: {folded})"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.text.fuzz", description="Assemble texts with mistakes.")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    mutator = Mutator(list(texts_of_the_suite()), options.seed)
    end = time.monotonic() + 60 * options.minutes
    count = faults = 0
    while time.monotonic() < end:
        text = mutator.text()
        count += 1
        try:
            found = fault(text)
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        if found is not None:
            faults += 1
            print(f"{found}\n{text!r}")
    print(f"{count} texts, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
