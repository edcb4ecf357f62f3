"""Programs of others for the browser without a DOM, from the repository of the benchmark JetStream.

    git clone https://github.com/WebKit/JetStream && WASMZ_JETSTREAM=JetStream pytest tests/interop

jetstream("Dart/build/flute.complex.dart2wasm.wasm", "5b4036...")     -> the path, or the test is skipped
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest


def jetstream(file: str, sha256: str) -> Path:
    """A file of the repository, whose contents must be the ones that are known."""
    folder = os.environ.get("WASMZ_JETSTREAM")
    if not folder:
        pytest.skip("WASMZ_JETSTREAM does not name a checkout of github.com/WebKit/JetStream, which has the program")
    path = Path(folder) / file
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256, f"{file} is another one"
    return path
