#include "../kernel.h"

#define MOST 128

static double a[MOST * MOST], b[MOST * MOST], c[MOST * MOST];

double EXPORT(run)(i32 n) {
    double trace = 0;
    for (i32 i = 0; i < n * n; i++) {
        a[i] = (i % 7) * 0.5;
        b[i] = (i % 5) * 0.25;
    }
    for (i32 i = 0; i < n; i++)
        for (i32 j = 0; j < n; j++) {
            double sum = 0;
            for (i32 k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
            c[i * n + j] = sum;
        }
    for (i32 i = 0; i < n; i++) trace += c[i * n + i];
    return trace;
}
