#include "../kernel.h"

#define MOST 262144

static u64 words[MOST];

void EXPORT(prepare)(i32 n) {
    u32 state = 3;
    for (i32 i = 0; i < n; i++) words[i] = (u64)next_random(&state) << 40 | (u64)next_random(&state) << 16 | (u32)i % 65536;
}

#define ROTATE(x, b) ((x) << (b) | (x) >> (64 - (b)))
#define ROUND                                                          \
    v0 += v1, v1 = ROTATE(v1, 13), v1 ^= v0, v0 = ROTATE(v0, 32);      \
    v2 += v3, v3 = ROTATE(v3, 16), v3 ^= v2;                           \
    v0 += v3, v3 = ROTATE(v3, 21), v3 ^= v0;                           \
    v2 += v1, v1 = ROTATE(v1, 17), v1 ^= v2, v2 = ROTATE(v2, 32)

/* SipHash-2-4 of n words, key 000102...0f. */
u64 EXPORT(run)(i32 n) {
    u64 k0 = 0x0706050403020100ull, k1 = 0x0f0e0d0c0b0a0908ull;
    u64 v0 = 0x736f6d6570736575ull ^ k0, v1 = 0x646f72616e646f6dull ^ k1;
    u64 v2 = 0x6c7967656e657261ull ^ k0, v3 = 0x7465646279746573ull ^ k1, last = (u64)n * 8 << 56;
    for (i32 i = 0; i < n; i++) {
        u64 word = words[i];
        v3 ^= word;
        ROUND;
        ROUND;
        v0 ^= word;
    }
    v3 ^= last;
    ROUND;
    ROUND;
    v0 ^= last;
    v2 ^= 0xff;
    ROUND;
    ROUND;
    ROUND;
    ROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}
