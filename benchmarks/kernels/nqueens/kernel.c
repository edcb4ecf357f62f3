#include "../kernel.h"

static i32 place(u32 all, u32 columns, u32 left, u32 right) {
    i32 count = 0;
    if (columns == all) return 1;
    for (u32 open = all & ~(columns | left | right); open;) {
        u32 bit = open & -open;
        open ^= bit;
        count += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

i32 EXPORT(run)(i32 n) { return place((1u << n) - 1, 0, 0, 0); }
