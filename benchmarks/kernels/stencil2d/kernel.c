#include "../kernel.h"

#define SIDE 128

static double grid[2][SIDE][SIDE];

void EXPORT(prepare)(i32 steps) {
    u32 state = 5;
    for (i32 y = 0; y < SIDE; y++)
        for (i32 x = 0; x < SIDE; x++) grid[0][y][x] = grid[1][y][x] = next_random(&state) % 1000 / 8.0;
}

double EXPORT(run)(i32 steps) {
    for (i32 i = 0; i < steps; i++) {
        double(*from)[SIDE] = grid[i & 1], (*to)[SIDE] = grid[~i & 1];
        for (i32 y = 1; y < SIDE - 1; y++)
            for (i32 x = 1; x < SIDE - 1; x++)
                to[y][x] = 0.2 * (from[y][x] + from[y][x - 1] + from[y][x + 1] + from[y - 1][x] + from[y + 1][x]);
    }
    return grid[steps & 1][SIDE / 2][SIDE / 3];
}
