#include "../kernel.h"
#include <stddef.h>
#define hidden static
static u8 heap[1 << 18];
static u32 used;
static void *take(size_t size) {
    used += size;
    return heap + used - size;
}
#define malloc take
#include "musl/tsearch.c"
#undef malloc

static u32 keys[8192];

static int compare(const void *one, const void *other) {
    u32 a = *(const u32 *)one, b = *(const u32 *)other;
    return a < b ? -1 : a > b;
}

static u32 sum_of(const struct node *node, u32 sum) {
    if (!node) return sum;
    sum = sum_of(node->a[0], sum);
    return sum_of(node->a[1], sum * 31 + *(const u32 *)node->key * node->h);
}

/* n keys, some of them twice, into a balanced tree. */
u32 EXPORT(run)(i32 n) {
    u32 state = 17;
    void *root = 0;
    used = 0;
    for (i32 i = 0; i < n; i++) {
        keys[i] = next_random(&state) >> 10;
        tsearch(&keys[i], &root, compare);
    }
    return sum_of(root, 0);
}
