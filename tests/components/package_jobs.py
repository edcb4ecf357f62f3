"""What the components of packages do in tests, by wasmz, by wasmtime's component API, and by wasmz's form of that: the
same plain data.

    run("wasmz", "zlib", Path("codec.wasm"), folder)        -> {"id": "zlib.rs", "encoded": ("u8", b"...", [44]), ...}
    run("wasmtime", ...), run("wasmz.wasmtime", ...)        the same

``python -m tests.components.package_jobs ENGINE JOB FILE FOLDER`` does so in a process of its own, for measurements:
nothing is imported but the engine. wasmtime keeps its machine code in FOLDER, as wasmz does in its cache.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

_CODEC, _LOGGING = "numcodecs:abc/codec@0.1.1", "wasi:logging/logging"
_WAVE = [((7 * n) % 50 - 25) / 8 + n / 64 for n in range(400)]

# For each codec its configuration, and the kind and items of what it encodes. All numbers are exact in f32.
CODECS: dict[str, tuple[str, str, Any]] = {
    "asinh": ('{"linear_width": 1.5}', "f64", _WAVE),
    "bit-round": ('{"mode": "keepbits", "keepbits": 5}', "f32", _WAVE),
    "identity": ("{}", "s64", [-(1 << 63), -1, 0, 1, (1 << 63) - 1]),
    "pco": ('{"level": 8, "mode": "auto", "delta": "auto", "paging": "equal-pages-up-to"}', "u32", list(range(400))),
    "round": ('{"precision": 0.25}', "f64", _WAVE),
    "zfp": ('{"mode": "fixed-accuracy", "tolerance": 0.01}', "f32", _WAVE),
    "zlib": ('{"level": 9}', "u8", b"The quick brown fox jumps over the lazy dog.\n" * 40),
    "zstd": ('{"level": 3}', "u8", b"The quick brown fox jumps over the lazy dog.\n" * 40),
}

# For each command component its arguments, and the file that it writes.
COMMANDS: dict[str, tuple[list[str], str]] = {
    "resvg": (["resvg", "/drawing.svg", "/drawing.png"], "drawing.png"),
    "usvg": (["usvg", "/drawing.svg", "/plain.svg"], "plain.svg"),
}
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48">
  <defs><linearGradient id="g"><stop stop-color="#c33"/><stop offset="1" stop-color="#fc0"/></linearGradient></defs>
  <rect width="40" height="30" fill="url(#g)"/><circle cx="40" cy="24" r="16" fill="#36c" fill-opacity=".6"/>
  <path d="M4 44 Q30 0 60 4" fill="none" stroke="#3a3" stroke-width="3"/>
</svg>"""

# What is asked of the index of words that programs/ make, in Python and in JavaScript.
WORDS = ("python", "javascript")
TEXT = "Der schnelle braune Fuchs springt über den faulen Hund. Der Hund schläft; der Fuchs schläft nicht."
QUERIES: list[tuple[str, Any]] = [("all", None), ("prefix", "sch"), ("longer", 6)]


def run(engine: str, job: str, path: Path, folder: Path) -> Any:
    """What a job gives: all that a codec or an index answered, or a command's status and the file that it wrote."""
    if job in COMMANDS:
        arguments, output = COMMANDS[job]
        (folder / "drawing.svg").write_text(DRAWING, encoding="utf-8")
        if engine == "wasmz":
            status = _run_by_wasmz(path, arguments, folder)
        else:
            status = _run_by_binding(binding(engine), path, arguments, folder)
        return status, (folder / output).read_bytes()
    if job in WORDS:
        return _count_by_wasmz(path) if engine == "wasmz" else _count_by_binding(binding(engine), path, folder)
    if engine == "wasmz":
        return _encode_by_wasmz(job, path)
    return _encode_by_binding(binding(engine), job, path, folder)


def binding(engine: str) -> Any:
    """The package ``wasmtime``, or what has its API."""
    importlib.import_module(f"{engine}.component")
    return importlib.import_module(engine)


def _run_by_wasmz(path: Path, arguments: list[str], folder: Path) -> int:
    import wasmz

    return wasmz.run(path, arguments[1:], dirs={"/": folder}).returncode


def _encode_by_wasmz(job: str, path: Path) -> dict[str, Any]:
    import wasmz
    from wasmz.component import ComponentError, Linker

    config, kind, items = CODECS[job]
    component = wasmz.Component.compile(path)
    linker = Linker(component.engine)
    linker.define_wasi()
    log: list[tuple[str, str, str]] = []
    linker.define_instance(
        _LOGGING, {"log": lambda level, context, message: log.append((level.value, context, message))}
    )
    codecs = linker.instantiate(wasmz.Store(component.engine), component).exports[_CODEC]

    def plain(array: Any) -> tuple[str, Any, list[int]]:
        return array.data.case, array.data.value, array.shape

    found: dict[str, Any] = {"id": codecs.codec_id(), "schema": codecs.codec_config_schema()}
    with codecs.Codec.from_config(config) as codec:
        encoded = codec.encode({"data": (_label(kind), items), "shape": [len(items)]})
        into = {"dtype": _label(kind), "shape": [len(items)]}
        found |= {"encoded": plain(encoded), "decoded": plain(codec.decode(encoded))}
        found |= {"into": plain(codec.decode_into(encoded, into)), "config": codec.get_config()}
    try:
        codecs.Codec.from_config('{"no such": "setting"}')
    except ComponentError as error:
        found["error"] = error.payload.message, error.payload.chain
    return found | {"log": log}


def _count_by_wasmz(path: Path) -> dict[str, Any]:
    import wasmz
    from wasmz.component import ComponentError, Linker

    component = wasmz.Component.compile(path)
    linker = Linker(component.engine)
    linker.define_wasi()
    log: list[str] = []
    linker.define("log", log.append)
    exports = linker.instantiate(wasmz.Store(component.engine), component).exports
    queries = [query if query[1] is not None else query[0] for query in QUERIES]
    with exports.texts.Index(TEXT) as index:
        found: list[Any] = [[(word, count) for word, count in index.find(query)] for query in queries]
        found.append(index.count("hund"))
        try:
            index.count("katze")
        except ComponentError as error:
            found.append(error.payload)
    return {"found": found, "total": exports.total([0.5, 2, 4]), "log": log}


def compiled(wasmtime: Any, path: Path, folder: Path) -> tuple[Any, Any]:
    """An engine and a component, from the machine code that an earlier process left."""
    Component = wasmtime.component.Component
    engine, kept = wasmtime.Engine(), folder / f"{path.stem}.machine"
    if kept.exists():
        return engine, Component.deserialize_file(engine, str(kept))
    component = Component.from_file(engine, path)
    kept.write_bytes(component.serialize())
    return engine, component


def _run_by_binding(wasmtime: Any, path: Path, arguments: list[str], folder: Path) -> int:
    Linker = wasmtime.component.Linker
    engine, component = compiled(wasmtime, path, folder)
    store, config = wasmtime.Store(engine), wasmtime.WasiConfig()
    config.argv = arguments
    config.preopen_dir(str(folder), "/")
    store.set_wasi(config)
    linker = Linker(engine)
    linker.add_wasip2()
    instance: Any = linker.instantiate(store, component)
    command = instance.get_export_index(store, "wasi:cli/run@0.2.6")
    try:
        instance.get_func(store, instance.get_export_index(store, "run", command))(store)
    except wasmtime.ExitTrap as stopped:
        return stopped.code
    return 0


def _encode_by_binding(wasmtime: Any, job: str, path: Path, folder: Path) -> dict[str, Any]:
    Linker, Record, Variant = wasmtime.component.Linker, wasmtime.component.Record, wasmtime.component.Variant
    config, kind, items = CODECS[job]
    engine, component = compiled(wasmtime, path, folder)
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    linker = Linker(engine)
    linker.add_wasip2()
    log: list[tuple[str, str, str]] = []
    with linker.root() as root, root.add_instance(_LOGGING) as logging:
        logging.add_func("log", lambda _, level, context, message: log.append((level, context, message)))
    instance: Any = linker.instantiate(store, component)
    interface = instance.get_export_index(store, _CODEC)

    def call(name: str, *args: Any) -> Any:
        function = instance.get_func(store, instance.get_export_index(store, name, interface))
        result = function(store, *args)
        function.post_return(store)
        return result

    def record(**fields: Any) -> Any:
        made = Record()
        made.__dict__.update(fields)
        return made

    def plain(result: Any) -> tuple[str, Any, list[int]]:
        if result.tag != "ok":
            raise ValueError(result.payload.message)
        return result.payload.data.tag, result.payload.data.payload, result.payload.shape

    found: dict[str, Any] = {"id": call("codec-id"), "schema": call("codec-config-schema")}
    codec = call("[static]codec.from-config", config)
    array = record(data=Variant(_label(kind), items), shape=[len(items)])
    encoded = call("[method]codec.encode", codec, array)
    found["encoded"] = plain(encoded)
    found["decoded"] = plain(call("[method]codec.decode", codec, encoded.payload))
    into = record(dtype=_label(kind), shape=[len(items)])
    found["into"] = plain(call("[method]codec.decode-into", codec, encoded.payload, into))
    found["config"] = call("[method]codec.get-config", codec)
    codec.drop(store)
    error = call("[static]codec.from-config", '{"no such": "setting"}')
    found["error"] = error.message, error.chain
    return found | {"log": log}


def _count_by_binding(wasmtime: Any, path: Path, folder: Path) -> dict[str, Any]:
    Linker = wasmtime.component.Linker
    engine, component = compiled(wasmtime, path, folder)
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    linker = Linker(engine)
    linker.add_wasip2()
    log: list[str] = []
    with linker.root() as root:
        root.add_func("log", lambda _, line: log.append(line))
    instance: Any = linker.instantiate(store, component)

    def call(name: str, *args: Any, within: Any = None) -> Any:
        function = instance.get_func(store, instance.get_export_index(store, name, within))
        result = function(store, *args)
        function.post_return(store)
        return result

    texts = instance.get_export_index(store, "demo:words/texts@1.0.0")
    index = call("[constructor]index", TEXT, within=texts)
    found: list[Any] = []
    for _case, value in QUERIES:  # this binding tells the cases apart by their payloads' types
        entries = call("[method]index.find", index, value, within=texts)
        found.append([(entry.word, entry.count) for entry in entries])
    found.append(call("[method]index.count", index, "hund", within=texts))
    found.append(call("[method]index.count", index, "katze", within=texts))
    index.drop(store)
    return {"found": found, "total": call("total", [0.5, 2.0, 4.0]), "log": log}


def _label(kind: str) -> str:
    """The label that the package's WIT has for a kind of numbers: its signed integers are ``i8`` and so on."""
    return kind.replace("s", "i")


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
