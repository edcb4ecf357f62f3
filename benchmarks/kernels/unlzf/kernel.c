#include "../input.h"
#define AVOID_ERRNO 1
#define SET_ERRNO(n) ((void)0)
#include "liblzf/lzf_d.c"

static u8 output[MOST];

/* Decompresses; the size of the data is in the first four bytes of the input. */
u32 EXPORT(run)(i32 n) {
    u32 size = lzf_decompress(input.bytes + 4, *(u32 *)input.bytes, output, n), sum = size;
    for (u32 i = 0; i < size; i += 101) sum = sum * 31 + output[i];
    return sum;
}
