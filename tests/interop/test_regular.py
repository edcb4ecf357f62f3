"""JavaScript's regular expressions: as node has them, and in a bounded number of steps."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.interop.packages import node
from wasmz.interop.javascript import patterns, texts
from wasmz.interop.javascript.operations import call_method, get
from wasmz.interop.javascript.patterns import Regular
from wasmz.interop.javascript.values import UNDEFINED, JavaScriptError

# Its tables are filled when it is loaded.
_ = texts
_ATOMS = (
    *(
        "a",
        "b",
        "c",
        "ab",
        ".",
        "[ab]",
        "[^a]",
        r"\d",
        r"\w",
        r"\s",
        "(a|b)",
        "(?:a|bc)",
        "(a)",
        "(b*)",
        r"\1",
        "^",
        "$",
    ),
    *(
        r"\b",
        "(?=a)",
        "(?!b)",
        "[a-c]",
        "1",
        "é",
        "(?:a*)*",
        "(a|ab)(c|bcd)*",
        "(?<x>b)",
        r"\B",
        r"\u0061",
        "[^]",
        "[]",
    ),
)
_REPEATS = ("", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,}")
_SCRIPT = """
const found = JSON.parse(process.argv[2]).map(([pattern, flags, text]) => {
  try {
    const match = new RegExp(pattern, flags).exec(text);
    const make = () => new RegExp(pattern, flags);
    return match && [match.index, [...match], text.replace(make(), "<$&$1>"), text.split(make())];
  } catch (error) { return "SyntaxError"; }
});
console.log(JSON.stringify(found, (key, value) => value === undefined ? null : value));
"""


def _case(numbers: random.Random) -> tuple[str, str, str]:
    count = numbers.randint(1, 4)
    pattern = "".join(
        atom + (numbers.choice(_REPEATS) if atom[0] not in "^$" and atom not in (r"\b", r"\B") else "")
        for atom in numbers.choices(_ATOMS, k=count)
    )
    text = "".join(numbers.choices("aabbccAB1 _é\n\U0001f600d", k=numbers.randint(0, 8)))
    return pattern, numbers.choice(("", "i", "g", "m", "s", "gi")), text


def _found(pattern: str, flags: str, text: str) -> Any:
    try:
        found = call_method(Regular(pattern, flags), "exec", (text,))
    except JavaScriptError as error:
        return error.name
    if found is None:
        return None
    replaced = call_method(text, "replace", (Regular(pattern, flags), "<$&$1>"))
    parts = call_method(text, "split", (Regular(pattern, flags),))
    items = [[None if item is UNDEFINED else item for item in each] for each in (found, parts)]
    return [get(found, "index"), items[0], replaced, items[1]]


def test_made_up_patterns_match_as_in_node() -> None:
    numbers = random.Random(5)
    cases = [_case(numbers) for _ in range(1_000)]
    expected = node(_SCRIPT, json.dumps(cases))
    wrong = [
        (case, found, wanted)
        for case, wanted in zip(cases, expected, strict=True)
        if (found := _found(*case)) != wanted
    ]
    assert not wrong, wrong[:5]
    assert sum(wanted not in (None, "SyntaxError") for wanted in expected) > 300


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "expected"),
    [
        (r"^\p{L}+$", "u", "Straße", ["Straße"]),
        (r"^.$", "u", "\U0001f600", ["\U0001f600"]),
        (r"^..$", "", "\U0001f600", ["\U0001f600"]),
        (r"\u{1F600}", "u", "a\U0001f600", ["\U0001f600"]),
        (r"(?<year>\d{4})-\k<year>", "", "2020-2020", ["2020-2020", "2020"]),
        (r"[\d\-x]+", "", "a1-x", ["1-x"]),
        (r"(z)((a+)?(b+)?(c))*", "", "zaacbbbcac", ["zaacbbbcac", "z", "ac", "a", UNDEFINED, "c"]),
        (r"(?=(a+))a*b\1", "", "baaabac", ["aba", "a"]),
        (r"\cJ\x41\0", "", "\nA\0", ["\nA\0"]),
        ("a{,2}", "", "a{,2}", ["a{,2}"]),
    ],
)
def test_special_forms(pattern: str, flags: str, text: str, expected: list[Any]) -> None:
    assert call_method(Regular(pattern, flags), "exec", (text,)) == expected


@pytest.mark.parametrize("pattern", ["(", ")", "[", "a**", "a{2,1}", "[b-a]", "(?<x>a)(?<x>b)", "\\", "*", "(?<=a)b"])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(JavaScriptError, match="Invalid regular expression"):
        Regular(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a+)+$", "a" * 60 + "b"),
        ("(a|aa)+$", "a" * 60 + "b"),
        ("(.*)(.*)(.*)(.*)(.*)x", "a" * 500),
        ("(?:a|b)*c", "ab" * 20_000),
        ("(" * 40 + "a" + ")*" * 40 + "b", "a" * 100),
    ],
)
def test_matching_is_bounded(pattern: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_MOST_STEPS", 20_000)
    with pytest.raises(JavaScriptError, match="too many steps|repeats too often"):
        call_method(Regular(pattern), "exec", (text,))


@pytest.mark.parametrize("pattern", ["(" * 100 + ")" * 100, "a" * 20_000])
def test_patterns_are_bounded(pattern: str) -> None:
    with pytest.raises(JavaScriptError, match="nested too deeply|too long"):
        Regular(pattern)


def test_last_index_and_flags() -> None:
    regular = Regular("a", "gy")
    assert [call_method(regular, "test", ("aab",)) for _ in range(3)] == [True, True, False]
    assert (get(regular, "lastIndex"), get(regular, "flags"), get(regular, "sticky")) == (0, "gy", True)
    assert call_method(regular, "toString", ()) == "/a/gy"
