"""``python -m tests.wasi3 FOLDER``: runs WASI's test suite for WASI 0.3; the counts by area, and what failed."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.wasi3.suite import FEWEST_PROGRAMS, results


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    passed, failed = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:

        def copy(folder: Path) -> Path:
            return Path(shutil.copytree(folder, tempfile.mkdtemp(dir=scratch), symlinks=True, dirs_exist_ok=True))

        for area, name, problem in results(Path(sys.argv[1]), copy):
            (passed if problem is None else failed)[area] += 1
            if problem is not None:
                print(f"{name}: {problem}")
    print(f"{'area':<12} passed  failed")
    for area in sorted({*passed, *failed}):
        print(f"{area:<12} {passed[area]:>6} {failed[area]:>7}")
    print(f"{'all':<12} {passed.total():>6} {failed.total():>7}")
    if passed.total() + failed.total() < FEWEST_PROGRAMS:
        print("These are not all programs of the suite.")
        return 1
    return int(failed.total() > 0)


if __name__ == "__main__":
    sys.exit(main())
