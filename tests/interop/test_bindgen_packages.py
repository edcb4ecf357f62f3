"""Packages made with wasm-bindgen, each used for its job, with the results of node, which runs their JavaScript."""

from __future__ import annotations

import base64

import pytest

import wasmz
from tests.interop.packages import node, package


def test_tiktoken() -> None:
    folder = package("tiktoken")
    ranks = "! 0 " + " ".join(base64.b64encode(bytes([c])).decode() for c in range(256)) + " aGU= bGw="
    text = "hello wörld, the hell of 日本 <|end|>"
    expected = node(
        """
        const { Tiktoken } = require(process.argv[2] + "/lite/tiktoken.cjs");
        const encoder = new Tiktoken(process.argv[3], { "<|end|>": 300 }, "\\\\w+|\\\\s+|.");
        const tokens = encoder.encode(process.argv[4], "all");
        console.log(JSON.stringify([[...tokens], [...encoder.decode(tokens)], encoder.token_byte_values()[5]]));
        """,
        folder,
        ranks,
        text,
    )
    lib = wasmz.bind(folder / "lite" / "tiktoken_bg.wasm")
    with lib.Tiktoken(ranks, {"<|end|>": 300}, r"\w+|\s+|.") as encoder:
        tokens = encoder.encode(text, "all")
        assert list(tokens) == expected[0]
        assert encoder.decode(tokens) == bytes(expected[1]) == text.encode()
        assert list(encoder.token_byte_values()[5]) == expected[2]
        with pytest.raises(wasmz.JavaScriptError, match="special token that is not allowed"):
            encoder.encode(text)
    with pytest.raises(wasmz.JavaScriptError, match="null pointer"):
        encoder.encode("x")


def test_resvg() -> None:
    folder = package("@resvg/resvg-wasm")
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">'
        '<rect x="5" y="5" width="20" height="10" fill="red"/><circle cx="30" cy="20" r="7" fill="#0a05"/></svg>'
    )
    expected = node(
        """
        const { initWasm, Resvg } = require(process.argv[2] + "/index.js");
        const file = require("fs").readFileSync(process.argv[2] + "/index_bg.wasm");
        initWasm(file).then(() => {
            const made = new Resvg(process.argv[3], { background: "white" });
            const image = made.render();
            console.log(JSON.stringify([[...image.asPng()], image.width, made.innerBBox().width, made.toString()]));
        });
        """,
        folder,
        picture,
    )
    lib = wasmz.bind(folder / "index_bg.wasm", folder / "index.js")
    with lib.Resvg(picture, '{"background":"white"}') as made, made.render() as image:
        assert image.asPng() == bytes(expected[0])
        assert image.width == expected[1]
        assert made.innerBBox().width == expected[2]
        assert str(made) == expected[3]
    with pytest.raises(wasmz.JavaScriptError, match="SVG data parsing failed"):
        lib.Resvg("<svg")


def test_yjs_documents() -> None:
    folder = package("ywasm")
    expected = node(
        """
        const lib = require(process.argv[2] + "/ywasm.js");
        const doc = new lib.YDoc({ clientID: 1 });
        const text = doc.getText("t"), seen = [];
        const observer = text.observe(event => seen.push(event.delta));
        text.push("hello");
        text.insert(2, "XX", { bold: true });
        const map = doc.getMap("m");
        map.set("list", [1, "x", null, { q: 2.5 }]);
        console.log(JSON.stringify([
            text.toString(), text.toDelta(), seen, map.toJson(), [...lib.encodeStateAsUpdate(doc)],
        ]));
        """,
        folder,
    )
    lib = wasmz.bind(folder / "ywasm_bg.wasm")
    doc = lib.YDoc({"clientID": 1})
    text, seen = doc.getText("t"), []
    observer = text.observe(lambda event: seen.append(event.delta))
    text.push("hello")
    text.insert(2, "XX", {"bold": True})
    map = doc.getMap("m")
    map.set("list", [1, "x", None, {"q": 2.5}])
    update = lib.encodeStateAsUpdate(doc)
    assert [str(text), text.toDelta(), seen, map.toJson(), list(update)] == expected
    other = lib.YDoc()
    lib.applyUpdate(other, update)
    assert str(other.getText("t")) == "heXXllo"
    observer.free()
    text.push("!")
    assert len(seen) == 2


def test_sql_parser() -> None:
    folder = package("@guanmingchiu/sqlparser-ts")
    query = "select a, b from t where x = 1 and y in (1, 2.5) limit 3"
    expected = node(
        """
        import { readFileSync } from "node:fs";
        const lib = await import(process.argv[2] + "/wasm/sqlparser_rs_wasm.js");
        lib.initSync({ module: readFileSync(process.argv[2] + "/wasm/sqlparser_rs_wasm_bg.wasm") });
        const tree = lib.parse_sql("generic", process.argv[3]), text = lib.format_sql("generic", process.argv[3]);
        console.log(JSON.stringify([tree, text], (key, value) => value === undefined ? null : value));
        """,
        folder,
        query,
    )
    lib = wasmz.bind(folder / "wasm" / "sqlparser_rs_wasm_bg.wasm")
    assert [lib.parse_sql("generic", query), lib.format_sql("generic", query)] == expected
    with pytest.raises(wasmz.JavaScriptError, match="Expected: an SQL statement"):
        lib.parse_sql("generic", "nothing of that kind")


def test_ledger() -> None:
    folder = package("@rustledger/wasm")
    source = (
        "2024-01-01 open Assets:Cash USD\n2024-01-01 open Expenses:Food\n"
        '2024-01-15 * "Coffee"\n  Expenses:Food  5.00 USD\n  Assets:Cash\n'
    )
    expected = node(
        """
        import { readFileSync } from "node:fs";
        const lib = await import(process.argv[2] + "/rustledger_wasm.js");
        lib.initSync({ module: readFileSync(process.argv[2] + "/rustledger_wasm_bg.wasm") });
        const source = process.argv[3];
        console.log(JSON.stringify([lib.parse(source), lib.query(source, "BALANCES"), lib.version()]));
        """,
        folder,
        source,
    )
    lib = wasmz.bind(folder / "rustledger_wasm_bg.wasm")
    assert [lib.parse(source), lib.query(source, "BALANCES"), lib.version()] == expected
    assert lib.validateSource(source) == {"valid": True, "errors": []}
