#include "../input.h"
#include "musl/memmem.c"

/* Places where a line of the text occurs, for every eighth of it. */
u32 EXPORT(run)(i32 n) {
    u32 sum = 0;
    for (i32 k = 1; k < 8; k++) {
        const u8 *needle = input.bytes + n / 8 * k;
        sum = sum * 31 + (u32)((const u8 *)memmem(input.bytes, n, needle, 24 + k) - input.bytes);
    }
    return sum;
}
