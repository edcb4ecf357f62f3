"""Names of imports and exports: which are names, which are alike, and which versions are compatible."""

from __future__ import annotations

import pytest

from wasmz.component.validation.extern_names import is_label, is_version, parse_name, split_version, uniqueness_key


@pytest.mark.parametrize("text", ["a", "a-b-c", "a1-2-3", "A", "A-B-C", "A1-2-3", "a11-w0rds", "m1x3d-4CR0NYMS"])
def test_labels(text: str) -> None:
    assert is_label(text)


@pytest.mark.parametrize(
    "text", ["", "1", "1-2", "-a", "a-", "a--b", "aB", "Ab", "a_b", "a.b", "é", "a\n", "a-bC", "²"]
)
def test_what_is_no_label(text: str) -> None:
    assert not is_label(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a-b", ("label", "", "", None)),
        ("[constructor]a", ("constructor", "a", "", None)),
        ("[method]a.b-C", ("method", "a", "b-C", None)),
        ("[static]A.b", ("static", "A", "b", None)),
        ("wasi:io/poll", ("interface", "", "", None)),
        ("wasi:io/poll@0.2.1", ("interface", "", "", "0.2.1")),
        ("a-b:c-1/D-e@1.0.0-rc.1+x.y", ("interface", "", "", "1.0.0-rc.1+x.y")),
        ("a:b/c@0.2", ("interface", "", "", "0.2")),
    ],
)
def test_names(text: str, parts: tuple[str, str, str, str | None]) -> None:
    parsed = parse_name(text)
    assert (parsed.kind, parsed.resource, parsed.member, parsed.version) == parts


@pytest.mark.parametrize(
    "text",
    [
        *("", "[method]a", "[method]a.", "[method].a", "[method]a.b.c", "[static]a", "[constructor]", "[other]a"),
        *("a:b", "a:b/", ":b/c", "A:b/c", "a:B/c", "a:b:c/d", "a:b/c/d", "a:b/c@", "a:b/c@1.2", "a:b/c@01.0.0", "a/b"),
        *("a:b/c@1.0.0-", "a:b/c@1.0.0-01", "a:b/c@1.0.0+", "a:b/c@0.0", "[constructor]a:b/c", "a:b/c@1.0.0\n"),
    ],
)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_name(text)


def test_version_suffixes_complete_canonical_versions() -> None:
    assert parse_name("a:b/c@0.2", ".6-rc.1").version == "0.2.6-rc.1"
    assert parse_name("a:b/c@1", ".2.3").version == "1.2.3"
    for name, suffix in (("a:b/c@0.2.6", ""), ("a:b/c@1.2", ".3"), ("a:b/c", ".1"), ("a:b/c@0.2", "6"), ("a", ".1")):
        with pytest.raises(ValueError, match="version"):
            parse_name(name, suffix)


# The examples of the specification: these go together, and each of those collides with one of them.
_TOGETHER = ("foo", "foo-bar", "[constructor]foo", "[method]foo.bar", "[static]foo.baz", "foo:bar/baz")
_COLLIDING = (
    *("FOO", "foo-BAR", "[constructor]FOO", "[method]foo.BAR", "[static]foo.bar", "[method]foo.baz", "[method]foo.foo"),
    *("[static]foo-BAR.FOO-bar", "foo:bar/BAZ"),
)


def test_strong_uniqueness() -> None:
    keys = {uniqueness_key(name) for name in _TOGETHER}
    assert len(keys) == len(_TOGETHER)
    assert {uniqueness_key(name) for name in _COLLIDING} <= keys


@pytest.mark.parametrize(
    ("version", "is_valid"),
    [
        *(("0.0.0", True), ("1.2.3", True), ("1.0.0-alpha.1+b.01", True), ("1.0.0--", True), ("10.20.30", True)),
        *(
            ("1.2", False),
            ("1.02.3", False),
            ("1.0.0-01", False),
            ("1.0.0-a..b", False),
            ("v1.0.0", False),
            ("", False),
        ),
    ],
)
def test_semantic_versions(version: str, is_valid: bool) -> None:
    assert is_version(version) is is_valid


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("wasi:io/poll@0.2.1", ("wasi:io/poll", "0.2", ".1")),
        ("a:b/c@1.2.3", ("a:b/c", "1", ".2.3")),
        ("a:b/c@0.2.6-rc.1", ("a:b/c", "0.2", ".6-rc.1")),
        ("a:b/c@0.0.1-alpha", ("a:b/c", "0.0.1", "-alpha")),
        ("a:b/c@0.2", ("a:b/c", "0.2", "")),
        ("a:b/c", ("a:b/c", "", "")),
    ],
)
def test_versions_are_split(text: str, parts: tuple[str, str, str]) -> None:
    assert split_version(text) == parts
