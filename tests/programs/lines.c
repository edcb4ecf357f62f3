// Traps on known lines: what tests/runtime/test_debug_lines.py expects of backtraces.
__attribute__((noinline)) static int divide(int a, int b) {
    return a /
           b;
}

__attribute__((noinline)) int outer(int n) {
    int k = n * 2;
    return divide(100, k) + 3;
}

__attribute__((export_name("run"))) int run(int n) {
    if (n > 10)
        __builtin_trap();
    return outer(n) + 1;
}
