#include "../kernel.h"

#define SIDE 64

static u8 grids[2][SIDE * SIDE];

i32 EXPORT(run)(i32 n) {
    u32 state = 23;
    i32 alive = 0;
    for (i32 i = 0; i < SIDE * SIDE; i++) grids[0][i] = next_random(&state) & 1;
    for (i32 step = 0; step < n; step++) {
        const u8 *now = grids[step & 1];
        u8 *next = grids[~step & 1];
        for (i32 y = 0; y < SIDE; y++) {
            const u8 *up = now + ((y + SIDE - 1) % SIDE) * SIDE, *row = now + y * SIDE, *down = now + ((y + 1) % SIDE) * SIDE;
            for (i32 x = 0; x < SIDE; x++) {
                i32 l = (x + SIDE - 1) % SIDE, r = (x + 1) % SIDE;
                i32 around = up[l] + up[x] + up[r] + row[l] + row[r] + down[l] + down[x] + down[r];
                next[y * SIDE + x] = around == 3 || (around == 2 && row[x]);
            }
        }
    }
    for (i32 i = 0; i < SIDE * SIDE; i++) alive = alive * 3 + grids[n & 1][i] * (i + 1);
    return alive;
}
