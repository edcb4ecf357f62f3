#include "../kernel.h"

static i32 gcd(i32 a, i32 b) {
    while (b) {
        i32 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

i32 EXPORT(run)(i32 n) {
    i32 total = 0;
    for (i32 a = 1; a <= n; a++)
        for (i32 b = 1; b <= n; b++) total += gcd(a, b);
    return total;
}
