#include "../input.h"
#define SUFFIX
#include "libb2/blake2s-ref.c"

u64 EXPORT(run)(i32 n) {
    u64 out[4];
    blake2s((uint8_t *)out, input.bytes, 0, 32, n, 0);
    return out[0];
}
