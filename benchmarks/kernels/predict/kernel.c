#include "../kernel.h"

#define WIDTH 192
#define MOST 256

static u8 picture[MOST][WIDTH], filtered[MOST][WIDTH];
static i32 counts[256];

void EXPORT(prepare)(i32 rows) {
    u32 state = 18;
    for (i32 y = 0; y < rows; y++)
        for (i32 x = 0; x < WIDTH; x++) picture[y][x] = 2 * x + 3 * y + next_random(&state) % 7;
}

/* What encoders of pictures do before they compress: differences to the row above, choice of the better, a histogram. */
i32 EXPORT(run)(i32 rows) {
    for (i32 i = 0; i < 256; i++) counts[i] = 0;
    i32 total = 0;
    for (i32 y = 1; y < rows; y++) {
        const u8 *above = picture[y - 1], *row = picture[y];
        u8 *to = filtered[y];
        i32 cost = 0;
        for (i32 x = 0; x < WIDTH; x++) to[x] = row[x] - above[x];
        for (i32 x = 0; x < WIDTH; x++) cost += to[x] < 128 ? to[x] : 256 - to[x];
        total += cost;
        for (i32 x = 0; x < WIDTH; x++) counts[to[x]]++;
    }
    for (i32 i = 0; i < 256; i++) total = total * 7 + counts[i];
    return total;
}
