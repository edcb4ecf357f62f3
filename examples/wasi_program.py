"""Run a C program as a command, with arguments, and get what it prints as a string."""

import io
from pathlib import Path

import wasmz

HERE = Path(__file__).parent


def run_program(module: wasmz.Module, *args: str) -> tuple[int, str, str]:
    """The exit status, and what was written to the standard streams."""
    output, errors = io.BytesIO(), io.BytesIO()
    linker = wasmz.Linker(module.engine)
    linker.define_wasi(wasmz.WasiConfig(args=["mandelbrot", *args], stdout=output, stderr=errors))
    instance = wasmz.Instance(wasmz.Store(module.engine), module, linker)
    try:
        instance.run_start_function()
        status = 0
    except wasmz.WasiExit as stopped:
        status = stopped.exit_code
    return status, output.getvalue().decode(), errors.getvalue().decode()


def main() -> None:
    module = wasmz.Module.compile(HERE / "mandelbrot.wasm")
    status, output, errors = run_program(module, "13", "9")
    print(f"exit status {status}, {len(output.splitlines())} lines, {errors.strip() or 'no errors'}")
    print("\n".join(output.splitlines()[2:4]))
    status, _, errors = run_program(module, "0")
    print(f"exit status {status}, errors: {errors.strip()}")


if __name__ == "__main__":
    main()
