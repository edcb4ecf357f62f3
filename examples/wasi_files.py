"""Run a C program on files in memory: it sees them as a directory, and nothing of this machine."""

import io
from pathlib import Path

import wasmz

PROGRAM = Path(__file__).parents[1] / "tests" / "programs" / "files.wasm"


def main() -> None:
    files = wasmz.MemoryFileSystem({"in.txt": "the first line\nthe second line\n"})
    output = io.BytesIO()
    config = wasmz.WasiConfig(args=["files"], stdout=output).preopen_dir(files, "/data")
    engine = wasmz.Engine()
    linker = wasmz.Linker(engine)
    linker.define_wasi(config)
    wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, PROGRAM), linker).run_start_function()
    print(f"{len(output.getvalue().splitlines())} lines, {output.getvalue().splitlines()[-1].decode()}")
    for path in files.paths():
        print(path)
    print(files.read("hard.txt").decode())


if __name__ == "__main__":
    main()
