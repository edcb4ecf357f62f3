"""Others' code: what is fetched is what the list says; neither it nor what is built from it is in the repository."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import fetch as fetching
from benchmarks.build import libraries, sources_of
from benchmarks.catalogue import KERNELS, kernel_names, module_of
from benchmarks.fetch import FetchError, Source, accept, fetch, folder_of, load_manifest, unpack

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """A source whose archive is in its place."""
    monkeypatch.setattr(fetching, "SOURCES", tmp_path / "sources")
    (tmp_path / "sources").mkdir()
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in (("thing-1/a.h", b"header"), ("thing-1/lib/a.c", b"code"), ("thing-1/../../evil", b"!")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    (tmp_path / "sources" / "thing.tgz").write_bytes(data.getvalue())
    digest = hashlib.sha256(data.getvalue()).hexdigest()
    return Source("thing", "npm", "thing", "1", "thing.tgz", digest, ("a.h", "lib/a.c"))


def test_files_lie_side_by_side(source: Source) -> None:
    folder_of("thing").mkdir()
    (folder_of("thing") / "of an earlier version").touch()
    unpack(source)
    assert {path.name: path.read_bytes() for path in folder_of("thing").iterdir()} == {"a.h": b"header", "a.c": b"code"}


def test_nothing_lands_outside_its_folder(source: Source) -> None:
    unpack(replace(source, files=("a.h", "../../evil")))
    assert {path.name for path in fetching.SOURCES.parent.iterdir()} == {"sources"}
    assert {path.name for path in fetching.SOURCES.iterdir()} == {"thing", "thing.tgz"}


def test_file_that_the_archive_lacks(source: Source) -> None:
    with pytest.raises(FetchError, match=r"thing\.tgz has no b\.c, c\.c"):
        unpack(replace(source, files=("a.h", "c.c", "b.c")))
    assert not folder_of("thing").exists()


def test_other_archive_is_refused(source: Source, tmp_path: Path) -> None:
    (fetching.SOURCES / "thing.tgz").unlink()
    download = tmp_path / "thing.tgz"
    with pytest.raises(FetchError, match=r"npm brought no thing\.tgz"):
        accept(source, download)
    download.write_bytes(b"something else")
    with pytest.raises(FetchError, match=f"is {hashlib.sha256(b'something else').hexdigest()}, not {source.sha256}"):
        accept(source, download)
    assert list(fetching.SOURCES.iterdir()) == []


def test_archive_is_fetched_once_and_again_if_it_changed(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = fetching.SOURCES / "thing.tgz"
    content, fetched = archive.read_bytes(), []

    def bring(source: Source, folder: Path) -> None:
        fetched.append(source.name)
        (folder / source.archive).write_bytes(content)

    monkeypatch.setattr(fetching, "load_manifest", lambda: ("suite", {"thing": source}))
    monkeypatch.setattr(fetching, "_download_from_npm", bring)
    fetch(["thing"])
    assert fetched == []
    archive.write_bytes(content[:-1])
    fetch(["thing"])
    archive.unlink()
    fetch(["thing"])
    assert fetched == ["thing", "thing"]
    assert (folder_of("thing") / "a.c").read_bytes() == b"code"


def test_missing_client_is_named(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fetching.SOURCES))
    monkeypatch.setattr(fetching, "load_manifest", lambda: ("suite", {"thing": replace(source, sha256="0" * 64)}))
    with pytest.raises(FetchError, match=r"npm is missing: it comes with Node\.js"):
        fetch(["thing"])


def test_manifest_is_complete() -> None:
    _, sources = load_manifest()
    used = {source for name in kernel_names() for source in sources_of(name)}
    assert used | set(libraries()) | {"md4c"} == sources.keys()
    for source in sources.values():
        assert source.registry in ("debian", "npm")
        assert re.fullmatch("[0-9a-f]{64}", source.sha256)
        names = [Path(file).name for file in source.files]
        assert len(set(names)) == len(names), source.name


def test_kernels_of_others_are_those_with_an_origin() -> None:
    with_origin = {path.parent.name for path in KERNELS.glob("*/kernel.py") if "\nORIGIN = " in path.read_text("utf-8")}
    assert {name for name in kernel_names() if sources_of(name)} == with_origin
    assert len(with_origin) == 20


def _git(*words: str) -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout of git: what is committed cannot be told")
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_others_code_is_not_committed_and_ignored_when_built() -> None:
    built = [module_of(name).relative_to(ROOT).as_posix() for name in kernel_names() if sources_of(name)]
    built += [
        "examples/markdown/src/mdwasm/_md4c.wasm",
        "examples/markdown/licences/md4c.md",
        "cache/sources/zlib/zlib.h",
    ]
    assert _git("ls-files", "--", *built) == []
    assert _git("check-ignore", "--no-index", *built) == built


def test_committed_modules_have_their_source_beside_them() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for name in _git("ls-files", "*.wasm"):
        path = ROOT / name
        stem = path.name.partition(".")[0]
        source = next(
            (path.with_name(stem + end) for end in (".c", ".cpp", ".wat") if path.with_name(stem + end).exists()), None
        )
        assert source is not None, name
        # Code that includes these is linked with wasi-libc, whose licences require a notice.
        text = source.read_text(encoding="utf-8")
        linked = any(f"#include <{header}>" in text for header in ("stdio.h", "unistd.h"))
        assert linked == (f" {name}\n" in notice), name
