"""Packages of npm that use embind, by different authors: node, which runs their JavaScript, gives the same."""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any

import pytest

import wasmz
from tests.interop.packages import node, package


def test_clipper() -> None:
    """Classes, vectors, overloads, enumerations, 64-bit integers; names of exports are gone."""
    folder = package("clipper2-wasm") / "dist" / "es"
    lib = wasmz.bind(folder / "clipper2z.wasm")
    path = lib.Path64()
    corners = [(0, 0), (100, 0), (100, 50), (50, 20), (0, 50)]
    for x, y in corners:
        path.push_back(lib.Point64(x, y, 0))
    with lib.Paths64() as paths:
        paths.push_back(path)
        made = lib.InflatePaths64(paths, 7.5, lib.JoinType.Round, lib.EndType.Polygon, 2.0, 0.0)
        ours = [[[point.x, point.y] for point in part] for part in made]
    theirs = node(
        """
        import { readFileSync } from "node:fs";
        const make = (await import(process.argv[2])).default;
        const lib = await make({ wasmBinary: readFileSync(process.argv[3]) });
        const path = new lib.Path64();
        for (const [x, y] of JSON.parse(process.argv[4])) path.push_back(new lib.Point64(BigInt(x), BigInt(y), 0n));
        const paths = new lib.Paths64();
        paths.push_back(path);
        const made = lib.InflatePaths64(paths, 7.5, lib.JoinType.Round, lib.EndType.Polygon, 2.0, 0.0);
        const shown = [];
        for (let i = 0; i < made.size(); i++) {
          const part = made.get(i), points = [];
          for (let j = 0; j < part.size(); j++) points.push([Number(part.get(j).x), Number(part.get(j).y)]);
          shown.push(points);
        }
        console.log(JSON.stringify(shown));""",
        folder / "clipper2z.js",
        folder / "clipper2z.wasm",
        str([list(corner) for corner in corners]),
    )
    assert ours == theirs
    with pytest.raises(TypeError, match="Point64 takes"):
        lib.Point64(1)


def test_manifold() -> None:
    """Value objects, classes, names of exports that are gone."""
    folder = package("manifold-3d")
    lib = wasmz.bind(folder / "manifold.wasm")
    cube, ball = lib._Cube({"x": 1, "y": 2, "z": 3}, True), lib._Sphere(0.8, 24)
    rest = cube.subtract(ball)
    box = rest._boundingBox()
    ours = [rest.volume(), rest.surfaceArea(), rest.genus(), rest.numTri(), box["min"], box["max"]]
    theirs = node(
        """
        const make = (await import(process.argv[2])).default;
        const lib = await make();
        lib.setup();
        const rest = lib.Manifold.cube([1, 2, 3], true).subtract(lib.Manifold.sphere(0.8, 24));
        const box = rest.boundingBox(), named = ([x, y, z]) => ({ x, y, z });
        console.log(JSON.stringify([rest.volume(), rest.surfaceArea(), rest.genus(), rest.numTri(),
          named(box.min), named(box.max)]));""",
        folder / "manifold.js",
    )
    assert ours == theirs
    cube.delete()
    with pytest.raises(wasmz.JavaScriptError, match="Manifold instance already deleted"):
        cube.volume()


def test_zxing() -> None:
    """All names are gone; C++ throws and catches by way of the host."""
    folder = package("zxing-wasm") / "dist"
    lib = wasmz.bind(folder / "writer" / "zxing_writer.wasm", folder / "es" / "writer" / "index.js")
    options = {
        "format": "DataMatrix",
        "options": "",
        "scale": 2,
        "rotate": 0,
        "invert": False,
        "addHRT": False,
        "addQuietZones": True,
    }
    made = lib.writeBarcodeFromText("zwölf", options)
    theirs = node(
        """
        import { readFileSync } from "node:fs";
        const lib = await import(process.argv[2]);
        lib.prepareZXingModule({ overrides: { wasmBinary: readFileSync(process.argv[3]).buffer } });
        const made = await lib.writeBarcode("zwölf", { format: "DataMatrix", scale: 2, options: "" });
        console.log(JSON.stringify([made.svg, made.utf8, made.error]));""",
        folder / "es" / "writer" / "index.js",
        folder / "writer" / "zxing_writer.wasm",
    )
    assert [made["svg"], made["utf8"], made["error"]] == theirs
    # The error comes out of C++'s own handler.
    failed = lib.writeBarcodeFromText("x" * 9_000, options)
    assert failed["error"] and failed["svg"] == ""


def test_webp() -> None:
    folder = package("@jsquash/webp")
    text = (folder / "meta.js").read_text(encoding="utf-8")
    options = {name: int(value) for name, value in re.findall(r"(\w+): (\d+)", text)}
    pixels = bytes((x * 5 + y * 3 + c * 90) % 256 for y in range(12) for x in range(16) for c in range(4))
    lib = wasmz.bind(folder / "codec" / "enc" / "webp_enc.wasm")
    ours = lib.encode(pixels, 16, 12, options)
    theirs = node(
        """
        import { readFileSync } from "node:fs";
        const make = (await import(process.argv[2])).default;
        const lib = await make({ wasmBinary: readFileSync(process.argv[3]) });
        const { pixels, options } = JSON.parse(process.argv[4]);
        console.log(JSON.stringify([...lib.encode(new Uint8Array(pixels), 16, 12, options)]));""",
        folder / "codec" / "enc" / "webp_enc.js",
        folder / "codec" / "enc" / "webp_enc.wasm",
        json.dumps({"pixels": list(pixels), "options": options}),
    )
    assert list(ours) == theirs
    with pytest.raises(TypeError, match="WebPConfig needs lossless, which is missing"):
        lib.encode(pixels, 16, 12, {})


def test_yoga() -> None:
    """The module is in the JavaScript, whose functions have lost their names."""
    glue = package("yoga-layout") / "dist" / "binaries" / "yoga-wasm-base64-esm.js"
    found = re.search("AGFzbQ[A-Za-z0-9+/=]+", glue.read_text(encoding="utf-8"))
    assert found is not None
    lib = wasmz.bind(base64.b64decode(found[0]), glue)
    root = lib.Node.createDefault()
    root.setWidth(300)
    root.setFlexDirection(2)
    children = []
    for number in range(3):
        child = lib.Node.createDefault()
        child.setFlexGrow(number + 1)
        child.setHeightPercent(50)
        child.setMargin(8, number * 2.5)
        root.insertChild(child, number)
        children.append(child)
    root.calculateLayout(300, 80, 1)
    theirs = node(
        """
        const lib = await (await import(process.argv[2])).default();
        const root = lib.Node.createDefault(), children = [];
        root.setWidth(300);
        root.setFlexDirection(2);
        for (let i = 0; i < 3; i++) {
          const child = lib.Node.createDefault();
          child.setFlexGrow(i + 1);
          child.setHeightPercent(50);
          child.setMargin(8, i * 2.5);
          root.insertChild(child, i);
          children.push(child);
        }
        root.calculateLayout(300, 80, 1);
        console.log(JSON.stringify(children.map((child) => child.getComputedLayout())));""",
        glue,
    )
    assert [child.getComputedLayout() for child in children] == theirs
    # A function of Python's that C++ calls.
    seen = []

    def measure(*args: Any) -> dict[str, float]:
        seen.append(args)
        return {"width": 20, "height": 30}

    leaf = lib.Node.createDefault()
    leaf.setMeasureFunc(lib.MeasureCallback.implement({"measure": measure}))
    leaf.calculateLayout(math.nan, math.nan, 1)
    layout = leaf.getComputedLayout()
    assert (layout["width"], layout["height"], len(seen)) == (20, 30, 1)


def test_brotli() -> None:
    folder = package("brotli-wasm")
    lib = wasmz.bind(folder / "pkg.bundler" / "brotli_wasm_bg.wasm")
    data = b"".join(b"line %d of some text\n" % number for number in range(300))
    packed = lib.compress(data, {"quality": 9})
    assert lib.decompress(packed) == data
    # Node's own brotli reads it.
    script = """
        const data = require("zlib").brotliDecompressSync(Buffer.from(process.argv[2], "hex"));
        console.log(JSON.stringify(data.toString("latin1")));"""
    assert node(script, packed.hex()) == data.decode("latin-1")
    with pytest.raises(wasmz.JavaScriptError):
        lib.decompress(b"no brotli")
