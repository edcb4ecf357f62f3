"""The binding's own tests, with the drop-in instead of the binding.

They are in the repository bytecodealliance/wasmtime-py. ``WASMZ_WASMTIME_PY`` names a checkout; by default it is looked
for beside this repository, in ``../shared/wasmtime-py``.

    WASMZ_WASMTIME_PY=~/wasmtime-py python -m pytest tests/dropin/test_binding_suite.py
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SUITE = Path(os.environ.get("WASMZ_WASMTIME_PY", ROOT.parent / "shared" / "wasmtime-py"))

FILES = (
    *("config", "engine", "func", "global", "instance", "linker", "memory", "module", "refs", "shared_memory", "store"),
    *("table", "tag", "trap", "types", "value", "wasi", "wat2wasm"),
    *("component/component", "component/func", "component/instance", "component/linker", "component/types"),
    "component/value",
)

# By file, tests of the binding's version 46 that fail with its version 50, too, and why.
CHANGED = {
    # The instance that is added twice is added to.
    "component/linker": "test_add_instance",
}

pytestmark = [
    pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here"),
    pytest.mark.skipif(
        not (SUITE / "tests" / "test_func.py").exists(),
        reason=f"the binding's own tests are not in {SUITE}: set WASMZ_WASMTIME_PY to a checkout of wasmtime-py",
    ),
]


def test_no_file_is_forgotten() -> None:
    tests = SUITE / "tests"
    found = {
        path.relative_to(tests).with_suffix("").as_posix().replace("test_", "") for path in tests.rglob("test_*.py")
    }
    assert found == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_the_file_passes(name: str) -> None:
    command = [sys.executable, "-m", "wasmz.wasmtime", "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider"]
    folder, _, stem = name.rpartition("/")
    command += ["--rootdir", str(SUITE), str(SUITE / "tests" / folder / f"test_{stem}.py")]
    if name in CHANGED:
        command += ["-k", f"not {CHANGED[name]}"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    # Some tests name the binding's folder.
    done = subprocess.run(command, capture_output=True, text=True, cwd=SUITE, env=env, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    wanted = r"^\d+ passed, 1 deselected in" if name in CHANGED else r"^\d+ passed in"
    assert re.search(wanted, done.stdout, re.MULTILINE), done.stdout[-400:]
