#include "../kernel.h"

#define MOST 32768

static u8 luma[MOST], blue[MOST], red[MOST], picture[4 * MOST];

void EXPORT(prepare)(i32 n) {
    u32 state = 12;
    for (i32 i = 0; i < n; i++) luma[i] = next_random(&state), blue[i] = next_random(&state), red[i] = next_random(&state);
}

static u8 clamp(i32 value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

/* As decoders of JPEG do it. */
i32 EXPORT(run)(i32 n) {
    i32 sum = 0;
    for (i32 i = 0; i < n; i++) {
        i32 y = (luma[i] << 16) + 32768, b = blue[i] - 128, r = red[i] - 128;
        picture[4 * i] = clamp((y + 91881 * r) >> 16);
        picture[4 * i + 1] = clamp((y - 46802 * r - 22554 * b) >> 16);
        picture[4 * i + 2] = clamp((y + 116130 * b) >> 16);
        picture[4 * i + 3] = 255;
    }
    for (i32 i = 0; i < 4 * n; i++) sum = sum * 5 + picture[i];
    return sum;
}
