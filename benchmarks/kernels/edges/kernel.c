#define MOST (1 << 18)
#include "../input.h"

#define WIDTH 256

static u8 widest[MOST], narrowest[MOST];

static inline u8 larger(u8 a, u8 b) { return a > b ? a : b; }
static inline u8 smaller(u8 a, u8 b) { return a < b ? a : b; }

/* Of three rows; a function of its own, so that the compiler does not see that they overlap. */
__attribute__((noinline)) static void
find_extremes(const u8 *restrict a, const u8 *restrict b, const u8 *restrict c, u8 *restrict high, u8 *restrict low) {
    for (i32 x = 0; x < WIDTH; x++) {
        high[x] = larger(larger(a[x], b[x]), c[x]);
        low[x] = smaller(smaller(a[x], b[x]), c[x]);
    }
}

static i32 look_up_and_down(const u8 *restrict high, const u8 *restrict low) {
    i32 edges = 0;
    for (i32 start = 0; start < WIDTH; start += 64) {
        u8 found = 0;
        for (i32 x = start; x < start + 64; x++) {
            u8 most = larger(larger(high[x], high[x + WIDTH]), high[x + 2 * WIDTH]);
            u8 least = smaller(smaller(low[x], low[x + WIDTH]), low[x + 2 * WIDTH]);
            found += (u8)(most - least) > 200;
        }
        edges += found;
    }
    return edges;
}

i32 EXPORT(run)(i32 rows) {
    for (i32 y = 0; y < rows; y++) {
        /* Each byte and those beside it: a row goes on in the next one. */
        const u8 *row = input.bytes + y * WIDTH;
        find_extremes(row, row + 1, row + 2, widest + y * WIDTH, narrowest + y * WIDTH);
    }
    i32 edges = 0;
    for (i32 y = 0; y < rows - 2; y++) edges += look_up_and_down(widest + y * WIDTH, narrowest + y * WIDTH);
    return edges;
}
