"""A component that is a program: it writes a line to its standard output.

parse(program())            -> its bytes
"""

from __future__ import annotations


def program(imports: str = "") -> str:
    """The text of the component, with further imports."""
    return f"""(component
      {imports}
      (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
      (alias export $errors "error" (type $error))
      (import "wasi:io/streams@0.2.0" (instance $streams
        (export "output-stream" (type $output (sub resource)))
        (alias outer 1 $error (type $outer)) (export "error" (type $error (eq $outer)))
        (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
        (export "stream-error" (type $stream-error (eq $failure)))
        (export "[method]output-stream.blocking-write-and-flush" (func
          (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
      (alias export $streams "output-stream" (type $output))
      (import "wasi:cli/stdout@0.2.0" (instance $stdout
        (alias outer 1 $output (type $outer)) (export "output-stream" (type $output (eq $outer)))
        (export "get-stdout" (func (result (own $output))))))
      (core module $memory (memory (export "m") 1) (data (i32.const 8) "hello\\n"))
      (core instance $memory (instantiate $memory))
      (core func $get (canon lower (func $stdout "get-stdout")))
      (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
        (memory (core memory $memory "m"))))
      (core module $a
        (import "" "get" (func $get (result i32))) (import "" "write" (func $write (param i32 i32 i32 i32)))
        (func (export "run") (result i32)
          (call $write (call $get) (i32.const 8) (i32.const 6) (i32.const 32)) i32.const 0))
      (core instance $a (instantiate $a (with "" (instance (export "get" (func $get)) (export "write" (func $write))))))
      (func $run (result (result)) (canon lift (core func $a "run")))
      (instance $cli (export "run" (func $run))) (export "wasi:cli/run@0.2.0" (instance $cli)))"""
