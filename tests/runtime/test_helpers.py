"""What generated code calls by name, and when its files are imported."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest

from wasmz.runtime.link.find_helpers import find_helper, late_helper


def test_helpers_are_found_by_name() -> None:
    assert find_helper("i32_div_s")(6, 0xFFFF_FFFE) == 0xFFFF_FFFD
    assert find_helper("nonsense") is None
    assert find_helper("i32_nonsense") is None


def test_what_is_imported_already_is_given_at_once() -> None:
    namespace: dict[str, Any] = {}
    assert late_helper("i32_div_s", namespace) is find_helper("i32_div_s")
    assert late_helper("nonsense", namespace) is None
    # Not a function: code subscripts it.
    assert late_helper("f32_scratch", namespace) is find_helper("f32_scratch")


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_files_are_imported_when_something_is_called() -> None:
    script = """
        import sys
        from wasmz.runtime.link.find_helpers import find_helper, late_helper

        namespace = {}
        namespace["f64_abs"] = late_helper("f64_abs", namespace)
        print("wasmz.runtime.numeric.floats" in sys.modules)
        print(namespace["f64_abs"](-1.5), "wasmz.runtime.numeric.floats" in sys.modules)
        print(namespace["f64_abs"] is find_helper("f64_abs"))
        late = late_helper("v128_nonsense", namespace)
        try:
            late(1)
        except SystemError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [
        "False",
        "1.5 True",
        "True",
        "the compiled module needs 'v128_nonsense', which this version of wasmz does not have",
    ], done.stderr
