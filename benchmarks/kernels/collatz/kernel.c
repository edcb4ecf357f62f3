#include "../kernel.h"

i32 EXPORT(run)(i32 n) {
    i32 best = 0, longest = 0;
    for (i32 start = 1; start < n; start++) {
        i32 steps = 0;
        for (u64 value = (u64)start; value != 1; steps++)
            value = value & 1 ? 3 * value + 1 : value >> 1;
        if (steps > longest) {
            longest = steps;
            best = start;
        }
    }
    return best * 1000 + longest;
}
