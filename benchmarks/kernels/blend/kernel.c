#include "../kernel.h"

#define MOST 65536

static u8 above[MOST], below[MOST], alpha[MOST];

void EXPORT(prepare)(i32 n) {
    u32 state = 15;
    for (i32 i = 0; i < n; i++) above[i] = next_random(&state), below[i] = next_random(&state), alpha[i] = next_random(&state);
}

i32 EXPORT(run)(i32 n) {
    u32 sum = 0;
    for (i32 i = 0; i < n; i++) below[i] = (above[i] * alpha[i] + below[i] * (255 - alpha[i]) + 128) >> 8;
    for (i32 i = 0; i < n; i++) sum += below[i];
    for (i32 i = 0; i < n; i++) below[i] = above[i] ^ alpha[i];
    return sum;
}
