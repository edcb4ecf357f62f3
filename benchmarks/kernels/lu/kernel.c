#include "../kernel.h"

#define SIDE 128

static double matrix[SIDE][SIDE];

double EXPORT(run)(i32 n) {
    u32 state = 4;
    for (i32 i = 0; i < n; i++)
        for (i32 j = 0; j < n; j++) matrix[i][j] = next_random(&state) % 64 / 8.0 + (i == j ? 500 : 0);
    for (i32 k = 0; k < n; k++)
        for (i32 i = k + 1; i < n; i++) {
            double factor = matrix[i][k] /= matrix[k][k];
            for (i32 j = k + 1; j < n; j++) matrix[i][j] -= factor * matrix[k][j];
        }
    double product = 1;
    for (i32 i = 0; i < n; i++) product *= matrix[i][i] / 512;
    return product;
}
