#include "../kernel.h"
#include <stddef.h>
#define a_ctz_l __builtin_ctzl
#define weak_alias(old, new)
#define MOST 65536
/* The header that qsort.c includes is of musl's own. */
#include "musl/qsort.c"

static u32 numbers[MOST];

static int compare(const void *one, const void *other, void *unused) {
    u32 a = *(const u32 *)one, b = *(const u32 *)other;
    return a < b ? -1 : a > b;
}

u32 EXPORT(run)(i32 n) {
    u32 state = 42, sum = 0;
    for (i32 i = 0; i < n; i++) numbers[i] = next_random(&state);
    __qsort_r(numbers, n, sizeof *numbers, compare, 0);
    for (i32 i = 0; i < n; i++) sum = sum * 31 + numbers[i];
    return sum;
}
