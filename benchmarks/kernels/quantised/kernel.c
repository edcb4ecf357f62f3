#include "../kernel.h"

#define ROWS 64
#define INNER 512

static u8 input[INNER];
static i8 weights[ROWS][INNER];

void EXPORT(prepare)(i32 n) {
    u32 state = 8;
    for (i32 i = 0; i < INNER; i++) input[i] = next_random(&state);
    for (i32 i = 0; i < ROWS; i++)
        for (i32 j = 0; j < INNER; j++) weights[i][j] = next_random(&state);
}

/* A layer of a network with weights of eight bits. */
i32 EXPORT(run)(i32 n) {
    i32 total = 0;
    for (i32 k = 0; k < n; k++)
        for (i32 i = 0; i < ROWS; i++) {
            i32 sum = 0;
            for (i32 j = 0; j < INNER; j++) sum += input[j] * weights[i][j];
            total = total * 31 + (sum >> 8);
        }
    return total;
}
