"""Runs a Python program in which ``wasmtime`` is this package: ``python -m wasmz.wasmtime SCRIPT|-m MODULE ARGS``."""

from __future__ import annotations

import os
import runpy
import sys

from wasmz.wasmtime._install import install_as_wasmtime

_USAGE = "usage: python -m wasmz.wasmtime SCRIPT [ARGS]\n       python -m wasmz.wasmtime -m MODULE [ARGS]\n"


def main() -> None:
    """Runs the program that the arguments name, as ``python`` does."""
    args = sys.argv[1:]
    if not args or args == ["-m"] or args[0] in ("-h", "--help"):
        is_help = bool(args) and args != ["-m"]
        (sys.stdout if is_help else sys.stderr).write(_USAGE)
        raise SystemExit(0 if is_help else 2)
    install_as_wasmtime()
    if args[0] == "-m":
        # The first item of the path is already the current folder.
        sys.argv = args[1:]
        runpy.run_module(args[1], run_name="__main__", alter_sys=True)
        return
    script = args[0]
    if not os.path.exists(script):
        sys.stderr.write(f"python -m wasmz.wasmtime: there is no file {script}\n")
        raise SystemExit(2)
    sys.argv = args
    if os.path.isfile(script):
        # runpy adds archives, and folders with a __main__.py, itself.
        sys.path[0] = os.path.dirname(os.path.abspath(script))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
