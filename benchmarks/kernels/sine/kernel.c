#include "../kernel.h"
#include <float.h>
#include <math.h>
#include <stdint.h>
#define predict_false(x) __builtin_expect(x, 0)
#define GET_HIGH_WORD(hi, d) ((hi) = (u32)((union { double f; u64 i; }){d}.i >> 32))
#define FORCE_EVAL(x) ((void)(x))
int __rem_pio2_large(double *x, double *y, int e0, int nx, int prec) { return 0; }
double __sin(double x, double y, int iy);
double __cos(double x, double y);
int __rem_pio2(double x, double *y);
#include "musl/__sin.c"
#include "musl/__cos.c"
#include "musl/__rem_pio2.c"
#include "musl/sin.c"

double EXPORT(run)(i32 n) {
    double sum = 0;
    for (i32 i = 1; i <= n; i++) sum += sin(i * 0.37);
    return sum;
}
