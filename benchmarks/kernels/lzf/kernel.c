#include "../input.h"
#define HLOG 13
#define LZF_STATE_ARG 1
#include "liblzf/lzf_c.c"

static u8 output[MOST];
static LZF_STATE table;

u32 EXPORT(run)(i32 n) {
    memset(table, 0, sizeof table);
    u32 size = lzf_compress(input.bytes, n, output, MOST, table), sum = size;
    for (u32 i = 0; i < size; i += 101) sum = sum * 31 + output[i];
    return sum;
}
