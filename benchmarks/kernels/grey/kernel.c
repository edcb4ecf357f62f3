#include "../kernel.h"

#define MOST 65536

static u8 picture[3 * MOST], grey[MOST];

void EXPORT(prepare)(i32 n) {
    u32 state = 2;
    for (i32 i = 0; i < 3 * n; i++) picture[i] = next_random(&state);
}

i32 EXPORT(run)(i32 n) {
    i32 sum = 0;
    for (i32 i = 0; i < n; i++) grey[i] = (77 * picture[3 * i] + 150 * picture[3 * i + 1] + 29 * picture[3 * i + 2]) >> 8;
    for (i32 i = 0; i < n; i++) sum += grey[i];
    return sum;
}
