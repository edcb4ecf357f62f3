"""A command of WASI 0.3, by hand: what it does is chosen by the first two letters of its first argument.

copy        standard input to standard output
direct      the same, by giving the one stream to the other function
parts       the same a byte at a time, each from a stream of its own
file        standard input to "out", and what is in that to standard output
exit        writes "bye", and exits with 7
trap        writes "bye", and traps
none        says that it failed
wait        for 30 years
lock        waits for what only it could do, while it may still write
flood       writes for ever
many        asks for streams for ever
"""

from __future__ import annotations

from functools import cache

from tests.support.components import build_component

WIT = """
package tests:program;
world program {
  import wasi:cli/environment@0.3.0;
  import wasi:cli/exit@0.3.0;
  import wasi:cli/stdin@0.3.0;
  import wasi:cli/stdout@0.3.0;
  import wasi:clocks/monotonic-clock@0.3.0;
  import wasi:filesystem/types@0.3.0;
  import wasi:filesystem/preopens@0.3.0;
  export wasi:cli/run@0.3.0;
}
package wasi:cli@0.3.0 {
  interface environment { get-arguments: func() -> list<string>; }
  interface exit { exit-with-code: func(status-code: u8); }
  interface run { run: async func() -> result; }
  interface types { enum error-code { io, illegal-byte-sequence, pipe } }
  interface stdin {
    use types.{error-code};
    read-via-stream: func() -> tuple<stream<u8>, future<result<_, error-code>>>;
  }
  interface stdout {
    use types.{error-code};
    write-via-stream: func(data: stream<u8>) -> future<result<_, error-code>>;
  }
}
package wasi:clocks@0.3.0 {
  interface monotonic-clock { wait-for: async func(how-long: u64); }
}
package wasi:filesystem@0.3.0 {
  interface types {
    variant error-code {
      access, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large, illegal-byte-sequence,
      in-progress, interrupted, invalid, io, is-directory, loop, too-many-links, message-size, name-too-long,
      no-device, no-entry, no-lock, insufficient-memory, insufficient-space, not-directory, not-empty,
      not-recoverable, unsupported, no-tty, no-such-device, overflow, not-permitted, pipe, read-only, invalid-seek,
      text-file-busy, cross-device, other(option<string>)
    }
    flags path-flags { symlink-follow }
    flags open-flags { create, directory, exclusive, truncate }
    flags descriptor-flags {
      read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory
    }
    resource descriptor {
      read-via-stream: func(offset: u64) -> tuple<stream<u8>, future<result<_, error-code>>>;
      write-via-stream: func(data: stream<u8>, offset: u64) -> future<result<_, error-code>>;
      open-at: async func(path-flags: path-flags, path: string, open-flags: open-flags, %flags: descriptor-flags)
        -> result<descriptor, error-code>;
    }
  }
  interface preopens {
    use types.{descriptor};
    get-directories: func() -> list<tuple<descriptor, string>>;
  }
}
"""

# Results lie at 0, the host's allocations from 1 MiB on, what is copied at 4096.
CORE = """
(module
  (import "wasi:cli/environment@0.3.0" "get-arguments" (func $arguments (param i32)))
  (import "wasi:cli/exit@0.3.0" "exit-with-code" (func $exit (param i32)))
  (import "wasi:cli/stdin@0.3.0" "read-via-stream" (func $stdin (param i32)))
  (import "wasi:cli/stdin@0.3.0" "[stream-read-0]read-via-stream" (func $read (param i32 i32 i32) (result i32)))
  (import "wasi:cli/stdin@0.3.0" "[stream-drop-readable-0]read-via-stream" (func $drop_input (param i32)))
  (import "wasi:cli/stdin@0.3.0" "[future-read-1]read-via-stream" (func $input_ended (param i32 i32) (result i32)))
  (import "wasi:cli/stdout@0.3.0" "write-via-stream" (func $stdout (param i32) (result i32)))
  (import "wasi:cli/stdout@0.3.0" "[stream-new-0]write-via-stream" (func $new (result i64)))
  (import "wasi:cli/stdout@0.3.0" "[stream-write-0]write-via-stream" (func $write (param i32 i32 i32) (result i32)))
  (import "wasi:cli/stdout@0.3.0" "[stream-drop-writable-0]write-via-stream" (func $end (param i32)))
  (import "wasi:cli/stdout@0.3.0" "[future-read-1]write-via-stream" (func $ended (param i32 i32) (result i32)))
  (import "wasi:clocks/monotonic-clock@0.3.0" "wait-for" (func $wait (param i64)))
  (import "wasi:filesystem/preopens@0.3.0" "get-directories" (func $directories (param i32)))
  (import "wasi:filesystem/types@0.3.0" "[method]descriptor.open-at"
    (func $open (param i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:filesystem/types@0.3.0" "[method]descriptor.write-via-stream"
    (func $to_file (param i32 i32 i64) (result i32)))
  (import "wasi:filesystem/types@0.3.0" "[future-read-1][method]descriptor.write-via-stream"
    (func $file_ended (param i32 i32) (result i32)))
  (import "wasi:filesystem/types@0.3.0" "[method]descriptor.read-via-stream" (func $of_file (param i32 i64 i32)))
  (import "[export]wasi:cli/run@0.3.0" "[task-return]run" (func $return (param i32)))
  (memory (export "memory") 32)
  (data (i32.const 64) "byeout")
  (global $top (mut i32) (i32.const 1048576))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  ;; Moves what comes from a stream into another one, and ends that.
  (func $pump (param $from i32) (param $to i32) (local $got i32)
    (loop $more
      (local.set $got (call $read (local.get $from) (i32.const 4096) (i32.const 65536)))
      (if (i32.shr_u (local.get $got) (i32.const 4))
        (then (drop (call $write (local.get $to) (i32.const 4096) (i32.shr_u (local.get $got) (i32.const 4))))))
      (br_if $more (i32.eqz (i32.and (local.get $got) (i32.const 15)))))
    (call $drop_input (local.get $from))
    (call $end (local.get $to)))
  ;; Traps if a result is an error.
  (func $check (if (i32.load8_u (i32.const 0)) (then unreachable)))

  (func $copy (param $from i32) (param $how i32) (local $ends i64)
    (local.set $ends (call $new))
    (local.set $how (call $stdout (i32.wrap_i64 (local.get $ends))))
    (call $pump (local.get $from) (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
    (drop (call $ended (local.get $how) (i32.const 0)))
    (call $check))
  (func $copy_input
    (call $stdin (i32.const 0))
    (call $copy (i32.load (i32.const 0)) (i32.const 0)))
  (func $direct
    (call $stdin (i32.const 0))
    (drop (call $ended (call $stdout (i32.load (i32.const 0))) (i32.const 0)))
    (call $check))
  (func $copy_parts (local $ends i64) (local $how i32) (local $from i32) (local $ended i32) (local $got i32)
    (local.set $ends (call $new))
    (local.set $how (call $stdout (i32.wrap_i64 (local.get $ends))))
    (loop $more
      (call $stdin (i32.const 0))
      (local.set $from (i32.load (i32.const 0)))
      (local.set $ended (i32.load (i32.const 4)))
      (local.set $got (call $read (local.get $from) (i32.const 4096) (i32.const 1)))
      (call $drop_input (local.get $from))
      (drop (call $input_ended (local.get $ended) (i32.const 0)))
      (call $check)
      (if (i32.shr_u (local.get $got) (i32.const 4))
        (then
          (drop (call $write
            (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (i32.const 4096) (i32.const 1)))
          (br $more))))
    (call $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
    (drop (call $ended (local.get $how) (i32.const 0)))
    (call $check))
  (func $say_bye (local $ends i64)
    (local.set $ends (call $new))
    (drop (call $stdout (i32.wrap_i64 (local.get $ends))))
    (drop (call $write (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (i32.const 64) (i32.const 3))))
  (func $flood (local $ends i64)
    (local.set $ends (call $new))
    (drop (call $stdout (i32.wrap_i64 (local.get $ends))))
    (loop $more
      (br_if $more (i32.eqz (i32.and (i32.const 15) (call $write
        (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (i32.const 4096) (i32.const 65536)))))))
  (func $many (loop $more (call $stdin (i32.const 0)) (br $more)))
  (func $lock
    (call $say_bye)
    (drop (call $read (i32.wrap_i64 (call $new)) (i32.const 4096) (i32.const 1))))
  (func $file (local $directory i32) (local $file i32) (local $ends i64) (local $how i32)
    (call $directories (i32.const 0))
    (local.set $directory (i32.load (i32.load (i32.const 0))))
    (call $open (local.get $directory)
      (i32.const 0) (i32.const 67) (i32.const 3) (i32.const 1) (i32.const 3) (i32.const 0))
    (call $check)
    (local.set $file (i32.load (i32.const 4)))
    (local.set $ends (call $new))
    (local.set $how (call $to_file (local.get $file) (i32.wrap_i64 (local.get $ends)) (i64.const 0)))
    (call $stdin (i32.const 0))
    (call $pump (i32.load (i32.const 0)) (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
    (drop (call $file_ended (local.get $how) (i32.const 0)))
    (call $check)
    (call $of_file (local.get $file) (i64.const 0) (i32.const 0))
    (call $copy (i32.load (i32.const 0)) (i32.const 0)))

  (func (export "[async-lift-stackful]wasi:cli/run@0.3.0#run") (local $letters i32)
    (call $arguments (i32.const 0))
    (local.set $letters (i32.load16_u (i32.load (i32.add (i32.load (i32.const 0)) (i32.const 8)))))
    (if (i32.eq (local.get $letters) (i32.const 0x6f63)) (then (call $copy_input)))
    (if (i32.eq (local.get $letters) (i32.const 0x6964)) (then (call $direct)))
    (if (i32.eq (local.get $letters) (i32.const 0x6170)) (then (call $copy_parts)))
    (if (i32.eq (local.get $letters) (i32.const 0x7865)) (then (call $say_bye) (call $exit (i32.const 7))))
    (if (i32.eq (local.get $letters) (i32.const 0x7274)) (then (call $say_bye) unreachable))
    (if (i32.eq (local.get $letters) (i32.const 0x6177)) (then (call $wait (i64.const 1000000000000000000))))
    (if (i32.eq (local.get $letters) (i32.const 0x6f6c)) (then (call $lock)))
    (if (i32.eq (local.get $letters) (i32.const 0x6c66)) (then (call $flood)))
    (if (i32.eq (local.get $letters) (i32.const 0x6966)) (then (call $file)))
    (if (i32.eq (local.get $letters) (i32.const 0x616d)) (then (call $many)))
    (call $return (i32.eq (local.get $letters) (i32.const 0x6f6e)))))
"""


@cache
def build() -> bytes:
    """The component."""
    return build_component(WIT, CORE)
