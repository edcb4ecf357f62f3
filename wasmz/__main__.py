"""``python -m wasmz`` is the command ``wasmz``."""

from __future__ import annotations

from wasmz.cli import main

if __name__ == "__main__":
    main()
