"""A component of the world ``wasi:http/proxy``, by hand: what it does is chosen by the first letter of the path.

/echo       201, and the request's body as it comes        /count      how often this instance was called
/trap       traps                                          /none       returns without a response
/loop       never ends                                     /part       begins a body and traps
/flood      writes for ever                                /grow       needs 64 MiB of memory
/xerror     answers with an error-code                     /short      says 3 bytes and writes 4
/wait       reads the request's body first, and then answers with an empty one
"""

from __future__ import annotations

from functools import cache

from tests.support.components import HTTP_ERRORS, build_component

_WIT = (
    """
package tests:proxy;
world proxy {
  import wasi:http/types@0.2.0;
  export wasi:http/incoming-handler@0.2.0;
}
package wasi:io@0.2.0 {
  interface error { resource error; }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
    resource output-stream {
      blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
    }
  }
}
package wasi:http@0.2.0 {
  interface incoming-handler {
    use types.{incoming-request, response-outparam};
    handle: func(request: incoming-request, response-out: response-outparam);
  }
  interface types {
    use wasi:io/streams@0.2.0.{input-stream, output-stream};
"""
    + HTTP_ERRORS
    + """    variant header-error { invalid-syntax, forbidden, immutable }
    resource fields { constructor(); append: func(name: string, value: list<u8>) -> result<_, header-error>; }
    resource incoming-request {
      path-with-query: func() -> option<string>;
      consume: func() -> result<incoming-body>;
    }
    resource incoming-body { %stream: func() -> result<input-stream>; }
    resource outgoing-response {
      constructor(headers: fields);
      set-status-code: func(status-code: u16) -> result;
      body: func() -> result<outgoing-body>;
    }
    resource outgoing-body {
      write: func() -> result<output-stream>;
      finish: static func(this: outgoing-body, trailers: option<fields>) -> result<_, error-code>;
    }
    resource response-outparam {
      set: static func(param: response-outparam, response: result<outgoing-response, error-code>);
    }
  }
}
"""
)

# Results lie at 0, what the host allocates at 4096: it is used before the next call.
_CORE = """
(module
  (import "wasi:http/types@0.2.0" "[method]incoming-request.path-with-query" (func $path (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-request.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-body.stream" (func $stream (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.0" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-response.set-status-code"
    (func $status (param i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-body.write" (func $write (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $put (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop_stream (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 2048) "part")
  (data (i32.const 2064) "x-letter")
  (data (i32.const 2080) "content-length")
  (data (i32.const 2096) "3")
  (global $calls (mut i32) (i32.const 48))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))

  ;; Writes so many bytes from an address; traps if nobody takes them.
  (func $send (param $out i32) (param $from i32) (param $size i32)
    (call $put (local.get $out) (local.get $from) (local.get $size) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then unreachable)))

  ;; The next part of a body, at most 4096 bytes at 4096: its size, -1 at the end.
  (func $next (param $in i32) (result i32)
    (call $read (local.get $in) (i64.const 4096) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (return (i32.const -1))))
    (i32.load (i32.const 8)))

  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param $request i32) (param $outparam i32)
    (local $letter i32) (local $answer i32) (local $rest i32) (local $out i32) (local $in i32) (local $size i32)
    (local $headers i32)
    (call $path (local.get $request) (i32.const 0))
    (local.set $letter (i32.load8_u offset=1 (i32.load (i32.const 4))))
    (i32.store8 (i32.const 2072) (local.get $letter))
    (if (i32.eq (local.get $letter) (i32.const 0x74)) (then unreachable))
    (if (i32.eq (local.get $letter) (i32.const 0x6e)) (then return))
    (if (i32.eq (local.get $letter) (i32.const 0x6c)) (then (loop $for_ever (br $for_ever))))
    (if (i32.eq (local.get $letter) (i32.const 0x67))
      (then (if (i32.eq (memory.grow (i32.const 1024)) (i32.const -1)) (then unreachable))))
    (if (i32.eq (local.get $letter) (i32.const 0x78))
      (then
        (call $set (local.get $outparam) (i32.const 1) (i32.const 34)
          (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        return))

    (call $consume (local.get $request) (i32.const 0))
    (call $stream (i32.load (i32.const 4)) (i32.const 0))
    (local.set $in (i32.load (i32.const 4)))
    (if (i32.eq (local.get $letter) (i32.const 0x77))
      (then (loop $more (br_if $more (i32.ge_s (call $next (local.get $in)) (i32.const 0))))))

    (local.set $headers (call $fields))
    (call $append (local.get $headers) (i32.const 2064) (i32.const 8) (i32.const 2072) (i32.const 1) (i32.const 0))
    (if (i32.eq (local.get $letter) (i32.const 0x73))
      (then (call $append (local.get $headers)
        (i32.const 2080) (i32.const 14) (i32.const 2096) (i32.const 1) (i32.const 0))))
    (local.set $answer (call $response (local.get $headers)))
    (drop (call $status (local.get $answer) (i32.const 201)))
    (call $body (local.get $answer) (i32.const 0))
    (local.set $rest (i32.load (i32.const 4)))
    (call $write (local.get $rest) (i32.const 0))
    (local.set $out (i32.load (i32.const 4)))
    (call $set (local.get $outparam) (i32.const 0) (local.get $answer)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))

    (if (i32.eq (local.get $letter) (i32.const 0x63))
      (then
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.store8 (i32.const 2112) (global.get $calls))
        (call $send (local.get $out) (i32.const 2112) (i32.const 1))))
    (if (i32.eq (local.get $letter) (i32.const 0x65))
      (then
        (block $end
          (loop $more
            (br_if $end (i32.lt_s (local.tee $size (call $next (local.get $in))) (i32.const 0)))
            (call $send (local.get $out) (i32.const 4096) (local.get $size))
            (br $more)))))
    (if (i32.eq (local.get $letter) (i32.const 0x70))
      (then (call $send (local.get $out) (i32.const 2048) (i32.const 4)) unreachable))
    (if (i32.eq (local.get $letter) (i32.const 0x73))
      (then (call $send (local.get $out) (i32.const 2048) (i32.const 4))))
    (if (i32.eq (local.get $letter) (i32.const 0x66))
      (then (loop $more (call $send (local.get $out) (i32.const 4096) (i32.const 4096)) (br $more))))
    (call $drop_stream (local.get $out))
    (call $finish (local.get $rest) (i32.const 0) (i32.const 0) (i32.const 0)))
)
"""


@cache
def build() -> bytes:
    """The component."""
    return build_component(_WIT, _CORE)
