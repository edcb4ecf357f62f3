#include "../input.h"
#define LZ4_STATIC_LINKING_ONLY
#define LZ4_HEAPMODE 0
#include "lz4/lz4.c"

static u8 output[MOST];

/* Decompresses a block; its size is in the first four bytes of the input. */
u32 EXPORT(run)(i32 n) {
    u32 sum = LZ4_decompress_safe((const char *)input.bytes + 4, (char *)output, *(u32 *)input.bytes, MOST);
    for (i32 i = 0; i < n; i += 101) sum = sum * 31 + output[i];
    return sum;
}
