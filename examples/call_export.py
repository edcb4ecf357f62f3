"""Call exports: integers are signed, several results are a tuple, a trap is an exception."""

from pathlib import Path

import wasmz

HERE = Path(__file__).parent


def main() -> None:
    instance = wasmz.instantiate(HERE / "factorial.wasm")
    exports = instance.exports
    print("factorial(20) =", exports.factorial(20))
    print("factorial(21) =", exports.factorial(21), "(64 bits wrap)")
    print("mean(1, 4) =", exports.mean(1.0, 4.0))
    print("divide(-17, 5) =", exports["divide"](-17, 5))
    try:
        exports.divide(1, 0)
    except wasmz.Trap as trap:
        print("divide(1, 0) traps:", trap.code.value)
    try:
        exports.divide(2**33, 1)
    except OverflowError:
        print("divide(2**33, 1) is refused: not an i32")


if __name__ == "__main__":
    main()
