#include "../kernel.h"

i32 EXPORT(run)(i32 n) {
    i32 total = 0;
    for (i32 row = 0; row < n; row++)
        for (i32 column = 0; column < n; column++) {
            double cr = 3.0 * column / n - 2.25, ci = 3.0 * row / n - 1.5, zr = 0, zi = 0;
            i32 steps = 0;
            for (; steps < 50; steps++) {
                double zr2 = zr * zr, zi2 = zi * zi;
                if (zr2 + zi2 > 4.0) break;
                zi = 2.0 * zr * zi + ci;
                zr = zr2 - zi2 + cr;
            }
            total += steps;
        }
    return total;
}
