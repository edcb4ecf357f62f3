#include "../input.h"
#include "libb64/cencode.c"

static char output[MOST];

u32 EXPORT(run)(i32 n) {
    base64_encodestate state;
    base64_init_encodestate(&state);
    u32 size = base64_encode_block((const char *)input.bytes, n, output, &state);
    size += base64_encode_blockend(output + size, &state);
    u32 sum = size;
    for (u32 i = 0; i < size; i += 101) sum = sum * 31 + output[i];
    return sum;
}
