"""Compiles for several versions of Python at once, and makes archives that run without wasmz.

    set_files("lib.wasm", find_pythons("3.11,3.12"), {})   lib.py, lib.pyi, lib.wasm, __wasmz__/lib.cpython-311.pyc, ...
    archive("prog.wasm", pythons, {})                      one file: the program, and the runtime that it needs

Code objects are for one version of CPython, so each version compiles for itself, in a process of its own.
"""

from __future__ import annotations

import io
import json
import keyword
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from wasmz.artifact.cache import write_output
from wasmz.config import Config
from wasmz.module import read_bytes, read_source
from wasmz.ship.component_stubs import stub_of_component
from wasmz.ship.stubs import render_stub
from wasmz.ship.versions import FOLDER
from wasmz.startup.records import Record
from wasmz.version import __version__
from wasmz.wasm.preamble import is_component

# The program of a process of another version: gets the paths of the packages it needs, compiles argument 1, and writes
# argument 2.
_COMPILE = """\
import json, sys
options, jobs, source, target = json.loads(sys.argv[1]), *sys.argv[2:]
from wasmz.codegen.targets import current_target
current_target()  # wasmz's own message, before what an unknown version stumbles over
from wasmz.config import Config
from wasmz.module import read_bytes, read_source
from wasmz.compile.parallel import compile_frozen
from wasmz.artifact.pyc import encode_pyc, hash_source
from wasmz.wasm.preamble import is_component
data, config = read_bytes(source), Config(**options)
if is_component(data):
    from wasmz.ship.component_pyc import compile_component
    content = compile_component(data, config, int(jobs))[0]
else:
    data = bytes(read_source(data, source))
    image, code = compile_frozen(data, config, int(jobs))
    content = encode_pyc(image, hash_source(data), code, config.limits)
open(target, "wb").write(content)
"""

# The same for archives: compiles the runtime's modules to the version's bytecode, without sources.
_COMPILE_RUNTIME = """\
import importlib._bootstrap_external as external, json, os, sys
root, target = sys.argv[1:3]
for name in json.loads(sys.argv[3]):
    source = open(os.path.join(root, name), "rb").read()
    code = compile(source, "wasmz/" + name, "exec", dont_inherit=True, optimize=0)
    path = os.path.join(target, name + "c")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    data = external._code_to_hash_pyc(code, bytes(8), False)
    open(path, "wb").write(data)
"""

_SHIM = '''\
"""WebAssembly {kind} {name}, compiled by wasmz {version}."""
from wasmz.ship.{home} import load

load(globals(){limits})
'''

_MAIN = """\
import sys

KNOWN = {known}
tag = sys.implementation.cache_tag
if tag not in KNOWN:
    sys.exit(f"{{sys.argv[0]}} runs on {{', '.join(KNOWN)}}, and not on {{tag}}")
sys.path.insert(0, sys.path[0] + "/" + tag)
from wasmz.runtime.precompiled import run_archive

run_archive({name!r} + ".pyc")
"""

# Modules of wasmz outside of runtime/ that the runtime needs.
_RUNTIME_FILES = (
    *("__init__.py", "startup/concurrency.py", "config.py", "errors.py", "startup/light.py", "artifact/pyc.py"),
    *("startup/own_modules.py", "startup/records.py", "settings.py", "subtyping.py", "types.py", "version.py"),
    *("artifact/__init__.py", "startup/__init__.py"),
)

# What components need besides, and folders of modules that programs need whole.
_COMPONENT_FILES = ("artifact/cache.py", "module.py")
_FOLDERS = ("runtime",)
_COMPONENT_FOLDERS = ("component", "wasi2", "wasi3", "wasm")

# The date of all files in an archive, so that equal contents give equal files.
_DATE = (1980, 1, 1, 0, 0, 0)


class Python(Record):
    """An interpreter to compile with.

    Attributes:
        tag: the tag of its version, such as ``cpython-312``.
        command: the path of its executable.
    """

    tag: str
    command: str


class BundleError(ValueError):
    """An interpreter is missing, or it failed."""


def this_python() -> Python:
    """The running interpreter."""
    return Python(str(sys.implementation.cache_tag), sys.executable)


def find_pythons(versions: str) -> list[Python]:
    """The interpreters of versions such as ``3.11,3.12``; a version may also be a path.

    They are looked for as ``python3.12`` on PATH, with the launcher ``py`` on Windows, and among those of ``pyenv``.

    Raises:
        BundleError: an interpreter is missing, or wasmz does not know its version.
    """
    # Each tag once: two interpreters of the same version would write the same file.
    named = [_find(version.strip()) for version in versions.split(",") if version.strip()]
    found = list({python.tag: python for python in reversed(named)}.values())[::-1]
    if not found:
        raise BundleError("no version of Python is named")
    return found


def _find(version: str) -> Python:
    candidates = [version] if os.sep in version else _candidates(version)
    for candidate in candidates:
        tag = _tag_of(candidate, None if os.sep in version else version)
        if tag is not None:
            return Python(tag, candidate)
    raise BundleError(f"Python {version} was not found: neither python{version} on PATH, nor with py or pyenv")


def _candidates(version: str) -> list[str]:
    candidates = [sys.executable]
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        candidates.append(on_path)
    launcher = shutil.which("py")
    if launcher is not None:
        command = [launcher, f"-{version}", "-c", "import sys; print(sys.executable)"]
        candidates += subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\n")[:1]
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates += [str(path) for path in sorted((root / "versions").glob(f"{version}.*/bin/python"), reverse=True)]
    return [candidate for candidate in candidates if candidate]


def _tag_of(command: str, version: str | None) -> str | None:
    """The tag of an interpreter, if it runs and has the version."""
    script = "import sys; print(sys.implementation.cache_tag, '%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([command, "-c", script], capture_output=True, text=True, check=False)
    except OSError:
        return None
    words = done.stdout.split()
    return words[0] if len(words) == 2 and version in (None, words[1]) else None


def compile_for(python: Python, source: Path, options: dict[str, Any], jobs: int = 1) -> bytes:
    """The precompiled file of a module for a version of Python; ``options`` are fields of ``Config``.

    Raises:
        BundleError: the interpreter fails; the message is the last line of its error output.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "module.pyc"
        _run(python, _COMPILE, json.dumps(options), str(jobs), str(source), str(target))
        return target.read_bytes()


def _run(python: Python, script: str, *arguments: str) -> None:
    import bytecode

    # Both are pure Python: the installed packages work for other versions, too.
    places = dict.fromkeys(str(Path(str(item)).parent.parent) for item in (Path(__file__).parent, bytecode.__file__))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [python.command, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise BundleError(f"{python.command} ({python.tag}): {said[-1]}")


def set_files(
    source: Path,
    pythons: list[Python],
    options: dict[str, Any],
    *,
    name: str | None = None,
    with_wasm: bool = True,
    jobs: int = 1,
) -> dict[str, bytes]:
    """The files of a module that is shipped for several versions, by path: see :mod:`wasmz.ship.versions`.

    Raises:
        InvalidWasm, UnsupportedFeature: the module is not valid. BundleError: an interpreter fails.
    """
    data = read_bytes(source)
    is_whole = is_component(data)
    if not is_whole:
        data = bytes(read_source(data, str(source)))
    stem = source.stem if name is None else name
    if not stem.isidentifier() or keyword.iskeyword(stem):
        raise BundleError(f"{stem!r} is not a name that Python can import")
    limits = Config(**options).limits
    files = {
        f"{stem}.pyi": (stub_of_component if is_whole else render_stub)(data, stem).encode(),
        f"{stem}.py": _SHIM.format(
            kind="component" if is_whole else "module",
            home="component_versions" if is_whole else "versions",
            name=stem,
            version=__version__,
            limits=f", {limits}" if limits else "",
        ).encode(),
    }
    for python in pythons:
        files[f"{FOLDER}/{stem}.{python.tag}.pyc"] = compile_for(python, source, options, jobs)
    if with_wasm:
        files[f"{stem}.wasm"] = data
    return files


def write_set(files: dict[str, bytes], folder: Path) -> None:
    """Writes the files of :func:`set_files`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != content:
            write_output(path, content)


def _needed(package: Path, is_whole: bool) -> list[str]:
    """The files of wasmz that a program needs, relative to the package; ``is_whole``: it is a component."""
    files, folders = [*_RUNTIME_FILES], [*_FOLDERS]
    if is_whole:
        files += _COMPONENT_FILES
        folders += _COMPONENT_FOLDERS
    found = [path for folder in folders for path in sorted((package / folder).rglob("*.py"))]
    return [*files, *(path.relative_to(package).as_posix() for path in found)]


def archive(source: Path, pythons: list[Python], options: dict[str, Any], *, jobs: int = 1) -> bytes:
    """A zip archive that ``python`` runs: a program and the runtime, for each version. It needs nothing else.

    The program is a command module, or a component that is one.

    Raises:
        InvalidWasm, UnsupportedFeature: the module is not valid. BundleError: an interpreter fails.
    """
    import tempfile

    package = Path(__file__).parent.parent
    names = _needed(package, is_component(read_bytes(source)))
    main = _MAIN.format(known=[python.tag for python in pythons], name=source.stem)
    files = {"__main__.py": main.encode()}
    for python in pythons:
        files[f"{python.tag}/{source.stem}.pyc"] = compile_for(python, source, options, jobs)
        with tempfile.TemporaryDirectory() as folder:
            _run(python, _COMPILE_RUNTIME, str(package), folder, json.dumps(names))
            for path in sorted(Path(folder).rglob("*.pyc")):
                files[f"{python.tag}/wasmz/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    stream = io.BytesIO()
    stream.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
