"""Give a module Python functions to call, and let one of their exceptions pass through it."""

from pathlib import Path

import wasmz
from wasmz import ValType

HERE = Path(__file__).parent


def main() -> None:
    engine = wasmz.Engine()
    module = wasmz.Module.compile(engine, HERE / "search.wasm")
    for item in module.imports:
        print(f"imports {item.module_name}.{item.name}: {item.type}")

    middles: list[float] = []
    linker = wasmz.Linker(engine)
    linker.define("env", "f", lambda x: x**3 - x - 2)  # its type is that of the import
    linker.define("env", "report", wasmz.HostFunc(lambda step, x: middles.append(x), [ValType.I32, ValType.F64], []))
    instance = wasmz.Instance(wasmz.Store(engine), module, linker)
    root = instance.exports.bisect(1.0, 2.0, 40)
    print(f"root {root:.9f} after {len(middles)} steps, starting with {middles[:3]}")

    def refuse(x: float) -> float:
        raise ValueError(f"no value at {x}")

    broken = wasmz.instantiate(HERE / "search.wasm", {"env": {"f": refuse, "report": lambda step, x: None}})
    try:
        broken.exports.bisect(0.0, 1.0, 10)
    except ValueError as error:
        print("the host's own exception:", error)


if __name__ == "__main__":
    main()
