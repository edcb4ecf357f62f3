"""What ``pip install wasmz`` brings into an empty environment, by folder: ``python -m benchmarks.installed``.

Bytes of sources, of the bytecode that pip compiles them to, and of other files. It needs a network, for dependencies.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Of the package itself, folders are shown.
PACKAGE = "wasmz"


def install(folder: Path) -> Path:
    """Installs the checkout in a new environment; the folder of its packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", str(ROOT)], check=True, env=environment)
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip())


def sizes(packages: Path) -> dict[str, list[int]]:
    """By folder the bytes of sources, compiled files and others."""
    found: dict[str, list[int]] = {}
    for path in packages.rglob("*"):
        if path.is_file():
            parts = path.relative_to(packages).parts
            name = "/".join(parts[:2]) if parts[0] == PACKAGE and len(parts) > 2 else parts[0]
            column = {".py": 0, ".pyc": 1}.get(path.suffix, 2)
            found.setdefault(name, [0, 0, 0])[column] += path.stat().st_size
    return dict(sorted(found.items(), key=lambda item: -sum(item[1])))


def main() -> None:
    """Prints a table."""
    with tempfile.TemporaryDirectory() as folder:
        found = sizes(install(Path(folder) / "environment"))
    print(f"{'bytes':30s}{'sources':>12s}{'compiled':>12s}{'other':>12s}{'all':>12s}")
    for name, columns in [*found.items(), ("together", [sum(column) for column in zip(*found.values(), strict=True)])]:
        print(f"{name:30s}" + "".join(f"{size:12,}" for size in [*columns, sum(columns)]))


if __name__ == "__main__":
    main()
