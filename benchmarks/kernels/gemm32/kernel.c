#include "../kernel.h"

#define ROWS 32
#define INNER 64
#define COLUMNS 64

static float left[ROWS * INNER], packed[COLUMNS * INNER], bias[COLUMNS], result[ROWS * COLUMNS];

void EXPORT(prepare)(i32 n) {
    u32 state = 6;
    for (i32 i = 0; i < ROWS * INNER; i++) left[i] = next_random(&state) % 32 / 16.0f - 1;
    for (i32 i = 0; i < COLUMNS * INNER; i++) packed[i] = next_random(&state) % 32 / 16.0f - 1;
    for (i32 i = 0; i < COLUMNS; i++) bias[i] = next_random(&state) % 32 / 4.0f;
}

/* As inference engines do it: weights packed by panels of four columns, bias, and a clamp at the end. */
float EXPORT(run)(i32 n) {
    float sum = 0;
    for (i32 k = 0; k < n; k++) {
        for (i32 i = 0; i < ROWS; i++)
            for (i32 j = 0; j < COLUMNS; j += 4) {
                const float *a = left + i * INNER, *b = packed + j * INNER;
                float c0 = bias[j], c1 = bias[j + 1], c2 = bias[j + 2], c3 = bias[j + 3];
                for (i32 l = 0; l < INNER; l++) {
                    float value = a[l];
                    c0 += value * b[0], c1 += value * b[1], c2 += value * b[2], c3 += value * b[3];
                    b += 4;
                }
                float *c = result + i * COLUMNS + j;
                c[0] = c0 > 0 ? c0 : 0, c[1] = c1 > 0 ? c1 : 0, c[2] = c2 > 0 ? c2 : 0, c[3] = c3 > 0 ? c3 : 0;
            }
        sum += result[k * 37 % (ROWS * COLUMNS)];
    }
    return sum;
}
