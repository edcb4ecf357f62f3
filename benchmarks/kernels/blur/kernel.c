#include "../kernel.h"

#define WIDTH 256
#define MOST 256

static u8 picture[MOST * WIDTH], blurred[MOST * WIDTH];
static u16 sums[MOST * WIDTH];

void EXPORT(prepare)(i32 rows) {
    u32 state = 14;
    for (i32 i = 0; i < rows * WIDTH; i++) picture[i] = next_random(&state);
}

/* A Gaussian filter of five points in either direction. */
i32 EXPORT(run)(i32 rows) {
    i32 total = 0;
    for (i32 y = 0; y < rows; y++) {
        const u8 *row = picture + y * WIDTH;
        for (i32 x = 2; x < WIDTH - 2; x++)
            sums[y * WIDTH + x] = row[x - 2] + 4 * row[x - 1] + 6 * row[x] + 4 * row[x + 1] + row[x + 2];
    }
    for (i32 y = 2; y < rows - 2; y++) {
        const u16 *row = sums + y * WIDTH;
        for (i32 x = 0; x < WIDTH; x++)
            blurred[y * WIDTH + x] =
                (row[x - 2 * WIDTH] + 4 * row[x - WIDTH] + 6 * row[x] + 4 * row[x + WIDTH] + row[x + 2 * WIDTH]) >> 8;
        total += blurred[y * WIDTH + y];
    }
    return total;
}
