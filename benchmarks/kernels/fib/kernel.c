#include "../kernel.h"

static i32 fib(i32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

i32 EXPORT(run)(i32 n) { return fib(n); }
