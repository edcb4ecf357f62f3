"""Pass text through a module's memory: write, call, look at it without copying, read it back."""

from pathlib import Path

import wasmz

HERE = Path(__file__).parent


def main() -> None:
    instance = wasmz.instantiate(HERE / "caesar.wasm")
    memory = instance.exports.memory
    text = b"Hello, WebAssembly!"
    address = instance.exports.buffer_address()

    memory.write(address, text)
    print(instance.exports.shift(len(text), 3), "letters shifted")
    print("slice:", bytes(memory[address : address + len(text)]))
    view = memory.view()[address : address + len(text)]
    instance.exports.shift(len(text), -3)
    print("view, after shifting back:", view.tobytes())
    view[0] = ord("J")
    print("read:", memory.read(address, len(text)).decode())
    print(memory.size_pages, "pages, then", memory.grow(1) + 1)


if __name__ == "__main__":
    main()
