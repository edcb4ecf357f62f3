;; 64 KiB at a time: read() the file `source` to its end, write(n) bytes to `target`; both give the number of bytes.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (memory (export "memory") 2)
  ;; One piece of memory: 65,536 bytes at 65,536. Where numbers of bytes, and descriptors, are put: 8 and 12.
  (data (i32.const 0) "\00\00\01\00\00\00\01\00")
  (data (i32.const 16) "sourcetarget")
  (func $open (param $name i32) (param $flags i32) (param $rights i64) (result i32)
    (if (call $path_open (i32.const 3) (i32.const 0) (local.get $name) (i32.const 6)
          (local.get $flags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 12))
      (then (unreachable)))
    (i32.load (i32.const 12)))
  (func (export "read") (result i32)
    (local $total i32) (local $descriptor i32)
    (local.set $descriptor (call $open (i32.const 16) (i32.const 0) (i64.const 2)))
    (loop $more
      (if (call $fd_read (local.get $descriptor) (i32.const 0) (i32.const 1) (i32.const 8)) (then (unreachable)))
      (local.set $total (i32.add (local.get $total) (i32.load (i32.const 8))))
      (br_if $more (i32.load (i32.const 8))))
    (drop (call $fd_close (local.get $descriptor)))
    (local.get $total))
  (func (export "write") (param $wanted i32) (result i32)
    (local $total i32) (local $descriptor i32)
    (local.set $descriptor (call $open (i32.const 22) (i32.const 0) (i64.const 64)))
    (loop $more
      (if (call $fd_write (local.get $descriptor) (i32.const 0) (i32.const 1) (i32.const 8)) (then (unreachable)))
      (local.set $total (i32.add (local.get $total) (i32.load (i32.const 8))))
      (br_if $more (i32.lt_u (local.get $total) (local.get $wanted))))
    (drop (call $fd_close (local.get $descriptor)))
    (local.get $total)))
