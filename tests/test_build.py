"""Modules for several versions of Python, archives that run alone, and wheels made by build backends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from tests.component_abi.support import parse
from tests.support.built import built
from tests.wasi2 import hello
from tests.wasm.encode import I32, function
from wasmz.ship import bundle

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "markdown"
ADDS_5 = function(b"\x20\x00\x41\x05\x6a", I32, I32, before=b"\x07\x05\x01\x01f\x00\x00")
TAG = str(sys.implementation.cache_tag)


needs_processes = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "sums.wasm"
    path.write_bytes(ADDS_5)
    return path


def run(script: str, folder: Path, *flags: str, python: str = sys.executable, **environment: str) -> str:
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [python, *flags, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=variables, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# Sets


def test_set_imports_without_the_compiler(source: Path, tmp_path: Path) -> None:
    files = bundle.set_files(source, [bundle.this_python()], {})
    assert sorted(files) == [f"__wasmz__/sums.{TAG}.pyc", "sums.py", "sums.pyi", "sums.wasm"]
    folder = tmp_path / "out"
    bundle.write_set(files, folder)
    script = "import sys, sums; print(sums.f(1), 'wasmz.compile.pipeline' in sys.modules, 'bytecode' in sys.modules)"
    assert run(script, folder) == "6 False False"


def test_what_starts_compiles_no_source_text(source: Path, tmp_path: Path) -> None:
    bundle.write_set(bundle.set_files(source, [bundle.this_python()], {}), tmp_path / "out")
    script = """
        import builtins, sys
        real, compiled = compile, []
        def compile_noted(source, filename, *args, **named):
            compiled.append(filename)
            return real(source, filename, *args, **named)
        builtins.compile = compile_noted
        import sums
        print(sums.f(1), sums.f(2))
        print([name for name in compiled if str(name).startswith("<")])
        print("wasmz.runtime.calls.adapter_templates" in sys.modules)
    """
    assert run(script, tmp_path / "out").splitlines() == ["6 7", "[]", "False"]


def test_other_versions_compile_the_wasm(source: Path, tmp_path: Path) -> None:
    files = bundle.set_files(source, [bundle.this_python()], {})
    files["__wasmz__/sums.cpython-399.pyc"] = files.pop(f"__wasmz__/sums.{TAG}.pyc")
    bundle.write_set(files, tmp_path / "out")
    assert run("import sums; print(sums.f(1))", tmp_path / "out") == "6"
    del files["sums.wasm"]
    bundle.write_set(files, tmp_path / "bare")
    message = run(
        """
        try:
            import sums
        except ImportError as error:
            print(error)
        """,
        tmp_path / "bare",
    )
    assert message.startswith(f"cannot import sums: it was not compiled for {TAG}, and ")
    assert message.endswith("sums.wasm is not there to be compiled")


def test_damaged_file_is_not_run(source: Path, tmp_path: Path) -> None:
    files = bundle.set_files(source, [bundle.this_python()], {})
    name = f"__wasmz__/sums.{TAG}.pyc"
    damaged = bytearray(files[name])
    damaged[60] ^= 1
    bundle.write_set({**files, name: bytes(damaged)}, tmp_path / "out")
    assert run("import sums; print(sums.f(1))", tmp_path / "out") == "6"


def test_set_in_a_zip_file(source: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, content in bundle.set_files(source, [bundle.this_python()], {}).items():
            archive.writestr(name, content)
    script = (
        "import sys; sys.path.insert(0, 'all.zip'); import sums\n"
        "print(sums.f(1), 'wasmz.compile.pipeline' in sys.modules)"
    )
    assert run(script, tmp_path) == "6 False"


@needs_processes
def test_every_python_that_is_here(source: Path, tmp_path: Path) -> None:
    pythons = []
    for version in ("3.11", "3.12", "3.13", "3.14", "3.15"):
        try:
            pythons += bundle.find_pythons(version)
        except bundle.BundleError:
            continue
    assert f"cpython-{sys.version_info[0]}{sys.version_info[1]}" in [python.tag for python in pythons]
    bundle.write_set(bundle.set_files(source, pythons, {}), tmp_path / "out")
    for python in pythons:
        script = "import sys, sums; print(sums.f(1), 'wasmz.compile.pipeline' in sys.modules)"
        assert run(script, tmp_path / "out", python=python.command) == "6 False", python


def test_missing_python_is_named() -> None:
    with pytest.raises(bundle.BundleError, match=r"Python 2\.9 was not found"):
        bundle.find_pythons("2.9")
    with pytest.raises(bundle.BundleError, match="no version"):
        bundle.find_pythons(" , ")


@pytest.mark.parametrize("name", ["no-name", "class"])
def test_name_must_be_importable(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.wasm"
    path.write_bytes(ADDS_5)
    with pytest.raises(bundle.BundleError, match="not a name that Python can import"):
        bundle.set_files(path, [bundle.this_python()], {})


def test_same_files_again(source: Path) -> None:
    pythons = [bundle.this_python()]
    assert bundle.set_files(source, pythons, {}) == bundle.set_files(source, pythons, {})


# Archives


def test_archive_runs_alone(tmp_path: Path) -> None:
    """With the interpreter and nothing else: neither wasmz nor what it depends on can be imported."""
    program = ROOT / "examples" / "mandelbrot.wasm"
    command = [sys.executable, "-m", "wasmz", "compile", str(program), "--standalone", "-o", str(tmp_path / "m.pyz")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, env=environment, capture_output=True, timeout=120)
    first = (tmp_path / "m.pyz").read_bytes()
    subprocess.run(command, check=True, env=environment, capture_output=True, timeout=120)
    assert (tmp_path / "m.pyz").read_bytes() == first
    plain = [sys.executable, "-I", "-S"]
    assert subprocess.run([*plain, "-c", "import wasmz"], capture_output=True, cwd="/").returncode == 1
    done = subprocess.run([*plain, str(tmp_path / "m.pyz")], capture_output=True, text=True, cwd="/", timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "@@@@" in done.stdout
    failing = subprocess.run([*plain, str(tmp_path / "m.pyz"), "x", "y", "z"], capture_output=True, cwd="/", timeout=60)
    assert failing.returncode == 2


@pytest.mark.parametrize(
    ("imports", "status", "stdout", "stderr"),
    [("", 0, "hello\n", ""), ('(import "log" (func))', 1, "", "log")],
)
def test_archive_of_a_component_runs_alone(imports: str, status: int, stdout: str, stderr: str, tmp_path: Path) -> None:
    """It writes; or it imports what nobody has."""
    source = tmp_path / "program.wasm"
    source.write_bytes(parse(hello.program(imports)))
    archive = tmp_path / "program.pyz"
    archive.write_bytes(bundle.archive(source, [bundle.this_python()], {}))
    plain = [sys.executable, "-I", "-S", str(archive), "x"]
    done = subprocess.run(plain, capture_output=True, text=True, cwd="/", timeout=60)
    assert (done.returncode, done.stdout) == (status, stdout), done.stderr
    assert stderr in done.stderr and bool(done.stderr) is bool(stderr)


def test_archive_for_another_version_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = ROOT / "examples" / "mandelbrot.wasm"
    other = bundle.Python("cpython-399", sys.executable)
    path = tmp_path / "m.pyz"
    path.write_bytes(bundle.archive(program, [other], {}))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == f"{path} runs on cpython-399, and not on {TAG}\n"


def test_libraries_are_no_programs(source: Path) -> None:
    command = [sys.executable, "-m", "wasmz", "compile", str(source), "--standalone"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60
    )
    assert done.returncode == 2
    assert "exports no function _start" in done.stderr
    source.write_bytes(parse("(component)"))
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60
    )
    assert (done.returncode, "exports no wasi:cli/run" in done.stderr) == (2, True)


# Wheels

ADDS_6_TEXT = '(module (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 6)))) ;; text'


def build_wheel(project: Path, target: Path) -> Path:
    """The wheel of a project, built in this environment: with the wasmz that is tested."""
    pytest.importorskip("build")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--skip-dependency-check",
        "-o",
        str(target),
        str(project),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = target.glob("*.whl")
    return wheel


def installed(wheel: Path, target: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_wheel_of_setuptools(tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    project = tmp_path / "project"
    (project / "pack" / "inner").mkdir(parents=True)
    (project / "pack" / "__init__.py").write_text("from pack.sums import f\n")
    (project / "pack" / "inner" / "__init__.py").write_text("")
    (project / "pack" / "sums.wasm").write_bytes(ADDS_5)
    (project / "pack" / "inner" / "more.wasm").write_bytes(ADDS_5)
    (project / "pack" / "inner" / "text.wat").write_text(ADDS_6_TEXT)
    # An import also uses the .wasm.
    (project / "pack" / "sums.wat").write_text("not looked at")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "wasmz"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "pack"\nversion = "1"\n[tool.setuptools]\npackages = ["pack", "pack.inner"]\n'
        '[tool.setuptools.cmdclass]\nbuild_py = "wasmz.build.setuptools.build_py"\n'
    )
    wheel = build_wheel(project, tmp_path / "dist")
    assert wheel.name == "pack-1-py3-none-any.whl"
    folder = installed(wheel, tmp_path / "site")
    for name in ("sums.wasm", "sums.py", "sums.pyi", f"__wasmz__/sums.{TAG}.pyc", f"inner/__wasmz__/more.{TAG}.pyc"):
        assert (folder / "pack" / name).is_file(), name
    script = """
        import sys, pack, pack.inner.more as m, pack.inner.text as t
        print(pack.f(1), m.f(2), t.f(3), 'wasmz.compile.pipeline' in sys.modules)
    """
    assert run(script, folder) == "6 7 9 False"


@needs_processes
def test_unknown_settings_are_refused(source: Path) -> None:
    from wasmz.build import files_for

    with pytest.raises(ValueError, match="no setting 'python'"):
        files_for(source, {"python": "3.12"})
    assert f"__wasmz__/sums.{TAG}.pyc" in files_for(
        source, {"pythons": [f"{sys.version_info[0]}.{sys.version_info[1]}"]}
    )


def build_example(project: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Hatchling finds its plugin among installed packages, so wasmz has to be one."""
    site = target.parent / "plugin"
    (site / "wasmz-0.dist-info").mkdir(parents=True)
    (site / "wasmz-0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: wasmz\nVersion: 0\n")
    (site / "wasmz-0.dist-info" / "entry_points.txt").write_text("[hatch]\nwasmz = wasmz.build.hatch\n")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)])}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=project, timeout=300)


def test_wheel_of_hatchling(tmp_path: Path) -> None:
    """The example: a C library, with the licences of what is in it."""
    pytest.importorskip("hatchling")
    built(EXAMPLE / "src" / "mdwasm" / "_md4c.wasm", "markdown")
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project)
    target = tmp_path / "dist"
    done = build_example(project, target)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = target.glob("*.whl")
    assert wheel.name == "mdwasm-1.0-py3-none-any.whl"
    folder = installed(wheel, tmp_path / "site")
    assert {path.name for path in (folder / "mdwasm").iterdir()} == {
        *("__init__.py", "__wasmz__", "_md4c.py", "_md4c.pyi", "_md4c.wasm", "py.typed"),
    }
    assert {path.name for path in folder.glob("mdwasm-*/**/licences/*")} == {"md4c.md", "wasi-libc.txt"}
    # The results according to CommonMark 0.31 (sections 4.2, 4.6, 6.2) and GitHub's specification of tables (4.10).
    script = r"""
        import sys, mdwasm
        print(repr(mdwasm.to_html("# Hello *world* & <b>you</b>")))
        print(repr(mdwasm.to_html("")), repr(mdwasm.to_html("\u00e4 `x`")))
        print(repr(mdwasm.to_html("| a |\n|---|\n| b |", github=True)))
        print(len(mdwasm.to_html("word *it*\n\n" * 20_000)), 'wasmz.compile.pipeline' in sys.modules)
    """
    assert run(script, folder).splitlines() == [
        repr("<h1>Hello <em>world</em> &amp; <b>you</b></h1>\n"),
        repr("") + " " + repr("<p>\u00e4 <code>x</code></p>\n"),
        repr(
            "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>b</td>\n</tr>\n</tbody>\n</table>\n"
        ),
        f"{20_000 * len('<p>word <em>it</em></p>' + chr(10))} False",
    ]


def test_texts_in_a_wheel_of_hatchling(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    project = tmp_path / "project"
    (project / "pack").mkdir(parents=True)
    (project / "pack" / "__init__.py").write_text("from pack.text import f\n")
    (project / "pack" / "text.wat").write_text(ADDS_6_TEXT)
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling", "wasmz"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "pack"\nversion = "1"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["pack"]\n[tool.hatch.build.targets.wheel.hooks.wasmz]\n'
    )
    done = build_example(project, tmp_path / "dist")
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    folder = installed(wheel, tmp_path / "site")
    assert {"text.wat", "text.wasm", "text.py", "text.pyi"} <= {path.name for path in (folder / "pack").iterdir()}
    script = "import sys, pack; print(pack.f(3), 'wasmz.compile.pipeline' in sys.modules)"
    assert run(script, folder) == "9 False"


def test_text_is_compiled_where_nothing_fits(tmp_path: Path) -> None:
    """As beside an editable installation, which has no ``.wasm`` of a ``.wat``: that would stay when it is changed."""
    from wasmz.ship.bundle import set_files, write_set

    source = tmp_path / "text.wat"
    source.write_text(ADDS_6_TEXT)
    write_set(set_files(source, [], {}, with_wasm=False), tmp_path)
    assert run("import text; print(text.f(1))", tmp_path) == "7"
    source.unlink()
    assert "text.wasm is not there" in run("try: import text\nexcept ImportError as error: print(error)", tmp_path)


def test_example_without_its_library_is_refused(tmp_path: Path) -> None:
    """It is not in the repository; a wheel without it would fail when it is imported."""
    pytest.importorskip("hatchling")
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("*.wasm", "licences"))
    done = build_example(project, tmp_path / "dist")
    assert done.returncode != 0
    assert "python -m benchmarks.build markdown" in done.stdout + done.stderr


def test_installed_example() -> None:
    """Where the example's wheel is installed, as in the check of a checkout under pyodide, it works."""
    mdwasm = pytest.importorskip("mdwasm")
    assert mdwasm.to_html("# Hello *world*") == "<h1>Hello <em>world</em></h1>\n"
