"""The front end: decodes and validates modules in the binary format.

    bytes --decode_module--> WasmModule --validate_module--> (valid but for its bodies)
    FunctionBody --decode_body--> [(opcode, immediate, offset), ...] --validate_body--> (valid)

The table of all instructions is in :mod:`wasmz.wasm.instructions`.
"""
