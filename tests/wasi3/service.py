"""A service of WASI 0.3, by hand: what it does is chosen by the first letter of the path.

/echo       201, and the request's body as it comes, with a trailer         /xerror     answers with an error-code
/trap       traps                                                           /part       begins a body and traps
/loop       never ends                                                      /wait       waits for what only it could do
/zero       201, no body; then writes "late" to standard output             /flood      writes for ever
/short      says 3 bytes and writes 4
"""

from __future__ import annotations

from functools import cache

from tests.support.components import HTTP_ERRORS, build_component

_WIT = f"""
package tests:service;
world service {{
  import wasi:cli/stdout@0.3.0;
  import wasi:http/types@0.3.0;
  export wasi:http/handler@0.3.0;
}}
package wasi:cli@0.3.0 {{
  interface types {{ enum error-code {{ io, illegal-byte-sequence, pipe }} }}
  interface stdout {{
    use types.{{error-code}};
    write-via-stream: func(data: stream<u8>) -> future<result<_, error-code>>;
  }}
}}
package wasi:http@0.3.0 {{
  interface handler {{
    use types.{{request, response, error-code}};
    handle: async func(request: request) -> result<response, error-code>;
  }}
  interface types {{
{HTTP_ERRORS}    variant header-error {{ invalid-syntax, forbidden, immutable, size-exceeded, other(option<string>) }}
    resource fields {{ constructor(); append: func(name: string, value: list<u8>) -> result<_, header-error>; }}
    type trailers = fields;
    type headers = fields;
    resource request {{
      get-path-with-query: func() -> option<string>;
      consume-body: static func(this: request, res: future<result<_, error-code>>)
        -> tuple<stream<u8>, future<result<option<trailers>, error-code>>>;
    }}
    resource response {{
      new: static func(headers: headers, contents: option<stream<u8>>,
          trailers: future<result<option<trailers>, error-code>>)
        -> tuple<response, future<result<_, error-code>>>;
      set-status-code: func(status-code: u16) -> result;
    }}
  }}
}}
"""

# Results lie at 0, the path at 16384, what is copied at 4096, the response's trailers at 512.
_CORE = """
(module
  (import "wasi:http/types@0.3.0" "[method]request.get-path-with-query" (func $path (param i32 i32)))
  (import "wasi:http/types@0.3.0" "[static]request.consume-body" (func $consume (param i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[future-new-0][static]request.consume-body" (func $new_done (result i64)))
  (import "wasi:http/types@0.3.0" "[stream-read-1][static]request.consume-body"
    (func $read (param i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.3.0" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[static]response.new" (func $response (param i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[stream-new-0][static]response.new" (func $new_body (result i64)))
  (import "wasi:http/types@0.3.0" "[stream-write-0][static]response.new"
    (func $write (param i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[stream-drop-writable-0][static]response.new" (func $end (param i32)))
  (import "wasi:http/types@0.3.0" "[future-new-1][static]response.new" (func $new_trailers (result i64)))
  (import "wasi:http/types@0.3.0" "[future-write-1][static]response.new"
    (func $write_trailers (param i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[future-read-2][static]response.new"
    (func $sent (param i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[method]response.set-status-code" (func $status (param i32 i32) (result i32)))
  (import "wasi:cli/stdout@0.3.0" "write-via-stream" (func $stdout (param i32) (result i32)))
  (import "wasi:cli/stdout@0.3.0" "[stream-new-0]write-via-stream" (func $new_output (result i64)))
  (import "wasi:cli/stdout@0.3.0" "[stream-write-0]write-via-stream"
    (func $output (param i32 i32 i32) (result i32)))
  (import "[export]wasi:http/handler@0.3.0" "[task-return]handle"
    (func $return (param i32 i32 i32 i64 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "late")
  (data (i32.const 80) "x-letter")
  (data (i32.const 96) "trailer")
  (data (i32.const 112) "content-length")
  (data (i32.const 128) "3")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16384))

  (func (export "[async-lift-stackful]wasi:http/handler@0.3.0#handle") (param $request i32)
    (local $letter i32) (local $done i64) (local $in i32) (local $headers i32) (local $body i64) (local $out i32)
    (local $trailers i64) (local $after i32) (local $answer i32) (local $got i32) (local $sent i32)
    (call $path (local.get $request) (i32.const 0))
    (local.set $letter (i32.load8_u (i32.add (i32.load (i32.const 4)) (i32.const 1))))
    (if (i32.eq (local.get $letter) (i32.const 0x74)) (then unreachable))
    (if (i32.eq (local.get $letter) (i32.const 0x6c)) (then (loop $for_ever (br $for_ever))))
    (if (i32.eq (local.get $letter) (i32.const 0x77))
      (then (drop (call $read (i32.wrap_i64 (call $new_body)) (i32.const 0) (i32.const 1)))))
    (if (i32.eq (local.get $letter) (i32.const 0x78))
      (then
        ;; loop-detected
        (call $return (i32.const 1) (i32.const 36) (i32.const 0) (i64.const 0)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        (return)))
    (local.set $done (call $new_done))
    (call $consume (local.get $request) (i32.wrap_i64 (local.get $done)) (i32.const 0))
    (local.set $in (i32.load (i32.const 0)))

    (local.set $headers (call $fields))
    (call $append (local.get $headers) (i32.const 96) (i32.const 7) (i32.const 80) (i32.const 8) (i32.const 0))
    (if (i32.eq (local.get $letter) (i32.const 0x73))
      (then (call $append (local.get $headers)
        (i32.const 112) (i32.const 14) (i32.const 128) (i32.const 1) (i32.const 0))))
    (local.set $body (call $new_body))
    (local.set $out (i32.wrap_i64 (i64.shr_u (local.get $body) (i64.const 32))))
    (local.set $trailers (call $new_trailers))
    (local.set $after (i32.wrap_i64 (i64.shr_u (local.get $trailers) (i64.const 32))))
    (call $response (local.get $headers) (i32.ne (local.get $letter) (i32.const 0x7a))
      (i32.wrap_i64 (local.get $body)) (i32.wrap_i64 (local.get $trailers)) (i32.const 0))
    (local.set $answer (i32.load (i32.const 0)))
    (local.set $sent (i32.load (i32.const 4)))
    (drop (call $status (local.get $answer) (i32.const 201)))
    (call $return (i32.const 0) (local.get $answer) (i32.const 0) (i64.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))

    (if (i32.eq (local.get $letter) (i32.const 0x70))
      (then (drop (call $write (local.get $out) (i32.const 64) (i32.const 4))) unreachable))
    (if (i32.eq (local.get $letter) (i32.const 0x73))
      (then (drop (call $write (local.get $out) (i32.const 64) (i32.const 4)))))
    (if (i32.eq (local.get $letter) (i32.const 0x66))
      (then (loop $more (br_if $more (i32.eqz (i32.and (i32.const 15)
        (call $write (local.get $out) (i32.const 4096) (i32.const 4096))))))))
    (if (i32.eq (local.get $letter) (i32.const 0x65))
      (then (loop $more
        (local.set $got (call $read (local.get $in) (i32.const 4096) (i32.const 8192)))
        (if (i32.shr_u (local.get $got) (i32.const 4))
          (then (drop
            (call $write (local.get $out) (i32.const 4096) (i32.shr_u (local.get $got) (i32.const 4))))))
        (br_if $more (i32.eqz (i32.and (local.get $got) (i32.const 15)))))))
    (if (i32.ne (local.get $letter) (i32.const 0x7a)) (then (call $end (local.get $out))))
    ;; ok(some(fields)), or ok(none)
    (if (i32.eq (local.get $letter) (i32.const 0x65))
      (then
        (local.set $headers (call $fields))
        (call $append (local.get $headers) (i32.const 80) (i32.const 8) (i32.const 64) (i32.const 1) (i32.const 0))
        (i32.store8 (i32.const 520) (i32.const 1))
        (i32.store (i32.const 524) (local.get $headers))))
    (drop (call $write_trailers (local.get $after) (i32.const 512)))
    (drop (call $sent (local.get $sent) (i32.const 1024)))
    (if (i32.eq (local.get $letter) (i32.const 0x7a))
      (then
        (local.set $body (call $new_output))
        (drop (call $stdout (i32.wrap_i64 (local.get $body))))
        (drop (call $output
          (i32.wrap_i64 (i64.shr_u (local.get $body) (i64.const 32))) (i32.const 64) (i32.const 4)))))))
"""


@cache
def build() -> bytes:
    """The component."""
    return build_component(_WIT, _CORE)
