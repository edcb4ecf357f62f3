"""One process of the start benchmark: opens a program of the corpus, and has it do its first piece of work.

    python benchmarks/corpus/first_result.py wasmz quickjs FOLDER      -> what it computed, and the peak of the memory

It imports nothing that its engine does not need: what both would have to load hides what they differ in.
"""

from __future__ import annotations

import os
import sys

# This file's own benchmarks, whichever wasmz is first on the path.
_SEARCHED = sys.path[0]
sys.path[0] = os.path.dirname(os.path.dirname(_SEARCHED))  # noqa: PTH120

from benchmarks.corpus.hosts import open_pwasm, open_wasmz  # noqa: E402
from benchmarks.corpus.programs import PROGRAMS  # noqa: E402

sys.path[0] = _SEARCHED


def main() -> None:
    engine, name, folder = sys.argv[1:]
    program = PROGRAMS[name]
    functions = dict(program.functions())
    result = functions.pop("result", None)
    with open(f"{folder}/{program.path}", "rb") as file:  # noqa: PTH123
        wasm = file.read()
    guest = open_wasmz(wasm, functions) if engine == "wasmz" else open_pwasm(wasm, functions, None)
    print((program.first(guest, folder)(), result() if result else None))
    print(peak_bytes())


def peak_bytes() -> int:
    """The most memory that this process had; 0 where the system does not tell."""
    try:
        # The kernel's high-water mark of this program; ru_maxrss would count the parent's pages before exec.
        with open("/proc/self/status", "rb") as status:  # noqa: PTH123
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(b"VmHWM"))
    except OSError:
        return 0


if __name__ == "__main__":
    main()
