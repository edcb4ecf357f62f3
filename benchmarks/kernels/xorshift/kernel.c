#include "../kernel.h"

u64 EXPORT(run)(i32 n) {
    u64 x = 88172645463325252ull, sum = 0;
    for (i32 i = 0; i < n; i++) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        sum += x * 2685821657736338717ull;
    }
    return sum;
}
