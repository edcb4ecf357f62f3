#include "../kernel.h"

#define SIDE 256

static double matrix[SIDE][SIDE], x[SIDE], y[SIDE], t[SIDE];

void EXPORT(prepare)(i32 n) {
    u32 state = 9;
    for (i32 i = 0; i < SIDE; i++) {
        x[i] = next_random(&state) % 100 / 16.0;
        for (i32 j = 0; j < SIDE; j++) matrix[i][j] = next_random(&state) % 100 / 16.0;
    }
}

/* y = transposed(A) (A x), as in PolyBench's atax. */
double EXPORT(run)(i32 n) {
    for (i32 j = 0; j < SIDE; j++) y[j] = 0;
    for (i32 k = 0; k < n; k++)
        for (i32 i = 0; i < SIDE; i++) {
            double sum = 0;
            for (i32 j = 0; j < SIDE; j++) sum += matrix[i][j] * x[j];
            t[i] = sum;
            for (i32 j = 0; j < SIDE; j++) y[j] += matrix[i][j] * sum;
        }
    return y[7] + t[SIDE / 2];
}
